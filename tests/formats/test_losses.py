"""The ledger tells the truth: what a format gives back of a record without our residue is what was not told as changed.

Records of every kind, with every member, are written; the residue is taken out of what was written, and it is read as
anybody would. Of each record: a field that comes back another, or not at all, was told with a fate that says so; a field that
comes back as it was is not called lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from satchel.formats import registry
from satchel.formats.base import WriteOptions
from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.conversion import neutral
from satchel.formats.portable_agent_memory.mapping import lenses_of
from satchel.formats.portable_agent_memory.profiles import SDK
from satchel.formats.portable_agent_memory.residue import record_of
from satchel.formats.portable_agent_memory.rows import decode
from satchel.formats.portable_ai_memory.dialogue import conversation_reading
from satchel.formats.portable_ai_memory.records import memory_record, relation_record
from satchel.formats.portable_ai_memory.space import Space
from satchel.formats.portable_memory.lens import CARRIED, FOREIGN_KIND
from satchel.formats.portable_memory.records import native_record, uid_of
from satchel.model.bodies import Relation
from satchel.model.fields import fields_of
from satchel.model.ids import uuid_of
from satchel.model.ledger import Told
from satchel.model.record import Record
from tests.formats.portable_ai_memory.bag import Bag, bags, store, talks


class Back(NamedTuple):
    """What comes back, by the uid of the original: the record, and the JSON that it was read from; relations that links became;
    and the uids of what was read, each with the original's."""

    found: dict[str, Record]
    heard: dict[str, str]
    relations: list[Record]
    uids: dict[str, str]


def from_bundle(bag: Bag, target: Path) -> Back:
    found, heard, uids = {}, {}, {}
    for path in sorted((target / "items").glob("*.jsonl")):
        for line in path.read_bytes().splitlines() if path.stem != FOREIGN_KIND else ():
            row = json.loads(line)
            said = row.pop(CARRIED, None)
            if said is None:
                continue
            uid = uid_of(path.stem, row)
            found[said["uid"]] = native_record(path.stem, row, uid)
            heard[said["uid"]] = heard.get(said["uid"], "") + json.dumps(row, ensure_ascii=False)
            uids[uid] = said["uid"]
    return Back(found, heard, [], uids)


def from_store(bag: Bag, target: Path) -> Back:
    space = Space(bag.owner_id, "1.0")
    named = {uuid_of(uid): uid for uid in bag.by_uid}
    found, heard, uids, relations = {}, {}, {}, []
    value = store(target)
    for memory in value["memories"]:
        memory.get("metadata", {}).pop("satchel", None)
        record = memory_record(memory, space, replaces=(), resolve=lambda _: "")
        found[named[memory["id"]]] = record
        heard[named[memory["id"]]] = json.dumps(memory, ensure_ascii=False)
        uids[record.uid] = named[memory["id"]]
    for relation in value["relations"]:
        record = relation_record(relation, space)
        if relation["id"] in named:
            found[named[relation["id"]]] = record
        else:
            relations.append(record)
    for talk in talks(target):
        for each in (talk, *talk["messages"]):
            each.get("raw_metadata", {}).pop("satchel", None)
        for record in conversation_reading(talk, space, "", lambda _: "").records:
            if record.origin.id in named:
                found[named[record.origin.id]] = record
                uids[record.uid] = named[record.origin.id]
    return Back(found, heard, relations, uids)


def from_artifact(bag: Bag, target: Path) -> Back:
    artifact = wire.parse((target / "memory.pam").read_bytes())
    ours = artifact.metadata["satchel"]
    found, heard = {}, {}
    whose = {each["id"]: each["uid"] for each in ours.get("entries", ())}
    for component, entry in artifact.all_entries():
        plain = neutral(SDK, component, entry)
        read = decode(lenses_of(component, plain)[0], plain)
        uid = whose[entry["id"]]
        found[uid] = record_of(read, uid)
        heard[uid] = json.dumps(entry, ensure_ascii=False)
    return Back(found, heard, [], {})


