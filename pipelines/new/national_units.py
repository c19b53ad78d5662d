"""Makes `national_units.csv.gz`: each current commune with the communes that it came from, for all provinces.

`python -m pipelines.new.national_units FOLDER`, where FOLDER is `vietnamadminunits/data` of the package of that name
(MIT, 1.0.4 was read). Names, codes and mergers are facts of the resolutions of 2025; points and areas are its own.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

UNITS = Path(__file__).with_name("national_units.csv.gz")
FIELDS = (
    *("province_code", "new_code", "new_name", "new_kind", "area_km2", "lon", "lat", "relation"),
    *("old_code", "old_name", "old_kind", "district_code", "district_name", "district_kind"),
)


def pairs(folder: Path) -> Iterator[dict[str, object]]:
    """One row per current commune and previous commune. A district without communes stands for its commune."""
    converter = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    with sqlite3.connect(f"file:{folder / 'dataset.db'}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        new = {(row["provinceKey"], row["wardKey"]): row for row in database.execute("select * from admin_units")}
        old = {
            "_".join(row[key] or "" for key in ("provinceKey", "districtKey", "wardKey")): row
            for row in database.execute("select * from admin_units_legacy")
        }
    into: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, sources in wards.items():
            into.setdefault((province, ward), []).extend((source, False) for source in sources)
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source, parts in divided.items():
            for part in parts:
                into.setdefault((province, part["newWardKey"]), []).append((source, True))
    for key, unit in new.items():
        sources = into.get(key, [])
        for source, is_split in sources:
            before = old[source]
            is_same = len(sources) == 1 and not is_split
            yield {
                "province_code": unit["provinceCode"],
                "new_code": unit["wardCode"],
                "new_name": unit["wardShort"],
                "new_kind": unit["wardType"].lower(),
                "area_km2": unit["wardAreaKm2"],
                "lon": unit["wardLon"],
                "lat": unit["wardLat"],
                "relation": "split" if is_split else "unchanged" if is_same else "merged",
                "old_code": before["wardCode"] or before["districtCode"],
                "old_name": before["wardShort"] or before["districtShort"],
                "old_kind": (before["wardType"] or before["districtType"]).lower(),
                "district_code": before["districtCode"] if before["wardCode"] else "",
                "district_name": before["districtShort"] if before["wardCode"] else "",
                "district_kind": before["districtType"].lower() if before["wardCode"] else "",
            }


def write(folder: Path, to: Path = UNITS) -> int:
    """Write the list in the order of its codes; the same facts give the same bytes. Returns the number of rows."""
    rows = sorted(
        pairs(folder), key=lambda row: (str(row["province_code"]), str(row["new_code"]), str(row["old_code"]))
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    to.write_bytes(gzip.compress(unicodedata.normalize("NFC", text.getvalue()).encode(), 9, mtime=0))
    return len(rows)


def units_of(province_code: str) -> list[dict[str, str]]:
    """The rows of one province; empty for a code that no province has."""
    with gzip.open(UNITS, "rt", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["province_code"] == province_code]


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))} rows\n")
