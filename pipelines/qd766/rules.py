"""The scoring rules of the QĐ 766 index: rows of the seed and SQL functions, both read from the dbt project.

Nothing of the arithmetic is written here. `Rules` runs the very statements that dbt runs (macros/qd766.sql) in a DuckDB
database in memory, over the rows that people edit (seeds/qd766_components.csv).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import day, tr
from pipelines.seeds import SeedError, read_seed
from pipelines.settings import PROJECT_ROOT

if TYPE_CHECKING:
    import duckdb

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
SEED = "qd766_components"

GROUPS = {
    "CKMB": ("Công khai, minh bạch", "Publicity and transparency"),
    "TDGQ": ("Tiến độ, kết quả giải quyết", "Progress and results"),
    "CLGQ": ("Dịch vụ công trực tuyến", "Online services"),
    "TTTT": ("Thanh toán trực tuyến", "Online payment"),
    "MDSH": ("Số hóa hồ sơ", "Digitisation of dossiers"),
    "MDHL": ("Mức độ hài lòng", "Satisfaction"),
}
"""Groups of the index in the portal's order, by its codes: title in Vietnamese and in English."""

_ALLOWED: dict[str, tuple[str, ...]] = {
    "group_code": tuple(GROUPS),
    "rule": ("linear", "capped", "constant", "unscored"),
    "zero_convention": ("no_points", "zero", "full"),
    "rounding": ("points", "percent_then_points"),
    "computed_from": ("dossiers", "catalogue", "petitions", "portal"),
}
_FUNCTIONS = re.compile(r"\{%-? macro qd766_functions\(\) -?%\}(?P<sql>.*?)\{%-? endmacro -?%\}", re.DOTALL)


class RulesError(ValueError):
    """The seed or the SQL functions cannot be used. The message names file, row and column, and what is allowed."""


@dataclass(frozen=True)
class Component:
    """One row of the seed qd766_components: how a share of counts becomes points. Points and percent are of 100."""

    component_code: str
    item: str
    group_code: str
    endpoint: str
    title_vi: str
    title_en: str
    numerator_vi: str
    denominator_vi: str
    max_points: int
    rule: str
    threshold_pct: int | None
    zero_convention: str
    rounding: str
    computed_from: str
    formula_version: str
    valid_from: dt.date
    grade: str
    note: str
    how_to_win_vi: str
    how_to_win_en: str


@dataclass(frozen=True)
class Share:
    """Counts behind a component: `numerator` of `denominator`; None where the portal has none, which is not zero."""

    component_code: str
    numerator: int | None
    denominator: int | None


