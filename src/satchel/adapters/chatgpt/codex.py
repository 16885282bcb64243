"""Codex cloud tasks (``codex.json``): a talk of user and assistant turns, without any times (providers.md 3.1, g).

The export writes Python's own spellings: ``TaskTurnStatusEnum.COMPLETED`` for a state, ``"None"`` for nothing.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.chatgpt import derived
from satchel.adapters.chatgpt.shapes import escape, id_of, text_of
from satchel.errors import Place
from satchel.model import bodies
from satchel.model.bodies import Citation, Part, Role
from satchel.model.findings import Finding
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Provenance, Reading, Record
from satchel.model.text import leaves

KIND = "chatgpt.codex_task"
_ITEM_LABELS = frozenset({"id", "type", "role", "status", "created_at"})


def task_records(value: dict[str, Any], uid: str, account: str, place: Place) -> Reading:
    """A task's head record, a message for each turn, and the instructions that its turns were given."""
    findings: list[Finding] = []
    provenance = Provenance(platform="chatgpt", account=account, conversation=uid, method="api_export")
    records: list[Record] = []
    extra: dict[str, Record] = {}
    by_id: dict[str, str] = {}
    previous = ""
    turns = value.get("turns")
    for index, turn in enumerate(turns if type(turns) is list else []):
        if type(turn) is not dict:
            findings.append(Finding("unexpected-shape", "warning", "a turn is no object and was not read", place, "skipped"))
            continue
        turn_id = id_of(turn.get("id"))
        message = make_uid(uid, "message", turn_id or f"#{index}")
        if turn_id in by_id:
            message = make_uid(uid, "message", turn_id, str(index))
        parts: list[Part] = []
        _items(turn.get("input_items"), parts)
        _items(turn.get("output_items"), parts)
        instructions = text_of(turn.get("custom_instructions"))
        if instructions.strip():
            parts.insert(0, Part(type="context", name="custom_instructions", text=instructions))
            record = derived.instruction_record(instructions, "assistant", account)
            extra.setdefault(record.uid, record)
        named = text_of(turn.get("previous_turn_id"))
        records.append(
            Record(
                uid=message,
                body=bodies.Message(
                    role=_role(turn, turn_id),
                    parts=tuple(parts),
                    parent=by_id.get(named, previous),
                    position=len(records),
                    state=_state(turn.get("turn_status")),
                ),
                origin=Origin(format="chatgpt", id=turn_id, kind="chatgpt.codex_turn"),
                links=(Link("part_of", uid),),
                provenance=provenance,
                native=Native(pointer=f"/turns/{escape(str(index))}"),
            )
        )
        previous = message
        if turn_id:
            by_id[turn_id] = message
    if not records:
        findings.append(Finding("no-messages", "info", "the task has no turns", place))
    head = Record(
        uid=uid,
        body=bodies.Conversation(
            title=text_of(value.get("title")), current=previous, is_archived=value.get("archived") is True
        ),
        origin=Origin(format="chatgpt", dialect="codex", id=id_of(value.get("id")), kind=KIND),
        provenance=Provenance(platform="chatgpt", account=account, method="api_export"),
    )
    return Reading((head, *extra.values(), *records), tuple(findings))


def _role(turn: dict[str, Any], turn_id: str) -> Role:
    role = turn.get("role")
    if role == "user" or role == "assistant" or role == "system" or role == "tool":
        return role  # type: ignore[no-any-return]
    if "~usertrn_" in turn_id:
        return "user"
    return "assistant" if "~assttrn_" in turn_id or "output_items" in turn else "user"


def _state(status: Any) -> str:
    word = text_of(status).rpartition(".")[2]
    return "" if word in ("COMPLETED", "None") else word.lower()


def _items(items: Any, parts: list[Part]) -> None:
    for item in items if type(items) is list else [items]:
        if type(item) is dict and type(item.get("content")) is list:
            _contents(item["content"], parts)
            rest = {name: value for name, value in item.items() if name not in _ITEM_LABELS and name != "content"}
            if any(leaves(rest)):
                parts.append(Part(type="context", name=text_of(item.get("type")), data=rest))
        elif type(item) is dict:
            # A pull request, a snapshot of files, an editor's context: kept as the data that it is.
            if any(leaves({name: value for name, value in item.items() if name not in _ITEM_LABELS})):
                parts.append(Part(type="context", name=text_of(item.get("type")), data=item))
        else:
            parts.extend(Part(type="text", text=text) for text in leaves(item) if text)


def _contents(contents: list[Any], parts: list[Part]) -> None:
    for content in contents:
        if type(content) is not dict:
            parts.extend(Part(type="text", text=text) for text in leaves(content) if text)
            continue
        kind = text_of(content.get("content_type"))
        rest = {name: value for name, value in content.items() if name not in ("content_type", "text")}
        text = content.get("text")
        if type(text) is str and text:
            parts.append(Part(type="text", text=text))
        elif text is not None and type(text) is not str:
            rest["text"] = text
        if kind == "repo_file_citation" and type(content.get("path")) is str:
            # It names a place in a file; the words before it are what it is a source for.
            citation = Citation(title=content["path"], snippet=_lines(content))
            parts.append(Part(type="quote", name=content["path"], citations=(citation,), data=rest))
        elif any(leaves(rest)):
            parts.append(Part(type="context", name=kind, data=rest))


def _lines(content: dict[str, Any]) -> str:
    first, last = content.get("line_range_start"), content.get("line_range_end")
    return f"lines {first}-{last}" if type(first) is int and type(last) is int else ""
