"""The dossier tables and the 766 index, petitions too, a second time: plain Python from the files as received, no SQL.

Written from the method pages (docs/methods), to be compared cell by cell with the marts. Whoever changes a model and
not this file, or both in different ways, sees a test fail.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

LAST_SECOND = time(23, 59, 59)
PROVINCE = "H27"
TIMES = ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayTuChoi")
TIME = re.compile(r"|\d{8}(\d{6})?|\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?")
NO_DUE_DATE = {"0001-01-01", "1753-01-01", "1900-01-01", "9999-12-31"}
"""What systems write where there is none."""
FEWEST = 5
"""Resolved dossiers behind a mean or median that is published."""
NEIGHBOUR = {
    **dict.fromkeys(("mean_days", "median_days", "download_mbps", "upload_mbps"), 0.0101),
    "tile_median_download_mbps": 0.0101,
    "latency_ms": 0.101,
    "sites_per_1000": 0.00101,
    **dict.fromkeys(("sites_reach_pct", "cells_reach_pct"), 0.101),
}
"""How far the last digit of a rounded quotient may be off."""
FLAGS = (
    "online",
    "with_obligation",
    "paid_online",
    "with_fee_data",
    "e_result",
    "digitised",
    "reused",
    "from_personal_store",
    "population_data",
    "with_digitised_component",
)
Cells = dict[str, Any]
Rows = dict[tuple[Any, ...], Cells]


@dataclass
class Registries:
    """The code lists that ship with the project, as rows of text."""

    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @cached_property
    def procedures(self) -> dict[str, dict[str, str]]:
        return {row["procedure_code"]: row for row in self.rows("procedures")}

    @cached_property
    def holidays(self) -> set[str]:
        return {row["holiday_date"] for row in self.rows("public_holidays")}

    @cached_property
    def finished(self) -> set[str]:
        return {row["status_code"] for row in self.rows("dossier_statuses") if row["is_finished"] == "true"}

    @cached_property
    def agencies(self) -> dict[str, list[dict[str, str]]]:
        lives = defaultdict(list)
        for row in self.rows("agencies"):
            lives[row["agency_code"]].append(row)
        return lives

    def agency(self, code: str, day: date) -> dict[str, str] | None:
        return next(
            (r for r in self.agencies.get(code, ()) if r["valid_from"] <= f"{day}" <= (r["valid_to"] or "9999-12-31")),
            None,
        )

    def working_day_after(self, day: date, count: int) -> date:
        """The n-th working day after a day."""
        while count:
            day += timedelta(days=1)
            count -= day.isoweekday() < 6 and day.isoformat() not in self.holidays
        return day


@dataclass
class Dossier:
    """One dossier in its newest version, with what the rules ask of it."""

    record: Mapping[str, Any]
    registries: Registries
    version: tuple[Any, ...] = field(default=())

    def when(self, name: str) -> datetime | None:
        return moment(self.record.get(name))

    @cached_property
    def received(self) -> datetime | None:
        return self.when("NgayTiepNhan")

    @cached_property
    def agency_code(self) -> str:
        return self.record["MaHoSo"].strip().split("-")[0]

    @cached_property
    def procedure_code(self) -> str:
        code = self.record["MaTTHC"].strip()
        return code.split(".000.00.00.")[0]

    @cached_property
    def procedure(self) -> dict[str, str]:
        return self.registries.procedures.get(self.procedure_code, {})

    @cached_property
    def field_code(self) -> str:
        return self.procedure.get("field_code") or text(self.record.get("MaLinhVuc"))

    @cached_property
    def end(self) -> datetime | None:
        return self.when("NgayKetThucXuLy") or self.when("NgayTra") or self.when("NgayTuChoi")

    @cached_property
    def supplements(self) -> list[tuple[datetime | None, datetime | None]]:
        given = self.record.get("DanhSachHoSoBoSung") or []
        return [(moment(s.get("NgayBoSung")), moment(s.get("NgayTiepNhanBoSung"))) for s in given]

    @cached_property
    def waiting(self) -> timedelta:
        return sum((max(b - a, timedelta()) for a, b in self.supplements if a and b), timedelta())

    @cached_property
    def stopped(self) -> datetime | None:
        """The end, or the moment of a single unanswered request."""
        if self.end or len(self.supplements) != 1:
            return self.end
        ((asked, answered),) = self.supplements
        return None if answered else asked

    @cached_property
    def term(self) -> datetime | None:
        """Up to when it is on time; a day without a time, as the last day of a statutory term, lasts until it ends."""
        due = self.when("NgayHenTra")
        if due and due.date().isoformat() not in NO_DUE_DATE:
            return datetime.combine(due, LAST_SECOND) if due.time() == time() else due
        days, unit = self.procedure.get("statutory_days"), self.procedure.get("statutory_unit")
        if not days or not self.received:
            return None
        if unit == "hour":
            return self.received + timedelta(hours=int(days))
        day, count = self.received.date(), int(days)
        is_working = unit == "working_day"
        last = self.registries.working_day_after(day, count) if is_working else day + timedelta(days=count)
        return datetime.combine(last, LAST_SECOND)

    def outcome(self, judged_at: datetime) -> str:
        """Item 2.1 of QĐ 766, when what is open is judged at a moment."""
        late = "late" if self.end else "overdue"
        if len(self.supplements) > 1:
            return late
        if self.term is None:
            return "no_term"
        counted = (self.end or min(self.stopped or judged_at, judged_at)) - self.waiting
        if counted > self.term:
            return late
        if not self.end:
            return "in_process"
        return "early" if counted.date() < self.term.date() else "on_time"

    @cached_property
    def days(self) -> float | None:
        if not self.end or not self.received or self.end.date() < self.received.date():
            return None
        return max(timedelta(), self.end - self.received - self.waiting) / timedelta(days=1)

    @cached_property
    def flags(self) -> set[str]:
        papers = [p for p in self.record.get("TaiLieuNop") or [] if not yes(p.get("IsDeleted"))]
        files = [p for p in papers if p.get("DuongDanTaiTepTin") or p.get("TepDinhKemId")]
        fees = self.record.get("DanhSachLePhi") or []
        due = sum(int(float(text(f.get("Gia")) or 0)) for f in fees) > 0
        owes = due or (self.procedure.get("has_fee") == "true" and not fees)
        result = any(r.get("DuongDanTepTinKetQua") for r in self.record.get("DanhSachGiayToKetQua") or [])
        store = any(yes(p.get("DuocLayTuKhoDMQG")) for p in papers)
        population = any(text(d.get("MaCSDL")) == "7" for d in self.record.get("DSKetNoiCSDL") or [])
        held = {
            "online": self.channel == "2",
            "with_obligation": owes,
            "paid_online": owes and text(self.record.get("DuocThanhToanTrucTuyen")) in ("1", "2"),
            "with_fee_data": bool(fees),
            "e_result": result,
            "digitised": bool(files) and result,
            "reused": any(yes(p.get("DuocTaiSuDung")) for p in papers),
            "from_personal_store": store,
            "population_data": yes(self.record.get("TaiKhoanDuocXacThucVoiVNeID")) or store or population,
            "with_digitised_component": yes(self.record.get("HoSoCoThanhPhanSoHoa")),
        }
        return {name for name, holds in held.items() if holds}

    @cached_property
    def channel(self) -> str:
        return text(self.record.get("KenhThucHien")) or "1"

    @property
    def has_e_result_where_due(self) -> bool:
        return self.procedure.get("requires_paper_result") != "true" or "e_result" in self.flags


def text(value: Any) -> str:
    """A value as the feed writes it, a text or a number."""
    return "" if value is None else str(value).strip()


def moment(value: Any) -> datetime | None:
    digits = "".join(c for c in text(value) if c.isdigit())
    return datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S") if digits else None


def yes(value: Any) -> bool:
    return text(value).lower() in ("1", "true")


def readable(line: bytes) -> dict[str, Any] | None:
    """A record that can be meant: JSON with a number, known codes and times that exist. Others are quarantined."""
    try:
        record: dict[str, Any] = json.loads(line.decode("utf-8"))
        for name in TIMES:
            assert TIME.fullmatch(text(record.get(name)))
            moment(record.get(name))
        assert text(record.get("MaHoSo"))
        assert text(record["TrangThaiHoSo"]) in map(str, range(1, 11))
        assert text(record.get("KenhThucHien")) in ("", "1", "2", "3")
    except (AssertionError, ValueError, KeyError):
        return None
    return record


def dossiers(files: Iterable[tuple[date, Path]], registries: Registries) -> list[Dossier]:
    """Every dossier in its newest version: of the later day of content, then the later file, then the later line."""
    newest: dict[str, Dossier] = {}
    for order, (day, path) in enumerate(files):
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
        for number, line in enumerate(lines):
            if (record := readable(line)) is None:
                continue
            dossier = Dossier(record, registries, (day, order, number))
            known = newest.setdefault(dossier.record["MaHoSo"].strip(), dossier)
            if known.version < dossier.version:
                newest[dossier.record["MaHoSo"].strip()] = dossier
    return [dossier for dossier in newest.values() if dossier.received]


def by_month(every: Iterable[Dossier], last_day: date) -> dict[str, Rows]:
    """The four marts by month of receipt, agency and field."""
    groups: dict[tuple[Any, ...], list[Dossier]] = defaultdict(list)
    for dossier in every:
        assert dossier.received
        groups[dossier.received.date().replace(day=1), dossier.agency_code, dossier.field_code].append(dossier)
    tables: dict[str, Rows] = defaultdict(dict)
    for key, group in groups.items():
        received = len(group)
        judged_at = datetime.combine(min(end_of(key[0], 1), last_day), LAST_SECOND)
        outcomes = Counter(dossier.outcome(judged_at) for dossier in group)
        timed = [dossier.days for dossier in group if dossier.days is not None]
        flags = Counter(flag for dossier in group for flag in dossier.flags)
        counted = {flag: flags[flag] for flag in FLAGS}
        status = (
            "preliminary" if end_of(key[0], 1) > last_day else "break" if key[0] == date(2025, 7, 1) else "observed"
        )
        good = outcomes["early"] + outcomes["on_time"] + outcomes["in_process"]
        tables["dossier_timeliness"][key] = {
            "received": received,
            "resolved": sum(dossier.end is not None for dossier in group),
            **{name: outcomes[name] for name in ("early", "on_time", "late", "in_process", "overdue", "no_term")},
            "on_time_pct": pct(good, received),
            "mean_days": round(sum(timed) / len(timed), 2) if len(timed) >= FEWEST else None,
            "median_days": round(median(timed), 2) if len(timed) >= FEWEST else None,
            "days_status": "missing" if not timed else "suppressed" if len(timed) < FEWEST else "observed",
            "obs_status": status,
        }
        channels = Counter(dossier.channel for dossier in group)
        levels = Counter(dossier.procedure.get("service_level") for dossier in group)
        online = [dossier for dossier in group if dossier.channel == "2"]
        online_levels = Counter(dossier.procedure.get("service_level") for dossier in online)
        tables["online_submission"][key] = {
            "received": received,
            "online": channels["2"],
            "in_person": channels["1"],
            "by_post": channels["3"],
            "full_service": levels["4"],
            "partial_service": levels["3"],
            "online_full_service": online_levels["4"],
            "online_partial_service": online_levels["3"],
            "online_with_e_result": sum(dossier.has_e_result_where_due for dossier in online),
            "online_pct": pct(channels["2"], received),
            "obs_status": status,
        }
        digital = (
            "e_result",
            "digitised",
            "reused",
            "from_personal_store",
            "population_data",
            "with_digitised_component",
        )
        tables["digitisation"][key] = {
            "received": received,
            **{name: counted[name] for name in digital},
            **{f"{name}_pct": pct(counted[name], received) for name in digital},
            "obs_status": status,
        }
        with_fee = [dossier for dossier in group if dossier.procedure.get("has_fee") == "true"]
        tables["online_payment"][key] = {
            "received": received,
            "with_obligation": counted["with_obligation"],
            "paid_online": counted["paid_online"],
            "paid_online_pct": pct(counted["paid_online"], counted["with_obligation"]),
            "fee_procedures_received": len({d.procedure_code for d in with_fee}),
            "fee_procedures_paid_online": len({d.procedure_code for d in with_fee if "paid_online" in d.flags}),
            "fee_procedures_with_fee_data": len({d.procedure_code for d in with_fee if "with_fee_data" in d.flags}),
            "obs_status": status,
        }
    return dict(tables)


def ageing(every: Iterable[Dossier], last_day: date) -> Rows:
    """Open dossiers on the last day of data, by agency and field."""
    end = datetime.combine(last_day, LAST_SECOND)
    groups: dict[tuple[Any, ...], list[Dossier]] = defaultdict(list)
    for dossier in every:
        if not dossier.end and text(dossier.record["TrangThaiHoSo"]) not in dossier.registries.finished:
            groups[dossier.agency_code, dossier.field_code].append(dossier)

    def stage(dossier: Dossier) -> str:
        if dossier.term is None:
            return "without_term"
        due = dossier.term + dossier.waiting + (end - dossier.stopped if dossier.stopped else timedelta())
        days = (due.date() - last_day).days
        for name, most in (
            ("overdue_over_30_days", -31),
            ("overdue_8_to_30_days", -8),
            ("overdue_1_to_7_days", -1),
            ("due_today", 0),
            ("due_in_1_to_3_days", 3),
            ("due_in_4_to_7_days", 7),
        ):
            if days <= most:
                return name
        return "due_later"

    rows: Rows = {}
    for key, group in groups.items():
        stages = Counter(map(stage, group))
        ages = [(last_day - dossier.received.date()).days for dossier in group if dossier.received]
        rows[key] = {
            "open_dossiers": len(group),
            **{name: stages[name] for name in ("due_today", "due_later", "without_term", "due_in_1_to_3_days")},
            **{name: stages[name] for name in ("due_in_4_to_7_days", "overdue_1_to_7_days", "overdue_8_to_30_days")},
            "overdue_over_30_days": stages["overdue_over_30_days"],
            "median_age_days": float(Decimal(float(median(ages))).quantize(Decimal("0.1"), ROUND_HALF_UP))
            if len(group) >= FEWEST
            else None,
        }
    return rows


def index(
    every: Iterable[Dossier], last_day: date, registries: Registries, petitioned: Iterable[Petition] = ()
) -> Rows:
    """The 766 index by period, agency (and the province) and component: numerator, denominator and points.

    An agency that has petitions and no dossier answers for its procedures all the same: none of them was used.
    """
    components = {row["component_code"]: row for row in registries.rows("qd766_components")}
    since = min(row["valid_from"] for row in components.values())
    lead = {row["field_code"]: row["lead_body"] for row in registries.rows("procedure_fields")}
    groups: dict[tuple[Any, ...], list[Dossier]] = defaultdict(list)
    days: dict[tuple[Any, ...], set[date]] = defaultdict(set)
    for one in (*every, *petitioned):
        assert one.received
        for kind, start in periods(one.received.date()):
            if start.isoformat() >= since:
                for agency in {one.agency_code, PROVINCE}:
                    days[kind, start, agency].add(one.received.date())
                    groups[kind, start, agency] += [one] if isinstance(one, Dossier) else []
    rows: Rows = {}
    for (kind, start, agency), group in groups.items():
        months = {"month": 1, "quarter": 3, "year": 12}[kind]
        judged_at = datetime.combine(min(end_of(start, months), last_day), LAST_SECOND)
        counts = dict(
            [
                *_of_dossiers(group, judged_at),
                *_of_procedures(group, _competence(agency, days[kind, start, agency], registries), lead, registries),
            ]
        )
        for code, (numerator, denominator) in counts.items():
            if denominator:
                points = points_of(components[code], numerator, denominator)
                rows[kind, start, agency, code] = {
                    "recomputed_numerator": numerator,
                    "recomputed_denominator": denominator,
                    "recomputed_points": float(points),
                }
    return rows


def annual_on_time(every: Iterable[Dossier], last_day: date) -> dict[date, tuple[int, int]]:
    """By year: dossiers on time when the year is judged at its own end, and received."""
    years: dict[date, list[Dossier]] = defaultdict(list)
    for dossier in every:
        assert dossier.received
        years[date(dossier.received.year, 1, 1)].append(dossier)
    found = {}
    for start, group in years.items():
        judged_at = datetime.combine(min(end_of(start, 12), last_day), LAST_SECOND)
        good = sum(dossier.outcome(judged_at) in ("early", "on_time", "in_process") for dossier in group)
        found[start] = (good, len(group))
    return found


def _of_dossiers(group: list[Dossier], judged_at: datetime) -> Iterator[tuple[str, tuple[int, int]]]:
    on_time = sum(dossier.outcome(judged_at) in ("early", "on_time", "in_process") for dossier in group)
    yield "DOSSIER_ON_TIME", (on_time, len(group))
    yield "DOSSIER_RECEIVING_SATISFACTION", (on_time, len(group))
    flags = Counter(flag for dossier in group for flag in dossier.flags)
    yield "PAYMENT_DOSSIER", (flags["paid_online"], flags["with_obligation"])
    for code, flag in (
        ("ONLINE_DOSSIER", "online"),
        ("ORIGINAL_RESULT_AVAILABLE", "e_result"),
        ("SO_HOA_GIAY_TO_GIAI_QUYET", "digitised"),
        ("REUSED_DIGITIZED_DATA", "reused"),
        ("SYNCED_WITH_DVCQG_PERSONAL_STORAGE", "from_personal_store"),
        ("CITIZEN_DATA_CONNECTED_DOSSIER", "population_data"),
    ):
        yield code, (flags[flag], len(group))


def _competence(agency: str, days: Iterable[date], registries: Registries) -> str | None:
    """Whose procedures an agency answers for: the province, communes, or the department of that name; else none."""
    if agency == PROVINCE:
        return PROVINCE
    lives = [registries.agency(agency, day) for day in sorted(days)]
    known = [life for life in lives if life]
    if not known:
        return None
    return "commune" if known[0]["level"] == "commune" else known[0]["name"]


def _of_procedures(
    group: list[Dossier], competence: str | None, lead: Mapping[str, str], registries: Registries
) -> Iterator[tuple[str, tuple[int, int]]]:
    catalogue = {code: p for code, p in registries.procedures.items() if p["field_code"] in lead}
    own = {
        code
        for code, p in catalogue.items()
        if competence in (PROVINCE, "commune" if p["level"] == "commune" else lead[p["field_code"]])
    }
    flags: dict[str, set[str]] = defaultdict(set)
    for dossier in group:
        if dossier.procedure_code in catalogue:
            flags[dossier.procedure_code] |= dossier.flags
    asked = own | flags.keys()
    for code, applies, flag in (
        ("ONLINE_SERVICE_USED", lambda p: p["service_level"] in ("3", "4"), "online"),
        ("PAYMENT_PROCEDURE", lambda p: p["has_fee"] == "true", "paid_online"),
        ("PAYMENT_INTEGRATED", lambda p: p["has_fee"] == "true", "with_fee_data"),
        ("CITIZEN_DATA_CONNECTED_FORMALITY", lambda p: p["subject"] in ("citizen", "both"), "population_data"),
    ):
        counted = {procedure for procedure in asked if applies(catalogue[procedure])}
        yield code, (sum(flag in flags[procedure] for procedure in counted), len(counted))
    if competence != "commune":
        online = sum(catalogue[procedure]["service_level"] in ("3", "4") for procedure in own)
        yield "ONLINE_PROVISION", (online, len(own))


@dataclass(frozen=True)
class Petition:
    """One petition in its newest version."""

    agency_code: str
    received: datetime
    term: datetime
    answered: datetime | None
    kind: str
    is_disliked: bool

    def is_on_time(self, judged_at: datetime) -> bool:
        """Item 5.2: answered within the term, or not answered and still within it."""
        return (self.answered or judged_at) <= self.term


def petitions(files: Iterable[tuple[date, Path]], registries: Registries) -> list[Petition]:
    """Every petition in its newest version, from tables in our own form."""
    newest: dict[str, Petition] = {}
    for _, path in sorted(files):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                newest[row["Mã phản ánh"].upper()] = _petition(row, registries)
    return list(newest.values())


def _petition(row: Mapping[str, str], registries: Registries) -> Petition:
    received, due, answered = (printed(row[name]) for name in ("Ngày tiếp nhận", "Hạn trả lời", "Ngày trả lời"))
    assert received
    if due is None:
        due = datetime.combine(registries.working_day_after(received.date(), 15), time())
    term = datetime.combine(due, LAST_SECOND) if due.time() == time() else due
    return Petition(row["Mã đơn vị"], received, term, answered, row["Phân loại"], row["Hài lòng"] == "0")


def printed(written: str) -> datetime | None:
    """`DD/MM/YYYY`, with or without a time."""
    form = "%d/%m/%Y %H:%M:%S" if " " in written else "%d/%m/%Y"
    return datetime.strptime(written, form) if written else None


def petition_shares(every: Iterable[Petition], last_day: date, registries: Registries) -> Rows:
    """Items 5.1 to 5.3 by period, agency (and the province) and component."""
    components = {row["component_code"]: row for row in registries.rows("qd766_components")}
    since = min(row["valid_from"] for row in components.values())
    groups: dict[tuple[Any, ...], list[Petition]] = defaultdict(list)
    for petition in every:
        for kind, start in periods(petition.received.date()):
            if start.isoformat() >= since:
                for agency in {petition.agency_code, PROVINCE}:
                    groups[kind, start, agency].append(petition)
    rows: Rows = {}
    for (kind, start, agency), group in groups.items():
        end = min(end_of(start, {"month": 1, "quarter": 3, "year": 12}[kind]), last_day)
        on_time = [petition for petition in group if petition.is_on_time(datetime.combine(end, LAST_SECOND))]
        for code, counted in (
            ("PETITION_CLASSIFICATION_TTHC", sum(petition.kind == "TTHC" for petition in group)),
            ("PETITION_CLASSIFICATION_STAFF", sum(petition.kind == "STAFF" for petition in group)),
            ("PETITION_PROCESSING_ON_TIME", len(on_time)),
            ("PETITION_HANDLING_SATISFACTION", sum(not petition.is_disliked for petition in on_time)),
        ):
            points = points_of(components[code], counted, len(group)) if int(components[code]["max_points"]) else None
            rows[kind, start, agency, code] = {
                "recomputed_numerator": counted,
                "recomputed_denominator": len(group),
                "recomputed_points": None if points is None else float(points),
            }
    return rows


def points_of(component: Mapping[str, str], numerator: int, denominator: int) -> Decimal:
    """Points as the portal rounds them: JavaScript's toFixed(2) of doubles, the share first where the rule has it."""
    most = int(component["max_points"])
    share = min(100.0, numerator / denominator * 100)
    if component["rounding"] == "percent_then_points":
        share = float(hundredths(share))
    return hundredths(min(float(most), most * share / float(component["threshold_pct"] or 100)))


