"""Gems and scheduled actions: the two pages of Takeout's product "Gemini" (providers.md 3.3).

``<b>Name:</b>…<br><b>Instructions:</b>…``, once for each Gem, inside a bare ``div``; both pages are ``<div></div>`` where there
is nothing. Labels are in the language of the account: the label that the page begins with begins every Gem.
"""

from __future__ import annotations

from collections.abc import Mapping

from satchel.adapters.gemini import markup
from satchel.adapters.gemini.markup import Writer
from satchel.adapters.gemini.wire import origin, provenance, uid_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Instruction, Scope, Task
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Record

_BOLD = ("b", "strong")


class _Fields:
    """The target of a page's parse: labels, which are bold, and what follows each."""

    def __init__(self) -> None:
        self.fields: list[tuple[Writer, Writer]] = []
        self._bold = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _BOLD:
            if not self._bold:
                self.fields.append((Writer(), Writer()))
            self._bold += 1
        elif self.fields:
            self.fields[-1][0 if self._bold else 1].start(tag, attributes)

    def end(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold = max(0, self._bold - 1)
        elif self.fields:
            self.fields[-1][0 if self._bold else 1].end(tag)

    def data(self, text: str) -> None:
        if self.fields:
            self.fields[-1][0 if self._bold else 1].data(text)


def rows_of(data: bytes) -> list[dict[str, str]]:
    """The page's records: label to value, in order."""
    target = _Fields()
    markup.parse(data.decode("utf-8", "replace"), target)
    rows: list[dict[str, str]] = []
    first = ""
    for label_writer, value_writer in target.fields:
        label = label_writer.text().text.rstrip(":：").strip()
        first = first or label
        if label == first or not rows:
            rows.append({})
        rows[-1].setdefault(label, value_writer.text().text)
    return [row for row in rows if any(row.values())]


def names_in(data: bytes) -> list[str]:
    """The names of the Gems on a page."""
    return [_named(row)[0] for row in rows_of(data)]


def read_gems(data: bytes, account: str, notes: Notes) -> tuple[Record, ...]:
    """Each Gem as an assistant of the person's, and what it was told."""
    records: list[Record] = []
    seen: dict[str, int] = {}
    rows = rows_of(data)
    for row in rows:
        name, instructions = _named(row)
        uid = _uid(account, "gem", name, seen)
        records.append(
            Record(
                uid=uid,
                body=Scope(name=name, type="assistant", text=_rest(row, name, instructions)),
                origin=origin("gem"),
                provenance=provenance(account),
                native=Native(),
            )
        )
        if instructions:
            records.append(
                Record(
                    uid=make_uid(uid, "instruction"),
                    body=Instruction(text=instructions, about="assistant", title=name),
                    origin=origin("gem_instruction"),
                    links=(Link("part_of", uid),),
                    provenance=provenance(account),
                    scope=uid,
                    native=Native(),
                )
            )
    _told_empty(data, rows, "no-gems", "the page of Gems holds none", notes)
    return tuple(records)


def read_actions(data: bytes, account: str, notes: Notes) -> tuple[Record, ...]:
    """Each scheduled action as a task; its schedule and state as the page words them."""
    seen: dict[str, int] = {}
    rows = rows_of(data)
    records = []
    for row in rows:
        values = list(row.items())
        name = values[0][1]
        state = row.get("State", "")
        records.append(
            Record(
                uid=_uid(account, "scheduled_action", name, seen),
                body=Task(
                    title=name,
                    text="\n".join(f"{label}: {value}" for label, value in values[1:] if value and label != "State"),
                    state=state,
                ),
                origin=origin("scheduled_action"),
                provenance=provenance(account),
                native=Native(),
            )
        )
    _told_empty(data, rows, "no-actions", "the page of scheduled actions holds none", notes)
    return tuple(records)


def _told_empty(data: bytes, rows: list[dict[str, str]], code: str, text: str, notes: Notes) -> None:
    if rows:
        return
    if markup.read(data.decode("utf-8", "replace"))[0].text:
        notes.add("unknown-shape", "the page says something, but not in the form that is known", "warning", "skipped")
    else:
        notes.add(code, text)


def _named(row: dict[str, str]) -> tuple[str, str]:
    """A Gem's name, which comes first, and its instructions: by their label, else the longest of the rest."""
    values = list(row.values())
    rest = values[1:]
    return values[0], row.get("Instructions") or max(rest, key=len, default="")


def _rest(row: dict[str, str], *told: str) -> str:
    return "\n".join(f"{label}: {value}" for label, value in row.items() if value and value not in told)


def _uid(account: str, kind: str, name: str, seen: dict[str, int]) -> str:
    """The uid of something that has only a name; the second of that name is another."""
    uid = uid_of(account, kind, name)
    count = seen[uid] = seen.get(uid, 0) + 1
    return uid if count == 1 else make_uid(uid, str(count))
