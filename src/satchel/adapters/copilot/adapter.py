"""The adapter: tables and interactions, each file read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.copilot.activity import columns, read_table
from satchel.adapters.copilot.detect import role_of
from satchel.adapters.copilot.interactions import leftover, read_interactions
from satchel.adapters.copilot.wire import PLATFORM
from satchel.adapters.platform import Ties, file_finding
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.model.record import Item, Record


class CopilotAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return PLATFORM.info

    def claim(self, member: Member, probe: Probe) -> str | None:  # noqa: ARG002
        """See ``satchel.adapters.copilot.detect``."""
        return role_of(probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        ties = Ties()
        interactions = [claim for claim in claims if claim.role != "table"]
        for claim in claims:
            if claim.role == "table":
                yield from read_table(claim.member, context.account, ties, context.limits)
            elif "@odata.nextLink" in claim.probe.names:
                text = "this is one page of several: the others are files of their own"
                yield file_finding(claim.member, "one-page", text, "warning")
        yield from read_interactions(interactions, context.account, ties, context.limits)

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """The members of an interaction that no field carries; of a table, the application that a prompt was typed in."""
        if type(native) is dict:
            return leftover(native) if record.origin.kind == "copilot.message" else {}
        return columns(native) if record.origin.kind == "copilot.conversation" and type(native) is bytes else {}


ADAPTER = CopilotAdapter()
