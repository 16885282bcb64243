"""What an export is known by: a UUID that is a hash of the vault's state, so that an increment can name an export by its state.

A full export of one state that is written in one way has one id, whenever it is written: what ``--since`` names by a time or a
change is that. An increment has an id of its own, a hash of its base's and of that of the state that it leads to.
"""

from __future__ import annotations

from datetime import datetime

from satchel.formats.base import Selection, Since
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.sidecar import State
from satchel.model.ids import make_uid, uuid_of
from satchel.model.times import to_rfc3339


class Identity:
    """Of one export. ``sdk`` and ``stripped`` are how it is written: such a one says something else of the same state."""

    def __init__(self, selection: Selection, since: Since | None, *, sdk: bool, stripped: bool) -> None:
        self._owner = selection.owner_id
        self._state = selection.state
        self._date = selection.changed_at
        self._how = f"{'sdk' if sdk else ''} {'stripped' if stripped else ''}"
        self._id = ""
        #: The id of the export that it goes on from; "" for a full one.
        self.base_id = "" if since is None else since.previous or self._of(since.change, since.made)

    def _of(self, change: int, made: datetime | None) -> str:
        # A vault that was restored from a backup may come to the same number again: the time tells.
        date = to_rfc3339(made) if made is not None else ""
        return uuid_of(make_uid(terms.STORE_SCHEMA, "export", self._owner, str(change), date, self._how))

    def export_id(self, checksum: str) -> str:
        """Its id. ``checksum``, of its memories, is what a view of the past is known by: that is no state of the vault."""
        if not self._state.vault:
            self._id = uuid_of(make_uid(terms.STORE_SCHEMA, "export", self._owner, checksum))
        else:
            whole = self._of(self._state.change, self._date)
            self._id = uuid_of(make_uid(terms.STORE_SCHEMA, "increment", self.base_id, whole)) if self.base_id else whole
        return self._id

    def state(self) -> State | None:
        """What the sidecar says for the next increment, once it has its id; None for a view of the past."""
        if not self._state.vault:
            return None
        return State(self._state.vault, self._state.change, to_rfc3339(self._date), self._id)
