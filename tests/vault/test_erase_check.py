"""The vault's own files searched for what was erased: page by page, log and all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from satchel.trust.secrets import Secret, new_key
from satchel.vault import erase_check
from satchel.vault.folder import open_with_key
from satchel.vault.sqlite import fragments
from satchel.vault.sqlite.cipher import open_page
from satchel.vault.sqlite.connection import writing
from satchel.vault.sqlite.fragments import Keeper
from satchel.vault.sqlite.store import SqliteStore
from tests.vault.made import conversation, memory

CANARY = "Zorblax the tortoise hides seventeen keys under the quince tree"


@pytest.fixture
def key() -> Secret:
    return new_key()


@pytest.fixture
def folder(tmp_path: Path, key: Secret) -> Path:
    """A vault's folder with a talk, in which the canary stands once, and a memory."""
    place = tmp_path / "vault"
    place.mkdir()
    made = SqliteStore.create(place / "vault.db", key, owner_id="7f1c0e5e-6f43-4c8e-9a53-0f1e2d3c4b5a")
    with closing(made) as store, store.importing("first") as intake:
        intake.put(conversation("talk", ["hello", CANARY, "good night"] + [f"line {n} of many" for n in range(900)]))
        intake.put(memory("m", "The quince tree grows in the garden"))
        intake.finish(())
    return place


@pytest.fixture
def opened(folder: Path, key: Secret) -> Iterator[SqliteStore]:
    with closing(open_with_key(folder, key)) as store:
        yield store


def mark(folder: Path, key: Secret, *texts: str, words: bool = False) -> None:
    """Keep the fragments of texts, as an erasing transaction does."""
    with closing(open_with_key(folder, key)) as store, writing(store.connection):
        keeper = Keeper(store.connection, store.content_secret, 2)
        keeper.add_texts(texts)
        if words:
            keeper._keep({word for text in texts for word in keeper._words(text)})


def test_the_pages_open_as_the_store_reads_them(folder: Path, key: Secret) -> None:
    data = (folder / "vault.db").read_bytes()
    pages = [data[at : at + 8192] for at in range(0, len(data), 8192)]
    opened = [open_page(key, number, page) for number, page in enumerate(pages, 1)]
    assert all(page is not None for page in opened)
    assert opened[0] is not None and opened[0].startswith(b"SQLite format 3\0")
    assert open_page(key, 2, pages[2]) is None, "a page in another's place"
    assert open_page(new_key(), 2, pages[1]) is None


def test_what_was_not_erased_is_found_inside_the_frame_that_holds_it(folder: Path, key: Secret) -> None:
    mark(folder, key, CANARY, words=True)
    residue = erase_check.check(folder, key)
    # The message still says it: it excuses itself.
    assert not residue.found
    assert residue.excused


def test_a_text_that_only_a_label_holds_is_found(folder: Path, key: Secret) -> None:
    with closing(open_with_key(folder, key)) as store, store.importing("Brumblewick and his nineteen geese") as intake:
        intake.finish(())
    mark(folder, key, "Brumblewick and his nineteen geese")
    residue = erase_check.check(folder, key)
    assert residue.found
    assert [place.place for place in residue.places if place.found] == ["vault.db"]
    assert not residue.unreadable


def test_a_removed_row_leaves_nothing(folder: Path, key: Secret) -> None:
    said = "Pellworm ferry, second deck, a grey umbrella with a duck's head"
    with closing(open_with_key(folder, key)) as store, writing(store.connection):
        store.connection.execute("CREATE TABLE aside (text)")
        store.connection.execute("INSERT INTO aside VALUES (?)", (said * 400,))
    with closing(open_with_key(folder, key)) as store, writing(store.connection):
        store.connection.execute("DELETE FROM aside")
    mark(folder, key, said * 400)
    residue = erase_check.check(folder, key)
    assert residue.sought
    assert not residue.found
    assert not residue.unreadable
    with closing(open_with_key(folder, key)) as store:
        assert not fragments.kept(store.connection), "a clean check drops what it looked for"
        entry = list(store.audit())[-1]
        assert (entry.operation, entry.detail["found"], entry.detail["dropped"]) == ("erase-check", 0, residue.sought)


def test_a_freed_page_that_was_not_overwritten_is_found(folder: Path, key: Secret) -> None:
    said = "Pellworm ferry, second deck, a grey umbrella with a duck's head"
    with closing(open_with_key(folder, key)) as store:
        store.connection.pragma("secure_delete", 0)
        with writing(store.connection):
            store.connection.execute("CREATE TABLE aside (text)")
            store.connection.execute("INSERT INTO aside VALUES (?)", (said * 400,))
        with writing(store.connection):
            store.connection.execute("DELETE FROM aside")
    mark(folder, key, said * 400)
    assert erase_check.check(folder, key).found


def test_frames_of_the_log_that_count_no_more_are_read(folder: Path, key: Secret) -> None:
    said = "Pellworm ferry, second deck, a grey umbrella with a duck's head"
    with closing(open_with_key(folder, key)) as store:
        store.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        with writing(store.connection):
            store.connection.execute("CREATE TABLE aside (text)")
            store.connection.execute("INSERT INTO aside VALUES (?)", (said,))
        with writing(store.connection):
            store.connection.execute("DELETE FROM aside")
            Keeper(store.connection, store.content_secret, 2).add_texts([said])
        before = folder.parent / "before"
        shutil.copytree(folder, before)
    residue = erase_check.check(before, key)
    assert [place.place for place in residue.places if place.found] == ["vault.db-wal"]


def test_a_word_that_stayed_in_the_index_is_found(folder: Path, key: Secret) -> None:
    with closing(open_with_key(folder, key)) as store, writing(store.connection):
        store.connection.execute("INSERT INTO text_index (rowid, title, body) VALUES (9999999, '', 'quibblesnork')")
    mark(folder, key, "quibblesnork", words=True)
    residue = erase_check.check(folder, key)
    assert ("full-text index", (9999999,)) in [(place.place, place.at) for place in residue.places if place.found]


def test_words_that_others_say_too_are_no_residue(folder: Path, key: Secret) -> None:
    mark(folder, key, "quince garden", words=True)
    assert not erase_check.check(folder, key).found


@pytest.mark.parametrize("name", ["report.json", ".vault.json.0a1b2c3d", "caches/answers.json"])
def test_any_file_in_the_folder_is_read(folder: Path, key: Secret, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f'{{"said": "{CANARY.upper()}"}}')
    mark(folder, key, CANARY.upper())
    assert [place.place for place in erase_check.check(folder, key).places if place.found] == [name]


def test_a_page_that_does_not_open_is_told(folder: Path, key: Secret) -> None:
    mark(folder, key, "Brumblewick and his nineteen geese")
    with (folder / "vault.db").open("r+b") as file:
        file.seek(0, 2)
        # Behind the last page that SQLite knows of: damage it would never meet.
        file.write(b"\x01" * 8192)
    residue = erase_check.check(folder, key)
    assert residue.unreadable == 1
    with closing(open_with_key(folder, key)) as store:
        assert fragments.kept(store.connection), "what could not be read all is looked for again"


def test_drop_drops(folder: Path, key: Secret) -> None:
    (folder / "notes.txt").write_text(CANARY.upper())
    mark(folder, key, CANARY.upper())
    assert erase_check.check(folder, key, drop=True).found
    assert erase_check.check(folder, key).sought == 0
