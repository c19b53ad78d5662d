"""Tables of the National Statistics Office by the PxWeb API, version 1: metadata, then the cells of the province.

Address: the base URL with its language, `https://pxweb.nso.gov.vn/api/v1/vi`. Which tables are asked is said in TABLES
below; `tables` among the source's credentials replaces the list (paths, separated by semicolons), `areas` the labels
of the places. (Protocol as in the public source of PxWeb, github.com/statisticssweden/PxWeb; the table's path as in
public clients of this server. The server publishes a part of its tables only: the others answer 404.)

A table is asked for its places and for all that its other variables hold. Where that is more cells than the server
gives at once (`?config`), it is asked in parts, cut along the longest variable. At most 5 calls in 10 seconds.

An answer is json-stat2. It does not tell which table it is of, so the name of its file does: `V02.01-part-0001.json`.
The table has no history: each pull brings it as it stands, under the year in which it was asked. Where the interface
does not answer, the JSON-stat file that the table's own page offers can be dropped as `V02.01.json`: it is of the older
form, and is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

from pipelines.sources import province
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.interface import Interface
from pipelines.sources.statistic_rows import (
    MARKS,
    TABLE,
    NoAnswerError,
    Reason,
    Record,
    answer,
    each,
    framed,
    label,
    read_json,
    record,
    unit_in,
    words,
)
from pipelines.sources.tables import heading_key

if TYPE_CHECKING:
    from pipelines.landing.http import HttpClient
    from pipelines.sources.tables import Frames

NAME = "nso_pxweb"
TABLES = ("Dân số và lao động/V02.01.px",)
"""Paths of the tables, as the server lists them: population of the places."""
COUNTRY = "Cả nước"
"""Label of the country; it and the province are asked for."""
PLACES = frozenset(
    {"địa phương", "tỉnh, thành phố", "tỉnh/thành phố", "vùng", "provinces", "province", "cities, provinces"}
)
TIMES = frozenset({"năm", "quý", "tháng", "kỳ", "thời gian", "year", "quarter", "month", "period", "time"})
MEASURES = frozenset({"chỉ tiêu", "các chỉ tiêu", "items", "item", "indicator", "contentscode"})
"""Names of variables, where an answer or its metadata do not say what a variable is."""

MAX_CELLS = 100_000
"""The server's own default, taken where it does not say."""
SECONDS_BETWEEN = 2.0
MOST_CELLS = 5_000_000
MOVED = (
    "Look the table up on the server and set its path in TABLES, or as `tables` of this source in "
    "HATINH_CREDENTIALS_FILE; or drop the JSON-stat file of its page into data/drop/nso_pxweb/."
)


def _client() -> HttpClient:
    from pipelines.landing.http import HttpClient  # with httpx, which who only loads files does not need

    return HttpClient(min_delay_seconds=SECONDS_BETWEEN)


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every table, in parts where it is large; a table that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    tables = words(interface.option("tables", ";".join(TABLES)))
    name = ask.province.name if ask.province else province.NAME
    areas = frozenset(heading_key(label(area)) for area in words(interface.option("areas", f"{COUNTRY};{name}")))
    limit = _max_cells(interface)
    return each(tables, lambda table: _table(interface, table, areas, limit))


def _max_cells(interface: Interface) -> int:
    """Cells that the server gives at once."""
    from pipelines.landing.pull import PullError

    try:
        _, config = answer(interface, "config", "GET", "?config", moved="")
    except PullError:
        return MAX_CELLS
    most = config.get("maxCells") if isinstance(config, dict) else None
    return most if isinstance(most, int) and most > 0 else MAX_CELLS


def _table(interface: Interface, path: str, areas: frozenset[str], limit: int) -> Iterator[Fetched]:
    what = path.rpartition("/")[2].removesuffix(".px")
    _, metadata = answer(interface, what, "GET", path, moved=MOVED)
    wanted = _wanted(interface, what, metadata, areas)
    for number, part in enumerate(parts(wanted, limit), 1):
        query = [
            {"code": code, "selection": {"filter": "item", "values": list(values)}} for code, values in part.items()
        ]
        body = {"query": query, "response": {"format": "json-stat2"}}
        response, document = answer(interface, f"{what} part {number}", "POST", path, moved=MOVED, json=body)
        try:
            shape = _Cube(document, what)
        except NoAnswerError as error:
            said = ", the server says that it is an error" if isinstance(document, dict) and "error" in document else ""
            problem = f"the answer is no json-stat2 ({error}{said}). {MOVED}"
            raise interface.failed(f"{what} part {number}", problem) from None
        if shape.cells != prod(len(values) for values in part.values()):
            raise interface.failed(
                f"{what} part {number}", f"it has {shape.cells:,} cells, not what was asked for. Pull again later."
            )
        yield interface.fetched(f"{what}-part-{number:04d}.json", response.content, path, response)


