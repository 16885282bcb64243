"""What was said in what is gone, as keyed hashes: the same words are known again at the door, and tell nothing to whoever reads
the hashes without the vault's key.

A statement (a memory, an instruction) is known by its words alone. Of other records the words must be many, for a short message
is said by everybody; a shorter one is known by its words at its second.
"""

from __future__ import annotations

from typing import NamedTuple

import apsw

from satchel.model.bodies import Foreign, Message
from satchel.model.record import Record
from satchel.model.text import same_words, searchable
from satchel.model.times import to_microseconds
from satchel.vault.sqlite.connection import one
from satchel.vault.sqlite.rows import keyed

#: Kinds whose statement, once erased, is not taken from elsewhere either. The name of a person or a thing is none.
STATING = frozenset({"memory", "instruction", "profile", "document", "chunk"})
#: Kinds of short statements that are known by their words however few.
_STATEMENTS = frozenset({"memory", "instruction", "profile"})
#: So many bytes of words (without white space) are no coincidence.
MIN_TEXT_BYTES = 32
#: A text inside a vendor's record that is shorter than this is no statement of its own.
MIN_STATEMENT_BYTES = 16
_SECOND = 1_000_000


class Said(NamedTuple):
    """The keys by which a record's words are known: anywhere; at its own second alone."""

    anywhere: tuple[bytes, ...]
    then: tuple[bytes, ...]


def said(record: Record, secret: bytes) -> Said:
    """The keys of a record's words; none where it says nothing."""
    title, text = searchable(record)
    forms = {same_words("", text), same_words(title, text)}
    if isinstance(record.body, Foreign):
        forms |= {same_words("", part) for part in text.split("\n")}
    least = 1 if record.kind in _STATEMENTS else MIN_TEXT_BYTES
    if record.kind not in STATING and not isinstance(record.body, Message | Foreign):
        return Said((), ())
    anywhere = [keyed(words, secret) for words in forms if len(words) >= least]
    moment = record.times.created or record.times.observed
    then: list[bytes | None] = []
    if moment is not None and isinstance(record.body, Message):
        at = to_microseconds(moment) // _SECOND
        then = [keyed(b"%d\0%b" % (at, words), secret) for words in forms if words]
    return Said(tuple(key for key in anywhere if key), tuple(key for key in then if key))


def bar(connection: apsw.Connection, record: Record, secret: bytes) -> None:
    """Let the words of a record that goes not come again."""
    for key in (key for keys in said(record, secret) for key in keys):
        connection.execute(
            "INSERT INTO erased_text (content_key, refuse) VALUES (?, 1) ON CONFLICT (content_key) DO UPDATE SET refuse = 1",
            (key,),
        )


def is_barred(connection: apsw.Connection, record: Record, secret: bytes) -> bool:
    """Whether a record says what the owner had erased. What a record that stands in the vault says too is not barred."""
    keys = [key for found in said(record, secret) for key in found]
    marks = ",".join("?" * len(keys))
    if not keys or not one(connection, f"SELECT 1 FROM erased_text WHERE content_key IN ({marks}) AND refuse", tuple(keys)):
        return False
    standing = f"SELECT 1 FROM record WHERE content_key IN ({marks}) AND content_key IS NOT NULL AND kind <> 'message'"
    return one(connection, standing, tuple(keys)) is None
