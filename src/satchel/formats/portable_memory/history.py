"""The audit log in a bundle: our own entries as rows, and the rows of other stores, kept as history and never replayed.

A row of another store carries a mark, ``satchel.bundle``: the digest of the bundle that first brought it to a vault of ours. It
keeps the mark from vault to vault, so that nobody takes it for an entry of whoever passes it on (dossier L1-13).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.formats.base import Known, LogEntry, Selection
from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.kinds import AUDIT
from satchel.formats.portable_memory.lens import CARRIED, FORMAT_NAME
from satchel.model.packages import Heard

#: The member inside ``satchel`` that marks a row as another store's.
MARK = "bundle"
#: Members of ``satchel`` that hold no content, whoever wrote them.
_PLAIN = {"entry": int, "hash": str, MARK: str}


def rows(selection: Selection, after: int = 0) -> Iterator[dict[str, Any]]:
    """The rows of ``audit/log.jsonl``: other stores' first, then our own; what came by later changes than ``after``."""
    for line in selection.heard(FORMAT_NAME, after):
        yield msgspec.json.decode(line)
    for entry in selection.log(after):
        yield own_row(entry)


def own_row(entry: LogEntry) -> dict[str, Any]:
    """One of our own entries: of a deletion with the id that was deleted and its tombstone's time and actor, of any other
    change with the change's number. Our number, hash and counts ride in the foreign member."""
    detail = entry.detail
    deleted = moments.read(str(detail.get("deleted")))
    change = f"change-{entry.change}" if entry.change is not None else "vault"
    return {
        "actor": str(detail.get("actor") or "satchel"),
        "op": entry.operation,
        "targetID": (detail.get("id") or detail.get("uid") or change) if "how" in detail else change,
        "ts": moments.write(deleted or entry.at),
        CARRIED: {"entry": entry.number, "hash": entry.hash, "detail": detail},
    }


class Hearing:
    """Makes other stores' entries of the rows of one bundle's log. The rows were checked."""

    def __init__(self, digest: str, known: Known) -> None:
        self._digest = digest
        self._known = known
        #: Hashes of the entries that came, 8 bytes each, and how often those came that came again.
        self._met: set[int] = set()
        self._again: Counter[int] = Counter()

    def entry(self, line: bytes) -> Heard | None:
        """The entry on a line; None where it is one of the vault's own coming home."""
        row: dict[str, Any] = msgspec.json.decode(line)
        own = row.pop(CARRIED, None)
        ours = dict(own) if type(own) is dict else {} if own is None else {CARRIED: own}
        number, hash = ours.get("entry"), ours.get("hash")
        if type(number) is int and 0 < number < 2**63 and type(hash) is str and self._known.is_own_entry(number, hash):
            return None
        bundle = ours.pop(MARK, None)
        row = {name: value for name, value in row.items() if value is not None or name not in AUDIT.names}
        moment = moments.read(row["ts"])
        row["ts"] = moments.write(moment) if moment else row["ts"]
        digest = hashlib.sha256(canonical.encode({**row, CARRIED: ours} if ours else row, "mem")).digest()
        mark = int.from_bytes(digest[:8])
        # The same entry twice in one log is two entries.
        if mark in self._met:
            self._again[mark] += 1
        self._met.add(mark)
        whole = {**row, CARRIED: {**ours, MARK: bundle if type(bundle) is str else self._digest}}
        return Heard(
            format=FORMAT_NAME,
            target=row["targetID"],
            native=canonical.encode(whole, "mem"),
            bare=canonical.encode(_bare(whole), "mem"),
            identity=hashlib.sha256(digest + b"%d" % (1 + self._again[mark])).digest(),
        )


def bundle_of(row: Mapping[str, Any]) -> str:
    """The digest of the bundle that brought a row; "" for one of our own."""
    own = row.get(CARRIED)
    return str(own.get(MARK, "")) if type(own) is dict else ""


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without its reason and without what nobody knows."""
    own = row[CARRIED]
    kept = {name: own[name] for name, type_ in _PLAIN.items() if type(own.get(name)) is type_}
    return {**{name: row[name] for name in ("actor", "op", "targetID", "ts")}, CARRIED: kept}
