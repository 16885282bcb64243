"""A memory store as a package folder: memories of every type and in every state, relations of every type, conversations with
branches, reasoning, tools and files, embeddings and attachments, each with every member and with the required ones alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, get_args

from satchel.codec import canonical
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.hashing import content_hash
from satchel.move.fidelity.generated.words import Words

_RELATIONS: tuple[str, ...] = get_args(terms.RelationType)
_TYPES: tuple[str, ...] = get_args(terms.MemoryType)
_STATUSES: tuple[str, ...] = get_args(terms.Status)
_METHODS: tuple[str, ...] = get_args(terms.ExtractionMethod)
_DECAYS: tuple[str, ...] = get_args(terms.DecayModel)
_VISIBILITIES: tuple[str, ...] = get_args(terms.Visibility)


def write(target: Path, *, memories: int = 2 * len(_TYPES), seed: str = "portable-ai-memory") -> Path:
    """Make the package in the folder ``target``."""
    words = Words(seed)
    talks = [_conversation(words, full=True), _conversation(words, full=False)]
    said = sorted((_memory(number, words, talks) for number in range(memories)), key=lambda memory: str(memory["id"]))
    _supersede(said)
    said[0]["embedding_ref"] = words.id("emb-")
    files: dict[str, bytes] = {f"conversations/{talk['id']}.json": _written(talk) for talk in talks}
    files["embeddings.json"] = _written(_embeddings(said[0], words))
    files["attachments/plan.png"] = b"\x89PNG\r\n\x1a\n" + words.bytes(100)
    files[terms.STORE_FILE] = _written(_store(said, talks, words))
    for name, data in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
    return target


def _written(value: Any) -> bytes:
    """As the reference SDK spells its files."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def _store(said: list[dict[str, Any]], talks: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    relations = [
        {
            "id": words.uuid(),
            "from": said[number]["id"],
            "to": said[number + 1]["id"],
            "type": type,
            **({"confidence": words.share()} if number % 2 else {}),
            "created_at": words.time(),
        }
        for number, type in enumerate(_RELATIONS)
    ]
    return {
        "schema": terms.STORE_SCHEMA,
        "schema_version": "1.0",
        "spec_uri": "https://portable-ai-memory.org/spec/v1.0",
        "export_id": words.uuid(),
        "exported_by": "example/1.0.0",
        "export_date": "2026-11-01T00:00:00Z",
        "owner": {"id": words.uuid(), "did": "did:example:owner", "created_at": words.time()},
        "memories": said,
        "relations": relations,
        "conversations_index": [_entry(talk, said) for talk in talks],
        "integrity": {
            "canonicalization": "RFC8785",
            "checksum": "sha256:" + hashlib.sha256(canonical.encode(said, "jcs")).hexdigest(),
            "total_memories": len(said),
        },
        "export_type": "full",
        "type_registry": "https://example.org/types.json",
    }


def _memory(number: int, words: Words, talks: list[dict[str, Any]]) -> dict[str, Any]:
    type = _TYPES[number % len(_TYPES)]
    content = words.lines() if number % 5 == 0 else words.sentence()
    memory: dict[str, Any] = {
        "id": words.uuid(),
        "type": type,
        "content": content,
        "content_hash": content_hash(content),
        "temporal": {"created_at": words.time()},
        "provenance": {"platform": "example"},
    }
    if type == "custom":
        memory["custom_type"] = words.word()
    if number >= len(_TYPES):
        return memory
    talk = talks[number % len(talks)]
    memory |= {
        "status": _STATUSES[number % len(_STATUSES)],
        "summary": words.sentence(),
        "tags": [f"tag-{number}", "tea"],
        "confidence": {
            "initial": 0.9,
            "current": words.share(),
            "decay_model": _DECAYS[number % len(_DECAYS)],
            "last_reinforced": words.time(),
        },
        "temporal": {
            "created_at": "2023-01-02T03:04:05.123456Z",
            "updated_at": words.time(microseconds=True),
            "valid_from": "2023-01-01T00:00:00Z",
            "valid_until": "2039-01-01T00:00:00Z",
        },
        "provenance": {
            "platform": "example",
            "platform_user_id": words.id("user-"),
            "conversation_ref": talk["id"],
            "message_ref": talk["messages"][0]["id"],
            "extraction_method": _METHODS[number % len(_METHODS)],
            "extracted_at": words.time(),
            "extractor": "extractor/1.2.3",
        },
        "access": {
            "visibility": _VISIBILITIES[number % len(_VISIBILITIES)],
            "exportable": True,
            "shared_with": [{"entity": f"agent-{number}", "permissions": ["read", "write"]}],
        },
        "metadata": {
            "language": ("en", "pt-BR", "zh-Hans")[number % 3],
            "domain": words.word(),
            "x-example": {"n": [1, 2.5, None], "text": words.sentence()},
        },
    }
    if memory["access"]["visibility"] == "private":
        del memory["access"]["shared_with"]
    return memory


