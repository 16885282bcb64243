"""What an element of ours cannot say, or says beside its own members: for the ledger.

By kind of element: which of a record's members it says, which are carried in ``satchel``; the rest is lost. What depends on
values is told where it is written.
"""

from __future__ import annotations

import functools

from satchel.model.fields import fields_of
from satchel.model.ledger import Ledger
from satchel.model.record import Record

#: How far a record is trusted is worked out by whoever holds it; only that it deserves less is passed on.
TRUST = "how far it is trusted is this vault's own word, which nobody takes from another"
_CARRIED = "carried in metadata.satchel"
_RAW = "carried in raw_metadata.satchel"
_OF_TALK = "a message has none of its own: that of its conversation counts"
_NO_MEMBER = "the format has no member for it"

#: Of a record that becomes a memory, the members of its body that the memory's content, type and confidence say.
_CONTENT = frozenset({"body.text", "body.confidence"})
_STATEMENT = {
    "memory": _CONTENT | {"body.type"},
    "document": _CONTENT | {"body.blob"},
}
_MESSAGE = frozenset(
    {"body.role", "body.parts", "body.parent", "body.position", "body.model", "times.created", "links"}
    | {"provenance.conversation"}
)
_MESSAGE_CARRIED = frozenset(
    {"body.author", "body.recipient", "body.is_hidden", "body.state", "times.updated", "status", "language", "tags"}
    | {"access.sensitivity", "residue", "trust"}
)
_TALK = frozenset({"body.title", "body.model", "body.is_archived", "times.created", "times.updated", "tags", "scope", "trust"})
_TALK_CARRIED = frozenset({"body.summary", "body.is_starred", "status", "language", "access.sensitivity", "residue"})
_WHOSE = frozenset({"provenance.platform", "provenance.account"})
_RELATION = frozenset({"body.source", "body.target", "body.type", "body.confidence", "times.created", "trust"})


def tell_statement(record: Record, *, is_custom: bool, ledger: Ledger) -> None:
    """What of its body a memory carries beside its content; ``is_custom``: whether its own type says the custom type."""
    names = fields_of(record)
    ledger.fields(record.kind, _beside(record.kind, names, is_custom), "carried", "no-member", _CARRIED, uid=record.uid)
    _tell_trust(record, _CARRIED, ledger)


@functools.lru_cache(1024)
def _beside(kind: str, names: tuple[str, ...], is_custom: bool) -> tuple[str, ...]:
    said = _STATEMENT.get(kind, _CONTENT)
    found = [name for name in names if name.startswith("body.") and name not in said]
    if kind == "memory" and is_custom:
        found = [name for name in found if name != "body.custom_type"]
    return (*found, *(name for name in ("residue",) if name in names))


def tell_message(record: Record, head: Record, names: tuple[str, ...], ledger: Ledger) -> None:
    """What a message says beside its own members, and what it cannot say. ``head``: its conversation."""
    said, of = record.provenance, head.provenance
    carried, lost = _of_message(names)
    if said.platform != of.platform:
        ledger.field("message", "provenance.platform", "widened", "as-of-talk", _OF_TALK, uid=record.uid)
    if said.account != of.account:
        ledger.field("message", "provenance.account", "widened", "as-of-talk", _OF_TALK, uid=record.uid)
    if record.trust != "untrusted" and "trust" in carried:
        carried = tuple(name for name in carried if name != "trust")
        ledger.field("message", "trust", "lost", "not-for-others", TRUST, uid=record.uid)
    if record.times.updated is not None and record.times.updated == record.times.created:
        carried = tuple(name for name in carried if name != "times.updated")
        text = "the same as the time of creation, which alone is said"
        ledger.field("message", "times.updated", "lost", "as-created", text, uid=record.uid)
    ledger.fields("message", carried, "carried", "no-member", _RAW, uid=record.uid)
    ledger.fields("message", lost, "lost", "no-member", _NO_MEMBER, uid=record.uid)


@functools.lru_cache(1024)
def _of_message(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    said = _MESSAGE | _MESSAGE_CARRIED | _WHOSE
    return tuple(name for name in names if name in _MESSAGE_CARRIED), tuple(name for name in names if name not in said)


def tell_talk(record: Record, ledger: Ledger) -> None:
    """The same of a conversation; ``current`` is told where the messages are known."""
    names = fields_of(record)
    carried = tuple(name for name in names if name in _TALK_CARRIED)
    said = _TALK | _TALK_CARRIED | _WHOSE | {"body.current"}
    lost = tuple(name for name in names if name not in said)
    ledger.fields("conversation", carried, "carried", "no-member", _RAW, uid=record.uid)
    ledger.fields("conversation", lost, "lost", "no-member", _NO_MEMBER, uid=record.uid)
    _tell_trust(record, _RAW, ledger)


def tell_relation(record: Record, ledger: Ledger) -> None:
    """The same of a relation, which is closed: it carries nothing."""
    ends = {record.body.source, record.body.target}  # type: ignore[union-attr]
    # Links to its ends, and the platform, are what a relation has when it is read.
    said = _RELATION | {"provenance.platform"}
    if all(link.type == "related_to" and link.to in ends for link in record.links):
        said |= {"links"}
    lost = tuple(name for name in fields_of(record) if name not in said)
    ledger.fields("relation", lost, "lost", "no-member", "a relation of the format cannot say it", uid=record.uid)
    _tell_trust(record, "", ledger)


def _tell_trust(record: Record, where: str, ledger: Ledger) -> None:
    if record.trust == "untrusted":
        ledger.field(record.kind, "trust", "carried", "no-member", where, uid=record.uid)
    elif record.trust != "imported":
        ledger.field(record.kind, "trust", "lost", "not-for-others", TRUST, uid=record.uid)
