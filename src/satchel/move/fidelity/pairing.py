"""Which record of one vault is which record of another, after a journey through a format that gave it another id."""

from __future__ import annotations

from typing import NamedTuple

from satchel.model.record import Record
from satchel.move.fidelity.saying import Words, members, words_of
from satchel.vault.store import Store

#: Of records that say the same, so many are looked at for the one that is most alike.
_ALIKE = 16


class Pairs(NamedTuple):
    """Uids by uids. ``same``: what is there as the same kind; ``moved``: whose words stand in a record of another kind.
    ``made``: how many records there are of no record of ours."""

    same: dict[str, str]
    moved: dict[str, str]
    made: int

    def uid_of(self, uid: str) -> str:
        """The uid over there of a record of ours; its own where it has none."""
        return self.same.get(uid) or self.moved.get(uid) or uid


class Index:
    """What a vault's records say, by uid; made once for a source that is compared many times."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.words: dict[str, Words] = {record.uid: words_of(record, store.get) for record in store.records()}


def pair(source: Index, target: Index) -> Pairs:
    """Each record of the source with the one of the target that says it; none of the target twice.

    The one of the same uid and words goes first, then those of the same kind and words, the most alike first, then those that
    have only the words.
    """
    same: dict[str, str] = {}
    moved: dict[str, str] = {}
    free = dict(target.words)
    for uid, words in source.words.items():
        if uid in free and free[uid].of_kind == words.of_kind:
            same[uid] = uid
            del free[uid]
    by_kind: dict[bytes, list[str]] = {}
    for uid, words in free.items():
        by_kind.setdefault(words.of_kind, []).append(uid)
    for uid, words in source.words.items():
        found = by_kind.get(words.of_kind) if uid not in same else None
        if found:
            same[uid] = chosen = _most_alike(uid, found, source.store, target.store)
            found.remove(chosen)
            del free[chosen]
    alone: dict[bytes, list[str]] = {}
    for uid, words in free.items():
        for key in words.alone:
            alone.setdefault(key, []).append(uid)
    for uid, words in source.words.items():
        others = [other for key in words.alone for other in alone.get(key, ()) if other in free] if uid not in same else []
        if others:
            moved[uid] = others[0]
            del free[others[0]]
    return Pairs(same, moved, len(free))


def _most_alike(uid: str, candidates: list[str], source: Store, target: Store) -> str:
    if len(candidates) == 1:
        return candidates[0]
    ours = _plain(source.get(uid))
    return max(candidates[:_ALIKE], key=lambda candidate: len(ours & _plain(target.get(candidate))))


def _plain(record: Record | None) -> frozenset[object]:
    """The members that name no other record."""
    return frozenset(members(record, lambda _: "")) if record is not None else frozenset()
