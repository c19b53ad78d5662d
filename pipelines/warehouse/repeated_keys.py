"""Finds JSON records in which an object has a key twice: readers differ in which value counts, so neither does.

Parsing every record again in Python would double the time of a load. Records of a feed have few different lists of
keys, so only the first record of each list is parsed here; the lists are distinguished by a hash that DuckDB computes
(0.5 s of 7 s of processor time for 300,000 dossiers). Keys of nested objects are no part of that list: they are looked
at in the first records of a file, and in all of them once one of those has a key twice.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import duckdb

from pipelines.sources.framing import RepeatedKeyError, parse_json

SHAPE = "try(hash(json_keys(text)))"
"""SQL of the hash of a record's own keys."""


def repeats_a_key(text: str) -> bool:
    """Whether an object of this JSON text has a key twice; nested ones are looked at too."""
    try:
        parse_json(text)
    except RepeatedKeyError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def bind_repeated_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a session the function `repeats_a_key(text, shape)`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    answers: dict[int, bool] = {}

    def repeats(texts: Any, shapes: Any) -> Any:
        for shape in pc.unique(shapes).to_pylist():
            if shape not in answers:
                answers[shape] = repeats_own_key(texts[pc.index(shapes, shape).as_py()].as_py())
        found = [shape for shape, is_repeated in answers.items() if is_repeated]
        return pc.is_in(shapes, value_set=pa.array(found, pa.uint64()))

    bind: Any = connection.create_function  # its types do not know Arrow
    with suppress(duckdb.CatalogException, duckdb.NotImplementedException):  # an earlier load in this session bound it
        bind("repeats_a_key", repeats, ["VARCHAR", "UBIGINT"], "BOOLEAN", type="arrow")


def repeats_own_key(text: str) -> bool:
    """Whether the record itself has a key twice; objects within it may."""
    depths: list[bool] = []

    def pairs(found: list[tuple[str, Any]]) -> None:  # the outermost object comes last
        depths.append(len({key for key, _ in found}) < len(found))

    try:
        json.loads(text, object_pairs_hook=pairs, strict=False)
    except (ValueError, RecursionError):
        return False
    return bool(depths) and depths[-1]
