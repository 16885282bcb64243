"""Key files are age files: any age tool opens ours, and nothing else opens them."""

from __future__ import annotations

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import WrongKey
from satchel.trust import age
from satchel.trust.secrets import Secret, new_key


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=40), st.binary(min_size=1, max_size=100))
def test_pyrage_reads_what_we_write(passphrase: str, secret: bytes) -> None:
    """The age v1 format, by an implementation that is not ours."""
    assert pyrage.passphrase.decrypt(age.wrap_with_passphrase(Secret(secret), passphrase), passphrase) == secret


def test_a_wrong_passphrase_and_a_damaged_file_are_wrong_keys() -> None:
    wrapped = age.wrap_with_passphrase(new_key(), "right")
    with pytest.raises(WrongKey):
        age.unwrap_with_passphrase(wrapped, "wrong")
    for at in (0, 30, 60, len(wrapped) - 1):
        damaged = bytearray(wrapped)
        damaged[at] ^= 1
        with pytest.raises(WrongKey):
            age.unwrap_with_passphrase(bytes(damaged), "right")


def test_the_same_secret_is_never_wrapped_alike() -> None:
    key = new_key()
    assert age.wrap_with_passphrase(key, "x") != age.wrap_with_passphrase(key, "x")


def test_a_recovery_key_is_an_age_identity_and_opens_only_its_file() -> None:
    key = new_key()
    recovery, data = age.new_recovery(key)
    text = recovery.reveal().decode()
    assert text.startswith("AGE-SECRET-KEY-1")
    assert pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(text)]) == key.reveal()
    assert age.unwrap_with_recovery(data, f"  {text.lower()}\n") == key
    other, _ = age.new_recovery(key)
    with pytest.raises(WrongKey, match="another vault"):
        age.unwrap_with_recovery(data, other.reveal().decode())
