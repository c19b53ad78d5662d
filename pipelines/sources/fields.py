"""The types of fields that a source declares: each gives the column, how the text is read, and what is rejected.

A field is declared once, by its name in the record: `Due("NgayHenTra", "due_at", after="received_at")`. The type
carries the checks, so that a new source has them without asking for them:

- dates are between 2000 and the day after the file's, terms between 2000 and 2100 and not before the receipt. A term
  that is a day ends when that day ends. The days by which systems write "no term" give none (`NO_TERM`);
- numbers: a mark that groups three digits and one that sets decimals apart are the same two marks, so text that can be
  read in both ways within the field's range is rejected (`ambiguous_number`). A number cell of a workbook, which
  arrives as a JSON number, has one reading. Groups are marked by point, comma or blank, three digits each;
- whole numbers and amounts have no decimals, so a group of three digits is thousands;
- an error value of a spreadsheet, or a formula without a value, is never blank and never a text (`error_cell`);
- texts are NFC, one blank between words, no invisible characters; control characters and too long ones are rejected;
- codes and identifiers are compared in one case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from pipelines.periods import OFFSET_MINUTES
from pipelines.sources.base import Column, Rule

EARLIEST = "2000-01-01"
LAST_TERM = "2101-01-01"
"""Terms end before this day."""
NO_TERM = ("0001-01-01", "1753-01-01", "1900-01-01", "9999-12-31")
"""Days that stand for an empty date: of .NET, of SQL Server (smallest, and zero), and the largest of either."""
ERROR_CELL = r"#(N/A|[^\x00-\x40\x5B-\x60\x7B-\x7F][^#!?.,;:]*[!?]|#+)|ERR:[0-9]{3}|="
"""Error values as spreadsheets print them, in any language, and `=`, which stands for a formula without a value. Ranges
of characters, since a class of Unicode takes five times as long to plan, and every field has this pattern."""
TOTAL_ROW = (
    r"([^\p{L}0-9]*|([0-9]+|[ivx]+|[a-z])[.)/] *)"
    r"(tổng( cộng| số)?|cộng|cộng dồn|(toàn|cả) (tỉnh|xã|phường|huyện|thành phố)|(sub-?|grand )?total|sum)"
    r"( (số|toàn|của|theo|xã|phường|tỉnh|huyện|thị trấn|thành phố|thôn|tổ dân phố|trạm)( .*)?)?"
    r"[ :.*]*(\([^()]*\)|: ?[0-9].*)?[ :.*]*"
)
"""Text in place of a name in a row of totals, in small letters."""
INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
"""Characters without a width, as a class that Python and DuckDB read alike: soft hyphen, zero-width space, joiners,
direction marks, byte order mark."""
BLANKS = r"[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]+"
BAD_TEXT = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{FFFD}]"
"""Control characters, and the replacement of bytes that could not be decoded."""
FLAGS = ("0", "1", "true", "false")


# --------------------------------------------------------------------------------------------------- SQL of expressions
def blank(name: str) -> str:
    """SQL of whether a field is absent or blank."""
    return f"coalesce(trim(j.{name}), '') = ''"


def code_of(name: str) -> str:
    """SQL of a field as it is written; null where it is blank."""
    return f"nullif(trim(j.{name}), '')"


def clean(text: str) -> str:
    """SQL of a text: NFC, one blank between words, without invisible characters; null when blank."""
    visible = f"regexp_replace(nfc_normalize({text}), '{INVISIBLE}', '', 'g')"
    return f"nullif(trim(regexp_replace({visible}, '{BLANKS}', ' ', 'g')), '')"


def is_error_cell(text: str) -> str:
    """SQL of whether a text is an error value of a spreadsheet, or stands for a formula without a value."""
    # looking at the first letter spares the pattern for nearly all cells
    return f"(left(trim({text}), 1) in ('#', '=', 'E') and regexp_full_match(upper(trim({text})), '{ERROR_CELL}'))"


def json_kind(name: str) -> str:
    """SQL of the JSON type of a field; '' where it is absent."""
    path = ".".join(f'"{part}"' for part in name.split("."))
    return f"coalesce(json_type(text, '$.{path}'), '')"


def is_number_cell(name: str) -> str:
    """SQL of whether a field is a JSON number: that of a feed, or a number cell of a workbook."""
    return f"{json_kind(name)} in ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT')"


def is_no_text(name: str) -> str:
    """SQL of whether a field is a list, an object or a boolean, whose JSON would be taken for a text."""
    # looking at the text spares the type for nearly all records: finding it parses the record again
    maybe = f"left(j.{name}, 1) in ('{{', '[') or j.{name} in ('true', 'false')"
    return f"case when {maybe} then {json_kind(name)} in ('OBJECT', 'ARRAY', 'BOOLEAN') end"


def holds_no_object(name: str, keys: Iterable[str]) -> str:
    """SQL of whether an element of a list of objects is none: it would be one of which nothing is known."""
    is_empty = " and ".join(f"e.{key} is null" for key in keys)
    kinds = f"list_filter(json_type(text, '$.{name}[*]'), lambda kind: kind <> 'OBJECT')"
    # only where an element is empty: finding the types parses the record again
    return f"case when len(list_filter(j.{name}, lambda e: {is_empty})) > 0 then len({kinds}) > 0 end"


def is_true(field: str) -> str:
    """SQL of a flag that feeds write as "1" or "True"; anything else that is allowed is false."""
    return f"lower(trim(coalesce({field}, ''))) in ('1', 'true')"


_COMPACT = "%Y%m%d%H%M%S"


def timestamp(text: str) -> str:
    """SQL of a Vietnamese wall-clock time: `yyyyMMddHHmmss`, `yyyy-MM-dd HH:mm:ss` or ISO; blank is null."""
    text = f"trim({text})"
    # the form of the exchange by itself first: a list of forms takes twice as long, even where its first one fits
    return (
        f"coalesce(try_strptime(case when strlen({text}) = 14 then {text} end, '{_COMPACT}'), "
        f"try_strptime(nullif({text}, ''), "
        f"['{_COMPACT}', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M:%S.%f', '%Y%m%d', '%Y-%m-%d']))"
    )


def printed_timestamp(text: str) -> str:
    """SQL of a time as tables print it, `DD/MM/YYYY` with or without the time of day, or as feeds write it."""
    printed = "['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d/%m/%Y']"
    return f"coalesce({timestamp(text)}, try_strptime(nullif(trim({text}), ''), {printed}))"


def instant(text: str) -> str:
    """SQL of a time as Vietnam's wall clock: written as `timestamp` reads it, or ISO 8601 with an offset (`+0700`,
    `+07:00`, `Z`), which is converted. Fractions of a second fall away. Vietnam is at +07:00 all year."""
    offset = f"regexp_extract(trim({text}), 'T.+(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$', 1)"
    minutes_east = (
        f"case {offset} when '' then {OFFSET_MINUTES} when 'Z' then 0 else "
        f"cast(left({offset}, 1) || '1' as integer) "
        f"* (60 * cast(substr({offset}, 2, 2) as integer) + cast(right({offset}, 2) as integer)) end"
    )
    wall_clock = timestamp(
        f"regexp_replace(trim({text}), '(T[0-9:]+)([.][0-9]+)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$', '\\1')"
    )
    return f"{wall_clock} + to_minutes({OFFSET_MINUTES} - {minutes_east})"


def end_of_day(time: str) -> str:
    """SQL of a term: one that is at midnight is a day without a time, and ends when that day ends."""
    return f"case when {time} = date_trunc('day', {time}) then {time} + interval '23:59:59' else {time} end"


def is_out_of_range(time: str) -> str:
    """SQL of whether a time is before 2000, or later than the day after the file's: extracts of an evening hold the
    first minutes of the next day."""
    return f"{time} < timestamp '{EARLIEST}' or cast({time} as date) > extracted_on + 1"


_GROUPED = r"[-+]?[1-9]\d{0,2}(( \d{3})+|(\.\d{3})+|(,\d{3})+)"
_ONE_GROUP = r"[-+]?[1-9]\d{0,2}[.,]\d{3}"


def decimal(text: str) -> str:
    """SQL of a number: `1.234,5`, `1,234.5`, `1 234,5`, `1234.5`; null when it is none.

    A mark that comes several times, or before the other mark, groups thousands; one that comes alone is the
    decimal mark, so a caller that takes text must reject `1.234` beforehand. Blanks group three digits each.
    No group begins with 0, and what is too large for a double is no number.
    """
    text = f"replace(trim({text}), chr(160), ' ')"
    vietnamese = r"^[-+]?[1-9]\d{0,2}(\.\d{3})+,\d+$|^[-+]?[1-9]\d{0,2}(\.\d{3}){2,}$"
    english = r"^[-+]?[1-9]\d{0,2}(,\d{3})+\.\d+$|^[-+]?[1-9]\d{0,2}(,\d{3}){2,}$"
    return (
        f"try_cast(case when regexp_matches({text}, '^[-+]?\\d{{1,40}}([.,]\\d+)?([eE][-+]?\\d{{1,2}})?$') "
        f"then replace({text}, ',', '.') "
        f"when regexp_matches({text}, '^[-+]?[1-9]\\d{{0,2}}( \\d{{3}})+([.,]\\d+)?$') "
        f"then replace(replace({text}, ' ', ''), ',', '.') "
        f"when regexp_matches({text}, '{vietnamese}') then replace(replace({text}, '.', ''), ',', '.') "
        f"when regexp_matches({text}, '{english}') then replace({text}, ',', '') end as double)"
    )


def is_ambiguous(name: str) -> str:
    """SQL of whether a field is text with one mark before three digits, which may group thousands or set decimals
    apart."""
    return f"regexp_full_match(trim(j.{name}), '{_ONE_GROUP}') and not ({is_number_cell(name)})"


def printed_number(text: str) -> str:
    """SQL of a number as `decimal` reads it, with or without a sign of per cent."""
    return decimal(f"regexp_replace({text}, '\\s*%\\s*$', '')")


def whole(text: str, is_number: str = "false") -> str:
    """SQL of a whole number, thousands in groups of three behind point, comma or blank; zeros may stand for decimals.

    Args:
        is_number: SQL of whether it came as a number, which has no groups.
    """
    text = f"replace(trim({text}), chr(160), ' ')"
    return (
        f"case when regexp_matches({text}, '^[-+]?\\d{{1,15}}([.,]0{{1,2}})?$') "
        f"then try_cast(regexp_replace({text}, '[.,]0+$', '') as bigint) "
        f"when regexp_matches({text}, '^{_GROUPED}$') and not ({is_number}) "
        f"then try_cast(regexp_replace({text}, '[., ]', '', 'g') as bigint) end"
    )


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


# --------------------------------------------------------------------------------------------------------------- types
@dataclass(frozen=True)
class Field:
    """One field of a record.

    Args:
        name: its name in the record; a path with dots where it is nested.
        column: name of the column; the field's own where it is not given.
        required: a blank one is rejected (`missing_field`).
        headings: headings under which tables have it.
    """

    name: str
    column: str = ""
    _: KW_ONLY
    required: bool = False
    headings: tuple[str, ...] = ()

    sql_type: ClassVar[str] = "varchar"
    json_type: ClassVar[Any] = "VARCHAR"
    bad: ClassVar[str] = "bad_code"
    """The reason of a text that is none of this type."""

    @property
    def is_free_text(self) -> bool:
        """Whether people write what they like into it, so that it is searched for personal data."""
        return False

    @property
    def is_text(self) -> bool:
        """Whether it holds words, so that it is searched for signs of a wrong decoding."""
        return False

    @property
    def is_written(self) -> bool:
        """Whether its text is taken as it is, so that a list or a boolean would be too."""
        return self.is_text

    @property
    def column_name(self) -> str:
        return self.column or self.name

    @property
    def raw(self) -> str:
        return f"j.{self.name}"

    @property
    def sql(self) -> str:
        """SQL of the typed value; null where the field is blank or wrong."""
        return code_of(self.name)

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(self.column_name, self.sql_type, self.sql),)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(self._rules())

    def _rules(self) -> Iterator[Rule]:
        yield self.rule("error_cell", is_error_cell(self.raw))
        if self.is_written:
            yield Rule("wrong_shape", self.name, is_no_text(self.name))
        if self.required:
            yield Rule("missing_field", self.name, self.is_missing)
        yield from self.checks()

    @property
    def is_missing(self) -> str:
        """SQL of whether nothing is in the field."""
        return blank(self.name)

    def checks(self) -> Iterator[Rule]:
        """What is rejected of a value that is there."""
        yield self.rule(self.bad, f"{self.column_name} is null and not {blank(self.name)}")

    def rule(self, reason: str, broken: str) -> Rule:
        return Rule(reason, self.name, broken, self.raw)


@dataclass(frozen=True)
class Text(Field):
    """A text. `is_member`: the name of a thing of which a table has one row each, so "Tổng cộng" is no such name."""

    _: KW_ONLY
    longest: int = 200
    is_member: bool = False
    in_capitals: bool = False

    @property
    def is_free_text(self) -> bool:
        return self.is_text

    @property
    def is_text(self) -> bool:
        return not self.in_capitals

    @property
    def is_written(self) -> bool:
        return True

    @property
    def sql(self) -> str:
        return f"upper({clean(self.raw)})" if self.in_capitals else clean(self.raw)

    @property
    def is_missing(self) -> str:
        return f"{self.column_name} is null"  # also where nothing but invisible characters is in it

    def checks(self) -> Iterator[Rule]:
        yield self.rule("bad_text", f"regexp_matches({self.raw}, '{BAD_TEXT}')")
        yield self.rule("text_too_long", f"length({self.column_name}) > {self.longest}")
        if self.is_member:
            yield self.rule("total_row", f"regexp_full_match(lower({self.column_name}), '{TOTAL_ROW}')")


@dataclass(frozen=True)
class Code(Field):
    """A code of a catalogue, of a pattern, in capitals; `without` is a pattern that it must not have."""

    _: KW_ONLY
    pattern: str
    without: str = ""
    in_capitals: bool = True

    @property
    def is_written(self) -> bool:
        return True

    @property
    def sql(self) -> str:
        return f"nullif(upper(trim({self.raw})), '')" if self.in_capitals else code_of(self.name)

    def checks(self) -> Iterator[Rule]:
        text = f"trim({self.raw})"
        broken = f"not {blank(self.name)} and not regexp_full_match({text}, '{self.pattern}')"
        if self.without:
            broken += f" or regexp_full_match({text}, '{self.without}')"
        yield self.rule(self.bad, broken)


@dataclass(frozen=True)
class Pseudonym(Field):
    """An identifier of a person's affair, which is loaded as a keyed pseudonym only."""

    _: KW_ONLY
    kind: str
    pattern: str = r".{1,100}"

    @property
    def is_written(self) -> bool:
        return True

    sql_type: ClassVar[str] = "uuid"
    bad: ClassVar[str] = "bad_number"

    @property
    def sql(self) -> str:
        return f"pseudonym('{self.kind}', upper(trim({self.raw})))"

    def checks(self) -> Iterator[Rule]:
        yield self.rule(self.bad, f"not regexp_full_match(trim({self.raw}), '{self.pattern}')")
        # 18073.0 is not 18073: whoever wrote it took an identifier for a number
        is_decimal = f"regexp_full_match({self.raw}, '[0-9.]+') and {json_kind(self.name)} = 'DOUBLE'"
        yield self.rule(
            self.bad, f"case when contains({self.raw}, '.') and length({self.raw}) < 20 then {is_decimal} end"
        )


