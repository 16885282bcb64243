"""One conversation: its bytes to a head record, a record for each message, and what they tell besides.

The identity of a conversation is its ``conversation_id``. Where an export gives none, stable coordinates stand in: its
time, its first node and the first message's id or content, with a counter for true ties; never the clock or the file's
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.adapters.chatgpt import derived
from satchel.adapters.chatgpt.citations import cite
from satchel.adapters.chatgpt.episode import CONVERSATION, MESSAGE
from satchel.adapters.chatgpt.graph import Tree, message_keys, tree_of
from satchel.adapters.chatgpt.parts import Voice, attachment_parts, parts_of, result_images
from satchel.adapters.chatgpt.shapes import (
    Conversation,
    Head,
    Message,
    Metadata,
    Node,
    decode_nodes,
    decode_whole,
    escape,
    id_of,
    text_of,
)
from satchel.adapters.chatgpt.unmapped import of_message, unmapped
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model import bodies
from satchel.model.bodies import Part, PartType, Role
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid, provider_uid, uids_in
from satchel.model.record import Link, Native, Origin, Provenance, Reading, Record, Times, Trust
from satchel.model.times import from_any

KIND = CONVERSATION
_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "human": "user",
    "model": "assistant",
    "developer": "system",
    "function": "tool",
}
#: Content that only a model or a tool brings forth.
_OUTPUT = frozenset(
    {
        "code",
        "execution_output",
        "thoughts",
        "reasoning_recap",
        "tether_quote",
        "tether_browsing_display",
        "sonic_webpage",
        "system_error",
        "computer_output",
        "model_editable_context",
    }
)
#: Parts whose text came from a tool or the web, whoever passes it on.
_FOREIGN_PARTS: frozenset[PartType] = frozenset({"tool_result", "quote"})


class Identity(msgspec.Struct, frozen=True):
    """Who a conversation is: its uid, its native id ("" where it has none), and the account that its ids live in.

    ``given`` is the account that the person named. What is shared between conversations (files, projects, instructions)
    lives in it alone: not every conversation states an account of its own.
    """

    uid: str
    id: str
    account: str
    given: str
    updated: datetime | None


def account_of(head: Head, given: str) -> str:
    """The account that the person named, else the one that the conversation names."""
    if given:
        return given
    owner = head.owner
    if type(owner) is dict:
        owner = owner.get("user_id") or owner.get("id")
    return text_of(head.user_id) or text_of(owner)


def native_id(head: Head | Conversation) -> str:
    """``conversation_id``, else ``id``; they are the same where both stand."""
    return id_of(head.conversation_id) or id_of(head.id)


def identify(head: Head, data: bytes, account: str, ties: dict[str, int], *, fragment: bool = False) -> Identity:
    """The conversation's identity; ``ties`` counts those without an id that look alike."""
    given, account = account, account_of(head, account)
    updated = from_any(head.update_time) or from_any(head.create_time)
    known = native_id(head)
    if known:
        return Identity(provider_uid("chatgpt", account, "conversation", known), known, account, given, updated)
    coordinates = _coordinates(head, data if fragment else bytes(head.mapping))
    tie = ties.get(coordinates, 0)
    ties[coordinates] = tie + 1
    return Identity(make_uid("chatgpt", account, "conversation", "no-id", coordinates, str(tie)), "", account, given, updated)


def _coordinates(head: Head, mapping: bytes) -> str:
    nodes: Any = None
    try:
        nodes = msgspec.json.decode(mapping, type=dict[str, msgspec.Raw]) if mapping else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        nodes = None
    first = message = ""
    for key, raw in (nodes or {}).items():
        first = first or key
        try:
            node = msgspec.json.decode(raw, type=Node)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            message = derived.text_digest(bytes(raw).decode("utf-8", "replace"))
            break
        if node.message is not None:
            content = msgspec.json.encode(node.message.content).decode()
            message = id_of(node.message.id) or derived.text_digest(content)
            break
    if not first:
        # Nothing but a title to tell it by.
        message = text_of(head.title)
    return make_uid(str(head.create_time), first, message)


def read_conversation(
    data: bytes, identity: Identity, head: Head, place: Place, limits: Limits, *, fragment: bool = False
) -> Reading:
    """The records of one conversation; what cannot be read of it is told of and costs nothing else. Never raises for
    its content."""
    findings: list[Finding] = []
    try:
        conversation = decode_nodes(data, place, limits, findings, fragment=fragment)
    except SatchelError as error:
        findings.append(from_error(error, place=place))
        conversation = Conversation(title=head.title, create_time=head.create_time, update_time=head.update_time)
        return Reading((_head_record(conversation, identity, "", "", ""),), tuple(findings))
    return _Reader(conversation, identity, place, findings, "" if fragment else "/mapping").read()


def read_whole(data: bytes, identity: Identity, head: Head, place: Place, limits: Limits, value: Any = None) -> Reading:
    """As ``read_conversation``, with what it says besides where it is of the usual shape. ``value``: see ``decode_whole``."""
    decoded = decode_whole(data, place, limits, value)
    if decoded is None:
        return read_conversation(data, identity, head, place, limits)
    value, conversation = decoded
    return _Reader(conversation, identity, place, [], "/mapping", value).read()


