"""What a vault holds, without clocks and row numbers, for comparing two vaults."""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.vault.sqlite import history
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore


def dump_state(store: SqliteStore) -> dict[str, Any]:
    """Two vaults that hold the same are equal."""
    connection = store.connection
    return {
        "records": [
            (*row[:6], store._kept.data(*row[6:9]), *row[9:])
            for row in rows(
                connection,
                "SELECT r.uid, r.kind, r.platform, r.created, w.uid, r.position, r.data, r.slot, r.original, o.digest,"
                " r.version FROM record r LEFT JOIN original o ON o.id = r.original LEFT JOIN record w ON w.id = r.part_of"
                " ORDER BY r.uid",
            )
        ],
        "versions": rows(
            connection,
            "SELECT r.uid, v.version, v.data FROM version v JOIN record r ON r.id = v.record ORDER BY 1, 2",
        ),
        "originals": rows(connection, "SELECT uid, digest, kind, reader, size, counts FROM original ORDER BY uid, digest"),
        "links": rows(
            connection, "SELECT r.uid, l.type, l.target FROM link l JOIN record r ON r.id = l.record ORDER BY 1, 2, 3"
        ),
        "tags": rows(connection, "SELECT tag, r.uid FROM tag JOIN record r ON r.id = tag.record ORDER BY 1, 2"),
        "blobs": rows(connection, "SELECT digest, size FROM blob ORDER BY digest"),
        "words": rows(
            connection,
            "SELECT r.uid FROM text_index JOIN record r ON r.id = text_index.rowid WHERE text_index MATCH 'a OR the'"
            " ORDER BY 1",
        ),
        "indexed": rows(connection, "SELECT count(*) FROM text_index_docsize"),
        "summaries": [msgspec.structs.replace(batch.summary, findings=()) for batch in history.batches(connection)],
    }
