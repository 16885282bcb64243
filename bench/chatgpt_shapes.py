"""Conversations in the shape of a ChatGPT export: the members of the real ones, invented text."""

from __future__ import annotations

import random
from typing import Any

from prose import Prose

_MODELS = ("gpt-4o", "gpt-5", "gpt-5-6", "gpt-5-6-thinking", "o3")
_DAY = 86_400.0
_EPOCH = 1_690_000_000.0
_SPAN = 1_200 * _DAY


def uuid4(rng: random.Random) -> str:
    """A UUID out of the seed."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class _Talk:
    """One conversation's mapping while it grows; ``tip`` is the node that the next one answers."""

    def __init__(self, rng: random.Random, prose: Prose) -> None:
        self.rng = rng
        self.prose = prose
        self.model = rng.choice(_MODELS)
        self.start = round(_EPOCH + rng.random() * _SPAN, 6)
        self.now = self.start
        self.timed = rng.random() > 0.03
        self.request = f"{rng.getrandbits(64):016x}-AMS"
        self.mapping: dict[str, Any] = {}
        self.tip: str | None = None
        self.put("client-created-root" if rng.random() < 0.7 else uuid4(rng), None)

    def put(self, name: str, message: dict[str, Any] | None) -> str:
        if self.tip is not None:
            self.mapping[self.tip]["children"].append(name)
        self.mapping[name] = {"id": name, "message": message, "parent": self.tip, "children": []}
        self.tip = name
        return name

    def say(
        self,
        role: str,
        content: dict[str, Any],
        metadata: dict[str, Any],
        *,
        name: str | None = None,
        recipient: str = "all",
        end_turn: bool | None = None,
        timed: bool = True,
        weight: float = 1.0,
    ) -> str:
        node = uuid4(self.rng)
        self.now += 0.5 + self.rng.random() * 40.0
        return self.put(
            node,
            {
                "id": node,
                "author": {"role": role, "name": name, "metadata": {}},
                "create_time": round(self.now, 6) if timed and self.timed else None,
                "update_time": None,
                "content": content,
                "status": "finished_successfully",
                "end_turn": end_turn,
                "weight": weight,
                "metadata": metadata,
                "recipient": recipient,
                "channel": None,
            },
        )

    def user(self, content: dict[str, Any], **metadata: Any) -> str:
        return self.say(
            "user",
            content,
            {
                "selected_sources": [],
                "selected_github_repos": [],
                "serialization_metadata": {"custom_symbol_offsets": []},
                "request_id": self.request,
                "message_source": None,
                "timestamp_": "absolute",
                "message_type": None,
                **metadata,
            },
            timed=self.rng.random() > 0.05,
        )

    def assistant(self, content: dict[str, Any], *, recipient: str = "all", end_turn: bool = False, **metadata: Any) -> str:
        return self.say(
            "assistant",
            content,
            {
                "finish_details": {"type": "stop", "stop_tokens": [200002]},
                "is_complete": True,
                "citations": [],
                "content_references": [],
                "message_type": None,
                "model_slug": self.model,
                "default_model_slug": self.model,
                "parent_id": self.tip,
                "request_id": self.request,
                "timestamp_": "absolute",
                **metadata,
            },
            recipient=recipient,
            end_turn=end_turn,
        )

    def answer(self) -> str:
        return self.assistant(_text(self.prose.long(610.0)), end_turn=True)

    def tool(self, name: str, content: dict[str, Any], **metadata: Any) -> str:
        return self.say(
            "tool",
            content,
            {
                "message_type": None,
                "model_slug": self.model,
                "parent_id": self.tip,
                "request_id": self.request,
                "timestamp_": "absolute",
                **metadata,
            },
            name=name,
        )


def _text(text: str) -> dict[str, Any]:
    return {"content_type": "text", "parts": [text]}


def _code(text: str, language: str) -> dict[str, Any]:
    return {"content_type": "code", "language": language, "response_format_name": None, "text": text}


def _opening(talk: _Talk) -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    talk.say("system", _text(""), dict(hidden), end_turn=True, timed=False, weight=0.0)
    if talk.rng.random() < 0.6:
        about, manner = talk.prose.sentences(200), talk.prose.sentences(250)
        talk.say(
            "user",
            {"content_type": "user_editable_context", "user_profile": about, "user_instructions": manner},
            {
                **hidden,
                "user_context_message_data": {"about_user_message": about, "about_model_message": manner},
                "is_user_system_message": True,
            },
            timed=False,
        )


def _thoughts(talk: _Talk) -> None:
    prose = talk.prose
    thoughts = [
        {"summary": prose.words(4), "content": prose.sentences(260), "chunks": [], "finished": True}
        for _ in range(talk.rng.randint(1, 4))
    ]
    source = uuid4(talk.rng)
    content = {"content_type": "thoughts", "thoughts": thoughts, "source_analysis_msg_id": source}
    talk.assistant(content, reasoning_status="is_reasoning")


def _recap(talk: _Talk) -> None:
    seconds = talk.rng.randint(2, 90)
    talk.assistant(
        {"content_type": "reasoning_recap", "content": f"Thought for {seconds}s"},
        reasoning_status="reasoning_ended",
        finished_duration_sec=seconds,
    )


