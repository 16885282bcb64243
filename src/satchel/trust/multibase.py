"""Base58btc, multibase and multicodec, as far as public keys need them (portable-ai-memory.md 4.3).

Base 58 takes quadratic time: what is longer than any key is refused before it is decoded.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Literal

from satchel.errors import MalformedInput

#: What a public key may be.
KeyKind = Literal["Ed25519", "P-256", "P-384", "RSA"]

#: The prefix of a key's bytes (an unsigned varint of its multicodec code) → its kind.
MULTICODEC: dict[bytes, KeyKind] = {
    b"\xed\x01": "Ed25519",
    b"\x80\x24": "P-256",
    b"\x81\x24": "P-384",
    b"\x85\x24": "RSA",
}
PREFIX: dict[KeyKind, bytes] = {kind: prefix for prefix, kind in MULTICODEC.items()}

#: An RSA key of 16,384 bits takes some 2,900 characters; nothing larger is a key here.
MOST_CHARACTERS = 3000

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def encode_base58(data: bytes) -> str:
    """Base58btc: the number in base 58, a ``1`` for each leading zero byte."""
    number = int.from_bytes(data)
    digits = []
    while number:
        number, rest = divmod(number, 58)
        digits.append(_ALPHABET[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def decode_base58(text: str) -> bytes:
    """The inverse of ``encode_base58``.

    Raises:
        MalformedInput: another character, or longer than any key.
    """
    if len(text) > MOST_CHARACTERS:
        raise MalformedInput("too long for a base58 key")
    number = 0
    for letter in text:
        value = _VALUE.get(letter)
        if value is None:
            raise MalformedInput("not base58")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def encode_base64url(data: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """The bytes of unpadded base64url. Python's decoder drops foreign characters: the alphabet is checked here.

    Raises:
        MalformedInput: another character, padding, or a length that no bytes give.
    """
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise MalformedInput("not base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise MalformedInput("not base64url") from None


def decode_multibase(text: str) -> bytes:
    """The bytes of a multibase text in base58btc (``z``) or base64url (``u``), which is what DID documents may use.

    Raises:
        MalformedInput: another base, or not in its alphabet.
    """
    if text.startswith("z"):
        return decode_base58(text[1:])
    if text.startswith("u") and len(text) <= MOST_CHARACTERS:
        return decode_base64url(text[1:])
    raise MalformedInput("not multibase in base58btc or base64url")
