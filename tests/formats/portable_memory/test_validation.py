"""Every rule has a bundle that breaks it; the format's own bundles break none (dossier 7.1, 10.2, 10.6)."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.rules import MAX_ALIKE, RULES
from satchel.formats.portable_memory.validation import validate
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.trust import tokens
from satchel.trust.secrets import new_key
from tests.formats.portable_memory.made import TEST_KEY, TEST_PUBLIC, episode, tombstone, write

EPISODES = "items/episode.jsonl"
TOMBSTONES = "audit/tombstones.jsonl"
ENTITY = {
    "aliases": [],
    "canonicalName": "Ada",
    "id": "ent_1",
    "sensitivity": "low",
    "summary": "",
    "type": "person",
    "updatedAt": "2026-01-01T00:00:00Z",
}
EDGE = {
    "confidence": 1.0,
    "dstEntityID": "ent_1",
    "edgeType": "knows",
    "evidenceEpisodeIDs": ["ep_1"],
    "id": "edge_1",
    "ingestionTime": "2026-01-01T00:00:00Z",
    "srcEntityID": "ent_1",
    "tValidFrom": "2026-01-01T00:00:00Z",
}
CHUNK = {"id": "chk_1", "position": 0, "resourceID": "res_1", "sensitivity": "low", "text": "Likes tea"}
SECRET = {
    "category": "api",
    "createdAt": "2026-01-01T00:00:00Z",
    "encryptionMetadata": "",
    "id": "sec_1",
    "label": "a key",
    "preview": "…4242",
    "sensitivity": "high",
}

Change = Callable[[Path], object]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write(
        tmp_path / "b.mem", {"episode": [episode(), episode("ep_2", "Lives in Riga")], "entity": [ENTITY], "edge": [EDGE]}
    )


def codes(found: list[Finding], *severities: str) -> set[str]:
    return {finding.code for finding in found if not severities or finding.severity in severities}


def found(path: Path, **options: Any) -> list[Finding]:
    return list(validate(path, **options))


def relist(path: Path, **changes: Any) -> None:
    """Make the manifest and CHECKSUMS true again after a change to the files, as a careful attacker would."""
    manifest = msgspec.json.decode((path / "manifest.json").read_bytes())
    files = [
        manifests.File(str(file.relative_to(path)), hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)
        for folder in ("items", "audit", "embeddings", "provenance")
        for file in sorted((path / folder).rglob("*"))
        if file.is_file()
    ]
    files.sort(key=lambda file: file.path)
    sums = manifests.checksums(files)
    manifest["files"] = [{"bytes": file.bytes, "path": file.path, "sha256": file.sha256} for file in files]
    manifest["bundleDigest"] = manifests.digest_of(sums)
    counts = {file.path[6:-6]: len((path / file.path).read_bytes().split(b"\n")) - 1 for file in files if "items/" in file.path}
    if (path / TOMBSTONES).exists():
        counts["tombstone"] = len((path / TOMBSTONES).read_bytes().split(b"\n")) - 1
    manifest["counts"] = counts
    manifest.update(changes)
    (path / "CHECKSUMS").write_bytes(sums)
    (path / "manifest.json").write_bytes(canonical.encode({k: v for k, v in manifest.items() if v is not ...}, "mem"))


def edit(name: str, before: bytes, after: bytes) -> Change:
    def change(path: Path) -> None:
        data = (path / name).read_bytes()
        assert before in data
        (path / name).write_bytes(data.replace(before, after, 1))
        relist(path)

    return change


def rewrite(name: str, data: bytes, **changes: Any) -> Change:
    def change(path: Path) -> None:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(data)
        relist(path, **changes)

    return change


def line(row: dict[str, Any]) -> bytes:
    return canonical.encode({name: value for name, value in row.items() if value is not None}, "mem") + b"\n"


def dead(**more: Any) -> bytes:
    return line({**tombstone(**more), "derived": manifests_derived()})


def manifests_derived(**more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "chunkIDs": [],
        "edgeIDs": [],
        "embeddingCacheKeys": [],
        "entityIDs": [],
        "episodeLinkCount": 0,
        "factIDs": [],
        "sentenceIDs": [],
    }
    return {**empty, **more}


def manifest_edit(before: bytes, after: bytes) -> Change:
    def change(path: Path) -> None:
        data = (path / "manifest.json").read_bytes()
        assert before in data
        (path / "manifest.json").write_bytes(data.replace(before, after, 1))

    return change


def append(name: str, data: bytes) -> Change:
    def change(path: Path) -> None:
        with (path / name).open("ab") as file:
            file.write(data)

    return change


BROKEN: list[tuple[str, Change]] = [
    ("manifest-missing", lambda path: (path / "manifest.json").unlink()),
    ("manifest-malformed", lambda path: (path / "manifest.json").write_bytes(b"[]")),
    ("manifest-malformed", lambda path: (path / "manifest.json").write_bytes(b"{")),
    ("manifest-malformed", lambda path: (path / "manifest.json").write_bytes(b'{"a":1,"a":2}')),
    ("limit", lambda path: (path / "manifest.json").write_bytes(b"[" * 100_000)),
    ("manifest-field", lambda path: relist(path, conformanceLevel="L4")),
    ("manifest-field", lambda path: relist(path, exportMode="partial")),
    ("manifest-field", lambda path: relist(path, createdAt="now")),
    ("manifest-field", lambda path: relist(path, counts={"episode": -5})),
    ("manifest-field", lambda path: relist(path, coverage={"from": "2026-01-01T00:00:00Z"})),
    ("manifest-field", lambda path: relist(path, generator=...)),
    ("manifest-field", lambda path: relist(path, format="v1.0")),
    ("manifest-field", lambda path: relist(path, format="01.0.0")),
    ("manifest-field", lambda path: relist(path, scopes=["b", "a"])),
    ("manifest-field", lambda path: relist(path, bundleDigest="X" * 64)),
    ("manifest-not-canonical", manifest_edit(b'","', b'", "')),
    ("format-major", lambda path: relist(path, format="2.0.0")),
    ("format-major", lambda path: relist(path, format="9.0.0")),
    ("format-newer", lambda path: relist(path, format="1.99.0")),
    ("level-unfounded", lambda path: rewrite(TOMBSTONES, dead(target="gone"), conformanceLevel="L3")(path)),
    ("capability-unfounded", lambda path: relist(path, capabilities=["signed"])),
    ("unsafe-path", manifest_edit(b"items/edge.jsonl", b"../edge.jsonl")),
    ("unsafe-path", manifest_edit(b"items/edge.jsonl", b"/etc/passwd")),
    ("unsafe-path", manifest_edit(b"items/edge.jsonl", b"items\\\\edge")),
    ("unsafe-path", manifest_edit(b"items/edge.jsonl", b"items/\\u0000x")),
    ("file-missing", lambda path: (path / EPISODES).unlink()),
    ("checksum-mismatch", append(EPISODES, b"\n")),
    ("size-mismatch", append(EPISODES, b"\n")),
    ("unlisted-file", lambda path: (path / "items/more.jsonl").write_bytes(b"{}\n")),
    ("unlisted-file", lambda path: (path / "audit/log.jsonl").write_bytes(b"{}\n")),
    ("unknown-entry", lambda path: (path / "notes.txt").write_bytes(b"x")),
    ("litter", lambda path: (path / "items/.DS_Store").write_bytes(b"x")),
    ("checksums-missing", lambda path: (path / "CHECKSUMS").unlink()),
    ("checksums-mismatch", append("CHECKSUMS", b"\n")),
    ("digest-mismatch", lambda path: relist(path, bundleDigest="0" * 64)),
    ("not-utf8", edit(EPISODES, b"Riga", b"R\xffga")),
    ("blank-line", edit(EPISODES, b"}\n{", b"}\n\n{")),
    ("no-final-newline", lambda path: rewrite(EPISODES, (path / EPISODES).read_bytes()[:-1])(path)),
    ("empty-stream", rewrite("items/category.jsonl", b"")),
    ("malformed-line", edit(EPISODES, b"{", b"")),
    ("malformed-line", rewrite(EPISODES, b"[]\n")),
    ("malformed-line", edit(EPISODES, b'"confidence":0.7', b'"confidence":NaN')),
    ("malformed-line", edit(EPISODES, b'"confidence":0.7', b'"confidence":1e400')),
    ("malformed-line", edit(EPISODES, b"Riga", b"\\ud800")),
    ("malformed-line", lambda path: rewrite(EPISODES, b"\xef\xbb\xbf" + (path / EPISODES).read_bytes())(path)),
    ("name-repeated", edit(EPISODES, b'"id":"ep_2"', b'"id":"ep_2","id":"ep_other"')),
    ("not-canonical", edit(EPISODES, b'"confidence":0.7', b'"confidence": 0.7')),
    ("not-canonical", edit(EPISODES, b'"confidence":0.7', b'"confidence":0.70')),
    ("not-canonical", edit(EPISODES, b"Riga", b"R\\u0069ga")),
    ("not-canonical", edit(EPISODES, b"2026-01-02T03:04:05Z", b"2026-01-02T03:04:05.250Z")),
    ("spec-numbers", edit(EPISODES, b'"confidence":0.7', b'"confidence":0.00005')),
    ("divergent-number", edit(EPISODES, b'"confidence":0.7', b'"confidence":5e-05')),
    ("divergent-number", edit(EPISODES, b'"summary":"Likes tea",', b'"summary":"Likes tea","vaultID":9007199254740993,')),
    ("field", edit(EPISODES, b'"pinned":false,', b"")),
    ("field", edit(EPISODES, b'"accessCount":0', b'"accessCount":true')),
    ("field", edit(EPISODES, b'"actors":[]', b'"actors":[null]')),
    ("field", edit(EPISODES, b'"metadata":{}', b'"metadata":{"n":1}')),
    ("field", rewrite(TOMBSTONES, dead(op="undelete"))),
    ("null-field", edit(EPISODES, b'"sourceType":"note"', b'"sourceType":"note","speaker":null')),
    ("negative-count", edit(EPISODES, b'"accessCount":0', b'"accessCount":-3')),
    ("time", edit(EPISODES, b'"eventTime":"2026-01-02T03:04:05Z"', b'"eventTime":"2026-02-30T03:04:05Z"')),
    ("order", lambda path: rewrite(EPISODES, b"".join(reversed((path / EPISODES).read_bytes().splitlines(True))))(path)),
    ("key-repeated", edit(EPISODES, b'"id":"ep_2"', b'"id":"ep_1"')),
    ("key-blank", edit(EPISODES, b'"id":"ep_1"', b'"id":""')),
    ("key-blank", rewrite(TOMBSTONES, dead(target=""))),
    ("foreign-name", rewrite("items/Episode.jsonl", b"{}\n")),
    ("foreign-name", rewrite("items/nul.jsonl", b"{}\n")),
    ("foreign-line", rewrite("items/vendor.jsonl", b"not json\n")),
    ("not-utf8", rewrite("items/vendor.jsonl", b"\xff\n")),
    ("counts-mismatch", lambda path: relist(path, counts={"episode": 3, "entity": 1, "edge": 1})),
    ("coverage-mismatch", lambda path: relist(path, coverage={"from": "2020-01-01T00:00:00Z", "to": "2026-01-02T03:04:05Z"})),
    ("scopes-mismatch", lambda path: relist(path, scopes=["ctx"])),
    ("dangling", edit("items/edge.jsonl", b'["ep_1"]', b'["ep_9"]')),
    ("dangling", rewrite("items/chunk.jsonl", line(CHUNK))),
    ("tombstoned-row", rewrite(TOMBSTONES, dead(target="ep_1"))),
    ("tombstoned-row", rewrite(TOMBSTONES, dead(target="ent_1", kind="entity"))),
    ("redacted-text", rewrite(TOMBSTONES, dead(target="ep_1", op="redact"))),
    ("tombstone-kind", rewrite(TOMBSTONES, dead(target="x", kind="episodes"))),
    ("tombstone-unsigned", rewrite(TOMBSTONES, dead(target="gone"))),
    ("tombstone-signature", rewrite(TOMBSTONES, dead(target="gone", signature="ed25519:00:00"))),
    ("secret", rewrite("items/secretRef.jsonl", line({**SECRET, "preview": "sk-proj-abcdefghijklmnop"}))),
    ("secret", rewrite("items/secretRef.jsonl", line({**SECRET, "ciphertext": "00ff"}))),
    ("secret-refs", rewrite("items/secretRef.jsonl", line(SECRET))),
    ("evidence-pack", lambda path: relist(path, capabilities=["proof-of-deletion"])),
    ("tombstones-taken", lambda path: relist(path, tombstoneDigest="0" * 64)),
    ("embeddings-name", rewrite("embeddings/vectors.bin", b"\0")),
    ("embeddings-model", rewrite("embeddings/episode.m.vec", b"\0")),
    ("embeddings-flag", rewrite("embeddings/a.m.vec", b"\0")),
    ("embeddings-flag", lambda path: relist(path, embeddingsIncluded=True)),
    ("signature-invalid", lambda path: (path / "manifest.sig").write_bytes(b"ed25519:00:00\n")),
    (
        "signature-unchecked",
        lambda path: (path / "manifest.sig").write_bytes(
            tokens.sign(TEST_KEY, (path / "manifest.json").read_bytes()).encode() + b"\n"
        ),
    ),
]


@pytest.mark.parametrize(("code", "change"), BROKEN, ids=[f"{at}-{code}" for at, (code, _) in enumerate(BROKEN)])
def test_a_bundle_that_breaks_the_rule(bundle: Path, code: str, change: Change) -> None:
    assert found(bundle) == []
    change(bundle)
    told = found(bundle)
    assert code in codes(told), told
    if code in RULES:
        assert {finding.severity for finding in told if finding.code == code} == {RULES[code].severity}


#: Shown elsewhere in this file, or asked for by ``trusted`` alone.
ELSEWHERE = {"not-a-file", "path-repeated", "signature-missing", "signature-untrusted", "tombstone-untrusted"}


def test_every_rule_has_such_a_bundle() -> None:
    assert set(RULES) - {code for code, _ in BROKEN} == ELSEWHERE


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Conformance/fixtures/sample.mem", {"tombstone-unsigned"}),
        ("Conformance/fixtures/sample-1.1.mem", set()),
        ("Conformance/vectors/signed.mem", {"signature-unchecked", "divergent-number"}),
    ],
)
def test_the_formats_own_bundles_are_valid(shared: Path, name: str, told: set[str]) -> None:
    """L0-2, L0-11."""
    findings = found(shared / "conformance/portable-memory" / name)
    assert codes(findings) == told and not codes(findings, "error")


def test_the_signed_vector_and_every_flipped_byte_of_its_manifest(shared: Path, tmp_path: Path) -> None:
    """L3-4."""
    source = shared / "conformance/portable-memory/Conformance/vectors/signed.mem"
    trusted = frozenset({TEST_PUBLIC})
    assert not codes(found(source, trusted=trusted), "error")
    copy = tmp_path / "signed.mem"
    shutil.copytree(source, copy)
    data = (source / "manifest.json").read_bytes()
    for at in range(0, len(data), 7):
        (copy / "manifest.json").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        told = codes(found(copy, trusted=trusted), "error")
        assert told & {"signature-invalid", "manifest-malformed", "manifest-missing"}, at


def test_required_signatures_fail_closed(tmp_path: Path) -> None:
    """L3-3, L3-5, I2."""
    other = new_key()
    trusted = frozenset({TEST_PUBLIC})
    content = {"episode": [episode()]}
    assert not codes(found(write(tmp_path / "a.mem", content, key=TEST_KEY), trusted=trusted), "error")
    assert codes(found(write(tmp_path / "b.mem", content), trusted=trusted)) == {"signature-missing"}
    assert codes(found(write(tmp_path / "c.mem", content, key=other), trusted=trusted)) == {"signature-untrusted"}
    assert "signature-untrusted" in codes(found(tmp_path / "a.mem", trusted=frozenset()))
    for token in (
        b"",
        b"\n",
        b"ed25519:" + TEST_PUBLIC.encode() + b":" + b"0" * 128,
        (tmp_path / "a.mem/manifest.sig").read_bytes().upper(),
    ):
        (tmp_path / "a.mem/manifest.sig").write_bytes(token)
        assert codes(found(tmp_path / "a.mem", trusted=trusted)) == {"signature-invalid"}


def test_tombstone_signatures(tmp_path: Path) -> None:
    """L3-5, G4: the signature covers the raw members, unknown ones too."""
    trusted = frozenset({TEST_PUBLIC})

    def signed(key: Any, **more: Any) -> dict[str, Any]:
        row = {**tombstone("gone"), "derived": manifests_derived(), **more}
        return {**row, "signature": tokens.sign(key, canonical.encode(row, "mem"))}

    def told(row: dict[str, Any]) -> set[str]:
        name = tempfile.mkdtemp(dir=tmp_path)
        return codes(found(write(Path(name) / "b.mem", {"tombstone": [row]}, key=TEST_KEY), trusted=trusted))

    assert told(signed(TEST_KEY)) == set()
    assert told(signed(TEST_KEY, vendor={"n": 1})) == set()
    assert told(signed(new_key())) == {"tombstone-untrusted"}
    assert told({**signed(TEST_KEY), "targetID": "another"}) == {"tombstone-signature"}
    assert told({**signed(TEST_KEY, vendor=1), "deletedAt": "2026-02-03T00:00:00Z"}) == {"tombstone-signature"}
    # The public SDKs sign what they know of a tombstone: members of a vendor's are not covered then (4.4).
    assert told({**signed(TEST_KEY), "vendor": 1}) == set()
    assert told(tombstone("gone")) == {"tombstone-unsigned"}


@pytest.mark.parametrize("name", [EPISODES, "manifest.json", "CHECKSUMS", "items"])
def test_links_are_not_followed(bundle: Path, tmp_path: Path, name: str) -> None:
    """S2, S4: even where they stay inside, or lead to an endless device."""
    for at, target in enumerate((str(tmp_path / "elsewhere"), "/dev/zero")):
        copy = tmp_path / f"copy{at}.mem"
        shutil.copytree(bundle, copy)
        if target != "/dev/zero":
            if (copy / name).is_dir():
                shutil.copytree(copy / name, target)
            else:
                shutil.copy(copy / name, target)
        if (copy / name).is_dir():
            shutil.rmtree(copy / name)
        else:
            (copy / name).unlink()
        (copy / name).symlink_to(target)
        assert codes(found(copy), "error") & {"not-a-file", "file-missing", "unknown-entry"}


def test_a_fifo_does_not_block(bundle: Path) -> None:
    """S3."""
    (bundle / EPISODES).unlink()
    os.mkfifo(bundle / EPISODES)
    assert "not-a-file" in codes(found(bundle), "error")


def test_a_file_that_is_listed_twice(bundle: Path) -> None:
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes())
    (bundle / "manifest.json").write_bytes(canonical.encode({**manifest, "files": manifest["files"] * 2}, "mem"))
    assert "path-repeated" in codes(found(bundle))


def test_limits_are_findings(bundle: Path) -> None:
    """S13."""
    for limits in (
        Limits(member_bytes=100),
        Limits(element_bytes=64),
        Limits(document_bytes=100),
        Limits(archive_members=2),
        Limits(json_depth=1),
    ):
        assert "limit" in codes(found(bundle, limits=limits), "error")


def test_a_line_of_a_hundred_thousand_brackets(bundle: Path) -> None:
    """S10."""
    rewrite("items/vendor.jsonl", b"[" * 100_000 + b"]" * 100_000 + b"\n")(bundle)
    rewrite("items/category.jsonl", b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n")(bundle)
    rewrite("items/core.jsonl", b'{"version":' + b"9" * 5_000 + b"}\n")(bundle)
    assert "limit" in codes(found(bundle), "error")


def test_line_separators_of_unicode_part_no_lines(tmp_path: Path) -> None:
    """Item 11."""
    assert found(write(tmp_path / "b.mem", {"episode": [episode(details="a\u2028b\u0085c\x1ed")]})) == []


def test_many_alike_are_counted(tmp_path: Path) -> None:
    bundle = write(tmp_path / "b.mem", {"episode": [episode(f"ep_{n:03}", accessCount=-1) for n in range(100)]})
    told = [finding for finding in found(bundle) if finding.code == "negative-count"]
    assert len(told) == MAX_ALIKE + 1 and sum(finding.count for finding in told) == 100


def test_references_of_an_incremental_bundle_may_lie_elsewhere(tmp_path: Path) -> None:
    from tests.formats.portable_memory.made import HEAD

    head = msgspec.structs.replace(HEAD, mode="incremental", since=HEAD.created_at)
    assert found(write(tmp_path / "b.mem", {"chunk": [CHUNK]}, head=head)) == []
    assert codes(found(write(tmp_path / "c.mem", {"chunk": [CHUNK]}))) == {"dangling"}


def test_no_finding_holds_what_a_record_says(bundle: Path) -> None:
    for at, (_, change) in enumerate(BROKEN):
        copy = bundle.parent / f"{at}.mem"
        shutil.copytree(bundle, copy)
        change(copy)
        for finding in found(copy):
            assert "Riga" not in str(finding) and "undelete" not in str(finding) and "tea" not in finding.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bytes_changed_anywhere_raise_nothing(bundle: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "b.mem"
        shutil.copytree(bundle, copy)
        file = data.draw(st.sampled_from(sorted(str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file())))
        held = bytearray((copy / file).read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(held)))
            held[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        # Nothing vouches for an unsigned manifest.
        changed = bytes(held) != (copy / file).read_bytes() and file != "manifest.json"
        (copy / file).write_bytes(held)
        told = found(copy)
        if changed:
            assert told


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_manifest_raises_nothing(bundle: Path, data: bytes) -> None:
    (bundle / "manifest.json").write_bytes(data)
    assert codes(found(bundle), "error")


def test_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "missing"):
        assert codes(found(tmp_path / name), "error") == {"input"}
