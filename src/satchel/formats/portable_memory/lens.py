"""Our records as rows of a bundle (docs/model.md, the crosswalk).

A row's required times that the record does not have are substituted, and the ledger says so. What a row has no member for
rides in the foreign member ``satchel`` of the same row, which readers that follow the format keep (dossier 1.5, RFC-0002), so
that the way back restores the record. What another reader of ours prepared for this format (``residue["portable-memory"]``)
is laid over the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from satchel.codec import canonical
from satchel.formats.portable_memory import losses, moments
from satchel.formats.portable_memory.losses import EPISODES
from satchel.model import bodies
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.model.text import searchable

FORMAT_NAME = "portable-memory"
#: The foreign member, and the vendor's kind, in which what has no place of its own rides.
CARRIED = "satchel"
FOREIGN_KIND = "satchelRecord"
SUMMARY_CHARACTERS = 120
CHAR_BUDGET = 0

_PREFIXES = {
    "episode": "ep_",
    "entity": "ent_",
    "edge": "edge_",
    "resource": "res_",
    "chunk": "chk_",
    "procedure": "proc_",
    "context": "ctx_",
    "secretRef": "sec_",
    "core": "core_",
}
#: The row's kind for each of ours; a record of another kind is carried whole.
ROW_KINDS = {
    "memory": "episode",
    "message": "episode",
    "task": "episode",
    "conversation": "context",
    "scope": "context",
    "entity": "entity",
    "relation": "edge",
    "instruction": "core",
    "profile": "core",
    "procedure": "procedure",
    "skill": "procedure",
    "document": "resource",
    "chunk": "chunk",
    "setting": "preference",
    "secret_ref": "secretRef",
}
#: What the ledger calls each.
AS_ROW = {kind: f"as-{row.lower()}" for kind, row in ROW_KINDS.items()}
#: Statuses of what holds no longer. A row says so in an episode and a context; another kind's would say that it holds.
_PAST = ("superseded", "retracted")
_SAYS_PAST = EPISODES | {"conversation", "scope"}
_LIFECYCLE = {"active": "HOT", "superseded": "ARCHIVED", "deprecated": "COLD", "retracted": "ARCHIVED", "archived": "ARCHIVED"}


class Around(NamedTuple):
    """What a row needs besides its record. ``now``: when the vault last changed; ``leaves``: whether a uid leaves too."""

    now: datetime
    leaves: Callable[[str], bool]
    get: Callable[[str], Record | None]
    #: Whether tombstones forbid a row of this uid; whether others' do.
    buried: Callable[[str], bool] = lambda _: False
    buried_by_others: Callable[[str], bool] = lambda _: False


def row_id(record: Record) -> str:
    """The id of the record's row: its own where it is this format's, or a reader of ours prepared it for this format."""
    if record.origin.id and (record.origin.format == FORMAT_NAME or FORMAT_NAME in record.residue):
        return record.origin.id
    return _PREFIXES.get(ROW_KINDS.get(record.kind, ""), "") + record.uid


def has_row(record: Record) -> bool:
    """Whether a record is written as a row: of a kind that has one, and not where the row would say that it still holds."""
    return record.kind in ROW_KINDS and (record.status not in _PAST or record.kind in _SAYS_PAST)


def rows_of(record: Record, around: Around, ledger: Ledger) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a record, each with its kind: one, and for a document with text its chunk; none for a vendor's kind."""
    kind = ROW_KINDS[record.kind]
    row, said = _Maker(record, around, ledger).row()
    carried = _carried(record, said)
    if carried:
        row[CARRIED] = carried
    losses.tell(record, row, carried, ledger, summary=SUMMARY_CHARACTERS)
    prepared = record.residue.get(FORMAT_NAME)
    if type(prepared) is dict:
        row.update(prepared)
    yield kind, row
    if isinstance(record.body, bodies.Document) and record.body.text:
        yield (
            "chunk",
            {
                "id": _PREFIXES["chunk"] + record.uid,
                "position": 0,
                "resourceID": row["id"],
                "sensitivity": row_sensitivity(record),
                "text": record.body.text,
            },
        )


def whole(record: Record) -> bytes:
    """The line of a record that has no native kind; by its ``id`` a later state is known for one, and a tombstone finds it."""
    return canonical.encode({**_plain(record), "id": record.uid}, "mem")


def row_sensitivity(record: Record) -> str:
    """``low`` and ``high`` are the words that are seen; the word is open, and what is more than low is not called so."""
    return record.access.sensitivity or "low"


