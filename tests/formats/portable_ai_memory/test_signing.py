"""Signing and verifying stores: the 32 vectors, every row of checklist 10.7, tampering, and files that are hostile."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import portable_ai_memory
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.errors import MalformedInput, OutputError, SatchelError, UsageError
from satchel.formats.base import WriteOptions
from satchel.formats.portable_ai_memory import FORMAT, signature, signing
from satchel.formats.portable_ai_memory.splice import Span, identity, replace_members
from satchel.formats.signing import Seen, SignOptions
from satchel.limits import DEFAULT
from satchel.trust.did import did_key, did_key_url
from satchel.trust.public_keys import read_key
from satchel.trust.signatures import ALGORITHMS, generate
from tests.formats.portable_ai_memory import bag
from tests.formats.portable_ai_memory.signed import (
    KEY,
    OWNER,
    STRANGER,
    checksum,
    codes,
    memory,
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


def document(*keys: Any, id: str = WEB) -> Callable[[str], bytes]:
    methods = [{"id": f"{id}#{n}", "type": "Multikey", "publicKeyMultibase": key.multibase} for n, key in enumerate(keys)]
    return lambda url: json.dumps({"id": id, "verificationMethod": methods}).encode()


# The 32 vectors

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


# The checklist, 10.7


def test_pam_120_any_did_method_is_accepted(tmp_path: Path) -> None:
    for number, did in enumerate(("did:plc:abc", "did:example:1", "did:pkh:eip155:1:0xab", "did:x:é ? #")):
        path = write(tmp_path / f"{number}.json", store(owner={"id": OWNER, "did": did}))
        assert not [f for f in FORMAT.validate(path, limits=DEFAULT) if f.severity == "error"]
        sign(path)
        assert verify(path, PUBLIC).verdict == "verified"


def test_pam_121_a_signed_export_names_the_owners_did(tmp_path: Path) -> None:
    FORMAT.write(bag.Bag([]), tmp_path / "plain")
    assert "did" not in bag.store(tmp_path / "plain")["owner"]
    FORMAT.write(bag.Bag([]), tmp_path / "signed", options=WriteOptions(signing_key=KEY))
    assert bag.store(tmp_path / "signed")["owner"]["did"] == did_key(PUBLIC)


def test_pam_122_and_123_a_did_is_written_only_if_it_resolves_and_has_the_key(file: Path) -> None:
    before = file.read_bytes()
    for did, fetch in (
        ("did:web:example.com", None),
        ("did:web:example.com", document(STRANGER.public)),
        ("did:web:example.com", document(PUBLIC, id="did:web:other.example")),
        (did_key(STRANGER.public), None),
        ("did:pkh:eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb", None),
        ("did:ion:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w", None),
        ("nonsense", None),
    ):
        with pytest.raises(UsageError):
            sign(file, did=did, fetch=fetch)
        assert file.read_bytes() == before
    sign(file, did=WEB, fetch=document(STRANGER.public, PUBLIC))
    assert json.loads(file.read_bytes())["owner"] == {"id": OWNER, "did": WEB}
    found = verify(file, PUBLIC, fetch=document(PUBLIC, STRANGER.public))
    assert (found.verdict, found.did_match) == ("verified", "match")
    # The document names the key elsewhere now.
    assert "key-id-unknown" not in codes(found, "noticed")


def test_pam_130_signing_is_optional(tmp_path: Path) -> None:
    FORMAT.write(bag.Bag([bag.memory("a")]), tmp_path / "plain")
    assert "signature" not in bag.store(tmp_path / "plain")
    FORMAT.write(bag.Bag([bag.memory("a")]), tmp_path / "signed", options=WriteOptions(signing_key=KEY))
    assert verify(tmp_path / "signed", PUBLIC).verdict == "verified"


@pytest.mark.parametrize("name", ["Ed25519", "ES256", "ES384", "RS256", "RS384", pytest.param("RS512", marks=pytest.mark.slow)])
def test_pam_131_the_six_algorithms_sign_and_verify_and_the_sdk_loads_it(name: str, file: Path) -> None:
    key = generate(ALGORITHMS[name])
    sign(file, key)
    found = verify(file, key.public)
    assert (found.verdict, found.algorithm, found.key) == ("verified", name, key.public)
    assert verify(file, PUBLIC).verdict == "untrusted"
    loaded = portable_ai_memory.load(file)
    assert loaded.signature is not None and loaded.signature.algorithm.value == name
    assert portable_ai_memory.validate(loaded).is_valid
    block = json.loads(file.read_bytes())["signature"]
    # Ed25519 as multibase, the others as JWK text (dossier 4.3); the value unpadded (4.4).
    assert block["public_key"].startswith("z6Mk" if name == "Ed25519" else "{")
    assert read_key(block["public_key"], name) == key.public and "=" not in block["value"]


#: What is signed, and what is not (dossier 4.7).
COVERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a memory": lambda s: s["memories"].append(memory("mem-3")),
    "a memory's metadata": lambda s: s["memories"][0].update(metadata={"x": 1}),
    "integrity.checksum": lambda s: s["integrity"].update(checksum="sha256:" + "0" * 64),
    "export_id": lambda s: s.update(export_id="other"),
    "export_date": lambda s: s.update(export_date="2026-02-15T21:00:00Z"),
    "export_date, the same instant": lambda s: s.update(export_date="2026-02-15T22:00:00+00:00"),
    "owner.id": lambda s: s["owner"].update(id="mallory"),
    "the value": lambda s: s["signature"].update(value="A" * 86),
    "the key": lambda s: s["signature"].update(public_key=STRANGER.public.multibase),
    "the algorithm": lambda s: s["signature"].update(algorithm="ES256"),
}
UNCOVERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "relations": lambda s: s["relations"].append(
        {"id": "r", "from": "mem-1", "to": "mem-2", "type": "supports", "created_at": "2026-01-01T00:00:00Z"}
    ),
    "conversations_index": lambda s: s.update(conversations_index=[]),
    "export_type": lambda s: s.update(export_type="incremental"),
    "base_export_id": lambda s: s.update(base_export_id="x"),
    "exported_by": lambda s: s.update(exported_by="mallory/1.0.0"),
    "key_id": lambda s: s["signature"].update(key_id="anything"),
    "signed_at": lambda s: s["signature"].update(signed_at="2030-01-01T00:00:00Z"),
    "order of memories": lambda s: s["memories"].reverse(),
}


@pytest.mark.parametrize("what", COVERED)
def test_pam_132_what_the_signature_covers(what: str, file: Path) -> None:
    sign(file)
    value = json.loads(file.read_bytes())
    COVERED[what](value)
    assert not verify(write(file, value), PUBLIC, STRANGER.public).holds
    # Mending the checksum does not mend the signature.
    value["integrity"]["checksum"] = checksum(value["memories"])
    found = verify(write(file, value), PUBLIC, STRANGER.public)
    assert found.holds == (what == "integrity.checksum")


@pytest.mark.parametrize("what", UNCOVERED)
def test_what_it_does_not_cover_is_said(what: str, file: Path) -> None:
    sign(file)
    value = json.loads(file.read_bytes())
    UNCOVERED[what](value)
    found = verify(write(file, value), PUBLIC)
    assert found.verdict == "verified"
    assert found.unproven == signature.UNPROVEN and any("relations" in line for line in found.unproven)


@pytest.mark.parametrize("missing", ["export_id", "export_date"])
def test_pam_133_a_signed_store_has_export_id_and_date(missing: str, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store(**{missing: None}))
    with pytest.raises(MalformedInput, match="export_id and export_date"):
        sign(path)
    path = write(tmp_path / "store.json", store())
    sign(path)
    for value in (
        {**json.loads(path.read_bytes()), missing: None},
        {k: v for k, v in json.loads(path.read_bytes()).items() if k != missing},
    ):
        found = verify(write(tmp_path / "other.json", value), PUBLIC)
        assert not found.holds and missing.replace("_", "-") + "-missing" in codes(found)


def test_pam_134_checksum_payload_jcs_sign_base64url(file: Path) -> None:
    """Told from scratch, by the library that signs and nothing of ours but RFC 8785."""
    import base64
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    sign(file)
    value = json.loads(file.read_bytes())
    digest = "sha256:" + hashlib.sha256(canonical.encode(sorted(value["memories"], key=lambda m: m["id"]))).hexdigest()
    text = json.dumps(
        {"checksum": digest, "export_date": value["export_date"], "export_id": value["export_id"], "owner_id": OWNER},
        separators=(",", ":"),
    )
    expected = base64.urlsafe_b64encode(Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(text.encode())).rstrip(b"=")
    assert value["signature"]["value"] == expected.decode()


def test_pam_135_the_payload_has_the_four_members() -> None:
    made = signature.payload("c", "i", "d", "o")
    assert made == b'{"checksum":"c","export_date":"d","export_id":"i","owner_id":"o"}'


def test_pam_136_signed_at_is_not_before_export_date(tmp_path: Path, file: Path) -> None:
    sign(file)
    value = json.loads(file.read_bytes())
    assert value["signature"]["signed_at"] >= value["export_date"]
    value["signature"]["signed_at"] = "2026-02-15T21:59:59Z"
    found = verify(write(file, value), PUBLIC)
    assert "signed-early" in codes(found) and found.verdict == "invalid"
    # The same instant in another zone is not before it.
    value["signature"]["signed_at"] = "2026-02-15T19:00:00-03:00"
    assert verify(write(file, value), PUBLIC).verdict == "verified"
    ahead = write(tmp_path / "ahead.json", store(export_date=f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"))
    with pytest.raises(MalformedInput, match="future"):
        sign(ahead)
    later = bag.Bag([], changed_at=datetime.now(UTC).replace(microsecond=0) + timedelta(days=2))
    FORMAT.write(later, tmp_path / "later", options=WriteOptions(signing_key=KEY))
    assert verify(tmp_path / "later", PUBLIC).verdict == "verified"


def test_pam_137_key_id_is_a_did_url_of_the_owners_document(file: Path, tmp_path: Path) -> None:
    sign(file)
    assert "key_id" not in json.loads(file.read_bytes())["signature"]
    sign(file, did="key")
    value = json.loads(file.read_bytes())
    assert value["owner"] == {"id": OWNER, "did": did_key(PUBLIC)}
    assert value["signature"]["key_id"] == did_key_url(PUBLIC)
    assert verify(file, PUBLIC).did_match == "match"
    value["signature"]["key_id"] = did_key(PUBLIC) + "#other"
    assert "key-id-unknown" in codes(verify(write(file, value), PUBLIC), "noticed")
    FORMAT.write(bag.Bag([]), tmp_path / "signed", options=WriteOptions(signing_key=KEY))
    assert bag.store(tmp_path / "signed")["signature"]["key_id"] == did_key_url(PUBLIC)
    # Signed again: the DID that is there tells of the key.
    sign(file)
    assert json.loads(file.read_bytes())["signature"]["key_id"] == did_key_url(PUBLIC)


def test_pam_138_the_steps_stand_in_their_order_each_with_its_result(file: Path) -> None:
    sign(file, did="key")
    found = verify(file, PUBLIC)
    names = [step.name for step in found.steps]
    assert names == ["conditions", "checksum", "payload", "value", "key", "signature", "owner-did", "trust"]
    assert {step.outcome for step in found.steps} == {"passed"}
    value = json.loads(file.read_bytes())
    value["memories"][0]["content"] = "x"
    value["signature"]["value"] = "?"
    broken = {step.name: step.outcome for step in verify(write(file, value), PUBLIC).steps}
    # One that fails does not hide the others.
    assert broken == {
        "conditions": "passed",
        "checksum": "failed",
        "payload": "passed",
        "value": "failed",
        "key": "passed",
        "signature": "skipped",
        "owner-did": "passed",
    }


def test_pam_139_a_signature_that_is_there_is_looked_at_when_a_store_is_validated(file: Path) -> None:
    sign(file)
    told = {f.code: f.severity for f in FORMAT.validate(file, limits=DEFAULT)}
    assert told == {"signature-untrusted": "info"}
    value = json.loads(file.read_bytes())
    value["signature"]["value"] = "A" * 86
    assert {f.code for f in FORMAT.validate(write(file, value), limits=DEFAULT)} == {"signature-invalid"}


def test_pam_140_an_unsigned_store_is_not_refused_for_it(file: Path, tmp_path: Path) -> None:
    assert list(FORMAT.validate(file, limits=DEFAULT)) == []
    for path in (file, write(tmp_path / "null.json", store(signature=None) | {"signature": None})):
        found = verify(path, PUBLIC)
        assert found.verdict == "unsigned" and codes(found) == set()
        assert "checksum" in codes(found, "passed") and "unsigned" in codes(found, "noticed")


def test_pam_141_a_failed_verification_is_told(shared: Path) -> None:
    path = shared / "conformance/portable-ai-memory/derived/cli-malformed/fakesig.json"
    assert "signature-invalid" in {f.code for f in FORMAT.validate(path, limits=DEFAULT) if f.severity == "warning"}
    assert verify(path, PUBLIC).verdict == "invalid"


@pytest.mark.parametrize("missing", ["algorithm", "public_key", "value", "signed_at"])
def test_pam_142_the_block_has_its_four_members(missing: str, file: Path) -> None:
    sign(file)
    value = json.loads(file.read_bytes())
    assert set(value["signature"]) == {"algorithm", "public_key", "value", "signed_at"}
    del value["signature"][missing]
    found = verify(write(file, value), PUBLIC)
    assert "signature-malformed" in codes(found) and found.verdict == "invalid"


def test_pam_143_ed25519_is_what_a_key_is_for_unless_another_is_asked_for() -> None:
    from inspect import signature as signature_of

    from satchel.vault.sqlite.store import SqliteStore

    assert signature_of(SqliteStore.create_signing_key).parameters["algorithm"].default is ALGORITHMS["Ed25519"]


# Policy: whose signature it is


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


# Files


def test_only_what_a_signature_needs_is_written_anew(tmp_path: Path) -> None:
    """Odd spellings, null members and unknown metadata in the memories stay, byte for byte."""
    text = json.dumps(
        store(memory("mem-1", confidence={"initial": 1.0, "current": 0.50}, metadata={"x": [1e-7, "\u2028"]}), integrity=None),
        indent=3,
    )
    text = text.replace('"platform": "claude"', '"platform" :\t"\\u0063laude"')
    path = tmp_path / "store.json"
    path.write_text(text + "\n\n")
    path.chmod(0o640)
    sign(path, did="key")
    after = path.read_text()
    cut = text.index('"owner"')
    assert after.startswith(text[:cut])
    start, end = text.index('"memories"'), text.rindex('"full"') + 6
    assert text[start:end] in after and after.endswith("\n}\n\n")
    value = json.loads(after)
    assert value["integrity"] == {"canonicalization": "RFC8785", "checksum": checksum(value["memories"]), "total_memories": 1}
    assert verify(path, PUBLIC).verdict == "verified"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["store.json"]


def test_signing_again_replaces_the_signature(file: Path) -> None:
    sign(file)
    once = file.read_bytes()
    signing.sign(file, KEY, SignOptions(), DEFAULT, datetime(2030, 1, 1, tzinfo=UTC))
    again = json.loads(file.read_bytes())
    assert again["signature"].pop("signed_at") == "2030-01-01T00:00:00Z"
    before = json.loads(once)
    del before["signature"]["signed_at"]
    assert again == before


@pytest.mark.parametrize("tail", ["", "\n", " \t\r\n" * 1000])
@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
def test_the_ends_of_files(head: bytes, tail: str, tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_bytes(head + json.dumps(store()).encode() + tail.encode())
    sign(path)
    assert verify(path, PUBLIC).verdict == "verified"
    # A byte-order mark is never written (dossier 1.1).
    assert path.read_bytes().startswith(b"{") and path.read_bytes().endswith(b"}" + tail.encode())


def test_a_package_is_signed_in_its_store_alone(tmp_path: Path) -> None:
    talks = [bag.conversation(), bag.message("m1", bag.text("hello"))]
    FORMAT.write(bag.Bag([*talks, bag.memory("a")]), tmp_path / "p")
    before = bag.files(tmp_path / "p")
    sign(tmp_path / "p")
    after = bag.files(tmp_path / "p")
    assert {name for name in after if after[name] != before[name]} == {"memory-store.json"} and set(after) == set(before)
    assert verify(tmp_path / "p", PUBLIC).verdict == "verified"
    loaded = portable_ai_memory.load(tmp_path / "p" / "memory-store.json")
    assert portable_ai_memory.validate(loaded).is_valid


def test_through_a_link_the_file_behind_it_is_signed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)
    sign(link)
    assert link.is_symlink() and verify(file, PUBLIC).verdict == "verified"


def test_a_package_whose_store_is_a_link_is_refused(file: Path, tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "memory-store.json").symlink_to(file)
    before = file.read_bytes()
    for act in (sign, verify):
        with pytest.raises(MalformedInput):
            act(package)
    assert file.read_bytes() == before


def test_what_is_not_valid_is_not_signed(tmp_path: Path) -> None:
    wrong = store()
    wrong["memories"][0]["content"] = "changed"
    stale = store()
    stale["integrity"]["checksum"] = "sha256:" + "0" * 64
    twice = store(memory("a"), memory("a"))
    for number, value in enumerate((wrong, stale, twice, {**store(), "x": 1}, {**store(), "schema_version": "2.0"})):
        path = write(tmp_path / f"{number}.json", value)
        before = path.read_bytes()
        with pytest.raises(MalformedInput, match="not valid"):
            sign(path)
        assert path.read_bytes() == before


def test_a_checksum_of_the_sdks_form_verifies_and_is_not_signed_over(tmp_path: Path) -> None:
    """Dossier 3.5: a B match can still verify, and is said."""
    bare = {name: value for name, value in memory("a").items() if name not in ("status", "tags")}
    full = store(memory("a"))
    full["memories"] = [bare]
    path = write(tmp_path / "a.json", full)
    with pytest.raises(MalformedInput, match="reference SDK"):
        sign(path)
    data = signature.payload(full["integrity"]["checksum"], full["export_id"], full["export_date"], OWNER)
    full["signature"] = signature.make_block(KEY, data, datetime(2026, 3, 1, tzinfo=UTC))
    found = verify(write(path, full), PUBLIC)
    assert found.verdict == "verified" and "checksum-sdk-form" in codes(found, "noticed")


def test_a_companion_file_is_not_signed(tmp_path: Path) -> None:
    FORMAT.write(bag.Bag([bag.conversation()]), tmp_path / "p")
    talk = next((tmp_path / "p/conversations").iterdir())
    for act in (sign, verify):
        with pytest.raises(SatchelError, match="no memory store"):
            act(talk)


def test_a_file_that_changes_while_it_is_signed_is_left_alone(file: Path) -> None:
    with file.open("rb") as stream:
        known = identity(stream)
    file.write_text(json.dumps(store(export_id="other")))
    before = file.read_bytes()
    with pytest.raises(OutputError, match="changed"):
        replace_members(file, {"signature": b"1"}, {}, known)
    assert file.read_bytes() == before
    assert len(list(file.parent.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space"):
        sign(file)
    assert file.read_bytes() == before and len(list(file.parent.iterdir())) == 1


names = st.sampled_from(["a", "b", "signature", "integrity", "ü", '"', "\\"])
scalars = st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
small = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.dictionaries(names, small, min_size=1),
    changes=st.dictionaries(names, small),
    indent=st.sampled_from([None, 0, 2]),
    tail=st.sampled_from(["", "\n", " " * 30]),
)
def test_members_are_replaced_in_any_object(
    value: dict[str, Any], changes: dict[str, Any], indent: int | None, tail: str, tmp_path: Path
) -> None:
    from satchel.codec.arrays import iter_members

    path = tmp_path / "any.json"
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + tail)
    with path.open("rb") as stream:
        known = identity(stream)
        spans = {name: Span(element.offset, len(element.data)) for name, element in iter_members(stream) if element is not None}
    replace_members(path, {name: json.dumps(change).encode() for name, change in changes.items()}, spans, known)
    assert json.loads(path.read_text()) == {**value, **changes}


# Hostile


@pytest.mark.parametrize(
    "change",
    [
        {"signature": 1},
        {"signature": []},
        {"signature": {}},
        {"signature": "x"},
        {"signature": {"algorithm": ["Ed25519"]}},
        {"owner": None},
        {"owner": []},
        {"owner": {"id": 1}},
        {"owner": {"id": "", "did": 7}},
        {"integrity": None},
        {"integrity": 1},
        {"integrity": {"checksum": 1}},
        {"memories": None},
        {"memories": {}},
        {"memories": [1]},
        {"memories": [{"id": 1}]},
        {"memories": [{"id": "a", "x": 2**70}]},
        {"relations": 5},
        {"conversations_index": None},
        {"export_date": 5},
        {"export_id": {}},
    ],
    ids=str,
)
def test_wrong_types_everywhere_never_verify(change: dict[str, Any], file: Path) -> None:
    sign(file)
    value = {**json.loads(file.read_bytes()), **change}
    found = verify(write(file, value), PUBLIC)
    assert found.holds == ("relations" in change or "conversations_index" in change)
    if "signature" in change:
        # It is about to go.
        sign(file)
        assert verify(file, PUBLIC).verdict == "verified"
        return
    with pytest.raises(SatchelError):
        sign(file)


@pytest.mark.parametrize(
    "member",
    [
        '"signature":{"algorithm":"Ed25519","algorithm":"ES256"}',
        '"export_id":"a","export_id":"b"',
        '"memories":[]',
        '"owner":{"id":"a","id":"b"}',
        '"x":"\\ud800"',
        '"x":NaN',
        '"x":1e999',
        '"x":' + "[" * 3000 + "]" * 3000,
        '"x":' + "9" * 5000,
        '"signature":',
        '"x":"\x01"',
    ],
    ids=lambda member: member[:25],
)
def test_json_that_two_readers_would_read_differently_is_refused(member: str, file: Path) -> None:
    """Dossier 11.3 no. 7: what is checked and what is seen must be the same."""
    sign(file)
    file.write_text(file.read_text().rstrip()[:-1] + "," + member + "}")
    with pytest.raises(SatchelError):
        verify(file, PUBLIC)


def test_a_memory_that_is_read_in_two_ways_has_no_checksum(file: Path) -> None:
    sign(file)
    file.write_text(
        file.read_text().replace(
            '"content": "User prefers dark mode."', '"content": "evil", "content": "User prefers dark mode."'
        )
    )
    found = verify(file, PUBLIC)
    assert "checksum-uncomputable" in codes(found) and found.verdict == "invalid"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_what_is_covered_breaks_it_or_changes_nothing(data: st.DataObject, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store())
    sign(path)
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    changed = before[:at] + bytes([data.draw(st.integers(0, 255))]) + before[at + 1 :]
    path.write_bytes(changed)
    try:
        found = verify(path, PUBLIC)
    except SatchelError:
        return
    if found.holds:
        old, new = json.loads(before), json.loads(changed)
        for value in (old, new):
            value["memories"].sort(key=lambda one: one["id"])
        covered = ("memories", "export_id", "export_date")
        assert [old[name] for name in covered] == [new[name] for name in covered] and old["owner"]["id"] == new["owner"]["id"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(junk=st.binary(max_size=60), at=st.integers(0, 900))
def test_any_bytes_at_any_place_raise_only_our_errors(junk: bytes, at: int, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store())
    sign(path)
    before = path.read_bytes()
    path.write_bytes(before[:at] + junk + before[at + len(junk) :])
    for act in (lambda: verify(path, PUBLIC), lambda: sign(path), lambda: list(FORMAT.validate(path, limits=DEFAULT))):
        try:
            act()
        except SatchelError:
            continue


blocks = st.fixed_dictionaries(
    {},
    optional={
        "algorithm": st.sampled_from([*ALGORITHMS, "none", "HS256", ""]) | small,
        "public_key": st.sampled_from(
            [PUBLIC.multibase, json.dumps(PUBLIC.jwk), did_key(PUBLIC), "z", "{}", "-----BEGIN PUBLIC KEY-----"]
        )
        | st.text(max_size=50)
        | small,
        "value": st.sampled_from(["A" * 86, "a.b.c", "=", ""]) | st.text(max_size=90) | small,
        "signed_at": st.sampled_from(["2026-03-01T00:00:00Z", "yesterday", "9999-99-99", ""]) | small,
        "key_id": small,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(block=blocks, did=st.sampled_from(["did:web:a", "did:key:z6Mk", "did:pkh:x", "did:ion:x", "did:x:y", ""]) | small)
def test_any_block_and_any_did_never_hold(block: dict[str, Any], did: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store(signature=block, owner={"id": OWNER, "did": did}))
    found = verify(path, PUBLIC, fetch=lambda url: b"{}")
    assert not found.holds and found.verdict == "invalid"


@pytest.mark.slow
def test_a_large_store_is_signed_in_little_memory(tmp_path: Path) -> None:
    """60 MB through 30 MB of memory of our own, in a process of its own."""
    import subprocess
    import sys

    path = tmp_path / "large.json"
    text = "word " * 2000
    with path.open("w") as sink:
        head = store(integrity=None)
        head.pop("memories")
        sink.write(json.dumps(head)[:-1] + ', "memories": [')
        for number in range(6_000):
            sink.write((", " if number else "") + json.dumps(memory(f"mem-{number:06}", text)))
        sink.write("]}")
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from satchel.formats.portable_ai_memory import signing, FORMAT\n"
        "from satchel.formats.signing import SignOptions, Trust\n"
        "from satchel.trust.signatures import PrivateKey; from satchel.trust.secrets import Secret\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "key = PrivateKey('Ed25519', Secret(bytes(32))); path = Path(sys.argv[1])\n"
        "signing.sign(path, key, SignOptions())\n"
        "assert signing.verify(path, Trust(keys={key.public: ''})).verdict == 'verified'\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert path.stat().st_size > 55 << 20
    assert int(result.stdout) < 30 << 10, f"{int(result.stdout):,} KiB more"
