"""A thread as Perplexity writes it in Markdown: the logo, then a heading for each question (providers.md 3.7).

Such a file has no ids and no times. A question's heading is its first paragraph; where its answer begins is written only in
older files (a rule below the question), so a longer question runs on into its answer, and that is told. The answers' ``[^1_2]``
marks are resolved by the addresses below them.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from satchel.adapters.notes import Notes
from satchel.adapters.perplexity.wire import PLATFORM, Exchange, Thread, read_thread
from satchel.adapters.platform import sha256
from satchel.model.bodies import Citation, Part
from satchel.model.record import Reading

VERSION = "markdown"
_HEAD_CHARACTERS = 4096
_LOGO = re.compile(r"<img\b[^<>]*\bperplexity\.ai/pplx-[^<>]*>")
_HEADING = re.compile(r"^# (?=\S)", re.MULTILINE)
_RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_NEXT = re.compile(r"^---[ \t]*\n(?:[ \t]*\n)*+(# )(?=\S)", re.MULTILINE)
_FOOTNOTE = re.compile(r"^\[\^([^\]\s]{1,32})\]:[ \t]*(\S.*)$", re.MULTILINE)
_MARK = re.compile(r"\[\^([^\]\s]{1,32})\]")
_HIDDEN = re.compile(r'^<span style="display:none">[^<]*</span>[ \t]*$', re.MULTILINE)
_END = re.compile(r"^<div [^<>\n]{1,80}>[ \t]*⁂[ \t]*</div>[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_TITLE_CHARACTERS = 200


class Turn(NamedTuple):
    question: str
    answer: str
    sources: tuple[tuple[str, str], ...]


def is_thread_text(text: str) -> bool:
    """Whether a text begins with Perplexity's logo, as its export does."""
    found = _LOGO.search(text[:_HEAD_CHARACTERS])
    return found is not None and _HEADING.search(text, found.end()) is not None


def _outside_fences(text: str) -> str:
    """``text`` with code blocks blanked out, each character for one: what stands in code is no heading."""
    pieces: list[str] = []
    at = 0
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
            pieces.append(text[at : fence.start()])
            at = fence.start()
        elif fence[1].startswith(opened[1]):
            end = text.find("\n", fence.end())
            end = len(text) if end < 0 else end
            pieces.append(re.sub(r"[^\n]", " ", text[at:end]))
            at, opened = end, None
    pieces.append(text[at:])
    return "".join(pieces)


def turns(text: str) -> tuple[list[Turn], int]:
    """The exchanges of a thread, and how many answers begin where nothing says so."""
    logo = _LOGO.search(text[:_HEAD_CHARACTERS])
    text = text[logo.end() :] if logo else text
    shown = _outside_fences(text)
    first = _HEADING.search(shown)
    starts = [first.start()] if first else []
    is_noted = _END.search(shown) is not None
    for rule in _NEXT.finditer(shown, starts[0] if starts else len(shown)):
        # A rule above a heading may stand in an answer: a turn ends with its sources, where any has them.
        before = _line_before(shown, rule.start())
        if not is_noted or _FOOTNOTE.fullmatch(before) or _END.fullmatch(before) or _HIDDEN.fullmatch(before):
            starts.append(rule.start(1))
    found: list[Turn] = []
    open_ends = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        turn, is_open = _turn(text[start:end], shown[start:end], is_last=end == len(text))
        found.append(turn)
        open_ends += is_open
    return found, open_ends


def _line_before(text: str, at: int) -> str:
    """The last line in front of ``at`` that is not blank."""
    while at and text[at - 1].isspace():
        at -= 1
    return text[text.rfind("\n", 0, at) + 1 : at]


def _turn(text: str, shown: str, *, is_last: bool) -> tuple[Turn, bool]:
    if not is_last:
        # The rule in front of the next question.
        cut = [rule.start() for rule in _RULE.finditer(shown)][-1]
        text, shown = text[:cut], shown[:cut]
    sources = tuple((note[1], note[2].rstrip()) for note in _FOOTNOTE.finditer(shown))
    closing = _END.search(shown)
    if closing and not _FOOTNOTE.sub("", shown[closing.end() :]).strip():
        text, shown = text[: closing.start()], shown[: closing.start()]
    question_end, answer_start, is_open = _boundary(shown)
    question = text[len("# ") : question_end].strip()
    answer = _HIDDEN.sub("", text[answer_start:]).strip("\n")
    return Turn(question, answer.strip() and answer, sources), is_open


def _boundary(shown: str) -> tuple[int, int, bool]:
    """Where the question ends and the answer begins, and whether that is by the paragraph alone."""
    paragraph = shown.find("\n\n")
    if paragraph < 0:
        return len(shown), len(shown), False
    rule = _RULE.match(shown, paragraph + 2)
    if rule:
        return paragraph, rule.end(), False
    return paragraph, paragraph + 2, True


def read_markdown(data: bytes, uid: str, account: str, notes: Notes) -> Reading:
    """The records of one thread's text."""
    text = _decoded(data)
    if "\ufffd" in text and b"\xef\xbf\xbd" not in data:
        notes.add("repaired-text", "bytes that are no UTF-8 are read as U+FFFD", "warning", "changed")
    found, open_ends = turns(text)
    where = "the file does not say where a question ends: its first paragraph is read as the question"
    notes.add("question-boundary", where, count=open_ends)
    if not found:
        notes.add("no-conversations", "there is no question in this text", "warning", "skipped")
        return Reading(findings=notes.findings())
    exchanges = [_exchange(turn) for turn in found]
    title = found[0].question.partition("\n")[0][:_TITLE_CHARACTERS]
    return read_thread(Thread(uid, VERSION, exchanges, title, account=account), notes)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _exchange(turn: Turn) -> Exchange:
    marked = set(_MARK.findall(turn.answer))
    citations = tuple(
        Citation(
            url=address if "://" in address else "",
            title="" if "://" in address else address,
            marker=f"[^{name}]" if name in marked else "",
        )
        for name, address in turn.sources
    )
    answer = (Part(type="text", text=turn.answer, citations=citations),) if turn.answer or citations else ()
    return Exchange(
        question=(Part(type="text", text=turn.question),) if turn.question else (),
        answer=answer,
        key=sha256(turn.question, _MARK.sub("", turn.answer)),
    )


def thread_uid(data: bytes, account: str) -> str:
    """What stands for a thread's id: its first exchange, without marks, which count otherwise when a thread grows."""
    found, _ = turns(_decoded(data))
    if not found:
        return PLATFORM.uid(account, "text", hashlib.sha256(data).hexdigest())
    answer = "".join(_MARK.sub("", found[0].answer).split())
    return PLATFORM.uid(account, "text", sha256(found[0].question, answer))
