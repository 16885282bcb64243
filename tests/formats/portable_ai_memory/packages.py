"""Packages of our own making, right by the dossier: hashes and checksums come from other code than ours."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import rfc8785
from hypothesis import strategies as st

from satchel.model.ids import make_uid
from satchel.model.record import Record
from satchel.vault.sqlite.store import SqliteStore

OWNER = "550e8400-e29b-41d4-a716-446655440000"
FORMAT = "portable-ai-memory"


def content_hash(content: str) -> str:
    """Dossier 2.1, word for word."""
    text = unicodedata.normalize("NFC", content.strip().lower())
    return "sha256:" + hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def checksum(memories: list[dict[str, Any]]) -> str:
    """Dossier 3.1, by the reference RFC 8785 library."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(sorted(memories, key=lambda memory: memory["id"]))).hexdigest()


def memory(id: str = "m1", content: str = "Likes tea", **members: Any) -> dict[str, Any]:
    return {
        "id": id,
        "type": "fact",
        "content": content,
        "content_hash": content_hash(content),
        "temporal": {"created_at": "2026-01-02T03:04:05Z"},
        "provenance": {"platform": "chatgpt"},
        **members,
    }


def relation(id: str, source: str, target: str, **members: Any) -> dict[str, Any]:
    return {"id": id, "from": source, "to": target, "type": "extends", "created_at": "2026-01-02T03:04:05Z", **members}


def message(id: str, text: str = "Hello", **members: Any) -> dict[str, Any]:
    content = {"type": "text", "text": text}
    return {"id": id, "role": "user", "created_at": "2026-01-02T03:04:05Z", "content": content, **members}


def talk(id: str, *messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "schema": "portable-ai-memory-conversation",
        "schema_version": "1.0",
        "id": id,
        "provider": {"name": "claude"},
        "title": "A talk",
        "temporal": {"created_at": "2026-01-02T03:04:05Z"},
        "messages": list(messages),
        **members,
    }


def entry(conversation: dict[str, Any], *derived: str, ref: str = "") -> dict[str, Any]:
    return {
        "id": conversation["id"],
        "platform": conversation["provider"]["name"],
        "title": conversation.get("title"),
        "message_count": len(conversation["messages"]),
        "temporal": conversation["temporal"],
        "tags": conversation.get("tags", []),
        "derived_memories": list(derived),
        "storage": {"type": "file", "ref": ref or f"conversations/{conversation['id']}.json", "format": "json"},
    }


def store(*memories: dict[str, Any], owner: str = OWNER, **members: Any) -> dict[str, Any]:
    return {
        "schema": FORMAT,
        "schema_version": "1.0",
        "owner": {"id": owner},
        "memories": list(memories),
        "integrity": {"checksum": checksum(list(memories)), "total_memories": len(memories)},
        **members,
    }


class Package(NamedTuple):
    """A whole package; ``files`` by path, a JSON value or bytes."""

    store: dict[str, Any]
    files: Mapping[str, Any] = MappingProxyType({})

    def folder(self, path: Path) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        for name, data in self.all().items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path

    def zip(self, path: Path, prefix: str = "") -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.all().items():
                archive.writestr(prefix + name, data)
        return path

    def all(self) -> dict[str, bytes]:
        files = {"memory-store.json": self.store, **self.files}
        return {
            name: data if isinstance(data, bytes) else json.dumps(data, indent=1, ensure_ascii=False).encode()
            for name, data in files.items()
        }


def uid(kind: str, *ids: str, owner: str = OWNER) -> str:
    """The uid that the design asks for: owner's id space, then the id."""
    return make_uid(FORMAT, owner, kind, *ids)


def got(store: SqliteStore, kind: str, *ids: str, owner: str = OWNER) -> Record:
    record = store.get(uid(kind, *ids, owner=owner))
    assert record is not None
    return record


def by_id(values: list[dict[str, Any]] | None) -> dict[str, dict[str, Any]]:
    return {value["id"]: value for value in values or []}


