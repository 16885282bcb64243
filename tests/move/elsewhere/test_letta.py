"""Forgetting at Letta, by the API of its release 0.16.8 as a server of ours speaks it, which can also refuse, fall silent and
lie. The real server is asked in test_letta_real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from satchel.cli.app import app
from satchel.errors import NetworkError, UsageError
from satchel.move.elsewhere import api_of, provider_called
from satchel.move.elsewhere.base import Outcome, Wanted
from satchel.trust.secrets import Secret
from tests.move.elsewhere.letta_server import KEY, Letta

SECRET = "Zorblax the tortoise sleeps behind the boiler"


def forget(letta: Letta, *, user: str = "", dry_run: bool = False, key: str = KEY, wanted: str = SECRET) -> Outcome:
    api = api_of("letta", letta.url, Secret(key.encode()))
    gone = [Wanted("ab" * 20, "", wanted)]
    return provider_called("letta").delete(api, gone, user=user, dry_run=dry_run, progress=lambda _count: None)


def test_a_passage_is_deleted_in_every_agent_and_only_it() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET, "passage-2": "lighthouses"})
        letta.agent("agent-2", {"passage-3": f"  {SECRET.upper()}\n"})
        done = forget(letta)
        left = [passage["id"] for passages in letta.passages.values() for passage in passages]
    assert (done.found, done.deleted, done.still, done.ids) == (2, 2, {}, ("passage-1", "passage-3"))
    assert left == ["passage-2"]


def test_more_than_a_page_of_passages_and_agents() -> None:
    with Letta() as letta:
        for number in range(103):
            letta.agent(f"agent-{number}", {f"passage-{number}": SECRET if number == 102 else "lighthouses"})
        letta.agent("agent-many", {f"many-{number}": SECRET if number == 150 else f"note {number}" for number in range(250)})
        done = forget(letta)
    assert done.ids == ("many-150", "passage-102")
    assert done.is_gone


def test_one_agent_alone() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        letta.agent("agent-2", {"passage-2": SECRET})
        assert forget(letta, user="agent-2").ids == ("passage-2",)


def test_blocks_and_messages_are_left_and_told() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET}, block=f"Likes tea. {SECRET}.", said=f"By the way: {SECRET}!")
        done = forget(letta)
    assert done.deleted == 1
    assert done.still == {"block block-agent-1 of agent agent-1": 1, "history": 1}


def test_a_long_talk_is_read_to_its_end_though_its_pages_are_not_full() -> None:
    """Of the real server's page of 100 messages some 67 are shown, for answers of its own tools are left out."""
    messages: list[dict[str, Any]] = [
        {"id": f"message-{at}", "message_type": "user_message", "content": f"note {at}", "hidden": at % 3 == 1}
        for at in range(300)
    ]
    messages[0]["content"] = SECRET
    with Letta() as letta:
        letta.agent("agent-1", {}, messages=messages)
        assert forget(letta).still == {"history": 1}


def test_a_tool_that_was_called_with_it_is_told() -> None:
    """What a model calls a tool with stands in the message as JSON, escaped."""
    said = 'Café "Zorblax" sleeps behind the boiler'
    call = {"name": "archival_memory_insert", "arguments": json.dumps({"content": said}), "tool_call_id": "call-1"}
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": said}, messages=[{"id": "message-1", "tool_call": call}])
        done = forget(letta, wanted=said)
    assert (done.deleted, done.still) == (1, {"history": 1})


def test_what_was_sent_to_a_model_is_told_and_no_more_of_it_read_than_is_needed() -> None:
    with Letta() as letta:
        talk = [{"id": f"message-{at}", "content": "tea", "step_id": f"step-{at // 2}"} for at in range(20)]
        letta.agent("agent-1", {"passage-1": SECRET}, messages=talk)
        letta.agent("agent-2", {"passage-2": "lighthouses"}, messages=[{**each, "step_id": "step-other"} for each in talk])
        letta.traces = {f"step-{at}": {"request_json": {"messages": [{"content": "tea"}]}} for at in range(10)}
        letta.traces["step-7"] = {"request_json": {"messages": [{"arguments": json.dumps({"content": SECRET})}]}}
        done = forget(letta)
        assert [path for _, path in letta.asked if "steps" in path] == [f"/v1/steps/step-{at}/trace" for at in (9, 8, 7)]
    assert (done.deleted, done.still) == (1, {"traces": 1})


