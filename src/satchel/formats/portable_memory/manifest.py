"""The manifest: what each member must be, and how one is made (dossier 1.4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.bundle import EMBEDDINGS, TOMBSTONES

FORMAT_VERSION = "1.1.0"
SPEC_URL = "https://github.com/MacPaw/portable-memory/blob/main/Spec/portable-memory-spec.md"
CAPABILITIES = ("bitemporal", "tombstones", "redaction", "evidence-pack", "ext", "passthrough")
#: A member of ours: SHA-256 of the tombstones' file, so that a bundle from which they were taken is told from one without.
TOMBSTONE_DIGEST = "tombstoneDigest"
EVIDENCE_CAPABILITIES = ("evidence-pack", "proof-of-deletion", "audit", "provenance")

Level = Literal["L0", "L1", "L2", "L3"]
Mode = Literal["full", "incremental"]

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAJOR = re.compile(r"(\d+)(?:\.|\Z)", re.ASCII)
_REQUIRED = (
    "format",
    "generator",
    "conformanceLevel",
    "createdAt",
    "exportMode",
    "schemaVersion",
    "embeddingModel",
    "embeddingDim",
    "embeddingsIncluded",
    "capabilities",
    "counts",
    "files",
)


class File(msgspec.Struct, frozen=True):
    """A listed file: its path with forward slashes, its SHA-256 (hexadecimal), its size in bytes."""

    path: str
    sha256: str
    bytes: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer says of a bundle before it is written."""

    created_at: datetime
    generator: str
    level: Level = "L2"
    mode: Mode = "full"
    since: datetime | None = None
    schema_version: int = 0
    embedding_model: str = ""
    embedding_dim: int = 0
    capabilities: tuple[str, ...] = CAPABILITIES
    #: Further members, a vendor's or a later version's.
    foreign: Mapping[str, Any] = {}


def build(
    head: Head,
    *,
    counts: Mapping[str, int],
    files: Sequence[File],
    digest: str,
    coverage: tuple[datetime, datetime] | None = None,
    scopes: Sequence[str] = (),
    signed: bool = False,
) -> dict[str, Any]:
    """The manifest as a JSON object; absent members are left out (item 13)."""
    manifest: dict[str, Any] = {
        **head.foreign,
        "bundleDigest": digest,
        "capabilities": [*head.capabilities, *(["signed"] if signed else [])],
        "conformanceLevel": head.level,
        "counts": {name: count for name, count in counts.items() if count},
        "createdAt": moments.write(head.created_at),
        "embeddingDim": head.embedding_dim,
        "embeddingModel": head.embedding_model,
        "embeddingsIncluded": any(file.path.startswith(EMBEDDINGS) for file in files),
        "exportMode": head.mode,
        "files": [{"bytes": file.bytes, "path": file.path, "sha256": file.sha256} for file in files],
        "format": FORMAT_VERSION,
        "generator": head.generator,
        "schemaVersion": head.schema_version,
        "specURL": SPEC_URL,
    }
    tombstones = next((file.sha256 for file in files if file.path == TOMBSTONES), None)
    if tombstones is not None:
        manifest[TOMBSTONE_DIGEST] = tombstones
    if head.mode == "incremental" and head.since is not None:
        manifest["since"] = moments.write(head.since)
    if coverage is not None:
        manifest["coverage"] = {"from": moments.write(coverage[0]), "to": moments.write(coverage[1])}
    if scopes:
        manifest["scopes"] = list(scopes)
    return manifest


def checksums(files: Sequence[File]) -> bytes:
    """CHECKSUMS of these files: one line each, by path; a lone line end where there are none (item 3)."""
    lines = [f"{file.sha256}  {file.path}" for file in sorted(files, key=lambda file: file.path)]
    return ("\n".join(lines) + "\n").encode()


def digest_of(sums: bytes) -> str:
    """``bundleDigest`` of the bytes of CHECKSUMS."""
    return hashlib.sha256(sums).hexdigest()


