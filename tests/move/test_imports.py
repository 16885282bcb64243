"""The whole way in: whatever it is packed in, recognised by structure, accounted for, and the same a second time."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from satchel.adapters import registry
from satchel.adapters.base import Claim, ReadContext
from satchel.errors import NotRecognised, UsageError
from satchel.formats import registry as formats
from satchel.limits import DEFAULT
from satchel.model.record import Item
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.conftest import ROOT
from tests.vault.state import dump_state

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EXAMPLES = ROOT / "examples"


def state(*paths: Path) -> dict[str, object]:
    with trial_vault() as store:
        import_paths(store, paths)
        found = dump_state(store)
        found.pop("summaries")
        return found


def test_folder_zip_and_nested_zip_give_the_same_vault(tmp_path: Path) -> None:
    folder = state(EXAMPLES / "chatgpt")
    shutil.make_archive(str(tmp_path / "export"), "zip", EXAMPLES / "chatgpt")
    assert state(tmp_path / "export.zip") == folder
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(tmp_path / "export.zip", "export.zip")
    assert state(tmp_path / "outer.zip") == folder


def test_gzip_zstd_and_a_pipe_give_the_same_vault(tmp_path: Path) -> None:
    source = EXAMPLES / "claude" / "conversations.json"
    plain = state(source)
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(source.read_bytes()))
    (tmp_path / "c.json.zst").write_bytes(zstd.compress(source.read_bytes()))
    assert state(tmp_path / "c.json.gz") == plain
    assert state(tmp_path / "c.json.zst") == plain
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
    writer.start()
    assert state(pipe) == plain
    writer.join()


def test_parts_in_any_order_give_the_same_records(tmp_path: Path) -> None:
    parts = sorted((EXAMPLES / "claude").glob("*.json"))
    assert state(*parts)["records"] == state(*reversed(parts))["records"]
    with trial_vault() as store:
        for part in parts:
            if part.name != "users.json":
                import_paths(store, [part])
        assert {row[0] for row in dump_state(store)["records"]} == {row[0] for row in state(EXAMPLES / "claude")["records"]}  # type: ignore[attr-defined]


def test_a_name_says_nothing(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "claude" / "conversations.json", tmp_path / "chatgpt-conversations-000.json")
    with trial_vault() as store:
        assert import_paths(store, [tmp_path]).platforms == ("claude",)


def test_a_truncated_zip_gives_what_is_whole(store: SqliteStore, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "export"), "zip", EXAMPLES / "chatgpt")
    data = (tmp_path / "export.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) * 9 // 10])
    batch = import_paths(store, [tmp_path / "cut.zip"])
    assert batch.summary.counts["conversation"]["new"] >= 1
    assert "truncated-archive" in {finding.code for finding in batch.summary.findings}


def test_a_truncated_file_gives_what_is_whole(store: SqliteStore, tmp_path: Path) -> None:
    data = (EXAMPLES / "claude" / "conversations.json").read_bytes()
    (tmp_path / "cut.json").write_bytes(data[: len(data) * 3 // 4])
    batch = import_paths(store, [tmp_path / "cut.json"])
    assert batch.summary.counts["conversation"]["new"] >= 1
    assert any(finding.severity == "error" and "cut.json" in str(finding.place) for finding in batch.summary.findings)


def test_the_source_is_never_touched(store: SqliteStore, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "in")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "in").rglob("*") if path.is_file()}
    import_paths(store, [tmp_path / "in"])
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "in").rglob("*") if path.is_file()}
    assert before == after


def test_every_source_object_comes_home_byte_for_byte(store: SqliteStore) -> None:
    """Kept originals: the exact bytes of each element, as the file has them."""
    import_paths(store, [EXAMPLES])
    for platform, name in (("chatgpt", "conversations-000.json"), ("claude", "conversations.json")):
        data = (EXAMPLES / platform / name).read_bytes()
        titles = {item["title"] if platform == "chatgpt" else item["name"] for item in json.loads(data)}
        found = 0
        for record in store.records("conversation"):
            native = store.native(record)
            assert native is not None
            if record.provenance.platform == platform and record.body.title in titles and native in data:  # type: ignore[union-attr]
                found += 1
        assert found == len(json.loads(data))


def test_account_data_is_nowhere(store: SqliteStore) -> None:
    batch = import_paths(store, [EXAMPLES])
    people = [
        json.loads(path.read_bytes()) for path in (EXAMPLES / "chatgpt" / "user.json", EXAMPLES / "claude" / "users.json")
    ]
    private = [people[0]["email"], people[1][0]["email_address"]]
    for address in private:
        assert store.search(Query(words=f'"{address}"')).total == 0
        assert address not in str(batch)


def test_files_are_blobs_that_come_out_again(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES / "chatgpt"])
    blobs = [record for record in store.records("document") if record.body.blob]  # type: ignore[union-attr]
    sources = {path.read_bytes() for path in (EXAMPLES / "chatgpt").rglob("*.dat")}
    assert {store.open_blob(record.body.blob).read() for record in blobs} == sources  # type: ignore[union-attr]
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert {path.read_bytes() for path in (tmp_path / "out" / "attachments").iterdir()} == sources


NOT_EXPORTS = {"nexus-public", "osteele-invalid"}


def sample_folders(shared: Path) -> list[Path]:
    return sorted(
        path for name in ("chatgpt", "claude", "copilot", "gemini", "grok") for path in (shared / "fixtures" / name).iterdir()
    )


def test_every_shared_sample_is_accounted_for_and_settles(shared: Path) -> None:
    for folder in sample_folders(shared):
        with trial_vault() as store:
            if folder.name in NOT_EXPORTS:
                with pytest.raises(NotRecognised):
                    import_paths(store, [folder])
                continue
            batch = import_paths(store, [folder])
            assert batch.platforms == (folder.parent.name,), folder
            told = {finding.place.file for finding in batch.summary.findings if finding.outcome == "skipped"}
            read = {
                row[0] for row in store.connection.execute("SELECT s.name FROM original o JOIN source s ON s.id = o.source")
            }
            for path in (*folder.rglob("*.json"), *folder.rglob("*.csv")):
                assert f"{folder.name}/{path.name}" in told | read, path
            before = dump_state(store)
            again = import_paths(store, [folder])
            assert {outcome for kinds in again.summary.counts.values() for outcome in kinds} <= {"unchanged"}, folder
            after = dump_state(store)
            before.pop("summaries"), after.pop("summaries")
            assert before == after, folder
            assert store.check() == []


def test_other_platforms_samples_are_left_alone(shared: Path, store: SqliteStore) -> None:
    for name in ("deepseek", "openwebui-target"):
        with pytest.raises(NotRecognised):
            import_paths(store, [shared / "fixtures" / name])


def test_hostile_probes_are_read_or_told(shared: Path, tmp_path: Path) -> None:
    """Inputs that make the reference SDK crash, or write and read outside (portable-ai-memory.md 11.3)."""
    probes = shared / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"
    for folder in sorted(folder for kind in "ckmx" for folder in probes.glob(f"{kind}_*")):
        if folder.name in ("c_empty", "m_u", "x_empty"):
            continue
        with trial_vault() as store:
            batch = import_paths(store, [folder / "input"])
            assert batch.summary.counts, folder
            export(store, tmp_path / folder.name, format="portable-ai-memory")
            files = [path for path in (tmp_path / folder.name).rglob("*") if path.is_file()]
            assert all(path.parent.name in (folder.name, "conversations", "attachments") for path in files)
            assert not any(b"root:" in path.read_bytes() for path in files)


def test_an_export_without_conversations_says_so(shared: Path, store: SqliteStore) -> None:
    probes = shared / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"
    batch = import_paths(store, [probes / "x_empty" / "input"])
    assert [finding.code for finding in batch.summary.findings] == ["no-conversations"]


def test_a_table_that_nobody_knows_is_told_in_words(store: SqliteStore, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "claude", tmp_path / "in")
    (tmp_path / "in" / "salaries.csv").write_text("Ann Other,1\nBo Third,2\n")
    batch = import_paths(store, [tmp_path / "in"])
    told = [finding for finding in batch.summary.findings if finding.place.file == "in/salaries.csv"]
    assert [(finding.code, finding.outcome) for finding in told] == [("not-recognised", "skipped")]
    assert "first line does not name the columns of an export" in told[0].text
    with pytest.raises(NotRecognised, match=r"a table \(CSV\)") as caught:
        import_paths(store, [tmp_path / "in" / "salaries.csv"])
    # A first line may be a person's words.
    assert "Ann" not in str(caught.value) + told[0].text
    assert "copilot" in caught.value.hint


def test_every_kind_of_table_and_thread_exports_and_settles(store: SqliteStore, tmp_path: Path) -> None:
    """What is no JSON has its bytes as its native value, all the way to a package's raw_metadata."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "apps.csv").write_text("Timestamp,ClientApp,Prompt\n2026-01-01T10:00:00,Notepad,write\n")
    (folder / "chats.csv").write_text("CreatedAt,MessageContent,Author,ChatName\n1/1/2026 10:00:00 +00:00,Hi,user,T\n")
    logo = '<img src="https://r2cdn.perplexity.ai/pplx-full-logo-primary-dark%402x.png"/>'
    (folder / "thread.md").write_text(f"{logo}\n\n# q\n\na\n")
    (folder / "grok-chat-item.js").write_text(
        'window.YTD.grok_chat_item.part0 = [{"grokChatItem":{"chatId":"1","sender":"User","message":"q","postIds":["9"]}}]'
    )
    batch = import_paths(store, [folder])
    assert set(batch.platforms) == {"copilot", "grok", "perplexity"}
    assert batch.summary.counts["conversation"] == {"new": 4}
    again = import_paths(store, [folder])
    assert again.summary.counts["conversation"] == {"unchanged": 4}
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert list(formats.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT)) == []
    raws = [json.loads(path.read_bytes()).get("raw_metadata", {}) for path in (tmp_path / "out" / "conversations").iterdir()]
    assert {"copilot": {"client_app": "Notepad"}} in [{k: v for k, v in raw.items() if k != "satchel"} for raw in raws]


