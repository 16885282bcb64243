"""Records as statements: what each kind says in a sentence, what it is about, how much it matters; and why others say nothing.

Trust is worked out by Satchel and comes first in a statement's rank, before salience and confidence, which are what a source
says of itself: a file that calls all of its memories important gets none of them before the person's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from satchel.formats.assistant_text.neutral import tidied
from satchel.formats.assistant_text.targets import TOPICS, Group, Topic
from satchel.model.bodies import Entity, Instruction, Memory, Procedure, Profile, Relation, Scope, Skill, Task
from satchel.model.fields import fields_of
from satchel.model.record import Record
from satchel.model.times import EPOCH
from satchel.trust.redaction.credentials import names_credential

#: The kinds that can be a statement; of the rest, those that say something about the person, and why they are none.
KINDS = ("memory", "instruction", "profile", "procedure", "skill", "scope", "task", "entity", "relation")
PLACELESS: dict[str, str] = {
    "conversation": "a conversation and its messages are no statement",
    "document": "a file is no statement; give it to the assistant as a file",
    "chunk": "a piece of a document is no statement",
    "setting": "a setting of one product means nothing to another",
    "tool_server": "a tool is set up, not told",
    "secret_ref": "where a secret lies is not told to others",
    "foreign": "another product's own kind is no statement",
}

#: The fields whose words a statement of each kind says.
_WORDS: dict[str, frozenset[str]] = {
    "memory": frozenset({"body.text", "body.title"}),
    "instruction": frozenset({"body.text", "body.title"}),
    "profile": frozenset({"body.text", "body.title"}),
    "procedure": frozenset({"body.name", "body.trigger", "body.steps", "body.text"}),
    "skill": frozenset({"body.name", "body.description", "body.text"}),
    "scope": frozenset({"body.name", "body.text"}),
    "task": frozenset({"body.title", "body.text"}),
    "entity": frozenset({"body.name", "body.text"}),
    "relation": frozenset({"body.text"}),
}
_TRIPLE = frozenset({"body.title", "body.subject", "body.predicate", "body.object"})
_TRUST = {"own": 0, "reviewed": 1, "verified": 2, "imported": 3}
#: What a record that does not say how salient or certain it is counts as.
_UNSAID = 0.5
_MEMORY_TOPICS: dict[str, Topic] = {
    "fact": "facts",
    "preference": "preferences",
    "skill": "work",
    "context": "facts",
    "relationship": "relationships",
    "goal": "projects",
    "instruction": "instructions",
    "identity": "identity",
    "environment": "facts",
    "project": "projects",
    "episode": "projects",
    "custom": "facts",
}
_FINISHED = frozenset({"done", "complete", "completed", "cancelled", "canceled", "closed", "archived", "failed"})
_PEOPLE = frozenset({"person", "people", "contact", "family", "friend"})

#: Trust, whether it is no text that was always on, salience and confidence (negated), whether its age is unknown, its age, its
#: uid: the least comes first.
Rank = tuple[int, bool, float, float, bool, float, str]


class Statement(NamedTuple):
    """``text`` is tidied and as the record has it; ``since`` is the first time that the record knows of itself.

    ``lost`` and ``was_tidied`` say what of the record's words does not stand in the text; ``said`` and ``unsaid`` are the
    fields that do, and that do not.
    """

    uid: str
    kind: str
    text: str
    topic: Topic
    rank: Rank
    since: datetime | None
    platform: str
    is_said: bool
    lost: str = ""
    was_tidied: bool = False
    said: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()

    @property
    def group(self) -> Group:
        return "instruction" if self.topic == "instructions" else "statement"


class Refusal(NamedTuple):
    """Why a record is no statement."""

    code: str
    text: str


_NOT_EXPORTABLE = Refusal("not-exportable", "marked as not to be exported")
_NOT_ACTIVE = Refusal("not-active", "superseded, retracted, archived or finished")
_EXPIRED = Refusal("expired", "was true until a day that is past")
_SENSITIVE = Refusal("sensitive", "marked as highly sensitive")
_UNTRUSTED = Refusal("untrusted", "what a tool or a web page said is not told to an assistant as known")
_PROJECT_ONLY = Refusal("project-only", "an instruction for one project would be followed everywhere")
_OTHER_ASSISTANT = Refusal("other-assistant", "an assistant or a workspace of another product")
_BLANK = Refusal("blank", "there are no words to write")
_CREDENTIAL = Refusal("credential", "holds what looks like a password or a key")

#: The name of the project that a scope's uid names, "" where there is none to tell.
ProjectName = Callable[[str], str]


def statement_of(record: Record, now: datetime, project_name: ProjectName) -> Statement | Refusal:
    """The record as a statement, or why it is none. ``now`` is when the selection last changed."""
    refusal = _refused(record, now)
    if refusal is not None:
        return refusal
    text, topic, lost = _said(record, project_name)
    words = tidied(text)
    if not words:
        return _BLANK
    if names_credential(words):
        return _CREDENTIAL
    times = record.times
    since = times.created or times.observed or times.valid_from or times.updated
    return Statement(
        record.uid,
        record.kind,
        words,
        topic,
        _rank(record, since),
        since,
        record.provenance.platform or record.origin.format,
        record.provenance.method == "explicit_user_input",
        lost,
        words != text,
        *_split(record, project_name),
    )


def _split(record: Record, project_name: ProjectName) -> tuple[tuple[str, ...], tuple[str, ...]]:
    body = record.body
    words = _WORDS[record.kind]
    if isinstance(body, Memory):
        if not body.text.strip():
            words = _TRIPLE
        elif not body.title and project_name(record.scope):
            words |= {"scope"}
    names = fields_of(record)
    return tuple(name for name in names if name in words), tuple(name for name in names if name not in words)


def _refused(record: Record, now: datetime) -> Refusal | None:
    body = record.body
    if not record.access.exportable:
        return _NOT_EXPORTABLE
    if record.status != "active" or _is_over(body):
        return _NOT_ACTIVE
    if record.times.valid_to is not None and record.times.valid_to <= now:
        return _EXPIRED
    if record.access.sensitivity == "high":
        return _SENSITIVE
    if record.trust not in _TRUST:
        return _UNTRUSTED
    if isinstance(body, Instruction) and body.about == "project":
        return _PROJECT_ONLY
    if isinstance(body, Scope) and body.type != "project":
        return _OTHER_ASSISTANT
    return None


def _is_over(body: Any) -> bool:
    if isinstance(body, Task):
        return body.state.strip().lower() in _FINISHED
    return (isinstance(body, Scope) and body.is_archived) or (isinstance(body, Procedure) and not body.enabled)


def _said(record: Record, project_name: ProjectName) -> tuple[str, Topic, str]:
    """(words, topic, what of the body is left out)."""
    body = record.body
    match body:
        case Memory():
            text = body.text if body.text.strip() else " ".join(filter(None, (body.subject, body.predicate, body.object)))
            topic = _named_topic(body.title, *record.tags) or _MEMORY_TOPICS[body.type]
            # A title that names a section is said by the section.
            title = "" if _named_topic(body.title) else body.title or project_name(record.scope)
            return _titled(title, text), topic, ""
        case Instruction():
            return _titled(body.title, body.text), "identity" if body.about == "user" else "instructions", ""
        case Profile():
            return _titled(body.title, body.text), "identity", ""
        case Skill():
            lost = "a skill's text is not written, only its name and what it is for" if body.text.strip() else ""
            return _titled(body.name, body.description), "work", lost
        case Procedure():
            return _titled(body.name, "\n".join((body.trigger, *body.steps, body.text))), "work", ""
        case Scope():
            # Where a source has no name for a project, its id stands there: that tells nobody anything.
            name = "" if body.name == record.origin.id else body.name
            return _titled(name, body.text) or (name and f"Project: {name}"), "projects", ""
        case Task():
            return _titled(body.title, body.text) or body.title, "projects", ""
        case Entity():
            return _titled(body.name, body.text), "relationships" if body.type.lower() in _PEOPLE else "facts", ""
        case Relation():
            return body.text, "facts", ""
        case _:
            raise AssertionError(f"{record.kind} is no kind of statement")


def _titled(title: str, text: str) -> str:
    """``title: text``, for a text that does not name its title itself; "" without a text."""
    if not text.strip():
        return ""
    title = " ".join(title.split())
    return text if not title or title.lower() in text.lower() else f"{title}: {text}"


def _named_topic(*names: str) -> Topic | None:
    return next((TOPICS[name] for name in (name.strip().lower() for name in names) if name in TOPICS), None)


def _rank(record: Record, since: datetime | None) -> Rank:
    body = record.body
    salience = body.salience if isinstance(body, Memory) else None
    confidence = body.confidence if isinstance(body, Memory | Relation) else None
    # Seconds by subtraction: no day that a datetime can hold is out of range for it, as it is for a timestamp.
    age = (since - EPOCH).total_seconds() if since is not None else 0.0
    is_other = not isinstance(body, Instruction | Profile)
    return (_TRUST[record.trust], is_other, -_unit(salience), -_unit(confidence), since is None, age, record.uid)


def _unit(value: float | None) -> float:
    """A number from 0 to 1; what is none, or no number, says nothing."""
    return value if value is not None and 0 <= value <= 1 else _UNSAID
