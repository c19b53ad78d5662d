"""Rules of the code base: which module imports which library, what every mart must have, the graph of assets."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
import yaml
from schemas import lines, read, undeclared

from pipelines.engine.front import feeds_of_front, front_of
from pipelines.quality.suites import read_suites
from pipelines.release.schemas import read_retired
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources
from pipelines.transform.column_rules import RULES, rules_of
from pipelines.transform.lineage import untouched
from pipelines.transform.marts import Mart, marts_of

NEW_MART = "`hatinh new mart NAME --target TARGET` writes the files of a mart; of one that exists, copy what is missing"
NEW_SOURCE = "`hatinh new source NAME` writes the files of a source; of one that exists, copy what is missing"

TESTED_ELSEWHERE = {"dvcqg_progress": "test_dvcqg_dossiers.py", "reported_indicators": "tests/reporting"}

ONLY_ROOM = {
    "dagster": {"orchestration", "definitions.py"},
    "dagster_dbt": {"orchestration"},
    "great_expectations": {"quality"},
    "httpx": {"landing"},
    "openpyxl": {"reporting", "scoreboard"},
    "rich": {"scoreboard", "cli", "qd766"},
    "pyspark": {"engine"},
    "sqlglot": {"engine"},
}


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(("library", "rooms"), ONLY_ROOM.items(), ids=list(ONLY_ROOM))
def test_a_library_is_imported_by_its_module_only(library: str, rooms: set[str]) -> None:
    package = PROJECT_ROOT / "pipelines"
    importers = {path.relative_to(package).parts[0] for path in package.rglob("*.py") if library in _imports(path)}
    assert importers <= rooms


def test_every_file_has_a_docstring() -> None:
    silent = [
        str(path.relative_to(PROJECT_ROOT))
        for folder in ("pipelines", "tests", "benchmarks")
        for path in (PROJECT_ROOT / folder).rglob("*.py")
        if path.stat().st_size and not ast.get_docstring(_parsed(path))
    ]
    assert silent == []


@pytest.fixture(scope="module")
def marts(manifest: dict) -> list[Mart]:
    return marts_of(manifest)  # refuses a mart without titles, key or types


def test_every_mart_has_a_contract_a_key_test_and_lies_in_its_target(manifest: dict, marts: list[Mart]) -> None:
    nodes = manifest["nodes"]
    for mart in marts:
        node = next(n for n in nodes.values() if n["resource_type"] == "model" and n["name"] == mart.name)
        assert node["config"]["contract"]["enforced"], mart.name
        assert node["patch_path"], f"{mart.name} is described in no yml: {NEW_MART}"
        keys = [
            tuple(test["test_metadata"]["kwargs"]["columns"])
            for test in nodes.values()
            if test["resource_type"] == "test"
            and test.get("attached_node") == node["unique_id"]
            and test["test_metadata"]["name"] == "unique_key"
        ]
        assert keys == [mart.key], f"{mart.name}: one unique_key test over {mart.key}"


def test_rules_of_single_columns_are_in_one_test_per_model(manifest: dict) -> None:
    """A test costs dbt more than its query does; only a condition, a severity or a text needs one of its own."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    alone = [
        test["name"]
        for test in tests
        if (test.get("test_metadata") or {}).get("name") in RULES
        and not (test["config"].get("where") or test["description"] or test["config"]["severity"].lower() == "warn")
    ]
    assert alone == [], "they belong under column_rules of their model or seed"
    for test in tests:
        columns = manifest["nodes"].get(test.get("attached_node"), {}).get("columns", {})
        unknown = {column for _, column in rules_of(test).values()} - columns.keys()
        assert unknown == set(), f"{test['name']}: columns that its yml does not describe"


def test_every_mart_has_expectations_and_every_suite_names_a_mart(marts: list[Mart]) -> None:
    suites = set(read_suites(PROJECT_ROOT / "expectations"))
    names = {mart.name for mart in marts}
    assert sorted(names - suites) == [], f"marts without expectations/<mart>.yml: {NEW_MART}"
    assert sorted(suites - names) == [], "suites without a mart"


def test_a_comparison_that_blocks_belongs_to_a_figure(manifest: dict) -> None:
    """Otherwise a figure that is held in one table could be published in another: see docs/decisions/0021."""
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    for table, suite in read_suites(PROJECT_ROOT / "expectations").items():
        for check in suite.expectations:
            if check.needs and check.severity == "block":
                assert check.figure_of, f"expectations/{table}.yml: {check.id} names no figure_of"
            assert check.figure_of is None or check.figure_of in models, f"expectations/{table}.yml: {check.figure_of}"


def test_every_mart_has_a_golden_case(marts: list[Mart]) -> None:
    golden = PROJECT_ROOT / "tests" / "golden"
    lacking = [mart.name for mart in marts if not any((golden / mart.name).glob("*/expected.csv"))]
    assert lacking == [], f"marts without tests/golden/<mart>/<case>/: {NEW_MART}"