READERS: dict[str, Callable[[Bag, Path], Back]] = {
    "portable-memory": from_bundle,
    "portable-ai-memory": from_store,
    "portable-agent-memory": from_artifact,
}
#: What is said by where a message stands: in its conversation, and in which order.
PLACED = {"provenance.conversation", "body.position"}


def told_of(bag: Bag, name: str, target: Path) -> dict[str, Told]:
    seen: dict[str, Told] = {}

    def witness(told: Told) -> None:
        assert told.uid not in seen, "a record is told of once"
        seen[told.uid] = told

    registry.get(name).write(bag, target, options=WriteOptions(witness=witness))
    return seen


def values(record: Record, uids: dict[str, str]) -> dict[str, Any]:
    """Each field's value, with uids as the original has them."""
    value: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
    found = {}
    for name in fields_of(record):
        section, _, member = name.partition(".")
        found[name] = _named(value[section][member] if member else value[section], uids)
    if "links" in found:
        found["links"] = sorted({(link["type"], link["to"]) for link in found["links"]})
    return found


def _named(value: Any, uids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return uids.get(value, value)
    if isinstance(value, dict):
        return {name: _named(item, uids) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_named(item, uids) for item in value]
    return value


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def relations_of(uid: str, relations: list[Record], uids: dict[str, str]) -> set[tuple[str, str]]:
    """The links of a record that became relations of their own, as links."""
    found = set()
    for record in relations:
        assert isinstance(record.body, Relation)
        ends = [uids[each] for each in (record.body.source, record.body.target)]
        if ends[0] == uid:
            found.add((record.body.type, ends[1]))
        if ends[1] == uid and record.body.type == "supports":
            found.add(("evidence", ends[0]))
    return found


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(bag=bags())
def test_what_comes_back_is_what_was_told(name: str, bag: Bag) -> None:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        told = told_of(bag, name, target)
        assert set(told) == set(bag.by_uid), "every record is told of"
        back = READERS[name](bag, target)
        for uid, record in bag.by_uid.items():
            if told[uid].fate == "omitted":
                assert uid not in back.found
            elif uid in back.found:
                compare(record, told[uid], back)


def compare(record: Record, told: Told, all: Back) -> None:
    """Whether what was told of a record is what happened to it."""
    back, relations, uids = all.found[record.uid], all.relations, all.uids
    fates: dict[str, set[str]] = {}
    for each in told.fields:
        for field in each.fields:
            fates.setdefault(field, set()).add(each.fate)
    was, now = values(record, {}), values(back, uids)
    if relations and "links" in was:
        made = relations_of(record.uid, relations, uids)
        now["links"] = sorted({*now.get("links", []), *(link for link in was["links"] if tuple(link) in made)}) or None
    if record.kind == back.kind:
        for field in sorted(was.keys() | now.keys()):
            if field == "provenance.platform" and not record.provenance.platform:
                continue
            if field == "links" and record.kind == "relation" and not record.links:
                # A relation that is read is linked to its ends.
                continue
            if field == "trust" and back.trust == "untrusted":
                # Less trust than there was is the reader's right: what a tool said, for one.
                continue
            if was.get(field) != now.get(field) and not (field in PLACED and record.kind == "message"):
                assert fates.get(field, set()) - {"kept", "mapped"}, f"{record.kind} {field}: {was.get(field)} {now.get(field)}"
            elif field in was:
                assert "lost" not in fates.get(field, set()), f"{record.kind} {field} is there and was called lost"
    else:
        heard = all.heard.get(record.uid) or json.dumps(now, ensure_ascii=False, default=str)
        for field in was.keys() - fates.keys():
            if field.startswith("body.") and field != "body.role":
                for text in strings(was[field]):
                    said = json.dumps(text, ensure_ascii=False)[1:-1]
                    assert said in heard or text in uids.values(), f"{record.kind} {field}: {text!r}"
