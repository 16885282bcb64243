"""What signing and verifying are, whatever the format: whose signatures count, what a verification says, who can do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.trust.did import Fetch
from satchel.trust.public_keys import PublicKey
from satchel.trust.signatures import PrivateKey

#: ``verified``: it holds, by a key or DID that is trusted. ``untrusted``: it holds, but nobody vouches for the key, or the
#: owner's DID has another. ``invalid``: it does not hold. ``unsigned``: there is none.
Verdict = Literal["verified", "untrusted", "invalid", "unsigned"]


class Seen(msgspec.Struct, frozen=True):
    """The newest export of an owner that was verified here before, and the key that signed the first one."""

    key: PublicKey
    exported: datetime | None


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signatures count. Keys and DIDs stand with the names that their owner's vault gives them.

    ``fetch`` is how a did:web is resolved; None leaves the network alone. ``seen`` tells of an owner id's earlier exports.
    """

    keys: Mapping[PublicKey, str] = {}
    dids: Mapping[str, str] = {}
    fetch: Fetch | None = None
    seen: Callable[[str], Seen | None] = lambda owner: None  # noqa: ARG005


class Step(msgspec.Struct, frozen=True):
    """One step of a verification: what was looked at, what came of it, a stable code and a sentence."""

    name: str
    outcome: Literal["passed", "failed", "noticed", "skipped"]
    code: str
    text: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature is worth. ``holds``: it is that key's over what is there, whoever's the key is."""

    verdict: Verdict
    holds: bool
    key: PublicKey | None = None
    name: str = ""
    algorithm: str = ""
    key_id: str = ""
    owner: str = ""
    did: str = ""
    did_match: str = ""
    exported: datetime | None = None
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: What it does not prove, in sentences.
    unproven: tuple[str, ...] = ()


class SignOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``did``: the owner's DID to write, ``key`` for the did:key of the signing key, "" to leave it as it is."""

    did: str = ""
    fetch: Fetch | None = None


@runtime_checkable
class Signer(Protocol):
    """A format whose packages are signed and verified."""

    def sign(self, path: Path, key: PrivateKey, *, options: SignOptions, limits: Limits) -> tuple[Finding, ...]:
        """Sign what lies at ``path``; a signature that is there is replaced. Returns what is to be told beside.

        Raises:
            UsageError: the format takes no such key or option.
            MalformedInput: what is there is not valid: a signature would vouch for what is broken.
            InputError, OutputError: it cannot be read or written.
        """
        ...

    def verify(self, path: Path, *, trust: Trust, limits: Limits) -> Verification:
        """What the signature at ``path`` is worth.

        Raises:
            InputError: it cannot be read as the format at all.
        """
        ...
