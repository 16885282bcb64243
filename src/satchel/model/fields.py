"""The fields of a record by name: ``body.text``, ``times.created``, ``tags``. The loss ledger speaks of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from satchel.model.bodies import BODIES, Message
from satchel.model.record import Access, Provenance, Record, Times

#: Members that say which record it is, or that the vault gives it: none that a format could lose.
_OURS = frozenset({"uid", "origin", "native", "touched", "kind", "recorded"})


_SECTIONS: dict[str, type[msgspec.Struct]] = {"access": Access, "provenance": Provenance, "times": Times}


@functools.cache
def _plain(type_: type[msgspec.Struct]) -> dict[str, Any]:
    """What each member of a struct is where nobody says anything."""
    found = {}
    for field in msgspec.structs.fields(type_):
        if field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default_factory())
        elif field.default is not msgspec.NODEFAULT:
            found[field.name] = msgspec.to_builtins(field.default)
    return found


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
    found: list[str] = []
    sections = ("access", record.access), ("provenance", record.provenance), ("times", record.times)
    for section, struct in (("", record), ("body", body), *sections):
        names, defaults = _members(type(struct), section)
        values = msgspec.structs.astuple(struct)
        if values != defaults:
            found += [name for name, value, default in zip(names, values, defaults, strict=True) if name and value != default]
    found.sort()
    return tuple(found)


@functools.cache
def _members(type_: type[msgspec.Struct], section: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The fields that a struct's members are, "" for those that are none or hold fields in their turn, and their defaults."""
    names: list[str] = []
    defaults: list[Any] = []
    for field in msgspec.structs.fields(type_):
        if field.name in _OURS or (not section and (field.name == "body" or field.name in _SECTIONS)):
            names.append("")
        else:
            names.append(f"{section}.{field.name}" if section else field.name)
        has_factory = field.default_factory is not msgspec.NODEFAULT
        defaults.append(field.default_factory() if has_factory else field.default)
    return tuple(names), tuple(defaults)


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
        section = BODIES[kind] if name == "body" else _SECTIONS.get(name)
        if section is None:
            if item != _plain(Record).get(name, _NOTHING):
                found.append(name)
            continue
        for member, said in item.items():
            if member not in _OURS and said != _plain(section).get(member, _NOTHING):
                found.append(f"{name}.{member}")
    found.sort()
    return tuple(found)


#: What is no value of any member.
_NOTHING = object()
