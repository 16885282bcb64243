"""The rows of the checklist (dossier 11) that no test names: who holds them, or why nobody can.

Every other row is named by a test: ``@pytest.mark.row("ENT-01")``, or a case of ``test_checklist.CASES``.
"""

from __future__ import annotations


def _each(reason: str, prefix: str, *numbers: int) -> dict[str, str]:
    return {f"{prefix}-{number:02}": reason for number in numbers}


_REDACTION = "held by the tests of trust/redaction"
_RECALL = "re-hydration: an issue of its own"
_HTTP = "the HTTP and MCP doors: issues of their own"
_METRICS = "the fidelity metrics: an issue of their own"

#: Rows of parts that are built elsewhere.
HELD_BY: dict[str, str] = {
    "GEN-05": _RECALL,
    "GEN-06": _METRICS,
    **_each(_REDACTION, "RED", *range(1, 9)),
    **_each(_RECALL, "RHY", *range(3, 10)),
    **_each(_RECALL, "FRM", *range(1, 7)),
    **_each(_RECALL, "IDN", 5, 6, 7),
    **_each(_RECALL, "WRK", 7, 8),
    **_each(_RECALL, "SEC", 5, 6),
    **_each(_HTTP, "HTT", 1, 2, 3, 4),
    **_each(_HTTP, "MCP", 1, 2, 3),
    **_each(_HTTP, "WSK", 1),
    **_each(_HTTP, "SEC", 9, 10, 11),
    **_each(_METRICS, "MET", *range(1, 6)),
    "FIL-03": "reading both is held by test_conformance.py; which encoding is written is the writer's, by the name of the file",
    "VER-03": "defaults for what is missing are the record's: held by the tests of the lens; they never enter a hash",
    "VER-06": "held by the tests of migration",
    "VER-07": _HTTP,
    "SEC-12": "the vault's audit log, whose events the doors add: issues of their own",
    "SEC-13": "held by the vault's tests: its audit log is a chain of hashes",
}

#: Rows that no test can hold, and why.
UNTESTED: dict[str, str] = {
    "IDN-04": "that policies are an array in order is a case; whether the source agent adheres to them no file shows",
    "SEC-07": "artifacts leave in the clear, which the guide says; the vault encrypts every page (docs/security.md)",
    "SEC-08": "a process of whoever runs a key service",
    "SEC-14": "the vault keeps its audit log for as long as it lives; nothing in Satchel shortens it",
}
