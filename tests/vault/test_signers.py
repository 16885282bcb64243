"""Keys in the vault: every algorithm, trusted keys and DIDs, whose exports were seen, and vaults from before all that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from satchel.errors import NotFound, UsageError
from satchel.move.vouching import known_key, read_trusted, trust_of
from satchel.trust.public_keys import PublicKey, read_typed_key
from satchel.trust.secrets import Secret, new_key
from satchel.trust.signatures import ALGORITHMS, generate
from satchel.vault.sqlite import schema, signers
from satchel.vault.sqlite.connection import connect
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import SeenExport

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Ed25519", "ES256", "ES384", "RS256"])
def test_a_key_of_every_algorithm_is_kept_and_signs(name: str, store: SqliteStore) -> None:
    made = store.create_signing_key("main", ALGORITHMS[name])
    private = store.signing_key("main")
    assert (made.algorithm, private.algorithm) == (name, name)
    assert store.signing_keys() == [made]
    assert read_typed_key(made.public) == private.public
    new, retired = store.rotate_signing_key("main")
    assert (new.algorithm, retired.public) == (name, made.public) and new.public != made.public
    assert {key.public for key in store.signing_keys()} == {new.public, retired.public}
    store.distrust_key(retired.public)
    assert [key.public for key in store.signing_keys()] == [new.public]


def test_trusted_keys_of_every_kind(store: SqliteStore) -> None:
    keys = {name: generate(ALGORITHMS[name]).public for name in ("Ed25519", "ES256", "ES384", "RS256")}
    for name, key in keys.items():
        store.trust_key(key.text, name)
        store.trust_key(key.text, name + " again")
    listed = {key.name: (read_typed_key(key.public), key.kind) for key in store.trusted_keys()}
    assert listed == {name + " again": (key, key.kind) for name, key in keys.items()}
    assert trust_of(store).keys == {key: name + " again" for name, key in keys.items()}
    assert known_key(store, keys["RS256"].fingerprint) == keys["RS256"]
    assert known_key(store, "SHA256:x") is None
    for key in keys.values():
        store.distrust_key(key.text)
        with pytest.raises(NotFound):
            store.distrust_key(key.text)
    assert store.trusted_keys() == []


def test_trusted_dids(store: SqliteStore) -> None:
    store.trust_did("did:web:example.com", "")
    store.trust_did("did:web:example.com", "them")
    assert [(each.did, each.name) for each in store.trusted_dids()] == [("did:web:example.com", "them")]
    assert trust_of(store).dids == {"did:web:example.com": "them"}
    store.distrust_did("did:web:example.com")
    with pytest.raises(NotFound):
        store.distrust_did("did:web:example.com")


def test_the_first_key_and_the_newest_date_of_an_owner_stay(store: SqliteStore) -> None:
    assert store.seen_export("o") is None
    store.note_seen_export("o", SeenExport("a" * 64, None))
    store.note_seen_export("o", SeenExport("b" * 64, NOON))
    store.note_seen_export("o", SeenExport("a" * 64, NOON - timedelta(days=1)))
    store.note_seen_export("o", SeenExport("a" * 64, None))
    assert store.seen_export("o") == SeenExport("a" * 64, NOON)
    assert store.seen_export("p") is None
    told = [entry.detail for entry in store.audit() if entry.operation == "export-verified"]
    # Of what changed, and without the owner's id.
    assert told == [{"key": "a" * 64}, {"key": "b" * 64}]
    seen = trust_of(store).seen("o")
    assert seen is not None and (seen.key.text, seen.exported) == ("a" * 64, NOON)
    store.trust_key("a" * 64, "")
    store.distrust_key("a" * 64)
    assert store.seen_export("o") is None


def test_keys_from_before_there_were_other_algorithms_are_ed25519(tmp_path: Path, key: Secret) -> None:
    """The vault of the step before, as that Satchel wrote it."""
    from satchel.trust.tokens import public_key

    steps = schema.STEPS[: schema.STEPS.index(schema._run_v4)]
    own, retired, theirs = new_key(), new_key(), new_key()
    connection = connect(tmp_path / "vault.db", key, create=True)
    schema.migrate(connection, steps)
    for name, private, ended in (("main", own, None), ("main", retired, 9)):
        connection.execute(
            "INSERT INTO signing_key (name, public, private, created, retired) VALUES (?, ?, ?, 1, ?)",
            (name, bytes.fromhex(public_key(private)), None if ended else private.reveal(), ended),
        )
    connection.execute("INSERT INTO trusted_key (public, name, at) VALUES (?, 'them', 1)", (bytes.fromhex(public_key(theirs)),))
    schema.migrate(connection)
    listed = {(each.public, each.algorithm) for each in signers.listed(connection)}
    assert listed == {(public_key(own), "Ed25519"), (public_key(retired), "Ed25519")}
    assert [(each.public, each.kind, each.name) for each in signers.trusted(connection)] == [
        (public_key(theirs), "Ed25519", "them")
    ]
    assert signers.private(connection, "main").secret == own
    connection.close()


def test_what_a_person_may_type_to_trust() -> None:
    key = generate(ALGORITHMS["ES256"]).public
    assert read_trusted(f" {key.multibase}\n") == read_trusted(f"did:key:{key.multibase}") == key
    assert read_trusted("did:web:example.com") == "did:web:example.com"
    for text in (
        "",
        "x",
        "did:",
        "did:web:localhost",
        "did:web:127.0.0.1",
        "did:pkh:eip155:1:0xab",
        "did:ion:x",
        "did:key:z6Mk",
    ):
        with pytest.raises(UsageError):
            read_trusted(text)
    assert isinstance(read_trusted("0" * 63 + "9"), PublicKey)
