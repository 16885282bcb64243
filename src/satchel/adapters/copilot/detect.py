"""Which role a file plays for Copilot, by structure alone (providers.md 2, stage C; 3.8)."""

from __future__ import annotations

from typing import Any, Literal

from satchel.adapters.copilot.table import header_in
from satchel.adapters.copilot.wire import ROLES
from satchel.adapters.values import dict_of, dicts
from satchel.codec.probe import Probe

Role = Literal["table", "interactions", "interactions-page", "interaction"]


def role_of(probe: Probe) -> Role | None:
    """The file's role, or None when it is not Copilot's."""
    if probe.form == "json":
        return _json_role(probe.value)
    # A table whose first messages speak of a page's source looks like one.
    return "table" if probe.form in ("csv", "text", "html") and header_in(probe.text) else None


def _json_role(value: Any) -> Role | None:
    if type(value) is list:
        return "interactions" if any(is_interaction(item) for item in dicts(value)) else None
    if type(value) is dict:
        if any(is_interaction(item) for item in dicts(value.get("value"))):
            return "interactions-page"
        return "interaction" if is_interaction(value) else None
    return None


def is_interaction(item: dict[str, Any]) -> bool:
    """An ``aiInteraction`` of Microsoft Graph; in a probe's broken-off element, the members before its body."""
    kind = item.get("interactionType")
    if type(kind) is not str or kind.lower() not in ROLES:
        return False
    return bool({"sessionId", "requestId"} & item.keys()) and ("content" in dict_of(item.get("body")) or "appClass" in item)
