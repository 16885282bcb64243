"""What the six classes miss (portable-agent-memory.md 7.2, *ours*): other e-mail addresses, cards of other lengths, IPv6,
telephone numbers of other countries, birth dates in other spellings where something says that they are one, and IBANs.

Each finder is linear: candidates begin at a sign of their own (an ``@``, a ``+``, a keyword) or where a run of their signs
begins, and are bounded in length. What can be checked is checked (check digits, country lengths, the address itself), so that
order numbers, hashes and versions are left alone.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator

from satchel.trust.redaction.layer_one import Span, luhn

_LOCAL_LENGTH = 64
_LOCAL_END = re.compile(r"[\s<>()\[\]{},;:\"'`@\\|=!?*/]")
_QUOTED = re.compile(r'"[^"@\s]{1,64}"')
_HOST = re.compile(r"[\w.-]{1,253}")
_TOP_LABEL = re.compile(r"(?:xn--[a-zA-Z0-9-]{2,}|[^\W\d_]{2,})")

_CARD = re.compile(
    r"(?<![\w.-])(?:"
    r"3[47]\d{2}[ -]?\d{6}[ -]?\d{5}"
    r"|3(?:0[0-5]|[689]\d)\d[ -]?\d{6}[ -]?\d{4}"
    r"|[2-6]\d{3}(?:[ .-]?\d{4}){3}(?:[ .-]?\d{3})?"
    r"|4\d{12}"
    r")(?![\w-])",
    re.ASCII,
)

_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.\d{1,3}){3})?(?![\w:])", re.ASCII)

_INTERNATIONAL = re.compile(r"(?<![\w+.,])(?:\+|00)[1-9](?:[-. ()/]{0,3}\d){6,14}(?!\d)", re.ASCII)
_NAMED_PHONE = re.compile(
    r"(?<![^\W_])(?:tele(?:phone|fon|fono)|phone|tel|t[eé]l|mobile|mobil|m[oó]vil|handy|cell|fax|whatsapp|call)"
    r"(?![^\W_])[^\d\n]{0,20}?(?P<it>[+(]{0,2}\d(?:[-. ()/]{0,3}\d){5,14})(?!\d)",
    re.IGNORECASE,
)
_PHONE_SIGNS = ("tel", "tél", "phone", "mobil", "móvil", "movil", "handy", "cell", "fax", "whatsapp", "call")
_PHONE_DIGITS = (7, 15)

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    "|dec(?:ember)?|januar|februar|m[aä]rz|mai|juni|juli|oktober|dezember"
)
_DATE = (
    r"(?:\d{4}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:\d{4}|\d{2})"
    rf"|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)? (?:of )?(?:{_MONTHS})\.?,? \d{{4}}"
    rf"|(?:{_MONTHS})\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? \d{{4}})(?!\d)"
)
_BIRTH = r"(?:birth(?:day|date)?|born|d\.?o\.?b|geb(?:oren|urtstag|urtsdatum)?|née?|nacid[oa]|nacimiento|nat[oa]|naissance)"
_BORN_ON = re.compile(rf"(?<![^\W_]){_BIRTH}(?![^\W_])\.?[^\d\n.;!?]{{0,24}}?(?P<it>{_DATE})", re.IGNORECASE)
_BIRTH_SIGNS = ("birth", "born", "dob", "d.o", "geb", "née", "né", "naci", "nato", "nata", "naissance")
_IS_BIRTHDAY = re.compile(rf"(?<!\d)(?P<it>{_DATE})[^\d\n]{{0,24}}?(?<![^\W_]){_BIRTH}(?![^\W_])", re.IGNORECASE)
DATE = re.compile(_DATE, re.IGNORECASE)

_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])", re.ASCII)
#: How many signs an account number of each country has (ISO 13616 registry).
_IBAN_LENGTHS = {
    code: length
    for length, codes in (
        (15, "NO"),
        (16, "BE BI"),
        (18, "DK FI FO GL NL SD"),
        (19, "MK SI"),
        (20, "AT BA EE KZ LT LU XK"),
        (21, "CH CR HR LI LV"),
        (22, "BG BH DE GB GE IE ME RS VA"),
        (23, "AE GI IL IQ OM SO TL"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
        (25, "LY PT ST"),
        (26, "IS TR"),
        (27, "BJ BF CI DJ FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO DZ GT HU LB NI PL SN SV"),
        (29, "BR EG PS QA UA"),
        (30, "JO KW MU"),
        (31, "MT SC"),
        (33, "RU"),
        (32, "LC"),
    )
    for code in codes.split()
}


def emails(text: str) -> Iterator[Span]:
    """Addresses with letters of other scripts, or a quoted first part."""
    at = text.find("@")
    done = 0
    while at >= 0:
        host = _HOST.match(text, at + 1)
        end = _host_end(text, host) if host else 0
        start = _local_start(text, done, at) if end else at
        if any(map(str.isalnum, text[start:at])):
            yield Span(start, end, 0.9)
            done = end
        at = text.find("@", max(at + 1, done))


def _local_start(text: str, lowest: int, at: int) -> int:
    lowest = max(lowest, at - _LOCAL_LENGTH - 2)
    if text.endswith('"', lowest, at):
        for quoted in _QUOTED.finditer(text, lowest, at):
            if quoted.end() == at:
                return quoted.start()
        return at
    start = at
    # Where words stand without spaces, an address in ASCII begins where its letters do.
    is_unspaced = unicodedata.category(text[at - 1 : at] or " ") == "Lo"
    while start > lowest and not _LOCAL_END.match(text, start - 1):
        if not is_unspaced and unicodedata.category(text[start - 1]) == "Lo":
            break
        start -= 1
    return start


def _host_end(text: str, host: re.Match[str]) -> int:
    start, end = host.span()
    dot = text.rfind(".", start + 1, end)
    while dot > start:
        top = _TOP_LABEL.match(text, dot + 1)
        if top is not None:
            return top.end()
        dot = text.rfind(".", start + 1, dot)
    return 0


def cards(text: str) -> Iterator[Span]:
    """Card numbers of 13 to 19 digits whose check digit holds."""
    for found in _CARD.finditer(text):
        if luhn(found[0]):
            yield Span(found.start(), found.end(), 0.95)


def addresses(text: str) -> Iterator[Span]:
    """IPv6 addresses that are written in full or have three groups, or two and a digit: ``a::b`` is a name in a program."""
    if text.count(":") < 2:
        return
    for found in _V6.finditer(text):
        end = found.end()
        # A colon behind an address belongs to the sentence.
        if text.endswith(":", found.start(), end) and not text.endswith("::", found.start(), end):
            end -= 1
        said = text[found.start() : end]
        groups = [group for group in said.split(":") if group]
        if len(groups) < 2 or (len(groups) == 2 and not any(sign.isdigit() for sign in said)):
            continue
        try:
            ipaddress.IPv6Address(said)
        except ValueError:
            continue
        yield Span(found.start(), end, 0.9)


def phones(text: str) -> Iterator[Span]:
    """Numbers with the sign of international dialling, and those behind a word that says what they are."""
    if "+" in text or "00" in text:
        for found in _INTERNATIONAL.finditer(text):
            yield Span(found.start(), found.end(), 0.85)
    lowered = text.lower()
    if not any(sign in lowered for sign in _PHONE_SIGNS):
        return
    for found in _NAMED_PHONE.finditer(text):
        start, end = found.span("it")
        digits = sum(map(str.isdigit, found["it"]))
        # "call on 2024-11-22" names a day.
        if _PHONE_DIGITS[0] <= digits <= _PHONE_DIGITS[1] and not DATE.match(text, start):
            yield Span(start, end, 0.75)


def birth_dates(text: str) -> Iterator[Span]:
    """Dates near a word of birth."""
    lowered = text.lower()
    if not any(sign in lowered for sign in _BIRTH_SIGNS):
        return
    for pattern in (_BORN_ON, _IS_BIRTHDAY):
        for found in pattern.finditer(text):
            yield Span(*found.span("it"), 0.9)


def ibans(text: str) -> Iterator[Span]:
    """International bank account numbers: country, length and check digits (ISO 13616) must hold; spaces as people put them."""
    for found in _IBAN.finditer(text):
        wanted = _IBAN_LENGTHS.get(found[0][:2].upper())
        if wanted is None:
            continue
        signs = list(found[0].upper())
        at = found.end()
        while len(signs) < wanted and at < len(text):
            step = 1 if text[at] in " -" else 0
            sign = text[at + step : at + step + 1]
            if not sign.isalnum() or not sign.isascii():
                break
            signs.append(sign.upper())
            at += step + 1
        follows = text[at : at + 1]
        if len(signs) == wanted and not follows.isalnum() and _iban_holds("".join(signs)):
            yield Span(found.start(), at, 0.99)


def _iban_holds(signs: str) -> bool:
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


FINDERS: dict[str, tuple[Callable[[str], Iterator[Span]], ...]] = {
    "email": (emails,),
    "credit_card": (cards,),
    "ip_address": (addresses,),
    "phone": (phones,),
    "date_of_birth": (birth_dates,),
    "iban": (ibans,),
}
