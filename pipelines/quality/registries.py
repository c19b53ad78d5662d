"""What is wrong with the registries that people edit: the file, the line, the cell, and how to fix it.

What a registry must be is stated in its description (`_*.yml` beside it), once, in dbt's own words: columns, types, and
tests of single rows and of references. dbt reports that a test failed; here the same test reports at which cell.
Targets, indicators and pillars hold together besides.

One implementation for the person at the keyboard (`hatinh run`, `hatinh doctor`), for the gate, which holds back what
rests on a wrong registry, and for the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipelines.language import tr
from pipelines.seeds import SeedError, misfit, read_seed
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.column_rules import TEST, columns_by_rule

NO_SYSTEM = ("target_progress", "reported", "statistics")
"""Method pages of indicators that no system delivers: somebody reports or publishes them, or nobody does."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""What `yaml.safe_load` uses, by libyaml where it is there: five times as fast."""
_OURS = PROJECT_ROOT / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Fault:
    """One cell, or a line or file where `column` or `line` is None: what is wrong, and how to fix it.

    `registry` is a registry's name, or the name of a file that describes some.
    """

    registry: str
    line: int | None
    column: str | None
    what: str
    fix: str

    def __str__(self) -> str:
        file = self.registry if self.is_of_all else f"{self.registry}.csv"
        place = [file, tr("line {line}", line=self.line) if self.line else "", self.column or ""]
        return f"{', '.join(part for part in place if part)}: {self.what}: {self.fix}"

    @property
    def is_of_all(self) -> bool:
        """Whether what is wrong is no registry but a description: every registry may be read wrongly."""
        return self.registry.endswith(".yml")


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column].strip()

    def of(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self[column] for column in columns)


@dataclass(frozen=True)
class _Promise:
    """A test of the description that blocks: dbt's name of it, what it is given, and its column if it has one."""

    test: str
    arguments: Mapping[str, Any]
    column: str | None


@dataclass(frozen=True)
class _Registry:
    name: str
    types: Mapping[str, str]
    promises: tuple[_Promise, ...]


def faults(seeds: Path, methods: Path | None = None, province: str | None = None) -> list[Fault]:
    """Everything that is wrong in a folder of seeds, in the order of the files.

    Args:
        methods: folder of the method pages, to see whether those that are named exist.
        province: code of the province that the settings name; it must be a unit of the registry.
    """
    found: list[Fault] = []
    described = _described(seeds, found)
    rows = {registry.name: _read(seeds, registry.name, list(registry.types), found) for registry in described}
    if found:  # while a table cannot be read, the others cannot be checked against it
        return found
    for registry in described:
        found += _misread(registry.name, registry.types, rows[registry.name])
        for promise in registry.promises:
            found += _broken(registry.name, promise, rows)
    found += _indicators(rows["indicators"], methods)
    found += _targets(rows)
    found += _substitutes(rows)
    found += _calendar(rows)
    if province and not any(row.of(("level", "area_code")) == ("province", province) for row in rows["areas"]):
        what = tr("no province {province}, which HATINH_PROVINCE_CODE names", province=province)
        found.append(
            Fault("areas", None, None, what, tr("set the code of your province, and HATINH_SEEDS_DIR to its own"))
        )
    return found


def _described(seeds: Path, found: list[Fault]) -> list[_Registry]:
    """The registries that this version of the program knows, by name; descriptions of another one go to `found`."""
    registries = []
    for ours in sorted(_OURS.glob("_*.yml")):
        text, copied = ours.read_text(encoding="utf-8"), seeds / ours.name
        if not copied.exists():
            found.append(
                Fault(ours.name, None, None, tr("the description is missing"), tr("copy it from {ours}", ours=_OURS))
            )
        elif copied.read_bytes().split() != text.encode().split():
            what = tr("it does not describe the registries as this version of the program does")
            found.append(
                Fault(ours.name, None, None, what, tr("copy it from {ours}, and see what it asks for", ours=_OURS))
            )
        registries += [
            _Registry(seed["name"], seed["config"]["column_types"], tuple(_promises(seed)))
            for seed in yaml.load(text, _LOADER)["seeds"]  # noqa: S506 - a safe one
        ]
    return sorted(registries, key=lambda registry: registry.name)


