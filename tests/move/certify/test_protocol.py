"""A broken host is told of and killed; it never hangs the harness."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from satchel.errors import UsageError
from satchel.move.certify import protocol
from satchel.move.certify.protocol import Hello, Hits, Host, HostFault, Nothing, Refused, Report, Timeouts
from tests.move.certify.hosts import GREETING, PATIENT, QUICK, REFERENCE, judged, script


def fault(command: list[str], method: str = "reset", type: type = Nothing, timeouts: Timeouts = PATIENT) -> HostFault:
    with pytest.raises(HostFault) as caught:
        Host(command, timeouts=timeouts).ask(method, {}, type)
    return caught.value


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("hear(); time.sleep(600)", "hang"),
        ("hear(); say('hello there')", "garbage"),
        ("hear(); say('[' * 5000)", "wrong-type"),
        ("hear(); say('{\"id\": 2, \"result\": ' + '[' * 5000 + ']' * 5000 + '}')", "garbage"),
        ("hear(); sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()", "garbage"),
        ("hear(); say('[1, 2]')", "wrong-type"),
        ('hear(); say(\'{"id": "2", "result": {}}\')', "wrong-type"),
        ("hear(); say('{\"id\": 2}')", "wrong-type"),
        ('hear(); say(\'{"id": 2, "result": null}\')', "wrong-type"),
        ('hear(); say(\'{"id": 7, "result": {}}\')', "garbage"),
        ("hear(); sys.exit(3)", "died"),
        ("hear(); os.kill(os.getpid(), 9)", "died"),
        ("sys.exit(0)", "died"),
        ("hear(); say('{\"id\": 2'); time.sleep(600)", "garbage"),
        ("hear(); sys.stdout.write('{\"id\": 2'); sys.stdout.flush(); time.sleep(600)", "hang"),
        ("hear(); os.close(1); time.sleep(600)", "died"),
    ],
)
def test_a_host_that_breaks_the_protocol(code: str, how: str) -> None:
    assert fault(script(code), timeouts=QUICK if how == "hang" else PATIENT).how == how


def test_a_flood_without_a_newline_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINE_BYTES", 1 << 20)
    code = "hear()\nwhile True: sys.stdout.write('x' * 65536)"
    assert fault(script(code), timeouts=Timeouts(request_s=30)).how == "flood"


def test_a_flood_of_lines_is_not_an_answer() -> None:
    assert fault(script('while True: say(\'{"id": 1, "result": {}}\')')).how == "garbage"


def test_a_host_that_reads_nothing_and_writes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pipe is full when the request is to be written: the harness must neither block nor collect without end."""
    monkeypatch.setattr(protocol, "LINE_BYTES", 1 << 20)
    host = Host(script("while True: sys.stdout.write('x' * 65536)"), timeouts=Timeouts(request_s=30))
    with pytest.raises(HostFault) as caught:
        host.ask("search", {"query": "y" * (4 << 20)}, Hits)
    assert caught.value.how == "flood"


def test_standard_error_never_blocks_a_host_and_its_last_line_is_shown() -> None:
    code = "hear(); sys.stderr.write('noise\\n' * 200000 + 'the disk is gone\\n'); sys.stderr.flush(); os._exit(1)"
    found = fault(script(code), timeouts=Timeouts(request_s=30))
    assert found.how == "died"
    assert str(found).endswith("it said: the disk is gone")


