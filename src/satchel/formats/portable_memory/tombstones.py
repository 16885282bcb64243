"""A tombstone as bytes that were signed, and as uids that it forbids (dossier 4)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from satchel.codec import canonical
from satchel.errors import Place
from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.graves import is_skeleton
from satchel.formats.portable_memory.kinds import DERIVED, KINDS, TOMBSTONE
from satchel.formats.portable_memory.lens import CARRIED, FORMAT_NAME
from satchel.formats.portable_memory.records import folded_uid
from satchel.model.ids import UID, make_uid
from satchel.model.record import Tombstone
from satchel.trust import tokens
from satchel.trust.secrets import Secret
from satchel.trust.tokens import Verdict

#: Kinds whose text is free prose about everything: a quotation of what is deleted leaves it, the row stays (dossier D8).
SCRUBBED = ("community", "core", "procedure", "preference")


def verdict(row: Mapping[str, Any], trusted: frozenset[str] = frozenset()) -> Verdict | None:
    """What the tombstone's own signature is worth; None without one.

    It may be over all members as they stand (ours, which covers a vendor's too), or over what the public SDKs know of them,
    times in one spelling (dossier 4.4).
    """
    token = row.get("signature")
    if type(token) is not str:
        return None
    data = token.encode("utf-8", "surrogatepass")
    whole = {name: value for name, value in row.items() if name != "signature"}
    found = tokens.verify(data, canonical.encode(whole, "mem"), trusted)[0]
    if found == "invalid":
        return tokens.verify(data, canonical.encode(_as_the_sdks_know_it(whole), "mem"), trusted)[0]
    return found


def signer(row: Mapping[str, Any]) -> str:
    """The public key that the tombstone's own signature names; "" without one."""
    token = row.get("signature")
    return token.split(":")[1] if type(token) is str and token.count(":") == 2 else ""


def tombstone_of(
    row: Mapping[str, Any], line: bytes, place: Place, spared: frozenset[str] = frozenset(), *, is_own: bool = False
) -> Tombstone:
    """The tombstone of a row that was checked; ``line`` is the row as it came. ``is_own``: a vault of the owner's signed it."""
    derived = row.get("derived") or {}
    kinds = {row["targetKind"], *(kind for name, kind in DERIVED.items() if kind and derived.get(name))}
    return Tombstone(
        targets=targets_of(row),
        alike=folded_uid(row["targetKind"], row["targetID"]),
        op=operation(row),
        format=FORMAT_NAME,
        native=line,
        place=place,
        kind=row["targetKind"],
        id=row["targetID"],
        name=row["id"],
        scrubs=SCRUBBED,
        actor=row["actor"],
        at=moments.read(row["deletedAt"]),
        kinds=tuple(sorted(kinds)),
        is_silent=functools.partial(_is_silent, row["targetKind"]),
        spared=spared,
        beyond=_uids(row) if is_own else (),
    )


def _uids(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The uids of records of other sources that a tombstone of ours names."""
    ours = row.get(CARRIED)
    uids = ours.get("uids") if type(ours) is dict else None
    return tuple(uid for uid in uids if type(uid) is str and UID.fullmatch(uid)) if type(uids) is list else ()


def made(
    kind: str,
    key: str,
    *,
    op: Literal["delete", "redact"],
    name: str,
    at: datetime,
    derived: Mapping[str, Any],
    uids: Sequence[str],
    reach: Mapping[str, Any],
    key_of_vault: Secret,
) -> Tombstone:
    """A tombstone of our own, signed (4.4). ``derived`` is the proof of reach as the format knows it, what is missing in it is
    empty. ``uids`` of the records, the target's first, and ``reach`` stand in a member of our own: counts, and no content."""
    lists: dict[str, Any] = {name: [] if not name.endswith("Count") else 0 for name in DERIVED}
    row: dict[str, Any] = {
        "actor": "satchel",
        "deletedAt": moments.write(at),
        "derived": {**lists, **derived},
        "id": name,
        "op": op,
        CARRIED: {"reach": dict(reach), "uids": list(uids)},
        "targetID": key,
        "targetKind": kind,
    }
    row["signature"] = tokens.sign(key_of_vault, canonical.encode(row, "mem"))
    return tombstone_of(row, canonical.encode(row, "mem"), Place())


def _is_silent(kind: str, line: bytes) -> bool:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return type(row) is dict and is_skeleton(kind, row)


def targets_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The uids that a tombstone names: its target, then all that it says was derived from it (4.1)."""
    found = [make_uid(FORMAT_NAME, row["targetKind"], row["targetID"])]
    derived = row.get("derived") or {}
    for name, kind in DERIVED.items():
        if kind:
            found.extend(make_uid(FORMAT_NAME, kind, id) for id in derived.get(name) or ())
    return tuple(dict.fromkeys(found))


def operation(row: Mapping[str, Any]) -> Literal["delete", "redact"]:
    """What is done to the target. Of a row whose key is its content, a redaction leaves nothing."""
    kind = KINDS.get(row["targetKind"])
    return "redact" if row["op"] == "redact" and (kind is None or kind.key == ("id",)) else "delete"


def _as_the_sdks_know_it(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if name in TOMBSTONE.names and value is not None}
    moment = moments.read(str(row.get("deletedAt")))
    if moment is not None:
        known["deletedAt"] = moments.write(moment)
    derived = row.get("derived")
    if type(derived) is dict:
        known["derived"] = {name: derived.get(name, 0 if name.endswith("Count") else []) for name in DERIVED}
    return known
