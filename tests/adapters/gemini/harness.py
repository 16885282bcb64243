"""Runs the adapter over files at hand, as an import does: claim each, give the rest as loose, read everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from satchel.adapters.gemini import ADAPTER
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Message
from satchel.model.record import Record
from tests.adapters import reading
from tests.adapters.reading import folder, texts_as_bytes

__all__ = ["SHARED", "Outcome", "answer", "cell", "entry", "folder", "page", "run", "text_of"]

SHARED = Path(__file__).resolve().parents[3].parent / "shared"


class Outcome(reading.Outcome):
    def of(self, kind: str) -> list[Record]:
        """Records of a kind, each uid once: a talk's head comes with more than one of its entries."""
        return list({record.uid: record for record in self.records if record.kind == kind}.values())

    def said(self) -> list[tuple[str, str]]:
        """Role and text of every message, in the order of the talks."""
        return [(body.role, text_of(body)) for body in sorted(self.bodies("message"), key=lambda body: body.position)]

    def talks(self) -> list[list[str]]:
        """The texts of each talk, talks and messages in order."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.of("message"), key=lambda record: record.body.position):  # type: ignore[union-attr]
            found.setdefault(record.linked("part_of"), []).append(record)
        return [[text_of(record.body) for record in records] for records in found.values()]

    def times(self) -> list[Any]:
        return [record.times.created for record in self.of("message")]


def text_of(body: Any) -> str:
    assert isinstance(body, Message)
    return "".join(part.text for part in body.parts)


def run(files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, to text, or to a value that is written as JSON."""
    return reading.run_into(Outcome(), ADAPTER, texts_as_bytes(files), account=account, limits=limits)


def entry(title: str = "Prompted hi", time: Any = "2026-01-01T10:00:00.000Z", **members: Any) -> dict[str, Any]:
    """An entry as Takeout writes it today."""
    return {"header": "Gemini Apps", "title": title, "time": time, "products": ["Gemini Apps"], **members}


def answer(*html: str) -> dict[str, Any]:
    return {"safeHtmlItem": [{"html": item} for item in html]}


def cell(body: str, *, header: str = "Gemini Apps", caption: str = "") -> str:
    """An entry of the HTML as Takeout writes it."""
    head = (
        f'<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">{header}<br></p></div>'
        if header
        else ""
    )
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        f'{head}<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">{body}</div>'
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right"></div>'
        f'<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"><b>Products:</b><br>&emsp;{header}'
        f"<br>{caption}</div></div></div>"
    )


def page(*cells: str) -> str:
    style = ".mdl-grid{display:flex}.outer-cell{margin:0}"
    return (
        f'<html><head><meta charset="UTF-8"><title>x</title><style>{style}</style></head>'
        f'<body><div class="mdl-grid">{"".join(cells)}</div></body></html>'
    )
