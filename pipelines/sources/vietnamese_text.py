"""Finds out whether the text of a table is Vietnamese that was decoded wrongly, and decodes it rightly.

Two mistakes are common, and both give letters, so that no decoder complains:
- TCVN3 (the ABC fonts, like .VnTime) read as Windows text: "Tæ d©n phè" for "Tổ dân phố";
- UTF-8 decoded twice: "HÃ  TÄ©nh" for "Hà Tĩnh".
A word is plausible when it is built like a Vietnamese syllable with one tone at most. In the first rows of a table, the
reading counts under which the most words beyond ASCII are plausible. In a later row, a word that only another reading
makes plausible rejects the row (`wrong_encoding`), as it does in every text field of every source (`Table.texts`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

Reading = Callable[[str], str | None]
"""Text by another decoding; None where it cannot be that."""

_TCVN3 = dict(
    zip(
        (
            *range(0xA1, 0xAF),
            *(0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBB, 0xBC, 0xBD, 0xBE, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC),
            *(0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xDC, 0xDD, 0xDE, 0xDF, 0xE1),
            *range(0xE2, 0xEC),
            *(0xEC, 0xED, 0xEE, 0xEF, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC),
            *(0xFD, 0xFE),
        ),
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_WINDOWS = {bytes([code]).decode("cp1252", "replace"): code for code in range(0x80, 0x100)}
del _WINDOWS["\ufffd"]

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|gh|gi|ch|kh|ph|qu|th|tr|[bcdđghklmnpqrstvx])?"
    r"(?:uyê|oai|oay|oeo|uây|uya|uyu|iêu|yêu|ươi|ươu|uôi|oao|uêu|ia|iê|ya|yê|ưa|ươ|ua|uô|oa|oă|oe|oo|uâ|uê|uy|uơ|"
    r"ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|[aăâeêioôơuưy])"
    r"(?:ch|ng|nh|[cmnpt])?"
)
_WORD = re.compile(r"[A-Za-z\u0080-\u024f\u0300-\u036f\u1e00-\u1eff\u2013-\u2122]+")
# letters that no Vietnamese word has, and marks within a word
ODD = "[\u0080-\u00bfÄÅÆÇËÎÏÑÖ×ØÛÜÞßäåæçëîïðñö÷øûüþÿŒœŠšŽžŸƒˆ\u2013-\u2122]"
_ODD = re.compile(ODD)
_UNITS = frozenset({"µm", "µg", "µs", "µl", "µw"})


def _as_tcvn3(text: str) -> str | None:
    try:
        codes = [ord(char) if char.isascii() or char not in _WINDOWS else _WINDOWS[char] for char in text]
        return "".join(chr(code) if code < 0x80 else _TCVN3[code] for code in codes)
    except KeyError:
        return None


def _as_tcvn3_of_1258(text: str) -> str | None:
    """Of a file that was read as Windows-1258, where some letters have other codes."""
    try:
        return "".join(chr(code) if code < 0x80 else _TCVN3[code] for code in text.encode("cp1258"))
    except (UnicodeEncodeError, KeyError):
        return None


def as_utf8_again(text: str) -> str | None:
    codes = [_WINDOWS.get(char, ord(char)) for char in text]
    if max(codes, default=0) > 0xFF:
        return None
    try:
        return bytes(codes).decode("utf-8")
    except UnicodeDecodeError:
        return None


READINGS: tuple[Reading, ...] = (_as_tcvn3_of_1258, _as_tcvn3, as_utf8_again)


def is_plausible(word: str) -> bool:
    """Whether a word is built like a Vietnamese syllable."""
    parts = unicodedata.normalize("NFD", word.casefold())
    tones = sum(parts.count(tone) for tone in _TONES)
    bare = unicodedata.normalize("NFC", "".join(char for char in parts if char not in _TONES))
    return tones <= 1 and bool(_SYLLABLE.fullmatch(bare))


def _share(words: Iterable[str | None]) -> float:
    listed = list(words)
    return sum(word is not None and is_plausible(word) for word in listed) / len(listed) if listed else 1.0


def reading_of(texts: Iterable[str]) -> Reading | None:
    """The reading under which most words beyond ASCII are Vietnamese; None where they already are."""
    words = {word for text in texts if not text.isascii() for word in _WORD.findall(text) if not word.isascii()}
    if not any(_ODD.search(word) for word in words):
        return None
    best, share = None, max(_share(words), 0.5)
    for reading in READINGS:
        if (by_it := _share(map(reading, words))) > share:
            best, share = reading, by_it
    return best


def is_misread(text: str) -> bool:
    """Whether a word of the text becomes Vietnamese by another reading only."""
    if text.isascii() or not _ODD.search(text):
        return False
    for found in _WORD.finditer(text):
        word = found[0]
        is_formula = text[found.end() : found.end() + 1].isdigit()  # as in "n·10"
        if len(word) > 1 and _ODD.search(word) and not (is_formula or word in _UNITS or is_plausible(word)):
            others = (reading(word) for reading in READINGS)
            if any(other is not None and not other.isascii() and is_plausible(other) for other in others):
                return True
    return False
