"""Fragments of what was erased: short pieces of its bytes, kept as keyed hashes so that what is left of it can be looked for.

A text is cut into blocks as it would lie on a disk in each of six spellings: UTF-8, UTF-16 of either byte order, and the three
ways in which JSON writes it. A block has 32 characters; of a text of fewer than 64 it has 16, of one of fewer than 16 it has 8,
and a text of fewer than 8 cannot be told from chance. (Characters are bytes of UTF-8; where each takes two bytes or an
escape, a block is twice as long.) The first KiB is covered without gap, later bytes by one block in 64: any run of 192 bytes of
a text holds a whole block, and of most texts any run of 96.

A file's blocks lie further apart: one in 64 bytes, and in a large file one in 4 KiB. Words are known whole, in lower case, for
a full-text index keeps no more of a text than them.

A block is known by two keyed hashes: a rolling one of 32 bits, which a reader can compute for every position of any amount of
bytes at once (codec.matching), and eight bytes of BLAKE2b, which decide. Nobody reads the text from them without the key, and
with it only by guessing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from operator import getitem
from typing import Literal, NamedTuple

#: Lengths of blocks in bytes, in order; 0 is a word's.
SIZES = (8, 16, 32, 64)
MOST_BYTES = SIZES[-1]
#: Of a text with at least so many characters, how many a block has.
_CHARACTERS = ((64, 32), (16, 16), (8, 8))
#: So far blocks lie side by side, beyond it one in ``_SPARSE_BYTES``.
_DENSE_BYTES = 1 << 10
_SPARSE_BYTES = 64
#: In a file of more than a MiB, one block in so many bytes: at least one in each page of a store.
_FILE_DENSE_BYTES = 1 << 20
_FILE_SPARSE_BYTES = 4 << 10
#: A block with fewer different bytes is padding, and stands everywhere.
_LEAST_DISTINCT = 4
_MASK = 0xFFFFFFFF

Spelling = Literal["UTF-8", "JSON", "JSON, escaped", "JSON, escaped in capitals", "UTF-16LE", "UTF-16BE", "bytes", "word"]
SPELLINGS: tuple[Spelling, ...] = (
    "UTF-8",
    "JSON",
    "JSON, escaped",
    "JSON, escaped in capitals",
    "UTF-16LE",
    "UTF-16BE",
    "bytes",
    "word",
)
#: A shorter word is in every text.
LEAST_WORD = 4
#: Ids and times: the audit log and the tombstones name what was erased by them, on purpose.
_NAMES = re.compile(r"[0-9A-Fa-f-]{8,}|[0-9T:.,+\- Zz]+")
_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")


class Fragment(NamedTuple):
    """One block: how long it is, in which spelling, and its two hashes. A word has no length and no rolling hash."""

    size: int
    spelling: Spelling
    roll: int
    digest: bytes

    def packed(self) -> bytes:
        """Thirteen bytes: what it is, the rolling hash, the digest."""
        kind = SPELLINGS.index(self.spelling) | self.size
        return bytes((kind,)) + self.roll.to_bytes(4) + self.digest


def unpacked(data: bytes) -> Fragment:
    """The fragment of thirteen bytes that ``Fragment.packed`` made."""
    return Fragment(data[0] & ~7, SPELLINGS[data[0] & 7], int.from_bytes(data[1:5]), data[5:])


def telling(texts: Iterable[str]) -> Iterator[str]:
    """Those that could be content: ids and times are left out."""
    return (text for text in texts if not _NAMES.fullmatch(text))


class Marker:
    """Hashes blocks under a key of 32 bytes.

    The rolling hash of bytes b is Σ ``table[b[i]] * factor**(size - 1 - i)`` modulo 2**32; table and factor come of the key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=b"satchel-fragment").digest()
        stream = hashlib.shake_256(self._key).digest(256 * 4 + 4)
        self.table = [int.from_bytes(stream[4 * at : 4 * at + 4]) for at in range(256)]
        self.factor = int.from_bytes(stream[-4:]) | 1
        self._weighted = {size: self._weigh(size) for size in SIZES}

    def _weigh(self, size: int) -> list[list[int]]:
        powers = [pow(self.factor, size - 1 - at, 1 << 32) for at in range(size)]
        return [[value * power & _MASK for value in self.table] for power in powers]

    def digest(self, block: bytes) -> bytes:
        """The hash that decides."""
        return hashlib.blake2b(block, digest_size=8, key=self._key).digest()

    def roll(self, block: bytes) -> int:
        """The rolling hash of a block."""
        return sum(map(getitem, self._weighted[len(block)], block)) & _MASK

    def of_texts(self, texts: Iterable[str]) -> set[Fragment]:
        """The fragments of texts in every spelling."""
        made: set[tuple[Spelling, bytes]] = set()
        for text in texts:
            for spelling, data in spelled(text):
                width = 1 if spelling in ("UTF-8", "JSON") else 2
                made.update((spelling, block) for block in _blocks(data, width))
        return {self._fragment(spelling, block) for spelling, block in made}

    def of_file(self, chunks: Iterable[bytes]) -> set[Fragment]:
        """The fragments of a file's bytes: none spans two of the chunks that are given."""
        made: set[bytes] = set()
        before = 0
        for chunk in chunks:
            sparse = before >= _FILE_DENSE_BYTES
            step = _FILE_SPARSE_BYTES if sparse else _SPARSE_BYTES
            made.update(_blocks(chunk, 1, dense=0, sparse=step))
            before += len(chunk)
        return {self._fragment("bytes", block) for block in made}

    def word(self, word: str) -> Fragment:
        """The fragment of one word, as the full-text index has it."""
        return Fragment(0, "word", 0, self.digest(b"word\0" + word.encode("utf-8", "surrogatepass")))

    def _fragment(self, spelling: Spelling, block: bytes) -> Fragment:
        return Fragment(len(block), spelling, self.roll(block), self.digest(block))


def spelled(text: str) -> Iterator[tuple[Spelling, bytes]]:
    """The text's bytes in each spelling that differs from those before it."""
    plain = text.encode("utf-8", "surrogatepass")
    yield "UTF-8", plain
    raw = json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    if raw != plain:
        yield "JSON", raw
    escaped = json.dumps(text)[1:-1]
    if escaped.encode() != raw:
        yield "JSON, escaped", escaped.encode()
    capitals = _ESCAPE.sub(lambda found: "\\u" + found[0][2:].upper(), escaped)
    if capitals != escaped:
        yield "JSON, escaped in capitals", capitals.encode()
    yield "UTF-16LE", text.encode("utf-16-le", "surrogatepass")
    yield "UTF-16BE", text.encode("utf-16-be", "surrogatepass")


def _blocks(data: bytes, width: int, *, dense: int = _DENSE_BYTES, sparse: int = _SPARSE_BYTES) -> Iterator[bytes]:
    """The blocks of one spelling, in which a character takes ``width`` bytes; the last one ends where the data ends."""
    size = width * next((block for least, block in _CHARACTERS if len(data) >= least * width), 0)
    if not size:
        return
    last = len(data) - size
    for start in (*range(0, min(dense, last), size), *range(dense, last, sparse), last):
        block = data[start : start + size]
        if len(set(block)) >= _LEAST_DISTINCT:
            yield block
