"""H, hops: a deletion arrives wherever the memory went, however many stores lie between."""

from __future__ import annotations

from pathlib import Path

from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import Probe
from satchel.move.certify.scene import Scene


def _given(probe: Probe) -> tuple[Scene, Path]:
    scene = probe.scene()
    rows = scene.only("context", "episode")
    return Scene(scene.needle, scene.decoy, scene.word, rows), probe.bundle(rows)


def _deleting(probe: Probe, stale: Path, scene: Scene) -> Path:
    """A store that has the memory and deletes it; what it exports then."""
    probe.reset()
    probe.load(stale)
    probe.delete("episode", scene.target, derived=scene.derived)
    return probe.export()


@case("H1", "from store to store to store by full exports")
def chain(probe: Probe) -> None:
    scene, stale = _given(probe)
    passed = _deleting(probe, stale, scene)
    for name in ("second", "third"):
        probe.reset()
        probe.load(stale)
        probe.load(passed)
        probe.absent(scene.needle, f"in the {name} store", targets=[("episode", scene.target)])
        passed = probe.export()


@case("H2", "a tombstone learned late, passed on by an incremental export since a moment between")
def late(probe: Probe) -> None:
    probe.needs("incremental")
    scene, stale = _given(probe)
    probe.reset()
    probe.load(stale)
    since = "2026-02-01T00:00:00Z"
    probe.give({}, [probe.mark("episode", scene.target, deleted_at="2026-01-10T00:00:00Z")])
    passed = probe.export("incremental", since=since)
    probe.reset()
    probe.load(stale)
    probe.control(probe.look().row("episode", scene.target), "the third store did not hold the row before")
    probe.load(passed)
    probe.absent(scene.needle, "in the third store", targets=[("episode", scene.target)])


@case("H3", "round a cycle, while one store edits the deleted row")
def cycle(probe: Probe) -> None:
    scene, stale = _given(probe)
    nodes = [_deleting(probe, stale, scene), stale]
    fresh = probe.needles.needle()
    edit = scene.target_row(details=fresh.text, summary="", metadata={}, mentionTime="2026-03-01T00:00:00Z")
    nodes.append(probe.bundle({**scene.rows, "episode": [edit, *scene.rows["episode"][1:]]}))
    for step in range(6):
        # Each store takes what the one before it has; a store between two visits is what it exported.
        here, before = step % 3, (step - 1) % 3
        probe.reset()
        probe.load(nodes[here])
        probe.load(nodes[before])
        nodes[here] = probe.export()
    for number, node in enumerate(nodes):
        probe.reset()
        probe.load(node)
        probe.absent(scene.needle, f"store {number}", targets=[("episode", scene.target)])
        probe.absent(fresh, f"store {number}")


@case("H4", "an export of part of the store carries the tombstones all the same")
def partial(probe: Probe) -> None:
    probe.needs("scoped")
    scene, stale = _given(probe)
    probe.load(stale)
    probe.delete("episode", scene.target, derived=scene.derived)
    passed = probe.export(scopes=[f"ctx_{probe.needles.word()}"])
    probe.reset()
    probe.load(stale)
    probe.load(passed)
    probe.absent(scene.needle, "in the other store", targets=[("episode", scene.target)])


@case("H5", "an Evidence Pack imported as a bundle: the host says what it did with it")
def evidence(probe: Probe) -> None:
    scene, stale = _given(probe)
    probe.load(stale)
    report = probe.tries(probe.bundle({}, [probe.mark("episode", scene.target)], mode="evidence"))
    if report is None:
        return
    held = probe.look().row("episode", scene.target) is not None
    if probe.must(report.evidence_pack in ("applied", "ignored"), "it was taken without a word on its being a proof"):
        probe.must(held == (report.evidence_pack == "ignored"), "the host did not do what it says")


@case("H6", "a tombstone of a kind that the host does not support is passed on")
def forwarded(probe: Probe) -> None:
    kind, key = "x-elsewhere", f"thing_{probe.needles.word()}"
    mark = probe.mark(kind, key)
    probe.give({}, [mark])
    first = probe.export()
    probe.reset()
    probe.load(first)
    probe.must(probe.look().tombstones_of(kind, key), "it did not arrive")
