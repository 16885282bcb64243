"""A package as it is given: a memory store alone, a folder, or a zip of one; file and zip also encrypted, as an age file.
Nothing is unpacked by name.

An encrypted one is read where it lies, by chunks: it is authenticated to its end before anything in it is looked at, and what
must be unpacked goes into a nameless file that is encrypted itself.

Whatever holds it, the package's files are known by their path inside it, with forward slashes. No link is followed, only
regular files are opened, and a FIFO does not block (dossier 6.3, 11.3).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast

from satchel.codec.archives import ZIP_MAGIC, Budget, ZipMember, is_litter, open_zip
from satchel.codec.probe import HEAD_BYTES, probe_bytes
from satchel.codec.streams import Cursor, Meter, Region, buffered, nameless, spool
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place, UnsafeArchive
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import File, inside
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.trust.age import NOBODY, Identities, begins_age
from satchel.trust.age_stream import Scratch

_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Package(Protocol):
    """An opened package."""

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> File:
        """The memory-store.json; its streams can seek."""
        ...

    @property
    def is_alone(self) -> bool:
        """Whether the store was given without the files that may lie beside it."""
        ...

    @property
    def findings(self) -> list[Finding]:
        """What was refused on the way."""
        ...

    def file(self, ref: str) -> File | None:
        """The regular file at a path inside the package; None when there is none or the path leads out."""
        ...

    def paths(self) -> list[str]:
        """The paths of all files, sorted."""
        ...


class _OnDisk:
    """A file of a folder, opened so that neither a link nor a FIFO that has come in its place is."""

    def __init__(self, path: Path, name: str, limits: Limits, *, follow: bool = False) -> None:
        self.name = name
        self._path = path
        self._limits = limits
        self._flags = _FILE & ~getattr(os, "O_NOFOLLOW", 0) if follow else _FILE

    def open(self, _mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Raises UnsafeArchive, LimitExceeded, InputError."""
        place = Place(file=self.name)
        try:
            descriptor = os.open(self._path, self._flags)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {getattr(error, 'strerror', error)}", place=place) from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > self._limits.member_bytes:
            os.close(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UnsafeArchive("is no regular file", place=place)
            raise LimitExceeded(
                f"larger than {self._limits.member_bytes:,} bytes", place=place, hint="--limit member_bytes=N raises it"
            )
        return os.fdopen(descriptor, "rb")


class _Folder:
    is_alone = False

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.name = folder.name or folder.resolve().name
        self.findings: list[Finding] = []
        self._folder = folder
        self._limits = limits
        found = self.file(terms.STORE_FILE)
        if found is None:
            raise InputError(f"has no {terms.STORE_FILE}", place=Place(file=self.name))
        self.store: File = found

    def file(self, ref: str) -> File | None:
        path = inside(self._folder, ref)
        return None if path is None else _OnDisk(path, ref, self._limits)

    def paths(self) -> list[str]:
        """Raises LimitExceeded past ``archive_members`` or ``folder_depth``; InputError for what cannot be listed."""
        found: list[str] = []
        pending = [""]
        while pending:
            above = pending.pop()
            try:
                with os.scandir(self._folder / above) as entries:
                    for entry in entries:
                        path = f"{above}{entry.name}"
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(f"{path}/")
                        elif entry.is_file(follow_symlinks=False):
                            found.append(path)
                        else:
                            text = "a link or no regular file: it was not looked at"
                            self.findings.append(Finding("not-a-file", "warning", text, Place(file=self.name), "skipped"))
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror}", place=Place(file=self.name)) from None
            if len(found) + len(pending) > self._limits.archive_members or above.count("/") > self._limits.folder_depth:
                raise LimitExceeded(
                    "the package has too many files or folders",
                    place=Place(file=self.name),
                    hint="--limit archive_members=N or folder_depth=N raises it",
                )
        return sorted(found)


class _Alone:
    is_alone = True

    def __init__(self, store: File) -> None:
        self.name = store.name
        self.findings: list[Finding] = []
        self.store = store

    def file(self, ref: str) -> File | None:  # noqa: ARG002
        return None

    def paths(self) -> list[str]:
        return []


