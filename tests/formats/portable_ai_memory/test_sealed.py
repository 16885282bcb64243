"""Encrypted packages: the very zip, for those alone who shall open it; read whole, or nothing of it is taken."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, Locked, MalformedInput, NotRecognised, OutputError, SatchelError, UsageError
from satchel.formats import registry
from satchel.formats.base import WriteOptions
from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.signing import SignOptions, Trust
from satchel.limits import DEFAULT
from satchel.move import vouching
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust import age
from satchel.trust.age_keys import read_identities
from satchel.trust.secrets import Secret
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory.bag import Bag, bags
from tests.formats.portable_ai_memory.packages import Package, entry, got, memory, message, talk
from tests.formats.portable_ai_memory.packages import store as made
from tests.formats.portable_ai_memory.signed import KEY

MINE, OTHER = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
TO = age.recipients([str(MINE.to_public())])
NAME = "portable-ai-memory"
_OPTIONS = SignOptions()


def keys(identity: pyrage.x25519.Identity = MINE) -> age.Identities:
    return age.Identities(read_identities(str(identity).encode(), "key"))


def package(*, large: int = 0) -> Package:
    said = talk("t", message("1", "Where is the ferry?", attachments=[{"type": "image", "ref": "attachments/map.png"}]))
    files = {"conversations/t.json": said, "attachments/map.png": b"\x89PNG" + random.Random(0).randbytes(large)}
    return Package(made(memory("m", "Rides a bicycle"), conversations_index=[entry(said, "m")]), files)


def sealed(path: Path, data: bytes) -> Path:
    """An age file as another implementation writes it."""
    path.write_bytes(pyrage.encrypt(data, [MINE.to_public()]))
    return path


@pytest.fixture
def zipped(tmp_path: Path) -> bytes:
    return package().zip(tmp_path / "p.zip").read_bytes()


@pytest.mark.row("PAM-170")
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(bag=bags())
def test_it_is_the_zip_encrypted_and_any_age_tool_opens_it(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as base:
        plain, file = Path(base, "out.zip"), Path(base, "out.zip.age")
        FORMAT.write(bag, plain)
        written = FORMAT.write(bag, file, options=WriteOptions(recipients=TO))
        assert pyrage.decrypt(file.read_bytes(), [MINE]) == plain.read_bytes()
        assert written.size_bytes == file.stat().st_size
        assert file.stat().st_mode & 0o777 == 0o600
        found = registry.recognise(file, keys()).validate(file, limits=DEFAULT)
        assert not [each.text for each in found if each.severity == "error"]
        assert sorted(path.name for path in Path(base).iterdir()) == ["out.zip", "out.zip.age"]


@pytest.mark.row("PAM-170")
def test_it_leaves_the_vault_and_comes_back(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [package().folder(tmp_path / "in")])
    for to, opener in (
        (TO, keys()),
        (age.recipients((), Secret(b"a passphrase")), age.Identities((), lambda _: "a passphrase")),
    ):
        target = tmp_path / f"{len(list(tmp_path.iterdir()))}.zip.age"
        export(store, target, format=NAME, recipients=to)
        with pytest.raises(Locked):
            import_paths(store, [target])
        batch = import_paths(store, [target], identities=opener)
        # But for the note that there was an export.
        assert {kind for kind, said in batch.summary.counts.items() if {"new", "updated"} & set(said)} <= {"foreign"}


@pytest.mark.row("PAM-170")
def test_no_word_of_it_is_on_the_disk_in_the_clear(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it is written nor while it is read: every byte that reaches any temporary file is looked at."""
    import_paths(store, [Package(made(*(memory(f"m{n}", f"bicycle {n}") for n in range(9_000)))).folder(tmp_path / "in")])
    seen: list[io.FileIO] = []
    real = tempfile.TemporaryFile

    def watched(*args: object, **named: object) -> io.FileIO:
        seen.append(real(*args, **named))  # type: ignore[call-overload]
        kept = os.dup(seen[-1].fileno())
        opened.append(kept)
        return seen[-1]

    opened: list[int] = []
    monkeypatch.setattr(tempfile, "TemporaryFile", watched)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", None)
    monkeypatch.setattr(tempfile, "mkdtemp", None)
    target = tmp_path / "out.zip.age"
    export(store, target, format=NAME, recipients=TO)
    assert len(target.read_bytes()) > 100_000
    written = len(opened)
    assert written
    assert not [each for each in FORMAT.unsealing(keys()).validate(target, limits=DEFAULT) if each.severity == "error"]  # type: ignore[attr-defined]
    assert len(opened) > written
    for descriptor in opened:
        data = os.pread(descriptor, 1 << 26, 0)
        os.close(descriptor)
        assert b"bicycle" not in data and b"memories" not in data and b"memory-store" not in data


