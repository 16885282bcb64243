"""A package as one zip file that stands whole or not at all, for a target that is named so; on request as an age file.

Its files are deflated as they come into a nameless file, which is itself encrypted under a key that nobody keeps: nothing of an
encrypted package is ever on the disk in the clear. The zip is put together of them beside the target, flushed and renamed.

The same package gives the same zip: the store comes first, then the other files by name, none with a time or an owner; members
and archives past 4 GiB included (Zip64). An encrypted package is that very zip, encrypted.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from satchel.codec.packing import Deflating, add_packed, replace_member, zip_into
from satchel.codec.streams import Region
from satchel.errors import OutputError, UsageError
from satchel.formats.folder import put, told_of
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import is_regular
from satchel.formats.portable_ai_memory.files import peek_zip
from satchel.limits import DEFAULT
from satchel.trust.age import Recipients, begins_age, sealing
from satchel.trust.age_stream import Scratch

_SUFFIX = ".zip"
_AGE_SUFFIX = ".age"
_FILE_MODE = 0o600
#: A zip holds no time before this one.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_BUFFER_BYTES = 1 << 18


def names_zip(target: Path) -> bool:
    """Whether a target is to be one file: a name that ends in .zip, unless a folder has it.

    Raises:
        UsageError: the name says that it is encrypted.
    """
    if target.suffix.lower() == _AGE_SUFFIX and not target.is_dir():
        hint = "--encrypt-to or --encrypt-passphrase says for whom"
        raise UsageError(f"{target.name} is the name of an encrypted file, and nobody is named to open it", hint=hint)
    return target.suffix.lower() == _SUFFIX and not target.is_dir()


class Zip:
    """The package being written: ``formats.folder.Files``. Leaving it without ``commit`` leaves nothing behind."""

    def __init__(self, target: Path, recipients: Recipients | None = None) -> None:
        """Raises UsageError and OutputError when ``target`` may not be written."""
        self.files = 0
        #: Of the zip, once it is committed.
        self.size_bytes = 0
        self._target = target
        self._recipients = recipients
        self._entries: dict[str, tuple[zipfile.ZipInfo, int]] = {}
        self._scratches = contextlib.ExitStack()
        if recipients is not None and target.suffix.lower() == _SUFFIX:
            hint = f"{target.name}{_AGE_SUFFIX} says what it is"
            raise UsageError(f"{target.name} would be no zip that anybody can open", hint=hint)
        self._refuse_unless_ours()
        self._packed = self.spool()

    def __enter__(self) -> Zip:
        return self

    def __exit__(self, *exception: object) -> None:
        self._scratches.close()

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """See ``Files.create``."""
        assert name not in self._entries
        with told_of(self._target):
            start = self._packed.tell()
            raw = Deflating(self._packed)
            stream = io.BufferedWriter(raw, _BUFFER_BYTES)
            yield cast(BinaryIO, stream)
            stream.flush()
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.external_attr = _FILE_MODE << 16
            self._entries[name] = raw.finish(entry), start
            self.files += 1

    def put(self, name: str, data: bytes) -> None:
        """See ``Files.put``."""
        with self.create(name) as sink:
            sink.write(data)

    def spool(self) -> IO[bytes]:
        """See ``Files.spool``: encrypted too."""
        with told_of(self._target):
            return cast(IO[bytes], self._scratches.enter_context(Scratch(self._target.parent)))

    def commit(self) -> None:
        """Put the zip in its place. Raises OutputError."""

        def write(sink: BinaryIO) -> None:
            with zip_into(sink) as archive:
                for name in sorted(self._entries, key=lambda name: (name != terms.STORE_FILE, name)):
                    entry, start = self._entries[name]
                    self._packed.seek(start)
                    add_packed(archive, entry, self._packed)

        def write_sealed(sink: BinaryIO) -> None:
            assert self._recipients is not None
            sealer = sealing(sink, self._recipients)
            write(cast(BinaryIO, sealer))
            sealer.finish()

        chosen = write if self._recipients is None else write_sealed
        self.size_bytes = put(self._target, chosen, self._refuse_unless_ours)

    def _refuse_unless_ours(self) -> None:
        target = self._target
        with told_of(target):
            if not target.name:
                raise OutputError(f"cannot write {target}: it has no name", hint="name a file")
            if not target.parent.is_dir():
                raise OutputError(f"the folder {target.parent} does not exist", hint="make it first")
            if not target.is_symlink() and not target.exists():
                return
            if is_regular(target) and begins_age(target):
                text = f"{target} is in the way, and being encrypted does not say whose it is"
                raise OutputError(text, hint="remove it, or name another file")
            if not is_regular(target) or self._recipients is not None or not _says_ours(target):
                raise OutputError(f"{target} is in the way and is no earlier export of Satchel", hint="name another file")


def put_store(zipped: BinaryIO, target: Path, name: str, write: Callable[[BinaryIO], None], check: Callable[[], None]) -> None:
    """Put a zip at ``target`` that is the one in ``zipped``, but for the store at ``name`` in it, which ``write`` writes anew.

    Raises:
        MalformedInput: the zip is not what was read.
        OutputError: it cannot be written.
    """
    mode = os.fstat(zipped.fileno()).st_mode & 0o777
    with told_of(target), Scratch(target.parent) as packed:
        raw = Deflating(cast(IO[bytes], packed))
        stream = io.BufferedWriter(raw, _BUFFER_BYTES)
        write(cast(BinaryIO, stream))
        stream.flush()

        def copy(sink: BinaryIO) -> None:
            with zip_into(sink) as archive:
                replace_member(Region.of(zipped), archive, name, raw, packed)

        put(target, copy, check, mode=mode)


def _says_ours(file: Path) -> bool:
    """Whether a zip holds a memory store that says ``exported_by`` satchel."""
    said = peek_zip(file, DEFAULT).get("exported_by")
    return type(said) is str and said.startswith("satchel/")
