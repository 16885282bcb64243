"""What an adapter is: it recognises a platform's files by their structure and reads them into source objects.

An adapter is stateless. ``claim`` looks at one file's probe and says which role the file plays for this platform; ``read``
gets all files that it claimed and yields originals, assets and findings. A broken part becomes a finding and never stops
the rest. Claims are made by structure alone; a name may only break a tie that structure leaves open.

Third parties add theirs as an entry point in the group ``satchel.adapters``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.limits import Limits
from satchel.model.record import Item, Record


class AdapterInfo(msgspec.Struct, frozen=True):
    """``name`` is the product's (chatgpt, not openai); ``version`` counts up whenever reading changes."""

    name: str
    version: int
    title: str

    @property
    def reader(self) -> str:
        return f"{self.name}/{self.version}"


class Claim(msgspec.Struct, frozen=True):
    """One file and the role that it plays for the adapter that claimed it."""

    role: str
    member: Member
    probe: Probe


class ReadContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader is given besides its files.

    ``loose`` are the members that nobody claimed by structure (images, ``.dat`` blobs, PDFs): an adapter resolves its
    attachments among them by id, and yields them as assets.
    """

    limits: Limits
    #: The account that the person named, or "".
    account: str = ""
    loose: Sequence[Member] = ()
    #: Whether each object is read to its end as soon as it comes, by ``Original.read_whole`` where there is one: then what was
    #: parsed to see what it is need not be parsed again.
    whole: bool = False


class Adapter(Protocol):
    """See the module docstring."""

    @property
    def info(self) -> AdapterInfo: ...

    def claim(self, member: Member, probe: Probe) -> str | None:
        """The role of this file for the platform, or None when it is not the platform's."""
        ...

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """Every source object in the claimed files. Side files are read first; conversations stream."""
        ...

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """The members of the native value that the record's fields do not carry, for formats with a place for them.

        Args:
            native: the value that the record's pointer names in its original; the bytes of an original that is no JSON.
        """
        ...


@runtime_checkable
class Prepares(Protocol):
    """An adapter that knows what a format's own tools write for its records, where that is not worth keeping with each of a
    million messages: it is worked out when the record leaves, as ``residue`` would be."""

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:
        """The members of the record's row in ``format`` that no field of ours gives; None where it has no such row.

        Args:
            whole: the record that it is part of, such as a message's conversation.
        """
        ...


def left_over(adapter: Adapter, record: Record, native: Any) -> Mapping[str, Any]:
    """``Adapter.unmapped``; of an adapter that fails over a shape that it never met, all of the native value's members: so
    nothing is lost, and a third party's mistake ends nobody's export."""
    try:
        return adapter.unmapped(record, native)
    except Exception:
        return native if type(native) is dict else {}
