"""A text as its units: blocks, and the sentences within them (dossier 6.2, L3: "unit split by Markdown").

A unit is what must have a counterpart on the other side: a code block, a heading, an item of a list, a row of a table, a
sentence. The kind of block is no meaning: the same sentences as a list and as prose are the same units.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

import msgspec

from satchel.model.text import leaves

UnitKind = Literal["heading", "item", "row", "quote", "code", "sentence"]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*$")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*)$")
_ITEM = re.compile(r"\s*(?:[-*+•‣◦–]|(\d{1,9})[.)])\s+(?:\[([ xX])\]\s+)?(.*)$")
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|[=]{3,})$")
_QUOTE = re.compile(r" {0,3}>\s?(.*)$")
_ROW_RULE = re.compile(r"[\s|:+-]+$")
#: A sentence ends: at a full stop, with what closes it, before what can begin another; or at a CJK stop.
_END = re.compile(r"(?<=[.!?…؟।])[\"'”’»)\]*_]*\s+(?=[^\sa-zà-ÿ])|(?<=[。！？])(?=[^」』）”])|[.;]\s*\n")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|ca|Nr|No|Art|Abs|Fig|approx|Inc|Ltd|Co|p\.m|a\.m"
    r"|Sra|Dra|Mme|M|usw|inkl)|\b[A-Z]|^\d{1,9})\.$"
)
_STRONG = re.compile(r"(?<![\w\\])(\*\*|__)(?=\S)([^\n]{1,400}?)(?<=\S)\1(?!\w)")
_EMPHASIS = re.compile(r"(?<![\w\\])([*_])(?=\S)([^*_\n]{1,400}?)(?<=\S)\1(?!\w)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Unit(NamedTuple):
    """``number`` is that of an item of a numbered list, else None; ``ticked`` the state of its box, None without one."""

    kind: UnitKind
    text: str
    number: int | None = None
    ticked: bool | None = None


def plain(text: str) -> str:
    """NFC, the marks of emphasis off, every run of white space one space."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text))
    return " ".join(text.split())


def canonical(text: str) -> str:
    """What two spellings of one text have in common (L1): white space outside code blocks and the form of characters differ."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if "```" not in text and "~~~" not in text:
        return " ".join(text.split())
    found: list[str] = []
    for block, is_code in _blocks(text):
        found.append("\n".join(line.rstrip() for line in block) if is_code else " ".join(" ".join(block).split()))
    return "\0".join(part for part in found if part)


def flattened(text: str) -> str:
    """A text with the strings, one a line, in the place of every line that is a JSON object or array."""
    if "{" not in text and "[" not in text:
        return text
    return "\n".join([_strings(line) for line in text.split("\n")])


def _strings(line: str) -> str:
    if not line.lstrip().startswith(("{", "[")):
        return line
    try:
        value = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return line
    return "\n".join(leaves(value)) if isinstance(value, (dict, list)) else line


def units_of(text: str) -> list[Unit]:
    """The units of a text, in order."""
    found: list[Unit] = []
    for block, is_code in _blocks(text):
        if is_code:
            body = "\n".join(line.rstrip() for line in block).strip("\n")
            if body.strip():
                found.append(Unit("code", body))
        else:
            _prose(block, found)
    return found


def _blocks(text: str) -> list[tuple[list[str], bool]]:
    """The lines of a text, those in code fences apart; the fences themselves are left out. A fence that is never closed
    runs to the end (CommonMark 4.5)."""
    found: list[tuple[list[str], bool]] = [([], False)]
    fence = ""
    for line in text.splitlines():
        opening = _FENCE.match(line)
        if fence:
            if opening is not None and line.strip() == opening[1] and opening[1].startswith(fence):
                fence = ""
                found.append(([], False))
            else:
                found[-1][0].append(line)
        elif opening is not None:
            fence = opening[1]
            found.append(([], True))
        else:
            found[-1][0].append(line)
    return found


def _prose(lines: list[str], found: list[Unit]) -> None:
    waiting: list[str] = []
    kind: UnitKind = "sentence"
    number: int | None = None
    ticked: bool | None = None

    def close() -> None:
        nonlocal kind, number, ticked
        for at, sentence in enumerate(sentences("\n".join(waiting))):
            # A box is its item's, and stands with the first sentence of it.
            found.append(Unit(kind, sentence, number if at == 0 else None, ticked if at == 0 else None))
        waiting.clear()
        kind, number, ticked = "sentence", None, None

    for line in lines:
        quoted = _QUOTE.match(line)
        if quoted is not None:
            if kind != "quote":
                close()
            kind, line = "quote", quoted[1]
            if not line.strip():
                close()
                continue
            waiting.append(line)
            continue
        if not line.strip() or _RULE.match(line):
            close()
        elif heading := _HEADING.match(line):
            close()
            if said := plain(heading[1].rstrip().rstrip("#")):
                found.append(Unit("heading", said))
        elif line.lstrip().startswith("|") and line.count("|") > 1:
            close()
            if not _ROW_RULE.match(line):
                cells = [plain(cell) for cell in _BREAK.sub(" ", line).strip().strip("|").split("|")]
                found.append(Unit("row", " | ".join(cells)))
        elif item := _ITEM.match(line):
            close()
            kind = "item"
            number = int(item[1]) if item[1] else None
            ticked = None if item[2] is None else item[2] != " "
            waiting.append(item[3])
        else:
            if kind == "quote":
                close()
            waiting.append(line)
    close()


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each ``plain``."""
    found: list[str] = []
    begun: list[str] = []
    start = 0
    for end in _END.finditer(text):
        begun.append(text[start : end.end()])
        start = end.end()
        # The longest abbreviation, and a number that is a whole piece, have a dozen characters.
        tail = begun[-1].rstrip()[-12:]
        if not _ABBREVIATION.search(tail):
            if said := plain("".join(begun)):
                found.append(said)
            begun.clear()
    if said := plain("".join([*begun, text[start:]])):
        found.append(said)
    return found
