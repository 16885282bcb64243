"""Where each kind of record has its home among the five components, and what it is as an item."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model.bodies import KINDS, Chunk, Conversation, Document, Memory, Message
from satchel.model.components import ARTIFACT, BY_KIND, COMPONENTS, component_of, item_of, whole_of
from satchel.model.record import Link, Origin, Record


def record(uid: str, body: Any, *tags: str, part_of: str = "", origin: Origin = Origin("made", id="n")) -> Record:  # noqa: B008
    links = (Link("part_of", part_of),) if part_of else ()
    return Record(uid=uid, body=body, origin=origin, tags=tags, links=links)


def test_the_table_names_kinds_and_components_that_there_are() -> None:
    assert set(BY_KIND) <= set(KINDS)
    assert set(BY_KIND.values()) == set(COMPONENTS)
    # What has no home is selected by its id, its tags or a wildcard alone.
    assert set(KINDS) - set(BY_KIND) == {"document", "chunk", "scope", "tool_server", "secret_ref", "foreign"}


@pytest.mark.parametrize(
    ("type", "component"), [("fact", "semantic"), ("preference", "semantic"), ("custom", "semantic"), ("episode", "episodic")]
)
def test_a_memory_by_its_type(type: Any, component: str) -> None:
    assert component_of(record("a", Memory(text="x", type=type))) == component


def test_a_piece_has_the_ids_and_tags_of_its_whole() -> None:
    talk = record("talk", Conversation(), "work")
    message = record("m", Message(role="user"), "own", part_of="talk")
    assert whole_of(message) == "talk"
    item = item_of(message, talk)
    assert (item.ids, item.component, item.tags) == ({"m", "talk"}, "episodic", {"own", "work"})
    assert item_of(message).ids == {"m"}
    assert whole_of(record("c", Chunk(text="x"), part_of="d")) == "d"
    # A memory of a talk, or a file in it, stands for itself.
    for body in (Memory(text="x"), Document(name="x")):
        assert whole_of(record("x", body, part_of="talk")) == ""


def test_an_entrys_own_id_counts_where_it_is_a_hash() -> None:
    entry = "blake3:" + "0" * 64
    assert item_of(record("a", Memory(text="x"), origin=Origin(ARTIFACT, id=entry))).ids == {"a", entry}
    assert item_of(record("a", Memory(text="x"), origin=Origin("chatgpt", id=entry))).ids == {"a"}
    assert item_of(record("a", Memory(text="x"), origin=Origin(ARTIFACT))).ids == {"a"}
