"""Files of vectors: ``embeddings/<table>.<model>.vec``. The format names them and defines nothing of what is in them (dossier
1.1, 10.4), so they are listed, hashed, kept and given back as they are, and never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from satchel.formats.base import Selection
from satchel.formats.portable_memory.bundle import EMBEDDINGS
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import FORMAT_NAME
from satchel.model.ledger import Ledger
from satchel.model.packages import CarriedFile

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}", re.ASCII)
_TABLE = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9._@+-]+\.vec", re.ASCII)
#: What the vault's notes keep of the manifest.
_MOST_MODEL = 1000
_MOST_DIM = 2**31


def is_one(path: str) -> bool:
    """Whether a listed file can be carried: directly in ``embeddings/``, under a plain file name."""
    folder, _, name = path.rpartition("/")
    return folder + "/" == EMBEDDINGS and _NAME.fullmatch(name) is not None


def concerns(path: str) -> str:
    """The kind whose rows' vectors it holds; "" where its name does not tell, and it may be any."""
    found = _TABLE.fullmatch(path.rpartition("/")[2])
    return found[1] if found and found[1] in KINDS else ""


def note(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says of the vectors: the model and their dimension."""
    model, dim = manifest.get("embeddingModel"), manifest.get("embeddingDim")
    return {
        "model": model if type(model) is str and len(model) <= _MOST_MODEL else "",
        "dim": dim if type(dim) is int and 0 <= dim < _MOST_DIM else 0,
    }


def faults(manifest: Mapping[str, Any], paths: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """What can be said against a bundle's vectors without reading them: code, path and note of each fault."""
    found = sorted(path for path in paths if path.startswith(EMBEDDINGS))
    for path in found:
        if not is_one(path) or not _TABLE.fullmatch(path.rpartition("/")[2]):
            yield "embeddings-name", path, ""
    if found and (not manifest.get("embeddingModel") or not manifest.get("embeddingDim")):
        yield "embeddings-model", "manifest.json", "embeddingModel or embeddingDim is empty"


def leaving(selection: Selection, ledger: Ledger) -> list[CarriedFile]:
    """The carried files that leave with a full export. A bundle speaks of one model: the files of the one that came last."""
    files = selection.carried(FORMAT_NAME)
    chosen: dict[str, CarriedFile] = {}
    for file in files:
        # Two names that differ in case alone would be one file on some disks.
        if file.note == files[0].note and file.name.lower() not in chosen:
            chosen[file.name.lower()] = file
            ledger.record("embeddings", "accepted")
        else:
            ledger.record("embeddings", "omitted", "other-model", "a bundle holds the vectors of one model")
    return sorted(chosen.values(), key=lambda file: file.name)