class Rules:
    """Active components, by code, and the functions that score them.

    Attributes:
        components: one row per component, in the order of the seed.
        group_max: most points of each group, by group code.
        sql: the statements that create the functions.
    """

    def __init__(self, components: Sequence[Component], sql: str) -> None:
        self.components: Mapping[str, Component] = {c.component_code: c for c in components}
        self.sql = sql
        self.group_max = dict.fromkeys(GROUPS, 0)
        for component in components:
            self.group_max[component.group_code] += component.max_points

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A database in memory with the functions `qd766_*` and the table `qd766_components`. The caller closes it."""
        import duckdb  # a fifth of a second, which a command that only prints help should not pay

        connection = duckdb.connect(config={"threads": 1})
        connection.execute(self.sql)
        names = [f.name for f in fields(Component)]
        rows = self.components.values()
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        types = {"max_points": "integer", "threshold_pct": "integer", "valid_from": "date"}
        unnested = ", ".join(f"unnest(cast(${n} as {types.get(n, 'varchar')}[])) as {n}" for n in names)
        connection.execute(f"create table qd766_components as select {unnested}", columns)
        return connection

    def points(
        self, observations: Sequence[Sequence[Share]], thresholds: Mapping[str, int] | None = None
    ) -> list[Decimal | None]:
        """Points of each observation, the sum over its shares; None where no share has points.

        Args:
            observations: the shares that one published score is made of, mostly one.
            thresholds: component code to a percentage that takes the place of the seed's threshold ("what if").

        Raises:
            RulesError: a component that the seed does not know.
        """
        flat = [(number, share) for number, shares in enumerate(observations) for share in shares]
        if unknown := {share.component_code for _, share in flat} - self.components.keys():
            raise RulesError(
                tr("no row in qd766_components.csv for {unknown}: add one.", unknown=", ".join(sorted(unknown)))
            )
        thresholds = thresholds or {}
        with self.connect() as connection:
            scored = connection.execute(
                """
                with shares as (
                    select
                        unnest(cast($number as bigint[])) as number,
                        unnest(cast($code as varchar[])) as component_code,
                        unnest(cast($numerator as bigint[])) as numerator,
                        unnest(cast($denominator as bigint[])) as denominator,
                        unnest(cast($threshold_pct as integer[])) as other_threshold_pct
                )
                select
                    s.number,
                    sum(qd766_points(
                        s.numerator, s.denominator, c.rule, c.max_points,
                        coalesce(s.other_threshold_pct, c.threshold_pct), c.zero_convention, c.rounding
                    ))
                from shares as s inner join qd766_components as c using (component_code)
                group by s.number
                """,
                {
                    "number": [number for number, _ in flat],
                    "code": [share.component_code for _, share in flat],
                    "numerator": [share.numerator for _, share in flat],
                    "denominator": [share.denominator for _, share in flat],
                    "threshold_pct": [thresholds.get(share.component_code) for _, share in flat],
                },
            ).fetchall()
        by_number = dict(scored)
        return [by_number.get(number) for number in range(len(observations))]


def load_rules(dbt_project: Path = DBT_PROJECT, on: dt.date | None = None, seeds: Path | None = None) -> Rules:
    """Read the rules from a dbt project: for each component the newest row, or the one valid on a day.

    Args:
        seeds: folder of the registries where it is not that of the project.

    Raises:
        RulesError: the seed or the file of functions is missing or has a value that is not allowed.
    """
    functions = dbt_project / "macros" / "qd766.sql"
    newest: dict[str, Component] = {}
    for component in _components(seeds or dbt_project / "seeds"):
        known = newest.get(component.component_code)
        if known is not None and known.valid_from == component.valid_from:
            raise RulesError(
                tr(
                    "{seed}.csv: {component_code} appears twice from {valid_from} on.",
                    seed=SEED,
                    component_code=component.component_code,
                    valid_from=component.valid_from,
                )
            )
        if (on is None or component.valid_from <= on) and (known is None or known.valid_from < component.valid_from):
            newest[component.component_code] = component
    if not newest:
        raise RulesError(
            tr("{seed}.csv: no row is valid on {day}.", seed=SEED, day=day(on))
            if on
            else tr("{seed}.csv: no row is valid.", seed=SEED)
        )
    match = _FUNCTIONS.search(_read(functions))
    if match is None or "{" in match["sql"]:
        raise RulesError(
            tr(
                "{name}: needs one macro qd766_functions() with plain SQL, without templates, inside.",
                name=functions.name,
            )
        )
    return Rules(list(newest.values()), match["sql"].strip())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(
            tr("{path}: cannot be read as UTF-8 text ({error}).", path=path, error=type(error).__name__)
        ) from None


def _components(seeds: Path) -> Iterable[Component]:
    try:
        seed = read_seed(seeds, SEED)
    except SeedError as problem:
        raise RulesError(str(problem)) from None
    expected = [f.name for f in fields(Component)]
    if seed.heading != expected or seed.broken:
        raise RulesError(tr("{seed}.csv: the columns must be {expected}.", seed=SEED, expected=", ".join(expected)))
    for row in seed.rows:
        where = f"{row.file} line {row.line}"
        for column, allowed in _ALLOWED.items():
            if row[column] not in allowed:
                raise RulesError(f"{where}: {column} is {row[column]!r}; allowed: {', '.join(allowed)}.")
        try:
            typed: dict[str, Any] = {
                "max_points": int(row["max_points"]),
                "threshold_pct": int(row["threshold_pct"]) if row["threshold_pct"] else None,
                "valid_from": dt.date.fromisoformat(row["valid_from"]),
            }
        except (TypeError, ValueError) as error:
            raise RulesError(
                tr(
                    "{where}: {error}; max_points and threshold_pct are integers, valid_from a date.",
                    where=where,
                    error=error,
                )
            ) from None
        threshold, is_capped = typed["threshold_pct"], row["rule"] == "capped"
        if is_capped != (threshold is not None) or (threshold is not None and not 0 < threshold <= 100):
            raise RulesError(
                tr("{where}: threshold_pct, 1 to 100, goes with the rule capped and no other.", where=where)
            )
        yield Component(**{**row, **typed})
