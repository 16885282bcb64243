"""A memory file as a Portable Memory episode: the members that no field of ours holds (portable-memory.md 9.3).

The dossier names what the reference loses: all front matter but name, description and type. It is kept here too, and so is what
the JSON object of a file says beside its text, under ``claude_<name>`` and only where that name is free.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.claude_memory.files import Entry, Head
from satchel.codec import canonical

#: The files that list the others.
INDEXES = frozenset({"MEMORY.md", "CLAUDE.md"})
_SUMMARY_CHARACTERS = 120


def episode_members(entry: Entry, head: Head, name: str, text: str) -> dict[str, Any]:
    """The members of the file's episode that differ from the defaults, besides id, details and times.

    Raises:
        CanonicalError: a value that has no canonical bytes.
    """
    description = head.members.get("description", "")
    metadata = {
        "claude_path": entry.path,
        "claude_name": name,
        "claude_type": head.type,
        "claude_description": description,
    }
    if entry.base in INDEXES:
        metadata["claude_role"] = "index"
    is_whole = head.is_whole
    for member, value in head.members.items():
        key = "claude_type" if member == "metadata.type" else f"claude_{member}"
        if metadata.setdefault(key, value) != value:
            # The name is taken.
            is_whole = False
    if not is_whole:
        metadata["claude_frontmatter"] = head.raw
    for member, value in entry.beside.items():
        metadata.setdefault(f"claude_{member}", value if type(value) is str else canonical.encode(value, "mem").decode())
    episode: dict[str, Any] = {
        "sourceType": "note",
        "metadata": {member: value for member, value in metadata.items() if value},
    }
    if entry.path:
        episode["sourceID"] = entry.path
    if head.type:
        episode["categories"] = [head.type]
    summary = (description or next((line.strip() for line in text.split("\n") if line.strip()), ""))[:_SUMMARY_CHARACTERS]
    if summary != text[:_SUMMARY_CHARACTERS]:
        episode["summary"] = summary
    return episode
