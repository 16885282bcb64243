"""Decentralised identifiers (W3C DID Core): which method, which document, which keys (portable-ai-memory.md 4.8).

did:key    its own document, offline
did:web    a document at a host, fetched only where the caller gives a way to fetch
did:pkh    recognised: it names an account on a blockchain and holds no key to compare
did:ion    recognised: its short form names no document; its long form carries the first one, which may have been replaced
           since, and only an ION node knows
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from satchel.codec.json_values import decode_unique
from satchel.errors import InputError, MalformedInput, NetworkError, Place, SatchelError, UnsafeAddress
from satchel.limits import DEFAULT, Limits
from satchel.trust.fetch import HOST
from satchel.trust.multibase import decode_base58
from satchel.trust.public_keys import PublicKey, ed25519, read_jwk, read_multibase

#: Whether the document was had. ``off``: it lies on the network, which was not allowed.
Outcome = Literal["resolved", "off", "unsupported", "invalid", "unreachable"]
#: What a key is to a DID: among its keys, not among them, or why nobody knows (dossier 4.8).
Match = Literal["match", "no-match", "not-resolved", "unsupported-method", "invalid", "unreachable"]
#: Gives the bytes behind a URL; see satchel.trust.fetch.
Fetch = Callable[[str], bytes]

MOST_CHARACTERS = 4096
_DID = re.compile(r"did:([a-z0-9]+):((?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}))")
_CAIP10 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:(?:[-.a-zA-Z0-9]|%[0-9A-Fa-f]{2}){1,128}")
_ION = re.compile(r"(?:test:)?[A-Za-z0-9_-]{46}(?::[A-Za-z0-9_-]+)?")
#: Relationships in whose name a signature over data is made; keys that stand inside them count.
_RELATIONS = ("verificationMethod", "assertionMethod", "authentication")
_MOST_METHODS = 1000


class Did(msgspec.Struct, frozen=True):
    """A DID in its parts: the method and what stands behind it."""

    text: str
    method: str
    rest: str


class VerificationMethod(msgspec.Struct, frozen=True):
    """A key of a document, under its DID URL."""

    id: str
    key: PublicKey


class Resolution(msgspec.Struct, frozen=True):
    """What came of resolving a DID: its keys, or a sentence that says why there are none."""

    outcome: Outcome
    text: str
    methods: tuple[VerificationMethod, ...] = ()

    def method_of(self, key: PublicKey) -> VerificationMethod | None:
        """The first verification method that has this key."""
        return next((each for each in self.methods if each.key == key), None)

    def match(self, key: PublicKey) -> Match:
        """What ``key`` is to the DID."""
        if self.outcome == "resolved":
            return "match" if self.method_of(key) else "no-match"
        names: dict[Outcome, Match] = {"off": "not-resolved", "unsupported": "unsupported-method"}
        return names.get(self.outcome) or ("invalid" if self.outcome == "invalid" else "unreachable")


def parse(text: str) -> Did:
    """The DID that ``text`` is: no DID URL (no path, query or fragment).

    Raises:
        MalformedInput: it is none.
    """
    found = _DID.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise MalformedInput("not a DID")
    return Did(text, found[1], found[2])


def did_key(key: PublicKey) -> str:
    """The did:key of a public key."""
    return f"did:key:{key.multibase}"


def did_key_url(key: PublicKey) -> str:
    """The DID URL of its only verification method."""
    return f"{did_key(key)}#{key.multibase}"


def resolve(text: str, *, fetch: Fetch | None = None, limits: Limits = DEFAULT) -> Resolution:
    """The document of a DID, as far as its keys go; never raises for what is wrong with the DID or its document.

    Args:
        fetch: how did:web is fetched; None leaves the network alone.
    """
    try:
        did = parse(text)
        return _METHODS.get(did.method, _unknown)(did, fetch, limits)
    except NetworkError as error:
        return Resolution("invalid" if isinstance(error, UnsafeAddress) else "unreachable", str(error))
    except SatchelError as error:
        return Resolution("invalid", error.message)


def web_url(did: Did) -> str:
    """Where a did:web's document lies: ``/.well-known/did.json``, or ``/a/b/did.json`` where it has a path.

    Raises:
        MalformedInput: the host is no plain name (an address, a user, a port that is none), or a part of the path could leave
            its place once decoded.
    """
    host, *path = did.rest.split(":")
    name, _, port = urllib.parse.unquote(host).lower().partition(":")
    if not HOST.fullmatch(name):
        raise MalformedInput("the did:web names no host that could be asked", hint="IDN hosts are written in Punycode")
    if (":" in urllib.parse.unquote(host) or port) and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) <= 65535):
        raise MalformedInput("the did:web names no port")
    for part in path:
        plain = urllib.parse.unquote(part, errors="strict") if _is_text(part) else ""
        if plain in ("", ".", "..") or not re.fullmatch(r"[^/\\?#%:\x00-\x20\x7f]+", plain):
            raise MalformedInput("the did:web's path has a part that could leave its place")
    where = "/".join(path) if path else ".well-known"
    return f"https://{name}{':' + port if port else ''}/{where}/did.json"


def read_document(data: bytes, did: Did, limits: Limits = DEFAULT) -> tuple[VerificationMethod, ...]:
    """The keys of a DID document that this DID may be known by; methods of types that we do not know are passed over.

    Raises:
        MalformedInput: no JSON object, or the document of another DID.
        LimitExceeded: it nests too deeply or has too many methods.
    """
    document = decode_unique(data, place=Place(file="did.json"), limits=limits)
    if type(document) is not dict or document.get("id") != did.text:
        raise MalformedInput("the document at the did:web is not its own", hint="its id is another")
    return tuple(_methods(document, did))


def _methods(document: dict[str, Any], did: Did) -> Iterator[VerificationMethod]:
    seen = 0
    for relation in _RELATIONS:
        listed = document.get(relation)
        for value in listed if type(listed) is list else ():
            seen += 1
            if seen > _MOST_METHODS:
                raise MalformedInput(f"the document has more than {_MOST_METHODS:,} verification methods")
            if type(value) is dict:
                key, own = _key_of(value), value.get("id")
                if key is not None and type(own) is str:
                    yield VerificationMethod(did.text + own if own.startswith("#") else own, key)


def _key_of(method: dict[str, Any]) -> PublicKey | None:
    if method.get("revoked") is not None:
        return None
    try:
        if type(method.get("publicKeyMultibase")) is str:
            return read_multibase(method["publicKeyMultibase"])
        if "publicKeyJwk" in method:
            return read_jwk(method["publicKeyJwk"])
        if type(method.get("publicKeyBase58")) is str and method.get("type") == "Ed25519VerificationKey2018":
            return ed25519(decode_base58(method["publicKeyBase58"]))
    except InputError:
        pass
    return None


def _is_text(part: str) -> bool:
    try:
        urllib.parse.unquote(part, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def _key(did: Did, _fetch: Fetch | None, _limits: Limits) -> Resolution:
    key = read_multibase(did.rest)
    return Resolution("resolved", "", (VerificationMethod(did_key_url(key), key),))


def _web(did: Did, fetch: Fetch | None, limits: Limits) -> Resolution:
    url = web_url(did)
    if fetch is None:
        return Resolution("off", "its document lies on the network, which was not asked")
    return Resolution("resolved", "", read_document(fetch(url), did, limits))


def _pkh(did: Did, _fetch: Fetch | None, _limits: Limits) -> Resolution:
    if not _CAIP10.fullmatch(did.rest):
        raise MalformedInput("the did:pkh names no account")
    return Resolution("unsupported", "did:pkh names an account by its address: there is no key in it to compare")


def _ion(did: Did, _fetch: Fetch | None, _limits: Limits) -> Resolution:
    if not _ION.fullmatch(did.rest):
        raise MalformedInput("the did:ion has no suffix of its form")
    if ":" in did.rest.removeprefix("test:"):
        text = "its long form carries the document that it began with; whether that still holds, only an ION node knows"
        return Resolution("unsupported", f"{text}, and Satchel asks none")
    return Resolution("unsupported", "did:ion is resolved by an ION node, which Satchel does not ask")


def _unknown(did: Did, _fetch: Fetch | None, _limits: Limits) -> Resolution:
    return Resolution("unsupported", f"Satchel does not resolve DIDs of the method {did.method}")


_METHODS: dict[str, Callable[[Did, Fetch | None, Limits], Resolution]] = {
    "key": _key,
    "web": _web,
    "pkh": _pkh,
    "ion": _ion,
}
