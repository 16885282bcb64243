"""Fields by name: what a record says is named, what it leaves at its default is not."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.bodies import Conversation, Document, Memory, Message, Part, Procedure
from satchel.model.fields import fields_of, named
from satchel.model.record import Access, Link, Origin, Provenance, Record, Times
from satchel.model.times import EPOCH


def test_what_is_at_its_default_is_no_field() -> None:
    assert fields_of(Record(uid="0" * 40, body=Memory(text="x"), origin=Origin(format="f"))) == ("body.text",)


@pytest.mark.parametrize(
    ("member", "value", "name"),
    [
        ("residue", {"portable-memory": {"x": 1}}, "residue"),
        ("tags", ("a",), "tags"),
        ("links", (Link("supports", "1" * 40),), "links"),
        ("status", "retracted", "status"),
        ("trust", "untrusted", "trust"),
        ("times", Times(created=EPOCH), "times.created"),
        ("access", Access(exportable=False), "access.exportable"),
    ],
)
def test_what_is_said_is_named(member: str, value: object, name: str) -> None:
    record = Record(uid="0" * 40, body=Memory(text="x"), origin=Origin(format="f"), **{member: value})  # type: ignore[arg-type]
    assert fields_of(record) == tuple(sorted(("body.text", name)))


BODY = st.one_of(
    st.builds(
        Memory, text=st.sampled_from(["", "x"]), type=st.sampled_from(["fact", "goal"]), confidence=st.sampled_from([None, 0.0])
    ),
    st.builds(Conversation, title=st.sampled_from(["", "t"]), is_archived=st.booleans(), current=st.sampled_from(["", "c"])),
    st.builds(
        Message,
        role=st.just("user"),
        parts=st.sampled_from([(), (Part(type="text", text="x"),)]),
        position=st.sampled_from([0, 1]),
        is_hidden=st.booleans(),
    ),
    st.builds(Document, name=st.sampled_from(["", "n"]), size_bytes=st.sampled_from([None, 0, 5])),
    st.builds(Procedure, name=st.just("p"), steps=st.sampled_from([(), ("a",)]), enabled=st.booleans()),
)
SAYING = st.builds(
    Record,
    uid=st.just("0" * 40),
    origin=st.just(Origin(format="f")),
    body=BODY,
    times=st.builds(
        Times, created=st.sampled_from([None, EPOCH]), observed=st.sampled_from([None, EPOCH]), recorded=st.just(EPOCH)
    ),
    access=st.builds(Access, sensitivity=st.sampled_from(["", "high"]), visibility=st.sampled_from(["private", "public"])),
    provenance=st.builds(Provenance, platform=st.sampled_from(["", "p"]), actor=st.sampled_from(["", "a"])),
    tags=st.sampled_from([(), ("a",)]),
    links=st.sampled_from([(), (Link("supports", "1" * 40),)]),
    residue=st.sampled_from([{}, {"f": {"x": 1}}]),
    status=st.sampled_from(["active", "retracted"]),
    touched=st.sampled_from([(), ("tags",)]),
)


@given(SAYING)
def test_the_fields_of_a_record_are_those_of_its_json(record: Record) -> None:
    assert fields_of(record) == named(msgspec.to_builtins(record, builtin_types=(datetime,)), record.kind)
