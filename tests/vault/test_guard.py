"""The guarded view against somebody who calls everything that there is: nothing of what is out of scope comes out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from satchel.errors import AccessDenied, NotFound, SatchelError
from satchel.model.packages import CarriedFile
from satchel.model.record import Record
from satchel.trust.capabilities.scopes import Entries, Everything
from satchel.trust.signatures import ALGORITHMS
from satchel.vault import guard
from satchel.vault.folder import trial_vault
from satchel.vault.guard import REFUSED, _View, view
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.store import Store
from satchel.vault.values import Exported, Forgetting, Query, SeenExport, VectorModel
from tests.vault.guarded import (
    ALL,
    BOT,
    EPISODIC,
    MODEL,
    NOW,
    PLATFORM,
    SCOPES,
    SHARED_WORDS,
    WORD,
    canary,
    fill,
    said,
    token,
    uid,
)

#: What speaks of no record in scope, whatever the scope.
NEVER = [canary("gone"), "canarylabel", "canarycarried", "canaryheard", "canaryedition", "canarytrusted",
         "canarydid", "canaryactor", "canaryplace", uid("gone")]  # fmt: skip


@pytest.fixture(scope="module")
def filled() -> Iterator[SqliteStore]:
    """The vault, for tests that change nothing."""
    with trial_vault() as store:
        fill(store)
        yield store


@pytest.fixture
def own(store: SqliteStore) -> SqliteStore:
    """The vault, for one test alone."""
    fill(store)
    return store


def opened(store: Store, scope: Any, **more: Any) -> Store:
    return view(store, token(store, scope, **more), "read", caller=BOT, clock=lambda: NOW)


def methods() -> list[str]:
    """Every public name of the Store protocol."""
    return sorted(name for name, _ in inspect.getmembers(Store) if not name.startswith("_"))


def flat(value: Any) -> Iterator[bytes]:
    """Every text and byte in what a method gave, streams and iterators read to their end."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, msgspec.Struct):
        yield msgspec.json.encode(value)
    elif hasattr(value, "read"):
        yield value.read()
    elif isinstance(value, dict):
        for item in value.items():
            yield from flat(item)
    elif hasattr(value, "__iter__"):
        for item in value:
            yield from flat(item)
    else:
        yield repr(value).encode()


def record(name: str, store: Store) -> Record:
    """What somebody who knew the vault before could still hold of a record."""
    found = store.get(uid(name))
    assert found is not None
    return found


def read(seen: Store, name: str, words: tuple[Any, ...], named: dict[str, Any]) -> bytes:
    """All that a method gives for one call."""
    value = getattr(seen, name)
    return b"\n".join(flat(value(*words, **named) if callable(value) else value))


MOMENTS: list[datetime | None] = [None, NOW, NOW - timedelta(days=5)]


