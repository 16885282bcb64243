"""``export_manifest.json``: the list of files that the export should have. Checked, told of, and not kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satchel.adapters.chatgpt.documents import read_json
from satchel.adapters.chatgpt.shapes import text_of
from satchel.codec.sources import Member
from satchel.errors import Place
from satchel.limits import Limits
from satchel.model.findings import Finding

#: More missing files than these are told of in one finding.
_NAMED = 20


def check_manifest(manifest: Member, present: Sequence[Member], limits: Limits) -> Iterator[Finding]:
    """A finding for each listed file that is not there or has another size.

    Raises:
        MalformedInput, LimitExceeded: the manifest cannot be read.
    """
    findings: list[Finding] = []
    value, _ = read_json(manifest, limits, findings)
    yield from findings
    listed = value.get("export_files") if type(value) is dict else None
    folder = _parts(manifest.path)[:-1]
    sizes = {tuple(_parts(member.path)): member.size_bytes for member in present}
    missing: list[str] = []
    for item in listed if type(listed) is list else []:
        path = text_of(item.get("path")) if type(item) is dict else ""
        if not path:
            continue
        parts = _parts(path)
        at = next((key for key in (tuple(folder + parts), tuple(parts)) if key in sizes), None)
        if at is None:
            missing.append(path)
            continue
        declared, there = item.get("size_bytes"), sizes[at]
        if type(declared) is int and there is not None and declared != there:
            yield Finding("size-differs", "warning", "the file is not as large as the export says", Place(file=path), "noticed")
    for path in missing[:_NAMED]:
        yield Finding("missing-file", "warning", "the export lists this file, but it is not here", Place(file=path), "skipped")
    if len(missing) > _NAMED:
        yield Finding(
            "missing-file",
            "warning",
            "the export lists further files that are not here",
            Place(file=manifest.name),
            "skipped",
            len(missing) - _NAMED,
        )


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
