"""What is written: valid by us and by the reference SDK, the same each time, with nothing lost unsaid."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import portable_ai_memory
import pytest
import rfc8785
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from portable_ai_memory.models import Conversation as SdkConversation
from portable_ai_memory.models import MemoryStore

from satchel.formats.base import SourceNote
from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.hashing import sdk_form
from satchel.formats.portable_ai_memory.writer import in_order_of_ids
from satchel.limits import DEFAULT
from satchel.model import bodies
from satchel.model.ids import uuid_of
from satchel.model.record import Access, Grant, Link, Origin, Provenance, Times
from tests.formats.portable_ai_memory.bag import (
    NOON,
    Bag,
    bags,
    conversation,
    files,
    memory,
    message,
    record,
    store,
    talks,
    text,
    uid,
)

FULL = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.reuse, Phase.generate))


def written(bag: Bag, tmp_path: Path) -> tuple[Path, Any]:
    target = tmp_path / "out"
    return target, FORMAT.write(bag, target)


def check(folder: Path) -> None:
    """No error of ours, none of the SDK's, on the store and on each conversation."""
    errors = [finding for finding in FORMAT.validate(folder, limits=DEFAULT) if finding.severity == "error"]
    assert errors == []
    loaded = portable_ai_memory.load(folder / "memory-store.json")
    assert isinstance(loaded, MemoryStore)
    assert portable_ai_memory.validate(loaded).errors == []
    for path in sorted((folder / "conversations").glob("*.json")):
        talk = portable_ai_memory.load(path)
        assert isinstance(talk, SdkConversation)
        result = portable_ai_memory.validate(talk)
        assert (result.errors, result.warnings) == ([], [])


