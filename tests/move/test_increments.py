"""Increments: a chain of them is the whole, whatever happened between (portable-memory.md 6.2, 10.3 R3 and R4, L1-10, H2)."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import portable_memory as pm
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from satchel.errors import NotFound, UsageError
from satchel.formats.portable_memory import FORMAT
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.validation import validate
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.formats.portable_memory.made import HEAD, episode, files, plain, tombstone, write
from tests.interop.sdk_store import SdkStore

Rows = dict[str, list[dict[str, Any]]]
TIMES = ["2026-01-02T03:04:05Z", "2026-02-02T03:04:05Z", "2026-03-02T03:04:05Z"]


def content(folder: Path) -> dict[str, list[bytes]]:
    """Rows and tombstones of a bundle; a vendor's lines keep no order over increments."""
    found = files(folder)
    return {
        path: sorted(data.split(b"\n"))
        for path, data in found.items()
        if path.endswith(".jsonl") and path not in ("audit/log.jsonl", "audit/reached.jsonl")
    }


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((folder / "manifest.json").read_bytes())
    return found


def errors(folder: Path) -> list[str]:
    return [finding.code for finding in validate(folder) if finding.severity == "error"]


@contextmanager
def folders() -> Iterator[Iterator[Path]]:
    with tempfile.TemporaryDirectory() as name:
        yield (Path(name) / f"{number}.mem" for number in itertools.count())


def give(store: SqliteStore, target: Path, rows: Rows, foreign: dict[str, list[bytes]] | None = None) -> Path:
    with BundleWriter(target, HEAD) as writer:
        for kind, items in rows.items():
            for row in items:
                writer.add_tombstone(row) if kind == "tombstone" else writer.add(kind, row)
        for kind, lines in (foreign or {}).items():
            writer.add_foreign(kind, lines)
        writer.finish()
    import_paths(store, [target])
    return target


def cut(store: SqliteStore, target: Path, since: Path | str) -> Path:
    export(store, target, format="portable-memory", since=str(since))
    assert errors(target) == []
    return target


def whole(store: SqliteStore, target: Path) -> Path:
    export(store, target, format="portable-memory")
    return target


# What may happen.

episode_ids = st.sampled_from([f"ep_{n}" for n in range(3)])
entity_ids = st.sampled_from([f"ent_{n}" for n in range(3)])
times = st.sampled_from(TIMES)


