"""What of a text is personal data or a secret: all finders run on the folded text, and what overlaps becomes one.

Where finds overlap, the longest names the type, among equals the one of higher priority (portable-agent-memory.md 7.2, *ours*);
it covers all of them, so that no piece of a number stays beside the token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from satchel.errors import UsageError
from satchel.trust.redaction import credentials, layer_more, layer_one
from satchel.trust.redaction.folding import fold
from satchel.trust.redaction.layer_one import Span

#: The types that rules find, those that win among equals first.
TYPES: tuple[str, ...] = (
    "private_key",
    "api_key",
    "password",
    "ssn",
    "credit_card",
    "iban",
    "email",
    "phone_us",
    "phone",
    "date_of_birth",
    "ip_address",
)
TYPE_NAME = re.compile(r"[A-Za-z_]{1,32}")


class Detection(NamedTuple):
    """Code points ``start`` to ``end`` of one string. ``path`` is a JSON pointer (RFC 6901) to the string in the value that was
    looked through, "" for the value itself; in a member's name, the pointer to the member. Names in it are redacted ones."""

    path: str
    start: int
    end: int
    type: str
    confidence: float
    in_name: bool = False


class Found(NamedTuple):
    """What a detector says of one text."""

    start: int
    end: int
    type: str
    confidence: float


class Detector(Protocol):
    """A second layer beside the rules (RED-03), such as one that knows names."""

    def find(self, text: str) -> Iterable[Found]:
        """Code points of ``text`` as it is, in any order; types fit ``[A-Za-z_]{1,32}``."""
        ...


_Finder = Callable[[str], Iterator[Span]]
_NUMBER = re.compile(r"[0-9]")
#: Types all of whose finders need a digit to be there.
_NUMERIC = frozenset({"ssn", "credit_card", "iban", "phone_us", "phone", "date_of_birth"})

_FINDERS: dict[str, tuple[_Finder, ...]] = {
    type: (
        *((layer_one.FINDERS[type],) if type in layer_one.FINDERS else ()),
        *layer_more.FINDERS.get(type, ()),
        *credentials.FINDERS.get(type, ()),
    )
    for type in TYPES
}
_PRIORITY = {type: place for place, type in enumerate(TYPES)}


class _Said(NamedTuple):
    """What a member's name says of its value: the type; what a text must be like in full; and between which sizes a number
    must lie, whatever its sign. Of secrets any number is one, of the others only whole ones."""

    type: str
    form: re.Pattern[str]
    least: int
    most: int


_DIGITS_MOST = 10**19
_PASSWORD = _Said("password", re.compile(r"\S(?:.*\S)?", re.DOTALL), 0, 0)
_API_KEY = _PASSWORD._replace(type="api_key")
_PIN = _Said("password", re.compile(r"\d{3,12}", re.ASCII), 0, 10**12)
#: A number keeps no zeros at its front, and many of these begin with one.
_SSN = _Said("ssn", re.compile(r"\d{3}[- ]?\d{2}[- ]?\d{4}", re.ASCII), 1, 10**9)
_CARD = _Said("credit_card", re.compile(r"\d(?:[- ]?\d){11,18}", re.ASCII), 10**11, _DIGITS_MOST)
_PHONE = _Said("phone", re.compile(r"[+(]{0,2}\d(?:[-. ()/]{0,3}\d){5,14}", re.ASCII), 10**5, 10**15)
#: As a number: 19900401, or seconds since 1970 or before; a year alone is no date.
_BIRTH = _Said("date_of_birth", layer_more.DATE, 10**4, _DIGITS_MOST)

