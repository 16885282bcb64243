"""Who signed an artifact: its signature, Satchel's seal, and the signature of the whole that a disclosed part vouches with.

A seal names its key, so a signature by a key that nobody knows yet can still be told from one that does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.disclosure import DISCLOSURE, Witness, witness_fault, witness_of
from satchel.formats.portable_agent_memory.faults import Fault
from satchel.formats.portable_agent_memory.hashing import signed_text
from satchel.formats.portable_agent_memory.profiles import BROWSER
from satchel.formats.portable_agent_memory.signatures import (
    KEY_ID,
    SEAL,
    is_own_form,
    key_id,
    read_signature,
    seal_of,
    seal_text,
    sealed_fields,
)
from satchel.trust.public_keys import PublicKey, ed25519
from satchel.trust.signatures import ALGORITHMS, ED25519, verify

#: ``valid``: by a key that was given. ``untrusted``: it holds, by the key that the seal names, which was not given.
#: ``invalid``: by no key at hand. ``unchecked``: there was no key to try.
SignatureState = Literal["none", "valid", "untrusted", "invalid", "unchecked"]

#: How many keys are tried where the hint names none of them.
_MOST_KEYS = 256
_SEAL_MEMBERS = {"alg", "key_id", "public_key", "signed_fields", "sig"}


class Signed(msgspec.Struct, frozen=True):
    """``key`` made the signature. ``sealed``: the seal holds. ``whole``: the ids of the signed artifact that this is a part of,
    where its witness holds; ``by_witness``: the signature is that of the whole."""

    state: SignatureState = "none"
    key: PublicKey | None = None
    sealed: bool = False
    whole: frozenset[str] = frozenset()
    by_witness: bool = False


def signed(artifact: Artifact, keys: Sequence[PublicKey] | None, found: list[Fault]) -> Signed:
    """What the signatures of an artifact are worth; their faults are added to ``found``.

    Args:
        keys: whose signatures count; None where nobody's is asked for.
    """
    if artifact.profile is BROWSER:
        return Signed()
    witness = None if artifact.profile.nested else _witness(artifact, found)
    part = Signed() if witness is None else _of_whole(witness, keys, found)
    seal, raw = seal_of(artifact), artifact.envelope.get("signature", "")
    if raw == "":
        if seal is not None:
            found.append(_wrong("there is a seal and no signature"))
        elif witness is None:
            found.append(_wrong("nobody signed it", severity="warning"))
        return part
    value = read_signature(raw) if type(raw) is str else None
    if value is None:
        found.append(_wrong("no Ed25519 signature in any spelling"))
        return msgspec.structs.replace(part, state="invalid", key=None, by_witness=False)
    if not is_own_form(raw, artifact.profile.signature):
        found.append(_wrong("it is spelled as another profile spells it", severity="warning", strict=True))
    named = _seal_key(seal, found)
    state, key = _by(artifact.root_hash, value, artifact.metadata.get(KEY_ID), keys)
    if key is None and named is not None and _holds(named, value, artifact.root_hash):
        state, key = "untrusted", named
    if state == "invalid":
        found.append(_wrong("no trusted key made this signature"))
    elif state == "untrusted" and keys is not None:
        found.append(_wrong("it holds, but nobody whom you trust vouches for its key"))
    elif named is not None and key != named:
        found.append(_wrong("the signature and the seal are not by the same key"))
    sealed = named is not None and _is_sealed(artifact, seal, named, found)
    return Signed(state, key, sealed, part.whole)


def _by(root: str, value: bytes, hint: Any, keys: Sequence[PublicKey] | None) -> tuple[SignatureState, PublicKey | None]:
    """The key that signed, those that the hint names first. The hint is unsigned: it proves nothing."""
    fitting = [key for key in keys or () if key.kind == "Ed25519"]
    if len(fitting) > _MOST_KEYS:
        fitting = [key for key in fitting if key_id(key) == hint] or fitting[:_MOST_KEYS]
    elif len(fitting) > 1:
        fitting.sort(key=lambda key: key_id(key) != hint)
    for key in fitting:
        if _holds(key, value, root):
            return "valid", key
    return ("unchecked" if keys is None else "invalid"), None


def _holds(key: PublicKey, value: bytes, root: str) -> bool:
    return verify(ALGORITHMS[ED25519], key, value, signed_text(root))


def _seal_key(seal: Any, found: list[Fault]) -> PublicKey | None:
    """The key that a seal names; a fault where it is none."""
    if seal is None:
        return None
    if type(seal) is dict and seal.keys() == _SEAL_MEMBERS and seal["alg"] == "ed25519" and type(seal["public_key"]) is str:
        try:
            key = ed25519(bytes.fromhex(seal["public_key"]))
            if key.data.hex() == seal["public_key"] and seal["key_id"] == key_id(key):
                return key
        except (ValueError, InputError):
            pass
    found.append(_wrong("the seal is none, or names no key", pointer=f"/metadata/{SEAL}", detail="SEAL"))
    return None


def _is_sealed(artifact: Artifact, seal: Any, named: PublicKey, found: list[Fault]) -> bool:
    try:
        value = read_signature(seal["sig"]) if type(seal["sig"]) is str and is_own_form(seal["sig"], "hex") else None
        fits = seal["signed_fields"] == sealed_fields(artifact.envelope)
        if fits and value is not None and verify(ALGORITHMS[ED25519], named, value, seal_text(artifact.envelope)):
            return True
    except CanonicalError:
        pass
    text = "the envelope is not what was sealed: something was changed, if only beside the entries"
    found.append(_wrong(text, pointer=f"/metadata/{SEAL}", detail="SEAL"))
    return False


def _witness(artifact: Artifact, found: list[Fault]) -> Witness | None:
    """The witness that this is a part of what was signed, where it carries one that fits."""
    if DISCLOSURE not in artifact.metadata:
        return None
    witness = witness_of(artifact)
    fault = "the witness of the whole cannot be read" if witness is None else witness_fault(artifact, witness)
    if fault:
        found.append(_wrong(fault, pointer=f"/metadata/{DISCLOSURE}", detail="DISCLOSURE"))
        return None
    return witness


def _of_whole(witness: Witness, keys: Sequence[PublicKey] | None, found: list[Fault]) -> Signed:
    """What the signature of the whole is worth, and with it the whole's ids."""
    value = read_signature(witness.original_signature)
    if value is None:
        found.append(_wrong("nobody signed the whole", severity="warning", detail="DISCLOSURE"))
        return Signed()
    state, key = _by(witness.original_root, value, witness.key_id, keys)
    if state == "invalid":
        found.append(_wrong("no trusted key signed the whole", pointer=f"/metadata/{DISCLOSURE}", detail="DISCLOSURE"))
        return Signed(state)
    return Signed(state, key, whole=frozenset(witness.all_ids), by_witness=True)


def _wrong(text: str, *, pointer: str = "/signature", **told: Any) -> Fault:
    return Fault("signature", "PAM_INVALID_SIGNATURE", text, Place(pointer=pointer), **told)
