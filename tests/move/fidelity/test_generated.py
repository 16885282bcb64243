"""Made-up packages: the same bytes each time, valid, and with every kind and member that the standard has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from satchel.formats import registry
from satchel.formats.portable_agent_memory import models as agent
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES
from satchel.formats.portable_ai_memory import models
from satchel.formats.portable_memory.kinds import KINDS
from satchel.limits import DEFAULT
from satchel.model import bodies, record
from satchel.move.fidelity.generated import portable_agent_memory, portable_ai_memory, portable_memory, records


def _files(path: Path) -> dict[str, bytes]:
    found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {file.name if path.is_file() else str(file.relative_to(path)): file.read_bytes() for file in found}


MAKERS = {
    "a.mem": portable_memory.write,
    "store": portable_ai_memory.write,
    **{
        f"{profile}{suffix}": lambda target, profile=profile: portable_agent_memory.write(target, profile=profile)
        for profile in portable_agent_memory.PROFILES
        for suffix in (".pam", ".pam.cbor")
    },
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_bytes_each_time_and_nothing_wrong_with_them(name: str, tmp_path: Path) -> None:
    made = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        made.append(MAKERS[name](tmp_path / folder / name))
    assert _files(made[0]) == _files(made[1])
    faults = registry.recognise(made[0]).validate(made[0], limits=DEFAULT)
    assert {fault.code for fault in faults if fault.severity != "info"} <= {"tombstone-unsigned", "PAM_INVALID_SIGNATURE"}


def test_a_bundle_has_every_kind_and_field(tmp_path: Path) -> None:
    made = portable_memory.write(tmp_path / "a.mem")
    for kind in KINDS.values():
        rows = [json.loads(line) for line in (made / "items" / f"{kind.name}.jsonl").read_text().splitlines()]
        assert kind.names <= {name for row in rows for name in row}, kind.name
        assert any(row.keys() - kind.names for row in rows), f"no member of {kind.name} that the format has not"
        assert any({field.name for field in kind.fields if not field.optional} == row.keys() for row in rows), kind.name
    assert (made / "items" / "xExample.jsonl").exists() and (made / "audit" / "tombstones.jsonl").exists()


def _members(type: Any, value: Any, path: str, seen: dict[str, set[str]]) -> None:
    """Which members of each struct stand in ``value``."""
    seen.setdefault(type.__name__, set()).update(value)
    for field in msgspec.structs.fields(type):
        for inner in _structs(field.type):
            found = value.get(field.encode_name)
            for each in found if isinstance(found, list) else [found]:
                if isinstance(each, dict):
                    _members(inner, each, f"{path}.{field.encode_name}", seen)


def _structs(type: Any) -> list[Any]:
    if isinstance(type, msgspec.UnsetType.__class__) and hasattr(type, "__struct_fields__"):
        return [type]
    if hasattr(type, "__struct_fields__"):
        return [type]
    return [found for argument in get_args(type) for found in _structs(argument)]


def test_a_store_has_every_member(tmp_path: Path) -> None:
    made = portable_ai_memory.write(tmp_path / "store")
    seen: dict[str, set[str]] = {}
    _members(models.Store, json.loads((made / "memory-store.json").read_bytes()), "", seen)
    _members(models.Embeddings, json.loads((made / "embeddings.json").read_bytes()), "", seen)
    for file in (made / "conversations").iterdir():
        _members(models.Conversation, json.loads(file.read_bytes()), "", seen)
    # Of increments, of what is signed, and of vectors that lie elsewhere there is none.
    left_out = {"Store": {"base_export_id", "since", "signature"}, "Embedding": {"storage"}}
    for name, members in seen.items():
        known = {field.encode_name for field in msgspec.structs.fields(getattr(models, name))}
        assert known - members == left_out.get(name, set()), name


@pytest.mark.parametrize("profile", portable_agent_memory.PROFILES)
def test_an_artifact_has_every_member(profile: str, tmp_path: Path) -> None:
    made = json.loads(portable_agent_memory.write(tmp_path / "a.pam", profile=profile).read_bytes())
    holder = made.get("components", made)
    for component in COMPONENTS:
        found = {name for entry in holder[component] for name in entry}
        assert set(agent.members(PROFILES[profile], component)) <= found, component


def test_there_are_records_of_every_kind_with_every_member() -> None:
    found: dict[str, set[str]] = {}
    for each in records.records():
        found.setdefault("record", set()).update(msgspec.to_builtins(each))
        found.setdefault(each.kind, set()).update(msgspec.to_builtins(each.body))
        for part in getattr(each.body, "parts", ()):
            found.setdefault("part", set()).update(msgspec.to_builtins(part))
    assert found.keys() == {*bodies.KINDS, "record", "part"}
    # What the vault fills in, and what no adapter gives.
    assert set(record.Record.__struct_fields__) - found["record"] == {"native", "residue", "touched", "trust"}
    assert set(bodies.Part.__struct_fields__) - found["part"] == {"asset", "is_error"}
    for kind in bodies.KINDS:
        left = set(bodies.BODIES[kind].__struct_fields__) - found[kind]
        assert left <= {"blob"}, kind
