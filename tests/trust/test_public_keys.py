"""Keys in every encoding: published vectors, one key in all its texts, and texts that are none (dossier 4.3)."""

from __future__ import annotations

import contextlib
import json
import string
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import LimitExceeded, MalformedInput, SatchelError
from satchel.trust import multibase
from satchel.trust.public_keys import PublicKey, ed25519, read_jwk, read_key, read_multibase, read_typed_key, stored_key
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, PrivateKey, generate

SEED = bytes(range(32))
PUBLIC = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
MULTIBASE = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
KEYS = {name: generate(ALGORITHMS[name]).public for name in ("Ed25519", "ES256", "ES384", "RS256")}


def pem(key: PublicKey) -> str:
    return key.load().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_base58_of_the_draft() -> None:
    """The test vectors of draft-msporny-base58-03, section 5."""
    for data, text in (
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (b"The quick brown fox jumps over the lazy dog.", "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    ):
        assert multibase.encode_base58(data) == text
        assert multibase.decode_base58(text) == data


@given(st.binary(max_size=200))
def test_what_is_encoded_comes_back(data: bytes) -> None:
    assert multibase.decode_base58(multibase.encode_base58(data)) == data
    assert multibase.decode_base64url(multibase.encode_base64url(data)) == data
    assert multibase.decode_multibase("z" + multibase.encode_base58(data)) == data
    assert multibase.decode_multibase("u" + multibase.encode_base64url(data)) == data


def test_the_keys_of_the_dossier() -> None:
    assert read_key(MULTIBASE) == ed25519(PUBLIC) == PrivateKey("Ed25519", Secret(SEED)).public
    assert ed25519(PUBLIC).multibase == MULTIBASE
    example = read_key("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK").data.hex()
    assert example.startswith("2e6fcce3") and example.endswith("0970e6")


def test_the_keys_of_the_did_key_method() -> None:
    """did:key of the method's own document, P-256 and P-384, with the multicodec prefixes of dossier 4.3."""
    p256 = read_key("did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169")
    p384 = read_key("did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9")
    assert (p256.kind, p384.kind) == ("P-256", "P-384")
    assert [key.multibase[:3] for key in (KEYS["ES256"], KEYS["ES384"])] == ["zDn", "z82"]
    assert KEYS["RS256"].multibase.startswith("z4MX")


def test_the_thumbprint_of_rfc_8037() -> None:
    """RFC 8037, appendix A.3."""
    key = ed25519(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    assert key.jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.fingerprint == "SHA256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("name", KEYS)
def test_one_key_in_all_its_texts_is_one_key(name: str) -> None:
    key = KEYS[name]
    texts = [
        key.multibase,
        json.dumps(key.jwk),
        pem(key),
        f"did:key:{key.multibase}",
        f"did:key:{key.multibase}#{key.multibase}",
    ]
    if name == "Ed25519":
        texts += [multibase.encode_base58(key.data), multibase.encode_base64url(key.data)]
    assert {read_key(text, name) for text in texts} == {key}
    assert read_typed_key(f"  {key.text}\n") == stored_key(key.kind, key.data) == read_jwk(key.jwk) == key
    assert len({read_key(text, name).fingerprint for text in texts}) == 1


def test_raw_bytes_are_a_key_for_ed25519_alone() -> None:
    for text in (multibase.encode_base58(PUBLIC), multibase.encode_base64url(PUBLIC)):
        assert read_key(text, "Ed25519") == read_key(text) == ed25519(PUBLIC)
        with pytest.raises(MalformedInput):
            read_key(text, "ES256")
    assert read_typed_key(PUBLIC.hex().upper()) == read_typed_key("ed25519:" + PUBLIC.hex()) == ed25519(PUBLIC)


def test_a_raw_key_whose_text_begins_with_z() -> None:
    """Step 4 before 5 and 6: only a known prefix and length make a multibase key."""
    for tail in range(256):
        data = bytes([0xCF]) + PUBLIC[1:31] + bytes([tail])
        text = multibase.encode_base64url(data)
        assert text.startswith("z")
        assert read_key(text, "Ed25519").data == data


def _times_eight(y: int) -> tuple[int, int] | None:
    """8·P for a point of edwards25519 with that y, or None when there is none: arithmetic of RFC 8032 section 5.1."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y %= p
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    if (x * x - square) % p:
        x = x * pow(2, (p - 1) // 4, p) % p
    if (x * x - square) % p:
        return None
    for _ in range(3):
        product = d * x * x * y * y % p
        x, y = 2 * x * y * pow(1 + product, -1, p) % p, (y * y + x * x) * pow(1 - product, -1, p) % p
    return x, y


def test_keys_of_small_order_are_refused() -> None:
    from satchel.trust.public_keys import _SMALL_ORDER

    for data in _SMALL_ORDER:
        assert _times_eight(int.from_bytes(data, "little")) == (0, 1), data.hex()
        for spelled in (data, data[:31] + bytes([data[31] | 0x80])):
            with pytest.raises(MalformedInput, match="small order"):
                ed25519(spelled)
    assert _times_eight(int.from_bytes(PUBLIC, "little") & (2**255 - 1)) != (0, 1)


def _others() -> list[str]:
    made = [
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed448.Ed448PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ]
    return [key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in made]


def test_keys_that_no_algorithm_here_uses() -> None:
    for text in _others():
        with pytest.raises(MalformedInput):
            read_key(text)


def test_private_keys_are_told_of_and_refused() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(MalformedInput, match="SubjectPublicKeyInfo"):
        read_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    with pytest.raises(MalformedInput, match="private"):
        read_jwk({**KEYS["ES256"].jwk, "d": "AAAA"})


JWK = KEYS["ES256"].jwk
RSA = KEYS["RS256"].jwk


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        1,
        {},
        {"kty": "EC"},
        {**JWK, "crv": "secp256k1"},
        {**JWK, "crv": ["P-256"]},
        {**JWK, "x": None},
        {**JWK, "x": JWK["x"] + "="},
        {**JWK, "x": JWK["x"][:-2]},
        {**JWK, "x": "A" + JWK["x"]},
        {**JWK, "x": JWK["y"]},
        {**JWK, "crv": "P-384"},
        {**RSA, "n": ""},
        {**RSA, "e": ""},
        {**RSA, "e": "AQ"},
        {**RSA, "e": "AA"},
        {**RSA, "n": "_" * 2800},
        {**RSA, "e": "_" * 40},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 42},
        {"kty": "oct", "k": "AAAA"},
    ],
)
def test_what_is_no_jwk(value: Any) -> None:
    with pytest.raises(SatchelError):
        read_jwk(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "z6Mk",
        MULTIBASE[:-1],
        MULTIBASE + "1",
        "z" + MULTIBASE,
        "Z" + MULTIBASE[1:],
        " " + MULTIBASE,
        "did:key:",
        "did:key:" + MULTIBASE + "#",
        "did:key:" + MULTIBASE + "#z6Mk",
        "did:key:" + MULTIBASE + "/x",
        "did:web:example.com",
        "{",
        "{}",
        '{"kty":"EC","kty":"OKP"}',
        "-----BEGIN",
        "-----BEGIN PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----",
        "A" * 41,
        "0" * 42,
        "\ud800",
        '{"kty":"\ud800"}',
        "é" * 43,
        "{" * 3000,
        "[" * 3000,
        "z" + "2" * 2990,
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(SatchelError):
        read_key(text)


def test_what_is_longer_than_any_key_is_not_decoded() -> None:
    with pytest.raises(LimitExceeded):
        read_key("z" + "2" * 100_000)
    with pytest.raises(MalformedInput, match="too long"):
        multibase.decode_base58("2" * 3001)


tokens = st.sampled_from(
    [
        "{",
        "}",
        '"kty":',
        '"EC"',
        '"x":',
        '"AA"',
        ",",
        "z6Mk",
        "did:key:",
        "-----BEGIN PUBLIC KEY-----",
        "\n",
        "\x00",
        "=",
        "\ud800",
    ]
)


@given(
    st.one_of(
        st.text(max_size=120),
        st.lists(tokens, max_size=12).map("".join),
        st.text(string.ascii_letters + string.digits + "-_=z", max_size=90),
    )
)
def test_any_text_is_a_key_or_one_of_our_errors(text: str) -> None:
    for algorithm in ("", *ALGORITHMS):
        try:
            key = read_key(text, algorithm)
        except SatchelError:
            continue
        assert read_multibase(key.multibase) == key


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "alg"]),
        values | st.sampled_from(["EC", "OKP", "RSA", "P-256", "Ed25519", JWK["x"], JWK["y"]]),
    )
)
def test_any_object_is_a_jwk_or_one_of_our_errors(value: dict[str, Any]) -> None:
    with contextlib.suppress(SatchelError):
        assert isinstance(read_jwk(value), PublicKey)


@given(st.sampled_from(["Ed25519", "P-256", "P-384", "RSA", "DSA", ""]), st.binary(max_size=70))
def test_any_bytes_are_a_stored_key_or_one_of_our_errors(kind: str, data: bytes) -> None:
    with contextlib.suppress(MalformedInput):
        assert stored_key(kind, data).data == data


def test_every_key_of_the_vectors_reads(shared: Path) -> None:
    vectors = json.loads((shared / "conformance/portable-ai-memory/derived/signature-vectors.json").read_text())["vectors"]
    by_value: dict[str, set[PublicKey]] = {}
    for vector in vectors:
        block = vector["store"].get("signature")
        if block["algorithm"] != "Ed25519":
            continue
        by_value.setdefault(block["algorithm"], set()).add(read_key(block["public_key"], block["algorithm"]))
    assert by_value == {"Ed25519": {ed25519(PUBLIC)}}
