"""The adapter: each file is an original and a memory; a JSON list of files has one for each, an object of files one for all.

Plain Markdown has little structure to be known by. A file that nobody named is taken only when its front matter shows what it
is, or when it is the index of such files; with ``--as claude_memory`` every Markdown file is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.claude_memory.files import Entry, entry_of, shows_itself
from satchel.adapters.claude_memory.records import INFO, KIND, file_uid, read_file
from satchel.adapters.notes import Notes
from satchel.adapters.values import decode
from satchel.codec.arrays import iter_array
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.model import times
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Reading, Record

Role = Literal["file", "list", "by-path"]
_EXTENSIONS = (".md", ".markdown", ".mdc", ".txt")
#: A text that begins with a link looks like JSON that breaks off.
_TEXT_FORMS = frozenset({"text", "csv", "html", "json", "jsonl", "script"})


class ClaudeMemoryAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    def __init__(self, *, was_named: bool = True) -> None:
        self._was_named = was_named

    @property
    def info(self) -> AdapterInfo:
        return INFO

    @property
    def unasked(self) -> ClaudeMemoryAdapter:
        """The same for files that nobody named: it takes only what shows that it is Claude's."""
        return ClaudeMemoryAdapter(was_named=False)

    def claim(self, member: Member, probe: Probe) -> Role | None:
        """``file`` for Markdown, ``list`` and ``by-path`` for files that came as JSON."""
        value = probe.value
        if self._was_named and member.path.lower().endswith(_EXTENSIONS) and probe.form in _TEXT_FORMS:
            return "file"
        if probe.form == "json" and type(value) is list:
            entries = [entry for item in value if (entry := entry_of(item))]
            return "list" if any(self._takes(entry.path, entry.content) for entry in entries) else None
        if probe.form == "json" and type(value) is dict:
            contents = {path: content for path, content in value.items() if type(content) is str}
            # An object of texts may be anything: a name that ends as a file's does is what tells a path.
            is_taken = any(path.endswith(".md") and self._takes(path, content) for path, content in contents.items())
            return "by-path" if is_taken and len(contents) == len(value) else None
        return "file" if probe.form in _TEXT_FORMS and shows_itself(member.path, probe.text) else None

    def _takes(self, path: str, content: str) -> bool:
        return self._was_named or shows_itself(path, content)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        reading = _Import(context)
        for claim in claims:
            try:
                yield from reading.items(claim.role, claim.member)
            except SatchelError as error:
                yield from_error(error, place=Place(file=claim.member.name))

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """What the JSON object of a file says beside its path and its text; a file is carried whole."""
        if type(native) is not dict or record.native.pointer:
            return {}
        entry = entry_of(native)
        return {} if entry is None else entry.beside


class _Import:
    """One call of ``read``: what must be known across files."""

    def __init__(self, context: ReadContext) -> None:
        self.account = context.account
        self.limits = context.limits
        #: The uid of each file met, with a hash of its bytes.
        self.met: dict[str, bytes] = {}

    def items(self, role: str, member: Member) -> Iterator[Item]:
        place = Place(file=member.name)
        if role == "file":
            data = read_document(member, self.limits)
            notes = Notes(place, _moment)
            text = data.decode("utf-8", "replace")
            if text.encode() != data:
                notes.add("repaired-text", "bytes that are no UTF-8 are read as U+FFFD", "warning", "changed")
            yield self._file(Entry(member.path, text), data, notes)
        elif role == "by-path":
            yield self._by_path(read_document(member, self.limits), place)
        else:
            with member.open() as stream:
                for element in iter_array(stream, file=member.name, limits=self.limits):
                    place = Place(file=member.name, element=element.index, offset=element.offset)
                    try:
                        yield from (from_error(element.fault),) if element.fault else self._listed(element.data, place)
                    except SatchelError as error:
                        yield from_error(error, place=place)

    def _listed(self, data: bytes, place: Place) -> Iterator[Item]:
        notes = Notes(place, _moment)
        entry = entry_of(decode(data, notes, self.limits))
        if entry is not None:
            yield self._file(entry, data, notes)
            return
        notes.add("unknown-shape", "this is no memory file; its bytes are kept", "warning", "skipped")
        uid = make_uid(INFO.name, self.account, "unread", hashlib.sha256(data).hexdigest())
        yield _original(uid, f"{INFO.name}.unread", data, place, lambda: Reading(findings=notes.findings()))

    def _file(self, entry: Entry, data: bytes, notes: Notes) -> Item:
        account, place = self.account, notes.place
        digest = hashlib.sha256(data).digest()
        uid = file_uid(entry, account)
        known = self.met.setdefault(uid, digest)
        if known != digest:
            # A path that is told twice, with other words: both are kept.
            uid = make_uid(uid, digest.hex())
            known = self.met.setdefault(uid, digest)
        if known is not digest:
            return Finding("repeated-memory", "info", "a memory file stands there again", place, "skipped")

        def read() -> Reading:
            record = read_file(entry, uid, account, notes)
            return Reading((record,) if record else (), notes.findings())

        return _original(uid, KIND, data, place, read)

    def _by_path(self, data: bytes, place: Place) -> Item:
        account, limits = self.account, self.limits

        def read() -> Reading:
            notes = Notes(place, _moment)
            records = []
            for path, content in decode(data, notes, limits).items():
                if type(content) is not str:
                    notes.add("unknown-shape", "a memory file has no text and was not read", "warning", "skipped")
                    continue
                entry = Entry(path, content)
                pointer = "/" + path.replace("~", "~0").replace("/", "~1")
                record = read_file(entry, file_uid(entry, account), account, notes, pointer)
                records.extend([record] if record else [])
            return Reading(tuple(records), notes.findings())

        uid = make_uid(INFO.name, account, "by-path", hashlib.sha256(data).hexdigest())
        return _original(uid, f"{INFO.name}.files", data, place, read)


def _moment(value: Any) -> datetime | None:
    try:
        return times.from_any(value)
    except OverflowError:
        return None


def _original(uid: str, kind: str, data: bytes, place: Place, read: Callable[[], Reading]) -> Original:
    return Original(uid=uid, kind=kind, native=data, place=place, reader=INFO.reader, updated=None, read=read)


ADAPTER = ClaudeMemoryAdapter()
