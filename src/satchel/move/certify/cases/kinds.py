"""C, every kind: a tombstone holds for rows of every kind, by whatever is that kind's key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from satchel.move.certify import canonical
from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import key_of, row
from satchel.move.certify.needles import Needle
from satchel.move.certify.probe import NotApplicable, Probe

Rows = dict[str, list[dict[str, Any]]]


def specimen(kind: str, needle: Needle, word: str) -> tuple[Rows, str]:
    """A row of a kind that shows the needle where the kind has text, the rows it hangs on, and its key."""
    text, one, two = needle.text, f"one_{word}", f"two_{word}"
    id = f"{kind.lower()}_{word}"
    episodes = [row("episode", id=name, details="A walk along the quay.", summary="A walk.") for name in (one, two)]
    entities = [row("entity", id=name, canonicalName=f"quay {name}", type="place") for name in (one, two)]
    facts = [row("fact", id=name, episodeID=one, text=f"The quay is {name}.") for name in (one + "f", two + "f")]
    link = f"link_{word}"
    made: dict[str, tuple[Rows, dict[str, Any]]] = {
        "episode": ({}, {"id": id, "details": text, "summary": text}),
        "entity": ({}, {"id": id, "canonicalName": needle.name, "summary": text}),
        "edge": (
            {"entity": entities, "episode": episodes},
            {"id": id, "srcEntityID": one, "dstEntityID": two, "edgeType": link, "evidenceEpisodeIDs": [one]},
        ),
        "fact": ({"episode": episodes}, {"id": id, "episodeID": one, "text": text}),
        "resource": ({}, {"id": id, "title": needle.name, "summary": text}),
        "chunk": ({"resource": [row("resource", id=one, title="quay")]}, {"id": id, "resourceID": one, "text": text}),
        "core": ({}, {"id": id, "content": text}),
        "procedure": ({}, {"id": id, "name": needle.name, "steps": [text]}),
        "context": ({}, {"id": id, "label": text}),
        "community": ({}, {"id": id, "label": needle.name, "summary": text}),
        "secretRef": ({}, {"id": id, "label": needle.name}),
        "preference": ({}, {"key": id, "value": text}),
        "category": ({}, {"name": id, "description": text}),
        "factLink": (
            {"episode": episodes, "fact": facts},
            {"srcFactID": one + "f", "dstFactID": two + "f", "linkType": link},
        ),
        "episodeLink": ({"episode": episodes}, {"srcEpisodeID": one, "dstEpisodeID": two, "linkType": link}),
    }
    around, members = made[kind]
    whole = row(kind, **members)
    return {**around, kind: [*around.get(kind, []), whole]}, key_of(kind, whole)


def _every(probe: Probe, kinds: Iterable[str]) -> None:
    """For each kind and op: the row is there; its tombstone takes it; a stale bundle does not bring it back."""
    asked = [kind for kind in kinds if probe.supports(kind)]
    if not asked:
        raise NotApplicable("the host supports none of these kinds")
    for op in ("delete", "redact"):
        probe.reset()
        specimens = [(kind, needle := probe.needles.needle(), *specimen(kind, needle, probe.needles.word())) for kind in asked]
        for _, _, rows, _ in specimens:
            probe.give(rows)
        held = probe.look()
        for kind, _, _, key in specimens:
            probe.control(held.row(kind, key), f"the {kind} row was not there before it was deleted")
        probe.give({}, [probe.mark(kind, key, op=op) for kind, _, _, key in specimens])
        probe.settle()
        after = probe.look()
        for _, _, rows, _ in specimens:
            probe.give(rows)
        probe.settle()
        stale = probe.look()
        for kind, needle, _, key in specimens:
            for found, when in ((after, "after its tombstone"), (stale, "after a stale bundle")):
                way = needle.in_bytes(found.all_bytes())
                probe.must(not way, f"{op} {kind}: its text is in the export {when}")
                # A link has no text but its key, so not even a skeleton of it can be without content.
                if (op == "delete" or kind.endswith("Link")) and not way:
                    probe.must(found.row(kind, key) is None, f"{op} {kind}: the row is in the export {when}")


@case("C1", "every kind that has an id")
def by_id(probe: Probe) -> None:
    ids = "episode entity edge fact resource chunk core procedure context community secretRef"
    _every(probe, ids.split())


@case("C2", "preference by key, category by name")
def by_name(probe: Probe) -> None:
    _every(probe, ["preference", "category"])


@case("C3", "factLink and episodeLink by natural key")
def by_natural_key(probe: Probe) -> None:
    _every(probe, ["factLink", "episodeLink"])


@case("C4", "a row of a foreign kind, by its id")
def foreign(probe: Probe) -> None:
    kind = "x-probe-note"
    needle, id = probe.needles.needle(), f"note_{probe.needles.word()}"
    line = canonical.encode({"id": id, "text": needle.text})
    probe.give({kind: [line]})
    if not needle.in_bytes(probe.look().all_bytes()):
        raise NotApplicable("the host keeps no foreign kinds")
    probe.give({}, [probe.mark(kind, id)])
    probe.settle()
    probe.absent(needle, "after its tombstone")
    probe.give({kind: [line]})
    probe.settle()
    probe.absent(needle, "after a stale bundle")


@case("C5", "a kind of the future: remembered, and enforced when rows of it appear")
def future(probe: Probe) -> None:
    kind = f"x-future-{probe.needles.word()}"
    needle, id = probe.needles.needle(), f"thing_{probe.needles.word()}"
    probe.give({}, [probe.mark(kind, id)])
    probe.must(probe.look().tombstones_of(kind, id), "the tombstone is not in the export")
    probe.give({kind: [canonical.encode({"id": id, "text": needle.text})]})
    probe.settle()
    probe.absent(needle, "once the kind appeared")
