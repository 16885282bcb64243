"""README.md of an export: what to paste where. It holds numbers and no word of what was said."""

from __future__ import annotations

from satchel.formats.assistant_text.choosing import units
from satchel.formats.assistant_text.heading import first_line
from satchel.formats.assistant_text.sheets import Filled
from satchel.formats.assistant_text.targets import Sheet, Target


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
