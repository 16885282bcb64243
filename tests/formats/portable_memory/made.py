"""Rows of every kind, made by Hypothesis, and bundles of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis.strategies as st

from satchel.formats.portable_memory.kinds import DERIVED, KINDS, Kind
from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.trust.secrets import Secret

WHEN = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
HEAD = Head(created_at=WHEN, generator="satchel/test")
#: The published test key of the conformance vectors: seed 00 01 .. 1f.
TEST_KEY = Secret(bytes(range(32)))
TEST_PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(microsecond=0).isoformat() + "Z"
)
floats = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(0, 10**25)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "s": texts,
    "t": times,
    "f": floats,
    "i": integers,
    "b": st.booleans(),
    "s[]": st.lists(texts, max_size=3),
    "map": st.dictionaries(texts, texts, max_size=3),
    "op": st.sampled_from(["delete", "redact"]),
    "derived": st.fixed_dictionaries(
        {name: st.integers(0, 9) if name.endswith("Count") else st.lists(ids, max_size=2) for name in DERIVED}
    ),
}


def rows(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """Rows with every required field and some of the others."""
    required = {field.name: _VALUES[field.type] for field in kind.fields if not field.optional}
    optional = {field.name: _VALUES[field.type] for field in kind.fields if field.optional}
    for name in kind.key:
        required[name] = ids
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def contents(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(KINDS)) -> dict[str, list[dict[str, Any]]]:
    """Some rows of some kinds, no two of a kind with one key."""
    found = {}
    for name in draw(st.lists(st.sampled_from(kinds), unique=True, max_size=5)):
        kind = KINDS[name]
        key = lambda row, kind=kind: tuple(row[part] for part in kind.key)  # noqa: E731
        found[name] = draw(st.lists(rows(kind), min_size=1, max_size=4, unique_by=key))
    return found


def write(target: Path, content: dict[str, list[dict[str, Any]]], *, head: Head = HEAD, key: Secret | None = None) -> Path:
    """A bundle of these rows."""
    with BundleWriter(target, head) as writer:
        for kind, items in content.items():
            for row in items:
                if kind == "tombstone":
                    writer.add_tombstone(row)
                else:
                    writer.add(kind, row)
        writer.finish(key)
    return target


def episode(id: str = "ep_1", details: str = "Likes tea", **more: Any) -> dict[str, Any]:
    """A plain episode."""
    return {
        "accessCount": 0,
        "actors": [],
        "categories": [],
        "confidence": 0.7,
        "details": details,
        "eventTime": "2026-01-02T03:04:05Z",
        "extractionState": "done",
        "id": id,
        "importance": 0.5,
        "ingestionTime": "2026-01-02T03:04:05Z",
        "lifecycleState": "HOT",
        "mentionTime": "2026-01-02T03:04:05Z",
        "metadata": {},
        "pinned": False,
        "sensitivity": "low",
        "sourceType": "note",
        "summary": details,
        "vaultRefs": [],
        **more,
    }


def tombstone(target: str = "ep_1", kind: str = "episode", op: str = "delete", **more: Any) -> dict[str, Any]:
    """A tombstone for one row."""
    return {
        "actor": "user",
        "deletedAt": "2026-02-02T00:00:00Z",
        "id": f"tomb_{kind}_{target}",
        "op": op,
        "targetID": target,
        "targetKind": kind,
        **more,
    }


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


_PLAIN: dict[str, Any] = {
    "s": "x",
    "t": "2026-01-02T03:04:05Z",
    "f": 0.25,
    "i": 1,
    "b": True,
    "s[]": ["a", "b"],
    "map": {"k": "v"},
}


def plain(kind: Kind, **more: Any) -> dict[str, Any]:
    """A row with every field, the optional ones too."""
    return {**{field.name: _PLAIN[field.type] for field in kind.fields}, **more}
