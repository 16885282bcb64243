"""Checking an embeddings.json, alone or beside its store (X-22 to X-27)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from satchel.codec.arrays import Element, iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import InputError, Place
from satchel.formats.portable_ai_memory import shapes
from satchel.formats.portable_ai_memory.check_store import StoreCheck
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.rules import broken
from satchel.formats.portable_ai_memory.structure import Report
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error

_STREAMED = frozenset({"embeddings"})


class EmbeddingsCheck:
    """One run over an embeddings file."""

    def __init__(self, path: File, limits: Limits, *, tolerant: bool) -> None:
        self.path = path
        self.limits = limits
        self.tolerant = tolerant
        self.root: dict[str, Any] = {}
        self.whole = True
        #: The memory that each embedding belongs to, and where the embedding stands, by its id.
        self.embeddings: dict[str, tuple[str, Place]] = {}
        self._memory_ids: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        file = self.path.name
        try:
            with self.path.open("rb") as stream:
                for name, element in iter_members(stream, arrays=_STREAMED, file=file, limits=self.limits):
                    if element is None:
                        self.root[name] = []
                    elif name == "embeddings" and name in self.root:
                        yield from self._embedding(element)
                    else:
                        place = Place(file=file, offset=element.offset)
                        self.root[name] = decode_unique(element.whole(), place=place, limits=self.limits)
        except InputError as error:
            self.whole = False
            yield from_error(error, place=Place(file=file))
            return
        report = Report(Place(file=file), tolerant=self.tolerant)
        shapes.EMBEDDINGS(self.root, "", report)
        yield from report.findings

    def _embedding(self, element: Element) -> Iterator[Finding]:
        place = Place(self.path.name, element.index, element.offset, f"/embeddings/{element.index}")
        try:
            value = decode_unique(element.whole(), place=place, limits=self.limits)
        except InputError as error:
            self.whole = False
            yield from_error(error, place=place)
            return
        report = Report(place, tolerant=self.tolerant)
        shapes.EMBEDDING(value, "", report)
        if type(value) is dict:
            own, memory = value.get("id"), value.get("memory_id")
            if type(own) is str and type(memory) is str:
                if own in self.embeddings:
                    report.rule("embedding-unique", "/id")
                if memory in self._memory_ids:
                    report.rule("embedding-unique", "/memory_id")
                self.embeddings.setdefault(own, (memory, place))
                self._memory_ids.add(memory)
            vector, dimensions = value.get("vector"), value.get("dimensions")
            if type(vector) is list and type(dimensions) in (int, float) and len(vector) != dimensions:
                report.rule("dimensions", "/vector")
            if vector is None and value.get("storage") is None:
                report.rule("embedding-empty")
        yield from report.findings

    def against(self, store: StoreCheck) -> Iterator[Finding]:
        """X-22, X-23, X-27: what must agree with the store."""
        version = self.root.get("schema_version")
        if type(version) is str and version != store.version:
            yield broken("version-mismatch", Place(file=self.path.name, pointer="/schema_version"))
        if not self.whole or not store.whole:
            return
        for owner, place in self.embeddings.values():
            if owner not in store.ids:
                yield broken("embedding-ref", place, note="memory_id")
        for memory, refs in store.refs.items():
            if refs.embedding and refs.embedding not in self.embeddings:
                yield broken("embedding-ref", refs.place, note="embedding_ref")
            elif refs.embedding and self.embeddings[refs.embedding][0] != memory:
                yield broken("embedding-crossed", refs.place)
