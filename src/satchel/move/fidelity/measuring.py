"""One cell: a source into a target, read there, and home again."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from satchel.formats.base import PLAIN, WriteOptions
from satchel.formats.portable_ai_memory.terms import STORE_FILE
from satchel.model.record import Record
from satchel.model.text import same_words, searchable
from satchel.move.fidelity.comparing import compare, side
from satchel.move.fidelity.figures import Cell, Records, add
from satchel.move.fidelity.pairing import Index
from satchel.move.fidelity.sources import STANDARDS, Source, read, suffix_of, transfer

#: Without residue of ours; None as long as no writer can leave it out.
WITHOUT: WriteOptions | None = None


def measure(source: Source, records: Index, to: str, *, residue: bool = True) -> Cell:
    """The cell of a source, whose records were read, and a target (format[=PROFILE]).

    Raises:
        SatchelError: the source cannot be written in the target.
    """
    with TemporaryDirectory(prefix="satchel-fidelity-") as folder, ExitStack() as stack:
        out = Path(folder)
        cell = Cell(source=source.name, target=to)
        written = out / f"there{suffix_of(to)}"
        source.write(written, to, PLAIN)
        if to not in STANDARDS:
            _told(records, written, cell)
            return cell
        there = Index(stack.enter_context(read(written)))
        plain = None
        if WITHOUT is not None and residue:
            bare = out / f"plain{suffix_of(to)}"
            source.write(bare, to, WITHOUT)
            plain = Index(stack.enter_context(read(bare)))
        home = None
        if source.home and source.path is not None:
            cell.returning = 1
            back = out / "home" / source.path.name
            back.parent.mkdir()
            transfer(written, back, source.home, PLAIN)
            cell.returned = int(same_files(source.path, back))
            home = Index(stack.enter_context(read(back)))
        beside = side(records, there)
        assert beside is not None
        compare(records, beside, plain=side(records, plain), home=side(records, home), cell=cell)
        return cell


def same_files(one: Path, other: Path) -> bool:
    """Whether two packages are the same, byte for byte; of a file that came back as a package, its memory store."""
    if one.is_file() and other.is_dir():
        other = other / STORE_FILE
    return _digests(one) == _digests(other)


def _digests(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        return {"": _sha256(path)} if path.is_file() else {}
    files = (file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path).as_posix(): _sha256(file) for file in files}


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _told(records: Index, folder: Path, cell: Cell) -> None:
    """Count the records whose words stand in the texts of a folder, whatever stands round them there."""
    texts = (file.read_text() for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "README.md")
    whole = b"\n".join(_folded(text) for text in texts)
    for uid in records.words:
        record = records.store.get(uid)
        if record is None:
            continue
        fate = "same" if _stands_in(record, whole) else "lost" if record.access.exportable else "withheld"
        counts = Records(total=1, **{fate: 1})
        add(cell.records, counts)
        add(cell.kinds.setdefault(record.kind, Records()), counts)


def _stands_in(record: Record, whole: bytes) -> bool:
    title, text = searchable(record)
    said = _folded(text) or _folded(title)
    return bool(said) and said in whole


def _folded(text: str) -> bytes:
    """A text without white space, case and the backslashes that make it safe to paste."""
    return same_words("", text).replace(b"\\", b"")