@pytest.mark.parametrize(
    ("type", "result"),
    [
        (Hits, {"hits": {}}),
        (Hits, {"hits": [{"id": 7, "text": "x"}]}),
        (Hits, {}),
        (Report, {"applied": {"episode": "three"}}),
        (Report, {"refused": 1.5}),
        (Nothing, []),
    ],
)
def test_results_of_wrong_types(type: type, result: object) -> None:
    answer = json.dumps({"id": 2, "result": result})
    assert fault(script(f"hear(); say({answer!r})"), type=type).how == "wrong-type"


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": 2},
        {"kinds": "episode"},
        {"routes": [{"name": "text", "type": "magic"}]},
        {"routes": [{"name": "text", "type": "lexical"}] * 65},
        {"features": None},
    ],
)
def test_a_greeting_that_is_not_of_the_protocol(change: dict[str, object]) -> None:
    greeting = json.loads(GREETING)
    greeting["result"].update(change)
    assert fault(script(f"hear(); say({json.dumps(greeting)!r}); hear()", greets=False)).how == "wrong-type"


def test_a_host_that_never_greets() -> None:
    assert fault(script("time.sleep(600)", greets=False), timeouts=Timeouts(start_s=0.5)).how == "hang"


def test_a_host_that_will_not_begin() -> None:
    refusal = '{"id": 1, "error": {"code": "no", "message": "too old"}}'
    found = fault(script(f"hear(); say({refusal!r}); hear()", greets=False))
    assert (found.how, str(found)) == ("start", "the host will not begin: hello: no: too old")


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="cannot be started"):
        Host(["/nowhere/to/be/found"], timeouts=QUICK)


def test_an_error_is_an_answer_and_the_host_lives() -> None:
    answers = ['{"id": 2, "error": {"code": "no", "message": "not today"}}', '{"id": 3, "result": {}}']
    host = Host(script("".join(f"hear(); say({answer!r})\n" for answer in answers)), timeouts=QUICK)
    with pytest.raises(Refused, match="import: no: not today"):
        host.ask("import", {}, Report)
    assert host.ask("reset", {}, Nothing) == Nothing()
    host.kill()


def test_what_a_host_started_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    child = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"import subprocess\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nhear(); time.sleep(600)"
    host = Host(script(code), timeouts=QUICK)
    while not (mark.exists() and mark.read_text()):
        time.sleep(0.02)
    host.kill()
    deadline = time.monotonic() + 20
    while _lives(int(mark.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _lives(int(mark.read_text()))


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    if sys.platform == "linux":
        # Killed and not yet waited for by whoever took it over is dead enough.
        return status.exists() and "\nState:\tZ" not in status.read_text()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_closing_a_host_that_will_not_go() -> None:
    host = Host(script("while True: hear(); time.sleep(600)"), timeouts=QUICK)
    host.close()
    assert not host.alive


def test_the_reference_host_ends_when_asked() -> None:
    host = Host(REFERENCE, timeouts=Timeouts())
    assert isinstance(host.hello, Hello)
    with pytest.raises(Refused, match="no method"):
        host.ask("nothing", {}, Nothing)
    host.close()
    assert not host.alive


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("while True: hear(); time.sleep(600)", "hang"),
        ("while True: hear(); say('nonsense')", "garbage"),
        ('hear(); say(\'{"id": 2, "result": {}}\'); sys.exit(1)', "died"),
        ("for n in range(2, 99): hear(); say(json.dumps({'id': n, 'result': {}}))", "wrong-type"),
    ],
)
def test_cases_say_how_a_host_broke_down_and_stop_asking_in_time(code: str, how: str) -> None:
    cases = ("A1", "A8", "B1", "B2", "B3", "B4", "B5")
    found = judged(script(code), *cases, timeouts=QUICK if how == "hang" else PATIENT)
    assert f"broke down ({how})" in found["A1"].reasons[0]
    assert [found[case].outcome for case in cases] == ["fail"] * 5 + ["inconclusive"] * 2
    assert "not asked" in found["B5"].reasons[0]


def test_a_host_does_not_get_what_opens_the_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "mine")
    code = "hear(); say(json.dumps({'id': 2, 'result': {'paths': [name for name in os.environ if 'SATCHEL' in name]}}))"
    host = Host(script(code), timeouts=PATIENT)
    try:
        assert host.ask("paths", {}, protocol.Paths).paths == []
    finally:
        host.kill()
