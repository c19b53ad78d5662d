"""One dossier out of every feed: the columns of all raw tables of dossiers, and the rules that each record meets.

A feed says only where its records carry what (`Fields`): names of fields, as a path where they are nested, what its
codes mean in ours, and how it writes times. Types, pseudonyms, codes and reasons for quarantine are the same for all,
so that a dossier that two feeds know is one dossier.

Our codes are those of the exchange format of the National Public Service Portal: status 1 to 10 (1 registered, 2
received, 3 refused, 4 in process, 5 supplement asked, 6 payment asked, 7 withdrawn, 8 stopped, 9 done, 10 returned),
channel 1 in person, 2 online, 3 post, applicant 1 citizen, 2 enterprise, 3 state agency, 4 other, payment 1 on the
national portal, 2 on the provincial gateway, 0 or 3 otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.sources.base import Column, Rule, Table, is_true, timestamp

STATUSES = tuple(str(code) for code in range(1, 11))
CHANNELS = ("1", "2", "3")
FLAGS = ("0", "1", "true", "false")

TYPES = {
    "dossier_id": "uuid",
    "agency_code": "varchar",
    "agency_name": "varchar",
    "procedure_code": "varchar",
    "field_code": "varchar",
    "channel": "varchar",
    "applicant_type": "varchar",
    "status": "varchar",
    "submitted_at": "timestamp",
    "received_at": "timestamp",
    "due_at": "timestamp",
    "finished_at": "timestamp",
    "returned_at": "timestamp",
    "refused_at": "timestamp",
    "payment_code": "varchar",
    "has_digitised_component": "boolean",
    "is_vneid_verified": "boolean",
    "papers": "struct(has_file boolean, is_digitised boolean, is_reused boolean, is_from_personal_store boolean)[]",
    "fees": "struct(collected_when varchar, amount_vnd bigint)[]",
    "supplements": "struct(requested_at timestamp, received_at timestamp, status varchar)[]",
    "results": "struct(has_file boolean)[]",
    "databases": "varchar[]",
}
"""The columns of every raw table of dossiers, in order. Times are Vietnam's wall clock. A feed that has no such list
leaves it null, which is not the same as an empty one: it does not tell."""

# `{agency}-{yyMMdd or yyyyMMdd}-{sequence}`
NUMBER = r"^[0-9A-Za-z.]{2,30}-([0-9]{6}|[0-9]{8})-[0-9]{1,10}$"

# What a code of a catalogue looks like. A feed whose columns slipped may put a name or an identity number there, and a
# code of a field can become a key of a published table: neither words nor bare numbers of nine to twelve digits pass.
CATALOGUE_CODE = r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,39}$"
BARE_NUMBER = r"^[0-9]{9,12}$"

# How the name of an office begins; anything else in its field is no office's name and is not kept.
OFFICE = (
    "^(ubnd|ủy ban|xã|phường|thị trấn|sở|ban|văn phòng|trung tâm|chi cục|cục|phòng|thanh tra|công an|bộ phận|"
    "bảo hiểm|kho bạc|chi nhánh) "
)


@dataclass(frozen=True)
class Coded:
    """A field with a closed list of codes: what each, in lower case, is in ours. A code that is not here is quarantined
    under the field's name; a blank one is absent."""

    field: str
    meanings: Mapping[str, str]

    @classmethod
    def same(cls, name: str, codes: Iterable[str]) -> Coded:
        """A field that has our codes already."""
        return cls(name, {code: code for code in codes})

    @property
    def sql(self) -> str:
        if all(code == meaning for code, meaning in self.meanings.items()):
            return code_of(self.field)
        cases = " ".join(f"when '{code}' then '{meaning}'" for code, meaning in self.meanings.items())
        return f"case {self._text} {cases} end"

    @property
    def rule(self) -> Rule:
        known = ", ".join(f"'{code}'" for code in ("", *self.meanings))
        return Rule("unknown_code", self.field, f"{self._text} not in ({known})", f"j.{self.field}")

    @property
    def _text(self) -> str:
        text = f"coalesce(trim(j.{self.field}), '')"
        # names have accents, which may be written in two ways; codes are spared the cost
        return f"lower({text})" if "".join(self.meanings).isascii() else f"lower(nfc_normalize({text}))"


@dataclass(frozen=True)
class Fields:
    """Where the records of a feed carry what. Paths have dots: `procedure.code`. None where the feed does not tell."""

    number: str
    procedure_code: str
    field_code: str
    agency_name: str
    times: Mapping[str, str]
    """Column by field; `received_at` and its field must be among them."""
    status: Coded
    channel: Coded | None = None
    applicant_type: Coded | None = None
    payment_code: Coded | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    """Column by field, for has_digitised_component and is_vneid_verified."""
    time: Callable[[str], str] = timestamp
    """SQL of a time, from SQL of its text."""


