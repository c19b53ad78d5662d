"""The reader of JSON from outside: a key twice is an error, half a letter is replaced."""

from __future__ import annotations

import json
import re
from typing import Any

# of a pair of escapes that make one letter beyond the first plane, the first or the second alone
_HALF_LETTER = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
MAYBE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Whether a text may hold half a letter: looked at before each record is."""


def completed(text: bytes) -> bytes:
    """JSON text in which half letters are replaced: a system that cuts texts by length leaves half of an emoji, which
    no parser of JSON takes. It must not cost the record."""
    if not MAYBE_HALF.search(text):
        return text
    return _HALF_LETTER.sub(lambda found: found[0] if found[2] else found[1] + b"\\ufffd", text)


class RepeatedKeyError(ValueError):
    """An object has a key twice."""


def parse_json(content: bytes | str, **options: Any) -> Any:
    """The value of a JSON text, by the rules that hold for records: half letters are replaced, a key twice is an error.

    Raises:
        RepeatedKeyError: an object has a key twice.
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    text = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return json.loads(completed(text).decode("utf-8-sig"), object_pairs_hook=_unique, **options)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKeyError("an object has a key twice")
    return found
