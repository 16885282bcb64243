"""A conversation file as our records: the way back of ``conversations`` and ``messages`` (dossier 6.1).

The graph is the file's where any message has a parent or a child; otherwise the talk is linear, each message the answer to the
one before. What an export of ours wrote into ``raw_metadata.satchel`` gives the parts their own types and order again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

from msgspec.structs import replace

from satchel.errors import Place
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.records import lowered, platform_of, sensitive
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.space import Space, member, moment, own_members, string, strings
from satchel.model.bodies import Citation, Conversation, Message, Part, PartType
from satchel.model.findings import Finding
from satchel.model.record import Link, Native, Provenance, Reading, Record, Status, Times

_PARTS: frozenset[str] = frozenset(get_args(PartType))
_MEDIA = frozenset(("image", "audio", "video", "file"))
#: Gives the uid of the document that holds the bytes of an attachment, or "".
FindAsset = Callable[[str], str]


def conversation_reading(root: dict[str, Any], space: Space, file: str, find_asset: FindAsset) -> Reading:
    """The records of a conversation file that was checked: its head, then its messages."""
    own = root["id"]
    owner = space.conversations.get(own, space.owner)
    uid = space.conversation(own)
    provider, temporal = member(root, "provider"), member(root, "temporal")
    ours = own_members(root, "raw_metadata")
    provenance = Provenance(platform=platform_of(provider.get("name")), account=string(provider, "account_id"))
    messages = root["messages"]
    ids = {message["id"] for message in messages}
    current = string(ours, "current")
    head = Record(
        uid=uid,
        body=Conversation(
            title=string(root, "title"),
            summary=string(ours, "summary"),
            model=string(root, "model"),
            current=space.message(own, current) if current in ids else "",
            is_archived=root.get("is_archived") is True,
            is_starred=ours.get("is_starred") is True,
        ),
        origin=space.origin(owner, "conversation", own),
        times=Times(
            created=None if string(ours, "created_at_from") else moment(temporal, "created_at"),
            updated=moment(temporal, "updated_at") or moment(ours, "updated_at"),
        ),
        status=_status(ours),
        trust=lowered("imported", ours),
        provenance=provenance,
        access=sensitive(ours),
        tags=strings(ours, "tags") or strings(root, "tags"),
        language=string(ours, "language"),
    )
    findings: list[Finding] = []
    records = [head]
    for position, (message, parent) in enumerate(zip(messages, _parents(messages), strict=True)):
        place = Place(file, position, None, f"/messages/{position}")
        parts = tuple(_parts(message, find_asset, place, findings))
        said = own_members(message, "raw_metadata")
        role = message["role"]
        records.append(
            Record(
                uid=space.message(own, message["id"]),
                body=Message(
                    # A newer minor version may have more roles; what is not known is not taken for the person's own words.
                    role=role if role in terms.ROLES else "system",
                    parts=parts,
                    parent=space.message(own, parent) if parent else "",
                    position=position,
                    author=string(said, "author"),
                    recipient=string(said, "recipient"),
                    model=string(message, "model"),
                    is_hidden=said.get("is_hidden") is True,
                    state=string(said, "state"),
                ),
                origin=space.origin(owner, "message", message["id"]),
                times=Times(
                    created=None if string(said, "created_at_from") else moment(message, "created_at"),
                    updated=moment(said, "updated_at"),
                ),
                status=_status(said),
                trust="untrusted" if role == "tool" else lowered("imported", said),
                links=(Link("part_of", uid),),
                provenance=provenance,
                access=sensitive(said),
                tags=strings(said, "tags"),
                language=string(said, "language"),
                native=Native(pointer=f"/messages/{position}"),
            )
        )
    return Reading(tuple(records), tuple(findings))


def _status(ours: dict[str, Any]) -> Status:
    said = ours.get("status")
    return said if said in terms.STATUSES else "active"


def _parents(messages: list[dict[str, Any]]) -> list[str]:
    """The id of each message's parent, "" for a root: what it says, else who lists it, else in a linear talk the one before."""
    ids = {message["id"] for message in messages}
    if not any(message.get("parent_id") or message.get("children_ids") for message in messages):
        return ["", *(message["id"] for message in messages)][: len(messages)]
    listed: dict[str, str] = {}
    for message in messages:
        for child in strings(message, "children_ids"):
            listed.setdefault(child, message["id"])
    above: dict[str, str] = {}
    for message in messages:
        said = string(message, "parent_id")
        above[message["id"]] = (said if said in ids else "") if said else listed.get(message["id"], "")
    # What a message says of its parent was checked to make no circle; together with who lists it, it may.
    settled: set[str] = set()
    for start in above:
        path: list[str] = []
        met: set[str] = set()
        at = start
        while at and at not in settled and at not in met:
            path.append(at)
            met.add(at)
            at = above[at]
        if at in met:
            above[at] = ""
        settled.update(path)
    return list(above.values())


