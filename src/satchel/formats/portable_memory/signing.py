"""Signing a bundle that is there already, and saying who signed one (dossier 5)."""

from __future__ import annotations

from pathlib import Path

from satchel.errors import InputError, MalformedInput
from satchel.formats.portable_memory.bundle import MANIFEST, SIGNATURE, Bundle
from satchel.formats.portable_memory.validation import validate
from satchel.formats.signing import Trust, Verdict, Verification
from satchel.limits import DEFAULT, Limits
from satchel.trust import tokens
from satchel.trust.files import write_private
from satchel.trust.public_keys import PublicKey, ed25519
from satchel.trust.secrets import Secret


def sign(path: Path, key: Secret, limits: Limits = DEFAULT) -> str:
    """Sign the bundle's manifest; returns the public key. A signature that is there is replaced.

    Raises:
        MalformedInput: the bundle is not valid: a signature would vouch for what is broken.
        InputError, OutputError: it cannot be read or written.
    """
    # The signature that is there is about to go.
    faults = [
        finding for finding in validate(path, limits) if finding.severity == "error" and finding.code != "signature-invalid"
    ]
    if faults:
        raise MalformedInput(
            f"the bundle is not valid ({faults[0].code} and {len(faults) - 1} more)"
            if len(faults) > 1
            else f"the bundle is not valid ({faults[0].code})",
            hint=f"satchel validate {path} tells why",
        )
    with Bundle(path, limits) as bundle:
        token = tokens.sign(key, bundle.read(MANIFEST))
    write_private(path / SIGNATURE, token.encode() + b"\n")
    return tokens.public_key(key)


def verify(path: Path, trust: Trust, limits: Limits = DEFAULT) -> Verification:
    """What the bundle's signatures and bytes are worth; see ``formats.signing.Signer.verify``. Ed25519 keys alone count."""
    names = {key.text: name for key, name in trust.keys.items() if key.kind == "Ed25519"}
    findings = tuple(validate(path, limits, trusted=frozenset(names)))
    text = signer(path, limits)
    key = _key(text)
    codes = {finding.code for finding in findings if finding.severity == "error"}
    verdict: Verdict = "invalid"
    if "signature-missing" in codes:
        verdict = "unsigned"
    elif key is not None and codes <= {"signature-untrusted"}:
        verdict = "untrusted" if codes else "verified"
    return Verification(
        verdict=verdict,
        holds=verdict in ("verified", "untrusted"),
        key=key,
        name=names.get(text, ""),
        algorithm="Ed25519" if key is not None else "",
        findings=findings,
    )


def _key(text: str) -> PublicKey | None:
    try:
        return ed25519(bytes.fromhex(text)) if text else None
    except InputError:
        return None


def signer(path: Path, limits: Limits = DEFAULT) -> str:
    """The public key that the bundle's signature names, whatever it is worth; "" where there is none."""
    try:
        with Bundle(path, limits) as bundle:
            return tokens.verify(bundle.read(SIGNATURE), bundle.read(MANIFEST))[1]
    except InputError:
        return ""
