"""Which role a file plays for Grok, by structure alone (providers.md 2, stage B, rule 6; 3.4).

``responses`` beside a conversation is Grok's; ``mapping`` or ``chat_messages`` never are. A name decides only where structure
says nothing: an export without conversations, and account data that nobody described.
"""

from __future__ import annotations

from typing import Any, Literal

from satchel.adapters.values import dict_of, dicts
from satchel.codec.probe import Probe
from satchel.codec.sources import Member

Role = Literal["backend", "conversations", "conversation", "account", "billing", "x-chat"]

#: How an X archive names the one of its files that is read.
X_CHAT = "window.YTD.grok_chat_item"
#: The members of the backend file that hold something.
ARRAYS = ("conversations", "projects", "tasks", "media_posts")
_OTHERS = frozenset({"mapping", "chat_messages"})
_RESPONSE = frozenset({"response", "sender", "message", "response_id", "_id", "share_link"})
_PERSON = frozenset({"email", "givenName", "familyName", "birthDate", "profileImage", "sessionTierId"})


def role_of(member: Member, probe: Probe) -> Role | None:
    """The file's role, or None when it is not Grok's."""
    if probe.form == "script":
        return "x-chat" if probe.text.startswith(X_CHAT) else None
    if probe.form != "json":
        return None
    value = probe.value
    if type(value) is list:
        return "conversations" if any(is_talk(item) for item in dicts(value)) else None
    return _object_role(value, member.path.rpartition("/")[2]) if type(value) is dict else None


def _object_role(value: dict[str, Any], name: str) -> Role | None:
    if "data_files" in value or _OTHERS & value.keys():
        return None
    conversations = dicts(value.get("conversations"))
    if any(is_talk(item) for item in conversations):
        return "backend"
    if is_talk(value):
        return "conversation"
    if not conversations and value.keys() <= set(ARRAYS):
        if any(_is_project(item) for item in dicts(value.get("projects"))):
            return "backend"
        if any("original_prompt" in item and "media_type" in item for item in dicts(value.get("media_posts"))):
            return "backend"
        if (len(value) > 1 and {"media_posts", "tasks"} & value.keys()) or name == "prod-grok-backend.json":
            return "backend"
    user = dict_of(value.get("user"))
    if "userId" in user and _PERSON & user.keys():
        return "account"
    if name == "prod-mc-auth-mgmt-api.json":
        return "account"
    return "billing" if name == "prod-mc-billing.json" else None


def is_talk(item: dict[str, Any]) -> bool:
    """A conversation with its ``responses``, nested in ``response`` or flat."""
    responses = item.get("responses")
    if _OTHERS & item.keys() or "responses" not in item:
        return False
    if "conversation" in item:
        return type(item["conversation"]) is dict or type(responses) is list
    found = dicts(responses)
    return any(_RESPONSE & response.keys() for response in found) and all("role" not in response for response in found)


def _is_project(item: dict[str, Any]) -> bool:
    return "workspace_id" in item or bool({"custom_personality", "conversation_starters", "preferred_model"} & item.keys())
