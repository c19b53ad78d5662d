"""The nation: the provinces' releases united into one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    BUSY,
    FAILED,
    HELD_BACK,
    OUT,
    WRONG_USE,
    AsJson,
    app,
    err,
    now,
    out,
    outcome_in_words,
    print_json,
    read_settings,
    stop,
)
from pipelines.language import recorded, tr

if TYPE_CHECKING:
    from pipelines.nation.release import NationRelease


@app.command(rich_help_panel=OUT)
def nation(
    provinces: Annotated[
        list[str],
        typer.Argument(help="Settings file of each province, or CODE=FOLDER with its releases.", show_default=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Unite the current releases of provinces into one release of the nation, and compare them.

    It is written to the data folder of these settings, which must be the nation's own: --settings nation/settings.env.
    """
    settings = read_settings()
    from pipelines.nation.provinces import WrongProvinces, places_of
    from pipelines.nation.run import run
    from pipelines.release.files import ReleaseError
    from pipelines.warehouse.connection import WarehouseBusy

    try:
        made = run(settings, places_of(provinces), now)
    except WrongProvinces as error:
        stop(str(error), WRONG_USE)
    except WarehouseBusy as error:
        stop(str(error), BUSY)
    except ReleaseError as error:
        stop(str(error), FAILED)
    outcome = made.outcome
    if as_json:
        print_json(
            {
                "status": outcome.status,
                "release": outcome.release_id,
                "provinces": {p.code: p.release.id if p.release else None for p in made.provinces},
                "refused": made.refused,
                "left_out": made.left_out,
                "held_back": {held.target: held.reason for held in outcome.held_back},
                "open_blocked": outcome.open_blocked,
            }
        )
    else:
        out.print(f"{outcome_in_words(outcome.status)} {outcome.release_id or '-'}", highlight=False, soft_wrap=True)
        for line in _waiting(made):
            err.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if outcome.status == "nothing":
        stop(tr("No province has a release that can be united: readers keep what they have."), FAILED)
    if made.refused or made.left_out or outcome.held_back or outcome.open_blocked:
        raise typer.Exit(HELD_BACK)


def _waiting(made: NationRelease) -> Iterator[str]:
    """What is not in the release, each with the reason."""
    for code, reason in made.refused.items():
        yield tr("province {code} is not in it: {reason}", code=code, reason=recorded(reason))
    for table, reasons in made.left_out.items():
        for code, reason in reasons.items():
            yield tr(
                "{table} of province {code} is not in it: {reason}", table=table, code=code, reason=recorded(reason)
            )
    for held in made.outcome.held_back:
        yield f"{held.target}: {recorded(held.reason)}"
    if made.outcome.open_blocked:
        yield recorded(made.outcome.open_blocked)
