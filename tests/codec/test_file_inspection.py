"""Canaries in every spelling and every wrapping are found, in free pages as well; and nothing else is."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec.file_inspection import inspect_file
from satchel.codec.inspection import Inspection
from satchel.codec.matching import Matcher
from satchel.limits import Limits
from satchel.model.fragments import Marker
from satchel.model.residue import Finds

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CANARY = "the tortoise Zorblax-7741 sleeps in the “blue” cellar\nнад рекой 川の上 🐢"
MARKER = Marker(b"k" * 32)

#: How a text may lie on a disk.
SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "json": lambda text: json.dumps(text, ensure_ascii=False).encode(),
    "json escaped": lambda text: json.dumps(text).encode(),
    "json escaped in capitals": lambda text: _capitals(json.dumps(text)).encode(),
}


def _capitals(text: str) -> str:
    parts = text.split("\\u")
    return parts[0] + "".join("\\u" + part[:4].upper() + part[4:] for part in parts[1:])


def _zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a/first.txt", b"nothing of interest " * 50)
        archive.writestr("b/second.json", data)
    return out.getvalue()


#: What it may be wrapped in.
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "zstd": zstd.compress,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": _zipped,
    "stored zip": lambda data: _zipped(data, zipfile.ZIP_STORED),
    "zip in gzip": lambda data: gzip.compress(_zipped(data)),
    "zip in zip in zstd": lambda data: zstd.compress(_zipped(_zipped(data))),
}


def searched(data: bytes, *texts: str, limits: Limits | None = None, pieces: int = 1 << 20) -> Finds:
    """``data`` searched for texts, given in pieces of that size."""
    finds = Finds("here", len(data))
    matcher = Matcher(MARKER.of_texts(texts), MARKER)
    inspection = Inspection(matcher, finds.found, finds.lacks, limits=limits or Limits())
    for start in range(0, len(data), pieces):
        inspection.feed(data[start : start + pieces])
    inspection.close()
    return finds


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_in_each_wrapping(spelling: str, wrapping: str) -> None:
    around = os.urandom(3000)
    data = around + WRAPPINGS[wrapping](b"before it " * 99 + SPELLINGS[spelling](CANARY) + b" after it" * 99) + around
    assert searched(data, CANARY).fragments
    assert not searched(data, "another tortoise, of which nobody has ever spoken").fragments


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=16, max_size=60).filter(lambda text: len(set(text)) > 12),
    spelling=st.sampled_from(sorted(SPELLINGS)),
    before=st.binary(max_size=70),
    after=st.binary(max_size=70),
    pieces=st.integers(1, 200),
)
@settings(max_examples=150, deadline=None)
def test_any_text_wherever_the_reads_are_cut(text: str, spelling: str, before: bytes, after: bytes, pieces: int) -> None:
    finds = searched(before + SPELLINGS[spelling](text) + after, text, pieces=pieces)
    assert finds.fragments


@given(st.binary(min_size=900, max_size=900), st.integers(0, 5000), st.sampled_from(["utf-8", "utf-16-le"]))
@settings(max_examples=60, deadline=None)
def test_a_run_of_192_bytes_is_enough(seed: bytes, start: int, encoding: str) -> None:
    text = " ".join(seed.hex()[at : at + 5] for at in range(0, 1800, 5))
    text = f"{text} {text[::-1]} {text.upper()}"
    whole = text.encode(encoding)
    run = whole[start : start + 192]
    if len(run) == 192 and len(set(run)) > 8:
        assert searched(run, text).fragments


def test_a_short_word_counts_and_a_shorter_one_does_not() -> None:
    assert searched(b"... Zorblax-7 ...", "Zorblax-7").fragments
    assert not MARKER.of_texts(["Zorblax"])


def test_the_place_is_told() -> None:
    finds = searched(b"x" * 5_000_000 + CANARY.encode(), CANARY, pieces=999_999)
    assert min(finds.fragments.values()) == 5_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zstd.compress(os.urandom(5000))[:3000], "zstd, cut off"),
        (_zipped(os.urandom(5000))[:3000], "zip, cut off"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "a 7z archive"),
        (b"PK\x03\x04" + b"\x14\0\1\0\x08\0" + bytes(40), "zip, an encrypted member"),
        (zstd.compress(bytes(50 << 20)), "zstd, unpacks to too much"),
    ],
)
def test_what_cannot_be_read_is_told(data: bytes, reason: str) -> None:
    assert searched(b"before " + data, CANARY).unreadable == {reason: 1}


def test_random_bytes_are_no_archive() -> None:
    finds = searched(os.urandom(4 << 20), CANARY)
    assert not finds.fragments
    assert not finds.unreadable


def _database(path: Path, *, secure: bool, mode: str = "delete", encoding: str = "UTF-8") -> None:
    """A database that held the canary, in a cell, over many pages, and compressed over many pages; all of it deleted."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute(f"PRAGMA secure_delete = {int(secure)}")
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, text, kept BLOB)")
        noise = os.urandom(40_000).hex()
        whole = zstd.compress((noise + CANARY + noise).encode())
        connection.executemany("INSERT INTO said VALUES (?, ?, ?)", [(1, "ordinary words", b""), (2, CANARY, whole)])
        connection.execute("INSERT INTO said VALUES (3, ?, NULL)", (noise + CANARY,))
        connection.execute("DELETE FROM said WHERE id > 1")
    connection.close()


def _inspected(path: Path, *texts: str) -> Finds:
    return inspect_file(path, path.name, Matcher(MARKER.of_texts(texts), MARKER))


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_pages_that_a_database_freed_still_tell(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "free.db"
    _database(path, secure=False, encoding=encoding)
    finds = _inspected(path, CANARY)
    assert finds.fragments
    assert finds.unit == "page"


def test_a_compressed_value_over_many_pages_is_put_together(tmp_path: Path) -> None:
    path = tmp_path / "packed.db"
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("CREATE TABLE kept (data BLOB)")
        noise = os.urandom(60_000).hex()
        connection.execute("INSERT INTO kept VALUES (?)", (zstd.compress((noise + CANARY + noise).encode()),))
    connection.close()
    finds = _inspected(path, CANARY)
    assert finds.fragments
    assert not finds.unreadable


def test_pages_that_were_overwritten_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clean.db"
    _database(path, secure=True)
    finds = _inspected(path, CANARY)
    assert not finds.fragments
    assert not finds.unreadable
    assert _inspected(path, "ordinary words").fragments


def test_a_log_that_was_not_folded_in_tells(tmp_path: Path) -> None:
    path = tmp_path / "logged.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE kept (data)")
    packed = zstd.compress((os.urandom(60_000).hex() + CANARY).encode())
    connection.execute("INSERT INTO kept VALUES (?)", (packed,))
    log = path.with_name("logged.db-wal")
    copy = tmp_path / "copy" / log.name
    copy.parent.mkdir()
    copy.write_bytes(log.read_bytes())
    connection.close()
    finds = _inspected(copy, CANARY)
    assert finds.fragments
    assert not finds.unreadable


def test_links_are_not_followed_and_told(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text(CANARY)
    (tmp_path / "link").symlink_to("real.txt")
    finds = _inspected(tmp_path / "link", CANARY)
    assert not finds.fragments
    assert finds.unreadable == {"a link, which is not followed": 1}