def _python(talk: _Talk) -> None:
    code, output = talk.prose.code(), talk.prose.sentences(300)
    talk.assistant(_code(code, "python"), recipient="python")
    stream = {"message_type": "stream", "stream_name": "stdout", "text": output}
    talk.tool(
        "python",
        {"content_type": "execution_output", "text": output},
        aggregate_result={"status": "success", "run_id": uuid4(talk.rng), "code": code, "messages": [stream]},
    )


def _search(talk: _Talk) -> None:
    rng, prose = talk.rng, talk.prose
    query = prose.words(rng.randint(2, 7))
    talk.assistant(_code(f'{{"search_query":[{{"q":"{query}"}}]}}', "unknown"), recipient="web.run")
    entries: list[dict[str, Any]] = []
    for index in range(rng.randint(2, 6)):
        domain = f"{prose.words(1).lower()}.example.org"
        entries.append(
            {
                "type": "search_result",
                "url": f"https://{domain}/{rng.getrandbits(32):x}",
                "title": prose.words(6),
                "snippet": prose.sentences(180),
                "ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": index},
                "pub_date": None,
                "attribution": domain,
            }
        )
    groups = [{"type": "search_result_group", "domain": entry["attribution"], "entries": [entry]} for entry in entries]
    talk.tool("web.run", _text(""), search_result_groups=groups)
    text, references = "", []
    for entry in rng.sample(entries, min(len(entries), 3)):
        mark = f"\ue200cite\ue202turn0search{entry['ref_id']['ref_index']}\ue201"
        text += prose.sentences(350) + " "
        references.append(
            {
                "matched_text": mark,
                "start_idx": len(text),
                "end_idx": len(text) + len(mark),
                "safe_urls": [entry["url"]],
                "refs": [entry["ref_id"]],
                "alt": f"([{entry['attribution']}]({entry['url']}))",
                "prompt_text": None,
                "type": "grouped_webpages",
                "items": [{key: entry[key] for key in ("title", "url", "snippet", "attribution")}],
            }
        )
        text += mark + "\n\n"
    talk.assistant(_text(text), end_turn=True, content_references=references)


def _remember(talk: _Talk) -> None:
    talk.assistant(_text(talk.prose.sentences(90)), recipient="bio")
    talk.tool("bio", _text("Model set context updated."))


def _ask(talk: _Talk) -> None:
    rng, prose = talk.rng, talk.prose
    kind = rng.random()
    if kind < 0.05:
        file = f"file_{rng.getrandbits(128):032x}"
        picture = {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"sediment://{file}",
            "size_bytes": rng.randint(10_000, 4_000_000),
            "width": rng.randint(300, 4_000),
            "height": rng.randint(300, 4_000),
            "fovea": None,
            "metadata": None,
        }
        listed = {"id": file, "name": f"{prose.words(1)}.png", "mime_type": "image/png", "size": picture["size_bytes"]}
        talk.user({"content_type": "multimodal_text", "parts": [picture, prose.short()]}, attachments=[listed])
    elif kind < 0.07:
        spoken = {"content_type": "audio_transcription", "text": prose.short(), "direction": "in", "decoding_id": None}
        talk.user({"content_type": "multimodal_text", "parts": [spoken]}, voice_mode_message=True)
    elif kind < 0.17:
        # Since 2026 many user messages come without metadata of their own.
        talk.say("user", _text(prose.short()), {})
    else:
        talk.user(_text(prose.short()))


def _turn(talk: _Talk) -> None:
    rng = talk.rng
    before = talk.tip
    _ask(talk)
    if rng.random() < 0.06:
        # The prompt was edited: the first wording and its answer stay as a branch.
        talk.answer()
        talk.tip = before
        _ask(talk)
    asked = talk.tip
    kind = rng.random()
    if kind < 0.10:
        _search(talk)
        return
    if kind < 0.28:
        _thoughts(talk)
        if rng.random() < 0.5:
            _python(talk)
        _recap(talk)
    elif kind < 0.36:
        _python(talk)
    elif kind < 0.40:
        _remember(talk)
    talk.answer()
    if rng.random() < 0.08:
        # Another answer was asked for: a sibling.
        talk.tip = asked
        talk.answer()


def conversation(rng: random.Random, prose: Prose) -> dict[str, Any]:
    """One element of conversations.json."""
    talk = _Talk(rng, prose)
    _opening(talk)
    for _ in range(max(1, min(200, round(rng.lognormvariate(2.03, 0.8))))):
        _turn(talk)
        talk.now += rng.expovariate(1 / 400.0)
    name = uuid4(rng)
    project = f"g-p-{rng.getrandbits(128):032x}" if rng.random() < 0.1 else None
    return {
        "title": None if rng.random() < 0.05 else prose.words(rng.randint(2, 7)),
        "create_time": talk.start if talk.timed else None,
        "update_time": round(talk.now, 6) if talk.timed else None,
        "mapping": talk.mapping,
        "moderation_results": [],
        "current_node": talk.tip,
        "plugin_ids": None,
        "conversation_id": name,
        "conversation_template_id": project,
        "gizmo_id": project,
        "gizmo_type": "snorlax" if project else None,
        "is_archived": rng.random() < 0.05,
        "is_starred": None,
        "safe_urls": [],
        "blocked_urls": [],
        "default_model_slug": talk.model,
        "conversation_origin": None,
        "voice": None,
        "async_status": None,
        "disabled_tool_ids": [],
        "is_do_not_remember": False,
        "memory_scope": "project_enabled" if project else "global_enabled",
        "sugar_item_id": None,
        "id": name,
    }
