"""What was demanded and how often it held, and the section of docs/reliability.md that states it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Tally:
    """The counts of one scenario, by case and demand in the order in which they were first asked."""

    scenario: str
    trials: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    not_tried: dict[str, str] = field(default_factory=dict)
    phases: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def demand(self, case: str, what: str, wrong: Sequence[str] | bool | str = ()) -> None:
        """Count one trial. `wrong` is what was found wrong; nothing, when it held."""
        self.trials[case, what] += 1
        if wrong:
            text = wrong if isinstance(wrong, str) else "; ".join(wrong) if isinstance(wrong, Sequence) else ""
            self.failures.append(f"{case}: {what}")
            print(f"  {case}: not held: {what} ({text[-1000:]})", flush=True)  # paths of this machine stay off the page
        else:
            self.held[case, what] += 1

    def skip(self, case: str, reason: str) -> None:
        self.not_tried[case] = reason
        print(f"  {case}: not tried: {reason}", flush=True)

    @property
    def counts(self) -> tuple[int, int]:
        """How many demands held, of how many."""
        return sum(self.held.values()), sum(self.trials.values())

    def lines(self, version: str, command: str) -> Iterator[str]:
        yield f"{datetime.now(UTC):%d %B %Y}, version {version}, `{command}`.\n"
        yield "| case | demanded | trials | held |\n|---|---|---|---|"
        for (case, what), count in self.trials.items():
            yield f"| {case} | {what} | {count} | {self.held[case, what]} |"
        for case, reason in self.not_tried.items():
            yield f"| {case} | not tried: {reason} | 0 | – |"
        if self.phases:
            yield f"\n| phase in which the kill fell | {' | '.join(self.phases)} |\n|---{'|---' * len(self.phases)}|"
            yield f"| kills | {' | '.join(map(str, self.phases.values()))} |"
        for note in self.notes:
            yield f"\n{note}"
        if self.failures:
            yield "\nNot held:\n"
            yield from (f"- {failure}" for failure in dict.fromkeys(self.failures))
