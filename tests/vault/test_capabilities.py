"""What the vault remembers of tokens: issued ones without what would let anybody use them, revoked ones for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from satchel.errors import UsageError
from satchel.trust.capabilities.issuing import Terms, issue
from satchel.trust.capabilities.scopes import Components, Scope, Tags
from satchel.trust.capabilities.tokens import Binding, read_token
from satchel.trust.secrets import Secret
from satchel.vault.guard import issuer_keys, own_issuer
from satchel.vault.sqlite import schema
from satchel.vault.sqlite.connection import connect
from satchel.vault.sqlite.store import SqliteStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def granted(store: SqliteStore, scope: Scope = Components(frozenset(["semantic"]))) -> str:  # noqa: B008
    if not store.signing_keys():
        store.create_signing_key("main")
    key = store.signing_key("main")
    terms = Terms(
        scope=scope,
        permissions=frozenset({"export", "read"}),
        audience="agent:bot",
        expires_at=NOON + timedelta(hours=1),
        binding=Binding(max_entries=3, not_before=NOON),
    )
    token = issue(terms, issuer=own_issuer(store), key=key, now=NOON)
    store.note_token(token, key.public.text, NOON)
    return token.id


def test_what_is_remembered_of_a_token(store: SqliteStore, tmp_path: Path) -> None:
    id = granted(store, Tags("none_of", frozenset(["a"]), episodic=True))
    (said,) = store.issued_tokens()
    assert (said.id, said.audience, said.permissions) == (id, "agent:bot", ("read", "export"))
    assert (said.scope, said.max_entries, said.not_before) == (Tags("none_of", frozenset(["a"]), episodic=True), 3, NOON)
    assert (said.issued, said.expires) == (NOON, NOON + timedelta(hours=1))
    assert said.key == store.signing_keys()[0].public
    # Its signature is nowhere in the vault: what it remembers opens nothing.
    rows = store.connection.execute("SELECT data FROM issued_token").fetchall()
    assert b"signature" not in rows[0][0]


@pytest.mark.row("TOK-22")
def test_revocations_last(store: SqliteStore) -> None:
    id = granted(store)
    assert store.revoked([id, "other"]) == frozenset()
    assert store.revoke_token(id, "compromised")
    assert not store.revoke_token(id, "ended")
    assert store.revoke_token("cap:of-somebody-else", "lost")
    assert store.revoked([id, "other", "cap:of-somebody-else"]) == {id, "cap:of-somebody-else"}
    assert [(each.id, each.reason) for each in store.revocations()] == [(id, "compromised"), ("cap:of-somebody-else", "lost")]


def test_the_audit_log_tells_of_both_and_holds_no_content(store: SqliteStore) -> None:
    id = granted(store, Tags("any_of", frozenset(["a tag that tells something"]), episodic=False))
    store.revoke_token(id, "lost")
    store.revoke_token(id, "lost")
    issued, revoked = [entry for entry in store.audit() if entry.operation in ("grant", "revoke")]
    assert issued.detail == {
        "token": id,
        "issuer": own_issuer(store),
        "audience": "agent:bot",
        "permissions": ["read", "export"],
        "expires": "2026-11-22T13:00:00Z",
    }
    assert revoked.detail == {"token": id, "by": "owner", "reason": "lost"}
    assert "tells something" not in json.dumps([entry.detail for entry in store.audit()])
    assert store.check_audit() == []


def test_a_token_that_never_expires_is_not_issued(store: SqliteStore) -> None:
    granted(store)
    key = store.signing_key("main")
    terms = Terms(scope=Components(frozenset()), permissions=frozenset(), audience="a", expires_at=NOON)
    forever = read_token({**issue(terms, issuer="operator:x", key=key, now=NOON).raw, "expires_at": ""})
    with pytest.raises(UsageError):
        store.note_token(forever, key.public.text, NOON)
    assert len(store.issued_tokens()) == 1


def test_whose_keys_sign_for_whom(store: SqliteStore) -> None:
    store.create_signing_key("main")
    new, retired = store.rotate_signing_key("main")
    store.trust_key("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8", "operator:bob")
    assert {key.text for key in issuer_keys(store, own_issuer(store))} == {new.public, retired.public}
    assert [key.text for key in issuer_keys(store, "operator:bob")] == [store.trusted_keys()[0].public]
    for name in ("operator:BOB", "operator:bo", "bob", "", "main"):
        assert issuer_keys(store, name) == []


def test_a_vault_from_before_takes_grants(tmp_path: Path, key: Secret) -> None:
    path = tmp_path / "old.db"
    connection = connect(path, key, create=True)
    schema.migrate(connection, schema.STEPS[: schema.STEPS.index(schema._run_v7)])
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('content_secret', x'00'), ('owner_id', 'o'), ('text_version', 0)"
    )
    connection.close()
    with SqliteStore.open(path, key) as store:
        assert granted(store) == store.issued_tokens()[0].id
        assert store.revoke_token("x", "ended")
