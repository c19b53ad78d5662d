"""Tables by the PxWeb API: how they are asked, how the server fails, and what a cell becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, Reply
from doubles.pulling import Pulls, rows
from doubles.statistic_interfaces import PxPages, PxTable, PxWeb
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, loaded, loaded_each

from pipelines.landing.http import Refused
from pipelines.landing.pull import PullError, failed_pulls
from pipelines.sources import all_sources
from pipelines.sources.nso_pxweb import SOURCE, parts

PATH = "Dân số và lao động/V02.01.px"
TABLE = PxTable(
    title="Dân số trung bình phân theo địa phương (Nghìn người)",
    variables=[
        ("Địa phương", [("0", "CẢ NƯỚC"), ("1", "  Hà Nội"), ("30", "..Hà Tĩnh")]),
        ("Giới tính", [("0", "Tổng số"), ("1", "Nữ")]),
        ("Năm", [("0", "2022"), ("1", "2023"), ("2", "Sơ bộ 2024"), ("3", "Ước tính 2025")]),
    ],
    cells={
        **{("0", sex, year): 1000.5 + int(year) for sex in "01" for year in "0123"},
        ("30", "0", "0"): 0,
        ("30", "0", "1"): 1.25,
        ("30", "0", "2"): 2,
        ("30", "0", "3"): 3,
        ("30", "1", "0"): "..",
        ("30", "1", "1"): "-",
        ("30", "1", "2"): ".",
    },
)
"""Made-up figures: what a cell can hold."""


@pytest.fixture
def server() -> Iterator[PxWeb]:
    double = PxWeb(tables={PATH: TABLE})
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: PxWeb, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, all_sources()[SOURCE.name], f"{server.address}/api/v1/vi", {"tables": PATH})


FOUND = """
    select area_label, period_start::varchar, value, missing_mark, obs_flag from raw.nso_pxweb
    where area_label = 'Hà Tĩnh' order by series, period_start
