"""Who publishes a release and under which terms: the facts that every description of it shares.

A licence is an SPDX identifier with its address where the text begins with one that is known here; else its words are
kept as they were stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.settings import LICENCES, Settings

TITLE = "Số liệu chuyển đổi số tỉnh Hà Tĩnh"

UNSTATED = "Chưa công bố điều kiện sử dụng lại – Terms of reuse are not stated"

_INTERNAL = "Internal"
"""The licence of a source that is not for the public begins so: its terms are about the records, not the figures."""


@dataclass(frozen=True)
class About:
    """The publication as its publisher states it."""

    title: str = TITLE
    publisher: str = "Đơn vị vận hành hệ thống số liệu của tỉnh"
    email: str | None = None
    licence: str | None = None
    """SPDX identifier: the terms of what the province computes from its own records."""
    url: str | None = None
    """Where readers find the publication."""

    def described(self) -> dict[str, Any]:
        """In the vocabulary of a Data Package."""
        contact = {"email": self.email} if self.email else {}
        return {
            "title": self.title,
            "contributors": [{"title": self.publisher, **contact, "roles": ["publisher", "contact"]}],
            **({"homepage": self.url} if self.url else {}),
        }

    def citation(self, release_id: str, created: str) -> str:
        """How the release is cited."""
        place = f" {self.url}" if self.url else ""
        return f"{self.publisher} ({created[:4]}). {self.title} [bộ dữ liệu]. Bản {release_id}.{place}"


def described(text: str) -> dict[str, str]:
    """A licence in the vocabulary of a Data Package; the words are its title where they say more than its name."""
    name = re.split(r"[,:;]|\sfor\s", text)[0].strip().replace(" ", "-")
    if name in LICENCES:
        return {"name": name, "path": LICENCES[name], **({} if name == text else {"title": text})}
    return {"name": "other", "title": text}


def licences(texts: Iterable[str]) -> list[dict[str, str]]:
    """Licences, each once, sorted by their words."""
    return [described(text) for text in sorted(set(texts))]


def of_figures(text: str, own: str | None) -> str:
    """The terms of figures that were computed from a source: internal records leave under the publisher's licence."""
    return (own or UNSTATED) if text.startswith(_INTERNAL) else text


def words(licence: Mapping[str, str]) -> str:
    """What was stated: the text that `described` was given."""
    return licence.get("title", licence["name"])


def about_of(settings: Settings) -> About:
    """The publication, by the settings. Who answers for the data is the contact, where that is an address."""
    return About(
        title=f"Số liệu chuyển đổi số tỉnh {settings.province_name}",
        publisher=settings.publisher or f"Đơn vị vận hành hệ thống số liệu tỉnh {settings.province_name}",
        email=settings.owner if "@" in settings.owner else None,
        licence=settings.licence,
        url=settings.publication_url,
    )
