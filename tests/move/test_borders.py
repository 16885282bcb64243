"""Rules that hold over every border, whatever lies on both sides: each standard to each, and the adapters' exports to each.

Trust never rises; what may not leave does not, and nothing becomes more visible or less sensitive; what was retracted or erased
does not come back as if it held; secrets do not leave as values; a time keeps its precision, or the ledger says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from satchel.formats import registry
from satchel.model import bodies
from satchel.model.record import Access, Grant, Link, Record, Times
from satchel.model.text import searchable
from satchel.move.conversions import convert
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from tests.conftest import ROOT
from tests.formats.portable_ai_memory.bag import Bag, conversation, memory, message, record, text, uid
from tests.formats.portable_memory import made

STANDARDS = ("portable-memory", "portable-ai-memory", "portable-agent-memory")
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())
#: From what may be relied on to what may not.
TRUST = ("own", "reviewed", "verified", "imported", "untrusted")
VISIBILITY = ("private", "shared", "public")
SENSITIVITY = ("", "low", "normal", "high")
KEY = "sk-proj-" + "Zq7Yw2Lk9Xv4Bn8Tm3Rc6Hd1Jf5Gs0Pa" + "T3BlbkFJ" + "9Kd8Qw7Er6Ty5Ui4Op3As2Df1Gh0JkLz"
PAST = ("superseded", "retracted")


def bag() -> Bag:
    """A record for each rule, of each kind that it could be broken by."""
    fine = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    items = [
        memory("plain", "Plain words"),
        memory("web", "Words of a web page", trust="untrusted"),
        memory("own", "Own words", trust="own"),
        memory("hidden", "Hidden words", access=Access(exportable=False)),
        memory(
            "shared", "Shared words", access=Access(visibility="shared", grants=(Grant(entity="a", permissions=("read",)),))
        ),
        memory("grave", "Grave words", access=Access(sensitivity="high")),
        memory("fine", "Fine words", times=Times(created=fine, updated=fine, observed=fine)),
        conversation(),
        message("said", text("Said words"), trust="untrusted"),
        record("secret", bodies.SecretRef(label="Bank", category="password")),
        record("keyed", bodies.Setting(name="provider", value={"api_key": KEY})),
        record("server", bodies.ToolServer(name="files", address=f"https://mcp.example/?api_key={KEY}")),
        record("e1", bodies.Entity(name="Ada Lovelace"), trust="untrusted"),
        record("e2", bodies.Entity(name="Charles Babbage"), access=Access(sensitivity="high")),
        record("knows", bodies.Relation(source=uid("e1"), target=uid("e2"), type="extends"), trust="untrusted"),
    ]
    for status in PAST:
        items += [
            memory(status, f"Words that are {status}", status=status),
            record(f"i-{status}", bodies.Instruction(text=f"Orders that are {status}"), status=status),
            record(f"p-{status}", bodies.Profile(text=f"A person that is {status}"), status=status),
            record(f"r-{status}", bodies.Procedure(name=f"Ways that are {status}", steps=("one",)), status=status),
            record(f"k-{status}", bodies.Skill(name=f"Skills that are {status}", text="Do it"), status=status),
            record(f"t-{status}", bodies.Task(title=f"Work that is {status}"), status=status),
            record(f"x-{status}", bodies.Relation(source=uid("e1"), target=uid("e2"), type="supports"), status=status),
        ]
    return Bag(items)


def read(path: Path) -> list[Record]:
    with trial_vault() as store:
        import_paths(store, [path])
        return list(store.records())


def all_text(path: Path) -> bytes:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return b"\n".join(file.read_bytes() for file in files)


def by_words(records: list[Record]) -> dict[str, list[Record]]:
    """Records by what they say, which is all that every format keeps; other formats' own kinds say nothing to anybody."""
    found: dict[str, list[Record]] = {}
    for each in records:
        for words in filter(None, map(str.strip, searchable(each))):
            if each.kind != "foreign":
                found.setdefault(words, []).append(each)
    return found


