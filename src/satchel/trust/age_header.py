"""The header of an age file (C2SP age v1, "Header"): a stanza for each recipient, and a MAC under the file key.

Strict, as the format asks: one spelling for everything, so that a header that reads at all reads the same everywhere.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import IO

import msgspec

from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import Limits

INTRO = b"age-encryption.org/v1\n"
#: What every version of the format begins with, and the text form that some tools write.
ANY_VERSION = b"age-encryption.org/"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
FILE_KEY_BYTES = 16
NONCE_BYTES = 16
_COLUMNS = 64
_ARGUMENT = re.compile(r"[!-~]+", re.ASCII)


class Stanza(msgspec.Struct, frozen=True):
    """How one recipient gets the file key. ``arguments[0]`` says what kind of stanza it is."""

    arguments: tuple[str, ...]
    body: bytes

    @property
    def kind(self) -> str:
        return self.arguments[0]


class Header(msgspec.Struct, frozen=True):
    """``signed`` are the bytes that ``mac`` is of; behind ``size_bytes`` the payload's nonce stands."""

    stanzas: tuple[Stanza, ...]
    signed: bytes
    mac: bytes
    size_bytes: int

    def is_of(self, file_key: bytes) -> bool:
        """Whether the header is one that was made with this file key."""
        return hmac.compare_digest(_mac(file_key, self.signed), self.mac)


def is_age(head: bytes) -> bool:
    """Whether a file that begins so is an age file, of this or another version, binary or armored."""
    return head.startswith((ANY_VERSION, ARMOR))


def hkdf(key: bytes, *, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), one block: all that age needs."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def payload_key(file_key: bytes, nonce: bytes) -> bytes:
    """The key of the chunks."""
    return hkdf(file_key, salt=nonce, info=b"payload")


def encode(data: bytes) -> str:
    """Base64 without padding."""
    return base64.b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """The bytes of a Base64 text in its one spelling; None when it is none."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode(data) == text else None


def write_header(stanzas: Sequence[Stanza], file_key: bytes) -> bytes:
    """The bytes of a header."""
    lines = []
    for stanza in stanzas:
        body = encode(stanza.body)
        lines.append("-> " + " ".join(stanza.arguments))
        # A line that is full is never the last one.
        lines += [body[at : at + _COLUMNS] for at in range(0, len(body) + 1, _COLUMNS)]
    signed = INTRO + "".join(line + "\n" for line in lines).encode() + b"---"
    return signed + b" " + encode(_mac(file_key, signed)).encode() + b"\n"


def read_header(stream: IO[bytes], *, place: Place, limits: Limits) -> Header:
    """The header that ``stream`` stands before.

    Raises:
        MalformedInput: it is none, or of another version, or armored.
        LimitExceeded: it is longer than ``limits.age_header_bytes``.
    """
    lines = _Lines(stream, place, limits)
    if (first := lines.next()) != INTRO:
        raise MalformedInput(_why_not(first), place=place, hint="age --decrypt takes it apart")
    stanzas: list[Stanza] = []
    line = lines.next()
    while line.startswith(b"-> "):
        arguments = tuple(_text(line[3:], place).split(" "))
        if not all(map(_ARGUMENT.fullmatch, arguments)):
            raise damaged(place)
        body = ""
        while True:
            part = _text(lines.next(), place)
            body += part
            if len(part) > _COLUMNS:
                raise damaged(place)
            if len(part) < _COLUMNS:
                break
        data = decode(body)
        if data is None:
            raise damaged(place)
        stanzas.append(Stanza(arguments, data))
        line = lines.next()
    mac = decode(_text(line[4:], place)) if line.startswith(b"--- ") else None
    if not stanzas or mac is None or len(mac) != 32:
        raise damaged(place)
    read = bytes(lines.read)
    return Header(tuple(stanzas), read[: -len(line) + 3], mac, len(read))


class _Lines:
    """The header's lines, held to its limit."""

    def __init__(self, stream: IO[bytes], place: Place, limits: Limits) -> None:
        self.read = bytearray()
        self._stream = stream
        self._place = place
        self._most = limits.age_header_bytes

    def next(self) -> bytes:
        line = self._stream.readline(self._most - len(self.read) + 1)
        self.read += line
        if len(self.read) > self._most:
            raise LimitExceeded(
                f"the age header is longer than {self._most:,} bytes",
                place=self._place,
                hint="--limit age_header_bytes=N raises it",
            )
        if not line.endswith(b"\n"):
            raise damaged(self._place)
        return line


def _text(line: bytes, place: Place) -> str:
    try:
        return line[:-1].decode("ascii")
    except UnicodeDecodeError:
        raise damaged(place) from None


def _why_not(line: bytes) -> str:
    if line.startswith(ARMOR):
        return "the age file is armored, as text"
    return "the age file is of a version that Satchel does not read" if line.startswith(ANY_VERSION) else "is no age file"


def damaged(place: Place) -> MalformedInput:
    """The error of a header that is not as the format asks, or not there to its end."""
    return MalformedInput("the age header is damaged or cut off", place=place, hint="copy or download it again")


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, salt=b"", info=b"header"), signed, "sha256")
