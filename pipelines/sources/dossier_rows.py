"""One dossier out of every feed: the columns of all raw tables of dossiers, and the rules that each record meets.

A feed states only where its records carry what (`Fields`): names of fields, as a path where they are nested, what its
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

from pipelines.sources.base import Column, Rule, Table
from pipelines.sources.fields import Choice, Code, Computed, Due, Field, Flag, Pseudonym, Timestamp, timestamp

STATUSES = tuple(str(code) for code in range(1, 11))
CHANNELS = ("1", "2", "3")

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
leaves it null, which is not the same as an empty one: the feed does not report it."""

# `{agency}-{yyMMdd or yyyyMMdd}-{sequence}`
NUMBER = "[0-9A-Za-z.]{2,30}-([0-9]{6}|[0-9]{8})-[0-9]{1,10}"

# What a code of a catalogue looks like. A feed whose columns slipped may put a name or an identity number there, and a
# code of a field can become a key of a published table: neither words nor bare numbers of nine to twelve digits pass.
CATALOGUE_CODE = "[0-9A-Za-z][0-9A-Za-z._/-]{0,39}"
BARE_NUMBER = "[0-9]{9,12}"

# How the name of an office begins; anything else in its field is no office's name and is not kept.
OFFICE = (
    "^(ubnd|ủy ban|xã|phường|thị trấn|sở|ban|văn phòng|trung tâm|chi cục|cục|phòng|thanh tra|công an|bộ phận|"
    "bảo hiểm|kho bạc|chi nhánh) "
)

IN_NFC = "[ -\u02ff\u1e00-\u1eff]*"
"""Letters of which every text is in NFC, as a class that Python and DuckDB read alike: Latin ones, and no marks that
combine."""


@dataclass(frozen=True)
class Fields:
    """Where the records of a feed carry what. Paths have dots: `procedure.code`. None where the feed does not report
    it."""

    number: str
    procedure_code: str
    field_code: str
    agency_name: str
    times: Mapping[str, str]
    """Column by field; `received_at` and its field must be among them."""
    status: Choice
    codes: tuple[Choice, ...] = ()
    """channel, applicant_type and payment_code, as far as the feed has them."""
    flags: Mapping[str, str] = field(default_factory=dict)
    """Column by field, for has_digitised_component and is_vneid_verified."""
    read: Callable[[str], str] = timestamp
    """SQL of a time, from SQL of its text."""
    has_procedure_code: bool = True
    """Whether every record has the code of its procedure."""


def dossier_table(
    fields: Fields,
    *,
    dropped: Iterable[str],
    lists: Iterable[Column] = (),
    columns: Iterable[Field] = (),
    structure: Mapping[str, Any] | None = None,
    first_rules: Iterable[Rule] = (),
    last_rules: Iterable[Rule] = (),
) -> Table:
    """The table of one feed of dossiers.

    Args:
        dropped: fields that are known and not kept: personal, free text, or without use for a measure.
        lists: columns of the nested lists that the feed has, with `structure` for `from_json` to read them.
        columns: fields that only this feed has, behind the shared columns.
        first_rules, last_rules: what is judged of the lists, before and after all else.
    """
    declared = _declared(fields)
    own = {column.name: column for item in declared for column in item.columns}
    own |= {column.name: column for column in (_agency_code(fields), _agency_name(fields), *lists)}
    received = next(name for name, column in fields.times.items() if column == "received_at")
    table = Table.of(
        *declared,
        identity="dossier_id",
        dropped=dropped,
        structure=structure,
        first_rules=tuple(first_rules),
        rules=(
            Rule("missing_field", received, "received_at is null and status not in ('1', '3', '7')"),
            *(rule for item in columns for rule in item.rules),
            *last_rules,
        ),
    )
    return Table(
        structure={**table.structure, **{item.name: item.json_type for item in columns}},
        columns=(
            *(own.get(name, Column(name, kind, f"null::{kind}")) for name, kind in TYPES.items()),
            *(column for item in columns for column in item.columns),
        ),
        rules=table.rules,
        identity=table.identity,
        dropped=table.dropped,
        free_texts=(*table.free_texts, *(item.column_name for item in columns if item.is_free_text)),
        texts=(*table.texts, *(item.column_name for item in columns if item.is_text)),
    )


def _declared(fields: Fields) -> list[Field]:
    return [
        Pseudonym(fields.number, "dossier_id", kind="dossier", pattern=NUMBER, required=True),
        _ProcedureCode(fields.procedure_code, "procedure_code", required=fields.has_procedure_code),
        _FieldCode(fields.field_code, "field_code"),
        Computed(fields.agency_name),
        fields.status,
        *fields.codes,
        *(Flag(name, column) for name, column in fields.flags.items()),
        *(
            Due(name, column, read=fields.read, after="received_at")
            if column == "due_at"
            else Timestamp(name, column, read=fields.read)
            for name, column in fields.times.items()
        ),
    ]


@dataclass(frozen=True)
class _CatalogueCode(Code):
    pattern: str = CATALOGUE_CODE
    without: str = BARE_NUMBER


@dataclass(frozen=True)
class _ProcedureCode(_CatalogueCode):
    """Newer systems add the province's identifier: 1.001193.000.00.00.H27."""

    @property
    def sql(self) -> str:
        return f"regexp_replace({super().sql}, '[.]000[.]00[.]00[.][A-Z][0-9]{{2}}$', '')"


@dataclass(frozen=True)
class _FieldCode(_CatalogueCode):
    @property
    def sql(self) -> str:
        return f"coalesce({super().sql}, '')"


def _agency_code(fields: Fields) -> Column:
    return Column("agency_code", "varchar", f"upper(split_part(trim(j.{fields.number}), '-', 1))")


def _agency_name(fields: Fields) -> Column:
    # not lower(), and NFC only where letters may be in two pieces: for each name it was an eighth of the work of a load
    text = f"trim(j.{fields.agency_name})"
    name = f"case when regexp_full_match({text}, '{IN_NFC}') then {text} else nfc_normalize({text}) end"
    return Column(
        "agency_name", "varchar", f"case when regexp_matches({name}, '(?i){OFFICE}') then left({name}, 200) end"
    )


def short_code(expression: str) -> str:
    """SQL of a code in a nested list; null where it does not look like one."""
    return f"nullif(regexp_extract(trim({expression}), '^[0-9A-Za-z._-]{{1,8}}$'), '')"
