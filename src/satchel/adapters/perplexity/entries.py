"""One exchange of a thread, in the shape of Perplexity's own service or of the older exporter (providers.md 3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from satchel.adapters.notes import Notes
from satchel.adapters.perplexity.wire import Exchange
from satchel.adapters.platform import sha256
from satchel.adapters.values import beyond, dict_of, dicts, first_id, first_text, list_of
from satchel.model.bodies import Citation, Part

#: Where an exchange has its question, its answer, its ids, its model and its times; the first that is there counts.
QUESTION = ("query_str", "query", "question")
ANSWER = ("answer", "answer_text", "response")
ENTRY_ID = ("uuid", "backend_uuid", "entry_uuid", "id")
THREAD_ID = ("context_uuid", "thread_uuid", "thread_id", "thread_url_slug", "slug", "frontend_context_uuid")
MODEL = ("display_model", "user_selected_model", "model")
CREATED = ("entry_created_datetime", "timestamp", "created_at", "created_datetime")
STATE = ("status", "query_status")
UPDATED = ("entry_updated_datetime", "updated_datetime", "updated_at")
_SOURCES = ("sources", "web_results", "citations")


def exchange_of(entry: dict[str, Any], pointer: str, notes: Notes) -> Exchange:
    """The exchange that an entry is."""
    question = first_text(entry, *QUESTION)
    asked = [Part(type="text", text=question)] if question else []
    asked += _files(entry)
    answer = tuple(_answer(entry))
    return Exchange(
        question=tuple(asked),
        answer=answer,
        key=sha256(question, *(part.text for part in answer)),
        id=first_id(entry, *ENTRY_ID),
        created=_time(entry, CREATED, notes) or _time(entry, UPDATED, notes),
        updated=_time(entry, UPDATED, notes),
        model=first_text(entry, *MODEL),
        pointer=pointer,
        state=first_text(entry, *STATE),
    )


def _time(entry: dict[str, Any], names: tuple[str, ...], notes: Notes) -> datetime | None:
    return next((notes.time(entry[name]) for name in names if entry.get(name)), None)


def _answer(entry: dict[str, Any]) -> Iterator[Part]:
    citations = tuple(dict.fromkeys(_citations(entry)))
    texts = _texts(entry)
    for text in texts:
        yield Part(type="text", text=text, citations=citations)
        citations = ()
    if citations:
        yield Part(type="text", citations=citations)


def _texts(entry: dict[str, Any]) -> list[str]:
    """The answer: its own member, else its blocks, whose whole text may stand in several of them."""
    said = first_text(entry, *ANSWER)
    if said:
        return [said]
    found: list[str] = []
    for block in dicts(entry.get("blocks")):
        markdown = dict_of(block.get("markdown_block"))
        text = first_text(markdown, "answer") or "".join(
            chunk for chunk in list_of(markdown.get("chunks")) if type(chunk) is str
        )
        if text.strip() and not any(text in known for known in found):
            found = [known for known in found if known not in text] + [text]
    return found


def _citations(entry: dict[str, Any]) -> Iterator[Citation]:
    """The sources in their order: the answer's ``[n]`` counts them."""
    results = [result for name in _SOURCES for result in list_of(entry.get(name))]
    for block in dicts(entry.get("blocks")):
        results += list_of(dict_of(block.get("web_result_block")).get("web_results"))
    for result in results:
        if type(result) is str and result.strip():
            yield Citation(url=result)
        elif type(result) is dict:
            citation = Citation(
                title=first_text(result, "title", "name"),
                url=first_text(result, "url", "link"),
                snippet=first_text(result, "snippet", "preview", "description"),
            )
            if citation != _NO_CITATION:
                yield citation


def _files(entry: dict[str, Any]) -> Iterator[Part]:
    """What a person attached to the question: addresses, or objects with them."""
    for file in list_of(entry.get("attachments")):
        if type(file) is str and file.strip():
            name = file.partition("?")[0].rstrip("/").rpartition("/")[2]
            yield Part(type="file", name=name, url=file if "://" in file else "", ref="" if "://" in file else file)
        elif type(file) is dict:
            part = Part(
                type="file",
                name=first_text(file, "name", "filename", "file_name"),
                media_type=first_text(file, "mime_type", "content_type"),
                url=first_text(file, "url"),
                ref=first_id(file, "uuid", "id", "file_uuid"),
            )
            if part.name or part.url or part.ref:
                yield part


def leftover(native: dict[str, Any], kind: str) -> dict[str, Any]:
    """The members of an entry that its messages do not carry: with the answer, for there is one entry for two messages."""
    if kind == "question":
        return {}
    carried = {name for names in (QUESTION, ANSWER, MODEL, CREATED, UPDATED) for name in names if first_text(native, name)}
    carried |= {name for name in ("uuid", *STATE) if type(native.get(name)) is str}
    if all(type(result) is dict for result in list_of(native.get("sources"))) and _is_plain(native.get("sources")):
        carried.add("sources")
    rest = beyond(native, *carried)
    if type(rest.get("blocks")) is list:
        rest["blocks"] = [_block(block) for block in rest["blocks"]]
    return rest


def _is_plain(sources: Any) -> bool:
    return all(source.keys() <= {"title", "url", "snippet"} for source in dicts(sources))


def _block(block: Any) -> Any:
    """A block without the text that is the message's."""
    if type(block) is not dict or type(block.get("markdown_block")) is not dict:
        return block
    return {**block, "markdown_block": beyond(block["markdown_block"], "answer", "chunks")}


_NO_CITATION = Citation()
