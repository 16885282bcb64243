"""M, proof: a deletion leaves a record of itself that lasts."""

from __future__ import annotations

from satchel.errors import MalformedInput
from satchel.move.certify import canonical, signing, snapshots
from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import Probe


@case("M1", "one audit row a deletion, with its id and time")
def audited(probe: Probe) -> None:
    probe.needs("audit")
    scene = probe.scene()
    probe.give(scene.rows)
    probe.delete("episode", scene.target, derived=scene.derived)
    found = probe.look()
    rows = [entry for entry in found.audit if entry.get("targetID") == scene.target and entry.get("op") == "delete"]
    if probe.must(len(rows) == 1, f"there are {len(rows)} audit rows for it"):
        times = [mark.get("deletedAt") for mark in found.tombstones_of("episode", scene.target)]
        probe.must(rows[0].get("ts") in times, "the audit row's time is not the tombstone's")
        probe.must(rows[0].get("actor"), "the audit row names no actor")


@case("M2", "the tombstone survives restart and re-export, byte for byte; its signature holds")
def lasting(probe: Probe) -> None:
    seed = signing.seed("tombstones")
    scene = probe.scene()
    mark = probe.mark("episode", scene.target, signed_by=seed)
    probe.give({}, [mark])
    if probe.has("restart"):
        probe.restart()
    first = probe.export()
    probe.reset()
    probe.load(first)
    found = probe.look()
    lines = found.files.get("audit/tombstones.jsonl", b"").splitlines()
    probe.must(lines == [canonical.encode(mark)], "the tombstone is not the canonical bytes that came in")
    marks = found.tombstones_of("episode", scene.target)
    holds = marks and signing.tombstone_signer(marks[0], [signing.public_key(seed)])
    probe.must(holds, "its signature no longer holds")


@case("M3", "the Evidence Pack lists it, and its counts are right")
def pack(probe: Probe) -> None:
    probe.needs("evidence")
    scene = probe.scene()
    probe.give(scene.rows)
    probe.delete("episode", scene.target, derived=scene.derived)
    folder = probe.export("evidence")
    try:
        found = snapshots.read_verified(folder)
    except MalformedInput as error:
        probe.must(False, f"the pack does not hold together: {error}")
        return
    probe.must(found.tombstones_of("episode", scene.target), "the pack does not list the deletion")
    counts = found.manifest.get("counts", {})
    probe.must(counts.get("tombstone", 0) == len(found.tombstones), "its tombstone count is wrong")
    probe.must(counts.get("audit", 0) == len(found.audit), "its audit count is wrong")
    probe.must(not scene.needle.in_bytes(found.all_bytes()), "the pack holds the text")
