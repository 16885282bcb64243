"""The rules that one memory tells by itself, X-11, X-14 to X-18 and X-38 to X-40 of dossier 1.16: twice.

``memory_rules`` reports what is broken, ``nothing_to_say`` tells quickly of memories of sound structure that nothing is. A
test holds that the second never says so of one that the first reports on.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from satchel.formats.portable_ai_memory import moments, terms
from satchel.formats.portable_ai_memory.hashing import content_hash, other_reading
from satchel.formats.portable_ai_memory.structure import Report
from satchel.model.text import all_normalised

#: What blank content hashes to (dossier 2.1).
_BLANK = content_hash("")


def memory_rules(memory: dict[str, Any], report: Report) -> None:
    """The rules that one memory tells by itself: X-11, X-14 to X-18, X-38 to X-40."""
    content, declared = memory.get("content"), memory.get("content_hash")
    if type(content) is str and type(declared) is str and content_hash(content) != declared:
        reading = other_reading(content, declared)
        if reading:
            note = f"it is by another reading: {reading}"
            report.rule("content-hash", "/content_hash", severity="warning", note=note)
        else:
            report.rule("content-hash", "/content_hash")
    if type(content) is str and content and not content.strip():
        report.rule("content-blank", "/content")
    temporal = member_object(memory, "temporal")
    time_order(temporal, report, "/temporal")
    start, end = member_instant(temporal, "valid_from"), member_instant(temporal, "valid_until")
    if start is not None and end is not None and end < start:
        report.rule("validity-order", "/temporal/valid_until")
    created, reinforced = (
        member_instant(temporal, "created_at"),
        member_instant(member_object(memory, "confidence"), "last_reinforced"),
    )
    if created is not None and reinforced is not None and reinforced < created:
        report.rule("reinforced-order", "/confidence/last_reinforced")
    superseded_by = member_text(temporal, "superseded_by")
    if bool(superseded_by) != (memory.get("status") == "superseded"):
        report.rule("status-superseded", "/status")
    if member_text(member_object(memory, "provenance"), "platform") in terms.PRODUCTS:
        report.rule("company-name", "/provenance/platform")
    access = member_object(memory, "access")
    if access.get("exportable") is False:
        report.rule("not-exportable", "/access/exportable")
    visibility, grants = access.get("visibility", "private"), access.get("shared_with")
    if (visibility == "private" and bool(grants)) or (visibility == "shared" and not grants):
        report.rule("access-grants", "/access")


def nothing_to_say(memories: list[Any]) -> bool:
    """Whether no rule is broken, for memories of sound structure, parsed as ``quick.Quick`` does, whose times are spelled as
    ``models.PLAIN_TIME`` says.

    Times so spelled are in the order of their text up to the Z: one of them is a whole second or has digits behind it.
    """
    for memory in memories:
        temporal, confidence, access = memory.temporal, memory.confidence, memory.access
        created = temporal.created_at[:-1]
        # What is absent or null is false; no time is empty.
        if temporal.updated_at and temporal.updated_at[:-1] < created:
            return False
        if temporal.valid_until and temporal.valid_from and temporal.valid_until[:-1] < temporal.valid_from[:-1]:
            return False
        if confidence and confidence.last_reinforced and confidence.last_reinforced[:-1] < created:
            return False
        if bool(temporal.superseded_by) != (memory.status == "superseded") or memory.provenance.platform in terms.PRODUCTS:
            return False
        if access:
            wrong = "private" if access.shared_with else "shared"
            if access.exportable is False or (access.visibility or "private") == wrong:
                return False
    texts = all_normalised([memory.content for memory in memories])
    hashes = ["sha256:" + sha256(text).hexdigest() for text in texts]
    return _BLANK not in hashes and hashes == [memory.content_hash for memory in memories]


def time_order(temporal: dict[str, Any], report: Report, pointer: str) -> None:
    """X-14."""
    created, updated = member_instant(temporal, "created_at"), member_instant(temporal, "updated_at")
    if created is not None and updated is not None and updated < created:
        report.rule("time-order", f"{pointer}/updated_at")


def member_object(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if type(member) is dict else {}


def member_text(value: dict[str, Any], name: str) -> str:
    member = value.get(name)
    return member if type(member) is str else ""


def member_instant(value: dict[str, Any], name: str) -> int | None:
    member = value.get(name)
    moment = moments.read(member) if type(member) is str else None
    return moment.instant if moment is not None else None
