"""Conversions without a vault between: the same bytes as through one, whatever comes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters import registry as adapters
from satchel.errors import SatchelError
from satchel.formats import registry
from satchel.formats.base import PLAIN, WriteOptions
from satchel.limits import DEFAULT
from satchel.move import passage, straight
from satchel.move.conversions import Conversion, convert
from tests.adapters.chatgpt.exports import message, talk
from tests.conftest import ROOT, SHARED

PLATFORMS = ("chatgpt", "claude", "copilot", "gemini", "grok", "mem0", "memory-text")
FIXTURES = [path for name in PLATFORMS for path in sorted((SHARED / "fixtures" / name).glob("*")) if SHARED.is_dir()]
FORMAT = "portable-ai-memory"


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def files(target: Path) -> dict[str, bytes]:
    if target.is_file():
        return {"": target.read_bytes()}
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def both(sources: list[Path], name: str = "out", options: WriteOptions = PLAIN) -> tuple[bool, Any, Any]:
    """Whether it went straight; what came of it, and what comes of it through a vault."""
    went = []

    def watched(*args: Any, **named: Any) -> Any:
        went.append(REAL(*args, **named))
        return went[-1]

    def made(way: Callable[..., Any]) -> Any:
        with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
            patch.setattr(straight, "convert", way)
            target = Path(folder, name)
            try:
                done: Conversion = convert(sources, target, format=FORMAT, options=options)
            except SatchelError as error:
                return error.code, error.message.replace(folder, "")
            written, read = done.written, done.read
            return (
                files(target),
                (written.counts, written.files, written.size_bytes, written.ledger.lines()),
                (read.summary, read.platforms, read.label, read.at),
            )

    return bool(went and went[-1]), made(watched), made(lambda *_, **__: None)


REAL = straight.convert


def same(sources: list[Path], name: str = "out", options: WriteOptions = PLAIN) -> bool:
    """Whether it went straight, which is to give what a vault gives."""
    _, one, other = result = both(sources, name, options)
    assert one == other
    return bool(result[0])


def went(sources: list[Path]) -> bool:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        seen = []
        patch.setattr(straight, "convert", lambda *args, **named: seen.append(REAL(*args, **named)) or seen[-1])
        convert(sources, Path(folder, "out"), format=FORMAT)
        return seen[-1] is not None


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_sample_gives_the_same_bytes(path: Path) -> None:
    same([path])


@pytest.mark.parametrize("name", ["chatgpt", "claude"])
@pytest.mark.parametrize("target", ["out", "out.zip"])
@pytest.mark.parametrize("strip", [False, True])
def test_our_examples_go_straight_to_the_same_bytes(name: str, target: str, strip: bool) -> None:
    same([ROOT / "examples" / name], target, WriteOptions(strip_identifiers=strip))
    assert went([ROOT / "examples" / name])


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
CONTENT = st.one_of(
    TEXT,
    st.builds(lambda text: {"content_type": "code", "language": "python", "text": text}, TEXT),
    st.builds(lambda text, title: {"content_type": "thoughts", "thoughts": [{"summary": title, "content": text}]}, TEXT, TEXT),
    st.builds(
        lambda text: {"content_type": "multimodal_text", "parts": [text, {"asset_pointer": "file-service://file-A1"}]}, TEXT
    ),
    st.builds(lambda text: {"content_type": "user_editable_context", "user_profile": text, "user_instructions": "short"}, TEXT),
    st.builds(lambda text: {"content_type": "model_editable_context", "model_set_context": f"1. [2025-05-02]. {text}"}, TEXT),
    st.dictionaries(TEXT, JSON, max_size=3),
)
TIME = st.none() | st.sampled_from([0, 1700000000.25, 1600000000, -5.5, "2024-01-02T03:04:05Z", "soon"])


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    role = draw(st.sampled_from(["user", "assistant", "system", "tool", "critic"]))
    made = message(draw(CONTENT), role, draw(st.sampled_from(["m", "a/b", "~"])))
    made["create_time"], made["update_time"] = draw(TIME), draw(TIME)
    made["recipient"] = draw(st.sampled_from(["all", "bio", "web", None]))
    made["status"] = draw(st.sampled_from(["finished_successfully", "in_progress", None]))
    made["metadata"] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "model_slug": st.just("gpt-x"),
                "is_visually_hidden_from_conversation": st.booleans(),
                "attachments": st.lists(st.fixed_dictionaries({"id": st.just("file-A1"), "name": TEXT}), max_size=2),
                "citations": st.lists(st.fixed_dictionaries({"title": TEXT, "url": TEXT}), max_size=2),
                "more": JSON,
            },
        )
    )
    return draw(st.one_of(st.just(made), st.just(made), st.dictionaries(TEXT, JSON, max_size=2)))


@st.composite
def exports(draw: st.DrawFn) -> list[Any]:
    talks = []
    for at in range(draw(st.integers(0, 4))):
        made = talk(*draw(st.lists(messages(), max_size=4)), id=draw(st.sampled_from([f"c{at}", f"c{at}", "c0"])))
        made["gizmo_id"] = draw(st.sampled_from([None, None, "g-p-1"]))
        made["create_time"] = draw(TIME)
        made["update_time"] = draw(TIME)
        made |= draw(st.dictionaries(TEXT, JSON, max_size=1))
        talks.append(made)
    return talks


@given(exports())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_export_gives_the_same_bytes(export: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        source = Path(folder, "conversations.json")
        source.write_text(json.dumps(export), encoding="utf-8")
        same([source])


def write(folder: Path, name: str, value: Any) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def test_the_same_conversation_twice_is_for_a_vault(tmp_path: Path) -> None:
    one = talk(message("hi"), id="c1", update_time=1700000001.0)
    other = talk(message("hi"), message("more", key="m2"), id="c1", update_time=1700000002.0)
    source = write(tmp_path, "conversations.json", [one, other])
    assert not went([source])
    assert not same([source])
    assert not went([write(tmp_path, "a/conversations.json", [one]), write(tmp_path, "b/conversations.json", [other])])


def test_several_exports_without_anything_in_common_go_straight(tmp_path: Path) -> None:
    sources = [write(tmp_path, f"{id}.json", [talk(message("hi"), id=id)]) for id in ("c1", "c2")]
    assert went(sources)
    same(sources)


def test_files_of_one_name_are_each_told_by_their_own_checksum(tmp_path: Path) -> None:
    sources = [write(tmp_path, f"{id}/conversations.json", [talk(message("hi"), id=id)]) for id in ("c1", "c2")]
    assert went(sources)
    same(sources)
    convert(sources, tmp_path / "out", format=FORMAT)
    told = {
        note["source_checksum"]: note["source_file"]
        for path in (tmp_path / "out" / "conversations").iterdir()
        for note in (json.loads(path.read_bytes())["import_metadata"],)
    }
    wanted = [hashlib.sha256(source.read_bytes()).hexdigest() for source in sources]
    assert told == {f"sha256:{digest}": "conversations.json" for digest in wanted}


def test_an_archive_goes_straight_with_its_files(tmp_path: Path) -> None:
    pointer = {"content_type": "multimodal_text", "parts": ["see", {"asset_pointer": "file-service://file-AbCdEfGhIjKlMnOp"}]}
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([talk(message(pointer), id=id) for id in ("c2", "c1", "c3")]))
        archive.writestr("file-AbCdEfGhIjKlMnOp-plan.png", b"\x89PNG")
        archive.writestr("chat.html", "<html></html>")
    assert went([tmp_path / "export.zip"])
    same([tmp_path / "export.zip"])
    same([tmp_path / "export.zip"], "out.zip")


def test_a_file_that_comes_behind_its_conversation_is_for_a_vault(tmp_path: Path) -> None:
    pointer = {"content_type": "multimodal_text", "parts": ["see", {"asset_pointer": "file-service://odd"}]}
    write(tmp_path, "in/conversations.json", [talk(message(pointer))])
    (tmp_path / "in" / "odd-picture.png").write_bytes(b"\x89PNG")
    same([tmp_path / "in"])


def test_more_than_is_held_is_for_a_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path, "conversations.json", [talk(message("hi"), id=f"c{at}") for at in range(9)])
    assert went([source])
    monkeypatch.setattr(passage, "_HELD_BYTES", 5000)
    assert not went([source])
    monkeypatch.undo()
    monkeypatch.setattr(passage, "_REMEMBERED", 3)
    assert not went([source])


def test_a_package_is_for_a_vault(tmp_path: Path) -> None:
    convert([ROOT / "examples" / "claude"], tmp_path / "one", format=FORMAT)
    assert not went([tmp_path / "one"])


class Bar:
    """Counts what a person would see."""

    def __init__(self) -> None:
        self.totals = 0
        self.read = 0
        self.wrote = 0

    def total(self, amount: int | None) -> None:
        self.totals += 1

    def advance(self, amount: int) -> None:
        self.read += amount

    def waiting(self) -> None:
        pass

    def add(self, count: int) -> None:
        self.wrote += count


def test_an_adapter_that_fails_over_what_is_left_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a third party's may, over a shape that it never met: then all that the source said of a message stands beside it."""

    def fails(*_: Any) -> Any:
        raise KeyError("nobody met it")

    native = {"uuid": "m1", "sender": "human", "text": "hi", "created_at": "2024-01-01T00:00:00Z", "odd": [1, {"x": None}]}
    source = write(tmp_path, "conversations.json", [{"uuid": "c1", "name": "n", "chat_messages": [native]}])
    monkeypatch.setattr(type(adapters.get("claude")), "unmapped", fails)
    same([source])
    convert([source], tmp_path / "out", format=FORMAT)
    (path,) = (tmp_path / "out" / "conversations").iterdir()
    (message,) = json.loads(path.read_bytes())["messages"]
    assert message["raw_metadata"]["claude"] == {**native, "odd": [1, {}]}
    for other in ("portable-memory", "portable-agent-memory"):
        convert([source], tmp_path / f"{other}.{'mem' if other == 'portable-memory' else 'pam'}", format=other)


