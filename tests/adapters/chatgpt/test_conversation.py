"""Conversations and messages: identity, fields, the tree (providers.md 3.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from satchel.model.bodies import Conversation, Scope
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Native
from tests.adapters.chatgpt.exports import Imported, message, node, read_one, take, talk


def head(imported: Imported) -> Conversation:
    body = imported.of("conversation")[0].body
    assert isinstance(body, Conversation)
    return body


def texts(imported: Imported) -> list[str]:
    return ["".join(part.text for part in each.parts) for each in imported.messages]


def parent_texts(imported: Imported) -> dict[str, str]:
    """Each message's text to the text of the one it answers."""
    records = imported.of("message")
    said = {record.uid: text for record, text in zip(records, texts(imported), strict=True)}
    return {said[record.uid]: said.get(record.body.parent, "") for record in records}  # type: ignore[union-attr]


def mapped(mapping: dict[str, Any], **members: Any) -> Imported:
    return take({"x.json": [{"id": "c1", "title": "T", "mapping": mapping} | members]})


def test_the_head_record() -> None:
    made = read_one(message(), default_model_slug="gpt-5", is_archived=True, is_starred=True)
    record = made.of("conversation")[0]
    assert record.uid == provider_uid("chatgpt", "", "conversation", "c1") == made.originals[0].uid
    assert record.body == Conversation(
        title="T", model="gpt-5", current=made.of("message")[0].uid, is_archived=True, is_starred=True
    )
    assert record.times.created == datetime.fromtimestamp(1700000000, UTC)
    assert record.times.updated == made.originals[0].updated == datetime.fromtimestamp(1700000100, UTC)
    assert (record.origin.format, record.origin.id, record.origin.kind) == ("chatgpt", "c1", "chatgpt.conversation")
    assert record.native == Native(pointer="")


def test_the_original_is_the_elements_exact_bytes() -> None:
    element = json.dumps(talk(message("é"), id="c9"), indent=1, ensure_ascii=False).encode()
    made = take({"x.json": b" [ " + element + b" , null ] "})
    assert made.originals[0].native == element
    assert made.originals[0].reader == "chatgpt/2"
    assert made.originals[0].place.element == 0
    assert made.originals[0].place.offset == 3


def test_a_message_record() -> None:
    made = read_one(
        message("hello", "assistant", metadata={"model_slug": "gpt-5"}, status="in_progress", update_time=1700000001)
    )
    record = made.of("message")[0]
    conversation = made.of("conversation")[0].uid
    assert record.uid == make_uid(conversation, "message", "n0")
    assert record.linked("part_of") == conversation == record.provenance.conversation
    assert record.provenance.platform == "chatgpt"
    assert record.times.created == datetime.fromtimestamp(1700000000.5, UTC)
    assert record.times.updated == datetime.fromtimestamp(1700000001, UTC)
    assert record.native.pointer == "/mapping/n0/message"
    body = made.messages[0]
    assert (body.role, body.model, body.state, body.is_hidden, body.position) == ("assistant", "gpt-5", "in_progress", False, 0)


def test_a_pointer_is_escaped() -> None:
    made = mapped({"a/b~c": node("x", message())})
    assert made.of("message")[0].native.pointer == "/mapping/a~1b~0c/message"


def test_times_are_never_made_up() -> None:
    made = read_one(message(create_time=None), message(create_time=0), message(create_time="2024-01-01T00:00:00Z"))
    assert [record.times.created for record in made.of("message")] == [None, None, datetime(2024, 1, 1, tzinfo=UTC)]


def test_conversation_id_is_preferred_and_either_will_do() -> None:
    uid = provider_uid("chatgpt", "", "conversation", "c1")
    for members in ({"id": "other"}, {"id": None}, {"conversation_id": None}):
        made = take({"x.json": [talk(message()) | members]})
        assert made.originals[0].uid == uid


def test_the_account_widens_ids_that_are_not_uuids() -> None:
    plain, named = take({"x.json": [talk(message())]}), take({"x.json": [talk(message())]}, account="me")
    assert plain.originals[0].uid != named.originals[0].uid
    assert named.records[0].provenance.account == "me"
    uuid = "6857150a-cd20-800f-a5f7-d2404f94b935"
    assert {take({"x.json": [talk(message(), id=uuid)]}, account=account).originals[0].uid for account in ("", "me")} == {
        provider_uid("chatgpt", None, "conversation", uuid)
    }


def test_an_account_that_the_conversation_states_is_its_own_alone() -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-A"}
    said = message({"content_type": "multimodal_text", "parts": [pointer]})
    plain = take({"x.json": [talk(said)]})
    stated = take({"x.json": [talk(said, user_id="user-1")]})
    assert stated.originals[0].uid == provider_uid("chatgpt", "user-1", "conversation", "c1") != plain.originals[0].uid
    assert stated.records[0].provenance.account == "user-1"
    # Its files are the export's, and are found under the same name.
    assert stated.parts[0].asset == plain.parts[0].asset


