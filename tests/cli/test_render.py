"""Conversations as they are read: every message once, branches where they leave, nothing that ends its block early."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings

from satchel.cli import render
from satchel.model.bodies import Citation, Conversation, Message, Part
from satchel.model.record import Origin, Record

ORIGIN = Origin(format="made")


def message(uid: str, parent: str = "", text: str = "", *parts: Part, hidden: bool = False) -> Record:
    body = Message(
        role="user", parent=parent, is_hidden=hidden, parts=parts or (Part(type="text", text=text or f"says {uid}"),)
    )
    return Record(uid=uid, body=body, origin=ORIGIN)


def head(current: str) -> Record:
    return Record(uid="h", body=Conversation(title="T", current=current), origin=ORIGIN)


def test_the_current_thread_comes_first_and_branches_follow_whole() -> None:
    talk = [message("a"), message("b1", "a"), message("b2", "a"), message("c1", "b1"), message("c2", "b2")]
    runs = render.threads(head("c1"), talk)
    assert [[record.uid for record in run.messages] for run in runs] == [["a", "b1", "c1"], ["b2", "c2"]]
    assert runs[1].leaves == "a"
    text = "\n".join(render.conversation_markdown(head("c1"), talk))
    assert text.index("says a") < text.index("Branch 1 leaves here (2 messages)") < text.index("says b1")
    assert text.index("says c1") < text.index("## Branch 1") < text.index("## You\nsays b2") < text.index("says c2")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-3, 12), max_size=12), st.integers(0, 12))
def test_every_message_is_told_once_whatever_the_links(parents: list[int], current: int) -> None:
    talk = [message(str(number), str(parent) if parent >= 0 else "") for number, parent in enumerate(parents)]
    told = [record.uid for run in render.threads(head(str(current)), talk) for record in run.messages]
    # Those in a circle that no root reaches cannot come from a reader; all others come once.
    assert len(told) == len(set(told))
    rooted = {record.uid for record in talk if _reaches_a_root(record, {other.uid: other for other in talk})}
    assert rooted <= set(told)


def _reaches_a_root(record: Record, by_uid: dict[str, Record]) -> bool:
    seen: set[str] = set()
    while True:
        assert isinstance(record.body, Message)
        if record.body.parent not in by_uid:
            return True
        if record.uid in seen:
            return False
        seen.add(record.uid)
        record = by_uid[record.body.parent]


def test_a_thread_of_a_hundred_thousand_messages() -> None:
    talk = [message(str(number), str(number - 1) if number else "") for number in range(100_000)]
    (run,) = render.threads(head("99999"), talk)
    assert len(run.messages) == 100_000


@given(st.text())
def test_no_text_closes_its_fence(text: str) -> None:
    block = render.part_markdown(Part(type="tool_result", name="x", text=text))
    fence = block.split("\n\n", 1)[1].split("\n", 1)[0]
    inside = block.split("\n\n", 1)[1].split("\n", 1)[1].rsplit("\n", 1)[0]
    assert set(fence) == {"`"}
    assert fence not in inside


def test_citation_marks_are_resolved_and_sources_listed() -> None:
    mark = "\ue200cite\ue202turn0search1\ue201"
    part = Part(type="text", text=f"So it is{mark}.", citations=(Citation(marker=mark, title="Src", url="https://e.org"),))
    text = render.part_markdown(part)
    assert "So it is [1]." in text
    assert "[1] Src — https://e.org" in text
    assert "\ue200" not in text


def test_hidden_messages_are_counted_and_shown_when_asked() -> None:
    talk = [message("a", hidden=True), message("b", "a")]
    assert "1 hidden message is left out" in "\n".join(render.conversation_text(head("b"), talk))
    assert "says a" in "\n".join(render.conversation_text(head("b"), talk, hidden=True))
