"""A ledger under way: a witness that writes each record's fate as it is told.

Most records of a kind share a pattern: the fate, the code, the fields and what became of them. The pattern's JSON is made once
and counted; of a record, no more than its uid and id is written into it. So neither time nor memory grows with the fields.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from satchel.codec import canonical
from satchel.errors import OutputError, UsageError
from satchel.formats.base import WriteOptions
from satchel.model.fields import fields_of
from satchel.model.ledger import FATES, FIELD_FATES, About, LedgerLine, Told
from satchel.model.times import to_rfc3339
from satchel.move.ledgers import reading
from satchel.move.ledgers.document import TYPE, VERSION, LedgerEnd
from satchel.trust.files import sync_folder
from satchel.trust.signatures import PrivateKey, encode_value

_BUFFER_BYTES = 1 << 18
#: Patterns that are held; one that is met again after so many others is made again.
_PATTERNS = 1 << 14
#: A UUID of random bits or of a time says nothing of what it names; other ids may be words.
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1467][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Wanted(msgspec.Struct, frozen=True):
    """Where a ledger is to be written, and what signs it."""

    path: Path
    key: PrivateKey | None = None


class _Pattern:
    """What records have in common: the members between which a place, an id and a uid go, and what each adds to the totals."""

    __slots__ = ("count", "fate", "fields", "first", "is_whole", "last", "middle")

    def __init__(self, value: Mapping[str, Any], fields: Counter[str], *, is_whole: bool) -> None:
        self.first = _between(value, "", "element")
        self.middle = _between(value, "element", "file")
        self.last = _between(value, "id", "uid")
        self.fate: str = value["fate"]
        self.fields = fields
        self.is_whole = is_whole
        self.count = 0


class LedgerWriter:
    """A context manager: leaving it without ``finish`` leaves nothing behind. Call it with what is told (``Witness``).

    ``ids``: whether the source's own ids are written.
    """

    def __init__(
        self,
        path: Path,
        *,
        operation: str,
        options: Mapping[str, Any],
        made: datetime | None = None,
        ids: bool = True,
    ) -> None:
        """
        Raises:
            OutputError: ``path`` is there and no ledger, or cannot be written.
        """
        if path.exists() and not reading.recognises(path):
            raise OutputError(f"{path} is there and is no ledger", hint="name another file")
        self._path = path
        self._beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        self._ids = ids
        self._head: dict[str, Any] = {
            "type": TYPE,
            "version": VERSION,
            "satchel": version("satchel"),
            "operation": operation,
            "made": to_rfc3339(made or datetime.now(UTC)),
            "options": dict(options),
        }
        self._patterns: dict[Any, _Pattern] = {}
        self._digest = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._records = 0
        self._totals: Counter[str] = Counter()
        self._whole = 0
        self._fields: Counter[str] = Counter()
        try:
            descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        self._stream = os.fdopen(descriptor, "wb", buffering=0)
        self._finished = False
        # White space between members is nobody's: the signature is over canonical bytes.
        self._put(b"{" + b"".join(b'"%b":%b,\n' % (name.encode(), _plain(value)) for name, value in self._head.items()))
        self._put(b'"records":[')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        if not self._finished:
            self._beside.unlink(missing_ok=True)

    def __call__(self, told: Told) -> None:
        """Write what became of one record."""
        pattern = self._pattern(told)
        pattern.count += told.number
        place = told.place
        line = pattern.first
        if place is not None and place.element is not None:
            line += b'"element":%d,' % place.element
        line += pattern.middle
        if place is not None and place.file:
            line += b'"file":%b,' % _plain(place.file.rsplit("/", 1)[-1])
        if self._ids and told.about is not None:
            id = told.about.id if isinstance(told.about, About) else told.about.origin.id
            if _OPAQUE.fullmatch(id):
                line += b'"id":"%b",' % id.encode()
        line += pattern.last
        self._waiting.append(b'{%b"uid":"%b"}' % (line, told.uid.encode()) if told.uid else b"{%b}" % line[:-1])
        self._waiting_bytes += len(self._waiting[-1])
        self._records += 1
        if self._waiting_bytes > _BUFFER_BYTES:
            self._flush()

    def finish(
        self, lines: Iterable[LedgerLine], source: LedgerEnd, target: LedgerEnd, key: PrivateKey | None = None
    ) -> dict[str, Any]:
        """Write the rest, signed where there is a key, and put the file in its place; returns all of it but the records.

        Raises:
            OutputError: it cannot be written.
        """
        self._flush()
        self._add_up()
        rest: dict[str, Any] = {
            "lines": [msgspec.to_builtins(line) for line in lines],
            "totals": {
                "records": {fate: self._totals[fate] for fate in FATES},
                "whole": self._whole,
                "fields": {fate: self._fields[fate] for fate in FIELD_FATES},
            },
            "source": msgspec.to_builtins(source),
            "target": msgspec.to_builtins(target),
            "seal": {"records": self._records, "sha256": self._digest.hexdigest()},
        }
        value = {**self._head, **rest}
        if key is not None:
            told = {"algorithm": key.algorithm, "key": key.public.text}
            made = encode_value(key.sign(reading.signed_bytes(value, told)))
            rest["signature"] = value["signature"] = {**told, "value": made}
        self._put(b"\n],\n" + b",\n".join(b'"%b":%b' % (name.encode(), _plain(value)) for name, value in rest.items()) + b"}\n")
        try:
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._beside.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        self._finished = True
        return value

    def _put(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error

    def _flush(self) -> None:
        if not self._waiting:
            return
        first = self._records == len(self._waiting)
        data = b"\n".join(self._waiting) + b"\n"
        self._digest.update(data)
        self._put((b"\n" if first else b",\n") + data[:-1].replace(b"\n", b",\n"))
        self._waiting = []
        self._waiting_bytes = 0

    def _pattern(self, told: Told) -> _Pattern:
        kept = told.kept
        members = _names(told) if kept is None else _members_of(kept) if isinstance(kept, bytes) else kept
        key = (told.kind, told.fate, told.code, told.fields, members, told.number)
        found = self._patterns.get(key)
        if found is None:
            if len(self._patterns) >= _PATTERNS:
                self._add_up()
            found = self._patterns[key] = _made(told, members)
        return found

    def _add_up(self) -> None:
        """Put what was met into the totals, and forget the patterns."""
        for pattern in self._patterns.values():
            self._totals[pattern.fate] += pattern.count
            self._whole += pattern.is_whole * pattern.count
            for name, amount in pattern.fields.items():
                self._fields[name] += amount * pattern.count
        self._patterns.clear()


def _made(told: Told, members: int | tuple[str, ...]) -> _Pattern:
    fields = sorted({(field, each.fate, each.code) for each in told.fields for field in each.fields})
    counted: Counter[str] = Counter(fate for _, fate, _ in fields)
    value: dict[str, Any] = {"fate": told.fate, "kind": told.kind}
    if told.code:
        value["code"] = told.code
    if told.number > 1:
        value["count"] = told.number
    if fields:
        value["fields"] = [{"code": code, "fate": fate, "field": field} for field, fate, code in fields]
    if isinstance(members, int):
        counted["kept"] = max(0, members - len({field for field, _, _ in fields}))
        value["kept"] = counted["kept"]
    else:
        others = {field for field, _, _ in fields}
        value["mapped"] = [name for name in members if name not in others and name.partition(".")[0] not in others]
        counted["mapped"] = len(value["mapped"])
    value = {name: item for name, item in value.items() if item not in (0, [])}
    return _Pattern(value, counted, is_whole=isinstance(members, int) and not fields)


def _between(value: Mapping[str, Any], first: str, last: str) -> bytes:
    """Members in their canonical bytes, each with a comma behind it."""
    members = {name: item for name, item in value.items() if first < name < last}
    return canonical.encode(members)[1:-1] + b"," if members else b""


def _members_of(native: bytes) -> int:
    """How many members a source object has; one that is no JSON object is one."""
    try:
        return len(_MEMBERS.decode(native))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 1


def _names(told: Told) -> tuple[str, ...]:
    """The fields that a record has a value in, where it went on; of one that did not, none went either."""
    about = told.about
    if about is None or told.fate not in ("accepted", "transformed"):
        return ()
    return about.fields if isinstance(about, About) else fields_of(about)


def _plain(value: Any) -> bytes:
    return canonical.encode(value)


@contextmanager
def begun(
    wanted: Wanted | None,
    *others: Path,
    operation: str,
    options: Mapping[str, Any],
    made: datetime | None = None,
    ids: bool = True,
) -> Iterator[LedgerWriter | None]:
    """The ledger that is wanted, begun; None where none is. ``others``: what is read and written, in which it cannot stand.

    Raises:
        UsageError, OutputError: it cannot stand there.
    """
    if wanted is None:
        yield None
        return
    _refuse_place(wanted.path, others)
    hides = bool(options.get("strip_identifiers"))
    with LedgerWriter(wanted.path, operation=operation, options=options, made=made, ids=ids and not hides) as writer:
        yield writer


def told_options(options: WriteOptions, **more: Any) -> dict[str, Any]:
    """What was asked for, without what names a person: of those who can open it, only that there are some."""
    said = {
        "profile": options.profile,
        "budget": options.budget,
        "strip_identifiers": options.strip_identifiers,
        "signed": options.signing_key is not None,
        "encrypted": options.recipients is not None,
        **more,
    }
    return {name: value for name, value in said.items() if value}


def _refuse_place(path: Path, others: Iterable[Path]) -> None:
    """Raises UsageError for a ledger that would stand in what is read or written, or in the place of it."""
    for other in others:
        if str(other) == "-":
            continue
        place, taken = path.resolve(), other.resolve()
        if place == taken or taken in place.parents or place in taken.parents:
            raise UsageError(f"the ledger {path} would stand in {other}", hint="name a file outside of it")
