"""The published JSON Schemas as oracle for the profile that follows them: what they refuse we refuse (dossier 1, [J])."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SCHEMA, Component
from tests.conftest import SHARED
from tests.formats.portable_agent_memory.made import Entries, artifact, entries

FOLDER = SHARED / "conformance" / "portable-agent-memory" / "schemas"


@pytest.fixture(scope="module")
def judge() -> Any:
    if not FOLDER.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    return validator(FOLDER)


def validator(folder: Path) -> Any:
    schemas = {path.name: json.loads(path.read_text()) for path in folder.glob("*.schema.json")}
    resources = [(schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()]
    registry: Any = Registry().with_resources(resources)
    return jsonschema.Draft7Validator(schemas["artifact.schema.json"], registry=registry)


def test_what_we_write_is_valid(judge: Any) -> None:
    assert list(judge.iter_errors(artifact(SCHEMA, metadata={"any": [1]}).envelope)) == []


PUT = [None, True, "", "x", "en", 0, 1, -1, 0.5, 1.5, [], ["x"], [1], {}, {"a": 1}, [{}], "queued"]
#: Each: in which component, in which object inside its entry if any, which member, and what is put there; None: removed.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(COMPONENTS), st.none() | st.integers(0, 9), st.integers(0, 30), st.none() | st.integers(0, len(PUT) - 1)
    ),
    min_size=1,
    max_size=2,
)


def changed(steps: list[tuple[Component, int | None, int, int | None]]) -> Entries:
    values = copy.deepcopy(entries(SCHEMA))
    for component, within, member, put in steps:
        holder: Any = values[component][0]
        inner = [item[0] for item in holder.values() if type(item) is list and item and type(item[0]) is dict]
        if inner and within is not None:
            holder = inner[within % len(inner)]
        if holder:
            name = sorted(holder)[member % len(holder)]
            if put is None:
                holder.pop(name)
            else:
                holder[name] = copy.deepcopy(PUT[put])
    return values


@settings(max_examples=400, deadline=None)
@given(steps=STEPS)
def test_what_the_schemas_refuse_we_refuse_and_no_more(
    judge: Any, steps: list[tuple[Component, int | None, int, int | None]]
) -> None:
    """But for times, which the schemas only note."""
    made = artifact(SCHEMA, changed(steps))
    refused = list(judge.iter_errors(made.envelope)) != []
    # The shape alone: the drawn parents and versions have stages of their own.
    shape = [
        fault
        for fault in check(made).faults
        if fault.stage == "schema" and fault.is_error() and fault.code == "PAM_INVALID_SCHEMA"
    ]
    assert bool(shape) == refused, (shape, made.envelope)
