"""The small world of a probe: a target with all that can be derived from it, and decoys that must outlive it."""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.move.certify import bundles
from satchel.move.certify.kinds import key_of, row
from satchel.move.certify.needles import Needle, Needles

Row = dict[str, Any]


class Scene(msgspec.Struct, frozen=True):
    """Rows by kind, and the ids that cases speak of. ``needle`` is what must go, ``decoy`` what must stay."""

    needle: Needle
    decoy: Needle
    #: The random part of every id here.
    word: str
    rows: dict[str, list[Row]]

    @property
    def target(self) -> str:
        return f"ep_{self.word}"

    def id(self, name: str) -> str:
        """The id of a part: ``decoy``, ``ent_sole``, ``edge_shared``, …"""
        return f"{name}_{self.word}"

    @property
    def derived(self) -> Row:
        """What a truthful tombstone for the target lists."""
        return bundles.derived_lists(
            factIDs=sorted([self.id("fact_a"), self.id("fact_b")]),
            edgeIDs=[self.id("edge_sole")],
            entityIDs=[self.id("ent_sole")],
            episodeLinkCount=1,
        )

    @property
    def gone(self) -> list[tuple[str, str]]:
        """Kind and key of every row that must go with the target."""
        facts = {"srcFactID": self.id("fact_a"), "dstFactID": self.id("fact_b"), "linkType": "refines"}
        link = {"srcEpisodeID": self.target, "dstEpisodeID": self.id("decoy"), "linkType": "related"}
        return [
            ("episode", self.target),
            ("fact", self.id("fact_a")),
            ("fact", self.id("fact_b")),
            ("edge", self.id("edge_sole")),
            ("entity", self.id("ent_sole")),
            ("factLink", key_of("factLink", facts)),
            ("episodeLink", key_of("episodeLink", link)),
        ]

    @property
    def staying(self) -> list[tuple[str, str]]:
        """Kind and key of every row that must outlive the target."""
        gone = set(self.gone)
        keys = [(kind, key_of(kind, row)) for kind, rows in self.rows.items() for row in rows]
        return [found for found in keys if found not in gone]

    def target_row(self, **changes: Any) -> Row:
        return {**self.rows["episode"][0], **changes}

    def only(self, *kinds: str) -> dict[str, list[Row]]:
        return {kind: self.rows[kind] for kind in kinds}

    @classmethod
    def make(cls, needles: Needles) -> Scene:
        needle, decoy, word = needles.needle(), needles.needle(), needles.word()
        target, other = f"ep_{word}", f"decoy_{word}"
        return cls(
            needle, decoy, word, {**_episodes(needle, decoy, word, target, other), **_graph(needle, word, target, other)}
        )


def _episodes(needle: Needle, decoy: Needle, word: str, target: str, other: str) -> dict[str, list[Row]]:
    where = f"ctx_{word}"
    said: Row = {"contextID": where, "sourceType": "note", "lifecycleState": "HOT", "extractionState": "done"}
    third = f"third_{word}"
    return {
        "context": [row("context", id=where, label="harbour")],
        "episode": [
            row("episode", id=target, details=needle.text, summary=needle.text, metadata={"heard": needle.name}, **said),
            row("episode", id=other, details=decoy.text, summary=decoy.text, **said),
            row("episode", id=third, details="The loft in the harbour has two doors.", summary="The loft has doors.", **said),
        ],
        "fact": [
            row("fact", id=f"fact_a_{word}", episodeID=target, text=needle.text, subject=needle.name, predicate="keeps"),
            row("fact", id=f"fact_b_{word}", episodeID=target, text=needle.paraphrase, object=needle.number),
            row("fact", id=f"fact_c_{word}", episodeID=other, text=decoy.text),
            row("fact", id=f"fact_d_{word}", episodeID=other, text=decoy.paraphrase),
        ],
        "factLink": [
            row("factLink", srcFactID=f"fact_a_{word}", dstFactID=f"fact_b_{word}", linkType="refines"),
            row("factLink", srcFactID=f"fact_c_{word}", dstFactID=f"fact_d_{word}", linkType="refines"),
        ],
        "episodeLink": [
            row("episodeLink", srcEpisodeID=target, dstEpisodeID=other, linkType="related"),
            row("episodeLink", srcEpisodeID=other, dstEpisodeID=third, linkType="related"),
        ],
    }


def _graph(needle: Needle, word: str, target: str, other: str) -> dict[str, list[Row]]:
    def edge(name: str, source: str, to: str, *evidence: str) -> Row:
        ends = {"srcEntityID": f"{source}_{word}", "dstEntityID": f"{to}_{word}", "edgeType": "knows"}
        return row("edge", id=f"{name}_{word}", evidenceEpisodeIDs=list(evidence), **ends)

    return {
        "entity": [
            row("entity", id=f"ent_sole_{word}", canonicalName=needle.name, type="person", aliases=[needle.number]),
            row("entity", id=f"ent_shared_{word}", canonicalName="harbour", type="place", summary="Where the loft is."),
            row("entity", id=f"ent_other_{word}", canonicalName="lanterns", type="product", summary="Of brass."),
        ],
        "edge": [
            edge("edge_sole", "ent_sole", "ent_shared", target),
            edge("edge_shared", "ent_shared", "ent_other", target, other),
            edge("edge_decoy", "ent_other", "ent_shared", other),
        ],
        "resource": [
            row("resource", id=f"res_{word}", title="Inventory of the loft", uri=f"file:{word}", mimeType="text/plain")
        ],
        "chunk": [row("chunk", id=f"chunk_{word}", resourceID=f"res_{word}", text="Brass lanterns stand in the loft.")],
    }


def quoting(scene: Scene) -> dict[str, list[Row]]:
    """Rows that quote the target's text without being derived from it by any id (dossier D8)."""
    quote = f"Known from earlier. {scene.needle.text} Ask before using it."
    members = [scene.id("ent_sole"), scene.id("ent_shared")]
    return {
        "community": [row("community", id=scene.id("com"), label="harbour people", memberEntityIDs=members, summary=quote)],
        "core": [row("core", id=scene.id("core"), content=quote, charBudget=2000, version=1)],
        "procedure": [row("procedure", id=scene.id("proc"), name="lighting up", steps=["Go in.", scene.needle.text])],
        "preference": [row("preference", key=scene.id("pref"), value=quote)],
    }
