"""Any export may come encrypted: it is what it holds, and it is never in the clear on the disk while it is read."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

import pyrage
import pytest

from satchel.errors import Locked, MalformedInput, NotRecognised
from satchel.move.imports import import_paths
from satchel.trust.age import NOBODY, Identities
from satchel.trust.age_keys import read_identities
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.vault.state import dump_state

EXAMPLES = ROOT / "examples"
MINE = pyrage.x25519.Identity.generate()


def keys() -> Identities:
    return Identities(read_identities(str(MINE).encode(), "key"))


def sealed(path: Path, data: bytes) -> Path:
    path.write_bytes(pyrage.encrypt(data, [MINE.to_public()]))
    return path


def state(*paths: Path, identities: Identities = NOBODY) -> dict[str, object]:
    with trial_vault() as store:
        import_paths(store, paths, identities=identities)
        found = dump_state(store)
        found.pop("summaries")
        return found


def archive(folder: Path, name: str = "export") -> bytes:
    return Path(shutil.make_archive(str(folder / name), "zip", EXAMPLES / "chatgpt")).read_bytes()


def test_a_zip_and_a_zip_in_a_zip(tmp_path: Path) -> None:
    plain = state(EXAMPLES / "chatgpt")
    inner = archive(tmp_path)
    assert state(sealed(tmp_path / "export.zip.age", inner), identities=keys()) == plain
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("export.zip", inner)
    assert state(sealed(tmp_path / "of any name", outer.getvalue()), identities=keys()) == plain


def test_a_file_alone_and_a_compressed_one(tmp_path: Path) -> None:
    source = EXAMPLES / "claude" / "conversations.json"
    plain = state(source)
    assert state(sealed(tmp_path / "conversations.json.age", source.read_bytes()), identities=keys()) == plain
    packed = sealed(tmp_path / "conversations.json.gz.age", gzip.compress(source.read_bytes()))
    assert state(packed, identities=keys()) == plain


@pytest.mark.parametrize("what", ["zip", "file", "words"])
def test_through_a_pipe(what: str, tmp_path: Path) -> None:
    text = b"age-old wisdom, in the clear\n\nUser likes tea."
    source = EXAMPLES / "claude" / "conversations.json"
    data = {"zip": archive(tmp_path), "file": source.read_bytes(), "words": text}[what]
    sent = data if what == "words" else sealed(tmp_path / "sealed", data).read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(sent))
    writer.start()
    try:
        if what == "words":
            with pytest.raises(NotRecognised):
                state(pipe, identities=keys())
        else:
            assert state(pipe, identities=keys()) == state(EXAMPLES / "chatgpt" if what == "zip" else source)
    finally:
        writer.join()


def test_in_a_folder_its_name_must_agree(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(EXAMPLES / "claude", folder)
    (folder / "conversations.json").unlink()
    data = (EXAMPLES / "claude" / "conversations.json").read_bytes()
    sealed(folder / "conversations.json.age", data)
    assert state(folder, identities=keys()) == state(EXAMPLES / "claude")
    (folder / "conversations.json.age").rename(folder / "conversations.bin")
    assert state(folder, identities=keys()) != state(EXAMPLES / "claude")


def test_in_a_folder_one_that_is_locked_is_told_and_the_others_are_read(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(EXAMPLES / "claude", folder)
    sealed(folder / "more.zip.age", archive(tmp_path))
    damaged = sealed(folder / "old.zip.age", archive(tmp_path))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    batch = import_paths(store, [folder])
    assert batch.summary.counts["conversation"]["new"]
    told = {finding.place.file: finding for finding in batch.summary.findings if finding.code in ("locked", "malformed")}
    assert "--identity" in told["in/more.zip.age"].text
    assert told["in/old.zip.age"].outcome == "skipped"


def test_given_by_its_path_it_must_open_whole(store: SqliteStore, tmp_path: Path) -> None:
    file = sealed(tmp_path / "export.zip.age", archive(tmp_path))
    with pytest.raises(Locked):
        import_paths(store, [file])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MalformedInput, match="not whole"):
        import_paths(store, [file], identities=keys())
    with pytest.raises(NotRecognised):
        import_paths(store, [sealed(file, b"hello")], identities=keys())
    assert store.count() == 0


def test_what_is_unpacked_of_it_is_not_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("export.zip", archive(tmp_path))
    file = sealed(tmp_path / "outer.zip.age", outer.getvalue())
    kept: list[int] = []
    real = tempfile.TemporaryFile

    def watched(*args: object, **named: object) -> object:
        made = real(*args, **named)  # type: ignore[call-overload]
        kept.append(os.dup(made.fileno()))
        return made

    monkeypatch.setattr(tempfile, "TemporaryFile", watched)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", None)
    state(file, identities=keys())
    assert kept
    for descriptor in kept:
        data = os.pread(descriptor, 1 << 26, 0)
        os.close(descriptor)
        assert data and b"PK" not in data[:64] and b"conversations.json" not in data
