"""A probe set put to a real server: what it is asked, what is kept, and going on after a fault."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import LimitExceeded, MalformedInput, NetworkError, UsageError
from satchel.recall.evaluation import endpoint as endpoints
from satchel.recall.evaluation import probing
from satchel.recall.evaluation.endpoint import KEY_VARIABLE, Endpoint
from satchel.recall.evaluation.transfer import Probes, Question, Task, report
from satchel.vault.sqlite.store import SqliteStore
from tests.recall.evaluation.chat_host import ChatHost
from tests.recall.made import NOW, give, memory

PROBES = Probes(
    probe_tasks=(
        Task(id="t1", prompt="What colour has the kayak?", expect_substring="red"),
        Task(id="t2", prompt="What is the dog called?", expect_substring="Rex"),
    ),
    probe_questions=(Question(id="q1", prompt="Tell me of the kayak", source_response="The kayak is red"),),
)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def recalling(body: dict[str, Any]) -> str:
    """A model that knows what its prompt says and nothing else."""
    (message,) = body["messages"]
    return "The kayak is red" if "The kayak is red" in message["content"] else "I do not know"


def models(host: ChatHost, *, source: str = "source", budget: int = 4096) -> dict[probing.Side, probing.Model]:
    there = Endpoint.named(host.url)
    return {"source": probing.Model(there, source, 128_000), "target": probing.Model(there, "target", budget)}


def test_both_sides_are_asked_and_scored(store: SqliteStore, tmp_path: Path) -> None:
    give(store, memory("1", "The kayak is red"), memory("2", "The dog is old"))
    out = tmp_path / "report.json"
    with ChatHost(recalling) as host:
        both = models(host)
        state = probing.read_state(out, NOW)
        calls = probing.planned(store, PROBES, both, NOW)
        assert [(call.side, call.kind, call.id) for call in calls] == [
            ("source", "task", "t1"), ("source", "task", "t2"),
            ("target", "task", "t1"), ("target", "task", "t2"), ("target", "question", "q1"),
        ]  # fmt: skip
        assert host.asked == [], "nothing is asked before its cost is known"
        probing.run(store, calls, both, state, out)
        assert {path for path, _, _ in host.asked} == {"/v1/chat/completions"}
        for _, headers, body in host.asked:
            assert "authorization" not in headers and body["temperature"] == 0
            sent = len(body["messages"][0]["content"].encode())
            assert sent + body["max_tokens"] <= max(call.tokens for call in calls) + 1
    made = report(probing.answered(PROBES, calls, both, state), at=NOW)
    assert (made.metrics.tcs, made.metrics.rhf) == (1.0, pytest.approx(1.0))
    assert (made.source_agent.name, made.target_agent.name) == ("source", "target")
    assert made.rehydration_config["token_budget"] == 4096


def test_who_was_given_what_is_noted(store: SqliteStore, tmp_path: Path) -> None:
    fact = memory("1", "The kayak is red")
    give(store, fact)
    with ChatHost(recalling) as host:
        both = models(host)
        calls = probing.planned(store, PROBES, both, NOW)
        probing.run(store, calls, both, probing.read_state(tmp_path / "r", NOW), tmp_path / "r")
    assert {handout.reader for handout in store.handouts([fact.uid])} == {"source", "target"}


def test_a_run_that_broke_off_goes_on_where_it_stopped(store: SqliteStore, tmp_path: Path) -> None:
    give(store, memory("1", "The kayak is red"))
    out = tmp_path / "report.json"
    count = 0

    def failing(body: dict[str, Any]) -> str | tuple[int, dict[str, str], bytes]:
        nonlocal count
        count += 1
        return recalling(body) if count != 3 else (500, {}, b"stack trace with secrets")

    with ChatHost(failing) as host:
        both = models(host)
        calls = probing.planned(store, PROBES, both, NOW)
        with pytest.raises(NetworkError, match="status 500") as refused:
            probing.run(store, calls, both, probing.read_state(out, NOW), out)
        assert "secrets" not in str(refused.value)
        kept = probing.state_file(out)
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        again = probing.read_state(out, NOW.replace(year=2030))
        assert again.at == NOW and len(again.answers) == 2
        calls = probing.planned(store, PROBES, both, again.at)
        assert len(probing.waiting(calls, again)) == 3
        probing.run(store, calls, both, again, out)
        assert count == 6, "what was answered is not asked again"
        # Another model, budget or memory is another question.
        assert len(probing.waiting(probing.planned(store, PROBES, models(host, source="other"), NOW), again)) == 2
        give(store, memory("2", "The dog is called Rex, the kayak too"))
        assert probing.waiting(probing.planned(store, PROBES, both, NOW), again)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"at": "2026-01-01T00:00:00", "answers": {}}', b'{"at": 1, "answers": []}']
)
def test_a_state_that_is_none_is_left_alone(tmp_path: Path, data: bytes) -> None:
    out = tmp_path / "report.json"
    probing.state_file(out).write_bytes(data)
    with pytest.raises(MalformedInput, match="no state"):
        probing.read_state(out, NOW)
    assert probing.state_file(out).read_bytes() == data


def asked(host: ChatHost) -> str:
    return Endpoint.named(host.url).ask("m", "hello", 16)


def test_a_busy_server_is_asked_again() -> None:
    answers = iter([(429, {"Retry-After": "0"}, b""), (503, {"Retry-After": "0"}, b""), "well"])
    with ChatHost(lambda body: next(answers)) as host:  # type: ignore[return-value]
        assert asked(host) == "well" and len(host.asked) == 3


def test_a_server_that_stays_busy_is_given_up() -> None:
    with ChatHost(lambda body: (503, {"Retry-After": "0"}, b"")) as host, pytest.raises(NetworkError, match="503"):
        asked(host)
    assert len(host.asked) == endpoints.TRIES


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"<html>", b'{"choices": 3}', b'{"choices": [{"message": {"content": 3}}]}', b"[" * 100_000, b"\xff"],
)
def test_answers_of_another_shape(body: bytes) -> None:
    with ChatHost(lambda _: (200, {}, body)) as host, pytest.raises(MalformedInput, match="not as a chat endpoint"):
        asked(host)


@pytest.mark.parametrize("body", [b'{"choices": []}', b'{"choices": [{"message": {"content": null}}]}'])
def test_no_answer_is_an_empty_one(body: bytes) -> None:
    with ChatHost(lambda _: (200, {}, body)) as host:
        assert asked(host) == ""


def test_redirects_are_not_followed_and_floods_are_cut() -> None:
    with (
        ChatHost(lambda body: "well") as other,
        ChatHost(lambda _: (307, {"Location": f"{other.url}/chat/completions"}, b"")) as host,
    ):
        with pytest.raises(NetworkError, match="307"):
            asked(host)
        assert other.asked == []
    with ChatHost(lambda _: (200, {}, b" " * (endpoints.ANSWER_BYTES + 1))) as host, pytest.raises(LimitExceeded):
        asked(host)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NetworkError, match="cannot be asked"):
        Endpoint.named(f"http://127.0.0.1:{port}/v1").ask("m", "x", 1)


def test_the_key_comes_from_the_environment_and_never_goes_out_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k-123")
    with ChatHost(lambda body: "well") as host:
        asked(host)
        assert host.asked[0][1]["authorization"] == "Bearer k-123"
    assert Endpoint.named("https://api.example.com/v1").key == "k-123"
    for url in ("http://api.example.com/v1", "http://localhost.example.com/v1", "http://127.0.0.1.example.com/"):
        with pytest.raises(UsageError, match="in clear") as refused:
            Endpoint.named(url)
        assert "k-123" not in str(refused.value)
    monkeypatch.setenv(KEY_VARIABLE, "k\r\nX-Evil: 1")
    with pytest.raises(UsageError, match="no key"):
        Endpoint.named("https://api.example.com/v1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://x/v1",
        "file:///etc/passwd",
        "http://",
        "http://user:pw@x/v1",
        "http://x/v1?a=b",
        "http://x/#a",
    ],
)
def test_what_is_no_endpoint(url: str) -> None:
    with pytest.raises(UsageError, match="plain http or https"):
        Endpoint.named(url)


def test_the_same_question_to_the_same_model_is_asked_once(store: SqliteStore, tmp_path: Path) -> None:
    give(store, memory("1", "The kayak is red"))
    with ChatHost(recalling) as host:
        there = Endpoint.named(host.url)
        both: dict[probing.Side, probing.Model] = {
            "source": probing.Model(there, "m", 4096),
            "target": probing.Model(there, "m", 4096),
        }
        state = probing.read_state(tmp_path / "r", NOW)
        calls = probing.planned(store, PROBES, both, NOW)
        probing.run(store, calls, both, state, tmp_path / "r")
        assert len(host.asked) == 3
    assert json.loads(probing.state_file(tmp_path / "r").read_bytes())["answers"].keys() == state.answers.keys()
