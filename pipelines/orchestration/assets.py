"""The assets of the walk, in its order: drop folder and pulls, load, models with their checks, release.

Each calls one room and tells Dagster what came of it: counts, durations, evidence. Lineage is real: a source's landed
files, its raw table, the dbt graph, the release.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of assets as types.
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from pipelines.landing.drop import intake
from pipelines.landing.pull import failed_pulls, pull, read_credentials
from pipelines.orchestration.platform import Platform, Run
from pipelines.quality.gate import judge
from pipelines.quality.gx import validate
from pipelines.quality.record import read_verdicts, write_verdicts
from pipelines.quality.registries import faults
from pipelines.quality.suites import Suite, read_suites
from pipelines.quality.verdict import Verdict
from pipelines.release.files import ReleaseError
from pipelines.release.publish import publish
from pipelines.release.released import Release
from pipelines.scoreboard.pages import pages, place_of
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.marts import Mart, ancestors, marts_of, parents_first
from pipelines.warehouse.connection import get_state, set_state
from pipelines.warehouse.load import (
    FileLoad,
    cut_off_files,
    fates,
    load,
    quarantine_counts,
    refused_files,
    standing,
    stored_file,
    unread_columns,
)
from pipelines.warehouse.pseudonyms import read_key

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
    context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[Run]
) -> dg.MaterializeResult[None]:
    report = intake(
        platform.landing,
        platform.settings.drop,
        all_sources(),
        settle_seconds=platform.settings.drop_settle_seconds,
        now=platform.now,
        sleep=platform.sleep,
    )
    for receipt in report.landed:
        context.log_event(
            dg.AssetMaterialization(
                landing_key(receipt.source),
                partition=partition_key(all_sources()[receipt.source], receipt.partition),
                metadata={"file": receipt.path, "bytes": receipt.bytes, "sha256": receipt.sha256},
            )
        )
        _tell(context, platform, f"landed {receipt.source}/{receipt.partition}: {receipt.name}")
    for left in (*report.unsettled, *report.unknown, *report.failed):
        _tell(context, platform, f"left in the drop folder: {left.path} {left.reason}")
    return dg.MaterializeResult(
        metadata={
            "landed": len(report.landed),
            "repeated": len(report.repeated),
            "left": len(report.unsettled) + len(report.unknown) + len(report.failed),
        }
    )


def raw_asset(source: Source) -> dg.AssetsDefinition:
    """The files of a source in force, as typed rows."""

    @dg.asset(
        key=raw_key(source.name),
        deps=[landing_key(source.name), DROP_FOLDER],
        group_name="raw",
        description=f"Typed rows of {source.title_en.lower()}; what does not parse is in raw.quarantine.",
        kinds={"duckdb"},
    )
    def loaded(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[Run]
    ) -> dg.MaterializeResult[None]:
        def progress(file: FileLoad) -> None:
            fate = file.refusal or f"{file.rows_loaded:,} loaded + {file.rows_quarantined:,} in quarantine"
            if file.rows_elsewhere:
                fate += f", beside {file.rows_elsewhere:,} of other places"
            if file.unexpected_fields:
                fate += f"; columns not read: {', '.join(file.unexpected_fields)}"
            _tell(context, platform, f"{source.name}/{file.partition} {file.name}: {file.rows_in:,} rows = {fate}")

        run.keep_open(platform.warehouse)
        with platform.warehouse.connect() as connection:
            report = load(
                connection,
                source,
                platform.landing.in_force(source.name),
                stored_file(platform.settings.raw),
                key=read_key(platform.settings.pseudonym_key),
                max_record_bytes=platform.settings.max_record_mb << 20,
                progress=progress,
            )
            run.loads[source.name] = standing(connection, source.name)
        if report.reread:
            because = "a rule, a setting or a registry that judges their rows has changed"
            _tell(context, platform, f"{source.name}: {report.reread} files were read anew: {because}")
        failed = failed_pulls(platform.settings.raw, source.name)
        for partition, note in failed.items():
            _tell(context, platform, f"{source.name}/{partition}: not fetched, what landed before is used: {note}")
        run.loads[source.name]["not_fetched"] = [f"{partition}: {note}" for partition, note in failed.items()]
        counts = {
            "files": len(report.files),
            "files_removed": len(report.removed),
            "rows_in": report.rows_in,
            "rows_loaded": report.rows_loaded,
            "rows_quarantined": report.rows_quarantined,
        }
        return dg.MaterializeResult(metadata=counts)

    return loaded


class _ByRoom(DagsterDbtTranslator):
    """Assets are keyed by schema and name and grouped by schema: the rooms of the dbt project."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            # raw.files is written by the same loads as the raw tables
            feed = dbt_resource_props["config"]["meta"].get("feed")
            return raw_key(feed) if feed else dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["schema"])


