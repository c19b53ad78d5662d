"""Text of others is printed as it is: a name in square brackets is no markup of the terminal."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines.cli.common import app
from pipelines.cli.progress import RunProgress
from pipelines.settings import load_settings
from pipelines.sources import all_sources
from pipelines.sources.province import Province
from pipelines.walk import Progress
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import load

WRONG = "Mã trạm;Kinh độ;Vĩ độ\nT1;[/x];18.34\n".encode()


@pytest.mark.parametrize("name", ["tram [moi].csv", "[/x]", "[red]a[/red]", "a[/]b", "\\[x]"])
def test_the_name_of_a_file_is_no_markup(name: str) -> None:
    text = io.StringIO()
    with RunProgress(Console(file=text, width=200, force_terminal=False)) as progress:
        progress(Progress("land", f"landed {name}"))
    assert f"landed {name}" in text.getvalue()


def test_a_rejected_row_is_listed_whatever_its_file_field_and_shape_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATINH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    warehouse = load_settings().warehouse
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    name = "tram [moi].csv"
    receipt = SimpleNamespace(
        name=name, path=name, partition="2026-Q3", sha256=hashlib.sha256(WRONG).hexdigest(), bytes=len(WRONG),
        extracted_on=date(2026, 9, 30), landed_at=datetime(2026, 10, 1, tzinfo=UTC), synthetic=False,
    )  # fmt: skip
    source = all_sources(Province.of(load_settings()))["bts_inventory"]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(SCHEMA)
        load(connection, source, [receipt], lambda _: io.BytesIO(WRONG), key=bytes(32), max_record_bytes=1 << 20)
        connection.execute("update raw.quarantine set field = 'lon[x]', shape = '[/a]'")
    said = CliRunner().invoke(app, ["quarantine", "bts_inventory"])
    assert said.exit_code == 0, said.exception
    assert all(text in said.output for text in ("[moi]", "lon[x]", "[/a]"))