def asked(name: str, whole: Store) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Calls of a method that would give what is hidden away, by somebody who has the uids of everything."""
    uids = [uid(each) for each in sorted(ALL)]
    there = [each for each in (whole.get(one) for one in uids) if each is not None]
    blobs = [each.body.blob for each in there if getattr(each.body, "blob", "")]
    words = [WORD, SHARED_WORDS, "canary*", "-nothing walrus", f'"{said("secret")}"', ""]
    carried = CarriedFile(format=PLATFORM, name="canarycarried", concerns="vectors", sha256="0" * 64, note={})
    calls: dict[str, list[Any]] = {
        "owner_id": [()],
        "audit": [(), (1,)],
        "brought_by": [(one,) for one in uids],
        "buried": [(one,) for one in uids],
        "buried_by_others": [(one,) for one in uids],
        "came_by": [(one,) for one in uids],
        "carried": [(PLATFORM,)],
        "changed_at": [()],
        "close": [()],
        "count": [()],
        "earlier_natives": [(PLATFORM,)],
        "editions": [()],
        "get": [*((one,) for one in uids), ("",), ("x",), ("é" * 40,)],
        "heard": [(PLATFORM,)],
        "keep_redaction": [("rs:1", None, {})],
        "last_change": [()],
        "last_entry": [()],
        "is_distrusted": [(one,) for one in uids],
        "linking_to": [(one,) for one in uids],
        "look": [()],
        "messages": [(one,) for one in uids],
        "native": [((each,), {"as_of": moment}) for each in there for moment in MOMENTS],
        "natives": [((PLATFORM,), {"as_of": moment}) for moment in MOMENTS],
        "note_recovery": [("rs:1", "")],
        "open_blob": [(digest,) for digest in blobs],
        "open_carried": [(carried,)],
        "original": [(each,) for each in there],
        "platforms": [()],
        "reached": [(PLATFORM, 0)],
        "redaction_key": [("rs:1",)],
        "records": [(), *((kind,) for kind in {each.kind for each in there}), ("memory", "profile")],
        "resolve": [(one[:length],) for one in uids for length in (4, 6, 40)],
        "search": [
            (Query(words=text, as_of=moment, limit=1000, kinds=kinds),)
            for text in words
            for moment in MOMENTS
            for kinds in ((), ("conversation",), ("memory", "message"))
        ],
        "source": [(each,) for each in there],
        "state_at": [(one, moment) for one in uids for moment in MOMENTS[1:]],
        "tombstones": [(PLATFORM,)],
        "versions": [(one,) for one in uids],
        "witnesses": [(one,) for one in uids],
        "postings": [
            (([text],), {"prefix": prefix, "as_of": moment})
            for text in (WORD, SHARED_WORDS, "canary")
            for prefix in (False, True)
            for moment in MOMENTS
        ],
        "frequency": [((text,), {"prefix": prefix}) for text in (WORD, "canary") for prefix in (False, True)],
        "talks": [()],
        "talk_sizes": [(list(range(1, 40)),)],
        "around": [(row, 0, 100) for row in range(1, 40)],
        "by_rows": [(list(range(1, 200)),)],
        "resting": [(list(range(1, 200)),)],
        "vector_models": [()],
        "nearest": [((MODEL, np.array([1, 0], np.float32), most), {"also": range(1, 200)}) for most in (1, 50)],
        # What no token opens.
        "begin_vectors": [(VectorModel(digest=MODEL, name="", dimensions=2, place=""),)],
        "drop_vectors": [()],
        "finish_vectors": [(MODEL,)],
        "keep_vectors": [(MODEL, [], 1)],
        "lacking_vectors": [(MODEL,)],
        "hand_out": [(([],), {"reader": "x", "token": "", "at": NOW, "cost": 0})],
        "handouts": [(uids,)],
        "begin_export": [(Exported(format="canary", target="x", after=0, change=0),)],
        "finish_export": [(1, 1, b"x")],
        "cancel_export": [(1,)],
        "came_from": [(1,)],
        "exports": [()],
        "exports_holding": [(uids,)],
        "held_before": [(1,)],
        "erasures": [()],
        "held_back": [()],
        "near_duplicates": [(uids,)],
        "purge": [()],
        "set_undo_window": [(timedelta(1),)],
        "undo_window": [()],
        "forget": [((None,), {"tombs": None})],
        "reach_of": [(None,)],
        "batch": [(1,), (2,)],
        "batches": [()],
        "check": [()],
        "check_audit": [()],
        "companions": [(each,) for each in there],
        "compare": [(2,)],
        "create_signing_key": [("mine",)],
        "distrust": [(Forgetting(uids=(uid("fact"),)),)],
        "holds": [()],
        "lift": [(1,)],
        "reach_of_distrust": [(Forgetting(uids=(uid("fact"),)),)],
        "distrust_did": [("did:web:canarydid.example",)],
        "distrust_key": [("00" * 32,)],
        "importing": [("label",)],
        "issued_tokens": [()],
        "note_seen_export": [("owner", SeenExport("key", None))],
        "note_token": [(None, "key", NOW)],
        "record_event": [("event", {})],
        "redaction_keys": [()],
        "revocations": [()],
        "revoke_token": [("id", "lost")],
        "revoked": [(["id"],)],
        "rotate_signing_key": [("main",)],
        "seen_export": [("owner",)],
        "shred_redaction_key": [("rs:1",)],
        "signing_key": [("main",)],
        "signing_keys": [()],
        "stats": [()],
        "trust_did": [("did:web:example.org", "")],
        "trust_key": [("00" * 32, "")],
        "trusted_dids": [()],
        "trusted_keys": [()],
        "undo": [(1,)],
    }
    assert name in calls, f"Store.{name} has no rule: give it one in vault.guard, and here a call that would betray it"
    pairs = (call if len(call) == 2 and isinstance(call[0], tuple) else (call, {}) for call in calls[name])
    return [(words, named) for words, named in pairs]


def given(seen: Store, name: str, whole: Store) -> Iterator[tuple[Any, bytes]]:
    """What a method gives for every call, as bytes; an error's text too."""
    for words, named in asked(name, whole):
        try:
            yield words, read(seen, name, words, named)
        except SatchelError as error:
            yield words, str(error).encode()


