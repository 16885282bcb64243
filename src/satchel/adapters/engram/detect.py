"""Which files are engram files, by structure alone (dossier 9.5, "Collect").

Narrower than what is read: any YAML may have a member called ``statement`` or ``summary``, so more of an engram or of an
episode must show.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from satchel.adapters.engram.collect import LISTS, is_wrapper
from satchel.adapters.engram.yaml import read_yaml
from satchel.codec.probe import Probe

Role = Literal["memories"]

#: Members that, beside a statement, only an engram has.
_TELLING = frozenset(
    {
        "activation", "polarity", "contraindications", "episodic", "associations", "knowledge_type", "knowledge_anchors",
        "dual_coding", "feedback_signals", "derivation_count", "claim_class",
    }
)  # fmt: skip
#: Members that many things have; an engram has several.
_COMMON = frozenset(
    {"id", "version", "status", "type", "scope", "visibility", "rationale", "domain", "temporal", "relations", "tags", "pinned"}
)
_FEW = 3
#: What rows of chats, logs and other stores have, and an episode has not.
_NOT_EPISODE = frozenset({"message", "messages", "content", "role", "memory", "mapping", "body", "text", "level", "uuid"})
#: A text is only read as YAML when the words are in it, each as a key.
_WORD = re.compile(r"""["']?\b(?:statement|summary)["']?[ \t]*:""")
#: How many elements of a list are asked: the first ones may be broken or of another kind.
_ASKED = 50
#: Lists in lists: documents of a file, each a list.
_NESTED = 3


def role_of(probe: Probe) -> Role | None:
    """``memories`` for a file of engrams or episodes, else None."""
    if probe.form == "json":
        return "memories" if _holds_memories(probe.value) else None
    if probe.form not in ("text", "csv") or not _WORD.search(probe.text):
        return None
    text = probe.text
    if not probe.whole:
        # The last line may be in part.
        text = text[: text.rfind("\n") + 1] or text
    return "memories" if _holds_memories(read_yaml(text).value) else None


def _holds_memories(value: Any, depth: int = 0) -> bool:
    if type(value) is list:
        return depth < _NESTED and any(_holds_memories(item, depth + 1) for item in value[:_ASKED])
    if type(value) is not dict:
        return False
    if not is_wrapper(value):
        return is_engram(value) or is_plur_episode(value)
    return any(
        # The list's name is as telling as an engram's members are.
        is_plur_episode(item) or is_engram(item) or (name == "engrams" and type(item.get("statement")) is str)
        for name, _ in LISTS
        for item in (value[name] if type(value.get(name)) is list else ())[:_ASKED]
        if type(item) is dict
    )


def is_engram(item: dict[str, Any]) -> bool:
    """A statement, and what only engrams have or several of the members that they have."""
    if "statement" not in item or type(item["statement"]) in (dict, list):
        return False
    return bool(_TELLING & item.keys()) or len(_COMMON & item.keys()) >= _FEW


def is_plur_episode(item: dict[str, Any]) -> bool:
    """A summary with a time, and who or in which session, without what only rows of other kinds have."""
    return (
        type(item.get("summary")) is str
        and "timestamp" in item
        and ("agent" in item or "session_id" in item)
        and not _NOT_EPISODE & item.keys()
    )
