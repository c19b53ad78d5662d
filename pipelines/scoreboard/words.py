"""Texts for readers in Vietnamese and English: figures, dates and periods as each writes them, words for codes.

`Text` is a pair; in a template it becomes two spans with their `lang`, of which the page shows one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pipelines import language
from pipelines.periods import ROMAN, VIETNAM
from pipelines.quality.causes import cause_of
from pipelines.quality.verdict import Evidence
from pipelines.release.released import HeldBack, Release

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Text:
    """The same text in Vietnamese and in English. Plain text: whoever writes HTML escapes it."""

    vi: str
    en: str

    def __str__(self) -> str:
        """In the current language."""
        return self.vi if language.current() == "vi" else self.en

    def __html__(self) -> str:
        from markupsafe import escape

        vi, en = escape(unbroken(self.vi)), escape(unbroken(self.en))
        return str(vi) if vi == en else f'<span class="t" lang="vi">{vi}</span><span class="t" lang="en">{en}</span>'

    def __add__(self, other: Text | str) -> Text:
        vi, en = (other, other) if isinstance(other, str) else (other.vi, other.en)
        return Text(self.vi + vi, self.en + en)

    def __radd__(self, other: str) -> Text:
        return Text(other + self.vi, other + self.en)


def unbroken(text: str) -> str:
    """A text in which no line ends between a number and its unit or sign."""
    return _TOGETHER.sub("\u00a0", text)


_TOGETHER = re.compile(r"(?<=\d) (?=[%a-zđ])|(?<=[≥≤<>]) (?=\d)|(?<=hạng) (?=\d)|(?<=rank) (?=\d)")
NOTHING = Text("–", "–")

STATUS = {
    "met": Text("Đã đạt", "Met"),
    "met_provisional": Text("Tạm tính đạt", "Met, provisional"),
    "on_track": Text("Đúng tiến độ", "On track"),
    "moderate": Text("Tiến độ vừa phải", "Moderate progress"),
    "insufficient": Text("Chưa đủ nhanh", "Insufficient progress"),
    "away": Text("Xa dần mục tiêu", "Moving away"),
    "not_assessed": Text("Chưa đánh giá được", "Not assessed"),
    "no_data": Text("Chưa có số liệu", "No data"),
    "no_longer_in_force": Text("Không còn hiệu lực", "No longer in effect"),
}
STATUS_MEANS = {
    "met": Text(
        "Số liệu chính thức của năm mục tiêu, hoặc của năm sau đó, bằng hoặc vượt mục tiêu.",
        "A final figure of the year of the target, or of a later one, has reached it.",
    ),
    "met_provisional": Text(
        "Giá trị bằng hoặc vượt mục tiêu, nhưng là số sơ bộ, số thay thế, dữ liệu mẫu, hoặc của năm sớm hơn.",
        "The value has reached the target, but it is preliminary, a proxy, a sample, or of an earlier year.",
    ),
    "on_track": Text(
        "Giữ tốc độ hiện nay thì kịp hạn: từ 95 % tốc độ cần có.",
        "In time at this pace: 95 % of the required one or more.",
    ),
    "moderate": Text(
        "Đang tiến, nhưng chậm hơn cần có: 60 đến dưới 95 % tốc độ cần có.",
        "Moving, slower than is needed: 60 to 95 % of the required pace.",
    ),
    "insufficient": Text(
        "Tiến quá chậm: dưới 60 % tốc độ cần có, hoặc hạn đã qua.",
        "Far too slow: under 60 % of the required pace, or the deadline is past.",
    ),
    "away": Text("Đang đi ngược hướng mục tiêu.", "Moving in the wrong direction."),
    "not_assessed": Text(
        "Có số liệu nhưng chưa đủ để đánh giá: mới có một kỳ, hạn đã qua mà chưa có số liệu của năm đó, "
        "bằng chứng quá yếu, hoặc chưa thấy mức được giao.",
        "There is a value, but not enough to judge: one period, the deadline is past without a value of its year, "
        "weak evidence, or no figure is set.",
    ),
    "no_data": Text(
        "Chưa nguồn nào cho số liệu. Không có nghĩa là bằng 0.", "No source gives a value. It is not zero."
    ),
    "no_longer_in_force": Text(
        "Không còn đo được: đơn vị, mức độ hoặc bảng xếp hạng không còn. Lý do ghi ở từng chỉ tiêu.",
        "It can no longer be measured: the unit, level or ranking ended. Each target states the reason.",
    ),
}
CERTAINTY = {
    "real": Text("số chính thức", "final"),
    "preliminary": Text("sơ bộ", "preliminary"),
    "proxy": Text("số thay thế", "proxy"),
    "sample": Text("dữ liệu mẫu", "synthetic"),
}
CERTAINTY_MEANS = {
    "real": Text(
        "số chính thức của đúng chỉ số, do nguồn có dẫn chứng", "a final value of the indicator itself, with its source"
    ),
    "preliminary": Text(
        "số sơ bộ, ước tính, hoặc tính từ một phần của kỳ", "preliminary, estimated, or of a part of the period"
    ),
    "proxy": Text(
        "số của một chỉ số gần giống, hoặc dựa trên giả định",
        "a value of a similar indicator, or one that rests on an assumption",
    ),
    "sample": Text(
        "tính từ dữ liệu mẫu để thử hệ thống, không phải số của tỉnh",
        "computed from synthetic data that test the system, not from the province’s",
    ),
}
NO_DATA_REASON = {
    "due_and_missing": Text("Đã đến hạn, chưa có số liệu", "Due and missing"),
    "not_due_yet": Text("Chưa đến hạn", "Not due yet"),
    "only_national_value": Text("Chỉ có số cả nước", "Only a national value"),
}
QUALIFIER = {
    "more_than": Text("trên ", "more than "),
    "less_than": Text("dưới ", "less than "),
    "about": Text("khoảng ", "about "),
}
GRADE = {
    "A": Text("văn bản hoặc nguồn số liệu chính thức", "official text or feed"),
    "A-copy": Text("bản sao của nguồn số liệu chính thức do nơi khác ghi lại", "a copy of an official feed"),
    "B": Text("báo chí hoặc tóm tắt trên cổng thông tin", "summary by press or portal"),
    "C": Text("bản sao hoặc cơ sở chưa rõ", "a copy, or an unclear basis"),
    "K": Text("kiến thức chung, chưa có nguồn để dẫn", "general knowledge, no source to cite"),
}
BASIS = {
    "computed": Text("tính từ dữ liệu gốc", "computed from records"),
    "reported": Text("cơ quan báo cáo", "reported by an agency"),
    "published": Text("số đã công bố", "published figure"),
    "computed_in_part": Text("tính từ một phần hồ sơ của năm", "computed from a part of the year's dossiers"),
    "estimated": Text("ước tính", "estimate"),
}
# of a published figure often only the last day is known on which it can have come out
VINTAGE = {
    "computed": Text("Dữ liệu đến ngày", "Data up to"),
    "reported": Text("Báo cáo ngày", "Reported on"),
    "published": Text("Công bố chậm nhất ngày", "Published by"),
    "computed_in_part": Text("Dữ liệu đến ngày", "Data up to"),
    "estimated": Text("Công bố chậm nhất ngày", "Published by"),
}
OBS_STATUS = {
    "observed": Text("đã ghi nhận", "observed"),
    "preliminary": Text("sơ bộ", "preliminary"),
    "low_reliability": Text("độ tin cậy thấp", "low reliability"),
    "estimated": Text("ước tính", "estimated"),
    "definition_differs": Text("khác định nghĩa", "definition differs"),
    "break": Text("đứt gãy chuỗi", "break in the series"),
    "suppressed": Text("không công bố vì quá ít trường hợp", "suppressed: too few cases"),
    "missing": Text("chưa có", "missing"),
}
PACE = {
    "growth_rate": Text("tốc độ tăng bình quân năm", "yearly growth rate"),
    "linear": Text("thay đổi đều mỗi năm", "even change a year"),
    "rank": Text("thứ bậc", "rank"),
}
TECHNOLOGY = {"fibre": Text("cáp quang", "fibre"), "mobile": Text("di động, mọi thế hệ", "mobile, any generation")}
REPORTS = {
    "province": Text("cơ quan cấp tỉnh", "agencies of the province"),
    "commune": Text("UBND xã, phường", "communes"),
    "province+commune": Text("cơ quan cấp tỉnh và UBND xã, phường", "agencies of the province, and communes"),
}
LEVEL = {"province": Text("tỉnh", "province"), "national": Text("quốc gia", "national")}
SAMPLE = Text("dữ liệu mẫu", "synthetic")
VERDICT = {
    "passed": Text("đạt kiểm tra", "passed its checks"),
    "held_back": Text("giữ bản trước", "held back"),
}


def title(province: str) -> Text:
    """The title of the scoreboard of a province."""
    return Text(f"Bảng chỉ tiêu chuyển đổi số {province}", f"Digital transformation scoreboard, {province}")


def lower_first(text: Text) -> Text:
    """As it is written within a sentence."""
    return Text(text.vi[:1].lower() + text.vi[1:], text.en[:1].lower() + text.en[1:])


language.later("CC0-1.0: synthetic, nobody in it exists")  # as the receipts of the shipped samples state it


def licence(stated: str) -> Text:
    """A licence as its source states it, and in Vietnamese."""
    return Text(language.translated(stated, "vi"), stated)


def held_back(release: Release, held: HeldBack) -> Text:
    """Why a target is held back; in Vietnamese by the kind of each check that failed, with what to do."""
    evidence = release.evidence.get(held.target, ())
    names = [field.name for field in fields(Evidence)]
    failed = [Evidence(**{name: item[name] for name in names if name in item}) for item in evidence]
    causes = {item.check: cause_of(item) for item in failed if not item.passed and item.severity == "block"}
    vietnamese = [f"{cause.reason_vi} ({check}); {cause.remedy_vi}" for check, cause in causes.items()]
    return Text(". ".join(vietnamese) or held.reason, held.reason)


def linked(text: str | None) -> Markup:
    """A text in which addresses of the net, with or without `https://`, are links."""
    from markupsafe import Markup, escape

    def link(found: re.Match[str]) -> str:
        address = found[0] if "://" in found[0] else f"https://{found[0]}"
        return f'<a href="{address}" rel="noreferrer">{found[0]}</a>'

    return Markup(_ADDRESS.sub(link, str(escape(text or ""))))  # noqa: S704  escaped before the links came in


_ADDRESS = re.compile(r"(?:https?://)?\b(?:[a-z0-9-]+\.)+(?:vn|com|org|int|net|io)\b(?:/[\w./%~#?=-]*[\w/])?")


def said(words: dict[str, Text], code: str | None) -> Text:
    """The words for a code; a code without words is shown as it is."""
    return NOTHING if code is None else words.get(code, Text(code, code))


def number(value: float | None, digits: int = 2, sign: bool = False) -> Text:
    """`1.234,5` and `1,234.5`: at most `digits` decimals, no zeros at the end. Null is a dash, never zero."""
    if value is None:
        return NOTHING
    english = f"{value:{'+' if sign else ''},.{digits}f}"
    if "." in english:
        english = english.rstrip("0").rstrip(".")
    if english in ("-0", "+0"):
        english = "0"
    english = english.replace("-", "−")
    return Text(english.translate(str.maketrans(",.", ".,")), english)


_UNITS = {
    "hạng": Text("hạng", "rank"),
    "điểm %": Text("điểm %", "percentage points"),
    "điểm %/năm": Text("điểm %/năm", "percentage points a year"),
    "điểm": Text("điểm", "points"),
    "bậc": Text("bậc", "places"),
    "hồ sơ": Text("hồ sơ", "dossiers"),
    "%/năm": Text("%/năm", "% a year"),
    "cơ quan": Text("cơ quan", "agencies"),
    "cuộc họp": Text("cuộc họp", "meetings"),
    "dịch vụ": Text("dịch vụ", "services"),
    "doanh nghiệp": Text("doanh nghiệp", "enterprises"),
    "hệ thống": Text("hệ thống", "systems"),
    "người": Text("người", "people"),
    "thôn": Text("thôn", "villages"),
    "triệu đồng": Text("triệu đồng", "million VND"),
    "đô thị": Text("đô thị", "cities"),
}


def unit(name: str | None) -> Text:
    """A unit in both languages; one without an English name stays as it is."""
    return _UNITS.get(name or "", Text(name or "", name or ""))


def quantity(value: float | None, of: str | None) -> Text:
    """A figure with its unit: `81,82 %`. A rank comes after its word: `hạng 32`."""
    if value is None:
        return NOTHING
    if of == "hạng":
        return unit(of) + " " + number(value, 0)
    return number(value) + (" " + unit(of) if of else "")


_SIGNS = {("more", False): "≥", ("more", True): ">", ("less", False): "≤", ("less", True): "<"}


def sign(direction: str | None, strict: bool | None) -> str:
    """How a value must stand to the target; `strict` where the text asks for more than it. A rank is better below."""
    return _SIGNS.get(("less" if direction == "rank" else direction or "", bool(strict)), "")


def goal(value: float | None, of: str | None, direction: str | None, strict: bool | None) -> Text:
    """What is asked for: `≥ 80 %`, `> 80 %`, `≤ 9 %`; the maximum as `100 %`; of a rank `hạng 20 trở lên`."""
    asked = quantity(value, of)
    if value is None or (value, of) == (100, "%"):
        return asked
    if direction == "rank":
        return (
            Text(f"cao hơn {asked.vi}", f"better than {asked.en}")
            if strict
            else (Text(f"{asked.vi} trở lên", f"{asked.en} or better"))
        )
    return f"{sign(direction, strict)} " + asked if sign(direction, strict) else asked


def short(document: str | None) -> str | None:
    """A document by its name alone, without day, authority and the rest of its title."""
    return re.split(r", | \(", document)[0] if document else None


def step(distance: float, of: str | None) -> Text:
    """The size of a difference between two values of a unit: of shares in percentage points, of ranks in places."""
    return quantity(abs(distance), {"%": "điểm %", "%/năm": "điểm %/năm", "hạng": "bậc"}.get(of or "", of))


def gap(distance: float | None, direction: str | None, of: str | None, strict: bool | None = False) -> Text:
    """How far the value is from the target, in words. `distance` is value minus target."""
    if distance is None:
        return NOTHING
    size = step(distance, of)
    if distance == 0 and strict:
        return Text("bằng mức, còn phải vượt", "at the value, which must be passed")
    if distance == 0:
        return Text("vừa đúng mục tiêu", "exactly the target")
    if direction == "none":  # a part of a structure: neither side is better
        vi, en = ("cao hơn", "above") if distance > 0 else ("thấp hơn", "below")
        return Text(f"{vi} {size.vi}", f"{size.en} {en}")
    if (distance > 0) == (direction == "more"):
        return Text(f"vượt mục tiêu {size.vi}", f"{size.en} beyond the target")
    vi = {"more": "còn thiếu", "rank": "còn cách mục tiêu"}.get(direction or "", "còn phải giảm")
    return Text(f"{vi} {size.vi}", f"{size.en} to go")


def day(value: date | None) -> Text:
    """`24/11/2026` and `24 Nov 2026`."""
    return NOTHING if value is None else Text(language.day(value, "vi"), language.day(value, "en"))


def moment(value: datetime | None) -> Text:
    """A moment in Vietnam's time, to the minute."""
    if value is None:
        return NOTHING
    local = value.astimezone(VIETNAM)
    return Text(f"{local:%H:%M} ngày {local:%d/%m/%Y}", f"{local.day} {local:%b %Y, %H:%M} (UTC+7)")


