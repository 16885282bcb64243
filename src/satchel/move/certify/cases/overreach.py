"""K, over-deletion: what was not named stays."""

from __future__ import annotations

from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import row
from satchel.move.certify.probe import NotApplicable, Probe


@case("K1", "decoys, shared evidence and shared entities outlive the deletion")
def decoys(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.settle()
    held = probe.look()
    lit = [route for route in probe.routes("lexical", "dense") if probe.finds(route, scene.decoy.token, scene.decoy)]
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    left = probe.look()
    for kind, key in scene.staying:
        if held.row(kind, key) is not None:
            probe.must(left.row(kind, key), f"a {kind} that nobody named is gone")
    for route in lit:
        probe.must(probe.finds(route, scene.decoy.token, scene.decoy), f"route {route.name} lost the decoy")


@case("K2", "ids that begin alike, or look like patterns, SQL or paths, match literally; an empty one is refused")
def literal(probe: Probe) -> None:
    word = probe.needles.word()
    base = f"ep_{word}_1"
    ids = [base, f"{base}0", base.replace("_", "x"), base.upper(), f"../{base}", f"{base}' OR '1'='1", f'{base}"']
    rows = {"episode": [row("episode", id=id, details=f"Stone {number}.", summary="") for number, id in enumerate(ids)]}
    probe.give(rows)
    held = set(probe.look().rows.get("episode", {}))
    probe.control(held >= set(ids), "not all the rows were there before")
    patterns = [base, "%", "_", "*", "ep_%", f"{base}*", f"{base}' OR '1'='1", f"../{base}"]
    probe.give({}, [probe.mark("episode", pattern) for pattern in patterns])
    left = set(probe.look().rows.get("episode", {}))
    probe.must(not left & set(patterns), "a literal match is there still")
    lost = (held - left) - set(patterns)
    probe.must(not lost, f"{len(lost)} rows went that no tombstone names")
    before = probe.look().content()
    report = probe.tries(probe.bundle({}, [probe.mark("episode", "")]))
    taken = report is not None and not any(flag.kind == "episode" for flag in report.flagged)
    probe.must(not taken, "a tombstone for an empty id was accepted")
    if not taken:
        probe.must(probe.look().content() == before, "a refused tombstone was kept")


@case("K3", "a tombstone of the wrong kind: no effect on other kinds, and a warning")
def wrong_kind(probe: Probe) -> None:
    if not probe.supports("entity"):
        raise NotApplicable("the host does not support entity")
    scene = probe.scene()
    probe.give(scene.rows)
    entity = scene.id("ent_shared")
    report = probe.give({}, [probe.mark("fact", entity)])
    probe.must(probe.look().row("entity", entity), "an entity went by the tombstone of a fact")
    probe.give(scene.rows)
    probe.must(probe.look().row("entity", entity), "an entity is refused by the tombstone of a fact")
    probe.must(report.warnings or report.flagged, "the host does not warn")