def model_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """One spec a seed or model; those that are no marts may be left as they were.

    Books that the platform keeps for itself are no assets; the loads stand for them.
    """
    raw = [raw_key(name) for name in all_sources()]
    marts = {dg.AssetKey(mart.relation.split(".")) for mart in marts_of(manifest)}
    specs = []
    for spec in build_dbt_asset_specs(manifest=manifest, dagster_dbt_translator=_ByRoom()):
        deps = {dep.asset_key for dep in spec.deps}
        books = {key for key in deps if key.path[0] in ("raw", "meta") and key not in raw}
        if dg.AssetKey(["raw", "files"]) in books:
            deps |= set(raw)
        specs.append(spec.replace_attributes(deps=sorted(deps - books), skippable=spec.key not in marts))
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


def model_assets(manifest: Mapping[str, Any], suites: Mapping[str, Suite]) -> dg.AssetsDefinition:
    """Seeds and models in one step, with the checks that judge them.

    One step, because checks that fail must neither stop the models of other targets nor the release of what passed;
    the release reads the verdicts.
    """
    marts = marts_of(manifest)

    @dg.multi_asset(
        name="models",
        specs=model_specs(manifest),
        check_specs=check_specs(manifest, suites),
    )
    def models(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[Run]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        run.let_go()
        state = _state_of(platform, suites)
        with platform.warehouse.connect() as connection:
            fingerprint = platform.dbt.fingerprint()
            because = get_state(connection, "rebuild_because")
            if get_state(connection, "fingerprint") != fingerprint:
                because = because or "models, macros, seeds or settings changed"
            if not because and get_state(connection, "checked") == _loaded(connection, state):
                # the evidence of the last run stands: same rows, same models, same expectations, same limits
                _tell(context, platform, "nothing changed since the last check")
                set_state(connection, "built_by", context.run.run_id)
                yield from _materialized(manifest, marts, {}, _row_counts(connection))
                yield from _checked(manifest, read_verdicts(connection), suites)
                return
            set_state(connection, "built_by", "")  # evidence of the build before is no evidence of this one
            set_state(connection, "checked", "")
        if because:
            _tell(context, platform, f"every model is built from the ground: {because}")

        def told(result: NodeResult) -> None:
            if result.status not in ("success", "pass"):
                _tell(context, platform, f"{result.resource_type} {result.name}: {result.status} {result.message}")

        built = platform.dbt.build(full_refresh=bool(because), on_result=told)
        anew = [result for result in built if result.status != "unchanged"]
        _tell(context, platform, f"built {len(anew)} of {len(built)} seeds, views and tables; the others stand")
        tested = platform.dbt.test(told)
        last = platform.releases.current()
        found = validate(
            platform.settings.warehouse,
            suites,
            {mart.name: mart.relation for mart in marts},
            last_release=last.path / "marts.duckdb" if last else None,
            comparable=_comparable_tables(platform, marts, last),
            memory_limit=platform.settings.memory_limit,
            threads=platform.settings.threads,
        )
        with platform.warehouse.connect() as connection:
            # a source without files has been loaded too: nothing of it is in quarantine
            quarantined = {**dict.fromkeys(all_sources(), (0, 0)), **quarantine_counts(connection)}
            verdicts = judge(
                marts,
                manifest,
                [*built, *tested],
                found,
                suites,
                quarantined=quarantined,
                max_quarantined_pct=platform.settings.max_quarantined_pct,
                cut_off=cut_off_files(connection),
                refused=refused_files(connection),
                # elsewhere a new field is drift, which the load tells once
                unread={s: files for s, files in unread_columns(connection).items() if all_sources()[s].has_forms},
                stand_alone={source.name for source in all_sources().values() if source.rows_stand_alone},
                emptied={
                    source
                    for source, (rows_in, _) in quarantined.items()
                    if not rows_in and _took_over(platform, source)
                },
                faults=faults(platform.settings.seeds, platform.settings.methods, platform.settings.province_code),
            )
            write_verdicts(connection, verdicts)
            set_state(connection, "built_by", context.run.run_id)
            if all(result.status in ("success", "unchanged") for result in built):
                set_state(connection, "fingerprint", fingerprint)
                connection.execute("delete from meta.state where key = 'rebuild_because'")
                if all(verdict.passed for verdict in verdicts.values()):
                    # what failed is tried again: a check may have failed for want of memory
                    set_state(connection, "checked", _loaded(connection, state))
            rows = _row_counts(connection)
        for verdict in verdicts.values():
            fate = "passed" if verdict.passed else f"held back: {verdict.blocking[0].check}"
            if verdict.passed and verdict.warnings:
                fate += f", warned by {', '.join(sorted({warning.check for warning in verdict.warnings}))}"
            _tell(context, platform, f"gate: {verdict.target} {fate}")
        yield from _materialized(manifest, marts, {result.unique_id: result for result in anew}, rows)
        yield from _checked(manifest, verdicts, suites)

    return models


def release_asset(marts: Sequence[Mart]) -> dg.AssetsDefinition:
    """The release: it comes after every mart, and so after the checks, which are made in the marts' own step."""

    @dg.asset(
        key=RELEASE,
        deps=[dg.AssetKey(mart.relation.split(".")) for mart in marts],
        group_name="release",
        description="The release that readers get: data/marts/current.",
    )
    def release(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform], run: dg.ResourceParam[Run]
    ) -> dg.MaterializeResult[None]:
        with platform.warehouse.connect() as connection:
            if not get_state(connection, "built_by"):
                raise dg.Failure(
                    "The models in the warehouse were not checked to the end. Run the whole job: `hatinh run`."
                )
            outcome = publish(
                connection,
                platform.settings.marts,
                marts,
                read_verdicts(connection),
                list(_receipts(platform, connection)),
                run.info,
                platform.now(),
                title=f"Số liệu chuyển đổi số tỉnh {platform.settings.province_name}",
                pages=pages(place_of(platform.settings)),
                vault=platform.settings.vault,
            )
        run.status, run.release, run.targets = outcome.status, outcome.release_id, dict(outcome.targets)
        _tell(context, platform, f"release {outcome.release_id or '-'}: {outcome.status}")
        if outcome.open_blocked:
            context.log.error(f"the open edition has no new quarters: {outcome.open_blocked}")
        for path, reason in outcome.undrawn.items():
            context.log.error(f"{path} could not be drawn: {reason}. The tables are out; the next run tries again")
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


