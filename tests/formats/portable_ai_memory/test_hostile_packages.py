"""Packages that mean harm: whatever the door, only our errors leave, nothing is half taken, nothing outside is touched."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, NotRecognised, SatchelError
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT, Limits
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory.bag import SHARED, needs_shared
from tests.formats.portable_ai_memory.packages import Package, entry, memory, message, packages, relation, talk
from tests.formats.portable_ai_memory.packages import store as made

SAID = talk("t", message("1"))


def refused(vault: SqliteStore, path: Path, limits: Limits = DEFAULT) -> SatchelError:
    """The one error of ours with which an import ends, and after which the vault is as empty as before."""
    with pytest.raises(InputError) as caught:
        import_paths(vault, [path], limits=limits)
    assert vault.stats().records == {}
    return caught.value


def pointing(ref: str) -> Package:
    return Package(made(memory("m"), conversations_index=[entry(SAID, ref=ref)]))


@pytest.mark.parametrize(
    "ref",
    [
        "../outside.json",
        "conversations/../../outside.json",
        "/etc/passwd",
        "C:\\windows\\win.ini",
        "conversations\\t.json",
        "file:///etc/passwd",
        "conversations/link.json",
        "linked/outside.json",
        "pipe.json",
        "conversations",
        "a\x00b",
        "memory-store.json",
        "\ud7ff/" * 300 + "x",
    ],
)
def test_a_reference_that_leads_out(ref: str, store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text(json.dumps(SAID))
    folder = pointing(ref).folder(tmp_path / "in")
    (folder / "conversations").mkdir()
    (folder / "conversations" / "link.json").symlink_to(tmp_path / "outside.json")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.json")
    refused(store, folder)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [fifo, device])
@pytest.mark.parametrize(
    "name", ["memory-store.json", "conversations/t.json", "embeddings.json", "satchel.json", "attachments/x"]
)
def test_a_fifo_or_a_link_in_place_of_a_file(name: str, make: Any, store: SqliteStore, tmp_path: Path) -> None:
    package = Package(made(memory("m"), conversations_index=[entry(SAID)]), {"conversations/t.json": SAID})
    folder = package.folder(tmp_path / "in")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    if name in package.all():
        with pytest.raises((InputError, NotRecognised)):
            import_paths(store, [folder])
        return
    batch = import_paths(store, [folder])
    assert {finding.code for finding in batch.summary.findings} == {"not-a-file"}
    assert batch.summary.blobs == 0


def member(name: str, mode: int = 0, kind: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = kind
    return info


@pytest.mark.parametrize(
    "info",
    [
        member("../evil"),
        member("/evil"),
        member("conversations/x", stat.S_IFLNK),
        member("attachments/d", stat.S_IFCHR),
        member("a\\b"),
    ],
    ids=["parent", "absolute", "link", "device", "backslash"],
)
def test_a_zip_with_a_member_that_must_not_be_touched(info: zipfile.ZipInfo, store: SqliteStore, tmp_path: Path) -> None:
    path = Package(made(memory("m"))).zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, b"/etc/passwd")
    refused(store, path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.zip"]


@pytest.mark.parametrize("name", ["memory-store.json", "attachments/big", "embeddings.json", "conversations/t.json"])
def test_a_zip_bomb_in_any_place(name: str, store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    bomb = b'{"schema":"portable-ai-memory","x":"' + b" " * (12 << 20)
    package = Package(made(memory("m"), conversations_index=[entry(SAID)]), {"conversations/t.json": SAID})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in {**package.all(), name: bomb}.items():
            archive.writestr(each, data)
    assert refused(store, path).code in ("limit", "malformed")


def test_a_zip_without_or_with_two_stores(store: SqliteStore, tmp_path: Path) -> None:
    two = Package(made(memory("m"))).zip(tmp_path / "two.zip", "a/")
    with zipfile.ZipFile(two, "a") as archive:
        archive.writestr("b/memory-store.json", json.dumps(made()))
    assert "2 files" in str(refused(store, two))
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("embeddings.json", "{}")
    refused(store, tmp_path / "none.zip")


def test_a_zip_that_breaks_off(store: SqliteStore, tmp_path: Path) -> None:
    whole = Package(made(*(memory(str(n), f"Says {n}") for n in range(50)))).zip(tmp_path / "whole.zip").read_bytes()
    for cut in (0, 3, 30, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path = tmp_path / f"cut{cut}.zip"
        path.write_bytes(whole[:cut])
        refused(store, path)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    refused(store, tmp_path / "damaged.zip")


def text(**root: Any) -> str:
    return json.dumps({**made(memory("m")), **root})


DEEP = '{"a":' * 5000 + "1" + "}" * 5000
TEXTS = {
    "truncated": text()[:-20],
    "deep metadata": text().replace('"provenance"', f'"metadata": {DEEP}, "provenance"'),
    "deep root": '{"schema": "portable-ai-memory", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "huge number": text().replace('"provenance"', '"metadata": {"n": ' + "9" * 100_000 + '}, "provenance"'),
    "NaN": text().replace('"provenance"', '"metadata": {"n": NaN}, "provenance"'),
    "infinity": text().replace('"provenance"', '"metadata": {"n": 1e999}, "provenance"'),
    "name twice in the root": text()[:-1] + ', "memories": []}',
    "name twice in a memory": text().replace('"provenance"', '"id": "n", "provenance"'),
    "name twice deep": text().replace('"provenance"', '"metadata": {"a": 1, "a": 2}, "provenance"'),
    "lone surrogate": text().replace("Likes tea", "\\ud800"),
    "memories is an object": text(memories={}),
    "memories is null": text(memories=None),
    "owner is text": text(owner="me"),
    "owner id is empty": text(owner={"id": ""}),
    "relations of numbers": text(relations=[1, None, "x", []]),
    "index of numbers": text(conversations_index=[1, {}]),
    "integrity is a list": text(integrity=[]),
    "base export is a number": text(export_type="incremental", base_export_id=1, since="2026-01-02T03:04:05Z"),
    "something behind": text() + "{}",
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_store_of_the_wrong_kind(case: str, store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "memory-store.json").write_text(TEXTS[case])
    refused(store, tmp_path / "memory-store.json")


@pytest.mark.parametrize(
    "data", [text().encode("latin-1").replace(b"tea", b"t\xe9"), text().encode("utf-16"), b"", b"\xef\xbb\xbf", b"\0"]
)
def test_bytes_that_are_no_text(data: bytes, store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "memory-store.json").write_bytes(data)
    refused(store, tmp_path / "memory-store.json")


SIDECARS = [
    b"",
    b"[]",
    b'{"memories": 1}',
    b'{"memories": [1, null, {"id": 1}, {"id": "m", "uid": "zz"}, {"id": "m", "owner": 3}]}',
    b'{"memories": [{"id": "m", "uid": "' + b"0" * 40 + b'"}]}',
    b'{"memories": [' + b"[" * 3000 + b"]" * 3000 + b"]}",
    b'{"memories": [], "memories": []}',
    b"\xff",
]


@pytest.mark.parametrize("data", SIDECARS)
def test_a_sidecar_that_is_none_costs_nothing(data: bytes, store: SqliteStore, tmp_path: Path) -> None:
    folder = Package(made(memory("m")), {"satchel.json": data}).folder(tmp_path / "in")
    batch = import_paths(store, [folder])
    assert batch.summary.counts["memory"] == {"new": 1}
    assert not any(finding.severity == "error" for finding in batch.summary.findings)


def test_a_sidecar_cannot_keep_out_what_the_vault_does_not_say(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [Package(made(memory("mine", "Mine"))).folder(tmp_path / "mine")])
    mine = next(iter(store.records("memory"))).uid
    claims = {"memories": [{"id": "m", "uid": mine}]}
    folder = Package(made(memory("m", "Theirs"), owner="them"), {"satchel.json": claims}).folder(tmp_path / "theirs")
    assert import_paths(store, [folder]).summary.counts["memory"] == {"new": 1}
    assert sorted(record.body.text for record in store.records("memory")) == ["Mine", "Theirs"]  # type: ignore[union-attr]


def test_limits_hold(store: SqliteStore, tmp_path: Path) -> None:
    files = {"conversations/t.json": SAID, **{f"attachments/{n}": b"x" for n in range(30)}}
    package = Package(made(*(memory(str(n), f"Says {n}") for n in range(30)), conversations_index=[entry(SAID)]), files)
    folder = package.folder(tmp_path / "in")
    for limits in (Limits(archive_members=20), Limits(array_elements=20), Limits(element_bytes=64), Limits(document_bytes=64)):
        assert refused(store, folder, limits).code in ("limit", "malformed")
    assert refused(store, package.zip(tmp_path / "a.zip"), Limits(archive_members=20)).code in ("limit", "malformed")


def test_a_file_that_changes_while_it_is_read(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satchel.formats.portable_ai_memory import reader

    folder = Package(made(memory("m", "One"))).folder(tmp_path / "in")
    honest = reader.PackageCheck.findings

    def then_swapped(self: Any) -> Any:
        yield from honest(self)
        Package(made(memory("m", "Two"))).folder(tmp_path / "in")

    monkeypatch.setattr(reader.PackageCheck, "findings", then_swapped)
    assert "changed while it was read" in str(refused(store, folder))


@needs_shared
@pytest.mark.parametrize(
    "path", sorted((SHARED / "derived/cli-malformed").glob("*")) if SHARED.is_dir() else [], ids=lambda path: path.stem
)
def test_what_makes_others_fail(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    try:
        import_paths(store, [path])
    except SatchelError:
        assert store.stats().records == {}
        return
    assert [f for f in FORMAT.validate(path, limits=DEFAULT) if f.severity == "error"] == []
    export(store, tmp_path / "out", format="portable-ai-memory")


leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
junk = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container inside a value with each of its keys."""
    found = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += [(value, key), *places(inner)]
    return found


