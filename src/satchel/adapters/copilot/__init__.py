"""Microsoft Copilot: the tables of the privacy dashboard, and Graph's interactions (providers.md 3.8).

detect        which role a file plays, by structure alone
adapter       the adapter itself
table         a table's header and its records with their exact bytes
dates         times in any spelling, never guessed
activity      rows as conversations: by title and by time
interactions  Graph's aiInteraction, by session
wire          names, roles, a talk as records
"""

from __future__ import annotations

from satchel.adapters.copilot.adapter import ADAPTER, CopilotAdapter

__all__ = ["ADAPTER", "CopilotAdapter"]
