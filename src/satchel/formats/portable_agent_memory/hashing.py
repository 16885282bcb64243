"""Entry ids, root hashes and what a signature is over, by the rules of each profile (dossier 2.2, 2.3, 4).

Hashes are over the raw parsed values; only the SDK's profile fills in what its own entry would have, since its ids are made so.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from blake3 import blake3

from satchel.codec import canonical, mem_json, pam_json
from satchel.codec.canonical import Dialect
from satchel.codec.packed import is_large, runs
from satchel.errors import CanonicalError
from satchel.formats.portable_agent_memory import models
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.profiles import BROWSER, SDK, Component, Profile

#: How numbers were written when a hash was made: Python's way, or ECMAScript's (dossier 2.1).
Numbers = Literal["py", "es6"]
#: The rule that a root hash followed: over the sorted ids, over ``components``, over the envelope, or the browser extension's.
RootVariant = Literal["R-ids", "R-comp", "R-env", "R-browser"]

#: The one number of an entry that the SDK makes a float of before it hashes.
SCORES: dict[Component, str] = {"episodic": "salience", "semantic": "confidence"}
_DIALECTS: dict[str, Callable[[Any], bytes]] = {
    # What is hashed was parsed or checked to be JSON.
    "pam-ascii": functools.partial(pam_json.write_parsed, ascii=True),
    "pam-utf8": functools.partial(pam_json.write_parsed, ascii=False),
    "pam-es6": mem_json.write_spec,
}


def dialect_of(profile: Profile, numbers: Numbers = "py") -> Dialect:
    """The canonical JSON of a profile's hashes under a number policy; the SDK's profile has one alone."""
    return "pam-es6" if numbers == "es6" and profile.nested else profile.dialect


def hashed_form(entry: dict[str, Any], component: Component, profile: Profile) -> dict[str, Any]:
    """The entry as its id covers it: without ``id``; in the SDK's profile with its defaults and its score as a float."""
    if profile is not SDK:
        form = dict(entry)
        form.pop("id", None)
        return form
    form = {**_defaults(component), **entry}
    form.pop("id", None)
    score = SCORES.get(component)
    if score is not None and type(form[score]) is not float:
        form[score] = _as_float(form[score])
    return form


def entry_id(entry: dict[str, Any], component: Component, profile: Profile, numbers: Numbers = "py") -> str:
    """The id of an entry, whatever ``id`` it has.

    Raises:
        CanonicalError: it has no canonical bytes.
    """
    if profile is BROWSER:
        return BROWSER.id_prefix + hashlib.sha256(_stringified(entry)).hexdigest()
    write = _DIALECTS[dialect_of(profile, numbers)]
    return profile.id_prefix + blake3(write(hashed_form(entry, component, profile))).hexdigest()


def entry_ids(entries: Iterable[dict[str, Any]], component: Component, profile: Profile) -> Iterator[str]:
    """The ids of many entries of one component, in their order. Raises CanonicalError."""
    if profile is BROWSER:
        yield from (entry_id(entry, component, profile) for entry in entries)
        return
    write, prefix = _DIALECTS[profile.dialect], profile.id_prefix
    for entry in entries:
        yield prefix + blake3(write(hashed_form(entry, component, profile))).hexdigest()


def root_of_ids(ids: Iterable[str], profile: Profile = SDK) -> str:
    """R-ids, or the browser extension's rule: over the sorted ids, duplicates kept. Raises CanonicalError."""
    if profile is BROWSER:
        return "sha256:" + hashlib.sha256("|".join(sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()
    return "blake3:" + blake3(canonical.encode(sorted(ids), SDK.dialect)).hexdigest()


def root_hash(artifact: Artifact) -> str:
    """The root hash that the artifact ought to declare, by its profile's first rule. Raises CanonicalError."""
    return next(roots(artifact))[2]


def roots(artifact: Artifact) -> Iterator[tuple[RootVariant, Numbers, str]]:
    """Every root hash that its profile lets it declare, the likeliest first; each is worked out when it is asked for.

    Raises:
        CanonicalError: there are no canonical bytes.
    """
    profile = artifact.profile
    if not profile.nested:
        ids = [text if type(text := entry.get("id")) is str else "" for _, entry in artifact.all_entries()]
        yield "R-browser" if profile is BROWSER else "R-ids", "py", root_of_ids(ids, profile)
        return
    components = artifact.envelope["components"]
    envelope = {name: value for name, value in artifact.envelope.items() if name not in ("root_hash", "signature")}
    policies: tuple[Numbers, ...] = ("py", "es6")
    for numbers in policies:
        yield "R-comp", numbers, "blake3:" + digest(components, dialect_of(profile, numbers))
    for numbers in policies:
        yield "R-env", numbers, "blake3:" + digest(envelope, dialect_of(profile, numbers))


def signed_text(root: str) -> bytes:
    """What an artifact's signature is over: the root hash as text, its prefix included."""
    return root.encode("utf-8", "surrogatepass")


def digest(value: Any, dialect: Dialect) -> str:
    """BLAKE3, hexadecimal, of the canonical JSON of a value, which is never held whole. Raises CanonicalError."""
    hasher = blake3()
    for part in _written(value, _DIALECTS[dialect]):
        hasher.update(part)
    return hasher.hexdigest()


def _written(value: Any, write: Callable[[Any], bytes]) -> Iterator[bytes]:
    """The canonical JSON of ``value`` in pieces: what is large in it is cut up."""
    mark = b""
    if not is_large(value):
        yield write(value)
    elif type(value) is dict:
        yield b"{"
        for name in sorted(value):
            yield mark + write(name) + b":"
            yield from _written(value[name], write)
            mark = b","
        yield b"}"
    elif type(value) is str:
        yield b'"'
        yield from (write(run)[1:-1] for run in runs(value))
        yield b'"'
    else:
        yield b"["
        for run in runs(value):
            yield mark
            yield from _written(run[0], write) if len(run) == 1 else (write(run)[1:-1],)
            mark = b","
        yield b"]"


@functools.cache
def _defaults(component: Component) -> dict[str, Any]:
    return models.defaults(SDK, component)


def _as_float(value: Any) -> Any:
    if type(value) not in (int, str):
        return value
    try:
        return float(value)
    except (ValueError, OverflowError):
        return value


def _stringified(entry: dict[str, Any]) -> bytes:
    """The browser extension's bytes: JavaScript's JSON, of nested objects only the members that the entry has too."""
    names = sorted(name for name in entry if name != "id")
    own = frozenset(names)

    def kept(value: Any) -> Any:
        if type(value) is dict:
            return {name: kept(value[name]) for name in sorted(value) if name in own}
        return [kept(item) for item in value] if type(value) is list else value

    try:
        return mem_json.write_spec(kept(entry))
    except RecursionError:
        raise CanonicalError("the value is nested too deeply") from None
