"""mem0: a server of one's own (``/memories``), or the platform at api.mem0.ai (``/v1/memories/``).

A memory that was deleted is gone from the list and from search; the text stays in the history of both (landscape.md 2), which
only ``reset`` empties. That is looked for and told.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from satchel.errors import SatchelError, UsageError
from satchel.model.ids import is_uuid
from satchel.move.elsewhere.base import NEUTRAL, QUERY_CHARACTERS, Deletions, Outcome, Texts, Wanted, good
from satchel.trust.api import Answer, Api

NAME = "mem0"
PLATFORM = "api.mem0.ai"
#: The most that its server lists or searches for at once; without a word it gives 20 (providers.md 8, trap 14).
_MOST = 1_000
#: Lists of just so many may have been cut there, whatever was asked for.
_ROUND = frozenset({20, 50, 100, _MOST})
_FOUND = 100
_SCOPES = ("user_id", "agent_id", "run_id")


class Mem0:
    """See ``base.Provider``."""

    def delete(
        self,
        api: Api,
        wanted: Sequence[Wanted],
        *,
        user: str,
        dry_run: bool,
        progress: Callable[[int], None],
        with_texts: bool = False,
    ) -> Outcome:
        """See ``base.Provider.delete``. ``user``: the user_id, or ``agent_id=…`` or ``run_id=…``."""
        service = _Platform(api, _scope(user)) if api.host == PLATFORM else _Server(api, _scope(user))
        looking = _Looking(service, wanted)
        looking.find(with_texts=with_texts and not dry_run)
        ids = tuple(sorted(looking.met))
        outcome = Outcome(provider=NAME, host=api.host, wanted=len(wanted), found=len(ids), ids=ids)
        if not dry_run:
            looking.find_neutrally()
            deletions = Deletions()
            deletions.run(ids, service.delete, progress)
            looking.look_again()
            outcome = Outcome(
                provider=NAME,
                host=api.host,
                wanted=len(wanted),
                found=len(ids),
                deleted=deletions.deleted,
                failed=deletions.failed,
                still={place: len(uids) for place, uids in looking.still.items() if uids},
                ids=ids,
                unasked=tuple(deletions.reasons),
            )
        return _with(outcome, looking)


def _with(outcome: Outcome, looking: _Looking) -> Outcome:
    return msgspec.structs.replace(outcome, sent=looking.sent, unasked=(*outcome.unasked, *looking.unasked))


class _Looking:
    """Looking for the wanted at the service, before they are deleted and after."""

    def __init__(self, service: _Service, wanted: Sequence[Wanted]) -> None:
        self._service = service
        self._wanted = wanted
        self._texts = Texts(wanted)
        #: By the service's id: the wanted record that it is, and its text as the service has it.
        self.met: dict[str, tuple[Wanted, str]] = {}
        self.still: dict[str, set[str]] = {"by id": set(), "list": set(), "search": set(), "history": set()}
        self.sent = 0
        self.unasked: list[str] = []
        self._found_neutrally: set[str] = set()

    def find(self, *, with_texts: bool) -> None:
        """By the list, and by ids that the service gave; by search only where the list is cut and the user said so."""
        items = list(self._service.listed())
        for item in items:
            self._meet(item)
        for each in self._wanted:
            # An id that is no UUID may be words of somebody's.
            if is_uuid(each.id) and each.id not in self.met:
                self._meet(self._service.get(each.id))
        if len(items) not in self._service.cuts:
            return
        if not with_texts:
            self.unasked.append(
                f"its list ends at {len(items):,} memories: what it has behind them was not looked for"
                " (--provider-search asks its search, with the texts that are to go)"
            )
            return
        found = {each.uid for each, _ in self.met.values()}
        for each in self._wanted:
            if each.uid not in found:
                self.sent += 1
                for item in self._service.search(each.text[:QUERY_CHARACTERS]):
                    self._meet(item)

    def find_neutrally(self) -> None:
        """Which memories its search shows to a word that tells nothing: where it does not after, it has forgotten them."""
        # A search that does not work is told when it is asked again.
        with suppress(SatchelError):
            self._found_neutrally = {str(item.get("id")) for item in self._service.search(NEUTRAL) if isinstance(item, dict)}

    def look_again(self) -> None:
        """Ask for everything once more. What was done is done: an error is told, and raised no more."""
        for look in (self._by_list, self._by_id, self._by_search):
            try:
                look()
            except SatchelError as error:
                self.unasked.append(error.message)

    def _by_list(self) -> None:
        for item in self._service.listed():
            self._note("list", item)

    def _by_id(self) -> None:
        ids = {each.id: each for each in self._wanted if is_uuid(each.id)}
        for id, each in (ids | {id: each for id, (each, _) in self.met.items()}).items():
            self._note("by id", self._service.get(id))
            if any(self._texts.said_in(said) for said in self._service.history(id)):
                self.still["history"].add(each.uid)

    def _by_search(self) -> None:
        for item in self._service.search(NEUTRAL):
            self._note("search", item)
        for id, (_, text) in self.met.items():
            if id not in self._found_neutrally and text:
                self.sent += 1
                for item in self._service.search(text[:QUERY_CHARACTERS]):
                    self._note("search", item)

    def _meet(self, item: Any) -> None:
        found = self._match(item)
        if found is not None:
            self.met[str(item["id"])] = found, _text_of(item)

    def _note(self, place: str, item: Any) -> None:
        found = self._match(item)
        if found is not None:
            self.still[place].add(found.uid)

    def _match(self, item: Any) -> Wanted | None:
        if not isinstance(item, dict) or not item.get("id"):
            return None
        return self._texts.match(str(item["id"]), _text_of(item))


def _text_of(item: dict[str, Any]) -> str:
    return str(item.get("memory") or item.get("text") or "")


def _scope(user: str) -> dict[str, str]:
    if not user:
        raise UsageError("mem0 lists memories of somebody", hint="--provider-user USER_ID, or agent_id=…, run_id=…")
    name, separator, value = user.partition("=")
    return {name: value} if separator and name in _SCOPES else {"user_id": user}


class _Service(ABC):
    """What both speak of."""

    #: Lengths of lists that may not be whole.
    cuts: frozenset[int] = frozenset()

    def __init__(self, api: Api, scope: dict[str, str]) -> None:
        self._api = api
        self._scope = scope

    @abstractmethod
    def listed(self) -> Iterator[Any]: ...

    @abstractmethod
    def search(self, text: str) -> Iterator[Any]: ...

    @abstractmethod
    def _path(self, *rest: str) -> tuple[str, ...]: ...

    def get(self, id: str) -> Any:
        """A memory by its id; None where there is none."""
        answer = self._api.get(*self._path(id))
        return None if answer.is_missing else good(answer, self._api)

    def history(self, id: str) -> Iterator[str]:
        """What the history of a memory holds of its texts."""
        answer = self._api.get(*self._path(id, "history"))
        for entry in _items(None if answer.is_missing else good(answer, self._api)):
            for name in ("old_memory", "new_memory", "input", "previous_value", "new_value"):
                if isinstance(entry, dict) and entry.get(name):
                    yield str(entry[name])

    def delete(self, id: str) -> Answer:
        """Delete a memory; what the product says of it."""
        return self._api.call("DELETE", *self._path(id))


class _Server(_Service):
    """The open source server."""

    cuts = _ROUND

    def _path(self, *rest: str) -> tuple[str, ...]:
        return ("memories", *rest)

    def listed(self) -> Iterator[Any]:
        """All memories of the scope, those that expired as well."""
        query = {**self._scope, "top_k": str(_MOST), "limit": str(_MOST), "show_expired": "true"}
        yield from _items(good(self._api.get("memories", query=query), self._api))

    def search(self, text: str) -> Iterator[Any]:
        """What a search for the text finds, however unlike it is."""
        asked = {"query": text, "filters": self._scope, "top_k": _MOST, "threshold": 0.0, "show_expired": True}
        yield from _items(good(self._api.call("POST", "search", body={**asked, **self._scope}), self._api))


class _Platform(_Service):
    """The hosted platform."""

    def _path(self, *rest: str) -> tuple[str, ...]:
        return ("v1", "memories", *rest, "")

    def listed(self) -> Iterator[Any]:
        """All memories of the scope, page by page."""
        page = 1
        while True:
            query = {"page": str(page), "page_size": str(_FOUND)}
            answer = self._api.call("POST", "v3", "memories", "", query=query, body={"filters": self._scope})
            value = good(answer, self._api)
            yield from _items(value)
            if not isinstance(value, dict) or not value.get("next"):
                return
            page += 1

    def search(self, text: str) -> Iterator[Any]:
        """What a search for the text finds."""
        body = {"query": text, "filters": self._scope, "top_k": _FOUND}
        yield from _items(good(self._api.call("POST", "v3", "memories", "search", "", body=body), self._api))


def _items(value: Any) -> Iterator[Any]:
    found = value.get("results") if isinstance(value, dict) else value
    yield from found if isinstance(found, list) else ()
