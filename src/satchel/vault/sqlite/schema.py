"""The tables, and how an older vault becomes a newer one: a list of steps, each run once, in one transaction each.

``PRAGMA user_version`` counts the steps that ran. A step is never changed once released; a new one is appended.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from satchel.errors import VaultTooNew
from satchel.vault.sqlite.connection import our_errors, writing

_V1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- A change: an import, an undo.
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    label TEXT NOT NULL,
    platforms TEXT NOT NULL DEFAULT '[]',
    summary BLOB NOT NULL DEFAULT '{}',
    undoes INTEGER,
    undone_by INTEGER
);

-- A file that an import read.
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    sha256 BLOB
);
CREATE INDEX source_batch ON source (batch);

-- A kept original: one zstd frame of the source object's exact bytes (size of them) and, behind them, the block of message
-- records that were read of it: text that stands twice is stored once, and a conversation is one read. Without data: a blob.
CREATE TABLE original (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: readers hold blocks by it
    uid BLOB NOT NULL,
    digest BLOB NOT NULL,
    batch INTEGER NOT NULL,
    source INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reader TEXT NOT NULL,
    element INTEGER,
    updated INTEGER,
    size INTEGER NOT NULL,
    counts TEXT NOT NULL,
    data BLOB
);
CREATE INDEX original_uid ON original (uid);
CREATE INDEX original_batch ON original (batch);

-- Which import met which original, and what came of it.
CREATE TABLE sighting (
    batch INTEGER NOT NULL,
    original INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (batch, original)
) WITHOUT ROWID;
CREATE INDEX sighting_original ON sighting (original);

-- The current version of each record: in data, or in a slot of its original's block. part_of is the row of the conversation
-- (or other whole) it belongs to.
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    uid BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    platform TEXT NOT NULL,
    created INTEGER,
    part_of INTEGER,
    position INTEGER,
    content_key BLOB,
    original INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    slot INTEGER,
    data BLOB
);
CREATE INDEX record_part_of ON record (part_of, position) WHERE part_of IS NOT NULL;
CREATE INDEX record_content_key ON record (content_key) WHERE content_key IS NOT NULL AND kind <> 'message';
CREATE INDEX record_kind ON record (kind, uid) WHERE kind <> 'message';

-- Earlier versions.
CREATE TABLE version (
    record INTEGER NOT NULL,
    version INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    original INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (record, version)
);
CREATE INDEX version_batch ON version (batch);

-- Another original that says the same as a record's current version.
CREATE TABLE witness (
    record INTEGER NOT NULL,
    original INTEGER NOT NULL,
    PRIMARY KEY (record, original)
) WITHOUT ROWID;
CREATE INDEX witness_original ON witness (original);

-- Typed links, but for a message's part_of, which is its column.
CREATE TABLE link (
    record INTEGER NOT NULL,
    type TEXT NOT NULL,
    target BLOB NOT NULL,
    PRIMARY KEY (record, type, target)
) WITHOUT ROWID;
CREATE INDEX link_target ON link (target, type);

CREATE TABLE tag (
    tag TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (tag, record)
) WITHOUT ROWID;
CREATE INDEX tag_record ON tag (record);

CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL
);
CREATE TABLE blob_chunk (
    blob INTEGER NOT NULL,
    position INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (blob, position)
);

-- Append-only; each entry's hash covers the one before. No content.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    operation TEXT NOT NULL,
    batch INTEGER,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Contentless: the index holds no text of its own; a row leaves it by being given the same text again.
CREATE VIRTUAL TABLE text_index USING fts5 (
    title, body, content='', tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So'"
);
INSERT INTO text_index (text_index, rank) VALUES ('secure-delete', 1);
INSERT INTO text_index (text_index, rank) VALUES ('automerge', 8);
INSERT INTO text_index (text_index, rank) VALUES ('rank', 'bm25(4.0, 1.0)');
"""


def _run_v1(connection: apsw.Connection) -> None:
    connection.execute(_V1)


