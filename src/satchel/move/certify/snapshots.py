"""Reading a bundle and checking all that a bundle promises (dossier sections 0, 1 and 6.4).

Each file is opened once, without following links, and read whole from that one descriptor: what was hashed is what is parsed.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import CanonicalError, MalformedInput
from satchel.move.certify import canonical, signing
from satchel.move.certify.kinds import DERIVED_LISTS, FIELDS, key_of, time, typed

#: One file of a bundle; the format's own bound.
FILE_BYTES = 256 << 20
#: Files and folders of a bundle.
FILES = 1000
#: All files of a bundle that a probe makes or reads.
BUNDLE_BYTES = 1 << 30
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Snapshot(msgspec.Struct, frozen=True):
    """A bundle as read: the manifest, the bytes of every file, and what stands in them."""

    folder: Path
    manifest: dict[str, Any]
    manifest_bytes: bytes
    #: By path inside the bundle; without manifest.json.
    files: dict[str, bytes]
    #: Native rows by kind and key; a later row of the same key replaces an earlier one.
    rows: dict[str, dict[str, dict[str, Any]]]
    #: Lines of foreign kinds, as they stand.
    foreign: dict[str, list[bytes]]
    tombstones: list[dict[str, Any]]
    audit: list[dict[str, Any]]

    def row(self, kind: str, key: str) -> dict[str, Any] | None:
        return self.rows.get(kind, {}).get(key)

    def tombstones_of(self, kind: str, key: str) -> list[dict[str, Any]]:
        return [found for found in self.tombstones if (found.get("targetKind"), found.get("targetID")) == (kind, key)]

    def all_bytes(self) -> bytes:
        return b"\n".join([self.manifest_bytes, *(self.files[path] for path in sorted(self.files))])

    def content(self) -> tuple[Any, ...]:
        """All that a second import or export must leave as it was, for comparing."""
        marks = sorted(canonical.encode(found) for found in self.tombstones)
        return self.rows, {kind: sorted(lines) for kind, lines in self.foreign.items()}, marks


def read(folder: Path) -> Snapshot:
    """A bundle as it lies there, its digests not checked.

    Raises:
        MalformedInput: a file is missing, is no regular file, is too large, or does not parse.
    """
    manifest_bytes = read_file(folder, "manifest.json")
    manifest = canonical.decode(manifest_bytes)
    files: dict[str, bytes] = {}
    total = 0
    found = sorted(itertools.islice(folder.rglob("*"), FILES + 1))
    if len(found) > FILES:
        raise MalformedInput(f"the bundle has more than {FILES} files")
    for path in found:
        name = path.relative_to(folder).as_posix()
        if name != "manifest.json" and not path.is_dir():
            files[name] = read_file(folder, name)
            total += len(files[name])
            if total > BUNDLE_BYTES:
                raise MalformedInput(f"the bundle is larger than {BUNDLE_BYTES} bytes")
    return _parse(folder, manifest, manifest_bytes, files)


def read_verified(folder: Path, *, trusted: Iterable[str] = ()) -> Snapshot:
    """A bundle of which everything held: version, signature where keys are trusted, listed files, digests, types of rows.

    Raises:
        MalformedInput: it did not.
    """
    manifest_bytes = read_file(folder, "manifest.json")
    manifest = canonical.decode(manifest_bytes)
    if str(manifest.get("format", "")).split(".")[0] != "1":
        raise MalformedInput("the bundle is of another major version")
    if manifest.get("exportMode") not in ("full", "incremental"):
        raise MalformedInput("the manifest's exportMode is unknown")
    keys = set(trusted)
    if keys and signing.signer(read_file(folder, "manifest.sig"), manifest_bytes) not in keys:
        raise MalformedInput("no trusted key signed the manifest")
    files: dict[str, bytes] = {}
    for entry in _entries(manifest):
        name = entry["path"]
        data = read_file(folder, name)
        if len(data) != entry["bytes"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise MalformedInput(f"{name} is not what the manifest lists")
        files[name] = data
    for part in ("items", "audit", "embeddings", "provenance"):
        for path in (folder / part).rglob("*"):
            name = path.relative_to(folder).as_posix()
            if name not in files:
                raise MalformedInput(f"{name} is not listed")
    if "bundleDigest" in manifest:
        checksums = read_file(folder, "CHECKSUMS")
        expected = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in _entries(manifest)).encode() or b"\n"
        if checksums != expected or hashlib.sha256(checksums).hexdigest() != manifest["bundleDigest"]:
            raise MalformedInput("CHECKSUMS is not what the manifest says")
    found = _parse(folder, manifest, manifest_bytes, files)
    for kind, rows in found.rows.items():
        found.rows[kind] = {key: typed(kind, row) for key, row in rows.items()}
    for mark in found.tombstones:
        check_tombstone(mark)
    for kind, lines in found.foreign.items():
        try:
            b"\n".join(lines).decode()
        except UnicodeDecodeError:
            raise MalformedInput(f"items/{kind}.jsonl is not UTF-8") from None
    return found


def check_tombstone(mark: dict[str, Any]) -> None:
    """Raises MalformedInput where a tombstone is not what dossier section 4.1 asks for."""
    for name in ("actor", "id", "op", "targetID", "targetKind"):
        if not isinstance(mark.get(name), str):
            raise MalformedInput(f"a tombstone has no {name}")
    if mark["op"] not in ("delete", "redact"):
        raise MalformedInput("a tombstone's op is unknown")
    if not mark["targetID"]:
        raise MalformedInput("a tombstone names nothing")
    time("deletedAt", str(mark.get("deletedAt")))
    derived = mark.get("derived")
    if not isinstance(derived, dict):
        raise MalformedInput("a tombstone has no derived")
    for name in DERIVED_LISTS:
        listed = derived.get(name)
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise MalformedInput(f"a tombstone's {name} is no list of text")
    if type(derived.get("episodeLinkCount")) is not int:
        raise MalformedInput("a tombstone's episodeLinkCount is no integer")


def read_file(folder: Path, name: str) -> bytes:
    """A bundle's file, opened once and through no link.

    Raises:
        MalformedInput: the path leaves the bundle, or it is missing, a link, no regular file, or too large.
    """
    parts = name.split("/")
    if not name or name[0] in "/~" or "\\" in name or ":" in name or "\0" in name or {"", ".", ".."} & set(parts):
        raise MalformedInput("a path leaves the bundle")
    at = folder
    for part in parts[:-1]:
        at = at / part
        if at.is_symlink():
            raise MalformedInput(f"{name} lies behind a link")
    try:
        # Without waiting: a named pipe would block for ever.
        descriptor = os.open(at / parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise MalformedInput(f"{name} is missing or is a link") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MalformedInput(f"{name} is no regular file")
        if status.st_size > FILE_BYTES:
            raise MalformedInput(f"{name} is too large")
        return file.read(FILE_BYTES)


def faults(found: Snapshot) -> list[str]:
    """What in an exported bundle is not canonical or does not fit together, beyond ``read_verified`` (dossier section 0)."""
    seen: list[str] = []
    if not _is_canonical(found.manifest_bytes):
        seen.append("manifest.json is not canonical")
    needed = ("format", "generator", "conformanceLevel", "createdAt", "exportMode", "schemaVersion", "embeddingModel")
    seen += [f"the manifest has no {name}" for name in needed if name not in found.manifest]
    counts: dict[str, int] = {}
    for name, data in found.files.items():
        if not name.endswith(".jsonl"):
            continue
        kind = name.removeprefix("items/").removesuffix(".jsonl")
        kind = {"audit/tombstones": "tombstone", "audit/log": "audit", "provenance/edges": "provenanceEdge"}.get(kind, kind)
        counts[kind] = data.count(b"\n")
        if not data.endswith(b"\n") or data == b"\n":
            seen.append(f"{name} is empty or does not end with a newline")
        if kind in FIELDS or kind in ("tombstone", "audit"):
            lines = data[:-1].split(b"\n")
            if not all(_is_canonical(line) for line in lines):
                seen.append(f"{name} is not canonical")
            elif kind == "episode":
                ids = [canonical.decode(line).get("id", "") for line in lines]
                seen += ["items/episode.jsonl is not in order"] if ids != sorted(ids) else []
            elif lines != sorted(lines):
                seen.append(f"{name} is not in order")
    if found.manifest.get("counts") != counts:
        seen.append("the manifest's counts are not the rows")
    return seen


def _is_canonical(line: bytes) -> bool:
    try:
        return canonical.encode(canonical.decode(line)) == line
    except (CanonicalError, MalformedInput):
        return False


def _entries(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    entries = manifest.get("files")
    if not isinstance(entries, list):
        raise MalformedInput("the manifest lists no files")
    for entry in entries:
        if (
            not isinstance(entry, dict)
            or not isinstance(entry.get("path"), str)
            or type(entry.get("bytes")) is not int
            or not _DIGEST.fullmatch(str(entry.get("sha256")))
        ):
            raise MalformedInput("an entry of the manifest's files is malformed")
    return entries


def _parse(folder: Path, manifest: dict[str, Any], manifest_bytes: bytes, files: dict[str, bytes]) -> Snapshot:
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    foreign: dict[str, list[bytes]] = {}
    for name, data in files.items():
        kind = name.removeprefix("items/").removesuffix(".jsonl")
        if not name.startswith("items/") or not name.endswith(".jsonl"):
            continue
        if kind in FIELDS:
            found = [canonical.decode(line) for line in data.split(b"\n") if line.strip()]
            rows[kind] = {key_of(kind, row): row for row in found}
        else:
            foreign[kind] = [line for line in data.split(b"\n") if line]
    marks, audit = (
        [canonical.decode(line) for line in files.get(f"audit/{name}.jsonl", b"").split(b"\n") if line.strip()]
        for name in ("tombstones", "log")
    )
    return Snapshot(folder, manifest, manifest_bytes, files, rows, foreign, marks, audit)
