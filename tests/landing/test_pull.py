"""A pull of a folder: files of the period land; one whose name lacks the required day is reported, not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.landing.pull import PullError, failed_pulls, pull
from pipelines.landing.store import Landing
from pipelines.sources import all_sources
from pipelines.sources.base import Ask, Fetched


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


class Answers:
    """A source whose second answer raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, ask: Ask) -> Iterator[Fetched]:
        yield Fetched("first.json", b"1", "https://example.invalid/1", 200, None, date(2026, 11, 20))
        raise self.error


class Panic(BaseException):
    """As the panics of libraries in Rust."""


@pytest.mark.parametrize(
    "error",
    [UnicodeEncodeError("utf-8", "0912345678", 0, 1, "0912345678"), RecursionError("0912345678"), Panic("0912345678")],
)
def test_an_answer_that_raises_is_a_failed_pull_on_record_and_the_others_land(
    tmp_path: Path, error: BaseException
) -> None:
    landing = Landing(tmp_path / "raw")
    source = replace(all_sources()["dossiers"], fetch=Answers(error), manner=None)
    now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    with pytest.raises(PullError, match=type(error).__name__) as raised:
        pull(landing, source, "2026-11", "https://example.invalid", now=lambda: now)
    assert [receipt.name for receipt in landing.receipts("dossiers")] == ["first.json"]
    note = failed_pulls(landing.root, "dossiers")["2026-11"]
    assert type(error).__name__ in note
    assert "0912345678" not in note + str(raised.value)


def test_links_and_personal_names_in_a_folder_are_not_taken_and_the_others_are(tmp_path: Path) -> None:
    share, landing = tmp_path / "share", Landing(tmp_path / "raw")
    share.mkdir()
    (tmp_path / "secret").write_text("secret")
    (share / "a-2026-11-01.json").symlink_to(tmp_path / "secret")
    (share / "b-0912345678-2026-11-01.json").write_text("b")
    (share / "c-2026-11-01.json").write_text("c")
    now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    with pytest.raises(PullError, match=r"is a link.*1 more files cannot be taken") as raised:
        pull(landing, all_sources()["onestop_exports"], "2026-11", str(share), now=lambda: now)
    assert [receipt.name for receipt in landing.receipts("onestop_exports")] == ["c-2026-11-01.json"]
    assert "0912345678" not in str(raised.value)
