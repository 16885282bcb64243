"""The adapter: threads as JSON, Markdown or rows of a workbook, and a workbook's memories; each file read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.perplexity import entries, threads
from satchel.adapters.perplexity.detect import role_of
from satchel.adapters.perplexity.markdown import read_markdown, thread_uid
from satchel.adapters.perplexity.wire import PLATFORM, WORKBOOK
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import from_error
from satchel.model.record import Item, Record


class PerplexityAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return PLATFORM.info

    def claim(self, member: Member, probe: Probe) -> str | None:
        """See ``satchel.adapters.perplexity.detect``; ``workbook`` for the account's."""
        if probe.form == "zip":
            from satchel.adapters.perplexity.sheets import is_account_book

            return WORKBOOK if is_account_book(member) else None
        return role_of(probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        for claim in claims:
            if claim.role == "markdown":
                yield _text(claim.member, context.account, context.limits)
        found = [claim for claim in claims if claim.role not in ("markdown", WORKBOOK)]
        books = [claim for claim in claims if claim.role == WORKBOOK]
        met = threads.Met() if books else None
        yield from threads.read_threads(found, context.account, context.limits, met)
        if met is not None:
            from satchel.adapters.perplexity.workbook import read_workbooks

            yield from read_workbooks(books, context.account, context.limits, met)

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """The members of a thread, an entry or a row that no field carries."""
        if type(native) is not dict:
            return {}
        kind = record.origin.kind.removeprefix(f"{PLATFORM.info.name}.")
        if kind in ("memory", "profile"):
            from satchel.adapters.perplexity import memories

            return memories.leftover(native)
        if record.origin.version == WORKBOOK:
            from satchel.adapters.perplexity import workbook

            return workbook.leftover(native, kind) if kind in ("question", "answer") else {}
        if kind == "thread":
            return threads.leftover(native)
        return entries.leftover(native, kind) if kind in ("question", "answer") else {}


def _text(member: Member, account: str, limits: Limits) -> Item:
    place = Place(file=member.name)
    try:
        data = read_document(member, limits)
    except SatchelError as error:
        return from_error(error, place=place)
    uid = thread_uid(data, account)
    return PLATFORM.original(uid, "thread", data, place, None, lambda notes: read_markdown(data, uid, account, notes))


ADAPTER = PerplexityAdapter()
