"""Written bundles: byte for byte, in any order, whole or not at all (dossier 0, 1, 8 L0)."""

from __future__ import annotations

import hashlib
import random
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from satchel.errors import OutputError
from satchel.formats.portable_memory import moments, sorting
from satchel.formats.portable_memory.bundle import foreign_name
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.validation import validate
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.trust import tokens
from tests.formats.portable_memory.made import HEAD, TEST_KEY, TEST_PUBLIC, contents, episode, files, tombstone, write

FIXTURES = "conformance/portable-memory/Conformance/fixtures"


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def again(source: Path, target: Path, head: Head) -> Path:
    """The bundle written anew from its own rows."""
    with BundleWriter(target, head) as writer:
        for path in sorted((source / "items").glob("*.jsonl")):
            for line in lines(path):
                if path.stem in KINDS:
                    writer.add(path.stem, msgspec.json.decode(line))
                else:
                    writer.add_foreign(path.stem, [line])
        for line in lines(source / "audit/tombstones.jsonl"):
            writer.add_tombstone(msgspec.json.decode(line))
        writer.finish()
    return target


def head_of(source: Path) -> Head:
    said = msgspec.json.decode((source / "manifest.json").read_bytes())
    return Head(
        created_at=moments.read(said["createdAt"]),  # type: ignore[arg-type]
        generator=said["generator"],
        level=said["conformanceLevel"],
        schema_version=said["schemaVersion"],
        embedding_model=said["embeddingModel"],
        embedding_dim=said["embeddingDim"],
        capabilities=tuple(said["capabilities"]),
    )


def test_the_1_1_sample_comes_out_byte_for_byte(shared: Path, tmp_path: Path) -> None:
    source = shared / FIXTURES / "sample-1.1.mem"
    assert files(again(source, tmp_path / "out.mem", head_of(source))) == files(source)


def test_the_1_0_samples_data_comes_out_byte_for_byte(shared: Path, tmp_path: Path) -> None:
    source = shared / FIXTURES / "sample.mem"
    written = files(again(source, tmp_path / "out.mem", head_of(source)))
    expected = files(source)
    del written["manifest.json"], expected["manifest.json"]
    assert written == expected


def test_signing_makes_the_vectors_signature_scheme(tmp_path: Path) -> None:
    """L3-3: the token is over the exact bytes of manifest.json; ``signed`` is the last capability."""
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]}, key=TEST_KEY)
    manifest = (bundle / "manifest.json").read_bytes()
    token = (bundle / "manifest.sig").read_bytes()
    assert len(token) == 202 and token.endswith(b"\n")
    assert tokens.verify(token, manifest, frozenset({TEST_PUBLIC})) == ("valid", TEST_PUBLIC)
    assert msgspec.json.decode(manifest)["capabilities"][-1] == "signed"


def test_an_empty_bundle(tmp_path: Path) -> None:
    """Items 3 and 4."""
    bundle = write(tmp_path / "b.mem", {})
    assert (bundle / "CHECKSUMS").read_bytes() == b"\n"
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes())
    assert manifest["bundleDigest"] == "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"
    assert (bundle / "items").is_dir() and (bundle / "audit").is_dir()
    assert manifest["counts"] == {} and "coverage" not in manifest and "scopes" not in manifest
    assert not any(finding.severity == "error" for finding in validate(bundle))


