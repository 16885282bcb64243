"""One statement as each source that Satchel reads would bring it, in variations: the copies that must not come back."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.formats.portable_ai_memory import packages
from tests.formats.portable_memory.made import episode
from tests.formats.portable_memory.made import write as write_bundle

DECOY = "Quite another thing was said here about the weather."


class Copy(NamedTuple):
    """A statement as a source says it: its id there, its time, how the file is spelled."""

    text: str
    id: str = "0c1a5f3e-1111-4222-8333-444455556666"
    second: int = 5
    spelled: str = "plain"
    title: str = "A talk"

    @property
    def at(self) -> str:
        return f"2026-03-01T10:00:{self.second:02d}Z"

    def dump(self, value: Any) -> bytes:
        if self.spelled == "plain":
            return json.dumps(value, ensure_ascii=False).encode()
        # Other bytes that say the same: indented, escaped, members in another order.
        return json.dumps(value, ensure_ascii=True, indent=3, sort_keys=True).encode()


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def chatgpt(folder: Path, copy: Copy) -> Path:
    def node(id: str, parent: str | None, children: list[str], role: str, text: str, time: int) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [text]}
        message = {"id": id, "author": {"role": role}, "create_time": 1_772_359_200 + time, "content": content, "metadata": {}}
        return {"id": id, "parent": parent, "children": children, "message": message}

    talk = {
        "id": "aaaaaaaa-0000-4000-8000-000000000001",
        "conversation_id": "aaaaaaaa-0000-4000-8000-000000000001",
        "title": copy.title,
        "create_time": 1_772_359_200.0,
        "update_time": 1_772_359_200.0 + copy.second,
        "current_node": "decoy-1",
        "mapping": {
            copy.id: node(copy.id, None, ["decoy-1"], "user", copy.text, copy.second),
            "decoy-1": node("decoy-1", copy.id, [], "assistant", DECOY, 9),
        },
    }
    return _file(folder, "conversations.json", copy.dump([talk]))


def claude(folder: Path, copy: Copy) -> Path:
    def message(id: str, sender: str, text: str, at: str) -> dict[str, Any]:
        content = [{"type": "text", "text": text}]
        return {"uuid": id, "sender": sender, "text": text, "content": content, "created_at": at, "updated_at": at}

    talk = {
        "uuid": "bbbbbbbb-0000-4000-8000-000000000001",
        "name": copy.title,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": copy.at,
        "account": {"uuid": "cccccccc-0000-4000-8000-000000000001"},
        "chat_messages": [
            message(copy.id, "human", copy.text, copy.at),
            message("dddddddd-0000-4000-8000-000000000001", "assistant", DECOY, "2026-03-01T10:00:09Z"),
        ],
    }
    return _file(folder, "conversations.json", copy.dump([talk]))


def grok(folder: Path, copy: Copy) -> Path:
    def response(id: str, sender: str, text: str, at: str) -> dict[str, Any]:
        return {"response": {"_id": id, "sender": sender, "message": text, "create_time": at}}

    talk = {
        "conversation": {"id": "eeeeeeee-0000-4000-8000-000000000001", "title": copy.title, "create_time": copy.at},
        "responses": [
            response(copy.id, "human", copy.text, copy.at),
            response("ffffffff-0000-4000-8000-000000000001", "assistant", DECOY, "2026-03-01T10:00:09Z"),
        ],
    }
    return _file(folder, "grok.json", copy.dump({"conversations": [talk]}))


def gemini(folder: Path, copy: Copy) -> Path:
    entry = {
        "header": "Gemini Apps",
        "title": f"Prompted {copy.text}",
        "time": copy.at,
        "products": ["Gemini Apps"],
        "safeHtmlItem": [{"html": f"<p>{DECOY}</p>"}],
    }
    return _file(folder, "MyActivity.json", copy.dump([entry]))


def copilot(folder: Path, copy: Copy) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if copy.spelled != "plain" else csv.QUOTE_MINIMAL)
    writer.writerow(["Conversation", "Time", "Author", "Message"])
    writer.writerow([copy.title, copy.at.removesuffix("Z"), "user", copy.text])
    writer.writerow([copy.title, "2026-03-01T10:00:09", "AI", DECOY])
    return _file(folder, "copilot-activity-history.csv", text.getvalue().encode())


def perplexity(folder: Path, copy: Copy) -> Path:
    logo = '<img src="https://r2cdn.perplexity.ai/pplx-full-logo-primary-dark%402x.png" style="height:64px;margin-right:32px"/>'
    end = '<div align="center">⁂</div>'
    gap = "\n\n" if copy.spelled == "plain" else "\r\n\r\n"
    text = gap.join([logo, f"# {DECOY}", copy.text, f"{end}", "[^1_1]: https://a.example/x"])
    return _file(folder, "thread.md", text.encode() + b"\n")


def mem0(folder: Path, copy: Copy) -> Path:
    rows = [
        {"id": copy.id, "memory": copy.text, "user_id": "u1", "created_at": copy.at, "metadata": {}},
        {"id": "decoy", "memory": DECOY, "user_id": "u1", "created_at": "2026-03-01T10:00:09Z", "metadata": {}},
    ]
    return _file(folder, "export.json", copy.dump(rows))


def transfer_text(folder: Path, copy: Copy) -> Path:
    dash = "-" if copy.spelled == "plain" else "—"
    text = " ".join(copy.text.split("\n"))
    lines = ["```", f"[2026-03-01] {dash} {text}", f"[2026-03-01] {dash} {DECOY}", "[2026-03-02] - Likes walking.", "```"]
    return _file(folder, "memories.txt", "\n".join(lines).encode() + b"\n")


def claude_memory(folder: Path, copy: Copy) -> Path:
    head = f"---\nname: Loft\ndescription: What is there\nmetadata:\n  node_type: memory\n  modified: {copy.at}\n---\n\n"
    name = "loft.md" if copy.id == Copy("").id else "attic.md"
    _file(folder, "memory/decoy.md", head.replace("Loft", "Decoy").encode() + DECOY.encode() + b"\n")
    end = "\n" if copy.spelled == "plain" else "\n\n\n"
    return _file(folder, f"memory/{name}", head.encode() + copy.text.encode() + end.encode()).parent


def portable_memory(folder: Path, copy: Copy) -> Path:
    rows = [
        episode(f"ep_{copy.id}", copy.text, summary=copy.text, mentionTime=copy.at, title=copy.spelled)
        if copy.spelled != "plain"
        else episode(f"ep_{copy.id}", copy.text, summary=copy.text, mentionTime=copy.at),
        episode("ep_decoy", DECOY),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    return write_bundle(folder / "a.mem", {"episode": rows})


def portable_ai_memory(folder: Path, copy: Copy) -> Path:
    made = [packages.memory(copy.id, copy.text), packages.memory("decoy", DECOY)]
    said = packages.talk("talk", packages.message("m", DECOY))
    root = packages.store(*made, conversations_index=[packages.entry(said)])
    package = packages.Package(root, {"conversations/talk.json": said})
    if copy.spelled == "plain":
        return package.folder(folder / "pam")
    folder.mkdir(parents=True, exist_ok=True)
    return package.zip(folder / "pam.zip")


def portable_ai_memory_talk(folder: Path, copy: Copy) -> Path:
    said = packages.talk(
        "talk", packages.message(copy.id, copy.text, created_at=copy.at), packages.message("decoy", DECOY), title=copy.title
    )
    root = packages.store(packages.memory("other", DECOY), conversations_index=[packages.entry(said)])
    return packages.Package(root, {"conversations/talk.json": said}).folder(folder / "pam")


def zipped(path: Path) -> Path:
    """The same, as an archive."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.write(path, path.name)
    return target


#: Every source, by name.
SOURCES: Mapping[str, Callable[[Path, Copy], Path]] = {
    "chatgpt": chatgpt,
    "claude": claude,
    "grok": grok,
    "gemini": gemini,
    "copilot": copilot,
    "perplexity": perplexity,
    "mem0": mem0,
    "transfer_text": transfer_text,
    "claude_memory": claude_memory,
    "portable-memory": portable_memory,
    "portable-ai-memory": portable_ai_memory,
    "portable-ai-memory talk": portable_ai_memory_talk,
}
