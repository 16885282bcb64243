"""One entry of "My Activity" in JSON (providers.md 3.3; portable-ai-memory.md 7.4, variants A and B and today's).

Today's entries have the prompt in ``title`` and the answers in ``safeHtmlItem``; older ones both in ``details``, or as JSON in
strings in ``userInteractions``. Which it is, is decided for each entry.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import msgspec

from satchel.adapters.gemini import verbs
from satchel.adapters.gemini.exchange import Exchange, FileRef, Turn, base_name, is_local
from satchel.adapters.gemini.wire import dicts, gem_note, is_home, is_product, items_of, moment_of, talk_id, text_of
from satchel.model.bodies import Role

_ROLES: dict[str, Role] = {"request": "user", "prompt": "user", "response": "assistant", "answer": "assistant"}
_PARTS: tuple[tuple[str, Role], ...] = (("request", "user"), ("response", "assistant"))
_FILES = ("attachedFiles", "imageFile", "audioFiles", "videoFiles")
_NAMES = ("name", "fileName", "filename", "path", "url")
_ANSWERS = ("safeHtmlItem", "details", "userInteractions")
_MAX_LEAVES = 10_000


def is_activity(value: Any) -> bool:
    """Whether an object has the form of an entry of "My Activity", of any product."""
    return (
        type(value) is dict
        and "title" in value
        and ("header" in value or "products" in value or "safeHtmlItem" in value or is_home(value.get("titleUrl")))
        and ("time" in value or "products" in value or any(name in value for name in _ANSWERS))
    )


def is_ours(value: Any) -> bool:
    """Whether an entry is Gemini's: by its products, its header, its link, or where it names none, by its answer."""
    if type(value) is not dict:
        return False
    products = items_of(value.get("products"))
    if is_product(value.get("header")) or any(is_product(product) for product in products) or is_home(value.get("titleUrl")):
        return True
    return not value.get("header") and not products and any(value.get(name) for name in _ANSWERS)


def read_activity(value: dict[str, Any]) -> Exchange:
    """The exchange that an entry is."""
    title = text_of(value.get("title")).strip()
    kind, _, prompt = verbs.split(title)
    raw_time = value.get("time")
    turns = _details(value) or _interactions(value)
    if not turns:
        answers = _answers(value)
        if kind != "deed" and prompt:
            turns.append(Turn("user", prompt, pointer=""))
        if answers and not turns:
            # The first message stands for the entry.
            answers[0] = msgspec.structs.replace(answers[0], pointer="")
        turns.extend(answers)
        if kind == "deed" and not answers:
            turns = []
    return Exchange(
        title=title,
        kind=kind,
        turns=tuple(turns),
        files=_files(value),
        at=moment_of(raw_time),
        raw_time=raw_time if type(raw_time) is str else "" if raw_time is None else repr(raw_time)[:40],
        talk=_talk(value),
        gem_note=next(
            filter(None, (gem_note(item.get("name"), item.get("url")) for item in dicts(value.get("subtitles")))), ""
        ),
    )


def _answers(value: dict[str, Any]) -> list[Turn]:
    items = value.get("safeHtmlItem")
    found: list[Turn] = []
    for at, item in enumerate(items_of(items)):
        html = item if type(item) is str else text_of(item.get("html")) if type(item) is dict else ""
        if html.strip():
            pointer = f"/safeHtmlItem/{at}" if type(items) is list else "/safeHtmlItem"
            found.append(Turn("assistant", html=html, pointer=pointer, is_draft=True))
    if found:
        # The last is the one that the talk goes on from.
        found[-1] = msgspec.structs.replace(found[-1], is_draft=False)
    return found


def _details(value: dict[str, Any]) -> list[Turn]:
    """Variant A: ``details[{name, value}]``. A name in another language takes the part that is due."""
    found: list[Turn] = []
    for at, item in enumerate(items_of(value.get("details"))):
        if type(item) is not dict or type(item.get("name")) is not str or type(item.get("value")) is not str:
            continue
        role: Role | None = _ROLES.get(item["name"].strip().lower())
        if role is None:
            role = "assistant" if found and found[-1].role == "user" else "user"
        if item["value"].strip() and not is_home(item["value"]):
            found.append(Turn(role, item["value"], pointer=f"/details/{at}" if found else ""))
    return found


def _interactions(value: dict[str, Any]) -> list[Turn]:
    """Variant B: ``userInteractions[].userInteraction.request`` and ``response``, strings that may be JSON."""
    found: list[Turn] = []
    for at, item in enumerate(items_of(value.get("userInteractions"))):
        inner = item.get("userInteraction", item) if type(item) is dict else None
        if type(inner) is not dict:
            continue
        for name, role in _PARTS:
            text = spoken(inner.get(name))
            if text.strip():
                found.append(Turn(role, text, pointer=f"/userInteractions/{at}" if found else ""))
    return found


def spoken(value: Any) -> str:
    """The text in a request or a response: the string itself, or the texts of the JSON that it holds."""
    if type(value) is str:
        bare: str = value.strip()
        if bare[:1] not in ("[", "{"):
            return bare
        try:
            value = msgspec.json.decode(bare.encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return bare
        texts = _texts(value)
        return "\n\n".join(texts) if texts else bare
    return "\n\n".join(_texts(value))


def _texts(value: Any) -> list[str]:
    """The strings under ``text``, else under any name that holds an array of strings, in order."""
    named: list[str] = []
    bare: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack and len(named) + len(bare) < _MAX_LEAVES:
        name, item = stack.pop()
        if type(item) is str:
            (named if name == "text" else bare).append(item)
        elif type(item) is dict:
            stack.extend(reversed(list(item.items())))
        elif type(item) is list:
            stack.extend((name, element) for element in reversed(item))
    return named or bare


def _talk(value: dict[str, Any]) -> str:
    """The conversation's id, from the entry's link, else from a link in its details or below its title."""
    found = talk_id(value.get("titleUrl"))
    for member in ("details", "subtitles"):
        for item in dicts(value.get(member)) if not found else ():
            found = found or talk_id(item.get("value")) or talk_id(item.get("name")) or talk_id(item.get("url"))
    return found


def _files(value: dict[str, Any]) -> tuple[FileRef, ...]:
    """The files of an entry, each once: those under the title have what the person called them."""
    found: dict[str, FileRef] = {}
    for item in dicts(value.get("subtitles")):
        name, url = text_of(item.get("name")), text_of(item.get("url"))
        ref = unquote(url) if is_local(url) else ""
        if ref or (name.startswith("-") and not url):
            shown = name.lstrip("- \xa0").strip()
            found.setdefault(ref or shown, FileRef(shown, ref))
    for member in _FILES:
        for item in items_of(value.get(member)):
            ref = item if type(item) is str else next((text_of(item[name]) for name in _NAMES if name in item), "") \
                if type(item) is dict else ""  # fmt: skip
            _add(found, ref)
    return tuple(found.values())


def _add(found: dict[str, FileRef], ref: str) -> None:
    """A file that is named by its name in the export; it may be one that stands under the title by another."""
    if not ref or ref in found:
        return
    base = base_name(ref)
    for key, known in found.items():
        if base_name(known.ref) == base or (not known.ref and is_renamed(known.name, base)):
            found[key] = FileRef(known.name, known.ref or ref)
            return
    found[ref] = FileRef("", ref)


def is_renamed(name: str, base: str) -> bool:
    """Whether ``base`` is what Takeout makes of a file's name: ``a.png`` becomes ``a-1e98….png``."""
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    return bool(stem) and (base == name or (base.startswith(stem + "-") and base.endswith(dot + extension)))
