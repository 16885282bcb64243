"""Batches: compared and undone. Undo takes back what the import alone did, and nothing else."""

from __future__ import annotations

import io

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from satchel.errors import MalformedInput, NotFound, Place, UsageError, VaultFull
from satchel.model.bodies import Document
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Origin, Original, Provenance, Record
from satchel.trust.secrets import new_key
from satchel.vault.sqlite import audit
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.vault.made import conversation, memory
from tests.vault.state import dump_state


def take(store: SqliteStore, *originals: Original | Asset) -> int:
    with store.importing("made") as intake:
        for original in originals:
            if isinstance(original, Asset):
                intake.put_asset(original)
            else:
                intake.put(original)
        return intake.finish(()).id


def asset(name: str, data: bytes) -> Asset:
    record = Record(
        uid=make_uid("made", "file", name),
        body=Document(name=name),
        origin=Origin(format="made", id=name, kind="made.file"),
        provenance=Provenance(platform="made"),
    )
    return Asset(record=record, place=Place(name), size_bytes=len(data), open=lambda: io.BytesIO(data))


def content(store: SqliteStore) -> dict[str, object]:
    """The state without what an undo may leave different: version numbers and counts of past changes."""
    state = dump_state(store)
    state.pop("summaries")
    state["records"] = [row[:-1] for row in state["records"]]
    return state


def test_undo_of_a_first_import_leaves_nothing_behind(store: SqliteStore) -> None:
    empty = content(store)
    batch = take(
        store, conversation("a", ["one", "two"]), memory("m", "likes tea", tags=("drinks",)), asset("f", b"x" * 3_000_000)
    )
    summary = store.undo(batch)
    assert summary.removed == {"conversation": 1, "document": 1, "memory": 1, "message": 2}
    assert content(store) == empty
    assert store.search(Query(words="tea")).total == 0
    with pytest.raises(NotFound):
        store.open_blob("00" * 32)


def test_undo_brings_the_state_before_back(store: SqliteStore) -> None:
    take(store, conversation("a", ["one", "two"], updated=1))
    before = content(store)
    batch = take(store, conversation("a", ["one", "two, edited", "three"], updated=2))
    assert store.search(Query(words="edited")).total == 1
    store.undo(batch)
    assert content(store) == before
    assert store.search(Query(words="edited")).total == 0
    assert store.search(Query(words="two")).total == 1


def test_what_a_later_import_met_again_stays(store: SqliteStore) -> None:
    first = take(store, conversation("a", ["one"]), conversation("b", ["two"]))
    take(store, conversation("a", ["one"]))
    summary = store.undo(first)
    assert summary.removed == {"conversation": 1, "message": 1}
    assert [record.origin.id for record in store.records("conversation")] == ["a"]
    assert store.check() == []


def test_unchanged_messages_of_a_changed_talk_survive_the_undo_of_their_first_import(store: SqliteStore) -> None:
    first = take(store, conversation("a", ["one", "two"], updated=1))
    newer = conversation("a", ["one", "two", "three"], updated=2)
    take(store, newer)
    store.undo(first)
    assert [message.body.parts[0].text for message in store.messages(newer.uid)] == ["one", "two", "three"]  # type: ignore[union-attr]
    assert store.check() == []


def test_undo_in_the_middle_keeps_the_newest_state(store: SqliteStore) -> None:
    take(store, conversation("a", ["v1"], updated=1))
    middle = take(store, conversation("a", ["v2"], updated=2))
    newest = conversation("a", ["v3"], updated=3)
    take(store, newest)
    store.undo(middle)
    message = next(iter(store.messages(newest.uid)))
    assert [version.record.body.parts[0].text for version in store.versions(message.uid)] == ["v1", "v3"]  # type: ignore[union-attr]


def test_undo_refuses_twice_and_what_is_no_import(store: SqliteStore) -> None:
    batch = take(store, conversation("a", ["one"]))
    store.undo(batch)
    with pytest.raises(UsageError, match="undone before"):
        store.undo(batch)
    with pytest.raises(UsageError, match="no import"):
        store.undo(1)
    with pytest.raises(NotFound):
        store.undo(99)


def test_dry_undo_changes_nothing(store: SqliteStore) -> None:
    batch = take(store, conversation("a", ["one"]))
    before = dump_state(store)
    assert store.undo(batch, dry_run=True).removed == {"conversation": 1, "message": 1}
    assert dump_state(store) == before


def test_a_blob_that_two_files_share_stays_until_the_last_is_gone(store: SqliteStore) -> None:
    first = take(store, asset("one", b"same bytes"))
    take(store, asset("two", b"same bytes"))
    store.undo(first)
    (document,) = store.records("document")
    assert isinstance(document.body, Document)
    assert store.open_blob(document.body.blob).read() == b"same bytes"


