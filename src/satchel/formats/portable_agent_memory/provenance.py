"""The provenance graph: each entry points at what it was derived from (dossier 3).

An artifact's graph is sound when every parent is there, nothing derives from itself, and something derives from nothing. All
of it is linear and without recursion: 100,000 entries in one chain are no harder than in a row. ``source_event_ids`` are no
edges; those that lead nowhere are only told of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from satchel.errors import MalformedInput, Place, UsageError
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.faults import Fault
from satchel.formats.portable_agent_memory.hashing import Numbers, entry_id
from satchel.formats.portable_agent_memory.moments import instant
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SCHEMA_VERSION, SDK, Component, Profile
from satchel.formats.portable_agent_memory.sealing import complete
from satchel.limits import Limits
from satchel.model.times import to_rfc3339
from satchel.trust.redaction.entries import METADATA, is_boundary


class Node(NamedTuple):
    """An entry in the graph: where it stands, and its parents, each once, in the order given.

    ``is_boundary``: it is redacted, and its one parent is the original that it names, which may be absent (dossier 7.5).
    """

    component: Component
    at: int
    parents: tuple[str, ...]
    is_boundary: bool = False


class Graph(NamedTuple):
    """The graph of an artifact by entry id, in the artifact's order. Of entries with one id, the first counts."""

    nodes: dict[str, Node]
    #: Where entries stand whose id another one has.
    duplicates: tuple[tuple[Component, int], ...]


def graph_of(artifact: Artifact) -> Graph:
    """The graph of an artifact, whatever is wrong with it. An entry without an id is not in it."""
    nodes: dict[str, Node] = {}
    duplicates: list[tuple[Component, int]] = []
    for component in COMPONENTS:
        for index, entry in enumerate(artifact.entries(component)):
            own = entry.get("id")
            if type(own) is not str:
                continue
            if own in nodes:
                duplicates.append((component, index))
                continue
            parents = parents_of(entry)
            nodes[own] = Node(component, index, parents, METADATA in entry and is_boundary(entry, parents))
    return Graph(nodes, tuple(duplicates))


