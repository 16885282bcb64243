"""Entries from one profile's shape into another's (dossier 1.9), by way of ``sdk-0.1``, which has a member for most of it.

A conversion changes every id: it is a re-issue (``reissue``), never a re-encoding. What the other shape has no member for is
given beside the new entry as the *rest*; with it the way back gives the old entry again, and its id proves that it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from satchel.codec import canonical, pam_json
from satchel.errors import CanonicalError
from satchel.formats.portable_agent_memory.mapping import UNDETERMINED
from satchel.formats.portable_agent_memory.models import defaults, members
from satchel.formats.portable_agent_memory.profiles import SCHEMA, SDK, SPEC, Component, Profile
from satchel.formats.portable_agent_memory.rows import Entry, name

#: Members that name other entries, and the entry itself: set when all ids are known.
REFERENCES = ("parent_ids", "source_event_ids")
#: The member in which what an entry cannot say rides, where a profile keeps unknown ones (dossier 1.2, row "unknown keys").
OURS = "satchel"
_PERSONA = re.compile(r"([^()\n]+) \(([^()\n]*)\)")
_STATUSES = {"pending": "queued", "in_progress": "running", "completed": "completed", "failed": "failed"}
_BACK = {theirs: ours for ours, theirs in _STATUSES.items()}
_ACTIONS = ("tool_call", "message", "internal")
_PARAMETERS = ("string", "integer", "number", "boolean", "object", "array")
_ACTOR = re.compile(r"(?:user|agent|system|tool):[A-Za-z0-9_.@-]{1,128}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_TWO_LETTERS = re.compile(r"[a-z]{2}", re.ASCII)
_SNAKE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_EVENTS = ("interaction", "observation", "outcome", "reflection")
_SUBGOALS = ("pending", "in_progress", "completed", "blocked", "abandoned")


class Step(NamedTuple):
    """One member that the specification spells otherwise than the SDK: both names, and the value either way."""

    component: Component
    sdk: str
    spec: str
    to_spec: Callable[[Any], Any]
    to_sdk: Callable[[Any], Any]
    note: str


def neutral(profile: Profile, component: Component, entry: Entry) -> Entry:
    """The entry in the shape of ``sdk-0.1``, every member there; one that is of another type has its default."""
    found = dict(entry)
    if profile == SPEC:
        found["schema_version"] = entry.get("version", "1.0")
        for step in _STEPS[component]:
            if step.spec in found:
                found[step.sdk] = step.to_sdk(found.pop(step.spec) if step.spec != step.sdk else found[step.spec])
    whole: Entry = {"id": "", "parent_ids": [], "created_at": "", **defaults(SDK, component)}
    for member, spare in whole.items():
        value = found.get(member, spare)
        same = type(value) is type(spare) or (type(spare) is float and type(value) is int) or member == "last_used"
        whole[member] = value if same else spare
    return whole


def shaped(profile: Profile, component: Component, entry: Entry) -> Entry:
    """An entry of ``sdk-0.1`` in another profile's shape, its members in the order in which they are written."""
    if profile == SDK:
        return _ordered(profile, component, entry)
    found = dict(entry)
    if profile == SPEC:
        found["version"] = "1.0"
        for step in _STEPS[component]:
            found[step.spec] = step.to_spec(found.pop(step.sdk))
        if component == "identity" and entry["custom_instructions"]:
            # Where the specification has a word for what an agent must do.
            found["policies"] = [*found["policies"], entry["custom_instructions"]]
    elif profile == SCHEMA:
        found = _narrowed(component, found)
    return _ordered(profile, component, found)


def converted(entry: Entry, component: Component, source: Profile, target: Profile) -> Entry:
    """The entry in the target's shape. Ids and references are not looked at."""
    return shaped(target, component, neutral(source, component, entry))


def rest_of(entry: Entry, made: Entry, component: Component, source: Profile, target: Profile) -> dict[str, Any]:
    """What the way back from ``made``, which was made of ``entry``, needs besides; {} where nothing."""
    old = {member: value for member, value in entry.items() if member != OURS}
    return difference(old, shaped(source, component, neutral(target, component, made)))


def restored(entry: Entry, component: Component, source: Profile, target: Profile, rest: Any) -> Entry:
    """The way back of ``converted``, with what ``rest_of`` gave: the entry as it was in ``target``, if the rest is its own."""
    back = {member: value for member, value in entry.items() if member != OURS}
    return completed(shaped(target, component, neutral(source, component, back)), rest)