def test_an_archive_that_no_agent_has_is_emptied_of_it_too() -> None:
    with Letta(finds=1) as letta:
        letta.agent("agent-1", {"passage-1": "lighthouses"})
        letta.archive("archive-1", {f"passage-{at}": SECRET if at == 240 else f"note {at} of memory" for at in range(10, 260)})
        done = forget(letta)
        left = [len(passages) for passages in letta.passages.values()]
        assert ("DELETE", "/v1/archives/archive-1/passages/passage-240") in letta.asked
        assert forget(letta, user="agent-1").found == 0
    assert (done.ids, done.deleted, done.is_gone, done.unasked) == (("passage-240",), 1, True, ())
    assert left == [1, 249]


def test_an_archive_of_more_passages_of_one_time_than_are_shown_is_told() -> None:
    with Letta() as letta:
        letta.archive("archive-1", {f"passage-{at}": f"note {at}" for at in range(120)})
        for passage in letta.passages["archive-1"]:
            passage["created_at"] = "2026-01-01T00:00:00Z"
        assert forget(letta).unasked == ("archive archive-1: it shows 100 passages of one time, and no more of them were seen",)


def test_a_block_that_no_agent_has_is_told() -> None:
    with Letta() as letta:
        letta.loose.append({"id": "block-1", "label": "human", "value": f"She says: {SECRET}"})
        assert forget(letta).still == {"block block-1": 1}


def test_what_it_says_it_deleted_and_did_not_is_still_there() -> None:
    with Letta(forgets=False) as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        done = forget(letta)
    assert done.deleted == 1
    assert done.still == {"list": 1, "search": 1}
    assert not done.is_gone


def test_a_passage_that_quotes_it_is_told() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": f"She said: {SECRET}, and laughed"})
        done = forget(letta)
    assert (done.deleted, done.still) == (0, {"list": 1, "search": 1})


def test_a_search_that_does_not_work_is_told() -> None:
    with Letta(searches=False) as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        done = forget(letta)
    assert done.is_gone
    assert done.unasked == ("agent agent-1: its search answered with status 500",)


def test_a_dry_run_deletes_nothing() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        assert forget(letta, dry_run=True).found == 1
        assert {method for method, _ in letta.asked} == {"GET"}


def test_a_wrong_key_and_a_wrong_agent() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        with pytest.raises(NetworkError, match="does not take the key"):
            forget(letta, key="wrong")
        with pytest.raises(UsageError, match="no such agent"):
            forget(letta, user="agent-9")


def told(letta: Letta) -> tuple[list[str], list[str]]:
    """Targets and bodies of requests that hold a word of what is to be forgotten."""
    words = [word.lower() for word in SECRET.split() if len(word) > 5]
    targets = [target for target, _ in letta.sent if any(word in target.lower() for word in words)]
    return targets, [body for _, body in letta.sent if any(word in body.lower() for word in words)]


def test_a_dry_run_sends_no_text() -> None:
    with Letta(finds=1) as letta:
        letta.agent("agent-1", {"passage-1": SECRET, "passage-2": "memory lane"})
        forget(letta, dry_run=True)
        assert told(letta) == ([], [])
        assert not any("search" in path for _, path in letta.asked)


def test_where_a_word_that_tells_nothing_finds_it_no_text_is_sent() -> None:
    with Letta(lingers=True) as letta:
        letta.agent("agent-1", {"passage-1": SECRET})
        done = forget(letta)
        assert told(letta) == ([], [])
    assert done.still == {"search": 1}, "its search has it on, and that showed"
    assert done.sent == 0


def test_what_that_word_does_not_find_is_searched_for_as_the_server_has_it_and_in_no_url() -> None:
    here = f"  {SECRET.upper()}  "
    with Letta(lingers=True, finds=1) as letta:
        letta.agent("agent-1", {"passage-1": here, "passage-2": "memory lane"})
        done = forget(letta)
        targets, bodies = told(letta)
    assert (done.still, done.sent) == ({"search": 1}, 1)
    assert not targets
    assert len(bodies) == 1 and here in bodies[0]


