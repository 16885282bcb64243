"""The commands; each a thin call into the rooms below. Only this room and the pages print."""

from __future__ import annotations


def main() -> None:
    """The ``satchel`` command."""
    from satchel.cli.app import run

    run()
