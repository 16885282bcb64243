"""What no field of ours carries of a native value, for writers that have a place for it (portable-ai-memory.md 7.8).

The members of an entry stand with its first message; a member is carried when some field was made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.adapters.gemini.wire import PLATFORM, dicts, items_of
from satchel.model.bodies import Message
from satchel.model.record import Record

_ENTRY = frozenset({"title", "time", "safeHtmlItem", "attachedFiles", "imageFile", "audioFiles", "videoFiles"})
_CHUNK = frozenset(
    {"id", "role", "text", "parts", "createTime", "isThought", "thought", "finishReason", "executableCode",
     "codeExecutionResult", "functionCall", "functionResponse", "driveDocument", "driveImage", "driveAudio", "driveVideo",
     "inlineFile", "inlineImage", "inlineAudio", "inlineVideo", "inlineData", "fileData", "youtubeVideo", "errorMessage",
     "citations"}
)  # fmt: skip
_CARRIED: dict[str, frozenset[str]] = {
    "prompt": frozenset(
        {"id", "chunkedPrompt", "chunks", "contents", "systemInstruction", "system_instruction", "pendingInputs"}
    ),
    "system_instruction": frozenset({"text", "parts"}),
    "workspace_conversation": frozenset({"title", "creation_time", "last_modification_time", "conversation_turns"}),
}
_TURN = frozenset({"prompt", "text", "images", "model_thoughts", "turn_last_modified"})
_DETAIL = frozenset({"name", "value"})
_INTERACTION = frozenset({"request", "response"})


def leftover(record: Record, native: Any) -> Mapping[str, Any]:
    """See the module docstring; nothing for values that are no object."""
    kind = record.origin.kind.removeprefix(f"{PLATFORM}.")
    if type(native) is not dict:
        return {}
    if kind == "message":
        return _message(record, native)
    if kind == "activity":
        return _without(native, frozenset({"title", "time"}))
    carried = _CARRIED.get(kind)
    return {} if carried is None else _without(native, carried)


def _message(record: Record, native: dict[str, Any]) -> dict[str, Any]:
    pointer = record.native.pointer
    if pointer.startswith("/conversation_turns/"):
        return _without(native, _TURN)
    if pointer.startswith("/details/"):
        return _without(native, _DETAIL)
    if pointer.startswith("/userInteractions/"):
        inner = native.get("userInteraction")
        return _without(inner if type(inner) is dict else native, _INTERACTION)
    if pointer.startswith("/safeHtmlItem"):
        # The text is made of it; the HTML says more.
        return {"response_html": native["html"]} if type(native.get("html")) is str else {}
    if pointer:
        return _without(native, _CHUNK)
    rest = _without(native, _ENTRY)
    if isinstance(record.body, Message) and record.body.role == "assistant":
        rest |= {"title": native.get("title"), "response_html": native.get("safeHtmlItem")}
    if not native.get("safeHtmlItem") and (native.get("details") or native.get("userInteractions")):
        # The older forms: what the title says is not what was said.
        rest["title"] = native.get("title")
        details = [item for item in items_of(rest.pop("details", None)) if type(item) is not dict or item.keys() - _DETAIL]
        inner = [_beyond(item) for item in dicts(rest.pop("userInteractions", None))]
        rest |= {name: items for name, items in (("details", details), ("userInteractions", inner)) if any(items)}
    return rest


def _beyond(item: dict[str, Any]) -> dict[str, Any]:
    inner = item.get("userInteraction")
    return _without(inner if type(inner) is dict else item, _INTERACTION)


def _without(value: dict[str, Any], carried: frozenset[str]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None and name not in carried}