def dossier_table(
    fields: Fields,
    *,
    dropped: Iterable[str],
    lists: Iterable[Column] = (),
    structure: Mapping[str, Any] | None = None,
    first_rules: Iterable[Rule] = (),
    last_rules: Iterable[Rule] = (),
) -> Table:
    """The table of one feed of dossiers.

    Args:
        dropped: fields that are known and not kept: personal, free text, or without use for a measure.
        lists: columns of the nested lists that the feed has, with `structure` for `from_json` to read them.
        first_rules, last_rules: what is judged of the lists, before and after all else.
    """
    codes = {
        "channel": fields.channel,
        "applicant_type": fields.applicant_type,
        "status": fields.status,
        "payment_code": fields.payment_code,
    }
    sql = {
        "dossier_id": f"pseudonym('dossier', trim(j.{fields.number}))",
        "agency_code": f"split_part(trim(j.{fields.number}), '-', 1)",
        "agency_name": (
            # not lower(): with the name put into NFC a second time it was an eighth of all the work of a load
            f"case when regexp_matches(nfc_normalize(trim(j.{fields.agency_name})), '(?i){OFFICE}') "
            f"then left(nfc_normalize(trim(j.{fields.agency_name})), 200) end"
        ),
        # newer systems add the province's identifier: 1.001193.000.00.00.H27
        "procedure_code": (
            f"regexp_replace({code_of(fields.procedure_code)}, '[.]000[.]00[.]00[.][A-Z][0-9]{{2}}$', '')"
        ),
        "field_code": f"coalesce(trim(j.{fields.field_code}), '')",
        **{column: coded.sql for column, coded in codes.items() if coded},
        **{column: fields.time(f"j.{name}") for name, column in fields.times.items()},
        **{
            column: f"case when not {blank(name)} then {is_true(f'j.{name}')} end"
            for name, column in fields.flags.items()
        },
        **{column.name: column.sql for column in lists},
    }
    coded_fields = [
        coded for coded in (fields.status, fields.channel, fields.applicant_type, fields.payment_code) if coded
    ]
    coded_fields += [Coded.same(name, FLAGS) for name in fields.flags]
    texts = (
        fields.number,
        fields.procedure_code,
        fields.field_code,
        fields.agency_name,
        *(coded.field for coded in coded_fields),
        *fields.times,
    )
    return Table(
        structure={**_structure(texts), **(structure or {})},
        columns=tuple(Column(name, kind, sql.get(name, f"null::{kind}")) for name, kind in TYPES.items()),
        rules=(*first_rules, *_rules(fields, coded_fields), *last_rules),
        identity="dossier_id",
        dropped=frozenset(dropped),
    )


def _rules(fields: Fields, coded_fields: Iterable[Coded]) -> Iterable[Rule]:
    yield Rule("missing_field", fields.number, blank(fields.number))
    yield Rule(
        "bad_number", fields.number, f"not regexp_matches(trim(j.{fields.number}), '{NUMBER}')", f"j.{fields.number}"
    )
    for needed in (fields.procedure_code, fields.status.field):
        yield Rule("missing_field", needed, blank(needed))
    for name in (fields.procedure_code, fields.field_code):
        yield Rule(
            "bad_code",
            name,
            f"not {blank(name)} and (not regexp_matches(trim(j.{name}), '{CATALOGUE_CODE}') "
            f"or regexp_matches(trim(j.{name}), '{BARE_NUMBER}'))",
            f"j.{name}",
        )
    for coded in coded_fields:
        yield coded.rule
    for name, column in fields.times.items():
        yield Rule("bad_date", name, f"{column} is null and not {blank(name)}", f"j.{name}")
    for name, column in fields.times.items():
        if column != "due_at":
            yield Rule(
                "date_out_of_range",
                name,
                f"{column} < timestamp '2000-01-01' or cast({column} as date) > extracted_on + 1",
                f"j.{name}",
            )
    received = next(name for name, column in fields.times.items() if column == "received_at")
    yield Rule("missing_field", received, "received_at is null and status not in ('1', '3', '7')")


def blank(name: str) -> str:
    """SQL of whether a field is absent or blank."""
    return f"coalesce(trim(j.{name}), '') = ''"


def code_of(name: str) -> str:
    """SQL of a field as it is written; null where it is blank."""
    return f"nullif(trim(j.{name}), '')"


def short_code(expression: str) -> str:
    """SQL of a code in a nested list; null where it does not look like one."""
    return f"nullif(regexp_extract(trim({expression}), '^[0-9A-Za-z._-]{{1,8}}$'), '')"


def instant(text: str) -> str:
    """SQL of a time as Vietnam's wall clock: written as `timestamp` reads it, or ISO 8601 with an offset (`+0700`,
    `+07:00`, `Z`), which is converted. Fractions of a second fall away. Vietnam is at +07:00 all year."""
    offset = f"regexp_extract(trim({text}), 'T.+(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$', 1)"
    minutes_east = (
        f"case {offset} when '' then 420 when 'Z' then 0 else "
        f"cast(left({offset}, 1) || '1' as integer) "
        f"* (60 * cast(substr({offset}, 2, 2) as integer) + cast(right({offset}, 2) as integer)) end"
    )
    wall_clock = timestamp(
        f"regexp_replace(trim({text}), '(T[0-9:]+)([.][0-9]+)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$', '\\1')"
    )
    return f"{wall_clock} + to_minutes(420 - {minutes_east})"


def _structure(paths: Iterable[str]) -> dict[str, Any]:
    """What `from_json` reads, all text, from paths with dots."""
    tree: dict[str, Any] = {}
    for path in paths:
        *above, leaf = path.split(".")
        node = tree
        for name in above:
            node = node.setdefault(name, {})
        node[leaf] = "VARCHAR"
    return tree
