"""``chat.html``: the same conversations once more, inside a page. Read only when nothing else came (providers.md 3.1).

The page holds ``var jsonData = […]`` and ``var assetsJson = {…}``; the second is a JavaScript literal that may have
comments and trailing commas.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_DATA = re.compile(rb"\bvar\s+jsonData\s*=\s*(?=\[)")
_ASSETS = re.compile(rb"\bvar\s+assetsJson\s*=\s*(?=\{)")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*+")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*+")|,(?=\s*[\]}])', re.DOTALL)


def conversations_span(page: bytes) -> tuple[int, int] | None:
    """Where the array of conversations stands in the page, or None."""
    return _span(page, _DATA)


def _span(page: bytes, opening: re.Pattern[bytes]) -> tuple[int, int] | None:
    found = opening.search(page)
    if found is None:
        return None
    depth = 0
    for token in _TOKEN.finditer(page, found.end()):
        byte = page[token.start()]
        if byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
            if depth == 0:
                return found.end(), token.end()
    # A page that breaks off: what is there of the array is still worth reading.
    return found.end(), len(page)


def asset_names(page: bytes) -> dict[str, Any]:
    """Asset pointer to file name, as far as the page's literal can be read."""
    span = _span(page, _ASSETS)
    if span is None:
        return {}
    literal = _COMMENT.sub(lambda found: found[1] or b" ", page[span[0] : span[1]])
    literal = _COMMA.sub(lambda found: found[1] or b"", literal)
    try:
        return msgspec.json.decode(literal, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