def test_every_method_of_a_store_has_a_rule() -> None:
    """A new one fails here until somebody thought of it."""
    ruled = {name for name in vars(_View) if not name.startswith("_")}
    assert ruled & REFUSED == set()
    assert ruled | REFUSED == set(methods())


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("name", methods())
def test_nothing_of_what_is_hidden_comes_out(filled: SqliteStore, name: str, kind: str) -> None:
    scope, shown = SCOPES[kind]
    seen = opened(filled, scope)
    hidden = [word for each in ALL - shown for word in (canary(each), uid(each))] + NEVER
    # The state of then was tagged otherwise, but it was no less semantic.
    hidden += [] if kind == "a component" else ["canarybefore"]
    for words, out in given(seen, name, filled):
        if name == "resolve":
            # The digits that were typed come back in the error.
            out = out.replace(str(words[0]).encode(), b"")
        # A search's error repeats nothing either.
        found = [word for word in hidden if word.encode() in out]
        assert not found, (name, found)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_no_token_opens(filled: SqliteStore, name: str) -> None:
    """Not even one for everything."""
    seen = opened(filled, Everything())
    before = filled.last_entry()
    for words, named in asked(name, filled):
        with pytest.raises(AccessDenied) as caught:
            getattr(seen, name)(*words, **named)
        assert caught.value.refusal == "PAM_FORBIDDEN"
    assert filled.last_entry() == before


def test_what_nobody_thought_of_is_refused(filled: SqliteStore) -> None:
    seen = opened(filled, Everything())
    for name in ("connection", "a_method_of_tomorrow"):
        with pytest.raises(AccessDenied):
            getattr(seen, name)
    assert not hasattr(seen, "_connection")


@pytest.mark.parametrize("most", [1, 3, 50])
@pytest.mark.parametrize("kind", SCOPES)
def test_vectors_of_what_is_hidden_are_not_seen_and_take_no_place(filled: SqliteStore, kind: str, most: int) -> None:
    scope, shown = SCOPES[kind]
    query = np.array([1, 0], np.float32)
    everything = filled.nearest(MODEL, query, 1000)
    names = {uid(name): name for name in ALL}
    (*records,) = filled.by_rows([near.row for near in everything])
    wanted = [near for near, record in zip(everything, records, strict=True) if record and names.get(record.uid) in shown]
    found = opened(filled, scope).nearest(MODEL, query, most)
    assert [(near.row, near.cosine) for near in found] == [(near.row, near.cosine) for near in wanted[:most]]
    for near in found:
        assert near.whole is None or filled.by_rows([near.whole])[0].uid in {uid(name) for name in shown}  # type: ignore[union-attr]
    # Who asks for rows by their numbers gets no more.
    also = opened(filled, scope).nearest(MODEL, query, 1, also=range(1, 200))
    assert {near.row for near in also} == {near.row for near in wanted}


@pytest.mark.parametrize("kind", SCOPES)
def test_what_is_in_scope_is_there(filled: SqliteStore, kind: str) -> None:
    scope, shown = SCOPES[kind]
    seen = opened(filled, scope)
    assert {each.uid for each in seen.records()} == {uid(name) for name in shown}
    assert seen.count() == len(shown)
    assert {name for name in ALL if seen.get(uid(name)) is not None} == shown
    for name in shown:
        assert seen.resolve(uid(name)[:12]) == uid(name)
        assert seen.brought_by(uid(name)) in (2, 3)
    for name in ALL - shown:
        with pytest.raises(NotFound):
            seen.resolve(uid(name))
    listed = seen.search(Query(words="", limit=1000))
    assert {hit.record.uid for hit in listed.hits} == {uid(name) for name in shown}
    assert listed.total == len(shown)
    for offset in range(len(shown)):
        (hit,) = seen.search(Query(words="", limit=1, offset=offset)).hits
        assert hit == listed.hits[offset]