def hundredths(number: float) -> Decimal:
    return Decimal(number).quantize(Decimal("0.01"), ROUND_HALF_UP)


def pct(part: int, of: int) -> float | None:
    return float(hundredths(100.0 * part / of)) if of else None


def periods(day: date) -> Iterator[tuple[str, date]]:
    yield "month", day.replace(day=1)
    yield "quarter", date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    yield "year", date(day.year, 1, 1)


def end_of(start: date, months: int) -> date:
    """The last day of a period of some months."""
    year, month = divmod(start.month - 1 + months, 12)
    return date(start.year + year, month + 1, 1) - timedelta(days=1)


def differences(found: Iterable[Mapping[str, Any]], expected: Rows, key: tuple[str, ...]) -> list[str]:
    """Where rows of a mart are not those expected: a line per row that only one side has, and per cell that differs.

    Means and medians are sums of doubles in another order: they may round to the neighbouring last digit (`NEIGHBOUR`).
    """
    rows = {tuple(row[name] for name in key): row for row in found}
    lines = [f"only in the mart: {k}" for k in rows.keys() - expected.keys()]
    lines += [f"not in the mart: {k}" for k in expected.keys() - rows.keys()]
    for k in rows.keys() & expected.keys():
        for name, value in expected[k].items():
            cell, slack = rows[k][name], NEIGHBOUR.get(name, 1e-9)
            same = (
                cell == value if value is None or cell is None or isinstance(value, str) else abs(cell - value) <= slack
            )
            if not same:
                lines.append(f"{k}, {name}: {cell!r} in the mart, {value!r} recomputed")
    return sorted(lines)
