"""The open edition at the province's real volume: 300,000 made-up dossiers through load, models, pattern and attack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import disclosure_attack as outsider
import pytest
from disclosure_world import LIMITS, published, truth_in

from pipelines.release.disclosure import policy_of, prepare
from pipelines.release.disclosure_edition import suppressed
from pipelines.release.disclosure_vault import Vault
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.marts import marts_of
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.slow
def test_the_real_volume_is_protected_with_few_suppressed_figures(
    fresh_world: Callable[[], World], tmp_path: Path
) -> None:
    world = fresh_world()
    seeds = PROJECT_ROOT / "dbt_project" / "seeds"
    report = write_dossiers(
        tmp_path / "files", seeds, rows=300_000, seed=42, first=date(2025, 1, 1), last=date(2026, 10, 10)
    )
    for path in report.paths:
        world.land(path.name, path.read_bytes())
    world.load()
    world.build()
    policy = policy_of(marts_of(world.dbt.manifest()))
    assert policy is not None
    assert dict(policy.thresholds.of_measure) == LIMITS

    digests = []
    for name in ("one", "two"):
        path = tmp_path / name / "open.duckdb"
        with world.warehouse.connect() as conn, Vault(path) as vault:
            edition = prepare(conn, policy, vault, NOW, is_synthetic=True)
            assert edition.blocked is None
            assert [quarter["is_thin"] for quarter in edition.quarters] == [False] * 6
            assert all(audit["too_narrow"] == 0 for audit in edition.audits)
            assert all(audit["hidden_pct"] <= 15 for audit in edition.audits)
            assert suppressed(edition)["dossiers_by_agency"] <= 20
            tables = published(vault.conn)
            vault.commit()
        digests.append(edition.digest)
    assert digests[0] == digests[1]
    assert outsider.attack(tables, truth_in(path), LIMITS) == []
