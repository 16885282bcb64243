"""Where a context goes in each family's prompt: after the system prompt, before what a person says, never with the system's
authority (dossier Portable Agent Memory 6.10)."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from satchel.recall.framing import Style

Target = Literal["plain", "claude", "gpt", "gemini", "llama", "tool"]
TARGETS: tuple[Target, ...] = get_args(Target)
PLACES: dict[Target, str] = {
    "plain": "after your instructions, before the conversation",
    "claude": "the first text block of the first user turn; leave `system` as it is",
    "gpt": "a message of its own with the role user, right after the system or developer message",
    "gemini": "the first item of `contents`, role user; leave `systemInstruction` as it is",
    "llama": "a user turn of its own after the system turn, encoded with special-token parsing off",
    "tool": "the result of a tool call, as an MCP server gives it; no part of a prompt",
}
#: Claude's guides ask for tags; all others read the protocol's markers.
STYLES: dict[Target, Style] = {"claude": "tags"}


class Placed(msgspec.Struct, frozen=True):
    """``place`` in words; ``message`` is the piece of a request in the family's own shape, None for a completion model, which
    takes the text as it is."""

    place: str
    message: dict[str, Any] | None


def style_of(target: Target) -> Style:
    """How the frame is marked for this family."""
    return STYLES.get(target, "markers")


def inject(text: str, target: Target) -> Placed:
    """Where a framed context goes, and in what shape."""
    message: dict[str, Any] | None = None
    if target in ("gpt", "llama"):
        message = {"role": "user", "content": text}
    elif target == "claude":
        message = {"role": "user", "content": [{"type": "text", "text": text}]}
    elif target == "gemini":
        message = {"role": "user", "parts": [{"text": text}]}
    elif target == "tool":
        message = {"content": [{"type": "text", "text": text}]}
    return Placed(PLACES[target], message)
