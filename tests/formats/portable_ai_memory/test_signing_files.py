"""Signing files: what is written anew and what stays, in little memory, and files that are hostile."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portable_ai_memory
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import MalformedInput, OutputError, SatchelError
from satchel.formats.portable_ai_memory import FORMAT, signature, signing
from satchel.formats.portable_ai_memory.splice import Span, identity, replace_members
from satchel.formats.signing import Seen, SignOptions
from satchel.limits import DEFAULT
from satchel.trust.did import did_key
from satchel.trust.signatures import ALGORITHMS
from tests.formats.portable_ai_memory import bag
from tests.formats.portable_ai_memory.signed import (
    KEY,
    OWNER,
    checksum,
    codes,
    memory,
    sign,
    store,
    verify,
    write,
)

PUBLIC = KEY.public


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "store.json", store(), indent=2)


def test_only_what_a_signature_needs_is_written_anew(tmp_path: Path) -> None:
    """Odd spellings, null members and unknown metadata in the memories stay, byte for byte."""
    text = json.dumps(
        store(memory("mem-1", confidence={"initial": 1.0, "current": 0.50}, metadata={"x": [1e-7, "\u2028"]}), integrity=None),
        indent=3,
    )
    text = text.replace('"platform": "claude"', '"platform" :\t"\\u0063laude"')
    path = tmp_path / "store.json"
    path.write_text(text + "\n\n")
    path.chmod(0o640)
    sign(path, did="key")
    after = path.read_text()
    cut = text.index('"owner"')
    assert after.startswith(text[:cut])
    start, end = text.index('"memories"'), text.rindex('"full"') + 6
    assert text[start:end] in after and after.endswith("\n}\n\n")
    value = json.loads(after)
    assert value["integrity"] == {"canonicalization": "RFC8785", "checksum": checksum(value["memories"]), "total_memories": 1}
    assert verify(path, PUBLIC).verdict == "verified"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["store.json"]


def test_signing_again_replaces_the_signature(file: Path) -> None:
    sign(file)
    once = file.read_bytes()
    signing.sign(file, KEY, SignOptions(), DEFAULT, datetime(2030, 1, 1, tzinfo=UTC))
    again = json.loads(file.read_bytes())
    assert again["signature"].pop("signed_at") == "2030-01-01T00:00:00Z"
    before = json.loads(once)
    del before["signature"]["signed_at"]
    assert again == before


@pytest.mark.parametrize("tail", ["", "\n", " \t\r\n" * 1000])
@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
def test_the_ends_of_files(head: bytes, tail: str, tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_bytes(head + json.dumps(store()).encode() + tail.encode())
    sign(path)
    assert verify(path, PUBLIC).verdict == "verified"
    # A byte-order mark is never written (dossier 1.1).
    assert path.read_bytes().startswith(b"{") and path.read_bytes().endswith(b"}" + tail.encode())


def test_a_package_is_signed_in_its_store_alone(tmp_path: Path) -> None:
    talks = [bag.conversation(), bag.message("m1", bag.text("hello"))]
    FORMAT.write(bag.Bag([*talks, bag.memory("a")]), tmp_path / "p")
    before = bag.files(tmp_path / "p")
    sign(tmp_path / "p")
    after = bag.files(tmp_path / "p")
    assert {name for name in after if after[name] != before[name]} == {"memory-store.json"} and set(after) == set(before)
    assert verify(tmp_path / "p", PUBLIC).verdict == "verified"
    loaded = portable_ai_memory.load(tmp_path / "p" / "memory-store.json")
    assert portable_ai_memory.validate(loaded).is_valid


def test_through_a_link_the_file_behind_it_is_signed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)
    sign(link)
    assert link.is_symlink() and verify(file, PUBLIC).verdict == "verified"


def test_a_package_whose_store_is_a_link_is_refused(file: Path, tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "memory-store.json").symlink_to(file)
    before = file.read_bytes()
    for act in (sign, verify):
        with pytest.raises(MalformedInput):
            act(package)
    assert file.read_bytes() == before


def test_what_is_not_valid_is_not_signed(tmp_path: Path) -> None:
    wrong = store()
    wrong["memories"][0]["content"] = "changed"
    stale = store()
    stale["integrity"]["checksum"] = "sha256:" + "0" * 64
    twice = store(memory("a"), memory("a"))
    for number, value in enumerate((wrong, stale, twice, {**store(), "x": 1}, {**store(), "schema_version": "2.0"})):
        path = write(tmp_path / f"{number}.json", value)
        before = path.read_bytes()
        with pytest.raises(MalformedInput, match="not valid"):
            sign(path)
        assert path.read_bytes() == before


def test_a_checksum_of_the_sdks_form_verifies_and_is_not_signed_over(tmp_path: Path) -> None:
    """Dossier 3.5: a B match can still verify, and is said."""
    bare = {name: value for name, value in memory("a").items() if name not in ("status", "tags")}
    full = store(memory("a"))
    full["memories"] = [bare]
    path = write(tmp_path / "a.json", full)
    with pytest.raises(MalformedInput, match="reference SDK"):
        sign(path)
    data = signature.payload(full["integrity"]["checksum"], full["export_id"], full["export_date"], OWNER)
    full["signature"] = signature.make_block(KEY, data, datetime(2026, 3, 1, tzinfo=UTC))
    found = verify(write(path, full), PUBLIC)
    assert found.verdict == "verified" and "checksum-sdk-form" in codes(found, "noticed")


def test_memories_without_a_checksum_are_not_signed(tmp_path: Path) -> None:
    """An integer that RFC 8785 has no form for is only doubtful in an unsigned store (dossier 3.2)."""
    value = store()
    value["memories"][0]["metadata"] = {"x": 2**70}
    del value["integrity"]
    path = write(tmp_path / "a.json", value)
    assert not [finding for finding in FORMAT.validate(path, limits=DEFAULT) if finding.severity == "error"]
    with pytest.raises(MalformedInput, match="no checksum"):
        sign(path)
    assert json.loads(path.read_bytes()) == value


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z"])
def test_dates_at_the_ends_of_the_calendar(date: str, tmp_path: Path) -> None:
    value = store(export_date=date)
    data = signature.payload(value["integrity"]["checksum"], value["export_id"], date, value["owner"]["id"])
    value["signature"] = signature.make_block(KEY, data, datetime(2026, 3, 1, tzinfo=UTC)) | {"signed_at": date}
    path = write(tmp_path / "a.json", value)
    seen = Seen(PUBLIC, datetime(2026, 3, 1, tzinfo=UTC))
    assert verify(path, PUBLIC, seen=lambda owner: seen).verdict == "verified"
    if date.startswith("9999"):
        with pytest.raises(MalformedInput, match="future"):
            sign(path)
    else:
        sign(path)


def test_a_companion_file_is_not_signed(tmp_path: Path) -> None:
    FORMAT.write(bag.Bag([bag.conversation()]), tmp_path / "p")
    talk = next((tmp_path / "p/conversations").iterdir())
    for act in (sign, verify):
        with pytest.raises(SatchelError, match="no memory store"):
            act(talk)


def test_a_file_that_changes_while_it_is_signed_is_left_alone(file: Path) -> None:
    with file.open("rb") as stream:
        known = identity(stream)
    file.write_text(json.dumps(store(export_id="other")))
    before = file.read_bytes()
    with pytest.raises(OutputError, match="changed"):
        replace_members(file, {"signature": b"1"}, {}, known)
    assert file.read_bytes() == before
    assert len(list(file.parent.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space"):
        sign(file)
    assert file.read_bytes() == before and len(list(file.parent.iterdir())) == 1


names = st.sampled_from(["a", "b", "signature", "integrity", "ü", '"', "\\"])
scalars = st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
small = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.dictionaries(names, small, min_size=1),
    changes=st.dictionaries(names, small),
    indent=st.sampled_from([None, 0, 2]),
    tail=st.sampled_from(["", "\n", " " * 30]),
)
def test_members_are_replaced_in_any_object(
    value: dict[str, Any], changes: dict[str, Any], indent: int | None, tail: str, tmp_path: Path
) -> None:
    from satchel.codec.arrays import iter_members

    path = tmp_path / "any.json"
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + tail)
    with path.open("rb") as stream:
        known = identity(stream)
        spans = {name: Span(element.offset, len(element.data)) for name, element in iter_members(stream) if element is not None}
    replace_members(path, {name: json.dumps(change).encode() for name, change in changes.items()}, spans, known)
    assert json.loads(path.read_text()) == {**value, **changes}


# Hostile


@pytest.mark.parametrize(
    "change",
    [
        {"signature": 1},
        {"signature": []},
        {"signature": {}},
        {"signature": "x"},
        {"signature": {"algorithm": ["Ed25519"]}},
        {"owner": None},
        {"owner": []},
        {"owner": {"id": 1}},
        {"owner": {"id": "", "did": 7}},
        {"integrity": None},
        {"integrity": 1},
        {"integrity": {"checksum": 1}},
        {"memories": None},
        {"memories": {}},
        {"memories": [1]},
        {"memories": [{"id": 1}]},
        {"memories": [{"id": "a", "x": 2**70}]},
        {"relations": 5},
        {"conversations_index": None},
        {"export_date": 5},
        {"export_id": {}},
    ],
    ids=str,
)
def test_wrong_types_everywhere_never_verify(change: dict[str, Any], file: Path) -> None:
    sign(file)
    value = {**json.loads(file.read_bytes()), **change}
    found = verify(write(file, value), PUBLIC)
    assert found.holds == ("relations" in change or "conversations_index" in change)
    if "signature" in change:
        # It is about to go.
        sign(file)
        assert verify(file, PUBLIC).verdict == "verified"
        return
    with pytest.raises(SatchelError):
        sign(file)


@pytest.mark.parametrize(
    "member",
    [
        '"signature":{"algorithm":"Ed25519","algorithm":"ES256"}',
        '"export_id":"a","export_id":"b"',
        '"memories":[]',
        '"owner":{"id":"a","id":"b"}',
        '"x":"\\ud800"',
        '"x":NaN',
        '"x":1e999',
        '"x":' + "[" * 3000 + "]" * 3000,
        '"x":' + "9" * 5000,
        '"signature":',
        '"x":"\x01"',
    ],
    ids=lambda member: member[:25],
)
def test_json_that_two_readers_would_read_differently_is_refused(member: str, file: Path) -> None:
    """Dossier 11.3 no. 7: what is checked and what is seen must be the same."""
    sign(file)
    file.write_text(file.read_text().rstrip()[:-1] + "," + member + "}")
    with pytest.raises(SatchelError):
        verify(file, PUBLIC)


def test_a_memory_that_is_read_in_two_ways_has_no_checksum(file: Path) -> None:
    sign(file)
    file.write_text(
        file.read_text().replace(
            '"content": "User prefers dark mode."', '"content": "evil", "content": "User prefers dark mode."'
        )
    )
    found = verify(file, PUBLIC)
    assert "checksum-uncomputable" in codes(found) and found.verdict == "invalid"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_what_is_covered_breaks_it_or_changes_nothing(data: st.DataObject, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store())
    sign(path)
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    changed = before[:at] + bytes([data.draw(st.integers(0, 255))]) + before[at + 1 :]
    path.write_bytes(changed)
    try:
        found = verify(path, PUBLIC)
    except SatchelError:
        return
    if found.holds:
        old, new = json.loads(before), json.loads(changed)
        for value in (old, new):
            value["memories"].sort(key=lambda one: one["id"])
        covered = ("memories", "export_id", "export_date")
        assert [old[name] for name in covered] == [new[name] for name in covered] and old["owner"]["id"] == new["owner"]["id"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(junk=st.binary(max_size=60), at=st.integers(0, 900))
def test_any_bytes_at_any_place_raise_only_our_errors(junk: bytes, at: int, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store())
    sign(path)
    before = path.read_bytes()
    path.write_bytes(before[:at] + junk + before[at + len(junk) :])
    for act in (lambda: verify(path, PUBLIC), lambda: sign(path), lambda: list(FORMAT.validate(path, limits=DEFAULT))):
        try:
            act()
        except SatchelError:
            continue


blocks = st.fixed_dictionaries(
    {},
    optional={
        "algorithm": st.sampled_from([*ALGORITHMS, "none", "HS256", ""]) | small,
        "public_key": st.sampled_from(
            [PUBLIC.multibase, json.dumps(PUBLIC.jwk), did_key(PUBLIC), "z", "{}", "-----BEGIN PUBLIC KEY-----"]
        )
        | st.text(max_size=50)
        | small,
        "value": st.sampled_from(["A" * 86, "a.b.c", "=", ""]) | st.text(max_size=90) | small,
        "signed_at": st.sampled_from(["2026-03-01T00:00:00Z", "yesterday", "9999-99-99", ""]) | small,
        "key_id": small,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(block=blocks, did=st.sampled_from(["did:web:a", "did:key:z6Mk", "did:pkh:x", "did:ion:x", "did:x:y", ""]) | small)
def test_any_block_and_any_did_never_hold(block: dict[str, Any], did: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "store.json", store(signature=block, owner={"id": OWNER, "did": did}))
    found = verify(path, PUBLIC, fetch=lambda url: b"{}")
    assert not found.holds and found.verdict == "invalid"


@pytest.mark.slow
def test_a_large_store_is_signed_in_little_memory(tmp_path: Path) -> None:
    """60 MB through 30 MB of memory of our own, in a process of its own."""
    import subprocess
    import sys

    path = tmp_path / "large.json"
    text = "word " * 2000
    with path.open("w") as sink:
        head = store(integrity=None)
        head.pop("memories")
        sink.write(json.dumps(head)[:-1] + ', "memories": [')
        for number in range(6_000):
            sink.write((", " if number else "") + json.dumps(memory(f"mem-{number:06}", text)))
        sink.write("]}")
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from satchel.formats.portable_ai_memory import signing, FORMAT\n"
        "from satchel.formats.signing import Seen, SignOptions, Trust\n"
        "from satchel.trust.signatures import PrivateKey; from satchel.trust.secrets import Secret\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "key = PrivateKey('Ed25519', Secret(bytes(32))); path = Path(sys.argv[1])\n"
        "signing.sign(path, key, SignOptions())\n"
        "assert signing.verify(path, Trust(keys={key.public: ''})).verdict == 'verified'\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert path.stat().st_size > 55 << 20
    assert int(result.stdout) < 30 << 10, f"{int(result.stdout):,} KiB more"
