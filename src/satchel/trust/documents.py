"""The signature of a JSON document of ours: ``{algorithm, key, value}``, over the document with all of it but the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.errors import InputError, SatchelError
from satchel.trust.public_keys import PublicKey, read_typed_key
from satchel.trust.signatures import ALGORITHMS, decode_value, encode_value, verify


def key_in(signature: dict[str, Any]) -> PublicKey | None:
    """The key that a signature names; None where that is none."""
    try:
        return read_typed_key(str(signature.get("key", "")))
    except InputError:
        return None


def holds(signature: dict[str, Any], key: PublicKey, signed: Callable[[dict[str, str]], bytes]) -> bool:
    """Whether a signature is the key's over what ``signed`` gives for its members without the value."""
    algorithm = ALGORITHMS.get(str(signature.get("algorithm", "")))
    # One key has one spelling, and the signature three members: nothing can be added to it.
    if algorithm is None or signature.keys() != {"algorithm", "key", "value"} or signature["key"] != key.text:
        return False
    told = {"algorithm": signature["algorithm"], "key": signature["key"]}
    try:
        made = decode_value(str(signature["value"]))
        return encode_value(made) == signature["value"] and verify(algorithm, key, made, signed(told))
    except SatchelError:
        return False
