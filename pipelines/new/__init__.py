"""Writes what people would else copy: the registries of another province, the files of a source, mart or target."""
