"""The complete pipeline in plain Python: land, load, build, judge, release, publish.

One function per step, each with a typed result, and `run`, which calls them in order. The Dagster assets, the tests and
the benchmark call these functions and nothing else. What has changed since the last run, whether everything is built
again and why, which verdicts still hold and which tables can be compared with the last release is decided here;
`unchanged.py` decides whether there is anything to do at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pipelines.beside import threads_of_each
from pipelines.catalogue.pages import pages as descriptions
from pipelines.landing.deliveries import Delivery, deliveries
from pipelines.landing.drop import DropReport, intake
from pipelines.landing.pull import PullError, failed_pulls, read_credentials
from pipelines.language import record, recorded, tr
from pipelines.periods import VIETNAM
from pipelines.platform import Platform, Progress
from pipelines.quality.gate import judge as judge_targets
from pipelines.quality.gx import validate
from pipelines.quality.record import read_verdicts, write_verdicts
from pipelines.quality.registries import faults
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.reasons import refusal_in_words
from pipelines.release.about import about_of
from pipelines.release.files import ReleaseError
from pipelines.release.places import Place, PlaceError, Published, address_of
from pipelines.release.publish import Outcome
from pipelines.release.publish import publish as publish_release
from pipelines.release.released import Release
from pipelines.release.runs import RunInfo, RunLog, RunStatus
from pipelines.scoreboard.model import model
from pipelines.scoreboard.pages import pages, place_of, prepare
from pipelines.scoreboard.statistics import overdue
from pipelines.scoreboard.words import number
from pipelines.settings import Settings
from pipelines.sources import all_sources
from pipelines.sources.base import Source
from pipelines.transform.dbt_results import NodeResult
from pipelines.transform.lineage import registries_of_tests, untouched
from pipelines.transform.marts import Mart
from pipelines.unchanged import inputs_digest
from pipelines.warehouse.connection import get_state, set_state
from pipelines.warehouse.load import (
    FileLoad,
    LoadReport,
    file_outcomes,
    quarantine_counts,
    refused_files,
    repeated_files,
    rows_lost,
    source_totals,
    stored_file,
    truncated_files,
    unread_columns,
)
from pipelines.warehouse.load import (
    load as load_files,
)
from pipelines.warehouse.obstacles import refuse_obstacles
from pipelines.warehouse.pseudonyms import read_key

if TYPE_CHECKING:
    import duckdb


class NotJudged(RuntimeError):
    """The tables in the warehouse were not judged after they were built, so nothing of them may go out."""


class WrongProvince(RuntimeError):
    """The warehouse is another province's. The message names both."""


@dataclass(frozen=True)
class Loaded:
    """What the load did, by source: the files of this run, and the totals of all active files of the source."""

    reports: Mapping[str, LoadReport]
    totals: Mapping[str, dict[str, Any]]
    seconds: float


@dataclass(frozen=True)
class Built:
    """What dbt did with each seed and model. `rebuild_reason` states why everything was built again, None if it was
    not.

    With `verdicts_hold` nothing was built: rows, models, expectations and limits are those of the last judgement.
    """

    results: tuple[NodeResult, ...]
    rebuild_reason: str | None
    verdicts_hold: bool
    seconds: float
    is_partial: bool = False
    """Whether only some models were asked for. The others are in the warehouse as they were."""

    @property
    def changed(self) -> dict[str, NodeResult]:
        """The nodes that were built in this run, by their unique id."""
        return {result.unique_id: result for result in self.results if result.status != "unchanged"}

    @property
    def is_complete(self) -> bool:
        return not self.is_partial and all(result.status in ("success", "unchanged") for result in self.results)


@dataclass(frozen=True)
class Judged:
    """The verdict of each target, and the rows of each table as `schema.table`."""

    verdicts: Mapping[str, Verdict]
    rows: Mapping[str, int]
    seconds: float


