"""Every conformance file: hashes, checksums, structure verdicts, upstream examples, malformed files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.codec import canonical
from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.checksum import checksum_of
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory, content_hash, other_reading, sdk_form
from satchel.formats.portable_ai_memory.moments import read, sdk_spelling
from satchel.limits import DEFAULT
from satchel.model.findings import Finding
from satchel.model.text import normalised
from tests.formats.portable_ai_memory.bag import SHARED, needs_shared

pytestmark = needs_shared

#: Cases of the matrix where our verdict on structure is not that of the JSON Schema, and why (dossier section).
EXCEPTIONS = {
    "schema_version '1.0\\n'": "1.1: $ of ECMA-262 matches at the end only",
    "tags trailing \\n": "1.1: as above",
    "platform trailing \\n": "1.1: as above",
    "schema_version 2.7": "8: another major version is refused",
    "export_date garbage": "PAM-017: times are ISO 8601 date-times",
    "export_date +24:00": "PAM-017: no such offset",
    "temporal garbage": "PAM-017: times are ISO 8601 date-times",
    "confidence.initial NaN": "3.2: NaN is no JSON",
    "metadata NaN": "3.2: NaN is no JSON",
    "emb vector NaN": "3.2: NaN is no JSON",
    "content lone surrogate": "2.1: a lone surrogate has no UTF-8",
}
#: Codes that speak of structure: what a JSON Schema could have said, and what stops a file from being read at all.
STRUCTURE = ("schema-", "malformed", "limit", "not-recognised", "unreadable", "version-major")


def load(name: str) -> Any:
    return json.loads((SHARED / "derived" / name).read_bytes())


def validate(path: Path) -> list[Finding]:
    return list(FORMAT.validate(path, limits=DEFAULT))


def errors(path: Path) -> list[str]:
    return [finding.code for finding in validate(path) if finding.severity == "error"]


def matrix() -> list[tuple[str, str, str]]:
    if not SHARED.is_dir():
        return []
    lines = (SHARED / "derived" / "validation-matrix.jsonl").read_text().splitlines()
    return [(case["case"], json.dumps(case["document"]), case["json_schema"]) for case in map(json.loads, lines)]


@pytest.mark.row("PAM-007")
@pytest.mark.parametrize(("case", "document", "schema"), matrix(), ids=lambda value: value if len(value) < 60 else "")
def test_structure_is_judged_as_the_schema_judges_it(case: str, document: str, schema: str, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(document)
    found = [f for f in validate(path) if f.severity == "error" and f.code.startswith(STRUCTURE)]
    assert bool(found) == ((schema == "REJECT") != (case in EXCEPTIONS)), found


def test_the_matrix_is_whole() -> None:
    assert len(matrix()) == 194


@pytest.mark.parametrize("vector", load("integrity-vectors.json") if SHARED.is_dir() else [], ids=lambda vector: vector["case"])
def test_integrity_vectors_streamed_from_a_file(vector: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "memory-store.json"
    path.write_text(json.dumps({"schema": "portable-ai-memory", "memories": vector["memories"]}))
    assert checksum_of(path) == vector["checksum_spec_raw"]


def test_every_exception_is_a_case_of_the_matrix() -> None:
    assert set(EXCEPTIONS) <= {case for case, _, _ in matrix()}


#: What the rules beyond structure say of cases that the schema passes; column "ours" of dossier 1.16.
RULED = {
    "content_hash wrong": "content-hash",
    "temporal.updated<created": "time-order",
    "superseded_by self": "superseded-cycle",
    "platform company name": "company-name",
    "conversation_ref dangling, no index": "conversation-ref",
    "exportable false": "not-exportable",
    "relation dangling": "relation-end",
    "relation self": "relation-self",
    "dup memory ids": "id-unique",
    "conv idx derived listed but no conversation_ref": "derived-extra",
    "integrity total wrong": "integrity-total",
    "integrity SDK-form checksum (status/tags added)": "integrity-checksum",
    "sig ok, no integrity": "signature-integrity",
    "sig signed before export": "signed-early",
    "incremental no base": "incremental-base",
    "metadata bigint": "not-canonical",
    "content blank": "content-blank",
    "embedding_ref w/o file": "embedding-ref",
    "conv parent missing": "message-link",
    "conv parent self": "message-cycle",
    "conv child self": "child-backlink",
    "conv cycle": "message-cycle",
    "conv dup message ids": "message-id-unique",
    "conv time disorder": "time-backwards",
    "conv parent w/o child back-link": "parent-backlink",
    "conv provider.name company": "company-name",
    "emb dim mismatch": "dimensions",
    "emb dup memory_id": "embedding-unique",
    "emb dup id": "embedding-unique",
    "emb neither vector nor storage": "embedding-empty",
    "export_date naive": "time-form",
    "schema_version 1.0-rc": "version-newer",
}


@pytest.mark.parametrize("case", RULED)
def test_rules_beyond_structure(case: str, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(next(document for name, document, _ in matrix() if name == case))
    assert RULED[case] in {finding.code for finding in validate(path)}


@pytest.mark.parametrize("case", ["baseline", "integrity raw checksum", "custom ok", "relation ok", "conv ok", "emb ok"])
def test_what_is_right_has_no_error(case: str, tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_text(next(document for name, document, _ in matrix() if name == case))
    assert errors(path) == []


@pytest.mark.row("PAM-041", "PAM-042")
def test_content_hash_vectors() -> None:
    vectors = load("content-hash-vectors.json")
    assert len(vectors) == 41
    for vector in vectors:
        assert normalised(vector["content"]) == vector["normalized"]
        assert content_hash(vector["content"]) == vector["content_hash"]


def test_other_readings_of_the_hash_are_named() -> None:
    from hashlib import sha256

    def plain(text: str) -> str:
        return "sha256:" + sha256(text.encode()).hexdigest()

    assert other_reading("a\t\tb", plain("a\t\tb")) == "spaces only"
    assert other_reading("\ufeffText", plain("text")) == "ECMAScript white space"
    assert other_reading("a", plain("b")) == ""


@pytest.mark.row("PAM-101", "PAM-102")
def test_integrity_vectors(tmp_path: Path) -> None:
    assert len(load("integrity-vectors.json")) == 13
    for vector in load("integrity-vectors.json"):
        memories = sorted(vector["memories"], key=lambda memory: memory["id"])
        raw, normal = Checksum(), Checksum()
        for memory in memories:
            raw.add(canonical_memory(memory))
            normal.add(canonical_memory(sdk_form(memory)))
        assert canonical.encode(memories).decode() == vector["canonical_raw"], vector["case"]
        assert raw.text() == vector["checksum_spec_raw"], vector["case"]
        assert normal.text() == vector["checksum_reference_sdk"], vector["case"]


@pytest.mark.parametrize("column", ["checksum_spec_raw", "checksum_reference_sdk"])
def test_both_checksums_are_accepted_and_the_second_is_told(column: str, tmp_path: Path) -> None:
    for vector in load("integrity-vectors.json"):
        document = {
            "schema": "portable-ai-memory",
            "schema_version": "1.0",
            "owner": {"id": "u"},
            "memories": vector["memories"],
            "integrity": {"checksum": vector[column], "total_memories": len(vector["memories"])},
        }
        path = tmp_path / "memory-store.json"
        path.write_text(json.dumps(document))
        found = [f for f in validate(path) if f.code == "integrity-checksum"]
        same = vector["checksum_spec_raw"] == vector["checksum_reference_sdk"]
        expected = [] if same or column == "checksum_spec_raw" else ["warning"]
        assert [f.severity for f in found] == expected, vector["case"]


def test_a_wrong_checksum_is_an_error(tmp_path: Path) -> None:
    document = load("integrity-vectors.json")[1]
    path = tmp_path / "memory-store.json"
    integrity = {"checksum": "sha256:" + "0" * 64, "total_memories": 1}
    head = {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "u"}, "integrity": integrity}
    path.write_text(json.dumps({**head, "memories": document["memories"]}))
    assert errors(path) == ["integrity-checksum"]


def test_sdk_times() -> None:
    cases = load("sdk-timestamp-normalization.json")
    assert len(cases) == 25
    for case in cases:
        if case["sdk_serialises_as"] is None:
            # What the SDK refuses is left as it is: a checksum over it can only be the raw one.
            assert sdk_spelling(case["input"]) == case["input"]
        else:
            assert sdk_spelling(case["input"]) == case["sdk_serialises_as"]
            if isinstance(case["input"], str):
                assert read(case["input"]) is not None
    assert read("2016-12-31T23:59:60Z") is not None
    assert read("2026-02-30T00:00:00Z") is None


UPSTREAM = sorted((SHARED / "upstream").glob("*/*.json")) if SHARED.is_dir() else []


@pytest.mark.parametrize(
    "path", [p for p in UPSTREAM if p.parent.name in ("examples", "sdk-fixtures", "doc-examples")], ids=lambda p: p.name
)
def test_upstream_examples(path: Path) -> None:
    assert FORMAT.recognises(path)
    # The website's complete example declares a checksum that neither rule gives (dossier 11.5).
    expected = ["integrity-checksum"] if path.name == "complete-memory-store.json" else []
    assert errors(path) == expected


MALFORMED = {
    "ansi.json": ["content-hash"],
    "bigdigits.json": ["limit"],
    "bigint.json": ["integrity-checksum"],
    "bom.json": [],
    "bundle-missing-conversation": ["storage-missing", "malformed"],
    "deepmeta.json": ["limit"],
    "dupkeys.json": ["malformed"],
    "empty.json": ["malformed"],
    "fakesig.json": ["signed-early"],
    "latin1.json": ["malformed"],
    "list.json": ["malformed"],
    "markup.json": ["content-hash"],
    "markup2.json": ["content-hash"],
    "markup_owner.json": [],
    "naive.json": [],
    "null.json": ["malformed"],
    "num.json": ["malformed"],
    "str.json": ["malformed"],
    "trunc.json": ["malformed"],
    "utf16.json": ["malformed"],
}


def test_all_malformed_files_are_named_here() -> None:
    assert {path.name for path in (SHARED / "derived" / "cli-malformed").iterdir()} == set(MALFORMED)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_become_findings(name: str) -> None:
    assert errors(SHARED / "derived" / "cli-malformed" / name) == MALFORMED[name]


SDK_OUTPUT = sorted((SHARED / "derived" / "provider-probes").glob("*/sdk-output")) if SHARED.is_dir() else []


@pytest.mark.parametrize("path", SDK_OUTPUT, ids=lambda p: p.parent.name)
def test_what_the_sdk_writes_is_valid_but_for_its_own_faults(path: Path) -> None:
    # Claude ids cut to eight characters collide (dossier 11.8).
    assert errors(path) == (["id-unique"] if path.parent.name == "k_rich" else [])


@pytest.mark.parametrize("length", [0, 1, 7, 60, 200, 400, 900])
def test_no_cut_of_an_example_raises(length: int, tmp_path: Path) -> None:
    whole = (SHARED / "upstream" / "examples" / "example-memory-store.json").read_bytes()
    path = tmp_path / "memory-store.json"
    path.write_bytes(whole[:length])
    assert errors(path)
