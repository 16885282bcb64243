"""The table between Portable Agent Memory's five components and our records: it drives reading, writing, the ledger, the docs.

A row gives one member of the one from the other; what no row says is the residue, which rides beside the entry (``residue``).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satchel.formats.portable_agent_memory.rows import (
    Entry,
    Lens,
    Plain,
    Row,
    Source,
    always,
    get,
    name,
    never,
    same_row,
    score_row,
    sentence,
    time_row,
    word,
)

_SESSION = "session:"
_ROLES = {"user": "user", "assistant": "agent", "system": "system", "tool": "tool"}
_ACTORS = {actor: role for role, actor in _ROLES.items()}
_NUMBERED = re.compile(r"(\d+)\. (.*)")


def _tags(entry: Entry) -> list[str]:
    return [tag for tag in entry["tags"] if type(tag) is str]


_CREATED = time_row("times.created", "created_at", "required: where it is missing, the next best time stands in and is told")
_TAGS = Row("tags", "/tags", _tags, lambda source: list(source.plain.get("tags", ())))
#: Links become ids only when all entries are there: ``weaving`` writes these two, ``records`` reads them.
LINKS = (
    ("links derived_from", "/parent_ids", "to what leaves in the same artifact and does not come round to itself"),
    ("links evidence", "/source_event_ids", "of a semantic entry, to episodic ones of the same artifact"),
)


# Episodic ---------------------------------------------------------------------------------------------------------------------


def _session(source: Source) -> list[str]:
    tags = list(source.plain.get("tags", ()))
    of = next((link["to"] for link in source.plain.get("links", ()) if link["type"] == "part_of"), "")
    return [*tags, _SESSION + of[:12]] if of else tags


def _said(source: Source) -> str:
    parts = source.plain["body"].get("parts", ())
    return "\n".join(part.get("text", "") for part in parts if part.get("text"))


def _actor(source: Source) -> str:
    body, of = source.plain["body"], source.plain.get("provenance", {})
    role = body["role"]
    spare = {"user": "owner", "assistant": of.get("platform", ""), "tool": body.get("recipient", "")}.get(role, "")
    return f"{_ROLES[role]}:{name(body.get('author', '')) or name(spare) or role}"


_EPISODE = Lens(
    "episode",
    "memory",
    "episodic",
    (
        _CREATED,
        _TAGS,
        Row("body.type", "/event_type", always("episode"), always("observation"), "other words stay in the entry"),
        same_row("body.text", "observation"),
        time_row("times.observed", "timestamp", "the time of creation where there is none"),
        same_row("provenance.actor", "actor"),
        score_row("body.salience", "salience"),
    ),
)
_STATEMENT = Lens(
    "statement",
    "memory",
    "episodic",
    (
        _CREATED,
        _TAGS,
        Row("", "/event_type", never, always("reflection")),
        same_row("body.text", "observation"),
        time_row("times.observed", "timestamp", "the time of creation where there is none"),
        same_row("provenance.actor", "actor"),
        score_row("body.salience", "salience"),
    ),
    "which are no triple: as one, each would contradict the others (dossier 1.4, conflict rule)",
)
_MESSAGE = Lens(
    "message",
    "message",
    "episodic",
    (
        _CREATED,
        Row(
            "tags",
            "/tags",
            lambda entry: [tag for tag in _tags(entry) if not tag.startswith(_SESSION)],
            _session,
            "and session: with the first digits of the conversation's uid",
        ),
        Row("", "/event_type", never, always("interaction")),
        Row(
            "body.parts",
            "/observation",
            lambda entry: [{"type": "text", "text": entry["observation"]}],
            _said,
            "the parts' texts, one behind another",
        ),
        Row(
            "body.role",
            "/actor",
            lambda entry: _ACTORS.get(entry["actor"].partition(":")[0], "user"),
            _actor,
            "user, agent, system or tool, with the author's name, else the platform's",
        ),
        Row("", "/timestamp", never, lambda source: source.created, "the time of creation"),
    ),
    "what is said in a conversation; its head is carried",
)


# Semantic ---------------------------------------------------------------------------------------------------------------------


def _triple(plain: Plain) -> bool:
    body = plain["body"]
    return bool(body.get("subject") and body.get("predicate") and body.get("object"))


_MEMORY = Lens(
    "memory",
    "memory",
    "semantic",
    (
        _CREATED,
        _TAGS,
        same_row("body.subject", "subject"),
        same_row("body.predicate", "predicate"),
        same_row("body.object", "object"),
        Row(
            "body.text",
            "",
            lambda entry: sentence(entry["subject"], entry["predicate"], entry["object"]),
            never,
            "the triple as a sentence",
        ),
        score_row("body.confidence", "confidence"),
    ),
    "with a subject, a predicate and an object",
)
_ENTITY = Lens(
    "entity",
    "entity",
    "semantic",
    (
        _CREATED,
        _TAGS,
        same_row("body.name", "subject"),
        Row("", "/predicate", never, lambda s: "described_as" if get(s.plain, "body.text") else "is_a"),
        Row(
            "body.text",
            "/object",
            lambda e: e["object"] if e["predicate"] == "described_as" else None,
            lambda s: get(s.plain, "body.text") or None,
        ),
        Row(
            "body.type",
            "/object",
            lambda e: e["object"] if e["predicate"] == "is_a" else None,
            lambda s: None if get(s.plain, "body.text") else get(s.plain, "body.type") or "entity",
            "where it has no text",
        ),
    ),
)
_RELATION = Lens(
    "relation",
    "relation",
    "semantic",
    (
        _CREATED,
        _TAGS,
        Row("", "/subject", never, lambda s: s.name_of(s.plain["body"]["source"]) or None, "what its source is called"),
        Row("body.type", "/predicate", lambda e: e["predicate"], lambda s: word(s.plain["body"]["type"]), "in snake_case"),
        Row("", "/object", never, lambda s: s.name_of(s.plain["body"]["target"]) or None, "what its target is called"),
        score_row("body.confidence", "confidence"),
    ),
    "where both ends leave and have names; else it is carried",
)


# Procedural -------------------------------------------------------------------------------------------------------------------


def _steps(entry: Entry) -> list[str]:
    """The lines of a body that are numbered from 1, each one line."""
    found = [_NUMBERED.fullmatch(line) for line in entry["body"].split("\n")]
    steps = [line[2] for number, line in enumerate(found, 1) if line and line[1] == str(number)]
    return steps if len(steps) == len(found) else []


def _procedure_body(source: Source) -> str:
    body = source.plain["body"]
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(body.get("steps", ()), 1))
    return "\n\n".join(text for text in (steps, body.get("text", "")) if text)


_PROCEDURE = Lens(
    "procedure",
    "procedure",
    "procedural",
    (
        _CREATED,
        _TAGS,
        same_row("body.name", "name"),
        same_row("body.trigger", "description"),
        Row("body.steps", "/body", _steps, _procedure_body, "lines numbered from 1"),
        Row("body.text", "/body", lambda e: "" if _steps(e) else e["body"], never, "what is not numbered"),
    ),
)
_SKILL = Lens(
    "skill",
    "skill",
    "procedural",
    (
        _CREATED,
        _TAGS,
        same_row("body.name", "name"),
        same_row("body.description", "description"),
        same_row("body.text", "body"),
    ),
)


# Working ----------------------------------------------------------------------------------------------------------------------


def _strings(values: Any, *names: str) -> list[str]:
    """What a list of texts, or of objects with a text under one of the names, says."""
    found = []
    for value in values if type(values) is list else ():
        said = next((value[key] for key in names if value.get(key)), "") if type(value) is dict else value
        state = value.get("status", "") if type(value) is dict else ""
        if type(said) is str and said:
            found.append(f"{said} ({state})" if type(state) is str and state else said)
    return found


def _readable(text: str, *, between: str) -> str:
    """A text; of the JSON object that another profile's object is here, its members as a person reads them."""
    try:
        found = msgspec.json.decode(text) if text.startswith("{") else None
    except (msgspec.DecodeError, RecursionError):
        return text
    if type(found) is not dict:
        return text
    said = []
    if type(found.get("name")) is str and type(found.get("role")) is str:
        said.append(f"{found.pop('name')} ({found.pop('role')})")
    for member, value in found.items():
        said.append(f"{member}: {value if type(value) is str else msgspec.json.encode(value).decode()}")
    return between.join(said)


