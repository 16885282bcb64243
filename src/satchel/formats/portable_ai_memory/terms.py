"""The format's own words: names, patterns and closed lists (dossier 1.1 to 1.14, 6.1, 6.2).

Patterns are ECMA-262 and are used with ``fullmatch``: Python's ``$`` would let a trailing newline pass (dossier 1.1).
"""

from __future__ import annotations

import functools
import importlib.metadata
import re

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

MEMORY_TYPES = (
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
)
STATUSES = ("active", "superseded", "deprecated", "retracted", "archived")
RELATION_TYPES = ("supports", "contradicts", "extends", "supersedes", "related_to", "derived_from")
EXTRACTION_METHODS = ("llm_inference", "explicit_user_input", "api_export", "browser_extraction", "manual")
DECAY_MODELS = ("time_linear", "time_exponential", "none")
VISIBILITIES = ("private", "shared", "public")
PERMISSIONS = ("read", "write", "delete")
STORAGE_TYPES = ("file", "database", "object_storage", "vector_db", "uri")
ALGORITHMS = ("Ed25519", "ES256", "ES384", "RS256", "RS384", "RS512")
ROLES = ("user", "assistant", "system", "tool")
CONTENT_TYPES = ("text", "multipart")
PART_TYPES = ("text", "image", "code", "file", "audio", "video")
ATTACHMENT_TYPES = ("file", "image", "audio", "video", "document")

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
    try:
        version = importlib.metadata.version("satchel")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    numbers = [*re.findall(r"\d+", version.split("+")[0])[:3], "0", "0", "0"][:3]
    return "satchel/" + ".".join(numbers)
