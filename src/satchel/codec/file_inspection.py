"""Files and folders searched for fragments: databases by their pages, everything else from the first byte to the last.

Nothing is written, no link is followed and no database is opened: what is read are the files' own bytes.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from satchel.codec.inspection import CHUNK_BYTES, Inspection
from satchel.codec.matching import Matcher
from satchel.codec.page_inspection import Page, inspect_pages
from satchel.codec.sqlite_pages import HEADER, Frame, Shape, frames, shape_of
from satchel.errors import InputError, UsageError
from satchel.limits import DEFAULT, Limits
from satchel.model.residue import Finds

#: Opens an encrypted page: its number and its bytes; None when the key does not fit.
OpenPage = Callable[[int, bytes], bytes | None]
Progress = Callable[[int], None]


def files_in(root: Path) -> list[Path]:
    """Every file below ``root``, or it alone. Links are among them, and folders that cannot be read, as themselves.

    Raises:
        UsageError: nothing is there.
    """
    if not root.exists():
        raise UsageError(f"there is nothing at {root}")
    if not root.is_dir():
        return [root]
    refused: list[OSError] = []
    found: list[Path] = []
    for folder, names, files in os.walk(root, onerror=refused.append):
        found += [Path(folder, name) for name in files]
        found += [Path(folder, name) for name in names if Path(folder, name).is_symlink()]
    return sorted([*found, *(Path(str(error.filename)) for error in refused)])


def size_of(path: Path) -> int:
    """The size of a file; 0 of what is none."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def inspect_file(
    path: Path,
    name: str,
    matcher: Matcher,
    *,
    open_page: OpenPage | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> Finds:
    """Search one file.

    Args:
        name: what a report calls it.
        open_page: the file is a database, or the log of one, whose pages this opens.
        progress: is told of bytes as they are read.
    """
    finds = Finds(name, 0)
    try:
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            finds.lacks("a folder that cannot be opened")
            return finds
        if not stat.S_ISREG(status.st_mode):
            finds.lacks("a link, which is not followed" if stat.S_ISLNK(status.st_mode) else "no file, but a device or a pipe")
            return finds
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            finds.size_bytes = os.fstat(descriptor).st_size
            _inspect(file, path, finds, matcher, open_page, progress or (lambda _count: None), limits)
    except OSError as error:
        finds.lacks(f"cannot be read: {error.strerror}")
    return finds


def _inspect(
    file: BinaryIO,
    path: Path,
    finds: Finds,
    matcher: Matcher,
    open_page: OpenPage | None,
    progress: Progress,
    limits: Limits,
) -> None:
    head = _read_at(file, 0, 32)
    shape = shape_of(head) if open_page or head.startswith(HEADER) else None
    if shape is not None:
        finds.unit = "page"
        database = _Database(file, shape, finds, open_page)
        pages = _counted(database.pages(), shape.page_bytes, progress)
        inspect_pages(pages, shape, database.count, matcher, found=finds.found, unreadable=finds.lacks, limits=limits)
        rest = finds.size_bytes - database.count * shape.page_bytes
        if rest:
            _stream(file, database.count * shape.page_bytes, finds, matcher, progress, limits)
        return
    log = frames(partial(_read_at, file), finds.size_bytes)
    if log is not None:
        finds.unit = "page"
        logged = _Log(file, path, log[0], [frame for frame in log[1] if frame.number], finds, open_page)
        pages = _counted(logged.pages(), log[0].page_bytes, progress)
        inspect_pages(pages, logged.shape, 1 << 32, matcher, found=finds.found, unreadable=finds.lacks, limits=limits)
        return
    _stream(file, 0, finds, matcher, progress, limits)


def _stream(file: BinaryIO, start: int, finds: Finds, matcher: Matcher, progress: Progress, limits: Limits) -> None:
    inspection = Inspection(matcher, finds.found, finds.lacks, limits=limits)
    file.seek(start)
    while chunk := file.read(CHUNK_BYTES):
        inspection.feed(chunk)
        progress(len(chunk))
    inspection.close()


