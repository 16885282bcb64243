"""What a capability token lets be seen of a store: which records, and how much of each.

A record is in sight when the token, and all that it was delegated from, select it as it is now. Of a token for so many entries,
the first that are handed out are in sight from then on, and no others; without ``counts``, all that it could hand out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec

from satchel.model.bodies import Conversation, Message, Relation
from satchel.model.components import Item, item_of, whole_of
from satchel.model.record import Record
from satchel.trust.capabilities.scopes import Everything
from satchel.trust.capabilities.tokens import Presented
from satchel.trust.capabilities.validation import selects
from satchel.vault.store import Store
from satchel.vault.values import Companion

#: Answers, and originals, that are remembered between two changes of the vault.
_REMEMBERED = 4096
_ORIGINALS = 16


class Sight:
    """See the module docstring. ``forget`` after every change of the vault."""

    def __init__(self, store: Store, presented: Presented, *, counts: bool = True) -> None:
        self._store = store
        self._presented = presented
        chain = (presented.token, *presented.parents)
        limits = [each.binding.max_entries for each in chain if each.binding.max_entries is not None]
        #: At most so many records, counted once each; None for any number, and where nothing is handed out.
        self.most = min(limits, default=None) if counts else None
        #: Whether every record is seen, so that none needs a look.
        self.is_whole = not limits and all(isinstance(each.scope, Everything) for each in chain)
        self._admitted: set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Remember no answer: what they rest on may have changed. What was handed out counts on."""
        self._known: dict[str, bool] = {}
        self._wholes: dict[str, Record | None] = {}
        #: Of an original, the places of what is out of sight; None where nobody knows one of them.
        self._hidden: dict[int, list[str] | None] = {}

    def is_in_scope(self, record: Record) -> bool:
        if self.is_whole:
            return True
        if not selects(self._presented, item_of(record, self._whole(record))):
            return False
        body = record.body
        # An edge is seen where both of its ends are; one between edges is not.
        return not isinstance(body, Relation) or (self._is_end(body.source) and self._is_end(body.target))

    def _is_end(self, uid: str) -> bool:
        record = self.get(uid)
        return record is not None and not isinstance(record.body, Relation) and self.knows(uid)

    def _whole(self, record: Record) -> Record | None:
        uid = whole_of(record)
        if not uid:
            return None
        if uid not in self._wholes:
            if len(self._wholes) >= _REMEMBERED:
                self._wholes.clear()
            self._wholes[uid] = self.get(uid)
        return self._wholes[uid]

    def get(self, uid: str) -> Record | None:
        """The record of a uid, of whatever text: what comes from outside may be none."""
        return self._store.get(uid) if is_uid(uid) else None

    def is_seen(self, record: Record) -> bool:
        """Whether the record is in the view; of a limited number only those that were handed out."""
        return (self.most is None or record.uid in self._admitted) and self.is_in_scope(record)

    def takes(self, record: Record) -> bool:
        """Whether the record may be handed out, and so is in the view from now on."""
        if not self.is_in_scope(record):
            return False
        if self.most is None or record.uid in self._admitted:
            return True
        if len(self._admitted) >= self.most:
            return False
        self._admitted.add(record.uid)
        return True

    def could_take(self, record: Record) -> bool:
        if self.most is not None and len(self._admitted) >= self.most and record.uid not in self._admitted:
            return False
        return self.is_in_scope(record)

    def knows(self, uid: str) -> bool:
        """Whether the uid is of a record in scope."""
        if self.is_whole:
            return True
        if uid not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            record = self.get(uid)
            self._known[uid] = record is not None and self.is_in_scope(record)
        return self._known[uid] and (self.most is None or uid in self._admitted)

    def item_of_id(self, id: str) -> Item | None:
        record = self.get(id)
        return None if record is None else item_of(record, self._whole(record))

    def shown(self, record: Record) -> Record:
        """The record without the uids of others that are not in the view, there or not."""
        return record if self.is_whole else self._without(record, self.knows)

    def _without(self, record: Record, knows: Callable[[str], bool]) -> Record:
        def name(uid: str) -> str:
            return uid if uid and knows(uid) else ""

        provenance, body = record.provenance, record.body
        if isinstance(body, Message):
            parts = tuple(msgspec.structs.replace(part, asset=name(part.asset)) for part in body.parts)
            body = msgspec.structs.replace(body, parent=name(body.parent), parts=parts)
        elif isinstance(body, Conversation):
            body = msgspec.structs.replace(body, current=name(body.current))
        return msgspec.structs.replace(
            record,
            body=body,
            links=tuple(link for link in record.links if knows(link.to)),
            scope=name(record.scope),
            provenance=msgspec.structs.replace(
                provenance, conversation=name(provenance.conversation), message=name(provenance.message)
            ),
        )

    def opens(self, record: Record, as_of: datetime | None = None, *, whole: bool = False) -> bool:
        """Whether the bytes that the record was read from, or with ``whole`` all of their original, hold nothing of others."""
        if self.is_whole:
            return True
        if not self.is_seen(record):
            return False
        found = self._store.companions(record, as_of=as_of)
        if found is None:
            return False
        if self.most is not None or found.original not in self._hidden:
            if len(self._hidden) >= _ORIGINALS:
                self._hidden.clear()
            self._hidden[found.original] = self._places_hidden(found.members)
        hidden = self._hidden[found.original]
        if hidden is None:
            return False
        if whole:
            return not hidden
        pointer = record.native.pointer
        if not pointer:
            return not hidden
        at, below = bisect_left(hidden, pointer), bisect_left(hidden, pointer + "/")
        is_same = at < len(hidden) and hidden[at] == pointer
        return not is_same and not (below < len(hidden) and hidden[below].startswith(pointer + "/"))

    def _places_hidden(self, members: Iterator[Companion]) -> list[str] | None:
        """The places of what is out of the view in an original, in order; None where nobody knows one of them."""
        places: list[str] = []
        for record, pointer in members:
            if not (self.is_seen(record) and self.knows(record.uid)):
                if pointer is None:
                    return None
                places.append(pointer)
        return sorted(places)


