"""Which role a file plays for Gemini, by structure (providers.md 2, stage B rules 5 and 10, stage E).

A journal of Google's holds entries of many products, and Gemini's may begin far behind what a probe sees: such a file is
looked through to its first entry of Gemini's. The pages of Gems and scheduled actions may be as empty as ``<div></div>``; their
names, which no language changes, decide there.
"""

from __future__ import annotations

import re
from typing import Any

from satchel.adapters.gemini import activity, entry, import_text
from satchel.adapters.gemini.cells import iter_cells
from satchel.adapters.gemini.chunks import is_chunk
from satchel.adapters.gemini.dates import Dates
from satchel.adapters.gemini.studio import inner_of
from satchel.adapters.gemini.wire import is_product
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.errors import SatchelError
from satchel.limits import DEFAULT

_WINDOW_BYTES = 1 << 20
_OVERLAP_BYTES = 4096
_OURS = re.compile(
    rb'"(?:header|products)"\s*:\s*\[?\s*"[^"\\]{0,80}(?:gemini|bard\b)|"titleUrl"\s*:\s*"https?:\\?/\\?/(?:gemini|bard)\.google\.',
    re.IGNORECASE,
)
#: Entries without a product's name that are parsed to find one with an answer.
_MAX_NAMELESS = 100
_PAGES = {"gemini_gems_data.html": "gems", "gemini_scheduled_actions_data.html": "actions"}


def role_of(member: Member, probe: Probe) -> str | None:
    """The file's role, or None when it is not Gemini's."""
    if probe.form == "json":
        if type(probe.value) is dict:
            return _object_role(probe.value)
        if type(probe.value) is list:
            return _array_role(member, probe)
        return None
    if probe.form not in ("html", "text", "csv"):
        return None
    name = member.path.replace("\\", "/").rpartition("/")[2].lower()
    if name in _PAGES and probe.text.lstrip()[:1] == "<":
        return _PAGES[name]
    if "outer-cell" in probe.text or (probe.form == "html" and "mdl-" in probe.text):
        return "activity-html" if _has_cell(member) else None
    if probe.text[:4].lower() == "<div" and "<b>Name:</b>" in probe.text:
        return "gems" if "<b>Instructions:</b>" in probe.text else "actions" if "<b>Schedule:</b>" in probe.text else None
    if import_text.is_import_text(probe.text):
        return "import-text"
    return None


def _object_role(value: dict[str, Any]) -> str | None:
    turns = value.get("conversation_turns")
    if type(turns) is list and any(type(turn) is dict and turn.keys() & {"user_turn", "system_turn"} for turn in turns):
        return "workspace"
    _, prompt = inner_of(value)
    if type(prompt.get("chunkedPrompt")) is dict:
        return "studio"
    for name in ("chunks", "contents"):
        chunks = prompt.get(name)
        if type(chunks) is list and any(is_chunk(chunk) and chunk["role"] == "model" for chunk in chunks):
            return "studio"
    return None


def _array_role(member: Member, probe: Probe) -> str | None:
    entries = [item for item in probe.elements if activity.is_activity(item)]
    if not entries:
        return None
    if any(activity.is_ours(item) for item in entries):
        return "activity-json"
    return "activity-json" if not probe.whole and _has_entry(member) else None


def _has_entry(member: Member) -> bool:
    try:
        with member.open() as stream:
            tail = b""
            while chunk := stream.read(_WINDOW_BYTES):
                window = tail + chunk
                if _OURS.search(window):
                    return True
                tail = window[-_OVERLAP_BYTES:]
    except SatchelError:
        # Whoever reads the file tells what is wrong with it.
        pass
    return False


def _has_cell(member: Member) -> bool:
    nameless = 0
    dates = Dates()
    try:
        with member.open() as stream:
            for cell in iter_cells(stream, file=member.name, limits=DEFAULT):
                header = entry.header_of(cell.data)
                if header is not None and header.strip():
                    if is_product(header):
                        return True
                elif nameless < _MAX_NAMELESS:
                    nameless += 1
                    read = entry.read_entry(cell.data, dates)
                    if read is not None and read.is_ours:
                        return True
    except SatchelError:
        pass
    return False
