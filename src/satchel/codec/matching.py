"""Looking for fragments (model.fragments) at every position of any amount of bytes.

The rolling hash of all positions of a window takes as many multiplications of whole arrays as its length has doublings; a table
of bits leaves few positions, whose hash is then compared, and what agrees is decided by the keyed digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.model.fragments import MOST_BYTES, SIZES, Fragment, Marker

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What is hashed at once: the arrays of a window stay in the processor's cache.
_WINDOW_BYTES = 128 << 10


class _Sized:
    """The fragments of one size."""

    def __init__(self, fragments: list[Fragment]) -> None:
        self.rolls: NDArray[np.uint32] = np.unique(np.array([each.roll for each in fragments], dtype=np.uint32))
        self.by_digest = {each.digest: each for each in fragments}
        bits = min(22, max(14, len(self.rolls).bit_length() + 7))
        self._shift = np.uint32(32 - bits)
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        self._table[self.rolls >> self._shift] = True

    def candidates(self, hashes: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
        """Positions at which a fragment may stand, and the hash there."""
        places = np.flatnonzero(self._table[hashes >> self._shift])
        if places.size:
            here = hashes[places]
            at = np.minimum(np.searchsorted(self.rolls, here), self.rolls.size - 1)
            agree = self.rolls[at] == here
            yield from zip(places[agree].tolist(), here[agree].tolist(), strict=True)


class Matcher:
    """Finds fragments that ``marker`` made."""

    def __init__(self, fragments: Iterable[Fragment], marker: Marker) -> None:
        every = set(fragments)
        self._marker = marker
        self._table = np.array(marker.table, dtype=np.uint32)
        self._sized = {size: _Sized(some) for size in SIZES if (some := [each for each in every if each.size == size])}
        self._steps = [1 << at for at in range(max(self._sized, default=1).bit_length() - 1)]
        self._factors = [np.uint32(pow(marker.factor, step, 1 << 32)) for step in self._steps]

    def find(self, data: bytes | bytearray | memoryview) -> Iterator[tuple[int, Fragment]]:
        """Position and fragment: each that stands there, once in each window of 128 KiB."""
        whole = np.frombuffer(data, dtype=np.uint8)
        for start in range(0, whole.size, _WINDOW_BYTES):
            window = whole[start : start + _WINDOW_BYTES + MOST_BYTES - 1]
            for size, hashes in self._hashes(window):
                known = self._sized[size]
                met: set[int] = set()
                for at, roll in known.candidates(hashes):
                    if roll not in met:
                        block = bytes(data[start + at : start + at + size])
                        fragment = known.by_digest.get(self._marker.digest(block))
                        if fragment is not None:
                            met.add(roll)
                            yield start + at, fragment

    def _hashes(self, window: NDArray[np.uint8]) -> Iterator[tuple[int, Any]]:
        """The rolling hash at every position, for each size that is looked for."""
        hashes = self._table[window]
        for step, factor in zip(self._steps, self._factors, strict=True):
            if hashes.size <= step:
                return
            hashes = hashes[:-step] * factor + hashes[step:]
            if 2 * step in self._sized:
                yield 2 * step, hashes
