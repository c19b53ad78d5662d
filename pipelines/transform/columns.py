"""The dictionary of columns: what a column means that stands in two or more marts, in `dbt_project/columns.yml`.

dbt needs type, titles, unit and description at every column of every mart. For the columns of the dictionary,
`python -m pipelines.dictionary` writes them there; a mart listed under `own` keeps its own description.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_ENTRY = re.compile(r"^ {6}- name: (\w+)\n((?: {8}.*\n)*)", re.MULTILINE)
_FACT = re.compile(r"^ {8}(data_type|description|config):.*\n(?: {9}.*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class SharedColumn:
    """One entry of the dictionary. `own` names the yml files, without ending, that describe the column themselves."""

    data_type: str
    title_vi: str
    title_en: str
    description: str
    unit: str | None = None
    own: tuple[str, ...] = ()


def read_columns(project: Path) -> dict[str, SharedColumn]:
    """The dictionary of a dbt project, by name of the column."""
    entries = yaml.safe_load((project / "columns.yml").read_text(encoding="utf-8"))
    return {name: SharedColumn(**{**entry, "own": tuple(entry.get("own", ()))}) for name, entry in entries.items()}


def with_shared_columns(text: str, file: str, columns: Mapping[str, SharedColumn]) -> str:
    """The yml of a mart with the entries of shared columns as the dictionary has them. Their tests stay.

    Args:
        text: the yml.
        file: its name without ending, as `own` lists it.
        columns: the dictionary.
    """

    def entry(match: re.Match[str]) -> str:
        name, body = match.groups()
        column = columns.get(name)
        if column is None:
            return match.group()
        description = f"        description: {_quoted(column.description)}\n"
        if file in column.own:
            description = next(fact.group() for fact in _FACT.finditer(body) if fact.group(1) == "description")
        meta = f"title_vi: {_quoted(column.title_vi)}, title_en: {_quoted(column.title_en)}"
        meta += f", unit: {_quoted(column.unit)}" if column.unit else ""
        return (
            f"      - name: {name}\n        data_type: {column.data_type}\n{description}"
            f"        config: {{meta: {{{meta}}}}}\n"
            f"{_FACT.sub('', body)}"
        )

    return _ENTRY.sub(entry, text)


def write_shared_columns(project: Path) -> list[Path]:
    """Bring the yml of every mart up to date; the files that changed."""
    columns, changed = read_columns(project), []
    for path in sorted((project / "models" / "marts").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if (now := with_shared_columns(text, path.stem, columns)) != text:
            path.write_text(now, encoding="utf-8")
            changed.append(path)
    return changed


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
