"""Signing keys, the keys and DIDs of others that the owner trusts, and whose exports were verified here before.

All of it lies in the vault, encrypted as the vault is. A public key is kept in ``PublicKey.data``'s form beside its kind.
"""

from __future__ import annotations

import apsw

from satchel.errors import InputError, NotFound, UsageError, VaultDamaged
from satchel.model.times import from_microseconds, to_microseconds
from satchel.trust.public_keys import PublicKey, read_typed_key, stored_key
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, ED25519, Algorithm, PrivateKey, generate
from satchel.vault.sqlite import audit, vouchers
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.values import SeenExport, SigningKey, TrustedDid, TrustedKey

#: The key that is used where none is named.
DEFAULT_NAME = "main"


def create(connection: apsw.Connection, name: str, now: int, algorithm: Algorithm = ALGORITHMS[ED25519]) -> SigningKey:
    """A new key pair. Raises UsageError when a key of that name is in use."""
    if not name.strip():
        raise UsageError("a key needs a name")
    if one(connection, "SELECT 1 FROM signing_key WHERE name = ? AND retired IS NULL", (name,)):
        raise UsageError(f"there is a key called {name!r} already", hint="satchel keys rotate replaces it")
    private = generate(algorithm)
    public = private.public
    connection.execute(
        "INSERT INTO signing_key (name, public, private, created, algorithm) VALUES (?, ?, ?, ?, ?)",
        (name, public.data, private.secret.reveal(), now, algorithm.name),
    )
    audit.append(connection, at=now, operation="signing-key", detail={"key": _short(public)})
    return SigningKey(name, public.text, from_microseconds(now), algorithm=algorithm.name)


def rotate(connection: apsw.Connection, name: str, now: int) -> tuple[SigningKey, SigningKey]:
    """Retire the key of that name, which signs no more but stays trusted, and make another of its algorithm; (new, retired)."""
    before = next((key for key in listed(connection) if key.name == name and key.retired is None), None)
    if before is None:
        raise NotFound(f"there is no signing key called {name!r}", hint="satchel keys list shows them")
    public = read_typed_key(before.public)
    # Whoever held the private half must not sign in its name any more: it is not kept.
    connection.execute("UPDATE signing_key SET retired = ?, private = NULL WHERE public = ?", (now, public.data))
    audit.append(connection, at=now, operation="signing-key-retired", detail={"key": _short(public)})
    retired = SigningKey(name, before.public, before.created, from_microseconds(now), before.algorithm)
    return create(connection, name, now, ALGORITHMS[before.algorithm]), retired


def listed(connection: apsw.Connection) -> list[SigningKey]:
    """All of them, the retired ones too, oldest first."""
    found = rows(connection, "SELECT name, public, created, retired, algorithm FROM signing_key ORDER BY id")
    return [
        SigningKey(
            name,
            _stored(ALGORITHMS[algorithm].kind, public).text,
            from_microseconds(created),
            None if retired is None else from_microseconds(retired),
            algorithm,
        )
        for name, public, created, retired, algorithm in found
    ]


def private(connection: apsw.Connection, name: str) -> PrivateKey:
    """The private half of the key in use under that name.

    Raises:
        NotFound: there is none.
    """
    found = one(connection, "SELECT algorithm, private FROM signing_key WHERE name = ? AND retired IS NULL", (name,))
    if found is None:
        raise NotFound(f"there is no signing key called {name!r}", hint="satchel keys create makes one")
    return PrivateKey(found[0], Secret(found[1]))


def trust(connection: apsw.Connection, public: PublicKey, name: str, now: int) -> None:
    """Trust the signatures of a key from now on."""
    connection.execute(
        "INSERT INTO trusted_key (public, name, at, kind) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (public) DO UPDATE SET name = excluded.name",
        (public.data, name, now, public.kind),
    )
    audit.append(connection, at=now, operation="trust", detail={"key": _short(public)})


