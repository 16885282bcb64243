"""An engram or PLUR episode as an episode of Portable Memory: the table of dossier 9.5, all but its times.

What the members of an episode say beyond the format's shared defaults is carried in a record's residue, so that the way into
that format gives exactly its episode.
"""

from __future__ import annotations

import hashlib
from typing import Any

from satchel.adapters.engram.collect import Found
from satchel.adapters.engram.values import as_text, first_line, moment, timestamp, whole

#: What an episode says when its source says nothing (dossier 9, "Constants").
DEFAULTS: dict[str, Any] = {
    "sensitivity": "low",
    "importance": 0.5,
    "confidence": 0.7,
    "lifecycleState": "HOT",
    "extractionState": "done",
    "accessCount": 0,
    "pinned": False,
    "actors": [],
    "categories": [],
    "vaultRefs": [],
}
#: The prefix of a source member's name in metadata, and the name that tells which of the two an episode was.
PREFIX = "engram_"
RECORD = "engram_record"
SUMMARY_CHARACTERS = 120
_LIFECYCLE = {"active": "HOT", "candidate": "HOT", "dormant": "COLD", "retired": "ARCHIVED"}
#: Ids of statements that have none of their own: 24 of a hash's 64 digits.
_ID_DIGITS = 24
#: The largest count that every reader and our own store hold.
_MAX_COUNT = 2**63 - 1


def member(value: dict[str, Any], *names: str) -> Any:
    """The member that the names lead to, or None where the way ends."""
    found: Any = value
    for name in names:
        found = found.get(name) if type(found) is dict else None
    return found


def text_of(value: Any) -> str:
    """A string as it is, anything else as ""."""
    return value if type(value) is str else ""


def number(value: Any) -> float | None:
    """A number as a double; None for anything else, and for one past every double."""
    try:
        return float(value) if type(value) in (int, float) else None
    except OverflowError:
        return None


def details_of(found: Found) -> str:
    """The text: an engram's statement, an episode's summary; "" for an engram without one and an episode whose is no text."""
    if found.kind == "episode":
        return text_of(found.value.get("summary"))
    statement = found.value.get("statement")
    return "" if statement is None else as_text(statement)


def id_of(found: Found) -> str:
    """The id: the source's own, or one made of the text; "" for what is no memory at all."""
    details = details_of(found)
    native = text_of(found.value.get("id"))
    is_blank = not details.strip()
    if found.kind == "episode":
        if is_blank:
            return ""
        return native or "epx_" + _hashed(f"{text_of(found.value.get('timestamp'))}\n{details}")
    return native or ("" if is_blank else "eng_" + _hashed(details))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]


def members_of(found: Found) -> dict[str, Any]:
    """The members of the Portable Memory episode that differ from ``DEFAULTS``, without id, details and the three times.

    ``summary`` is left out when it is the text's first 120 characters, which every adapter of that format writes unasked.

    Raises:
        CanonicalError: a value that canonical JSON does not have.
    """
    members = _episode(found.value) if found.kind == "episode" else _engram(found.value)
    summary = (text_of(found.value.get("summary")) if found.kind == "engram" else "")[:SUMMARY_CHARACTERS]
    members["summary"] = summary or first_line(details_of(found))
    if members["summary"] == details_of(found)[:SUMMARY_CHARACTERS]:
        del members["summary"]
    members["metadata"] = metadata(found)
    return {name: value for name, value in members.items() if value is not None and value != DEFAULTS.get(name)}


def metadata(found: Found) -> dict[str, str]:
    """Every source member but id and text as a text, and what the source was."""
    own = "summary" if found.kind == "episode" else "statement"
    members = {PREFIX + name: as_text(value) for name, value in found.value.items() if name not in ("id", own)}
    members[RECORD] = found.kind
    return members


def _engram(value: dict[str, Any]) -> dict[str, Any]:
    seen = moment(member(value, "activation", "last_accessed"))
    until = moment(member(value, "temporal", "valid_until"))
    return {
        "sourceType": "note",
        "lastAccessed": timestamp(seen) if seen else None,
        "accessCount": min(max(whole(member(value, "activation", "frequency")) or 0, 0), _MAX_COUNT),
        "importance": importance(value),
        "confidence": confidence(value),
        "categories": categories(value),
        "contextID": text_of(value.get("scope")) or None,
        "expirationDate": timestamp(until) if until else None,
        "pinned": value.get("pinned") is True,
        "lifecycleState": _LIFECYCLE.get(text_of(value.get("status")), "HOT"),
    }


def _episode(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "sourceType": "event",
        "speaker": text_of(value.get("agent")) or None,
        "contextID": text_of(value.get("session_id")) or None,
    }


def importance(value: dict[str, Any]) -> float | None:
    """``activation.retrieval_strength`` between 0 and 1; None where the engram does not say."""
    strength = number(member(value, "activation", "retrieval_strength"))
    return None if strength is None else min(max(strength, 0.0), 1.0)


def confidence(value: dict[str, Any]) -> float | None:
    """``episodic.confidence``, 1 to 10, as a tenth of it; None where the engram does not say."""
    level = whole(member(value, "episodic", "confidence"))
    return level / 10 if level is not None and 1 <= level <= 10 else None


def categories(value: dict[str, Any]) -> list[str]:
    """The texts among ``tags``."""
    tags = value.get("tags")
    return [tag for tag in tags if type(tag) is str] if type(tags) is list else []
