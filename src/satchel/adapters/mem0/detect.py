"""Which role a file plays for mem0, by structure alone (providers.md 2, stage B, rule 14; 4.1)."""

from __future__ import annotations

from typing import Any, Literal

from satchel.adapters.mem0.markdown import blocks
from satchel.codec.probe import Probe

Role = Literal["memories", "envelope", "plugin-markdown"]

#: The members of an envelope that hold memories, in the dossier's order (portable-memory.md 9.1).
ENVELOPES = ("results", "memories", "data")
#: Members of a memory that tell whose it is. Other products write ``memory`` with an id and metadata, or in camel case.
_BESIDE = frozenset(
    {
        "hash", "user_id", "agent_id", "run_id", "actor_id", "attributed_to", "expiration_date", "categories",
        "created_at", "updated_at",
    }
)  # fmt: skip
_SCOPES = frozenset({"user_id", "agent_id", "run_id"})
#: OpenMemory, other standards and other platforms' graphs have a member ``memories`` or ``data`` too.
_NOT_OURS = frozenset({"export_meta", "schema", "cogx_version", "mapping", "nodes", "entities", "episodes"})
#: The members of a block's head that the plugin writes; a note of another program has others.
_HEAD = frozenset({"id", "created_at", "type", "confidence", "branch", "files", "categories"})
_TELLING = frozenset({"confidence", "branch", "files", "categories"})


def role_of(probe: Probe, *, was_named: bool) -> Role | None:
    """The file's role, or None when it is not mem0's.

    Args:
        was_named: a person said that it is: then memories with nothing beside their text are read too.
    """
    if probe.form in ("text", "csv"):
        return "plugin-markdown" if _is_plugin_markdown(probe.text, was_named=was_named) else None
    if probe.form != "json":
        return None
    value = probe.value
    if type(value) is list:
        return "memories" if was_named or any(_is_memory(item) for item in _dicts(value)) else None
    if type(value) is dict and not _NOT_OURS & value.keys():
        if was_named:
            return "envelope" if any(type(value.get(name)) is list for name in ENVELOPES) else None
        if any(type(item.get("memory")) is str for item in _dicts(value.get("results"))):
            return "envelope"
        return "envelope" if any(_is_memory(item) for name in ENVELOPES for item in _dicts(value.get(name))) else None
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []


def _is_memory(item: dict[str, Any]) -> bool:
    if type(item.get("memory")) is str:
        return bool(_BESIDE & item.keys())
    # A vector's payload: the text under another name.
    return "hash" in item and bool(_SCOPES & item.keys()) and any(type(item.get(name)) is str for name in ("data", "text"))


def _is_plugin_markdown(text: str, *, was_named: bool) -> bool:
    found = blocks(text.encode())
    if not found or text[: len("---")] != "---":
        return False
    if was_named:
        return True
    head = found[0].head
    return "id" in head and "type" in head and head.keys() <= _HEAD and (bool(_TELLING & head.keys()) or "_" in head["type"])
