"""Sources in quarantine: which records, by what they were named, and back again."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.errors import NotFound, Place, UsageError
from satchel.model.record import Link, Origin, Original, Provenance, Reading, Record
from satchel.vault.folder import create_vault, open_vault
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.recall.made import give, memory

KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


def from_file(store: SqliteStore, file: str, *records: Record, key: str = "") -> int:
    with store.importing(file) as intake:
        if key:
            intake.signed(key)
        for record in records:
            intake.put(
                Original(
                    uid=record.uid,
                    kind="made",
                    native=record.uid.encode(),
                    place=Place(file=file),
                    reader="made/1",
                    updated=None,
                    read=lambda record=record: Reading(records=(record,)),  # type: ignore[misc]
                )
            )
        return intake.finish(()).id


def held(store: SqliteStore, *records: Record) -> list[bool]:
    return [store.is_distrusted(record.uid) for record in records]


@pytest.fixture
def records(store: SqliteStore) -> dict[str, Record]:
    """Of one platform two accounts and two files, one signed; and what was made of them."""
    made = {
        "ann": memory("ann", "said by Ann", provenance=Provenance(platform="p", account="ann")),
        "ben": memory("ben", "said by Ben", provenance=Provenance(platform="p", account="ben")),
        "signed": memory("signed", "signed by somebody", provenance=Provenance(platform="q")),
        "other": memory("other", "from elsewhere", provenance=Provenance(platform="r")),
    }
    derived_from = lambda *names: tuple(Link("derived_from", made[name].uid) for name in names)  # noqa: E731
    made["of_ann"] = memory("of_ann", "drawn from Ann", links=derived_from("ann"))
    made["of_of_ann"] = memory("of_of_ann", "drawn from that", links=derived_from("of_ann"))
    made["of_two"] = memory("of_two", "drawn from Ann and elsewhere", links=derived_from("ann", "other"))
    from_file(store, "one.json", made["ann"], made["ben"])
    from_file(store, "two.json", made["signed"], key=KEY)
    from_file(store, "three.json", made["other"], made["of_ann"], made["of_of_ann"], made["of_two"])
    return made


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"accounts": ("ann",)}, {"ann", "of_ann", "of_of_ann"}),
        ({"platforms": ("p",)}, {"ann", "ben", "of_ann", "of_of_ann"}),
        ({"platforms": ("p",), "accounts": ("ben",)}, {"ben"}),
        ({"platforms": ("r",), "accounts": ("ben",)}, set()),
        ({"files": ("two.json",)}, {"signed"}),
        ({"batches": (2,)}, {"ann", "ben", "of_ann", "of_of_ann"}),
        ({"signers": (KEY,)}, {"signed"}),
        ({"platforms": ("p", "r")}, {"ann", "ben", "other", "of_ann", "of_of_ann", "of_two"}),
    ],
)
def test_what_a_source_comes_to(
    store: SqliteStore, records: dict[str, Record], asked: dict[str, Any], expected: set[str]
) -> None:
    if not expected:
        with pytest.raises(UsageError, match="nothing in the vault"):
            store.distrust(Forgetting(**asked))
        return
    closure = store.reach_of_distrust(Forgetting(**asked))
    assert not any(held(store, *records.values()))
    hold = store.distrust(Forgetting(**asked), expected=closure)
    assert {name for name, record in records.items() if store.is_distrusted(record.uid)} == expected
    assert hold.records == len(expected) == sum(record.goes for record in closure.records)
    # Nothing of the records is changed: searched, read and exported as before.
    assert all(store.get(record.uid) is not None for record in records.values())
    assert store.lift(hold.id).lifted is not None and not any(held(store, *records.values()))


def test_a_record_by_its_id(store: SqliteStore, records: dict[str, Record]) -> None:
    store.distrust(Forgetting(uids=(records["of_ann"].uid,)))
    assert held(store, records["ann"], records["of_ann"], records["of_of_ann"]) == [False, True, True]
    with pytest.raises(NotFound):
        store.distrust(Forgetting(uids=("0" * 40,)))
    with pytest.raises(UsageError, match="nothing was named"):
        store.distrust(Forgetting())


def test_two_holds_on_one_record(store: SqliteStore, records: dict[str, Record]) -> None:
    first = store.distrust(Forgetting(accounts=("ann",)))
    second = store.distrust(Forgetting(platforms=("p",)))
    store.lift(first.id)
    assert held(store, records["ann"], records["ben"]) == [True, True]
    store.lift(second.id)
    assert held(store, records["ann"], records["ben"]) == [False, False]
    assert [(hold.id, hold.records, hold.lifted is not None) for hold in store.holds()] == [(1, 3, True), (2, 4, True)]
    with pytest.raises(UsageError, match="lifted before"):
        store.lift(second.id)
    with pytest.raises(NotFound):
        store.lift(99)


def test_a_key_is_trusted_no_more(store: SqliteStore, records: dict[str, Record]) -> None:
    store.trust_key(KEY, "somebody")
    store.distrust(Forgetting(signers=(KEY,)))
    assert store.trusted_keys() == []
    assert [entry.operation for entry in store.audit()][-2:] == ["distrust", "distrust"] and store.check_audit() == []


def test_what_changed_meanwhile_is_looked_at_again(store: SqliteStore, records: dict[str, Record]) -> None:
    closure = store.reach_of_distrust(Forgetting(platforms=("p",)))
    give(store, memory("late", "drawn late", links=(Link("derived_from", records["ben"].uid),)))
    before = store.last_entry()
    with pytest.raises(UsageError, match="changed meanwhile"):
        store.distrust(Forgetting(platforms=("p",)), expected=closure)
    assert store.holds() == [] and store.last_entry() == before


def test_an_account_that_only_a_text_speaks_of(store: SqliteStore) -> None:
    said = memory("1", 'he wrote "account":"ann" there', provenance=Provenance(platform="p", account="x"))
    give(store, said)
    with pytest.raises(UsageError):
        store.distrust(Forgetting(accounts=("ann",)))
    assert said.origin == Origin(format="made", id="1", kind="memory")


def test_a_hold_outlives_the_process(tmp_path: Any) -> None:
    store, _ = create_vault(tmp_path / "v", lambda new: "a passphrase")
    fact = memory("1", "tea")
    give(store, fact)
    store.distrust(Forgetting(uids=(fact.uid,)))
    store.close()
    with open_vault(tmp_path / "v", lambda new: "a passphrase") as again:
        assert again.is_distrusted(fact.uid) and again.check() == []


# What comes later -------------------------------------------------------------------------------------------------------------


def later(store: SqliteStore, file: str, *records: Record, key: str = "") -> list[tuple[str, int]]:
    """What an import tells of the quarantine."""
    batch = store.batch(from_file(store, file, *records, key=key))
    return [(finding.text, finding.count) for finding in batch.summary.findings if finding.code == "quarantined"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"platforms": ("p",)}, {"p_ann", "p_ben"}),
        ({"accounts": ("ann",)}, {"p_ann"}),
        ({"platforms": ("p",), "accounts": ("ben",)}, {"p_ben"}),
        ({"files": ("one.json",)}, {"p_ann", "p_ben", "r"}),
        ({"files": ("two.json",)}, set()),
        ({"signers": (KEY,)}, set()),
        ({"batches": (2,)}, set()),
    ],
)
def test_what_a_held_source_brings_later_is_held_as_it_comes(
    store: SqliteStore, records: dict[str, Record], asked: dict[str, Any], expected: set[str]
) -> None:
    hold = store.distrust(Forgetting(**asked))
    new = {
        "p_ann": memory("n1", "said by Ann again", provenance=Provenance(platform="p", account="ann")),
        "p_ben": memory("n2", "said by Ben again", provenance=Provenance(platform="p", account="ben")),
        "r": memory("n3", "from elsewhere again", provenance=Provenance(platform="r")),
    }
    told = later(store, "one.json", *new.values())
    assert {name for name, record in new.items() if store.is_distrusted(record.uid)} == expected
    assert [(f"--lift {hold.id} " in text, count) for text, count in told] == ([(True, len(expected))] if expected else [])
    (after,) = store.holds()
    assert after.records == hold.records + len(expected)
    assert after.standing == ("batches" not in asked)
    assert later(store, "one.json", *new.values()) == []
    store.lift(hold.id)
    assert not any(held(store, *new.values()))
    more = memory("n4", "and again", provenance=Provenance(platform="p", account="ann"))
    assert later(store, "one.json", more) == [] and not store.is_distrusted(more.uid)
    assert store.check() == [] and store.check_audit() == []


def test_by_the_key_that_signed_it(store: SqliteStore, records: dict[str, Record]) -> None:
    store.distrust(Forgetting(signers=(KEY,)))
    new = memory("n", "signed again", provenance=Provenance(platform="q"))
    assert [count for _, count in later(store, "nine.json", new, key=KEY)] == [1]
    assert store.is_distrusted(new.uid)


def test_what_is_drawn_from_it_alone_is_held_too(store: SqliteStore, records: dict[str, Record]) -> None:
    store.distrust(Forgetting(batches=(2,)))
    ann, other = records["ann"].uid, records["other"].uid
    alone = memory("n1", "drawn from Ann", links=(Link("derived_from", ann),))
    of_both = memory("n2", "drawn from both", links=(Link("derived_from", ann), Link("derived_from", other)))
    further = memory("n3", "drawn from that", links=(Link("derived_from", alone.uid),))
    near = memory("n4", "near it", links=(Link("related_to", ann),))
    assert [count for _, count in later(store, "ten.json", alone, of_both, further, near)] == [2]
    assert held(store, alone, of_both, further, near) == [True, False, True, False]


def test_a_record_that_a_held_file_says_otherwise_is_held(store: SqliteStore, records: dict[str, Record]) -> None:
    """The same record, by its id, from a source that is not to be believed."""
    store.distrust(Forgetting(files=("two.json",)))
    changed = memory("other", "from elsewhere, they say", provenance=Provenance(platform="r"))
    assert not store.is_distrusted(changed.uid)
    with store.importing("two.json") as intake:
        intake.put(
            Original(
                uid=changed.uid,
                kind="made",
                native=b"other bytes",
                place=Place(file="two.json"),
                reader="made/1",
                updated=None,
                read=lambda: Reading(records=(changed,)),
            )
        )
        intake.finish(())
    assert store.is_distrusted(changed.uid)


def test_a_dry_run_tells_of_it_and_holds_nothing(store: SqliteStore, records: dict[str, Record]) -> None:
    store.distrust(Forgetting(platforms=("p",)))
    new = memory("n", "again", provenance=Provenance(platform="p"))
    with store.importing("x", dry_run=True) as intake:
        intake.put(
            Original(
                uid=new.uid,
                kind="made",
                native=b"n",
                place=Place(file="x"),
                reader="made/1",
                updated=None,
                read=lambda: Reading(records=(new,)),
            )
        )
        told = intake.finish(())
    assert "quarantined" in {finding.code for finding in told.summary.findings}
    assert not store.is_distrusted(new.uid)


def test_a_hold_from_before_holds_what_it_held(store: SqliteStore, records: dict[str, Record]) -> None:
    """Nobody noted how its source was named."""
    store.distrust(Forgetting(platforms=("p",)))
    store.connection.execute("UPDATE hold SET source = NULL")
    new = memory("n", "again", provenance=Provenance(platform="p"))
    assert later(store, "x", new) == [] and not store.holds()[0].standing
