"""Whether a folder is an earlier package of ours, which a new export may replace."""

from __future__ import annotations

import re
from pathlib import Path

from satchel.errors import InputError
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import is_regular, written_by_us
from satchel.formats.portable_ai_memory.sidecar import files_of

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: What an earlier package of ours may hold, by folder: anything else in it is somebody's work.
_OURS = {
    terms.CONVERSATIONS_FOLDER: re.compile(_UUID + r"\.json"),
    terms.ATTACHMENTS_FOLDER: re.compile(_UUID + r"(?:[.-].*)?"),
    terms.CAPSULES_FOLDER: re.compile(r"[0-9]+" + re.escape(terms.CAPSULE_SUFFIX)),
}


_FILES = (terms.STORE_FILE, terms.SIDECAR_FILE, terms.EMBEDDINGS_FILE)


def _listed(sidecar: Path) -> frozenset[str]:
    try:
        return files_of(sidecar) if is_regular(sidecar) else frozenset()
    except (InputError, OSError):
        return frozenset()


def is_ours(target: Path) -> bool:
    """Whether ``target`` holds a package that Satchel wrote and nothing besides."""
    store, sidecar = target / terms.STORE_FILE, target / terms.SIDECAR_FILE
    if not is_regular(store):
        return False
    files = _listed(sidecar)
    for path in target.iterdir():
        names = _OURS.get(path.name)
        if path.name in _FILES and is_regular(path):
            continue
        if names is None or path.is_symlink() or not path.is_dir():
            return False
        if not all(
            (names.fullmatch(inner.name) or f"{path.name}/{inner.name}" in files) and is_regular(inner)
            for inner in path.iterdir()
        ):
            return False
    return written_by_us(store)