@dataclass
class Run:
    """The run in progress, as `versions.json` records it."""

    info: RunInfo
    status: RunStatus = "failed"
    error: str | None = "the run ended before its release"
    release: str | None = None
    is_partial: bool = False
    """Whether only some targets or steps were asked for."""
    targets: dict[str, str] = field(default_factory=dict)
    loads: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    """Files that stay in the drop folder, each with the reason."""
    place: Published | None = None
    """What came of the publication at the place that is set."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By step, in order."""

    def record(self, result: DropReport | Loaded | Outcome | Published | None) -> None:
        if isinstance(result, DropReport):
            self.left = {left.path: left.reason for left in (*result.unsettled, *result.unknown, *result.failed)}
        elif isinstance(result, Loaded):
            self.loads |= result.totals
        elif isinstance(result, Published):
            self.place = result
        elif result is not None:
            self.status, self.error = result.status, None
            self.release, self.targets = result.release_id, dict(result.targets)


@contextmanager
def hold(platform: Platform, run_id: str) -> Iterator[Run]:
    """Hold the warehouse for one run, and record its beginning and its end.

    Raises:
        WarehouseBusy: another process holds the warehouse.
    """
    named = ("province_code", "portal_code", "province_name", "province_box", "min_cell_count")
    settings = {name: getattr(platform.settings, name) for name in named}
    started = platform.now()
    run = Run(RunInfo(run_id, started, platform.code_version, settings, platform.dbt.fingerprint()))
    log = RunLog(platform.settings.marts)

    def timed(progress: Progress) -> None:
        if progress.seconds is not None:
            run.seconds[progress.step] = round(run.seconds.get(progress.step, 0.0) + progress.seconds, 3)

    with platform.warehouse.hold(f"run {run_id}", started), platform.listening(timed):
        log.begin(run.info)
        platform.dbt.start()
        try:
            yield run
        except Exception as error:
            run.error = type(error).__name__  # a message may quote data
            raise
        else:
            if run.is_partial and run.error is None:
                run.status = "partial"
        finally:
            log.finish(
                run_id,
                platform.now(),
                run.status,
                release=run.release,
                error=run.error,
                targets=run.targets,
                loads=run.loads,
                left=run.left,
                place=asdict(run.place) if run.place else None,
                seconds=run.seconds,
            )


def run(platform: Platform, run_id: str, *, targets: Collection[str] = ()) -> Outcome:
    """All steps in order, under the lock of the warehouse.

    Args:
        targets: load, build and judge only what these rest on; the other tables stay as they were last judged.

    Raises:
        WarehouseBusy, KeyProblem, DbtFailed, SuiteError, GateError, ReleaseError: each states what to do. Readers keep
            the last release.
    """
    with hold(platform, run_id) as current:
        current.is_partial = bool(targets)
        marts = [mart for mart in platform.project.marts if mart.target in targets]
        needed = {source for mart in marts for source in mart.sources}
        current.record(land(platform))
        current.record(load(platform, [all_sources()[name] for name in sorted(needed)] if targets else None))
        judge(platform, build(platform, [mart.name for mart in marts]), run_id)
        outcome = release(platform, current.info)
        current.record(outcome)
        current.record(publish(platform))
        return outcome


def land(platform: Platform) -> DropReport:
    """Take the files of the drop folder into the landing; what cannot be taken stays there, with its reason."""
    with platform.step("land") as step:
        report = intake(
            platform.landing,
            platform.settings.drop,
            all_sources(),
            settle_seconds=platform.settings.drop_settle_seconds,
            now=platform.now,
            sleep=platform.sleep,
        )
        for receipt in report.landed:
            step.report(tr("landed {place}: {name}", place=f"{receipt.source}/{receipt.partition}", name=receipt.name))
        for left in (*report.unsettled, *report.unknown, *report.failed):
            step.report(tr("left in the drop folder: {path} {reason}", path=left.path, reason=left.reason))
        if report.empty:
            places = ", ".join(report.empty[:5]) + (", …" if len(report.empty) > 5 else "")
            step.report(
                tr(
                    "empty in the drop folder: {places}. If a file should have come in one, copy it again.",
                    places=places,
                )
            )
    return report


