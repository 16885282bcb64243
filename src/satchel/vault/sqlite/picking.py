"""What somebody asks to forget, as rows: every criterion narrows, ids add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from satchel.errors import NotFound, UsageError
from satchel.model.bodies import KINDS, Entity, Memory
from satchel.model.erasure import By, Request
from satchel.model.text import same_words
from satchel.model.times import to_microseconds
from satchel.vault.sqlite import search
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import Forgetting

#: "Everything about X" is what was made of talks and documents, unless kinds are named; the talks themselves mention everybody.
ABOUT_KINDS = tuple(kind for kind in KINDS if kind not in ("conversation", "message", "document", "chunk"))
_PAGE = 2_000


def request_of(asked: Forgetting) -> Request:
    """What was asked, without its words.

    Raises:
        UsageError: nothing was asked for.
    """
    given: list[tuple[By, bool]] = [
        ("id", bool(asked.uids)),
        ("search", bool(asked.words)),
        ("platform", bool(asked.platforms or asked.accounts)),
        ("import", bool(asked.batches or asked.signers)),
        ("file", bool(asked.files)),
        ("time", asked.since is not None or asked.until is not None),
        ("scope", bool(asked.scope)),
        ("kind", bool(asked.kinds)),
        ("tag", bool(asked.tags)),
        ("entity", bool(asked.about)),
    ]
    by = tuple(name for name, is_given in given if is_given)
    if not by or by == ("kind",):
        raise UsageError("nothing was named to forget", hint="an id, --search WORDS, --source, --import, --about NAME, …")
    return Request(
        by=by,
        mode=asked.mode,
        uids=asked.uids,
        platforms=asked.platforms,
        kinds=asked.kinds,
        batches=asked.batches,
        since=asked.since,
        until=asked.until,
        scope=asked.scope,
        with_witnesses=asked.with_witnesses,
        quotations=asked.quotations,
    )


def picked(connection: apsw.Connection, kept: Originals, asked: Forgetting) -> list[bytes]:
    """The uids of the records that were asked for.

    Raises:
        NotFound: an id that the vault does not hold.
        UsageError: nothing in the words can be searched for.
    """
    found: dict[bytes, None] = {}
    for named in asked.uids:
        if not rows(connection, "SELECT 1 FROM record WHERE uid = ?", (bytes.fromhex(named),)):
            raise NotFound(f"the vault holds no record {named[:10]}")
        found[bytes.fromhex(named)] = None
    narrowed = msgspec.structs.replace(asked, uids=(), kinds=(), scrubs=())
    if narrowed != Forgetting(mode=asked.mode, with_witnesses=asked.with_witnesses, quotations=asked.quotations):
        for uid in _narrowed(connection, kept, asked):
            found[uid] = None
    return list(found)


def _narrowed(connection: apsw.Connection, kept: Originals, asked: Forgetting) -> list[bytes]:
    kinds = asked.kinds or (ABOUT_KINDS if asked.about else ())
    where, values = _where(asked, kinds)
    ids: set[int] | None = None
    if asked.about:
        ids = set(_about(connection, kept, asked.about))
    elif asked.scope:
        ids = set(_in_scope(connection, kept, asked.scope))
    if asked.accounts:
        # No index tells of accounts.
        among = set(_of_accounts(connection, kept, asked.accounts, asked.batches))
        ids = among if ids is None else ids & among
    if ids is None:
        return [uid for (uid,) in rows(connection, f"SELECT r.uid {_FROM} WHERE 1 {where} ORDER BY r.id", values)]
    if asked.about and asked.scope:
        ids &= set(_in_scope(connection, kept, asked.scope))
    passing = rows(connection, f"SELECT r.id, r.uid {_FROM} WHERE 1 {where} ORDER BY r.id", values)
    return [uid for id, uid in passing if id in ids]


_FROM = "FROM record r LEFT JOIN record whole ON whole.id = r.part_of"


def _where(asked: Forgetting, kinds: tuple[str, ...]) -> tuple[str, list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    for column, wanted in (("r.kind", kinds), ("r.platform", asked.platforms), ("r.batch", asked.batches)):
        if wanted:
            where.append(f"AND {column} IN ({','.join('?' * len(wanted))})")
            values += wanted
    if asked.words:
        where.append("AND r.id IN (SELECT rowid FROM text_index WHERE text_index MATCH ?)")
        values.append(search.match_of(asked.words))
    if asked.signers:
        marks = ",".join("?" * len(asked.signers))
        signed = f"SELECT batch FROM signed WHERE key IN ({marks}) UNION SELECT batch FROM edition WHERE signer IN ({marks})"
        where.append(f"AND r.batch IN ({signed})")
        values += asked.signers * 2
    if asked.files:
        marks = ",".join("?" * len(asked.files))
        where.append(
            f"AND r.original IN (SELECT o.id FROM original o JOIN source s ON s.id = o.source WHERE s.name IN ({marks}))"
        )
        values += asked.files
    if asked.since:
        where.append("AND coalesce(r.created, whole.created) >= ?")
        values.append(to_microseconds(asked.since))
    if asked.until:
        where.append("AND coalesce(r.created, whole.created) < ?")
        values.append(to_microseconds(asked.until))
    for tag in asked.tags:
        where.append("AND EXISTS (SELECT 1 FROM tag WHERE tag.record = r.id AND tag.tag = ?)")
        values.append(tag)
    return " ".join(where), values


def _scanned(
    connection: apsw.Connection, kept: Originals, kinds: tuple[str, ...], batches: tuple[int, ...] = ()
) -> Iterator[tuple[int, bytes]]:
    """The data of every record of these kinds, or of those that these imports brought; what no index answers."""
    marks = ",".join("?" * len(kinds))
    within = f"AND batch IN ({','.join('?' * len(batches))})" if batches else ""
    last = 0
    while True:
        sql = (
            f"SELECT id, data, slot, original FROM record WHERE id > ? AND kind IN ({marks}) {within} ORDER BY id LIMIT {_PAGE}"
        )
        page = rows(connection, sql, (last, *kinds, *batches))
        for id, *data in page:
            yield id, kept.data(*data)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _of_accounts(
    connection: apsw.Connection, kept: Originals, accounts: tuple[str, ...], batches: tuple[int, ...]
) -> Iterator[int]:
    marks = tuple(b'"account":' + msgspec.json.encode(account) for account in accounts)
    for id, data in _scanned(connection, kept, KINDS, batches):
        if any(mark in data for mark in marks) and decode(data).provenance.account in accounts:
            yield id


def _in_scope(connection: apsw.Connection, kept: Originals, scope: str) -> Iterator[int]:
    """The scope's record, what names it as its scope, and what is part of it; parts of these follow by the closure."""
    for (id,) in rows(
        connection,
        "SELECT id FROM record WHERE uid = ?1"
        " UNION SELECT id FROM record WHERE part_of = (SELECT id FROM record WHERE uid = ?1)",
        (bytes.fromhex(scope),),
    ):
        yield id
    mark = b'"scope":"' + scope.encode() + b'"'
    for id, data in _scanned(connection, kept, tuple(kind for kind in KINDS if kind != "message")):
        if mark in data:
            yield id


def _about(connection: apsw.Connection, kept: Originals, name: str) -> Iterator[int]:
    """Records that name a person or thing: in their text, as its name or alias, as the subject or object of a statement."""
    phrase = '"' + name.replace('"', " ") + '"'
    for (id,) in rows(connection, "SELECT rowid FROM text_index WHERE text_index MATCH ?", (search.match_of(phrase),)):
        yield id
    wanted = same_words("", name)
    for id, data in _scanned(connection, kept, ("entity", "memory")):
        body = decode(data).body
        if isinstance(body, Entity):
            names: tuple[str, ...] = (body.name, *body.aliases)
        else:
            assert isinstance(body, Memory)
            names = (body.subject, body.object)
        if any(wanted == same_words("", each) for each in names if each):
            yield id
