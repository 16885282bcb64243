"""Which records say nearly the same as others, in other words of the same stems: for a person to look at before forgetting.

Lexical: words are compared by their beginnings, rare ones count more. What no word is shared with is not found. Nothing is kept
of it, and nothing is erased by it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import apsw

from satchel.model.quotations import words_of
from satchel.model.record import Record
from satchel.model.text import searchable
from satchel.vault.sqlite import ranking
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import NearDuplicate

#: Endings of words that are longer than this are not compared.
_STEM_LETTERS = 5
_ENDING_LETTERS = 3
#: So many of a text's rarest words are looked up, and so many records that have most of them are read.
_ASKED = 12
_READ = 40
#: Words of more records than this are looked up only where there are no rarer ones.
_COMMON = 20_000
#: Nearly the same: so much of what either says, by weight; or so much of the shorter one, which must not be far shorter.
_LEAST_OF_BOTH = 0.4
_LEAST_OF_SHORTER = 0.75
_MOST_LONGER = 4
_LEAST_SHARED = 3
#: A text of fewer letters, endings left out, is said by everybody.
_LEAST_LETTERS = 18


class _Text(NamedTuple):
    """The stems of a text, and what they weigh in all."""

    stems: frozenset[str]
    weight: float


class NearDuplicates:
    """Looks for records near to some."""

    def __init__(self, connection: apsw.Connection, kept: Originals) -> None:
        self._connection = connection
        self._kept = kept
        row = one(connection, "SELECT count(*) FROM record")
        self._count = row[0] if row else 0
        self._frequencies: dict[str, int] = {}

    def find(self, uids: Iterable[str], without: Collection[str], progress: Callable[[int], None]) -> list[NearDuplicate]:
        """The records near to these, the nearest first, each once; none of ``without``."""
        found: dict[str, NearDuplicate] = {}
        for uid in uids:
            progress(1)
            sql = "SELECT data, slot, original FROM record WHERE uid = ?"
            row = one(self._connection, sql, (bytes.fromhex(uid),))
            if row is None:
                continue
            text = self._text(decode(self._kept.data(*row)))
            if len(text.stems) < _LEAST_SHARED or sum(map(len, text.stems)) < _LEAST_LETTERS:
                continue
            for id, other, kind, platform in self._sharing(text):
                if other == uid or other in without:
                    continue
                share = self._share(text, id)
                if share and (other not in found or found[other].share < share):
                    found[other] = NearDuplicate(other, kind, platform, uid, round(share, 2))
        return sorted(found.values(), key=lambda near: (-near.share, near.uid))

    def _text(self, record: Record) -> _Text:
        stems = frozenset(_stem(word.word) for text in searchable(record) for word in words_of(text))
        return _Text(stems, self._weight(stems))

    def _weight(self, stems: Iterable[str]) -> float:
        """Rare words tell more; a word of every record tells nothing."""
        return sum(math.log(1 + self._count / (1 + self._frequency(stem))) for stem in stems)

    def _frequency(self, stem: str) -> int:
        if stem not in self._frequencies:
            self._frequencies[stem] = ranking.frequency(self._connection, stem, prefix=len(stem) >= _STEM_LETTERS)
        return self._frequencies[stem]

    def _sharing(self, text: _Text) -> list[tuple[int, str, str, str]]:
        """Records that have most of its rarest words: row, uid, kind, platform."""
        rarest = sorted(text.stems, key=lambda stem: (self._frequency(stem), stem))[:_ASKED]
        asked = [stem for stem in rarest if self._frequency(stem) <= _COMMON] or rarest[:_LEAST_SHARED]
        match = " OR ".join(f'"{stem}"' + (" *" if len(stem) >= _STEM_LETTERS else "") for stem in asked)
        sql = (
            "SELECT r.id, r.uid, r.kind, r.platform FROM text_index t JOIN record r ON r.id = t.rowid"
            f" WHERE text_index MATCH ? ORDER BY t.rank LIMIT {_READ}"
        )
        return [(id, uid.hex(), kind, platform) for id, uid, kind, platform in rows(self._connection, sql, (match,))]

    def _share(self, text: _Text, id: int) -> float:
        """How much two texts share, of both or of the shorter; 0 where they are not near."""
        row = one(self._connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
        if row is None:
            return 0
        other = self._text(decode(self._kept.data(*row)))
        both = text.stems & other.stems
        if len(both) < _LEAST_SHARED:
            return 0
        shared = self._weight(both)
        of_both = shared / (text.weight + other.weight - shared)
        shorter, longer = sorted((text.weight, other.weight))
        of_shorter = shared / shorter if longer <= _MOST_LONGER * shorter else 0
        if of_both < _LEAST_OF_BOTH and of_shorter < _LEAST_OF_SHORTER:
            return 0
        return max(of_both, of_shorter if of_shorter >= _LEAST_OF_SHORTER else 0)


def _stem(word: str) -> str:
    # As the index has it, without accents.
    word = "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
    return word if len(word) <= _STEM_LETTERS else word[: max(_STEM_LETTERS, len(word) - _ENDING_LETTERS)]
