"""Stand-ins for the interfaces of statistics: they speak the formats with their quirks, and fail as servers do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any
from urllib.parse import unquote

from doubles.interfaces import Asked, Double, Reply

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
            told = {value: labels[code][value] for value in chosen[code]}
            dimension[code] = {"label": code, "category": {"index": index, "label": told}}
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
    """`datastore_search` with a largest page that it does not tell of; `faults` by number of the question."""

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
