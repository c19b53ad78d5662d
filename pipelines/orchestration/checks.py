"""What Dagster shows as checks: the verdict of the gate on each mart and on the release, the tests of other models, and
the state of each source's files.

One check per asset, and one per target on the release: Dagster stores two events for each. What holds a target back is
an error, what warns is a warning. No check stops a step: the gate keeps a target from readers, not Dagster. Numbers
have one name in both languages: Dagster plots them by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.landing.deliveries import Delivery
from pipelines.language import tr
from pipelines.orchestration.keys import RELEASE, mart_key, node_key, raw_key
from pipelines.platform import Project
from pipelines.quality.causes import cause_of
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.publish import Outcome
from pipelines.scoreboard.words import number
from pipelines.sources.base import Source
from pipelines.transform.marts import ancestors

GATE, TESTS, FILES, PUBLICATIONS = "gate", "tests", "files", "publications"
_LISTED = 20


def model_check_specs(project: Project) -> list[dg.AssetCheckSpec]:
    """`gate` on each mart; `tests` on each other model or seed with dbt tests that a mart rests on."""
    nodes = project.manifest["nodes"]
    models = {node["name"]: unique_id for unique_id, node in nodes.items() if node["resource_type"] == "model"}
    published = [models[mart.name] for mart in project.marts]
    lineage = ancestors(project.manifest["parent_map"], published)
    tested = {node.get("attached_node") for node in nodes.values() if node["resource_type"] == "test"}
    return [
        *(
            dg.AssetCheckSpec(
                GATE,
                asset=mart_key(mart),
                description=f"Whether target {mart.target} may be published: builds, files, registries, dbt tests and "
                f"expectations of all that it is computed from (expectations/{mart.name}.yml).",
            )
            for mart in project.marts
        ),
        *(
            dg.AssetCheckSpec(
                TESTS,
                asset=node_key(project.manifest, node),
                description="Every dbt test that is attached to it; the evidence of the release has them one by one.",
            )
            for node in sorted(tested & lineage & nodes.keys() - set(published))
        ),
    ]


def release_check_specs(project: Project) -> list[dg.AssetCheckSpec]:
    """One check per target on the release: red when readers get older tables of it, amber when there are warnings."""
    return [
        dg.AssetCheckSpec(
            f"{GATE}_{target}",
            asset=RELEASE,
            description=f"Whether readers get the new tables of target {target}.",
        )
        for target in sorted({mart.target for mart in project.marts})
    ]


def publications_check_spec() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        PUBLICATIONS,
        asset=RELEASE,
        description="Whether the next figure of each series came by the day that the release calendar expects "
        "(dbt_project/seeds/release_calendar.csv).",
    )


def publications_result(overdue: Sequence[str]) -> dg.AssetCheckResult:
    """Publishers whose next figures were expected by now: somebody should look whether they are out."""
    metadata = (
        {tr("overdue"): dg.MetadataValue.md("\n".join(f"- {_escaped(line)}" for line in overdue))} if overdue else {}
    )
    return dg.AssetCheckResult(
        passed=not overdue,
        check_name=PUBLICATIONS,
        asset_key=RELEASE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def files_check_spec(source: Source) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        FILES,
        asset=raw_key(source.name),
        description="No file was refused, no pull failed, no delivery is late; rows in quarantine are below the limit.",
    )


def model_results(
    project: Project, verdicts: Mapping[str, Verdict], asked: Iterable[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """The verdict of each mart's target, and the dbt tests of the other models."""
    wanted = set(asked)
    targets = {mart_key(mart): mart.target for mart in project.marts}
    evidence = {(item.table, item.check): item for verdict in verdicts.values() for item in verdict.evidence}
    for spec in model_check_specs(project):
        if spec.key not in wanted:
            continue
        if spec.name == GATE:
            verdict = verdicts.get(targets[spec.asset_key])
            yield _result(spec.asset_key, GATE, verdict.evidence if verdict else ())
        else:
            table = spec.asset_key.path[-1]
            items = [item for (of, _), item in evidence.items() if of == table and item.kind in ("dbt_test", "missing")]
            yield _result(spec.asset_key, TESTS, items)


