"""Claude Design chats: ``design_chats/<uuid>.json`` (providers.md 3.2, "Design chats").

Rows follow one another; a person's row is sometimes stored twice under the same ``content.id`` and then kept once. The text of
an attached skill is a skill record; questions that the assistant put and their answers stay with the message as context.
"""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.adapters.claude.content import extra_text
from satchel.adapters.claude.conversations import ROLES
from satchel.adapters.claude.memory_files import front_matter
from satchel.adapters.claude.tools import text_leaves, tool_call
from satchel.adapters.claude.wire import decode, decoded_json, ident, origin, provenance, text_of, uid_of, whole
from satchel.adapters.notes import Notes
from satchel.limits import Limits
from satchel.model.bodies import Conversation, Message, Part, Role, Skill
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times

_IMAGES = frozenset({"image"})
_BLOCK_MARKS = frozenset({"type", "id", "timestamp", "start_timestamp", "stop_timestamp", "signature", "status"})


def read_design_chat(data: bytes, uid: str, native_id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one design chat's bytes.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    value = decode(data, Any, notes, limits)
    if type(value) is not dict:
        notes.add("unknown-shape", "this is no design chat", "error", "skipped")
        return Reading(findings=notes.findings())
    return _Chat(value, uid, native_id, account, notes, limits).reading()


class _Chat:
    def __init__(self, value: dict[str, Any], uid: str, native_id: str, account: str, notes: Notes, limits: Limits) -> None:
        self.value = value
        self.uid = uid
        self.native_id = native_id
        self.account = account
        self.notes = notes
        self.limits = limits
        self.by = provenance(account)
        project = value.get("project")
        project_id = ident(project.get("uuid")) if type(project) is dict else ""
        self.scope = uid_of(account, "project", project_id) if project_id else ""
        self.skills: dict[str, Record] = {}
        self.seen: dict[str, int] = {}
        #: The skills that the message at hand brings along.
        self.attached: dict[str, None] = {}

    def reading(self) -> Reading:
        rows = self.value.get("messages")
        if type(rows) is not list:
            self.notes.add("malformed-messages", "the messages are no array; they are left out", "error", "skipped")
            rows = []
        messages: list[Record] = []
        stored: dict[str, tuple[int, tuple[Part, ...]]] = {}
        parent = ""
        for index, row in enumerate(rows):
            if type(row) is not dict:
                self.notes.add("malformed-message", "a message is no object; it is left out", "error", "skipped")
                continue
            content = self._content(row)
            self.attached.clear()
            parts = tuple(self._parts(content))
            if not parts:
                self.notes.add("empty-message", "a message holds nothing; it gives no record")
                continue
            role, author = self._role(row, content)
            twin = ident(content.get("id"))
            if role == "user" and twin:
                first = stored.get(twin)
                if first is not None and self._is_twin(first[1], parts):
                    self.notes.add("duplicate-message", "a message is stored twice in the export; it is kept once")
                    if len(parts) > len(first[1]):
                        kept = messages[first[0]]
                        body = msgspec.structs.replace(kept.body, parts=parts)
                        messages[first[0]] = msgspec.structs.replace(kept, body=body)
                        stored[twin] = (first[0], parts)
                    continue
                stored.setdefault(twin, (len(messages), parts))
            record = self._message(row, content, parts, role, author, parent, index)
            messages.append(record)
            parent = record.uid
        head = Record(
            uid=self.uid,
            body=Conversation(title=text_of(self.value.get("title")) or text_of(self.value.get("name")), current=parent),
            origin=origin("design_chat", self.native_id),
            times=Times(
                created=self.notes.time(self.value.get("created_at")),
                updated=self.notes.time(self.value.get("updated_at")),
            ),
            links=(Link("part_of", self.scope),) if self.scope else (),
            provenance=self.by,
            scope=self.scope,
        )
        return Reading(records=(head, *messages, *self.skills.values()), findings=self.notes.findings())

    def _content(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row's content object; plain text and JSON text stand for it in the rows that have them."""
        content = row.get("content")
        if type(content) is str:
            decoded = decoded_json(content, self.limits)
            content = (
                decoded if type(decoded) is dict and {"content", "contentBlocks"} & decoded.keys() else {"content": content}
            )
        elif type(content) is list:
            content = {"contentBlocks": content}
        return content if type(content) is dict else {}

    def _role(self, row: dict[str, Any], content: dict[str, Any]) -> tuple[Role, str]:
        name = text_of(row.get("role")) or text_of(content.get("role"))
        role = ROLES.get(name.strip().lower())
        if role is None:
            self.notes.add("unknown-role", "a message does not say in words we know who wrote it", "warning", "changed")
        return role or "assistant", text_of(content.get("authorName")) or ("" if role else name)

    @staticmethod
    def _is_twin(first: tuple[Part, ...], second: tuple[Part, ...]) -> bool:
        """Whether one row says no more than the other."""
        shorter, longer = sorted(
            ({(part.type, part.text, part.name, part.ref) for part in parts} for parts in (first, second)), key=len
        )
        return shorter <= longer

    def _message(
        self,
        row: dict[str, Any],
        content: dict[str, Any],
        parts: tuple[Part, ...],
        role: Role,
        author: str,
        parent: str,
        index: int,
    ) -> Record:
        key = ident(row.get("uuid")) or ident(content.get("id"))
        uid = make_uid(self.uid, "message", key or str(index))
        count = self.seen[uid] = self.seen.get(uid, 0) + 1
        created = self.notes.time(row.get("created_at")) or self.notes.time(content.get("timestamp"))
        return Record(
            uid=make_uid(uid, str(count)) if count > 1 else uid,
            body=Message(role=role, parts=parts, parent=parent, position=index, author=author),
            origin=origin("design_message", key),
            times=Times(created=created, updated=self.notes.time(row.get("updated_at"))),
            links=(Link("part_of", self.uid), *(Link("related_to", skill) for skill in self.attached)),
            provenance=self.by,
            scope=self.scope,
            native=Native(pointer=f"/messages/{index}"),
        )

    def _parts(self, content: dict[str, Any]) -> list[Part]:
        parts: list[Part] = []
        blocks = content.get("contentBlocks")
        for block in blocks if type(blocks) is list else [blocks]:
            if type(block) is dict:
                self._block(block, parts)
            elif type(block) is str and block:
                parts.append(Part(type="text", text=block))
        text = content.get("content")
        if type(text) is str:
            rest = extra_text(text, parts) if parts else text
            if rest:
                # What was typed stands before what was done.
                parts.insert(0, Part(type="text", text=rest))
        elif text:
            parts[:0] = [Part(type="text", text=string) for string in text_leaves(text)]
        attachments = content.get("attachments")
        for item in attachments if type(attachments) is list else [attachments]:
            if type(item) is dict:
                self._attachment(item, parts)
            elif type(item) is str and item:
                parts.append(Part(type="file", name=item))
        asked = [member for member in ("questionRecord", "questionReceipt") if text_leaves(content.get(member))]
        parts.extend(Part(type="context", name=member, data=content[member]) for member in asked)
        return parts

    def _block(self, block: dict[str, Any], parts: list[Part]) -> None:
        kind = text_of(block.get("type"))
        if kind in ("tool_call", "toolCall"):
            call = block.get("toolCall")
            call = call if type(call) is dict else block
            part = tool_call(call, self.limits)
            parts.append(part)
            self._output(call, part, parts)
            return
        # Which member holds the words is not documented for each type; the type says what they are.
        strings = text_leaves({name: value for name, value in block.items() if name not in _BLOCK_MARKS})
        for string in strings:
            if kind == "thinking":
                parts.append(Part(type="reasoning", text=string))
            elif kind == "error":
                parts.append(Part(type="error", text=string))
            elif kind == "user_interjection":
                parts.append(Part(type="text", text=string, name=kind))
            elif kind == "text":
                parts.append(Part(type="text", text=string))
            else:
                self.notes.add("unknown-block", "a content block of an unknown type was read by its members", "info", "changed")
                parts.append(Part(type="context", text=string, name=kind))

    def _output(self, call: dict[str, Any], made: Part, parts: list[Part]) -> None:
        output = call.get("output")
        is_error = call.get("is_error") is True or call.get("isError") is True or bool(call.get("error"))
        if output is None and call.get("error"):
            output = call["error"]
        if type(output) is str:
            if output:
                parts.append(Part(type="tool_result", name=made.name, call=made.call, text=output, is_error=is_error))
        elif text_leaves(output):
            parts.append(Part(type="tool_result", name=made.name, call=made.call, data=output, is_error=is_error))

    def _attachment(self, item: dict[str, Any], parts: list[Part]) -> None:
        kind, name = text_of(item.get("type")), text_of(item.get("name"))
        text = text_of(item.get("content"))
        path, ref = text_of(item.get("path")), ident(item.get("id"))
        if kind == "skill" and text:
            self._skill(name or path or ref, text, item)
            text = ""
        if kind in _IMAGES and text.startswith("data:"):
            text = ""
        data = None if type(item.get("content")) is str else item.get("content")
        parts.append(
            Part(
                type="image" if kind in _IMAGES else "file",
                name=name or path,
                text=text,
                data=data if text_leaves(data) else None,
                ref=path if path and path != name else ref,
                media_type=text_of(item.get("mimeType")) or text_of(item.get("mime_type")),
                size_bytes=whole(item.get("size")),
            )
        )

    def _skill(self, name: str, text: str, item: dict[str, Any]) -> None:
        """Keep the skill that this text is; a name with another text is another skill."""
        front = front_matter(text)
        uid = make_uid(self.uid, "skill", name)
        known = self.skills.get(uid)
        if known is not None and getattr(known.body, "text", "") != text:
            uid = make_uid(self.uid, "skill", name, text)
        if uid not in self.skills:
            self.skills[uid] = Record(
                uid=uid,
                body=Skill(
                    name=front.name or name,
                    description=text_of(item.get("description")) or front.description,
                    text=text,
                ),
                origin=origin("design_skill", ident(item.get("id"))),
                links=(Link("part_of", self.uid),),
                provenance=self.by,
                scope=self.scope,
            )
        self.attached[uid] = None
