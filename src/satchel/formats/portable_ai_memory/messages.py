"""A message record as one or more messages of the format (dossier 6.1).

The format has no reasoning part, only a flag on the whole message. So a message that mixes reasoning with other parts
becomes a chain, one message a run; the last one bears the record's id, and what follows the message hangs on it. Every
character of every part is written: texts in ``content``, inputs and outputs of tools in ``tool_calls``; what those cannot
say of a part, its own type first of all, is said in ``raw_metadata.satchel.parts``, one item a part in the order of the
source.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from satchel.formats.portable_ai_memory.spelling import json_text
from satchel.model.bodies import Message, Part
from satchel.model.citations import Sources, resolved
from satchel.model.ids import make_uid, uuid_of
from satchel.model.record import Record
from satchel.model.times import to_rfc3339

_REASONING = frozenset({"reasoning", "reasoning_summary"})
_TOOL = frozenset({"tool_call", "tool_result"})
_MEDIA = frozenset({"image", "audio", "video", "file"})
#: Part types that the format has by the same name; all others become text.
_OWN = frozenset({"text", "code", "image", "audio", "video", "file"})
#: Part types that the message says by itself.
_SAID = _OWN | _TOOL


class File(NamedTuple):
    """A file beside a message: where it lies in the package ("" when its bytes do not), and what is known of it."""

    ref: str = ""
    name: str = ""
    media_type: str = ""
    size_bytes: int | None = None


class Segment(msgspec.Struct, gc=False):
    """One message of the format without its place in the talk; ``ours`` goes under ``raw_metadata.satchel``."""

    id: str
    message: dict[str, Any]
    ours: dict[str, Any]
    #: Whether it is one part of which there is nothing to say but its text.
    is_text: bool = False


def segments(record: Record, body: Message, find_file: Callable[[str], File]) -> list[Segment]:
    """The chain of messages that a record becomes, in order."""
    if len(body.parts) == 1 and _is_plain(body.parts[0]):
        # The usual message, which is nothing but its text.
        own = uuid_of(record.uid)
        plain: dict[str, Any] = {"id": own}
        if record.origin.id:
            plain["provider_message_id"] = record.origin.id
        plain["role"] = body.role
        plain["content"] = {"type": "text", "text": body.parts[0].text}
        if body.model:
            plain["model"] = body.model
        return [Segment(own, plain, _of_the_record(record, body), is_text=True)]
    runs = [list(body.parts)]
    if len(runs[0]) > 1:
        runs = [list(run) for _, run in groupby(body.parts, key=lambda part: part.type in _REASONING)]
    chain = []
    for index, parts in enumerate(runs):
        last = index == len(runs) - 1
        own = uuid_of(record.uid if last else make_uid(record.uid, "segment", str(index)))
        message: dict[str, Any] = {"id": own}
        if record.origin.id:
            message["provider_message_id"] = record.origin.id
        message["role"] = body.role
        ours: dict[str, Any] = {}
        if len(runs) > 1:
            ours["segment"] = {"index": index, "of": len(runs)}
        _fill(message, ours, parts, find_file, body.author if body.role == "tool" else body.recipient)
        if body.model:
            message["model"] = body.model
        if parts and parts[0].type in _REASONING:
            message["is_thought"] = True
        chain.append(Segment(own, message, ours))
    chain[-1].ours.update(_of_the_record(record, body))
    return chain


def _of_the_record(record: Record, body: Message) -> dict[str, Any]:
    """What the format has no member for in a message's header."""
    said: dict[str, Any] = {}
    if body.author:
        said["author"] = body.author
    if body.recipient:
        said["recipient"] = body.recipient
    if body.is_hidden:
        said["is_hidden"] = True
    if body.state:
        said["state"] = body.state
    if record.status != "active":
        said["status"] = record.status
    if record.language:
        said["language"] = record.language
    if record.tags:
        said["tags"] = list(record.tags)
    if record.trust == "untrusted":
        said["trust"] = record.trust
    if record.access.sensitivity:
        said["sensitivity"] = record.access.sensitivity
    created, updated = record.times.created, record.times.updated
    if updated and created and updated != created:
        said["updated_at"] = to_rfc3339(updated)
    if record.residue:
        said["residue"] = dict(record.residue)
    return said


def _is_plain(part: Part) -> bool:
    """Whether there is nothing to say of a part but its text."""
    return part.type == "text" and not (
        part.name
        or part.citations
        or part.asset
        or part.ref
        or part.url
        or part.call
        or part.language
        or part.media_type
        or part.is_error
        or part.data is not None
    )


