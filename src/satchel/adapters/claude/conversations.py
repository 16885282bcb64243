"""One conversation: its head, its tree of messages, the artifacts written in it (providers.md 3.2).

The tree is made of ``parent_message_uuid`` where any message has that member, else of the array's order. Messages that hold
nothing (stubs) give no record; what answers them answers their nearest kept ancestor. Nothing here recurses: a chain of
100,000 messages and a chain that bites its own tail are read alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from satchel.adapters.claude.artifacts import Replay
from satchel.adapters.claude.content import Content
from satchel.adapters.claude.wire import ROOT_PARENT, ConversationIn, MessageIn, decode, ident, origin, provenance, text_of
from satchel.adapters.notes import Notes
from satchel.adapters.tree import newest_leaf, parent_first
from satchel.limits import Limits
from satchel.model.bodies import Conversation, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Provenance, Reading, Record, Times

ROLES: dict[str, Role] = {
    "human": "user",
    "user": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "claude": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_NO_TIMES = Times()
_MESSAGE_FIELDS = MessageIn.__struct_fields__
_CONVERSATION_FIELDS = frozenset(ConversationIn.__struct_fields__) - {"chat_messages", "messages"}


def read_conversation(data: bytes, uid: str, native_id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one conversation's bytes.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    try:
        head: ConversationIn = decode(data, ConversationIn, notes, limits)
        messages: Sequence[MessageIn | None]
        name, messages = ("chat_messages", head.chat_messages or ())
        if head.chat_messages is None and head.messages is not None:
            name, messages = "messages", head.messages
    except msgspec.ValidationError:
        head, name, messages = _tolerant(decode(data, Any, notes, limits), notes)
    return _Reader(head, name, messages, uid, native_id, account, notes, limits).reading()


def _tolerant(value: Any, notes: Notes) -> tuple[ConversationIn, str, list[MessageIn | None]]:
    """As the typed decoding gives it, of a value whose shape no export has."""
    if type(value) is not dict:
        notes.add("unknown-shape", "this is no conversation", "error", "skipped")
        return ConversationIn(), "chat_messages", []
    head = ConversationIn(**{name: value[name] for name in _CONVERSATION_FIELDS if name in value})
    name = "chat_messages"
    if type(value.get(name)) is not list and type(value.get("messages")) is list:
        name = "messages"
    items = value.get(name)
    if type(items) is not list:
        if items is not None:
            notes.add("malformed-messages", "the messages are no array; they are left out", "error", "skipped")
        items = []
    messages: list[MessageIn | None] = []
    for item in items:
        if type(item) is dict:
            messages.append(MessageIn(**{field: item[field] for field in _MESSAGE_FIELDS if field in item}))
        else:
            messages.append(None)
            notes.add("malformed-message", "a message is no object; it is left out", "error", "skipped")
    return head, name, messages


def parents_of(messages: Sequence[MessageIn | None], notes: Notes) -> list[int]:
    """The index of each message's parent, -1 for a root."""
    if not any(message is not None and message.parent_message_uuid is not msgspec.UNSET for message in messages):
        return list(range(-1, len(messages) - 1))
    index: dict[str, int] = {}
    for i, message in enumerate(messages):
        if message is not None:
            index.setdefault(ident(message.uuid) or ident(message.id), i)
    index.pop("", None)
    parents = [-1] * len(messages)
    for i, message in enumerate(messages):
        if message is None:
            continue
        parent = message.parent_message_uuid
        if parent is None or parent is msgspec.UNSET or parent == ROOT_PARENT or parent == "":
            continue
        at = index.get(ident(parent), -1)
        if at < 0:
            notes.add("dangling-parent", "a message answers one that is not in the export; it stands as a first message")
        parents[i] = at
    return parents


