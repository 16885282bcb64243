"""Vectors of records: kept by the model that made them, never compared with another's, gone with the state they were made of.

One model is in use; one other at most is being made. When it has looked at every record, it takes the first one's place, whose
vectors leave. Triggers take a record's vectors away with the record or with a change of it (schema): what changes is made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import apsw

from satchel.errors import UsageError
from satchel.model.record import Record
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.matrix import Matrix
from satchel.vault.sqlite.rows import decode
from satchel.vault.values import Lacking, Near, VectorModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Records are handed out until they have so many bytes: a page of long documents must fit into memory.
_HELD_BYTES = 16 << 20
_LAST_CHANGE = "SELECT max(id) FROM batch"


def models(connection: apsw.Connection, *, counted: bool = True) -> list[VectorModel]:
    """See Store.vector_models."""
    found = rows(connection, "SELECT id, digest, name, dimensions, place, in_use FROM vector_model ORDER BY in_use DESC, id")
    return [
        VectorModel(
            digest=digest,
            name=name,
            dimensions=dimensions,
            place=place,
            in_use=bool(in_use),
            records=rows(connection, "SELECT count(*) FROM vector WHERE model = ?", (id,))[0][0] if counted else 0,
        )
        for id, digest, name, dimensions, place, in_use in found
    ]


def begin(connection: apsw.Connection, model: VectorModel) -> None:
    """See Store.begin_vectors."""
    row = one(connection, "SELECT id FROM vector_model WHERE digest = ?", (model.digest,))
    for (other,) in rows(connection, "SELECT id FROM vector_model WHERE NOT in_use AND digest <> ?", (model.digest,)):
        _drop(connection, other)
    if row is None:
        connection.execute(
            "INSERT INTO vector_model (digest, name, dimensions, place) VALUES (?, ?, ?, ?)",
            (model.digest, model.name, model.dimensions, model.place),
        )
    else:
        # The same model may lie elsewhere now.
        connection.execute("UPDATE vector_model SET name = ?, place = ? WHERE id = ?", (model.name, model.place, row[0]))


def lacking(connection: apsw.Connection, kept: Originals, digest: str, after: int, most: int) -> Lacking:
    """See Store.lacking_vectors."""
    (change,) = one(connection, _LAST_CHANGE) or (0,)
    ids = rows(
        connection,
        "SELECT r.id FROM record r WHERE r.id > ?1 AND NOT EXISTS"
        " (SELECT 1 FROM vector v WHERE v.record = r.id AND v.model = (SELECT id FROM vector_model WHERE digest = ?2))"
        " ORDER BY r.id LIMIT ?3",
        (after, digest, most),
    )
    found: list[tuple[int, Record]] = []
    held = 0
    for (id,) in ids:
        if held > _HELD_BYTES:
            break
        for columns in rows(connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,)):
            data = kept.data(*columns)
            held += len(data)
            found.append((id, decode(data)))
    return Lacking(found, change)


def keep(connection: apsw.Connection, digest: str, made: Sequence[tuple[int, NDArray[np.float32]]], change: int) -> bool:
    """See Store.keep_vectors."""
    import numpy as np

    if one(connection, _LAST_CHANGE) != (change,):
        return False
    id, dimensions = _model(connection, digest)
    values = []
    for record, passages in made:
        if passages.ndim != 2 or (len(passages) and passages.shape[1] != dimensions):
            raise UsageError(f"vectors of {digest[:12]} have {dimensions} numbers")
        values.append((id, record, np.asarray(passages, "<f2").tobytes()))
    connection.executemany("INSERT OR REPLACE INTO vector (model, record, data) VALUES (?, ?, ?)", values)
    return True


def finish(connection: apsw.Connection, digest: str) -> bool:
    """See Store.finish_vectors."""
    id, _ = _model(connection, digest)
    missing = "SELECT 1 FROM record r WHERE NOT EXISTS (SELECT 1 FROM vector v WHERE v.record = r.id AND v.model = ?) LIMIT 1"
    if one(connection, missing, (id,)) is not None:
        return False
    for (other,) in rows(connection, "SELECT id FROM vector_model WHERE id <> ?", (id,)):
        _drop(connection, other)
    connection.execute("UPDATE vector_model SET in_use = 1 WHERE id = ?", (id,))
    return True


def drop(connection: apsw.Connection) -> int:
    """See Store.drop_vectors."""
    count = rows(connection, "SELECT count(*) FROM vector")[0][0]
    for (id,) in rows(connection, "SELECT id FROM vector_model"):
        _drop(connection, id)
    return int(count)


def remove(connection: apsw.Connection, record: int) -> bool:
    """Take a record's vectors out; whether there were any. The triggers would: whoever counts what was reached asks first."""
    connection.execute("DELETE FROM vector WHERE record = ?", (record,))
    return connection.changes() > 0


def nearest(
    connection: apsw.Connection,
    held: Matrix,
    digest: str,
    query: NDArray[np.float32],
    most: int,
    also: Collection[int],
) -> list[Near]:
    """See Store.nearest."""
    id, dimensions = _model(connection, digest)
    if query.shape != (dimensions,):
        raise UsageError(f"vectors of {digest[:12]} have {dimensions} numbers")
    found = held.nearest(connection, id, query, most, also)
    marks = ",".join("?" * len(found))
    placed = rows(connection, f"SELECT id, part_of, position FROM record WHERE id IN ({marks})", [row for row, _ in found])
    where = {row: place for row, *place in placed}
    return [Near(row, cosine, *where[row]) for row, cosine in found if row in where]


def _model(connection: apsw.Connection, digest: str) -> tuple[int, int]:
    row = one(connection, "SELECT id, dimensions FROM vector_model WHERE digest = ?", (digest,))
    if row is None:
        raise UsageError(f"the vault has no vectors of the model {digest[:12]}", hint="satchel embed makes them")
    return row[0], row[1]


def _drop(connection: apsw.Connection, id: int) -> None:
    connection.execute("DELETE FROM vector WHERE model = ?", (id,))
    connection.execute("DELETE FROM vector_model WHERE id = ?", (id,))
