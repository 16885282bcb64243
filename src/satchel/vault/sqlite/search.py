"""Search: BM25 over the text index, the statement once with all its witnesses, and where in its text it was found."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any

import apsw
import msgspec

from satchel.errors import UsageError
from satchel.model.bodies import Conversation, Message
from satchel.model.record import Record
from satchel.model.spacing import spaced
from satchel.model.text import searchable
from satchel.model.times import to_microseconds
from satchel.model.words import words_of
from satchel.vault.sqlite import states
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import our_errors, rows
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import Allowed, Found, Hit, Query

SNIPPET_CHARACTERS = 240
#: How far into one long text a snippet is looked for.
SNIPPET_SCAN_CHARACTERS = 400_000
MAX_TERMS = 64

_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')


class Term:
    """One thing asked for: its words in order, whether the last is a prefix, whether it must be absent."""

    __slots__ = ("absent", "prefix", "words")

    def __init__(self, words: list[str], *, prefix: bool, absent: bool) -> None:
        self.words = words
        self.prefix = prefix
        self.absent = absent

    def fts(self) -> str:
        """As an FTS5 phrase; a double quote inside is doubled, so that no text can be an operator."""
        phrase = '"' + " ".join(self.words).replace('"', '""') + '"'
        return phrase + ("*" if self.prefix else "")


def parse(words: str) -> list[Term]:
    """The terms of what a person typed.

    Raises:
        UsageError: nothing in it can be searched for, or all of it is excluded.
    """
    terms: list[Term] = []
    for minus, quoted, bare in _TERM.findall(words):
        text = quoted or bare
        prefix = not quoted and text.endswith("*")
        tokens = words_of(text)
        if tokens:
            terms.append(Term(tokens, prefix=prefix, absent=bool(minus)))
    if not any(not term.absent for term in terms):
        raise UsageError("nothing to search for", hint='words, "a phrase", begin* or -without')
    if len(terms) > MAX_TERMS:
        raise UsageError(f"more than {MAX_TERMS} words")
    return terms


def match_of(words: str) -> str:
    """What a person typed as an FTS5 expression. Raises UsageError as ``parse``."""
    return _match(parse(words))


def _match(terms: list[Term]) -> str:
    wanted = " AND ".join(term.fts() for term in terms if not term.absent)
    unwanted = " OR ".join(term.fts() for term in terms if term.absent)
    return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def search(connection: apsw.Connection, originals: Originals, query: Query, allowed: Allowed | None = None) -> Found:
    """See Store.search."""
    where, values = _filters(query)
    if query.as_of is not None:
        return _past(connection, originals, query, query.as_of, where, values, allowed)
    if not query.words:
        return _list(connection, originals, query, where, values, allowed)
    terms = parse(query.words)
    values["match"] = _match(terms)
    # bm25() works only where the index itself is read, so the matches are gathered before they are grouped.
    gather = f"""
        CREATE TEMP TABLE matched AS
            SELECT r.id, bm25(text_index, 4.0, 1.0) AS score, coalesce(r.content_key, r.uid) AS statement
            FROM text_index JOIN record r ON r.id = text_index.rowid
            {"LEFT JOIN record whole ON whole.id = r.part_of" if query.since or query.until else ""}
            WHERE text_index MATCH :match {where}
    """
    best = (
        "SELECT id, min(score), statement, count(*) FROM temp.matched GROUP BY statement ORDER BY 2, id"
        " LIMIT :limit OFFSET :offset"
    )
    with our_errors():
        connection.execute("DROP TABLE IF EXISTS temp.matched")
        connection.execute(gather, values)
        if allowed is not None:
            # Before anything is counted or grouped.
            met = rows(connection, "SELECT rowid, id FROM temp.matched")
            hidden = [(row,) for row, id in met if not allowed(_record(connection, originals, id))]
            connection.executemany("DELETE FROM temp.matched WHERE rowid = ?", hidden)
        total = rows(connection, "SELECT count(DISTINCT statement) FROM temp.matched")[0][0]
        hits = []
        for id, score, statement, count in rows(connection, best, {"limit": query.limit, "offset": query.offset}):
            alike = [] if count == 1 else _witnesses(connection, statement, id)
            hits.append(_hit(connection, originals, id, score, terms, alike, allowed))
        connection.execute("DROP TABLE temp.matched")
    return Found(tuple(hits), total)


def _list(
    connection: apsw.Connection,
    originals: Originals,
    query: Query,
    where: str,
    values: dict[str, Any],
    allowed: Allowed | None,
) -> Found:
    """All records that pass the filters, newest first; those without a time last."""
    source = f"FROM record r LEFT JOIN record whole ON whole.id = r.part_of WHERE 1 {where}"
    order = "ORDER BY coalesce(r.created, whole.created) DESC NULLS LAST, r.id"
    if allowed is None:
        page = {**values, "limit": query.limit, "offset": query.offset}
        total = rows(connection, f"SELECT count(*) {source}", values)[0][0]
        found = rows(connection, f"SELECT r.id {source} {order} LIMIT :limit OFFSET :offset", page)
    else:
        met = rows(connection, f"SELECT r.id {source} {order}", values)
        seen = [(id,) for (id,) in met if allowed(_record(connection, originals, id))]
        total, found = len(seen), seen[query.offset : query.offset + query.limit]
    return Found(tuple(_hit(connection, originals, id, 0.0, [], [], allowed) for (id,) in found), total)


def _past(
    connection: apsw.Connection,
    originals: Originals,
    query: Query,
    moment: datetime,
    where: str,
    values: dict[str, Any],
    allowed: Allowed | None,
) -> Found:
    """What held at a moment: every match is looked at, and the earlier states that are in no index are given one."""
    terms = parse(query.words) if query.words else []
    source = "JOIN record r ON r.id = {0}.rowid LEFT JOIN record whole ON whole.id = r.part_of WHERE {0} MATCH :match"
    found: list[tuple[float, int]] = []
    with our_errors():
        if query.words:
            values["match"] = _match(terms)
            states.index_past(connection, originals, moment)
            for table in ("text_index", "past"):
                sql = f"SELECT bm25({table}, 4.0, 1.0), r.id, '{table}' FROM {table} {source.format(table)} {where}"
                for score, id, of in rows(connection, sql, values):
                    held = states.held_at(connection, originals, id, moment)
                    # The index of the present speaks for the current state alone.
                    if held is not None and (of == "past" or held.original == _current(connection, id)):
                        found.append((score, id))
            connection.execute("DROP TABLE temp.past")
            found.sort()
        else:
            listed = f"SELECT r.id FROM record r LEFT JOIN record whole ON whole.id = r.part_of WHERE 1 {where}"
            order = " ORDER BY coalesce(r.created, whole.created) DESC NULLS LAST, r.id"
            found = [
                (0.0, id)
                for (id,) in rows(connection, listed + order, values)
                if states.held_at(connection, originals, id, moment) is not None
            ]
        if allowed is not None:
            # What is seen of the present, and was to be seen then.
            seen = [each for each in found if allowed(_record(connection, originals, each[1]))]
            states_seen = ((each, states.held_at(connection, originals, each[1], moment)) for each in seen)
            found = [each for each, state in states_seen if state is not None and allowed(state.record)]
        hits = []
        for score, id in found[query.offset : query.offset + query.limit]:
            held = states.held_at(connection, originals, id, moment)
            hit = _hit(connection, originals, id, score, terms, [], allowed)
            if held is not None:
                snippet, marks = make_snippet(held.record, terms)
                hit = msgspec.structs.replace(hit, record=held.record, snippet=snippet or hit.snippet, marks=marks)
            hits.append(hit)
    return Found(tuple(hits), len(found))


def _current(connection: apsw.Connection, id: int) -> int:
    return int(rows(connection, "SELECT original FROM record WHERE id = ?", (id,))[0][0])


def _witnesses(connection: apsw.Connection, statement: bytes, id: int) -> list[str]:
    """The other records that say it: they hold the same words, so they are among the matches."""
    found = rows(
        connection,
        "SELECT r.uid FROM temp.matched m JOIN record r ON r.id = m.id WHERE m.statement = ? AND m.id <> ? ORDER BY m.id",
        (statement, id),
    )
    return [uid.hex() for (uid,) in found]


def _filters(query: Query) -> tuple[str, dict[str, Any]]:
    where: list[str] = []
    values: dict[str, Any] = {}
    for column, wanted in (("r.kind", query.kinds), ("r.platform", query.sources)):
        if wanted:
            names = [f"{column[2:]}{number}" for number in range(len(wanted))]
            where.append(f"AND {column} IN ({', '.join(':' + name for name in names)})")
            values.update(zip(names, wanted, strict=True))
    if query.since:
        where.append("AND coalesce(r.created, whole.created) >= :since")
        values["since"] = to_microseconds(query.since)
    if query.until:
        where.append("AND coalesce(r.created, whole.created) < :until")
        values["until"] = to_microseconds(query.until)
    for number, tag in enumerate(query.tags):
        where.append(f"AND EXISTS (SELECT 1 FROM tag WHERE tag.record = r.id AND tag.tag = :tag{number})")
        values[f"tag{number}"] = tag
    return " ".join(where), values


def _record(connection: apsw.Connection, originals: Originals, id: int) -> Record:
    """The record in this row."""
    data, slot, original = rows(connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))[0]
    return decode(originals.data(data, slot, original))


def _hit(
    connection: apsw.Connection,
    originals: Originals,
    id: int,
    score: float,
    terms: list[Term],
    alike: list[str],
    allowed: Allowed | None,
) -> Hit:
    data, slot, original, recorded, digest, *whole = rows(
        connection,
        "SELECT r.data, r.slot, r.original, r.recorded, o.digest, w.data, w.slot, w.original FROM record r"
        " LEFT JOIN original o ON o.id = r.original LEFT JOIN record w ON w.id = r.part_of WHERE r.id = ?",
        (id,),
    )[0]
    record = decode(originals.data(data, slot, original), recorded, digest)
    context = ""
    if whole[2] is not None:
        part_of = decode(originals.data(*whole))
        if allowed is None or allowed(part_of):
            context = getattr(part_of.body, "title", "") or getattr(part_of.body, "name", "")
    snippet, marks = make_snippet(record, terms)
    if not snippet and isinstance(record.body, Conversation):
        snippet = _opening(connection, originals, id, terms, allowed)
    return Hit(record, -score, (record.uid, *alike), snippet, marks, context)


def _opening(
    connection: apsw.Connection, originals: Originals, conversation: int, terms: list[Term], allowed: Allowed | None
) -> str:
    """How a conversation without a title begins: the first shown message that has text."""
    sql = "SELECT data, slot, original FROM record WHERE part_of = ? AND kind = 'message' ORDER BY position LIMIT 10"
    for columns in rows(connection, sql, (conversation,)):
        message = decode(originals.data(*columns))
        if isinstance(message.body, Message) and not message.body.is_hidden and (allowed is None or allowed(message)):
            snippet, _ = make_snippet(message, terms)
            if snippet:
                return snippet
    return ""


def _fold(text: str) -> tuple[str, list[int]]:
    """``text`` lower-cased and without diacritics, as the tokenizer compares it, and for each character its origin."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    origin: list[int] = []
    for position, character in enumerate(text):
        for part in unicodedata.normalize("NFD", character.casefold()):
            if not unicodedata.category(part).startswith("M"):
                folded.append(part)
                origin.append(position)
    return "".join(folded), origin


