"""One memory file: where it is, its front matter, its text.

The front matter is read as the dossier says (portable-memory.md 9.3), line by line: ``name: value``, nested members as
``parent.child``. Such YAML is often invalid, so each line stands for itself; quotes round a value are no part of it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

#: Where an entry's path and its text may be, in order.
PATHS = ("path", "name")
TEXTS = ("content", "text", "body")
_LINK = re.compile(r"\]\((?!\w+:)[^()\s]+\.md\)")
#: What Claude Code calls its notes.
_TYPES = frozenset({"user", "feedback", "project", "reference"})
_RULE = "---"


class Head(msgspec.Struct, frozen=True):
    """A file's front matter, as members and as it stands, and the text below it.

    ``is_whole`` when the members say all of it: there are no comments, no lists, no name that stands twice.
    """

    members: dict[str, str] = {}
    raw: str = ""
    body: str = ""
    is_whole: bool = True

    @property
    def type(self) -> str:
        return self.members.get("metadata.type") or self.members.get("type", "")


class Entry(msgspec.Struct, frozen=True):
    """A memory file: its path ("" where none is told), its text, and what else its JSON object says."""

    path: str
    content: str
    beside: dict[str, Any] = {}

    @property
    def base(self) -> str:
        return self.path.rpartition("/")[2]


def head_of(content: str) -> Head:
    """The front matter between two lines of three dashes, the first line being one; without a second there is none."""
    content = content.removeprefix("\ufeff")
    if content[: content.find("\n")].strip() != _RULE:
        return Head(body=content)
    lines = content.split("\n")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == _RULE), 0)
    if not end:
        return Head(body=content)
    members: dict[str, str] = {}
    parent = ""
    is_whole = True
    for line in lines[1:end]:
        bare = line.strip()
        if not bare:
            continue
        name, colon, value = (part.strip() for part in bare.partition(":"))
        if bare.startswith("#") or not colon:
            is_whole = False
        elif line[0] in " \t" and parent:
            is_whole = is_whole and f"{parent}.{name}" not in members
            members[f"{parent}.{name}"] = _unquoted(value)
        elif value:
            is_whole = is_whole and name not in members
            members[name], parent = _unquoted(value), ""
        else:
            parent = name
    types = {members.get("metadata.type"), members.get("type")} - {None, ""}
    return Head(members, "\n".join(lines[1:end]), "\n".join(lines[end + 1 :]), is_whole and len(types) < 2)


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'":
        return value
    if value[0] == "'":
        return value[1:-1].replace("''", "'")
    try:
        return msgspec.json.decode(value.encode(), type=str)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return value[1:-1]


def entry_of(value: Any) -> Entry | None:
    """The file that an element of a list is: an object with a text, or a pair of path and text; else None."""
    if type(value) is list and len(value) == 2 and type(value[1]) is str:
        return Entry(value[0] if type(value[0]) is str else "", value[1])
    if type(value) is not dict:
        return None
    text = next((name for name in TEXTS if type(value.get(name)) is str), "")
    if not text:
        return None
    path = next((name for name in PATHS if type(value.get(name)) is str), "")
    beside = {name: item for name, item in value.items() if name not in (text, path) and item is not None}
    return Entry(value.get(path, ""), value[text], beside)


def shows_itself(path: str, content: str) -> bool:
    """Whether a file shows that it is Claude's: by its front matter, or as an index that names other files."""
    head = head_of(content)
    if "name" in head.members and "description" in head.members:
        return head.type in _TYPES or head.members.get("metadata.node_type") == "memory"
    return path.rpartition("/")[2] == "MEMORY.md" and _LINK.search(content) is not None
