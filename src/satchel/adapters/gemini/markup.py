"""HTML as Google exports it, read to text, links and files: streamed through libxml2's parser, without a tree.

Python's own ``html.parser`` needs quadratic time for some inputs (measured: 0.3 MB of ``<!--`` more than 7 s), and a seventh
of the speed for honest ones. What ``script``, ``style``, ``template`` and ``noscript`` hold is dropped (providers.md 3.3).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

_DROPPED = frozenset({"script", "style", "template", "noscript", "head", "title"})
_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "li", "pre", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "dl", "dt",
     "dd", "section", "article", "figure", "details", "summary"}
)  # fmt: skip
#: Most elements of an answer; they do not change how it is written down.
_PLAIN = frozenset({"b", "strong", "i", "em", "u", "span", "code", "sup", "sub", "small", "font"})
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SPACES = re.compile(r"[ \t\r\n\f]+")
_CHUNK_BYTES = 64 << 10
# What XML, and so libxml2, does not take.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
#: Elements inside one another; what is nested deeper is read as text.
_MAX_INDENT = 8


class Link(msgspec.Struct, frozen=True):
    """A link in a text: where it leads, what it is called, and where in the text it stands (code points)."""

    url: str
    text: str
    start: int
    end: int


class Text(msgspec.Struct, frozen=True):
    """What HTML says: its text, its links in order, and the addresses of what it embeds (images, sounds)."""

    text: str
    links: tuple[Link, ...] = ()
    embedded: tuple[str, ...] = ()


class Target(Protocol):
    """What is told of a document: start and end of elements, and text."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None: ...


class _Relay:
    """A target as lxml asks for it, handing on to the one at hand.

    A parser and its target hold one another, and an import runs without the collector of such circles: so there is one pair
    for each thread, and it is used again.
    """

    to: Target

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.to.start(tag, attributes)

    def end(self, tag: str) -> None:
        self.to.end(tag)

    def data(self, text: str) -> None:
        self.to.data(text)

    def comment(self, text: str) -> None:
        pass

    def pi(self, target: str, data: str | None = None) -> None:
        pass

    def close(self) -> None:
        pass


_PAIRS = threading.local()


def parse(html: str, target: Target) -> bool:
    """Tell ``target`` of a piece of HTML; linear in time. False when the parser gave up before the end."""
    from lxml import etree

    pair: tuple[Any, _Relay] | None = getattr(_PAIRS, "pair", None)
    if pair is None:
        relay = _Relay()
        pair = etree.HTMLParser(target=relay, encoding="utf-8", huge_tree=True), relay
        _PAIRS.pair = pair
    parser, relay = pair
    relay.to = target
    data = _CONTROLS.sub("\ufffd", html).encode()
    is_whole = False
    try:
        # The parser wants a document; a piece that begins with text would be put into a paragraph.
        parser.feed(b"<html><body>")
        for at in range(0, len(data), _CHUNK_BYTES):
            parser.feed(data[at : at + _CHUNK_BYTES])
        parser.close()
        is_whole = True
    except etree.LxmlError:
        pass
    finally:
        del relay.to
        if not is_whole:
            # What it was in the middle of is not for the next piece.
            del _PAIRS.pair
    return is_whole


class Writer:
    """A target that writes down what it is told: paragraphs, lists, tables and code keep their form, emphasis goes."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._dropped = 0
        self._code = 0
        self._lists: list[int] = []
        self._cells = 0
        #: Where it leads, and where its text stands.
        self._links: list[tuple[str, int, int]] = []
        self._open: tuple[str, int] | None = None
        self.embedded: list[str] = []
        self.has_text = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _DROPPED:
            self._dropped += 1
        if self._dropped or tag in _PLAIN:
            return
        if tag in ("img", "audio", "video", "source"):
            self.embedded.extend(filter(None, [attributes.get("src")]))
        elif tag == "a":
            self._open = (attributes.get("href") or "", self._length)
        elif tag == "br":
            self._write("\n")
        elif tag == "pre":
            self._block()
            self._write("```\n")
            self._code += 1
        elif tag in ("ul", "ol"):
            self._break()
            self._lists.append(-1 if tag == "ul" else _number(attributes.get("start"), 1) - 1)
        elif tag == "li":
            self._break()
            self._item()
        elif tag in ("td", "th"):
            if self._cells:
                self._write(" | ")
            self._cells += 1
        elif tag == "tr":
            self._break()
            self._cells = 0
        elif tag in _HEADINGS:
            self._block()
            self._write(_HEADINGS[tag])
        elif tag in _BLOCKS and not self._cells and not self._in_item():
            self._block()

    def end(self, tag: str) -> None:
        if tag in _DROPPED:
            self._dropped = max(0, self._dropped - 1)
        if self._dropped or tag in _PLAIN:
            return
        if tag == "a" and self._open is not None:
            url, start = self._open
            self._open = None
            if url:
                self._links.append((url, start, self._length))
        elif tag == "pre":
            self._code = max(0, self._code - 1)
            self._break()
            self._write("```")
            self._block()
        elif tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self._break() if self._lists else self._block()
        elif tag in ("table", "tr"):
            self._cells = 0
            self._break() if tag == "tr" else self._block()
        elif tag in _BLOCKS and not self._cells:
            self._break() if self._in_item() else self._block()

    def data(self, text: str) -> None:
        if self._dropped or not text:
            return
        if not self._code:
            if "\n" in text or "  " in text or "\t" in text or "\r" in text:
                text = _SPACES.sub(" ", text)
            if text[0] == " " and self._ends_line():
                text = text[1:]
        if text and not text.isspace():
            self.has_text = True
        self._write(text)

    def text(self) -> Text:
        """All that was written, with its links where they stand in it."""
        whole = "".join(self._pieces)
        text = whole.strip()
        lead = len(whole) - len(whole.lstrip())
        links = []
        for url, start, end in self._links:
            at, to = max(0, start - lead), max(0, min(len(text), end - lead))
            links.append(Link(url, text[at:to].strip(), at, to))
        return Text(text, tuple(links), tuple(self.embedded))

    def _write(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def _in_item(self) -> bool:
        return bool(self._lists)

    def _item(self) -> None:
        indent = "  " * min(_MAX_INDENT, max(0, len(self._lists) - 1))
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            self._write(f"{indent}{self._lists[-1]}. ")
        else:
            self._write(f"{indent}- ")

    def _ends_line(self) -> bool:
        return not self._pieces or self._pieces[-1].endswith("\n")

    def _break(self) -> None:
        if self._pieces and not self._ends_line():
            self._write("\n")

    def _block(self) -> None:
        self._break()
        if len(self._pieces) > 1 and not (self._pieces[-1] == "\n" and self._pieces[-2].endswith("\n")):
            self._write("\n")


def _number(value: str | None, other: int) -> int:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 7 else other


def read(html: str) -> tuple[Text, bool]:
    """A piece of HTML as text, and whether all of it was read."""
    writer = Writer()
    is_whole = parse(html, writer)
    return writer.text(), is_whole
