"""Another province, and the files of a new source, mart or target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError
from typing import Annotated

import typer

from pipelines.cli.common import FAILED, WRONG_USE, new_app, out, province_app, stop
from pipelines.language import tr
from pipelines.settings import PROJECT_ROOT


@province_app.command("new")
def province_new(
    code: Annotated[str, typer.Argument(help="Statistical code of the province, two digits, like 44.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to; else provinces/CODE in the project.", show_default=False)
    ] = None,
) -> None:
    """Write registries and settings of another province, from the national lists. Nothing is overwritten."""
    from pipelines.new.province import NoProvince, write_province

    place = folder or PROJECT_ROOT / "provinces" / code
    try:
        province = write_province(code, place, PROJECT_ROOT / "dbt_project" / "seeds")
    except NoProvince as error:
        stop(str(error), WRONG_USE)
    except FileExistsError:
        stop(tr("{place} is there already, and nothing was written", place=place), FAILED)
    out.print(
        tr(
            "{place}: {kind} {name}, {former} communes before the mergers, {communes} today\n"
            "Still empty: agencies, procedures, population (area_facts), own targets and figures",
            place=place,
            kind=province.kind,
            name=province.name,
            former=province.former_communes,
            communes=province.communes,
        ),
        f"hatinh --settings {place}/settings.env key make",
        f"hatinh --settings {place}/settings.env run",
        sep="\n",
        markup=False,
        highlight=False,
    )


@province_app.callback()
def _province() -> None:
    """Another province beside this one."""


Title = Annotated[str, typer.Option(help="Title of it; both languages are to be written into the files.")]


@new_app.command("source")
def new_source(name: Annotated[str, typer.Argument(help="Name like petitions.")], title: Title = "") -> None:
    """Write the files of a new source: reader, raw table, staging model, tests; then graph and dictionary."""
    from pipelines.new import scaffold

    _written(lambda: scaffold.new_source(name, title or name, PROJECT_ROOT), f"tests/sources/test_{name}.py")


@new_app.command("mart")
def new_mart(
    name: Annotated[str, typer.Argument(help="Name like telecom_coverage.")],
    target: Annotated[
        str, typer.Option(help="Folder of the target it belongs to; a name that is not there makes a new one.")
    ],
    title: Title = "",
) -> None:
    """Write the files of a new mart: model, contract, expectations, method page, golden case, generated files."""
    from pipelines.new import scaffold

    _written(lambda: scaffold.new_mart(name, target, title or name, PROJECT_ROOT), "tests/golden")


@new_app.command("target")
def new_target(
    name: Annotated[str, typer.Argument(help="Identifier like online_use_2030.")],
    pillar: Annotated[str, typer.Option(help="Its pillar, of seeds/pillars.csv.")],
    indicator: Annotated[str, typer.Option(help="What it is measured by, of seeds/indicators.csv.")],
    title: Title = "",
) -> None:
    """Add a target without a value to targets.csv; value, year, document and agency are to be written into its row."""
    from pipelines.new import scaffold

    _written(
        lambda: scaffold.new_target(name, pillar, indicator, title or name, PROJECT_ROOT), "tests/sample/test_seeds.py"
    )


def _written(write: Callable[[], list[Path]], tests: str) -> None:
    from pipelines.new.scaffold import CannotWrite, generate

    try:
        paths = write()
    except CannotWrite as problem:
        stop(str(problem), WRONG_USE)
    for path in paths:
        out.print(str(path.relative_to(PROJECT_ROOT)), markup=False, highlight=False)
    try:
        commands = generate(PROJECT_ROOT)
    except CalledProcessError as failed:
        stop(f"{' '.join(map(str, failed.cmd))}\n{failed.stderr.decode(errors='replace')[-2000:]}")
    out.print(
        "; ".join(commands),
        tr("TODO marks what you have to state. Then: {command}", command=f"pytest tests/structure {tests}"),
        sep="\n",
        markup=False,
        highlight=False,
    )
