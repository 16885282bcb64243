"""A bundle as source objects: each row an original of its own, read once it has been checked (dossier 6.4, 10.6 no. 3).

Two passes: the first checks all of the bundle, and where anything is wrong that could change what it says, nothing of it is
taken. The second gives the rows, parents before children, and hashes them again: a file that changed meanwhile ends the import.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import MalformedInput, Place
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.formats.portable_memory.lines import HashedLines
from satchel.formats.portable_memory.records import changed_at, foreign_record, native_record, uid_of
from satchel.formats.portable_memory.validation import reading_order, validate
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Reading

READER = f"{FORMAT_NAME}/1"

#: What may be wrong with a bundle that says what it says all the same: how it is spelled, sorted and summed up.
TOLERATED = frozenset(
    {
        "blank-line",
        "checksums-missing",
        "counts-mismatch",
        "coverage-mismatch",
        "manifest-not-canonical",
        "negative-count",
        "no-final-newline",
        "not-canonical",
        "null-field",
        "order",
        "scopes-mismatch",
    }
)


def read(path: Path, *, limits: Limits = DEFAULT, trusted: frozenset[str] = frozenset()) -> Iterator[Item]:
    """The rows of the bundle at ``path``, and what is to be told of it.

    Args:
        trusted: public keys; with any, the bundle must be signed by one of them.

    Raises:
        MalformedInput: the bundle is not what its manifest says, or cannot be read as it is; nothing of it may be kept.
    """
    findings = list(validate(path, limits, trusted=trusted or None))
    faults = [finding for finding in findings if finding.severity == "error" and finding.code not in TOLERATED]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise MalformedInput(
            f"the bundle cannot be taken: {faults[0].text}{more}",
            place=faults[0].place,
            hint=f"satchel validate {path} tells all of it",
        )
    with Bundle(path, limits) as bundle:
        files = manifests.files_of(msgspec.json.decode(bundle.read(paths.MANIFEST)))
        if any(file.path == paths.TOMBSTONES for file in files):
            raise MalformedInput(
                "the bundle has tombstones, and this Satchel cannot yet carry them out",
                place=Place(file=paths.TOMBSTONES),
                hint="taking its rows without them would bring back what was deleted",
            )
        yield from (
            msgspec.structs.replace(finding, severity="warning") if finding.severity == "error" else finding
            for finding in findings
        )
        for file in sorted(files, key=lambda file: reading_order(file.path)):
            yield from _file(bundle, file, limits)


def _file(bundle: Bundle, file: manifests.File, limits: Limits) -> Iterator[Item]:
    folder, _, name = file.path.rpartition("/")
    kind = name.removesuffix(".jsonl")
    if folder != "items" or not name.endswith(".jsonl"):
        text = "the audit log is another store's and is not replayed" if file.path == paths.AUDIT_LOG else "was not taken"
        yield Finding("unread-file", "warning", text, Place(file=file.path), "skipped")
        return
    with bundle.open(file.path) as stream:
        lines = HashedLines(stream, file.path, limits)
        counts: dict[bytes, int] = {}
        for number, (offset, line) in enumerate(lines):
            place = Place(f"{bundle.name}/{file.path}", number, offset)
            if kind in KINDS:
                bare = line.strip(b" \t\r")
                if bare:
                    yield _row(kind, bare, place)
            elif line:
                count = counts[line] = counts.get(line, 0) + 1
                yield _foreign(kind, line, number, count, place)
        if (lines.sha256, lines.size_bytes) != (file.sha256, file.bytes):
            raise MalformedInput("the file changed while it was read", place=Place(file=file.path), hint="try again")


def _row(kind: str, line: bytes, place: Place) -> Original:
    row: dict[str, Any] = msgspec.json.decode(line)
    uid = uid_of(kind, row)
    return Original(
        uid=uid,
        kind=f"{FORMAT_NAME}.{kind}",
        native=line,
        place=place,
        reader=READER,
        updated=changed_at(kind, row),
        read=lambda: Reading((native_record(kind, row, uid),)),
    )


def _foreign(kind: str, line: bytes, number: int, count: int, place: Place) -> Original:
    """A vendor's line is known by what it says; the same line again by how often it came."""
    uid = make_uid(FORMAT_NAME, kind, line.decode(), str(count))
    return Original(
        uid=uid,
        kind=f"{FORMAT_NAME}.{kind}",
        native=line,
        place=place,
        reader=READER,
        updated=None,
        read=lambda: Reading((foreign_record(kind, line, number, uid),)),
    )