def release_results(project: Project, verdicts: Mapping[str, Verdict], outcome: Outcome) -> list[dg.AssetCheckResult]:
    """What readers get of each target: the release may hold back more than the gate, where it finds personal data."""
    held = {item.target: item for item in outcome.held_back}
    results = []
    for target in sorted({mart.target for mart in project.marts}):
        verdict = verdicts.get(target)
        extra: dict[str, Any] = {}
        if target in held:
            extra = {
                tr("held back since"): held[target].since,
                tr("readers get"): held[target].last_good_release or tr("no table"),
                tr("summary"): held[target].reason,
            }
        results.append(
            _result(RELEASE, f"{GATE}_{target}", verdict.evidence if verdict else (), extra, is_held=target in held)
        )
    return results


def files_result(
    source: Source, state: Mapping[str, Any], delivery: Delivery | None, max_quarantined_pct: float
) -> dg.AssetCheckResult:
    """How the active files of a source stand."""
    rows, aside = state["total_in"], state["total_quarantined"]
    problems = [f"{tr('file refused')}: {file}" for file in state["refused"]]
    problems += [f"{tr('truncated or not read to its end')}: {file}" for file in state.get("truncated", ())]
    problems += [f"{tr('last pull failed')}: {note}" for note in state.get("not_fetched", ())]
    if delivery is not None and delivery.is_late:
        problems.append(str(delivery))
    if 100 * aside > max_quarantined_pct * rows:
        problems.append(
            tr(
                "{aside} of {rows} rows are in quarantine: hatinh quarantine {source}",
                aside=number(aside),
                rows=number(rows),
                source=source.name,
            )
        )
    metadata: dict[str, Any] = {"rows_in": rows, "rows_quarantined": aside}
    if problems:
        metadata[tr("problems")] = dg.MetadataValue.md("\n".join(f"- {_escaped(text)}" for text in problems))
    return dg.AssetCheckResult(
        passed=not problems,
        check_name=FILES,
        asset_key=raw_key(source.name),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _result(
    asset: dg.AssetKey,
    name: str,
    evidence: Sequence[Evidence],
    extra: Mapping[str, Any] | None = None,
    *,
    is_held: bool = False,
) -> dg.AssetCheckResult:
    """One check from its evidence; without evidence nothing was evaluated, which holds a target back."""
    failed = [item for item in evidence if not item.passed]
    blocks = is_held or not evidence or any(item.severity == "block" for item in failed)
    metadata: dict[str, Any] = {"checks": len(evidence), **(extra or {})}
    if not evidence:
        metadata[tr("reason")] = tr("nothing was evaluated")
    if failed:
        first = cause_of(min(failed, key=lambda item: item.severity != "block"))
        metadata |= {
            tr("reason"): first.reason,
            tr("how to fix"): first.remedy,
            tr("failed"): dg.MetadataValue.md(_table(failed)),
        }
    return dg.AssetCheckResult(
        passed=bool(evidence) and not failed and not is_held,
        check_name=name,
        asset_key=asset,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _table(failed: Sequence[Evidence]) -> str:
    """The failed checks as a table in Markdown, blocking ones first."""
    ordered = sorted(failed, key=lambda item: (item.severity != "block", item.table, item.check))
    heads = ("", tr("Table"), tr("Check"), tr("observed"), tr("detail"))
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|"]
    for item in ordered[:_LISTED]:
        severity = tr("blocks") if item.severity == "block" else tr("warns")
        cells = (severity, item.table, item.check, item.observed or "", item.detail)
        lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    if len(ordered) > _LISTED:
        more = tr("and {count} more: quality.json of the release has every one", count=len(ordered) - _LISTED)
        lines.append(f"\n{more}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")
