"""A case as a vault holds it: its talks taken in by an import like any other, into a vault that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from satchel.errors import MalformedInput, Place
from satchel.model.bodies import Conversation, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Original, Provenance, Reading, Record, Times
from satchel.recall.evaluation.cases import Case, Talk, Turn
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore

_PLATFORM = "evaluation"
_SPACE = "evaluation"


class Loaded(msgspec.Struct, frozen=True):
    """A case in its vault: of each uid the turn or talk that it is, and the vault itself."""

    store: SqliteStore
    turns: dict[str, str]
    talks: dict[str, str]


@contextmanager
def loaded(case: Case) -> Iterator[Loaded]:
    """The case in a vault of its own, which is gone afterwards.

    Raises:
        MalformedInput: an id stands twice: which of the two would be the evidence?
    """
    with trial_vault() as store:
        turns: dict[str, str] = {}
        talks: dict[str, str] = {}
        with store.importing("evaluation") as intake:
            for number, talk in enumerate(case.talks):
                records = _records(talk)
                talks[records[0].uid] = talk.id
                for record, turn in zip(records[1:], talk.turns, strict=True):
                    turns[record.uid] = turn.id
                intake.put(_original(talk, records, Place(file=case.id, element=number)))
            if len(talks) != len(case.talks) or len(set(turns.values())) != sum(len(talk.turns) for talk in case.talks):
                raise MalformedInput("a talk or turn id stands twice", place=Place(file=case.id))
            intake.finish(())
        yield Loaded(store, turns, talks)


def _original(talk: Talk, records: tuple[Record, ...], place: Place) -> Original:
    return Original(
        uid=records[0].uid,
        kind="evaluation.talk",
        native=msgspec.json.encode(talk),
        place=place,
        reader="evaluation/1",
        updated=talk.at,
        read=lambda: Reading(records=records),
    )


def _records(talk: Talk) -> tuple[Record, ...]:
    head = make_uid(_SPACE, "talk", talk.id)
    provenance = Provenance(platform=_PLATFORM)
    times = Times(created=talk.at)
    records = [
        Record(
            uid=head,
            body=Conversation(),
            origin=Origin(format=_PLATFORM, id=talk.id, kind="evaluation.talk"),
            provenance=provenance,
            times=times,
        )
    ]
    for position, turn in enumerate(talk.turns):
        records.append(
            Record(
                uid=make_uid(head, "turn", str(position), turn.id),
                body=Message(
                    role=turn.role, author=turn.author, parts=_parts(turn), position=position, is_hidden=turn.is_hidden
                ),
                origin=Origin(format=_PLATFORM, id=turn.id, kind="evaluation.turn"),
                links=(Link("part_of", head),),
                provenance=provenance,
                times=times,
                native=Native(pointer=f"/turns/{position}"),
            )
        )
    return tuple(records)


def _parts(turn: Turn) -> tuple[Part, ...]:
    said = (Part(type="text", text=turn.text),)
    return (*said, Part(type="image", text=turn.shown)) if turn.shown else said
