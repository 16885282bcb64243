"""What the vault keeps of an artifact besides its entries, and the artifact made of both again, to the byte.

An entry is kept as compact JSON with its members in their order, whichever way it came: JSON and CBOR of one artifact are one
memory. The envelope keeps the ids in the entries' places, how the file was spelled, and the file's SHA-256, by which the way
back is known to be right. A file that is spelled as no writer here spells is carried whole beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from satchel.codec import pam_json
from satchel.codec.packed import Packed
from satchel.errors import CanonicalError, MalformedInput
from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.artifact import Artifact, Encoding
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.hashing import roots
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES, SDK
from satchel.formats.portable_agent_memory.residue import Residue
from satchel.formats.portable_agent_memory.rows import Entry

#: How a file was spelled: by ``wire.serialise`` in one of its ways, or ("") in none of them.
Spelling = Literal["pretty", "compact", "cbor", ""]


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """``envelope``: as it came, but the arrays hold ids; ``has_notes``: so do the lists of our own metadata, whose content is
    kept with what it speaks of. ``key``: the public key whose signature held when it came, "" where none did."""

    profile: str
    envelope: dict[str, Any]
    sha256: str
    spelling: Spelling
    encoding: Encoding = "json"
    has_magic: bool = False
    deterministic: bool = True
    key: str = ""
    has_notes: bool = False

    def ids(self) -> list[str]:
        """The ids of the entries, in their order."""
        holder = self.envelope.get("components", {}) if PROFILES[self.profile].nested else self.envelope
        return [id for component in COMPONENTS for id in holder.get(component) or ()]

    def carried(self) -> list[str]:
        """The uids of the records that came without an entry."""
        return list(self.envelope["metadata"][OURS].get("records", ())) if self.has_notes else []

    def noted(self) -> list[str]:
        """The ids of the entries of which the metadata has something to say."""
        return list(self.envelope["metadata"][OURS].get("entries", ())) if self.has_notes else []


def compact(value: Any) -> bytes:
    """A value as it is kept: compact JSON, members in their order. Raises CanonicalError."""
    return pam_json.write_in_order(value, ascii=False, pretty=False)


def spelling_of(artifact: Artifact, data: bytes) -> Spelling:
    """How the bytes of an artifact are spelled."""
    ways: tuple[Spelling, ...] = ("cbor",) if artifact.encoding == "cbor" else ("pretty", "compact")
    for way in ways:
        try:
            if _are(wire.pieces(artifact, pretty=way == "pretty"), data):
                return way
        except CanonicalError:
            continue
    return ""


def _are(pieces: Iterable[bytes], data: bytes) -> bool:
    """Whether pieces are these bytes."""
    view, at = memoryview(data), 0
    for piece in pieces:
        if view[at : at + len(piece)] != piece:
            return False
        at += len(piece)
    return at == len(data)


def keep(artifact: Artifact, data: bytes, key: str, *, has_notes: bool) -> Kept:
    """What is kept of the artifact that came as ``data``. ``has_notes``: its residue and carried records are read, and kept
    with their entries or by themselves."""
    arrays = {component: [entry["id"] for entry in artifact.entries(component)] for component in COMPONENTS}
    envelope = dict(artifact.envelope)
    if artifact.profile.nested:
        envelope["components"] = {name: arrays.get(name, value) for name, value in envelope["components"].items()}
    else:
        envelope |= {name: ids for name, ids in arrays.items() if name in envelope}
    if has_notes:
        ours = dict(artifact.metadata[OURS])
        for name, own in (("entries", "id"), ("records", "uid")):
            if name in ours:
                ours[name] = [value[own] for value in ours[name]]
        envelope["metadata"] = {**envelope["metadata"], OURS: ours}
    return Kept(
        profile=artifact.profile.name,
        envelope=envelope,
        sha256=hashlib.sha256(data).hexdigest(),
        spelling=spelling_of(artifact, data),
        encoding=artifact.encoding,
        has_magic=artifact.has_magic,
        deterministic=artifact.deterministic,
        key=key,
        has_notes=has_notes,
    )


def read(native: bytes) -> Kept:
    """What was kept. Raises MalformedInput for what is none."""
    try:
        return msgspec.json.decode(native, type=Kept)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise MalformedInput(f"what was kept of an artifact cannot be read: {error}") from None


def with_residue(entry: Entry, residue: Residue | None) -> Entry:
    """An entry as it is kept: with what the metadata said of it, where that is not in the entry itself."""
    return entry if residue is None else {**entry, OURS: {name: value for name, value in residue.items() if name != "id"}}


def parted(kept: Entry, profile: str) -> tuple[Entry, Residue]:
    """A kept entry as the profile has it, and its residue ({} without one)."""
    residue = kept.get(OURS)
    if PROFILES[profile] is SDK and OURS in kept:
        kept = {name: value for name, value in kept.items() if name != OURS}
    return kept, residue if type(residue) is dict else {}


def rebuilt(kept: Kept, entry: Callable[[str], Entry], record: Callable[[str], dict[str, Any]]) -> Artifact:
    """The artifact that was kept, of its entries by id and its carried records by uid, each asked for when it is looked at."""
    profile = PROFILES[kept.profile]
    envelope = dict(kept.envelope)
    if kept.has_notes:
        metadata = envelope["metadata"]
        ours = dict(metadata[OURS])
        if "entries" in ours:
            ours["entries"] = Packed(ours["entries"], lambda own: {"id": own, **parted(entry(own), kept.profile)[1]})
        if "records" in ours:
            ours["records"] = Packed(ours["records"], record)
        envelope["metadata"] = {**metadata, OURS: ours}
    holder = dict(envelope["components"]) if profile.nested else envelope
    for component in COMPONENTS:
        if component in holder:
            holder[component] = Packed(holder[component], lambda own: parted(entry(own), kept.profile)[0])
    if profile.nested:
        envelope["components"] = holder
    return Artifact(profile, envelope, kept.encoding, kept.has_magic, kept.deterministic)


def evidence(kept: Kept, *, whole: bool) -> dict[str, Any]:
    """What an artifact of our own making says of one whose entries are in it (dossier 1.9, 12.5 item 10): what vouched for it,
    and where all of it is here, ``whole``, what its way home needs."""
    said: dict[str, Any] = {"profile": kept.profile}
    for member in ("root_hash", "signature", "created_at", "source_agent", "capability_tokens"):
        if kept.envelope.get(member):
            said[member] = kept.envelope[member]
    if kept.key:
        said["verified_with"] = kept.key
    if whole:
        said["kept"] = msgspec.to_builtins(kept)
    return said


def sources_in(metadata: Any) -> list[Kept]:
    """The artifacts that metadata of ours says are in an artifact whole. Anybody may have written it: what is not sound is left
    out, and what is rebuilt of one has to have its root hash."""
    ours = metadata.get(OURS) if type(metadata) is dict else None
    sources = ours.get("sources") if type(ours) is dict else None
    found = []
    for each in sources if type(sources) is list else ():
        try:
            found.append(msgspec.convert(each["kept"], Kept))
        except (msgspec.ValidationError, KeyError, TypeError):
            continue
    return [each for each in found if _is_sound(each)]


def _is_sound(kept: Kept) -> bool:
    profile = PROFILES.get(kept.profile)
    if profile is None:
        return False
    holder = kept.envelope.get("components") if profile.nested else kept.envelope
    lists = [holder.get(component, []) for component in COMPONENTS] if type(holder) is dict else [None]
    if kept.has_notes:
        metadata = kept.envelope.get("metadata")
        ours = metadata.get(OURS) if type(metadata) is dict else None
        lists += [ours.get(name, []) for name in ("entries", "records")] if type(ours) is dict else [None]
    if not all(type(each) is list and all(type(id) is str for id in each) for each in lists):
        return False
    return set(kept.noted()) <= set(kept.ids())


def is_rebuilt(artifact: Artifact) -> bool:
    """Whether an artifact that was rebuilt has the root hash that it says."""
    try:
        return any(root == artifact.root_hash for _, _, root in roots(artifact))
    except CanonicalError:
        return False
