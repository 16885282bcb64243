"""A row with some of its members edited, all else as it came: the table of ``records`` read the other way round.

Whether the row says what it shall is not believed: it is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from satchel.codec import canonical
from satchel.errors import CanonicalError
from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import FORMAT_NAME, SUMMARY_CHARACTERS
from satchel.formats.portable_memory.records import native_record
from satchel.model.record import Record

_Row = dict[str, Any]


def _same(value: Any) -> Any:
    return value


def _time(value: datetime) -> str:
    return moments.write(value)


class _Place(NamedTuple):
    """Where a row says a member of a record (``section.name``), and how it spells it."""

    of: str
    member: str
    spell: Callable[[Any], Any] = _same


_ACCESS = _Place("access.sensitivity", "sensitivity")
_PLACES: Mapping[str, tuple[_Place, ...]] = {
    "episode": (
        _Place("body.text", "details"),
        _Place("body.confidence", "confidence"),
        _Place("body.salience", "importance"),
        _Place("times.created", "ingestionTime", _time),
        _Place("times.updated", "mentionTime", _time),
        _Place("times.observed", "eventTime", _time),
        _Place("times.valid_to", "expirationDate", _time),
        _Place("tags", "categories", list),
        _ACCESS,
    ),
    "fact": (
        _Place("body.text", "text"),
        _Place("body.subject", "subject"),
        _Place("body.predicate", "predicate"),
        _Place("body.object", "object"),
        _Place("body.confidence", "confidence"),
        _Place("body.salience", "importance"),
        _Place("times.created", "createdAt", _time),
        _Place("times.observed", "eventTime", _time),
        _Place("times.valid_from", "tValidFrom", _time),
        _Place("times.valid_to", "tValidTo", _time),
    ),
    "edge": (
        _Place("body.type", "edgeType"),
        _Place("body.confidence", "confidence"),
        _Place("times.created", "ingestionTime", _time),
        _Place("times.valid_from", "tValidFrom", _time),
        _Place("times.valid_to", "tValidTo", _time),
    ),
    "entity": (
        _Place("body.name", "canonicalName"),
        _Place("body.type", "type"),
        _Place("body.aliases", "aliases", list),
        _Place("body.text", "summary"),
        _Place("times.updated", "updatedAt", _time),
        _ACCESS,
    ),
    "resource": (
        _Place("body.name", "title"),
        _Place("body.text", "summary"),
        _Place("body.media_type", "mimeType"),
        _Place("body.url", "uri"),
        _Place("times.created", "created", _time),
        _Place("times.updated", "modified", _time),
    ),
    "chunk": (_Place("body.text", "text"), _Place("body.position", "position"), _ACCESS),
    "context": (
        _Place("body.name", "label"),
        _Place("body.is_archived", "archived"),
        _Place("times.created", "createdAt", _time),
    ),
    "procedure": (
        _Place("body.name", "name"),
        _Place("body.trigger", "triggerPattern"),
        _Place("body.steps", "steps", list),
        _Place("body.enabled", "enabled"),
    ),
    "community": (_Place("body.title", "label"), _Place("body.text", "summary")),
    "core": (_Place("body.text", "content"),),
    "category": (_Place("body.text", "description"),),
    "preference": (_Place("body.value", "value"),),
    "secretRef": (_Place("body.label", "label"), _Place("body.category", "category"), _ACCESS),
    "factLink": (_Place("body.type", "linkType"), _Place("times.created", "createdAt", _time)),
    "episodeLink": (_Place("body.type", "linkType"),),
}
_STATUS = {"active": "HOT", "archived": "ARCHIVED"}


def patched(kind: str, line: bytes, before: Record, after: Record) -> bytes | None:
    """The row in its canonical bytes, ``after`` in it where ``before`` was; None where that has no place in it."""
    name = kind.removeprefix(f"{FORMAT_NAME}.")
    if name not in KINDS:
        return None
    row: _Row = msgspec.json.decode(line)
    made = dict(row)
    for place in _PLACES[name]:
        was, now = _said(before, place.of), _said(after, place.of)
        if was == now:
            continue
        if now is None or (now == "" and place.of == "access.sensitivity"):
            made.pop(place.member, None)
        else:
            made[place.member] = place.spell(now)
    if before.status != after.status and name == "episode":
        made["lifecycleState"] = _STATUS.get(after.status, made["lifecycleState"])
    if before.provenance.actor != after.provenance.actor and made.get("actors"):
        made["actors"] = [after.provenance.actor, *made["actors"][1:]]
    if name == "episode" and made["details"] != row["details"]:
        _shorten(made, row)
    try:
        if _core(native_record(name, made, before.uid)) != _core(after):
            return None
        return canonical.encode(made, "mem")
    except (CanonicalError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _said(record: Record, of: str) -> Any:
    section, _, name = of.rpartition(".")
    return getattr(getattr(record, section) if section else record, name)


def _shorten(made: _Row, row: _Row) -> None:
    """A summary that only repeats how the text begins repeats the new one."""
    text, summary = row["details"] or row["summary"], row["summary"]
    if not row["details"]:
        made["details"], made["summary"] = "", made["details"]
    elif summary and text.startswith(summary) and len(summary) in (len(text), SUMMARY_CHARACTERS):
        made["summary"] = made["details"][: max(len(summary), SUMMARY_CHARACTERS)]


def _core(record: Record) -> tuple[Any, ...]:
    """What a row says of its record by itself, to the second."""
    times = tuple(None if time is None else moments.write(time) for time in msgspec.structs.astuple(record.times)[:5])
    return record.body, times, record.status, record.access.sensitivity, record.tags, record.provenance.actor, record.links
