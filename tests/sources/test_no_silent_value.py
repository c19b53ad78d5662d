"""Every field of every source with every kind of odd value: rejected, or read as one of the values that it can mean.

Two things must never happen: another figure than the one that was written, and a figure that is gone without a reason.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date, datetime
from typing import Any

import pytest
from loads import Loaded, loaded, loaded_each
from test_every_source import DAY, as_json, records

from pipelines.sources import all_sources
from pipelines.sources.base import Source

NUMBERS: dict[Any, tuple[float, ...]] = {
    "8 339.9": (8339.9,),
    "97.250,00": (97250,),
    "1.000,5": (1000.5,),
    "1,000.5": (1000.5,),
    "1.000.000,5": (1000000.5,),
    "1 000 000": (10**6,),
    "1.000.000": (10**6,),
    "5\u00a0000": (5000,),
    "0,5": (0.5,),
    "12.7": (12.7,),
    12.7: (12.7,),
    1.234: (1.234,),
    "1.234": (1.234, 1234),  # by the range of the field only
    "1,234": (1.234, 1234),
    "1e5": (100_000,),
    "-5": (-5,),
    -7: (-7,),
    "+5": (5,),
    "5 %": (5,),
    "007": (7,),
    "018073": (18073,),
    5: (5,),
    0: (0,),
    "0": (0,),
    18073.0: (18073,),
    "18073.0": (18073,),
    "18.073": (18.073, 18073),
    "45932": (45932,),
    "99999": (99999,),
    "20261002": (20261002,),
    "1.0e3": (1000,),
    "\u00a05": (5,),
    "-0": (0,),
    "9" * 25: (1e25,),
}
DATES = {
    "1/2/2026": date(2026, 2, 1),
    "20261002": date(2026, 10, 2),
    "2026-10-02T08:00:00Z": date(2026, 10, 2),
    "2026/10/02": date(2026, 10, 2),
}
NO_NUMBERS: tuple[Any, ...] = (
    *("1336167. 72", "NaN", "nan", "Infinity", "-inf", "1e400", "1e-400", "0x1F", "1_000", "٣٤", "１２", "(5)", "−5"),
    *("½", "1/2", "5-", "1,2,3", "1.2.3", "12 34", ".5", "5.", "5'000", "5\u202f000", "12:30", "#REF!", "#N/A", "="),
    *("31/02/2026", "2026-13-01", "10/10/26", "02-10-2026", "2206-01-01", "1026-10-10", "2026-10-02 25:00:00"),
    *("Tổng cộng", "a\u200bb", "\u202eabc", "\x00", "\ufffd", "x" * 3000, "null", "None", "undefined", "có lẽ"),
    *("Viettel,MobiFone", "4G;9G", "h27.101-261002-0001 ", {"a": 1}, [1], ["a"], True, False),
)
MARKS = ("na", "n/a", "..", "-", "…", "0001-01-01", "")
"""What stands for nothing, in some sources and fields; elsewhere it is rejected."""
OF_STATISTICS = ("ckan", "itu", "nso_monthly", "nso_pxweb", "sdmx", "worldbank", "qd766_published")
"""Their framings type what they read; `test_statistics_odd.py` writes odd values into their own forms."""
NOT_OF_A_FILE = {"full_file", "file_name", "network", "quarter", "position"}
"""Fields that framings write, and no sender."""
DERIVED = {
    "agency_code": "of the number of the dossier",
    "agency_name": "kept where it is a name of an office; the code counts",
    "operator": "of the code of the network",
    "obs_status": "of the mark",
    "missing_kind": "of the mark",
}
"""Columns that are made of another field than that of their name, or of a part of one."""


def base_of(source: Source) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """A record that is loaded by itself, and its row."""
    each = records(source.name)
    for record, found in zip(
        each, loaded_each(as_json(source), *(json.dumps(record).encode() for record in each), day=DAY), strict=True
    ):
        if found.rows:
            return dict(record), found.rows[0]
    return None


def by_number(found: Loaded) -> dict[int, dict[str, Any]]:
    return {int(row["version"]) & ((1 << 28) - 1): row for row in found.rows}


def normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", re.sub(r"[\u200b\u202e]", "", text)).casefold().split())


def is_right(found: Any, written: Any, before: Any) -> bool:
    """Whether a value can be what was written."""
    if isinstance(found, bool):
        return isinstance(written, bool) or str(written).casefold() in (
            "0",
            "1",
            "true",
            "false",
            "yes",
            "x",
            "na",
            "-",
        )
    if isinstance(found, int | float):
        known = NUMBERS.get(written, ()) if not isinstance(written, bool | dict | list) else ()
        return any(abs(found - number) <= 1e-9 * abs(number) for number in known)
    if isinstance(found, date):
        day = found.date() if isinstance(found, datetime) else found
        return not isinstance(written, dict | list) and DATES.get(written) == day
    if isinstance(found, str):
        return not isinstance(written, dict | list | bool) and normal(found) in (normal(str(written)), "")
    if found is None:
        return written in MARKS or before is None
    return found == written == [] or not isinstance(written, dict | list)


@pytest.mark.parametrize("name", sorted(all_sources().keys() - OF_STATISTICS))
def test_an_odd_value_is_rejected_or_read_as_what_it_can_mean(name: str) -> None:
    source = all_sources()[name]
    if (found_base := base_of(source)) is None:
        pytest.skip(f"no record of {name} is at hand that loads by itself")
    base, before = found_base
    cases = [
        (field, value)
        for field in sorted(source.table.structure.keys() - NOT_OF_A_FILE)
        for value in (*NUMBERS, *DATES, *NO_NUMBERS, *MARKS)
    ]
    content = "\n".join(json.dumps({**base, field: value}) for field, value in cases).encode()
    found = loaded(as_json(source), content, day=DAY)
    assert len(found.rows) + len(found.reasons) == len(cases)
    rows, wrong = by_number(found), []
    for number, (field, value) in enumerate(cases, 1):
        for column, cell in rows.get(number, {}).items():
            is_number = column in ("version", "file_no", "load_no", "dossier_id", "petition_id")
            is_derived = column in DERIVED and field != column
            if not (is_number or is_derived or cell == before[column] or is_right(cell, value, before[column])):
                wrong.append(f"{field} = {value!r:.40}: {column} was {before[column]!r:.40}, is {cell!r:.60}")
    assert wrong == []
