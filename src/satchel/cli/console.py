"""What commands print with: text without control characters, tables, JSON, one-line errors, a progress bar by bytes."""

from __future__ import annotations

import os
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import Progress as Bar

    from satchel.model.erasure import HeldBack
    from satchel.trust.public_keys import PublicKey

# Escape sequences, other control characters, and characters that reorder or hide text: shown, never obeyed.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
#: Width for lines that are not wrapped by the terminal.
WIDTH = 100


def clean(text: str) -> str:
    """``text`` safe to show on a terminal: control and reordering characters become visible pictures or �."""
    if _CONTROL.search(text):
        return _CONTROL.sub(lambda match: _PICTURES.get(ord(match[0]), "\N{REPLACEMENT CHARACTER}"), text)
    return text


def one_line(text: str, width: int = WIDTH) -> str:
    """``text`` cleaned, white space folded, cut to ``width``."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def shown_key(key: PublicKey) -> str:
    """A public key for people: itself where it fits in a line, else its fingerprint."""
    return key.text if len(key.text) <= WIDTH else key.fingerprint


def colours() -> bool:
    """Whether standard output takes colours (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, codes: str) -> str:
    """``text`` in an SGR style where the terminal takes it."""
    return f"\x1b[{codes}m{text}\x1b[0m" if colours() else text


def bold(text: str) -> str:
    return style(text, "1")


def dim(text: str) -> str:
    return style(text, "2")


def say(text: str = "") -> None:
    """A line for people, on standard output; its own styles are kept, so what is not ours must be cleaned before."""
    try:
        sys.stdout.write(text + "\n")
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def tell(text: str) -> None:
    """A line beside the output, on standard error."""
    sys.stdout.flush()
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """A value as one JSON document, for machines."""
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except UnicodeEncodeError:
        import json

        # Half of a surrogate pair, which JSON has escapes for and UTF-8 nothing.
        text = json.dumps(msgspec.to_builtins(value), indent=2)
    sys.stdout.write(text + "\n")


def tell_held_back(held: Iterable[HeldBack]) -> None:
    """Say what an undo window keeps, where, and how to be rid of it."""
    for each in held:
        say(
            f"Still there: what change {each.change} erased ({counted(each.records, 'record')}) is kept in the vault,"
            f" sealed ({size(each.size_bytes)}), until {each.until:%Y-%m-%d %H:%M} UTC."
        )
        say(dim(f"satchel undo {each.change} brings it back; satchel forget --purge destroys it now."))


def table(rows: list[list[str]], *, head: list[str], right: set[int] | None = None) -> None:
    """A plain table; columns in ``right`` are numbers."""
    numbers = right or set()
    widths = [max(_width(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row: list[str]) -> str:
        cells = []
        for column, cell in enumerate(row):
            gap = " " * (widths[column] - _width(cell))
            cells.append(gap + cell if column in numbers else cell + gap)
        return "  ".join(cells).rstrip()

    say(bold(line(head)))
    for row in rows:
        say(line(row))


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def counted(count: int, one: str, many: str = "") -> str:
    """``1 file``, ``1,200 files``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """A size in bytes as people read it."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    return ""


def ask_passphrase(new: bool) -> str:
    """Ask on the terminal; a new passphrase twice. See satchel.trust.keystore.Ask."""
    import getpass

    from satchel.errors import KeyStoreError
    from satchel.trust.keystore import refuse_to_ask

    if not sys.stdin.isatty():
        return refuse_to_ask(new)
    if not new:
        return getpass.getpass("Passphrase of the vault: ")
    tell("There is no system keyring here, so a passphrase keeps the vault's key.")
    first = getpass.getpass("New passphrase: ")
    if first != getpass.getpass("The same again: "):
        raise KeyStoreError("the two are not the same", hint="nothing was made; run the command again")
    return first


class WorkProgress:
    """A bar on standard error, by bytes with their rate or by ``unit``, and the time left; silent where that is no terminal.

    See satchel.move.imports.Progress.
    """

    def __init__(self, what: str, *, shown: bool, by_bytes: bool = True, unit: str = "records") -> None:
        self._what = what
        self._shown = shown and sys.stderr.isatty()
        self._by_bytes = by_bytes
        self._unit = unit
        self._bar: Bar | None = None
        self._task: Any = None

    def __enter__(self) -> WorkProgress:
        return self

    def total(self, amount: int | None) -> None:
        """How much there is to do; None where only doing it tells."""
        if not self._shown:
            return
        from rich import progress
        from rich.console import Console

        done = (
            [progress.DownloadColumn(), progress.TransferSpeedColumn()]
            if self._by_bytes
            else [progress.MofNCompleteColumn(), progress.TextColumn(self._unit)]
        )
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            *done,
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._what, total=amount or None)
        self._bar.start()

    def advance(self, amount: float) -> None:
        """Count what was done."""
        if self._bar:
            self._bar.advance(self._task, amount)

    def waiting(self) -> None:
        """Say that another process holds the vault."""
        tell("Another Satchel is writing to this vault; waiting for it to finish.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