def distrust(connection: apsw.Connection, kept: Originals, public: PublicKey, now: int) -> dict[str, int]:
    """Trust them no more; a retired key of the owner's own too. What it alone verified is lowered; how many of each kind.

    Raises:
        NotFound: it was not trusted.
    """
    before = connection.total_changes()
    connection.execute("DELETE FROM trusted_key WHERE public = ?", (public.data,))
    connection.execute("DELETE FROM signing_key WHERE public = ? AND retired IS NOT NULL", (public.data,))
    if connection.total_changes() == before:
        raise NotFound("that key is not among the trusted ones", hint="satchel keys list shows them")
    # Its owners may have another first key from now on.
    connection.execute("DELETE FROM seen_export WHERE key = ?", (public.text,))
    lowered = vouchers.lower(connection, kept, public.text, vouching(connection))
    audit.append(connection, at=now, operation="distrust", detail={"key": _short(public), "lowered": lowered})
    return lowered


def vouching(connection: apsw.Connection) -> set[str]:
    """The keys that may vouch for what comes (``PublicKey.text``): those of others that are trusted, and the owner's own."""
    return {key.public for key in trusted(connection)} | {key.public for key in listed(connection)}


def trusted(connection: apsw.Connection) -> list[TrustedKey]:
    """The keys of others, in the order of trusting."""
    found = rows(connection, "SELECT public, name, at, kind FROM trusted_key ORDER BY at, public")
    return [TrustedKey(_stored(kind, public).text, name, from_microseconds(at), kind) for public, name, at, kind in found]


def trust_did(connection: apsw.Connection, did: str, name: str, now: int) -> None:
    """Trust whatever key the DID's document names from now on."""
    connection.execute(
        "INSERT INTO trusted_did (did, name, at) VALUES (?, ?, ?) ON CONFLICT (did) DO UPDATE SET name = excluded.name",
        (did, name, now),
    )
    audit.append(connection, at=now, operation="trust", detail={"did": did})


def distrust_did(connection: apsw.Connection, did: str, now: int) -> None:
    """Trust a DID no more. Raises NotFound."""
    before = connection.total_changes()
    connection.execute("DELETE FROM trusted_did WHERE did = ?", (did,))
    if connection.total_changes() == before:
        raise NotFound("that DID is not among the trusted ones", hint="satchel keys list shows them")
    audit.append(connection, at=now, operation="distrust", detail={"did": did})


def trusted_dids(connection: apsw.Connection) -> list[TrustedDid]:
    """The DIDs of others, in the order of trusting."""
    found = rows(connection, "SELECT did, name, at FROM trusted_did ORDER BY at, did")
    return [TrustedDid(did, name, from_microseconds(at)) for did, name, at in found]


def seen(connection: apsw.Connection, owner: str) -> SeenExport | None:
    """What is remembered of an owner's exports."""
    found = one(connection, "SELECT key, exported FROM seen_export WHERE owner = ?", (owner,))
    return None if found is None else SeenExport(found[0], None if found[1] is None else from_microseconds(found[1]))


def note_seen(connection: apsw.Connection, owner: str, export: SeenExport, now: int) -> None:
    """Remember an export that was verified: the owner's first key stays, the newest date counts."""
    before = seen(connection, owner)
    newest = max((each.exported for each in (before, export) if each and each.exported), default=None)
    after = SeenExport(before.key if before else export.key, newest)
    if after == before:
        return
    connection.execute(
        "INSERT OR REPLACE INTO seen_export (owner, key, exported, at) VALUES (?, ?, ?, ?)",
        (owner, after.key, None if newest is None else to_microseconds(newest), now),
    )
    audit.append(connection, at=now, operation="export-verified", detail={"key": _short(read_typed_key(export.key))})


def _stored(kind: str, public: bytes) -> PublicKey:
    try:
        return stored_key(kind, public)
    except InputError as error:
        raise VaultDamaged("a key in the vault is not what was written") from error


def _short(public: PublicKey) -> str:
    """The key in an audit entry: an RSA key by its fingerprint, the others as they are."""
    return public.fingerprint if public.kind == "RSA" else public.text
