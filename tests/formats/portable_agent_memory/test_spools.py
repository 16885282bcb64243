"""What is put aside comes back, in whatever order it is asked for."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import OutputError
from satchel.formats.portable_agent_memory import spools
from satchel.formats.portable_agent_memory.spools import Spool, where_of


@given(st.lists(st.lists(st.binary(max_size=9), max_size=3), max_size=12), st.data())
def test_what_was_put_is_there(puts: list[list[bytes]], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch, Spool() as spool:
        patch.setattr(spools, "_WAITING", 8)
        patch.setattr(spools, "_CHUNK", 3)
        places = []
        for pieces in puts:
            places.append((spool.put_all(pieces), b"".join(pieces)))
            where, wanted = data.draw(st.sampled_from(places))
            assert spool.get(where) == wanted
        for where, wanted in data.draw(st.permutations(places)):
            assert spool.get(where_of(where.packed())) == wanted
            chunks = list(spool.chunks(where))
            assert b"".join(chunks) == wanted and all(len(chunk) <= 3 for chunk in chunks)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with Spool() as spool, pytest.raises(OutputError, match="no room for a temporary file"):
        spool.put(b"a" * 300_000)


def test_more_than_waits_in_memory_is_on_the_disk() -> None:
    with Spool() as spool:
        first = spool.put(b"a" * 300_000)
        second = spool.put(b"b" * 10)
        assert spool.get(first) == b"a" * 300_000
        assert spool.get(second) == b"b" * 10