@pytest.mark.parametrize("ids", [("c1", "c2"), ("c1", "c1")])
def test_progress_counts_what_is_done_once(ids: tuple[str, str], tmp_path: Path) -> None:
    talks = [talk(message(str(at)), id=id) for at, id in enumerate(ids)]
    source = write(tmp_path, "conversations.json", talks)
    bar = Bar()
    done = convert([source], tmp_path / "out", format=FORMAT, reading=bar, writing=bar.add)
    assert (bar.totals, bar.read) == (1, source.stat().st_size)
    assert bar.wrote == done.written.counts["conversations"] + done.written.counts["messages"]


def test_a_file_that_changes_while_it_is_read_is_for_a_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path, "conversations.json", [talk(message("hi"))])
    monkeypatch.setattr("satchel.move.imports.Export.digest_of", lambda *_: "0" * 64)
    assert not went([source])


def test_no_conversation_may_be_asked_of_twice() -> None:
    seen = passage.Passing(datetime(2026, 1, 1, tzinfo=UTC), {}, list, strip_identifiers=False)
    with pytest.raises(AssertionError):
        next(seen.messages("0" * 40))


def test_what_came_straight_is_valid(tmp_path: Path) -> None:
    convert([ROOT / "examples" / "chatgpt"], tmp_path / "out", format=FORMAT)
    findings: Iterator[Any] = registry.get(FORMAT).validate(tmp_path / "out", limits=DEFAULT)
    assert list(findings) == []
