"""Hostile and broken zips: what must not be read is a finding, what stands beside it is read, nothing outside changes."""

from __future__ import annotations

import io
import os
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.codec.archives import unsafe_name
from satchel.codec.sources import Source, open_source
from satchel.errors import InputError, LimitExceeded, MalformedInput, SatchelError, UnsafeArchive
from satchel.limits import MIB, Limits

HONEST = {
    "conversations.json": b"[1]",
    "a/deep/er/user.json": b"{}",
    "a..b/c..d": b"dots inside",
    "ümlaut – 日本.txt": b"text",
    "x" * 255: b"long",
    "~tilde$&'(1).json": b"odd",
    "con": b"a name that only Windows minds",
}


def raw_zip(entries: list[tuple[str | bytes, bytes]], **changes: Any) -> bytes:
    """A zip made by hand, so that names and headers can be what no writer would write.

    ``changes`` are members of the central entry of the last member: flags, method, crc, packed, size, attributes, start.
    """
    body, directory = b"", b""
    for index, (name, data) in enumerate(entries):
        raw = name.encode("utf-8", "surrogatepass") if isinstance(name, str) else name
        own = changes if index == len(entries) - 1 else {}
        values = {"flags": 0x800, "method": 0, "crc": zlib.crc32(data), "packed": len(data), "size": len(data)} | own
        common = struct.pack(
            "<5H3L2H",
            20,
            values["flags"],
            values["method"],
            0,
            0x21,
            values["crc"],
            values["packed"],
            values["size"],
            len(raw),
            0,
        )
        start = values.get("start", len(body))
        attributes = values.get("attributes", (stat.S_IFREG | 0o644) << 16)
        directory += b"PK\x01\x02" + struct.pack("<H", 0x314) + common + struct.pack("<3H2L", 0, 0, 0, attributes, start) + raw
        body += b"PK\x03\x04" + common + raw + data
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + end


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    class Pipe(io.RawIOBase):
        """Cannot seek: the writer must put sizes behind the data."""

        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            self.data += bytes(data)
            return len(data)

    file: Any = Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return bytes(file.data if streamed else file.getvalue())


def opened(folder: Path, data: bytes, limits: Limits | None = None) -> Source:
    (folder / "e.zip").write_bytes(data)
    return open_source([folder / "e.zip"], limits=limits or Limits())


def read(source: Source) -> dict[str, bytes | str]:
    """Each member's bytes by path, or the code of the error that reading it raised."""
    found: dict[str, bytes | str] = {}
    for member in source.members:
        try:
            with member.open() as stream:
                found[member.path] = stream.read()
        except SatchelError as error:
            found[member.path] = error.code
    return found


def codes(source: Source) -> list[str]:
    return [finding.code for finding in source.findings]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file outside it that must stay what it is, and in which nothing new may appear."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"untouched")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    yield inner
    assert outside.read_bytes() == b"untouched"
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left <= {"outside", "a", "a/b", "a/b/e.zip"}