#: By the name in lower case without anything but letters; see ``_said``.
_NAMED: dict[str, _Said] = {
    **dict.fromkeys(
        ("password", "passwd", "pwd", "passphrase", "passwort", "secret", "clientsecret", "secretkey", "privatekey"), _PASSWORD
    ),
    **dict.fromkeys(("apikey", "accesstoken", "authtoken", "refreshtoken", "accesskey", "sessiontoken"), _API_KEY),
    **dict.fromkeys(
        ("pin", "pincode", "pinnumber", "cardpin", "bankpin", "simpin", "passcode", "cvv", "cvc", "securitycode", "otp"), _PIN
    ),
    **dict.fromkeys(("ssn", "socialsecuritynumber", "socialsecurity"), _SSN),
    **dict.fromkeys(
        ("card", "cardnumber", "cardno", "creditcard", "creditcardnumber", "debitcard", "debitcardnumber", "ccnumber"), _CARD
    ),
    **dict.fromkeys(("phone", "phonenumber", "telephone", "mobile", "mobilephone", "cell", "cellphone", "fax", "tel"), _PHONE),
    **dict.fromkeys(("dob", "dateofbirth", "birthdate", "birthday", "birthdateiso", "geburtsdatum", "born"), _BIRTH),
}
#: Names that say it alone, and something else at the end of a longer one: ``gpio_pin``, ``table_cell``.
_ALONE = frozenset({"pin", "card", "cell", "mobile", "tel", "born"})
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOST_WORDS = 3
_LETTERS = re.compile(r"[^a-z]+")


def chosen(types: Iterable[str]) -> frozenset[str]:
    """The types that a person named; all of them where none is named.

    Raises:
        UsageError: one is not known.
    """
    named = frozenset(name.strip().lower() for name in types if name.strip())
    unknown = sorted(named - set(TYPES))
    if unknown:
        raise UsageError(f"no rule finds {unknown[0]!r}", hint="types: " + ", ".join(TYPES))
    return named or frozenset(TYPES)


def detect(
    text: str, *, types: frozenset[str] = frozenset(TYPES), name: str = "", detectors: Iterable[Detector] = ()
) -> list[Found]:
    """What of ``text`` is of these types, in order and apart from one another.

    Args:
        name: the name of the member that holds the text: ``dob`` says what a date is.
        detectors: further ones; what they find is taken whatever its type.

    Raises:
        UsageError: a detector names a type that no token can name.
    """
    finds: list[Found] = []
    folded = fold(text)
    read = folded.text
    if name:
        finds.extend(_by_name(text, name, types))
    has_digit = _NUMBER.search(read) is not None
    for type in types:
        if not has_digit and type in _NUMERIC:
            continue
        for find in _FINDERS[type]:
            finds.extend(Found(*folded.original(start, end), type, sure) for start, end, sure in find(read) if start < end)
    for detector in detectors:
        for found in detector.find(text):
            if not TYPE_NAME.fullmatch(found.type):
                raise UsageError(f"a detector names the type {found.type[:40]!r}", hint="letters and underscores, 32 at most")
            if 0 <= found.start < found.end <= len(text):
                finds.append(found)
    return _apart(finds) if len(finds) > 1 else finds


def of_number(number: int | float, name: str, types: frozenset[str]) -> tuple[str, float] | None:
    """The type of personal data that a number is by the name of its member, and how sure that is; None where it is none."""
    said = _said(name)
    if said is None or said.type not in types:
        return None
    if said.most and not (said.least <= abs(number) < said.most and number == int(number)):
        return None
    return said.type, 0.9


def _said(name: str) -> _Said | None:
    """By the whole name, or by the words at its end: ``wifi_password``, ``workPhoneNumber``."""
    if not name or len(name) > 64:
        return None
    whole = _LETTERS.sub("", name.lower())
    if whole in _NAMED:
        return _NAMED[whole]
    words = [word.lower() for word in _WORDS.findall(name)]
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        end = "".join(words[-count:])
        if end in _NAMED and end not in _ALONE:
            return _NAMED[end]
    return None


def _by_name(text: str, name: str, types: frozenset[str]) -> list[Found]:
    said = _said(name)
    if said is None or said.type not in types:
        return []
    body = text.strip()
    if not said.form.fullmatch(fold(body).text):
        return []
    start = text.index(body) if body else 0
    return [Found(start, start + len(body), said.type, 0.9)]


def _apart(finds: list[Found]) -> list[Found]:
    """One for each group of finds that overlap; see the module docstring."""
    finds.sort(key=lambda found: (found.start, -found.end))
    groups: list[list[Found]] = []
    end = -1
    for found in finds:
        if found.start >= end:
            groups.append([])
        groups[-1].append(found)
        end = max(end, found.end)
    return [_one(group) for group in groups]


def _one(group: list[Found]) -> Found:
    winner = max(group, key=lambda found: (found.end - found.start, -_PRIORITY.get(found.type, len(TYPES)), found.confidence))
    start, end = group[0].start, max(found.end for found in group)
    return Found(start, end, winner.type, winner.confidence)
