"""Published figures of the 766 index: how the portal is asked, what stops a pull, and what becomes of an answer."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loads import empty_warehouse, loaded
from qd766.portal_answers import (
    DIGITISED,
    HA_TINH,
    PLACE,
    SATISFACTION,
    TRANSPARENCY,
    listed,
    metric,
    payment,
    progress,
    results,
    unit,
)

from pipelines.landing.http import HttpClient, Refused
from pipelines.landing.pull import PullError, pull
from pipelines.landing.store import Landing
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.base import Ask
from pipelines.sources.qd766_published import PAGE, SOURCE, frame
from pipelines.warehouse.load import LoadReport, load, stored_file

ADDRESS = "https://portal.example"
NOW = datetime(2026, 10, 11, 20, tzinfo=UTC)  # 12 October in Vietnam
RECORDED = Path(os.environ.get("SHARED_FACTS", PROJECT_ROOT.parent / "shared")) / "data" / "qd766"

ONLINE = {
    **PLACE,
    "totalScore": 8.83,
    "totalMaxScore": 12,
    "ratio": 73.58,
    "authorityCount": 56,
    "partialCount": 31,
    "fullCount": 21,
    "onlineDossierCount": 406,
    "onlineServiceTotal": 1968,
    "channelOnlineSum": 150956,
    "channelDirectSum": 1639,
    "channelPostalSum": 0,
    "channelTotalSum": 152595,
    "onlineOnTimeSum": 134160,
    "onlineOverdueSum": 16796,
}
ANSWERS: dict[str, Any] = {
    "service-results": results(),
    "transparency": listed(unit(*TRANSPARENCY)),
    "dvc-progress-tree": progress(),
    "provide-online-tree": {"parent": ONLINE, "children": [], "monthlyChart": []},
    "formality-online-payment-tree": payment(),
    "dossier-digitized": listed(unit(*DIGITISED)),
    "handling-satisfaction": listed(unit(*SATISFACTION)),
}
"""An answer of each endpoint, with the figures published for Hà Tĩnh."""


def body(data: Any) -> bytes:
    return json.dumps({"code": "OK", "data": data, "message": "OK"}, ensure_ascii=False).encode()


class Portal:
    """The portal: answers by endpoint with status 201, keeps what it was asked; `fault` may answer in its place."""

    def __init__(self, fault: Callable[[str, dict[str, Any]], httpx.Response | None] = lambda endpoint, asked: None):
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fault = fault

    def answer(self, request: httpx.Request) -> httpx.Response:
        endpoint = request.url.path.removeprefix("/api/v1/reporting/evaluation/")
        asked = json.loads(request.content)
        self.asked.append((endpoint, asked))
        # the answer to every question is another one, as it would be
        data = {**ANSWERS[endpoint], "source": json.dumps(asked, sort_keys=True)}
        return self.fault(endpoint, asked) or httpx.Response(
            201, content=body(data), headers={"content-type": "application/json; charset=utf-8"}
        )

    @contextmanager
    def client(self) -> Iterator[HttpClient]:
        with HttpClient(transport=httpx.MockTransport(self.answer), sleep=lambda _: None) as client:
            yield client


@dataclass
class Desk:
    """Pulls from a portal into a store of its own, and loads what landed."""

    landing: Landing

    def pull(self, portal: Portal, partition: str = "2026-09", now: datetime = NOW, **credentials: str) -> list[str]:
        landed = pull(
            self.landing,
            SOURCE,
            partition,
            ADDRESS,
            now=lambda: now,
            client=portal.client,
            credentials=credentials,
        )
        return [receipt.name for receipt, _ in landed]

    def drop(self, name: str, content: bytes) -> None:
        partition, day = SOURCE.period_of(name, NOW.date())
        self.landing.put(
            [content],
            source=SOURCE.name,
            name=name,
            partition=partition,
            extracted_on=day,
            address=f"drop:{name}",
            landed_at=NOW,
            licence=SOURCE.licence,
        )

    def load(self, connection: duckdb.DuckDBPyConnection) -> LoadReport:
        active = self.landing.active(SOURCE.name)
        opener = stored_file(self.landing.root)
        return load(connection, SOURCE, active, opener, key=bytes(32), max_record_bytes=1 << 20)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Landing(tmp_path / "raw"))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse() as opened:
        yield opened


def framed(data: Any, name: str = "year-2026.json") -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    [frames] = frame(io.BytesIO(data if isinstance(data, bytes) else body(data)), max_record_bytes=1 << 20, name=name)
    numbers = [*frames.row_no.to_pylist(), *(number for number, _ in frames.rejects)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))  # every row is taken or rejected, once
    return [json.loads(text) for text in frames.text.to_pylist()], frames.rejects


# ----------------------------------------------------------------------------------------------------------- asking
def test_a_month_that_ends_a_quarter_brings_quarter_and_year(desk: Desk) -> None:
    portal = Portal()
    names = desk.pull(portal)
    assert len(names) == len(portal.asked) == 21
    assert names[0] == "service-results_month_2026-09_2026-10-12_page-1-of-1.json"
    asked = dict(portal.asked[:7])
    assert list(asked) == list(ANSWERS)
    page = {"rootDepartmentId": HA_TINH["departmentId"], "currentPage": 1}
    month = {"timeType": "month", "year": 2026, "month": 9}
    assert asked["service-results"] == {**month, "departmentType": "ADMINISTRATIVE_UNIT"}
    assert asked["dvc-progress-tree"] == {**month, **page, "pageSize": 100}
    assert asked["dossier-digitized"] == {**month, **page, "pageSize": 200}
    days = {"fromDate": "2026-09-01", "toDate": "2026-09-30"}
    assert asked["handling-satisfaction"] == {**days, **page, "pageSize": 200}
    assert portal.asked[8][1] == {"timeType": "quarter", "year": 2026, "quarter": 3, **page, "pageSize": 200}
    assert portal.asked[20][1] == {"fromDate": "2026-01-01", "toDate": "2026-12-31", **page, "pageSize": 200}


def test_another_province_is_asked_for_by_its_id(desk: Desk) -> None:
    portal = Portal()
    desk.pull(portal, root_department_id="another")
    assert {asked.get("rootDepartmentId") for _, asked in portal.asked} == {None, "another"}


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(-40, 400))
def test_what_is_asked_goes_with_the_month(first: date, days_later: int) -> None:
    first = first.replace(day=1)
    today = first + timedelta(days=days_later)
    period = SOURCE.period(f"{first:%Y-%m}")
    names: list[str] = []

    def has_landed(name: str) -> bool:
        names.append(name)
        return True

    now = datetime(today.year, today.month, today.day, 5, tzinfo=UTC)
    nobody: Any = None  # all of it has landed, so that nobody is asked
    answers = SOURCE.fetch(Ask(nobody, ADDRESS, {}, period, lambda: now, has_landed))  # type: ignore[misc]
    if today < first:
        with pytest.raises(PullError, match="has not begun"):
            next(answers)
        return
    assert list(answers) == []
    is_over, ends_quarter = today > period.last, first.month in (3, 6, 9, 12)
    quarter = f"quarter_{first.year}-Q{(first.month + 2) // 3}"
    expected = [f"month_{first:%Y-%m}"] * is_over + [quarter, f"year_{first.year}"] * (ends_quarter or not is_over)
    assert list(dict.fromkeys("_".join(name.split("_")[1:3]) for name in names)) == expected
    assert len(names) == 7 * len(expected)


def test_a_running_month_has_no_figures_of_its_own(desk: Desk) -> None:
    names = desk.pull(Portal(), "2026-10")
    assert {name.split("_")[1] for name in names} == {"quarter", "year"}


def test_answers_are_kept_byte_for_byte(desk: Desk) -> None:
    sent = '{"code": "OK",\n "data": {"parent": null, "children": [' + json.dumps(progress()["parent"]) + "]}}"
    odd = sent.replace('"parent": null, ', "").encode()

    def oddly(endpoint: str, asked: dict[str, Any]) -> httpx.Response | None:
        return httpx.Response(201, content=odd) if endpoint == "dvc-progress-tree" else None

    desk.pull(Portal(oddly), "2026-08")
    [receipt] = [r for r in desk.landing.receipts(SOURCE.name) if r.name.startswith("dvc-progress")]
    assert (desk.landing.root / receipt.path).read_bytes() == odd
    assert (receipt.status, receipt.extracted_on) == (201, date(2026, 10, 12))


def test_a_refusal_stops_the_pull_and_the_next_goes_on_from_there(desk: Desk) -> None:
    def closed(endpoint: str, asked: dict[str, Any]) -> httpx.Response | None:
        return httpx.Response(403) if endpoint == "provide-online-tree" else None

    portal = Portal(closed)
    with pytest.raises(Refused, match="403, the publisher refuses"):
        desk.pull(portal)
    assert [endpoint for endpoint, _ in portal.asked] == list(ANSWERS)[:4]  # refused once, and not asked again
    open_again = Portal()
    assert len(desk.pull(open_again)) == 18
    assert open_again.asked[0][0] == "provide-online-tree"
    tomorrow = Portal()
    desk.pull(tomorrow, now=NOW + timedelta(days=1))
    assert len(tomorrow.asked) == 21


def test_every_page_is_asked_for_and_a_broken_page_again(desk: Desk) -> None:
    broken = [True]

    def paged(endpoint: str, asked: dict[str, Any]) -> httpx.Response | None:
        if endpoint != "transparency":
            return None
        page = asked["currentPage"]
        if page == 2 and broken:
            broken.clear()
            return httpx.Response(201, content=body(ANSWERS["transparency"])[:700])
        data = listed(unit(*TRANSPARENCY, departmentName=f"Đơn vị {page}"))
        return httpx.Response(201, content=body(data | {"pagination": {"currentPage": page, "totalPages": 3}}))

    with pytest.raises(PullError, match=r"transparency for 2026-08, page 2: JSON that ends too early"):
        desk.pull(Portal(paged), "2026-08")
    portal = Portal(paged)
    desk.pull(portal, "2026-08")
    assert [asked["currentPage"] for endpoint, asked in portal.asked if endpoint == "transparency"] == [2, 3]
    assert portal.asked[0][0] == "transparency"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>secret-body</html>", "an HTML or XML page"),
        (b'{"code":"ERROR","message":"secret-body"}', "an envelope without data"),
        (b'{"code":"OK","data":null,"message":"OK"}', "data is null"),
        (body({"parent": {"totalReceived": "many"}, "children": []}), "an answer of dvc-progress-tree"),
        (body({"secret-body": 1}), "not an answer of one"),
        (body({"overview": {}, "evaluation": [], "secret-body": 1}), "no unit in it can be read"),
        (body(ANSWERS["transparency"] | {"pagination": {"totalPages": 51}}), "more than 50 pages"),
        (body(progress()), "an answer of dvc-progress-tree"),
        (b"", "empty"),
        (b"\xff\xfe", "not UTF-8"),
    ],
    ids=range(10),
)
def test_what_is_no_answer_is_not_landed(desk: Desk, content: bytes, reason: str) -> None:
    def wrong(endpoint: str, asked: dict[str, Any]) -> httpx.Response | None:
        return httpx.Response(200, content=content) if endpoint == "transparency" else None

    with pytest.raises(PullError, match=reason) as caught:
        desk.pull(Portal(wrong), "2026-08")
    assert "transparency for 2026-08" in str(caught.value)
    assert "secret-body" not in str(caught.value)
    assert len(desk.landing.receipts(SOURCE.name)) == 1  # service-results, asked before


def test_the_source_is_asked_as_its_public_page_asks() -> None:
    """The firewall refuses requests that come from elsewhere, and haste."""
    manner = SOURCE.manner
    assert manner
    assert manner.headers == {"origin": "https://dichvucong.gov.vn", "referer": PAGE}
    assert manner.min_delay_seconds == 3.0


# ---------------------------------------------------------------------------------------------------------- loading
def test_what_was_pulled_becomes_rows(desk: Desk, connection: duckdb.DuckDBPyConnection) -> None:
    desk.pull(Portal())
    report = desk.load(connection)
    assert (report.rows_quarantined, len(report.files)) == (0, 21)
    assert {field for file in report.files for field in file.unexpected_fields} == set()
    year = "period_type = 'year' and period_start = '2026-01-01' and department_level = 'province'"
    figures = connection.execute(
        f"select item_type, count(*) from raw.qd766_published where {year} group by all order by all"
    ).fetchall()
    # 4 + 1 + 3 + 3 + 7 + 5 components; each group by its endpoint and by the list
    assert figures == [("component", 23), ("group", 12), ("total", 1)]
    [(numerator, denominator, score, flag, day)] = connection.execute(
        f"select numerator, denominator, score, flag, recorded_on from raw.qd766_published where {year} "
        "and item_code = 'DOSSIER_SYNC'"
    ).fetchall()
    assert (numerator, denominator, score, flag) == (173935, 173935, 6, "TEMP_NATIONAL_REPORT_DENOMINATOR")
    assert day == date(2026, 10, 12)
    [total] = connection.execute(
        f"select score, max_score, rank, root_id from raw.qd766_published where {year} and item_type = 'total'"
    ).fetchall()
    assert total == (57.2, 100, None, None)
    codes = connection.execute("select distinct department_name from raw.qd766_published order by 1").fetchall()
    assert codes == [("Cả nước",), ("UBND tỉnh Hà Tĩnh",)]


def test_null_is_not_zero_and_flags_come_with_their_message() -> None:
    empty = metric("PUBLISH_ON_TIME", 0, 0, None, 6)
    flagged = metric(
        "DOSSIER_SYNC", 0, 0, 0, 6, dataQualityStatus="NO_NATIONAL_REPORT_DATA", dataQualityMessage="Chưa có số liệu"
    )
    rows, rejects = framed(listed(unit(empty, flagged)))
    assert rejects == []
    publish, sync, group = rows
    assert (publish["numerator"], publish["denominator"], publish["score"], publish["flag"]) == (0, 0, None, None)
    assert (sync["score"], sync["flag"], sync["message"]) == (0, "NO_NATIONAL_REPORT_DATA", "Chưa có số liệu")
    assert (group["item_type"], group["item_code"], group["max_score"]) == ("group", "CKMB", 12)


def test_parts_of_a_group_have_counts_and_no_points() -> None:
    rows, _ = framed(payment())
    assert [(r["item_code"], r.get("numerator"), r.get("score")) for r in rows] == [
        ("PAYMENT_DOSSIER", 96068, None),
        ("PAYMENT_PROCEDURE", 98, None),
        ("PAYMENT_INTEGRATED", 35, None),
        ("TTTT", None, 6.2),
    ]
    children = {"parent": ONLINE, "children": [{**PLACE, "level": "COMMUNE", "totalScore": 10, "totalMaxScore": 12}]}
    children["children"][0] |= {"departmentId": "c", "departmentName": "Xã Một", "departmentCode": "H27.101"}
    children["children"][0] |= {"ratio": 83.33, "scoreDelta": None}
    [*_, commune] = framed(children)[0]
    assert (commune["item_code"], commune["score"], commune["department_level"]) == ("CLGQ", 10, "commune")
    assert commune["root_id"] == HA_TINH["departmentId"]


def test_levels_of_units() -> None:
    below = [
        unit(*SATISFACTION, departmentId=f"{n}", departmentName=f"Đơn vị {n}", departmentType=kind)
        for n, kind in enumerate(("PROVINCIAL_DEPARTMENT", "COMMUNE_PEOPLE_COMMITTEE"))
    ]
    rows, _ = framed(listed(unit(*SATISFACTION), *below))
    assert list(dict.fromkeys(r["department_level"] for r in rows)) == ["province", "department", "commune"]
    rows, _ = framed(results())
    assert {(r["department_name"], r["department_level"]) for r in rows} == {
        ("Cả nước", "country"),
        ("UBND tỉnh Hà Tĩnh", "province"),
    }


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("dvc-progress-tree_month_2026-08_2026-09-03_page-1-of-1.json", ("month", "2026-08-01", "2026-09-03")),
        ("dvc-progress-tree_quarter_2026-Q3.json", ("quarter", "2026-07-01", None)),
        ("year-2026-all.json", ("year", "2026-01-01", None)),
        ("Month 202608.json", ("month", "2026-08-01", None)),
        ("formality-online-payment-tree_year_2026_2026-10-10.json", ("year", "2026-01-01", "2026-10-10")),
    ],
)
def test_the_name_has_the_period(name: str, reported: tuple[str, str, str | None]) -> None:
    rows, rejects = framed(progress(), name)
    assert rejects == []
    assert {(r["time_type"], r["period_start"], r["recorded_on"]) for r in rows} == {reported}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("month-all.json", "name it like dvc-progress-tree_month_2026-08"),
        ("2026-08.json", "name it like"),
        ("month-2026-13.json", "name it like"),
        ("quarter-2026-Q5.json", "name it like"),
        ("month-2026-08-formality.json", "for one procedure"),
        ("formality-online-payment-tree_month_2026-08-formality.json", "for one procedure"),
    ],
)
def test_a_file_whose_name_has_no_period_is_refused(
    desk: Desk, connection: duckdb.DuckDBPyConnection, name: str, reason: str
) -> None:
    desk.drop(name, body(progress()))
    [file] = desk.load(connection).files
    assert (file.rows_in, file.rows_loaded) == (1, 0)
    assert reason in (file.refusal or "")


def test_what_cannot_be_read_is_set_aside_and_what_is_new_reported(
    desk: Desk, connection: duckdb.DuckDBPyConnection
) -> None:
    tree = progress()
    child = {**PLACE, "level": "COMMUNE", "totalReceived": 4, "totalOnTime": 3, "totalOverdue": 1, "score": 15}
    child |= {"maxScore": 20, "ratio": 75, "avgProcessingDays": 3, "scoreDelta": None}
    tree["children"] = [
        child | {"departmentId": "a", "departmentName": "Xã Một", "giờVàng": 1, "goldenHour": 1},
        child | {"departmentId": "b", "departmentName": "Xã Hai", "totalOnTime": "3"},
        "not a unit",
    ]
    desk.drop("month_2026-08.json", body(tree))
    [file] = desk.load(connection).files
    assert (file.rows_in, file.rows_loaded, dict(file.reasons)) == (6, 4, {"malformed_part": 2})
    assert file.unexpected_fields == ("new_children_goldenHour",)  # a field that looks like no name is not repeated


def test_a_period_that_had_not_begun_is_set_aside(desk: Desk, connection: duckdb.DuckDBPyConnection) -> None:
    desk.drop("month_2026-09_2026-08-01.json", body(progress()))
    [file] = desk.load(connection).files
    assert dict(file.reasons) == {"period_not_begun: period_start": 2}


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b"{}", b'{"data":{"parent":{"totalReceived":1}}', b"\xff"])
def test_any_bytes_give_one_reason_and_no_error(content: bytes) -> None:
    rows, [(number, reason)] = framed(content)
    assert (rows, number) == ([], 1)
    assert reason.startswith("no_answer: ")


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda name: body({"parent": {"departmentName": name}})))
def test_bytes_never_break_the_framing(content: bytes) -> None:
    framed(content)


counts = st.integers(0, 2**40)


@given(st.lists(st.tuples(counts, counts, st.floats(0, 20).map(lambda x: round(x, 2))), min_size=1, max_size=20))
def test_every_unit_of_a_tree_becomes_its_figures(units: list[tuple[int, int, float]]) -> None:
    """Rows in are rows out with the portal's own numbers, possible or not: judging them is not the framing's work."""
    children = [
        {
            "departmentId": f"id-{n}",
            "departmentName": f"Xã {n}",
            "departmentCode": f"H27.{n}",
            "level": "COMMUNE",
            "totalReceived": received,
            "totalOnTime": on_time,
            "totalOverdue": 0,
            "avgProcessingDays": 0,
            "ratio": 0,
            "score": score,
            "maxScore": 20,
            "scoreDelta": None,
        }
        for n, (on_time, received, score) in enumerate(units)
    ]
    rows, rejects = framed({"parent": progress()["parent"], "children": children, "monthlyChart": []})
    assert rejects == []
    own = [(r["numerator"], r["denominator"], r["score"]) for r in rows if r["item_type"] == "component"]
    assert own[1:] == units


@pytest.mark.skipif(not RECORDED.is_dir(), reason="recorded answers are absent: set SHARED_FACTS to their folder")
def test_recorded_answers_load_completely(desk: Desk, connection: duckdb.DuckDBPyConnection) -> None:
    desk.drop("service-results_year_2026_2026-09-17.json", (RECORDED / "service-results.json").read_bytes())
    for endpoint in ("dvc-progress-tree", "formality-online-payment-tree", "provide-online-tree"):
        desk.drop(f"{endpoint}_month_2026-08_2026-09-26.json", (RECORDED / endpoint / "month-all.json").read_bytes())
    report = desk.load(connection)
    assert report.rows_quarantined == 0
    assert [file.unexpected_fields for file in report.files] == [(), (), (), ()]
    units = dict(
        connection.execute(
            "select endpoint, count(distinct department_id) from raw.qd766_published group by all"
        ).fetchall()
    )
    assert units == {
        "service-results": 34,
        "dvc-progress-tree": 164,
        "formality-online-payment-tree": 164,
        "provide-online-tree": 164,
    }
    [(place,)] = connection.execute(
        "select count(*) + 1 from raw.qd766_published where item_type = 'total' and department_level = 'province' "
        "and score > (select score from raw.qd766_published where item_type = 'total' and department_code = 'H27')"
    ).fetchall()
    assert place == 32


# -------------------------------------------------------------------------------------- recorded answers, commune level
@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers (../shared/data/qd766) are not here")
@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("dvc-progress-tree/month-all.json", 2),  # the component and its group
        ("formality-online-payment-tree/month-all.json", 4),  # three parts and the group
        ("provide-online-tree/month-all.json", 1),  # points only, below the province
        ("provide-online-tree/year-all.json", 1),
    ],
)
def test_every_unit_below_a_province_becomes_its_figures(answer: str, items: int) -> None:
    content = (RECORDED / answer).read_bytes()
    endpoint, _, name = answer.partition("/")
    period = "year_2026" if name.startswith("year") else "month_2026-08"
    got = loaded(SOURCE, content, day=date(2026, 9, 26), name=f"{endpoint}_{period}_2026-09-26.json")
    assert (got.reasons, got.unexpected) == ([], ())
    levels = Counter(row["department_level"] for row in got.rows if row["department_level"] != "province")
    children = json.loads(content)["data"]["children"]
    communes = sum(child["level"] == "COMMUNE" for child in children)
    assert levels == {"commune": items * communes, "department": items * (len(children) - communes)}
    assert communes == 148
    published = {(child["departmentCode"], child.get("score", child.get("totalScore"))) for child in children}
    group = {"dvc-progress-tree": "TDGQ", "formality-online-payment-tree": "TTTT"}.get(endpoint, "CLGQ")
    assert published == {
        (row["department_code"], row["score"])
        for row in got.rows
        if row["item_code"] == group and row["department_level"] != "province"
    }
