"""B, order: whatever comes first, a row and its tombstone end as a deletion."""

from __future__ import annotations

from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import Probe
from satchel.move.certify.scene import Scene


def _gone(probe: Probe, scene: Scene, where: str) -> None:
    probe.settle()
    probe.absent(scene.needle, where, targets=[("episode", scene.target)])


def _given(probe: Probe) -> Scene:
    """The scene with the target's row alone: what is derived from it is another family's question."""
    scene = probe.scene()
    rows = {"context": scene.rows["context"], "episode": scene.rows["episode"]}
    return Scene(scene.needle, scene.decoy, scene.word, rows)


def _held(probe: Probe, scene: Scene) -> None:
    probe.control(probe.look().row("episode", scene.target), "the row was not there before it was deleted")


@case("B1", "tombstone and row in one bundle")
def together(probe: Probe) -> None:
    scene = _given(probe)
    report = probe.give(scene.rows, [probe.mark("episode", scene.target)])
    _gone(probe, scene, "after one bundle")
    probe.must(report.refused >= 1, "the report counts no refused row")


@case("B2", "tombstone bundle, then a stale full bundle")
def tombstone_first(probe: Probe) -> None:
    scene = _given(probe)
    probe.give({}, [probe.mark("episode", scene.target)])
    probe.give(scene.rows)
    _gone(probe, scene, "after the stale bundle")


@case("B3", "stale bundle first, then the tombstone bundle")
def tombstone_last(probe: Probe) -> None:
    scene = _given(probe)
    probe.give(scene.rows)
    _held(probe, scene)
    probe.give({}, [probe.mark("episode", scene.target)])
    _gone(probe, scene, "after the tombstone")


@case("B4", "stale bundle again and again, between tombstones, its lines shuffled")
def interleaved(probe: Probe) -> None:
    scene = _given(probe)
    mark = probe.mark("episode", scene.target)
    stale = probe.bundle(scene.rows)
    shuffled = probe.bundle(scene.rows, arrange=lambda lines: list(reversed(lines)))
    probe.load(stale)
    _held(probe, scene)
    tomb = probe.bundle({}, [mark])
    for number, folder in enumerate((tomb, stale, shuffled, tomb, stale, stale)):
        probe.load(folder)
        _gone(probe, scene, f"step {number}")


@case("B5", "incremental bundle that carries the row again")
def incremental(probe: Probe) -> None:
    scene = _given(probe)
    probe.give(scene.rows)
    _held(probe, scene)
    probe.give({}, [probe.mark("episode", scene.target)])
    probe.give(scene.rows, mode="incremental", since="2026-01-01T00:00:00Z")
    _gone(probe, scene, "after the incremental bundle")


@case("B6", "the host restarted between tombstone and stale bundle")
def restarted(probe: Probe) -> None:
    probe.needs("restart")
    scene = _given(probe)
    probe.give(scene.rows)
    _held(probe, scene)
    probe.give({}, [probe.mark("episode", scene.target)])
    probe.restart()
    _gone(probe, scene, "after the restart")
    probe.give(scene.rows)
    _gone(probe, scene, "after the stale bundle")
