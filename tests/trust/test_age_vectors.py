"""The age project's own test vectors: what must open opens to what it says, and all else is refused for its reason."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from satchel.errors import InputError, LimitExceeded, Locked, MalformedInput
from satchel.trust.age import Identities
from satchel.trust.age_keys import Identity, read_identities
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "data" / "age-vectors"
VECTORS = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")


class Vector(NamedTuple):
    expect: str
    payload: str
    keys: tuple[Identity, ...]
    passphrase: str
    file: bytes


def read(path: Path) -> Vector:
    head, _, file = path.read_bytes().partition(b"\n\n")
    lines = [line.split(": ", 1) for line in head.decode().splitlines()]
    said = dict(lines)
    keys = "\n".join(value for name, value in lines if name == "identity")
    if said.get("compressed") == "zlib":
        file = zlib.decompress(file)
    identities = read_identities(keys.encode(), "identity") if keys else ()
    return Vector(said["expect"], said.get("payload", ""), identities, said.get("passphrase", ""), file)


def opened(vector: Vector) -> bytes:
    unsealed = Identities(vector.keys, lambda _: vector.passphrase).unsealed(io.BytesIO(vector.file), "file.age")
    unsealed.check()
    return unsealed.read()


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name)
def test_a_vector(path: Path) -> None:
    vector = read(path)
    if vector.expect == "success":
        assert hashlib.sha256(opened(vector)).hexdigest() == vector.payload
        return
    with pytest.raises(InputError) as told:
        opened(vector)
    match vector.expect:
        case "no match":
            assert isinstance(told.value, Locked)
        case "HMAC failure":
            assert "MAC" in told.value.message
        case "header failure":
            # A work factor past the limit is one of these, and so is a nonce that is cut off.
            assert isinstance(told.value, MalformedInput | LimitExceeded)
            assert re.search("header|version|work factor|no age file", told.value.message)
        case "payload failure":
            assert "encrypted file" in told.value.message
        case other:
            raise AssertionError(other)


def test_they_are_all_there() -> None:
    expected = [read(path).expect for path in VECTORS]
    assert len(expected) > 90
    assert set(expected) == {"success", "no match", "HMAC failure", "header failure", "payload failure"}
