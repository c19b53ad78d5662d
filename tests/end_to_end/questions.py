"""The worked questions of docs/questions.md: each with its SQL, its Python and its R, asked of a release."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.release.reader import ReleaseReader
from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "questions.md"
_R_TYPES = {"VARCHAR": "c", "BOOLEAN": "l", "DATE": "D", "TIMESTAMP WITH TIME ZONE": "T"}


@dataclass(frozen=True)
class Question:
    """One section of the page."""

    title: str
    blocks: dict[str, str]

    def by_sql(self, release: Path) -> pl.DataFrame:
        with duckdb.connect(release / "marts.duckdb", read_only=True) as connection:
            return connection.execute(self.blocks["sql"]).pl()

    def by_python(self, release: Path) -> pl.DataFrame:
        names: dict[str, Any] = {"release": ReleaseReader(release), "pl": pl}
        exec(self.blocks["python"], names)  # noqa: S102  (our own page)
        answer: pl.DataFrame = names["answer"]
        return answer


def questions() -> list[Question]:
    """Every section, in the order of the page."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    return [
        Question(
            section.partition("\n")[0], dict(re.findall(r"^```(\w+)\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
        )
        for section in sections
    ]


R_PACKAGES = "suppressPackageStartupMessages({library(dplyr); library(lubridate); library(readr)})"
_R_ON_CSV = """
con <- NULL
kinds <- c(KINDS)
tbl <- function(con, name) read_csv(paste0(name, ".csv"), na = "<null>", col_types = kinds[[name]])
"""


def by_r(release: Path, asked: Sequence[Question], folder: Path) -> list[pl.DataFrame]:
    """The answers of R, with the types of the SQL. Each table that a block reads becomes a CSV in `folder`."""
    kinds_of = []
    with duckdb.connect(release / "marts.duckdb", read_only=True) as connection:
        for name in sorted({name for q in asked for name in re.findall(r'tbl\(con, "(\w+)"\)', q.blocks["r"])}):
            described = connection.execute(f"describe {name}").fetchall()
            kinds_of.append(f'`{name}` = "{"".join(_R_TYPES.get(kind, "d") for _, kind, *_ in described)}"')
            connection.execute(f"copy {name} to '{folder}/{name}.csv' (nullstr '<null>')")
    script = [R_PACKAGES, _R_ON_CSV.replace("KINDS", ", ".join(kinds_of))]
    for number, question in enumerate(asked):
        script += [question.blocks["r"], f'write_csv(answer, "{number}.answer", na = "<null>")']
    (folder / "questions.R").write_text("\n".join(script), encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", "questions.R"], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    with duckdb.connect(release / "marts.duckdb", read_only=True) as connection:
        answers = []
        for number, question in enumerate(asked):
            kinds = {
                name: kind for name, kind, *_ in connection.execute(f"describe {question.blocks['sql']}").fetchall()
            }
            file = f"'{folder}/{number}.answer', header = true, nullstr = '<null>', columns = {kinds}"
            answers.append(connection.execute(f"select * from read_csv({file})").pl())
        return answers
