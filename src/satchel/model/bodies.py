"""The kinds of record, each a body with its own fields.

One struct a kind, immutable, tagged by ``kind`` on the wire. A field that is absent in the source is left at its default and
is not written. Uids in bodies name other records; they may name one that is not (yet) in the vault.

Immutable values make no cycles, so the cyclic collector need not know them (``gc=False``).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

MemoryType = Literal[
    "fact",
    "preference",
    "skill",
    "context",
    "relationship",
    "goal",
    "instruction",
    "identity",
    "environment",
    "project",
    "episode",
    "custom",
]
Role = Literal["user", "assistant", "system", "tool"]
PartType = Literal[
    "text",  # what was said
    "code",  # a program that the assistant ran or wrote as such
    "reasoning",  # thoughts, not part of the visible talk
    "reasoning_summary",  # the provider's short form of thoughts
    "tool_call",  # name, call id, input
    "tool_result",  # name, call id, output
    "transcript",  # what was spoken, as text
    "quote",  # a passage of a page or file that was shown to the model
    "context",  # machine text put into the talk: injected prompts, memory, custom instructions
    "error",
    "image",
    "audio",
    "video",
    "file",
]


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", gc=False):
    """What all bodies share: nothing but the tag."""


class Citation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A source named in a part's text. ``start`` and ``end`` count code points of the part's text; ``marker`` is the
    provider's inline mark, exactly as it stands in the text, that this citation resolves."""

    title: str = ""
    url: str = ""
    snippet: str = ""
    start: int | None = None
    end: int | None = None
    marker: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One piece of a message, in the order of the source. ``text`` is verbatim, with the provider's inline marks."""

    type: PartType
    text: str = ""
    #: JSON input or output of a tool that is not plain text.
    data: Any = None
    #: A tool's name, a file's name, a quote's title.
    name: str = ""
    #: Joins a tool_result to its tool_call.
    call: str = ""
    language: str = ""
    media_type: str = ""
    size_bytes: int | None = None
    url: str = ""
    #: The provider's own pointer to the bytes (``file-service://…``, a file uuid).
    ref: str = ""
    #: The document record that holds the bytes.
    asset: str = ""
    is_error: bool = False
    citations: tuple[Citation, ...] = ()


class Memory(Body, frozen=True, gc=False, tag="memory"):
    """A distilled statement about the person or their world."""

    text: str
    type: MemoryType = "fact"
    custom_type: str = ""
    title: str = ""
    subject: str = ""
    predicate: str = ""
    object: str = ""
    confidence: float | None = None
    salience: float | None = None


class Entity(Body, frozen=True, gc=False, tag="entity"):
    name: str
    type: str = ""
    aliases: tuple[str, ...] = ()
    text: str = ""


class Relation(Body, frozen=True, gc=False, tag="relation"):
    """A typed edge between two records, with its own times in the header (bi-temporal)."""

    source: str
    target: str
    type: str
    text: str = ""
    confidence: float | None = None


class Profile(Body, frozen=True, gc=False, tag="profile"):
    """Who the person is, as prose (a persona, a core memory block)."""

    text: str
    title: str = ""


class Procedure(Body, frozen=True, gc=False, tag="procedure"):
    name: str
    trigger: str = ""
    steps: tuple[str, ...] = ()
    text: str = ""
    enabled: bool = True


class Skill(Body, frozen=True, gc=False, tag="skill"):
    """A named ability in text form (SKILL.md); further files are documents that are part_of it."""

    name: str
    description: str = ""
    text: str = ""


class Instruction(Body, frozen=True, gc=False, tag="instruction"):
    """Always-on text. ``about`` tells whom it speaks of: the user, the assistant's manner, or a project."""

    text: str
    about: Literal["user", "assistant", "project"] = "assistant"
    title: str = ""


class Task(Body, frozen=True, gc=False, tag="task"):
    title: str
    text: str = ""
    state: str = ""


class Conversation(Body, frozen=True, gc=False, tag="conversation"):
    """The head of a talk; its messages are records of their own, part_of it."""

    title: str = ""
    summary: str = ""
    model: str = ""
    #: The message at the tip of the branch that the provider shows.
    current: str = ""
    is_archived: bool = False
    is_starred: bool = False


class Message(Body, frozen=True, gc=False, tag="message"):
    """One turn. ``parent`` is the message record it answers ("" for a root); siblings are branches."""

    role: Role
    parts: tuple[Part, ...] = ()
    parent: str = ""
    #: Place among all messages of the conversation, in the source's order; ties in time are broken by it.
    position: int = 0
    author: str = ""
    #: Whom it is addressed to when not the person: a tool's name.
    recipient: str = ""
    model: str = ""
    #: Not shown by the provider (system text, custom instructions).
    is_hidden: bool = False
    #: finished, in progress, cut off: the source's word.
    state: str = ""


class Document(Body, frozen=True, gc=False, tag="document"):
    """A file: its text where there is text, its bytes as a blob where there are bytes."""

    name: str
    text: str = ""
    media_type: str = ""
    size_bytes: int | None = None
    #: SHA-256 of the bytes, hexadecimal; the vault fills it in.
    blob: str = ""
    url: str = ""


class Chunk(Body, frozen=True, gc=False, tag="chunk"):
    text: str
    position: int = 0


class Scope(Body, frozen=True, gc=False, tag="scope"):
    """What records can be gathered under: a project, a custom assistant, a workspace."""

    name: str
    type: Literal["project", "assistant", "workspace", "other"] = "other"
    text: str = ""
    is_archived: bool = False


class Setting(Body, frozen=True, gc=False, tag="setting"):
    name: str
    value: Any = None


class ToolServer(Body, frozen=True, gc=False, tag="tool_server"):
    name: str
    transport: str = ""
    address: str = ""


class SecretRef(Body, frozen=True, gc=False, tag="secret_ref"):
    """That a secret exists and where; never its value."""

    label: str
    category: str = ""


class Foreign(Body, frozen=True, gc=False, tag="foreign"):
    """Something that has no kind of ours: kept whole in ``native``, found by its ``type`` and by ``text``."""

    type: str
    title: str = ""
    text: str = ""


AnyBody = (
    Memory
    | Entity
    | Relation
    | Profile
    | Procedure
    | Skill
    | Instruction
    | Task
    | Conversation
    | Message
    | Document
    | Chunk
    | Scope
    | Setting
    | ToolServer
    | SecretRef
    | Foreign
)

BODIES: dict[str, type[Body]] = {
    str(body.__struct_config__.tag): body
    for body in (
        Memory,
        Entity,
        Relation,
        Profile,
        Procedure,
        Skill,
        Instruction,
        Task,
        Conversation,
        Message,
        Document,
        Chunk,
        Scope,
        Setting,
        ToolServer,
        SecretRef,
        Foreign,
    )
}
KINDS: tuple[str, ...] = tuple(BODIES)
