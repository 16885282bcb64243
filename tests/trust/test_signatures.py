"""The six algorithms: the worked example, RFC vectors, other libraries' forms, and values that are none (dossier 4.2, 4.4)."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import KeyStoreError, MalformedInput, SatchelError, UsageError
from satchel.trust.multibase import decode_base64url
from satchel.trust.secrets import Secret
from satchel.trust.signatures import (
    ALGORITHMS,
    PrivateKey,
    algorithm_called,
    decode_value,
    encode_value,
    generate,
    misfit,
    verify,
)

SEEDED = PrivateKey("Ed25519", Secret(bytes(range(32))))
EXAMPLE = (
    b'{"checksum":"sha256:5aabd44a251cdbb47c49a43e9723fa9154ea4ca0672e7841ada92e275b0afd94","export_date":"2026-02-15T22:00:00Z",'
    b'"export_id":"e47ac10b-58cc-4372-a567-0e02b2c3d479","owner_id":"550e8400-e29b-41d4-a716-446655440000"}'
)
# The larger RSA keys take seconds to make; what they do differently is their length and hash.
KEYS = {name: generate(algorithm) for name, algorithm in ALGORITHMS.items() if name not in ("RS384", "RS512")}


def test_the_worked_example_of_the_dossier() -> None:
    assert hashlib.sha256(EXAMPLE).hexdigest() == "6058d8c38ecd5eb0c84e50360236a926aa4548bc6a668b04a20f41c87ce64561"
    value = SEEDED.sign(EXAMPLE)
    assert encode_value(value) == "6NY2ogqpeTIzKI6RjD3nhB8kNmeiZywaSQ1Gib7cI0Fpv8iyKTwv78b0VOaoXA64nNCSQfjrL0i0qHW1rH5QBw"
    assert verify(ALGORITHMS["Ed25519"], SEEDED.public, value, EXAMPLE)


@pytest.mark.parametrize("name", KEYS)
def test_what_a_key_signs_it_verifies_and_nothing_else(name: str) -> None:
    algorithm, key = ALGORITHMS[name], KEYS[name]
    value = key.sign(EXAMPLE)
    assert len(value) == (algorithm.value_bytes or 256)
    assert verify(algorithm, key.public, value, EXAMPLE)
    assert value == key.sign(EXAMPLE)
    assert not verify(algorithm, key.public, value, EXAMPLE + b" ")
    assert not verify(algorithm, key.public, value[:-1], EXAMPLE)
    assert not verify(algorithm, key.public, value + b"\0", EXAMPLE)
    assert not verify(algorithm, generate(algorithm).public, value, EXAMPLE)
    for other in ALGORITHMS.values():
        if other.name != name:
            assert not verify(other, key.public, value, EXAMPLE)


# Loading an RSA key checks it, which takes its time.
@settings(deadline=None)
@given(st.sampled_from(sorted(KEYS)), st.integers(0, 2047), st.binary(max_size=40))
def test_any_flipped_bit_breaks_it(name: str, bit: int, data: bytes) -> None:
    value = bytearray(KEYS[name].sign(data))
    value[bit // 8 % len(value)] ^= 1 << bit % 8
    assert not verify(ALGORITHMS[name], KEYS[name].public, bytes(value), data)


@settings(deadline=None)
@given(st.sampled_from(sorted(KEYS)), st.binary(max_size=300), st.binary(max_size=20))
def test_any_bytes_as_a_signature_raise_nothing(name: str, value: bytes, data: bytes) -> None:
    assert not verify(ALGORITHMS[name], KEYS[name].public, value, data)


def test_ecdsa_of_zeros_is_no_signature() -> None:
    """r = s = 0 verified everywhere once (CVE-2022-21449)."""
    for name in ("ES256", "ES384"):
        assert not verify(ALGORITHMS[name], KEYS[name].public, bytes(ALGORITHMS[name].value_bytes), EXAMPLE)


def test_ecdsa_in_der_is_read_and_never_written() -> None:
    key = KEYS["ES256"]
    der = load_der_private_key(key.secret.reveal(), None).sign(EXAMPLE, ECDSA(SHA256()))  # type: ignore[union-attr,call-arg,arg-type]
    assert verify(ALGORITHMS["ES256"], key.public, der, EXAMPLE)
    assert len(key.sign(EXAMPLE)) == 64


def test_deterministic_ecdsa_of_rfc_6979() -> None:
    """RFC 6979, appendix A.2.5: P-256, SHA-256, "sample"."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    number = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    private = derive_private_key(number, SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    value = PrivateKey("ES256", Secret(der)).sign(b"sample").hex()
    assert value == (
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )


def test_rsa_keys_have_a_least_length() -> None:
    key = KEYS["RS256"]
    assert misfit(ALGORITHMS["RS256"], key.public) == ""
    assert "3072" in misfit(ALGORITHMS["RS384"], key.public)
    assert "4096" in misfit(ALGORITHMS["RS512"], key.public)
    assert "kind RSA" in misfit(ALGORITHMS["RS256"], SEEDED.public)
    with pytest.raises(KeyStoreError, match="3072"):
        PrivateKey("RS384", key.secret).sign(b"x")
    assert [ALGORITHMS[name].least_bits for name in ("RS256", "RS384", "RS512")] == [2048, 3072, 4096]


def test_values_with_and_without_padding() -> None:
    value = SEEDED.sign(b"x")
    text = encode_value(value)
    assert "=" not in text
    assert decode_value(text) == decode_value(text + "==") == decode_value(text + "=") == value


@pytest.mark.parametrize(
    "text", ["a.b.c", "a..b", "A===", "A=A", "A+/A", "A A", "AAAAA", "\n", "AAAA\n", "é", "\ud800", "=AAA"]
)
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(MalformedInput):
        decode_value(text)


@given(st.text(max_size=100))
def test_any_text_is_a_value_or_one_of_our_errors(text: str) -> None:
    with contextlib.suppress(SatchelError):
        assert decode_base64url(text.rstrip("=")) == decode_value(text)


def test_algorithms_are_named_in_any_case() -> None:
    assert [algorithm_called(name.lower()).name for name in ALGORITHMS] == list(ALGORITHMS)
    for name in ("", "none", "HS256", "ES512", "PS256", "EdDSA"):
        with pytest.raises(UsageError):
            algorithm_called(name)


def test_a_key_of_another_algorithm_signs_no_bundle() -> None:
    assert SEEDED.ed25519_seed("Portable Memory") == SEEDED.secret
    with pytest.raises(UsageError, match="ES256"):
        KEYS["ES256"].ed25519_seed("Portable Memory")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_bytes_that_are_no_private_key(name: str) -> None:
    for data in (b"", b"short", bytes(100), KEYS["ES256"].secret.reveal() if name != "ES256" else b"\x30"):
        with pytest.raises(KeyStoreError):
            PrivateKey(name, Secret(data)).sign(b"x")


def test_a_private_key_is_never_shown_and_leaves_as_others_read_it() -> None:
    assert "***" in repr(KEYS["ES256"])
    assert SEEDED.exported() == bytes(range(32)).hex().encode() + b"\n"
    read = load_pem_private_key(KEYS["ES256"].exported(), None)
    assert read.public_key().public_numbers() == KEYS["ES256"].public.load().public_numbers()  # type: ignore[union-attr]
