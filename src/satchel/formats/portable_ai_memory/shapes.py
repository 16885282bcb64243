"""The three documents as tables of checks (dossier 1.2 to 1.15, 6.1, 6.2)."""

from __future__ import annotations

from typing import Any

from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.structure import (
    Report,
    Shape,
    array,
    flag,
    number,
    numbers,
    text,
    time,
    tool_input,
)

_NAME = text(least=1)
_NOTE = text(null=True)
_PLATFORM = text(pattern=terms.PLATFORM)
_TAG = text(least=1, pattern=terms.TAG)
_SHARE = number(low=0, high=1)
_COUNT = number(low=0, whole=True, null=True)

OWNER = Shape(
    {"id": _NAME, "did": text(null=True, pattern=terms.DID), "created_at": time()},
    required=("id",),
)

_TEMPORAL = Shape(
    {
        "created_at": time(),
        "updated_at": time(null=True),
        "valid_from": time(null=True),
        "valid_until": time(null=True),
        "superseded_by": _NOTE,
    },
    required=("created_at",),
)
_CONFIDENCE = Shape(
    {
        "initial": _SHARE,
        "current": _SHARE,
        "decay_model": text(null=True, among=terms.DECAY_MODELS),
        "last_reinforced": time(null=True),
    }
)
_PROVENANCE = Shape(
    {
        "platform": _PLATFORM,
        "platform_user_id": _NOTE,
        "conversation_ref": _NOTE,
        "message_ref": _NOTE,
        "extraction_method": text(null=True, among=terms.EXTRACTION_METHODS),
        "extracted_at": time(null=True),
        "extractor": text(null=True, pattern=terms.SYSTEM),
    },
    required=("platform",),
)
_GRANT = Shape(
    {"entity": _NAME, "permissions": array(text(among=terms.PERMISSIONS), unique=True, least=1)},
    required=("entity", "permissions"),
)
_ACCESS = Shape({"visibility": text(among=terms.VISIBILITIES), "exportable": flag, "shared_with": array(_GRANT)})
_METADATA = Shape({"language": text(null=True, pattern=terms.LANGUAGE), "domain": _NOTE}, open=True)


def _custom_type(memory: Any, pointer: str, report: Report) -> None:
    """C-1 and C-2 of dossier 1.15; as the schema has it, a memory without a type counts as custom."""
    custom = memory.get("custom_type")
    if memory.get("type", "custom") == "custom":
        if not custom and "type" in memory:
            report.add("conditional", pointer, "C-1: a custom memory needs a custom_type")
    elif custom is not None:
        report.add("conditional", pointer, "C-2: only a custom memory has a custom_type")


MEMORY = Shape(
    {
        "id": _NAME,
        "type": text(among=terms.MEMORY_TYPES),
        "custom_type": text(null=True, least=1),
        "status": text(among=terms.STATUSES),
        "content": _NAME,
        "content_hash": text(pattern=terms.SHA256),
        "summary": _NOTE,
        "tags": array(_TAG, unique=True),
        "confidence": _CONFIDENCE,
        "temporal": _TEMPORAL,
        "provenance": _PROVENANCE,
        "access": _ACCESS,
        "embedding_ref": _NOTE,
        "metadata": _METADATA,
    },
    required=("id", "type", "content", "content_hash", "temporal", "provenance"),
    also=_custom_type,
)

RELATION = Shape(
    {
        "id": _NAME,
        "from": _NAME,
        "to": _NAME,
        "type": text(among=terms.RELATION_TYPES),
        "confidence": number(low=0, high=1, null=True),
        "created_at": time(),
    },
    required=("id", "from", "to", "type", "created_at"),
)

_TWO_TIMES = Shape({"created_at": time(), "updated_at": time(null=True)}, required=("created_at",))
_STORAGE_TYPE = text(among=terms.STORAGE_TYPES)

INDEX_ENTRY = Shape(
    {
        "id": _NAME,
        "platform": _PLATFORM,
        "title": _NOTE,
        "message_count": _COUNT,
        "temporal": _TWO_TIMES,
        "tags": array(_TAG),
        "derived_memories": array(_NAME),
        "storage": Shape({"type": _STORAGE_TYPE, "ref": _NAME, "format": _NOTE}, required=("type", "ref")),
    },
    required=("id", "platform", "temporal"),
)

INTEGRITY = Shape(
    {
        "checksum": text(pattern=terms.SHA256),
        "total_memories": number(low=0, whole=True),
        "canonicalization": text(among=("RFC8785",)),
    },
    required=("checksum", "total_memories"),
)

SIGNATURE = Shape(
    {
        "algorithm": text(among=terms.ALGORITHMS),
        "public_key": _NAME,
        "value": _NAME,
        "signed_at": time(),
        "key_id": _NOTE,
    },
    required=("algorithm", "public_key", "value", "signed_at"),
    null=True,
)


