"""Every shared sample: the recorded strict verdict, and what the SDK said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.formats.portable_agent_memory import FORMAT, wire
from satchel.formats.portable_agent_memory.checking import Report, check
from satchel.formats.portable_agent_memory.hashing import entry_id
from satchel.formats.portable_agent_memory.provenance import faults as graph_faults
from satchel.formats.portable_agent_memory.provenance import graph_of
from satchel.limits import DEFAULT
from satchel.trust.public_keys import ed25519
from tests.conftest import SHARED
from tests.formats.portable_agent_memory import judge

FOLDER = SHARED / "conformance" / "portable-agent-memory"

#: What stands in the folder and is no artifact, and who holds it.
ELSEWHERE = {
    "PROVENANCE.md": "tells where the samples are from",
    "keys.json": "the test keys, used here",
    "manifest.json": "read here",
    "manifest-spec-profile.json": "read here",
    "sdk-profile/vectors.json": "test_vectors.py; its tokens: the tests of trust/capabilities",
    "spec-profile/vectors.json": "test_vectors.py; its token: the tests of trust/capabilities",
    "sdk-profile/dag-vectors.json": "test_vectors.py",
    "sdk-profile/escape-vectors.json": "escapes belong to re-hydration, which has an issue of its own",
    "sdk-profile/redaction-store.json": "the tests of trust/redaction",
    "sdk-profile/rehydrated/": "outputs of re-hydration, which has an issue of its own",
    "sdk-profile/tokens/": "the tests of trust/capabilities",
    "schemas/": "read by test_schemas.py; the token's: the tests of trust/capabilities",
}


def rows(manifest: str, verdict: str) -> list[tuple[str, str, dict[str, Any]]]:
    path = FOLDER / manifest
    found = json.loads(path.read_text()) if path.is_file() else []
    return [(row["file"], row[verdict], row) for row in found]


SDK_ROWS = rows("manifest.json", "strict_verdict")
SPEC_ROWS = rows("manifest-spec-profile.json", "expected")

#: The recorded verdicts, word for word, as (verdict, strict verdict).
OK = ("", "")
VERDICTS: dict[str, tuple[str, str]] = {
    "ok": ("", "*"),
    "ok (sniffed)": OK,
    "ok, preserve": ("", "*"),
    "ok in the schema profile": OK,
    "ok + _partial_parse": OK,
    "ok but must be refused by an export policy that forbids originals": ("", "*"),
    "sdk profile: ok after float coercion": ("", "*"),
    "PAM_DANGLING_REFERENCE unless a redaction/external-reference rule applies": ("PAM_DANGLING_REFERENCE",) * 2,
    "PAM_INVALID_SIGNATURE when a signature is required": ("", ""),
    "spec says at least one root entry: PAM_INVALID_SCHEMA in strict mode": ("", "PAM_INVALID_SCHEMA"),
    "PAM_INVALID_SCHEMA (ordering) in strict mode; accept in sdk profile": ("", "PAM_INVALID_SCHEMA"),
    "PAM_INVALID_SCHEMA (strict) / ok (lenient)": ("", "PAM_INVALID_SCHEMA"),
    "PAM_UNSUPPORTED_VERSION; otherwise flag unsigned fields": ("PAM_UNSUPPORTED_VERSION",) * 2,
    "PAM_HASH_MISMATCH (field is covered by id)": ("PAM_HASH_MISMATCH",) * 2,
    "PAM_HASH_MISMATCH (pipeline) / PAM_PROVENANCE_CYCLE (DAG check alone)": ("PAM_HASH_MISMATCH",) * 2,
    "PAM_HASH_MISMATCH first; PAM_PROVENANCE_CYCLE from the DAG check alone": ("PAM_HASH_MISMATCH",) * 2,
    "reject": ("PAM_INVALID_SCHEMA",) * 2,
}


@pytest.fixture(scope="module")
def operator() -> bytes:
    if not FOLDER.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    return bytes.fromhex(json.loads((FOLDER / "keys.json").read_text())["operator-1"]["public"])


def report_of(file: str, operator: bytes) -> Report:
    return check(wire.parse((FOLDER / file).read_bytes()), keys=[ed25519(operator)])


@pytest.mark.row("GEN-01", "ERR-01")
@pytest.mark.parametrize(("file", "verdict"), [row[:2] for row in [*SDK_ROWS, *SPEC_ROWS]])
def test_the_recorded_verdict(file: str, verdict: str, operator: bytes) -> None:
    """``*``: the strict verdict may also be that the SDK's order of entries is none, which these samples do not speak of."""
    plain, strict = VERDICTS.get(verdict, (verdict, verdict))
    report = report_of(file, operator)
    assert report.verdict() == plain
    if strict == "*":
        assert {fault.detail for fault in report.faults if fault.is_error(strict=True)} <= {"ORDERING"}
    else:
        assert report.verdict(strict=True) == strict
    if "signature is required" in verdict:
        assert report.verdict(require_signature=True) == "PAM_INVALID_SIGNATURE"
    elif not plain:
        assert report.verdict(require_signature=True) == ""
    assert report.partial == ("_partial_parse" in verdict)
    if "PROVENANCE_CYCLE" in verdict:
        artifact = wire.parse((FOLDER / file).read_bytes())
        alone = graph_faults(artifact, graph_of(artifact), DEFAULT)
        assert "PAM_PROVENANCE_CYCLE" in [fault.code for fault in alone]


