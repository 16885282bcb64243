"""Letta's server (``/v1/agents/…``): archival passages are deleted; memory blocks and messages are searched.

A block holds other text as well, and a message is part of a talk: neither is changed. That they still hold it is told, with the
agents and blocks by their ids. Its search of an agent's passages takes the query in the URL, and so is asked with a neutral
word alone; texts go in the body of ``/v1/passages/search``, where the server has that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from satchel.errors import NetworkError, SatchelError
from satchel.model.text import leaves
from satchel.move.elsewhere.base import NEUTRAL, QUERY_CHARACTERS, Deletions, Outcome, Texts, Wanted, good
from satchel.trust.api import Answer, Api

NAME = "letta"
_PAGE = 100


class _Passage(NamedTuple):
    agent: str
    id: str
    text: str


class Letta:
    """See ``base.Provider``."""

    def delete(
        self,
        api: Api,
        wanted: Sequence[Wanted],
        *,
        user: str,
        dry_run: bool,
        progress: Callable[[int], None],
        with_texts: bool = False,  # noqa: ARG002
    ) -> Outcome:
        """See ``base.Provider.delete``. ``user``: the id of one agent; "" for all that the key may see. ``with_texts`` changes
        nothing: its lists show everything."""
        looking = _Looking(api, Texts(wanted))
        looking.find(user)
        ids = tuple(sorted(looking.met))
        found = len(ids) + len(looking.nameless)
        if dry_run:
            return Outcome(provider=NAME, host=api.host, wanted=len(wanted), found=found, ids=ids, unasked=looking.told())
        looking.find_neutrally()
        deletions = Deletions()
        deletions.run(ids, looking.delete, progress)
        looking.look_again()
        return Outcome(
            provider=NAME,
            host=api.host,
            wanted=len(wanted),
            found=found,
            deleted=deletions.deleted,
            failed=deletions.failed,
            sent=looking.sent,
            still={place: len(uids) for place, uids in looking.still.items()},
            ids=ids,
            unasked=(*deletions.reasons, *looking.told()),
        )


class _Looking:
    """Looking for the wanted, before they are deleted and after."""

    def __init__(self, api: Api, texts: Texts) -> None:
        self._api = api
        self._texts = texts
        self._agents: list[str] = []
        self.met: dict[str, _Passage] = {}
        #: Texts of passages that came without an id: nothing can delete them.
        self.nameless: list[str] = []
        self.still: dict[str, set[str]] = {}
        self.sent = 0
        self._unasked: dict[str, None] = {}
        self._agents_nameless = 0
        self._found_neutrally: set[str] = set()
        self._searches_by_body = True

    def find(self, user: str) -> None:
        """Passages of one agent, or of all, by their ids and by what they say."""
        if user:
            self._agents = [user]
        else:
            for item in self._pages(("v1", "agents", "")):
                if item.get("id"):
                    self._agents.append(str(item["id"]))
                else:
                    self._agents_nameless += 1
        for agent in self._agents:
            for passage in self._passages(agent):
                if self._texts.match(passage.id, passage.text):
                    if passage.id:
                        self.met[passage.id] = passage
                    else:
                        self.nameless.append(passage.text)

    def told(self) -> tuple[str, ...]:
        """What could not be asked or done."""
        more = []
        if self._agents_nameless:
            more.append(f"agents that came without an id, and were not looked into: {self._agents_nameless:,}")
        if self.nameless:
            more.append(f"passages that came without an id, and were not deleted: {len(self.nameless):,}")
        return (*more, *self._unasked)

    def delete(self, id: str) -> Answer:
        """Delete a passage that was met; what the server says of it."""
        return self._api.call("DELETE", "v1", "agents", self.met[id].agent, "archival-memory", id)

    def find_neutrally(self) -> None:
        """Which passages its search shows to a word that tells nothing: where it does not after, it has forgotten them."""
        for agent in dict.fromkeys(passage.agent for passage in self.met.values()):
            try:
                self._found_neutrally.update(id for id, _ in self._search_neutrally(agent))
            except SatchelError:
                # Told when it is asked again.
                continue

    def look_again(self) -> None:
        """Ask for everything once more. What was done is done: an error is told, and raised no more."""
        for agent in self._agents:
            for look in (self._by_list, self._by_search, self._in_blocks, self._in_messages):
                try:
                    look(agent)
                except SatchelError as error:
                    self._unasked[f"agent {agent}: {error.message}"] = None

    def _by_list(self, agent: str) -> None:
        for passage in self._passages(agent):
            match = self._texts.match(passage.id, passage.text)
            self._note("list", [match] if match else self._texts.quoted_in(passage.text))

    def _by_search(self, agent: str) -> None:
        self._note("search", (each for _, text in self._search_neutrally(agent) for each in self._texts.said_in(text)))
        for passage in self.met.values():
            if passage.agent != agent or passage.id in self._found_neutrally:
                continue
            body = {"query": passage.text[:QUERY_CHARACTERS], "agent_id": agent, "limit": _PAGE}
            answer = self._api.call("POST", "v1", "passages", "search", body=body) if self._searches_by_body else None
            if answer is None or answer.status in (404, 405):
                self._searches_by_body = False
                self._unasked[f"agent {agent}: its search takes texts in the URL alone, and was asked with a neutral word"] = (
                    None
                )
                return
            self.sent += 1
            self._note("search", self._in(good(answer, self._api)))

    def _search_neutrally(self, agent: str) -> list[tuple[str, str]]:
        """Ids and texts of what the search of an agent's passages shows to a word that tells nothing."""
        query = {"query": NEUTRAL, "top_k": str(_PAGE)}
        answer = self._api.get("v1", "agents", agent, "archival-memory", "search", query=query)
        if not answer.is_good:
            raise NetworkError(f"its search answered with status {answer.status}")
        value = answer.value
        items = _items(value.get("results") if isinstance(value, dict) else value)
        return [(str(item.get("id", "")), str(item.get("content") or item.get("text") or "")) for item in items]

    def _in_blocks(self, agent: str) -> None:
        blocks = good(self._api.get("v1", "agents", agent, "core-memory", "blocks"), self._api)
        for block in _items(blocks):
            self._note(f"block {block.get('id', '')} of agent {agent}", self._in(block))

    def _in_messages(self, agent: str) -> None:
        for message in self._pages(("v1", "agents", agent, "messages"), order="before"):
            self._note("history", self._in(message))

    def _in(self, value: Any) -> list[Wanted]:
        return [each for text in leaves(value) for each in self._texts.said_in(text)]

    def _note(self, place: str, found: Iterable[Wanted]) -> None:
        uids = {each.uid for each in found}
        if uids:
            self.still.setdefault(place, set()).update(uids)

    def _passages(self, agent: str) -> Iterator[_Passage]:
        for item in self._pages(("v1", "agents", agent, "archival-memory")):
            yield _Passage(agent, str(item.get("id") or ""), str(item.get("text") or ""))

    def _pages(self, path: tuple[str, ...], order: str = "after") -> Iterator[dict[str, Any]]:
        """Every item of a list that is given in pages: each begins behind the last item of the one before."""
        query = {"limit": str(_PAGE)}
        met: set[str] = set()
        while True:
            items = list(_items(good(self._api.get(*path, query=query), self._api)))
            ids = [str(item["id"]) for item in items if item.get("id")]
            # Some lists come whole, whatever they are asked for.
            if ids and met.issuperset(ids):
                return
            yield from (item for item in items if str(item.get("id") or "") not in met)
            if len(items) < _PAGE:
                return
            if not ids:
                self._unasked[f"/{'/'.join(path)} came without ids: what is behind its first page was not seen"] = None
                return
            met.update(ids)
            query[order] = ids[-1]


def _items(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
