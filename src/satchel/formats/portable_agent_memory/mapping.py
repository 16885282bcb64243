"""The table between Portable Agent Memory's five components and our records: it drives reading, writing, the ledger, the docs.

An entry here is in the shape of the profile ``sdk-0.1`` (dossier 1.2 to 1.7); ``conversion`` makes that of the others and back.
A record here is *plain*: its builtins, without uid, origin, native and what the vault adds. A row gives one member of the one
from the other; what no row says is the residue, which rides beside the entry (``residue``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, get_args

from satchel.model.bodies import MemoryType
from satchel.model.times import from_iso, to_rfc3339

#: Decimals that a score is written with, so that no exponent appears (dossier 2.1, number policy for writers).
_SCORE_DECIMALS = 4
#: The subject of a statement about the person that is no triple, with the kind of memory as its predicate.
PERSON = "user"
_SESSION = "session:"
_TYPES = frozenset(get_args(MemoryType)) - {"episode"}
_ROLES = {"user": "user", "assistant": "agent", "system": "system", "tool": "tool"}
_ACTORS = {actor: role for role, actor in _ROLES.items()}
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.@-]")
_NAME_CHARACTERS = 128
_NUMBERED = re.compile(r"(\d+)\. (.*)")

Entry = dict[str, Any]
Plain = dict[str, Any]


class Source(NamedTuple):
    """A record to be written: plain, and what a row may need besides. ``created``: its time or the substitute for it;
    ``name_of`` gives what another record is called, "" where nobody knows."""

    plain: Plain
    created: str
    name_of: Callable[[str], str] = lambda uid: ""  # noqa: ARG005


class Row(NamedTuple):
    """One member of ours, dotted, and the pointer to theirs. ``read`` gives None where the entry says nothing of it, ``write``
    None where the record does; ``note`` says what is not told word for word."""

    ours: str
    theirs: str
    read: Callable[[Entry], Any]
    write: Callable[[Source], Any]
    note: str = ""


class Lens(NamedTuple):
    """How records of ``kind`` stand in ``component``. ``head``: the member without which there is nothing to write."""

    name: str
    kind: str
    component: str
    head: str
    rows: tuple[Row, ...]
    note: str = ""


def _never(_: Any) -> None:
    """What is said in one direction alone."""
    return


def _always(value: str) -> Callable[[Any], str]:
    return lambda _: value


def get(plain: Plain, path: str) -> Any:
    """The member at a dotted path; None where there is none."""
    section, _, name = path.partition(".")
    found = plain.get(section)
    return found if not name else found.get(name) if type(found) is dict else None


def put(plain: Plain, path: str, value: Any) -> None:
    """Set the member at a dotted path."""
    section, _, name = path.partition(".")
    if name:
        plain.setdefault(section, {})[name] = value
    else:
        plain[section] = value


def sentence(subject: str, predicate: str, object: str) -> str:
    """A triple as a person reads it."""
    return " ".join(word for word in (subject, predicate.replace("_", " "), object) if word)


def word(text: str) -> str:
    """A predicate in snake_case (dossier 1.4)."""
    return "_".join(re.findall(r"\w+", text.lower())) or "related_to"


def name(text: str) -> str:
    """The identifier of an actor (dossier 1.3, 10.6); "" where nothing of the text can be one."""
    return _NOT_IN_NAME.sub("_", text.strip())[:_NAME_CHARACTERS].strip("_")


def moment(value: Any) -> str | None:
    """A time of theirs as ours; None where there is none, or nobody can read it."""
    found = from_iso(value)
    return None if found is None else to_rfc3339(found)


def _same(ours: str, theirs: str, note: str = "") -> Row:
    """A member that is said word for word."""
    return Row(ours, f"/{theirs}", lambda entry: entry[theirs], lambda source: get(source.plain, ours), note)


def _time(ours: str, theirs: str, note: str = "") -> Row:
    def write(source: Source) -> str | None:
        found = get(source.plain, ours)
        return None if found is None else to_rfc3339(datetime.fromisoformat(found))

    return Row(ours, f"/{theirs}", lambda entry: moment(entry[theirs]), write, note)


def _score(ours: str, theirs: str) -> Row:
    def write(source: Source) -> float | None:
        found = get(source.plain, ours)
        if found is None or not math.isfinite(found) or not 0 <= found <= 1:
            return None
        return round(float(found), _SCORE_DECIMALS) + 0.0

    note = "four decimals; 0.5 where there is none or it is not in 0 to 1"
    return Row(ours, f"/{theirs}", lambda entry: float(entry[theirs]), write, note)


def _tags(entry: Entry) -> list[str]:
    return [tag for tag in entry["tags"] if type(tag) is str]


_CREATED = _time("times.created", "created_at", "required: where it is missing, the next best time stands in and is told")
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
    "body.text",
    (
        _CREATED,
        _TAGS,
        Row("body.type", "/event_type", _always("episode"), _always("observation"), "other words stay in the entry"),
        _same("body.text", "observation"),
        _time("times.observed", "timestamp", "the time of creation where there is none"),
        _same("provenance.actor", "actor"),
        _score("body.salience", "salience"),
    ),
)
_MESSAGE = Lens(
    "message",
    "message",
    "episodic",
    "body.parts",
    (
        _CREATED,
        Row(
            "tags",
            "/tags",
            lambda entry: [tag for tag in _tags(entry) if not tag.startswith(_SESSION)],
            _session,
            "and session: with the first digits of the conversation's uid",
        ),
        Row("", "/event_type", _never, _always("interaction")),
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
        Row("", "/timestamp", _never, lambda source: source.created, "the time of creation"),
    ),
    "what is said in a conversation; its head is carried",
)


# Semantic ---------------------------------------------------------------------------------------------------------------------


def _is_person(entry: Entry) -> bool:
    return entry["subject"] == PERSON and entry["predicate"] in _TYPES


def _triple(plain: Plain) -> bool:
    body = plain["body"]
    return bool(body.get("subject") and body.get("predicate") and body.get("object"))


def _part(ours: str, other: Callable[[Source], str]) -> Row:
    """A member of the triple, which the statement itself gives where it is none."""
    theirs = ours.removeprefix("body.")
    return Row(
        ours,
        f"/{theirs}",
        lambda entry: None if _is_person(entry) else entry[theirs],
        lambda source: get(source.plain, ours) if _triple(source.plain) else other(source),
        "as it is in a triple; else `user`, the kind of memory, the text",
    )


_MEMORY = Lens(
    "memory",
    "memory",
    "semantic",
    "body.text",
    (
        _CREATED,
        _TAGS,
        _part("body.subject", _always(PERSON)),
        _part("body.predicate", lambda source: str(source.plain["body"].get("type", "fact"))),
        _part("body.object", lambda source: str(source.plain["body"]["text"])),
        Row(
            "body.text",
            "/object",
            lambda e: e["object"] if _is_person(e) else sentence(e["subject"], e["predicate"], e["object"]),
            _never,
            "read of a triple as a sentence",
        ),
        Row(
            "body.type",
            "/predicate",
            lambda entry: entry["predicate"] if _is_person(entry) else "fact",
            _never,
            "where the subject is `user` and the predicate a kind of memory; else a fact",
        ),
        _score("body.confidence", "confidence"),
    ),
    "of any type but `episode`",
)
_ENTITY = Lens(
    "entity",
    "entity",
    "semantic",
    "body.name",
    (
        _CREATED,
        _TAGS,
        _same("body.name", "subject"),
        Row("", "/predicate", _never, lambda s: "described_as" if get(s.plain, "body.text") else "is_a"),
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
    "body.type",
    (
        _CREATED,
        _TAGS,
        Row("", "/subject", _never, lambda s: s.name_of(s.plain["body"]["source"]) or None, "what its source is called"),
        Row("body.type", "/predicate", lambda e: e["predicate"], lambda s: word(s.plain["body"]["type"]), "in snake_case"),
        Row("", "/object", _never, lambda s: s.name_of(s.plain["body"]["target"]) or None, "what its target is called"),
        _score("body.confidence", "confidence"),
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
    "body.name",
    (
        _CREATED,
        _TAGS,
        _same("body.name", "name"),
        _same("body.trigger", "description"),
        Row("body.steps", "/body", _steps, _procedure_body, "lines numbered from 1"),
        Row("body.text", "/body", lambda e: "" if _steps(e) else e["body"], _never, "what is not numbered"),
    ),
)
_SKILL = Lens(
    "skill",
    "skill",
    "procedural",
    "body.name",
    (
        _CREATED,
        _TAGS,
        _same("body.name", "name"),
        _same("body.description", "description"),
        _same("body.text", "body"),
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


def _work(entry: Entry) -> str:
    lines = [*entry["goals"][1:], *_strings(entry["subgoals"], "goal"), *_strings(entry["pending_actions"], "action", "tool")]
    return "\n".join([*(line for line in lines if type(line) is str), *([entry["scratch"]] if entry["scratch"] else [])])


_TASK = Lens(
    "task",
    "task",
    "working",
    "body.title",
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


_PROFILE = Lens("profile", "profile", "identity", "body.text", (_CREATED, _TAGS, _LANGUAGE, _same("body.text", "persona")))
_INSTRUCTION = Lens(
    "instruction",
    "instruction",
    "identity",
    "body.text",
    (_CREATED, _TAGS, _LANGUAGE, _same("body.text", "custom_instructions")),
)
_POLICIES = Lens(
    "policies",
    "instruction",
    "identity",
    "",
    (
        _CREATED,
        _TAGS,
        _LANGUAGE,
        Row("body.text", "/policies", lambda e: "\n".join(_strings(e["policies"])), _never, "one a line"),
        Row("body.title", "", _always("policies"), _never),
    ),
    "read only",
)
_SETTING = Lens(
    "setting",
    "setting",
    "identity",
    "body.name",
    (
        _CREATED,
        _TAGS,
        _LANGUAGE,
        Row(
            "body.name",
            "/preferences",
            lambda e: _setting(e, value=False),
            _never,
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


def decode(lens: Lens, entry: Entry) -> Plain:
    """The plain record that an entry says, without links."""
    plain: Plain = {"body": {"kind": lens.kind}}
    for row in lens.rows:
        value = row.read(entry) if row.ours else None
        if value is not None:
            put(plain, row.ours, value)
    return plain


def encode(lens: Lens, source: Source) -> Entry:
    """What a record says of its entry, without what it has no word for."""
    entry: Entry = {}
    for row in lens.rows:
        value = row.write(source) if row.theirs else None
        if value is not None:
            entry[row.theirs[1:]] = value
    return entry
