from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

import pytest

from ops_tools.cli_commands import ground
from ops_tools.console.client import ConsoleClient

STATUS = {
    "keys": [
        {"key_id": 1, "kind": "MASTER", "state": "ACTIVE", "check_value": "00ff"},
        {"key_id": 128, "kind": "SESSION", "state": "DESTROYED", "check_value": ""},
    ],
    "associations": [
        {"spi": 1, "direction": "tc", "state": "UNKEYED", "key_id": None, "next_counter": 0, "heard_ns": None},
        {"spi": 17, "direction": "tc", "state": "OPERATIONAL", "key_id": 131, "next_counter": 7, "heard_ns": None},
    ],
}
STEPS = [
    {"what": "OTAR key 131", "outcome": "done", "reason": ""},
    {"what": "VERIFY_KEYS key 131", "outcome": "not_sent", "reason": "no contact"},
]
RESULTS: dict[str, Any] = {
    "rotate tc": {"direction": "tc", "spi": 17, "key_id": 131},
    "inventory": {"keys": [{"key_id": 131, "ground": "PREACTIVE", "spacecraft": None}]},
    "associations": {
        "associations": [
            {
                "spi": 1,
                "direction": "tc",
                "last_procedure": "EXPIRE_ASSOCIATION",
                "counter": None,
                "ground_state": "UNKEYED",
                "ground_key_id": None,
            },
            {
                "spi": 17,
                "direction": "tc",
                "last_procedure": "",
                "counter": 12,
                "ground_state": "OPERATIONAL",
                "ground_key_id": 131,
            },
        ]
    },
    "log": {"events": [{"code": "BAD_MAC", "spi": 1, "counter": 5, "time_ns": 2_000_000_000}]},
    "self-test": {"passed": True},
    "ping": None,
}


class Console:
    """Answers as the console would: an operation ends with the look that shows its last step."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.looks = 0
        self.succeeded: bool | None = True
        self.results = dict(RESULTS)
        self.steps, self.problem = STEPS, "no contact"

    def ask(self, method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        """One request."""
        if "/api/status" in url:
            return 200, json.dumps({"contact": {"in_contact": True}, "speed": 1.0}).encode()
        if method == "POST":
            self.asked.append(json.loads(body or b""))
            if self.asked[-1]["name"].startswith("rotate") and not self.asked[-1]["confirm"]:
                return 400, json.dumps({"error": "rotate tc is hazardous, needs a confirmation"}).encode()
        elif url.endswith("/api/security"):
            return 200, json.dumps(STATUS).encode()
        else:
            self.looks += 1
        return 200, json.dumps(self._record()).encode()

    def _record(self) -> dict[str, Any]:
        name = self.asked[-1]["name"]
        ended = self.looks >= len(self.steps) and self.succeeded is not None
        return {
            "number": 4,
            "name": name,
            "steps": self.steps[: self.looks],
            "succeeded": self.succeeded if ended else None,
            "problem": "" if self.succeeded else self.problem,
            "result": self.results[name] if ended and self.succeeded else None,
        }


@pytest.fixture
def console() -> Console:
    """The double."""
    return Console()


def shell(console: Console, *words: str) -> int:
    """Run a line of the shell."""
    parser = ArgumentParser()
    ground.register(parser.add_subparsers())
    return ground.run(parser.parse_args(["security", *words]), ConsoleClient(transport=console.ask), lambda _s: None)


def test_a_rotation_is_told_step_by_step(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """As it goes on, and what protects the direction in the end."""
    assert shell(console, "rotate", "tc", "--confirm", "a test") == 0
    assert console.asked == [{"name": "rotate tc", "confirm": "a test"}]
    assert capsys.readouterr().out.splitlines() == [
        "  OTAR key 131  done",
        "  VERIFY_KEYS key 131  not sent: no contact",
        "tc is protected by key 131 in association 17",
    ]


def test_the_ground_s_keys_and_associations(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any radio."""
    assert shell(console, "status") == 0
    assert console.asked == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == ["1    master   active     00ff", "128  session  destroyed  -"]
    assert lines[6:] == ["1    tc        unkeyed      -    0", "17   tc        operational  131  7"]
    assert shell(console, "status", "--json") == 0
    assert json.loads(capsys.readouterr().out) == STATUS


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("inventory", "131  preactive  -"),
        ("associations", "17   tc        -                   12             operational      131"),
        ("log", "2.000 s     BAD_MAC  1    5"),
        ("self-test", "every cipher gave its known answer"),
        ("ping", "ping done"),
    ],
)
def test_what_was_found_is_shown(console: Console, capsys: pytest.CaptureFixture[str], what: str, line: str) -> None:
    """The last line of each."""
    assert shell(console, what) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == line.split()


def test_an_empty_log_and_a_failed_self_test_say_so(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """The failed test is an exit code as well."""
    console.results |= {"log": {"events": []}, "self-test": {"passed": False}}
    assert shell(console, "log") == 0
    assert "the log is empty" in capsys.readouterr().out
    assert shell(console, "self-test") == 1
    assert "did NOT give" in capsys.readouterr().out


def test_a_failure_says_why(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, and by the exit code; for programs all of it."""
    console.succeeded = False
    assert shell(console, "ping") == 1
    assert "flightsw security: ping failed: no contact" in capsys.readouterr().err
    assert shell(console, "ping", "--json") == 1
    assert json.loads(capsys.readouterr().out)["problem"] == "no contact"


def test_what_did_not_leave_the_ground_is_said_once(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Why, where errors are read; the exit code is that of what was refused, as for a command."""
    console.succeeded = False
    console.steps = [{"what": "KEY_INVENTORY", "outcome": "not_sent", "reason": "no contact with the spacecraft"}]
    console.problem = "KEY_INVENTORY: not sent: no contact with the spacecraft"
    assert shell(console, "inventory") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"flightsw security: inventory failed: {console.problem}\n"


def test_an_operation_may_outlast_the_patience(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on without the shell."""
    console.succeeded = None
    assert shell(console, "inventory", "--timeout", "25") == 1
    assert console.looks == 3
    assert "inventory is not at its end after 25 s; it goes on" in capsys.readouterr().err


def test_wrong_usage(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """A direction belongs to rotate alone, and a change needs a reason."""
    assert shell(console, "rotate") == 2
    assert shell(console, "ping", "tc") == 2
    assert console.asked == []
    assert shell(console, "rotate", "tc") == 2
    assert "needs a confirmation" in capsys.readouterr().err
