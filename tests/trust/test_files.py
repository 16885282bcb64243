"""Private files: whole or not at all, and nobody else's to read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from satchel.errors import KeyStoreError, OutputError
from satchel.trust.files import read_private, write_private


def test_written_private_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path) == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_private(tmp_path / "no" / "key", b"x")


def test_links_large_files_and_missing_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x" * 100)
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name, limit in (("link", 1000), ("real", 99), ("missing", 1000)):
        with pytest.raises(KeyStoreError):
            read_private(tmp_path / name, limit_bytes=limit)
