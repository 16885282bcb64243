"""Merging: nothing twice, nothing lost, nothing newer replaced by something older."""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from satchel.errors import MalformedInput, Place
from satchel.model.findings import Finding
from satchel.model.record import Link, Original, Reading
from satchel.trust.secrets import new_key
from satchel.vault.sqlite.store import SqliteStore
from tests.vault.made import conversation, memory, moment
from tests.vault.state import dump_state


def take(store: SqliteStore, *originals: Original) -> dict[str, dict[str, int]]:
    with store.importing("made") as intake:
        for original in originals:
            intake.put(original)
        return dict(intake.finish(()).summary.counts)  # type: ignore[arg-type]


def texts(store: SqliteStore, original: Original) -> list[str]:
    return [message.body.parts[0].text for message in store.messages(original.uid)]  # type: ignore[union-attr]


def test_second_import_changes_nothing_and_says_so(store: SqliteStore) -> None:
    talk = conversation("a", ["one", "two"])
    assert take(store, talk) == {"conversation": {"new": 1}, "message": {"new": 2}}
    before = dump_state(store)
    assert take(store, talk) == {"conversation": {"unchanged": 1}, "message": {"unchanged": 2}}
    after = dump_state(store)
    for state in (before, after):
        state.pop("summaries")
    assert before == after


def test_newer_export_updates_and_keeps_the_version_before(store: SqliteStore) -> None:
    take(store, conversation("a", ["one", "two"], updated=1))
    newer = conversation("a", ["one", "two, edited", "three"], updated=2)
    counts = take(store, newer)
    assert counts == {"conversation": {"updated": 1}, "message": {"unchanged": 1, "updated": 1, "new": 1}}
    assert texts(store, newer) == ["one", "two, edited", "three"]
    edited = list(store.messages(newer.uid))[1]
    assert [version.record.body.parts[0].text for version in store.versions(edited.uid)] == ["two", "two, edited"]  # type: ignore[union-attr]


def test_older_export_never_replaces_but_what_only_it_has_is_added(store: SqliteStore) -> None:
    newer = conversation("a", ["one", "two, edited"], updated=5)
    take(store, newer)
    older = conversation("a", ["one", "two", "dropped later"], updated=1)
    assert take(store, older)["message"] == {"unchanged": 1, "older": 1, "new": 1}
    assert texts(store, newer) == ["one", "two, edited", "dropped later"]
    edited = list(store.messages(newer.uid))[1]
    assert [version.record.body.parts[0].text for version in store.versions(edited.uid)] == ["two", "two, edited"]  # type: ignore[union-attr]


def test_two_states_in_one_export_settle_and_stay_settled(store: SqliteStore) -> None:
    """A conversation that stands twice in an export (providers.md 3.1 f), both of one time."""
    one, two = conversation("a", ["hi"]), conversation("a", ["hello"])
    take(store, one, two)
    settled = dump_state(store)
    take(store, one, two)
    again = dump_state(store)
    settled.pop("summaries"), again.pop("summaries")
    assert settled == again
    assert texts(store, one) == ["hello"]


def test_change_back_is_a_change_when_it_is_newer(store: SqliteStore) -> None:
    for second, text in ((1, "a"), (2, "b"), (3, "a")):
        last = conversation("x", [text], updated=second)
        take(store, last)
    assert texts(store, last) == ["a"]
    assert len(store.versions(next(iter(store.messages(last.uid))).uid)) == 3


def test_a_newer_reader_reads_kept_bytes_anew_without_keeping_them_twice(store: SqliteStore) -> None:
    take(store, conversation("a", ["one"], reader="made/1"))
    take(store, conversation("a", ["one"], reader="made/2"))
    assert [row[3] for row in dump_state(store)["originals"]] == ["made/2"]


def test_a_reader_that_fails_is_told_and_its_bytes_are_kept(store: SqliteStore) -> None:
    def fail() -> Reading:
        raise MalformedInput("broken here", place=Place("made.json", 1))

    def crash() -> Reading:
        raise KeyError("secret words of a person")

    good = conversation("good", ["fine"])
    originals = [
        Original(uid=f"{number:040x}", kind="made.x", native=b"{}%d" % number, place=Place("made.json", number),
                 reader="made/1", updated=None, read=read)
        for number, read in ((1, fail), (2, crash))
    ]  # fmt: skip
    with store.importing("made") as intake:
        for original in (*originals, good):
            intake.put(original)
        findings = intake.finish(()).summary.findings
    assert [finding.code for finding in findings] == ["malformed", "reader-failed"]
    assert all("secret" not in finding.text for finding in findings)
    assert len(dump_state(store)["originals"]) == 3
    assert texts(store, good) == ["fine"]


def test_native_bytes_come_back_exactly(store: SqliteStore) -> None:
    talk = conversation("a", ["one", "zwei, 二"])
    take(store, talk)
    head = store.get(talk.uid)
    assert head is not None
    assert store.native(head) == talk.native
    second = list(store.messages(talk.uid))[1]
    assert store.native(second) == '{"text":"zwei, 二"}'.encode()


