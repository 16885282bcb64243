"""What the matrix says that a target holds, beside what the public SDKs read of it."""

from __future__ import annotations

from pathlib import Path

import portable_ai_memory
import portable_memory
import pytest

from satchel.move.fidelity import sources
from satchel.move.fidelity.measuring import measure
from satchel.move.fidelity.pairing import Index
from tests.interop.sdk_store import SdkStore

#: The SDK's words for what it holds of the kinds that records become.
PLURALS = {
    "entity": "entities",
    "edge": "edges",
    "fact": "facts",
    "resource": "resources",
    "chunk": "chunks",
    "core": "core_blocks",
    "procedure": "procedures",
    "context": "contexts",
    "preference": "preferences",
    "secretRef": "secret_refs",
}


@pytest.fixture(scope="module", params=[*sources.STANDARDS, sources.EVERY_KIND])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> sources.Source:
    """A made-up package of each standard, and records of every kind."""
    made = sources.generated(tmp_path_factory.mktemp("generated"))
    return next(each for each in made if each.name == request.param)


def _read(path: Path) -> dict[str, int]:
    with sources.read(path) as store:
        return store.stats().records


@pytest.mark.parametrize("residue", [True, False])
def test_the_sdk_reads_as_many_memories_of_a_store_as_we_do(source: sources.Source, residue: bool, tmp_path: Path) -> None:
    written = tmp_path / "package"
    # Spelled as the SDK hashes it: it computes no checksum over what others spell otherwise (dossier 3.4).
    source.write(written, "portable-ai-memory=sdk", residue=residue)
    said = portable_ai_memory.load(written / "memory-store.json")
    found = portable_ai_memory.validate(said)
    assert found.is_valid, [issue.check for issue in found.issues]
    talks = [portable_ai_memory.load(path) for path in sorted((written / "conversations").glob("*.json"))]
    assert all(portable_ai_memory.validate(talk).is_valid for talk in talks)
    source.write(tmp_path / "plain", "portable-ai-memory", residue=False)
    ours = _read(tmp_path / "plain")
    # Of ours, all but relations, talks and what tells of the package are memories there; a file without text is none.
    apart = ("relation", "conversation", "message", "foreign")
    files = sum(1 for path in (tmp_path / "plain").glob("attachments/*"))
    assert len(said.memories) == sum(count for kind, count in ours.items() if kind not in apart) - files
    assert len(said.relations or []) == ours.get("relation", 0)
    assert len(talks) == ours.get("conversation", 0)
    assert sum(len(talk.messages) for talk in talks) == ours.get("message", 0)


@pytest.mark.parametrize("residue", [True, False])
def test_the_sdk_takes_every_row_of_a_bundle_that_we_do(source: sources.Source, residue: bool, tmp_path: Path) -> None:
    written = tmp_path / "a.mem"
    source.write(written, "portable-memory", residue=residue)
    assert [issue for issue in portable_memory.BundleValidator().validate(written).issues if issue.severity == "error"] == []
    rows = {path.stem: path.read_bytes().count(b"\n") for path in (written / "items").glob("*.jsonl")}
    store = SdkStore()
    portable_memory.BundleImporter().import_bundle(store, written, reembed=False)
    held = {"episode": store.episodes, **{name: store.rows[plural] for name, plural in PLURALS.items()}}
    assert {name: len(found) for name, found in held.items()} == {name: rows.get(name, 0) for name in held}
    if not residue:
        assert sum(_read(written).values()) == sum(rows.values())


def test_no_record_survives_that_the_target_does_not_hold(source: sources.Source) -> None:
    """What counts as itself without residue can be no more than what our reader reads without it."""
    with source.read() as store:
        records = Index(store)
        for to in ("portable-memory", "portable-ai-memory"):
            cell = measure(source, records, to)
            assert cell.records.same + cell.records.moved <= sum(store.stats().records.values())
            assert cell.records.total == len(records.words)
