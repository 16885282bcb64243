"""One entry of the HTML of "My Activity" (providers.md 3.3, HTML; portable-ai-memory.md 7.4).

A cell for the product's name, one for what was said, one for the small print. What was said is: verb and prompt, ``<br>``,
files and notes each on a line of their own, the date, ``<br>``, and the answer as HTML. Lines are told apart by what they are
made of (links, a clock, blocks), never by words of a language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from satchel.adapters.gemini import markup, verbs
from satchel.adapters.gemini.dates import Dates, looks_like_date, plain
from satchel.adapters.gemini.exchange import Exchange, FileRef, Turn, is_local
from satchel.adapters.gemini.markup import Link, Text, Writer
from satchel.adapters.gemini.wire import gem_note, is_home, is_product, talk_id

_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "pre", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "dl", "section", "article"}
)
_COUNT = re.compile(r"\d+")
#: A product's name in its cell, as bytes tell it before any parser does.
_HEADER = re.compile(rb"mdl-typography--title[^<>]{0,100}>\s*([^<]{0,200})")
_MAX_LINES = 10_000


class Entry(msgspec.Struct, frozen=True):
    """``header`` is the product's name, "" where there is none; ``is_whole`` when all of it was read."""

    header: str
    is_ours: bool
    is_whole: bool
    exchange: Exchange


class _Cells:
    """The target of an entry's parse: what is in which cell, and what was said line by line.

    ``is_brief``: of an answer, only that there is one.
    """

    def __init__(self, *, is_brief: bool) -> None:
        self.header = Writer()
        self.caption = Writer()
        self.lines: list[Writer] = [Writer()]
        self.answer = Writer()
        self.has_body = False
        self._is_brief = is_brief
        self._depth = 0
        self._cell_depth = 0
        self._cell = ""
        #: Where the cell at hand is written down; None where it is not, or no more.
        self._to: Writer | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if not self._cell:
            self._enter((attributes.get("class") or "").split())
        elif self._to is not None:
            if self._cell == "lines":
                if tag in _BLOCKS:
                    self._cell, self._to = "answer", self.answer
                elif tag == "br" and len(self.lines) < _MAX_LINES:
                    self._to = Writer()
                    self.lines.append(self._to)
                    return
            self._to.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self._cell and self._depth <= self._cell_depth:
            self._cell, self._to = "", None
        elif self._to is not None and not (tag == "br" and self._cell == "lines"):
            self._to.end(tag)
        self._depth -= 1

    def data(self, text: str) -> None:
        if self._to is not None:
            self._to.data(text)
            if self._is_brief and self._cell == "answer" and self.answer.has_text:
                self._to = None

    def _enter(self, classes: list[str]) -> None:
        cell = self._cell_of(classes)
        if cell:
            self._cell, self._cell_depth = cell, self._depth
            self._to = {"header": self.header, "lines": self.lines[-1], "small": self.caption}[cell]

    def _cell_of(self, classes: list[str]) -> str:
        if "header-cell" in classes:
            return "header"
        if "content-cell" not in classes:
            return ""
        if self.has_body or any(name.endswith(("--caption", "--text-right")) for name in classes):
            return "small"
        self.has_body = True
        return "lines"


def read_entry(data: bytes, dates: Dates, *, is_brief: bool = False) -> Entry | None:
    """The entry, or None when it has no cell for what was said. Bytes that are no UTF-8 are read as U+FFFD.

    Args:
        is_brief: of the answer only its beginning is wanted, to know that there is one.
    """
    html = data.decode("utf-8", "replace")
    cells = _Cells(is_brief=is_brief)
    is_whole = markup.parse(html, cells)
    if not cells.has_body:
        return None
    header = cells.header.text().text
    lines = [line.text() for line in cells.lines]
    date = _date_line(lines, dates)
    before = lines[:date] if date is not None else lines
    answer = _joined([*(lines[date + 1 :] if date is not None else ()), cells.answer.text()])
    small = cells.caption.text()
    links = [link.url for text in (*before, small) for link in text.links]
    exchange = _exchange(before, lines[date].text if date is not None else "", answer, links, dates)
    is_ours = is_product(header) or any(is_home(link) for link in links)
    if not header and not is_ours:
        # No product is named. Only Gemini's entries have an answer behind their date.
        is_ours = any(is_product(line) for line in small.text.split("\n")) or (date is not None and bool(answer.text))
    return Entry(header, is_ours, is_whole, exchange)


def header_of(data: bytes) -> str | None:
    """The product's name, without a parse; None where the entry has no cell for it."""
    found = _HEADER.search(data)
    return None if found is None else found[1].decode("utf-8", "replace")


def _date_line(lines: list[Text], dates: Dates) -> int | None:
    """Which line is the date: the last that is read as one, else the last that looks like one."""
    likely = None
    for at in range(len(lines) - 1, 0, -1):
        line = lines[at]
        if not line.links and looks_like_date(line.text):
            moment = dates.read(line.text)
            if moment.at or moment.rough:
                return at
            likely = likely or at
    return likely


def _exchange(before: list[Text], date: str, answer: Text, links: list[str], dates: Dates) -> Exchange:
    said, files = _prompt(before)
    kind, _, prompt = verbs.split(said)
    turns = []
    if kind != "deed" and (prompt or files):
        turns.append(Turn("user", prompt))
    if answer.text or answer.embedded:
        turns.append(Turn("assistant", said=answer))
    if kind == "deed" and not answer.text:
        turns = []
    moment = dates.read(date)
    return Exchange(
        title=said,
        kind=kind,
        turns=tuple(turns),
        files=files,
        at=moment.at,
        rough=moment.rough,
        raw_time=date,
        talk=next(filter(None, map(talk_id, links)), ""),
        gem_note=next((note for line in before for link in line.links if (note := gem_note(line.text, link.url))), ""),
    )


def _prompt(lines: list[Text]) -> tuple[str, tuple[FileRef, ...]]:
    """The prompt with its verb, and the files: lines with a link into the export, and the line before them that counts them."""
    files: list[FileRef] = []
    kept: list[str] = []
    run = 0
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        local = [link for link in line.links if is_local(link.url)]
        here = [FileRef(_name(link), unquote(link.url)) for link in local]
        here.extend(FileRef("", unquote(url)) for url in line.embedded if is_local(url))
        files[:0] = here
        rest = line.text
        for link in reversed(local):
            rest = rest[: link.start] + rest[link.end :]
        if here and not rest.strip("- \xa0\n"):
            run += len(here)
        elif at and run and _COUNT.findall(plain(line.text)) == [str(run)] and not line.links:
            run = 0
        elif at and line.links and all(is_home(link.url) and not talk_id(link.url) for link in line.links):
            # Which Gem was used: told of the entry, not said in it.
            continue
        else:
            run = 0
            kept.append(rest)
    kept.reverse()
    return "\n".join(kept).strip(), tuple(dict.fromkeys(files))


def _name(link: Link) -> str:
    return link.text.lstrip("- \xa0").strip()


def _joined(texts: list[Text]) -> Text:
    """Several pieces as one text, links moved along."""
    text = ""
    links: list[Link] = []
    embedded: list[str] = []
    for piece in texts:
        gap = "\n" if text and piece.text else ""
        shift = len(text) + len(gap)
        links.extend(Link(link.url, link.text, link.start + shift, link.end + shift) for link in piece.links)
        embedded.extend(piece.embedded)
        text += gap + piece.text
    return Text(text, tuple(links), tuple(embedded))
