"""Which rows a workbook has: the indicators asked of whom for a period, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

from pipelines.language import current, tr
from pipelines.periods import Period
from pipelines.reporting.registry import (
    FREQUENCIES_VI,
    Agency,
    Indicator,
    Registry,
    ReportingError,
    level_in_words,
)


@dataclass(frozen=True)
class FormRow:
    """One figure that is asked for. Of an agency that is None any of `Form.choices` may answer."""

    indicator: Indicator
    area_code: str
    area_name: str
    agency: Agency | None
    form: str
    """Form and period, as the row carries them: `1-5f3c9a2b/2026-Q3`."""


@dataclass(frozen=True)
class Form:
    """What one workbook asks."""

    name: str
    """File name, without a day."""
    title_vi: str
    period: Period
    rows: tuple[FormRow, ...]
    choices: tuple[Agency, ...]
    """Agencies that may answer the rows without one."""
    due_on: date


def form(
    registry: Registry,
    wanted: str,
    period: Period,
    *,
    agency: str | None,
    province_code: str,
    province_name: str,
) -> Form:
    """The form of an indicator, or of those of a pillar that are reported for such a period.

    With an agency, its own rows only; without one, a row for each commune, and one for the province that any of its
    agencies may answer.

    Raises:
        ReportingError: no form matches; the message names those that exist, or what to ask instead.
    """
    chosen = _chosen(registry, wanted, period)
    who = registry.agency(agency, period.last) if agency else None
    levels = (who.level,) if who else ("province", "commune")
    asked = [(indicator, level) for indicator in chosen for level in levels if level in indicator.levels]
    if not asked:
        assert who is not None  # noqa: S101  every reported indicator has a level
        others = ", ".join(sorted({level_in_words(level) for indicator in chosen for level in indicator.levels}))
        raise ReportingError(
            tr(
                "{name} ({code}) is of level {who}; {wanted} is reported by {others}. Leave --agency out, or "
                "name an agency of that level.",
                name=who.name,
                code=who.code,
                who=level_in_words(who.level),
                wanted=wanted,
                others=others,
            )
        )
    rows: list[FormRow] = []
    dues: list[int] = []
    for indicator, level in asked:
        obligation = registry.obligation(indicator.code, level, period)
        dues.append(obligation.due_days)
        stamp = f"{obligation.form}/{period.label}"
        if level == "province":
            rows.append(FormRow(indicator, province_code, f"tỉnh {province_name}", who, stamp))
        else:
            answering = [who] if who else registry.agencies(level, period.last)
            rows += [FormRow(indicator, body.area_code, body.area_name, body, stamp) for body in answering]
    is_pillar = wanted in registry.pillars
    return Form(
        name="_".join(["bieu-bao-cao", wanted, period_in_name(period), *([who.code] if who else [])]),
        title_vi=registry.pillars[wanted] if is_pillar else chosen[0].title_vi,
        period=period,
        rows=tuple(rows),
        choices=tuple(registry.agencies("province", period.last)) if any(r.agency is None for r in rows) else (),
        due_on=period.last + timedelta(days=min(dues)),
    )


def period_in_name(period: Period) -> str:
    """The period as file names have it: a month as 2026-M09, since 2026-09 reads like the day of the report."""
    return f"{period.first:%Y-M%m}" if period.type == "month" else period.label


def _chosen(registry: Registry, wanted: str, period: Period) -> Sequence[Indicator]:
    if wanted in registry.pillars:
        of_pillar = [i for i in registry.indicators.values() if i.pillar == wanted and i.levels]
        fitting = [indicator for indicator in of_pillar if indicator.frequency == period.type]
        if fitting:
            return fitting
        if not of_pillar:
            raise ReportingError(
                tr(
                    "No indicator of {wanted} is reported by workbook. {registry}",
                    wanted=wanted,
                    registry=_which(registry),
                )
            )
        written: dict[str, list[str]] = {}
        for indicator in of_pillar:
            written.setdefault(_like(indicator, period), []).append(indicator.code)
        asked = "; ".join(
            tr("--period {label} for {codes}", label=label, codes=", ".join(codes)) for label, codes in written.items()
        )
        raise ReportingError(
            tr(
                "No indicator of {wanted} is reported by {period}: write {asked}.",
                wanted=wanted,
                period=_frequency(period.type),
                asked=asked,
            )
        )
    found = registry.indicators.get(wanted)
    if found is None:
        near = get_close_matches(wanted, [*registry.indicators, *registry.pillars], n=3, cutoff=0.4)
        meant = " " + tr("Did you mean {names}?", names=", ".join(near)) if near else ""
        raise ReportingError(
            tr(
                "No indicator or pillar is called {wanted}.{meant} {registry}",
                wanted=wanted,
                meant=meant,
                registry=_which(registry),
            )
        )
    if not found.levels:
        raise ReportingError(
            tr(
                "{wanted} ({title_vi}) is not reported by workbook: it is computed or taken from a "
                "publication, see docs/methods/{method}.md. {registry}",
                wanted=wanted,
                title_vi=found.title_vi,
                method=found.method,
                registry=_which(registry),
            )
        )
    if found.frequency != period.type:
        raise ReportingError(
            tr(
                "{wanted} is reported by {found}: write --period {period}.",
                wanted=wanted,
                found=_frequency(found.frequency),
                period=_like(found, period),
            )
        )
    return [found]


def _frequency(frequency: str) -> str:
    return FREQUENCIES_VI[frequency] if current() == "vi" else frequency


def _like(indicator: Indicator, period: Period) -> str:
    year = period.first.year
    return {"month": f"{year}-09", "quarter": f"{year}-Q3", "half": f"{year}-H1", "year": f"{year}"}[
        indicator.frequency
    ]


def _which(registry: Registry) -> str:
    pillars = sorted({i.pillar for i in registry.indicators.values() if i.levels})
    return tr("Pillars with reported indicators: {pillars}.", pillars=", ".join(pillars))