class _Reader:
    """What all messages of one conversation share while they are read."""

    def __init__(
        self,
        conversation: Conversation,
        identity: Identity,
        place: Place,
        findings: list[Finding],
        base: str,
        value: Any = None,
    ) -> None:
        """``value``: the same conversation as plain values, where what it says besides is asked for."""
        self.conversation = conversation
        self.identity = identity
        self.place = place
        self.findings = findings
        self.base = base
        self.account = identity.account
        self.given = identity.given
        self.uid = identity.uid
        self.part_of = (Link("part_of", identity.uid),)
        self.provenance = Provenance(platform="chatgpt", account=self.account, conversation=identity.uid, method="api_export")
        self.extra: dict[str, Record] = {}
        self.value = value
        #: Of the head and of each message: all other records say everything that they were drawn from.
        self.besides: dict[str, Mapping[str, Any]] = {}
        self.message_uid = uids_in(identity.uid, "message")
        self.plain = Voice(account=self.given)
        self.empty = 0
        gizmo = text_of(conversation.gizmo_id)
        self.scope = provider_uid("chatgpt", self.given, "scope", gizmo) if gizmo else ""
        if gizmo:
            self._keep(_scope_record(gizmo, conversation.gizmo_type, self.scope, self.given))

    def _keep(self, record: Record) -> None:
        self.extra.setdefault(record.uid, record)

    def read(self) -> Reading:
        nodes = self.conversation.mapping or {}
        values = None if self.value is None else self.value.get("mapping")
        tree = tree_of(nodes)
        records: list[Record] = []
        # Nearest kept message at or above each node: where a node is not kept, its children answer what it answered.
        kept: dict[str, str] = {}
        for key in tree.order:
            parent_key = tree.parents[key]
            parent = kept[parent_key] if parent_key is not None else ""
            node = nodes[key]
            record = None
            if node is not None and node.message is not None:
                record = self._message(key, node.message, parent, len(records))
            if record is None:
                kept[key] = parent
                continue
            kept[key] = record.uid
            records.append(record)
            if values is not None:
                self.besides[record.uid] = of_message(record, record.body, values[key]["message"])  # type: ignore[arg-type]
        current = self._current(tree, nodes, kept, records)
        head = _head_record(self.conversation, self.identity, self.scope, current, tree.links)
        self._tell(tree, records)
        besides = None
        if self.value is not None:
            besides = self.besides
            besides[head.uid] = unmapped(head, self.value)
        return Reading((head, *self.extra.values(), *records), tuple(self.findings), besides)

    def _tell(self, tree: Tree, records: list[Record]) -> None:
        if not records:
            self._found("no-messages", "info", "the conversation has no messages", 1)
        if self.empty:
            self._found("empty-message", "info", "hidden messages without any content are not records of their own", self.empty)
        if tree.dangling:
            self._found("dangling-parent", "warning", "messages answer one that is not in the export", tree.dangling)
        if tree.cycles:
            self._found(
                "parent-cycle",
                "warning",
                "messages answer one another in a circle, which was opened at its first",
                tree.cycles,
                changed=True,
            )

    def _found(self, code: str, severity: Any, text: str, count: int, *, changed: bool = False) -> None:
        outcome: Any = "changed" if changed else "noticed"
        self.findings.append(Finding(code, severity, text, self.place, outcome, count))

    def _message(self, key: str, message: Message, parent: str, position: int) -> Record | None:
        author, metadata, content = message.author, message.metadata, message.content
        kind = content.get("content_type") if type(content) is dict else ""
        if type(kind) is not str:
            kind = ""
        word = name = None
        if author is not None:
            word, name = author.role, author.name
        if type(name) is not str:
            name = ""
        role = _ROLES.get(word) if type(word) is str else None
        if role is None:
            role = "assistant" if name or kind in _OUTPUT else "user"
            name = name or text_of(word)
        recipient = message.recipient
        if type(recipient) is not str or recipient == "all":
            recipient = ""
        if role == "assistant" and recipient:
            voice = Voice("tool_call", recipient, self.given)
        elif role == "tool":
            voice = Voice("tool_result", name, self.given)
        else:
            voice = self.plain
        parts = parts_of(content, voice)
        hidden = type(message.weight) in _NUMBERS and message.weight == 0
        model = ""
        if metadata is not None:
            if type(metadata.model_slug) is str:
                model = metadata.model_slug
            if metadata.is_visually_hidden_from_conversation is True:
                hidden = True
            parts = self._with_metadata(parts, metadata, content, voice)
        if not parts and (hidden or role == "system"):
            self.empty += 1
            return None
        if kind in _CONTEXTS:
            self._context(content, metadata)
        uid = self.message_uid(key)
        native = Native(pointer=f"{self.base}/{escape(key)}/message")
        created, updated = from_any(message.create_time), message.update_time
        if updated is not None:
            updated = from_any(updated)
        id = message.id
        if type(id) is not str:
            id = id_of(id)
        if recipient == "bio" and role == "assistant":
            for memory in derived.bio_memories(parts, uid, self.uid, self.account, created, self.scope, native):
                self._keep(memory)
        trust: Trust = "imported"
        if role == "tool":
            trust = "untrusted"
        else:
            for part in parts:
                if part.type in _FOREIGN_PARTS:
                    trust = "untrusted"
        state = message.status
        return Record(
            uid=uid,
            body=bodies.Message(
                role=role,
                parts=tuple(parts),
                parent=parent,
                position=position,
                author=name,
                recipient=recipient,
                model=model,
                is_hidden=hidden,
                state=state if type(state) is str and state != "finished_successfully" else "",
            ),
            origin=Origin(format="chatgpt", id=id or key, kind=MESSAGE),
            times=Times(created=created, updated=updated),
            trust=trust,
            links=self.part_of,
            provenance=self.provenance,
            scope=self.scope,
            native=native,
        )

    def _with_metadata(self, parts: list[Part], metadata: Metadata, content: Any, voice: Voice) -> list[Part]:
        if metadata.user_context_message_data:
            parts.extend(derived.instruction_parts(metadata.user_context_message_data, parts))
            for record in derived.instructions(content, metadata.user_context_message_data, self.given):
                self._keep(record)
        if metadata.aggregate_result is not None:
            result_images(metadata.aggregate_result, parts, self.given)
        if metadata.attachments:
            parts = attachment_parts(parts, metadata.attachments, self.given)
        if metadata.content_references or metadata.citations or metadata.search_result_groups:
            parts = cite(parts, metadata, voice.type)
        return parts

    def _context(self, content: dict[str, Any], metadata: Metadata | None) -> None:
        if content.get("content_type") == "model_editable_context":
            for record in derived.injected_memories(text_of(content.get("model_set_context")), self.given):
                self._keep(record)
        elif metadata is None or not metadata.user_context_message_data:
            for record in derived.instructions(content, None, self.given):
                self._keep(record)

    def _current(self, tree: Tree, nodes: dict[str, Node | None], kept: dict[str, str], records: list[Record]) -> str:
        """The tip of the shown branch: ``current_node``; the newest leaf below it where it is no leaf; the newest of all
        where it names nothing (providers.md 3.1, edge case a)."""
        named = self.conversation.current_node
        key = named if type(named) is str and named in nodes else None
        if key is None and type(named) is str and named:
            key = message_keys(nodes).get(named)
        under: set[str] | None = None
        if key is not None and kept[key]:
            if key not in set(tree.parents.values()):
                return kept[key]
            inside = {key}
            for child in tree.order:
                if tree.parents[child] in inside:
                    inside.add(child)
            under = {kept[child] for child in inside}
        return _newest_leaf(records, under)