def assert_no_wider(before: list[Record], after: list[Record]) -> None:
    was = by_words(before)
    for words, found in by_words(after).items():
        if words not in was:
            continue
        for each in found:
            assert TRUST.index(each.trust) >= min(TRUST.index(other.trust) for other in was[words]), "trust rose"
            most = max(VISIBILITY.index(other.access.visibility) for other in was[words])
            assert VISIBILITY.index(each.access.visibility) <= most, "it became more visible"
            if all(other.access.sensitivity == "high" for other in was[words]):
                assert each.access.sensitivity == "high", "it became less sensitive"
            if all(other.status in PAST for other in was[words]):
                assert each.status not in ("active", "deprecated"), f"what was over holds again: {words}"


@pytest.fixture(scope="module", params=STANDARDS)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("borders") / "package"
    registry.get(request.param).write(bag(), target)
    return target


def test_one_border(package: Path) -> None:
    assert_no_wider(bag().items, read(package))
    written = all_text(package)
    assert b"Hidden words" not in written
    assert KEY.encode() not in written


@pytest.mark.parametrize("to", STANDARDS)
def test_two_borders(package: Path, to: str, tmp_path: Path) -> None:
    convert([package], tmp_path / "out", format=to)
    after = read(tmp_path / "out")
    assert_no_wider(bag().items, after)
    assert_no_wider(read(package), after)
    assert KEY.encode() not in all_text(tmp_path / "out")
    untrusted = [each for each in after if "Words of a web page" in searchable(each)[1]]
    assert untrusted
    assert {each.trust for each in untrusted} == {"untrusted"}


@pytest.mark.parametrize("to", STANDARDS)
@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.name)
def test_an_adapters_export(source: Path, to: str, tmp_path: Path) -> None:
    before = read(source)
    convert([source], tmp_path / "out", format=to)
    assert_no_wider(before, read(tmp_path / "out"))


@pytest.mark.parametrize("to", STANDARDS[1:])
def test_what_a_tombstone_erased_does_not_cross(to: str, tmp_path: Path) -> None:
    rows = [made.episode("ep_1", "Words that were erased"), made.episode("ep_2", "Words that stay")]
    bundle = made.write(tmp_path / "a.mem", {"episode": rows[1:], "tombstone": [made.tombstone("ep_1")]})
    done = convert([bundle], tmp_path / "out", format=to)
    assert b"erased" not in all_text(tmp_path / "out")
    assert ("tombstone", "omitted", "no-tombstones", 1) in {
        (line.kind, line.fate, line.code, line.count) for line in done.written.ledger.lines()
    }
    # An older bundle that holds it, taken together with the tombstone, does not bring it back.
    older = made.write(tmp_path / "old.mem", {"episode": rows})
    with trial_vault() as store:
        import_paths(store, [bundle])
        import_paths(store, [older])
        assert not any("erased" in searchable(each)[1] for each in store.records())


@pytest.mark.parametrize("to", STANDARDS)
def test_a_time_keeps_its_precision_or_the_ledger_says_so(to: str, tmp_path: Path) -> None:
    written = registry.get(to).write(bag(), tmp_path / "out")
    back = [each for each in read(tmp_path / "out") if "Fine words" in searchable(each)[1]]
    told = {line.field for line in written.ledger.lines() if line.kind == "memory" and line.fate in ("narrowed", "carried")}
    was = bag().by_uid[uid("fine")].times
    for name in ("created", "updated", "observed"):
        exact = all(getattr(each.times, name) == getattr(was, name) for each in back)
        assert exact or f"times.{name}" in told


def test_the_bag_has_a_secret_that_is_seen() -> None:
    """What the other tests look for can be found at all."""
    from satchel.formats.secrets import holds_secret

    assert {each.kind for each in bag().items if holds_secret(each)} == {"setting", "tool_server"}
    assert Link("part_of", uid("talk")) in bag().by_uid[uid("said")].links