def _comparable_tables(platform: Platform, marts: Sequence[Mart], last: Release | None) -> frozenset[str]:
    """Tables of the last release, for checks of drift, but for those of which a file is in force no longer.

    Whoever withdraws a file, or brings the first real one beside the samples, means the figures to change. A table that
    was held back is as old as the release that it came from; where that was pruned, it is as if a file were gone.
    """
    if last is None:
        return frozenset()
    in_force = {receipt.sha256 for source in all_sources() for receipt in platform.landing.in_force(source)}
    came_from = {held.target: _kept(platform, held.last_good_release) for held in last.held_back}
    return frozenset(
        mart.name
        for mart in marts
        if (release := came_from.get(mart.target, last))
        and {
            file["sha256"]
            for file in release.package["sources"]
            if file["title"] in mart.sources and file.get("status", "loaded") == "loaded"
        }
        <= in_force
    )


def _kept(platform: Platform, release_id: str | None) -> Release | None:
    with suppress(ReleaseError):
        return platform.releases.get(release_id or "")
    return None


def _took_over(platform: Platform, source: str) -> bool:
    """Whether the files in force stand where others stood: samples that stepped aside, or files that were withdrawn."""
    in_force = len(platform.landing.in_force(source))
    return 0 < in_force < len(platform.landing.receipts(source))


def _tell(context: dg.AssetExecutionContext, platform: Platform, line: str) -> None:
    context.log.info(line)
    if platform.tell:
        platform.tell(line)


def _receipts(platform: Platform, connection: Any) -> Iterator[dict[str, Any]]:
    """The receipts of the files that the warehouse was given, each with what became of it."""
    fields = ("source", "name", "sha256", "landed_at", "licence", "address", "synthetic", "bytes")
    for source in all_sources():
        known = fates(connection, source)
        for receipt in platform.landing.receipts(source):
            if fate := known.get((receipt.sha256, receipt.name)):
                told = {key: value for key, value in asdict(fate).items() if value is not None}
                yield {field: getattr(receipt, field) for field in fields} | told


def _key_of(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    node = manifest["nodes"][unique_id]
    return dg.AssetKey([node["schema"], node["name"]])


def _row_counts(connection: Any) -> dict[str, int]:
    """Rows of every table by `schema.table`, from the catalogue: nothing is scanned."""
    return {
        f"{schema}.{table}": int(rows)
        for schema, table, rows in connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() where not internal"
        ).fetchall()
    }


def _state_of(platform: Platform, suites: Mapping[str, Suite]) -> str:
    """What the checks depend on besides the rows and the models."""
    text = repr((sorted(suites.items()), platform.settings.max_quarantined_pct, sorted(all_sources())))
    return hashlib.sha256(text.encode()).hexdigest()


def _loaded(connection: Any, state: str) -> str:
    """The state together with the last load that the warehouse holds."""
    (load_no,) = connection.execute("select coalesce(max(load_no), 0) from raw.files").fetchone()
    return f"{state} {load_no}"


def _materialized(
    manifest: Mapping[str, Any], marts: Sequence[Mart], built: Mapping[str, NodeResult], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult[None]]:
    """What was built says how it fared; the gate, not Dagster, keeps what failed from readers.

    A mart that stands as it was says that: the release waits for every mart.
    """
    published = {mart.name for mart in marts}
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


def _checked(
    manifest: Mapping[str, Any], verdicts: Mapping[str, Verdict], suites: Mapping[str, Suite]
) -> Iterator[dg.AssetCheckResult]:
    """The evidence of the gate, on the assets that it speaks of."""
    expected = {expectation.id for suite in suites.values() for expectation in suite.expectations}
    evidence = {(item.table, item.check): item for verdict in verdicts.values() for item in verdict.evidence}
    for spec in check_specs(manifest, suites):
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


def suites_of(platform: Platform, marts: Sequence[Mart]) -> dict[str, Suite]:
    """The suites of expectations/, each of which must name a mart."""
    return dict(read_suites(platform.settings.expectations, {mart.name for mart in marts}))