def _supersede(said: list[dict[str, Any]]) -> None:
    """What was superseded names what took its place."""
    active = next(memory["id"] for memory in said if memory.get("status") == "active")
    for memory in said:
        if memory.get("status") == "superseded":
            memory["temporal"]["superseded_by"] = active


def _embeddings(memory: dict[str, Any], words: Words) -> dict[str, Any]:
    vector = {
        "id": memory["embedding_ref"],
        "memory_id": memory["id"],
        "model": "e5",
        "dimensions": 4,
        "created_at": words.time(),
        "vector": [0.5, -0.25, 0.125, 1.0],
    }
    return {"schema": terms.EMBEDDINGS_SCHEMA, "schema_version": "1.0", "embeddings": [vector]}


def _entry(talk: dict[str, Any], said: list[dict[str, Any]]) -> dict[str, Any]:
    entry = {
        "id": talk["id"],
        "platform": talk["provider"]["name"],
        "temporal": talk["temporal"],
        "message_count": len(talk["messages"]),
        "derived_memories": [memory["id"] for memory in said if memory["provenance"].get("conversation_ref") == talk["id"]],
        "storage": {"type": "file", "ref": f"conversations/{talk['id']}.json", "format": "json"},
    }
    if "title" in talk:
        entry |= {"title": talk["title"], "tags": talk["tags"]}
    return entry


def _conversation(words: Words, *, full: bool) -> dict[str, Any]:
    conversation: dict[str, Any] = {
        "schema": "portable-ai-memory-conversation",
        "schema_version": "1.0",
        "id": words.uuid(),
        "provider": {"name": "example"},
        "temporal": {"created_at": words.time()},
        "messages": _in_time(_messages(words) if full else [_message(words, "user"), _message(words, "assistant")]),
    }
    if full:
        conversation |= {
            "provider": {
                "name": "example",
                "conversation_id": words.id("conv-"),
                "account_id": words.id("acc-"),
                "export_format_version": "3",
            },
            "title": words.sentence(),
            "temporal": {"created_at": "2023-01-02T03:04:05Z", "updated_at": words.time()},
            "participants": [
                {"role": "user", "name": words.name(), "provider_id": words.id("p-")},
                {"role": "assistant", "name": words.name(), "provider_id": None},
            ],
            "model": "example-1",
            "system_instruction": words.sentence(),
            "is_archived": True,
            "tags": ["tea", "plans"],
            "raw_metadata": {"x-example": {"n": 1}},
            "import_metadata": {
                "importer": "example/1.0.0",
                "importer_version": "1",
                "imported_at": words.time(),
                "source_file": "export.zip",
                "source_checksum": "sha256:" + words.bytes(32).hex(),
            },
        }
    return conversation


def _message(words: Words, role: str, **members: Any) -> dict[str, Any]:
    content = {"type": "text", "text": words.sentence()}
    return {"id": words.uuid(), "role": role, "content": content, "created_at": words.time(), **members}


def _messages(words: Words) -> list[dict[str, Any]]:
    """A talk that forks: two answers to one question, one with reasoning and a tool."""
    system = _message(words, "system", parent_id=None)
    question = _message(
        words,
        "user",
        parent_id=system["id"],
        provider_message_id=words.id("m-"),
        attachments=[
            {
                "type": "image",
                "name": "plan.png",
                "mime_type": "image/png",
                "size_bytes": 108,
                "ref": "attachments/plan.png",
                "provider_id": words.id("file-"),
            }
        ],
    )
    question["content"] = {
        "type": "multipart",
        "parts": [
            {"type": "text", "text": words.lines()},
            {"type": "code", "text": "print(1)\n", "language": "python"},
            {"type": "image", "mime_type": "image/png", "ref": "attachments/plan.png"},
        ],
    }
    thought = _message(words, "assistant", parent_id=question["id"], is_thought=True, model="example-1")
    call = {"name": "search", "id": words.id("call-"), "input": {"q": words.word()}, "output": words.sentence()}
    answer = _message(
        words,
        "assistant",
        parent_id=thought["id"],
        model="example-1",
        token_count=17,
        citations=[{"title": words.name(), "url": "https://example.org/a", "snippet": words.sentence()}],
        tool_calls=[call],
        raw_metadata={"x-example": [1, "two"]},
    )
    tool = _message(words, "tool", parent_id=answer["id"])
    other = _message(words, "assistant", parent_id=question["id"], model="example-2")
    messages = [system, question, thought, answer, tool, other]
    for message in messages:
        children = [each["id"] for each in messages if each.get("parent_id") == message["id"]]
        if children:
            message["children_ids"] = children
    return messages


def _in_time(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same messages, each later than the one before."""
    for message, time in zip(messages, sorted(message["created_at"] for message in messages), strict=True):
        message["created_at"] = time
    return messages
