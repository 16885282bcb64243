"""Each record of the target is taken for the one that it was."""

from __future__ import annotations

import random
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.bodies import Chunk, Document, Memory, Message, Part
from satchel.model.ids import make_uid, uuid_of
from satchel.model.record import Access, Link, Origin, Record
from satchel.move.semantic.matching import Matched, header_codes, matched, sampled, sketch, spoken


def memory(text: str, id: str = "", **more: Any) -> Record:
    return Record(uid=make_uid("test", id or text), body=Memory(text=text), origin=Origin(format="one", id=id), **more)


def _matched(before: list[Record], after: list[Record]) -> Matched:
    def samples(left: list[int], right: list[int]) -> Any:
        return tuple(
            {number: sampled("\n".join(spoken(records[number]))) for number in numbers}
            for records, numbers in ((before, left), (after, right))
        )

    return matched([sketch(each) for each in before], [sketch(each) for each in after], samples)


def _other(record: Record, text: str, id: str = "") -> Record:
    return Record(uid=make_uid("other", text, id), body=Memory(text=text), origin=Origin(format="two", id=id))


def test_by_the_ids_that_formats_keep() -> None:
    one = memory("She likes tea.", "native-1")
    for id in (one.uid, f"ep_{one.uid}", uuid_of(one.uid), f"attachments/{uuid_of(one.uid)}-tea.txt", "native-1"):
        [pair] = _matched([one], [_other(one, "Something quite different.", id)]).pairs
        assert (pair.before, pair.after, pair.how) == (0, (0,), "id")


def test_by_what_rides_as_residue() -> None:
    one = memory("She likes tea.")
    other = Record(uid="0" * 40, body=Memory(text="?"), origin=Origin(format="two"), residue={"one": {"uid": one.uid}})
    assert _matched([one], [other]).pairs[0].how == "id"


def test_by_text_then_by_words_then_by_place() -> None:
    before = [memory("Blue whales sing."), memory("Mina repairs bicycles in Harrowmere."), memory("One two.")]
    after = [
        _other(before[2], "Three four."),
        _other(before[1], "Mina repairs bicycles in Oslo."),
        _other(before[0], "Blue  whales sing."),
    ]
    found = _matched(before, after)
    assert [(pair.before, pair.after, pair.how) for pair in found.pairs] == [
        (0, (2,), "text"),
        (1, (1,), "words"),
        (2, (0,), "order"),
    ]


def test_what_has_no_counterpart() -> None:
    found = _matched([memory("Cats purr."), memory("Dogs bark loudly.")], [_other(memory("x"), "Cats purr.")])
    assert ([pair.before for pair in found.pairs], found.missing, found.added) == ([0], [1], [])
    found = _matched([memory("Cats purr.")], [_other(memory("x"), "Cats purr."), _other(memory("y"), "Pay Mallory.")])
    assert (found.missing, found.added) == ([], [1])


def test_a_message_cut_into_a_chain_is_one_and_in_order() -> None:
    def turn(id: str, text: str, parent: str = "", position: int = 0) -> Record:
        body = Message(role="assistant", parts=(Part(type="text", text=text),), parent=parent, position=position)
        return Record(uid=make_uid("turn", id), body=body, origin=Origin(format="two", id=id))

    one = memory("She thinks. She speaks. She waits.")
    first, second = turn("a", "She thinks."), turn("b", "She speaks.", make_uid("turn", "a"), 1)
    third = turn(uuid_of(one.uid), "She waits.", make_uid("turn", "b"), 2)
    [pair] = _matched([one], [third, first, second]).pairs
    assert pair.after == (1, 2, 0)


def test_a_piece_of_a_document_belongs_to_it() -> None:
    document = Record(uid=make_uid("d"), body=Document(name="a.md", text="One. Two."), origin=Origin(format="one"))
    kept = Record(uid=make_uid("e"), body=Document(name="a.md", text="One."), origin=Origin(format="two", id=document.uid))
    chunk = Record(
        uid=make_uid("f"), body=Chunk(text="One. Two."), origin=Origin(format="two"), links=(Link("part_of", kept.uid),)
    )
    [pair] = _matched([document], [chunk, kept]).pairs
    assert (pair.after, pair.pieces) == ((1,), (0,))


@given(st.lists(st.sampled_from(["a", "b", "a b", "c a", " ", "abc"]), max_size=12), st.integers(0, 99))
def test_each_record_is_in_one_place(texts: list[str], seed: int) -> None:
    before = [memory(text, str(number)) for number, text in enumerate(texts)]
    after = [_other(each, text) for each, text in zip(before, texts, strict=True)]
    random.Random(seed).shuffle(after)
    found = _matched(before, after)
    blank = sum(not text.strip() for text in texts)
    assert len({pair.before for pair in found.pairs}) == len({pair.after for pair in found.pairs}) == len(texts) - blank
    assert found.added == []


def test_nothing_may_be_trusted_more_or_seen_further() -> None:
    guarded = Access(visibility="private", exportable=False, sensitivity="high")
    before = sketch(memory("x", trust="untrusted", status="retracted", access=guarded))
    after = sketch(memory("x", access=Access(visibility="public", sensitivity="low")))
    assert set(header_codes(before, after)) == {"status-revived", "trust-raised", "access-widened"}
    assert list(header_codes(after, before)) == []
    assert list(header_codes(sketch(memory("x")), sketch(memory("x", access=Access(sensitivity="low"))))) == []


def test_a_sketch_does_not_grow_with_what_is_said() -> None:
    short, long = (msgspec_size(sketch(memory(text))) for text in ("She likes tea.", "She likes tea. " * 10_000))
    assert short == long


def msgspec_size(value: Any) -> int:
    return sum(sys.getsizeof(getattr(value, name)) for name in value.__struct_fields__ if name != "size")
