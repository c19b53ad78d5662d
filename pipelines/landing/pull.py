"""Fetch one period of a source from its address into the store.

A source with an interface of its own is asked by its connector, page by page; each answer is landed as it comes, so an
interrupted pull goes on where it stopped. Any other address is a folder (a share that the publisher writes to) or an
http(s) URL with `{partition}` in it. What was landed before is not landed again.

A pull that fails leaves a note beside what landed, until a pull of the same period succeeds: until then tables rest on
older files, and the run must report that too, not only the log of the pull.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

from pipelines.landing.drop import personal_name
from pipelines.landing.http import HttpClient
from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing
from pipelines.language import tr
from pipelines.periods import VIETNAM, Period, local_date
from pipelines.personal import kind_in, redacted
from pipelines.sources.base import Ask, Source
from pipelines.sources.client import HttpError, Manner, PullError
from pipelines.sources.isolated import where

__all__ = ["PullError", "failed_pulls", "pull", "read_credentials"]

_BLOCK = 1 << 20
_NOTES = "failed_pulls.json"

Landed = tuple[Receipt, bool]


@dataclass(frozen=True)
class _Delivery:
    """What is to be landed: the same four facts whatever the way it came."""

    name: str
    chunks: Iterable[bytes]
    address: str
    extracted_on: date
    status: int | None = None
    media_type: str | None = None


def pull(
    landing: Landing,
    source: Source,
    partition: str,
    address: str | None,
    *,
    now: Callable[[], datetime],
    credentials: Mapping[str, str] = MappingProxyType({}),
    client: Callable[[], AbstractContextManager[HttpClient]] | None = None,
    progress: Callable[[Receipt, bool], None] = lambda receipt, is_new: None,
) -> list[Landed]:
    """Land what `address` holds for `partition`; each receipt with whether its bytes are new.

    Args:
        client: makes the client to ask with; the source's own where None, else a plain one.

    Raises:
        PullError: no address is set, the folder is not there or has files that cannot be taken (the others are
            landed), or the source answered nonsense. An error of any other class becomes one, with its class and place.
        HttpError: the server did not answer as it should, after every retry. What was landed before stays landed.
        ValueError: `partition` is no period of the source.
    """
    period = source.period(partition)
    if not address:
        raise PullError(
            tr(
                "No address is set for {source}: set {setting} to {what}, or put files into the drop folder "
                "data/drop/{source}/.",
                source=source.name,
                setting=f'HATINH_ADDRESSES=\'{{"{source.name}": "{source.known_address}"}}\'',
                what=tr("the base URL of its interface")
                if source.fetch
                else tr("a folder or an http(s) URL with {partition} in it"),
            )
        )
    try:
        results = _pull(landing, source, period, address, now, credentials, client or _client_of(source), progress)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        is_ours = isinstance(error, PullError | HttpError)
        problem = str(error) if is_ours else _unforeseen(source, partition, error)
        _note(landing.root, source.name, partition, f"{now().astimezone(VIETNAM):%Y-%m-%d %H:%M} {problem}")
        if is_ours:
            raise
        raise PullError(problem) from error
    _note(landing.root, source.name, partition, None)
    return results


def _client_of(source: Source) -> Callable[[], AbstractContextManager[HttpClient]]:
    """Makes the HTTP client with the headers and pauses that a source requires."""
    manner = source.manner or Manner()
    return lambda: HttpClient(headers=manner.headers, min_delay_seconds=manner.min_delay_seconds)


def _unforeseen(source: Source, partition: str, error: BaseException) -> str:
    """An unexpected error, without its text, which may quote what was received."""
    return tr(
        "{source} {period}: an answer or file cannot be taken ({error}). What landed before it stays; report it with "
        "this text.",
        source=source.name,
        period=partition,
        error=where(error),
    )


def failed_pulls(raw: Path, source: str) -> dict[str, str]:
    """By period, when and why the last pull of it failed. What landed before is still active."""
    try:
        notes = json.loads((raw / source / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(partition): str(note) for partition, note in notes.items()} if isinstance(notes, dict) else {}


def _note(raw: Path, source: str, partition: str, problem: str | None) -> None:
    """Keep why a period could not be pulled, or remove the note; written atomically."""
    notes = failed_pulls(raw, source)
    if notes.pop(partition, None) is None and problem is None:
        return
    if problem is not None:
        notes[partition] = problem
    path = raw / source / _NOTES
    path.parent.mkdir(parents=True, exist_ok=True)
    if not notes:
        path.unlink(missing_ok=True)
        return
    temporary = path.with_name(f".{_NOTES}")
    temporary.write_text(json.dumps(notes, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(path)


def _pull(
    landing: Landing,
    source: Source,
    period: Period,
    address: str,
    now: Callable[[], datetime],
    credentials: Mapping[str, str],
    connect: Callable[[], AbstractContextManager[HttpClient]],
    progress: Callable[[Receipt, bool], None],
) -> list[Landed]:
    results: list[Landed] = []
    partition = period.partition

    def land(delivery: _Delivery) -> None:
        receipt, is_new = landing.put(
            delivery.chunks,
            source=source.name,
            name=delivery.name,
            partition=partition,
            extracted_on=delivery.extracted_on,
            address=delivery.address,
            landed_at=now().astimezone(UTC),
            licence=source.licence,
            status=delivery.status,
            media_type=delivery.media_type,
            by_name=source.frames_by_name,
        )
        progress(receipt, is_new)
        results.append((receipt, is_new))

    if source.fetch:
        names = {receipt.name for receipt in landing.receipts(source.name) if receipt.partition == partition}
        with connect() as http:
            for got in source.fetch(Ask(http, address, credentials, period, now, names.__contains__, source.province)):
                land(_Delivery(got.name, [got.content], got.address, got.extracted_on, got.status, got.media_type))
    elif urlsplit(address).scheme in ("http", "https"):
        url = address.replace("{partition}", partition)
        with connect() as http, http.download(url) as got_file:
            name = PurePosixPath(urlsplit(url).path).name or f"{source.name}-{partition}"
            day = min(period.last, local_date(now()))
            land(_Delivery(name, got_file, url, day, got_file.status, got_file.media_type))
    else:
        _take_folder(Path(address), source, period, now, land)
    return results


def _take_folder(
    folder: Path, source: Source, period: Period, now: Callable[[], datetime], land: Callable[[_Delivery], None]
) -> None:
    """Land the files of a period from a folder. One that cannot be taken does not stop the others.

    Raises:
        PullError: some could not be taken; the message names the first.
    """
    problems: list[str] = []
    for path in _files_of(folder, source):
        kind = kind_in(path.name)
        name = redacted(path.name) if kind else path.name
        try:
            if kind:
                raise ValueError(personal_name(kind))
            if path.is_symlink():
                raise ValueError(tr("is a link, which is not followed. Put the file itself there."))
            of, day = source.period_of(path.name, local_date(now()))
            if of != period.partition:
                continue
            with open(path, "rb") as stream:
                chunks = iter(partial(stream.read, _BLOCK), b"")
                land(_Delivery(path.name, chunks, path.absolute().as_uri(), day))
        except OSError as error:
            problems.append(
                tr("{name} cannot be read ({error}).", name=name, error=error.strerror or type(error).__name__)
            )
        except ValueError as error:
            problems.append(f"{name} {error}")
    if problems:  # after the others: whether it is of this period nobody knows
        more = " " + tr("{count} more files cannot be taken.", count=len(problems) - 1) if problems[1:] else ""
        raise PullError(
            tr("In the folder of {name}: {problems}{more}", name=source.name, problems=problems[0], more=more)
        )


def read_credentials(path: Path, source: str) -> dict[str, str]:
    """The credentials of one source from the JSON file that the settings name; none where it names none.

    Raises:
        PullError: the file is not JSON of the form {source: {name: value}}.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.get(source, {})
        return {str(name): str(value) for name, value in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError):
        raise PullError(
            tr(
                '{path} (HATINH_CREDENTIALS_FILE) is not JSON of the form {{"{source}": {{"username": "...", ...}}}}.',
                path=path,
                source=source,
            )
        ) from None


def _files_of(folder: Path, source: Source) -> list[Path]:
    if not folder.is_dir():
        raise PullError(
            tr("The address of {name} is no folder that can be read: {folder}", name=source.name, folder=folder)
        )
    return sorted(
        path for path in folder.iterdir() if (path.is_file() or path.is_symlink()) and not path.name.startswith(".")
    )