def _row(kind: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    base = {name: value for name, value in plain(KINDS[kind]).items() if not _is_optional(kind, name)}
    return st.fixed_dictionaries(members).map(
        lambda drawn: (kind, {**base, **{name: value for name, value in drawn.items() if value is not None}})
    )


def _is_optional(kind: str, name: str) -> bool:
    return any(field.name == name and field.optional for field in KINDS[kind].fields)


rows = st.one_of(
    _row("episode", id=episode_ids, details=st.sampled_from(["a", "b"]), mentionTime=times),
    _row("entity", id=entity_ids, summary=st.sampled_from(["a", "b"]), updatedAt=times),
    _row(
        "edge",
        id=st.sampled_from(["e_0", "e_1"]),
        srcEntityID=entity_ids,
        dstEntityID=entity_ids,
        evidenceEpisodeIDs=st.lists(episode_ids, unique=True, max_size=2),
        ingestionTime=times,
        supersededBy=st.sampled_from([None, "e_0", "e_1"]),
        tValidTo=st.sampled_from([None, *TIMES]),
    ),
    _row(
        "fact",
        id=st.sampled_from(["f_0", "f_1"]),
        episodeID=episode_ids,
        createdAt=times,
        supersededBy=st.sampled_from([None, "f_0", "f_1"]),
        prunedAt=st.sampled_from([None, TIMES[2]]),
    ),
    _row("factLink", srcFactID=st.just("f_0"), dstFactID=st.just("f_1"), linkType=st.just("refines")),
    _row("chunk", id=st.just("c_0"), resourceID=st.sampled_from(["r_0", "r_1"]), text=st.sampled_from(["a", "b"])),
    _row("resource", id=st.sampled_from(["r_0", "r_1"]), modified=times),
    _row("community", id=st.just("com"), memberEntityIDs=st.lists(entity_ids, unique=True, max_size=2)),
    _row("preference", key=st.just("p"), value=st.sampled_from(["a", "b"])),
)
targets = st.one_of(
    st.tuples(st.just("episode"), episode_ids),
    st.tuples(st.just("entity"), entity_ids),
    st.tuples(st.just("edge"), st.sampled_from(["e_0", "e_1"])),
    st.tuples(st.just("fact"), st.sampled_from(["f_0", "f_1"])),
    st.tuples(st.just("resource"), st.sampled_from(["r_0", "r_1"])),
    st.tuples(st.just("vendorThing"), st.sampled_from(["v_0", "v_1"])),
)
marks = st.tuples(targets, st.sampled_from(["delete", "redact"])).map(
    lambda drawn: {**tombstone(drawn[0][1], drawn[0][0], drawn[1]), "id": f"tomb_{drawn[0][0]}_{drawn[0][1]}_{drawn[1]}"}
)
lines = st.sampled_from([b'{"id":"v_0","n":1}', b'{"id":"v_0","n":2}', b'{"id":"v_1"}', b"not json"])
steps = st.one_of(
    st.tuples(st.just("rows"), st.lists(rows, min_size=1, max_size=8), st.lists(lines, max_size=2)),
    st.tuples(st.just("marks"), st.lists(marks, min_size=1, max_size=2)),
    st.tuples(st.just("stale"), st.integers(0, 9)),
    st.tuples(st.just("cut")),
)


def happen(store: SqliteStore, step: tuple[Any, ...], folder: Iterator[Path], past: list[Path]) -> None:
    match step:
        case "rows", drawn, vendor:
            by_key: dict[str, dict[Any, dict[str, Any]]] = {}
            for kind, row in drawn:
                by_key.setdefault(kind, {})[tuple(row[name] for name in KINDS[kind].key)] = row
            content = {kind: list(found.values()) for kind, found in by_key.items()}
            past.append(give(store, next(folder), content, {"vendorThing": vendor} if vendor else None))
        case "marks", drawn:
            past.append(give(store, next(folder), {"tombstone": list({row["id"]: row for row in drawn}.values())}))
        case "stale", number if past:
            import_paths(store, [past[number % len(past)]])
        case _:
            pass


EDGE = {**plain(KINDS["edge"], id="e_0", srcEntityID="ent_0", dstEntityID="ent_1")}
for _name in ("supersededBy", "tValidTo"):
    del EDGE[_name]
ENTS = [("entity", plain(KINDS["entity"], id=f"ent_{n}")) for n in range(2)]
FACT = {name: value for name, value in plain(KINDS["fact"], id="f_0").items() if not _is_optional("fact", name)}


def _mark(kind: str, id: str) -> tuple[str, list[dict[str, Any]]]:
    return "marks", [tombstone(id, kind)]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=2, max_size=8))
# An edge loses evidence, and then what it still rested on: it is gone, though no tombstone names it.
@example(
    [
        ("rows", [*ENTS, ("edge", {**EDGE, "evidenceEpisodeIDs": ["ep_0", "ep_1"]})], []),
        ("cut",),
        ("rows", [("edge", {**EDGE, "evidenceEpisodeIDs": ["ep_0"]})], []),
        _mark("episode", "ep_0"),
    ]
)
# A fact moves to another episode, and the one that it came from is deleted.
@example(
    [
        ("rows", [("fact", {**FACT, "episodeID": "ep_0"})], []),
        ("cut",),
        ("rows", [("fact", {**FACT, "episodeID": "ep_1"})], []),
        _mark("episode", "ep_0"),
    ]
)
# The same with the deletion of the other one.
@example(
    [
        ("rows", [("fact", {**FACT, "episodeID": "ep_0"})], []),
        ("cut",),
        ("rows", [("fact", {**FACT, "episodeID": "ep_1"})], []),
        _mark("episode", "ep_1"),
    ]
)
# An edge that says nothing but its type is redacted: no less, in whatever order the two come.
@example([("rows", [("edge", {**EDGE, "evidenceEpisodeIDs": []})], []), ("marks", [tombstone("e_0", "edge", "redact")])])
# Another edge joins the entities before the first one goes.
@example(
    [
        ("rows", [*ENTS, ("edge", {**EDGE, "evidenceEpisodeIDs": ["ep_0"]})], []),
        ("cut",),
        ("rows", [("edge", {**EDGE, "id": "e_1", "evidenceEpisodeIDs": ["ep_1"]})], []),
        _mark("episode", "ep_0"),
    ]
)
def test_a_chain_of_increments_is_the_whole(course: list[tuple[Any, ...]]) -> None:
    with trial_vault() as store, folders() as folder:
        past: list[Path] = []
        chain = [whole(store, next(folder))]
        for step in course:
            if step == ("cut",):
                chain.append(cut(store, next(folder), chain[-1]))
            else:
                happen(store, step, folder, past)
        chain.append(cut(store, next(folder), chain[-1]))
        with trial_vault() as other:
            for bundle in chain:
                import_paths(other, [bundle])
            assert content(whole(other, next(folder))) == content(whole(store, next(folder)))
            assert other.check() == []
            # The whole of it says nothing new, nor does a stale link of the chain.
            for bundle in (*chain, whole(store, next(folder))):
                import_paths(other, [bundle])
            assert content(whole(other, next(folder))) == content(whole(store, next(folder)))