HOSTILE_NAMES: list[str | bytes] = [
    "../../outside", "..", "a/../../../outside", "a/..", "/outside", "//outside", "C:/outside", "c:outside", "..\\..\\outside",
    "a\\b", "\\outside", "a\0.json", "conversations.json\0", "a\nb", "a\rb", "a\x1b[31mb", "a\x7f", "a\x9bb", "a.", "a ",
    "a./b", "a /b", "...", "x" * 256, "é" * 128, "d/" + "x" * 300, "",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_hostile_name_is_refused_and_the_honest_ones_beside_it_are_read(folder: Path, name: str | bytes) -> None:
    with opened(folder, raw_zip([*HONEST.items(), (name, b"evil")])) as source:
        assert read(source) == HONEST
        assert codes(source) == ["unsafe-name"]
        assert source.findings[0].outcome == "skipped"
        # The name goes to terminals and logs: nothing in it may act there.
        assert source.findings[0].place.file.isprintable()
        assert len(source.findings[0].place.file) < 400


@given(st.text(max_size=12))
@settings(max_examples=300)
@example("a/./b")
def test_a_name_that_is_let_through_stays_below_a_folder(name: str) -> None:
    if not unsafe_name(name):
        path = os.path.normpath(os.path.join("/root", name))  # noqa: PTH118
        assert path == "/root" or path.startswith("/root/")
        assert "\\" not in name
        assert not any(ord(character) < 32 for character in name)


@pytest.mark.parametrize(
    ("first", "second"), [("a.json", "a.json"), ("a.json", "A.JSON"), ("é.json", "e\u0301.json"), ("ß", "SS"), ("a/b", "a/./b")]
)
def test_the_second_of_two_like_names_is_refused(folder: Path, first: str, second: str) -> None:
    with opened(folder, raw_zip([(first, b"1"), (second, b"2"), ("other", b"3")])) as source:
        assert read(source) == {first: b"1", "other": b"3"}
        assert codes(source) == ["duplicate-name"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_are_refused(folder: Path, kind: int) -> None:
    data = raw_zip([*HONEST.items(), ("link", b"../../outside")], attributes=(kind | 0o777) << 16)
    with opened(folder, data) as source:
        assert read(source) == HONEST
        assert codes(source) == ["not-a-file"]


def test_a_link_and_then_a_member_behind_it(folder: Path) -> None:
    """borg's attack: a link to a folder, then a file through it."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "../..")
        archive.writestr("link/outside", b"evil")
    with opened(folder, buffer.getvalue()) as source:
        assert read(source) == {"link/outside": b"evil"}
        assert codes(source) == ["not-a-file"]


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2001])
def test_an_encrypted_member_is_told(folder: Path, flags: int) -> None:
    with opened(folder, raw_zip([*HONEST.items(), ("secret", b"\x01\x02")], flags=flags | 0x800)) as source:
        assert read(source) == HONEST
        assert codes(source) == ["encrypted-member"]


def test_an_unknown_compression_is_told(folder: Path) -> None:
    with opened(folder, zipped({"a": b"1"}, zipfile.ZIP_LZMA)) as source:
        assert read(source) == {}
        assert codes(source) == ["unsupported-compression"]


def test_members_that_share_bytes_are_refused(folder: Path) -> None:
    """Many directory entries on one local header: a bomb that needs no nesting."""
    data = bytearray(raw_zip([("first", b"1"), ("bomb", b"2" * 100)]))
    start = data.index(b"PK\x03\x04", 4)
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    entry = bytes(data[at : data.rindex(b"PK\x05\x06")])
    directory = bytes(data[data.index(b"PK\x01\x02") : at]) + b"".join(
        entry.replace(b"bomb", b"bom%d" % index) for index in range(5)
    )
    body = bytes(data[: data.index(b"PK\x01\x02")])
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 6, 6, len(directory), len(body), 0)
    with opened(folder, body + directory + end) as source:
        assert read(source) == {"first": b"1"}
        assert codes(source) == ["overlapping-members"] * 5
    assert start > 0


def test_a_member_inside_another_ones_data(folder: Path) -> None:
    inner = raw_zip([("in", b"x" * 10)])
    with opened(folder, raw_zip([("out", inner), ("fake", b"")], start=40, size=10, packed=10)) as source:
        assert read(source) == {}
        assert set(codes(source)) == {"overlapping-members"}


def test_a_local_header_that_reaches_into_the_next_member(folder: Path) -> None:
    data = bytearray(raw_zip([("a", b"11"), ("b", b"2222")]))
    # The extra field's length, in the local header alone.
    struct.pack_into("<H", data, 28, 3)
    with opened(folder, bytes(data)) as source, pytest.raises(UnsafeArchive):
        source.members[0].open()


def test_a_local_header_of_another_name(folder: Path) -> None:
    data = raw_zip([("a", b"1"), ("b", b"2")]).replace(b"a1PK", b"z1PK")
    with opened(folder, data) as source:
        assert read(source) == {"a": "malformed", "b": b"2"}


@pytest.mark.parametrize("changes", [{"crc": 1}, {"size": 5, "packed": 5}, {"size": 3, "packed": 3}, {"size": 9}])
def test_a_member_that_is_not_what_it_says(folder: Path, changes: dict[str, int]) -> None:
    with opened(folder, raw_zip([("good", b"1"), ("bad", b"data")], **changes)) as source:
        found = read(source)
        assert found.pop("good") == b"1"
        assert found in ({"bad": "malformed"}, {})
        assert found or codes(source) == ["malformed"]


def test_a_damaged_stream_is_malformed_and_the_others_are_read(folder: Path) -> None:
    noise = random.Random(1).randbytes(5000)
    data = bytearray(zipped({"a": noise, "b": b"[]", "c": noise[::-1]}))
    data[2000] ^= 0xFF
    with opened(folder, bytes(data)) as source:
        assert read(source) == {"a": "malformed", "b": b"[]", "c": noise[::-1]}


def test_a_bomb_stops_early(folder: Path) -> None:
    limits = Limits(ratio_free_bytes=MIB, archive_ratio=100)
    with opened(folder, zipped({"bomb": bytes(64 * MIB), "small": bytes(MIB)}), limits) as source:
        with source.members[0].open() as stream:
            taken: list[int] = []
            chunks = iter(lambda: stream.read(64 << 10), b"")
            with pytest.raises(LimitExceeded, match="times"):
                taken.extend(len(chunk) for chunk in chunks)
            assert sum(taken) <= 16 * MIB
        with source.members[1].open() as stream:
            assert len(stream.read()) == MIB


def test_a_size_that_lies_is_found_while_reading(folder: Path) -> None:
    data = bytearray(zipped({"bomb": bytes(1000)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(signature) + offset, 10)
    with opened(folder, bytes(data)) as source, source.members[0].open() as stream, pytest.raises(MalformedInput):
        stream.read()


def test_declared_sizes_past_the_limits(folder: Path) -> None:
    data = zipped({"a": bytes(100), "b": bytes(101), "c": bytes(60), "d": bytes(50), "e": bytes(40)})
    with opened(folder, data, Limits(member_bytes=100)) as source:
        assert list(read(source)) == ["a", "c", "d", "e"]
        assert codes(source) == ["limit"]
    with opened(folder, data, Limits(archive_bytes=200)) as source:
        assert list(read(source)) == ["a", "c", "e"]
        assert codes(source) == ["limit", "limit"]


def test_more_members_than_allowed(folder: Path) -> None:
    with opened(folder, zipped({f"m{index}": b"1" for index in range(12)}), Limits(archive_members=10)) as source:
        assert len(source.members) == 10
        assert codes(source) == ["limit"]
        assert source.findings[0].count == 2


def test_a_directory_too_large_to_load(folder: Path) -> None:
    # 3,000 entries of 200 characters each, where 10 are allowed.
    data = raw_zip([(f"{index:0200}", b"") for index in range(3000)])
    with opened(folder, data, Limits(archive_members=10)) as source:
        assert source.members == ()
        assert codes(source) == ["limit"]


def test_a_thousand_faults_are_told_in_few_findings(folder: Path) -> None:
    with opened(folder, raw_zip([(f"../{index}", b"") for index in range(1000)])) as source:
        assert len(source.findings) <= 25
        assert sum(finding.count for finding in source.findings) == 1000


def test_litter_is_skipped_without_a_word(folder: Path) -> None:
    litter = {"__MACOSX/._a": b"", ".DS_Store": b"", "d/.DS_Store": b"", "d/Thumbs.db": b"", "empty/": b""}
    with opened(folder, zipped(HONEST | litter)) as source:
        assert read(source) == HONEST
        assert source.findings == ()


def test_a_name_that_is_not_the_utf8_it_claims_to_be(folder: Path) -> None:
    # Nothing can be read of such a directory; the members are found without it.
    with opened(folder, raw_zip([*HONEST.items(), (b"a\xffb", b"1"), (b"a\xff\0b", b"2")])) as source:
        assert read(source) == HONEST | {"a\ufffdb": b"1"}
        assert codes(source) == ["truncated-archive", "unsafe-name"]


def test_names_without_the_utf8_flag(folder: Path) -> None:
    # macOS writes UTF-8 without saying so; the rest is code page 437 (APPNOTE appendix D).
    with opened(folder, raw_zip([("a", b""), ("é.json".encode(), b"1")], flags=0)) as source:
        assert list(read(source)) == ["a", "é.json"]
    with opened(folder, raw_zip([("a", b""), (b"\x82.json", b"1")], flags=0)) as source:
        assert list(read(source)) == ["a", "é.json"]


def test_zip64(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("big", "w", force_zip64=True) as member:
        member.write(b"data")
    for data in (buffer.getvalue(), buffer.getvalue()[:-30]):
        with opened(folder, data) as source:
            assert read(source) == {"big": b"data"}


def test_zstd_members(folder: Path) -> None:
    zstd = pytest.importorskip("backports.zstd" if os.sys.version_info < (3, 14) else "compression.zstd")  # type: ignore[attr-defined]
    text = b"some text " * 100
    packed = zstd.compress(text)
    data = raw_zip([("a", packed)], method=93, crc=zlib.crc32(text), size=len(text), packed=len(packed))
    with opened(folder, data) as source:
        assert read(source) == {"a": text}


NESTED = {"in.json": b"[1]", "d/big.bin": random.Random(2).randbytes(2 * MIB)}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_in_a_zip(folder: Path, method: int) -> None:
    data = zipped({"part (1).ZIP": zipped(NESTED), "top.json": b"{}", "not.zip": b"no zip"}, method)
    with opened(folder, data) as source:
        assert read(source) == NESTED | {"top.json": b"{}", "not.zip": b"no zip"}
        assert [member.name for member in source.members][:2] == [
            "e.zip/part (1).ZIP/in.json",
            "e.zip/part (1).ZIP/d/big.bin",
        ]
        assert [member.path for member in source.archives] == ["part (1).ZIP"]
        assert source.findings == ()


def test_a_document_that_is_a_zip_inside_stays_a_file(folder: Path) -> None:
    document = zipped({"word/document.xml": b"<x/>"})
    with opened(folder, zipped({"letter.docx": document})) as source:
        assert read(source) == {"letter.docx": document}


def test_archives_nested_deeper_than_allowed_stay_closed(folder: Path) -> None:
    inner = zipped({"x.json": b"1"})
    data = zipped({"b.zip": zipped({"c.zip": inner, "y.json": b"2"})})
    with opened(folder, data) as source:
        assert read(source) == {"c.zip": inner, "y.json": b"2"}
        assert codes(source) == ["archive-depth"]
    with opened(folder, data, Limits(archive_depth=3)) as source:
        assert read(source) == {"x.json": b"1", "y.json": b"2"}


def test_nested_archives_share_the_outer_ones_limits(folder: Path) -> None:
    part = zipped({f"m{index}": b"12345" for index in range(10)})
    data = zipped({f"{index}.zip": part for index in range(10)})
    with opened(folder, data, Limits(archive_members=35)) as source:
        assert len(source.members) < 35
        assert "limit" in codes(source)


def test_a_damaged_nested_archive_costs_itself_alone(folder: Path) -> None:
    part = zipped({"x.json": b"1" * 100})
    data = zipped({"a.zip": part[:40], "b.zip": part, "c.json": b"3"})
    with opened(folder, data) as source:
        assert read(source) == {"x.json": b"1" * 100, "c.json": b"3"}
        assert codes(source) == ["truncated-archive"]


WHOLE = {
    "first.json": random.Random(3).randbytes(3000),
    "empty": b"",
    "ü/second.json": b"[" + b"1," * 5000 + b"1]",
    "PK\x20": b"PK\x07\x08PK\x03\x04PK\x01\x02" * 3,
    "last.json": random.Random(4).randbytes(500),
}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]), st.booleans())
def test_a_cut_zip_gives_the_members_that_are_whole(
    tmp_path_factory: pytest.TempPathFactory, draws: st.DataObject, method: int, streamed: bool
) -> None:
    entries = {name.strip(): data for name, data in WHOLE.items()}
    data = zipped(entries, method, streamed=streamed)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        directory = archive.start_dir
    cut = draws.draw(st.one_of(st.integers(4, len(data) - 1), st.just(directory), st.just(len(data) - 1)))
    ends = [*(info.header_offset for info in infos[1:]), directory]
    whole = {info.filename: entries[info.filename] for info, end in zip(infos, ends, strict=True) if end <= cut}
    with opened(tmp_path_factory.mktemp("cut"), data[:cut]) as source:
        found = read(source)
        assert codes(source) == ["truncated-archive"]
        # Cut inside a descriptor the data may be whole, but nothing says so.
        assert list(found.items())[: len(whole)] == list(whole.items())
        assert len(found) - len(whole) in ((0, 1) if streamed else (0,))
        assert f"{len(found)} members" in source.findings[0].text


def test_a_cut_zip_names_the_member_that_was_cut(folder: Path) -> None:
    data = zipped({"whole.json": b"1", "cut.json": random.Random(1).randbytes(1000)})
    with opened(folder, data[:600]) as source:
        assert read(source) == {"whole.json": b"1"}
        assert "cut.json is cut off" in source.findings[0].text


def test_a_cut_zip_is_not_taken_for_the_whole_zip_inside_it(folder: Path) -> None:
    inner = zipped({"conversations.json": b"[]"})
    data = zipped({"other.json": b"1", "inner.dat": inner, "last": bytes(100)}, zipfile.ZIP_STORED)
    with opened(folder, data[: data.index(b"PK\x05\x06") + 22]) as source:
        assert read(source) == {"other.json": b"1", "inner.dat": inner}
        assert codes(source) == ["truncated-archive"]


def test_hostile_names_in_a_cut_zip(folder: Path) -> None:
    data = raw_zip([("a", b"1"), ("../../outside", b"evil"), ("a", b"2"), ("b", b"3")])
    with opened(folder, data[: data.index(b"PK\x01\x02")]) as source:
        assert read(source) == {"a": b"1", "b": b"3"}
        assert set(codes(source)) == {"truncated-archive", "unsafe-name", "duplicate-name"}


def test_an_empty_zip(folder: Path) -> None:
    with opened(folder, zipped({})) as source:
        assert source.members == ()
        assert source.findings == ()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_bytes_only_our_errors_leave(tmp_path_factory: pytest.TempPathFactory, draws: st.DataObject) -> None:
    nested = zipped({"n.zip": zipped({"x": b"1"}), "a.json": b"[1,2]" * 20, "b": b""}, streamed=draws.draw(st.booleans()))
    data = bytearray(nested)
    for _ in range(draws.draw(st.integers(1, 4))):
        at = draws.draw(st.integers(4, len(data) - 1))
        data[at] = draws.draw(st.sampled_from([0, 1, 8, 0x50, 0x7F, 0x80, 0xFF, data[at] ^ 1]))
    if draws.draw(st.booleans()):
        del data[draws.draw(st.integers(4, len(data) - 1)) :]
    with opened(tmp_path_factory.mktemp("noise"), bytes(data)) as source:
        for member in source.members:
            try:
                with member.open() as stream:
                    stream.read()
            except InputError:
                pass