def test_compare_names_new_changed_and_gone(store: SqliteStore) -> None:
    take(store, conversation("kept", ["x"]), conversation("edited", ["x"], updated=1), conversation("gone", ["x"]))
    second = take(store, conversation("kept", ["x"]), conversation("edited", ["y"], updated=2), conversation("new", ["x"]))
    found = {change.uid: change.outcome for change in store.compare(second)}
    assert found == {
        conversation(name, []).uid: outcome
        for name, outcome in (("kept", "unchanged"), ("edited", "updated"), ("gone", "gone"), ("new", "new"))
    }


def test_audit_log_chains_every_change_and_holds_no_content(store: SqliteStore) -> None:
    batch = take(store, conversation("a", ["the person's words"], title="the person's title"))
    store.undo(batch)
    entries = list(store.audit())
    assert [entry.operation for entry in entries] == ["create", "import", "undo"]
    assert "person" not in str(entries)
    assert audit.check(store.connection) == []


@pytest.mark.parametrize("change", ["UPDATE audit SET operation = 'x' WHERE id = 2", "DELETE FROM audit WHERE id = 2"])
def test_audit_log_is_append_only_and_a_forged_one_is_found(store: SqliteStore, change: str) -> None:
    take(store, conversation("a", ["one"]))
    take(store, conversation("b", ["two"]))
    with pytest.raises(Exception, match="append-only"):
        store.connection.execute(change)
    store.connection.execute("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete")
    store.connection.execute(change)
    assert [finding.code for finding in store.check()] == ["audit-chain"]


_IMPORTS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.lists(st.sampled_from(["x", "y"]), max_size=2), st.integers(0, 2)), max_size=3
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(_IMPORTS, st.data())
def test_undoing_everything_in_any_order_leaves_an_empty_vault(
    tmp_path_factory: pytest.TempPathFactory,
    imports: list,
    data: st.DataObject,  # type: ignore[type-arg]
) -> None:
    store = SqliteStore.create(tmp_path_factory.mktemp("v") / "vault.db", new_key(), owner_id="o")
    empty = content(store)
    batches = [take(store, *[conversation(*talk[:2], updated=talk[2]) for talk in talks]) for talks in imports]
    for batch in data.draw(st.permutations(batches)):
        store.undo(batch)
        assert store.check() == []
    assert content(store) == empty
    store.close()


class BreakingOff(io.RawIOBase):
    """A file that breaks off after its first bytes, with this error."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error
        self.given = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self.given:
            raise self.error
        self.given = True
        return b"x" * min(size, 1000)


def test_a_file_that_breaks_off_is_told_and_nothing_of_it_is_kept(store: SqliteStore) -> None:
    broken = msgspec.structs.replace(asset("f", b""), open=lambda: BreakingOff(MalformedInput("cut off")))
    with store.importing("made") as intake:
        intake.put_asset(broken)
        intake.put(conversation("a", ["one"]))
        batch = intake.finish(())
    assert [finding.code for finding in batch.summary.findings] == ["malformed"]
    assert dump_state(store)["blobs"] == []
    assert store.stats().records == {"conversation": 1, "message": 1}


def test_a_vault_that_fails_during_a_file_ends_the_import(store: SqliteStore) -> None:
    """What is wrong with the vault is no fault of the file's: nothing may go on after it."""
    before = dump_state(store)

    def run() -> None:
        with store.importing("made") as intake:
            intake.put(conversation("a", ["one"]))
            intake.put_asset(msgspec.structs.replace(asset("f", b""), open=lambda: BreakingOff(VaultFull("full"))))

    with pytest.raises(VaultFull):
        run()
    assert dump_state(store) == before


def test_undo_reads_what_the_import_brought_and_no_more(store: SqliteStore) -> None:
    """However much else the vault holds: no statement goes through all records, versions or originals."""
    first = take(store, conversation("a", ["one", "two"], updated=1), memory("m", "likes tea"), memory("n", "likes milk"))
    again = take(store, conversation("a", ["one", "two, edited"], updated=2), memory("m", "likes tea"))
    asked: dict[str, object] = {}

    def trace(_: object, sql: str, bindings: object) -> bool:
        asked.setdefault(sql, bindings)
        return True

    store.connection.exec_trace = trace
    for batch in (first, again):
        store.undo(batch)
    store.connection.exec_trace = None
    told = [
        (plan[-1], sql)
        for sql, bindings in asked.items()
        if sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE"))
        for plan in store.connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)  # type: ignore[arg-type]
    ]
    assert any("record_batch" in plan for plan, _ in told)
    whole = [
        sql for plan, sql in told if plan.split()[:2] in (["SCAN", name] for name in ("record", "r", "version", "original"))
    ]
    assert whole == []
