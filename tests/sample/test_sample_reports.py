"""The shipped sample workbooks are those that their writer writes, with the intended content."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from pipelines.landing.receipts import RECEIPT_SUFFIX
from pipelines.reporting.check import Sent, check_all
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.reported_indicators import SOURCE
from samples.reports import REPORTS, write_reports

SHIPPED = PROJECT_ROOT / "data" / "raw" / SOURCE.name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_reports(tmp_path_factory.mktemp("samples"), PROJECT_ROOT / "dbt_project" / "seeds")


def test_the_shipped_workbooks_are_those_of_the_writer(made: list[Path]) -> None:
    """Members are compared, since compressors differ; forms that changed since then need new samples."""
    receipts = [json.loads(path.read_text(encoding="utf-8")) for path in SHIPPED.glob(f"*/sample-*{RECEIPT_SUFFIX}")]
    shipped = {receipt["name"]: SHIPPED.parent / receipt["path"] for receipt in receipts}
    assert set(shipped) == {path.name for path in made}
    for path in made:
        with zipfile.ZipFile(path) as mine, zipfile.ZipFile(shipped[path.name]) as theirs:
            assert [(m.filename, m.CRC) for m in mine.infolist()] == [(m.filename, m.CRC) for m in theirs.infolist()]


def test_they_show_what_reports_look_like(made: list[Path]) -> None:
    checks = check_all(
        [Sent(path.read_bytes(), path.name, report.sent_on) for path, report in zip(made, REPORTS, strict=True)]
    )
    refused = [finding.reason for checked in checks for finding in checked.findings]
    assert refused == ["fraction_for_percent"]
    assert all(checked.answered for checked in checks)
    assert any(checked.blank for checked in checks)
