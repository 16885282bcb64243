"""What a certification says: a verdict a case, the level reached, the badge (dossier section 11, its last paragraph)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from satchel.move.certify.protocol import Route

Outcome = Literal["pass", "fail", "inconclusive", "not-applicable"]
Level = Literal["", "L0", "L1", "L2", "L3"]

#: The families that the badge asks for. L is residue: L1 to L3 count, L4 is declared and not driven. I is reported.
BADGE_FAMILIES = "ABCDEFGHJKLM"
#: A host without these could pass by having nothing to test.
NEEDED = ("A1", "A8", "B2", "L2")


class Verdict(msgspec.Struct, frozen=True, omit_defaults=False):
    """One case's outcome. ``reasons`` says what failed or could not be told; ``notes`` what a reader should know besides."""

    case: str
    family: str
    title: str
    outcome: Outcome
    reasons: list[str]
    notes: list[str]
    #: Names of routes that gave nothing even before the deletion.
    inconclusive_routes: list[str]
    seconds: float


class Control(msgspec.Struct, frozen=True):
    """A deliberately broken host, and whether the harness noticed."""

    mutant: str
    family: str
    what: str
    caught: bool
    #: The cases that failed on it.
    by: list[str]


class Certificate(msgspec.Struct, frozen=True):
    """The whole outcome of a run."""

    host: str
    version: str
    kinds: list[str]
    routes: list[Route]
    features: list[str]
    seed: str
    partial: bool
    verdicts: list[Verdict]
    controls: list[Control]
    level: Level
    badge: bool
    #: Why there is no badge; empty where there is one.
    missing: list[str]
    #: SHA-256 of each bundle that the harness made, by case and number.
    bundles: dict[str, str]


def level_of(verdicts: Sequence[Verdict], badge: bool, *, partial: bool) -> Level:
    """The highest level of which, and of all below, nothing applicable failed; a level of which nothing could be run is not
    reached. L2 is the badge; L3 asks for the I family too."""

    def held(family: str) -> bool:
        outcomes = [verdict.outcome for verdict in verdicts if verdict.family == family]
        return "pass" in outcomes and not {"fail", "inconclusive"} & set(outcomes)

    if partial or not held("L0-"):
        return ""
    if not held("L1-"):
        return "L0"
    if not badge:
        return "L1"
    return "L3" if held("L3-") and held("I") else "L2"


def missing(verdicts: Sequence[Verdict], controls: Sequence[Control], families: Iterable[str]) -> list[str]:
    """What stands between a host and the badge.

    Args:
        families: those of which a broken host must have been caught in this run.
    """
    judged = [verdict for verdict in verdicts if verdict.family in BADGE_FAMILIES]
    found = [f"{verdict.case} {verdict.outcome}" for verdict in judged if verdict.outcome in ("fail", "inconclusive")]
    passed = {verdict.case for verdict in judged if verdict.outcome == "pass"}
    unasked = {verdict.case for verdict in judged if verdict.outcome == "not-applicable"}
    found += [f"{needed} must be run" for needed in NEEDED if needed not in passed and needed in unasked]
    routes = sorted({route for verdict in verdicts for route in verdict.inconclusive_routes})
    found += [f"route {route} inconclusive" for route in routes]
    found += [f"control {control.mutant} not caught" for control in controls if not control.caught]
    caught = {control.family for control in controls if control.caught}
    lacking = [family for family in families if family not in caught]
    if lacking:
        found.append("no broken host caught in families " + ", ".join(lacking))
    return list(dict.fromkeys(found))
