"""Stand-ins for the interfaces of statistics: they speak the formats with their quirks, and fail as servers do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import product
from math import prod
from typing import Any
from urllib.parse import parse_qs, unquote

from doubles.interfaces import HTML, Asked, Double, Reply

NOT_FOUND = Reply(b"", 404)


@dataclass(frozen=True)
class PxTable:
    """A table: variables as (code, [(value, label)]), and its cells by the values of each variable."""

    title: str
    variables: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    cells: Mapping[tuple[str, ...], Any]
    updated: str = "9999-12-31T00:00:00Z"

    def metadata(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "variables": [
                {"code": code, "text": code, "values": [v for v, _ in pairs], "valueTexts": [text for _, text in pairs]}
                for code, pairs in self.variables
            ],
        }

    def cube(self, chosen: Mapping[str, Sequence[str]], *, is_sparse: bool, index_as: type) -> dict[str, Any]:
        """The cells that were asked for as json-stat2; a cell that holds text has it as its status."""
        labels = {code: dict(pairs) for code, pairs in self.variables}
        codes = [code for code, _ in self.variables]
        found = [self.cells.get(key) for key in product(*(chosen[code] for code in codes))]
        numbers = [None if isinstance(cell, str) else cell for cell in found]
        marks = {str(at): cell for at, cell in enumerate(found) if isinstance(cell, str)}
        dimension = {}
        for code in codes:
            index: Any = list(chosen[code])
            if index_as is dict:
                index = {value: at for at, value in enumerate(index)}
            reported = {value: labels[code][value] for value in chosen[code]}
            dimension[code] = {"label": code, "category": {"index": index, "label": reported}}
        return {
            "version": "2.0",
            "class": "dataset",
            "label": self.title,
            "id": codes,
            "size": [len(chosen[code]) for code in codes],
            "dimension": dimension,
            "value": {str(at): n for at, n in enumerate(numbers) if n is not None} if is_sparse else numbers,
            "status": marks if is_sparse else [marks.get(str(at)) for at in range(len(found))],
            "updated": self.updated,
        }


@dataclass
class PxWeb(Double):
    """PxWeb API v1: metadata, `?config`, answers with byte order mark and NUL; `faults` by number of the question."""

    tables: dict[str, PxTable] = field(default_factory=dict)
    max_cells: int = 100_000
    is_sparse: bool = False
    index_as: type = dict
    questions: int = 0

    def answer(self, asked: Asked) -> Reply:
        if "config" in asked.query:
            return self.reply({"maxValues": 10_000, "maxCells": self.max_cells, "maxCalls": 5, "timeWindow": 10})
        table = self.tables.get(unquote(asked.path).removeprefix("/api/v1/vi/"))
        if not table or asked.method == "GET":
            return self.reply(table.metadata()) if table else NOT_FOUND
        return self._cube(table, asked)

    def _cube(self, table: PxTable, asked: Asked) -> Reply:
        self.questions += 1
        if fault := self.fault(self.questions):
            return fault
        query = json.loads(asked.body)
        if query["response"] != {"format": "json-stat2"}:
            return Reply({"error": "Format is not supported"}, 400)
        chosen = {part["code"]: part["selection"]["values"] for part in query["query"]}
        cube = table.cube(chosen, is_sparse=self.is_sparse, index_as=self.index_as)
        if prod(cube["size"]) > self.max_cells:
            return Reply({"error": "Too many cells"}, 403)
        return self.reply(cube)

    @staticmethod
    def reply(content: Any) -> Reply:
        return Reply(b"\xef\xbb\xbf" + json.dumps(content, ensure_ascii=False).encode() + b"\0")


@dataclass
class PxPages(PxWeb):
    """The same server as surveyed in October 2026: the API answers GET and refuses POST; each table has a page of
    ASP.NET with a form, and a database a page with its list of tables."""

    refuses_post: bool = True
    change: Callable[[str, bytes], bytes] = lambda name, page: page
    """What a page is changed to before it is served, by the name of its table."""
    state: str = "dDwtMTIzNDU2Nzg5Ow=="

    def answer(self, asked: Asked) -> Reply:
        path = unquote(asked.path)
        return self._of_pages(asked, path) if path.startswith("/pxweb/") else self._of_api(asked, path)

    def _of_api(self, asked: Asked, path: str) -> Reply:
        if asked.method == "POST" and self.refuses_post:
            return NOT_FOUND
        english = self.tables.get(path.removeprefix("/api/v1/en/"))
        return self.reply(english.metadata()) if english else super().answer(asked)

    def _of_pages(self, asked: Asked, path: str) -> Reply:
        _, _, _, database, again, *name = path.rstrip("/").split("/")
        table = self.tables.get(f"{database}/{name[0]}") if name and database == again else None
        if database == again and not name and asked.query.get("tablelist") == "true":
            return Reply(self._list(database), 200, HTML)
        if not table:
            return NOT_FOUND
        if asked.method == "POST":
            return self._by_form(table, parse_qs(asked.body.decode(), keep_blank_values=True))
        return Reply(self.change(name[0].removesuffix(".px"), self._page(table).encode()), 200, HTML)

    def _list(self, database: str) -> bytes:
        links = [f'<a href="/pxweb/vi/{database}/{path}/?rxid=1">bảng</a>' for path in self.tables if database in path]
        return f"<html><body><a href='/pxweb/vi/'>lên</a>{''.join(links)}</body></html>".encode()

    def _page(self, table: PxTable) -> str:
        boxes = [
            f'<select multiple name="ctl00$v{n}$ValuesListBox">'
            + "".join(f'<option value="{value}">{escape(label)}</option>' for value, label in pairs)
            + f'</select><input name="ctl00$v{n}$NumberValuesSelected" value="0">'
            f'<input type="submit" name="ctl00$v{n}$SelectAllButton" value="Chọn hết">'
            for n, (_, pairs) in enumerate(table.variables)
        ]
        return (
            '<html><body><form id="aspnetForm" method="post">'
            f'<input type="hidden" name="__VIEWSTATE" value="{self.state}">{"".join(boxes)}'
            '<select name="ctl00$OutputFormats$OutputFormatDropDownList"><option value="FileTypePX">PX</option>'
            '<option value="FileTypeJsonStat">JSON-stat</option></select>'
            '<input type="submit" name="ctl00$ButtonViewTable" value="Tiếp tục"></form></body></html>'
        )

    def _by_form(self, table: PxTable, form: dict[str, list[str]]) -> Reply:
        """The table as JSON-stat 1, where the form came back as the page gave it; else the page again."""
        chosen = [form.get(f"ctl00$v{n}$ValuesListBox", []) for n in range(len(table.variables))]
        counts = [form.get(f"ctl00$v{n}$NumberValuesSelected") for n in range(len(table.variables))]
        is_whole = (
            form.get("__VIEWSTATE") == [self.state]
            and form.get("ctl00$ButtonViewTable") == ["Tiếp tục"]
            and form.get("ctl00$OutputFormats$OutputFormatDropDownList") == ["FileTypeJsonStat"]
            and not any("SelectAllButton" in name for name in form)
            and counts == [[str(len(values))] for values in chosen]
        )
        if not is_whole:
            return Reply(self._page(table).encode(), 200, HTML)
        codes = [code for code, _ in table.variables]
        newer = table.cube(dict(zip(codes, chosen, strict=True)), is_sparse=False, index_as=dict)
        dimension = {**newer.pop("dimension"), "id": newer.pop("id"), "size": newer.pop("size"), "role": {}}
        content = json.dumps({"dataset": {**newer, "dimension": dimension}}, ensure_ascii=False).encode()
        return Reply(content + b"\0", 200, "application/json")


@dataclass
class WorldBank(Double):
    """The World Bank's API: pages, errors with status 200, null without observations; `faults` by page."""

    indicators: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """Title and observations (date, value, obs_status) by identifier."""
    updated: str = "2026-10-01"
    heads_are_text: bool = False

    def answer(self, asked: Asked) -> Reply:
        indicator = asked.path.rpartition("/")[2]
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        if fault := self.fault(page):
            return fault
        if indicator not in self.indicators:
            message = {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
            return Reply([{"message": [message]}])
        title, observations = self.indicators[indicator]
        rows = [
            {
                "indicator": {"id": indicator, "value": title},
                "country": {"id": "VN", "value": "Viet Nam"},
                "countryiso3code": "VNM",
                "unit": "",
                "obs_status": "",
                "decimal": 0,
                **observation,
            }
            for observation in observations[(page - 1) * size : page * size]
        ]
        pages = -(-len(observations) // size)
        head = {"page": page, "pages": pages, "per_page": size, "total": len(observations), "lastupdated": self.updated}
        if self.heads_are_text:
            head = {name: str(value) for name, value in head.items()}
        return Reply([head, rows or None])


@dataclass
class Ckan(Double):
    """`datastore_search` with an undocumented largest page; `faults` by number of the question."""

    tables: dict[str, tuple[list[dict[str, str]], list[dict[str, Any]]]] = field(default_factory=dict)
    """Fields and records by resource."""
    most_rows: int = 32_000
    token: str | None = None
    questions: int = 0

    def answer(self, asked: Asked) -> Reply:
        self.questions += 1
        if fault := self.fault(self.questions):
            return fault
        if self.token and asked.headers.get("authorization") != self.token:
            return Reply({"success": False, "error": {"__type": "Authorization Error"}}, 403)
        resource = asked.query["resource_id"]
        if resource not in self.tables:
            return Reply({"success": False, "error": {"__type": "Not Found Error"}}, 404)
        fields, records = self.tables[resource]
        limit, offset = min(int(asked.query["limit"]), self.most_rows), int(asked.query["offset"])
        result = {
            "resource_id": resource,
            "fields": [{"id": "_id", "type": "int"}, *fields],
            "records": [{"_id": n, **row} for n, row in enumerate(records, 1)][offset : offset + limit],
            "limit": limit,
            "total": len(records),
        }
        return Reply({"help": "...", "success": True, "result": result})


@dataclass
class Itu(Double):
    """The DataHub: refuses who is no browser; answers by code, and downloads of CSV."""

    codes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    csv: bytes = b""

    def answer(self, asked: Asked) -> Reply:
        if not asked.headers.get("user-agent", "").startswith("Mozilla/5.0"):
            return Reply(b"<html>challenge</html>", 403, "text/html")
        if asked.path == "/v3/data/download":
            return Reply(self.csv, 200, "text/csv")
        code = asked.path.split("/")[4]
        return Reply(self.codes[code]) if code in self.codes else NOT_FOUND


@dataclass
class Sdmx(Double):
    """A folder of SDMX files, and a REST service: files by path."""

    files: dict[str, bytes] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        content = self.files.get(asked.path)
        return NOT_FOUND if content is None else Reply(content, 200, "application/xml")
