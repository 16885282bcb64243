"""What binds a ledger to the files that were read and written: their names and digests (see ``document.LedgerFile``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from satchel.errors import OutputError
from satchel.move.exports import digest_of
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
