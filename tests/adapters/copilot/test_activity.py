"""Copilot's tables as conversations: what belongs together, in which order, with which times."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.copilot import ADAPTER
from satchel.codec.probe import probe_bytes
from satchel.codec.sources import BytesMember
from satchel.errors import InputError
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Conversation, Message
from satchel.model.findings import Finding
from satchel.model.record import Original, Record
from tests.adapters.reading import Outcome, folder, run
from tests.conftest import SHARED

PROBES = SHARED / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"
INPUTS = SHARED / "conformance" / "portable-ai-memory" / "upstream" / "sdk-test-inputs" / "copilot"
FIXTURES = SHARED / "fixtures" / "copilot"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this clone")
HEADER = ("Conversation", "Time", "Author", "Message")


def table(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER, **how: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, **how).writerows([header, *rows])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def read(*rows: tuple[str, ...], **how: Any) -> Outcome:
    return run(ADAPTER, {"copilot-activity-history.csv": table(*rows, **how)})


def talks(outcome: Outcome) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each conversation's title, with the role and text of each message in order."""
    found = []
    for head in outcome.of("conversation"):
        assert isinstance(head.body, Conversation)
        messages = sorted(
            (record for record in outcome.of("message") if record.linked("part_of") == head.uid),
            key=lambda r: r.body.position,  # type: ignore[union-attr]
        )
        found.append((head.body.title, [(_body(record).role, _body(record).parts[0].text) for record in messages]))
    return found


def _body(record: Record) -> Message:
    assert isinstance(record.body, Message)
    return record.body


def times(outcome: Outcome) -> list[datetime | None]:
    return [record.times.created for record in outcome.of("message")]


def test_newest_first_with_the_answer_above_its_question() -> None:
    """As Microsoft writes it: a pair has one second, and time alone would put the answer first."""
    rows = [
        ("T", "2026-01-01T10:05:00", "AI", "a2"),
        ("T", "2026-01-01T10:05:00", "Human", "q2"),
        ("T", "2026-01-01T10:00:00", "AI", "a1"),
        ("T", "2026-01-01T10:00:00", "Human", "q1"),
    ]
    said = [("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")]
    assert talks(read(*rows)) == [("T", said)]
    assert talks(read(*reversed(rows))) == [("T", said)]
    # Several pairs of one second keep the order of the file.
    same = [(row[0], "2026-01-01T10:00:00", *row[2:]) for row in rows]
    assert talks(read(*same)) == [("T", said)]
    assert talks(read(*reversed(same))) == [("T", said)]


def test_the_answer_above_its_question_in_a_table_that_is_oldest_first() -> None:
    rows = [(f"2026-01-01T10:0{n}:00", who, f"{who}{n}") for n in range(3) for who in ("AI", "Human")]
    ((_, said),) = talks(read(*(("T", *row) for row in rows)))
    assert [text for _, text in said] == ["Human0", "AI0", "Human1", "AI1", "Human2", "AI2"]


def test_rows_of_one_title_lie_apart_and_pauses_part_them() -> None:
    """PAM-241: by name and time proximity."""
    outcome = read(
        ("A", "2026-02-17T14:00:00", "user", "a late"),
        ("B", "2026-01-03T10:00:00", "user", "b"),
        ("A", "2026-01-02T09:00:00", "user", "a next morning"),
        ("A", "2026-01-01T10:00:00", "user", "a"),
    )
    assert talks(outcome) == [
        ("A", [("user", "a"), ("user", "a next morning")]),
        ("A", [("user", "a late")]),
        ("B", [("user", "b")]),
    ]
    assert outcome.codes()["split-by-pause"] == 1
    assert len({record.uid for record in outcome.records}) == len(outcome.records)


def test_untitled_rows_are_put_together_by_time() -> None:
    outcome = read(
        ("", "2026-01-01T10:00:00", "user", "one"),
        ("", "2026-01-01T10:20:00", "AI", "two"),
        ("", "2026-01-01T12:00:00", "user", "three"),
    )
    assert [len(said) for _, said in talks(outcome)] == [2, 1]
    assert outcome.codes()["untitled"] == 1


def test_each_message_answers_the_one_before() -> None:
    """PAM-193, PAM-195: two roles; a talk without branches is one chain."""
    outcome = read(
        ("T", "2026-01-01T10:00:00", "user", "a"),
        ("T", "2026-01-01T10:01:00", "Copilot", "b"),
        ("T", "2026-01-01T10:02:00", "HUMAN", "c"),
    )
    bodies = outcome.bodies("message")
    uids = [record.uid for record in outcome.of("message")]
    assert [body.parent for body in bodies] == ["", *uids[:2]]
    assert [body.role for body in bodies] == ["user", "assistant", "user"]
    assert outcome.bodies("conversation")[0].current == uids[-1]