def load(
    platform: Platform,
    sources: Iterable[Source] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Loaded:
    """Load the active files of the sources, of all by default, that the warehouse does not have yet.

    Args:
        connection: open on the warehouse, for a caller that loads source by source; else one is opened and closed.

    Raises:
        KeyProblem: there is no key, or it is not the one that the warehouse was loaded with.
        WrongProvince: the warehouse was loaded for another province.
    """
    reports: dict[str, LoadReport] = {}
    not_fetched: dict[str, list[str]] = {}
    key = read_key(platform.settings.pseudonym_key)
    with platform.step("load") as step, ExitStack() as opened:
        connection = connection or opened.enter_context(platform.warehouse.connect())
        _remember_province(connection, platform.settings)
        for source in all_sources().values() if sources is None else sources:
            active = platform.landing.active(source.name)

            def loaded(file: FileLoad, source: Source = source) -> None:
                step.report(f"{source.name}/{file.partition} {file.name}: {_account(file)}")

            report = load_files(
                connection,
                source,
                active,
                stored_file(platform.settings.raw),
                key=key,
                max_record_bytes=platform.settings.max_record_mb << 20,
                progress=loaded,
                elsewhere=platform.rows_elsewhere if source.name in platform.feeds_elsewhere else None,
            )
            if report.reread:
                step.report(
                    tr(
                        "{source}: {count} files were read again: a rule, a setting or a registry that they are read "
                        "with, or their day, has changed",
                        source=source.name,
                        count=report.reread,
                    )
                )
            not_fetched[source.name] = [
                f"{period}: {note}" for period, note in failed_pulls(platform.settings.raw, source.name).items()
            ]
            for note in not_fetched[source.name]:
                step.report(f"{source.name}/{note} (" + tr("not fetched: the files that landed before are used") + ")")
            reports[source.name] = report
        totals = {
            name: found | {"not_fetched": not_fetched[name]}
            for name, found in source_totals(connection, reports).items()
        }
        return Loaded(reports, totals, step.seconds())


def _remember_province(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """One warehouse is of one province: rows of two would be counted as one."""
    remembered = get_state(connection, "province_code")
    if remembered is None:
        set_state(connection, "province_code", settings.province_code)
    elif remembered != settings.province_code:
        raise WrongProvince(
            tr(
                "{data} holds province {remembered}, and the settings are of {province_code} "
                "({province_name}). Give each province its own HATINH_DATA_DIR, or `hatinh rebuild` this one",
                data=settings.data,
                remembered=remembered,
                province_code=settings.province_code,
                province_name=settings.province_name,
            )
        )


def build(platform: Platform, models: Collection[str] = ()) -> Built:
    """Build what the new rows and the changed project ask for.

    Everything is built again when a model, macro, seed or setting has changed, or when a file was taken out; else the
    models that rest on a feed with new files. Nothing is built when the last verdicts still hold.

    Args:
        models: build only these, with all that they are computed from; all by default.

    Raises:
        DbtFailed: dbt could not start its work.
    """
    project = platform.project
    with platform.step("build") as step:
        with platform.warehouse.connect() as connection:
            reason = get_state(connection, "rebuild_because")
            if get_state(connection, "fingerprint") != project.fingerprint:
                reason = reason or record("models, macros, seeds or settings changed")
            engine = platform.settings.rows_of_dossiers
            if (get_state(connection, "engine") or "duckdb") != engine:
                reason = reason or record("the engine is another one")
            if not reason and get_state(connection, "checked") == _judged_state(platform, connection):
                step.report(tr("nothing changed since the last check"))
                return Built((), None, verdicts_hold=True, seconds=step.seconds())
            rests = frozenset[str]() if reason else untouched(project.manifest, _changed_feeds(connection))
            if models and not get_state(connection, "built_by"):
                write_verdicts(connection, {})  # tables were built and not judged: no former verdict is about them
            set_state(connection, "built_by", "")  # the evidence of the former build is no evidence of this one
            set_state(connection, "checked", "")
        if platform.beside.start():
            platform.beside.begin(prepare)  # it has nothing else to do until the tables are built
        if reason:
            step.report(tr("full rebuild: {reason}", reason=recorded(reason)))
        total, done = _buildable(project.manifest), 0

        def node_built(result: NodeResult) -> None:
            nonlocal done
            done += 1
            is_good = result.status in ("success", "pass")
            message = "" if is_good else f"{result.resource_type} {result.name}: {result.status} {result.message}"
            step.report(message, min(done, total), total)

        asked_for = [f"+{name}" for name in sorted(models)] + registries_of_tests(project.manifest, models)
        select = " ".join(asked_for) or None
        results = platform.models.build(full_refresh=bool(reason), on_result=node_built, select=select, untouched=rests)
        refuse_obstacles(result.message for result in results)
        built = Built(tuple(results), reason, verdicts_hold=False, seconds=step.seconds(), is_partial=bool(models))
        if built.is_complete:
            with platform.warehouse.connect() as connection:
                set_state(connection, "fingerprint", project.fingerprint)
                set_state(connection, "engine", engine)
                set_state(connection, "built_load", str(_last_load(connection)))
                connection.execute("delete from meta.state where key = 'rebuild_because'")
        unchanged = len(results) - len(built.changed)
        step.report(
            tr(
                "built {count} seeds, views and tables; {unchanged} are unchanged",
                count=len(built.changed),
                unchanged=unchanged,
            )
        )
    return built


def judge(platform: Platform, built: Built, run_id: str) -> Judged:
    """Run every dbt test and expectation on what was built, and give each target its verdict.

    Raises:
        GateError: the warehouse or the last release cannot be read.
    """
    project = platform.project
    with platform.step("judge") as step:
        if built.verdicts_hold:
            with platform.warehouse.connect() as connection:
                set_state(connection, "built_by", run_id)
                return Judged(read_verdicts(connection), _row_counts(connection), step.seconds())

        def tested(result: NodeResult) -> None:
            if result.status not in ("success", "pass"):
                step.report(f"{result.resource_type} {result.name}: {result.status} {result.message}")

        last = platform.releases.current()
        judged = _targets_built(project.marts, built)
        expectations = partial(
            validate,
            platform.settings.warehouse,
            {mart.name: project.suites[mart.name] for mart in judged if mart.name in project.suites},
            {mart.name: mart.relation for mart in judged},
            last_release=last.path / "marts.duckdb" if last else None,
            comparable=comparable_tables(platform, last),
            memory_limit=platform.settings.memory_limit,
            threads=threads_of_each(platform.settings.threads, platform.settings.warehouse),
            storage=platform.warehouse.storage,
        )
        # both read the warehouse; the tests of an engine write what they need into it
        if platform.settings.engine == "duckdb":
            platform.dbt.data_tests()  # dbt compiles them, with the file open to write
            waiting = platform.beside.begin(expectations)
            tests = platform.models.test(tested)
        else:
            tests = platform.models.test(tested)
            waiting = platform.beside.begin(expectations)
        refuse_obstacles(result.message for result in tests)
        found = waiting()
        with platform.warehouse.connect() as connection:
            validated = {mart.name for mart in judged} if built.is_partial else None
            verdicts = _verdicts(platform, connection, [*built.results, *tests], found, validated)
            if built.is_partial:
                targets = {mart.target for mart in judged}
                verdicts = {target: verdict for target, verdict in verdicts.items() if target in targets}
                verdicts = read_verdicts(connection) | verdicts
            write_verdicts(connection, verdicts)
            set_state(connection, "built_by", run_id)
            if built.is_complete and all(verdict.is_final for verdict in verdicts.values()):
                set_state(connection, "checked", _judged_state(platform, connection))
            rows = _row_counts(connection)
        for verdict in verdicts.values():
            step.report(tr("gate: {target} {verdict}", target=verdict.target, verdict=_in_words(verdict)))
        return Judged(verdicts, rows, step.seconds())


def _targets_built(marts: Sequence[Mart], built: Built) -> list[Mart]:
    """The marts of the targets of which every mart was asked for: a target is judged as one."""
    if not built.is_partial:
        return list(marts)
    names = {result.name for result in built.results}
    left_out = {mart.target for mart in marts if mart.name not in names}
    return [mart for mart in marts if mart.target not in left_out]


def release(platform: Platform, info: RunInfo) -> Outcome:
    """Publish what passed, atomically; a target that did not pass keeps the tables of the last release.

    Raises:
        NotJudged: the tables of the warehouse were built and not judged.
        ReleaseError: the release cannot be written, or does not read back. Readers keep the last release.
    """
    with platform.step("release") as step:

        def protecting(quarters: str, done: int, total: int) -> None:
            step.report(
                tr(
                    "open edition: protecting {quarters}, once ({done} of {total} quarters are done)",
                    quarters=quarters,
                    done=done,
                    total=total,
                ),
                done,
                total,
            )

        with platform.warehouse.connect() as connection:
            if not get_state(connection, "built_by"):
                raise NotJudged(
                    tr("The models in the warehouse were not checked to the end. Run the complete job: `hatinh run`.")
                )
            if pin := platform.releases.pinned():
                step.report(tr("nothing is released: {pin}", pin=pin))
                return _kept_by_pin(platform, read_verdicts(connection))
            threads = threads_of_each(platform.settings.threads, platform.settings.warehouse)
            connection.execute(f"set threads = {threads}")
            outcome = publish_release(
                connection,
                platform.settings.marts,
                platform.project.marts,
                read_verdicts(connection),
                list(_files(platform, connection)),
                info,
                platform.now(),
                about=about_of(platform.settings),
                pages=[
                    *pages(place_of(platform.settings)),
                    model(place_of(platform.settings)),
                    *descriptions(platform.settings),
                ],
                open_pages=[model(place_of(platform.settings)), *descriptions(platform.settings)],
                vault=platform.settings.vault,
                announce=protecting,
                retired=platform.project.retired,
                begin=platform.beside.begin,
            )
            # what is held back keeps quarters out of the open edition in the same way as long as it is
            is_open_settled = not outcome.open_blocked or outcome.held_back
            is_settled = get_state(connection, "checked") and not outcome.undrawn and is_open_settled
            if is_settled and is_all_loaded(platform, connection):
                set_state(connection, "released", f"{inputs_digest(platform)} {outcome.release_id}")
        step.report(f"release {outcome.release_id or '-'}: {outcome.status}")
        if outcome.open_blocked:
            step.report(tr("the open edition has no new quarters: {reason}", reason=recorded(outcome.open_blocked)))
        for path, reason in outcome.undrawn.items():
            step.report(
                tr(
                    "{path} could not be drawn ({reason}). The tables are out; the next run tries again.",
                    path=path,
                    reason=reason,
                )
            )
    return outcome


def is_all_loaded(platform: Platform, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether every active file was read. A run of some targets lands files of other sources and does not load them."""
    read = set(connection.execute("select source, sha256, name from raw.files").fetchall())
    return all((name, r.sha256, r.name) in read for name in all_sources() for r in platform.landing.active(name))


def _kept_by_pin(platform: Platform, verdicts: Mapping[str, Verdict]) -> Outcome:
    """What readers keep while they are pinned, and what the gate found meanwhile."""
    current = platform.releases.current()
    states = {target: "passed" if verdict.passed else "held_back" for target, verdict in verdicts.items()}
    if current is None:
        return Outcome("pinned", None, targets=states)
    return Outcome("pinned", current.id, list(current.held_back), current.files, states)


def publish(platform: Platform) -> Published | None:
    """Copy the current release to the place that is set; None where none is.

    The release is out here whatever comes of it: what the place refuses is recorded, and the next run tries again.
    """
    settings, release = platform.settings, platform.releases.current()
    if settings.publish is None or release is None:
        return None
    with platform.step("publish") as step:
        address, edition = address_of(settings.publish), settings.publish_edition
        try:
            place = Place(settings.publish, read_credentials(settings.credentials, "publish"))
            done = place.publish(release, platform.now(), edition)
        except (PlaceError, PullError) as error:
            done = Published(address, edition, "failed", release.id, str(error))
        step.report(f"{done.place}: {done.status} {done.error or done.release}")
    return done


def recorded_verdicts(platform: Platform) -> dict[str, Verdict]:
    """The verdicts on record in the warehouse, by target."""
    with platform.warehouse.connect() as connection:
        return read_verdicts(connection)


def expected_deliveries(platform: Platform, *names: str) -> list[Delivery]:
    """The sources, all or those named, that are expected to deliver, each with whether it is late by the clock."""
    settings, sources = platform.settings, all_sources()
    return deliveries(
        platform.landing,
        {name: sources[name] for name in names or sources},
        platform.now(),
        overrides=settings.deliveries,
        addresses=settings.addresses,
    )


def overdue_publications(platform: Platform) -> list[str]:
    """One line per publisher whose next figures were expected by today; empty before the first release."""
    current = platform.releases.current()
    return overdue(current.path, platform.now().astimezone(VIETNAM).date()) if current else []


def comparable_tables(platform: Platform, last: Release | None) -> frozenset[str]:
    """Tables of the last release that checks of drift compare with: those whose files are all active still.

    Withdrawing a file, or adding the first real one beside the samples, is meant to change the figures. A table that
    was held back is as old as the release that it came from; where that was pruned, it is not compared.
    """
    if last is None:
        return frozenset()
    active = {receipt.sha256 for source in all_sources() for receipt in platform.landing.active(source)}
    came_from = {held.target: _kept_release(platform, held.last_good_release) for held in last.held_back}
    return frozenset(
        mart.name
        for mart in platform.project.marts
        if (origin := came_from.get(mart.target, last)) and _files_of(origin, mart.sources) <= active
    )


def _files_of(origin: Release, sources: Collection[str]) -> set[str]:
    """Digests of the loaded files of some sources, as a release names them."""
    return {
        file["sha256"]
        for file in origin.package["sources"]
        if file["title"] in sources and file.get("status", "loaded") == "loaded"
    }


def _kept_release(platform: Platform, release_id: str | None) -> Release | None:
    with suppress(ReleaseError):
        return platform.releases.get(release_id or "")
    return None


def _verdicts(
    platform: Platform,
    connection: duckdb.DuckDBPyConnection,
    results: list[NodeResult],
    expectations: list[Evidence],
    validated: Collection[str] | None,
) -> dict[str, Verdict]:
    """The gate's verdicts on all evidence: dbt's results, expectations, the state of the loads and the registries."""
    sources, settings = all_sources(), platform.settings
    # a source without files has been loaded too: nothing of it is in quarantine
    quarantined = {**dict.fromkeys(sources, (0, 0)), **quarantine_counts(connection)}
    unread = unread_columns(connection)
    return judge_targets(
        platform.project.marts,
        platform.project.manifest,
        results,
        expectations,
        platform.project.suites,
        quarantined=quarantined,
        max_quarantined_pct=settings.max_quarantined_pct,
        truncated=truncated_files(connection),
        # a complete statement has no other file that could tell how much it lost
        lost={name: files for name, files in rows_lost(connection).items() if sources[name].subject is None},
        refused=refused_files(connection),
        # in other sources a new field is drift, which the load reports once
        unread={name: files for name, files in unread.items() if sources[name].has_forms},
        stand_alone={source.name for source in sources.values() if source.rows_stand_alone},
        emptied={name for name, (rows, _) in quarantined.items() if not rows and _supersedes(platform, name)},
        repeated=repeated_files(connection),
        faults=faults(settings.seeds, settings.methods, settings.province_code),
        validated=validated,
    )


def _supersedes(platform: Platform, source: str) -> bool:
    """Whether the active files replace others: samples that were superseded, or files that were withdrawn."""
    active = len(platform.landing.active(source))
    return 0 < active < len(platform.landing.receipts(source))


def _files(platform: Platform, connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """The receipts of the files that the warehouse was given or that were withdrawn, each with what became of it."""
    fields = ("source", "name", "sha256", "landed_at", "licence", "address", "synthetic", "bytes", "extracted_on")
    for source in all_sources():
        known = file_outcomes(connection, source)
        for receipt in platform.landing.receipts(source):
            stated: dict[str, Any] | None = None
            if receipt.withdrawn:
                stated = {"status": "withdrawn", "reason": receipt.withdrawn.reason}
                stated["withdrawn_at"] = receipt.withdrawn.at.isoformat()
            elif outcome := known.get((receipt.sha256, receipt.name)):
                stated = {name: value for name, value in asdict(outcome).items() if value is not None}
            if stated:
                yield {name: getattr(receipt, name) for name in fields} | stated


def _judged_state(platform: Platform, connection: duckdb.DuckDBPyConnection) -> str:
    """What the verdicts depend on besides the models: expectations, limits, sources, files and the last load."""
    limit, methods = platform.settings.max_quarantined_pct, platform.settings.methods
    pages = sorted(page.name for page in methods.glob("*.md")) if methods else []
    files = connection.execute("select file_no, sha256, name from raw.files order by file_no").fetchall()
    emptied = [name for name in all_sources() if _supersedes(platform, name)]
    about = (sorted(platform.project.suites.items()), limit, sorted(all_sources()), pages, files, emptied)
    text = repr(about)
    return f"{hashlib.sha256(text.encode()).hexdigest()} {_last_load(connection)}"


def _last_load(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(load_no), 0) from raw.files").fetchone()
    return int(row[0]) if row else 0


def _changed_feeds(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The sources of which files were loaded since the last complete build."""
    built = int(get_state(connection, "built_load") or 0)
    changed = connection.execute(
        f"select distinct source from raw.files where load_no > {built} and rows_loaded > 0"
    ).fetchall()
    return {str(source) for (source,) in changed}


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of every table by `schema.table`, from the catalogue: nothing is scanned."""
    tables = "select schema_name, table_name, estimated_size from duckdb_tables() where not internal"
    return {f"{schema}.{table}": int(rows) for schema, table, rows in connection.execute(tables).fetchall()}


def _buildable(manifest: Mapping[str, Any]) -> int:
    """How many seeds and models a full build has."""
    return sum(node["resource_type"] in ("seed", "model") for node in manifest["nodes"].values())


def _account(file: FileLoad) -> str:
    """What became of a file's rows, as one sentence."""
    if file.refusal:
        outcome = tr("{count} rows: {refusal}", count=number(file.rows_in), refusal=refusal_in_words(file.refusal))
    else:
        outcome = tr(
            "{count} rows = {loaded} loaded + {quarantined} quarantined",
            count=number(file.rows_in),
            loaded=number(file.rows_loaded),
            quarantined=number(file.rows_quarantined),
        )
    if file.rows_elsewhere:
        outcome += ", " + tr("beside {count} of other places", count=number(file.rows_elsewhere))
    if file.unexpected_fields:
        outcome += "; " + tr("columns not read: {names}", names=", ".join(file.unexpected_fields))
    return outcome


def _in_words(verdict: Verdict) -> str:
    if not verdict.passed:
        return tr("held back: {check}", check=verdict.blocking[0].check)
    warned = sorted({warning.check for warning in verdict.warnings})
    return tr("passed, warned by {checks}", checks=", ".join(warned)) if warned else tr("passed")
