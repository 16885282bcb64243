"""Public keys in every encoding that a memory store or a DID document may use, and one form to compare them in
(portable-ai-memory.md 4.3).

A ``PublicKey`` cannot exist invalid: its bytes were loaded by the library, its point lies on the curve. Two texts of one key
give equal values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from satchel.codec import canonical
from satchel.codec.json_values import decode_unique
from satchel.errors import InputError, LimitExceeded, MalformedInput
from satchel.trust.multibase import (
    MULTICODEC,
    PREFIX,
    KeyKind,
    decode_base58,
    decode_base64url,
    decode_multibase,
    encode_base58,
    encode_base64url,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    Loaded = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

#: A key's text: an RSA key of 16,384 bits as PEM or JWK stays below it.
MOST_CHARACTERS = 8192
#: Verifying with a larger key, or a larger exponent than any in use, is work that a stranger could make us do.
MOST_RSA_BITS = 16384
MOST_EXPONENT_BITS = 64

_HEX = re.compile(r"(?:ed25519:)?([0-9a-f]{64})", re.IGNORECASE)
_DID_KEY = re.compile(r"did:key:(z[^#/?]+)(?:#(.+))?", re.DOTALL)
_CURVE_BYTES: dict[str, int] = {"P-256": 32, "P-384": 48}
#: The y-coordinates, sign bit cleared, of the points of small order and their second spellings. A key of these verifies
#: signatures that nobody made ("Taming the many EdDSAs", table 1).
_SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


class PublicKey(msgspec.Struct, frozen=True):
    """A public key: 32 bytes (Ed25519), a compressed point (P-256, P-384) or a PKCS#1 DER key (RSA).

    Made by the readers of this module, which check it.
    """

    kind: KeyKind
    data: bytes

    @property
    def multibase(self) -> str:
        """``z…``: base58btc of the multicodec prefix and the bytes."""
        return "z" + encode_base58(PREFIX[self.kind] + self.data)

    @property
    def text(self) -> str:
        """The key in one line for people: 64 hexadecimal digits for Ed25519, multibase for the others."""
        return self.data.hex() if self.kind == "Ed25519" else self.multibase

    @property
    def jwk(self) -> dict[str, str]:
        """The required members of its JWK (RFC 7518 section 6, RFC 8037 section 2), in the order of RFC 7638."""
        if self.kind == "Ed25519":
            return {"crv": "Ed25519", "kty": "OKP", "x": encode_base64url(self.data)}
        loaded: Any = self.load()
        numbers = loaded.public_numbers()
        if self.kind == "RSA":
            return {"e": _from_integer(numbers.e), "kty": "RSA", "n": _from_integer(numbers.n)}
        size = _CURVE_BYTES[self.kind]
        x, y = (encode_base64url(number.to_bytes(size)) for number in (numbers.x, numbers.y))
        return {"crv": self.kind, "kty": "EC", "x": x, "y": y}

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and its JWK thumbprint in base64url (RFC 7638): the same whatever the key was written in."""
        import hashlib

        digest = hashlib.sha256(canonical.encode(self.jwk)).digest()
        return "SHA256:" + encode_base64url(digest)

    @property
    def rsa_bits(self) -> int:
        """The length of an RSA key's modulus; 0 for the others."""
        loaded: Any = self.load()
        return int(loaded.key_size) if self.kind == "RSA" else 0

    def load(self) -> Loaded:
        """The library's object for it."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        if self.kind == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(self.data)
        if self.kind == "RSA":
            loaded = load_der_public_key(self.data)
            assert isinstance(loaded, RSAPublicKey)
            return loaded
        return EllipticCurvePublicKey.from_encoded_point(_curve(self.kind), self.data)


def ed25519(data: bytes) -> PublicKey:
    """The Ed25519 key of 32 bytes.

    Raises:
        MalformedInput: another length, or a point of small order, whose signatures anybody can make.
    """
    if len(data) != 32:
        raise MalformedInput("an Ed25519 key has 32 bytes")
    if data[:31] + bytes([data[31] & 0x7F]) in _SMALL_ORDER:
        raise MalformedInput("an Ed25519 key of small order: anybody could sign for it")
    return PublicKey("Ed25519", data)


def read_key(text: str, algorithm: str = "") -> PublicKey:
    """The key that ``text`` holds: JWK, PEM, did:key, multibase or, for Ed25519, 32 bytes in base58 or base64url; tried in the
    order of the dossier.

    Args:
        algorithm: the signature algorithm that it is for; "" where it is not known.

    Raises:
        MalformedInput: none of these, or no key that one of the six algorithms could use.
        LimitExceeded: longer than any key.
    """
    if len(text) > MOST_CHARACTERS:
        raise LimitExceeded("the key is longer than any key")
    if text.startswith("{"):
        return _read_jwk_text(text)
    if text.startswith("-----BEGIN"):
        return _read_pem(text)
    if text.startswith("did:key:"):
        found = _DID_KEY.fullmatch(text)
        if found is None or (found[2] is not None and found[2] != found[1]):
            raise MalformedInput("not a did:key")
        return read_multibase(found[1])
    if text.startswith("z"):
        try:
            return read_multibase(text)
        except InputError:
            if algorithm not in ("", "Ed25519"):
                raise
    if algorithm in ("", "Ed25519"):
        for decode in (decode_base58, decode_base64url):
            try:
                data = decode(text)
            except InputError:
                continue
            if len(data) == 32:
                return ed25519(data)
    raise MalformedInput("unreadable key", hint="JWK, PEM, did:key, multibase or, for Ed25519, 32 bytes in base58 or base64url")


def read_typed_key(text: str) -> PublicKey:
    """A key that a person typed: as ``read_key``, or 64 hexadecimal digits of an Ed25519 key.

    Raises:
        MalformedInput, LimitExceeded: as ``read_key``.
    """
    text = text.strip()
    found = _HEX.fullmatch(text)
    return ed25519(bytes.fromhex(found[1])) if found else read_key(text)


def read_multibase(text: str) -> PublicKey:
    """The key of a multibase text with a multicodec prefix (Multikey). Raises MalformedInput."""
    data = decode_multibase(text)
    kind = MULTICODEC.get(data[:2])
    if kind is None:
        raise MalformedInput("no multicodec of a key that could sign here")
    return stored_key(kind, data[2:])


def stored_key(kind: str, data: bytes) -> PublicKey:
    """The key of that kind in ``PublicKey.data``'s form. Raises MalformedInput."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if kind == "Ed25519":
        return ed25519(data)
    try:
        if kind == "RSA":
            loaded = load_der_public_key(data)
            if isinstance(loaded, RSAPublicKey):
                key = _of_loaded(loaded)
                if key.data == data:
                    return key
        elif kind in _CURVE_BYTES and len(data) == 1 + _CURVE_BYTES[kind]:
            return _of_loaded(EllipticCurvePublicKey.from_encoded_point(_curve(kind), data))
    except (ValueError, UnsupportedAlgorithm):
        pass
    raise MalformedInput(f"not the bytes of a key of kind {kind}")


