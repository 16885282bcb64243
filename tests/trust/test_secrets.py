"""Secrets are not shown by accident."""

from __future__ import annotations

import logging
import traceback

import pytest

from satchel.trust.secrets import KEY_BYTES, Secret, new_key


def test_a_secret_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(b"planted-secret")
    logging.getLogger("test").warning("%s %r", secret, [secret])
    try:
        raise ValueError(secret)
    except ValueError:
        told = traceback.format_exc()
    for text in (str(secret), repr(secret), f"{secret}", caplog.text, told):
        assert "planted" not in text


def test_keys_are_fresh_and_compared_by_value() -> None:
    assert new_key() != new_key()
    assert len(new_key().reveal()) == KEY_BYTES
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != b"a"
    with pytest.raises(TypeError):
        hash(Secret(b"a"))
