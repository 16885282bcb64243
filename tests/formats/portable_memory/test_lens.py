"""Our records as rows: what the public SDK makes of the same sources, and nothing lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import portable_memory
import pytest
from hypothesis import HealthCheck, given, settings

from satchel.adapters import registry
from satchel.adapters.base import Claim, ReadContext
from satchel.codec import canonical
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.formats.portable_memory import FORMAT
from satchel.formats.portable_memory.lens import CARRIED, FOREIGN_KIND, Around, rows_of
from satchel.formats.portable_memory.validation import validate
from satchel.limits import DEFAULT
from satchel.model import bodies
from satchel.model.ledger import Ledger
from satchel.model.record import Access, Link, Original, Record, Times
from tests.formats.portable_ai_memory.bag import NOON, Bag, bags, conversation, memory, message, record, text, uid

NOW = datetime.fromtimestamp(1_700_000_000, UTC)
FIXTURES = "conformance/portable-memory/Conformance/fixtures"


def read(adapter: str, paths: Iterable[Path], account: str = "") -> list[Record]:
    found = []
    reader = registry.get(adapter)
    for path in paths:
        member = BytesMember(path.name, path.read_bytes())
        claim = Claim(reader.claim(member, probe(member)) or "", member, probe(member))
        for item in reader.read([claim], ReadContext(limits=DEFAULT, account=account)):
            if isinstance(item, Original):
                found.extend(item.read().records)
    return found


def episodes(records: Iterable[Record]) -> list[dict[str, Any]]:
    around = Around(NOW, lambda _: False, lambda _: None)
    rows = {}
    for item in records:
        ((kind, row),) = rows_of(item, around, Ledger())
        assert kind == "episode"
        row.pop(CARRIED)
        rows.setdefault(row["id"], row)
    return [rows[id] for id in sorted(rows)]


def test_transfer_text_gives_the_sdks_episodes(shared: Path) -> None:
    """Dossier 9.4 and 12."""
    folder = shared / FIXTURES / "transfer"
    records = read("transfer_text", [folder / "sample-export.txt"], account="chatgpt")
    data = b"".join(canonical.encode(row, "mem") + b"\n" for row in episodes(records))
    assert data == (folder / "expected-episode.jsonl").read_bytes()


def test_engrams_give_the_expected_episodes(shared: Path) -> None:
    """Dossier 9.5 and 12."""
    folder = shared / FIXTURES / "engram"
    records = read("engram", [folder / name for name in ("engrams.yaml", "pack.yaml", "episodes.yaml")])
    expected = [msgspec.json.decode(line) for line in (folder / "expected-episode.jsonl").read_bytes().split(b"\n")[:-1]]
    found = episodes(records)
    # The reference takes the moment of reading for the moment of storing; the source says when it was made.
    for row in (*expected, *found):
        row.pop("ingestionTime")
    assert found == expected


def rows(bag: Bag, target: Path) -> dict[str, list[dict[str, Any]]]:
    FORMAT.write(bag, target)
    return {
        path.stem: [msgspec.json.decode(line) for line in path.read_bytes().split(b"\n")[:-1]]
        for path in sorted((target / "items").glob("*.jsonl"))
    }


def carried(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = row[CARRIED]
    return found


def test_a_talk_is_a_context_and_its_episodes(tmp_path: Path) -> None:
    bag = Bag([conversation(), message("x", text("Hi")), message("y", text("Hello"), position=1)])
    found = rows(bag, tmp_path / "b.mem")
    assert [row["label"] for row in found["context"]] == ["A talk"]
    assert {row["details"] for row in found["episode"]} == {"Hi", "Hello"}
    assert {row["contextID"] for row in found["episode"]} == {found["context"][0]["id"]}
    assert {row["sourceType"] for row in found["episode"]} == {"chat"}


def test_each_kind_has_its_row(tmp_path: Path) -> None:
    items = [
        record("i", bodies.Instruction(text="Be brief")),
        record("p", bodies.Profile(text="A baker")),
        record("k", bodies.Skill(name="Bake", description="when flour", text="Knead")),
        record("r", bodies.Procedure(name="Wash", trigger="dirty", steps=("soap", "water"))),
        record("e", bodies.Entity(name="Ada")),
        record("f", bodies.Entity(name="Bob")),
        record("g", bodies.Relation(source=uid("e"), target=uid("f"), type="knows")),
        record("d", bodies.Document(name="a.txt", text="words", media_type="text/plain")),
        record("s", bodies.Scope(name="Bakery")),
        record("t", bodies.Task(title="Buy flour")),
        record("o", bodies.Setting(name="theme", value={"dark": True})),
        record("x", bodies.SecretRef(label="a key", category="api")),
        record("v", bodies.ToolServer(name="files")),
        record("w", bodies.Foreign(type="thing", text="words")),
        record("h", bodies.Chunk(text="a piece", position=3), links=(Link("part_of", uid("d")),)),
    ]
    found = rows(Bag(items), tmp_path / "b.mem")
    counts = {kind: len(lines) for kind, lines in found.items()}
    assert counts == {
        "core": 2,
        "procedure": 2,
        "entity": 2,
        "edge": 1,
        "resource": 1,
        "chunk": 2,
        "context": 1,
        "episode": 1,
        "preference": 1,
        "secretRef": 1,
        FOREIGN_KIND: 2,
    }
    assert {row["resourceID"] for row in found["chunk"]} == {found["resource"][0]["id"]}
    assert (found["edge"][0]["srcEntityID"], found["edge"][0]["dstEntityID"]) == ("ent_" + uid("e"), "ent_" + uid("f"))
    assert not [finding for finding in validate(tmp_path / "b.mem") if finding.severity in ("error", "warning")]


def test_keys_that_are_empty_or_taken(tmp_path: Path) -> None:
    items = [
        record("a", bodies.Setting(name="", value=1)),
        record("b", bodies.Setting(name="theme", value="dark")),
        record("c", bodies.Setting(name="theme", value="light")),
        record("d", bodies.Memory(text="x"), residue={"portable-memory": {"id": "same"}}),
        record("e", bodies.Memory(text="y"), residue={"portable-memory": {"id": "same"}}),
    ]
    found = rows(Bag(items), tmp_path / "b.mem")
    assert len({row["key"] for row in found["preference"]} - {""}) == 3
    assert len({row["id"] for row in found["episode"]}) == 2
    assert not [finding for finding in validate(tmp_path / "b.mem") if finding.severity == "error"]


def test_what_must_not_leave_does_not(tmp_path: Path) -> None:
    closed = Access(exportable=False)
    bag = Bag(
        [
            memory("m", "Likes tea", access=closed),
            conversation(access=closed),
            message("x", text("Hi there")),
            record("e", bodies.Entity(name="Ada"), access=closed),
            record("f", bodies.Entity(name="Bob")),
            record("g", bodies.Relation(source=uid("e"), target=uid("f"), type="knows")),
        ]
    )
    written = FORMAT.write(bag, tmp_path / "b.mem")
    data = b"".join(path.read_bytes() for path in (tmp_path / "b.mem").rglob("*") if path.is_file())
    assert b"tea" not in data and b"Hi there" not in data and b"Ada" not in data
    assert written.ledger.total("omitted") == 4


def test_times_are_whole_seconds_and_the_rest_is_carried(tmp_path: Path) -> None:
    made = NOON + timedelta(microseconds=123_456)
    found = rows(Bag([memory("m", times=Times(created=made)), memory("n", "No time", times=Times())]), tmp_path / "b.mem")
    with_time, without = sorted(found["episode"], key=lambda row: row["details"])
    assert with_time["eventTime"] == "2026-03-01T12:00:00Z"
    assert carried(with_time)["times"]["created"] == "2026-03-01T12:00:00.123456Z"
    assert "times" not in carried(without)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bags())
def test_every_selection_gives_a_bundle_that_we_and_the_sdk_find_valid(
    tmp_path_factory: pytest.TempPathFactory, bag: Bag
) -> None:
    target = tmp_path_factory.mktemp("out") / "b.mem"
    FORMAT.write(bag, target)
    assert not [finding for finding in validate(target) if finding.severity == "error"]
    assert portable_memory.BundleValidator().validate(target).issues == []
    again = tmp_path_factory.mktemp("again") / "b.mem"
    FORMAT.write(bag, again)
    assert (again / "manifest.json").read_bytes() == (target / "manifest.json").read_bytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bags())
def test_every_record_can_be_made_again(tmp_path_factory: pytest.TempPathFactory, bag: Bag) -> None:
    """Nothing is lost unsaid: header and body come back from the row and what it carries."""
    found = rows(bag, tmp_path_factory.mktemp("out") / "b.mem")
    lines = [row for items in found.values() for row in items]
    by_uid = {(row.get(CARRIED) or row)["uid"]: row for row in lines if CARRIED in row or "uid" in row}
    for item in bag.items:
        if item.uid not in by_uid:
            continue
        row = by_uid[item.uid]
        kept = row.get(CARRIED) or row
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(item))
        plain.pop("native", None)
        for name in ("origin", "status", "trust", "links", "provenance", "access", "tags", "scope", "language"):
            assert kept.get(name) == plain.get(name), name
        assert json.dumps(kept["body"]["kind"]) == json.dumps(plain["body"]["kind"])
        said = json.dumps(row, ensure_ascii=False)
        for leaf in _strings(plain["body"]):
            assert json.dumps(leaf, ensure_ascii=False)[1:-1] in said


def _strings(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif type(value) is dict:
        for item in value.values():
            yield from _strings(item)
    elif type(value) is list:
        for item in value:
            yield from _strings(item)
