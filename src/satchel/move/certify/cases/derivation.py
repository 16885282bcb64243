"""D, derived: what was made from the deleted row goes with it, and what others share stays."""

from __future__ import annotations

import hashlib
from typing import Any

from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import key_of
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.scene import Scene, quoting
from satchel.move.certify.snapshots import Snapshot


def _deleted(probe: Probe, *kinds: str) -> tuple[Scene, Snapshot]:
    """The scene, its target deleted by a truthful tombstone, then the stale bundle again; and what is left."""
    for kind in kinds:
        if not probe.supports(kind):
            raise NotApplicable(f"the host does not support {kind}")
    scene = probe.scene()
    probe.give(scene.rows)
    before = probe.look()
    for kind, key in scene.gone:
        if kind in kinds:
            probe.control(before.row(kind, key), f"the {kind} was not there before the deletion")
    probe.give({}, [probe.mark("episode", scene.target, derived=scene.derived)])
    probe.settle()
    after = probe.look()
    for kind, key in scene.gone:
        if kind in kinds:
            probe.must(after.row(kind, key) is None, f"a {kind} outlives the episode it came from")
    probe.give(scene.rows)
    probe.settle()
    return scene, probe.look()


def _back(probe: Probe, scene: Scene, found: Snapshot, *kinds: str) -> None:
    for kind, key in scene.gone:
        if kind in kinds:
            probe.must(found.row(kind, key) is None, f"a stale bundle brings back the {kind}")


def _listed(probe: Probe) -> tuple[Scene, dict[str, Any]] | None:
    """The ``derived`` that the host itself writes for the target; None for a host that cannot."""
    if not probe.has("derives"):
        probe.notes.append("the host does not work out derived lists; those given to it were not judged")
        return None
    probe.reset()
    scene = probe.scene()
    probe.give(scene.rows)
    probe.settle()
    probe.delete("episode", scene.target)
    marks = probe.look().tombstones_of("episode", scene.target)
    derived = marks[0].get("derived") if marks else None
    return scene, derived if isinstance(derived, dict) else {}


def _lists(probe: Probe, *names: str) -> None:
    if found := _listed(probe):
        scene, derived = found
        for name in names:
            wanted = scene.derived[name]
            said = derived.get(name)
            said = sorted(said) if isinstance(said, list) else said
            probe.must(said == wanted, f"the tombstone's {name} is not what was derived")


@case("D1", "facts of the episode")
def facts(probe: Probe) -> None:
    scene, left = _deleted(probe, "fact")
    _back(probe, scene, left, "fact")
    _lists(probe, "factIDs")


@case("D2", "an edge that the episode alone evidences")
def sole_edge(probe: Probe) -> None:
    scene, left = _deleted(probe, "edge")
    _back(probe, scene, left, "edge")
    _lists(probe, "edgeIDs")


@case("D3", "an edge with other evidence stays, without the deleted id")
def shared_edge(probe: Probe) -> None:
    scene, left = _deleted(probe, "edge")
    edge = left.row("edge", scene.id("edge_shared"))
    if probe.must(edge is not None, "the edge is gone, though another episode evidences it") and edge:
        probe.must(scene.target not in edge.get("evidenceEpisodeIDs", []), "the edge still names the deleted episode")
        probe.must(scene.id("decoy") in edge.get("evidenceEpisodeIDs", []), "the edge lost its other evidence")


@case("D4", "an entity that lost its last edge")
def orphan(probe: Probe) -> None:
    scene, left = _deleted(probe, "entity")
    _back(probe, scene, left, "entity")
    _lists(probe, "entityIDs")


@case("D5", "an entity that others refer to stays")
def shared_entity(probe: Probe) -> None:
    scene, left = _deleted(probe)
    for name in ("ent_shared", "ent_other"):
        if probe.supports("entity"):
            probe.must(left.row("entity", scene.id(name)), "an entity is gone, though other edges need it")