# ---- what another tool encrypted


def test_what_another_tool_encrypted_comes_in_whatever_its_name(store: SqliteStore, zipped: bytes, tmp_path: Path) -> None:
    for number, data in enumerate((zipped, package().all()["memory-store.json"])):
        file = sealed(tmp_path / f"{number}.pdf", data)
        store_only = number == 1
        import_paths(store, [file], identities=keys())
        assert searchable(store) == "Rides a bicycle"
        if store_only:
            assert FORMAT.unsealing(keys()).verify(file, trust=Trust(), limits=DEFAULT).verdict == "unsigned"  # type: ignore[attr-defined]


def sealed_for(to: age.Recipients, data: bytes) -> bytes:
    file = io.BytesIO()
    sealer = age.sealing(file, to)
    sealer.write(data)
    sealer.finish()
    return file.getvalue()


def searchable(store: SqliteStore) -> str:
    return got(store, "memory", "m").body.text  # type: ignore[union-attr]


def test_what_is_encrypted_and_no_package_is_not_recognised(store: SqliteStore, tmp_path: Path) -> None:
    file = sealed(tmp_path / "notes.age", b"hello")
    with pytest.raises(NotRecognised):
        registry.recognise(file, keys())
    with pytest.raises(NotRecognised):
        import_paths(store, [file], identities=keys())


def test_a_name_alone_makes_nothing_encrypted(zipped: bytes, store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "p.zip.age").write_bytes(zipped)
    import_paths(store, [tmp_path / "p.zip.age"])
    assert searchable(store) == "Rides a bicycle"


# ---- hostile


