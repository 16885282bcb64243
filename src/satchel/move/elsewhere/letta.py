"""Letta's server (``/v1/agents/…``, its release 0.16): archival passages are deleted; memory blocks and messages are searched.

A block holds other text as well, and a message is part of a talk: neither is changed. What was sent to a model is kept there
as well, step by step, and nothing deletes it. That they still hold it is told, with the agents and blocks by their ids. Its
search of an agent's passages takes the query in the URL, and so is asked with a neutral word alone; texts go in the body of
``/v1/passages/search``, where the server has that.

An agent that is deleted there leaves its archive with all passages, and shared blocks: where no agent is named, archives and
blocks that no agent has are looked into as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from satchel.errors import NetworkError, SatchelError, UsageError
from satchel.model.text import leaves
from satchel.move.elsewhere.base import NEUTRAL, QUERY_CHARACTERS, Deletions, Outcome, Texts, Wanted, good
from satchel.trust.api import Answer, Api

NAME = "letta"
_PAGE = 100


class _Place(NamedTuple):
    """What has passages: an agent, or an archive that no agent has."""

    kind: str
    id: str

    @property
    def path(self) -> tuple[str, ...]:
        """Where its passages are, by their ids."""
        last = "archival-memory" if self.kind == "agent" else "passages"
        return ("v1", f"{self.kind}s", self.id, last)


class _Passage(NamedTuple):
    place: _Place
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
        self._places: list[_Place] = []
        #: Whether it looks into all that the key may see, not into one agent alone.
        self._everywhere = True
        self.met: dict[str, _Passage] = {}
        #: Texts of passages that came without an id: nothing can delete them.
        self.nameless: list[str] = []
        self.still: dict[str, set[str]] = {}
        self.sent = 0
        #: Of the place that is looked into: which of the wanted were there or still are, and the steps of its talk.
        self._here: set[str] = set()
        self._steps: dict[str, None] = {}
        self._unasked: dict[str, None] = {}
        self._agents_nameless = 0
        self._found_neutrally: set[str] = set()
        self._searches_by_body = True

    def find(self, user: str) -> None:
        """Passages of one agent, or of all and of archives that none has, by their ids and by what they say.

        Raises:
            UsageError: there is no such agent. Its list of passages would only be empty.
        """
        self._everywhere = not user
        if user:
            answer = self._api.get("v1", "agents", user)
            if answer.is_missing or answer.status == 422:
                raise UsageError(f"{self._api.host} has no such agent", hint="--provider-user is an agent's id: agent-…")
            good(answer, self._api)
            self._places = [_Place("agent", user)]
        else:
            for item in self._pages(("v1", "agents", ""), show_hidden_agents="true"):
                if item.get("id"):
                    self._places.append(_Place("agent", str(item["id"])))
                else:
                    self._agents_nameless += 1
            self._places += self._archives_of_nobody()
        for place in self._places:
            for passage in self._passages(place):
                if self._texts.match(passage.id, passage.text):
                    if passage.id:
                        self.met[passage.id] = passage
                    else:
                        self.nameless.append(passage.text)

    def _archives_of_nobody(self) -> list[_Place]:
        if self._api.get("v1", "archives", "", query={"limit": "1"}).is_missing:
            self._unasked["archives that no agent has: it does not list archives"] = None
            return []
        found = []
        for item in self._pages(("v1", "archives", "")):
            id = str(item.get("id") or "")
            agents = self._api.get("v1", "archives", id, "agents", query={"limit": "1"}) if id else None
            if agents is not None and not (agents.is_good and agents.value):
                found.append(_Place("archive", id))
        return found

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
        return self._api.call("DELETE", *self.met[id].place.path, id)

    def find_neutrally(self) -> None:
        """Which passages its search shows to a word that tells nothing: where it does not after, it has forgotten them."""
        for place in dict.fromkeys(passage.place for passage in self.met.values()):
            try:
                self._found_neutrally.update(id for id, _ in self._search_neutrally(place))
            except SatchelError:
                # Told when it is asked again.
                continue

    def look_again(self) -> None:
        """Ask for everything once more. What was done is done: an error is told, and raised no more."""
        for place in self._places:
            looks: tuple[Callable[[_Place], None], ...] = (self._by_list, self._by_search)
            if place.kind == "agent":
                looks += (self._in_blocks, self._in_messages, self._in_traces)
            self._here, self._steps = self._had(place), {}
            for look in looks:
                self._trying(f"{place.kind} {place.id}", partial(look, place))
        if self._everywhere:
            self._trying("blocks that no agent has", self._in_blocks_of_nobody)

    def _had(self, place: _Place) -> set[str]:
        matches = (self._texts.match(each.id, each.text) for each in self.met.values() if each.place == place)
        return {match.uid for match in matches if match}

    def _trying(self, where: str, look: Callable[[], None]) -> None:
        try:
            look()
        except SatchelError as error:
            self._unasked[f"{where}: {error.message}"] = None

    def _by_list(self, place: _Place) -> None:
        for passage in self._passages(place):
            match = self._texts.match(passage.id, passage.text)
            self._note("list", [match] if match else self._texts.quoted_in(passage.text))

    def _by_search(self, place: _Place) -> None:
        self._note("search", (each for _, text in self._search_neutrally(place) for each in self._texts.said_in(text)))
        for passage in self.met.values():
            if passage.place != place or passage.id in self._found_neutrally:
                continue
            answer = self._search(place, query=passage.text[:QUERY_CHARACTERS]) if self._searches_by_body else None
            if answer is None or answer.status in (404, 405):
                self._searches_by_body = False
                self._unasked[
                    f"{place.kind} {place.id}: its search takes texts in the URL alone, and was asked with a neutral word"
                ] = None
                return
            self.sent += 1
            self._note("search", self._in(good(answer, self._api)))

    def _search(self, place: _Place, **body: str) -> Answer:
        asked = {f"{place.kind}_id": place.id, "limit": _PAGE, **body}
        return self._api.call("POST", "v1", "passages", "search", body=asked)

    def _search_neutrally(self, place: _Place) -> list[tuple[str, str]]:
        """Ids and texts of what the search shows of a place's passages to a word that tells nothing."""
        if place.kind == "agent":
            answer = self._api.get(*place.path, "search", query={"query": NEUTRAL, "top_k": str(_PAGE)})
        else:
            answer = self._search(place, query=NEUTRAL)
        if not answer.is_good:
            raise NetworkError(f"its search answered with status {answer.status}")
        value = answer.value
        items = _items(value.get("results") if isinstance(value, dict) else value)
        found = (item["passage"] if isinstance(item.get("passage"), dict) else item for item in items)
        return [(str(item.get("id", "")), str(item.get("content") or item.get("text") or "")) for item in found]

    def _in_blocks(self, agent: _Place) -> None:
        blocks = good(self._api.get("v1", "agents", agent.id, "core-memory", "blocks"), self._api)
        for block in _items(blocks):
            self._note(f"block {block.get('id', '')} of agent {agent.id}", self._in(block))

    def _in_blocks_of_nobody(self) -> None:
        for block in self._pages(("v1", "blocks", ""), connected_to_agents_count_eq="0", show_hidden_blocks="true"):
            self._note(f"block {block.get('id', '')}", self._in(block))

    def _in_messages(self, agent: _Place) -> None:
        # Oldest first: a page of the newest is shown in the other order than it is cut. And some messages are not shown, so
        # that a page which is not full need not be the last.
        for message in self._pages(("v1", "agents", agent.id, "messages"), to_the_end=True, order="asc"):
            self._note("history", self._in(message))
            if message.get("step_id"):
                self._steps[str(message["step_id"])] = None

    def _in_traces(self, _agent: _Place) -> None:
        """What was sent to a model and what it said. The newest has most of the talk: it ends when all that was here is met."""
        missing = set(self._here)
        for step in reversed(self._steps):
            if not missing:
                return
            answer = self._api.get("v1", "steps", step, "trace")
            if not answer.is_missing:
                found = self._in(good(answer, self._api))
                missing.difference_update(each.uid for each in found)
                self._note("traces", found)

    def _in(self, value: Any) -> list[Wanted]:
        return [each for text in _texts_in(value) for each in self._texts.said_in(text)]

    def _note(self, place: str, found: Iterable[Wanted]) -> None:
        uids = {each.uid for each in found}
        if uids:
            self._here |= uids
            self.still.setdefault(place, set()).update(uids)

    def _passages(self, place: _Place) -> Iterator[_Passage]:
        for item in self._pages(place.path) if place.kind == "agent" else self._archived(place):
            yield _Passage(place, str(item.get("id") or ""), str(item.get("text") or ""))

    def _archived(self, archive: _Place) -> Iterator[dict[str, Any]]:
        """Every passage of an archive, which has no list: its search, asked without a text, shows them by time, from one on."""
        met: set[str] = set()
        since: dict[str, str] = {}
        while True:
            found = list(_items(good(self._search(archive, **since), self._api)))
            items = [item["passage"] for item in found if isinstance(item.get("passage"), dict)]
            fresh = [item for item in items if str(item.get("id") or "") not in met]
            yield from fresh
            if len(found) < _PAGE:
                return
            met.update(str(item["id"]) for item in fresh if item.get("id"))
            last = str(items[-1].get("created_at") or "") if items else ""
            if not last or since.get("start_date") == last:
                self._unasked[f"archive {archive.id}: it shows {_PAGE} passages of one time, and no more of them were seen"] = (
                    None
                )
                return
            since["start_date"] = last

    def _pages(self, path: tuple[str, ...], *, to_the_end: bool = False, **asked: str) -> Iterator[dict[str, Any]]:
        """Every item of a list that is given in pages: each begins behind the last item of the one before.

        Args:
            to_the_end: ask on behind a page that is not full.
        """
        query = {"limit": str(_PAGE), **asked}
        met: set[str] = set()
        while True:
            items = list(_items(good(self._api.get(*path, query=query), self._api)))
            ids = [str(item["id"]) for item in items if item.get("id")]
            # Some lists come whole, whatever they are asked for.
            if ids and met.issuperset(ids):
                return
            yield from (item for item in items if str(item.get("id") or "") not in met)
            if not items or (len(items) < _PAGE and not to_the_end):
                return
            if not ids:
                self._unasked[f"/{'/'.join(path)} came without ids: what is behind its first page was not seen"] = None
                return
            met.update(ids)
            query["after"] = ids[-1]


def _items(value: Any) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _texts_in(value: Any) -> Iterator[str]:
    """Every text of an answer. What a tool was called with stands in a message as JSON in a text: those in it as well."""
    for text in leaves(value):
        yield text
        if text.lstrip()[:1] in ("{", "["):
            try:
                inner = msgspec.json.decode(text)
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                continue
            yield from leaves(inner)
