"""Inline citation marks: what a provider wrote into a text becomes what a person can read.

A mark stands in the text as the provider's private characters (``Citation.marker``); the format has a list of sources
beside the text and no place in it. So a mark becomes `` [n]``, n being the source's number in that list, or goes when it
names no source. The text as it was is kept by the caller.
"""

from __future__ import annotations

from satchel.model.bodies import Citation


class Sources:
    """The numbered sources of one message, each once."""

    def __init__(self) -> None:
        self.list: list[dict[str, str]] = []
        self._numbers: dict[tuple[str, str, str], int] = {}

    def number(self, title: str, url: str, snippet: str = "") -> int:
        """The source's number, from 1; 0 when there is nothing to say of it."""
        key = (title, url, snippet)
        if not any(key):
            return 0
        if key not in self._numbers:
            named = (("title", title), ("url", url), ("snippet", snippet))
            self.list.append({name: value for name, value in named if value})
            self._numbers[key] = len(self.list)
        return self._numbers[key]


def resolved(text: str, citations: tuple[Citation, ...], sources: Sources) -> str:
    """``text`` with its marks resolved; every citation is added to ``sources``, marked or not.

    A mark is where ``start`` and ``end`` say when it stands there, else wherever it stands. Marks that overlap an
    earlier one are left as they are.
    """
    marks: dict[tuple[int, int], list[int]] = {}
    for citation in citations:
        number = sources.number(citation.title, citation.url, citation.snippet)
        for span in _spans(text, citation):
            marks.setdefault(span, []).append(number)
    if not marks:
        return text
    pieces: list[str] = []
    at = 0
    for start, end in sorted(marks):
        if start < at:
            continue
        before = text[at:start]
        pieces.append(before)
        numbers = dict.fromkeys(number for number in marks[start, end] if number)
        if numbers:
            glued = before[-1:] if before else (pieces[-2][-1:] if len(pieces) > 1 else "")
            pieces.append("" if not glued or glued.isspace() else " ")
            pieces.append("".join(f"[{number}]" for number in numbers))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _spans(text: str, citation: Citation) -> list[tuple[int, int]]:
    marker = citation.marker
    if not marker:
        return []
    start, end = citation.start, citation.end
    if start is not None and end is not None and 0 <= start < end and text[start:end] == marker:
        return [(start, end)]
    spans = []
    at = text.find(marker)
    while at >= 0:
        spans.append((at, at + len(marker)))
        at = text.find(marker, at + len(marker))
    return spans
