"""Tables of the National Statistics Office (PxWeb): by the API, version 1, or by the form of the table's own page.

Address: the base URL with its language, `https://pxweb.nso.gov.vn/api/v1/vi`. The tables that are asked are listed in
TABLES below; `tables` among the source's credentials replaces the list (paths, separated by semicolons; one in
another language begins with it: `en/Enterprise/E05.02.px`). `databases` adds all tables of databases, like `PLV02`,
which have the current regions. `areas` are the labels of the places that the API is asked for. (Protocol as in the
public source of PxWeb, github.com/statisticssweden/PxWeb; paths and form as in public clients of this server.)

The API is asked for the places and for all that the other variables hold. Where that is more cells than the server
gives at once (`?config`), it is asked in parts, cut along the longest variable. At most 5 calls in 10 seconds.

The server opens a part of its tables to the API only: a survey of October 2026 found four databases, and POST refused
for most tables. What it does not serve (404, 400, 405) is asked by the form of the table's page: the page lists the
variables, and the form is sent back with every value chosen and the output format JSON-stat.

An answer does not name its table, so the name of its file does: `V02.01-part-0001.json` by the API (json-stat2),
`V02.01.json` by the form (JSON-stat 1, with a NUL at its end). A file of either kind can be dropped too. The table has
no history: each pull brings it as it is, under the year in which it was asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, unquote

from pipelines.language import later, tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.client import Manner, PullError
from pipelines.sources.interface import Interface
from pipelines.sources.statistic_rows import (
    MARKS,
    TABLE,
    NoAnswerError,
    NotServedError,
    Reason,
    Record,
    answer,
    each,
    framed,
    label,
    read_json,
    record,
    respond,
    unit_in,
    words,
)
from pipelines.sources.tables import heading_key

if TYPE_CHECKING:
    from pipelines.sources.tables import Frames


def _without_marks(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


NAME = "nso_pxweb"
TABLES = (
    "Dân số và lao động/V02.01.px",
    *(f"en/Population and Employment/{table}.px" for table in ("E02.01", "E02.02", "E02.03-07", "E02.55")),
    *(f"en/Enterprise/{table}.px" for table in ("E05.02", "E05.04", "E05.05")),
    "en/Trade, Price and Tourist/E11.23.px",
)
"""Paths of the tables, as the server lists them: population, trained labour, enterprises, cost of living by place."""
COUNTRY = ("Cả nước", "Whole country")
"""Labels of the country; it and the province are asked for, which has no marks in English tables."""
PLACES = frozenset(
    {
        *("địa phương", "tỉnh, thành phố", "tỉnh/thành phố", "vùng", "phân theo địa phương", "tỉnh, thành phố và vùng"),
        *("provinces", "province", "cities, provinces", "cities, provincies", "city, province", "region", "regions"),
    }
)
TIMES = frozenset({"năm", "quý", "tháng", "kỳ", "thời gian", "year", "quarter", "month", "period", "time"})
MEASURES = frozenset({"chỉ tiêu", "các chỉ tiêu", "items", "item", "indicator", "contentscode"})
"""Names of variables, where an answer or its metadata do not say what a variable is."""

MAX_CELLS = 100_000
"""The server's own default, taken where it does not say."""
SECONDS_BETWEEN = 2.0
MOST_CELLS = 5_000_000
LANGUAGES = ("vi", "en")
OUTPUT_FORMAT = "FileTypeJsonStat"
BUTTON = "ButtonViewTable"
MOVED = later(
    "Look the table up on the server and set its path in TABLES, or as `tables` of this source in "
    "HATINH_CREDENTIALS_FILE; or drop the JSON-stat file of its page into data/drop/nso_pxweb/."
)


# ------------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """Every table, in parts where it is large; a table that cannot be had stops no other."""
    interface = Interface(ask, NAME)
    tables = words(interface.option("tables", ";".join(TABLES)))
    databases = words(ask.credentials.get("databases", ""))
    places = [*COUNTRY]
    if ask.province:
        places += [ask.province.name, _without_marks(ask.province.name)]
    areas = frozenset(heading_key(label(area)) for area in words(interface.option("areas", ";".join(places))))
    limit = _max_cells(interface)

    def fetched(thing: tuple[str, str]) -> Iterator[Fetched]:
        kind, path = thing
        if kind == "table":
            yield from _table(interface, path, areas, limit)
        else:
            yield from each(_tables_of(interface, path), lambda table: _by_form(interface, table))

    return each([*(("table", path) for path in tables), *(("database", name) for name in databases)], fetched)


