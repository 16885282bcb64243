"""A message's content as parts, for every content type of providers.md 3.1, without losing a character.

Each content type has a handler that maps the members it knows. What a handler leaves over is swept: strings in members
that are not mere labels become parts as well, so text that moved to a new member (``reasoning_recap`` with ``parts``) and
types that did not exist yet are kept. Labels (``LABELS``) stay in the native bytes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from satchel.adapters.chatgpt.files import file_id, file_uid
from satchel.adapters.chatgpt.shapes import text_of
from satchel.model.bodies import Part, PartType
from satchel.model.text import leaves

#: Members that name, count or point, and hold no text of the talk.
LABELS = frozenset(
    {
        "content_type",
        "language",
        "response_format_name",
        "url",
        "domain",
        "tether_id",
        "ref_id",
        "pub_date",
        "pub_timestamp",
        "crawl_date",
        "computer_id",
        "source_analysis_msg_id",
        "direction",
        "decoding_id",
    }
)
#: Members of an unknown content type that hold text; what else it has is kept as data.
TEXTS = (
    "title",
    "name",
    "summary",
    "thoughts",
    "parts",
    "text",
    "result",
    "content",
    "snippet",
    "caption",
    "transcript",
    "message",
    "output",
    "user_profile",
    "user_instructions",
    "model_set_context",
)


class Voice(msgspec.Struct, frozen=True):
    """Who speaks: ``type`` is what a plain string of theirs is, ``name`` the tool that is called or answers."""

    type: PartType = "text"
    name: str = ""
    account: str = ""


def parts_of(content: Any, voice: Voice) -> list[Part]:
    """The parts of a message's ``content``; a plain string or a list is taken for the parts themselves."""
    out: list[Part] = []
    if type(content) is dict:
        if len(content) == 2 and content.get("content_type") == "text":
            # A single text, as nearly all are.
            parts = content.get("parts")
            if type(parts) is list and len(parts) == 1 and type(parts[0]) is str:
                return [Part(type=voice.type, text=parts[0], name=voice.name)] if parts[0] else out
        _content(content, voice, out)
    else:
        _strings(content, voice, out)
    return out


