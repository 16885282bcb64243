"""The package folder: whole or not at all, never over somebody's work, nothing of the source in a path."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from satchel.errors import OutputError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.spelling import file_name
from satchel.model import bodies
from satchel.model.bodies import Part
from satchel.model.record import Origin
from tests.formats.portable_ai_memory.bag import Bag, conversation, files, memory, message, record, talks, text, uid
from tests.formats.portable_ai_memory.test_writer import check

STORE = "memory-store.json"


def small(words: str = "Likes tea") -> Bag:
    document = record("file", bodies.Document(name="a.png", blob="b"))
    picture = message("n", Part(type="image", asset=uid("file")), position=1)
    return Bag([memory("m", words), conversation(), message("x", text("Hi")), document, picture], blobs={"b": b"abc"})


def test_it_is_for_the_owner_alone(tmp_path: Path) -> None:
    FORMAT.write(small(), tmp_path / "out")
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_nothing_is_left_beside_it(tmp_path: Path) -> None:
    FORMAT.write(small(), tmp_path / "out")
    FORMAT.write(small("Likes coffee"), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert b"coffee" in (tmp_path / "out" / STORE).read_bytes()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    FORMAT.write(small(), tmp_path / "out")
    check(tmp_path / "out")


def _file(target: Path) -> None:
    target.write_text("mine")


def _link(target: Path) -> None:
    (target.parent / "real").mkdir()
    target.symlink_to(target.parent / "real")


def _notes(target: Path) -> None:
    target.mkdir()
    (target / "notes.txt").write_text("mine")


def _other_tool(target: Path) -> None:
    FORMAT.write(small(), target)
    path = target / STORE
    path.write_bytes(path.read_bytes().replace(b'"satchel/', b'"another/'))


def _note_inside(target: Path) -> None:
    FORMAT.write(small(), target)
    (target / "conversations" / "notes.json").write_text("mine")


def _folder_inside(target: Path) -> None:
    FORMAT.write(small(), target)
    (target / "attachments" / "mine").mkdir()


def _stranger_inside(target: Path) -> None:
    FORMAT.write(small(), target)
    (target / "README.md").write_text("mine")


def _link_inside(target: Path) -> None:
    FORMAT.write(small(), target)
    (target.parent / "elsewhere").mkdir()
    for path in (target / "attachments").iterdir():
        path.unlink()
    (target / "attachments").rmdir()
    (target / "attachments").symlink_to(target.parent / "elsewhere")


@pytest.mark.parametrize(
    "make", [_file, _link, _notes, _other_tool, _note_inside, _folder_inside, _stranger_inside, _link_inside]
)
def test_what_is_not_ours_is_refused_and_left_alone(make: Any, tmp_path: Path) -> None:
    target = tmp_path / "out"
    make(target)
    before = files(tmp_path)
    with pytest.raises(OutputError):
        FORMAT.write(small(), target)
    assert files(tmp_path) == before


def test_a_missing_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        FORMAT.write(small(), tmp_path / "no" / "out")


class Breaking(Bag):
    def open_blob(self, digest: str) -> BinaryIO:
        raise OSError(28, "No space left on device")


def test_a_failure_leaves_the_earlier_package(tmp_path: Path) -> None:
    FORMAT.write(small(), tmp_path / "out")
    before = files(tmp_path)
    broken = Breaking(small().items)
    with pytest.raises((OutputError, OSError)):
        FORMAT.write(broken, tmp_path / "out")
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failed_rename_puts_the_earlier_package_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FORMAT.write(small(), tmp_path / "out")
    before = files(tmp_path)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError):
        FORMAT.write(small("Likes coffee"), tmp_path / "out")
    assert files(tmp_path) == before


HOSTILE = ["../../pwned", "/abs/path/x", "..", "a/../../b", "C:\\x", "a\0b", "\x1b[2J", "con", ".hidden", "é" * 300]


@pytest.mark.parametrize("name", HOSTILE)
def test_ids_and_names_of_the_source_never_become_paths(name: str, tmp_path: Path) -> None:
    document = record("file", bodies.Document(name=name, blob="b"), origin=Origin(format=name, id=name))
    origin = Origin(format="chatgpt", id=name)
    part = Part(type="file", asset=uid("file"), name=name, ref=f"file-service://{name}")
    bag = Bag([conversation(origin=origin), message("m", part, origin=origin), document], blobs={"b": b"abc"})
    (tmp_path / "inner").mkdir()
    FORMAT.write(bag, tmp_path / "inner" / "out")
    check(tmp_path / "inner" / "out")
    uuid = "[0-9a-f-]{36}"
    known = f"inner/out/({STORE}|conversations/{uuid}\\.json|attachments/{uuid}(-[A-Za-z0-9._-]{{1,80}})?)"
    assert all(re.fullmatch(known, path) for path in files(tmp_path))
    (one,) = talks(tmp_path / "inner" / "out")[0]["messages"]
    assert one["provider_message_id"] == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("Mein Bild (1).PNG", "Mein_Bild_1_.PNG"),
        (".bashrc", "bashrc"),
        ("...", ""),
        ("茶", ""),
        ("茶.png", "png"),
        ("x" * 200 + ".pdf", "x" * 67 + ".pdf"),
        ("x" * 200, "x" * 80),
        ("a.b" + "c" * 200, "a.b" + "c" * 77),
        ("tab\there\n", "tab_here"),
    ],
)
def test_file_names(name: str, expected: str) -> None:
    assert file_name(name) == expected
