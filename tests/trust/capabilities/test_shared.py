"""The shared tokens, which the public SDK made: its verdicts by its rules, and ours by ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from satchel.model.components import Item
from satchel.trust.capabilities.scopes import permits
from satchel.trust.capabilities.tokens import Presented, Token, read_presented, read_token
from satchel.trust.capabilities.validation import Checks, refusal
from satchel.trust.public_keys import read_typed_key
from satchel.trust.signatures import ALGORITHMS, ED25519, verify

NAMES = (
    "wildcard-read", "component-read", "tag-finance", "entry-ids", "bearer-null-audience", "star-audience", "rehydrate-only",
    "expired", "expires-z-suffix", "no-expiry", "wrong-key", "unsigned", "tampered-permissions",
)  # fmt: skip
ISSUER = "operator:admin@example.com"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOT = "agent:analysis-bot"

#: What we say of each to the agent that most of them are made out to: None, or the code and our detail (dossier 5.5, 12.1).
OURS = {
    "star-audience": ("PAM_AUDIENCE_MISMATCH", ""),  # in this spelling * is a name like any other
    "expired": ("PAM_TOKEN_EXPIRED", ""),
    "no-expiry": ("PAM_TOKEN_EXPIRED", "NO_EXPIRY"),  # the SDK lets it live for ever
    "wrong-key": ("PAM_INVALID_SIGNATURE", ""),
    "unsigned": ("PAM_INVALID_SIGNATURE", ""),
    "tampered-permissions": ("PAM_INVALID_SIGNATURE", ""),
}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "conformance" / "portable-agent-memory"


@pytest.fixture(scope="module")
def vectors(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "sdk-profile" / "vectors.json").read_bytes())["tokens"]


@pytest.fixture(scope="module")
def key(folder: Path) -> Any:
    return read_typed_key(json.loads((folder / "keys.json").read_bytes())["operator-1"]["public"])


def load(folder: Path, name: str) -> Token:
    return read_presented((folder / "sdk-profile" / "tokens" / f"{name}.json").read_bytes()).token


def sdk_accepts(token: Token, key: Any, caller: str | None) -> bool:
    """The SDK's own rules (dossier 5.5): expiry where there is one, signature, audience."""
    if token.expires_at is not None and token.expires_at < NOW:
        return False
    if not any(verify(ALGORITHMS[ED25519], key, token.signature, data) for data in token.signed() if token.signature):
        return False
    return token.audience is None or token.audience == caller


def test_these_are_all_of_them(folder: Path, vectors: dict[str, Any]) -> None:
    assert {path.stem for path in (folder / "sdk-profile" / "tokens").iterdir()} == set(NAMES) == set(vectors)


@pytest.mark.row("TOK-03")
@pytest.mark.parametrize("name", NAMES)
def test_the_signed_text_is_the_sdks(folder: Path, vectors: dict[str, Any], name: str) -> None:
    token = load(folder, name)
    assert token.signed() == [vectors[name]["payload"].encode()]
    assert token.signature.hex() == vectors[name]["issuer_signature"]


@pytest.mark.parametrize("name", NAMES)
def test_the_sdks_verdict_by_its_rules(folder: Path, vectors: dict[str, Any], key: Any, name: str) -> None:
    token, said = load(folder, name), vectors[name]
    for caller, word in ((BOT, f"for_{BOT}"), ("agent:other", "for_other"), (None, "no_audience")):
        assert sdk_accepts(token, key, caller) is said[f"sdk_valid_{word}"], caller


@pytest.mark.parametrize("name", NAMES)
def test_our_verdict(folder: Path, key: Any, name: str) -> None:
    token = load(folder, name)

    def ask(caller: str, issuer: str = ISSUER) -> tuple[str, str] | None:
        found = refusal(
            Presented(token),
            Checks(issuers=lambda name: [key] if name == issuer else [], caller=caller, now=NOW, revoked=lambda _: frozenset()),
        )
        return None if found is None else (found.code, found.detail)

    assert ask(BOT) == OURS.get(name)
    # Nobody else has any use of it, but of the one that is for whoever has it.
    assert (ask("agent:other") is None) == (name == "bearer-null-audience")
    assert (ask("") is None) == (name == "bearer-null-audience")
    if name not in OURS:
        assert ask(BOT, issuer="operator:other") == ("PAM_INVALID_SIGNATURE", "UNKNOWN_ISSUER")


@pytest.mark.row("TOK-05", "TOK-06", "TOK-09")
@pytest.mark.parametrize("name", NAMES)
def test_what_it_selects_of_an_artifact(folder: Path, vectors: dict[str, Any], name: str) -> None:
    token = load(folder, name)
    artifact = json.loads((folder / "sdk-profile" / "five-components-signed.pam").read_bytes())
    # The SDK's filter asks for "read", and for nothing else.
    selected = [
        entry["id"]
        for component in ("episodic", "semantic", "procedural", "working", "identity")
        for entry in artifact[component]
        if permits(token.scope, Item(frozenset([entry["id"]]), component, frozenset(entry["tags"])))
        if "read" in token.permissions
    ]
    assert selected == vectors[name]["sdk_filtered_ids_of_five_components"]


def test_the_specifications_token(folder: Path) -> None:
    artifact = json.loads((folder / "spec-profile" / "multi-component.pam.json").read_bytes())
    key = read_typed_key(json.loads((folder / "spec-profile" / "vectors.json").read_bytes())["public_key"])
    (value,) = artifact["capability_tokens"]
    token = read_token(value)

    def ask(value: dict[str, Any], caller: str = BOT) -> str:
        checks = Checks(issuers=lambda _: [key], caller=caller, now=NOW, revoked=lambda _: frozenset())
        found = refusal(Presented(read_token(value)), checks)
        return found.code if found else ""

    assert token.profile == "spec-1.0"
    assert ask(value) == ""
    assert ask(value, "agent:other") == "PAM_AUDIENCE_MISMATCH"
    assert ask({**value, "permissions": ["read", "rehydrate", "export"]}) == "PAM_INVALID_SIGNATURE"


def test_tokens_in_an_artifact_are_the_ones_beside_it(folder: Path) -> None:
    artifact = json.loads((folder / "sdk-profile" / "tokens-embedded.pam").read_bytes())
    found = [read_token(value) for value in artifact["capability_tokens"]]
    assert found == [load(folder, name) for name in ("wildcard-read", "component-read", "tag-finance", "entry-ids")]
