"""Names and texts as DuckDB reads them."""

from __future__ import annotations


def identifier(name: str) -> str:
    """One name: of a column, a table or a schema."""
    return '"' + name.replace('"', '""') + '"'


def relation(name: str) -> str:
    """A place in the warehouse, `schema.table`."""
    return ".".join(identifier(part) for part in name.split("."))


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
