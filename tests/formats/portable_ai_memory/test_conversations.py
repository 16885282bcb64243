"""A message laid out at once is the message put together of pieces, and what is told of many at once what is told of each."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from satchel.formats.portable_ai_memory.attachments import Attachments
from satchel.formats.portable_ai_memory.conversations import _raw_member, _Reading
from satchel.formats.portable_ai_memory.spelling import dump, dumped_without_nulls, without_nulls
from satchel.formats.portable_ai_memory.talk import connect
from satchel.formats.portable_ai_memory.writer import write
from satchel.model.ledger import Ledger, Told
from tests.formats.portable_ai_memory.bag import Bag, bags, conversation, message, text

TEXT = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["null", '":null', "\\", '{"a":null}'])
#: Numbers past 64 bits among them, which not every writer takes, and floats that writers spell differently.
NUMBER = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-05, 1e16, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)


def reading(key: str) -> Any:
    """As much of a reading as laying out needs."""
    return SimpleNamespace(key=key, name=dump(key))


@given(TEXT, JSON, OBJECT, OBJECT)
@example("null", None, {"a": None, "b": {"c": None, "d": [None, {"e": None}]}}, {"parts": [{"data": None}]})
@example("x", 1.5e-05, {"a": 2**64}, {"parts": [{"data": 5e-05}]})
@example("x", 5e-05, {"a": None}, {})
def test_at_once_and_of_pieces_are_the_same_bytes(
    words: str, data: Any, unmapped: dict[str, Any], ours: dict[str, Any]
) -> None:
    value = {"id": "1", "content": {"type": "text", "text": words}, "data": data}
    said = dumped_without_nulls(unmapped)
    pieces = dump(value)[:-1] + _raw_member(dump("chatgpt"), said, ours)
    given = _Reading._with_raw(cast(_Reading, reading("chatgpt")), dict(value), unmapped, ours)
    assert given == (pieces, said != b"")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(bags())
def test_what_is_counted_for_messages_that_are_alike_is_what_is_told_of_each(bag: Bag) -> None:
    told: list[Told] = []
    with TemporaryDirectory() as folder:
        counted = write(bag, Path(folder) / "counted", None).ledger
        each = write(bag, Path(folder) / "each", None, witness=told.append).ledger
    assert counted.lines() == each.lines()


def plain(value: Any) -> Any:
    """``without_nulls`` as its text says it, one value at a time."""
    match value:
        case dict():
            return {name: plain(member) for name, member in value.items() if member is not None}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


@given(JSON)
def test_nulls_go_at_every_depth_and_keep_their_place_in_arrays(value: Any) -> None:
    assert without_nulls(value) == plain(value)


@given(st.lists(st.integers(-1, 7), max_size=8))
@example([-1, 0, 1, 1, 0])
@example([1, -1])
def test_talks_are_connected_alike_whether_or_not_parents_come_first(parents: list[int]) -> None:
    said = [
        message(f"m{at}", text("x"), parent=f"m{above}" if above >= 0 else "", position=at) for at, above in enumerate(parents)
    ]
    bag = Bag([conversation(), *said])
    reading = _Reading(bag.items[0], bag, cast(Attachments, SimpleNamespace(find=None)), "chatgpt", Ledger(), strip=False)
    for each in said:
        reading.take(each)
    reading.connect()
    drafts = reading.drafts
    found = {uid: (draft.parent, [child.uid for child in draft.children]) for uid, draft in drafts.items()}
    connect(drafts, {}, Ledger())
    assert {uid: (draft.parent, [child.uid for child in draft.children]) for uid, draft in drafts.items()} == found
