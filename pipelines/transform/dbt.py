"""dbt, in a process of its own or in this one: parse when the project changed, build, test; results as plain values.

One invocation builds every model; the tests run after it, as the SQL that dbt compiled them to, so that a failed test
stops no model: judging is the gate's work. dbt keeps its DuckDB connection open between invocations; it is closed here
after each, since the file admits one configuration at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.beside import Beside, ProcessLost, threads_of_each
from pipelines.language import tr
from pipelines.transform.data_tests import DataTest, read_tests, run_tests, write_tests
from pipelines.transform.dbt_results import NodeResult, Status
from pipelines.warehouse.storage import ObjectStorage

OnResult = Callable[[NodeResult], object]

_STAMP = "manifest.fingerprint"
_RESOURCES = ("model", "seed", "test", "unit_test")


class DbtFailed(RuntimeError):
    """dbt could not even start its work: the project does not parse, or the warehouse cannot be opened."""


@dataclass(frozen=True)
class Dbt:
    """The dbt project of the platform and the warehouse it works on. `variables` win over those of the project."""

    project: Path
    warehouse: Path
    threads: int
    memory_limit: str
    variables: Mapping[str, Any]
    target: Path | None = None
    """Where dbt writes its manifest and compiled SQL; `target/` in the project when it is not given."""
    seeds: Path | None = None
    """Folder of the seeds; `seeds/` in the project when it is not given."""
    process: Beside = field(default_factory=Beside, compare=False)
    """Where dbt parses, builds and compiles once it was started; here until then."""

    storage: ObjectStorage | None = None
    """Where the rows of dossiers lie, if not in the warehouse or beside it."""

    def start(self) -> None:
        """Start the process of dbt, which begins with the parse where that is due, and reads it for the build."""
        if self.process.start():
            self.process.begin(_prepare, self._without_process)

    @property
    def _without_process(self) -> Dbt:
        return replace(self, process=Beside())

    @property
    def manifest_path(self) -> Path:
        return (self.target or self.project / "target") / "manifest.json"

    @property
    def _seeds(self) -> Path:
        return self.seeds or self.project / "seeds"

    def _seeds_in_project(self) -> str:
        """The folder of the seeds as in the project's file: relative, since dbt takes no other.

        One that lies elsewhere gets a link among dbt's own files: what dbt compiles of a file it writes under the same
        path, which would be outside of them.
        """
        seeds, project = self._seeds.resolve(), self.project.resolve()
        if seeds.is_relative_to(project):
            return str(seeds.relative_to(project))
        link = project / "target" / f"seeds-{hashlib.sha256(bytes(seeds)).hexdigest()[:8]}"
        link.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            link.symlink_to(seeds, target_is_directory=True)
        return str(link.relative_to(project))

    def fingerprint(self) -> str:
        """Hash of all that decides what dbt computes: models, macros, seeds, tests, project file and variables."""
        digest = hashlib.sha256(json.dumps(dict(self.variables), sort_keys=True).encode())
        digest.update((self.project / "dbt_project.yml").read_bytes())
        for folder in (self.project / "models", self.project / "macros", self._seeds, self.project / "tests"):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = path.relative_to(folder.parent).as_posix()
                digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def manifest(self) -> dict[str, Any]:
        """The manifest, parsed again only when the project has changed since.

        Raises:
            DbtFailed: the project does not parse; the message is dbt's.
        """
        with self._parsed():
            return _read_manifest(self.manifest_path)

    @contextmanager
    def _parsed(self) -> Iterator[Path]:
        """Where dbt's own form of the manifest lies, for as long as nobody else may write it.

        dbt keeps its parse for one path of the warehouse and parses for seconds when another is asked for, although
        nothing parsed depends on more than the name of the file; so the parse is kept here, under a stamp of ours.
        """
        target = self.manifest_path.parent
        stamp, kept = target / _STAMP, target / "manifest.msgpack"
        names = f"{self.warehouse.stem} {self._seeds_in_project()}"
        wanted = f"{self.fingerprint()} {names} {version('dbt-core')} {version('dbt-duckdb')}"
        target.mkdir(parents=True, exist_ok=True)

        def is_kept() -> bool:
            return self.manifest_path.exists() and kept.exists() and stamp.exists() and stamp.read_text() == wanted

        if self.process.is_started and not is_kept():
            self._there(_parse)  # before the lock is taken here: it is needed there
        with open(target / "manifest.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the Dagster page and a run may both find the project changed
            if not is_kept():
                stamp.unlink(missing_ok=True)
                self._write_parse()
                shutil.copyfile(target / "partial_parse.msgpack", kept)
                stamp.write_text(wanted)
            yield kept

    def _write_parse(self) -> None:
        """Parse the project and write its manifest, as dbt does, but in C: `json.dump` costs a second of Python."""
        from dbt_common.utils.encoding import JSONEncoder

        manifest = self._run(["parse", "--no-write-json"], parsed=None)
        text = json.dumps(manifest.writable_manifest().to_dict(omit_none=False), cls=JSONEncoder)
        self.manifest_path.write_text(text, encoding="utf-8")

    def _parsed_by_dbt(self, *, tests: bool) -> Any:
        """dbt's own manifest, new each time: an invocation writes into it. Without tests it is a third as large."""
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumuro_decoder

        with self._parsed() as kept:
            stamp = kept.with_name(_STAMP).read_text()
            if not tests and stamp in _prepared:
                return _prepared.pop(stamp)
            manifest = Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
        if not tests:
            manifest.nodes = {i: node for i, node in manifest.nodes.items() if node.resource_type != "test"}
            manifest.unit_tests = {}
        manifest.build_flat_graph()  # as dbt does after it has read this file
        return manifest

    def build(
        self,
        *,
        full_refresh: bool,
        on_result: OnResult | None = None,
        select: str | None = None,
        untouched: Collection[str] = (),
        exclude: Collection[str] = (),
    ) -> list[NodeResult]:
        """Load seeds and build models, in order; all of them, or those that dbt's method of selection names, but those
        to `exclude`, by name.

        With `full_refresh`, incremental models forget what they hold. Without it, the warehouse must have been built
        under this very project: seeds, views and the `untouched` models (by unique id) stay as they are.
        """
        results: list[NodeResult] = self._there(_build, full_refresh, select, untouched, exclude, report=on_result)
        return results

    def _there(
        self, function: Callable[..., Any], *arguments: Any, report: Callable[[Any], object] | None = None
    ) -> Any:
        """What `function(report, dbt, ...)` returns, in the process of dbt.

        Raises:
            DbtFailed: also when that process died.
        """
        try:
            return self.process.run(function, report or _ignore, self._without_process, *arguments)
        except ProcessLost:
            raise DbtFailed(
                tr("dbt's process was ended from outside, probably for lack of memory: see HATINH_MEMORY_LIMIT")
            ) from None

    def _built(
        self,
        full_refresh: bool,
        select: str | None,
        untouched: Collection[str],
        exclude: Collection[str],
        *,
        on_result: OnResult,
    ) -> list[NodeResult]:
        unchanged = [] if full_refresh else list(self._unchanged(untouched))
        arguments = ["build", "--no-write-json", "--resource-type", "seed", "--resource-type", "model"]
        arguments += ["--full-refresh"] if full_refresh else []
        left_out = {*(result.name for result in unchanged), *exclude}
        # dbt looks for each name in all nodes, so few names are given, and that they are no paths
        if left_out and select is None:
            wanted = sorted(f"fqn:{node['name']}" for node in self._buildable() if node["name"] not in left_out)
            if not wanted:
                return unchanged
            arguments += ["--select", *wanted]
        else:
            arguments += ["--select", select] if select else []
            # what is ephemeral is compiled in the models that read it
            arguments += ["--exclude", "config.materialized:ephemeral"]
            arguments += [] if full_refresh else ["resource_type:seed", "config.materialized:view"]
            arguments += sorted({*exclude, *(result.name for result in unchanged if result.unique_id in untouched)})
        # an increment is small, and what judges it is imported meanwhile
        dbt = self if full_refresh else replace(self, threads=threads_of_each(self.threads, self.warehouse))
        return [*unchanged, *dbt._invoke(arguments, on_result)]

    def _buildable(self) -> Iterator[Mapping[str, Any]]:
        """The seeds and models of the manifest that are a step of a build."""
        return (node for node in self.manifest()["nodes"].values() if node["resource_type"] in ("seed", "model"))

    def _unchanged(self, untouched: Collection[str]) -> Iterator[NodeResult]:
        """What need not be built again in this project: it holds no rows of a load, or none that changed."""
        for node in self._buildable():
            kind, unique_id = node["resource_type"], node["unique_id"]
            if kind == "seed" or node["config"]["materialized"] == "view" or unique_id in untouched:
                yield NodeResult(unique_id, kind, node["name"], "unchanged", "", None, 0.0)

    def test(self, on_result: OnResult | None = None, *, elsewhere: Collection[str] = ()) -> list[NodeResult]:
        """Run every data test, but those that run elsewhere, by unique id. dbt compiles them, and only when the
        project has changed since."""
        results = []
        tests = [test for test in self.data_tests() if test.unique_id not in elsewhere]
        threads = threads_of_each(self.threads, self.warehouse)
        limits: dict[str, Any] = {"memory_limit": self.memory_limit, "threads": threads}
        for result in run_tests(self.warehouse, tests, **limits, storage=self.storage):
            results.append(result)
            if on_result:
                on_result(result)
        return results

    def data_tests(self) -> list[DataTest]:
        """What dbt makes of the data tests. Relations carry the name of the file, so that is in the stamp too."""
        kept, stamp = self.manifest_path.with_name("data_tests.json"), f"{self.fingerprint()} {self.warehouse.stem}"
        tests = read_tests(kept, stamp)
        if tests is None:
            tests = self._there(_compiled_tests)
            write_tests(kept, stamp, tests)
        return tests

    def compiled_sql(self, names: Collection[str], *, increment: bool = False) -> dict[str, str]:
        """By unique id: the SQL of some models as a full build runs it, or an increment of every incremental one."""
        arguments = ["compile", "--no-write-json", "--no-populate-cache", "--select", *sorted(names)]
        dbt = replace(self, variables={**self.variables, "increment": True}) if increment else self
        results = dbt._results([*arguments, *([] if increment else ["--full-refresh"])])
        return {result.node.unique_id: str(result.node.compiled_code) for result in results}

    def rendered(self, text: str) -> str:
        """What the macros of the project make of a text of Jinja."""
        arguments = ["compile", "--no-write-json", "--no-populate-cache", "--inline", text]
        (result,) = self._results(arguments)
        return str(result.node.compiled_code)

    def compiled(self) -> dict[str, Any]:
        """The manifest with the SQL of every model as a full build runs it: `compiled_code` of each node."""
        self._invoke(["compile", "--full-refresh"])
        return _read_manifest(self.manifest_path)

    def unit_test(self) -> dict[str, str]:
        """By unique id: `pass` of a unit test of the models, or the rows that it expects beside those it found.

        They need the upstream tables to exist, not to hold rows. Those rows are made up, unlike what others may quote.
        """
        results = self._results(["test", "--no-write-json", "--resource-type", "unit_test"])
        of_tests = (result for result in results if result.node.resource_type == "unit_test")
        return {result.node.unique_id: str(result.message or result.status) for result in of_tests}

    def _invoke(self, arguments: Sequence[str], on_result: OnResult | None = None) -> list[NodeResult]:
        done = self._results(arguments, on_result)
        results = [_from_result(result) for result in done]
        for result in results:
            if result.resource_type not in _RESOURCES and result.status not in ("success", "pass"):
                raise DbtFailed(f"dbt {arguments[0]}: {result.name} failed: {result.message}")
        return [result for result in results if result.resource_type in _RESOURCES]

    def _results(self, arguments: Sequence[str], on_result: OnResult | None = None) -> list[Any]:
        """One invocation of dbt on the parsed project, with dbt's own results."""
        parsed = self._parsed_by_dbt(tests=arguments[0] != "build")
        return list(getattr(self._run(arguments, parsed=parsed, on_result=on_result), "results", []))

    def _run(self, arguments: Sequence[str], *, parsed: Any, on_result: OnResult | None = None) -> Any:
        """What one invocation of dbt returns; it parses the project when it is not given parsed."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # dbt costs 3 s to import
        from dbt.cli.main import dbtRunner
        from dbt_common.behavior_flags import BehaviorFlagRendered

        # a text of warnings that nobody reads, for which dbt reads the source of every frame on the stack
        BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]

        def listen(event: Any) -> None:
            if on_result and event.info.name == "NodeFinished":
                info = event.data.node_info
                if info.resource_type in _RESOURCES:
                    on_result(_from_event(event.data))

        with _environment(
            HATINH_DBT_WAREHOUSE=str(self.warehouse),
            HATINH_DBT_THREADS=str(self.threads),
            HATINH_DBT_MEMORY=self.memory_limit,
            HATINH_DBT_SPATIAL=spatial_extension(),
            HATINH_DBT_SEEDS=self._seeds_in_project(),
            HATINH_DBT_STORAGE=self.storage.address if self.storage else "",
            HATINH_DBT_STORAGE_CREDENTIALS=str(self.storage.credentials) if self.storage else "",
            DBT_SEND_ANONYMOUS_USAGE_STATS="false",
            DO_NOT_TRACK="1",
        ):
            try:
                outcome = dbtRunner(parsed, callbacks=[listen] if on_result else []).invoke(
                    [
                        "--log-level",
                        "none",
                        "--log-level-file",
                        "none",
                        "--no-version-check",
                        *arguments,
                        "--project-dir",
                        str(self.project),
                        "--profiles-dir",
                        str(self.project),
                        "--target-path",
                        str(self.manifest_path.parent),
                        # made even when nothing is logged; in production the project is read-only
                        "--log-path",
                        str(self.manifest_path.parent),
                        "--vars",
                        json.dumps(dict(self.variables)),
                    ]
                )
            finally:
                DuckDBConnectionManager.close_all_connections()
        if outcome.exception is not None:
            raise DbtFailed(f"dbt {arguments[0]} failed: {outcome.exception}") from outcome.exception
        return outcome.result


# ------------------------------------------------------------------ what runs in the process of dbt, where there is one
def _ignore(_: object) -> None:
    pass


def _parse(_: object, dbt: Dbt) -> None:
    with dbt._parsed():
        pass


_prepared: dict[str, Any] = {}
"""dbt's own manifest for the next build, under its stamp: it is read while the run still loads."""


