"""What a check found, and what follows from it for a target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Evidence:
    """One check and its outcome. `detail` is a sentence for people and never holds values of single rows."""

    check: str
    kind: Literal["build", "load", "dbt_test", "expectation", "registry", "missing"]
    table: str
    severity: Literal["block", "warn"]
    passed: bool
    detail: str = ""
    observed: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a target may be published, and why. It passes when no blocking check failed."""

    target: str
    evidence: tuple[Evidence, ...]

    @property
    def passed(self) -> bool:
        return not self.blocking

    @property
    def blocking(self) -> tuple[Evidence, ...]:
        return tuple(e for e in self.evidence if not e.passed and e.severity == "block")

    @property
    def is_final(self) -> bool:
        """Whether the same data give the same verdict: nothing blocks it that was not built or not evaluated.

        A model or check that failed for lack of memory or disk is tried again by the next run.
        """
        return not any(e.kind in ("missing", "build") for e in self.blocking)

    @property
    def warnings(self) -> tuple[Evidence, ...]:
        return tuple(e for e in self.evidence if not e.passed and e.severity == "warn")


def verdicts(targets: Iterable[str], evidence: Iterable[tuple[str, Evidence]]) -> dict[str, Verdict]:
    """Gather (target, evidence) pairs into one verdict per target, in the order of `targets`."""
    gathered: dict[str, list[Evidence]] = {target: [] for target in targets}
    for target, item in evidence:
        gathered[target].append(item)
    return {target: Verdict(target, tuple(items)) for target, items in gathered.items()}
