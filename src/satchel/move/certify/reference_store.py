"""A small correct memory store, so that the harness has something to be right about; ``mutants`` breaks it in known ways.

It holds rows in plain dictionaries and keeps, beside them, all that a real host keeps: a text index, vectors, a queue of
re-embedding jobs, an embedding cache, earlier versions for as-of questions, a replica and summaries. Each deletion must reach
each of them; each of those reaches is a method of its own, for a mutant to leave out.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import canonical
from satchel.move.certify.kinds import DERIVED, FIELDS, NATIVE, PARENTS, skeleton

Row = dict[str, Any]
Target = tuple[str, str]

MODEL = "trigram-1"
#: A sentence shorter than this is nobody's in particular: it is not held against later rows.
_SENTENCE = 24
_SENTENCES = re.compile(r"[^.!?\n]+[.!?]?")
_SUPERSEDED = ("supersededBy", "tValidTo")
_CHANGED = ("updatedAt", "modified", "mentionTime", "createdAt")
ERASED = "[erased]"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def texts(value: Any) -> Iterator[str]:
    """Every text in a row, however deep; names of members are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def cache_key(text: str) -> str:
    """The content-hash of an embedding (dossier section 4.1)."""
    return hashlib.sha256(f"{MODEL}\0{text}".encode()).hexdigest()


def content_of(kind: str, row: Row) -> str:
    """What the search routes hold of a row: its texts in one, without ids and times."""
    skip = {name for name, type in FIELDS.get(kind, {}).items() if type[0] == "t" or name.endswith(("ID", "IDs"))} | {"id"}
    return " ".join(text for name, value in sorted(row.items()) if name not in skip for text in texts(value))


def embedded(kind: str, row: Row) -> str:
    """The one text of a row that is embedded."""
    return str(row.get({"episode": "details", "fact": "text", "chunk": "text"}.get(kind, "summary"), "") or "")


def _digest(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).casefold().encode()).hexdigest()


def _folded(key: str) -> str:
    """A key as the eye reads it: case, compatibility forms, blanks and invisible characters do not count."""
    text = unicodedata.normalize("NFKC", key).casefold()
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Cf", "Zs", "Cc"))


