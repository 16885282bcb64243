"""Validating packages: what files must agree on, what is never opened, what never raises."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.documents import inside
from satchel.formats.portable_ai_memory.rules import RULES
from satchel.formats.portable_ai_memory.validation import validate
from satchel.limits import DEFAULT, Limits
from tests.formats.portable_ai_memory.bag import SHARED, files
from tests.formats.portable_ai_memory.test_writer import rich

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    FORMAT.write(rich(), tmp_path / "out")
    return tmp_path / "out"


def edited(path: Path, edit: Edit) -> None:
    value = json.loads(path.read_bytes())
    edit(value)
    path.write_text(json.dumps(value))


def talk_of(package: Path) -> Path:
    return next((package / "conversations").iterdir())


def codes(path: Path) -> dict[str, str]:
    return {finding.code: finding.severity for finding in validate(path, DEFAULT)}


def test_our_own_package_has_nothing_to_tell(package: Path) -> None:
    assert codes(package) == {}
    assert FORMAT.recognises(package)
    assert FORMAT.recognises(package / "memory-store.json")
    assert FORMAT.recognises(talk_of(package))


def _set(**members: Any) -> Edit:
    return lambda value: value.update(members)


@pytest.mark.row("PAM-006", "PAM-098", "PAM-181")
@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (_set(schema_version="1.1"), {"version-mismatch": "error"}),
        (_set(title="Another"), {"index-mismatch": "error"}),
        (_set(id="x"), {"index-mismatch": "error"}),
        (_set(provider={"name": "claude"}), {"index-mismatch": "error"}),
        (lambda value: value["messages"].pop(), {"index-mismatch": "error", "message-link": "warning", "message-ref": None}),
        (_set(tags=["a"]), {"index-drift": "warning"}),
        (_set(temporal={"created_at": "2026-03-01T13:00:00+01:00"}), {}),
        (_set(temporal={"created_at": "2026-03-01T13:00:00Z"}), {"index-drift": "warning"}),
        (lambda value: value["messages"][0].update(id="z"), None),
        (lambda value: value["messages"][0].update(attachments=[{"type": "file", "ref": "attachments/x"}]), None),
    ],
)
def test_a_conversation_must_agree_with_the_index(package: Path, edit: Edit, expected: dict[str, Any] | None) -> None:
    edited(talk_of(package), edit)
    found = codes(package)
    if expected is None:
        assert found
    else:
        assert {code: level for code, level in found.items() if code in expected or level == "error"} == {
            code: level for code, level in expected.items() if level
        }


def test_a_message_ref_must_be_in_its_conversation(package: Path) -> None:
    edited(talk_of(package), lambda value: value.update(messages=[]))
    assert codes(package)["message-ref"] == "warning"


def test_missing_and_unlisted_conversations(package: Path) -> None:
    talk = talk_of(package)
    talk.rename(talk.with_name("another.json"))
    assert codes(package) == {"storage-missing": "error", "conversation-unlisted": "warning"}


def test_strangers_are_noticed(package: Path) -> None:
    (package / "notes.txt").write_text("mine")
    assert codes(package) == {"unknown-entry": "info"}


def test_a_folder_without_a_store(tmp_path: Path) -> None:
    assert codes(tmp_path) == {"store-missing": "error"}
    assert not FORMAT.recognises(tmp_path)


@pytest.mark.row("PAM-006")
def test_embeddings_must_agree_with_the_store(package: Path) -> None:
    ids = [one["id"] for one in json.loads((package / "memory-store.json").read_bytes())["memories"]]
    embedding = {"id": "e", "memory_id": ids[0], "model": "m", "dimensions": 2, "vector": [0.1, 1]}
    embedding["created_at"] = "2026-01-01T00:00:00Z"
    document = {"schema": "portable-ai-memory-embeddings", "schema_version": "1.0", "embeddings": [embedding]}
    path = package / "embeddings.json"
    path.write_text(json.dumps(document))
    assert codes(package) == {}
    assert FORMAT.recognises(path)
    embedding["memory_id"] = "gone"
    path.write_text(json.dumps(document))
    assert codes(package) == {"embedding-ref": "error"}
    embedding["memory_id"] = ids[0]
    path.write_text(json.dumps(document))
    edited(package / "memory-store.json", lambda value: value["memories"][1].update(embedding_ref="e"))
    assert codes(package)["embedding-crossed"] == "error"
    edited(package / "memory-store.json", lambda value: value["memories"][1].update(embedding_ref="f"))
    assert codes(package)["embedding-ref"] == "error"


@pytest.mark.parametrize(
    "ref", ["../secret.json", "/etc/passwd", "a/../../secret.json", "..\\secret.json", "C:/x", "link.json", "a\0b", "", "."]
)
def test_nothing_outside_is_opened(package: Path, ref: str) -> None:
    (package.parent / "secret.json").write_text("{}")
    (package / "link.json").symlink_to(package.parent / "secret.json")
    assert inside(package, ref) is None
    if ref:
        edited(package / "memory-store.json", lambda v: v["conversations_index"][0]["storage"].update(ref=ref))
        assert codes(package)["storage-missing"] == "error"


def test_a_link_to_a_folder_is_not_followed(package: Path) -> None:
    outside = package.parent / "outside"
    (package / "conversations").rename(outside)
    (package / "conversations").symlink_to(outside)
    assert codes(package) == {"storage-missing": "error"}


def test_a_delta_may_point_into_its_base(package: Path) -> None:
    def delta(value: dict[str, Any]) -> None:
        value.update(export_type="incremental", base_export_id="b", since="2026-01-01T00:00:00Z")
        value["relations"][0]["to"] = "in-the-base"

    edited(package / "memory-store.json", delta)
    assert codes(package) == {"relation-end": "warning"}


def test_a_newer_minor_version_is_read_tolerantly(package: Path) -> None:
    def newer(value: dict[str, Any]) -> None:
        value.update(schema_version="1.3", novelty=True)
        value["memories"][0]["status"] = "dreamt"

    path = package / "memory-store.json"
    edited(path, newer)
    found = codes(path)
    assert found.pop("integrity-checksum") == "error"
    for code in ("version-newer", "schema-unknown", "schema-enum"):
        assert found.pop(code) == "warning"
    assert "error" not in found.values()


def test_members_may_stand_in_any_order(package: Path) -> None:
    path = package / "memory-store.json"
    value = json.loads(path.read_bytes())
    path.write_text(json.dumps(dict(reversed(value.items()))))
    assert codes(package) == {}


def test_memories_may_stand_in_any_order(package: Path) -> None:
    edited(package / "memory-store.json", lambda value: value["memories"].reverse())
    assert codes(package) == {}


def test_names_that_stand_twice_are_refused(package: Path) -> None:
    path = package / "memory-store.json"
    path.write_bytes(path.read_bytes().replace(b'"status":"active"', b'"status":"active","status":"active"', 1))
    found = codes(path)
    assert found["malformed"] == "error"
    assert found["integrity-checksum"] == "error"


def test_limits_become_findings(package: Path) -> None:
    found = [finding.code for finding in validate(package, Limits(element_bytes=100))]
    assert "limit" in found


@pytest.mark.parametrize("name", ["nowhere", "a\0b"])
def test_what_cannot_be_opened_is_a_finding(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path / name) == {"unreadable": "error"}
    assert not FORMAT.recognises(tmp_path / name)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert codes(tmp_path / "pipe") == {"unreadable": "error"}
    assert not FORMAT.recognises(tmp_path / "pipe")


def test_findings_do_not_repeat_what_they_found(package: Path) -> None:
    def spoil(value: dict[str, Any]) -> None:
        value["memories"][0].update(content="MINE", tags=["MINE"], MINE="MINE", type="MINE")
        value["conversations_index"][0].update(title="MINE", platform="MINE")

    edited(package / "memory-store.json", spoil)
    assert not any("MINE" in str(finding) for finding in validate(package, DEFAULT))


def test_every_rule_of_the_table_has_a_home() -> None:
    ids = {rule.id for rule in RULES.values() if rule.id.startswith("X-")}
    # X-37 is the schema's own pattern for a language.
    assert ids == {f"X-{number:02}" for number in range(1, 42)} - {"X-37"}
    source = "".join(p.read_text() for p in (Path(__file__).parents[3] / "src/satchel/formats/portable_ai_memory").glob("*.py"))
    assert all(source.count(f'"{code}"') >= 2 for code in RULES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared conformance data is not on this machine")
@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(["memory-store", "conversation", "embeddings"]))
def test_any_value_in_any_place_is_judged_and_never_raises(
    data: st.DataObject, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    value = json.loads((SHARED / "upstream" / "examples" / f"example-{name}.json").read_bytes())
    at: Any = value
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans()):
            at = at[key]
        else:
            at[key] = data.draw(json_values)
            break
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"{name}.json"
    path.write_text(json.dumps(value))
    list(validate(path, DEFAULT))
    list(validate(folder, DEFAULT))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 2000), st.integers(0, 10))
def test_damaged_bytes_never_raise(damage: bytes, at: int, cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        FORMAT.write(rich(), target)
        for name, whole in files(target).items():
            (target / name).write_bytes(whole[:at] + damage + whole[at + cut :])
        list(validate(target, DEFAULT))
        FORMAT.recognises(target)
