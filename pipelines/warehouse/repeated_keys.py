"""Finds JSON records in which an object has a key twice: readers differ in which value counts, so neither does.

The rule: no key twice among the record's own keys, nor in any object within it that its source reads, at any depth.
Objects in fields that are not kept cannot cost the record.

Parsing every record again in Python would double the time of a load. Records of a feed have few different lists of
keys (3 of their own and 69 with the objects within, in 14,000 dossiers), so only the first record of each is parsed
here; they are distinguished by a hash that DuckDB computes (3 s of 10 s of processor time for 300,000 dossiers).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import duckdb

Structure = Mapping[str, Any]
"""What `from_json` reads, as in `Table.structure`."""


def keys_of(text: str, structure: Structure) -> str:
    """SQL of columns that hold a record's own keys and the objects within it, from SQL of its text."""
    # each in a `try` of its own: what the optimizer takes out of one because it comes twice is not tried any more
    objects = (
        f"try(from_json({text}, '{json.dumps(form)}')) as objects_{n}" for n, form in enumerate(_forms(structure))
    )
    return ", ".join([f"try(json_keys({text})) as own_keys", *objects])


def repeats_a_key(text: str, structure: Structure) -> str:
    """SQL of whether a record has a key twice, from the columns of `keys_of`, once `bind_repeated_keys` was called."""
    objects = (_shape(f"objects_{n}", form) for n, form in enumerate(_forms(structure)))
    return f"repeats_a_key({text}, hash({', '.join(['own_keys', *objects])}), '{json.dumps(structure)}')"


def bind_repeated_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a session the function `repeats_a_key(text, shape, structure)`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    answers: dict[str, dict[int, bool]] = {}

    def repeats(texts: Any, shapes: Any, structures: Any) -> Any:
        of_source = structures[0].as_py()
        known = answers.setdefault(of_source, {})
        for shape in pc.unique(shapes).to_pylist():
            if shape not in known:
                text = texts[pc.index(shapes, shape).as_py()].as_py()
                known[shape] = has_key_twice(text, json.loads(of_source))
        found = [shape for shape, is_repeated in known.items() if is_repeated]
        return pc.is_in(shapes, value_set=pa.array(found, pa.uint64()))

    bind: Any = connection.create_function  # its types do not know Arrow
    with suppress(duckdb.CatalogException, duckdb.NotImplementedException):  # an earlier load in this session bound it
        bind("repeats_a_key", repeats, ["VARCHAR", "UBIGINT", "VARCHAR"], "BOOLEAN", type="arrow")


def has_key_twice(text: str, structure: Structure) -> bool:
    """Whether a record has a key twice, by the rule above; false for what is no JSON object."""
    try:
        record = json.loads(text, object_pairs_hook=_Object, strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, _Object) and _is_repeated(record, structure)


class _Object(list[tuple[str, Any]]):
    """An object as its pairs, to be distinguished from a list."""


def _is_repeated(found: _Object, structure: Structure) -> bool:
    fields = dict(found)
    if len(fields) < len(found):
        return True
    return any(_is_repeated(part, inner) for name, inner in _within(structure) for part in _objects(fields.get(name)))


def _objects(value: Any) -> Iterator[_Object]:
    """The value, or the elements of the list that it is, where they are objects."""
    parts = [value] if isinstance(value, _Object) else value if isinstance(value, list) else []
    yield from (part for part in parts if isinstance(part, _Object))


def _within(structure: Structure) -> Iterator[tuple[str, Structure]]:
    """The fields of a structure that hold objects, or lists of them, with the structure of these."""
    for name, inner in structure.items():
        of_one = inner[0] if isinstance(inner, list) else inner
        if isinstance(of_one, Mapping):
            yield name, of_one
        elif of_one == "JSON":
            yield name, {}


def _forms(structure: Structure) -> Iterator[dict[str, Any]]:
    """The structure with objects as JSON, whose keys can be listed: one form for each depth."""
    within = dict(_within(structure))

    def form(inner: Mapping[str, Any]) -> dict[str, Any]:
        return {name: [of_one] if isinstance(structure[name], list) else of_one for name, of_one in inner.items()}

    if within:
        yield form(dict.fromkeys(within, "JSON"))
    for name, inner in within.items():
        yield from (form({name: deeper}) for deeper in _forms(inner))


def _shape(value: str, form: Any, depth: int = 0) -> str:
    """SQL of the hash of the keys of all objects in a value of that form."""
    if isinstance(form, list):
        return f"hash(list_transform({value}, lambda part_{depth}: {_shape(f'part_{depth}', form[0], depth + 1)}))"
    if isinstance(form, Mapping):
        return f"hash({', '.join(_shape(f'({value}).{name}', inner, depth) for name, inner in form.items())})"
    return f"hash(json_keys({value}))"