TIMES = (
    "1999-12-31T23:59:59+05:30",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.1Z",
    "2026-01-02t03:04:06.123456789z",
    "2027-01-02T03:04:05-08:00",
)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ids = st.one_of(st.uuids().map(str), words)
notes = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e300, 1e300)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
tags = st.lists(st.sampled_from(["tea", "a_b", "x-1"]), unique=True, max_size=3)
shares = st.sampled_from([0, 1, 0.5, 0.25])


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of the members."""
    return st.fixed_dictionaries({}, optional=members)


@st.composite
def memories(draw: st.DrawFn, id: str, others: list[str], talks: list[str]) -> dict[str, Any]:
    """A memory with any members, nulls and unknown metadata among them."""
    content = draw(words)
    first, second = sorted(draw(st.tuples(st.integers(0, 4), st.integers(0, 4))))
    custom = draw(st.booleans())
    superseded = draw(st.none() | st.sampled_from(others))
    value: dict[str, Any] = {
        "id": id,
        "type": "custom" if custom else draw(st.sampled_from(["fact", "preference", "skill", "instruction", "identity"])),
        "content": content,
        "content_hash": content_hash(content),
        "temporal": {
            "created_at": TIMES[first],
            **draw(some(updated_at=st.sampled_from([None, TIMES[second]]), valid_from=st.none())),
            **({"superseded_by": superseded} if superseded or draw(st.booleans()) else {}),
        },
        "provenance": {
            "platform": draw(st.sampled_from(["chatgpt", "claude", "portable-memory"])),
            **draw(some(platform_user_id=notes, extraction_method=st.sampled_from([None, "manual"]), extractor=st.none())),
            **({"conversation_ref": draw(st.sampled_from(talks))} if talks and draw(st.booleans()) else {}),
        },
        **draw(
            some(
                status=st.sampled_from(["active", "superseded", "deprecated", "retracted", "archived"]),
                summary=notes,
                tags=tags,
                confidence=some(initial=shares, current=shares, decay_model=st.sampled_from([None, "none", "time_linear"])),
                access=some(
                    visibility=st.sampled_from(["private", "shared", "public"]),
                    exportable=st.just(True),
                    shared_with=st.lists(
                        st.fixed_dictionaries({"entity": words, "permissions": st.just(["read", "delete"])}), max_size=2
                    ),
                ),
                metadata=st.dictionaries(words, values, max_size=3).map(
                    lambda found: {**{k: v for k, v in found.items() if k not in ("language", "domain")}, "language": "pt-BR"}
                ),
            )
        ),
    }
    if custom:
        value["custom_type"] = draw(words)
    elif draw(st.booleans()):
        value["custom_type"] = None
    return value


@st.composite
def messages(draw: st.DrawFn, id: str, before: list[str]) -> dict[str, Any]:
    parent = draw(st.none() | st.sampled_from(before)) if before else None
    part = some(text=notes, language=notes, mime_type=notes, ref=notes)
    kinds = st.sampled_from(["text", "image", "code", "file", "audio", "video"])
    parts = st.lists(st.tuples(kinds, part).map(lambda found: {"type": found[0], **found[1]}), max_size=3)
    content = st.one_of(
        some(text=notes).map(lambda found: {"type": "text", **found}),
        parts.map(lambda found: {"type": "multipart", "parts": found}),
    )
    attachment = some(name=notes, size_bytes=st.integers(0, 9), ref=st.sampled_from(["attachments/a b.png", "elsewhere"]))
    call = some(id=notes, input=st.none() | words | st.dictionaries(words, values, max_size=2), output=notes)
    return {
        "id": id,
        "role": draw(st.sampled_from(["user", "assistant", "system", "tool"])),
        "created_at": draw(st.sampled_from(TIMES)),
        **({"parent_id": parent} if parent or draw(st.booleans()) else {}),
        **draw(
            some(
                content=content,
                model=notes,
                is_thought=st.booleans(),
                token_count=st.none() | st.integers(0, 9),
                provider_message_id=notes,
                attachments=st.lists(attachment.map(lambda found: {"type": "image", **found}), max_size=2),
                citations=st.lists(some(title=notes, url=notes, snippet=notes), max_size=2),
                tool_calls=st.lists(call.map(lambda found: {"name": "search", **found}), max_size=2),
                raw_metadata=st.dictionaries(words | st.just("satchel"), values, max_size=2),
            )
        ),
    }


@st.composite
def packages(draw: st.DrawFn, *, owner: str = OWNER) -> Package:
    """Whole packages that are right: up to five memories, their relations and embeddings, up to two conversations."""
    own = draw(st.lists(ids, unique=True, max_size=5))
    names = draw(st.lists(st.uuids().map(str) | st.sampled_from(["a", "Talk 1", "ü"]), unique=True, max_size=2))
    files: dict[str, Any] = {}
    talks = []
    for name in names:
        message_ids = draw(st.lists(ids, unique=True, max_size=4))
        said = [draw(messages(id, message_ids[:at])) for at, id in enumerate(message_ids)]
        conversation = talk(
            name, *said, **draw(some(model=notes, is_archived=st.booleans(), tags=tags, raw_metadata=st.just({})))
        )
        files[f"conversations/{name}.json"] = conversation
        talks.append(conversation)
    said = [draw(memories(id, own, names)) for id in own]
    index = []
    for conversation in talks:
        derived = [m["id"] for m in said if m["provenance"].get("conversation_ref") == conversation["id"]]
        index.append(entry(conversation, *derived))
    ends = st.tuples(st.sampled_from(own or [""]), st.sampled_from(own or [""]))
    relations = []
    if own:
        relations = [
            relation(id, *draw(ends), **draw(some(confidence=st.none() | shares)))
            for id in draw(st.lists(ids, unique=True, max_size=3))
        ]
    if own and draw(st.booleans()):
        vector = {"id": "e1", "memory_id": own[0], "model": "m", "dimensions": 2, "created_at": TIMES[1], "vector": [0.5, -1]}
        files["embeddings.json"] = {
            "schema": "portable-ai-memory-embeddings",
            "schema_version": "1.0",
            "embeddings": [vector],
        }
        said[0]["embedding_ref"] = "e1"
    if draw(st.booleans()):
        files["attachments/a b.png"] = b"\x89PNG"
    whole = store(*said, owner=owner, relations=relations, conversations_index=index)
    return Package(whole, files)