@dataclass(frozen=True)
class Choice(Field):
    """A closed list: what each word or code, in small letters, means. Blank means `blank_means`, or nothing."""

    _: KW_ONLY
    meanings: Mapping[str, str]
    blank_means: str | None = None

    bad: ClassVar[str] = "unknown_code"

    @property
    def value(self) -> str:
        """SQL of the text as it is compared."""
        # words have diacritics, which may be written in two ways; codes are spared the cost
        is_plain = "".join(self.meanings).isascii() and " " not in "".join(self.meanings)
        return f"lower(trim({self.raw}))" if is_plain else f"lower({clean(self.raw)})"

    @property
    def sql(self) -> str:
        if all(code == meaning for code, meaning in self.meanings.items()):
            known = code_of(self.name)
        else:
            cases = " ".join(f"when {literal(word)} then {literal(meaning)}" for word, meaning in self.meanings.items())
            known = f"case {self.value} {cases} end"
        if self.blank_means is None:
            return known
        return f"case when {blank(self.name)} then {literal(self.blank_means)} else {known} end"

    def checks(self) -> Iterator[Rule]:
        known = ", ".join(map(literal, self.meanings))
        yield self.rule(self.bad, f"not {blank(self.name)} and coalesce({self.value}, '') not in ({known})")


