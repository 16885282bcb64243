# ruff: noqa: ARG002  (a duty left out uses nothing that it is given)
"""Hosts that are broken on purpose: the reference store with one duty left out, as real stores leave them out.

A harness that passes one of these proves nothing. Each names the cases that must notice it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import InputError, SatchelError
from satchel.move.certify import bundles, canonical, snapshots
from satchel.move.certify.kinds import FIELDS, NATIVE
from satchel.move.certify.protocol import Flag, Report
from satchel.move.certify.reference_host import HostError, Service
from satchel.move.certify.reference_store import Row, Store, Target
from satchel.move.certify.snapshots import Snapshot


class Mutant(msgspec.Struct, frozen=True):
    """``family`` and ``cases`` are of dossier section 11."""

    name: str
    family: str
    what: str
    cases: tuple[str, ...]
    service: Callable[[], Service]


MUTANTS: dict[str, Mutant] = {}


def _breaks(name: str, family: str, what: str, *cases: str) -> Callable[[type[Any]], type[Any]]:
    """Register a broken store or a broken service."""

    def register(made: type[Any]) -> type[Any]:
        if issubclass(made, Store):
            broken = type(name, (Service,), {"store_class": made})
        else:
            broken = made
        MUTANTS[name] = Mutant(name, family, what, cases, broken)
        return made

    return register


# A, reach


@_breaks("keeps-index", "A", "the text index is not told of a deletion", "A1")
class _KeepsIndex(Store):
    def forget_index(self, target: Target) -> None:
        pass


@_breaks("keeps-vectors", "A", "the vector index is not told of a deletion", "A2")
class _KeepsVectors(Store):
    def forget_vectors(self, target: Target) -> None:
        pass


@_breaks("keeps-cache", "A", "the embedding cache outlives the text", "A4")
class _KeepsCache(Store):
    def forget_cache(self, target: Target) -> None:
        pass


@_breaks("keeps-as-of", "A", "yesterday's state still shows what was deleted today", "A5")
class _KeepsVersions(Store):
    def forget_versions(self, target: Target) -> None:
        pass


@_breaks("keeps-summary", "A", "summaries are made once and never again", "A7")
class _KeepsSummary(Store):
    def summarise(self) -> None:
        if not self.summaries:
            super().summarise()


@_breaks("keeps-replica", "A", "the replica takes additions only", "A6")
class _KeepsReplica(Store):
    def sync(self) -> None:
        self.replica.update(self.index)


# B, order


@_breaks("resurrects", "B", "a tombstone removes what is there and refuses nothing later", "B1", "B2", "B4")
class _Resurrects(Store):
    def admit(self, kind: str, key: str, row: Row) -> tuple[Row | None, str]:
        return row, ""


@_breaks("forgets-at-restart", "B", "tombstones are kept, what they refuse is forgotten at a restart", "B6")
class _ForgetsAtRestart(Service):
    def restore(self) -> None:
        super().restore()
        self.store.dead = {}
        self.store.erased = set()


# C, every kind


@_breaks("spares-preferences", "C", "tombstones for preferences and categories are ignored", "C2")
class _SparesPreferences(Store):
    def bury(self, mark: Row) -> list[Target]:
        if mark["targetKind"] in ("preference", "category"):
            self.tombstones[mark["id"]] = mark
            return []
        return super().bury(mark)


@_breaks("spares-foreign", "C", "rows of foreign kinds know no tombstones", "C4", "C5")
class _SparesForeign(Store):
    def is_dead(self, kind: str, key: str) -> bool:
        return kind in FIELDS and super().is_dead(kind, key)


# D, derived


@_breaks("target-only", "D", "only the target goes; facts, edges and entities made from it stay or come back", "D2", "D4")
class _TargetOnly(Store):
    def reached(self, mark: Row) -> list[Target]:
        return super().reached(mark)[:1]

    def _without_dead_references(self, kind: str, row: Row) -> tuple[Row, bool]:
        return row, True


@_breaks("resurrects-by-parent", "D", "a row whose parent is tombstoned comes in again", "D6", "D7")
class _ResurrectsByParent(Store):
    def admit(self, kind: str, key: str, row: Row) -> tuple[Row | None, str]:
        return super().admit(kind, key, row) if kind not in ("chunk", "factLink", "episodeLink") else (row, "")


@_breaks("strips-derived", "D", "tombstones are exported with empty derived lists", "D11", "D1")
class _StripsDerived(Service):
    def exported_tombstones(self, since: str | None) -> list[Row]:
        return [{**mark, "derived": bundles.derived_lists()} for mark in super().exported_tombstones(since)]


# E, disguise


@_breaks("trusts-new-ids", "E", "the same text under another id is another memory", "E1", "E2", "E5")
class _TrustsNewIds(Store):
    def _looks_dead(self, kind: str, key: str) -> bool:
        return False

    def _is_erased(self, text: str) -> bool:
        return False


@_breaks("any-kind", "E", "a tombstone's id counts in every kind", "E3")
class _AnyKind(Store):
    def is_dead(self, kind: str, key: str) -> bool:
        return any(dead == key for _, dead in self.dead)

    def _is_skeleton(self, kind: str, key: str, row: Row) -> bool:
        return False


# F, redact


@_breaks("ignores-redact", "F", "a redaction is recorded and not done", "F1", "F2")
class _IgnoresRedact(Store):
    def bury(self, mark: Row) -> list[Target]:
        if mark["op"] == "redact":
            self.tombstones[mark["id"]] = mark
            return []
        return super().bury(mark)


@_breaks("refuses-skeletons", "F", "the skeleton that a redaction leaves cannot travel", "F3")
class _RefusesSkeletons(Store):
    def _is_skeleton(self, kind: str, key: str, row: Row) -> bool:
        return False


# G, algebra


@_breaks("duplicates-tombstones", "G", "each import adds the tombstones once more", "G1", "G6")
class _DuplicatesTombstones(Service):
    def apply(self, found: Snapshot, marks: list[Row], flagged: list[Flag], evidence: str) -> Report:
        report = super().apply(found, marks, flagged, evidence)
        for mark in marks:
            self.store.tombstones[f"{mark['id']} {len(self.store.tombstones)}"] = mark
        return report


@_breaks("drops-members", "G", "members of a tombstone that it does not know are dropped", "G4")
class _DropsMembers(Service):
    def exported_tombstones(self, since: str | None) -> list[Row]:
        known = ("actor", "deletedAt", "derived", "id", "op", "targetID", "targetKind", "signature")
        return [{name: mark[name] for name in known if name in mark} for mark in super().exported_tombstones(since)]


# H, hops


@_breaks("since-deleted-at", "H", "an incremental export leaves out tombstones older than its cursor", "H2")
class _SinceDeletedAt(Service):
    def exported_tombstones(self, since: str | None) -> list[Row]:
        return [mark for mark in super().exported_tombstones(since) if not since or mark["deletedAt"] >= since]


@_breaks("drops-strange-kinds", "H", "tombstones of kinds that it does not hold are not passed on", "H6")
class _DropsStrangeKinds(Service):
    def exported_tombstones(self, since: str | None) -> list[Row]:
        return [mark for mark in super().exported_tombstones(since) if mark["targetKind"] in NATIVE]


# I, authenticity


@_breaks("believes-anyone", "I", "whoever brings a tombstone is obeyed", "I1", "I2")
class _BelievesAnyone(Service):
    def accepted(self, found: Snapshot, trusted: list[str], verified: bool) -> tuple[list[Row], list[Flag]]:
        return found.tombstones, []


# J, crash


@_breaks("half-applies", "J", "lines are applied as they are read; a bad one ends it there", "J2", "J4")
class _HalfApplies(Service):
    def read(self, folder: Any, trusted: list[str]) -> Snapshot:
        try:
            return super().read(folder, trusted)
        except SatchelError:
            for path in sorted((folder / "items").glob("*.jsonl")):
                self._lines(path.stem, snapshots.read_file(folder, f"items/{path.name}"))
            raise

    def _lines(self, kind: str, data: bytes) -> None:
        for line in data.splitlines() if kind in FIELDS else ():
            try:
                row = canonical.decode(line)
                self.store.put(kind, str(row["id"]), row)
            except (InputError, KeyError):
                raise HostError(f"a bad line in {kind}") from None


@_breaks("reads-twice", "J", "files are hashed, then opened again and read", "J3")
class _ReadsTwice(Service):
    def read(self, folder: Any, trusted: list[str]) -> Snapshot:
        super().read(folder, trusted)
        return snapshots.read(folder)


# K, over-deletion


@_breaks("deletes-by-prefix", "K", "ids are matched by their beginning", "K2")
class _DeletesByPrefix(Store):
    def reached(self, mark: Row) -> list[Target]:
        kind, key = mark["targetKind"], mark["targetID"]
        more = [(kind, id) for id in self.rows.get(kind, {}) if id.startswith(key)]
        return list(dict.fromkeys([*super().reached(mark), *more]))


@_breaks("over-deletes", "K", "whatever the deleted episode evidenced goes, shared or not", "K1")
class _OverDeletes(Store):
    def reached(self, mark: Row) -> list[Target]:
        edges = [id for id, row in self.rows["edge"].items() if mark["targetID"] in row["evidenceEpisodeIDs"]]
        return list(dict.fromkeys([*super().reached(mark), *(("edge", id) for id in edges)]))


# L, residue


@_breaks("keeps-journal", "L", "a journal beside the store keeps every text that ever came in", "L1")
class _KeepsJournal(Service):
    def import_(self, params: Row) -> Report:
        if self.folder is not None:
            with open(self.folder / "journal", "ab") as journal:
                journal.writelines(file.read_bytes() for file in sorted((Path(params["path"]) / "items").glob("*.jsonl")))
        return super().import_(params)


@_breaks("keeps-old-exports", "L", "an export into a used folder saves the old one beside the new", "L3")
class _KeepsOldExports(Service):
    def export(self, params: Row) -> Row:
        old = Path(params["path"]) / "items" / "episode.jsonl"
        data = old.read_bytes() if old.exists() else b""
        super().export(params)
        if data:
            old.with_name("episode.jsonl.old").write_bytes(data)
        return {}


# M, proof


@_breaks("no-audit", "M", "deletions leave no audit row", "M1")
class _NoAudit(Service):
    def record(self, mark: Row) -> None:
        pass


@_breaks("pack-without-tombstones", "M", "the Evidence Pack leaves the tombstones out", "M3")
class _PackWithoutTombstones(Service):
    def export(self, params: Row) -> Row:
        kept = self.store.tombstones
        if params.get("mode") == "evidence":
            self.store.tombstones = {}
        try:
            return super().export(params)
        finally:
            self.store.tombstones = kept
