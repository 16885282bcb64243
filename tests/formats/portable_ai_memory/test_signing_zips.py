"""Signing and verifying a package that is a zip: its store is written anew, everything else stays as it is packed."""

from __future__ import annotations

import io
import json
import random
import stat
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portable_ai_memory
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, MalformedInput, OutputError, SatchelError
from satchel.formats.portable_ai_memory import FORMAT, signing
from satchel.formats.signing import SignOptions
from satchel.limits import DEFAULT
from tests.formats.portable_ai_memory import signed
from tests.formats.portable_ai_memory.packages import Package, entry, message, talk
from tests.formats.portable_ai_memory.signed import KEY, memory, sign, store, verify

PUBLIC = KEY.public
STORE = "memory-store.json"
NOISE = random.Random(0).randbytes(5_000)


def package(**members: Any) -> Package:
    said = talk("t", message("1", "Hello " * 500))
    files = {"conversations/t.json": said, "attachments/noise.bin": NOISE}
    return Package(store(memory("mem-1"), conversations_index=[entry(said)], **members), files)


class Member(tuple[Any, ...]):
    """What must stay of a member: all that the directory says, and the packed bytes."""


def members(file: Path) -> dict[str, Member]:
    data = file.read_bytes()
    found = {}
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            names, extras = struct.unpack_from("<2H", data, info.header_offset + 26)
            start = info.header_offset + 30 + names + extras
            said = (info.date_time, info.compress_type, info.external_attr, info.comment, info.CRC, info.file_size)
            found[info.filename] = Member((*said, data[start : start + info.compress_size]))
    return found


def stored(file: Path, name: str = STORE) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        value: dict[str, Any] = json.loads(archive.read(name))
        return value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return package().zip(tmp_path / "p.zip")


