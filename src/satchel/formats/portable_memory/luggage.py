"""What a bundle holds besides rows and tombstones, as items: vectors, another store's log, what its tombstones reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.formats.base import Known
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import embeddings, increments, lineage
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.history import Hearing
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.formats.portable_memory.lines import HashedLines
from satchel.formats.portable_memory.streams import Line
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.packages import Carried, CarriedFile, Edition
from satchel.model.record import Item
from satchel.trust.tokens import Verdict


class Luggage:
    """Of one bundle, whose manifest was checked. ``signed``: what its signature is worth, and whose it is."""

    def __init__(
        self, bundle: Bundle, manifest: Mapping[str, Any], signed: tuple[Verdict, str], known: Known, limits: Limits
    ) -> None:
        verdict, signer = signed
        self._bundle = bundle
        self._manifest = manifest
        self._known = known
        self._limits = limits
        self.is_vouched = verdict == "valid"
        self.edition: Edition = lineage.edition(manifest, signer if verdict in ("valid", "untrusted") else "")
        own = lineage.lineage(manifest)
        #: Whether it is an increment of a vault like this one: then it says what its tombstones reached.
        self.is_increment = own is not None and own.after is not None and manifest.get("exportMode") == "incremental"

    def told(self) -> Iterator[Finding]:
        """What is odd about the bundle coming now."""
        return lineage.told(self._manifest, self.edition, self._known)

    def spared(self, files: list[manifests.File]) -> frozenset[str]:
        """See ``increments.spared``; empty for any other bundle."""
        return increments.spared(self._bundle, files, self._known, self._limits) if self.is_increment else frozenset()

    def items(self, file: manifests.File, lines: Iterator[Line], *, keys_are_trusted: bool) -> Iterator[Item]:
        """The items of a file that holds no rows and no tombstones; ``lines`` checks it on the way."""
        if file.path == paths.AUDIT_LOG:
            yield from self._heard(lines)
            return
        for _ in lines:
            pass
        place = Place(file=f"{self._bundle.name}/{file.path}")
        if embeddings.is_one(file.path):
            carried = CarriedFile(
                format=FORMAT_NAME,
                name=file.path,
                concerns=embeddings.concerns(file.path),
                sha256=file.sha256,
                note=embeddings.note(self._manifest),
            )
            yield Carried(file=carried, place=place, open=lambda: self._bundle.open(file.path))
        elif file.path == paths.REACHED and self.is_increment:
            yield from self._reached(file, keys_are_trusted=keys_are_trusted)
        else:
            yield Finding("unread-file", "warning", "was not taken", place, "skipped")

    def _heard(self, lines: Iterator[Line]) -> Iterator[Item]:
        hearing = Hearing(self.edition.digest, self._known)
        for read in lines:
            entry = hearing.entry(read.line)
            if entry is not None:
                yield entry

    def _reached(self, file: manifests.File, *, keys_are_trusted: bool) -> Iterator[Item]:
        unvouched = 0
        for place, line in self._lines(file):
            found = increments.reached_of(line, place)
            if found is None:
                yield Finding("malformed-line", "warning", "it names nothing that was erased", place, "skipped")
            elif keys_are_trusted and not self.is_vouched:
                text = "a deletion that no trusted key vouches for was not carried out"
                yield Finding("tombstone-untrusted", "warning", text, place, "skipped")
            else:
                unvouched += not self.is_vouched
                if unvouched > self._limits.tombstones:
                    raise LimitExceeded(
                        f"more than {self._limits.tombstones:,} deletions that no trusted key vouches for",
                        place=place,
                        hint="--limit tombstones=N raises it",
                    )
                yield found

    def _lines(self, file: manifests.File) -> Iterator[tuple[Place, bytes]]:
        """The lines of a file that has something on them; it must be what was checked."""
        with self._bundle.open(file.path) as stream:
            lines = HashedLines(stream, file.path, self._limits)
            for number, (offset, line) in enumerate(lines):
                if bare := line.strip(b" \t\r"):
                    yield Place(f"{self._bundle.name}/{file.path}", number, offset), bare
            if (lines.sha256, lines.size_bytes) != (file.sha256, file.bytes):
                raise MalformedInput("the file changed while it was read", place=Place(file=file.path), hint="try again")
