"""Which statements go in: the best ones, each statement once, in bounded memory.

A shelf holds the candidates of one group, best first. Once together they are eight times as long as the largest room they may
go into, those behind are dropped: a vault of any size is read once and never held. From a shelf, statements are taken in their
order; one that does not fit into what is left of the room is passed over, whole, and the next is tried.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from satchel.formats.assistant_text.statements import Rank, Statement
from satchel.model.text import same_words

#: Candidates are kept up to so many times the room, so that passing over long ones leaves short ones to fill it.
_SPARE = 8
#: What a candidate is counted to need beyond its text.
_OVERHEAD = 16


class Candidate(msgspec.Struct):
    """A statement as it may stand in the target. ``twins`` counts the other records, by kind, that say the same; ``uids`` names
    them, a line each, where somebody asks.

    ``weight`` is what it takes up on a shelf: the size of the longest of them.
    """

    statement: Statement
    safe: str
    was_escaped: bool
    size: int
    weight: int
    key: bytes
    rank: Rank
    twins: Counter[str]
    uids: dict[str, bytearray] = {}

    def named(self) -> Iterator[tuple[str, str]]:
        """The twins that are named, each with its kind."""
        for kind, uids in self.uids.items():
            for uid in uids.split():
                yield kind, uid.decode()

    def absorb(self, other: Candidate, *, name: bool) -> None:
        """Stand for another one too, and for those that it stands for."""
        self.twins += other.kinds()
        if name:
            own = bytearray(f"{other.statement.uid}\n".encode())
            for kind, uids in [(other.statement.kind, own), *other.uids.items()]:
                self.uids.setdefault(kind, bytearray()).extend(uids)

    def kinds(self) -> Counter[str]:
        """How many records of each kind it stands for."""
        return self.twins + Counter([self.statement.kind])


def units(text: str) -> int:
    """The length of ``text`` in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def candidate(statement: Statement, safe: str, was_escaped: bool) -> Candidate:
    """``statement``, written as ``safe``."""
    key = hashlib.blake2b(same_words("", statement.text), digest_size=16).digest()
    size = units(safe)
    return Candidate(statement, safe, was_escaped, size, size + _OVERHEAD, key, statement.rank, Counter())


class Shelf:
    """The best candidates that came, in their order."""

    def __init__(self, room: int, on_drop: Callable[[Candidate], None] | None = None) -> None:
        """``on_drop`` is told of each that is dropped; with it, twins are remembered by name."""
        self._on_drop = on_drop
        self._most = room * _SPARE
        self._weight = 0
        self._ranked: list[Candidate] = []
        self._by_key: dict[bytes, Candidate] = {}
        #: Records, by kind, that were dropped for better ones.
        self.dropped: Counter[str] = Counter()

    def offer(self, new: Candidate) -> None:
        """Keep it, count it as a twin of one that says the same, or drop the last."""
        known = self._by_key.get(new.key)
        if known is not None:
            if known.rank <= new.rank:
                known.absorb(new, name=self._on_drop is not None)
                return
            new.absorb(known, name=self._on_drop is not None)
            # A shelf that grew lighter would let in what ranks behind what it has dropped.
            new.weight = max(new.weight, known.weight)
            self._remove(known)
        insort(self._ranked, new, key=_by_rank)
        self._by_key[new.key] = new
        self._weight += new.weight
        while self._weight - self._ranked[-1].weight >= self._most:
            last = self._ranked[-1]
            self._remove(last)
            self.dropped += last.kinds()
            if self._on_drop is not None:
                self._on_drop(last)

    def yield_to(self, other: Shelf) -> None:
        """Leave to ``other`` what both hold: the same words said as an instruction and as a statement stand there once."""
        for key in self._by_key.keys() & other._by_key.keys():
            twin = self._by_key[key]
            self._remove(twin)
            other._by_key[key].absorb(twin, name=self._on_drop is not None)

    def ranked(self) -> list[Candidate]:
        """What is on it, best first."""
        return self._ranked

    def _remove(self, old: Candidate) -> None:
        del self._ranked[bisect_left(self._ranked, old.rank, key=_by_rank)]
        del self._by_key[old.key]
        self._weight -= old.weight


def _by_rank(item: Candidate) -> Rank:
    return item.rank
