"""Text of dossier records in the exchange format of the National Public Service Portal (HoSoDongBoDVC).

Every value is a JSON string but for a few integers of the nested lists; dates are `yyyyMMddHHmmss`, in a few dossiers
`yyyy-MM-dd HH:mm:ss` as newer portals write them; "" means absent. People are evidently made up: their names,
identity numbers, phones and mails belong to nobody. An event later than the day looked at is not reported.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache

import numpy as np

from samples.catalogue import TWO_LEVELS_FROM, Catalogue, Ints
from samples.lives import DAY, EPOCH, NEVER, Lives, day_number

POPULATION_DATABASE = "7"
"""MaCSDL of the national population database, as the clients that push dossiers write it."""
APPLICANT_NAMES = {1: "Người Mẫu", 2: "Công ty Mẫu", 3: "Cơ quan Mẫu", 4: "Tổ chức Mẫu"}


class Writer:
    """Turns lives into records. `first_day` is the earliest day number that can occur."""

    def __init__(self, catalogue: Catalogue, first_day: int) -> None:
        first_day -= 1  # an online dossier may have been submitted the evening before
        days = [EPOCH + timedelta(days=first_day + n) for n in range(1500)]
        self._first_day = first_day
        self._days = ([f"{d:%Y%m%d}" for d in days], [f"{d:%Y-%m-%d} " for d in days])
        self._times = _clock()
        self._change = day_number(TWO_LEVELS_FROM)
        self._agency_codes = [agencies.codes for agencies in catalogue.agencies]
        self._agency_names = [[_text(name) for name in agencies.names] for agencies in catalogue.agencies]
        self._procedures = [
            f'"MaTTHC":{_text(code)},"TenTTHC":{_text(name)},"MaLinhVuc":{_text(field)},"TenLinhVuc":{_text(title)}'
            for code, name, field, title in zip(
                catalogue.procedure_codes,
                catalogue.procedure_names,
                catalogue.field_codes,
                catalogue.field_names,
                strict=True,
            )
        ]
        self._subjects = [_text(f"DỮ LIỆU MẪU – {title}") for title in catalogue.field_names]
        self._fees = [_fee(p) if has_fee else None for p, has_fee in enumerate(catalogue.has_fee.tolist())]
        self._papers = {
            (count, flags): _papers(count, *(bool(flags >> bit & 1) for bit in range(3)))
            for count in (1, 2, 3)
            for flags in range(8)
        }
        self._results = {True: _result("https://example.invalid/ket-qua/1.pdf"), False: _result("")}

    def records(self, lives: Lives, midnight: int) -> list[str]:
        """One JSON object a dossier, on one line each, as known at `midnight` (seconds: the end of the day)."""
        status = lives.status(midnight)
        iso = lives.is_iso_dated
        usual = lives.last_status >= 9
        ended = lives.ended < midnight
        # Refusals and stops have a time field of their own.
        refused = (lives.last_status == 3) | (lives.last_status == 8)

        def reported(time: Ints, where: np.typing.NDArray[np.bool_] | bool = True) -> list[str]:
            return self._dates(np.where((time < midnight) & where, time, NEVER), iso)

        flags = lives.is_digitised.astype(np.int64) | lives.is_reused * 2 | lives.is_from_store * 4
        due = self._dates(lives.due, iso)
        columns = (
            self._numbers(lives),
            lives.procedure.tolist(),
            (lives.day >= self._change).astype(np.int64).tolist(),
            lives.agency.tolist(),
            lives.channel.tolist(),
            lives.applicant.tolist(),
            lives.person.tolist(),
            self._dates(lives.submitted, iso),
            reported(lives.received, status != 1),
            due,
            reported(lives.returned, usual),
            reported(lives.ended, ~refused & lives.has_end_time),
            reported(lives.ended, refused),
            status.tolist(),
            lives.has_obligation.tolist(),
            lives.is_paid.tolist(),
            lives.uses_vneid.tolist(),
            lives.uses_population_database.tolist(),
            flags.tolist(),
            (usual & ended).tolist(),
            lives.has_result_file.tolist(),
            self._supplements(lives, midnight, due),
        )
        papers, results, procedures = self._papers, self._results, self._procedures
        lines: list[str] = []
        for (
            number, p, new, agency, channel, applicant, person, submitted, received, due_at, returned, ended_at,
            refused_at, code, obligation, paid, vneid, population, paper, resolved, file, supplements,
        ) in zip(*columns, strict=True):  # fmt: skip
            digits = f"{person:06}"
            fee = self._fees[p]
            lines.append(
                f'{{"MaHoSo":"{number}",{procedures[p]},"KenhThucHien":"{_channel(channel, person)}",'
                f'"SoGiayToChuHoSo":"000000{digits}","ChuHoSo":"{APPLICANT_NAMES[applicant]} {digits}",'
                f'"LoaiDoiTuong":"{applicant}","MaDoiTuong":"","ThongTinKhac":"","Email":"mau{digits}@example.invalid",'
                f'"Fax":"","SoDienThoai":"0000{digits}","TrichYeuHoSo":{self._subjects[p]},'
                f'"NgayNopHoSo":"{submitted}","NgayTiepNhan":"{received}","NgayHenTra":"{due_at}",'
                f'"NgayTra":"{returned}","NgayKetThucXuLy":"{ended_at}","NgayTuChoi":"{refused_at}",'
                f'"TrangThaiHoSo":"{code}","ThongTinTra":"","HinhThuc":"{"1" if channel == 3 else "0"}",'
                f'"DonViXuLy":{self._agency_names[new][agency]},"GhiChu":"","NoiNopHoSo":"{"1" if new else "2"}",'
                f'"HoSoCoThanhPhanSoHoa":"{paper & 1}","TaiKhoanDuocXacThucVoiVNeID":"{"1" if vneid else "0"}",'
                f'"DuocThanhToanTrucTuyen":"{("1" if new else "2") if paid else "0"}",'
                f'"DinhDanhCHS":[{{"LoaiDinhDanh":"1","SoDinhDanh":"000000{digits}"}}],'
                f'"DSKetNoiCSDL":[{_POPULATION if population else ""}],'
                f'"TaiLieuNop":{papers[p % 3 + 1, paper]},'
                f'"DanhSachLePhi":{"[]" if fee is None else fee[obligation]},"DanhSachTepDinhKemKhac":[],'
                f'"DanhSachHoSoBoSung":{supplements},'
                f'"DanhSachGiayToKetQua":{results[file] if resolved else "[]"}}}'
            )
        return lines

    def _numbers(self, lives: Lives) -> list[str]:
        """`{agency}-{yyMMdd}-{number}` up to June 2025, then `{agency}-{yyyyMMdd}-{7 digits}`."""
        old, new = self._agency_codes
        return [
            f"{new[agency]}-{self._days[0][day]}-{serial:07}"
            if day + self._first_day >= self._change
            else f"{old[agency]}-{self._days[0][day][2:]}-{serial:04}"
            for agency, day, serial in zip(
                lives.agency.tolist(), (lives.day - self._first_day).tolist(), lives.serial.tolist(), strict=True
            )
        ]

    def _dates(self, time: Ints, iso: np.typing.NDArray[np.bool_]) -> list[str]:
        day, second = np.divmod(time, DAY)
        day = np.where(time == NEVER, -1, day - self._first_day)
        (days, iso_days), (times, iso_times) = self._days, self._times
        return [
            "" if d < 0 else iso_days[d] + iso_times[s] if is_iso else days[d] + times[s]
            for d, s, is_iso in zip(day.tolist(), second.tolist(), iso.tolist(), strict=True)
        ]

    def _supplements(self, lives: Lives, midnight: int, due: list[str]) -> list[str]:
        """DanhSachHoSoBoSung of each dossier. NgayHenTra stays the first one; the new one is in the list."""
        lists = ["[]"] * len(lives)
        for i in np.flatnonzero(lives.asked < midnight).tolist():
            one = lives.take(np.array([i]))
            items = []
            for n, (asked, answered) in enumerate(((one.asked, one.answered), (one.asked_again, one.answered_again))):
                if asked[0] >= midnight:
                    continue
                is_answered = answered[0] < midnight
                moved = one.due + (answered - asked)
                new_due = moved if is_answered and one.due[0] != NEVER else np.array([NEVER])
                items.append(
                    {
                        "HoSoBoSungId": n + 1,
                        "NguoiYeuCauBoSung": "Cán bộ Mẫu",
                        "NoiDungBoSung": "DỮ LIỆU MẪU",
                        "NgayBoSung": self._dates(asked, one.is_iso_dated)[0],
                        "NguoiTiepNhanBoSung": "Cán bộ Mẫu" if is_answered else "",
                        "ThongTinTiepNhan": "",
                        "NgayTiepNhanBoSung": self._dates(answered, one.is_iso_dated)[0] if is_answered else "",
                        "TrangThaiBoSung": "1" if is_answered else "0",
                        "DanhSachGiayToBoSung": [],
                        "DanhSachLePhiBoSung": [],
                        "NgayHenTraTruoc": due[i],
                        "NgayHenTraMoi": self._dates(new_due, one.is_iso_dated)[0],
                    }
                )
            lists[i] = _text(items)
        return lists


_POPULATION = f'{{"MaCSDL":"{POPULATION_DATABASE}"}}'


@cache
def _clock() -> tuple[list[str], list[str]]:
    """Every second of a day, as `HHmmss` and as `HH:mm:ss`."""
    pairs = [f"{n:02}" for n in range(60)]
    seconds = [(h, m, s) for h in pairs[:24] for m in pairs for s in pairs]
    return [h + m + s for h, m, s in seconds], [f"{h}:{m}:{s}" for h, m, s in seconds]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _channel(channel: int, person: int) -> str:
    """Some offices leave the channel of a dossier brought in person empty."""
    return "" if channel == 1 and person % 40 == 0 else str(channel)


def _fee(procedure: int) -> tuple[str, str]:
    """DanhSachLePhi without and with an amount due."""
    fee = {"TenPhiLePhi": "Lệ phí mẫu", "MaPhiLePhi": f"LP{procedure:04}", "HinhThucThu": "1"}
    amount = str(8_000 + 7_000 * (procedure % 12))
    return _text([{**fee, "Gia": "0", "LoaiPhiLePhi": "1"}]), _text([{**fee, "Gia": amount, "LoaiPhiLePhi": "1"}])


def _papers(count: int, is_digitised: bool, is_reused: bool, is_from_store: bool) -> str:
    """TaiLieuNop: a component has a file only where it is digitised; the flags lie on the first component."""
    return _text(
        [
            {
                "TepDinhKemId": f"{n}" if is_digitised else "",
                "TenTepDinhKem": f"tai-lieu-mau-{n}.pdf" if is_digitised else "",
                "IsDeleted": "False",
                "MaThanhPhanHoSo": f"TP{n}",
                "DuongDanTaiTepTin": f"https://example.invalid/tai-lieu/{n}.pdf" if is_digitised else "",
                "DuocSoHoa": "1" if is_digitised else "0",
                "DuocTaiSuDung": "1" if is_reused and n == 1 else "0",
                "DuocLayTuKhoDMQG": "1" if is_from_store and n == 1 else "0",
                "MaKetQuaThayThe": "",
            }
            for n in range(1, count + 1)
        ]
    )


def _result(link: str) -> str:
    return _text(
        [
            {
                "TenGiayTo": "Kết quả mẫu",
                "MaThanhPhanHoSo": "",
                "GiayToId": "1" if link else "",
                "DuongDanTepTinKetQua": link,
                "MaGiayToKetQua": "",
            }
        ]
    )