# What is in one.


def test_r4_changes_of_old_rows_are_in_it_and_the_public_sdk_reads_them(store: SqliteStore, tmp_path: Path) -> None:
    """The reference filters by when a row was made: it misses each of these."""
    old = {
        "episode": [episode("ep_1", "first"), episode("ep_2")],
        "fact": [{**FACT, "episodeID": "ep_2"}],
        "resource": [plain(KINDS["resource"], id="r_0")],
    }
    give(store, tmp_path / "old.mem", old)
    base = whole(store, tmp_path / "base.mem")
    new = {
        "episode": [episode("ep_1", "second", deletedAt=TIMES[2], mentionTime=TIMES[2])],
        "fact": [{**FACT, "episodeID": "ep_2", "supersededBy": "f_1", "tValidTo": TIMES[1], "prunedAt": TIMES[2]}],
        "resource": [plain(KINDS["resource"], id="r_0", title="changed", modified=TIMES[2])],
    }
    given = give(store, tmp_path / "new.mem", new)
    found = cut(store, tmp_path / "since.mem", base)
    rows = {path: data for path, data in files(found).items() if path.startswith("items/")}
    assert rows == {path: data for path, data in files(given).items() if path.startswith("items/")}
    said = manifest(found)
    assert said["exportMode"] == "incremental" and said["since"] == manifest(base)["createdAt"]
    assert said["satchel"]["previous"] == manifest(base)["bundleDigest"]
    assert said["satchel"]["after"] == manifest(base)["satchel"]["change"]
    assert pm.BundleValidator().validate(found).issues == []
    sdk = SdkStore()
    pm.BundleImporter().import_bundle(sdk, found, reembed=False)
    assert [row.id for row in sdk.episodes] == ["ep_1"] and sdk.rows["facts"][0].superseded_by == "f_1"


def test_h2_all_tombstones_always(store: SqliteStore, tmp_path: Path) -> None:
    """R3: learned late, passed on by an increment since a moment between, by the number of the change that brought it."""
    with trial_vault() as third:
        give(third, tmp_path / "rows.mem", {"episode": [episode("ep_1")]})
        give(store, tmp_path / "marks.mem", {"tombstone": [tombstone("ep_1")]})
        last = str(store.batches()[-1].id)
        found = cut(store, tmp_path / "since.mem", last)
        assert "items/episode.jsonl" not in files(found) and manifest(found)["counts"]["tombstone"] == 1
        import_paths(third, [found])
        assert third.stats().records == {}


