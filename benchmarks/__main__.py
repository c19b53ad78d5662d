"""What the platform costs: `python -m benchmarks` runs the pipeline beside the bare script on the same files, in turn.

Each run is one process from nothing to Parquet. Of every pair the figures are compared, row by row and column by
column: a comparison of times between programs that disagree would be meaningless. Results are Markdown on stdout.

    python -m benchmarks                      100 thousand and 1 million dossiers, three runs each
    python -m benchmarks --rows 5000 --runs 1 --phases
    python -m benchmarks --daily              the day after 1 million: 5,000 records, beside a full rebuild
    python -m benchmarks --peers              other tools on the same files (benchmarks/peers), 1 million, in their own
                                              environments, which uv makes below --work: 1.6 GB from PyPI the first time
    python -m benchmarks --rows 1000000 --runs 1 --write    into docs/performance.md with its plot
    python -m benchmarks --engine sail --rows 10000000      DuckDB beside Sail; sc://host:port: another engine

The open edition protects each closed quarter once, in about 12 s. One run before the measured ones does so; they get
its vault, and the difference is stated apart.

Exit code 1: figures differ (tables, columns and counts on stderr), or a run failed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.engines import SAIL, compare, sail_server
from benchmarks.engines import table as engine_table
from benchmarks.environments import PEERS, Peer, install
from benchmarks.figures import differences
from benchmarks.pipeline import PHASES, Pipeline
from benchmarks.processes import Measured, ProgramError, measure
from benchmarks.report import BARE, ENGINES, MODELS, PIPELINE, Comparison, Size, comparison, draw, section, table, write
from benchmarks.report import PEERS as PEERS_SECTION

PROJECT = Path(__file__).resolve().parent.parent
SEED, FIRST, LAST, NEXT_DAY = 42, date(2025, 1, 1), date(2026, 10, 10), date(2026, 10, 11)
DELTA_ROWS = 5_000
OF_PEERS = {"GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
"""Environment of what is measured beside the pipeline."""


@dataclass(frozen=True)
class Sample:
    """Files of synthetic dossiers without errors; a dossier comes again in each month in which it changed."""

    files: tuple[Path, ...]
    dossiers: int
    records: int

    def __str__(self) -> str:
        size = sum(file.stat().st_size for file in self.files) / 1e6
        return f"{self.dossiers:,} dossiers in {self.records:,} records ({len(self.files)} files, {size:,.0f} MB gzip)"


@dataclass(frozen=True)
class Bench:
    """What all measurements share: the pipeline under test, a folder to work in, and how often each is run."""

    pipeline: Pipeline
    work: Path
    runs: int

    def bare(self, raw: Path, out: Path) -> Measured:
        """The bare script over the files of `raw`."""
        return self._program("bare", out, raw=raw, seeds=self.pipeline.seeds)

    def models(self, data: Path, manifest: dict[str, Any], out: Path) -> Measured:
        """The SQL of every model over a copy of the warehouse of `data`; making the copy is not measured."""
        copy, compiled = self.work / "copy", self.work / "compiled.json"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        shutil.copy2(data / "warehouse" / "warehouse.duckdb", copy)
        compiled.write_text(json.dumps(manifest), encoding="utf-8")
        return self._program("models", out, warehouse=copy / "warehouse.duckdb", manifest=compiled)

    def peer(self, peer: Peer, python: Path, raw: Path, out: Path) -> Measured:
        """A peer over the files of `raw`, in its own environment."""
        return self._program(f"peers.{peer.name}.build", out, python=python, raw=raw, seeds=self.pipeline.seeds)

    def _program(self, program: str, out: Path, *, python: Path = Path(sys.executable), **given: Path) -> Measured:
        """A program of this folder that writes into an empty `out`, with the limits that the pipeline has."""
        shutil.rmtree(out, ignore_errors=True)
        options = {**given, "out": out, "threads": self.pipeline.threads, "memory": self.pipeline.memory}
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return measure(
            [str(python), "-m", f"benchmarks.{program}", *(f"--{name}={value}" for name, value in options.items())],
            cwd=PROJECT,
            environment=inherited | {**OF_PEERS, "POLARS_MAX_THREADS": str(self.pipeline.threads)},
            log=self.work / f"{program}.log",
        )

    def fresh(self, files: Sequence[Path], data: Path, vault: Path | None = None) -> Measured:
        """The pipeline over `files`, in a data folder that is new."""
        shutil.rmtree(data, ignore_errors=True)
        return self.pipeline.run(data, files, vault)

    def first(self, files: Sequence[Path], data: Path) -> tuple[Path, float]:
        """A run that protects the closed quarters of the open edition: its vault, kept, and the seconds it released."""
        run, kept = self.fresh(files, data), self.work / "vault"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(data / "vault", kept)
        return kept, self.pipeline.phases(data, run)["release"]

    def warm_up(self) -> None:
        """One small run that is not measured: dbt's parse is kept from then on, and programs are in the page cache."""
        files = self.history(2_000).files
        self.fresh(files[-1:], self.work / "data")  # one month: the open edition has no closed quarter to protect
        self.bare(files[0].parent, self.work / "bare")

    def history(self, rows: int) -> Sample:
        from samples.dossiers import write_dossiers

        out = self.work / f"sample-{rows}"
        shutil.rmtree(out, ignore_errors=True)
        report = write_dossiers(out, self.pipeline.seeds, rows=rows, seed=SEED, first=FIRST, last=LAST, dirt=0)
        return Sample(report.paths, report.dossiers, report.records)

    def delta(self, history_rows: int) -> Sample:
        from samples.dossiers import write_delta

        report = write_delta(
            self.work / "delta",
            self.pipeline.seeds,
            rows=DELTA_ROWS,
            seed=SEED,
            day=NEXT_DAY,
            history_rows=history_rows,
            history_seed=SEED,
            history_first=FIRST,
            history_last=LAST,
            dirt=0,
        )
        return Sample(report.paths, report.dossiers, report.records)

    def side_by_side(self, rows: int, *, with_phases: bool) -> tuple[Size, list[str]]:
        """Bare script, pipeline and its models alone, in turn, then the day after; and in what figures they differ."""
        from pipelines.transform.marts import marts_of

        sample, data, out, alone = self.history(rows), self.work / "data", self.work / "bare", self.work / "models"
        bare, pipeline, models, phases, found = [], [], [], [], []
        manifest: dict[str, Any] = {}
        vault, protecting = self.first(sample.files, data)
        for _ in range(self.runs):
            bare.append(self.bare(sample.files[0].parent, out))
            pipeline.append(self.fresh(sample.files, data, vault))
            phases.append(self.pipeline.phases(data, pipeline[-1]))
            found += differences(out, data / "marts" / "current")
            manifest = manifest or self.pipeline.compiled(data)
            models.append(self.models(data, manifest, alone))
            # a release merges the small rows of some marts, which the models alone do not
            keys = {mart.name: mart.key for mart in marts_of(manifest) if mart.disclosure.merge is None}
            found += differences(alone, data / "marts" / "current", keys)
        print(f"\n## {sample}: {self.runs} runs each, in turn\n")
        measured = {BARE: bare, MODELS: models, PIPELINE: pipeline}
        show(measured, found)
        middle = {phase: median(run[phase] for run in phases) for phase in PHASES}
        if with_phases:
            phase_table({PIPELINE: phases})
        open_edition = max(0.0, protecting - middle["release"])
        print(f"\nThe first release of the open edition takes {open_edition:.0f} s more, once.")
        commands = {
            "the day after, 5,000 records": self.pipeline.run(data, self.delta(rows).files),
            "nothing new": self.pipeline.run(data),
            "`hatinh status`": self.pipeline.command("status", data=data),
            "`hatinh --help`": self.pipeline.command("--help", data=data),
        }
        for name, run in commands.items():
            print(f"{name}: {run.seconds:.1f} s", flush=True)
        shutil.rmtree(data)
        return Size(rows, str(sample), measured, commands, middle, open_edition, is_equal=not found), found

    def on_engine(self, rows: int, engine: str) -> tuple[str, tuple[str, ...]]:
        """The same files on DuckDB and on an engine: the results as Markdown, and in what tables differ."""
        sample = self.history(rows)
        if engine == SAIL:
            with sail_server() as (address, server):
                compared = compare(self.pipeline, "Sail", address, [server.pid], str(sample), sample.files)
        else:
            compared = compare(self.pipeline, engine, engine, [], str(sample), sample.files)
        print(f"\n{engine_table(compared)}", flush=True)
        return engine_table(compared), compared.found

    def daily(self, rows: int, *, with_phases: bool) -> list[str]:
        """The day after `rows` dossiers: the pipeline adds it, beside pipeline and bare script over all files.

        Returns in what figures they differ.
        """
        history, delta = self.history(rows), self.delta(rows)
        before, data, full = self.work / "before", self.work / "data", self.work / "full"
        everything, out = self.work / "everything", self.work / "bare"
        shutil.rmtree(everything, ignore_errors=True)
        everything.mkdir()
        files = [Path(shutil.copy2(file, everything)) for file in (*history.files, *delta.files)]
        self.fresh(history.files, before)
        added, rebuilt, bare, found = [], [], [], []
        added_phases, rebuilt_phases, months = [], [], 0
        for _ in range(self.runs):
            shutil.rmtree(data, ignore_errors=True)
            shutil.copytree(before, data, symlinks=True)
            added.append(self.pipeline.run(data, delta.files))
            added_phases.append(self.pipeline.phases(data, added[-1]))
            months = months_rebuilt(data)
            rebuilt.append(self.fresh(files, full))
            rebuilt_phases.append(self.pipeline.phases(full, rebuilt[-1]))
            bare.append(self.bare(everything, out))
            found += differences(full / "marts" / "current", data / "marts" / "current")
            found += differences(out, data / "marts" / "current")
        print(f"\n## {delta.records:,} records of one day after {history}: {self.runs} runs each, in turn\n")
        measured = {"pipeline, all files": rebuilt, "pipeline, the day added": added, "bare script, all files": bare}
        show(measured, found)
        if with_phases:
            phase_table({"all files": rebuilt_phases, "the day added": added_phases})
        print(f"\nMonths of receipt rebuilt: {months} of {months_between(FIRST, NEXT_DAY)}.")
        for folder in (before, data, full):
            shutil.rmtree(folder)
        return found

    def side_by_side_with_peers(self, rows: int, pythons: Mapping[Peer, Path | str]) -> tuple[Comparison, list[str]]:
        """Bare script, peers and pipeline, in turn; and in what figures they differ from the bare script."""
        sample, data, bare = self.history(rows), self.work / "data", self.work / "bare"
        raw = sample.files[0].parent
        vault, _ = self.first(sample.files, data)
        programs: dict[str, tuple[Callable[[], Measured], Path]] = {BARE: (lambda: self.bare(raw, bare), bare)}
        for peer, python in pythons.items():
            if isinstance(python, Path):
                out = self.work / f"peer-{peer.name}"
                programs[peer.title] = partial(self.peer, peer, python, raw, out), out
        programs[PIPELINE] = (lambda: self.fresh(sample.files, data, vault)), data / "marts" / "current"
        missing = {
            peer.title: f"not installed: {reason}" for peer, reason in pythons.items() if isinstance(reason, str)
        }
        size, found = in_turn(str(sample), programs, self.runs, missing)
        shutil.rmtree(data)
        return size, found


