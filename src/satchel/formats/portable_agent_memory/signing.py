"""Signing and verifying an artifact's file (dossier 3.2, 4, 12.5); see ``formats.signing.Signer``."""

from __future__ import annotations

from pathlib import Path

from satchel.errors import MalformedInput, Place, UsageError
from satchel.formats.portable_agent_memory.checking import Report, check
from satchel.formats.portable_agent_memory.faults import Stage
from satchel.formats.portable_agent_memory.files import load, save
from satchel.formats.portable_agent_memory.hashing import signed_text
from satchel.formats.portable_agent_memory.sealing import resign
from satchel.formats.portable_agent_memory.signatures import key_id, read_signature, require_ed25519
from satchel.formats.signing import SignOptions, Step, Trust, Verdict, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.times import from_iso
from satchel.trust.signatures import ALGORITHMS, ED25519, PrivateKey
from satchel.trust.signatures import verify as holds

#: What each stage says when all is well, in the order that decides.
_STEPS: dict[Stage, str] = {
    "version": "versions 1.0",
    "sizes": "no component has too many entries",
    "schema": "every member that the profile asks for, of its type",
    "root": "the root hash is that of the artifact",
    "signature": "the signature holds, by a key that you trust",
    "entries": "every entry is what its id says",
    "provenance": "every parent is there, nothing derives from itself",
    "order": "episodic entries stand in the order of time",
}


def verify(path: Path, trust: Trust, limits: Limits = DEFAULT) -> Verification:
    """What the signature of the artifact at ``path`` is worth: everything else must hold too.

    Raises:
        InputError: it cannot be read as an artifact at all.
    """
    artifact = load(path, limits)
    report = check(artifact, limits, keys=list(trust.keys))
    code = report.verdict()
    verdict: Verdict = "verified" if report.signature == "valid" else "unsigned"
    if code:
        only_trust = (
            all(fault.stage == "signature" for fault in report.faults if fault.is_error())
            and sum(fault.is_error() for fault in report.faults) == 1
        )
        verdict = "untrusted" if report.signature == "untrusted" and only_trust else "invalid"
    return Verification(
        verdict=verdict,
        holds=verdict in ("verified", "untrusted"),
        key=report.key,
        name=trust.keys.get(report.key, "") if report.key is not None else "",
        algorithm=ED25519 if report.key is not None else "",
        key_id=key_id(report.key) if report.key is not None else report.key_id,
        exported=from_iso(artifact.envelope.get("created_at")) if report.sealed else None,
        steps=steps(report),
        findings=_untold(report, path.name),
        unproven=unproven(report),
    )


def sign(path: Path, key: PrivateKey, options: SignOptions, limits: Limits = DEFAULT) -> tuple[Finding, ...]:
    """Sign and seal the artifact at ``path``; its root hash is worked out anew. See ``formats.signing.Signer.sign``."""
    if options.did:
        raise UsageError("Portable Agent Memory has no place for a DID", hint="leave --did out")
    require_ed25519(key)
    path = path.resolve()
    artifact = load(path, limits)
    if not artifact.profile.writable:
        raise UsageError(f"an artifact in the {artifact.profile.name} profile is never signed", hint="import it")
    report = check(artifact, limits)
    # A signature that does not hold is about to go.
    faults = [
        fault for fault in report.faults if fault.is_error() and (fault.stage != "signature" or fault.detail == "DISCLOSURE")
    ]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise MalformedInput(f"the artifact is not valid ({faults[0].code}{more})", hint=f"satchel validate {path} tells why")
    told = []
    value = read_signature(artifact.signature)
    if artifact.signature and not (
        value is not None and holds(ALGORITHMS[ED25519], key.public, value, signed_text(artifact.root_hash))
    ):
        text = "the signature that another key made is gone: from now on it is you who vouches for every entry"
        told.append(Finding("signature-replaced", "warning", text, Place(file=path.name, pointer="/signature")))
    save(path, resign(artifact, key))
    return tuple(told)


def steps(report: Report) -> tuple[Step, ...]:
    """One step a stage, the first failing one being what decides; and the seal."""
    made = [Step("profile", "passed", report.profile, f"{report.profile}, {form(report)}")]
    for stage, holds_when in _STEPS.items():
        faults = [fault for fault in report.faults if fault.stage == stage]
        errors = [fault for fault in faults if fault.is_error()]
        if errors:
            made.append(Step(stage, "failed", errors[0].code, errors[0].finding().text))
        elif faults:
            made.append(Step(stage, "noticed", faults[0].code, faults[0].finding().text))
        elif stage == "signature" and report.signature != "valid":
            made.append(Step(stage, "skipped", "unchecked", "nobody's signature was asked for"))
        else:
            made.append(Step(stage, "passed", stage, holds_when + _rule(report, stage)))
    sealed = (
        "all of the envelope is as it was sealed" if report.sealed else "no seal: parts of the envelope are signed by nobody"
    )
    made.append(Step("seal", "passed" if report.sealed else "noticed", "seal", sealed))
    if report.disclosed_of:
        text = f"a part: {sum(report.counts.values()):,} of {report.disclosed_of:,} entries that were signed together"
        made.append(Step("disclosure", "noticed", "disclosed-part", text))
    return tuple(made)


def unproven(report: Report) -> tuple[str, ...]:
    """What a signature that holds does not prove, in sentences."""
    said = ["created_at and timestamps are the signer's word, and an older artifact verifies as well as the newest."]
    if report.unsigned:
        said.insert(0, "Nobody signed " + ", ".join(report.unsigned) + ": these can be changed without breaking anything.")
    if report.root_rule == "R-ids" and not report.sealed:
        said.append("The order of the entries, and which array an entry stands in, is not signed.")
    if report.disclosed_of:
        said.append("It is a part of what was signed: what was withheld may say otherwise.")
    return tuple(said)


def _untold(report: Report, file: str) -> tuple[Finding, ...]:
    """The faults that no step tells: all but the first of each stage, or the first error."""
    told = set()
    for stage in _STEPS:
        faults = [number for number, fault in enumerate(report.faults) if fault.stage == stage]
        told.add(next((number for number in faults if report.faults[number].is_error()), next(iter(faults), -1)))
    return tuple(fault.finding() for number, fault in enumerate(report.faults_in(file)) if number not in told)


def _rule(report: Report, stage: Stage) -> str:
    if stage == "root":
        return f" ({report.root_rule})"
    return f" (numbers: {report.numbers})" if stage == "entries" and report.numbers not in ("", "py") else ""


def form(report: Report) -> str:
    """The encoding, for people."""
    if report.encoding == "json":
        return "JSON"
    return "CBOR behind the magic" if report.has_magic else "CBOR without the magic"