def test_without_an_id_coordinates_stand_in() -> None:
    bare = talk(message()) | {"id": None, "conversation_id": None}
    other = bare | {"create_time": 5.0}
    first = take({"a.json": [bare, other, bare]})
    again = take({"b.json": [other, bare, bare]})
    uids = [original.uid for original in first.originals]
    assert len(set(uids)) == 3
    assert set(uids) == {original.uid for original in again.originals}


def test_a_later_version_of_a_conversation_without_an_id_is_the_same_one() -> None:
    early = talk(message("a")) | {"id": None, "conversation_id": None}
    late = talk(message("a"), message("b"), title="New") | {"id": None, "conversation_id": None}
    assert take({"x.json": [early]}).originals[0].uid == take({"x.json": [late]}).originals[0].uid


def test_duplicates_are_told_of() -> None:
    made = take({"conversations-000.json": [talk(message())], "conversations-001.json": [talk(message("new"))]})
    assert made.originals[0].uid == made.originals[1].uid
    assert made.codes == ["duplicate"]


def test_branches_and_current_node() -> None:
    made = mapped(
        {
            "r": node("r", None, None, ("u",)),
            "u": node("u", message("q"), "r", ("a", "b")),
            "a": node("a", message("old", "assistant", create_time=9), "u"),
            "b": node("b", message("new", "assistant", create_time=8), "u"),
        },
        current_node="b",
    )
    assert parent_texts(made) == {"q": "", "old": "q", "new": "q"}
    assert head(made).current == made.of("message")[2].uid


def test_current_node_missing_or_dangling_is_the_newest_leaf() -> None:
    mapping = {
        "u": node("u", message("q", create_time=5), None, ("a", "b")),
        "a": node("a", message("newer", create_time=9), "u"),
        "b": node("b", message("older", create_time=8), "u"),
        # A leaf without a time is as new as what it answers.
        "c": node("c", message("timeless", create_time=None), "u"),
    }
    for members in ({}, {"current_node": "gone"}, {"current_node": None}, {"current_node": 7}):
        made = mapped(mapping, **members)
        assert head(made).current == made.of("message")[1].uid


def test_current_node_that_is_no_leaf_is_followed_down() -> None:
    made = mapped(
        {
            "u": node("u", message("q", create_time=1), None, ("a", "b")),
            "a": node("a", message("a", create_time=2), "u", ("c",)),
            "c": node("c", message("c", create_time=3), "a"),
            "b": node("b", message("b", create_time=9), "u"),
        },
        current_node="a",
    )
    assert head(made).current == made.of("message")[2].uid


def test_hidden_empty_nodes_are_bridged() -> None:
    made = mapped(
        {
            "root": node("root", None, None, ("s",)),
            "s": node("s", message("", "system"), "root", ("u",)),
            "u": node("u", message("q"), "s", ("e",)),
            "e": node("e", message("", "tool", weight=0), "u", ("n",)),
            "n": node("n", None, "e", ("a",)),
            "a": node("a", message("answer", "assistant"), "n"),
        }
    )
    assert parent_texts(made) == {"q": "", "answer": "q"}
    told = [finding for finding in made.all_findings if finding.code == "empty-message"]
    assert [finding.count for finding in told] == [2]


def test_hidden_messages_with_text_are_kept() -> None:
    made = read_one(
        message("sys", "system"),
        message("zero", weight=0),
        message("hid", metadata={"is_visually_hidden_from_conversation": True}),
    )
    assert [(text, each.is_hidden) for text, each in zip(texts(made), made.messages, strict=True)] == [
        ("sys", False),
        ("zero", True),
        ("hid", True),
    ]


def test_children_alone_make_the_tree() -> None:
    mapping = {
        "c": {"message": message("3")},
        "a": {"message": message("1"), "children": ["b"]},
        "b": {"message": message("2"), "children": ["c", "gone", 5]},
    }
    made = mapped(mapping)
    assert parent_texts(made) == {"1": "", "2": "1", "3": "2"}
    assert [each.position for each in made.messages] == [0, 1, 2]
    assert made.of("conversation")[0].origin.dialect == "children"


def test_parents_alone_make_the_tree_in_any_order() -> None:
    made = mapped(
        {
            "c": {"id": "c", "message": message("3"), "parent": "b"},
            "b": {"id": "b", "message": message("2"), "parent": "a"},
            "a": {"id": "a", "message": message("1"), "parent": None},
        }
    )
    assert texts(made) == ["1", "2", "3"]
    assert parent_texts(made) == {"1": "", "2": "1", "3": "2"}


