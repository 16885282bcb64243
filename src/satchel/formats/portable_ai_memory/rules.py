"""The rules beyond structure, X-01 to X-41 of dossier 1.16, C-4 and C-5 of 1.15, and a few of our own, as one table.

A finding's ``code`` is the rule's short name, its text begins with the rule's id. Findings on structure have codes that
begin with ``schema-``.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.errors import Place
from satchel.model.findings import Finding, Severity


class Rule(NamedTuple):
    id: str
    severity: Severity
    text: str


RULES: dict[str, Rule] = {
    "id-unique": Rule("X-01", "error", "two memories have the same id"),
    "relation-id-unique": Rule("X-02", "error", "two relations have the same id"),
    "conversation-id-unique": Rule("X-03", "error", "two index entries have the same id"),
    "relation-end": Rule("X-04", "error", "a relation's end is no memory of this store"),
    "relation-self": Rule("X-05", "warning", "a relation's two ends are the same memory"),
    "conversation-ref": Rule("X-06", "error", "provenance.conversation_ref names no index entry"),
    "superseded-by": Rule("X-07", "error", "temporal.superseded_by names no memory of this store"),
    "derived-memory": Rule("X-08", "error", "derived_memories names no memory of this store"),
    "derived-missing": Rule("X-09", "warning", "a memory refers to a conversation that does not list it"),
    "derived-extra": Rule("X-10", "warning", "a conversation lists a memory that does not refer to it"),
    "content-hash": Rule("X-11", "error", "content_hash is not the hash of the content"),
    "integrity-total": Rule("X-12", "error", "integrity.total_memories is not the number of memories"),
    "integrity-checksum": Rule("X-13", "error", "integrity.checksum is not the checksum of the memories"),
    "time-order": Rule("X-14", "error", "updated_at is before created_at"),
    "validity-order": Rule("X-15", "error", "valid_until is before valid_from"),
    "reinforced-order": Rule("X-16", "warning", "last_reinforced is before created_at"),
    "status-superseded": Rule("X-17", "warning", "status superseded and temporal.superseded_by do not go together"),
    "superseded-cycle": Rule("X-18", "warning", "memories supersede one another in a circle"),
    "signed-early": Rule("X-19", "error", "signature.signed_at is before export_date"),
    "signature-alphabet": Rule("X-20", "error", "signature.value has characters that are not base64url"),
    "signature-invalid": Rule("X-21", "warning", "the signature does not verify"),
    "signature-untrusted": Rule("X-21", "info", "the signature verifies; whether its key is to be trusted was not asked"),
    "embedding-ref": Rule("X-22", "error", "a memory and the embeddings file name something the other lacks"),
    "embedding-crossed": Rule("X-23", "error", "an embedding that a memory names belongs to another memory"),
    "embedding-unique": Rule("X-24", "error", "two embeddings have the same id or the same memory_id"),
    "dimensions": Rule("X-25", "error", "dimensions is not the vector's length"),
    "embedding-empty": Rule("X-26", "warning", "an embedding has neither a vector nor a storage reference"),
    "version-mismatch": Rule("X-27", "error", "schema_version differs from the store's"),
    "index-mismatch": Rule("X-28", "error", "the conversation file differs from its index entry"),
    "index-drift": Rule("X-29", "warning", "the conversation file's time or tags differ from its index entry"),
    "storage-missing": Rule("X-30", "error", "storage.ref names no file inside the package"),
    "message-id-unique": Rule("X-31", "error", "two messages have the same id"),
    "message-link": Rule("X-32", "warning", "parent_id or children_ids names no message of the conversation"),
    "child-backlink": Rule("X-33", "warning", "a listed child's parent_id is another message"),
    "parent-backlink": Rule("X-34", "warning", "a message's parent does not list it as a child"),
    "message-cycle": Rule("X-35", "error", "messages are one another's ancestors"),
    "time-backwards": Rule("X-36", "warning", "the times of a linear conversation go back"),
    "company-name": Rule("X-38", "warning", "a company's name stands for its product's"),
    "not-exportable": Rule("X-39", "warning", "a memory in this export is marked exportable: false"),
    "access-grants": Rule("X-40", "warning", "visibility and shared_with contradict each other"),
    "message-ref": Rule("X-41", "warning", "message_ref has no conversation_ref or names no message of it"),
    "signature-integrity": Rule("C-4", "error", "a signed store has no integrity.checksum to verify"),
    "incremental-base": Rule("C-5", "warning", "an incremental export lacks base_export_id or since"),
    "content-blank": Rule("2.1", "warning", "a memory's content is blank"),
    "time-form": Rule("11.4", "warning", "a time is ISO 8601 but not RFC 3339"),
    "not-canonical": Rule("3.2", "warning", "a memory has no RFC 8785 form"),
    "version-newer": Rule("8", "warning", "the file says a version that is not 1.0; what is unknown was let pass"),
    "version-major": Rule("8", "error", "the file is of another major version"),
    "conversation-unlisted": Rule("1.1", "warning", "a conversation file is named by no index entry"),
    "attachment-missing": Rule("1.1", "warning", "an attachment's ref names no file inside the package"),
    "unknown-entry": Rule("1.1", "info", "the package has an entry that the format does not know"),
    "store-missing": Rule("1.1", "error", "the package has no memory-store.json"),
}


def broken(code: str, place: Place, *, note: str = "", severity: Severity | None = None) -> Finding:
    """The finding that rule ``code`` is broken at ``place``; ``note`` says more, never the person's words."""
    rule = RULES[code]
    text = f"{rule.id}: {rule.text}" + (f" ({note})" if note else "")
    return Finding(code=code, severity=severity or rule.severity, text=text, place=place)
