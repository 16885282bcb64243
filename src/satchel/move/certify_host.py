"""Satchel's own vault as a host of ``satchel certify`` (docs/certify.md):

    satchel certify -- python -m satchel.move.certify_host

The vault lies in the folder that the harness gives, under a key beside it: it holds nothing but what the harness puts there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.errors import InputError, MalformedInput, Place, SatchelError, UsageError
from satchel.formats.base import WriteOptions
from satchel.formats.portable_memory import FORMAT
from satchel.formats.portable_memory.graves import key_of
from satchel.formats.portable_memory.kinds import DERIVED, KINDS
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.formats.portable_memory.moments import write as write_time
from satchel.formats.portable_memory.reader import read
from satchel.formats.portable_memory.tombstones import tombstone_of
from satchel.formats.portable_memory.validation import validate
from satchel.limits import DEFAULT
from satchel.model.findings import Finding
from satchel.model.record import Original
from satchel.model.text import searchable
from satchel.model.times import from_iso
from satchel.move.cursors import since as cursor
from satchel.move.evidence import evidence
from satchel.move.exports import VaultSelection
from satchel.move.imports import take
from satchel.trust import tokens
from satchel.trust.secrets import Secret, new_key
from satchel.trust.signatures import ED25519, PrivateKey
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query, Summary

FEATURES = (
    "redact",
    "as_of",
    "trusted_keys",
    "signing",
    "raw_paths",
    "restart",
    "dry_run",
    "validate",
    "evidence",
    "incremental",
    "audit",
)
_DATABASE = "vault.db"
_KEY = "key"
_MOST = 10_000


class Host:
    """One vault, asked one thing after another."""

    def __init__(self) -> None:
        self._state = Path()
        self._store: SqliteStore | None = None

    @property
    def store(self) -> SqliteStore:
        if self._store is None:
            raise UsageError("hello comes first")
        return self._store

    def hello(self, state: str, **_: Any) -> dict[str, Any]:
        self._state = Path(state)
        self._state.mkdir(parents=True, exist_ok=True)
        if (self._state / _DATABASE).exists() and (self._state / _KEY).exists():
            self._store = SqliteStore.open(self._state / _DATABASE, Secret((self._state / _KEY).read_bytes()))
        else:
            self._fresh()
        return {
            "protocol": 1,
            "name": "satchel",
            "version": version("satchel"),
            "kinds": list(KINDS),
            "routes": [{"name": "search", "type": "lexical"}, {"name": "search --as-of", "type": "as_of"}],
            "features": list(FEATURES),
        }

    def _fresh(self) -> None:
        if self._store is not None:
            self._store.close()
        for path in self._state.glob(f"{_DATABASE}*"):
            path.unlink()
        key = new_key()
        (self._state / _KEY).write_bytes(key.reveal())
        self._store = SqliteStore.create(self._state / _DATABASE, key, owner_id="certified")

    def reset(self, keep_watermarks: bool = False, **_: Any) -> dict[str, Any]:
        seen = self.store.editions() if keep_watermarks else []
        self._fresh()
        if seen:
            with self.store.importing("what was seen before") as intake:
                for edition in seen:
                    intake.mark(edition)
                intake.finish(())
        return {}

    def import_(
        self, path: str, trusted_keys: list[str] | None = None, deletions: str = "accept", dry_run: bool = False, **_: Any
    ) -> dict[str, Any]:
        trusted = frozenset(trusted_keys or ())
        bundle = Path(path)
        if trusted:
            faults = [finding for finding in validate(bundle, trusted=trusted) if finding.code.startswith("signature-")]
            if any(finding.severity == "error" for finding in faults):
                raise MalformedInput("the bundle is not signed by a trusted key")
        # Without any key of its own, an empty set would trust everybody's deletions.
        vouching = trusted or frozenset({""} if deletions == "verified" else ())
        with self.store.importing(bundle.name, dry_run=dry_run) as intake:
            flagged: list[dict[str, str]] = []
            told = ""
            for item in read(bundle, limits=DEFAULT, trusted=vouching, known=intake):
                if isinstance(item, Original) and told:
                    row = msgspec.json.decode(item.native)
                    kind = item.kind.removeprefix(f"{FORMAT_NAME}.")
                    flagged.append({"kind": kind, "key": key_of(KINDS[kind], row), "why": told})
                told = item.text if isinstance(item, Finding) and item.code == "look-alike" else ""
                before = sum(finding.code == "erased-words" for finding in intake.summary().findings)
                take(intake, item)
                after = sum(finding.code == "erased-words" for finding in intake.summary().findings)
                if isinstance(item, Original) and after > before:
                    row = msgspec.json.decode(item.native)
                    kind = item.kind.removeprefix(f"{FORMAT_NAME}.")
                    key = key_of(KINDS[kind], row) if kind in KINDS else str(row.get("id", ""))
                    flagged.append({"kind": kind, "key": key, "why": "says what was erased"})
            intake.finish(())
            return {**_report(intake.summary()), "flagged": flagged}

    def delete(
        self,
        kind: str,
        key: str,
        op: str,
        derived: dict[str, Any] | None = None,
        reason: str | None = None,
        sign: str | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        if not key:
            raise InputError("nothing was named")
        empty: dict[str, Any] = {name: 0 if name.endswith("Count") else [] for name in DERIVED}
        row: dict[str, Any] = {
            "actor": "satchel",
            "deletedAt": write_time(datetime.now(UTC)),
            "derived": {**empty, **(derived or {})},
            "id": f"tomb_{new_key().reveal().hex()[:24]}",
            "op": op,
            "targetID": key,
            "targetKind": kind,
        }
        if reason is not None:
            row["reason"] = reason
        if sign is not None:
            row["signature"] = tokens.sign(Secret(bytes.fromhex(sign)), canonical.encode(row, "mem"))
        tombstone = tombstone_of(row, canonical.encode(row, "mem"), Place())
        with self.store.importing("deletion") as intake:
            intake.bury(tombstone)
            summary = intake.finish(()).summary
        quoting = [record for uid in summary.quoting if (record := self.store.get(uid)) is not None]
        flagged = [{"kind": each.origin.kind, "key": each.origin.id, "why": "quotes what was erased"} for each in quoting]
        return {"tombstone": row["id"], "flagged": flagged}

    def export(
        self, path: str, mode: str = "full", sign: str | None = None, since: str | None = None, **_: Any
    ) -> dict[str, Any]:
        if mode == "evidence":
            evidence(self.store, Path(path), signing_key=_signing_key(sign))
            return {}
        if mode not in ("full", "incremental") or (mode == "incremental") != bool(since):
            raise UsageError(f"there are no exports of mode {mode}, or not without a time")
        options = WriteOptions(
            signing_key=_signing_key(sign),
            since=cursor(self.store, since, FORMAT) if since else None,
        )
        FORMAT.write(VaultSelection(self.store), Path(path), options=options)
        return {}

    def search(self, query: str, k: int = 20, as_of: str = "", **_: Any) -> dict[str, Any]:
        try:
            asked = Query(words=query, limit=max(1, min(k, _MOST)), as_of=from_iso(as_of))
            hits = self.store.search(asked).hits
        except UsageError:
            # Nothing in the query is a word.
            hits = ()
        found = []
        for hit in hits:
            for uid in (hit.record.uid, *hit.witnesses):
                record = hit.record if uid == hit.record.uid else self.store.get(uid)
                if record is not None:
                    text = "\n".join(part for part in searchable(record) if part)
                    found.append({"id": record.origin.id, "text": text, "kind": record.origin.kind})
        return {"hits": found}

    def settle(self, **_: Any) -> dict[str, Any]:
        return {}

    def paths(self, **_: Any) -> dict[str, Any]:
        return {"paths": [str(path) for path in sorted(self._state.glob(f"{_DATABASE}*"))]}

    def validate(self, path: str, **_: Any) -> dict[str, Any]:
        return {"findings": [finding.text for finding in validate(Path(path)) if finding.severity == "error"]}

    def close(self, **_: Any) -> dict[str, Any]:
        if self._store is not None:
            self._store.close()
            self._store = None
        return {}


def _report(summary: Summary) -> dict[str, Any]:
    refused = [finding for finding in summary.findings if finding.code in ("erased", "tombstoned-row")]
    return {
        "applied": {
            kind: sum(found.get(outcome, 0) for outcome in ("new", "updated")) for kind, found in summary.counts.items()
        },
        "refused": sum(finding.count for finding in refused),
        "tombstones": summary.tombstones,
        "warnings": [
            finding.text for finding in summary.findings if finding.severity != "info" or finding.code == "secret-refs"
        ],
        "evidence_pack": "applied" if any(finding.code == "evidence-pack" for finding in summary.findings) else "",
    }


def _signing_key(seed: str | None) -> PrivateKey | None:
    return PrivateKey(ED25519, Secret(bytes.fromhex(seed))) if seed else None


def main() -> int:
    """Answer requests until ``close`` or the end of standard input."""
    host = Host()
    methods: dict[str, Callable[..., dict[str, Any]]] = {
        "import": host.import_,
        **{name: getattr(host, name) for name in ("hello", "reset", "delete", "export", "search", "settle", "paths")},
        **{name: getattr(host, name) for name in ("validate", "close")},
    }
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line)
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            answer["result"] = methods[request["method"]](**request.get("params", {}))
        except SatchelError as error:
            answer["error"] = {"code": error.code, "message": str(error)}
        except KeyError:
            answer["error"] = {"code": "usage", "message": f"there is no method {request['method']}"}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
        if request["method"] == "close":
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
