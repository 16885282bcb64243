"""What names a person or an account at a product, and leaves on request (dossier 5, PAM-175; spec 21.3).

Of memories ``provenance.platform_user_id``; of conversations the product's ids of account, talk, messages, participants and
files, whence they were imported, and what the product said besides (``raw_metadata``), which can hold any of them. What Satchel
itself put beside a product's words stays, but for residue. Ids that link the package's own parts stay: without them it falls
apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.spelling import dump, raw_key
from satchel.model.ledger import Ledger


def told(kind: str, ledger: Ledger, uid: str) -> None:
    """Say that an element lost its identifiers."""
    text = "identifiers at the product are left out, as was asked"
    ledger.field(kind, "identifiers", "lost", "stripped", text, uid=uid)


def stripped(strip: Callable[[dict[str, Any]], bool], kind: str, native: bytes, ledger: Ledger, uid: str) -> bytes:
    """The bytes of an element without its identifiers; as they came where it has none."""
    value = msgspec.json.decode(native)
    if not strip(value):
        return native
    told(kind, ledger, uid)
    return dump(value)


def strip_memory(value: dict[str, Any]) -> bool:
    """Take the identifiers out of a memory, in place; whether it had any."""
    provenance = _object(value, "provenance")
    found = [_drop(provenance, "platform_user_id")]
    metadata = _object(value, "metadata")
    platform = provenance.get("platform")
    if type(platform) is str:
        found.append(_drop(metadata, raw_key(platform)))
    found.append(_drop(_object(metadata, terms.OURS), "residue"))
    return any(found)


def strip_conversation(value: dict[str, Any]) -> bool:
    """The same of a conversation, with its messages where it has them."""
    provider = _object(value, "provider")
    found = [_drop(provider, "account_id"), _drop(provider, "conversation_id"), _drop(value, "import_metadata")]
    found.extend(_drop(each, "provider_id") for each in _objects(value, "participants"))
    found.append(_strip_raw(value))
    found.extend([strip_message(each) for each in _objects(value, "messages")])
    return any(found)


def strip_message(value: dict[str, Any]) -> bool:
    """The same of a message."""
    found = [_strip_raw(value), _drop(value, "provider_message_id")]
    found.extend(_drop(each, "provider_id") for each in _objects(value, "attachments"))
    return any(found)


def _strip_raw(value: dict[str, Any]) -> bool:
    raw = value.get("raw_metadata")
    if not raw:
        return False
    ours = raw.get(terms.OURS) if type(raw) is dict else None
    kept = {name: said for name, said in ours.items() if name != "residue"} if type(ours) is dict else {}
    if kept == ours and len(raw) == 1:
        return False
    if kept:
        value["raw_metadata"] = {terms.OURS: kept}
    else:
        del value["raw_metadata"]
    return True


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if type(found) is dict else {}


def _objects(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    return [each for each in found if type(each) is dict] if type(found) is list else []


def _drop(value: dict[str, Any], name: str) -> bool:
    return value.pop(name, None) is not None
