"""A certification host around the public Portable Memory SDK: its importer, exporter and validator over a store of all kinds.

The importer, what it refuses and what it lets in, is the SDK's own, and so is how its in-memory store treats tombstones. Ours
are the tables for the kinds which that store does not hold, the removal of what a tombstone lists, and a plain text search.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import portable_memory as sdk
from portable_memory.signing import sign_tombstone

#: Our name of a kind, the SDK's reader and writer of it, and the attributes that make its key.
TABLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "fact": ("export_facts", "import_fact", ("id",)),
    "factLink": ("export_fact_links", "import_fact_link", ("src_fact_id", "dst_fact_id", "link_type")),
    "episodeLink": ("export_episode_links", "import_episode_link", ("src_episode_id", "dst_episode_id", "link_type")),
    "resource": ("export_resources", "import_resource", ("id",)),
    "chunk": ("export_chunks", "import_chunk", ("id",)),
    "core": ("export_core_blocks", "import_core_block", ("id",)),
    "procedure": ("export_procedures", "import_procedure", ("id",)),
    "context": ("export_contexts", "import_context", ("id",)),
    "community": ("export_communities", "import_community", ("id",)),
    "category": ("export_categories", "import_category", ("name",)),
    "preference": ("export_preferences", "import_preference", ("key",)),
    "secretRef": ("export_secret_refs", "import_secret_ref", ("id",)),
}
#: The tables whose rows go with a row of another, and the attributes that say so.
CHILDREN = {
    "fact": ("episode_id",),
    "chunk": ("resource_id",),
    "episodeLink": ("src_episode_id", "dst_episode_id"),
    "factLink": ("src_fact_id", "dst_fact_id"),
}


class FullStore(sdk.InMemoryStore):
    """The SDK's in-memory store with tables for the other kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, dict[tuple[str, ...], Any]] = {kind: {} for kind in TABLES}
        for kind, (reader, writer, names) in TABLES.items():
            setattr(self, reader, self._reader(kind))
            setattr(self, writer, self._writer(kind, names))

    def _reader(self, kind: str) -> Callable[[], list[Any]]:
        return lambda: [self.tables[kind][key] for key in sorted(self.tables[kind])]

    def _writer(self, kind: str, names: tuple[str, ...]) -> Callable[[Any], None]:
        def write(row: Any) -> None:
            self.tables[kind][tuple(getattr(row, name) for name in names)] = row

        return write

    def apply_tombstone(self, t: sdk.Tombstone) -> None:
        super().apply_tombstone(t)
        listed = t.derived
        gone = {t.target_id, *listed.fact_ids, *listed.chunk_ids}
        for id in listed.edge_ids:
            self.edges.pop(id, None)
        for id in listed.entity_ids:
            self.entities.pop(id, None)
        for kind, rows in self.tables.items():
            for key, row in list(rows.items()):
                if (len(key) == 1 and key[0] in gone) or any(getattr(row, name) in gone for name in CHILDREN.get(kind, ())):
                    del rows[key]

    def everything(self) -> list[tuple[str, str, str]]:
        """Kind, key and text of every row, for the search."""
        rows: list[tuple[str, str, Any]] = [
            *(("episode", id, row) for id, row in self.episodes.items()),
            *(("entity", id, row) for id, row in self.entities.items()),
            *(("edge", id, row) for id, row in self.edges.items()),
        ]
        for kind, held in self.tables.items():
            rows += [(kind, " ".join(key), row) for key, row in held.items()]
        found = [(kind, id, json.dumps(sdk.to_wire(row), ensure_ascii=False)) for kind, id, row in rows]
        found += [("episode", id, text) for id, text in self.episode_ext.items()]
        return found + [(kind, "", line) for kind, lines in self.passthrough.items() for line in lines]


class Service:
    """The protocol's methods (docs/certify.md) over the SDK."""

    def __init__(self) -> None:
        self.store = FullStore()

    def hello(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "protocol": 1,
            "name": "portable-memory (Python SDK)",
            "version": sdk.InMemoryStore().generator.partition("/")[2],
            "kinds": ["episode", "entity", "edge", *TABLES],
            "routes": [{"name": "text", "type": "lexical"}],
            "features": ["incremental", "evidence", "trusted_keys", "signing", "dry_run", "validate"],
        }

    def reset(self, _params: dict[str, Any]) -> dict[str, Any]:
        self.store = FullStore()
        return {}

    def import_(self, params: dict[str, Any]) -> dict[str, Any]:
        keys = [sdk.PortableVerifyingKey(bytes.fromhex(key)) for key in params.get("trusted_keys", [])]
        dry = bool(params.get("dry_run"))
        done = sdk.BundleImporter().import_bundle(self.store, params["path"], dry_run=dry, trusted_keys=keys)
        return {
            "applied": done.applied,
            "refused": done.skipped_tombstoned,
            "tombstones": done.tombstones_applied,
            "warnings": done.warnings,
        }

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """The SDK has no deletion of its own: a host writes the tombstone and applies it, as here."""
        listed = params["derived"]
        mark = sdk.Tombstone(
            id=f"tomb_{uuid.uuid4().hex}",
            op=sdk.TombstoneOp(params["op"]),
            target_kind=params["kind"],
            target_id=params["key"],
            deleted_at=datetime.now(UTC),
            actor="host",
            derived=sdk.from_wire(sdk.DerivedRefs, listed),
        )
        if params.get("sign"):
            mark = sign_tombstone(mark, sdk.PortableSigningKey(bytes.fromhex(params["sign"])))
        self.store.apply_tombstone(mark)
        return {"tombstone": mark.id}

    def export(self, params: dict[str, Any]) -> dict[str, Any]:
        since = sdk.parse_timestamp(params["since"]) if params.get("since") else None
        key = sdk.PortableSigningKey(bytes.fromhex(params["sign"])) if params.get("sign") else None
        exporter = sdk.BundleExporter()
        if params.get("mode") == "evidence":
            exporter.export_evidence_pack(self.store, params["path"], since=since, signing_key=key)
        else:
            mode = sdk.ExportMode(params.get("mode", "full"))
            exporter.export(self.store, params["path"], mode=mode, since=since, signing_key=key)
        return {}

    def search(self, params: dict[str, Any]) -> dict[str, Any]:
        hits = [{"id": id, "kind": kind, "text": text} for kind, id, text in self.store.everything() if params["query"] in text]
        return {"hits": hits[: params.get("k", 10)]}

    def settle(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {}

    def validate(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"findings": sdk.BundleValidator().validate(Path(params["path"])).issues}

    def close(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {}


def main() -> None:
    service = Service()
    for line in sys.stdin:
        request = json.loads(line)
        method = "import_" if request["method"] == "import" else request["method"]
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            answer["result"] = getattr(service, method)(request["params"])
        except Exception as error:  # Whatever the SDK raises is its refusal.
            answer["error"] = {"code": type(error).__name__, "message": str(error)[:500]}
        print(json.dumps(answer), flush=True)
        if method == "close":
            return


if __name__ == "__main__":
    main()
