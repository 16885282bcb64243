"""A selection in memory, and Hypothesis strategies for what it may hold: the writer's other half in these tests."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import strategies as st

from satchel.errors import NotFound
from satchel.formats.base import Homeward, LogEntry, SourceNote, State
from satchel.model import bodies
from satchel.model.ids import make_uid
from satchel.model.packages import CarriedFile
from satchel.model.record import Access, Grant, Link, Origin, Provenance, Record, Times

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHARED = Path(__file__).parents[3].parent / "shared" / "conformance" / "portable-ai-memory"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared conformance data is not on this machine")


def uid(name: str) -> str:
    return make_uid("test", name)


@dataclasses.dataclass
class Bag:
    """Selection over a list of records."""

    items: list[Record]
    blobs: dict[str, bytes] = dataclasses.field(default_factory=dict)
    said: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    notes: dict[str, SourceNote] = dataclasses.field(default_factory=dict)
    owner_id: str = "6f1d3c1e-8c1b-4f7e-9a55-0d6f1a2b3c4d"
    changed_at: datetime = NOON + timedelta(days=9)

    def __post_init__(self) -> None:
        self.by_uid = {record.uid: record for record in self.items}

    @property
    def state(self) -> State:
        return State(self.owner_id, 9)

    def brought_by(self, uid: str) -> int:
        return 1 if uid in self.by_uid else 0

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:
        return iter(())

    def log(self, after: int = 0) -> Iterator[LogEntry]:
        return iter(())

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:
        return iter(())

    def carried(self, format: str) -> list[CarriedFile]:
        return []

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        raise NotFound("no such file")

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        return iter(sorted((r for r in self.by_uid.values() if r.kind in kinds), key=lambda r: r.uid))

    def messages(self, conversation: str) -> Iterator[Record]:
        found = (r for r in self.by_uid.values() if r.kind == "message" and r.linked("part_of") == conversation)
        return iter(sorted(found, key=lambda r: (r.body.position, r.uid)))

    def get(self, uid: str) -> Record | None:
        return self.by_uid.get(uid)

    def unmapped(self, record: Record) -> Mapping[str, Any]:
        return self.said.get(record.uid, {})

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:
        return None

    def native(self, record: Record) -> bytes | None:
        return None

    def source(self, record: Record) -> SourceNote | None:
        return self.notes.get(record.uid)

    def earlier(self, format: str, after: int = 0) -> Iterator[list[Homeward]]:
        return iter(())

    def homeward(self, format: str, after: int = 0) -> Iterator[Homeward]:
        return iter(())

    def buried_by_others(self, uid: str) -> bool:
        return self.buried(uid)

    def buried(self, uid: str) -> bool:
        return False

    def tombstones(self, format: str) -> Iterator[bytes]:
        return iter(())

    def open_blob(self, digest: str) -> BinaryIO:
        if digest not in self.blobs:
            raise NotFound("no such blob")
        return io.BytesIO(self.blobs[digest])


def record(name: str, body: Any, **fields: Any) -> Record:
    fields.setdefault("origin", Origin(format="chatgpt", version="1", id=name))
    fields.setdefault("times", Times(created=NOON))
    return Record(uid=uid(name), body=body, **fields)


def memory(name: str, text: str = "Likes tea", **fields: Any) -> Record:
    return record(name, bodies.Memory(text=text), **fields)


def conversation(name: str = "talk", **fields: Any) -> Record:
    return record(name, bodies.Conversation(title="A talk"), **fields)


def message(name: str, *parts: bodies.Part, talk: str = "talk", parent: str = "", position: int = 0, **fields: Any) -> Record:
    own = {key: fields.pop(key) for key in ("role", "is_hidden", "model", "author") if key in fields}
    above = uid(parent) if parent else ""
    body = bodies.Message(parts=parts, parent=above, position=position, **{"role": "user", **own})
    return record(name, body, links=(Link("part_of", uid(talk)),), **fields)


def text(words: str, **fields: Any) -> bodies.Part:
    return bodies.Part(type="text", text=words, **fields)


def files(folder: Path) -> dict[str, bytes]:
    """Everything under a folder: the tree, to compare."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def store(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "memory-store.json").read_bytes())


def talks(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((folder / "conversations").glob("*.json"))]