def _max_cells(interface: Interface) -> int:
    """Cells that the server gives at once."""
    try:
        _, config = answer(interface, "config", "GET", "?config", moved="")
    except PullError:
        return MAX_CELLS
    most = config.get("maxCells") if isinstance(config, dict) else None
    return most if isinstance(most, int) and most > 0 else MAX_CELLS


def _table(interface: Interface, path: str, areas: frozenset[str], limit: int) -> Iterator[Fetched]:
    """A table by the API; by its page's form where the server does not serve it so."""
    try:
        yield from _by_api(interface, path, areas, limit)
    except NotServedError as refused:
        try:
            yield from _by_form(interface, path)
        except NotServedError:
            raise refused from None


def _by_api(interface: Interface, path: str, areas: frozenset[str], limit: int) -> Iterator[Fetched]:
    what = _name_of(path)
    language, path = _language(interface, path)
    if language != _language(interface, "")[0]:
        path = f"{interface.ask.address.rstrip('/').rpartition('/')[0]}/{language}/{path}"
    _, metadata = answer(interface, what, "GET", path, moved=tr(MOVED))
    wanted = _wanted(interface, what, metadata, areas)
    for number, part in enumerate(parts(wanted, limit), 1):
        query = [
            {"code": code, "selection": {"filter": "item", "values": list(values)}} for code, values in part.items()
        ]
        body = {"query": query, "response": {"format": "json-stat2"}}
        response, document = answer(interface, f"{what} part {number}", "POST", path, moved=tr(MOVED), json=body)
        try:
            shape = _Cube(document, what)
        except NoAnswerError as error:
            stated = (
                ", " + tr("the server reports an error") if isinstance(document, dict) and "error" in document else ""
            )
            problem = tr("the answer is no json-stat2 ({error}). {moved}", error=f"{error}{stated}", moved=tr(MOVED))
            raise interface.failed(f"{what} part {number}", problem) from None
        if shape.cells != prod(len(values) for values in part.values()):
            raise interface.failed(
                f"{what} part {number}",
                tr("it has {cells:,} cells, not what was asked for. Pull again later.", cells=shape.cells),
            )
        yield interface.fetched(f"{what}-part-{number:04d}.json", response.content, path, response)


def _name_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].removesuffix(".px")


def _language(interface: Interface, path: str) -> tuple[str, str]:
    """The language of a table's path, that of the address where it names none, and the path without it."""
    first, _, rest = path.partition("/")
    if first in LANGUAGES and rest:
        return first, rest
    last = interface.ask.address.rstrip("/").rpartition("/")[2]
    return (last if last in LANGUAGES else "vi"), path


# ---------------------------------------------------------------------------------------------- asking the page's form
def _page(interface: Interface, path: str) -> str:
    """Address of the page of a table, or of the list of a database's tables: the database is in it twice."""
    language, path = _language(interface, path)
    base = interface.ask.address.partition("/api/")[0].rstrip("/")
    database, _, table = path.rpartition("/") if path.endswith(".px") else (path, "", "")
    end = f"{quote(table)}/" if table else "?tablelist=true"
    return f"{base}/pxweb/{language}/{quote(database)}/{quote(database)}/{end}"


def _by_form(interface: Interface, path: str) -> Iterator[Fetched]:
    """A table by the form of its page, with every value of every variable chosen."""
    what, address = _name_of(path), _page(interface, path)
    page = respond(interface, what, "GET", address, moved=tr(MOVED))
    try:
        form, cells = _filled(page.content)
    except NoAnswerError as error:
        raise interface.failed(
            what, tr("its page has no form as expected: {error}. {moved}", error=error, moved=tr(MOVED))
        ) from None
    response = respond(interface, what, "POST", address, moved=tr(MOVED), data=form)
    try:
        shape = _Cube(read_json(response.content), what)
    except NoAnswerError as error:
        raise interface.failed(
            what, tr("the answer to its form is no JSON-stat ({error}). {moved}", error=error, moved=tr(MOVED))
        ) from None
    if shape.cells != cells:
        raise interface.failed(
            what,
            tr("it has {cells:,} cells, not the {chosen:,} chosen. Pull again later.", cells=shape.cells, chosen=cells),
        )
    yield interface.fetched(f"{what}.json", response.content, address, response)


