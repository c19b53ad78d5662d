"""The assets: drop folder and pulls, load, models with their checks, release.

Each wraps one step of the walk and reports to Dagster what came of it: counts, durations, evidence. Nothing is decided
here. Lineage is real: a source's landed files, its raw table, the dbt graph, the release.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of assets as types.
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import walk
from pipelines.landing.deliveries import expected_days
from pipelines.landing.pull import pull, read_credentials
from pipelines.orchestration.checks import (
    files_check_spec,
    files_result,
    model_check_specs,
    model_results,
    publications_check_spec,
    publications_result,
    release_check_specs,
    release_results,
)
from pipelines.orchestration.held_run import HeldRun
from pipelines.orchestration.keys import (
    DROP_FOLDER,
    RELEASE,
    code_reference,
    landing_key,
    mart_key,
    node_key,
    partitions_of,
    plain,
    raw_key,
    release_links,
)
from pipelines.orchestration.receipts import report_receipts
from pipelines.platform import Platform, Project
from pipelines.settings import Settings
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.marts import parents_first

RELEASE_MAX_AGE = timedelta(hours=36)
"""A release is confirmed or replaced by every run, and there is one each day."""


def landing_asset(source: Source, settings: Settings) -> dg.AssetsDefinition:
    """What was received of a source, by period. Only pulls are retried."""
    days = expected_days(source, settings.deliveries)

    @dg.asset(
        key=landing_key(source.name),
        group_name="landing",
        partitions_def=partitions_of(source),
        retry_policy=dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL),
        description=plain(f"{source.title_vi} – {source.title_en}. {source.publisher}. {source.licence}."),
        kinds={"file"},
        owners=[settings.owner],
        tags={"cadence": source.cadence.split(",")[0].replace(" ", "_"), "cycle": source.cycle},
        metadata=code_reference(_file_of(source)),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days)) if days else None,
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


def _file_of(source: Source) -> Path:
    return Path(__file__).parent.parent / "sources" / f"{source.name}.py"


def drop_folder_asset(settings: Settings) -> dg.AssetsDefinition:
    """What people put into the drop folder; the partitions of all sources follow the receipts of the landing."""

    @dg.asset(
        key=DROP_FOLDER,
        group_name="landing",
        description="Files that people put into data/drop/SOURCE/. What cannot be taken stays there, with its reason.",
        kinds={"file"},
        owners=[settings.owner],
        metadata=code_reference(Path(__file__).parent.parent / "landing" / "drop.py"),
        check_specs=[dg.AssetCheckSpec("left", asset=DROP_FOLDER, description="No file is left in the drop folder.")],
    )
    def drop_folder(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads it, and knows the bare class only
        with run.logging(context):
            report = walk.land(platform)
        run.record(report)
        report_receipts(context, platform.landing, report.landed)
        left = [f"{item.path} {item.reason}" for item in (*report.unsettled, *report.unknown, *report.failed)]
        return dg.MaterializeResult(
            metadata={"landed": len(report.landed), "repeated": len(report.repeated), "left": len(left)},
            check_results=[
                dg.AssetCheckResult(
                    passed=not left,
                    check_name="left",
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"files": left} if left else {},
                )
            ],
        )

    return drop_folder


def raw_asset(source: Source, settings: Settings) -> dg.AssetsDefinition:
    """The active files of a source, as typed rows."""

    @dg.asset(
        key=raw_key(source.name),
        deps=[landing_key(source.name), DROP_FOLDER],
        group_name="raw",
        description=plain(f"Typed rows of {source.title_en.lower()}; what does not parse is in raw.quarantine."),
        kinds={"duckdb"},
        owners=[settings.owner],
        metadata=code_reference(_file_of(source)),
        check_specs=[files_check_spec(source)],
    )
    def loaded(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads it, and knows the bare class only
        with run.logging(context):
            result = walk.load(platform, [source], run.connection())
        run.record(result)
        report = result.reports[source.name]
        late = next(iter(walk.expected_deliveries(platform, source.name)), None)
        limit = platform.settings.max_quarantined_pct
        return dg.MaterializeResult(
            metadata={
                "files": len(report.files),
                "files_removed": len(report.removed),
                "rows_in": report.rows_in,
                "rows_loaded": report.rows_loaded,
                "rows_quarantined": report.rows_quarantined,
            },
            check_results=[files_result(source, result.totals[source.name], late, limit)],
        )

    return loaded


def model_specs(project: Project, settings: Settings) -> list[dg.AssetSpec]:
    """One spec per seed or model, from the manifest itself: dagster_dbt would import dbt, which costs a second.

    Those that are no marts may be left as they were. The platform's own tables are no assets: the loads stand for them.
    """
    manifest = project.manifest
    raw = {raw_key(name) for name in all_sources()}
    targets = {mart_key(mart): mart.target for mart in project.marts}
    specs = []
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] not in ("model", "seed"):
            continue
        parents = {node_key(manifest, parent) for parent in manifest["parent_map"][unique_id]}
        deps = {key for key in parents if key.path[0] not in ("raw", "meta") or key in raw}
        if dg.AssetKey(["raw", "files"]) in parents:
            deps |= raw
        key = node_key(manifest, unique_id)
        specs.append(
            dg.AssetSpec(
                key,
                deps=sorted(deps),
                skippable=key not in targets,
                description=plain(node["description"]),
                group_name=node["schema"],
                code_version=node["checksum"]["checksum"],
                kinds={"dbt", "duckdb"} if node["resource_type"] == "model" else {"dbt", "csv"},
                owners=[settings.owner],
                tags={"target": targets[key]} if key in targets else {},
                metadata=code_reference(settings.dbt_project / node["original_file_path"]),
            )
        )
    return specs


def model_assets(project: Project, settings: Settings) -> dg.AssetsDefinition:
    """Seeds and models in one step, with the checks that judge them; any of them can be selected.

    One step, because checks that fail must neither stop the models of other targets nor the release of what passed;
    the release reads the verdicts.
    """

    @dg.multi_asset(
        name="models",
        specs=model_specs(project, settings),
        check_specs=model_check_specs(project),
        can_subset=True,
    )
    def models(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        run.close()
        selected = context.selected_asset_keys
        names = [key.path[-1] for key in selected] if context.is_subset else []
        with run.logging(context):
            built = walk.build(platform, names)
            judged = walk.judge(platform, built, context.run.run_id)
        for result in _materialized(project, built.changed, judged.rows):
            if result.asset_key in selected:
                yield result
        yield from model_results(project, judged.verdicts, context.selected_asset_check_keys)

    return models


def release_asset(project: Project, settings: Settings) -> dg.AssetsDefinition:
    """The release: it comes after every mart, and so after the checks, which are made in the marts' own step."""

    @dg.asset(
        key=RELEASE,
        deps=[mart_key(mart) for mart in project.marts],
        group_name="release",
        description="The release that readers get: data/marts/current.",
        kinds={"parquet", "duckdb"},
        owners=[settings.owner],
        metadata=code_reference(Path(__file__).parent.parent / "release" / "publish.py"),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=RELEASE_MAX_AGE),
        check_specs=[*release_check_specs(project), publications_check_spec()],
    )
    def release(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[HeldRun]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads it, and knows the bare class only
        run.close()
        with run.logging(context):
            outcome = walk.release(platform, run.info)
            run.record(outcome)
            place = walk.publish(platform)
        run.record(place)
        return dg.MaterializeResult(
            metadata={
                "status": outcome.status,
                "files": len(outcome.files),
                "held_back": [held.target for held in outcome.held_back],
                "undrawn": outcome.undrawn,
                **({"place": f"{place.place}: {place.status} {place.error or ''}".rstrip()} if place else {}),
                **release_links(settings, outcome.release_id),
            },
            check_results=[
                *release_results(project, walk.recorded_verdicts(platform), outcome),
                publications_result(walk.overdue_publications(platform)),
            ],
        )

    return release


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
            key = node_key(manifest, unique_id)
            metadata: dict[str, Any] = {"status": result.status if result else "unchanged"}
            if result:
                metadata["seconds"] = round(result.seconds, 3)
            if (count := rows.get(".".join(key.path))) is not None:
                metadata["dagster/row_count"] = count
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
