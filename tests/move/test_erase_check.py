"""Whatever is forgotten, however it is spelled and wherever it stood: the search of the vault's bytes finds nothing of it."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.move import erase_check, forgetting
from satchel.trust.secrets import new_key
from satchel.vault import erase_check as vault_check
from satchel.vault.folder import open_with_key
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.store import Forgetting
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
