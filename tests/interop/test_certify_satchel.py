"""Satchel's own vault under the deletion probe."""

from __future__ import annotations

import sys

import pytest

from satchel.move.certify.runner import certify

COMMAND = [sys.executable, "-P", "-m", "satchel.move.certify_host"]
#: Cases that the vault does not pass; may only become less.
NOT_YET: set[str] = set()


def test_the_vault_fails_nowhere() -> None:
    found = certify(COMMAND, controls=False, seed="self")
    outcomes = {verdict.case: verdict.outcome for verdict in found.verdicts}
    assert {case for case, outcome in outcomes.items() if outcome == "fail"} == NOT_YET
    assert "inconclusive" not in outcomes.values()
    assert sum(outcome == "pass" for outcome in outcomes.values()) >= 95


@pytest.mark.slow
def test_the_vault_reaches_the_highest_level() -> None:
    """With the broken hosts in the same run, without which there is no badge."""
    found = certify(COMMAND, seed="self")
    assert (found.level, found.badge, list(found.missing)) == ("L3", True, [])
