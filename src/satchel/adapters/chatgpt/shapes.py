"""The export's JSON as typed structs: only the members that are mapped, every leaf ``Any``, unknown members skipped.

A conversation of the usual shape decodes straight into these. One that surprises is decoded as plain values and taken
over node by node (``soften_conversation``), so that one odd member never costs more than itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from satchel.codec import json_values
from satchel.errors import MalformedInput, Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding


class Author(msgspec.Struct, gc=False):
    role: Any = None
    name: Any = None


class Metadata(msgspec.Struct, gc=False):
    model_slug: Any = None
    parent_id: Any = None
    is_visually_hidden_from_conversation: Any = None
    user_context_message_data: Any = None
    attachments: Any = None
    citations: Any = None
    content_references: Any = None
    search_result_groups: Any = None
    aggregate_result: Any = None


class Message(msgspec.Struct, gc=False):
    id: Any = None
    author: Author | None = None
    create_time: Any = None
    update_time: Any = None
    content: Any = None
    status: Any = None
    weight: Any = None
    recipient: Any = None
    metadata: Metadata | None = None


class Node(msgspec.Struct, gc=False):
    message: Message | None = None
    parent: Any = None
    children: Any = None


class Conversation(msgspec.Struct, gc=False):
    id: Any = None
    conversation_id: Any = None
    title: Any = None
    create_time: Any = None
    update_time: Any = None
    current_node: Any = None
    default_model_slug: Any = None
    gizmo_id: Any = None
    gizmo_type: Any = None
    is_archived: Any = None
    is_starred: Any = None
    mapping: dict[str, Node | None] | None = None


class Head(msgspec.Struct, gc=False):
    """What identifies a conversation, read without building its messages."""

    id: Any = None
    conversation_id: Any = None
    title: Any = None
    create_time: Any = None
    update_time: Any = None
    current_node: Any = None
    user_id: Any = None
    owner: Any = None
    mapping: msgspec.Raw = msgspec.Raw(b"")


#: Tells of a member that was left out or read otherwise: its JSON pointer and what it should have been.
Note = Callable[[str, str], None]

_NO_OBJECT = "an object was expected"


def decode_repaired(
    data: bytes, place: Place, limits: Limits, findings: list[Finding], *, type: Any = Any
) -> tuple[Any, bytes]:
    """The value of ``data`` and the bytes it was read from: ``data`` itself, or ``data`` with what is no text repaired.

    Raises:
        MalformedInput, LimitExceeded: as json_values.decode.
        msgspec.ValidationError: another shape than ``type``.
    """
    try:
        return json_values.decode(data, type=type, place=place, limits=limits), data
    except MalformedInput as error:
        repaired = json_values.repair_text(data)
        if repaired == data:
            raise
        told = Finding(
            code="repaired-text",
            severity="warning",
            text="characters that are no Unicode text are read as U+FFFD; the kept original has them as they were",
            place=error.place or place,
            outcome="changed",
        )
        try:
            value = json_values.decode(repaired, type=type, place=place, limits=limits)
        except msgspec.ValidationError:
            # The caller decodes the same bytes again as plain values and tells of the repair then.
            raise
        findings.append(told)
        return value, repaired


def decode_nodes(data: bytes, place: Place, limits: Limits, findings: list[Finding], *, fragment: bool) -> Conversation:
    """The conversation in ``data``; with ``fragment``, the document is a bare mapping.

    Raises:
        MalformedInput, LimitExceeded: as json_values.decode.
    """
    shape: Any = dict[str, Node | None] if fragment else Conversation
    try:
        value, _ = decode_repaired(data, place, limits, findings, type=shape)
        return Conversation(mapping=value) if fragment else value
    except msgspec.ValidationError:
        value, _ = decode_repaired(data, place, limits, findings)

    def note(pointer: str, expected: str) -> None:
        findings.append(
            Finding(
                code="unexpected-shape",
                severity="warning",
                text=f"{expected}; this member was not read",
                place=msgspec.structs.replace(place, pointer=pointer),
                outcome="skipped",
            )
        )

    return soften_conversation({"mapping": value} if fragment else value, note)


def head_of(value: dict[str, Any]) -> Head:
    """The head of a conversation that was parsed, without its mapping."""
    return Head(**{name: value.get(name) for name in _HEAD_MEMBERS}, mapping=_NULL)


_NULL = msgspec.Raw(b"null")
_HEAD_MEMBERS = tuple(name for name in Head.__struct_fields__ if name != "mapping")


def decode_whole(data: bytes, place: Place, limits: Limits, value: Any = None) -> tuple[Any, Conversation] | None:
    """The value of a conversation and the same as structs, which share its strings; None where it is not of the usual shape and
    wants ``decode_nodes``. ``value``: what was parsed of it already."""
    try:
        json_values.check_text(data, place)
        json_values.check_digits(data, place, limits)
        if value is None:
            value = msgspec.json.decode(data)
        json_values.check_depth(data, place, limits, exact=False)
        return value, msgspec.convert(value, Conversation)
    except (SatchelError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def soften_conversation(value: Any, note: Note) -> Conversation:
    """``value`` with every member that has no place in the shapes told of and left out."""
    if type(value) is not dict:
        note("", _NO_OBJECT)
        return Conversation()
    members = {name: value.get(name) for name in Conversation.__struct_fields__ if name != "mapping"}
    mapping = value.get("mapping")
    if mapping is None:
        return Conversation(**members)
    if type(mapping) is not dict:
        note("/mapping", _NO_OBJECT)
        return Conversation(**members)
    nodes: dict[str, Node | None] = {}
    for key, node in mapping.items():
        nodes[key] = _soften_node(node, f"/mapping/{escape(key)}", note)
    return Conversation(**members, mapping=nodes)


def escape(name: str) -> str:
    """``name`` as one token of a JSON pointer (RFC 6901)."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name


def _soften_node(value: Any, at: str, note: Note) -> Node | None:
    if value is None:
        return None
    if type(value) is not dict:
        note(at, _NO_OBJECT)
        return None
    message = value.get("message")
    if type(message) is str and message:
        # A message that is nothing but its text.
        message = {"content": message}
    if message is not None and type(message) is not dict:
        note(f"{at}/message", _NO_OBJECT)
        message = None
    return Node(
        message=None if message is None else _soften_message(message, f"{at}/message", note),
        parent=value.get("parent"),
        children=value.get("children"),
    )


def _soften_message(value: dict[str, Any], at: str, note: Note) -> Message:
    members = {name: value.get(name) for name in Message.__struct_fields__ if name not in ("author", "metadata")}
    author = value.get("author")
    if type(author) is str:
        author = {"role": author}
    if author is not None and type(author) is not dict:
        note(f"{at}/author", _NO_OBJECT)
        author = None
    metadata = value.get("metadata")
    if metadata is not None and type(metadata) is not dict:
        note(f"{at}/metadata", _NO_OBJECT)
        metadata = None
    return Message(
        **members,
        author=None if author is None else Author(role=author.get("role"), name=author.get("name")),
        metadata=None if metadata is None else Metadata(**{name: metadata.get(name) for name in Metadata.__struct_fields__}),
    )


def text_of(value: Any) -> str:
    """``value`` when it is a string, else ""."""
    return value if type(value) is str else ""


def id_of(value: Any) -> str:
    """An id as text: a string, or a whole number's digits; anything else is no id."""
    if type(value) is int:
        return str(value)
    return value if type(value) is str else ""
