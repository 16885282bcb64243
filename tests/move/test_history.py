"""The audit log of a bundle: kept as another store's history, told again, never replayed (L1-13, M1, L3-1, F5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from satchel.codec import canonical
from satchel.formats.portable_memory.validation import validate
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.move.evidence import evidence
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_memory.made import HEAD, episode, tombstone, write
from tests.move.test_tombstones import fact

NEEDLE = "zucchinifest"
ROW = {"actor": "them", "op": "create", "targetID": "ep_1", "ts": "2026-01-01T00:00:00Z"}


def given(target: Path, *audit: dict[str, Any], **content: Any) -> Path:
    with BundleWriter(target, HEAD) as writer:
        for row in content.get("episode", [episode()]):
            writer.add("episode", row)
        for row in audit:
            writer.add_audit(row)
        writer.finish()
    return target


def log(store: SqliteStore, target: Path, **options: Any) -> list[dict[str, Any]]:
    export(store, target, format="portable-memory", **options)
    assert [finding for finding in validate(target) if finding.severity == "error"] == []
    path = target / "audit/log.jsonl"
    return [msgspec.json.decode(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []


def theirs(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in found if row["satchel"].get("bundle")]


def texts(found: list[dict[str, Any]]) -> list[bytes]:
    """Without our own member, in one order."""
    return sorted(canonical.encode({name: value for name, value in row.items() if name != "satchel"}, "mem") for row in found)


def test_it_goes_out_again_marked_by_its_bundle_with_ours_behind(store: SqliteStore, tmp_path: Path) -> None:
    audit = [ROW, ROW, {**ROW, "op": "merge", "reason": "why", "vendor": [1]}]
    bundle = given(tmp_path / "in.mem", *audit)
    for _ in range(2):
        assert import_paths(store, [bundle]).summary.findings == ()
    found = log(store, tmp_path / "out.mem")
    digest = msgspec.json.decode((bundle / "manifest.json").read_bytes())["bundleDigest"]
    assert texts(theirs(found)) == texts(audit)
    assert {row["satchel"]["bundle"] for row in theirs(found)} == {digest}
    assert {row["op"] for row in found if not row["satchel"].get("bundle")} == {"create", "import"}
    # The mark stays from vault to vault, and our own entries come home as our own.
    with trial_vault() as other:
        import_paths(other, [tmp_path / "out.mem"])
        again = log(other, tmp_path / "again.mem")
        assert {row["satchel"]["bundle"] for row in again if row["actor"] == "them"} == {digest}
        assert len(theirs(again)) == len(found)
        import_paths(other, [bundle])
        assert len(theirs(log(other, tmp_path / "third.mem"))) == len(found)
    import_paths(store, [tmp_path / "again.mem"])
    back = theirs(log(store, tmp_path / "back.mem"))
    # The other vault's two entries are new, our own are not.
    assert len(back) == len(audit) + 2


def test_an_increment_holds_what_is_new_of_both(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [given(tmp_path / "1.mem", ROW)])
    change = store.batches()[-1].id
    import_paths(store, [given(tmp_path / "2.mem", ROW, {**ROW, "op": "later"})])
    found = log(store, tmp_path / "out.mem", since=str(change))
    assert [(row["actor"], row["op"]) for row in found] == [("satchel", "import"), ("them", "later")]


def test_nothing_of_it_is_done(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [given(tmp_path / "in.mem", {**ROW, "op": "delete"})])
    assert store.stats().records == {"memory": 1}
    assert not any(entry.operation == "delete" for entry in store.audit())


def test_m1_one_row_for_each_that_was_erased(store: SqliteStore, tmp_path: Path) -> None:
    world = {"episode": [episode("ep_1", NEEDLE), episode("ep_2", NEEDLE)], "fact": [fact("f_1", "ep_1")]}
    import_paths(store, [write(tmp_path / "in.mem", world)])
    marks = [tombstone("ep_1", reason="r"), tombstone("ep_2", op="redact"), tombstone("elsewhere")]
    import_paths(store, [write(tmp_path / "marks.mem", {"tombstone": marks})])
    found = [row for row in log(store, tmp_path / "out.mem") if row["op"] in ("delete", "redact")]
    assert sorted((row["op"], row["targetID"], row["satchel"]["detail"]["how"]) for row in found) == [
        ("delete", "elsewhere", "named"),
        ("delete", "ep_1", "named"),
        ("delete", "f_1", "derived"),
        ("redact", "ep_2", "named"),
    ]
    assert {(row["ts"], row["actor"]) for row in found} == {(marks[0]["deletedAt"], "user")}
    assert NEEDLE not in str(found)
    # A tombstone that is known says nothing new.
    import_paths(store, [write(tmp_path / "again.mem", {"tombstone": marks})])
    assert sum(entry.operation in ("delete", "redact") for entry in store.audit()) == 4
    assert store.check_audit() == []


@pytest.mark.parametrize("first", ["log", "mark"])
def test_f5_what_could_be_content_goes_with_its_target(store: SqliteStore, tmp_path: Path, first: str) -> None:
    row = {**ROW, "reason": NEEDLE, "vendor": {"text": NEEDLE}, "satchel": {"entry": 1, "note": NEEDLE}}
    kept = {**ROW, "targetID": "ep_2", "reason": "stays"}
    bundles = {
        "log": given(tmp_path / "log.mem", row, kept, episode=[episode("ep_2")]),
        "mark": write(tmp_path / "mark.mem", {"tombstone": [tombstone("ep_1")]}),
    }
    for name in (first, *(name for name in bundles if name != first)):
        import_paths(store, [bundles[name]])
    found = theirs(log(store, tmp_path / "out.mem"))
    assert texts(found) == texts([ROW, kept])
    for (data,) in rows(store.connection, "SELECT data || bare FROM heard"):
        assert NEEDLE not in str(data)


def test_it_is_append_only(store: SqliteStore, tmp_path: Path) -> None:
    batch = import_paths(store, [given(tmp_path / "in.mem", ROW)])
    with pytest.raises(Exception, match="append-only"):
        store.connection.execute("DELETE FROM heard")
    store.undo(batch.id)
    assert len(theirs(log(store, tmp_path / "out.mem"))) == 1


@pytest.mark.parametrize("own", [7, None, [], "x", {"bundle": 7}, {"entry": -1, "hash": "x"}, {"entry": 1, "hash": "0" * 64}])
def test_what_others_put_in_our_member(store: SqliteStore, tmp_path: Path, own: Any) -> None:
    import_paths(store, [given(tmp_path / "in.mem", {**ROW, "satchel": own})])
    assert len(theirs(log(store, tmp_path / "out.mem"))) == 1


def test_the_evidence_pack_shows_both(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [given(tmp_path / "in.mem", ROW)])
    import_paths(store, [write(tmp_path / "mark.mem", {"tombstone": [tombstone("ep_1")]})])
    written = evidence(store, tmp_path / "pack.mem")
    assert written.counts["audit"] == len(list(store.audit())) + 1
    page = (tmp_path / "pack.mem.md").read_text()
    assert "other stores' logs" in page and "| named by a tombstone | episode | 1 |" in page
