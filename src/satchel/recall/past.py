"""Recall as of an earlier moment: what held then, by what is known now (model.validity).

A store that shows each record in its state of that moment, and none that did not hold. Words are looked for in those states;
vectors there are of the present alone, so a record that has changed since is found by its words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec

from satchel.model.record import Record
from satchel.vault.store import Store
from satchel.vault.values import Near, Posting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: What ended later: then it held.
_ENDED_SINCE = frozenset({"superseded", "retracted"})


def as_of(store: Store, moment: datetime) -> Store:
    """The store as retrieval and contexts read it, at ``moment`` (aware). Only what they ask for is there."""
    return cast(Store, _Past(store, moment))


class _Past:
    """See the module's text. What is not defined here is the store's own: where things stand, and which model is in use."""

    def __init__(self, store: Store, moment: datetime) -> None:
        self._store = store
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        if name not in ("talks", "talk_sizes", "around", "resting", "vector_models", "is_distrusted"):
            raise AttributeError(name)
        return getattr(self._store, name)

    def look(self) -> Store:
        """As Store's."""
        looking = self._store.look()
        return cast(Store, self) if looking is self._store else as_of(looking, self._moment)

    def get(self, uid: str) -> Record | None:
        """As Store's; None for what did not hold."""
        record = self._store.get(uid)
        return None if record is None else self._then(record)

    def postings(self, phrase: Sequence[str], *, prefix: bool) -> list[Posting]:
        """As Store's, of the states of then."""
        return self._store.postings(phrase, prefix=prefix, as_of=self._moment)

    def frequency(self, word: str, *, prefix: bool) -> int:
        """As Store's; of a word that only earlier states have, exactly."""
        return self._store.frequency(word, prefix=prefix) or len(self.postings((word,), prefix=prefix))

    def by_rows(self, ids: Sequence[int]) -> list[Record | None]:
        """As Store's; None for what did not hold."""
        return [None if record is None else self._then(record) for record in self._store.by_rows(ids)]

    def records(self, *kinds: str) -> Iterator[Record]:
        """As Store's, without what did not hold."""
        for record in self._store.records(*kinds):
            held = self._then(record)
            if held is not None:
                yield held

    def nearest(self, digest: str, query: NDArray[np.float32], most: int, *, also: Collection[int] = ()) -> list[Near]:
        """As Store's, of those that have not changed since."""
        found = self._store.nearest(digest, query, most, also=also)
        current = self._store.by_rows([near.row for near in found])
        return [
            near
            for near, record in zip(found, current, strict=True)
            if record is not None and (held := self._store.state_at(record.uid, self._moment)) and held.body == record.body
        ]

    def _then(self, record: Record) -> Record | None:
        held = self._store.state_at(record.uid, self._moment)
        if held is None or held.status not in _ENDED_SINCE:
            return held
        return msgspec.structs.replace(held, status="active")
