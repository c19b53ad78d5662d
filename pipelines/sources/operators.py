"""What reports of telecom operators share: who they are, yes and no, communes and places as people write them.

Operators write no common form. Our own headings are in each source, those of operators in the registry
`operator_headings`; a new form is a few rows there. Where a form does not name its operator, the file's name must:
`viettel-tram-2026-09.xlsx`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from pipelines.language import tr
from pipelines.seeds import SeedError, seed_rows
from pipelines.sources.base import Rule
from pipelines.sources.fields import Code, Field, Text, clean, literal
from pipelines.sources.province import Province
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
REGISTRY = "operator_headings"
WITH_FORMS = ("bts_inventory", "village_coverage")
"""Sources that operators deliver in forms of their own."""
COMMUNE_CODE = Code("commune_code", pattern="[0-9]{5}", headings=("Mã xã", "Mã xã, phường"))
COMMUNE_NAME = Text("commune_name", is_member=True, headings=("Xã, phường", "Xã/phường", "Xã", "Tên xã"))


def headings(
    seeds: Path, source: str, ours: Mapping[str, str], others: Collection[str] = ()
) -> tuple[dict[str, str], frozenset[str]]:
    """Operators' headings of a source, from the registry: heading to field, and those that are known and not loaded.

    Args:
        seeds: folder of the registries.
        ours: our own headings of the source, to their fields.
        others: fields that only operators' forms have.

    Raises:
        SettingsError: the registry is missing, or a row of it names no source with forms, no field of the source, or
            a heading that has another meaning already.
    """
    from pipelines.settings import SettingsError  # costly, and the process that reads files never raises it

    try:
        rows = [(row.line, row["source"], row["heading"], row["field"]) for row in seed_rows(seeds, REGISTRY)]
    except SeedError as problem:
        raise SettingsError(str(problem)) from None
    path = seeds / f"{REGISTRY}.csv"
    fields = {*ours.values(), *others}
    meanings = {heading_key(heading): (field, tr("our own form")) for heading, field in ours.items()}
    loaded: dict[str, str] = {}
    dropped: set[str] = set()
    for line, of, heading, field in rows:
        if of not in WITH_FORMS:
            raise SettingsError(
                tr(
                    "{path}, line {line}: {of!r} has no operators' forms; write {with_forms}.",
                    path=path,
                    line=line,
                    of=of,
                    with_forms=_or(WITH_FORMS),
                )
            )
        if of != source:
            continue
        if field and field not in fields:
            raise SettingsError(
                tr(
                    "{path}, line {line}: {field!r} is no field of {source}; leave it blank for a column that is "
                    "not loaded, or write {fields}.",
                    path=path,
                    line=line,
                    field=field,
                    source=source,
                    fields=_or(fields),
                )
            )
        meaning, where = meanings.setdefault(heading_key(heading), (field, f"line {line}"))
        if meaning != field:
            raise SettingsError(
                tr(
                    "{path}, line {line}: {heading!r} means {meaning} already ({where}); a heading means one "
                    "thing in every form: take one of the two out.",
                    path=path,
                    line=line,
                    heading=heading,
                    meaning=meaning or tr("a column that is not loaded"),
                    where=where,
                )
            )
        if field:
            loaded[heading] = field
        else:
            dropped.add(heading)
    return loaded, frozenset(dropped)


def _or(codes: Collection[str]) -> str:
    return f"one of {', '.join(sorted(codes))}"


@dataclass(frozen=True)
class OperatorForm:
    """The tables of a source that operators deliver in forms of their own.

    Args:
        ours: our own headings of the source, to their fields.
        others: fields that only operators' forms have.
        needed, one_of: as in `TableForm`.
    """

    source: str
    ours: Mapping[str, str]
    needed: frozenset[str]
    one_of: tuple[frozenset[str], ...] = ()
    others: tuple[str, ...] = ()

    def frame(self, stream: BinaryIO, *, max_record_bytes: int, name: str, province: Province) -> Iterator[Any]:
        """The rows of a table as records; each has the name of its file, as field `file_name`."""
        import json

        import pyarrow.compute as pc

        theirs, _ = headings(province.seeds, self.source, self.ours, self.others)
        form = TableForm(fields={**self.ours, **theirs}, needed=self.needed, one_of=self.one_of)
        opening = f'{{"file_name": {json.dumps(name)}, '
        for batch in form.frame(stream, max_record_bytes=max_record_bytes):
            # the record's opening brace gives way to one that is followed by the name; "{}" cannot be: rows have cells
            yield replace(batch, text=pc.binary_replace_slice(batch.text, 0, 1, opening))

    def dropped(self, province: Province) -> frozenset[str]:
        """Headings of operators' forms that are known and not loaded."""
        _, dropped = headings(province.seeds, self.source, self.ours, self.others)
        return dropped


@dataclass(frozen=True)
class Operator(Field):
    """Who reports: by its own column, or else by the file's name, which then names one operator and no other."""

    bad: ClassVar[str] = "unknown_code"

    @property
    def _by_name(self) -> str:
        pattern = "|".join(sorted((name for name in OPERATORS if " " not in name), key=len, reverse=True))
        found = f"regexp_extract_all(lower(coalesce(j.file_name, '')), '{pattern}')"
        return f"list_distinct(list_transform({found}, lambda name: {coded('name', OPERATORS)}))"

    @property
    def sql(self) -> str:
        written = clean(self.raw)
        return (
            f"case when {written} is not null then {coded(f'lower({written})', OPERATORS)} else {self._by_name}[1] end"
        )

    def checks(self) -> Iterator[Rule]:
        written = clean(self.raw)
        yield self.rule(self.bad, f"operator is null and {written} is not null")
        yield Rule("two_operators", self.name, f"{written} is null and len({self._by_name}) > 1")
        yield Rule("missing_field", self.name, "operator is null")


@dataclass(frozen=True)
class Statement(Field):
    """Yes, no, or null where it is unknown."""

    sql_type: ClassVar[str] = "boolean"
    bad: ClassVar[str] = "unknown_code"

    @property
    def sql(self) -> str:
        return yes_no(self.name)

    def checks(self) -> Iterator[Rule]:
        yield not_stated(self.name)


def coded(value: str, names: Mapping[str, str]) -> str:
    """SQL of the code of a name in small letters; null for an unknown one."""
    entries = ", ".join(f"{literal(name)}: {literal(code)}" for name, code in names.items())
    return f"map {{{entries}}}[{value}]"


def yes_no(name: str) -> str:
    """SQL of a statement: true, false, or null where it is unknown."""
    stated = f"lower({clean(f'j.{name}')})"
    return f"case when {stated} in {YES} then true when {stated} in {NO} then false end"


def not_stated(name: str) -> Rule:
    """A word that is neither yes nor no, nor one for what is unknown."""
    return Rule(
        "unknown_code", name, f"coalesce(lower({clean(f'j.{name}')}), '') not in {YES + NO + UNKNOWN}", f"j.{name}"
    )


def place_rules(lon: str = "lon", lat: str = "lat") -> tuple[Rule, ...]:
    """Coordinates of the typed columns lie in the province's bounding box, and are not exchanged."""
    return (
        Rule("swapped_coordinates", lon, f"in_province({lat}, {lon})", f"cast({lon} as varchar)"),
        Rule("outside_province", lon, f"not in_province({lon}, {lat})", f"cast({lon} as varchar)"),
    )
