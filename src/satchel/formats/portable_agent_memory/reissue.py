"""Entries issued anew: in another profile, of a later schema, or since what they name has another id (dossier 1.9, 10.3).

A new id for one entry is a new id for all that name it. They are issued parents first, with a map from old ids to new, so that
no reference leads nowhere; the root is worked out anew, and whoever signs it vouches for it: the old signature is evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from satchel.codec.packed import unpacked
from satchel.errors import CanonicalError, MalformedInput, Place
from satchel.formats.portable_agent_memory import bounds
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import OURS, REFERENCES, converted, rest_of, restored
from satchel.formats.portable_agent_memory.hashing import entry_id
from satchel.formats.portable_agent_memory.kept import (
    Kept,
    evidence,
    is_rebuilt,
    keep,
    rebuilt,
    sources_in,
    with_residue,
)
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES, SDK, Component, Profile
from satchel.formats.portable_agent_memory.records import ids_in, redacted_from
from satchel.formats.portable_agent_memory.residue import Residue, notes_of
from satchel.formats.portable_agent_memory.rows import Entry
from satchel.formats.portable_agent_memory.sealing import complete, resign, seal
from satchel.formats.portable_agent_memory.wire import serialise
from satchel.limits import DEFAULT, Limits
from satchel.trust.signatures import PrivateKey

#: What a residue calls the entry that this one was made of.
WAS = "was"


class Issued(NamedTuple):
    """An entry with its new id, and its residue."""

    entry: Entry
    residue: Residue


class Reissued(NamedTuple):
    """An artifact issued anew, and the map from old ids to new ones."""

    artifact: Artifact
    ids: dict[str, str]


def in_order(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys of ``edges``, each behind those that it points at; where they come round, one of them has to be first. Linear
    and without recursion."""
    order: list[str] = []
    met: set[str] = set()
    for start in edges:
        if start in met:
            continue
        met.add(start)
        stack = [(start, iter(edges[start]))]
        while stack:
            node, rest = stack[-1]
            for other in rest:
                if other in edges and other not in met:
                    met.add(other)
                    stack.append((other, iter(edges[other])))
                    break
            else:
                order.append(node)
                stack.pop()
    return order


def issued(
    entry: Entry,
    residue: Residue,
    component: Component,
    source: Profile,
    target: Profile,
    new_id: Callable[[str], str],
) -> Issued:
    """The entry in the target's shape under its new id. One that was made of an entry of that very profile becomes it again.

    Args:
        entry: as it stands in its artifact; without our residue where it has that elsewhere.
        new_id: gives the new id for an old one, "" for one that does not come along.
    """
    if source is target:
        return _named_anew(entry, residue, component, source, new_id)
    was = residue.get(WAS)
    if type(was) is dict and was.get("profile") == target.name:
        back = _undone(entry, was, component, source, target, new_id, residue)
        if back is not None:
            return back
    made = converted(entry, component, source, target)
    made |= _referred(entry, made, new_id)
    # As it will be written: scores are rounded there.
    made = complete({name: value for name, value in made.items() if name != "id"}, component, target)
    rest = rest_of(entry, made, component, source, target)
    note: dict[str, Any] = {"profile": source.name, "id": entry["id"]}
    if rest:
        note["rest"] = rest
    lost = {name: ids for name in REFERENCES if (ids := ids_in(entry, name)) and any(not new_id(id) for id in ids)}
    if lost:
        note["refs"] = lost
    if type(was) is dict:
        note["before"] = was
    return placed(made, {**residue, WAS: note}, component, target)


def made_of(entry: Entry, residue: Residue, component: Component, profile: Profile) -> tuple[Entry, Profile] | None:
    """The entry that this one was made of, in its own profile's shape, under the id and the references that this one has; None
    where its residue says of none, or of one that it cannot be made of."""
    was = residue.get(WAS)
    source = PROFILES.get(str(was.get("profile"))) if type(was) is dict else None
    if type(was) is not dict or source is None or source is profile:
        return None
    old = restored(entry, component, profile, source, was.get("rest"))
    try:
        again = complete({**converted(old, component, source, profile), **_named(entry)}, component, profile)
    except (CanonicalError, KeyError, TypeError, AttributeError):
        return None
    bare = {name: value for name, value in entry.items() if name != OURS}
    if {**again, "id": entry["id"]} != bare:
        return None
    return {**old, **_named(entry)}, source


def _named(entry: Entry) -> Entry:
    """What names an entry and what it names."""
    return {name: entry[name] for name in ("id", *REFERENCES) if name in entry}


def placed(entry: Entry, residue: Residue, component: Component, profile: Profile) -> Issued:
    """A finished entry: under its id, its residue in it where the profile keeps unknown members. Raises CanonicalError."""
    bare = {name: value for name, value in entry.items() if name not in ("id", OURS)}
    if profile.nested and residue:
        bare[OURS] = residue
    return Issued(complete(bare, component, profile), residue)


