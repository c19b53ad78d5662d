"""Programs in turn: figures that differ, a failure and a missing program are each reported, and a real peer agrees."""
# ruff: noqa: S101

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from benchmarks import bare
from benchmarks.__main__ import PROJECT, in_turn
from benchmarks.environments import FOLDER, PEERS, Peer, install
from benchmarks.figures import KEYS
from benchmarks.peers import day_of, last_day
from benchmarks.processes import Measured, ProgramError, measure
from benchmarks.report import comparison
from samples.dossiers import write_dossiers

SEEDS = PROJECT / "dbt_project" / "seeds"
RUN = Measured(1.0, 100.0, datetime(2026, 11, 30, tzinfo=UTC))


def writes(folder: Path, value: float) -> tuple[Callable[[], Measured], Path]:
    def run() -> Measured:
        folder.mkdir(exist_ok=True)
        for mart in KEYS:
            duckdb.sql(
                f"select date '2026-01-01' as month, 'A' as agency_code, 'HT' as procedure_field_code, {value} as pct"
            ).write_parquet(str(folder / f"{mart}.parquet"))
        return RUN

    return run, folder


def fails() -> Measured:
    raise ProgramError("exit code 3: the last words")


def test_each_program_is_compared_with_the_first_and_the_others_go_on_after_a_failure(tmp_path: Path) -> None:
    programs = {
        "first": writes(tmp_path / "first", 1.25),
        "broken": (fails, tmp_path / "broken"),
        "without a file": (lambda: RUN, tmp_path / "nothing"),
        "wrong": writes(tmp_path / "wrong", 1.26),
        "right": writes(tmp_path / "right", 1.25),
    }
    side, found = in_turn("a sample", programs, 2, {"absent": "not installed: no java"})
    assert side.figures == {
        "first": "equal",
        "broken": "failed",
        "without a file": "failed",
        "wrong": "DIFFERENT",
        "right": "equal",
        "absent": "not installed: no java",
    }
    assert {name: len(runs) for name, runs in side.programs.items()} == {"first": 2, "wrong": 2, "right": 2}
    assert "dossier_timeliness.pct: 1 of 1 rows differ" in found
    assert "exit code 3: the last words" in found
    assert "| absent |" in comparison([side], "machine", "command")


def test_without_the_first_program_nothing_is_compared(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="the last words"):
        in_turn("a sample", {"first": (fails, tmp_path)}, 1, {})


def test_a_peer_that_cannot_be_installed_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no-such-program is not installed"):
        install(Peer("polars", "polars", needs="no-such-program"), tmp_path)


def test_every_folder_of_a_peer_is_run_and_states_its_document_and_its_versions() -> None:
    assert {peer.name for peer in PEERS} == {path.parent.name for path in FOLDER.glob("*/build.py")}
    for peer in PEERS:
        text = (FOLDER / peer.name / "build.py").read_text(encoding="utf-8")
        assert re.search(r"^Follows https://", text, re.MULTILINE), peer
        assert re.search(r"^Does: (.|\n)*^Leaves out: ", text, re.MULTILINE), peer
        lines = peer.requirements.read_text(encoding="utf-8").splitlines()
        packages = [line for line in lines if not line.lstrip().startswith("#")]
        assert packages, peer
        assert [line for line in packages if "==" not in line] == [], peer


def test_the_day_of_a_file_is_in_its_name() -> None:
    assert day_of(Path("a-2024/hoso-2024-02.ndjson.gz")) == date(2024, 2, 29)
    assert last_day([Path("hoso-2026-10-11.ndjson.gz"), Path("hoso-2026-09.ndjson.gz")]) == date(2026, 10, 11)


@pytest.mark.slow
def test_polars_has_the_figures_of_the_bare_script_and_a_wrong_one_is_reported(tmp_path: Path) -> None:
    try:
        python = install(PEERS[0], tmp_path)
    except ProgramError as problem:
        pytest.skip(f"the environment of polars cannot be made here: {str(problem).splitlines()[-1]}")
    raw = tmp_path / "raw"
    write_dossiers(raw, SEEDS, rows=2_000, seed=42, first=date(2025, 1, 1), last=date(2026, 10, 10), dirt=0)

    def computed() -> Measured:
        bare.build(raw, SEEDS, tmp_path / "bare", threads=2, memory="1GB")
        return RUN

    def peer(out: Path) -> Measured:
        options = [f"--raw={raw}", f"--seeds={SEEDS}", f"--out={out}"]
        command = [str(python), "-m", "benchmarks.peers.polars.build", *options]
        return measure(command, cwd=PROJECT, environment=os.environ, log=tmp_path / "log")

    def altered(out: Path) -> Measured:
        measured, file = peer(out), str(out / "online_submission.parquet")
        duckdb.sql(
            f"select * replace (online + (row_number() over () = 1)::int as online) from '{file}'"
        ).write_parquet(f"{file}.new")
        Path(f"{file}.new").replace(file)
        return measured

    programs: dict[str, tuple[Callable[[], Measured], Path]] = {
        "bare": (computed, tmp_path / "bare"),
        "polars": (lambda: peer(tmp_path / "polars"), tmp_path / "polars"),
        "altered": (lambda: altered(tmp_path / "altered"), tmp_path / "altered"),
    }
    side, found = in_turn("2,000 dossiers", programs, 1, {})
    assert side.figures == {"bare": "equal", "polars": "equal", "altered": "DIFFERENT"}
    assert [text for text in found if "online_submission.online: 1 of" in text] == found
