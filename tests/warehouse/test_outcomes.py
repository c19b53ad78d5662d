"""The outcome of each landed file in the warehouse and in `hatinh files`: loaded, refused, replaced."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.landing.store import Receipt
from pipelines.settings import load_settings
from pipelines.sources import all_sources
from pipelines.sources.province import Province, quadkeys
from pipelines.warehouse.load import FileOutcome, file_outcomes, quarantine_counts, refused_files, truncated_files

if TYPE_CHECKING:
    from conftest import World

NEAR = quadkeys(Province.of(load_settings()).box, 16)
OOKLA = all_sources()["ookla_tiles"]
MOBILE = "2026-04-01_performance_mobile_tiles.parquet"
AGAIN = "2026-04-01_performance_mobile_tiles (1).parquet"
"""As a browser names a second download: the same quarter and network."""
NO_TESTS = "no record of ookla_tiles in it (1 rows, first reason missing_column: tests)"


def tiles(count: int, *, without: str = "", tests: int = 7) -> bytes:
    numbers = {"avg_d_kbps": 90_000, "avg_u_kbps": 45_000, "avg_lat_ms": 12, "tests": tests, "devices": 1}
    table = {"quadkey": sorted(NEAR)[:count], **{name: [n] * count for name, n in numbers.items()}}
    content = io.BytesIO()
    pq.write_table(pa.table({name: column for name, column in table.items() if name != without}), content)
    return content.getvalue()


def workbook(*sheets: list[list[str]]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(content)
    return content.getvalue()


def outcome_of(world: World, receipt: Receipt) -> FileOutcome:
    with world.warehouse.connect() as connection:
        return file_outcomes(connection, receipt.source)[receipt.sha256, receipt.name]


def printed(world: World, *command: str) -> str:
    env = {"HATINH_DATA_DIR": str(world.landing.root.parent), "NO_COLOR": "1"}
    result = CliRunner().invoke(app, command, env=env)
    assert result.exit_code == 0, result.output
    return result.output


def files_said(world: World, source: str) -> dict[str, str]:
    """What `hatinh files` shows of each file, by the first digits of its sha256."""
    heading, *lines = [line for line in printed(world, "files", source).splitlines() if line.strip()]
    said: dict[str, str] = {}
    for line in lines:  # the last column, however wide the console of this process is
        if key := re.match(r" *([0-9a-f]{12}) ", line):
            said[key[1]] = ""
        if said:
            last = next(reversed(said))
            said[last] = f"{said[last]} {line[heading.index('Status') :].strip()}".strip()
    return said


def test_a_later_file_about_the_same_subject_replaces_the_first_and_is_reported(world: World) -> None:
    first, other = world.land(MOBILE, tiles(3), OOKLA), world.land(MOBILE.replace("mobile", "fixed"), tiles(2), OOKLA)
    world.load()
    assert outcome_of(world, first) == FileOutcome("loaded")
    second = world.land(AGAIN, tiles(2, tests=0), OOKLA)  # a tile without a test cannot be: refused whole
    world.load()
    assert outcome_of(world, second).status == "refused"
    assert outcome_of(world, first) == FileOutcome("loaded"), "what was refused replaces nothing"
    assert "1 of 2 rows" in printed(world, "quarantine", "ookla_tiles", "--limit", "1")
    third = world.land(MOBILE, tiles(1), OOKLA)
    world.load()
    assert outcome_of(world, first) == FileOutcome("replaced", None, third.sha256)
    assert outcome_of(world, second).status == "replaced", "the right file came: nothing waits for anybody"
    assert (outcome_of(world, third), outcome_of(world, other)) == (FileOutcome("loaded"), FileOutcome("loaded"))
    with world.warehouse.connect() as connection:
        assert refused_files(connection) == {}
        assert quarantine_counts(connection)["ookla_tiles"] == (3, 0), "rows of replaced files count no more"
    assert "no_test" not in printed(world, "quarantine", "ookla_tiles")
    said = files_said(world, "ookla_tiles")
    assert said[first.sha256[:12]] == f"replaced by {third.sha256[:12]}"
    assert said[third.sha256[:12]] == said[other.sha256[:12]] == "active"
    world.landing.withdraw("ookla_tiles", third.sha256, "wrong quarter", world.landed_at)
    world.load()
    assert outcome_of(world, first) == FileOutcome("loaded"), "without its successor it counts again"


def test_a_truncated_file_is_replaced_by_any_file_about_the_same_subject(world: World) -> None:
    content = tiles(40)
    world.land(MOBILE, content[:-200], OOKLA)
    world.load()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {"ookla_tiles": [(MOBILE, "unreadable_parquet")]}
    world.land(AGAIN, content, OOKLA)
    world.load()
    with world.warehouse.connect() as connection:
        assert (truncated_files(connection), refused_files(connection)) == ({}, {})


def test_a_workbook_with_figures_on_two_sheets_is_complete_but_not_read_completely(world: World) -> None:
    source, name = all_sources()["village_coverage"], "viettel-thon-2026-09-30.xlsx"
    rows = [["Xã", "Thôn", "4G"], ["Thành Sen", "Thôn 1", "có"]]
    world.land(name, workbook(rows, rows), source)
    world.load()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {"village_coverage": [(name, "further_sheet")]}
    world.land(name, workbook([*rows, ["Thành Sen", "Thôn 2", "không"]]), source)
    world.load()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {}


def test_a_refused_file_has_its_reason(world: World) -> None:
    refused = world.land(MOBILE, tiles(3, without="tests"), OOKLA)
    assert files_said(world, "ookla_tiles") == {refused.sha256[:12]: "active"}, "not loaded yet"
    world.load()
    assert outcome_of(world, refused) == FileOutcome("refused", NO_TESTS)
    assert files_said(world, "ookla_tiles") == {refused.sha256[:12]: f"refused: {NO_TESTS}"}
    with world.warehouse.connect() as connection:
        assert refused_files(connection) == {"ookla_tiles": [(MOBILE, NO_TESTS)]}


@pytest.mark.parametrize(("name", "is_replaced"), [("tram-2026-09-30.csv", True), ("tram-2026-09-30-2.csv", False)])
def test_an_inventory_is_about_its_own_name(world: World, name: str, is_replaced: bool) -> None:
    source = all_sources()["bts_inventory"]
    head = "Nhà mạng,Mã trạm,Công nghệ,Kinh độ,Vĩ độ,Mã xã\n"
    first = world.land("tram-2026-09-30.csv", f"{head}Viettel,A,4G,,,18073\n".encode(), source)
    world.land(name, f"{head}Viettel,B,4G,,,18073\n".encode(), source)
    world.load()
    assert (outcome_of(world, first).status == "replaced") is is_replaced
