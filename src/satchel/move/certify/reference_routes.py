"""The search routes of the reference host: one of each type that a certification knows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from satchel.move.certify.protocol import Hit, Route
from satchel.move.certify.reference_store import MODEL, Row, Store, Target, content_of

ROUTES = (
    Route("text", "lexical"),
    Route("vectors", "dense", [MODEL]),
    Route("graph", "graph"),
    Route("embedding-cache", "cache", [MODEL]),
    Route("history", "as_of"),
    Route("replica", "replica"),
    Route("summaries", "summary"),
    Route("autocomplete", "other"),
)


def search(store: Store, route: str, query: str, k: int, options: dict[str, Any]) -> list[Hit]:
    """The best ``k`` hits of a route for a query (docs/certify.md, search)."""
    if route == "text":
        return _words(store.index, query, k)
    if route == "replica":
        return _words(store.replica, query, k)
    if route == "history":
        return _words(_as_of(store, str(options.get("as_of", ""))), query, k)
    if route == "vectors":
        return _nearest(store.vectors, query, k)
    if route == "graph":
        return _hops(store, query, int(options.get("hops", 1)))[:k]
    if route == "embedding-cache":
        owner = store.cache.get(query)
        return [Hit(owner[1], "", owner[0])] if owner else []
    if route == "summaries":
        return [Hit(name, text) for name, text in store.summaries.items() if query in text][:k]
    starts = {word for text in store.index.values() for word in text.split() if word.startswith(query)}
    return [Hit(word, word) for word in sorted(starts)][:k]


def _words(index: dict[Target, str], query: str, k: int) -> list[Hit]:
    wanted = set(query.casefold().split())
    scored = [(sum(word in text.casefold() for word in wanted), target, text) for target, text in index.items()]
    found = sorted((item for item in scored if item[0]), key=lambda item: (-item[0], item[1]))
    return [Hit(key, text, kind) for _, (kind, key), text in found[:k]]


def _as_of(store: Store, moment: str) -> dict[Target, str]:
    """The index as it was; times compare as text, all being in one form."""
    rows: dict[Target, Row | None] = {}
    for when, kind, key, row in store.versions:
        if not moment or when <= moment:
            rows[kind, key] = row
    return {(kind, key): content_of(kind, row) for (kind, key), row in rows.items() if row is not None}


def _trigrams(text: str) -> Counter[str]:
    folded = f"  {text.casefold()}  "
    return Counter(folded[at : at + 3] for at in range(len(folded) - 2))


def _nearest(vectors: dict[Target, str], query: str, k: int) -> list[Hit]:
    wanted = _trigrams(query)

    def nearness(text: str) -> float:
        held = _trigrams(text)
        dot = sum(count * held[part] for part, count in wanted.items())
        return dot / math.sqrt(sum(n * n for n in held.values()) * sum(n * n for n in wanted.values()))

    scored = sorted(((nearness(text), target) for target, text in vectors.items()), reverse=True)
    return [Hit(key, vectors[kind, key], kind) for score, (kind, key) in scored[:k] if score > 0]


def _hops(store: Store, start: str, hops: int) -> list[Hit]:
    """Everything within ``hops`` edges of an entity: entities, edges, the episodes that evidence them, and their facts."""
    near, edges = {start}, dict[str, Row]()
    for _ in range(hops):
        for id, row in store.rows["edge"].items():
            if near & {row["srcEntityID"], row["dstEntityID"]}:
                edges[id] = row
        near |= {row[end] for row in edges.values() for end in ("srcEntityID", "dstEntityID")}
    proofs = {id for row in edges.values() for id in row["evidenceEpisodeIDs"]}
    facts = [id for id, row in store.rows["fact"].items() if row["episodeID"] in proofs]

    def hits(kind: str, ids: Iterable[str]) -> list[Hit]:
        held = store.rows[kind]
        return [Hit(id, content_of(kind, held[id]), kind) for id in sorted(ids) if id in held]

    return [*hits("entity", near), *hits("edge", edges), *hits("episode", proofs), *hits("fact", facts)]