@case("D6", "a resource takes its chunks with it; a chunk alone goes alone")
def chunks(probe: Probe) -> None:
    if not (probe.supports("resource") and probe.supports("chunk")):
        raise NotApplicable("the host does not support resource and chunk")
    scene = probe.scene()
    rows = scene.only("resource", "chunk")
    resource, chunk = scene.id("res"), scene.id("chunk")
    probe.give(rows)
    probe.control(probe.look().row("chunk", chunk), "the chunk was not there before")
    probe.give({}, [probe.mark("resource", resource)])
    probe.give(rows)
    left = probe.look()
    probe.must(left.row("resource", resource) is None, "the resource is there")
    probe.must(left.row("chunk", chunk) is None, "the chunk outlives its resource")
    probe.reset()
    probe.give(rows)
    probe.give({}, [probe.mark("chunk", chunk)])
    probe.give(rows)
    left = probe.look()
    probe.must(left.row("chunk", chunk) is None, "the chunk is there")
    probe.must(left.row("resource", resource), "the resource went with one of its chunks")


@case("D7", "links of the episode and of its facts")
def links(probe: Probe) -> None:
    scene, left = _deleted(probe, "episodeLink", "factLink")
    _back(probe, scene, left, "episodeLink", "factLink")
    _lists(probe, "episodeLinkCount")


@case("D8", "community, core, procedure and preference text that quotes it")
def quotes(probe: Probe) -> None:
    scene = probe.scene()
    rows = {**scene.rows, **quoting(scene)}
    probe.give(rows)
    probe.settle()
    probe.control(scene.needle.in_bytes(probe.look().all_bytes()), "the text was not there before")
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    left = probe.absent(scene.needle, "after the deletion")
    for kind in ("community", "core", "procedure", "preference"):
        if probe.supports(kind):
            key = key_of(kind, quoting(scene)[kind][0])
            probe.must(left.row(kind, key), f"the {kind} that quoted it is gone altogether")
    community = left.row("community", scene.id("com")) or {}
    probe.must(scene.id("ent_sole") not in community.get("memberEntityIDs", []), "the community still lists the entity")
    probe.give(rows)
    probe.settle()
    probe.absent(scene.needle, "after a stale bundle")


@case("D9", "carried vectors of the deleted row")
def vectors(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.delete("episode", scene.target, derived=scene.derived)
    carried = f"{scene.target}\0{scene.needle.text}\0".encode() + bytes(64)
    probe.tries(probe.bundle(scene.rows, more_files={"embeddings/episode.probe.vec": carried}))
    probe.settle()
    left = probe.look()
    probe.must(
        not any(scene.target.encode() in data for name, data in left.files.items() if name.startswith("embeddings/")),
        "the export carries a vector of the deleted row",
    )
    for route in probe.routes("dense"):
        hits = probe.search(route, scene.needle.paraphrase)
        probe.must(all(hit.id != scene.target for hit in hits), f"route {route.name} gives the deleted row")


@case("D10", "an embedding that was queued before and is made after")
def queued(probe: Probe) -> None:
    routes = probe.routes("dense")
    if not routes:
        raise NotApplicable("the host has no such route")
    scene = probe.scene()
    probe.give(scene.rows)
    # No settling before the deletion: the job waits.
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    for route in routes:
        probe.must(not probe.finds(route, scene.needle.paraphrase, scene.needle), f"route {route.name} gives the text")


@case("D11", "the derived lists are complete, truthful and without plain text")
def complete(probe: Probe) -> None:
    found = _listed(probe)
    if found is None:
        raise NotApplicable("the host does not work out derived lists")
    scene, derived = found
    for name, wanted in scene.derived.items():
        if name not in ("embeddingCacheKeys", "sentenceIDs"):
            said = derived.get(name)
            probe.must((sorted(said) if isinstance(said, list) else said) == wanted, f"{name} is not what was derived")
    models = {model for route in probe.routes("cache") for model in route.models}
    texts = (scene.needle.text, scene.needle.paraphrase)
    known = {hashlib.sha256(f"{model}\0{text}".encode()).hexdigest() for model in models for text in texts}
    keys = derived.get("embeddingCacheKeys", [])
    if models:
        probe.must(keys and set(keys) <= known, "embeddingCacheKeys are not the hashes of model and text")
    probe.must(not scene.needle.in_text(str(derived)), "derived holds plain text")
