"""A response as a message's parts: thoughts, text with its cards, pictures, files, errors (providers.md 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from satchel.adapters.grok.wire import file_uid
from satchel.adapters.notes import Notes
from satchel.adapters.values import dict_of, dicts, first_id, first_text, ident, list_of, text_of, whole
from satchel.codec import json_values
from satchel.errors import SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Citation, Part
from satchel.model.text import leaves

_OPEN = re.compile(r"<grok:render\b([^>]*)>")
_CLOSE = "</grok:render>"
_CARD = re.compile(r'card_id=\\?"([^"\\]{1,128})')
_ARGUMENT = re.compile(r'<argument name=\\?"citation_id\\?">([^<]{1,128})</argument>')
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Where a trace of thoughts has its text.
_TRACE = ("thinking_trace", "trace", "text", "content", "message")


class Parts:
    """Reads the parts of one conversation's responses."""

    def __init__(self, account: str, notes: Notes, limits: Limits) -> None:
        self.account = account
        self.notes = notes
        self.limits = limits

    def of(self, response: dict[str, Any]) -> list[Part]:
        """All parts of one response."""
        parts = list(self._thoughts(response))
        message = response.get("message")
        citations = tuple(self._citations(response))
        texts = [message] if type(message) is str else leaves(message)
        for text in texts:
            if text.strip() or citations:
                parts.append(Part(type="text", text=text, citations=(*self._cards(text, response), *citations)))
                citations = ()
        if citations:
            parts.append(Part(type="text", citations=citations))
        for url in list_of(response.get("generated_image_urls")):
            parts.extend(self._file(url, "image"))
        for file in list_of(response.get("image_attachments")):
            parts.extend(self._file(file, "image"))
        known = {part.ref for part in parts if part.ref}
        for file in list_of(response.get("file_attachments")):
            parts.extend(part for part in self._file(file, "file") if part.ref not in known)
        if response.get("image_edit_uri"):
            parts.extend(self._file(response["image_edit_uri"], "image"))
        if response.get("error"):
            parts.extend(Part(type="error", text=text, is_error=True) for text in leaves(response["error"]))
        return parts

    def _thoughts(self, response: dict[str, Any]) -> Iterator[Part]:
        told: set[str] = set()
        for trace in (response.get("thinking_trace"), *list_of(response.get("agent_thinking_traces"))):
            name = first_text(trace, "agent_name", "agent_id", "name") if type(trace) is dict else ""
            found = first_text(trace, *_TRACE) if type(trace) is dict else ""
            for text in [found] if found else leaves(trace):
                if text.strip() and text not in told:
                    told.add(text)
                    yield Part(type="reasoning", text=text, name=name)

    def _citations(self, response: dict[str, Any]) -> Iterator[Citation]:
        cited = response.get("cited_web_search_results")
        for result in dicts(cited):
            citation = Citation(
                title=text_of(result.get("title")), url=text_of(result.get("url")), snippet=text_of(result.get("preview"))
            )
            if citation != _NO_CITATION:
                yield citation

    def _cards(self, text: str, response: dict[str, Any]) -> Iterator[Citation]:
        """A citation for each ``<grok:render>`` in the text, with what its card says; else with its citation's id."""
        if _CLOSE not in text:
            return
        cards = self._attached(response)
        at = 0
        while found := _OPEN.search(text, at):
            end = text.find(_CLOSE, found.end())
            if end < 0:
                return
            at = end + len(_CLOSE)
            mark = text[found.start() : at]
            named = _CARD.search(found[1])
            card = cards.get(named[1], {}) if named else {}
            numbered = _ARGUMENT.search(mark)
            title = first_text(card, "title", "name") or first_text(dict_of(card.get("image")), "title")
            url = first_text(card, "url", "link") or first_text(dict_of(card.get("image")), "link", "original")
            if not title and not url and numbered:
                title = f"citation {numbered[1].strip()}"
            yield Citation(title=title, url=url, marker=mark)

    def _attached(self, response: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The cards of a response by id; each is an object, or one as JSON text."""
        attached = response.get("card_attachments_json")
        if type(attached) is dict:
            attached = attached.get("cards")
        cards: dict[str, dict[str, Any]] = {}
        for card in list_of(attached):
            if type(card) is str:
                try:
                    card = json_values.decode(card.encode(), limits=self.limits)
                except (SatchelError, UnicodeEncodeError):
                    self.notes.add("malformed-card", "a card is no JSON; it is left as it is", "info", "noticed")
                    continue
            found = dict_of(card)
            if first_id(found, "id", "card_id"):
                cards.setdefault(first_id(found, "id", "card_id"), found)
        return cards

    def _file(self, value: Any, type_: Any) -> Iterator[Part]:
        """A file by its asset id, its address, or an object that has them."""
        if type(value) is dict:
            id = first_id(value, "asset_id", "file_metadata_id", "fileMetadataId", "id", "uuid")
            url = first_text(value, "url", "file_uri", "fileUri", "uri", "image_url")
            media = first_text(value, "mime_type", "file_mime_type", "fileMimeType", "media_type")
            part = Part(
                type="image" if media.startswith("image/") else type_,
                name=first_text(value, "file_name", "fileName", "name"),
                media_type=media,
                size_bytes=whole(value.get("size")) or whole(value.get("file_size")),
                url=url,
                ref=id,
                asset=self._asset(id or url),
            )
            if part.ref or part.url or part.name:
                yield part
            return
        text = ident(value).strip()
        if not text:
            if value is not None and value != "":
                text = "a file is named in a way that no export has; it is left out"
                self.notes.add("malformed-file", text, "warning", "skipped")
            return
        is_address = "/" in text
        yield Part(type=type_, url=text if is_address else "", ref="" if is_address else text, asset=self._asset(text))

    def _asset(self, named: str) -> str:
        """The uid of the document with the asset's bytes; an address names its asset in its path, the owner's id before it."""
        if not named or "/" not in named:
            return file_uid(self.account, named) if named else ""
        found = _ID.findall(named)
        return file_uid(self.account, found[-1]) if found else ""


_NO_CITATION = Citation()
