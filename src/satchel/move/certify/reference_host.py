"""The reference host: the small correct store behind the protocol, or, with ``--broken NAME``, one of its broken kin.

python -m satchel.move.certify.reference_host [--broken NAME | --list]
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import InputError, SatchelError
from satchel.move.certify import bundles, canonical, signing, snapshots
from satchel.move.certify.kinds import NATIVE
from satchel.move.certify.protocol import Deleted, Flag, Hello, Hits, Report
from satchel.move.certify.reference_routes import ROUTES, search
from satchel.move.certify.reference_store import Row, Store, now
from satchel.move.certify.snapshots import Snapshot

FEATURES = [
    "redact", "as_of", "replica", "incremental", "evidence", "trusted_keys", "signing", "raw_paths",
    "restart", "dry_run", "validate", "derives", "audit", "scoped",
]  # fmt: skip
#: Tombstones in one bundle past which a person is asked first (dossier I5).
MANY = 1000
GENERATOR = "satchel-reference-host/1"


class HostError(SatchelError):
    code = "refused"


class Service:
    """The protocol's methods over a store."""

    store_class: type[Store] = Store

    def __init__(self) -> None:
        self.store = self.store_class()
        #: The newest signed bundle of each key: an older one is a replay.
        self.newest: dict[str, str] = {}
        self.folder: Path | None = None

    def hello(self, params: Row) -> Hello:
        if params.get("state"):
            self.folder = Path(params["state"])
            if (self.folder / "store.json").exists():
                self.restore()
        return Hello(1, "reference", "1", list(NATIVE), list(ROUTES), FEATURES)

    def reset(self, params: Row) -> Row:
        self.store = self.store_class()
        if not params.get("keep_watermarks"):
            self.newest = {}
        return {}

    # Coming in

    def import_(self, params: Row) -> Report:
        trusted = params.get("trusted_keys", [])
        found = self.read(Path(params["path"]), trusted)
        marks, flagged = self.accepted(found, trusted, params.get("deletions", "accept") == "verified")
        if len(marks) > MANY and not params.get("confirm"):
            raise HostError(f"{len(marks)} deletions in one bundle need a person's word")
        evidence = "applied" if "proof-of-deletion" in found.manifest.get("capabilities", []) else ""
        if params.get("dry_run"):
            return Report({kind: len(rows) for kind, rows in found.rows.items()}, tombstones=len(marks), evidence_pack=evidence)
        self.watch(found)
        return self.apply(found, marks, flagged, evidence)

    def read(self, folder: Path, trusted: list[str]) -> Snapshot:
        """The bundle, all of it checked before any of it is used."""
        found = snapshots.read_verified(folder, trusted=trusted)
        said = found.manifest.get("tombstoneDigest")
        if said is not None and said != tombstone_digest(found.tombstones):
            raise HostError("the bundle's tombstones are not all there")
        if str(found.manifest.get("createdAt", "")) < self.newest.get(signer_of(found), ""):
            raise HostError("the bundle is older than one that its key signed and that was seen here")
        return found

    def watch(self, found: Snapshot) -> None:
        if signer := signer_of(found):
            self.newest[signer] = max(self.newest.get(signer, ""), str(found.manifest.get("createdAt", "")))

    def accepted(self, found: Snapshot, trusted: list[str], verified: bool) -> tuple[list[Row], list[Flag]]:
        """The tombstones to apply; the others are put aside: a signature that does not hold, or none where one is asked for."""
        marks: list[Row] = []
        flagged: list[Flag] = []
        for mark in found.tombstones:
            by = signing.signer(str(mark.get("signature", "")).encode(), signing.tombstone_message(mark))
            if mark.get("signature") is not None and (by is None or (trusted and by not in trusted)):
                flagged.append(Flag(mark["targetKind"], mark["targetID"], "the tombstone's signature is not to be trusted"))
            elif verified and not trusted:
                flagged.append(Flag(mark["targetKind"], mark["targetID"], "nobody vouches for the tombstone"))
            else:
                marks.append(mark)
        return marks, flagged

    def apply(self, found: Snapshot, marks: list[Row], flagged: list[Flag], evidence: str) -> Report:
        warnings: list[str] = []
        for mark in marks:
            elsewhere = [kind for kind in NATIVE if kind != mark["targetKind"] and mark["targetID"] in self.store.rows[kind]]
            if elsewhere:
                warnings.append(f"{mark['targetID']} is a {elsewhere[0]} here, not a {mark['targetKind']}: it stays")
            flagged += [Flag(kind, key, "it quoted erased text") for kind, key in self.store.bury(mark)]
        counted, refused = self.add_rows(found, flagged)
        if found.rows.get("secretRef"):
            warnings.append("the bundle refers to secrets; only what describes them was taken")
        self.save()
        return Report(counted, refused, len(marks), flagged, warnings, evidence)

    def add_rows(self, found: Snapshot, flagged: list[Flag]) -> tuple[dict[str, int], int]:
        counted: dict[str, int] = {}
        refused = 0
        for kind in NATIVE:
            for key, row in found.rows.get(kind, {}).items():
                kept, why = self.store.admit(kind, key, row)
                if why and why != "tombstoned":
                    flagged.append(Flag(kind, key, why))
                if kept is None:
                    refused += 1
                    continue
                self.store.put(kind, key, kept)
                counted[kind] = counted.get(kind, 0) + 1
        for kind, lines in found.foreign.items():
            for line in lines:
                if why := self.store.put_foreign(kind, line.decode()):
                    refused += 1
                    flagged.append(Flag(kind, "", why))
                else:
                    counted[kind] = counted.get(kind, 0) + 1
        return counted, refused

    # Deleting

    def delete(self, params: Row) -> Deleted:
        kind, key = params["kind"], params["key"]
        if kind not in NATIVE and kind not in self.store.foreign:
            raise HostError(f"there are no {kind} rows")
        mark = self.tombstone(kind, key, params)
        quoted = self.bury(mark)
        self.record(mark)
        self.save()
        return Deleted(mark["id"], [Flag(kind, key, "it quoted erased text") for kind, key in quoted])

    def tombstone(self, kind: str, key: str, params: Row) -> Row:
        made = bundles.tombstone(
            kind, key, id=f"tomb_{os.urandom(8).hex()}", op=params.get("op", "delete"), deleted_at=now(),
            derived=self.store.derive(kind, key) if kind in NATIVE else None,
        )  # fmt: skip
        made["actor"] = "reference"
        if seed := params.get("sign"):
            made["signature"] = signing.sign(bytes.fromhex(seed), signing.tombstone_message(made))
        return made

    def bury(self, mark: Row) -> list[tuple[str, str]]:
        return self.store.bury(mark)

    def record(self, mark: Row) -> None:
        row = {"actor": mark["actor"], "op": mark["op"], "targetID": mark["targetID"], "ts": mark["deletedAt"]}
        self.store.audit.append(row)

    # Going out

    def export(self, params: Row) -> Row:
        folder, mode, since = Path(params["path"]), params.get("mode", "full"), params.get("since")
        store = self.store
        marks = self.exported_tombstones(since)
        key = bytes.fromhex(params["sign"]) if params.get("sign") else None
        more = {"tombstoneDigest": tombstone_digest(marks)}
        created = now()
        if mode == "evidence":
            edges = list(store.rows["edge"].values())
            bundles.write(
                folder, {}, marks, audit=store.audit, provenance=edges, mode=mode, since=since, generator=GENERATOR,
                created_at=created, signed_by=key, manifest=more,
            )  # fmt: skip
            return {}
        fresh = {(kind, name) for when, kind, name, _ in store.versions if not since or when >= since}
        rows: dict[str, list[Any]] = {
            kind: [row for name, row in held.items() if mode == "full" or (kind, name) in fresh]
            for kind, held in store.rows.items()
        }
        if (scopes := params.get("scopes")) is not None:
            # Part of the rows, all of the tombstones: whoever takes this part may hold what was deleted.
            rows = {"context": [row for row in rows["context"] if row["id"] in scopes]} | {
                "episode": [row for row in rows["episode"] if row.get("contextID") in scopes]
            }
        else:
            rows.update({kind: [line.encode() for line in lines] for kind, lines in store.foreign.items()})
        bundles.write(
            folder, rows, marks, audit=store.audit, mode=mode, since=since if mode == "incremental" else None,
            generator=GENERATOR, created_at=created, signed_by=key, manifest=more,
        )  # fmt: skip
        return {}

    def exported_tombstones(self, since: str | None) -> list[Row]:  # noqa: ARG002
        """All of them, always: one learned late is older than any cursor of those who never heard of it (dossier H2)."""
        return list(self.store.tombstones.values())

    def search(self, params: Row) -> Hits:
        if params["route"] not in {route.name for route in ROUTES}:
            raise HostError(f"there is no route {params['route']}")
        return Hits(search(self.store, params["route"], params["query"], int(params.get("k", 10)), params))

    def validate(self, params: Row) -> Row:
        try:
            found = snapshots.read_verified(Path(params["path"]))
        except InputError as error:
            return {"findings": [str(error)]}
        return {"findings": snapshots.faults(found)}

    def settle(self, _params: Row) -> Row:
        self.store.settle()
        self.save()
        return {}

    def replica(self, params: Row) -> Row:
        self.store.replica_online = bool(params["online"])
        return {}

    def paths(self, _params: Row) -> Row:
        return {"paths": [str(self.folder)] if self.folder else []}

    def close(self, _params: Row) -> Row:
        return {}

    # Keeping

    def save(self) -> None:
        """The whole store in one file, replaced in one step: a kill leaves the old state or the new one."""
        if self.folder is None:
            return
        held = {name: value for name, value in vars(self.store).items() if name != "dead"}
        held["index"] = held["vectors"] = held["replica"] = {}
        held["cache"] = list(self.store.cache.items())
        held["dead"] = [[*target, redacted] for target, redacted in self.store.dead.items()]
        data = msgspec.json.encode({"store": held, "newest": self.newest})
        fresh = self.folder / "store.new"
        fresh.write_bytes(data)
        fresh.replace(self.folder / "store.json")

    def restore(self) -> None:
        assert self.folder is not None
        held = msgspec.json.decode((self.folder / "store.json").read_bytes())
        store = self.store = self.store_class()
        for name in ("rows", "foreign", "tombstones", "audit", "summaries", "replica_online"):
            setattr(store, name, held["store"][name])
        store.erased = set(held["store"]["erased"])
        store.versions = [tuple(version) for version in held["store"]["versions"]]
        store.dead = {(kind, key): redacted for kind, key, redacted in held["store"]["dead"]}
        self.newest = held["newest"]
        rows, store.rows = store.rows, {kind: {} for kind in NATIVE}
        versions, store.versions = store.versions, []
        for kind, of_kind in rows.items():
            for key, row in of_kind.items():
                store.put(kind, key, row)
        store.versions = versions
        store.settle()


