"""Capability tokens in their three spellings, read strictly from raw values (dossier 5.1, 5.2).

    sdk-0.1      ``scope``, bare hexadecimal signature                     signed as ASCII
    spec-1.0     ``scope_expression``, ``ed25519:`` and hexadecimal        signed as UTF-8
    schema-1.0   ``scope``, ``ed25519:`` and base64                        signed as UTF-8

The spelling is told from structure and a token is read under exactly that one. What a signature covers is the raw value less
``issuer_signature``, never what was understood of it. A member that nobody knows could be a restriction, so it is refused.
No spelling has a place for "not before": ours is ``binding_params.not_before``, which all of them sign.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NoReturn, get_args

import msgspec

from satchel.codec import canonical
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits
from satchel.model.components import COMPONENTS
from satchel.model.times import from_iso
from satchel.trust.capabilities.scopes import Components, Entries, Everything, Operator, Scope, Tags

Profile = Literal["sdk-0.1", "spec-1.0", "schema-1.0"]
Permission = Literal["read", "write", "derive", "redact", "export", "rehydrate"]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

#: The canonical JSON that each spelling is signed in; the specification's number text can be read in two ways (dossier 2.1).
DIALECTS: dict[Profile, tuple[canonical.Dialect, ...]] = {
    "sdk-0.1": ("pam-ascii",),
    "spec-1.0": ("pam-utf8", "pam-es6"),
    "schema-1.0": ("pam-utf8", "pam-es6"),
}
SIGNATURE = "issuer_signature"
SIGNATURE_BYTES = 64

_SDK = {"id", "scope", "permissions", "issuer", SIGNATURE, "audience", "issued_at", "expires_at", "binding_params"}
#: Each spelling's members: those that must be there, those that may.
_MEMBERS: dict[Profile, tuple[set[str], set[str]]] = {
    # The SDK signs all nine, those left at their defaults too: without one, nothing it signed can be rebuilt.
    "sdk-0.1": (_SDK, set()),
    "spec-1.0": (
        {"id", "scope_expression", "permissions", "issuer", SIGNATURE, "audience", "expires_at"},
        {"binding_params", "delegated_from"},
    ),
    "schema-1.0": (_SDK - {"audience", "binding_params"}, {"audience", "binding_params"}),
}
_ID = re.compile(r"cap:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_NAME = re.compile(r"(?:operator|agent):[A-Za-z0-9_.@-]{1,128}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{128}", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{86}==", re.ASCII)
_MOST_CHARACTERS = 256
_NOWHERE = Place()
_OPERATORS: tuple[Operator, ...] = get_args(Operator)


class Binding(msgspec.Struct, frozen=True):
    """What a token says beside its scope. ``others``: names of conditions that nobody here knows; a token with any is of no
    use here, for what is not known cannot be kept to."""

    max_entries: int | None = None
    require_redaction: bool = False
    not_before: datetime | None = None
    others: tuple[str, ...] = ()


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it was read; ``raw`` is the whole of it. Made by ``read_token``, which checks its form and no more."""

    profile: Profile
    id: str
    scope: Scope
    permissions: frozenset[Permission]
    issuer: str
    #: None: whoever has it (a bearer token).
    audience: str | None
    issued_at: datetime | None
    #: None: never, which the SDK alone can say.
    expires_at: datetime | None
    binding: Binding
    #: The id of the token that it was delegated from, "" for none.
    delegated_from: str
    #: b"" where there is none, or none in the spelling's form.
    signature: bytes
    raw: dict[str, Any]

    def signed(self) -> list[bytes]:
        """The bytes that the signature may cover, one for each reading of the spelling's numbers; none where the value has no
        canonical bytes."""
        bare = {name: value for name, value in self.raw.items() if name != SIGNATURE}
        found: list[bytes] = []
        for dialect in DIALECTS[self.profile]:
            try:
                data = canonical.encode(bare, dialect)
            except CanonicalError:
                continue
            if data not in found:
                found.append(data)
        return found


class Presented(msgspec.Struct, frozen=True):
    """A token and the tokens that it was delegated from, its own parent first, the one that nobody delegated last."""

    token: Token
    parents: tuple[Token, ...] = ()