def test_unknown_authors_are_told() -> None:
    outcome = read(("T", "2026-01-01T10:00:00", "Bing", "a"), ("T", "2026-01-01T10:00:01", "", "b"))
    assert [(body.role, body.author) for body in outcome.bodies("message")] == [("assistant", "Bing"), ("assistant", "")]
    assert outcome.codes()["unknown-role"] == 2


def test_times_are_read_defensively_and_never_made_up() -> None:
    """PAM-242, PAM-202: what cannot be read, or can be read in two ways, stays missing."""
    header = ("CreatedAt", "MessageContent", "Author", "ChatName")
    rows = [
        ("2/17/2026 2:36:11 PM +00:00", "a", "user", "T"),
        ("2/17/2026 14:36:12 +00:00", "b", "AI", "T"),
        ("17/02/2026 14:36:13", "c", "user", "T"),
        ("sometime", "d", "AI", "T"),
        ("", "e", "user", "T"),
    ]
    outcome = read(*rows, header=header)
    assert times(outcome) == [datetime(2026, 2, 17, 14, 36, second, tzinfo=UTC) for second in (11, 12, 13)] + [None, None]
    assert {code: outcome.codes().get(code, 0) for code in ("bad-time", "ambiguous-date")} == {
        "bad-time": 1,
        "ambiguous-date": 0,
    }
    assert [text for _, text in talks(outcome)[0][1]] == list("abcde")
    unsure = read(("T", "3/4/2026 10:00", "user", "a"), ("T", "5/6/2026 10:00", "AI", "b"))
    assert times(unsure) == [None, None]
    assert unsure.codes()["ambiguous-date"] == 2
    assert unsure.of("conversation")[0].times.created is None
    assert unsure.originals[0].updated is None


def test_a_table_of_one_place_tells_its_order_itself() -> None:
    outcome = read(("T", "03/04/2026 10:00", "user", "a"), ("T", "17/04/2026 10:00", "AI", "b"))
    assert times(outcome)[0] == datetime(2026, 4, 3, 10, tzinfo=UTC)


def test_prompts_of_windows_apps_are_conversations_of_their_own() -> None:
    rows = [
        ("2026-01-01T10:00:00", "Notepad", "write"),
        ("2026-01-01T10:00:00", "Paint", "draw"),
        ("2026-01-01T10:00:00", "Paint", "draw"),
    ]
    outcome = read(*rows, header=("Timestamp", "ClientApp", "Prompt"))
    assert talks(outcome) == [(f"{app} prompt", [("user", text)]) for _, app, text in rows]
    assert len({record.uid for record in outcome.records}) == 6
    assert ADAPTER.unmapped(outcome.of("conversation")[0], outcome.originals[0].native) == {"client_app": "Notepad"}
    assert ADAPTER.unmapped(outcome.of("conversation")[0], b"") == {}


def test_cells_of_many_lines_are_verbatim() -> None:
    text = 'line one\r\n\r\n"quoted", and a comma\n  | a | b |\n'
    outcome = read(("T, with a comma", "2026-01-01T10:00:00", "AI", text), quoting=csv.QUOTE_ALL)
    assert talks(outcome) == [("T, with a comma", [("assistant", text)])]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter: str) -> None:
    outcome = read(("T", "17.02.2026 14:36", "user", "a; b | c"), delimiter=delimiter)
    assert talks(outcome) == [("T", [("user", "a; b | c")])]


def test_what_is_no_message_is_told() -> None:
    blank = table(("T", "2026-01-01T10:00:00", "user", " "))
    outcome = run(ADAPTER, {"t.csv": blank + b"T,2026\r\n\r\nConversation,Time,Author,Message\r\n"})
    assert outcome.codes() == {"empty-message": 1, "short-row": 1, "repeated-header": 1, "no-rows": 1}
    # Nothing is lost: the bytes of a row that cannot be read are kept.
    assert [original.native for original in outcome.originals] == [b"T,2026\r\n"]


def test_the_native_bytes_are_a_table_that_reads_the_same() -> None:
    data = table(
        ("A", "2026-01-02T10:00:00", "AI", "2"),
        ("B", "2026-01-02T09:00:00", "user", "x"),
        ("A", "2026-01-02T08:00:00", "user", "1\n1"),
    )
    outcome = run(ADAPTER, {"t.csv": data})
    for original in outcome.originals:
        again = run(ADAPTER, {"other-name.csv": original.native})
        assert again.originals[0].native == original.native
        assert again.records == [r for r in outcome.records if original.uid in (r.uid, r.linked("part_of"))]


def test_a_later_export_updates_the_same_conversation() -> None:
    first = ("T", "2026-01-01T10:00:00", "user", "q")
    before = read(first)
    after = read(("T", "2026-01-01T10:00:05", "AI", "a"), first)
    assert after.originals[0].uid == before.originals[0].uid
    assert before.of("message")[0].uid == after.of("message")[0].uid


