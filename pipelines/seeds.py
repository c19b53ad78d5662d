"""The one reader of registries: the seeds, CSV files that people edit, which dbt loads too.

The folder comes from the settings (`Settings.seeds`). Nothing is read until it is asked for. Rows are text; `day`,
`number` and others give a cell its type. Whether a registry keeps what its description asks for is seen by
`quality/registries.py`; a caller here gets an error that names file, line and column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.language import tr


class SeedError(ValueError):
    """A registry cannot be used: its file, what is wrong, and how to fix it."""

    def __init__(self, file: str, what: str, fix: str) -> None:
        super().__init__(f"{file}: {what}: {fix}.")
        self.what, self.fix = what, fix


class SeedRow(dict[str, str]):
    """The cells of one row by column, with its file and line."""

    def __init__(self, file: str, line: int, cells: dict[str, str]) -> None:
        super().__init__(cells)
        self.file, self.line = file, line

    def __missing__(self, column: str) -> str:
        raise SeedError(self.file, tr("there is no column {column}", column=column), tr("put its heading back"))

    def day(self, column: str) -> date:
        try:
            return date.fromisoformat(self[column])
        except ValueError:
            raise self._misread(column, tr("no date"), tr("write it as 2026-01-31")) from None

    def number(self, column: str) -> float:
        try:
            return float(self[column])
        except ValueError:
            raise self._misread(column, tr("no number"), tr("write it as 12.5")) from None

    def day_or_none(self, column: str) -> date | None:
        return self.day(column) if self[column] else None

    def number_or_none(self, column: str) -> float | None:
        return self.number(column) if self[column] else None

    def is_true(self, column: str) -> bool:
        return self[column] == "true"

    def _misread(self, column: str, what: str, fix: str) -> SeedError:
        return SeedError(
            tr("{file}, line {line}", file=self.file, line=self.line) + f", {column}",
            tr("{cell!r} is {what}", cell=self[column], what=what),
            fix,
        )


@dataclass(frozen=True)
class Seed:
    """A registry as in its file. `broken` has each line that does not fit the heading, with its count of cells."""

    heading: list[str]
    rows: list[SeedRow]
    broken: list[tuple[int, int]]


def read_seed(seeds: Path, name: str) -> Seed:
    """Read a registry, lines that do not fit its heading set apart.

    Raises:
        SeedError: the file is missing or is not text in UTF-8.
    """
    path = seeds / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            heading = next(reader, [])
            rows, broken = [], []
            for cells in reader:
                if len(cells) == len(heading):
                    rows.append(SeedRow(path.name, reader.line_num, dict(zip(heading, cells, strict=True))))
                elif cells:
                    broken.append((reader.line_num, len(cells)))
    except FileNotFoundError:
        raise SeedError(path.name, tr("the file is missing"), tr("put it back into {seeds}", seeds=seeds)) from None
    except UnicodeDecodeError:
        raise SeedError(path.name, tr("it is not written in UTF-8"), tr("save it as CSV UTF-8")) from None
    return Seed(heading, rows, broken)


def seed_rows(seeds: Path, name: str) -> Iterator[SeedRow]:
    """The rows of a registry, read when the first is asked for.

    Raises:
        SeedError: the file cannot be read, or a line does not fit its heading.
    """
    seed = read_seed(seeds, name)
    for line, cells in seed.broken:
        raise SeedError(tr("{file}, line {line}", file=f"{name}.csv", line=line), *misfit(cells, seed))
    yield from seed.rows


def misfit(cells: int, seed: Seed) -> tuple[str, str]:
    """What is wrong with a line of so many cells, and how to fix it."""
    what = tr("{cells} cells where the heading has {columns}", cells=cells, columns=len(seed.heading))
    return what, tr('put a text with a comma in quotation marks, "…"')


def seed_sql(seeds: Path, name: str) -> str:
    """A registry as a relation of DuckDB, all text. `name` is an expression of SQL: `'areas'`, or a macro's argument.

    The dialect is given, since detecting it takes longer than reading.
    """
    folder = str(seeds).replace("'", "''")
    return (
        f"read_csv('{folder}/' || {name} || '.csv', header = true, all_varchar = true, delim = ',', "
        """quote = '"', escape = '"', sample_size = 1)"""
    )
