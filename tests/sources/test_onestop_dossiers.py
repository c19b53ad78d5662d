"""The one-stop interface: pages, windows, tokens, every way in which a server fails, and the dossiers of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, OneStop, Reply
from doubles.pulling import KEY, Pulls, everything, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.landing.pull import PullError
from pipelines.sources.base import Ask, Fetched
from pipelines.sources.dossier_rows import TYPES
from pipelines.sources.dossiers import SOURCE as DOSSIERS
from pipelines.sources.fields import instant
from pipelines.sources.interface import Answer, Interface, Page, walk
from pipelines.sources.onestop_dossiers import SOURCE
from pipelines.warehouse.pseudonyms import pseudonym

PERSON = {
    "chuHoSo": "Nguyễn Thị Người Mẫu",
    "soGiayToChuHoSo": "000000000042",
    "trichYeuHoSo": "Khai sinh cho cháu Trần Bé Mẫu",
    "xaPhuongChuHoSo": "Xã Người Mẫu Ở",
}


def item(sequence: int, **changes: Any) -> dict[str, Any]:
    return {
        "maHoSo": f"H27.101-261102-{sequence:04d}",
        "maTTHC": "9.000001",
        "maLinhVuc": "HT",
        "tenDonVi": "Xã Thạch Hà",
        "trangThaiHoSoId": "9",
        "kenhThucHien": "2",
        "loaiDoiTuong": "1",
        "ngayNopHoSo": "2026-11-02T07:30:00",
        "ngayTiepNhan": "2026-11-02T08:00:00.123",
        "ngayHenTra": "2026-11-12T17:00:00+07:00",
        "ngayKetThucXuLy": "2026-11-10T01:00:00Z",
        **PERSON,
        **changes,
    }


@pytest.fixture
def server() -> Iterator[OneStop]:
    double = OneStop(records=[item(n) for n in range(1, 8)])
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: OneStop, tmp_path: Path) -> Pulls:
    account = {"username": "thong-ke", "password": "mat-khau", "token_path": "tokens", "page_size": "3"}
    return Pulls(tmp_path, SOURCE, f"{server.address}/api", account)


def names(*pages: int, stem: str = "hoso") -> list[str]:
    return [f"{stem}-2026-11-asof-2026-11-23-page-{page:04d}.json" for page in pages]


def asked_pages(server: OneStop) -> list[int]:
    return [int(a.query["pageNumber"]) for a in server.asked if a.path == "/api/HoSo" and "tiepNhanFrom" in a.query]


def test_pages_land_as_received_with_the_day_they_describe(server: OneStop, pulls: Pulls) -> None:
    server.due = [item(90, ngayTiepNhan="2026-09-01T08:00:00")]
    assert pulls.pull() == [*names(1, 2, 3), *names(1, stem="hentra")]
    first = pulls.landed[0]
    assert json.loads(pulls.landing.path_of(first).read_bytes())["data"] == server.records[:3]
    assert (first.partition, str(first.extracted_on)) == ("2026-11", "2026-11-23")
    assert first.address == f"{server.address}/api/HoSo"
    query = next(a.query for a in server.asked if a.path == "/api/HoSo")
    assert (query["tiepNhanFrom"], query["tiepNhanTo"]) == ("2026-11-01T00:00:00", "2026-11-30T23:59:59")


def test_a_month_without_dossiers_lands_nothing(server: OneStop, pulls: Pulls) -> None:
    server.records = []
    assert pulls.pull() == []


def test_one_dossier_of_two_feeds_is_one_dossier(pulls: Pulls) -> None:
    pulls.pull()
    number = "H27.101-261102-0001"
    with duckdb.connect() as connection:
        assert pulls.load(connection).rows_loaded == 7
        mine = "from raw.onestop_dossiers order by version limit 1"
        described = connection.execute(f"select * exclude (version, file_no, load_no, extracted_on) {mine}").description
        assert [column[0] for column in described or []] == list(TYPES)
        assert rows(connection, f"select dossier_id::varchar, agency_code, status, channel {mine}") == [
            (pseudonym(KEY, "dossier", number), "H27.101", "9", "2")
        ]
        assert rows(connection, f"select received_at, due_at, finished_at, papers, fees {mine}") == [
            (datetime(2026, 11, 2, 8), datetime(2026, 11, 12, 17), datetime(2026, 11, 10, 8), None, None)
        ]
        dump = everything(connection)
        assert "Thạch Hà" in dump
        assert [secret for secret in (*PERSON.values(), number) if secret in dump] == []


def test_every_feed_of_dossiers_has_the_same_columns() -> None:
    from pipelines.sources import all_sources

    shapes = {
        name: [(column.name, column.type) for column in source.table.columns]
        for name, source in all_sources().items()
        if name == "dossiers" or name.endswith("_dossiers")
    }
    assert set(shapes) >= {"dossiers", "dvcqg_dossiers", "igate_dossiers", "onestop_dossiers"}
    assert {name for name, shape in shapes.items() if shape != list(TYPES.items())} == set()
    assert [column.type for column in DOSSIERS.table.columns] == list(TYPES.values())


def test_what_no_code_list_knows_and_what_lies_ahead_is_quarantined(server: OneStop, pulls: Pulls) -> None:
    server.records = [
        item(1),
        item(2, trangThaiHoSoId="17"),
        item(3, kenhThucHien="Zalo"),
        item(4, ngayTiepNhan="2026-11-24T23:00:00", ngayHenTra=None),  # a clock that is a little ahead
        item(5, ngayTiepNhan="2026-11-25T00:00:00"),
        item(6, ngayHenTra="2027-03-01T17:00:00"),
        item(7, ngayTiepNhan="0001-01-01T00:00:00"),
        item(8, ngayTiepNhan=None),
        item(9, maHoSo=None),
    ]
    pulls.pull()
    with duckdb.connect() as connection:
        report = pulls.load(connection)
        assert (report.rows_in, report.rows_loaded) == (9, 3)
        assert rows(connection, "select reason, field, shape from raw.quarantine order by file_no, row_no") == [
            ("unknown_code", "trangThaiHoSoId", "99"),
            ("unknown_code", "kenhThucHien", "aaaa"),
            ("date_out_of_range", "ngayTiepNhan", "9999-99-99a99:99:99"),
            ("date_out_of_range", "ngayTiepNhan", "9999-99-99a99:99:99"),
            ("missing_field", "ngayTiepNhan", None),
            ("missing_field", "maHoSo", None),
        ]


def test_an_expired_token_is_renewed_in_the_middle(server: OneStop, pulls: Pulls) -> None:
    server.token_pages = 2
    assert pulls.pull() == names(1, 2, 3)
    assert server.tokens == 2


@pytest.mark.parametrize(
    ("credentials", "problem"),
    [
        ({"token": "het-han"}, "hoso page 1: the token is not accepted (status 401), a new one neither"),
        ({"password": "sai"}, "login: refused. Check username and password"),
        ({"token_path": ""}, 'settings: set "token_path" of "onestop_dossiers" in HATINH_CREDENTIALS_FILE'),
        ({"page_size": "nhiều"}, '"page_size" in HATINH_CREDENTIALS_FILE must be a whole number from 1'),
    ],
    ids=["token", "password", "no login", "page size"],
)
def test_the_error_of_a_wrong_account_names_the_setting(
    pulls: Pulls, credentials: dict[str, str], problem: str
) -> None:
    pulls.credentials |= credentials
    with pytest.raises(PullError) as caught:
        pulls.pull()
    assert problem in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("het-han", "mat-khau", "thong-ke", "sai."))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_storm_passes_or_fails_with_source_and_page(server: OneStop, pulls: Pulls, status: int) -> None:
    server.faults[2] = [Reply(b"Too many", status)] * 2
    assert pulls.pull() == names(1, 2, 3)
    assert len(pulls.waits) == 2
    pulls.now += timedelta(days=1)
    server.faults[2] = [Reply(b"Nguyen Van A", status)] * 9
    with pytest.raises(
        PullError, match=rf"^onestop_dossiers 2026-11, hoso page 2: .*status {status}.*3 times"
    ) as caught:
        pulls.pull()
    assert "Nguyen" not in str(caught.value)
    assert "2026-11-01" not in str(caught.value)  # no query


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (ERROR_PAGE, "is an HTML page, not JSON"),
        (Reply(b'{"data": [{"maHoSo": "H27.101-26'), "is no complete JSON object"),
        (Reply([item(1)]), "is no complete JSON object"),
        (Reply(b""), "is no complete JSON object"),
        (Reply({"data": {}}), 'has no list "data"'),
        (Reply({"data": []}), 'has no "totalPages"'),
        (Reply({"data": [], "totalPages": 3}), "the page is empty, though more are announced"),
    ],
    ids=["HTML", "truncated", "array", "nothing", "no list", "no total", "empty page"],
)
def test_nonsense_ends_the_pull_and_the_next_goes_on(server: OneStop, pulls: Pulls, reply: Reply, problem: str) -> None:
    server.faults[2] = [reply]
    with pytest.raises(PullError) as caught:
        pulls.pull()
    assert str(caught.value).startswith("onestop_dossiers 2026-11, hoso page 2: ")
    assert problem in str(caught.value)
    assert "bảo trì" not in str(caught.value)
    assert "H27" not in str(caught.value)
    assert [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)] == names(1)
    assert pulls.pull() == names(2, 3)


def test_a_pull_goes_on_with_the_last_page_and_takes_what_came_to_it(server: OneStop, pulls: Pulls) -> None:
    server.records = server.records[:5]
    pulls.pull()
    server.asked.clear()
    server.records += [item(6), item(7)]
    assert pulls.pull() == names(2, 3)
    assert asked_pages(server) == [2, 3]
    with duckdb.connect() as connection:
        pulls.load(connection)
        assert rows(connection, "select count(distinct dossier_id) from raw.onestop_dossiers") == [(7,)]


def test_another_day_asks_for_everything_again(server: OneStop, pulls: Pulls) -> None:
    pulls.pull()
    server.asked.clear()
    server.records[0] = item(1, trangThaiHoSoId="10")
    pulls.now += timedelta(days=1)
    assert pulls.pull() == ["hoso-2026-11-asof-2026-11-24-page-0001.json"]  # the others are as they were
    assert asked_pages(server) == [1, 2, 3]


def test_a_page_that_comes_again_ends_the_pull(server: OneStop, pulls: Pulls) -> None:
    server.stuck_at = 2
    with pytest.raises(PullError, match=r"hoso page 3: it holds the same records as a page before it"):
        pulls.pull()
    assert [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)] == names(1, 2)


@pytest.mark.parametrize(
    ("total_pages", "landed"),
    [({1: 5, 2: 5}, [1, 2, 3]), ({1: 2}, [1, 2, 3]), ({1: 9, 2: 9, 3: 9}, [1, 2, 3]), ({2: 2}, [1, 2])],
    ids=["shrinks", "grows", "shrinks below", "states the end"],
)
def test_the_number_of_pages_may_change_on_the_way(
    server: OneStop, pulls: Pulls, total_pages: dict[int, int], landed: list[int]
) -> None:
    server.total_pages = total_pages
    assert pulls.pull() == names(*landed)


@given(
    total=st.integers(0, 40),
    size=st.integers(1, 7),
    stops=st.lists(st.integers(0, 6), max_size=4),
    grows=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_however_a_walk_is_interrupted_no_record_is_lost(total: int, size: int, stops: list[int], grows: int) -> None:
    """Interrupted after any number of pages, while records are added at the end: the landed pages hold every one."""
    landed: dict[str, list[int]] = {}
    period = SOURCE.period("2026-11")
    clock = lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noqa: E731
    ids = list(range(total))

    def turn(what: str, number: int) -> Page:
        records = [{"id": n} for n in ids[(number - 1) * size : number * size]]
        from pipelines.landing.http import Response

        answer = Answer(Response(200, {}, json.dumps([r["id"] for r in records]).encode()), {})
        return Page(answer, records, is_last=number * size >= len(ids))

    def pages() -> Iterator[Fetched]:
        ask = Ask(None, "http://x", {}, period, clock, landed.__contains__)  # type: ignore[arg-type]
        return walk(Interface(ask, "x"), "hoso", "HoSo", turn, "id")

    for stop in stops:
        for _, page in zip(range(stop), pages(), strict=False):
            landed[page.name] = json.loads(page.content)
        ids += range(len(ids), len(ids) + grows)
    for page in pages():
        landed[page.name] = json.loads(page.content)
    assert sorted({n for page in landed.values() for n in page}) == ids


@given(
    at=st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    east=st.integers(-12 * 60, 14 * 60),
    form=st.sampled_from(["{at}{sign}{h:02d}:{m:02d}", "{at}{sign}{h:02d}{m:02d}", "{at}.25{sign}{h:02d}{m:02d}"]),
)
@settings(max_examples=30, deadline=None)
def test_a_time_with_an_offset_is_that_instant_in_vietnam(at: datetime, east: int, form: str) -> None:
    text = form.format(at=at.isoformat(), sign="-" if east < 0 else "+", h=abs(east) // 60, m=abs(east) % 60)
    assert duckdb.execute(f"select {instant('$t')}", {"t": text}).fetchone() == (at + timedelta(minutes=420 - east),)