def _counted(pages: Iterator[Page], size: int, progress: Progress) -> Iterator[Page]:
    for page in pages:
        progress(size)
        yield page


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    return os.pread(file.fileno(), size, offset) if hasattr(os, "pread") else _sought(file, offset, size)


def _sought(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


class _Database:
    """The pages of a database file, opened where they are encrypted."""

    def __init__(self, file: BinaryIO, shape: Shape, finds: Finds, open_page: OpenPage | None) -> None:
        self._file = file
        self._shape = shape
        self._finds = finds
        self._open = open_page
        self.count = finds.size_bytes // shape.page_bytes

    def pages(self) -> Iterator[Page]:
        for number in range(1, self.count + 1):
            data = self.get(number)
            if data is None:
                self._finds.lacks("a page that the key does not open", number)
                # What somebody wrote there in the clear is searched all the same.
                data = self._raw(number)
            yield Page(number, number, data, self.get)

    def get(self, number: int) -> bytes | None:
        """The page without its reserved bytes; None when it does not open."""
        raw = self._raw(number)
        if self._open is None:
            return raw[: self._shape.usable_bytes]
        if raw.count(0) == len(raw):
            return b""
        # Another process may be writing it: what was read half is read again.
        return self._open(number, raw) or self._open(number, self._raw(number))

    def _raw(self, number: int) -> bytes:
        size = self._shape.page_bytes
        return _read_at(self._file, (number - 1) * size, size)


class _Log:
    """The pages of a write-ahead log, stale ones as well. What a page of it goes on in is the last state that its transaction
    or one before it wrote, or the database's page."""

    def __init__(
        self, file: BinaryIO, path: Path, shape: Shape, found: list[Frame], finds: Finds, open_page: OpenPage | None
    ) -> None:
        self._file = file
        self._finds = finds
        self._open = open_page
        self._frames = found
        self._path = path.with_name(path.name.removesuffix("-wal"))
        beside = shape_of(_head_of(self._path))
        self.shape = beside if beside and beside.page_bytes == shape.page_bytes else shape
        #: Of each page, the frames that hold it, in order; of each frame, where its transaction ends.
        self._holding: dict[int, list[int]] = {}
        self._ends: list[int] = []
        for at, frame in enumerate(found):
            self._holding.setdefault(frame.number, []).append(at)
            if frame.commits or at == len(found) - 1:
                self._ends += [at] * (at + 1 - len(self._ends))

    def pages(self) -> Iterator[Page]:
        for at, frame in enumerate(self._frames):
            raw = _read_at(self._file, frame.at, self.shape.page_bytes)
            data = self._opened(frame.number, raw)
            if data is None:
                self._finds.lacks("a page that the key does not open", frame.number)
            yield Page(frame.number, frame.number, raw if data is None else data, partial(self._get, self._ends[at]))

    def _get(self, end: int, number: int) -> bytes | None:
        """The page of that number as it was when the transaction that ends there was written."""
        held = self._holding.get(number, [])
        before = bisect_right(held, end)
        if before:
            raw = _read_at(self._file, self._frames[held[before - 1]].at, self.shape.page_bytes)
            return self._opened(number, raw)
        try:
            with self._path.open("rb") as database:
                raw = _sought(database, (number - 1) * self.shape.page_bytes, self.shape.page_bytes)
        except OSError:
            return None
        return self._opened(number, raw) if len(raw) == self.shape.page_bytes else None

    def _opened(self, number: int, raw: bytes) -> bytes | None:
        return raw[: self.shape.usable_bytes] if self._open is None else self._open(number, raw)


def _head_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(32)
    except OSError:
        return b""


def read_texts(path: Path, limits: Limits = DEFAULT) -> list[str]:
    """The lines of a text file that says what to look for.

    Raises:
        InputError: it cannot be read, or is no UTF-8.
        UsageError: nothing in it is long enough to be told from chance.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.document_bytes + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > limits.document_bytes:
        raise InputError(f"{path} is larger than {limits.document_bytes:,} bytes", hint="--limit document_bytes=N raises it")
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8") from error
    texts = [line.strip() for line in lines if line.strip()]
    if not texts:
        raise UsageError(f"{path} holds no text")
    return texts
