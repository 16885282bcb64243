"""The adapter: memories as a stream, each an original of its own, so that one that changed is one new version.

What is no memory stays beside them: its bytes are kept, and a finding says where they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.mem0.detect import ENVELOPES, role_of
from satchel.adapters.mem0.items import item_uid, read_item, unmapped_of
from satchel.adapters.mem0.markdown import Block, block_uid, blocks, read_block
from satchel.adapters.mem0.relations import read_relation, relation_of, relation_uid
from satchel.adapters.mem0.wire import INFO, moment_of, notes_of
from satchel.adapters.values import decode
from satchel.codec.arrays import Element, iter_array, iter_members
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Reading, Record

_ARRAYS = frozenset({*ENVELOPES, "relations"})
#: What ``get_all`` gives when nobody asks for more (providers.md 8, trap 14).
_DEFAULT_COUNT = 20


class Mem0Adapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    def __init__(self, *, was_named: bool = True) -> None:
        self._was_named = was_named

    @property
    def info(self) -> AdapterInfo:
        return INFO

    @property
    def unasked(self) -> Mem0Adapter:
        """The same for files that nobody named: it takes only what shows that it is mem0's."""
        return Mem0Adapter(was_named=False)

    def claim(self, member: Member, probe: Probe) -> str | None:  # noqa: ARG002
        """See ``satchel.adapters.mem0.detect``."""
        return role_of(probe, was_named=self._was_named)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        for claim in claims:
            file = _File(claim.member, context)
            try:
                yield from file.items(claim.role)
            except SatchelError as error:
                yield from_error(error, place=Place(file=claim.member.name))

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """The members of a memory that its record's fields do not carry; the plugin's blocks are carried whole."""
        return unmapped_of(native) if record.origin.kind == "mem0.memory" and type(native) is dict else {}


class _File:
    """One file: what must be known across its elements."""

    def __init__(self, member: Member, context: ReadContext) -> None:
        self.member = member
        self.account = context.account
        self.limits = context.limits
        #: The uid of each memory met, with a hash of its bytes.
        self.met: dict[str, bytes] = {}
        self.count = 0

    def items(self, role: str) -> Iterator[Item]:
        if role == "plugin-markdown":
            yield from self._blocks()
            return
        yield from self._array() if role == "memories" else self._envelope()
        if self.count == _DEFAULT_COUNT:
            text = f"exactly {_DEFAULT_COUNT} memories, as many as mem0 gives by default: there may be more of them"
            yield Finding("default-count", "warning", text, Place(file=self.member.name))

    def _array(self) -> Iterator[Item]:
        with self.member.open() as stream:
            for element in iter_array(stream, file=self.member.name, limits=self.limits):
                yield from self._element(element, self._memory)

    def _envelope(self) -> Iterator[Item]:
        with self.member.open() as stream:
            for name, element in iter_members(stream, arrays=_ARRAYS, file=self.member.name, limits=self.limits):
                if element is None:
                    continue
                if name not in _ARRAYS:
                    yield from self._beside(name, element)
                elif name == "relations":
                    yield from self._element(element, self._relation)
                else:
                    yield from self._element(element, self._memory)

    def _beside(self, name: str, element: Element) -> Iterator[Item]:
        """A member beside the memories: how many there are, the next page, or what nobody described."""
        place = Place(file=self.member.name, offset=element.offset)
        if name == "next" and element.data[:1] == b'"':
            yield Finding("one-page", "warning", "this is one page of several: the others are files of their own", place)
        elif element.data[:1] in (b"{", b"["):
            yield self._unread(element.data, place, "unread-member", "a member beside the memories was not read")

    def _element(self, element: Element, read: Callable[[bytes, Place], Iterator[Item]]) -> Iterator[Item]:
        place = Place(file=self.member.name, element=element.index, offset=element.offset)
        if element.fault:
            yield from_error(element.fault)
            return
        try:
            yield from read(element.data, place)
        except SatchelError as error:
            yield from_error(error, place=place)

    def _memory(self, data: bytes, place: Place) -> Iterator[Item]:
        notes = notes_of(place)
        item = decode(data, notes, self.limits)
        self.count += 1
        if type(item) is not dict:
            yield self._unread(data, place, "unknown-shape", "this is no memory; its bytes are kept")
            return
        account = self.account
        uid = self._own(item_uid(item, account), data)
        if not uid:
            yield Finding("repeated-memory", "info", "a memory stands in the file again", place, "skipped")
            return
        updated = moment_of(item.get("updated_at")) or moment_of(item.get("created_at"))
        yield _original(uid, "memory", data, place, updated, lambda: read_item(item, uid, account, notes))

    def _relation(self, data: bytes, place: Place) -> Iterator[Item]:
        notes = notes_of(place)
        relation = relation_of(decode(data, notes, self.limits))
        if relation is None:
            yield self._unread(data, place, "unknown-shape", "this is no relation; its bytes are kept")
            return
        account = self.account
        uid = relation_uid(relation, account)
        yield _original(uid, "relation", data, place, None, lambda: read_relation(relation, account, notes))

    def _blocks(self) -> Iterator[Item]:
        account = self.account
        for index, block in enumerate(blocks(read_document(self.member, self.limits))):
            place = Place(file=self.member.name, element=index, offset=block.start)
            uid = self._own(block_uid(block, account), block.data)
            if not uid:
                yield Finding("repeated-memory", "info", "a memory stands in the file again", place, "skipped")
                continue
            yield self._block(uid, place, block)

    def _block(self, uid: str, place: Place, block: Block) -> Original:
        notes, account = notes_of(place), self.account
        updated = moment_of(block.head.get("updated_at")) or moment_of(block.head.get("created_at"))
        return _original(uid, "plugin_memory", block.data, place, updated, lambda: read_block(block, uid, account, notes))

    def _own(self, uid: str, data: bytes) -> str:
        """``uid``; of another memory with the same id, one of its own; "" for the very same bytes again."""
        digest = hashlib.sha256(data).digest()
        known = self.met.setdefault(uid, digest)
        if known is digest:
            return uid
        if known == digest:
            return ""
        other = make_uid(uid, digest.hex())
        return "" if self.met.setdefault(other, digest) is not digest else other

    def _unread(self, data: bytes, place: Place, code: str, text: str) -> Original:
        uid = make_uid(INFO.name, self.account, "unread", hashlib.sha256(data).hexdigest())
        finding = Finding(code, "warning", text, place, "skipped")
        return _original(uid, "unread", data, place, None, lambda: Reading(findings=(finding,)))


def _original(
    uid: str, kind: str, data: bytes, place: Place, updated: datetime | None, read: Callable[[], Reading]
) -> Original:
    return Original(
        uid=uid, kind=f"{INFO.name}.{kind}", native=data, place=place, reader=INFO.reader, updated=updated, read=read
    )


ADAPTER = Mem0Adapter()
