"""Granting, listing, revoking and using tokens, as a person types it."""

from __future__ import annotations

import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from satchel.cli.app import app
from satchel.cli.door import OPEN
from tests.cli.conftest import Run
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
BOT = ("--caller", "agent:bot")


@pytest.fixture
def vault(satchel: Run) -> Run:
    assert satchel("import", EXAMPLES).code == 0
    assert satchel("keys", "create").code == 0
    return satchel


def grant(satchel: Run, path: Path, *words: object) -> dict[str, Any]:
    done = satchel("grant", *words, "-o", path)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def refused(satchel: Run, *words: object) -> tuple[str, str]:
    done = satchel(*words, "--json")
    assert done.code == 1
    error = json.loads(done.out)["error"]
    return error["refusal"], error["detail"]


def test_a_grant_is_a_token_that_opens_its_part(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    token = grant(vault, path, "--component", "semantic", "--audience", "agent:bot")
    assert token["scope"] == {"type": "component", "value": ["semantic"]}
    assert (token["permissions"], token["audience"]) == (["read"], "agent:bot")
    lives = datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(token["issued_at"])
    assert lives == timedelta(hours=24)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(vault("--token", path, *BOT, "search", "--limit", "1000", "--json").out)
    kinds = {hit["record"]["body"]["kind"] for hit in found["hits"]}
    assert kinds <= {"memory", "entity", "relation"}
    everything = json.loads(vault("search", "--kind", "memory", "--limit", "1000", "--json").out)
    assert 0 < found["total"] <= everything["total"]
    inside = found["hits"][0]["record"]["uid"]
    assert vault("--token", path, *BOT, "show", inside).code == 0


def test_what_is_out_of_scope_is_as_if_it_were_not_there(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    grant(vault, path, "--component", "semantic", "--audience", "agent:bot")
    (hit, *_) = json.loads(vault("search", "--kind", "conversation", "--json").out)["hits"]
    there = vault("--token", path, *BOT, "show", hit["record"]["uid"])
    nowhere = vault("--token", path, *BOT, "show", "f" * 40)
    assert (there.code, nowhere.code) == (1, 1)
    assert there.err.replace(hit["record"]["uid"], "f" * 40) == nowhere.err
    words = ("search", "--kind", "conversation", "--json")
    assert json.loads(vault("--token", path, *BOT, *words).out) == {"total": 0, "hits": []}


def test_a_talk_that_was_granted_by_its_id_comes_with_what_was_said(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    (hit, *_) = json.loads(vault("search", "--kind", "conversation", "--json").out)["hits"]
    uid = hit["record"]["uid"]
    token = grant(vault, path, "--entry", uid[:10], "--audience", "agent:bot")
    assert token["scope"] == {"type": "entry_ids", "value": [uid]}
    own, theirs = (json.loads(vault(*words, "show", uid, "--json").out) for words in ((), ("--token", path, *BOT)))
    assert [message["uid"] for message in theirs["messages"]] == [message["uid"] for message in own["messages"]] != []
    total = json.loads(vault("--token", path, *BOT, "search", "--json").out)["total"]
    assert total == 1 + len(own["messages"])


def test_every_permission_opens_its_own_command(vault: Run, tmp_path: Path) -> None:
    reads, exports = tmp_path / "reads.json", tmp_path / "exports.json"
    grant(vault, reads, "--component", "semantic", "--audience", "agent:bot")
    grant(vault, exports, "--component", "semantic", "--audience", "agent:bot", "-p", "export")
    words = ("export", "--to", "portable-ai-memory", tmp_path / "out")
    assert refused(vault, "--token", reads, *BOT, *words) == ("PAM_FORBIDDEN", "")
    assert not (tmp_path / "out").exists()
    assert vault("--token", exports, *BOT, *words).code == 0
    memories = json.loads((tmp_path / "out" / "memory-store.json").read_text())["memories"]
    assert memories
    assert not list((tmp_path / "out").glob("conversations/*"))
    assert refused(vault, "--token", exports, *BOT, "search", "ferry") == ("PAM_FORBIDDEN", "")


@pytest.mark.parametrize("name", sorted(set(app.commands) - OPEN))
def test_no_other_command_takes_a_token(vault: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "token.json"
    grant(vault, path, "--everything", "--bearer", "-p", "read", "-p", "write", "-p", "export")
    done = vault("--token", path, name)
    assert (done.code, done.out) == (1, "")
    assert "PAM_FORBIDDEN" in done.err


def test_the_token_may_be_named_by_the_environment(vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token.json"
    grant(vault, path, "--component", "semantic", "--audience", "agent:bot")
    monkeypatch.setenv("SATCHEL_TOKEN", str(path))
    assert refused(vault, "search", "ferry") == ("PAM_AUDIENCE_MISMATCH", "")
    monkeypatch.setenv("SATCHEL_CALLER", "agent:bot")
    assert vault("search", "ferry").code == 0
    assert refused(vault, "stats")[0] == "PAM_FORBIDDEN"
    monkeypatch.delenv("SATCHEL_TOKEN")
    assert vault("stats").code == 0


def test_a_token_that_was_named_and_is_not_there_opens_nothing(vault: Run) -> None:
    """Not even by an empty name, which a script's unset variable makes."""
    for name in ("", " ", "nowhere.json"):
        done = vault("--token", name, "search", "ferry")
        assert (done.code, done.out) == (1, "")
        assert vault("--token", name, "stats").code == 1


def test_signing_and_increments_are_the_owners(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    grant(vault, path, "--everything", "--bearer", "-p", "export")
    words = ("--token", path, "export", "--to", "portable-memory", tmp_path / "out.mem")
    for option in (("--sign", "main"), ("--since", "1")):
        done = vault(*words, *option)
        assert done.code == 1
        assert "--sign and --since are for the owner" in done.err
    assert not (tmp_path / "out.mem").exists()
    assert vault(*words).code == 0


def test_revoking(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    token = grant(vault, path, "--component", "semantic", "--audience", "agent:bot")
    assert vault("--token", path, *BOT, "search", "ferry").code == 0
    done = vault("revoke", token["id"][:8], "--reason", "lost")
    assert done.code == 0
    assert token["id"] in done.out
    assert refused(vault, "--token", path, *BOT, "search", "ferry") == ("PAM_FORBIDDEN", "TOKEN_REVOKED")
    assert "revoked before" in vault("revoke", token["id"]).out
    assert json.loads(vault("grants", "--json").out)["grants"] == []
    (listed,) = json.loads(vault("grants", "--all", "--json").out)["grants"]
    assert (listed["state"], listed["revoked"]["reason"]) == ("revoked", "lost")


def test_a_token_of_another_issuer_is_revoked_by_its_whole_id(vault: Run) -> None:
    assert vault("revoke", "cap:f47a").code == 1
    whole = "cap:f47ac10b-58cc-4372-a567-0e02b2c3d479"
    done = vault("revoke", whole, "--json")
    assert json.loads(done.out) == {"revoked": whole, "was_revoked_before": False, "issued_here": False}
    assert whole in vault("grants", "--all").out


def test_the_list_says_what_holds(vault: Run, tmp_path: Path) -> None:
    grant(vault, tmp_path / "a", "--any-tag", "work", "--audience", "agent:a", "--expires", "7d")
    grant(vault, tmp_path / "b", "--no-tag", "private", "--audience", "agent:b", "--not-before", "2h", "--expires", "3h")
    grant(vault, tmp_path / "c", "--all-tags", "x", "--all-tags", "y", "--bearer")
    out = vault("grants").out
    assert re.search(r"holds +agent:a +read +any of work", out)
    assert re.search(r"not yet +agent:b +read +none of private", out)
    assert re.search(r"holds +whoever has it +read +all of x, y", out)
    assert refused(vault, "--token", tmp_path / "b", "--caller", "agent:b", "search", "x") == (
        "PAM_UNAUTHORIZED",
        "NOT_YET_VALID",
    )
    assert vault("--token", tmp_path / "c", "search").code == 0


@pytest.mark.row("TOK-20", "TOK-24")
def test_what_should_be_thought_of_twice_is_said(vault: Run, tmp_path: Path) -> None:
    def warnings(*words: object) -> str:
        done = vault("grant", *words)
        assert done.code == 0, done.err
        return " ".join(line for line in done.err.splitlines() if line.startswith("Warning"))

    assert "everything in the vault" in warnings("--everything", "--audience", "agent:a")
    assert "24 hours" not in warnings("--everything", "--audience", "agent:a", "--expires", "24h")
    assert "24 hours" in warnings("--everything", "--audience", "agent:a", "--expires", "25h")
    assert "24 hours" in warnings("--component", "identity", "--audience", "agent:a", "--expires", "2d")
    assert warnings("--component", "semantic", "--audience", "agent:a", "--expires", "30d") == ""
    assert "whoever gets hold" in warnings("--component", "semantic", "--bearer")
    assert "no door" in warnings("--component", "semantic", "--audience", "agent:a", "-p", "write")
    assert "--irreversible alone" in warnings("--component", "semantic", "--audience", "agent:a", "--require-redaction")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--component", "semantic"], "whom is it for"),
        (["--audience", "agent:a"], "what is it about"),
        (["--component", "semantic", "--everything", "--audience", "agent:a"], "one kind of scope"),
        (["--component", "semantic", "--audience", "agent:a", "--bearer"], "leave one of them out"),
        (["--component", "semantic", "--audience", "agent:a", "--expires", "soon"], "--expires takes"),
        (["--component", "semantic", "--audience", "agent:a", "--expires", "2020-01-01"], "must lie ahead"),
        (["--component", "semantic", "--audience", "agent:a", "--expires", "1h", "--not-before", "2h"], "must lie ahead"),
        (["--component", "semantic", "--audience", "agent:a b", "--profile", "spec-1.0"], "operator:NAME or agent:NAME"),
        (["--component", "semantic", "--audience", "agent:a\n"], "printable"),
        (["--component", "dreams", "--audience", "agent:a"], "is not one of"),
        (["--entry", "ffff", "--audience", "agent:a"], "no record begins with"),
        (["--component", "semantic", "--audience", "agent:a", "--sign", "other"], "no signing key called"),
    ],
)
def test_what_cannot_be_granted_is_said_in_one_line(vault: Run, words: list[str], said: str) -> None:
    done = vault("grant", *words)
    assert done.code in (1, 2)
    assert said in done.err
    assert "Traceback" not in done.err
    assert json.loads(vault("grants", "--all", "--json").out)["grants"] == []


def test_a_file_in_the_way_stays(vault: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("mine")
    done = vault("grant", "--component", "semantic", "--audience", "agent:a", "-o", path)
    assert (done.code, path.read_text()) == (1, "mine")
    assert json.loads(vault("grants", "--json").out)["grants"] == []


def test_without_a_file_the_token_goes_to_standard_output(vault: Run) -> None:
    done = vault("grant", "--component", "semantic", "--audience", "agent:a")
    assert json.loads(done.out)["audience"] == "agent:a"
    said = json.loads(vault("grant", "--everything", "--audience", "agent:a", "--json").out)
    assert said["token"]["id"] == said["id"]
    assert len(said["warnings"]) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"scope": 5}'])
def test_what_is_no_token_is_refused_in_one_line(vault: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token.json"
    path.write_bytes(content)
    done = vault("--token", path, *BOT, "search", "ferry")
    assert done.code == 1
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    for missing in (tmp_path / "nowhere", tmp_path):
        assert vault("--token", missing, "search", "ferry").code == 1


def test_passing_on_a_part_of_what_one_holds(vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner grants to one who has a vault of their own, who passes a part on; the owner's vault knows the chain."""
    root, child, grandchild = (tmp_path / f"{name}.json" for name in ("root", "child", "grandchild"))
    words = ("--component", "semantic", "--component", "procedural", "-p", "read", "-p", "derive", "-p", "export")
    grant(vault, root, *words, "--audience", "agent:holder", "--expires", "12h")
    owner = tmp_path / "vault"
    monkeypatch.setenv("SATCHEL_VAULT", str(tmp_path / "theirs"))
    assert vault("import", EXAMPLES / "claude").code == 0
    key = vault("keys", "create").out.split()[-1]
    value: Any = grant(
        vault,
        child,
        "--delegate-from",
        root,
        "--component",
        "semantic",
        "-p",
        "read",
        "-p",
        "derive",
        "--audience",
        "agent:helper",
    )
    assert [len(value), value[0]["issuer"], value[0]["delegated_from"]] == [2, "agent:holder", value[1]["id"]]
    assert value[0]["expires_at"] == value[1]["expires_at"]
    for wider in (
        ["--component", "identity"],
        ["-p", "write"],
        ["--expires", "13h"],
        ["--everything"],
        ["--any-tag", "x"],
    ):
        done = vault("grant", "--delegate-from", root, "--audience", "agent:helper", *wider)
        assert done.code == 1, wider
        assert "cannot be delegated" in done.err
    # The helper has the same key in this test, and passes it on once more.
    grant(vault, grandchild, "--delegate-from", child, "--audience", "agent:third", "--max-entries", "2")
    monkeypatch.setenv("SATCHEL_VAULT", str(owner))
    third = ("--token", grandchild, "--caller", "agent:third")
    assert refused(vault, *third, "search") == ("PAM_INVALID_SIGNATURE", "UNKNOWN_ISSUER")
    assert vault("keys", "trust", key, "--name", "agent:holder").code == 0
    assert json.loads(vault("--token", child, "--caller", "agent:helper", "search", "--json").out)["total"] > 2
    assert refused(vault, *third, "search") == ("PAM_INVALID_SIGNATURE", "UNKNOWN_ISSUER")
    assert refused(vault, "--token", child, "--caller", "agent:third", "search")[0] == "PAM_AUDIENCE_MISMATCH"
    assert vault("revoke", value[1]["id"], "--reason", "ended").code == 0
    assert refused(vault, "--token", child, "--caller", "agent:helper", "search") == ("PAM_FORBIDDEN", "TOKEN_REVOKED")


def test_the_help_of_each_command_has_an_example(satchel: Run) -> None:
    for name in ("grant", "grants", "revoke"):
        out = satchel(name, "--help").out
        assert f"satchel {name}" in out.split("Options:")[0].split("Usage:")[1].partition("\n")[2]


def test_times_ahead() -> None:
    from satchel.cli.moments import ahead
    from satchel.errors import UsageError

    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert ahead("90s", "--x", now) - now == timedelta(seconds=90)
    assert ahead("2w", "--x", now) - now == timedelta(weeks=2)
    assert ahead("2026-02-01", "--x", now) == datetime(2026, 2, 1, tzinfo=UTC)
    assert ahead("2026-02-01T01:00+01:00", "--x", now) == datetime(2026, 2, 1, tzinfo=UTC)
    for text in ("", "h", "-1h", "1y", "999999999h", "999999w", "1.5h", "tomorrow"):
        with pytest.raises(UsageError):
            ahead(text, "--x", now)
