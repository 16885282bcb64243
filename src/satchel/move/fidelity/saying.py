"""What a record says, taken apart so that two records can be compared: its words, and its members.

A *member* is a path and a value: one for each member of the record that is set, with these exceptions. A link, a grant and each
member of a part is one of its own (``links.derived_from``, ``access.grants``, ``body.parts.text``). What is not said by the
source is none: uid, origin, native bytes, trust, what was edited, residue, when the vault took it in, and an open format as the
platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from satchel.model.record import Record
from satchel.model.text import same_words, searchable

#: Gives the uid under which another vault knows a record, its own where nobody knows.
UidOf = Callable[[str], str]

_OPEN = frozenset(("portable-memory", "portable-ai-memory", "portable-agent-memory"))
#: Kinds that are known by a name; others are what their text says.
_NAMED = frozenset(
    (
        "entity",
        "procedure",
        "skill",
        "task",
        "conversation",
        "document",
        "scope",
        "setting",
        "tool_server",
        "secret_ref",
        "foreign",
    )
)
_UNSAID = ("uid", "origin", "native", "touched", "residue", "trust")
#: Members of a body and of provenance that name other records.
_UIDS = frozenset(("parent", "current", "source", "target", "conversation", "message", "asset"))
_ENCODE = msgspec.json.Encoder(order="sorted").encode


class Member(NamedTuple):
    """``value`` is canonical JSON: equal members are equal tuples."""

    path: str
    value: bytes


def members(record: Record, uid_of: UidOf = str) -> list[Member]:
    """The members of the record that are set; what names another record names it by ``uid_of``."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    for name in _UNSAID:
        plain.pop(name, None)
    plain.get("times", {}).pop("recorded", None)
    if plain.get("provenance", {}).get("platform") in _OPEN:
        # Our own word for where it came from; nobody said it.
        del plain["provenance"]["platform"]
    return [Member(path, _ENCODE(value)) for path, value in _flat(plain, uid_of) if _is_said(value)]


def _is_said(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != ()


def _flat(plain: dict[str, Any], uid_of: UidOf) -> Iterator[tuple[str, Any]]:
    for name, value in plain.items():
        if name == "links":
            for link in value:
                yield f"links.{link['type']}", uid_of(link["to"])
        elif name == "scope":
            yield name, uid_of(value)
        elif name == "body":
            yield from _body(value, uid_of)
        elif name == "access":
            yield from _access(value)
        elif type(value) is dict:
            for inner, said in value.items():
                yield f"{name}.{inner}", uid_of(said) if inner in _UIDS and said else said
        else:
            yield name, value


def _body(body: dict[str, Any], uid_of: UidOf) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if name == "parts":
            for part in value:
                for inner, said in part.items():
                    yield f"body.parts.{inner}", uid_of(said) if inner in _UIDS and said else said
        elif name != "kind":
            yield f"body.{name}", uid_of(value) if name in _UIDS and type(value) is str and value else value


def _access(access: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in access.items():
        if name == "grants":
            for grant in value:
                yield "access.grants", grant
        else:
            yield f"access.{name}", value


class Words(NamedTuple):
    """Digests of what a record says. ``of_kind``: its kind and what it is known by, a name or a text. ``alone``: what it is
    known by, and all of its words; nothing where it has none."""

    of_kind: bytes
    alone: tuple[bytes, ...]


def words_of(record: Record, get: Callable[[str], Record | None]) -> Words:
    """What two records that say the same have in common: white space and case tell nothing apart. Of one without words, what
    it joins or hangs on stands for them."""
    title, text = searchable(record)
    known_by = (title or text) if record.kind in _NAMED else (text or title)
    words = {same_words("", known_by), same_words(title, text)} - {b""}
    own = same_words("", known_by) or b"\0".join([str(getattr(record.body, "type", "")).encode(), *(_ends(record, get))])
    return Words(_digest(record.kind.encode(), own), tuple(sorted(_digest(b"", said) for said in words)))


def _ends(record: Record, get: Callable[[str], Record | None]) -> Iterator[bytes]:
    """The words of what a record names."""
    body = record.body
    named = [getattr(body, name) for name in ("source", "target") if hasattr(body, name)] or [link.to for link in record.links]
    for uid in named:
        other = get(uid) if uid else None
        yield same_words(*searchable(other)) if other is not None else b""


def _digest(kind: bytes, said: bytes) -> bytes:
    return hashlib.blake2b(kind + b"\0" + said, digest_size=16).digest()
