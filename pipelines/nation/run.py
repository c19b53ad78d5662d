"""One run of the nation: under its lock, with its settings, to its release and its place of publication."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.catalogue import pages as catalogues
from pipelines.nation.page import page
from pipelines.nation.provinces import Place
from pipelines.nation.release import NationRelease, release
from pipelines.platform import Platform
from pipelines.release.about import about_of
from pipelines.release.publish import Outcome
from pipelines.release.runs import RunInfo, RunLog
from pipelines.seeds import seed_rows
from pipelines.settings import Settings
from pipelines.walk import publish


def run(settings: Settings, places: Sequence[Place], clock: Callable[[], datetime]) -> NationRelease:
    """Unite the provinces' current releases in the data folder of these settings.

    Raises:
        WrongProvinces: that folder is a province's.
        WarehouseBusy: another run holds it.
        ReleaseError: the release cannot be written. Readers keep what they have.
    """
    import duckdb

    now = clock()
    platform = Platform(settings, now=lambda: now)
    stated = {"provinces": ", ".join(place.code for place in places), "max_age_hours": settings.max_age_hours}
    info = RunInfo(f"nation-{now:%Y%m%dT%H%M%SZ}", now, platform.code_version, stated)
    about = replace(
        about_of(settings),
        title="Số liệu chuyển đổi số các tỉnh",
        publisher=settings.publisher or "Đơn vị vận hành hệ thống số liệu các tỉnh",
    )
    [catalogue] = [page for page in catalogues.pages(settings) if page.path == catalogues.CATALOGUE]
    with platform.warehouse.hold("nation", now):
        spill = settings.warehouse.parent / "spill"
        config: dict[str, Any] = {
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(spill),
        }
        with duckdb.connect(config=config) as conn, _recorded(settings.marts, info, clock) as ended:
            made = release(
                conn,
                settings.marts,
                places,
                info,
                now,
                about=about,
                max_age_hours=settings.max_age_hours,
                directions={row["indicator"]: row["direction"] for row in seed_rows(settings.seeds, "indicators")},
                pages=[page(settings.language or "vi"), catalogue],
                open_pages=[catalogue],
            )
            ended.append(made.outcome)
    publish(platform)
    return made


@contextmanager
def _recorded(root: Path, info: RunInfo, clock: Callable[[], datetime]) -> Iterator[list[Outcome]]:
    """Record the run and how it ended: by the outcome that is put into the list; without one it failed."""
    log, ended = RunLog(root), list[Outcome]()
    log.begin(info)
    try:
        yield ended
    finally:
        if ended:
            [outcome] = ended
            log.finish(info.run_id, clock(), outcome.status, release=outcome.release_id, targets=outcome.targets)
        else:
            log.finish(info.run_id, clock(), "failed")