def test_every_mart_has_a_disclosure_policy(manifest: dict, marts: list[Mart]) -> None:
    """A mart without a policy is internal; the policy is declared all the same."""
    models = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    silent = [mart.name for mart in marts if "disclosure" not in models[mart.name]["config"]["meta"]]
    assert silent == [], "add config.meta.disclosure: {edition: public | internal} (docs/methods/disclosure.md)"


def test_measures_of_the_open_edition_are_columns_of_its_leaves_and_totals_are_measures(marts: list[Mart]) -> None:
    sql = (PROJECT_ROOT / "pipelines" / "release" / "disclosure_leaves.sql").read_text(encoding="utf-8")
    columns = set(re.findall(r"(\w+),?\n", sql.rpartition("\nselect")[2].partition("\nfrom")[0]))
    for mart in (mart for mart in marts if mart.disclosure.open):
        parts = mart.disclosure.open.parts if mart.disclosure.open else {}
        assert set(parts) <= columns, mart.name
        assert set(parts.values()) <= {"received", *parts}, mart.name
        assert mart.disclosure.edition == "internal", "only the protected tables leave"


def test_a_column_name_has_one_meaning(marts: list[Mart]) -> None:
    meanings: dict[str, set[tuple[str, str, str, str | None]]] = defaultdict(set)
    for mart in marts:
        for column in mart.columns:
            meanings[column.name].add((column.type, column.title_vi, column.title_en, column.unit))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_every_source_has_a_staging_model_and_its_receipts_a_licence(manifest: dict) -> None:
    feeds = {source["config"]["meta"].get("feed") for source in manifest["sources"].values()} - {None}
    assert sorted(set(all_sources()) - feeds) == [], f"sources without a table in _sources.yml: {NEW_SOURCE}"
    assert sorted(feeds - set(all_sources())) == [], f"tables in _sources.yml without a source: {NEW_SOURCE}"
    for source in all_sources().values():
        assert source.licence
        assert source.publisher
        models = list((PROJECT_ROOT / "dbt_project/models/staging").glob(f"{source.name}/*.sql"))
        assert models, f"{source.name} has no staging model: {NEW_SOURCE}"
        tests = list((PROJECT_ROOT / "tests" / "sources").glob(f"test*{source.name}*.py"))
        assert tests or source.name in TESTED_ELSEWHERE, f"{source.name} has no tests/sources/test_*.py: {NEW_SOURCE}"


def test_staging_passes_over_replaced_files_of_the_sources_that_have_them(manifest: dict) -> None:
    """Only the source declares what a file is about; no model decides it."""
    passing_over = {
        node["name"]
        for node in manifest["nodes"].values()
        if "macro.hatinh.is_not_replaced" in node["depends_on"].get("macros", ())
    }
    assert passing_over == {f"stg_{source.name}" for source in all_sources().values() if source.subject}


def test_a_model_reads_the_files_of_sources_that_exist(manifest: dict) -> None:
    """A misspelt feed in `files_of` would leave the model standing when that feed changes."""
    unknown = {
        node["name"]: sorted(unknown)
        for node in manifest["nodes"].values()
        if (unknown := set(node["config"].get("meta", {}).get("files_of", ())) - set(all_sources()))
    }
    assert unknown == {}, "config.meta.files_of names sources (pipelines/transform/lineage.py)"


def test_a_day_of_dossiers_leaves_the_pillars_of_reported_values_standing(manifest: dict) -> None:
    """Each model costs a tenth of a second a day: none of these has a figure that a dossier can change."""
    untouched_names = {manifest["nodes"][unique_id]["name"] for unique_id in untouched(manifest, {"dossiers"})}
    pillars = {"it_training", "it_workforce", "new_rural", "official_skills", "online_administration", "smart_city"}
    assert pillars <= untouched_names
    assert not {"reported_indicators", "indicator_values", "online_payment"} & untouched_names


def test_what_is_checked_of_reports_holds_every_table_of_reported_values(manifest: dict) -> None:
    """These tables rest on the reports, and not on the mart whose expectations check them."""
    suites = read_suites(PROJECT_ROOT / "expectations", {mart.name for mart in marts_of(manifest)})
    assert {expectation.figure_of for expectation in suites["reported_indicators"].expectations} == {"int_reports"}


def test_files_of_stands_only_where_the_register_of_files_is_read(manifest: dict) -> None:
    registers = {"source.hatinh.raw.files", "source.hatinh.raw.quarantine"}
    idle = [
        node["name"]
        for unique_id, node in manifest["nodes"].items()
        if "files_of" in node["config"].get("meta", {}) and not registers & set(manifest["parent_map"][unique_id])
    ]
    assert idle == []


