"""Statements as the text of one file: which fit, and how they are written down.

What a statement costs is the length of the very text that is written for it, so that a limit is met to the character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from satchel.formats.assistant_text.choosing import Candidate, units
from satchel.formats.assistant_text.targets import Section, Sheet

#: Names of products as their users know them; a platform that is not here is no name that we vouch for.
_PLATFORMS = {
    "chatgpt": "ChatGPT",
    "claude": "Claude",
    "gemini": "Gemini",
    "grok": "Grok",
    "copilot": "Copilot",
    "perplexity": "Perplexity",
    "mem0": "mem0",
}
_NO_SECTION = Section("", ())


class Filled(msgspec.Struct, frozen=True):
    """A file's text, how many statements stand in it, and which: the uids of their records."""

    sheet: Sheet
    text: str
    uids: frozenset[str]
    #: Whether every candidate that the file takes is in it.
    is_complete: bool


def fill(sheet: Sheet, candidates: Iterable[Candidate]) -> Filled | None:
    """The file with as many of the candidates, which are in order of importance, as fit; None when none does."""
    used = _frame(sheet)
    chosen: dict[str, list[Candidate]] = {}
    uids: set[str] = set()
    is_complete = True
    for item in candidates:
        section = _section(sheet, item)
        cost = _cost(sheet, item, len(uids) + 1) + (0 if section.title in chosen else units(_header(section)))
        if _is_barred(sheet, item) or (sheet.items and len(uids) == sheet.items) or (sheet.room and used + cost > sheet.room):
            is_complete = False
            continue
        used += cost
        uids.add(item.statement.uid)
        chosen.setdefault(section.title, []).append(item)
    if not uids:
        return None
    return Filled(sheet, "".join(_written(sheet, chosen, is_complete)), frozenset(uids), is_complete)


def fits_alone(sheet: Sheet, item: Candidate) -> bool:
    """Whether the file could hold the statement if it held nothing else."""
    if _is_barred(sheet, item):
        return False
    return not sheet.room or _frame(sheet) + units(_header(_section(sheet, item))) + _cost(sheet, item, 1) <= sheet.room


def day(moment: datetime | None) -> str:
    """The day as ``YYYY-MM-DD``, or ``unknown``."""
    return moment.date().isoformat() if moment is not None else "unknown"


def _frame(sheet: Sheet) -> int:
    """What a text costs before any statement is in it."""
    return units(sheet.before) + max(units(sheet.after), units(sheet.after_cut)) - _first_gap(sheet)


def _cost(sheet: Sheet, item: Candidate, number: int) -> int:
    return units(_entry(sheet, item, number))


def _is_barred(sheet: Sheet, item: Candidate) -> bool:
    return bool(sheet.item_room) and (item.size > sheet.item_room or "\n" in item.safe)


def _section(sheet: Sheet, item: Candidate) -> Section:
    if not sheet.sections:
        return _NO_SECTION
    return next(section for section in sheet.sections if item.statement.topic in section.topics)


def _first_gap(sheet: Sheet) -> int:
    """What the first section or paragraph does not need: the space before it."""
    if sheet.style == "paragraphs":
        return 2
    return 1 if sheet.sections else 0


def _header(section: Section) -> str:
    return f"\n## {section.title}\n" if section.title else ""


def _written(sheet: Sheet, chosen: dict[str, list[Candidate]], is_complete: bool) -> Iterator[str]:
    yield sheet.before
    number = 0
    gap = _first_gap(sheet)
    for section in sheet.sections or (_NO_SECTION,):
        items = chosen.get(section.title, [])
        if items and section.title:
            yield _header(section)[gap:]
            gap = 0
        for item in sorted(items, key=_by_day) if sheet.order == "date" else items:
            number += 1
            text = _entry(sheet, item, number)
            if sheet.style == "paragraphs":
                text, gap = text[gap:], 0
            yield text
    yield sheet.after if is_complete or not sheet.after_cut else sheet.after_cut


def _by_day(item: Candidate) -> tuple[bool, str]:
    since = item.statement.since
    # The order of importance stays within a day.
    return since is None, day(since)


def _entry(sheet: Sheet, item: Candidate, number: int) -> str:
    text = item.safe
    if sheet.style == "paragraphs":
        return "\n\n" + text
    text = text.replace("\n", "\n  ")
    match sheet.style:
        case "entries":
            return f"[{day(item.statement.since)}] - {text}\n"
        case "numbered":
            return f"{number}. {text}\n"
        case "evidence":
            return f"* {text}\n    * Evidence: {_whence(item)}. Date: [{day(item.statement.since)}].\n"
        case _:
            return f"- {text}\n"


def _whence(item: Candidate) -> str:
    if item.statement.is_said:
        return "User said so"
    return f"Saved by {_PLATFORMS.get(item.statement.platform, 'another assistant')}"