def period(kind: str | None, start: date | None, last_month: date | None = None, year: int | None = None) -> Text:
    """The name of a period; a year that still runs names the last month with data."""
    if start is None and year is None:
        return NOTHING
    if start is None or kind in (None, "year"):
        full = year or (start.year if start else None)
        if last_month is not None and last_month.year == full and last_month.month < 12:
            return Text(f"năm {full} (đến tháng {last_month.month})", f"{full} (to {last_month:%B})")
        return Text(f"năm {full}", f"{full}")
    half, quarter = (start.month + 5) // 6, (start.month + 2) // 3
    names = {
        "half": Text(f"6 tháng {('đầu', 'cuối')[half - 1]} năm {start.year}", f"H{half} {start.year}"),
        "quarter": Text(f"quý {ROMAN[quarter - 1]}/{start.year}", f"Q{quarter} {start.year}"),
        "month": Text(f"tháng {start.month}/{start.year}", f"{start:%B %Y}"),
    }
    return names.get(kind or "", day(start))


def short_period(kind: str | None, start: date | None, last_month: date | None = None, year: int | None = None) -> Text:
    """The name of a period where little room is: `2025`, or `đến 10/2026` of a year that still runs."""
    if kind not in (None, "year"):
        return period(kind, start, last_month, year)
    full = year or (start.year if start else None)
    if last_month is not None and last_month.year == full and last_month.month < 12:
        return Text(f"đến {last_month.month}/{full}", f"to {last_month:%b} {full}")
    return NOTHING if full is None else Text(f"{full}", f"{full}")


def years(expected: float | None, low: float | None, high: float | None) -> Text:
    """The year in which the target would be reached, with its range when there is one."""
    if expected is None:
        return NOTHING
    text = f"{expected:.0f}"
    if low is not None and high is None:
        return Text(f"{text}, không sớm hơn {low:.0f}", f"{text}, not before {low:.0f}")
    if low is not None and high is not None and (low, high) != (expected, expected):
        return Text(f"{text} (khoảng {low:.0f}–{high:.0f})", f"{text} (between {low:.0f} and {high:.0f})")
    return Text(text, text)


def coded(note: str | None) -> Text:
    """A note in which statuses stand as codes, like `2021 moderate, 2023 on_track`, in words."""
    vi = en = note or ""
    for status, text in STATUS.items():
        vi = re.sub(rf"\b{status}\b", text.vi.lower(), vi)
        en = re.sub(rf"\b{status}\b", text.en.lower(), en)
    return Text(vi, en)


def plain(value: Any) -> Text:
    """A cell of a table that is shown as it was published."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return Text("có", "yes") if value else Text("không", "no")
    if isinstance(value, int | float):
        return number(float(value), 4)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    return Text(str(value), str(value))
