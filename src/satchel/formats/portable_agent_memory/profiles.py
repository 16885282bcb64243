"""The shapes that artifacts come in, mutually unreadable, each by name (dossier 0, 2.4).

    sdk-0.1      arrays at the top level, ids over the SDK's own form of an entry, root over the sorted ids; what there is
    spec-1.0     arrays under ``components``, ids over the entry as it stands, root over ``components``
    schema-1.0   as spec-1.0, with bare hexadecimal ids and base64 signatures (the published JSON Schemas)
    browser      the browser extension's: SHA-256, never signed; read only

A profile is decided from structure alone, before any cryptography, and an artifact is verified under exactly that one.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from satchel.codec.canonical import Dialect
from satchel.errors import UsageError

Component = Literal["episodic", "semantic", "procedural", "working", "identity"]

COMPONENTS: tuple[Component, ...] = ("episodic", "semantic", "procedural", "working", "identity")
#: How many entries a component may have (dossier 1.8); more is PAM_ARTIFACT_OVERSIZED.
MOST_ENTRIES: dict[Component, int] = {
    "episodic": 100_000,
    "semantic": 50_000,
    "procedural": 10_000,
    "working": 1_000,
    "identity": 100,
}
PAM_VERSION = "1.0"
SCHEMA_VERSION = "1.0"

#: What the root hash is over: the sorted entry ids, the ``components`` object, or the ids as the browser extension joins them.
RootRule = Literal["ids", "components", "browser"]
#: How a signature is spelled: 128 hexadecimal digits, these behind ``ed25519:``, base64 behind ``ed25519:``, or never there.
SignatureForm = Literal["hex", "prefixed-hex", "prefixed-base64", "none"]


class Profile(msgspec.Struct, frozen=True):
    """One shape. ``nested``: the arrays stand under ``components``. ``version_member``: an entry's word for its version."""

    name: str
    dialect: Dialect
    id_prefix: str
    root: RootRule
    signature: SignatureForm
    nested: bool
    version_member: str
    writable: bool = True

    @property
    def root_prefix(self) -> str:
        """What stands before the hexadecimal digits of the root hash."""
        return "sha256:" if self.root == "browser" else "blake3:"


SDK = Profile("sdk-0.1", "pam-ascii", "blake3:", "ids", "hex", nested=False, version_member="schema_version")
SPEC = Profile("spec-1.0", "pam-utf8", "blake3:", "components", "prefixed-hex", nested=True, version_member="version")
SCHEMA = Profile("schema-1.0", "pam-utf8", "", "components", "prefixed-base64", nested=True, version_member="schema_version")
BROWSER = Profile(
    "browser", "pam-es6", "sha256:", "browser", "none", nested=False, version_member="schema_version", writable=False
)

PROFILES: dict[str, Profile] = {each.name: each for each in (SDK, SPEC, SCHEMA, BROWSER)}


def profile_called(name: str) -> Profile:
    """The profile of that name, one that can be written; "" is the usual one. Raises UsageError."""
    profile = PROFILES.get(name or SDK.name)
    if profile is None or not profile.writable:
        known = ", ".join(each.name for each in PROFILES.values() if each.writable)
        raise UsageError(f"Portable Agent Memory cannot be written in a profile {name!r}", hint=known)
    return profile
