"""Rows of a bundle as our records: the way back of ``lens``. What has no field of ours stays in the kept row."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.graves import key_of
from satchel.formats.portable_memory.header import header_restored
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import CARRIED, FOREIGN_KIND, FORMAT_NAME
from satchel.formats.portable_memory.manifest import FORMAT_VERSION
from satchel.formats.portable_memory.succession import KINDS as SUPERSEDED
from satchel.formats.portable_memory.succession import succeeded
from satchel.model import bodies
from satchel.model.ids import make_uid, uids_in
from satchel.model.normal_forms import nfkc
from satchel.model.record import Access, Link, LinkType, Origin, Provenance, Record, Status, Times, Trust
from satchel.model.text import leaves

#: The format bounds no integer; a column of the vault does. The row itself keeps its digits.
_MOST = 2**63 - 1

_STATUS: dict[str, Status] = {"ARCHIVED": "archived"}
#: Makes the uid of a row of each kind from its key.
UIDS = {kind: uids_in(FORMAT_NAME, kind) for kind in KINDS}

_PLAIN_ACCESS = Access()
_ACCESS = {"low": Access(sensitivity="low"), "normal": Access(sensitivity="normal"), "high": Access(sensitivity="high")}
#: The times that say when a row last changed, by kind; others do not tell.
_CHANGED = {
    "entity": ("updatedAt",),
    "resource": ("modified",),
    "episode": ("mentionTime", "ingestionTime"),
    "edge": ("ingestionTime",),
    "fact": ("createdAt", "lastReinforcedAt", "reconciledAt", "prunedAt"),
}


def uid_of(kind: str, row: Mapping[str, Any]) -> str:
    """The uid of a row: ids of the format are global (DESIGN, "The record"); a kind without ids goes by its key."""
    return UIDS[kind](key_of(KINDS[kind], row))


def folded_uid(kind: str, key: str) -> str:
    """The uid under which look-alikes of this key are found."""
    return make_uid(FORMAT_NAME, kind, "look-alike", _folded(key))


def _folded(key: str) -> str:
    text = nfkc(key).casefold()
    return "".join(letter for letter in text if not letter.isspace() and unicodedata.category(letter) != "Cf")


def foundations(kind: str, row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The uids of the rows that this one cannot be without, and of those that are its evidence."""
    of = dict(KINDS[kind].refs)
    parents = [make_uid(FORMAT_NAME, of[name], row[name]) for name in KINDS[kind].parents]
    follower = succeeded(kind, row)
    if follower:
        parents.append(make_uid(FORMAT_NAME, kind, follower))
    evidence = row.get("evidenceEpisodeIDs") or () if kind == "edge" else ()
    return parents, [make_uid(FORMAT_NAME, "episode", id) for id in evidence]


def changed_at(kind: str, row: Mapping[str, Any]) -> datetime | None:
    """The last change that the row tells of, for an older row must not replace a newer one."""
    found = [_time(row, name) for name in _CHANGED.get(kind, ())]
    return max((moment for moment in found if moment is not None), default=None)


def native_record(kind: str, row: Mapping[str, Any], uid: str, key: str | None = None) -> Record:
    """The record of a row that was checked; ``key`` where it is known already (``graves.key_of``)."""
    names = KINDS[kind].names
    ours = row.get(CARRIED)
    if not row.keys() <= names:
        # What this kind has not is a vendor's and of any type, be it called as a field of another kind.
        row = {name: value for name, value in row.items() if name in names}
    get = row.get
    body, links = _BODIES[kind](row)
    if kind in SUPERSEDED and succeeded(kind, row):
        # What deletes a statement deletes what it was before.
        links.append(Link("derived_from", UIDS[kind](succeeded(kind, row))))
    status: Status = _STATUS.get(str(get("lifecycleState")), "active")
    if get("supersededBy"):
        status = "superseded"
    elif get("deletedAt") or get("prunedAt"):
        status = "retracted"
    actors, categories, context = get("actors"), get("categories"), get("contextID")
    record = Record(
        uid=uid,
        body=body,
        origin=Origin(
            format=FORMAT_NAME, version=FORMAT_VERSION, id=key_of(KINDS[kind], row) if key is None else key, kind=kind
        ),
        times=_times(kind, row),
        status=status,
        trust=lowered(ours),
        links=tuple(links),
        provenance=_provenance(str(actors[0]) if actors else ""),
        access=_ACCESS.get(get("sensitivity", ""), _PLAIN_ACCESS),
        tags=tuple(dict.fromkeys([tag for tag in categories if tag])) if categories else (),
        scope=UIDS["context"](context) if context else "",
    )
    return record if type(ours) is not dict else header_restored(record, ours)


