"""What these tests share: artifacts into a vault and out of it, and where the shared samples lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from satchel.formats.base import Written
from satchel.formats.portable_agent_memory import reader, writer
from satchel.formats.portable_agent_memory.profiles import Profile
from satchel.limits import DEFAULT
from satchel.model.packages import Edition
from satchel.model.record import Original, Record
from satchel.move.exports import VaultSelection
from satchel.move.imports import take
from satchel.trust.signatures import PrivateKey
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch
from tests.formats.portable_ai_memory.bag import Bag

SAMPLES = Path(__file__).parents[3].parent / "shared" / "conformance" / "portable-agent-memory"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared conformance data is not beside this clone")
#: RFC 8032 test 1, which signed the samples.
OPERATOR = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
TRUSTED = frozenset({OPERATOR})


def taken(store: SqliteStore, path: Path, *, trusted: frozenset[str] = frozenset(), accept: bool = False) -> Batch:
    """Import what is at ``path``."""
    with store.importing(path.name) as intake:
        items = reader.read(path, limits=DEFAULT, trusted=trusted, known=intake, accept_invalid_signature=accept)
        for item in items:
            take(intake, item)
        return intake.finish(())


def given(store: SqliteStore, target: Path, profile: Profile | None = None, key: PrivateKey | None = None) -> Written:
    """Export the vault."""
    return writer.write(VaultSelection(store), target, profile=profile, signing_key=key)


class Nothing:
    """A vault that holds nothing."""

    has_graves = False

    def buried(self, uid: str) -> str:
        return ""

    def said(self, uid: str) -> tuple[str, str] | None:
        return None

    def newest_edition(self, format: str, signer: str, series: str) -> Edition | None:
        return None

    def was_taken(self, digest: str) -> bool:
        return False

    def is_own_entry(self, number: int, hash: str) -> bool:
        return False


def records_in(path: Path, *, trusted: frozenset[str] = frozenset()) -> dict[str, tuple[Record, bytes]]:
    """The records that an empty vault would take, by uid, each with the bytes of its original."""
    found: dict[str, tuple[Record, bytes]] = {}
    for item in reader.read(path, limits=DEFAULT, trusted=trusted, known=Nothing()):
        if isinstance(item, Original):
            found |= {record.uid: (record, item.native) for record in item.read().records}
    return found


class Held(Bag):
    """A selection of records that were read, with the bytes that they were read from."""

    def __init__(self, found: dict[str, tuple[Record, bytes]]) -> None:
        super().__init__([record for record, _ in found.values()])
        self._natives = {uid: native for uid, (_, native) in found.items()}

    def native(self, record: Record) -> bytes | None:
        return self._natives[record.uid]