def _prepare(dbt: Dbt) -> None:
    manifest = dbt._parsed_by_dbt(tests=False)
    _prepared[(dbt.manifest_path.with_name(_STAMP)).read_text()] = manifest


def _build(report: OnResult, dbt: Dbt, *arguments: Any) -> list[NodeResult]:
    return dbt._built(*arguments, on_result=report)


def _compiled_tests(_: object, dbt: Dbt) -> list[DataTest]:
    arguments = ["compile", "--select", "resource_type:test", "--no-populate-cache", "--no-write-json"]
    results = dbt._results(arguments)
    return [DataTest.of_node(result.node) for result in results if result.node.resource_type == "test"]


def _read_manifest(path: Path) -> dict[str, Any]:
    """dbt's manifest without ephemeral models: dbt inlines them, so what reads one reads its parents."""
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    nodes, parent_map = manifest["nodes"], manifest["parent_map"]
    inlined = {unique_id for unique_id, node in nodes.items() if node["config"].get("materialized") == "ephemeral"}

    def resolved(parents: Sequence[str]) -> Iterator[str]:
        for parent in parents:
            if parent in inlined:
                yield from resolved(parent_map[parent])
            else:
                yield parent

    manifest["nodes"] = {unique_id: node for unique_id, node in nodes.items() if unique_id not in inlined}
    manifest["parent_map"] = {
        unique_id: sorted(set(resolved(parents)))
        for unique_id, parents in parent_map.items()
        if unique_id not in inlined
    }
    return manifest


