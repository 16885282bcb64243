"""Putting an artifact where it belongs, whole or not at all, over nothing but an earlier export of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from satchel.errors import InputError, OutputError
from satchel.formats.folder import put, told_of
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.files import files_in, load


def place(target: Path, chunks: Callable[[], Iterator[bytes]], size_bytes: int) -> None:
    """Write a file beside ``target``, flush it and rename it there.

    Args:
        chunks: gives its bytes, each time that it is called; ``size_bytes`` of them.

    Raises:
        OutputError: it cannot be written, or what is there is no earlier export of Satchel and not this very file.
    """
    with told_of(target):
        if not target.parent.is_dir():
            raise OutputError(f"the folder {target.parent} does not exist", hint="make it first")
        if target.is_file() and not target.is_symlink() and target.stat().st_size == size_bytes and _holds(target, chunks()):
            return
        _refuse_foreign(target)
    put(target, lambda stream: stream.writelines(chunks()), lambda: _refuse_foreign(target))


def _refuse_foreign(target: Path) -> None:
    if not target.is_symlink() and not target.exists():
        return
    if target.is_symlink() or not target.is_file():
        raise OutputError(f"{target} is in the way and is no file", hint="name another file")
    if not _says_ours(target):
        raise OutputError(f"{target} is in the way and is no earlier export of Satchel", hint="name another file")


def _holds(target: Path, chunks: Iterator[bytes]) -> bool:
    with target.open("rb") as stream:
        return all(stream.read(len(chunk)) == chunk for chunk in chunks)


def is_ours(folder: Path) -> bool:
    """Whether a folder holds artifacts that Satchel wrote and nothing else."""
    found = files_in(folder)
    return len(found) == sum(1 for _ in folder.iterdir()) and all(map(_says_ours, found))


def _says_ours(file: Path) -> bool:
    try:
        return OURS in load(file).metadata
    except InputError:
        return False