def _promises(seed: Mapping[str, Any]) -> Iterator[_Promise]:
    columns = [(column["name"], column.get("data_tests", ())) for column in seed.get("columns", ())]
    for column, tests in ((None, seed.get("data_tests", ())), *columns):
        for test in tests:
            name, options = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            config = options.get("config", {})
            if config.get("severity", "error") == "error" and "where" not in config:
                arguments = options.get("arguments", {})
                if name == TEST:
                    for rule, of in columns_by_rule(arguments).values():
                        values = arguments[rule][of] if rule == "accepted_values" else ()
                        yield _Promise(rule, {"values": values}, of)
                else:
                    yield _Promise(name, arguments, column)


def _broken(registry: str, promise: _Promise, rows: Mapping[str, Sequence[_Row]]) -> Iterator[Fault]:
    """The cells that break a promise; a promise about the table as one is left to dbt."""
    column, arguments, ours = promise.column, promise.arguments, rows[registry]
    columns = [column] if column else list(arguments.get("columns", ()))
    if promise.test in ("unique", "unique_key"):
        yield from _repeated(registry, columns, ours)
    elif promise.test in ("relationships", "is_a_row_of"):
        of = re.sub(r"ref\('(\w+)'\)", r"\1", arguments["to"])
        theirs = [arguments["field"]] if column else list(arguments["of_columns"])
        known = {row.of(theirs) for row in rows[of]}
        for row in ours:
            if all(cells := row.of(columns)) and cells not in known:
                what = tr("no {column} {cells}", column=theirs[0], cells=", ".join(map(repr, cells)))
                yield Fault(registry, row.line, columns[0], what, tr("add it to {of}.csv, or name one of those", of=of))
    elif column:
        for row in ours:
            if wrong := _wrong(row[column], promise):
                yield Fault(registry, row.line, column, *wrong)


def _wrong(cell: str, promise: _Promise) -> tuple[str, str] | None:
    """What is wrong with a cell, and how to fix it; a blank one is null, which only `not_null` rejects."""
    if not cell:
        return (tr("the cell is blank"), tr("fill it, or take the line out")) if promise.test == "not_null" else None
    if promise.test == "accepted_values":
        codes = [str(value) for value in promise.arguments["values"]]
        return (
            None
            if cell in codes
            else (tr("{cell!r} is unknown", cell=cell), tr("write one of {codes}", codes=", ".join(codes)))
        )
    if promise.test == "matches" and not re.fullmatch(promise.arguments["pattern"], cell):
        return (
            tr("{cell!r} is no code", cell=cell),
            tr("write {promise}; spreadsheets eat a zero in front", promise=promise.arguments["like"]),
        )
    return None


def _misread(registry: str, types: Mapping[str, str], rows: Sequence[_Row]) -> Iterator[Fault]:
    """Cells that do not read as the type of their column; a blank cell is null."""
    for column, name in types.items():
        if (judge := _JUDGES.get(name)) is not None:
            for row in rows:
                if row[column] and (wrong := judge(column, row[column])):
                    what, fix = wrong
                    yield Fault(registry, row.line, column, tr("{cell!r} is {what}", cell=row[column], what=what), fix)


def _number(column: str, cell: str) -> tuple[str, str] | None:
    if _value(cell) is None:
        return tr("no number"), tr("write it like 82.5, without unit")
    if column.endswith("_year") and not (cell.isdigit() and len(cell) == 4):
        return tr("no year"), tr("write it like 2030")
    return None


def _whole(column: str, cell: str) -> tuple[str, str] | None:
    number = _value(cell)
    is_whole = number is None or number.is_integer()
    return _number(column, cell) if is_whole else (tr("no whole number"), tr("write it like 12"))


def _day(_: str, cell: str) -> tuple[str, str] | None:
    try:
        date.fromisoformat(cell)
    except ValueError:
        return tr("no date"), tr("write a day as 2025-07-01")
    return None


