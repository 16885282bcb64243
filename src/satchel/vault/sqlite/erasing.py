"""Taking records out of the vault: every state of them, their bytes wherever they lie, index entries, tags, links, files.

One transaction of the caller's; what is not reached here is told by nobody. The pages that come free are overwritten
(``secure_delete``), the index forgets entries in place (FTS5 ``secure-delete``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apsw
import msgspec

from satchel.errors import Place
from satchel.model import bodies
from satchel.model.erasure import Stores
from satchel.model.record import REDACTED, Native, Provenance, Record
from satchel.vault.sqlite import asides, packages, separators, vectors
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.excision import Excision, Gone
from satchel.vault.sqlite.rows import encode, indexed, remove_details, sort_time
from satchel.vault.values import Summary

#: So many records, or characters of them, are erased at once, and so many words swept.
_TOGETHER, _TOGETHER_CHARACTERS = 500, 8 << 20
_MOST_WORDS = 200_000
#: The objects whose kept bytes may hold a record: each by the first of its originals.
_OBJECTS = (
    "SELECT DISTINCT (SELECT min(same.id) FROM original same WHERE same.uid = o.uid) FROM original o WHERE o.id IN"
    " (SELECT original FROM record WHERE id = ?1 UNION SELECT original FROM version WHERE record = ?1"
    " UNION SELECT original FROM witness WHERE record = ?1 UNION SELECT original FROM telling WHERE record = ?1)"
)
#: Fields of bodies that say what sort of thing a record is and where it stands, not what was said.
#: How many characters a text has that could be a file's name, and is no syllable of any.
_LEAST_TITLE, _MOST_TITLE = 4, 255
_SHAPE = frozenset(
    {"role", "parent", "position", "source", "target", "about", "enabled", "is_archived", "is_starred", "is_hidden"}
)


def erase(
    connection: apsw.Connection,
    kept: Originals,
    gone: Sequence[Gone],
    also: Iterable[str] = (),
    progress: Callable[[int], None] = lambda _count: None,
) -> Stores:
    """Erase records, or what was said in them where their rows stay; what was reached.

    They go some hundreds at a time, those that share kept bytes together: what they say is not held for longer.

    Args:
        also: titles of what they were part of that were made of their words (quotations.untitle).
        progress: is told of each that went.
    """
    excision = Excision(connection, kept, {record.id for record in gone})
    also = tuple(also)
    counts = dict.fromkeys(("versions", "index_entries", "vectors", "links", "tags", "witnesses", "heard"), 0)
    files = packages.carried_count(connection)
    formats: dict[str, set[str]] = {}
    names = _Names(connection)
    words: set[bytes] = set()
    for some in together(connection, gone):
        beside = [asides.text_of(connection, record.id).encode("utf-8", "surrogatepass") for record in some]
        for record in some:
            asides.remove(connection, record.id)
        excision.run(some, also)
        for record in some:
            current = record.states[-1]
            _remove_rows(connection, record, current, counts)
            if record.stays:
                _leave_skeleton(connection, record.id, skeleton(current))
            else:
                connection.execute("DELETE FROM record WHERE id = ?", (record.id,))
                connection.execute("UPDATE record SET part_of = NULL WHERE part_of = ?", (record.id,))
            if current.origin.id:
                counts["heard"] += packages.hush(connection, current.origin.id)
            formats.setdefault(current.origin.format, set()).add(current.origin.kind or record.kind)
            names.meet(record.texts)
        words |= words_of(connection, some) | separators.words_of(connection, beside)
        if len(words) > _MOST_WORDS:
            sweep_words(connection, words)
            words.clear()
        progress(len(some))
    sweep_words(connection, words)
    for format, kinds in formats.items():
        packages.concern(connection, format, kinds)
    return Stores(
        records=len(gone),
        versions=counts["versions"],
        originals_dropped=excision.dropped,
        originals_rewritten=excision.rewritten,
        originals_emptied=excision.emptied,
        index_entries=counts["index_entries"],
        vectors=counts["vectors"],
        links=counts["links"],
        tags=counts["tags"],
        blobs=excision.blobs,
        blob_bytes=excision.blob_bytes,
        carried=files - packages.carried_count(connection),
        heard=counts["heard"],
        notes=_silence_notes(connection, excision.sources, names.telling),
        witnesses=counts["witnesses"],
    )


def together(connection: apsw.Connection, gone: Sequence[Gone]) -> Iterator[list[Gone]]:
    """Records with their states at hand, some at a time, in the order of their kept bytes; those that share an object come at
    once, for what one of them says may lie in the bytes that go with another."""
    joined: dict[int, int] = {}

    def first_of(object: int) -> int:
        while object in joined:
            object = joined[object]
        return object

    objects: list[int] = []
    for record in gone:
        found = sorted({first_of(object) for (object,) in rows(connection, _OBJECTS, (record.id,))}) or [0]
        objects.append(found[0])
        joined.update((other, found[0]) for other in found[1:])
    order = sorted(range(len(gone)), key=lambda at: (first_of(objects[at]), at))
    some: list[Gone] = []
    size = 0
    for place, at in enumerate(order):
        some.append(gone[at].holding())
        size += sum(len(text) for text in some[-1].texts)
        is_last = place + 1 == len(order)
        is_apart = is_last or first_of(objects[order[place + 1]]) != first_of(objects[at])
        if is_last or (is_apart and (len(some) >= _TOGETHER or size >= _TOGETHER_CHARACTERS)):
            yield some
            some, size = [], 0


def words_of(connection: apsw.Connection, gone: Iterable[Gone]) -> set[bytes]:
    """The words of what is gone, as the indexes have them."""
    return separators.words_of(connection, {text for record in gone for state in record.states for text in indexed(state)})


def sweep_words(connection: apsw.Connection, words: set[bytes]) -> None:
    """Take words of what is gone out of what the indexes know of words."""
    for index in ("text_index", "aside_index"):
        separators.sweep(connection, index, words)


def _remove_rows(connection: apsw.Connection, record: Gone, current: Record, counts: dict[str, int]) -> None:
    """All rows about a record but its own."""

    def removed(name: str, sql: str, *values: Any) -> None:
        connection.execute(sql, values)
        counts[name] += connection.changes()

    id = record.id
    removed("tags", "DELETE FROM tag WHERE record = ?", id)
    if not record.stays:
        removed("links", "DELETE FROM link WHERE record = ? OR target = ?", id, record.uid)
    removed("versions", "DELETE FROM version WHERE record = ?", id)
    removed("witnesses", "DELETE FROM witness WHERE record = ?", id)
    connection.execute("DELETE FROM telling WHERE record = ?", (id,))
    counts["vectors"] += vectors.remove(connection, id)
    counts["index_entries"] += remove_details(connection, id, current, links=not record.stays)


def skeleton(record: Record) -> Record:
    """What a redacted record keeps: its kind, times, links, and where it stands. Nothing that was said."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(type(record.body)):
        value = getattr(record.body, field.name)
        if field.name in _SHAPE or (isinstance(value, str) and field.name == "type" and value in _WORDS):
            fields[field.name] = value
        elif field.required:
            fields[field.name] = ""
    return Record(
        uid=record.uid,
        body=type(record.body)(**fields),
        origin=msgspec.structs.replace(record.origin, version="", dialect=""),
        times=record.times,
        status=record.status,
        trust=record.trust,
        links=record.links,
        provenance=Provenance(
            platform=record.provenance.platform,
            account=record.provenance.account,
            conversation=record.provenance.conversation,
            message=record.provenance.message,
            method=record.provenance.method,
        ),
        access=record.access,
        scope=record.scope,
        native=Native(pointer=record.native.pointer),
        touched=(REDACTED,),
    )


