"""Bytes to artifacts and back: sniffing, hostile input, and round trips in every profile and encoding (dossier 2.4, 8)."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, LimitExceeded, MalformedInput, SatchelError
from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.bounds import size_faults
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.profiles import SCHEMA, SDK, SPEC, Profile
from satchel.limits import DEFAULT, Limits
from tests.formats.portable_agent_memory import judge
from tests.formats.portable_agent_memory.made import OPERATOR, WRITABLE, artifact, entries

EVERY = pytest.mark.parametrize("profile", WRITABLE, ids=lambda profile: profile.name)
ID = "blake3:" + "0" * 64
BARE = "0" * 64
SHA = "sha256:" + "0" * 64


# ---- shapes


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"pam_version": "1.0"}, "sdk-0.1"),
        ({"episodic": []}, "sdk-0.1"),
        ({"identity": [{"id": ID}]}, "sdk-0.1"),
        ({"identity": [{}], "components_": {}}, "sdk-0.1"),
        ({"components": {}}, "spec-1.0"),
        ({"components": {"episodic": [{"id": ID}]}}, "spec-1.0"),
        ({"components": {"episodic": [{"id": ID}]}, "episodic": []}, "spec-1.0"),
        ({"components": {"episodic": [{"id": BARE}]}}, "schema-1.0"),
        ({"components": {"episodic": [{"id": BARE.upper()}]}}, "spec-1.0" if BARE.upper() != BARE else "schema-1.0"),
        ({"version": "1.0", "episodic": [{"id": SHA}]}, "browser"),
        ({"version": "1.0", "episodic": []}, "browser"),
    ],
)
def test_the_profile_goes_by_structure(value: Any, name: str) -> None:
    assert wire.detect(value).name == name


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        {"version": "1.0"},
        {"metadata": {}, "root_hash": "x"},
        {"components": {"episodic": [{"id": ID}]}, "episodic": [{"id": ID}]},
        {"components": {}, "identity": {"x": 1}},
        {"components": []},
        {"components": None, "pam_version": "1.0"},
        {"components": {"episodic": {}}},
        {"components": {"episodic": None}},
        {"pam_version": "1.0", "episodic": {}},
        {"pam_version": "1.0", "episodic": [1]},
        {"pam_version": "1.0", "episodic": None},
        {"pam_version": "1.0", "episodic": [{"id": ID}], "semantic": [{"id": BARE}]},
        {"pam_version": "1.0", "episodic": [{"id": ID}, {"id": SHA}]},
        {"pam_version": "1.0", "episodic": [{"id": BARE}]},
        {"components": {"episodic": [{"id": ID}, {"id": BARE}]}},
    ],
)
def test_what_is_no_shape_is_refused_and_never_empty(value: Any) -> None:
    """Both shapes at once, and ids of several styles, are attacks: two readers would read two memories (dossier 2.4)."""
    for data in (json.dumps(value).encode(), cbor2.dumps(value), b"PAM\x01" + cbor2.dumps(value)):
        with pytest.raises(MalformedInput, match="PAM_INVALID_SCHEMA"):
            wire.parse(data)


# ---- bytes


@pytest.mark.row("FIL-02", "SER-03", "CAN-03")
@EVERY
def test_what_the_first_bytes_say(profile: Profile) -> None:
    made = artifact(profile)
    text, packed = wire.serialise(made, "json"), wire.serialise(made, "cbor")
    assert packed.startswith(b"PAM\x01") == (profile is not SDK)
    assert packed[0 if profile is SDK else 4] >> 5 == 5
    bare = packed.removeprefix(b"PAM\x01")
    for data, encoding, magic in (
        (text, "json", False),
        (b"\xef\xbb\xbf \r\n\t" + text, "json", False),
        (b"\n" + text + b"\n", "json", False),
        (bare, "cbor", False),
        (b"\xd9\xd9\xf7" + bare, "cbor", False),
        (b"PAM\x01" + bare, "cbor", True),
        (b"PAM\x01\xd9\xd9\xf7" + bare, "cbor", True),
    ):
        read = wire.parse(data)
        assert (read.envelope, read.encoding, read.has_magic) == (made.envelope, encoding, magic)
        assert read.profile is profile
        assert check(read, keys=[OPERATOR.public]).verdict(require_signature=True) == ""


@pytest.mark.row("SER-03")
def test_deterministic_cbor_is_checked_by_writing_it_again() -> None:
    made = artifact(SPEC)
    data = wire.serialise(made, "cbor")
    assert data[4:] == cbor2.dumps(made.envelope, canonical=True)
    assert wire.parse(data).deterministic
    loose = b"PAM\x01" + cbor2.dumps(made.envelope)
    read = wire.parse(loose)
    assert not read.deterministic
    report = check(read)
    assert (report.verdict(), report.verdict(strict=True)) == ("", "PAM_INVALID_SCHEMA")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "PAM_INVALID_SCHEMA"),
        (b"P", "PAM_INVALID_SCHEMA"),
        (b"PAM", "PAM_INVALID_SCHEMA"),
        (b"PAM\x01", "PAM_INVALID_SCHEMA"),
        (b"PAM\x00\xa0", "PAM_UNSUPPORTED_VERSION"),
        (b"PAM\x02\xa0", "PAM_UNSUPPORTED_VERSION"),
        (b"PAM\x01{}", "PAM_INVALID_SCHEMA"),
        (b"[]", "PAM_INVALID_SCHEMA"),
        (b'"pam_version"', "PAM_INVALID_SCHEMA"),
        (b"{", "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"1.0"} x', "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":NaN}', "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"\\ud800"}', "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"\xff"}', "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"1.0","metadata":1e999}', "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"1.0","metadata":' + b"[" * 100_000, "PAM_INVALID_SCHEMA"),
        (b'{"pam_version":"1.0","metadata":' + b"[" * 65 + b"]" * 65 + b"}", "PAM_INVALID_SCHEMA"),
        (b"\x81" * 100_000, "PAM_INVALID_SCHEMA"),
        (b"\xa1\x6bpam_version" + b"\x81" * 100_000, "PAM_INVALID_SCHEMA"),
        (b"\xa1\x6bpam_version\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "PAM_INVALID_SCHEMA"),
        (b"\xbb\x00\x00\xff\xff\xff\xff\xff\xff", "PAM_INVALID_SCHEMA"),
        (b"\xa1\x6bpam_version\x7b\x00\x00\x0f\xff\xff\xff\xff\xff", "PAM_INVALID_SCHEMA"),
        (b"\xa1\x6bpam_version\x61", "PAM_INVALID_SCHEMA"),
    ],
)
def test_hostile_bytes_are_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(InputError, match=code):
        wire.parse(data)


@pytest.mark.parametrize(
    "hexadecimal",
    [
        "c11a00000000",  # a tag: a time
        "c24101",  # a tag: a large integer
        "d81c81d81d00",  # tags: a list that holds itself
        "d9010080",  # a tag: a set
        "d9ffff00",  # a tag that nobody knows
        "d9d9f700",  # the self-describing one, inside
        "4101",  # bytes
        "f7",  # undefined
        "f0",  # a simple value
        "f97e00",  # NaN
        "f97c00",  # infinity
        "fb7ff8000000000001",  # NaN with a payload
        "a10102",  # a key that is no text
        "a1410102",  # a key of bytes
        "a2616101616102",  # a key that stands twice
        "62c328",  # no UTF-8
        "63eda080",  # a surrogate
    ],
)
def test_cbor_that_is_no_json_is_refused(hexadecimal: str) -> None:
    head = b"\xa2\x6bpam_version\x631.0\x68metadata"
    assert wire.parse(head + b"\xa0").profile is SDK
    with pytest.raises(MalformedInput, match="PAM_INVALID_SCHEMA"):
        wire.parse(head + bytes.fromhex(hexadecimal))
    with pytest.raises(MalformedInput, match="PAM_INVALID_SCHEMA"):
        wire.parse(head + b"\xa1\x61x\x82\x00" + bytes.fromhex(hexadecimal))
    with pytest.raises(MalformedInput, match="something follows"):
        wire.parse(head + b"\xa0" + bytes.fromhex("00"))


def test_integers_and_floats_stay_apart() -> None:
    for data in (b'{"episodic":[],"metadata":{"a":1,"b":1.0}}', cbor2.dumps({"episodic": [], "metadata": {"a": 1, "b": 1.0}})):
        read = wire.parse(data).metadata
        assert [type(read["a"]), type(read["b"])] == [int, float]


def test_too_many_bytes() -> None:
    data = wire.serialise(artifact())
    small = msgspec.structs.replace(DEFAULT, artifact_bytes=len(data) - 1)
    with pytest.raises(LimitExceeded, match="PAM_TOO_LARGE"):
        wire.parse(data, small)
    wire.parse(data, msgspec.structs.replace(DEFAULT, artifact_bytes=len(data)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 5))
def test_only_our_errors_leave(junk: bytes, kind: int) -> None:
    head = [b"", b"PAM\x01", b"{", b"\xa1\x6bpam_version", b"\xd9\xd9\xf7", b'{"episodic":'][kind]
    with contextlib.suppress(InputError):
        wire.parse(head + junk)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.booleans(), st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_refused_or_found_out(which: int, as_json: bool, place: int, junk: bytes) -> None:
    made = artifact(WRITABLE[which])
    data = wire.serialise(made, "json" if as_json else "cbor")
    at = place % len(data)
    damaged = data[:at] + junk + data[at + len(junk) :]
    try:
        read = wire.parse(damaged)
    except SatchelError:
        return
    report = check(read, keys=[OPERATOR.public])
    if read.envelope != made.envelope:
        assert report.verdict(require_signature=True) or report.unsigned


# ---- what we write


floats = st.floats(allow_nan=False, allow_infinity=False)
free = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | floats | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2), free, st.text(max_size=30), st.floats(0, 1), st.dictionaries(st.text(max_size=5), free, max_size=3))
def test_round_trips_in_every_profile_and_encoding(
    which: int, value: Any, text: str, score: float, metadata: dict[str, Any]
) -> None:
    profile = WRITABLE[which]
    values = entries(profile)
    values["episodic"][0] |= {"observation": text, "salience": score}
    if profile is SPEC:
        values["episodic"][0]["context"] = {"free": value}
    else:
        values["working"][0]["pending_actions"][0]["args"] = {"free": value}
    made = artifact(profile, values, metadata=metadata)
    for encoding in ("json", "cbor"):
        for pretty in (True, False):
            data = wire.serialise(made, encoding, pretty=pretty)
            read = wire.parse(data)
            assert read.envelope == made.envelope
            report = check(read, keys=[OPERATOR.public])
            assert report.verdict(require_signature=True) == "", report.faults
            assert report.sealed
            assert wire.serialise(read, encoding, pretty=pretty) == data
            if profile is SDK and pretty:
                envelope = judge.load(data)
                assert judge.integrity(envelope)
                assert judge.signature(envelope, OPERATOR.public.data)


@pytest.mark.row("SDK-02")
def test_json_is_what_pythons_json_writes() -> None:
    """Two spaces, ASCII, no line end in the SDK's profile (dossier 1.1); the other profiles leave characters as they are."""
    for profile in WRITABLE:
        values = entries(profile)
        values["episodic"][0]["observation"] = "é \x7f \U0001f600 \u2028 null 5e-05"
        made = artifact(profile, values, metadata={"tiny": [5e-05, -1.5e-07, 1e16, 1.0, 0.1], "empty": {}, "none": []})
        ascii = profile is SDK
        assert wire.serialise(made).decode() == json.dumps(made.envelope, indent=2, ensure_ascii=ascii)
        compact = json.dumps(made.envelope, ensure_ascii=ascii, separators=(",", ":"))
        assert wire.serialise(made, pretty=False).decode() == compact
    sdk = artifact(SDK)
    assert list(sdk.envelope)[:8] == [
        *(
            "pam_version",
            "schema_version",
            "created_at",
            "source_agent",
            "root_hash",
            "signature",
            "capability_tokens",
            "episodic",
        )
    ]
    packed = wire.serialise(sdk, "cbor")
    assert packed[0] == 0xAD
    # All floats have 64 bits there.
    assert b"\xfb" + struct.pack(">d", 0.75) in packed