@pytest.mark.row("SDK-01")
@pytest.mark.parametrize(("file", "row"), [(row[0], row[2]) for row in SDK_ROWS])
def test_the_sdks_own_verdict(file: str, row: dict[str, Any], operator: bytes) -> None:
    """Integrity and signature as the SDK saw them, by our rules and by the judge's, which so proves itself."""
    said, data = row["sdk_result"], (FOLDER / file).read_bytes()
    artifact = wire.parse(data)
    if "load_error" in said:
        with pytest.raises(judge.RefusedError):
            judge.load(data)
        return
    envelope = judge.load(data)
    assert judge.integrity(envelope) == said["integrity"]
    assert judge.signature(envelope, operator) == said["signature_operator_1"]
    assert sum(artifact.counts.values()) == said["entries"]
    report = report_of(file, operator)
    codes = {fault.code for fault in report.faults if fault.stage in ("root", "entries")}
    # What was stripped of its root the SDK does not call whole either.
    assert (not codes and report.root_rule == "R-ids") == said["integrity"]
    assert (report.signature == "valid") == said["signature_operator_1"]
    for component, entry in artifact.all_entries():
        assert entry_id(entry, component, artifact.profile) == judge.entry_id(entry, component)


@pytest.mark.row("SDK-04", "FIL-01", "FIL-02", "SER-01", "SER-02")
@pytest.mark.parametrize("file", [row[0] for row in [*SDK_ROWS, *SPEC_ROWS]])
def test_profile_and_encoding(file: str, operator: bytes) -> None:
    """The folder says which profile each is in; the name says nothing (dossier 8.1)."""
    artifact = wire.parse((FOLDER / file).read_bytes())
    assert artifact.profile.name.removesuffix("-1.0").removesuffix("-0.1") == file.partition("-profile/")[0]
    head = (FOLDER / file).read_bytes()[:1]
    assert artifact.encoding == ("json" if head == b"{" else "cbor")
    assert artifact.has_magic == (head == b"P")
    assert artifact.deterministic
    assert FORMAT.recognises(FOLDER / file)


@pytest.mark.row("VER-02")
@pytest.mark.parametrize("file", [row[0] for row in [*SDK_ROWS, *SPEC_ROWS]])
def test_every_sample_goes_out_byte_for_byte(file: str, operator: bytes) -> None:
    data = (FOLDER / file).read_bytes()
    assert wire.serialise(wire.parse(data)) == data


def test_every_file_is_looked_at_somewhere() -> None:
    if not FOLDER.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert len(files) >= 100
    told = {row[0] for row in [*SDK_ROWS, *SPEC_ROWS]}
    left = {file for file in files - told if not any(file == each or file.startswith(each) for each in ELSEWHERE)}
    assert left == set()
    assert all((FOLDER / each).exists() for each in ELSEWHERE)


def test_no_sample_is_taken_for_another_format(operator: bytes) -> None:
    from satchel.formats import registry

    for file, *_ in [*SDK_ROWS, *SPEC_ROWS]:
        assert registry.recognise(FOLDER / file).info.name == "portable-agent-memory"
    for other in (FOLDER / "keys.json", FOLDER / "manifest.json", FOLDER / "sdk-profile" / "vectors.json"):
        assert not FORMAT.recognises(Path(other))
