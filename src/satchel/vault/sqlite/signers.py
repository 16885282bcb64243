"""Signing keys and the keys of others that the owner trusts. Both lie in the vault, encrypted as all of it is."""

from __future__ import annotations

import apsw

from satchel.errors import NotFound, UsageError
from satchel.model.times import from_microseconds
from satchel.trust.secrets import Secret, new_key
from satchel.trust.tokens import public_key
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.store import SigningKey, TrustedKey

#: The key that is used where none is named.
DEFAULT_NAME = "main"


def create(connection: apsw.Connection, name: str, now: int) -> SigningKey:
    """A new key pair. Raises UsageError when a key of that name is in use."""
    if not name.strip():
        raise UsageError("a key needs a name")
    if one(connection, "SELECT 1 FROM signing_key WHERE name = ? AND retired IS NULL", (name,)):
        raise UsageError(f"there is a key called {name!r} already", hint="satchel keys rotate replaces it")
    private = new_key()
    public = public_key(private)
    connection.execute(
        "INSERT INTO signing_key (name, public, private, created) VALUES (?, ?, ?, ?)",
        (name, bytes.fromhex(public), private.reveal(), now),
    )
    audit.append(connection, at=now, operation="signing-key", detail={"key": public})
    return SigningKey(name, public, from_microseconds(now))


def rotate(connection: apsw.Connection, name: str, now: int) -> tuple[SigningKey, SigningKey]:
    """Retire the key of that name, which signs no more but stays trusted, and make another; (new, retired)."""
    before = next((key for key in listed(connection) if key.name == name and key.retired is None), None)
    if before is None:
        raise NotFound(f"there is no signing key called {name!r}", hint="satchel keys list shows them")
    # Whoever held the private half must not sign in its name any more: it is not kept.
    connection.execute(
        "UPDATE signing_key SET retired = ?, private = NULL WHERE public = ?", (now, bytes.fromhex(before.public))
    )
    audit.append(connection, at=now, operation="signing-key-retired", detail={"key": before.public})
    return create(connection, name, now), SigningKey(name, before.public, before.created, from_microseconds(now))


def listed(connection: apsw.Connection) -> list[SigningKey]:
    """All of them, the retired ones too, oldest first."""
    return [
        SigningKey(name, public.hex(), from_microseconds(created), None if retired is None else from_microseconds(retired))
        for name, public, created, retired in rows(
            connection, "SELECT name, public, created, retired FROM signing_key ORDER BY id"
        )
    ]


def private(connection: apsw.Connection, name: str) -> Secret:
    """The private half of the key in use under that name.

    Raises:
        NotFound: there is none.
    """
    found = one(connection, "SELECT private FROM signing_key WHERE name = ? AND retired IS NULL", (name,))
    if found is None:
        raise NotFound(f"there is no signing key called {name!r}", hint="satchel keys create makes one")
    return Secret(found[0])


def trust(connection: apsw.Connection, public: str, name: str, now: int) -> None:
    """Trust the signatures of a key from now on."""
    connection.execute(
        "INSERT INTO trusted_key (public, name, at) VALUES (?, ?, ?) ON CONFLICT (public) DO UPDATE SET name = excluded.name",
        (bytes.fromhex(public), name, now),
    )
    audit.append(connection, at=now, operation="trust", detail={"key": public})


def distrust(connection: apsw.Connection, public: str, now: int) -> None:
    """Trust them no more; a retired key of the owner's own too.

    Raises:
        NotFound: it was not trusted.
    """
    before = connection.total_changes()
    connection.execute("DELETE FROM trusted_key WHERE public = ?", (bytes.fromhex(public),))
    connection.execute("DELETE FROM signing_key WHERE public = ? AND retired IS NOT NULL", (bytes.fromhex(public),))
    if connection.total_changes() == before:
        raise NotFound("that key is not among the trusted ones", hint="satchel keys list shows them")
    audit.append(connection, at=now, operation="distrust", detail={"key": public})


def trusted(connection: apsw.Connection) -> list[TrustedKey]:
    """The keys of others, in the order of trusting."""
    found = rows(connection, "SELECT public, name, at FROM trusted_key ORDER BY at, public")
    return [TrustedKey(public.hex(), name, from_microseconds(at)) for public, name, at in found]
