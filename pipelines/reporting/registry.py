"""What is reported, by whom, for which period: the registries behind the workbooks, and the fingerprint of a form.

A form is what an agency was asked: `1-5f3c9a2b` is the layout of the workbook and a fingerprint of the indicator's
title, unit, definition, frequency and range. `report_obligations.csv` states which form holds for which periods, so a
figure that answered another question is refused, and one that answered the question of its time stays good for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from pipelines.language import current, day, tr
from pipelines.periods import Period
from pipelines.seeds import SeedError, SeedRow, seed_rows

LAYOUT = 1
"""Raised when columns of the workbook change their meaning; every obligation then gets a row with the new form."""

FREQUENCIES_VI = {"month": "tháng", "quarter": "quý", "half": "6 tháng", "year": "năm"}
LEVELS_VI = {"province": "cấp tỉnh", "commune": "cấp xã"}


class ReportingError(ValueError):
    """The request cannot be written or read. The message has the reason and what to ask instead."""


@dataclass(frozen=True)
class Indicator:
    """A row of `indicators.csv`, as far as the workbooks need it; bounds are None where there is none."""

    code: str
    pillar: str
    title_vi: str
    unit: str
    frequency: str
    valid_min: float | None
    valid_max: float | None
    levels: tuple[str, ...]
    """Levels of the agencies that report it; empty where it is computed or published."""
    definition_vi: str
    method: str
    form: str


@dataclass(frozen=True)
class Agency:
    """An agency that is active on the requested day, and its area."""

    code: str
    name: str
    level: str
    area_code: str
    area_name: str


def level_in_words(level: str) -> str:
    """Province or commune, in the current language."""
    return LEVELS_VI[level] if current() == "vi" else level


@dataclass(frozen=True)
class Obligation:
    """Who must report an indicator, by which form, for periods that begin within these days."""

    indicator: str
    level: str
    valid_from: date
    valid_to: date
    due_days: int
    form: str

    def holds(self, indicator: str, level: str, period: Period) -> bool:
        return (self.indicator, self.level) == (indicator, level) and self.valid_from <= period.first <= self.valid_to


@dataclass(frozen=True)
class Registry:
    """The registries of one project folder."""

    indicators: Mapping[str, Indicator]
    pillars: Mapping[str, str]
    obligations: tuple[Obligation, ...]
    _agencies: tuple[dict[str, str], ...]
    _areas: tuple[dict[str, str], ...]

    def agencies(self, level: str, on: date) -> list[Agency]:
        """The agencies of a level on a day, in the order of the registry."""
        areas = {row["area_code"]: f"{row['kind']} {row['name']}" for row in self._areas if _in_force(row, on)}
        return [
            Agency(row["agency_code"], row["name"], row["level"], row["area_code"], areas.get(row["area_code"], ""))
            for row in self._agencies
            if row["level"] == level and _in_force(row, on)
        ]

    def agency(self, code: str, on: date) -> Agency:
        """An agency by its code.

        Raises:
            ReportingError: no agency has that code on that day; names the nearest codes.
        """
        found = {agency.code: agency for level in ("province", "commune") for agency in self.agencies(level, on)}
        if code not in found:
            near = get_close_matches(code, found, n=3) or list(found)[:3]
            named = ", ".join(f"{known} ({found[known].name})" for known in near)
            raise ReportingError(
                tr(
                    "No agency has the code {code} on {on}. Near: {named}. All are in agencies.csv.",
                    code=code,
                    on=day(on),
                    named=named,
                )
            )
        return found[code]

    def obligation(self, indicator: str, level: str, period: Period) -> Obligation:
        """Who must report, by which form.

        Raises:
            ReportingError: no agency must for that period, or the indicator has changed since its form was written.
        """
        held = [obligation for obligation in self.obligations if obligation.holds(indicator, level, period)]
        if not held:
            since = min((o.valid_from for o in self.obligations if o.indicator == indicator), default=None)
            known = tr("it is required for periods from {day} on", day=day(since)) if since else tr("it has no row")
            raise ReportingError(
                tr(
                    "{indicator} is not required of agencies of level {level} for {period}: {known} "
                    "(report_obligations.csv).",
                    indicator=indicator,
                    level=level_in_words(level),
                    period=period.label,
                    known=known,
                )
            )
        return held[-1]


FIRST_YEAR = 2000
"""Of a report: an earlier year is a mistyped one."""


def parse_period(label: str) -> Period:
    """A period from how people write it.

    Raises:
        ReportingError: it is none; shows how one is written.
    """
    try:
        period = Period.parse(label)
        if period.first.year < FIRST_YEAR:
            raise ValueError("before there were reports")
        return period
    except ValueError:
        raise ReportingError(
            tr(
                "{label} is no period: write 2026 (year), 2026-H1 (half a year), 2026-Q3 (quarter) or 2026-09 (month).",
                label=label,
            )
        ) from None


def load_registry(seeds: Path) -> Registry:
    """Read the registries of a folder.

    Raises:
        ReportingError: one cannot be read.
    """
    try:
        return _registry(seeds)
    except SeedError as problem:
        raise ReportingError(str(problem)) from None


def _registry(seeds: Path) -> Registry:
    indicators = [_indicator(row) for row in seed_rows(seeds, "indicators")]
    return Registry(
        {indicator.code: indicator for indicator in indicators},
        {row["pillar"]: row["title_vi"] for row in seed_rows(seeds, "pillars")},
        tuple(
            Obligation(
                row["indicator"],
                row["agency_level"],
                row.day("valid_from"),
                row.day_or_none("valid_to") or date.max,
                int(row["due_days"]),
                row["form"],
            )
            for row in seed_rows(seeds, "report_obligations")
        ),
        tuple(seed_rows(seeds, "agencies")),
        tuple(seed_rows(seeds, "areas")),
    )


def form_of(row: Mapping[str, str]) -> str:
    """The form that an indicator's row of the registry makes: layout, and fingerprint of what the agency is asked."""
    asked = ("indicator", "title_vi", "unit", "frequency", "valid_min", "valid_max", "definition_vi")
    digest = hashlib.sha256("\x1f".join(row[field] for field in asked).encode()).hexdigest()
    return f"{LAYOUT}-{digest[:8]}"


def _indicator(row: SeedRow) -> Indicator:
    return Indicator(
        code=row["indicator"],
        pillar=row["pillar"],
        title_vi=row["title_vi"],
        unit=row["unit"],
        frequency=row["frequency"],
        valid_min=row.number_or_none("valid_min"),
        valid_max=row.number_or_none("valid_max"),
        levels=tuple(row["reported_by"].split("+")) if row["reported_by"] else (),
        definition_vi=row["definition_vi"],
        method=row["method"],
        form=form_of(row),
    )


def _in_force(row: Mapping[str, str], on: date) -> bool:
    return row["valid_from"] <= f"{on}" and (not row["valid_to"] or f"{on}" <= row["valid_to"])