# Keys for signing what leaves, and the keys of others whose signatures are trusted. A retired key has no private half.
# Tombstones as they came, and the uids that they and what they reach forbid.
_V2 = """
CREATE TABLE tombstone (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    format TEXT NOT NULL,
    batch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE grave (
    target BLOB NOT NULL,
    tombstone INTEGER NOT NULL,
    op TEXT NOT NULL,
    PRIMARY KEY (target, tombstone)
) WITHOUT ROWID;
-- What was said in what is gone, as keyed hashes.
CREATE TABLE erased_text (content_key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE signing_key (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    public BLOB NOT NULL UNIQUE,
    private BLOB,
    created INTEGER NOT NULL,
    retired INTEGER
);
CREATE UNIQUE INDEX signing_key_name ON signing_key (name) WHERE retired IS NULL;
CREATE TABLE trusted_key (
    public BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
"""


def _run_v2(connection: apsw.Connection) -> None:
    connection.execute(_V2)


# Small source objects that are one record each lie together: an original has its place in a pack instead of a frame of its own.
_V3 = """
CREATE TABLE pack (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: readers hold frames by it
    size INTEGER NOT NULL,
    data BLOB NOT NULL
);
ALTER TABLE original ADD COLUMN pack INTEGER;
ALTER TABLE original ADD COLUMN start INTEGER;
ALTER TABLE original ADD COLUMN slot INTEGER;
-- The canonical JSON that its bytes are known to be.
ALTER TABLE original ADD COLUMN dialect TEXT NOT NULL DEFAULT '';
CREATE INDEX original_pack ON original (pack) WHERE pack IS NOT NULL;
"""


def _run_v3(connection: apsw.Connection) -> None:
    connection.execute(_V3)


# Keys of other algorithms than Ed25519; DIDs whose keys are trusted; of each owner whose export was verified, the key of the
# first one and the date of the newest.
_V4 = """
ALTER TABLE signing_key ADD COLUMN algorithm TEXT NOT NULL DEFAULT 'Ed25519';
ALTER TABLE trusted_key ADD COLUMN kind TEXT NOT NULL DEFAULT 'Ed25519';
CREATE TABLE trusted_did (
    did TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE seen_export (
    owner TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    exported INTEGER,
    at INTEGER NOT NULL
) WITHOUT ROWID;
"""


def _run_v4(connection: apsw.Connection) -> None:
    connection.execute(_V4)


_V5 = """
-- Files that came with a package and go home with it; no record is made of them. The newest of a name is the one that counts.
-- concerns: the kind whose rows it may hold, '' where nobody can tell. blob: the digest column of its blob, a random key.
CREATE TABLE carried (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    format TEXT NOT NULL,
    name TEXT NOT NULL,
    concerns TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    note BLOB NOT NULL,
    size INTEGER NOT NULL,
    blob BLOB NOT NULL,
    batch INTEGER NOT NULL
);
CREATE INDEX carried_name ON carried (format, name);
-- Kinds of which tombstones named or reached rows; '' stands for any of them.
CREATE TABLE grave_kind (format TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (format, kind)) WITHOUT ROWID;
INSERT INTO grave_kind (format, kind) SELECT DISTINCT format, '' FROM tombstone;

-- Audit entries of other stores, each once. target: SHA-256 of the id that it speaks of. bare: what stays when that is erased.
-- hushed: ids that were erased.
CREATE TABLE heard (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity BLOB NOT NULL UNIQUE,
    format TEXT NOT NULL,
    target BLOB NOT NULL,
    batch INTEGER NOT NULL,
    data BLOB NOT NULL,
    bare BLOB NOT NULL
);
CREATE INDEX heard_target ON heard (target);
CREATE TABLE hushed (target BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER heard_no_delete BEFORE DELETE ON heard BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- Packages that were taken, so that an older one of the same signer is told from a newer one.
CREATE TABLE edition (
    format TEXT NOT NULL,
    digest BLOB NOT NULL,
    signer TEXT NOT NULL,
    series TEXT NOT NULL,
    number INTEGER NOT NULL,
    made INTEGER,
    batch INTEGER NOT NULL,
    PRIMARY KEY (digest, signer)
);
CREATE INDEX edition_series ON edition (format, signer, series, number);
"""


def _run_v5(connection: apsw.Connection) -> None:
    connection.execute(_V5)


