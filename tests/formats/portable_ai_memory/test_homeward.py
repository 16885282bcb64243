"""A package into a vault and out again: nothing of it changes, and what comes back is known."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import portable_ai_memory as sdk
import pytest
from hypothesis import Phase, given, settings

from satchel.errors import UsageError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Summary
from tests.conftest import ROOT
from tests.formats.portable_ai_memory.bag import SHARED, needs_shared
from tests.formats.portable_ai_memory.packages import (
    OWNER,
    Package,
    by_id,
    checksum,
    entry,
    memory,
    message,
    packages,
    relation,
    store,
    talk,
)

#: Each example makes vaults: to shrink one takes minutes.
GENERATE = (Phase.explicit, Phase.reuse, Phase.generate)
ARRAYS = ("memories", "relations", "conversations_index")


def written(vault: SqliteStore, folder: Path, **options: Any) -> dict[str, Any]:
    export(vault, folder, format="portable-ai-memory", **options)
    return json.loads((folder / "memory-store.json").read_bytes())


def errors(path: Path) -> list[str]:
    return [finding.text for finding in FORMAT.validate(path, limits=DEFAULT) if finding.severity == "error"]


def new(summary: Summary) -> dict[str, int]:
    """What an import brought, but for the note that there was one."""
    found = {kind: outcomes.get("new", 0) + outcomes.get("updated", 0) for kind, outcomes in summary.counts.items()}
    return {kind: count for kind, count in found.items() if count and kind != "foreign"}


def assert_home(package: Package, folder: Path) -> None:
    """Every value of the package stands in the folder."""
    got = json.loads((folder / "memory-store.json").read_bytes())
    for name in ARRAYS:
        assert by_id(got[name]) == by_id(package.store.get(name)), name
    assert got["integrity"]["checksum"] == checksum(package.store["memories"])
    for name, data in package.all().items():
        if name == "embeddings.json":
            assert json.loads((folder / name).read_bytes()) == json.loads(data)
        elif name != "memory-store.json":
            assert (folder / name).read_bytes() == data, name


@given(packages())
@settings(max_examples=50, deadline=None, phases=GENERATE)
def test_a_package_goes_home_as_it_came(package: Package) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with trial_vault() as vault:
            import_paths(vault, [package.folder(folder / "in")])
            written(vault, folder / "out")
            assert_home(package, folder / "out")
            assert errors(folder / "out") == []
            again = import_paths(vault, [package.folder(folder / "in")]).summary
            assert again.originals.keys() == {"unchanged"}
            # Our own export is known again, here ...
            assert new(import_paths(vault, [folder / "out"]).summary) == {}
            written(vault, folder / "more")
            assert_home(package, folder / "more")
        with trial_vault() as other:
            # ... and where the package itself comes later.
            import_paths(other, [folder / "out"])
            assert new(import_paths(other, [package.folder(folder / "in")]).summary) == {}
            written(other, folder / "there")
            assert_home(package, folder / "there")


@given(packages())
@settings(max_examples=25, deadline=None, phases=GENERATE)
def test_the_sdk_takes_it_in_its_own_profile(package: Package) -> None:
    with tempfile.TemporaryDirectory() as name, trial_vault() as vault:
        import_paths(vault, [package.folder(Path(name, "in"))])
        written(vault, Path(name, "out"), profile="sdk")
        loaded = sdk.load(Path(name, "out", "memory-store.json"))
        assert [issue for issue in sdk.validate(loaded).issues if issue.level == "error"] == []
        for path in Path(name, "out").glob("conversations/*.json"):
            assert sdk.validate(sdk.load(path)).is_valid


@given(packages(), packages(owner="somebody else"))
@settings(max_examples=30, deadline=None, phases=GENERATE)
def test_two_owners_never_mix(one: Package, other: Package) -> None:
    with tempfile.TemporaryDirectory() as name, trial_vault() as vault:
        import_paths(vault, [one.folder(Path(name, "one")), other.folder(Path(name, "other"))])
        got = written(vault, Path(name, "out"))
        assert errors(Path(name, "out")) == []
        for array in ARRAYS:
            assert len(by_id(got[array])) == len(one.store[array]) + len(other.store[array])
        said = sorted(m["content"] for package in (one, other) for m in package.store["memories"])
        assert sorted(m["content"] for m in got["memories"]) == said
        assert new(import_paths(vault, [Path(name, "out")]).summary) == {}


def samples() -> list[Path]:
    found = [*SHARED.glob("upstream/*/*.json"), *SHARED.glob("derived/**/memory-store.json")]
    return sorted(path for path in found if b'"portable-ai-memory"' in path.read_bytes() and not errors(_package(path)))


def _package(path: Path) -> Path:
    return path.parent if path.name == "memory-store.json" else path


@needs_shared
@pytest.mark.parametrize(
    "path", samples() if SHARED.is_dir() else [], ids=lambda path: f"{path.parent.parent.name}-{path.stem}"
)
def test_the_samples_go_home(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    # The spec's own example is signed with a value that is none.
    import_paths(store, [_package(path)], accept_invalid_signature=True)
    got, came = written(store, tmp_path / "out"), json.loads(path.read_bytes())
    assert by_id(got["memories"]) == by_id(came["memories"])
    assert by_id(got["relations"]) == by_id(came.get("relations"))
    assert got["integrity"]["checksum"] == checksum(came["memories"])
    listed = by_id(came.get("conversations_index"))
    if path.name != "memory-store.json":
        # A store alone: the files that its index names never came.
        listed = {id: {name: v for name, v in value.items() if name != "storage"} for id, value in listed.items()}
    assert by_id(got["conversations_index"]) == listed
    for file in path.parent.glob("conversations/*"):
        assert (tmp_path / "out" / "conversations" / file.name).read_bytes() == file.read_bytes()
    assert errors(tmp_path / "out") == []
    written(store, tmp_path / "sdk", profile="sdk")
    assert sdk.validate(sdk.load(tmp_path / "sdk" / "memory-store.json")).is_valid


def test_there_are_samples() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared conformance data is not on this machine")
    assert len(samples()) >= 13


def _vector(id: str, created: str, model: str) -> dict[str, Any]:
    return {"id": id, "memory_id": "m", "model": model, "dimensions": 1, "created_at": created, "vector": [1]}


def _with_vector(vector: dict[str, Any], ref: str | None) -> Package:
    files = {"embeddings.json": {"schema": "portable-ai-memory-embeddings", "schema_version": "1.0", "embeddings": [vector]}}
    return Package(store(memory("m", **({"embedding_ref": ref} if ref else {}))), files)


OLD, NEW = _vector("e1", "2026-01-02T03:04:05Z", "small"), _vector("e2", "2026-02-02T03:04:05Z", "large")


@pytest.mark.row("PAM-078")
@pytest.mark.parametrize(
    ("came", "preferred"),
    [
        ([_with_vector(OLD, None), _with_vector(NEW, None)], NEW),
        ([_with_vector(NEW, None), _with_vector(OLD, None)], NEW),
        # The memory names it.
        ([_with_vector(NEW, None), _with_vector(OLD, "e1")], OLD),
    ],
    ids=["newer", "newer came first", "named"],
)
def test_of_several_embeddings_of_a_memory_the_preferred_one_leaves(
    came: list[Package], preferred: dict[str, Any], store: SqliteStore, tmp_path: Path
) -> None:
    for number, package in enumerate(came):
        import_paths(store, [package.folder(tmp_path / str(number))])
    result = export(store, tmp_path / "out", format="portable-ai-memory")
    assert json.loads((tmp_path / "out" / "embeddings.json").read_bytes())["embeddings"] == [preferred]
    assert [line.count for line in result.ledger.lines() if line.code == "one-embedding"] == [1]
    assert errors(tmp_path / "out") == []


def test_what_may_not_leave_takes_its_references_along(store: SqliteStore, tmp_path: Path) -> None:
    hidden = memory("hidden", "A secret", access={"exportable": False})
    shown = memory("shown", status="superseded", temporal={"created_at": "2026-01-02T03:04:05Z", "superseded_by": "hidden"})
    said = talk("t", message("1"))
    files = {
        "conversations/t.json": said,
        "embeddings.json": {
            "schema": "portable-ai-memory-embeddings",
            "schema_version": "1.0",
            "embeddings": [
                {
                    "id": "e",
                    "memory_id": "hidden",
                    "model": "m",
                    "dimensions": 1,
                    "created_at": "2026-01-02T03:04:05Z",
                    "vector": [7],
                }
            ],
        },
    }
    for each in (hidden, shown):
        each["provenance"]["conversation_ref"] = "t"
    hidden["embedding_ref"] = "e"
    package = Package(
        _store(
            hidden, shown, relations=[relation("r", "shown", "hidden")], conversations_index=[entry(said, "hidden", "shown")]
        ),
        files,
    )
    import_paths(store, [package.folder(tmp_path / "in")])
    result = export(store, tmp_path / "out", format="portable-ai-memory")
    got = json.loads((tmp_path / "out" / "memory-store.json").read_bytes())
    assert [m["id"] for m in got["memories"]] == ["shown"]
    assert got["memories"][0]["temporal"] == {"created_at": "2026-01-02T03:04:05Z"}
    assert got["relations"] == []
    assert got["conversations_index"][0]["derived_memories"] == ["shown"]
    told = {(line.kind, line.field, line.fate, line.code) for line in result.ledger.lines()}
    assert ("memory", "", "omitted", "not-exportable") in told
    assert ("memory", "superseded_by", "lost", "link-end") in told
    assert ("relation", "", "omitted", "relation-end") in told
    assert ("conversation", "derived_memories", "lost", "link-end") in told
    assert errors(tmp_path / "out") == []
    for format in ("portable-memory", "portable-ai-memory"):
        export(store, tmp_path / format, format=format)
        everything = b"".join(path.read_bytes() for path in (tmp_path / format).rglob("*") if path.is_file())
        assert b"secret" not in everything
        assert b"hidden" not in everything


_store = store


def test_what_cannot_leave_anew_is_not_exported_by_a_name(store: SqliteStore, tmp_path: Path) -> None:
    """A platform's word decides what goes home in another format: here it is somebody's trick."""
    hidden = memory("hidden", "A secret", access={"exportable": False})
    hidden["provenance"]["platform"] = "portable-memory"
    shown = memory("shown", "No trick")
    shown["provenance"]["platform"] = "portable-memory"
    import_paths(store, [Package(_store(hidden, shown)).folder(tmp_path / "in")])
    export(store, tmp_path / "out", format="portable-memory")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"secret" not in everything
    assert b"No trick" in everything


def test_unknown_members_of_a_newer_version_leave_again(store: SqliteStore, tmp_path: Path) -> None:
    newer = memory("m", mood="glad", type="dream")
    said = talk("t", message("1", weather="fair"), schema_version="1.3")
    whole = _store(newer, schema_version="1.3", mission="m", conversations_index=[{**entry(said), "extra": 1}])
    batch = import_paths(store, [Package(whole, {"conversations/t.json": said}).folder(tmp_path / "in")])
    assert "version-newer" in {finding.code for finding in batch.summary.findings}
    got = written(store, tmp_path / "out")
    assert (got["schema_version"], got["mission"]) == ("1.3", "m")
    assert got["memories"] == [newer]
    assert got["conversations_index"] == whole["conversations_index"]
    assert json.loads((tmp_path / "out/conversations/t.json").read_bytes()) == said
    assert errors(tmp_path / "out") == []


@pytest.mark.parametrize(
    "ref", ["memory.json", "conversations/CON.json", "conversations/.hidden.json", "conversations/a/b.json", "satchel.json/x"]
)
def test_a_file_gets_a_plain_name(ref: str, store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    whole = _store(conversations_index=[entry(said, ref=ref)])
    import_paths(store, [Package(whole, {ref: said}).folder(tmp_path / "in")])
    got = written(store, tmp_path / "out")
    kept = got["conversations_index"][0]["storage"]["ref"]
    assert kept.startswith("conversations/") and kept.count("/") == 1 and kept != ref
    assert json.loads((tmp_path / "out" / kept).read_bytes()) == said
    assert errors(tmp_path / "out") == []


def test_an_earlier_export_with_names_of_others_is_replaced_and_nothing_else(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    files = {"conversations/t.json": said, "attachments/a b.png": b"x"}
    import_paths(store, [Package(_store(conversations_index=[entry(said)]), files).folder(tmp_path / "in")])
    written(store, tmp_path / "out")
    written(store, tmp_path / "out")
    (tmp_path / "out" / "conversations" / "mine.json").write_text("{}")
    with pytest.raises(Exception, match="not empty"):
        written(store, tmp_path / "out")


def test_the_same_vault_gives_the_same_bytes(store: SqliteStore, tmp_path: Path) -> None:
    said = talk("t", message("1"))
    package = Package(_store(memory("b"), memory("a"), conversations_index=[entry(said)]), {"conversations/t.json": said})
    import_paths(store, [package.folder(tmp_path / "in")])
    for name in ("one", "two"):
        written(store, tmp_path / name)
    trees = [{p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.json")} for n in ("one", "two")]
    assert trees[0] == trees[1]


def test_there_is_no_other_profile(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        export(store, tmp_path / "out", format="portable-ai-memory", profile="other")


def test_a_merged_export_says_its_own_owner(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [Package(_store(memory())).folder(tmp_path / "in")])
    got = written(store, tmp_path / "out")
    assert got["owner"] == {"id": store.owner_id}
    assert got["owner"]["id"] != OWNER


def test_the_highest_version_of_what_leaves(store: SqliteStore, tmp_path: Path) -> None:
    """A plain store that came later does not make what is newer wrong."""
    for at, version in enumerate(("1.2", "1.10", "1.10-rc", "1.0")):
        whole = _store(memory(str(at), mood="glad") if at < 3 else memory("3"), schema_version=version, owner=f"o{at}")
        whole["export_date"] = f"2026-01-0{at + 1}T00:00:00Z"
        import_paths(store, [Package(whole).folder(tmp_path / f"in{at}")])
    assert written(store, tmp_path / "out")["schema_version"] == "1.10"
    assert errors(tmp_path / "out") == []


@pytest.mark.parametrize("sidecar", [True, False])
def test_an_export_of_other_sources_comes_back(sidecar: bool, store: SqliteStore, tmp_path: Path) -> None:
    """With the sidecar nothing is taken twice; without it all of it is, and even so both can leave."""
    import_paths(store, [ROOT / "examples"])
    before = written(store, tmp_path / "out")
    if not sidecar:
        (tmp_path / "out" / "satchel.json").unlink()
    batch = import_paths(store, [tmp_path / "out"])
    assert (new(batch.summary) == {}) == sidecar
    after = written(store, tmp_path / "more")
    assert errors(tmp_path / "more") == []
    times = 1 if sidecar else 2
    assert len(after["memories"]) == times * len(before["memories"])
    assert len(after["conversations_index"]) == times * len(before["conversations_index"])
