"""The format as the rest of Satchel sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from satchel.errors import UsageError
from satchel.formats.base import PLAIN, Format, FormatInfo, Progress, Selection, WriteOptions, Written
from satchel.formats.portable_ai_memory import terms, validation, writer
from satchel.formats.portable_ai_memory.documents import DOCUMENTS, peek
from satchel.limits import Limits
from satchel.model.findings import Finding


class PortableAiMemory:
    """Portable AI Memory 1.0: implements ``formats.base.Format``."""

    @property
    def info(self) -> FormatInfo:
        return FormatInfo(name="portable-ai-memory", version=terms.SCHEMA_VERSION, title="Portable AI Memory")

    def recognises(self, path: Path) -> bool:
        """Whether ``path`` is a package folder or one of its three kinds of file, by what its head says it is."""
        try:
            if path.is_dir():
                return peek(path / terms.STORE_FILE).get("schema") == terms.STORE_SCHEMA
        except (OSError, ValueError):
            return False
        schema = peek(path).get("schema")
        return type(schema) is str and schema in DOCUMENTS

    def write(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> Written:
        """See ``formats.base.Format.write``."""
        if options != PLAIN:
            raise UsageError("Portable AI Memory is written unsigned and in one spelling")
        return writer.write(selection, target, progress)

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """See ``formats.base.Format.validate``; severities are those of dossier 1.16, column "ours"."""
        return validation.validate(path, limits)

    def schemas(self) -> dict[str, dict[str, Any]]:
        """See ``formats.base.Described.schemas``."""
        from satchel.formats.portable_ai_memory.schemas import ROOTS, schema

        return {name: schema(name) for name in ROOTS}


FORMAT: Format = PortableAiMemory()