@given(packages(), st.data())
@settings(max_examples=80, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_anything_anywhere(package: Package, data: st.DataObject) -> None:
    """A value of any kind in the place of any other: refused as a whole, or taken and written out again."""
    holder = data.draw(st.sampled_from([package.store, *(v for v in package.files.values() if isinstance(v, dict))]))
    where, key = data.draw(st.sampled_from(places(holder)))
    where[key] = data.draw(junk)
    package.store.pop("integrity", None) if data.draw(st.booleans()) else None
    with tempfile.TemporaryDirectory() as name, trial_vault() as vault:
        try:
            folder = package.folder(Path(name, "in"))
        except UnicodeEncodeError:
            return
        try:
            import_paths(vault, [folder])
        except SatchelError:
            assert vault.stats().records == {}
            return
        export(vault, Path(name, "out"), format="portable-ai-memory")
        assert [f for f in FORMAT.validate(Path(name, "out"), limits=DEFAULT) if f.severity == "error"] == []
        export(vault, Path(name, "mem"), format="portable-memory")


def test_ids_that_are_paths_and_markup(store: SqliteStore, tmp_path: Path) -> None:
    names = ["../../pwned", "/abs", "a/b", "\x1b[31m", "[/red]", "é" * 300, "__proto__", "0" * 5000]
    index, files = [], {}
    for at, name in enumerate(names):
        said = talk(name, message(name))
        files[f"conversations/{at}.json"] = said
        index.append(entry(said, name, ref=f"conversations/{at}.json"))
    memories = [
        memory(name, provenance={"platform": "x" * 32, "conversation_ref": name, "message_ref": name}) for name in names
    ]
    relations = [relation(name, name, names[0]) for name in names[1:]]
    package = Package(made(*memories, relations=relations, conversations_index=index), files)
    import_paths(store, [package.folder(tmp_path / "in")])
    export(store, tmp_path / "out", format="portable-ai-memory")
    got = json.loads((tmp_path / "out/memory-store.json").read_bytes())
    assert sorted(m["id"] for m in got["memories"]) == sorted(names)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"memory-store.json", "satchel.json", "conversations"}
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
