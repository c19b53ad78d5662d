"""The tables of a release in the readers that people have: each in an environment of its own, installed by uv.

Slow, and needs the package index; where that cannot be reached the tests skip. docs/readers.md has what was seen.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import catalogue_world as world
import pytest

from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

UV = PROJECT_ROOT / ".venv" / "bin" / "uv"
CHROMIUM = Path("/usr/bin/chromium")
SOFFICE = shutil.which("soffice")
OFFLINE = ("Failed to fetch", "error sending request", "dns error", "ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT")
WANTED = [
    ["2026-01-01", None, "suppressed"],
    ["2026-07-01", None, "missing"],
    ["2026-09-01", 0.0, "observed"],
    ["2026-10-01", 81.82, "preliminary"],
]
"""What every reader must see: zero, missing and suppressed apart, days as days."""

SQL = "select cast(period_start as varchar), value, obs_status from {} order by period_start"
READERS = {
    "duckdb": f"""
import duckdb
answers = {{}}
with duckdb.connect(f"{{folder}}/marts.duckdb", read_only=True) as c:
    answers["marts.duckdb"] = c.execute("{SQL.format("indicator_values")}").fetchall()
    comment = "select comment from duckdb_tables() where table_name = 'indicator_values'"
    answers["titles"] = c.execute(comment).fetchone()
answers["parquet"] = duckdb.execute(f"{SQL.format("read_parquet('{folder}/indicator_values.parquet')")}").fetchall()
answers["csv"] = duckdb.execute(f"{SQL.format("read_csv_auto('{folder}/open/indicator_values.csv')")}").fetchall()
""",
    "polars": """
import polars as pl
shown = [pl.col("period_start").cast(pl.String), "value", "obs_status"]
answers = {
    "parquet": pl.read_parquet(f"{folder}/indicator_values.parquet").sort("period_start").select(shown).rows(),
    "csv": pl.read_csv(f"{folder}/open/indicator_values.csv").sort("period_start").select(shown).rows(),
}
""",
    "pandas": """
import pandas as pd
answers = {}
for name, frame in (("parquet", pd.read_parquet(f"{folder}/indicator_values.parquet")),
                    ("csv", pd.read_csv(f"{folder}/open/indicator_values.csv", encoding="utf-8-sig"))):
    rows = frame.sort_values("period_start")[["period_start", "value", "obs_status"]].astype(object)
    answers[name] = [[str(d)[:10], None if pd.isna(v) else v, s] for d, v, s in rows.itertuples(index=False)]
""",
    "pyarrow": """
import pyarrow.parquet as pq
table = pq.read_table(f"{folder}/indicator_values.parquet").sort_by("period_start")
columns = (table.column(name).to_pylist() for name in ("period_start", "value", "obs_status"))
answers = {"parquet": [[str(d), v, s] for d, v, s in zip(*columns)]}
""",
}
VERSIONS = [
    ("duckdb", ["duckdb==1.0.0"]),
    ("duckdb", ["duckdb==1.2.2"]),
    ("duckdb", ["duckdb==1.4.4"]),
    ("duckdb", ["duckdb==1.5.5"]),
    ("duckdb", ["duckdb==2.0.0"]),
    ("polars", ["polars==1.0.0"]),
    ("polars", ["polars==2.1.0"]),
    ("pandas", ["pandas==2.2.3", "pyarrow==17.0.0"]),
    ("pandas", ["pandas==3.1.1", "pyarrow==26.0.1"]),
    ("pyarrow", ["pyarrow==14.0.2", "numpy<2"]),
    ("pyarrow", ["pyarrow==26.0.1"]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.release(tmp_path_factory.mktemp("releases")).internal.path


def run(command: list[str], where: Path) -> str:
    """The output of a program; a package index that cannot be reached skips the test."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        pytest.skip(f"the package index cannot be reached: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("reader", "packages"), VERSIONS, ids=[packages[0] for _, packages in VERSIONS])
def test_a_reader_sees_the_figures(folder: Path, tmp_path: Path, reader: str, packages: list[str]) -> None:
    script = tmp_path / "read.py"
    show = "\nprint(json.dumps(answers, ensure_ascii=False))\n"
    script.write_text(f"import json\nfolder = {str(folder)!r}\n{READERS[reader]}{show}", encoding="utf-8")
    packed = [argument for package in packages for argument in ("--with", package)]
    python = ["--python", sys.executable]
    answers = json.loads(run([str(UV), "run", "--no-project", "--isolated", *python, *packed, str(script)], tmp_path))
    if titles := answers.pop("titles", None):
        assert titles[0].startswith("Giá trị của các chỉ số")
    assert answers == dict.fromkeys(answers, WANTED)


