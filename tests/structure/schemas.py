"""The schema of every published table, one line each. `python tests/structure/schemas.py` writes the snapshot.

A line whose columns, types or key changed and whose schema version did not is refused: the release would be, too.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipelines.platform import Platform
from pipelines.release.describe import SAMPLES, column_types, states_samples
from pipelines.settings import PROJECT_ROOT, load_settings
from pipelines.transform.marts import Mart

SNAPSHOT = PROJECT_ROOT / "tests" / "structure" / "schemas.txt"


def lines(marts: Sequence[Mart]) -> dict[str, tuple[int, str]]:
    """By table: its schema version, and its key and columns as one text."""
    found = {}
    for mart in marts:
        columns = [f"{column.name} {kind}" for column, kind in zip(mart.columns, column_types(mart), strict=True)]
        columns += [] if states_samples(mart) else [f"{SAMPLES['name']} {SAMPLES['duckdb_type']}"]
        found[mart.name] = mart.schema_version, f"({', '.join(mart.key)}) {', '.join(columns)}"
    return found


def read() -> dict[str, tuple[int, str]]:
    """The snapshot."""
    found = {}
    for line in SNAPSHOT.read_text(encoding="utf-8").splitlines() if SNAPSHOT.exists() else ():
        name, version, schema = line.split(" ", 2)
        found[name] = int(version), schema
    return found


def undeclared(now: dict[str, tuple[int, str]], snapshot: dict[str, tuple[int, str]]) -> list[str]:
    """Tables with another schema under the version that the snapshot has."""
    return [
        name
        for name, (version, schema) in now.items()
        if name in snapshot and snapshot[name][0] == version and snapshot[name][1] != schema
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        schemas = lines(Platform(load_settings(data_dir=Path(folder))).project.marts)
    if changed := undeclared(schemas, read()):
        sys.exit(
            f"The schema changed of {', '.join(changed)}: raise config.meta.schema_version in the yml (it is 1 where "
            "there is none), add a row under Schema changes in CHANGES.md, then write the snapshot again."
        )
    text = "".join(f"{name} {version} {schema}\n" for name, (version, schema) in sorted(schemas.items()))
    SNAPSHOT.write_text(text, encoding="utf-8")
