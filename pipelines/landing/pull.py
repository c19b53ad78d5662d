"""Fetch one partition of a source from its address into the store.

An address is a folder (a share that the publisher writes to) or an http(s) URL with `{partition}` in it. What was landed
before is not landed again, so a pull can be interrupted and repeated at will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pipelines.landing.http import HttpClient
from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing
from pipelines.sources.base import Source

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_BLOCK = 1 << 20


class PullError(RuntimeError):
    """The source cannot be asked. The message says what to set or mend."""


def pull(
    landing: Landing,
    source: Source,
    partition: str,
    address: str | None,
    *,
    now: Callable[[], datetime],
    client: Callable[[], AbstractContextManager[HttpClient]] = HttpClient,
    progress: Callable[[Receipt, bool], None] = lambda receipt, is_new: None,
) -> list[tuple[Receipt, bool]]:
    """Land what `address` holds for `partition`; each receipt with whether its bytes are new.

    Raises:
        PullError: no address is set, or the folder is not there.
        HttpError: the server did not answer as it should, after every retry.
    """
    if not address:
        raise PullError(
            f"No address is set for {source.name}: set HATINH_ADDRESSES='{{\"{source.name}\": \"...\"}}' to a folder or an "
            f"http(s) URL with {{partition}} in it, or put files into the drop folder data/drop/{source.name}/."
        )
    is_http = urlsplit(address).scheme in ("http", "https")
    landed = _from_http(landing, source, partition, address, now, client) if is_http else _from_folder(
        landing, source, partition, Path(address), now
    )
    results = []
    for receipt, is_new in landed:
        progress(receipt, is_new)
        results.append((receipt, is_new))
    return results


def _from_folder(
    landing: Landing, source: Source, partition: str, folder: Path, now: Callable[[], datetime]
) -> Iterator[tuple[Receipt, bool]]:
    if not folder.is_dir():
        raise PullError(f"The address of {source.name} is no folder that can be read: {folder}")
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        at = now()
        of, extracted_on = source.period_of(path.name, at.astimezone(VIETNAM).date())
        if of != partition:
            continue
        with open(path, "rb") as stream:
            yield landing.put(
                iter(lambda: stream.read(_BLOCK), b""),  # noqa: B023 - read before the next turn
                source=source.name,
                name=path.name,
                partition=partition,
                extracted_on=extracted_on,
                address=path.as_uri() if path.is_absolute() else f"file:{path.name}",
                landed_at=at,
                licence=source.licence,
            )


def _from_http(
    landing: Landing,
    source: Source,
    partition: str,
    address: str,
    now: Callable[[], datetime],
    client: Callable[[], AbstractContextManager[HttpClient]],
) -> Iterator[tuple[Receipt, bool]]:
    url = address.replace("{partition}", partition)
    with client() as http, http.download(url) as got:
        at = now()
        name = PurePosixPath(urlsplit(url).path).name or f"{source.name}-{partition}"
        of, extracted_on = source.period_of(name if partition in name else partition, at.astimezone(VIETNAM).date())
        yield landing.put(
            got,
            source=source.name,
            name=name,
            partition=of,
            extracted_on=extracted_on,
            address=url,
            landed_at=at.astimezone(UTC),
            licence=source.licence,
            status=got.status,
            media_type=got.media_type,
        )
