"""What an input is made of: members with a name, a size and a stream of uncompressed bytes.

A member hides where its bytes lie: a file, a file in a folder, a zip member, a zip in a zip, a gzip or zstd file, a pipe. Its
``name`` is for people and findings; its ``path`` is the name inside its container, with forward slashes, checked to be safe,
and used only to tell files apart and to resolve references: never to write.

Files are taken for what their first bytes say. An encrypted file is what it holds, where there is a key; it stays encrypted on
the disk while it is read. Inside a folder or a zip a name must agree (``.zip``, ``.gz``, ``.zst``, ``.age``): a
document or a tarball that a person attached to a chat is a file of its own, and stays one. So is an office document wherever it
lies, though it is a zip.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

import msgspec

from satchel.codec.archives import CONTENT_TYPES, ZIP_MAGIC, Budget, Report, is_litter, open_zip
from satchel.codec.streams import Cursor, Meter, Metered, Readable, Region, Unpacked, buffered, nameless, spool, unpacker
from satchel.errors import InputError, LimitExceeded, Place, UsageError
from satchel.limits import DEFAULT, MIB, Limits
from satchel.model.findings import Finding

#: What a pipe can be read again from its start; more than any probe looks at.
_PIPE_HEAD_BYTES = 8 * MIB
_SUFFIXES = (".gz", ".zst")
_SEALED_SUFFIX = ".age"
_SEALED_MAGIC = b"age-"
#: Gives what an encrypted file holds, which seeks; None for a file that is not encrypted. Raises InputError.
Unseal = Callable[[BinaryIO, str], BinaryIO | None]


class Member(Protocol):
    """One file of an input."""

    @property
    def name(self) -> str:
        """The place as people see it: ``export.zip/conversations.json``."""
        ...

    @property
    def path(self) -> str:
        """The name inside the container: ``conversations.json``."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """Uncompressed size, as declared; None where only reading tells."""
        ...

    def open(self) -> BinaryIO:
        """A new stream from the first byte. Raises InputError classes only, also while reading."""
        ...


def read_document(member: Member, limits: Limits = DEFAULT) -> bytes:
    """All of a member that is not streamed, without a byte order mark.

    Raises:
        LimitExceeded: larger than ``limits.document_bytes``.
        InputError: as the member's stream.
    """
    with member.open() as stream:
        data = stream.read(limits.document_bytes + 1)
    if len(data) > limits.document_bytes:
        raise LimitExceeded(
            f"the file is larger than {limits.document_bytes:,} bytes",
            place=Place(file=member.name),
            hint="--limit document_bytes=N raises it",
        )
    return data.removeprefix(b"\xef\xbb\xbf")


class BytesMember(msgspec.Struct, frozen=True):
    """A member whose bytes are at hand: for tests, pasted text and small decoded parts."""

    path: str
    data: bytes
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            msgspec.structs.force_setattr(self, "name", self.path)

    @property
    def size_bytes(self) -> int | None:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


class Source:
    """An opened input. Streams of its members must not be read after ``close``.

    ``members`` are the files to read, ``archives`` the nested archives whose members are among them (someone may look for one
    whole: an attachment), ``findings`` what was refused or skipped on the way.
    """

    def __init__(
        self,
        members: Sequence[_Part],
        archives: Sequence[Member],
        findings: Sequence[Finding],
        meter: Meter,
        stack: contextlib.ExitStack,
    ) -> None:
        self.members: tuple[Member, ...] = tuple(members)
        self.archives: tuple[Member, ...] = tuple(archives)
        self.findings: tuple[Finding, ...] = tuple(findings)
        sizes = [member.progress_bytes for member in members]
        #: What ``on_read`` will have counted when every member was read once; None when a pipe is among them.
        self.total_bytes: int | None = None if None in sizes else sum(size or 0 for size in sizes)
        self._meter = meter
        self._stack = stack

    @classmethod
    def nothing(cls) -> Source:
        """An input without any file."""
        return cls((), (), (), Meter(None), contextlib.ExitStack())

    def count_reads(self) -> None:
        """Tell ``on_read`` of what is read from now on: called when looking is over and reading begins."""
        self._meter.counting = True

    def close(self) -> None:
        """Close what is open; unpacked copies of nested archives are gone with it."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_source(
    paths: Sequence[Path],
    *,
    limits: Limits = DEFAULT,
    on_read: Callable[[int], None] | None = None,
    unseal: Unseal | None = None,
    scratch: Callable[[], BinaryIO] = nameless,
) -> Source:
    """What lies at ``paths``: plain and compressed files, zips, folders, pipes, and ``-`` for standard input.

    Nothing is written by a name from inside. A nested archive that is compressed is copied into memory or a nameless
    temporary file (see ``archives.open_zip``), and so is a zip that comes through a pipe.

    Args:
        on_read: gets counts of bytes as streams of members are read, after ``Source.count_reads``: uncompressed bytes for
            plain files and zip members, compressed ones for gzip and zstd files, whose real size nobody knows before.
        unseal: opens what is encrypted; None leaves it as it is.
        scratch: gives a file for what must be unpacked of such an archive.

    Raises:
        UsageError: no paths, or nothing is there.
        InputError: a path that cannot be read, or a zip in a pipe that is past the limits. What is wrong inside a container
            is a finding.
    """
    if not paths:
        raise UsageError("nothing to read was given")
    with contextlib.ExitStack() as stack:
        opening = _Opening(limits, Meter(on_read), stack, unseal, scratch)
        for path in paths:
            opening.add(path)
        return Source(opening.members, opening.archives, opening.findings, opening.meter, stack.pop_all())