def _wanted(interface: Interface, what: str, metadata: Any, areas: frozenset[str]) -> dict[str, Sequence[str]]:
    """The values to ask for, by variable: the places by their label, all of every other variable."""
    variables = metadata.get("variables") if isinstance(metadata, dict) else None
    if not isinstance(variables, list) or not variables:
        raise interface.failed(what, f'its metadata have no list "variables". {MOVED}')
    wanted: dict[str, Sequence[str]] = {}
    for variable in variables:
        told = variable if isinstance(variable, dict) else {}
        code, values, texts = (told.get(key) for key in ("code", "values", "valueTexts"))
        if not (isinstance(code, str) and isinstance(values, list) and isinstance(texts, list)):
            raise interface.failed(what, "its metadata list no values of a variable: there are too many, or none.")
        if told.get("map") or PLACES & {heading_key(label(code)), heading_key(label(told.get("text")))}:
            values = [v for v, text in zip(values, texts, strict=False) if heading_key(label(text)) in areas]
            if not values:
                raise interface.failed(
                    what,
                    f'none of its places is called as wanted. Set `areas` of "{NAME}" in HATINH_CREDENTIALS_FILE to '
                    "the labels that the table has now.",
                )
        wanted[code] = [str(value) for value in values]
    return wanted


def parts(wanted: Mapping[str, Sequence[str]], limit: int) -> Iterator[dict[str, Sequence[str]]]:
    """A question as several of at most `limit` cells: the longest variable is halved until they fit. No cell is asked
    twice, and none is left out."""
    longest = max(wanted, key=lambda code: len(wanted[code]))
    values = wanted[longest]
    if prod(len(of) for of in wanted.values()) <= limit or len(values) < 2:
        yield dict(wanted)
        return
    half = len(values) // 2
    for some in (values[:half], values[half:]):
        yield from parts({**wanted, longest: some}, limit)


# ------------------------------------------------------------------------------------------------------------ framing
class _Cube:
    """A json-stat2 dataset: its dimensions in order, checked.

    Raises:
        NoAnswerError: it is none.
    """

    def __init__(self, document: Any, dataset: str) -> None:
        if isinstance(document, dict) and isinstance(document.get("dataset"), dict):
            document = _newer(document["dataset"])
        if not isinstance(document, dict) or document.get("class") != "dataset":
            raise NoAnswerError("no dataset")
        ids, sizes, dimensions = (document.get(key) for key in ("id", "size", "dimension"))
        if not (isinstance(ids, list) and isinstance(sizes, list) and isinstance(dimensions, dict)):
            raise NoAnswerError("no dimensions")
        if not ids or len(ids) != len(sizes) or not all(isinstance(name, str) for name in ids):
            raise NoAnswerError("no names of its dimensions")
        if not all(type(size) is int and size > 0 for size in sizes):
            raise NoAnswerError("no sizes of its dimensions")
        self.cells = prod(sizes)
        if self.cells > MOST_CELLS:
            raise NoAnswerError("too many cells")
        roles = document.get("role")
        self._dataset = dataset
        self._document = document
        self._dimensions = [
            _Dimension(name, size, dimensions.get(name), roles) for name, size in zip(ids, sizes, strict=True)
        ]
        if not any(dimension.role == "time" for dimension in self._dimensions):
            raise NoAnswerError("no dimension of time")

    def records(self) -> Iterator[Record | Reason]:
        """A record for each cell, in order; further cells than there can be are rejects."""
        values, count = self._document.get("value"), self.cells
        if not isinstance(values, list | dict) or (isinstance(values, list) and len(values) != count):
            yield Reason.WRONG_SIZE
            return
        statuses = self._document.get("status")
        title = label(self._document.get("label"))
        updated = self._document.get("updated")
        for at in range(count):
            categories = self._at(at)
            series = {d.name: d.codes[n] for d, n in categories if d.role != "time"}
            measure = next((d.labels[n] for d, n in categories if d.role == "metric"), "")
            # the part of a time that holds the year comes last: "Tháng 3" and "2024" are "Tháng 3 2024"
            times = sorted((d.labels[n] for d, n in categories if d.role == "time"), key=_has_year)
            said = _at(statuses, at)
            mark = said if said in MARKS else None
            yield record(
                dataset=self._dataset,
                series=series,
                period=" ".join(times),
                value=_at(values, at),
                series_label=" | ".join(d.labels[n] for d, n in categories if d.role != "time"),
                area_label=next((d.labels[n] for d, n in categories if d.role == "geo"), ""),
                unit_label=next((d.units[n] for d, n in categories if d.units[n]), "") or unit_in(measure, title),
                mark=mark,
                flag=None if mark or said is None else str(said),
                updated_on=updated if isinstance(updated, str) else None,
            )
        if isinstance(values, dict):
            inside = {str(at) for at in range(count)} if len(values) else set()
            yield from (Reason.STRAY_CELL for key in values if key not in inside)

    def _at(self, cell: int) -> list[tuple[_Dimension, int]]:
        """The category of each dimension at a cell: the last dimension runs fastest."""
        found = []
        for dimension in reversed(self._dimensions):
            cell, n = divmod(cell, len(dimension.codes))
            found.append((dimension, n))
        return found[::-1]


