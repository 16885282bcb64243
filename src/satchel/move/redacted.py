"""A selection without personal data: what leaves through it was looked through, whatever the format that asks.

A format sees records alone, and each is redacted before it is seen: every text of its body, its tags, and what its header
says of people. What nobody can look into does not leave at all: the bytes that it came in, what other formats left with it,
files and vectors beside it, other stores' logs, the vault's own. So every format makes its rows anew, and none has bytes to
send home.

A uid is a hash without any salt, often of the text itself: whoever has it and the redacted text finds four unknown digits in a
second. So all uids are others here, by a permutation under a key that nobody keeps; native ids leave only where they are
random.
"""

from __future__ import annotations

import hashlib
import heapq
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, Any, BinaryIO

import msgspec

from satchel.errors import NotFound
from satchel.formats.base import Homeward, LogEntry, Selection, SourceNote, State
from satchel.formats.sorting import SortedLines
from satchel.model.ids import UID, UID_BYTES
from satchel.model.ledger import Ledger
from satchel.model.packages import CarriedFile
from satchel.model.record import Record
from satchel.model.times import to_rfc3339
from satchel.trust.redaction.detect import Detection
from satchel.trust.redaction.entries import METADATA, Commitment, commit, metadata
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.secrets import Secret, new_key

#: Members of bodies that people write; detectors beside the rules look at these alone.
_PROSE = frozenset(
    {
        "text",
        "title",
        "name",
        "description",
        "summary",
        "trigger",
        "steps",
        "subject",
        "predicate",
        "object",
        "aliases",
        "label",
        "value",
        "data",
        "snippet",
    }
)
#: Members of bodies that name other records.
_UIDS = frozenset({"source", "target", "parent", "current", "asset"})
_ROUNDS = 4
_HALF_BYTES = UID_BYTES // 2
#: The one format that has a word for what was done, and how its ids begin.
_AGENT_MEMORY, _ENTRY_ID = "portable-agent-memory", "blake3:"
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Record).decode


class Pseudonyms:
    """A keyed permutation of uids: a Feistel network of four rounds, so that the way back needs no table."""

    def __init__(self, key: Secret | None = None) -> None:
        self._key = (key or new_key()).reveal()

    def hide(self, uid: str) -> str:
        """The uid under which a record leaves; "" for none, or for what is no uid."""
        return self._run(uid, range(_ROUNDS)) if UID.fullmatch(uid) else ""

    def reveal(self, uid: str) -> str:
        """The uid that a record has in the vault."""
        return self._run(uid, range(_ROUNDS - 1, -1, -1)) if UID.fullmatch(uid) else ""

    def _run(self, uid: str, rounds: range) -> str:
        halves = [int.from_bytes(bytes.fromhex(part)) for part in (uid[: 2 * _HALF_BYTES], uid[2 * _HALF_BYTES :])]
        for number in rounds:
            # Even rounds mix the right half into the left one, odd rounds the other way round.
            into = number % 2
            other = halves[1 - into].to_bytes(_HALF_BYTES)
            mixed = hashlib.blake2b(bytes([number]) + other, key=self._key, digest_size=_HALF_BYTES).digest()
            halves[into] ^= int.from_bytes(mixed)
        return "".join(half.to_bytes(_HALF_BYTES).hex() for half in halves)


