"""What was forgotten does not come back: every source that brought it × every way in which it may come again."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import UsageError
from satchel.formats import registry as formats
from satchel.formats.portable_memory.validation import validate
from satchel.limits import DEFAULT
from satchel.model.ids import make_uid
from satchel.model.record import Record
from satchel.move import forgetting
from satchel.move.certify import bundles
from satchel.move.certify.needles import Needles
from satchel.move.certify.scene import Scene, quoting
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust.secrets import new_key
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch, Forgetting, Query
from tests.move.copies import DECOY, SOURCES, Copy, chatgpt, claude, zipped

TEXT = "Anna Müller keeps twelve brass lanterns in the harbour loft, she said."
WORD = "lanterns"
MESSAGE = frozenset({"chatgpt", "claude", "grok", "gemini", "copilot", "perplexity", "portable-ai-memory talk"})

VARIATIONS = {
    "same bytes": Copy(TEXT),
    "re-encoded": Copy(TEXT, spelled="other"),
    "older version": Copy(TEXT, second=1, title="An older talk"),
    "newer version": Copy(TEXT, second=30, title="A newer talk"),
    "other id": Copy(TEXT, id="9d9d9d9d-1111-4222-8333-444455556666"),
    "other case and spacing": Copy(TEXT.upper().replace(" ", "  "), id="8e8e8e8e-1111-4222-8333-444455556666"),
    "other unicode form": Copy(unicodedata.normalize("NFD", TEXT), id="7f7f7f7f-1111-4222-8333-444455556666"),
}


def found(store: SqliteStore) -> Record:
    """The record that says it; a talk that is called by it is found too."""
    hits = [hit.record for hit in store.search(Query(words=WORD)).hits if hit.record.kind != "conversation"]
    assert len(hits) == 1
    return hits[0]


def brought(store: SqliteStore, folder: Path, source: str, copy: Copy, **options: object) -> Batch:
    shutil.rmtree(folder, ignore_errors=True)
    return import_paths(store, [SOURCES[source](folder, copy)], **options)  # type: ignore[arg-type]


def forgotten(store: SqliteStore, folder: Path, source: str, text: str = TEXT) -> tuple[str, ...]:
    """Bring it and forget it, but not what else came with it."""
    brought(store, folder, source, Copy(text))
    erased = forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
    assert store.search(Query(words=WORD)).total == 0
    return erased.uids


def is_there(store: SqliteStore) -> bool:
    """Whether it is found, now or at any time, or stands in any kept original."""
    if store.search(Query(words=WORD)).total:
        return True
    mark = WORD.encode()
    for record in store.records():
        if any(mark in (data or b"").lower() for data in (store.original(record), store.native(record))):
            return True
    return False


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_come_back_from_where_it_came(store: SqliteStore, tmp_path: Path, source: str) -> None:
    forgotten(store, tmp_path / "in", source)
    assert not is_there(store)
    for variation, copy in VARIATIONS.items():
        batch = brought(store, tmp_path / "in", source, copy)
        assert not is_there(store), variation
        told = [finding for finding in batch.summary.findings if finding.code == "erased"]
        assert told or batch.summary.originals == {"unchanged": 1}, variation
    assert store.search(Query(words="weather")).total
    assert store.check() == []


@pytest.mark.parametrize("source", SOURCES)
def test_it_does_not_come_back_from_anywhere_else(store: SqliteStore, tmp_path: Path, source: str) -> None:
    forgotten(store, tmp_path / "in", source)
    for other in SOURCES:
        for variation in ("same bytes", "other case and spacing"):
            brought(store, tmp_path / "in", other, VARIATIONS[variation])
            assert not is_there(store), (other, variation)
    assert store.search(Query(words="weather")).total


def test_other_doors(store: SqliteStore, tmp_path: Path) -> None:
    """A zip, a folder of several files, and what was exported before: from this vault and from another that had it too."""
    path = chatgpt(tmp_path / "in", Copy(TEXT))
    import_paths(store, [path])
    for format in ("portable-memory", "portable-ai-memory"):
        export(store, tmp_path / f"before-{format}", format=format)
    with trial_vault() as another:
        import_paths(another, [path])
        export(another, tmp_path / "theirs.mem", format="portable-memory")
    forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
    for stale in (zipped(path), path.parent, *tmp_path.glob("before-*"), tmp_path / "theirs.mem"):
        import_paths(store, [stale])
        assert not is_there(store), stale.name


def test_a_bundle_takes_it_out_elsewhere(store: SqliteStore, tmp_path: Path) -> None:
    """Its tombstone leaves, signed, and holds none of its text; whoever took the bundle before loses it too."""
    brought(store, tmp_path / "in", "portable-memory", Copy(TEXT))
    export(store, tmp_path / "before.mem", format="portable-memory")
    forgotten_here = [hit.record.uid for hit in store.search(Query(words=WORD)).hits]
    erased = forgetting.forget(store, Forgetting(uids=tuple(forgotten_here)))
    export(store, tmp_path / "after.mem", format="portable-memory")
    line = (tmp_path / "after.mem" / "audit" / "tombstones.jsonl").read_bytes()
    assert erased.signed_by.encode() in line and erased.tombstones[0].encode() in line
    assert not any(word.encode() in line.lower() for word in ("lanterns", "müller", "loft", "harbour"))
    with trial_vault() as another:
        import_paths(another, [tmp_path / "before.mem"])
        assert another.search(Query(words=WORD)).total == 1
        another.trust_key(erased.signed_by, "mine")
        import_paths(another, [tmp_path / "after.mem"])
        assert not is_there(another)
        import_paths(another, [tmp_path / "before.mem"])
        assert not is_there(another)


def test_another_vault_that_read_the_same_export_is_reached(store: SqliteStore, tmp_path: Path) -> None:
    """And an older backup of this one, which has the key: the bundle that was written after the forgetting takes it out."""
    path = chatgpt(tmp_path / "in", Copy(TEXT))
    import_paths(store, [path])
    erased = forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
    export(store, tmp_path / "after.mem", format="portable-memory")
    with trial_vault() as another:
        import_paths(another, [path])
        told = import_paths(another, [tmp_path / "after.mem"]).summary
        # Nobody vouches for it: it must not take out what came from elsewhere.
        assert is_there(another) and told.removed == {}
        another.trust_key(erased.signed_by, "mine")
        told = import_paths(another, [tmp_path / "after.mem"]).summary
        assert not is_there(another) and told.removed == {"message": 1}
        assert another.search(Query(words="weather")).total and another.check() == []
        import_paths(another, [path])
        assert not is_there(another)
        assert import_paths(another, [tmp_path / "after.mem"]).summary.removed == {}


def test_an_older_backup_learns_of_it_from_a_later_bundle(tmp_path: Path) -> None:
    path = chatgpt(tmp_path / "in", Copy(TEXT))
    key = new_key()
    with SqliteStore.create(tmp_path / "vault.db", key, owner_id="o") as store:
        store.create_signing_key("main")
        import_paths(store, [path])
    shutil.copy(tmp_path / "vault.db", tmp_path / "backup.db")
    with SqliteStore.open(tmp_path / "vault.db", key) as store:
        forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
        export(store, tmp_path / "after.mem", format="portable-memory")
    with SqliteStore.open(tmp_path / "backup.db", key) as backup:
        assert is_there(backup)
        import_paths(backup, [tmp_path / "after.mem"])
        assert not is_there(backup)
        import_paths(backup, [path])
        assert not is_there(backup)


def test_a_bundles_world_is_forgotten_with_its_own_rules(store: SqliteStore, tmp_path: Path) -> None:
    """The probe's scene, by the owner's own command: what is derived goes, prose that quotes it is scrubbed, a stale bundle
    brings nothing back, and the tombstone lists what the format wants listed."""
    scene = Scene.make(Needles("forget"))
    stale = bundles.write(tmp_path / "stale.mem", {**scene.rows, **quoting(scene)})
    import_paths(store, [stale])
    target = make_uid("portable-memory", "episode", scene.target)
    erased = forgetting.forget(store, Forgetting(uids=(target,)))
    assert erased.stores.quotations_scrubbed == 4 and erased.stores.quotations_flagged == 0

    def out(name: str) -> tuple[bytes, list[dict[str, Any]]]:
        export(store, tmp_path / name, format="portable-memory")
        assert [each for each in validate(tmp_path / name) if each.severity == "error"] == []
        rows = {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.jsonl")}
        marks = [json.loads(line) for line in rows.pop("tombstones.jsonl").splitlines()]
        for kind, key in scene.staying:
            assert f"{kind}.jsonl" in rows, (kind, key)
        return b"".join(rows.values()), marks

    for name in ("after.mem", "again.mem"):
        data, marks = out(name)
        assert not scene.needle.in_bytes(data)
        (mark,) = [each for each in marks if each["targetID"] == scene.target]
        listed = {name: sorted(said) if isinstance(said, list) else said for name, said in mark["derived"].items()}
        assert listed == scene.derived
        assert store.get(make_uid("portable-memory", "core", scene.id("core"))) is not None
        import_paths(store, [stale])


def test_ids_that_two_talks_share_take_nobody_elses_row(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [chatgpt(tmp_path / "a", Copy(TEXT, id="msg-2"))])
    import_paths(store, [claude(tmp_path / "b", Copy(TEXT.replace("brass", "copper"), id="msg-2"))])
    hits = store.search(Query(words="brass"))
    forgetting.forget(store, Forgetting(uids=(hits.hits[0].record.uid,)))
    export(store, tmp_path / "out.mem", format="portable-memory")
    assert b"copper lanterns" in (tmp_path / "out.mem" / "items" / "episode.jsonl").read_bytes()


@pytest.mark.parametrize("source", sorted(MESSAGE))
def test_a_short_message_bars_itself_and_no_other(store: SqliteStore, tmp_path: Path, source: str) -> None:
    brought(store, tmp_path / "in", source, Copy("Lanterns ok"))
    forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
    brought(store, tmp_path / "in", source, Copy("Lanterns ok"))
    assert not is_there(store)
    if source not in ("gemini", "perplexity"):
        # In the same second, under another id: the same. At another time somebody else may say so.
        brought(store, tmp_path / "in", source, Copy("LANTERNS  OK", id="9d9d9d9d-1111-4222-8333-444455556666"))
        assert not is_there(store)
    other = "claude" if source != "claude" else "grok"
    brought(store, tmp_path / "in", other, Copy("Lanterns ok", second=31))
    assert store.search(Query(words=WORD)).total == 1


def test_it_comes_back_when_it_is_let_in_and_that_is_noted(store: SqliteStore, tmp_path: Path) -> None:
    (uid,) = forgotten(store, tmp_path / "in", "chatgpt")
    export(store, tmp_path / "earlier.mem", format="portable-memory")
    with pytest.raises(UsageError):
        brought(store, tmp_path / "in", "chatgpt", Copy(TEXT), allow_erased=("zz",))
    batch = brought(store, tmp_path / "in", "chatgpt", Copy(TEXT), allow_erased=(uid[:12],))
    record = store.get(uid)
    assert record is not None and store.search(Query(words=WORD)).total == 1
    assert TEXT.encode() in (store.native(record) or b"")
    noted = [entry for entry in store.audit() if entry.operation == "allow-erased"]
    assert [(entry.batch, entry.detail) for entry in noted] == [(batch.id, {"uid": uid})]
    # From then on it is like any other, and its tombstone leaves no more, nor comes back.
    import_paths(store, [tmp_path / "earlier.mem"])
    brought(store, tmp_path / "in", "chatgpt", Copy(TEXT))
    assert store.search(Query(words=WORD)).total == 1
    export(store, tmp_path / "out.mem", format="portable-memory")
    assert not (tmp_path / "out.mem" / "audit" / "tombstones.jsonl").exists()
    assert TEXT.encode() in (tmp_path / "out.mem" / "items" / "episode.jsonl").read_bytes()


def test_the_rest_of_a_talk_stays_as_it_was(store: SqliteStore, tmp_path: Path) -> None:
    brought(store, tmp_path / "in", "chatgpt", Copy(TEXT))
    (decoy,) = [hit.record for hit in store.search(Query(words="weather")).hits]
    before = store.native(decoy)
    forgetting.forget(store, Forgetting(uids=(found(store).uid,)))
    after = store.get(decoy.uid)
    assert after is not None and store.native(after) == before and DECOY.encode() in (before or b"")
    assert after.body == decoy.body
    assert b'{"satchel":"erased"}' in (store.original(after) or b"")


@pytest.mark.parametrize("source", SOURCES)
def test_redacted_it_stays_without_its_words(store: SqliteStore, tmp_path: Path, source: str) -> None:
    brought(store, tmp_path / "in", source, Copy(TEXT))
    before = found(store)
    forgetting.forget(store, Forgetting(uids=(before.uid,), mode="redact"))
    after = store.get(before.uid)
    assert after is not None and not is_there(store)
    assert (after.kind, after.times.created, after.links) == (before.kind, before.times.created, before.links)
    for copy in VARIATIONS.values():
        brought(store, tmp_path / "in", source, copy)
        assert not is_there(store)
    for format in ("portable-memory", "portable-ai-memory"):
        export(store, tmp_path / format, format=format)
        assert not any(WORD.encode() in path.read_bytes().lower() for path in (tmp_path / format).rglob("*") if path.is_file())
        faults = [each for each in formats.get(format).validate(tmp_path / format, limits=DEFAULT) if each.severity == "error"]
        assert faults == []


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_left_goes_home_valid(store: SqliteStore, tmp_path: Path, source: str) -> None:
    forgotten(store, tmp_path / "in", source)
    for format in ("portable-memory", "portable-ai-memory"):
        export(store, tmp_path / format, format=format)
        data = b"".join(path.read_bytes() for path in (tmp_path / format).rglob("*") if path.is_file())
        assert WORD.encode() not in data.lower() and b"weather" in data
        faults = [each for each in formats.get(format).validate(tmp_path / format, limits=DEFAULT) if each.severity == "error"]
        assert faults == []