def spatial_extension() -> str:
    """The file of DuckDB's spatial extension, from its package: nothing is downloaded. Models that need it load it.

    Raises:
        DbtFailed: the package has none for this version of DuckDB.
    """
    import duckdb

    found = find_spec("duckdb_extension_spatial")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
        if file.is_file():
            return str(file)
    raise DbtFailed(f"duckdb-extension-spatial {duckdb.__version__} is not installed: run `make install`.")


def _from_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=result.node.unique_id,
        resource_type=str(result.node.resource_type),  # type: ignore[arg-type]
        name=result.node.name,
        status=_status(str(result.status)),
        message=_first_line(result.message),
        failures=result.failures,
        seconds=float(result.execution_time),
    )


def _from_event(data: Any) -> NodeResult:
    return NodeResult(
        unique_id=data.node_info.unique_id,
        resource_type=data.node_info.resource_type,
        name=data.node_info.node_name,
        status=_status(data.run_result.status),
        message=_first_line(data.run_result.message),
        failures=data.run_result.num_failures,
        seconds=float(data.run_result.execution_time),
    )


def _status(text: str) -> Status:
    known: dict[str, Status] = {
        "success": "success",
        "pass": "pass",
        "warn": "warn",
        "fail": "fail",
        "skipped": "skipped",
    }
    return known.get(text, "error")


def _first_line(message: Any) -> str:
    """dbt's message without the lines that may show values of rows."""
    return str(message or "").strip().splitlines()[0] if message else ""


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Environment variables for the length of one invocation: dbt's profile reads its settings there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
