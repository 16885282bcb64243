"""Hosts for tests: the reference host and its kin as commands, and hosts that break the protocol."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from satchel.move.certify.protocol import Timeouts
from satchel.move.certify.runner import certify
from satchel.move.certify.verdicts import Verdict

REFERENCE = [sys.executable, "-m", "satchel.move.certify.reference_host"]
#: For hosts that hang, and for hosts that do not, on a busy machine.
QUICK = Timeouts(start_s=20, request_s=0.5, close_s=1)
PATIENT = Timeouts(start_s=30, request_s=30, close_s=1)

GREETING = (
    '{"id":1,"result":{"protocol":1,"name":"odd","version":"1","kinds":["episode"],'
    '"routes":[{"name":"text","type":"lexical"}],"features":[]}}'
)


def script(code: str, *, greets: bool = True) -> list[str]:
    """A host of a few lines; ``say(line)`` writes one, ``hear()`` reads a request."""
    head = "import sys, time, os, json\nhear = sys.stdin.readline\ndef say(line): print(line, flush=True)\n"
    if greets:
        head += f"hear(); say({GREETING!r})\n"
    return [sys.executable, "-c", head + code]


def judged(command: Sequence[str], *cases: str, timeouts: Timeouts | None = None) -> dict[str, Verdict]:
    """The verdicts on a host, by case; without controls."""
    found = certify(command, only=cases, controls=False, seed="tests", timeouts=timeouts)
    return {verdict.case: verdict for verdict in found.verdicts}


def outcomes(command: Sequence[str], cases: Collection[str]) -> dict[str, str]:
    return {case: verdict.outcome for case, verdict in judged(command, *cases).items()}
