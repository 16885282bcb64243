"""A bundle as source objects: each row an original of its own, given as it is checked (dossier 6.4, 10.6 nos. 2 and 3).

One pass: each file is opened once, and hashed, checked and read from the same descriptor, parents before children. Where
anything is wrong that could change what the bundle says, reading ends in an error, and nothing that was given may be kept.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
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
from satchel.formats.portable_memory.luggage import Luggage
from satchel.formats.portable_memory.records import (
    UIDS,
    changed_at,
    folded_uid,
    foreign_record,
    foundations,
    native_record,
    uid_of,
)
from satchel.formats.portable_memory.streams import Line
from satchel.formats.portable_memory.tombstones import signer, targets_of, tombstone_of, verdict
from satchel.formats.portable_memory.validation import Check
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding, erased
from satchel.model.ids import UID, make_uid
from satchel.model.record import Item, Original, Reading
from satchel.model.text import leaves, searchable
from satchel.trust import tokens

READER = f"{FORMAT_NAME}/1"
#: The vendor's kind whose lines are residue of another standard (``capsules``): they say nothing of their own.
CAPSULE = "satchelCapsule"

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
        checking = Check(bundle, limits, label=f"{bundle.name}/")
        checking.begin()
        _refuse(checking, path)
        luggage = Luggage(bundle, checking.manifest, _signed(bundle, checking.data, trusted), known, limits)
        yield from luggage.told()
        reading = _Reading(checking, trusted, known, luggage)
        for file in checking.files:
            yield from reading.file(file)
            _refuse(checking, path)
        checking.finish()
        _refuse(checking, path)
        for finding in checking.findings.all():
            yield msgspec.structs.replace(finding, severity="warning") if finding.severity == "error" else finding
        yield luggage.edition


def _refuse(checking: Check, path: Path) -> None:
    """Raise for what is wrong so far."""
    faults = [finding for finding in checking.findings.all() if _is_fault(finding)]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise MalformedInput(
            f"the bundle cannot be taken: {faults[0].text}{more}",
            place=faults[0].place,
            hint=f"satchel validate {path} tells all of it",
        )


def _is_fault(finding: Finding) -> bool:
    if finding.severity != "error" or finding.code in TOLERATED:
        return False
    # Tombstones that share an id are all carried out: what they do together is well defined.
    return not (finding.code == "key-repeated" and finding.place.file.endswith(f"/{paths.TOMBSTONES}"))


def _signed(bundle: Bundle, manifest: bytes, trusted: frozenset[str]) -> tuple[tokens.Verdict, str]:
    """What the signature over the whole bundle is worth, and whose it is."""
    try:
        return tokens.verify(bundle.read(paths.SIGNATURE), manifest, trusted)
    except InputError:
        return "malformed", ""


class _Vendors:
    """The lines of one vendor's kind that came so far."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._counts: dict[bytes, int] = {}

    def count(self, line: bytes, id: str) -> int:
        """0 for the first line of this id; else how often this very line came that its id does not tell apart, from 1."""
        if id and id not in self._ids:
            self._ids.add(id)
            return 0
        mark = hashlib.blake2b(line, digest_size=16).digest()
        count = self._counts[mark] = self._counts.get(mark, 0) + 1
        return count


