"""What was measured, as sections of docs/performance.md between two marks each, and as a plot beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import Measured

SIZES, PEERS, ENGINES = "measured", "peers", "engines"
"""Sections of the page."""
BARE, MODELS, PIPELINE = "bare script", "SQL of all models, rows loaded", "pipeline"


@dataclass(frozen=True)
class Size:
    """The measurements of one history. `phases` are median seconds of the pipeline by step of the walk."""

    rows: int
    sample: str
    programs: Mapping[str, Sequence[Measured]]
    commands: Mapping[str, Measured]
    """Runs of the command after the history: the day after, nothing new, and others."""
    phases: Mapping[str, float]
    open_edition: float
    """Seconds by which the very first release is slower: it protects every closed quarter of the open edition, once."""
    is_equal: bool

    def seconds(self, program: str) -> float:
        return median(run.seconds for run in self.programs[program])

    @property
    def ratio(self) -> float:
        """The pipeline to the bare script and the SQL of all models together."""
        return self.seconds(PIPELINE) / (self.seconds(BARE) + self.seconds(MODELS))


def section(sizes: Sequence[Size], machine: str, command: str) -> str:
    """The measurements as Markdown."""
    return "\n".join(_lines(sizes, machine, command))


def _lines(sizes: Sequence[Size], machine: str, command: str) -> Iterator[str]:
    day = min(run.started for size in sizes for run in size.programs[PIPELINE])
    yield f"{day:%d %B %Y}, `{command}`: medians in seconds, programs in turn.\n\n{machine}.\n"
    yield "![Seconds by size and by phase](performance.svg)\n"
    yield "| | bare script | SQL of all models | pipeline | to both | peak MiB | first open edition | figures |"
    yield "|---|---|---|---|---|---|---|---|"
    for size in sizes:
        peak = median(run.peak_mib for run in size.programs[PIPELINE])
        figures = "equal" if size.is_equal else "DIFFERENT"
        yield (
            f"| {size.sample} | {size.seconds(BARE):.1f} | {size.seconds(MODELS):.1f} | {size.seconds(PIPELINE):.1f} "
            f"| **{size.ratio:.1f}** | {peak:,.0f} | +{size.open_edition:.0f} | {figures} |"
        )
    for title, values in (
        ("the command afterwards", {s.rows: {name: run.seconds for name, run in s.commands.items()} for s in sizes}),
        ("phase of the pipeline", {s.rows: s.phases for s in sizes}),
    ):
        yield f"\n| {title} | {' | '.join(f'after {rows:,}' for rows in values)} |\n|---{'|---' * len(values)}|"
        for name in next(iter(values.values())):
            yield f"| {name} | {' | '.join(f'{seconds[name]:.1f}' for seconds in values.values())} |"


@dataclass(frozen=True)
class Comparison:
    """Programs that ran in turn over one history. `figures` states whether the marts of each are equal."""

    sample: str
    programs: Mapping[str, Sequence[Measured]]
    figures: Mapping[str, str]
    """By program; one that did not run has its reason here."""


def comparison(sizes: Sequence[Comparison], machine: str, command: str) -> str:
    """The programs side by side, as Markdown."""
    day = min(run.started for size in sizes for runs in size.programs.values() for run in runs)
    lines = [f"{day:%d %B %Y}, `{command}`: medians, programs in turn.\n\n{machine}."]
    for size in sizes:
        lines += [f"\n**{size.sample}**\n", *table(size.programs, size.figures)]
    return "\n".join(lines)


def table(measured: Mapping[str, Sequence[Measured]], figures: Mapping[str, str] | None = None) -> Iterator[str]:
    """Medians with their range and their ratio to the first program, and a column of `figures`."""
    heads = ["wall s", "min–max", "to the first", "CPU s", "peak MiB", "min–max", "to the first"]
    heads += [] if figures is None else ["figures"]
    yield f"| | {' | '.join(heads)} |"
    yield f"|---{'|---' * len(heads)}|"
    base = next(iter(measured.values()))
    for name, runs in measured.items():
        walls, cpus, peaks = zip(*((run.seconds, run.cpu_seconds, run.peak_mib) for run in runs), strict=True)
        wall = [f"{median(walls):,.1f}", _range(walls, 1), f"{median(walls) / median(run.seconds for run in base):.2f}"]
        peak = [
            f"{median(peaks):,.0f}",
            _range(peaks, 0),
            f"{median(peaks) / median(run.peak_mib for run in base):.2f}",
        ]
        cells = [name, *wall, f"{median(cpus):,.1f}", *peak, *([] if figures is None else [figures[name]])]
        yield f"| {' | '.join(cells)} |"
    for name, reason in (figures or {}).items():
        if name not in measured:
            yield f"| {name} |{' – |' * (len(heads) - 1)} {reason} |"


def _range(values: Sequence[float], digits: int) -> str:
    return f"{min(values):,.{digits}f}–{max(values):,.{digits}f}"


def marks(name: str) -> tuple[str, str]:
    """The lines of a page between which `write` puts its text."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def write(page: Path, text: str, name: str = SIZES) -> None:
    """Put `text` between the marks of this name in a page; what stands there is replaced.

    Raises:
        ValueError: the page has not both marks.
    """
    first, last = marks(name)
    before, begin, rest = page.read_text(encoding="utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ValueError(f"{page} has no place for measurements: {first} … {last}")
    page.write_text(f"{before}{first}\n{text}\n{last}{after}", encoding="utf-8")


def draw(sizes: Sequence[Size], path: Path) -> None:
    """Seconds by size on two logarithmic axes, and the phases of the pipeline beside them."""
    import altair as alt
    import polars as pl

    by_size = pl.DataFrame(
        [{"dossiers": s.rows, "seconds": s.seconds(name), "program": name} for s in sizes for name in s.programs]
    )
    by_phase = pl.DataFrame(
        [
            {"dossiers": f"{s.rows:,}", "seconds": seconds, "phase": name, "order": order}
            for s in sizes
            for order, (name, seconds) in enumerate(s.phases.items())
        ]
    )
    log = alt.Scale(type="log")
    lines = (
        alt.Chart(by_size, title="Seconds by size", width=320, height=260)
        .mark_line(point=True)
        .encode(
            x=alt.X("dossiers:Q", scale=log, axis=alt.Axis(format="~s")),
            y=alt.Y("seconds:Q", scale=log),
            color=alt.Color("program:N", legend=alt.Legend(orient="bottom", title=None, labelLimit=300, columns=1)),
        )
    )
    phases = list(sizes[0].phases)
    bars = (
        alt.Chart(by_phase, title="Phases of the pipeline", width=320, height=260)
        .mark_bar()
        .encode(
            x=alt.X("dossiers:N", sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("sum(seconds):Q", title="seconds"),
            color=alt.Color("phase:N", sort=phases, legend=alt.Legend(orient="bottom", title=None, columns=3)),
            order="order:Q",
        )
    )
    alt.hconcat(lines, bars).resolve_scale(color="independent").save(str(path))
