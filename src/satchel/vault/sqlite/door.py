"""At the door: what was erased is not taken again, under whatever id, from whatever source, alone or inside something larger.

A source object that is one record is refused whole. Of one that holds many (a conversation), the erased ones are left out, and
its bytes are kept without them, as they are in the vault (excision). ``allow`` lets a record in after all; nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import apsw
from msgspec.structs import replace

from satchel.codec import excise
from satchel.errors import Place
from satchel.model.bodies import Foreign
from satchel.model.findings import Finding, erased
from satchel.model.record import Original, Record
from satchel.model.text import same_words, searchable
from satchel.vault.sqlite import audit, barred, graves, quotations
from satchel.vault.sqlite.closure import FREE
from satchel.vault.sqlite.connection import one
from satchel.vault.sqlite.excision import Gone, excised
from satchel.vault.sqlite.rows import content_key, encode, keyed

_Read = list[tuple[Record, bytes]]


class Admitted(NamedTuple):
    """What may be kept of a source object."""

    original: Original
    records: _Read


class Door:
    """Asked of everything that comes, once anything was erased."""

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        secret: bytes,
        now: int,
        batch: int,
        note: Callable[[Finding], None],
        count: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._secret = secret
        self._now = now
        self._batch = batch
        self._note = note
        #: Told the kind of each record that is not taken.
        self._count = count
        self._allowed: tuple[str, ...] = ()

    def allow(self, ids: Sequence[str]) -> None:
        """See Intake.allow."""
        self._allowed += tuple(id.lower() for id in ids)

    def buried(self, uid: str) -> str:
        """See Intake.buried."""
        op = graves.buried(self._connection, bytes.fromhex(uid))
        return "" if op in ("delete", "redact") and self._is_allowed(uid) else op

    def admit(self, original: Original, records: _Read) -> Admitted | None:
        """What may be kept of it; None where that is nothing."""
        if self._is_forbidden_whole(original, records):
            for record, _ in records:
                self._count(record.kind)
            self._note(erased(original.place, original.uid))
            return None
        out = [record for record, _ in records if self._is_forbidden(record)]
        if out:
            for record in out:
                self._count(record.kind)
                self._note(erased(replace(original.place, pointer=record.native.pointer), record.uid))
            if len(out) == len(records):
                return None
            original, records = self._without(original, records, out)
        elif len(records) == 1 and self._was_erased(records[0][0]):
            # Somebody else may have said it too: that is for the owner to decide.
            text = "it says, under another id, what a tombstone erased; it was taken"
            self._note(Finding("erased-words", "warning", text, original.place))
        if any(quotations.is_scrubbed(self._connection, bytes.fromhex(record.uid)) for record, _ in records):
            original, records = self._scrubbed(original, records)
        return Admitted(original, records)

    def admits(self, record: Record, place: Place) -> bool:
        """Whether a record that comes with a file of its own may be taken; told where not."""
        if not self._is_forbidden(record):
            return True
        self._count(record.kind)
        self._note(erased(place, record.uid))
        return False

    def _is_forbidden_whole(self, original: Original, records: _Read) -> bool:
        op = self.buried(original.uid)
        if op == "redact":
            # A skeleton may come; whatever says anything may not.
            return any(any(searchable(record)) for record, _ in records) or not records
        return op == "delete"

    def _is_forbidden(self, record: Record) -> bool:
        op = self.buried(record.uid)
        if op == "delete" or (op == "redact" and any(searchable(record))):
            return True
        gone = [self.buried(link.to) == "delete" for link in record.links if link.type in ("derived_from", "evidence")]
        whole = record.linked("part_of")
        rests_on_nothing = (gone and all(gone)) or (bool(whole) and record.kind not in FREE and self.buried(whole) == "delete")
        says_it_again = not rests_on_nothing and self._says_it_again(record)
        return (rests_on_nothing or says_it_again) and not self._is_allowed(record.uid)

    def _says_it_again(self, record: Record) -> bool:
        return barred.is_barred(self._connection, record, self._secret) and not self._stands(record.uid)

    def _is_allowed(self, uid: str) -> bool:
        if not self._allowed or not uid.startswith(self._allowed):
            return False
        self._connection.execute("INSERT OR IGNORE INTO allowed (target) VALUES (?)", (bytes.fromhex(uid),))
        if self._connection.changes():
            audit.append(self._connection, at=self._now, operation="allow-erased", batch=self._batch, detail={"uid": uid})
        return True

    def _stands(self, uid: str) -> bool:
        return one(self._connection, "SELECT 1 FROM record WHERE uid = ?", (bytes.fromhex(uid),)) is not None

    def _without(self, original: Original, records: _Read, out: Sequence[Record]) -> Admitted:
        """The object without these records."""
        left = [(record, data) for record, data in records if record not in out]
        gone = [Gone(0, bytes.fromhex(record.uid), record.kind, (record,)) for record in out]
        is_head = any(record.uid == original.uid for record in out)
        called: list[str] = []
        for at, (record, _) in enumerate(left):
            parts = [part for part in out if part.linked("part_of") == record.uid]
            after = quotations.untitled(record, parts) if parts else record
            if after != record:
                called += searchable(record)
                left[at] = (after, encode(after))
        native = None if is_head else excised(original.native, gone, [record for record, _ in left], called)
        return Admitted(replace(original, native=excise.GAP if native is None else native, dialect=""), left)

    def _scrubbed(self, original: Original, records: _Read) -> Admitted:
        """The object without the quotations that were taken out of it before."""
        looked_for = quotations.remembered(self._connection, self._secret)
        scrubbed = [
            (record, data) for record, data in records if quotations.is_scrubbed(self._connection, bytes.fromhex(record.uid))
        ]
        cleaned, after = quotations.cleaned(original, scrubbed, looked_for)
        if cleaned.native != original.native:
            text = "it quotes what was erased; the quotation was not taken"
            self._note(Finding("erased-quotation", "warning", text, original.place))
        changed = {record.uid: (record, data) for record, data in after}
        return Admitted(cleaned, [changed.get(record.uid, (record, data)) for record, data in records])

    def _was_erased(self, record: Record) -> bool:
        """Whether a new record says what others erased. One that stands in the vault all the same was said by somebody else."""
        title, text = searchable(record)
        if record.kind in barred.STATING:
            keys = [content_key(record, title, text, self._secret)]
        elif isinstance(record.body, Foreign):
            # Nobody knows which of its texts is the statement; a word or two is none.
            parts = [same_words("", part) for part in text.split("\n")]
            keys = [keyed(part, self._secret) for part in parts if len(part) >= barred.MIN_STATEMENT_BYTES]
        else:
            return False
        return any(graves.said(self._connection, key) for key in keys) and not self._stands(record.uid)