def major(format: str) -> int | None:
    """The major version of ``format``, or None where it has none."""
    found = _MAJOR.match(format)
    # A leading zero is no version (dossier 1.4, "Version rule").
    return int(found[1]) if found and (found[1] == "0" or found[1][0] != "0") else None


def files_of(manifest: Mapping[str, Any]) -> list[File]:
    """The listed files that are well-formed."""
    return [File(entry["path"], entry["sha256"], entry["bytes"]) for _, entry in _files(manifest) if not _file_fault(entry)]


def faults(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with the members: JSON pointer and reason, in the order of the table in 1.4."""
    found = [(f"/{name}", "is missing") for name in _REQUIRED if manifest.get(name) is None]
    for name, value in manifest.items():
        if value is None:
            if name not in _REQUIRED and name in _OPTIONAL:
                found.append((f"/{name}", "is null"))
        elif name in _CHECKS:
            reason = _CHECKS[name](value)
            if reason:
                found.append((f"/{name}", reason))
    found.extend((f"/files/{at}", reason) for at, entry in _files(manifest) if (reason := _file_fault(entry)))
    return found


def _files(manifest: Mapping[str, Any]) -> list[tuple[int, Any]]:
    entries = manifest.get("files")
    return list(enumerate(entries)) if type(entries) is list else []


def _file_fault(entry: Any) -> str:
    if type(entry) is not dict or type(entry.get("path")) is not str:
        return "has no path"
    if type(entry.get("sha256")) is not str or not _DIGEST.fullmatch(entry["sha256"]):
        return "has no SHA-256 of 64 lower-case digits"
    if type(entry.get("bytes")) is not int or entry["bytes"] < 0:
        return "has no size"
    return ""


def _text(value: Any) -> str:
    return "" if type(value) is str else "is no text"


def _time(value: Any) -> str:
    return "" if type(value) is str and moments.read(value) else "is no timestamp"


def _level(value: Any) -> str:
    return "" if value in ("L0", "L1", "L2", "L3") else "is none of L0, L1, L2, L3"


def _mode(value: Any) -> str:
    return "" if value in ("full", "incremental") else "is neither full nor incremental"


def _integer(value: Any) -> str:
    return "" if type(value) is int else "is no integer"


def _size(value: Any) -> str:
    return "" if type(value) is int and value >= 0 else "is no integer of 0 or more"


def _flag(value: Any) -> str:
    return "" if type(value) is bool else "is neither true nor false"


def _texts(value: Any) -> str:
    return "" if type(value) is list and all(type(item) is str for item in value) else "is no list of texts"


def _counts(value: Any) -> str:
    return "" if type(value) is dict and not any(map(_size, value.values())) else "is no object of counts"


def _list(value: Any) -> str:
    return "" if type(value) is list else "is no list"


def _coverage(value: Any) -> str:
    well = type(value) is dict and not _time(value.get("from")) and not _time(value.get("to"))
    return "" if well else "has no from and to"


def _scopes(value: Any) -> str:
    if _texts(value):
        return "is no list of texts"
    return "" if value == sorted(set(value)) else "is not sorted, or names a scope twice"


def _digest(value: Any) -> str:
    return "" if type(value) is str and _DIGEST.fullmatch(value) else "is no SHA-256 of 64 lower-case digits"


_OPTIONAL = frozenset({"since", "specURL", "coverage", "scopes", "bundleDigest"})
_CHECKS = {
    "format": lambda value: _text(value) or ("" if major(value) is not None else "is no version"),
    "generator": _text,
    "conformanceLevel": _level,
    "createdAt": _time,
    "exportMode": _mode,
    "since": _time,
    "schemaVersion": _integer,
    "embeddingModel": _text,
    "embeddingDim": _size,
    "embeddingsIncluded": _flag,
    "capabilities": _texts,
    "counts": _counts,
    "files": _list,
    "specURL": _text,
    "coverage": _coverage,
    "scopes": _scopes,
    "bundleDigest": _digest,
}