def _signed(store: Any, pointer: str, report: Report) -> None:
    """C-3 of dossier 1.15."""
    if type(store.get("signature")) is dict:
        for name in ("export_id", "export_date"):
            if type(store.get(name)) is not str:
                report.add("conditional", pointer, f"C-3: a signed store needs {name}")


def _streamed(value: Any, pointer: str, report: Report) -> None:
    """An array whose elements were checked one by one: what remains is that it is one."""
    if value is not None and type(value) is not list:
        report.add("type", pointer, "expected an array")
    elif value is None:
        report.add("null", pointer, "null is not allowed here; expected an array")


STORE = Shape(
    {
        "schema": text(const=terms.STORE_SCHEMA),
        "schema_version": text(pattern=terms.VERSION),
        "spec_uri": _NOTE,
        "export_id": _NOTE,
        "exported_by": text(null=True, pattern=terms.SYSTEM),
        "export_date": time(),
        "owner": OWNER,
        "memories": _streamed,
        "relations": _streamed,
        "conversations_index": _streamed,
        "integrity": INTEGRITY,
        "export_type": text(among=("full", "incremental")),
        "base_export_id": _NOTE,
        "since": time(null=True),
        "type_registry": _NOTE,
        "signature": SIGNATURE,
    },
    required=("schema", "schema_version", "owner", "memories"),
    also=_signed,
)

_CONTENT = Shape(
    {
        "type": text(among=terms.CONTENT_TYPES),
        "text": _NOTE,
        "parts": array(
            Shape(
                {
                    "type": text(among=terms.PART_TYPES),
                    "text": _NOTE,
                    "language": _NOTE,
                    "mime_type": _NOTE,
                    "ref": _NOTE,
                },
                required=("type",),
            )
        ),
    },
    required=("type",),
)
_ATTACHMENT = Shape(
    {
        "type": text(among=terms.ATTACHMENT_TYPES),
        "name": _NOTE,
        "mime_type": _NOTE,
        "size_bytes": _COUNT,
        "ref": _NOTE,
        "provider_id": _NOTE,
    },
    required=("type",),
)
_TOOL_CALL = Shape({"id": _NOTE, "name": _NAME, "input": tool_input, "output": _NOTE}, required=("name",))
_OPEN = Shape({}, open=True)

MESSAGE = Shape(
    {
        "id": _NAME,
        "provider_message_id": _NOTE,
        "role": text(among=terms.ROLES),
        "content": _CONTENT,
        "created_at": time(),
        "parent_id": _NOTE,
        "children_ids": array(_NAME),
        "model": _NOTE,
        "is_thought": flag,
        "token_count": _COUNT,
        "attachments": array(_ATTACHMENT),
        "citations": array(Shape({"title": _NOTE, "url": _NOTE, "snippet": _NOTE})),
        "tool_calls": array(_TOOL_CALL),
        "raw_metadata": _OPEN,
    },
    required=("id", "role", "created_at"),
)

CONVERSATION = Shape(
    {
        "schema": text(const=terms.CONVERSATION_SCHEMA),
        "schema_version": text(pattern=terms.VERSION),
        "id": _NAME,
        "provider": Shape(
            {"name": _PLATFORM, "conversation_id": _NOTE, "account_id": _NOTE, "export_format_version": _NOTE},
            required=("name",),
        ),
        "title": _NOTE,
        "temporal": _TWO_TIMES,
        "participants": array(
            Shape({"role": text(among=terms.ROLES), "name": _NOTE, "provider_id": _NOTE}, required=("role",))
        ),
        "messages": _streamed,
        "model": _NOTE,
        "system_instruction": _NOTE,
        "is_archived": flag,
        "tags": array(_TAG),
        "raw_metadata": _OPEN,
        "import_metadata": Shape(
            {
                "importer": text(null=True, pattern=terms.SYSTEM),
                "importer_version": _NOTE,
                "imported_at": time(null=True),
                "source_file": _NOTE,
                "source_checksum": text(null=True, pattern=terms.SHA256),
            }
        ),
    },
    required=("schema", "schema_version", "id", "provider", "temporal", "messages"),
)

EMBEDDINGS = Shape(
    {
        "schema": text(const=terms.EMBEDDINGS_SCHEMA),
        "schema_version": text(pattern=terms.VERSION),
        "embeddings": _streamed,
    },
    required=("schema", "schema_version", "embeddings"),
)
EMBEDDING = Shape(
    {
        "id": _NAME,
        "memory_id": _NAME,
        "model": _NAME,
        "dimensions": number(low=1, whole=True),
        "created_at": time(),
        "vector": numbers,
        "storage": Shape({"type": _STORAGE_TYPE, "ref": _NAME}, required=("type", "ref"), null=True),
    },
    required=("id", "memory_id", "model", "dimensions", "created_at"),
)
