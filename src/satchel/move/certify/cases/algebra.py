"""G, algebra: tombstones are a set; merging sets of them is commutative, associative and idempotent."""

from __future__ import annotations

import itertools
from typing import Any

from satchel.move.certify import canonical, signing
from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import Probe


@case("G1", "the same bundle imported again and again: the tombstones stay as many")
def repeated(probe: Probe) -> None:
    scene = probe.scene()
    folder = probe.bundle({}, [probe.mark("episode", scene.target)])
    counts = []
    for _ in range(3):
        probe.load(folder)
        counts.append(len(probe.look().tombstones))
    probe.must(counts == [1, 1, 1], f"after three imports there are {counts[-1]} tombstones")


@case("G2", "several tombstones for one target: each kept once, their effects together")
def several(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    one = probe.mark("episode", scene.target, derived={**scene.derived, "edgeIDs": [], "entityIDs": []})
    two = probe.mark("episode", scene.target, derived={**scene.derived, "factIDs": []})
    for marks in ([one], [two], [one, two]):
        probe.give({}, marks)
    found = probe.look()
    ids = sorted(str(mark.get("id")) for mark in found.tombstones_of("episode", scene.target))
    probe.must(ids == sorted([one["id"], two["id"]]), "the tombstones are not each kept once")
    for kind, key in scene.gone:
        if kind in ("episode", "fact", "edge", "entity") and probe.supports(kind):
            probe.must(found.row(kind, key) is None, f"a {kind} that one of them lists is there")


@case("G3", "an unknown op, a malformed line, a missing derived: nothing of the bundle is taken")
def malformed(probe: Probe) -> None:
    good = probe.scene()
    probe.give(good.rows)
    before = probe.look().content()
    unlisted = probe.mark("episode", good.id("decoy"))
    del unlisted["derived"]
    for what, mark in (
        ("an unknown op", probe.mark("episode", good.id("decoy"), op="forget")),
        ("a malformed line", b'{"op":"delete","id":'),
        ("a missing derived", unlisted),
    ):
        fresh = probe.scene()
        folder = probe.bundle(fresh.rows, [probe.mark("episode", good.target), mark])
        refused = probe.tries(folder) is None
        probe.must(refused, f"{what}: the bundle was taken")
        if refused:
            probe.must(probe.look().content() == before, f"{what}: something of the refused bundle was taken")
        else:
            probe.reset()
            probe.give(good.rows)
        if probe.has("validate"):
            probe.must(probe.validate(folder), f"{what}: the validator says nothing")


@case("G4", "unknown members of a tombstone are kept, and its signature still holds")
def unknown_members(probe: Probe) -> None:
    seed = signing.seed("tombstones")
    scene = probe.scene()
    mark = probe.mark("episode", scene.target, signed_by=seed, vendorCase={"number": 7, "tags": ["a"]})
    probe.give({}, [mark])
    marks = probe.look().tombstones_of("episode", scene.target)
    if probe.must(len(marks) == 1, "the tombstone is not in the export"):
        probe.must(marks[0].get("vendorCase") == mark["vendorCase"], "a member of no standard was dropped")
        holds = signing.tombstone_signer(marks[0], [signing.public_key(seed)])
        probe.must(holds, "its signature no longer holds")


@case("G5", "deletedAt in the future, in the past, equal, skewed: refusal hangs on none")
def clocks(probe: Probe) -> None:
    for moment in ("2099-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "2026-01-05T09:00:00Z", "2026-01-05T10:59:59.5+02:00"):
        scene = probe.scene()
        rows = {"episode": scene.rows["episode"]}
        probe.give({}, [probe.mark("episode", scene.target, deleted_at=moment)])
        probe.give(rows)
        probe.absent(scene.needle, f"deletedAt {moment}", targets=[("episode", scene.target)])


@case("G6", "merging sets of tombstones: order, grouping and repetition do not matter")
def merging(probe: Probe) -> None:
    scene = probe.scene()
    marks = [
        probe.mark("episode", scene.target, derived=scene.derived),
        probe.mark("episode", scene.target, op="redact"),
        probe.mark("entity", scene.id("ent_other")),
    ]
    folders = [probe.bundle({}, [mark]) for mark in marks] + [probe.bundle({}, marks[:2])]
    orders: list[tuple[int, ...]] = [*itertools.permutations(range(3)), (3, 2), (2, 3), (0, 0, 1, 3, 2, 2)]
    ends: list[Any] = []
    for order in orders:
        probe.reset()
        for number in order:
            probe.load(folders[number])
        ends.append(sorted(canonical.encode(mark) for mark in probe.look().tombstones))
    probe.must(all(end == ends[0] for end in ends[:6]), "merging is not commutative")
    probe.must(all(end == ends[0] for end in ends[6:8]), "merging is not associative")
    probe.must(ends[8] == ends[0], "merging is not idempotent")