def test_a_search_counts_and_quotes_what_is_seen(filled: SqliteStore) -> None:
    seen = opened(filled, SCOPES["a tag"][0])
    found = seen.search(Query(words=SHARED_WORDS))
    assert (found.total, [hit.witnesses for hit in found.hits]) == (1, [(uid("twin_open"),)])
    assert len(filled.search(Query(words=SHARED_WORDS)).hits[0].witnesses) == 2
    assert seen.search(Query(words=canary("secret"))).total == 0
    assert {hit.score for hit in seen.search(Query(words=WORD, limit=100)).hits} == {0.0}
    # In the talk's place, for the message alone there is no talk.
    (hit,) = seen.search(Query(words=canary("talk_1"))).hits
    assert hit.context == said("talk")
    (hit,) = opened(filled, SCOPES["one message"][0]).search(Query(words=canary("talk_1"))).hits
    assert hit.context == ""
    (hit,) = opened(filled, SCOPES["no tag"][0]).search(Query(words="", kinds=("conversation",), limit=1, offset=1)).hits
    assert (hit.record.uid, hit.snippet) == (uid("mixed_talk"), said("mixed_talk_2"))


def test_a_record_names_no_record_that_is_hidden(filled: SqliteStore) -> None:
    seen = opened(filled, SCOPES["a tag"][0])
    fact = seen.get(uid("fact"))
    assert fact is not None
    assert [link.to for link in fact.links] == [uid("ada")]
    assert (fact.scope, fact.provenance.conversation, fact.provenance.message) == ("", "", "")
    first, second = seen.messages(uid("talk"))
    assert (first.body.parent, second.body.parent) == ("", uid("talk_1"))  # type: ignore[union-attr]
    assert [record.uid for _, record in seen.linking_to(uid("ada"))] == [uid("fact")]
    assert seen.linking_to(uid("fact")) == []
    assert seen.witnesses(uid("twin_open")) == []
    # Not even whether something hidden is linked to: what is seen links to it.
    assert [record.uid for _, record in filled.linking_to(uid("secret"))] == [uid("fact")]
    assert seen.linking_to(uid("secret")) == []
    assert seen.witnesses(uid("twin_closed")) == []
    assert list(opened(filled, SCOPES["one message"][0]).messages(uid("talk"))) == []
    mixed = opened(filled, SCOPES["no tag"][0]).get(uid("mixed_talk"))
    assert mixed is not None
    assert mixed.body.current == ""  # type: ignore[union-attr]


def test_bytes_leave_where_nothing_hidden_lies_in_them(filled: SqliteStore) -> None:
    seen = opened(filled, SCOPES["a tag"][0])
    talk = record("talk", filled)
    assert seen.native(talk) == filled.native(talk)
    assert seen.original(record("talk_1", filled)) == filled.original(talk)
    member = record("member_open", filled)
    assert seen.native(member) == f'"{said("member_open")}"'.encode()
    assert seen.original(member) is None
    pair = record("pair_head", filled)
    assert said("member_closed").encode() in (filled.native(pair) or b"")
    assert (seen.native(pair), seen.original(pair), seen.native(record("pair_open", filled))) == (None, None, None)
    assert said("moved").encode() in (filled.native(record("was_head", filled)) or b"")
    assert seen.native(record("was_head", filled)) is None
    part = opened(filled, SCOPES["no tag"][0])
    assert part.native(record("mixed_talk", filled)) is None
    assert part.native(record("mixed_talk_2", filled)) == f'"{said("mixed_talk_2")}"'.encode()
    natives = {kept.native for kept in seen.natives(PLATFORM)}
    assert filled.native(record("fact", filled)) in natives
    assert not any(canary("member_closed").encode() in native for native in natives)
    (blob,) = [each.body.blob for each in seen.records("document")]  # type: ignore[union-attr]
    with seen.open_blob(blob) as stream:
        assert stream.read() == said("file").encode()