def _content(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    kind = content.get("content_type")
    parts = content.get("parts")
    if type(parts) is list and (kind == "text" or kind == "multimodal_text" or kind is None):
        # The usual case, and the one that has to be fast.
        for part in parts:
            if type(part) is str:
                if part:
                    out.append(Part(type=voice.type, text=part, name=voice.name))
            else:
                _strings(part, voice, out)
        if len(content) > (1 if kind is None else 2):
            _sweep(content, ("parts",), voice.type, voice, out)
        return
    handler = _HANDLERS.get(kind) if type(kind) is str else None
    (handler or _unknown)(content, voice, out)


def _strings(value: Any, voice: Voice, out: list[Part]) -> None:
    """Whatever stands where a part is expected: strings, pointers, contents in their turn, lists of those."""
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str:
            if item:
                out.append(Part(type=voice.type, text=item, name=voice.name))
        elif type(item) is dict:
            _content(item, voice, out)
        elif type(item) is list:
            stack.extend(reversed(item))
        elif item is not None:
            out.append(Part(type=voice.type, data=item, name=voice.name))


def _sweep(
    content: dict[str, Any],
    known: tuple[str, ...],
    type_: PartType,
    voice: Voice,
    out: list[Part],
    *,
    named: bool = False,
) -> None:
    """Every string of the members that are neither known nor labels."""
    for member, value in content.items():
        if member not in known and member not in LABELS and value is not None:
            out.extend(Part(type=type_, text=text, name=member if named else voice.name) for text in leaves(value) if text)


def _text(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    # ``parts`` is no list here, or the fast way would have taken it.
    _strings(content.get("parts"), voice, out)
    _sweep(content, ("parts",), voice.type, voice, out)


def _code(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    type_: PartType = "code" if voice.type == "text" else voice.type
    text = content.get("text")
    if type(text) is str:
        if text:
            out.append(Part(type=type_, text=text, name=voice.name, language=text_of(content.get("language"))))
        _sweep(content, ("text",), type_, voice, out)
    else:
        _sweep(content, (), type_, voice, out)


def _execution_output(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    _sweep(content, (), "tool_result", voice, out)


def _tether_browsing_display(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    _sweep(content, ("assets",), "tool_result", voice, out)


def _thoughts(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    thoughts = content.get("thoughts")
    for thought in thoughts if type(thoughts) is list else [thoughts]:
        if type(thought) is not dict:
            out.extend(Part(type="reasoning", text=text) for text in leaves(thought) if text)
            continue
        summary, text, chunks = thought.get("summary"), thought.get("content"), thought.get("chunks")
        out.extend(Part(type="reasoning_summary", text=words) for words in leaves(summary) if words)
        out.extend(Part(type="reasoning", text=words) for words in leaves(text) if words)
        # Chunks are the content once more, in pieces; only where they differ do they add anything.
        pieces = leaves(chunks)
        if pieces and not (type(text) is str and text in ("".join(pieces), "\n".join(pieces), "\n\n".join(pieces))):
            out.extend(Part(type="reasoning", text=piece) for piece in pieces if piece)
        _sweep(thought, ("summary", "content", "chunks", "finished"), "reasoning", voice, out)
    _sweep(content, ("thoughts",), "reasoning", voice, out)


def _reasoning_recap(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    _sweep(content, (), "reasoning_summary", voice, out)


def _context(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    _sweep(content, (), "context", voice, out, named=True)


def _quote(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    title, url = text_of(content.get("title")), text_of(content.get("url"))
    texts = [words for words in leaves(content.get("text")) if words]
    snippet = content.get("snippet")
    if type(snippet) is str and snippet and snippet not in texts:
        texts.append(snippet)
    if not texts and (title or url):
        texts = [""]
    out.extend(Part(type="quote", name=title, url=url, text=words) for words in texts)
    known = ("text", "title", "snippet") if type(content.get("title")) is str else ("text", "snippet")
    _sweep(content, known, "quote", voice, out)
    if snippet is not None and type(snippet) is not str:
        out.extend(Part(type="quote", name=title, url=url, text=words) for words in leaves(snippet) if words)


def _system_error(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    name = text_of(content.get("name"))
    texts = [words for words in leaves(content.get("text")) if words]
    if not texts and name:
        texts = [""]
    out.extend(Part(type="error", name=name or voice.name, text=words, is_error=True) for words in texts)
    known = ("text", "name") if type(content.get("name")) is str else ("text",)
    _sweep(content, known, "error", voice, out)


def _computer_output(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    screenshot, state = content.get("screenshot"), content.get("state")
    if type(screenshot) is dict:
        _pointer(screenshot, voice, out, "image")
    elif screenshot is not None:
        out.append(Part(type="image", ref=text_of(screenshot), data=None if type(screenshot) is str else screenshot))
    if state:
        out.append(Part(type="tool_result", name=voice.name, data=state))
    _sweep(content, ("screenshot", "state"), "tool_result", voice, out)


def _transcript(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    _sweep(content, (), "transcript", voice, out)


def _media(type_: PartType) -> Callable[[dict[str, Any], Voice, list[Part]], None]:
    def handler(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
        _pointer(content, voice, out, type_)

    return handler


def _real_time(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    """Advanced voice: an audio pointer, and with the camera on a video pointer and its frames."""
    members: tuple[tuple[str, PartType], ...] = (
        ("audio_asset_pointer", "audio"),
        ("video_container_asset_pointer", "video"),
        ("frames_asset_pointers", "image"),
    )
    for member, type_ in members:
        value = content.get(member)
        for item in value if type(value) is list else [value]:
            if type(item) is dict:
                _pointer(item, voice, out, type_)
            elif type(item) is str and item:
                out.append(_file_part(item, voice, type_))
    texts = text_of(content.get("text")), text_of(content.get("transcript"))
    out.extend(Part(type="transcript", text=text) for text in texts if text)


def _file_part(ref: str, voice: Voice, type_: PartType) -> Part:
    # A sandbox path is a file of a machine that is gone: it has no id under which bytes could come.
    asset = "" if not ref or ref.startswith("sandbox:") else file_uid(voice.account, file_id(ref))
    return Part(type=type_, ref=ref, asset=asset)


def _pointer(content: dict[str, Any], voice: Voice, out: list[Part], type_: PartType) -> None:
    """An asset pointer; an image's ``dalle.prompt`` is its text."""
    ref = next(
        (
            content[member]
            for member in ("asset_pointer", "file_id", "id", "audio_asset_pointer", "image_url")
            if type(content.get(member)) is str and content[member]
        ),
        "",
    )
    size = content.get("size_bytes", content.get("size"))
    media_type, form = text_of(content.get("mime_type")), text_of(content.get("format"))
    metadata = content.get("metadata")
    dalle = metadata.get("dalle") if type(metadata) is dict else None
    said = [content.get(member) for member in ("text", "caption", "transcript")]
    texts = [text for text in leaves([*said, dalle.get("prompt") if type(dalle) is dict else None]) if text]
    part = _file_part(ref, voice, type_)
    if not media_type and form and type_ in ("image", "audio", "video"):
        media_type = form if "/" in form else f"{type_}/{form}"
    out.append(
        msgspec.structs.replace(
            part,
            text="\n".join(texts),
            name=text_of(content.get("name")) or text_of(content.get("file_name")),
            media_type=media_type,
            size_bytes=size if type(size) is int and size >= 0 else None,
        )
    )


def _unknown(content: dict[str, Any], voice: Voice, out: list[Part]) -> None:
    """A type that nobody has told of: its text members as parts, the rest as data; pointers as what their name says."""
    kind = text_of(content.get("content_type")) or text_of(content.get("type"))
    if type(content.get("asset_pointer")) is str:
        types: tuple[PartType, ...] = ("image", "audio", "video")
        _pointer(content, voice, out, next((type_ for type_ in types if type_ in kind), "file"))
        said = {member: content[member] for member in TEXTS if member in content}
        _sweep(said, ("name", "text", "caption", "transcript"), voice.type, voice, out)
        return
    rest = {
        member: value
        for member, value in content.items()
        if value is not None and member not in TEXTS and member not in ("content_type", "type")
    }
    for member in TEXTS:
        value = content.get(member)
        if value is not None:
            out.extend(Part(type=voice.type, text=text, name=voice.name) for text in leaves(value) if text)
    if any(text for text in leaves(rest)):
        out.append(Part(type="tool_result" if voice.type == "tool_result" else "context", name=kind, data=rest))


_HANDLERS: dict[str, Callable[[dict[str, Any], Voice, list[Part]], None]] = {
    "text": _text,
    "multimodal_text": _text,
    "code": _code,
    "execution_output": _execution_output,
    "thoughts": _thoughts,
    "reasoning_recap": _reasoning_recap,
    "user_editable_context": _context,
    "model_editable_context": _context,
    "tether_quote": _quote,
    "tether_browsing_display": _tether_browsing_display,
    "sonic_webpage": _quote,
    "system_error": _system_error,
    "computer_output": _computer_output,
    "audio_transcription": _transcript,
    "image_asset_pointer": _media("image"),
    "audio_asset_pointer": _media("audio"),
    "video_asset_pointer": _media("video"),
    "video_container_asset_pointer": _media("video"),
    "file": _media("file"),
    "real_time_user_audio_video_asset_pointer": _real_time,
}


def attachment_parts(parts: list[Part], attachments: Any, account: str) -> list[Part]:
    """``parts`` with a file part for each attachment; one that stands among them as a pointer gets its name instead."""
    if type(attachments) is not list:
        return parts
    at = {part.asset: index for index, part in enumerate(parts) if part.asset}
    for item in attachments:
        if type(item) is not dict:
            continue
        pointer, bytes_id = text_of(item.get("id")), text_of(item.get("file_id"))
        name = text_of(item.get("name")) or text_of(item.get("file_name"))
        media_type = text_of(item.get("mime_type")) or text_of(item.get("mimeType"))
        size = item.get("size", item.get("size_bytes"))
        size_bytes = size if type(size) is int and size >= 0 else None
        asset = file_uid(account, file_id(bytes_id or pointer)) if bytes_id or pointer else ""
        known = at.get(asset) if asset else None
        if known is not None and not parts[known].name:
            there = parts[known]
            parts[known] = msgspec.structs.replace(
                there,
                name=name,
                media_type=there.media_type or media_type,
                size_bytes=there.size_bytes if there.size_bytes is not None else size_bytes,
            )
        elif pointer or bytes_id or name:
            ref = pointer or bytes_id
            parts.append(Part(type="file", name=name, media_type=media_type, size_bytes=size_bytes, ref=ref, asset=asset))
    return parts


def result_images(aggregate_result: Any, parts: list[Part], account: str) -> None:
    """Images that a code run drew: they stand in ``metadata.aggregate_result``, not in the content."""
    if type(aggregate_result) is not dict or type(aggregate_result.get("messages")) is not list:
        return
    there = {part.ref for part in parts if part.ref}
    for item in aggregate_result["messages"]:
        ref = text_of(item.get("image_url")) if type(item) is dict else ""
        if ref.startswith(("file-service://", "sediment://")) and ref not in there:
            there.add(ref)
            parts.append(_file_part(ref, Voice(account=account), "image"))
