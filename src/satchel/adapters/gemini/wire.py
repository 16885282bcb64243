"""Names, ids and small readers of values that all of Gemini's forms share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model import times
from satchel.model.ids import provider_uid
from satchel.model.record import Origin, Original, Provenance, Reading, Record

INFO = AdapterInfo(name="gemini", version=1, title="Gemini")
PLATFORM = INFO.name
TITLE_CHARACTERS = 100

#: The product is called so in every language of the account; it was Bard before 2024.
_PRODUCT = re.compile(r"gemini|bard\b", re.IGNORECASE)
_HOME = r"https?://(?:gemini|bard)\.google\.com/"
_PAGE = re.compile(_HOME, re.IGNORECASE)
#: ``/app/<id>``, ``/app/c/<id>``, ``/gem/<gem>/<id>``, each also behind ``/u/<n>``.
_TALK = re.compile(_HOME + r"(?:u/\d+/)?(?:app|gem/[^/?#\s]+|chat)/(?:c/)?([A-Za-z0-9_-]{1,200})(?:[/?#]|\Z)", re.IGNORECASE)
#: The page of an account's Gems, where the note of one that was used leads.
_GEMS = re.compile(_HOME + r"(?:u/\d+/)?gems(?:[/?#]|\Z)", re.IGNORECASE)
#: What the note says in English; in other languages the name stands in it somewhere.
_GEM_USED = re.compile(r"(\S.{0,199}?) was used in this chat\.")
_EXTENSION = re.compile(r"\.(?:(png|jpe?g|gif|webp|heic|heif|bmp|svg|avif|tiff?)|(mp3|wav|m4a|ogg|opus|aac|flac|amr)"
                        r"|(mp4|mov|webm|mkv|avi|m4v|3gp))\Z", re.IGNORECASE)  # fmt: skip


def is_product(value: Any) -> bool:
    """Whether a header or a product's name is Gemini's, in any language."""
    return type(value) is str and len(value) <= TITLE_CHARACTERS and _PRODUCT.search(value) is not None


def is_home(value: Any) -> bool:
    """Whether a link leads to Gemini."""
    return type(value) is str and _PAGE.match(value) is not None


def talk_id(value: Any) -> str:
    """The conversation's id in a link of Gemini's, "" when it names none."""
    found = _TALK.match(value) if type(value) is str else None
    return found[1] if found else ""


def gem_note(text: Any, url: Any) -> str:
    """What an entry says of the Gem that was used: the text of a link to the account's Gems; "" where it is none."""
    return text.strip() if type(text) is str and type(url) is str and _GEMS.match(url) else ""


def gem_named(note: str, gems: Sequence[str]) -> str:
    """The name of the Gem that a note tells of, in English or by ``gems``, the names that are known; "" without one."""
    found = _GEM_USED.match(note)
    if found:
        return found[1]
    named = [name for name in gems if name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", note)]
    # "Chef" and "Pastry Chef": the note of the second holds both.
    longest = max(named, key=len, default="")
    return longest if all(name in longest for name in named) else ""


def text_of(value: Any) -> str:
    """A string as it is, anything else as ""."""
    return value if type(value) is str else ""


def ident(value: Any) -> str:
    """A native id: a non-empty string, or a number's digits."""
    return value if type(value) is str else str(value) if type(value) is int else ""


def items_of(value: Any) -> list[Any]:
    """The elements of an array; one value that is neither null nor an array stands for an array of one."""
    if type(value) is list:
        return value
    return [] if value is None else [value]


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of an array; one object stands for an array of one."""
    return [item for item in items_of(value) if type(item) is dict]


def title_of(text: str) -> str:
    """A talk's title: the beginning of its first prompt, on one line (portable-ai-memory.md 7.4)."""
    return " ".join(text[: 4 * TITLE_CHARACTERS].split())[:TITLE_CHARACTERS].rstrip()


def part_type(name: str) -> Any:
    """What kind of file a name says that it is: image, audio, video, else file."""
    found = _EXTENSION.search(name)
    return "file" if found is None else "image" if found[1] else "audio" if found[2] else "video"


def uid_of(account: str, kind: str, native_id: str) -> str:
    return provider_uid(PLATFORM, account, kind, native_id)


def origin(kind: str, native_id: str = "") -> Origin:
    return Origin(format=PLATFORM, id=native_id, kind=f"{PLATFORM}.{kind}")


def provenance(account: str, conversation: str = "") -> Provenance:
    return Provenance(platform=PLATFORM, account=account, method="api_export", conversation=conversation)


def moment_of(value: Any) -> datetime | None:
    """An ISO time with its zone, as Google writes them; nothing else is a time."""
    if type(value) is not str:
        return None
    # A bare day, or an hour without its zone, is no moment.
    return times.from_iso(value) if _ISO.fullmatch(value) else None


_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(?:Z|[+-]\d\d:?\d\d)", re.IGNORECASE)


def document(member: Member, limits: Limits) -> bytes:
    """A whole file, without its byte order mark.

    Raises:
        LimitExceeded: larger than ``limits.document_bytes``.
        InputError: it cannot be read.
    """
    return read_document(member, limits)


def notes_of(place: Place) -> Notes:
    return Notes(place, moment_of, (None, ""))


def original(
    uid: str, kind: str, data: bytes, place: Place, updated: datetime | None, read: Callable[[Notes], tuple[Record, ...]]
) -> Original:
    """The source object whose ``read`` maps it; what ``read`` raises on purpose becomes its finding."""

    def reading() -> Reading:
        notes = notes_of(place)
        try:
            records = read(notes)
        except SatchelError as error:
            notes.error(error)
            records = ()
        return Reading(records, notes.findings())

    return Original(
        uid=uid, kind=f"{PLATFORM}.{kind}", native=data, place=place, reader=INFO.reader, updated=updated, read=reading
    )
