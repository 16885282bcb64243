"""The residue of a whole package: what came in one standard, carried in another's place for foreign data, so that the way back
gives the same bytes.

A capsule is the files of a package as they came, one behind the other in one zstd frame, and a head that says what they are,
with their SHA-256. Nothing in it is believed: whoever reads it writes the package anew in the format that carries it and takes
the capsule at its word only where that gives what the carrier says (``move.restoring``).
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, Literal, Protocol, runtime_checkable

import msgspec

from satchel.codec.archives import unsafe_name
from satchel.codec.streams import Unpacked, unzstd
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.limits import Limits
from satchel.model.record import Record

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdCompressor
else:
    from backports.zstd import ZstdCompressor

VERSION = 1
#: Records that say how a package was put together, and nothing of anybody: another package has its own.
_BOOKKEEPING = frozenset({"memory_store", "conversation_index_entry", "agent_memory_artifact"})
_CHUNK_BYTES = 1 << 20
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class PackedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the package: its path in it with forward slashes, its size and SHA-256 (hexadecimal)."""

    path: str
    size_bytes: int
    sha256: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a capsule holds, and how the carrier was made of it.

    ``format`` and ``name``: the standard and the name of the package, one ``file`` or a ``folder``. ``sha256`` and
    ``size_bytes`` are of the frame. ``made``, ``owner`` and ``profile`` say with which time, whose and in which spelling the
    carrier was written.
    """

    version: int = VERSION
    format: str
    form: Literal["file", "folder"]
    name: str
    files: tuple[PackedFile, ...]
    sha256: str
    size_bytes: int
    made: datetime
    owner: str
    profile: str = ""


class Capsule(msgspec.Struct, frozen=True):
    """A capsule that rides, or is to. ``open`` gives the frame from its first byte."""

    head: Head
    open: Callable[[], BinaryIO]


class Element(msgspec.Struct, frozen=True):
    """Something that a package says: a row, a memory, a conversation, an entry.

    ``key`` names it in its package, ``group`` is the word for its kind and ``place`` counts within it. ``digest`` is of what it
    says, ``of`` the uid of the record that it was written from, as it says itself, or "". ``read`` gives its records without
    what rides beside it.
    """

    key: str
    group: str
    place: int
    digest: bytes
    of: str
    read: Callable[[], tuple[Record, ...]]


@runtime_checkable
class Carrier(Protocol):
    """A format whose packages can carry capsules: ``WriteOptions.capsules`` puts them in."""

    def capsules(self, path: Path, *, limits: Limits) -> list[Capsule]:
        """The capsules that ride in the package at ``path``; none where there are none, or what is there is no such thing."""
        ...

    def elements(self, path: Path, *, limits: Limits) -> Iterator[Element]:
        """Everything that the package at ``path`` says, by itself.

        Raises:
            InputError: it cannot be taken.
        """
        ...


@runtime_checkable
class Profiled(Protocol):
    """A format that is written in one of several profiles, which a package shows."""

    def profile_of(self, path: Path, *, limits: Limits) -> str:
        """The profile (``WriteOptions.profile``) of the package at ``path``; "" of what is in several, or in none.

        Raises:
            InputError: it cannot be read.
        """
        ...


@runtime_checkable
class Patches(Protocol):
    """A format whose source objects can be edited in place."""

    def patched(self, kind: str, native: bytes, edited: Sequence[tuple[Record, Record]]) -> bytes | None:
        """The source object of ``kind`` with some of its records edited, all else as it was; None where an edit has no place.

        Args:
            edited: each record as it is read from ``native``, and as it shall be.
        """
        ...


def is_bookkeeping(record: object) -> bool:
    """Whether a record, as JSON, is of a package and not of what it holds. Such are no elements."""
    body = record.get("body") if type(record) is dict else None
    return type(body) is dict and body.get("kind") == "foreign" and body.get("type") in _BOOKKEEPING


def pack(path: Path, sink: IO[bytes], *, format: str, made: datetime, owner: str, profile: str, limits: Limits) -> Head:
    """Put the package at ``path`` into ``sink``. Hidden files and links of a folder are no part of it.

    Raises:
        InputError: it cannot be read.
        LimitExceeded: more files than ``limits.archive_members``.
    """
    is_folder = path.is_dir()
    digest, size, files = hashlib.sha256(), 0, []
    compressor = ZstdCompressor()

    def put(data: bytes) -> None:
        nonlocal size
        digest.update(data)
        size += len(data)
        sink.write(data)

    for name, file in _files(path, limits) if is_folder else [(path.name, path)]:
        own, length = hashlib.sha256(), 0
        try:
            with os.fdopen(os.open(file, _FILE if is_folder else _FILE & ~getattr(os, "O_NOFOLLOW", 0)), "rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    own.update(chunk)
                    length += len(chunk)
                    put(compressor.compress(chunk))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", place=Place(file=name)) from None
        files.append(PackedFile(path=name, size_bytes=length, sha256=own.hexdigest()))
    put(compressor.flush())
    return Head(
        format=format,
        form="folder" if is_folder else "file",
        name=path.name or path.resolve().name,
        files=tuple(files),
        sha256=digest.hexdigest(),
        size_bytes=size,
        made=made,
        owner=owner,
        profile=profile,
    )


def _files(folder: Path, limits: Limits) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            file = Path(above, name)
            path = file.relative_to(folder).as_posix()
            if name.startswith(".") or unsafe_name(path) or not stat.S_ISREG(file.lstat().st_mode):
                continue
            found.append((path, file))
        if len(found) > limits.archive_members:
            raise LimitExceeded(
                f"more than {limits.archive_members:,} files",
                place=Place(file=folder.name),
                hint="--limit archive_members=N raises it",
            )
    return sorted(found)


def unpack(capsule: Capsule, folder: Path, limits: Limits) -> Path:
    """Lay the package out in ``folder``, a new one of ours; where it is then.

    Raises:
        MalformedInput: it is not what its head says.
        LimitExceeded: it is larger than ``limits.archive_bytes`` or ``archive_members``, or unpacks to more than
            ``limits.archive_ratio`` times its size.
    """
    head = capsule.head
    _admit(head, limits)
    target = folder / head.name
    digest = hashlib.sha256()
    with capsule.open() as packed:
        hashed = _Hashing(packed, digest)
        stream = Unpacked(hashed, unzstd, place=Place(file=head.name), limits=limits, many=False)
        try:
            for file in head.files:
                path = target / file.path if head.form == "folder" else target
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _lay(stream, path, file)
        except OSError as error:
            raise MalformedInput(f"it cannot be laid out: {error.strerror}", place=Place(file=head.name)) from None
        if stream.read(1):
            raise MalformedInput("it holds more than its head says", place=Place(file=head.name))
        while hashed.read(_CHUNK_BYTES):
            pass
    if digest.hexdigest() != head.sha256:
        raise MalformedInput("it is not what was packed: the hash differs", place=Place(file=head.name))
    return target


def _lay(stream: Unpacked, path: Path, file: PackedFile) -> None:
    own, left = hashlib.sha256(), file.size_bytes
    with path.open("xb") as sink:
        while left:
            chunk = stream.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise MalformedInput("it ends too early", place=Place(file=file.path))
            own.update(chunk)
            sink.write(chunk)
            left -= len(chunk)
    if own.hexdigest() != file.sha256:
        raise MalformedInput("it is not what was packed: the hash differs", place=Place(file=file.path))


def _admit(head: Head, limits: Limits) -> None:
    place = Place(file="capsule")
    paths = [file.path for file in head.files]
    if head.version != VERSION:
        raise MalformedInput(f"version {head.version} of residue is not known", place=place, hint="use a newer Satchel")
    if unsafe_name(head.name) or "/" in head.name or head.name in (".", ".."):
        raise MalformedInput("its name is none of a file", place=place)
    if head.form == "file" and paths != [head.name]:
        raise MalformedInput("it is one file and names others", place=place)
    if any(map(unsafe_name, paths)) or len({path.casefold() for path in paths}) != len(paths):
        raise MalformedInput("a path in it leads out, or stands twice", place=place)
    total = sum(file.size_bytes for file in head.files)
    if any(file.size_bytes < 0 for file in head.files):
        raise MalformedInput("a file in it has no size", place=place)
    if len(paths) > limits.archive_members or total > limits.archive_bytes:
        raise LimitExceeded("it holds too much", place=place, hint="--limit archive_members=N or archive_bytes=N raises it")
    if total > max(limits.ratio_free_bytes, limits.archive_ratio * head.size_bytes):
        raise LimitExceeded("it unpacks to too much", place=place, hint="--limit archive_ratio=N raises it")


class _Hashing:
    """A stream that hashes what is read from it."""

    def __init__(self, inner: BinaryIO, digest: hashlib._Hash) -> None:
        self._inner = inner
        self._digest = digest

    def read(self, size: int = -1, /) -> bytes:
        data = self._inner.read(size)
        self._digest.update(data)
        return data

    def close(self) -> None:
        self._inner.close()
