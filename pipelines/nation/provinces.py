"""The provinces of a nation's release: the current release of each, verified to the last byte, or the reason why not.

A province is given by its file of settings, or as `CODE=FOLDER`, the folder with its releases. One that cannot be read
costs the others nothing: it is refused, by code and reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from pipelines.language import record, tr
from pipelines.release.files import ReleaseError
from pipelines.release.released import Release
from pipelines.release.store import ReleaseStore
from pipelines.settings import SettingsError, settings_of


class WrongProvinces(ValueError):
    """The list of provinces is not one: a place that cannot be read, or a province twice."""


@dataclass(frozen=True)
class Place:
    """Where the releases of a province lie."""

    code: str
    root: Path


@dataclass(frozen=True)
class Province:
    """A province as it stands in the nation's release: with its own release, or refused for a reason."""

    code: str
    release: Release | None
    reason: str | None = None

    @property
    def name(self) -> str | None:
        return self._stated("province_name")

    @property
    def portal_code(self) -> str | None:
        """Its code on the national portal, which stands for the province among agencies."""
        return self._stated("portal_code")

    def _stated(self, setting: str) -> str | None:
        return self.release.package["provenance"]["settings"].get(setting) if self.release else None


def places_of(given: Iterable[str]) -> list[Place]:
    """The places that were typed, sorted by code.

    Raises:
        WrongProvinces: a file of settings cannot be read, a place has no code, or a code or a folder comes twice.
    """
    places = sorted((_place(text) for text in given), key=lambda place: place.code)
    for before, place in pairwise(places):
        if before.code == place.code:
            raise WrongProvinces(tr("province {code} is named twice", code=place.code))
    if len({place.root.resolve() for place in places}) < len(places):
        raise WrongProvinces(tr("two provinces have one folder of releases"))
    return places


def _place(text: str) -> Place:
    if stated := re.fullmatch(r"(\d{2})=(.+)", text):
        return Place(stated[1], Path(stated[2]))
    try:
        settings = settings_of(Path(text))
    except SettingsError as error:
        raise WrongProvinces(str(error)) from None
    return Place(settings.province_code, settings.marts)


def read(place: Place) -> Province:
    """The current release of a province, every file of it compared with its description."""
    import duckdb

    store = ReleaseStore(place.root)
    try:
        current = store.current()
        if current is None:
            return Province(place.code, None, record("there is no release"))
        release = store.verify(current.id)
        stated = release.package["provenance"]["settings"]["province_code"]
    except ReleaseError as error:
        return Province(place.code, None, str(error))
    except (OSError, ValueError, LookupError, TypeError, duckdb.Error) as error:
        return Province(place.code, None, record("its release cannot be read ({error})", error=type(error).__name__))
    if stated != place.code:
        return Province(place.code, None, record("its release is of province {code}", code=stated))
    return Province(place.code, release)


def stale(provinces: Sequence[Province], max_age_hours: float) -> frozenset[str]:
    """The provinces whose release is more than so many hours older than the newest of all.

    Compared with each other and not with a clock: the same releases give the same bytes.
    """
    released = {province.code: province.release.created_at for province in provinces if province.release}
    if not released:
        return frozenset()
    oldest = max(released.values()) - timedelta(hours=max_age_hours)
    return frozenset(code for code, created_at in released.items() if created_at < oldest)
