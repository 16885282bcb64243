"""The checks of the three files and of what is streamed out of them, by name."""

from __future__ import annotations

from satchel.formats.portable_ai_memory import models
from satchel.formats.portable_ai_memory.structure import Check, check_of

STORE_ARRAYS = frozenset({"memories", "relations", "conversations_index"})

#: The roots are checked without their large arrays, whose elements come by one at a time.
STORE: Check = check_of(models.Store, streamed=STORE_ARRAYS)
CONVERSATION: Check = check_of(models.Conversation, streamed=frozenset({"messages"}))
EMBEDDINGS: Check = check_of(models.Embeddings, streamed=frozenset({"embeddings"}))

MEMORY: Check = check_of(models.Memory)
RELATION: Check = check_of(models.Relation)
INDEX_ENTRY: Check = check_of(models.IndexEntry)
MESSAGE: Check = check_of(models.Message)
EMBEDDING: Check = check_of(models.Embedding)
