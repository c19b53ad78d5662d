"""What is wrong in files as they come: single records with an error, and files that are wrong in total.

A line is text; a byte that is not UTF-8 is a lone surrogate in it, and comes out as that byte when the line is
encoded with `surrogateescape`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def _edited(edit: Callable[[dict[str, Any]], object]) -> Callable[[str], list[str]]:
    def apply(line: str) -> list[str]:
        record = json.loads(line)
        edit(record)
        return [json.dumps(record, ensure_ascii=False, separators=(",", ":"))]

    return apply


def _on_31_february(record: dict[str, Any]) -> None:
    time = record["NgayTiepNhan"] or record["NgayNopHoSo"]
    record["NgayTiepNhan"] = f"{time[:4]}-02-31{time[10:]}" if "-" in time else f"{time[:4]}0231{time[8:]}"


def _to_unknown_agency(record: dict[str, Any]) -> None:
    record["MaHoSo"] = "H99.999-" + record["MaHoSo"].split("-", 1)[1]
    record["DonViXuLy"] = "UBND xã Không Có Trong Danh Mục"


DIRT: dict[str, Callable[[str], list[str]]] = {
    "unknown_status": _edited(lambda r: r.update(TrangThaiHoSo="99")),
    "unknown_channel": _edited(lambda r: r.update(KenhThucHien="7")),
    "impossible_date": _edited(_on_31_february),
    "wrong_date_format": _edited(lambda r: r.update(NgayHenTra="31/12/2026 17:00")),
    "unknown_agency": _edited(_to_unknown_agency),
    "number_for_string": _edited(lambda r: r.update(TrangThaiHoSo=int(r["TrangThaiHoSo"]))),
    "missing_code": _edited(lambda r: r.pop("MaHoSo")),
    "unknown_field": _edited(lambda r: r.update(TruongMoi="giá trị mới")),
    "exact_duplicate": lambda line: [line, line],
    "invalid_json": lambda line: [line[: len(line) // 2]],
    "invalid_utf8": lambda line: [line.replace("DỮ LIỆU", "D\udcff LI\udcc3U", 1)],
}
"""Kinds of single errors: what each makes of a record's line."""

BREAKS_ARRAY = frozenset({"invalid_json", "invalid_utf8"})
"""Errors of one line that, inside an array, would take the rest of the file along: not used there."""


def soil(lines: list[str], kinds: tuple[str, ...], share: float, key: list[int], counts: Counter[str]) -> list[str]:
    """Damage a share of the lines, each with one of `kinds`, and count what was done in `counts`."""
    if share <= 0 or not lines:
        return lines
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    hit = np.flatnonzero(rng.random(len(lines)) < share)
    kind = rng.integers(0, len(kinds), len(hit))
    damaged = {int(i): kinds[int(k)] for i, k in zip(hit, kind, strict=True)}
    counts.update(damaged.values())
    soiled: list[str] = []
    for i, line in enumerate(lines):
        soiled.extend(DIRT[damaged[i]](line) if i in damaged else (line,))
    return soiled


@dataclass(frozen=True)
class Defect:
    """A way in which an entire file is wrong. What is not stated stays as in a valid sample."""

    description: str
    late: float | None = None
    kinds: tuple[str, ...] = ()
    share: float = 0.8


DEFECTS: dict[str, Defect] = {
    "late": Defect("nearly every dossier is late: about 3 % on time", late=0.975),
    "truncated-gzip": Defect("the gzip stream stops at two thirds of the file"),
    "invalid-utf8": Defect("most records hold bytes that are not UTF-8", kinds=("invalid_utf8",)),
    "bom": Defect("the file begins with a UTF-8 byte order mark; its records are sound"),
    "half-array": Defect("a JSON array that stops in the middle of its last record"),
    "unknown-codes": Defect("most records have a status or a channel that does not exist",
                            kinds=("unknown_status", "unknown_channel")),
    "impossible-dates": Defect("most records were received on 31 February", kinds=("impossible_date",)),
    "duplicates": Defect("every record is in the file twice", kinds=("exact_duplicate",), share=1.0),
    "unknown-communes": Defect("most records come from an agency that no registry knows", kinds=("unknown_agency",)),
    "empty": Defect("a file of zero bytes"),
    "foreign": Defect("a file of another source: a CSV of radio cells"),
}  # fmt: skip
"""Broken files by name, for trying what the pipeline does with them."""

FOREIGN = (
    "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n"
    "LTE,452,4,10001,1000001,0,105.9057,18.3428,1000,3,1,1700000000,1760000000,0\n"
)
