"""The checklist of the format (dossier 10): every row has a test, or a reason why not."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from satchel.formats.portable_ai_memory import FORMAT, terms
from satchel.formats.portable_ai_memory.hashing import content_hash
from satchel.formats.portable_ai_memory.validation import validate
from satchel.limits import DEFAULT
from tests.conftest import ROOT
from tests.conftest import SHARED as ALL_SHARED
from tests.formats.portable_ai_memory.bag import store, talks
from tests.formats.portable_ai_memory.checklist import ELSEWHERE, UNTESTED
from tests.formats.portable_ai_memory.test_writer import rich

Document = dict[str, Any]
Edit = Callable[[Document], object]
DAY = "2026-01-01T00:00:00Z"
HASH = "sha256:" + "0" * 64


def memory(own: str = "m1", **members: Any) -> Document:
    value = {
        "id": own,
        "type": "fact",
        "content": "Likes tea",
        "content_hash": content_hash("Likes tea"),
        "temporal": {"created_at": DAY},
        "provenance": {"platform": "chatgpt"},
    }
    return {**value, **members}


DELTA = {"export_type": "incremental", "base_export_id": "b", "since": DAY}

BASES: dict[str, Document] = {
    "store": {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "u"}, "memories": [memory()]},
    "talk": {
        "schema": "portable-ai-memory-conversation",
        "schema_version": "1.0",
        "id": "c",
        "provider": {"name": "claude"},
        "temporal": {"created_at": DAY},
        "messages": [{"id": "a", "role": "user", "created_at": DAY}],
    },
    "vectors": {
        "schema": "portable-ai-memory-embeddings",
        "schema_version": "1.0",
        "embeddings": [{"id": "e", "memory_id": "m1", "model": "m", "dimensions": 2, "created_at": DAY, "vector": [0.5, 1]}],
    },
}


class Case(NamedTuple):
    """An edit of a sound document, and the finding that it must bring; with ``code`` "" no error at all."""

    row: str
    base: str
    edit: Edit
    code: str = ""
    severity: str = "error"


def put(path: str, value: Any) -> Edit:
    """Set the member at ``path``; the first memory, message or embedding for "m"."""

    def edit(document: Document) -> None:
        *steps, last = path.split(".")
        owner: Any = document
        for step in steps:
            owner = _first(document) if step == "m" else owner.setdefault(step, {})
        owner[last] = copy.deepcopy(value)

    return edit


def drop(path: str) -> Edit:
    def edit(document: Document) -> None:
        owner = _first(document) if path.startswith("m.") else document
        *steps, last = path.removeprefix("m.").split(".")
        for step in steps:
            owner = owner[step]
        del owner[last]

    return edit


def _first(document: Document) -> Any:
    return next(document[name][0] for name in ("memories", "messages", "embeddings") if name in document)


RELATION = {"id": "r", "from": "m1", "to": "m1", "type": "extends", "created_at": DAY}
ENTRY = {"id": "c", "platform": "claude", "temporal": {"created_at": DAY}}
SIGNATURE = {"algorithm": "Ed25519", "public_key": "k", "value": "AA", "signed_at": DAY}
INTEGRITY = {"checksum": HASH, "total_memories": 1}


def signed(**members: Any) -> Edit:
    base = {"export_id": "x", "export_date": DAY, "integrity": INTEGRITY, "signature": SIGNATURE}

    def edit(document: Document) -> None:
        document.update({name: value for name, value in {**base, **members}.items() if value is not ...})

    return edit


def without(members: Document, name: str) -> Edit:
    """Add all but one of ``members``."""
    return lambda document: document.update({each: value for each, value in members.items() if each != name})


def both(*edits: Edit) -> Edit:
    return lambda document: [edit(document) for edit in edits]


CASES = [
    Case("PAM-010", "store", put("schema", "portable-ai"), "not-recognised"),
    Case("PAM-010", "store", both(drop("schema"), put("schema", "another")), "schema-const"),
    Case("PAM-010", "store", drop("schema"), "schema-required"),
    Case("PAM-011", "store", drop("schema_version"), "schema-required"),
    Case("PAM-011", "store", put("schema_version", "1.0.0"), "schema-pattern"),
    Case("PAM-011", "store", put("schema_version", "1.0\n"), "schema-pattern"),
    Case("PAM-012", "store", drop("owner"), "schema-required"),
    Case("PAM-013", "store", drop("memories"), "schema-required"),
    Case("PAM-013", "store", put("memories", {}), "schema-type"),
    Case("PAM-014", "store", put("spec_uri", "https://nowhere.invalid/spec")),
    Case("PAM-016", "store", put("exported_by", "a b/1.0.0"), "schema-pattern"),
    Case("PAM-016", "store", put("exported_by", "a/1.0.0-rc1"), "schema-pattern"),
    Case("PAM-016", "store", put("exported_by", "a_b-1/1.20.3")),
    Case("PAM-017", "store", put("export_date", "yesterday"), "schema-time"),
    Case("PAM-017", "store", put("export_date", 1767225600), "schema-type"),
    Case("PAM-017", "store", put("m.temporal.created_at", "2026-02-30T00:00:00Z"), "schema-time"),
    Case("PAM-017", "store", put("m.temporal.created_at", "2026-01-01 00:00"), "time-form", "warning"),
    Case("PAM-018", "store", put("relations", [{**RELATION, "to": "gone"}]), "relation-end"),
    Case("PAM-019", "store", put("extra", 1), "schema-unknown"),
    Case("PAM-019", "store", put("m.temporal.extra", 1), "schema-unknown"),
    Case("PAM-019", "store", put("relations", [{**RELATION, "from_": "m1"}]), "schema-unknown"),
    Case("PAM-019", "talk", put("m.tool_calls", [{"name": "t", "input": {"any": [1]}}])),
    *(
        Case("PAM-020", "store", put(path, None), "schema-null")
        for path in (
            *("m.confidence", "m.access", "m.metadata", "integrity", "export_date", "owner.created_at", "m.confidence.initial"),
            *("m.id", "m.tags", "relations", "memories"),
        )
    ),
    *(Case("PAM-020", "talk", put(path, None), "schema-null") for path in ("m.content", "import_metadata", "tags")),
    *(Case("PAM-020", "store", put(path, None)) for path in ("m.summary", "signature", "owner.did", "m.temporal.updated_at")),
    Case("PAM-021", "store", put("owner", {"did": "did:key:z6Mk"}), "schema-required"),
    Case("PAM-021", "store", put("owner.id", ""), "schema-length"),
    *(
        Case("PAM-030", "store", drop(f"m.{name}"), "schema-required")
        for name in ("id", "type", "content", "content_hash", "temporal", "provenance")
    ),
    Case("PAM-032", "store", put("memories", [memory(), memory()]), "id-unique"),
    Case("PAM-033", "store", put("m.temporal", {}), "schema-required"),
    Case("PAM-034", "store", put("m.provenance", {}), "schema-required"),
    Case("PAM-035", "store", put("m.type", "custom"), "schema-conditional"),
    Case("PAM-035", "store", both(put("m.type", "custom"), put("m.custom_type", "")), "schema-length"),
    Case("PAM-035", "store", both(put("m.type", "custom"), put("m.custom_type", None)), "schema-conditional"),
    Case("PAM-036", "store", put("m.custom_type", "x"), "schema-conditional"),
    Case("PAM-036", "store", put("m.custom_type", None)),
    Case("PAM-037", "store", put("m.temporal.superseded_by", "m1"), "status-superseded", "warning"),
    Case("PAM-037", "store", lambda document: document),
    *(Case("PAM-038", "store", put("m.tags", [tag]), "schema-pattern") for tag in ("A", "-a", "a b", "a\n")),
    Case("PAM-038", "store", put("m.tags", ["a-b_1", "0"])),
    Case("PAM-039", "store", put("m.tags", ["a", "a"]), "schema-unique"),
    *(Case("PAM-040", "store", put("m.type", name), "schema-enum") for name in ("Fact", "episode", "")),
    *(Case("PAM-040", "store", put("m.type", name)) for name in terms.MEMORY_TYPES if name != "custom"),
    *(Case("PAM-043", "store", put("m.content_hash", said), "schema-pattern") for said in (HASH.upper(), HASH[:-1], "0" * 64)),
    Case("PAM-044", "store", put("m.content_hash", HASH), "content-hash"),
    Case("PAM-045", "store", put("m.status", "deleted"), "schema-enum"),
    *(Case("PAM-045", "store", put("m.status", name)) for name in terms.STATUSES),
    Case("PAM-046", "store", put("m.status", "superseded"), "status-superseded", "warning"),
    *(Case("PAM-048", "store", put("m.confidence", {"initial": x}), "schema-range") for x in (-0.1, 1.1)),
    *(Case("PAM-048", "store", put("m.confidence", {"initial": x, "current": x})) for x in (0, 1, 0.5)),
    Case("PAM-049", "store", put("m.confidence", {"decay_model": "step"}), "schema-enum"),
    *(Case("PAM-049", "store", put("m.confidence", {"decay_model": name})) for name in (*terms.DECAY_MODELS, None)),
    Case("PAM-051", "store", put("m.access", {"visibility": "secret"}), "schema-enum"),
    Case("PAM-051", "store", put("m.access", {})),
    Case("PAM-052", "store", put("m.access", {"shared_with": [{"entity": "", "permissions": ["read"]}]}), "schema-length"),
    Case("PAM-052", "store", put("m.access", {"shared_with": [{"entity": "e", "permissions": []}]}), "schema-length"),
    Case("PAM-052", "store", put("m.access", {"shared_with": [{"entity": "e", "permissions": ["own"]}]}), "schema-enum"),
    Case("PAM-053", "store", put("m.access", {"shared_with": [{"entity": "e", "permissions": ["read"] * 2}]}), "schema-unique"),
    Case("PAM-055", "store", put("m.metadata", {"anything": {"at": ["all", None, 1.5]}})),
    *(Case("PAM-056", "store", put("m.metadata.language", tag), "schema-pattern") for tag in ("en-us", "es-419", "en\n")),
    *(Case("PAM-056", "store", put("m.metadata.language", tag)) for tag in ("en", "pt-BR", "zh-Hans", "zh-Hant-TW", None)),
    Case("PAM-057", "store", put("m.provenance.extraction_method", "guess"), "schema-enum"),
    *(Case("PAM-057", "store", put("m.provenance.extraction_method", name)) for name in (*terms.EXTRACTION_METHODS, None)),
    Case("PAM-058", "store", put("m.provenance.extractor", "a/1.0"), "schema-pattern"),
    *(Case("PAM-059", "store", put("m.provenance.platform", name), "schema-pattern") for name in ("Claude", "le chat", "a.b")),
    *(Case("PAM-059", "store", put("m.provenance.platform", name), "schema-pattern") for name in ("x", "x" * 33)),
    Case("PAM-062", "store", put("m.provenance.platform", "openai"), "company-name", "warning"),
    Case("PAM-072", "store", put("m.embedding_ref", None)),
    Case("PAM-073", "store", put("m.embedding_ref", "e")),
    Case("PAM-077", "vectors", lambda d: d["embeddings"].append({**d["embeddings"][0], "id": "f"}), "embedding-unique"),
    *(
        Case("PAM-079", "vectors", drop(f"m.{name}"), "schema-required")
        for name in ("id", "memory_id", "model", "dimensions", "created_at")
    ),
    Case("PAM-080", "vectors", put("m.dimensions", 3), "dimensions"),
    Case("PAM-081", "store", both(drop("m.content"), put("m.embedding_ref", "e")), "schema-required"),
    Case("PAM-082", "vectors", both(put("m.vector", None), put("m.storage", {"type": "vector_db", "ref": "v/1"}))),
    *(
        Case("PAM-090", "store", put("relations", [{k: v for k, v in RELATION.items() if k != name}]), "schema-required")
        for name in RELATION
    ),
    Case("PAM-091", "store", put("relations", [{**RELATION, "from": "gone"}]), "relation-end"),
    Case("PAM-092", "store", put("relations", [{**RELATION, "type": "likes"}]), "schema-enum"),
    Case("PAM-093", "store", put("relations", [{**RELATION, "confidence": 2}]), "schema-range"),
    Case("PAM-093", "store", put("relations", [{**RELATION, "confidence": None}])),
    Case("PAM-095", "store", put("conversations_index", [{**ENTRY, "derived_memories": ["m1"]}]), "derived-extra", "warning"),
    Case("PAM-097", "store", put("conversations_index", [{**ENTRY, "storage": {"type": "tape", "ref": "r"}}]), "schema-enum"),
    Case("PAM-097", "store", put("conversations_index", [{**ENTRY, "storage": {"type": "file"}}]), "schema-required"),
    Case("PAM-100", "store", put("integrity", {**INTEGRITY, "canonicalization": "JCS"}), "schema-const"),
    Case("PAM-100", "store", put("integrity", {**INTEGRITY, "canonicalization": None}), "schema-null"),
    Case("PAM-103", "store", put("integrity", {**INTEGRITY, "total_memories": 2}), "integrity-total"),
    Case("PAM-104", "store", put("integrity", INTEGRITY), "integrity-checksum"),
    Case("PAM-106", "store", put("integrity", {"checksum": HASH}), "schema-required"),
    Case("PAM-106", "store", put("integrity", {"total_memories": 1}), "schema-required"),
    Case("PAM-110", "store", without(DELTA, "base_export_id"), "incremental-base", "warning"),
    Case(
        "PAM-111", "store", both(put("export_type", "incremental"), put("base_export_id", "b")), "incremental-base", "warning"
    ),
    *(Case("PAM-120", "store", put("owner.did", did)) for did in ("did:key:z6Mk", "did:web:example.com", "did:new2:x:y#z")),
    Case("PAM-120", "store", put("owner.did", "did:Key:x"), "schema-pattern"),
    Case("PAM-131", "store", signed(signature={**SIGNATURE, "algorithm": "HS256"}), "schema-enum"),
    Case("PAM-133", "store", signed(export_id=...), "schema-conditional"),
    Case("PAM-133", "store", signed(export_id=None), "schema-conditional"),
    Case("PAM-133", "store", signed(export_date=...), "schema-conditional"),
    Case("PAM-136", "store", signed(export_date="2026-01-02T00:00:00Z"), "signed-early"),
    Case("PAM-140", "store", put("signature", None)),
    *(
        Case("PAM-142", "store", signed(signature={k: v for k, v in SIGNATURE.items() if k != name}), "schema-required")
        for name in SIGNATURE
    ),
    Case("PAM-151", "store", both(put("m.type", "custom"), put("m.custom_type", "Ça / anything at all"))),
    Case("PAM-152", "store", both(put("m.type", "custom"), put("m.custom_type", "nobody-registered-this"))),
    Case("PAM-176", "store", put("m.provenance.platform_user_id", None)),
    Case("PAM-180", "store", put("schema_version", "2.0"), "version-major"),
    Case("PAM-180", "store", put("schema_version", "1.7"), "version-newer", "warning"),
    Case("PAM-180", "store", put("schema_version", "1.0-rc1"), "version-newer", "warning"),
    Case("PAM-190", "talk", put("tags", ["A"]), "schema-pattern"),
    Case("PAM-190", "talk", put("m.role", "human"), "schema-enum"),
    Case("PAM-190", "talk", put("m.children_ids", [""]), "schema-length"),
    Case("PAM-192", "talk", lambda d: d["messages"].append(d["messages"][0]), "message-id-unique"),
    Case("PAM-195", "talk", both(put("m.parent_id", None), put("m.children_ids", []))),
    Case("PAM-198", "talk", lambda document: document),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row}-{case.code or 'sound'}")
def test_a_row(case: Case, tmp_path: Path) -> None:
    document = copy.deepcopy(BASES[case.base])
    case.edit(document)
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    found = {finding.code: finding.severity for finding in validate(path, DEFAULT)}
    if case.code:
        assert found.get(case.code) == case.severity, found
    else:
        assert "error" not in found.values(), found


@pytest.mark.parametrize("algorithm", terms.ALGORITHMS)
@pytest.mark.row("PAM-131")
def test_all_six_algorithms_have_a_name(algorithm: str, tmp_path: Path) -> None:
    document = copy.deepcopy(BASES["store"])
    signed(signature={**SIGNATURE, "algorithm": algorithm})(document)
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    assert "schema-enum" not in {finding.code for finding in validate(path, DEFAULT)}
    assert len(terms.ALGORITHMS) == 6


# ---- rows of the writer


@pytest.fixture
def package(tmp_path: Path) -> Path:
    FORMAT.write(rich(), tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.row("PAM-005", "PAM-070", "PAM-071")
def test_without_embeddings_no_memory_names_one(package: Path) -> None:
    assert sorted(path.name for path in package.iterdir()) == ["conversations", "memory-store.json", "satchel.json"]
    assert [each for each in store(package)["memories"] if each.get("embedding_ref") is not None] == []


def is_uuid(text: str) -> bool:
    return str(uuid.UUID(text)) == text and uuid.UUID(text).variant == uuid.RFC_4122


@pytest.mark.row("PAM-015", "PAM-022", "PAM-031", "PAM-191", "PAM-192")
def test_every_id_is_a_uuid_and_each_its_own(package: Path) -> None:
    document = store(package)
    assert is_uuid(document["export_id"])
    assert is_uuid(document["owner"]["id"])
    messages = [message["id"] for talk in talks(package) for message in talk["messages"]]
    ids = [each["id"] for each in document["memories"]] + [talk["id"] for talk in talks(package)] + messages
    assert all(map(is_uuid, ids))
    assert len(set(ids)) == len(ids)


@pytest.mark.row("PAM-105")
def test_a_checksum_without_a_canonicalization_is_by_rfc_8785(package: Path) -> None:
    path = package / "memory-store.json"
    document = store(package)
    del document["integrity"]["canonicalization"]
    path.write_text(json.dumps(document))
    assert list(validate(path, DEFAULT)) == []
    document["integrity"]["checksum"] = HASH
    path.write_text(json.dumps(document))
    assert [finding.code for finding in validate(path, DEFAULT)] == ["integrity-checksum"]


@pytest.mark.row("PAM-061", "PAM-062")
def test_one_platform_has_one_name_in_all_three_places(package: Path) -> None:
    document, (talk,) = store(package), talks(package)
    (entry,) = document["conversations_index"]
    derived = [each for each in document["memories"] if each["provenance"].get("conversation_ref") == talk["id"]]
    assert derived
    assert {each["provenance"]["platform"] for each in derived} == {entry["platform"]} == {talk["provider"]["name"]}
    assert entry["platform"] not in terms.PRODUCTS


# ---- the list itself

MARK = re.compile(r"mark\.row\(([^)]*)\)")


def named() -> set[str]:
    """The rows that tests name."""
    found = {case.row for case in CASES}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for words in MARK.findall(path.read_text(encoding="utf-8")):
            found |= set(re.findall(r"PAM-\d{3}", words))
    return found


def test_every_row_has_a_test_or_a_reason() -> None:
    dossier = ALL_SHARED / "spec" / "portable-ai-memory.md"
    if not dossier.is_file():
        pytest.skip("the dossier is not beside this clone")
    rows = set(re.findall(r"^\| (PAM-\d{3}) \|", dossier.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(rows) == 159
    told = named() | set(ELSEWHERE) | set(UNTESTED)
    assert sorted(rows - told) == []
    assert sorted(told - rows) == []


def test_no_row_is_excused_that_a_test_names() -> None:
    assert named().isdisjoint(UNTESTED)
    assert set(ELSEWHERE).isdisjoint(UNTESTED)
    assert all(len(reason) > 20 for reason in UNTESTED.values())


@pytest.mark.parametrize("where", sorted(set(ELSEWHERE.values())))
def test_what_is_said_to_hold_a_row_is_there(where: str) -> None:
    path, _, test = where.partition("::")
    assert (ROOT / path).exists()
    assert not test or f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")
