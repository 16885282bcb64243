"""Records of every kind that the model has, with every member, as an adapter would give them: what no standard's own package
holds all of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from satchel.model import bodies
from satchel.model.ids import make_uid
from satchel.model.record import Access, Grant, Link, LinkType, Method, Origin, Provenance, Record, Status, Times
from satchel.move.fidelity.generated.words import Words

#: The product that they come from, which nobody has.
PLATFORM = "example"
_LINKS: tuple[LinkType, ...] = get_args(LinkType)
_STATUSES: tuple[Status, ...] = get_args(Status)
_METHODS: tuple[Method, ...] = tuple(method for method in get_args(Method) if method)
_TYPES: tuple[Any, ...] = get_args(bodies.MemoryType)
_PARTS: tuple[Any, ...] = get_args(bodies.PartType)


def uid_of(name: str) -> str:
    """The uid of the record of this name."""
    return make_uid(PLATFORM, "record", name)


def records(seed: str = "records") -> Iterator[Record]:
    """Some of each kind: with every member set, and with the required ones alone."""
    words = Words(seed)
    for kind in bodies.KINDS:
        if kind == "message":
            continue
        count = len(_TYPES) if kind == "memory" else 3
        for number in range(count):
            yield _record(f"{kind}-{number}", _body(kind, number, words), number, words)
    yield from _messages(words)
    hidden = _record("hidden", bodies.Memory(text=words.sentence()), 0, words)
    yield Record(uid=hidden.uid, body=hidden.body, origin=hidden.origin, access=Access(exportable=False))


def _record(name: str, body: Any, number: int, words: Words, **members: Any) -> Record:
    """A record; every third one says nothing in its header."""
    kind = str(type(body).__struct_config__.tag)
    origin = Origin(format=PLATFORM, version="1", id=name, kind=f"{PLATFORM}.{kind}")
    if number % 3 == 2:
        plain = {"links": members["links"]} if "links" in members else {}
        return Record(uid=uid_of(name), body=body, origin=origin, provenance=Provenance(platform=PLATFORM), **plain)
    created = words.moment(microseconds=number % 2 == 1)
    header: dict[str, Any] = {
        "times": Times(
            created=created,
            updated=created.replace(year=created.year + 1, day=1),
            observed=words.moment(),
            valid_from=created.replace(year=2019, day=1),
            valid_to=created.replace(year=2039, day=1),
        ),
        "status": _STATUSES[number % len(_STATUSES)] if kind in ("memory", "relation", "procedure") else "active",
        "links": _links(kind, number),
        "provenance": Provenance(
            platform=PLATFORM,
            account=words.id("account-"),
            conversation=uid_of("conversation-0"),
            message=uid_of("message-0"),
            method=_METHODS[number % len(_METHODS)],
            extractor="extractor/1.2.3",
            actor="user:alice",
        ),
        "access": Access(
            visibility="shared" if number % 2 else "private",
            grants=(Grant(entity="agent-1", permissions=("read",)),) if number % 2 else (),
            sensitivity=("low", "normal", "high")[number % 3],
        ),
        "tags": (words.word(), "Two words"),
        "language": ("en", "pt-BR")[number % 2],
        "scope": uid_of("scope-0") if kind != "scope" else "",
    }
    return Record(uid=uid_of(name), body=body, origin=origin, **{**header, **members})


def _links(kind: str, number: int) -> tuple[Link, ...]:
    if kind == "memory":
        # One of each type, to the memory before it.
        return (Link(_LINKS[number % len(_LINKS)], uid_of(f"memory-{number - 1}")),) if number else ()
    if kind == "chunk":
        return (Link("part_of", uid_of("document-0")),)
    return (Link("related_to", uid_of("memory-0")),) if number == 0 and kind not in ("conversation", "scope") else ()


def _body(kind: str, number: int, words: Words) -> Any:
    """Of each kind the first two with every member; the third with what it must have."""
    full = number < 2 or kind == "memory"

    def some(**members: Any) -> dict[str, Any]:
        return members if full else {}

    match kind:
        case "memory":
            triple = {"subject": words.name(), "predicate": "likes", "object": words.name()} if number % 2 else {}
            type = _TYPES[number]
            custom = words.word() if type == "custom" else ""
            said: dict[str, Any] = {"title": words.name(), "confidence": words.share(), "salience": words.share(), **triple}
            return bodies.Memory(text=words.sentence(), type=type, custom_type=custom, **said)
        case "entity":
            aliases = (words.name(), words.name())
            return bodies.Entity(name=words.name(), **some(type="person", aliases=aliases, text=words.sentence()))
        case "relation":
            one, other = uid_of(f"entity-{number}"), uid_of(f"entity-{(number + 1) % 3}")
            more = some(text=words.sentence(), confidence=words.share())
            return bodies.Relation(source=one, target=other, type=words.word(), **more)
        case "profile":
            return bodies.Profile(text=words.lines(), **some(title=words.name()))
        case "procedure":
            more = some(
                trigger=words.sentence(), steps=(words.sentence(), words.sentence()), text=words.lines(), enabled=number == 0
            )
            return bodies.Procedure(name=words.name(), **more)
        case "skill":
            return bodies.Skill(name=words.name(), **some(description=words.sentence(), text=words.lines()))
        case "instruction":
            about = ("user", "assistant", "project")[number]
            return bodies.Instruction(text=words.sentence(), about=about, **some(title=words.name()))  # type: ignore[arg-type]
        case "task":
            return bodies.Task(title=words.sentence(), **some(text=words.lines(), state=("open", "done")[number % 2]))
        case "conversation":
            more = some(
                summary=words.sentence(), model="example-1", current=uid_of("message-3"), is_archived=True, is_starred=True
            )
            return bodies.Conversation(title=words.sentence(), **more)
        case "document":
            more = some(text=words.lines(), media_type="text/markdown", size_bytes=words.number(), url="https://example.org/d")
            return bodies.Document(name=f"{words.word()}-{number}.md", **more)
        case "chunk":
            return bodies.Chunk(text=words.lines(), **some(position=number + 1))
        case "scope":
            type = ("project", "assistant", "workspace")[number]
            more = some(text=words.sentence(), is_archived=number == 1)
            return bodies.Scope(name=words.name(), type=type, **more)  # type: ignore[arg-type]
        case "setting":
            return bodies.Setting(name=f"setting.{words.word()}.{number}", value=(words.word(), {"n": [1, 2.5]}, True)[number])
        case "tool_server":
            return bodies.ToolServer(name=words.name(), **some(transport="http", address="https://example.org/mcp"))
        case "secret_ref":
            return bodies.SecretRef(label=words.name(), **some(category="api_key"))
        case "foreign":
            return bodies.Foreign(type="example_thing", **some(title=words.name(), text=words.sentence()))
        case _:
            raise AssertionError(f"no record of kind {kind} is made")


def _messages(words: Words) -> Iterator[Record]:
    """A talk that forks, with parts of every type."""
    roles = ("user", "assistant", "tool", "assistant", "system")
    whole = (Link("part_of", uid_of("conversation-0")),)
    for number, role in enumerate(roles):
        types = _PARTS if number == 1 else ("text", "file") if number == 0 else ("text",)
        body = bodies.Message(
            role=role,  # type: ignore[arg-type]
            parts=tuple(_part(type, words) for type in types),
            parent=uid_of(f"message-{0 if number == 3 else number - 1}") if number else "",
            position=number,
            author=words.name() if number < 2 else "",
            recipient="search" if number == 1 else "",
            model="example-1" if role == "assistant" else "",
            is_hidden=role == "system",
            state="finished" if number == 1 else "",
        )
        yield _record(f"message-{number}", body, number, words, links=whole)


def _part(type: Any, words: Words) -> bodies.Part:
    match type:
        case "tool_call" | "tool_result":
            return bodies.Part(type=type, name="search", call="call-1", data={"q": words.sentence()})
        case "image" | "audio" | "video" | "file":
            ref: dict[str, Any] = {"url": f"https://example.org/{words.word()}", "ref": words.id("file-")}
            return bodies.Part(
                type=type, name=f"{words.word()}.bin", media_type="application/octet-stream", size_bytes=9, **ref
            )
        case "code":
            return bodies.Part(type=type, text=f"print({words.number()})  # {words.sentence()}\n", language="python")
        case "text":
            source = bodies.Citation(title=words.name(), url="https://example.org/s", snippet=words.sentence(), start=0, end=3)
            return bodies.Part(type=type, text=words.sentence(), citations=(source,))
        case _:
            return bodies.Part(type=type, text=words.sentence())
