"""An input of the fuzzer as a bundle folder.

The first line holds switches, each a letter. The rest is the bundle's files, each under a line of its own that names it::

    st
    == items/episode.jsonl
    {"id":"ep_1", …}
    == audit/tombstones.jsonl
    {"signature":"?", …}
    -> items/fact.jsonl
    ../elsewhere

What the input does not give is made right: the manifest with its digests and sizes, CHECKSUMS, and, where asked for,
signatures. So most inputs come past the checksums to the rows. ``== manifest.json`` with an object changes members of the made
one; any other content, and any content of CHECKSUMS and manifest.sig, stands as it is. Every sequence of bytes is some bundle.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from satchel.codec import canonical
from satchel.errors import CanonicalError
from satchel.trust import tokens
from tests.formats.portable_memory.made import TEST_KEY

#: Signed; read with the test key trusted; stale digests; a last line without its end; a file not listed; CRLF line ends.
SWITCHES = b"stdnur"
#: A file, a link to what the content names, a FIFO, a folder.
Sort = Literal["==", "->", "||", "//"]
SORTS: tuple[Sort, ...] = ("==", "->", "||", "//")
_HEAD = re.compile(rb"^(==|->|\|\||//) (.*)$", re.MULTILINE)
_MADE = ("manifest.json", "manifest.sig", "CHECKSUMS")
_COUNTED = {
    "audit/tombstones.jsonl": "tombstone",
    "audit/log.jsonl": "audit",
    "provenance/edges.jsonl": "provenanceEdge",
}
_MANIFEST: dict[str, Any] = {
    "format": "1.1.0",
    "generator": "satchel/fuzz",
    "conformanceLevel": "L1",
    "createdAt": "2026-11-22T10:00:00Z",
    "exportMode": "full",
    "schemaVersion": 0,
    "embeddingModel": "",
    "embeddingDim": 0,
    "embeddingsIncluded": False,
    "capabilities": [],
}


class Section(msgspec.Struct):
    """One thing in the folder."""

    sort: Sort
    path: bytes
    data: bytes


class Case(msgspec.Struct):
    """An input taken apart; ``bytes(case)`` puts it together again."""

    switches: bytes
    sections: list[Section]

    @classmethod
    def parse(cls, data: bytes) -> Case:
        """Never raises."""
        found = list(_HEAD.finditer(data))
        ends = [*(head.start() for head in found[1:]), len(data)][: len(found)]
        first = data[: found[0].start()] if found else data
        sections = [
            Section(head[1].decode(), head[2], data[head.end() + 1 : end].removesuffix(b"\n"))  # type: ignore[arg-type]
            for head, end in zip(found, ends, strict=True)
        ]
        return cls(first.partition(b"\n")[0], sections)

    def __bytes__(self) -> bytes:
        parts = [self.switches, *(b"%b %b\n%b" % (one.sort.encode(), one.path, one.data) for one in self.sections)]
        return b"\n".join(parts) + b"\n"

    def write(self, root: Path) -> None:
        """Make the bundle in the empty folder ``root``. What the file system does not take is left out."""
        listed: dict[str, bytes] = {}
        given: dict[str, bytes] = {}
        for section in self.sections:
            path = section.path.decode("utf-8", "replace")
            data = self._content(section, path)
            if path in _MADE and section.sort == "==":
                given[path] = data.removesuffix(b"\n")
                continue
            # A name that leads out is listed and not written: the folder is all that a bundle has.
            _put(root, path, section.sort, data)
            if section.sort == "==":
                listed[path] = data
            elif section.sort != "//":
                listed.setdefault(path, b"")
        if b"u" in self.switches and listed:
            listed.popitem()
        sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(listed.items())) or "\n"
        checksums = given.get("CHECKSUMS", sums.encode("utf-8", "surrogatepass"))
        manifest = _manifest(given.get("manifest.json"), listed, checksums, stale=b"d" in self.switches)
        _put(root, "CHECKSUMS", "==", checksums)
        _put(root, "manifest.json", "==", manifest)
        if "manifest.sig" in given:
            _put(root, "manifest.sig", "==", given["manifest.sig"])
        elif b"s" in self.switches:
            _put(root, "manifest.sig", "==", tokens.sign(TEST_KEY, manifest).encode() + b"\n")

    def _content(self, section: Section, path: str) -> bytes:
        if section.sort != "==" or not section.data:
            return section.data
        lines = section.data.split(b"\n")
        if path == "audit/tombstones.jsonl":
            lines = [_signed(line) for line in lines]
        end = b"\r\n" if b"r" in self.switches else b"\n"
        return end.join(lines) + (b"" if b"n" in self.switches else end)


def _signed(line: bytes) -> bytes:
    """The tombstone with its signature, where it asks for one with ``"signature":"?"``."""
    if b'"signature":"?"' not in line:
        return line
    try:
        row = msgspec.json.decode(line)
        if type(row) is not dict or row.pop("signature", None) != "?":
            return line
        return canonical.encode({**row, "signature": tokens.sign(TEST_KEY, canonical.encode(row, "mem"))}, "mem")
    except (msgspec.DecodeError, RecursionError, CanonicalError, UnicodeDecodeError):
        return line


def _counts(listed: dict[str, bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for path, data in listed.items():
        name = _COUNTED.get(path) or path.removeprefix("items/").removesuffix(".jsonl")
        lines = sum(1 for line in data.split(b"\n") if line.strip())
        if lines and (path in _COUNTED or path == f"items/{name}.jsonl"):
            counts[name] = lines
    return counts


def _manifest(given: bytes | None, listed: dict[str, bytes], checksums: bytes, *, stale: bool) -> bytes:
    made = {
        **_MANIFEST,
        "bundleDigest": hashlib.sha256(checksums).hexdigest(),
        "counts": _counts(listed),
        "files": [
            {"bytes": len(data), "path": path, "sha256": hashlib.sha256(b"old" if stale else data).hexdigest()}
            for path, data in sorted(listed.items())
        ],
    }
    if given is not None:
        try:
            changes = msgspec.json.decode(given)
            if type(changes) is not dict:
                return given
            return canonical.encode({**made, **changes}, "mem")
        except (msgspec.DecodeError, RecursionError, CanonicalError, UnicodeDecodeError):
            return given
    try:
        return canonical.encode(made, "mem")
    except CanonicalError:
        return b"{}"


def _put(root: Path, path: str, sort: Sort, data: bytes) -> None:
    steps = path.split("/")
    if any(step in ("", ".", "..") or "\0" in step for step in steps):
        return
    target = root.joinpath(*steps)
    with contextlib.suppress(OSError, ValueError):
        target.parent.mkdir(parents=True, exist_ok=True)
        if sort == "//":
            target.mkdir()
        elif target.is_symlink() or target.exists():
            return
        elif sort == "||":
            os.mkfifo(target)
        elif sort == "->":
            target.symlink_to(os.fsdecode(data) or "..")
        else:
            target.write_bytes(data)