def test_a_state_of_the_past_that_was_out_of_scope(filled: SqliteStore) -> None:
    seen = opened(filled, SCOPES["a tag"][0])
    assert len(filled.versions(uid("changed"))) == 2
    (version,) = seen.versions(uid("changed"))
    assert (version.number, version.record.body.text) == (1, said("changed"))  # type: ignore[union-attr]
    then = NOW - timedelta(days=5)
    assert filled.state_at(uid("changed"), then) is not None
    assert seen.state_at(uid("changed"), then) is None
    assert seen.search(Query(words="canarybefore", as_of=then)).total == 0
    assert filled.search(Query(words="canarybefore", as_of=then)).total == 1


def test_what_was_in_scope_once_is_seen_no_more(own: SqliteStore) -> None:
    """The current version decides: a view that is open sees it at once."""
    from tests.vault.guarded import CLOSED, alone, memory

    seen = opened(own, SCOPES["a tag"][0])
    assert seen.get(uid("fact")) is not None
    with own.importing("later") as intake:
        intake.put(alone(memory("fact", CLOSED), said("fact"), NOW))
        intake.finish(())
    assert seen.get(uid("fact")) is None
    assert seen.versions(uid("fact")) == []
    assert seen.state_at(uid("fact"), NOW) is None


def test_a_wildcard_shows_every_record_as_it_is(filled: SqliteStore) -> None:
    seen = opened(filled, Everything())
    assert list(seen.records()) == list(filled.records())
    assert seen.search(Query(words=WORD)) == filled.search(Query(words=WORD))
    assert seen.original(record("mixed_talk", filled)) == filled.original(record("mixed_talk", filled))


@pytest.mark.parametrize("kind", ["a tag", "no tag"])
def test_so_many_entries_and_no_more(filled: SqliteStore, kind: str) -> None:
    scope, shown = SCOPES[kind]
    for most in (0, 1, 3, len(shown) + 5):
        seen = opened(filled, scope, max_entries=most)
        first = {each.uid for each in seen.records()}
        assert len(first) == min(most, len(shown))
        # What was handed out may be asked for again, and nothing beside it.
        assert {each.uid for each in seen.records()} == first
        assert {name for name in ALL if seen.get(uid(name))} == {name for name in ALL if uid(name) in first}
        assert seen.count() == len(first)
        found = opened(filled, scope, max_entries=most).search(Query(words=WORD, limit=50))
        assert len({uid for hit in found.hits for uid in hit.witnesses}) <= most
        assert found.total <= most


def test_looking_hands_nothing_out(filled: SqliteStore) -> None:
    scope, shown = SCOPES["a tag"]
    seen = opened(filled, scope, max_entries=2)
    # Before anything was handed out, the index tells of nothing.
    assert (seen.frequency(WORD, prefix=False), seen.postings((WORD,), prefix=False)) == (0, [])
    looking = seen.look()
    assert {each.uid for each in looking.records()} == {uid(name) for name in shown}
    rows = [posting.row for posting in looking.postings((WORD,), prefix=False)]
    assert len(rows) > 2 and all(looking.by_rows(rows))
    assert seen.count() == 2
    assert seen.get(uid("fact")) and seen.get(uid("task")) and seen.get(uid("ada")) is None
    assert {record.uid for record in seen.by_rows(rows) if record} <= {uid("fact"), uid("task")}
    assert seen.frequency(WORD, prefix=False) <= 2
    assert opened(filled, scope).look().count() == len(shown)


def several(store: Store, *scopes: Any, permissions: Any = ("read",), **binding: Any) -> Store:
    tokens = [token(store, scope, *permissions, **binding) for scope in scopes]
    return view(store, tokens, "read", caller=BOT, clock=lambda: NOW)


