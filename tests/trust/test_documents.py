"""Signatures in documents of ours: three members, one spelling, over what was signed and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.trust.documents import holds, key_in
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ED25519, PrivateKey, encode_value

KEY = PrivateKey(ED25519, Secret(bytes(range(32))))


def signed(told: dict[str, str]) -> bytes:
    return f"document of {sorted(told.items())}".encode()


def block(**changes: Any) -> dict[str, Any]:
    told = {"algorithm": ED25519, "key": KEY.public.text}
    return {**told, "value": encode_value(KEY.sign(signed(told))), **changes}


def test_what_was_signed_holds() -> None:
    assert key_in(block()) == KEY.public
    assert holds(block(), KEY.public, signed)


@pytest.mark.parametrize(
    "signature",
    [
        block(more=1),
        block(algorithm="RS256"),
        block(algorithm="none"),
        block(value=block()["value"][:-2] + "AA"),
        block(value=""),
        block(value=block()["value"] + "="),
        block(key=KEY.public.text.upper()),
        {},
    ],
)
def test_anything_else_does_not(signature: dict[str, Any]) -> None:
    assert not holds(signature, KEY.public, signed)


def test_another_document_does_not() -> None:
    assert not holds(block(), KEY.public, lambda told: signed(told) + b".")


@pytest.mark.parametrize("key", ["", "x", None, 5])
def test_what_is_no_key_is_none(key: Any) -> None:
    assert key_in({"key": key}) is None
