"""Changing a few root members of a large JSON file and leaving every other byte as it is.

The new file is written beside the old one, flushed, and renamed: whole or not at all.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from satchel.errors import MalformedInput, OutputError
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.trust.files import sync_folder

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\n\r"


class Span(msgspec.Struct, frozen=True):
    """Where a member's value stands in its file, in bytes."""

    offset: int
    length: int


class Identity(msgspec.Struct, frozen=True):
    """What tells that a file is still the one that was read."""

    device: int
    inode: int
    size_bytes: int
    changed_ns: int


def identity(stream: BinaryIO) -> Identity:
    """The identity of an open file."""
    found = os.fstat(stream.fileno())
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def replace_members(path: Path, members: Mapping[str, bytes], spans: Mapping[str, Span], read: Identity) -> None:
    """Give root members of the JSON object in ``path`` new values: in place where ``spans`` has them, else at the end.

    Args:
        members: name → the value's JSON.
        spans: where the members that are there stand.
        read: the identity of the file when it was read: another one is refused.

    Raises:
        MalformedInput: it is no JSON object any more.
        OutputError: it changed meanwhile, or cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with path.open("rb") as source:
            if identity(source) != read:
                raise OutputError(f"{path} changed while it was read", hint="try again")
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb", buffering=_CHUNK) as sink:
                    with_members(source, sink, members, spans)
                    sink.flush()
                    os.fchmod(descriptor, mode)
                    os.fsync(descriptor)
                if identity(source) != read:
                    raise OutputError(f"{path} changed while it was copied", hint="try again")
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def with_members(source: BinaryIO, sink: BinaryIO, members: Mapping[str, bytes], spans: Mapping[str, Span]) -> None:
    """Write ``source``, which seeks, to ``sink`` with root members that have new values; see ``replace_members``.

    Raises:
        MalformedInput: it is no JSON object any more.
    """
    edits = sorted((spans[name].offset, spans[name].length, value) for name, value in members.items() if name in spans)
    added = b"".join(b",\n%s:%s" % (dump(name), value) for name, value in members.items() if name not in spans)
    if added:
        edits.append((_end(source), 0, added))
    _copy(source, sink, edits)


def _end(source: BinaryIO) -> int:
    """Where the root object's last member ends: before its closing brace and the white space before that."""
    at = source.seek(0, os.SEEK_END)
    wanted = b"}"
    while at:
        size = min(_CHUNK, at)
        source.seek(at - size)
        rest = source.read(size)
        if wanted:
            rest = rest.rstrip(_SPACE)
            if rest[-1:] not in (b"", wanted):
                break
            if rest:
                rest, wanted = rest[:-1], b""
        if not wanted:
            rest = rest.rstrip(_SPACE)
            if rest:
                return at - size + len(rest)
        at -= size
    raise MalformedInput("the file is no JSON object any more")


def _copy(source: BinaryIO, sink: BinaryIO, edits: list[tuple[int, int, bytes]]) -> None:
    source.seek(0)
    # A byte-order mark is read and never written (dossier 1.1).
    source.seek(len(_BOM) if source.read(len(_BOM)) == _BOM else 0)
    for offset, length, value in edits:
        _copy_range(source, sink, offset - source.tell())
        sink.write(value)
        source.seek(length, os.SEEK_CUR)
    _copy_range(source, sink, -1)


def _copy_range(source: BinaryIO, sink: BinaryIO, length: int) -> None:
    while length:
        data = source.read(_CHUNK if length < 0 else min(length, _CHUNK))
        if not data:
            return
        sink.write(data)
        length -= len(data) if length > 0 else 0
