from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops_tools.cli_commands import ground
from ops_tools.console.client import ConsoleClient
from tlm_cmd.cfdp.requests import PutRequest

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import LoopbackConsole

Shell = Callable[..., int]
CONTENT = bytes(range(256)) * 20


@pytest.fixture
def shell(console: LoopbackConsole) -> Shell:
    """Runs a line of the shell against the loop-back console, in contact, and returns its exit code."""
    console.begin_contact()
    parser = ArgumentParser(prog="flightsw")
    ground.register(parser.add_subparsers())

    def run(*words: str) -> int:
        return ground.run(parser.parse_args(["files", *words]), ConsoleClient(transport=console.ask), lambda _s: None)

    return run


def test_put(shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of this host goes up; its end is told, and whether it was good is the exit code."""
    (tmp_path / "table").write_bytes(CONTENT)
    assert shell("put", str(tmp_path / "table"), "table") == 0
    assert console.loop.spacecraft.files.get("table") == CONTENT
    assert capsys.readouterr().out == "#1 table finished, 5120 octets\n"
    assert shell("put", str(tmp_path / "table"), "none/table") == 1
    assert capsys.readouterr().out.startswith("#2 none/table failed: filestore rejection; ")
    assert shell("put", str(tmp_path / "table"), "uploads/../table") == 2
    assert shell("put", str(tmp_path / "none"), "table") == 2
    assert shell("put", str(tmp_path / "table"), "table", "--no-wait", "--unacknowledged", "--json") == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "open"


def test_get(shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file on board becomes one of this host; one that is not there, or cannot be written, does not."""
    console.loop.spacecraft.files.put("log", CONTENT)
    assert shell("get", "log", str(tmp_path / "log")) == 0
    assert (tmp_path / "log").read_bytes() == CONTENT
    assert capsys.readouterr().out == "#1 log finished, 5120 octets\n"
    assert shell("get", "none", str(tmp_path / "none")) == 1
    assert "the spacecraft could not send it" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
    before = len(console.loop.spacecraft.frames_up)
    for local in (tmp_path / "none" / "log", tmp_path):
        assert shell("get", "log", str(local)) == 2
    assert len(console.loop.spacecraft.frames_up) == before
    assert shell("get", "log", "log", "--no-wait") == 2


def test_save(
    shell: Shell,
    console: LoopbackConsole,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is on ground becomes a file of this host without the spacecraft, under its own name or another."""
    monkeypatch.chdir(tmp_path)
    console.loop.spacecraft.files.put("mask", CONTENT)
    console.loop.spacecraft.entity.put(PutRequest(1, "mask", "products/00001.mask"))
    for _ in range(60):
        console.step()
    assert shell("save", "products/00001.mask") == 0
    assert capsys.readouterr().out == "00001.mask, 5120 octets\n"
    assert (tmp_path / "00001.mask").read_bytes() == CONTENT
    assert shell("save", "products/00001.mask") == 2
    assert "is there already" in capsys.readouterr().err
    assert shell("save", "products/00001.mask", "mask", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"name": "products/00001.mask", "local": "mask", "octets": 5120}
    for words in (("save",), ("save", "none"), ("save", "products/00001.mask", "none/mask"), ("save", "a", "b", "c")):
        assert shell(*words) == 2
    assert "no file 'none' is on ground" in capsys.readouterr().err


def test_get_of_what_is_on_ground_already(
    shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is sent once more, as was asked for, and the shorter way is told."""
    console.loop.spacecraft.files.put("log", CONTENT)
    console.loop.spacecraft.entity.put(PutRequest(1, "log", "log"))
    for _ in range(60):
        console.step()
    assert shell("get", "log", str(tmp_path / "log")) == 0
    assert "'flightsw files save'" in capsys.readouterr().err


def test_get_that_takes_longer(
    shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever does not wait any more is told how to write the file when it has come; it is asked for once only."""
    console.loop.spacecraft.files.put("log", bytes(100_000))
    assert shell("get", "log", str(tmp_path / "log"), "--timeout", "1") == 1
    assert f"'flightsw files save received/1 {tmp_path / 'log'}' writes it" in capsys.readouterr().err
    console.loop.spacecraft.silent = True
    assert shell("get", "log", str(tmp_path / "log"), "--timeout", "0") == 1
    capsys.readouterr()
    assert shell() == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["#2", "get", "log", "asked", "for"]


def test_ls(shell: Shell, console: LoopbackConsole, capsys: pytest.CaptureFixture[str]) -> None:
    """What is on board is shown as a table, or for programs."""
    console.loop.spacecraft.files.put("log", b"123")
    console.loop.spacecraft.files.make_directory("uploads")
    assert shell("ls", "") == 0
    assert capsys.readouterr().out == "log       3\nuploads/\n"
    assert shell("ls", "", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"log": 3, "uploads/": None}
    assert shell("ls", "uploads") == 0
    assert capsys.readouterr().out == "empty\n"
    assert shell("ls", "none") == 1
    assert "no such directory" in capsys.readouterr().out
    assert shell("ls", "", "--no-wait") == 2


def test_list(shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files on ground, and transfers with how far they have got."""
    assert shell() == 0
    assert capsys.readouterr().out == "no file on ground, and no transfer so far\n"
    console.loop.spacecraft.files.put("log", CONTENT)
    assert shell("get", "log", str(tmp_path / "log")) == 0
    (tmp_path / "long").write_bytes(bytes(100_000))
    assert shell("put", str(tmp_path / "long"), "long", "--no-wait") == 0
    console.step()
    capsys.readouterr()
    assert shell("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "received/1  5.1 kB"
    assert lines[1].split() == ["#1", "get", "log", "finished"]
    assert lines[2].startswith("#2  put  long  sending  ")
    assert lines[2].endswith("% of 100.0 kB")
    assert console.loop.ground.delivery is not None
    console.loop.ground.delivery.receive(b"no PDU", 0)
    assert shell("list") == 0
    assert capsys.readouterr().err == "counted: malformed 1\n"
    assert shell("list", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["transfers"]) == 2


def test_changing(shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A transfer rests, goes on and ends by its number."""
    (tmp_path / "long").write_bytes(bytes(100_000))
    shell("put", str(tmp_path / "long"), "long", "--no-wait")
    console.step()
    capsys.readouterr()
    for action, phase in (("suspend", "suspended"), ("resume", "sending"), ("cancel", "cancelled")):
        assert shell(action, "1") == 0
        assert capsys.readouterr().out == f"#1 {phase}\n"
    for words in (
        ("cancel", "1"),
        ("cancel", "9"),
        ("cancel", "x"),
        ("cancel", "9" * 5000),
        ("cancel",),
        ("put", "one"),
        ("list", "more"),
    ):
        assert shell(*words) == 2


def test_waiting_has_an_end(
    shell: Shell, console: LoopbackConsole, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What takes longer than somebody waits goes on by itself, and so does what is interrupted."""
    (tmp_path / "long").write_bytes(bytes(100_000))
    assert shell("put", str(tmp_path / "long"), "long", "--timeout", "10") == 1
    told = capsys.readouterr()
    assert told.out == "#1 long open, 100000 octets\n"
    assert "% of 100.0 kB" in told.err
    ask = console.ask

    def interrupted(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
        if "timeout_s" in url:
            raise KeyboardInterrupt
        return ask(method, url, body)

    console.ask = interrupted  # type: ignore[method-assign]
    parser = ArgumentParser(prog="flightsw")
    ground.register(parser.add_subparsers())
    words = ["files", "put", str(tmp_path / "long"), "other"]
    assert ground.run(parser.parse_args(words), ConsoleClient(transport=interrupted), lambda _s: None) == 1
    assert "#2 goes on" in capsys.readouterr().err
