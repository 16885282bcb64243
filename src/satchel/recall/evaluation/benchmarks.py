"""Which data set an input is, told by its structure, and its cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from satchel.codec.probe import probe
from satchel.codec.sources import Member, open_source
from satchel.errors import NotRecognised
from satchel.limits import DEFAULT, Limits
from satchel.recall.evaluation import beam, locomo, longmemeval, personamem
from satchel.recall.evaluation.cases import Case

NAMES = ("locomo", "longmemeval", "personamem", "beam")


class Benchmark(msgspec.Struct, frozen=True):
    """A data set that was recognised: its name and its cases, to be gone through once."""

    name: str
    cases: Iterator[Case]


@contextmanager
def opened(path: Path, limits: Limits = DEFAULT) -> Iterator[Benchmark]:
    """The data set at ``path``, a file or a folder, plain or packed.

    Raises:
        NotRecognised: it is none of ``NAMES``.
        InputError: it cannot be read.
    """
    # The table's other half lies beside it.
    if personamem.QUESTIONS.fullmatch(path.name) and path.is_file():
        contexts = path.with_name(path.name.replace("questions", "shared_contexts").removesuffix(".csv") + ".jsonl")
        source = open_source([path, contexts] if contexts.exists() else [path], limits=limits)
    else:
        source = open_source([path], limits=limits)
    with source:
        yield _recognised(source.members, path, limits)


def _recognised(members: Sequence[Member], path: Path, limits: Limits) -> Benchmark:
    if any(member.path.endswith(beam.PROBES) for member in members):
        return Benchmark("beam", beam.read(members, limits))
    if any(personamem.QUESTIONS.fullmatch(member.path) for member in members):
        return Benchmark("personamem", personamem.read(members, limits))
    for member in members:
        first = next((item for item in probe(member).elements if isinstance(item, dict)), {})
        if "haystack_sessions" in first or {"question_id", "question_type", "question"} <= first.keys():
            return Benchmark("longmemeval", longmemeval.read(member, limits))
        if "conversation" in first or {"qa", "sample_id"} & first.keys():
            return Benchmark("locomo", locomo.read(member, limits))
    raise NotRecognised(
        f"{path} is no data set that is known here", hint="LoCoMo, LongMemEval, PersonaMem or BEAM, as published"
    )
