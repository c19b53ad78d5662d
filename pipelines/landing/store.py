"""The immutable store of what was received, each file with its receipt.

Bytes lie at `<source>/<partition>/<stem>.<sha8><suffixes>`. A file without a receipt does not exist: bytes are written
under a hidden name, made durable and renamed, and the receipt follows in the same way. Whatever moment a run is killed
at, a reader sees a complete landed file or none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pipelines.landing.receipts import RECEIPT_SUFFIX, Receipt, is_synthetic
from pipelines.language import day, tr
from pipelines.periods import day_in_name, local_date

_TEMPORARY = ".landing-"
_SHA_DIGITS = 8
_NAME_BYTES = 160  # file systems stop at 255 bytes; the hash, the suffix of the receipt and a margin come on top
_SUFFIX_BYTES = 24
_LISTED = 20

_FOLDER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.=-]{0,63}")
_RESERVED = re.compile(r'[/\\:*?"<>|]')
_SUFFIXES = re.compile(r"(\.(?=\d*[A-Za-z])[0-9A-Za-z]{1,10}){1,2}$")


class LandingError(ValueError):
    """What was asked of the store cannot be done. The message states what to do instead."""


class TooLargeError(LandingError):
    """More bytes came than allowed. Nothing was landed."""


class DamagedFileError(LandingError):
    """Stored bytes are not the ones that were received."""


class Landing:
    """The store under one folder. Puts and withdrawals of one source wait for each other, across processes too."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(
        self,
        chunks: Iterable[bytes],
        *,
        source: str,
        name: str,
        partition: str,
        extracted_on: date,
        address: str,
        landed_at: datetime,
        licence: str,
        status: int | None = None,
        media_type: str | None = None,
        synthetic: bool = False,
        max_bytes: int | None = None,
        by_name: bool = False,
    ) -> tuple[Receipt, bool]:
        """Land the bytes of one file, as received.

        Args:
            chunks: the bytes in order, pulled while the source is locked: they must not land to the same source.
            name: as the publisher gave it; what a file system cannot hold is replaced in the stored name only.
            address: URL or `drop:<name>`; credentials and query are removed before it is kept.
            synthetic: made-up data; a name that marks it as such takes precedence over this argument.
            max_bytes: more bytes than this are refused.
            by_name: the name states what the bytes leave out, such as the period: the same bytes under another name
                are another file.

        Returns:
            The receipt, and whether it is new. Bytes that the source landed before, under any name, give the earlier
            receipt and False, and nothing is written - but for a stored file that was damaged since, whose bytes are
            restored, and for a receipt that a wrong clock dated, which gets the right day. A withdrawn file stays
            withdrawn.

        Raises:
            TooLargeError: more than `max_bytes`.
            LandingError: source or partition is no folder name.
            Whatever `chunks` raises. In each case nothing is landed.
        """
        name = _text(name)
        folder = self._folder(source) / _checked(tr("partition"), partition)
        make_private(folder, self.root)
        with self._alone(source):
            self._sweep(source)
            temporary = folder / f"{_TEMPORARY}payload"
            try:
                size, sha256 = _write(temporary, chunks, max_bytes)
                if known := self._known(source, sha256, name if by_name else None):
                    if known.name == name and _is_misdated(known, landed_at):
                        known = replace(known, landed_at=landed_at, extracted_on=extracted_on, partition=partition)
                        self._write_receipt(known)
                    with suppress(LandingError):
                        self.verify(known)
                        return known, False
                    self.path_of(known).parent.mkdir(parents=True, exist_ok=True)
                    _place(temporary, self.path_of(known))
                    return known, False
                stored = folder / stored_name(name, sha256)
                receipt = Receipt(
                    source=source,
                    partition=partition,
                    name=name,
                    path=stored.relative_to(self.root).as_posix(),
                    address=_text(address),
                    landed_at=landed_at,
                    status=status,
                    media_type=media_type,
                    bytes=size,
                    sha256=sha256,
                    licence=licence,
                    extracted_on=extracted_on,
                    synthetic=synthetic or is_synthetic(name),
                )
                if self._receipt_path(receipt).exists():
                    raise LandingError(
                        tr("{path} holds other bytes already: rename the file and land it again.", path=receipt.path)
                    )
                _place(temporary, stored)
                self._write_receipt(receipt)
                return receipt, True
            finally:
                temporary.unlink(missing_ok=True)
                with suppress(OSError):  # only an empty folder can be removed
                    folder.rmdir()

    def sources(self) -> list[str]:
        """Names of the sources that have landed something, sorted."""
        return sorted({path.parent.parent.name for path in self.root.glob(f"*/*/[!.]*{RECEIPT_SUFFIX}")})

    def receipts(self, source: str) -> list[Receipt]:
        """Every receipt of a source, withdrawn ones too, ordered by extracted_on, landed_at, name and sha256.

        Raises:
            ReceiptError: a receipt cannot be read.
        """
        return self._read(source, f"*/[!.]*{RECEIPT_SUFFIX}")

    def active(self, source: str) -> list[Receipt]:
        """The active receipts, in the same order: not withdrawn, and synthetic ones only while there is no real one."""
        kept = [receipt for receipt in self.receipts(source) if receipt.withdrawn is None]
        return [receipt for receipt in kept if not receipt.synthetic] or kept

    def withdraw(self, source: str, named: str, reason: str, at: datetime) -> Receipt:
        """Withdraw a file, with the reason: it is no longer active. Its bytes are kept.

        Args:
            named: first digits of its sha256, or, since the same bytes may land under two names, its name or path.

        Raises:
            LandingError: that is no file or several files of the source, or it is withdrawn already.
        """
        prefix = named.strip()
        every = self.receipts(source)
        found = [
            receipt
            for receipt in every
            if prefix and (receipt.sha256.startswith(prefix.lower()) or prefix in (receipt.name, receipt.path))
        ]
        if len(found) != 1:
            candidates = found or every
            listed = [f"  {_describe(receipt)}" for receipt in candidates[:_LISTED]]
            if (more := len(candidates) - _LISTED) > 0:
                listed.append("  " + tr("and {count} more", count=more))
            problem = (
                tr(
                    "{named!r} fits several files of {source}. Give digits, name or path of one of:",
                    named=named,
                    source=source,
                )
                if found
                else tr(
                    "{named!r} fits no file of {source}. Give digits, name or path of one of:",
                    named=named,
                    source=source,
                )
            )
            raise LandingError("\n".join([problem, *listed]))
        with self._alone(source):
            receipt = self._load(self._receipt_path(found[0]))
            if receipt.withdrawn is not None:
                raise LandingError(tr("{receipt}: there is nothing to do.", receipt=_describe(receipt)))
            self._sweep(source)
            withdrawn = receipt.withdraw(reason=reason, at=at)
            self._write_receipt(withdrawn)
            return withdrawn

    def path_of(self, receipt: Receipt) -> Path:
        """Where the bytes are."""
        return self.root / receipt.path

    def verify(self, receipt: Receipt) -> None:
        """Read the stored bytes again and compare them with the receipt.

        Raises:
            DamagedFileError: they are missing or differ; the message states how, and what to do.
        """
        how_to_fix = tr("Restore it from a backup, or drop the original again: that puts the received bytes back.")
        try:
            with self.path_of(receipt).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except FileNotFoundError:
            raise DamagedFileError(
                tr("{path} is missing, though it has a receipt. {how_to_fix}", path=receipt.path, how_to_fix=how_to_fix)
            ) from None
        if sha256 != receipt.sha256:
            raise DamagedFileError(
                tr(
                    "{path} was changed after it landed: {size} bytes with sha256 {sha256}, received were "
                    "{bytes} bytes with sha256 {received}. {how_to_fix}",
                    path=receipt.path,
                    size=size,
                    sha256=sha256,
                    bytes=receipt.bytes,
                    received=receipt.sha256,
                    how_to_fix=how_to_fix,
                )
            )

    def _folder(self, source: str) -> Path:
        return self.root / _checked(tr("source"), source)

    def _receipt_path(self, receipt: Receipt) -> Path:
        return self.root / f"{receipt.path}{RECEIPT_SUFFIX}"

    def _load(self, path: Path) -> Receipt:
        text = path.read_bytes().decode("utf-8", "replace")
        return Receipt.from_json(text, file=path.relative_to(self.root).as_posix())

    def _read(self, source: str, pattern: str) -> list[Receipt]:
        paths = self._folder(source).glob(pattern)
        return sorted((self._load(path) for path in paths), key=lambda receipt: receipt.version)

    def _known(self, source: str, sha256: str, name: str | None) -> Receipt | None:
        # the hash is in the name, so that only the receipts in question are opened
        alike = self._read(source, f"*/[!.]*.{sha256[:_SHA_DIGITS]}*{RECEIPT_SUFFIX}")
        return next((r for r in alike if r.sha256 == sha256 and name in (None, r.name)), None)

    def _write_receipt(self, receipt: Receipt) -> None:
        final = self._receipt_path(receipt)
        temporary = final.parent / f"{_TEMPORARY}receipt"
        temporary.write_text(receipt.to_json(), encoding="utf-8")
        _place(temporary, final)

    def _sweep(self, source: str) -> None:
        """Remove what a killed run left. The lock is held, so nobody is writing it."""
        for path in self._folder(source).glob(f"*/{_TEMPORARY}*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, source: str) -> Iterator[None]:
        # a lock on the folder itself: it ends with the process and leaves no file behind
        folder = os.open(self._folder(source), os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _is_misdated(receipt: Receipt, now: datetime) -> bool:
    """Whether the clock was wrong when the file landed: at a time that is still to come, or before the day in its name.

    One day is left for machines whose clocks differ, and for a day that ends elsewhere.
    """
    if receipt.withdrawn is not None:
        return False
    stated_on = day_in_name(receipt.name, whole_days_only=True)
    is_early = stated_on is not None and receipt.extracted_on < stated_on <= local_date(now)
    return is_early or receipt.landed_at > now + timedelta(days=1)


def stored_name(name: str, sha256: str) -> str:
    """Name under which a file is kept: `<stem>.<first 8 digits of the hash><suffixes>`.

    Letters of any language stay, in NFC. Separators, characters reserved by file systems, control characters and a
    leading dot become `_`; long names lose the end of their stem.
    """
    safe = "".join("_" if unicodedata.category(char)[0] == "C" else char for char in unicodedata.normalize("NFC", name))
    safe = _RESERVED.sub("_", safe).strip(" ")
    if safe.startswith("."):
        safe = "_" + safe[1:]
    if safe.lower().endswith(RECEIPT_SUFFIX):  # a payload must never pass for a receipt
        safe = safe[: -len(RECEIPT_SUFFIX)] + "_receipt.json"
    match = _SUFFIXES.search(safe)
    suffixes = match.group() if match and match.start() > 0 else ""
    stem = safe.removesuffix(suffixes).rstrip(" .") or "unnamed"
    stem = stem.encode()[: _NAME_BYTES - _SUFFIX_BYTES].decode("utf-8", "ignore")
    return f"{stem}.{sha256[:_SHA_DIGITS]}{suffixes}"


def _checked(what: str, name: str) -> str:
    if not _FOLDER.fullmatch(name):
        raise LandingError(
            tr(
                "{what} {name!r} is no folder name: use letters a-z, digits, '-', '_', '.' and '='.",
                what=what,
                name=name,
            )
        )
    return name


def _text(name: str) -> str:
    """NFC, and without the lone surrogates by which Python carries file names that are not UTF-8."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))


def _describe(receipt: Receipt) -> str:
    state = ", " + tr("withdrawn on {day}", day=day(receipt.withdrawn.at)) if receipt.withdrawn else ""
    return f"{receipt.sha256[:12]} {receipt.partition} {receipt.name}{state}"


def make_private(folder: Path, root: Path) -> None:
    """Make a folder under `root`, and `root` itself, that nobody but their owner may look into."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (root, *(parent for parent in (folder, *folder.parents) if parent.is_relative_to(root))):
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)


def _write(path: Path, chunks: Iterable[bytes], max_bytes: int | None) -> tuple[int, str]:
    """Write the chunks and return how many bytes they were and their sha256."""
    size, digest = 0, hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise TooLargeError(
                    tr(
                        "more than the {max_bytes} bytes allowed. Raise the limit if the file is right.",
                        max_bytes=max_bytes,
                    )
                )
            digest.update(chunk)
            file.write(chunk)
    return size, digest.hexdigest()


def _place(temporary: Path, final: Path) -> None:
    """Make a written file durable and read-only, then give it its name in one step."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.chmod(0o400)
    temporary.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a power failure
    finally:
        os.close(folder)
