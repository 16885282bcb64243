"""Base64 inside a stream, standard and URL-safe, decoded wherever it stands, so that what is in it can be searched.

A run is so many letters of either alphabet side by side, with line breaks between them, as they are or as JSON writes them. It
is decoded from each of its first four letters on: who cut it or wrote something before it shifted it by any number of them.
Short runs are decoded together, for there are many (every id is one); a long one is handed on as it comes, in bounded memory.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable, Iterator

import numpy as np

#: A text of twelve bytes has so many letters.
LEAST_LETTERS = 16
#: A longer run is decoded as it comes.
_LONG = 4 << 10
#: What the beginning of a short run inflates to, at most; more than that is text of no such run.
_INFLATED_BYTES = 1 << 20
_LANES = 4
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_BREAKS = b"\r\n"
_IS_RUN = np.zeros(256, dtype=np.bool_)
_IS_RUN[list(_LETTERS + _BREAKS)] = True
_STANDARD = bytes.maketrans(b"-_", b"+/")

#: Takes what a long run decodes to, in order, and None at its end.
Lane = Callable[[bytes | None], None]
#: Takes what short runs decode to: the place of each, and the bytes.
Short = Callable[[list[tuple[int, bytes]]], None]
#: Called where a long run begins, with its place; gives what takes its bytes. The last argument: whether they begin where the
#: run does, so that deflated data, whose beginning nothing tells, may begin there.
Long = Callable[[int, bool], Lane]


class Runs:
    """Finds and decodes base64: ``feed`` a stream in order, then ``close``."""

    def __init__(self, short: Short, long: Long) -> None:
        self._short = short
        self._long = long
        #: The end of what came, where a run is not over yet; and the long run that is under way.
        self._tail = b""
        self._open: _Long | None = None
        self._at = 0

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        joined = self._tail + data
        start = self._at - len(self._tail)
        self._at += len(data)
        # The letter that it escapes is still to come.
        cut = b"\\" if joined.endswith(b"\\") else b""
        plain = _unescaped(joined[: len(joined) - len(cut)])
        self._tail = cut
        if self._open is not None:
            end = _run_end(plain)
            self._open.feed(plain[:end])
            if end == len(plain):
                return
            self._open.close()
            self._open = None
            plain, start = plain[end:], start + end
        found: list[tuple[int, bytes]] = []
        for first, end in _runs(plain):
            if end == len(plain) and end - first < _LONG:
                break
            if end - first >= _LONG:
                long = _Long(start + first, self._long)
                long.feed(plain[first:end])
                if end < len(plain):
                    long.close()
                    continue
                self._open = long
                break
            found += ((start + first, piece) for piece in _decoded(plain[first:end]))
        if found:
            self._short(found)
        if self._open is not None:
            return
        # A run that may go on.
        self._tail = plain[_open_end(plain) :] + cut

    def close(self) -> None:
        """The stream has ended."""
        if self._open is not None:
            self._open.close()
            self._open = None
        elif self._tail:
            tail, self._tail = self._tail, b""
            # A letter of no alphabet ends the run.
            self._at -= len(tail)
            self.feed(tail + b" ")


class _Long:
    """A long run under way: four decoders side by side."""

    def __init__(self, at: int, long: Callable[[int, bool], Lane]) -> None:
        self._lanes = [long(at, lane == 0) for lane in range(_LANES)]
        self._rests: list[bytes] = [b""] * _LANES
        self._skip = list(range(_LANES))

    def feed(self, data: bytes) -> None:
        letters = _letters(data)
        for lane, take in enumerate(self._lanes):
            whole = self._rests[lane] + letters
            skipped = min(self._skip[lane], len(whole))
            self._skip[lane] -= skipped
            end = skipped + (len(whole) - skipped) // 4 * 4
            self._rests[lane] = whole[end:]
            if end > skipped:
                take(binascii.a2b_base64(whole[skipped:end]))

    def close(self) -> None:
        for rest, take in zip(self._rests, self._lanes, strict=True):
            last = _last(rest)
            if last:
                take(last)
            take(None)


def _decoded(run: bytes) -> Iterator[bytes]:
    """What a short run decodes to, from each of its first letters on, and inflated."""
    letters = _letters(run)
    for lane in range(_LANES):
        end = lane + (len(letters) - lane) // 4 * 4
        piece = binascii.a2b_base64(letters[lane:end]) + _last(letters[end:])
        yield piece
        if lane == 0:
            try:
                inflated = zlib.decompressobj(-15).decompress(piece, _INFLATED_BYTES)
            except zlib.error:
                continue
            if inflated:
                yield inflated


def _letters(run: bytes) -> bytes:
    return run.translate(_STANDARD, _BREAKS)


def _last(letters: bytes) -> bytes:
    """What the letters after the last four stand for."""
    return binascii.a2b_base64(letters + b"=" * (4 - len(letters))) if len(letters) > 1 else b""


def _unescaped(data: bytes) -> bytes:
    """Line breaks and slashes as JSON escapes them, in as many bytes."""
    if b"\\" not in data:
        return data
    return data.replace(b"\\n", b"\n\n").replace(b"\\r", b"\r\r").replace(b"\\/", b"\n/")


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Where runs stand, as (start, end)."""
    is_run = _IS_RUN[np.frombuffer(data, dtype=np.uint8)]
    # True where as many letters follow, each step doubling how many.
    step = 1
    while step < LEAST_LETTERS:
        if is_run.size <= step:
            return
        is_run = is_run[:-step] & is_run[step:]
        step *= 2
    places = np.flatnonzero(is_run)
    if not places.size:
        return
    gaps = np.flatnonzero(np.diff(places) > 1)
    firsts = places[np.concatenate(([0], gaps + 1))]
    lasts = places[np.concatenate((gaps, [places.size - 1]))]
    yield from zip(firsts.tolist(), (lasts + LEAST_LETTERS).tolist(), strict=True)


def _run_end(data: bytes) -> int:
    """Where the run ends that ``data`` begins with."""
    others = np.flatnonzero(~_IS_RUN[np.frombuffer(data, dtype=np.uint8)])
    return int(others[0]) if others.size else len(data)


def _open_end(data: bytes) -> int:
    """Where the run begins that ``data`` ends with; its length where there is none."""
    window = data[-_LONG:]
    others = np.flatnonzero(~_IS_RUN[np.frombuffer(window, dtype=np.uint8)])
    return len(data) - len(window) + (int(others[-1]) + 1 if others.size else 0)