# Which records were given to which agent, in which context; digest: a keyed hash of the text that was shown.
_V6 = """
CREATE TABLE handout (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    reader TEXT NOT NULL,
    token TEXT NOT NULL,
    cost INTEGER NOT NULL
);
CREATE TABLE handed (
    record BLOB NOT NULL,
    handout INTEGER NOT NULL,
    form TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (record, handout)
) WITHOUT ROWID;
"""


def _run_v6(connection: apsw.Connection) -> None:
    connection.execute(_V6)


# Capability tokens: what was granted, without what would let anybody use it, and the ids that are refused for good.
_V7 = """
CREATE TABLE issued_token (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    data BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE revoked_token (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;
"""


def _run_v7(connection: apsw.Connection) -> None:
    connection.execute(_V7)


# Keys of the files that hold what redaction took out of an export. A destroyed one leaves its id and the times.
_V8 = """
CREATE TABLE redaction_key (
    id TEXT PRIMARY KEY,
    key BLOB,
    counts BLOB NOT NULL,
    at INTEGER NOT NULL,
    shredded INTEGER
) WITHOUT ROWID;
"""


def _run_v8(connection: apsw.Connection) -> None:
    connection.execute(_V8)


# Forgetting: what it refuses at the door, what it found in other records, what it did.
_V9 = """
-- What the owner had erased is refused in other words' clothes too; what others deleted is only told.
ALTER TABLE erased_text ADD COLUMN refuse INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tombstone ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
-- Uids that the owner took back after all.
CREATE TABLE allowed (target BLOB PRIMARY KEY) WITHOUT ROWID;
-- An original in which an earlier state of a record stands once more.
CREATE TABLE telling (record INTEGER NOT NULL, original INTEGER NOT NULL, PRIMARY KEY (record, original)) WITHOUT ROWID;
CREATE INDEX record_original ON record (original) WHERE slot IS NULL;
CREATE INDEX version_original ON version (original);
-- Records that quoted what was erased, and keyed hashes of those passages, by how many words they have.
CREATE TABLE scrubbed (target BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE passage (key BLOB PRIMARY KEY, words INTEGER NOT NULL) WITHOUT ROWID;
-- What the vault's owner had erased: model.erasure.Erased.
CREATE TABLE erasure (batch INTEGER PRIMARY KEY, data BLOB NOT NULL);
-- Text in the kept bytes of small objects that their records do not hold: nobody searches it, quotations are found by it.
CREATE VIRTUAL TABLE aside_index USING fts5 (body, tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So'");
INSERT INTO aside_index (aside_index, rank) VALUES ('secure-delete', 1);
"""


def _run_v9(connection: apsw.Connection) -> None:
    connection.execute(_V9)


# What a receipt of an erasure tells: what left before, and fragments for a search of what was erased.
_V10 = """
-- Fragments of what a change erased, as keyed hashes (model.fragments), until a check has found nothing of it.
CREATE TABLE fragment (hash BLOB NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (hash, change)) WITHOUT ROWID;

-- What left the vault in the clear, and where to. Records that later changes than ``after`` brought, up to ``change``, may be
-- in it, as they held at the moment ``as_of`` where there is one. digest: of what was written; NULL while it is being written,
-- and of what was never finished.
CREATE TABLE export (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    format TEXT NOT NULL,
    target TEXT NOT NULL,
    after INTEGER NOT NULL,
    change INTEGER NOT NULL,
    as_of INTEGER,
    part INTEGER NOT NULL DEFAULT 0, -- it held a choice of them, as a text to paste does
    size INTEGER NOT NULL DEFAULT 0,
    digest BLOB
);
-- Of what a change erased: how many records an export may have held, and of how many that is certain; which platforms they came
-- from. What a receipt tells that nobody could find out afterwards.
CREATE TABLE held (
    change INTEGER NOT NULL,
    export INTEGER NOT NULL,
    records INTEGER NOT NULL,
    certain INTEGER NOT NULL,
    PRIMARY KEY (change, export)
) WITHOUT ROWID;
CREATE TABLE came_from (
    change INTEGER NOT NULL,
    platform TEXT NOT NULL,
    records INTEGER NOT NULL,
    PRIMARY KEY (change, platform)
) WITHOUT ROWID;
"""