def _filled(page: bytes) -> tuple[dict[str, str | list[str]], int]:
    """The fields of a table's form as they are sent, every value chosen, and how many cells that asks for.

    Raises:
        NoAnswerError: the page has no such form.
    """
    form = next((form for form in _html(page).forms if form.get("id") == "aspnetForm"), None)
    if form is None:
        raise NoAnswerError(tr("no form aspnetForm"))
    fields: dict[str, str | list[str]] = {}
    chosen: dict[str, int] = {}
    for select in form.iter("select"):
        name, values = select.get("name") or "", [option.get("value") or "" for option in select.iter("option")]
        if name.endswith("ValuesListBox"):
            fields[name] = values
            chosen[name.removesuffix("ValuesListBox")] = len(values)
        elif OUTPUT_FORMAT in values:
            fields[name] = OUTPUT_FORMAT
    if not chosen or not all(chosen.values()):
        raise NoAnswerError(tr("no lists of values"))
    if OUTPUT_FORMAT not in fields.values():
        raise NoAnswerError(tr("the output format {output_format} is not offered", output_format=OUTPUT_FORMAT))
    for field in form.iter("input"):
        name, kind = field.get("name") or "", (field.get("type") or "text").lower()
        if name.endswith("NumberValuesSelected"):
            fields[name] = str(chosen.get(name.removesuffix("NumberValuesSelected"), 0))
        elif name and (kind in ("hidden", "text") or name.endswith(BUTTON)):
            fields[name] = field.get("value") or ""
    if not any(name.endswith(BUTTON) for name in fields):
        raise NoAnswerError(tr("no button {button}", button=BUTTON))
    return fields, prod(chosen.values())


def _tables_of(interface: Interface, database: str) -> list[str]:
    """Paths of all tables of a database, as its page lists them.

    Raises:
        PullError: the page lists none.
    """
    language, name = _language(interface, database)
    address = _page(interface, database)
    page = respond(interface, database, "GET", address, moved=tr(MOVED))
    links = [str(link).partition("?")[0].rstrip("/") for link in _html(page.content).xpath("//a/@href")]
    tables = dict.fromkeys(unquote(link).rpartition("/")[2] for link in links if link.endswith(".px"))
    if not tables:
        raise interface.failed(database, tr("its page lists no tables. {moved}", moved=tr(MOVED)))
    return [f"{language}/{name}/{table}" for table in tables]


def _html(page: bytes) -> Any:
    from lxml import etree, html  # not needed to load files

    try:
        return html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError):
        raise NoAnswerError(tr("no HTML")) from None


