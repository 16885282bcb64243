"""The targets as formats, as the rest of Satchel sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satchel.errors import UsageError
from satchel.formats.assistant_text import targets
from satchel.formats.assistant_text.heading import named_in
from satchel.formats.assistant_text.targets import Target
from satchel.formats.base import PLAIN, Format, FormatInfo, Progress, Selection, WriteOptions, Written
from satchel.limits import Limits
from satchel.model.findings import Finding


class AssistantText:
    """Texts to paste into one assistant: implements ``formats.base.Format``."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name=self._target.name, version=targets.VERSION, title=f"texts for {self._target.title}")

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` is a folder whose README.md says that it is this."""
        found = named_in(path)
        return found is not None and found[0] == self._target.name

    def write(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> Written:
        """See ``formats.base.Format.write``. The budget is that of the files whose limit no provider documents."""
        from satchel.formats.assistant_text import writer

        if options.since is not None:
            raise UsageError("texts for an assistant cannot be written in part", hint="leave --since out")
        # Texts hold no identifiers to begin with.
        allowed = WriteOptions(budget=options.budget, strip_identifiers=options.strip_identifiers, witness=options.witness)
        if options != allowed:
            raise UsageError("texts for an assistant are written unsigned, in the clear and in one spelling")
        return writer.write(self._target, selection, target, progress, options.budget, options.witness)

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``."""
        from satchel.formats.assistant_text import validation

        return validation.validate(self._target, path, limits)


CHATGPT: Format = AssistantText(targets.CHATGPT)
CLAUDE: Format = AssistantText(targets.CLAUDE)
GEMINI: Format = AssistantText(targets.GEMINI)
SYSTEM_PROMPT: Format = AssistantText(targets.SYSTEM_PROMPT)
