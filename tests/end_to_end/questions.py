"""The worked questions of docs/questions.md: each with its SQL and its Python, asked of a release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.release.reader import ReleaseReader
from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "questions.md"


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
