"""Another province, and the files of a new source, mart or target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import FAILED, WRONG_USE, out, province_app, stop
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
        stop(f"{place} is there already, and nothing was written", FAILED)
    out.print(
        f"{place}: {province.kind} {province.name}, {province.former_communes} xã, phường trước sắp xếp → "
        f"{province.communes} / communes\n"
        "Còn trống / still empty: agencies, procedures, population (area_facts), own targets and figures\n"
        f"hatinh --settings {place}/settings.env key make\n"
        f"hatinh --settings {place}/settings.env run",
        markup=False,
        highlight=False,
    )


@province_app.callback()
def _province() -> None:
    """Another province beside this one."""
