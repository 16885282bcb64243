"""Records as a person reads them: as Markdown, and as text for a terminal. Branches of a talk are shown, not hidden.

A conversation is printed as its current thread, from the root to the tip that the provider shows. Where other answers or
edited questions leave it, a line says so, and each such branch follows in full after the thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from satchel.cli.console import bold, clean, counted, dim, one_line
from satchel.model.bodies import Conversation, Message, Part
from satchel.model.citations import Sources, resolved
from satchel.model.record import Record
from satchel.model.text import searchable

_SPEAKERS = {"user": "You", "assistant": "Assistant", "system": "System", "tool": "Tool"}


class Thread(msgspec.Struct, frozen=True):
    """A run of messages from a fork (or the root) to a leaf; ``leaves`` is the message that it branches off from."""

    messages: tuple[Record, ...]
    leaves: str = ""


def threads(head: Record, messages: Sequence[Record]) -> list[Thread]:
    """The current thread first, then each branch in the order in which they leave it. Iterative: talks can be long."""
    by_uid = {message.uid: message for message in messages}
    children: dict[str, list[str]] = {}
    for message in messages:
        parent = _parent(message)
        children.setdefault(parent if parent in by_uid else "", []).append(message.uid)
    current = head.body.current if isinstance(head.body, Conversation) else ""
    if current not in by_uid:
        current = messages[-1].uid if messages else ""
    main: set[str] = set()
    at = current
    while at in by_uid and at not in main:
        main.add(at)
        at = _parent(by_uid[at])
    # The tip may not be a leaf: the thread goes on along the newest messages.
    found: list[Thread] = []
    starts: list[tuple[str, str]] = [("", uid) for uid in reversed(children.get("", []))]
    starts.sort(key=lambda start: start[1] in main)
    told: set[str] = set()
    while starts:
        leaves, uid = starts.pop()
        run: list[Record] = []
        forks: list[tuple[str, str]] = []
        while uid and uid not in told:
            told.add(uid)
            run.append(by_uid[uid])
            nexts = children.get(uid, [])
            chosen = next((child for child in nexts if child in main), nexts[-1] if nexts else "")
            forks.extend((uid, child) for child in nexts if child != chosen)
            uid = chosen
        if run:
            found.append(Thread(tuple(run), leaves))
        starts.extend(reversed(forks))
    return found


def _parent(message: Record) -> str:
    return message.body.parent if isinstance(message.body, Message) else ""


class Step(msgspec.Struct, frozen=True):
    """One step through a conversation: a message, or a branch that begins (``number``) or leaves here (``fork``)."""

    message: Record | None = None
    number: int = 0
    fork: int = 0
    run: Thread | None = None


def walk(head: Record, messages: Sequence[Record]) -> Iterator[Step]:
    """All threads, message by message, each fork told where it leaves."""
    runs = threads(head, messages)
    forks: dict[str, list[tuple[int, Thread]]] = {}
    for number, run in enumerate(runs):
        if run.leaves:
            forks.setdefault(run.leaves, []).append((number, run))
    for number, run in enumerate(runs):
        if number:
            yield Step(number=number, run=run)
        for message in run.messages:
            yield Step(message=message)
            for fork, other in forks.get(message.uid, []):
                yield Step(fork=fork, run=other)


def conversation_markdown(head: Record, messages: Sequence[Record], *, hidden: bool = False) -> Iterator[str]:
    """The conversation as Markdown, block by block."""
    yield f"# {_inline(_title(head))}"
    yield _facts(head)
    if isinstance(head.body, Conversation) and head.body.summary:
        yield _quoted(head.body.summary)
    for step in walk(head, messages):
        if step.message:
            if _is_shown(step.message, hidden):
                yield from message_markdown(step.message)
        elif step.run and step.number:
            yield f"---\n\n## Branch {step.number}: {_preview(step.run)}"
        elif step.run:
            yield f"*Branch {step.fork} leaves here ({counted(len(step.run.messages), 'message')}): {_preview(step.run)}*"


def conversation_text(head: Record, messages: Sequence[Record], *, hidden: bool = False) -> Iterator[str]:
    """The conversation for a terminal, block by block, cleaned."""
    yield bold(clean(_title(head)))
    yield dim(clean(_facts(head)))
    if isinstance(head.body, Conversation) and head.body.summary:
        yield dim(clean(head.body.summary))
    for step in walk(head, messages):
        if step.message:
            if _is_shown(step.message, hidden):
                yield message_text(step.message)
        elif step.run and step.number:
            yield bold(clean(f"── Branch {step.number}: {_preview(step.run)}"))
        elif step.run:
            yield dim(
                clean(
                    f"  ├─ branch {step.fork} leaves here ({counted(len(step.run.messages), 'message')}): {_preview(step.run)}"
                )
            )
    unseen = sum(not _is_shown(message, hidden) for message in messages)
    if unseen:
        what = "1 hidden message is" if unseen == 1 else f"{unseen} hidden messages are"
        yield dim(f"{what} left out (system text, custom instructions); --hidden shows them.")


def message_markdown(message: Record) -> Iterator[str]:
    """One message as Markdown."""
    yield f"## {_inline(_speaker(message))}"
    assert isinstance(message.body, Message)
    for part in message.body.parts:
        yield part_markdown(part)


def message_text(message: Record) -> str:
    """One message for a terminal."""
    assert isinstance(message.body, Message)
    blocks = [bold(clean(_speaker(message))) + "  " + dim(message.uid[:10])]
    blocks += [_part_text(part) for part in message.body.parts]
    return "\n".join(block for block in blocks if block)


def record_text(record: Record) -> Iterator[str]:
    """Any other record for a terminal."""
    title, text = searchable(record)
    yield bold(clean(title or record.kind))
    yield dim(clean(_facts(record)))
    if text:
        yield clean(text)


def record_markdown(record: Record) -> Iterator[str]:
    """Any other record as Markdown."""
    title, text = searchable(record)
    yield f"# {_inline(title or record.kind)}"
    yield _facts(record)
    if text:
        yield text


def part_markdown(part: Part) -> str:
    """One part of a message as Markdown; nothing that it says can end its block early."""
    text, notes = _resolved(part)
    sources = "".join(f"\n\n{_inline(note)}" for note in notes)
    match part.type:
        case "text" | "transcript":
            return text + sources
        case "reasoning" | "reasoning_summary" | "context" | "quote" | "error":
            return _quoted(f"**{_label(part)}**\n\n{text}") + sources
        case "code":
            return _fenced(text, part.language)
        case "tool_call" | "tool_result":
            return f"**{_label(part)}**\n\n{_fenced(_tool_body(part), part.language)}" + sources
        case _:
            caption = f"*{_label(part)}*"
            return f"{caption}\n\n{_fenced(text)}" if text else caption


def _part_text(part: Part) -> str:
    text, notes = _resolved(part)
    lines = [f"  {note}" for note in notes]
    match part.type:
        case "text" | "transcript":
            return "\n".join([clean(text), *(dim(clean(line)) for line in lines)]).strip("\n")
        case _:
            body = _tool_body(part) if part.type in ("tool_call", "tool_result") else text
            block = [dim(clean(f"  {_label(part)}")), *(dim("  │ ") + clean(line) for line in body.splitlines())]
            return "\n".join([*block, *(dim(clean(line)) for line in lines)])


def _resolved(part: Part) -> tuple[str, list[str]]:
    """The part's text with its citation marks as [n], and a line for each source."""
    if not part.citations:
        return part.text, []
    sources = Sources()
    text = resolved(part.text, part.citations, sources)
    notes = []
    for number, source in enumerate(sources.list, 1):
        words = (source.get("title", ""), source.get("url", ""), source.get("snippet", "")[:200])
        notes.append(f"[{number}] " + " — ".join(word for word in words if word))
    return text, notes