def _run_v10(connection: apsw.Connection) -> None:
    connection.execute(_V10)


# What an import brought, for taking it back. Its rows lie together, so that the index costs an import next to nothing.
def _run_v11(connection: apsw.Connection) -> None:
    connection.execute("CREATE INDEX record_batch ON record (batch)")


# Vectors of records, by the model that made them: float16, little-endian, one for each passage of the text, one after another;
# empty where a record has no text. They leave with the state that they were made of, whatever removes it.
_V12 = """
CREATE TABLE vector_model (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    place TEXT NOT NULL,
    in_use INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE vector (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: readers hold vectors by it
    model INTEGER NOT NULL,
    record INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX vector_record ON vector (record, model);
CREATE TRIGGER vector_record_deleted AFTER DELETE ON record BEGIN DELETE FROM vector WHERE record = old.id; END;
CREATE TRIGGER vector_record_changed AFTER UPDATE OF data, slot ON record BEGIN
    DELETE FROM vector WHERE record = old.id;
END;
"""


def _run_v12(connection: apsw.Connection) -> None:
    connection.execute(_V12)


# Which keys signed what an import brought; sources in quarantine, and their records.
_V13 = """
CREATE TABLE signed (batch INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (batch, key)) WITHOUT ROWID;
CREATE TABLE hold (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: people know holds by it
    at INTEGER NOT NULL,
    request BLOB NOT NULL,
    records INTEGER NOT NULL,
    lifted INTEGER
);
CREATE TABLE held_back (record BLOB NOT NULL, hold INTEGER NOT NULL, PRIMARY KEY (record, hold)) WITHOUT ROWID;
"""


def _run_v13(connection: apsw.Connection) -> None:
    connection.execute(_V13)


# The undo window of erasures: what is kept, sealed under a key of the erasure's own (sqlite.undoable).
_V14 = """
CREATE TABLE undoable (
    batch INTEGER PRIMARY KEY,
    until INTEGER NOT NULL,
    key BLOB NOT NULL,
    records INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE undoable_row (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""


def _run_v14(connection: apsw.Connection) -> None:
    connection.execute(_V14)


# Which key vouched for an original's bytes, as they came: a record is verified by those of what it is the reading of.
_V15 = """
CREATE TABLE voucher (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE vouched (
    original INTEGER NOT NULL,
    voucher INTEGER NOT NULL,
    PRIMARY KEY (original, voucher)
) WITHOUT ROWID;
CREATE INDEX vouched_voucher ON vouched (voucher);
CREATE TRIGGER vouched_original_deleted AFTER DELETE ON original BEGIN DELETE FROM vouched WHERE original = old.id; END;
"""


def _run_v15(connection: apsw.Connection) -> None:
    connection.execute(_V15)


# How the source of a hold was named, for what it brings later; NULL where nothing later can be of it, or nobody noted it.
def _run_v16(connection: apsw.Connection) -> None:
    connection.execute("ALTER TABLE hold ADD COLUMN source BLOB")


#: In order; never edited, only appended to.
STEPS: tuple[Callable[[apsw.Connection], None], ...] = (
    _run_v1,
    _run_v2,
    _run_v3,
    _run_v4,
    _run_v5,
    _run_v6,
    _run_v7,
    _run_v8,
    _run_v9,
    _run_v10,
    _run_v11,
    _run_v12,
    _run_v13,
    _run_v14,
    _run_v15,
    _run_v16,
)


def migrate(connection: apsw.Connection, steps: tuple[Callable[[apsw.Connection], None], ...] = STEPS) -> int:
    """Bring the vault to the newest schema; returns how many steps ran. A step that fails leaves the version before it.

    Raises:
        VaultTooNew: a later Satchel wrote the vault.
    """
    with our_errors():
        done = connection.pragma("user_version")
    if done > len(steps):
        raise VaultTooNew(f"the vault has schema version {done}, this Satchel knows {len(steps)}", hint="update Satchel")
    ran = 0
    for number in range(done, len(steps)):
        with writing(connection):
            # Another process may have been first.
            if connection.pragma("user_version") == number:
                steps[number](connection)
                connection.pragma("user_version", number + 1)
                ran += 1
    return ran
