"""A package that comes home as the very files that it was: nothing was edited, so nothing is written anew."""

from __future__ import annotations

import filecmp
import shutil
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from satchel.errors import OutputError
from satchel.formats import registry as formats
from satchel.formats.base import Written
from satchel.formats.capsules import Carrier, Head
from satchel.formats.folder import Folder, put
from satchel.limits import Limits
from satchel.model.ledger import Ledger

#: What a single file is called in a folder of its format.
_NAMES = {
    "portable-ai-memory": ("memory-store", (".json",)),
    "portable-agent-memory": ("memory", (".pam", ".pam.cbor", ".cbor")),
}
#: Names that say that a target is one file.
_SUFFIXES = (".json", ".zip", ".pam", ".pam.json", ".pam.cbor", ".cbor", ".age")
_CHUNK_BYTES = 1 << 20


def lay_out(path: Path, head: Head, target: Path, limits: Limits, ledger: Ledger) -> Written | None:
    """Copy the package at ``path`` to ``target``; None where that is not named for what the package is.

    Raises:
        OutputError: ``target`` is in the way, or cannot be written; nothing of it was.
    """
    suffix, wanted = _suffix(head.name), _suffix(target.name)
    if head.form == "file" and wanted and not target.is_dir():
        # A name that ends in .pam alone says nothing of the encoding.
        if wanted != suffix and wanted != ".pam":
            return None

        def copy(sink: BinaryIO) -> None:
            with path.open("rb") as stream:
                shutil.copyfileobj(stream, sink, _CHUNK_BYTES)

        def check() -> None:
            if target.is_symlink() or (target.exists() and not (target.is_file() and filecmp.cmp(path, target, shallow=False))):
                raise OutputError(f"{target} is in the way", hint="name another file")

        check()
        return Written(counts=_told(path, head, limits, ledger), files=1, size_bytes=put(target, copy, check), ledger=ledger)
    if wanted and not target.is_dir():
        return None
    if head.form == "file":
        stem, suffixes = _NAMES.get(head.format, ("", ()))
        if suffix not in suffixes:
            return None
        names = {stem + suffix: path}
    else:
        names = {file.path: path / file.path for file in head.files}

    def is_same(folder: Path) -> bool:
        found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if not each.is_dir()}
        return found == names.keys() and all(filecmp.cmp(names[name], folder / name, shallow=False) for name in found)

    with Folder(target, is_same) as folder:
        for name, file in names.items():
            with file.open("rb") as stream, folder.create(name) as sink:
                shutil.copyfileobj(stream, sink, _CHUNK_BYTES)
        folder.commit()
        return Written(
            counts=_told(path, head, limits, ledger), files=folder.files, size_bytes=folder.size_bytes, ledger=ledger
        )


def _told(path: Path, head: Head, limits: Limits, ledger: Ledger) -> dict[str, int]:
    """How many of what the package says, in its own words; the ledger is told of each."""
    format = formats.get(head.format)
    counts: Counter[str] = Counter()
    for each in format.elements(path, limits=limits) if isinstance(format, Carrier) else ():
        counts[each.group] += 1
        ledger.record(each.group, "accepted", "as-it-came", "came home as the very bytes that rode along", uid=each.key)
    return dict(counts)


def _suffix(name: str) -> str:
    low = name.lower()
    return max((suffix for suffix in _SUFFIXES if low.endswith(suffix)), key=len, default="")
