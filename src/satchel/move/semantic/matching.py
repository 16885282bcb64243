"""Which record of the target is which of the source.

By uid, or by an id in which the target's format keeps it; else by the very same text; else by the words that they share; else
by their place among as many of the same kind. A record is a ``Sketch`` here: hashes, ids and numbers, of a size that does not
depend on what it says.
"""

from __future__ import annotations

import hashlib
import heapq
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from satchel.model.bodies import Message
from satchel.model.ids import uuid_of
from satchel.model.record import Record
from satchel.model.text import searchable
from satchel.move.semantic.anchors import without_pointers
from satchel.move.semantic.structure import canonical
from satchel.move.semantic.words import all_words

_UID = re.compile(r"(?:^|_)([0-9a-f]{40})$")
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: How many of a text's words, those of the least hashes, stand for all of them.
_SAMPLE = 24
#: How many of those two records must share to be taken for one another, as a share of the smaller sample.
_ALIKE = 0.4
#: Records that share a word of the sample and are still looked at one by one.
_CROWD = 64
_TRUST = ("untrusted", "imported", "verified", "reviewed", "own")
_VISIBILITY = ("private", "shared", "public")
#: Not said is not low: who said nothing can be told anything.
_SENSITIVITY = ("high", "normal", "low", "")
_SPENT = ("superseded", "deprecated", "retracted", "archived")

#: The same records each time that they are asked for.
Records = Callable[[], Iterable[Record]]


class Sketch(msgspec.Struct, frozen=True, gc=False):
    """A record without what it says. ``exact`` and ``canonical`` are hashes of its title and text; ``size`` counts characters;
    ``above`` is the record that it is part of or answers, ``whole`` the conversation or document that it belongs to."""

    uid: str
    kind: str
    keys: tuple[int, ...]
    exact: bytes
    canonical: bytes
    size: int
    above: str
    whole: str
    position: int
    trust: int
    visibility: int
    sensitivity: int
    is_exportable: bool
    is_spent: bool

    @property
    def is_blank(self) -> bool:
        """Whether it has neither a title nor a text."""
        return self.size == 0


class Pair(NamedTuple):
    """A record of the source and what of the target it became: usually one, several where it was cut to pieces. By number.
    ``how``: ``id``, ``text``, ``words`` or ``order``; ``pieces`` are copies of parts of it."""

    before: int
    after: tuple[int, ...]
    how: str
    pieces: tuple[int, ...] = ()


class Matched(NamedTuple):
    pairs: list[Pair]
    missing: list[int]
    added: list[int]


def spoken(record: Record) -> tuple[str, str]:
    """The title and the text of a record, without marks that point at sources."""
    title, text = searchable(record)
    body = record.body
    if isinstance(body, Message):
        for part in body.parts:
            for citation in part.citations:
                if citation.marker:
                    text = text.replace(citation.marker, "")
    return title, without_pointers(text)


def sketch(record: Record) -> Sketch:
    """See Sketch."""
    title, text = spoken(record)
    body = record.body
    part_of = record.linked("part_of")
    is_message = isinstance(body, Message)
    access = record.access
    exact = _hash(title, text)
    one, other = canonical(title), canonical(text)
    return Sketch(
        uid=record.uid,
        kind=record.kind,
        keys=_keys(record),
        exact=exact,
        canonical=exact if (one, other) == (title, text) else _hash(one, other),
        size=len(title.strip()) + len(text.strip()),
        above=body.parent if isinstance(body, Message) else part_of,
        whole=part_of or record.provenance.conversation if is_message else part_of,
        position=getattr(body, "position", 0),
        trust=_TRUST.index(record.trust),
        visibility=_VISIBILITY.index(access.visibility),
        sensitivity=_SENSITIVITY.index(access.sensitivity),
        is_exportable=access.exportable,
        is_spent=record.status in _SPENT,
    )


def _hash(title: str, text: str) -> bytes:
    said = f"{len(title)}:{title}{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=16).digest()


