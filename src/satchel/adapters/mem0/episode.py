"""A mem0 memory as a Portable Memory episode: the members that no field of ours holds (portable-memory.md 9.1).

The dossier names what the reference loses: members of types that it does not expect, and a second text. They are kept here too,
as canonical JSON text under ``mem0_<name>``, and only where that name is free.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.mem0.wire import moment_of
from satchel.codec import canonical
from satchel.model.times import to_rfc3339

#: Where the text of a memory may be, in order.
TEXTS = ("memory", "text", "data")
#: Members that go into the metadata under their own name when they are strings with something in them.
_OVERLAID = (
    "id", "hash", "role", "user_id", "agent_id", "actor_id", "run_id", "created_at", "updated_at", "attributed_to",
    "expiration_date",
)  # fmt: skip
_HANDLED = frozenset({*TEXTS, *_OVERLAID, "categories", "metadata"})
_ACTORS = ("user_id", "agent_id", "actor_id")
_SPEAKERS = ("user", "assistant")


def text_name(item: dict[str, Any]) -> str:
    """The name of the first member that holds text, be it empty; "" without one."""
    return next((name for name in TEXTS if type(item.get(name)) is str), "")


def categories_of(item: dict[str, Any]) -> list[str]:
    """The categories where all of them are strings, else none."""
    found = item.get("categories")
    return found if type(found) is list and all(type(name) is str for name in found) else []


def words(item: dict[str, Any], name: str) -> str:
    """A member that is a string, else ""."""
    value = item.get(name)
    return value if type(value) is str else ""


def episode_members(item: dict[str, Any]) -> dict[str, Any]:
    """The members of the memory's episode that differ from the defaults, besides id, details, summary and times.

    Raises:
        CanonicalError: a value that has no canonical bytes.
    """
    role = item.get("role")
    episode: dict[str, Any] = {"sourceType": "chat" if type(role) is str else "text", "metadata": _metadata(item)}
    if type(item.get("id")) is str:
        episode["sourceID"] = item["id"]
    if role in _SPEAKERS:
        episode["speaker"] = role
    actors = [actor for name in _ACTORS if (actor := words(item, name))]
    if actors:
        episode["actors"] = actors
    if words(item, "run_id"):
        episode["contextID"] = item["run_id"]
    if categories_of(item):
        episode["categories"] = categories_of(item)
    expires = moment_of(words(item, "expiration_date"))
    if expires:
        episode["expirationDate"] = to_rfc3339(expires.replace(microsecond=0))
    return episode


def _metadata(item: dict[str, Any]) -> dict[str, str]:
    own = item.get("metadata")
    metadata = {name: _spelled(value) for name, value in own.items()} if type(own) is dict else {}
    for name in _OVERLAID:
        if words(item, name):
            metadata[f"mem0_{name}"] = item[name]
    for name, value in item.items():
        if value is not None and name not in _HANDLED:
            metadata.setdefault(f"mem0_{name}", _spelled(value))
    for name in _lost(item):
        metadata.setdefault(f"mem0_{name}", _json(item[name]))
    return metadata


def _lost(item: dict[str, Any]) -> list[str]:
    """The handled members that the reference makes nothing of."""
    text = text_name(item)
    lost = [name for name in TEXTS if name != text and item.get(name) is not None]
    lost += [name for name in _OVERLAID if item.get(name) is not None and type(item[name]) is not str]
    if item.get("categories") and not categories_of(item):
        lost.append("categories")
    if item.get("metadata") is not None and type(item["metadata"]) is not dict:
        lost.append("metadata")
    return lost


def _spelled(value: Any) -> str:
    """A value as a string of a string map: text as it is, true and false as 1 and 0, null as the reference has it."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "1" if value else "0"
    return "None" if value is None else _json(value)


def _json(value: Any) -> str:
    return canonical.encode(value, "mem").decode()
