"""What a conversation tells besides its messages: saved and injected memories, custom instructions (providers.md 3.1).

Saved memories are not in the export, and these three places are all that survives of them: what the model wrote to its
``bio`` tool, the memory text that was put into the talk (``model_editable_context``), and the custom instructions
(``user_editable_context``, ``user_context_message_data``). The last two repeat in every conversation: their records are
named by their text and hold nothing of the conversation, so that they are one record however often they are met.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from satchel.adapters.chatgpt.shapes import text_of
from satchel.model import times
from satchel.model.bodies import Instruction, Memory, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Provenance, Record, Times

#: How entries begin, the strictest spelling first: the first that a text has at all is the one that divides it.
_ENTRIES = (
    re.compile(r"\s*\d+\.\s+(?:\[(\d{4}-\d{2}-\d{2})\]\.?\s*)?"),
    re.compile(r"\s*\[(\d{4}-\d{2}-\d{2})\](?:\.|\s*-)?\s*"),
    re.compile(r"\s*[-*•]\s+()"),
)
#: ``The user provided …:`` and then the text itself between fences.
_WRAPPED = re.compile(r"The user provided.*?```(.*)```\s*\Z", re.DOTALL)

About = Literal["user", "assistant"]
_ABOUT: tuple[tuple[str, About], ...] = (("user_profile", "user"), ("user_instructions", "assistant"))
_ABOUT_DATA: tuple[tuple[str, About], ...] = (("about_user_message", "user"), ("about_model_message", "assistant"))


def text_digest(text: str) -> str:
    """The digest by which a text without an id is named."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def memory_record(text: str, day: str, account: str) -> Record:
    """A saved memory known by its text alone: the same wherever it is met."""
    moment = times.from_iso(day) if day else None
    return Record(
        uid=make_uid("chatgpt", account, "memory", day, text_digest(text)),
        body=Memory(text=text),
        origin=Origin(format="chatgpt", kind="chatgpt.memory"),
        times=Times(created=moment, observed=moment),
        provenance=Provenance(platform="chatgpt", account=account, method="llm_inference"),
    )


def injected_memories(text: str, account: str) -> list[Record]:
    """The entries of a ``model_set_context``: ``1. [2025-05-02]. The user likes …``, and the spellings akin to it."""
    lines = text.split("\n")
    entry = next((pattern for pattern in _ENTRIES if any(map(pattern.match, lines))), None)
    if entry is None:
        return [memory_record(line.strip(), "", account) for line in lines if line.strip()]
    entries: list[tuple[str, list[str]]] = []
    for line in lines:
        found = entry.match(line)
        if found:
            entries.append((found[1] or "", [line[found.end() :]]))
        elif entries:
            entries[-1][1].append(line)
        # What stands before the first entry is a heading.
    joined = [("\n".join(part).strip(), day) for day, part in entries]
    return [memory_record(words, day, account) for words, day in joined if words]


def bio_memories(
    parts: list[Part],
    message: str,
    conversation: str,
    account: str,
    created: datetime | None,
    scope: str,
    native: Native,
) -> Iterator[Record]:
    """One memory for each line that the model wrote to its ``bio`` tool."""
    seen: set[str] = set()
    for part in parts:
        if part.type != "tool_call":
            continue
        for line in part.text.split("\n"):
            text = line.removesuffix("\r").removeprefix("- ")
            if not text.strip() or text in seen:
                continue
            seen.add(text)
            yield Record(
                uid=make_uid(message, "memory", text_digest(text)),
                body=Memory(text=text),
                origin=Origin(format="chatgpt", kind="chatgpt.bio"),
                times=Times(created=created),
                links=(Link("derived_from", message),),
                provenance=Provenance(
                    platform="chatgpt",
                    account=account,
                    conversation=conversation,
                    message=message,
                    method="llm_inference",
                ),
                scope=scope,
                native=native,
            )


def unwrapped(text: str) -> str:
    """Custom instructions without the sentence and the fences that ChatGPT puts round them."""
    found = _WRAPPED.match(text)
    return found[1] if found else text


def instruction_record(text: str, about: About, account: str) -> Record:
    """Custom instructions: one record, however many conversations begin with them."""
    return Record(
        uid=make_uid("chatgpt", account, "instruction", about, text_digest(text)),
        body=Instruction(text=text, about=about),
        origin=Origin(format="chatgpt", kind="chatgpt.custom_instructions"),
        provenance=Provenance(platform="chatgpt", account=account, method="explicit_user_input"),
    )


def instructions(content: Any, data: Any, account: str) -> list[Record]:
    """The custom instructions in a message's content and in its ``user_context_message_data``, each text once."""
    found: dict[tuple[About, str], None] = {}
    if type(data) is dict:
        for member, about in _ABOUT_DATA:
            text = text_of(data.get(member))
            if text.strip():
                found[about, text] = None
    if type(content) is dict and content.get("content_type") == "user_editable_context":
        for member, about in _ABOUT:
            text = unwrapped(text_of(content.get(member)))
            if text.strip():
                found[about, text] = None
    return [instruction_record(text, about, account) for about, text in found]


def instruction_parts(data: Any, parts: list[Part]) -> list[Part]:
    """The texts of ``user_context_message_data`` that the content does not repeat, as context."""
    if type(data) is not dict:
        return []
    said = [part.text for part in parts]
    return [
        Part(type="context", name=member, text=text)
        for member, text in data.items()
        if type(text) is str and text and not any(text in words for words in said)
    ]
