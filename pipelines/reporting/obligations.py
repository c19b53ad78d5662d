"""Brings `report_obligations.csv` up to date with `indicators.csv`; a failing test names the command:

    python -m pipelines.reporting.obligations --from 2027-01-01

A reported indicator without an obligation gets one. Where the question has changed (title, unit, definition, frequency,
range), the previous form ends on the day before and the new one begins; an obligation that began no earlier than
that day is rewritten instead. So reports of earlier periods stay judged by the form that they answered.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pipelines.reporting.registry import form_of
from pipelines.seeds import seed_rows
from pipelines.settings import load_settings

COMMAND = "python -m pipelines.reporting.obligations --from <first day on which a period by the new question begins>"
SEED = "report_obligations"
_DUE_DAYS = {"month": 10, "quarter": 15, "half": 20, "year": 30}
"""Proposed by this platform; no document that sets them was seen."""
_TWO_LEVELS, _YEAR_OF_IT = "2025-07-01", "2025-01-01"
"""First periods: since 1 July 2025 the current agencies exist; a full year may contain that day."""

Row = Mapping[str, str]


def renewed(indicators: Sequence[Row], obligations: Sequence[Row], since: date) -> list[Row]:
    """The obligations as the indicators ask for them, from a day on."""
    asked = {
        (row["indicator"], level): row
        for row in indicators
        if row["reported_by"]
        for level in row["reported_by"].split("+")
    }
    eve = f"{since - timedelta(days=1)}"
    rows: list[Row] = []
    held: set[tuple[str, str]] = set()
    for row in obligations:
        key = (row["indicator"], row["agency_level"])
        if row["valid_to"]:
            rows.append(row)
            continue
        held.add(key)
        form = form_of(asked[key]) if key in asked else None
        if form == row["form"]:
            rows.append(row)
            continue
        if row["valid_from"] < f"{since}":
            rows.append({**row, "valid_to": eve})
        if form is not None:
            rows.append({**row, "valid_from": max(row["valid_from"], f"{since}"), "form": form})
    rows += [
        {
            "indicator": key[0],
            "agency_level": key[1],
            "valid_from": _YEAR_OF_IT if row["frequency"] == "year" else _TWO_LEVELS,
            "valid_to": "",
            "due_days": str(_DUE_DAYS[row["frequency"]]),
            "form": form_of(row),
            "basis": "proposed",
        }
        for key, row in asked.items()
        if key not in held
    ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="since", type=date.fromisoformat, required=True)
    since: date = parser.parse_args().since
    seeds = load_settings().seeds
    rows = renewed(list(seed_rows(seeds, "indicators")), list(seed_rows(seeds, SEED)), since)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (seeds / f"{SEED}.csv").write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()