@functools.lru_cache(256)
def _provenance(actor: str) -> Provenance:
    return Provenance(platform=FORMAT_NAME, actor=actor)


def without_erased(kind: str, row: dict[str, Any], buried: Callable[[str], bool]) -> dict[str, Any] | None:
    """The row without its references to what was erased (dossier 10.3 R8); None where it has none. Those that it cannot be
    without stay: such a row is not there."""
    changed: dict[str, Any] = {}
    gone: set[str] = set()
    of = {**dict(KINDS[kind].refs), "contextID": "context"}
    for name in of.keys() & row.keys() - set(KINDS[kind].parents):
        value = row[name]
        if isinstance(value, list):
            kept = [id for id in value if not buried(_uid(of[name], id) or "00" * 20)]
            if len(kept) < len(value):
                changed[name] = kept
        elif type(value) is str and value and buried(_uid(of[name], value)):
            gone.add(name)
    if not changed and not gone:
        return None
    return {name: changed.get(name, value) for name, value in row.items() if name not in gone}


def lowered(said: Any) -> Trust:
    """The trust of what comes in: less where our own residue says that it deserves less, and never more."""
    return "untrusted" if type(said) is dict and said.get("trust") == "untrusted" else "imported"


def foreign_record(kind: str, line: bytes, uid: str, first: str) -> Record:
    """The record of a vendor's line; what strings it holds can be found. ``first`` is the uid of the line that has its id."""
    trust: Trust = "imported"
    try:
        value = msgspec.json.decode(line)
        text = "\n".join(leaves(value))
        if kind == FOREIGN_KIND:
            trust = lowered(value)
    except (msgspec.DecodeError, RecursionError):
        text = line.decode()
    return Record(
        uid=uid,
        body=bodies.Foreign(type=kind, text=text),
        origin=Origin(format=FORMAT_NAME, version=FORMAT_VERSION, kind=kind),
        trust=trust,
        # What deletes the one deletes the others of its id.
        links=(Link("derived_from", first),) if first and first != uid else (),
        provenance=Provenance(platform=FORMAT_NAME),
    )


def _time(row: Mapping[str, Any], name: str) -> datetime | None:
    value = row.get(name)
    return moments.read(value) if value else None


def _times(kind: str, row: Mapping[str, Any]) -> Times:
    if kind == "episode":
        return Times(
            created=_time(row, "ingestionTime"),
            updated=_time(row, "mentionTime"),
            observed=_time(row, "eventTime"),
            valid_to=_time(row, "expirationDate"),
        )
    if kind in ("edge", "fact"):
        return Times(
            created=_time(row, "createdAt") or _time(row, "ingestionTime"),
            observed=_time(row, "eventTime"),
            valid_from=_time(row, "tValidFrom"),
            valid_to=_time(row, "tValidTo"),
        )
    return Times(
        created=_time(row, "createdAt") or _time(row, "created"), updated=_time(row, "updatedAt") or _time(row, "modified")
    )


def _uid(kind: str, id: Any) -> str:
    return UIDS[kind](id) if type(id) is str and id else ""