def test_what_it_did_not_have_is_never_told() -> None:
    with Letta(finds=1) as letta:
        letta.agent("agent-1", {f"passage-{number}": f"note {number}" for number in range(5)})
        done = forget(letta)
        assert told(letta) == ([], [])
    assert (done.found, done.sent) == (0, 0)


def test_an_older_server_that_takes_texts_in_the_url_alone_is_not_told_them() -> None:
    with Letta(finds=1, by_body=False) as letta:
        letta.agent("agent-1", {"passage-1": SECRET, "passage-2": "memory lane"})
        done = forget(letta)
        targets, bodies = told(letta)
    assert not targets and len(bodies) == 1, "it was asked once whether it takes it in a body"
    assert done.unasked == (
        "archives that no agent has: it does not list archives",
        "agent agent-1: its search takes texts in the URL alone, and was asked with a neutral word",
    )


def test_what_has_no_id_is_told_and_hides_nothing() -> None:
    with Letta() as letta:
        letta.agent("agent-1", {"passage-1": SECRET, "passage-2": SECRET})
        letta.passages["agent-1"][0].pop("id")
        letta.passages[""] = []
        done = forget(letta)
    assert (done.found, done.deleted) == (2, 1)
    assert done.still == {"list": 1, "search": 1}
    assert "agents that came without an id, and were not looked into: 1" in done.unasked
    assert "passages that came without an id, and were not deleted: 1" in done.unasked


@pytest.mark.parametrize(
    ("status", "deleted", "why"),
    [(500, 2, "deleting was answered with status 500"), (401, 1, "it does not take the key any more"), (0, 1, "")],
)
def test_a_deletion_that_fails_half_way_does_not_hide_what_was_done(status: int, deleted: int, why: str) -> None:
    with Letta(refuses={"passage-2": status}) as letta:
        letta.agent("agent-1", {f"passage-{number}": SECRET for number in (1, 2, 3)})
        done = forget(letta)
        left = [passage["id"] for passage in letta.passages["agent-1"]]
    assert (done.found, done.deleted, done.failed) == (3, deleted, 3 - deleted)
    assert len(left) == 3 - deleted
    assert why in done.unasked[0]
    assert not done.is_gone


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on a vault of its own that holds the secret, as a memory of mem0's."""
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "correct horse")
    monkeypatch.setenv("SATCHEL_VAULT", str(tmp_path / "vault"))
    monkeypatch.setenv("SATCHEL_PROVIDER_KEY", KEY)
    source = tmp_path / "said.json"
    source.write_text(json.dumps([{"id": "other-1", "memory": SECRET, "hash": "0" * 32, "user_id": "somebody"}]))
    made = CliRunner()
    assert made.invoke(app, ["import", str(source)]).exit_code == 0
    return made


def test_what_fails_half_way_is_noted_and_the_vault_keeps_what_is_needed_to_try_again(run: CliRunner) -> None:
    refuses = {"passage-2": 503}
    with Letta(refuses=refuses) as letta:
        letta.agent("agent-1", {"passage-1": SECRET, "passage-2": SECRET})
        command = ["forget", "--search", "zorblax", "--at", "letta", "--provider-url", letta.url, "--yes"]
        stopped = run.invoke(app, command)
        assert stopped.exit_code == 1
        assert "2 memories found, 1 deleted, 1 not deleted" in stopped.output
        assert "nothing was erased in the vault" in str(stopped.exception)
        assert "Zorblax" in run.invoke(app, ["search", "zorblax"]).output
        noted = run.invoke(app, ["log", "--audit", "--json"]).output
        assert "forget-elsewhere" in noted and "orblax" not in noted
        refuses.clear()
        done = run.invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "1 memory found, 1 deleted." in done.output
    assert "asked with that memory's text" in done.output, "it says before what would be sent"
    assert "Nothing found" in run.invoke(app, ["search", "zorblax"]).output
