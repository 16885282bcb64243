"""What a record tells a reader: of a message what was said and shown, not what a machine put between; of the rest its text."""

from __future__ import annotations

from satchel.model.bodies import Message, Part
from satchel.model.record import Record
from satchel.model.text import searchable

#: Parts that are no part of what was said: thoughts, the traffic with tools, text that a machine put in.
_BETWEEN = frozenset({"reasoning", "reasoning_summary", "tool_call", "tool_result", "context", "error"})


def told(record: Record) -> str:
    """The text that may stand in a context; "" where there is none."""
    if isinstance(record.body, Message):
        return "\n".join(text for part in record.body.parts if part.type not in _BETWEEN and (text := _said(part))).strip()
    title, text = searchable(record)
    return f"{title}: {text}".strip() if title and text else (title or text).strip()


def _said(part: Part) -> str:
    if part.text:
        return part.text
    return f"({part.type}: {part.name})" if part.name else ""
