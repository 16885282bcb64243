"""Copilot at work and school: ``aiInteraction`` as Microsoft Graph gives it (providers.md 3.8).

An interaction is a prompt or an answer; ``sessionId`` says which talk it belongs to, and interactions of one session lie apart.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from satchel.adapters.base import Claim
from satchel.adapters.copilot.wire import PLATFORM, Said, Talk, human_first, read_talk, role_of
from satchel.adapters.gathering import Gathering
from satchel.adapters.notes import Notes
from satchel.adapters.platform import Ties, array, members, single
from satchel.adapters.values import beyond, decode, dict_of, dicts, ident, text_of
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Citation, Part
from satchel.model.findings import Finding, from_error
from satchel.model.record import Item, Reading
from satchel.model.times import from_iso

VERSION = "graph-ai-interaction"
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul", "blockquote"})
_TAG = re.compile(r"<(/?)([A-Za-z!][^<>\s/]*)[^<>]*>")
_UNSHOWN = frozenset({"script", "style", "template", "noscript"})


def read_interactions(claims: Sequence[Claim], account: str, ties: Ties, limits: Limits) -> Iterator[Item]:
    """Every session of these files, each an array, a page of the service's (``value``) or a single interaction.

    A session may go on in the next page.
    """
    with Gathering(limits) as rows:
        sessions = _Sessions(account, ties, rows, limits)
        for claim in claims:
            yield from sessions.collect(claim.member, claim.role)
        for group in rows.groups():
            try:
                yield sessions.session(group)
            except SatchelError as error:
                yield from_error(error, place=rows.place(group[0]))


class _Sessions:
    def __init__(self, account: str, ties: Ties, rows: Gathering, limits: Limits) -> None:
        self.account = account
        self.ties = ties
        self.rows = rows
        self.limits = limits

    def collect(self, member: Member, role: str) -> Iterator[Item]:
        """Keep the interactions of a file until their sessions are whole."""
        self.rows.begin(member)
        if role == "interactions":
            yield from array(member, self.limits, self.take)
        elif role == "interactions-page":
            yield from members(member, self.limits, {"value": self.take})
        else:
            yield from single(member, self.limits, self.take)

    def take(self, data: bytes, place: Place) -> Iterator[Item]:
        """Keep an interaction until its session is whole."""
        item = decode(data, PLATFORM.notes(place), self.limits)
        if type(item) is not dict or "interactionType" not in item:
            finding = Finding("unknown-shape", "warning", "this is no interaction; its bytes are kept", place, "skipped")
            yield PLATFORM.unread(self.account, data, finding)
            return
        session = ident(item.get("sessionId")) or ident(item.get("requestId"))
        self.rows.add(data, *([session] if session else []))

    def session(self, group: list[int]) -> Item:
        """The conversation that these interactions are.

        Raises:
            LimitExceeded, MalformedInput: they cannot be read together.
        """
        place = self.rows.place(group[0])
        self.rows.check_size(group)
        native = b"[" + b",\n".join(self.rows.data(row) for row in group) + b"]"
        items = decode(native, PLATFORM.notes(place), self.limits)
        first = items[0]
        session = ident(first.get("sessionId")) or ident(first.get("requestId"))
        account = _person(items) or self.account
        if session:
            uid = PLATFORM.uid(account, "conversation", session)
        else:
            uid = self.ties.uid(PLATFORM.info.name, account, "conversation", text_of(first.get("createdDateTime")), _id(first))
        limits = self.limits

        def read(notes: Notes) -> Reading:
            found = decode(native, notes, limits)
            messages = [said for said in (_said(item, i, notes) for i, item in enumerate(found)) if said is not None]
            return read_talk(Talk(uid, VERSION, _in_order(messages), id=session, account=account), notes)

        moments = [moment for item in items if (moment := from_iso(item.get("createdDateTime")))]
        return PLATFORM.original(uid, "conversation", native, place, max(moments, default=None), read)


def _id(item: dict[str, Any]) -> str:
    return ident(item.get("id"))


def _person(items: list[dict[str, Any]]) -> str:
    """Whose session it is: the user who prompted first."""
    for item in items:
        if role_of(text_of(item.get("interactionType"))) == "user":
            found = ident(dict_of(dict_of(item.get("from")).get("user")).get("id"))
            if found:
                return found
    return ""


def _in_order(messages: list[Said]) -> list[Said]:
    """By time where each has one, else as the file has them; in the same moment the person first."""
    if all(said.created for said in messages):
        messages = sorted(messages, key=lambda said: said.created or _LONG_AGO)
    order: list[Said] = []
    at = 0
    while at < len(messages):
        end = at + 1
        while end < len(messages) and messages[at].created and messages[end].created == messages[at].created:
            end += 1
        order += [messages[at + i] for i in human_first([role_of(said.author) for said in messages[at:end]])]
        at = end
    return order


def _said(item: dict[str, Any], index: int, notes: Notes) -> Said | None:
    body = dict_of(item.get("body"))
    text = text_of(body.get("content"))
    if text_of(body.get("contentType")).lower() == "html":
        text = plain(text)
    citations = tuple(
        Citation(title=text_of(link.get("displayName")), url=text_of(link.get("linkUrl"))) for link in dicts(item.get("links"))
    )
    parts = [Part(type="text", text=text, citations=citations)] if text.strip() or citations else []
    for file in dicts(item.get("attachments")):
        part = Part(
            type="image" if text_of(file.get("contentType")).startswith("image") else "file",
            name=text_of(file.get("name")),
            text=text_of(file.get("content")),
            media_type=text_of(file.get("contentType")),
            url=text_of(file.get("contentUrl")),
            ref=ident(file.get("attachmentId")),
        )
        if part.name or part.text or part.url or part.ref:
            parts.append(part)
    if not parts:
        notes.add("empty-message", "a message holds nothing; it gives no record")
        return None
    return Said(
        author=text_of(item.get("interactionType")),
        parts=tuple(parts),
        created=notes.time(item.get("createdDateTime")),
        id=_id(item),
        coordinates=(text_of(item.get("createdDateTime")), text_of(item.get("interactionType")), text),
        pointer=f"/{index}",
    )


def leftover(native: dict[str, Any]) -> dict[str, Any]:
    """The members of an interaction that its message does not carry; a body in HTML stays, for its text is not its source."""
    rest = beyond(native, "id", "sessionId", "createdDateTime", "interactionType", "attachments", "links", "body")
    body = dict_of(native.get("body"))
    if text_of(body.get("contentType")).lower() == "html":
        rest["body"] = body
    for name in ("contexts", "mentions"):
        if rest.get(name) == []:
            del rest[name]
    return rest


def plain(source: str) -> str:
    """What a person reads of an HTML body: its text, a line for each block."""
    pieces: list[str] = []
    unshown = ""
    at = 0
    for tag in _TAG.finditer(source):
        is_end, name = bool(tag[1]), tag[2].lower()
        if not unshown:
            pieces.append(html.unescape(source[at : tag.start()]))
            if name in _BREAKS:
                pieces.append("\n")
            elif name in _UNSHOWN and not is_end:
                unshown = name
        elif is_end and name == unshown:
            unshown = ""
        at = tag.end()
    if not unshown:
        pieces.append(html.unescape(source[at:]))
    lines = [" ".join(line.split()) for line in "".join(pieces).split("\n")]
    return "\n".join(line for i, line in enumerate(lines) if line or (i and lines[i - 1])).strip()
