"""What the export looks like on the wire, decoded without trusting any of it (providers.md 3.2).

The structs name the members that we read; every leaf is ``Any``, for each may be null or of another type in some era. Members
that are not named are skipped by the parser, which builds nothing for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes
from satchel.codec import json_values
from satchel.codec.sources import Member, read_document
from satchel.errors import MalformedInput, Place, SatchelError
from satchel.limits import Limits
from satchel.model import times
from satchel.model.ids import provider_uid
from satchel.model.record import Origin, Original, Provenance, Reading

INFO = AdapterInfo(name="claude", version=1, title="Claude")
PLATFORM = INFO.name
#: The parent of every first message since 2025.
ROOT_PARENT = "00000000-0000-4000-8000-000000000000"

_Shape = TypeVar("_Shape")
_SPACE = b" \t\n\r"
_MAX_WHOLE = 1 << 53
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)


class MessageIn(msgspec.Struct, gc=False):
    """A chat message. ``role`` instead of ``sender`` is the ``messages``-keyed variant."""

    uuid: Any = None
    id: Any = None
    sender: Any = None
    role: Any = None
    text: Any = None
    content: Any = None
    created_at: Any = None
    updated_at: Any = None
    attachments: Any = None
    files: Any = None
    files_v2: Any = None
    parent_message_uuid: Any = msgspec.UNSET
    model: Any = None
    stop_reason: Any = None
    truncated: Any = None


class ConversationIn(msgspec.Struct, gc=False):
    """A conversation as most exports have it: decoding another shape raises ValidationError."""

    name: Any = None
    title: Any = None
    summary: Any = None
    model: Any = None
    created_at: Any = None
    updated_at: Any = None
    is_starred: Any = None
    current_leaf_message_uuid: Any = None
    uuid: Any = None
    id: Any = None
    chat_messages: list[MessageIn] | None = None
    messages: list[MessageIn] | None = None


class Head(msgspec.Struct, gc=False):
    """What identifies an object, read before it is known whether its bytes are new."""

    uuid: Any = None
    id: Any = None
    name: Any = None
    title: Any = None
    created_at: Any = None
    updated_at: Any = None
    account: Any = None
    account_uuid: Any = None
    creator: Any = None
    is_starter_project: Any = None
    mapping: msgspec.Raw = msgspec.Raw()
    chat_messages: msgspec.Raw = msgspec.Raw()
    messages: msgspec.Raw = msgspec.Raw()


def moment_of(value: Any) -> datetime | None:
    """As ``times.from_any``; a number beyond every clock is no time."""
    try:
        return times.from_any(value)
    except OverflowError:
        return None


def text_of(value: Any) -> str:
    """A string as it is, anything else as ""."""
    return value if type(value) is str else ""


def ident(value: Any) -> str:
    """A native id: a non-empty string, or a number's digits."""
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def account_of(value: Any) -> str:
    """The account's id: ``{"uuid": …}`` or the bare id (both occur)."""
    return ident(value.get("uuid")) if type(value) is dict else ident(value)


def whole(value: Any) -> int | None:
    """A size or an offset: a whole number that is not negative, or its digits; else None."""
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 <= value < _MAX_WHOLE else None


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of an array; one object stands for an array of one."""
    if type(value) is dict:
        return [value]
    return [item for item in value if type(item) is dict] if type(value) is list else []


def escaped(name: str) -> str:
    """A member name as a JSON pointer's token (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def uid_of(account: str, kind: str, native_id: str) -> str:
    return provider_uid(PLATFORM, account, kind, native_id)


def origin(kind: str, native_id: str = "") -> Origin:
    return Origin(format=PLATFORM, id=native_id, kind=f"{PLATFORM}.{kind}")


def provenance(account: str) -> Provenance:
    return Provenance(platform=PLATFORM, account=account, method="api_export")


def decode(data: bytes, shape: type[_Shape] | Any, notes: Notes, limits: Limits) -> Any:
    """The value of ``data`` as ``shape``; text that is no Unicode is repaired and told of.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
        msgspec.ValidationError: it has another shape.
    """
    try:
        return json_values.decode(data, type=shape, place=notes.place, limits=limits)
    except MalformedInput:
        repaired = json_values.repair_text(data)
        if repaired == data:
            raise
        value = json_values.decode(repaired, type=shape, place=notes.place, limits=limits)
        notes.add("repaired-text", "text that is no Unicode was replaced by U+FFFD", "warning", "changed")
        return value


def head_of(data: bytes, place: Place) -> Head | None:
    """The identifying members of an object; None when ``data`` is no object.

    Raises:
        MalformedInput, LimitExceeded: not JSON, or nested too deeply to parse.
    """
    try:
        return msgspec.json.decode(data, type=Head)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(json_values.repair_text(data), type=Head)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        json_values.refuse(error, place, data)


def decoded_json(text: str, limits: Limits) -> Any:
    """The object or array that a string holds as JSON, decoded once; None when it holds none (providers.md 3.2)."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json_values.decode(text.encode(), limits=limits)
    except (SatchelError, UnicodeEncodeError):
        return None
    return value if type(value) in (dict, list) else None


def document(member: Member, limits: Limits) -> bytes:
    """A whole file, its byte order mark and outer white space taken off.

    Raises:
        LimitExceeded: larger than ``limits.document_bytes``.
        InputError: it cannot be read.
    """
    return read_document(member, limits).strip(_SPACE)


def original(
    uid: str, kind: str, data: bytes, place: Place, updated: datetime | None, read: Callable[[Notes], Reading]
) -> Original:
    """The source object whose ``read`` maps it; what ``read`` raises on purpose becomes its finding."""

    def reading() -> Reading:
        notes = notes_of(place)
        try:
            return read(notes)
        except SatchelError as error:
            notes.error(error)
            return Reading(findings=notes.findings())

    return Original(
        uid=uid, kind=f"{PLATFORM}.{kind}", native=data, place=place, reader=INFO.reader, updated=updated, read=reading
    )


def notes_of(place: Place) -> Notes:
    """Findings of one source object, its times read as Claude writes them."""
    return Notes(place, moment_of, (None, "", 0))
