"""Kept originals as they are stored: the source object's exact bytes and, behind them, the records that were read of it.

Both say the same text, so one zstd frame holds them in two thirds of the space that two would take. A conversation has a frame
of its own, with its messages. Small objects that are one record each share a frame, a pack: one at a time they would take
three times the space and the time. Who leaves a pack is overwritten in it, so that the others keep their places. The data of
all other records lies in their own rows.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

import apsw
import msgspec

from satchel.errors import VaultDamaged
from satchel.vault.sqlite.connection import one

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Measured: level 3 takes 4 % less space for 40 % more time.
LEVEL = 1
#: Originals kept open: neighbouring messages are asked for one after another, and what records name is asked for in any order.
KEPT = 4
#: More than that are kept as long as all of them together have no more than this.
KEPT_BYTES = 32 << 20
#: What is not compressed is one raw block, which may hold 128 KiB.
_RAW_BYTES = 64 << 10
_RAW_HEAD_BYTES = 12

_BLOCK = msgspec.json.Decoder(list[msgspec.Raw])


class Packer:
    """Makes the frames of one import; one compressor for all of them, for to set one up takes as long as a small frame.

    ``shares``: small objects lie together in a frame. What is read once, in the order of uids, and thrown away is read faster
    where each lies by itself (measured: a conversion of 100,000 records in two thirds of the time).
    """

    def __init__(self, *, shares: bool = True) -> None:
        self.shares = shares
        self._compressor = zstd.ZstdCompressor(level=LEVEL)

    def pack(self, native: bytes, messages: Sequence[bytes]) -> bytes:
        """One frame of an original and its encoded messages; a message's slot is its place in ``messages``."""
        return self.compress(b"".join((native, b"[", b",".join(messages), b"]")))

    def alone(self, native: bytes) -> bytes:
        """One frame of a small object that shares none, not compressed: see ``shares``."""
        whole = native + b"[]"
        return _raw_head(len(whole)) + whole if len(whole) <= _RAW_BYTES else self.compress(whole)

    def compress(self, whole: bytes) -> bytes:
        """One frame."""
        return self._compressor.compress(whole, zstd.ZstdCompressor.FLUSH_FRAME)


def _raw_head(size: int) -> bytes:
    """How a frame begins that is a single raw block of this size (RFC 8878, 3.1.1): the magic number, a descriptor (a single
    segment, whose size has four bytes), and the block's header (raw, the last)."""
    return b"\x28\xb5\x2f\xfd\xa0" + size.to_bytes(4, "little") + (size << 3 | 1).to_bytes(3, "little")


def _opened(data: bytes) -> bytes:
    """What is in a frame. To set up a decompressor takes ten times as long as to copy a small one."""
    size = len(data) - _RAW_HEAD_BYTES
    if 0 <= size <= _RAW_BYTES and data.startswith(_raw_head(size)):
        return data[_RAW_HEAD_BYTES:]
    return zstd.decompress(data)


class Frame:
    """An opened frame: the bytes of originals, ``size`` of them, and the data of records."""

    def __init__(self, data: bytes, size: int) -> None:
        self._whole = _opened(data)
        self.size = size
        #: What it takes to hold it open.
        self.held_bytes = len(self._whole)

    def native(self, start: int, size: int) -> bytes:
        """The exact bytes of an original that begins at ``start``."""
        return self._whole[start : start + size]

    @functools.cached_property
    def records(self) -> list[msgspec.Raw]:
        """The data of its records, by slot."""
        return _BLOCK.decode(memoryview(self._whole)[self.size :])

    def without(self, leaving: Sequence[tuple[int, int, int]]) -> bytes:
        """The frame's bytes, uncompressed, with these originals (start, size, slot) overwritten."""
        natives = bytearray(self._whole[: self.size])
        records = [bytes(record) for record in self.records]
        for start, size, slot in leaving:
            natives[start : start + size] = b" " * size
            records[slot] = b"null"
        return b"".join((natives, b"[", b",".join(records), b"]"))


def leave(connection: apsw.Connection, pack: int, leaving: Sequence[tuple[int, int, int]]) -> None:
    """Take originals (start, size, slot), whose rows are gone, out of their pack; the last one takes it along."""
    if one(connection, "SELECT 1 FROM original WHERE pack = ?", (pack,)) is None:
        connection.execute("DELETE FROM pack WHERE id = ?", (pack,))
        return
    row = one(connection, "SELECT data, size FROM pack WHERE id = ?", (pack,))
    if row:
        data = Packer().compress(Frame(*row).without(leaving))
        connection.execute("UPDATE pack SET data = ? WHERE id = ?", (data, pack))


class Originals:
    """Reads kept originals and the data of records; holds the last few frames."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        #: By the row of the original, or of the pack, that a frame is of.
        self._open: dict[tuple[str, int], Frame] = {}
        self._open_bytes = 0
        self._version = 0

    def native(self, original: int) -> bytes | None:
        """The exact bytes of a source object; None where the original is a blob.

        Raises:
            VaultDamaged: it is gone.
        """
        frame, start, size, _ = self._find(original)
        return frame.native(start, size) if frame else None

    def _refresh(self) -> None:
        """Hold nothing from before somebody's last commit: what was erased by it must not be read out of memory."""
        version = self._connection.data_version()
        if version != self._version:
            self.forget()
            self._version = version

    def packed(self, pack: int) -> Frame:
        """The frame of a pack.

        Raises:
            VaultDamaged: it is gone.
        """
        self._refresh()
        frame = self._open.get(("pack", pack))
        if frame is None:
            row = one(self._connection, "SELECT data, size FROM pack WHERE id = ?", (pack,))
            if row is None:
                raise _missing()
            frame = self._hold(("pack", pack), Frame(*row))
        return frame

    def data(self, data: bytes | None, slot: int | None, original: int) -> bytes:
        """The data of a record with these columns.

        Raises:
            VaultDamaged: its original is gone.
        """
        if data is not None:
            return data
        frame, _, _, own = self._find(original)
        at = slot if own is None else own
        if frame is None or at is None:
            raise VaultDamaged("a record's data is missing", hint="restore the vault from a backup")
        return bytes(frame.records[at])

    def forget(self) -> None:
        """Hold nothing any longer: something has left the vault."""
        self._open.clear()
        self._open_bytes = 0

    def _find(self, original: int) -> tuple[Frame | None, int, int, int | None]:
        """The frame that an original is in, its place there, and the slot of its record where it is packed."""
        self._refresh()
        frame = self._open.get(("original", original))
        if frame is not None:
            return frame, 0, frame.size, None
        row = one(self._connection, "SELECT size, data, pack, start, slot FROM original WHERE id = ?", (original,))
        if row is None:
            raise _missing()
        size, data, pack, start, slot = row
        if pack is not None:
            return self.packed(pack), start, size, slot
        if data is None:
            return None, 0, size, None
        return self._hold(("original", original), Frame(data, size)), 0, size, None

    def _hold(self, key: tuple[str, int], frame: Frame) -> Frame:
        self._open_bytes += frame.held_bytes
        while len(self._open) >= KEPT and self._open_bytes > KEPT_BYTES:
            self._open_bytes -= self._open.pop(next(iter(self._open))).held_bytes
        self._open[key] = frame
        return frame


def _missing() -> VaultDamaged:
    return VaultDamaged("a kept original is missing", hint="restore the vault from a backup")
