"""The two marts of `benchmarks.bare` by other tools, each as its own documents recommend, in its own environment.

A peer is a folder: `build.py`, whose first lines name the document that it follows, `requirements.in` and the exact
versions in `requirements.txt` (`uv pip compile --python-version 3.11 requirements.in -o requirements.txt`). It runs
as `python -m benchmarks.peers.NAME.build` with the arguments below, and imports nothing of the project but what is in
this folder.
"""

from __future__ import annotations

import argparse
import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

MIN_CELL_COUNT = 5
OTHER = ("other", "Các lĩnh vực ít hồ sơ, gộp chung")
"""Code and name of the row that has the fields of an office with few dossiers in a month."""
DAY_IN_NAME = r"(20\d\d-\d\d-\d\d)[^/]*$"
MONTH_IN_NAME = r"(20\d\d-\d\d)[^/]*$"
"""A file reports the day in its name, or the last day of the month in it."""
PLACE = (
    *("month", "agency_code", "agency_name", "agency_level", "commune_code", "commune_name", "commune_code_today"),
    *("commune_name_today", "area_match", "procedure_field_code", "procedure_field_name", "is_after_merger"),
)
KEY = ("month", "agency_code", "procedure_field_code")
SUBMITTED = (
    *("received", "online", "in_person", "by_post", "full_service", "partial_service"),
    *("online_full_service", "online_partial_service", "online_with_e_result"),
)
TIMELINESS = (
    *(*PLACE, "received", "resolved", "early", "on_time", "late", "in_process", "overdue", "no_term"),
    *("on_time_pct", "mean_days", "median_days", "days_status"),
)
"""Columns of the marts: `dossier_timeliness` has TIMELINESS, `online_submission` PLACE, SUBMITTED and `online_pct`."""


def day_of(file: Path) -> date:
    """The day that a file reports."""
    if day := re.search(DAY_IN_NAME, file.name):
        return date.fromisoformat(day[1])
    year, month = map(int, re.findall(MONTH_IN_NAME, file.name)[0].split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def last_day(files: Iterable[Path]) -> date:
    """The day up to which files report."""
    return max(map(day_of, files))


@dataclass(frozen=True)
class Given:
    """What a peer is given: files of dossiers, the registries, a folder for `<mart>.parquet`, and what it may use."""

    files: tuple[Path, ...]
    seeds: Path
    out: Path
    threads: int
    memory: str


def given(document: str | None) -> Given:
    """The arguments of the command line; `out` is made."""
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--raw", "--seeds", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    read = parser.parse_args()
    read.out.mkdir(parents=True, exist_ok=True)
    return Given(tuple(sorted(read.raw.glob("*.ndjson.gz"))), read.seeds, read.out, read.threads, read.memory)
