"""Bundles that a probe makes are the format's, byte for byte, by two independent judges: the fixtures and the public SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import portable_memory as sdk
import pytest

from satchel.errors import CanonicalError, MalformedInput
from satchel.move.certify import bundles, canonical, signing, snapshots
from satchel.move.certify.cases.kinds import specimen
from satchel.move.certify.kinds import FIELDS, NATIVE, key_of, row, skeleton, typed
from satchel.move.certify.needles import Needles
from satchel.move.certify.scene import Scene


@pytest.fixture
def fixtures(shared: Path) -> Path:
    return shared / "conformance" / "portable-memory" / "Conformance"


def whole() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    needles = Needles("bundles")
    for kind in NATIVE:
        for of, made in specimen(kind, needles.needle(), needles.word())[0].items():
            rows.setdefault(of, []).extend(made)
    return rows


def test_canonical_golden_vectors(fixtures: Path) -> None:
    cases = json.loads((fixtures / "vectors" / "canonical-json.json").read_text())["vectors"]
    assert len(cases) == 26
    for case in cases:
        assert canonical.encode(case["input"]).decode() == case["canonical"], case["name"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e16, "1e+16"), (10**16, "10000000000000000"), (5e-5, "5e-05"), (1.5e-7, "1.5e-07"), (-0.0, "0"), (-3.0, "-3")],
)
def test_numbers_that_no_vector_covers(value: float, text: str) -> None:
    assert canonical.encode({"a": [value]}).decode() == f'{{"a":[{text}]}}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}, object()])
def test_what_has_no_canonical_bytes(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical.encode([value])


def test_fields_are_the_schemas(shared: Path) -> None:
    folder = shared / "conformance" / "portable-memory" / "Schemas"
    for kind in NATIVE:
        schema = json.loads((folder / f"{kind}.schema.json").read_text())
        assert set(schema["properties"]) == set(FIELDS[kind]), kind
        assert set(schema["required"]) == {name for name, type in FIELDS[kind].items() if not type.endswith("?")}, kind


def test_the_sdk_takes_what_is_written(tmp_path: Path) -> None:
    mark = bundles.tombstone("episode", "gone", id="tomb_1")
    folder = bundles.write(tmp_path / "a.mem", {**whole(), "x-thing": [b' {"id": "a"} ']}, [mark], signed_by=bytes(range(32)))
    key = sdk.PortableVerifyingKey(bytes.fromhex(signing.public_key(bytes(range(32)))))
    found = sdk.BundleValidator().validate(str(folder), trusted_keys=[key])
    assert found.issues == []
    assert snapshots.faults(snapshots.read_verified(folder, trusted=[key.hex])) == []


def test_the_sdk_writes_the_same_bytes(tmp_path: Path) -> None:
    from tests.interop.portable_memory_host import FullStore

    mark = bundles.tombstone("episode", "gone", id="tomb_1", reason="asked")
    ours = bundles.write(tmp_path / "ours.mem", whole(), [mark])
    store = FullStore()
    sdk.BundleImporter().import_bundle(store, str(ours))
    sdk.BundleExporter().export(store, str(tmp_path / "theirs.mem"))
    mine, theirs = snapshots.read(ours), snapshots.read(tmp_path / "theirs.mem")
    assert mine.files == theirs.files
    freed = {"createdAt", "generator"}
    assert {name: value for name, value in mine.manifest.items() if name not in freed} == {
        name: value for name, value in theirs.manifest.items() if name not in freed
    }


def test_the_fixtures_hold(fixtures: Path) -> None:
    found = sorted(path.parent for path in fixtures.rglob("manifest.json"))
    assert len(found) >= 3
    for folder in found:
        assert snapshots.faults(snapshots.read_verified(folder)) == [], folder.name


def test_a_published_signature_verifies(fixtures: Path) -> None:
    key = json.loads((fixtures / "vectors" / "signing-test-key.json").read_text())
    folder = next(path.parent for path in fixtures.rglob("manifest.sig"))
    assert signing.public_key(bytes.fromhex(key["privateKeyHex"])) == key["publicKeyHex"]
    snapshots.read_verified(folder, trusted=[key["publicKeyHex"]])
    with pytest.raises(MalformedInput, match="no trusted key"):
        snapshots.read_verified(folder, trusted=["00" * 32])


def test_the_sdk_agrees_on_tombstone_signatures() -> None:
    from portable_memory.signing import tombstone_signature_valid

    mark = bundles.tombstone("episode", "gone", id="tomb_1", signed_by=signing.seed("a"), vendorCase=[1])
    theirs = sdk.from_wire(sdk.Tombstone, mark)
    key = sdk.PortableVerifyingKey(bytes.fromhex(signing.public_key(signing.seed("a"))))
    assert tombstone_signature_valid(theirs, [key])
    assert signing.tombstone_signer(mark, [key.hex]) == key.hex
    assert signing.tombstone_signer({**mark, "targetID": "other"}, [key.hex]) is None
    assert signing.tombstone_signer(mark, []) is None


def test_an_empty_bundle_has_one_newline_of_checksums(tmp_path: Path) -> None:
    folder = bundles.write(tmp_path / "a.mem", {})
    assert (folder / "CHECKSUMS").read_bytes() == b"\n"
    manifest = snapshots.read_verified(folder).manifest
    assert manifest["bundleDigest"] == "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"


def test_a_needle_is_found_in_every_spelling() -> None:
    import base64

    needle = Needles("spelling").needle()
    for prefix in ("", "a", "ab", "abc"):
        assert needle.in_bytes(b"..." + base64.b64encode((prefix + needle.text).encode())) == "base64"
    assert needle.in_bytes(needle.text.encode("utf-16")) == "utf-16"
    assert needle.in_bytes(json.dumps(needle.name).encode()) == "escaped"
    assert needle.in_bytes(needle.token.encode().hex().encode()) == "hex"
    assert needle.in_bytes(b"lanterns in the harbour loft") == ""
    assert Needles("a").needle() == Needles("a").needle() != Needles("b").needle()


def test_a_skeleton_has_no_text() -> None:
    scene = Scene.make(Needles("skeleton"))
    bare = skeleton("episode", scene.target_row(vendor=scene.needle.text))
    assert not scene.needle.in_text(str(bare))
    assert typed("episode", bare) == bare
    assert bare["id"] == scene.target


def test_keys_of_rows_without_an_id() -> None:
    link = row("factLink", srcFactID="a", dstFactID='b"', linkType="refines")
    assert key_of("factLink", link) == '["a","b\\"","refines"]'
    assert key_of("preference", row("preference", key="tea")) == "tea"
    assert key_of("category", row("category", name="food")) == "food"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("episode", {"accessCount": 1.5}),
        ("episode", {"accessCount": True}),
        ("episode", {"pinned": 0}),
        ("episode", {"actors": [None]}),
        ("episode", {"metadata": {"a": 1}}),
        ("episode", {"eventTime": "yesterday"}),
        ("episode", {"eventTime": "2026-13-01T00:00:00Z"}),
        ("episode", {"details": None}),
        ("fact", {"confidence": "high"}),
    ],
)
def test_wrong_types_are_refused(kind: str, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput):
        typed(kind, {**row(kind), **change})
