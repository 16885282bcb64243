"""The native kinds of a .mem bundle: their fields, keys and parents (dossier section 2)."""

from __future__ import annotations

import re
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import canonical

#: A field's type: s text, t time, f float, i integer, b boolean, l list of text, m map of text to text; ``?`` may be absent.
_TEXT = {
    "episode": "accessCount:i actors:l categories:l confidence:f contextID:s? deletedAt:t? details:s eventTime:t"
    " expirationDate:t? extractionState:s id:s importance:f ingestionTime:t lastAccessed:t? lifecycleState:s mentionTime:t"
    " metadata:m pinned:b sensitivity:s sourceID:s? sourceType:s speaker:s? summary:s vaultRefs:l",
    "entity": "aliases:l canonicalName:s id:s sensitivity:s summary:s type:s updatedAt:t",
    "edge": "confidence:f dstEntityID:s edgeType:s evidenceEpisodeIDs:l id:s ingestionTime:t srcEntityID:s supersededBy:s?"
    " tValidFrom:t tValidTo:t?",
    "fact": "confidence:f createdAt:t episodeID:s eventTime:t? id:s importance:f lastReinforcedAt:t? object:s predicate:s"
    " prunedAt:t? reconciledAt:t? speaker:s? subject:s supersededBy:s? tValidFrom:t tValidTo:t? text:s",
    "factLink": "createdAt:t dstFactID:s linkType:s srcFactID:s",
    "episodeLink": "dstEpisodeID:s linkType:s srcEpisodeID:s weight:f",
    "resource": "contentHash:s created:t id:s mimeType:s modified:t summary:s title:s uri:s",
    "chunk": "contextPrefix:s? id:s position:i resourceID:s sensitivity:s text:s",
    "core": "charBudget:i content:s id:s version:i",
    "procedure": "enabled:b failureCount:i id:s lastUsed:t? name:s steps:l successCount:i triggerPattern:s",
    "context": "archived:b createdAt:t id:s label:s parentID:s?",
    "community": "id:s label:s memberEntityIDs:l summary:s",
    "category": "description:s name:s",
    "preference": "key:s value:s",
    "secretRef": "category:s createdAt:t encryptionMetadata:s id:s label:s lastAccessed:t? preview:s sensitivity:s",
}
FIELDS: dict[str, dict[str, str]] = {kind: dict(field.split(":") for field in text.split()) for kind, text in _TEXT.items()}
NATIVE = tuple(FIELDS)

#: The members that make a row's key, where it is not ``id``.
_KEYS = {
    "factLink": ("srcFactID", "dstFactID", "linkType"),
    "episodeLink": ("srcEpisodeID", "dstEpisodeID", "linkType"),
    "category": ("name",),
    "preference": ("key",),
}
#: The rows that a row cannot exist without: member and the kind it points to (dossier section 4.2).
PARENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "chunk": (("resourceID", "resource"),),
    "fact": (("episodeID", "episode"),),
    "edge": (("srcEntityID", "entity"), ("dstEntityID", "entity")),
    "factLink": (("srcFactID", "fact"), ("dstFactID", "fact")),
    "episodeLink": (("srcEpisodeID", "episode"), ("dstEpisodeID", "episode")),
}
#: The lists of a tombstone's ``derived``, and the kind whose ids each holds (dossier section 4.1).
DERIVED = {"factIDs": "fact", "edgeIDs": "edge", "entityIDs": "entity", "chunkIDs": "chunk"}
DERIVED_LISTS = ("chunkIDs", "edgeIDs", "embeddingCacheKeys", "entityIDs", "factIDs", "sentenceIDs")

#: The time of everything whose time does not matter to a case.
T0 = "2026-01-05T09:00:00Z"
_DEFAULTS: dict[str, Any] = {"s": "", "t": T0, "f": 0.5, "i": 0, "b": False, "l": [], "m": {}}
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?(Z|z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?)?", re.ASCII
)


def row(kind: str, **members: Any) -> dict[str, Any]:
    """A whole row of a native kind: ``members``, and the plainest value for every other required field."""
    made = {name: _DEFAULTS[type] for name, type in FIELDS[kind].items() if not type.endswith("?")}
    return {**made, **members}


def skeleton(kind: str, source: dict[str, Any]) -> dict[str, Any]:
    """``source`` without any content: id, times, numbers and flags stay, every text, list and map is empty."""
    kept: dict[str, Any] = {}
    for name, type in FIELDS[kind].items():
        if name == "id" or type[0] in "tfib":
            if name in source:
                kept[name] = source[name]
        elif not type.endswith("?"):
            kept[name] = _DEFAULTS[type]
    return kept


def key_of(kind: str, members: dict[str, Any]) -> str:
    """A row's key as a tombstone's ``targetID`` names it: the id; the name or key where that is the key; for links the
    canonical JSON array of the three key members (dossier 10.6, item 8)."""
    names = _KEYS.get(kind, ("id",))
    if len(names) == 1:
        return str(members.get(names[0], ""))
    return canonical.encode([members.get(name, "") for name in names]).decode()


def typed(kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """``members`` as dossier 1.6 decodes them: types checked, times in UTC and whole seconds, null optionals absent.

    Raises:
        MalformedInput: a required field is missing, or one has another type.
    """
    made = {name: value for name, value in members.items() if name not in FIELDS[kind]}
    for name, type in FIELDS[kind].items():
        value = members.get(name)
        if value is None:
            if not type.endswith("?"):
                raise MalformedInput(f"a {kind} has no {name}")
            continue
        made[name] = _value(f"{kind}.{name}", type[0], value)
    return made


def _value(name: str, type: str, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if type == "s" and isinstance(value, str):
        return value
    if type == "t" and isinstance(value, str):
        return time(name, value)
    if type == "b" and isinstance(value, bool):
        return value
    if type == "f" and number:
        return float(value)
    if type == "i" and number and value == int(value):
        return int(value)
    if type == "l" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    if type == "m" and isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return value
    raise MalformedInput(f"{name} has the wrong type")


def time(name: str, text: str) -> str:
    """A timestamp in the one form that is written: UTC, whole seconds (dossier section 3.4).

    Raises:
        MalformedInput: not a time.
    """
    from datetime import UTC, datetime

    found = _TIME.fullmatch(text)
    try:
        if not found:
            raise ValueError
        zone = (found[5] or "Z").upper()
        day = f"{found[1]}T{found[2] or '00'}:{found[3] or '00'}:{found[4] or '00'}"
        moment = datetime.fromisoformat(day + ("+00:00" if zone == "Z" else zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedInput(f"{name} is no time") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
