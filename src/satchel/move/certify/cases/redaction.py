"""F, redact: the content goes, a skeleton without content may stay."""

from __future__ import annotations

from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import FIELDS, skeleton
from satchel.move.certify.probe import Probe
from satchel.move.certify.scene import Scene
from satchel.move.certify.snapshots import Snapshot


def _given(probe: Probe) -> Scene:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.settle()
    probe.control(scene.needle.in_bytes(probe.look().all_bytes()), "the text was not there before")
    return scene


def _bare(probe: Probe, scene: Scene, found: Snapshot) -> None:
    """What is left of the row, if anything, holds no text that came from it."""
    left = found.row("episode", scene.target)
    if left is None:
        return
    before = scene.target_row()
    for name, type in FIELDS["episode"].items():
        kept = left.get(name)
        if type[0] in "slm" and name != "id" and kept and kept == before.get(name):
            probe.must(name in ("lifecycleState", "extractionState", "sourceType", "sensitivity"), f"the skeleton keeps {name}")
    probe.must(not set(left) - set(FIELDS["episode"]), "the skeleton keeps members of no standard")


@case("F1", "after a redaction no text is in any field, index or export")
def redacted(probe: Probe) -> None:
    probe.needs("redact")
    scene = _given(probe)
    probe.delete("episode", scene.target, op="redact", derived=scene.derived)
    probe.settle()
    found = probe.absent(scene.needle, "after the redaction")
    marks = found.tombstones_of("episode", scene.target)
    probe.must([mark.get("op") for mark in marks] == ["redact"], "there is no redact tombstone")
    _bare(probe, scene, found)


@case("F2", "the full row imported again after its redaction")
def full_row(probe: Probe) -> None:
    scene = _given(probe)
    rows = {"context": scene.rows["context"], "episode": scene.rows["episode"]}
    probe.reset()
    probe.give(rows)
    probe.give({}, [probe.mark("episode", scene.target, op="redact", derived=scene.derived)])
    probe.give(rows)
    probe.settle()
    _bare(probe, scene, probe.absent(scene.needle, "after the full row"))


@case("F3", "a bundle with a redact tombstone and its own skeleton row")
def own_skeleton(probe: Probe) -> None:
    scene = probe.scene()
    bare = skeleton("episode", scene.target_row())
    probe.give({"episode": [bare]}, [probe.mark("episode", scene.target, op="redact")])
    probe.must(probe.look().row("episode", scene.target), "the skeleton row was refused")


@case("F4", "delete then redact, redact then delete: the same end, both recorded")
def both(probe: Probe) -> None:
    probe.needs("redact")
    ends: list[bool] = []
    for first, second in (("delete", "redact"), ("redact", "delete")):
        probe.reset()
        scene = _given(probe)
        marks = [probe.mark("episode", scene.target, op=op, derived=scene.derived) for op in (first, second)]
        for mark in marks:
            probe.give({}, [mark])
        probe.settle()
        found = probe.absent(scene.needle, f"{first}, then {second}")
        ends.append(found.row("episode", scene.target) is None)
        ops = sorted(str(mark.get("op")) for mark in found.tombstones_of("episode", scene.target))
        probe.must(ops == ["delete", "redact"], f"{first}, then {second}: the tombstones are {ops}")
    probe.must(ends[0] == ends[1], "what is left hangs on which came first")


@case("F5", "reason, actor and audit rows hold no content")
def traces(probe: Probe) -> None:
    probe.needs("redact")
    scene = _given(probe)
    probe.delete("episode", scene.target, op="redact", derived=scene.derived, reason="asked by the person")
    found = probe.look()
    probe.must(not any(scene.needle.in_text(str(mark)) for mark in found.tombstones), "the tombstone holds content")
    probe.must(not any(scene.needle.in_text(str(row)) for row in found.audit), "the audit log holds content")
