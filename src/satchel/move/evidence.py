"""An Evidence Pack: what came into the vault and when, what was deleted, and what rests on what, for whoever must be shown.

It is a bundle of Portable Memory (portable-memory.md 6.3) with the audit log, the tombstones and the edges, without a word of
what anybody said; and beside it a page to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import OutputError
from satchel.formats.base import Written
from satchel.formats.portable_memory.history import bundle_of, rows
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.formats.portable_memory.manifest import EVIDENCE_CAPABILITIES, Head
from satchel.formats.portable_memory.moments import write as written_time
from satchel.formats.portable_memory.records import without_erased
from satchel.formats.portable_memory.writer import GENERATOR, BundleWriter
from satchel.model.ledger import Ledger
from satchel.move.exports import VaultSelection
from satchel.trust.files import write_private
from satchel.trust.signatures import PrivateKey
from satchel.vault.store import Store
from satchel.vault.values import AuditEntry

_EDGE = {"edgeType", "dstEntityID", "srcEntityID"}


def evidence(store: Store, target: Path, *, signing_key: PrivateKey | None = None) -> Written:
    """Write the pack as the bundle folder ``target`` and a page ``target.md`` beside it.

    Args:
        signing_key: signs it.

    Raises:
        UsageError: the key is of another algorithm than Ed25519.
        OutputError: it cannot be written; nothing of the pack was.
    """
    seed = signing_key.ed25519_seed("an Evidence Pack") if signing_key is not None else None
    if not target.name:
        raise OutputError(f"cannot write {target}: it has no name", hint="name a folder")
    page = target.with_name(target.name + ".md")
    if page.exists() and not page.read_bytes().startswith(_TITLE.encode()):
        raise OutputError(f"{page} is in the way", hint="it is no page of an Evidence Pack; name another folder")
    entries = list(store.audit())
    tombstones = [msgspec.json.decode(line) for line in store.tombstones(FORMAT_NAME)]
    head = Head(
        created_at=entries[-1].at if entries else store.changed_at(),
        generator=f"{GENERATOR}/{version('satchel')}",
        level="L3",
        capabilities=EVIDENCE_CAPABILITIES,
    )
    #: Entries of other stores, by the bundle that brought them.
    heard: dict[str, int] = {}
    with BundleWriter(target, head, evidence=True) as writer:
        for line in store.tombstones(FORMAT_NAME):
            writer.add_tombstone_line(line)
        for row in rows(VaultSelection(store)):
            writer.add_audit(row)
            bundle = bundle_of(row)
            if bundle:
                heard[bundle] = heard.get(bundle, 0) + 1
        for edge in _edges(store):
            writer.add_provenance(edge)
        manifest = writer.finish(seed)
        written = Written(counts=dict(writer.counts), files=writer.files, size_bytes=writer.size_bytes, ledger=Ledger())
    signer = signing_key.public.text if signing_key is not None else ""
    write_private(page, _page(store, target.name, manifest, entries, heard, tombstones, signer).encode())
    return written


def _edges(store: Store) -> Iterator[dict[str, Any]]:
    """The edges that came in bundles; facts and other records say in themselves what they rest on."""
    for record in store.records("relation"):
        if record.origin.format == FORMAT_NAME and record.origin.kind == "edge" and record.access.exportable:
            native = store.native(record)
            row = msgspec.json.decode(native) if native else {}
            if row.keys() >= _EDGE:
                yield without_erased("edge", row, store.buried) or row


_TITLE = "# Evidence Pack"
_MANNERS = {
    "named": "named by a tombstone",
    "listed": "listed in a tombstone as derived",
    "derived": "could not be without what was deleted",
    "unfounded": "rested on nothing else",
    "orphan": "was named by nothing else",
}


def _page(
    store: Store,
    name: str,
    manifest: dict[str, Any],
    entries: list[AuditEntry],
    heard: dict[str, int],
    tombstones: list[dict[str, Any]],
    signer: str,
) -> str:
    stats = store.stats()
    erased = [entry for entry in entries if "how" in entry.detail]
    changes = [entry for entry in entries if "how" not in entry.detail]
    lines = [
        _TITLE,
        "",
        f"Of the vault as it was on {manifest['createdAt']}. The pack itself is `{name}`; this page only tells what is in it.",
        "",
        "| | |",
        "|---|---|",
        f"| records in the vault | {sum(stats.records.values()):,} |",
        *(f"| – {kind} | {count:,} |" for kind, count in stats.records.items()),
        f"| changes in the audit log | {len(changes):,} |",
        f"| deletions and redactions in the audit log | {len(erased):,} |",
        f"| entries of other stores' logs, which came in bundles | {sum(heard.values()):,} |",
        f"| tombstones | {len(tombstones):,} |",
        f"| edges with their evidence | {manifest['counts'].get('provenanceEdge', 0):,} |",
        f"| digest of the pack | `{manifest['bundleDigest']}` |",
        f"| signed by | {f'`{signer}`' if signer else 'nobody'} |",
        f"| last hash of the audit log | {f'`{entries[-1].hash}`' if entries else '–'} |",
        "",
        "## Deleted",
        "",
    ]
    if tombstones:
        lines += ["| when | what | kind | id | tombstone | signed |", "|---|---|---|---|---|---|"]
        for row in sorted(tombstones, key=lambda row: (str(row["deletedAt"]), str(row["id"]))):
            cells = [row["deletedAt"], row["op"], row["targetKind"], row["targetID"], row["id"]]
            signed = "yes" if row.get("signature") else "no"
            lines.append(f"| {' | '.join(_cell(str(cell)) for cell in cells)} | {signed} |")
    else:
        lines.append("Nothing.")
    if erased:
        manners: dict[tuple[str, str], int] = {}
        for entry in erased:
            manner = (entry.detail["how"], entry.detail.get("kind", ""))
            manners[manner] = manners.get(manner, 0) + 1
        lines += ["", "What that reached, one entry of the log for each:", "", "| how | kind | entries |", "|---|---|---|"]
        lines += [f"| {_MANNERS.get(how, how)} | {_cell(kind)} | {count:,} |" for (how, kind), count in sorted(manners.items())]
    if heard:
        lines += [
            "",
            "## What other stores' logs say",
            "",
            "Kept as it came; marked in the log by the bundle that brought it.",
            "",
        ]
        lines += ["| bundle | entries |", "|---|---|"]
        lines += [f"| `{_cell(bundle[:64])}` | {count:,} |" for bundle, count in sorted(heard.items())]
    lines += ["", "## Changes", "", "| when | what | change | records |", "|---|---|---|---|"]
    for entry in changes:
        counts = {kind: sum(found.values()) for kind, found in entry.detail.get("counts", {}).items()}
        said = ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) or "–"
        lines.append(f"| {written_time(entry.at)} | {entry.operation} | {entry.batch or '–'} | {said} |")
    lines += ["", "## To verify", "", f"    satchel validate {name}"]
    if signer:
        lines.append(f"    satchel verify --key {signer} {name}")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text of somebody else's in a table of Markdown."""
    return "".join(f"\\{letter}" if letter in "|\\`*_<>[]" else letter for letter in text if letter.isprintable())
