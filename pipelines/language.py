"""The language of everything that people read: one at a time, Vietnamese or English.

Two kinds of text have both languages. Sentences of the terminal and of files are messages: English in the code, in
Vietnamese in the gettext catalogue `locale/vi/LC_MESSAGES/hatinh.po`. Titles, units and words for codes are pairs
(`scoreboard/words.py`), since the page holds both at once. JSON, exit codes and names of columns do not change with it.
"""

from __future__ import annotations

import gettext
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, cast

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
DOMAIN, CATALOGUES = "hatinh", Path(__file__).parent / "locale"

_chosen: ContextVar[Language | None] = ContextVar("language", default=None)
_process: list[Language] = ["vi"]
"""The language of the process. Not a context variable: threads begin with an empty context."""


def current() -> Language:
    """The language in which texts are written now."""
    return _chosen.get() or _process[0]


def use(language: Language) -> None:
    """Write texts in a language from now on, in all threads of the process."""
    _process[0] = language


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Write texts in a language within a block."""
    token = _chosen.set(language)
    try:
        yield
    finally:
        _chosen.reset(token)


def of_the_machine(environment: Mapping[str, str]) -> Language:
    """The language of the machine's locale, by the variables that POSIX names; Vietnamese where it is another."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return "en" if locale.lower().startswith("en") else "vi"


def day(value: date, language: Language | None = None) -> str:
    """A day as the language writes it: `24/11/2026`, `24 Nov 2026`."""
    return f"{value:%d/%m/%Y}" if (language or current()) == "vi" else f"{value.day} {value:%b %Y}"


def day_format() -> str:
    """The same as a format of `strftime`, for SQL."""
    return "%d/%m/%Y" if current() == "vi" else "%-d %b %Y"


def tr(message: str, /, **values: object) -> str:
    """A message in the current language, filled with values; one that the catalogue lacks stays English."""
    text = translated(message, current())
    return text.format(**values) if values else text


def translated(message: str, language: Language) -> str:
    """A message in a language."""
    return _catalogue(language).gettext(message)


def later(message: str) -> str:
    """Marks a message for the catalogue; `tr` translates it where it is shown."""
    return message


def record(message: str, /, **values: object) -> str:
    """A message as the warehouse and releases keep it: in English, whoever runs. `recorded` shows it to people."""
    return message.format(**values)


def recorded(text: str) -> str:
    """A text of `record` in the current language; any other text, such as a name, stays as it is."""
    if current() == "en" or (exact := tr(text)) != text:
        return text if current() == "en" else exact
    for begin, pattern, message in _patterns():
        if text.startswith(begin) and (found := pattern.fullmatch(text)):
            return tr(
                message,
                **{name: recorded(value) if " " in value else value for name, value in found.groupdict().items()},
            )
    return text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Messages with values that begin with words of their own, as patterns; longer beginnings first."""
    known = getattr(_catalogue("vi"), "_catalog", {})
    messages = [text for text in known if isinstance(text, str) and _VALUE.search(text) and '{"' not in text]
    found = []
    for message in messages:
        parts = list(string.Formatter().parse(message))
        names = [name for _, name, _, _ in parts if name]
        if len(parts[0][0]) >= _OWN_WORDS and len(set(names)) == len(names):
            pattern = "".join(re.escape(words) + (f"(?P<{name}>.*)" if name else "") for words, name, _, _ in parts)
            found.append((parts[0][0], re.compile(pattern, re.DOTALL), message))
    return tuple(sorted(found, key=lambda item: (-len(item[0]), item[2])))


_VALUE = re.compile(r"\{[a-z_]+[!:}]")
_OWN_WORDS = 8
"""Characters before the first value by which a message is recognised."""


def ntr(one: str, many: str, count: int, /, **values: object) -> str:
    """A message about `{count}` things; Vietnamese has one form."""
    return _catalogue(current()).ngettext(one, many, count).format(count=count, **values)


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    return gettext.NullTranslations() if language == "en" else gettext.translation(DOMAIN, CATALOGUES, [language])


def without_marks(error: UnicodeError) -> tuple[str, int]:
    """A handler of characters that a terminal cannot show (`errors=` of a stream): letters lose their marks."""
    problem = cast(UnicodeEncodeError, error)
    text = problem.object[problem.start : problem.end]
    bare = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(char if char.isascii() else "" if unicodedata.combining(char) else "?" for char in bare), problem.end


_PLAIN = str.maketrans(
    {"đ": "d", "Đ": "D", "–": "-", "−": "-", "“": '"', "”": '"', "’": "'", "·": "-", "×": "x", "≥": ">=", "≤": "<=",
     "✓": "v", "✗": "x", "≈": "~", "→": ">", "↑": "^", "↗": "/", "↓": "v", "△": "*", "│": "|", "─": "-"}
)  # fmt: skip
