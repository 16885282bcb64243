"""The Markdown that mem0's plugin exports: blocks of ``---``, ``name: value`` lines, ``---`` and text (providers.md 4.1).

A line of three dashes inside a text opens a block only when a head with an id or a type follows it, so that a rule in a memory
stays the memory's.
"""

from __future__ import annotations

import math
import re
from typing import Any, get_args

import msgspec

from satchel.adapters.mem0.wire import FORMAT, origin, provenance, uid_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Memory, MemoryType
from satchel.model.record import Reading, Record, Times

_MEMBER = re.compile(rb"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*))?", re.DOTALL)
_DASHES = b"---"
_OPENING = frozenset({"id", "type"})
MEMORY_TYPES: frozenset[str] = frozenset(get_args(MemoryType)) - {"custom"}


class Block(msgspec.Struct, frozen=True):
    """One block: its head's members (a repeated name keeps its first value), its text, and its exact bytes from ``start``."""

    head: dict[str, str]
    text: bytes
    data: bytes
    start: int


def blocks(data: bytes) -> list[Block]:
    """The blocks of a file, in order; what stands before the first belongs to it."""
    lines = data.split(b"\n")
    bare = [line.rstrip(b" \t\r") for line in lines]
    starts: list[tuple[int, int, dict[str, str]]] = []
    at = 0
    while at < len(lines):
        opened = _head(bare, at) if bare[at] == _DASHES else None
        if opened is None:
            at += 1
        else:
            head, after = opened
            starts.append((at, after, head))
            at = after
    found: list[Block] = []
    offset = 0
    for index, (first, after, head) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(lines)
        begin = first if index else 0
        whole = b"\n".join(lines[begin:end]) + (b"\n" if end < len(lines) else b"")
        found.append(Block(head, b"\n".join(lines[after:end]), whole, offset))
        offset += len(whole)
    return found


def _head(bare: list[bytes], at: int) -> tuple[dict[str, str], int] | None:
    """The head that opens at the dashes of line ``at``, and the line behind it; None when there is none."""
    head: dict[str, str] = {}
    for number in range(at + 1, len(bare)):
        if bare[number] == _DASHES:
            return (head, number + 1) if _OPENING & head.keys() else None
        member = _MEMBER.fullmatch(bare[number])
        if member is None:
            return None
        head.setdefault(member[1].decode("utf-8", "replace"), (member[2] or b"").decode("utf-8", "replace").strip())
    return None


def read_block(block: Block, uid: str, account: str, notes: Notes) -> Reading:
    """The record of one block; none when it has no text, which is told."""
    text = block.text.decode("utf-8", "replace")
    if text.encode() != block.text:
        notes.add("repaired-text", "bytes that are no UTF-8 are read as U+FFFD", "warning", "changed")
    text = text.strip()
    if not text:
        notes.add("empty-memory", "a memory has no text; its bytes are kept", "info", "skipped")
        return Reading(findings=notes.findings())
    head = {name: value for name, value in block.head.items() if value}
    native_id = head.get("id", "")
    named = head.get("type", "")
    confidence = _confidence(head.get("confidence", ""))
    tags = tuple(dict.fromkeys(part for part in map(str.strip, head.get("categories", "").split(",")) if part))
    residue: dict[str, Any] = {"sourceType": "text", "metadata": {f"mem0_{name}": value for name, value in head.items()}}
    if native_id:
        residue["sourceID"] = native_id
    if tags:
        residue["categories"] = list(tags)
    if confidence is not None:
        residue["confidence"] = confidence
    kind: Any = named if named in MEMORY_TYPES else "custom" if named else "fact"
    record = Record(
        uid=uid,
        body=Memory(text=text, type=kind, custom_type=named if kind == "custom" else "", confidence=confidence),
        origin=origin("plugin_memory", native_id),
        times=Times(created=notes.time(head.get("created_at")), updated=notes.time(head.get("updated_at"))),
        provenance=provenance(account),
        tags=tags,
        residue={FORMAT: residue},
    )
    return Reading((record,), notes.findings())


def block_uid(block: Block, account: str) -> str:
    """The uid of a block's memory: by its id, which is the one that mem0's JSON gives the same memory; else by its text."""
    text = block.text.decode("utf-8", "replace").strip()
    return uid_of(account, block.head.get("id", ""), (block.head.get("created_at", ""), text))


def _confidence(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= 1 else None
