"""Taking records out of the vault: every state of them, their bytes wherever they lie, index entries, tags, links, files.

One transaction of the caller's; what is not reached here is told by nobody. The pages that come free are overwritten
(``secure_delete``), the index forgets entries in place (FTS5 ``secure-delete``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec

from satchel.errors import Place
from satchel.model import bodies
from satchel.model.erasure import Stores
from satchel.model.record import REDACTED, Native, Provenance, Record
from satchel.vault.sqlite import asides, packages, separators, vectors
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one
from satchel.vault.sqlite.excision import Excision, Gone
from satchel.vault.sqlite.rows import encode, indexed, remove_details, sort_time
from satchel.vault.values import Summary

#: Fields of bodies that say what sort of thing a record is and where it stands, not what was said.
#: How many characters a text has that could be a file's name, and is no syllable of any.
_LEAST_TITLE, _MOST_TITLE = 4, 255
_SHAPE = frozenset(
    {"role", "parent", "position", "source", "target", "about", "enabled", "is_archived", "is_starred", "is_hidden"}
)


def erase(connection: apsw.Connection, kept: Originals, gone: Sequence[Gone], also: Iterable[str] = ()) -> Stores:
    """Erase records, or what was said in them where their rows stay; what was reached.

    Args:
        also: titles of what they were part of that were made of their words (quotations.untitle).
    """
    excision = Excision(connection, kept)
    counts = dict.fromkeys(("versions", "index_entries", "vectors", "links", "tags", "witnesses", "heard"), 0)
    files = packages.carried_count(connection)
    beside = [asides.text_of(connection, record.id).encode("utf-8", "surrogatepass") for record in gone]
    for record in gone:
        asides.remove(connection, record.id)
    excision.run(gone, also)
    formats: dict[str, set[str]] = {}
    for record in gone:
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
    sweep(connection, gone, beside)
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
        notes=_silence_notes(connection, excision.sources, {text for record in gone for text in record.texts}),
        witnesses=counts["witnesses"],
    )


def sweep(connection: apsw.Connection, gone: Iterable[Gone], beside: Iterable[bytes] = ()) -> None:
    """Take the words of what is gone, and of text beside it, out of what the indexes know of words."""
    words = words_of(connection, gone) | separators.words_of(connection, beside)
    sweep_words(connection, words)


def words_of(connection: apsw.Connection, gone: Iterable[Gone]) -> set[bytes]:
    """The words of what is gone, as the indexes have them."""
    return separators.words_of(connection, {text for record in gone for state in record.states for text in indexed(state)})


def sweep_words(connection: apsw.Connection, words: set[bytes]) -> None:
    """As ``sweep``, of words that were gathered."""
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


def _silence_notes(connection: apsw.Connection, sources: Iterable[int], texts: set[str]) -> int:
    """The hash of a file that held what was erased would be a test for it; the name of one that is left empty may tell, and so
    does a name that holds a whole text, as a prompt that is called by its file's name."""
    silenced = 0
    titles = [text for text in texts if _LEAST_TITLE <= len(text) <= _MOST_TITLE]
    for source in sources:
        row = one(connection, "SELECT batch, name FROM source WHERE id = ?", (source,))
        if row is None:
            continue
        connection.execute("UPDATE source SET sha256 = NULL WHERE id = ?", (source,))
        batch, name = row
        used = "SELECT 1 FROM original WHERE batch = ? AND source = ? AND size > 0"
        if not name or (one(connection, used, (batch, source)) and not any(title in name for title in titles)):
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
