"""Which role a file plays for Perplexity, by structure alone (providers.md 2, stage B, rule 13; 3.7)."""

from __future__ import annotations

from typing import Any

from satchel.adapters.perplexity.entries import THREAD_ID
from satchel.adapters.perplexity.markdown import is_thread_text
from satchel.adapters.values import dict_of, dicts
from satchel.codec.probe import Probe

_OTHERS = frozenset({"mapping", "chat_messages", "responses", "chunkedPrompt"})
#: A thread's title in what Perplexity answers a request for one's data with.
ACCOUNT_TITLE = "context_title"
_THREAD = frozenset({"thread_id", "thread_title", "thread_url", "thread_created_at", "thread_updated_at"})
#: What an entry of the service has besides its question.
_SERVICE = frozenset({*THREAD_ID, "backend_uuid", "display_model", "entry_created_datetime", "thread_title", "blocks"})
#: What is told of an entry of the account's export, whose member names nobody published.
_ANYBODY = frozenset({"status", "timestamp", "created_at"})
_ACCOUNT = frozenset({"mode", "collection_uuid", "entry_created_datetime", *THREAD_ID, *_ANYBODY})


def role_of(probe: Probe) -> str | None:
    """The file's role: ``thread``, ``threads`` (an array of them), ``entries`` (an array of exchanges of many threads), either
    with a colon and the root's member that holds it, or ``markdown``; None when it is not Perplexity's."""
    if probe.form in ("text", "csv", "html"):
        return "markdown" if is_thread_text(probe.text) else None
    if probe.form != "json":
        return None
    value = probe.value
    if type(value) is dict:
        if is_thread(value):
            return "thread"
        for name, member in value.items():
            role = _array_role(member) if name not in ("metadata", "thread_metadata") else None
            if role:
                return f"{role}:{name}"
        return None
    return _array_role(value)


def _array_role(value: Any) -> str | None:
    items = dicts(value)
    if any(is_thread(item) for item in items):
        return "threads"
    return "entries" if any(is_entry(item) for item in items) else None


def is_thread(value: dict[str, Any]) -> bool:
    """A thread in any shape: ``entries[].query_str``; ``metadata.thread_*`` with ``conversations[].query``; or, of an account,
    ``context_title`` with ``entries[].query``."""
    if _OTHERS & value.keys():
        return False
    entries = dicts(value.get("entries"))
    if type(value.get(ACCOUNT_TITLE)) is str:
        return not entries or any("query" in entry for entry in entries)
    if any("query_str" in entry for entry in entries):
        # Entries of several threads are an account's, not a thread.
        threads = {thread for entry in entries if (thread := thread_key(entry))}
        return len(threads) < 2 or type(value.get("thread_metadata")) is dict
    if type(value.get("thread_metadata")) is dict and ("entries" in value or "status" in value):
        return True
    turns = dicts(value.get("conversations"))
    if any(_OTHERS & turn.keys() for turn in turns):
        return False
    about = dict_of(value.get("metadata"))
    return bool(_THREAD & about.keys()) and (not turns or any("query" in turn or "answer" in turn for turn in turns))


def is_entry(item: dict[str, Any]) -> bool:
    """An exchange by itself: the service's ``query_str`` with what stands beside it, or a question with its answer."""
    if _OTHERS & item.keys():
        return False
    if type(item.get("query_str")) is str:
        return bool(_SERVICE & item.keys()) or "answer" in item
    told = _ACCOUNT & item.keys()
    return type(item.get("query")) is str and "answer" in item and len(told) >= 2 and bool(told - _ANYBODY)


def thread_key(entry: dict[str, Any]) -> str:
    """The first id of a thread that an entry names."""
    return next((found for name in THREAD_ID if type(found := entry.get(name)) is str and found), "")