def _fill(
    message: dict[str, Any], ours: dict[str, Any], parts: list[Part], find_file: Callable[[str], File], tool: str
) -> None:
    """Put the parts into the message; ``tool`` names the tool where a part does not."""
    sources = Sources()
    content: list[dict[str, Any]] = []
    calls: _Calls | None = None
    attachments: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    verbatim: list[dict[str, Any]] = []
    has_notes = False
    for index, part in enumerate(parts):
        kind = part.type
        note: dict[str, Any] = {"type": kind}
        file = _file(part, find_file) if part.asset or part.ref or kind in _MEDIA else None
        if file is not None:
            attachments.append(_attachment(part, file))
        if kind in _TOOL:
            # Tool text is kept as it is; its sources are listed all the same.
            if part.citations:
                resolved("", part.citations, sources)
            if calls is None:
                calls = _Calls(tool or "unknown")
            calls.add(part, note)
        else:
            text = part.text
            if part.citations and kind != "code":
                text = resolved(text, part.citations, sources)
                if text != part.text:
                    verbatim.append({"part": index, "text": part.text})
            content.append(_content_part(part, text, file))
            if part.name or part.url or part.call or part.is_error or part.data is not None:
                _note(part, note, file)
            if kind == "quote" and part.url:
                sources.number(part.name, part.url)
        notes.append(note)
        has_notes = has_notes or len(note) > 1 or kind not in _SAID
    if len(content) == 1 and len(content[0]) == 2 and content[0].get("type") == "text" and "text" in content[0]:
        message["content"] = content[0]
    elif content:
        message["content"] = {"type": "multipart", "parts": content}
    if attachments:
        message["attachments"] = attachments
    if sources.list:
        message["citations"] = sources.list
    if calls is not None:
        message["tool_calls"] = calls.list
    if verbatim:
        ours["verbatim"] = verbatim
    if has_notes or (calls is not None and (calls.odd or content)):
        ours["parts"] = [note if len(note) > 1 else note["type"] for note in notes]


def _content_part(part: Part, text: str, file: File | None) -> dict[str, Any]:
    kind = part.type if part.type in _OWN else "text"
    value: dict[str, Any] = {"type": kind}
    if text or kind not in _MEDIA:
        value["text"] = text
    if part.language:
        value["language"] = part.language
    media_type = part.media_type or (file.media_type if file else "")
    if media_type:
        value["mime_type"] = media_type
    ref = (file.ref if file else "") or part.url or part.ref
    if ref and (kind in _MEDIA or file is not None):
        value["ref"] = ref
    return value


def _note(part: Part, note: dict[str, Any], file: File | None) -> None:
    if part.name and file is None:
        note["name"] = part.name
    if part.url and (file is None or file.ref):
        note["url"] = part.url
    if part.call:
        note["call"] = part.call
    if part.data is not None:
        note["data"] = part.data
    if part.is_error:
        note["is_error"] = True


def _file(part: Part, find_file: Callable[[str], File]) -> File | None:
    """The file that a part brings along; a part that is one by its type brings one even when nothing is known of it."""
    if part.asset:
        return find_file(part.asset)
    return File() if part.type in _MEDIA or part.ref else None


def _attachment(part: Part, file: File) -> dict[str, Any]:
    media_type = part.media_type or file.media_type
    kind: str = part.type if part.type in _MEDIA else "file"
    if kind == "file" and (part.text or media_type.startswith("text/") or media_type == "application/pdf"):
        kind = "document"
    size = part.size_bytes if part.size_bytes is not None else file.size_bytes
    members = {
        "type": kind,
        "name": part.name or file.name,
        "mime_type": media_type,
        "size_bytes": size if size is not None and size >= 0 else None,
        "ref": file.ref or part.url,
        "provider_id": part.ref,
    }
    return {name: value for name, value in members.items() if value is not None and value != ""}


class _Calls:
    """Tool calls of one segment, results put to the calls that they answer."""

    def __init__(self, default_name: str) -> None:
        self.list: list[dict[str, Any]] = []
        self._default_name = default_name
        #: Something that the list alone cannot say: a result without its call.
        self.odd = False
        self._open: dict[str, dict[str, Any]] = {}

    def add(self, part: Part, note: dict[str, Any]) -> None:
        if part.type == "tool_call":
            call = self._new(part, "input", _input(part))
            if part.call:
                self._open.setdefault(part.call, call)
        else:
            found = self._open.pop(part.call, None)
            if found is None:
                self.odd = True
                self._new(part, "output", _output(part))
            else:
                found["output"] = _output(part)
                if part.name and part.name != found["name"]:
                    note["name"] = part.name
        if part.is_error:
            note["is_error"] = True
        if part.language:
            note["language"] = part.language
        if part.url:
            note["url"] = part.url

    def _new(self, part: Part, side: str, value: Any) -> dict[str, Any]:
        call: dict[str, Any] = {"id": part.call} if part.call else {}
        call["name"] = part.name or self._default_name
        if value is not None:
            call[side] = value
        self.list.append(call)
        return call


def _input(part: Part) -> dict[str, Any] | str | None:
    """An object as it is, text as it is, other JSON as text; both at once as an object of the two (dossier 6.1)."""
    if part.data is None:
        return part.text or None
    if part.text:
        return {"text": part.text, "data": part.data}
    if isinstance(part.data, dict):
        return part.data
    return part.data if isinstance(part.data, str) else json_text(part.data)


def _output(part: Part) -> str:
    """The format takes text alone: JSON is written as text, behind the text where there are both."""
    if part.data is None:
        return part.text
    data = part.data if isinstance(part.data, str) else json_text(part.data)
    return f"{part.text}\n{data}" if part.text else data
