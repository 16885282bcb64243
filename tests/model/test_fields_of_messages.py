"""Messages are told of in a way of their own, which is to say what the general one says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.bodies import Message, Part
from satchel.model.fields import fields_of, named
from satchel.model.record import Access, Link, Origin, Provenance, Record, Times

WORD = st.sampled_from(["", "x"])
TIME = st.none() | st.just(datetime(2026, 1, 1, tzinfo=UTC))
RECORDS = st.builds(
    Record,
    uid=st.just("0" * 40),
    origin=st.just(Origin(format="chatgpt")),
    body=st.builds(
        Message,
        role=st.just("user"),
        parts=st.sampled_from([(), (Part(type="text", text="hi"),)]),
        parent=WORD,
        position=st.integers(0, 2),
        author=WORD,
        recipient=WORD,
        model=WORD,
        is_hidden=st.booleans(),
        state=WORD,
    ),
    times=st.builds(Times, created=TIME, updated=TIME, observed=TIME, valid_from=TIME, valid_to=TIME, recorded=TIME),
    status=st.sampled_from(["active", "archived"]),
    trust=st.sampled_from(["imported", "untrusted"]),
    links=st.sampled_from([(), (Link("part_of", "1" * 40),)]),
    provenance=st.builds(
        Provenance,
        platform=WORD,
        account=WORD,
        conversation=WORD,
        message=WORD,
        method=st.sampled_from(["", "manual"]),
        extractor=WORD,
        actor=WORD,
    ),
    access=st.sampled_from([Access(), Access(exportable=False), Access(sensitivity="high")]),
    tags=st.sampled_from([(), ("a",)]),
    language=WORD,
    scope=WORD,
    residue=st.sampled_from([{}, {"x": 1}]),
)


@given(RECORDS)
def test_the_same_as_of_any_record(record: Record) -> None:
    value: Any = msgspec.to_builtins(record, builtin_types=(datetime,))
    assert fields_of(record) == named(value, "message")
