"""README.md of an export: what to paste where. It holds numbers and no word of what was said.

Its first line is how a folder of ours is known again.
"""

from __future__ import annotations

import re
from pathlib import Path

from satchel.formats.assistant_text.choosing import units
from satchel.formats.assistant_text.sheets import Filled
from satchel.formats.assistant_text.targets import VERSION, Sheet, Target

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


def readme(target: Target, filled: list[Filled], left_out: list[str]) -> str:
    """The page for what was written; ``left_out`` says of which statements nothing was, and why."""
    lines = [
        first_line(target),
        "",
        "| file | paste it into | statements | characters | at most |",
        "|---|---|---:|---:|---|",
        *(
            f"| `{one.sheet.file}` | {one.sheet.place} | {len(one.uids):,} | {units(one.text):,} | {most(one.sheet)} |"
            for one in filled
        ),
        "",
        "Read a text before you paste it: with that it leaves your hands. Copy the whole file.",
    ]
    absent = [f"`{sheet.file}`" for sheet in target.sheets if sheet.file not in {one.sheet.file for one in filled}]
    if absent:
        lines += ["", f"Not written, since nothing for it was found or fits: {', '.join(absent)}."]
    if left_out:
        lines += ["", "Left out:", "", *(f"- {line}" for line in left_out)]
    lines += [
        "",
        "Where a saved text holds a sign that the assistant could take for the list's own (a heading, a fence, a tag, a role),"
        " a backslash stands before it; signs that nobody sees stand as `\\u200b`.",
    ]
    for note in target.notes:
        lines += ["", note]
    lines += ["", "Limits:", ""]
    lines += [f"- `{one.sheet.file}`: {one.sheet.source}" for one in filled]
    return "\n".join(lines) + "\n"


def most(sheet: Sheet) -> str:
    """The bound of a file, in words."""
    words = [f"{sheet.room:,} characters"] if sheet.room else []
    if sheet.items:
        words.append(f"{sheet.items} lines of {sheet.item_room}")
    return ", ".join(words)
