"""The ChatGPT adapter: side files first, then the files that came along, then the conversations as a stream, and last the files
that only those tell the ids of."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.chatgpt import html
from satchel.adapters.chatgpt.assets import Assets
from satchel.adapters.chatgpt.conversation import KIND, Identity, identify, native_id, read_conversation, read_whole
from satchel.adapters.chatgpt.detect import FOREIGN, role_of
from satchel.adapters.chatgpt.episode import FORMAT, row_members
from satchel.adapters.chatgpt.manifest import check_manifest
from satchel.adapters.chatgpt.shapes import Head, decode_repaired, head_of
from satchel.adapters.chatgpt.sides import Sides, empty_file
from satchel.adapters.chatgpt.unmapped import unmapped
from satchel.codec import json_values
from satchel.codec.arrays import Element, iter_array
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import LimitExceeded, MalformedInput, Place, SatchelError
from satchel.model.findings import Finding, from_error
from satchel.model.record import Item, Original, Reading, Record

_HEAD = msgspec.json.Decoder(Head)
_NULL = msgspec.Raw(b"null")
#: An element without a mapping is a conversation all the same when it has one of these.
_NAMES = ("id", "conversation_id", "current_node")


class ChatGPT:
    """See satchel.adapters.base.Adapter; the layouts are those of providers.md 3.1."""

    def __init__(self, *, was_named: bool = True) -> None:
        self._was_named = was_named

    @property
    def info(self) -> AdapterInfo:
        return AdapterInfo(name="chatgpt", version=2, title="ChatGPT")

    @property
    def unasked(self) -> ChatGPT:
        """The same for files that nobody named: of lists of memories it takes only what shows that it is ChatGPT's."""
        return ChatGPT(was_named=False)

    def claim(self, member: Member, probe: Probe) -> str | None:
        # Inside an export, a list that nobody knows is no list of memories.
        return role_of(member.path, probe, was_named=self._was_named and member.name == member.path)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        return _Import(claims, context, self.info.reader).items()

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        return unmapped(record, native)

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:
        """See satchel.adapters.base.Prepares."""
        return row_members(record, whole) if format == FORMAT else None


ADAPTER = ChatGPT()


def _holds_talks(role: str) -> bool:
    return role in ("conversations", "conversation", "fragment") or role.startswith("wrapped:")