# ------------------------------------------------------------------------------------------------------ asking the API
def _wanted(interface: Interface, what: str, metadata: Any, areas: frozenset[str]) -> dict[str, Sequence[str]]:
    """The values to ask for, by variable: the places by their label, all of every other variable."""
    variables = metadata.get("variables") if isinstance(metadata, dict) else None
    if not isinstance(variables, list) or not variables:
        raise interface.failed(what, tr('its metadata have no list "variables". {moved}', moved=tr(MOVED)))
    wanted: dict[str, Sequence[str]] = {}
    for variable in variables:
        given = variable if isinstance(variable, dict) else {}
        code, values, texts = (given.get(key) for key in ("code", "values", "valueTexts"))
        if not (isinstance(code, str) and isinstance(values, list) and isinstance(texts, list)):
            raise interface.failed(what, tr("its metadata list no values of a variable: there are too many, or none."))
        if given.get("map") or PLACES & {heading_key(label(code)), heading_key(label(given.get("text")))}:
            values = [v for v, text in zip(values, texts, strict=False) if heading_key(label(text)) in areas]
            if not values:
                raise interface.failed(
                    what,
                    tr(
                        'none of its places has an expected name. Set `areas` of "{name}" in HATINH_CREDENTIALS_FILE '
                        "to the labels that the table has now.",
                        name=NAME,
                    ),
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
            raise NoAnswerError(tr("no dataset"))
        ids, sizes, dimensions = (document.get(key) for key in ("id", "size", "dimension"))
        if not (isinstance(ids, list) and isinstance(sizes, list) and isinstance(dimensions, dict)):
            raise NoAnswerError(tr("no dimensions"))
        if not ids or len(ids) != len(sizes) or not all(isinstance(name, str) for name in ids):
            raise NoAnswerError(tr("no names of its dimensions"))
        if not all(type(size) is int and size > 0 for size in sizes):
            raise NoAnswerError(tr("no sizes of its dimensions"))
        self.cells = prod(sizes)
        if self.cells > MOST_CELLS:
            raise NoAnswerError(tr("too many cells"))
        roles = document.get("role")
        self._dataset = dataset
        self._document = document
        self._dimensions = [
            _Dimension(name, size, dimensions.get(name), roles) for name, size in zip(ids, sizes, strict=True)
        ]
        if not any(dimension.role == "time" for dimension in self._dimensions):
            raise NoAnswerError(tr("no dimension of time"))

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
            status = _at(statuses, at)
            mark = status if status in MARKS else None
            yield record(
                dataset=self._dataset,
                series=series,
                period=" ".join(times),
                value=_at(values, at),
                series_label=" | ".join(d.labels[n] for d, n in categories if d.role != "time"),
                area_label=next((d.labels[n] for d, n in categories if d.role == "geo"), ""),
                unit_label=next((d.units[n] for d, n in categories if d.units[n]), "") or unit_in(measure, title),
                mark=mark,
                flag=None if mark or status is None else str(status),
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

    def __init__(self, name: str, size: int, given: Any, roles: Any) -> None:
        category = given.get("category") if isinstance(given, dict) else None
        if not isinstance(category, dict):
            raise NoAnswerError(tr("a dimension without categories"))
        labels = category.get("label")
        labels = labels if isinstance(labels, dict) else {}
        units = category.get("unit")
        units = units if isinstance(units, dict) else {}
        index = category.get("index", list(labels))
        if isinstance(index, dict):
            if sorted(map(str, index.values())) != sorted(map(str, range(size))):
                raise NoAnswerError(tr("places of categories that cannot be"))
            places = index
            index = sorted(places, key=lambda code: int(str(places[code])))
        if not isinstance(index, list) or len(index) != size:
            raise NoAnswerError(tr("not as many categories as it states"))
        self.name = label(name)
        self.codes = [str(code) for code in index]
        self.labels = [label(labels.get(code, code)) for code in self.codes]
        self.units = [_unit(units.get(code)) for code in self.codes]
        self.role = _role(name, given.get("label"), roles)


def _newer(dataset: dict[str, Any]) -> dict[str, Any]:
    """A dataset of the older JSON-stat as one of json-stat2: what describes all dimensions is among them there."""
    dimensions = dataset.get("dimension")
    given = dimensions if isinstance(dimensions, dict) else {}
    return {**dataset, "class": "dataset", **{key: given.get(key) for key in ("id", "size", "role")}}


def _role(name: str, title: Any, roles: Any) -> str:
    for role in ("time", "geo", "metric"):
        named = roles.get(role) if isinstance(roles, dict) else None
        if isinstance(named, list) and name in named:
            return role
    keys = {heading_key(label(name)), heading_key(label(title))}
    return next((role for role, names in (("time", TIMES), ("geo", PLACES), ("metric", MEASURES)) if keys & names), "")


def _unit(given: Any) -> str:
    return label(given.get("base") or given.get("label") or given.get("symbol")) if isinstance(given, dict) else ""


def _at(cells: Any, at: int) -> Any:
    """The value for a cell in a list, a sparse object or one value for all."""
    if isinstance(cells, list):
        return cells[at] if at < len(cells) else None
    return cells.get(str(at)) if isinstance(cells, dict) else cells


def _has_year(text: str) -> bool:
    return bool(re.search(r"\d{4}", text))


def frame(stream: BinaryIO, *, max_record_bytes: int, name: str) -> Iterator[Frames]:
    """The cells of one answer, a record each; `name` states the table."""
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
    manner=Manner(min_delay_seconds=SECONDS_BETWEEN),
)
