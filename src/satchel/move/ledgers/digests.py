"""What binds a ledger to the files that were read and written: their names and digests (see ``document.LedgerFile``)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from satchel.errors import OutputError
from satchel.move.ledgers.document import LedgerFile
from satchel.vault.values import SourceFile


def of_path(path: Path) -> LedgerFile:
    """A file or a folder as it lies there.

    Raises:
        OutputError: it cannot be read.
    """
    return LedgerFile(name=path.name, sha256=digest_of(path).hex())


def of_sources(paths: Iterable[Path], read: Iterable[SourceFile]) -> tuple[LedgerFile, ...]:
    """What an import read: the paths that are there, and of a pipe, what was read of it.

    Raises:
        OutputError: a path cannot be read again.
    """
    found = [of_path(path) for path in paths if str(path) != "-"]
    if any(str(path) == "-" for path in paths):
        found += [LedgerFile(name=file.name.rsplit("/", 1)[-1], sha256=file.sha256) for file in read if file.sha256]
    return tuple(found)


def matches(path: Path, files: Iterable[LedgerFile]) -> bool:
    """Whether what lies at ``path`` is one of those, whatever it is called.

    Raises:
        OutputError: it cannot be read.
    """
    if not path.exists():
        raise OutputError(f"there is no {path}")
    digest = digest_of(path).hex()
    return any(file.sha256 == digest for file in files)


def digest_of(target: Path) -> bytes:
    """The SHA-256 of a file; of a folder, that of a list of its files as ``sha256sum`` prints it, by the bytes of
    their paths.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        if target.is_file():
            return _sha256(target)
        whole = hashlib.sha256()
        names = {os.fsencode(path.relative_to(target).as_posix()): path for path in target.rglob("*") if path.is_file()}
        for name, path in sorted(names.items()):
            whole.update(b"%s  ./%s\n" % (_sha256(path).hex().encode(), name))
        return whole.digest()
    except OSError as error:
        raise OutputError(f"{target} cannot be read again: {error.strerror}") from error


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
