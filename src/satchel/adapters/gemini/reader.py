"""The adapter: what each file is, is read by a module of its own; everything becomes originals of the file's exact bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.gemini import gems, import_text, studio, workspace
from satchel.adapters.gemini.chunks import inline_assets
from satchel.adapters.gemini.detect import role_of
from satchel.adapters.gemini.files import LooseFiles
from satchel.adapters.gemini.journal import Journal
from satchel.adapters.gemini.leftover import leftover
from satchel.adapters.gemini.wire import INFO, PLATFORM, document, notes_of, original, title_of, uid_of
from satchel.adapters.values import decode
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.model.findings import from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Record


class GeminiAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    @property
    def info(self) -> AdapterInfo:
        return INFO

    def claim(self, member: Member, probe: Probe) -> str | None:
        """See ``satchel.adapters.gemini.detect``."""
        return role_of(member, probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """See ``satchel.adapters.base.Adapter.read``."""
        return _Import(claims, context).items()

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        """See ``satchel.adapters.gemini.leftover``."""
        return leftover(record, native)


ADAPTER = GeminiAdapter()


class _Import:
    """One call of ``read``: what must be known across files."""

    def __init__(self, claims: Sequence[Claim], context: ReadContext) -> None:
        self.claims = claims
        self.limits = context.limits
        self.account = context.account
        self.loose = LooseFiles(context.loose)
        #: How often the same coordinates stood for a document without an id.
        self.ties: dict[str, int] = {}

    def items(self) -> Iterator[Item]:
        known = self._gems()
        for claim in self.claims:
            member = claim.member
            try:
                if claim.role.startswith("activity-"):
                    is_html = claim.role == "activity-html"
                    journal = Journal(member, self.account, self.limits, self.loose, is_html=is_html, gems=known)
                    yield from journal.items()
                else:
                    yield from self._document(claim.role, member)
            except SatchelError as error:
                yield from_error(error, place=Place(file=member.name))

    def _gems(self) -> list[str]:
        """The names of the Gems that came along: an entry tells its Gem by name, in the account's language."""
        if not any(claim.role.startswith("activity-") for claim in self.claims):
            return []
        found: list[str] = []
        for claim in self.claims:
            if claim.role == "gems":
                try:
                    found += gems.names_in(document(claim.member, self.limits))
                except SatchelError:
                    # Told when its turn comes.
                    continue
        return found

    def tie(self, *coordinates: str) -> str:
        """The uid of a document without an id; the second with the same coordinates is another."""
        base = make_uid(PLATFORM, self.account, *coordinates)
        count = self.ties[base] = self.ties.get(base, 0) + 1
        return base if count == 1 else make_uid(base, str(count))

    def _document(self, role: str, member: Member) -> Iterator[Item]:
        data = document(member, self.limits)
        place = Place(file=member.name)
        account = self.account
        if role == "studio":
            yield from self._prompt(data, member, place)
        elif role == "workspace":
            yield from self._workspace(data, member, place)
        elif role == "import-text":
            uid = make_uid(PLATFORM, account, "import_text", hashlib.sha256(data).hexdigest())
            yield original(uid, role, data, place, None, lambda notes: import_text.read_text(data, account, notes))
        else:
            read = gems.read_gems if role == "gems" else gems.read_actions
            uid = make_uid(PLATFORM, account, "page", role)
            yield original(uid, role, data, place, None, lambda notes: read(data, account, notes))

    def _value(self, data: bytes, place: Place) -> Any:
        # What had to be repaired is told where the document is read.
        return decode(data, notes_of(place), self.limits)

    def _prompt(self, data: bytes, member: Member, place: Place) -> Iterator[Item]:
        limits, account = self.limits, self.account
        _, value = studio.inner_of(self._value(data, place))
        native_id = studio.conversation_id(value)
        uid = uid_of(account, "prompt", native_id) if native_id else self.tie("prompt", studio.coordinates(value))
        # Drive calls the file what the person called the prompt.
        title = title_of(member.path.replace("\\", "/").rpartition("/")[2].removesuffix(".json"))
        yield original(
            uid,
            "prompt",
            data,
            place,
            None,
            lambda notes: studio.read_prompt(decode(data, notes, limits), uid, native_id, title, account, notes),
        )
        yield from inline_assets(studio.chunks_of(value)[1], uid, account, place)
        for file_id in studio.drive_ids(value):
            yield from self.loose.of_id(file_id, uid, account)

    def _workspace(self, data: bytes, member: Member, place: Place) -> Iterator[Item]:
        limits, account = self.limits, self.account
        value = self._value(data, place)
        uid = self.tie("workspace_conversation", workspace.coordinates(value))
        updated = notes_of(place).time(value.get("last_modification_time"))
        yield original(
            uid,
            "workspace_conversation",
            data,
            place,
            updated,
            lambda notes: workspace.read_conversation(decode(data, notes, limits), uid, account, notes),
        )
        yield from self.loose.assets(workspace.images_of(value), member.path, uid, account)
