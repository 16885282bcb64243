"""No change to a signed artifact passes: any member of any object, any element of any array, any edge of the graph.

Each property draws where and what to change; what it draws is checked to be another value, for 1 and 1.0 are one score to the
SDK. Signed means sealed here too; what the protocol's own signature leaves open is told by its own test.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.errors import InputError
from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import Report, check
from satchel.formats.portable_agent_memory.profiles import PROFILES, SDK, Profile
from satchel.formats.portable_agent_memory.provenance import derive
from satchel.model.times import from_iso
from tests.formats.portable_agent_memory.made import OPERATOR, WRITABLE, artifact, entries

Steps = tuple[str | int, ...]
_THOROUGH = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@functools.cache
def whole(name: str) -> Artifact:
    """A signed artifact with every member of every component, tokens, metadata and three generations."""
    profile = PROFILES[name]
    first = artifact(profile)
    now = from_iso("2025-02-01T00:00:00Z")
    assert now is not None
    ids = [entry["id"] for _, entry in first.all_entries()]
    values = {component: list(first.entries(component)) for component in first.counts}
    for component in first.counts:
        fields = {
            member: value
            for member, value in entries(profile)[component][0].items()
            if member not in ("parent_ids", "created_at")
        }
        values[component].append(derive(first, component, fields, ids[:2], now=now))
    second = artifact(profile, values)
    values["semantic"].append(
        derive(
            second,
            "semantic",
            {**fields_of(profile), "source_event_ids": [values["episodic"][0]["id"]]},
            [values["episodic"][-1]["id"], values["identity"][-1]["id"]],
            now=now,
        )
    )
    return artifact(
        profile, values, metadata={"note": {"deep": [1, {"x": True}]}}, tokens=({"id": "t", "permissions": ["read"]},)
    )


def fields_of(profile: Profile) -> dict[str, Any]:
    made = entries(profile)["semantic"][0]
    return {name: value for name, value in made.items() if name not in ("parent_ids", "created_at")}


def places(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Every place in a JSON value but the root."""
    if type(value) is dict:
        for name, item in value.items():
            yield (*steps, name)
            yield from places(item, (*steps, name))
    elif type(value) is list:
        for index, item in enumerate(value):
            yield (*steps, index)
            yield from places(item, (*steps, index))


@functools.cache
def all_places(name: str) -> list[Steps]:
    return sorted(places(whole(name).envelope), key=repr)


def at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def report_of(envelope: dict[str, Any], name: str, *, json: bool) -> Report | None:
    """What is said of an envelope that came as a file; None where it is refused outright."""
    changed = msgspec.structs.replace(whole(name), envelope=envelope)
    try:
        read = wire.parse(wire.serialise(changed, "json" if json else "cbor"))
        return check(read, keys=[OPERATOR.public])
    except InputError:
        return None


