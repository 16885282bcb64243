"""The adapter: conversations as a stream, what stands beside them, the asset server's files (providers.md 3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.grok.assets import Assets
from satchel.adapters.grok.conversation import CONVERSATION_ID, RESPONSE_ID, Head, read_conversation, response_of
from satchel.adapters.grok.detect import role_of
from satchel.adapters.grok.leftover import leftover
from satchel.adapters.grok.sides import read_side, side_id
from satchel.adapters.grok.wire import PLATFORM, moment_of
from satchel.adapters.grok.x_archive import read_x_chats
from satchel.adapters.platform import ReadElement, Ties, account_data, array, file_finding, members, sha256, single
from satchel.adapters.values import decode, dict_of, first_id, ident, list_of, text_of
from satchel.codec import json_values
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.model.findings import Finding
from satchel.model.record import Item, Record

#: What a person is told of a file that is known and not read.
_NEVER_KEPT = {
    "account": "name, e-mail address, sign-ins and their places",
    "billing": "payments",
}
_HEAD = msgspec.json.Decoder(Head)


class GrokAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return PLATFORM.info

    def claim(self, member: Member, probe: Probe) -> str | None:
        """See ``satchel.adapters.grok.detect``."""
        return role_of(member, probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        return _Import(claims, context).items()

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """See ``satchel.adapters.grok.leftover``."""
        return leftover(record, native)


class _Import:
    """One call of ``read``: what must be known across files."""

    def __init__(self, claims: Sequence[Claim], context: ReadContext) -> None:
        self.claims = claims
        self.account = context.account
        self.limits = context.limits
        self.assets = Assets(context.loose, context.account)
        self.ties = Ties()
        self.count = 0

    def items(self) -> Iterator[Item]:
        for claim in self.claims:
            if claim.role in _NEVER_KEPT:
                yield account_data(claim.member, _NEVER_KEPT[claim.role])
            elif claim.role != "x-chat":
                yield from self._file(claim.role, claim.member)
        x_chats = [claim.member for claim in self.claims if claim.role == "x-chat"]
        yield from read_x_chats(x_chats, self.account, self.ties, self.limits)
        yield from self.assets.items()

    def _file(self, role: str, member: Member) -> Iterator[Item]:
        before = self.count
        if role == "conversations":
            yield from array(member, self.limits, self._conversation)
        elif role == "conversation":
            yield from single(member, self.limits, self._conversation)
        else:
            sides = {"projects": "project", "tasks": "task", "media_posts": "media_post"}
            readers: dict[str, ReadElement] = {"conversations": self._conversation}
            readers |= {name: self._side(kind) for name, kind in sides.items()}
            yield from members(member, self.limits, readers)
        if self.count == before:
            yield file_finding(member, "no-conversations", "the export holds no conversation", "warning")

    def _head(self, data: bytes, place: Place) -> Head | None:
        """What identifies a conversation; None for what is no object.

        Raises:
            MalformedInput, LimitExceeded: not JSON.
        """
        try:
            return _HEAD.decode(data)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            pass
        try:
            return _HEAD.decode(json_values.repair_text(data))
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
            json_values.refuse(error, place, data)

    def _conversation(self, data: bytes, place: Place) -> Iterator[Item]:
        head = self._head(data, place)
        if head is None or not (bytes(head.responses) or type(head.conversation) is dict):
            text = "this is no conversation of Grok's; its bytes are kept"
            yield PLATFORM.unread(self.account, data, Finding("unknown-shape", "error", text, place, "skipped"))
            return
        self.count += 1
        about = head.members
        native_id = first_id(about, *CONVERSATION_ID)
        account = ident(about.get("user_id")) or self.account
        if native_id:
            uid = PLATFORM.uid(account, "conversation", native_id)
        else:
            uid = self.ties.uid(PLATFORM.info.name, account, "conversation", *self._coordinates(data, about, place))
        updated = moment_of(about.get("modify_time")) or moment_of(about.get("create_time"))
        limits = self.limits
        self.assets.look(data, uid, account)
        yield PLATFORM.original(
            uid,
            "conversation",
            data,
            place,
            updated,
            lambda notes: read_conversation(data, uid, native_id, account, notes, limits),
        )

    def _coordinates(self, data: bytes, about: dict[str, Any], place: Place) -> tuple[str, str]:
        """What stands for the id of a conversation that has none: when it began, and its first message or that one's id."""
        began = moment_of(about.get("create_time"))
        try:
            responses = list_of(dict_of(decode(data, PLATFORM.notes(place), self.limits)).get("responses"))
        except SatchelError:
            # Told where the conversation itself is read.
            responses = []
        first = next((response for item in responses if (response := response_of(item)) is not None), {})
        said = first_id(first, *RESPONSE_ID) or sha256(text_of(first.get("message")))
        return (began.isoformat() if began else "", said)

    def _side(self, kind: str) -> ReadElement:
        def read(data: bytes, place: Place) -> Iterator[Item]:
            value = decode(data, PLATFORM.notes(place), self.limits)
            if type(value) is not dict:
                finding = Finding("unknown-shape", "warning", f"this is no {kind}; its bytes are kept", place, "skipped")
                yield PLATFORM.unread(self.account, data, finding)
                return
            id = side_id(kind, value)
            account = ident(value.get("user_id")) or self.account
            # Without an id two that are alike to the byte are one.
            uid = PLATFORM.uid(account, kind, id or sha256(data.decode("utf-8", "replace")))
            updated = moment_of(value.get("modify_time")) or moment_of(value.get("create_time"))
            limits = self.limits
            yield PLATFORM.original(
                uid, kind, data, place, updated, lambda notes: read_side(data, kind, uid, account, notes, limits)
            )

        return read


ADAPTER = GrokAdapter()
