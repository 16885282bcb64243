"""The vault on disk: made once, opened by its key alone, nothing of it readable without."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from satchel.errors import KeyStoreError, VaultDamaged, VaultExists, VaultMissing, VaultTooNew, WrongKey
from satchel.trust.secrets import new_key
from satchel.vault.folder import (
    create_vault,
    exists,
    fetch_key,
    open_vault,
    open_with_recovery,
    rekey_passphrase,
    trial_vault,
)
from satchel.vault.sqlite import schema
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.vault.made import conversation

WORDS = "quetzalcoatl xylophone"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "a passphrase")
    place = tmp_path / "vault"
    store, _ = create_vault(place)
    with store.importing("made") as intake:
        intake.put(conversation("a", [WORDS * 50], title=WORDS))
        intake.finish(())
    store.close()
    return place


def test_all_files_are_private(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys(("vault.json", "vault.db", "key.age", "recovery.age"), 0o600)


def test_no_word_of_it_is_in_any_file_also_while_it_is_open(folder: Path) -> None:
    store = open_vault(folder)
    with store.importing("made") as intake:
        intake.put(conversation("b", ["zymurgy zymurgy"]))
        intake.finish(())
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "vault.db-wal" in files, "the log is looked at too"
    for name, data in files.items():
        for word in (*WORDS.encode().split(), b"zymurgy", b"CREATE TABLE", b"SQLite format"):
            assert word not in data, name
    store.close()


def test_a_wrong_passphrase_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "another")
    with pytest.raises(WrongKey, match="passphrase does not open"):
        open_vault(folder)


def test_a_wrong_key_does_not_open_the_file(folder: Path) -> None:
    with pytest.raises(WrongKey, match="key does not open this vault"):
        SqliteStore.open(folder / "vault.db", new_key())


def test_one_flipped_byte_is_damage_never_other_content(folder: Path) -> None:
    database = folder / "vault.db"
    data = bytearray(database.read_bytes())
    data[len(data) // 2] ^= 1
    database.write_bytes(data)
    store = open_vault(folder)
    assert any(finding.code == "vault-pages" for finding in _damage(store))
    store.close()


def _damage(store: SqliteStore) -> list:  # type: ignore[type-arg]
    from satchel.model.findings import Finding

    try:
        return store.check()
    except VaultDamaged:
        return [Finding("vault-pages", "error", "")]


def test_the_recovery_key_opens_it_and_sets_a_new_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "forgotten")
    store, recovery = create_vault(tmp_path / "vault")
    store.close()
    key = open_with_recovery(tmp_path / "vault", recovery.reveal().decode())
    rekey_passphrase(tmp_path / "vault", key, "remembered")
    with pytest.raises(WrongKey):
        open_vault(tmp_path / "vault")
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "remembered")
    open_vault(tmp_path / "vault").close()
    assert fetch_key(tmp_path / "vault") == key


def test_recovery_of_another_vault_and_junk_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "p")
    keys = []
    for name in ("one", "two"):
        store, recovery = create_vault(tmp_path / name)
        store.close()
        keys.append(recovery.reveal().decode())
    with pytest.raises(WrongKey, match="another vault"):
        open_with_recovery(tmp_path / "one", keys[1])
    with pytest.raises(WrongKey, match="not a recovery key"):
        open_with_recovery(tmp_path / "one", "hello")


def test_without_keyring_and_passphrase_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="SATCHEL_PASSPHRASE"):
        create_vault(tmp_path / "vault")
    assert not exists(tmp_path / "vault")
    assert not (tmp_path / "vault").exists()


def test_a_vault_is_never_made_over_another_or_among_other_files(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(VaultExists):
        create_vault(folder)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("dear")
    with pytest.raises(VaultExists, match="other files"):
        create_vault(tmp_path / "papers")
    assert (tmp_path / "papers" / "letter.txt").read_text() == "dear"


def test_a_creation_cut_short_can_be_repeated(folder: Path) -> None:
    (folder / "vault.json").unlink()
    with pytest.raises(VaultMissing):
        open_vault(folder)
    store, _ = create_vault(folder)
    store.close()
    open_vault(folder).close()


def test_a_key_file_that_others_can_read_is_refused(folder: Path) -> None:
    (folder / "key.age").chmod(0o644)
    with pytest.raises(KeyStoreError, match="can be read by others"):
        open_vault(folder)


def test_a_description_that_is_none_is_damage(folder: Path) -> None:
    (folder / "vault.json").write_bytes(b"{}")
    with pytest.raises(VaultDamaged):
        open_vault(folder)


def test_a_missing_database_is_damage_and_none_is_made_in_its_place(folder: Path) -> None:
    (folder / "vault.db").unlink()
    with pytest.raises(VaultDamaged):
        open_vault(folder)
    assert not (folder / "vault.db").exists()


def test_a_vault_of_a_later_satchel_is_left_alone(folder: Path) -> None:
    store = open_vault(folder)
    store.connection.pragma("user_version", len(schema.STEPS) + 1)
    store.close()
    with pytest.raises(VaultTooNew, match="update Satchel"):
        open_vault(folder)


def test_trial_vault_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    with trial_vault() as store:
        with store.importing("made") as intake:
            intake.put(conversation("a", ["x"]))
            intake.finish(())
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_the_keyring_keeps_the_key_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    import keyring.backend

    class Memory(keyring.backend.KeyringBackend):
        priority = 1  # type: ignore[assignment]
        entries: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def set_password(self, service: str, username: str, password: str) -> None:
            self.entries[service, username] = password

        def get_password(self, service: str, username: str) -> str | None:
            return self.entries.get((service, username))

        def delete_password(self, service: str, username: str) -> None:
            del self.entries[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        store, _ = create_vault(tmp_path / "vault")
        store.close()
        described = msgspec.json.decode((tmp_path / "vault" / "vault.json").read_bytes())
        assert described["keeper"] == "keyring"
        assert not (tmp_path / "vault" / "key.age").exists()
        open_vault(tmp_path / "vault").close()
        Memory.entries.clear()
        with pytest.raises(KeyStoreError, match="no key for this vault"):
            open_vault(tmp_path / "vault")
    finally:
        keyring.set_keyring(before)


def test_migration_runs_each_step_once_and_a_failing_one_leaves_the_vault_as_it_was(folder: Path) -> None:
    def add(connection: object) -> None:
        connection.execute("ALTER TABLE record ADD COLUMN colour TEXT")  # type: ignore[attr-defined]

    def fail(connection: object) -> None:
        connection.execute("CREATE TABLE half (x)")  # type: ignore[attr-defined]
        raise RuntimeError("stopped half-way")

    store = open_vault(folder)
    connection = store.connection
    with pytest.raises(RuntimeError):
        schema.migrate(connection, (*schema.STEPS, add, fail))
    assert connection.pragma("user_version") == len(schema.STEPS) + 1
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchall()
    assert schema.migrate(connection, (*schema.STEPS, add)) == 0
    assert store.search(Query(words="xylophone")).total >= 1
    store.close()