def test_several_tokens_show_what_any_of_them_shows(filled: SqliteStore) -> None:
    kinds = ["listed", "a component", "no tag"]
    seen = several(filled, *(SCOPES[kind][0] for kind in kinds))
    shown = set().union(*(SCOPES[kind][1] for kind in kinds))
    assert {name for name in ALL if seen.get(uid(name))} == shown
    assert {each.uid for each in seen.records()} == {uid(name) for name in shown} and seen.count() == len(shown)
    found = seen.search(Query(words=WORD, limit=100))
    alone = [opened(filled, SCOPES[kind][0]).search(Query(words=WORD, limit=100)) for kind in kinds]
    assert {hit.record.uid for hit in found.hits} == {hit.record.uid for each in alone for hit in each.hits}


def test_tokens_together_show_no_more_than_each_by_itself(filled: SqliteStore) -> None:
    """An edge whose ends two tokens show, a link from what one shows to what the other does, bytes that hold both."""
    edge, ends = Entries(frozenset([uid("edge")])), Entries(frozenset([uid("ada"), uid("bea")]))
    assert several(filled, edge, ends).get(uid("edge")) is None
    both = several(filled, Entries(frozenset([uid("fact")])), Entries(frozenset([uid("ada")]))).get(uid("fact"))
    assert both is not None and both.links == ()
    together = opened(filled, Entries(frozenset([uid("fact"), uid("ada")]))).get(uid("fact"))
    assert together is not None and [link.to for link in together.links] == [uid("ada")]
    part = several(
        filled, Entries(frozenset([uid("many_head"), uid("member_open")])), Entries(frozenset([uid("member_closed")]))
    )
    assert part.native(record("many_head", filled)) is None and part.original(record("member_open", filled)) is None


def test_each_of_several_tokens_must_hold(own: SqliteStore) -> None:
    good, bad = token(own, SCOPES["a tag"][0], "read"), token(own, SCOPES["a component"][0], "read")
    seen = view(own, [good, bad], "read", caller=BOT, clock=lambda: NOW)
    assert seen.get(uid("secret"))
    own.revoke_token(bad.token.id, "lost")
    with pytest.raises(AccessDenied, match="revoked"):
        seen.get(uid("fact"))
    with pytest.raises(AccessDenied, match="revoked"):
        view(own, [good, bad], "read", caller=BOT, clock=lambda: NOW)
    other = token(own, SCOPES["a tag"][0], "read", audience="agent:other")
    with pytest.raises(AccessDenied, match="somebody else"):
        view(own, [good, other], "read", caller=BOT, clock=lambda: NOW)
    with pytest.raises(AccessDenied, match="no token"):
        view(own, [], "read", caller=BOT, clock=lambda: NOW)


def test_of_several_tokens_those_count_that_permit_the_operation(filled: SqliteStore) -> None:
    tokens = [token(filled, SCOPES["a tag"][0], "export"), token(filled, SCOPES["one message"][0], "read")]
    seen = view(filled, tokens, "read", caller=BOT, clock=lambda: NOW)
    assert {name for name in ALL if seen.get(uid(name))} == {"talk_1"}
    with pytest.raises(AccessDenied, match="does not permit"):
        view(filled, tokens, "rehydrate", caller=BOT, clock=lambda: NOW)


def test_a_token_for_so_many_entries_is_presented_alone(filled: SqliteStore) -> None:
    with pytest.raises(AccessDenied, match="presented alone"):
        several(filled, SCOPES["a tag"][0], SCOPES["a component"][0], max_entries=3)
    with pytest.raises(AccessDenied, match="redaction"):
        several(filled, SCOPES["a tag"][0], SCOPES["a component"][0], require_redaction=True)


def test_a_view_lives_no_longer_than_its_token(filled: SqliteStore) -> None:
    clock = [NOW]
    seen = view(filled, token(filled, Everything()), "read", caller=BOT, clock=lambda: clock[0])
    assert seen.count() > 0
    clock[0] = NOW + timedelta(hours=1, seconds=1)
    for name in methods():
        if name in REFUSED or name == "close":
            continue
        for words, named in asked(name, filled)[:1]:
            with pytest.raises(AccessDenied, match="PAM_"):
                read(seen, name, words, named)


