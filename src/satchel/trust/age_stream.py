"""The payload of an age file (C2SP age v1, "Payload"): ChaCha20-Poly1305 over chunks of 64 KiB, written once, read anywhere.

A chunk's nonce is its number and whether it is the last one, so that chunks cannot be moved, dropped or added, and an end that
is missing is told. No byte leaves ``Unsealer`` before its chunk was authenticated.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from satchel.errors import InputError, MalformedInput, Place

CHUNK_BYTES = 64 << 10
TAG_BYTES = 16
_SEALED_BYTES = CHUNK_BYTES + TAG_BYTES


class Sink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> Any: ...


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


class Sealer(io.RawIOBase):
    """Encrypts what is written to it. Only ``finish`` writes the last chunk: without it, nobody takes the payload for whole."""

    def __init__(self, sink: Sink, key: bytes) -> None:
        self._sink = sink
        self._cipher = ChaCha20Poly1305(key)
        self._held = bytearray()
        self._number = 0
        self._is_finished = False
        #: How many bytes were written to it.
        self.size_bytes = 0

    def writable(self) -> bool:
        return not self._is_finished

    def write(self, data: Any, /) -> int:
        if self._is_finished:
            raise io.UnsupportedOperation("the payload is finished")
        view = memoryview(data).cast("B")
        at = 0
        while at < len(view):
            # A full chunk is held until more comes: it may be the last one.
            if len(self._held) == CHUNK_BYTES:
                self._put(last=False)
            taken = view[at : at + CHUNK_BYTES - len(self._held)]
            self._held += taken
            at += len(taken)
        self.size_bytes += len(view)
        return len(view)

    def tell(self) -> int:
        return self.size_bytes

    def finish(self) -> None:
        """Write the last chunk; nothing can be written after it."""
        self._put(last=True)
        self._is_finished = True

    def _put(self, *, last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_nonce(self._number, last=last), bytes(self._held), None))
        self._held.clear()
        self._number += 1


class Unsealer(io.RawIOBase):
    """Decrypts a payload, from any place of it on. One chunk is held.

    Raises (also while reading):
        MalformedInput: a chunk is not what was written, or the end is missing or followed by something.
        InputError: the file cannot be read.
    """

    def __init__(self, file: IO[bytes], key: bytes, *, start: int, place: Place | None = None) -> None:
        """``start`` is where the payload's first chunk stands in ``file``, which is read and not closed."""
        self._file = file
        self._cipher = ChaCha20Poly1305(key)
        self._start = start
        self._place = place
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")
        size = max(0, file.seek(0, os.SEEK_END) - start)
        self._chunks = -(-size // _SEALED_BYTES)
        self.size_bytes = size - self._chunks * TAG_BYTES
        rest = size - (self._chunks - 1) * _SEALED_BYTES
        # Only the payload of nothing has an empty last chunk.
        if size < TAG_BYTES or rest < TAG_BYTES or (rest == TAG_BYTES and self._chunks > 1):
            raise self._cut()
        self._chunk(self._chunks - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        at = offset + (0, self._at, self.size_bytes)[whence]
        if at < 0:
            raise OSError("before the start")
        self._at = at
        return at

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size_bytes - self._at)
        if size is not None and size >= 0:
            left = min(left, size)
        pieces = []
        while left:
            number, skipped = divmod(self._at, CHUNK_BYTES)
            piece = self._chunk(number)[skipped : skipped + left]
            pieces.append(piece)
            self._at += len(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def check(self) -> None:
        """Authenticate all of it. Raises as reading does."""
        for number in range(self._chunks):
            self._chunk(number)

    def _chunk(self, number: int) -> bytes:
        if self._held[0] != number:
            last = number == self._chunks - 1
            try:
                self._file.seek(self._start + number * _SEALED_BYTES)
                # Of the last chunk no more than was there when the size was taken.
                sealed = self._file.read(self.size_bytes - number * CHUNK_BYTES + TAG_BYTES if last else _SEALED_BYTES)
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror or 'input/output error'}", place=self._place) from None
            try:
                self._held = number, self._cipher.decrypt(_nonce(number, last=last), sealed, None)
            except InvalidTag:
                raise self._cut() if last else self._damaged(number) from None
        return self._held[1]

    def _cut(self) -> MalformedInput:
        text = "the encrypted file is not whole: its end is missing, damaged or followed by something else"
        return MalformedInput(text, place=self._place, hint="copy or download it again")

    def _damaged(self, number: int) -> MalformedInput:
        text = f"the encrypted file is damaged in its chunk {number + 1:,} of {self._chunks:,}"
        return MalformedInput(text, place=self._place, hint="copy or download it again")


class Scratch(io.RawIOBase):
    """A nameless temporary file, encrypted under a key that is nowhere but in this process: written, then read.

    The first ``seek`` or ``read`` ends the writing. Closing it, or the end of the process, makes it unreadable for good.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """``folder``: on whose disk it lies, the system's for temporary files by default. Raises OSError."""
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._key = ChaCha20Poly1305.generate_key()
        self._sealer = Sealer(self._file, self._key)
        self._reading: Unsealer | None = None

    def writable(self) -> bool:
        return self._reading is None

    def write(self, data: Any, /) -> int:
        return self._sealer.write(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._sealer.tell() if self._reading is None else self._reading.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._read().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._read().read(size)

    def readinto(self, buffer: Any, /) -> int:
        return self._read().readinto(buffer)

    def _read(self) -> Unsealer:
        if self._reading is None:
            self._sealer.finish()
            self._reading = Unsealer(self._file, self._key, start=0)
        return self._reading

    def close(self) -> None:
        self._file.close()
        super().close()