class Store:
    """Rows, tombstones and everything derived from them. ``state`` and ``load`` are for keeping it in a file."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {kind: {} for kind in NATIVE}
        self.foreign: dict[str, list[str]] = {}
        self.tombstones: dict[str, Row] = {}
        self.audit: list[Row] = []
        #: What may not come back: the targets of tombstones and what was derived from them; True where only redacted.
        self.dead: dict[Target, bool] = {}
        #: Digests of erased sentences: what was erased is known again without being kept.
        self.erased: set[str] = set()
        self.versions: list[tuple[str, str, str, Row | None]] = []
        self.index: dict[Target, str] = {}
        self.vectors: dict[Target, str] = {}
        self.jobs: list[Target] = []
        self.cache: dict[str, Target] = {}
        self.summaries: dict[str, str] = {}
        self.replica: dict[Target, str] = {}
        self.replica_online = True

    # Adding

    def put(self, kind: str, key: str, row: Row) -> None:
        """Store a row that was admitted, under the merge rule of its kind (dossier section 2)."""
        held = self.rows[kind].get(key)
        if held is not None and kind in ("edge", "fact"):
            key, row = self._superseding(kind, held, row)
        elif held is not None and self._stamp(held) > self._stamp(row):
            return
        self._set(kind, key, row)

    def _superseding(self, kind: str, held: Row, row: Row) -> tuple[str, Row]:
        """An edge or fact is never overwritten: another content becomes its successor, the old one ends there."""

        def core(one: Row) -> bytes:
            return canonical.encode({name: value for name, value in one.items() if name not in (*_SUPERSEDED, "id")})

        if core(held) == core(row):
            return held["id"], {**row, **held}
        successor = f"{row['id']}~{hashlib.sha256(core(row)).hexdigest()[:12]}"
        if (kind, successor) in self.dead:
            return held["id"], held
        self._set(kind, held["id"], {**held, "supersededBy": successor, "tValidTo": row["tValidFrom"]})
        return successor, {**row, "id": successor}

    @staticmethod
    def _stamp(row: Row) -> tuple[str, bytes]:
        return max((str(row.get(name, "")) for name in _CHANGED), default=""), canonical.encode(row)

    def _set(self, kind: str, key: str, row: Row) -> None:
        if self.rows[kind].get(key) == row:
            return
        self.rows[kind][key] = row
        self.versions.append((now(), kind, key, row))
        self.index[kind, key] = content_of(kind, row)
        if embedded(kind, row):
            self.jobs.append((kind, key))

    def admit(self, kind: str, key: str, row: Row) -> tuple[Row | None, str]:
        """A row as it may come in, or None; and why it was refused or changed ("" where it comes in as it is)."""
        if self.is_dead(kind, key):
            return (row, "") if self._is_skeleton(kind, key, row) else (None, "tombstoned")
        if any(self.is_dead(parent, str(row.get(name))) for name, parent in PARENTS.get(kind, ())):
            return None, "its parent is tombstoned"
        if self._looks_dead(kind, key):
            return None, "its id looks like a tombstoned one"
        row, left = self._without_dead_references(kind, row)
        if not left:
            return None, "all its evidence is tombstoned"
        return self._without_erased(kind, row)

    def is_dead(self, kind: str, key: str) -> bool:
        return (kind, key) in self.dead

    def _is_skeleton(self, kind: str, key: str, row: Row) -> bool:
        return self.dead[kind, key] and kind in FIELDS and skeleton(kind, row) == row

    def _looks_dead(self, kind: str, key: str) -> bool:
        folded = _folded(key)
        return any(other == kind and _folded(dead) == folded for other, dead in self.dead)

    def _without_dead_references(self, kind: str, row: Row) -> tuple[Row, bool]:
        """The row without tombstoned ids in its lists; False where an edge has no evidence left."""
        name, target = {"edge": ("evidenceEpisodeIDs", "episode"), "community": ("memberEntityIDs", "entity")}.get(
            kind, ("", "")
        )
        had = row.get(name)
        if not had:
            return row, True
        alive = [id for id in had if not self.is_dead(target, id)]
        return ({**row, name: alive} if len(alive) < len(had) else row), bool(alive) or kind != "edge"

    def _without_erased(self, kind: str, row: Row) -> tuple[Row | None, str]:
        """None where the row says again what was erased; scrubbed where it only quotes it."""
        if not self.erased or not any(self._is_erased(text) for text in texts(row)):
            return row, ""
        parts = _SENTENCES.findall(embedded(kind, row))
        if kind not in FIELDS or (parts and all(_digest(part) in self.erased for part in parts)):
            return None, "it repeats erased text"
        return self._scrubbed(row), "it quoted erased text, which was taken out"

    def _is_erased(self, text: str) -> bool:
        return any(_digest(part) in self.erased for part in _SENTENCES.findall(text))

    def _scrubbed(self, value: Any) -> Any:
        if isinstance(value, str):
            if not self._is_erased(value):
                return value
            return "".join(ERASED if _digest(part) in self.erased else part for part in _SENTENCES.findall(value))
        if isinstance(value, dict):
            return {name: self._scrubbed(item) for name, item in value.items()}
        return [self._scrubbed(item) for item in value] if isinstance(value, list) else value

    def put_foreign(self, kind: str, line: str) -> str:
        """Keep a line of a foreign kind as it stands; gives why it was refused, or ""."""
        try:
            row = canonical.decode(line.encode())
        except MalformedInput:
            row = {}
        id = str(row.get("id", ""))
        if self.is_dead(kind, id):
            return "tombstoned"
        if row and self._without_erased(kind, row)[0] is None:
            return "it repeats erased text"
        if line not in self.foreign.setdefault(kind, []):
            self.foreign[kind].append(line)
        return ""

    # Deleting

    def derive(self, kind: str, key: str) -> Row:
        """The ``derived`` of a tombstone: what goes with a row, by the graph as it is now (dossier section 4)."""
        dead: dict[str, set[str]] = {name: set() for name in NATIVE}
        dead[kind].add(key)
        links = 0
        if kind == "resource":
            dead["chunk"] = {id for id, row in self.rows["chunk"].items() if row["resourceID"] == key}
        if kind == "episode":
            dead["fact"] = {id for id, row in self.rows["fact"].items() if row["episodeID"] == key}
            dead["edge"] = {id for id, row in self.rows["edge"].items() if row["evidenceEpisodeIDs"] == [key]}
            links = sum(key in (row["srcEpisodeID"], row["dstEpisodeID"]) for row in self.rows["episodeLink"].values())
            left = {row[end] for id, row in self.rows["edge"].items() if id not in dead["edge"] for end in _ENDS}
            dead["entity"] = {self.rows["edge"][id][end] for id in dead["edge"] for end in _ENDS} - left
        if kind == "entity":
            dead["edge"] = {id for id, row in self.rows["edge"].items() if key in (row["srcEntityID"], row["dstEntityID"])}
        for kind_, after in (("edge", "supersededBy"), ("fact", "supersededBy")):
            for id in list(dead[kind_]):
                while (id := str(self.rows[kind_].get(id, {}).get(after, ""))) and id not in dead[kind_]:
                    dead[kind_].add(id)
        lists = {name: sorted(dead[of] - ({key} if of == kind else set())) for name, of in DERIVED.items()}
        gone = [self.rows[of][id] for of in dead for id in dead[of] if id in self.rows[of]]
        hashes = {cache_key(embedded(of, row)) for of in dead for id in dead[of] if (row := self.rows[of].get(id))}
        cached = sorted(hashes & set(self.cache)) if gone else []
        return {**lists, "embeddingCacheKeys": cached, "episodeLinkCount": links, "sentenceIDs": []}

    def bury(self, mark: Row) -> list[Target]:
        """Apply a tombstone; gives other rows that quoted what was erased. A second time changes nothing."""
        kind, key = mark["targetKind"], mark["targetID"]
        held = self.tombstones.get(mark["id"])
        if held == mark:
            return []
        # Two of one id: which is kept must not hang on which came first; both have their effect.
        self.tombstones[mark["id"]] = mark if held is None else min(held, mark, key=canonical.encode)
        targets = self.reached(mark)
        redact = mark["op"] == "redact" and self.dead.get((kind, key), True)
        for target in targets:
            self._erase_text(*target)
        for target in targets:
            self.dead[target] = redact and target == (kind, key)
        for target in targets:
            self._remove(target, keep_skeleton=self.dead[target])
        return self._sweep()

    def reached(self, mark: Row) -> list[Target]:
        """The target and all that goes with it, by the tombstone's own lists and by the graph here."""
        kind, key = mark["targetKind"], mark["targetID"]
        listed = [(of, id) for name, of in DERIVED.items() for id in mark["derived"].get(name, [])]
        here = self.derive(kind, key) if kind in FIELDS else {}
        found = [(of, id) for name, of in DERIVED.items() for id in here.get(name, [])]
        return list(dict.fromkeys([(kind, key), *listed, *found]))

    def _erase_text(self, kind: str, key: str) -> None:
        row = self.rows.get(kind, {}).get(key)
        for text in texts(row) if kind in ("episode", "fact", "chunk") else ():
            self.erased |= {_digest(part) for part in _SENTENCES.findall(text) if len(part) >= _SENTENCE}

    def _remove(self, target: Target, *, keep_skeleton: bool) -> None:
        kind, key = target
        row = self.rows.get(kind, {}).pop(key, None)
        self.forget_index(target)
        self.forget_vectors(target)
        self.forget_cache(target)
        self.forget_versions(target)
        self.forget_foreign(target)
        if row is not None and keep_skeleton:
            self.rows[kind][key] = skeleton(kind, row)

    def forget_index(self, target: Target) -> None:
        self.index.pop(target, None)

    def forget_vectors(self, target: Target) -> None:
        self.vectors.pop(target, None)

    def forget_cache(self, target: Target) -> None:
        self.cache = {key: owner for key, owner in self.cache.items() if owner != target}

    def forget_versions(self, target: Target) -> None:
        self.versions = [version for version in self.versions if (version[1], version[2]) != target]

    def forget_foreign(self, target: Target) -> None:
        kind, key = target
        if kind in self.foreign:
            self.foreign[kind] = [line for line in self.foreign[kind] if _foreign_id(line) != key]

    def _sweep(self) -> list[Target]:
        """Take out of the rows that stay whatever points to, hangs on or quotes what is dead."""
        quoted: list[Target] = []
        for kind, rows in self.rows.items():
            for key, row in list(rows.items()):
                if self.is_dead(kind, key):
                    continue
                kept, why = self.admit(kind, key, row)
                if why.startswith("it "):
                    quoted.append((kind, key))
                if kept is None and not why.startswith("its id"):
                    self._remove((kind, key), keep_skeleton=False)
                elif kept is not None and kept != row:
                    self.forget_versions((kind, key))
                    self.forget_vectors((kind, key))
                    self.forget_cache((kind, key))
                    self._set(kind, key, kept)
        for kind, lines in self.foreign.items():
            for line in list(lines):
                if (row := _decoded(line)) and self._without_erased(kind, row)[0] is None:
                    quoted.append((kind, _foreign_id(line)))
                    lines.remove(line)
        return quoted

    # Everything that is worked out later

    def settle(self) -> None:
        """Run the jobs that wait: embeddings, summaries, the replica."""
        jobs, self.jobs = self.jobs, []
        for kind, key in jobs:
            self.embed(kind, key)
        self.summarise()
        self.sync()

    def embed(self, kind: str, key: str) -> None:
        row = self.rows[kind].get(key)
        if row is not None and embedded(kind, row):
            self.vectors[kind, key] = embedded(kind, row)
            self.cache[cache_key(embedded(kind, row))] = (kind, key)

    def summarise(self) -> None:
        self.summaries = {}
        for row in self.rows["episode"].values():
            where = str(row.get("contextID", ""))
            self.summaries[where] = (self.summaries.get(where, "") + " " + row["summary"]).strip()

    def sync(self) -> None:
        if self.replica_online:
            self.replica = dict(self.index)


_ENDS = ("srcEntityID", "dstEntityID")


def _decoded(line: str) -> Row:
    try:
        return canonical.decode(line.encode())
    except MalformedInput:
        return {}


def _foreign_id(line: str) -> str:
    return str(_decoded(line).get("id", ""))
