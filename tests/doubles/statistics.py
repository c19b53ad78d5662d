"""Stand-ins for the interfaces of statistics: they speak the formats with their quirks, and fail as servers do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
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
        if not table:
            return NOT_FOUND
        if asked.method == "GET":
            return self.reply(table.metadata())
        self.questions += 1
        if fault := self.fault(self.questions):
            return fault
        query = json.loads(asked.body)
        if query["response"] != {"format": "json-stat2"}:
            return Reply({"error": "Format is not supported"}, 400)
        chosen = {part["code"]: part["selection"]["values"] for part in query["query"]}
        cube = table.cube(chosen, is_sparse=self.is_sparse, index_as=self.index_as)
        if len(cube["dimension"]) and self._cells(cube) > self.max_cells:
            return Reply({"error": "Too many cells"}, 403)
        return self.reply(cube)

    @staticmethod
    def _cells(cube: Mapping[str, Any]) -> int:
        count = 1
        for size in cube["size"]:
            count *= size
        return count

    @staticmethod
    def reply(content: Any) -> Reply:
        return Reply(b"\xef\xbb\xbf" + json.dumps(content, ensure_ascii=False).encode() + b"\0")