def _work(entry: Entry) -> str:
    said = [each for each in entry["goals"][1:] if type(each) is str]
    said += _strings(entry["subgoals"], "goal")
    said += _strings(entry["pending_actions"], "action", "tool")
    if entry["scratch"]:
        said.append(_readable(entry["scratch"], between="\n"))
    return "\n".join(said)


_TASK = Lens(
    "task",
    "task",
    "working",
    (
        _CREATED,
        _TAGS,
        Row(
            "body.title",
            "/goals",
            lambda entry: entry["goals"][0] if entry["goals"] else "",
            lambda source: [source.plain["body"]["title"]],
            "the first goal",
        ),
        Row(
            "body.text",
            "/scratch",
            _work,
            lambda source: source.plain["body"].get("text", ""),
            "read with the other goals, the subgoals and the pending actions before it",
        ),
    ),
)


# Identity ---------------------------------------------------------------------------------------------------------------------


def _language(entry: Entry) -> str:
    return "" if entry["language"] == UNDETERMINED else entry["language"]


#: What BCP 47 says of a language that nobody knows.
UNDETERMINED = "und"
_LANGUAGE = Row("language", "/language", _language, lambda source: source.plain.get("language") or None, "`und` where unknown")
_PREFERENCES = "preferences"


def _setting(entry: Entry, *, value: bool) -> Any:
    found = entry["preferences"]
    own = len(found) == 1
    if value:
        return next(iter(found.values())) if own else found
    return next(iter(found)) if own else _PREFERENCES


