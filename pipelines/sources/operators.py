"""What reports of telecom operators share: who they are, yes and no, numbers and places as people write them.

Operators write no common form. Our own headings stand in each source, those of operators in the registry
`operator_headings`; a new form is a few rows there. Where a form does not name its operator, the file's name must:
`viettel-tram-2026-09.xlsx`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from pipelines.settings import SettingsError
from pipelines.sources import province
from pipelines.sources.base import Column, Rule
from pipelines.sources.tables import TableForm, heading_key

OPERATORS = {
    "viettel": "Viettel",
    "vnpt": "VNPT",
    "vinaphone": "VNPT",
    "vnpt vinaphone": "VNPT",
    "vnpt-vinaphone": "VNPT",
    "mobifone": "MobiFone",
    "mobiphone": "MobiFone",
    "vietnamobile": "Vietnamobile",
    "vietnammobile": "Vietnamobile",
    "gmobile": "Gmobile",
    "gtel": "Gmobile",
    "fpt": "FPT",
    "fpt telecom": "FPT",
    "cmc": "CMC",
    "cmc telecom": "CMC",
}
"""Names as reports write them, in small letters, to the name that is published."""
NETWORK_CODES = {"1": "MobiFone", "2": "VNPT", "4": "Viettel", "5": "Vietnamobile", "7": "Gmobile"}
"""Mobile network codes of 452; 7 from general knowledge. Others are set aside as unknown."""
YES = ("có", "co", "x", "1", "yes", "y", "true", "đã phủ", "có sóng", "đã có", "✓", "✔")
NO = ("không", "khong", "0", "no", "n", "false", "chưa", "chưa có", "chưa phủ", "không có", "không có sóng")
UNKNOWN = ("", "?", "-", "không rõ", "chưa rõ", "chưa xác định", "không xác định", "n/a", "na", "unknown")
WITH_FORMS = ("bts_inventory", "village_coverage")
"""Sources that operators deliver in forms of their own."""
COMMUNE = {
    "Mã xã": "commune_code",
    "Mã xã, phường": "commune_code",
    "Xã, phường": "commune_name",
    "Xã/phường": "commune_name",
    "Xã": "commune_name",
    "Tên xã": "commune_name",
}


def headings(
    source: str, ours: Mapping[str, str], others: Collection[str] = ()
) -> tuple[dict[str, str], frozenset[str]]:
    """Operators' headings of a source, from the registry: heading to field, and those that are known and not loaded.

    Args:
        ours: our own headings of the source, to their fields.
        others: fields that only operators' forms have.

    Raises:
        SettingsError: the registry is missing, or a row of it names no source with forms, no field of the source, or
            a heading that stands for something else already.
    """
    path = province.SEEDS / "operator_headings.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(row["source"], row["heading"], row["field"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: the headings of operators cannot be read ({problem!r}).") from None
    fields = {*ours.values(), *others}
    meanings = {heading_key(heading): (field, "our own form") for heading, field in ours.items()}
    loaded: dict[str, str] = {}
    dropped: set[str] = set()
    for line, (of, heading, field) in enumerate(rows, 2):
        if of not in WITH_FORMS:
            raise SettingsError(f"{path}, line {line}: {of!r} has no operators' forms; write {_or(WITH_FORMS)}.")
        if of != source:
            continue
        if field and field not in fields:
            raise SettingsError(
                f"{path}, line {line}: {field!r} is no field of {source}; leave it blank for a column that is "
                f"not loaded, or write {_or(fields)}."
            )
        meaning, where = meanings.setdefault(heading_key(heading), (field, f"line {line}"))
        if meaning != field:
            raise SettingsError(
                f"{path}, line {line}: {heading!r} stands for {meaning or 'a column that is not loaded'} already "
                f"({where}); a heading means one thing in every form: take one of the two out."
            )
        if field:
            loaded[heading] = field
        else:
            dropped.add(heading)
    return loaded, frozenset(dropped)


def _or(codes: Collection[str]) -> str:
    return f"one of {', '.join(sorted(codes))}"


@dataclass(frozen=True)
class FramedWithName:  # a class, so that it can be sent to the process that reads workbooks
    """The framing of a form whose records get the name of their file, as field `file_name`."""

    form: TableForm

    def __call__(self, stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Any]:
        import json

        import pyarrow.compute as pc

        told = f'{{"file_name": {json.dumps(name)}, '
        for batch in self.form.frame(stream, max_record_bytes=max_record_bytes):
            # the record's opening brace gives way to one that is followed by the name; "{}" cannot be: rows have cells
            yield replace(batch, text=pc.binary_replace_slice(batch.text, 0, 1, told))


def text(field: str) -> str:
    """SQL of a text: NFC, one blank between words; null when blank."""
    return f"nullif(regexp_replace(nfc_normalize(trim(j.{field})), '\\s+', ' ', 'g'), '')"


def coded(value: str, names: Mapping[str, str]) -> str:
    """SQL of the code under which a name stands, without regard to case; null for an unknown one."""
    entries = ", ".join(f"'{name}': '{code}'" for name, code in names.items())
    return f"map {{{entries}}}[lower({value})]"


def operator() -> tuple[Column, tuple[Rule, ...]]:
    """The column `operator`, from its own column or the file's name, and the rules that it obeys."""
    told = text("operator")
    pattern = "|".join(sorted((name for name in OPERATORS if " " not in name), key=len, reverse=True))
    named = f"nullif(regexp_extract(lower(coalesce(j.file_name, '')), '{pattern}'), '')"
    sql = f"case when {told} is not null then {coded(told, OPERATORS)} else {coded(named, OPERATORS)} end"
    return Column("operator", "varchar", sql), (
        Rule("unknown_code", "operator", f"operator is null and {told} is not null", told),
        Rule("missing_field", "operator", "operator is null"),
    )


