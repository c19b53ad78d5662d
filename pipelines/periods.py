"""Periods and days: how they are written, named, compared and found in file names; and the time zone of Vietnam.

A period is a day, month, quarter, half-year or year of the calendar. Its label is `2026-10-05`, `2026-10`, `2026-Q3`,
`2026-H1` or `2026`; partitions, reports, commands and published tables all write it this way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines.language import tr

TIME_ZONE = "Asia/Ho_Chi_Minh"
VIETNAM = ZoneInfo(TIME_ZONE)
OFFSET_MINUTES = 420
"""Minutes that Vietnam is ahead of UTC, all year."""

PeriodType = Literal["day", "month", "quarter", "half", "year"]
MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}
"""Months in a period of each type."""
EXAMPLES: dict[str, str] = {"year": "2026", "half": "2026-H1", "quarter": "2026-Q3", "month": "2026-09"}
ROMAN = ("I", "II", "III", "IV")
_LABEL = re.compile(r"((?!0000)\d{4})(?:-?Q([1-4])|-?H([12])|-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True, order=True)
class Period:
    """A period of the calendar, known by its first day and type. Periods are ordered by first day."""

    first: date
    type: PeriodType

    @classmethod
    def parse(cls, text: str, types: Collection[str] = tuple(MONTHS)) -> Period:
        """A period from its label; small letters, and no hyphen before Q and H, are accepted.

        Raises:
            ValueError: the text is no label of a period of these types.
        """
        found = _LABEL.fullmatch(text.strip().upper())
        if found:
            year, quarter, half, month, day = (int(part) if part else None for part in found.groups())
            kind: PeriodType = (
                "day" if day else "month" if month else "quarter" if quarter else "half" if half else "year"
            )
            if kind in types:
                if kind == "day":
                    return cls(date(year or 0, month or 0, day or 0), "day")
                return cls(date(year or 0, ((quarter or half or month or 1) - 1) * MONTHS[kind] + 1, 1), kind)
        examples = [EXAMPLES[kind] for kind in EXAMPLES if kind in types]
        raise ValueError(
            tr("{text!r} is no period: write it like {examples}.", text=text, examples=" or ".join(examples))
        )

    @classmethod
    def containing(cls, type_: PeriodType, day: date) -> Period:
        """The period of a type that a day lies in."""
        if type_ == "day":
            return cls(day, type_)
        months = MONTHS[type_]
        return cls(date(day.year, (day.month - 1) // months * months + 1, 1), type_)

    @property
    def last(self) -> date:
        """The last day, which is part of the period."""
        return self.first if self.type == "day" else last_day(self.first.year, self.first.month + MONTHS[self.type] - 1)

    @property
    def number(self) -> int:
        """Which of the periods of its type in the year: the third quarter is 3."""
        return self.first.timetuple().tm_yday if self.type == "day" else (self.first.month - 1) // MONTHS[self.type] + 1

    @property
    def label(self) -> str:
        if self.type == "day":
            return self.first.isoformat()
        if self.type == "month":
            return f"{self.first:%Y-%m}"
        mark = {"quarter": f"-Q{self.number}", "half": f"-H{self.number}"}.get(self.type, "")
        return f"{self.first.year}{mark}"

    @property
    def partition(self) -> str:
        """The label, where the period is a partition of a source."""
        return self.label

    @property
    def title_vi(self) -> str:
        year = self.first.year
        titles = {
            "year": f"Năm {year}",
            "half": f"6 tháng {'đầu' if self.number == 1 else 'cuối'} năm {year}",
            "quarter": f"Quý {ROMAN[(self.number - 1) % 4]} năm {year}",
            "month": f"Tháng {self.number} năm {year}",
        }
        return titles.get(self.type, f"Ngày {self.first:%d/%m/%Y}")


def last_day(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def local_date(moment: datetime) -> date:
    """The day in Vietnam at a moment."""
    return moment.astimezone(VIETNAM).date()


# ------------------------------------------------------------------------------------------------- days in file names
_SEP = "[-_. ]"
_YEAR = r"(?P<year>20\d{2})"
_DAY, _MONTH = r"(?P<day>0[1-9]|[12]\d|3[01])", "(?P<month>0[1-9]|1[0-2])"
_CLOCK = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_BARE_DAY, _BARE_MONTH = r"(?P<day>0?[1-9]|[12]\d|3[01])", "(?P<month>0?[1-9]|1[0-2])"
_THANG, _T = rf"thang{_SEP}?{_BARE_MONTH}", rf"(?:thang|t){_SEP}?{_BARE_MONTH}"
_QUARTER = rf"q(?:u[yi])?{_SEP}?(?P<quarter>0?[1-4]|iv|i{{1,3}})"
_OF_YEAR = rf"{_SEP}?(?:nam{_SEP}?)?{_YEAR}(?!\d)"
_DATES = (
    rf"(?<!\d){_YEAR}(?P<sep>[-_.]?){_MONTH}(?P=sep){_DAY}(?:{_CLOCK})?(?!\d)",  # 2026-06-30, 20260630153000
    rf"(?<!\d){_DAY}(?P<sep>{_SEP}?){_MONTH}(?P=sep){_YEAR}(?:{_CLOCK})?(?!\d)",  # 30-06-2026, 30062026153000
    rf"(?<!\d){_BARE_DAY}(?P<sep>{_SEP}){_BARE_MONTH}(?P=sep){_YEAR}(?!\d)",  # 5-9-2026
    rf"(?<!\d){_BARE_DAY}{_SEP}?{_THANG}{_OF_YEAR}",  # ngày 5 tháng 9 năm 2026
    rf"(?<![a-z0-9]){_T}{_OF_YEAR}",  # T9-2026, tháng 9 năm 2026
    rf"(?<![a-z0-9]){_QUARTER}{_OF_YEAR}",  # Q3-2026, quý III 2026
    rf"(?<!\d){_YEAR}[-_.]?{_MONTH}(?:[-_.]?{_DAY})?(?!\d)",  # 2026-06
    rf"(?<!\d){_MONTH}{_SEP}?{_YEAR}(?!\d)",  # 06-2026
    rf"(?<!\d){_YEAR}{_SEP}?{_QUARTER}(?![a-z0-9])",  # 2026-Q3
    rf"(?<!\d){_YEAR}{_SEP}?{_T}(?![a-z0-9])",  # 2026-T9
)
"""How a name states a day, a month or a quarter, the surest first; names in small letters, without diacritics."""


def day_in_name(name: str, *, whole_days_only: bool = False) -> date | None:
    """The day that a file name states, with or without a time of day behind it; of a month or a quarter the last day.

    A day that the month does not have counts as the last one of it.
    """
    decomposed = unicodedata.normalize("NFD", name.lower())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    for pattern in _DATES:
        stated = found.groupdict() if (found := re.search(pattern, plain)) else {}
        if not stated or (whole_days_only and not stated.get("day")):
            continue
        if "quarter" in stated:
            month = 3 * ({"i": 1, "ii": 2, "iii": 3, "iv": 4}.get(stated["quarter"]) or int(stated["quarter"]))
        else:
            month = int(stated["month"])
        last = last_day(int(stated["year"]), month)
        return last.replace(day=min(int(stated.get("day") or last.day), last.day))
    return None


# ---------------------------------------------------------------------------------------------------------------- SQL
def type_sql(text: str) -> str:
    """SQL of the type of period that a text is the label of; null where it is none."""
    text = f"upper(trim({text}))"
    return rf"""case
    when regexp_full_match({text}, '20\d\d') then 'year'
    when regexp_full_match({text}, '20\d\d-H[12]') then 'half'
    when regexp_full_match({text}, '20\d\d-Q[1-4]') then 'quarter'
    when regexp_full_match({text}, '20\d\d-(0[1-9]|1[0-2])') then 'month'