def _links(type: LinkType, kind: str, ids: Any) -> list[Link]:
    found = ids if isinstance(ids, list) else [ids]
    return [Link(type, _uid(kind, id)) for id in found if id]


_Made = tuple[bodies.AnyBody, list[Link]]


def _between(kind: str, source: str, target: str, row: Mapping[str, Any]) -> list[Link]:
    """Links to both ends: without one of them the relation cannot be."""
    return _links("related_to", kind, list(dict.fromkeys((row[source], row[target]))))


def _relation(kind: str, source: str, target: str, type: str, row: Mapping[str, Any]) -> _Made:
    body = bodies.Relation(source=_uid(kind, row[source]), target=_uid(kind, row[target]), type=row[type])
    return body, _between(kind, source, target, row)


def _episode(row: Mapping[str, Any]) -> _Made:
    body = bodies.Memory(
        text=row["details"] or row["summary"],
        type="episode",
        confidence=float(row["confidence"]),
        salience=float(row["importance"]),
    )
    return body, []


def _fact(row: Mapping[str, Any]) -> _Made:
    body = bodies.Memory(
        text=row["text"],
        type="fact",
        subject=row["subject"],
        predicate=row["predicate"],
        object=row["object"],
        confidence=float(row["confidence"]),
        salience=float(row["importance"]),
    )
    return body, _links("derived_from", "episode", row["episodeID"])


def _edge(row: Mapping[str, Any]) -> _Made:
    body, ends = _relation("entity", "srcEntityID", "dstEntityID", "edgeType", row)
    body = msgspec.structs.replace(body, confidence=float(row["confidence"]))
    return body, [*ends, *_links("evidence", "episode", row["evidenceEpisodeIDs"])]


def _resource(row: Mapping[str, Any]) -> _Made:
    return bodies.Document(name=row["title"], text=row["summary"], media_type=row["mimeType"], url=row["uri"]), []


def _chunk(row: Mapping[str, Any]) -> _Made:
    return bodies.Chunk(text=row["text"], position=max(-_MOST, min(int(row["position"]), _MOST))), _links(
        "part_of", "resource", row["resourceID"]
    )


def _context(row: Mapping[str, Any]) -> _Made:
    body = bodies.Scope(name=row["label"], is_archived=row["archived"])
    return body, _links("part_of", "context", row.get("parentID"))


def _procedure(row: Mapping[str, Any]) -> _Made:
    body = bodies.Procedure(name=row["name"], trigger=row["triggerPattern"], steps=tuple(row["steps"]), enabled=row["enabled"])
    return body, []


def _entity(row: Mapping[str, Any]) -> _Made:
    body = bodies.Entity(name=row["canonicalName"], type=row["type"], aliases=tuple(row["aliases"]), text=row["summary"])
    return body, []


def _community(row: Mapping[str, Any]) -> _Made:
    body = bodies.Foreign(type="community", title=row["label"], text=row["summary"])
    return body, _links("related_to", "entity", row["memberEntityIDs"])


_BODIES: Mapping[str, Any] = {
    "episode": _episode,
    "fact": _fact,
    "edge": _edge,
    "entity": _entity,
    "resource": _resource,
    "chunk": _chunk,
    "context": _context,
    "procedure": _procedure,
    "community": _community,
    "core": lambda row: (bodies.Profile(title=row["id"], text=row["content"]), []),
    "category": lambda row: (bodies.Foreign(type="category", title=row["name"], text=row["description"]), []),
    "preference": lambda row: (bodies.Setting(name=row["key"], value=row["value"]), []),
    "secretRef": lambda row: (bodies.SecretRef(label=row["label"], category=row["category"]), []),
    "factLink": lambda row: _relation("fact", "srcFactID", "dstFactID", "linkType", row),
    "episodeLink": lambda row: _relation("episode", "srcEpisodeID", "dstEpisodeID", "linkType", row),
}
assert set(_BODIES) == set(KINDS)
