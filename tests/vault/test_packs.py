"""Small objects lie together in packs: each is as it would be alone, and one that leaves is gone from its pack."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from satchel.errors import Place
from satchel.model.record import Link, Original, Provenance, Reading, Tombstone
from satchel.trust.secrets import new_key
from satchel.vault.sqlite import packs
from satchel.vault.sqlite.blocks import Frame, Packer
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.vault.made import conversation, memory
from tests.vault.state import dump_state
from tests.vault.test_intake import take

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OWNER = "7f1c0e5e-6f43-4c8e-9a53-0f1e2d3c4b5a"


def small(name: str, text: str, **header: Any) -> Original:
    return msgspec.structs.replace(memory(name, text, **header), small=True)


def of_account(name: str) -> Original:
    original = small(name, name)
    (record,) = original.read().records
    record = msgspec.structs.replace(record, provenance=Provenance(platform="made", account=name))
    return msgspec.structs.replace(original, read=lambda: Reading((record,)))


def tombstone(name: str) -> Tombstone:
    uid = memory(name, "").uid
    return Tombstone(targets=(uid,), op="delete", format="made", native=name.encode(), place=Place("t"))


def packed(store: SqliteStore) -> bytes:
    """All that the packs hold, uncompressed."""
    found = store.connection.execute("SELECT data, size FROM pack").fetchall()
    return b"".join(Frame(*row)._whole for row in found)


def test_what_is_small_is_merged_as_what_is_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["one", "two", "three"])), max_size=8), max_size=4
        ),
        st.sampled_from([1, 2, 3, 128]),
    )
    def check(imports: list[list[tuple[str, str]]], size: int) -> None:
        states = []
        for make, passing in ((memory, False), (small, False), (small, True)):
            folder = tmp_path_factory.mktemp("vault")
            with (
                pytest.MonkeyPatch.context() as patch,
                SqliteStore.create(folder / "v.db", new_key(), owner_id=OWNER, passing=passing) as store,
            ):
                patch.setattr(packs, "PACKED", size)
                for items in imports:
                    take(store, *[make(*item) for item in items])
                assert store.check() == []
                state = dump_state(store)
                # Keyed by each vault's own secret, or by when it was made.
                states.append({name: state[name] for name in ("versions", "originals", "links", "tags", "words")})
        assert states[0] == states[1] == states[2]

    check()


def test_a_pack_is_found_and_read_as_frames_of_their_own(store: SqliteStore) -> None:
    whole = memory("whole", "the whole")
    part = small("part", "a part of it", links=(Link("part_of", whole.uid),))
    take(store, whole, part, *[small(f"m{number}", f"word{number} and more") for number in range(300)])
    assert store.connection.execute("SELECT count(*) FROM pack").fetchone() == (3,)
    (hit,) = store.search(Query(words="word271")).hits
    assert hit.record.uid == memory("m271", "").uid
    assert store.native(hit.record) == msgspec.json.encode({"text": "word271 and more"})
    natives = {kept.native for kept in store.natives("made")}
    assert len(natives) == 302
    assert store.stats().originals == 302
    row = store.connection.execute("SELECT w.uid FROM record r JOIN record w ON w.id = r.part_of").fetchone()
    assert row == (bytes.fromhex(whole.uid),)


def test_what_leaves_a_pack_is_overwritten_in_it_and_the_others_stay(store: SqliteStore) -> None:
    take(store, *[small(f"m{number}", f"canary{number}x") for number in range(10)])
    assert b"canary3x" in packed(store)
    with store.importing("made") as intake:
        intake.bury(tombstone("m3"))
        intake.finish(())
    assert b"canary3x" not in packed(store)
    assert store.get(memory("m3", "").uid) is None
    for number in (0, 2, 4, 9):
        record = store.get(memory(f"m{number}", "").uid)
        assert record is not None
        assert record.body.text == f"canary{number}x"  # type: ignore[union-attr]
        assert store.native(record) == msgspec.json.encode({"text": f"canary{number}x"})
    assert store.check() == []
    with store.importing("made") as intake:
        for number in range(10):
            intake.bury(tombstone(f"m{number}"))
        intake.finish(())
    assert store.connection.execute("SELECT count(*) FROM pack").fetchone() == (0,)


def test_an_undo_empties_the_packs_of_its_import_and_leaves_what_another_met_too(store: SqliteStore) -> None:
    take(store, *[small(f"m{number}", f"canary{number}x") for number in range(5)])
    take(store, small("m2", "canary2x"), small("new", "brand"))
    before = {kept.native for kept in store.natives("made")}
    first = store.batches()[1].id
    store.undo(first)
    assert {kept.native for kept in store.natives("made")} == {
        msgspec.json.encode({"text": text}) for text in ("canary2x", "brand")
    }
    assert len(before) == 6
    assert [word in packed(store) for word in (b"canary1x", b"canary2x", b"brand")] == [False, True, True]
    assert store.check() == []


def test_a_small_object_that_comes_twice_in_one_import_is_one_record(store: SqliteStore) -> None:
    assert take(store, small("a", "one"), small("a", "one"), small("a", "two")) == {
        "memory": {"new": 1, "unchanged": 1, "updated": 1}
    }
    assert [version.record.body.text for version in store.versions(memory("a", "").uid)] == ["one", "two"]  # type: ignore[union-attr]


def test_small_and_large_ones_keep_their_order(store: SqliteStore) -> None:
    take(store, small("a", "one"), conversation("c", ["x"]), memory("a", "two"))
    assert [version.record.body.text for version in store.versions(memory("a", "").uid)] == ["one", "two"]  # type: ignore[union-attr]


def test_what_passes_through_lies_by_itself_and_leaves_as_well(tmp_path: Path) -> None:
    with SqliteStore.create(tmp_path / "v.db", new_key(), owner_id=OWNER, passing=True) as store:
        take(store, *[small(f"m{number}", f"canary{number}x") for number in range(10)])
        assert store.connection.execute("SELECT count(*) FROM pack").fetchone() == (0,)
        with store.importing("made") as intake:
            intake.bury(tombstone("m3"))
            intake.finish(())
        assert store.get(memory("m3", "").uid) is None
        for number in (0, 2, 4, 9):
            record = store.get(memory(f"m{number}", "").uid)
            assert record is not None
            assert store.native(record) == msgspec.json.encode({"text": f"canary{number}x"})
        assert store.check() == []


def test_whose_records_are_is_told_in_the_order_of_coming(store: SqliteStore) -> None:
    names = [f"m{number}" for number in range(1200)]
    take(store, *map(of_account, names))
    take(store, conversation("c", ["x"]))
    assert list(store.whose("memory")) == [("", "made", name) for name in names]
    assert len(list(store.whose("memory", "conversation"))) == 1201


@given(st.one_of(st.binary(max_size=300), st.sampled_from([255, 256, 65_535, 65_536, 65_537, 70_000]).map(bytes)))
def test_a_frame_is_a_frame_of_zstd_compressed_or_not(native: bytes) -> None:
    packer = Packer(shares=False)
    for data, records in ((packer.pack(native, [b'{"a":1}', b"null"]), [b'{"a":1}', b"null"]), (packer.alone(native), [])):
        assert zstd.decompress(data) == native + b"[" + b",".join(records) + b"]"
        frame = Frame(data, len(native))
        assert frame.native(0, len(native)) == native
        assert [bytes(record) for record in frame.records] == records
