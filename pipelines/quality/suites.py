"""Expectation suites as people write them: one `expectations/<table>.yml` per published table, read strictly.

The vocabulary is Great Expectations' own, closed to the types that run as SQL on DuckDB. Reading needs no Great
Expectations (its import costs seconds), so that a typing error is found before anything is computed:

    table: dossier_timeliness
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: on_time_pct, min_value: 0, max_value: 100}
        severity: block                 # block holds the target back, warn only reports it
        why: a share outside 0..100 means that numerator and denominator count different dossiers
      - type: unexpected_rows_expectation
        kwargs:
          unexpected_rows_query: select * from last_release.dossier_timeliness anti join {batch} b using (month)
        severity: warn
        why: a missing month is a mistake more often than intended
        needs: last_release             # counts as passed while there is no last release of the table
        figure_of: int_dossiers         # a fault of that model's figures: it holds every table of them
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, field_validator, model_validator

# What was seen to pass and to fail on DuckDB. Left out: regex and LIKE (the dialect does not know them), checks that
# exist for data frames only, and checks that compare with another data source or table outside the batch. Nulls
# are left to the checks that ask for them; uniqueness, too, does not compare rows with a null in the key.
EXPECTATION_TYPES = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_null",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_compound_columns_to_be_unique",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "unexpected_rows_expectation",
    }
)
UNEXPECTED_ROWS = "unexpected_rows_expectation"


class SuiteError(ValueError):
    """Suites that cannot be used. One line for each problem: file, line, what is wrong, what is allowed."""


@dataclass(frozen=True)
class Expectation:
    """One check of one table. `id` names it in evidence and stays the same while its type and column do."""

    id: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Literal["block", "warn"]
    why: str
    needs: Literal["last_release"] | None = None
    figure_of: str | None = None
    """The dbt model whose figures the check judges. The check counts for every target that is computed from it, so that
    a figure that is held in one table does not go out in another."""


@dataclass(frozen=True)
class Suite:
    """Every expectation of one published table, in the order of its file."""

    table: str
    expectations: tuple[Expectation, ...]


def read_suites(folder: Path, tables: Collection[str] | None = None) -> dict[str, Suite]:
    """Read every suite of a folder, by table.

    Args:
        folder: holds one `<table>.yml` a published table and nothing else in YAML.
        tables: names of the published tables; None takes any name.

    Raises:
        SuiteError: the folder is missing, or any file holds something that is not allowed. Names every problem.
    """
    if not folder.is_dir():
        raise SuiteError(f"{folder}: no such folder. It holds the expectations, one <table>.yml per published table.")
    suites: dict[str, Suite] = {}
    problems: list[str] = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in {".yml", ".yaml"}):
        try:
            suites[path.stem] = _read_suite(path, tables)
        except SuiteError as error:
            problems.append(str(error))
    if problems:
        raise SuiteError("\n".join(problems))
    return suites


class _ExpectationEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    kwargs: dict[str, Any]
    severity: Literal["block", "warn"]
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    needs: Literal["last_release"] | None = None
    figure_of: Annotated[str, StringConstraints(pattern=r"[a-z][a-z0-9_]*")] | None = None

    @field_validator("type")
    @classmethod
    def _runs_on_duckdb(cls, value: str) -> str:
        if value in EXPECTATION_TYPES:
            return value
        if "regex" in value or "like_pattern" in value:
            raise ValueError(
                f"{value} does not run on DuckDB; write {UNEXPECTED_ROWS} with a query like "
                "select * from {batch} where not regexp_matches(code, '^H27')"
            )
        raise ValueError(
            f"unknown or not usable on DuckDB: {value}; allowed are {', '.join(sorted(EXPECTATION_TYPES))}"
        )

    @model_validator(mode="after")
    def _query_reads_its_batch(self) -> _ExpectationEntry:
        if self.type != UNEXPECTED_ROWS:
            return self
        query = self.kwargs.get("unexpected_rows_query")
        if not isinstance(query, str):
            raise ValueError("kwargs needs unexpected_rows_query, a select that returns the rows that must not be")
        try:
            fields = {name for _, name, _, _ in Formatter().parse(query) if name is not None}
        except ValueError:
            fields = set()
        if fields != {"batch"}:
            raise ValueError("the query must read {batch}, the only placeholder; double any other brace: {{ and }}")
        if "last_release." in query.lower() and self.needs is None:
            raise ValueError("the query reads last_release: add `needs: last_release`")
        return self


class _SuiteFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    table: str
    expectations: list[_ExpectationEntry]

    @field_validator("expectations")
    @classmethod
    def _not_empty(cls, value: list[_ExpectationEntry]) -> list[_ExpectationEntry]:
        if not value:
            raise ValueError("at least one expectation; a suite without any would let everything pass")
        return value


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml: ten times as fast
    """PyYAML keeps the last of two equal keys silently: an expectation would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: list[Any] = []
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is written twice", key_node.start_mark)
            seen.append(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _read_suite(path: Path, tables: Collection[str] | None) -> Suite:
    document, root = _load(path)
    try:
        entry = _SuiteFile.model_validate(document)
    except ValidationError as error:
        lines = (_explain(e["type"], e["msg"], e["loc"], path, root) for e in error.errors(include_url=False))
        raise SuiteError("\n".join(lines)) from None
    where = f"{path.name}, line {_line(root, ('table',))}"
    if path.name != f"{entry.table}.yml":
        raise SuiteError(f"{where}: table {entry.table} belongs into {entry.table}.yml, one file per table.")
    if tables is not None and entry.table not in tables:
        raise SuiteError(f"{where}: {entry.table} is no published table. Published are: {', '.join(sorted(tables))}.")
    return Suite(entry.table, tuple(_identified(entry.expectations, path, root)))


def _load(path: Path) -> tuple[Any, yaml.Node | None]:
    """The document as plain values and as nodes, which know their lines. Text is NFC, as in the warehouse."""
    try:
        loader = _StrictLoader(unicodedata.normalize("NFC", path.read_text(encoding="utf-8")))
        root = loader.get_single_node()
        return (None if root is None else loader.construct_document(root)), root
    except UnicodeDecodeError:
        raise SuiteError(f"{path.name}: not UTF-8. Save the file as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SuiteError(f"{path.name}, line {line}: not usable as YAML: {error.problem}.") from None
    except yaml.YAMLError:
        raise SuiteError(f"{path.name}: not usable as YAML: it holds characters that are not text.") from None


def _explain(kind: str, reason: str, loc: Sequence[str | int], path: Path, root: yaml.Node | None) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)
    reason = reason.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        model: type[BaseModel] = _SuiteFile if len(loc) == 1 else _ExpectationEntry
        reason = f"unknown key; allowed are {', '.join(model.model_fields)}"
    elif kind == "missing":
        reason = "required, but not there"
    return f"{path.name}, line {_line(root, loc)}: {place or 'document'}: {reason}."


def _line(node: yaml.Node | None, loc: Sequence[str | int]) -> int:
    """Line (from 1) of the deepest part of `loc` that the document holds."""
    line = node.start_mark.line + 1 if node else 1
    for part in loc:
        match node:
            case yaml.SequenceNode() if isinstance(part, int):
                node = node.value[part]
                line = node.start_mark.line + 1
            case yaml.MappingNode() if found := [(k, v) for k, v in node.value if k.value == part]:
                key, node = found[0]
                line = key.start_mark.line + 1
            case _:
                break
    return line


def _identified(entries: Sequence[_ExpectationEntry], path: Path, root: yaml.Node | None) -> Iterator[Expectation]:
    """Give each entry its id: `<type>:<column>`, with a hash of the kwargs where that is no name or is taken."""
    taken: set[str] = set()
    checks: set[tuple[str, str]] = set()
    for position, entry in enumerate(entries):
        canonical = json.dumps(entry.kwargs, sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:8]
        if (entry.type, digest) in checks:
            line = _line(root, ("expectations", position))
            raise SuiteError(f"{path.name}, line {line}: expectations.{position + 1}: the same check is there twice.")
        checks.add((entry.type, digest))
        identity = f"{entry.type}:{entry.kwargs.get('column', digest)}"
        if identity in taken:
            identity += f":{digest}"
        taken.add(identity)
        yield Expectation(identity, entry.type, entry.kwargs, entry.severity, entry.why, entry.needs, entry.figure_of)