def test_what_is_no_json_is_not_written() -> None:
    for value in (float("nan"), {1: 2}, b"x", "\ud800"):
        made = Artifact(SDK, {"episodic": [], "metadata": {"x": value}})
        for encoding in ("json", "cbor"):
            with pytest.raises(SatchelError):
                wire.serialise(made, encoding)
        with pytest.raises(SatchelError):
            artifact(SDK, metadata={"x": value})


def test_an_id_that_is_not_the_entrys_own_is_not_taken() -> None:
    values = entries(SDK)
    values["identity"][0]["id"] = ID
    with pytest.raises(MalformedInput, match="not its own"):
        artifact(SDK, values)


def test_scores_of_four_decimals() -> None:
    """Dossier 2.1: no exponent; the SDK's as floats, the specification's whole numbers as integers."""
    for profile, whole in ((SDK, b'"salience":1.0'), (SPEC, b'"salience":1,'), (SCHEMA, b'"salience":1,')):
        values = entries(profile)
        values["episodic"][0]["salience"] = 1
        values["episodic"][1]["salience"] = 0.123456
        values["semantic"][0]["confidence"] = 1e-9
        data = wire.serialise(artifact(profile, values), pretty=False)
        assert whole in data
        assert b'"salience":0.1235' in data
        assert b"e-" not in data.split(b'"confidence":')[1][:12]


