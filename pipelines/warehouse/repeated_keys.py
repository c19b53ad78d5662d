"""Finds JSON records in which an object has a key twice: readers differ in which value counts, so neither does.

The rule: no key twice among the record's own keys, nor in any object within it that its source reads, at any depth.
Objects in fields that are not kept cannot cost the record.

Parsing every record again in Python would double the time of a load. Records of a feed have few different lists of
keys (105 in 150,000 dossiers, with those of the objects within), so only the first record of each is parsed here; they
are distinguished by a hash of what DuckDB lists. Where an object has a key twice, each record is parsed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import duckdb

MOST_KNOWN = 1 << 20
"""Lists of keys that are remembered, in some 100 MB: records of which each has others must not fill the memory."""
Structure = Mapping[str, Any]
"""What `from_json` reads, as in `Table.structure`."""


def keys_of(text: str) -> str:
    """SQL of the hash of all keys of a record and of the objects within it, in order, from SQL of its text."""
    return f"hash(json_keys('[' || {text} || ']', '$.**'))"  # in brackets: the path passes over what is outermost


def repeats_a_key(text: str, keys: str, structure: Structure) -> str:
    """SQL of whether a record has a key twice, from its text and `keys_of` it, once `bind_repeated_keys` was called."""
    name = _name(structure)
    # handing over every text takes 1 microsecond each
    return f"case when may_repeat_{name}({keys}) then repeats_{name}({text}, {keys}) end"


def bind_repeated_keys(connection: duckdb.DuckDBPyConnection, structure: Structure) -> None:
    """Give a session the functions that `repeats_a_key` of this structure calls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    without: set[int] = set()

    def may_repeat(keys: Any) -> Any:
        unknown = [key for key in pc.unique(keys).to_pylist() if key not in without]
        return pc.is_in(keys, value_set=pa.array(unknown, pa.uint64()))

    def repeats(texts: Any, keys: Any) -> Any:
        answers = []
        for text, key in zip(texts.to_pylist(), keys.to_pylist(), strict=True):
            is_repeated = False
            if key not in without:
                is_anywhere, is_repeated = find_key_twice(text, structure)
                if is_anywhere is False:
                    if len(without) == MOST_KNOWN:
                        without.clear()
                    without.add(key)
            answers.append(is_repeated)
        return pa.array(answers, pa.bool_())

    name = _name(structure)
    bind: Any = connection.create_function  # its types do not know Arrow
    with suppress(duckdb.CatalogException, duckdb.NotImplementedException):  # an earlier load in this session bound it
        bind(f"may_repeat_{name}", may_repeat, ["UBIGINT"], "BOOLEAN", type="arrow")
        bind(f"repeats_{name}", repeats, ["VARCHAR", "UBIGINT"], "BOOLEAN", type="arrow")


def _name(structure: Structure) -> str:
    """A name for the functions of one structure."""
    return hashlib.sha256(json.dumps(structure).encode()).hexdigest()[:16]


def find_key_twice(text: str, structure: Structure) -> tuple[bool | None, bool]:
    """Whether any object of a record has a key twice, and whether one that counts has, by the rule above.

    The first is unknown, and the second false, for what cannot be parsed.
    """
    is_anywhere = False

    def as_object(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal is_anywhere
        is_anywhere = is_anywhere or len(dict(pairs)) < len(pairs)
        return _Object(pairs)

    try:
        record = json.loads(text, object_pairs_hook=as_object, strict=False)
    except (ValueError, RecursionError):
        return None, False
    return is_anywhere, isinstance(record, _Object) and _is_repeated(record, structure)


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
