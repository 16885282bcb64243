"""A transfer text as statements: what an assistant writes when it is asked to say all that it remembers.

The steps are those of portable-memory.md 9.4, with every quirk that decides what a statement is and so its id. Pure functions
over text; linear in its length.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from satchel.adapters.transfer_text.dates import date_of, hashed_day

_FENCE = "```"
_SEPARATORS = ("-", "\u2013", "\u2014", ":")
#: A text with one of these is a statement, not a header.
_SPACED_DASHES = (" - ", " \u2013 ", " \u2014 ")
_BULLET = re.compile(r"(?:[-*\u2022\u2013\u2014] |\(?[0-9]{1,3}[.)] )")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_COLON_WORDS = 8
_MAX_CAPITAL_WORDS = 6
_MIN_CAPITALS = 3


class Statement(msgspec.Struct, frozen=True):
    """One memory: its words, the date as written and as read, the section above it, its line.

    ``line`` counts from 1 within the lines that were kept; ``is_marked`` when a bullet, a bracket or a bare date began it.
    """

    text: str
    line: int
    raw_date: str = ""
    date: datetime | None = None
    section: str = ""
    is_marked: bool = False

    @property
    def id(self) -> str:
        """``tx_`` and 24 hexadecimal digits of the day and the words (step 8)."""
        return "tx_" + hashlib.sha256(f"{hashed_day(self.date)}\n{self.text}".encode()).hexdigest()[:24]


class Parsed(msgspec.Struct, frozen=True):
    """``statements`` in the order of the text, repeated ones included.

    ``outside`` counts lines with text outside the fences, ``empty`` marked lines that say nothing.
    """

    statements: tuple[Statement, ...]
    outside: int = 0
    empty: int = 0


class _Line(msgspec.Struct, frozen=True):
    """A line taken apart: ``text`` without its bullet."""

    text: str
    is_bulleted: bool = False
    header: str = ""
    bare: tuple[str, str] | None = None

    @property
    def is_marker(self) -> bool:
        return self.is_bulleted or self.text.startswith("[") or bool(self.header) or self.bare is not None


class _Open:
    """The statement that following indented lines belong to."""

    def __init__(self, text: str, line: int, raw_date: str, section: str, is_marked: bool) -> None:
        self.lines = [text]
        self.line, self.raw_date, self.section, self.is_marked = line, raw_date, section, is_marked

    def closed(self) -> Statement:
        raw = self.raw_date
        return Statement("\n".join(self.lines), self.line, raw, date_of(raw) if raw else None, self.section, self.is_marked)


def parse(text: str) -> Parsed:
    """The statements of ``text`` (steps 1 to 7)."""
    lines, outside = _kept_lines(text)
    # Taken apart twice rather than held: a text may have millions of lines.
    if not any(_taken_apart(line.strip()).is_marker for line in lines):
        return Parsed(tuple(_paragraphs(lines)), outside)
    statements: list[Statement] = []
    empty = 0
    section = ""
    opened: _Open | None = None
    for number, raw in enumerate(lines, 1):
        stripped = raw.strip()
        if stripped and opened and raw[0] in " \t":
            opened.lines.append(stripped)
            continue
        if opened:
            statements.append(opened.closed())
            opened = None
        if not stripped:
            continue
        line = _taken_apart(stripped)
        if line.header:
            section = line.header
            continue
        date, content = _split(line)
        if content:
            opened = _Open(content, number, date, section, line.is_marker)
        else:
            empty += 1
    if opened:
        statements.append(opened.closed())
    return Parsed(tuple(statements), outside, empty)


def _kept_lines(text: str) -> tuple[list[str], int]:
    """The lines inside the fences when there are any, else all; and how many with text are left out (step 1)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    inside: list[str] = []
    outside = 0
    is_fenced = has_fence = False
    for line in lines:
        stripped = line.strip()
        if stripped.startswith(_FENCE):
            has_fence, is_fenced = True, not is_fenced
        elif is_fenced:
            inside.append(line)
        elif stripped:
            outside += 1
    return (inside, outside) if has_fence else (lines, 0)


def _taken_apart(stripped: str) -> _Line:
    bullet = _BULLET.match(stripped)
    text = stripped[bullet.end() :].lstrip() if bullet else stripped
    bare = _bare_date(text)
    if bullet or not text or text.startswith("["):
        return _Line(text, bool(bullet), bare=bare)
    return _Line(text, header=_header(text, bare is not None), bare=bare)


def _bare_date(text: str) -> tuple[str, str] | None:
    """(date, content) of a text that begins with an ISO date and a separator (step 3)."""
    if not _ISO.match(text):
        return None
    token, _, rest = text.partition(" ")
    rest = rest.lstrip()
    if token.endswith(_SEPARATORS):
        return token[:-1], rest
    return (token, rest[1:].lstrip()) if rest.startswith(_SEPARATORS) else None


def _header(text: str, is_dated: bool) -> str:
    """The section that a line opens, or "" (step 4)."""
    if text.startswith("#"):
        name = text.lstrip("#").strip()
        if name:
            return name
    if text.startswith("**"):
        # Bold or not, no later rule is asked.
        bold = text.rstrip(":").rstrip()
        return bold[2:-2].strip().rstrip(":").strip() if len(bold) > 4 and bold.endswith("**") else ""
    if is_dated or any(dash in text for dash in _SPACED_DASHES):
        return ""
    if text.endswith(":") and len(text.split(maxsplit=_MAX_COLON_WORDS)) <= _MAX_COLON_WORDS:
        name = text[:-1].strip()
        if name:
            return name
    if len(text.split(maxsplit=_MAX_CAPITAL_WORDS)) > _MAX_CAPITAL_WORDS:
        return ""
    letters = [letter for letter in text if letter.isalpha()]
    return text if len(letters) >= _MIN_CAPITALS and all(map(str.isupper, letters)) else ""


def _split(line: _Line) -> tuple[str, str]:
    """(date as written, content) of a statement's first line (step 6)."""
    if line.text.startswith("["):
        date, bracket, content = line.text[1:].partition("]")
        if bracket:
            content = content.lstrip()
            return date.strip(), content[1:].lstrip() if content.startswith(_SEPARATORS) else content
    return line.bare or ("", line.text)


def _paragraphs(lines: list[str]) -> Iterator[Statement]:
    """Runs of lines with text, for a text without any marker (step 5)."""
    run: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        stripped = line.strip()
        if stripped:
            run.append(stripped)
        elif run:
            yield Statement("\n".join(run), number - len(run))
            run = []
