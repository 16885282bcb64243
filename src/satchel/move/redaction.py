"""An export without personal data: what is asked for, the tokens of this one export, and where their originals are kept.

The redaction store is written beside the target, never into it, encrypted under a key of its own. The vault keeps the key,
unless it is sealed to age recipients; then only they can recover. Irreversible: no store is written, and no key is ever kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from satchel.errors import OutputError, UsageError
from satchel.formats.base import Selection
from satchel.move.redacted import RedactedSelection
from satchel.trust.redaction import store as files
from satchel.trust.redaction.detect import Detector, chosen
from satchel.trust.redaction.entries import Commitment
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import Mint
from satchel.trust.secrets import new_key
from satchel.vault.store import Store


class Redaction:
    """One redacted export. ``id`` is its store's; ``path`` where that was written, None before, or where there is none."""

    def __init__(
        self,
        *,
        types: Iterable[str] = (),
        detector: str = "",
        irreversible: bool = False,
        consistent: bool = False,
        recipients: Iterable[str] = (),
        audience: str = "",
    ) -> None:
        """
        Args:
            types: what is taken out; everything that the rules find where none is named.
            detector: a further one: ``presidio``, or ``presidio=MODEL``.
            irreversible: keep nothing by which it could be recovered.
            consistent: the same value has the same token throughout.
            recipients: age recipients that the store's key is sealed to, in place of the vault.
            audience: whom a capability token must be made out to that recovers it; "": anybody in particular.

        Raises:
            UsageError: no such type or detector, no age recipient, or there is nothing to seal.
        """
        self.id = files.new_id()
        self.irreversible = irreversible
        self.path: Path | None = None
        self._policy = files.Policy(required_audience=audience)
        self._recipients = tuple(recipients)
        if irreversible and self._recipients:
            raise UsageError("what is irreversible has no key to seal to anybody", hint="leave --seal-to or --irreversible out")
        files.check_recipients(self._recipients)
        self.mint = Mint(consistent=consistent, irreversible=irreversible)
        self._redactor = Redactor(self.mint, types=chosen(types), detectors=_detectors(detector))

    def begin(self, store: Store) -> None:
        """Make sure that the vault keeps a key, before anything is written.

        Raises:
            AccessDenied: it is a view of the vault, which keeps none.
        """
        if not self.irreversible and not self._recipients:
            store.redaction_keys()

    def over(self, selection: Selection) -> RedactedSelection:
        """The selection as it leaves; a context manager."""
        return RedactedSelection(selection, self._redactor)

    def counts(self) -> dict[str, int]:
        """How many of each type were taken out."""
        found: dict[str, int] = {}
        for (_, type), count in sorted(self.mint.counts.items()):
            found[type] = found.get(type, 0) + count
        return found

    def finish(self, store: Store, target: Path, commitments: dict[str, Commitment]) -> None:
        """Write the redaction store beside ``target``, and note the redaction in the vault's audit log.

        Args:
            commitments: what the export names in the place of originals, by id.

        Raises:
            OutputError: it cannot be written.
        """
        if self.irreversible or not self.mint.kept:
            store.keep_redaction(self.id, None, self.counts())
            return
        key = new_key()
        sealed = files.seal(files.RedactionStore(self.id, "", self.mint.kept, self._policy, commitments), key, self._recipients)
        path = target.parent / f"{target.name}.{self.id.removeprefix('rs:')}.redactions.json"
        # The key first: a file that nobody can open would be worse than a key without its file.
        store.keep_redaction(self.id, None if self._recipients else key, self.counts())
        try:
            files.write_file(path, sealed)
        except OutputError as error:
            raise OutputError(
                error.message, hint=f"{target.name} is written; nothing but the vault knows what its tokens stand for"
            ) from error
        self.path = path


def _detectors(name: str) -> tuple[Detector, ...]:
    if not name:
        return ()
    called, _, model = name.partition("=")
    if called != "presidio":
        raise UsageError(f"no detector is called {called!r}", hint="presidio, or presidio=MODEL")
    from satchel.trust.redaction.presidio import Presidio

    return (Presidio(model),)
