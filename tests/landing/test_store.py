"""The store: bytes as received, once, atomically, with a receipt that is read back as it was written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import multiprocessing
import os
import signal
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing.receipts import RECEIPT_SUFFIX, Receipt, ReceiptError, Withdrawal, is_synthetic
from pipelines.landing.store import DamagedFileError, Landing, LandingError, TooLargeError, stored_name

AT = datetime(2026, 10, 11, 2, 0, tzinfo=UTC)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "raw")


def put(landing: Landing, content: bytes = b"{}\n", **changes: Any) -> tuple[Receipt, bool]:
    given_values: dict[str, Any] = {
        "source": "dossiers",
        "name": "hoso.ndjson.gz",
        "partition": "2026-10",
        "extracted_on": date(2026, 10, 10),
        "address": "https://mot-cua.example/hoso",
        "landed_at": AT,
        "licence": "internal",
    }
    return landing.put([content[:2], content[2:]], **(given_values | changes))


def files(landing: Landing) -> list[str]:
    return sorted(path.relative_to(landing.root).as_posix() for path in landing.root.rglob("*") if path.is_file())


def test_bytes_land_as_received_beside_their_receipt(landing: Landing) -> None:
    content = "Hồ sơ\r\n\x00".encode()

    receipt, is_new = put(landing, content, status=200, media_type="application/x-ndjson")

    sha256 = hashlib.sha256(content).hexdigest()
    assert is_new
    assert receipt.path == f"dossiers/2026-10/hoso.{sha256[:8]}.ndjson.gz"
    assert (receipt.bytes, receipt.sha256, receipt.status) == (len(content), sha256, 200)
    assert landing.path_of(receipt).read_bytes() == content
    assert files(landing) == [receipt.path, receipt.path + RECEIPT_SUFFIX]
    assert landing.receipts("dossiers") == [receipt]
    assert landing.sources() == ["dossiers"]
    landing.verify(receipt)
    assert not landing.path_of(receipt).stat().st_mode & 0o222


def test_the_same_bytes_land_once_a_source(landing: Landing) -> None:
    first, _ = put(landing)
    before = files(landing)

    assert put(landing, name="khác.json", partition="2026-11", landed_at=AT + timedelta(days=1)) == (first, False)
    assert files(landing) == before
    assert not (landing.root / "dossiers" / "2026-11").exists()
    assert put(landing, source="reports")[1]
    assert put(landing, b"other")[1]


def test_the_address_is_kept_without_its_secrets(landing: Landing) -> None:
    receipt, _ = put(landing, address="https://user:pass@mot-cua.example:8443/hồ-sơ?token=abc#x")

    assert receipt.address == "https://mot-cua.example:8443/hồ-sơ"
    assert put(landing, b"2", address="drop:là gì? #1@2.json")[0].address == "drop:là gì? #1@2.json"


def test_an_order_of_versions(landing: Landing) -> None:
    later = put(landing, b"1", extracted_on=date(2026, 10, 11))[0]
    earlier = put(landing, b"2", extracted_on=date(2026, 10, 9), landed_at=AT + timedelta(days=5))[0]
    again = put(landing, b"3", extracted_on=date(2026, 10, 11), landed_at=AT + timedelta(hours=1), partition="2026-09")

    assert landing.receipts("dossiers") == [earlier, later, again[0]]
    assert landing.receipts("unheard-of") == []


def test_synthetic_files_step_aside_for_the_first_real_one(landing: Landing) -> None:
    sample = put(landing, b"1", name="sample-hoso-2026-10.ndjson.gz")[0]
    flagged = put(landing, b"2", synthetic=True, landed_at=AT + timedelta(1))[0]
    assert sample.synthetic
    assert landing.active("dossiers") == [sample, flagged]

    real = put(landing, b"3")[0]
    assert landing.active("dossiers") == [real]

    landing.withdraw("dossiers", real.sha256[:6], "gửi nhầm kỳ", AT)
    assert landing.active("dossiers") == [sample, flagged]


def test_a_withdrawal_keeps_the_bytes_and_its_reason(landing: Landing) -> None:
    receipt, _ = put(landing)
    at = datetime(2026, 10, 12, 9, 0, tzinfo=timezone(timedelta(hours=7)))

    withdrawn = landing.withdraw("dossiers", receipt.sha256[:8].upper(), "gửi nhầm kỳ", at)

    assert landing.receipts("dossiers") == [withdrawn]
    assert withdrawn == dataclasses.replace(receipt, withdrawn=Withdrawal(at, "gửi nhầm kỳ"))
    assert landing.active("dossiers") == []
    landing.verify(withdrawn)
    assert put(landing) == (withdrawn, False)
    with pytest.raises(LandingError, match="withdrawn on 12 Oct 2026"):
        landing.withdraw("dossiers", receipt.sha256, "again", at)


def test_the_same_bytes_under_two_names_are_distinguished_by_name(landing: Landing) -> None:
    one = put(landing, name="viettel-2026-06.csv", partition="2026-Q2", by_name=True)[0]
    other = put(landing, name="viettel-2026-09.csv", partition="2026-Q3", by_name=True)[0]
    assert one.sha256 == other.sha256
    with pytest.raises(LandingError, match="fits several files"):
        landing.withdraw("dossiers", one.sha256, "x", AT)
    assert landing.withdraw("dossiers", "viettel-2026-06.csv", "x", AT).path == one.path
    assert [receipt.path for receipt in landing.active("dossiers")] == [other.path]
    assert landing.withdraw("dossiers", other.path, "x", AT).path == other.path


def test_a_prefix_that_names_no_single_file_lists_the_candidates(landing: Landing) -> None:
    receipts = [put(landing, bytes([65 + i]), name=f"tháng {i}.json")[0] for i in range(17)]  # two begin alike
    digits = [receipt.sha256[0] for receipt in receipts]
    shared = next(digit for digit in digits if digits.count(digit) > 1)

    with pytest.raises(LandingError, match="several files") as ambiguous:
        landing.withdraw("dossiers", shared, "x", AT)
    listed = str(ambiguous.value)
    assert all((receipt.sha256[:12] in listed) == receipt.sha256.startswith(shared) for receipt in receipts)
    for prefix in ("xyz", ""):
        with pytest.raises(LandingError, match="no file") as unknown:
            landing.withdraw("dossiers", prefix, "x", AT)
        assert "tháng 16.json" in str(unknown.value)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_damage_is_found_and_repaired_by_landing_the_original_again(landing: Landing, damage: str) -> None:
    receipt, _ = put(landing)
    path = landing.path_of(receipt)
    path.unlink()
    if damage == "changed":
        path.write_bytes(b"[]\n")  # as many bytes as were received: the sum decides, not the size

    with pytest.raises(DamagedFileError, match=f"(?s){damage}.*drop the original again"):
        landing.verify(receipt)
    assert put(landing) == (receipt, False)
    landing.verify(receipt)
    assert path.read_bytes() == b"{}\n"


def test_nothing_is_landed_of_a_file_that_fails_half_way(landing: Landing) -> None:
    def broken_off() -> Iterator[bytes]:
        yield b"first half"
        raise ConnectionResetError

    arguments: dict[str, Any] = {
        "source": "dossiers", "name": "a.json", "partition": "2026-10", "extracted_on": date(2026, 10, 1),
        "address": "drop:a.json", "landed_at": AT, "licence": "internal",
    }  # fmt: skip
    with pytest.raises(ConnectionResetError):
        landing.put(broken_off(), **arguments)
    with pytest.raises(TooLargeError, match="more than the 3 bytes"):
        landing.put([b"12", b"34"], max_bytes=3, **arguments)
    assert files(landing) == []
    assert landing.put([b"123"], max_bytes=3, **arguments)[1]


def test_puts_at_the_same_time_land_the_same_bytes_once(landing: Landing) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda i: put(landing, bytes(100_000), name=f"{i}.json"), range(8)))

    assert [is_new for _, is_new in results].count(True) == 1
    assert len({receipt for receipt, _ in results}) == 1
    assert len(files(landing)) == 2


def _killed_at(root: Path, step: str) -> None:
    landing = Landing(root)
    place = Path.replace

    def replace(self: Path, target: Path) -> Path:
        is_receipt = str(target).endswith(RECEIPT_SUFFIX)
        if is_receipt == (step == "receipt"):
            os.kill(os.getpid(), signal.SIGKILL)
        return place(self, target)

    Path.replace = replace  # type: ignore[method-assign, assignment]
    put(landing)


@pytest.mark.parametrize("step", ["payload", "receipt"])
def test_a_killed_run_leaves_no_file_and_the_next_sweeps_up(landing: Landing, step: str) -> None:
    run = multiprocessing.get_context("fork").Process(target=_killed_at, args=(landing.root, step))
    run.start()
    run.join()
    assert run.exitcode == -signal.SIGKILL
    assert any("/.landing-" in name for name in files(landing))
    assert (landing.receipts("dossiers"), landing.sources()) == ([], [])

    other, _ = put(landing, b"other", partition="2026-11")
    assert not any("/.landing-" in name for name in files(landing))
    assert landing.receipts("dossiers") == [other]
    receipt, is_new = put(landing)

    assert is_new
    assert files(landing) == [name for one in (receipt, other) for name in (one.path, one.path + RECEIPT_SUFFIX)]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "x\n", "hồ-sơ"])
def test_sources_and_partitions_must_be_folder_names(landing: Landing, name: str) -> None:
    with pytest.raises(LandingError, match="no folder name"):
        put(landing, source=name)
    with pytest.raises(LandingError, match="no folder name"):
        put(landing, partition=name)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Sổ theo dõi hồ sơ_2026.xlsx", "Sổ theo dõi hồ sơ_2026.01234567.xlsx"),
        ("Hồ sơ.json", "Hồ sơ.01234567.json"),  # comes decomposed, as macOS writes names
        ("G09.20-20260609.tar.gz", "G09.20-20260609.01234567.tar.gz"),
        ("../../etc/passwd", "_._.._etc_passwd.01234567"),
        (".env", "_env.01234567"),
        ("a\x00b\u202ec\\d:e.json", "a_b_c_d_e.01234567.json"),
        ("kỳ 1.2. Tháng 10.json", "kỳ 1.2. Tháng 10.01234567.json"),
        ("x.receipt.json", "x_receipt.01234567.json"),
        ("", "unnamed.01234567"),
    ],
)
def test_stored_names(name: str, stored: str) -> None:
    assert stored_name(name, "0123456789") == stored


@given(st.text(max_size=300))
def test_any_name_can_be_stored(name: str) -> None:
    stored = stored_name(name, "0" * 64)

    assert len(stored.encode()) < 200
    assert "/" not in stored
    assert not stored.startswith(".")
    assert not stored.endswith(RECEIPT_SUFFIX)
    assert not any(unicodedata.category(char).startswith("C") for char in stored)


def test_a_name_that_is_not_utf8_can_land(landing: Landing) -> None:
    receipt, _ = put(landing, name="a\udcff.json", address="drop:a\udcff.json")

    assert landing.receipts("dossiers") == [receipt]


def test_receipts_are_readable_json_and_come_back(landing: Landing) -> None:
    receipt, _ = put(landing, name="Hồ sơ.json")
    path = landing.root / (receipt.path + RECEIPT_SUFFIX)
    text = path.read_bytes().decode()

    given_keys = json.loads(text)
    assert "Hồ sơ.json" in text
    assert list(given_keys) == sorted(given_keys)
    assert given_keys["landed_at"] == "2026-10-11T02:00:00+00:00"
    assert given_keys["withdrawn"] is None
    assert Receipt.from_json(json.dumps({**given_keys, "of_a_later_version": 1}), file="x") == receipt


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"licence": None}, "lacks licence"),
        ({"landed_at": "2026-10-11T02:00:00"}, "zone"),
        ({"landed_at": 5}, "wrong value"),
        ({"extracted_on": "10/10/2026"}, "wrong value"),
        ({"path": "../../secrets"}, "leaves the raw folder"),
        ({"sha256": "12"}, "sha256"),
        ({"withdrawn": {"at": "2026-10-11T02:00:00Z"}}, "wrong value"),
        ("[]", "not a JSON object"),
        ("{truncated", "not JSON"),
    ],
)
def test_a_spoilt_receipt_is_named(landing: Landing, change: dict[str, Any] | str, problem: str) -> None:
    receipt, _ = put(landing)
    path = landing.root / (receipt.path + RECEIPT_SUFFIX)
    if isinstance(change, dict):
        spoilt = json.loads(receipt.to_json()) | change
        change = json.dumps({key: value for key, value in spoilt.items() if value is not None or key not in change})
    path.chmod(0o644)
    path.write_text(change)

    with pytest.raises(ReceiptError, match=problem) as error:
        landing.receipts("dossiers")
    assert path.name in str(error.value)


def test_what_counts_as_synthetic() -> None:
    assert is_synthetic("sample-hoso-2026-10.ndjson.gz")
    assert is_synthetic("Sample-x")
    assert not is_synthetic("hoso-sample-1.json")


@pytest.mark.parametrize(
    ("name", "wrong_clock", "wrong_day"),
    [
        ("hoso.ndjson", AT + timedelta(days=365), date(2027, 10, 11)),  # ran ahead: the day of the clock
        ("hoso-2026-10-10.ndjson", AT - timedelta(days=365), date(2025, 10, 11)),  # behind: no day to come
    ],
)
def test_a_day_of_a_wrong_clock_is_corrected_when_the_file_is_dropped_again(
    landing: Landing, name: str, wrong_clock: datetime, wrong_day: date
) -> None:
    wrong, _ = put(landing, name=name, landed_at=wrong_clock, extracted_on=wrong_day, partition=f"{wrong_day:%Y-%m}")
    right, is_new = put(landing, name=name)
    assert not is_new
    assert (right.extracted_on, right.partition, right.landed_at) == (date(2026, 10, 10), "2026-10", AT)
    assert landing.active("dossiers") == [right]
    assert right.path == wrong.path
    landing.verify(right)


def test_a_day_of_a_right_clock_stays_when_the_file_is_dropped_again(landing: Landing) -> None:
    month, _ = put(landing, name="hoso-2026-10.ndjson", extracted_on=date(2026, 10, 11))
    again, _ = put(
        landing, name="hoso-2026-10.ndjson", landed_at=AT + timedelta(days=90), extracted_on=date(2026, 10, 31)
    )
    assert again == month
