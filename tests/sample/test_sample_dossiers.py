"""Sample files as a reader of the feed meets them: valid, repeatable, calibrated, nobody real, defects on request."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples import dirt
from samples.catalogue import SeedsError, read_catalogue
from samples.dossiers import SampleReport, write_delta, write_dossiers
from samples.lives import WorkCalendar

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
HISTORY = {"rows": 20_000, "seed": 42, "first": date(2025, 5, 1), "last": date(2026, 10, 10)}
MARCH = {"rows": 400, "seed": 7, "first": date(2026, 3, 1), "last": date(2026, 3, 31)}

Record = dict[str, Any]


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def lines(paths: tuple[Path, ...]) -> list[str]:
    return [line for path in paths for line in content(path).decode("utf-8").splitlines()]


def time(text: str) -> datetime | None:
    if not text:
        return None
    if "-" in text:
        return datetime.fromisoformat(text)
    assert len(text) == 14
    return datetime(*(int(text[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))))


@dataclass
class Sample:
    report: SampleReport
    records: list[Record]

    @property
    def newest(self) -> list[Record]:
        return list({record["MaHoSo"]: record for record in self.records}.values())


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    report = write_dossiers(tmp_path_factory.mktemp("clean"), SEEDS, **HISTORY, dirt=0, compress=False)
    return Sample(report, [json.loads(line) for line in lines(report.paths)])


def test_rows_files_and_report_agree(clean: Sample) -> None:
    assert clean.report.dossiers == HISTORY["rows"] == len(clean.newest)
    assert clean.report.records == len(clean.records) == HISTORY["rows"] + clean.report.newer_versions
    assert clean.report.dirt == {}
    assert [path.name for path in clean.report.paths][:2] == [
        "sample-hoso-2025-05.ndjson",
        "sample-hoso-2025-06.ndjson",
    ]
    assert clean.report.paths[-1].name == "sample-hoso-2026-10-10.ndjson"
    assert len(clean.report.paths) == 18


def test_a_month_has_no_data_of_later_months(clean: Sample) -> None:
    for path in clean.report.paths:
        month = path.name.removeprefix("sample-hoso-")[:7].replace("-", "")
        for line in lines((path,)):
            record = json.loads(line)
            reported = [record[f] for f in ("NgayNopHoSo", "NgayTiepNhan", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi")]
            reported += [s[f] for s in record["DanhSachHoSoBoSung"] for f in ("NgayBoSung", "NgayTiepNhanBoSung")]
            assert max(t.replace("-", "")[:6] for t in reported) <= month


def test_every_value_is_text_and_codes_are_known(clean: Sample) -> None:
    agencies = {code: name for a in read_catalogue(SEEDS).agencies for code, name in zip(a.codes, a.names, strict=True)}
    fields = set(clean.records[0])
    for record in clean.records:
        assert set(record) == fields
        assert all(isinstance(value, str | list) for value in record.values())
        agency, day, _ = record["MaHoSo"].rsplit("-", 2)
        assert agencies[agency] == record["DonViXuLy"]
        assert len(day) == (8 if agency.startswith("H27") else 6)
        assert record["KenhThucHien"] in {"", "1", "2", "3"}
    assert {r["TrangThaiHoSo"] for r in clean.records} == {str(code) for code in range(1, 11)}


def test_geography_follows_the_day_of_receipt(clean: Sample) -> None:
    old = {r["MaHoSo"].rsplit("-", 2)[0] for r in clean.newest if r["MaHoSo"].startswith("000.")}
    new = {r["MaHoSo"].rsplit("-", 2)[0] for r in clean.newest if r["MaHoSo"].startswith("H27.")}
    assert {len(code) for code in old} == {len("000.00.00.H27")}
    assert sum(not code.startswith("000.00.") for code in old) > 150, "old communes"
    assert sum(code.startswith("000.00.3") or code.startswith("000.00.4") for code in old) == 12, "districts"
    assert sum(int(code.split(".")[1]) > 100 for code in new) == 69, "current communes"
    for record in clean.newest:
        received = time(record["NgayTiepNhan"] or record["NgayNopHoSo"])
        assert received is not None
        assert record["MaHoSo"].startswith("H27.") == (received >= datetime(2025, 7, 1))


def test_no_person_in_the_samples_is_real(clean: Sample) -> None:
    for record in clean.records:
        assert re.fullmatch(r"(Người|Công ty|Cơ quan|Tổ chức) Mẫu \d{6}", record["ChuHoSo"])
        assert re.fullmatch(r"000000\d{6}", record["SoGiayToChuHoSo"])
        assert re.fullmatch(r"0000\d{6}", record["SoDienThoai"])
        assert record["Email"].endswith("@example.invalid")
        assert record["TrichYeuHoSo"].startswith("DỮ LIỆU MẪU")
        assert [i["SoDinhDanh"] for i in record["DinhDanhCHS"]] == [record["SoGiayToChuHoSo"]]


def waited(record: Record) -> timedelta:
    spans = [(time(s["NgayBoSung"]), time(s["NgayTiepNhanBoSung"])) for s in record["DanhSachHoSoBoSung"]]
    return sum((b - a for a, b in spans if a and b), timedelta())


def end_of(record: Record) -> datetime | None:
    return time(record["NgayKetThucXuLy"]) or time(record["NgayTra"]) or time(record["NgayTuChoi"])


def is_on_time(record: Record, statutory: dict[str, tuple[int, str]], calendar: WorkCalendar, as_of: datetime) -> bool:
    """QĐ 766 item 2.1, written from its text and not from the generator."""
    asked = record["DanhSachHoSoBoSung"]
    if len(asked) > 1:
        return False
    received, due = time(record["NgayTiepNhan"]), time(record["NgayHenTra"])
    assert received
    end = end_of(record) or (time(asked[0]["NgayBoSung"]) if asked and not asked[0]["NgayTiepNhanBoSung"] else as_of)
    assert end
    if due is None:
        days, unit = statutory[record["MaTTHC"]]
        due = received + (timedelta(hours=days) if unit == "hour" else timedelta(days=days))
        if unit == "working_day":
            ordinal = (received.date() - date(1970, 1, 1)).days
            last = calendar.days[calendar.days.searchsorted(ordinal, side="right") - 1 + days]
            due = datetime(1970, 1, 1) + timedelta(days=int(last), hours=23, minutes=59)
    return end - waited(record) <= due


def test_published_figures_are_met(clean: Sample) -> None:
    catalogue = read_catalogue(SEEDS)
    statutory = {
        code: (int(days), str(unit))
        for code, days, unit in zip(catalogue.procedure_codes, catalogue.statutory, catalogue.unit, strict=True)
    }
    has_fee = dict(zip(catalogue.procedure_codes, catalogue.has_fee.tolist(), strict=True))
    calendar = WorkCalendar(date(2025, 1, 1), date(2028, 1, 1), catalogue.holidays)
    as_of = datetime(2026, 10, 10, 23, 59, 59)
    year = [r for r in clean.newest if (t := time(r["NgayTiepNhan"])) and t.year == 2026]

    def result_file(r: Record) -> bool:
        return any(paper["DuongDanTepTinKetQua"] for paper in r["DanhSachGiayToKetQua"])

    def obliged(r: Record) -> bool:
        return has_fee[r["MaTTHC"]] and any(int(fee["Gia"]) > 0 for fee in r["DanhSachLePhi"])

    def any_paper(r: Record, flag: str) -> bool:
        return any(paper[flag] == "1" for paper in r["TaiLieuNop"])

    def population(r: Record) -> bool:
        by_database = {"MaCSDL": "7"} in r["DSKetNoiCSDL"]
        return r["TaiKhoanDuocXacThucVoiVNeID"] == "1" or by_database or any_paper(r, "DuocLayTuKhoDMQG")

    def percent(part: list[bool]) -> float:
        return 100 * sum(part) / len(part)

    # Tolerances are about three standard errors of the 11,000 dossiers of the year.
    assert percent([is_on_time(r, statutory, calendar, as_of) for r in year]) == pytest.approx(82.41, abs=1.0)
    assert percent([r["KenhThucHien"] == "2" for r in year]) == pytest.approx(97.02, abs=0.4)
    assert percent([result_file(r) for r in year]) == pytest.approx(65.26, abs=1.3)
    assert percent([result_file(r) and r["HoSoCoThanhPhanSoHoa"] == "1" for r in year]) == pytest.approx(29.10, abs=1.3)
    assert percent([any_paper(r, "DuocTaiSuDung") for r in year]) == pytest.approx(19.15, abs=1.0)
    assert percent([any_paper(r, "DuocLayTuKhoDMQG") for r in year]) == pytest.approx(0.40, abs=0.15)
    assert percent([population(r) for r in year]) == pytest.approx(40.87, abs=1.3)
    assert percent([obliged(r) for r in year]) == pytest.approx(54.19, abs=1.3)
    assert percent([r["DuocThanhToanTrucTuyen"] in "12" for r in year if obliged(r)]) == pytest.approx(86.84, abs=1.3)
    assert 1 < percent([not r["NgayHenTra"] for r in year]) < 3
    spans = [end - time(r["NgayTiepNhan"]) - waited(r) for r in year if (end := end_of(r))]
    assert min(spans) > timedelta()
    assert sum(s.total_seconds() for s in spans) / len(spans) / 86_400 == pytest.approx(6.01, abs=0.25)

    before = [r for r in clean.newest if (t := time(r["NgayTiepNhan"])) and t < datetime(2025, 7, 1)]
    assert percent([is_on_time(r, statutory, calendar, as_of) for r in before]) == pytest.approx(98, abs=1)
    assert {r["DuocThanhToanTrucTuyen"] for r in year if not obliged(r)} == {"0"}


def test_times_of_a_dossier_are_in_order(clean: Sample) -> None:
    for record in clean.records:
        received, end, returned = time(record["NgayTiepNhan"]), end_of(record), time(record["NgayTra"])
        submitted = time(record["NgayNopHoSo"])
        assert submitted
        assert received is None or submitted <= received
        assert end is None or received is None or received < end
        assert returned is None or (end and end <= returned)
        for one in record["DanhSachHoSoBoSung"]:
            asked, answered = time(one["NgayBoSung"]), time(one["NgayTiepNhanBoSung"])
            assert asked
            assert received is None or received < asked
            assert answered is None or asked < answered
            assert end is None or (answered and answered < end)
        assert (record["TrangThaiHoSo"] in {"3", "7", "8", "9", "10"}) == (end is not None)
        assert (record["NgayTiepNhan"] == "") == (record["TrangThaiHoSo"] == "1")


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    one = write_dossiers(tmp_path / "one", SEEDS, **MARCH)
    two = write_dossiers(tmp_path / "two", SEEDS, **MARCH)
    other = write_dossiers(tmp_path / "other", SEEDS, **{**MARCH, "seed": 8})
    assert [p.read_bytes() for p in one.paths] == [p.read_bytes() for p in two.paths]
    assert one.paths[0].read_bytes() != other.paths[0].read_bytes()
    assert one.paths[0].read_bytes()[4:8] == bytes(4), "the gzip header holds no time"
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == ["sample-hoso-2026-03.ndjson.gz"]


def test_golden_first_record(tmp_path: Path) -> None:
    report = write_dossiers(tmp_path, SEEDS, **MARCH, dirt=0)
    golden = Path(__file__).parent / "golden_first_record.json"
    assert json.loads(lines(report.paths)[0]) == json.loads(golden.read_text(encoding="utf-8")), (
        "samples of old seeds and arguments change: say so in the release notes, and renew the file"
    )


@pytest.mark.parametrize("form", ["array", "data"])
def test_array_forms_hold_the_same_dossiers(tmp_path: Path, form: str) -> None:
    plain = write_dossiers(tmp_path / "lines", SEEDS, **MARCH, dirt=0)
    report = write_dossiers(tmp_path / form, SEEDS, **MARCH, dirt=0, form=form)
    assert report.paths[0].name == "sample-hoso-2026-03.json.gz"
    body = json.loads(content(report.paths[0]))
    assert (body if form == "array" else body["data"]) == [json.loads(line) for line in lines(plain.paths)]
    soiled = write_dossiers(tmp_path / "soiled", SEEDS, **MARCH, dirt=0.5, form=form)
    assert json.loads(content(soiled.paths[0])), "errors of one record do not break the array"


def test_the_dirt_matches_the_report(tmp_path: Path) -> None:
    report = write_dossiers(tmp_path, SEEDS, **{**MARCH, "rows": 3000}, dirt=0.2)
    found: Counter[str] = Counter()
    raw = content(report.paths[0]).splitlines()
    assert len(raw) == report.records == 3000 + report.dirt["exact_duplicate"]
    found["exact_duplicate"] = len(raw) - len(set(raw))
    for line in raw:
        try:
            record = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            found["invalid_utf8"] += 1
            continue
        except json.JSONDecodeError:
            found["invalid_json"] += 1
            continue
        found["missing_code"] += "MaHoSo" not in record
        found["unknown_status"] += record["TrangThaiHoSo"] == "99"
        found["unknown_channel"] += record["KenhThucHien"] == "7"
        found["number_for_string"] += isinstance(record["TrangThaiHoSo"], int)
        found["unknown_field"] += "TruongMoi" in record
        found["unknown_agency"] += record.get("MaHoSo", "").startswith("H99.")
        found["wrong_date_format"] += "/" in record["NgayHenTra"]
        found["impossible_date"] += "0231" in record["NgayTiepNhan"][4:8] or "-02-31" in record["NgayTiepNhan"]
    assert found == report.dirt
    assert set(report.dirt) == set(dirt.DIRT)
    assert sum(found.values()) == pytest.approx(600, abs=90)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(0, 60), seed=st.integers(0, 2**32), start=st.integers(0, 600), length=st.integers(0, 70))
def test_any_arguments_give_that_many_different_dossiers(
    tmp_path_factory: pytest.TempPathFactory, rows: int, seed: int, start: int, length: int
) -> None:
    first = date(2025, 1, 1) + timedelta(days=start)
    report = write_dossiers(
        tmp_path_factory.mktemp("any"),
        SEEDS,
        rows=rows,
        seed=seed,
        first=first,
        last=first + timedelta(days=length),
        dirt=0,
    )
    numbers = [json.loads(line)["MaHoSo"] for line in lines(report.paths)]
    assert len(set(numbers)) == report.dossiers == rows
    assert len(numbers) == report.records == rows + report.newer_versions


def test_delta_adds_to_its_history(clean: Sample, tmp_path: Path) -> None:
    history = {f"history_{name}": value for name, value in HISTORY.items()}
    report = write_delta(tmp_path, SEEDS, rows=200, seed=1, day=date(2026, 10, 13), dirt=0, **history)
    assert [p.name for p in report.paths] == ["sample-hoso-2026-10-13.ndjson.gz"]
    records = [json.loads(line) for line in lines(report.paths)]
    known = {r["MaHoSo"]: r for r in clean.newest}
    fresh = [r for r in records if r["MaHoSo"] not in known]
    again = [r for r in records if r["MaHoSo"] in known]
    assert (len(fresh), len(again)) == (100, 100) == (report.dossiers, report.newer_versions + report.repeated)
    assert len({r["MaHoSo"] for r in records}) == 200
    assert {r["MaHoSo"].split("-")[1] for r in fresh} == {"20261013"}
    # The same dossier, later: what was known stays, only what happened since is added.
    for record in again:
        before = known[record["MaHoSo"]]
        same = ("MaTTHC", "SoGiayToChuHoSo", "NgayNopHoSo", "NgayHenTra", "DonViXuLy", "KenhThucHien")
        assert all(record[f] == before[f] for f in same)
        assert all(record[f] == before[f] for f in ("NgayTiepNhan", "NgayKetThucXuLy", "NgayTra") if before[f])
        assert time(record["NgayNopHoSo"]) >= datetime(2026, 7, 14)
    moved = [r for r in again if r["TrangThaiHoSo"] != known[r["MaHoSo"]]["TrangThaiHoSo"]]
    assert len(moved) == report.newer_versions > 50


def test_delta_of_a_sunday_and_of_a_tiny_history(tmp_path: Path) -> None:
    tiny = {"history_rows": 3, "history_seed": 1, "history_first": date(2026, 9, 1), "history_last": date(2026, 10, 10)}
    report = write_delta(tmp_path, SEEDS, rows=20, seed=1, day=date(2026, 10, 11), dirt=0, **tiny)
    assert report.dossiers == 10
    assert report.newer_versions + report.repeated == 3
    none = write_delta(tmp_path / "none", SEEDS, rows=20, seed=1, day=date(2026, 10, 11), **{**tiny, "history_rows": 0})
    assert (none.dossiers, none.newer_versions, none.repeated) == (10, 0, 0)


def defective(tmp_path: Path, defect: str) -> tuple[SampleReport, bytes]:
    report = write_dossiers(tmp_path, SEEDS, **MARCH, defect=defect)
    return report, report.paths[0].read_bytes()


def test_defects_of_the_complete_file(tmp_path: Path) -> None:
    _, cut = defective(tmp_path / "gz", "truncated-gzip")
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    _, bom = defective(tmp_path / "bom", "bom")
    assert gzip.decompress(bom).startswith(b"\xef\xbb\xbf{")
    report, half = defective(tmp_path / "half", "half-array")
    assert report.paths[0].name.endswith(".json.gz")
    text = gzip.decompress(half).decode()
    assert text.startswith("[\n{")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert len(json.loads(text[: text.rindex(",\n")] + "]")) == report.records
    assert defective(tmp_path / "empty", "empty")[1] == b""
    foreign = gzip.decompress(defective(tmp_path / "foreign", "foreign")[1])
    assert foreign.startswith(b"radio,mcc,net,area,cell")


def test_defects_of_most_records(tmp_path: Path) -> None:
    for defect, kinds in (
        ("unknown-codes", {"unknown_status", "unknown_channel"}),
        ("impossible-dates", {"impossible_date"}),
        ("unknown-communes", {"unknown_agency"}),
        ("invalid-utf8", {"invalid_utf8"}),
    ):
        report, _ = defective(tmp_path / defect, defect)
        assert set(report.dirt) == kinds
        assert sum(report.dirt.values()) > 0.7 * report.records
    report, twice = defective(tmp_path / "twice", "duplicates")
    assert set(Counter(gzip.decompress(twice).splitlines()).values()) == {2}
    assert report.records == 800


def test_late_defect_leaves_few_on_time(tmp_path: Path) -> None:
    report = write_dossiers(tmp_path, SEEDS, **{**MARCH, "last": date(2026, 8, 31)}, dirt=0, defect="late")
    newest = Sample(report, [json.loads(line) for line in lines(report.paths)]).newest
    judged = [r for r in newest if r["NgayHenTra"] and end_of(r)]
    on_time = [r for r in judged if end_of(r) - waited(r) <= time(r["NgayHenTra"])]
    assert len(on_time) < 0.06 * len(judged)


def test_every_defect_is_described() -> None:
    assert all(len(defect.description) > 10 for defect in dirt.DEFECTS.values())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"first": date(2024, 12, 31)}, "2025-01-01"),
        ({"first": date(2026, 4, 1)}, "must not be after"),
        ({"rows": -1}, "negative"),
        ({"dirt": 1.5}, "share from 0 to 1"),
        ({"defect": "rust"}, "one of: late"),
    ],
)
def test_errors_of_wrong_arguments_name_the_right_ones(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_dossiers(tmp_path, SEEDS, **{**MARCH, **wrong})
    assert not list(tmp_path.iterdir())


def test_missing_seeds_are_named(tmp_path: Path) -> None:
    with pytest.raises(SeedsError, match=r"procedures\.csv: the file is missing"):
        write_dossiers(tmp_path, tmp_path, **MARCH)


def test_an_interrupted_run_leaves_no_truncated_file(tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dossiers(tmp_path, SEEDS, **MARCH, progress=stop)
    assert not list(tmp_path.iterdir())
