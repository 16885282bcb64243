"""A, reach: after a deletion no route gives the text, by its words, its meaning, its neighbours or its past."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.protocol import Nothing, Route
from satchel.move.certify.scene import Scene


def given(probe: Probe) -> Scene:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.settle()
    return scene


def _reach(probe: Probe, routes: Sequence[Route], query: str, scene: Scene, **options: Any) -> None:
    """Each route gives the needle, then the target is deleted, then none of them does."""
    if not routes:
        raise NotApplicable("the host has no such route")
    lit = [route for route in routes if probe.finds(route, query, scene.needle, **options)]
    for route in routes:
        if route not in lit:
            probe.dark_routes.append(route.name)
            probe.control(False, f"route {route.name} did not give the text before it was deleted")
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    for route in lit:
        hits = probe.search(route, query, **options)
        probe.must(not any(scene.needle.in_text(hit.text) for hit in hits), f"route {route.name} still gives the text")
        probe.must(all(hit.id != scene.target for hit in hits), f"route {route.name} still gives the id")


@case("A1", "deleted episode, exact token, each text route")
def exact(probe: Probe) -> None:
    scene = given(probe)
    _reach(probe, probe.routes("lexical", "dense", "other"), scene.needle.token, scene)


@case("A2", "deleted episode, paraphrase, each dense route, k = corpus size")
def paraphrase(probe: Probe) -> None:
    scene = given(probe)
    _reach(probe, probe.routes("dense"), scene.needle.paraphrase, scene)


@case("A3", "graph search of one to three hops from a neighbour")
def graph(probe: Probe) -> None:
    scene = given(probe)
    routes = probe.routes("graph")
    _reach(probe, routes, scene.id("ent_shared"), scene, hops=1)
    for route in routes:
        for hops in (1, 2, 3):
            hits = probe.search(route, scene.id("ent_shared"), hops=hops)
            ids = {hit.id for hit in hits}
            probe.must(not any(scene.needle.in_text(hit.text) for hit in hits), f"{route.name}, {hops} hops: gives the text")
            gone = {scene.target, scene.id("edge_sole"), scene.id("ent_sole")} & ids
            probe.must(not gone, f"{route.name}, {hops} hops: gives {len(gone)} deleted rows")


@case("A4", "embedding cache, by the hash of model and text")
def cache(probe: Probe) -> None:
    scene = given(probe)
    routes = probe.routes("cache")
    if not routes:
        raise NotApplicable("the host has no such route")
    texts = (scene.needle.text, scene.needle.paraphrase, scene.needle.name)
    keys = {
        (route.name, hashlib.sha256(f"{model}\0{text}".encode()).hexdigest()): route
        for route in routes
        for model in route.models
        for text in texts
    }
    held = [(route, key) for (_, key), route in keys.items() if probe.search(route, key)]
    for route in routes:
        if not any(route == found for found, _ in held):
            probe.dark_routes.append(route.name)
            probe.control(False, f"cache {route.name} did not hold the text before it was deleted")
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    for route, key in held:
        probe.must(not probe.search(route, key), f"cache {route.name} still holds an entry of the text")


@case("A5", "as-of questions about the time before the deletion")
def as_of(probe: Probe) -> None:
    scene = given(probe)
    moment = probe.now()
    _reach(probe, probe.routes("as_of"), scene.needle.token, scene, as_of=moment)
    for route in probe.routes("as_of"):
        probe.must(not probe.finds(route, scene.needle.token, scene.needle), f"route {route.name} gives the text today")


@case("A6", "a replica that synchronises, and one that was away when it happened")
def replica(probe: Probe) -> None:
    scene = given(probe)
    routes = probe.routes("replica")
    _reach(probe, routes, scene.needle.token, scene)
    if not probe.has("replica"):
        probe.notes.append("the host cannot take its replica offline: only the one that synchronises was probed")
        return
    probe.reset()
    away = given(probe)
    probe.host.ask("replica", {"online": False}, Nothing)
    probe.delete("episode", away.target, derived=away.derived)
    probe.settle()
    probe.host.ask("replica", {"online": True}, Nothing)
    probe.settle()
    for route in routes:
        probe.must(not probe.finds(route, away.needle.token, away.needle), f"replica {route.name}, back again, gives the text")


@case("A7", "summaries and answers made from the text")
def summaries(probe: Probe) -> None:
    scene = given(probe)
    _reach(probe, probe.routes("summary"), scene.needle.token, scene)


@case("A8", "the tombstone: there, of the right op, kind, id and time")
def tombstone(probe: Probe) -> None:
    scene = given(probe)
    probe.delete("episode", scene.target, derived=scene.derived)
    marks = probe.look().tombstones_of("episode", scene.target)
    if not probe.must(marks, "no tombstone names the target"):
        return
    probe.must(marks[0].get("op") == "delete", "its op is not delete")
    try:
        moment = datetime.fromisoformat(str(marks[0].get("deletedAt")))
        near = abs(datetime.now(UTC) - moment) < timedelta(minutes=10)
    except (ValueError, TypeError):
        near = False
    probe.must(near, "its deletedAt is not the time of the deletion")
