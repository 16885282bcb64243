"""Letta's server (``/v1/agents/…``): archival passages are deleted; memory blocks and messages are searched.

A block holds other text as well, and a message is part of a talk: neither is changed. That they still hold it is told, with the
agents and blocks by their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from satchel.errors import NetworkError
from satchel.model.text import leaves
from satchel.move.elsewhere.base import Outcome, Texts, Wanted
from satchel.trust.api import Answer, Api

NAME = "letta"
_PAGE = 100
#: What of a long text is searched for: embedders take no more than some thousand characters.
_QUERY_CHARACTERS = 1000


class _Passage(NamedTuple):
    agent: str
    id: str
    text: str


class Letta:
    """See ``base.Provider``."""

    def delete(
        self, api: Api, wanted: Sequence[Wanted], *, user: str, dry_run: bool, progress: Callable[[int], None]
    ) -> Outcome:
        """See ``base.Provider.delete``. ``user``: the id of one agent; "" for all that the key may see."""
        texts = Texts(wanted)
        agents = [user] if user else [str(agent["id"]) for agent in _pages(api, ("v1", "agents", ""))]
        met: dict[str, _Passage] = {}
        for agent in agents:
            for passage in _passages(api, agent):
                if texts.match(passage.id, passage.text):
                    met[passage.id] = passage
        ids = tuple(sorted(met))
        if dry_run:
            return Outcome(provider=NAME, host=api.host, wanted=len(wanted), found=len(met), ids=ids)
        deleted = 0
        for passage in met.values():
            answer = api.call("DELETE", "v1", "agents", passage.agent, "archival-memory", passage.id)
            if not answer.is_missing:
                _good(answer, api)
                deleted += 1
            progress(1)
        still, unasked = _look_again(api, agents, texts, wanted)
        return Outcome(
            provider=NAME,
            host=api.host,
            wanted=len(wanted),
            found=len(met),
            deleted=deleted,
            still=still,
            ids=ids,
            unasked=unasked,
        )


def _look_again(api: Api, agents: list[str], texts: Texts, wanted: Sequence[Wanted]) -> tuple[dict[str, int], tuple[str, ...]]:
    still: dict[str, set[str]] = {}
    unasked: list[str] = []

    def note(place: str, found: list[Wanted]) -> None:
        if found:
            still.setdefault(place, set()).update(each.uid for each in found)

    for agent in agents:
        for passage in _passages(api, agent):
            match = texts.match(passage.id, passage.text)
            note("list", [match] if match else texts.quoted_in(passage.text))
        for each in wanted:
            answer = api.get("v1", "agents", agent, "archival-memory", "search", query={"query": each.text[:_QUERY_CHARACTERS]})
            if not answer.is_good:
                unasked = [f"agent {agent}: its search answered with status {answer.status}", *unasked]
                break
            for text in leaves(answer.value):
                note("search", texts.said_in(text))
        for block in _items(_good(api.get("v1", "agents", agent, "core-memory", "blocks"), api)):
            note(f"block {block.get('id', '')} of agent {agent}", _in(texts, block))
        for message in _pages(api, ("v1", "agents", agent, "messages"), order="before"):
            note("history", _in(texts, message))
    return {place: len(uids) for place, uids in still.items()}, tuple(unasked)


def _in(texts: Texts, value: Any) -> list[Wanted]:
    return [each for text in leaves(value) for each in texts.said_in(text)]


def _passages(api: Api, agent: str) -> Iterator[_Passage]:
    for item in _pages(api, ("v1", "agents", agent, "archival-memory")):
        yield _Passage(agent, str(item.get("id", "")), str(item.get("text") or ""))


def _pages(api: Api, path: tuple[str, ...], order: str = "after") -> Iterator[dict[str, Any]]:
    """Every item of a list that is given in pages: each begins behind the last item of the one before."""
    query = {"limit": str(_PAGE)}
    met: set[str] = set()
    while True:
        items = list(_items(_good(api.get(*path, query=query), api)))
        new = [item for item in items if str(item.get("id", "")) not in met]
        yield from new
        met.update(str(item.get("id", "")) for item in new)
        # Some lists come whole, whatever they are asked for.
        if len(items) < _PAGE or not new:
            return
        query[order] = str(items[-1].get("id", ""))


def _items(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _good(answer: Answer, api: Api) -> Any:
    if answer.status in (401, 403):
        raise NetworkError(f"{api.host} does not take the key", hint="SATCHEL_PROVIDER_KEY holds it")
    if not answer.is_good:
        raise NetworkError(f"{api.host} answered with status {answer.status}")
    return answer.value
