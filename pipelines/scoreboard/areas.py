"""The registry of administrative units for a person who asks: what a name or a code meant on a day, and what it became.

It reads the seeds that the warehouse is built from and needs no warehouse. People type names without marks and with
short kinds, so a search is generous where `int_area_names`, which places figures, is strict: it lists all that fit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipelines.seeds import seed_rows

SHORT_KINDS = {
    "xã": ("x",),
    "phường": ("p",),
    "thị trấn": ("tt",),
    "huyện": ("h",),
    "thị xã": ("tx",),
    "thành phố": ("tp",),
    "tỉnh": (),
}
COMMITTEES = ("ubnd", "uy ban nhan dan")
"""People's committee, without marks: before the name of a unit it means the unit, as `area_key` takes it."""


@dataclass(frozen=True)
class Unit:
    """One unit over the time it is valid. A code alone is ambiguous: codes were used again after the merger."""

    code: str
    valid_from: date
    valid_to: date | None
    level: str
    name: str
    kind: str
    parent_code: str
    source: str
    grade: str

    @property
    def key(self) -> tuple[str, date]:
        return self.code, self.valid_from

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Pair:
    """A previous commune, a current commune that received it or a part of it, and what is known of the part."""

    old: tuple[str, date]
    new: tuple[str, date]
    relation: str
    is_part_known: bool


@dataclass(frozen=True)
class Fact:
    """A figure of a unit, as it stands in the seed; of those that disagree one is preferred."""

    fact: str
    value: float
    unit: str
    as_of: date
    source: str
    grade: str
    is_preferred: bool


@dataclass(frozen=True)
class Registry:
    """Every unit, and how they hang together."""

    units: Sequence[Unit]
    pairs: Sequence[Pair]
    aliases: Sequence[tuple[str, tuple[str, date]]]
    facts: Sequence[tuple[tuple[str, date], Fact]]

    def find(self, asked: str, on: date | None = None) -> list[Unit]:
        """Units of a code or a name, all of their lives or the one of a day; none when nothing fits.

        A name with its marks is preferred to others that are the same without them.
        """
        asked = _unit_of(asked)
        units = [unit for unit in self.units if on is None or unit.in_force(on)]
        hits = [unit for unit in units if unit.code == asked.strip() or _plain(asked) in self._forms(unit, _plain)]
        exact = [unit for unit in hits if _marked(asked) in {unit.code, *self._forms(unit, _marked)}]
        return exact or hits

    def near(self, asked: str) -> list[str]:
        """Names that look like what was asked, nearest first, without doubles."""
        forms = {form: unit.title for unit in self.units for form in self._forms(unit, _plain)}
        near = get_close_matches(_plain(_unit_of(asked)), forms, n=8, cutoff=0.7)
        return list(dict.fromkeys(forms[form] for form in near))[:4]

    def became(self, unit: Unit) -> list[tuple[Unit, Pair]]:
        """The current units that received it; none for current units and for districts, whose communes have them."""
        return [(self._at(pair.new), pair) for pair in self.pairs if pair.old == unit.key]

    def came_from(self, unit: Unit) -> list[tuple[Unit, Pair]]:
        """The previous units that went into it, completely or in part."""
        return [(self._at(pair.old), pair) for pair in self.pairs if pair.new == unit.key]

    def communes(self, unit: Unit) -> list[Unit]:
        """Of a district the communes that it had; none where it ended before the list of communes begins."""
        if unit.level != "district":
            return []
        return [other for other in self.units if other.parent_code == unit.code and unit.in_force(other.valid_from)]

    def parent(self, unit: Unit) -> Unit | None:
        return next((u for u in self.units if u.code == unit.parent_code and u.in_force(unit.valid_from)), None)

    def other_lives(self, unit: Unit) -> list[Unit]:
        """Other units that have or had its code."""
        return [other for other in self.units if other.code == unit.code and other != unit]

    def facts_of(self, unit: Unit) -> list[Fact]:
        return [fact for key, fact in self.facts if key == unit.key]

    def described(self, unit: Unit) -> dict[str, Any]:
        """What is known of a unit, as plain values: for programs."""

        def related(pairs: list[tuple[Unit, Pair]]) -> list[dict[str, Any]]:
            return [{"code": u.code, "valid_from": u.valid_from, "relation": pair.relation} for u, pair in pairs]

        return {
            **asdict(unit),
            "became": related(self.became(unit)),
            "came_from": related(self.came_from(unit)),
            "communes": [commune.code for commune in self.communes(unit)],
            "facts": [asdict(fact) for fact in self.facts_of(unit)],
        }

    def begins(self) -> date:
        """First day on which the registry has all communes; nothing is known of days before."""
        return min(unit.valid_from for unit in self.units if unit.level == "commune")

    def _at(self, key: tuple[str, date]) -> Unit:
        return next(unit for unit in self.units if unit.key == key)

    def _names(self, unit: Unit) -> list[str]:
        return [unit.name, *(alias for alias, key in self.aliases if key == unit.key)]

    def _forms(self, unit: Unit, key: Callable[[str], str]) -> set[str]:
        """Every name of a unit, with each form of its kind and without."""
        kinds = ("", unit.kind, *SHORT_KINDS.get(unit.kind, ()))
        return {key(f"{kind} {name}") for kind in kinds for name in self._names(unit)}


def read_registry(seeds: Path) -> Registry:
    """Read the seeds areas, area_crosswalk, area_aliases and area_facts of a folder."""
    return Registry(
        units=[
            Unit(
                row["area_code"],
                row.day("valid_from"),
                row.day_or_none("valid_to"),
                row["level"],
                row["name"],
                row["kind"],
                row["parent_code"],
                row["source"],
                row["grade"],
            )
            for row in seed_rows(seeds, "areas")
        ],
        pairs=[
            Pair(
                (row["old_code"], row.day("old_valid_from")),
                (row["new_code"], row.day("new_valid_from")),
                row["relation"],
                bool(row["part_population"] or row["part_area_km2"]),
            )
            for row in seed_rows(seeds, "area_crosswalk")
        ],
        aliases=[(row["alias"], (row["area_code"], row.day("valid_from"))) for row in seed_rows(seeds, "area_aliases")],
        facts=[
            (
                (row["area_code"], row.day("valid_from")),
                Fact(
                    row["fact"],
                    row.number("value"),
                    row["unit"],
                    row.day("as_of"),
                    row["source"],
                    row["grade"],
                    row.is_true("is_preferred"),
                ),
            )
            for row in seed_rows(seeds, "area_facts")
        ],
    )


def _unit_of(asked: str) -> str:
    """What was asked, without the people's committee before it."""
    words = asked.split()
    for committee in COMMITTEES:
        length = len(committee.split())
        if _plain(" ".join(words[:length])) == committee:
            return " ".join(words[length:])
    return asked


def _marked(name: str) -> str:
    """Lower case with its marks; anything that is no letter or digit is one blank."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", name).lower()).strip()


def _plain(name: str) -> str:
    """Lower case without marks; anything that is no letter or digit is one blank."""
    letters = unicodedata.normalize("NFD", name.lower().replace("đ", "d").replace("ð", "d"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^0-9a-z]+", " ", bare).strip()
