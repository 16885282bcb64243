"""Whether a folder of texts can be pasted as it is: limits kept, frames whole, nothing hidden.

A person may have edited the texts: what they wrote there is theirs, so a line that is no statement is a warning. What the
assistant would cut off or refuse, or would read otherwise than it looks, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from satchel.errors import Place
from satchel.formats.assistant_text.choosing import units
from satchel.formats.assistant_text.heading import README, named_in
from satchel.formats.assistant_text.neutral import hides
from satchel.formats.assistant_text.readme import most
from satchel.formats.assistant_text.targets import VERSION, Sheet, Style, Target
from satchel.limits import Limits
from satchel.model.findings import Finding, Severity


class Rule(NamedTuple):
    severity: Severity
    text: str


RULES: dict[str, Rule] = {
    "readme-missing": Rule("error", "no README.md says what this folder is for"),
    "version-newer": Rule("warning", "the folder is of another version of the layout"),
    "texts-missing": Rule("error", "there is no text to paste"),
    "not-a-file": Rule("error", "a link, or no regular file"),
    "unknown-entry": Rule("warning", "the target has no such file"),
    "unreadable": Rule("error", "the file cannot be read"),
    "too-large": Rule("error", "larger than limit document_bytes"),
    "not-utf-8": Rule("error", "the text is not UTF-8"),
    "over-limit": Rule("error", "longer than the assistant takes"),
    "too-many": Rule("error", "more statements than the assistant takes"),
    "frame-changed": Rule("warning", "the text does not begin or end as it was written"),
    "fence-inside": Rule("error", "a fence inside the list ends it early"),
    "hidden-character": Rule("error", "a sign that nobody sees, or that turns the reading"),
    "unknown-line": Rule("warning", "the line is neither a statement nor a section"),
    "empty": Rule("warning", "the text holds no statement"),
}

_ENTRIES: dict[Style, re.Pattern[str]] = {
    "entries": re.compile(r"\[(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|unknown)\] - \S.*"),
    "bullets": re.compile(r"- \S.*"),
    "numbered": re.compile(r"[0-9]+\. \S.*"),
    "evidence": re.compile(r"\* \S.*"),
}
_NUMBER = re.compile(r"[0-9]+\. ")


def validate(target: Target, folder: Path, limits: Limits) -> Iterator[Finding]:
    """What is wrong or doubtful with the folder. Findings name files and lines (counted from 0), never words."""
    found = named_in(folder)
    if found is None or found[0] != target.name:
        yield _finding("readme-missing", Place(file=README))
    elif found[1] != VERSION:
        yield _finding("version-newer", Place(file=README))
    known = {sheet.file for sheet in target.sheets}
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        names = []
    for name in names:
        if name != README and name not in known:
            yield _finding("unknown-entry", Place(file=name))
    if not known.intersection(names):
        yield _finding("texts-missing", Place())
    for sheet in target.sheets:
        if sheet.file in names:
            yield from _file(sheet, folder / sheet.file, limits)


def _file(sheet: Sheet, path: Path, limits: Limits) -> Iterator[Finding]:
    place = Place(file=sheet.file)
    if path.is_symlink() or not path.is_file():
        yield _finding("not-a-file", place)
        return
    try:
        with path.open("rb") as stream:
            data = stream.read(limits.document_bytes + 1)
    except OSError:
        yield _finding("unreadable", place)
        return
    if len(data) > limits.document_bytes:
        yield _finding("too-large", place)
        return
    try:
        # An editor may have put its own line ends and a mark at the beginning; neither is pasted.
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        yield _finding("not-utf-8", Place(file=sheet.file, offset=error.start))
        return
    if sheet.room and not sheet.is_ours and units(text) > sheet.room:
        yield _finding("over-limit", place, f"{units(text):,} characters; {most(sheet)}")
    yield from _lines(sheet, text)


def _lines(sheet: Sheet, text: str) -> Iterator[Finding]:
    body, is_framed = _unframed(sheet, text)
    if not is_framed:
        yield _finding("frame-changed", Place(file=sheet.file))
    first = sheet.before.count("\n") if is_framed else 0
    titles = {f"## {section.title}" for section in sheet.sections}
    entry = _ENTRIES.get(sheet.style)
    is_fenced = is_framed and "```" in sheet.before
    count = 0
    for number, line in enumerate(body.split("\n"), first):
        place = Place(file=sheet.file, element=number)
        if hides(line):
            yield _finding("hidden-character", place)
        if not line.strip():
            continue
        if is_fenced and line.lstrip().startswith("```"):
            yield _finding("fence-inside", place)
        elif entry is None:
            count += 1
        elif entry.fullmatch(line):
            count += 1
            if sheet.item_room and units(_NUMBER.sub("", line, count=1)) > sheet.item_room:
                yield _finding("over-limit", place, most(sheet))
        elif line not in titles and not (line.startswith("  ") and count):
            yield _finding("unknown-line", place)
    if not count:
        yield _finding("empty", Place(file=sheet.file))
    if sheet.items and count > sheet.items:
        yield _finding("too-many", Place(file=sheet.file), f"{count:,}; {most(sheet)}")


def _unframed(sheet: Sheet, text: str) -> tuple[str, bool]:
    """What stands between the beginning and the end that every text of this file has, and whether both are there."""
    for after in filter(None, (sheet.after, sheet.after_cut)) if sheet.after else ("",):
        if text.startswith(sheet.before) and text.endswith(after) and len(text) >= len(sheet.before) + len(after):
            return text[len(sheet.before) : len(text) - len(after)], True
    return text, False


def _finding(code: str, place: Place, note: str = "") -> Finding:
    rule = RULES[code]
    return Finding(code, rule.severity, f"{rule.text} ({note})" if note else rule.text, place)