def test_limits_are_kept() -> None:
    rows = [("T", "2026-01-01T10:00:00", "user", "x" * 200)] * 4 + [("U", "2026-01-01T10:00:00", "user", "y")]
    outcome = run(ADAPTER, {"t.csv": table(*rows)}, limits=Limits(element_bytes=500))
    assert outcome.codes()["limit"] == 1
    assert [title for title, _ in talks(outcome)] == ["U"]
    assert run(ADAPTER, {"t.csv": table(*rows)}, limits=Limits(array_elements=2)).codes()["limit"] == 1
    big = [("T", "2026-01-01T10:00:00", "user", "x" * 1000), rows[-1]]
    assert [title for title, _ in talks(run(ADAPTER, {"t.csv": table(*big)}, limits=Limits(element_bytes=500)))] == ["U"]


def test_a_cut_off_table_gives_what_is_there() -> None:
    outcome = run(
        ADAPTER, {"t.csv": table(("T", "2026-01-01T10:00:00", "user", "q")) + b'T,2026-01-01T10:00:01,AI,"half an ans'}
    )
    assert talks(outcome) == [("T", [("user", "q"), ("assistant", "half an ans")])]
    assert outcome.codes()["unclosed-quote"] == 1


def test_what_is_no_utf_8_is_repaired_and_told() -> None:
    outcome = run(ADAPTER, {"t.csv": table() + "T,2026-01-01T10:00:00,user,caf\xe9\r\n".encode("latin-1")})
    assert talks(outcome) == [("T", [("user", "caf\ufffd")])]
    assert outcome.codes()["repaired-text"] == 1


def test_a_stream_that_breaks_is_a_finding() -> None:
    class Broken(BytesMember):
        def open(self) -> Any:
            raise InputError("gone")

    member = Broken("t.csv", table())
    for role in ("table", "interactions", "interactions-page", "interaction"):
        (item,) = ADAPTER.read([Claim(role, member, probe_bytes(b"", whole=True))], ReadContext(limits=DEFAULT))
        assert isinstance(item, Finding) and item.severity == "error"


ROW = st.lists(st.text(alphabet=st.sampled_from('aT,;"\n\r0123456789/:- \x00\ufffd'), max_size=12), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, max_size=8), st.binary(max_size=20), st.integers(0, 400))
def test_no_table_raises(rows: list[list[str]], damage: bytes, at: int) -> None:
    data = table(*map(tuple, rows))
    keep = len(",".join(HEADER)) + 5
    at = keep + at % max(1, len(data) - keep)
    once = run(ADAPTER, {"t.csv": data[:at] + damage + data[at:]})
    again = run(ADAPTER, {"t.csv": data[:at] + damage + data[at:]})
    assert (once.records, once.findings) == (again.records, again.findings)
    assert len({record.uid for record in once.records}) == len(once.records)


def test_many_rows_take_little_memory() -> None:
    rows = [
        (f"T{n % 50}", f"2026-01-01T10:{n // 60 % 60:02d}:{n % 60:02d}", "user", f"message {n} " + "x" * 3_500)
        for n in range(5_000)
    ]
    data = table(*rows)
    member = BytesMember("t.csv", data)
    tracemalloc.start()
    count = 0
    for item in ADAPTER.read([Claim("table", member, probe_bytes(data[:1000], whole=False))], ReadContext(limits=DEFAULT)):
        count += len(item.read().records) - 1 if isinstance(item, Original) else 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5_000
    # The copy in memory ends at 8 MiB; beyond it a row costs some tens of bytes.
    assert peak < 14 << 20 < 16 << 20 < len(data)


@needs_shared
@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("m_a", [("Trip", 1), ("Trip", 2), ("", 1)]), ("m_b", [("Chat", 3)]), ("m_c", [("Notepad prompt", 1)]),
        ("m_big", [("Trip", 1)]), ("m_up", [("Trip", 1)]), ("m_u", []),
    ],
)  # fmt: skip
def test_probes(name: str, titles: list[tuple[str, int]]) -> None:
    """portable-ai-memory.md 7.5: each where the reference merges, crashes, invents a time or finds nothing."""
    outcome = run(ADAPTER, folder(PROBES / name / "input"))
    assert [(title, len(said)) for title, said in talks(outcome)] == titles


@needs_shared
def test_fixtures() -> None:
    for path in sorted(FIXTURES.iterdir()):
        outcome = run(ADAPTER, folder(path))
        ((_, said),) = talks(outcome)
        assert [role for role, _ in said] == ["user", "assistant"], path
    assert talks(run(ADAPTER, folder(FIXTURES / "pam-same-timestamp"))) == [
        ("Chat", [("user", "Prompt"), ("assistant", "Response")])
    ]
    assert len(run(ADAPTER, folder(INPUTS)).roles) == 3


@needs_shared
def test_other_platforms_samples_are_not_claimed() -> None:
    for path in sorted((SHARED / "fixtures").iterdir()):
        if path.is_dir() and path.name != "copilot":
            assert run(ADAPTER, folder(path)).roles == {}