def _tool_body(part: Part) -> str:
    if part.data is None:
        return part.text
    data = msgspec.json.format(msgspec.json.encode(part.data), indent=2).decode()
    return f"{part.text}\n{data}" if part.text else data


def _label(part: Part) -> str:
    words = {
        "reasoning": "Reasoning",
        "reasoning_summary": "Reasoning, in short",
        "context": "Context given to the assistant",
        "quote": "Shown to the assistant",
        "error": "Error",
        "tool_call": "Calls",
        "tool_result": "Result of" if part.name else "Result",
        "code": "Code",
    }
    word = words.get(part.type, part.type.capitalize())
    name = part.name or part.ref
    where = f" <{part.url}>" if part.url else ""
    return f"{word} {name}".strip() + where + (" (failed)" if part.is_error else "")


def _speaker(message: Record) -> str:
    body = message.body
    assert isinstance(body, Message)
    words = [_SPEAKERS[body.role]]
    if body.author and body.author != body.role:
        words.append(f"({body.author})")
    if body.model:
        words.append(body.model)
    moment = message.times.created
    if moment:
        words.append(f"{moment:%Y-%m-%d %H:%M}")
    if body.is_hidden:
        words.append("hidden")
    return " · ".join(words)


def _title(head: Record) -> str:
    return getattr(head.body, "title", "") or getattr(head.body, "name", "") or "(no title)"


def _facts(record: Record) -> str:
    times = record.times
    facts = [record.kind, record.provenance.platform, getattr(record.body, "model", "")]
    if times.created:
        facts.append(f"{times.created:%Y-%m-%d %H:%M} UTC")
    if times.updated and times.updated != times.created:
        facts.append(f"last changed {times.updated:%Y-%m-%d %H:%M} UTC")
    if record.status != "active":
        facts.append(record.status)
    if record.tags:
        facts.append(", ".join(record.tags))
    return " · ".join(fact for fact in [*facts, record.uid] if fact)


def _is_shown(message: Record, hidden: bool) -> bool:
    return hidden or not (isinstance(message.body, Message) and message.body.is_hidden)


def _preview(run: Thread) -> str:
    for message in run.messages:
        text = searchable(message)[1]
        if text.strip():
            return f"“{one_line(text, 60)}”"
    return "no text"


def _inline(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fenced(text: str, language: str = "") -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{re.sub(r'[^0-9A-Za-z_+.#-]', '', language)}\n{text}\n{fence}"
