"""The registries of the seeds as arrays to draw from: how often each procedure and each agency occurs, and the
probabilities that make the drawn dossiers meet Hà Tĩnh's published figures.

How busy a field, a procedure or an agency is has not been published: those shares are assumptions. Within a field the
first procedures of the seed are the busy ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.seeds import SeedError, SeedRow, seed_rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TWO_LEVELS_FROM = date(2025, 7, 1)
"""From this day there are no districts, 69 communes, and one intake: the national portal."""

FIELD_SHARE = {
    "CT": 0.25, "HT": 0.24, "DD": 0.13, "BTXH": 0.08, "NCC": 0.04, "HKD": 0.035, "DKDN": 0.035, "DB": 0.03,
    "VL": 0.02, "GDDT": 0.015, "BTTP": 0.012, "HDXD": 0.012, "VHCS": 0.01,
}  # fmt: skip
"""Share of dossiers by field; the other fields of the seed divide what is left equally."""

DISTRICT_FIELDS = frozenset({"DD", "HKD", "HDXD", "QHXD", "GDDT"})
"""Fields whose commune procedures lay mostly with the districts before July 2025."""

RAREST = 1.2e-4
"""Least share of a procedure that occurs at all: with 100,000 dossiers nearly every one does."""

CITIZEN_AMONG_BOTH = 0.9
"""Share of citizens among applicants where a procedure is open to citizens and businesses."""


class SeedsError(ValueError):
    """The seeds lack something the sample needs. The message states what."""


@dataclass(frozen=True)
class Rates:
    """Shares of received dossiers, unless stated otherwise."""

    late: float
    online: float
    electronic_result: float
    digitised: float
    """With a digitised component and an electronic result."""
    reused: float
    personal_store: float
    population_data: float
    obligation: float
    """With a fee above zero, and so a financial obligation."""
    paid_online: float
    """Share of the dossiers with an obligation."""


PUBLISHED_2026 = Rates(
    late=35_918 / 204_147,
    online=0.9702,  # published for 2025, kept for 2026
    electronic_result=133_233 / 204_147,
    digitised=59_407 / 204_147,
    reused=39_101 / 204_147,
    personal_store=809 / 204_147,
    population_data=83_440 / 204_147,
    obligation=110_621 / 204_147,
    paid_online=96_068 / 110_621,
)
"""National Public Service Portal, index of QĐ 766/QĐ-TTg, Hà Tĩnh, 2026 up to 10 October; applied from July 2025."""

ASSUMED_BEFORE = Rates(
    late=0.02,
    online=0.75,
    electronic_result=0.40,
    digitised=0.15,
    reused=0.05,
    personal_store=0.0005,
    population_data=0.15,
    obligation=0.50,
    paid_online=0.45,
)
"""Up to June 2025. Nothing is published for those months: an assumption, near the 99.8 % on time of 2020."""

PAID_ONLINE_PROCEDURES = 98
"""Fee procedures with an online payment, of 334 (2026)."""
POPULATION_PROCEDURES = 261
"""Procedures with a dossier that used population data, of 1,331 open to citizens (2026)."""


@dataclass(frozen=True)
class Chances:
    """Probabilities of one regime for each procedure (arrays of one value per procedure)."""

    rates: Rates
    online: float
    obligation: Floats
    paid_online: Floats
    """Given an obligation."""
    population_data: Floats
    """Given that the applicant is a citizen."""


@dataclass(frozen=True)
class Agencies:
    """The agencies of one period. Indices point into `codes` and `names`."""

    codes: list[str]
    names: list[str]
    communes: Ints
    commune_cdf: Floats
    districts: Ints
    body_of_procedure: Ints
    """Provincial agency of each procedure."""
    late_factor: Floats
    """How much more often than the mean an agency is late; the mean over dossiers is 1."""


@dataclass(frozen=True)
class Catalogue:
    """Everything that is drawn from. Pairs are (before July 2025, from July 2025)."""

    procedure_codes: list[str]
    procedure_names: list[str]
    field_codes: list[str]
    field_names: list[str]
    share: Floats
    cdf: Floats
    is_commune: Bools
    is_district_field: Bools
    has_fee: Bools
    citizen_share: Floats
    statutory: Ints
    unit: npt.NDArray[np.str_]
    chances: tuple[Chances, Chances]
    agencies: tuple[Agencies, Agencies]
    holidays: list[date]
    known_from: date
    """First day for which the seeds know agencies."""


def read_catalogue(seeds: Path) -> Catalogue:
    """Read the seeds procedures, procedure_fields, agencies and public_holidays of folder `seeds`.

    Raises:
        SeedsError: a seed is missing, or has no agency or procedure to draw from.
    """
    procedures = _rows(seeds, "procedures")
    fields = {row["field_code"]: row for row in _rows(seeds, "procedure_fields")}
    agencies = _rows(seeds, "agencies")
    holidays = [date.fromisoformat(row["holiday_date"]) for row in _rows(seeds, "public_holidays")]

    field = [row["field_code"] for row in procedures]
    has_fee = np.array([row["has_fee"] == "true" for row in procedures])
    subject = np.array([row["subject"] for row in procedures])
    citizen_share = np.select([subject == "citizen", subject == "both"], [1.0, CITIZEN_AMONG_BOTH], 0.0)
    is_commune = np.array([row["level"] == "commune" for row in procedures])
    is_district_field = np.array([code in DISTRICT_FIELDS for code in field])
    share = _shares(field, has_fee)
    bodies = [fields[code]["lead_body"] for code in field]
    known_from = min(date.fromisoformat(row["valid_from"]) for row in agencies)

    def in_period(two_levels: bool) -> Agencies:
        rows = [row for row in agencies if (date.fromisoformat(row["valid_from"]) >= TWO_LEVELS_FROM) == two_levels]
        return _agencies(rows, bodies, share, is_commune)

    return Catalogue(
        procedure_codes=[row["procedure_code"] for row in procedures],
        procedure_names=[row["name_vi"] for row in procedures],
        field_codes=field,
        field_names=[fields[code]["name_vi"] for code in field],
        share=share,
        cdf=_cdf(share),
        is_commune=is_commune,
        is_district_field=is_district_field,
        has_fee=has_fee,
        citizen_share=citizen_share,
        statutory=np.array([int(row["statutory_days"]) for row in procedures], dtype=np.int64),
        unit=np.array([row["statutory_unit"] for row in procedures]),
        chances=(
            _chances(ASSUMED_BEFORE, share, has_fee, citizen_share),
            _chances(PUBLISHED_2026, share, has_fee, citizen_share),
        ),
        agencies=(in_period(False), in_period(True)),
        holidays=holidays,
        known_from=known_from,
    )


def _rows(seeds: Path, name: str) -> list[SeedRow]:
    try:
        rows = list(seed_rows(seeds, name))
    except SeedError as problem:
        raise SeedsError(str(problem)) from None
    if not rows:
        raise SeedsError(f"{name}.csv has no rows: the sample needs at least one.")
    return rows


def _shares(field: list[str], has_fee: Bools) -> Floats:
    """Share of each procedure: Zipf within its field over those that occur, and never below RAREST."""
    size = {code: field.count(code) for code in dict.fromkeys(field)}
    others = [code for code in size if code not in FIELD_SHARE]
    rest = (1 - sum(FIELD_SHARE.get(code, 0) for code in size)) / max(len(others), 1)
    seen = dict.fromkeys(size, 0)
    zipf, rank = np.zeros(len(field)), np.zeros(len(field), dtype=np.int64)
    for i, code in enumerate(field):
        rank[i] = seen[code]
        seen[code] += 1
    codes = np.array(field)
    occurs = has_fee | (rank < 0.3 * np.array([size[code] for code in field]))
    for code in size:
        weight = np.where(occurs & (codes == code), (rank + 1.0) ** -1.3, 0.0)
        zipf += FIELD_SHARE.get(code, rest) * weight / weight.sum()
    floor = min(RAREST * occurs.sum(), 0.5)
    share: Floats = (1 - floor) * zipf / zipf.sum() + floor * occurs / occurs.sum()
    return share


def _cdf(share: Floats) -> Floats:
    cdf: Floats = np.cumsum(share) / share.sum()
    cdf[-1] = 1.0
    return cdf


def _busiest(share: Floats, among: Bools, count: int) -> Bools:
    chosen = np.zeros(len(share), dtype=bool)
    order = np.argsort(np.where(among, -share, 1.0), kind="stable")[: min(count, int(among.sum()))]
    chosen[order] = True
    return chosen


def _chances(rates: Rates, share: Floats, has_fee: Bools, citizen_share: Floats) -> Chances:
    """Spread the rates over the procedures that can have the property, so that the mean over dossiers is the rate."""
    fee_share = float(share[has_fee].sum())
    payers = _busiest(share, has_fee, PAID_ONLINE_PROCEDURES)
    linked = _busiest(share, citizen_share > 0, POPULATION_PROCEDURES)

    def spread(rate: float, where: Bools, weight: float) -> Floats:
        values: Floats = np.where(where, min(1.0, rate / weight) if weight else 0.0, 0.0)
        return values

    return Chances(
        rates=rates,
        online=rates.online,
        obligation=spread(rates.obligation, has_fee, fee_share),
        paid_online=spread(rates.paid_online * fee_share, payers, float(share[payers].sum())),
        population_data=spread(rates.population_data, linked, float((share * citizen_share)[linked].sum())),
    )


def _agencies(rows: list[SeedRow], bodies: list[str], share: Floats, is_commune: Bools) -> Agencies:
    index = {row["name"]: i for i, row in enumerate(rows) if row["level"] == "province"}
    if missing := sorted(set(bodies) - set(index)):
        raise SeedsError(f"agencies.csv lacks the provincial bodies {missing}, named as lead_body in procedure_fields.")
    communes = np.array([i for i, row in enumerate(rows) if row["level"] == "commune"], dtype=np.int64)
    districts = np.array([i for i, row in enumerate(rows) if row["level"] == "district"], dtype=np.int64)
    if not len(communes):
        raise SeedsError("agencies.csv has no agency of a commune for one of the periods: the sample needs both.")
    # Sizes and habits of agencies are part of the made-up world, not of one sample: their seed is fixed.
    rng = np.random.Generator(np.random.PCG64(len(rows)))
    urban = np.array([1.8 if "phường" in rows[i]["name"] else 1.0 for i in communes])
    weight = urban * rng.lognormal(0.0, 0.7, len(communes))
    late = np.clip(rng.lognormal(0.0, 0.45, len(rows)), 0.3, 2.5)

    body_of_procedure = np.array([index[body] for body in bodies], dtype=np.int64)
    mass = np.bincount(body_of_procedure, np.where(is_commune, 0.0, share), minlength=len(rows))
    mass[communes] += share[is_commune].sum() * weight / weight.sum()
    return Agencies(
        codes=[row["agency_code"] for row in rows],
        names=[row["name"] for row in rows],
        communes=communes,
        commune_cdf=_cdf(weight),
        districts=districts,
        body_of_procedure=body_of_procedure,
        late_factor=late * mass.sum() / (late * mass).sum(),
    )
