"""Artifacts and files written by tool calls, replayed in order to their final text (providers.md 3.2, "Artifacts").

Two generations: the ``artifacts`` tool (create, update, rewrite by ``id``), and ``create_file`` and ``str_replace`` by
``path``. A call whose result is an error changed nothing. The calls themselves stay parts of their messages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satchel.adapters.claude.wire import ident, origin, text_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Document, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Provenance, Record, Times

_TOOLS = frozenset({"artifacts", "create_file", "str_replace"})
#: Characters copied by replaying one conversation's edits; real ones stay far below, a hostile one must not go on for hours.
_REPLAY_BUDGET = 1 << 30

_Change = tuple[str, str, dict[str, Any], str, str, datetime | None]


class _State:
    __slots__ = ("created", "media_type", "message", "name", "pointer", "text", "updated")

    def __init__(self, text: str, created: datetime | None) -> None:
        self.text = text
        self.created = created
        self.updated: datetime | None = None
        self.name = ""
        self.media_type = ""
        self.message = ""
        self.pointer = ""


class Replay:
    """Collects the changes of one conversation, message by message, and plays them at the end."""

    def __init__(self) -> None:
        self.changes: list[_Change] = []
        self.failed: set[str] = set()

    def see(self, parts: list[Part], message: str, pointer: str, moment: datetime | None) -> None:
        """Note what the message's calls change and which calls failed."""
        for part in parts:
            if part.type == "tool_call":
                if part.name in _TOOLS and type(part.data) is dict:
                    self.changes.append((part.name, part.call, part.data, message, pointer, moment))
            elif part.is_error and part.call:
                self.failed.add(part.call)

    def records(self, conversation: str, by: Provenance, notes: Notes) -> list[Record]:
        """One document for each artifact and file, holding its final text."""
        states: dict[str, _State] = {}
        budget = _REPLAY_BUDGET
        for tool, call, data, message, pointer, moment in self.changes:
            if call and call in self.failed:
                continue
            key = ident(data.get("id")) if tool == "artifacts" else text_of(data.get("path"))
            if not key:
                notes.add("artifact-patch", "a change to an artifact does not say to which; it was not applied")
                continue
            known = states.get(key)
            whole = _whole_text(tool, data)
            if whole is not None:
                state = _State(whole, known.created if known else moment)
                if known:
                    state.name, state.media_type = known.name, known.media_type
                states[key] = state
            elif known is None or budget <= 0 or not _patch(known, data):
                notes.add("artifact-patch", "a change to an artifact does not fit its text; it was not applied")
                continue
            else:
                state = known
                budget -= len(known.text)
            state.name = text_of(data.get("title")) or state.name
            state.media_type = text_of(data.get("type")) or state.media_type
            state.message, state.pointer, state.updated = message, pointer, moment
        return [_record(key, state, conversation, by) for key, state in states.items()]


def _whole_text(tool: str, data: dict[str, Any]) -> str | None:
    """The text that a change sets as a whole, or None when it patches."""
    if tool == "create_file":
        return text_of(data.get("file_text"))
    if tool == "artifacts" and data.get("command") != "update":
        content = data.get("content")
        return content if type(content) is str else None
    return None


def _patch(state: _State, data: dict[str, Any]) -> bool:
    old, new = data.get("old_str"), data.get("new_str")
    if type(old) is not str or not old or old not in state.text:
        return False
    state.text = state.text.replace(old, text_of(new), 1)
    return True


def _record(key: str, state: _State, conversation: str, by: Provenance) -> Record:
    return Record(
        uid=make_uid(conversation, "artifact", key),
        body=Document(name=state.name or key, text=state.text, media_type=state.media_type),
        origin=origin("artifact", key),
        times=Times(created=state.created, updated=state.updated),
        links=(Link("part_of", conversation), Link("derived_from", state.message)),
        provenance=by,
        native=Native(pointer=state.pointer),
    )
