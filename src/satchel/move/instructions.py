"""What the owner has to do where Satchel does not reach, by place: an export of before, an account, a backup.

The ways through the products' menus are those of November 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from satchel.model.text import normalised
from satchel.vault.values import Handout, HeldBy

_ACCOUNTS = {
    "chatgpt": "Open chatgpt.com: delete the conversation in the sidebar, what it remembers in Settings, Personalization,"
    " Memory, and files in Settings, Data controls.",
    "claude": "Open claude.ai: delete the conversation, its project's files, and what it remembers in Settings, Capabilities,"
    " Memory.",
    "gemini": "Open myactivity.google.com/product/gemini: delete the activity; Gems and saved info are deleted in Gemini's"
    " settings.",
    "grok": "Open grok.com: delete the conversation; Settings, Data controls deletes all of them.",
    "copilot": "Open account.microsoft.com/privacy: clear the Copilot activity history; memories are in Copilot's settings.",
    "perplexity": "Open perplexity.ai: delete the thread; memories are in Settings, Personalize, Manage memories.",
    "mem0": "Delete the memories by their ids there, or run satchel forget with --at mem0 next time. Its history database keeps"
    " the text until it is reset.",
    "letta": "Delete the archival passages there, or run satchel forget with --at letta next time; edit the memory blocks.",
}
_OTHERS = "Delete it where it came from, by that product's own settings."
#: Assistants whose texts to paste are formats of ours.
_PASTED = {"chatgpt-text": "ChatGPT", "claude-text": "Claude", "gemini-text": "Gemini", "system-prompt": "the assistant"}

BACKUPS: dict[str, Any] = {
    "kind": "backup",
    "what": "copies of the vault's folder from before",
    "do": "Delete backups and snapshots of the vault that are older than this receipt; with the vault's key they open.",
}
AGENTS: dict[str, Any] = {
    "kind": "agents",
    "what": "assistants and agents to which exports were given",
    "do": "Satchel does not know who was given what it exported: clear the memory of each assistant that you gave one to.",
}


def held_back(until: str) -> dict[str, Any]:
    """The vault's own undo window."""
    return {
        "kind": "held-back",
        "what": f"this vault itself, which keeps the content, sealed, until {until}, so that it can be undone",
        "do": "Wait until then and open the vault, or run satchel forget --purge; a receipt made after that says so.",
    }


def reader_of(reader: str, handouts: Sequence[Handout]) -> dict[str, Any]:
    """An agent that was given contexts with it, by ``satchel context``."""
    return {
        "kind": "reader",
        "reader": reader,
        "contexts": len(handouts),
        "records": len({uid for each in handouts for uid in each.uids}),
        "first": _time(handouts[0].at),
        "last": _time(handouts[-1].at),
        "do": "Clear what it remembers of those sessions: their transcripts, its own memory, its provider's logs.",
    }


def account(platform: str, records: int) -> dict[str, Any]:
    """An account at a platform that records came from."""
    known = _ACCOUNTS.get(normalised(platform).partition("-")[0], _OTHERS)
    return {"kind": "account", "platform": platform, "records": records, "do": known}


def export_of(held: HeldBy) -> dict[str, Any]:
    """A file or folder that left the vault before."""
    export = held.export
    assistant = _PASTED.get(export.format)
    if assistant:
        action = f"Delete it, and what was pasted from it into {assistant}."
    else:
        action = "Delete it and every copy of it; export anew where it is still needed."
    if export.format == "portable-memory":
        action += " Whoever imported it: a new export carries the tombstones, and takes it out there."
    return {
        "kind": "export",
        "format": export.format,
        "target": export.target,
        "at": _time(export.at) if export.at else "",
        "digest": export.digest,
        "records": held.records,
        "certain": held.certain,
        "do": action,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
