"""Making .mem bundles for a probe (dossier sections 1, 4 and 5).

Also what the reference host writes its exports with. Reading and checking is in ``snapshots``.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from satchel.move.certify import canonical, signing
from satchel.move.certify.kinds import DERIVED_LISTS, FIELDS, T0

#: Rows by kind; a row is an object, or the very bytes of its line.
Rows = Mapping[str, Sequence["dict[str, Any] | bytes"]]

SPEC_URL = "https://github.com/MacPaw/portable-memory/blob/main/Spec/portable-memory-spec.md"
GENERATOR = "satchel-certify/1"
#: What a full export clears in its target before it writes (dossier 6.2), and nothing else.
PARTS = ("items", "audit", "embeddings", "provenance", "manifest.json", "manifest.sig", "CHECKSUMS")
_FULL = ["bitemporal", "tombstones", "redaction", "evidence-pack", "ext", "passthrough"]
_EVIDENCE = ["evidence-pack", "proof-of-deletion", "audit", "provenance"]


def derived_lists(**lists: Any) -> dict[str, Any]:
    """A tombstone's ``derived`` with all of its seven members."""
    return {**{name: [] for name in DERIVED_LISTS}, "episodeLinkCount": 0, **lists}


def tombstone(
    kind: str,
    key: str,
    *,
    id: str,
    op: str = "delete",
    deleted_at: str = "2026-01-10T00:00:00Z",
    derived: dict[str, Any] | None = None,
    reason: str | None = None,
    signed_by: bytes | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A tombstone (dossier section 4.1); ``signed_by`` is a private key of 32 bytes, ``more`` are members of no standard."""
    made: dict[str, Any] = {
        "actor": "probe",
        "deletedAt": deleted_at,
        "derived": derived if derived is not None else derived_lists(),
        "id": id,
        "op": op,
        "targetID": key,
        "targetKind": kind,
        **more,
    }
    if reason is not None:
        made["reason"] = reason
    if signed_by is not None:
        made["signature"] = signing.sign(signed_by, signing.tombstone_message(made))
    return made


def write(
    folder: Path,
    rows: Rows,
    tombstones: Sequence[dict[str, Any] | bytes] = (),
    *,
    audit: Sequence[dict[str, Any]] = (),
    provenance: Sequence[dict[str, Any]] = (),
    mode: str = "full",
    since: str | None = None,
    level: str = "L2",
    generator: str = GENERATOR,
    created_at: str = T0,
    signed_by: bytes | None = None,
    arrange: Callable[[list[bytes]], list[bytes]] | None = None,
    more_files: Mapping[str, bytes] | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Path:
    """Write a bundle to ``folder`` and give the folder back; what an older bundle left there is cleared first.

    Args:
        rows: by kind, native or foreign. Objects become canonical lines; bytes stand as they are.
        mode: full, incremental or evidence (an Evidence Pack, dossier 6.3, in which ``rows`` must be empty).
        signed_by: a private key of 32 bytes; manifest.sig is written with it.
        arrange: puts native lines in another order than the canonical one.
        more_files: further listed files, by path inside the bundle.
        manifest: members to set in the manifest in place of the right ones; None takes a member out.
    """
    clear(folder)
    evidence = mode == "evidence"
    for part in ("audit", "provenance") if evidence else ("items", "audit"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    files: dict[str, bytes] = dict(more_files or {})
    for kind, lines in rows.items():
        if lines:
            encoded = [line if isinstance(line, bytes) else canonical.encode(line) for line in lines]
            if kind in FIELDS:
                encoded = arrange(encoded) if arrange else in_order(kind, encoded, lines)
            files[f"items/{kind}.jsonl"] = _framed(encoded)
            counts[kind] = len(lines)
    for path, name, more in (
        ("audit/tombstones.jsonl", "tombstone", tombstones),
        ("audit/log.jsonl", "audit", audit),
        ("provenance/edges.jsonl", "provenanceEdge", provenance),
    ):
        if more:
            files[path] = _framed(sorted(line if isinstance(line, bytes) else canonical.encode(line) for line in more))
            counts[name] = len(more)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    made: dict[str, Any] = {
        "capabilities": [*(_EVIDENCE if evidence else _FULL), *(["signed"] if signed_by else [])],
        "conformanceLevel": "L3" if evidence else level,
        "counts": counts,
        "createdAt": created_at,
        "embeddingDim": 0,
        "embeddingModel": "",
        "embeddingsIncluded": False,
        "exportMode": ("incremental" if since else "full") if evidence else mode,
        "format": "1.1.0",
        "generator": generator,
        "schemaVersion": 0,
        "specURL": SPEC_URL,
    }
    if since:
        made["since"] = since
    if not evidence:
        _add_overview(made, rows)
    seal(folder, made, signed_by=signed_by, changes=manifest)
    return folder


def seal(
    folder: Path, manifest: Mapping[str, Any], *, signed_by: bytes | None, changes: Mapping[str, Any] | None = None
) -> None:
    """Write ``CHECKSUMS``, ``manifest.json`` and ``manifest.sig`` for the files that lie in the bundle now."""
    entries: list[dict[str, Any]] = []
    for path in sorted(listed_files(folder)):
        data = (folder / path).read_bytes()
        entries.append({"bytes": len(data), "path": path, "sha256": hashlib.sha256(data).hexdigest()})
    checksums = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in entries).encode() or b"\n"
    (folder / "CHECKSUMS").write_bytes(checksums)
    made = {**manifest, "files": entries, "bundleDigest": hashlib.sha256(checksums).hexdigest(), **(changes or {})}
    data = canonical.encode({name: value for name, value in made.items() if value is not None})
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.sig").unlink(missing_ok=True)
    if signed_by is not None:
        (folder / "manifest.sig").write_text(signing.sign(signed_by, data) + "\n")


def in_order(kind: str, lines: Sequence[bytes], rows: Sequence[dict[str, Any] | bytes]) -> list[bytes]:
    """Native lines in the order of the format: episodes by id, every other kind by its whole line."""
    if kind != "episode":
        return sorted(lines)
    ids = [str(row.get("id", "")) if isinstance(row, dict) else "" for row in rows]
    return [line for _, _, line in sorted(zip(ids, range(len(ids)), lines, strict=True))]


def listed_files(folder: Path) -> Iterable[str]:
    """Every file that a manifest lists: all but the manifest, its signature and CHECKSUMS."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in ("manifest.json", "manifest.sig", "CHECKSUMS"):
            yield name


def clear(folder: Path) -> None:
    """Take out what a bundle wrote to ``folder`` before; other things in it stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        path = folder / part
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> Path:
    """``source`` copied to ``target``, which must not be there yet."""
    shutil.copytree(source, target, symlinks=True)
    return target


def _framed(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def _add_overview(made: dict[str, Any], rows: Rows) -> None:
    """``coverage`` and ``scopes`` (dossier section 0, items 26 and 27)."""
    episodes = [row for row in rows.get("episode", ()) if isinstance(row, dict)]
    contexts = [row for row in rows.get("context", ()) if isinstance(row, dict)]
    times = sorted(str(row["eventTime"]) for row in episodes if row.get("eventTime"))
    if times:
        made["coverage"] = {"from": times[0], "to": times[-1]}
    scopes = {str(row["contextID"]) for row in episodes if row.get("contextID")} | {str(row.get("id")) for row in contexts}
    if scopes:
        made["scopes"] = sorted(scopes)
