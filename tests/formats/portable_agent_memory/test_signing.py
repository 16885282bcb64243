"""Signing and verifying files: whose key, which verdict, what the seal catches, and that nothing is left half written."""

from __future__ import annotations

import copy
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from satchel.errors import InputError, LimitExceeded, MalformedInput, UsageError
from satchel.formats.portable_agent_memory import FORMAT, wire
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.profiles import SDK, SPEC, Profile
from satchel.formats.portable_agent_memory.sealing import resign
from satchel.formats.portable_agent_memory.signatures import KEY_ID, SEAL, key_id
from satchel.formats.signing import SignOptions, Trust
from satchel.limits import DEFAULT
from satchel.trust.signatures import ALGORITHMS, PrivateKey, generate
from tests.formats.portable_agent_memory import judge
from tests.formats.portable_agent_memory.made import OPERATOR, OTHER, WRITABLE, artifact, entries

TRUST = Trust(keys={OPERATOR.public: "operator"})
EVERY = pytest.mark.parametrize("profile", WRITABLE, ids=lambda profile: profile.name)


def write(path: Path, made: Any, encoding: Any = "json") -> Path:
    path.write_bytes(wire.serialise(made, encoding))
    return path


def sign(path: Path, key: PrivateKey = OPERATOR, **options: Any) -> list[str]:
    return [finding.code for finding in FORMAT.sign(path, key, options=SignOptions(**options), limits=DEFAULT)]


def verdict(path: Path, trust: Trust = TRUST) -> str:
    return FORMAT.verify(path, trust=trust, limits=DEFAULT).verdict