class _Reading:
    """One bundle under way."""

    def __init__(self, checking: Check, trusted: frozenset[str], known: Known, luggage: Luggage) -> None:
        self._checking = checking
        self._limits = checking.limits
        self._trusted = trusted
        self._known = known
        self._buried = known.buried
        self._luggage = luggage
        self._vouched = luggage.is_vouched
        self._spared = luggage.spared(checking.files)
        #: What tombstones that nobody vouches for name.
        self._doubted = Graves()
        self._unvouched = 0

    def file(self, file: manifests.File) -> Iterator[Item]:
        """The items of one file."""
        if file.path == paths.TOMBSTONES:
            for read in self._checking.read(file):
                yield from self._tombstone(read)
        elif paths.is_stream(file.path):
            kind = paths.kind_of(file.path)
            if kind == CAPSULE:
                # Read to its end, for its hash.
                for _ in self._checking.read(file):
                    pass
                return
            vendors = _Vendors()
            # Without a deletion, nothing has to be asked of a row that has native members alone.
            is_free = kind in KINDS and not self._doubted and not self._known.has_graves
            for read in self._checking.read(file):
                if is_free and read.plain:
                    yield _original(kind, read, UIDS[kind](read.key))
                else:
                    yield from self._row(kind, read) if kind in KINDS else self._foreign(kind, read, vendors)
        else:
            yield from self._luggage.items(file, self._checking.read(file), keys_are_trusted=bool(self._trusted))

    def _tombstone(self, read: Line) -> Iterator[Item]:
        place, line, row, *_ = read
        own = verdict(row, self._trusted)
        # Its own signature counts where it has one: whoever signs a bundle passes on what others deleted.
        vouched = own == "valid" or (own is None and self._vouched)
        if self._trusted and not vouched:
            self._doubted.add(row)
            text = "a deletion that no trusted key vouches for was not carried out"
            yield Finding("tombstone-untrusted", "warning", text, place, "skipped")
            return
        targets = targets_of(row)
        self._unvouched += 0 if vouched else len(targets)
        if self._unvouched > self._limits.tombstones:
            raise LimitExceeded(
                f"more than {self._limits.tombstones:,} deletions that no trusted key vouches for",
                place=place,
                hint="--limit tombstones=N raises it",
            )
        is_own = own == "valid" or (own == "untrusted" and self._known.is_own_key(signer(row)))
        if self._is_out_of_reach(row["targetID"]) and not is_own:
            text = "it names a record that came from elsewhere, and no trusted key signed it: the record stays"
            yield Finding("tombstone-unreached", "warning", text, place)
        yield tombstone_of(row, line, place, self._spared, is_own=is_own)

    def _row(self, kind: str, read: Line) -> Iterator[Item]:
        place, row = read.place, read.row
        uid = uid_of(kind, row)
        if self._doubted.forbids(kind, row) or (self._doubted.silences(kind, row) and not is_skeleton(kind, row)):
            yield _deleted_here(place)
            return
        graves = self._known.has_graves
        if graves and self._is_forbidden(kind, row, uid):
            yield erased(place, uid)
            return
        ours = _uid_of_ours(row)
        if graves and ours and self._buried(ours) in ("delete", "redact"):
            yield erased(place, ours)
            return
        if graves and not self._buried(uid) and self._buried(folded_uid(kind, key_of(KINDS[kind], row))):
            text = "its id only looks like one that a tombstone forbids: another case, form or blank"
            yield Finding("look-alike", "warning", text, place)
        original = _original(kind, read, uid)
        if self._is_ours(kind, row, uid):
            text = "the vault holds the record that this row was written from; it was not taken a second time"
            yield Finding("own-row", "info", text, place, "skipped")
            return
        yield original

    def _is_ours(self, kind: str, row: dict[str, Any], uid: str) -> bool:
        """Whether the row is one of our own exports, of a record that still says the same. A uid that somebody made up can
        keep out nothing but the row that it stands in."""
        own = _uid_of_ours(row)
        return bool(own) and self._known.said(own) == searchable(native_record(kind, row, uid))

    def _is_forbidden(self, kind: str, row: dict[str, Any], uid: str) -> bool:
        """By its own key, by a row that it cannot be without, or because all that it rests on is gone (dossier 4.2)."""
        op = self._buried(uid)
        if op == "orphan":
            # An increment carries what lives in the store that wrote it; what the vault holds is no orphan any more.
            return not (self._luggage.is_increment or row["id"] in self._joined or self._known.said(uid) is not None)
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
        return bool(UID.fullmatch(uid)) and self._known.said(uid) is not None

    @functools.cached_property
    def _joined(self) -> set[str]:
        """The entities that an edge of this bundle joins which may be taken: they are no orphans any more."""
        found: set[str] = set()
        # A look ahead, at what is checked when its turn comes.
        ahead = Check(self._checking.bundle, self._limits)
        for file in self._checking.files:
            if file.path == "items/edge.jsonl":
                for _, _, row, *_ in ahead.read(file):
                    _, evidence = foundations("edge", row)
                    gone = [self._buried(uid) == "delete" for uid in evidence]
                    if self._buried(uid_of("edge", row)) != "delete" and not (gone and all(gone)):
                        found |= {row["srcEntityID"], row["dstEntityID"]}
        return found

    def _foreign(self, kind: str, read: Line, vendors: _Vendors) -> Iterator[Item]:
        """A vendor's line: known by its id where that is its alone, else by what it says and how often it came."""
        place, line, row, *_ = read
        id = row["id"] if type(row.get("id")) is str else ""
        again = vendors.count(line, id)
        own = make_uid(FORMAT_NAME, kind, id) if id else ""
        if own and self._buried(own):
            yield erased(place, own)
            return
        if id and (self._doubted.forbids(kind, {"id": id}) or self._doubted.silences(kind, {"id": id})):
            yield _deleted_here(place)
            return
        uid = make_uid(FORMAT_NAME, kind, line.decode(), str(again)) if again else own
        yield Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.{kind}",
            native=line,
            place=place,
            reader=READER,
            updated=None,
            read=lambda: Reading((foreign_record(kind, line, uid, own),)),
            small=True,
        )


def _uid_of_ours(row: Mapping[str, Any]) -> str:
    """The uid of the record that an export of ours made this row of, as the row says; "" where it says none."""
    carried = row.get(CARRIED)
    own = carried.get("uid") if type(carried) is dict else None
    return own if type(own) is str and UID.fullmatch(own) else ""


def _deleted_here(place: Place) -> Finding:
    return Finding("tombstoned-row", "warning", "its own bundle deletes it; it was not taken", place, "skipped")


def _original(kind: str, read: Line, uid: str) -> Original:
    row, key = read.row, read.key
    return Original(
        uid=uid,
        kind=f"{FORMAT_NAME}.{kind}",
        native=read.line if read.plain else read.line.strip(b" \t\r"),
        place=read.place,
        reader=READER,
        updated=changed_at(kind, row),
        read=lambda: Reading((native_record(kind, row, uid, key),)),
        small=True,
        dialect="mem" if read.plain else "",
        strings=_episode_strings(row) if read.plain and kind == "episode" else lambda: leaves(row),
    )


def _episode_strings(row: Mapping[str, Any]) -> Callable[[], list[str]] | None:
    """What an episode of native members alone may say beside its text: such rows are most of a bundle."""
    if not row["metadata"] and row["summary"] in row["details"]:
        return None
    return lambda: [row["summary"], *row["metadata"].values()]
