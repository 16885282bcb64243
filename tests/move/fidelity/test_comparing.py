"""The fates of records and fields, on vaults whose difference is known; with and without residue, and after the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
import pytest

from satchel.errors import Place
from satchel.model import bodies
from satchel.model.ids import make_uid
from satchel.model.record import Access, Link, Origin, Original, Reading, Record, Times
from satchel.model.times import EPOCH
from satchel.move.fidelity.comparing import Side, compare, side
from satchel.move.fidelity.figures import Cell, Fields
from satchel.move.fidelity.pairing import Index
from satchel.vault.folder import trial_vault


def uid(name: str) -> str:
    return make_uid("test", name)


def memory(name: str, text: str, **members: object) -> Record:
    body = bodies.Memory(text=text, **{key: members.pop(key) for key in ("title", "type") if key in members})  # type: ignore[arg-type]
    return Record(uid=uid(name), body=body, origin=Origin(format="test", id=name), **members)  # type: ignore[arg-type]


@contextmanager
def vault(*records: Record) -> Iterator[Index]:
    with trial_vault() as store:
        with store.importing("test") as intake:
            for record in records:
                intake.put(
                    Original(
                        uid=record.uid,
                        kind="test.thing",
                        native=msgspec.json.encode(record.body),
                        place=Place(),
                        reader="test/1",
                        updated=None,
                        read=lambda record=record: Reading((record,)),
                    )
                )
            intake.finish(())
        yield Index(store)


def compared(
    source: list[Record], there: list[Record], *, plain: list[Record] | None = None, home: list[Record] | None = None
) -> Cell:
    cell = Cell(source="a", target="b", fields=Fields())
    with ExitStack() as stack:
        ours = stack.enter_context(vault(*source))

        def read(records: list[Record] | None) -> Side | None:
            return side(ours, stack.enter_context(vault(*records))) if records is not None else None

        beside = read(there)
        assert beside is not None
        compare(ours, beside, plain=read(plain), home=read(home), cell=cell)
    return cell


def fields(cell: Cell) -> dict[str, int]:
    assert cell.fields is not None
    return {name: value for name, value in msgspec.to_builtins(cell.fields).items() if name != "total"}


TEA = memory("1", "Likes tea", tags=("drink",), language="en")


def test_all_is_there_under_another_id() -> None:
    cell = compared([TEA], [memory("other", "Likes tea", tags=("drink",), language="en")])
    assert (cell.records.total, cell.records.same, fields(cell)) == (1, 1, {"kept": 3})


def test_lost_altered_and_added() -> None:
    cell = compared([TEA], [memory("2", "likes  TEA", tags=("drinks",), times=Times(created=EPOCH))])
    assert cell.records.same == 1
    # Text and tags are others, the language is gone, a time came.
    assert fields(cell) == {"altered": 2, "lost": 1, "added": 1}


def test_a_record_that_is_gone_has_lost_all() -> None:
    cell = compared([TEA], [])
    assert (cell.records.lost, fields(cell)) == (1, {"lost": 3})


def test_the_words_in_a_record_of_another_kind() -> None:
    said = Record(uid=uid("3"), body=bodies.Instruction(text="Likes tea"), origin=Origin(format="test"), language="en")
    cell = compared([TEA], [said])
    assert (cell.records.moved, cell.records.made) == (1, 0)
    assert fields(cell) == {"kept": 2, "lost": 1}


def test_what_is_there_with_residue_alone_is_carried() -> None:
    bare = memory("2", "Likes tea")
    cell = compared([TEA], [TEA], plain=[bare])
    assert (cell.records.same, fields(cell)) == (1, {"kept": 1, "carried": 2})
    cell = compared([TEA], [TEA], plain=[])
    assert (cell.records.carried, fields(cell)) == (1, {"carried": 3})


def test_what_comes_home_was_carried() -> None:
    cell = compared([TEA], [memory("2", "Likes tea")], home=[TEA])
    assert (cell.records.same, cell.records.home, fields(cell)) == (1, 1, {"kept": 1, "carried": 2, "home": 3})


def test_links_are_compared_by_what_they_lead_to() -> None:
    ours = [TEA, memory("2", "Hates coffee", links=(Link("contradicts", uid("1")),))]
    right = [memory("x", "Likes tea"), memory("y", "Hates coffee", links=(Link("contradicts", uid("x")),))]
    wrong = [memory("x", "Likes tea"), memory("y", "Hates coffee", links=(Link("contradicts", uid("y")),))]
    assert compared(ours, right).members["memory links.contradicts"] == Fields(total=1, kept=1)
    assert compared(ours, wrong).members["memory links.contradicts"] == Fields(total=1, altered=1)


def test_of_two_that_say_the_same_each_finds_its_own() -> None:
    ours = [memory("1", "Likes tea", language="en"), memory("2", "Likes tea", language="fr")]
    theirs = [memory("x", "Likes tea", language="fr"), memory("y", "Likes tea", language="en")]
    assert fields(compared(ours, theirs)) == {"kept": 4}
    assert compared(ours, theirs[:1]).records.lost == 1


def test_what_may_not_leave_is_withheld_and_not_lost() -> None:
    secret = Record(uid=uid("s"), body=bodies.SecretRef(label="key"), origin=Origin(format="test"))
    cell = compared([memory("1", "Likes tea", access=Access(exportable=False)), secret], [])
    assert (cell.records.withheld, cell.records.lost, cell.fields) == (2, 0, Fields())


@pytest.mark.parametrize(
    ("ours", "theirs", "wider"),
    [
        (Access(sensitivity="high"), Access(), 1),
        (Access(sensitivity="normal"), Access(sensitivity="low"), 1),
        (Access(), Access(visibility="shared"), 1),
        (Access(visibility="public"), Access(), 0),
        (Access(sensitivity="low"), Access(sensitivity="high"), 0),
    ],
)
def test_access_that_widens_is_counted(ours: Access, theirs: Access, wider: int) -> None:
    assert compared([memory("1", "Likes tea", access=ours)], [memory("1", "Likes tea", access=theirs)]).widened == wider


def test_trust_that_rises_is_counted() -> None:
    ours, theirs = memory("1", "Likes tea", trust="untrusted"), memory("1", "Likes tea", trust="imported")
    assert compared([ours], [theirs]).raised == 1
    assert compared([theirs], [ours]).raised == 0
    assert compared([ours], [ours], plain=[theirs]).raised == 1
