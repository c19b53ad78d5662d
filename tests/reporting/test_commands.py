"""The commands: what they write, how they end, and that they say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner
from workbooks import typed

from pipelines.cli import app


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HATINH_DATA_DIR": str(tmp_path / "data")}


def reported(result: Result) -> str:
    """What was printed, however wide the terminal is."""
    return " ".join(result.output.split())


def test_a_template_is_written_filled_and_checked(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "bieu.xlsx"
    asked = ["template", "it_workforce", "--period", "2025", "--agency", "H27.4", "--out", str(path)]
    result = CliRunner().invoke(app, asked, env=environment)
    assert result.exit_code == 0, result.output
    assert "2 rows, due 30 Jan 2026" in reported(result)

    path.write_bytes(typed(path.read_bytes(), {(1, "value"): 424}))
    good = CliRunner().invoke(app, ["check-report", str(path)], env=environment)
    assert good.exit_code == 0
    assert "2 rows = 1 with figures + 1 blank + 0 wrong" in reported(good)
    assert not (tmp_path / "bieu-marked.xlsx").exists()

    path.write_bytes(typed(path.read_bytes(), {(2, "value"): -3}))
    wrong = CliRunner().invoke(app, ["check-report", str(path)], env=environment)
    assert wrong.exit_code == 1
    assert "Ngoài khoảng" in reported(wrong)
    assert (tmp_path / "bieu-marked.xlsx").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["template", "it_stff", "--period", "2026"], "Did you mean it_staff"),
        (["template", "it_staff", "--period", "quý 3"], "2026-Q3"),
        (["template", "it_staff", "--period", "2026", "--out", "no/such/folder.xlsx"], "cannot be written"),
        (["reports"], "hatinh run"),
        (["reports", "--period", "2026-Q9"], "2026-Q3"),
    ],
)
def test_who_asks_wrongly_is_told_what_to_ask(command: list[str], said: str, environment: dict[str, str]) -> None:
    result = CliRunner().invoke(app, command, env=environment)
    assert result.exit_code == 2
    assert said in reported(result)


def test_nothing_landed_gives_nothing_back(environment: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["reports", "--returned"], env=environment)
    assert (result.exit_code, reported(result)) == (0, "0 workbooks to send back")


def test_each_agency_gets_a_workbook_of_its_own(tmp_path: Path, environment: dict[str, str]) -> None:
    asked = ["template", "work_files_online_pct", "--period", "2026-Q3", "--each-agency", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, asked, env=environment)
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in tmp_path.glob("*.xlsx"))
    assert len(names) > 69, "69 communes, and the agencies of the province"
    assert "bieu-bao-cao_work_files_online_pct_2026-Q3_H27.101.xlsx" in names
    assert CliRunner().invoke(app, [*asked, "--agency", "H27.4"], env=environment).exit_code == 2