class _Times:
    """Times as the rows write them; one that is missing is substituted, which ``losses`` tells."""

    def __init__(self, record: Record, around: Around) -> None:
        self._record = record
        self._around = around
        times = record.times
        self._spare = times.created or times.observed or times.updated or times.valid_from or times.recorded or around.now

    def stored(self) -> str:
        """When it came to be stored: made, taken into the vault, or at the latest when the vault last changed."""
        times = self._record.times
        return self.required(times.created, times.recorded, spare=self._around.now)

    def required(self, *moments_in_order: datetime | None, spare: datetime | None = None) -> str:
        """The first that there is."""
        for moment in moments_in_order:
            if moment is not None:
                return moments.write(moment)
        return moments.write(spare or self._spare)


def _plain(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(record)
    value.pop("native", None)
    times = value.get("times", {})
    times.pop("recorded", None)
    if not times:
        value.pop("times", None)
    value.get("residue", {}).pop(FORMAT_NAME, None)
    if not value.get("residue"):
        value.pop("residue", None)
    return value


def _carried(record: Record, said: frozenset[str]) -> dict[str, Any]:
    """The record without what its row says in full: enough to make it again."""
    value = _plain(record)
    body = value["body"]
    for name in said:
        body.pop(name, None)
    return value


#: A row, and the body's members that it says in full.
_Row = tuple[dict[str, Any], frozenset[str]]


class _Maker:
    """Makes the row of one record."""

    def __init__(self, record: Record, around: Around, ledger: Ledger) -> None:
        self._record = record
        self._around = around
        self._ledger = ledger
        self._times = _Times(record, around)

    def row(self) -> _Row:
        body = self._record.body
        match body:
            case bodies.Memory():
                return self._memory(body)
            case bodies.Message():
                return self._message(body)
            case bodies.Task():
                return self._task(body)
            case bodies.Conversation():
                return self._whole(body.title, body.is_archived or self._record.status in _PAST)
            case bodies.Scope():
                return self._whole(body.name, body.is_archived or self._record.status in _PAST)
            case bodies.Entity():
                return self._entity(body)
            case bodies.Relation():
                return self._edge(body)
            case bodies.Instruction() | bodies.Profile():
                return self._core(body)
            case bodies.Procedure():
                return self._procedure(body)
            case bodies.Skill():
                return self._skill(body)
            case bodies.Document():
                return self._resource(body)
            case bodies.Chunk():
                return self._chunk(body)
            case bodies.Setting():
                return self._preference(body)
            case bodies.SecretRef():
                return self._secret(body)
            case _:
                raise AssertionError(f"no row for {self._record.kind}")

    def _core(self, body: bodies.Instruction | bodies.Profile) -> _Row:
        return {"charBudget": CHAR_BUDGET, "content": body.text, "id": row_id(self._record), "version": 0}, frozenset({"text"})

    def _episode(self, **more: Any) -> dict[str, Any]:
        """An episode; of a record that was prepared for this format, only what the preparation leaves to us."""
        text = more.pop("details")
        clock = self._record.times
        prepared = FORMAT_NAME in self._record.residue
        row: dict[str, Any] = {
            "accessCount": 0,
            "actors": [],
            "categories": [] if prepared else list(self._record.tags),
            "confidence": 0.7,
            "details": text,
            "eventTime": self._times.required(clock.observed, clock.created),
            "extractionState": "done",
            "id": row_id(self._record),
            "importance": 0.5,
            "ingestionTime": self._times.stored(),
            "lifecycleState": _LIFECYCLE[self._record.status],
            "mentionTime": self._times.required(clock.updated, clock.observed, clock.created),
            "metadata": {},
            "pinned": False,
            "sensitivity": row_sensitivity(self._record),
            "sourceType": "note",
            "summary": text[:SUMMARY_CHARACTERS],
            "vaultRefs": [],
        }
        row.update({name: value for name, value in more.items() if value is not None})
        if prepared:
            return row
        if self._record.origin.id:
            row["sourceID"] = self._record.origin.id
        if self._record.provenance.actor:
            row["actors"] = [self._record.provenance.actor]
        if clock.valid_to is not None:
            row["expirationDate"] = moments.write(clock.valid_to)
        if self._record.status == "retracted":
            # The format's own mark; not every reader looks at the state of life.
            row["deletedAt"] = self._times.required(clock.updated, clock.recorded)
        return row

    def _memory(self, body: bodies.Memory) -> _Row:
        row = self._episode(
            details=body.text,
            confidence=body.confidence,
            importance=body.salience,
            contextID=self._context(self._record.scope or self._record.provenance.conversation),
        )
        return row, frozenset({"text"})

    def _message(self, body: bodies.Message) -> _Row:
        text = searchable(self._record)[1]
        one = len(body.parts) == 1 and body.parts[0] == bodies.Part(type="text", text=text)
        row = self._episode(
            details=text,
            sourceType="chat",
            speaker=body.role,
            contextID=self._context(self._record.linked("part_of")),
        )
        return row, frozenset({"parts"}) if one else frozenset()

    def _task(self, body: bodies.Task) -> _Row:
        text = f"{body.title}\n{body.text}" if body.text else body.title
        return self._episode(details=text, contextID=self._context(self._record.scope)), frozenset()

    def _whole(self, label: str, archived: bool) -> _Row:
        row = {
            "archived": archived,
            "createdAt": self._times.required(self._record.times.created),
            "id": row_id(self._record),
            "label": label,
        }
        parent = self._context(self._record.scope or self._record.linked("part_of"))
        if parent is not None:
            row["parentID"] = parent
        return row, frozenset({"title", "name", "is_archived"})

    def _entity(self, body: bodies.Entity) -> _Row:
        row = {
            "aliases": list(body.aliases),
            "canonicalName": body.name,
            "id": row_id(self._record),
            "sensitivity": row_sensitivity(self._record),
            "summary": body.text,
            "type": body.type,
            "updatedAt": self._times.required(self._record.times.updated, self._record.times.created),
        }
        return row, frozenset({"name", "aliases", "text", "type"})

    def _edge(self, body: bodies.Relation) -> _Row:
        clock = self._record.times
        evidence = [link.to for link in self._record.links if link.type == "evidence"]
        row = {
            "confidence": 0.7 if body.confidence is None else body.confidence,
            "dstEntityID": self._reference(body.target),
            "edgeType": body.type,
            "evidenceEpisodeIDs": [self._reference(uid) for uid in evidence if self._around.leaves(uid)],
            "id": row_id(self._record),
            "ingestionTime": self._times.stored(),
            "srcEntityID": self._reference(body.source),
            "tValidFrom": self._times.required(clock.valid_from, clock.observed, clock.created),
        }
        if clock.valid_to is not None:
            row["tValidTo"] = moments.write(clock.valid_to)
        return row, frozenset()

    def _procedure(self, body: bodies.Procedure) -> _Row:
        return self._steps(body.name, body.steps, body.trigger, enabled=body.enabled), frozenset(
            {"name", "steps", "trigger", "enabled"}
        )

    def _skill(self, body: bodies.Skill) -> _Row:
        return self._steps(body.name, (body.text,), body.description), frozenset({"name", "text", "description"})

    def _steps(self, name: str, steps: tuple[str, ...], trigger: str, *, enabled: bool = True) -> dict[str, Any]:
        return {
            "enabled": enabled,
            "failureCount": 0,
            "id": row_id(self._record),
            "name": name,
            "steps": list(steps),
            "successCount": 0,
            "triggerPattern": trigger,
        }

    def _resource(self, body: bodies.Document) -> _Row:
        if body.blob:
            text = "the format holds a file's text and hash, not its bytes"
            self._ledger.field("document", "body.blob", "lost", "no-bytes", text, uid=self._record.uid)
        row = {
            "contentHash": f"sha256:{body.blob}" if body.blob else "",
            "created": self._times.required(self._record.times.created),
            "id": row_id(self._record),
            "mimeType": body.media_type,
            "modified": self._times.required(self._record.times.updated, self._record.times.created),
            "summary": body.text[:SUMMARY_CHARACTERS],
            "title": body.name,
            "uri": body.url,
        }
        return row, frozenset({"text", "name", "media_type", "url"})

    def _chunk(self, body: bodies.Chunk) -> _Row:
        row = {
            "id": row_id(self._record),
            "position": body.position,
            "resourceID": self._reference(self._record.linked("part_of")),
            "sensitivity": row_sensitivity(self._record),
            "text": body.text,
        }
        return row, frozenset({"text", "position"})

    def _preference(self, body: bodies.Setting) -> _Row:
        text = body.value if type(body.value) is str else canonical.encode(body.value, "mem").decode()
        # A setting's name is no key of its own: two platforms may both have it.
        platform = self._record.provenance.platform
        return {"key": f"{platform}:{body.name}" if platform else body.name, "value": text}, frozenset()

    def _secret(self, body: bodies.SecretRef) -> _Row:
        row = {
            "category": body.category,
            "createdAt": self._times.required(self._record.times.created),
            "encryptionMetadata": "",
            "id": row_id(self._record),
            "label": body.label,
            "preview": "",
            "sensitivity": "high",
        }
        return row, frozenset({"label", "category"})

    def _reference(self, uid: str) -> str:
        """The id of another record's row."""
        record = self._around.get(uid) if uid else None
        return uid if record is None else row_id(record)

    def _context(self, uid: str) -> str | None:
        if not uid or uid == self._record.uid or not self._around.leaves(uid):
            return None
        other = self._around.get(uid)
        return row_id(other) if other is not None and ROW_KINDS.get(other.kind) == "context" else None
