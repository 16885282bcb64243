"""Older bundles of the same signer, and increments without what they follow (portable-memory.md 11, I4; 10.6 no. 12)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from satchel.formats.portable_memory.lineage import lineage
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust.secrets import new_key
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_memory.made import HEAD, TEST_KEY, WHEN, episode, tombstone, write


def told(store: SqliteStore, bundle: Path) -> dict[str, str]:
    findings = import_paths(store, [bundle]).summary.findings
    return {finding.code: finding.severity for finding in findings if finding.code.startswith("bundle-")}


def made(target: Path, days: int, *, key: Any = None, **more: Any) -> Path:
    head = msgspec.structs.replace(HEAD, created_at=WHEN + timedelta(days=days), **more)
    return write(target, {"episode": [episode(f"ep_{days}")]}, head=head, key=key)


def test_an_older_bundle_of_a_signer_is_told(store: SqliteStore, tmp_path: Path) -> None:
    old, new = made(tmp_path / "old.mem", 0, key=TEST_KEY), made(tmp_path / "new.mem", 1, key=TEST_KEY)
    other = made(tmp_path / "other.mem", -9, key=new_key())
    assert [told(store, bundle) for bundle in (old, new, new, other)] == [{}] * 4
    assert told(store, old) == {"bundle-older": "warning"}
    # An undo does not make it unseen.
    store.undo(2), store.undo(3)
    assert told(store, old) == {"bundle-older": "warning"}
    # Of unsigned ones of nobody's series nothing is known.
    assert told(store, made(tmp_path / "plain1.mem", 5)) == told(store, made(tmp_path / "plain0.mem", 4)) == {}


def test_what_was_seen_can_be_taken_to_a_fresh_vault(store: SqliteStore, tmp_path: Path) -> None:
    new, old = made(tmp_path / "new.mem", 1, key=TEST_KEY), made(tmp_path / "old.mem", 0, key=TEST_KEY)
    import_paths(store, [new])
    with trial_vault() as fresh:
        with fresh.importing("seen before") as intake:
            for edition in store.editions():
                intake.mark(edition)
            intake.finish(())
        assert fresh.editions() == store.editions()
        assert told(fresh, old) == {"bundle-older": "warning"}


def test_ours_go_by_their_number_whatever_the_clock_said(store: SqliteStore, tmp_path: Path) -> None:
    store.create_signing_key("main")
    import_paths(store, [made(tmp_path / "a.mem", 0)])
    export(store, tmp_path / "one.mem", format="portable-memory", sign="main")
    import_paths(store, [write(tmp_path / "b.mem", {"tombstone": [tombstone("ep_0")]})])
    export(store, tmp_path / "two.mem", format="portable-memory", sign="main")
    with trial_vault() as other:
        assert told(other, tmp_path / "two.mem") == {}
        assert told(other, tmp_path / "one.mem") == {"bundle-older": "warning"}
        assert other.stats().records == {}


def test_an_increment_without_its_base_is_told(store: SqliteStore, tmp_path: Path) -> None:
    def cut(name: str, since: str) -> Path:
        export(store, tmp_path / name, format="portable-memory", since=since)
        return tmp_path / name

    export(store, tmp_path / "base.mem", format="portable-memory")
    import_paths(store, [made(tmp_path / "a.mem", 0)])
    first, by_number = cut("1.mem", str(tmp_path / "base.mem")), cut("2.mem", "1")
    import_paths(store, [made(tmp_path / "b.mem", 1)])
    second = cut("3.mem", str(first))
    with trial_vault() as other:
        assert told(other, second) == {"bundle-gap": "warning"}
        assert told(other, tmp_path / "base.mem") == {"bundle-older": "info"}
        assert "bundle-gap" in told(other, second)
        assert "bundle-gap" not in told(other, first)
        assert "bundle-gap" not in told(other, by_number)
        assert told(other, second) == {}
    with trial_vault() as undone:
        import_paths(undone, [tmp_path / "base.mem"])
        undone.undo(2)
        assert told(undone, first) == {"bundle-gap": "warning"}


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        [],
        {},
        {"vault": 1, "change": 1},
        {"vault": "v"},
        {"vault": "", "change": 1},
        {"vault": "v", "change": -1},
        {"vault": "v", "change": 2**64},
        {"vault": "v", "change": 1, "after": "x"},
        {"vault": "v", "change": 1, "after": 0, "previous": "zz"},
        {"vault": "v", "change": True},
    ],
)
def test_what_others_put_there_is_no_lineage(store: SqliteStore, tmp_path: Path, said: Any) -> None:
    assert lineage({"satchel": said}) is None
    bundle = made(tmp_path / "a.mem", 0, mode="incremental", foreign={} if said is None else {"satchel": said})
    assert told(store, bundle) == {}
    assert store.stats().records == {"memory": 1}