def test_no_model_orders_by_a_number() -> None:
    """In an aggregate a number is a constant: `string_agg(name, ', ' order by 1)` comes in any order."""
    numbered = [
        path.name
        for folder in ("models", "macros")
        for path in (PROJECT_ROOT / "dbt_project" / folder).rglob("*.sql")
        if re.search(r"order by \d", path.read_text(encoding="utf-8"))
    ]
    assert numbered == []


def test_a_model_fits_a_screen() -> None:
    """A longer one is split into models of models/parts. int_dossiers is not: `is_incremental` decides what it takes,
    and an ephemeral part does not know it."""
    models = (PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql")
    long = {path.stem for path in models if path.read_text(encoding="utf-8").count("\n") > 120}
    assert long == {"int_dossiers"}


def test_every_test_of_dbt_belongs_to_one_model(manifest: dict) -> None:
    """Tests that span models can be skipped silently; the gate judges by the node a test is attached to."""
    loose = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node") not in manifest["nodes"]
    ]
    assert loose == []


def test_the_graph_is_as_reviewed(definitions: object) -> None:
    """Keys, jobs, schedules and sensors as text, so that a review shows how the graph changed."""
    snapshot = PROJECT_ROOT / "tests" / "structure" / "graph.txt"
    found = "\n".join(definitions) + "\n"  # type: ignore[arg-type]
    assert snapshot.read_text(encoding="utf-8") == found, (
        "the graph changed; look at the difference and, if it is meant: python tests/structure/graph.py"
    )


def test_workspace_and_dg_name_the_same_location() -> None:
    import tomllib

    workspace = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())["load_from"][0]["python_module"]
    dg = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert workspace["location_name"] == dg["code_location_name"]
    assert workspace["module_name"] == dg["code_location_target_module"]


def test_shipped_files_are_samples_with_receipts() -> None:
    raw = PROJECT_ROOT / "data" / "raw"
    import subprocess

    tracked = subprocess.run(
        ["git", "ls-files", "data"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    payloads = [PROJECT_ROOT / name for name in tracked if not name.endswith((".receipt.json", ".gitkeep"))]
    assert payloads
    for path in payloads:
        receipt = json.loads(path.with_name(path.name + ".receipt.json").read_text(encoding="utf-8"))
        assert receipt["synthetic"], path.relative_to(raw)


def test_no_model_reads_a_later_layer(manifest: dict) -> None:
    """Staging reads no intermediate model and no intermediate model reads a mart."""
    layers = {"seeds": 0, "staging": 1, "intermediate": 2, "marts": 3}

    def layer(node: dict) -> int:
        return layers["seeds" if node["resource_type"] == "seed" else node["fqn"][1]]

    nodes = manifest["nodes"]
    backward = [
        f"{node['name']} reads {nodes[parent]['name']}"
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model"
        for parent in manifest["parent_map"][unique_id]  # also what it reads through its parts
        if parent in nodes and layer(nodes[parent]) > layer(node)
    ]
    assert backward == []


def test_models_with_rows_of_dossiers_are_marked(manifest: dict) -> None:
    """`config.meta.one_row_per` decides what an engine computes (docs/scale.md); one that is forgotten brings every
    row home."""
    feeds, front, parents = feeds_of_front(manifest), front_of(manifest), manifest["parent_map"]
    raw = {i for i, s in manifest["sources"].items() if s["config"]["meta"].get("feed") in feeds}
    readers = {i for i in manifest["nodes"] if i.startswith("model.") and raw & set(parents[i])}
    assert readers <= front.marked, f"without config.meta.one_row_per: {sorted(readers - front.marked)}"
    for unique_id in front.marked:
        # what is counted holds no rows; what is marked is made of marked rows, or of a feed
        assert (front.marked | raw) & set(parents[unique_id]), f"{unique_id} is marked and reads no dossiers"


def test_schemas_are_as_declared(marts: list[Mart]) -> None:
    """A change of columns, types or key raises the version of the schema and is announced in CHANGES.md."""
    now, snapshot = lines(marts), read()
    assert undeclared(now, snapshot) == [], (
        "another schema under the same version: raise config.meta.schema_version in the yml of the mart (it is 1 where "
        "there is none) and add `| `table` | version | what changed |` under Schema changes in CHANGES.md"
    )
    assert now == snapshot, "look at the difference and, if it is meant: python tests/structure/schemas.py"


def test_each_version_of_a_schema_is_announced(marts: list[Mart]) -> None:
    changes = (PROJECT_ROOT / "CHANGES.md").read_text(encoding="utf-8")
    silent = [
        f"{mart.name} {mart.schema_version}"
        for mart in marts
        if mart.schema_version > 1 and f"| `{mart.name}` | {mart.schema_version} |" not in changes
    ]
    assert silent == [], "add `| `table` | version | what changed |` under Schema changes in CHANGES.md"


def test_a_retired_table_is_made_by_no_model(marts: list[Mart]) -> None:
    retired = read_retired(PROJECT_ROOT / "dbt_project")
    assert {mart.name for mart in marts} & retired.keys() == set()
