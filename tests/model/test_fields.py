"""Fields by name: what a record says is named, what it leaves at its default is not."""

from __future__ import annotations

import pytest

from satchel.model.bodies import Memory
from satchel.model.fields import fields_of
from satchel.model.record import Access, Link, Origin, Record, Times
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
