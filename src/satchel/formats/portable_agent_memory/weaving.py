"""Our records as entries: in two passes over the selection, parents before what is derived from them.

    plan     what leaves and how: as an entry, or without one beside the entries; and what names what
    weave    each entry under its id, which needs the ids of its parents

What came in this format goes home: with its id and its very members where it is the same profile and all that it names goes
home too; otherwise it is issued anew. All else is mapped by the table (``mapping``). Only ids are held, never entries.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from satchel.errors import CanonicalError
from satchel.formats.base import Homeward, Selection
from satchel.formats.portable_agent_memory import bounds, kept, mapping, shapes
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import neutral, shaped
from satchel.formats.portable_agent_memory.mapping import LENSES, PLACELESS, lens_of, lenses_of
from satchel.formats.portable_agent_memory.models import defaults
from satchel.formats.portable_agent_memory.profiles import SDK, Component, Profile
from satchel.formats.portable_agent_memory.records import ARTIFACT, CARRIED, carried_uid, uid_of
from satchel.formats.portable_agent_memory.reissue import in_order, issued, placed, profile_of
from satchel.formats.portable_agent_memory.residue import FORMAT_NAME, Residue, between, plain_of
from satchel.formats.portable_agent_memory.rows import Entry, Lens, Plain, Source, decode, encode
from satchel.formats.portable_agent_memory.spools import Spool, Where
from satchel.formats.secrets import CODE, SECRETIVE, TEXT, holds_secret
from satchel.limits import DEFAULT
from satchel.model.fields import fields_of
from satchel.model.ids import make_uid
from satchel.model.ledger import Ledger
from satchel.model.record import Link, Record
from satchel.model.text import searchable
from satchel.model.times import to_rfc3339
from satchel.trust.redaction.entries import METADATA, TAG

#: The kinds that have entries, and all kinds that leave.
ENTRY_KINDS = tuple(dict.fromkeys(lens.kind for lens in LENSES.values()))
LEAVING = (*ENTRY_KINDS, *mapping.CARRIED)
#: What is said of in these states is told to no agent as if it held: it rides beside the entries.
_PAST = ("superseded", "deprecated", "retracted")
_TITLE_CHARACTERS = 80
_HELD = 1024
_LARGEST = 2**53 - 1
_BESIDE = "carried in metadata.satchel"
_SECTIONS = ("access", "body", "provenance", "times")
#: Of a record that rides whole, what is told by itself.
_TOLD_APART = frozenset({"links", "trust"})


class Woven(NamedTuple):
    """What leaves of a record: an entry of a component under its id, with its residue; or, with no component, the record
    whole."""

    uid: str
    component: Component | None
    value: dict[str, Any]
    residue: Residue


class Refused(NamedTuple):
    """Why a record does not leave."""

    code: str
    text: str


def is_home(record: Record) -> bool:
    """Whether a record came in this format."""
    return record.origin.format == FORMAT_NAME


class Loom:
    """One export of one selection into one profile. ``plan`` comes first."""

    def __init__(self, selection: Selection, ledger: Ledger, aside: Spool) -> None:
        self._selection = selection
        self.ledger = ledger
        #: What is written; set between the passes, for what leaves tells which it is.
        self.profile: Profile = SDK
        self._get = functools.lru_cache(_HELD)(selection.get)
        #: Uids of what leaves, with and without an entry.
        self.entries: set[str] = set()
        self.beside: set[str] = set()
        #: What an entry names, by uid; those that name nothing are not in it.
        self._edges: dict[str, list[str]] = {}
        #: What goes home as it came, with the profile that it came in; and what came so and was edited since.
        self._native: dict[str, str] = {}
        self._edited: list[str] = []
        #: Kept bytes that wait for their parents.
        self._aside = aside
        self._waiting: dict[str, tuple[str, str, str, Where]] = {}
        #: Ids of the entries that are there, by uid; and which of them are episodic.
        self._ids: dict[str, str] = {}
        self._episodic: set[str] = set()

    def plan(self) -> None:
        """The first pass; into the ledger what does not leave."""
        parts: list[tuple[str, str, str]] = []
        for record in self._selection.records(*LEAVING):
            refusal = self._refusal(record)
            if refusal is not None:
                self.ledger.record(record.kind, "omitted", refusal.code, refusal.text, of=record)
                continue
            if _is_part(record):
                parts.append((record.kind, record.linked("part_of"), record.uid))
                continue
            rides = self._rides_beside(record)
            # A uid is named in several places: the same text once.
            uid = sys.intern(record.uid)
            (self.beside if rides else self.entries).add(uid)
            if _came_so(record):
                if record.touched:
                    self._edited.append(uid)
                else:
                    self._native[uid] = sys.intern(record.origin.dialect)
            if rides:
                continue
            named = [sys.intern(link.to) for link in record.links if link.type in ("derived_from", "evidence")]
            if is_home(record):
                named += [sys.intern(link.to) for link in record.links if link.type == "supersedes"]
            if named:
                self._edges[uid] = named
        for kind, of, uid in parts:
            if of in self.entries:
                self.ledger.record(kind, "accepted", uid=uid)
            else:
                text = "the identity entry that said it does not leave"
                self.ledger.record(kind, "omitted", "entry-gone", text, uid=uid)
        for kind, text in PLACELESS.items():
            for record in self._selection.records(kind):
                if not is_home(record):
                    self.ledger.record(kind, "omitted", "no-place", text, of=record)

    def weave(self) -> Iterator[Woven]:
        """The second pass: everything that leaves, what came in this format first."""
        for found in self._selection.homeward(FORMAT_NAME):
            yield from self._homeward(found)
        for uid in (*self._native, *self._edited):
            # A selection need not have a short way home.
            record = self._selection.get(uid) if uid not in self._edges else None
            if record is not None:
                yield self._woven(record)
        for record in self._selection.records(*LEAVING, not_from=FORMAT_NAME):
            leaves = record.uid in self.entries or record.uid in self.beside
            if leaves and record.uid not in self._edges and not _came_so(record):
                yield self._woven(record)
        for uid in in_order(self._edges):
            if uid in self._waiting:
                kind, component, profile, where = self._waiting[uid]
                yield self._noted(self._came(uid, kind, component, self._aside.get(where), profile))
            else:
                record = self._selection.get(uid)
                if record is not None:
                    yield self._woven(record)
        # Nothing more is woven: what was only for that goes before the artifacts are made.
        for held in (self._edges, self._waiting, self._native, self._episodic):
            held.clear()
        self._get.cache_clear()

    def let_go(self) -> None:
        """Forget what left: for an export of which nobody asks under which id something leaves."""
        for held in (self.entries, self.beside, self._ids):
            held.clear()

    def _homeward(self, found: Homeward) -> Iterator[Woven]:
        """What came in this format and goes home as it came, by its kept bytes alone."""
        component = found.source_kind.removeprefix(f"{FORMAT_NAME}.")
        if component == ARTIFACT:
            return
        value: dict[str, Any] = msgspec.json.decode(found.native)
        uid = carried_uid(value["uid"]) if component == CARRIED else uid_of(value["id"])
        profile = self._native.pop(uid, None)
        if profile is None:
            return
        if uid in self._edges:
            self._waiting[uid] = found.kind, component, profile, self._aside.put(found.native)
        else:
            yield self._noted(self._came(uid, found.kind, component, found.native, profile))

    # What leaves, and how ---------------------------------------------------------------------------------------------------

    def _refusal(self, record: Record) -> Refused | None:
        if not record.access.exportable:
            return Refused("not-exportable", "marked as not to be exported")
        if record.kind in SECRETIVE and not _came_so(record) and holds_secret(record, self._selection.unmapped(record)):
            return Refused(CODE, TEXT)
        if record.kind == "message":
            whole = self._get(record.linked("part_of"))
            if whole is not None and not whole.access.exportable:
                return Refused("not-exportable", "its conversation is not to be exported")
        if record.kind == "relation":
            ends = (self._get(record.body.source), self._get(record.body.target))  # type: ignore[union-attr]
            if any(end is not None and not end.access.exportable for end in ends):
                return Refused("not-exportable", "it tells of what is not to be exported")
        if record.kind in ENTRY_KINDS and record.kind != "relation" and not any(text.strip() for text in searchable(record)):
            return None if is_home(record) else Refused("blank", "there is no text to write")
        return None

    def _rides_beside(self, record: Record) -> bool:
        if record.kind not in ENTRY_KINDS or (record.origin.kind == CARRIED and is_home(record)):
            return True
        return record.status in _PAST and not (is_home(record) and not record.touched)

    def _woven(self, record: Record) -> Woven:
        component = record.origin.kind
        native = None
        if is_home(record) and not record.touched and (record.uid in self.entries or component == CARRIED):
            native = self._selection.native(record)
        if native is not None:
            return self._noted(self._came(record.uid, record.kind, component, native, record.origin.dialect))
        if record.uid in self.beside:
            return self._beside(record)
        if is_home(record):
            return self._noted(self._patched(record))
        return self._noted(self._mapped(record))

    def _noted(self, made: Woven) -> Woven:
        """Remember under which id an entry leaves."""
        if made.component is not None:
            uid = sys.intern(made.uid)
            self._ids[uid] = sys.intern(made.value["id"])
            if made.component == "episodic":
                self._episodic.add(uid)
        return made

    # What came in this format -----------------------------------------------------------------------------------------------

    def _came(self, uid: str, kind: str, origin: str, native: bytes, profile: str) -> Woven:
        """What came in this format and was not edited, from its kept bytes."""
        value: dict[str, Any] = msgspec.json.decode(native)
        if origin == CARRIED:
            self.ledger.record(kind, "accepted", uid=uid, kept=len(value))
            return Woven(uid, None, value, {})
        component: Component = origin  # type: ignore[assignment]
        source = profile_of(profile)
        entry, residue = kept.parted(value, source.name)
        if component == "identity" and not residue:
            entry = self._without_hidden(uid, kind, entry, source)
        made = issued(entry, residue, component, source, self.profile, self.id_now)
        if made.entry.get("id") != value["id"] and source is self.profile:
            text = "what it names is not in this artifact, or has another id: issued under a new id"
            self.ledger.field(kind, "id", "narrowed", "reissued", text, uid=uid)
        elif made.entry.get("id") != value["id"]:
            text = f"issued anew in {self.profile.name}; what that cannot say is beside it"
            self.ledger.field(kind, "id", "widened", "other-profile", text, uid=uid)
        self.ledger.record(kind, "accepted", uid=uid, kept=len(value))
        return Woven(uid, component, *made)

    def id_now(self, old: str) -> str:
        """The id under which the entry that had this one leaves; "" where it does not."""
        return self._ids.get(uid_of(old), "")

    def _without_hidden(self, uid: str, kind: str, entry: Entry, source: Profile) -> Entry:
        """An identity without what it says that was erased or may not be exported."""
        blank = defaults(SDK, "identity")
        hidden = {}
        for lens in lenses_of("identity", neutral(source, "identity", entry))[1:]:
            part = self._get(make_uid(FORMAT_NAME, "entry", entry["id"], lens.name))
            if part is None or not part.access.exportable or part.touched:
                member = {"instruction": "custom_instructions", "setting": "preferences"}.get(lens.name, lens.name)
                hidden[member] = blank[member]
        if not hidden:
            return entry
        text = "without what of it was erased, edited or is not to be exported"
        self.ledger.field(kind, "identity", "narrowed", "part-left-out", text, uid=uid)
        return shaped(source, "identity", {**neutral(source, "identity", entry), **hidden})

    def _patched(self, record: Record) -> Woven:
        """A record that was edited since it came: its entry with the members that the table maps replaced."""
        native = self._selection.native(record)
        if native is None:
            return self._mapped(record)
        source, component = profile_of(record.origin.dialect), record.origin.kind
        entry, _ = kept.parted(msgspec.json.decode(native), source.name)
        text = "edited since it came: issued under a new id"
        self.ledger.field(record.kind, "id", "widened", "edited", text, uid=record.uid)
        return self._mapped(record, base=neutral(source, component, entry))  # type: ignore[arg-type]

    # What came elsewhere ----------------------------------------------------------------------------------------------------

    def _mapped(self, record: Record, base: Entry | None = None) -> Woven:
        """A record as an entry; beside the entries where it makes none that every reader takes."""
        plain, changes = exact(plain_of(record))
        lens = lens_of(plain)
        created, where = self._created(record)
        source = Source(plain, created, self._name)
        said = encode(lens, source)
        if lens.name == "relation" and not ("subject" in said and "object" in said):
            return self._beside(record, "relation-end", "an end of it does not leave, or has no name; carried whole")
        component: Component = lens.component  # type: ignore[assignment]
        whole = base or self._blank(component)
        whole = {**whole, "created_at": created, **said}
        if component == "episodic" and "timestamp" not in said:
            whole["timestamp"] = created
        names, others = self._references(record, component)
        entry = self._as_redacted(record, {**shaped(self.profile, component, whole), **names})
        residue = self._residue(record, plain, entry, others, component)
        try:
            made = placed(entry, residue, component, self.profile)
        except CanonicalError as error:
            return self._beside(record, "no-canonical-form", f"it has no canonical bytes ({error.message}); carried whole")
        fault = fault_of(made.entry, component, self.profile)
        if fault:
            return self._beside(record, "out-of-bounds", f"an entry that readers refuse ({fault}); carried whole")
        self._tell(record, lens, said, residue, where, changes)
        return Woven(record.uid, component, *made)

    def _as_redacted(self, record: Record, entry: Entry) -> Entry:
        """An entry that says so where its record was redacted on the way out: its one parent is what it was made from, which
        stays away (dossier 7.4). The public SDK refuses the member: there, a tag says it."""
        said = (self._selection.prepared(record, None, FORMAT_NAME) or {}).get(METADATA)
        if said is None:
            return entry
        if not self.profile.nested:
            return {**entry, "tags": [*entry["tags"], *(() if TAG in entry["tags"] else (TAG,))]}
        original = self.profile.id_prefix + said["original_id"].removeprefix("blake3:")
        former = {"former_parent_ids": entry["parent_ids"]} if entry["parent_ids"] else {}
        return {**entry, "parent_ids": [original], METADATA: {**said, "original_id": original, **former}}

    def _blank(self, component: Component) -> Entry:
        blank: Entry = {"id": "", "parent_ids": [], "created_at": "", **defaults(SDK, component)}
        if component == "identity":
            blank["language"] = mapping.UNDETERMINED
        return blank

    def _created(self, record: Record) -> tuple[str, str]:
        """The time that an entry must have, and where it is from."""
        times = record.times
        found: list[tuple[str, datetime | None]] = [
            ("created", times.created),
            ("updated", times.updated),
            ("observed", times.observed),
        ]
        moment = next((each for each in found if each[1] is not None), None)
        if moment is None:
            of = record.linked("part_of") or record.provenance.conversation
            whole = self._get(of) if of else None
            if whole is not None and whole.access.exportable:
                found = [("conversation", whole.times.created), ("conversation", whole.times.updated)]
                moment = next((each for each in found if each[1] is not None), None)
        if moment is None:
            moment = ("recorded", times.recorded) if times.recorded else ("the export", self._selection.changed_at)
        assert moment[1] is not None
        return to_rfc3339(moment[1]), moment[0]

    def _name(self, uid: str) -> str:
        record = self._get(uid)
        if record is None or not record.access.exportable or record.kind not in ENTRY_KINDS:
            return ""
        title, text = searchable(record)
        return (title or text)[:_TITLE_CHARACTERS].strip()

    def _references(self, record: Record, component: Component) -> tuple[dict[str, list[str]], list[Link]]:
        """The members of an entry that name others, and the links that they cannot say."""
        parents: dict[str, None] = {}
        sources: dict[str, None] = {}
        others: list[Link] = []
        for link in record.links:
            id = self._ids.get(link.to, "")
            if link.type == "derived_from" and id and len(parents) < DEFAULT.artifact_parents:
                parents[id] = None
            elif link.type == "evidence" and component == "semantic" and link.to in self._episodic:
                sources[id] = None
            else:
                others.append(link)
        names = {"parent_ids": list(parents)}
        if component == "semantic":
            names["source_event_ids"] = list(sources)
        return names, others

    def _residue(self, record: Record, plain: Plain, entry: Entry, others: list[Link], component: Component) -> Residue:
        whole = neutral(self.profile, component, entry)
        lens = lens_of(plain)
        residue: Residue = {"uid": record.uid}
        if lenses_of(component, whole)[0] is not lens:
            residue["as"] = lens.name
        residue |= between(plain, decode(lens, whole))
        residue |= self._loose_ends(record, others)
        return residue

    def _loose_ends(self, record: Record, others: list[Link]) -> Residue:
        """Links, trust and what the source said besides: what no plain member says."""
        residue: Residue = {}
        known = [link for link in others if link.to in self.entries or link.to in self.beside or self._leaves(link.to)]
        if known:
            residue["links"] = [{"type": link.type, "to": link.to} for link in known]
            self.ledger.field(record.kind, "links", "carried", "no-member", _BESIDE, uid=record.uid)
        if len(known) < len(others):
            text = "the other end is not in this artifact"
            self.ledger.field(record.kind, "links", "lost", "link-end", text, uid=record.uid)
        if record.trust == "untrusted":
            # A reader cannot raise what it is not told of: only what lowers trust travels.
            residue["trust"] = record.trust
        elif record.trust != "imported":
            text = "how far it is trusted is this vault's own word, which nobody takes from another"
            self.ledger.field(record.kind, "trust", "lost", "not-for-others", text, uid=record.uid)
        unmapped = self._selection.unmapped(record)
        if unmapped:
            residue["raw"], changes = exact(dict(unmapped))
            if any(changes):
                text = "numbers that not every reader can hold; written as text, or left out"
                self.ledger.field(record.kind, "unmapped", "narrowed", "integer-as-text", text, uid=record.uid)
        return residue

    def _leaves(self, uid: str) -> bool:
        if uid in self.entries or uid in self.beside:
            return True
        record = self._get(uid)
        return record is not None and _is_part(record) and record.linked("part_of") in self.entries

    def _beside(self, record: Record, code: str = "", text: str = "") -> Woven:
        """A record without an entry, whole."""
        plain, changes = exact(plain_of(record))
        kind = record.kind
        if not code and kind in mapping.CARRIED:
            code, text = "no-component", mapping.CARRIED[kind]
        elif not code:
            code, text = "no-longer-holds", f"{record.status}: no agent should take it for what holds; carried whole"
        self.beside.add(record.uid)
        value = {"uid": record.uid, **plain, "links": []}
        value.update(self._loose_ends(record, list(record.links)))
        if not value["links"]:
            del value["links"]
        names = tuple(name for name in fields_of(record) if name not in _TOLD_APART)
        self.ledger.fields(kind, names, "carried", "beside", "carried whole in metadata.satchel", uid=record.uid)
        self._tell_loose(record, value)
        if kind == "document" and plain["body"].get("blob"):
            what = "a file's bytes have no place in the format; its text has"
            self.ledger.field(kind, "body.blob", "lost", "no-bytes", what, uid=record.uid)
        self._tell_exact(record, changes)
        self.ledger.record(kind, "transformed", code, text, of=record)
        return Woven(record.uid, None, value, {})

    # The ledger -------------------------------------------------------------------------------------------------------------

    def _tell(self, record: Record, lens: Lens, said: Entry, residue: Residue, where: str, changes: tuple[int, int]) -> None:
        kind = record.kind
        if where != "created":
            text = f"created_at is required; taken from {where}"
            self.ledger.field(kind, "times.created", "widened", "time-substituted", text, uid=record.uid)
        substituted = {"created"} if where != "created" else set()
        for member in ("salience", "confidence"):
            if any(row.theirs == f"/{member}" for row in lens.rows) and member not in said:
                assumed = "the format asks for one; 0.5 is written"
                self.ledger.field(kind, f"body.{member}", "widened", "score-assumed", assumed, uid=record.uid)
                substituted.add(member)
        carried = [
            f"{section}.{member}" for section in _SECTIONS for member in sorted(residue.get(section, {}).keys() - substituted)
        ]
        if lens.name == "statement" and "body.type" not in carried:
            # A fact's type goes without saying, and an episodic entry is read as an episode.
            carried.append("body.type")
        carried += [member for member in ("language", "residue", "scope", "status", "tags") if member in residue]
        self.ledger.fields(kind, tuple(carried), "carried", "no-member", _BESIDE, uid=record.uid)
        self._tell_loose(record, residue)
        self._tell_exact(record, changes)
        self.ledger.record(kind, "transformed", f"as-{lens.component}", f"written as {lens.component}", of=record)

    def _tell_loose(self, record: Record, residue: Residue) -> None:
        if "trust" in residue:
            self.ledger.field(record.kind, "trust", "carried", "no-member", _BESIDE, uid=record.uid)
        if "raw" in residue:
            text = f"what the source said besides; {_BESIDE}"
            self.ledger.field(record.kind, "unmapped", "carried", "no-member", text, uid=record.uid)

    def _tell_exact(self, record: Record, changes: tuple[int, int]) -> None:
        if not any(changes):
            return
        texts, lost = _inexact(plain_of(record))
        text = "past 2^53 not every reader is exact; written as text"
        self.ledger.fields(record.kind, texts, "narrowed", "integer-as-text", text, uid=record.uid)
        self.ledger.fields(record.kind, lost, "lost", "no-number", "NaN and infinities are no JSON", uid=record.uid)


def _inexact(plain: Plain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of a plain record that hold numbers which ``exact`` writes as text, and those that it leaves out."""
    members = {name: value for name, value in plain.items() if name not in _SECTIONS}
    members |= {f"{section}.{name}": value for section in _SECTIONS for name, value in plain.get(section, {}).items()}
    found = {name: exact(value)[1] for name, value in members.items()}
    return tuple(sorted(name for name, (texts, _) in found.items() if texts)), tuple(
        sorted(name for name, (_, lost) in found.items() if lost)
    )


