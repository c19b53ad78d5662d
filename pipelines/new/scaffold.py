"""The files of a new source, mart or target, as the recipes in CONTRIBUTING.md list them, tests included.

What is written works at once: it parses, builds and passes the structure tests. TODO marks what a person has to state.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path
from string import Template

import yaml

from pipelines.language import tr
from pipelines.quality.registries import faults
from pipelines.seeds import read_seed, seed_rows

_TEMPLATES = Path(__file__).with_name("templates")
_LAST_OF_RAW = "      - name: files\n"
"""In `_sources.yml` the raw tables of sources stand before the register of files."""
_IN_STATE = "| Operation |"
_GENERATORS = (
    ("-m", "pipelines.dictionary"),
    ("tests/structure/graph.py",),
    ("tests/structure/schemas.py",),
    ("-m", "pipelines.cli.messages"),
)
CHANGES_HEADING = "## Not released yet\n"


class CannotWrite(ValueError):
    """What was asked for cannot be written; nothing was. The message states why."""


def new_source(name: str, title: str, project: Path) -> list[Path]:
    """A source: its reader, raw table, staging model with its tests, and a test of its bytes."""
    _check_name(name)
    staging = project / "dbt_project" / "models" / "staging"
    files = {
        project / "pipelines" / "sources" / f"{name}.py": "source.py",
        staging / name / f"stg_{name}.sql": "stg.sql",
        staging / name / f"stg_{name}.yml": "stg.yml",
        project / "tests" / "sources" / f"test_{name}.py": "test_source.py",
    }
    values = {"name": name, "title": title}
    register, state = staging / "_sources.yml", project / "docs" / "state.md"
    edits = {
        register: _inserted(register, _LAST_OF_RAW, _filled("sources_entry.yml", values)),
        state: _inserted(state, _IN_STATE, f"| {title} | source `{name}` | TODO what of it was tried |\n"),
    }
    return _write(files, values, edits)


def new_mart(name: str, target: str, title: str, project: Path) -> list[Path]:
    """A mart in its target: model with contract and tests, expectations, method page, golden case."""
    _check_name(name)
    _check_name(target)
    folder, golden = project / "dbt_project" / "models" / "marts" / target, project / "tests" / "golden" / name
    files = {
        folder / f"{name}.sql": "mart.sql",
        folder / f"{name}.yml": "mart.yml",
        project / "expectations" / f"{name}.yml": "expectations.yml",
        golden / "first_case" / "README.md": "golden.md",
        golden / "first_case" / "expected.csv": "golden.csv",
    }
    page = project / "docs" / "methods" / f"{target}.md"
    if not page.exists():
        files[page] = "method.md"
    columns = yaml.safe_load((project / "dbt_project" / "columns.yml").read_text(encoding="utf-8"))
    values = {"name": name, "title": title}
    values |= {column: columns[column]["description"] for column in ("area_code", "obs_status", "has_samples")}
    changes = project / "CHANGES.md"
    line = f"\n- `{name}`: new table, {title}.\n"
    text = changes.read_text(encoding="utf-8")
    edits = {changes: _inserted(changes, CHANGES_HEADING, line, after=True)} if CHANGES_HEADING in text else {}
    return _write(files, values, edits)


def new_target(name: str, pillar: str, indicator: str, title: str, project: Path) -> list[Path]:
    """A row of `targets.csv`, without a value, on an indicator that exists.

    Raises:
        CannotWrite: the row would be a fault of the registries: the message names the cell.
    """
    _check_name(name)
    seeds = project / "dbt_project" / "seeds"
    path = seeds / "targets.csv"
    before = path.read_text(encoding="utf-8")
    known = {row["indicator"]: row for row in seed_rows(seeds, "indicators")}
    if indicator not in known:
        raise CannotWrite(
            tr(
                "indicators.csv has no {indicator}: add its row first (unit, direction, bounds, definition)",
                indicator=indicator,
            )
        )
    row = {
        **{"target_id": name, "pillar": pillar, "title_vi": title, "title_en": title, "level": "province"},
        **{"measured_for": "province", "indicator": indicator, "unit": known[indicator]["unit"]},
        **{"direction": known[indicator]["direction"], "is_proxy": "false", "is_strict": "false", "grade": "C"},
        **{"responsible_agency": "TODO", "responsible_basis": "proposed", "document": "TODO"},
        "note": "TODO no number is set: value, year and document",
    }
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, read_seed(seeds, "targets").heading, restval="", lineterminator="\n").writerow(row)
    if wrong := faults(seeds, project / "docs" / "methods"):
        path.write_text(before, encoding="utf-8")
        raise CannotWrite("\n".join(str(fault) for fault in wrong))
    return [path]


def generate(project: Path) -> list[str]:
    """Write the generated files again: shared columns, dictionary, settings, graph of assets, schemas, texts."""
    done = []
    for command in _GENERATORS:
        subprocess.run([sys.executable, *command], cwd=project, check=True, capture_output=True)  # noqa: S603
        done.append(" ".join(("python", *command)))
    return done


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,39}", name):
        raise CannotWrite(tr("{name!r} is no name: small letters, digits and _, like it_training", name=name))


def _filled(template: str, values: dict[str, str]) -> str:
    return Template((_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)


def _inserted(path: Path, mark: str, text: str, *, after: bool = False) -> str:
    """The text of a file with some more before a mark, or after it."""
    before = path.read_text(encoding="utf-8")
    if before.count(mark) != 1:
        raise CannotWrite(
            tr(
                "{name} has {mark!r} not once: add the lines by hand\n{text}",
                name=path.name,
                mark=mark.strip(),
                text=text,
            )
        )
    return before.replace(mark, mark + text if after else text + mark)


def _write(files: dict[Path, str], values: dict[str, str], edits: dict[Path, str]) -> list[Path]:
    """All files, or none where one is there already."""
    if there := [path for path in files if path.exists()]:
        raise CannotWrite(tr("{there} is there already; nothing was written", there=", ".join(map(str, there))))
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template, values), encoding="utf-8")
    for path, text in edits.items():
        path.write_text(text, encoding="utf-8")
    return [*files, *edits]
