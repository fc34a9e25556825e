from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

import pytest

from ops_tools.cli_commands import ground
from ops_tools.console.client import ConsoleClient

STATUS = {"sent": 9, "offered": 20, "delivered": 17, "queued": 1, "unrouted": 3, "ledger_closed": True}
MAILBOX = {
    "inboxes": [{"depth": 64, "waiting": 0, "high_water": 2}] * 3,
    "lost": [{"reason": "message limit", "count": 4}],
    "subscriptions": [
        {
            "message_id": 0x831,
            "enabled": False,
            "overflow": "REFUSE",
            "limit": 64,
            "waiting": 0,
            "delivered": 5,
            "lost": 4,
        }
    ],
}
COUNTERS = dict.fromkeys(
    ("unconfirmed", "resent", "duplicates", "out_of_order", "unkept", "foreign", "different", "refused_connections"), 0
)


def link_report(process: str, offered: int, **counters: int) -> dict[str, Any]:
    """The report of one process."""
    links = [{"receiver": "link", "offered": offered, "received": offered - 1, "malformed": 0, "lost": 1}]
    return COUNTERS | {"process": process, "links": links} | counters


class Console:
    """Answers as the console would."""

    def __init__(self) -> None:
        self.packets: dict[str, Any] = {}
        self.history: list[Any] = []
        self.verdict: str | None = "completed"
        self.issued: list[str] = []
        self.stages = ["sent"]
        """Of the command, one behind the other; the last one stays."""
        self.withdrawn = False
        self.interrupted_at: set[str] = set()
        """Methods, and parts of addresses, in which the shell is interrupted."""

    def ask(self, method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        """One request."""
        if method == "POST":
            self.issued.append(json.loads(body or b"")["name"])
        if any(each == method or each in url for each in self.interrupted_at):
            raise KeyboardInterrupt
        if method == "DELETE" and self.stages[0] != "waiting":
            return 409, json.dumps({"error": "it does not wait any more"}).encode()
        self.withdrawn |= method == "DELETE"
        if "/api/status" in url:
            answer: dict[str, Any] = {
                "contact": {"now_ns": 0, "in_contact": self.stages[0] != "waiting"},
                "speed": 1.0,
            }
        elif "/api/telemetry" in url:
            name = url.partition("name=")[2].partition("&")[0]
            packet = {"fields": self.packets.get(name), "age_ns": 2e9, "stale": False, "history": self.history}
            answer = {"values": [packet]}
        else:
            stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
            verdict = None if stage == "waiting" else self.verdict
            answer = {"number": 1, "stage": stage, "verdict": verdict, "reason": "", "times": {stage: 0}}
        return 200, json.dumps(answer).encode()


@pytest.fixture
def console() -> Console:
    """The double."""
    return Console()


def shell(console: Console, *words: str) -> int:
    """Run a line of the shell."""
    parser = ArgumentParser(prog="flightsw")
    ground.register(parser.add_subparsers())
    return ground.run(parser.parse_args(words), ConsoleClient(transport=console.ask))


def test_the_ledger_is_shown(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Every figure of the account, each reason of a loss, and whether it closes."""
    console.packets["EXECUTIVE.EXECUTIVE_STATUS"] = STATUS | {"dropped": [{"reason": "link full", "count": 2}]}
    assert shell(console, "bus", "ledger") == 0
    assert capsys.readouterr().out.splitlines() == [
        "the ledger closes  2.0 s ago",
        "  sent                 9",
        "  sent x destinations  20",
        "  delivered            17",
        "  waiting              1",
        "  dropped: link full   2",
        "  sent to nobody       3",
    ]


def test_a_ledger_that_does_not_close_is_no_success(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is one that nobody has seen yet."""
    assert shell(console, "bus", "ledger") == 1
    assert "no account of the bus has come down" in capsys.readouterr().out
    console.packets["EXECUTIVE.EXECUTIVE_STATUS"] = STATUS | {"dropped": [], "ledger_closed": False}
    assert shell(console, "bus", "ledger") == 1
    assert "the ledger does NOT close" in capsys.readouterr().out
    assert shell(console, "bus", "ledger", "--json") == 1
    assert json.loads(capsys.readouterr().out)["fields"]["sent"] == 9


def test_a_mailbox_is_asked_for_and_shown(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """The app is commanded to report, and its report is a table."""
    console.packets["THERMAL.MAILBOX_REPORT"] = MAILBOX
    assert shell(console, "bus", "mailbox", "thermal") == 0
    assert console.issued == ["THERMAL.REPORT_MAILBOX"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "commands: 0 wait, at most 2 ever did, 64 may"
    assert lines[3] == "lost: 4 message limit"
    assert lines[5].split() == ["0x0831", "5", "0", "64", "4", "REFUSE", "DISABLED"]


def test_links_are_asked_for_and_shown(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest report of each process, with trouble only where there is some."""
    console.history = [
        {"fields": link_report("core", 5)},
        {"fields": link_report("link", 3, foreign=2)},
        {"fields": link_report("core", 9)},
    ]
    assert shell(console, "bus", "links") == 0
    assert console.issued == ["SOFTWARE_BUS.REPORT_LINKS"]
    assert capsys.readouterr().out.splitlines() == [
        "core: commands 0 unconfirmed, 0 resent, 0 duplicates",
        "  to link  9 offered  8 received  1 lost",
        "link: commands 0 unconfirmed, 0 resent, 0 duplicates, foreign 2",
        "  to link  3 offered  2 received  1 lost",
    ]
    console.history = []
    assert shell(console, "bus", "links") == 0
    assert "no links" in capsys.readouterr().out


def test_a_report_that_does_not_come_is_told(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """With what became of the question."""
    console.verdict = None
    assert shell(console, "bus", "links") == 1
    assert "SOFTWARE_BUS.REPORT_LINKS sent: no report came" in capsys.readouterr().err


def test_without_contact_the_question_waits_and_says_so(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, so that the report stays alone; programs that ask for JSON get nothing else."""
    console.packets["THERMAL.MAILBOX_REPORT"] = MAILBOX
    console.stages = ["waiting", "waiting", "waiting", "sent"]
    assert shell(console, "bus", "mailbox", "thermal") == 0
    assert capsys.readouterr().err.splitlines() == [
        "#1 THERMAL.REPORT_MAILBOX waiting: no contact yet",
        "#1 contact, sent",
    ]
    console.stages = ["waiting", "waiting", "sent"]
    assert shell(console, "bus", "mailbox", "thermal", "--json") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("moment", ["wait=", "/api/status"])
def test_an_interrupted_question_is_withdrawn(
    console: Console, moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It must not leave with the next contact, whenever after it was asked the shell is interrupted."""
    console.stages, console.interrupted_at = ["waiting"], {moment}
    assert shell(console, "bus", "links") == 2
    assert console.withdrawn
    assert "flightsw bus: #1 withdrawn, nothing was sent" in capsys.readouterr().err


@pytest.mark.parametrize("stages", [["sent"], ["waiting", "sent"]])
def test_an_interrupted_question_that_has_left_goes_on(
    console: Console, stages: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Even if it left after the shell has last asked."""
    console.stages, console.interrupted_at, console.verdict = stages, {"wait="}, None
    assert shell(console, "bus", "links") == 1
    assert not console.withdrawn
    assert "#1 is sent; it has left, and goes on" in capsys.readouterr().err


def test_who_interrupts_the_withdrawal_is_told_what_may_happen(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shell ends at once, and not as if all were well."""
    console.stages, console.interrupted_at = ["waiting"], {"wait=", "DELETE"}
    assert shell(console, "bus", "links") == 1
    assert "#1 was perhaps not withdrawn; if it still waits, it leaves" in capsys.readouterr().err


def test_a_withdrawal_refused_for_another_reason_is_no_departure(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that is gone has not left because of that; the refusal is passed on."""

    def forget(method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        return (404, b'{"error": "no command 1"}') if method == "DELETE" else console.ask(method, url, body)

    console.stages, console.interrupted_at = ["waiting"], {"wait="}
    parser = ArgumentParser(prog="flightsw")
    ground.register(parser.add_subparsers())
    assert ground.run(parser.parse_args(["bus", "links"]), ConsoleClient(transport=forget)) == 2
    assert capsys.readouterr().err.endswith("flightsw bus: no command 1\n")


@pytest.mark.parametrize("words", [("mailbox",), ("ledger", "THERMAL")])
def test_an_app_is_named_for_a_mailbox_only(
    console: Console, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage is refused with an example."""
    assert shell(console, "bus", *words) == 2
    assert "flightsw bus mailbox THERMAL" in capsys.readouterr().err
