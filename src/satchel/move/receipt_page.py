"""A receipt as a page that a person can print and file: everything that the receipt says, and how to verify it."""

from __future__ import annotations

import hashlib
from html import escape
from typing import Any

from satchel.codec import canonical

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0 }
tr + tr td { border-top: 1px solid #ddd } th { font-weight: 600; border-bottom: 2px solid #999 }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
code { font-size: .85em; word-break: break-all }
li { margin-bottom: .6rem } .open { border-left: 4px solid #b45309; padding-left: 2rem }
@media print { body { margin: 0; max-width: none } }
"""
_MOST_LISTED = 50
_REACHED = {
    "records": "records",
    "versions": "earlier states of records",
    "originals_dropped": "kept originals, dropped whole",
    "originals_rewritten": "kept originals, written anew without it",
    "originals_emptied": "kept originals, emptied",
    "index_entries": "entries of the full-text index",
    "vectors": "records of which there were vectors",
    "links": "links",
    "tags": "tags",
    "blobs": "files",
    "blob_bytes": "bytes of files",
    "carried": "files of vectors",
    "heard": "entries of other stores' logs, silenced",
    "notes": "labels and reports, silenced",
    "witnesses": "records that stay and lost evidence",
    "quotations_scrubbed": "quotations taken out of records that stay",
    "quotations_flagged": "records that stay and still quote it",
}


def page(receipt: dict[str, Any], name: str) -> bytes:
    """The page, as HTML without scripts or anything from elsewhere.

    Args:
        name: the receipt's file name.
    """
    asked = receipt["asked"]
    verb = "redacted" if asked["mode"] == "redact" else "erased"
    count = sum(receipt["erased"]["records"].values())
    digest = hashlib.sha256(canonical.encode(receipt)).hexdigest()
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Receipt: {count:,} records {verb}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Receipt: {count:,} {'record' if count == 1 else 'records'} {verb}</h1>",
        f"<p>From the vault <code>{_text(receipt['vault'])}</code> on {_text(receipt['at'])}, as its change"
        f" {_text(receipt['change'])}. This page holds nothing of what was {verb}.</p>",
        "<h2>What was asked</h2>",
        _asked(asked),
        "<h2>What went</h2>",
        _counts(receipt["erased"]["records"]),
        "<h2>Where it was reached</h2>",
        _counts({_REACHED.get(name, name): value for name, value in receipt["reached"].items() if value}),
        _held_back(receipt),
        _checked(receipt),
        "<h2>Out of reach</h2>",
        "<p>What Satchel could not erase, and what to do there:</p>",
        f'<ul class="open">{"".join(map(_place, receipt["out_of_reach"]))}</ul>',
        "<h2>To verify</h2>",
        f"<p>The receipt itself is <code>{_text(name)}</code>. <code>satchel verify {_text(name)}</code> checks its signature"
        " and, with the vault at hand, that the vault's log says the same and nothing came back.</p>",
        "<table>",
        _row("signed by", f"<code>{_text(receipt['signature']['key'])}</code> ({_text(receipt['signature']['algorithm'])})"),
        _row("receipt made", _text(receipt["made"])),
        _row("SHA-256 of its canonical bytes", f"<code>{digest}</code>"),
        _row("entry of the audit log", f"{_text(receipt['audit']['entry'])}: <code>{_text(receipt['audit']['hash'])}</code>"),
        _row("SHA-256 of the erased uids", f"<code>{_text(receipt['erased']['digest'])}</code>"),
        _row("tombstones", _listed([f"<code>{_text(id)}</code>" for id in receipt["tombstones"]])),
        "</table></body></html>",
    ]
    return "\n".join(parts).encode() + b"\n"


def _asked(asked: dict[str, Any]) -> str:
    rows = []
    for name, value in asked.items():
        if value in ("", (), [], None, False):
            continue
        cells = [_text(each) for each in value] if isinstance(value, list) else [_text(value)]
        rows.append(_row(name.replace("_", " "), _listed(cells)))
    return f"<table>{''.join(rows)}</table>"


def _listed(cells: list[str]) -> str:
    """The first of many; the receipt has them all."""
    more = len(cells) - _MOST_LISTED
    return (", ".join(cells[:_MOST_LISTED]) or "none") + (f" and {more:,} more, in the receipt" if more > 0 else "")


def _counts(counts: dict[str, Any]) -> str:
    rows = "".join(f'<tr><td>{_text(name)}</td><td class="n">{value:,}</td></tr>' for name, value in counts.items())
    return f"<table>{rows}</table>"


def _held_back(receipt: dict[str, Any]) -> str:
    held = receipt.get("held_back")
    if held is None:
        return ""
    if held["purged"] is None:
        return (
            "<p><strong>The content is still there.</strong> It is kept in the vault, sealed, until"
            f" {_text(held['until'])}, so that this can be undone. Nothing reads it. A receipt made after it was purged says"
            " so.</p>"
        )
    return f"<p>It was kept, sealed, so that it could be undone, and destroyed on {_text(held['purged'])}.</p>"


def _checked(receipt: dict[str, Any]) -> str:
    found = receipt["checked"]
    if found is None:
        return "<p>No search for residue was made yet: <code>satchel erase-check</code> makes one.</p>"
    return (
        f"<p>Every byte of the vault was searched on {_text(found['at'])} for {found['sought']:,} fragments of it:"
        f" {found['found']:,} found, {found['unreadable']:,} parts could not be read.</p>"
    )


def _place(place: dict[str, Any]) -> str:
    match place["kind"]:
        case "export":
            certain = place["certain"] == place["records"]
            held = f"held {place['records']:,} of them" if certain else f"may have held {place['records']:,} of them"
            head = (
                f"<code>{_text(place['target'])}</code>, written as {_text(place['format'])} on {_text(place['at'])}: {held}."
            )
        case "account":
            head = f"The account at {_text(place['platform'])}: {place['records']:,} of them came from there."
        case "reader":
            given = f"{place['contexts']:,} {'context' if place['contexts'] == 1 else 'contexts'}"
            first, last = _text(place["first"]), _text(place["last"])
            between = f"on {first}" if first == last else f"from {first} to {last}"
            head = f"{_text(place['reader'])} was given {place['records']:,} of them, in {given}, {between}."
        case "provider":
            still = place.get("still") or {}
            left = "; ".join(f"{where}: {count:,}" for where, count in still.items())
            said = f"still there: {left}" if still else "it shows none of them any more"
            head = f"{_text(place['provider'])} at {_text(place['host'])}: {place['deleted']:,} deleted; {_text(said)}."
        case _:
            head = _text(str(place.get("what", place["kind"]))).capitalize() + "."
    return f"<li>{head} {_text(place.get('do', ''))}</li>"


def _row(name: str, cell: str) -> str:
    return f"<tr><td>{_text(name)}</td><td>{cell}</td></tr>"


def _text(value: Any) -> str:
    """Any text as HTML, without characters that cannot be seen."""
    return escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value)))
