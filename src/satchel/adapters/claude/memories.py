"""Claude's memory of a person, in both generations, which one object may hold together (providers.md 3.2, "memories").

The older one is prose: ``conversations_memory`` in sections under headings, and a text for each project. A section's identity
is its heading, so that Claude's next rewriting of it is a new version of the same memory.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satchel.adapters.claude.memory_files import read_memory_files
from satchel.adapters.claude.wire import decode, escaped, origin, provenance, uid_of
from satchel.adapters.notes import Notes
from satchel.limits import Limits
from satchel.model.bodies import Memory
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record
from satchel.model.text import normalised

_HEADING = re.compile(r"(?:\*\*(?P<bold>[^*\n]+?):?\*\*:?|#{1,6}[ \t]+(?P<hash>\S.*?))[ \t]*#*[ \t]*")
#: A longer line is no heading, whatever it begins with.
_MAX_HEADING = 200
_TITLE = "Memory of conversations"


def read_memories(data: bytes, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one account's memory.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    value = decode(data, Any, notes, limits)
    if type(value) is not dict:
        notes.add("unknown-shape", "this is no memory", "error", "skipped")
        return Reading(findings=notes.findings())
    by = msgspec.structs.replace(provenance(account), method="llm_inference")
    records: list[Record] = []
    text = value.get("conversations_memory")
    if type(text) is str:
        seen: dict[str, int] = {}
        for heading, section in sections(text):
            key = normalised(heading) if heading else "conversations_memory"
            count = seen[key] = seen.get(key, 0) + 1
            records.append(
                Record(
                    uid=make_uid("claude", account, "memory", key, *([str(count)] if count > 1 else [])),
                    body=Memory(text=section, type="context", title=heading or _TITLE),
                    origin=origin("conversations_memory"),
                    provenance=by,
                    native=Native(pointer="/conversations_memory"),
                )
            )
    elif text is not None:
        notes.add("malformed-memory", "the memory of conversations is no text; it is left out", "warning", "skipped")
    projects = value.get("project_memories")
    if type(projects) is dict:
        for project, memory in projects.items():
            if type(memory) is not str:
                notes.add("malformed-memory", "a project's memory is no text; it is left out", "warning", "skipped")
            elif memory.strip():
                scope = uid_of(account, "project", project)
                records.append(
                    Record(
                        uid=uid_of(account, "project_memory", project),
                        body=Memory(text=memory, type="project"),
                        origin=origin("project_memory", project),
                        links=(Link("part_of", scope),),
                        provenance=by,
                        scope=scope,
                        native=Native(pointer=f"/project_memories/{escaped(project)}"),
                    )
                )
    elif projects is not None:
        notes.add("malformed-memory", "the memories of projects are no object; they are left out", "warning", "skipped")
    files = value.get("memory_files")
    if type(files) is list:
        records.extend(read_memory_files(files, account, notes))
    elif files is not None:
        notes.add("malformed-memory", "the memory files are no array; they are left out", "warning", "skipped")
    if not records:
        notes.add("empty-memory", "there is no memory in this object")
    return Reading(records=tuple(records), findings=notes.findings())


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, text) for each part under a heading that stands alone on its line; one part without one when there is none.

    A heading with nothing below it goes to the section that follows, so that no word is lost.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    is_fenced = False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            is_fenced = not is_fenced
        heading = None if is_fenced or len(line) > _MAX_HEADING else _HEADING.fullmatch(line.strip())
        if heading is None:
            found[-1][1].append(line)
            continue
        before = found[-1]
        carried: list[str] = []
        if before[0] and not "".join(before[1]).strip():
            carried = [before[0], *before[1]]
            found.pop()
        found.append(((heading["bold"] or heading["hash"]).strip(), carried))
    if len(found) == 1:
        return [("", text)] if text.strip() else []
    result = [(heading, "\n".join(lines).strip("\r\n")) for heading, lines in found]
    return [(heading, body if body.strip() else heading) for heading, body in result if body.strip() or heading]