def test_only_the_store_is_written_anew(file: Path) -> None:
    file.chmod(0o640)
    before = members(file)
    sign(file, did="key")
    after = members(file)
    assert list(after) == list(before)
    assert {name for name in after if after[name] != before[name]} == {STORE}
    assert after[STORE][:4] == before[STORE][:4]
    assert verify(file, PUBLIC).verdict == "verified"
    assert not [each for each in FORMAT.validate(file, limits=DEFAULT) if each.severity == "error"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["p.zip"]


def test_the_store_is_the_one_that_signing_the_folder_gives(file: Path, tmp_path: Path) -> None:
    folder, at = package().folder(tmp_path / "p"), datetime(2030, 1, 1, tzinfo=UTC)
    for path in (folder, file):
        signing.sign(path, KEY, SignOptions(did="key"), DEFAULT, at)
    with zipfile.ZipFile(file) as archive:
        assert archive.read(STORE) == (folder / STORE).read_bytes()
    loaded = portable_ai_memory.load(folder / STORE)
    assert portable_ai_memory.validate(loaded).is_valid


def test_the_same_signature_gives_the_same_zip(file: Path) -> None:
    """Also over one that is there: a signature that is replaced leaves nothing behind."""
    at = datetime(2030, 1, 1, tzinfo=UTC)
    signing.sign(file, KEY, SignOptions(), DEFAULT, at)
    once = file.read_bytes()
    sign(file)
    assert file.read_bytes() != once
    signing.sign(file, KEY, SignOptions(), DEFAULT, at)
    assert file.read_bytes() == once


class Pipe(io.RawIOBase):
    """What does not seek: a zip that is written to it has its sizes behind the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.data += data
        return len(data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_zips_of_other_tools(data: st.DataObject, tmp_path: Path) -> None:
    """Any prefix, order, method, time, comment and extra field; sizes behind the data or of 64 bits; folders and litter."""
    draw = data.draw
    prefix = draw(st.sampled_from(["", "my-memory/", "./", "a/b ü/"]))
    names = draw(st.permutations(list(package().all())))
    extra = {"__MACOSX/._x": b"x", "conversations/": b"", "attachments/naïve ✓.txt": b"hello", ".DS_Store": b"y"}
    files = {**package().all(), **{name: extra[name] for name in draw(st.sets(st.sampled_from(sorted(extra))))}}
    pipe = Pipe()
    sink: Any = pipe if draw(st.booleans()) else io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.comment = draw(st.binary(max_size=20))
        for name in [*names, *(name for name in files if name not in names)]:
            info = zipfile.ZipInfo(prefix + name, draw(st.sampled_from([(1980, 1, 1, 0, 0, 0), (2026, 3, 4, 5, 6, 8)])))
            info.compress_type = draw(st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]))
            info.comment = draw(st.binary(max_size=5))
            info.extra = draw(st.sampled_from([b"", b"UT\x05\x00\x01abcd"]))
            with archive.open(info, "w", force_zip64=draw(st.booleans())) as member:
                member.write(files[name])
        comment = archive.comment
    file = tmp_path / "p.zip"
    file.write_bytes(bytes(pipe.data) if sink is pipe else sink.getvalue())
    before = members(file)
    sign(file)
    after = members(file)
    assert list(after) == list(before)
    assert {name for name in after if after[name] != before[name]} == {prefix + STORE}
    with zipfile.ZipFile(file) as archive:
        assert archive.comment == comment
    assert verify(file, PUBLIC).verdict == "verified"
    assert not [each for each in FORMAT.validate(file, limits=DEFAULT) if each.severity == "error"]


def test_names_that_do_not_say_their_encoding(tmp_path: Path) -> None:
    """UTF-8 without its flag, as many tools write, and the code page of DOS: both stay the same name to whoever reads them."""
    for raw in ("attachments/ü.bin".encode(), "attachments/ü.bin".encode("cp437")):
        place = b"attachments/" + b"x" * (len(raw) - 12)
        file = Package(store(), {place.decode(): b"hello"}).zip(tmp_path / "p.zip")
        file.write_bytes(file.read_bytes().replace(place, raw))
        sign(file)
        with zipfile.ZipFile(file) as archive:
            assert archive.namelist() == [STORE, "attachments/ü.bin"]
        assert verify(file, PUBLIC).verdict == "verified"


def test_verifying_a_zip_changes_nothing_and_tells_what_is_wrong(file: Path) -> None:
    before = file.read_bytes()
    assert verify(file, PUBLIC).verdict == "unsigned"
    assert file.read_bytes() == before
    value = store(memory("mem-1"))
    signed.sign(signed.write(file.parent / "s.json", value))
    value = json.loads((file.parent / "s.json").read_bytes()) | {"export_id": "another"}
    Package(value).zip(file)
    assert verify(file, PUBLIC).verdict == "invalid"


def test_sizes_of_64_bits(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every size and offset past a limit that is 4 GiB elsewhere."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 600)
    before = members(file)
    sign(file)
    after = members(file)
    assert {name for name in after if after[name] != before[name]} == {STORE}
    monkeypatch.undo()
    assert verify(file, PUBLIC).verdict == "verified"
    assert not [each for each in FORMAT.validate(file, limits=DEFAULT) if each.severity == "error"]


# ---- refused, and left as they are


def broken(kind: str, file: Path) -> None:
    if kind == "twice":
        with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(STORE, package().all()[STORE])
    elif kind == "outside":
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("../evil", b"x")
    elif kind == "two stores":
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(f"b/{STORE}", package().all()[STORE])
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    elif kind == "flipped":
        data = bytearray(file.read_bytes())
        data[data.index(NOISE[:50]) + 60] ^= 1
        file.write_bytes(bytes(data))
    elif kind == "not valid":
        package(schema_version="2.0").zip(file)
    elif kind == "no store":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("hello.txt", b"x")


@pytest.mark.parametrize("kind", ["twice", "outside", "two stores", "cut", "flipped", "not valid", "no store"])
def test_what_is_not_sound_is_not_signed(kind: str, file: Path) -> None:
    broken(kind, file)
    before = file.read_bytes()
    with pytest.raises(InputError):
        sign(file)
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == ["p.zip"]


def test_a_zip_that_changes_while_it_is_signed_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = package(export_id="other").zip(file.with_name("other.zip")).read_bytes()
    real = signing.put_store

    def late(*arguments: Any) -> None:
        file.with_name("new").write_bytes(other)
        file.with_name("new").replace(file)
        real(*arguments)

    monkeypatch.setattr(signing, "put_store", late)
    with pytest.raises(OutputError, match="changed"):
        sign(file)
    assert file.read_bytes() == other
    assert sorted(each.name for each in file.parent.iterdir()) == ["other.zip", "p.zip"]


def test_a_full_disk_leaves_the_zip_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr("satchel.formats.portable_ai_memory.zipped.replace_member", full)
    with pytest.raises(OutputError, match="No space"):
        sign(file)
    assert file.read_bytes() == before and [each.name for each in file.parent.iterdir()] == ["p.zip"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=8))
def test_any_bytes_at_any_place_raise_only_our_errors(share: float, junk: bytes, tmp_path: Path) -> None:
    file = package().zip(tmp_path / "p.zip")
    before = file.read_bytes()
    at = int(share * len(before))
    changed = before[:at] + junk + before[at + len(junk) :]
    file.write_bytes(changed)
    try:
        sign(file)
    except SatchelError:
        assert file.read_bytes() == changed
        return
    # What changed is not of the package: a time, a comment, an attribute.
    assert verify(file, PUBLIC).verdict == "verified"
    assert not [each for each in FORMAT.validate(file, limits=DEFAULT) if each.severity == "error"]


def test_a_store_of_the_sdks_form_is_not_signed_over(tmp_path: Path) -> None:
    full = store(memory("a"))
    full["memories"] = [{name: value for name, value in memory("a").items() if name not in ("status", "tags")}]
    with pytest.raises(MalformedInput, match="reference SDK"):
        sign(Package(full).zip(tmp_path / "p.zip"))