def read_jwk(value: Any) -> PublicKey:
    """The key of a JWK object: OKP/Ed25519, EC/P-256, EC/P-384 or RSA. One that holds a private key is refused.

    Raises:
        MalformedInput: another type or curve, or members that are not those of a key.
    """
    if type(value) is not dict:
        raise MalformedInput("a JWK is an object")
    if "d" in value:
        raise MalformedInput("the JWK holds a private key", hint="it is private no more; make a new one")
    if value.get("kty") == "OKP" and value.get("crv") == "Ed25519":
        return ed25519(_member(value, "x"))
    curve = value.get("crv")
    if value.get("kty") == "EC" and type(curve) is str and curve in _CURVE_BYTES:
        x, y = _member(value, "x"), _member(value, "y")
        if len(x) == len(y) == _CURVE_BYTES[curve]:
            from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

            try:
                return _of_loaded(EllipticCurvePublicKey.from_encoded_point(_curve(curve), b"\x04" + x + y))
            except ValueError:
                pass
        raise MalformedInput(f"the JWK's coordinates are no point of {curve}")
    if value.get("kty") == "RSA":
        return _rsa(int.from_bytes(_member(value, "n")), int.from_bytes(_member(value, "e")))
    raise MalformedInput("the JWK is of a type or curve that no algorithm here uses")


def of_private(private: Any) -> PublicKey:
    """The public half of one of the library's private keys."""
    return _of_loaded(private.public_key())


def _read_jwk_text(text: str) -> PublicKey:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise MalformedInput("the JWK is no Unicode text") from None
    return read_jwk(decode_unique(data))


def _read_pem(text: str) -> PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not text.startswith("-----BEGIN PUBLIC KEY-----"):
        raise MalformedInput("the PEM is no SubjectPublicKeyInfo", hint="it begins with -----BEGIN PUBLIC KEY-----")
    try:
        return _of_loaded(load_pem_public_key(text.encode()))
    except (ValueError, UnsupportedAlgorithm):
        raise MalformedInput("the PEM holds no public key") from None


def _of_loaded(loaded: Any) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(loaded, Ed25519PublicKey):
        return ed25519(loaded.public_bytes_raw())
    if isinstance(loaded, RSAPublicKey):
        exponent = loaded.public_numbers().e
        if loaded.key_size > MOST_RSA_BITS or exponent.bit_length() > MOST_EXPONENT_BITS:
            raise MalformedInput("an RSA key larger than any in use")
        return PublicKey("RSA", loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    kinds: dict[str, KeyKind] = {"secp256r1": "P-256", "secp384r1": "P-384"}
    if isinstance(loaded, EllipticCurvePublicKey) and loaded.curve.name in kinds:
        return PublicKey(kinds[loaded.curve.name], loaded.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
    raise MalformedInput("a key of a type or curve that no algorithm here uses")


def _rsa(n: int, e: int) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if n.bit_length() > MOST_RSA_BITS or e.bit_length() > MOST_EXPONENT_BITS:
        raise MalformedInput("an RSA key larger than any in use")
    try:
        return _of_loaded(RSAPublicNumbers(e, n).public_key())
    except ValueError:
        raise MalformedInput("the JWK's numbers are no RSA key") from None


def _member(value: dict[str, Any], name: str) -> bytes:
    text = value.get(name)
    if type(text) is not str:
        raise MalformedInput(f"the JWK lacks {name}")
    return decode_base64url(text)


def _from_integer(number: int) -> str:
    return encode_base64url(number.to_bytes((number.bit_length() + 7) // 8))


def _curve(kind: str) -> EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1

    return SECP256R1() if kind == "P-256" else SECP384R1()
