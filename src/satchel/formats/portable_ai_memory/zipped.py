"""A package as one zip file that stands whole or not at all, for a target that is named so.

The folder is written first, under a name of its own beside the target; the zip is made of it there, flushed and renamed. The
same package gives the same bytes: the store comes first, then the other files by name, none with a time or an owner. Members
are deflated, larger ones than 4 GiB included (Zip64).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from satchel.errors import OutputError
from satchel.formats.base import Written
from satchel.formats.folder import told_of
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import is_regular
from satchel.formats.portable_ai_memory.files import peek_zip
from satchel.limits import DEFAULT
from satchel.trust.files import sync_folder

_SUFFIX = ".zip"
_FILE_MODE = 0o600
#: A zip holds no time before this one.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_CHUNK_BYTES = 1 << 20


def names_zip(target: Path) -> bool:
    """Whether a target is to be one file: a name that ends in .zip, unless a folder has it."""
    return target.suffix.lower() == _SUFFIX and not target.is_dir()


def write_zip(target: Path, write: Callable[[Path], Written]) -> Written:
    """Write a package with ``write``, which is given a folder to make, and put its zip at ``target``.

    Raises:
        OutputError: the target cannot be written or is a file that is no earlier package of Satchel.
    """
    _refuse_unless_ours(target)
    with contextlib.ExitStack() as stack:
        with told_of(target):
            holder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
        stack.callback(shutil.rmtree, holder, ignore_errors=True)
        written = write(holder / "package")
        made = holder / "zip"
        with told_of(target):
            _pack(holder / "package", made)
            size = made.stat().st_size
        _refuse_unless_ours(target)
        with told_of(target):
            made.replace(target)
            sync_folder(target.parent)
        return msgspec.structs.replace(written, size_bytes=size)


def _pack(folder: Path, file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w+b") as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            for name in _names(folder):
                entry = zipfile.ZipInfo(name, _NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = _FILE_MODE << 16
                # The size decides whether the entry needs Zip64.
                entry.file_size = (folder / name).stat().st_size
                with (folder / name).open("rb") as source, archive.open(entry, "w") as sink:
                    shutil.copyfileobj(source, sink, _CHUNK_BYTES)
        stream.flush()
        os.fsync(descriptor)


def _names(folder: Path) -> Iterator[str]:
    """All files of the package: what says what it is comes first."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    yield from (name for name in found if name == terms.STORE_FILE)
    yield from (name for name in found if name != terms.STORE_FILE)


def _refuse_unless_ours(target: Path) -> None:
    with told_of(target):
        if not target.parent.is_dir():
            raise OutputError(f"the folder {target.parent} does not exist", hint="make it first")
        if not target.is_symlink() and not target.exists():
            return
        if not is_regular(target) or not _says_ours(target):
            raise OutputError(f"{target} is in the way and is no earlier export of Satchel", hint="name another file")


def _says_ours(file: Path) -> bool:
    """Whether a zip holds a memory store that says ``exported_by`` satchel."""
    said = peek_zip(file, DEFAULT).get("exported_by")
    return type(said) is str and said.startswith("satchel/")