def test_revoking_closes_a_view_that_is_open(own: SqliteStore) -> None:
    presented = token(own, Everything())
    seen = view(own, presented, "read", caller=BOT, clock=lambda: NOW)
    assert seen.get(uid("fact"))
    assert own.revoke_token(presented.token.id, "lost")
    with pytest.raises(AccessDenied) as caught:
        seen.get(uid("fact"))
    assert (caught.value.refusal, caught.value.detail) == ("PAM_FORBIDDEN", "TOKEN_REVOKED")


def test_a_key_that_is_trusted_no_more_closes_a_view_that_is_open(own: SqliteStore) -> None:
    presented = token(own, Everything())
    _, retired = own.rotate_signing_key("main")
    seen = view(own, presented, "read", caller=BOT, clock=lambda: NOW)
    assert seen.count() > 0
    own.distrust_key(retired.public)
    with pytest.raises(AccessDenied, match="PAM_INVALID_SIGNATURE"):
        seen.count()


def test_the_door_asks_for_its_own_permission(filled: SqliteStore) -> None:
    scope = Entries(frozenset([uid("fact")]))
    for permission in ("read", "export", "rehydrate"):
        for other in ("read", "export", "rehydrate"):
            presented = token(filled, scope, permission)
            if permission == other:
                view(filled, presented, other, caller=BOT, clock=lambda: NOW)
                continue
            with pytest.raises(AccessDenied, match="does not permit"):
                view(filled, presented, other, caller=BOT, clock=lambda: NOW)


@pytest.mark.row("TOK-10")
def test_no_token_alters_anything(filled: SqliteStore) -> None:
    """Whatever it permits: there is no door that writes with a token, so no original can be altered by one."""
    presented = token(filled, Everything(), "read", "write", "derive", "redact")
    seen = view(filled, presented, "write", caller=BOT, clock=lambda: NOW)
    before = [msgspec.json.encode(each) for each in filled.records()]
    with pytest.raises(AccessDenied), seen.importing("mine"):
        pytest.fail("it opened")
    assert [msgspec.json.encode(each) for each in filled.records()] == before


def test_a_token_that_requires_redaction_is_not_kept_to_by_leaving_it_out(filled: SqliteStore) -> None:
    with pytest.raises(AccessDenied, match="redaction"):
        view(filled, token(filled, Everything(), require_redaction=True), "read", caller=BOT, clock=lambda: NOW)


def test_others_issue_only_in_the_name_that_their_key_was_given(own: SqliteStore) -> None:
    from satchel.trust.capabilities.issuing import Terms, issue
    from satchel.trust.capabilities.tokens import Presented
    from satchel.trust.signatures import ED25519, generate

    key = generate(ALGORITHMS[ED25519])
    terms = Terms(scope=Everything(), permissions=frozenset(["read"]), audience=BOT, expires_at=NOW + timedelta(hours=1))

    def verdict(issuer: str) -> str:
        presented = Presented(issue(terms, issuer=issuer, key=key, now=NOW))
        try:
            view(own, presented, "read", caller=BOT, clock=lambda: NOW)
        except AccessDenied as error:
            return f"{error.refusal} {error.detail}".strip()
        return "holds"

    assert verdict("operator:bob") == "PAM_INVALID_SIGNATURE UNKNOWN_ISSUER"
    own.trust_key(key.public.text, "laptop")
    # A key whose signatures are trusted opens nothing by that alone.
    assert verdict("operator:bob") == "PAM_INVALID_SIGNATURE UNKNOWN_ISSUER"
    assert verdict("laptop") == "PAM_FORBIDDEN TOKEN_CHAIN_INVALID"
    own.trust_key(key.public.text, "operator:bob")
    assert verdict("operator:bob") == "holds"
    assert verdict(guard.own_issuer(own)) == "PAM_INVALID_SIGNATURE"
    own.trust_key(key.public.text, "agent:bob")
    assert verdict("agent:bob") == "PAM_FORBIDDEN TOKEN_CHAIN_INVALID"


def test_the_fixture_hides_something_of_every_kind() -> None:
    for kind, (_, shown) in SCOPES.items():
        assert ALL - shown, kind
    assert EPISODIC - SCOPES["a tag"][1]
