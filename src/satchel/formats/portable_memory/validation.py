"""Validating a bundle: everything that the reference's validator looks at, and what it leaves out (dossier 7.1, 10.6 no. 1).

One pass over each file, which is opened once and hashed as it is read; memory is bounded by the keys' hashes. Nothing in a
bundle raises: what is wrong is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical, json_values
from satchel.errors import CanonicalError, InputError, LimitExceeded, Place, UnsafeArchive
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import embeddings, moments, tombstones
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.kinds import AUDIT, KINDS, TOMBSTONE
from satchel.formats.portable_memory.rules import Findings
from satchel.formats.portable_memory.streams import Line, Seen, Stream
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding, from_error
from satchel.trust import tokens

_NATIVE_LOWER = frozenset(name.lower() for name in KINDS)
_POLICED = ("items/", "audit/", "embeddings/")
_ROOT_FILES = frozenset({paths.MANIFEST, paths.SIGNATURE, paths.CHECKSUMS})


def validate(path: Path, limits: Limits = DEFAULT, *, trusted: frozenset[str] | None = None) -> Iterator[Finding]:
    """Everything wrong or doubtful with the bundle at ``path``.

    Args:
        trusted: public keys; with it, the bundle's signature and those of its tombstones are required to be by one of them
            (an empty set trusts nobody). None: signatures are looked at, and nobody is asked to vouch for their keys.
    """
    try:
        with Bundle(path, limits) as bundle:
            checking = Check(bundle, limits, trusted=trusted)
            try:
                checking.begin()
                for file in checking.files:
                    for _ in checking.read(file):
                        pass
                checking.finish()
            except InputError as error:
                checking.findings.put(from_error(error, place=Place(file=bundle.name)))
            yield from checking.findings.all()
    except InputError as error:
        yield from_error(error, place=Place(file=path.name))


class Check:
    """The inspection of an open bundle: ``begin``, then ``read`` each of ``files`` in their order, then ``finish``. What is
    wrong gathers in ``findings``; only the last step knows all of it.

    Args:
        label: stands before the name of a listed file in places.
    """

    def __init__(self, bundle: Bundle, limits: Limits, *, trusted: frozenset[str] | None = None, label: str = "") -> None:
        self.bundle = bundle
        self.limits = limits
        self.trusted = trusted
        self.label = label
        self.findings = Findings()
        self.seen = Seen()
        self.manifest: dict[str, Any] = {}
        #: The manifest as it stands in the bundle; b"" where there is none.
        self.data = b""
        #: The listed files that are there, in the order of reading.
        self.files: list[manifests.File] = []
        self._listed: dict[str, manifests.File] = {}

    def begin(self) -> None:
        """Look at all but the listed files themselves."""
        self.data = self._manifest() or b""
        if self.data:
            self._signature(self.data)
            self._listed = self._list()
            self._checksums(self._listed)
            present = self._present(self._listed)
            self.files = [self._listed[path] for path in sorted(self._listed, key=reading_order) if path in present]

    def read(self, file: manifests.File) -> Iterator[Line]:
        """The lines of a file whose rows can be read; at its end it is told whether it is what the manifest lists."""
        place = Place(file=self.label + file.path)
        try:
            opened = self.bundle.open(file.path)
        except UnsafeArchive as error:
            self.findings.add("not-a-file", place, error.message)
            return
        except LimitExceeded as error:
            self.findings.put(from_error(error))
            return
        except InputError:
            self.findings.add("file-missing", place)
            return
        with opened:
            stream = Stream(opened, place.file, self.limits, self.findings, self.seen)
            yield from self._lines(stream, file.path)
            if stream.lines.size_bytes != file.bytes:
                self.findings.add("size-mismatch", place)
            if stream.lines.sha256 != file.sha256:
                self.findings.add("checksum-mismatch", place)

    def finish(self) -> None:
        """Compare what was read with what the manifest says of it."""
        if self.data:
            self._totals()
            self._claims(self._listed)

    def _manifest(self) -> bytes | None:
        place = Place(file=paths.MANIFEST)
        data = self._small(paths.MANIFEST, "manifest-missing")
        if data is None:
            return None
        try:
            value = json_values.decode_unique(data, place=place, limits=self.limits)
        except LimitExceeded as error:
            self.findings.put(from_error(error))
            return None
        except (InputError, msgspec.ValidationError, ValueError, RecursionError) as error:
            self.findings.add("manifest-malformed", place, error.message if isinstance(error, InputError) else "")
            return None
        if type(value) is not dict:
            self.findings.add("manifest-malformed", place)
            return None
        self.manifest = value
        for pointer, reason in manifests.faults(value):
            self.findings.add("manifest-field", Place(file=paths.MANIFEST, pointer=pointer), reason)
        try:
            if data not in (canonical.encode(value, "mem"), canonical.encode(value, "mem-spec")):
                self.findings.add("manifest-not-canonical", place)
        except CanonicalError as error:
            self.findings.add("manifest-not-canonical", place, error.message)
        version = value.get("format")
        if type(version) is str:
            major = manifests.major(version)
            if major is not None and major != 1:
                self.findings.add("format-major", place)
            elif not version.startswith(("1.0.", "1.1.")):
                self.findings.add("format-newer", place)
        return data

    def _small(self, path: str, missing: str) -> bytes | None:
        """All of a file that every bundle has; None, told, where it cannot be had."""
        try:
            return self.bundle.read(path)
        except UnsafeArchive as error:
            self.findings.add("not-a-file", Place(file=path), error.message)
        except LimitExceeded as error:
            self.findings.put(from_error(error))
        except InputError:
            self.findings.add(missing, Place(file=path))
        return None

    def _signature(self, data: bytes) -> None:
        place = Place(file=paths.SIGNATURE)
        claims = self.manifest.get("capabilities")
        claimed = type(claims) is list and "signed" in claims
        try:
            token = self.bundle.read(paths.SIGNATURE)
        except UnsafeArchive as error:
            self.findings.add("not-a-file", place, error.message)
            return
        except InputError:
            if self.trusted is not None:
                self.findings.add("signature-missing", place)
            elif claimed:
                self.findings.add("capability-unfounded", place, "it says signed and has no signature")
            return
        verdict, _ = tokens.verify(token, data, self.trusted or frozenset())
        if verdict in ("invalid", "malformed"):
            self.findings.add("signature-invalid", place)
        elif verdict == "untrusted":
            self.findings.add("signature-unchecked" if self.trusted is None else "signature-untrusted", place)

    def _list(self) -> dict[str, manifests.File]:
        files: dict[str, manifests.File] = {}
        for file in manifests.files_of(self.manifest):
            place = Place(file=paths.MANIFEST, pointer="/files")
            if not paths.is_safe(file.path):
                self.findings.add("unsafe-path", place)
            elif file.path in files:
                self.findings.add("path-repeated", Place(file=file.path))
            else:
                files[file.path] = file
        return files

    def _checksums(self, files: dict[str, manifests.File]) -> None:
        place = Place(file=paths.CHECKSUMS)
        digest = self.manifest.get("bundleDigest")
        data = self._small(paths.CHECKSUMS, "checksums-missing")
        if data is None:
            if type(digest) is str:
                self.findings.add("digest-mismatch", place)
            return
        if data != manifests.checksums(list(files.values())):
            self.findings.add("checksums-mismatch", place)
        if type(digest) is str and digest != manifests.digest_of(data):
            self.findings.add("digest-mismatch", place)

    def _present(self, files: dict[str, manifests.File]) -> set[str]:
        """The listed files that are there; what else is there is told."""
        present = set()
        try:
            for entry in self.bundle.entries():
                place = Place(file=entry.path)
                if entry.path in files:
                    present.add(entry.path)
                elif entry.path in _ROOT_FILES:
                    continue
                elif paths.is_litter(entry.path):
                    self.findings.add("litter", place)
                elif entry.path.startswith(_POLICED):
                    self.findings.add("unlisted-file", place)
                else:
                    self.findings.add("unknown-entry", place)
        except InputError as error:
            self.findings.put(from_error(error))
        for path in files.keys() - present:
            self.findings.add("file-missing", Place(file=path))
        return present

    def _lines(self, stream: Stream, path: str) -> Iterator[Line]:
        kind = paths.kind_of(path)
        whole = self.manifest.get("exportMode") == "full"
        if path == paths.TOMBSTONES:
            yield from self._tombstones(stream)
        elif path == paths.AUDIT_LOG:
            yield from stream.native(AUDIT)
        elif path == paths.PROVENANCE:
            yield from stream.native(KINDS["edge"], counted="provenanceEdge", whole=False)
        elif not paths.is_stream(path):
            stream.opaque()
        elif kind in KINDS:
            yield from stream.native(KINDS[kind], whole=whole)
        else:
            if not paths.foreign_name(kind, _NATIVE_LOWER):
                self.findings.add("foreign-name", Place(file=self.label + path))
            yield from stream.foreign(kind)

    def _tombstones(self, stream: Stream) -> Iterator[Line]:
        for found in stream.tombstones(TOMBSTONE):
            place, row = found.place, found.row
            if row.get("signature") is not None:
                verdict = tombstones.verdict(row, self.trusted or frozenset())
                if verdict in ("invalid", "malformed"):
                    self.findings.add("tombstone-signature", place)
                elif verdict == "untrusted" and self.trusted is not None:
                    self.findings.add("tombstone-untrusted", place)
            yield found

    def _totals(self) -> None:
        """The manifest's summary of the streams, where both could be read."""
        if self.findings.has("malformed-line") or self.findings.has("field") or self.findings.has("file-missing"):
            return
        place = Place(file=paths.MANIFEST)
        seen = self.seen
        counts = self.manifest.get("counts")
        if type(counts) is dict and {name: count for name, count in counts.items() if count} != seen.counts:
            names = sorted(
                name for name in counts.keys() | seen.counts.keys() if counts.get(name, 0) != seen.counts.get(name, 0)
            )
            self.findings.add("counts-mismatch", place, f"{len(names)} of them")
        coverage = self.manifest.get("coverage")
        if type(coverage) is dict and type(coverage.get("from")) is str and type(coverage.get("to")) is str:
            said = (moments.read(coverage["from"]), moments.read(coverage["to"]))
            if said != (seen.span.first, seen.span.last):
                self.findings.add("coverage-mismatch", place)
        scopes = self.manifest.get("scopes")
        if type(scopes) is list and scopes != sorted(seen.scopes):
            self.findings.add("scopes-mismatch", place)

    def _claims(self, files: dict[str, manifests.File]) -> None:
        """What the manifest says the bundle is, against what it is."""
        place = Place(file=paths.MANIFEST)
        for code, path, note in embeddings.faults(self.manifest, files):
            self.findings.add(code, Place(file=path), note)
        included = any(path.startswith("embeddings/") for path in files)
        if type(self.manifest.get("embeddingsIncluded")) is bool and self.manifest["embeddingsIncluded"] != included:
            self.findings.add("embeddings-flag", place)
        if self.manifest.get("conformanceLevel") == "L3" and self.findings.has("tombstone-unsigned"):
            self.findings.add("level-unfounded", place, "L3 asks for signed tombstones")
        digest = self.manifest.get(manifests.TOMBSTONE_DIGEST)
        listed = files.get(paths.TOMBSTONES)
        if type(digest) is str and (listed is None or listed.sha256 != digest):
            self.findings.add("tombstones-taken", place)
        if "secretRef" in self.seen.counts:
            self.findings.add("secret-refs", Place(file="items/secretRef.jsonl"))
        claims = self.manifest.get("capabilities")
        if type(claims) is list and "proof-of-deletion" in claims:
            self.findings.add("evidence-pack", place)
        known = self.seen.graves.kinds - KINDS.keys() - {path[6:-6] for path in files if path.startswith("items/")}
        if known:
            self.findings.add("tombstone-kind", Place(file=paths.TOMBSTONES), f"{len(known)} such kinds")


def reading_order(path: str) -> tuple[int, str]:
    """A key to sort listed paths by. Tombstones first, then parents before children, then vendors' kinds."""
    if path == paths.TOMBSTONES:
        return 0, path
    if path == paths.REACHED:
        return 1, ""
    name = path.removeprefix("items/").removesuffix(".jsonl")
    order = list(KINDS)
    return (1 + order.index(name) if name in KINDS else 100), path