"""
HA_TINH = [
    ("Hà Tĩnh", "2022-01-01", 0.0, None, None),
    ("Hà Tĩnh", "2023-01-01", 1.25, None, None),
    ("Hà Tĩnh", "2024-01-01", 2.0, None, "P"),
    ("Hà Tĩnh", "2025-01-01", 3.0, None, "E"),
    ("Hà Tĩnh", "2022-01-01", None, "..", None),
    ("Hà Tĩnh", "2023-01-01", None, "-", None),
    ("Hà Tĩnh", "2024-01-01", None, ".", "P"),
    ("Hà Tĩnh", "2025-01-01", None, None, "E"),
]


@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("index_as", [dict, list])
@pytest.mark.parametrize("max_cells", [100_000, 5, 1])
def test_every_form_of_a_table_gives_the_same_cells(
    server: PxWeb, pulls: Pulls, is_sparse: bool, index_as: type, max_cells: int
) -> None:
    server.is_sparse, server.index_as, server.max_cells = is_sparse, index_as, max_cells
    new = pulls.pull("2026")
    assert new == [f"V02.01-part-{number:04d}.json" for number in range(1, len(new) + 1)]
    assert len(new) == {100_000: 1, 5: 4, 1: 16}[max_cells]
    with duckdb.connect() as connection:
        report = pulls.load(connection)
        assert (report.rows_in, report.rows_quarantined) == (16, 0)  # Hà Nội was not asked for
        assert rows(connection, FOUND) == HA_TINH
        reported = (
            "select distinct dataset, series, series_label, unit_label, updated_on from raw.nso_pxweb order by series"
        )
        assert rows(connection, reported)[2] == (
            "V02.01",
            "Giới tính=1;Địa phương=0",
            "CẢ NƯỚC | Nữ",
            "Nghìn người",
            None,  # 9999-12-31
        )


def test_the_same_answer_lands_once_and_a_changed_one_beside_it(server: PxWeb, pulls: Pulls) -> None:
    assert pulls.pull("2026") == ["V02.01-part-0001.json"]
    assert pulls.pull("2026") == []
    server.tables[PATH] = replace(TABLE, cells={**TABLE.cells, ("30", "0", "1"): 9}, updated="2026-11-20T08:00:00Z")
    assert pulls.pull("2026") == ["V02.01-part-0001.json"]
    with duckdb.connect() as connection:
        pulls.load(connection)
        values = "select value, updated_on::varchar from raw.nso_pxweb where area_label = 'Hà Tĩnh' "
        values += "and period_start = '2023-01-01' and value is not null order by version"
        assert rows(connection, values) == [(1.25, None), (9.0, "2026-11-20")]


def test_a_table_that_moved_stops_no_other(server: PxWeb, pulls: Pulls) -> None:
    pulls.credentials["tables"] = f"Doanh nghiệp/V05.01.px; {PATH}"
    with pytest.raises(PullError) as caught:
        pulls.pull("2026")
    assert str(caught.value).startswith("nso_pxweb 2026, V05.01: there is nothing here any more (status 404)")
    assert "`tables`" in str(caught.value)
    assert [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)] == ["V02.01-part-0001.json"]


def test_a_failed_pull_is_remembered_until_the_same_period_is_pulled_well(server: PxWeb, pulls: Pulls) -> None:
    table = server.tables.pop(PATH)
    for _ in range(2):
        with pytest.raises(PullError):
            pulls.pull("2026")
    ((period, note),) = failed_pulls(pulls.landing.root, SOURCE.name).items()
    assert period == "2026"
    assert note.startswith("2026-11-23 10:00 nso_pxweb 2026, V02.01: there is nothing here any more (status 404)")
    server.tables[PATH] = table
    pulls.pull("2026")
    assert failed_pulls(pulls.landing.root, SOURCE.name) == {}
    assert list((pulls.landing.root / SOURCE.name).glob("*.json")) == []


def test_without_an_address_the_known_one_is_named(pulls: Pulls) -> None:
    pulls.address = ""
    with pytest.raises(PullError, match=r'"nso_pxweb": "https://pxweb\.nso\.gov\.vn/api/v1/vi"'):
        pulls.pull("2026")
    assert failed_pulls(pulls.landing.root, SOURCE.name) == {}, "nothing was asked"


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (PxWeb.reply({"error": "Parameter error"}), "the server reports an error"),
        (Reply({"error": "Parameter error"}, 400), "does not understand the question"),
        (Reply(b"", 404), "nothing here any more (status 404)"),
        (ERROR_PAGE, "is an HTML page, not JSON"),
        (Reply(b'{"class": "dataset", "id": ["N'), "is no complete JSON"),
        (PxWeb.reply({"class": "dataset", "id": ["A"], "size": [2], "dimension": {}}), "without categories"),
        (
            PxWeb.reply(
                TABLE.cube({"Địa phương": ["0"], "Giới tính": ["0"], "Năm": ["0"]}, is_sparse=False, index_as=list)
            ),
            "it has 1 cells, not what was asked for",
        ),
    ],
    ids=["error", "400", "404", "HTML", "truncated", "no categories", "other cells"],
)
def test_an_invalid_answer_lands_nothing_and_the_error_names_the_fix(
    server: PxWeb, pulls: Pulls, reply: Reply, problem: str
) -> None:
    server.faults[1] = [reply]
    with pytest.raises(PullError) as caught:
        pulls.pull("2026")
    assert str(caught.value).startswith("nso_pxweb 2026, V02.01 part 1: ")
    assert problem in str(caught.value)
    assert "bảo trì" not in str(caught.value)
    assert pulls.landing.receipts(SOURCE.name) == []
    assert pulls.pull("2026") == ["V02.01-part-0001.json"]


def test_haste_is_waited_for_and_refusal_is_not_argued_with(server: PxWeb, pulls: Pulls) -> None:
    server.faults[1] = [Reply(b"", 429)]
    assert pulls.pull("2026") == ["V02.01-part-0001.json"]
    assert len(pulls.waits) == 1
    server.faults[3] = [Reply(b"", 403)]
    pulls.credentials["tables"] = f"{PATH};{PATH}"
    with pytest.raises(Refused):
        pulls.pull("2026")
    assert server.questions == 3  # the second table was not asked


def test_places_with_other_labels_are_reported(server: PxWeb, pulls: Pulls) -> None:
    pulls.credentials["areas"] = "Tỉnh Hà Tĩnh"
    with pytest.raises(PullError, match=r"V02\.01: none of its places has an expected name\. Set `areas`"):
        pulls.pull("2026")


# ------------------------------------------------------------------------------------------------- the form of the page
@pytest.fixture
def pages() -> Iterator[PxPages]:
    enterprises = PxTable(
        title="E05.02 Newly registered enterprises by province (Enterprise)",
        variables=[
            ("Cities, provincies", [("0", " WHOLE COUNTRY"), ("31", "Ha  Tinh")]),
            ("Year", [("0", "2023"), ("1", "Prel. 2024")]),
        ],
        cells={("0", "0"): 159294, ("0", "1"): 157240, ("31", "0"): 1203, ("31", "1"): ".."},
    )
    double = PxPages(tables={PATH: TABLE, "Enterprise/E05.02.px": enterprises})
    with double.serving():
        yield double


@pytest.fixture
def by_form(pages: PxPages, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, SOURCE, f"{pages.address}/api/v1/vi", {"tables": f"{PATH};en/Enterprise/E05.02.px"})


def test_what_the_api_refuses_is_asked_by_the_form_of_the_page(pages: PxPages, by_form: Pulls) -> None:
    assert by_form.pull("2026") == ["V02.01.json", "E05.02.json"]
    with duckdb.connect() as connection:
        report = by_form.load(connection)
        assert (report.rows_in, report.rows_quarantined) == (3 * 2 * 4 + 4, 0)  # Hà Nội too: every value is chosen
        assert rows(connection, FOUND) == HA_TINH
        found = (
            "select series, area_label, period_start::varchar, value, missing_mark, obs_flag, unit_label "
            "from raw.nso_pxweb where dataset = 'E05.02' order by all"
        )
        assert rows(connection, found) == [
            ("Cities, provincies=0", "WHOLE COUNTRY", "2023-01-01", 159294.0, None, None, "Enterprise"),
            ("Cities, provincies=0", "WHOLE COUNTRY", "2024-01-01", 157240.0, None, "P", "Enterprise"),
            ("Cities, provincies=31", "Ha Tinh", "2023-01-01", 1203.0, None, None, "Enterprise"),
            ("Cities, provincies=31", "Ha Tinh", "2024-01-01", None, "..", "P", "Enterprise"),
        ]
    asked = [(one.method, unquote(one.path)) for one in pages.asked if "/pxweb/" in one.path]
    assert asked[-2:] == [(method, "/pxweb/en/Enterprise/Enterprise/E05.02.px/") for method in ("GET", "POST")]


def test_all_tables_of_a_database_are_found_on_its_page(pages: PxPages, by_form: Pulls) -> None:
    pages.tables["PLV02/V02.01.px"] = TABLE
    pages.tables["PLV02/V02.02.px"] = TABLE
    by_form.credentials |= {"tables": PATH, "databases": "PLV02"}
    assert by_form.pull("2026") == ["V02.01.json", "V02.02.json"]  # the same bytes under one name land once


def test_a_table_that_is_open_to_the_api_is_not_asked_by_its_form(pages: PxPages, by_form: Pulls) -> None:
    pages.refuses_post = False
    by_form.credentials["tables"] = PATH
    assert by_form.pull("2026") == ["V02.01-part-0001.json"]
    assert not [one for one in pages.asked if "/pxweb/" in one.path]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (lambda page: b"", "no HTML"),
        (lambda page: b"<html><body>form</body></html>", "no form aspnetForm"),
        (lambda page: page.replace(b"ValuesListBox", b"Box"), "no lists of values"),
        (lambda page: page.replace(b"FileTypeJsonStat", b"FileTypePX"), "the output format FileTypeJsonStat is not"),
        (lambda page: page.replace(b"ButtonViewTable", b"Button"), "no button ButtonViewTable"),
        (lambda page: page.replace(b"VIEWSTATE", b"STATE"), "the answer to its form is no JSON-stat"),
    ],
)
def test_a_page_that_has_changed_is_reported_and_stops_no_other(
    pages: PxPages, by_form: Pulls, page: Callable[[bytes], bytes], problem: str
) -> None:
    pages.change = lambda name, content: page(content) if name == "V02.01" else content
    with pytest.raises(PullError) as caught:
        by_form.pull("2026")
    assert str(caught.value).startswith("nso_pxweb 2026, V02.01: ")
    assert problem in str(caught.value)
    assert [receipt.name for receipt in by_form.landing.receipts(SOURCE.name)] == ["E05.02.json"]


def cube(**changes: Any) -> bytes:
    chosen = {code: [value for value, _ in pairs] for code, pairs in TABLE.variables}
    return json.dumps({**TABLE.cube(chosen, is_sparse=False, index_as=list), **changes}, ensure_ascii=False).encode()


OF_T = replace(SOURCE, frames_by_name=False, frame=lambda s, **k: SOURCE.frame(s, name="T-part-0001.json", **k))


def named(content: bytes) -> Any:
    """Load bytes as a file of table T."""
    return loaded(OF_T, content)


def test_the_file_of_the_older_form_that_a_page_offers_is_the_same_table() -> None:
    newer = json.loads(cube())
    dimension = {**newer.pop("dimension"), "id": newer.pop("id"), "size": newer.pop("size")}
    older = json.dumps({"dataset": {**newer, "dimension": dimension}}).encode() + b"\0"
    assert [{**row, "version": 0} for row in named(older).rows] == [{**row, "version": 0} for row in named(cube()).rows]


@pytest.mark.parametrize(
    "variables", [None, [], [7], [{"code": "Năm"}], [{"code": "Năm", "values": [], "valueTexts": 1}]]
)
def test_invalid_metadata_are_reported(server: PxWeb, pulls: Pulls, variables: Any) -> None:
    table = server.tables[PATH]
    server.tables[PATH] = SimpleNamespace(metadata=lambda: {**table.metadata(), "variables": variables})  # type: ignore[assignment]
    with pytest.raises(PullError, match=r"^nso_pxweb 2026, V02\.01: its metadata "):
        pulls.pull("2026")


@pytest.mark.parametrize("year", ["Tổng số", "2024-2025", "204", "20245", ""])
def test_a_label_that_is_no_year_holds_its_cells(year: str) -> None:
    labels = {"0": "2022", "1": "2023", "2": "2024", "3": year}
    document = json.loads(cube())
    document["dimension"]["Năm"]["category"]["label"] = labels
    got = named(json.dumps(document).encode())
    assert {(reason, field) for _, reason, field, _ in got.reasons} == {("bad_period", "period_label")}
    assert (len(got.rows), len(got.reasons)) == (18, 6)


def test_what_is_no_number_and_no_mark_is_held() -> None:
    values = [*range(17), "12,5", "1336167. 72", "n/a", "..", 7, True, 1e400]
    got = named(cube(value=values, status={"21": ".."}))
    assert [row["value"] for row in got.rows][17] == 12.5
    assert [(row, reason) for row, reason, _, _ in got.reasons] == [
        *((row, "bad_value") for row in (19, 20)),
        (22, "value_and_mark"),
        *((row, "bad_value") for row in (23, 24)),
    ]
    assert [row["missing_mark"] for row in got.rows if row["value"] is None] == [".."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (cube()[:-20], "no_answer"),
        (b'{"error": "x"}', "no_answer"),
        (b"[" * 100_000, "no_answer"),
        (cube(size=[1, 1, 1]), "no_answer"),
        (cube(size=[10**6, 10**6, 10**6]), "no_answer"),
        (cube(value=[1, 2]), "wrong_size"),
        (cube(value=None), "wrong_size"),
    ],
)
def test_bytes_that_are_no_answer_are_one_reject(content: bytes, reason: str) -> None:
    got = named(content)
    assert (got.rows, [found for _, found, _, _ in got.reasons]) == ([], [reason])


def test_cells_beyond_the_cube_are_counted() -> None:
    got = named(cube(value={"0": 1, "23": 2, "24": 3, "x": 4}, status=None))
    assert (len(got.rows), [reason for _, reason, _, _ in got.reasons]) == (24, ["stray_cell"] * 2)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """An answer with something odd put anywhere."""
    document = json.loads(cube())
    odd = st.sampled_from([None, "", "..", "x", -1, 0, 10**30, 1e308, [], {}, [None], {"a": 1}, "2024", True])
    for _ in range(draw(st.integers(1, 3))):
        at: Any = document
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = draw(st.sampled_from(keys))
            if not (isinstance(at[key], dict | list) and at[key] and draw(st.booleans())):
                at[key] = deepcopy(draw(odd))
                break
            at = at[key]
    content = json.dumps(document).encode()
    return content[: draw(st.integers(len(content) - 3, len(content)))]


@given(st.lists(mangled(), **FILES))
@settings(max_examples=3, deadline=None)
def test_mangled_answers_lose_no_row(answers: list[bytes]) -> None:
    """Framing never raises, and rows in are rows loaded and rows in quarantine."""
    assert all(got.rows or got.reasons for got in loaded_each(OF_T, *answers))


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4), limit=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_parts_hold_every_cell_once(sizes: list[int], limit: int) -> None:
    wanted = {f"v{n}": [str(value) for value in range(size)] for n, size in enumerate(sizes)}
    found = list(parts(wanted, limit))
    assert all(prod(len(values) for values in part.values()) <= limit for part in found)
    cells = [cell for part in found for cell in product(*part.values())]
    assert sorted(cells) == sorted(product(*wanted.values()))
    assert len(cells) == len(set(cells))
