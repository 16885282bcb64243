"""Streams over files, parts of files and compressed data, held to limits, with every foreign error made ours."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple, Protocol

from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.limits import MIB, Limits

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_CHUNK_BYTES = 64 << 10
BUFFER_BYTES = 256 << 10
#: A copy up to this size is held in memory, a larger one in an anonymous temporary file.
_SPOOL_BYTES = MIB


class Meter:
    """Tells ``on_read`` how many bytes were read, once ``counting`` is set."""

    def __init__(self, on_read: Callable[[int], None] | None) -> None:
        self.counting = False
        self._on_read = on_read

    def add(self, count: int) -> None:
        if self.counting and count and self._on_read:
            self._on_read(count)


class Readable(Protocol):
    """The one thing that is asked of whatever lies below a stream."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class Stream(io.RawIOBase):
    """A raw stream made of ``_next``; ``buffered`` makes it one whose short read means the end."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._next(size) if size > 0 else b"" if size == 0 else self.readall()

    def readinto(self, buffer: Any, /) -> int:
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _next(self, size: int) -> bytes:
        raise NotImplementedError


def buffered(stream: io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(stream, BUFFER_BYTES)


class Metered(Stream):
    """``inner`` with its bytes counted and the system's errors made ours."""

    def __init__(self, inner: Readable, meter: Meter, place: Place) -> None:
        self._inner = inner
        self._meter = meter
        self._place = place

    def _next(self, size: int) -> bytes:
        try:
            chunk = self._inner.read(size)
        except OSError as error:
            raise self._unreadable(error) from None
        self._meter.add(len(chunk))
        return chunk

    def readinto(self, buffer: Any, /) -> int:
        if not isinstance(self._inner, io.FileIO):
            return super().readinto(buffer)
        # Without a copy between.
        try:
            count = self._inner.readinto(buffer) or 0
        except OSError as error:
            raise self._unreadable(error) from None
        self._meter.add(count)
        return count

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"cannot be read: {error.strerror or 'input/output error'}", place=self._place)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Zlib:
    """zlib's object with the manner of the standard library's other ones: it keeps what it has not used."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail


def inflate() -> _Zlib:
    """A decompressor for a zip's deflate."""
    return _Zlib(-zlib.MAX_WBITS)


def gunzip() -> _Zlib:
    """A decompressor for gzip, which checks its checksum."""
    return _Zlib(16 + zlib.MAX_WBITS)


def unzstd() -> ZstdDecompressor:
    """A decompressor for zstd."""
    return ZstdDecompressor()


class Unpacked(Stream):
    """The decompressed bytes of ``inner``. With ``many``, one compressed stream may follow another, as gzip and zstd allow.

    ``taken`` counts the compressed bytes that were used, ``given`` what came of them.
    """

    def __init__(self, inner: Readable, start: Callable[[], Any], *, place: Place, limits: Limits, many: bool = True) -> None:
        self._inner = inner
        self._start = start
        self._many = many
        self._place = place
        self._limits = limits
        self._one: Any = start()
        self._idle = b""
        self.taken = 0
        self.given = 0

    def _next(self, size: int) -> bytes:
        while True:
            if self._one.eof and not self._restart():
                return b""
            data = self._idle
            self._idle = b""
            ended = False
            if not data and self._one.needs_input:
                data = self._inner.read(_CHUNK_BYTES)
                ended = not data
            self.taken += len(data)
            try:
                chunk: bytes = self._one.decompress(data, size)
            except (zlib.error, ZstdError, EOFError, ValueError):
                raise MalformedInput("the compressed data is damaged", place=self._place) from None
            if self._one.eof:
                self._idle = self._one.unused_data
                self.taken -= len(self._idle)
            if chunk:
                self.given += len(chunk)
                self._check()
                return chunk
            if ended and not self._one.eof:
                raise MalformedInput(
                    "the compressed data ends too early", place=self._place, hint="the download may be incomplete"
                )

    def _restart(self) -> bool:
        if not self._many:
            return False
        # gzip files may be padded with zeros.
        rest = self._idle.lstrip(b"\0")
        while not rest:
            chunk = self._inner.read(_CHUNK_BYTES)
            if not chunk:
                return False
            rest = chunk.lstrip(b"\0")
        self._idle = rest
        self._one = self._start()
        return True

    def _check(self) -> None:
        limits = self._limits
        if self.given > limits.member_bytes:
            raise LimitExceeded(
                f"unpacks to more than {limits.member_bytes:,} bytes",
                place=self._place,
                hint="--limit member_bytes=N raises it",
            )
        if self.given > limits.ratio_free_bytes and self.given > limits.archive_ratio * self.taken:
            raise LimitExceeded(
                f"unpacks to more than {limits.archive_ratio} times its size",
                place=self._place,
                hint="--limit archive_ratio=N raises it",
            )

    def close(self) -> None:
        self._inner.close()
        super().close()


def unpacker(magic: bytes) -> Callable[[], Any] | None:
    """What decompresses a file that begins with ``magic``, or None when it is not compressed."""
    if magic.startswith(GZIP_MAGIC):
        return gunzip
    if magic.startswith(ZSTD_MAGIC):
        return unzstd
    return None


class Region(NamedTuple):
    """``size`` bytes of an open file from ``start`` on. Regions of one file share its lock, and may be read side by side."""

    file: Any
    lock: threading.Lock
    start: int
    size: int

    @classmethod
    def of(cls, file: BinaryIO) -> Region:
        return cls(file, threading.Lock(), 0, file.seek(0, io.SEEK_END))

    def part(self, start: int, size: int) -> Region:
        return Region(self.file, self.lock, self.start + start, max(0, min(size, self.size - start)))

    def read_at(self, offset: int, size: int) -> bytes:
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        with self.lock:
            self.file.seek(self.start + offset)
            data: bytes = self.file.read(size)
        return data


class Cursor(io.RawIOBase):
    """A region as a file that seeks; ``widest`` bounds one read, so that no directory is loaded past it."""

    def __init__(self, region: Region, widest: int | None = None) -> None:
        self._region = region
        self._widest = widest
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        at = offset + (0, self._at, self._region.size)[whence]
        if at < 0:
            raise OSError("before the start")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            size = max(0, self._region.size - self._at)
        if self._widest is not None and size > self._widest:
            raise LimitExceeded("the archive's directory is too large", hint="--limit archive_members=N raises it")
        data = self._region.read_at(self._at, size)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def nameless() -> BinaryIO:
    """A file to copy into, in memory while it is small, else on the disk and without a name. Raises OSError."""
    return tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # type: ignore[return-value]


def spool(
    stream: BinaryIO,
    stack: contextlib.ExitStack,
    limit_bytes: int | None = None,
    make: Callable[[], BinaryIO] = nameless,
) -> BinaryIO:
    """A copy of ``stream`` that seeks, in a file that ``make`` gives; gone when ``stack`` closes.

    Raises:
        LimitExceeded: longer than ``limit_bytes``.
        OSError: no room.
    """
    copy = stack.enter_context(make())
    size = 0
    while chunk := stream.read(BUFFER_BYTES):
        size += len(chunk)
        if limit_bytes is not None and size > limit_bytes:
            raise LimitExceeded(f"more than {limit_bytes:,} bytes", hint="--limit archive_bytes=N raises it")
        copy.write(chunk)
    return copy
