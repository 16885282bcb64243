"""Projects: a scope, its instruction and its documents (providers.md 3.2, "projects").

``name`` may be "" and is kept so. A project that Claude made as a starter is not the person's and is left out by the reader.
"""

from __future__ import annotations

from typing import Any

from satchel.adapters.claude.wire import decode, ident, origin, provenance, text_of
from satchel.adapters.notes import Notes
from satchel.limits import Limits
from satchel.model.bodies import Document, Instruction, Scope
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times


def read_project(data: bytes, uid: str, native_id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one project's bytes.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    value = decode(data, Any, notes, limits)
    if type(value) is not dict:
        notes.add("unknown-shape", "this is no project", "error", "skipped")
        return Reading(findings=notes.findings())
    by = provenance(account)
    times = Times(created=notes.time(value.get("created_at")), updated=notes.time(value.get("updated_at")))
    name = text_of(value.get("name"))
    records = [
        Record(
            uid=uid,
            body=Scope(
                name=name,
                type="project",
                text=text_of(value.get("description")),
                is_archived=bool(value.get("archived_at")) or value.get("is_archived") is True,
            ),
            origin=origin("project", native_id),
            times=times,
            provenance=by,
        )
    ]
    prompt = value.get("prompt_template")
    if type(prompt) is str and prompt.strip():
        records.append(
            Record(
                uid=make_uid(uid, "instruction"),
                body=Instruction(text=prompt, about="project", title=name),
                origin=origin("project_instruction", native_id),
                times=times,
                links=(Link("part_of", uid),),
                provenance=by,
                scope=uid,
                native=Native(pointer="/prompt_template"),
            )
        )
    elif prompt and type(prompt) is not str:
        notes.add("malformed-prompt", "the project's instruction is no text; it is left out", "warning", "skipped")
    docs = value.get("docs")
    if docs is not None and type(docs) is not list:
        notes.add("malformed-document", "the project's documents are no array", "warning", "skipped")
    seen: dict[str, int] = {}
    for index, doc in enumerate(docs if type(docs) is list else ()):
        if type(doc) is not dict:
            notes.add("malformed-document", "a document of the project is no object; it is left out", "warning", "skipped")
            continue
        doc_id, filename = ident(doc.get("uuid")), text_of(doc.get("filename")) or text_of(doc.get("file_name"))
        key = doc_id or filename or str(index)
        count = seen[key] = seen.get(key, 0) + 1
        content = doc.get("content")
        if type(content) is not str:
            notes.add("document-without-text", "a document of the project came without its text")
        records.append(
            Record(
                uid=make_uid(uid, "doc", key, *([str(count)] if count > 1 else [])),
                body=Document(name=filename, text=text_of(content)),
                origin=origin("project_doc", doc_id),
                times=Times(created=notes.time(doc.get("created_at")), updated=notes.time(doc.get("updated_at"))),
                links=(Link("part_of", uid),),
                provenance=by,
                scope=uid,
                native=Native(pointer=f"/docs/{index}"),
            )
        )
    return Reading(records=tuple(records), findings=notes.findings())
