"""To whom an age file is encrypted and what opens it (C2SP age v1, "Recipient types"): X25519 keys, SSH keys, a passphrase.

A recipient wraps the file key into a stanza; an identity unwraps it from the stanzas that are its own and passes over the
others. Everything else that age has (plug-ins, hardware, post-quantum keys) is recognised as not ours and said so.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from satchel.errors import InputError, LimitExceeded, Place, UsageError
from satchel.limits import Limits
from satchel.trust import bech32
from satchel.trust.age_header import FILE_KEY_BYTES, Stanza, damaged, decode, encode, hkdf
from satchel.trust.secrets import Secret

_X25519 = b"age-encryption.org/v1/X25519"
_SSH_ED25519 = b"age-encryption.org/v1/ssh-ed25519"
_SSH_RSA = b"age-encryption.org/v1/ssh-rsa"
_SCRYPT = b"age-encryption.org/v1/scrypt"
_WRAPPED_BYTES = FILE_KEY_BYTES + 16
_LEAST_RSA_BITS = 2048
_FACTOR = re.compile(r"[1-9][0-9]?", re.ASCII)
_PRIME = 2**255 - 19
_EDWARDS_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), _SSH_RSA)


class Recipient(Protocol):
    """Somebody who shall be able to open the file."""

    def wrap(self, file_key: bytes) -> Stanza: ...


class Identity(Protocol):
    """What opens a file."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key; None where the stanza is another's. Raises ValueError for one that breaks the format's rules."""
        ...


def _sealed(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)


