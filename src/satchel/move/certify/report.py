"""A certificate as text, JSON and JUnit XML."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from satchel.move.certify.verdicts import Certificate, Verdict

#: The version of the JSON report's shape.
SHAPE = 1
#: What XML 1.0 cannot hold, however it is escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(certificate: Certificate) -> bytes:
    """The whole certificate as one JSON document: ``{"shape": 1, "tool": "satchel certify", ...}`` (docs/certify.md)."""
    whole: dict[str, Any] = {"shape": SHAPE, "tool": "satchel certify", **msgspec.to_builtins(certificate)}
    whole["counts"] = dict(sorted(Counter(verdict.outcome for verdict in certificate.verdicts).items()))
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def as_junit(certificate: Certificate) -> bytes:
    """JUnit XML: a suite of the cases and one of the controls. Inconclusive cases are errors, those not applicable skipped."""
    cases = [_testcase(f"satchel.certify.{found.family.rstrip('-')}", found) for found in certificate.verdicts]
    controls = [
        _element(
            "satchel.certify.controls",
            control.mutant,
            0.0,
            "" if control.caught else _child("failure", [f"not caught: {control.what}"]),
        )
        for control in certificate.controls
    ]
    outcomes = Counter(verdict.outcome for verdict in certificate.verdicts)
    missed = sum(not control.caught for control in certificate.controls)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    parts = [
        head,
        f"<testsuites name={_attribute(f'{certificate.host} {certificate.version}')}>",
        f'<testsuite name="cases" tests="{len(cases)}" failures="{outcomes["fail"]}" errors="{outcomes["inconclusive"]}"'
        f' skipped="{outcomes["not-applicable"]}">',
        *cases,
        "</testsuite>",
        f'<testsuite name="controls" tests="{len(controls)}" failures="{missed}" errors="0" skipped="0">',
        *controls,
        "</testsuite>",
        "</testsuites>",
    ]
    return ("\n".join(parts) + "\n").encode()


def _testcase(suite: str, found: Verdict) -> str:
    inner = {
        "pass": "",
        "fail": _child("failure", found.reasons),
        "inconclusive": _child("error", found.reasons),
        "not-applicable": _child("skipped", found.reasons),
    }[found.outcome]
    return _element(suite, f"{found.case} {found.title}", found.seconds, inner)


def _element(suite: str, name: str, seconds: float, inner: str) -> str:
    head = f'<testcase classname={_attribute(suite)} name={_attribute(name)} time="{seconds:.3f}"'
    return f"{head}>{inner}</testcase>" if inner else f"{head}/>"


def _child(tag: str, reasons: list[str]) -> str:
    first = reasons[0] if reasons else ""
    return f"<{tag} message={_attribute(first)}>{escape(_clean(chr(10).join(reasons)))}</{tag}>"


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def summary(certificate: Certificate) -> list[str]:
    """The outcome in a few lines for people; what the host said of itself is in it, so a terminal must clean them."""
    counts = Counter(verdict.outcome for verdict in certificate.verdicts)
    lines = [
        f"{certificate.host} {certificate.version}: {counts['pass']} passed, {counts['fail']} failed, "
        f"{counts['inconclusive']} inconclusive, {counts['not-applicable']} not applicable"
    ]
    if certificate.controls:
        caught = sum(control.caught for control in certificate.controls)
        lines.append(f"Controls: {caught} of {len(certificate.controls)} broken hosts caught.")
    if not certificate.partial:
        lines.append(f"Level reached: {certificate.level or 'none'}.")
    if certificate.badge:
        lines.append("Badge: reached.")
    else:
        shown = certificate.missing[:8]
        more = f", and {len(certificate.missing) - 8} more" if len(certificate.missing) > 8 else ""
        lines.append("Badge: not reached: " + ", ".join(shown) + more + ".")
    return lines
