"""Forgetting at Letta, by the API of its release 0.16.8 as a server of ours speaks it: the real one needs PostgreSQL with
pgvector and 850 MB of packages."""

from __future__ import annotations

import pytest

from satchel.errors import NetworkError
from satchel.move.elsewhere import api_of, provider_called
from satchel.move.elsewhere.base import Outcome, Wanted
from satchel.trust.secrets import Secret
from tests.move.elsewhere.letta_server import KEY, Letta

SECRET = "Zorblax the tortoise sleeps behind the boiler"
WANTED = [Wanted("ab" * 20, "", SECRET)]


def forget(letta: Letta, *, user: str = "", dry_run: bool = False, key: str = KEY) -> Outcome:
    api = api_of("letta", letta.url, Secret(key.encode()))
    return provider_called("letta").delete(api, WANTED, user=user, dry_run=dry_run, progress=lambda _count: None)


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
        with pytest.raises(NetworkError, match="status 404"):
            forget(letta, user="agent-9")