class _Part(Member, Protocol):
    @property
    def progress_bytes(self) -> int | None:
        """What the member's stream will count while it is read."""
        ...


class _ByteMember:
    """A file, what an encrypted one holds, or a pipe that was copied; decompressed while it is read when ``start`` says how."""

    def __init__(
        self,
        opened: Callable[[], Readable],
        size_bytes: int,
        *,
        path: str,
        name: str,
        limits: Limits,
        meter: Meter,
        start: Callable[[], Any] | None,
    ) -> None:
        self.path = path
        self.name = name
        self.progress_bytes: int | None = size_bytes
        self._opened = opened
        self._limits = limits
        self._meter = meter
        self._start = start

    @property
    def size_bytes(self) -> int | None:
        return None if self._start else self.progress_bytes

    def open(self) -> BinaryIO:
        """A new stream. Raises InputError, MalformedInput and LimitExceeded, also while reading."""
        try:
            inner = self._opened()
        except OSError as error:
            raise _unreadable(error, self.name) from None
        return _stream(inner, self.name, self._limits, self._meter, self._start)


def _raw(file: Path) -> Readable:
    return file.open("rb", buffering=0)


def _stream(inner: Readable, name: str, limits: Limits, meter: Meter, start: Callable[[], Any] | None) -> BinaryIO:
    place = Place(file=name)
    counted = Metered(inner, meter, place)
    return buffered(Unpacked(counted, start, place=place, limits=limits) if start else counted)


def _unreadable(error: OSError, name: str) -> InputError:
    return InputError(f"cannot be read: {error.strerror or 'input/output error'}", place=Place(file=name))


class _Pipe:
    """A stream that comes once. Its head is kept, so that looking at it and then reading it both begin at the first byte."""

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self.name = name
        self._raw = raw
        self._taken = 0
        self._head: bytearray | None = bytearray()

    def read_at(self, offset: int, size: int) -> bytes:
        if self._head is not None and offset < len(self._head):
            return bytes(self._head[offset : offset + size])
        if offset != self._taken:
            raise InputError(
                "a pipe can be read only once", place=Place(file=self.name), hint="save it to a file and read that"
            )
        chunk = self._raw.read(size)
        self._taken += len(chunk)
        if self._head is not None:
            self._head += chunk
            if self._taken > _PIPE_HEAD_BYTES:
                self._head = None
        return chunk


