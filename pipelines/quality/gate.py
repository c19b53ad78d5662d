"""The gate: all that was checked, and all that should have been, as one verdict per target.

A target is judged by its marts and everything they are computed from, and by the checks of other tables that belong to
a figure which it shows too (`figure_of`): one figure has one value in a release. What the dbt manifest or a suite
promises and no run delivered counts against it: dbt can leave a test out silently, and a gate that only reads results
would pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from pipelines.quality.registries import Fault
from pipelines.quality.suites import Suite
from pipelines.quality.verdict import Evidence, Verdict, verdicts
from pipelines.transform.column_rules import rules_of
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.marts import Mart, ancestors


def judge(
    marts: Sequence[Mart],
    manifest: Mapping[str, Any],
    dbt: Sequence[NodeResult],
    expectations: Sequence[Evidence],
    suites: Mapping[str, Suite],
    *,
    quarantined: Mapping[str, tuple[int, int]],
    max_quarantined_pct: float,
    truncated: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
    lost: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
    refused: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
    unread: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = MappingProxyType({}),
    emptied: Collection[str] = (),
    repeated: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = MappingProxyType({}),
    stand_alone: Collection[str] = (),
    faults: Sequence[Fault] = (),
    validated: Collection[str] | None = None,
) -> dict[str, Verdict]:
    """Judge every target that has a mart.

    Args:
        marts: the published tables.
        manifest: dbt's `manifest.json`, parsed.
        dbt: results of the run. Of two results of one node the later counts.
        expectations: what `validate` found.
        suites: what `validate` was to look for, by table.
        quarantined: by source, rows in and how many of them went to quarantine, of all active files.
        max_quarantined_pct: share of a source's rows, 0 to 100, above which it blocks. The limit itself does not.
        truncated: by source, name and reason of active files whose remainder was not read. One row in quarantine then
            represents many.
        lost: by source and name, how many rows such a file may have lost, where that can be estimated. They count like
            rows in quarantine, and the file itself only warns.
        refused: by source, name and reason of active files of which nothing was loaded.
        unread: by source, names of active files and their columns that the source does not know.
        emptied: sources of which earlier files were superseded or withdrawn, and whose active files give no row.
        repeated: by source, names under which several active files of one day count, with their sha256, oldest first.
        stand_alone: sources each row of which is a fact of its own. What is lost or set aside of them warns: it is not
            known yet, and no figure that is known is wrong for it.
        faults: what is wrong with the registries that people edit.
        validated: the tables that a partial run checked; None: all. Nothing is expected of the others, which stay as
            they were last judged.

    Returns:
        Verdicts by target, in the order in which `marts` names the targets.
    """
    targets = list(dict.fromkeys(mart.target for mart in marts))
    results = {result.unique_id: result for result in dbt}
    nodes: Mapping[str, Any] = manifest["nodes"]
    models = {node["name"]: unique_id for unique_id, node in nodes.items() if node["resource_type"] == "model"}

    def evidence() -> Iterator[tuple[str, Evidence]]:
        for target in targets:
            own = [mart for mart in marts if mart.target == target]
            known = [models[mart.name] for mart in own if mart.name in models]
            lineage = ancestors(manifest["parent_map"], known)
            sources = sorted({source for mart in own for source in mart.sources})
            for item in (
                *(_missing("model", m.name, "No dbt model has this name.") for m in own if m.name not in models),
                *_builds(lineage, nodes, results),
                *_tests(lineage, nodes, results),
                *_expectations(
                    # a mart computed from another one is as good as that one
                    [mart.name for mart in marts if mart.target == target or models.get(mart.name) in lineage],
                    {name for name, unique_id in models.items() if unique_id in lineage},
                    models,
                    suites,
                    expectations,
                    suites.keys() if validated is None else validated,
                ),
                *_loads(sources, quarantined, max_quarantined_pct, stand_alone, lost),
                *_complete_files(sources, truncated, stand_alone, lost),
                *_refused(sources, refused, truncated),
                *_unread(sources, unread),
                *_not_emptied(sources, emptied),
                *_repeated(sources, repeated),
                *_registries(lineage, nodes, faults),
            ):
                yield target, item

    return verdicts(targets, evidence())


def _missing(check: str, table: str, detail: str) -> Evidence:
    return Evidence(check, "missing", table, "block", passed=False, detail=detail)


def _builds(lineage: frozenset[str], nodes: Mapping[str, Any], results: Mapping[str, NodeResult]) -> Iterator[Evidence]:
    """Each model and seed of the lineage must have been built in this run or be unchanged, else the marts have old
    rows."""
    for unique_id in sorted(lineage & nodes.keys()):
        node = nodes[unique_id]
        if node["resource_type"] not in {"model", "seed"}:
            continue
        check, table = f"build:{node['name']}", node["name"]
        result = results.get(unique_id)
        if result is None:
            yield _missing(check, table, "dbt reported nothing: the node was not part of the run.")
        elif result.status in {"success", "unchanged"}:
            yield Evidence(check, "build", table, "block", passed=True)
        else:
            # dbt's message is left out: it may quote a row.
            detail = f"dbt reported {result.status}; see its log."
            yield Evidence(check, "build", table, "block", passed=False, detail=detail)


def _tests(lineage: frozenset[str], nodes: Mapping[str, Any], results: Mapping[str, NodeResult]) -> Iterator[Evidence]:
    """Each dbt test on a node of the lineage must have a result, and each rule of a test of column rules is evidence of
    its own. Unit tests test code, not data: not judged here."""
    for unique_id, node in sorted(nodes.items()):
        if node["resource_type"] != "test":
            continue
        attached = node.get("attached_node")
        # A test written as a query of its own is attached to nothing: it speaks of all that it reads.
        about = sorted(lineage.intersection([attached] if attached else node["depends_on"]["nodes"]))
        if not about:
            continue
        table = nodes.get(about[0], {}).get("name") or about[0].rsplit(".", 1)[-1]
        result = results.get(unique_id)
        failures, rules = result.failures if result else None, rules_of(node)
        if not rules:
            yield _tested(node["name"], table, node, result, failures)
        found = dict(result.rules) if result else {}
        for name, (rule, column) in rules.items():
            yield _tested(f"{rule}_{table}_{column}", table, node, result, found.get(name, failures))


def _tested(
    check: str, table: str, node: Mapping[str, Any], result: NodeResult | None, failures: int | None
) -> Evidence:
    """What a test found, or of a test of column rules one of them: it passes without failures of its own."""
    if result is None or result.status == "skipped":
        return _missing(check, table, "dbt gave no result for this test: it was left out or skipped.")
    observed = None if failures is None else f"{failures} failures"
    if result.status in {"pass", "success"} or (result.rules and not failures):
        return Evidence(check, "dbt_test", table, _severity(node), passed=True, observed=observed)
    kind: Literal["missing", "dbt_test"] = "missing" if result.status == "error" else "dbt_test"
    severity = "warn" if result.status == "warn" else _severity(node)
    # the message of the test's author, else where to look
    detail = node.get("description", "").strip() or f"dbt reported {result.status}; its log names the query."
    return Evidence(check, kind, table, severity, passed=False, detail=detail, observed=observed)


def _severity(node: Mapping[str, Any]) -> Literal["block", "warn"]:
    return "warn" if str(node["config"].get("severity", "error")).lower() == "warn" else "block"


def _expectations(
    tables: Sequence[str],
    computed_from: Collection[str],
    models: Collection[str],
    suites: Mapping[str, Suite],
    expectations: Sequence[Evidence],
    validated: Collection[str],
) -> Iterator[Evidence]:
    """Each published table must have a suite, and each expectation of the suite a result.

    The results of other tables count where the check belongs to a figure of a model that these are computed from.
    """
    for table in tables:
        found = [item for item in expectations if item.table == table]
        yield from found
        if table not in suites:
            yield _missing("suite", table, f"No expectations are written for this table: add expectations/{table}.yml.")
            continue
        for expectation in suites[table].expectations:
            if expectation.id not in {item.check for item in found}:
                yield _missing(expectation.id, table, "This expectation was not run.")
            if expectation.figure_of and expectation.figure_of not in models:
                detail = f"figure_of names {expectation.figure_of}, which is no dbt model."
                yield _missing(expectation.id, table, detail)
    for table in sorted((suites.keys() & set(validated)) - set(tables)):
        shared = {e.id for e in suites[table].expectations if e.figure_of in computed_from}
        found = [item for item in expectations if item.table == table and item.check in shared]
        yield from found
        for check in sorted(shared - {item.check for item in found}):
            yield _missing(check, table, "This expectation was not run.")


def _loads(
    sources: Iterable[str],
    quarantined: Mapping[str, tuple[int, int]],
    max_quarantined_pct: float,
    stand_alone: Collection[str],
    lost: Mapping[str, Mapping[str, int]],
) -> Iterator[Evidence]:
    """Each source must say how many rows it set aside, and that share must be small; rows that truncated files may have
    lost are counted among them."""
    for source in sources:
        check = f"quarantine:{source}"
        if source not in quarantined:
            yield _missing(check, source, "No load of this source is on record: load it first.")
            continue
        rows_in, aside = quarantined[source]
        missing = sum(lost.get(source, {}).values())
        rows_in, aside = rows_in + missing, aside + missing
        passed = 100 * aside <= max_quarantined_pct * rows_in
        limit = (
            f"More than {max_quarantined_pct:g} % of the rows are in quarantine: "
            f"`hatinh quarantine {source}` names file, line and reason."
        )
        observed = f"{aside} of {rows_in}" + (f", {missing} of them estimated for truncated files" if missing else "")
        severity = _severity_of_loss(source, stand_alone)
        yield Evidence(check, "load", source, severity, passed, "" if passed else limit, observed)


def _severity_of_loss(source: str, stand_alone: Collection[str]) -> Literal["block", "warn"]:
    """How bad it is when rows of a source are missing: a count without them is wrong, a list of facts is shorter."""
    return "warn" if source in stand_alone else "block"


def _complete_files(
    sources: Iterable[str],
    truncated: Mapping[str, Sequence[tuple[str, str]]],
    stand_alone: Collection[str],
    lost: Mapping[str, Mapping[str, int]],
) -> Iterator[Evidence]:
    """Every active file must be read to its end: what a truncated file lost is not in any count, nor a second sheet.

    It only warns where every loss is estimated: then the share of rows in quarantine decides.
    """
    for source in sources:
        files = truncated.get(source, ())
        cut_short = [name for name, reason in files if reason != "further_sheet"]
        with_further_sheets = [name for name, reason in files if reason == "further_sheet"]
        fixes = []
        if cut_short:
            fixes.append(f"Truncated, the end is lost: {', '.join(cut_short)}. Land the complete file by that name")
        if with_further_sheets:
            fixes.append(
                "Figures on more than one sheet, of which only the first was read: "
                f"{', '.join(with_further_sheets)}. Put them on one sheet, or each sheet into a file of its own, "
                "and land the first by that name"
            )
        detail = " ".join(f"{fix}, or `hatinh withdraw` it." for fix in fixes)
        is_estimated = {name for name, _ in files} <= lost.get(source, {}).keys()
        severity = "warn" if files and is_estimated else _severity_of_loss(source, stand_alone)
        yield Evidence(f"whole_files:{source}", "load", source, severity, not files, detail, str(len(files)))


def _refused(
    sources: Iterable[str],
    refused: Mapping[str, Sequence[tuple[str, str]]],
    truncated: Mapping[str, Sequence[tuple[str, str]]],
) -> Iterator[Evidence]:
    """Readers of the figures must know which files they lack. `_complete_files` reports a truncated file."""
    for source in sources:
        incomplete = {name for name, _ in truncated.get(source, ())}
        lacking = [f"{name}: {reason}" for name, reason in refused.get(source, ()) if name not in incomplete]
        detail = f"Refused, nothing of it was loaded. {_some(lacking)}. `hatinh withdraw` it and land the right file."
        yield Evidence(
            f"refused:{source}", "load", source, "warn", not lacking, detail if lacking else "", str(len(lacking))
        )


def _unread(sources: Iterable[str], unread: Mapping[str, Sequence[tuple[str, Sequence[str]]]]) -> Iterator[Evidence]:
    """A column that nobody reads may be one that is read elsewhere under another heading."""
    for source in sources:
        listed = [f"{name}: {', '.join(columns)}" for name, columns in unread.get(source, ())]
        detail = (
            f"Columns that are not read. {_some(listed, 'more files')}. If one matters, teach the source its name; an "
            "operator's heading is a row of seeds/operator_headings.csv, with a blank field where it is not loaded."
        )
        yield Evidence(
            f"unread:{source}", "load", source, "warn", not listed, detail if listed else "", str(len(listed))
        )


def _not_emptied(sources: Iterable[str], emptied: Collection[str]) -> Iterator[Evidence]:
    """Files of which nothing was loaded must not replace those before them: the tables would be published empty."""
    for source in sources:
        gone = source in emptied
        detail = "Its active files were refused, and those before them are no longer active. `hatinh withdraw` them."
        yield Evidence(f"replaced:{source}", "load", source, "block", not gone, detail if gone else "")


def _repeated(
    sources: Iterable[str], repeated: Mapping[str, Sequence[tuple[str, Sequence[str]]]]
) -> Iterator[Evidence]:
    """A second delivery of one name and day may correct the first, or be another part: only people know."""
    for source in sources:
        for name, digests in repeated.get(source, ()):
            short = [digest[:12] for digest in digests]
            detail = (
                f"{len(short)} files named {name} of the same day all count: {', '.join(short)}, oldest first. "
                f'If the last one corrects the others: hatinh withdraw {source} {short[0]} --reason "…".'
            )
            check = f"repeated:{source}:{name}"
            yield Evidence(check, "load", source, "warn", passed=False, detail=detail, observed=str(len(short)))


def _registries(lineage: frozenset[str], nodes: Mapping[str, Any], faults: Sequence[Fault]) -> Iterator[Evidence]:
    """What people edit must hold together before anything that rests on it goes out."""
    for name in sorted(nodes[key]["name"] for key in lineage & nodes.keys() if nodes[key]["resource_type"] == "seed"):
        wrong = [str(fault) for fault in faults if fault.registry == name or fault.is_of_all]
        detail = _some(wrong, "more: hatinh doctor")
        yield Evidence(f"registry:{name}", "registry", name, "block", not wrong, detail, f"{len(wrong)} faults")


def _some(texts: Sequence[str], more: str = "more") -> str:
    """The first three, and how many there are besides."""
    return "; ".join([*texts[:3], *([f"and {len(texts) - 3} {more}"] if len(texts) > 3 else [])])
