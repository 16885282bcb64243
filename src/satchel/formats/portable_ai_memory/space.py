"""Where an id of a package is unique: with its owner, so that two owners' equal ids are two things (DESIGN, "The record").

What went through a vault of ours keeps the owner that it came from: the package's sidecar tells (``sidecar``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.formats.portable_ai_memory import moments, terms
from satchel.model.ids import make_uid
from satchel.model.record import Origin, Trust
from satchel.model.times import from_microseconds

FORMAT_NAME = terms.STORE_SCHEMA
READER = f"{FORMAT_NAME}/1"


class Space(msgspec.Struct, frozen=True):
    """One owner's ids. ``version`` is the package's, ``trust`` what its signature gave its memories: it covers
    nothing else (dossier 4.7)."""

    owner: str
    version: str
    trust: Trust = "imported"
    #: What the package's sidecar says: other owners, by id or by an attachment's path.
    memories: Mapping[str, str] = {}
    relations: Mapping[str, str] = {}
    conversations: Mapping[str, str] = {}
    attachments: Mapping[str, str] = {}
    #: Uids of records that the vault holds and from which the package was written: by kind and id.
    held: Mapping[tuple[str, str], str] = {}

    def memory(self, id: str) -> str:
        """The uid of a memory."""
        return self.held.get(("memory", id)) or uid_in(self.memories.get(id, self.owner), "memory", id)

    def conversation(self, id: str) -> str:
        """The uid of a conversation."""
        return self.held.get(("conversation", id)) or uid_in(self.conversations.get(id, self.owner), "conversation", id)

    def attachment(self, path: str) -> str:
        """The uid of a file beside messages."""
        return self.held.get(("attachment", path)) or uid_in(self.attachments.get(path, self.owner), "attachment", path)

    def message(self, conversation: str, id: str) -> str:
        """The uid of a message of a conversation."""
        return uid_in(self.conversations.get(conversation, self.owner), "message", conversation, id)

    def origin(self, owner: str, kind: str, id: str) -> Origin:
        """The origin of a record."""
        return Origin(format=FORMAT_NAME, version=self.version, space=owner, id=id, kind=kind)


def uid_in(owner: str, kind: str, *ids: str) -> str:
    """The uid of what an owner's package calls by this id."""
    return make_uid(FORMAT_NAME, owner, kind, *ids)


def attachment_uid(owner: str, ref: str) -> str:
    """The uid of an owner's file beside messages, by what a message calls it."""
    return uid_in(owner, "attachment", "/".join(name for name in ref.split("/") if name not in ("", ".")))


def member(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object member; {} when it is none."""
    found = value.get(name)
    return found if type(found) is dict else {}


def string(value: Mapping[str, Any], name: str) -> str:
    """A text member; "" when it is none."""
    found = value.get(name)
    return found if type(found) is str else ""


def strings(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of an array member, each once."""
    found = value.get(name)
    return tuple(dict.fromkeys(item for item in found if type(item) is str and item)) if type(found) is list else ()


def moment(value: Mapping[str, Any], name: str) -> datetime | None:
    """A time member; None when there is none or nobody can read it."""
    found = value.get(name)
    read = moments.read(found) if type(found) is str else None
    if read is None:
        return None
    try:
        return from_microseconds(read.instant)
    except OverflowError:
        return None


def own_members(value: Mapping[str, Any], open_member: str) -> dict[str, Any]:
    """What an export of ours wrote beside the members of the format; whoever else may have written it."""
    return member(member(value, open_member), terms.OURS)
