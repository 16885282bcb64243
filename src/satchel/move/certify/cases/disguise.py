"""E, disguise: what was deleted does not come back under another id, spelling, kind or name."""

from __future__ import annotations

import json
import unicodedata

from satchel.move.certify import canonical
from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import row
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.protocol import Report
from satchel.move.certify.scene import Scene


def _deleted(probe: Probe) -> Scene:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.control(probe.look().row("episode", scene.target), "the row was not there before it was deleted")
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    return scene


def _flagged(report: Report | None, kind: str, key: str = "") -> bool:
    return report is not None and any(flag.kind == kind and flag.key in ("", key) for flag in report.flagged)


def _refused_or_flagged(probe: Probe, scene: Scene, report: Report | None, kind: str, key: str, what: str) -> None:
    probe.settle()
    if not _flagged(report, kind, key):
        probe.must(not scene.needle.in_bytes(probe.look().all_bytes()), f"{what} came in unflagged")


@case("E1", "the same content under a new id")
def new_id(probe: Probe) -> None:
    scene = _deleted(probe)
    key = scene.id("again")
    report = probe.tries(probe.bundle({"episode": [scene.target_row(id=key)]}))
    _refused_or_flagged(probe, scene, report, "episode", key, "the same text under a new id")


@case("E2", "the id in another spelling")
def spelling(probe: Probe) -> None:
    scene = probe.scene()
    # A letter that NFC and NFD write differently, and letters to change the case of.
    key = f"ep_caf\u00e9_{scene.word}"
    probe.give({"episode": [scene.target_row(id=key)]})
    probe.control(probe.look().row("episode", key), "the row was not there before it was deleted")
    probe.delete("episode", key)
    escaped = canonical.encode(scene.target_row(id=key)).replace(f'"{key}"'.encode(), json.dumps(key).encode())
    probe.tries(probe.bundle({"episode": [escaped]}))
    probe.must(probe.look().row("episode", key) is None, "the same id, escaped, came in")
    spellings = {
        "another case": key.upper(),
        "a blank behind it": key + " ",
        "a zero-width space": key + "\u200b",
        "NFD for NFC": unicodedata.normalize("NFD", key),
    }
    for what, other in spellings.items():
        fresh = probe.needles.needle()
        changed = scene.target_row(id=other, details=fresh.text, summary=fresh.text, metadata={})
        report = probe.tries(probe.bundle({"episode": [changed]}))
        if not _flagged(report, "episode", other):
            probe.must(not fresh.in_bytes(probe.look().all_bytes()), f"the id with {what} came in unflagged")


@case("E3", "the same id in another kind: that row lives, the deleted one does not")
def another_kind(probe: Probe) -> None:
    if not probe.supports("core"):
        raise NotApplicable("the host does not support core")
    scene = _deleted(probe)
    content = f"An unrelated block {scene.decoy.token}."
    probe.tries(probe.bundle({"core": [row("core", id=scene.target, content=content)], "episode": [scene.target_row()]}))
    left = probe.absent(scene.needle, "after the bundle", targets=[("episode", scene.target)])
    probe.must(left.row("core", scene.target), "an unrelated core block of the same id was refused")


@case("E4", "a name twice in one object, to hide the id")
def twice(probe: Probe) -> None:
    scene = _deleted(probe)
    other = scene.id("hidden")
    plain = canonical.encode(scene.target_row(details=scene.decoy.paraphrase, summary="", metadata={}))
    line = b'{"id":"' + scene.target.encode() + b'",' + plain.replace(scene.target.encode(), other.encode())[1:]
    probe.tries(probe.bundle({"episode": [line]}))
    left = probe.look()
    for key in (scene.target, other):
        probe.must(left.row("episode", key) is None, "a line that names its id twice came in")


@case("E5", "a successor that repeats the text")
def successor(probe: Probe) -> None:
    if not probe.supports("fact"):
        raise NotApplicable("the host does not support fact")
    scene = _deleted(probe)
    old, new = scene.id("fact_a"), scene.id("fact_next")
    text = scene.needle.text
    rows = [
        row("fact", id=old, episodeID=scene.id("decoy"), text=text, supersededBy=new, tValidTo="2026-02-01T00:00:00Z"),
        row("fact", id=new, episodeID=scene.id("decoy"), text=text),
    ]
    report = probe.tries(probe.bundle({"fact": rows}))
    _refused_or_flagged(probe, scene, report, "fact", new, "a successor with the same text")