class RedactedSelection:
    """See the module docstring and satchel.formats.base.Selection. Used as a context manager: redacted records are held in
    nameless temporary files, so that each is looked through once."""

    def __init__(self, selection: Selection, redactor: Redactor) -> None:
        self._selection = selection
        self._redactor = redactor
        self._names = Pseudonyms()
        self._at = to_rfc3339(datetime.now(UTC))
        #: What was found in the record at hand; and by new uid of each record in which anything was, how many of which type.
        self._found: list[Detection] = []
        self._taken: dict[str, Counter[str]] = {}
        #: To what redacted records were made from, by the commitment's id.
        self.commitments: dict[str, Commitment] = {}
        self._committed: dict[str, Commitment] = {}
        self._stack = ExitStack()
        self._shelves: dict[tuple[str, int], _Shelf] = {}
        #: Uids of records, by kind and what of them was left out.
        self._left_out: dict[tuple[str, str], set[str]] = {}

    def __enter__(self) -> RedactedSelection:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def owner_id(self) -> str:
        """See Selection.owner_id: random, and nobody's name."""
        return self._selection.owner_id

    @property
    def changed_at(self) -> datetime:
        return self._selection.changed_at

    @property
    def state(self) -> State:
        """No state to go on from: nothing here has the name that it has in the vault."""
        return State("", self._selection.state.change)

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:  # noqa: ARG002
        """See Selection.records. Nothing goes home as it came, so nothing is left out for coming from ``not_from``."""
        shelves = [self._shelf(kind, after) for kind in kinds if kind != "message"]
        streams = [iter(shelf) for shelf in shelves]
        if "message" in kinds or not kinds:
            streams.append(self._sorted(self._selection.records(*(("message",) if kinds else ()), after=after)))
        return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_by_uid)

    def _shelf(self, kind: str, after: int) -> _Shelf:
        if (kind, after) not in self._shelves:
            found = map(self._redacted, self._selection.records(kind, after=after))
            self._shelves[kind, after] = _Shelf(self._spool(), found)
        return self._shelves[kind, after]

    def _sorted(self, records: Iterator[Record]) -> Iterator[Record]:
        """Records in the order of their new uids, however many."""
        lines = SortedLines(self._spool)
        for record in map(self._redacted, records):
            lines.add(record.uid.encode(), _ENCODE(record))
        return map(_DECODE, lines)

    def _spool(self) -> IO[bytes]:
        return self._stack.enter_context(tempfile.TemporaryFile())

    def messages(self, conversation: str) -> Iterator[Record]:
        """See Selection.messages."""
        return map(self._redacted, self._selection.messages(self._names.reveal(conversation)))

    def get(self, uid: str) -> Record | None:
        """See Selection.get."""
        found = self._selection.get(self._names.reveal(uid))
        return None if found is None else self._redacted(found)

    def brought_by(self, uid: str) -> int:
        """See Selection.brought_by."""
        return self._selection.brought_by(self._names.reveal(uid))

    def came_by(self, uid: str) -> int:
        """See Selection.came_by."""
        return self._selection.came_by(self._names.reveal(uid))

    def states(self, uid: str) -> list[Record]:
        """The current one alone: earlier ones do not leave."""
        found = self.get(uid)
        return [] if found is None else [found]

    def buried(self, uid: str) -> bool:
        """See Selection.buried."""
        return self._selection.buried(self._names.reveal(uid))

    def buried_by_others(self, uid: str) -> bool:
        """See Selection.buried_by_others."""
        return self._selection.buried_by_others(self._names.reveal(uid))

    def unmapped(self, record: Record) -> Mapping[str, Any]:  # noqa: ARG002
        """Nothing: what no field of ours carries is another product's, and is not understood."""
        return {}

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:  # noqa: ARG002
        """For Portable Agent Memory, the metadata of a redacted entry (dossier 7.4); else nothing: what an adapter prepares is
        made of what was not looked through."""
        taken = self._taken.get(record.uid)
        if format != _AGENT_MEMORY or taken is None:
            return None
        return {METADATA: metadata(self._commitment(record.uid), taken, self._at)}

    def _commitment(self, uid: str) -> Commitment:
        """To the record in the vault that leaves under this uid; the same however often it is asked for."""
        if uid not in self._committed:
            original = self._selection.get(self._names.reveal(uid))
            assert original is not None
            id = original.origin.id if original.origin.format == _AGENT_MEMORY else original.uid
            value = msgspec.json.decode(msgspec.json.encode(original))
            self._committed[uid] = made = commit({"id": f"{_ENTRY_ID}{id.removeprefix(_ENTRY_ID)}", "record": value})
            self.commitments[made.id] = made
        return self._committed[uid]

    def native(self, record: Record) -> bytes | None:  # noqa: ARG002
        """None: the bytes that it came in are not redacted."""
        return None

    def source(self, record: Record) -> SourceNote | None:  # noqa: ARG002
        """None: a file's name and hash say whose it was."""
        return None

    def homeward(self, format: str, after: int = 0) -> Iterator[Homeward]:  # noqa: ARG002
        """Nothing goes home as it came."""
        return iter(())

    def earlier(self, format: str, after: int = 0) -> Iterator[list[Homeward]]:  # noqa: ARG002
        """Nothing: earlier states would leave as they came."""
        return iter(())

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:  # noqa: ARG002
        """Nothing: it names what was erased."""
        return iter(())

    def log(self, after: int = 0) -> Iterator[LogEntry]:  # noqa: ARG002
        """Nothing: the log names records as the vault does."""
        return iter(())

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:  # noqa: ARG002
        """Nothing: others' logs are not understood."""
        return iter(())

    def carried(self, format: str) -> list[CarriedFile]:  # noqa: ARG002
        """None: of a vector, the text that it was made from can be worked out."""
        return []

    def open_carried(self, file: CarriedFile) -> BinaryIO:  # noqa: ARG002
        """Nothing was listed."""
        return BytesIO()

    def tombstones(self, format: str) -> Iterator[bytes]:  # noqa: ARG002
        """Nothing: they name what was erased, by names that nothing has here."""
        return iter(())

    def open_blob(self, digest: str) -> BinaryIO:  # noqa: ARG002
        """Raises NotFound: files are not looked into, so none leaves."""
        raise NotFound("a redacted export holds no files")

    def tell(self, ledger: Ledger) -> None:
        """Put into the ledger what was taken out, by kind of record and type of data, and what was left out whole."""
        for (kind, type), count in self._redactor.mint.counts.items():
            ledger.field(kind, type, "narrowed", "redacted", "a token stands in its place", count=count)
        for (kind, what), uids in self._left_out.items():
            ledger.field(kind, what, "lost", "redacted-whole", _WHY[what], count=len(uids))

    def _redacted(self, record: Record) -> Record:
        """The record as it leaves."""
        kind, uid = record.kind, record.uid
        self._found = []
        value: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
        for name in ("native", "residue"):
            value.pop(name, None)
        if record.residue:
            self._leave_out(kind, "residue", uid)
        value["uid"] = self._names.hide(uid)
        value["scope"] = self._names.hide(record.scope)
        value["links"] = [{"type": link.type, "to": self._names.hide(link.to)} for link in record.links]
        value["touched"] = ["body"]
        value["origin"] = self._origin(record)
        provenance = value.get("provenance", {})
        for name in ("conversation", "message"):
            if name in provenance:
                provenance[name] = self._names.hide(provenance[name])
        value["provenance"] = self._looked_through(provenance, record, "/provenance", keep=("conversation", "message"))
        if "access" in value:
            value["access"] = self._value(value["access"], record, "/access", prose=False)
        for name in ("tags", "language"):
            if name in value:
                value[name] = self._value(value[name], record, f"/{name}", prose=name == "tags")
        value["body"] = self._body(value["body"], record, "/body")
        if self._found:
            self._taken[value["uid"]] = Counter(each.type for each in self._found)
        return msgspec.convert(value, Record)

    def _origin(self, record: Record) -> dict[str, Any]:
        origin = record.origin
        id = origin.id if _is_random(origin.id) else ""
        if id != origin.id:
            self._leave_out(record.kind, "origin.id", record.uid)
        said = {"format": origin.format, "version": origin.version, "dialect": origin.dialect, "kind": origin.kind}
        return {**self._looked_through(said, record, "/origin"), "id": id}

    def _looked_through(
        self, members: Mapping[str, Any], record: Record, path: str, keep: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        return {
            name: value if name in keep else self._value(value, record, f"{path}/{name}", prose=False)
            for name, value in members.items()
        }

    def _body(self, body: Mapping[str, Any], record: Record, path: str) -> dict[str, Any]:
        """A body, or a part of a message, as it leaves."""
        made: dict[str, Any] = {}
        for name, value in body.items():
            below = f"{path}/{name}"
            if name in _UIDS:
                made[name] = self._names.hide(value)
            elif name == "blob":
                self._leave_out("document", "blob", record.uid)
            elif type(value) in (int, float) and name not in ("data", "value"):
                # A size or a score of ours, no number that a person wrote.
                made[name] = value
            elif name == "parts":
                made[name] = [self._part(part, record, f"{below}/{at}") for at, part in enumerate(value)]
            else:
                # A setting's own name says what its value is.
                said = body.get("name", "") if name == "value" else ""
                made[name] = self._value(value, record, below, name=said, prose=name in _PROSE)
        return made

    def _part(self, part: Mapping[str, Any], record: Record, path: str) -> dict[str, Any]:
        """A part as it leaves; its citations mark the places in its text that they marked before."""
        bare = {name: value for name, value in part.items() if name not in ("text", "citations")}
        made = self._body(bare, record, path)
        text = part.get("text", "")
        done = self._redactor.text(text, record.uid, path=f"{path}/text", kind=record.kind)
        self._found.extend(done.found)
        if text:
            made["text"] = done.text
        shifts = sum((new_end - new_start) - (end - start) for start, end, new_start, new_end in done.moves)
        is_exact = len(done.text) == len(text) + shifts
        citations = []
        for at, citation in enumerate(part.get("citations", ())):
            cited = self._body(citation, record, f"{path}/citations/{at}")
            start, end = citation.get("start"), citation.get("end")
            if type(start) is int and type(end) is int and is_exact and 0 <= start <= end <= len(text):
                cited["start"], cited["end"] = done.moved(start), done.moved(end, is_end=True)
                if citation.get("marker") and text[start:end] == citation["marker"]:
                    cited["marker"] = done.text[cited["start"] : cited["end"]]
            else:
                cited.pop("start", None)
                cited.pop("end", None)
            citations.append(cited)
        if citations:
            made["citations"] = citations
        return made

    def _value(self, value: Any, record: Record, path: str, *, name: str = "", prose: bool) -> Any:
        done, found = self._redactor.value(value, record.uid, path=path, name=name, kind=record.kind, prose=prose)
        self._found.extend(found)
        return done

    def _leave_out(self, kind: str, what: str, uid: str) -> None:
        self._left_out.setdefault((kind, what), set()).add(uid)


_WHY = {
    "residue": "what other formats left with it is not understood, and stays behind",
    "origin.id": "an id that is not random can be worked out from what it names",
    "blob": "the bytes of a file are not looked into, and stay behind",
}


def _is_random(id: str) -> bool:
    """Whether an id says nothing of what it names: a UUID of random bits, or of a time."""
    try:
        return len(id) == 36 and uuid.UUID(id).version in (1, 4, 6, 7)
    except ValueError:
        return False


def _by_uid(record: Record) -> str:
    return record.uid


class _Shelf:
    """Redacted records, which can be gone through again in the order of their uids."""

    def __init__(self, file: IO[bytes], records: Iterator[Record]) -> None:
        self._file = file
        self._places: list[tuple[bytes, int, int]] = []
        at = 0
        for record in records:
            data = _ENCODE(record)
            file.write(data)
            self._places.append((bytes.fromhex(record.uid), at, len(data)))
            at += len(data)
        self._places.sort()

    def __iter__(self) -> Iterator[Record]:
        for _, at, length in self._places:
            self._file.seek(at)
            yield _DECODE(self._file.read(length))
