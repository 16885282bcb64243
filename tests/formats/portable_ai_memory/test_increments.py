"""Increments: an earlier export and what came since, put on top of it in their order, are the whole (dossier 5.1)."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import portable_ai_memory as sdk
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, LimitExceeded, NotFound, Place, UsageError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT, raised
from satchel.model.bodies import Conversation, Memory, Message, Part, Relation
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Original, Provenance, Reading, Record, Times, Tombstone
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory.packages import (
    OWNER,
    Package,
    by_id,
    checksum,
    entry,
    got,
    memory,
    message,
    relation,
    talk,
    uid,
)
from tests.formats.portable_ai_memory.packages import store as package_store

GENERATE = (Phase.explicit, Phase.reuse, Phase.generate)
TIMES = ("2026-01-02T03:04:05Z", "2026-02-02T03:04:05Z", "2026-03-02T03:04:05.123456Z")
OTHER = "somebody else"


def errors(path: Path) -> list[str]:
    return [finding.text for finding in FORMAT.validate(path, limits=DEFAULT) if finding.severity == "error"]


def root(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "memory-store.json").read_bytes())
    return found


def cut(vault: SqliteStore, target: Path, since: Path | str = "", **options: Any) -> dict[str, Any]:
    export(vault, target, format="portable-ai-memory", since=str(since), **options)
    assert errors(target) == []
    return root(target)


@contextmanager
def folders() -> Iterator[Iterator[Path]]:
    with tempfile.TemporaryDirectory() as name:
        yield (Path(name) / str(number) for number in itertools.count())


# What may happen to a vault.

names = st.sampled_from(["a", "b", "c"])
talks = st.sampled_from(["t", "u"])
words = st.sampled_from(["Tea", "Coffee", "Water"])
times = st.sampled_from(TIMES)


@st.composite
def packages(draw: st.DrawFn, *, meet: bool) -> Package:
    """Packages of two owners, each right by itself; the next may say something else of the same things. Where they ``meet``,
    the owners use the same ids, and some things may not leave: what leaves then has other ids or is mended."""
    owner = draw(st.sampled_from([OWNER, OTHER]))
    mark = "" if meet else owner[0]
    file = f"attachments/{mark}x.png"
    ids = names.map(lambda name: mark + name)
    own = draw(st.lists(ids, unique=True, max_size=3))
    heads = draw(st.lists(talks.map(lambda name: mark + name), unique=True, max_size=2))
    files: dict[str, Any] = {}
    said = []
    for name in heads:
        attached = draw(st.booleans())
        carried = {"attachments": [{"type": "image", "ref": file}]} if attached else {}
        lines = [message(str(n), draw(words), **carried) for n in range(draw(st.integers(0, 2)))]
        updated = {"temporal": {"created_at": TIMES[0], "updated_at": draw(times)}}
        said.append(talk(name, *lines, **updated))
        files[f"conversations/{name}.json"] = said[-1]
    memories = []
    for id in own:
        newer = draw(st.none() | st.sampled_from(own))
        newer = None if newer == id else newer
        status = "superseded" if newer else draw(st.sampled_from(["active", "retracted", "deprecated"]))
        fields: dict[str, Any] = {
            "status": status,
            "temporal": {
                "created_at": TIMES[0],
                "updated_at": draw(times),
                **({"superseded_by": newer} if newer else {}),
            },
        }
        if meet and owner == OTHER and id == "c":
            # Always: that something may not leave any more, no increment can say.
            fields["access"] = {"exportable": False}
        value = memory(id, draw(words), **fields)
        if heads and draw(st.booleans()):
            value["provenance"]["conversation_ref"] = draw(st.sampled_from(heads))
        memories.append(value)
    if own and draw(st.booleans()):
        vector = {
            "id": f"{own[0]} {draw(names)}",
            "memory_id": own[0],
            "model": "m",
            "dimensions": 1,
            "created_at": draw(times),
        }
        vector["vector"] = [draw(st.integers(0, 1))]
        memories[0]["embedding_ref"] = vector["id"]
        files["embeddings.json"] = {"schema": "portable-ai-memory-embeddings", "schema_version": "1.0", "embeddings": [vector]}
    index = []
    for conversation in said:
        id = conversation["id"]
        index.append(entry(conversation, *(m["id"] for m in memories if m["provenance"].get("conversation_ref") == id)))
    relations = []
    if own:
        ends = st.sampled_from(own)
        relations = [relation(id, draw(ends), draw(ends)) for id in draw(st.lists(ids, unique=True, max_size=2))]
    # A talk that is unchanged is not read again when a file that it names comes later: here it comes along.
    if any(item.get("attachments") for conversation in said for item in conversation["messages"]) or draw(st.booleans()):
        files[file] = draw(st.sampled_from([b"\x89PNG", b"\x89PNG 2"]))
    return Package(package_store(*memories, owner=owner, relations=relations, conversations_index=index), files)


def made(name: str) -> str:
    return make_uid("made", name)


@st.composite
def originals(draw: st.DrawFn) -> Original:
    """A source object of another platform, with links to whatever else there may be."""
    kind, when = draw(st.sampled_from(["memory", "memory", "conversation", "relation"])), draw(times)
    at = datetime.fromisoformat(when)
    targets = st.sampled_from([made(f"memory {n}") for n in "abc"] + [made("conversation t"), made("message t 0")])
    provenance = Provenance(platform="made")
    records: list[Record] = []
    if kind == "memory":
        name = f"memory {draw(names)}"
        own = made(name)
        links = draw(
            st.lists(st.tuples(st.sampled_from(["supersedes", "derived_from", "extends", "related_to"]), targets), max_size=2)
        )
        conversation = draw(st.sampled_from(["", made("conversation t")]))
        records.append(
            Record(
                uid=own,
                body=Memory(text=draw(words)),
                origin=Origin(format="made", id=name),
                times=Times(updated=at) if draw(st.booleans()) else Times(),
                status=draw(st.sampled_from(["active", "superseded", "archived"])),
                links=tuple(Link(type, to) for type, to in dict.fromkeys(links) if to != own),  # type: ignore[arg-type]
                provenance=msgspec.structs.replace(
                    provenance, conversation=conversation, message=made("message t 0") if conversation else ""
                ),
                scope=draw(st.sampled_from(["", made("memory a")])),
            )
        )
    elif kind == "relation":
        name = f"relation {draw(names)}"
        one, other = draw(targets), draw(targets)
        body = Relation(source=one, target=other, type="supports")
        links = tuple(Link("related_to", end) for end in dict.fromkeys((one, other)))
        records.append(
            Record(uid=made(name), body=body, origin=Origin(format="made", id=name), links=links, provenance=provenance)
        )
    else:
        name = "conversation t"
        body = Conversation(title=draw(words))
        records.append(
            Record(
                uid=made(name), body=body, origin=Origin(format="made", id=name), times=Times(updated=at), provenance=provenance
            )
        )
        for number in range(draw(st.integers(0, 2))):
            records.append(
                Record(
                    uid=made(f"message t {number}"),
                    body=Message(role="user", parts=(Part(type="text", text=draw(words)),), position=number),
                    origin=Origin(format="made", id=str(number)),
                    links=(Link("part_of", made(name)),),
                    provenance=provenance,
                )
            )
    native = msgspec.json.encode(records)
    return Original(
        uid=made(name),
        kind=f"made.{kind}",
        native=native,
        place=Place(file="made"),
        reader="made/1",
        updated=at,
        read=lambda: Reading(tuple(records)),
    )


def steps(*, meet: bool) -> st.SearchStrategy[list[tuple[str, Any]]]:
    package = st.tuples(st.just("package"), packages(meet=meet))
    step = st.one_of(
        package,
        package,
        st.tuples(st.just("made"), st.lists(originals(), min_size=1, max_size=4)),
        st.tuples(st.just("again"), st.integers(0, 9)),
        st.tuples(st.just("undo"), st.integers(0, 9)),
        st.tuples(st.just("cut"), st.just(None)),
        st.tuples(st.just("cut"), st.just(None)),
    )
    return st.lists(step, min_size=2, max_size=9)


def happen(vault: SqliteStore, what: str, drawn: Any, folder: Iterator[Path], past: list[Path]) -> None:
    match what:
        case "package":
            past.append(drawn.folder(next(folder)))
            import_paths(vault, past[-1:])
        case "made":
            with vault.importing("made") as intake:
                for original in drawn:
                    intake.put(original)
                intake.finish(())
        case "again" if past:
            import_paths(vault, [past[drawn % len(past)]])
        case "undo":
            able = [batch.id for batch in vault.batches() if batch.kind == "import" and batch.undone_by is None]
            if able:
                vault.undo(able[drawn % len(able)])


def state(vault: SqliteStore) -> dict[str, Record]:
    """What a vault holds, but for when it came, the record of each export, and the links that a memory's ``superseded_by``
    gives to the one that replaces it, which does not come again for that."""
    found = {}
    for record in vault.records():
        if record.origin.kind != "export":
            links = tuple(link for link in record.links if link.type != "supersedes")
            times = msgspec.structs.replace(record.times, recorded=None)
            # A message that did not change may have been read of an earlier state of its conversation.
            found[record.uid] = msgspec.structs.replace(record, times=times, links=links, native=Native())
    return found


def content(vault: SqliteStore, folder: Path) -> dict[str, Any]:
    """What a full export of a vault holds, but for what tells one export from another, and by which import a talk came: when
    one of two is taken back, that is all that changes."""
    written = cut(vault, folder)
    found: dict[str, Any] = {name: by_id(written[name]) for name in ("memories", "relations", "conversations_index")}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".json" and path.parent != folder:
            found[name] = {**json.loads(path.read_bytes()), "import_metadata": None}
        elif path.is_file() and name not in ("memory-store.json", "satchel.json"):
            found[name] = path.read_bytes()
    return found


def chain_of(vault: SqliteStore, happened: list[tuple[str, Any]], folder: Iterator[Path]) -> list[Path]:
    """A full export and the increments since, with what ``happened`` in between."""
    past: list[Path] = []
    chain: list[Path] = [next(folder)]
    cut(vault, chain[0])
    for what, drawn in [*happened, ("cut", None)]:
        if what != "cut":
            happen(vault, what, drawn, folder, past)
            continue
        target = next(folder)
        try:
            cut(vault, target, chain[-1])
            chain.append(target)
        except UsageError:
            # An import that the chain covers was taken back.
            cut(vault, target)
            chain = [target]
    return chain


@given(steps(meet=False))
@settings(max_examples=40, deadline=None, phases=GENERATE, suppress_health_check=list(HealthCheck))
def test_a_chain_of_increments_is_the_whole(happened: list[tuple[str, Any]]) -> None:
    with folders() as folder, trial_vault() as vault, trial_vault() as chained, trial_vault() as fresh:
        chain, whole = chain_of(vault, happened, folder), next(folder)
        cut(vault, whole)
        for path in chain:
            import_paths(chained, [path])
        import_paths(fresh, [whole])
        held, wanted = state(chained), state(fresh)
        assert {name: held.get(name) for name in wanted} == wanted
        # The format has no word for what is no more: messages of a talk, links and vectors of a memory stay where they were.
        assert {record.kind for name, record in held.items() if name not in wanted} <= {"message", "relation", "foreign"}
        there, here = content(chained, next(folder)), content(fresh, next(folder))
        assert there.pop("relations").items() >= here.pop("relations").items()
        assert there == here
        # Once more changes nothing.
        before = state(chained)
        for path in chain:
            import_paths(chained, [path])
        assert state(chained) == before


def said(vault: SqliteStore) -> list[tuple[Any, ...]]:
    """Every memory as what it says, whatever it is called."""
    found = (
        (record.body.text, record.status, record.times.updated)
        for record in vault.records("memory")  # type: ignore[union-attr]
    )
    return sorted(found, key=repr)


@given(steps(meet=True))
@settings(max_examples=25, deadline=None, phases=GENERATE, suppress_health_check=list(HealthCheck))
def test_owners_whose_ids_meet_lose_nothing(happened: list[tuple[str, Any]]) -> None:
    """What has to be mended to leave is the exporter's, as it came it is its owner's: whose a thing is may be another than
    after one full export. What it says is not."""
    with folders() as folder, trial_vault() as vault, trial_vault() as chained, trial_vault() as fresh:
        chain, whole = chain_of(vault, happened, folder), next(folder)
        cut(vault, whole)
        for path in chain:
            import_paths(chained, [path])
        import_paths(fresh, [whole])
        assert said(chained) == said(fresh)
        cut(chained, next(folder))


def give(vault: SqliteStore, folder: Path, *memories: dict[str, Any], owner: str = OWNER, **members: Any) -> None:
    files = members.pop("files", {})
    import_paths(vault, [Package(package_store(*memories, owner=owner, **members), files).folder(folder)])


LATER = {"created_at": TIMES[0], "updated_at": TIMES[1]}


@pytest.mark.row("PAM-110", "PAM-111", "PAM-112")
def test_an_increment_has_what_changed_and_says_on_what_it_goes(store: SqliteStore, tmp_path: Path) -> None:
    said = [talk("t", message("1")), talk("u", message("1"))]
    files = {f"conversations/{each['id']}.json": each for each in said}
    give(store, tmp_path / "1", memory("a"), memory("b"), conversations_index=list(map(entry, said)), files=files)
    base = cut(store, tmp_path / "base")
    assert (base["export_type"], "base_export_id" in base, "since" in base) == ("full", False, False)
    changed = talk("u", message("1"), message("2"), temporal=LATER)
    give(
        store,
        tmp_path / "2",
        memory("b", "Likes coffee", temporal=LATER),
        memory("c"),
        conversations_index=[entry(changed)],
        files={"conversations/u.json": changed},
    )
    made = cut(store, tmp_path / "made", tmp_path / "base")
    assert (made["export_type"], made["base_export_id"]) == ("incremental", base["export_id"])
    assert made["export_id"] != base["export_id"]
    assert [each["id"] for each in made["memories"]] == ["b", "c"]
    assert [each["id"] for each in made["conversations_index"]] == ["u"]
    assert [path.name for path in (tmp_path / "made" / "conversations").iterdir()] == ["u.json"]
    assert made["integrity"] == {
        "canonicalization": "RFC8785",
        "checksum": checksum(made["memories"]),
        "total_memories": 2,
    }
    # All of it came to the vault after the base was written, though by its own times it is older.
    since = datetime.fromisoformat(made["since"])
    own = [datetime.fromisoformat(m["temporal"].get("updated_at") or m["temporal"]["created_at"]) for m in made["memories"]]
    assert all(since < time for time in own)
    # Nothing is left to say.
    after = cut(store, tmp_path / "after", tmp_path / "made")
    assert (after["base_export_id"], after["memories"], after["conversations_index"]) == (made["export_id"], [], [])
    assert after["export_id"] != made["export_id"]


def test_a_memory_made_later_than_the_base_leaves_since_as_it_is(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    base = cut(store, tmp_path / "base")
    future = {"created_at": "2999-01-02T03:04:05Z"}
    give(store, tmp_path / "2", memory("b", temporal=future))
    assert cut(store, tmp_path / "made", tmp_path / "base")["since"] == base["export_date"]


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_a_time_a_change_and_an_export_are_the_same_cursor(suffix: str, store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    base = tmp_path / f"base{suffix}"
    export(store, base, format="portable-ai-memory")
    change = store.batches()[-1].id
    give(store, tmp_path / "2", memory("b"))
    at = store.batches()[-1].at.isoformat()
    found = []
    for number, since in enumerate((str(base), str(change), at)):
        target = tmp_path / f"since{number}{suffix}"
        export(store, target, format="portable-ai-memory", since=since)
        found.append(FORMAT.earlier(target))
    assert found[0] == found[1] == found[2]
    with trial_vault() as other:
        import_paths(other, [base, target])
        assert {record.origin.id for record in other.records("memory")} == {"a", "b"}


def test_an_increment_is_the_same_bytes_again(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base")
    give(store, tmp_path / "2", memory("b"), relations=[])
    for name in ("x", "y"):
        cut(store, tmp_path / name, tmp_path / "base")
    for path in (tmp_path / "x").iterdir():
        assert path.read_bytes() == (tmp_path / "y" / path.name).read_bytes()


def test_a_retraction_is_told_and_a_new_relation_to_the_base(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"), memory("b"))
    cut(store, tmp_path / "base")
    give(
        store,
        tmp_path / "2",
        memory("b", status="retracted", temporal=LATER),
        memory("c"),
        memory("a"),
        relations=[relation("r", "c", "a")],
    )
    made = cut(store, tmp_path / "made", tmp_path / "base")
    assert [(m["id"], m.get("status")) for m in made["memories"]] == [("b", "retracted"), ("c", None)]
    assert [(r["from"], r["to"]) for r in made["relations"]] == [("c", "a")]
    # The reference SDK knows no increments: what leads into the base is an error to it, and nothing else is.
    issues = sdk.validate(sdk.load(tmp_path / "made" / "memory-store.json")).issues
    assert {issue.check for issue in issues if issue.level == "error"} <= {"xref-relation", "integrity-checksum"}
    codes = {finding.code for finding in FORMAT.validate(tmp_path / "made", limits=DEFAULT)}
    assert "relation-end" in codes
    with trial_vault() as other:
        import_paths(other, [tmp_path / "base"])
        batch = import_paths(other, [tmp_path / "made"])
        # What the base holds is there: no doubt is left.
        assert "relation-end" not in {finding.code for finding in batch.summary.findings}
        assert batch.summary.transitions == {"active to retracted": 1}
        assert got(other, "memory", "b").status == "retracted"
        assert got(other, "relation", "r").body.target == uid("memory", "a")  # type: ignore[union-attr]


def test_what_the_base_does_not_hold_either_is_told(store: SqliteStore, tmp_path: Path) -> None:
    base = Package(package_store(memory("a"), export_id="base"))
    delta = package_store(
        memory("b"),
        relations=[relation("r", "b", "a"), relation("s", "b", "nowhere")],
        export_type="incremental",
        base_export_id="base",
        since=TIMES[0],
    )
    import_paths(store, [base.folder(tmp_path / "base")])
    batch = import_paths(store, [Package(delta).folder(tmp_path / "delta")])
    assert [f.place.pointer for f in batch.summary.findings if f.code == "relation-end"] == ["/relations/1/to"]


def test_an_increment_on_an_increment_is_said_to_be_an_extension(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base")
    for number in (2, 3):
        give(store, tmp_path / str(number), memory(str(number)))
        cut(store, tmp_path / f"made{number}", tmp_path / ("base" if number == 2 else "made2"))
    with trial_vault() as other:
        with pytest.raises(InputError, match="which the vault does not hold"):
            import_paths(other, [tmp_path / "made2"])
        import_paths(other, [tmp_path / "base"])
        with pytest.raises(InputError, match="which the vault does not hold"):
            import_paths(other, [tmp_path / "made3"])
        told = [[f.code for f in import_paths(other, [tmp_path / f"made{n}"]).summary.findings] for n in (2, 3)]
        assert ["increment-chain" in codes for codes in told] == [False, True]


def test_what_was_erased_since_is_told(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"), memory("b"))
    cut(store, tmp_path / "base")
    target = uid("memory", "a")
    with store.importing("erase") as intake:
        intake.bury(Tombstone(targets=(target,), op="delete", format="portable-memory", native=b"{}", place=Place()))
        intake.finish(())
    result = export(store, tmp_path / "made", format="portable-ai-memory", since=str(tmp_path / "base"))
    (line,) = [line for line in result.ledger.lines() if line.code == "erased-since"]
    assert (line.kind, line.fate, line.count) == ("memory", "unresolved", 1)
    assert root(tmp_path / "made")["memories"] == []
    data = b"".join(path.read_bytes() for path in (tmp_path / "made").iterdir())
    assert b'"a"' not in data


def test_what_was_taken_back_cannot_be_said(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    first = store.batches()[-1].id
    cut(store, tmp_path / "base")
    store.undo(first)
    with pytest.raises(UsageError, match="took back"):
        cut(store, tmp_path / "made", tmp_path / "base")
    assert not (tmp_path / "made").exists()


def test_what_is_no_base(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base")
    with trial_vault() as other, pytest.raises(UsageError, match="another vault"):
        cut(other, tmp_path / "out", tmp_path / "base")
    cut(store, tmp_path / "stripped", strip_identifiers=True)
    for path in (tmp_path / "stripped", tmp_path / "1", tmp_path / "base" / "memory-store.json"):
        with pytest.raises(UsageError, match=r"satchel\.json"):
            cut(store, tmp_path / "out", path)
    export(store, tmp_path / "past", format="portable-ai-memory", as_of=store.changed_at())
    with pytest.raises(UsageError, match=r"satchel\.json"):
        cut(store, tmp_path / "out", tmp_path / "past")
    with pytest.raises(UsageError, match="began later"):
        cut(store, tmp_path / "out", "1999-01-01")
    with pytest.raises(UsageError, match="that --since names"):
        cut(store, tmp_path / "base", tmp_path / "base")
    with pytest.raises(NotFound):
        cut(store, tmp_path / "out", "99")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"state":1}', b'{"state":{"vault":1}}', b"\xff", b'{"state":{"change":-1}}'])
def test_a_sidecar_that_says_nothing_is_no_base(data: bytes, store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base")
    (tmp_path / "base" / "satchel.json").write_bytes(data)
    with pytest.raises(UsageError, match=r"satchel\.json"):
        cut(store, tmp_path / "out", tmp_path / "base")


def test_a_stripped_increment_goes_on_a_stripped_base(store: SqliteStore, tmp_path: Path) -> None:
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base", strip_identifiers=True)
    change = store.batches()[-1].id
    give(store, tmp_path / "2", memory("b", provenance={"platform": "chatgpt", "platform_user_id": "u-1"}))
    cut(store, tmp_path / "made", str(change), strip_identifiers=True)
    assert b"u-1" not in (tmp_path / "made" / "memory-store.json").read_bytes()
    with trial_vault() as other:
        import_paths(other, [tmp_path / "base", tmp_path / "made"])
        assert {record.origin.id for record in other.records("memory")} == {"a", "b"}


def test_what_an_increment_needs_of_the_base_comes_along(store: SqliteStore, tmp_path: Path) -> None:
    """A memory that is drawn from an old talk brings it: the entry lists it, the file holds the message (X-06, X-09, X-30)."""
    picture = {"attachments": [{"type": "image", "ref": "attachments/x.png"}]}
    old, other = talk("t", message("1", **picture)), talk("u", message("1"))
    files = {"conversations/t.json": old, "conversations/u.json": other, "attachments/x.png": b"\x89PNG"}
    give(store, tmp_path / "1", memory("a"), conversations_index=[entry(old), entry(other)], files=files)
    cut(store, tmp_path / "base")
    drawn = memory("b", provenance={"platform": "claude", "conversation_ref": "t", "message_ref": "1"})
    give(store, tmp_path / "2", drawn, conversations_index=[entry(old, "b")], files={"conversations/t.json": old})
    made = cut(store, tmp_path / "made", tmp_path / "base")
    assert [m["id"] for m in made["memories"]] == ["b"]
    assert [(e["id"], e["derived_memories"]) for e in made["conversations_index"]] == [("t", ["b"])]
    assert (tmp_path / "made" / "attachments" / "x.png").read_bytes() == b"\x89PNG"
    assert not (tmp_path / "made" / "conversations" / "u.json").exists()


def test_a_signed_increment_verifies(store: SqliteStore, tmp_path: Path) -> None:
    from satchel.formats.signing import Trust

    store.create_signing_key("main")
    give(store, tmp_path / "1", memory("a"))
    cut(store, tmp_path / "base", sign="main")
    give(store, tmp_path / "2", memory("b"))
    made = cut(store, tmp_path / "made", tmp_path / "base", sign="main")
    assert made["signature"]["algorithm"] == "Ed25519"
    found = FORMAT.verify(tmp_path / "made", trust=Trust(), limits=DEFAULT)  # type: ignore[attr-defined]
    assert found.holds


def test_a_flood_of_names_of_the_base_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    base = Package(package_store(memory("a"), export_id="base"))
    delta = package_store(export_type="incremental", base_export_id="base", since=TIMES[0])
    flood = {"memories": [{"id": str(number), "owner": OTHER} for number in range(5_000)]}
    import_paths(store, [base.folder(tmp_path / "base")])
    folder = Package(delta, {"satchel.json": flood}).folder(tmp_path / "delta")
    before = store.stats().records
    with pytest.raises(LimitExceeded, match="names more"):
        import_paths(store, [folder], limits=raised(["document_bytes=1000000"]))
    assert store.stats().records == before
    import_paths(store, [folder])