def in_turn(
    sample: str, programs: Mapping[str, tuple[Callable[[], Measured], Path]], runs: int, missing: Mapping[str, str]
) -> tuple[Comparison, list[str]]:
    """Run each program `runs` times, one after the other, and compare the marts in its folder with those of the first.

    A program that fails is not run again and has no measurements; the others go on. What is `missing` has a row too.
    """
    measured: dict[str, list[Measured]] = {name: [] for name in programs}
    found: dict[str, list[str]] = {name: [] for name in programs}
    failed: dict[str, str] = {}
    _, first = next(iter(programs.values()))
    for _ in range(runs):
        for name, (run, out) in programs.items():
            if name in failed:
                continue
            try:
                measured[name].append(run())
                found[name] += differences(first, out)
            except (ProgramError, duckdb.Error) as problem:
                if out == first:  # nothing to compare with
                    raise
                failed[name] = str(problem)
            print(f"{name}: {failed.get(name) or measured[name][-1]}", file=sys.stderr, flush=True)
    figures = {name: "DIFFERENT" if found[name] else "equal" for name in programs} | dict(missing)
    figures |= dict.fromkeys(failed, "failed")
    ran = {name: each for name, each in measured.items() if name not in failed}
    return Comparison(sample, ran, figures), [*chain(*found.values()), *failed.values()]


