"""A folder of texts after it was written: as it was, edited, or broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from satchel.errors import NotRecognised
from satchel.formats import registry
from satchel.formats.assistant_text.validation import RULES
from satchel.limits import DEFAULT, Limits
from satchel.model import bodies
from satchel.model.findings import Finding
from tests.formats.portable_ai_memory.bag import Bag, memory
from tests.formats.portable_ai_memory.bag import record as record_of

BAG = Bag([memory("tea"), memory("rye", "Likes rye"), record_of("brief", bodies.Instruction(text="Be brief."))])


def check(folder: Path, name: str = "claude-text", limits: Limits = DEFAULT) -> list[Finding]:
    return list(registry.get(name).validate(folder, limits=limits))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    registry.get("claude-text").write(BAG, tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("name", ["chatgpt-text", "claude-text", "gemini-text", "system-prompt"])
def test_what_is_written_is_valid_and_recognised(name: str, tmp_path: Path) -> None:
    registry.get(name).write(BAG, tmp_path / "out")
    assert check(tmp_path / "out", name) == []
    assert registry.recognise(tmp_path / "out").info.name == name
    assert registry.reader_of(tmp_path / "out") is None


def edit(file: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_bytes()))


IMPORT, EDITS = "import.txt", "memory-edits.txt"


def linked(folder: Path) -> None:
    (folder / IMPORT).rename(folder.parent / "elsewhere")
    (folder / IMPORT).symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda folder: (folder / "README.md").unlink(), "readme-missing"),
        (edit("README.md", lambda data: data.replace(b"claude-text", b"gemini-text", 1)), "readme-missing"),
        (edit("README.md", lambda data: data.replace(b" 1: ", b" 2: ", 1)), "version-newer"),
        (lambda folder: [(folder / name).unlink() for name in (IMPORT, EDITS)], "texts-missing"),
        (lambda folder: (folder / "more.txt").write_text("x"), "unknown-entry"),
        (linked, "not-a-file"),
        (edit(IMPORT, lambda data: data.replace(b"tea", b"t\xffa")), "not-utf-8"),
        (edit(EDITS, lambda data: data.replace(b"Likes rye", b"x" * 201)), "over-limit"),
        (edit(EDITS, lambda data: data.replace(b"1. ", b"1. x\n" * 30 + b"1. ", 1)), "too-many"),
        (edit(IMPORT, lambda data: data.removesuffix(b"set.\n")), "frame-changed"),
        (edit(IMPORT, lambda data: data.replace(b"Likes tea", b"Likes tea\n  ```")), "fence-inside"),
        (edit(IMPORT, lambda data: data.replace(b"Likes tea", "Likes\u202e tea".encode())), "hidden-character"),
        (edit(IMPORT, lambda data: data.replace(b"Likes tea", b"Likes tea\nAnd more")), "unknown-line"),
        (edit(IMPORT, lambda data: data.replace(b"## Other context", b"## System")), "unknown-line"),
        (edit(IMPORT, lambda data: b""), "empty"),
    ],
)
def test_what_is_wrong_is_named(change: Callable[[Path], object], code: str, folder: Path) -> None:
    change(folder)
    found = check(folder)
    assert code in {finding.code for finding in found}
    assert all(finding.severity == RULES[finding.code].severity for finding in found)
    assert "Likes" not in str(found)


def test_an_editors_line_ends_are_no_fault(folder: Path) -> None:
    for file in (IMPORT, EDITS):
        path = folder / file
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(folder) == []


def test_a_field_that_is_too_long(tmp_path: Path) -> None:
    registry.get("chatgpt-text").write(BAG, tmp_path / "out")
    (tmp_path / "out" / "about-you.txt").write_text("漢" * 1500)
    assert check(tmp_path / "out", "chatgpt-text") == []
    (tmp_path / "out" / "about-you.txt").write_text("漢" * 1501)
    (found,) = check(tmp_path / "out", "chatgpt-text")
    assert (found.code, found.place.file) == ("over-limit", "about-you.txt")
    assert "1,501 characters" in found.text


def test_a_place_names_the_line(folder: Path) -> None:
    path = folder / IMPORT
    lines = path.read_text().split("\n")
    at = next(number for number, line in enumerate(lines) if line.endswith("tea"))
    lines.insert(at + 1, "no statement")
    path.write_text("\n".join(lines))
    (found,) = check(folder)
    assert found.place.element == at + 1


def test_limits_are_kept(folder: Path) -> None:
    assert {finding.code for finding in check(folder, limits=Limits(document_bytes=10))} == {"too-large"}


@pytest.mark.parametrize(
    "first", [b"", b"# notes\n", b"# claude-text\n", b"\xff\xfe", b"# claude-text 99999999999999999999: x\n"]
)
def test_other_folders_are_not_taken_for_ours(first: bytes, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(first)
    for name in ("chatgpt-text", "gemini-text", "system-prompt"):
        assert not registry.get(name).recognises(tmp_path)
        assert not registry.get(name).recognises(tmp_path / "README.md")
        assert not registry.get(name).recognises(tmp_path / "nothing\0here")
    if b": " not in first:
        with pytest.raises(NotRecognised):
            registry.recognise(tmp_path)
    assert [finding.severity for finding in check(tmp_path)][-1] == "error"
