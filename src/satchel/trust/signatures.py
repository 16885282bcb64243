"""The six signature algorithms over bytes: what each needs of its key, verifying, and private keys that sign
(portable-ai-memory.md 4.2).

The names are JOSE's. ECDSA values are r‖s (RFC 7518 section 3.4), and DER is read too; RSA is PKCS#1 v1.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from satchel.errors import KeyStoreError, MalformedInput, UsageError
from satchel.trust.multibase import KeyKind, decode_base64url, encode_base64url
from satchel.trust.public_keys import PublicKey, of_private
from satchel.trust.secrets import Secret, new_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

ED25519 = "Ed25519"


class Algorithm(msgspec.Struct, frozen=True):
    """What an algorithm needs: the kind of key, its least length (RSA), the hash, and how long a value is (0: as the key)."""

    name: str
    kind: KeyKind
    hash: str = ""
    value_bytes: int = 0
    least_bits: int = 0


ALGORITHMS: dict[str, Algorithm] = {
    each.name: each
    for each in (
        Algorithm(ED25519, "Ed25519", value_bytes=64),
        Algorithm("ES256", "P-256", "SHA256", value_bytes=64),
        Algorithm("ES384", "P-384", "SHA384", value_bytes=96),
        Algorithm("RS256", "RSA", "SHA256", least_bits=2048),
        Algorithm("RS384", "RSA", "SHA384", least_bits=3072),
        Algorithm("RS512", "RSA", "SHA512", least_bits=4096),
    )
}


def algorithm_called(name: str) -> Algorithm:
    """The algorithm of that name, in any case. Raises UsageError."""
    for each in ALGORITHMS.values():
        if each.name.lower() == name.lower():
            return each
    raise UsageError(f"no signature algorithm is called {name!r}", hint="there are " + ", ".join(ALGORITHMS))


def misfit(algorithm: Algorithm, key: PublicKey) -> str:
    """Why a key cannot be used with an algorithm; "" when it can."""
    if key.kind != algorithm.kind:
        return f"{algorithm.name} takes a key of kind {algorithm.kind}, this one is of kind {key.kind}"
    if key.kind == "RSA" and key.rsa_bits < algorithm.least_bits:
        return f"{algorithm.name} takes an RSA key of at least {algorithm.least_bits} bits, this one has {key.rsa_bits}"
    return ""


def decode_value(text: str) -> bytes:
    """The bytes of a signature's text: base64url, with or without padding (portable-ai-memory.md 4.4).

    Raises:
        MalformedInput: another alphabet, or a JWS.
    """
    if "." in text:
        raise MalformedInput("the value looks like a JWS, which the format does not define", hint="it is base64url alone")
    bare = text.rstrip("=")
    if len(text) - len(bare) > 2:
        raise MalformedInput("the value is not base64url")
    return decode_base64url(bare)


def encode_value(value: bytes) -> str:
    """A signature's text: base64url without padding."""
    return encode_base64url(value)


def verify(algorithm: Algorithm, key: PublicKey, value: bytes, data: bytes) -> bool:
    """Whether ``value`` is ``key``'s signature over ``data``. A key that does not fit the algorithm signed nothing."""
    if misfit(algorithm, key):
        return False
    loaded: Any = key.load()
    if key.kind == "Ed25519":
        return _holds(loaded.verify, value, data)
    if key.kind == "RSA":
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        return _holds(loaded.verify, value, data, PKCS1v15(), _hash(algorithm))
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    method = ECDSA(_hash(algorithm))
    if len(value) == algorithm.value_bytes and _holds(loaded.verify, _to_der(value), data, method):
        return True
    # DER is 70 bytes and more for nearly every r and s, but nothing keeps it from having the length of r‖s.
    return value[:1] == b"\x30" and _holds(loaded.verify, value, data, method)


class PrivateKey(msgspec.Struct, frozen=True):
    """A key that signs: 32 bytes (the seed of RFC 8032) for Ed25519, PKCS#8 DER for the others."""

    algorithm: str
    secret: Secret

    @property
    def public(self) -> PublicKey:
        """Its public half. Raises KeyStoreError when the bytes are no such key."""
        return of_private(self._load())

    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``: r‖s for ECDSA. The same key and data give the same bytes (ECDSA by RFC 6979).

        Raises:
            KeyStoreError: the bytes are no key of its algorithm.
        """
        algorithm, loaded = algorithm_called(self.algorithm), self._load()
        if algorithm.kind == "Ed25519":
            return bytes(loaded.sign(data))
        if algorithm.kind == "RSA":
            from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

            return bytes(loaded.sign(data, PKCS1v15(), _hash(algorithm)))
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(loaded.sign(data, ECDSA(_hash(algorithm), deterministic_signing=True)))
        half = algorithm.value_bytes // 2
        return r.to_bytes(half) + s.to_bytes(half)

    def ed25519_seed(self, title: str) -> Secret:
        """The seed, for ``title``, which knows no other algorithm. Raises UsageError when it is of another."""
        if self.algorithm != ED25519:
            raise UsageError(
                f"{title} is signed with Ed25519 alone; this key is for {self.algorithm}",
                hint="satchel keys create NAME makes an Ed25519 key",
            )
        return self.secret

    def exported(self) -> bytes:
        """The private half as it leaves into a file: 64 hexadecimal digits, or PKCS#8 PEM."""
        if self.algorithm == ED25519:
            return self.secret.reveal().hex().encode() + b"\n"
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return bytes(self._load().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _load(self) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        algorithm = algorithm_called(self.algorithm)
        try:
            if algorithm.kind == "Ed25519":
                return Ed25519PrivateKey.from_private_bytes(self.secret.reveal())
            loaded = load_der_private_key(self.secret.reveal(), None)
            fault = misfit(algorithm, of_private(loaded))
        except (ValueError, TypeError, UnsupportedAlgorithm, MalformedInput):
            raise KeyStoreError(f"that is no private key for {self.algorithm}") from None
        if fault:
            raise KeyStoreError(fault)
        return loaded


def generate(algorithm: Algorithm) -> PrivateKey:
    """A fresh private key; an RSA key has the least length that the algorithm takes."""
    if algorithm.kind == "Ed25519":
        return PrivateKey(algorithm.name, new_key())
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm.kind == "RSA":
        made = rsa.generate_private_key(public_exponent=65537, key_size=algorithm.least_bits)
    else:
        made = ec.generate_private_key(ec.SECP256R1() if algorithm.kind == "P-256" else ec.SECP384R1())
    return PrivateKey(algorithm.name, Secret(made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))


def _holds(check: Any, *words: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        check(*words)
    except (InvalidSignature, ValueError):
        return False
    return True


def _to_der(value: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(value) // 2
    return encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))


def _hash(algorithm: Algorithm) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    made: HashAlgorithm = getattr(hashes, algorithm.hash)()
    return made