@case("E6", "the text inside ext, metadata, aliases, contextPrefix and title; copies in other rows")
def hidden_members(probe: Probe) -> None:
    scene = probe.scene()
    needle, other = scene.needle, scene.id("decoy")
    rows = {
        "episode": [
            scene.target_row(vendorNote={"deep": [needle.text]}),
            row("episode", id=other, details=scene.decoy.text, summary="", metadata={"quote": needle.text}),
        ],
        "entity": [row("entity", id=scene.id("ent"), canonicalName="x", aliases=[needle.name])],
        "resource": [row("resource", id=scene.id("res"), title=needle.text)],
        "chunk": [row("chunk", id=scene.id("chunk"), resourceID=scene.id("res"), contextPrefix=needle.text, text="-")],
    }
    probe.give(rows)
    probe.control(needle.in_bytes(probe.look().all_bytes()), "the text was not there before")
    flags = [
        flag
        for kind, key in (
            ("episode", scene.target),
            ("entity", scene.id("ent")),
            ("chunk", scene.id("chunk")),
            ("resource", scene.id("res")),
        )
        if probe.supports(kind)
        for flag in probe.delete(kind, key).flagged
    ]
    probe.settle()
    left = probe.look()
    copy = left.rows.get("episode", {}).pop(other, None)
    alone = [text for rows_ in left.rows.values() for text in map(str, rows_.values())]
    probe.must(not any(needle.in_text(text) for text in alone), "the text outlives the rows it stood in")
    told = any((flag.kind, flag.key) == ("episode", other) for flag in flags)
    probe.must(copy is not None, "the row that quotes it is gone altogether")
    probe.must(told or not needle.in_text(str(copy)), "a copy in another row is neither flagged nor taken out")


@case("E7", "derived rows that point elsewhere now, but stand in the tombstone's lists")
def moved(probe: Probe) -> None:
    asked = [kind for kind in ("fact", "chunk") if probe.supports(kind)]
    if not asked:
        raise NotApplicable("the host supports neither fact nor chunk")
    scene = probe.scene()
    probe.give(scene.rows)
    listed = {**scene.derived, "chunkIDs": [scene.id("chunk")]}
    probe.give({}, [probe.mark("episode", scene.target, derived=listed)])
    rows = {
        "episode": scene.rows["episode"][1:],
        "resource": [row("resource", id=scene.id("res_new"))],
        "fact": [row("fact", id=scene.id("fact_a"), episodeID=scene.id("decoy"), text="Moved to another episode.")],
        "chunk": [row("chunk", id=scene.id("chunk"), resourceID=scene.id("res_new"), text="Moved to another resource.")],
    }
    probe.tries(probe.bundle({kind: of for kind, of in rows.items() if probe.supports(kind)}))
    left = probe.look()
    for kind, key in (("fact", scene.id("fact_a")), ("chunk", scene.id("chunk"))):
        if kind in asked:
            probe.must(left.row(kind, key) is None, f"a {kind} that the tombstone lists came in")


@case("E8", "a foreign kind that carries the old record")
def foreign(probe: Probe) -> None:
    scene = _deleted(probe)
    kind = "x-probe-archive"
    report = probe.tries(probe.bundle({kind: [canonical.encode(scene.target_row())]}))
    _refused_or_flagged(probe, scene, report, kind, scene.target, "a foreign row with the old record")


@case("E9", "a row that is newer than the tombstone")
def newer(probe: Probe) -> None:
    scene = _deleted(probe)
    late = "2031-01-01T00:00:00Z"
    fresh = probe.needles.needle()
    row = scene.target_row(details=fresh.text, summary="", metadata={}, eventTime=late, mentionTime=late, ingestionTime=late)
    probe.tries(probe.bundle({"episode": [row]}))
    probe.absent(fresh, "after a newer row", targets=[("episode", scene.target)])