class _Reader:
    def __init__(
        self,
        head: ConversationIn,
        member: str,
        messages: Sequence[MessageIn | None],
        uid: str,
        native_id: str,
        account: str,
        notes: Notes,
        limits: Limits,
    ) -> None:
        self.head = head
        self.member = member
        self.messages = messages
        self.uid = uid
        self.native_id = native_id
        self.account = account
        self.notes = notes
        self.by: Provenance = provenance(account)
        self.content = Content(account, notes, limits)

    def reading(self) -> Reading:
        records, current = self._message_records()
        head = self.head
        record = Record(
            uid=self.uid,
            body=Conversation(
                title=text_of(head.name) or text_of(head.title),
                summary=text_of(head.summary),
                model=text_of(head.model),
                current=current,
                is_starred=head.is_starred is True,
            ),
            origin=origin("conversation", self.native_id),
            times=self._times(head.created_at, head.updated_at),
            provenance=self.by,
            native=_WHOLE,
        )
        return Reading(records=(record, *records), findings=self.notes.findings())

    def _times(self, created: Any, updated: Any) -> Times:
        first = self.notes.time(created)
        # Most messages were never edited: both members are the same text then.
        last = first if first is not None and updated == created else self.notes.time(updated)
        return Times(created=first, updated=last) if first or last else _NO_TIMES

    def _message_records(self) -> tuple[list[Record], str]:
        """The messages' records in order, the artifacts' documents behind them; and the current message's uid."""
        messages = self.messages
        parents = parents_of(messages, self.notes)
        order = parent_first(parents, self.notes)
        links = (Link("part_of", self.uid),)
        #: For each message its own uid, or its nearest kept ancestor's.
        nearest = [""] * len(messages)
        by_id: dict[str, int] = {}
        seen: dict[str, int] = {}
        replay = Replay()
        records: list[Record] = []
        for position, i in enumerate(order):
            message = messages[i]
            parent = nearest[parents[i]] if parents[i] >= 0 else ""
            if message is None:
                nearest[i] = parent
                continue
            key = ident(message.uuid) or ident(message.id)
            twin = by_id.setdefault(key, i) if key else i
            if twin != i and messages[twin] == message:
                nearest[i] = nearest[twin]
                self.notes.add("duplicate-message", "a message stands twice in the export; it is kept once")
                continue
            parts = self.content.parts(message.content, message.text, message.attachments, message.files, message.files_v2)
            if not parts:
                nearest[i] = parent
                self.notes.add("empty-message", "a message holds nothing; it gives no record")
                continue
            uid = self._unique(make_uid(self.uid, "message", key or str(i)), seen)
            nearest[i] = uid
            record = self._message(message, parts, uid, parent, position, key, i, links)
            records.append(record)
            replay.see(parts, uid, record.native.pointer, record.times.created)
        current = self._current(records, nearest, by_id)
        if replay.changes:
            records.extend(replay.records(self.uid, self.by, self.notes))
        return records, current

    def _unique(self, uid: str, seen: dict[str, int]) -> str:
        count = seen[uid] = seen.get(uid, 0) + 1
        if count > 1:
            self.notes.add("repeated-id", "different messages have the same id; all are kept", "warning", "noticed")
            return make_uid(uid, str(count))
        return uid

    def _message(
        self,
        message: MessageIn,
        parts: list[Part],
        uid: str,
        parent: str,
        position: int,
        key: str,
        i: int,
        links: tuple[Link, ...],
    ) -> Record:
        sender = message.sender or message.role
        published = self.content.published
        role = ROLES.get(sender) if type(sender) is str else None
        author = ""
        if role is None:
            role = ROLES.get(sender.strip().lower()) if type(sender) is str else None
        if role is None:
            role, author = "assistant", text_of(sender)
            self.notes.add("unknown-role", "a message does not say in words we know who wrote it", "warning", "changed")
        state = text_of(message.stop_reason)
        is_result = is_context = True
        for part in parts:
            if part.type != "context":
                is_context = False
            if part.type != "tool_result" and (not part.call or part.type == "tool_call"):
                is_result = False
        return Record(
            uid=uid,
            body=Message(
                role=role,
                parts=tuple(parts),
                parent=parent,
                position=position,
                author=author,
                model=text_of(message.model),
                state=state or ("truncated" if message.truncated is True else ""),
                is_hidden=is_context,
            ),
            origin=origin("message", key),
            times=self._times(message.created_at, message.updated_at),
            trust="untrusted" if is_result else "imported",
            links=(*links, *(Link("related_to", artifact) for artifact in published)) if published else links,
            provenance=self.by,
            native=Native(pointer=f"/{self.member}/{i}"),
        )

    def _current(self, records: list[Record], nearest: list[str], by_id: dict[str, int]) -> str:
        """The tip that the export names, else the leaf with the newest message; ties go to the later one."""
        named = by_id.get(ident(self.head.current_leaf_message_uuid))
        if named is not None and nearest[named]:
            return nearest[named]
        return newest_leaf(records)


_WHOLE = Native()