#: The model's own words for types of memories and scopes; any other type is somebody's text.
_WORDS: frozenset[str] = frozenset(
    word
    for body, name in ((bodies.Memory, "type"), (bodies.Scope, "type"))
    for word in msgspec.json.schema(body)["$defs"][body.__name__]["properties"][name]["enum"]
)


def _leave_skeleton(connection: apsw.Connection, id: int, record: Record) -> None:
    connection.execute(
        "UPDATE record SET data = ?, slot = NULL, content_key = NULL, created = ?, version = 1 WHERE id = ?",
        (encode(record), sort_time(record), id),
    )


class _Names:
    """Which names of files hold a whole text of what goes."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._by_id = {id: name for id, name in rows(connection, "SELECT id, name FROM source") if name}
        self._all = "\0".join(self._by_id.values())
        self.telling: set[int] = set()

    def meet(self, texts: set[str]) -> None:
        for text in texts:
            if _LEAST_TITLE <= len(text) <= _MOST_TITLE and text in self._all:
                self.telling.update(id for id, name in self._by_id.items() if text in name)


def _silence_notes(connection: apsw.Connection, sources: Iterable[int], telling: set[int]) -> int:
    """The hash of a file that held what was erased would be a test for it; the name of one that is left empty may tell, and so
    does a name that holds a whole text, as a prompt that is called by its file's name."""
    silenced = 0
    for source in sources:
        row = one(connection, "SELECT batch, name FROM source WHERE id = ?", (source,))
        if row is None:
            continue
        connection.execute("UPDATE source SET sha256 = NULL WHERE id = ?", (source,))
        batch, name = row
        used = "SELECT 1 FROM original WHERE batch = ? AND source = ? AND size > 0"
        if not name or (one(connection, used, (batch, source)) and source not in telling):
            continue
        connection.execute("UPDATE source SET name = '', size = 0 WHERE id = ?", (source,))
        silenced += 1 + _silence_batch(connection, batch, name)
    return silenced


def _silence_batch(connection: apsw.Connection, batch: int, name: str) -> int:
    row = one(connection, "SELECT label, summary FROM batch WHERE id = ?", (batch,))
    if row is None:
        return 0
    before = msgspec.json.decode(row[1], type=Summary)
    findings = tuple(
        msgspec.structs.replace(finding, place=Place()) if finding.place.file == name else finding
        for finding in before.findings
    )
    is_left = one(connection, "SELECT 1 FROM original WHERE batch = ? AND size > 0", (batch,)) is not None
    # A label is the names of what was typed: folders and archives, with what is in them.
    outer = {name, name.split("/", 1)[0]}
    label = f", {row[0]}, " if is_left else ""
    # A name may hold the separator itself.
    for part in sorted(outer, key=len, reverse=True):
        label = label.replace(f", {part}, ", ", ")
    label = label.strip(", ")
    after = msgspec.structs.replace(before, findings=findings)
    connection.execute("UPDATE batch SET label = ?, summary = ? WHERE id = ?", (label, msgspec.json.encode(after), batch))
    return 1
