"""What goes along and what stays: files, scopes, entities, witnesses, titles; what is said of it."""

from __future__ import annotations

import io

import msgspec
import pytest

from satchel.errors import NotFound, Place, UsageError
from satchel.model.bodies import Conversation, Document, Entity, Message, Part, Relation, Scope
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Link, Native, Origin, Original, Provenance, Reading, Record
from satchel.move import forgetting
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting, Query
from tests.vault.made import PLATFORM, conversation, memory


def put(store: SqliteStore, *items: Original | Asset) -> None:
    with store.importing("some") as intake:
        for item in items:
            if isinstance(item, Asset):
                intake.put_asset(item)
            else:
                intake.put(item)
        intake.finish(())


def one(kind: str, name: str, body: object, **header: object) -> Original:
    uid = make_uid(PLATFORM, kind, name)
    provenance = Provenance(platform=PLATFORM)
    record = Record(uid=uid, body=body, origin=Origin(format=PLATFORM, id=name), provenance=provenance, **header)  # type: ignore[arg-type]
    native = msgspec.json.encode({"name": name})
    return Original(
        uid=uid,
        kind=f"made.{kind}",
        native=native,
        place=Place("x.json"),
        reader="made/1",
        updated=None,
        read=lambda: Reading((record,)),
    )


def file(name: str, data: bytes) -> Asset:
    body = Document(name=name)
    record = Record(uid=make_uid(PLATFORM, "file", name), body=body, origin=Origin(format=PLATFORM, id=name))
    return Asset(record=record, place=Place(name), size_bytes=len(data), open=lambda: io.BytesIO(data))


def showing(name: str, *files: str) -> Original:
    """A talk of which each message shows one file."""
    uid = make_uid(PLATFORM, "conversation", name)
    records = [Record(uid=uid, body=Conversation(title=name), origin=Origin(format=PLATFORM, id=name))]
    for at, shown in enumerate(files):
        part = Part(type="image", name=shown, asset=make_uid(PLATFORM, "file", shown), ref=shown)
        records.append(
            Record(
                uid=make_uid(uid, "message", str(at)),
                body=Message(role="user", parts=(part,), position=at),
                origin=Origin(format=PLATFORM, id=str(at)),
                links=(Link("part_of", uid),),
                native=Native(pointer=f"/{at}"),
            )
        )
    native = msgspec.json.encode(list(files))
    return Original(
        uid=uid,
        kind="made.talk",
        native=native,
        place=Place("x.json"),
        reader="made/1",
        updated=None,
        read=lambda: Reading(tuple(records)),
    )


def test_a_file_goes_with_the_last_message_that_shows_it(store: SqliteStore) -> None:
    put(store, file("map.png", b"the bytes"), showing("first", "map.png", "map.png"), showing("second", "map.png"))
    shown = make_uid(PLATFORM, "file", "map.png")
    talks = [make_uid(PLATFORM, "conversation", name) for name in ("first", "second")]
    messages = [make_uid(talks[0], "message", "0"), make_uid(talks[0], "message", "1")]
    assert forgetting.forget(store, Forgetting(uids=(messages[0],))).counts == {"message": 1}
    # Another message of the talk, and another talk, show it still.
    assert forgetting.forget(store, Forgetting(uids=(messages[1],))).counts == {"message": 1}
    assert store.get(shown) is not None
    erased = forgetting.forget(store, Forgetting(uids=(talks[1],)))
    assert erased.counts == {"conversation": 1, "document": 1, "message": 1}
    assert (erased.stores.blobs, erased.stores.blob_bytes) == (1, 9)
    assert store.stats().blobs == 0 and store.check() == []


def test_a_file_that_two_records_hold_stays_for_the_other(store: SqliteStore) -> None:
    put(store, file("a.png", b"same bytes"), file("b.png", b"same bytes"))
    forgetting.forget(store, Forgetting(uids=(make_uid(PLATFORM, "file", "a.png"),)))
    record = store.get(make_uid(PLATFORM, "file", "b.png"))
    assert record is not None
    with store.open_blob(record.body.blob) as stream:  # type: ignore[union-attr]
        assert stream.read() == b"same bytes"


def test_an_entity_goes_with_its_last_relation(store: SqliteStore) -> None:
    ends = [one("entity", name, Entity(name=name)) for name in ("Anna", "loft", "harbour")]
    evidence = memory("m", "Anna keeps something in the loft")
    anna, loft, harbour = (end.uid for end in ends)

    def edge(name: str, source: str, target: str, *of: str) -> Original:
        links = (Link("related_to", source), Link("related_to", target), *(Link("evidence", uid) for uid in of))
        return one("relation", name, Relation(source=source, target=target, type="in"), links=links)

    put(store, *ends, evidence, edge("sole", anna, loft, evidence.uid), edge("other", loft, harbour))
    erased = forgetting.forget(store, Forgetting(uids=(evidence.uid,)))
    assert erased.counts == {"entity": 1, "memory": 1, "relation": 1}
    assert store.get(anna) is None and store.get(loft) is not None and store.get(harbour) is not None


