"""One export: the selection is read once, the best statements are kept, each file is filled from them."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path

from satchel.errors import OutputError, UsageError
from satchel.formats.assistant_text.choosing import Candidate, Shelf, candidate, units
from satchel.formats.assistant_text.heading import README, named_in
from satchel.formats.assistant_text.neutral import neutralised
from satchel.formats.assistant_text.readme import readme
from satchel.formats.assistant_text.sheets import Filled, fill, fits_alone
from satchel.formats.assistant_text.statements import KINDS, PLACELESS, Refusal, statement_of
from satchel.formats.assistant_text.targets import Group, Sheet, Target
from satchel.formats.base import Progress, Selection, Written
from satchel.formats.folder import Folder
from satchel.model.bodies import Scope
from satchel.model.ledger import About, Ledger, Witness
from satchel.model.record import Record

_BATCH = 256
#: Projects whose names are held for the next record.
_HELD = 1024
_NO_ROOM = "did not fit: what matters more, or stands longer, came first"
_TWIN = "says what another record says, which stands there for both"


def with_budget(target: Target, budget: int) -> Target:
    """The target with ``budget`` characters for each file whose room is ours to set; 0 leaves it.

    Raises:
        UsageError: no file's room is, or so little that nothing can stand in it.
    """
    if not budget:
        return target
    for sheet in target.sheets:
        frame = units(sheet.before) + max(units(sheet.after), units(sheet.after_cut))
        if sheet.is_ours and budget <= frame:
            raise UsageError(f"a budget of {budget:,} is too small: {sheet.file} has {frame:,} characters before any statement")
    return target._replace(sheets=tuple(sheet._replace(room=budget) if sheet.is_ours else sheet for sheet in target.sheets))


class Writer:
    """One export of one selection for one target."""

    def __init__(self, target: Target, selection: Selection, progress: Progress | None, witness: Witness | None = None) -> None:
        self._target = target
        self._selection = selection
        self._progress = progress
        self._pending = 0
        self._now = selection.changed_at
        self._titles = tuple(dict.fromkeys(section.title for sheet in target.sheets for section in sheet.sections))
        groups: dict[Group, int] = {}
        for sheet in target.sheets:
            for group in sheet.takes:
                groups[group] = max(groups.get(group, 0), sheet.room or sheet.items * sheet.item_room)
        on_drop = self._tell_no_room if witness is not None else None
        self._shelves = {group: Shelf(room, on_drop) for group, room in groups.items()}
        self._project_name = functools.lru_cache(_HELD)(self._named_project)
        self.ledger = Ledger(witness)

    def run(self) -> list[Filled]:
        """The files that have anything in them; the ledger is complete then.

        Raises:
            OutputError: nothing at all can be written.
        """
        for record in self._selection.records(*KINDS):
            self._offer(record)
            self._step()
        for kind, text in PLACELESS.items():
            for record in self._selection.records(kind):
                self.ledger.record(kind, "omitted", "no-place", text, of=record)
                self._step()
        if self.ledger.is_witnessed:
            # A conversation's line speaks for its messages, where nobody asks for each.
            for record in self._selection.records("message"):
                self.ledger.record("message", "omitted", "no-place", PLACELESS["conversation"], of=record)
        self._step(flush=True)
        self._shelves["statement"].yield_to(self._shelves["instruction"])
        filled = [made for sheet in self._target.sheets if (made := fill(sheet, self._candidates(sheet))) is not None]
        self._tell(filled)
        if not filled:
            reasons = "; ".join(self.left_out()) or "the vault is empty; satchel import fills it"
            raise OutputError(f"there is nothing to write for {self._target.title}", hint=reasons)
        return filled

    def _candidates(self, sheet: Sheet) -> list[Candidate]:
        return [item for group in sheet.takes for item in self._shelves[group].ranked()]

    def _named_project(self, uid: str) -> str:
        scope = self._selection.get(uid) if uid else None
        if scope is None or not scope.access.exportable or not isinstance(scope.body, Scope) or scope.body.type != "project":
            return ""
        return scope.body.name

    def _offer(self, record: Record) -> None:
        statement = statement_of(record, self._now, self._project_name)
        if isinstance(statement, Refusal):
            self.ledger.record(record.kind, "omitted", statement.code, statement.text, of=record)
            return
        safe, was_escaped = neutralised(statement.text, self._titles, self._target.labels)
        item = candidate(statement, safe, was_escaped)
        takers = [sheet for sheet in self._target.sheets if statement.group in sheet.takes]
        if not any(fits_alone(sheet, item) for sheet in takers):
            text = "longer than any of the files may be, and not cut"
            self.ledger.record(record.kind, "omitted", "too-long", text, of=record)
            return
        self._shelves[statement.group].offer(item)

    def _tell(self, filled: list[Filled]) -> None:
        """Put into the ledger what became of everything that was on a shelf, or fell off one."""
        for shelf in self._shelves.values():
            if not self.ledger.is_witnessed:
                self._tell_left_out(shelf.dropped)
            for item in shelf.ranked():
                self._tell_one(item, [made.sheet.file for made in filled if item.statement.uid in made.uids])

    def _tell_one(self, item: Candidate, files: list[str]) -> None:
        ledger, kind = self.ledger, item.statement.kind
        if not files:
            self._tell_no_room(item)
            return
        uid = item.statement.uid
        if ledger.is_witnessed:
            for twin, other in item.named():
                ledger.record(twin, "transformed", "same-statement", _TWIN, uid=other)
        else:
            for twin, count in item.twins.items():
                ledger.record(twin, "transformed", "same-statement", _TWIN, count=count)
        for sheet in self._target.sheets:
            if item.statement.group in sheet.takes and sheet.file not in files:
                text = f"did not fit there; stands in {', '.join(files)}"
                ledger.field(kind, sheet.file, "lost", "no-room", text, uid=uid)
        if item.statement.was_tidied:
            text = "blank lines and white space at the ends of lines are not written"
            ledger.field(kind, "body.text", "narrowed", "spacing", text, uid=uid)
        if item.was_escaped:
            text = "what could pass for the list's own signs has a backslash before it"
            ledger.field(kind, "body.text", "widened", "escaped", text, uid=uid)
        if item.statement.lost:
            ledger.field(kind, "body.text", "lost", "no-place", item.statement.lost, uid=uid)
        text = "a text says the words, at most the day and the section; no link, tag or source"
        ledger.fields(kind, item.statement.unsaid, "lost", "no-place", text, uid=uid)
        ledger.record(kind, "accepted", of=About(uid, item.statement.said, ""))

    def _tell_no_room(self, item: Candidate) -> None:
        if not self.ledger.is_witnessed:
            self._tell_left_out(item.kinds())
            return
        for kind, uid in ((item.statement.kind, item.statement.uid), *item.named()):
            self.ledger.record(kind, "omitted", "no-room", _NO_ROOM, uid=uid)

    def _tell_left_out(self, kinds: Counter[str]) -> None:
        for kind, count in kinds.items():
            self.ledger.record(kind, "omitted", "no-room", _NO_ROOM, count=count)

    def left_out(self, *kinds: str) -> list[str]:
        """How many records of these kinds (none named: of all) were left out, and why."""
        lines = [line for line in self.ledger.lines() if line.fate == "omitted" and (not kinds or line.kind in kinds)]
        return [f"{line.count:,} {line.kind}: {line.text}" for line in lines]

    def _step(self, *, flush: bool = False) -> None:
        self._pending += not flush
        if self._progress is not None and self._pending and (flush or self._pending == _BATCH):
            self._progress(self._pending)
            self._pending = 0


def write(
    target: Target,
    selection: Selection,
    path: Path,
    progress: Progress | None,
    budget: int,
    witness: Witness | None = None,
) -> Written:
    """Write the selection's best statements as the folder ``path``. The same selection gives the same bytes.

    Raises:
        UsageError: the target has no use for such a budget.
        OutputError: ``path`` cannot be written, or there is nothing to write; nothing of it was.
    """
    target = with_budget(target, budget)
    with Folder(path, functools.partial(is_ours, target)) as folder:
        writer = Writer(target, selection, progress, witness)
        filled = writer.run()
        for made in filled:
            with folder.create(made.sheet.file) as sink:
                sink.write(made.text.encode())
        with folder.create(README) as sink:
            sink.write(readme(target, filled, writer.left_out(*KINDS)).encode())
        folder.commit()
        counts = {made.sheet.file: len(made.uids) for made in filled}
        return Written(counts=counts, files=folder.files, size_bytes=folder.size_bytes, ledger=writer.ledger)


def is_ours(target: Target, folder: Path) -> bool:
    """Whether ``folder`` holds an earlier export for this target and nothing besides."""
    known = {README, *(sheet.file for sheet in target.sheets)}
    found = named_in(folder)
    return (
        found is not None
        and found[0] == target.name
        and all(path.name in known and path.is_file() and not path.is_symlink() for path in folder.iterdir())
    )
