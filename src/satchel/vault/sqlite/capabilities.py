"""Capability tokens that were issued here, and the ids that are refused for good.

Of a token the vault keeps what it says and not its signature. Each issue and each revocation has its entry in the audit log
(portable-agent-memory.md 8.8).
"""

from __future__ import annotations

from collections.abc import Collection

import apsw
import msgspec

from satchel.errors import UsageError
from satchel.model.times import from_microseconds, to_rfc3339
from satchel.trust.capabilities.tokens import PERMISSIONS, Token
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.values import IssuedToken, Reason, Revocation

#: Which records were read from an original is asked where a token shows some of them. To know it quickly costs an import a
#: twentieth, so it is made ready with the first grant; without it the answer is the same, and slow.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS record_original ON record (original)",
    "CREATE INDEX IF NOT EXISTS version_original ON version (original)",
)


def note(connection: apsw.Connection, token: Token, key: str, now: int) -> None:
    """Remember a token. Raises UsageError where it names no expiry: the vault issues none such."""
    if token.expires_at is None:
        raise UsageError("a token that never expires is not issued")
    said = IssuedToken(
        id=token.id,
        profile=token.profile,
        issuer=token.issuer,
        audience=token.audience,
        scope=token.scope,
        permissions=tuple(name for name in PERMISSIONS if name in token.permissions),
        issued=from_microseconds(now),
        not_before=token.binding.not_before,
        expires=token.expires_at,
        max_entries=token.binding.max_entries,
        require_redaction=token.binding.require_redaction,
        delegated_from=token.delegated_from,
        key=key,
    )
    for index in _INDEXES:
        connection.execute(index)
    connection.execute("INSERT INTO issued_token (id, at, data) VALUES (?, ?, ?)", (said.id, now, msgspec.json.encode(said)))
    detail = {
        "token": said.id,
        "issuer": said.issuer,
        "audience": said.audience or "*",
        "permissions": list(said.permissions),
        "expires": to_rfc3339(said.expires),
    }
    audit.append(connection, at=now, operation="grant", detail=detail)


def issued(connection: apsw.Connection) -> list[IssuedToken]:
    """All tokens that were issued here, oldest first."""
    found = rows(connection, "SELECT data FROM issued_token ORDER BY at, id")
    return [msgspec.json.decode(data, type=IssuedToken) for (data,) in found]


def revoke(connection: apsw.Connection, id: str, reason: Reason, now: int) -> bool:
    """Refuse a token for good; False when it was revoked before."""
    if one(connection, "SELECT 1 FROM revoked_token WHERE id = ?", (id,)):
        return False
    connection.execute("INSERT INTO revoked_token (id, at, reason) VALUES (?, ?, ?)", (id, now, reason))
    audit.append(connection, at=now, operation="revoke", detail={"token": id, "by": "owner", "reason": reason})
    return True


def revocations(connection: apsw.Connection) -> list[Revocation]:
    """All of them, oldest first."""
    found = rows(connection, "SELECT id, at, reason FROM revoked_token ORDER BY at, id")
    return [Revocation(id, from_microseconds(at), reason) for id, at, reason in found]


def revoked(connection: apsw.Connection, ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that are revoked."""
    return frozenset(id for id in ids if one(connection, "SELECT 1 FROM revoked_token WHERE id = ?", (id,)))