def test_a_scope_is_forgotten_alone_or_with_all_that_is_in_it(store: SqliteStore) -> None:
    scope = one("scope", "heron", Scope(name="heron"))
    within = one("conversation", "talk", Conversation(title="plans"), scope=scope.uid)
    part = one("document", "brief", Document(name="brief", text="words"), links=(Link("part_of", scope.uid),))
    put(store, scope, within, part, memory("m", "something", scope=scope.uid), memory("free", "something else"))
    assert forgetting.preview(store, Forgetting(uids=(scope.uid,))).counts() == {"document": 1, "scope": 1}
    closure = forgetting.preview(store, Forgetting(scope=scope.uid))
    assert closure.counts() == {"conversation": 1, "document": 1, "memory": 1, "scope": 1}
    assert closure.request.by == ("scope",)


def test_witnesses_stay_unless_they_are_asked_for(store: SqliteStore) -> None:
    said = "Keeps twelve brass lanterns"
    put(store, memory("a", said), memory("b", said.upper()), conversation("talk", [said + "!"]))
    uid = make_uid(PLATFORM, "memory", "a")
    closure = forgetting.preview(store, Forgetting(uids=(uid,)))
    assert closure.staying == {"witness": {"memory": 1, "message": 1}}
    scrubbing = forgetting.preview(store, Forgetting(uids=(uid,), quotations="scrub"))
    assert scrubbing.staying == closure.staying
    assert forgetting.preview(store, Forgetting(uids=(uid,), with_witnesses=True)).counts() == {"memory": 2, "message": 1}
    forgetting.forget(store, Forgetting(uids=(uid,)))
    # What another record says still is not barred, and comes from a third source too.
    put(store, memory("c", said))
    assert store.search(Query(words="lanterns", kinds=("memory",))).total == 1
    forgetting.forget(store, Forgetting(words="lanterns", kinds=("message",)))
    left = tuple(make_uid(PLATFORM, "memory", name) for name in ("b", "c"))
    forgetting.forget(store, Forgetting(uids=left))
    put(store, memory("d", said))
    assert store.search(Query(words="lanterns")).total == 0


def test_a_talk_is_called_no_more_by_what_was_said(store: SqliteStore) -> None:
    put(store, conversation("talk", ["Buy lanterns", "Done, they are here"], title="buy  LANTERNS"))
    uid = make_uid(PLATFORM, "conversation", "talk")
    closure = forgetting.preview(store, Forgetting(words="lanterns", kinds=("message",)))
    assert [(record.uid, record.scrubbed) for record in closure.records if record.how == "quotes"] == [(uid, True)]
    forgetting.forget(store, Forgetting(words="lanterns", kinds=("message",)))
    record = store.get(uid)
    assert record is not None and record.body.title == "[erased]"  # type: ignore[union-attr]
    assert b"LANTERNS" not in (store.original(record) or b"")


def test_nothing_is_done_where_the_vault_changed_meanwhile(store: SqliteStore) -> None:
    put(store, memory("a", "brass lanterns"))
    seen = forgetting.preview(store, Forgetting(words="lanterns"))
    put(store, memory("b", "more lanterns"))
    with pytest.raises(UsageError, match="changed meanwhile"):
        forgetting.forget(store, Forgetting(words="lanterns"), expected=seen)
    assert store.search(Query(words="lanterns")).total == 2 and store.erasures() == []


def test_what_was_done_is_told_without_content(store: SqliteStore) -> None:
    put(store, conversation("talk", ["Secret lanterns", "other words"], title="Plans"))
    erased = forgetting.forget(store, Forgetting(words="lanterns"))
    assert store.erasures() == [msgspec.structs.replace(erased, log_cleared=False)]
    assert (erased.request.by, erased.counts, erased.stores.originals_rewritten) == (("search",), {"message": 1}, 1)
    told = msgspec.json.encode([erased, store.batch(erased.change), list(store.audit())])
    assert b"anterns" not in told and b"Secret" not in told
    assert [entry.operation for entry in store.audit()][-2:] == ["delete", "forget"]
    assert store.check_audit() == []
    # The key that signs was made for it, and is an ordinary one.
    assert [key.public for key in store.signing_keys()] == [erased.signed_by]


def test_used_wrongly(store: SqliteStore) -> None:
    for asked in (Forgetting(), Forgetting(kinds=("memory",))):
        with pytest.raises(UsageError, match="nothing was named"):
            forgetting.preview(store, asked)
    with pytest.raises(NotFound):
        forgetting.preview(store, Forgetting(uids=("ab" * 20,)))