end"""


def _end_month_sql(text: str) -> tuple[str, str]:
    """SQL of the months in the period with a label, and of its last month."""
    cases = " ".join(f"when '{kind}' then {months}" for kind, months in MONTHS.items())
    months = f"(case {type_sql(text)} {cases} end)"
    number = f"try_cast(regexp_extract({text}, '([0-9]+)\\s*$', 1) as integer)"
    return months, f"(case when {type_sql(text)} = 'year' then 12 else {number} * {months} end)"


def first_sql(text: str) -> str:
    """SQL of the first day of the period with a label."""
    months, end = _end_month_sql(text)
    year = f"try_cast(left(trim({text}), 4) as integer)"
    return f"case when {type_sql(text)} is not null then make_date({year}, {end} - {months} + 1, 1) end"


def last_sql(text: str) -> str:
    """SQL of the last day of the period with a label."""
    _, end = _end_month_sql(text)
    year = f"try_cast(left(trim({text}), 4) as integer)"
    return f"case when {type_sql(text)} is not null then last_day(make_date({year}, {end}, 1)) end"


def label_sql(type_: str, first: str) -> str:
    """SQL of the label of a period, from its type and first day."""
    return f"""case {type_}
        when 'year' then strftime({first}, '%Y')
        when 'half' then strftime({first}, '%Y') || '-H' || (month({first}) + 5) // 6
        when 'quarter' then strftime({first}, '%Y') || '-Q' || quarter({first})
        when 'day' then strftime({first}, '%Y-%m-%d')
        else strftime({first}, '%Y-%m')
    end"""
