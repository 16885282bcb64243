"""Signatures of artifacts as text, the ids of their keys, and Satchel's seal over the whole envelope (dossier 4, 12.5).

The protocol signs the root hash alone: agent, times, tokens, metadata and versions can be changed under it. The seal is a
second signature, in ``metadata`` where other readers leave it alone, over the canonical JSON of the envelope without
``signature`` and without the seal. Its numbers are ECMAScript's, so that a tool which writes 1.0 as 1 breaks nothing.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from blake3 import blake3

from satchel.errors import UsageError
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.hashing import digest
from satchel.formats.portable_agent_memory.profiles import SignatureForm
from satchel.trust.public_keys import PublicKey
from satchel.trust.signatures import ED25519, PrivateKey

KEY_ID = "pam_key_id"
SEAL = "pam_seal"
#: Before every text that a seal signs: none of it can be taken for a root hash or a token.
SEAL_DOMAIN = b"portable-agent-memory envelope seal v1\n"

_HEX = re.compile(r"[0-9a-f]{128}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{86}==")
_FORMS: dict[SignatureForm, re.Pattern[str]] = {
    "hex": _HEX,
    "prefixed-hex": re.compile(r"ed25519:[0-9a-f]{128}"),
    "prefixed-base64": re.compile(r"ed25519:[A-Za-z0-9+/]{86}=="),
}


def key_id(key: PublicKey) -> str:
    """``k:`` and the first 16 hexadecimal digits of BLAKE3 of the public key: a hint which key to try, never a proof."""
    return "k:" + blake3(key.data).hexdigest()[:16]


def spelled(value: bytes, form: SignatureForm) -> str:
    """A signature as a profile spells it."""
    if form == "prefixed-base64":
        return "ed25519:" + base64.b64encode(value).decode()
    return ("ed25519:" if form == "prefixed-hex" else "") + value.hex()


def read_signature(text: str) -> bytes | None:
    """The 64 bytes of a signature in any profile's spelling; None for all else (upper case, white space, other lengths)."""
    bare = text.removeprefix("ed25519:")
    if _HEX.fullmatch(bare):
        return bytes.fromhex(bare)
    if _BASE64.fullmatch(bare):
        value = base64.b64decode(bare)
        # The last digit has four bits that say nothing; another text for the same bytes is refused.
        return value if base64.b64encode(value).decode() == bare else None
    return None


def is_own_form(text: str, form: SignatureForm) -> bool:
    """Whether a signature is spelled as the profile asks."""
    pattern = _FORMS.get(form)
    return pattern is not None and pattern.fullmatch(text) is not None


def require_ed25519(key: PrivateKey) -> PrivateKey:
    """``key``. Raises UsageError where it is of another algorithm."""
    if key.algorithm != ED25519:
        raise UsageError(
            f"Portable Agent Memory is signed with Ed25519 keys alone, not {key.algorithm}", hint="satchel keys create NAME"
        )
    return key


def sealed_fields(envelope: dict[str, Any]) -> list[str]:
    """The members of an envelope that a seal covers: all but the signature, which may be replaced."""
    return sorted({*envelope, "metadata"} - {"signature"})


def seal_text(envelope: dict[str, Any]) -> bytes:
    """What a seal is over. Raises CanonicalError."""
    covered = {name: value for name, value in envelope.items() if name != "signature"}
    metadata = covered.get("metadata")
    covered["metadata"] = {name: value for name, value in metadata.items() if name != SEAL} if type(metadata) is dict else {}
    return SEAL_DOMAIN + b"blake3:" + digest(covered, "pam-es6").encode()


def make_seal(envelope: dict[str, Any], key: PrivateKey) -> dict[str, Any]:
    """The seal of an envelope that is otherwise finished. Raises CanonicalError, KeyStoreError."""
    public = key.public
    return {
        "alg": "ed25519",
        "key_id": key_id(public),
        "public_key": public.data.hex(),
        "signed_fields": sealed_fields(envelope),
        "sig": key.sign(seal_text(envelope)).hex(),
    }


def seal_of(artifact: Artifact) -> Any:
    """The seal as it stands; None where there is none."""
    return artifact.metadata.get(SEAL)
