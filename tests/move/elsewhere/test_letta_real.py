"""Forgetting at Letta's own server, release 0.16.8 with PostgreSQL, and whether the server of ours that the other tests ask
says what it says. ``scripts/letta`` sets it up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from satchel.cli.app import app
from satchel.errors import NetworkError, UsageError
from satchel.move.elsewhere import api_of, provider_called
from satchel.move.elsewhere.base import Outcome, Wanted
from satchel.trust.secrets import Secret
from tests.move.elsewhere.letta_real import ENVIRONMENT, KEY, CannotRunHere, RealLetta
from tests.move.elsewhere.letta_server import Letta

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ENVIRONMENT / "pinned.txt").exists(), reason="Letta's own server is not here: sh scripts/letta"),
]

SECRET = "Zorblax the tortoise sleeps behind the boiler"
NO_AGENT = "agent-123e4567-e89b-42d3-8456-426614174000"
NO_STEP = "step-123e4567-e89b-42d3-8456-426614174000"


@pytest.fixture(scope="module")
def server() -> Iterator[RealLetta]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(RealLetta())
        except CannotRunHere as error:
            pytest.skip(str(error))
        yield started


@pytest.fixture
def letta(server: RealLetta) -> RealLetta:
    """The server, with no agent, archive or block."""
    for kind in ("agents", "archives", "blocks"):
        for item in server.ask("GET", f"/v1/{kind}/?limit=1000"):
            server.ask("DELETE", f"/v1/{kind}/{item['id']}")
    return server


def forget(url: str, *, user: str = "", dry_run: bool = False, key: str = KEY, wanted: str = SECRET) -> Outcome:
    gone = [Wanted("ab" * 20, "", wanted)]
    api = api_of("letta", url, Secret(key.encode()))
    return provider_called("letta").delete(api, gone, user=user, dry_run=dry_run, progress=lambda _count: None)


def found_by_search(letta: RealLetta, agent: str, text: str) -> list[str]:
    in_agent = letta.ask("GET", f"/v1/agents/{agent}/archival-memory/search?query=Zorblax&top_k=100")["results"]
    by_body = letta.ask("POST", "/v1/passages/search", {"query": text, "agent_id": agent})
    return [item["content"] for item in in_agent] + [item["passage"]["text"] for item in by_body]


def test_a_passage_is_deleted_in_each_agent_and_only_it(letta: RealLetta) -> None:
    one, two = letta.agent(SECRET, "lighthouses"), letta.agent(f"  {SECRET.upper()}\n")
    assert SECRET in found_by_search(letta, one, SECRET)
    done = forget(letta.url)
    assert (done.found, done.deleted, done.is_gone, done.unasked) == (2, 2, True, ())
    assert list(letta.passages(one).values()) == ["lighthouses"]
    assert letta.passages(two) == {}
    assert found_by_search(letta, one, SECRET) == ["lighthouses"] * 2
    assert found_by_search(letta, two, SECRET) == []
    assert "orblax" not in letta.database(), "the rows are gone, not only marked"


def test_one_agent_alone(letta: RealLetta) -> None:
    one, two = letta.agent(SECRET), letta.agent(SECRET)
    assert forget(letta.url, user=two).deleted == 1
    assert (len(letta.passages(one)), len(letta.passages(two))) == (1, 0)


def test_a_dry_run_changes_nothing(letta: RealLetta) -> None:
    agent = letta.agent(SECRET, block=SECRET)
    before = letta.database()
    done = forget(letta.url, dry_run=True)
    assert (done.found, done.deleted, done.ids) == (1, 0, tuple(letta.passages(agent)))
    assert letta.database() == before


def test_blocks_and_messages_are_left_and_told(letta: RealLetta) -> None:
    agent = letta.agent(
        SECRET, block=f"Likes tea. {SECRET}.", said=[("user", f"By the way: {SECRET}!"), ("assistant", "Good.")]
    )
    (block,) = letta.ask("GET", f"/v1/agents/{agent}/core-memory/blocks")
    done = forget(letta.url)
    assert (done.deleted, done.still) == (1, {f"block {block['id']} of agent {agent}": 1, "history": 1})


def test_what_an_agent_kept_by_itself_stays_in_its_talk_and_in_what_the_model_was_sent(letta: RealLetta) -> None:
    """The model calls the tool: its arguments are JSON in a text of the message."""
    said = 'Café "Zorblax" sleeps behind the boiler'
    agent = letta.agent(tools=["archival_memory_insert"])
    letta.model.calls = ("archival_memory_insert", json.dumps({"content": said}))
    letta.ask("POST", f"/v1/agents/{agent}/messages", {"messages": [{"role": "user", "content": "hello"}]})
    assert list(letta.passages(agent).values()) == [said]
    done = forget(letta.url, wanted=said)
    assert letta.passages(agent) == {}
    assert (done.deleted, done.still) == (1, {"history": 1, "traces": 1})


def test_pages_of_passages_and_of_a_long_talk(letta: RealLetta) -> None:
    said = [("user", SECRET), *[("assistant" if at % 2 else "user", f"note {at}") for at in range(250)]]
    agent = letta.agent("first", said=said)
    (archive,) = letta.ask("GET", "/v1/archives/?limit=2")
    texts = [SECRET if at == 230 else f"note {at}" for at in range(240)]
    letta.fill(archive["id"], texts)
    done = forget(letta.url)
    assert (done.deleted, done.still, done.sent) == (1, {"history": 1}, 1)
    assert sorted(letta.passages(agent).values()) == sorted(["first", *texts[:230], *texts[231:]])


def test_an_agent_that_was_deleted_there_left_its_archive_and_its_block(letta: RealLetta) -> None:
    secret = "Quibblewick the heron stands behind the mill"
    gone = letta.agent(secret, "tea", block=f"Says {secret}")
    letta.agent("lighthouses")
    letta.ask("DELETE", f"/v1/agents/{gone}")
    assert "Quibblewick" in letta.database()
    (block,) = letta.ask("GET", "/v1/blocks/?connected_to_agents_count_eq=0")
    done = forget(letta.url, wanted=secret)
    assert (done.deleted, done.still, done.unasked) == (1, {f"block {block['id']}": 1}, ())
    letta.ask("DELETE", f"/v1/blocks/{block['id']}")
    assert "Quibblewick" not in letta.database()


def test_a_wrong_key_and_a_wrong_agent(letta: RealLetta) -> None:
    letta.agent(SECRET)
    with pytest.raises(NetworkError, match="does not take the key"):
        forget(letta.url, key="wrong")
    for nobody in (NO_AGENT, "agent-9"):
        with pytest.raises(UsageError, match="no such agent"):
            forget(letta.url, user=nobody)


def test_the_command_line(letta: RealLetta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PASSPHRASE": "correct horse", "VAULT": str(tmp_path / "vault"), "PROVIDER_KEY": KEY}.items():
        monkeypatch.setenv(f"SATCHEL_{name}", value)
    source = tmp_path / "said.json"
    source.write_text(json.dumps([{"id": "other-1", "memory": SECRET, "hash": "0" * 32, "user_id": "somebody"}]))
    agent = letta.agent(SECRET, "lighthouses", block=f"Knows: {SECRET}")
    (block,) = letta.ask("GET", f"/v1/agents/{agent}/core-memory/blocks")
    command = ["forget", "--search", "zorblax", "--at", "letta", "--provider-url", letta.url]
    run = CliRunner()
    assert run.invoke(app, ["import", str(source)]).exit_code == 0
    looked = run.invoke(app, [*command, "--dry-run"])
    assert looked.exit_code == 0 and "1 memory found" in looked.output, looked.output
    assert len(letta.passages(agent)) == 2
    done = run.invoke(app, [*command, "--yes"])
    assert done.exit_code == 3, done.output
    assert "1 memory found, 1 deleted" in done.output
    assert f"block {block['id']} of agent {agent}" in "".join(done.output.split("\n  ")) or block["id"] in done.output
    assert list(letta.passages(agent).values()) == ["lighthouses"]
    assert "Nothing found" in run.invoke(app, ["search", "zorblax"]).output


#: Members whose values are a server's own, and in searches the order.
OWN = {"created_at", "score", "detail", "name", "limit"}


def agrees(ours: Any, real: Any, where: str = "") -> None:
    """Whether ours says nothing but what the real one says, which says more."""
    if isinstance(ours, dict):
        assert isinstance(real, dict), where
        for name, value in ours.items():
            assert name in real, f"{where}/{name}"
            if name in OWN:
                assert type(value) is type(real[name]), f"{where}/{name}"
            else:
                agrees(value, real[name], f"{where}/{name}")
    elif isinstance(ours, list):
        assert isinstance(real, list) and len(ours) == len(real), where
        for at, (one, other) in enumerate(zip(ours, real, strict=True)):
            agrees(one, other, f"{where}/{at}")
    else:
        assert ours == real, where


def answers(url: str, key: str, script: list[tuple[str, str, Any]]) -> list[tuple[int, Any]]:
    said = []
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60) as http:
        for method, path, body in script:
            answer = http.request(method, path, json=body)
            value = answer.json() if answer.content else None
            if "search" in path and answer.is_success:
                found = value["results"] if isinstance(value, dict) else value
                found.sort(key=lambda item: item.get("id") or item["passage"]["id"])
            said.append((answer.status_code, value))
    return said


def test_our_server_says_what_the_real_one_says(letta: RealLetta) -> None:
    said = [("user", "hello"), ("assistant", "Good."), ("user", SECRET), ("assistant", "Yes."), ("user", "bye")]
    one = letta.agent(SECRET, "lighthouses", "tea in memory", block="Likes tea", said=said)
    two = letta.agent()
    gone = letta.agent("an old note", SECRET.upper())
    held = letta.passages(gone)
    letta.ask("DELETE", f"/v1/agents/{gone}")
    (left,) = letta.ask("GET", "/v1/blocks/?connected_to_agents_count_eq=0")
    of_one, loose = (archive["id"] for archive in letta.ask("GET", "/v1/archives/?order=asc"))
    with Letta() as ours:
        messages = letta.shown_with_hidden(one)
        ours.agent(two, {}, messages=letta.shown_with_hidden(two))
        ours.agent(one, letta.passages(one), messages=messages)
        ours.blocks = {agent: [block_of(letta, agent)] for agent in (one, two)}
        ours.archives.clear()
        ours.archive(loose, held)
        ours.archives[of_one] = one
        ours.loose = [{name: left[name] for name in ("id", "label", "value", "limit")}]
        ids = [message["id"] for message in messages if not message.get("hidden")]
        passages = list(letta.passages(one))
        first = letta.ask("GET", f"/v1/agents/{one}/archival-memory?limit=1")[0]["id"]
        get = [
            *("/v1/agents", "/v1/archives", "/v1/blocks"),
            *("/v1/agents/?limit=100", "/v1/agents/?limit=1", f"/v1/agents/?limit=1&after={two}"),
            *(f"/v1/agents/{one}", f"/v1/agents/{NO_AGENT}"),
            *("/v1/archives/?limit=100", f"/v1/archives/{of_one}/agents?limit=1", f"/v1/archives/{loose}/agents?limit=1"),
            *("/v1/blocks/?connected_to_agents_count_eq=0", f"/v1/steps/{NO_STEP}/trace", "/v1/nothing"),
            *(f"/v1/agents/{agent}/archival-memory?limit=100" for agent in (one, two, NO_AGENT)),
            *(f"/v1/agents/{one}/archival-memory?limit=1", f"/v1/agents/{one}/archival-memory?limit=2&after={first}"),
            *(f"/v1/agents/{agent}/archival-memory/search?query=memory&top_k=100" for agent in (one, two, NO_AGENT)),
            *(f"/v1/agents/{agent}/core-memory/blocks" for agent in (one, two, NO_AGENT)),
            *(f"/v1/agents/{agent}/messages?limit=100&order=asc" for agent in (one, two, NO_AGENT)),
            *(f"/v1/agents/{one}/messages?limit={limit}" for limit in (1, 2, 3, 5)),
            *(f"/v1/agents/{one}/messages?limit=3&order=asc&after={id}" for id in ids),
            *(f"/v1/agents/{one}/messages?limit=3&before={id}" for id in ids),
        ]
        search = [
            *({"query": SECRET, "agent_id": one, "limit": 100}, {"query": "memory", "archive_id": loose, "limit": 100}),
            *(
                {"archive_id": loose, "limit": 100},
                {"archive_id": loose, "limit": 1},
                {"query": "x", "agent_id": two, "limit": 5},
            ),
        ]
        delete = [
            *(f"/v1/agents/{one}/archival-memory/{id}" for id in (passages[0], passages[0], "passage-9")),
            *(f"/v1/archives/{loose}/passages/{id}" for id in [next(iter(held))] * 2),
        ]
        script = [
            *(("GET", path, None) for path in get),
            *(("POST", "/v1/passages/search", body) for body in search),
            *(("DELETE", path, None) for path in delete),
            *(("GET", path, None) for path in get),
        ]
        real = answers(letta.url, KEY, script)
        for (method, path, _body), (status, value), (real_status, real_value) in zip(
            script, answers(ours.url, KEY, script), real, strict=True
        ):
            assert status == real_status, (method, path, real_value)
            agrees(value, real_value, f"{method} {path} ")
        assert answers(ours.url, "wrong", [("GET", "/v1/agents/", None)]) == answers(
            letta.url, "wrong", [("GET", "/v1/agents/", None)]
        )
        # The rest is in an archive that no agent has.
        assert forget(ours.url) == forget(letta.url)


def block_of(letta: RealLetta, agent: str) -> dict[str, Any]:
    (block,) = letta.ask("GET", f"/v1/agents/{agent}/core-memory/blocks")
    return {name: block[name] for name in ("id", "label", "value", "limit")}
