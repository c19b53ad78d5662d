"""Pseudonyms: HMAC-SHA-256 of an identifier under a key that lies outside the warehouse and outside git.

A keyed pseudonym stays personal data (Law 91/2025/QH15, article 2): it lives in the private warehouse only and no mart
carries one. The key never enters SQL text, logs or receipts: DuckDB gets it as two session variables, the padded keys
of RFC 2104, and computes the HMAC from its own sha256.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import duckdb

from pipelines.language import tr

KEY_BYTES = 32
_BLOCK = 64  # block length of SHA-256 in bytes


class KeyProblem(RuntimeError):
    """The key is missing or cannot be used. The message states what to do."""


def read_key(path: Path) -> bytes:
    """The key in `path`, 64 hexadecimal digits.

    Raises:
        KeyProblem: no such file, or not a key.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyProblem(
            tr(
                "No pseudonym key at {path} (HATINH_PSEUDONYM_KEY_FILE). Personal identifiers are not loaded without "
                "one. Make one with `hatinh key make`, keep a copy in a safe place, and never put it into git.",
                path=path,
            )
        ) from None
    except UnicodeDecodeError:
        text = ""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise KeyProblem(
            tr(
                "{path} (HATINH_PSEUDONYM_KEY_FILE) is not a pseudonym key: {digits} hexadecimal digits or more.",
                path=path,
                digits=2 * KEY_BYTES,
            )
        )
    return key


def make_key(path: Path) -> None:
    """Write a new random key, readable by its owner only. An existing file is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def pseudonym(key: bytes, kind: str, identifier: str) -> str:
    """The pseudonym of one identifier as the warehouse holds it: the first 128 bits, written as a UUID."""
    digest = hmac.new(key, f"{kind}:{identifier}".encode(), hashlib.sha256).hexdigest()[:32]
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def key_check(key: bytes) -> str:
    """A value that differs between two keys and reveals neither; the warehouse remembers it."""
    return pseudonym(key, "key-check", "")


def bind_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a session the macro `pseudonym(kind, identifier)`, equal to the function above, for vectorised use."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK, b"\0")
    connection.execute("set variable pseudonym_inner = ?::blob", [bytes(b ^ 0x36 for b in padded)])
    connection.execute("set variable pseudonym_outer = ?::blob", [bytes(b ^ 0x5C for b in padded)])
    connection.execute(
        """
        create or replace temp macro pseudonym(kind, identifier) as cast(left(sha256(
            getvariable('pseudonym_outer')
            || unhex(sha256(getvariable('pseudonym_inner') || encode(kind || ':' || identifier)))
        ), 32) as uuid)
        """
    )
