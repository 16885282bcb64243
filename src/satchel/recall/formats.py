"""How a record stands in its line: structured, each thing under its name, or narrative, a sentence that leads to its text.

    {"text":"Tea at four.","by":"Anna","at":"2026-03-02","source":"chatgpt","trust":"imported","id":"3fa9c1e2b4d5"}
    On 2026-03-02 Anna said (source chatgpt, trust imported, id 3fa9c1e2b4d5): "Tea at four."

Either way a line is one item: what leads to a narrated text holds no quotation mark, and the text is one JSON string, the last
of its line. Persona and policies stand as data like all else (dossier Portable Agent Memory 6.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from satchel.model.bodies import Memory, Relation
from satchel.model.record import Record
from satchel.model.times import to_rfc3339
from satchel.recall import naming
from satchel.recall.compression import Candidate
from satchel.recall.framing import Item, line, quoted

Format = Literal["structured", "narrative"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SAID = {
    "episodic": "it was noted",
    "semantic": "it holds",
    "procedural": "a skill",
    "working": "a goal",
    "identity": "who it is for",
}


def describe(candidate: Candidate, text: str, is_cut: bool) -> Item:
    """What stands of a record, by name."""
    record = candidate.record
    members: dict[str, str | int | float | bool | list[str]] = {"text": text}
    if by := naming.author(record):
        members["by"] = by
    body = record.body
    if isinstance(body, Memory | Relation) and body.confidence is not None and body.confidence < 0.5:
        members["uncertain"] = True
    if moment := moment_of(record):
        members["at"] = moment[:10]
    if source := naming.source(record):
        members["source"] = source
    members["trust"] = record.trust
    if is_cut:
        members["cut"] = True
    if candidate.labels:
        members["reads_like"] = list(candidate.labels)
    members["id"] = record.uid[:12]
    return Item(members, candidate.block)


def moment_of(record: Record) -> str:
    """When it was said or observed, RFC 3339; "" where nobody knows."""
    moment = record.times.created or record.times.observed or record.times.updated
    return "" if moment is None else to_rfc3339(moment)


def structured(item: Item) -> str:
    """An item as a JSON object."""
    return line(item)


def narrative(item: Item) -> str:
    """An item as a sentence that leads to its text."""
    said = dict(item.members)
    text, by, at = str(said.pop("text", "")), said.pop("by", ""), said.pop("at", "")
    lead = f"On {at}" if at else "Undated"
    lead += f" {by} said" if by else f", {_SAID.get(item.block, 'it says')}"
    notes = [f"{name} {_words(value)}" if value is not True else name for name, value in said.items()]
    # Nothing of a name can end the lead: it is escaped as in a string, and quotation marks with it.
    told = quoted(f"{lead} ({', '.join(notes)})" if notes else lead)[1:-1].replace('\\"', "\\u0022")
    return f"{told}: {quoted(text)}"


def _words(value: str | int | float | bool | list[str]) -> str:
    return "/".join(value) if isinstance(value, list) else str(value)


WRITERS: dict[Format, Callable[[Item], str]] = {"structured": structured, "narrative": narrative}