def make_snippet(record: Record, terms: list[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The stretch of the record's text that holds most of what was asked for, and where in it (code points)."""
    title, text = searchable(record)
    text = (text or title)[:SNIPPET_SCAN_CHARACTERS]
    folded, origin = _fold(text)
    found: list[tuple[int, int, int]] = []
    for number, term in enumerate(terms):
        if term.absent:
            continue
        pattern = r"[\W_]*".join(re.escape(_fold(word)[0]) for word in term.words)
        first, last = term.words[0][0], term.words[-1][-1]
        before = r"(?<![^\W_])" if _joins(first) else ""
        after = r"(?![^\W_])" if _joins(last) and not term.prefix else ""
        for match in re.finditer(before + pattern + after, folded):
            if match.end() > match.start():
                found.append((origin[match.start()], origin[match.end() - 1] + 1, number))
            if len(found) > 5_000:
                break
    found.sort()
    start = _best_start(found)
    begin = max(0, start - SNIPPET_CHARACTERS // 4)
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text), begin + SNIPPET_CHARACTERS)
    lead, tail = "…" if begin else "", "…" if end < len(text) else ""
    # Line breaks become spaces, one for one, so that marks stay where they are.
    snippet = lead + re.sub(r"[\s\x00-\x1f]", " ", text[begin:end]) + tail
    shift = len(lead) - begin
    marks = [(a + shift, min(b, end) + shift) for a, b, _ in found if begin <= a < end]
    return snippet, tuple(marks)


def _joins(character: str) -> bool:
    """Whether the character is part of longer words, so that a word's edge must be looked for beside it."""
    return spaced(character.encode()) == character.encode()


def _best_start(found: list[tuple[int, int, int]]) -> int:
    best, best_count, left = 0, 0, 0
    for right, (position, _, _) in enumerate(found):
        while position - found[left][0] > SNIPPET_CHARACTERS * 3 // 4:
            left += 1
        count = len({number for _, _, number in found[left : right + 1]}) if right - left < 200 else 0
        if count > best_count:
            best, best_count = found[left][0], count
    return best
