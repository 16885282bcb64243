"""Detached signatures: the published key and vector, and every spelling that is not the one (portable-memory.md 5)."""

from __future__ import annotations

import json
from pathlib import Path

import portable_memory
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import KeyStoreError, UsageError
from satchel.trust.secrets import Secret, new_key
from satchel.trust.tokens import parse_public, public_key, sign, verify

SEED = Secret(bytes(range(32)))
PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
TRUSTED = frozenset({PUBLIC})


def test_the_published_test_key(shared: Path) -> None:
    said = json.loads((shared / "conformance/portable-memory/Conformance/vectors/signing-test-key.json").read_text())
    assert public_key(Secret(bytes.fromhex(said["privateKeyHex"]))) == said["publicKeyHex"] == PUBLIC == public_key(SEED)


def test_the_signed_vector(shared: Path) -> None:
    bundle = shared / "conformance/portable-memory/Conformance/vectors/signed.mem"
    token, manifest = (bundle / "manifest.sig").read_bytes(), (bundle / "manifest.json").read_bytes()
    assert verify(token, manifest, TRUSTED) == ("valid", PUBLIC)
    assert verify(token, manifest) == ("untrusted", PUBLIC)
    assert verify(token, manifest + b" ", TRUSTED) == ("invalid", PUBLIC)


@given(st.binary(max_size=200))
def test_the_sdk_verifies_what_we_sign_and_we_what_it_signs(data: bytes) -> None:
    theirs = portable_memory.PortableSigningKey(SEED.reveal())
    token = portable_memory.PortableSigning.detached_token(data, theirs)
    token = token if isinstance(token, bytes) else token.encode()
    assert verify(token, data, TRUSTED)[0] == "valid"
    # Ed25519 is deterministic in both.
    assert sign(SEED, data).encode() == token.strip()


def test_only_one_spelling_is_a_token() -> None:
    """D14: the reference takes upper case, and blanks inside the digits."""
    token = sign(SEED, b"data").encode()
    assert verify(token, b"data", TRUSTED)[0] == verify(token + b"\n", b"data", TRUSTED)[0] == "valid"
    for other in (
        b"",
        token.upper(),
        token.replace(b"ed25519", b"Ed25519"),
        token + b"\n\n",
        b" " + token,
        token + b" ",
        token.replace(b":", b": ", 1),
        token[:-1],
        token + b"0",
        token + b":",
        b"\xef\xbb\xbf" + token,
        token[:20] + b" " + token[20:],
        token[:20] + b"\n" + token[20:],
        token + b"\n" + token,
        b"ed25519:" + "٠".encode() * 64 + b":" + b"0" * 128,
    ):
        assert verify(other, b"data", TRUSTED) == ("malformed", ""), other


@given(st.binary(max_size=300))
def test_any_bytes_as_a_token_raise_nothing(token: bytes) -> None:
    assert verify(token, b"data", TRUSTED)[0] != "valid"


def test_trust_is_of_keys_not_of_signatures() -> None:
    other = new_key()
    assert verify(sign(other, b"x").encode(), b"x", TRUSTED)[0] == "untrusted"
    assert verify(sign(other, b"x").encode(), b"x", frozenset({public_key(other)}))[0] == "valid"


def test_what_is_no_key() -> None:
    with pytest.raises(KeyStoreError):
        sign(Secret(b"short"), b"x")
    assert parse_public(" ED25519:" + PUBLIC.upper() + "\n") == PUBLIC
    for text in ("", "abc", PUBLIC + "0", "ed25519:" + PUBLIC + ":" + PUBLIC):
        with pytest.raises(UsageError):
            parse_public(text)
