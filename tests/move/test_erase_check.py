"""Whatever is forgotten, however it is spelled and wherever it stood: the search of the vault's bytes finds nothing of it."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.move import erase_check, forgetting
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust.secrets import new_key
from satchel.vault import erase_check as vault_check
from satchel.vault.folder import open_with_key
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.vault.made import conversation, memory

WORDS = st.text("abcdefghijklmnop äßжщ日本語🐢\n\"\\/'&<", min_size=8, max_size=120).filter(lambda text: len(text.strip()) > 7)


@given(
    talks=st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4),
    memories=st.lists(WORDS, max_size=4),
    data=st.data(),
)
@settings(max_examples=25, deadline=None)
def test_nothing_of_what_was_forgotten_is_found(talks: list[list[str]], memories: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, key = Path(name), new_key()
        with closing(SqliteStore.create(folder / "vault.db", key, owner_id="o")) as store:
            for change in range(2):
                # The second time, what changed leaves earlier states.
                with store.importing("made") as intake:
                    for number, texts in enumerate(talks):
                        again = [*texts[:-1], texts[-1] + " and more"] if change else texts
                        intake.put(conversation(f"talk{number}", again, updated=change, title=f"Talk {number}"))
                    for number, text in enumerate(memories):
                        intake.put(memory(f"m{number}", text + (" changed" if change else "")))
                    intake.finish(())
            uids = sorted(record.uid for record in store.records())
            chosen = data.draw(st.lists(st.sampled_from(uids), min_size=1, max_size=5, unique=True))
            mode = data.draw(st.sampled_from(["delete", "redact"]))
            erased = forgetting.forget(store, Forgetting(uids=tuple(chosen), mode=mode, quotations="scrub"))
        residue = vault_check.check(folder, key)
        assert [place for place in residue.places if place.found or place.unreadable] == []
        with closing(open_with_key(folder, key)) as store:
            assert erased.change == store.erasures()[-1].change


def test_every_text_is_found_before_it_is_forgotten(tmp_path: Path) -> None:
    """The same search, over the same vault in the clear, would have seen it: nothing is not found for want of looking."""
    texts = [f"sentence {number}: the tortoise counts quinces in cellar {number * 7919}" for number in range(40)]
    (tmp_path / "plain.jsonl").write_text("\n".join(texts))
    for text in texts:
        assert erase_check.check(tmp_path, erase_check.sought([text])).found


def test_a_file_that_is_called_by_what_was_erased_is_called_so_no_more(tmp_path: Path) -> None:
    key = new_key()
    with closing(SqliteStore.create(tmp_path / "vault.db", key, owner_id="o")) as store:
        with store.importing("Zorblax list.json") as intake:
            intake.put(memory("one", "Zorblax list", file="Zorblax list.json"))
            intake.put(memory("two", "A boat with a blue keel", file="Zorblax list.json"))
            intake.finish(())
        forgetting.forget(store, Forgetting(words="Zorblax", mode="redact"))
    residue = vault_check.check(tmp_path, key)
    assert residue.sought
    assert (residue.found, residue.unreadable) == (0, 0)


def test_the_words_that_a_tombstone_is_written_in_are_no_residue(tmp_path: Path) -> None:
    """What was erased said "targetKind", as every tombstone does."""
    key = new_key()
    folder = tmp_path / "vault"
    folder.mkdir()
    with closing(SqliteStore.create(folder / "vault.db", key, owner_id="o")) as store:
        examples = tmp_path / "notes.json"
        examples.write_text('[{"id": "m1", "memory": "the targetKind"}, {"id": "m2", "memory": "see deletedAt"}]')
        import_paths(store, [examples], adapter="mem0")
        forgetting.forget(store, Forgetting(platforms=("mem0",)))
    residue = vault_check.check(folder, key)
    assert residue.sought and (residue.found, residue.unreadable) == (0, 0)


def test_what_a_tombstone_from_elsewhere_erased_is_looked_for(tmp_path: Path) -> None:
    key = new_key()
    bundle = tmp_path / "deleted.mem"
    with closing(SqliteStore.create(tmp_path / "other.db", new_key(), owner_id="p")) as other:
        with other.importing("first") as intake:
            intake.put(memory("m", "Zorblax the tortoise hides seventeen keys under the quince tree"))
            intake.finish(())
        export(other, tmp_path / "full.mem", format="portable-memory")
        forgetting.forget(other, Forgetting(words="Zorblax"))
        export(other, bundle, format="portable-memory")
    folder = tmp_path / "vault"
    folder.mkdir()
    with closing(SqliteStore.create(folder / "vault.db", key, owner_id="o")) as store:
        import_paths(store, [tmp_path / "full.mem"])
        assert store.count()
        import_paths(store, [bundle])
        assert not store.count()
    residue = vault_check.check(folder, key)
    assert residue.sought
    assert (residue.found, residue.unreadable) == (0, 0)
