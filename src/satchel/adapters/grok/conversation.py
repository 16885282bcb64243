"""One conversation: its head, its tree of responses (providers.md 3.4; portable-ai-memory.md 7.6).

The tree is made of ``parent_response_id`` where any response has one, else of the array's order. Responses that hold nothing
give no record; what answers them answers their nearest kept ancestor. Nothing here recurses.
"""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.adapters.grok.parts import Parts
from satchel.adapters.grok.wire import PLATFORM, model_in, role_of
from satchel.adapters.notes import Notes
from satchel.adapters.platform import repeated, sha256
from satchel.adapters.tree import newest_leaf, parent_first
from satchel.adapters.values import decode, dict_of, first_id, first_text, list_of, text_of
from satchel.limits import Limits
from satchel.model.bodies import Conversation, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times

RESPONSE_ID = ("_id", "response_id", "id")
CONVERSATION_ID = ("id", "conversation_id")


class Head(msgspec.Struct, gc=False):
    """What identifies a conversation, read before it is known whether its bytes are new."""

    conversation: Any = None
    id: Any = None
    conversation_id: Any = None
    user_id: Any = None
    title: Any = None
    create_time: Any = None
    modify_time: Any = None
    responses: msgspec.Raw = msgspec.Raw()

    @property
    def members(self) -> dict[str, Any]:
        """The conversation's own members: nested, or beside the responses."""
        if type(self.conversation) is dict:
            return self.conversation
        return {name: getattr(self, name) for name in _FLAT}


_FLAT = ("id", "conversation_id", "user_id", "title", "create_time", "modify_time")


def response_of(item: Any) -> dict[str, Any] | None:
    """A response as it is, or unwrapped; None for what is none."""
    if type(item) is not dict:
        return None
    inner = item.get("response")
    return inner if type(inner) is dict else item


def read_conversation(data: bytes, uid: str, native_id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one conversation's bytes.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    value = dict_of(decode(data, notes, limits))
    head = value["conversation"] if type(value.get("conversation")) is dict else value
    responses = value.get("responses")
    if responses is not None and type(responses) is not list:
        notes.add("malformed-responses", "the responses are no array; they are left out", "error", "skipped")
    reading = _Responses(list_of(responses), uid, account, notes, limits)
    records = reading.records()
    current = reading.nearest_of(first_id(head, "leaf_response_id")) or newest_leaf(records)
    record = Record(
        uid=uid,
        body=Conversation(
            title=text_of(head.get("title")),
            summary=text_of(head.get("summary")),
            model=reading.model,
            current=current,
            is_starred=head.get("starred") is True,
        ),
        origin=PLATFORM.origin("conversation", native_id, reading.version),
        times=Times(created=notes.time(head.get("create_time")), updated=notes.time(head.get("modify_time"))),
        provenance=PLATFORM.provenance(account),
    )
    return Reading(records=(record, *records), findings=notes.findings())


class _Responses:
    def __init__(self, items: list[Any], uid: str, account: str, notes: Notes, limits: Limits) -> None:
        self.responses = [response_of(item) for item in items]
        self.uid = uid
        self.account = account
        self.notes = notes
        self.parts = Parts(account, notes, limits)
        self.model = ""
        #: By each response's id its own uid, or its nearest kept ancestor's.
        self._kept: dict[str, str] = {}
        ids = {name for response in self.responses if response for name in ("_id", "response_id") if name in response}
        #: Which of the two known exports it is (June 2025 and 2026 differ in the name of the id).
        self.version = "2026" if "_id" in ids else "2025" if ids else ""

    def nearest_of(self, response_id: str) -> str:
        return self._kept.get(response_id, "") if response_id else ""

    def records(self) -> list[Record]:
        parents = self._parents()
        order = parent_first(parents, self.notes)
        nearest = [""] * len(self.responses)
        first: dict[str, int] = {}
        seen: dict[str, int] = {}
        records: list[Record] = []
        for i in order:
            response = self.responses[i]
            parent = nearest[parents[i]] if parents[i] >= 0 else ""
            nearest[i] = parent
            if response is None:
                self.notes.add("malformed-response", "a response is no object; it is left out", "error", "skipped")
                continue
            id = first_id(response, *RESPONSE_ID)
            twin = first.setdefault(id, i) if id else i
            if twin != i and self.responses[twin] == response:
                nearest[i] = nearest[twin]
                self.notes.add("duplicate-message", "a message stands twice in the export; it is kept once")
                continue
            parts = self.parts.of(response)
            if parts:
                uid = make_uid(self.uid, "message", id or sha256(str(i), text_of(response.get("message"))))
                if uid in seen:
                    self.notes.add("repeated-id", "different messages have the same id; all are kept", "warning", "noticed")
                uid = repeated(uid, seen)
                nearest[i] = uid
                records.append(self._message(response, parts, uid, parent, len(records), id, i))
            else:
                self.notes.add("empty-message", "a message holds nothing; it gives no record")
            if id:
                self._kept.setdefault(id, nearest[i])
        return records

    def _parents(self) -> list[int]:
        named = [first_id(response, "parent_response_id") if response else "" for response in self.responses]
        if not any(named):
            return list(range(-1, len(named) - 1))
        index: dict[str, int] = {}
        for i, response in enumerate(self.responses):
            if response:
                index.setdefault(first_id(response, *RESPONSE_ID), i)
        index.pop("", None)
        parents = []
        for parent in named:
            at = index.get(parent, -1)
            if parent and at < 0:
                text = "a message answers one that is not in the export; it stands as a first message"
                self.notes.add("dangling-parent", text)
            parents.append(at)
        return parents

    def _message(
        self, response: dict[str, Any], parts: list[Part], uid: str, parent: str, position: int, id: str, i: int
    ) -> Record:
        sender = text_of(response.get("sender"))
        if not sender.strip():
            text = "a message does not say who wrote it; it is taken for the assistant's"
            self.notes.add("unknown-role", text, "warning", "changed")
        role = role_of(sender)
        model = text_of(response.get("model")).strip() or model_in(sender)
        if not self.model:
            asked = dict_of(dict_of(response.get("metadata")).get("requestModelDetails"))
            self.model = model or first_text(asked, "modelId")
        return Record(
            uid=uid,
            body=Message(
                role=role,
                parts=tuple(parts),
                parent=parent,
                position=position,
                author=model_in(sender),
                model=model,
                is_hidden=response.get("is_control") is True,
                state="partial" if response.get("partial") is True else "",
            ),
            origin=PLATFORM.origin("message", id),
            times=Times(created=self.notes.time(response.get("create_time"))),
            links=(Link("part_of", self.uid),),
            provenance=PLATFORM.provenance(self.account),
            native=Native(pointer=f"/responses/{i}"),
        )
