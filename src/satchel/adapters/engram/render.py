"""Episodes of Portable Memory as engram or PLUR YAML: the same episodes give the same bytes (dossier 9.5, "Restore" and
"Emission order").

An episode that came from an engram gets its members back from its metadata; any other one becomes an engram of a plain kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from satchel.adapters.engram.episode import PREFIX, RECORD, SUMMARY_CHARACTERS
from satchel.adapters.engram.values import canonical, first_line
from satchel.codec import json_values
from satchel.errors import SatchelError

#: Members whose metadata is their text, whatever it looks like.
_TEXTS = frozenset(
    {
        "id", "status", "type", "scope", "visibility", "polarity", "created_at", "updated_at", "statement", "rationale",
        "source", "pack", "abstract", "derived_from", "domain", "claim_class", "content_hash", "commitment", "locked_at",
        "locked_reason", "summary",
    }
)  # fmt: skip
_ORDER = (
    "id", "version", "status", "type", "scope", "visibility", "polarity", "statement", "rationale", "contraindications",
    "tags", "domain", "consolidated", "pinned", "activation", "entities", "temporal", "episodic", "usage", "associations",
    "relations", "knowledge_type", "knowledge_anchors", "dual_coding", "source", "provenance", "attribution", "claim_class",
    "derivation_count", "pack", "abstract", "derived_from", "feedback_signals", "exchange", "structured_data", "insight",
    "commitment", "created_at", "updated_at", "summary", "content_hash",
)  # fmt: skip
_EPISODE_ORDER = ("id", "timestamp", "summary", "agent", "channel", "session_id")
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}
_EPISODE_RANKS = {**_RANKS, **{name: rank - len(_EPISODE_ORDER) for rank, name in enumerate(_EPISODE_ORDER)}}
_STATUS = {"HOT": "active", "COLD": "dormant", "ARCHIVED": "retired"}
_BARE_KEY = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_\-./]*")
#: Text that a block scalar would not give back: the end of a line that is no line feed, no character, an empty or indented line
#: at a place where it counts.
_NO_BLOCK = re.compile(r"[\r\ud800-\udfff]|(?:\A|\n)[ \t]|\A\n*\Z")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DATE_CHARACTERS = len("2026-01-31")


def render(
    episodes: Iterable[Mapping[str, Any]], *, kind: Literal["engram", "episode"] = "engram", wrapped: bool = False
) -> str:
    """YAML text of episodes, in the order in which they come.

    Args:
        kind: ``engram`` leaves out what came from a PLUR episode; ``episode`` takes everything.
        wrapped: the list stands under ``engrams:`` or ``episodes:``.

    Raises:
        CanonicalError: a NaN or an infinity.
    """
    if kind == "engram":
        items = [restored_engram(episode) for episode in episodes if _origin(episode) != "episode"]
    else:
        items = [restored_episode(episode) for episode in episodes]
    name = f"{kind}s:"
    if not items:
        return f"{name} []\n" if wrapped else "[]\n"
    lines = [name] if wrapped else []
    for item in items:
        lines.extend(_item(item, "  " if wrapped else ""))
    return "\n".join(lines) + "\n"


def restored_engram(episode: Mapping[str, Any]) -> dict[str, Any]:
    """The engram that an episode was, or that it becomes."""
    details = _text(episode.get("details"))
    if _origin(episode) is None:
        return _synthesised(episode, details)
    return {**_restored(episode), "id": _text(episode.get("id")), "statement": details}


def restored_episode(episode: Mapping[str, Any]) -> dict[str, Any]:
    """The PLUR episode that an episode was, or that it becomes."""
    own = {
        "id": _text(episode.get("id")),
        "summary": _text(episode.get("details")) or _text(episode.get("summary")),
        "timestamp": _text(episode.get("eventTime")),
        "agent": _text(episode.get("speaker")),
        "session_id": _text(episode.get("contextID")),
    }
    if _origin(episode) == "episode":
        return {**_restored(episode), "id": own["id"], "summary": own["summary"]}
    return {name: value for name, value in own.items() if value}


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _origin(episode: Mapping[str, Any]) -> str | None:
    """``engram``, ``episode``, or None for an episode of another origin."""
    found = episode.get("metadata")
    record = found.get(RECORD) if isinstance(found, Mapping) else None
    return record if record in ("engram", "episode") else None


def _restored(episode: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(PREFIX): _value(name.removeprefix(PREFIX), value)
        for name, value in episode["metadata"].items()
        if name.startswith(PREFIX) and name != RECORD
    }


def _value(name: str, text: Any) -> Any:
    if type(text) is not str:
        return text
    if name in _TEXTS:
        return None if text == "null" else text
    try:
        return json_values.decode(text.encode())
    except (SatchelError, UnicodeEncodeError):
        return text


def _synthesised(episode: Mapping[str, Any], details: str) -> dict[str, Any]:
    statement = details or _text(episode.get("summary"))
    summary = _text(episode.get("summary"))
    importance = episode.get("importance", 0.5)
    learned, until, seen = (_date(episode.get(name)) for name in ("eventTime", "expirationDate", "lastAccessed"))
    engram: dict[str, Any] = {
        "id": _text(episode.get("id")),
        "version": 2,
        "status": _STATUS.get(_text(episode.get("lifecycleState")), "active"),
        "type": "terminological",
        "scope": _text(episode.get("contextID")) or "global",
        "statement": statement,
        "activation": {
            "retrieval_strength": importance,
            "storage_strength": importance,
            "frequency": episode.get("accessCount", 0),
            **({"last_accessed": seen} if seen else {}),
        },
        "source": "portable-memory",
    }
    temporal = {name: date for name, date in (("learned_at", learned), ("valid_until", until)) if date}
    if temporal:
        engram["temporal"] = temporal
    if summary and summary != first_line(statement)[:SUMMARY_CHARACTERS]:
        engram["summary"] = summary
    if episode.get("categories"):
        engram["tags"] = list(episode["categories"])
    if episode.get("pinned") is True:
        engram["pinned"] = True
    return engram


def _date(value: Any) -> str:
    return _text(value)[:_DATE_CHARACTERS]


def _sorted(mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    ranks = _EPISODE_RANKS if "timestamp" in mapping and "statement" not in mapping else _RANKS
    return sorted(mapping.items(), key=lambda member: (ranks.get(member[0], len(_RANKS)), member[0]))


def _members(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    """The lines of a mapping's members, each member at ``indent``."""
    for name, value in _sorted(mapping):
        yield from _member(f"{indent}{_key(name)}:", value, indent + "  ")


def _member(head: str, value: Any, indent: str) -> Iterator[str]:
    """The lines of a value behind ``head``; what does not stand on its line stands at ``indent``."""
    if isinstance(value, Mapping) and value:
        yield head
        yield from _members(value, indent)
    elif isinstance(value, list | tuple) and any(_is_container(item) for item in value):
        yield head
        for item in value:
            yield from _item(item, indent)
    elif type(value) is str and "\n" in value and not _NO_BLOCK.search(value):
        body = value.rstrip("\n")
        ends = len(value) - len(body)
        yield f"{head} |{('-', '', '+')[min(ends, 2)]}"
        yield from (indent + line if line else "" for line in body.split("\n"))
        yield from [""] * (ends - 1)
    else:
        yield f"{head} {_inline(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    """The lines of a sequence's item whose dash stands at ``indent``."""
    if isinstance(value, Mapping) and value:
        lines = _members(value, indent + "  ")
        yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
        yield from lines
    else:
        yield from _member(f"{indent}-", value, indent + "  ")


def _is_container(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _inline(value: Any) -> str:
    """A scalar, an empty collection or a list of scalars, on one line."""
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return _quoted(value) if type(value) is str else canonical(value)


def _quoted(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)