@settings(max_examples=60, deadline=None)
@given(contents())
def test_what_is_written_is_valid_and_the_order_of_rows_does_not_matter(content: dict[str, list[dict[str, Any]]]) -> None:
    """L0-3 to L0-7."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = files(write(folder / "one.mem", content))
        mixed = [(kind, row) for kind, items in content.items() for row in items]
        random.Random(7).shuffle(mixed)
        shuffled: dict[str, list[dict[str, Any]]] = {}
        for kind, row in mixed:
            shuffled.setdefault(kind, []).append(row)
        assert files(write(folder / "two.mem", shuffled)) == one
        told = [finding for finding in validate(folder / "one.mem") if finding.severity == "error"]
        # A made-up preview is longer than a masked hint.
        assert [finding for finding in told if finding.code != "secret"] == []
        for path, data in one.items():
            if path.endswith(".jsonl"):
                assert data.endswith(b"\n") and not data.endswith(b"\n\n")
        listed = msgspec.json.decode(one["manifest.json"])["files"]
        assert [entry["path"] for entry in listed] == sorted(path for path in one if "/" in path)
        sums = "".join(f"{hashlib.sha256(one[entry['path']]).hexdigest()}  {entry['path']}\n" for entry in listed) or "\n"
        assert one["CHECKSUMS"] == sums.encode()


def test_streams_larger_than_memory_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = files(write(tmp_path / "one.mem", {"episode": [episode(f"ep_{n:03}") for n in range(200)]}))
    monkeypatch.setattr(sorting, "RUN_BYTES", 1)
    numbers = list(range(200))
    random.Random(1).shuffle(numbers)
    monkeypatch.setattr(sorting.SortedLines.__init__, "__kwdefaults__", {"run_bytes": 3000})
    assert files(write(tmp_path / "two.mem", {"episode": [episode(f"ep_{n:03}") for n in numbers]})) == expected


def test_episodes_sort_by_id_other_kinds_by_line(tmp_path: Path) -> None:
    """Items 17 and 18: numbers compare as text."""
    edges = [
        {
            "confidence": value,
            "dstEntityID": "b",
            "edgeType": "t",
            "evidenceEpisodeIDs": [],
            "id": f"edge_{at}",
            "ingestionTime": "2026-01-01T00:00:00Z",
            "srcEntityID": "a",
            "tValidFrom": "2026-01-01T00:00:00Z",
        }
        for at, value in enumerate([0.9, 1.0, 1e-07, -0.5, 0.25, 0.5])
    ]
    bundle = write(tmp_path / "b.mem", {"episode": [episode("b", "A"), episode("a", "Z")], "edge": edges})
    assert [msgspec.json.decode(line)["id"] for line in lines(bundle / "items/episode.jsonl")] == ["a", "b"]
    confidences = [line.split(b",")[0].split(b":")[1] for line in lines(bundle / "items/edge.jsonl")]
    assert confidences == [b"-0.5", b"0.25", b"0.5", b"0.9", b"1", b"1e-07"]


def test_foreign_members_stay_and_absent_ones_are_left_out(tmp_path: Path) -> None:
    row = episode(vendorScore=1.0, vendorNull=None, speaker=None, contextID="ctx")
    bundle = write(tmp_path / "b.mem", {"episode": [row]})
    found = msgspec.json.decode(lines(bundle / "items/episode.jsonl")[0])
    assert found["vendorScore"] == 1 and found["vendorNull"] is None and "speaker" not in found
    assert msgspec.json.decode((bundle / "manifest.json").read_bytes())["scopes"] == ["ctx"]


def test_a_vendors_lines_are_verbatim_and_in_order(tmp_path: Path) -> None:
    wanted = [b'{"b":1, "a":2}', b"  not json ", b'{"id":"x"}\r']
    with BundleWriter(tmp_path / "b.mem", HEAD) as writer:
        writer.add_foreign("vendorThing", wanted[:2])
        writer.add_foreign("vendorThing", wanted[2:])
        writer.finish()
    assert lines(tmp_path / "b.mem/items/vendorThing.jsonl") == wanted


@pytest.mark.parametrize(
    "name",
    [
        "../../pwned",
        "a/b",
        "vendor:thing",
        "x\ny",
        "",
        ".hidden",
        "Episode",
        "tombstone",
        "audit",
        "con",
        "NUL.x",
        "é",
        "a" * 65,
    ],
)
def test_a_vendors_kind_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    """S1: the reference writes ../../pwned."""
    assert not foreign_name(name, frozenset(kind.lower() for kind in KINDS))
    with BundleWriter(tmp_path / "b.mem", HEAD) as writer, pytest.raises(OutputError):
        writer.add_foreign(name, [b"{}"])


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x"},
        episode(confidence="high"),
        episode(eventTime="yesterday"),
        episode(eventTime="2026-01-01T00:00:00.5Z"),
        episode(metadata={"n": 1}),
        episode(vendor=float("nan")),
        episode(vendor="\ud800"),
        episode(details=None),
    ],
)
def test_a_row_that_is_not_as_the_format_has_it_leaves_nothing(tmp_path: Path, row: dict[str, Any]) -> None:
    """S8: the reference deletes what was there, then fails."""
    before = files(write(tmp_path / "b.mem", {"episode": [episode()]}))
    with BundleWriter(tmp_path / "b.mem", HEAD) as writer, pytest.raises(OutputError):
        writer.add("episode", row)
    assert files(tmp_path / "b.mem") == before
    assert [path.name for path in tmp_path.iterdir()] == ["b.mem"]


def test_another_folders_files_are_never_touched(tmp_path: Path) -> None:
    """S9: the reference clears items/ and audit/ of any folder."""
    project = tmp_path / "project"
    (project / "items").mkdir(parents=True)
    (project / "items/precious.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        BundleWriter(project, HEAD)
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    (bundle / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        BundleWriter(bundle, HEAD)
    assert (project / "items/precious.txt").read_text() == "mine" and (bundle / "notes.txt").exists()


def test_an_earlier_bundle_of_ours_is_replaced_whole(tmp_path: Path) -> None:
    """L0-9."""
    write(tmp_path / "b.mem", {"episode": [episode()], "tombstone": [tombstone("x")]})
    after = files(write(tmp_path / "b.mem", {"category": [{"description": "d", "name": "n"}]}))
    assert sorted(after) == ["CHECKSUMS", "items/category.jsonl", "manifest.json"]


def test_it_is_for_the_owner_alone(tmp_path: Path) -> None:
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    modes = {stat.S_IMODE(path.stat().st_mode) for path in bundle.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_an_evidence_pack(tmp_path: Path) -> None:
    """Dossier 6.3."""
    edge = {
        "confidence": 1.0,
        "dstEntityID": "b",
        "edgeType": "t",
        "evidenceEpisodeIDs": ["ep"],
        "id": "e",
        "ingestionTime": "2026-01-01T00:00:00Z",
        "srcEntityID": "a",
        "tValidFrom": "2026-01-01T00:00:00Z",
    }
    head = Head(created_at=HEAD.created_at, generator="satchel/test", level="L3", capabilities=("evidence-pack",))
    with BundleWriter(tmp_path / "pack.mem", head, evidence=True) as writer:
        writer.add_tombstone(tombstone())
        writer.add_audit({"actor": "me", "op": "delete", "targetID": "ep_1", "ts": "2026-01-01T00:00:00Z"})
        writer.add_provenance(edge)
        with pytest.raises(OutputError):
            writer.add("episode", episode())
        manifest = writer.finish()
    assert sorted(path for path in files(tmp_path / "pack.mem") if "/" in path) == [
        "audit/log.jsonl",
        "audit/tombstones.jsonl",
        "provenance/edges.jsonl",
    ]
    assert manifest["counts"] == {"audit": 1, "provenanceEdge": 1, "tombstone": 1}
    assert not (tmp_path / "pack.mem/items").exists()
    assert not [finding for finding in validate(tmp_path / "pack.mem") if finding.severity == "error"]
