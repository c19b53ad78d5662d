"""Every source's reader, whatever the bytes: a load ends, and rows in are rows loaded and rows rejected."""

from __future__ import annotations

import gzip
import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loads import loaded

from pipelines.sources import all_sources

RAW = Path(__file__).parents[2] / "data" / "raw"
SAMPLE_BYTES = 4096
MANY = int(os.environ.get("HATINH_FUZZ_EXAMPLES", "3000"))
NAMES = (
    "hoso-2026-10-31.ndjson",
    "viettel-tram-2026-09-30.xlsx",
    "mobifone-thon-2026-09-30.csv",
    "2026-07-01_performance_fixed_tiles.parquet",
    "dvc-progress-tree_month_2026-08_2026-09-03.json",
    "V02.01-part-0001.json",
    "452-2026-09-30.csv.gz",
    "bieu_2026-10-12.xlsx",
    "2026",
)


def _samples() -> dict[str, list[bytes]]:
    """By source, the beginnings of its shipped samples, text as text; small ones complete."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(RAW.glob("*/*/sample-*")):
        if not path.name.endswith(".receipt.json") and len(found.setdefault(path.parts[-3], [])) < 2:
            content = path.read_bytes()
            content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            is_text = not content.startswith((b"PK", b"PAR1"))
            found[path.parts[-3]].append(content[:SAMPLE_BYTES] if is_text else content)
    return found


SAMPLES = _samples()
EVERY_SAMPLE = [content for contents in SAMPLES.values() for content in contents]
MARKUP = [b"<html><table><tr><td>", b"</td><td rowspan=3>", b"</tr></table>", b"<!--", b"<![x", b"&#x0;", b"<table>"]
TOKENS = st.lists(
    st.sampled_from(
        [
            *MARKUP,
            *(b'{"data":[', b"]", b"}", b'"\\ud83d"', b"1e999", b'"a":1,', b"\n", b",", b";", b'"', b"\0", b"\xff\xfe"),
            *(
                b"PK\x03\x04",
                b"PAR1",
                b"\xd0\xcf\x11\xe0",
                b"\x1f\x8b\x08",
                b"H\xb5 T\xdcnh",
                "Mã trạm;Kinh độ".encode(),
            ),
        ]
    ),
    max_size=12,
).map(b"".join)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["9999-12-31", "1e400", "\ud83d", "1.024", "H27.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@st.composite
def damaged(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A sample with bytes changed, parts cut out, doubled or put elsewhere; gzip at times."""
    content = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        to = min(at + draw(st.integers(0, 300)), len(content))
        match draw(st.sampled_from(["change", "cut", "double", "insert"])):
            case "change" if content:
                content[at] = draw(st.integers(0, 255))
            case "cut":
                del content[at:to]
            case "double":
                content[at:at] = content[at:to]
            case "insert":
                content[at:at] = draw(TOKENS)
    whole = bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)
    return gzip.compress(whole, mtime=0) if draw(st.integers(0, 5)) == 0 else whole


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[str, bytes, str]:
    """A source, the bytes of a file, and its name."""
    source = draw(st.sampled_from(sorted(all_sources())))
    own = SAMPLES.get(source, EVERY_SAMPLE)
    content = draw(st.one_of(st.binary(max_size=200), TOKENS, JSON, damaged(own), damaged(own), damaged(EVERY_SAMPLE)))
    return source, content, draw(st.sampled_from(NAMES))


def check(delivery: tuple[str, bytes, str]) -> None:
    source, content, name = delivery
    found = loaded(all_sources()[source], content, day=date(2026, 11, 20), name=name)  # counts the rows itself
    assert found.rows or found.refusals, "a file without a row is refused"
    for refusal in found.refusals:
        assert "Error at" not in refusal, f"{refusal}: a reader should say what is wrong with such a file"


@given(deliveries())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_leave_a_load_but_as_rows_and_rejects(delivery: tuple[str, bytes, str]) -> None:
    check(delivery)


@pytest.mark.slow
@given(deliveries())
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_leave_many_loads_but_as_rows_and_rejects(delivery: tuple[str, bytes, str]) -> None:
    check(delivery)


NOTHING = (b"", b"\0" * 64, b"[]", b"{}", b'{"a": {"a": [1]}}', b"<a/>", b"PK\x03\x04", b"PAR1", b"\x1f\x8b")


@pytest.mark.parametrize("source", sorted(all_sources()))
def test_each_source_refuses_a_file_of_no_kind(source: str) -> None:
    found = loaded(all_sources()[source], *NOTHING, name=NAMES[3])
    assert (found.rows, len(found.refusals)) == ([], len(NOTHING))
    assert not any("Error at" in refusal for refusal in found.refusals), found.refusals
