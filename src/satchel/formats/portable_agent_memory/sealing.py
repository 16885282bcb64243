"""Making an artifact: ids, order, root hash, signature and seal, so that its profile's verifiers take it (dossier 2, 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from satchel.codec import pam_json
from satchel.codec.packed import Packed, parts
from satchel.errors import MalformedInput, Place
from satchel.formats.portable_agent_memory import models
from satchel.formats.portable_agent_memory.artifact import Artifact, Encoding
from satchel.formats.portable_agent_memory.hashing import SCORES, entry_id, entry_ids, root_hash, signed_text
from satchel.formats.portable_agent_memory.moments import sort_key
from satchel.formats.portable_agent_memory.profiles import (
    COMPONENTS,
    PAM_VERSION,
    SCHEMA_VERSION,
    SDK,
    Component,
    Profile,
)
from satchel.formats.portable_agent_memory.signatures import KEY_ID, SEAL, key_id, make_seal, require_ed25519, spelled
from satchel.trust.signatures import PrivateKey


def complete(entry: Mapping[str, Any], component: Component, profile: Profile) -> dict[str, Any]:
    """The entry as it is written: members in the profile's order, what may be missing filled in, scores of four decimals, its
    id worked out. What the profile does not know stands behind.

    The SDK drops nothing and adds what is missing before it hashes, so its profile gets every member (dossier 2.2).

    Raises:
        CanonicalError: it has no canonical bytes.
    """
    known = models.members(profile, component)
    filled: dict[str, Any] = {**models.defaults(profile, component), **entry}
    score = SCORES.get(component)
    said: Any = filled.get(score) if score is not None else None
    # What is out of its range is told when the artifact is checked.
    if score is not None and type(said) in (int, float) and 0 <= said <= 1:
        filled[score] = _score(said, profile)
    made = {name: filled[name] for name in known if name in filled and name != "id"}
    made |= {name: value for name, value in filled.items() if name not in made and name != "id"}
    pam_json.require(made)
    return {"id": entry_id(made, component, profile), **made}


def seal(
    profile: Profile,
    entries: Mapping[Component, Sequence[Mapping[str, Any]]],
    *,
    source_agent: Mapping[str, Any],
    created_at: str,
    metadata: Mapping[str, Any] | None = None,
    tokens: Sequence[Any] = (),
    key: PrivateKey | None = None,
    encoding: Encoding = "json",
) -> Artifact:
    """An artifact of these entries, in the order given but for the episodic ones, which stand by time and id.

    Args:
        entries: by component; each as ``complete`` takes it. An entry that has an ``id`` is taken to be complete already; it is
            refused if the id is not its own. Packed ones all have theirs.
        source_agent: at least name, model_family and runtime.
        key: signs the root hash and seals the envelope; without one ``signature`` is empty.

    Raises:
        UsageError: the key is no Ed25519 key.
        MalformedInput: an entry has an id that is not its own.
        CanonicalError: something has no canonical bytes.
    """
    arrays: dict[str, Any] = {component: _array(entries.get(component, ()), component, profile) for component in COMPONENTS}
    envelope: dict[str, Any] = {
        "pam_version": PAM_VERSION,
        "schema_version": SCHEMA_VERSION,
        "created_at": created_at,
        "source_agent": {**source_agent, "version": source_agent.get("version", "")}
        if profile.version_member == "schema_version"
        else dict(source_agent),
        "root_hash": "",
        "signature": "",
        "capability_tokens": list(tokens),
        **({"components": arrays} if profile.nested else arrays),
        "metadata": dict(metadata or {}),
    }
    for part in parts({name: value for name, value in envelope.items() if name not in ("components", *COMPONENTS)}):
        pam_json.require(part)
    has_magic = encoding == "cbor" and profile is not SDK
    made = Artifact(profile, envelope, encoding, has_magic)
    return resign(made, key)


def resign(artifact: Artifact, key: PrivateKey | None) -> Artifact:
    """The same artifact with its root hash worked out anew, and signed and sealed by ``key``; unsigned without one.

    Raises:
        UsageError: the key is no Ed25519 key.
        CanonicalError: something has no canonical bytes.
    """
    envelope = dict(artifact.envelope)
    metadata = {name: value for name, value in artifact.metadata.items() if name not in (KEY_ID, SEAL)}
    envelope["metadata"], envelope["signature"] = metadata, ""
    if key is not None:
        metadata[KEY_ID] = key_id(require_ed25519(key).public)
    root = envelope["root_hash"] = root_hash(msgspec.structs.replace(artifact, envelope=envelope))
    if key is not None:
        envelope["signature"] = spelled(key.sign(signed_text(root)), artifact.profile.signature)
        metadata[SEAL] = make_seal(envelope, key)
    return msgspec.structs.replace(artifact, envelope=envelope)


def _array(entries: Sequence[Mapping[str, Any]], component: Component, profile: Profile) -> Sequence[dict[str, Any]]:
    """The entries complete and in their order; packed ones, which are complete, stay packed."""
    is_packed = type(entries) is Packed
    made: list[dict[str, Any]] = []
    keys = []
    for at, entry in enumerate(entries):
        each = _completed(entry, component, profile, at)
        if not is_packed:
            made.append(each)
        if component == "episodic":
            keys.append(sort_key(each))
    order = sorted(range(len(keys)), key=keys.__getitem__) if component == "episodic" else range(len(entries))
    return entries.in_order(order) if type(entries) is Packed else [made[number] for number in order]


def _completed(entry: Mapping[str, Any], component: Component, profile: Profile, at: int) -> dict[str, Any]:
    if "id" not in entry:
        return complete(entry, component, profile)
    made = dict(entry)
    pam_json.require(made)
    if next(entry_ids([made], component, profile)) != made["id"]:
        raise MalformedInput("an entry has an id that is not its own", place=Place(pointer=f"/{component}/{at}/id"))
    return made


def _score(value: float, profile: Profile) -> float:
    """At most four decimals, so that no exponent appears; where the SDK reads it a float, elsewhere 1 and not 1.0."""
    rounded = round(float(value), 4)
    return int(rounded) if profile is not SDK and rounded.is_integer() else rounded