def _came_so(record: Record) -> bool:
    """Whether a record is among those that a vault tells by this format (``Selection.homeward``)."""
    return is_home(record) and record.provenance.platform == FORMAT_NAME


def _is_part(record: Record) -> bool:
    """Whether another record stands for the entry that this one was read of."""
    return is_home(record) and "." in record.origin.kind


def fault_of(entry: Entry, component: Component, profile: Profile) -> str:
    """Why readers would refuse an entry by itself; "" when they would not."""
    holder: dict[str, Any] = {component: [entry]}
    alone = Artifact(profile, {"components": holder} if profile.nested else holder)
    checks: tuple[Callable[[], Iterator[Any]], ...] = (
        lambda: shapes.entry_faults(alone),
        lambda: bounds.entry_faults(alone, DEFAULT),
    )
    return next((fault.text for check in checks for fault in check() if fault.is_error()), "")


def exact(value: Any) -> tuple[Any, tuple[int, int]]:
    """A JSON value without numbers that JSON or its readers cannot hold: integers past 2^53 as text, NaN and infinities as
    null; and how many of each there were."""
    texts = lost = 0

    def walk(item: Any) -> Any:
        nonlocal texts, lost
        kind = type(item)
        if kind is dict:
            return {name: walk(inner) for name, inner in item.items()}
        if kind is list or kind is tuple:
            return [walk(inner) for inner in item]
        if kind is int and abs(item) > _LARGEST:
            texts += 1
            return str(item)
        if kind is float and not math.isfinite(item):
            lost += 1
            return None
        return item

    return walk(value), (texts, lost)
