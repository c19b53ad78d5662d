"""The unit tests beside the models hold: every branch of the on-time rule, channels, versions, agencies."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from pipelines.transform.dbt import DbtFailed

if TYPE_CHECKING:
    from conftest import World


def test_dbt_unit_tests_pass(world: World) -> None:
    world.load()
    world.build()  # dbt reads the types of the upstream tables; rows it does not need
    with suppress(DbtFailed):
        world.dbt.unit_test()
    # dbt's own record shows expected beside found rows; they are made up, unlike those that results must not quote
    record = json.loads(world.dbt.manifest_path.with_name("run_results.json").read_text(encoding="utf-8"))
    outcomes = {
        r["unique_id"]: r["message"] or r["status"] for r in record["results"] if r["unique_id"].startswith("unit")
    }
    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "pass"}
    assert not failed, "\n".join(f"{name}\n{outcome}" for name, outcome in failed.items())
    assert set(outcomes) == set(json.loads(world.dbt.manifest_path.read_bytes())["unit_tests"])
    assert {name.split(".")[2] for name in outcomes} >= {"stg_dossiers", "int_dossiers", "dossier_timeliness"}
