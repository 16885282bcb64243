"""Bundles that go to the public SDK and come back, and its own that come to us: identical bytes (dossier 0, 8 L1)."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import portable_memory as pm
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from satchel.formats.portable_memory.kinds import KINDS, TOMBSTONE
from satchel.formats.portable_memory.validation import validate
from satchel.formats.portable_memory.writer import BundleWriter
from tests.formats.portable_memory.made import HEAD, TEST_KEY, TEST_PUBLIC, contents, episode, files, plain, rows, texts, write
from tests.interop.sdk_store import through

#: Members that no kind has: the SDK keeps them on episodes, and there only those that are not null.
foreign_members = st.dictionaries(
    st.sampled_from(["vendorA", "zzz", "é"]),
    st.integers(-(2**70), 2**70) | texts | st.floats(allow_nan=False, allow_infinity=False),
)


def data_of(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in files(folder).items() if path.endswith(".jsonl") or path == "CHECKSUMS"}


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Content that the SDK can hold: no row that its own tombstones delete, years that it can read again."""
    content = draw(contents())
    for row in content.get("episode", []):
        row.update(draw(foreign_members))
    if draw(st.booleans()):
        tombstones = draw(st.lists(rows(TOMBSTONE), max_size=3, unique_by=lambda row: row["id"]))
        for number, row in enumerate(tombstones):
            row.update(targetID=f"gone-{number}-\u0000", signature=None)
            lists = {name: [f"gone-{id}\u0000" for id in ids] for name, ids in row["derived"].items() if isinstance(ids, list)}
            row["derived"] = {**row["derived"], **lists}
        content["tombstone"] = [{name: value for name, value in row.items() if value is not None} for row in tombstones]
    return content


def _readable(content: dict[str, list[dict[str, Any]]]) -> bool:
    """Item 16: years below 1000 come out of the SDK in fewer digits."""
    kinds = {**KINDS, "tombstone": TOMBSTONE}
    return all(
        not str(row.get(name, "1")).startswith("0")
        for kind, items in content.items()
        for row in items
        for name in kinds[kind].times
    )


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds().filter(_readable))
@example({"episode": [episode(details="a\u2028b\u0085\x0b", vendor=1.0, speaker=None)]})
def test_ours_to_the_sdk_and_back(content: dict[str, list[dict[str, Any]]]) -> None:
    """1,000 bundles over both directions, each of up to five kinds of the fifteen."""
    with tempfile.TemporaryDirectory() as name:
        ours = write(Path(name) / "ours.mem", content)
        assert pm.BundleValidator().validate(ours).issues == []
        theirs = through(ours, Path(name) / "theirs.mem")
        assert data_of(theirs) == data_of(ours)
        # And from the SDK to us and back.
        assert not [finding for finding in validate(theirs) if finding.severity == "error" and finding.code != "secret"]
        mine = again(theirs, Path(name) / "again.mem")
        assert data_of(mine) == data_of(theirs)
        assert data_of(through(mine, Path(name) / "last.mem")) == data_of(theirs)


def again(source: Path, target: Path) -> Path:
    """The bundle written anew by us from its own rows."""
    with BundleWriter(target, HEAD) as writer:
        for path in sorted((source / "items").glob("*.jsonl")):
            for line in path.read_bytes().split(b"\n")[:-1]:
                if path.stem in KINDS:
                    writer.add(path.stem, msgspec.json.decode(line))
                else:
                    writer.add_foreign(path.stem, [line])
        if (source / "audit/tombstones.jsonl").exists():
            for line in (source / "audit/tombstones.jsonl").read_bytes().split(b"\n")[:-1]:
                writer.add_tombstone(msgspec.json.decode(line))
        writer.finish()
    return target


def test_every_kind_at_once_and_a_vendors(tmp_path: Path) -> None:
    """L1-1 to L1-3, with all fifteen kinds, foreign members and a foreign kind with blanks around its lines."""
    content = {name: [plain(kind)] for name, kind in KINDS.items()}
    content["episode"] = [episode(vendor={"n": [1, 2.5, None], "ü": "x"})]
    with BundleWriter(tmp_path / "ours.mem", HEAD) as writer:
        for kind, items in content.items():
            for row in items:
                writer.add(kind, row)
        writer.add_foreign("vendorThing", [b'  {"id":"v", "n": 1.0}  ', b"not json\r"])
        writer.finish()
    ours = tmp_path / "ours.mem"
    assert len(msgspec.json.decode((ours / "manifest.json").read_bytes())["counts"]) == 16
    assert data_of(through(ours, tmp_path / "theirs.mem")) == data_of(ours)
    assert data_of(again(tmp_path / "theirs.mem", tmp_path / "again.mem")) == data_of(ours)


def test_the_manifest_is_the_sdks_but_for_who_and_when(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours.mem", {"episode": [episode(contextID="ctx")]})
    theirs = through(ours, tmp_path / "theirs.mem")
    mine, other = (msgspec.json.decode((path / "manifest.json").read_bytes()) for path in (ours, theirs))
    for manifest in (mine, other):
        del manifest["generator"], manifest["createdAt"]
    assert mine == other


def test_signatures_hold_both_ways(tmp_path: Path) -> None:
    """L3-3."""
    ours = write(tmp_path / "ours.mem", {"episode": [episode()]}, key=TEST_KEY)
    trusted = [pm.PortableVerifyingKey(bytes.fromhex(TEST_PUBLIC))]
    assert pm.BundleValidator().validate(ours, trusted).issues == []
    store = pm.InMemoryStore()
    pm.BundleImporter().import_bundle(store, ours, trusted_keys=trusted)
    pm.BundleExporter().export(store, tmp_path / "theirs.mem", signing_key=pm.PortableSigningKey(TEST_KEY.reveal()))
    assert not [f for f in validate(tmp_path / "theirs.mem", trusted=frozenset({TEST_PUBLIC})) if f.severity == "error"]
    (ours / "manifest.json").write_bytes((ours / "manifest.json").read_bytes().replace(b"L2", b"L1"))
    assert pm.BundleValidator().validate(ours, trusted).issues


@pytest.mark.parametrize(
    ("change", "sdk_finds"),
    [
        (b'"confidence":0.7' + b"|" + b'"confidence":NaN', False),
        (b'"confidence":0.7' + b"|" + b'"confidence":1e400', False),
        (b'"id":"ep_1"' + b"|" + b'"id":"ep_1","id":"ep_2"', False),
        (b'"accessCount":0' + b"|" + b'"accessCount":-3', False),
        (b"tea|t\xff\xfea", False),
        (b"{|{ ", False),
        (b'"pinned":false,|', True),
    ],
)
def test_what_the_reference_validator_lets_pass(tmp_path: Path, change: bytes, sdk_finds: bool) -> None:
    """Dossier 7.1, "Not checked", and S11: ours tells of each."""
    from tests.formats.portable_memory.test_validation import EPISODES, relist

    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    before, after = change.split(b"|")
    path = bundle / EPISODES
    path.write_bytes(path.read_bytes().replace(before, after, 1))
    relist(bundle)
    assert bool(pm.BundleValidator().validate(copy.copy(bundle)).issues) is sdk_finds
    assert [finding for finding in validate(bundle) if finding.severity == "error"]