_PERSONA = Row(
    "body.text",
    "/persona",
    lambda entry: _readable(entry["persona"], between="; "),
    lambda source: source.plain["body"]["text"],
    "an object is read member by member",
)
#: What an agent is told to do is told to that agent: nobody else is to follow it.
_ABOUT = Row("body.about", "", always("project"), never, "an instruction of that agent, not of yours")
_PROFILE = Lens("profile", "profile", "identity", (_CREATED, _TAGS, _LANGUAGE, _PERSONA))
_INSTRUCTION = Lens(
    "instruction",
    "instruction",
    "identity",
    (_CREATED, _TAGS, _LANGUAGE, same_row("body.text", "custom_instructions"), _ABOUT),
)
_POLICIES = Lens(
    "policies",
    "instruction",
    "identity",
    (
        _CREATED,
        _TAGS,
        _LANGUAGE,
        Row("body.text", "/policies", lambda e: "\n".join(_strings(e["policies"])), never, "one a line"),
        Row("body.title", "", always("policies"), never),
        _ABOUT,
    ),
    "read only",
)
_SETTING = Lens(
    "setting",
    "setting",
    "identity",
    (
        _CREATED,
        _TAGS,
        _LANGUAGE,
        Row(
            "body.name",
            "/preferences",
            lambda e: _setting(e, value=False),
            never,
            "`preferences` where it has several",
        ),
        Row(
            "body.value",
            "/preferences",
            lambda e: _setting(e, value=True),
            lambda s: {s.plain["body"]["name"]: s.plain["body"].get("value")},
        ),
    ),
)

LENSES: dict[str, Lens] = {
    lens.name: lens
    for lens in (
        _EPISODE,
        _STATEMENT,
        _MESSAGE,
        _MEMORY,
        _ENTITY,
        _RELATION,
        _PROCEDURE,
        _SKILL,
        _TASK,
        _PROFILE,
        _INSTRUCTION,
        _POLICIES,
        _SETTING,
    )
}
#: Kinds that have no entry: they ride whole in the artifact's ``metadata``, where only we look.
CARRIED: dict[str, str] = {
    "conversation": "its messages are entries; its head is carried",
    "scope": "the format has no projects; carried whole",
    "document": "the format has no files; carried with its text",
    "chunk": "a piece of a document; carried whole",
    "tool_server": "the format has no tool servers; carried whole",
}
#: Kinds that do not leave in this format.
PLACELESS: dict[str, str] = {
    "secret_ref": "where a secret lies is not told to others",
    "foreign": "the format has no place for another format's own kinds",
}


def lens_of(plain: Plain) -> Lens:
    """The lens that a record of a kind with entries is written through."""
    kind = plain["body"]["kind"]
    if kind == "memory" and plain["body"].get("type") == "episode":
        return LENSES["episode"]
    if kind == "memory" and not _triple(plain):
        return LENSES["statement"]
    return LENSES[kind]


def lenses_of(component: str, entry: Entry) -> list[Lens]:
    """The lenses that an entry of somebody else is read through: the first gives the record that stands for it."""
    if component != "identity":
        names = {"episodic": "episode", "semantic": "memory", "procedural": "procedure", "working": "task"}
        return [LENSES[names[component]]]
    said = {
        "profile": entry["persona"],
        "instruction": entry["custom_instructions"],
        "policies": entry["policies"],
        "setting": entry["preferences"],
    }
    return [LENSES[each] for each, value in said.items() if value] or [LENSES["profile"]]