def same(codes: Iterable[str]) -> dict[str, str]:
    """The meanings of codes that are ours already."""
    return {code: code for code in codes}


@dataclass(frozen=True)
class Flag(Field):
    """1, 0, true or false."""

    sql_type: ClassVar[str] = "boolean"
    bad: ClassVar[str] = "unknown_code"

    @property
    def sql(self) -> str:
        return f"case when not {blank(self.name)} then {is_true(self.raw)} end"

    def checks(self) -> Iterator[Rule]:
        yield self.rule(self.bad, f"not {blank(self.name)} and lower(trim({self.raw})) not in {FLAGS}")


@dataclass(frozen=True)
class Timestamp(Field):
    """A time at which something happened, as Vietnam's wall clock.

    Args:
        read: SQL of a time, from SQL of its text.
        earliest: the first day that is plausible.
        latest: SQL of the last day that is.
    """

    _: KW_ONLY
    read: Callable[[str], str] = printed_timestamp
    earliest: str = EARLIEST
    latest: str = "extracted_on + 1"

    sql_type: ClassVar[str] = "timestamp"
    bad: ClassVar[str] = "bad_date"

    @property
    def sql(self) -> str:
        return self.read(self.raw)

    def checks(self) -> Iterator[Rule]:
        column = self.column_name
        yield self.rule(self.bad, f"{column} is null and not {blank(self.name)}")
        yield self.rule(
            "date_out_of_range",
            f"cast({column} as date) < date '{self.earliest}' or cast({column} as date) > {self.latest}",
        )