class Sights(Sight):
    """What several tokens let be seen together: what any of them does, each by itself. So an edge is seen where one token shows
    it and both its ends, and bytes leave where one token opens all that lies in them."""

    def __init__(self, store: Store, presented: Sequence[Presented]) -> None:
        super().__init__(store, presented[0])
        self._parts = [Sight(store, each) for each in presented]
        self.most = None
        self.is_whole = any(part.is_whole for part in self._parts)

    def forget(self) -> None:
        super().forget()
        for part in getattr(self, "_parts", ()):
            part.forget()

    def is_in_scope(self, record: Record) -> bool:
        return any(part.is_in_scope(record) for part in self._parts)

    def is_seen(self, record: Record) -> bool:
        return self.is_in_scope(record)

    def takes(self, record: Record) -> bool:
        return self.is_in_scope(record)

    def could_take(self, record: Record) -> bool:
        return self.is_in_scope(record)

    def knows(self, uid: str) -> bool:
        return any(part.knows(uid) for part in self._parts)

    def shown(self, record: Record) -> Record:
        if self.is_whole:
            return record
        # A name is shown by a token that shows both the record and what is named.
        seeing = [part for part in self._parts if part.is_in_scope(record)]
        return self._without(record, lambda uid: any(part.knows(uid) for part in seeing))

    def opens(self, record: Record, as_of: datetime | None = None, *, whole: bool = False) -> bool:
        return any(part.opens(record, as_of, whole=whole) for part in self._parts)


def is_uid(text: str) -> bool:
    """Whether a text that came from outside could be a uid."""
    return len(text) == 40 and not set(text) - set("0123456789abcdef")
