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
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SCHEMA
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


def drawn(data: st.DataObject) -> Entries:
    values = copy.deepcopy(entries(SCHEMA))
    for _ in range(data.draw(st.integers(1, 2))):
        component = data.draw(st.sampled_from(COMPONENTS))
        holder: Any = values[component][0]
        inner = [item[0] for item in holder.values() if type(item) is list and item and type(item[0]) is dict]
        if inner and data.draw(st.booleans()):
            holder = data.draw(st.sampled_from(inner))
        if not holder:
            continue
        name = data.draw(st.sampled_from(sorted(holder)))
        if data.draw(st.booleans()):
            holder.pop(name)
        else:
            # A copy: a later step may change it, and the strategy's own would stay changed.
            values_drawn = [None, True, "", "x", "en", 0, 1, -1, 0.5, 1.5, [], ["x"], [1], {}, {"a": 1}, [{}], "queued"]
            holder[name] = copy.deepcopy(data.draw(st.sampled_from(values_drawn)))
    return values


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_what_the_schemas_refuse_we_refuse_and_no_more(judge: Any, data: st.DataObject) -> None:
    """But for times, which the schemas only note."""
    made = artifact(SCHEMA, drawn(data))
    refused = list(judge.iter_errors(made.envelope)) != []
    # The shape alone: the drawn parents and versions have stages of their own.
    shape = [
        fault
        for fault in check(made).faults
        if fault.stage == "schema" and fault.is_error() and fault.code == "PAM_INVALID_SCHEMA"
    ]
    assert bool(shape) == refused, (shape, made.envelope)