@dataclass(frozen=True)
class Day(Timestamp):
    """A day on which something happened."""

    sql_type: ClassVar[str] = "date"

    @property
    def sql(self) -> str:
        return f"cast({self.read(self.raw)} as date)"


@dataclass(frozen=True)
class Due(Timestamp):
    """A term: a time to come, not before `after`, the column of the receipt. A day ends when it ends."""

    _: KW_ONLY
    after: str = ""

    @property
    def sql(self) -> str:
        time = self.read(self.raw)
        none = ", ".join(f"date '{day}'" for day in NO_TERM)
        return f"case when cast({time} as date) not in ({none}) then {end_of_day(time)} end"

    def checks(self) -> Iterator[Rule]:
        column = self.column_name
        # strptime takes "Infinity" and "epoch" for 1900-01-01, which is no term
        is_time = f"{self.read(self.raw)} is not null and left(trim({self.raw}), 1) between '0' and '9'"
        yield self.rule(self.bad, f"not {blank(self.name)} and not ({is_time})")
        yield self.rule(
            "date_out_of_range", f"{column} < timestamp '{self.earliest}' or {column} >= timestamp '{LAST_TERM}'"
        )
        if self.after:
            yield self.rule("due_before_receipt", f"{column} < {self.after}")


@dataclass(frozen=True)
class _Numeric(Field):
    _: KW_ONLY
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """The value must be greater than this."""

    sql_type: ClassVar[str] = "double"
    bad: ClassVar[str] = "bad_number"

    def outside(self, value: str) -> str | None:
        """SQL of whether a value is out of the field's range; None where it has none."""
        parts = [
            f"{value} {sign} {bound}"
            for sign, bound in (("<", self.minimum), ("<=", self.above), (">", self.maximum))
            if bound is not None
        ]
        return " or ".join(parts) or None

    def checks(self) -> Iterator[Rule]:
        yield self.rule(self.bad, f"{self.column_name} is null and not {blank(self.name)}")
        if outside := self.outside(self.column_name):
            yield self.rule("out_of_range", outside)


