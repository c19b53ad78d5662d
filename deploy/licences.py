"""The licence report: every package that production installs, with its version and licence, as a table in Markdown.

Walks the requirements of the project through the installed metadata, so that developer tools are no part of it.
Exit code 1 when a package names no licence.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

PROJECT = "hatinh-statistics"


def installed(root: str) -> dict[str, Distribution]:
    """The project's requirements, their requirements and so on; extras that are asked for are followed."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    waiting = [(root, frozenset[str]())]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = distribution(name)
        except PackageNotFoundError:  # of an extra or a platform that is not here
            continue
        found[name] = package
        for text in package.requires or ():
            required = Requirement(text)
            if required.marker is None or any(required.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append((re.sub(r"[-_.]+", "-", required.name).lower(), frozenset(required.extras)))
    del found[root]
    return found


def licence_of(package: Distribution) -> str:
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier") or () if c.startswith("License ::")]
    named = [c for c in classifiers if c != "OSI Approved"]
    text = (metadata.get("License") or "").strip().splitlines()
    return ", ".join(named) or (text[0][:80] if text else "")


def main() -> int:
    packages = installed(PROJECT)
    print("| Package | Version | Licence |\n|---|---|---|")
    unknown = []
    for name, package in sorted(packages.items()):
        licence = licence_of(package)
        print(f"| {name} | {package.version} | {licence or '**not stated**'} |")
        if not licence:
            unknown.append(name)
    if unknown:
        print(f"no licence stated by: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(unknown))


if __name__ == "__main__":
    raise SystemExit(main())
