"""One memory of mem0's JSON as a record (portable-memory.md 9.1)."""

from __future__ import annotations

from typing import Any

from satchel.adapters.mem0.episode import categories_of, episode_members, text_name, words
from satchel.adapters.mem0.markdown import MEMORY_TYPES
from satchel.adapters.mem0.wire import FORMAT, INFO, ident, moment_of, origin, provenance, uid_of
from satchel.adapters.notes import Notes
from satchel.codec import canonical
from satchel.errors import CanonicalError
from satchel.model.bodies import Memory
from satchel.model.ids import provider_uid
from satchel.model.record import Reading, Record, Times


def item_uid(item: dict[str, Any], account: str) -> str:
    """The uid of a memory. See ``wire.uid_of``."""
    scopes = [ident(item.get(name)) for name in ("user_id", "agent_id", "run_id")]
    created = item.get("created_at")
    made = created if type(created) is str else canonical.encode(created, "mem").decode() if created is not None else ""
    return uid_of(account, ident(item.get("id")), (*scopes, made, words(item, text_name(item))))


def is_blank(item: dict[str, Any]) -> bool:
    """Whether it says nothing: an empty ``memory`` is not replaced by another text beside it."""
    return not words(item, text_name(item)).strip()


def read_item(item: dict[str, Any], uid: str, account: str, notes: Notes) -> Reading:
    """The record of one memory; none when it has no text, which is told."""
    text = words(item, text_name(item))
    if is_blank(item):
        notes.add("empty-memory", "a memory has no text; its bytes are kept", "info", "skipped")
        return Reading(findings=notes.findings())
    try:
        episode = episode_members(item)
    except CanonicalError:
        notes.add("bad-value", "a member has no canonical form; it is kept in the original alone", "warning", "changed")
        episode = {}
    native_id = ident(item.get("id"))
    kind: Any = words(item, "type") if words(item, "type") in MEMORY_TYPES else "fact"
    run = words(item, "run_id")
    record = Record(
        uid=uid,
        body=Memory(text=text, type=kind),
        origin=origin("memory", native_id),
        times=Times(
            created=notes.time(item.get("created_at")),
            updated=notes.time(item.get("updated_at")),
            valid_to=notes.time(item.get("expiration_date")),
        ),
        provenance=provenance(account, _actor(item)),
        tags=tuple(dict.fromkeys(name for name in categories_of(item) if name)),
        scope=provider_uid(INFO.name, account, "run", run) if run else "",
        residue={FORMAT: episode} if episode else {},
    )
    return Reading((record,), notes.findings())


def _actor(item: dict[str, Any]) -> str:
    """Who said it, where the memory tells: the named actor, the agent for what an assistant said, else whose memory it is."""
    agent = words(item, "agent_id")
    if words(item, "role") == "assistant" and agent:
        return words(item, "actor_id") or agent
    return words(item, "actor_id") or words(item, "user_id") or agent


def unmapped_of(native: dict[str, Any]) -> dict[str, Any]:
    """The members that no field of the record was made of; null says nothing."""
    carried = {"id", text_name(native)}
    carried |= {name for name in ("created_at", "updated_at", "expiration_date") if moment_of(native.get(name))}
    if categories_of(native):
        carried.add("categories")
    return {name: value for name, value in native.items() if value is not None and name not in carried}