def commune() -> tuple[tuple[Column, ...], tuple[Rule, ...]]:
    """Code and name of the commune as written, and the rules: one of them at least, a code of five digits."""
    columns = (
        Column("commune_code", "varchar", text("commune_code")),
        Column("commune_name", "varchar", f"left({text('commune_name')}, 200)"),
    )
    return columns, (
        Rule("bad_code", "commune_code", "not regexp_matches(commune_code, '^[0-9]{5}$')", "j.commune_code"),
    )


def number(field: str) -> str:
    """SQL of a number with decimal point or comma; null when blank or none."""
    return f"try_cast(replace(nullif(trim(j.{field}), ''), ',', '.') as double)"


def count(field: str) -> str:
    """SQL of a whole number, thousands set apart by point, comma or blank; null when blank or none."""
    plain = f"replace(trim(j.{field}), ' ', '')"
    is_count = f"regexp_matches({plain}, '^([0-9]{{1,9}}|[0-9]{{1,3}}([.,][0-9]{{3}})+)$')"
    return f"case when {is_count} then try_cast(regexp_replace({plain}, '[.,]', '', 'g') as bigint) end"


def is_blank(field: str) -> str:
    return f"coalesce(trim(j.{field}), '') = ''"


def yes_no(field: str) -> str:
    """SQL of a statement: true, false, or null where it is unknown."""
    said = f"lower({text(field)})"
    return f"case when {said} in {YES} then true when {said} in {NO} then false end"


def is_no_statement(field: str) -> str:
    """SQL: the cell says neither yes nor no nor unknown."""
    return f"coalesce(lower({text(field)}), '') not in {YES + NO + UNKNOWN}"


def place_rules(lon: str = "lon", lat: str = "lat") -> tuple[Rule, ...]:
    """Coordinates of the typed columns lie in the province's box, and not the wrong way round."""
    return (
        Rule("swapped_coordinates", lon, province.BOX.sql(lat, lon), f"cast({lon} as varchar)"),
        Rule("outside_province", lon, f"not {province.BOX.sql(lon, lat)}", f"cast({lon} as varchar)"),
    )
