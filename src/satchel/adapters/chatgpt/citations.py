"""Citations: the sources that a message names, joined to the inline marks in its text.

Marks stay in the text as they are: ``【12†source】`` of the browsing tools, and ``U+E200 cite U+E202 turn0search1 U+E201``
of web search (providers.md 3.1, edge case c). They are resolved through ``content_references`` (by their matched text),
``citations`` (by position, or by the numbers in the mark) and ``search_result_groups`` (by ``turnNsearchM``).

The text is scanned once; every lookup after that is in a table, so many references to a long text stay cheap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.adapters.chatgpt.shapes import Metadata, text_of
from satchel.model.bodies import Citation, Part, PartType

_PRIVATE = re.compile("\ue200[^\ue200\ue201]*\ue201")
_MARK = re.compile(f"{_PRIVATE.pattern}|【[^【】\n]{{1,200}}】")
_TOKEN = re.compile("[\ue202\ue203\ue204\ue205\ue206]")
#: Members of a reference that hold sources in their turn, the last first.
_NESTED = ("fallback_items", "supporting_websites", "sources", "items")


class _Marks:
    """Where each mark stands: (index of the part, start), in order; and which mark holds a ``turnNsearchM`` token."""

    def __init__(self, parts: list[Part]) -> None:
        self.texts = [part.text for part in parts]
        self.places: dict[str, list[tuple[int, int]]] = {}
        self.by_token: dict[str, str] = {}
        self.used: dict[str, int] = {}
        for at, text in enumerate(self.texts):
            has_brackets = "【" in text
            if has_brackets or "\ue200" in text:
                # A pattern that begins with one letter is looked for in a fraction of the time.
                for found in (_MARK if has_brackets else _PRIVATE).finditer(text):
                    mark = found[0]
                    self.places.setdefault(mark, []).append((at, found.start()))
                    if mark[0] == "\ue200":
                        for token in _TOKEN.split(mark[1:-1])[1:]:
                            self.by_token.setdefault(token, mark)

    def place(self, mark: str, start: Any) -> tuple[int, int] | None:
        """Where ``mark`` stands; of several, the one at ``start``, else the next that was not asked for yet."""
        places = self.places.get(mark)
        if places is None:
            # Not one of the known kinds of mark: it counts only where it is said to be.
            if type(start) is int and start >= 0 and mark.strip():
                for at, text in enumerate(self.texts):
                    if text.startswith(mark, start):
                        return at, start
            return None
        if type(start) is int:
            for place in places[:64]:
                if place[1] == start:
                    return place
        turn = self.used.get(mark, 0)
        self.used[mark] = turn + 1
        return places[turn % len(places)]


def cite(parts: list[Part], metadata: Metadata, type_: PartType) -> list[Part]:
    """``parts`` with the message's citations on the parts whose marks they resolve, the others on the first text."""
    marks = _Marks(parts)
    found: list[list[Citation]] = [[] for _ in parts]
    seen: set[tuple[str, str, str, int | None]] = set()
    urls: set[str] = set()
    home = next((at for at, part in enumerate(parts) if part.text), 0)

    def add(title: str, url: str, snippet: str, mark: str, start: Any) -> None:
        place = marks.place(mark, start) if mark else None
        key = (title, url, mark if place else "", place[1] if place else None)
        if key in seen:
            return
        seen.add(key)
        urls.add(url)
        if not found:
            # Sources alone, without a word: a part of their own carries them.
            parts.append(Part(type=type_))
            found.append([])
        if place is None:
            found[home].append(Citation(title=title, url=url, snippet=snippet))
        else:
            at, begin = place
            found[at].append(Citation(title=title, url=url, snippet=snippet, start=begin, end=begin + len(mark), marker=mark))

    for reference in _dicts(metadata.content_references):
        mark, start = text_of(reference.get("matched_text")), reference.get("start_idx")
        for title, url, snippet in _sources(reference):
            add(title, url, snippet, mark, start)
    for citation in _dicts(metadata.citations):
        source = citation.get("metadata")
        source = source if type(source) is dict else citation
        mark, start = _mark_of(citation, source, marks)
        for title, url, snippet in _sources(source):
            add(title, url, snippet, mark, start)
    for group in _dicts(metadata.search_result_groups):
        for entry in _dicts(group.get("entries")):
            mark = marks.by_token.get(_token(entry.get("ref_id")), "")
            for title, url, snippet in _sources(entry):
                if mark or url not in urls:
                    add(title, url, snippet, mark, None)
    return [
        msgspec.structs.replace(part, citations=tuple(citations)) if citations else part
        for part, citations in zip(parts, found, strict=True)
    ]


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if type(value) is list:
        for item in value:
            if type(item) is dict:
                yield item


def _sources(value: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Title, address and snippet of a reference and of those inside it, each level once."""
    stack = [value]
    while stack:
        get = stack.pop().get
        title = text_of(get("title")) or text_of(get("name"))
        url = text_of(get("url"))
        snippet = text_of(get("snippet")) or text_of(get("text"))
        if title or url or snippet:
            yield title, url, snippet
        for member in _NESTED:
            nested = get(member)
            if type(nested) is list:
                stack.extend(entry for entry in reversed(nested) if type(entry) is dict)


def _mark_of(citation: dict[str, Any], source: dict[str, Any], marks: _Marks) -> tuple[str, Any]:
    start, end = citation.get("start_ix", citation.get("start_idx")), citation.get("end_ix", citation.get("end_idx"))
    if type(start) is int and type(end) is int and 0 <= start < end <= start + 400:
        for text in marks.texts:
            slice_ = text[start:end]
            if slice_ in marks.places:
                return slice_, start
    extra = source.get("extra")
    if type(extra) is dict:
        evidence = text_of(extra.get("evidence_text")) or "source"
        number, result = extra.get("cited_message_idx"), extra.get("search_result_idx")
        for mark in (f"【{number}:{result}†{evidence}】", f"【{number}†{evidence}】"):
            if mark in marks.places:
                return mark, None
    return "", None


def _token(ref_id: Any) -> str:
    """``turn0search1`` from its three members."""
    if type(ref_id) is not dict:
        return text_of(ref_id)
    return f"turn{ref_id.get('turn_index')}{ref_id.get('ref_type')}{ref_id.get('ref_index')}"
