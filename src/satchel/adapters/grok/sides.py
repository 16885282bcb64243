"""What stands beside the conversations: projects, tasks, media posts (providers.md 3.4; portable-ai-memory.md 7.6)."""

from __future__ import annotations

from typing import Any

from satchel.adapters.grok.wire import PLATFORM
from satchel.adapters.notes import Notes
from satchel.adapters.values import decode, dict_of, first_id, first_text, text_of
from satchel.limits import Limits
from satchel.model.bodies import AnyBody, Document, Foreign, Instruction, Scope, Task
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Reading, Record, Times
from satchel.model.text import leaves

#: The ids of each kind, and its members that say when.
IDS = {
    "project": ("workspace_id", "project_id", "id"),
    "task": ("task_id", "id"),
    "media_post": ("id", "post_id"),
}
_CREATED = ("create_time", "created_at")
_UPDATED = ("modify_time", "update_time", "updated_at")
_PROMPTS = ("custom_personality", "custom_instructions", "instructions")
_TITLE_CHARACTERS = 120
#: The members that no field carries are all but these.
CARRIED = {
    "project": (*IDS["project"], "name", "description", *_PROMPTS, *_CREATED, *_UPDATED),
    "project_instruction": (),
    "task": (*IDS["task"], "title", "name", "prompt", "status", *_CREATED, *_UPDATED),
    "media_post": (*IDS["media_post"], "original_prompt", "media_type", "link", *_CREATED),
}


def side_id(kind: str, value: dict[str, Any]) -> str:
    return first_id(value, *IDS[kind])


def read_side(data: bytes, kind: str, uid: str, account: str, notes: Notes, limits: Limits) -> Reading:
    """The records of one project, task or media post.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    value = dict_of(decode(data, notes, limits))
    id = side_id(kind, value)
    times = Times(created=_time(value, _CREATED, notes), updated=_time(value, _UPDATED, notes))
    by = PLATFORM.provenance(account)
    records = [Record(uid=uid, body=_BODIES[kind](value), origin=PLATFORM.origin(kind, id), times=times, provenance=by)]
    for name in _PROMPTS if kind == "project" else ():
        prompt = value.get(name)
        if type(prompt) is str and prompt.strip():
            records.append(
                Record(
                    uid=make_uid(uid, "instruction", name),
                    body=Instruction(text=prompt, about="project", title=text_of(value.get("name"))),
                    origin=PLATFORM.origin("project_instruction", id),
                    times=times,
                    links=(Link("part_of", uid),),
                    provenance=by,
                    scope=uid,
                    native=Native(pointer=f"/{name}"),
                )
            )
    return Reading(records=tuple(records), findings=notes.findings())


def _time(value: dict[str, Any], names: tuple[str, ...], notes: Notes) -> Any:
    return next((notes.time(value[name]) for name in names if value.get(name)), None)


def _project(value: dict[str, Any]) -> AnyBody:
    return Scope(name=text_of(value.get("name")), type="project", text=text_of(value.get("description")))


def _task(value: dict[str, Any]) -> AnyBody:
    title, prompt = first_text(value, "title", "name"), first_text(value, "prompt")
    if title or prompt:
        return Task(title=title or _short(prompt), text=prompt, state=text_of(value.get("status")))
    return Foreign(type="grok.task", text="\n".join(leaves(value)))


def _media_post(value: dict[str, Any]) -> AnyBody:
    """A picture or film that Grok made of a prompt, at its address."""
    prompt = first_text(value, "original_prompt", "prompt")
    return Document(
        name=_short(prompt) or side_id("media_post", value),
        text=prompt,
        media_type=text_of(value.get("media_type")),
        url=text_of(value.get("link")),
    )


def _short(text: str) -> str:
    return text.strip().partition("\n")[0][:_TITLE_CHARACTERS]


_BODIES = {"project": _project, "task": _task, "media_post": _media_post}
