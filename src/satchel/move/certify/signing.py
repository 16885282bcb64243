"""Ed25519 tokens on manifests and tombstones (dossier sections 4.4 and 5)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import canonical
from satchel.move.certify.kinds import DERIVED_LISTS, time

_TOKEN = re.compile(rb"ed25519:([0-9a-f]{64}):([0-9a-f]{128})\n?", re.ASCII)
_MEMBERS = ("actor", "deletedAt", "id", "op", "reason", "targetID", "targetKind")


def seed(label: str) -> bytes:
    """A private key of 32 bytes for the harness's own use, the same for the same label."""
    return hashlib.sha256(b"satchel certify\0" + label.encode()).digest()


def public_key(seed: bytes) -> str:
    """The public key as 64 hex digits."""
    return str(_private(seed).public_key().public_bytes_raw().hex())


def sign(seed: bytes, message: bytes) -> str:
    """A token over ``message``: ``ed25519:<public key>:<signature>``."""
    return f"ed25519:{public_key(seed)}:{_private(seed).sign(message).hex()}"


def signer(token: bytes, message: bytes) -> str | None:
    """The public key (hex) that made a token over ``message``; None where it does not hold."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = _TOKEN.fullmatch(token)
    if not found:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(found[1].decode())).verify(bytes.fromhex(found[2].decode()), message)
    except (InvalidSignature, ValueError):
        return None
    return str(found[1], "ascii")


def tombstone_message(tombstone: dict[str, Any]) -> bytes:
    """What a tombstone's signature covers: its known members in canonical bytes, times in one form, ``signature`` left out.

    Raises:
        MalformedInput: ``deletedAt`` is no time.
    """
    covered = {name: tombstone[name] for name in _MEMBERS if tombstone.get(name) is not None}
    covered["deletedAt"] = time("deletedAt", str(covered.get("deletedAt")))
    listed = tombstone.get("derived") or {}
    if not isinstance(listed, dict):
        raise MalformedInput("a tombstone's derived is no object")
    derived: dict[str, Any] = {name: listed.get(name, []) for name in DERIVED_LISTS}
    covered["derived"] = {**derived, "episodeLinkCount": listed.get("episodeLinkCount", 0)}
    return canonical.encode(covered)


def tombstone_signer(tombstone: dict[str, Any], trusted: Iterable[str]) -> str | None:
    """The trusted key that signed a tombstone; None for no signature, a wrong one, or a key that is not trusted."""
    found = signer(str(tombstone.get("signature", "")).encode(), tombstone_message(tombstone))
    return found if found in set(trusted) else None


def _private(seed: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)