def difference(wanted: Entry, found: Entry) -> dict[str, Any]:
    """What makes ``wanted`` of ``found``: members to set, members to drop, the order where it is another; {} where nothing.
    Ids and references are left out."""
    outside = ("id", *REFERENCES)
    rest: dict[str, Any] = {}
    given = {
        member: value
        for member, value in wanted.items()
        if member not in outside and not (member in found and _alike(found[member], value))
    }
    dropped = [member for member in found if member not in wanted and member not in outside]
    absent = [member for member in REFERENCES if member in found and member not in wanted]
    if given:
        rest["set"] = given
    if dropped or absent:
        rest["drop"] = [*dropped, *absent]
    if list(wanted) != list(completed(found, rest)):
        rest["order"] = list(wanted)
    return rest


def completed(found: Entry, rest: Any) -> Entry:
    """``found`` with a rest applied; a rest that is none changes nothing."""
    if type(rest) is not dict:
        return found
    given, dropped, order = rest.get("set"), rest.get("drop"), rest.get("order")
    made = {member: value for member, value in found.items() if type(dropped) is not list or member not in dropped}
    made.update(given if type(given) is dict else {})
    if type(order) is list and all(type(member) is str for member in order) and sorted(order) == sorted(made):
        return {member: made[member] for member in order}
    return made


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are written alike: 1 and 1.0 are not, nor are objects whose members stand in another order."""
    if type(one) is str or type(other) is str:
        return bool(one == other)
    try:
        return pam_json.write_in_order(one, ascii=False, pretty=False) == pam_json.write_in_order(
            other, ascii=False, pretty=False
        )
    except CanonicalError:
        return False


def _written(value: Any) -> bytes:
    return pam_json.write_in_order(value, ascii=False, pretty=False)


def _ordered(profile: Profile, component: Component, entry: Entry) -> Entry:
    return {member: entry[member] for member in members(profile, component) if member in entry}


def _narrowed(component: Component, entry: Entry) -> Entry:
    """What the JSON Schemas ask of members that the SDK leaves free."""
    if component == "episodic" and entry["event_type"] not in _EVENTS:
        entry["event_type"] = "observation"
    elif component == "identity" and not _TWO_LETTERS.fullmatch(entry["language"]):
        entry["language"] = "en"
    elif component == "working":
        entry["subgoals"] = [_schema_subgoal(each) for each in entry["subgoals"]]
        entry["pending_actions"] = [_schema_action(each) for each in entry["pending_actions"]]
    elif component == "procedural":
        entry["parameters"] = [_schema_parameter(each) for each in entry["parameters"] if type(each) is dict]
        entry["usage_count"] = max(entry["usage_count"], 0)
    return entry


def _schema_parameter(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "name": _text(value, "name") or "value", "type": _text(value, "type") or "string"}


def _schema_subgoal(value: Any) -> dict[str, Any]:
    status = _text(value, "status")
    return {
        "goal": _text(value, "goal"),
        "status": status if status in _SUBGOALS else "pending",
        "parent_goal": _text(value, "parent_goal"),
    }


def _schema_action(value: Any) -> dict[str, Any]:
    status = _text(value, "status")
    args = value.get("args") if type(value) is dict else None
    return {
        "action": _text(value, "action"),
        "args": args if type(args) is dict else {},
        "status": status if status in _BACK else "queued",
    }


def _text(value: Any, member: str) -> str:
    found = value.get(member) if type(value) is dict else value
    return found if type(found) is str else ""


def snake(text: str, *, spare: str) -> str:
    """A text as a name of the specification: letters, digits and underscores, a letter first, 128 at most."""
    made = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:128]
    return made if made[:1].isascii() and made[:1].isalpha() else f"{spare}_{made}"[:128].rstrip("_")


def _actor_to_spec(actor: str) -> str:
    if _ACTOR.fullmatch(actor):
        return actor
    kind, _, rest = actor.partition(":")
    if kind in ("user", "agent", "system", "tool"):
        return f"{kind}:{name(rest) or 'unknown'}"
    return f"system:{name(actor) or 'unknown'}"


def _persona_to_spec(text: str) -> dict[str, Any]:
    found = _object(text)
    if found is not None and type(found.get("name")) is str and type(found.get("role")) is str:
        return found
    split = _PERSONA.fullmatch(text)
    return {"name": split[1], "role": split[2]} if split else {"name": "", "role": text}


def _persona_to_sdk(persona: Any) -> str:
    if type(persona) is not dict:
        return _text(persona, "")
    named, role = _text(persona, "name"), _text(persona, "role")
    if set(persona) == {"name", "role"}:
        if not named:
            return role
        text = f"{named} ({role})"
        if _persona_to_spec(text) == persona:
            return text
    return canonical.encode(persona, "pam-utf8").decode()


def _scratch_to_spec(text: str) -> dict[str, Any]:
    found = _object(text)
    return found if found is not None else {"text": text} if text else {}


def _scratch_to_sdk(scratch: Any) -> str:
    if type(scratch) is not dict:
        return _text(scratch, "")
    if not scratch:
        return ""
    if set(scratch) == {"text"} and type(scratch["text"]) is str and _object(scratch["text"]) is None:
        return str(scratch["text"])
    return canonical.encode(scratch, "pam-utf8").decode()


def _object(text: str) -> dict[str, Any] | None:
    """The object whose canonical JSON a text is; None where it is none."""
    if not text.startswith("{"):
        return None
    try:
        found = msgspec.json.decode(text)
        return found if type(found) is dict and canonical.encode(found, "pam-utf8").decode() == text else None
    except (msgspec.DecodeError, CanonicalError, RecursionError):
        return None


def _action_to_spec(value: Any) -> dict[str, Any]:
    named, status = _text(value, "action"), _text(value, "status")
    args = value.get("args") if type(value) is dict else None
    made: dict[str, Any] = {"action": named if named in _ACTIONS else "internal"}
    if named == "tool_call":
        made["tool"] = _text(value, "tool")
    elif named not in _ACTIONS and named:
        args = {"action": named, **(args if type(args) is dict else {})}
    if type(args) is dict:
        made["args"] = args
    made["status"] = _BACK.get(status, status if status in _STATUSES else "pending")
    return made


def _action_to_sdk(value: Any) -> dict[str, Any]:
    status = _text(value, "status")
    made = dict(value) if type(value) is dict else {"action": _text(value, "")}
    made["status"] = _STATUSES.get(status, status)
    return made


def _parameter_to_spec(value: Any) -> dict[str, Any]:
    type_ = _text(value, "type")
    required = value.get("required") if type(value) is dict else None
    made: dict[str, Any] = {
        "name": snake(_text(value, "name"), spare="value")[:64].rstrip("_"),
        "type": type_ if type_ in _PARAMETERS else "string",
        "required": required is True,
    }
    if type(value) is dict and _fits(made["type"], value.get("default")):
        made["default"] = value["default"]
    return made


def _fits(type_: str, value: Any) -> bool:
    kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int}
    if type_ == "number":
        return type(value) in (int, float)
    return type(value) is kinds[type_]


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Preferences under names that the specification takes; two that become one are told apart by a number."""
    made: dict[str, Any] = {}
    for key, value in values.items():
        own = key if _SNAKE.fullmatch(key) else snake(key, spare="preference")
        number = 1
        while own in made:
            number += 1
            own = f"{snake(key, spare='preference')}_{number}"
        made[own] = value
    return made


