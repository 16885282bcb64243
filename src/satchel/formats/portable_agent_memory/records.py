"""Entries as our records: the way back of ``weaving``. What has no field of ours stays in the kept entry.

An entry is one record; an identity that says several things is one for each, of which the first stands for the entry. Ids are
hashes of what they name, so they are global: the same entry from two artifacts is one record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import neutral, shaped
from satchel.formats.portable_agent_memory.mapping import lenses_of
from satchel.formats.portable_agent_memory.profiles import Component, Profile
from satchel.formats.portable_agent_memory.residue import FORMAT_NAME, Residue, lens_named, record_of, renamed, restored
from satchel.formats.portable_agent_memory.rows import Entry, Plain, decode
from satchel.model.bodies import Foreign
from satchel.model.ids import make_uid, uids_in
from satchel.model.record import Link, Origin, Provenance, Record, Times, Trust
from satchel.model.times import from_iso

READER = f"{FORMAT_NAME}/1"
#: What the format's own words for kinds are beside the five components.
ARTIFACT, CARRIED = "artifact", "carried"
REDACTION = "_redaction_metadata"
_uid = uids_in(FORMAT_NAME, "entry")
#: Names of open formats are no platforms: a vault tells by them what goes home how.
_NO_PLATFORM = frozenset(("", FORMAT_NAME, "portable-memory", "portable-ai-memory"))

UidOf = Callable[[str], str]


def uid_of(id: str) -> str:
    """The uid of the entry with this id."""
    return _uid(id)


def carried_uid(uid: str) -> str:
    """The uid of a record that came without an entry, by the one it had in the vault that wrote it."""
    return make_uid(FORMAT_NAME, CARRIED, uid)


def artifact_uid(sha256: str) -> str:
    """The uid of an artifact as a whole: of the file that it came in."""
    return make_uid(FORMAT_NAME, ARTIFACT, sha256)


def ids_in(entry: Entry, member: str) -> list[str]:
    """The ids that a member of an entry names, each once."""
    found = entry.get(member)
    return list(dict.fromkeys(id for id in found if type(id) is str and id)) if type(found) is list else []


def redacted_from(entry: Entry) -> str:
    """The id of the entry that a redacted one stands for (dossier 7.4); "" of any other."""
    said = entry.get(REDACTION)
    found = said.get("original_id") if type(said) is dict else None
    return found if type(found) is str else ""


def entry_links(entry: Entry, target: UidOf) -> list[Link]:
    """Parents, sources, and what a redacted entry stands for: it outlives its original, so it is not derived from it."""
    original = redacted_from(entry)
    links = [Link("supersedes" if id == original else "derived_from", target(id)) for id in ids_in(entry, "parent_ids")]
    return [*links, *(Link("evidence", target(id)) for id in ids_in(entry, "source_event_ids"))]


def said_by(component: Component, entry: Entry, profile: Profile, residue: Residue) -> Plain | None:
    """The plain record, without links, that an entry of ours was written from; None where nothing says so, or wrongly."""
    whole = neutral(profile, component, entry)

    def through(made: Entry) -> Entry:
        return neutral(profile, component, shaped(profile, component, made))

    return restored(lens_named(residue, lenses_of(component, whole)[0]), whole, residue, through)


def entry_records(
    component: Component,
    entry: Entry,
    profile: Profile,
    *,
    came_in: Profile,
    plain: Plain | None,
    residue: Residue,
    trust: Trust,
    target: UidOf,
    resolve: UidOf,
) -> tuple[Record, ...]:
    """The records of an entry that was verified.

    Args:
        came_in: the profile of its artifact; ``profile`` is that of ``entry``, which may be what it was issued from.
        plain: what ``said_by`` gave for its residue.
        target: the uid that an entry's id stands for here.
        resolve: the uid here of what had a uid where the residue was written, "" where nothing is known of it.
    """
    own = entry["id"]
    links = tuple(entry_links(entry, target))
    origin = Origin(format=FORMAT_NAME, version="1.0", dialect=came_in.name, id=own, kind=component)
    if plain is not None:
        more = [
            Link(link.type, uid)
            for link in _links(residue.get("links"))
            if (uid := resolve(link.to)) and Link(link.type, uid) not in links
        ]
        made = _made(plain, target(own), resolve, lowered(trust, residue), origin)
        return (msgspec.structs.replace(made, links=(*links, *more)),)
    whole = neutral(profile, component, entry)
    found = []
    for number, lens in enumerate(lenses_of(component, whole)):
        uid = target(own) if number == 0 else make_uid(FORMAT_NAME, "entry", own, lens.name)
        part = msgspec.structs.replace(origin, kind=f"{component}.{lens.name}") if number else origin
        above = (Link("part_of", target(own)),) if number else links
        made = _made(decode(lens, whole), uid, resolve, trust, part)
        found.append(msgspec.structs.replace(made, links=above))
    return tuple(found)


def carried_record(value: dict[str, Any], trust: Trust, uid: str, resolve: UidOf) -> Record | None:
    """A record that rode without an entry; None where it is none."""
    plain = {member: item for member, item in value.items() if member not in ("uid", "links", "trust", "raw", "id")}
    origin = Origin(format=FORMAT_NAME, version="1.0", id=str(value.get("uid", "")), kind=CARRIED)
    try:
        made = _made(plain, uid, resolve, lowered(trust, value), origin)
    except (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError):
        return None
    links = [Link(link.type, to) for link in _links(value.get("links")) if (to := resolve(link.to))]
    return msgspec.structs.replace(made, links=tuple(dict.fromkeys(links)))


def lowered(trust: Trust, residue: Residue) -> Trust:
    """``trust``, or less where the residue says that it deserves less."""
    return "untrusted" if residue.get("trust") == "untrusted" else trust


def artifact_record(artifact: Artifact, uid: str, key: str) -> Record:
    """The record of an artifact as a whole: who it says that it is from, and what vouched for it when it came."""
    said = {
        "profile": artifact.profile.name,
        "root hash": artifact.root_hash,
        "signature": artifact.signature,
        "key id": artifact.metadata.get("pam_key_id"),
        "verified with": key,
        **{name.replace("_", " "): value for name, value in artifact.source_agent.items() if name != "name"},
    }
    lines = [f"{name}: {value}" for name, value in said.items() if type(value) is str and value]
    agent = artifact.source_agent.get("name")
    return Record(
        uid=uid,
        body=Foreign(type="agent_memory_artifact", title=agent if type(agent) is str else "", text="\n".join(lines)),
        origin=Origin(format=FORMAT_NAME, version="1.0", dialect=artifact.profile.name, id=artifact.root_hash, kind=ARTIFACT),
        times=Times(created=from_iso(artifact.envelope.get("created_at"))),
        provenance=Provenance(platform=FORMAT_NAME),
    )


def _made(plain: Plain, uid: str, resolve: UidOf, trust: Trust, origin: Origin) -> Record:
    named = renamed(plain, resolve)
    platform = named["provenance"].get("platform", "")
    named["provenance"] = {
        **named["provenance"],
        "platform": FORMAT_NAME if platform in _NO_PLATFORM else platform or FORMAT_NAME,
    }
    return msgspec.structs.replace(record_of(named, uid), origin=origin, trust=trust)


def _links(values: Any) -> Iterable[Link]:
    for value in values if type(values) is list else ():
        try:
            yield msgspec.convert(value, Link)
        except msgspec.ValidationError:
            continue