def parents_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The parents that an entry names, each once."""
    said = entry.get("parent_ids")
    if type(said) is not list or not said:
        return ()
    return tuple(dict.fromkeys(parent for parent in said if type(parent) is str))


def faults(
    artifact: Artifact,
    graph: Graph,
    limits: Limits,
    *,
    known: Collection[str] = (),
    depths: Mapping[str, int] | None = None,
) -> Iterator[Fault]:
    """What is wrong with the graph.

    Args:
        depths: ``depths_of(graph)``, where that is at hand.
        known: ids of entries in other artifacts at hand, which parents may be.
    """
    for component, index in graph.duplicates:
        place = Place(pointer=artifact.pointer(component, index))
        yield Fault("provenance", "PAM_INVALID_SCHEMA", "another entry has the same id", place, detail="DUPLICATE_ENTRY")
    boundaries = 0
    for node in graph.nodes.values():
        for parent in node.parents:
            if parent in graph.nodes or parent in known:
                continue
            if node.is_boundary:
                boundaries += 1
                continue
            place = Place(pointer=artifact.pointer(node.component, node.at) + "/parent_ids")
            yield Fault("provenance", "PAM_DANGLING_REFERENCE", "a parent is not in the artifact", place)
    if boundaries:
        text = "redacted entries whose originals are absent, as they may be"
        yield Fault(
            "provenance", "PAM_DANGLING_REFERENCE", text, severity="info", detail="REDACTION_BOUNDARY", count=boundaries
        )
    depths = depths_of(graph) if depths is None else depths
    cyclic = [node for own, node in graph.nodes.items() if own not in depths]
    if cyclic:
        place = Place(pointer=artifact.pointer(cyclic[0].component, cyclic[0].at) + "/parent_ids")
        text = "entries that derive from themselves, or from such"
        yield Fault("provenance", "PAM_PROVENANCE_CYCLE", text, place, count=len(cyclic))
    if not any(not node.parents or node.is_boundary for node in graph.nodes.values()):
        strict = artifact.profile is not SDK or bool(graph.nodes)
        yield Fault(
            "provenance",
            "PAM_INVALID_SCHEMA",
            "no entry is without parents" if graph.nodes else "there is no entry at all",
            severity="error" if strict else "warning",
            detail="NO_ROOT_ENTRY",
            strict=True,
        )
    deep = sum(depth > limits.artifact_ancestry for depth in depths.values())
    if deep:
        text = f"more than {limits.artifact_ancestry:,} generations deep; look at where they come from"
        yield Fault("provenance", "PAM_INVALID_SCHEMA", text, severity="warning", detail="DEPTH_LIMIT", count=deep)
    yield from _soft(artifact, graph, known)


def _soft(artifact: Artifact, graph: Graph, known: Collection[str]) -> Iterator[Fault]:
    absent = 0
    for entry in artifact.entries("semantic"):
        said = entry.get("source_event_ids")
        if type(said) is list:
            absent += sum(type(source) is str and source not in graph.nodes and source not in known for source in said)
    if absent:
        text = "source_event_ids that name no entry of the artifact"
        yield Fault("provenance", "PAM_DANGLING_REFERENCE", text, severity="warning", detail="SOFT_REFERENCE", count=absent)


def depths_of(graph: Graph) -> dict[str, int]:
    """How many generations each entry is from a root, by its longest line; entries in or behind a cycle are left out.

    A parent that is not in the graph counts as no parent.
    """
    nodes = graph.nodes
    children = children_of(graph)
    waiting = {own: count for own, node in nodes.items() if (count := sum(parent in nodes for parent in node.parents))}
    depths = {own: 0 for own in nodes if own not in waiting}
    ready = list(depths)
    # Kahn's: it grows while it is walked.
    for own in ready:
        depth = depths[own] + 1
        for child in children.get(own, ()):
            left = waiting[child] = waiting[child] - 1
            if not left:
                # Levels come in order, so the last parent is the deepest.
                depths[child] = depth
                ready.append(child)
    return depths


def children_of(graph: Graph) -> dict[str, list[str]]:
    """The entries that derive from each entry of the graph."""
    children: dict[str, list[str]] = {}
    for own, node in graph.nodes.items():
        for parent in node.parents:
            if parent in graph.nodes:
                children.setdefault(parent, []).append(own)
    return children


def roots_of(graph: Graph) -> list[str]:
    """The entries without parents, sorted."""
    return sorted(own for own, node in graph.nodes.items() if not node.parents)


def ancestors(graph: Graph, ids: Iterable[str], *, stop_at_boundaries: bool = False) -> set[str]:
    """All that the entries derive from, themselves left out unless they derive from themselves.

    Args:
        stop_at_boundaries: the original of a redacted entry, and what lies behind it, is left out.
    """

    def parents(own: str) -> tuple[str, ...]:
        node = graph.nodes[own]
        return () if stop_at_boundaries and node.is_boundary else node.parents

    return _reached(ids, parents, graph)


def descendants(graph: Graph, ids: Iterable[str]) -> set[str]:
    """All that derives from the entries, themselves left out."""
    children = children_of(graph)
    return _reached(ids, lambda own: children.get(own, ()), graph)


def _reached(ids: Iterable[str], next_of: Callable[[str], Iterable[str]], graph: Graph) -> set[str]:
    seen: set[str] = set()
    waiting = [own for own in ids if own in graph.nodes]
    while waiting:
        for other in next_of(waiting.pop()):
            if other not in seen and other in graph.nodes:
                seen.add(other)
                waiting.append(other)
    return seen


def verify_chain(artifact: Artifact, own: str, graph: Graph | None = None) -> bool:
    """Whether the entry and all its ancestors are there and are what their ids say (dossier 3.4); false for an unknown id."""
    graph = graph or graph_of(artifact)
    seen: set[str] = set()
    waiting = [own]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        node = graph.nodes.get(each)
        if node is None:
            return False
        entry = artifact.entries(node.component)[node.at]
        if not is_own_id(entry, node.component, artifact.profile):
            return False
        waiting.extend(node.parents)
    return True


def is_own_id(entry: dict[str, Any], component: Component, profile: Profile) -> bool:
    """Whether the entry's id is that of its content, under any number policy of the profile."""
    policies: tuple[Numbers, ...] = ("py", "es6") if profile.nested else ("py",)
    return any(entry_id(entry, component, profile, numbers) == entry.get("id") for numbers in policies)


def derive(
    artifact: Artifact, component: Component, fields: Mapping[str, Any], parent_ids: Sequence[str], *, now: datetime
) -> dict[str, Any]:
    """A new entry that derives from entries of the artifact, its id worked out: parents, time and version are set here.

    Args:
        fields: the component's own members.
        parent_ids: at least one; each is kept once.

    Raises:
        UsageError: no parent, or a parent that the artifact does not have.
        MalformedInput: a parent is of a later time than ``now``.
    """
    graph = graph_of(artifact)
    parents = list(dict.fromkeys(parent_ids))
    if not parents:
        raise UsageError("an entry derives from at least one parent")
    for parent in parents:
        node = graph.nodes.get(parent)
        if node is None:
            raise UsageError(f"the artifact has no entry {parent}")
        made = instant(artifact.entries(node.component)[node.at].get("created_at"))
        if made is not None and made > now:
            raise MalformedInput("a parent is of a later time than what derives from it")
    ours = {"parent_ids": parents, "created_at": to_rfc3339(now), artifact.profile.version_member: SCHEMA_VERSION}
    return complete({**{name: value for name, value in fields.items() if name != "id"}, **ours}, component, artifact.profile)