def _each(made: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [made(value) for value in values] if type(values) is list else []


def _kept(value: Any) -> Any:
    return value


_ALL = (
    Step("episodic", "actor", "actor", _actor_to_spec, _kept, "as the grammar of actors asks"),
    Step(
        "procedural",
        "name",
        "name",
        lambda text: text if _SNAKE.fullmatch(text) and len(text) <= 128 else snake(text, spare="procedure"),
        _kept,
        "in snake_case",
    ),
    Step("procedural", "parameters", "params", _each(_parameter_to_spec), _kept, "one of the six types, and whether required"),
    Step("procedural", "usage_count", "usage_count", lambda count: max(count, 0), _kept, "never below 0"),
    Step("identity", "persona", "persona", _persona_to_spec, _persona_to_sdk, "an object; as text `name (role)` or its JSON"),
    Step("identity", "preferences", "preferences", _named, _kept, "keys in snake_case"),
    Step(
        "identity",
        "language",
        "language",
        lambda tag: tag if _LANGUAGE.fullmatch(tag) else UNDETERMINED,
        _kept,
        "a BCP 47 tag",
    ),
    Step("working", "scratch", "scratch", _scratch_to_spec, _scratch_to_sdk, "an object; as text its JSON, or its `text`"),
    Step(
        "working",
        "subgoals",
        "subgoals",
        _each(lambda value: _text(value, "goal")),
        _each(lambda text: {"goal": text, "status": "pending", "parent_goal": ""} if type(text) is str else text),
        "texts; as objects all pending",
    ),
    Step(
        "working",
        "pending_actions",
        "pending_actions",
        _each(_action_to_spec),
        _each(_action_to_sdk),
        "queued and running are pending and in_progress; other actions are internal",
    ),
)
_STEPS: dict[str, tuple[Step, ...]] = {
    component: tuple(step for step in _ALL if step.component == component)
    for component in ("episodic", "semantic", "procedural", "working", "identity")
}
#: For the documentation.
STEPS = _ALL
