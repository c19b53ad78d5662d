"""The iGate interface: Keycloak tokens that die, Spring pages sorted by change, and the dossiers that come of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, Igate, Reply
from doubles.pulling import Pulls, everything, rows

from pipelines.landing.pull import PullError
from pipelines.sources.igate_dossiers import SOURCE

PERSON = {"fullname": "Nguyễn Thị Người Mẫu", "identityNumber": "000000000042", "phoneNumber": "0900000042"}


def item(sequence: int, updated: str = "2026-11-10T08:00:00.000+0700", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{sequence:024x}",
        "code": f"H27.101-261102-{sequence:04d}",
        "dossierStatus": {"id": 4, "name": "Có kết quả"},
        "applicant": {"data": PERSON},
        "procedure": {
            "code": "9.000001",
            "sector": {"code": "HT"},
            "translate": {"languageId": 228, "name": "Khai sinh"},
        },
        "agency": {"name": "Xã Thạch Hà"},
        "appliedDate": "2026-11-02T07:30:00.000+0700",
        "acceptedDate": "2026-11-02T08:00:00.000+0700",
        "appointmentDate": "2026-11-12T17:00:00.000+0700",
        "completedDate": "2026-11-10T01:00:00.000+0000",
        "applyMethod": {"id": 0, "name": "Trực tuyến"},
        "updatedDate": updated,
        **changes,
    }


@pytest.fixture
def server() -> Iterator[Igate]:
    double = Igate(records=[item(n) for n in range(1, 8)])
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: Igate, tmp_path: Path) -> Pulls:
    account = {
        "token_url": f"{server.address}/auth/realms/digo/protocol/openid-connect/token",
        "client_id": "thong-ke",
        "client_secret": "bi-mat",
        "page_size": "3",
    }
    return Pulls(tmp_path, SOURCE, server.address, account)


def names(*pages: int) -> list[str]:
    return [f"hoso-2026-11-asof-2026-11-23-page-{page:04d}.json" for page in pages]


@pytest.mark.parametrize("page_fields", [("last", "totalPages"), ("last",), ("totalPages",), ()])
def test_pages_end_in_every_form_that_servers_use(server: Igate, pulls: Pulls, page_fields: tuple[str, ...]) -> None:
    server.page_fields = page_fields
    assert pulls.pull() == names(1, 2, 3)
    query = next(a.query for a in server.asked if a.method == "GET")
    assert (query["sort"], query["page"]) == ("updatedDate,desc", "0")


def test_a_period_is_the_dossiers_changed_in_it(server: Igate, pulls: Pulls) -> None:
    server.records = [
        *(item(n, "2026-12-05T08:00:00.000+0700") for n in (1, 2, 3)),
        *(item(n, "2026-11-20T08:00:00.000+0700") for n in (4, 5, 6)),
        item(7, "2026-10-31T18:00:00.000+0000"),  # in Vietnam it is November
        *(item(n, "2026-10-20T08:00:00.000+0700") for n in range(8, 20)),
    ]
    assert pulls.pull() == names(2, 3)
    assert [a.query["page"] for a in server.asked if a.method == "GET"] == ["0", "1", "2"]


def test_without_a_day_of_change_every_page_is_read(server: Igate, pulls: Pulls) -> None:
    server.records = [item(n, updated="" if n == 2 else "2026-01-01T08:00:00.000+0700") for n in range(1, 4)]
    server.records += [item(n) for n in range(4, 6)]
    assert pulls.pull() == names(1, 2)


def test_dossiers_have_our_codes_and_times(server: Igate, pulls: Pulls) -> None:
    server.records = [
        item(1),
        item(2, dossierStatus={"id": 99}),
        item(3, applyMethod={"name": "Zalo"}),
        item(4, procedure="9.000001"),
        item(5, applyMethod={"name": "Trực tiếp"}, dossierStatus={"id": 2}, completedDate=None),
    ]
    pulls.pull()
    with duckdb.connect() as connection:
        assert pulls.load(connection).rows_loaded == 2
        assert rows(
            connection, "select status, channel, procedure_code, field_code, agency_code, received_at, finished_at "
            "from raw.igate_dossiers order by version"
        ) == [
            ("9", "2", "9.000001", "HT", "H27.101", datetime(2026, 11, 2, 8), datetime(2026, 11, 10, 8)),
            ("4", "1", "9.000001", "HT", "H27.101", datetime(2026, 11, 2, 8), None),
        ]  # fmt: skip
        assert rows(connection, "select reason, field from raw.quarantine order by file_no, row_no") == [
            ("unknown_code", "dossierStatus.id"),
            ("unknown_code", "applyMethod.name"),
            ("missing_field", "procedure.code"),
        ]
        dump = everything(connection)
        assert [secret for secret in (*PERSON.values(), "H27.101-261102-0001") if secret in dump] == []


def test_a_token_is_renewed_before_it_dies(server: Igate, pulls: Pulls) -> None:
    pulls.seconds_a_look = 100
    pulls.pull()
    assert server.tokens > 1
    assert not [a for a in server.asked if a.method == "GET" and a.headers["authorization"].endswith("token-0")]


def test_a_token_that_dies_early_is_renewed_once(server: Igate, pulls: Pulls) -> None:
    server.faults[2] = [Reply({}, 401)]
    assert pulls.pull() == names(1, 2, 3)
    assert server.tokens == 2
    server.accepts = False
    with pytest.raises(PullError, match=r"^igate_dossiers 2026-11, hoso page 3: the token is not accepted"):
        pulls.pull()
    assert server.tokens == 4


@pytest.mark.parametrize("change", [{"client_secret": "sai"}, {"client_secret": ""}, {"client_id": ""}])
def test_the_error_of_a_wrong_account_names_the_setting(pulls: Pulls, change: dict[str, str]) -> None:
    pulls.credentials |= change
    with pytest.raises(PullError, match="HATINH_CREDENTIALS_FILE"):
        pulls.pull()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (ERROR_PAGE, "an HTML page"),
        (Reply(b'{"content": ['), "no complete JSON"),
        (Reply({"page": 1}), 'no list "content"'),
        (Reply({"content": [item(n) for n in (1, 2, 3)], "last": False}), "same records as a page before"),
        (Reply({"content": [], "last": False}), "the page is empty"),
    ],
    ids=["HTML", "truncated", "no list", "repeated", "empty"],
)
def test_nonsense_ends_the_pull_and_the_next_goes_on(server: Igate, pulls: Pulls, reply: Reply, problem: str) -> None:
    server.faults[2] = [reply]
    with pytest.raises(PullError, match=rf"^igate_dossiers 2026-11, hoso page 2: .*{problem}") as caught:
        pulls.pull()
    assert not any(secret in str(caught.value) for secret in ("token-", "bi-mat", "H27.", "Mẫu", "sort="))
    assert pulls.pull() == names(2, 3)
