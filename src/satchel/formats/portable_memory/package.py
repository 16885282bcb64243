"""The format as the rest of Satchel sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import InputError, UsageError
from satchel.formats.base import (
    PLAIN,
    READ,
    Earlier,
    Format,
    FormatInfo,
    Known,
    Progress,
    ReadOptions,
    Selection,
    WriteOptions,
    Written,
)
from satchel.formats.capsules import Capsule, Element
from satchel.formats.portable_memory import capsules, export, lineage, patching, reader, signing, validation
from satchel.formats.portable_memory.bundle import MANIFEST, Bundle
from satchel.formats.portable_memory.manifest import FORMAT_VERSION
from satchel.formats.portable_memory.writer import Profile
from satchel.formats.signing import SignOptions, Trust, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.record import Item, Record
from satchel.trust.signatures import PrivateKey

PROFILES: dict[str, Profile] = {"": "mem", "sdk": "mem", "spec": "mem-spec"}


class PortableMemory:
    """Portable Memory (``.mem``) 1.1: implements ``Format``, ``Reader`` and ``Continued`` of ``formats.base``, and
    ``formats.signing.Signer``."""

    title = "Portable Memory"

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name="portable-memory", version=FORMAT_VERSION, title=self.title)

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` is a folder whose manifest.json is a bundle's, by its members; or is called ``.mem``."""
        try:
            if not path.is_dir():
                return False
        except (OSError, ValueError):
            return False
        try:
            with Bundle(path, DEFAULT) as bundle:
                manifest: Any = msgspec.json.decode(bundle.read(MANIFEST))
        except (InputError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return path.suffix.lower() == ".mem"
        return type(manifest) is dict and "files" in manifest and ("format" in manifest or "conformanceLevel" in manifest)

    def write(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> Written:
        """See ``formats.base.Format.write``. The profile ``spec`` spells numbers as the text asks (dossier 3.3)."""
        if options.budget:
            raise UsageError("Portable Memory is written whole: it has no budget")
        if options.recipients is not None:
            raise UsageError("a bundle is a folder and has no encrypted form", hint="--to portable-ai-memory has one")
        if options.strip_identifiers:
            raise UsageError("a bundle holds what it holds byte for byte: its identifiers cannot be left out")
        if options.profile not in PROFILES:
            raise UsageError(f"Portable Memory has no profile {options.profile!r}", hint="sdk or spec")
        seed = options.signing_key.ed25519_seed(self.title) if options.signing_key is not None else None
        return export.write(
            selection,
            target,
            progress,
            profile=PROFILES[options.profile],
            signing_key=seed,
            since=options.since,
            riding=options.capsules,
            witness=options.witness,
        )

    def earlier(self, path: Path) -> Earlier:
        """See ``formats.base.Continued.earlier``."""
        return lineage.earlier(path)

    def read(self, path: Path, *, known: Known, options: ReadOptions = READ) -> Iterator[Item]:
        """See ``formats.base.Reader.read``. The signature of a bundle covers all of it: one that does not hold is refused."""
        return reader.read(
            path,
            limits=options.limits,
            known=known,
            trusted=options.trusted,
        )

    def capsules(self, path: Path, *, limits: Limits) -> list[Capsule]:
        """See ``formats.capsules.Carrier``."""
        return capsules.found(path, limits)

    def elements(self, path: Path, *, limits: Limits) -> Iterator[Element]:
        """See ``formats.capsules.Carrier``."""
        return capsules.elements(path, limits)

    def patched(self, kind: str, native: bytes, edited: Sequence[tuple[Record, Record]]) -> bytes | None:
        """See ``formats.capsules.Patches``: a row is one record."""
        return patching.patched(kind, native, *edited[0])

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``."""
        return validation.validate(path, limits)

    def sign(self, path: Path, key: PrivateKey, *, options: SignOptions, limits: Limits) -> tuple[Finding, ...]:
        """See ``formats.signing.Signer.sign``: with Ed25519 alone (dossier 5)."""
        if options.did:
            raise UsageError("a Portable Memory bundle names no DID")
        signing.sign(path, key.ed25519_seed(self.title), limits)
        return ()

    def verify(self, path: Path, *, trust: Trust, limits: Limits) -> Verification:
        """See ``formats.signing.Signer.verify``: every byte, the manifest's signature and those of the tombstones."""
        return signing.verify(path, trust, limits)


FORMAT: Format = PortableMemory()