def read_presented(data: bytes, *, place: Place = _NOWHERE, limits: Limits = DEFAULT) -> Presented:
    """What a token's file holds: one token, or an array of a token and its parents in turn.

    Raises:
        MalformedInput: it is no such thing.
        LimitExceeded: too large, too deep.
    """
    if len(data) > limits.token_bytes:
        raise LimitExceeded(f"a token has at most {limits.token_bytes:,} bytes", place=place, hint="token_bytes=N raises it")
    value = decode_unique(data, place=place, limits=limits)
    if not isinstance(value, list):
        return Presented(read_token(value, place=place))
    if not value:
        _refuse("there is none in the array", place)
    places = [msgspec.structs.replace(place, pointer=f"/{at}") for at in range(len(value))]
    token, *parents = [read_token(each, place=at) for each, at in zip(value, places, strict=True)]
    return Presented(token, tuple(parents))


def read_token(value: Any, *, place: Place = _NOWHERE) -> Token:
    """A token from its JSON value.

    Raises:
        MalformedInput: a member is missing, unknown or not as its spelling has it. The message holds no value.
    """
    if not isinstance(value, dict):
        _refuse("it is no object", place)
    profile = _profile(value, place)
    required, optional = _MEMBERS[profile]
    if missing := required - value.keys():
        _refuse(f"{', '.join(sorted(missing))} missing", place)
    if value.keys() - required - optional:
        _refuse(f"a member that {profile} does not know: it could be a restriction", place)
    strict = profile == "spec-1.0"
    id, issuer = _text(value, "id", place), _text(value, "issuer", place)
    audience = value.get("audience")
    if audience is not None or strict:
        audience = _text(value, "audience", place, empty=profile == "sdk-0.1")
    if strict:
        for name, text in (("issuer", issuer), ("audience", audience or "")):
            if not _NAME.fullmatch(text) and (name, text) != ("audience", "*"):
                _refuse(f"{name} is not operator:NAME or agent:NAME", place, name)
        if not _ID.fullmatch(id):
            _refuse("its id is not cap: and a UUID of version 4", place, "id")
        if "delegated_from" in value:
            # The parent may be in another spelling, whose ids are its own.
            _text(value, "delegated_from", place)
    binding = value.get("binding_params", {})
    if not isinstance(binding, dict):
        _refuse("binding_params is no object", place, "binding_params")
    return Token(
        profile=profile,
        id=id,
        scope=_scope(value, profile, place),
        permissions=_permissions(value, profile, place),
        issuer=issuer,
        audience=None if strict and audience == "*" else audience,
        issued_at=None if strict else _time(value, "issued_at", place),
        expires_at=_expiry(value, profile, place),
        binding=_binding(binding, strict, place),
        delegated_from=value.get("delegated_from", ""),
        signature=_signature(value, profile, place),
        raw=value,
    )


def _profile(value: dict[str, Any], place: Place) -> Profile:
    if "scope_expression" in value:
        if "scope" in value:
            _refuse("it has scope and scope_expression both", place)
        return "spec-1.0"
    signature = value.get(SIGNATURE)
    return "schema-1.0" if isinstance(signature, str) and signature.startswith("ed25519:") else "sdk-0.1"


def _refuse(why: str, place: Place, member: str = "") -> NoReturn:
    at = msgspec.structs.replace(place, pointer=f"{place.pointer}/{member}") if member else place
    raise MalformedInput(f"not a capability token: {why}", place=at)


def _text(value: dict[str, Any], name: str, place: Place, *, empty: bool = False) -> str:
    text = value[name]
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS or not (text or empty) or not text.isprintable():
        _refuse(f"{name} is no text of 1 to {_MOST_CHARACTERS} printable characters", place, name)
    return text


def _expiry(value: dict[str, Any], profile: Profile, place: Place) -> datetime | None:
    if profile == "sdk-0.1" and value["expires_at"] == "":
        return None
    return _time(value, "expires_at", place, zulu=profile == "spec-1.0")


def _time(value: dict[str, Any], name: str, place: Place, *, zulu: bool = False) -> datetime:
    text = value[name]
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    moment = from_iso(text) if found and (found[1] == "Z" or not zulu) else None
    if moment is None:
        _refuse(f"{name} is no time with {'Z' if zulu else 'an offset'} (RFC 3339)", place, name)
    return moment


