"""Verifying stores: the 32 vectors, and whose signature it is (dossier 4.5, 4.6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from satchel.formats.portable_ai_memory import FORMAT, signature, signing
from satchel.formats.signing import Seen, SignOptions
from satchel.limits import DEFAULT
from satchel.trust.did import did_key
from satchel.trust.public_keys import read_key
from tests.formats.portable_ai_memory.signed import (
    KEY,
    OWNER,
    STRANGER,
    codes,
    document,
    sign,
    store,
    vectors,
    verify,
    write,
)

PUBLIC = KEY.public
WEB = "did:web:example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "store.json", store(), indent=2)


#: What the negative vectors fail by.
FAULTS = {
    "content changed, checksum stale": "checksum-wrong",
    "content changed, checksum recomputed": "signature-invalid",
    "export_id changed": "signature-invalid",
    "export_date re-serialised (+00:00)": "signature-invalid",
    "owner.id changed": "signature-invalid",
    "signed_at before export_date": "signed-early",
    "integrity missing": "integrity-missing",
    "wrong algorithm label": "key-misfit",
    "truncated value": "signature-invalid",
}


def test_there_are_32_vectors(shared: Path) -> None:
    names = [vector["name"] for vector in vectors()]
    assert len(names) == 32 and set(FAULTS) <= set(names)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"].replace("/", " "))
def test_signature_vectors(vector: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", vector["store"])
    key = read_key(vector["store"]["signature"]["public_key"], vector["store"]["signature"]["algorithm"])
    found = verify(path, key)
    # Implementation-defined: DER of an ECDSA value, which the dossier reads (4.2).
    expected = vector["expect"].startswith("valid") or vector["expect"] == "implementation-defined"
    assert found.holds == expected
    assert found.verdict == ("verified" if expected else "invalid")
    if not expected:
        assert FAULTS[vector["name"]] in codes(found)
    assert verify(path).verdict == ("untrusted" if expected else "invalid")
    if "DID" in vector["expect"]:
        # The vector's did:web lies on the network; its key is not the one that signed.
        assert found.did_match == "not-resolved"
        other = verify(path, key, fetch=document(STRANGER.public, id="did:web:evil.example"))
        assert (other.did_match, other.holds, other.verdict) == ("no-match", True, "untrusted")


def test_the_payload_of_the_vectors_and_of_the_dossier(shared: Path) -> None:
    said = json.loads((shared / "conformance/portable-ai-memory/derived/signature-vectors.json").read_bytes())
    first = said["vectors"][0]["store"]
    made = signature.payload(first["integrity"]["checksum"], first["export_id"], first["export_date"], first["owner"]["id"])
    assert made.decode() == said["canonical_payload"]


def test_signing_gives_the_value_of_the_vector(shared: Path, tmp_path: Path) -> None:
    vector = vectors()[0]["store"]
    path = write(tmp_path / "store.json", {name: value for name, value in vector.items() if name != "signature"})
    signing.sign(path, KEY, SignOptions(), DEFAULT, datetime(2026, 2, 15, 22, 0, 1, tzinfo=UTC))
    assert json.loads(path.read_bytes()) == vector


def test_the_upstream_example_has_a_placeholder_that_does_not_verify(shared: Path) -> None:
    path = shared / "conformance/portable-ai-memory/upstream/examples/example-memory-store.json"
    found = verify(path)
    assert found.verdict == "invalid" and "value-unreadable" in codes(found)
    assert "checksum" in codes(found, "passed")
    # Valid by the format all the same: validating tells, verifying refuses.
    said = list(FORMAT.validate(path, limits=DEFAULT))
    assert [f.severity for f in said if f.code == "signature-invalid"] == ["warning"]
    assert not [f for f in said if f.severity == "error"]


def test_anybody_can_sign_again_and_only_trust_tells(file: Path) -> None:
    sign(file)
    sign(file, STRANGER)
    found = verify(file, PUBLIC)
    assert (found.holds, found.verdict, found.key) == (True, "untrusted", STRANGER.public)
    assert "key-untrusted" in codes(found)


def test_a_did_that_is_trusted_vouches_for_its_keys(file: Path) -> None:
    sign(file, did=WEB, fetch=document(PUBLIC))
    trusted = {"dids": {WEB: "them"}}
    assert verify(file, **trusted).verdict == "untrusted"
    found = verify(file, **trusted, fetch=document(PUBLIC))
    assert (found.verdict, found.name, found.did_match) == ("verified", "them", "match")
    for fetch in (document(STRANGER.public), document(PUBLIC, id="did:web:other.example"), lambda url: b"junk"):
        assert verify(file, **trusted, fetch=fetch).verdict == "untrusted"
    assert verify(file, dids={"did:web:other.example": ""}, fetch=document(PUBLIC)).verdict == "untrusted"


def test_nobody_is_asked_for_a_signature_that_does_not_hold(file: Path) -> None:
    def never(url: str) -> bytes:
        raise AssertionError("fetched")

    sign(file)
    value = json.loads(file.read_bytes())
    value["owner"]["did"] = WEB
    value["signature"]["value"] = "A" * 86
    assert verify(write(file, value), PUBLIC, fetch=never).did_match == "not-resolved"


def test_a_did_of_another_key_refuses_a_trusted_one(file: Path) -> None:
    """owner.did is not signed: somebody put another one in."""
    sign(file)
    value = json.loads(file.read_bytes())
    value["owner"]["did"] = did_key(STRANGER.public)
    found = verify(write(file, value), PUBLIC)
    assert (found.holds, found.verdict, found.did_match) == (True, "untrusted", "no-match")


def test_an_owner_id_that_is_a_did_binds_the_key(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", store(owner={"id": did_key(PUBLIC)}))
    sign(path)
    assert verify(path, PUBLIC).verdict == "verified"
    sign(path, STRANGER)
    found = verify(path, PUBLIC, STRANGER.public)
    assert found.verdict == "untrusted" and "did-no-match" in codes(found)


def test_an_owner_whose_key_changed_and_an_older_export_are_told(file: Path) -> None:
    sign(file)
    exported = datetime(2026, 2, 15, 22, tzinfo=UTC)
    quiet = verify(file, PUBLIC, seen=lambda owner: Seen(PUBLIC, exported))
    assert codes(quiet, "noticed") == set() and quiet.exported == exported
    for seen, code in (
        (Seen(STRANGER.public, exported), "owner-key-changed"),
        (Seen(PUBLIC, exported + timedelta(seconds=1)), "older-than-seen"),
    ):
        found = verify(file, PUBLIC, seen=lambda owner, seen=seen: seen if owner == OWNER else None)
        assert codes(found, "noticed") == {code} and found.verdict == "verified"