# Text as it comes: any scalar value, no lone surrogates (the readers let none in).
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
some_words = words.filter(lambda value: value.strip())
names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"])
moments = st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)).map(lambda m: m.replace(tzinfo=UTC))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
times = st.builds(
    Times, created=moments, updated=moments, observed=moments, valid_from=moments, valid_to=moments, recorded=moments
)
accesses = st.builds(
    Access,
    visibility=st.sampled_from(["private", "shared", "public"]),
    exportable=st.sampled_from([True, True, True, False]),
    grants=st.lists(
        st.builds(Grant, entity=words, permissions=st.lists(st.sampled_from(["read", "write"])).map(tuple)), max_size=2
    ).map(tuple),
    sensitivity=st.sampled_from(["", "high"]),
)
links = st.lists(
    st.builds(
        Link,
        type=st.sampled_from(
            ["derived_from", "evidence", "supports", "contradicts", "extends", "supersedes", "part_of", "related_to"]
        ),
        to=names.map(uid),
    ),
    max_size=3,
).map(tuple)
provenances = st.builds(
    Provenance,
    platform=st.sampled_from(["", "chatgpt", "OpenAI", "Le Chat", "x", "x" * 40]),
    account=words,
    conversation=st.sampled_from(["", uid("t0"), uid("t1"), uid("gone")]),
    message=st.sampled_from(["", uid("t0-0"), uid("t1-1"), uid("gone")]),
    method=st.sampled_from(["", "manual", "llm_inference"]),
    extractor=st.sampled_from(["", "mine/1.2.3", "no version"]),
    actor=words,
)
citations = st.builds(
    bodies.Citation,
    title=words,
    url=words,
    snippet=words,
    start=st.none() | st.integers(-1, 9),
    end=st.none() | st.integers(-1, 9),
    marker=st.sampled_from(["", "[1]", "\ue200cite\ue201"]),
)
parts = st.builds(
    bodies.Part,
    type=st.sampled_from(
        [
            "text",
            "code",
            "reasoning",
            "reasoning_summary",
            "tool_call",
            "tool_result",
            "transcript",
            "quote",
            "context",
            "error",
            "image",
            "audio",
            "video",
            "file",
        ]
    ),
    text=words | words.map(lambda w: f"[1]{w}\ue200cite\ue201"),
    data=st.none() | json_values,
    name=words,
    call=st.sampled_from(["", "c1", "c2"]),
    language=st.sampled_from(["", "python"]),
    media_type=st.sampled_from(["", "image/png", "text/plain"]),
    size_bytes=st.none() | st.integers(-1, 99),
    url=words,
    ref=words,
    asset=st.sampled_from(["", uid("file"), uid("gone")]),
    is_error=st.booleans(),
    citations=st.lists(citations, max_size=2).map(tuple),
)
statements = st.one_of(
    st.builds(
        bodies.Memory,
        text=words,
        type=st.sampled_from(["fact", "preference", "episode", "custom", "identity"]),
        custom_type=words,
        title=words,
        subject=words,
        confidence=st.none() | st.floats(-1, 2),
        salience=st.none() | st.floats(0, 1),
    ),
    st.builds(bodies.Instruction, text=words, title=words),
    st.builds(bodies.Profile, text=words),
    st.builds(bodies.Scope, name=words, type=st.sampled_from(["project", "assistant"]), text=words),
    st.builds(bodies.Document, name=words, text=words, blob=st.sampled_from(["", "blob"])),
    st.builds(bodies.Skill, name=words, description=words, text=words),
    st.builds(bodies.Procedure, name=words, steps=st.lists(words, max_size=2).map(tuple), enabled=st.booleans()),
    st.builds(bodies.Task, title=words, text=words, state=words),
    st.builds(bodies.Entity, name=words, type=words, aliases=st.lists(words, max_size=2).map(tuple), text=words),
    st.builds(
        bodies.Relation,
        source=names.map(uid),
        target=names.map(uid),
        type=st.sampled_from(["extends", "likes"]),
        confidence=st.none() | st.floats(-1, 2),
    ),
    st.builds(bodies.Setting, name=words, value=json_values),
)
tags = st.lists(st.sampled_from(["tea", "Tea", "two words", "茶", "-x", "a_b"]), max_size=3).map(tuple)


@st.composite
def bags(draw: st.DrawFn) -> Bag:
    """Selections with up to eight statements, two conversations of up to five messages, and a file."""
    items: list[Record] = []
    said: dict[str, dict[str, Any]] = {}
    header = {
        "times": times,
        "status": st.sampled_from(["active", "superseded", "deprecated", "retracted", "archived"]),
        "access": accesses,
        "tags": tags,
        "language": st.sampled_from(["", "en", "pt-BR", "es-419"]),
        "scope": st.just("") | names.map(uid),
        "trust": st.sampled_from(["own", "imported", "untrusted"]),
    }

    def one(name: str, body: Any, **fields: Any) -> None:
        drawn = {key: draw(strategy) for key, strategy in header.items()}
        items.append(record(name, body, **{**drawn, **fields}))
        if draw(st.booleans()):
            said[uid(name)] = draw(st.dictionaries(words, json_values, max_size=2))

    for name in draw(st.sets(names)):
        one(name, draw(statements), links=draw(links), provenance=draw(provenances))
    for talk in range(draw(st.integers(0, 2))):
        count = draw(st.integers(0, 5))
        body = bodies.Conversation(title=draw(words), model=draw(words), current=uid(f"t{talk}-0"), summary=draw(words))
        one(f"t{talk}", body, provenance=draw(provenances))
        for index in range(count):
            parent = draw(st.sampled_from(["", "gone", *(f"t{talk}-{i}" for i in range(count))]))
            body = bodies.Message(
                role=draw(st.sampled_from(["user", "assistant", "system", "tool"])),
                parts=draw(st.lists(parts, max_size=5).map(tuple)),
                parent=uid(parent) if parent else "",
                position=index,
                is_hidden=draw(st.booleans()),
                author=draw(words),
            )
            one(f"t{talk}-{index}", body, links=(Link("part_of", uid(f"t{talk}")),))
    if draw(st.booleans()):
        one("file", bodies.Document(name=draw(words), blob="blob", text=""))
    return Bag(items, blobs={"blob": b"bytes"}, said=said)
