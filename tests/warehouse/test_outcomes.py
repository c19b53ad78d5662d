"""The outcome of each landed file in the warehouse and in `hatinh files`: loaded, refused, replaced."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.landing.store import Receipt
from pipelines.settings import load_settings
from pipelines.sources import all_sources
from pipelines.sources.province import Box, Province, quadkeys
from pipelines.warehouse.connection import get_state
from pipelines.warehouse.load import (
    FileOutcome,
    file_outcomes,
    quarantine_counts,
    refused_files,
    rows_lost,
    truncated_files,
)

if TYPE_CHECKING:
    from conftest import World

BOX = Province.of(load_settings()).box
NEAR = quadkeys(Box(BOX.west, BOX.south, BOX.west + 0.1, BOX.south + 0.1), 16)
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
    world.load_landed()
    assert outcome_of(world, first) == FileOutcome("loaded")
    second = world.land(AGAIN, tiles(2, tests=0), OOKLA)  # a tile without a test cannot be: refused whole
    world.load_landed()
    assert outcome_of(world, second).status == "refused"
    assert outcome_of(world, first) == FileOutcome("loaded"), "what was refused replaces nothing"
    assert "1 of 2 rows" in printed(world, "quarantine", "ookla_tiles", "--limit", "1")
    third = world.land(MOBILE, tiles(1), OOKLA)
    world.load_landed()
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
    world.load_landed()
    assert outcome_of(world, first) == FileOutcome("loaded"), "without its successor it counts again"


def test_a_truncated_file_is_replaced_by_any_file_about_the_same_subject(world: World) -> None:
    content = tiles(40)
    world.land(MOBILE, content[:-200], OOKLA)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {"ookla_tiles": [(MOBILE, "unreadable_parquet")]}
    world.land(AGAIN, content, OOKLA)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert (truncated_files(connection), refused_files(connection)) == ({}, {})


def test_a_workbook_with_figures_on_two_sheets_is_complete_but_not_read_completely(world: World) -> None:
    source, name = all_sources()["village_coverage"], "viettel-thon-2026-09-30.xlsx"
    rows = [["Xã", "Thôn", "4G"], ["Thành Sen", "Thôn 1", "có"]]
    world.land(name, workbook(rows, rows), source)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {"village_coverage": [(name, "further_sheet")]}
    world.land(name, workbook([*rows, ["Thành Sen", "Thôn 2", "không"]]), source)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {}


def test_a_refused_file_has_its_reason(world: World) -> None:
    refused = world.land(MOBILE, tiles(3, without="tests"), OOKLA)
    assert files_said(world, "ookla_tiles") == {refused.sha256[:12]: "active"}, "not loaded yet"
    world.load_landed()
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
    world.load_landed()
    assert (outcome_of(world, first).status == "replaced") is is_replaced


def test_the_withdrawal_of_a_refused_file_asks_for_no_rebuild_and_no_number_of_a_load_is_used_twice(
    world: World, record: Callable[..., dict[str, Any]]
) -> None:
    def load_of(name: str) -> int:
        ((number,),) = world.rows("select load_no from raw.files where name = ?", name)
        return int(number)

    world.land("hoso-2026-04-01.ndjson", ndjson(record(1)))
    world.load_landed()
    refused = world.land("hoso-2026-04-02.ndjson", b"")
    world.load_landed()
    number = load_of(refused.name)
    world.landing.withdraw("dossiers", refused.sha256, "empty", world.landed_at)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert get_state(connection, "rebuild_because") is None
    later = world.land("hoso-2026-04-03.ndjson", ndjson(record(2)))
    world.load_landed()
    assert load_of(later.name) > number, "models would take its rows for ones that they have built"
    world.landing.withdraw("dossiers", later.sha256, "wrong", world.landed_at)
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert get_state(connection, "rebuild_because") == "files were withdrawn or superseded"


def test_the_loss_of_a_truncated_file_is_estimated_by_the_files_around_it(
    world: World, record: Callable[..., dict[str, Any]]
) -> None:
    def day(day: int, rows: int) -> bytes:
        return ndjson(*(record(100 * day + number) for number in range(rows)))

    cut_off = gzip.compress(day(9, 30), mtime=0)[:-40]
    name = "hoso-2026-04-09.ndjson.gz"
    world.land(name, cut_off)
    world.land("hoso-2026-05-31.ndjson", day(1, 60))  # a month away: of another size
    for number, rows in ((6, 4), (7, 12)):
        world.land(f"hoso-2026-04-0{number}.ndjson", day(number, rows))
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert list(truncated_files(connection)) == ["dossiers"]
        assert rows_lost(connection) == {}, "two neighbours are too few"
    world.land("hoso-2026-04-08.ndjson", day(8, 50))
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert rows_lost(connection) == {"dossiers": {name: 50}}
    world.land(name, gzip.compress(day(9, 30), mtime=0))
    world.load_landed()
    with world.warehouse.connect() as connection:
        assert truncated_files(connection) == {}
        assert rows_lost(connection) == {}, "what came again complete has lost nothing"


def ndjson(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()
