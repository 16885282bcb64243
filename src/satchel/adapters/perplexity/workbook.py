"""The account's workbook as source objects: a thread for its rows, and each memory by itself (providers.md 3.7).

What is kept of a row is its cells as JSON, by column: a workbook has no bytes of a row by itself, and the whole of it would tie
each memory's erasure to all the others. A thread that a JSON export beside the workbook has is read from that alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from satchel.adapters.base import Claim
from satchel.adapters.gathering import Gathering
from satchel.adapters.notes import Notes
from satchel.adapters.perplexity import sheets
from satchel.adapters.perplexity.entries import exchange_of
from satchel.adapters.perplexity.memories import memory_uid, read_memory
from satchel.adapters.perplexity.outputs import output_of
from satchel.adapters.perplexity.threads import Met, in_order, is_named, space_of
from satchel.adapters.perplexity.wire import PLATFORM, WORKBOOK, Exchange, Thread, read_thread
from satchel.adapters.platform import Ties, file_finding, sha256
from satchel.adapters.values import beyond, decode, dict_of, dicts, first_id, first_text, list_of
from satchel.codec.workbooks import open_workbook
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error
from satchel.model.record import Item, Reading, Record, Times
from satchel.model.times import from_iso


def read_workbooks(claims: Sequence[Claim], account: str, limits: Limits, met: Met) -> Iterator[Item]:
    """Every memory and thread of these workbooks; what cannot be read of one is told of, and the rest is read.

    Args:
        met: the threads that files beside them had.
    """
    ties = Ties()
    with Gathering(limits) as rows:
        for claim in claims:
            rows.begin(claim.member)
            try:
                yield from _collected(claim, account, limits, met, rows, ties)
            except SatchelError as error:
                yield from_error(error, place=Place(file=claim.member.name))
        for group in rows.groups():
            place = rows.place(group[0])
            try:
                rows.check_size(group)
                # The same workbook may have been given twice.
                cells = dict.fromkeys(rows.data(row) for row in group)
                yield _thread(b'{"rows":[' + b",\n".join(cells) + b"]}", place, account, limits, ties)
            except SatchelError as error:
                yield from_error(error, place=place)


def _collected(claim: Claim, account: str, limits: Limits, met: Met, rows: Gathering, ties: Ties) -> Iterator[Item]:
    """A workbook's memories; the rows of its threads are kept until the threads are whole."""
    place = Place(file=claim.member.name)
    unzoned = known = 0
    with open_workbook(claim.member, limits) as book:
        for line in sheets.lines(claim.member, book):
            if isinstance(line, Finding):
                yield line
                continue
            cells = sheets.by_name(line.cells)
            unzoned += _is_unzoned(cells)
            if line.holds == "memories":
                yield from _memory(line.data, cells, place, account, limits, ties)
                continue
            thread = first_id(cells, *sheets.THREAD) or first_id(cells, *sheets.ENTRY)
            ids = [found for name in (*sheets.THREAD, *sheets.ENTRY) if (found := first_id(cells, name))]
            asked = [first_text(cells, *sheets.TITLE), first_text(cells, *sheets.QUESTION)]
            if met.has(ids, asked, from_iso(first_text(cells, *sheets.CREATED))):
                known += 1
            else:
                rows.add(line.data, *([thread] if thread else []))
    if known:
        text = "rows of the workbook are of threads that another file of the export has: they are read from that alone"
        yield file_finding(claim.member, "also-elsewhere", text, outcome="skipped", count=known)
    if unzoned:
        text = "times in the workbook say no zone: they are read as UTC, as the service writes them elsewhere"
        yield file_finding(claim.member, "unzoned-times", text, outcome="changed", count=unzoned)


def _is_unzoned(cells: dict[str, Any]) -> bool:
    said = (cells.get(name) for name in (*sheets.CREATED, *sheets.UPDATED, *sheets.FIRST, *sheets.LAST))
    for value in said:
        try:
            if type(value) is str and datetime.fromisoformat(value).tzinfo is None:
                return True
        except ValueError:
            continue
    return False


def _memory(data: bytes, cells: dict[str, Any], place: Place, account: str, limits: Limits, ties: Ties) -> Iterator[Item]:
    if not first_text(cells, sheets.VALUE) and cells.get(sheets.VALUE) is None:
        finding = Finding("empty-memory", "info", "a memory says nothing; its row is kept", place, "skipped")
        yield PLATFORM.unread(account, data, finding)
        return
    uid = memory_uid(cells, account, ties)
    updated = from_iso(first_text(cells, *sheets.LAST)) or from_iso(first_text(cells, *sheets.FIRST))

    def read(notes: Notes) -> Reading:
        return read_memory(sheets.by_name(dict_of(decode(data, notes, limits))), uid, account, notes)

    yield PLATFORM.original(uid, "memory", data, place, updated, read)