@pytest.mark.row("PAM-002")
@FULL
@given(bags())
def test_every_selection_gives_a_package_that_we_and_the_sdk_find_valid(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target, result = written(bag, Path(folder))
        check(target)
        tree = files(target)
        assert result.files == len(tree)
        assert result.size_bytes == sum(map(len, tree.values()))
        document = store(target)
        assert result.counts["memories"] == len(document["memories"]) == document["integrity"]["total_memories"]
        assert result.counts["conversations"] == len(document["conversations_index"])
        # In the dual-stable form both rules see the same value (dossier 3.4).
        assert all(sdk_form(one) == one for one in document["memories"])
        ids = [one["id"] for one in document["memories"]]
        assert ids == sorted(set(ids))
        # Every record that was asked for has one fate.
        fates = sum(line.count for line in result.ledger.lines() if line.field == "")
        assert fates == len(bag.items)
        FORMAT.write(bag, Path(folder) / "again")
        assert files(Path(folder) / "again") == tree


@pytest.mark.row("PAM-094")
@FULL
@given(bags())
def test_both_directions_between_memories_and_conversations_agree(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target, _ = written(bag, Path(folder))
        document = store(target)
        named = ((one["provenance"].get("conversation_ref"), one["id"]) for one in document["memories"])
        there = {pair for pair in named if pair[0]}
        back = {(entry["id"], own) for entry in document["conversations_index"] for own in entry["derived_memories"]}
        assert there == back


@given(st.lists(st.binary(min_size=20, max_size=20), max_size=40), st.binary(min_size=6, max_size=6))
def test_order_of_uids_becomes_order_of_ids(tails: list[bytes], head: bytes) -> None:
    uids = sorted({(head + tail[6:] if tail[0] % 2 else tail).hex() for tail in tails})
    one = record("x", bodies.Profile(text="x"))
    named = [msgspec.structs.replace(one, uid=own) for own in uids]
    ids = [uuid_of(each.uid) for each in in_order_of_ids(iter(named))]
    assert ids == sorted(uuid_of(own) for own in uids)


def rich() -> Bag:
    own = memory(
        "own",
        "Drinks tea at five",
        tags=("tea", "Five O'Clock"),
        language="en",
        access=Access(visibility="shared", grants=(Grant("agent", ("read",)),)),
        provenance=Provenance(platform="chatgpt", account="u1", conversation=uid("talk"), message=uid("m1"), method="manual"),
        links=(
            Link("supersedes", uid("old")),
            Link("evidence", uid("seen")),
            Link("part_of", uid("project")),
            Link("derived_from", uid("m1")),
        ),
        scope=uid("project"),
    )
    old = memory("old", "Drinks coffee", status="superseded")
    seen = memory("seen", "Has a kettle", times=Times(observed=NOON))
    project = record("project", bodies.Scope(name="Kettle", type="project", text="Build one"))
    talk = conversation(provenance=Provenance(platform="chatgpt", account="u1"))
    first = message("m1", text("Hello"), times=Times(created=NOON))
    second = message("m2", text("World"), parent="m1", position=1, role="assistant", times=Times(), model="m-1")
    bag = Bag([own, old, seen, project, talk, first, second], said={uid("talk"): {"plugin_ids": None, "voice": "Sol"}})
    bag.notes[uid("talk")] = SourceNote("chatgpt/1", NOON, "/home/somebody/export.zip", "AB" * 32)
    return bag


def test_the_command_of_the_sdk_finds_it_valid(tmp_path: Path) -> None:
    target, _ = written(rich(), tmp_path)
    command = [str(Path(sys.executable).parent / "pam"), "validate", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 valid, 0 invalid" in done.stdout


@pytest.mark.row("PAM-046", "PAM-054")
def test_members_of_a_memory(tmp_path: Path) -> None:
    target, result = written(rich(), tmp_path)
    check(target)
    document = store(target)
    by_id = {one["id"]: one for one in document["memories"]}
    own = by_id[uuid_of(uid("own"))]
    assert own["provenance"] == {
        "platform": "chatgpt",
        "platform_user_id": "u1",
        "conversation_ref": uuid_of(uid("talk")),
        "message_ref": uuid_of(uid("m1")),
        "extraction_method": "manual",
    }
    assert own["access"] == {
        "visibility": "shared",
        "exportable": True,
        "shared_with": [{"entity": "agent", "permissions": ["read"]}],
    }
    assert own["tags"] == ["tea", "five-o-clock"]
    assert own["metadata"]["language"] == "en"
    assert own["metadata"]["satchel"]["tags"] == ["tea", "Five O'Clock"]
    assert own["metadata"]["satchel"]["scope"] == uuid_of(uid("project"))
    assert own["metadata"]["satchel"]["links"] == [{"type": "part_of", "to": uuid_of(uid("project"))}]
    assert by_id[uuid_of(uid("old"))]["temporal"]["superseded_by"] == own["id"]
    assert by_id[uuid_of(uid("seen"))]["metadata"]["satchel"]["created_at_from"] == "observed"
    assert by_id[uuid_of(uid("project"))]["content"] == "Kettle\n\nBuild one"
    assert {(r["from"], r["to"], r["type"]) for r in document["relations"]} == {
        (own["id"], uuid_of(uid("old")), "supersedes"),
        (uuid_of(uid("seen")), own["id"], "supports"),
    }
    codes = {(line.kind, line.field, line.fate, line.code) for line in result.ledger.lines()}
    assert ("memory", "times.created", "widened", "time-substituted") in codes
    assert ("memory", "tags", "narrowed", "tag-pattern") in codes


def test_members_of_the_root(tmp_path: Path) -> None:
    bag = rich()
    target, _ = written(bag, tmp_path)
    document = store(target)
    assert document["export_date"] == "2026-03-10T12:00:00Z"
    assert document["owner"] == {"id": bag.owner_id}
    assert document["exported_by"].startswith("satchel/")
    assert document["conversations_index"][0]["storage"] == {
        "type": "file",
        "ref": f"conversations/{uuid_of(uid('talk'))}.json",
        "format": "json",
    }
    first = document["export_id"]
    FORMAT.write(bag, target)
    assert store(target)["export_id"] == first
    bag.by_uid[uid("new")] = memory("new", "Something else")
    bag.change += 1
    FORMAT.write(bag, target)
    assert store(target)["export_id"] != first


@pytest.mark.row("PAM-197", "PAM-199", "PAM-202", "PAM-203")
def test_members_of_a_conversation(tmp_path: Path) -> None:
    target, result = written(rich(), tmp_path)
    (talk,) = talks(target)
    assert talk["raw_metadata"] == {"chatgpt": {"voice": "Sol"}}
    assert talk["import_metadata"] == {
        "importer": store(target)["exported_by"],
        "importer_version": "chatgpt/1",
        "imported_at": "2026-03-01T12:00:00Z",
        "source_file": "export.zip",
        "source_checksum": "sha256:" + "ab" * 32,
    }
    assert talk["provider"] == {
        "name": "chatgpt",
        "conversation_id": "talk",
        "account_id": "u1",
        "export_format_version": "1",
    }
    assert talk["participants"] == [{"role": "user"}, {"role": "assistant"}]
    first, second = talk["messages"]
    assert first["children_ids"] == [second["id"]]
    assert second["parent_id"] == first["id"]
    assert second["created_at"] == first["created_at"]
    assert second["raw_metadata"] == {"satchel": {"created_at_from": "ancestor"}}
    assert (result.counts, result.files) == ({"memories": 4, "conversations": 1, "messages": 2}, 3)


@pytest.mark.row("PAM-172", "PAM-173")
def test_what_is_not_to_be_exported_is_nowhere(tmp_path: Path) -> None:
    secret = Access(exportable=False)
    marks = [f"SECRET-{index}" for index in range(5)]
    bag = Bag(
        [
            memory("m", marks[0], access=secret),
            memory("n", "Open", links=(Link("extends", uid("m")),), status="superseded"),
            memory("o", "Newer", links=(Link("derived_from", uid("m")),)),
            record("hidden", bodies.Conversation(title=marks[1]), access=secret),
            message("h1", text(marks[2]), talk="hidden"),
            conversation(),
            message("a", text("shown")),
            message("b", text(marks[3]), parent="a", position=1, access=secret),
            message("c", text("shown too"), parent="b", position=2, times=Times()),
            record("f", bodies.Document(name="f", blob="blob"), access=secret),
            message("d", bodies.Part(type="file", asset=uid("f")), parent="c", position=3),
        ],
        blobs={"blob": marks[4].encode()},
    )
    target, result = written(bag, tmp_path)
    check(target)
    everything = b"".join(files(target).values())
    assert b"SECRET" not in everything
    assert not any(uuid_of(uid(name)).encode() in everything for name in ("m", "hidden", "h1", "b"))
    messages = talks(target)[0]["messages"]
    assert messages[1]["parent_id"] == messages[0]["id"]
    assert result.ledger.total("omitted") == 5


def test_times_that_contradict_each_other_stand_beside(tmp_path: Path) -> None:
    late = Times(created=NOON, updated=NOON - timedelta(1), valid_from=NOON, valid_to=NOON - timedelta(2))
    bag = Bag([memory("m", times=late), conversation(times=Times(created=NOON, updated=NOON - timedelta(1)))])
    target, _ = written(bag, tmp_path)
    check(target)
    (one,) = store(target)["memories"]
    assert one["temporal"] == {"created_at": "2026-03-01T12:00:00Z", "valid_from": "2026-03-01T12:00:00Z"}
    assert one["metadata"]["satchel"] == {"updated_at": "2026-02-28T12:00:00Z", "valid_until": "2026-02-27T12:00:00Z"}


def test_where_a_missing_time_comes_from(tmp_path: Path) -> None:
    from_talk = Provenance(platform="claude", conversation=uid("talk"))
    bag = Bag(
        [
            memory("a", times=Times(updated=NOON)),
            memory("b", times=Times(), provenance=from_talk),
            memory("c", times=Times(recorded=NOON + timedelta(1))),
            memory("d", times=Times()),
            conversation(times=Times(created=NOON - timedelta(5))),
        ]
    )
    target, result = written(bag, tmp_path)
    told = {
        one["id"]: (one["metadata"]["satchel"]["created_at_from"], one["temporal"]["created_at"][:10])
        for one in store(target)["memories"]
    }
    assert told[uuid_of(uid("a"))] == ("updated", "2026-03-01")
    assert told[uuid_of(uid("b"))] == ("conversation", "2026-02-24")
    assert told[uuid_of(uid("c"))] == ("recorded", "2026-03-02")
    assert told[uuid_of(uid("d"))] == ("the export", "2026-03-10")
    lines = [line for line in result.ledger.lines() if line.code == "time-substituted"]
    assert sum(line.count for line in lines) == 4


def test_integers_that_have_no_canonical_form_become_text_and_are_told(tmp_path: Path) -> None:
    bag = Bag([memory("m")], said={uid("m"): {"n": 2**60, "f": 1.0, "gone": None, "d": 2.0**53, "e": 1e21}})
    target, result = written(bag, tmp_path)
    check(target)
    assert store(target)["memories"][0]["metadata"] == {"chatgpt": {"n": str(2**60), "f": 1, "d": str(2**53), "e": 1e21}}
    assert any(line.code == "integer-as-text" for line in result.ledger.lines())


def test_two_records_with_one_id_are_one_memory(tmp_path: Path) -> None:
    one = memory("m")
    # The bits that a UUID's version takes the place of.
    twin = msgspec.structs.replace(one, uid=one.uid[:12] + format(int(one.uid[12], 16) ^ 1, "x") + one.uid[13:])
    target, result = written(Bag([one, twin]), tmp_path)
    check(target)
    assert (result.counts["memories"], result.ledger.total("omitted")) == (1, 1)


def test_kinds_without_a_place_are_told(tmp_path: Path) -> None:
    bag = Bag(
        [
            record("s", bodies.Setting(name="theme", value="dark")),
            record("t", bodies.ToolServer(name="files")),
            record("x", bodies.SecretRef(label="key")),
            record("f", bodies.Foreign(type="thing")),
            record("c", bodies.Chunk(text="piece")),
            record("d", bodies.Document(name="d", blob="b")),
            record("blank", bodies.Memory(text="  ")),
            record("r", bodies.Relation(source=uid("a"), target=uid("b"), type="extends")),
            record("q", bodies.Relation(source=uid("a"), target=uid("b"), type="loves")),
        ]
    )
    target, result = written(bag, tmp_path)
    check(target)
    codes = {(line.kind, line.code) for line in result.ledger.lines() if line.fate == "omitted"}
    assert codes == {
        *((kind, "no-place") for kind in ("setting", "tool_server", "secret_ref", "foreign", "chunk")),
        ("document", "blob-only"),
        ("memory", "blank"),
        ("relation", "relation-end"),
        ("relation", "relation-type"),
    }


def test_an_empty_selection_is_a_valid_package(tmp_path: Path) -> None:
    target, _ = written(Bag([]), tmp_path)
    check(target)
    assert store(target)["memories"] == []


def test_progress_is_told_for_every_record(tmp_path: Path) -> None:
    told: list[int] = []
    bag = Bag([memory(str(index)) for index in range(600)])
    FORMAT.write(bag, tmp_path / "out", progress=told.append)
    assert (sum(told), len(told)) == (600, 3)


def test_other_platforms_names(tmp_path: Path) -> None:
    bag = Bag(
        [
            memory("a", provenance=Provenance(platform="OpenAI")),
            memory("b", provenance=Provenance(platform="Le Chat")),
            memory("c", origin=Origin(format="")),
            memory("d", trust="own", origin=Origin(format="satchel")),
            memory("e", provenance=Provenance(platform="language"), origin=Origin(format="x")),
        ],
        said={uid("e"): {"k": 1}},
    )
    target, _ = written(bag, tmp_path)
    check(target)
    found = {one["id"]: one for one in store(target)["memories"]}
    platforms = [found[uuid_of(uid(name))]["provenance"]["platform"] for name in "abcde"]
    assert platforms == ["chatgpt", "le-chat", "local", "manual", "language"]
    assert found[uuid_of(uid("e"))]["metadata"] == {"language-source": {"k": 1}}


def test_the_memories_stand_in_their_canonical_bytes(tmp_path: Path) -> None:
    target, _ = written(rich(), tmp_path)
    lines = (target / "memory-store.json").read_bytes().split(b'"memories":[\n')[1].split(b"\n],")[0].split(b",\n")
    assert [rfc8785.dumps(json.loads(line)) for line in lines] == lines


def test_links_that_have_no_place_are_told(tmp_path: Path) -> None:
    everywhere = (Link("extends", uid("m")), Link("evidence", uid("gone")), Link("derived_from", uid("talk")))
    hidden = record("scope", bodies.Scope(name="Hidden"), access=Access(exportable=False))
    bag = Bag([memory("m", links=everywhere, scope=uid("scope")), hidden, conversation(scope=uid("scope"))])
    target, result = written(bag, tmp_path)
    check(target)
    assert store(target)["relations"] == []
    carried = store(target)["memories"][0]["metadata"]["satchel"]
    assert carried == {"links": [{"type": "derived_from", "to": uuid_of(uid("talk"))}]}
    fates = {(line.kind, line.field, line.fate, line.code) for line in result.ledger.lines() if line.field}
    assert fates == {
        ("memory", "links", "lost", "link-self"),
        ("memory", "links", "lost", "link-end"),
        ("memory", "links", "carried", "no-relation"),
        ("memory", "provenance.platform", "widened", "platform-assumed"),
        ("memory", "scope", "lost", "link-end"),
        ("conversation", "provenance.platform", "widened", "platform-assumed"),
        ("conversation", "scope", "lost", "link-end"),
    }
    assert not any(uuid_of(uid("scope")).encode() in data for data in files(target).values())
