"""The receipt of a landed file: where its bytes came from, when, under which licence, and what they must hash to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipelines.language import tr

RECEIPT_SUFFIX = ".receipt.json"
SYNTHETIC_PREFIX = "sample-"

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ReceiptError(ValueError):
    """A receipt cannot be read. The message names its file and what to do."""


def is_synthetic(name: str) -> bool:
    """Whether a file of this name holds made-up data, shipped to try the platform with."""
    return name.casefold().startswith(SYNTHETIC_PREFIX)


def public_address(address: str) -> str:
    """The address without what may be secret: user, password, query and fragment. `drop:<name>` stays as it is."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True)
class Withdrawal:
    """When and why a landed file was withdrawn."""

    at: datetime
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", _utc(self.at))


@dataclass(frozen=True)
class Receipt:
    """What is known of one landed file. Receipts sort by `version`, the order in which later content replaces earlier.

    Raises:
        ValueError: a time without zone, a hash that is none, or a path that leaves the raw folder.
    """

    source: str
    partition: str
    """Period that the content belongs to, like 2026-10."""
    name: str
    """File name as the publisher or the person who dropped it gave it."""
    path: str
    """Place of the bytes, relative to the raw folder, with forward slashes."""
    address: str
    """URL without credentials and query, or `drop:<name>`."""
    landed_at: datetime
    """UTC."""
    status: int | None
    """HTTP status; None for a dropped file."""
    media_type: str | None
    bytes: int
    sha256: str
    licence: str
    extracted_on: date
    """The day that the content describes."""
    synthetic: bool
    withdrawn: Withdrawal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "landed_at", _utc(self.landed_at))
        object.__setattr__(self, "address", public_address(self.address))
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(tr("sha256 is not 64 lower-case hexadecimal digits"))
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(tr("path {path!r} leaves the raw folder", path=self.path))

    @property
    def version(self) -> tuple[date, datetime, str, str]:
        """Sort key: content of a later day wins, then what landed later; name and hash settle ties."""
        return (self.extracted_on, self.landed_at, self.name, self.sha256)

    def withdraw(self, *, reason: str, at: datetime) -> Receipt:
        return replace(self, withdrawn=Withdrawal(at, reason))

    def to_json(self) -> str:
        """Indented JSON with sorted keys; Vietnamese stays readable."""
        return json.dumps(asdict(self), default=_iso, sort_keys=True, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, *, file: str) -> Receipt:
        """Read back what `to_json` wrote. Keys of a later version of the platform are passed over.

        Raises:
            ReceiptError: not a receipt, a key is missing, or a value is not what it should be; names `file`.
        """
        how_to_fix = tr("Restore it from a backup, or delete it and land the file again.")
        try:
            given = json.loads(text)
        except ValueError:
            raise ReceiptError(
                tr("{file}: the receipt is not JSON. {how_to_fix}", file=file, how_to_fix=how_to_fix)
            ) from None
        if not isinstance(given, dict):
            raise ReceiptError(
                tr("{file}: the receipt is not a JSON object. {how_to_fix}", file=file, how_to_fix=how_to_fix)
            )
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in given]:
            raise ReceiptError(
                tr(
                    "{file}: the receipt lacks {missing}. {how_to_fix}",
                    file=file,
                    missing=", ".join(missing),
                    how_to_fix=how_to_fix,
                )
            )
        try:
            return cls(**{name: _READERS.get(name, _as_is)(given[name]) for name in names})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ReceiptError(
                tr(
                    "{file}: the receipt has a wrong value: {error}. {how_to_fix}",
                    file=file,
                    error=error,
                    how_to_fix=how_to_fix,
                )
            ) from None


def _utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("a time needs its zone")
    return time.astimezone(UTC)


def _iso(value: date) -> str:
    return value.isoformat()


def _as_is(value: Any) -> Any:
    return value


def _withdrawal(given: Mapping[str, str] | None) -> Withdrawal | None:
    return None if given is None else Withdrawal(datetime.fromisoformat(given["at"]), given["reason"])


_READERS: Mapping[str, Any] = {
    "landed_at": datetime.fromisoformat,
    "extracted_on": date.fromisoformat,
    "withdrawn": _withdrawal,
}