def _parts(message: dict[str, Any], find_asset: FindAsset, place: Place, findings: list[Finding]) -> Iterator[Part]:
    """The parts of a message: what was said, then what was called, then what came along."""
    thought = message.get("is_thought") is True
    notes = own_members(message, "raw_metadata").get("parts")
    calls = [_call(call) for call in message.get("tool_calls") or ()]
    files = [_file(item, find_asset, place, findings) for item in message.get("attachments") or ()]
    said = list(_said(message, thought=thought))
    cited = tuple(
        Citation(title=string(item, "title"), url=string(item, "url"), snippet=string(item, "snippet"))
        for item in message.get("citations") or ()
    )
    if type(notes) is list:
        restored = _restored([note if type(note) is dict else {"type": note} for note in notes], said, calls, files)
        if restored is not None:
            yield from _with_citations(restored, cited)
            return
    # A picture that stands among the words and is listed beside them is one picture.
    listed = {string(item, "ref") for item in message.get("attachments") or ()} - {""}
    shown = [part for part in said if part.type not in _MEDIA or part.text or part.url not in listed]
    yield from _with_citations([*shown, *(part for call in calls for part in call), *files], cited)


def _said(message: dict[str, Any], *, thought: bool) -> Iterator[Part]:
    content = member(message, "content")
    text = content.get("text")
    if type(text) is str and text:
        yield Part(type="reasoning" if thought else "text", text=text)
    for item in content.get("parts") or ():
        kind: PartType = item["type"] if item["type"] in _PARTS else "text"
        yield Part(
            type="reasoning" if thought and kind == "text" else kind,
            text=string(item, "text"),
            language=string(item, "language"),
            media_type=string(item, "mime_type"),
            url=string(item, "ref"),
        )


def _call(call: dict[str, Any]) -> tuple[Part, ...]:
    """A call and, where it has one, its result."""
    name, own, given, output = call["name"], string(call, "id"), call.get("input"), call.get("output")
    parts = []
    if given is not None or output is None:
        data = given if type(given) is dict else None
        parts.append(Part(type="tool_call", name=name, call=own, text="" if data is not None else given or "", data=data))
    if output is not None:
        parts.append(Part(type="tool_result", name=name, call=own, text=output))
    return tuple(parts)


def _file(item: dict[str, Any], find_asset: FindAsset, place: Place, findings: list[Finding]) -> Part:
    kind: PartType = item["type"] if item["type"] in _MEDIA else "file"
    ref, size = string(item, "ref"), item.get("size_bytes")
    asset = find_asset(ref) if ref else ""
    if ref.startswith(f"{terms.ATTACHMENTS_FOLDER}/") and not asset:
        findings.append(broken("attachment-missing", place))
    return Part(
        type=kind,
        name=string(item, "name"),
        media_type=string(item, "mime_type"),
        size_bytes=int(size) if size is not None and size < 1 << 62 else None,
        url="" if asset else ref,
        ref=string(item, "provider_id"),
        asset=asset,
    )


def _restored(
    notes: list[dict[str, Any]], said: list[Part], calls: list[tuple[Part, ...]], files: list[Part]
) -> list[Part] | None:
    """The parts in the order and of the types that an export of ours noted; None where its notes do not fit the message."""
    texts = iter(said)
    tools = {
        kind: iter([part for call in calls for part in call if part.type == kind]) for kind in ("tool_call", "tool_result")
    }
    attached = iter(files)
    parts: list[Part] = []
    for note in notes:
        kind = note.get("type")
        if kind not in _PARTS:
            return None
        part = next(tools.get(kind, texts), None)
        if part is None:
            return None
        changes: dict[str, Any] = {"type": kind}
        if kind in _MEDIA:
            file = next(attached, None)
            if file is None:
                return None
            changes |= {"name": file.name, "size_bytes": file.size_bytes, "ref": file.ref, "asset": file.asset, "url": file.url}
        for name in ("name", "url", "call"):
            if string(note, name):
                changes[name] = string(note, name)
        if note.get("is_error") is True:
            changes["is_error"] = True
        if kind not in tools and "data" in note:
            changes["data"] = note["data"]
        parts.append(replace(part, **changes))
    fits = next(texts, None) is None and all(next(rest, None) is None for rest in (*tools.values(), attached))
    return parts if fits else None


def _with_citations(parts: list[Part], cited: tuple[Citation, ...]) -> list[Part]:
    """``parts`` with the message's sources on the first that has text, or on the first of all."""
    if not cited or not parts:
        return parts
    at = next((index for index, part in enumerate(parts) if part.text and part.type in ("text", "reasoning")), 0)
    return [*parts[:at], replace(parts[at], citations=cited), *parts[at + 1 :]]
