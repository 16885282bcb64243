"""Signatures and DIDs: a test for each row of checklist 10.7, by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import portable_ai_memory
import pytest

from satchel.codec import canonical
from satchel.errors import MalformedInput, UsageError
from satchel.formats.base import WriteOptions
from satchel.formats.portable_ai_memory import FORMAT, signature
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
    document,
    memory,
    sign,
    store,
    verify,
    write,
)

PUBLIC = KEY.public
WEB = "did:web:example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "store.json", store(), indent=2)


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
