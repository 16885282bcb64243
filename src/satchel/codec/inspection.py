"""A stream searched for fragments, and everything compressed or in base64 inside it as well, however deep: in one pass, in
bounded memory.

Wherever the first bytes of a zstd, gzip, zlib, bzip2 or xz stream or of a deflated zip member stand, what follows is unpacked
beside the stream itself and searched in the same way. A beginning by chance ends at its first invalid block. What begins in
earnest and cannot be read to its end is told of: damaged, cut off, encrypted, too large, of another kind of archive.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from satchel.codec.base64_runs import Lane, Runs
from satchel.codec.matching import Matcher
from satchel.limits import DEFAULT, Limits
from satchel.model.fragments import MOST_BYTES, Fragment

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

#: What is searched at once, and unpacked at once.
CHUNK_BYTES = 1 << 20
#: Compressed data inside compressed data inside …: real ones nest three deep.
_MOST_DEPTH = 6
#: Streams that are unpacked side by side: one begins inside another only by chance, and ends soon.
_MOST_OPEN = 64
_ZIP_HEADER = 30
_OPAQUE = {b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!\x1a\x07": "a RAR archive"}
_FAULTS = (zlib.error, ZstdError, lzma.LZMAError, OSError, EOFError, ValueError)

#: Called with each fragment and the place of the stream's (or the outermost stream's) byte where it was met.
Found = Callable[[Fragment, int], None]
#: Called with a reason for each part that cannot be read.
Unreadable = Callable[[str], None]


class Kind(NamedTuple):
    """A kind of compressed stream: how it begins, what unpacks it, and whether its beginning is never chance."""

    name: str
    magic: bytes
    start: Callable[[], Any]
    certain: bool


_KINDS = (
    Kind("zstd", b"\x28\xb5\x2f\xfd", ZstdDecompressor, True),
    Kind("gzip", b"\x1f\x8b\x08", lambda: zlib.decompressobj(31), False),
    Kind("zip", b"PK\x03\x04", lambda: _ZipMember(), True),
    Kind("bzip2", b"BZh", bz2.BZ2Decompressor, False),
    Kind("xz", b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ), True),
    *(Kind("zlib", b"\x78" + level, zlib.decompressobj, False) for level in (b"\x01", b"\x5e", b"\x9c", b"\xda")),
)
_DEFLATE = Kind("deflate", b"", lambda: zlib.decompressobj(-15), False)


class Inspection:
    """Search one stream: ``feed`` its bytes in order, then ``close``."""

    def __init__(
        self, matcher: Matcher, found: Found, unreadable: Unreadable, *, limits: Limits = DEFAULT, depth: int = 0
    ) -> None:
        self._matcher = matcher
        self._found = found
        self._unreadable = unreadable
        self._limits = limits
        self._depth = depth
        self._at = 0
        self._tail = b""
        self._inner: list[_Inner] = []
        self._runs = Runs(self.search_pieces, self.lane) if depth < _MOST_DEPTH else None

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        for start in range(0, len(data), CHUNK_BYTES):
            self._feed(data[start : start + CHUNK_BYTES])

    def _feed(self, chunk: bytes) -> None:
        for inner in self._inner:
            inner.feed(chunk, self._at)
        tail = len(self._tail)
        joined = self._tail + chunk
        for position, fragment in self._matcher.find(joined):
            self._found(fragment, self._at - tail + position)
        for position, kind in beginnings(joined):
            # One that lies in the tail whole began with the chunk before.
            if position + len(kind.magic) > tail:
                self._begin(kind, joined, position, self._at - tail + position)
        self._inner = [inner for inner in self._inner if inner.going]
        if self._runs is not None:
            self._runs.feed(chunk)
        self._at += len(chunk)
        self._tail = joined[-(MOST_BYTES - 1) :]

    def _begin(self, kind: Kind, joined: bytes, position: int, at: int) -> None:
        if self._depth >= _MOST_DEPTH or len(self._inner) >= _MOST_OPEN:
            if kind.certain:
                self._unreadable(f"{kind.name}, too deep inside others")
            return
        inner = _Inner(kind, self._inside(at), self._unreadable, self._limits)
        inner.feed(joined[position:], at)
        if inner.going:
            self._inner.append(inner)

    def feed_from(self, kind: Kind, data: bytes) -> None:
        """Unpack the one compressed stream that ``data`` begins with, and nothing else of it."""
        self._begin(kind, data, 0, 0)

    def close(self) -> None:
        """The stream has ended."""
        for inner in self._inner:
            inner.cut()
        self._inner = []
        if self._runs is not None:
            self._runs.close()

    def _inside(self, at: int) -> Inspection:
        """A stream inside this one, all of which is at one place of it."""
        return Inspection(
            self._matcher,
            lambda fragment, _place: self._found(fragment, at),
            self._unreadable,
            limits=self._limits,
            depth=self._depth + 1,
        )

    def search_pieces(self, pieces: list[tuple[int, bytes]]) -> None:
        """Search what short runs of base64 decode to, all at once."""
        joined, starts = b"\0".join(piece for _, piece in pieces), [0]
        for _, piece in pieces:
            starts.append(starts[-1] + len(piece) + 1)
        for position, fragment in self._matcher.find(joined):
            self._found(fragment, pieces[bisect_right(starts, position) - 1][0])
        for position, kind in beginnings(joined):
            at = bisect_right(starts, position) - 1
            place, piece = pieces[at]
            alone = self._inside(place)
            alone.feed_from(kind, piece[position - starts[at] :])
            alone.close()

    def lane(self, at: int, is_whole: bool) -> Lane:
        """Search what a long run of base64 decodes to, as it comes."""
        inside = self._inside(at)
        deflated = _Inner(_DEFLATE, self._inside(at), self._unreadable, self._limits) if is_whole else None

        def take(data: bytes | None) -> None:
            if data is None:
                inside.close()
                if deflated is not None:
                    deflated.cut()
                return
            inside.feed(data)
            if deflated is not None:
                deflated.feed(data, 0)

        return take


def beginnings(data: bytes) -> Iterator[tuple[int, Kind]]:
    """Where compressed streams may begin in ``data``."""
    for kind in _KINDS:
        position = data.find(kind.magic)
        while position >= 0:
            yield position, kind
            position = data.find(kind.magic, position + 1)
    for magic, name in _OPAQUE.items():
        position = data.find(magic)
        if position >= 0:
            yield position, Kind(name, magic, _Opaque, True)


class _Inner:
    """A compressed stream inside another one."""

    def __init__(self, kind: Kind, inspection: Inspection, unreadable: Unreadable, limits: Limits) -> None:
        self.going = True
        self._kind = kind
        self._one = kind.start()
        self._inspection = inspection
        self._unreadable = unreadable
        self._limits = limits
        self._given = 0
        self._taken = 0

    def feed(self, data: bytes, at: int) -> None:  # noqa: ARG002
        """Unpack and search what the next bytes hold."""
        if not self.going:
            return
        self._taken += len(data)
        try:
            for chunk in _unpacked(self._one, data):
                self._given += len(chunk)
                self._inspection.feed(chunk)
                if self._is_too_large():
                    self._end("unpacks to too much")
                    return
        except _Refused as refusal:
            self._end(str(refusal))
            return
        except _FAULTS:
            self._end("damaged")
            return
        if self._one.eof:
            self.going = False
            self._inspection.close()

    def cut(self) -> None:
        """The stream around it ended before it did."""
        if self.going:
            self._end("cut off")

    def _end(self, reason: str) -> None:
        self.going = False
        self._inspection.close()
        # What gave nothing began by chance, unless its first bytes are too many for that.
        if reason and (self._kind.certain or self._given > CHUNK_BYTES):
            self._unreadable(f"{self._kind.name}, {reason}" if self._kind.start is not _Opaque else self._kind.name)

    def _is_too_large(self) -> bool:
        limits = self._limits
        return self._given > limits.member_bytes or (
            self._given > limits.ratio_free_bytes and self._given > limits.archive_ratio * self._taken
        )


def _unpacked(one: Any, data: bytes) -> Iterator[bytes]:
    """What ``data`` unpacks to, a MiB at a time."""
    if hasattr(one, "unconsumed_tail"):
        while data and not one.eof:
            yield one.decompress(data, CHUNK_BYTES)
            data = one.unconsumed_tail
        return
    while not one.eof:
        chunk = one.decompress(data, CHUNK_BYTES)
        data = b""
        if chunk:
            yield chunk
        if one.needs_input:
            return


class _Refused(Exception):
    """A part that cannot be read for a reason that its header tells."""


class _Opaque:
    """A kind of archive that is not opened."""

    eof = False
    needs_input = True

    def decompress(self, _data: bytes, _most: int) -> bytes:
        raise _Refused("not opened")


class _ZipMember:
    """A member of a zip from its local header on. A stored one stands in the stream as it is."""

    needs_input = True

    def __init__(self) -> None:
        self.eof = False
        self._head = b""
        self._inflate: Any = None
        self._rest = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """The member's bytes that ``data`` brings, at most so many; ``needs_input`` is False while there are more."""
        if self._inflate is None:
            data = self._past_header(data)
            if self._inflate is None:
                return b""
        chunk: bytes = self._inflate.decompress(self._rest + data, most)
        self._rest = self._inflate.unconsumed_tail
        self.needs_input = not self._rest
        self.eof = self._inflate.eof
        return chunk

    def _past_header(self, data: bytes) -> bytes:
        self._head += data
        head = self._head
        if len(head) < _ZIP_HEADER:
            return b""
        flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
        size = _ZIP_HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        if flags & 1:
            raise _Refused("an encrypted member")
        if method in (0, 12, 93, 95):
            # Stored; or of a kind whose own first bytes stand behind the header.
            self.eof = True
            return b""
        if method != 8:
            raise _Refused(f"compression method {method}")
        if len(head) < size:
            return b""
        self._inflate = zlib.decompressobj(-15)
        self._head = b""
        return head[size:]
