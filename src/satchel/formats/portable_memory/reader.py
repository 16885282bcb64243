"""A bundle as source objects: each row an original of its own, read once it has been checked (dossier 6.4, 10.6 no. 3).

Two passes: the first checks all of the bundle, and where anything is wrong that could change what it says, nothing of it is
taken. The second gives the rows, parents before children, and hashes them again: a file that changed meanwhile ends the import.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.formats.base import Known
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.graves import Graves, is_skeleton, key_of
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import CARRIED, FORMAT_NAME
from satchel.formats.portable_memory.lines import HashedLines
from satchel.formats.portable_memory.records import (
    changed_at,
    folded_uid,
    foreign_record,
    foundations,
    native_record,
    uid_of,
)
from satchel.formats.portable_memory.tombstones import operation, targets_of, verdict
from satchel.formats.portable_memory.validation import check, reading_order
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Reading, Tombstone
from satchel.model.text import searchable
from satchel.trust import tokens

READER = f"{FORMAT_NAME}/1"
_UID = re.compile(r"[0-9a-f]{40}", re.ASCII)

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
        # A tombstone's own rows and text are kept out one by one.
        "tombstoned-row",
        "redacted-text",
    }
)


def read(path: Path, *, limits: Limits = DEFAULT, trusted: frozenset[str] = frozenset(), known: Known) -> Iterator[Item]:
    """The tombstones of the bundle at ``path``, then its rows, and what is to be told of it.

    Args:
        trusted: public keys; with any, only tombstones that one of them signed, by themselves or with the whole bundle, are
            carried out. The rows that the others name are not taken either.
        known: see ``formats.base.Reader``; it must answer for what was given before.

    Raises:
        MalformedInput: the bundle is not what its manifest says, or cannot be read as it is; nothing of it may be kept.
    """
    with Bundle(path, limits) as bundle:
        # One opened folder for both passes, and the manifest that was checked: what is swapped in between is not read.
        findings, manifest = check(bundle, limits)
        faults = [finding for finding in findings if _is_fault(finding)]
        if faults:
            more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
            raise MalformedInput(
                f"the bundle cannot be taken: {faults[0].text}{more}",
                place=faults[0].place,
                hint=f"satchel validate {path} tells all of it",
            )
        files = manifests.files_of(msgspec.json.decode(manifest))
        yield from (
            msgspec.structs.replace(finding, severity="warning") if finding.severity == "error" else finding
            for finding in findings
        )
        reading = _Reading(bundle, limits, trusted, known, vouched=_is_vouched_for(bundle, manifest, trusted))
        reading.edges = next((file for file in files if file.path == "items/edge.jsonl"), None)
        for file in sorted(files, key=lambda file: reading_order(file.path)):
            yield from reading.file(file)


def _is_fault(finding: Finding) -> bool:
    if finding.severity != "error" or finding.code in TOLERATED:
        return False
    # Tombstones that share an id are all carried out: what they do together is well defined.
    return not (finding.code == "key-repeated" and finding.place.file == paths.TOMBSTONES)


def _is_vouched_for(bundle: Bundle, manifest: bytes, trusted: frozenset[str]) -> bool:
    """Whether a trusted key signed the whole bundle."""
    try:
        return tokens.verify(bundle.read(paths.SIGNATURE), manifest, trusted)[0] == "valid"
    except InputError:
        return False


class _Reading:
    """One bundle under way."""

    def __init__(self, bundle: Bundle, limits: Limits, trusted: frozenset[str], known: Known, *, vouched: bool) -> None:
        self._bundle = bundle
        self._limits = limits
        self._trusted = trusted
        self._known = known
        self._buried = known.buried
        self._vouched = vouched
        #: What tombstones that nobody vouches for name.
        self._doubted = Graves()
        self._unvouched = 0
        self.edges: manifests.File | None = None
        self.told: list[Finding] = []

    def file(self, file: manifests.File) -> Iterator[Item]:
        """The items of one file, which must be what was checked."""
        folder, _, name = file.path.rpartition("/")
        kind = name.removesuffix(".jsonl")
        is_stream = folder == "items" and name.endswith(".jsonl")
        if not is_stream and file.path != paths.TOMBSTONES:
            text = "the audit log is another store's and is not replayed" if file.path == paths.AUDIT_LOG else "was not taken"
            yield Finding("unread-file", "warning", text, Place(file=file.path), "skipped")
            return
        with self._bundle.open(file.path) as stream:
            lines = HashedLines(stream, file.path, self._limits)
            counts: dict[bytes, int] = {}
            ids: set[str] = set()
            for number, (offset, line) in enumerate(lines):
                place = Place(f"{self._bundle.name}/{file.path}", number, offset)
                bare = line.strip(b" \t\r")
                if not is_stream:
                    if bare:
                        yield self._tombstone(bare, place)
                        yield from self.told
                        self.told = []
                elif kind in KINDS:
                    if bare:
                        yield from self._row(kind, bare, place)
                elif line:
                    id = _id_of(line)
                    count = 1
                    if not id or id in ids:
                        mark = hashlib.blake2b(line, digest_size=16).digest()
                        count = counts[mark] = counts.get(mark, 0) + 1
                    yield self._foreign(kind, line, id, place, count=count, known=id in ids)
                    ids.add(id)
            if (lines.sha256, lines.size_bytes) != (file.sha256, file.bytes):
                raise MalformedInput("the file changed while it was read", place=Place(file=file.path), hint="try again")

    def _tombstone(self, line: bytes, place: Place) -> Item:
        row: dict[str, Any] = msgspec.json.decode(line)
        own = verdict(row, self._trusted)
        # Its own signature counts where it has one: whoever signs a bundle passes on what others deleted.
        vouched = own == "valid" or (own is None and self._vouched)
        if self._trusted and not vouched:
            self._doubted.add(row)
            text = "a deletion that no trusted key vouches for was not carried out"
            return Finding("tombstone-untrusted", "warning", text, place, "skipped")
        targets = targets_of(row)
        self._unvouched += 0 if vouched else len(targets)
        if self._unvouched > self._limits.tombstones:
            raise LimitExceeded(
                f"more than {self._limits.tombstones:,} deletions that no trusted key vouches for",
                place=place,
                hint="--limit tombstones=N raises it",
            )
        if self._is_out_of_reach(row["targetID"]):
            text = "it names a record that came from elsewhere: such are not yet erased; it will not leave in a bundle again"
            self.told.append(Finding("tombstone-unreached", "warning", text, place))
        return Tombstone(
            targets=targets,
            alike=folded_uid(row["targetKind"], row["targetID"]),
            op=operation(row),
            format=FORMAT_NAME,
            native=line,
            place=place,
        )

    def _row(self, kind: str, line: bytes, place: Place) -> Iterator[Item]:
        row: dict[str, Any] = msgspec.json.decode(line)
        uid = uid_of(kind, row)
        if self._doubted.forbids(kind, row) or (self._doubted.silences(kind, row) and not is_skeleton(kind, row)):
            yield _deleted_here(place)
            return
        graves = self._known.has_graves
        if graves and self._is_forbidden(kind, row, uid):
            yield _erased(place)
            return
        if graves and not self._buried(uid) and self._buried(folded_uid(kind, key_of(KINDS[kind], row))):
            text = "its id only looks like one that a tombstone forbids: another case, form or blank"
            yield Finding("look-alike", "warning", text, place)
        original = _original(kind, line, row, uid, place)
        if self._is_ours(kind, row, uid):
            text = "the vault holds the record that this row was written from; it was not taken a second time"
            yield Finding("own-row", "info", text, place, "skipped")
            return
        yield original

    def _is_ours(self, kind: str, row: dict[str, Any], uid: str) -> bool:
        """Whether the row is one of our own exports, of a record that still says the same. A uid that somebody made up can
        keep out nothing but the row that it stands in."""
        carried = row.get(CARRIED)
        own = carried.get("uid") if type(carried) is dict else None
        if type(own) is not str or not _UID.fullmatch(own):
            return False
        return self._known.said(own) == searchable(native_record(kind, row, uid))

    def _is_forbidden(self, kind: str, row: dict[str, Any], uid: str) -> bool:
        """By its own key, by a row that it cannot be without, or because all that it rests on is gone (dossier 4.2)."""
        op = self._buried(uid)
        if op == "orphan":
            return row["id"] not in self._joined
        if op == "delete" or (op == "redact" and not is_skeleton(kind, row)):
            return True
        parents, evidence = foundations(kind, row)
        text = bool(KINDS[kind].text)
        if any(gone == "delete" or (gone and text) for gone in map(self._buried, parents)):
            return True
        return bool(evidence) and all(self._buried(id) == "delete" for id in evidence)

    def _is_out_of_reach(self, id: str) -> bool:
        """Whether an export of ours gave this id to a record of another source, which the vault still holds."""
        uid = id.rpartition("_")[2]
        return bool(_UID.fullmatch(uid)) and self._known.said(uid) is not None

    @functools.cached_property
    def _joined(self) -> set[str]:
        """The entities that an edge of this bundle joins which may be taken: they are no orphans any more."""
        found: set[str] = set()
        if self.edges is not None:
            with self._bundle.open(self.edges.path) as stream:
                for _, line in HashedLines(stream, self.edges.path, self._limits):
                    if line.strip(b" \t\r"):
                        row = msgspec.json.decode(line)
                        ends = {row.get("srcEntityID"), row.get("dstEntityID")}
                        evidence = row.get("evidenceEpisodeIDs") or ()
                        gone = [self._buried(make_uid(FORMAT_NAME, "episode", id)) == "delete" for id in evidence]
                        if self._buried(uid_of("edge", row)) != "delete" and not (gone and all(gone)):
                            found |= {end for end in ends if type(end) is str}
        return found

    def _foreign(self, kind: str, line: bytes, id: str, place: Place, *, count: int, known: bool) -> Item:
        """A vendor's line: known by its id where that is its alone, else by what it says and how often it came."""
        own = make_uid(FORMAT_NAME, kind, id) if id else ""
        if own and self._buried(own):
            return _erased(place)
        if id and (self._doubted.forbids(kind, {"id": id}) or self._doubted.silences(kind, {"id": id})):
            return _deleted_here(place)
        uid = own if own and not known else make_uid(FORMAT_NAME, kind, line.decode(), str(count))
        return Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.{kind}",
            native=line,
            place=place,
            reader=READER,
            updated=None,
            read=lambda: Reading((foreign_record(kind, line, uid, own),)),
        )


def _deleted_here(place: Place) -> Finding:
    return Finding("tombstoned-row", "warning", "its own bundle deletes it; it was not taken", place, "skipped")


def _erased(place: Place) -> Finding:
    return Finding("erased", "info", "a tombstone in the vault forbids it; it was not taken", place, "skipped")


def _original(kind: str, line: bytes, row: dict[str, Any], uid: str, place: Place) -> Original:
    return Original(
        uid=uid,
        kind=f"{FORMAT_NAME}.{kind}",
        native=line,
        place=place,
        reader=READER,
        updated=changed_at(kind, row),
        read=lambda: Reading((native_record(kind, row, uid),)),
    )


def _id_of(line: bytes) -> str:
    """The top-level ``id`` of a vendor's object, or ""."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return ""
    id = value.get("id") if type(value) is dict else None
    return id if type(id) is str else ""
