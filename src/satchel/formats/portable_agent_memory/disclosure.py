"""Handing on a part of an artifact, and proving that it is one (dossier 3.4).

A part has another root hash, which its source never signed. Under R-ids the sorted list of all ids is all that the signed
root was over: a part that carries it, with the root and the signature, proves that each of its entries belongs to what was
signed. It tells how many entries are withheld, and their hashes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from satchel.errors import UsageError
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.hashing import root_of_ids
from satchel.formats.portable_agent_memory.profiles import COMPONENTS
from satchel.formats.portable_agent_memory.provenance import Graph, ancestors, descendants, graph_of
from satchel.formats.portable_agent_memory.sealing import resign
from satchel.formats.portable_agent_memory.signatures import KEY_ID

#: The member of ``metadata`` that holds the witness.
DISCLOSURE = "disclosure"
_KEPT = ("pam_version", "schema_version", "created_at", "source_agent", "root_hash", "signature", "capability_tokens")


class Witness(msgspec.Struct, frozen=True):
    """What a disclosed part carries of the whole. ``all_ids`` are sorted, duplicates kept."""

    original_root: str
    original_signature: str
    all_ids: list[str]
    key_id: str = ""


def disclose_with_ancestors(artifact: Artifact, ids: Iterable[str]) -> Artifact:
    """The entries asked for and all that they derive from, in the artifact's order, as an unsigned artifact, with a witness
    where the root is over ids. What lies behind a redaction stays behind it (dossier 7.5).

    Raises:
        UsageError: the artifact has no such entry.
    """
    graph, wanted = graph_of(artifact), list(ids)
    _require(graph, wanted)
    return _part(artifact, ancestors(graph, wanted, stop_at_boundaries=True).union(wanted))


def disclose_descendants(artifact: Artifact, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The entries asked for and all that derives from them, sorted by id, unknown ids ignored: the SDK's direction."""
    graph = graph_of(artifact)
    wanted = [own for own in ids if own in graph.nodes]
    found = descendants(graph, wanted).union(wanted)
    return [artifact.entries(graph.nodes[own].component)[graph.nodes[own].at] for own in sorted(found)]


def witness_of(artifact: Artifact) -> Witness | None:
    """The witness that a disclosed part carries; None where it carries none, or none that can be read."""
    try:
        return msgspec.convert(artifact.metadata.get(DISCLOSURE), Witness)
    except msgspec.ValidationError:
        return None


def witness_fault(artifact: Artifact, witness: Witness) -> str:
    """Why the witness does not hold for this part; "" where it does, but for the signature over its root."""
    if witness.all_ids != sorted(witness.all_ids) or root_of_ids(witness.all_ids) != witness.original_root:
        return "its ids do not make the root that was signed"
    every = set(witness.all_ids)
    if any(entry.get("id") not in every for _, entry in artifact.all_entries()):
        return "an entry is none of those that were signed"
    return ""


def _require(graph: Graph, ids: Collection[str]) -> None:
    for own in ids:
        if own not in graph.nodes:
            raise UsageError(f"the artifact has no entry {own}")
    if not ids:
        raise UsageError("name at least one entry to disclose")


def _part(artifact: Artifact, kept: set[str]) -> Artifact:
    """The artifact with these entries alone. What else it says may speak of what is withheld, so it stays behind too."""
    arrays: dict[str, Any] = {
        component: [entry for entry in artifact.entries(component) if entry.get("id") in kept] for component in COMPONENTS
    }
    envelope = {name: artifact.envelope[name] for name in _KEPT if name in artifact.envelope}
    envelope["metadata"] = {} if artifact.profile.nested else {DISCLOSURE: msgspec.to_builtins(_witness(artifact))}
    envelope |= {"components": arrays} if artifact.profile.nested else arrays
    return resign(msgspec.structs.replace(artifact, envelope=envelope), None)


def _witness(artifact: Artifact) -> Witness:
    """The witness of the whole: where it is a part itself and unsigned, that of the artifact it is a part of."""
    earlier = None if artifact.signature else witness_of(artifact)
    if earlier is not None:
        return earlier
    ids = sorted(own for _, entry in artifact.all_entries() if type(own := entry.get("id")) is str)
    hint = artifact.metadata.get(KEY_ID)
    return Witness(artifact.root_hash, artifact.signature, ids, hint if type(hint) is str else "")
