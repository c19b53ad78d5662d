"""`hatinh doctor` names the files that the last load refused."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

from pipelines.doctor import _refused
from pipelines.sources import all_sources

if TYPE_CHECKING:
    from conftest import World


def test_a_refused_file_is_a_finding_with_its_reason(world: World) -> None:
    settings = SimpleNamespace(warehouse=world.warehouse.path)
    assert list(_refused(settings)) == []  # type: ignore[arg-type]  there is no warehouse yet
    world.land("hoso-2026-03-31.ndjson", b"%PDF-1.7", all_sources()["dossiers"])
    world.load()
    (finding,) = _refused(settings)  # type: ignore[arg-type]
    assert (finding.key, finding.good) == ("file of dossiers", False)
    assert "hoso-2026-03-31.ndjson was refused: it is a PDF" in finding.how
    with world.warehouse.hold("a run", datetime(2026, 12, 1, tzinfo=UTC)):
        assert list(_refused(settings)) == [], "a warehouse that a run holds is not opened"  # type: ignore[arg-type]