def _keys(record: Record) -> tuple[int, ...]:
    """What the record may be known by on the other side, the surest first, as hashes."""
    id = record.origin.id
    found = dict.fromkeys((record.uid, uuid_of(record.uid), id))
    if held := _UID.search(id):
        found[held[1]] = None
    if held := _UUID.match(id.rsplit("/", 1)[-1]):
        found[held[0]] = None
    for kept in record.residue.values():
        if isinstance(kept, dict) and isinstance(kept.get("uid"), str):
            found[kept["uid"]] = None
    found.pop("", None)
    return tuple(int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=7).digest()) for key in found)


#: The samples of both sides' records, by number.
Samples = tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]


def matched(before: Sequence[Sketch], after: Sequence[Sketch], samples: Callable[[list[int], list[int]], Samples]) -> Matched:
    """Both sides matched. ``samples`` gives the words of those that are left (see ``sampled``), asked for at most once."""
    return _Matching(before, after).run(samples)


class _Matching:
    def __init__(self, before: Sequence[Sketch], after: Sequence[Sketch]) -> None:
        self._before, self._after = before, after
        self._mate: dict[int, int] = {}
        self._owner: dict[int, int] = {}
        self._how: dict[int, str] = {}
        self._more: dict[int, list[int]] = defaultdict(list)
        self._pieces: dict[int, list[int]] = defaultdict(list)

    def run(self, samples: Callable[[list[int], list[int]], Samples]) -> Matched:
        self._by_id()
        self._by_text(lambda each: each.exact)
        self._by_text(lambda each: each.canonical)
        self._fragments()
        if self._left() and self._right():
            self._by_words(*samples(self._left(), self._right()))
            self._by_order()
            self._fragments()
        pairs = [
            Pair(one, self._joined(one, other), self._how[one], tuple(self._pieces.get(one, ())))
            for one, other in sorted(self._mate.items())
        ]
        missing = [number for number in range(len(self._before)) if number not in self._mate]
        return Matched(pairs, missing, self._right())

    def _left(self) -> list[int]:
        return [n for n, each in enumerate(self._before) if n not in self._mate and not each.is_blank]

    def _right(self) -> list[int]:
        """What of the target has no owner. Its format's own things (``foreign``) say nothing of the source."""
        return [
            n for n, each in enumerate(self._after) if n not in self._owner and not each.is_blank and each.kind != "foreign"
        ]

    def _meet(self, one: int, other: int, how: str) -> None:
        self._mate[one], self._owner[other], self._how[one] = other, one, how

    def _fits(self, one: int, other: int) -> bool:
        """Whether the kinds let one be the other: a format's own things, and pieces, are no records of another kind."""
        kinds = {self._before[one].kind, self._after[other].kind}
        return len(kinds) == 1 or not kinds & {"foreign", "chunk", "relation"}

    def _by_id(self) -> None:
        # Nearly every key is one record's: only the others have a list.
        known: dict[int, int] = {}
        shared: dict[int, list[int]] = {}
        for number, each in enumerate(self._before):
            for key in each.keys:
                first = known.setdefault(key, number)
                if first != number:
                    shared.setdefault(key, [first]).append(number)
        for rank in range(max((len(each.keys) for each in self._after), default=0)):
            # The surest keys of all records first.
            found: list[tuple[bool, bool, int, int]] = []
            for number, each in enumerate(self._after):
                if rank >= len(each.keys) or number in self._owner or each.keys[rank] not in known:
                    continue
                key = each.keys[rank]
                for one in shared.get(key, (known[key],))[:_CROWD]:
                    if one not in self._mate and self._fits(one, number):
                        mine = self._before[one]
                        found.append((mine.kind != each.kind, mine.exact != each.exact, one, number))
            for _, _, one, number in sorted(found):
                if one not in self._mate and number not in self._owner:
                    self._meet(one, number, "id")

    def _by_text(self, hashed: Callable[[Sketch], bytes]) -> None:
        waiting: dict[bytes, list[int]] = defaultdict(list)
        for number in self._right():
            waiting[hashed(self._after[number])].append(number)
        for same_kind in (True, False):
            for one in self._left():
                mine = self._before[one]
                where = waiting.get(hashed(mine), [])
                found = next(
                    (
                        number
                        for number in where[:_CROWD]
                        if self._fits(one, number) and (not same_kind or self._after[number].kind == mine.kind)
                    ),
                    None,
                )
                if found is not None:
                    where.remove(found)
                    self._meet(one, found, "text")

    def _fragments(self) -> None:
        """What is left of the target and belongs to a record that has its counterpart: pieces of a document, further turns into
        which one message was cut."""
        places = {each.uid: number for number, each in enumerate(self._after)}
        below: dict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(self._after):
            if each.kind == "message" and each.above:
                below[each.above].append(number)
        waiting = self._right()
        while waiting:
            met = [number for number in waiting if self._belongs(number, places, below)]
            if not met:
                return
            waiting = [number for number in waiting if number not in self._owner]

    def _belongs(self, number: int, places: dict[str, int], below: dict[str, list[int]]) -> bool:
        """Whether it is a piece of what has its counterpart: then it is noted as one. Turns hang together in a chain: each of
        the pieces has one answer, the next piece."""
        each = self._after[number]
        above = places.get(each.above)
        if each.kind == "chunk" and above is not None and above in self._owner:
            self._owner[number] = self._owner[above]
            self._pieces[self._owner[above]].append(number)
            return True
        if each.kind != "message":
            return False
        answers = below.get(each.uid, ())
        if len(answers) == 1 and answers[0] in self._owner:
            self._join(number, answers[0])
        elif not answers and above is not None and above in self._owner:
            self._join(number, above)
        else:
            return False
        return True

    def _join(self, number: int, to: int) -> None:
        owner = self._owner[to]
        self._owner[number] = owner
        self._more[owner].append(number)

    def _joined(self, one: int, other: int) -> tuple[int, ...]:
        numbers = (other, *self._more.get(one, ()))
        return tuple(sorted(numbers, key=lambda number: self._after[number].position)) if len(numbers) > 1 else numbers

    def _by_words(self, before: dict[int, frozenset[int]], after: dict[int, frozenset[int]]) -> None:
        holders: dict[int, list[int]] = defaultdict(list)
        for number, words in after.items():
            for word in words:
                holders[word].append(number)
        found: list[tuple[float, bool, int, int]] = []
        for one, words in before.items():
            common: Counter[int] = Counter()
            for word in words:
                common.update(holders.get(word, ())[:_CROWD])
            for number, count in common.items():
                share = count / max(1, min(len(words), len(after[number])))
                if share >= _ALIKE and self._fits(one, number):
                    found.append((-share, self._before[one].kind != self._after[number].kind, one, number))
        for _, _, one, number in sorted(found):
            if one not in self._mate and number not in self._owner:
                self._meet(one, number, "words")

    def _by_order(self) -> None:
        left: dict[str, list[int]] = defaultdict(list)
        right: dict[str, list[int]] = defaultdict(list)
        for numbers, sketches, kinds in ((self._left(), self._before, left), (self._right(), self._after, right)):
            for number in numbers:
                kinds[sketches[number].kind].append(number)
        for kind, numbers in left.items():
            if len(numbers) == len(right.get(kind, ())):
                for one, number in zip(numbers, right[kind], strict=True):
                    self._meet(one, number, "order")


def sampled(text: str) -> frozenset[int]:
    """The words of a text that stand for all of them: those whose hashes are the least."""
    hashes = {zlib.crc32(word.encode("utf-8", "replace")) for word in all_words(text)}
    return frozenset(heapq.nsmallest(_SAMPLE, hashes))


def header_codes(before: Sketch, after: Sketch) -> Iterator[str]:
    """What became of a record's standing: nothing may be trusted more or seen further, and what held no more stays so."""
    if before.is_spent and not after.is_spent:
        yield "status-revived"
    if after.trust > before.trust:
        yield "trust-raised"
    wider = after.visibility > before.visibility or after.sensitivity > before.sensitivity
    if wider or (after.is_exportable and not before.is_exportable):
        yield "access-widened"
    if before.kind != after.kind:
        yield "kind-changed"