def test_an_exception_undoes_the_whole_import(store: SqliteStore) -> None:
    before = dump_state(store)

    def fail() -> None:
        with store.importing("made") as intake:
            intake.put(conversation("a", ["one"]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert dump_state(store) == before


def test_dry_run_tells_and_keeps_nothing(store: SqliteStore) -> None:
    before = dump_state(store)
    with store.importing("made", dry_run=True) as intake:
        intake.put(conversation("a", ["one"]))
        batch = intake.finish(())
    assert batch.summary.counts["message"] == {"new": 1}
    assert dump_state(store) == before


def test_many_like_findings_are_counted_together(store: SqliteStore) -> None:
    with store.importing("made") as intake:
        for number in range(5000):
            intake.note(Finding("odd", "warning", "odd thing", Place("f.json", number)))
        for _ in range(10):
            intake.note(Finding("note", "info", "a note", Place("f.json")))
        findings = intake.finish(()).summary.findings
    assert sum(finding.count for finding in findings) == 5010
    assert len(findings) < 2100


_TALKS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.lists(st.sampled_from(["x", "y", "z"]), max_size=3), st.one_of(st.none(), st.integers(0, 3))
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TALKS)
def test_importing_all_of_it_again_changes_no_state(tmp_path_factory: pytest.TempPathFactory, talks: list) -> None:  # type: ignore[type-arg]
    store = SqliteStore.create(tmp_path_factory.mktemp("v") / "vault.db", new_key(), owner_id="o")
    originals = [conversation(name, said, updated=updated) for name, said, updated in talks]
    originals.append(memory("m", "likes tea", tags=("drinks",)))
    take(store, *originals)
    first = dump_state(store)
    take(store, *originals)
    second = dump_state(store)
    first.pop("summaries"), second.pop("summaries")
    assert first == second
    assert store.check() == []
    store.close()


def test_links_and_witnesses_are_found_from_the_other_end(store: SqliteStore) -> None:
    talk = conversation("a", ["I like green tea"])
    message = list(talk.read().records)[1].uid
    derived = memory("m", "Likes green tea", links=(Link("derived_from", message),))
    take(store, talk, derived, memory("n", "likes  green  TEA"))
    assert [(link, record.origin.id) for link, record in store.linking_to(message)] == [("derived_from", "m")]
    assert [record.origin.id for record in store.witnesses(derived.uid)] == ["n"]


def test_records_come_ordered_by_uid_whatever_their_kinds(store: SqliteStore) -> None:
    originals = [conversation(str(number), ["x", "y"]) for number in range(700)]
    take(store, *originals, *[memory(str(number), "m") for number in range(700)])
    for kinds, count in (((), 2800), (("memory",), 700), (("message",), 1400), (("conversation", "memory"), 1400)):
        uids = [record.uid for record in store.records(*kinds)]
        assert len(uids) == count
        assert uids == sorted(uids)


STATUSES = ("active", "superseded", "deprecated", "retracted", "archived")
#: The table of portable-ai-memory.md 5.2, word for word: from each status, what it can become.
STEPS = {
    "active": {"superseded", "deprecated", "retracted", "archived"},
    "superseded": {"archived"},
    "deprecated": {"retracted", "archived"},
    "retracted": set(),
    "archived": set(),
}


def of_status(status: str, updated: int) -> Original:
    made = memory("m", "Likes tea", status=status)
    # The same status again, later, is a state of its own.
    return msgspec.structs.replace(made, native=f"{status} {updated}".encode(), updated=moment(updated))


@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("then", STATUSES)
def test_a_change_of_status_is_taken_and_told(now: str, then: str, store: SqliteStore) -> None:
    take(store, of_status(now, 1))
    with store.importing("made") as intake:
        intake.put(of_status(then, 2))
        summary = intake.finish(()).summary
    record = store.get(of_status(then, 2).uid)
    assert record is not None
    # Never half: whatever the step, the record is as it came.
    assert record.status == then
    told = [finding for finding in summary.findings if finding.code == "status-step"]
    if now == then:
        assert (summary.transitions, told) == ({}, [])
    elif then in STEPS[now]:
        assert (summary.transitions, told) == ({f"{now} to {then}": 1}, [])
    else:
        assert summary.transitions == {}
        (finding,) = told
        assert finding.severity == "warning" and now in finding.text and then in finding.text
    assert store.batches()[-1].summary.transitions == summary.transitions


def test_an_older_state_changes_no_status(store: SqliteStore) -> None:
    take(store, of_status("retracted", 5))
    with store.importing("made") as intake:
        intake.put(of_status("active", 1))
        summary = intake.finish(()).summary
    assert (summary.transitions, summary.findings) == ({}, ())
    assert store.get(of_status("active", 1).uid).status == "retracted"  # type: ignore[union-attr]


def test_a_talk_that_grows_under_the_same_head_is_the_newer_one(store: SqliteStore) -> None:
    """What goes home of a talk is the bytes of its head: they have to be those that hold every message."""
    shorter, longer = conversation("a", ["one"], updated=None), conversation("a", ["one", "two"], updated=None)
    take(store, shorter)
    take(store, longer)
    head = store.get(longer.uid)
    assert head is not None and store.native(head) == longer.native
    store.undo(store.batches()[-1].id)
    assert store.native(store.get(longer.uid)) == shorter.native  # type: ignore[arg-type]
