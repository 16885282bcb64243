"""Redacting entries of Portable Agent Memory (portable-agent-memory.md 7.3 to 7.5), as plain objects, whatever their profile.

A redacted entry is a derived one: it names the entry that it was made from as its only parent, and says in
``_redaction_metadata`` what was done. The entry that was given is never touched. Three things are ours:

- The parent is named by a *commitment*, BLAKE3 of the original entry under a random key, in the form of an entry id. The
  entry's own id would be a hash of it without any salt: everything but the secret stands in the redacted entry, and four
  unknown digits are found in a second. Who holds the key, which lies in the redaction store, can prove which entry was meant.
- The former parents are kept in the metadata.
- Such a parent is outside of the artifact for good. That is the *redaction boundary*: ``is_boundary`` says that a missing
  parent is no dangling reference, and disclosure of ancestors stops there.

The public SDK (profile ``sdk-0.1``) refuses unknown members of entries: there, tokens in the text and the tag ``redacted`` are
all that can be said, and the entry keeps its former parents, for nothing could tell its verifiers why one is missing.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from satchel.codec import canonical
from satchel.errors import MalformedInput
from satchel.model.times import to_rfc3339
from satchel.trust.redaction.detect import Detection
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import TOKEN, Kept, recovered_name, recovered_value

METADATA = "_redaction_metadata"
TAG = "redacted"
_PREFIX = "blake3:"
_KEY_BYTES = 32
#: Members that hold no text of anybody's: ids, times, versions.
_FORMAL = frozenset(
    {"id", "parent_ids", "source_event_ids", "created_at", "timestamp", "last_used", "version", "schema_version", METADATA}
)
#: Members whose grammar has no room for a bracket, by component.
_NAMES = {"episodic": "actor", "procedural": "name"}
#: Where a writer put a salt of its own: with it, the original could be guessed again.
_SALTED = ("context", "salt")

#: The id of an entry of a component in its profile, whatever ``id`` it has.
Identify = Callable[[dict[str, Any], str], str]


class Commitment(NamedTuple):
    """What stands in the place of the original's id, what it stands for, and the key (hexadecimal) that proves it."""

    id: str
    original_id: str
    key: str


class RedactedEntry(NamedTuple):
    """The derived entry, what was found in the original, and the commitment to it; a copy where nothing was found."""

    entry: dict[str, Any]
    found: tuple[Detection, ...] = ()
    commitment: Commitment | None = None


def redacted_entry(
    entry: Mapping[str, Any],
    component: str,
    redactor: Redactor,
    *,
    identify: Identify,
    at: datetime,
    says_metadata: bool = True,
    parents: Mapping[str, str] | None = None,
) -> RedactedEntry:
    """The entry without personal data, as an entry derived from it.

    Args:
        component: episodic, semantic, procedural, working or identity.
        identify: the profile's rule for ids.
        at: when it is redacted.
        says_metadata: whether the profile takes ``_redaction_metadata``; else the tag ``redacted`` says it.
        parents: new ids of other entries, by old id, for the references that the entry keeps.

    Raises:
        MalformedInput: the entry has no id.
    """
    original_id = entry.get("id")
    if type(original_id) is not str or not original_id:
        raise MalformedInput("an entry without an id cannot be redacted: nothing says what it was made from")
    renamed = parents or {}
    body, found = _redacted_body(entry, component, redactor, original_id)
    if not found:
        return RedactedEntry(dict(entry))
    commitment = commit(entry)
    made = dict(body)
    former = [renamed.get(id, id) for id in entry.get("parent_ids") or ()]
    made["parent_ids"] = [commitment.id] if says_metadata else former
    if "source_event_ids" in made:
        made["source_event_ids"] = [renamed.get(id, id) for id in made["source_event_ids"]]
    if says_metadata:
        taken = Counter(each.type for each in found)
        made[METADATA] = metadata(commitment, taken, to_rfc3339(at))
        if former:
            made[METADATA]["former_parent_ids"] = former
    else:
        tags = made.get("tags") or ()
        made["tags"] = [*tags, *(() if TAG in tags else (TAG,))]
    made["id"] = identify(made, component)
    return RedactedEntry(made, tuple(found), commitment)


def metadata(commitment: Commitment, taken: Mapping[str, int], at: str) -> dict[str, Any]:
    """The four members of ``_redaction_metadata`` (7.4). ``taken``: how many of each type; ``at``: when, as it is written."""
    return {
        "original_id": commitment.id,
        "redaction_count": sum(taken.values()),
        "pii_types": sorted(taken),
        "redacted_at": at,
    }


def _redacted_body(
    entry: Mapping[str, Any], component: str, redactor: Redactor, place: str
) -> tuple[dict[str, Any], list[Detection]]:
    made: dict[str, Any] = {}
    found: list[Detection] = []
    for name, value in entry.items():
        if name in _FORMAL:
            made[name] = _copied(value)
        elif name == _NAMES.get(component) and type(value) is str:
            done = redactor.text(value, place, path=f"/{name}", name=name, kind=component, prose=False, plain=True)
            made[name] = done.text
            found.extend(done.found)
        else:
            made[name], some = redactor.value(value, place, path=f"/{name}", name=name, kind=component)
            found.extend(some)
    holder, salt = _SALTED
    if found and type(made.get(holder)) is dict and salt in made[holder]:
        made[holder] = {key: value for key, value in made[holder].items() if key != salt}
    return made, found


def commit(entry: Mapping[str, Any]) -> Commitment:
    """A commitment to an entry under a fresh key."""
    key = secrets.token_bytes(_KEY_BYTES)
    return Commitment(_keyed(entry, key), str(entry["id"]), key.hex())


