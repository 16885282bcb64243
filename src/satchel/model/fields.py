"""The fields of a record by name: ``body.text``, ``times.created``, ``tags``. The loss ledger speaks of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.model.bodies import BODIES, Message
from satchel.model.record import Access, Provenance, Record, Times

#: Members that say which record it is, or that the vault gives it: none that a format could lose.
_OURS = frozenset({"uid", "origin", "native", "touched", "kind", "recorded"})


def _plain(type_: type[msgspec.Struct]) -> dict[str, Any]:
    """What each member of a struct is where nobody says anything."""
    found = {}
    for field in msgspec.structs.fields(type_):
        if field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default_factory())
        elif field.default is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default)
    return found


_HEADER = _plain(Record)
_SECTIONS: dict[str, dict[str, Any]] = {"access": _plain(Access), "provenance": _plain(Provenance), "times": _plain(Times)}
_BODIES = {kind: _plain(body) for kind, body in BODIES.items()}


def fields_of(record: Record) -> tuple[str, ...]:
    """The fields in which a record says something: those that are not at their default; sorted."""
    body = record.body
    if type(body) is Message and record.access == _OPEN:
        # Of a hundred messages ninety-nine say something in the same fields.
        whence, times = record.provenance, record.times
        says = (
            body.author != "",
            body.is_hidden,
            body.model != "",
            body.parent != "",
            body.parts != (),
            body.position != 0,
            body.recipient != "",
            True,
            body.state != "",
            record.language != "",
            record.links != (),
            whence.account != "",
            whence.actor != "",
            whence.conversation != "",
            whence.extractor != "",
            whence.message != "",
            whence.method != "",
            whence.platform != "",
            record.residue != {},
            record.scope != "",
            record.status != "active",
            record.tags != (),
            times.created is not None,
            times.observed is not None,
            times.updated is not None,
            times.valid_from is not None,
            times.valid_to is not None,
            record.trust != "imported",
        )
        names = _SAID.get(says)
        if names is None:
            names = _SAID[says] = tuple(name for name, is_said in zip(_MESSAGE, says, strict=True) if is_said)
        return names
    return named(msgspec.to_builtins(record, builtin_types=(datetime,)), record.kind)


_OPEN = Access()
#: The fields that a message may say something in, but access; sorted.
_MESSAGE = (
    *(f"body.{name}" for name in ("author", "is_hidden", "model", "parent", "parts", "position", "recipient", "role", "state")),
    *("language", "links"),
    *(f"provenance.{name}" for name in ("account", "actor", "conversation", "extractor", "message", "method", "platform")),
    *("residue", "scope", "status", "tags"),
    *(f"times.{name}" for name in ("created", "observed", "updated", "valid_from", "valid_to")),
    "trust",
)
_SAID: dict[tuple[bool, ...], tuple[str, ...]] = {}


def named(value: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """The same of a record's members as JSON, of which some may be left out."""
    found: list[str] = []
    for name, item in value.items():
        if name in _OURS:
            continue
        # A default that was read from somewhere is written too: equal, though not the very same.
        section = _BODIES[kind] if name == "body" else _SECTIONS.get(name)
        if section is None:
            if item != _HEADER.get(name, _NOTHING):
                found.append(name)
            continue
        for member, said in item.items():
            if member not in _OURS and said != section.get(member, _NOTHING):
                found.append(f"{name}.{member}")
    found.sort()
    return tuple(found)


#: What is no value of any member.
_NOTHING = object()
