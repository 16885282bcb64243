"""The redaction store: what the tokens of one artifact stand for, encrypted in a file of its own (portable-agent-memory.md 7.6,
8.7).

    {"encryption": {"algorithm": "AES-256-GCM", "key_id": "key:<store id>", "iv": …, "tag": …}, "ciphertext": …}

Each store has its own random key. The header is bound as associated data (*ours*: the text leaves that open), so that no member
of it can be changed; ``sealed_key`` is there when the key travels with the file, sealed to age recipients. Inside is the store
as the specification has it, and two members of ours: ``commitments``, which prove what redacted entries were made from, and
padding, so that the file's size does not tell how long a number was.

Who destroys the key destroys the originals, wherever copies of the file lie.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from satchel.errors import KeyStoreError, MalformedInput, UsageError, WrongKey
from satchel.limits import DEFAULT
from satchel.trust.files import read_private, write_private
from satchel.trust.redaction.detect import TYPE_NAME
from satchel.trust.redaction.entries import Commitment
from satchel.trust.redaction.tokens import PLAIN_TOKEN, TOKEN, Kept
from satchel.trust.secrets import KEY_BYTES, Secret

if TYPE_CHECKING:
    from satchel.trust.age_keys import X25519Recipient

_ALGORITHM = "AES-256-GCM"
_DOMAIN = b"satchel redaction store\n"
_IV_BYTES, _TAG_BYTES = 12, 16
_PAD_BYTES = 4096
STORE_ID = re.compile(r"rs:[A-Za-z0-9]{1,64}")


class Policy(msgspec.Struct, frozen=True):
    """Who may recover with a capability token: it must hold all permissions, and be made out to this audience ("": to anybody,
    but not to nobody)."""

    required_permissions: tuple[str, ...] = ("redact",)
    required_audience: str = ""


class RedactionStore(msgspec.Struct, frozen=True):
    """``id`` is ``rs:`` and letters or digits; ``artifact_id`` names what was redacted, "" where it has no id of its own."""

    id: str
    artifact_id: str
    entries: dict[str, Kept]
    policy: Policy = Policy()
    commitments: dict[str, Commitment] = {}


def new_id() -> str:
    """An id for a new store."""
    return f"rs:{secrets.token_hex(8)}"


def encode(store: RedactionStore) -> bytes:
    """The store in the clear, as the specification has it. Never to be written as it is."""
    value: dict[str, Any] = {
        "redaction_store_id": store.id,
        "artifact_id": store.artifact_id,
        "entries": {
            token: {"original": kept.original, "type": kept.type, "confidence": kept.confidence}
            for token, kept in store.entries.items()
        },
        "access_policy": {
            "required_permissions": list(store.policy.required_permissions),
            "required_audience": store.policy.required_audience,
        },
    }
    if store.commitments:
        value["commitments"] = {
            entry: {"id": each.id, "original_id": each.original_id, "key": each.key}
            for entry, each in store.commitments.items()
        }
    # The standard library's escapes hold what UTF-8 cannot, such as half of a surrogate pair.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def decode(data: bytes) -> RedactionStore:
    """A store in the clear.

    Raises:
        MalformedInput: it is none.
    """
    try:
        value = json.loads(data)
        policy = value["access_policy"]
        entries = {token: _kept(token, said) for token, said in value["entries"].items()}
        store = RedactionStore(
            str(value["redaction_store_id"]),
            str(value["artifact_id"]),
            entries,
            Policy(tuple(map(str, policy["required_permissions"])), str(policy["required_audience"])),
            {
                str(entry): Commitment(str(said["id"]), str(said["original_id"]), str(said["key"]))
                for entry, said in (value.get("commitments") or {}).items()
            },
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise MalformedInput("that is no redaction store") from None
    if not STORE_ID.fullmatch(store.id):
        raise MalformedInput("the redaction store has no id")
    return store


def _kept(token: str, said: Mapping[str, Any]) -> Kept:
    original, type_, confidence = said["original"], said["type"], said["confidence"]
    named = TOKEN.fullmatch(token) or PLAIN_TOKEN.fullmatch(token)
    if named is None or named[1] != type_ or not TYPE_NAME.fullmatch(type_):
        raise ValueError
    if type(original) not in (str, int, float) or type(confidence) not in (int, float):
        raise ValueError
    return Kept(original, type_, float(confidence))


def seal(store: RedactionStore, key: Secret, recipients: Iterable[str] = ()) -> bytes:
    """The store as an encrypted file.

    Args:
        recipients: age recipients (``age1…``) that the key is sealed to, in the file.

    Raises:
        UsageError: one is no age recipient.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = {"algorithm": _ALGORITHM, "key_id": f"key:{store.id}"}
    named = list(recipients)
    if named:
        header["sealed_key"] = _text(_sealed_key(key, named))
    iv = os.urandom(_IV_BYTES)
    header["iv"] = _text(iv)
    clear = encode(store)
    clear += b" " * (-len(clear) % _PAD_BYTES)
    data = AESGCM(key.reveal()).encrypt(iv, clear, _bound(header))
    envelope = {"encryption": {**header, "tag": _text(data[-_TAG_BYTES:])}, "ciphertext": _text(data[:-_TAG_BYTES])}
    return msgspec.json.encode(envelope) + b"\n"