def _permissions(value: dict[str, Any], profile: Profile, place: Place) -> frozenset[Permission]:
    names = value["permissions"]
    if not isinstance(names, list) or any(name not in PERMISSIONS for name in names if isinstance(name, str)):
        _refuse("permissions holds a word that is none", place, "permissions")
    if not all(isinstance(name, str) for name in names):
        _refuse("permissions holds what is no word", place, "permissions")
    if profile != "sdk-0.1" and (not names or len(set(names)) != len(names)):
        _refuse("permissions is empty or says one twice", place, "permissions")
    return frozenset(names)


def _scope(value: dict[str, Any], profile: Profile, place: Place) -> Scope:
    if profile == "spec-1.0":
        return _expression(value["scope_expression"], place)
    scope = value["scope"]
    if not isinstance(scope, dict) or scope.keys() != {"type", "value"}:
        _refuse("scope is not type and value", place, "scope")
    names = scope["value"]
    if scope["type"] == "wildcard":
        # The SDK does not look at the value.
        if profile == "schema-1.0" and names != "*" and not _is_texts(names):
            _refuse("a wildcard's value is *", place, "scope")
        return Everything()
    if profile == "sdk-0.1" and isinstance(names, str):
        names = [names]
    if not _is_texts(names):
        _refuse("the scope's value is no list of texts", place, "scope")
    match scope["type"]:
        case "entry_ids":
            return Entries(frozenset(names))
        case "component":
            return _components(names, place, "scope", lenient=profile == "sdk-0.1")
        case "tag":
            return Tags("any_of", frozenset(names), episodic=False)
    _refuse("a scope of no known type", place, "scope")


#: A scope expression's members, by its type.
_EXPRESSIONS = {
    "entry_list": {"type", "entry_ids"},
    "component": {"type", "components"},
    "tag_predicate": {"type", "operator", "tags"},
    "wildcard": {"type"},
}


def _expression(scope: Any, place: Place) -> Scope:
    where = "scope_expression"
    kind = scope.get("type") if isinstance(scope, dict) else None
    if not isinstance(kind, str) or kind not in _EXPRESSIONS:
        _refuse("a scope of no known type", place, where)
    if scope.keys() != _EXPRESSIONS[kind]:
        _refuse(f"a {kind} scope has {' and '.join(sorted(_EXPRESSIONS[kind]))} and no more", place, where)
    if kind == "wildcard":
        return Everything()
    names = scope[{"entry_list": "entry_ids", "component": "components"}.get(kind, "tags")]
    if not _is_texts(names):
        _refuse("the scope names what is no list of texts", place, where)
    if kind == "entry_list":
        return Entries(frozenset(names))
    if kind == "component":
        return _components(names, place, where)
    if scope["operator"] not in _OPERATORS:
        _refuse("the operator is none of any_of, all_of, none_of", place, where)
    return Tags(scope["operator"], frozenset(names), episodic=True)


def _components(names: Sequence[str], place: Place, where: str, *, lenient: bool = False) -> Components:
    if not lenient and set(names) - set(COMPONENTS):
        _refuse("a component that there is not", place, where)
    # The SDK passes over names that it does not know.
    return Components(frozenset(names) & frozenset(COMPONENTS))


def _is_texts(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _binding(params: dict[str, Any], zulu: bool, place: Place) -> Binding:
    most, redaction = params.get("max_entries"), params.get("require_redaction", False)
    if most is not None and (type(most) is not int or most < 0):
        _refuse("max_entries is no whole number", place, "binding_params")
    if type(redaction) is not bool:
        _refuse("require_redaction is neither true nor false", place, "binding_params")
    not_before = _time(params, "not_before", place, zulu=zulu) if "not_before" in params else None
    others = sorted(params.keys() - {"max_entries", "require_redaction", "not_before"})
    return Binding(most, redaction, not_before, tuple(others))


def _signature(value: dict[str, Any], profile: Profile, place: Place) -> bytes:
    text = value[SIGNATURE]
    if not isinstance(text, str):
        _refuse(f"{SIGNATURE} is no text", place, SIGNATURE)
    bare = text if profile == "sdk-0.1" else text.removeprefix("ed25519:")
    if profile == "spec-1.0" and bare == text:
        return b""
    if profile != "schema-1.0":
        return bytes.fromhex(bare) if _HEX.fullmatch(bare) else b""
    try:
        return base64.b64decode(bare, validate=True) if _BASE64.fullmatch(bare) else b""
    except binascii.Error:
        return b""