def test_hops_from_store_to_store_to_store(store: SqliteStore, tmp_path: Path) -> None:
    """A to B to C by increments alone: what A's tombstones reached there, B's increment says too."""
    edge = {**EDGE, "evidenceEpisodeIDs": ["ep_0", "ep_1"]}
    world = {"entity": [row for _, row in ENTS], "edge": [edge], "episode": [episode("ep_2")]}
    with trial_vault() as second, trial_vault() as third:
        give(store, tmp_path / "world.mem", world)
        chains = [whole(store, tmp_path / "a0.mem")]
        import_paths(second, chains)
        base = whole(second, tmp_path / "b0.mem")
        import_paths(third, [base])
        give(store, tmp_path / "less.mem", {"edge": [{**edge, "evidenceEpisodeIDs": ["ep_0"]}]})
        give(store, tmp_path / "mark.mem", {"tombstone": [tombstone("ep_0")]})
        import_paths(second, [cut(store, tmp_path / "a1.mem", chains[0])])
        found = import_paths(third, [cut(second, tmp_path / "b1.mem", base)])
        assert not [finding for finding in found.summary.findings if finding.code == "bundle-gap"]
        for other in (second, third):
            assert content(whole(other, next(_names(tmp_path)))) == content(whole(store, next(_names(tmp_path))))
            assert other.stats().records == {"memory": 1}


def _names(folder: Path) -> Iterator[Path]:
    for number in itertools.count():
        if not (folder / f"n{number}.mem").exists():
            yield folder / f"n{number}.mem"


def test_what_strangers_reached_is_not_carried_out_where_keys_are_trusted(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "a.mem", {"fact": [{**FACT, "episodeID": "ep_0"}], "episode": [episode("ep_0")]})
    base = whole(store, tmp_path / "base.mem")
    give(store, tmp_path / "b.mem", {"tombstone": [tombstone("ep_0")]})
    found = cut(store, tmp_path / "since.mem", base)
    assert (found / "audit/reached.jsonl").read_bytes().count(b"\n") == 1
    with trial_vault() as other:
        import_paths(other, [base])
        other.trust_key("03" * 32, "somebody")
        summary = import_paths(other, [found]).summary
        assert summary.removed == {} and other.stats().records == {"memory": 2}
        assert sum(finding.code == "tombstone-untrusted" for finding in summary.findings) == 2


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"not json", b'{"how":"derived","id":"","kind":"fact"}', b'{"how":[],"id":7,"kind":{}}', b"[" * 999],
)
def test_a_line_of_reached_that_says_nothing_is_told(store: SqliteStore, tmp_path: Path, line: bytes) -> None:
    from tests.formats.portable_memory.test_validation import relist

    base = whole(store, tmp_path / "base.mem")
    give(store, tmp_path / "a.mem", {"episode": [episode("ep_0")]})
    found = cut(store, tmp_path / "since.mem", base)
    (found / "audit/reached.jsonl").write_bytes(line + b'\n{"how":"unfounded","id":"elsewhere","kind":"edge"}\n')
    relist(found)
    with trial_vault() as other:
        import_paths(other, [found])
        assert other.stats().records == {"memory": 1} and other.check() == []


