"""Keys at rest in the age format (age-encryption.org/v1), readable by any age tool with the passphrase or recovery key.

Reading and X25519 are pyrage's. The passphrase stanza is written here because pyrage's own choice of work factor takes
1.4 s and 512 MB at *every* opening of the vault (measured; it aims at one second on the writing machine), and it offers no
other: a command line tool opens its vault at each command.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

import pyrage

from satchel.errors import WrongKey
from satchel.trust.secrets import Secret

#: log2 of scrypt's N (r=8, p=1): 32 MiB and some 0.1 s for each guess, and for each command. See docs/security.md.
WORK_FACTOR = 15
_LABEL = b"age-encryption.org/v1/scrypt"
_INTRO = b"age-encryption.org/v1\n"


def _b64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _hkdf(key: bytes, *, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), one block: all that age needs."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def wrap_with_passphrase(secret: Secret, passphrase: str) -> bytes:
    """An age file of ``secret`` for one scrypt recipient (age v1 format, section "The scrypt recipient type")."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    file_key = os.urandom(16)
    salt = os.urandom(16)
    n = 1 << WORK_FACTOR
    wrapping = hashlib.scrypt(passphrase.encode(), salt=_LABEL + salt, n=n, r=8, p=1, maxmem=128 * 8 * n + (1 << 20), dklen=32)
    body = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = _INTRO + b"-> scrypt %s %d\n%s\n---" % (_b64(salt), WORK_FACTOR, _b64(body))
    mac = hmac.digest(_hkdf(file_key, salt=b"", info=b"header"), header, "sha256")
    nonce = os.urandom(16)
    payload_key = _hkdf(file_key, salt=nonce, info=b"payload")
    # STREAM with one chunk: an 11-byte counter of zero and the mark of the last chunk.
    payload = ChaCha20Poly1305(payload_key).encrypt(bytes(11) + b"\x01", secret.reveal(), None)
    return header + b" " + _b64(mac) + b"\n" + nonce + payload


def unwrap_with_passphrase(data: bytes, passphrase: str) -> Secret:
    """The secret in an age file of one scrypt recipient.

    Raises:
        WrongKey: the passphrase is not the one, or the file is damaged.
    """
    try:
        return Secret(pyrage.passphrase.decrypt(data, passphrase))
    except pyrage.DecryptError:
        raise WrongKey(
            "the passphrase does not open the vault's key", hint="the recovery key opens it too: satchel keys recover"
        ) from None


def new_recovery(secret: Secret) -> tuple[Secret, bytes]:
    """A fresh recovery key (an age identity, ``AGE-SECRET-KEY-1…``) and the age file in which it opens ``secret``."""
    identity = pyrage.x25519.Identity.generate()
    return Secret(str(identity).encode()), pyrage.encrypt(secret.reveal(), [identity.to_public()])


def unwrap_with_recovery(data: bytes, recovery_key: str) -> Secret:
    """The secret in a recovery file.

    Raises:
        WrongKey: it is no recovery key, or not this vault's.
    """
    try:
        identity = pyrage.x25519.Identity.from_str(recovery_key.strip().upper())
    except pyrage.IdentityError:
        raise WrongKey(
            "that is not a recovery key", hint="it begins with AGE-SECRET-KEY-1 and was shown when the vault was made"
        ) from None
    try:
        return Secret(pyrage.decrypt(data, [identity]))
    except pyrage.DecryptError:
        raise WrongKey("the recovery key belongs to another vault") from None