def test_metadata_parent_id_when_nodes_have_no_links() -> None:
    made = mapped(
        {
            "x": {"message": message("q", key="q")},
            "y": {"message": message("a1", "assistant", key="a1", metadata={"parent_id": "q"})},
            "z": {"message": message("a2", "assistant", key="a2", metadata={"parent_id": "q"})},
            "w": {"message": message("next", key="next") | {"metadata": None}},
        }
    )
    assert parent_texts(made) == {"q": "", "a1": "q", "a2": "q", "next": "a2"}


def test_without_any_links_the_order_is_the_thread() -> None:
    made = mapped({"1": {"message": message("a")}, "2": {"message": None}, "3": {"message": message("b")}, "4": None})
    assert parent_texts(made) == {"a": "", "b": "a"}


def test_a_dangling_parent_makes_a_root_and_is_told_of() -> None:
    made = mapped({"a": node("a", message("a"), "gone", ("b",)), "b": node("b", message("b"), "a")})
    assert parent_texts(made) == {"a": "", "b": "a"}
    assert "dangling-parent" in made.codes


def test_a_cycle_opens_at_its_first_node() -> None:
    made = mapped(
        {
            "a": node("a", message("a"), "c", ("b",)),
            "b": node("b", message("b"), "a", ("c",)),
            "c": node("c", message("c"), "b", ("a",)),
            "s": node("s", message("s"), "s", ("s",)),
            "t": node("t", message("t"), "c"),
        }
    )
    assert parent_texts(made) == {"a": "", "b": "a", "c": "b", "s": "", "t": "c"}
    assert next(finding.count for finding in made.all_findings if finding.code == "parent-cycle") == 2


def test_roles_and_authors() -> None:
    made = read_one(
        message("1", "human"),
        message("2", "tool", name="python"),
        message("3", "critic", name="judge"),
        message("4", "critic"),
        message({"content_type": "code", "text": "5"}, "critic"),
        message("6") | {"author": None},
    )
    assert [(each.role, each.author) for each in made.messages] == [
        ("user", ""),
        ("tool", "python"),
        ("assistant", "judge"),
        ("user", "critic"),
        ("assistant", "critic"),
        ("user", ""),
    ]


def test_trust() -> None:
    made = read_one(
        message("q"),
        message("out", "tool"),
        message({"content_type": "tether_quote", "text": "web"}, "assistant"),
        message("answer", "assistant"),
    )
    assert [record.trust for record in made.of("message")] == ["imported", "untrusted", "untrusted", "imported"]


def test_scopes() -> None:
    for gizmo, kind in (("g-p-68ab", "project"), ("g-abc", "assistant")):
        made = read_one(message(), gizmo_id=gizmo)
        scope = made.of("scope")[0]
        assert scope.body == Scope(name=gizmo, type=kind)  # type: ignore[arg-type]
        assert scope.uid == provider_uid("chatgpt", "", "scope", gizmo)
        assert {record.scope for record in made.of("message") + made.of("conversation")} == {scope.uid}


def test_a_fragment_is_one_conversation() -> None:
    mapping = talk(message("a"), message("b"))["mapping"]
    made = take({"mapping.json": mapping})
    assert texts(made) == ["a", "b"]
    assert made.of("message")[0].native.pointer == "/n0/message"


def test_a_wrapper_and_a_single_object() -> None:
    for files in ({"x.json": {"version": 2, "conversations": [talk(message("a"))]}}, {"x.json": talk(message("a"))}):
        assert texts(take(files)) == ["a"]


def test_broken_elements_do_not_stop_the_rest() -> None:
    made = take({"conversations.json": [None, 5, "x", [], {"title": "nothing"}, talk() | {"mapping": 7}, talk(message())]})
    assert [finding.place.element for finding in made.findings if finding.code == "wrong-type"] == [0, 1, 2, 3]
    assert [finding.place.element for finding in made.findings if finding.code == "not-a-conversation"] == [4]
    assert "unexpected-shape" in made.codes
    assert len(made.originals) == 2
    assert texts(made) == ["hi"]


def test_a_truncated_file_keeps_what_came_before() -> None:
    data = json.dumps([talk(message("a"), id="1"), talk(message("b"), id="2")]).encode()
    made = take({"conversations.json": data[:-40]})
    assert texts(made) == ["a"]
    assert "malformed" in made.codes


def test_lone_surrogates_are_repaired_and_told_of() -> None:
    made = read_one(message("hi \ud83d"))
    assert texts(made) == ["hi \ufffd"]
    assert made.codes == ["repaired-text"]
    assert made.all_findings[0].outcome == "changed"
    assert b"\\ud83d" in made.originals[0].native


def test_invalid_utf8_is_repaired() -> None:
    data = json.dumps([talk(message("hiX"))]).encode().replace(b"hiX", b"hi\xff")
    made = take({"conversations.json": data})
    assert texts(made) == ["hi\ufffd"]
    assert "repaired-text" in made.codes