def months_rebuilt(data: Path) -> int:
    """Months that the last load touched, and those that were not over on the last day of the history."""
    with duckdb.connect(str(data / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        row = connection.execute(
            """
            select count(distinct month) from (
                select unnest(generate_series(first_month, last_month, interval 1 month)) as month
                from intermediate.int_dossiers where load_no = (select max(load_no) from raw.files)
                union all
                select date_trunc('month', ?::date)
            )
            """,
            [LAST],
        ).fetchone()
    return int(row[0]) if row else 0


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1


def show(measured: dict[str, list[Measured]], found: Sequence[str]) -> None:
    """The table of what was measured, and whether the figures `found` to differ are none."""
    print("\n".join(table(measured)), flush=True)
    print("\nFigures: " + ("DIFFERENT, see below." if found else "equal, every row and column."))


def phase_table(phases: dict[str, list[dict[str, float]]]) -> None:
    """Median seconds by phase, and the phase's share of their sum."""
    print(f"\n| phase | {' | '.join(f'{name} s | share' for name in phases)} |\n|---{'|---|---' * len(phases)}|")
    middle = {name: {phase: median(run[phase] for run in runs) for phase in PHASES} for name, runs in phases.items()}
    for phase in PHASES:
        cells = [f"{spans[phase]:.1f} | {spans[phase] / sum(spans.values()):.0%}" for spans in middle.values()]
        print(f"| {phase} | {' | '.join(cells)} |", flush=True)


def machine(threads: int, memory: str) -> str:
    from importlib.metadata import version

    names = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), platform.machine())
    installed = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "dagster", "dbt-core", "great-expectations"))
    return (
        f"{os.cpu_count()} × {cpu}, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{installed}; DuckDB with {threads} threads and {memory}"
    )


