"""The payload of age files: the same bytes back from any place, and no byte of a chunk that is not what was written."""

from __future__ import annotations

import io
import os

import pyrage
import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.errors import MalformedInput
from satchel.trust import age
from satchel.trust.age_keys import read_identities
from satchel.trust.age_stream import CHUNK_BYTES, TAG_BYTES, Scratch, Sealer, Unsealer

KEY = bytes(range(32))
SEALED = CHUNK_BYTES + TAG_BYTES
IDENTITY = pyrage.x25519.Identity.generate()
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)
sizes = st.sampled_from(SIZES) | st.integers(0, 4 * CHUNK_BYTES)


def plain(size: int) -> bytes:
    """Bytes of which no two chunks are the same."""
    return (b"".join(number.to_bytes(8, "big") for number in range(size // 8 + 1)))[:size]


def sealed(data: bytes) -> bytes:
    file = io.BytesIO()
    sealer = Sealer(file, KEY)
    sealer.write(data)
    sealer.finish()
    return file.getvalue()


def opened(data: bytes) -> bytes:
    return Unsealer(io.BytesIO(data), KEY, start=0).read()


@pytest.mark.parametrize("size", SIZES)
def test_pyrage_reads_what_we_write_and_we_what_it_writes(size: int) -> None:
    data = plain(size)
    file = io.BytesIO()
    sealer = age.sealing(file, age.recipients([str(IDENTITY.to_public())]))
    sealer.write(data)
    sealer.finish()
    assert pyrage.decrypt(file.getvalue(), [IDENTITY]) == data
    theirs = io.BytesIO(pyrage.encrypt(data, [IDENTITY.to_public()]))
    keys = age.Identities(read_identities(str(IDENTITY).encode(), "key"))
    assert keys.unsealed(theirs, "file.age").read() == data


@settings(deadline=None, max_examples=40)
@given(size=sizes, cuts=st.lists(st.integers(0, 2 * CHUNK_BYTES), max_size=6))
@example(size=2 * CHUNK_BYTES, cuts=[CHUNK_BYTES])
def test_it_makes_no_difference_how_it_is_written(size: int, cuts: list[int]) -> None:
    data, file = plain(size), io.BytesIO()
    sealer = Sealer(file, KEY)
    at = 0
    for cut in [*cuts, size]:
        assert sealer.write(memoryview(data)[at : at + cut]) == len(data[at : at + cut])
        at += cut
        assert sealer.tell() == min(at, size)
    sealer.finish()
    assert file.getvalue() == sealed(data)
    with pytest.raises(io.UnsupportedOperation):
        sealer.write(b"more")


moves = st.lists(
    st.tuples(st.integers(-5, 4 * CHUNK_BYTES + 5), st.sampled_from([0, 1, 2]), st.integers(-1, 2 * CHUNK_BYTES)), max_size=12
)


@settings(deadline=None, max_examples=60)
@given(size=sizes, moves=moves)
def test_it_is_read_from_any_place_as_a_file_is(size: int, moves: list[tuple[int, int, int]]) -> None:
    data = plain(size)
    ours, model = Unsealer(io.BytesIO(b"head" + sealed(data)), KEY, start=4), io.BytesIO(data)
    assert ours.size_bytes == size
    for offset, whence, count in moves:
        target = offset + (0, model.tell(), size)[whence]
        if target < 0:
            with pytest.raises(OSError, match="before the start"):
                ours.seek(offset, whence)
            continue
        assert ours.seek(offset, whence) == model.seek(target)
        assert ours.read(count) == model.read(count)
        assert ours.tell() == model.tell()
    buffer = bytearray(100)
    ours.seek(size // 2)
    got = ours.readinto(buffer)
    assert bytes(buffer[:got]) == data[size // 2 : size // 2 + 100]


@settings(deadline=None, max_examples=40)
@given(size=st.sampled_from(SIZES[1:]), data=st.data())
def test_any_flipped_bit_is_damage(size: int, data: st.DataObject) -> None:
    file = bytearray(sealed(plain(size)))
    at = data.draw(st.integers(0, len(file) - 1))
    file[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(MalformedInput, match=r"damaged"):
        opened(bytes(file))


def test_the_chunks_before_the_damage_are_right_and_nothing_of_the_damaged_one_comes() -> None:
    data = plain(3 * CHUNK_BYTES)
    file = bytearray(sealed(data))
    file[SEALED + 5] ^= 1
    ours = Unsealer(io.BytesIO(bytes(file)), KEY, start=0)
    assert ours.read(CHUNK_BYTES) == data[:CHUNK_BYTES]
    with pytest.raises(MalformedInput, match="chunk 2 of 3"):
        ours.read(1)
    with pytest.raises(MalformedInput, match="chunk 2 of 3"):
        ours.check()
    ours.seek(2 * CHUNK_BYTES)
    assert ours.read() == data[2 * CHUNK_BYTES :]


@settings(deadline=None, max_examples=60)
@given(size=st.sampled_from(SIZES), data=st.data())
def test_what_is_cut_off_or_added_is_told_at_once(size: int, data: st.DataObject) -> None:
    file = sealed(plain(size))
    borders = list(range(0, len(file), SEALED))
    cut = data.draw(st.sampled_from(borders) | st.integers(0, len(file) - 1))
    added = data.draw(st.binary(min_size=1, max_size=40) | st.sampled_from([bytes(SEALED), file[:SEALED] or b"x", file]))
    for damaged in (file[:cut], file + added):
        with pytest.raises(MalformedInput, match="not whole"):
            Unsealer(io.BytesIO(damaged), KEY, start=0)


def test_chunks_cannot_change_places() -> None:
    file = sealed(plain(3 * CHUNK_BYTES))
    with pytest.raises(MalformedInput):
        opened(file[SEALED : 2 * SEALED] + file[:SEALED] + file[2 * SEALED :])
    with pytest.raises(MalformedInput):
        opened(file[:SEALED] + file[2 * SEALED :])


def test_only_nothing_has_an_empty_last_chunk() -> None:
    cipher = ChaCha20Poly1305(KEY)
    first = cipher.encrypt(bytes(12), plain(CHUNK_BYTES), None)
    last = cipher.encrypt((1).to_bytes(11, "big") + b"\x01", b"", None)
    with pytest.raises(MalformedInput, match="not whole"):
        opened(first + last)
    assert opened(cipher.encrypt(bytes(11) + b"\x01", b"", None)) == b""


def test_what_was_not_finished_is_not_whole() -> None:
    file = io.BytesIO()
    Sealer(file, KEY).write(plain(3 * CHUNK_BYTES))
    with pytest.raises(MalformedInput, match="not whole"):
        opened(file.getvalue())


def test_a_file_that_shrinks_or_grows_while_it_is_read() -> None:
    file = io.BytesIO(sealed(plain(3 * CHUNK_BYTES)))
    ours = Unsealer(file, KEY, start=0)
    file.seek(0, os.SEEK_END)
    file.write(b"more")
    assert ours.read(10) == plain(10)
    file.truncate(SEALED - 1)
    ours.seek(CHUNK_BYTES)
    with pytest.raises(MalformedInput):
        ours.read(1)


@settings(deadline=None, max_examples=25)
@given(pieces=st.lists(st.integers(0, CHUNK_BYTES + 9), max_size=6), reads=st.lists(st.integers(0, 70_000), max_size=4))
def test_scratch_is_written_then_read(pieces: list[int], reads: list[int]) -> None:
    model = io.BytesIO()
    with Scratch() as scratch:
        for number, size in enumerate(pieces):
            piece = bytes([number]) * size
            scratch.write(piece)
            model.write(piece)
            assert scratch.tell() == model.tell()
        assert scratch.seek(0) == model.seek(0)
        for size in [*reads, -1]:
            assert scratch.read(size) == model.read(size)
        with pytest.raises(io.UnsupportedOperation):
            scratch.write(b"again")


def test_nothing_of_it_stands_in_the_scratch_file() -> None:
    with Scratch() as scratch:
        scratch.write(b"the secret word " * 20_000)
        scratch.seek(0)
        raw = os.pread(scratch._file.fileno(), 1 << 20, 0)
        assert len(raw) > 300_000 and b"secret" not in raw
        assert os.fstat(scratch._file.fileno()).st_nlink == 0