class _Unsealed:
    """What an age file holds, when that is a single file."""

    def __init__(self, region: Region, name: str) -> None:
        self.name = name
        self._region = region

    def open(self, _mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Raises InputError classes, also while reading."""
        return buffered(Cursor(self._region))


class _Packed:
    """A member of a zip, unpacked while it is read."""

    def __init__(self, member: ZipMember, name: str) -> None:
        self.name = name
        self._member = member

    def open(self, _mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Raises InputError classes, also while reading."""
        return self._member.open()


class _Spooled:
    """A member of a zip whose streams seek: unpacked once, into a file that ``make`` gives."""

    def __init__(
        self, member: ZipMember, name: str, stack: contextlib.ExitStack, limits: Limits, make: Callable[[], BinaryIO]
    ) -> None:
        self.name = name
        self._member = member
        self._stack = stack
        self._limits = limits
        self._make = make
        self._region: Region | None = None

    def open(self, _mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Raises InputError classes."""
        if self._region is None:
            try:
                with self._member.open() as stream:
                    self._region = Region.of(spool(stream, self._stack, self._limits.archive_bytes, self._make))
            except OSError as error:
                raise InputError(f"cannot be unpacked: {error.strerror}", place=Place(file=self.name)) from None
        return buffered(Cursor(self._region))


class _Zip:
    is_alone = False

    def __init__(
        self, region: Region, name: str, stack: contextlib.ExitStack, limits: Limits, make: Callable[[], BinaryIO] = nameless
    ) -> None:
        self.name = name
        members, self.findings = _members(region, name, stack, limits)
        stores = [name for name in members if name.rpartition("/")[2] == terms.STORE_FILE]
        if len(stores) != 1:
            many = "has no" if not stores else f"has {len(stores)} files called"
            raise InputError(f"{many} {terms.STORE_FILE}", place=Place(file=self.name), hint="unpack it and name the folder")
        #: Where in the zip the store is.
        self.member = stores[0]
        root = self.member.removesuffix(terms.STORE_FILE)
        self._members = {name.removeprefix(root): member for name, member in members.items() if name.startswith(root)}
        self.store: File = _Spooled(members[self.member], terms.STORE_FILE, stack, limits, make)

    def file(self, ref: str) -> File | None:
        names = [name for name in ref.split("/") if name not in ("", ".")]
        member = None if ref.startswith("/") else self._members.get("/".join(names))
        return None if member is None else _Packed(member, ref)

    def paths(self) -> list[str]:
        return sorted(self._members)


def _members(
    region: Region, name: str, stack: contextlib.ExitStack, limits: Limits
) -> tuple[dict[str, ZipMember], list[Finding]]:
    # A zip inside the package is somebody's attachment, and stays whole.
    contents = open_zip(region, name=name, budget=Budget(limits), meter=Meter(None), stack=stack, depth=limits.archive_depth)
    findings = [finding for finding in contents.findings if finding.code != "archive-depth"]
    return {member.path: member for member in contents.members}, findings


@contextlib.contextmanager
def opened(path: Path, limits: Limits, identities: Identities = NOBODY) -> Iterator[Package]:
    """The package at ``path``.

    Raises:
        Locked: it is encrypted, and ``identities`` do not open it.
        InputError: it cannot be read, is neither file nor folder, or has not exactly one store.
    """
    with contextlib.ExitStack() as stack:
        try:
            # The person named it: it may be reached by a link.
            file = _OnDisk(path, path.name, limits, follow=True)
            if path.is_dir():
                yield _Folder(path, limits)
            elif begins_age(path):
                unsealed = identities.unsealed(stack.enter_context(file.open()), path.name)
                unsealed.check()
                region = Region.of(cast(BinaryIO, unsealed))
                if region.read_at(0, 4) in ZIP_MAGIC:
                    yield _Zip(region, path.name, stack, limits, lambda: cast(BinaryIO, Scratch()))
                else:
                    yield _Alone(_Unsealed(region, path.name))
            elif is_zip(path):
                yield _Zip(Region.of(stack.enter_context(file.open())), path.name, stack, limits)
            else:
                yield _Alone(file)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", place=Place(file=path.name)) from None


@contextlib.contextmanager
def store_of_zip(path: Path, limits: Limits) -> Iterator[tuple[str, File]]:
    """Where in the zip at ``path`` its memory store is, and that. Raises as ``opened``."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_OnDisk(path, path.name, limits, follow=True).open())
        found = _Zip(Region.of(file), path.name, stack, limits)
        yield found.member, found.store


def is_zip(path: Path) -> bool:
    """Whether a regular file begins as a zip does."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(4) in ZIP_MAGIC
    except (OSError, ValueError):
        return False


def peek_zip(path: Path, limits: Limits) -> dict[str, Any]:
    """What the head of the store in a zip shows of its root; {} when the zip has none."""
    try:
        with _OnDisk(path, path.name, limits, follow=True).open() as file:
            return _peek(Region.of(file), path.name, limits)
    except (InputError, OSError):
        return {}


def peek_sealed(path: Path, limits: Limits, identities: Identities) -> dict[str, Any]:
    """The same of what an age file holds, a zip or a file alone.

    Raises:
        Locked: ``identities`` do not open it.
        InputError: it cannot be read, or its encryption is damaged.
    """
    with _OnDisk(path, path.name, limits, follow=True).open() as file:
        return _peek(Region.of(cast(BinaryIO, identities.unsealed(file, path.name))), path.name, limits)


def _peek(region: Region, name: str, limits: Limits) -> dict[str, Any]:
    if region.read_at(0, 4) not in ZIP_MAGIC:
        return _head(buffered(Cursor(region)))
    with contextlib.ExitStack() as stack:
        for path, member in _members(region, name, stack, limits)[0].items():
            if path.rpartition("/")[2] == terms.STORE_FILE:
                return _head(stack.enter_context(member.open()))
    return {}


def _head(stream: BinaryIO) -> dict[str, Any]:
    head = stream.read(HEAD_BYTES)
    value = probe_bytes(head, whole=not stream.read(1)).value
    return value if type(value) is dict else {}


def unlisted(package: Package, known: frozenset[str]) -> list[str]:
    """The files of a package that nobody asks for, without what operating systems add."""
    return [path for path in package.paths() if path not in known and not is_litter(path)]


def read_whole(file: File, most: int) -> bytes:
    """All of a file that is not streamed, byte order mark and all.

    Raises:
        LimitExceeded: it is larger than ``most`` bytes.
        InputError: as the file's stream.
    """
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise LimitExceeded(
            f"larger than {most:,} bytes", place=Place(file=file.name), hint="--limit document_bytes=N raises it"
        )
    return data


class Hashing(io.RawIOBase):
    """A stream that hashes what is read from it."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._inner.read(size)
        self._digest.update(data)
        return data

    def close(self) -> None:
        self._inner.close()
        super().close()

    def digest(self) -> bytes:
        """SHA-256 of what was read so far."""
        return self._digest.digest()


def changed(file: File) -> MalformedInput:
    """The error of a file that is not what was checked."""
    return MalformedInput("the file changed while it was read", place=Place(file=file.name), hint="try again")
