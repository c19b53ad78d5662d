"""A pull of a folder: files of the period land; one whose name lacks the day that it needs is told, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.landing.pull import PullError, failed_pulls, pull
from pipelines.landing.store import Landing
from pipelines.sources import all_sources


def test_a_file_without_its_day_fails_the_pull_after_the_others_landed(tmp_path: Path) -> None:
    share, landing = tmp_path / "share", Landing(tmp_path / "raw")
    share.mkdir()
    for name in ("a-thon.csv", "vnpt-thon-30-06-2026.csv", "vnpt-thon-quy3-2026.csv"):
        (share / name).write_text(name)

    def pulled() -> list[str]:
        source = all_sources()["village_coverage"]
        now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
        pull(landing, source, "2026-Q3", str(share), now=lambda: now)
        return [receipt.name for receipt in landing.receipts("village_coverage")]

    with pytest.raises(PullError, match=r"a-thon\.csv has no date in its name.*Name it like a-thon-2026-09-30\.csv"):
        pulled()
    (landed,) = landing.receipts("village_coverage")
    assert (landed.name, landed.partition, str(landed.extracted_on)) == (
        "vnpt-thon-quy3-2026.csv",
        "2026-Q3",
        "2026-09-30",
    )
    assert "a-thon.csv" in failed_pulls(landing.root, "village_coverage")["2026-Q3"]

    (share / "a-thon.csv").rename(share / "a-thon-T9-2026.csv")
    assert pulled() == ["a-thon-T9-2026.csv", "vnpt-thon-quy3-2026.csv"]
    assert failed_pulls(landing.root, "village_coverage") == {}
