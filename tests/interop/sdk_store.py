"""A host around the public Portable Memory SDK that holds every kind: its own store in memory holds three."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import portable_memory as pm

_NAMES = {
    "entity": "entities",
    "edge": "edges",
    "fact": "facts",
    "fact_link": "fact_links",
    "episode_link": "episode_links",
    "resource": "resources",
    "chunk": "chunks",
    "core_block": "core_blocks",
    "procedure": "procedures",
    "context": "contexts",
    "community": "communities",
    "category": "categories",
    "preference": "preferences",
    "secret_ref": "secret_refs",
}


class SdkStore(pm.PortableMemoryStore):  # type: ignore[misc]
    """Keeps what the importer gives it, in the order of coming."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {plural: [] for plural in _NAMES.values()}
        self.episodes: list[Any] = []
        self.ext: dict[str, str] = {}
        self.tombstones: list[Any] = []
        self.foreign: dict[str, list[str]] = {}

    def store_info(self) -> Any:
        return pm.StoreInfo(generator="sdk/test")

    def export_episodes(self) -> list[Any]:
        return self.episodes

    def export_episode_ext(self) -> dict[str, str]:
        return self.ext

    def import_episode(self, e: Any, ext: str | None) -> None:
        self.episodes.append(e)
        if ext:
            self.ext[e.id] = ext

    def export_tombstones(self, since: Any) -> list[Any]:
        return self.tombstones

    def apply_tombstone(self, t: Any) -> None:
        self.tombstones.append(t)

    def tombstoned_target_ids(self) -> set[str]:
        return {tombstone.target_id for tombstone in self.tombstones}

    def export_passthrough_kinds(self) -> list[str]:
        return list(self.foreign)

    def export_passthrough_lines(self, kind: str) -> list[str]:
        return self.foreign[kind]

    def store_passthrough(self, kind: str, lines: list[str]) -> None:
        self.foreign.setdefault(kind, []).extend(lines)


def _add(singular: str, plural: str) -> None:
    def export(self: SdkStore) -> list[Any]:
        return self.rows[plural]

    def take(self: SdkStore, row: Any) -> None:
        self.rows[plural].append(row)

    setattr(SdkStore, f"export_{plural}", export)
    setattr(SdkStore, f"import_{singular}", take)


for _singular, _plural in _NAMES.items():
    _add(_singular, _plural)


def through(source: Path, target: Path) -> Path:
    """The bundle after the SDK has imported it and exported it again."""
    store = SdkStore()
    pm.BundleImporter().import_bundle(store, source, reembed=False)
    pm.BundleExporter().export(store, target)
    return target
