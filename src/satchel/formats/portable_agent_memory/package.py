"""The format as the rest of Satchel sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satchel.formats.base import FormatInfo
from satchel.formats.portable_agent_memory import files, signing, validation
from satchel.formats.portable_agent_memory.profiles import PAM_VERSION
from satchel.formats.signing import SignOptions, Trust, Verification
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.trust.signatures import PrivateKey


class PortableAgentMemory:
    """Portable Agent Memory 1.0: the part of ``formats.base.Format`` that needs no records, and ``formats.signing.Signer``."""

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name="portable-agent-memory", version=PAM_VERSION, title="Portable Agent Memory")

    def recognises(self, path: Path) -> bool:
        """Whether the file looks like an artifact, by its head."""
        return files.recognises(path)

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``; the codes are the protocol's (dossier 10.5)."""
        return validation.validate(path, limits)

    def sign(self, path: Path, key: PrivateKey, *, options: SignOptions, limits: Limits) -> tuple[Finding, ...]:
        """See ``formats.signing.Signer.sign``: the root hash is signed, and the whole envelope sealed (dossier 12.5)."""
        return signing.sign(path, key, options, limits)

    def verify(self, path: Path, *, trust: Trust, limits: Limits) -> Verification:
        """See ``formats.signing.Signer.verify``; the steps are those of dossier 3.2."""
        return signing.verify(path, trust, limits)
