"""The first line of an export's README.md: how a folder of ours is known again."""

from __future__ import annotations

import re
from pathlib import Path

from satchel.formats.assistant_text.targets import VERSION, Target

README = "README.md"
_FIRST = re.compile(rb"# ([a-z-]+) ([0-9]+): ")
_FIRST_BYTES = 200


def first_line(target: Target) -> str:
    """The line that names the target and the version of its layout."""
    return f"# {target.name} {VERSION}: texts for {target.title}, written by Satchel"


def named_in(folder: Path) -> tuple[str, str] | None:
    """(target's name, version) that the folder's README says, or None."""
    path = folder / README
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as stream:
            found = _FIRST.match(stream.read(_FIRST_BYTES))
    except (OSError, ValueError):
        return None
    return (found[1].decode(), found[2].decode()) if found else None