def _mark(_: str, cell: str) -> tuple[str, str] | None:
    return None if cell in ("true", "false") else (tr("unknown"), tr("write true or false"))


_JUDGES: Mapping[str, Callable[[str, str], tuple[str, str] | None]] = {
    "date": _day,
    "double": _number,
    "bigint": _whole,
    "integer": _whole,
    "boolean": _mark,
}
"""By type of the description: what is wrong with a cell of a column, and how to fix it. Any text is valid."""


def _read(seeds: Path, registry: str, columns: Sequence[str], found: list[Fault]) -> list[_Row]:
    """The rows of a registry; what keeps it from being read goes to `found`."""
    try:
        seed = read_seed(seeds, registry)
    except SeedError as problem:
        found.append(Fault(registry, None, None, problem.what, problem.fix))
        return []
    if missing := [column for column in columns if column not in seed.heading]:
        what = tr("the first line has no column {missing}", missing=", ".join(missing))
        found.append(Fault(registry, 1, None, what, tr("cells are parted by commas; put the headings back")))
        return []
    found += [Fault(registry, line, None, *misfit(cells, seed)) for line, cells in seed.broken]
    return [_Row(row.line, row) for row in seed.rows]


def _repeated(registry: str, columns: Sequence[str], rows: Sequence[_Row]) -> Iterator[Fault]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        cells = row.of(columns)
        if any(cells) and first.setdefault(cells, row.line) != row.line:
            what = tr("{cells} is on line {line} too", cells=", ".join(map(repr, cells)), line=first[cells])
            fix = tr("give each row an id of its own") if len(columns) == 1 else tr("take one of the two out")
            yield Fault(registry, row.line, columns[0], what, fix)


def _indicators(rows: Sequence[_Row], methods: Path | None) -> Iterator[Fault]:
    for row in rows:
        page = methods / f"{row['method']}.md" if methods else None
        if not row["method"] or (page and not page.exists()):
            what = tr("{row} has no method page {method!r}", row=row["indicator"], method=row["method"])
            yield Fault("indicators", row.line, "method", what, tr("write one in docs/methods, or name one of those"))


def _targets(rows: Mapping[str, Sequence[_Row]]) -> Iterator[Fault]:
    indicators = {row["indicator"]: row for row in rows["indicators"]}
    with_figures = {
        row["indicator"] for registry in ("published_figures", "statistic_series") for row in rows[registry]
    }
    for row in rows["targets"]:
        indicator = indicators.get(row["indicator"])
        if indicator is None and row["indicator"]:
            what = tr("no indicator {row!r}", row=row["indicator"])
            yield Fault("targets", row.line, "indicator", what, tr("add it to indicators.csv, or name one of those"))
        elif indicator:
            yield from _of_indicator(row, indicator)
            has_source = (
                indicator["method"] not in NO_SYSTEM or indicator["reported_by"] or row["indicator"] in with_figures
            )
            if not has_source and not row["note"]:
                yield Fault(
                    *("targets", row.line, "indicator"),
                    tr(
                        "{row} has no source: nobody reports it, and no figure of it is published", row=row["indicator"]
                    ),
                    tr("fill reported_by in indicators.csv, add a figure, or say in the note why there can be none"),
                )
        yield from _of_itself(row)
    asked = {row["pillar"] for row in rows["targets"]}
    for row in rows["pillars"]:
        if row["pillar"] not in asked:
            fix = tr("add one to targets.csv, or a row without value whose note states that none was set")
            yield Fault("pillars", row.line, "pillar", tr("{row} has no target", row=row["pillar"]), fix)


def _substitutes(rows: Mapping[str, Sequence[_Row]]) -> Iterator[Fault]:
    """A substitute has the unit and direction of the indicator it substitutes for, and is another indicator."""
    indicators = {row["indicator"]: row for row in rows["indicators"]}
    for row in rows["indicator_substitutes"]:
        indicator, substitute = indicators.get(row["indicator"]), indicators.get(row["substitute"])
        if indicator is None or substitute is None:  # reported by the relationships of the description
            continue
        if indicator is substitute:
            what = tr("{row} cannot substitute for itself", row=row["substitute"])
            yield Fault("indicator_substitutes", row.line, "substitute", what, tr("name another indicator"))
        for column in ("unit", "direction"):
            if indicator[column] != substitute[column]:
                what = tr(
                    "{substitute} has {column} {theirs!r}, {indicator} {ours!r}",
                    substitute=row["substitute"],
                    column=column,
                    theirs=substitute[column],
                    indicator=row["indicator"],
                    ours=indicator[column],
                )
                yield Fault("indicator_substitutes", row.line, "substitute", what, tr("name one of the same"))