@dataclass(frozen=True)
class Number(_Numeric):
    """A number with decimals. Text that could be thousands as well, within the range, is rejected."""

    @property
    def sql(self) -> str:
        return f"case when isfinite({decimal(self.raw)}) then {decimal(self.raw)} end"

    def checks(self) -> Iterator[Rule]:
        thousands = f"try_cast(regexp_replace(trim({self.raw}), '[.,]', '') as double)"
        both = is_ambiguous(self.name)
        if outside := self.outside(thousands):
            both += f" and not ({outside})"
        yield self.rule("ambiguous_number", both)
        yield from super().checks()


@dataclass(frozen=True)
class Whole(_Numeric):
    """A count."""

    minimum: float | None = 0

    sql_type: ClassVar[str] = "bigint"

    @property
    def sql(self) -> str:
        return whole(self.raw, is_number_cell(self.name))


@dataclass(frozen=True)
class Amount(Whole):
    """An amount in VND."""

    maximum: float | None = 10**12

    bad: ClassVar[str] = "bad_amount"


@dataclass(frozen=True)
class Identifier(_Numeric):
    """A number that names something: digits only, never rounded."""

    sql_type: ClassVar[str] = "bigint"

    @property
    def sql(self) -> str:
        text = f"trim({self.raw})"
        return f"case when regexp_full_match({text}, '\\d{{1,18}}') then try_cast({text} as bigint) end"


@dataclass(frozen=True)
class Coordinate(_Numeric):
    """Degrees with point or comma; no thousands."""

    minimum: float | None = -180
    maximum: float | None = 180

    @property
    def sql(self) -> str:
        return coordinate(self.name)


def coordinate(name: str) -> str:
    """SQL of degrees; null when it is blank or none."""
    text = f"trim(j.{name})"
    is_one = f"regexp_full_match({text}, '[-+]?\\d{{1,3}}([.,]\\d+)?')"
    return f"case when {is_one} then try_cast(replace({text}, ',', '.') as double) end"


@dataclass(frozen=True)
class Computed(Field):
    """A field whose column, if it has one, is made by SQL that no type covers; its text is still no error value."""

    _: KW_ONLY
    by: str = ""
    type: str = "varchar"
    more: tuple[Rule, ...] = ()
    holds_words: bool = False

    @property
    def is_text(self) -> bool:
        return self.holds_words

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(self.column_name, self.type, self.by),) if self.by else ()

    def checks(self) -> Iterator[Rule]:
        yield from self.more


def headings(fields: Iterable[Field]) -> dict[str, str]:
    """The headings of a table, each with the name of its field."""
    return {heading: field.name for field in fields for heading in field.headings}