def _named_anew(entry: Entry, residue: Residue, component: Component, profile: Profile, new_id: Callable[[str], str]) -> Issued:
    references = _referred(entry, entry, new_id)
    original = redacted_from(entry)
    if original and profile.nested and ids_in(entry, "parent_ids") == [original] and not new_id(original):
        # The boundary of a redaction: the original stays away on purpose (dossier 7.5).
        references.pop("parent_ids", None)
    if all(entry.get(name) == ids for name, ids in references.items()):
        return Issued(entry, residue)
    made = {**entry, **references}
    made["id"] = entry_id(made, component, profile)
    return Issued(made, residue)


def _undone(
    entry: Entry,
    was: dict[str, Any],
    component: Component,
    source: Profile,
    target: Profile,
    new_id: Callable[[str], str],
    residue: Residue,
) -> Issued | None:
    """The entry that this one was made of; None where its id says that it is not that one."""
    made = restored(entry, component, source, target, was.get("rest"))
    references = _referred(entry, made, new_id)
    kept = was.get("refs")
    if type(kept) is dict:
        references |= {name: ids for name, ids in kept.items() if name in REFERENCES}
    made |= {name: ids for name, ids in references.items() if name in made}
    before = {name: value for name, value in residue.items() if name != WAS}
    if type(was.get("before")) is dict:
        before[WAS] = was["before"]
    if target.nested and before:
        made[OURS] = before
    made["id"] = was.get("id")
    return Issued(made, before) if entry_id(made, component, target) == made["id"] else None


def _referred(entry: Entry, made: Entry, new_id: Callable[[str], str]) -> dict[str, list[str]]:
    """The references of an entry under their new ids, of those members that the new one has."""
    return {
        name: [new for id in ids_in(entry, name) if (new := new_id(id))] for name in REFERENCES if name in entry or name in made
    }


def convert(artifact: Artifact, target: Profile, key: PrivateKey | None = None, *, limits: Limits = DEFAULT) -> Reissued:
    """An artifact in another profile: every entry issued anew, what the profile cannot say beside it, the source's root and
    signature in the metadata. It is signed by ``key`` or by nobody.

    What vouched for it before is kept each time, so the metadata grows with every conversion, up to its limit.

    Raises:
        UsageError: the key is no Ed25519 key.
        CanonicalError: something has no canonical bytes.
        MalformedInput: PAM_INVALID_SCHEMA: an entry has no id.
        LimitExceeded: the artifact is past the limits, or what comes of it would be.
    """
    by_id = _bounded(artifact, limits)
    notes = notes_of(artifact)
    edges = {id: [*ids_in(entry, "parent_ids"), *ids_in(entry, "source_event_ids")] for id, (_, entry) in by_id.items()}
    ids: dict[str, str] = {}
    made: dict[str, Issued] = {}
    for id in in_order(edges):
        component, entry = by_id[id]
        own = entry.get(OURS) if artifact.profile.nested else notes.entries.get(id)
        residue = {name: value for name, value in own.items() if name != "id"} if type(own) is dict else {}
        made[id] = issued(entry, residue, component, artifact.profile, target, lambda old: ids.get(old, ""))
        ids[id] = made[id].entry["id"]
    entries = {component: [made[entry["id"]].entry for entry in artifact.entries(component)] for component in COMPONENTS}
    by_new = {each.entry["id"]: with_residue(each.entry, each.residue or None) for each in made.values()}
    beside = {str(value.get("uid")): value for value in notes.records}
    for each in sources_in(artifact.metadata):
        # It was issued from an artifact of that profile, and is whole: that one stands again, signature and all.
        if each.profile == target.name and not key and set(each.ids()) == set(by_new) and set(each.carried()) == set(beside):
            back = rebuilt(each, by_new.__getitem__, beside.__getitem__)
            if is_rebuilt(back):
                return Reissued(msgspec.structs.replace(back, envelope=unpacked(back.envelope)), ids)
    ours: dict[str, Any] = {"sources": [*notes.sources, evidence(_kept(artifact), whole=True)]}
    if target is SDK:
        residues = [{"id": each.entry["id"], **each.residue} for each in made.values() if each.residue]
        ours |= {"entries": residues} if residues else {}
    if notes.records:
        ours["records"] = notes.records
    metadata = {name: value for name, value in artifact.metadata.items() if name not in (OURS, "pam_seal", "pam_key_id")}
    new = seal(
        target,
        entries,
        source_agent=artifact.source_agent,
        created_at=str(artifact.envelope.get("created_at", "")),
        metadata={**metadata, OURS: ours},
        key=key,
        encoding=artifact.encoding,
    )
    bounds.require(new, limits)
    return Reissued(new, ids)


