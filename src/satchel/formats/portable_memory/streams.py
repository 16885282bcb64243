"""One stream of a bundle under inspection: its lines, their order, their keys, and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from satchel.errors import InputError, LimitExceeded, Place
from satchel.formats.portable_memory import rows
from satchel.formats.portable_memory.graves import Graves, is_skeleton, key_of
from satchel.formats.portable_memory.kinds import Kind
from satchel.formats.portable_memory.lines import HashedLines
from satchel.formats.portable_memory.moments import Span
from satchel.formats.portable_memory.rules import Findings
from satchel.limits import Limits
from satchel.model.findings import from_error

#: A masked hint shows a few characters at most; whole keys are longer.
_HINT_CHARACTERS = 12
_SECRET_MEMBERS = re.compile(r"(?i)cipher|plain|secret|password|token|private")


class Seen:
    """What the streams of one bundle said, for checks across them. Keys are held as hashes, 8 bytes each."""

    def __init__(self) -> None:
        self.keys: dict[str, set[int]] = {}
        self.counts: dict[str, int] = {}
        self.span = Span()
        self.scopes: set[str] = set()
        self.graves = Graves()
        #: References within one kind to a row that came later, or not at all: key's hash → where the first one stands.
        self.open: dict[str, dict[int, Place]] = {}


class Line(NamedTuple):
    """A line that was looked at, where it stands, and its row; ``plain``: in its canonical bytes, whatever the profile."""

    place: Place
    line: bytes
    row: dict[str, Any]
    plain: bool = False
    #: What identifies a row of a native kind (``graves.key_of``).
    key: str = ""


class Stream:
    """Reads one stream to its end; ``lines`` afterwards has its hash and size. What it gives has been checked by itself; that
    the stream as a whole is sound shows at its end."""

    def __init__(self, stream: BinaryIO, path: str, limits: Limits, findings: Findings, seen: Seen) -> None:
        self.lines = HashedLines(stream, path, limits)
        self._path = path
        self._limits = limits
        self._findings = findings
        self._seen = seen

    def native(self, kind: Kind, *, counted: str = "", whole: bool = True) -> Iterator[Line]:
        """Check the rows of a native kind; ``whole``: the bundle holds everything, so references must resolve. A row that
        cannot be read is left out; an optional member that it lacks may be None in it."""
        findings, limits, seen = self._findings, self._limits, self._seen
        name = kind.name
        known = seen.keys.setdefault(name, set())
        missing = seen.open.setdefault(name, {})
        by_id = name == "episode"
        last_line, last_id = b"", ""
        graves = seen.graves
        for place, line in self._numbered():
            if line < last_line and not by_id:
                findings.add("order", place)
            last_line = line
            row = rows.plain(kind, line)
            is_plain = row is not None
            if row is None:
                row = rows.decode(line, place, limits, findings)
                if row is None or not rows.check(kind, row, place, findings):
                    continue
            seen.counts[counted or name] = seen.counts.get(counted or name, 0) + 1
            key = ""
            if kind.key:
                key = key_of(kind, row)
                if not key:
                    findings.add("key-blank", place)
                mark = hash(key)
                if mark in known:
                    findings.add("key-repeated", place)
                known.add(mark)
            if by_id:
                self._episode(row, last_id, place)
                last_id = row["id"]
            elif name == "context":
                seen.scopes.add(row["id"])
            elif name == "secretRef":
                self._secret(row, kind, place)
            if graves:
                if graves.forbids(name, row):
                    findings.add("tombstoned-row", place)
                elif graves.silences(name, row) and not is_skeleton(name, row):
                    findings.add("redacted-text", place)
            if whole and kind.refs:
                self._refer(kind, row, place, missing)
            yield Line(place, line, row, is_plain, key)
        for mark, place in missing.items():
            if mark not in known:
                findings.add("dangling", place, f"to a row of kind {name}")

    def tombstones(self, kind: Kind) -> Iterator[Line]:
        """Check the tombstones, all but their signatures."""
        last = b""
        unsigned = 0
        known: set[str] = set()
        for place, line in self._numbered():
            if line < last:
                self._findings.add("order", place)
            last = line
            row = rows.decode(line, place, self._limits, self._findings)
            if row is None or not rows.check(kind, row, place, self._findings):
                continue
            self._seen.counts["tombstone"] = self._seen.counts.get("tombstone", 0) + 1
            if row["id"] in known:
                self._findings.add("key-repeated", place)
            known.add(row["id"])
            if not row["targetID"] or not row["id"]:
                self._findings.add("key-blank", place)
                continue
            self._seen.graves.add(row)
            if row.get("signature") is None:
                unsigned += 1
                if unsigned == 1:
                    self._findings.add("tombstone-unsigned", place)
            yield Line(place, line, row)

    def foreign(self, name: str) -> Iterator[Line]:
        """Count a vendor's lines and look for rows that tombstones delete; what they say is the vendor's. The row of a line
        that is no object is empty."""
        graves = self._seen.graves
        for place, line in self._numbered(verbatim=True):
            self._seen.counts[name] = self._seen.counts.get(name, 0) + 1
            try:
                line.decode()
            except UnicodeDecodeError:
                self._findings.add("not-utf8", place)
                continue
            quiet = Findings()
            row = rows.decode(line, place, self._limits, quiet)
            if row is None:
                self._findings.add("foreign-line", place)
            elif graves and graves.forbids(name, row):
                self._findings.add("tombstoned-row", place)
            elif graves and graves.silences(name, row):
                self._findings.add("redacted-text", place)
            yield Line(place, line, row or {})

    def opaque(self) -> None:
        """Only hash it: what is in it is not ours to say."""
        self.lines.drain()

    def _numbered(self, *, verbatim: bool = False) -> Iterator[tuple[Place, bytes]]:
        """(place, line) for each line that has something in it."""
        path, findings = self._path, self._findings
        lines = self.lines
        number = -1
        try:
            for number, (offset, line) in enumerate(lines):
                place = Place(path, number, offset)
                if not line or (not verbatim and not line.strip(b" \t\r")):
                    findings.add("blank-line", place)
                else:
                    yield place, line
        except LimitExceeded as error:
            findings.put(from_error(error))
            lines.drain()
            return
        except OSError as error:
            findings.put(from_error(InputError(f"cannot be read: {error.strerror}", place=Place(file=path))))
            return
        if number < 0:
            findings.add("empty-stream", Place(path))
        elif not lines.ended:
            findings.add("no-final-newline", Place(file=path))

    def _episode(self, row: dict[str, Any], last_id: str, place: Place) -> None:
        seen = self._seen
        if row["id"] < last_id:
            self._findings.add("order", place)
        seen.span.add(row["eventTime"])
        if row.get("contextID"):
            seen.scopes.add(row["contextID"])

    def _secret(self, row: dict[str, Any], kind: Kind, place: Place) -> None:
        suspicious = [name for name in row.keys() - kind.names if _SECRET_MEMBERS.search(name)]
        if suspicious or len(row["preview"]) > _HINT_CHARACTERS:
            self._findings.add("secret", place)

    def _refer(self, kind: Kind, row: dict[str, Any], place: Place, missing: dict[int, Place]) -> None:
        for name, of in kind.refs:
            value = row.get(name)
            if not value:
                continue
            for id in value if type(value) is list else (value,):
                mark = hash(id)
                if mark in self._seen.keys.get(of, ()):
                    continue
                if of == kind.name:
                    missing.setdefault(mark, place)
                else:
                    self._findings.add("dangling", place, f"{name} names no {of} of the bundle")