def environments(work: Path) -> dict[Peer, Path | str]:
    """The Python of each peer, or why there is none."""
    pythons: dict[Peer, Path | str] = {}
    for peer in PEERS:
        try:
            pythons[peer] = install(peer, work)
        except ProgramError as problem:
            print(problem, file=sys.stderr)
            pythons[peer] = str(problem).splitlines()[-1]
    return pythons


def run(bench: Bench, given: argparse.Namespace) -> list[str]:
    """Measure what is asked for, print it, and write it into the page: in what figures programs differ."""
    bench.pipeline.prepare()
    pythons = environments(bench.work) if given.peers else {}
    bench.warm_up()
    on = machine(given.threads, given.memory)
    print(on, flush=True)
    found: list[str] = []
    sizes: list[Size] = []
    peers: list[Comparison] = []
    engines: list[str] = []
    for rows in given.rows:
        if given.engine:
            text, different = bench.on_engine(rows, given.engine)
            engines, found = [*engines, text], [*found, *different]
        elif given.daily:
            found += bench.daily(rows, with_phases=given.phases)
        elif given.peers:
            side, differing = bench.side_by_side_with_peers(rows, pythons)
            peers, found = [*peers, side], found + differing
        else:
            size, differing = bench.side_by_side(rows, with_phases=given.phases)
            sizes, found = [*sizes, size], found + differing
    page, asked = PROJECT / "docs" / "performance.md", " ".join(map(str, given.rows))
    if peers:
        text = comparison(peers, on, f"python -m benchmarks --peers --rows {asked} --runs {given.runs} --write")
        print(text)
        if given.write:
            write(page, text, PEERS_SECTION)
    if given.write and sizes:
        write(page, section(sizes, on, f"python -m benchmarks --rows {asked} --runs {given.runs} --write"))
        draw(sizes, page.with_suffix(".svg"))
    if given.write and engines:
        command = f"python -m benchmarks --engine {given.engine} --rows {asked} --write"
        head = f"{date.today():%d %B %Y}, `{command}`, each once:"
        write(page, "\n\n".join([head, f"{on}.", *engines]), ENGINES)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", help="dossiers; by default 100000 1000000, or one size")
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each program")
    parser.add_argument("--work", type=Path, help="folder to work in, kept with samples and logs; else a temporary one")
    parser.add_argument("--phases", action="store_true", help="show where the pipeline's time goes")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--daily", action="store_true", help="measure the day after a history instead")
    instead.add_argument("--peers", action="store_true", help="measure other tools beside the pipeline instead")
    instead.add_argument("--engine", help="DuckDB beside an engine instead: sail, or its address sc://host:port")
    parser.add_argument("--write", action="store_true", help="write the results into docs/performance.md, and the plot")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    given = parser.parse_args()
    if given.runs < 1 or min(given.rows or [1]) < 1:
        parser.error("--rows and --runs begin at 1")
    one = 10_000_000 if given.engine else 1_000_000 if given.daily or given.peers else None
    given.rows = given.rows or ([one] if one else [100_000, 1_000_000])
    with tempfile.TemporaryDirectory(prefix="hatinh-benchmark-") as temporary:
        work = (given.work or Path(temporary)).resolve()
        pipeline = Pipeline(PROJECT, work / "pipeline", given.threads, given.memory)
        try:
            found = run(Bench(pipeline, work, given.runs), given)
        except ProgramError as problem:
            print(problem, file=sys.stderr)
            return 1
    for text in dict.fromkeys(found):
        print(text, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