class Sealed(msgspec.Struct, frozen=True):
    """An encrypted store whose key is not at hand yet."""

    header: dict[str, str]
    tag: bytes
    ciphertext: bytes

    @property
    def id(self) -> str:
        """The store's id, by the header; whether it is true, opening tells."""
        return self.header["key_id"].removeprefix("key:")

    def key_by(self, identities: Iterable[str]) -> Secret:
        """The key that was sealed into the file, by one of these age identities.

        Raises:
            KeyStoreError: no key was sealed into it.
            WrongKey: none of the identities opens it.
        """
        sealed = self.header.get("sealed_key")
        if not sealed:
            raise KeyStoreError("no key is sealed into this redaction store", hint="the vault that made it has its key")
        return _unsealed_key(_bytes(sealed), list(identities))

    def open(self, key: Secret) -> RedactionStore:
        """The store.

        Raises:
            WrongKey: the key is another's, or the file was changed.
            MalformedInput: what was encrypted is no store.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            clear = AESGCM(key.reveal()).decrypt(_bytes(self.header["iv"]), self.ciphertext + self.tag, _bound(self.header))
        except (InvalidTag, ValueError):
            raise WrongKey("the key does not open the redaction store, or the file was changed") from None
        store = decode(clear)
        if store.id != self.id:
            raise MalformedInput("the redaction store is another than its header says")
        return store


def read_sealed(data: bytes) -> Sealed:
    """An encrypted store.

    Raises:
        MalformedInput: it is none.
    """
    try:
        value = msgspec.json.decode(data)
        header = dict(value["encryption"])
        tag = _bytes(header.pop("tag"))
        sealed = Sealed(header, tag, _bytes(value["ciphertext"]))
        well = all(type(name) is str and type(said) is str for name, said in header.items())
        well = well and header["algorithm"] == _ALGORITHM and len(tag) == _TAG_BYTES
        well = well and len(_bytes(header["iv"])) == _IV_BYTES and STORE_ID.fullmatch(sealed.id) is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, ValueError, AttributeError):
        well = False
    if not well:
        raise MalformedInput("that is no encrypted redaction store", hint="satchel export --redact writes one")
    return sealed


def write_file(path: Path, data: bytes) -> None:
    """Write a sealed store, readable by its owner alone. Raises OutputError."""
    write_private(path, data)


def read_file(path: Path) -> Sealed:
    """The sealed store in a file.

    Raises:
        KeyStoreError: it is missing, a link, too large, or others can read it.
        MalformedInput: it is none.
    """
    return read_sealed(read_private(path, limit_bytes=DEFAULT.redaction_store_bytes))


def check_recipients(texts: Iterable[str]) -> tuple[X25519Recipient, ...]:
    """The age recipients that ``texts`` name.

    Raises:
        UsageError: one is none, or nothing can be encrypted to it.
    """
    from satchel.trust.age_keys import X25519Recipient, read_recipient

    found = []
    for text in texts:
        each = read_recipient(text)
        if not isinstance(each, X25519Recipient):
            raise UsageError("a redaction store's key is sealed to age recipients alone", hint="one begins with age1")
        found.append(each)
    return tuple(found)


def _sealed_key(key: Secret, recipients: list[str]) -> bytes:
    from satchel.trust.age import Recipients, sealing

    file = io.BytesIO()
    sealer = sealing(file, Recipients(check_recipients(recipients)))
    sealer.write(key.reveal())
    sealer.finish()
    return file.getvalue()


def _unsealed_key(data: bytes, identities: list[str]) -> Secret:
    import pyrage

    try:
        found = [pyrage.x25519.Identity.from_str(each.strip().upper()) for each in identities]
        key = pyrage.decrypt(data, found)
    except (pyrage.IdentityError, pyrage.DecryptError):
        raise WrongKey("the age identity does not open the redaction store's key") from None
    if len(key) != KEY_BYTES:
        raise WrongKey("what is sealed into the redaction store is no key")
    return Secret(key)


def _bound(header: Mapping[str, str]) -> bytes:
    """What the encryption vouches for besides the content: all of the header but the tag itself."""
    return _DOMAIN + msgspec.json.encode(dict(sorted(header.items())))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError from None