def nothing_came(store: SqliteStore, file: Path, identities: age.Identities | None = None) -> SatchelError:
    with pytest.raises(InputError) as told:
        import_paths(store, [file], identities=identities or keys())
    assert store.count() == 0
    assert "\n" not in str(told.value)
    return told.value


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An attachment of 200 KB makes it four chunks."""
    file = tmp_path_factory.mktemp("whole") / "p.age"
    file.write_bytes(sealed_for(TO, package(large=200_000).zip(file.with_name("p.zip")).read_bytes()))
    return file


ways = st.sampled_from(["flip", "cut", "add", "drop"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 1, exclude_max=True), way=ways, junk=st.binary(min_size=1, max_size=20))
def test_damage_anywhere_keeps_all_of_it_out(share: float, way: str, junk: bytes, whole: Path, store: SqliteStore) -> None:
    good = whole.read_bytes()
    with tempfile.TemporaryDirectory() as base:
        file = Path(base, "p.age")
        at = int(share * len(good))
        bad = {
            "flip": good[:at] + bytes([good[at] ^ (junk[0] or 1)]) + good[at + 1 :],
            "cut": good[:at],
            "add": good + junk,
            "drop": good[:at] + good[at + len(junk) :],
        }[way]
        file.write_bytes(bad)
        assert nothing_came(store, file)
        for found in (registry.reader_of, registry.recognise):
            try:
                format = found(file, keys())
            except InputError:
                continue
            if format is None:
                # What it begins with is no age header any more.
                continue
            assert [each.severity for each in format.validate(file, limits=DEFAULT)] == ["error"]  # type: ignore[attr-defined]


def test_what_is_in_a_wrong_chunk_is_not_looked_at(store: SqliteStore, tmp_path: Path) -> None:
    """A chunk that holds only a file that nobody asks for: the package would be sound without it."""
    files = {"notes/unknown.bin": random.Random(0).randbytes(300_000)}
    whole = Package(made(memory("m")), files).zip(tmp_path / "p.zip").read_bytes()
    file = sealed(tmp_path / "p.age", whole)
    data = bytearray(file.read_bytes())
    data[150_000] ^= 1
    file.write_bytes(bytes(data))
    assert "damaged in its chunk 3 of 5" in str(nothing_came(store, file))


def test_another_key_or_passphrase_keeps_it_out(store: SqliteStore, zipped: bytes, tmp_path: Path) -> None:
    file = sealed(tmp_path / "p.age", zipped)
    assert isinstance(nothing_came(store, file, keys(OTHER)), Locked)
    assert isinstance(nothing_came(store, file, age.Identities()), Locked)
    file.write_bytes(sealed_for(age.recipients((), Secret(b"right")), zipped))
    assert isinstance(nothing_came(store, file, age.Identities((), lambda _: "wrong")), Locked)


def test_a_zip_bomb_inside_stays_one(store: SqliteStore, tmp_path: Path) -> None:
    bomb = Package(made(memory("m")), {"attachments/zeros": bytes(30 << 20)}).zip(tmp_path / "p.zip").read_bytes()
    assert "times its size" in str(nothing_came(store, sealed(tmp_path / "p.age", bomb)))


def test_age_in_age_is_opened_once(zipped: bytes, store: SqliteStore, tmp_path: Path) -> None:
    file = sealed(tmp_path / "p.age", pyrage.encrypt(zipped, [MINE.to_public()]))
    assert isinstance(nothing_came(store, file), NotRecognised)


# ---- writing


@pytest.mark.parametrize("name", ["out.zip", "OUT.ZIP"])
def test_a_name_that_would_lie_is_refused(name: str, store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no zip that anybody"):
        export(store, tmp_path / name, format=NAME, recipients=TO)
    with pytest.raises(UsageError, match="nobody is named"):
        export(store, tmp_path / f"{name}.age", format=NAME)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["portable-memory", "claude-text", "system-prompt"])
def test_formats_that_have_no_encrypted_form_say_so(name: str, store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"clear|encrypted"):
        export(store, tmp_path / "out.age", format=name, recipients=TO)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["age", "zip", "folder", "link", "text"])
def test_nothing_that_is_there_is_replaced(kind: str, store: SqliteStore, tmp_path: Path) -> None:
    target = tmp_path / "out.age"
    if kind == "folder":
        target.mkdir()
    elif kind == "link":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "zip":
        export(store, tmp_path / "out.zip", format=NAME)
        (tmp_path / "out.zip").rename(target)
    elif kind == "age":
        export(store, target, format=NAME, recipients=TO)
    else:
        target.write_text("mine")
    before = sorted(tmp_path.iterdir()), target.read_bytes() if target.is_file() else b""
    with pytest.raises(OutputError, match="in the way"):
        export(store, target, format=NAME, recipients=TO)
    assert (sorted(tmp_path.iterdir()), target.read_bytes() if target.is_file() else b"") == before


def test_a_failure_on_the_way_leaves_nothing(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("satchel.trust.age_stream.Sealer.finish", full)
    with pytest.raises(OutputError, match="No space left"):
        export(store, tmp_path / "out.age", format=NAME, recipients=TO)
    assert list(tmp_path.iterdir()) == []


# ---- signatures


def test_a_signed_one_is_verified_and_none_is_signed_as_it_is(store: SqliteStore, tmp_path: Path) -> None:
    store.create_signing_key("main")
    target = tmp_path / "out.zip.age"
    export(store, target, format=NAME, recipients=TO, sign="main")
    trust = vouching.trust_of(store)
    assert vouching.verify(target, trust, identities=keys())[1].verdict == "verified"
    with pytest.raises(Locked):
        vouching.verify(target, trust)
    before = target.read_bytes()
    for act in (
        lambda: vouching.sign(target, KEY, _OPTIONS),
        lambda: FORMAT.sign(target, KEY, options=_OPTIONS, limits=DEFAULT),  # type: ignore[attr-defined]
    ):
        with pytest.raises(UsageError, match="encrypted"):
            act()
    assert target.read_bytes() == before


def test_a_damaged_one_is_not_verified(tmp_path: Path) -> None:
    whole = package(large=200_000).zip(tmp_path / "p.zip").read_bytes()
    file = sealed(tmp_path / "p.age", whole)
    data = bytearray(file.read_bytes())
    data[100_000] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(MalformedInput, match="damaged"):
        vouching.verify(file, Trust(), identities=keys())


@pytest.mark.slow
def test_a_large_one_is_written_and_read_in_little_memory(tmp_path: Path) -> None:
    """120 MB through 25 MB of memory of our own, in a process of its own."""
    script = (
        "import random, resource, sys; from pathlib import Path\n"
        "from satchel.formats.portable_ai_memory import FORMAT; from satchel.formats.portable_ai_memory.zipped import Zip\n"
        "from satchel.limits import DEFAULT; from satchel.trust import age\n"
        "from satchel.trust.age_keys import read_identities\n"
        "def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "public, private, store, target = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])\n"
        "noise = random.Random(0).randbytes(1 << 20); before = used()\n"
        "with Zip(target, age.recipients([public])) as package:\n"
        "    with package.create('attachments/noise') as sink:\n"
        "        for _ in range(120): sink.write(noise)\n"
        "    with package.create('memory-store.json') as sink: sink.write(store.read_bytes())\n"
        "    package.commit()\n"
        "keys = age.Identities(read_identities(private.encode(), 'key'))\n"
        "found = list(FORMAT.unsealing(keys).validate(target, limits=DEFAULT))\n"
        "assert not found, found\n"
        "print(used() - before)\n"
    )
    Package(made(memory("m"))).folder(tmp_path / "in")
    target = tmp_path / "out.age"
    words = [str(MINE.to_public()), str(MINE), str(tmp_path / "in" / "memory-store.json"), str(target)]
    result = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert target.stat().st_size > 120 << 20
    assert int(result.stdout) < 25 << 10, f"{int(result.stdout):,} KiB more"