def sound(report: Report | None) -> bool:
    """Whether nobody would notice: it verifies, and nothing in it is said to be unsigned."""
    return report is not None and not report.verdict(require_signature=True) and not report.unsigned


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are one by the numbers that JavaScript would write."""
    return canonical.encode(one, "pam-es6") == canonical.encode(other, "pam-es6")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


def near(value: Any) -> st.SearchStrategy[Any]:
    """Values that are much like one: a digit, a letter, an order or an element away."""
    if type(value) is str and value:
        return st.integers(0, len(value) - 1).flatmap(
            lambda index: st.sampled_from("0a Zé").map(lambda letter: value[:index] + letter + value[index + 1 :])
        ) | st.sampled_from([value[:-1], value + "\n", value.upper(), value.lower(), value.swapcase()])
    if type(value) is bool or value is None:
        return st.sampled_from([None, True, False])
    if type(value) in (int, float):
        return st.sampled_from([value + 1, value / 2, -value, 0, 1])
    if type(value) is list and value:
        return st.sampled_from([value[:-1], value[1:], [*value, value[0]], value[::-1]])
    return values


@pytest.mark.parametrize("name", [profile.name for profile in WRITABLE])
def test_the_artifact_itself_is_sound(name: str) -> None:
    report = check(whole(name), keys=[OPERATOR.public])
    assert sound(report)
    assert [fault.code for fault in report.faults if fault.is_error(strict=True)] == []
    assert report.generations == 3
    assert len(all_places(name)) > 120


@pytest.mark.row("GEN-03", "SEC-01", "SEC-02", "ENT-01")
@pytest.mark.parametrize("name", [profile.name for profile in WRITABLE])
@_THOROUGH
@given(data=st.data())
def test_no_single_value_can_be_changed(name: str, data: st.DataObject) -> None:
    """400 changes in each of three profiles."""
    steps = data.draw(st.sampled_from(all_places(name)))
    before = at(whole(name).envelope, steps)
    after = data.draw(near(before) | values)
    assume(not is_same(before, after))
    envelope = copy.deepcopy(whole(name).envelope)
    at(envelope, steps[:-1])[steps[-1]] = after
    assert not sound(report_of(envelope, name, json=data.draw(st.booleans())))


@pytest.mark.row("GEN-03")
@pytest.mark.parametrize("name", [profile.name for profile in WRITABLE])
@_THOROUGH
@given(data=st.data())
def test_no_member_can_be_taken_away_added_or_renamed(name: str, data: st.DataObject) -> None:
    envelope = copy.deepcopy(whole(name).envelope)
    steps = data.draw(st.sampled_from(all_places(name)))
    holder, last = at(envelope, steps[:-1]), steps[-1]
    kind = data.draw(st.sampled_from(["drop", "add", "rename", "move"]))
    if kind == "drop":
        # Without its metadata or its seal it is as if nobody had sealed it, which the report then says.
        del holder[last]
    elif kind == "add" and type(holder) is dict:
        fresh = data.draw(st.text(max_size=8).filter(lambda text: text not in holder))
        holder[fresh] = data.draw(values)
    elif kind == "rename" and type(last) is str:
        fresh = data.draw(st.sampled_from([last.upper(), last + "_", last[:-1]]).filter(lambda text: text not in holder))
        holder[fresh] = holder.pop(last)
    elif type(holder) is list and len(holder) > 1:
        holder.append(holder.pop(last))  # type: ignore[arg-type]
        assume(not is_same(holder, at(whole(name).envelope, steps[:-1])))
    else:
        assume(False)
    assert not sound(report_of(envelope, name, json=data.draw(st.booleans())))


@pytest.mark.row("GEN-03", "DAG-08")
@pytest.mark.parametrize("name", [profile.name for profile in WRITABLE])
@settings(_THOROUGH, max_examples=200)
@given(data=st.data())
def test_no_edge_can_be_changed(name: str, data: st.DataObject) -> None:
    """200 changes of parents in each of three profiles, whatever else fits them is done by the one who changes."""
    envelope = copy.deepcopy(whole(name).envelope)
    changed = msgspec.structs.replace(whole(name), envelope=envelope)
    every = [entry for _, entry in changed.all_entries()]
    ids = [entry["id"] for entry in every]
    entry = data.draw(st.sampled_from(every))
    before = list(entry["parent_ids"])
    stranger = whole(name).profile.id_prefix + "0" * 64
    change: Callable[[], Any] = data.draw(
        st.sampled_from(
            [
                lambda: [*before, data.draw(st.sampled_from([*ids, stranger]))],
                lambda: before[:-1],
                lambda: before[::-1],
                lambda: [data.draw(st.sampled_from([*ids, stranger, entry["id"]])) for _ in before],
                lambda: None,
            ]
        )
    )
    entry["parent_ids"] = change()
    assume(entry["parent_ids"] != before)
    report = report_of(envelope, name, json=data.draw(st.booleans()))
    assert not sound(report)
    # The graph is under the root and not under the seal alone: that much the protocol's own signature holds.
    if report is not None:
        assert {fault.stage for fault in report.faults if fault.is_error()} & {"root", "entries", "schema", "provenance"}


@pytest.mark.row("GEN-03")
@settings(_THOROUGH, max_examples=200)
@given(data=st.data())
def test_without_a_seal_every_entry_is_still_held(data: st.DataObject) -> None:
    """What the protocol's own signature holds in the SDK's profile: all that is in entries but their order."""
    envelope = copy.deepcopy(whole(SDK.name).envelope)
    del envelope["metadata"]["pam_seal"]
    inside = [steps for steps in all_places(SDK.name) if steps[0] in whole(SDK.name).counts and len(steps) > 2]
    steps = data.draw(st.sampled_from(inside))
    before = at(envelope, steps)
    after = data.draw(near(before) | values)
    assume(not is_same(before, after))
    at(envelope, steps[:-1])[steps[-1]] = after
    report = report_of(envelope, SDK.name, json=True)
    assert report is None or report.verdict(require_signature=True)


def test_what_a_stripped_seal_leaves_open_is_told() -> None:
    envelope = copy.deepcopy(whole(SDK.name).envelope)
    del envelope["metadata"]["pam_seal"]
    envelope["source_agent"]["name"] = "another"
    report = report_of(envelope, SDK.name, json=True)
    assert report is not None
    assert report.verdict(require_signature=True) == ""
    assert {"source_agent", "capability_tokens", "created_at", "metadata"} <= set(report.unsigned)
    assert not report.sealed
