"""mem0: a server of one's own (``/memories``), or the platform at api.mem0.ai (``/v1/memories/``).

A memory that was deleted is gone from the list and from search; the text stays in the history of both (landscape.md 2), which
only ``reset`` empties. That is looked for and told.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from satchel.errors import NetworkError, SatchelError, UsageError
from satchel.move.elsewhere.base import Outcome, Texts, Wanted
from satchel.trust.api import Answer, Api

NAME = "mem0"
PLATFORM = "api.mem0.ai"
#: A list gives 20 unless it is asked for more (providers.md 8, trap 14).
_MOST = 10_000
_FOUND = 100
#: What of a long text is searched for: embedders take no more than some thousand characters.
_QUERY_CHARACTERS = 1000
_SCOPES = ("user_id", "agent_id", "run_id")


class Mem0:
    """See ``base.Provider``."""

    def delete(
        self, api: Api, wanted: Sequence[Wanted], *, user: str, dry_run: bool, progress: Callable[[int], None]
    ) -> Outcome:
        """See ``base.Provider.delete``. ``user``: the user_id, or ``agent_id=…`` or ``run_id=…``."""
        service = _Platform(api, _scope(user)) if api.host == PLATFORM else _Server(api, _scope(user))
        texts = Texts(wanted)
        met: dict[str, Wanted] = {}
        for item in service.listed():
            _meet(met, texts, item)
        for each in wanted:
            # What a list left out is found by its id, or by search.
            if each.id and each.id not in met:
                _meet(met, texts, service.get(each.id))
            elif not each.id:
                for item in service.search(each.text):
                    _meet(met, texts, item)
        if dry_run:
            return Outcome(provider=NAME, host=api.host, wanted=len(wanted), found=len(met), ids=tuple(sorted(met)))
        deleted = 0
        for id in met:
            deleted += service.delete(id)
            progress(1)
        unasked: tuple[str, ...] = ()
        still: dict[str, int] = {}
        try:
            still = self._look_again(service, texts, {**{each.id: each for each in wanted if each.id}, **met})
        except SatchelError as error:
            # It is deleted there: what was done must be told, and noted.
            unasked = (error.message,)
        return Outcome(
            provider=NAME,
            host=api.host,
            wanted=len(wanted),
            found=len(met),
            deleted=deleted,
            still=still,
            ids=tuple(sorted(met)),
            unasked=unasked,
        )

    def _look_again(self, service: _Service, texts: Texts, ids: dict[str, Wanted]) -> dict[str, int]:
        still: dict[str, set[str]] = {"by id": set(), "list": set(), "search": set(), "history": set()}
        for item in service.listed():
            _note(still["list"], texts, item)
        for id, each in ids.items():
            _note(still["by id"], texts, service.get(id))
            for item in service.search(each.text):
                _note(still["search"], texts, item)
            if any(texts.said_in(said) for said in service.history(id)):
                still["history"].add(each.uid)
        return {place: len(uids) for place, uids in still.items() if uids}


def _meet(met: dict[str, Wanted], texts: Texts, item: Any) -> None:
    found = _match(texts, item)
    if found is not None:
        met[str(item["id"])] = found


def _note(uids: set[str], texts: Texts, item: Any) -> None:
    found = _match(texts, item)
    if found is not None:
        uids.add(found.uid)


def _match(texts: Texts, item: Any) -> Wanted | None:
    if not isinstance(item, dict) or not item.get("id"):
        return None
    return texts.match(str(item["id"]), str(item.get("memory") or item.get("text") or ""))


def _scope(user: str) -> dict[str, str]:
    if not user:
        raise UsageError("mem0 lists memories of somebody", hint="--provider-user USER_ID, or agent_id=…, run_id=…")
    name, separator, value = user.partition("=")
    return {name: value} if separator and name in _SCOPES else {"user_id": user}


class _Service(ABC):
    """What both speak of."""

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
        return None if answer.is_missing else _good(answer, self._api)

    def history(self, id: str) -> Iterator[str]:
        """What the history of a memory holds of its texts."""
        answer = self._api.get(*self._path(id, "history"))
        for entry in _items(None if answer.is_missing else _good(answer, self._api)):
            for name in ("old_memory", "new_memory", "input", "previous_value", "new_value"):
                if isinstance(entry, dict) and entry.get(name):
                    yield str(entry[name])

    def delete(self, id: str) -> bool:
        """Delete a memory; whether the product says that it did."""
        answer = self._api.call("DELETE", *self._path(id))
        if not answer.is_missing:
            _good(answer, self._api)
        return not answer.is_missing


class _Server(_Service):
    """The open source server."""

    def _path(self, *rest: str) -> tuple[str, ...]:
        return ("memories", *rest)

    def listed(self) -> Iterator[Any]:
        """All memories of the scope."""
        answer = self._api.get("memories", query={**self._scope, "top_k": str(_MOST), "limit": str(_MOST)})
        yield from _items(_good(answer, self._api))

    def search(self, text: str) -> Iterator[Any]:
        """What a search for the text finds."""
        body = {"query": text[:_QUERY_CHARACTERS], "filters": self._scope, "top_k": _FOUND, **self._scope}
        yield from _items(_good(self._api.call("POST", "search", body=body), self._api))


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
            value = _good(answer, self._api)
            yield from _items(value)
            if not isinstance(value, dict) or not value.get("next"):
                return
            page += 1

    def search(self, text: str) -> Iterator[Any]:
        """What a search for the text finds."""
        body = {"query": text[:_QUERY_CHARACTERS], "filters": self._scope, "top_k": _FOUND}
        yield from _items(_good(self._api.call("POST", "v3", "memories", "search", "", body=body), self._api))


def _items(value: Any) -> Iterator[Any]:
    found = value.get("results") if isinstance(value, dict) else value
    yield from found if isinstance(found, list) else ()


def _good(answer: Answer, api: Api) -> Any:
    if answer.status in (401, 403):
        raise NetworkError(f"{api.host} does not take the key", hint="SATCHEL_PROVIDER_KEY holds it")
    if not answer.is_good:
        raise NetworkError(f"{api.host} answered with status {answer.status}")
    return answer.value
