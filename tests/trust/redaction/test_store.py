"""The redaction store: encrypted, bound to its header, recoverable with its key and with nothing else (dossier 7.6, 8.7)."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import KeyStoreError, MalformedInput, UsageError, WrongKey
from satchel.trust.redaction.entries import Commitment
from satchel.trust.redaction.store import (
    Policy,
    RedactionStore,
    decode,
    encode,
    new_id,
    read_file,
    read_sealed,
    seal,
    write_file,
)
from satchel.trust.redaction.tokens import Kept, recovered
from satchel.trust.secrets import Secret, new_key

KEY = Secret(bytes(range(32)))
STORE = RedactionStore(
    "rs:a1b2c3",
    "blake3:" + "0" * 64,
    {
        "[REDACTED:email:r8f3a]": Kept("alice@example.com", "email", 0.99),
        "[REDACTED:credit_card:r8f3c]": Kept(4111, "credit_card", 1),
    },
    Policy(("redact",), "operator:admin@example.com"),
    {"blake3:" + "1" * 64: Commitment("blake3:" + "2" * 64, "blake3:" + "3" * 64, "00" * 32)},
)


def test_the_shared_store_is_read_and_recovers_the_shared_entry(shared: Path) -> None:
    folder = shared / "conformance/portable-agent-memory/sdk-profile"
    data = (folder / "redaction-store.json").read_bytes()
    store = decode(data)
    assert json.loads(encode(store)) == json.loads(data)
    original, redacted = json.loads((folder / "redacted-with-original.pam").read_text())["episodic"]
    assert recovered(redacted["observation"], store.entries) == original["observation"]
    assert store.artifact_id == json.loads((folder / "redacted-dangling.pam").read_text())["root_hash"]


def test_red_07_the_envelope_is_aes_256_gcm_with_its_header_bound() -> None:
    """Opened without Satchel: 12 bytes of nonce, 16 of tag, the header less its tag as associated data."""
    envelope = json.loads(seal(STORE, KEY))
    header = envelope["encryption"]
    assert set(header) == {"algorithm", "key_id", "iv", "tag"} and header["algorithm"] == "AES-256-GCM"
    iv, tag = base64.b64decode(header["iv"]), base64.b64decode(header["tag"])
    assert (len(iv), len(tag)) == (12, 16)
    bound = json.dumps({name: header[name] for name in sorted(header) if name != "tag"}, separators=(",", ":"))
    data = base64.b64decode(envelope["ciphertext"]) + tag
    clear = AESGCM(KEY.reveal()).decrypt(iv, data, b"satchel redaction store\n" + bound.encode())
    assert json.loads(clear)["entries"]["[REDACTED:email:r8f3a]"]["original"] == "alice@example.com"


def test_it_is_opened_by_its_key_alone() -> None:
    data = seal(STORE, KEY)
    assert read_sealed(data).open(KEY) == STORE
    assert b"alice" not in data and b"4111" not in data
    with pytest.raises(WrongKey):
        read_sealed(data).open(new_key())
    assert seal(STORE, KEY) != data


def flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[0] ^= 1
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("member", ["iv", "tag", "ciphertext", "key_id", "sealed_key", "extra"])
def test_a_change_anywhere_is_seen(member: str) -> None:
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    envelope: dict[str, Any] = json.loads(seal(STORE, KEY, [recipient]))
    header = envelope["encryption"]
    if member == "ciphertext":
        envelope["ciphertext"] = flipped(envelope["ciphertext"])
    elif member == "key_id":
        header["key_id"] = "key:rs:another"
    elif member == "extra":
        header["extra"] = "x"
    else:
        header[member] = flipped(header[member])
    with pytest.raises(WrongKey):
        read_sealed(json.dumps(envelope).encode()).open(KEY)


@given(st.one_of(st.binary(max_size=40), st.text(max_size=40).map(str.encode)))
def test_what_is_no_store_is_refused(data: bytes) -> None:
    for read in (read_sealed, decode):
        with pytest.raises(MalformedInput):
            read(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("redaction_store_id",), "a b"),
        (("entries",), []),
        (("entries",), {"email": {"original": "x", "type": "email", "confidence": 1}}),
        (("entries",), {"[REDACTED:email:a]": {"original": "x", "type": "ssn", "confidence": 1}}),
        (("entries",), {"[REDACTED:email:a]": {"original": [], "type": "email", "confidence": 1}}),
        (("access_policy",), {}),
        (("commitments",), {"x": {}}),
    ],
)
def test_a_store_with_odd_members_is_refused(path: tuple[str], value: Any) -> None:
    clear = json.loads(encode(STORE))
    clear[path[0]] = value
    with pytest.raises(MalformedInput):
        decode(json.dumps(clear).encode())


@given(
    st.dictionaries(
        st.integers(0, 99), st.one_of(st.text(), st.integers(0, 2**70), st.floats(allow_nan=False, width=64)), max_size=5
    )
)
def test_every_original_comes_back(originals: dict[int, str | int | float]) -> None:
    entries = {f"[REDACTED:email:{id}]": Kept(original, "email", 0.5) for id, original in originals.items()}
    store = RedactionStore(new_id(), "", entries)
    assert read_sealed(seal(store, KEY)).open(KEY) == store


def test_its_size_does_not_tell_how_long_a_number_was() -> None:
    sizes = {len(seal(RedactionStore("rs:1", "", {"[REDACTED:ssn:a]": Kept("1" * n, "ssn", 1.0)}), KEY)) for n in range(1, 20)}
    assert len(sizes) == 1


def test_a_key_can_travel_sealed_to_others() -> None:
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    sealed = read_sealed(seal(STORE, KEY, [str(identity.to_public())]))
    assert sealed.open(sealed.key_by([str(identity)])) == STORE
    with pytest.raises(WrongKey):
        sealed.key_by([str(other)])
    with pytest.raises(WrongKey):
        sealed.key_by(["AGE-SECRET-KEY-1"])
    with pytest.raises(KeyStoreError):
        read_sealed(seal(STORE, KEY)).key_by([str(identity)])
    with pytest.raises(UsageError):
        seal(STORE, KEY, ["alice"])


def test_its_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    write_file(path, seal(STORE, KEY))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_file(path).open(KEY) == STORE
    path.chmod(0o644)
    with pytest.raises(KeyStoreError):
        read_file(path)
