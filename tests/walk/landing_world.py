"""A file of a few bytes, landed, for tests that look at receipts only."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def put(landing: Landing, source: str, name: str) -> Receipt:
    """Land a file whose bytes are its name."""
    receipt, _ = landing.put(
        [name.encode()],
        source=source,
        name=name,
        partition="2026-10",
        extracted_on=NOW.date(),
        address=f"drop:{name}",
        landed_at=NOW,
        licence="",
    )
    return receipt
