"""Checking a conversation file: its structure, its graph, and that it agrees with its index entry (X-27 to X-36)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from satchel.codec.arrays import Element, iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import InputError, Place
from satchel.formats.portable_ai_memory import moments, shapes, terms
from satchel.formats.portable_ai_memory.documents import File, inside
from satchel.formats.portable_ai_memory.memory_rules import time_order
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.structure import Report
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error

_STREAMED = frozenset({"messages"})


class ConversationCheck:
    """One run over a conversation file. ``messages`` holds the ids that were met."""

    def __init__(self, path: File, limits: Limits, *, tolerant: bool, name: str = "", package: Path | None = None) -> None:
        self.path = path
        self.limits = limits
        self.tolerant = tolerant
        self.name = name or path.name
        self.package = package
        self.root: dict[str, Any] = {}
        self.whole = True
        self.count = 0
        #: Each message's parent, children and time of creation, by id.
        self.messages: dict[str, tuple[str, tuple[str, ...], int | None]] = {}

    def findings(self) -> Iterator[Finding]:
        try:
            with self.path.open("rb") as stream:
                for name, element in iter_members(stream, arrays=_STREAMED, file=self.name, limits=self.limits):
                    if element is None:
                        self.root[name] = []
                    elif name == "messages" and name in self.root:
                        yield from self._message(element)
                    else:
                        place = Place(file=self.name, offset=element.offset)
                        self.root[name] = decode_unique(element.whole(), place=place, limits=self.limits)
        except InputError as error:
            self.whole = False
            yield from_error(error, place=Place(file=self.name))
            return
        report = Report(Place(file=self.name), tolerant=self.tolerant)
        shapes.CONVERSATION(self.root, "", report)
        temporal, provider = self.root.get("temporal"), self.root.get("provider")
        if type(temporal) is dict:
            time_order(temporal, report, "/temporal")
        if type(provider) is dict and str(provider.get("name")) in terms.PRODUCTS:
            report.rule("company-name", "/provider/name")
        yield from report.findings
        if self.whole:
            yield from self._graph()

    def _message(self, element: Element) -> Iterator[Finding]:
        self.count += 1
        place = Place(self.name, element.index, element.offset, f"/messages/{element.index}")
        try:
            value = decode_unique(element.whole(), place=place, limits=self.limits)
        except InputError as error:
            self.whole = False
            yield from_error(error, place=place)
            return
        report = Report(place, tolerant=self.tolerant)
        shapes.MESSAGE(value, "", report)
        if type(value) is dict and type(value.get("id")) is str:
            if value["id"] in self.messages:
                report.rule("message-id-unique")
            parent, children = value.get("parent_id"), value.get("children_ids")
            created = value.get("created_at")
            moment = moments.read(created) if type(created) is str else None
            self.messages.setdefault(
                value["id"],
                (
                    parent if type(parent) is str else "",
                    tuple(child for child in children if type(child) is str) if type(children) is list else (),
                    moment.instant if moment is not None else None,
                ),
            )
            self._attachments(value, report)
        else:
            self.whole = False
        yield from report.findings

    def _attachments(self, message: dict[str, Any], report: Report) -> None:
        attachments = message.get("attachments")
        if self.package is None or type(attachments) is not list:
            return
        for index, attachment in enumerate(attachments):
            ref = attachment.get("ref") if type(attachment) is dict else None
            if type(ref) is str and ref.startswith(terms.ATTACHMENTS_FOLDER + "/") and not inside(self.package, ref):
                report.rule("attachment-missing", f"/attachments/{index}/ref")

    def _graph(self) -> Iterator[Finding]:
        """X-32 to X-36; each finding names the message by its place in the array."""
        linked = False
        for index, (own, (parent, children, _)) in enumerate(self.messages.items()):
            place = Place(file=self.name, element=index, pointer=f"/messages/{index}")
            linked = linked or bool(parent) or bool(children)
            if parent and parent not in self.messages:
                yield broken("message-link", place, note="parent_id")
            elif parent and own not in self.messages[parent][1]:
                yield broken("parent-backlink", place)
            for child in children:
                if child not in self.messages:
                    yield broken("message-link", place, note="children_ids")
                elif self.messages[child][0] != own:
                    yield broken("child-backlink", place)
        yield from self._circles()
        if not linked:
            latest: int | None = None
            for index, (_, _, created) in enumerate(self.messages.values()):
                if created is not None and latest is not None and created < latest:
                    yield broken("time-backwards", Place(self.name, index, None, f"/messages/{index}"))
                latest = created if created is not None else latest

    def _circles(self) -> Iterator[Finding]:
        settled: set[str] = set()
        for start in self.messages:
            path: set[str] = set()
            at = start
            while at in self.messages and at not in settled and at not in path:
                path.add(at)
                at = self.messages[at][0]
            if at in path:
                yield broken("message-cycle", Place(file=self.name, pointer="/messages"))
            settled |= path

    def against(self, entry: dict[str, Any], version: str) -> Iterator[Finding]:
        """X-27 to X-29: what must agree with the index entry and the store's version."""
        report = Report(Place(file=self.name))
        root = self.root
        if type(root.get("schema_version")) is str and root["schema_version"] != version:
            report.rule("version-mismatch", "/schema_version")
        provider = root.get("provider")
        for name, ours, theirs in (
            ("id", root.get("id"), entry.get("id")),
            ("title", root.get("title"), entry.get("title")),
            ("platform", provider.get("name") if type(provider) is dict else None, entry.get("platform")),
        ):
            if ours != theirs:
                report.rule("index-mismatch", f"/{name}", note=name)
        if entry.get("message_count") is not None and entry["message_count"] != self.count:
            report.rule("index-mismatch", "/messages", note="message_count")
        mine, other = root.get("temporal"), entry.get("temporal")
        if type(mine) is dict and type(other) is dict:
            created, listed = mine.get("created_at"), other.get("created_at")
            first = moments.read(created) if type(created) is str else None
            second = moments.read(listed) if type(listed) is str else None
            if first and second and first.instant != second.instant:
                report.rule("index-drift", "/temporal/created_at", note="created_at")
        if (root.get("tags") or []) != (entry.get("tags") or []):
            report.rule("index-drift", "/tags", note="tags")
        yield from report.findings
