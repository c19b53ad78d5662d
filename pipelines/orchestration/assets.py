"""The assets: drop folder and pulls, load, models with their checks, release.

Each wraps one step of the walk and reports to Dagster what came of it: counts, durations, evidence. Nothing is decided
here. Lineage is real: a source's landed files, its raw table, the dbt graph, the release.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of assets as types.
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from pipelines import walk
from pipelines.landing.pull import pull, read_credentials
from pipelines.orchestration.held_run import HeldRun
from pipelines.platform import Platform, Project
from pipelines.quality.suites import Suite
from pipelines.quality.verdict import Verdict
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.marts import ancestors, marts_of, parents_first

DROP_FOLDER = dg.AssetKey(["landing", "drop_folder"])
RELEASE = dg.AssetKey(["release", "current"])


def landing_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", source])


def raw_key(source: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", source])


def partitions_of(source: Source) -> dg.TimeWindowPartitionsDefinition:
    """The partitions that a source declares; Dagster knows each by its first month, since its keys cannot say Q3."""
    return dg.TimeWindowPartitionsDefinition(
        start=partition_key(source, source.first_period),
        fmt="%Y-%m",
        cron_schedule={"month": "0 0 1 * *", "quarter": "0 0 1 1,4,7,10 *", "year": "0 0 1 1 *"}[source.cycle],
        timezone="Asia/Ho_Chi_Minh",
        end_offset=1,
    )


def partition_key(source: Source, partition: str) -> str:
    """Dagster's key of a source's partition."""
    return f"{source.period(partition).first:%Y-%m}"


def landing_asset(source: Source) -> dg.AssetsDefinition:
    """What was pulled of a source, by period. Only pulls are retried."""

    @dg.asset(
        key=landing_key(source.name),
        group_name="landing",
        partitions_def=partitions_of(source),
        retry_policy=dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL),
        description=f"{source.title_vi} – {source.title_en}. {source.publisher}. {source.licence}.",
        kinds={"file"},
    )
    def pulled(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult[None]:
        results = pull(
            platform.landing,
            source,
            source.partition_of(context.partition_time_window.start.date()),
            platform.settings.addresses.get(source.name),
            credentials=read_credentials(platform.settings.credentials, source.name),
            now=platform.now,
        )
        new = [receipt for receipt, is_new in results if is_new]
        return dg.MaterializeResult(
            metadata={"files": len(results), "new_files": len(new), "new_bytes": sum(r.bytes for r in new)}
        )

    return pulled


@dg.asset(key=DROP_FOLDER, group_name="landing", description="Files that people put into data/drop/<source>/.")
def drop_folder(
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
) -> dg.MaterializeResult[None]:
    with run.logging(context):
        report = walk.land(platform)
    for receipt in report.landed:
        context.log_event(
            dg.AssetMaterialization(
                landing_key(receipt.source),
                partition=partition_key(all_sources()[receipt.source], receipt.partition),
                metadata={"file": receipt.path, "bytes": receipt.bytes, "sha256": receipt.sha256},
            )
        )
    left = len(report.unsettled) + len(report.unknown) + len(report.failed)
    return dg.MaterializeResult(metadata={"landed": len(report.landed), "repeated": len(report.repeated), "left": left})


def raw_asset(source: Source) -> dg.AssetsDefinition:
    """The active files of a source, as typed rows."""

    @dg.asset(
        key=raw_key(source.name),
        deps=[landing_key(source.name), DROP_FOLDER],
        group_name="raw",
        description=f"Typed rows of {source.title_en.lower()}; what does not parse is in raw.quarantine.",
        kinds={"duckdb"},
    )
    def loaded(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> dg.MaterializeResult[None]:
        with run.logging(context):
            result = walk.load(platform, [source], run.connection())
        run.record(result)
        report = result.reports[source.name]
        return dg.MaterializeResult(
            metadata={
                "files": len(report.files),
                "files_removed": len(report.removed),
                "rows_in": report.rows_in,
                "rows_loaded": report.rows_loaded,
                "rows_quarantined": report.rows_quarantined,
            }
        )

    return loaded


def model_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """One spec per seed or model, from the manifest itself: dagster_dbt would import dbt, which costs a second.

    Those that are no marts may be left as they were. The platform's own tables are no assets: the loads stand for them.
    """
    raw = {raw_key(name) for name in all_sources()}
    marts = {dg.AssetKey(mart.relation.split(".")) for mart in marts_of(manifest)}
    specs = []
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] not in ("model", "seed"):
            continue
        parents = {_key_of(manifest, parent) for parent in manifest["parent_map"][unique_id]}
        deps = {key for key in parents if key.path[0] not in ("raw", "meta") or key in raw}
        if dg.AssetKey(["raw", "files"]) in parents:
            deps |= raw
        key = _key_of(manifest, unique_id)
        specs.append(
            dg.AssetSpec(
                key,
                deps=sorted(deps),
                skippable=key not in marts,
                description=node["description"],
                group_name=node["schema"],
                code_version=node["checksum"]["checksum"],
                kinds={"dbt", "duckdb"},
            )
        )
    return specs


DBT_TESTS, EXPECTATIONS = "dbt_tests", "expectations"
"""One check of each kind an asset: Dagster pays for every check it books, and the evidence has them one by one."""


def check_specs(manifest: Mapping[str, Any], suites: Mapping[str, Suite]) -> list[dg.AssetCheckSpec]:
    """What judges an asset that a mart rests on: the dbt tests attached to it, and its suite of expectations."""
    nodes = manifest["nodes"]
    models = {node["name"]: unique_id for unique_id, node in nodes.items() if node["resource_type"] == "model"}
    published = [models[mart.name] for mart in marts_of(manifest)]
    lineage = ancestors(manifest["parent_map"], published)
    tested = {node.get("attached_node") for node in nodes.values() if node["resource_type"] == "test"}
    return [
        *(
            dg.AssetCheckSpec(
                DBT_TESTS,
                asset=_key_of(manifest, node),
                description="Every dbt test that is attached to it; the release's evidence has them one by one.",
            )
            for node in sorted(tested & lineage & nodes.keys())
        ),
        *(
            dg.AssetCheckSpec(
                EXPECTATIONS,
                asset=_key_of(manifest, models[table]),
                description=f"expectations/{table}.yml; what blocks there holds the target back from the release.",
            )
            for table in sorted(suites)
        ),
    ]


def model_assets(project: Project) -> dg.AssetsDefinition:
    """Seeds and models in one step, with the checks that judge them.

    One step, because checks that fail must neither stop the models of other targets nor the release of what passed;
    the release reads the verdicts.
    """

    @dg.multi_asset(
        name="models",
        specs=model_specs(project.manifest),
        check_specs=check_specs(project.manifest, project.suites),
    )
    def models(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        run.close()
        with run.logging(context):
            built = walk.build(platform)
            judged = walk.judge(platform, built, context.run.run_id)
        yield from _materialized(project, built.changed, judged.rows)
        yield from _checked(project, judged.verdicts)

    return models


def release_asset(project: Project) -> dg.AssetsDefinition:
    """The release: it comes after every mart, and so after the checks, which are made in the marts' own step."""

    @dg.asset(
        key=RELEASE,
        deps=[dg.AssetKey(mart.relation.split(".")) for mart in project.marts],
        group_name="release",
        description="The release that readers get: data/marts/current.",
    )
    def release(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> dg.MaterializeResult[None]:
        with run.logging(context):
            outcome = walk.release(platform, run.info)
        run.record(outcome)
        return dg.MaterializeResult(
            metadata={
                "status": outcome.status,
                "release": outcome.release_id or "",
                "files": len(outcome.files),
                "held_back": [held.target for held in outcome.held_back],
                "undrawn": outcome.undrawn,
            }
        )

    return release


def _key_of(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    """Assets are keyed by schema and name; a source of dbt is the raw table of the feed that it names."""
    if unique_id in manifest["nodes"]:
        node = manifest["nodes"][unique_id]
        return dg.AssetKey([node["schema"], node["name"]])
    source = manifest["sources"][unique_id]
    feed = source["config"]["meta"].get("feed")
    return raw_key(feed) if feed else dg.AssetKey([source["schema"], source["name"]])


def _materialized(
    project: Project, built: Mapping[str, NodeResult], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult[None]]:
    """What was built, with its outcome; the gate, not Dagster, keeps what failed from readers.

    A mart that is unchanged is materialized too: the release waits for every mart.
    """
    manifest, published = project.manifest, {mart.name for mart in project.marts}
    for unique_id in parents_first(manifest["parent_map"], manifest["nodes"]):  # as Dagster wants them
        node, result = manifest["nodes"][unique_id], built.get(unique_id)
        if node["resource_type"] in ("model", "seed") and (result or node["name"] in published):
            key = _key_of(manifest, unique_id)
            metadata: dict[str, Any] = {"status": result.status if result else "unchanged"}
            if result:
                metadata["seconds"] = round(result.seconds, 3)
            if (count := rows.get(".".join(key.path))) is not None:
                metadata["dagster/row_count"] = count
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)


def _checked(project: Project, verdicts: Mapping[str, Verdict]) -> Iterator[dg.AssetCheckResult]:
    """The evidence of the gate, on the assets that it is about."""
    expected = {expectation.id for suite in project.suites.values() for expectation in suite.expectations}
    evidence = {(item.table, item.check): item for verdict in verdicts.values() for item in verdict.evidence}
    for spec in check_specs(project.manifest, project.suites):
        items = [
            item
            for (table, check), item in evidence.items()
            if table == spec.asset_key.path[-1]
            and item.kind in ("dbt_test", "expectation", "missing")
            and (check in expected) == (spec.name == EXPECTATIONS)
        ]
        broken = [item for item in items if not item.passed]
        yield dg.AssetCheckResult(
            passed=bool(items) and not broken,
            check_name=spec.name,
            asset_key=spec.asset_key,
            severity=_severity(not items or any(item.severity == "block" for item in broken)),
            metadata={
                "checks": len(items),
                "failed": {item.check: f"{item.observed or ''} {item.detail}".strip() for item in broken},
            },
        )


def _severity(blocks: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN
