"""From the bytes of a JSON feed to its records: where each begins and ends, and which cannot be taken.

Framing judges what it has to: compression, UTF-8, size, and the brackets that hold records together. Whether the text
of a record is valid JSON is judged at load, where it is parsed anyway: a line of NDJSON that is none is accepted here.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO

from pipelines.json_text import MAYBE_HALF, completed
from pipelines.sources.table_rows import Container, container_of
from pipelines.sources.vietnamese_text import as_utf8_again

if TYPE_CHECKING:
    import pyarrow as pa

WRAPPERS = frozenset({"data", "result", "content", "features", "items", "records"})
"""Keys under which interfaces, and GeoJSON, hold their list of records, or an object that holds it."""


class Reason(StrEnum):
    """Why a row was not taken. The first six may say that the rest of the file is lost with it; see `frame`."""

    TRUNCATED_GZIP = "truncated_gzip"
    CORRUPT_GZIP = "corrupt_gzip"
    TRUNCATED_ARRAY = "truncated_array"
    MALFORMED_ARRAY = "malformed_array"
    RECORD_TOO_LONG = "record_too_long"
    EMPTY_FILE = "empty_file"
    SECOND_LIST = "second_list"
    INVALID_UTF8 = "invalid_utf8"
    NOT_AN_OBJECT = "not_an_object"


Reject = tuple[int, str] | tuple[int, str, str]


@dataclass(frozen=True)
class Frames:
    """A batch of rows in the order of the file; a row is in `row_no` or in `rejects`, never in both."""

    row_no: pa.Array
    """int64; from 1: the line of the file in NDJSON, otherwise the number of the element."""
    text: pa.Array
    """string; one record each, as received but for white space around it."""
    rejects: Sequence[Reject]
    """(row_no, reason), or (row_no, reason, field), ascending."""
    elsewhere: int = 0
    """Rows of the file that are not of the province, since the batch before."""


_BLOCK = 2 << 20
_COMPRESSED_BLOCK = 64 << 10
_BATCH_BYTES = 8 << 20
_DEEPEST = 3
_GZIP_MAGIC = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31  # zlib: gzip only, largest window

# what JSON calls white space: str.strip() would also eat characters that make a record invalid
_BLANK = b" \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_RECORD_AFTER_RECORD = re.compile(rb"\}[ \t\r]*\n[ \t\r\n]*\{")
# where input ends inside a literal, a number or an escape, this much may follow the place of the error
_INCOMPLETE_TOKEN = re.compile(r'[-+.\w\\"]{0,12}[ \t\r\n]*\Z')
_IN_STRING = re.compile(r'"|\\.', re.DOTALL)
# brackets, and what cannot occur outside of a string: there, opening and closing quotes have been confused
_OUTSIDE_STRING = re.compile(r'["{}\[\]]|[^\s0-9+\-.eEtruefalsnNaIity,:]')


# the first bytes of most Vietnamese letters, after UTF-8 was taken for Windows-1252 and written as UTF-8 again
_ENCODED_TWICE = re.compile(rb"\xc3\xa1\xc2[\xba\xbb]")
# what is repaired, behind a byte that text without it rarely has: looking for one byte takes a tenth of the time
_REPAIRED = ((b"\\", MAYBE_HALF), (b"\xc2", _ENCODED_TWICE))
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype\s|html|head|body)", re.IGNORECASE)


def _as_written(value: str) -> str:
    return value


# only boundaries are wanted: numbers are not computed, and control characters in strings are left to the load
_DECODER = json.JSONDecoder(parse_int=_as_written, parse_float=_as_written, strict=False)


def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """Split a feed into records, in batches of some megabytes.

    Takes NDJSON, a JSON array of objects, an object that holds one under one of the keys in `WRAPPERS`, at most three
    levels deep, or objects one after the other, over several lines or with commas between; plain or gzip; UTF-8 with
    or without byte order mark, or UTF-16 with one (what a shell of Windows writes). Files of another kind (zip, PDF, a
    web page) are one reject that names it. Never raises because of what the bytes are.

    - NDJSON: blank lines are not rows. A bad line costs that line only.
    - Array: an element that is too long, not UTF-8 or no object costs that element only. One that is no JSON ends the
      array: earlier elements are kept and the rest, however many rows that may have been, is one reject.
    - Of two lists with records in one object the first is taken; each element of the other is a reject.
    - A file that ends or breaks in the middle keeps the rows before; the rest is one reject.

    Args:
        max_record_bytes: longest record taken. Memory is bounded by it and a few blocks, whatever the size of the file.
    """
    source = _Source(stream)
    head = source.read()
    while len(head) < 4 and (more := source.read()):
        head += more
    # JSON begins with a letter of ASCII, so half of it is zero
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\0" in head[2:4]:
        head = source.recode(head)
    head = head.removeprefix(codecs.BOM_UTF8)
    if (container := _container_of(head)) is not None:
        return iter([_frames([], [], [(1, container)])])
    has_ended = False
    while (is_lines := _is_lines(head, has_ended, max_record_bytes)) is None:
        block = source.read()
        has_ended = not block
        head += block
    source.give_back(head)
    return _lines(source, max_record_bytes) if is_lines else _body(source, max_record_bytes)


def _container_of(head: bytes) -> Container | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Container.ARCHIVE
    is_page = _WEB_PAGE.match(head) and not re.search(rb"\n[ \t]*\{", head)
    return Container.WEB_PAGE if is_page else container_of(head)


def lines(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[Frames]:
    """The lines of a text, plain or gzip, in batches of some megabytes; blank ones are none. As NDJSON in `frame`, for
    tables of millions of lines whose form is fixed."""
    return _lines(_Source(stream), max_record_bytes)


class _Source:
    """The bytes of a stream in blocks, decompressed if they are gzip. `broken` states at the end what was wrong."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._given_back = b""
        self._pending = b""
        while len(self._pending) < len(_GZIP_MAGIC) and (more := stream.read(1)):
            self._pending += more
        self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER) if self._pending == _GZIP_MAGIC else None
        self._utf16: codecs.IncrementalDecoder | None = None
        self.broken: Reason | None = None

    def give_back(self, block: bytes) -> None:
        self._given_back = block

    def recode(self, head: bytes) -> bytes:
        """Take the text for UTF-16 from its head on, and give UTF-8: half a pair becomes what UTF-8 does not allow."""
        self._utf16 = codecs.getincrementaldecoder("utf-16")("surrogatepass")
        return self._utf16.decode(head).encode("utf-8", "surrogatepass")

    def read(self) -> bytes:
        """About a block of bytes; none at the end."""
        if self._given_back:
            block, self._given_back = self._given_back, b""
            return block
        block = self._block()
        if self._utf16 is None:
            return block
        recoded = b""
        while block and not (recoded := self._utf16.decode(block).encode("utf-8", "surrogatepass")):
            block = self._block()  # half a letter is none
        return recoded

    def _block(self) -> bytes:
        parts, size = [], 0
        while size < _BLOCK and (part := self._plain() if self._gzip is None else self._inflated()):
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def _plain(self) -> bytes:
        pending, self._pending = self._pending, b""
        return pending or self._stream.read(_BLOCK)

    def _inflated(self) -> bytes:
        """Some bytes of one or several gzip members; none at the end. Zeros may pad the file (RFC 1952 tools do)."""
        while self.broken is None:
            assert self._gzip is not None  # noqa: S101  for the type checker
            compressed = self._pending or self._stream.read(_COMPRESSED_BLOCK)
            self._pending = b""
            if self._gzip.eof:
                if not compressed:
                    return b""
                compressed = compressed.lstrip(b"\0")
                if not compressed:
                    continue
                self._gzip = zlib.decompressobj(_WITH_GZIP_HEADER)
            if not compressed:
                self.broken = Reason.TRUNCATED_GZIP
                break
            before = self._gzip.copy()
            try:
                plain = self._gzip.decompress(compressed, _BLOCK)  # limited: a small file may unfold without end
            except zlib.error:
                self.broken = Reason.CORRUPT_GZIP
                return _up_to_fault(before, compressed)
            self._pending = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail
            if plain:
                return plain
        return b""


def _up_to_fault(inflater: zlib._Decompress, compressed: bytes) -> bytes:
    """What a damaged block gives before the damage shows: all of it, where only the checksum at the end is wrong."""
    plain = []
    with suppress(zlib.error):
        for at in range(len(compressed)):
            plain.append(inflater.decompress(compressed[at : at + 1]))
    return b"".join(plain)


def _is_lines(head: bytes, has_ended: bool, limit: int) -> bool | None:  # noqa: PLR0911  a decision list
    """Whether a file that begins with `head` is NDJSON; None when more of it must be seen."""
    is_enough = has_ended or len(head) > limit
    start = head.lstrip(_BLANK)
    if not start:
        return True if is_enough else None
    if not start.startswith(b"{"):
        return not start.startswith(b"[")
    first, newline, following = start.partition(b"\n")
    if not newline and not is_enough:
        return None
    if newline and _is_json(first):
        if following.strip(_BLANK):
            return True
        return not has_ended if is_enough else None
    if _opens_wrapper(start) or _spans_lines(start):
        return False
    # in JSON no object follows another without a comma: these are lines, and the first of them is bad
    if _RECORD_AFTER_RECORD.search(start):
        return True
    return not (newline or has_ended)  # a first line longer than a record


def _is_json(line: bytes) -> bool:
    try:
        _DECODER.decode(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return False
    return True


def _spans_lines(start: bytes) -> bool:
    """Whether an object over several lines comes first: others may follow, as `jq .` prints them."""
    text = start.decode("utf-8", "surrogateescape")
    try:
        _, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return "\n" in text[:end]


def _opens_wrapper(start: bytes) -> bool:
    try:
        return _wrapped(start.decode("utf-8", "surrogateescape"), 0) is not None
    except (json.JSONDecodeError, RecursionError):
        return False


def _frames(row_no: Sequence[int], texts: Sequence[bytes], rejects: Sequence[tuple[int, Reason | Container]]) -> Frames:
    """A batch of it."""
    import pyarrow as pa  # costly, and only needed when there is a feed

    return _checked(pa.array(row_no, pa.int64()), pa.array(texts, pa.binary()), b"".join(texts), rejects)


def _checked(
    row_no: pa.Array, binary: pa.Array, together: bytes, rejects: Sequence[tuple[int, Reason | Container]]
) -> Frames:
    """A batch of it, with texts repaired or rejected where they are no UTF-8. `together` holds all of them."""
    import pyarrow as pa

    if any(byte in together and pattern.search(together) for byte, pattern in _REPAIRED):
        texts = [_decoded_once(completed(text)) for text in binary.to_pylist()]
        binary = pa.array(texts, pa.binary())
    if invalid := list(_not_utf8(binary)):
        rejects = [*rejects, *((row_no[n].as_py(), Reason.INVALID_UTF8) for n in invalid)]
        valid = pa.array(sorted(set(range(len(binary))).difference(invalid)), pa.int64())
        row_no, binary = row_no.take(valid), binary.take(valid)
    return Frames(row_no, binary.cast(pa.string()), sorted(rejects))


def _not_utf8(texts: pa.Array, first: int = 0) -> Iterator[int]:
    """The places of texts that are not UTF-8, found by halves: to decode each takes ten times as long."""
    import pyarrow as pa

    try:
        texts.cast(pa.string())
    except pa.ArrowInvalid:
        if len(texts) == 1:
            yield first
            return
        half = len(texts) // 2
        yield from _not_utf8(texts[:half], first)
        yield from _not_utf8(texts[half:], first + half)


def _decoded_once(text: bytes) -> bytes:
    if not _ENCODED_TWICE.search(text):
        return text
    with suppress(UnicodeDecodeError):
        once = as_utf8_again(text.decode())
        return text if once is None else once.encode()
    return text


def _lines(source: _Source, limit: int) -> Iterator[Frames]:
    row = 0  # lines that have ended
    held: list[bytes] = []  # beginning of the line that has not
    held_bytes = 0
    has_rows = False

    while block := source.read():
        ended = block.rfind(b"\n") + 1
        if ended:
            first = block.index(b"\n")
            is_too_long = held_bytes + first > limit
            whole = block[first:ended] if is_too_long else b"".join([*held, block[:ended]])
            held, held_bytes = [], 0
            frames, lines = _ended_lines(whole, row, limit, [(row + 1, Reason.RECORD_TOO_LONG)] if is_too_long else [])
            row += lines
            if len(frames.row_no) or frames.rejects:
                has_rows = True
                yield frames
        last = block[ended:]
        held_bytes += len(last)
        # of a line that is too long only the length is kept
        held = [*held, last] if held_bytes <= limit else []

    rest = b"".join(held).strip(_BLANK)
    if source.broken:
        yield _frames([], [], [(row + 1, source.broken)])
    elif held_bytes > limit:
        yield _frames([], [], [(row + 1, Reason.RECORD_TOO_LONG)])
    elif rest:
        yield _frames([row + 1], [rest], [])
    elif not has_rows:
        yield _frames([], [], [(1, Reason.EMPTY_FILE)])


def _ended_lines(
    block: bytes, before: int, limit: int, rejects: list[tuple[int, Reason | Container]]
) -> tuple[Frames, int]:
    """The rows of complete lines behind `before` others, and how many lines they are."""
    import numpy as np
    import pyarrow as pa

    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    content = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(content == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    count = len(ends)
    may_be_blank = (content[starts] <= ord(" ")) | (content[ends - 1] <= ord(" "))
    if not may_be_blank.any() and (ends - starts).max() <= limit:  # nothing to take off: no object for each line
        together = block.replace(b"\n", b"")
        offsets = np.concatenate(([0], ends - np.arange(count))).astype(np.int32)
        binary = pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(together)])
        return _checked(pa.array(np.arange(before + 1, before + count + 1)), binary, together, rejects), count
    row_no, texts = [], []
    for number, line in enumerate(block.split(b"\n")[:-1], before + 1):
        if len(line) > limit:
            rejects.append((number, Reason.RECORD_TOO_LONG))
        elif text := line.strip(_BLANK):
            row_no.append(number)
            texts.append(text)
    return _frames(row_no, texts, rejects), count


class _StopError(Exception):
    """The document cannot be read on from here."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Window:
    """The part of a document that is in memory: `text` from `at` on is not yet used.

    Bytes that are not UTF-8 are carried as lone surrogates, so that the element they are in is found and rejected.
    """

    def __init__(self, source: _Source, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self.text = ""
        self.at = 0

    def more(self) -> bool:
        """Bring in the next block; False at the end."""
        block = self._source.read()
        self.text = self.text[self.at :] + self._decode(block, final=not block)
        self.at = 0
        return bool(block)

    def next_char(self) -> str:
        """The next character that is not white space, not yet used; "" at the end."""
        while True:
            self.at = _skip_space(self.text, self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return self.text[self.at : self.at + 1]

    def truncated(self) -> _StopError:
        return _StopError(self._source.broken or Reason.TRUNCATED_ARRAY)

    def wait_for_more(self, error: json.JSONDecodeError) -> None:
        """Bring in more text if what failed to parse may only be incomplete.

        Raises:
            _StopError: it is wrong in itself, longer than a record may be, or the input has ended.
        """
        if not (error.msg.startswith("Unterminated string") or _INCOMPLETE_TOKEN.match(self.text, error.pos)):
            raise _StopError(Reason.MALFORMED_ARRAY)
        if len(self.text) - self.at > self._limit:
            raise _StopError(Reason.RECORD_TOO_LONG)
        if not self.more():
            raise self.truncated()

    def value(self) -> tuple[Any, bytes]:
        """Use one JSON value: the value and its text. One that is too long is passed over: (None, b"").

        Raises:
            _StopError: there is none.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
                if end == len(self.text):  # a number may go on
                    end -= self.at
                    if self.more():
                        continue
            except json.JSONDecodeError as error:
                try:
                    self.wait_for_more(error)
                except _StopError as stop:
                    if stop.reason is not Reason.RECORD_TOO_LONG:
                        raise
                    self._pass_over()
                    return None, b""
            except RecursionError:
                raise _StopError(Reason.MALFORMED_ARRAY) from None
            else:
                text = self.text[self.at : end].encode("utf-8", "surrogateescape")
                self.at = end
                return (value, text) if len(text) <= self._limit else (None, b"")

    def _pass_over(self) -> None:
        """Use the object, array or string that begins here, without keeping it."""
        depth, in_string = 0, False
        while True:
            while match := (_IN_STRING if in_string else _OUTSIDE_STRING).search(self.text, self.at):
                self.at = match.end()
                mark = match.group()
                if mark == '"':
                    in_string = not in_string
                elif not in_string and mark not in "{}[]":
                    raise _StopError(Reason.MALFORMED_ARRAY)
                elif not in_string:
                    depth += 1 if mark in "{[" else -1
                if depth == 0 and not in_string:
                    return
            # a backslash that ends the window escapes what comes next
            is_escape = in_string and self.at < len(self.text) and self.text.endswith("\\")
            self.at = len(self.text) - is_escape
            if not self.more():
                raise self.truncated()


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _wrapped(text: str, at: int, depth: int = 1) -> tuple[int, str] | None:
    """Where the elements begin of the list of records in the object at `at`, and the braces that close what holds it;
    None if it holds no such list. A list with nothing in it counts only if there is no other.

    Raises:
        JSONDecodeError: the object is wrong or ends before that is known.
    """
    empty = None
    at = _skip_space(text, at + 1)
    while True:
        key, at = _DECODER.raw_decode(text, at)
        at = _skip_space(text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
        at = _skip_space(text, at + 1)
        if isinstance(key, str) and key in WRAPPERS:
            if text[at : at + 1] == "[":
                first = _skip_space(text, at + 1)
                if first == len(text):
                    raise json.JSONDecodeError("Expecting value", text, first)
                if text[first] != "]":
                    return at + 1, "}" * depth
                empty = empty or (at + 1, "}" * depth)
            elif text[at : at + 1] == "{" and depth < _DEEPEST and text[_skip_space(text, at + 1) :][:1] != "}":
                found = _wrapped(text, at, depth + 1)
                if found is not None and text[_skip_space(text, found[0])] != "]":
                    return found
                empty = empty or found
        _, at = _DECODER.raw_decode(text, at)
        at = _skip_space(text, at)
        if text[at : at + 1] == "}":
            return empty
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _skip_space(text, at + 1)


def _enter(window: _Window) -> str | None:
    """Move into the list of records. Returns what closes the document after it; None if there is only an object."""
    if window.next_char() == "[":
        window.at += 1
        return ""
    while True:
        try:
            found = _wrapped(window.text, window.at)
        except RecursionError:
            return None
        except json.JSONDecodeError as error:
            try:
                window.wait_for_more(error)
            except _StopError:
                return None  # reading it as one object will say what is wrong
        else:
            if found is None:
                return None
            window.at, closing = found
            return closing


def _body(source: _Source, limit: int) -> Iterator[Frames]:
    row_no: list[int] = []
    texts: list[bytes] = []
    rejects: list[tuple[int, Reason]] = []
    size = 0
    for row, element in enumerate(_elements(source, limit), 1):
        if isinstance(element, Reason):
            rejects.append((row, element))
        else:
            row_no.append(row)
            texts.append(element)
            size += len(element)
        if size >= _BATCH_BYTES:
            yield _frames(row_no, texts, rejects)
            row_no, texts, rejects, size = [], [], [], 0
    if row_no or rejects:
        yield _frames(row_no, texts, rejects)


def _elements(source: _Source, limit: int) -> Iterator[bytes | Reason]:
    """The text of each element or why it is not taken; what cannot be read on from is the last."""
    window = _Window(source, limit)
    try:
        closing = _enter(window)
        if closing is None:
            yield _element(window)
            while window.next_char() in ("{", ","):
                if window.next_char() == ",":  # a list without its brackets, and perhaps a comma behind the last
                    window.at += 1
                    if window.next_char() != "{":
                        break
                yield _element(window)
        else:
            yield from _list(window)
            for _ in closing:
                yield from _rest_of_object(window)
        if window.next_char():
            raise _StopError(Reason.MALFORMED_ARRAY)
        if source.broken:
            raise window.truncated()
    except _StopError as stop:
        yield stop.reason


def _list(window: _Window) -> Iterator[bytes | Reason]:
    """The elements of a list, from behind its opening bracket to behind its closing one."""
    if window.next_char() == "]":
        window.at += 1
        return
    while True:
        window.next_char()
        yield _element(window)
        if _expect(window, ",]") == "]":
            return


def _rest_of_object(window: _Window) -> Iterator[Reason]:
    """Pass over what follows a list in the object that holds it; the elements of a second list are rejects."""
    while _expect(window, ",}") == ",":
        window.next_char()
        key, _ = window.value()
        _expect(window, ":")
        if window.next_char() == "[" and isinstance(key, str) and key in WRAPPERS:
            window.at += 1
            yield from (Reason.SECOND_LIST for _ in _list(window))
        else:
            window.value()


def _element(window: _Window) -> bytes | Reason:
    value, text = window.value()
    if not text:
        return Reason.RECORD_TOO_LONG
    return text if isinstance(value, dict) else Reason.NOT_AN_OBJECT


def _expect(window: _Window, allowed: str) -> str:
    """Use the next character, which must be one of `allowed`."""
    char = window.next_char()
    if not char:
        raise window.truncated()
    if char not in allowed:
        raise _StopError(Reason.MALFORMED_ARRAY)
    window.at += 1
    return char
