"""One cell: a source into a target, read there, and home again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from satchel.errors import OutputError, SatchelError
from satchel.formats.portable_ai_memory.terms import STORE_FILE
from satchel.model.record import Record
from satchel.model.text import same_words, searchable
from satchel.move.fidelity.comparing import compare, side
from satchel.move.fidelity.figures import Cell, Fields, Records, add
from satchel.move.fidelity.pairing import Index
from satchel.move.fidelity.sources import STANDARDS, Source, read, suffix_of, transfer

#: How the message begins of a writer that has nothing to say.
_NOTHING = "there is nothing to write"


def measure(source: Source, records: Index, to: str) -> Cell:
    """The cell of a source, whose records were read, and a target (format[=PROFILE])."""
    cell = Cell(source=source.name, target=to, fields=Fields() if to in STANDARDS else None)
    with TemporaryDirectory(prefix="satchel-fidelity-") as folder, ExitStack() as stack:
        journey = _Journey(source, to, Path(folder), stack, cell)
        if to not in STANDARDS:
            _count_told(records, journey.texts(), cell)
            return cell
        there = side(records, journey.there())
        plain = side(records, journey.plain()) if source.home else None
        home = side(records, journey.home()) if source.home else None
        compare(records, there, plain=plain, home=home, cell=cell)
    return cell


class _Journey:
    """The steps of one cell; what one of them cannot do is counted there, and gives nothing."""

    def __init__(self, source: Source, to: str, folder: Path, stack: ExitStack, cell: Cell) -> None:
        self._source = source
        self._to = to
        self._folder = folder
        self._stack = stack
        self._cell = cell
        self._written: Path | None = None

    def texts(self) -> bytes:
        """What stands in the texts of a target, folded."""
        with self._step("there"):
            return _folded_texts(self._write("there"))
        return b""

    def there(self) -> Index | None:
        """What our reader reads of the target."""
        with self._step("there"):
            self._written = self._write("there")
            return self._read(self._written)
        return None

    def plain(self) -> Index | None:
        """The same of a target without residue."""
        with self._step("plain"):
            return self._read(self._write("plain", residue=False))
        return None

    def home(self) -> Index | None:
        """What is there after the way back."""
        path = self._source.path
        assert path is not None
        self._cell.returning = 1
        back = self._folder / "home" / path.name
        back.parent.mkdir()
        with self._step("home"):
            if self._written is not None:
                transfer(self._written, back, self._way_back())
                self._cell.returned = int(same_files(path, back))
                return self._read(back)
        return None

    def _way_back(self) -> str:
        """A profile is named where another would be chosen without."""
        own, _, _ = self._source.home.partition("=")
        return self._source.home if own == self._to.partition("=")[0] else own

    def _write(self, name: str, *, residue: bool = True) -> Path:
        target = self._folder / f"{name}{suffix_of(self._to)}"
        try:
            self._source.write(target, self._to, residue=residue)
        except OutputError:
            if not target.suffix or target.suffix == ".mem":
                raise
            # What does not fit into one file.
            target = target.with_suffix("")
            self._source.write(target, self._to, residue=residue)
        return target

    def _read(self, path: Path) -> Index:
        return Index(self._stack.enter_context(read(path)))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        try:
            yield
        except SatchelError as error:
            why = _NOTHING if error.message.startswith(_NOTHING) else error.code
            step = f"{name}: {why.removeprefix('there is ')}"
            self._cell.failed[step] = self._cell.failed.get(step, 0) + 1


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


def _folded_texts(folder: Path) -> bytes:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "README.md")
    return b"\n".join(_folded(file.read_text()) for file in files)


def _count_told(records: Index, whole: bytes, cell: Cell) -> None:
    """Count the records whose words stand in the texts, whatever stands round them there."""
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
