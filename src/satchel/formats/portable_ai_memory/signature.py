"""The signature of a store, over its raw root members: the payload, the block, and the steps that look at them (dossier 4).

Nothing here reads a file; satchel.formats.portable_ai_memory.signing does. Codes of steps are stable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from satchel.codec import canonical
from satchel.errors import InputError
from satchel.formats.portable_ai_memory import moments
from satchel.formats.signing import Step
from satchel.model.times import to_rfc3339
from satchel.trust import signatures
from satchel.trust.did import did_key, did_key_url
from satchel.trust.multibase import KeyKind
from satchel.trust.public_keys import PublicKey, read_key
from satchel.trust.signatures import ALGORITHMS, PrivateKey

#: What a signature does not prove (dossier 4.7), for people.
UNPROVEN = (
    "It covers the memories, export_id, export_date and owner.id; not the relations, the conversation index, the conversation "
    "files, the embeddings or the attachments.",
    "It does not cover owner.did, export_type, base_export_id, since or exported_by: they can be changed without breaking it.",
    "It does not cover itself: anybody can take it off and sign with their own key. Only trust in a key tells whose it is.",
    "signed_at is the signer's word, and an older export of the same signer verifies as well as the newest.",
)

_NEEDED = ("algorithm", "public_key", "value", "signed_at")


class Checked(NamedTuple):
    """What the steps gave: whether the signature holds, with which key."""

    steps: list[Step]
    holds: bool
    key: PublicKey | None


def payload(checksum: str, export_id: str, export_date: str, owner_id: str) -> bytes:
    """The bytes that are signed: RFC 8785 of four members, the strings literally as they stand in the file (dossier 4.1).

    Raises:
        CanonicalError: a text that is no Unicode.
    """
    return canonical.encode({"checksum": checksum, "export_id": export_id, "export_date": export_date, "owner_id": owner_id})


def key_text(key: PublicKey) -> str:
    """``public_key`` as we write it: multibase for Ed25519, JWK for the others (dossier 4.3)."""
    return key.multibase if key.kind == "Ed25519" else canonical.encode(key.jwk).decode()


def make_block(key: PrivateKey, data: bytes, signed_at: datetime, key_id: str = "") -> dict[str, str]:
    """The signature block over payload ``data`` (dossier 1.14). Raises KeyStoreError."""
    block = {
        "algorithm": key.algorithm,
        "public_key": key_text(key.public),
        "value": signatures.encode_value(key.sign(data)),
        "signed_at": to_rfc3339(signed_at),
    }
    return {**block, "key_id": key_id} if key_id else block


def own_did(key: PublicKey) -> tuple[str, str]:
    """The did:key of a signing key and the DID URL of its verification method: ``owner.did`` and ``key_id``."""
    return did_key(key), did_key_url(key)


def check(root: Mapping[str, Any]) -> Checked:
    """Everything that the root members tell of their signature: conditions, payload, value, key, signature.

    The checksum is taken as declared: whether it is that of the memories is another step. A later step is skipped where an
    earlier one leaves nothing to look at.
    """
    block = root.get("signature")
    steps = [*_block_steps(block), *_condition_steps(root)]
    data = _payload_of(root)
    if data is None:
        steps.append(Step("payload", "failed", "payload-incomplete", "a member that is signed is missing or no text"))
    else:
        steps.append(Step("payload", "passed", "payload", "checksum, export_id, export_date and owner.id"))
    if type(block) is not dict:
        return Checked(steps, False, None)
    algorithm = ALGORITHMS.get(_text(block, "algorithm"))
    if algorithm is None:
        steps.append(Step("algorithm", "failed", "algorithm-unknown", "the algorithm is none of the format's six"))
    value = _value_of(block, steps)
    key = _key_of(block, algorithm.kind if algorithm else None, steps)
    holds = False
    if algorithm is None or key is None or value is None or data is None:
        steps.append(Step("signature", "skipped", "signature-unchecked", "there was nothing to verify with"))
    elif fault := signatures.misfit(algorithm, key):
        steps.append(Step("signature", "failed", "key-misfit", fault))
    elif signatures.verify(algorithm, key, value, data):
        holds = True
        steps.append(Step("signature", "passed", "signature", f"{algorithm.name}, by the key {key.fingerprint}"))
    else:
        steps.append(Step("signature", "failed", "signature-invalid", "it is not this key's signature over this store"))
    holds = holds and not any(step.outcome == "failed" for step in steps)
    return Checked(steps, holds, key)


def _block_steps(block: Any) -> list[Step]:
    """What the block itself lacks (dossier 1.14, PAM-142); what a later minor version may add breaks nothing."""
    fault = ""
    if type(block) is not dict:
        fault = "the signature is no object"
    elif missing := [name for name in _NEEDED if not _text(block, name)]:
        fault = "it lacks " + ", ".join(missing)
    elif moment(block, "signed_at") is None:
        fault = "signed_at is no date-time"
    elif type(block.get("key_id")) not in (str, type(None)):
        fault = "key_id is no text"
    return [Step("block", "failed", "signature-malformed", fault)] if fault else []


def _condition_steps(root: Mapping[str, Any]) -> list[Step]:
    """C-3, C-4 and X-19 of dossier 1.15 and 1.16, which come before all else (dossier 4.5)."""
    steps = [
        Step("conditions", "failed", f"{name.replace('_', '-')}-missing", f"C-3: a signed store needs {name}")
        for name in ("export_id", "export_date")
        if not _text(root, name)
    ]
    if not _text(_object(root, "integrity"), "checksum"):
        steps.append(Step("conditions", "failed", "integrity-missing", "C-4: a signed store needs integrity.checksum"))
    signed, exported = moment(_object(root, "signature"), "signed_at"), moment(root, "export_date")
    if signed is not None and exported is not None and signed < exported:
        steps.append(Step("conditions", "failed", "signed-early", "X-19: signed_at is before export_date"))
    return steps or [Step("conditions", "passed", "conditions", "C-3, C-4, X-19")]


def _payload_of(root: Mapping[str, Any]) -> bytes | None:
    checksum, owner_id = _text(_object(root, "integrity"), "checksum"), _text(_object(root, "owner"), "id")
    export_id, export_date = _text(root, "export_id"), _text(root, "export_date")
    if not (checksum and export_id and export_date and owner_id):
        return None
    return payload(checksum, export_id, export_date, owner_id)


def _value_of(block: dict[str, Any], steps: list[Step]) -> bytes | None:
    try:
        value = signatures.decode_value(_text(block, "value"))
    except InputError as error:
        steps.append(Step("value", "failed", "value-unreadable", error.message))
        return None
    steps.append(Step("value", "passed", "value", f"{len(value)} bytes"))
    return value


def _key_of(block: dict[str, Any], kind: KeyKind | None, steps: list[Step]) -> PublicKey | None:
    # Bytes without a type are an Ed25519 key or none (dossier 4.3).
    algorithm = "Ed25519" if kind in (None, "Ed25519") else _text(block, "algorithm")
    try:
        key = read_key(_text(block, "public_key"), algorithm)
    except InputError as error:
        steps.append(Step("key", "failed", "key-unreadable", error.message))
        return None
    steps.append(Step("key", "passed", "key", f"{key.kind}, {key.fingerprint}"))
    return key


def moment(value: Mapping[str, Any], name: str) -> int | None:
    """The instant of a member that is a time, in microseconds since 1970; None where it is none."""
    found = moments.read(_text(value, name))
    return found.instant if found is not None else None


def _text(value: Mapping[str, Any], name: str) -> str:
    member = value.get(name)
    return member if type(member) is str else ""


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if type(member) is dict else {}
