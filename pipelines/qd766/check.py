"""`hatinh qd766 check`: recorded answers of the portal against our scoring rules.

Two kinds of finding. **formula**: our rules give other points than the portal published, which means that the portal
changed a rule, or that our seed is wrong. **arithmetic**: the answer contradicts itself, whatever the rules are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipelines.language import tr
from pipelines.qd766.answers import Answer, NotAnAnswerError, Observation, Total, Unit, read_answer
from pipelines.qd766.rules import Rules, load_rules

if TYPE_CHECKING:
    from rich.console import RenderableType

TOLERANCE = 0.01
"""Points, and percent: the portal shows two decimals, and its own sums of rounded figures differ by one hundredth."""

_Item = tuple[str, str, Literal["score", "sum"]]
_RECEIPT_SUFFIX = ".receipt.json"  # how the landing names what lies beside a landed answer
_HAIR = 1e-9  # 6.24 - 6.23 is a little more than 0.01 in doubles


@dataclass(frozen=True)
class Finding:
    """One disagreement. `item` is a component, a group, or the published figure that does not fit."""

    kind: Literal["formula", "arithmetic"]
    file: Path
    endpoint: str
    unit: str
    item: str
    detail: str


@dataclass(frozen=True)
class Problem:
    """A file, or a part of one, that is not an answer of the portal."""

    file: Path
    reason: str


@dataclass(frozen=True)
class Tally:
    """How many observations of one item were compared, and how many agree within `TOLERANCE`.

    `what` is score where our rules were applied, sum where published parts were added up or put in order.
    """

    endpoint: str
    item: str
    what: Literal["score", "sum"]
    observations: int
    agreeing: int


@dataclass(frozen=True)
class CheckReport:
    """What a check found. `not_checkable` are points that are published without what they are made of."""

    files: int
    tallies: tuple[Tally, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    not_checkable: Mapping[tuple[str, str, str], int]
    """(endpoint, item, reason) to the number of units."""
    flags: Mapping[tuple[str, str], int]
    """(component, the portal's dataQualityStatus) to the number of units."""
    notes: tuple[str, ...]

    def agreement(self, what: Literal["score", "sum"]) -> tuple[int, int]:
        """(agreeing, compared) over all items."""
        own = [tally for tally in self.tallies if tally.what == what]
        return sum(tally.agreeing for tally in own), sum(tally.observations for tally in own)

    @property
    def exit_code(self) -> int:
        """2: something could not be read, or nothing was there to check; 1: something disagrees; 0: all agrees."""
        if self.problems or not self.tallies:
            return 2
        return 1 if self.findings else 0


def check_files(paths: Sequence[Path], rules: Rules | None = None) -> CheckReport:
    """Apply the rules to every observation in recorded answers.

    Args:
        paths: files, or folders that are searched for `*.json`. A file that is no answer is named; the others go on.
        rules: the rules; those of the project where None.

    Raises:
        pipelines.qd766.rules.RulesError: the rules themselves cannot be read.
    """
    rules = rules or load_rules()
    answers, problems = _read(paths, rules)
    problems += [Problem(a.path, problem) for a in answers for problem in a.problems]

    compared: Counter[_Item] = Counter()
    agreeing: Counter[_Item] = Counter()
    findings: list[Finding] = []

    def count(answer: Answer, what: Literal["score", "sum"], unit: str, item: str, detail: str | None) -> None:
        compared[answer.endpoint, item, what] += 1
        if detail is None:
            agreeing[answer.endpoint, item, what] += 1
        else:
            kind: Literal["formula", "arithmetic"] = "formula" if what == "score" else "arithmetic"
            findings.append(Finding(kind, answer.path, answer.endpoint, unit, item, detail))

    scored = [
        (a, o) for a in answers for o in a.observations if all(s.component_code in rules.components for s in o.shares)
    ]
    for (answer, observation), points in zip(scored, rules.points([o.shares for _, o in scored]), strict=True):
        count(answer, "score", str(observation.unit), observation.item, _other_points(observation, points, rules))
    for answer in answers:
        for observation in answer.observations:
            for detail in _unknown_components(observation, rules):
                count(answer, "score", str(observation.unit), observation.item, detail)
            findings += _findings(answer, observation.unit, observation.item, _contradictions(observation))
        for total in answer.totals:
            if total.parts:
                count(answer, "sum", str(total.unit), total.item, _other_sum(total))
            findings += _findings(answer, total.unit, total.item, _out_of_bounds(total, rules))
        if answer.placings:
            count(answer, "sum", tr("all units"), "rank", _other_order(answer.placings))

    order = {code: number for number, code in enumerate(rules.components)}
    return CheckReport(
        files=len(answers),
        tallies=tuple(
            Tally(*key, number, agreeing[key])
            for key, number in sorted(compared.items(), key=lambda t: (t[0][0], order.get(t[0][1], 99), t[0]))
        ),
        findings=tuple(findings),
        problems=tuple(problems),
        not_checkable=_added(
            (a.endpoint, item, reason, n) for a in answers for (item, reason), n in a.unscorable.items()
        ),
        flags=Counter((o.item, o.flag) for a in answers for o in a.observations if o.flag is not None),
        notes=(*_changed_thresholds(scored, findings, rules), *_unknown_fields(answers), *_national_means(answers)),
    )


def _read(paths: Sequence[Path], rules: Rules) -> tuple[list[Answer], list[Problem]]:
    """The answers in files and folders, and what is none."""
    answers: list[Answer] = []
    problems: list[Problem] = []
    for path in paths:
        files = [path]
        if path.is_dir():
            files = sorted(f for f in path.rglob("*.json") if not f.name.endswith(_RECEIPT_SUFFIX))
        if not files:
            problems.append(Problem(path, tr("a folder without any .json file")))
        for file in files:
            try:
                answers.append(read_answer(file, rules))
            except NotAnAnswerError as error:
                problems.append(Problem(file, str(error)))
    return answers, problems


def _added(rows: Iterable[tuple[str, str, str, int]]) -> dict[tuple[str, str, str], int]:
    added: Counter[tuple[str, str, str]] = Counter()
    for endpoint, item, reason, number in rows:
        added[endpoint, item, reason] += number
    return dict(added)


def _findings(answer: Answer, unit: Unit, item: str, details: Iterable[str]) -> list[Finding]:
    return [Finding("arithmetic", answer.path, answer.endpoint, str(unit), item, detail) for detail in details]


def _agree(left: float, right: float) -> bool:
    return abs(left - right) <= TOLERANCE + _HAIR


def _show(value: float | Decimal | None) -> str:
    return "none" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------------------------------------------------- formula
def _other_points(observation: Observation, points: Decimal | None, rules: Rules) -> str | None:
    """Why our points are not the published ones; None where they are. None and 0 are not the same."""
    most = sum(rules.components[s.component_code].max_points for s in observation.shares)
    if observation.max_points != most:
        return tr(
            "maximum {observation} published, {most} in our rules", observation=_show(observation.max_points), most=most
        )
    published = observation.points
    if published is None or points is None:
        same = published is None and points is None
    else:
        same = _agree(published, float(points))
    if same:
        return None
    counts = ", ".join(f"{_count(s.numerator)}/{_count(s.denominator)}" for s in observation.shares)
    return tr(
        "{published} published, {points} by our rules from {counts}",
        published=_show(published),
        points=_show(points),
        counts=counts,
    )


def _count(value: int | None) -> str:
    return "none" if value is None else str(value)


def _unknown_components(observation: Observation, rules: Rules) -> Iterator[str]:
    if unknown := [s.component_code for s in observation.shares if s.component_code not in rules.components]:
        yield tr("{unknown} has no row in qd766_components.csv: add one to have it checked", unknown=", ".join(unknown))


def _changed_thresholds(
    scored: Sequence[tuple[Answer, Observation]], findings: Iterable[Finding], rules: Rules
) -> Iterator[str]:
    """For a component that disagrees: a threshold, of those in use, that would explain all of its observations."""
    candidates = sorted({c.threshold_pct for c in rules.components.values() if c.threshold_pct} | {100}, reverse=True)
    for code in dict.fromkeys(f.item for f in findings if f.kind == "formula"):
        own = [o for _, o in scored if o.item == code and len(o.shares) == 1 and o.points is not None]
        component = rules.components.get(code)
        if component is None or component.rule not in ("linear", "capped") or not own:
            continue
        for candidate in candidates:
            points = rules.points([o.shares for o in own], {code: candidate})
            if all(p is not None and _agree(float(p), o.points or 0) for p, o in zip(points, own, strict=True)):
                ours = f"{component.threshold_pct} %" if component.threshold_pct else tr("no threshold")
                yield (
                    tr(
                        "{code}: full points at {candidate} % would give all {own} published scores; our seed has "
                        "{ours}. If the portal changed its rule, add a row with a new formula_version to "
                        "qd766_components.csv.",
                        code=code,
                        candidate=candidate,
                        own=len(own),
                        ours=ours,
                    )
                )
                break


# ------------------------------------------------------------------------------------------------------- arithmetic
def _contradictions(observation: Observation) -> Iterator[str]:
    for share in observation.shares:
        name = "" if len(observation.shares) == 1 else f"{share.component_code}: "
        n, d = share.numerator, share.denominator
        if n is None or d is None:
            if (n is None) != (d is None):
                yield tr("{name}{n}/{d}: one of two counts is missing", name=name, n=_count(n), d=_count(d))
            continue
        if n < 0 or d < 0:
            yield tr("{name}{n}/{d}: a negative count", name=name, n=n, d=d)
        elif n > d:
            yield tr("{name}{n}/{d}: numerator above denominator", name=name, n=n, d=d)
        elif len(observation.shares) == 1 and (published := observation.ratio_pct) is not None:
            ratio = 100 * n / d if d else 0
            if not _agree(ratio, published):
                yield f"{_show(published)} % published, {n}/{d} is {_show(ratio)} %"
    if len(observation.shares) > 1 and observation.points is not None:
        yield from _other_ratio(observation.points, observation.max_points, observation.ratio_pct)
    yield from _beyond(observation.points, observation.max_points)


def _out_of_bounds(total: Total, rules: Rules) -> Iterator[str]:
    if total.max_points is None:
        yield from ([f"negative: {_show(total.published)}"] if total.published < 0 else [])
        return
    yield from _beyond(total.published, total.max_points)
    yield from _other_ratio(total.published, total.max_points, total.ratio_pct)
    if total.part_max is not None and total.part_max != total.max_points:
        yield tr(
            "maximum {total} published, maxima of the parts sum to {parts}",
            total=_show(total.max_points),
            parts=_show(total.part_max),
        )
    for code, points in total.parts.items():
        if code in rules.group_max:
            yield from (f"{code}: {detail}" for detail in _beyond(points, rules.group_max[code]))


def _other_sum(total: Total) -> str | None:
    added = sum(part for part in total.parts.values() if part is not None)
    return (
        None
        if _agree(added, total.published)
        else tr("{total} published, parts sum to {added}", total=_show(total.published), added=_show(added))
    )


def _other_ratio(points: float, most: float, ratio_pct: float | None) -> Iterator[str]:
    # Compared as points: the portal takes the percent of points that it has not rounded yet.
    if ratio_pct is not None and not _agree(ratio_pct * most / 100, points):
        yield tr(
            "{ratio_pct} % published, {points} of {most} points is not",
            ratio_pct=_show(ratio_pct),
            points=_show(points),
            most=_show(most),
        )


def _beyond(points: float | None, most: float) -> Iterator[str]:
    if points is not None and not 0 <= points <= most:
        yield f"{_show(points)} points, outside 0 to {_show(most)}"


def _other_order(placings: Sequence[tuple[Unit, float, int | None]]) -> str | None:
    """Ranks, where published, against the totals (equal totals may share or split a place); else the list descends."""
    totals = [total for _, total, _ in placings]
    for unit, total, rank in placings:
        first = 1 + sum(other > total for other in totals)
        if rank is not None and not first <= rank < first + totals.count(total):
            return tr(
                "{unit}: place {rank} published, {total} points are place {first} of {totals}",
                unit=unit,
                rank=rank,
                total=_show(total),
                first=first,
                totals=len(totals),
            )
    if all(rank is None for _, _, rank in placings):
        for (unit, total, _), before in zip(placings[1:], totals, strict=False):
            if total > before:
                return tr(
                    "{unit}: {total} points are listed below {before}, though the list is one of places",
                    unit=unit,
                    total=_show(total),
                    before=_show(before),
                )
    return None


# ------------------------------------------------------------------------------------------------------------ notes
def _unknown_fields(answers: Sequence[Answer]) -> Iterator[str]:
    seen: Counter[tuple[str, str]] = Counter()
    for answer in answers:
        for name, number in answer.unknown_fields.items():
            seen[answer.endpoint, name] += number
    for (endpoint, name), number in sorted(seen.items()):
        yield tr(
            "{endpoint}: field {name} is new to us ({number} times); it was not used.",
            endpoint=endpoint,
            name=name,
            number=number,
        )


def _national_means(answers: Sequence[Answer]) -> Iterator[str]:
    for answer in answers:
        overview = next(
            (t for t in answer.totals if answer.placings and t.unit not in {u for u, *_ in answer.placings}), None
        )
        if overview is None:
            continue
        mean = sum(total for _, total, _ in answer.placings) / len(answer.placings)
        if not _agree(mean, overview.published):
            yield (
                tr(
                    "{name}: {overview} for {unit} is not the mean of the {answer} units ({mean}); the portal "
                    "does not say how it is made.",
                    name=answer.path.name,
                    overview=_show(overview.published),
                    unit=overview.unit,
                    answer=len(answer.placings),
                    mean=_show(mean),
                )
            )


def render(report: CheckReport) -> RenderableType:
    """The report for a terminal: the count, a table by item, then every disagreement, problem and note."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    if report.tallies:
        table = Table(
            tr("Endpoint"),
            tr("Item"),
            tr("What"),
            tr("Observations"),
            tr("Agree"),
            tr("Disagree"),
            title=tr("Agreement within 0.01"),
        )
        for tally in report.tallies:
            differ = tally.observations - tally.agreeing
            table.add_row(
                Text(tally.endpoint),
                Text(tally.item),
                tally.what,
                str(tally.observations),
                str(tally.agreeing),
                str(differ or ""),
                style="red" if differ else None,
            )
        parts.append(table)
    for kind, title in (
        ("formula", tr("Other points than our rules give")),
        ("arithmetic", tr("Answers that contradict themselves")),
    ):
        if rows := [f for f in report.findings if f.kind == kind]:
            parts.append(Text(f"\n{title}: {len(rows)}", style="bold red"))
            parts += [Text(f"  {f.endpoint} | {f.unit} | {f.item}: {f.detail}  [{f.file}]") for f in rows]
    if report.problems:
        parts.append(
            Text(
                "\n" + tr("Not an answer of the portal, or not all of it: {count}", count=len(report.problems)),
                style="bold red",
            )
        )
        parts += [Text(f"  {p.file}: {p.reason}") for p in report.problems]
    remarks = [
        *(
            tr("{e} {item}: not checkable for {n} units: {reason}.", e=e, item=item, n=n, reason=reason)
            for (e, item, reason), n in report.not_checkable.items()
        ),
        *(
            tr("{item}: flagged {flag} by the portal for {n} units.", item=item, flag=flag, n=n)
            for (item, flag), n in sorted(report.flags.items())
        ),
        *report.notes,
    ]
    if remarks:
        parts.append(Text("\n" + tr("Notes"), style="bold"))
        parts += [Text(f"  {remark}") for remark in remarks]
    if report.tallies:
        scores, sums = (f"{a} of {n}" for a, n in (report.agreement("score"), report.agreement("sum")))
        summary = tr(
            "{files} files: {scores} scores and {sums} sums agree within {tolerance}.",
            files=report.files,
            scores=scores,
            sums=sums,
            tolerance=TOLERANCE,
        )
    else:
        summary = tr("Nothing could be checked: give recorded answers of the portal, or folders of them.")
    parts.append(Text(f"\n{summary}", style="bold green" if report.exit_code == 0 else "bold red"))
    return Group(*parts)