class _PipeCursor:
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._at = 0

    def read(self, size: int, /) -> bytes:
        chunk = self._pipe.read_at(self._at, size)
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        """The pipe stays open: it may be read from its start again."""


class _PipeMember:
    size_bytes: int | None = None
    progress_bytes: int | None = None

    def __init__(self, pipe: _Pipe, *, limits: Limits, meter: Meter, start: Callable[[], Any] | None) -> None:
        self.path = pipe.name
        self.name = pipe.name
        self._pipe = pipe
        self._limits = limits
        self._meter = meter
        self._start = start

    def open(self) -> BinaryIO:
        """A stream from the first byte, so long as no stream went past the kept head; InputError after that."""
        return _stream(_PipeCursor(self._pipe), self.name, self._limits, self._meter, self._start)


class _Opening:
    """Collects what lies at the given paths."""

    def __init__(
        self,
        limits: Limits,
        meter: Meter,
        stack: contextlib.ExitStack,
        unseal: Unseal | None,
        scratch: Callable[[], BinaryIO],
    ) -> None:
        self.limits = limits
        self.meter = meter
        self.stack = stack
        self.unseal = unseal
        self.scratch = scratch
        self.members: list[_Part] = []
        self.archives: list[Member] = []
        self.findings: list[Finding] = []
        #: The names that were given to paths.
        self._names: set[str] = set()

    def add(self, path: Path) -> None:
        if str(path) == "-":
            self._add_pipe(sys.stdin.buffer, "standard input")
            return
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            raise UsageError(f"there is no file or folder {str(path)!r}") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{str(path)!r} cannot be read: {getattr(error, 'strerror', error)}") from None
        called = _text(path.name if path.name not in ("", "..") else path.resolve().name or "/")
        name = self._name(called)
        try:
            if stat.S_ISDIR(mode):
                self._add_folder(path, name)
            elif stat.S_ISREG(mode):
                self._add_file(path, called, name, Budget(self.limits), contained=False)
            else:
                self._add_pipe(self.stack.enter_context(path.open("rb")), name)
        except OSError as error:
            raise _unreadable(error, name) from None

    def _name(self, called: str) -> str:
        """A name for what was given, of which others may be called the same; where it lies is nobody's business."""
        name, number = called, len(self._names) + 1
        while name in self._names:
            name = f"input {number}/{called}"
            number += 1
        self._names.add(name)
        return name

    def _add_pipe(self, raw: BinaryIO, name: str) -> None:
        pipe = _Pipe(raw, name)
        magic = pipe.read_at(0, 4)
        if magic == _SEALED_MAGIC and self.unseal is not None:
            with _PipeMember(pipe, limits=self.limits, meter=self.meter, start=None).open() as stream:
                copy = spool(stream, self.stack, self.limits.archive_bytes)
            copy.seek(0)
            self._add_unsealed(Region.of(self.unseal(copy, name) or copy), name, name, Budget(self.limits))
            return
        if magic in ZIP_MAGIC:
            member = _PipeMember(pipe, limits=self.limits, meter=self.meter, start=None)
            with member.open() as stream:
                copy = spool(stream, self.stack, self.limits.archive_bytes)
            self._add_zip(Region.of(copy), name, Budget(self.limits))
        else:
            self.members.append(_PipeMember(pipe, limits=self.limits, meter=self.meter, start=unpacker(magic)))

    def _add_zip(self, region: Region, name: str, budget: Budget, make: Callable[[], BinaryIO] = nameless) -> None:
        contents = open_zip(region, name=name, budget=budget, meter=self.meter, stack=self.stack, make=make)
        if any(member.path == CONTENT_TYPES for member in contents.members):
            self.members.append(
                _ByteMember(
                    partial(Cursor, region),
                    region.size,
                    path=name[: -len(_SEALED_SUFFIX)] if name.lower().endswith(_SEALED_SUFFIX) else name,
                    name=name,
                    limits=self.limits,
                    meter=self.meter,
                    start=None,
                )
            )
            return
        self.members += contents.members
        self.archives += contents.archives
        self.findings += contents.findings

    def _add_file(self, file: Path, path: str, name: str, budget: Budget, *, contained: bool) -> None:
        opened = file.open("rb")
        with contextlib.ExitStack() as stack:
            stack.enter_context(opened)
            suffix = Path(path).suffix.lower()
            unsealed = self._unsealed(opened, name, contained) if not contained or suffix == _SEALED_SUFFIX else None
            if unsealed is not None:
                self.stack.enter_context(opened)
                stack.pop_all()
                self._add_unsealed(Region.of(unsealed), path, name, budget)
                return
            opened.seek(0)
            magic = opened.read(4)
            if magic in ZIP_MAGIC and (not contained or suffix == ".zip"):
                self.stack.enter_context(opened)
                stack.pop_all()
                self._add_zip(Region.of(opened), name, budget)
                return
            size = os.fstat(opened.fileno()).st_size
        named = suffix in _SUFFIXES and not Path(path).stem.lower().endswith(".tar")
        start = unpacker(magic) if named or not contained else None
        self.members.append(
            _ByteMember(
                partial(_raw, file),
                size,
                path=path[: -len(suffix)] if start and suffix in _SUFFIXES else path,
                name=name,
                limits=self.limits,
                meter=self.meter,
                start=start,
            )
        )

    def _unsealed(self, file: BinaryIO, name: str, contained: bool) -> BinaryIO | None:
        """What the file holds when it is encrypted and can be opened. Inside a folder it is somebody's file otherwise."""
        try:
            return self.unseal(file, name) if self.unseal is not None else None
        except InputError as error:
            if not contained:
                raise
            text = f"{error.message} ({error.hint})" if error.hint else error.message
            self.findings.append(Finding(error.code, "warning", text, Place(file=name), "skipped"))
            return None

    def _add_unsealed(self, region: Region, path: str, name: str, budget: Budget) -> None:
        magic = region.read_at(0, 4)
        if magic in ZIP_MAGIC:
            self._add_zip(region, name, budget, self.scratch)
            return
        start = unpacker(magic)
        inner = path[: -len(_SEALED_SUFFIX)] if path.lower().endswith(_SEALED_SUFFIX) else path
        suffix = Path(inner).suffix.lower()
        self.members.append(
            _ByteMember(
                partial(Cursor, region),
                region.size,
                path=inner[: -len(suffix)] if start and suffix in _SUFFIXES else inner,
                name=name,
                limits=self.limits,
                meter=self.meter,
                start=start,
            )
        )

    def _add_folder(self, folder: Path, name: str) -> None:
        report = Report(name)
        budget = Budget(self.limits)
        for file, path in self._walk(folder, "", 0, report):
            if budget.members <= 0:
                text = f"more than {self.limits.archive_members:,} files (--limit archive_members=N raises it)"
                report.add(LimitExceeded.code, text)
                break
            budget.members -= 1
            try:
                self._add_file(file, path, f"{name}/{path}", budget, contained=True)
            except OSError as error:
                report.add(InputError.code, f"cannot be read: {error.strerror}", path)
        self.findings += report.findings()

    def _walk(self, folder: Path, path: str, depth: int, report: Report) -> Iterator[tuple[Path, str]]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            report.add(InputError.code, f"cannot be read: {error.strerror}", path)
            return
        for entry in found:
            if is_litter(entry.name):
                continue
            inner = f"{path}/{_text(entry.name)}" if path else _text(entry.name)
            if entry.is_symlink():
                report.add("symlink", "links are not followed; give what it points to by its own path", inner, "warning")
            elif entry.is_dir(follow_symlinks=False):
                if depth < self.limits.folder_depth:
                    yield from self._walk(Path(entry.path), inner, depth + 1, report)
                else:
                    text = f"more than {self.limits.folder_depth} folders deep (--limit folder_depth=N raises it)"
                    report.add("folder-depth", text, inner, "warning")
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path), inner
            else:
                report.add("not-a-file", "not a file: a pipe, socket or device", inner, "warning")


def _text(name: str) -> str:
    """A file name as text, also one that is no UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")
