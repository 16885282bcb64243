"""The vectors of one model in memory, to be gone through for each question.

Eight bits a number, with a scale for each vector: a quarter of the memory of float32 and, since memory is what a scan waits
for, two thirds of its time (100,000 vectors of 384: 7 ms, 38 MB). What leads is then compared exactly, by what the vault holds.

Process memory alone; no file is written. What left the vault is in no answer from then on, and leaves memory with the next
question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import apsw

from satchel.vault.sqlite.connection import rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Vectors that are read at once.
_PAGE = 1024
#: Numbers that are turned to float32 and multiplied at once: so many lie in a processor's own memory, and OpenBLAS, which takes
#: threads from 460,800 on, would wait for them thirty times as long as the product takes (measured on a busy machine).
_CHUNK_NUMBERS = 384 << 10
#: So many more than are wanted are compared exactly: eight bits change a cosine by some thousandths.
_MARGIN = 32


class Matrix:
    """See the module's text. One model at a time, brought up to date at each question."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Let go of everything."""
        #: The model, the last id ever given, and how many vectors there are.
        self._state: tuple[int, int | None, int] = (0, None, 0)
        #: The same, at no cost: what tells of changes by others and by this connection.
        self._unchanged: tuple[int, int, int] = (0, 0, 0)
        #: Of each row of the matrix: the id of its vectors, the row of its record, its scale.
        self._ids: NDArray[np.int64] | None = None
        self._records: NDArray[np.int64] | None = None
        self._scales: NDArray[np.float32] | None = None
        self._small: NDArray[np.int8] | None = None

    def nearest(
        self,
        connection: apsw.Connection,
        model: int,
        query: NDArray[np.float32],
        most: int,
        also: Collection[int],
    ) -> list[tuple[int, float]]:
        """Rows of records and their cosines: the ``most`` nearest, best first, then those of ``also`` that have vectors, to
        some thousandths. A record is as near as the nearest of its passages."""
        import numpy as np

        query = np.asarray(query, np.float32)
        self._refresh(connection, model, len(query))
        assert self._records is not None
        if not len(self._records) or not query.any():
            return []
        scores = self._scan(query)
        finalists = min(most + _MARGIN, len(scores))
        while True:
            order = np.argpartition(scores, len(scores) - finalists)[-finalists:]
            leading = np.unique(self._records[order]).tolist()
            # Many passages of one record take few places.
            if len(leading) >= most or finalists == len(scores):
                break
            finalists = min(2 * finalists, len(scores))
        exact = _exact(connection, model, leading, query)
        exact.sort(key=lambda pair: (-pair[1], pair[0]))
        return exact[:most] + self._others(scores, {*also}.difference(row for row, _ in exact[:most]))

    def _others(self, scores: NDArray[np.float32], wanted: set[int]) -> list[tuple[int, float]]:
        """Of these records, what the scan tells."""
        import numpy as np

        assert self._records is not None
        if not wanted:
            return []
        flags = np.zeros(max(int(self._records.max()), *wanted) + 1, bool)
        flags[list(wanted)] = True
        places = np.flatnonzero(flags[self._records])
        best: dict[int, float] = {}
        for row, score in zip(self._records[places].tolist(), scores[places].tolist(), strict=True):
            best[row] = max(best.get(row, -1.0), score)
        return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))

    def _scan(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        assert self._small is not None and self._scales is not None
        scores = np.empty(len(self._small), np.float32)
        rows_at_once = max(1, _CHUNK_NUMBERS // len(query))
        buffer = np.empty((rows_at_once, len(query)), np.float32)
        for first in range(0, len(self._small), rows_at_once):
            part = self._small[first : first + rows_at_once]
            np.copyto(buffer[: len(part)], part)
            np.dot(buffer[: len(part)], query, out=scores[first : first + len(part)])
        scores *= self._scales
        return scores

    def _refresh(self, connection: apsw.Connection, model: int, dimensions: int) -> None:
        """Take in what came, let go of what left."""
        import numpy as np

        unchanged = (model, int(connection.pragma("data_version")), connection.total_changes())
        if unchanged == self._unchanged:
            return
        self._unchanged = unchanged
        # Ids only grow, and no vector is ever changed in its place: so much tells of every change.
        state = (
            model,
            *rows(connection, "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'vector'), count(*) FROM vector")[0],
        )
        if state == self._state:
            return
        present = np.array(
            sorted(id for (id,) in rows(connection, "SELECT id FROM vector WHERE model = ?", (model,))), np.int64
        )
        if self._ids is None or self._state[0] != model:
            self._ids = np.empty(0, np.int64)
            self._records = np.empty(0, np.int64)
            self._scales = np.empty(0, np.float32)
            self._small = np.empty((0, dimensions), np.int8)
        assert self._records is not None and self._scales is not None and self._small is not None
        kept = np.isin(self._ids, present)
        if not kept.all():
            # Copies: a view would hold on to what left.
            self._ids, self._records = self._ids[kept], self._records[kept]
            self._scales, self._small = self._scales[kept], self._small[kept]
        self._state = state
        last = int(self._ids[-1]) if len(self._ids) else 0
        ids, records, scales, small = [self._ids], [self._records], [self._scales], [self._small]
        for some_ids, some_records, vectors in _read(connection, model, dimensions, last):
            largest = np.abs(vectors).max(axis=1)
            scale = np.where(largest > 0, largest, 1) / 127
            ids.append(some_ids)
            records.append(some_records)
            scales.append(scale.astype(np.float32))
            small.append(np.rint(vectors / scale[:, None]).astype(np.int8))
        self._ids, self._records = np.concatenate(ids), np.concatenate(records)
        self._scales, self._small = np.concatenate(scales), np.concatenate(small)


def _read(
    connection: apsw.Connection, model: int, dimensions: int, after: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Ids, records' rows and vectors of what came after the id ``after``, by chunks."""
    import numpy as np

    while True:
        page = rows(
            connection,
            f"SELECT id, record, data FROM vector WHERE id > ? AND model = ? ORDER BY id LIMIT {_PAGE}",
            (after, model),
        )
        if page:
            counts = [len(data) // (2 * dimensions) for _, _, data in page]
            vectors = np.frombuffer(b"".join(data for _, _, data in page), "<f2").astype(np.float32)
            yield (
                np.repeat(np.array([id for id, _, _ in page], np.int64), counts),
                np.repeat(np.array([record for _, record, _ in page], np.int64), counts),
                vectors.reshape(-1, dimensions),
            )
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _exact(connection: apsw.Connection, model: int, records: list[int], query: NDArray[np.float32]) -> list[tuple[int, float]]:
    """Those of the records that have vectors, each with the cosine of its nearest passage."""
    import numpy as np

    marks = ",".join("?" * len(records))
    sql = f"SELECT record, data FROM vector WHERE record IN ({marks}) AND model = ? AND data <> x''"
    found = rows(connection, sql, (*records, model))
    counts = np.array([len(data) // (2 * len(query)) for _, data in found])
    cosines = np.frombuffer(b"".join(data for _, data in found), "<f2").astype(np.float32).reshape(-1, len(query)) @ query
    best = np.maximum.reduceat(cosines, np.cumsum(counts) - counts) if len(found) else ()
    return [(record, float(cosine)) for (record, _), cosine in zip(found, best, strict=True)]