_NUMBERS = frozenset({int, float})
_CONTEXTS = frozenset({"user_editable_context", "model_editable_context"})


def _newest_leaf(records: list[Record], under: set[str] | None) -> str:
    """The leaf with the newest time, its own or its nearest ancestor's; of equals, the one further on."""
    answered: set[str] = set()
    newest: dict[str, float] = {}
    best, best_time = "", float("-inf")
    for record in records:
        body = record.body
        assert isinstance(body, bodies.Message)
        answered.add(body.parent)
        created = record.times.created
        newest[record.uid] = created.timestamp() if created is not None else newest.get(body.parent, float("-inf"))
    for record in records:
        if record.uid not in answered and (under is None or record.uid in under) and newest[record.uid] >= best_time:
            best, best_time = record.uid, newest[record.uid]
    return best


def _head_record(conversation: Conversation, identity: Identity, scope: str, current: str, links: str) -> Record:
    return Record(
        uid=identity.uid,
        body=bodies.Conversation(
            title=text_of(conversation.title),
            model=text_of(conversation.default_model_slug),
            current=current,
            is_archived=conversation.is_archived is True,
            is_starred=conversation.is_starred is True,
        ),
        origin=Origin(format="chatgpt", dialect=links, id=identity.id, kind=KIND),
        times=Times(created=from_any(conversation.create_time), updated=from_any(conversation.update_time)),
        provenance=Provenance(platform="chatgpt", account=identity.account, method="api_export"),
        scope=scope,
    )


def _scope_record(gizmo: str, gizmo_type: Any, uid: str, account: str) -> Record:
    # "snorlax" is the export's own word for a project.
    if gizmo.startswith("g-p-") or gizmo_type == "snorlax":
        body = bodies.Scope(name=gizmo, type="project")
    else:
        body = bodies.Scope(name=gizmo, type="assistant" if gizmo.startswith("g-") else "other")
    return Record(
        uid=uid,
        body=body,
        origin=Origin(format="chatgpt", id=gizmo, kind="chatgpt.gizmo"),
        provenance=Provenance(platform="chatgpt", account=account, method="api_export"),
    )
