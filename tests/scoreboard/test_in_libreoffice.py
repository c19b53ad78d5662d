"""The workbook in LibreOffice, where one is installed: it opens, computes and keeps the letters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from board_world import BOOK_ONLY, release

SOFFICE = shutil.which("soffice")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice")]


def test_every_sheet_opens_with_its_figures_and_without_an_error(tmp_path: Path) -> None:
    release(tmp_path, with_pages=BOOK_ONLY)
    book, out = tmp_path / "current" / "scoreboard.xlsx", tmp_path / "out"
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    command = [
        str(SOFFICE),
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        every_sheet,
    ]
    done = subprocess.run(
        [*command, "--outdir", str(out), str(book.resolve())], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    sheets = {path.name: path.read_text(encoding="utf-8") for path in out.glob("*.csv")}
    assert len(sheets) > 1
    text = "\n".join(sheets.values())
    assert not [mark for mark in ("#NAME?", "#REF!", "#VALUE!", "Err:5") if mark in text]
    assert "Chỉ tiêu on_time" in text
    assert "81.82" in text or "81,82" in text
