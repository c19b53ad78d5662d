"""Words that the project no longer uses, each with the term to write instead (CONTRIBUTING.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT

SCANNED = (
    *("pipelines", "samples", "benchmarks", "hatinh", "deploy", "tests", "expectations", "docs"),
    *("dbt_project/models", "dbt_project/macros", "dbt_project/seeds", "dbt_project/tests", "dbt_project/columns.yml"),
    *("README.md", "CONTRIBUTING.md", "CHANGES.md", "Makefile", "pyproject.toml"),
)
"""Folders and files, relative to the project. Registries (CSV) quote documents, so their words are not ours."""
SUFFIXES = frozenset({".py", ".sql", ".yml", ".md", ".html", ".toml", ""})
UNITS = "source|target|table|mart|step|file|column|indicator|row|month|sheet|pillar"
BETTER = {
    r"\b(told|tells|says)\b": "reported, states",
    r"\bmend(s|ed|ing)?\b": "fix, how to fix",
    r"\bstepped aside\b": "superseded",
    r"\bfrom the ground\b": "full rebuild",
    r"\b(torn|cut off)\b(?!-)": "truncated",
    r"\bwithout a word\b": "silently",
    r"\bbears? witness\b": "reports coverage",
    r"\bof before\b": "previous",
    r"(?<!as )\bof today\b": "current",
    r"(?<!no longer )\bin force\b(?! since)": "active",  # a law is in force since a day
    r"\bout of force\b": "withdrawn, superseded",
    r"\bbook of files\b": "register of files",
    rf"\bone \w+ an? ({UNITS})\b": "one X per Y",
}
"""Regular expression, case ignored, to the better wording."""
ANY = re.compile("|".join(BETTER), re.IGNORECASE)


def old_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, old word and better word."""
    for number, line in enumerate(text.splitlines() if ANY.search(text) else (), 1):
        for pattern, better in BETTER.items():
            for found in re.finditer(pattern, line, re.IGNORECASE):
                yield number, found.group(), better


def scanned_files() -> Iterator[Path]:
    for name in SCANNED:
        place = PROJECT_ROOT / name
        assert place.exists(), f"{name} has moved: correct SCANNED"
        paths = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in paths if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__))


def test_old_words_do_not_come_back() -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{line}: {word!r}, write: {better}"
        for path in scanned_files()
        for line, word, better in old_words(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The name tells the day.", ["tells"]),
        ("It is in force, and it is no longer in force.", ["in force"]),
        ("one row a month", ["one row a month"]),
        ("one row per month, a recommended commune", []),
    ],
)
def test_a_word_is_found_with_its_line(text: str, words: list[str]) -> None:
    assert [(line, word) for line, word, _ in old_words(f"\n{text}")] == [(2, word) for word in words]
