"""The graph of a conversation: who answers whom among the messages that are written, and when each was said.

Messages that stay behind are bridged: their children hang on the nearest ancestor that is written. A circle of parents,
which no reader could walk, is cut at its earliest message. All walks are loops: talks of 10,000 messages are one chain.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from satchel.model.ledger import About, Ledger


class Draft(msgspec.Struct, gc=False):
    """One message record on its way into the file: its encoded segments and its place in the talk."""

    uid: str
    position: int
    parent: str
    created: datetime | None
    #: "" when the message says its own time of creation.
    created_from: str
    ids: list[str]
    #: Each segment's JSON object without its place and its end, and where the time is still waited for, what raw_metadata says
    #: of each; else nothing.
    bodies: list[bytes]
    raws: list[tuple[bytes, dict[str, object]]]
    children: list[Draft] = []
    #: For the ledger, where it is told of later.
    about: About | None = None


def connect(drafts: dict[str, Draft], dropped: dict[str, str], ledger: Ledger) -> None:
    """Settle parents and children. ``dropped`` names the parents of the messages that stay behind."""
    for draft in drafts.values():
        draft.children.clear()
        if draft.parent not in drafts:
            draft.parent = _written_parent(draft, drafts, dropped, ledger)
    if not _is_in_order(drafts):
        _open_circles(drafts, ledger)
    roots = 0
    for draft in drafts.values():
        if draft.parent:
            drafts[draft.parent].children.append(draft)
        else:
            roots += 1
    tell_roots(drafts, roots, ledger)


def tell_roots(drafts: dict[str, Draft], roots: int, ledger: Ledger) -> None:
    """Tell of a talk in which nobody says whom they answer."""
    if roots == len(drafts) and not any(len(draft.ids) > 1 for draft in drafts.values()):
        text = "where no message names one, each is taken for the answer to the one before"
        for draft in list(drafts.values())[1:]:
            ledger.field("message", "body.parent", "widened", "linear-talk", text, uid=draft.uid)


def _is_in_order(drafts: dict[str, Draft]) -> bool:
    """Whether each parent stands before its children, as nearly always: then there are no circles."""
    met = {""}
    for uid, draft in drafts.items():
        if draft.parent not in met:
            return False
        met.add(uid)
    return True


def _open_circles(drafts: dict[str, Draft], ledger: Ledger) -> None:
    settled: set[str] = set()
    for start in drafts.values():
        path: dict[str, Draft] = {}
        uid = start.uid
        while uid and uid not in settled and uid not in path:
            path[uid] = drafts[uid]
            uid = path[uid].parent
        if uid in path:
            circle = list(path.values())[list(path).index(uid) :]
            root = min(circle, key=lambda member: member.position)
            root.parent = ""
            text = "the message was its own ancestor; made a root"
            ledger.field("message", "body.parent", "lost", "parent-circle", text, uid=root.uid)
        settled.update(path)


def _written_parent(draft: Draft, drafts: dict[str, Draft], dropped: dict[str, str], ledger: Ledger) -> str:
    parent = draft.parent
    met: set[str] = set()
    while parent in dropped and parent not in met:
        met.add(parent)
        parent = dropped[parent]
    if parent and parent not in drafts:
        text = "the parent is not in this conversation"
        ledger.field("message", "body.parent", "lost", "parent-absent", text, uid=draft.uid)
        return ""
    if met:
        text = "the parent is not written; its own is named"
        ledger.field("message", "body.parent", "widened", "parent-bridged", text, uid=draft.uid)
    return parent


def fill_times(drafts: dict[str, Draft], fallback: datetime) -> None:
    """Give each message without a time that of its nearest ancestor that has one, else ``fallback``."""
    for start in drafts.values():
        if start.created is not None:
            continue
        path = []
        draft = start
        while draft.created is None and draft.parent:
            path.append(draft)
            draft = drafts[draft.parent]
        if draft.created is None:
            draft.created, draft.created_from = fallback, "conversation"
        source = "conversation" if draft.created_from == "conversation" else "ancestor"
        for waiting in path:
            waiting.created, waiting.created_from = draft.created, source
