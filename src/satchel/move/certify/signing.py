"""Ed25519 tokens on manifests and tombstones (dossier sections 4.4 and 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import canonical
from satchel.move.certify.kinds import DERIVED_LISTS, time
from satchel.trust import tokens
from satchel.trust.secrets import Secret

_MEMBERS = ("actor", "deletedAt", "id", "op", "reason", "targetID", "targetKind")


def seed(label: str) -> bytes:
    """A private key of 32 bytes for the harness's own use, the same for the same label."""
    return hashlib.sha256(b"satchel certify\0" + label.encode()).digest()


def public_key(seed: bytes) -> str:
    """The public key as 64 hex digits."""
    return tokens.public_key(Secret(seed))


def sign(seed: bytes, message: bytes) -> str:
    """A token over ``message``: ``ed25519:<public key>:<signature>``."""
    return tokens.sign(Secret(seed), message)


def signer(token: bytes, message: bytes) -> str | None:
    """The public key (hex) that made a token over ``message``; None where it does not hold."""
    verdict, key = tokens.verify(token, message)
    return key if verdict == "untrusted" else None


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
