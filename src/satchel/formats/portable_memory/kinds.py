"""The fifteen kinds, tombstones and audit rows as one table (dossier 2, 4.1): it drives reading, writing and validating.

A field that is optional is absent or has a value; null is read as absent and never written. Everything else is required.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

Type = Literal["s", "t", "f", "i", "b", "s[]", "map", "op", "derived"]

_PYTHON: dict[str, Any] = {
    "s": str,
    "t": str,
    "f": float,
    "i": int,
    "b": bool,
    "s[]": list[str],
    "map": dict[str, str],
    "op": Literal["delete", "redact"],
}


class Field(NamedTuple):
    name: str
    type: Type
    optional: bool = False


class Kind(NamedTuple):
    """``key`` names the fields that identify a row; ``refs`` the fields that name rows of another kind; ``text`` those that
    hold what was said, empty in a redacted row's skeleton; ``parents`` the references that a row cannot exist without."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    refs: tuple[tuple[str, str], ...] = ()
    text: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The native members; others are foreign and are kept."""
        return _NAMES[self.name]

    @property
    def times(self) -> tuple[str, ...]:
        """The fields that are timestamps."""
        return _TIMES[self.name]

    @property
    def floats(self) -> tuple[str, ...]:
        """The fields that are numbers of any sort."""
        return _FLOATS[self.name]

    @property
    def counts(self) -> tuple[str, ...]:
        """The integer fields that the schemas bound below by 0."""
        return _COUNTS[self.name]


def _fields(text: str) -> tuple[Field, ...]:
    """Fields from ``name type`` pairs; a ``?`` behind the type makes one optional."""
    words = text.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(Field(name, type.rstrip("?"), type.endswith("?")) for name, type in pairs)  # type: ignore[arg-type]


_TABLE = (
    Kind(
        "context",
        _fields("archived b createdAt t id s label s parentID s?"),
        ("id",),
        (("parentID", "context"),),
        ("label",),
    ),
    Kind("category", _fields("description s name s"), ("name",), text=("description",)),
    Kind("preference", _fields("key s value s"), ("key",), text=("value",)),
    Kind("core", _fields("charBudget i content s id s version i"), ("id",), text=("content",)),
    Kind(
        "secretRef",
        _fields(
            "category s createdAt t encryptionMetadata s id s label s lastAccessed t? preview s sensitivity s",
        ),
        ("id",),
        text=("preview",),
    ),
    Kind(
        "entity",
        _fields("aliases s[] canonicalName s id s sensitivity s summary s type s updatedAt t"),
        ("id",),
        text=("canonicalName", "summary"),
    ),
    Kind(
        "episode",
        _fields(
            "accessCount i actors s[] categories s[] confidence f contextID s? deletedAt t? details s eventTime t"
            " expirationDate t? extractionState s id s importance f ingestionTime t lastAccessed t? lifecycleState s"
            " mentionTime t metadata map pinned b sensitivity s sourceID s? sourceType s speaker s? summary s vaultRefs s[]"
        ),
        ("id",),
        (("vaultRefs", "secretRef"),),
        ("details", "summary"),
    ),
    Kind(
        "resource",
        _fields("contentHash s created t id s mimeType s modified t summary s title s uri s"),
        ("id",),
        text=("summary", "title"),
    ),
    Kind(
        "chunk",
        _fields("contextPrefix s? id s position i resourceID s sensitivity s text s"),
        ("id",),
        (("resourceID", "resource"),),
        ("text",),
        ("resourceID",),
    ),
    Kind(
        "edge",
        _fields(
            "confidence f dstEntityID s edgeType s evidenceEpisodeIDs s[] id s ingestionTime t srcEntityID s supersededBy s?"
            " tValidFrom t tValidTo t?"
        ),
        ("id",),
        (
            ("dstEntityID", "entity"),
            ("evidenceEpisodeIDs", "episode"),
            ("srcEntityID", "entity"),
            ("supersededBy", "edge"),
        ),
        (),
        ("dstEntityID", "srcEntityID"),
    ),
    Kind(
        "fact",
        _fields(
            "confidence f createdAt t episodeID s eventTime t? id s importance f lastReinforcedAt t? object s predicate s"
            " prunedAt t? reconciledAt t? speaker s? subject s supersededBy s? tValidFrom t tValidTo t? text s"
        ),
        ("id",),
        (("episodeID", "episode"), ("supersededBy", "fact")),
        ("object", "subject", "text"),
        ("episodeID",),
    ),
    Kind(
        "factLink",
        _fields("createdAt t dstFactID s linkType s srcFactID s"),
        ("srcFactID", "dstFactID", "linkType"),
        (("dstFactID", "fact"), ("srcFactID", "fact")),
        (),
        ("dstFactID", "srcFactID"),
    ),
    Kind(
        "episodeLink",
        _fields("dstEpisodeID s linkType s srcEpisodeID s weight f"),
        ("srcEpisodeID", "dstEpisodeID", "linkType"),
        (("dstEpisodeID", "episode"), ("srcEpisodeID", "episode")),
        (),
        ("dstEpisodeID", "srcEpisodeID"),
    ),
    Kind(
        "procedure",
        _fields("enabled b failureCount i id s lastUsed t? name s steps s[] successCount i triggerPattern s"),
        ("id",),
        text=("name",),
    ),
    Kind(
        "community",
        _fields("id s label s memberEntityIDs s[] summary s"),
        ("id",),
        (("memberEntityIDs", "entity"),),
        ("label", "summary"),
    ),
)

#: The native kinds, parents before what refers to them (dossier 6.4 no. 7, with secretRef before the episodes that name it).
KINDS: dict[str, Kind] = {kind.name: kind for kind in _TABLE}

TOMBSTONE = Kind(
    "tombstone",
    _fields("actor s deletedAt t derived derived id s op op reason s? signature s? targetID s targetKind s"),
    ("id",),
)
AUDIT = Kind("audit", _fields("actor s op s reason s? targetID s ts t"), ())

#: The members of a tombstone's ``derived`` block, and the kind whose rows each list names ("" for what is no row).
DERIVED: dict[str, str] = {
    "chunkIDs": "chunk",
    "edgeIDs": "edge",
    "embeddingCacheKeys": "",
    "entityIDs": "entity",
    "episodeLinkCount": "",
    "factIDs": "fact",
    "sentenceIDs": "",
}
_NAMES = {kind.name: frozenset(field.name for field in kind.fields) for kind in (*_TABLE, TOMBSTONE, AUDIT)}
_TIMES = {kind.name: tuple(field.name for field in kind.fields if field.type == "t") for kind in (*_TABLE, TOMBSTONE, AUDIT)}
_FLOATS = {kind.name: tuple(field.name for field in kind.fields if field.type == "f") for kind in (*_TABLE, TOMBSTONE, AUDIT)}
_COUNTS = {kind.name: tuple(field.name for field in kind.fields if field.type == "i") for kind in (*_TABLE, TOMBSTONE, AUDIT)}

Derived: Any = msgspec.defstruct(
    "Derived",
    [(name, int, 0) if name.endswith("Count") else (name, list[str], msgspec.field(default_factory=list)) for name in DERIVED],
    gc=False,
)
_PYTHON["derived"] = Derived


def _struct(kind: Kind) -> Any:
    fields: list[Any] = []
    for field in kind.fields:
        type = _PYTHON[field.type]
        fields.append((field.name, type | None, None) if field.optional else (field.name, type))
    return msgspec.defstruct(kind.name.capitalize(), fields, kw_only=True, gc=False)


#: A type for each kind: ``msgspec.convert(value, TYPES[kind])`` checks a decoded row (dossier 1.6).
TYPES: dict[str, Any] = {kind.name: _struct(kind) for kind in (*_TABLE, TOMBSTONE, AUDIT)}


def _exact(kind: Kind) -> Any:
    types: dict[str, Any] = {**_PYTHON, "f": int | float}
    fields: list[Any] = []
    for field in kind.fields:
        type = types[field.type]
        fields.append((field.name, type | None, None) if field.optional else (field.name, type))
    return msgspec.defstruct(
        kind.name.capitalize(), fields, kw_only=True, gc=False, forbid_unknown_fields=True, omit_defaults=True
    )


#: As TYPES, of rows that hold native members alone; numbers keep the form that they came in. Fields stand in their canonical
#: order, so that a row is encoded as it is spelled.
EXACT: dict[str, Any] = {kind.name: _exact(kind) for kind in (*_TABLE, AUDIT)}
