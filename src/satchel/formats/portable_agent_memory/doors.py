"""Who is let in: what the checks of an artifact mean for the vault that is to take it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from satchel.errors import MalformedInput, Place
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import Report, check
from satchel.formats.portable_agent_memory.faults import STAGES, Fault
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.record import Trust
from satchel.trust.public_keys import read_typed_key


class Vouched(NamedTuple):
    """What an admitted artifact is worth. ``key``: the public key whose signature on it holds, "" without one; ``is_sealed``:
    a trusted key signed all of the envelope, not the root hash alone."""

    trust: Trust
    key: str
    is_sealed: bool
    findings: tuple[Finding, ...]


def admitted(
    artifact: Artifact, trusted: frozenset[str], limits: Limits, name: str, *, accept_invalid_signature: bool
) -> Vouched:
    """Check an artifact; refuse it, or say what it is worth.

    With trusted keys a signature must be by one of them, or by the key that the artifact's seal names. Without any, nobody
    can tell a signature that does not hold from one whose key is not known: it is told, and vouches for nothing.

    Raises:
        MalformedInput: it is at fault; the message begins with the protocol's error code.
    """
    keys = [key for key in map(read_typed_key, sorted(trusted)) if key.kind == "Ed25519"]
    report = check(artifact, limits, keys=keys or None)
    errors = [fault for fault in report.faults if fault.is_error() and not _is_excused(fault, report, accept_invalid_signature)]
    if errors:
        first = min(errors, key=lambda fault: STAGES.index(fault.stage))
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        detail = f"{first.detail}: " if first.detail else ""
        hint = "satchel validate tells all of it"
        if first.stage == "signature" and not first.detail:
            hint = "satchel keys trust takes the signer's key; --accept-invalid-signature takes it as if it were not signed"
        place = msgspec.structs.replace(first.place, file=name)
        raise MalformedInput(f"{first.code}: {detail}{first.text}{more}", place=place, hint=hint)
    holds = report.signature in ("valid", "untrusted")
    is_vouched = report.signature == "valid"
    return Vouched(
        trust="verified" if is_vouched else "imported",
        key=report.key.text if holds and report.key is not None else "",
        is_sealed=is_vouched and report.sealed,
        findings=tuple(_findings(report, name)),
    )


def _is_excused(fault: Fault, report: Report, accept_invalid_signature: bool) -> bool:
    if fault.stage != "signature":
        return False
    # It holds, only that nobody here vouches for its key: such an artifact is imported, as in the other formats.
    return accept_invalid_signature or (report.signature == "untrusted" and not fault.detail)


def _findings(report: Report, name: str) -> list[Finding]:
    told = []
    for fault in report.faults:
        found = fault.finding()
        severity = "warning" if found.severity == "error" else found.severity
        place = msgspec.structs.replace(found.place, file=name)
        told.append(msgspec.structs.replace(found, severity=severity, place=place))
    if report.signature == "unchecked":
        text = "it is signed, and no key is trusted that could tell by whom (satchel keys trust, then import it again)"
        told.append(Finding("signature-unchecked", "warning", text, Place(name, pointer="/signature")))
    return told
