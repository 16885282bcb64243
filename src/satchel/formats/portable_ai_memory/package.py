"""The format as the rest of Satchel sees it. What it is made of is loaded when it is asked for: each format is asked whether a
file is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from satchel.errors import InputError, UsageError
from satchel.formats.base import (
    PLAIN,
    READ,
    Earlier,
    Format,
    FormatInfo,
    Known,
    Passage,
    Progress,
    ReadOptions,
    Selection,
    WriteOptions,
    Written,
)
from satchel.formats.capsules import Capsule, Element
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.documents import DOCUMENTS, peek
from satchel.formats.portable_ai_memory.files import is_zip, opened, peek_sealed, peek_zip
from satchel.formats.signing import SignOptions, Trust, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.record import Item, Record
from satchel.model.times import from_iso
from satchel.trust.age import NOBODY, Identities, begins_age
from satchel.trust.signatures import PrivateKey


class PortableAiMemory:
    """Portable AI Memory 1.0: implements ``Format``, ``Passing``, ``Reader``, ``Continued`` and ``Unseals`` of
    ``formats.base``, and ``formats.signing.Signer``."""

    def __init__(self, identities: Identities = NOBODY) -> None:
        self._identities = identities

    def unsealing(self, identities: Identities) -> PortableAiMemory:
        """See ``formats.base.Unseals``."""
        return PortableAiMemory(identities)

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name="portable-ai-memory", version=terms.SCHEMA_VERSION, title="Portable AI Memory")

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` is a package folder, a zip of one or one of its three kinds of file, by what its head says it is.

        Raises:
            Locked: it is encrypted, and nothing that was given opens it.
            InputError: it is encrypted, and that is damaged.
        """
        try:
            if path.is_dir():
                return peek(path / terms.STORE_FILE).get("schema") == terms.STORE_SCHEMA
        except (OSError, ValueError):
            return False
        if is_zip(path):
            return peek_zip(path, DEFAULT).get("schema") == terms.STORE_SCHEMA
        schema = (peek_sealed(path, DEFAULT, self._identities) if begins_age(path) else peek(path)).get("schema")
        return type(schema) is str and schema in DOCUMENTS

    def write(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> Written:
        """See ``formats.base.Format.write``. The profile ``sdk`` spells memories that came in this format as the reference SDK
        hashes them (dossier 3.4); without it they go out as they came."""
        from satchel.formats.portable_ai_memory import writer

        _check(options)
        return writer.write(
            selection,
            target,
            progress,
            options.signing_key,
            sdk=options.profile == "sdk",
            strip_identifiers=options.strip_identifiers,
            recipients=options.recipients,
            since=options.since,
            capsules=options.capsules,
            witness=options.witness,
        )

    def passage(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> AbstractContextManager[Passage]:
        """See ``formats.base.Passing.passage``. No increment is written so."""
        from satchel.formats.portable_ai_memory import writer

        _check(options)
        assert options.since is None
        return writer.passage(
            selection,
            target,
            progress,
            options.signing_key,
            sdk=options.profile == "sdk",
            strip_identifiers=options.strip_identifiers,
            recipients=options.recipients,
        )

    def earlier(self, path: Path) -> Earlier:
        """See ``formats.base.Continued.earlier``: what the sidecar of a package, a folder or a zip, says."""
        from satchel.formats.portable_ai_memory import sidecar

        if begins_age(path):
            raise UsageError(f"{path.name} is encrypted", hint="name a change of satchel log, or a time")
        try:
            with opened(path, DEFAULT) as package:
                said = sidecar.state_of(package, DEFAULT)
        except InputError:
            said = None
        if said is None:
            raise UsageError(
                f"{path.name} is no package that Satchel wrote with its satchel.json",
                hint="name a change of satchel log, or a time",
            )
        return Earlier(said.vault, said.change, from_iso(said.export_date), said.export_id)

    def read(self, path: Path, *, known: Known, options: ReadOptions = READ) -> Iterator[Item]:
        """See ``formats.base.Reader.read``."""
        from satchel.formats.portable_ai_memory import reader

        return reader.read(
            path,
            limits=options.limits,
            known=known,
            trusted=options.trusted,
            accept_invalid_signature=options.accept_invalid_signature,
            identities=self._identities,
        )

    def capsules(self, path: Path, *, limits: Limits) -> list[Capsule]:
        """See ``formats.capsules.Carrier``."""
        from satchel.formats.portable_ai_memory import capsules

        return capsules.found(path, limits)

    def elements(self, path: Path, *, limits: Limits) -> Iterator[Element]:
        """See ``formats.capsules.Carrier``."""
        from satchel.formats.portable_ai_memory import capsules

        return capsules.elements(path, limits)

    def patched(self, kind: str, native: bytes, edited: Sequence[tuple[Record, Record]]) -> bytes | None:
        """See ``formats.capsules.Patches``."""
        from satchel.formats.portable_ai_memory import patching

        return patching.patched(kind, native, edited)

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``; severities are those of dossier 1.16, column "ours"."""
        from satchel.formats.portable_ai_memory import validation, verify

        if is_zip(path) or begins_age(path):
            return verify.validate_zip(path, limits, self._identities)
        return validation.validate(path, limits)

    def sign(self, path: Path, key: PrivateKey, *, options: SignOptions, limits: Limits) -> tuple[Finding, ...]:
        """See ``formats.signing.Signer.sign``: the memory store of a package, or one alone; never of what is encrypted."""
        from satchel.formats.portable_ai_memory import signing

        if begins_age(path):
            raise UsageError(f"{path.name} is encrypted, and is not signed as it is", hint="decrypt it, or export it signed")
        self._refuse_parts(path)
        return signing.sign(path, key, options, limits)

    def verify(self, path: Path, *, trust: Trust, limits: Limits) -> Verification:
        """See ``formats.signing.Signer.verify``; the steps are those of dossier 4.5."""
        from satchel.formats.portable_ai_memory import signing

        self._refuse_parts(path)
        return signing.verify(path, trust, limits, self._identities)

    def schemas(self) -> dict[str, dict[str, Any]]:
        """See ``formats.base.Described.schemas``."""
        from satchel.formats.portable_ai_memory.schemas import ROOTS, schema

        return {name: schema(name) for name in ROOTS}

    def _refuse_parts(self, path: Path) -> None:
        if path.is_dir() or is_zip(path):
            return
        root = peek_sealed(path, DEFAULT, self._identities) if begins_age(path) else peek(path)
        if root.get("schema") == terms.STORE_SCHEMA:
            return
        raise InputError(f"{path.name} is no memory store", hint="only that is signed, not what lies beside it")


def _check(options: WriteOptions) -> None:
    if options.since is not None and options.since.made is None:
        raise UsageError("the vault began later: there is no export to go on from", hint="make a full export")
    if options.budget:
        raise UsageError("Portable AI Memory is written whole: it has no budget")
    if options.profile not in ("", "sdk"):
        raise UsageError(f"Portable AI Memory has no profile {options.profile!r}", hint="sdk")


FORMAT: Format = PortableAiMemory()
