"""A package as one zip: the same files, the same bytes each time, whole or not at all."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from satchel.errors import OutputError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory.bag import Bag, bags
from tests.formats.portable_ai_memory.packages import Package, entry, memory, message, talk
from tests.formats.portable_ai_memory.packages import store as made


@pytest.fixture
def filled(store: SqliteStore, tmp_path: Path) -> SqliteStore:
    said = talk("t", message("1", attachments=[{"type": "image", "name": "map.png", "ref": "attachments/map.png"}]))
    files = {"conversations/t.json": said, "attachments/map.png": b"\x89PNG"}
    package = Package(made(memory("m"), conversations_index=[entry(said, "m")]), files)
    import_paths(store, [package.folder(tmp_path / "in")])
    return store


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unpacked(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(bag=bags())
def test_it_holds_what_the_folder_holds_and_is_valid(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as base:
        folder, file, again = (Path(base, name) for name in ("out", "out.zip", "again.ZIP"))
        FORMAT.write(bag, folder)
        written = FORMAT.write(bag, file)
        FORMAT.write(bag, again)
        assert unpacked(file) == contents(folder)
        assert next(iter(unpacked(file))) == "memory-store.json"
        assert file.read_bytes() == again.read_bytes()
        assert written.size_bytes == file.stat().st_size
        assert not [found.text for found in FORMAT.validate(file, limits=DEFAULT) if found.severity == "error"]
        assert sorted(path.name for path in Path(base).iterdir()) == ["again.ZIP", "out", "out.zip"]


def test_sizes_of_64_bits(filled: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every size and offset past a limit that is 4 GiB elsewhere."""
    export(filled, tmp_path / "out", format="portable-ai-memory")
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    export(filled, tmp_path / "out.zip", format="portable-ai-memory")
    monkeypatch.undo()
    assert b"PK\x06\x06" in (tmp_path / "out.zip").read_bytes()
    assert unpacked(tmp_path / "out.zip") == contents(tmp_path / "out")
    assert not [found.text for found in FORMAT.validate(tmp_path / "out.zip", limits=DEFAULT) if found.severity == "error"]


def test_it_comes_back_and_nothing_is_new(filled: SqliteStore, tmp_path: Path) -> None:
    export(filled, tmp_path / "out.zip", format="portable-ai-memory")
    batch = import_paths(filled, [tmp_path / "out.zip"])
    # But for the note that there was an export.
    assert {kind for kind, outcomes in batch.summary.counts.items() if {"new", "updated"} & set(outcomes)} <= {"foreign"}
    assert (tmp_path / "out.zip").stat().st_mode & 0o777 == 0o600


def test_only_an_earlier_one_is_replaced(filled: SqliteStore, tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    export(filled, target, format="portable-ai-memory")
    export(filled, target, format="portable-ai-memory", strip_identifiers=True)
    assert "satchel.json" not in unpacked(target)


def of_others(kind: str, target: Path) -> Path:
    """Something that is in the way; what must not be touched."""
    if kind == "text":
        target.write_text("mine")
    elif kind == "link":
        (target.parent / "mine").write_text("mine")
        target.symlink_to(target.parent / "mine")
        return target.parent / "mine"
    else:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("memory-store.json" if kind == "package" else "notes.txt", '{"exported_by":"x/1.0.0"}')
    return target


@pytest.mark.parametrize("kind", ["text", "link", "package", "zip"])
def test_what_is_of_others_stays(kind: str, filled: SqliteStore, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    kept = of_others(kind, place / "out.zip")
    before = kept.read_bytes(), sorted(place.iterdir())
    with pytest.raises(OutputError, match=r"out\.zip is in the way"):
        export(filled, place / "out.zip", format="portable-ai-memory")
    assert (kept.read_bytes(), sorted(place.iterdir())) == before


def test_a_failure_on_the_way_leaves_what_was(filled: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    place.mkdir()
    export(filled, place / "out.zip", format="portable-ai-memory")
    before = (place / "out.zip").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("satchel.formats.portable_ai_memory.zipped.add_packed", full)
    with pytest.raises(OutputError, match="No space left"):
        export(filled, place / "out.zip", format="portable-ai-memory", strip_identifiers=True)
    assert (place / "out.zip").read_bytes() == before
    assert [path.name for path in place.iterdir()] == ["out.zip"]


def test_a_folder_of_that_name_stays_a_folder(filled: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "out.zip").mkdir()
    export(filled, tmp_path / "out.zip", format="portable-ai-memory")
    assert (tmp_path / "out.zip" / "memory-store.json").is_file()