def _thread(data: bytes, place: Place, account: str, limits: Limits, ties: Ties) -> Item:
    rows = [sheets.by_name(row) for row in dicts(dict_of(decode(data, PLATFORM.notes(place), limits)).get("rows"))]
    first = rows[0]
    id = next((found for row in rows if (found := first_id(row, *sheets.THREAD) or first_id(row, *sheets.ENTRY))), "")
    if id:
        uid = PLATFORM.uid(account, "thread", id)
    else:
        said = sha256(first_text(first, *sheets.QUESTION) or first_text(first, *sheets.TITLE))
        uid = ties.uid(PLATFORM.info.name, account, "thread", first_text(first, *sheets.CREATED), said)
    moments = (from_iso(first_text(row, *names)) for row in rows for names in (sheets.UPDATED, sheets.CREATED))
    updated = max(filter(None, moments), default=None)
    return PLATFORM.original(uid, "thread", data, place, updated, lambda notes: _read(data, uid, id, account, notes, limits))


def _read(data: bytes, uid: str, id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    rows = [sheets.by_name(row) for row in dicts(list_of(dict_of(decode(data, notes, limits)).get("rows")))]
    exchanges: list[Exchange] = []
    titles: set[str] = set()
    space: Record | None = None
    for index, row in enumerate(rows):
        title = first_text(row, *sheets.TITLE)
        # A thread is called what was asked first, and the title is what a sheet without questions has of them.
        question = first_text(row, *sheets.QUESTION) or ("" if title in titles else title)
        titles.add(title)
        entry = {
            **output_of(row.get(sheets.OUTPUT), notes).members,
            "query": question,
            "created_at": first_text(row, *sheets.CREATED) or _first(row, sheets.CREATED),
            "updated_at": first_text(row, *sheets.UPDATED) or _first(row, sheets.UPDATED),
            "model": first_text(row, *sheets.MODEL),
            "status": first_text(row, *sheets.STATE),
        }
        if any(first_id(row, name) for name in sheets.THREAD):
            entry["uuid"] = first_id(row, *sheets.ENTRY)
        if said := first_text(row, *sheets.ANSWER):
            entry["answer"] = said
        exchanges.append(exchange_of(entry, f"/rows/{index}", notes))
        about = {"uuid": first_id(row, *sheets.SPACE), "title": first_text(row, *sheets.SPACE_NAME)}
        space = space or space_of({"collection": about}, account)
    in_order(exchanges)
    thread = Thread(
        uid,
        WORKBOOK,
        exchanges,
        title=next((title for row in rows if (title := first_text(row, *sheets.TITLE))), ""),
        id=id,
        account=account,
        times=Times(
            created=min((at for exchange in exchanges if (at := exchange.created)), default=None),
            updated=max((at for exchange in exchanges if (at := exchange.updated or exchange.created)), default=None),
        ),
        scope=space.uid if space else "",
    )
    reading = read_thread(thread, notes)
    return Reading((*reading.records, space), reading.findings) if space and is_named(space) else reading


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    """What stands where a time should, for ``notes`` to tell of."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def leftover(native: dict[str, Any], kind: str) -> dict[str, Any]:
    """The cells of a thread's row that its messages do not carry: with the answer, or with a question that has none."""
    row = sheets.by_name(native)
    output = output_of(row.get(sheets.OUTPUT))
    has_answer = bool(
        first_text(row, *sheets.ANSWER) or first_text(output.members, "answer") or output.members.get("web_results")
    )
    if has_answer == (kind == "question"):
        return {}
    carried = {
        name
        for names in (sheets.TITLE, sheets.QUESTION, sheets.ANSWER, sheets.MODEL, sheets.STATE)
        for name in _one(row, names)
    }
    carried |= {name for names in (sheets.CREATED, sheets.UPDATED) for name in _one(row, names) if from_iso(row[name])}
    carried |= {name for names in (sheets.THREAD, sheets.SPACE) for name in _one(row, names)}
    carried |= set(_one(row, sheets.ENTRY))
    carried |= {name for name in _one(row, sheets.SPACE_NAME) if first_id(row, *sheets.SPACE)}
    rest = {column: value for column, value in native.items() if sheets.named(column) not in {*carried, sheets.OUTPUT}}
    if output.rest is not None:
        rest[next(column for column in native if sheets.named(column) == sheets.OUTPUT)] = output.rest
    return beyond(rest)


def _one(row: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """The column that one of these was read from, if any."""
    return [name for name in names if type(row.get(name)) is str and row[name].strip()][:1]
