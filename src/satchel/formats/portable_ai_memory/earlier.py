"""Whether a folder is an earlier package of ours, which a new export may replace."""

from __future__ import annotations

import re
from pathlib import Path

from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import is_regular, written_by_us

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: What an earlier package of ours may hold, by folder: anything else in it is somebody's work.
_OURS = {
    terms.CONVERSATIONS_FOLDER: re.compile(_UUID + r"\.json"),
    terms.ATTACHMENTS_FOLDER: re.compile(_UUID + r"(?:[.-].*)?"),
}


def is_ours(target: Path) -> bool:
    """Whether ``target`` holds a package that Satchel wrote and nothing besides."""
    store = target / terms.STORE_FILE
    if not is_regular(store):
        return False
    for path in target.iterdir():
        names = _OURS.get(path.name)
        if path == store:
            continue
        if names is None or path.is_symlink() or not path.is_dir():
            return False
        if not all(names.fullmatch(inner.name) and is_regular(inner) for inner in path.iterdir()):
            return False
    return written_by_us(store)
