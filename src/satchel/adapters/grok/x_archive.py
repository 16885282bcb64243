"""Grok inside X: ``data/grok-chat-item.js`` of an X archive, a script that assigns an array (providers.md 3.4).

A row is a turn; rows of one ``chatId`` lie apart, also in the files of several parts, and ``createdAt`` puts them in order.
The rest of an X archive is other people's messages and is not read.
"""

from __future__ import annotations

import html
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from satchel.adapters.gathering import Gathering
from satchel.adapters.grok.parts import Parts
from satchel.adapters.grok.wire import PLATFORM, model_in, moment_of, role_of
from satchel.adapters.notes import Notes
from satchel.adapters.platform import Ties, each, repeated, sha256
from satchel.adapters.values import decode, dict_of, dicts, first_text, ident, text_of
from satchel.codec.arrays import iter_array
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Conversation, Message, Role
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Link, Native, Reading, Record, Times

VERSION = "x-archive"
ITEM = "grokChatItem"
_ASSIGNMENT_BYTES = 4 << 10
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class _Assigned(io.RawIOBase):
    """A script's bytes with all up to the first ``=`` blanked out, so that places stay those of the file."""

    def __init__(self, stream: Any, place: Place) -> None:
        self._stream = stream
        head = stream.read(_ASSIGNMENT_BYTES)
        at = head.find(b"=") + 1
        if at == 0:
            raise MalformedInput("the script assigns nothing", place=place)
        self._head = b" " * at + head[at:]

    def read(self, size: int = -1, /) -> bytes:
        head, self._head = self._head, b""
        return head or bytes(self._stream.read(size))


def read_x_chats(files: Sequence[Member], account: str, ties: Ties, limits: Limits) -> Iterator[Item]:
    """Every chat of an archive's files."""
    with Gathering(limits) as rows:
        chats = _Chats(account, ties, rows, limits)
        for file in files:
            yield from chats.collect(file)
        for group in rows.groups():
            try:
                yield chats.chat(group)
            except SatchelError as error:
                yield from_error(error, place=rows.place(group[0]))


class _Chats:
    def __init__(self, account: str, ties: Ties, rows: Gathering, limits: Limits) -> None:
        self.account = account
        self.ties = ties
        self.rows = rows
        self.limits = limits

    def collect(self, file: Member) -> Iterator[Item]:
        """Keep the turns of a file until their chats are whole."""
        place = Place(file=file.name)
        self.rows.begin(file)
        try:
            with file.open() as stream:
                script: Any = _Assigned(stream, place)
                yield from each(iter_array(script, file=file.name, limits=self.limits), file.name, self.take)
        except SatchelError as error:
            yield from_error(error, place=place)

    def take(self, data: bytes, place: Place) -> Iterator[Item]:
        """Keep a turn until its chat is whole."""
        value = dict_of(decode(data, PLATFORM.notes(place), self.limits))
        item = value.get(ITEM)
        if type(item) is not dict:
            finding = Finding("unknown-shape", "warning", "this is no turn of a chat; its bytes are kept", place, "skipped")
            yield PLATFORM.unread(self.account, data, finding)
            return
        chat = ident(item.get("chatId"))
        self.rows.add(data, *([chat] if chat else []))

    def chat(self, group: list[int]) -> Item:
        """The conversation that these turns are.

        Raises:
            LimitExceeded, MalformedInput: they cannot be read together.
        """
        self.rows.check_size(group)
        place = self.rows.place(group[0])
        native = b"[" + b",\n".join(self.rows.data(row) for row in group) + b"]"
        turns = [dict_of(value.get(ITEM)) for value in dicts(decode(native, PLATFORM.notes(place), self.limits))]
        first = turns[0]
        chat = ident(first.get("chatId"))
        account = ident(first.get("accountId")) or self.account
        if chat:
            uid = PLATFORM.uid(account, "x-chat", chat)
        else:
            uid = self.ties.uid(
                PLATFORM.info.name, account, "x-chat", text_of(first.get("createdAt")), text_of(first.get("message"))
            )
        limits = self.limits
        moments = [moment for turn in turns if (moment := moment_of(turn.get("createdAt")))]
        updated = max(moments, default=None)
        return PLATFORM.original(
            uid, "x_chat", native, place, updated, lambda notes: _read(native, uid, chat, account, notes, limits)
        )


def _read(native: bytes, uid: str, chat: str, account: str, notes: Notes, limits: Limits) -> Reading:
    turns = [dict_of(value.get(ITEM)) for value in dicts(decode(native, notes, limits))]
    moments = [notes.time(turn.get("createdAt")) for turn in turns]
    order = list(range(len(turns)))
    if all(moments):
        order.sort(key=lambda i: moments[i] or _LONG_AGO)
    elif len(turns) > 1:
        notes.add("file-order", "not every message has a time; all stand in the order of the file")
    order = _person_first(order, moments, [role_of(_sender(turn)) for turn in turns])
    parts_of = Parts(account, notes, limits)
    seen: dict[str, int] = {}
    records: list[Record] = []
    parent = ""
    for i in order:
        turn = turns[i]
        sender = _sender(turn)
        message = turn.get("message")
        text = html.unescape(message) if type(message) is str else message
        parts = parts_of.of({"message": text, "file_attachments": turn.get("attachments")})
        if not parts:
            notes.add("empty-message", "a message holds nothing; it gives no record")
            continue
        if not sender:
            unsaid = "a message does not say who wrote it; it is taken for the assistant's"
            notes.add("unknown-role", unsaid, "warning", "changed")
        uid_ = repeated(make_uid(uid, "message", sha256(text_of(turn.get("createdAt")), sender, text_of(message))), seen)
        records.append(
            Record(
                uid=uid_,
                body=Message(
                    role=role_of(sender), parts=tuple(parts), parent=parent, position=len(records), author=model_in(sender)
                ),
                origin=PLATFORM.origin("x_message"),
                times=Times(created=moments[i]),
                links=(Link("part_of", uid),),
                provenance=PLATFORM.provenance(account),
                native=Native(pointer=f"/{i}/{ITEM}"),
            )
        )
        parent = uid_
    known = [moment for moment in moments if moment]
    head = Record(
        uid=uid,
        body=Conversation(current=parent),
        origin=PLATFORM.origin("x_chat", chat, VERSION),
        times=Times(created=min(known, default=None), updated=max(known, default=None)),
        provenance=PLATFORM.provenance(account),
    )
    return Reading(records=(head, *records), findings=notes.findings())


def _person_first(order: list[int], moments: list[datetime | None], roles: list[Role]) -> list[int]:
    """Turns of one moment with the question before its answer: the archive gives both the same time now and then."""
    for at in range(len(order) - 1):
        a, b = order[at], order[at + 1]
        is_pair = moments[a] is not None and moments[a] == moments[b] and roles[a] != "user" == roles[b]
        if is_pair and (at == 0 or roles[order[at - 1]] != "user"):
            order[at], order[at + 1] = b, a
    return order


def _sender(turn: dict[str, Any]) -> str:
    """``{"name": "User"}`` in newer archives, the bare word in older ones."""
    sender = turn.get("sender")
    return first_text(sender, "name", "originalName") if type(sender) is dict else text_of(sender).strip()
