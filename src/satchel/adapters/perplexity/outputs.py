"""What stands in a cell of OUTPUT_STR: the answer with its sources, as the service's own JSON.

A cell holds 32,767 characters, and what is longer was cut off when the workbook was written: the answer is read as far as it
goes, for the rest of it is nowhere in the workbook.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import msgspec

from satchel.adapters.notes import Notes
from satchel.adapters.values import dict_of, dicts, text_of
from satchel.codec.workbooks import CELL_CHARACTERS

_BEGUN = re.compile(r'"answer"\s*:\s*"')
_STRING = re.compile(r'(?:[^"\\]|\\u[0-9A-Fa-f]{4}|\\[^u])*+')
_FINAL = "FINAL"


class Output(NamedTuple):
    """``members`` are an exchange's, with ``answer``; ``rest`` is what of the cell they do not say."""

    members: dict[str, Any]
    rest: Any = None


def output_of(value: Any, notes: Notes | None = None) -> Output:
    """What a cell says; ``notes`` is told of one that is cut off, or is no JSON though it begins as such."""
    text = text_of(value)
    if not text.strip():
        return Output({}, None if value in (None, "") else value)
    if text.lstrip()[0] not in "{[":
        return Output({"answer": text})
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return _broken(text, notes)
    if type(found) is list:
        return _steps(found)
    members = _answered(found)
    return Output(members, {name: item for name, item in found.items() if name not in members and item is not None} or None)


def _steps(steps: list[Any]) -> Output:
    """The steps of a search, the last of which says the answer, as an object or as its JSON."""
    final = next((step for step in reversed(dicts(steps)) if step.get("step_type") == _FINAL), None)
    if final is None:
        return Output({}, steps)
    content = dict_of(final.get("content"))
    said = text_of(content.get("answer"))
    if said.lstrip()[:1] == "{":
        try:
            content = dict_of(msgspec.json.decode(said))
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return Output({"answer": said}, [step for step in steps if step is not final] or None)
    return Output(_answered(content), steps)


def _answered(found: dict[str, Any]) -> dict[str, Any]:
    """The answer and its sources: what an exchange has a place for."""
    members = {"answer": found["answer"]} if type(found.get("answer")) is str else {}
    sources = found.get("web_results")
    if type(sources) is list and all(
        type(item) is dict and item.keys() <= {"name", "title", "url", "snippet"} for item in sources
    ):
        members["web_results"] = sources
    return members


def _broken(text: str, notes: Notes | None) -> Output:
    begun = _BEGUN.search(text)
    said = _STRING.match(text, begun.end()) if begun else None
    if said is None:
        if notes:
            notes.add("malformed-output", "an answer is no JSON though it begins so; it is read as text", "warning", "changed")
        return Output({"answer": text})
    answer = json.loads(f'"{said[0]}"', strict=False)
    if notes and len(text) >= CELL_CHARACTERS:
        cut = "an answer is longer than a cell of a workbook, and ends where the cell does; its sources are missing"
        notes.add("cut-answer", cut, "warning", "changed")
    elif notes:
        notes.add("malformed-output", "the JSON of an answer breaks off; it is read as far as it goes", "warning", "changed")
    return Output({"answer": answer.encode("utf-8", "replace").decode() if _HALF.search(answer) else answer})


#: Half of a surrogate pair, which is no character.
_HALF = re.compile("[\ud800-\udfff]")
