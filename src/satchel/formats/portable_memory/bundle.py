"""A bundle folder that nobody trusts: every file is reached step by step from the folder's own descriptor.

No link is followed on the way, only regular files are opened, and a FIFO does not block (dossier 10.2 S2–S5, 10.6 no. 2). Each
file is opened once: what was hashed is what was read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from satchel.errors import InputError, LimitExceeded, Place, UnsafeArchive
from satchel.limits import Limits

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
CHECKSUMS = "CHECKSUMS"
TOMBSTONES = "audit/tombstones.jsonl"
AUDIT_LOG = "audit/log.jsonl"
PROVENANCE = "provenance/edges.jsonl"
EMBEDDINGS = "embeddings/"
#: Of ours, in an increment: what tombstones erased besides what they name.
REACHED = "audit/reached.jsonl"

_UNSAFE = re.compile(r"[\\:\x00-\x1f\x7f]")
_FOREIGN = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}", re.ASCII)
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))})
_LITTER = re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|\.localized")
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINK | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Entry(NamedTuple):
    """Something in the bundle: its path with forward slashes, and whether it is a regular file."""

    path: str
    is_file: bool


def is_safe(path: str) -> bool:
    """Whether a listed path stays inside the bundle (dossier 6.4, "Path safety"; empty components are refused too)."""
    return (
        bool(path)
        and path[0] not in "/~"
        and not _UNSAFE.search(path)
        and all(name not in ("", ".", "..") for name in path.split("/"))
    )


def is_litter(path: str) -> bool:
    """Whether an operating system left the file there."""
    return _LITTER.fullmatch(path.rsplit("/", 1)[-1]) is not None


def is_stream(path: str) -> bool:
    """Whether a listed file holds the rows of a kind, a native one or a vendor's."""
    return path.startswith("items/") and path.count("/") == 1 and path.endswith(".jsonl")


def kind_of(path: str) -> str:
    """The kind whose rows a stream holds."""
    return path.rpartition("/")[2].removesuffix(".jsonl")


def foreign_name(name: str, native: frozenset[str]) -> bool:
    """Whether ``name`` may be a vendor's kind: a plain file name on every system, and nobody else's (dossier 10.6 no. 6)."""
    low = name.lower()
    return (
        _FOREIGN.fullmatch(name) is not None
        and low not in native
        and low not in ("tombstone", "audit")
        and low.split(".")[0] not in _DEVICES
        and not name.endswith(".")
    )


class Bundle:
    """An opened bundle folder."""

    def __init__(self, path: Path, limits: Limits) -> None:
        """Raises InputError when there is no such folder."""
        self.path = path
        self.name = path.name
        self._limits = limits
        try:
            # The folder itself may be reached by a link: the person named it.
            self._root = os.open(path, _FOLDER & ~_NO_LINK)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {getattr(error, 'strerror', error)}", place=Place(file=path.name)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._root)

    def open(self, path: str) -> BinaryIO:
        """The file at ``path``, open for reading.

        Raises:
            UnsafeArchive: the path leads out, or what stands there is a link or no regular file.
            LimitExceeded: it is larger than ``limits.member_bytes``.
            InputError: it is not there, or cannot be read.
        """
        place = Place(file=path)
        if not is_safe(path):
            raise UnsafeArchive("the path leads out of the bundle", place=place)
        try:
            descriptor = self._open(path.split("/"))
        except FileNotFoundError:
            raise InputError("the file is missing", place=place) from None
        except OSError as error:
            # ELOOP and ENOTDIR are a link's errors here, ENXIO a socket's.
            raise UnsafeArchive(f"is a link or no regular file ({error.strerror})", place=place) from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise UnsafeArchive("is no regular file", place=place)
        if status.st_size > self._limits.member_bytes:
            os.close(descriptor)
            raise LimitExceeded(
                f"the file is larger than {self._limits.member_bytes:,} bytes",
                place=place,
                hint="--limit member_bytes=N raises it",
            )
        return os.fdopen(descriptor, "rb", buffering=0)

    def read(self, path: str) -> bytes:
        """All of a small file. Raises as ``open``, and LimitExceeded past ``limits.document_bytes``."""
        with self.open(path) as stream:
            most = self._limits.document_bytes
            data = b""
            while chunk := stream.read(most + 1 - len(data)):
                data += chunk
        if len(data) > most:
            raise LimitExceeded(
                f"the file is larger than {most:,} bytes", place=Place(file=path), hint="--limit document_bytes=N raises it"
            )
        return data

    def entries(self) -> Iterator[Entry]:
        """Everything below the folder but the folders, in no order.

        Raises:
            LimitExceeded: more than ``limits.archive_members``, or deeper than ``limits.folder_depth``.
        """
        left = self._limits.archive_members
        pending: list[tuple[str, ...]] = [()]
        while pending:
            steps = pending.pop()
            for name, is_folder, is_file in self._listed(steps):
                path = "/".join((*steps, name))
                left -= 1
                if left < 0 or len(steps) >= self._limits.folder_depth:
                    raise LimitExceeded(
                        "the bundle has too many files or folders",
                        place=Place(file=self.name),
                        hint="--limit archive_members=N or folder_depth=N raises it",
                    )
                if is_folder:
                    pending.append((*steps, name))
                else:
                    yield Entry(path, is_file)

    def _listed(self, steps: tuple[str, ...]) -> list[tuple[str, bool, bool]]:
        try:
            if not _BY_DESCRIPTOR:
                with os.scandir(self.path.joinpath(*steps)) as found:
                    return [_seen(entry) for entry in found]
            descriptor = self._folder(steps)
            try:
                with os.scandir(descriptor) as found:
                    return [_seen(entry) for entry in found]
            finally:
                os.close(descriptor)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", place=Place(file="/".join(steps) or self.name)) from None

    def _open(self, steps: list[str]) -> int:
        if not _BY_DESCRIPTOR:
            path = self.path
            for name in steps:
                path = path / name
                if path.is_symlink():
                    raise OSError(None, "a link")
            return os.open(path, _FILE)
        folder = self._folder(tuple(steps[:-1]))
        try:
            return os.open(steps[-1], _FILE, dir_fd=folder)
        finally:
            os.close(folder)

    def _folder(self, steps: tuple[str, ...]) -> int:
        current = os.dup(self._root)
        for name in steps:
            try:
                following = os.open(name, _FOLDER, dir_fd=current)
            finally:
                os.close(current)
            current = following
        return current


def _seen(entry: os.DirEntry[str]) -> tuple[str, bool, bool]:
    return entry.name, entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)
