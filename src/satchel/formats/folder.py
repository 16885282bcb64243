"""A folder of an export that stands whole or not at all.

It is written beside its target under a name of its own, flushed to the disk and renamed. What stood at the target before is
moved aside first and removed last, and only if it was nothing or an earlier export of the same format. Files are 0600,
folders 0700.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from satchel.errors import OutputError
from satchel.trust.files import sync_folder

#: Whether a folder that is not empty holds an earlier export and nothing else: only such a one is replaced.
IsOurs = Callable[[Path], bool]

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
#: From so many files on they are flushed all at once.
_MANY = 200
_BUFFER_BYTES = 1 << 18


class Files(Protocol):
    """Where the files of an export are written, whatever holds them in the end."""

    def create(self, name: str, /) -> contextlib.AbstractContextManager[BinaryIO]:
        """A new file of the export, written within the block, one at a time; ``name`` is of our own making."""
        ...

    def put(self, name: str, data: bytes, /) -> None:
        """A new file of the export that is at hand as a whole."""
        ...

    def spool(self) -> IO[bytes]:
        """A nameless file for what is written later, written first and then read; it is no part of the export."""
        ...


class Folder:
    """The export being written. Used as a context manager: leaving it without ``commit`` leaves nothing behind."""

    def __init__(self, target: Path, is_ours: IsOurs) -> None:
        """Raises OutputError when ``target`` may not be written."""
        self.target = target
        self._is_ours = is_ours
        self._spools = contextlib.ExitStack()
        self.files = 0
        self.size_bytes = 0
        self._made: set[str] = set()
        self._refuse_unless_ours()
        with told_of(target):
            self.path = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
        self._root = str(self.path)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exception: object) -> None:
        self._spools.close()
        shutil.rmtree(self.path, ignore_errors=True)

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """A new file of the export, written within the block; ``name`` is of our own making."""
        with told_of(self.target):
            with os.fdopen(self._open(name), "wb", buffering=1 << 18) as stream:
                yield stream
                self.size_bytes += stream.tell()
            self.files += 1

    def put(self, name: str, data: bytes) -> None:
        """See ``Files.put``."""
        try:
            descriptor = self._open(name)
            try:
                written = os.write(descriptor, data)
                while written < len(data):
                    written += os.write(descriptor, memoryview(data)[written:])
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _told(self.target, error) from error
        self.size_bytes += len(data)
        self.files += 1

    def _open(self, name: str) -> int:
        # As text: with thousands of files, to take paths apart costs as much as to write them.
        above = name.rpartition("/")[0]
        if above and above not in self._made:
            (self.path / above).mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            self._made.add(above)
        return os.open(f"{self._root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)

    def spool(self) -> IO[bytes]:
        """A nameless file on the same disk for what is written later; it is no part of the export. Leaving closes it."""
        with told_of(self.target):
            return self._spools.enter_context(tempfile.TemporaryFile(dir=self.path))

    def commit(self) -> None:
        """Flush everything and put the export in its place."""
        with told_of(self.target):
            if self.files < _MANY or not _flush_system(self._root):
                for folder, _, names in os.walk(self.path):
                    for name in names:
                        _flush(f"{folder}/{name}")
                    _flush(folder)
        # Looked at again: what has come there since is not ours to remove.
        self._refuse_unless_ours()
        with told_of(self.target):
            aside = None
            if self.target.exists():
                holder = Path(tempfile.mkdtemp(prefix=f".{self.target.name}.", suffix=".old", dir=self.target.parent))
                aside = holder / "export"
                self.target.rename(aside)
            try:
                self.path.rename(self.target)
            except OSError:
                if aside is not None:
                    aside.rename(self.target)
                    aside.parent.rmdir()
                raise
            _flush(self.target.parent)
            if aside is not None:
                shutil.rmtree(aside.parent, ignore_errors=True)

    def _refuse_unless_ours(self) -> None:
        target = self.target
        with told_of(target):
            if not target.name:
                raise OutputError(f"cannot write {target}: it has no name", hint="name a folder")
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                raise OutputError(f"{target} is in the way and is no folder", hint="name another folder")
            if not target.parent.is_dir():
                raise OutputError(f"the folder {target.parent} does not exist", hint="make it first")
            if target.is_dir() and _has_entries(target) and not self._is_ours(target):
                raise OutputError(
                    f"{target} is not empty and is no earlier export of Satchel", hint="name a new or an empty folder"
                )


def _flush_system(folder: str) -> bool:
    """Flush the file system that a folder is on, which with many files costs a fraction of flushing each; False where the
    system has no such call (syncfs(2), Linux)."""
    import ctypes

    if not sys.platform.startswith("linux") or (syncfs := getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)) is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)
    return True


def _flush(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def told_of(target: Path) -> Iterator[None]:
    """Turns what the system says into an OutputError that names the target."""
    try:
        yield
    except OSError as error:
        raise _told(target, error) from error


def _told(target: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {target}: {error.strerror or error}")


def _has_entries(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(True for _ in entries)


def put(target: Path, write: Callable[[BinaryIO], None], check: Callable[[], None], *, mode: int = _FILE_MODE) -> int:
    """Write a file beside ``target`` and rename it; its size. ``check`` looks at the target again before, for what has come
    there meanwhile is not ours to remove. Raises OutputError."""
    with told_of(target):
        beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES) as stream:
                write(stream)
                stream.flush()
                size = stream.tell()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            check()
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        return size