@EVERY
@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_a_file_is_signed_in_its_own_encoding(profile: Profile, encoding: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.pam", artifact(profile, key=None, metadata={"kept": 1}), encoding)
    before = path.read_bytes()
    assert verdict(path) == "unsigned"
    assert sign(path) == []
    after = path.read_bytes()
    assert after[:4] == before[:4]
    found = FORMAT.verify(path, trust=TRUST, limits=DEFAULT)
    assert (found.verdict, found.holds, found.key, found.name) == ("verified", True, OPERATOR.public, "operator")
    assert found.key_id == key_id(OPERATOR.public)
    assert {step.name: step.outcome for step in found.steps} == dict.fromkeys(
        ("profile", "version", "sizes", "schema", "root", "signature", "entries", "provenance", "order", "seal"), "passed"
    )
    assert wire.parse(after).metadata["kept"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.pam"]
    # Signing again changes nothing: there is no clock in it.
    assert sign(path) == []
    assert path.read_bytes() == after
    if profile is SDK:
        envelope = judge.load(after)
        assert judge.integrity(envelope)
        assert judge.signature(envelope, OPERATOR.public.data)


@EVERY
def test_only_a_trusted_key_verifies(profile: Profile, tmp_path: Path) -> None:
    path = write(tmp_path / "a.pam", artifact(profile))
    assert verdict(path) == "verified"
    assert verdict(path, Trust()) == "untrusted"
    assert verdict(path, Trust(keys={OTHER.public: ""})) == "untrusted"
    many = {generate(ALGORITHMS["Ed25519"]).public: "" for _ in range(20)}
    assert verdict(path, Trust(keys={**many, generate(ALGORITHMS["ES256"]).public: "", OPERATOR.public: "o"})) == "verified"
    told = FORMAT.verify(path, trust=Trust(), limits=DEFAULT)
    assert told.key == OPERATOR.public
    assert told.holds


def test_the_hint_only_says_which_key_to_try_first(tmp_path: Path) -> None:
    made = artifact(SDK)
    for hint in ("k:0000000000000000", key_id(OTHER.public), 7, None, {"x": []}):
        envelope = copy.deepcopy(made.envelope)
        envelope["metadata"] = {KEY_ID: hint}
        changed = msgspec.structs.replace(made, envelope=envelope)
        report = check(changed, keys=[OTHER.public, OPERATOR.public])
        assert (report.signature, report.key) == ("valid", OPERATOR.public)


def test_a_rotated_key_and_one_that_is_trusted_no_more(tmp_path: Path) -> None:
    """Rotation: the retired key still verifies while it is trusted; distrusted, nothing of it does, whatever its date says."""
    path = write(tmp_path / "a.pam", artifact(SDK))
    assert verdict(path, Trust(keys={OTHER.public: "new", OPERATOR.public: "retired"})) == "verified"
    assert verdict(path, Trust(keys={OTHER.public: "new"})) == "untrusted"
    unsealed = msgspec.structs.replace(artifact(SDK), envelope={**artifact(SDK).envelope, "metadata": {}})
    write(path, unsealed)
    found = FORMAT.verify(path, trust=Trust(keys={OTHER.public: "new"}), limits=DEFAULT)
    assert found.verdict == "invalid"
    assert ("signature", "failed", "PAM_INVALID_SIGNATURE") in [(step.name, step.outcome, step.code) for step in found.steps]


@EVERY
@pytest.mark.parametrize("member", ["source_agent", "created_at", "capability_tokens", "metadata", "pam_version", "novelty"])
def test_the_seal_catches_what_the_signature_leaves_open(profile: Profile, member: str, tmp_path: Path) -> None:
    """Dossier 12.2 no. 1 and 12.5 no. 3. Without the seal the same change verifies, and is told to be on nobody's word."""
    made = artifact(profile, tokens=({"id": "t"},), metadata={"note": 1})
    envelope = copy.deepcopy(made.envelope)
    match member:
        case "source_agent":
            envelope[member]["name"] = "somebody else"
        case "created_at":
            envelope[member] = "2026-01-01T00:00:00Z"
        case "capability_tokens":
            envelope[member] = []
        case "metadata":
            envelope[member]["note"] = 2
        case "pam_version":
            envelope[member] = "1.1"
        case _:
            envelope[member] = True
    path = write(tmp_path / "a.pam", msgspec.structs.replace(made, envelope=envelope))
    assert verdict(path) == "invalid"
    codes = {finding.code for finding in FORMAT.validate(path, limits=DEFAULT) if finding.severity == "error"}
    assert "PAM_INVALID_SIGNATURE" in codes
    bare = copy.deepcopy(envelope)
    bare["metadata"] = {name: value for name, value in bare["metadata"].items() if name not in (SEAL, KEY_ID)}
    if profile.name == "schema-1.0" and member == "novelty":
        return
    write(path, msgspec.structs.replace(made, envelope=bare))
    found = FORMAT.verify(path, trust=TRUST, limits=DEFAULT)
    assert found.verdict == "verified"
    assert any(member in line for line in found.unproven)


def test_a_seal_cannot_be_carried_over(tmp_path: Path) -> None:
    one, other = artifact(SDK, metadata={"n": 1}), artifact(SDK, metadata={"n": 2})
    envelope = copy.deepcopy(one.envelope)
    envelope["metadata"][SEAL] = other.metadata[SEAL]
    assert not check(msgspec.structs.replace(one, envelope=envelope)).sealed
    by_other = artifact(SDK, metadata={"n": 1}, key=OTHER)
    envelope = copy.deepcopy(one.envelope)
    envelope["metadata"] = by_other.metadata
    report = check(msgspec.structs.replace(one, envelope=envelope), keys=[OPERATOR.public, OTHER.public])
    assert report.verdict() == "PAM_INVALID_SIGNATURE"


def test_replacing_somebodys_signature_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pam", artifact(SDK, key=OTHER))
    assert sign(path) == ["signature-replaced"]
    assert verdict(path) == "verified"


@pytest.mark.parametrize("stage", ["root", "entries", "provenance", "schema", "order", "junk"])
def test_what_is_broken_is_not_signed(stage: str, tmp_path: Path) -> None:
    made = artifact(SPEC)
    envelope = copy.deepcopy(made.envelope)
    components = envelope["components"]
    if stage == "root":
        components["identity"] = []
    elif stage == "entries":
        components["identity"][0]["language"] = "de"
    elif stage == "provenance":
        values = entries(SPEC)
        values["identity"][0]["parent_ids"] = ["blake3:" + "0" * 64]
        envelope = artifact(SPEC, values).envelope
    elif stage == "schema":
        envelope = artifact(SPEC, {"identity": [{"parent_ids": []}]}).envelope
    elif stage == "order":
        components["episodic"].reverse()
        envelope = resign(msgspec.structs.replace(made, envelope=envelope), OPERATOR).envelope
    path = write(tmp_path / "a.pam", msgspec.structs.replace(made, envelope=envelope))
    if stage == "junk":
        path.write_bytes(b'{"pam_version": ')
    before = path.read_bytes()
    with pytest.raises(MalformedInput):
        sign(path)
    assert path.read_bytes() == before


def test_what_the_format_does_not_take(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pam", artifact(SDK))
    with pytest.raises(UsageError, match="Ed25519"):
        sign(path, generate(ALGORITHMS["ES256"]))
    with pytest.raises(UsageError, match="DID"):
        sign(path, did="key")
    path.write_text(json.dumps({"version": "1.0", "episodic": [], "root_hash": "sha256:" + "0" * 64}))
    with pytest.raises(UsageError, match="browser"):
        sign(path)


def test_a_link_is_signed_where_it_leads(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pam", artifact(SDK, key=None))
    link = tmp_path / "link.pam"
    link.symlink_to(path)
    sign(link)
    assert link.is_symlink()
    assert verdict(path) == verdict(link) == "verified"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        FORMAT.verify(tmp_path / "none", trust=TRUST, limits=DEFAULT)
    with pytest.raises(InputError):
        FORMAT.verify(tmp_path, trust=TRUST, limits=DEFAULT)
    path = write(tmp_path / "a.pam", artifact(SDK))
    small = msgspec.structs.replace(DEFAULT, artifact_bytes=100)
    with pytest.raises(LimitExceeded, match="PAM_TOO_LARGE"):
        FORMAT.verify(path, trust=TRUST, limits=small)
    assert [finding.code for finding in FORMAT.validate(path, limits=small)] == ["PAM_TOO_LARGE"]
    assert [finding.code for finding in FORMAT.validate(tmp_path / "none", limits=DEFAULT)] == ["unreadable"]
    (tmp_path / "empty").mkdir()
    assert [finding.code for finding in FORMAT.validate(tmp_path / "empty", limits=DEFAULT)] == ["unreadable"]
    assert [finding.code for finding in FORMAT.validate(Path("a\0b"), limits=DEFAULT)] == ["unreadable"]


def test_findings_name_the_file_and_the_place(tmp_path: Path) -> None:
    values = entries(SPEC)
    values["episodic"][1]["actor"] = "nobody"
    path = write(tmp_path / "a.pam", artifact(SPEC, values))
    found = list(FORMAT.validate(path, limits=DEFAULT))
    assert [(finding.code, str(finding.place)) for finding in found] == [
        ("PAM_INVALID_SCHEMA", "a.pam, at /components/episodic/1/actor")
    ]


def test_a_folder_of_artifacts_is_validated_artifact_by_artifact(tmp_path: Path) -> None:
    write(tmp_path / "memory-001.pam", artifact(SDK))
    assert [finding for finding in FORMAT.validate(tmp_path, limits=DEFAULT) if finding.severity == "error"] == []
    (tmp_path / "memory-002.pam").write_bytes(b"{")
    errors = [finding for finding in FORMAT.validate(tmp_path, limits=DEFAULT) if finding.severity == "error"]
    assert [finding.place.file for finding in errors] == [f"{tmp_path.name}/memory-002.pam"]
    with pytest.raises(InputError, match="is a folder") as refused:
        FORMAT.verify(tmp_path, trust=TRUST, limits=DEFAULT)
    assert refused.value.hint == "name one of the artifacts in it"