def signer_of(found: Snapshot) -> str:
    """The key that signed a bundle; "" where none did."""
    try:
        return signing.signer(snapshots.read_file(found.folder, "manifest.sig"), found.manifest_bytes) or ""
    except InputError:
        return ""


def tombstone_digest(marks: list[Row]) -> str:
    """A digest over a bundle's set of tombstones, in a manifest member of our own: one taken out shows (dossier I3)."""
    return hashlib.sha256(b"\n".join(sorted(canonical.encode(mark) for mark in marks))).hexdigest()


def serve(service: Service) -> None:
    """Answer the lines of standard input on standard output until ``close`` or the end."""
    methods: dict[str, Callable[[Row], Any]] = {
        name.removesuffix("_"): getattr(service, name)
        for name in (
            "hello",
            "reset",
            "import_",
            "delete",
            "export",
            "search",
            "settle",
            "paths",
            "close",
            "replica",
            "validate",
        )
    }
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line)
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            if request["method"] not in methods:
                raise HostError(f"there is no method {request['method']}")
            answer["result"] = methods[request["method"]](request.get("params") or {})
        except SatchelError as error:
            answer["error"] = {"code": error.code, "message": str(error)}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
        if request["method"] == "close":
            return


def main(words: list[str]) -> int:
    from satchel.move.certify.mutants import MUTANTS

    if words == ["--list"]:
        for mutant in MUTANTS.values():
            sys.stdout.write(f"{mutant.family}  {mutant.name}: {mutant.what}\n")
        return 0
    if not words:
        serve(Service())
        return 0
    if len(words) != 2 or words[0] != "--broken" or words[1] not in MUTANTS:
        sys.stderr.write("usage: python -m satchel.move.certify.reference_host [--broken NAME | --list]\n")
        return 2
    serve(MUTANTS[words[1]].service())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