class _Dimension:
    """One dimension: codes, labels and units by place, and what it is: time, geo, metric or nothing special."""

    def __init__(self, name: str, size: int, told: Any, roles: Any) -> None:
        category = told.get("category") if isinstance(told, dict) else None
        if not isinstance(category, dict):
            raise NoAnswerError("a dimension without categories")
        labels = category.get("label")
        labels = labels if isinstance(labels, dict) else {}
        units = category.get("unit")
        units = units if isinstance(units, dict) else {}
        index = category.get("index", list(labels))
        if isinstance(index, dict):
            if sorted(map(str, index.values())) != sorted(map(str, range(size))):
                raise NoAnswerError("places of categories that cannot be")
            places = index
            index = sorted(places, key=lambda code: int(str(places[code])))
        if not isinstance(index, list) or len(index) != size:
            raise NoAnswerError("not as many categories as it says")
        self.name = label(name)
        self.codes = [str(code) for code in index]
        self.labels = [label(labels.get(code, code)) for code in self.codes]
        self.units = [_unit(units.get(code)) for code in self.codes]
        self.role = _role(name, told.get("label"), roles)


def _newer(dataset: dict[str, Any]) -> dict[str, Any]:
    """A dataset of the older JSON-stat as one of json-stat2: what tells of all dimensions stands among them there."""
    dimensions = dataset.get("dimension")
    told = dimensions if isinstance(dimensions, dict) else {}
    return {**dataset, "class": "dataset", **{key: told.get(key) for key in ("id", "size", "role")}}


def _role(name: str, title: Any, roles: Any) -> str:
    for role in ("time", "geo", "metric"):
        named = roles.get(role) if isinstance(roles, dict) else None
        if isinstance(named, list) and name in named:
            return role
    keys = {heading_key(label(name)), heading_key(label(title))}
    return next((role for role, names in (("time", TIMES), ("geo", PLACES), ("metric", MEASURES)) if keys & names), "")


def _unit(told: Any) -> str:
    return label(told.get("base") or told.get("label") or told.get("symbol")) if isinstance(told, dict) else ""


def _at(cells: Any, at: int) -> Any:
    """What a list, a sparse object or one value for all says of a cell."""
    if isinstance(cells, list):
        return cells[at] if at < len(cells) else None
    return cells.get(str(at)) if isinstance(cells, dict) else cells


def _has_year(text: str) -> bool:
    return bool(re.search(r"\d{4}", text))


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The cells of one answer, a record each; `name` tells the table."""
    dataset = re.sub(r"(\.px)?([-_]part[-_]?\d+)?(\.[A-Za-z]{2,5})?$", "", name)
    return framed(stream, max_record_bytes, lambda content: _Cube(read_json(content), dataset).records())


SOURCE = Source(
    name=NAME,
    title_vi="Số liệu của Cục Thống kê (PxWeb)",
    title_en="Tables of the National Statistics Office (PxWeb)",
    publisher="Cục Thống kê, Bộ Tài chính",
    licence="Public statistics (pxweb.nso.gov.vn); terms of re-use not stated there; name the source",
    cadence="as tables are updated, mostly yearly",
    cycle="year",
    first_period="2025",
    frame=frame,
    rows_stand_alone=True,
    frames_by_name=True,
    table=TABLE,
    fetch=fetch,
    known_address="https://pxweb.nso.gov.vn/api/v1/vi",
    client=_client,
)
