"""What dbt reported of each node, as plain values that the gate can judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["success", "unchanged", "pass", "warn", "fail", "error", "skipped"]
"""dbt's own values, and `unchanged`: the node was built under this very project, and only that decides what it is."""


@dataclass(frozen=True)
class NodeResult:
    """Outcome of one dbt node in one run. `failures` counts the rows that a test found; None for models and seeds.

    `rules` has the failures of each rule that a test of column rules holds.
    """

    unique_id: str
    resource_type: Literal["model", "seed", "test", "unit_test"]
    name: str
    status: Status
    message: str
    failures: int | None
    seconds: float
    rules: tuple[tuple[str, int], ...] = ()