def proves(commitment: Commitment, entry: Mapping[str, Any]) -> bool:
    """Whether it is this entry that the commitment was made to."""
    try:
        key = bytes.fromhex(commitment.key)
    except ValueError:
        return False
    return len(key) == _KEY_BYTES and secrets.compare_digest(_keyed(entry, key), commitment.id)


def _keyed(entry: Mapping[str, Any], key: bytes) -> str:
    from blake3 import blake3

    # In schema-1.0, ids have no prefix.
    prefix = _PREFIX if str(entry["id"]).startswith(_PREFIX) else ""
    return prefix + blake3(canonical.encode(dict(entry), "mem"), key=key).hexdigest()


def recovered_entry(entry: Mapping[str, Any], component: str, kept: Mapping[str, Kept]) -> dict[str, Any]:
    """The texts of a redacted entry as they were; ids and metadata are still the redacted entry's."""
    made: dict[str, Any] = {}
    for name, value in entry.items():
        if name in _FORMAL:
            made[name] = _copied(value)
        elif name == _NAMES.get(component) and type(value) is str:
            made[name] = recovered_name(value, kept)
        else:
            made[name] = recovered_value(value, kept)
    return made


class RedactedEntries(NamedTuple):
    """A whole artifact's entries, in their order; new ids by old ones; the commitments by the new id that each belongs to."""

    entries: list[tuple[str, dict[str, Any]]]
    ids: dict[str, str]
    commitments: dict[str, Commitment]
    found: list[Detection]


def redacted_entries(
    entries: Iterable[tuple[str, Mapping[str, Any]]],
    redactor: Redactor,
    *,
    identify: Identify,
    at: datetime,
    says_metadata: bool = True,
) -> RedactedEntries:
    """All entries of an artifact, each with its component, without personal data; none of the originals stays.

    An entry that names a redacted one names the new one from then on, and so has a new id itself. Parents are done before their
    children, without recursion; what is in a cycle keeps the references that it has.
    """
    given = [(component, dict(entry)) for component, entry in entries]
    ids: dict[str, str] = {}
    commitments: dict[str, Commitment] = {}
    found: list[Detection] = []
    made: dict[int, dict[str, Any]] = {}
    for index in _parents_first([entry for _, entry in given]):
        component, entry = given[index]
        done = redacted_entry(entry, component, redactor, identify=identify, at=at, says_metadata=says_metadata, parents=ids)
        new = done.entry
        if done.commitment is None:
            new = _renamed(new, component, ids, identify)
        else:
            commitments[new["id"]] = done.commitment
            found.extend(done.found)
        if new["id"] != entry["id"]:
            ids[entry["id"]] = new["id"]
        made[index] = new
    return RedactedEntries([(component, made[index]) for index, (component, _) in enumerate(given)], ids, commitments, found)


def _renamed(entry: dict[str, Any], component: str, ids: Mapping[str, str], identify: Identify) -> dict[str, Any]:
    changed = False
    made = dict(entry)
    for name in ("parent_ids", "source_event_ids"):
        if name in entry:
            made[name] = [ids.get(id, id) for id in entry[name]]
            changed = changed or made[name] != entry[name]
    if not changed:
        return entry
    made["id"] = identify(made, component)
    return made


def _parents_first(entries: list[dict[str, Any]]) -> list[int]:
    """Indexes of entries, each behind those that it names (Kahn); what is in a cycle comes last, in its own order."""
    where = {entry.get("id"): index for index, entry in enumerate(entries)}
    waits = [0] * len(entries)
    children: list[list[int]] = [[] for _ in entries]
    for index, entry in enumerate(entries):
        named = {*(entry.get("parent_ids") or ()), *(entry.get("source_event_ids") or ())}
        for parent in {where[id] for id in named if id in where} - {index}:
            waits[index] += 1
            children[parent].append(index)
    ready = [index for index, count in enumerate(waits) if not count]
    order: list[int] = []
    for index in ready:
        order.append(index)
        for child in children[index]:
            waits[child] -= 1
            if not waits[child]:
                ready.append(child)
    done = set(order)
    return order + [index for index in range(len(entries)) if index not in done]


def is_boundary(entry: Mapping[str, Any], missing: Collection[str]) -> bool:
    """Whether the parents of ``entry`` that are missing are no dangling references, because it was redacted: its only parent is
    the original that its metadata names (7.5). Without metadata (``sdk-0.1``): it has one parent, the tag and a token.

    Anybody can write such an entry: that its parent is outside is all that this says.
    """
    parents = entry.get("parent_ids")
    if type(parents) is not list or len(parents) != 1 or type(parents[0]) is not str or set(missing) != set(parents):
        return False
    metadata = entry.get(METADATA)
    if METADATA in entry:
        return type(metadata) is dict and metadata.get("original_id") == parents[0]
    return _is_tagged(entry)


def published_originals(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of entries that stand beside what was redacted of them, which must not leave together (7.5), sorted."""
    there: set[str] = set()
    named: set[str] = set()
    for entry in entries:
        there.add(str(entry.get("id")))
        metadata = entry.get(METADATA)
        if type(metadata) is dict and type(metadata.get("original_id")) is str:
            named.add(metadata["original_id"])
        parents = entry.get("parent_ids")
        if METADATA not in entry and type(parents) is list and len(parents) == 1 and _is_tagged(entry):
            named.add(str(parents[0]))
    return sorted(there & named)


def _is_tagged(entry: Mapping[str, Any]) -> bool:
    tags = entry.get("tags")
    return type(tags) is list and TAG in tags and any(_has_token(value) for name, value in entry.items() if name not in _FORMAL)


def _has_token(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str and TOKEN.search(item):
            return True
        if type(item) is dict:
            stack.extend(item)
            stack.extend(item.values())
        elif type(item) is list:
            stack.extend(item)
    return False


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(item) for item in value] if type(value) is list else value