def _calendar(rows: Mapping[str, Sequence[_Row]]) -> Iterator[Fault]:
    """A series states how often it comes, or that it comes once."""
    for row in rows["release_calendar"]:
        if (row["basis"] == "once") == bool(row["every_months"]):
            what = tr("basis {row!r} with every_months {months!r}", row=row["basis"], months=row["every_months"])
            yield Fault(
                *("release_calendar", row.line, "every_months"),
                what,
                tr("write how often it comes, or once as basis and nothing else"),
            )


def _of_indicator(row: _Row, indicator: _Row) -> Iterator[Fault]:
    """A target beside its indicator: the same words, and values that can be true."""
    for column in ("unit", "direction", "pillar"):
        if row[column] != indicator[column]:
            what = tr("{column!r}, its indicator has {other!r}", column=row[column], other=indicator[column])
            yield Fault("targets", row.line, column, what, tr("make them the same"))
    low, high = _value(indicator["valid_min"]), _value(indicator["valid_max"])
    for column in ("target_value", "baseline_value"):
        value = _value(row[column])
        if value is None:
            continue
        if indicator["unit"] == "%" and high == 100 and 0 < value <= 1 and "%" not in row["note"]:
            fix = tr(
                "write {value:g} if that is meant; else say in the note that it is {percent:g} %",
                value=value * 100,
                percent=value,
            )
            yield Fault(
                "targets", row.line, column, tr("{column} % is a hundredth of what is usual", column=row[column]), fix
            )
        elif (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{indicator['valid_min'] or '…'} – {indicator['valid_max'] or '…'}"
            what = tr("{column} is outside {bounds}", column=row[column], bounds=bounds)
            yield Fault("targets", row.line, column, what, tr("correct the value, or the range in indicators.csv"))


def _of_itself(row: _Row) -> Iterator[Fault]:
    if row["target_year"] and not row["target_value"]:
        yield Fault(
            *("targets", row.line, "target_value"),
            tr("a milestone of {row} without a value", row=row["target_year"]),
            tr("write the value, or leave the year out and say in the note what the text asks for"),
        )
    elif not row["target_value"] and not row["note"]:
        yield Fault(
            "targets", row.line, "note", tr("no value and no note"), tr("say in the note why there is no value")
        )
    if bool(row["ended_reason_vi"]) != bool(row["ended_reason_en"]):
        lacking = "ended_reason_en" if row["ended_reason_vi"] else "ended_reason_vi"
        yield Fault("targets", row.line, lacking, tr("a reason in one language"), tr("say it in both"))
    elif row["ended_on"] and not row["ended_reason_vi"]:
        what = tr("a day without a reason")
        yield Fault("targets", row.line, "ended_reason_vi", what, tr("say why it can no longer be measured"))
    for column in ("document", "grade"):
        if row["target_value"] and not row[column]:
            what = tr("a value without {column}", column=column)
            yield Fault("targets", row.line, column, what, tr("say where it was read, or take the value out"))
    if bool(row["baseline_value"]) != bool(row["baseline_year"]):
        lacking = "baseline_year" if row["baseline_value"] else "baseline_value"
        yield Fault(
            "targets", row.line, lacking, tr("half a baseline"), tr("a baseline has a value and a year, or neither")
        )
    base, deadline = _value(row["baseline_year"]), _value(row["target_year"])
    if base is not None and deadline is not None and base >= deadline:
        what = tr("the baseline of {base:.0f} is not before {deadline:.0f}", base=base, deadline=deadline)
        yield Fault("targets", row.line, "baseline_year", what, tr("correct one of the years"))


def _value(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