class _Import:
    """One run over the files of one input."""

    def __init__(self, claims: Sequence[Claim], context: ReadContext, reader: str) -> None:
        self.claims = claims
        self.context = context
        self.limits = context.limits
        self.account = context.account
        self.reader = reader
        self.sides = Sides(self.account, reader, context.limits)
        self.assets = Assets(self.account, reader, context.limits, context.loose)
        #: How often each set of coordinates of a conversation without an id was met.
        self.ties: dict[str, int] = {}
        self.seen: set[str] = set()
        self.again = 0

    def items(self) -> Iterator[Item]:
        present = [claim.member for claim in self.claims] + list(self.context.loose)
        for claim in self._of("manifest"):
            yield from self._guard(claim, lambda claim: check_manifest(claim.member, present, self.limits))
        for claim in self._of("asset-names"):
            yield from self._guard(claim, lambda claim: self.assets.read_names(claim.member))
        for claim in self._of("library"):
            yield from self._guard(claim, lambda claim: self.assets.read_library(claim.member))
        self.assets.resolve()
        for claim in self.claims:
            read = self._side(claim.role)
            if read is not None:
                yield from self._guard(claim, read)
        talks = [claim for claim in self.claims if _holds_talks(claim.role)]
        if talks:
            # Before what names them, so that a conversation finds its files.
            yield from self.assets.items()
        for claim in talks:
            if claim.role in ("conversation", "fragment"):
                yield from self._guard(claim, self._single)
            else:
                yield from self._stream(claim.member, claim.role.partition(":")[2])
        for claim in self._of("chat-html"):
            if talks:
                yield Finding(
                    code="duplicate-file",
                    severity="info",
                    text="chat.html holds the same conversations once more and is not read",
                    place=Place(file=claim.member.name),
                    outcome="skipped",
                )
            else:
                yield from self._guard(claim, self._page)
        if self.again:
            yield Finding(
                code="duplicate",
                severity="info",
                text="conversations are in the export more than once; of each, the newest counts",
                outcome="noticed",
                count=self.again,
            )
        yield from self.assets.items()

    def _of(self, role: str) -> list[Claim]:
        return [claim for claim in self.claims if claim.role == role]

    def _side(self, role: str) -> Callable[[Claim], Iterator[Item]] | None:
        sides = self.sides
        if role == "account":
            return lambda claim: iter((sides.account_data(claim.member),))
        if role == "settings":
            return lambda claim: sides.settings(claim.member)
        if role == "memory":
            return lambda claim: sides.memory(claim.member)
        if role == "textdocs":
            return lambda claim: sides.textdocs(claim.member)
        if role == "codex":
            return lambda claim: sides.codex(claim.member)
        if role in FOREIGN:
            return lambda claim: sides.foreign(claim.member, role, array=type(claim.probe.value) is list)
        return None

    def _guard(self, claim: Claim, read: Callable[[Claim], Iterator[Item]]) -> Iterator[Item]:
        """What ``read`` yields; an error ends this file and no other."""
        try:
            yield from read(claim)
        except SatchelError as error:
            yield from_error(error, place=Place(file=claim.member.name))

    def _stream(self, member: Member, at: str) -> Iterator[Item]:
        empty = True
        try:
            with member.open() as stream:
                parse = msgspec.json.decode if self.context.whole else _HEAD.decode
                for element in iter_array(stream, at=at, file=member.name, limits=self.limits, parse=parse):
                    empty = False
                    yield self._element(element, member.name)
        except SatchelError as error:
            empty = False
            yield from_error(error, place=Place(file=member.name))
        if empty:
            yield empty_file(member)

    def _element(self, element: Element, file: str) -> Item:
        if element.fault:
            return from_error(element.fault)
        place = Place(file=file, element=element.index, offset=element.offset)
        self.assets.look(element.data)
        parsed, value = element.parsed, None
        if type(parsed) is dict:
            value, parsed = parsed, head_of(parsed)
            if not native_id(parsed):
                # It is told by its bytes.
                parsed = None
        try:
            head = parsed or self._head(element.data, place)
        except SatchelError as error:
            return from_error(error, place=place)
        if head is None:
            return Finding("wrong-type", "error", "the element is no conversation and was not read", place, "skipped")
        if not head.mapping and not any(getattr(head, name) for name in _NAMES):
            return Finding("not-a-conversation", "error", "the element has no messages and no id", place, "skipped")
        return self._original(element.data, head, place, value=value)

    def _head(self, data: bytes, place: Place) -> Head | None:
        """The conversation's head, None when the value is no object.

        Raises:
            MalformedInput: not JSON.
        """
        try:
            return _HEAD.decode(data)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            repaired = json_values.repair_text(data)
        except (RecursionError, ValueError):
            raise LimitExceeded("the conversation cannot be parsed: too deep, or a number too long", place=place) from None
        try:
            return _HEAD.decode(repaired)
        except msgspec.ValidationError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            raise MalformedInput("not valid JSON", place=place) from None

    def _original(self, data: bytes, head: Head, place: Place, *, fragment: bool = False, value: Any = None) -> Original:
        identity: Identity = identify(head, data, self.account, self.ties, fragment=fragment)
        if identity.uid in self.seen:
            self.again += 1
        self.seen.add(identity.uid)
        # The mapping's bytes live in ``data``; a second reference to them would outlive the element.
        head.mapping = _NULL
        limits = self.limits

        def read() -> Reading:
            return read_conversation(data, identity, head, place, limits, fragment=fragment)

        def whole() -> Reading:
            return read_whole(data, identity, head, place, limits, value)

        return Original(
            uid=identity.uid,
            kind=KIND,
            native=data,
            place=place,
            reader=self.reader,
            updated=identity.updated,
            read=read,
            read_whole=None if fragment else whole,
        )

    def _single(self, claim: Claim) -> Iterator[Item]:
        data = read_document(claim.member, self.limits).strip()
        place = Place(file=claim.member.name)
        # A file that is one conversation is checked whole before it is taken for one.
        decode_repaired(data, place, self.limits, [], type=msgspec.Raw)
        self.assets.look(data)
        fragment = claim.role == "fragment"
        head = Head() if fragment else self._head(data, place)
        if head is None:
            yield Finding("wrong-type", "error", "the file holds no conversation", place, "skipped")
        else:
            yield self._original(data, head, place, fragment=fragment)

    def _page(self, claim: Claim) -> Iterator[Item]:
        member = claim.member
        page = read_document(member, self.limits)
        span = html.conversations_span(page)
        place = Place(file=member.name)
        if span is None:
            yield Finding("no-conversations", "error", "the page holds no conversations", place, "skipped")
            return
        yield Finding(
            code="html-only",
            severity="warning",
            text="only chat.html is here; conversations are read from it, the export's JSON files would hold more",
            place=place,
        )
        self.assets.learn_names(html.asset_names(page))
        self.assets.resolve()
        stream = io.BytesIO(page[span[0] : span[1]])
        for element in iter_array(stream, file=member.name, limits=self.limits):
            yield self._element(element, member.name)
