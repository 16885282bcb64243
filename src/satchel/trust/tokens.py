"""Detached Ed25519 signatures as one line of text: ``ed25519:<public key>:<signature>``, lower-case hexadecimal
(portable-memory.md 5). Stricter than the reference, whose tokens may be spelled in many ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from satchel.errors import KeyStoreError, UsageError
from satchel.trust.secrets import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TOKEN = re.compile(rb"ed25519:([0-9a-f]{64}):([0-9a-f]{128})\n?")
_PUBLIC = re.compile(r"(?:ed25519:)?([0-9a-f]{64})")

#: ``valid``: by a trusted key. ``untrusted``: it verifies, but nobody vouches for its key. ``invalid``: it does not verify.
Verdict = Literal["valid", "untrusted", "invalid", "malformed"]


def public_key(private: Secret) -> str:
    """The public key of a private key of 32 bytes, as 64 hexadecimal digits.

    Raises:
        KeyStoreError: it is no such key.
    """
    return _load(private).public_key().public_bytes_raw().hex()


def sign(private: Secret, data: bytes) -> str:
    """The token over ``data``, without a line end.

    Raises:
        KeyStoreError: ``private`` is no Ed25519 key.
    """
    key = _load(private)
    return f"ed25519:{key.public_key().public_bytes_raw().hex()}:{key.sign(data).hex()}"


def verify(token: bytes, data: bytes, trusted: frozenset[str] = frozenset()) -> tuple[Verdict, str]:
    """What the token is worth, and the public key that it names ("" when it is malformed). Fails closed.

    Args:
        trusted: public keys, as ``public_key`` gives them.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = _TOKEN.fullmatch(token)
    if found is None:
        return "malformed", ""
    name = found[1].decode()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(name)).verify(bytes.fromhex(found[2].decode()), data)
    except (InvalidSignature, ValueError):
        return "invalid", name
    return ("valid" if name in trusted else "untrusted"), name


def parse_public(text: str) -> str:
    """A public key that a person typed: 64 hexadecimal digits, ``ed25519:`` before them or not.

    Raises:
        UsageError: it is none.
    """
    found = _PUBLIC.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError("that is no Ed25519 public key", hint="it is 64 hexadecimal digits; satchel keys list shows yours")
    return found[1]


def _load(private: Secret) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        return Ed25519PrivateKey.from_private_bytes(private.reveal())
    except ValueError:
        raise KeyStoreError("that is no Ed25519 private key") from None
