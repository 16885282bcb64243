"""One entry of "My Activity", whatever file it came in: a prompt with its answers, or something else that was done.

An entry is an original of its own: its bytes are exactly the file's, and forgetting it forgets nothing else. The talk that
it is part of is worked out from all entries of the file (``groups``) and comes along as a record of its own.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import msgspec

from satchel.adapters.gemini import markup
from satchel.adapters.gemini.groups import Placement
from satchel.adapters.gemini.markup import Text
from satchel.adapters.gemini.verbs import Kind
from satchel.adapters.gemini.wire import PLATFORM, origin, part_type, provenance, uid_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Citation, Conversation, Foreign, Message, Part, Role
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Record, Times

#: Messages of one entry have so many places between it and the next; drafts past that share the last.
_PLACES = 16


class FileRef(msgspec.Struct, frozen=True):
    """A file that an entry names: what the person called it, and what it is called in the export."""

    name: str
    ref: str = ""


class Turn(msgspec.Struct, frozen=True):
    """One thing said. ``html`` is still to be read; ``said`` has been. Drafts are answers to the same prompt."""

    role: Role
    text: str = ""
    html: str = ""
    said: Text | None = None
    pointer: str = ""
    is_draft: bool = False


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """``title`` is as Google wrote it, with its verb. ``talk`` is the conversation's id, where a link names one."""

    title: str
    kind: Kind
    turns: tuple[Turn, ...] = ()
    files: tuple[FileRef, ...] = ()
    at: datetime | None = None
    #: Orders the entries of a file where the moment is not certain.
    rough: datetime | None = None
    raw_time: str = ""
    talk: str = ""
    #: What it says of the Gem that was used, in the account's language.
    gem_note: str = ""

    @property
    def is_answered(self) -> bool:
        return any(turn.role == "assistant" for turn in self.turns)

    @property
    def prompt(self) -> str:
        return next((turn.text for turn in self.turns if turn.role == "user"), "")


def words_of(exchange: Exchange) -> str:
    """A hash of what an entry says, white space aside: both kinds of file say it alike."""
    said = exchange.title
    if not said.endswith(exchange.prompt):
        # Entries of the older forms are all called alike.
        said += "\n" + "\n".join(turn.text for turn in exchange.turns)
    return hashlib.sha256(" ".join(said.split()).encode("utf-8", "surrogatepass")).hexdigest()


def entry_uid(account: str, words: str, at: datetime | None, raw_time: str) -> str:
    """The uid of an entry: its moment to the second and its words. What is no certain moment stands as it is written."""
    moment = at.replace(microsecond=0).astimezone(UTC).isoformat() if at else raw_time
    return make_uid(PLATFORM, account, "activity", moment, words)


def message_uid(uid: str, at: int) -> str:
    """The uid of an entry's message: the first is the entry's own."""
    return uid if at == 0 else make_uid(uid, "message", str(at))


def records_of(exchange: Exchange, uid: str, placement: Placement, account: str, notes: Notes) -> tuple[Record, ...]:
    """The entry's messages, behind the talk's own record where ``placement`` asks for it."""
    if exchange.at is None and exchange.raw_time:
        notes.add("bad-time", "a time cannot be read with certainty and is left out", "warning", "changed")
    elif exchange.at is None:
        notes.add("no-time", "an entry has no time", "warning")
    if not exchange.turns:
        notes.add("activity", "an entry is no prompt and no answer; it is kept by itself")
        return (_deed(exchange, uid, account),)
    records = [_conversation(placement, account)] if placement.has_head else []
    return (*records, *_messages(exchange, uid, placement, account, notes))


def _deed(exchange: Exchange, uid: str, account: str) -> Record:
    return Record(
        uid=uid,
        body=Foreign(type="gemini.activity", title=" ".join(exchange.title.split()), text=""),
        origin=origin("activity"),
        times=Times(created=exchange.at),
        provenance=provenance(account),
        native=Native(),
    )


def _conversation(placement: Placement, account: str) -> Record:
    return Record(
        uid=placement.conversation,
        body=Conversation(title=placement.title, current=placement.current),
        origin=origin("conversation" if placement.talk else "inferred_conversation", placement.talk),
        times=Times(created=placement.created, updated=placement.updated),
        provenance=provenance(account),
        scope=uid_of(account, "gem", placement.gem) if placement.gem else "",
        native=Native(),
        residue={} if placement.talk else {PLATFORM: {"grouping": "inferred"}},
    )


def _messages(exchange: Exchange, uid: str, placement: Placement, account: str, notes: Notes) -> list[Record]:
    parent = placement.parent
    records: list[Record] = []
    has_files = False
    for at, turn in enumerate(exchange.turns):
        parts = _parts(turn, account, notes)
        if turn.role == "user" and not has_files:
            parts.extend(file_part(file, account) for file in exchange.files)
            has_files = True
        records.append(
            Record(
                uid=message_uid(uid, at),
                body=Message(
                    role=turn.role,
                    parts=tuple(parts),
                    parent=parent,
                    position=placement.position + min(at, _PLACES - 1),
                ),
                origin=origin("message"),
                times=Times(created=exchange.at),
                links=(Link("part_of", placement.conversation),),
                provenance=provenance(account),
                native=Native(pointer=turn.pointer),
                residue={PLATFORM: {"time": exchange.raw_time}} if exchange.at is None and exchange.raw_time else {},
            )
        )
        # Drafts stand side by side under the prompt.
        if not turn.is_draft:
            parent = message_uid(uid, at)
    return records


def file_part(file: FileRef, account: str) -> Part:
    """The part of a message that stands for a file of the export."""
    base = base_name(file.ref)
    return Part(
        type=part_type(file.ref or file.name),
        name=file.name or base,
        ref=file.ref,
        asset=uid_of(account, "file", base) if base else "",
    )


def base_name(ref: str) -> str:
    """The last part of a path; it is only ever compared with names."""
    return ref.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _parts(turn: Turn, account: str, notes: Notes) -> list[Part]:
    said = turn.said
    if said is None and turn.html:
        said, is_whole = markup.read(turn.html)
        if not is_whole:
            notes.add("broken-html", "an answer's HTML could not be read to its end", "warning", "changed")
    if said is None:
        return [Part(type="text", text=turn.text)] if turn.text else []
    citations = tuple(
        Citation(title=link.text if link.text != link.url else "", url=link.url, start=link.start, end=link.end)
        for link in said.links
    )
    parts = [Part(type="text", text=said.text, citations=citations)] if said.text or citations else []
    parts.extend(_embedded(url, account) for url in dict.fromkeys(said.embedded))
    return parts


def _embedded(url: str, account: str) -> Part:
    if is_local(url):
        return file_part(FileRef("", url), account)
    if url[:5].lower() == "data:":
        return Part(type="image", name="image", media_type=url[5:].partition(";")[0].partition(",")[0])
    kind = part_type(url.partition("?")[0])
    # Only pictures, sounds and films are embedded, and an address need not say which.
    return Part(type="image" if kind == "file" else kind, url=url)


def is_local(url: str) -> bool:
    """Whether an address is a path beside the file, not a place on the network."""
    head = url[:40].partition("/")[0].partition("?")[0]
    return bool(url) and ":" not in head and not url.startswith(("//", "#"))
