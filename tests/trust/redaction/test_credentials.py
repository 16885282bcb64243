"""Keys that people paste into memory stay out of prompts; talk about keys does not."""

from __future__ import annotations

import pytest

from satchel.trust.redaction.credentials import names_credential


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMII",
        "Uses sk-proj-" + "a1" * 20,
        "Key sk-ant-api03-" + "Zx9" * 10,
        "token ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "slack xoxb-123456789012-abc",
        "AWS AKIA" + "IOSFODNN7EXAMPLE"[:16],
        "AIza" + "a1B2c" * 7,
        "sk_live_" + "a1B2" * 5,
        "hf_" + "a1B2" * 9,
        "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.sig",
        "The wifi password is tulip-42-garden",
        "API key: 0123456789abcdef",
        "passphrase=correct4horse",
    ],
)
def test_credentials(text: str) -> None:
    assert names_credential(text)


@pytest.mark.parametrize(
    "text",
    [
        "Never asks for a password twice",
        "Password: none",
        "Prefers an access token of oauth2-style flows",
        "The password is kept in a manager",
        "Works on task sk-1234",
        "Rotates each API key every 90 days",
        "Reads about the private key format of OpenSSH",
        "The password is [REDACTED:password:to99ttrg] since 2024",
        "postgres://bob:[REDACTED:password:to99ttrg]@db/x",
        "see [REDACTED:private_key:vskpfc5n]",
    ],
)
def test_talk_about_credentials(text: str) -> None:
    assert not names_credential(text)


def test_hostile_texts_take_linear_work() -> None:
    for text in (
        "password" + " " * 200_000,
        "password:" * 30_000,
        "eyJ" * 100_000,
        "-----BEGIN " + "A " * 100_000,
        "sk-" * 90_000,
    ):
        names_credential(text)
