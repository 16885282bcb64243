"""The format as the rest of Satchel sees it. What it is made of is loaded when it is asked for: each format is asked whether a
file is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satchel.errors import UsageError
from satchel.formats.base import PLAIN, READ, FormatInfo, Known, Progress, ReadOptions, Selection, WriteOptions, Written
from satchel.formats.capsules import Capsule, Element
from satchel.formats.portable_agent_memory import files
from satchel.formats.portable_agent_memory.profiles import PAM_VERSION, profile_called
from satchel.formats.signing import SignOptions, Trust, Verification
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.record import Item
from satchel.trust.signatures import PrivateKey


class PortableAgentMemory:
    """Portable Agent Memory 1.0: implements ``formats.base.Format`` and ``Reader``, and ``formats.signing.Signer``."""

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name="portable-agent-memory", version=PAM_VERSION, title="Portable Agent Memory")

    def recognises(self, path: Path) -> bool:
        """Whether the file looks like an artifact, by its head; or the folder holds such files alone."""
        return files.recognises(path)

    def write(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> Written:
        """See ``formats.base.Format.write``. A target that is named as an artifact is one file, any other a folder of them; the
        profile is one of ``profiles.PROFILES``."""
        from satchel.formats.portable_agent_memory import writer
        from satchel.formats.portable_agent_memory.signatures import require_ed25519

        if options.since is not None:
            raise UsageError("an artifact is written whole: there are no increments of it", hint="leave --since out")
        if options.budget:
            raise UsageError("an artifact is written whole: it has no budget")
        if options.strip_identifiers:
            raise UsageError("the ids of an artifact are over what it holds: its identifiers cannot be left out")
        profile = profile_called(options.profile) if options.profile else None
        key = require_ed25519(options.signing_key) if options.signing_key is not None else None
        return writer.write(
            selection,
            target,
            progress,
            profile=profile,
            signing_key=key,
            riding=options.capsules,
            witness=options.witness,
        )

    def read(self, path: Path, *, known: Known, options: ReadOptions = READ) -> Iterator[Item]:
        """See ``formats.base.Reader.read``: nothing is given before all of an artifact was verified."""
        from satchel.formats.portable_agent_memory import reader

        return reader.read(
            path,
            limits=options.limits,
            known=known,
            trusted=options.trusted,
            accept_invalid_signature=options.accept_invalid_signature,
        )

    def capsules(self, path: Path, *, limits: Limits) -> list[Capsule]:
        """See ``formats.capsules.Carrier``."""
        from satchel.formats.portable_agent_memory import capsules

        return capsules.found(path, limits)

    def elements(self, path: Path, *, limits: Limits) -> Iterator[Element]:
        """See ``formats.capsules.Carrier``."""
        from satchel.formats.portable_agent_memory import capsules

        return capsules.elements(path, limits)

    def profile_of(self, path: Path, *, limits: Limits) -> str:
        """See ``formats.capsules.Profiled``."""
        from satchel.formats.portable_agent_memory import capsules

        return capsules.profile_of(path, limits)

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``; the codes are the protocol's (dossier 10.5)."""
        from satchel.formats.portable_agent_memory import validation

        return validation.validate(path, limits)

    def sign(self, path: Path, key: PrivateKey, *, options: SignOptions, limits: Limits) -> tuple[Finding, ...]:
        """See ``formats.signing.Signer.sign``: the root hash is signed, and the whole envelope sealed (dossier 12.5)."""
        from satchel.formats.portable_agent_memory import signing

        return signing.sign(path, key, options, limits)

    def verify(self, path: Path, *, trust: Trust, limits: Limits) -> Verification:
        """See ``formats.signing.Signer.verify``; the steps are those of dossier 3.2."""
        from satchel.formats.portable_agent_memory import signing

        return signing.verify(path, trust, limits)
