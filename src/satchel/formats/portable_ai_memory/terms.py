"""The format's own words: names, patterns and closed lists (dossier 1.1 to 1.14, 6.1, 6.2).

Patterns are ECMA-262 and are used with ``fullmatch``: Python's ``$`` would let a trailing newline pass (dossier 1.1).
"""

from __future__ import annotations

import functools
import re
from typing import Literal, get_args

STORE_SCHEMA = "portable-ai-memory"
CONVERSATION_SCHEMA = "portable-ai-memory-conversation"
EMBEDDINGS_SCHEMA = "portable-ai-memory-embeddings"
SCHEMA_VERSION = "1.0"
SPEC_URI = "https://portable-ai-memory.org/spec/v1.0"

STORE_FILE = "memory-store.json"
EMBEDDINGS_FILE = "embeddings.json"
CONVERSATIONS_FOLDER = "conversations"
ATTACHMENTS_FOLDER = "attachments"
#: Of Satchel: whence each thing came, so that what comes back is known again. Other readers pass it over.
SIDECAR_FILE = "satchel.json"
#: Where packages of other standards ride along, so that the way back gives their bytes.
CAPSULES_FOLDER = "satchel"
CAPSULE_SUFFIX = ".capsule"

MemoryType = Literal[
    "fact",
    "preference",
    "skill",
    "context",
    "relationship",
    "goal",
    "instruction",
    "identity",
    "environment",
    "project",
    "custom",
]
Status = Literal["active", "superseded", "deprecated", "retracted", "archived"]
RelationType = Literal["supports", "contradicts", "extends", "supersedes", "related_to", "derived_from"]
ExtractionMethod = Literal["llm_inference", "explicit_user_input", "api_export", "browser_extraction", "manual"]
DecayModel = Literal["time_linear", "time_exponential", "none"]
Visibility = Literal["private", "shared", "public"]
Permission = Literal["read", "write", "delete"]
StorageType = Literal["file", "database", "object_storage", "vector_db", "uri"]
Algorithm = Literal["Ed25519", "ES256", "ES384", "RS256", "RS384", "RS512"]
ExportType = Literal["full", "incremental"]
Role = Literal["user", "assistant", "system", "tool"]
ContentType = Literal["text", "multipart"]
PartType = Literal["text", "image", "code", "file", "audio", "video"]
AttachmentType = Literal["file", "image", "audio", "video", "document"]

MEMORY_TYPES: tuple[str, ...] = get_args(MemoryType)
STATUSES: tuple[str, ...] = get_args(Status)
RELATION_TYPES: tuple[str, ...] = get_args(RelationType)
EXTRACTION_METHODS: tuple[str, ...] = get_args(ExtractionMethod)
DECAY_MODELS: tuple[str, ...] = get_args(DecayModel)
VISIBILITIES: tuple[str, ...] = get_args(Visibility)
PERMISSIONS: tuple[str, ...] = get_args(Permission)
STORAGE_TYPES: tuple[str, ...] = get_args(StorageType)
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
ROLES: tuple[str, ...] = get_args(Role)
CONTENT_TYPES: tuple[str, ...] = get_args(ContentType)
PART_TYPES: tuple[str, ...] = get_args(PartType)
ATTACHMENT_TYPES: tuple[str, ...] = get_args(AttachmentType)

VERSION = re.compile(r"[0-9]+\.[0-9]+(-(rc|alpha|beta)[0-9]*)?")
SYSTEM = re.compile(r"[a-zA-Z0-9_-]+/[0-9]+\.[0-9]+\.[0-9]+")
PLATFORM = re.compile(r"[a-z0-9_-]{2,32}")
TAG = re.compile(r"[a-z0-9][a-z0-9_-]*")
SHA256 = re.compile(r"sha256:[a-f0-9]{64}")
DID = re.compile(r"did:[a-z0-9]+:.+")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")

#: Companies that are taken for their products (dossier 1.8, X-38).
PRODUCTS = {
    "openai": "chatgpt",
    "anthropic": "claude",
    "google": "gemini",
    "microsoft": "copilot",
    "xai": "grok",
}

#: The member under ``metadata`` and ``raw_metadata`` that holds what is ours (dossier 8).
OURS = "satchel"
#: Integers beyond this have no RFC 8785 form (dossier 3.2).
MAX_INTEGER = (1 << 53) - 1


@functools.cache
def system_name() -> str:
    """``satchel/x.y.z`` as the pattern of ``exported_by`` wants it: no pre-release suffix (dossier 1.2)."""
    # Loading it takes longer than all else of this package, and only a writer asks.
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        version = version_of("satchel")
    except PackageNotFoundError:
        version = ""
    numbers = [*re.findall(r"\d+", version.split("+")[0])[:3], "0", "0", "0"][:3]
    return "satchel/" + ".".join(numbers)
