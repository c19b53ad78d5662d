"""The release calendar as iCalendar: on which day the next figures of each publisher are expected, our own included.

Days of others come from the table `publication_calendar`; its registry and rules are in
docs/methods/publication_calendar.md. Our own day is that on which the next quarter of dossiers can leave in the open
edition. Other tables have no day: a release is made when something is new.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from pipelines.catalogue.tables import query
from pipelines.release.released import Release

_TABLE = "publication_calendar"
_LISTED = 8


def draw(release: Release) -> bytes:
    """`calendar.ics`: one event per day and publisher, none before the release."""
    rows: list[dict[str, Any]] = []
    if (release.path / f"{_TABLE}.parquet").exists():
        rows = query(
            release,
            _TABLE,
            f"select expected_on, publisher, title_vi, area_name from {_TABLE}"
            f" where expected_on >= cast('{release.created_at:%Y-%m-%d}' as date)"
            " order by expected_on, publisher, title_vi, area_name",
        )
    stamp = f"{release.created_at:%Y%m%dT%H%M%SZ}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//hatinh-statistics//release calendar//VI"]
    for (day, publisher), group in groupby(rows, key=lambda row: (row["expected_on"], row["publisher"])):
        titles = [f"{row['title_vi']} ({row['area_name'] or '–'})" for row in group]
        head = f"{publisher or '–'}: {len(titles)} chuỗi số liệu"
        more = [f"và {len(titles) - _LISTED} chuỗi nữa"] if len(titles) > _LISTED else []
        lines += _event(day, _slug(publisher), stamp, head, [*titles[:_LISTED], *more])
    following = release.package.get("disclosure", {}).get("next")
    if following and (day := date.fromisoformat(following["not_before"])) >= release.created_at.date():
        head = f"Hồ sơ quý {following['quarter']} trong ấn bản mở, không trước ngày này"
        lines += _event(day, following["quarter"], stamp, head, [])
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(day: date, name: str, stamp: str, head: str, details: list[str]) -> list[str]:
    """One event that lasts the day."""
    newline = "\n"
    return [
        "BEGIN:VEVENT",
        f"UID:{day:%Y%m%d}-{name}@hatinh-statistics",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(head)}",
        *([f"DESCRIPTION:{_escaped(newline.join(details))}"] if details else []),
        "END:VEVENT",
    ]


def _slug(text: str | None) -> str:
    return hashlib.sha256((text or "").encode()).hexdigest()[:12]


def _escaped(text: str) -> str:
    for found, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(found, written)
    return text


def _folded(line: str) -> bytes:
    """A line of at most 75 octets; a longer one goes on after a space (RFC 5545, 3.1), never within a letter."""
    parts, part = [], b""
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > 75:
            parts.append(part)
            part = b" "
        part += octets
    return b"\r\n".join([*parts, part]) + b"\r\n"
