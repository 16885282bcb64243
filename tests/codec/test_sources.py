"""Sources: whatever holds the bytes, members give them whole, from the first one, and tell what is wrong in our words."""

from __future__ import annotations

import gzip
import io
import os
import random
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from satchel.codec import sources
from satchel.codec.arrays import iter_array
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember, Member, open_source
from satchel.errors import InputError, LimitExceeded, MalformedInput, UsageError
from satchel.limits import MIB, Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = (
    b"[" + b",".join(b'{"id":%d,"text":"%x"}' % (index, random.Random(index).getrandbits(64)) for index in range(20_000)) + b"]"
)


def whole(member: Member) -> bytes:
    with member.open() as stream:
        return stream.read()


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@contextmanager
def piped(data: bytes) -> Iterator[Path]:
    """A path that is a pipe, as a shell's process substitution gives it."""
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield Path(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
        thread.join()


def test_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(TEXT)
    with open_source([tmp_path / "c.json"]) as source:
        (member,) = source.members
        assert (member.name, member.path, member.size_bytes) == ("c.json", "c.json", len(TEXT))
        assert whole(member) == whole(member) == TEXT
        assert source.total_bytes == len(TEXT)
        assert source.findings == ()


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("name", ["c.json.gz", "c.json.zst", "c.json", "c"])
def test_compression_is_known_by_its_bytes_not_its_name(tmp_path: Path, pack: object, name: str) -> None:
    assert callable(pack)
    packed = pack(TEXT)
    (tmp_path / name).write_bytes(packed)
    with open_source([tmp_path / name]) as source:
        (member,) = source.members
        assert whole(member) == TEXT
        assert member.path == name.removesuffix(".gz").removesuffix(".zst")
        assert member.name == name
        assert member.size_bytes is None
        assert source.total_bytes == len(packed)
        with member.open() as stream:
            assert len(list(iter_array(stream))) == 20_000


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_streams_that_follow_one_another(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    (tmp_path / "c").write_bytes(pack(TEXT) + pack(b"") + pack(b"more") + (b"\0" * 9 if pack is gzip.compress else b""))
    with open_source([tmp_path / "c"]) as source:
        assert whole(source.members[0]) == TEXT + b"more"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_damaged_and_cut_compression(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    packed = pack(TEXT)
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0x55
    for data in (packed[:-1], packed[:5], packed[: len(packed) // 2], packed + b"x", bytes(damaged)):
        if data == bytes(damaged) and pack is zstd.compress:
            continue  # zstd.compress writes no checksum: nothing tells of a changed literal.
        (tmp_path / "c").write_bytes(data)
        with (
            open_source([tmp_path / "c"]) as source,
            source.members[0].open() as stream,
            pytest.raises(MalformedInput) as caught,
        ):
            stream.read()
        assert caught.value.place is not None
        assert caught.value.place.file == "c"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_compressed_bomb_stops(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    (tmp_path / "c").write_bytes(pack(bytes(40 * MIB)))
    for limits in (Limits(), Limits(archive_ratio=10**9, member_bytes=MIB)):
        with open_source([tmp_path / "c"], limits=limits) as source, pytest.raises(LimitExceeded):
            whole(source.members[0])


def test_a_pipe_is_probed_and_then_read_from_its_start() -> None:
    with piped(TEXT) as path, open_source([path]) as source:
        (member,) = source.members
        assert member.size_bytes is None
        assert source.total_bytes is None
        found = probe(member)
        assert found.form == "json"
        assert not found.whole
        with member.open() as stream:
            assert [element.index for element in iter_array(stream)] == list(range(20_000))


def test_a_long_pipe_is_read_once_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PIPE_HEAD_BYTES", 300_000)
    with piped(TEXT * 3) as path, open_source([path]) as source:
        (member,) = source.members
        probe(member)
        assert whole(member) == TEXT * 3
        with pytest.raises(InputError, match="only once"):
            whole(member)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_compressed_pipe(pack: object) -> None:
    assert callable(pack)
    with piped(pack(TEXT)) as path, open_source([path]) as source:
        probe(source.members[0])
        assert whole(source.members[0]) == TEXT


def test_a_zip_in_a_pipe() -> None:
    data = zipped({"a.json": TEXT, "b.json": b"2"})
    with piped(data) as path, open_source([path]) as source:
        assert [whole(member) for member in source.members] == [TEXT, b"2"]
    with piped(data) as path, pytest.raises(LimitExceeded):
        open_source([path], limits=Limits(archive_bytes=1000))


def test_an_empty_pipe() -> None:
    with piped(b"") as path, open_source([path]) as source:
        assert probe(source.members[0]).form == "empty"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"[1]")

    monkeypatch.setattr(sys, "stdin", Input)
    with open_source([Path("-")]) as source:
        assert source.members[0].name == "standard input"
        assert whole(source.members[0]) == b"[1]"
    assert not Input.buffer.closed


def test_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "export"
    files = {
        "b.json": b"1", "a/z.json": b"2", "a/y.json": b"3", "c.jsonl.gz": gzip.compress(b"4"), "empty": b"",
        "part (1).zip": zipped({"in/side.json": b"5"}), "letter.docx": zipped({"w.xml": b"x"}),
        "x.tar.gz": gzip.compress(b"tar"), ".DS_Store": b"", "a/.hidden": b"", "__MACOSX/a/._y.json": b"",
    }  # fmt: skip
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    with open_source([root]) as source:
        assert [(member.path, whole(member)) for member in source.members] == [
            ("a/y.json", b"3"),
            ("a/z.json", b"2"),
            ("b.json", b"1"),
            ("c.jsonl", b"4"),
            ("empty", b""),
            ("letter.docx", files["letter.docx"]),
            ("in/side.json", b"5"),
            ("x.tar.gz", files["x.tar.gz"]),
        ]
        assert [member.name for member in source.members][-3:] == [
            "export/letter.docx",
            "export/part (1).zip/in/side.json",
            "export/x.tar.gz",
        ]
        assert source.findings == ()


def test_links_and_pipes_in_a_folder_are_told_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"outside")
    root = tmp_path / "export"
    root.mkdir()
    (root / "a.json").write_bytes(b"1")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to(root)
    (root / "gone").symlink_to(tmp_path / "missing")
    os.mkfifo(root / "pipe")
    with open_source([root]) as source:
        assert [member.path for member in source.members] == ["a.json"]
        assert sorted(finding.code for finding in source.findings) == ["not-a-file", "symlink", "symlink", "symlink"]
        assert all(finding.outcome == "skipped" for finding in source.findings)


def test_a_link_that_the_person_gave_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "real.json")
    with open_source([tmp_path / "link"]) as source:
        assert whole(source.members[0]) == b"1"


def test_how_deep_and_how_much_of_a_folder(tmp_path: Path) -> None:
    for name in ("1.json", "a/2.json", "a/b/3.json", "a/b/c/4.json"):
        (tmp_path / "r" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / name).write_bytes(b"1")
    with open_source([tmp_path / "r"], limits=Limits(folder_depth=2)) as source:
        assert [member.path for member in source.members] == ["1.json", "a/2.json", "a/b/3.json"]
        assert [finding.code for finding in source.findings] == ["folder-depth"]
    with open_source([tmp_path / "r"], limits=Limits(archive_members=2)) as source:
        assert len(source.members) == 2
        assert [finding.code for finding in source.findings] == ["limit"]


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    with open(os.fsencode(root) + b"/a\xff.json", "wb") as file:
        file.write(b"1")
    with open_source([root]) as source:
        assert source.members[0].path == "a\ufffd.json"
        assert whole(source.members[0]) == b"1"


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_source([])
    with pytest.raises(UsageError, match="no file"):
        open_source([tmp_path / "missing"])
    with pytest.raises(InputError):
        open_source([Path("a\0b")])


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b"1")
    with open_source([tmp_path / "c.json"]) as source:
        (tmp_path / "c.json").unlink()
        with pytest.raises(InputError):
            source.members[0].open()


def test_several_paths(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"1")
    (tmp_path / "b.zip").write_bytes(zipped({"c.json": b"22", "../x": b"3"}))
    with open_source([tmp_path / "a.json", tmp_path / "b.zip"]) as source:
        assert [member.name for member in source.members] == ["a.json", "b.zip/c.json"]
        assert [finding.code for finding in source.findings] == ["unsafe-name"]
        assert source.total_bytes == 3


def test_paths_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    for folder in "abc":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_bytes(folder.encode())
    (tmp_path / "x.zip").write_bytes(zipped({"x.json": b"22"}))
    paths = [*(tmp_path / folder / "x.json" for folder in "abc"), tmp_path / "x.zip", tmp_path / "a"]
    with open_source(paths) as source:
        names = ["x.json", "input 2/x.json", "input 3/x.json", "x.zip/x.json", "a/x.json"]
        assert [member.name for member in source.members] == names
        # What it is goes by its own name.
        assert [member.path for member in source.members] == ["x.json"] * 5
        assert [member.open().read() for member in source.members] == [b"a", b"b", b"c", b"22", b"a"]


def test_reads_are_counted_once_they_count(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    (tmp_path / "a.json").write_bytes(TEXT)
    (tmp_path / "b.json.gz").write_bytes(packed)
    (tmp_path / "c.zip").write_bytes(zipped({"d.json": TEXT, "n.zip": zipped({"e.json": TEXT})}))
    counts: list[int] = []
    with open_source([tmp_path / name for name in ("a.json", "b.json.gz", "c.zip")], on_read=counts.append) as source:
        for member in source.members:
            probe(member)
        assert counts == []
        source.count_reads()
        for member in source.members:
            assert whole(member) == TEXT
        assert sum(counts) == source.total_bytes == 3 * len(TEXT) + len(packed)
        assert min(counts) > 0


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_nothing_stays_open(tmp_path: Path) -> None:
    (tmp_path / "c.zip").write_bytes(zipped({"n.zip": zipped({"e.json": os.urandom(2 * MIB)})}))
    before = open_files()
    with open_source([tmp_path / "c.zip"]) as source:
        assert len(whole(source.members[0])) == 2 * MIB
    assert open_files() == before
    with pytest.raises(UsageError):
        open_source([tmp_path / "c.zip", tmp_path / "missing"])
    assert open_files() == before


def test_a_short_read_means_the_end(tmp_path: Path) -> None:
    (tmp_path / "c.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "c.zip").write_bytes(zipped({"d.json": TEXT}))
    for name in ("c.gz", "c.zip"):
        with open_source([tmp_path / name]) as source, source.members[0].open() as stream:
            assert stream.read(len(TEXT) - 1) == TEXT[:-1]
            assert stream.read(10) == TEXT[-1:]
            assert stream.read(10) == b""


def test_bytes_at_hand() -> None:
    member = BytesMember("a.json", b"[1]")
    assert (member.name, member.size_bytes, whole(member)) == ("a.json", 3, b"[1]")
    assert BytesMember("a.json", b"", name="pasted").name == "pasted"