# ---- bounds


def over(limits: Limits, profile: Profile = SDK, **members: Any) -> list[str]:
    values = entries(profile)
    for path, value in members.items():
        component, _, name = path.partition("__")
        values[component][0][name] = value  # type: ignore[index]
    return [fault.code for fault in check(artifact(profile, values), limits).faults if fault.is_error()]


@pytest.mark.parametrize(
    ("path", "value", "worse"),
    [
        ("episodic__tags", ["t"] * 64, ["t"] * 65),
        ("episodic__tags", ["t" * 128], ["t" * 129]),
        ("procedural__parameters", [{}] * 64, [{}] * 65),
        ("identity__policies", ["p"] * 256, ["p"] * 257),
        ("episodic__observation", "é" * 32768, "é" * 32769),
        ("procedural__body", "b" * 65536, "b" * 65537),
        ("working__scratch", "b" * 65536, "b" * 65537),
        ("identity__persona", "b" * (256 << 10), "b" * (1 + (256 << 10))),
        ("identity__preferences", {str(n): 1 for n in range(1024)}, {str(n): 1 for n in range(1025)}),
        ("identity__preferences", {"n": 2**53 - 1, "m": [-(2**53) + 1]}, {"n": {"m": [2**53]}}),
        ("identity__preferences", {"k" * 1000: 1}, {"k" * (1 + (256 << 10)): 1}),
    ],
)
def test_bounds_of_an_entry(path: str, value: Any, worse: Any) -> None:
    """Dossier 12.4: at the bound it passes, past it PAM_INVALID_SCHEMA."""
    assert over(DEFAULT, **{path: value}) == []
    assert over(DEFAULT, **{path: worse}) == ["PAM_INVALID_SCHEMA"]


