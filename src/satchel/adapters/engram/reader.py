"""The adapter: each file is one original, kept as it is, and a record for every engram and episode in it (dossier 9.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.engram.collect import Found, Text, collect, read_text
from satchel.adapters.engram.detect import role_of
from satchel.adapters.engram.episode import id_of
from satchel.adapters.engram.records import latest, record_of
from satchel.adapters.engram.wire import INFO, PLATFORM, notes_of, uid_of
from satchel.adapters.notes import Notes
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Reading, Record


class EngramAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return INFO

    def claim(self, member: Member, probe: Probe) -> str | None:  # noqa: ARG002
        """See ``satchel.adapters.engram.detect``."""
        return role_of(probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        for claim in claims:
            yield _file(claim.member, context.account, context.limits)

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """Nothing: every member that no field carries is in the record's residue."""
        return {}


def _file(member: Member, account: str, limits: Limits) -> Original | Finding:
    place = Place(file=member.name)
    try:
        data = read_document(member, limits)
        text = read_text(data, place=place, limits=limits)
    except SatchelError as error:
        return from_error(error, place=place)
    collected = collect(text.value)
    known: dict[str, Found] = {}
    notes = notes_of(place)
    for found in collected.found:
        native_id = id_of(found)
        if not native_id:
            notes.add("blank-memory", "a memory has no text to know it by and is left out", "warning", "skipped")
        elif known.setdefault(native_id, found) is not found:
            notes.add("duplicate-id", "an id stands twice in the file; the first one counts", "warning", "skipped")
    if not known:
        return Finding("unknown-shape", "error", "there is no engram and no episode in this file", place, "skipped")
    _tell(text, collected.unread, notes)

    def read() -> Reading:
        records: list[Record] = []
        for native_id, found in known.items():
            pointer = found.pointer if text.is_json else ""
            try:
                records.append(record_of(found, native_id, account, pointer, notes))
            except SatchelError:
                notes.add("unreadable-memory", "a memory could not be read and is left out", "error", "skipped")
        return Reading(records=tuple(records), findings=notes.findings())

    return Original(
        # Such files grow at their end: the first memory tells which file it is, whatever it is called.
        uid=make_uid(PLATFORM, "file", uid_of(account, next(iter(known)))),
        kind=f"{PLATFORM}.file",
        native=data,
        place=place,
        reader=INFO.reader,
        updated=max((at for found in known.values() if (at := latest(found))), default=None),
        read=read,
    )


def _tell(text: Text, unread: int, notes: Notes) -> None:
    if text.is_repaired:
        notes.add("repaired-text", "text that is no Unicode was replaced by U+FFFD", "warning", "changed")
    lines = "lines stand where YAML has no place for them and were not read"
    notes.add("ignored-lines", lines, "warning", "skipped", count=text.ignored_lines)
    notes.add("unread-member", "a member beside the memories was not read", "info", "skipped", count=unread)


ADAPTER = EngramAdapter()
