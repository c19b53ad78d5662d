"""What looks like personal data in a text: in a cell, a heading, a file name or an error message.

Citizen identity numbers (12 digits), older identity cards (9 digits), Vietnamese telephone numbers, e-mail addresses,
codes of single dossiers. Names of persons cannot be recognised.
"""

from __future__ import annotations

import re

from pipelines.language import later

# Written for RE2 (DuckDB) and for Python's `re` alike.
PATTERNS = {
    later("identity numbers"): r"(?:^|[^0-9])(?:[0-9]{12}|[0-9]{9})(?:$|[^0-9])",
    later("telephone numbers"): (
        r"(?:^|[^0-9])(?:\+?84|0)[ .-]?"
        r"(?:[35789](?:[0-9]{8}|[0-9][ .-]?[0-9]{3}[ .-]?[0-9]{4}|[0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3}"
        r"|[0-9]{2}(?:[ .-][0-9]{2}){3})|2[0-9]{2}[ .-]?[0-9]{3,4}[ .-]?[0-9]{3,4})(?:$|[^0-9])"
    ),
    later("e-mail addresses"): r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}",
    later("codes of single dossiers"): r"[A-Z][0-9]{2}(?:\.[0-9]+)*-(?:[0-9]{6}|[0-9]{8})-[0-9]+",
}
_STAMP = re.compile(r"(?<!\d)20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?!\d)")


def kind_in(text: str) -> str | None:
    """The kind of personal data that a text looks like; times of day written as 12 digits (202610051530) are none."""
    without_times = _STAMP.sub(" ", text)
    return next((kind for kind, pattern in PATTERNS.items() if re.search(pattern, without_times)), None)


def redacted(text: str, limit: int = 300) -> str:
    """The first line of an error, fit for a log that people read: without anything that looks like a person's data.

    Texts in single quotes go too: that is how DuckDB cites the value it could not read.
    """
    line = text.strip().partition("\n")[0]
    line = re.sub(r"(?<!\w)'[^']*'", "'…'", line)
    for pattern in PATTERNS.values():
        line = re.sub(pattern, "…", line)
    return line if len(line) <= limit else line[: limit - 1] + "…"