def _opened(key: bytes, body: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
    except InvalidTag:
        return None


def _exchange(secret: bytes, public: bytes) -> bytes:
    """Raises ValueError where the outcome would be known to all."""
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def _public(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def _share(stanza: Stanza, at: int) -> bytes:
    """The ephemeral share of a stanza that has ``at`` arguments before it and none behind. Raises ValueError."""
    share = decode(stanza.arguments[at]) if len(stanza.arguments) == at + 1 else None
    if share is None or len(share) != 32 or len(stanza.body) != _WRAPPED_BYTES:
        raise ValueError("a stanza that is not of the format")
    return share


class X25519Recipient(msgspec.Struct, frozen=True):
    """``age1…``"""

    public: bytes

    def wrap(self, file_key: bytes) -> Stanza:
        secret = os.urandom(32)
        share = _public(secret)
        key = hkdf(_exchange(secret, self.public), salt=share + self.public, info=_X25519)
        return Stanza(("X25519", encode(share)), _sealed(key, file_key))


class X25519Identity(msgspec.Struct, frozen=True):
    """``AGE-SECRET-KEY-1…``"""

    secret: Secret

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != "X25519":
            return None
        share = _share(stanza, 1)
        own = self.secret.reveal()
        return _opened(hkdf(_exchange(own, share), salt=share + _public(own), info=_X25519), stanza.body)


class SshEd25519Recipient(msgspec.Struct, frozen=True):
    """``ssh-ed25519 AAAA…``; ``wire`` is the key as SSH writes it."""

    wire: bytes

    def wrap(self, file_key: bytes) -> Stanza:
        secret = os.urandom(32)
        share, own = _public(secret), _montgomery(self.wire[-32:])
        shared = _exchange(_tweak(self.wire), _exchange(secret, own))
        key = hkdf(shared, salt=share + own, info=_SSH_ED25519)
        return Stanza(("ssh-ed25519", _tag(self.wire), encode(share)), _sealed(key, file_key))


class SshEd25519Identity(msgspec.Struct, frozen=True):
    """An Ed25519 key of SSH; ``secret`` is its seed."""

    secret: Secret
    wire: bytes

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != "ssh-ed25519":
            return None
        share = _share(stanza, 2)
        if stanza.arguments[1] != _tag(self.wire):
            return None
        scalar = hashlib.sha512(self.secret.reveal()).digest()[:32]
        shared = _exchange(_tweak(self.wire), _exchange(scalar, share))
        return _opened(hkdf(shared, salt=share + _public(scalar), info=_SSH_ED25519), stanza.body)


class SshRsaRecipient(msgspec.Struct, frozen=True):
    """``ssh-rsa AAAA…``"""

    wire: bytes

    def wrap(self, file_key: bytes) -> Stanza:
        key = serialization.load_ssh_public_key(b"ssh-rsa " + base64.b64encode(self.wire))
        assert isinstance(key, RSAPublicKey)
        return Stanza(("ssh-rsa", _tag(self.wire)), key.encrypt(file_key, _OAEP))


class SshRsaIdentity:
    """An RSA key of SSH."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key
        self._wire = _wire_of(key.public_key())

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != "ssh-rsa":
            return None
        if len(stanza.arguments) != 2:
            raise ValueError("a stanza that is not of the format")
        if stanza.arguments[1] != _tag(self._wire):
            return None
        try:
            return self._key.decrypt(stanza.body, _OAEP)
        except ValueError:
            # Another key of the same tag.
            return None


class Passphrase(msgspec.Struct, frozen=True):
    """A passphrase as a recipient; it is always the only one. ``work_factor`` is log2 of scrypt's N (r=8, p=1)."""

    secret: Secret
    work_factor: int

    def wrap(self, file_key: bytes) -> Stanza:
        salt = os.urandom(16)
        wrapping = _stretched(self.secret, salt, self.work_factor)
        return Stanza(("scrypt", encode(salt), str(self.work_factor)), _sealed(wrapping, file_key))


def unwrap_by_passphrase(stanza: Stanza, passphrase: Secret, *, place: Place, limits: Limits) -> bytes | None:
    """The file key in a passphrase's stanza; None where the passphrase is another one.

    Raises:
        MalformedInput: the stanza breaks the format's rules.
        LimitExceeded: it asks for more work than ``limits.age_work_factor``.
    """
    check_work(stanza, place=place, limits=limits)
    salt = decode(stanza.arguments[1]) or b""
    try:
        return _opened(_stretched(passphrase, salt, int(stanza.arguments[2])), stanza.body)
    except MemoryError:
        raise LimitExceeded("the passphrase asks for more memory than there is", place=place) from None


def check_work(stanza: Stanza, *, place: Place, limits: Limits) -> None:
    """Raises as ``unwrap_by_passphrase``, before anybody is asked for the passphrase."""
    salt = decode(stanza.arguments[1]) if len(stanza.arguments) == 3 else None
    if salt is None or len(salt) != 16 or len(stanza.body) != _WRAPPED_BYTES or not _FACTOR.fullmatch(stanza.arguments[2]):
        raise damaged(place)
    factor = int(stanza.arguments[2])
    if factor > limits.age_work_factor:
        raise LimitExceeded(
            f"its passphrase asks for a work factor of {factor}, more than {limits.age_work_factor}",
            place=place,
            hint=f"each step doubles time and memory; --limit age_work_factor={factor} lets it",
        )


def _stretched(passphrase: Secret, salt: bytes, factor: int) -> bytes:
    return Scrypt(salt=_SCRYPT + salt, length=32, n=1 << factor, r=8, p=1).derive(passphrase.reveal())


def _tag(wire: bytes) -> str:
    return encode(hashlib.sha256(wire).digest()[:4])


def _tweak(wire: bytes) -> bytes:
    return hkdf(b"", salt=wire, info=_SSH_ED25519)


def _montgomery(edwards: bytes) -> bytes:
    """The X25519 public key of an Ed25519 one (RFC 7748 4.1): u = (1 + y) / (1 - y). Raises ValueError for what is no point of
    the curve (RFC 8032 5.1.3), which no private key belongs to."""
    y = int.from_bytes(edwards, "little") & (1 << 255) - 1
    # x² is a quotient of these; a number is a square as its quotient with another is, where their product is.
    product = (y * y - 1) * (_EDWARDS_D * y * y + 1) % _PRIME
    if product and pow(product, (_PRIME - 1) // 2, _PRIME) != 1:
        raise ValueError("no point of the curve")
    return ((1 + y) * pow(1 - y, -1, _PRIME) % _PRIME).to_bytes(32, "little")


def _wire_of(key: Ed25519PublicKey | RSAPublicKey) -> bytes:
    text = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return base64.b64decode(text.split()[1])


def read_recipient(text: str) -> Recipient:
    """A recipient as people write it: ``age1…``, or a line of an SSH public key file.

    Raises:
        UsageError: it is none, or of a kind that Satchel does not write to, or nothing can be encrypted to it.
    """
    recipient = _recipient(text.strip())
    try:
        # What stands in a key shows when it is used: points of low order, RSA numbers that are none.
        recipient.wrap(bytes(FILE_KEY_BYTES))
    except ValueError:
        raise UsageError(f"{_short(text.strip())} is a key of no use: nothing can be encrypted to it", hint=_KINDS) from None
    return recipient


def _recipient(text: str) -> Recipient:
    if text.upper().startswith("AGE-SECRET-KEY-"):
        raise UsageError("that is a private key", hint="its public half begins with age1: age-keygen -y FILE shows it")
    if text.lower().startswith("age1"):
        found = bech32.decode(text)
        if found is None or (found[0] == "age" and len(found[1]) != 32):
            raise UsageError(f"{_short(text)} is not whole: its checksum is wrong", hint="copy it again")
        if found[0] != "age":
            raise UsageError(f"{_short(text)} is a key of a kind that Satchel does not encrypt to", hint=_KINDS)
        return X25519Recipient(found[1])
    try:
        key = serialization.load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{_short(text)!r} is nobody to encrypt to", hint=_KINDS) from None
    if isinstance(key, Ed25519PublicKey):
        return SshEd25519Recipient(_wire_of(key))
    if isinstance(key, RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise UsageError(f"an RSA key of {key.key_size} bits is too short", hint=f"{_LEAST_RSA_BITS} at least")
        return SshRsaRecipient(_wire_of(key))
    raise UsageError(f"{_short(text)!r} is a key of a kind that Satchel does not encrypt to", hint=_KINDS)


_KINDS = "age1…, ssh-ed25519 AAAA… or ssh-rsa AAAA…"


def _short(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:20]) + ("…" if len(text) > 20 else "")


def read_identities(data: bytes, name: str) -> tuple[Identity, ...]:
    """The identities in a file: ``AGE-SECRET-KEY-1…`` lines among comments, or one private key of SSH.

    Raises:
        InputError: there is none, or it is locked itself. No key stands in the message.
    """
    place = Place(file=name)
    if data.lstrip().startswith(b"-----BEGIN"):
        return (_ssh_identity(data, place),)
    try:
        lines = [line.strip() for line in data.decode().splitlines()]
    except UnicodeDecodeError:
        raise InputError("is no identity file", place=place, hint=_FILES) from None
    found = tuple(_age_identities(lines, place))
    if not found:
        raise InputError("has no identity in it", place=place, hint=_FILES)
    return found


_FILES = "a file of age-keygen, or a private key of SSH"


def _age_identities(lines: list[str], place: Place) -> Iterator[Identity]:
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        prefix, secret = bech32.decode(line) or ("", b"")
        if prefix != "age-secret-key-" or len(secret) != 32:
            raise InputError(f"line {number} is no identity that Satchel reads", place=place, hint=_FILES)
        yield X25519Identity(Secret(secret))


def _ssh_identity(data: bytes, place: Place) -> Identity:
    load = serialization.load_ssh_private_key if b"OPENSSH" in data[:64] else serialization.load_pem_private_key
    try:
        key = load(data, password=None)
    except TypeError:
        hint = "ssh-keygen -p on a copy of it takes the passphrase off"
        raise InputError("the private key has a passphrase of its own", place=place, hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("is no private key that Satchel reads", place=place, hint=_FILES) from None
    if isinstance(key, Ed25519PrivateKey):
        return SshEd25519Identity(Secret(key.private_bytes_raw()), _wire_of(key.public_key()))
    if isinstance(key, RSAPrivateKey):
        return SshRsaIdentity(key)
    raise InputError("is a private key of a kind that opens no age file", place=place, hint="Ed25519 and RSA do")
