"""Redacted exports of a real vault: what came in any format leaves without personal data, and comes back with the key alone."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from satchel.errors import AccessDenied, NotFound, OutputError, UsageError, WrongKey
from satchel.formats import registry
from satchel.move.exports import export
from satchel.move.granting import Wanted, grant
from satchel.move.imports import import_paths
from satchel.move.redaction import Redaction
from satchel.trust.capabilities.scopes import Components, Everything, Scope
from satchel.trust.capabilities.tokens import Permission, Presented
from satchel.trust.redaction.recovery import opened, permit
from satchel.trust.redaction.store import Policy, read_file
from satchel.trust.redaction.tokens import recovered
from satchel.trust.secrets import new_key
from satchel.vault.guard import view
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.formats.portable_ai_memory.packages import entry, memory, message, relation, talk
from tests.formats.portable_ai_memory.packages import store as memory_store
from tests.formats.portable_memory.made import episode, tombstone
from tests.move.conftest import Give

SAID = "alicecanary@example.com or 555-010-0123"
TRACES = re.compile(rb"alicecanary|010.?0123", re.IGNORECASE)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def filled(store: SqliteStore, give: Give, tmp_path: Path) -> SqliteStore:
    """Everything that the examples hold, with personal data in every sentence, and bundles and packages that go home."""
    for path in sorted((ROOT / "examples").rglob("*")):
        target = tmp_path / "exports" / path.relative_to(ROOT / "examples")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            target.mkdir(exist_ok=True)
            continue
        try:
            target.write_text(path.read_text().replace(" the ", f" {SAID} the "))
        except UnicodeDecodeError:
            target.write_bytes(path.read_bytes())
    import_paths(store, [tmp_path / "exports"])
    said = talk("c1", message("x1", SAID, raw_metadata={"ours": SAID}), title=SAID)
    package = tmp_path / "package"
    package.mkdir()
    memories = [memory("m1", SAID, metadata={"x": SAID}), memory(SAID, "Likes tea", tags=["tea"])]
    value = memory_store(*memories, owner=SAID, relations=[relation("r1", "m1", SAID)], conversations_index=[entry(said, "m1")])
    (package / "memory-store.json").write_text(json.dumps(value))
    (package / "conversations").mkdir()
    (package / "conversations" / "c1.json").write_text(json.dumps(said))
    import_paths(store, [package])
    give(
        episode=[episode("ep_1", SAID), episode(SAID, "Likes rye", metadata={"x": SAID}), episode("ep_gone", "x")],
        foreign={"vendorThing": [json.dumps({"id": "1", "text": SAID}).encode()]},
    )
    give(tombstones=[tombstone("ep_gone", reason=SAID)])
    return store


def everything(folder: Path) -> list[bytes]:
    return [str(path).encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def exported(store: SqliteStore, target: Path, **asked: Any) -> Redaction:
    redaction = Redaction(**asked)
    export(store, target, format="portable-ai-memory", redaction=redaction)
    return redaction


@pytest.mark.parametrize("format", [name for name in sorted(registry.OURS) if hasattr(registry.get(name), "write")])
def test_nothing_personal_leaves_a_real_vault(filled: SqliteStore, format: str, tmp_path: Path) -> None:
    export(filled, tmp_path / "plain", format=format)
    assert any(TRACES.search(data) for data in everything(tmp_path / "plain"))
    redaction = Redaction()
    written = export(filled, tmp_path / "out", format=format, redaction=redaction)
    assert not any(TRACES.search(data) for data in everything(tmp_path / "out"))
    assert any(redaction.counts().values())
    said = [line for line in written.ledger.lines() if line.code == "redacted"]
    assert said and not TRACES.search(repr(said).encode())
    assert {line.field for line in said} == set(redaction.counts())


def test_it_comes_back_with_the_vaults_key(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out")
    assert redaction.path is not None and redaction.path.parent == tmp_path
    assert not TRACES.search(redaction.path.read_bytes())
    kept = opened(read_file(redaction.path), filled.redaction_key(redaction.id)).entries
    text = (tmp_path / "out" / "memory-store.json").read_text()
    assert "alicecanary@example.com or 555-010-0123" in recovered(text, kept)
    # Every token that stands in the export is known.
    tokens = set(re.findall(r"\[REDACTED:[a-z_]+:[a-z0-9]+\]", b"".join(everything(tmp_path / "out")).decode()))
    assert tokens and tokens <= set(kept)


def test_a_redacted_bundle_is_a_bundle_of_its_own(filled: SqliteStore, tmp_path: Path) -> None:
    """Its rows have no names of the vault's, so it is none of the vault's series and none can follow it."""
    export(filled, tmp_path / "out.mem", format="portable-memory", redaction=Redaction())
    assert "satchel" not in json.loads((tmp_path / "out.mem/manifest.json").read_text())
    assert not (tmp_path / "out.mem/audit/tombstones.jsonl").exists()
    with pytest.raises(UsageError, match="redacted export"):
        export(filled, tmp_path / "next.mem", format="portable-memory", redaction=Redaction(), since="1")
    assert not (tmp_path / "next.mem").exists()


def test_irreversible_keeps_no_store_and_no_key(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out", irreversible=True)
    assert redaction.path is None and filled.redaction_keys() == []
    assert [path.name for path in tmp_path.glob("*.redactions.json")] == []
    assert redaction.counts()["email"] > 0
    with pytest.raises(UsageError):
        Redaction(irreversible=True, recipients=["age1x"])


def test_a_key_that_is_sealed_to_others_is_not_the_vaults(filled: SqliteStore, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    redaction = exported(filled, tmp_path / "out", recipients=[str(identity.to_public())])
    assert redaction.path is not None and filled.redaction_keys() == []
    sealed = read_file(redaction.path)
    kept = opened(sealed, sealed.key_by([str(identity)])).entries
    assert any("alicecanary" in str(each.original) for each in kept.values())
    with pytest.raises(NotFound):
        filled.redaction_key(redaction.id)


def test_who_destroys_the_key_destroys_the_originals(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out")
    assert redaction.path is not None
    key = filled.redaction_key(redaction.id)
    assert key.reveal() in filled.connection.serialize("main")
    filled.shred_redaction_key(redaction.id)
    with pytest.raises(NotFound, match="destroyed"):
        filled.redaction_key(redaction.id)
    with pytest.raises(NotFound):
        filled.shred_redaction_key(redaction.id)
    (listed,) = filled.redaction_keys()
    assert listed.shredded is not None and listed.counts == redaction.counts()
    # Nothing of the key is left in the vault, in no table and no freed page.
    assert key.reveal() not in filled.connection.serialize("main")
    with pytest.raises(WrongKey):
        read_file(redaction.path).open(new_key())


def test_consistent_tokens_tell_that_two_are_the_same(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    give(episode=[episode("ep_1", "ask alicecanary@example.com"), episode("ep_2", "tell alicecanary@example.com")])
    exported(store, tmp_path / "one")
    exported(store, tmp_path / "two", consistent=True)
    one, two = (
        re.findall(r"(?:ask|tell) (\[REDACTED:email:\w+\])", (tmp_path / name / "memory-store.json").read_text())
        for name in ("one", "two")
    )
    assert len(set(one)) == 2 and len(set(two)) == 1


def test_the_log_has_types_and_counts_and_no_content(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out")
    filled.note_recovery(redaction.id, "")
    filled.shred_redaction_key(redaction.id)
    entries = [each for each in filled.audit() if each.operation.startswith("redact")]
    assert [each.operation for each in entries] == ["redacted-export", "redaction-recovered", "redaction-key-destroyed"]
    assert entries[0].detail["types"] == redaction.counts()
    assert not TRACES.search(repr([each.detail for each in entries]).encode())
    assert filled.check_audit() == []


def test_a_store_that_cannot_be_written_is_said_to_be_missing(
    filled: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OutputError(f"cannot write {path.name}: No space left on device")

    monkeypatch.setattr("satchel.trust.redaction.store.write_private", full)
    with pytest.raises(OutputError, match="out is written; nothing but the vault knows"):
        exported(filled, tmp_path / "out")


# RED-06: with a capability token


def token(
    store: SqliteStore,
    *permissions: Permission,
    audience: str = "operator:admin",
    scope: Scope | None = None,
    require_redaction: bool = False,
) -> Presented:
    if not store.signing_keys():
        store.create_signing_key("main")
    wanted = Wanted(
        scope=scope or Everything(),
        permissions=frozenset(permissions),
        audience=audience,
        bearer=not audience,
        expires_at=NOW + timedelta(hours=1),
        require_redaction=require_redaction,
    )
    return grant(store, wanted, key="main", now=NOW).presented


def asked(store: SqliteStore, shown: Presented, permission: Permission = "redact", *, redacts: bool = False) -> Any:
    caller = shown.token.audience or ""
    return view(store, shown, permission, caller=caller, clock=lambda: NOW + timedelta(minutes=1), redacts=redacts)


def test_red_06_recovery_takes_the_permission_and_the_audience(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out")
    assert redaction.path is not None
    sealed = read_file(redaction.path)
    shown = token(filled, "redact")
    kept = opened(sealed, asked(filled, shown).redaction_key(redaction.id), shown.token).entries
    assert any("alicecanary" in str(each.original) for each in kept.values())
    with pytest.raises(AccessDenied, match="does not permit"):
        asked(filled, token(filled, "read", "export"))
    with pytest.raises(AccessDenied, match="for redact alone"):
        asked(filled, token(filled, "read", "redact"), "read").redaction_key(redaction.id)
    with pytest.raises(AccessDenied, match="a part of the vault"):
        asked(filled, token(filled, "redact", scope=Components(frozenset({"semantic"})))).redaction_key(redaction.id)
    revoked = token(filled, "redact")
    filled.revoke_token(revoked.token.id, "ended")
    with pytest.raises(AccessDenied, match="revoked"):
        asked(filled, revoked)


def test_red_06_the_stores_own_policy_is_asked(filled: SqliteStore) -> None:
    admin, other, bearer = (
        token(filled, "redact", audience=audience).token for audience in ("operator:admin", "operator:other", "")
    )
    permit(Policy(required_audience="operator:admin"), admin)
    permit(Policy(), other)
    with pytest.raises(AccessDenied, match="another audience"):
        permit(Policy(required_audience="operator:admin"), other)
    with pytest.raises(AccessDenied, match="another audience"):
        permit(Policy(), bearer)
    with pytest.raises(AccessDenied, match="does not permit"):
        permit(Policy(("redact", "export")), admin)


def test_red_08_nothing_but_the_unlocked_vault_has_the_key(filled: SqliteStore, tmp_path: Path) -> None:
    redaction = exported(filled, tmp_path / "out")
    key = filled.redaction_key(redaction.id).reveal()
    for data in everything(tmp_path):
        assert key not in data and key.hex().encode() not in data
    shown = token(filled, "redact", "export", "read")
    for name in ("redaction_keys", "shred_redaction_key"):
        with pytest.raises(AccessDenied):
            getattr(asked(filled, shown), name)()


def test_a_token_that_requires_redaction_gets_a_thorough_one(filled: SqliteStore, tmp_path: Path) -> None:
    shown = token(filled, "export", require_redaction=True)
    with pytest.raises(AccessDenied, match="requires redaction"):
        asked(filled, shown, "export")
    seen = asked(filled, shown, "export", redacts=True)
    with pytest.raises(AccessDenied):
        export(seen, tmp_path / "kept", format="portable-ai-memory", redaction=Redaction())
    assert not (tmp_path / "kept").exists()
    export(seen, tmp_path / "out", format="portable-ai-memory", redaction=Redaction(irreversible=True))
    assert not any(TRACES.search(data) for data in everything(tmp_path / "out"))