def test_bounds_of_parents_tokens_and_metadata() -> None:
    values = entries(SDK)
    parents = ["blake3:" + f"{n:064x}" for n in range(257)]
    values["identity"][0]["parent_ids"] = parents
    codes = [
        fault.text for fault in check(artifact(SDK, values)).faults if fault.code == "PAM_INVALID_SCHEMA" and fault.is_error()
    ]
    assert any("artifact_parents" in text for text in codes)
    assert check(artifact(SDK, tokens=({},) * 64)).verdict() == ""
    assert check(artifact(SDK, tokens=({},) * 65)).verdict() == "PAM_INVALID_SCHEMA"
    small = msgspec.structs.replace(DEFAULT, artifact_metadata_bytes=20)
    made = Artifact(SDK, {"metadata": {"x": "y" * 20}})
    assert [fault.code for fault in size_faults(made, small)] == ["PAM_TOO_LARGE"]


def test_a_bound_can_be_raised() -> None:
    raised = msgspec.structs.replace(DEFAULT, artifact_tags=100)
    assert over(raised, episodic__tags=["t"] * 65) == []


# ---- files


def test_what_is_recognised(tmp_path: Path) -> None:
    from satchel.formats.portable_agent_memory import FORMAT

    path = tmp_path / "anything.txt"
    for profile in WRITABLE:
        for encoding in ("json", "cbor"):
            path.write_bytes(wire.serialise(artifact(profile), encoding))
            assert FORMAT.recognises(path)
    big = artifact(SPEC, metadata={"first": "x" * 100_000})
    turned = {name: big.envelope[name] for name in ("metadata", *[name for name in big.envelope if name != "metadata"])}
    for data, is_one in (
        (b"PAM\x02\xa0", True),
        (b"PAM is short for something", False),
        (b'{"identity": 1}', False),
        (b'{"memories": [], "schema": "portable-ai-memory"}', False),
        (b"[]", False),
        (b"", False),
        (b"\xa1\x61a\x01", False),
        (json.dumps(turned).encode(), False),
        (b'{"components": {"episodic": [' + b" " * 70_000, True),
    ):
        path.write_bytes(data)
        assert FORMAT.recognises(path) == is_one, data[:40]
    assert not FORMAT.recognises(tmp_path)
    assert not FORMAT.recognises(tmp_path / "none")
