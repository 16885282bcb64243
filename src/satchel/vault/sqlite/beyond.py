"""A tombstone of another vault of the owner's, on records that came to both from elsewhere (a provider's export).

The rows of a bundle are not all that it speaks of: it names the records by their uids, which are the same in every vault that
read the same export. That is believed only of a key that the owner trusts, or of the vault's own.
"""

from __future__ import annotations

import apsw

from satchel.model.erasure import Request
from satchel.model.record import Tombstone
from satchel.vault.sqlite import audit, barred, erasing, graves, quotations, undoable
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.closure import Reaching


def carry_out(
    connection: apsw.Connection, kept: Originals, tombstone: Tombstone, *, batch: int, now: int, secret: bytes
) -> graves.Burial:
    """Erase what it names of other sources, with what goes along here, and forbid it; done again, it does nothing more."""
    named = [bytes.fromhex(uid) for uid in tombstone.beyond]
    # What was let in again here since stays.
    uids = [uid for uid in named if not graves.is_allowed(connection, uid)]
    reaching = Reaching(connection, kept, Request(mode=tombstone.op))
    reaching.run(uid for uid in uids if not _is_skeleton(connection, uid))
    gone = reaching.gone
    for record in gone:
        for state in record.states:
            barred.bar(connection, state, secret)
    wholes, called = quotations.untitle(connection, kept, secret, gone)
    removed: dict[str, int] = {}
    if gone:
        undoable.purge(connection, now=now)
        erasing.erase(connection, kept, gone, called)
    for record in gone:
        op = "redact" if record.stays else "delete"
        removed[record.kind] = removed.get(record.kind, 0) + 1
        how = reaching.going[record.uid].how
        detail = {"uid": record.uid.hex(), "how": how, "kind": record.kind, "by": tombstone.name}
        audit.append(connection, at=now, operation=op, batch=batch, detail=detail)
        graves.forbid(connection, record.uid, op)
    for uid in uids:
        graves.forbid(connection, uid, tombstone.op if uid == named[0] else "delete")
    return graves.Burial(
        removed, [each for each in reaching.quoting if each.uid not in wholes and not each.says_the_same], set()
    )


def _is_skeleton(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether it was redacted before: a skeleton has no more to lose."""
    return graves.buried(connection, uid) == "redact"