def test_a_line_of_reached_cannot_name_a_record_of_another_source(store: SqliteStore, tmp_path: Path) -> None:
    """Its uid stands in every export, and its kept bytes may be others' too."""
    from tests.formats.portable_memory.test_validation import relist

    base = whole(store, tmp_path / "base.mem")
    give(store, tmp_path / "a.mem", {"episode": [episode("ep_0")]})
    found = cut(store, tmp_path / "since.mem", base)
    with trial_vault() as other:
        import_paths(other, [ROOT / "examples" / "claude"])
        before = other.stats().records
        named = [(record.origin.kind, record.uid, record.origin.id) for record in other.records()]
        lines = [{"how": "derived", "id": id or "x", "kind": kind, "uid": uid} for kind, uid, id in named]
        (found / "audit/reached.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        relist(found)
        import_paths(other, [found])
        assert other.stats().records == {**before, "memory": before.get("memory", 0) + 1}
        again = import_paths(other, [ROOT / "examples" / "claude"]).summary.counts
        assert not any("erased" in outcomes for outcomes in again.values())


def test_other_sources_too_and_a_vendors_kind_by_its_id(store: SqliteStore, tmp_path: Path) -> None:
    """A record of another source whose state is new is in it, under the very key that a full export gives it."""
    import_paths(store, [ROOT / "examples" / "chatgpt"])
    base = whole(store, tmp_path / "base.mem")
    import_paths(store, [ROOT / "examples" / "claude"])
    found = cut(store, tmp_path / "since.mem", base)
    full = whole(store, tmp_path / "full.mem")
    both: dict[str, set[bytes]] = {}
    for bundle in (base, found):
        for path, rows in content(bundle).items():
            both.setdefault(path, set()).update(rows)
    assert both == {path: set(rows) for path, rows in content(full).items()}
    assert sum(map(len, content(found).values())) < sum(map(len, content(full).values()))
    with trial_vault() as other:
        import_paths(other, [base])
        import_paths(other, [found])
        assert content(whole(other, tmp_path / "theirs.mem")) == content(full)


# Cursors.


def test_a_time_a_change_and_a_bundle_are_one_cursor(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "a.mem", {"episode": [episode("ep_1")]})
    base = whole(store, tmp_path / "base.mem")
    change = store.batches()[-1]
    give(store, tmp_path / "b.mem", {"episode": [episode("ep_2")]})
    at = store.batches()[-1].at.isoformat()
    found = [content(cut(store, tmp_path / f"{n}.mem", since)) for n, since in enumerate((str(change.id), base, at))]
    assert found[0] == found[1] == found[2]
    assert b'"id":"ep_2"' in found[0]["items/episode.jsonl"][1] and len(found[0]["items/episode.jsonl"]) == 2
    # A moment to come: nothing, but every tombstone.
    assert "items/episode.jsonl" not in content(cut(store, tmp_path / "later.mem", "2999-01-01"))


@pytest.mark.parametrize("text", ["", "x", "yesterday", "99999999999999999999999", "12", "-1", "\ud800", "../..", "0"])
def test_what_is_no_cursor(store: SqliteStore, tmp_path: Path, text: str) -> None:
    from satchel.move.cursors import since

    with pytest.raises((UsageError, NotFound)):
        since(store, text, FORMAT)


def test_a_bundle_of_another_vault_or_of_a_lost_state_is_no_cursor(store: SqliteStore, tmp_path: Path) -> None:
    base = whole(store, tmp_path / "base.mem")
    with trial_vault() as other, pytest.raises(UsageError, match="another vault"):
        cut(other, tmp_path / "since.mem", base)
    said = manifest(base)
    said["satchel"]["change"] += 1
    (base / "manifest.json").write_bytes(msgspec.json.encode(said))
    with pytest.raises(UsageError, match="never had"):
        cut(store, tmp_path / "since.mem", base)
    theirs = write(tmp_path / "theirs.mem", {"episode": [episode()]})
    with pytest.raises(UsageError, match="no bundle that this Satchel wrote"):
        cut(store, tmp_path / "since.mem", theirs)
    assert not (tmp_path / "since.mem").exists()


def test_what_was_taken_back_since_cannot_be_said(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "a.mem", {"episode": [episode("ep_1")]})
    first = store.batches()[-1].id
    base = whole(store, tmp_path / "base.mem")
    give(store, tmp_path / "b.mem", {"episode": [episode("ep_2")]})
    store.undo(store.batches()[-1].id)
    # What came and went since is not in it.
    assert "items/episode.jsonl" not in content(cut(store, tmp_path / "since.mem", base))
    store.undo(first)
    with pytest.raises(UsageError, match="took back"):
        cut(store, tmp_path / "since2.mem", base)


@pytest.mark.parametrize("format", ["claude-text", "system-prompt"])
def test_another_format_says_that_it_cannot(store: SqliteStore, tmp_path: Path, format: str) -> None:
    with pytest.raises(UsageError, match="in part"):
        export(store, tmp_path / "out", format=format, since="1")
    assert not (tmp_path / "out").exists()


def test_an_increment_is_of_the_present(store: SqliteStore, tmp_path: Path) -> None:
    moment = store.changed_at()
    with pytest.raises(UsageError, match="two things"):
        export(store, tmp_path / "out.mem", format="portable-memory", since="1", as_of=moment)
    # Nor is a view of the past a cursor.
    export(store, tmp_path / "past.mem", format="portable-memory", as_of=moment)
    with pytest.raises(UsageError, match="no bundle that this Satchel wrote"):
        cut(store, tmp_path / "since.mem", tmp_path / "past.mem")


def test_the_same_increment_is_the_same_bytes(store: SqliteStore, tmp_path: Path) -> None:
    base = whole(store, tmp_path / "base.mem")
    give(store, tmp_path / "a.mem", {"episode": [episode("ep_1")]})
    assert files(cut(store, tmp_path / "1.mem", base)) == files(cut(store, tmp_path / "2.mem", base))
