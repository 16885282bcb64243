"""Writing zips of members that are packed already, to a file that need not seek.

A member's header, with its sizes, stands before its bytes: the same members give the same zip wherever it is written to, and
what one zip holds goes into another as it stands.
"""

from __future__ import annotations

import contextlib
import copy
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from satchel.codec.archives import ZIP_MAGIC, clean_name, member_name
from satchel.codec.streams import Cursor, Region, Stream
from satchel.errors import MalformedInput, Place

_CHUNK_BYTES = 1 << 20
_LOCAL = struct.Struct("<4s22x2H")
_DESCRIPTOR = 0x8
_ZIP64 = 1


class Deflating(Stream):
    """Deflates into ``sink`` what is written to it; ``finish`` ends it and says what became of it."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._crc = 0
        self._size_bytes = 0
        self._packed_bytes = 0

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        self._crc = zlib.crc32(view, self._crc)
        self._size_bytes += len(view)
        self._put(self._deflate.compress(view))
        return len(view)

    def finish(self, entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
        """``entry`` with checksum and sizes; nothing can be written any more."""
        self._put(self._deflate.flush())
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.CRC, entry.file_size, entry.compress_size = self._crc, self._size_bytes, self._packed_bytes
        return entry

    def _put(self, data: bytes) -> None:
        self._packed_bytes += len(data)
        self._sink.write(data)


@contextlib.contextmanager
def zip_into(sink: Any) -> Iterator[zipfile.ZipFile]:
    """A zip that is written to ``sink``; a block that fails leaves it without a directory."""
    archive = zipfile.ZipFile(sink, "w")
    try:
        yield archive
    except BaseException:
        archive.fp = None
        raise
    archive.close()


def add_packed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, packed: Any) -> None:
    """Append a member: as many bytes as the entry says, read from where ``packed`` stands.

    Raises:
        MalformedInput: there are fewer.
    """
    sink: Any = archive.fp
    entry.header_offset = sink.tell()
    sink.write(entry.FileHeader())
    left = entry.compress_size
    while left:
        chunk = packed.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise MalformedInput("the archive ends inside the member", place=Place(file=entry.filename))
        sink.write(chunk)
        left -= len(chunk)
    archive.filelist.append(entry)
    archive.NameToInfo[entry.filename] = entry
    archive.start_dir = sink.tell()


def replace_member(region: Region, archive: zipfile.ZipFile, path: str, replaced: Deflating, packed: Any) -> None:
    """Copy a zip into ``archive``, all but the member at ``path`` as they stand; in its place comes what was deflated.

    The zip was read before and found right. Order, names, times, modes and comments stay.

    Raises:
        MalformedInput: it is no such zip any more.
    """
    try:
        with zipfile.ZipFile(Cursor(region)) as source:
            infos = source.infolist()
            archive.comment = source.comment
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError, OverflowError, EOFError):
        raise MalformedInput("the archive's directory cannot be read any more") from None
    for info in infos:
        entry = copy.copy(info)
        entry.filename = member_name(info)
        # Sizes stand in the header now; where they are large, what is written adds the field for them.
        entry.flag_bits &= ~_DESCRIPTOR
        entry.extra = b"".join(_other_extras(info.extra))
        if clean_name(entry.filename) == path:
            add_packed(archive, replaced.finish(entry), packed)
        else:
            add_packed(archive, entry, _packed(region, info))


def _packed(region: Region, info: zipfile.ZipInfo) -> Cursor:
    head = region.read_at(info.header_offset, _LOCAL.size)
    magic, name_bytes, extra_bytes = _LOCAL.unpack(head) if len(head) == _LOCAL.size else (b"", 0, 0)
    if magic != ZIP_MAGIC[0]:
        raise MalformedInput("the archive's directory and the member disagree", place=Place(file=info.filename))
    return Cursor(region.part(info.header_offset + _LOCAL.size + name_bytes + extra_bytes, info.compress_size))


def _other_extras(extra: bytes) -> Iterator[bytes]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind != _ZIP64:
            yield extra[: 4 + length]
        extra = extra[4 + length :]
