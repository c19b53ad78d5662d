"""From the template to the mart: written, filled, checked, landed, loaded, built, and back to who must fix it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from workbooks import DAY, judged, typed, written

from pipelines.reporting.forms import Form
from pipelines.reporting.marked import LIST
from pipelines.reporting.overview import each_report, summary, write_returned
from pipelines.reporting.registry import Registry, ReportingError, parse_period
from pipelines.sources.reported_indicators import SOURCE

if TYPE_CHECKING:
    from conftest import World


@pytest.mark.slow
def test_a_filled_template_becomes_figures_and_a_wrong_cell_goes_back(
    fresh_world: Callable[[], World], asked: Callable[..., Form], registry: Registry, tmp_path: Path
) -> None:
    world = fresh_world()
    name = "bieu-bao-cao_online_administration_2026-Q3_{}_{}.xlsx"
    office = typed(written(asked()), {(1, "value"): 93.5, (1, "note"): "không kể hồ sơ mật", (2, "value"): 0.97})
    ward = typed(written(asked(agency="H27.101")), {(1, "value"): 61, (1, "status"): "Ước thực hiện"})
    (checked,) = judged(office)
    assert (checked.answered, checked.blank, len(checked.findings)) == (1, 1, 1)
    world.land(name.format("H27.1", "2026-10-12"), office, SOURCE)
    world.land(name.format("H27.101", "2026-10-16"), ward, SOURCE)
    world.land(name.format("H27.1", "2026-10-20"), typed(written(asked()), {(1, "value"): 94}), SOURCE)
    world.load()
    # the load and the desk say the same
    quarantined = world.rows("select row_no, reason, field from raw.quarantine")
    assert quarantined == [(finding.row_no, finding.reason, finding.field) for finding in checked.findings]
    world.build()
    figures = (
        "select agency_code, area_code, value, obs_status, report_status, reported_on::varchar, note "
        "from marts.reported_indicators where indicator = 'work_files_online_pct' and report_status <> 'missing' "
        "order by agency_code"
    )
    assert world.rows(figures) == [
        ("H27.1", "42", 94.0, "observed", "received", "2026-10-20", None),  # a correction of one in time
        ("H27.101", "18073", 61.0, "estimated", "late", "2026-10-16", None),
    ]
    missing = "select count(*) from marts.reported_indicators where report_status = 'missing'"
    assert world.rows(missing) == [(68,)], (
        "the other communes owe this figure; of the other indicators nobody reported yet"
    )

    # what people see of it
    with world.warehouse.connect() as connection:
        connection.execute(f"copy marts.reported_indicators to '{tmp_path / 'reported_indicators.parquet'}'")
    _, lines = summary(tmp_path, parse_period("2026-Q3"), None)
    assert [line[:6] for line in lines] == [("work_files_online_pct", "2026-Q3", "15 Oct 2026", "1", "1", "68")]
    _, lines = each_report(tmp_path, None, "H27.101")
    assert [line[3:] for line in lines] == [("UBND phường Thành Sen (18073)", "61 %", "late 16 Oct 2026")]
    assert summary(tmp_path, parse_period("2026-Q2"), None)[1] == []
    with pytest.raises(ReportingError, match="has no reported figures"):
        summary(tmp_path / "elsewhere", None, None)

    # and what goes back
    ((copy, wrong),) = write_returned(world.landing, tmp_path / "returned", registry.indicators, DAY)
    assert wrong == 1
    assert copy.name.startswith("bieu-bao-cao_online_administration_2026-Q3_H27.1_2026-10-12.")
    assert load_workbook(io.BytesIO(copy.read_bytes()))[LIST].max_row == 2
