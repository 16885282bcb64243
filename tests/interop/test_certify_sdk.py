"""The public Portable Memory SDK, certified: it fails where the dossier's section 11 says F, and passes where it says P."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from satchel.move.certify.cases import CASES
from satchel.move.certify.protocol import Timeouts
from satchel.move.certify.runner import certify
from satchel.move.certify.verdicts import Certificate

HOST = [sys.executable, str(Path(__file__).with_name("portable_memory_host.py"))]

#: The dossier's column "Ref": F, and "partial" or "applies silently", which are no pass either.
FAILS = [
    "C2",
    "C3",
    "C4",
    "C5",
    "D2",
    "D3",
    "D4",
    "D7",
    "D8",
    "E1",
    "E2",
    "E3",
    "E4",
    "E5",
    "E6",
    "E7",
    "E8",
    "F3",
    "G1",
    "G2",
    "G3",
    "G4",
    "G6",
    "H2",
    "H5",
    "I1",
    "I2",
    "I3",
    "I4",
    "I5",
    "J2",
    "J3",
    "J4",
    "K2",
    "K3",
]
#: P, and E9 ("refuse").
PASSES = ["A8", "B1", "B2", "B3", "B4", "B5", "C1", "D1", "D5", "D6", "E9", "F2", "G5", "H1", "H6", "L2", "L3", "M2", "M3"]
#: Where the dossier names no outcome and a host around the SDK can be asked: these say what running it shows.
SHOWN = {"A1": "pass", "D9": "pass", "H3": "pass", "J5": "pass", "K1": "pass"}
#: Section 8, as sections 6 and 10 of the dossier say: the importer checks neither byte counts nor bundleDigest nor the major
#: version; tombstones multiply; facts and edges are overwritten.
LEVEL_FAILS = ["L0-10", "L0-11", "L1-4", "L1-5"]


@pytest.fixture(scope="module")
def found() -> Certificate:
    # It hangs on a named pipe: no need to wait long for what does not come.
    return certify(HOST, controls=False, seed="tests", timeouts=Timeouts(hostile_s=3))


def test_it_fails_exactly_where_the_dossier_says(found: Certificate) -> None:
    outcomes = {verdict.case: verdict.outcome for verdict in found.verdicts}
    assert [case for case in FAILS if outcomes[case] != "fail"] == []
    assert [case for case in PASSES if outcomes[case] != "pass"] == []
    assert {case: outcomes[case] for case in SHOWN} == SHOWN
    rest = {case: outcome for case, outcome in outcomes.items() if "-" not in case}
    for case in (*FAILS, *PASSES, *SHOWN):
        del rest[case]
    # Routes and features that a library in memory does not have.
    assert set(rest.values()) == {"not-applicable"}


def test_levels_0_1_and_3(found: Certificate) -> None:
    asked = {verdict.case: verdict.outcome for verdict in found.verdicts if "-" in verdict.case}
    assert [case for case, outcome in asked.items() if outcome == "fail"] == LEVEL_FAILS
    assert [case for case, outcome in asked.items() if outcome == "inconclusive"] == []
    assert (found.level, found.badge) == ("", False)


def test_no_route_is_dark_and_every_case_was_met(found: Certificate) -> None:
    assert [verdict.case for verdict in found.verdicts] == list(CASES)
    assert [verdict.case for verdict in found.verdicts if verdict.inconclusive_routes] == []


def test_reasons_name_what_the_dossier_names(found: Certificate) -> None:
    reasons = {verdict.case: " / ".join(verdict.reasons) for verdict in found.verdicts}
    assert "preference" in reasons["C2"] and "category" in reasons["C2"]
    assert "after three imports there are 3 tombstones" in reasons["G1"]
    assert "not idempotent" in reasons["G6"] and "commutative" not in reasons["G6"]
    # The escaped spelling of the same id is refused; the look-alikes are not.
    assert "escaped" not in reasons["E2"] and "NFD" in reasons["E2"]
    # A signed bundle without its tombstones is noticed, an unsigned one is not.
    assert "an unsigned bundle" in reasons["I3"] and "a signed" not in reasons["I3"]
    # A literal match alone is deleted; the empty id is taken.
    assert reasons["K2"] == "a tombstone for an empty id was accepted"
    assert "a named pipe: the host did not answer" in reasons["J4"] and "symbolic link" not in reasons["J4"]