def test_unknown_adapter_is_a_usage_error(store: SqliteStore) -> None:
    with pytest.raises(UsageError, match="no adapter"):
        import_paths(store, [EXAMPLES], adapter="myspace")


def test_a_refused_archive_says_what_was_refused(store: SqliteStore, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("../conversations.json", (EXAMPLES / "claude" / "conversations.json").read_bytes())
    with pytest.raises(NotRecognised, match=r"conversations\.json"):
        import_paths(store, [tmp_path / "odd.zip"])


def test_a_reader_that_crashes_is_told_and_the_others_go_on(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    claude = registry.get("claude")
    honest = type(claude).read

    def crash(self: object, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        yield next(iter(honest(self, claims, context)))  # type: ignore[arg-type]
        raise KeyError("words of a person")

    monkeypatch.setattr(type(claude), "read", crash)
    batch = import_paths(store, [EXAMPLES])
    told = [finding for finding in batch.summary.findings if finding.code == "reader-failed"]
    assert len(told) == 1
    assert "claude/1 failed with KeyError" in told[0].text
    assert "words" not in told[0].text
    assert batch.summary.counts["conversation"]["new"] >= 4


def test_a_dated_text_beside_an_export_is_an_attachment_and_alone_it_is_memories(store: SqliteStore, tmp_path: Path) -> None:
    text = "[2025-11-03] - Likes rye.\n[2025-11-04] - Lives in Split.\n"
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    alone.mkdir()
    shutil.copytree(EXAMPLES / "chatgpt", beside)
    for folder in (alone, beside):
        (folder / "notes.txt").write_text(text)
    assert import_paths(store, [beside]).platforms == ("chatgpt",)
    assert import_paths(store, [alone]).platforms == ("transfer_text",)
    (beside / "notes.txt").write_text(text + "- Likes tea.\n")
    given = [beside / "conversations-000.json", beside / "notes.txt"]
    assert import_paths(store, given).platforms == ("transfer_text",)
