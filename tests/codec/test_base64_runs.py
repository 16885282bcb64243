"""Base64 wherever it stands: both alphabets, any shift, line breaks, any cut of the stream; and what is compressed in it."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import random
import secrets
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.codec.base64_runs import LEAST_LETTERS, Runs
from satchel.codec.inspection import CHUNK_BYTES, Inspection
from satchel.codec.matching import Matcher
from satchel.model.fragments import Fragment, Marker

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SECRET = "Zorblax the tortoise sleeps behind the boiler, all winter long, and eats no salad; ünd mehr"
MARKER = Marker(secrets.token_bytes(32))
MATCHER = Matcher(MARKER.of_texts([SECRET]), MARKER)
WORDS = random.Random(1).randbytes(3000)


def decoded(data: bytes, cuts: list[int] | None = None) -> list[bytes]:
    """All that is decoded of a stream that comes in these pieces."""
    found: list[bytes] = []

    def long(_at: int, _is_whole: bool) -> Callable[[bytes | None], None]:
        whole = bytearray()

        def take(piece: bytes | None) -> None:
            if piece is None:
                found.append(bytes(whole))
            else:
                whole.extend(piece)

        return take

    runs = Runs(lambda pieces: found.extend(piece for _, piece in pieces), long)
    edges = [0, *sorted(cuts or []), len(data)]
    for start, end in itertools.pairwise(edges):
        runs.feed(data[start:end])
    runs.close()
    return found


def found(data: bytes, piece_bytes: int = CHUNK_BYTES) -> tuple[set[Fragment], list[int], list[str]]:
    """What an inspection finds: fragments, places, and what it could not read."""
    fragments: set[Fragment] = set()
    places: list[int] = []
    reasons: list[str] = []

    def tell(fragment: Fragment, at: int) -> None:
        fragments.add(fragment)
        places.append(at)

    inspection = Inspection(MATCHER, tell, reasons.append)
    for start in range(0, len(data), piece_bytes):
        inspection.feed(data[start : start + piece_bytes])
    inspection.close()
    return fragments, places, reasons


@given(
    whole=st.binary(min_size=12, max_size=9000),
    before=st.sampled_from([b"", b"x", b"ab", b"abc", b"abcd", b'{"data":"', b"data:text/plain;base64,"]),
    after=st.sampled_from([b"", b'"}', b" and on", b"\\"]),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]),
    escaped=st.booleans(),
    cuts=st.lists(st.integers(0, 12_000), max_size=6),
)
def test_whatever_is_encoded_is_decoded(
    whole: bytes, before: bytes, after: bytes, encode: Callable[[bytes], bytes], escaped: bool, cuts: list[int]
) -> None:
    run = encode(whole).rstrip(b"\n")
    if escaped:
        run = json.dumps(run.decode()).encode()[1:-1].replace(b"/", b"\\/")
    data = before + run + after
    # What stands before may belong to the same run, and shifts it; with whole groups nothing is lost of the inside.
    assert any(whole[3:-3] in piece for piece in decoded(data, [cut for cut in cuts if cut < len(data)]))


def test_short_runs_are_left_alone() -> None:
    assert decoded(b"some words of a text, none of them long " * 50) == []
    assert decoded(b"a" * (LEAST_LETTERS - 1)) == []


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("size", [0, 4000])
def test_a_text_is_found_at_any_offset_of_what_is_encoded_and_in_any_part_of_it(
    encode: Callable[[bytes], bytes], offset: int, shift: int, size: int
) -> None:
    """The encoded data before the text has any length, and the beginning of it may be cut off anywhere."""
    whole = WORDS[: size // 2] + b"~?" * offset + SECRET.encode() + WORDS[: size // 2]
    run = encode(whole)[shift:]
    fragments, places, reasons = found(b'{"image": "' + run + b'"}')
    assert fragments and reasons == []
    assert set(places) == {11}


@pytest.mark.parametrize("spelling", ["utf-8", "utf-16-le", "utf-16-be"])
def test_in_other_spellings(spelling: str) -> None:
    assert found(b"x: " + base64.b64encode(SECRET.encode(spelling)))[0]
    assert found(b"x: " + base64.b64encode(json.dumps([SECRET]).encode()))[0]


def _deflated(data: bytes) -> bytes:
    one = zlib.compressobj(wbits=-15)
    return one.compress(data) + one.flush()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, zstd.compress, _deflated])
@pytest.mark.parametrize("size", [0, 20_000, 3 << 20])
@pytest.mark.parametrize("piece_bytes", [4099, CHUNK_BYTES])
def test_what_is_compressed_in_it_is_found(pack: Callable[[bytes], bytes], size: int, piece_bytes: int) -> None:
    filler = random.Random(2).randbytes(size)
    packed = pack(filler + SECRET.encode() + filler[:100])
    fragments, _, reasons = found(b'["' + base64.b64encode(packed) + b'"]', piece_bytes)
    assert fragments and reasons == []


def test_base64_inside_what_is_compressed_inside_base64() -> None:
    inner = b'{"said":"' + base64.urlsafe_b64encode(SECRET.encode()) + b'"}'
    assert found(base64.encodebytes(gzip.compress(inner * 3)))[0]


def test_another_text_is_not_found() -> None:
    other = base64.b64encode(SECRET[::-1].encode() * 400)
    assert found(b"x " + other + b" " + base64.b64encode(zlib.compress(SECRET[::-1].encode())))[0] == set()


def test_a_bomb_in_base64_ends_at_the_limit() -> None:
    bomb = base64.b64encode(gzip.compress(gzip.compress(bytes(200 << 20))))
    fragments, _, reasons = found(b'"' + bomb + b'"')
    assert not fragments and reasons == ["gzip, unpacks to too much"]
