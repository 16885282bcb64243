"""What was edited in a record while it stood in another format, brought home to the record that it was written from.

``before`` and ``after`` are what one reader makes of the element as it was written and as it is now. A member that differs was
edited; it is set in the record at home where the element said it as the record does, so that nothing else changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from satchel.model.bodies import Message, Part
from satchel.model.record import Record

#: Where the text of a body is, for kinds that have one.
_TEXT = "text"
_HEADER = ("status", "tags", "language")
_SECTIONS = ("times", "access", "provenance")
#: Members that name other records, or that a vault sets: they are no statement of the element's own.
_APART = {("times", "recorded"), ("provenance", "conversation"), ("provenance", "message"), ("provenance", "platform")}


class Edit(NamedTuple):
    """One member: the part of the record that it is in ("" for its header), its name, what it was and what it is."""

    section: str
    name: str
    before: Any
    after: Any


def edits_between(before: Record, after: Record, made: datetime) -> list[Edit]:
    """What was edited. ``made`` is when the element was written: a time that says this was put there for want of one."""
    found: list[Edit] = []
    if type(before.body) is not type(after.body):
        return [Edit("body", "kind", before.body, after.body)]
    for name in before.body.__struct_fields__:
        found += _differing("body", name, getattr(before.body, name), getattr(after.body, name))
    for section in _SECTIONS:
        one, other = getattr(before, section), getattr(after, section)
        for name in one.__struct_fields__:
            if (section, name) not in _APART:
                found += _differing(section, name, getattr(one, name), getattr(other, name))
    for name in _HEADER:
        found += _differing("", name, getattr(before, name), getattr(after, name))
    spare = made.replace(microsecond=0)
    return [edit for edit in found if not (isinstance(edit.before, datetime) and edit.before.replace(microsecond=0) == spare)]


def _differing(section: str, name: str, before: Any, after: Any) -> list[Edit]:
    return [] if before == after else [Edit(section, name, before, after)]


class Brought(NamedTuple):
    """A record with its edits, those that it could not take, and whether one of these is of what it says."""

    record: Record
    refused: list[Edit]

    @property
    def speaks_otherwise(self) -> bool:
        """Whether the record at home does not say what the element says."""
        return any(edit.section == "body" for edit in self.refused)


def brought_home(home: Record, edits: list[Edit]) -> Brought:
    """The record that an element was written from, with what was edited in the element."""
    made, refused = home, []
    for edit in edits:
        taken = _taken(made, edit)
        if taken is None:
            refused.append(edit)
        else:
            made = taken
    return Brought(made, refused)


def _taken(home: Record, edit: Edit) -> Record | None:
    if not edit.section:
        if getattr(home, edit.name) != edit.before:
            return None
        return msgspec.structs.replace(home, **{edit.name: edit.after})
    part = getattr(home, edit.section)
    if edit.name in part.__struct_fields__:
        if not _says(getattr(part, edit.name), edit.before):
            return None
        return msgspec.structs.replace(home, **{edit.section: msgspec.structs.replace(part, **{edit.name: edit.after})})
    body = home.body
    if (edit.section, edit.name) != ("body", _TEXT) or not isinstance(body, Message):
        return None
    if body.parts != (Part(type="text", text=edit.before),):
        return None
    return msgspec.structs.replace(home, body=msgspec.structs.replace(body, parts=(Part(type="text", text=edit.after),)))


def _says(own: Any, before: Any) -> bool:
    """Whether an element said a member as the record does; a format may have no room for parts of a second."""
    if own == before:
        return True
    if isinstance(own, datetime) and isinstance(before, datetime):
        return own.replace(microsecond=0) == before.replace(microsecond=0)
    return isinstance(own, float) and isinstance(before, float) and abs(own - before) < 1e-4
