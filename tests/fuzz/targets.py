"""What must hold of every input. Each function is given bytes and returns, or raises AssertionError or what leaked."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical, json_values
from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.base import ReadOptions
from satchel.formats.portable_memory import FORMAT, tombstones, validation
from satchel.formats.portable_memory import rows as row_checks
from satchel.formats.portable_memory.graves import Graves, is_skeleton
from satchel.formats.portable_memory.kinds import AUDIT, KINDS, TOMBSTONE
from satchel.formats.portable_memory.records import changed_at, folded_uid, foundations, native_record, uid_of, without_erased
from satchel.formats.portable_memory.rules import RULES, Findings
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.record import Item, Original, Tombstone
from satchel.model.text import searchable
from tests.formats.portable_memory.made import TEST_PUBLIC
from tests.fuzz.cases import Case

#: Small, so that inputs of a few kilobytes cross them.
LIMITS = Limits(
    element_bytes=16 << 10,
    document_bytes=32 << 10,
    member_bytes=64 << 10,
    json_depth=24,
    json_digits=100,
    tombstones=8,
    archive_members=40,
    folder_depth=3,
)
NOBODY: frozenset[str] = frozenset()
TEST_KEYS = frozenset({TEST_PUBLIC})
#: How a record is forbidden, from not at all to wholly.
_STRENGTH = ("", "alike", "orphan", "redact", "delete")
_ERRORS = {"limit", "input", "malformed", "unsafe-archive"}


def bundle(data: bytes) -> None:
    """The validator never raises, the reader only InputError; what is valid is read; nothing outside the folder is opened."""
    case = Case.parse(data)
    with _folder() as root:
        case.write(root)
        # A link may lead here; whoever follows it waits for ever.
        with _watched(root):
            FORMAT.recognises(root)
            findings = list(FORMAT.validate(root, limits=LIMITS))
            _check_findings(findings)
            trusted = TEST_KEYS if b"t" in case.switches else NOBODY
            _check_findings(list(validation.validate(root, LIMITS, trusted=trusted)))
            known = _Vault()
            # Read again, as the second import is: what the first one buried stays out.
            first = _read(root, trusted, known)
            again = _read(root, trusted, known)
            assert (first is None) == (again is None), "a second reading ends otherwise"
            if not any(finding.severity == "error" for finding in findings):
                assert first is not None or known.is_flooded, "a valid bundle was refused"


def line(data: bytes) -> None:
    """A line is a row that every step takes, or there is a finding; canonical bytes mean one value."""
    place = Place(file="items/x.jsonl")
    _check_canonical(data, place)
    findings = Findings()
    row = row_checks.decode(data, place, LIMITS, findings)
    graves = Graves()
    for kind in (TOMBSTONE, AUDIT, *KINDS.values()):
        found = Findings()
        if row is None or not row_checks.check(kind, row, place, found):
            assert found.all() or findings.all(), "nothing is told of a line that is not read"
            continue
        _check_findings(found.all())
        if kind is TOMBSTONE:
            _check_tombstone(row, graves)
        elif kind is not AUDIT:
            _check_row(kind.name, row, graves)
    if row is not None:
        assert graves.forbids("vendorThing", row) in (True, False)
        assert graves.silences("vendorThing", row) in (True, False)
    _check_findings(findings.all())


def _check_canonical(data: bytes, place: Place) -> None:
    try:
        value = json_values.decode(data, place=place, limits=LIMITS)
    except InputError:
        # So short a line crosses no limit, and canonical bytes are refused for nothing else.
        assert len(data) > LIMITS.json_depth or not canonical.check(data, "mem"), "canonical bytes that are not read"
        return
    for dialect in ("mem", "mem-spec"):
        try:
            spelled = canonical.encode(value, dialect)  # type: ignore[arg-type]
        except CanonicalError:
            continue
        assert canonical.check(spelled, dialect), "what is canonical is not"  # type: ignore[arg-type]
        back = json_values.decode_unique(spelled, place=place, limits=LIMITS)
        assert canonical.encode(back, dialect) == spelled  # type: ignore[arg-type]
        # The text's digits of a large float are those of another integer (portable-memory.md 3.3).
        assert back == value or dialect == "mem-spec", "another value came back"


def _check_tombstone(row: dict[str, Any], graves: Graves) -> None:
    graves.add(row)
    tombstones.verdict(row, TEST_KEYS)
    assert tombstones.targets_of(row)
    assert tombstones.operation(row) in ("delete", "redact")


def _check_row(kind: str, row: dict[str, Any], graves: Graves) -> None:
    uid = uid_of(kind, row)
    record = native_record(kind, row, uid)
    msgspec.msgpack.encode(record)
    searchable(record)
    changed_at(kind, row)
    foundations(kind, row)
    folded_uid(kind, uid)
    without_erased(kind, row, lambda _: True)
    is_skeleton(kind, row)
    graves.forbids(kind, row)
    graves.silences(kind, row)


def _check_findings(findings: list[Finding]) -> None:
    for finding in findings:
        assert finding.code in RULES or finding.code in _ERRORS, finding.code
        assert finding.count >= 1 and finding.text


def _read(root: Path, trusted: frozenset[str], known: _Vault) -> int | None:
    """How many items the bundle gives; None where it is refused."""
    count = 0
    buries = True
    try:
        for item in FORMAT.read(root, known=known, options=ReadOptions(limits=LIMITS, trusted=trusted)):  # type: ignore[attr-defined]
            known.take(item)
            if isinstance(item, Tombstone):
                assert buries, "a tombstone after a row"
            elif isinstance(item, Original):
                buries = False
            count += 1
    except InputError as error:
        known.is_flooded = "deletions that no trusted key" in error.message
        return None
    return count


class _Vault:
    """What a reader asks of a vault, over what it gave so far: implements ``formats.base.Known``."""

    def __init__(self) -> None:
        self._graves: dict[str, str] = {}
        self._said: dict[str, tuple[str, str]] = {}
        self.is_flooded = False

    owner_id = "6f1d3c1e-8c1b-4f7e-9a55-0d6f1a2b3c4d"

    @property
    def has_graves(self) -> bool:
        return bool(self._graves)

    def buried(self, uid: str) -> str:
        return self._graves.get(uid, "")

    def said(self, uid: str) -> tuple[str, str] | None:
        return self._said.get(uid)

    def newest_edition(self, format: str, signer: str, series: str) -> None:
        return None

    def was_taken(self, digest: str) -> bool:
        return False

    def is_own_key(self, public: str) -> bool:
        return False

    def is_own_entry(self, number: int, hash: str) -> bool:
        return False

    def take(self, item: Item) -> None:
        """What an import does with the item, as far as a reader can tell."""
        if isinstance(item, Tombstone):
            self._graves.setdefault(item.alike, "alike")
            derived = msgspec.json.decode(item.native).get("derived") or {}
            # A vault finds orphans by itself; here they are the entities that the tombstone names.
            orphans = {uid_of("entity", {"id": id}) for id in derived.get("entityIDs") or ()}
            for at, uid in enumerate(item.targets):
                op = item.op if at == 0 else "orphan" if uid in orphans else "delete"
                self._graves[uid] = max(op, self._graves.get(uid, ""), key=_STRENGTH.index)
        elif isinstance(item, Original):
            reading = item.read()
            _check_place(item.place)
            for record in reading.records:
                msgspec.msgpack.encode(record)
                self._said[record.uid] = searchable(record)


def _check_place(place: Place) -> None:
    assert place.element is None or place.element >= 0
    assert place.offset is None or place.offset >= 0


@contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder with a FIFO beside it, on a file system in memory where there is one."""
    above = Path(tempfile.mkdtemp(prefix="satchel-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        os.mkfifo(above / "elsewhere")
        root = above / "made.mem"
        root.mkdir()
        yield root
    finally:
        shutil.rmtree(above)


_allowed: set[str] = set()
_strayed: list[str] = []


@contextmanager
def _watched(root: Path) -> Iterator[None]:
    """Every file that is opened meanwhile is the folder itself, or is opened by its bare name without following links."""
    _install()
    _strayed.clear()
    _allowed.add(str(root))
    try:
        yield
    finally:
        _allowed.clear()
    assert not _strayed, f"opened: {_strayed[:3]}"


def _seen(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _allowed:
        return
    path, _, flags = arguments
    if isinstance(path, int) or str(path) in _allowed or str(path).endswith((".py", ".pyc")):
        return
    if "/" in str(path) or path in (".", "..") or not flags & os.O_NOFOLLOW:
        _strayed.append(str(path))


_installed = False


def _install() -> None:
    # A hook stays for good, and costs every opened file a call: it is set when the first input is run.
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_seen)


TARGETS: dict[str, Callable[[bytes], None]] = {"bundle": bundle, "line": line}