WASM = {"1.28.0": ("parquet", "csv"), "1.32.0": ("marts.duckdb", "csv")}
"""By version of DuckDB-WASM, what is tried. 1.32.0 fetches its reader of Parquet from extensions.duckdb.org, when it is
first needed; 1.28.0 is DuckDB 0.9, which has it built in and is older than the form of the database."""


@pytest.fixture(scope="module", params=WASM)
def wasm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """DuckDB-WASM with what it needs, from npm, and what it is asked to read."""
    where = tmp_path_factory.mktemp("wasm")
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    run(["npm", "install", "--no-audit", "--no-fund", f"@duckdb/duckdb-wasm@{request.param}"], where)
    return where, WASM[request.param]


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice")
def test_libreoffice_reads_the_csv(folder: Path, tmp_path: Path) -> None:
    """With commas, quotes and UTF-8 (76), which a person chooses in its dialog; without a window it asks nobody."""
    from openpyxl import load_workbook

    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    book = [str(SOFFICE), profile, "--headless", "--infilter=CSV:44,34,76,1", "--convert-to", "xlsx"]
    run([*book, "--outdir", str(tmp_path), str(folder / "open" / "indicator_values.csv")], tmp_path)
    heading, *rows = load_workbook(tmp_path / "indicator_values.xlsx").active.iter_rows(values_only=True)
    shown = [dict(zip(heading, row, strict=True)) for row in rows]
    seen = sorted([str(row["period_start"])[:10], row["value"], row["obs_status"]] for row in shown)
    assert seen == WANTED
    assert {row["area_name"] for row in shown} == {"tỉnh Hà Tĩnh"}
    assert heading[0] == "indicator", "the mark is no part of the first heading"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


IN_BROWSER = """
import * as duckdb from './duckdb-browser.mjs';
const worker = new Worker('./duckdb-browser-eh.worker.js');
const db = new duckdb.AsyncDuckDB(new duckdb.VoidLogger(), worker);
await db.instantiate('./duckdb-eh.wasm');
const connection = await db.connect();
const answers = {};
for (const [name, table] of TABLES) {
  const file = name === 'marts.duckdb' ? name : 'indicator_values.' + name;
  await db.registerFileBuffer(file, new Uint8Array(await (await fetch('./' + file)).arrayBuffer()));
  if (name === 'marts.duckdb') await connection.query("attach 'marts.duckdb' as m (read_only)");
  const found = await connection.query(`SQL`.replace('TABLE', table));
  answers[name] = found.toArray().map(row => Object.values(row.toJSON()));
}
window.answers = JSON.stringify(answers);
"""
TABLES = {
    "marts.duckdb": "m.indicator_values",
    "parquet": "'indicator_values.parquet'",
    "csv": "'indicator_values.csv'",
}


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}")
def test_duckdb_wasm_in_chromium_sees_the_figures(
    folder: Path, wasm: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    packages, kinds = wasm
    site = tmp_path / "site"
    shutil.copytree(packages / "node_modules" / "@duckdb" / "duckdb-wasm" / "dist", site)
    arrow = json.dumps({"imports": {"apache-arrow": "./arrow/Arrow.dom.mjs", "tslib": "./tslib/tslib.es6.mjs",
                                    "flatbuffers": "./flatbuffers/mjs/flatbuffers.js"}})  # fmt: skip
    for name in ("apache-arrow", "tslib", "flatbuffers"):
        shutil.copytree(packages / "node_modules" / name, site / name.removeprefix("apache-"))
    for name in ("marts.duckdb", "indicator_values.parquet", "open/indicator_values.csv"):
        shutil.copyfile(folder / name, site / Path(name).name)
    tables = json.dumps([[kind, TABLES[kind]] for kind in kinds])
    code = IN_BROWSER.replace("SQL", SQL.format("TABLE")).replace("TABLES", tables)
    (site / "index.html").write_text(
        f'<script type="importmap">{arrow}</script><script type="module">{code}</script>', encoding="utf-8"
    )
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(address) or complaints.append(request.url))
        page.goto(f"{address}/index.html")
        try:
            page.wait_for_function("window.answers !== undefined", timeout=60_000)
        except Exception:
            pytest.fail(f"no answer: {complaints}")
        answers = json.loads(page.evaluate("window.answers"))
        browser.close()
    assert answers == dict.fromkeys(kinds, WANTED)
    assert complaints == [], "nothing is fetched from elsewhere"
