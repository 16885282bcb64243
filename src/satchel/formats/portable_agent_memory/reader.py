"""Artifacts as source objects: each entry an original of its own, the envelope one too, after all of it was verified.

Verification fails closed (dossier 12.5 item 2): ids, root, graph, limits, versions and the signature are checked before the
first entry is given, and an artifact with one error is not taken at all. What vouched for it is kept as evidence; nothing of
it is signed anew, and an identity in it stays that agent's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from satchel.codec.collector import paused
from satchel.errors import Place
from satchel.formats.base import Known
from satchel.formats.portable_agent_memory import files, wire
from satchel.formats.portable_agent_memory import kept as keeping
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.doors import Vouched, admitted
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SDK, Component, Profile
from satchel.formats.portable_agent_memory.records import (
    ARTIFACT,
    CARRIED,
    READER,
    artifact_record,
    artifact_uid,
    carried_record,
    carried_uid,
    entry_records,
    ids_in,
    redacted_from,
    said_by,
    uid_of,
)
from satchel.formats.portable_agent_memory.reissue import WAS, made_of
from satchel.formats.portable_agent_memory.residue import FORMAT_NAME, Residue, notes_of, riding_in, uid_in
from satchel.formats.portable_agent_memory.rows import Entry, Plain
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.packages import Carried, CarriedFile, Signed
from satchel.model.record import Item, Original, Reading, Record, Trust
from satchel.model.text import searchable
from satchel.model.times import from_iso


def read(
    path: Path,
    *,
    limits: Limits,
    trusted: frozenset[str] = frozenset(),
    known: Known,
    accept_invalid_signature: bool = False,
) -> Iterator[Item]:
    """Everything in the artifact at ``path``, or in the artifacts of a folder, each verified before any of it is given.

    Args:
        trusted: public keys (``PublicKey.text``): entries of an artifact that one of them signed are verified.
        known: what the vault holds (``formats.base.Known``).
        accept_invalid_signature: take an artifact whose signature does not hold as one that is not signed.

    Raises:
        MalformedInput: an artifact is not what its hashes say, or more; the message begins with the protocol's error code.
        InputError: it cannot be read.
    """
    found = files.files_in(path)
    uids: dict[str, str] = {}

    def opened(file: Path) -> _Reading:
        name = f"{path.name}/{file.name}" if path.is_dir() else path.name
        data = files.read(file, limits)
        artifact = wire.parse(data, limits, file=name, packed=True)
        vouched = admitted(artifact, trusted, limits, name, accept_invalid_signature=accept_invalid_signature)
        return _Reading(artifact, data, vouched, known, name, file, uids)

    with paused():
        if len(found) > 1:
            # All are sound before anything is given; and what one of them names may stand in another.
            for file in found:
                opened(file).settle()
        for file in found:
            yield from opened(file).items()


class _Found(NamedTuple):
    """An entry where it stands, and its residue where it is of use."""

    component: Component
    at: int
    entry: Entry
    residue: Residue


class _Understood(NamedTuple):
    """The entry that one is read as, and the plain record that it and its residue are.

    An entry that was issued from one of another profile is read as that one: its residue speaks of that.
    """

    entry: Entry
    profile: Profile
    plain: Plain | None


class _Reading:
    """One artifact that was admitted."""

    def __init__(
        self,
        artifact: Artifact,
        data: bytes,
        vouched: Vouched,
        known: Known,
        name: str,
        file: Path,
        uids: dict[str, str],
    ) -> None:
        self._artifact = artifact
        self._data = data
        self._vouched = vouched
        self._known = known
        self._name = name
        self._file = file
        self._has_notes = False
        #: The residue of entries, by id, that stands in the metadata.
        self._notes: dict[str, Residue] = {}
        #: What the vault holds and entries were written from: the uid here, by entry's id.
        self._held: dict[str, str] = {}
        #: Uids here of what had a uid where the residue was written; shared by the artifacts of a folder.
        self._uids = uids
        self._gone: set[str] = set()
        self._ids: set[str] = set()

    def settle(self) -> list[dict[str, Any]]:
        """Settle which uid every entry, and every record beside them, has here; those records."""
        notes = notes_of(self._artifact)
        self._has_notes = self._are_ours(notes.entries, notes.records)
        self._notes = notes.entries if self._has_notes else {}
        carried = notes.records if self._has_notes else []
        self._place_uids(carried)
        return carried

    def items(self) -> Iterator[Item]:
        yield from self._vouched.findings
        if self._vouched.key:
            yield Signed(self._vouched.key)
        carried = self.settle()
        if OURS in self._artifact.metadata and not self._has_notes:
            text = "what Satchel wrote beside the entries was changed: it is not used"
            yield Finding("residue-malformed", "warning", text, Place(self._name, pointer=f"/metadata/{OURS}"))
        if self._known.has_graves:
            self._bury()
        for each in self._found():
            yield from self._entry(each)
        for value in carried:
            yield from self._carried(value)
        if not riding_in(self._artifact):
            # With packages of other standards in it, which nobody could erase from, the whole is not kept.
            yield from self._envelope()

    def _are_ours(self, entries: dict[str, Residue], records: list[dict[str, Any]]) -> bool:
        """Whether what stands in ``metadata.satchel`` is whole: then it is kept with what it speaks of."""
        self._ids = {entry["id"] for _, entry in self._artifact.all_entries()}
        ours = self._artifact.metadata.get(OURS)
        if type(ours) is not dict:
            return False
        said, carried = ours.get("entries", []), ours.get("records", [])
        uids = [uid_in(value) for value in records]
        return (
            type(said) is list
            and type(carried) is list
            and len(said) == len(entries)
            and len(carried) == len(records)
            and (not said or self._artifact.profile is SDK)
            and all(next(iter(value)) == "id" and OURS not in value for value in said)
            and entries.keys() <= self._ids
            and all(uids)
            and len(set(uids)) == len(uids)
        )

    def _found(self) -> Iterator[_Found]:
        """The entries, each made anew: held at once they would take several times their bytes."""
        nested = self._artifact.profile.nested
        for component in COMPONENTS:
            for index, entry in enumerate(self._artifact.entries(component)):
                said = entry.get(OURS) if nested else self._notes.get(entry["id"])
                yield _Found(component, index, entry, said if type(said) is dict else {})

    def _understood(self, found: _Found) -> _Understood:
        component, _, entry, residue = found
        own = self._artifact.profile
        read_as, profile = made_of(entry, residue, component, own) or (entry, own)
        plain = said_by(component, read_as, profile, residue) if uid_in(residue) else None
        return _Understood(read_as, profile, plain)

    def _place_uids(self, carried: list[dict[str, Any]]) -> None:
        """Settle which uid everything has here: that of the record it was written from, where the vault holds one that still
        says the same."""
        for each in self._found():
            own = each.entry["id"]
            here = uid_of(own)
            before = [uid for uid in (uid_in(each.residue), was_uid(each.residue)) if uid and uid != here]
            for uid in before:
                if self._says_same(uid, each):
                    self._held[own] = here = uid
                    break
            self._uids |= dict.fromkeys((uid_of(own), *before), here)
        for value in carried:
            written = uid_in(value)
            record = carried_record(value, "imported", written, lambda uid: uid)
            here = carried_uid(written)
            if record is not None and self._known.said(written) == searchable(record):
                self._held[written] = here = written
            self._uids[written] = self._uids[carried_uid(written)] = here

    def _says_same(self, uid: str, found: _Found) -> bool:
        """Whether the vault holds a record of this uid that says what the entry says."""
        said = self._known.said(uid)
        if said is None:
            return False
        return said == searchable(self._records(found, self._understood(found), "imported", lambda each: each)[0])

    def _records(
        self, found: _Found, understood: _Understood, trust: Trust, target: Callable[[str], str]
    ) -> tuple[Record, ...]:
        return entry_records(
            found.component,
            understood.entry,
            understood.profile,
            came_in=self._artifact.profile,
            plain=understood.plain,
            residue=found.residue,
            trust=trust,
            target=target,
            resolve=self._resolve,
        )

    def _target(self, id: str) -> str:
        return self._held.get(id) or uid_of(id)

    def _resolve(self, uid: str) -> str:
        """The uid here of what had this one where it was written; one that the vault itself has stays."""
        here = self._uids.get(uid)
        return here if here is not None else uid if self._known.said(uid) is not None else ""

    def _bury(self) -> None:
        """Find the entries that were erased here, and those that are derived from one."""
        children: dict[str, list[str]] = {}
        pending = []
        for each in self._found():
            own = each.entry["id"]
            written, before = uid_in(each.residue), was_uid(each.residue)
            if any(self._known.buried(uid) in ("delete", "redact") for uid in (uid_of(own), written, before) if uid):
                pending.append(own)
            for parent in ids_in(each.entry, "parent_ids"):
                if parent == redacted_from(each.entry):
                    continue
                children.setdefault(parent, []).append(own)
                if parent not in self._ids and self._known.buried(uid_of(parent)) == "delete":
                    pending.append(own)
        while pending:
            own = pending.pop()
            if own not in self._gone:
                self._gone.add(own)
                pending.extend(children.get(own, ()))

    def _place(self, component: Component, index: int) -> Place:
        return Place(self._name, pointer=self._artifact.pointer(component, index))

    def _entry(self, found: _Found) -> Iterator[Item]:
        entry, place = found.entry, self._place(found.component, found.at)
        own = entry["id"]
        if own in self._gone:
            text = "an entry, or one that it is derived from, was erased from this vault and stays erased; it was not taken"
            yield Finding("erased", "warning", text, place, "skipped")
            return
        if own in self._held:
            text = "the vault holds the record that this was written from; it was not taken a second time"
            yield Finding("own-record", "info", text, place, "skipped")
            return
        understood = self._understood(found)
        plain = understood.plain
        # What rides in the metadata is under the seal alone; without one it takes from the trust that the entry has.
        sure = self._vouched.is_sealed or self._artifact.profile.nested or plain is None
        trust: Trust = self._vouched.trust if sure else "imported"
        native = keeping.compact(keeping.with_residue(entry, self._notes.get(own)))

        yield Original(
            uid=uid_of(own),
            kind=f"{FORMAT_NAME}.{found.component}",
            native=native,
            place=place,
            reader=READER,
            updated=None,
            read=lambda: Reading(self._records(found, understood, trust, self._target)),
            # An identity may be several records.
            small=found.component != "identity" or plain is not None,
            vouched=self._vouched.key if trust == "verified" else "",
        )

    def _carried(self, value: dict[str, Any]) -> Iterator[Item]:
        written = uid_in(value)
        uid = carried_uid(written)
        place = Place(self._name, pointer=f"/metadata/{OURS}/records")
        if any(self._known.buried(each) in ("delete", "redact") for each in (uid, written)):
            yield Finding(
                "erased", "warning", "a record was erased from this vault and stays erased; it was not taken", place, "skipped"
            )
            return
        if written in self._held:
            text = "the vault holds the record that this was written from; it was not taken a second time"
            yield Finding("own-record", "info", text, place, "skipped")
            return
        trust: Trust = self._vouched.trust if self._vouched.is_sealed else "imported"
        record = carried_record(value, trust, uid, self._resolve)
        if record is None:
            yield Finding("residue-malformed", "warning", "a record beside the entries is none", place, "skipped")
            return
        yield Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.{CARRIED}",
            native=keeping.compact(value),
            place=place,
            reader=READER,
            updated=None,
            read=lambda: Reading((record,)),
            small=True,
            vouched=self._vouched.key if trust == "verified" else "",
        )

    def _envelope(self) -> Iterator[Item]:
        """The artifact as a whole: the way home, and what vouched for it."""
        made = keeping.keep(self._artifact, self._data, self._vouched.key, has_notes=self._has_notes)
        uid = artifact_uid(made.sha256)
        place = Place(self._name)
        if made.spelling == "":
            note: dict[str, Any] = {"profile": made.profile, "encoding": made.encoding}
            carried = CarriedFile(format=FORMAT_NAME, name=f"{made.sha256}.pam", concerns="", sha256=made.sha256, note=note)
            yield Carried(file=carried, place=place, open=lambda: self._file.open("rb"))
        record = artifact_record(self._artifact, uid, made.key)
        yield Original(
            uid=uid,
            kind=f"{FORMAT_NAME}.{ARTIFACT}",
            native=msgspec.json.encode(made),
            place=place,
            reader=READER,
            updated=from_iso(self._artifact.envelope.get("created_at")),
            read=lambda: Reading((record,)),
            small=True,
        )


def was_uid(residue: Residue) -> str:
    """The uid of the entry that this residue's was issued from; "" where it says of none."""
    was = residue.get(WAS)
    id = was.get("id") if type(was) is dict else None
    return uid_of(id) if type(id) is str and id else ""
