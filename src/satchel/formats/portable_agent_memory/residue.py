"""What an entry cannot say of its record, beside the entry: written so that the way back restores it, read with distrust.

The residue is the difference between a record and what its entry alone would be read as. It stands in the entry's own member
``satchel`` where the profile keeps unknown members, and is under the entry's hash there; ``sdk-0.1`` refuses such entries, so
there it stands in ``metadata.satchel.entries``, under the seal of a signed artifact and under nothing in any other.

It is keyed by the entry's id, so that an entry which was edited since has none. It never says again what the entry says: where
the record that it makes would not write that very entry, it is not used. It can lower trust and not raise it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.mapping import LENSES, lens_of
from satchel.formats.portable_agent_memory.rows import Entry, Lens, Plain, Source, decode, encode
from satchel.model.ids import UID
from satchel.model.record import Record

FORMAT_NAME = "portable-agent-memory"
#: Members of a plain record that are looked at one by one.
_SECTIONS = ("body", "times", "provenance", "access")
_WHOLE = ("status", "tags", "language", "scope", "residue")
_OTHER = "0" * 40
CAPSULES = "capsules"

Residue = dict[str, Any]


class Notes(NamedTuple):
    """What an artifact's ``metadata.satchel`` says: the residue of entries by id, and the records that have no entry."""

    entries: dict[str, Residue]
    records: list[dict[str, Any]]
    sources: list[dict[str, Any]]


def plain_of(record: Record) -> Plain:
    """A record's builtins, without what names it here and what the vault adds."""
    plain: Plain = _listed(msgspec.to_builtins(record))
    for member in ("uid", "origin", "native", "touched", "trust"):
        plain.pop(member, None)
    plain.get("times", {}).pop("recorded", None)
    if plain.get("provenance", {}).get("platform") == FORMAT_NAME:
        # Said by every record that came so.
        del plain["provenance"]["platform"]
    for section in ("times", "provenance", "access", "residue"):
        if not plain.get(section, True):
            del plain[section]
    return plain


def _listed(value: Any) -> Any:
    """A value as a JSON parser would give it: without tuples."""
    kind = type(value)
    if kind is dict:
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if kind is list or kind is tuple else value


def normal(plain: Plain) -> Plain | None:
    """A plain record as ``plain_of`` would give it; None where it is none."""
    try:
        return plain_of(record_of(plain, _OTHER))
    except msgspec.ValidationError:
        return None


def record_of(plain: Plain, uid: str, **members: Any) -> Record:
    """The record of a plain one. Raises msgspec.ValidationError."""
    return msgspec.convert({**plain, "uid": uid, "origin": {"format": ""}, **members}, Record)


def between(plain: Plain, said: Plain) -> Residue:
    """What makes ``plain`` of ``said``; links are left out. A null stands for a member that is not there."""
    # An entry need not say all that a body must have.
    whole = normal({**said, "body": {**plain["body"], **said["body"]}}) or {"body": {}}
    body = {member: value for member, value in whole["body"].items() if member in said["body"]}
    said = {**whole, "body": body}
    residue: Residue = {}
    for section in _SECTIONS:
        wanted, found = plain.get(section, {}), said.get(section, {})
        changes = {member: wanted.get(member) for member in {**found, **wanted} if wanted.get(member) != found.get(member)}
        changes.pop("kind", None)
        if changes:
            residue[section] = changes
    residue |= {member: plain.get(member) for member in _WHOLE if plain.get(member) != said.get(member)}
    return residue


def overlaid(said: Plain, residue: Residue) -> Plain:
    """``said`` with a residue over it: the inverse of ``between``."""
    plain = dict(said)
    for section in _SECTIONS:
        changes = residue.get(section)
        if type(changes) is dict:
            changes = {member: value for member, value in changes.items() if member != "kind"}
            merged = {**plain.get(section, {}), **changes}
            plain[section] = {member: value for member, value in merged.items() if value is not None}
    for member in _WHOLE:
        if member in residue:
            plain[member] = residue[member]
            if residue[member] is None:
                del plain[member]
    return plain


def lens_named(residue: Residue, spare: Lens) -> Lens:
    """The lens that a residue says its entry was written through, if that is one of its component's."""
    named = residue.get("as")
    lens = LENSES.get(named) if type(named) is str else None
    return lens if lens is not None and lens.component == spare.component else spare


def restored(lens: Lens, entry: Entry, residue: Residue, through: Callable[[Entry], Entry]) -> Plain | None:
    """The plain record, without links, that an entry and its residue are; None where the residue does not belong to the entry:
    it makes no record, or one that would write another entry.

    Args:
        entry: in the shape of ``sdk-0.1``.
        through: what is left of such an entry in the profile that it came in.
    """
    plain = normal(overlaid(decode(lens, entry), residue))
    if plain is None or lens_of(plain) is not lens:
        return None
    written = encode(lens, Source(plain, entry["created_at"]))
    again = through({**entry, **written})
    told = (row for row in lens.rows if row.ours and row.theirs[1:] in written)
    return plain if all(row.read(again) == row.read(entry) for row in told) else None


def notes_of(artifact: Artifact) -> Notes:
    """What our own metadata says; lists that are none are empty."""
    ours = artifact.metadata.get(OURS)
    if type(ours) is not dict:
        return Notes({}, [], [])
    entries = {value["id"]: value for value in _objects(ours.get("entries")) if type(value.get("id")) is str}
    return Notes(entries, list(_objects(ours.get("records"))), list(_objects(ours.get("sources"))))


def riding_in(artifact: Artifact) -> list[Any]:
    """What our own metadata says of packages of other standards that ride in the artifact (``capsules``)."""
    ours = artifact.metadata.get(OURS)
    said = ours.get(CAPSULES) if type(ours) is dict else None
    return said if type(said) is list else []


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    return (value for value in (values if type(values) is list else ()) if type(value) is dict)


def uid_in(residue: Residue) -> str:
    """The uid of the record that was written, in the vault that wrote it; "" without one."""
    found = residue.get("uid")
    return found if type(found) is str and UID.fullmatch(found) else ""


def renamed(plain: Plain, uid_of: Callable[[str], str]) -> Plain:
    """A plain record with the uids that it names replaced by what ``uid_of`` gives; what it gives "" for is left out."""
    body, provenance = dict(plain["body"]), dict(plain.get("provenance", {}))
    for holder, members in ((body, ("parent", "current", "source", "target")), (provenance, ("conversation", "message"))):
        for member in members:
            found = holder.get(member)
            if type(found) is str and UID.fullmatch(found):
                holder[member] = uid_of(found)
    if body["kind"] == "message" and body.get("parts"):
        body["parts"] = [_part(part, uid_of) for part in body["parts"]]
    made = {**plain, "body": body, "provenance": provenance}
    if plain.get("scope"):
        made["scope"] = uid_of(plain["scope"])
    return made


def _part(part: dict[str, Any], uid_of: Callable[[str], str]) -> dict[str, Any]:
    named = part.get("asset", "")
    return {**part, "asset": uid_of(named)} if UID.fullmatch(named) else part