def _bounded(artifact: Artifact, limits: Limits) -> dict[str, tuple[Component, Entry]]:
    """The entries by id. Raises as ``convert``, before anything is made of them."""
    bounds.require(artifact, limits)
    found: dict[str, tuple[Component, Entry]] = {}
    for component, entry in artifact.all_entries():
        if type(entry.get("id")) is not str:
            raise MalformedInput("PAM_INVALID_SCHEMA: an entry has no id", place=Place(pointer=f"/{component}"))
        found[entry["id"]] = (component, entry)
    return found


def _kept(artifact: Artifact) -> Kept:
    notes = notes_of(artifact)
    own = artifact.metadata.get(OURS)
    said = own if type(own) is dict else {}
    whole = len(notes.entries) == len(said.get("entries", ())) and len(notes.records) == len(said.get("records", ()))
    return keep(artifact, serialise(artifact), "", has_notes=type(own) is dict and whole)


#: One step from a schema version to the next: a changed copy of an entry.
Transform = Callable[[Component, Entry], Entry]


def _with_context(component: Component, entry: Entry) -> Entry:
    return {**entry, "context": entry.get("context", {})} if component == "episodic" else entry


#: The specification's own example is the one transform that is published (dossier 10.3).
TRANSFORMS: dict[tuple[str, str], Transform] = {("1.0", "1.1"): _with_context}


def migrate(
    artifact: Artifact,
    version: str,
    *,
    transforms: Mapping[tuple[str, str], Transform] = TRANSFORMS,
    key: PrivateKey | None = None,
    limits: Limits = DEFAULT,
) -> Reissued:
    """An artifact of another schema version: transforms chained, every reference rewritten, the old root kept as provenance.

    Raises:
        MalformedInput: PAM_UNSUPPORTED_SCHEMA: no chain of transforms leads there.
        UsageError, CanonicalError, LimitExceeded: as ``convert``.
    """
    profile = artifact.profile
    by_id = _bounded(artifact, limits)
    edges = {id: [*ids_in(entry, "parent_ids"), *ids_in(entry, "source_event_ids")] for id, (_, entry) in by_id.items()}
    steps = _chain(artifact.schema_version, version, transforms)
    ids: dict[str, str] = {}
    for id in in_order(edges):
        component, entry = by_id[id]
        for transform in steps:
            entry = transform(component, dict(entry))
        old = by_id[id][1]
        changed = dict(entry) if entry == old else {**entry, profile.version_member: version}
        changed |= {
            name: refs for name, refs in _referred(old, old, lambda each: ids.get(each, each)).items() if name in changed
        }
        changed["id"] = ids[id] = entry_id(changed, component, profile)
        by_id[id] = (component, changed)
    entries = {component: [by_id[entry["id"]][1] for entry in artifact.entries(component)] for component in COMPONENTS}
    ours = artifact.metadata.get(OURS)
    sources = [*notes_of(artifact).sources, evidence(_kept(artifact), whole=False)]
    metadata = {name: value for name, value in artifact.metadata.items() if name not in ("pam_seal", "pam_key_id")}
    metadata[OURS] = {**(ours if type(ours) is dict else {}), "sources": sources}
    if type(ours) is dict and type(ours.get("entries")) is list:
        metadata[OURS]["entries"] = [
            {**each, "id": ids.get(each["id"], each["id"])} for each in notes_of(artifact).entries.values()
        ]
    new = seal(
        profile,
        entries,
        source_agent=artifact.source_agent,
        created_at=str(artifact.envelope.get("created_at", "")),
        metadata=metadata,
        tokens=artifact.tokens,
        encoding=artifact.encoding,
    )
    later = msgspec.structs.replace(new, envelope={**new.envelope, "schema_version": version})
    bounds.require(later, limits)
    return Reissued(resign(later, key), ids)


def _chain(found: str, wanted: str, transforms: Mapping[tuple[str, str], Transform]) -> list[Transform]:
    """The transforms from one version to another, the shortest way."""
    ways: dict[str, list[Transform]] = {found: []}
    pending = [found]
    for version in pending:
        for (start, end), transform in sorted(transforms.items(), key=lambda each: each[0]):
            if start == version and end not in ways:
                ways[end] = [*ways[version], transform]
                pending.append(end)
    if wanted not in ways:
        raise MalformedInput(f"PAM_UNSUPPORTED_SCHEMA: nothing leads from schema version {found!r} to {wanted!r}")
    return ways[wanted]


def profile_of(name: str) -> Profile:
    """A profile by its name, one that is only read included; the SDK's where there is none of that name."""
    return PROFILES.get(name, SDK)
