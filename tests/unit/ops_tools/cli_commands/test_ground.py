from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest

from ops_tools.cli_commands import ground
from ops_tools.console.client import ConsoleClient
from ops_tools.ground.contact_plan import ContactPlan
from ops_tools.ground.onboard_log import OnboardEntry
from tlm_cmd.definition.message import Severity
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import LoopbackConsole

Shell = Callable[..., int]


def no_pause(_seconds: float) -> None:
    """Nobody waits in these tests."""


@pytest.fixture
def parser() -> ArgumentParser:
    """The command line with this group only."""
    parser = ArgumentParser(prog="flightsw")
    ground.register(parser.add_subparsers())
    return parser


@pytest.fixture
def plan(tiny: SimpleNamespace) -> ContactPlan:
    """One contact, at which the spacecraft of these tests may have begun to transmit long ago."""
    planned: ContactPlan = tiny.ListedContacts(("North", 600, 900))
    return planned


@pytest.fixture
def silent_shell(console: LoopbackConsole, parser: ArgumentParser) -> Shell:
    """The same without contact."""

    def run(*words: str) -> int:
        return ground.run(parser.parse_args(words), ConsoleClient(transport=console.ask), no_pause)

    return run


@pytest.fixture
def shell(console: LoopbackConsole, parser: ArgumentParser) -> Shell:
    """Runs a line of the shell against the loop-back console, in contact, and returns its exit code."""
    console.begin_contact()

    def run(*words: str, pause: Callable[[float], None] = no_pause) -> int:
        arguments = parser.parse_args(words)
        assert arguments.run is ground.run
        return ground.run(arguments, ConsoleClient(transport=console.ask), pause)

    return run


def test_a_command_is_followed_to_its_verdict(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 and two lines: sent, completed."""
    assert shell("cmd", "heater.set_heater", "line=0x3", "on=true", "colour=blue") == 0
    assert capsys.readouterr().out.splitlines() == [
        "#1 HEATER.SET_HEATER sent",
        "#1 completed after 1.0 s",
    ]


def test_without_contact_a_command_waits_says_so_and_goes_on_with_it(
    console: LoopbackConsole, silent_shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what it waits for, one that it has left, one how it ended."""
    step = console.step

    def step_into_contact(seconds: float = 1.0) -> None:
        console.loop.spacecraft.transmitting = console.clock.now_ns() >= 600 * 10**9
        step(seconds)

    monkeypatch.setattr(console, "step", step_into_contact)
    console.step()
    assert silent_shell("cmd", "HEATER.NOOP") == 0
    assert capsys.readouterr().out.splitlines() == [
        "#1 HEATER.NOOP waiting: no contact yet; next: North in 9:59 min",
        "#1 contact, sent",
        "#1 completed after 1.0 s",
    ]


def test_a_command_can_be_left_to_wait_by_itself(
    console: LoopbackConsole, silent_shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line returns, the hazardous command stays, and is armed and sent when contact begins."""
    assert silent_shell("cmd", "HEATER.EXPLODE", "charge=1", "--confirm", "x", "--wait", "waiting") == 0
    assert capsys.readouterr().out.splitlines() == [
        "#1 HEATER.EXPLODE waiting: no contact yet; next: North in 10:00 min",
    ]
    console.begin_contact()
    for _ in range(3):
        console.step()
    assert console.loop.spacecraft.executed == ["Arm", "Explode"]


def test_a_command_interrupted_while_the_next_contact_is_asked_for_is_withdrawn(
    console: LoopbackConsole, parser: ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the moment on that the command was issued."""

    def interrupt(method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        if "/api/status" in url:
            raise KeyboardInterrupt
        return console.ask(method, url, body)

    assert ground.run(parser.parse_args(["cmd", "HEATER.NOOP"]), ConsoleClient(transport=interrupt), no_pause) == 2
    assert "#1 withdrawn, nothing was sent" in capsys.readouterr().err
    console.begin_contact()
    for _ in range(3):
        console.step()
    assert console.loop.spacecraft.executed == []


def test_an_interrupted_command_is_withdrawn_before_it_has_left_and_goes_on_after(
    console: LoopbackConsole, parser: ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 when nothing was sent, 1 when it was; both are said."""
    asked: list[str] = []

    def interrupt(method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        asked.append(url)
        if "wait=" in url:
            raise KeyboardInterrupt
        return console.ask(method, url, body)

    arguments = parser.parse_args(["cmd", "HEATER.NOOP"])
    assert ground.run(arguments, ConsoleClient(transport=interrupt), no_pause) == 2
    assert "#1 withdrawn, nothing was sent" in capsys.readouterr().err
    console.begin_contact()
    assert ground.run(arguments, ConsoleClient(transport=interrupt), no_pause) == 1
    assert "#2 is sent; it has left, and goes on" in capsys.readouterr().err
    assert console.loop.spacecraft.executed == ["Noop"]


def test_without_contact_a_command_can_be_refused(silent_shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """With the next contact."""
    assert silent_shell("cmd", "HEATER.NOOP", "--without-contact", "refuse") == 2
    assert "no contact with the spacecraft; the next is with North, in 600 s" in capsys.readouterr().err


def test_looking_without_contact_says_when_the_next_one_begins(
    silent_shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, so that what was asked for stays as it is; programs that ask for JSON get nothing else."""
    assert silent_shell("tlm", "HEATER.board") == 0
    captured = capsys.readouterr()
    assert captured.out == "HEATER.HEATER_STATUS.board  -  never received\n"
    assert captured.err == "no contact yet; next: North in 10:00 min\n"
    assert silent_shell("events", "--severity", "error") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "no event of severity error or above so far",
        "no contact yet; next: North in 10:00 min",
    ]
    assert silent_shell("events", "--json") == 0
    assert capsys.readouterr().err == ""


def test_a_command_that_fails_on_board_is_exit_code_1(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """With code and reason."""
    assert shell("cmd", "HEATER.SET_HEATER", "line=7", "on=1") == 1
    assert "#1 failed after 1.0 s (DEVICE_FAILED): line 7 is broken" in capsys.readouterr().out


def test_a_command_refused_on_ground_is_exit_code_2(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason stands on standard error, and nothing on standard output."""
    assert shell("cmd", "HEATER.SET_HEATER", "line=9", "on=1") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "HEATER.SET_HEATER refused on ground, nothing was sent: " in captured.err
    assert "line is 9, allowed are 0 to 7" in captured.err


def test_a_hazardous_command_tells_how_to_confirm_it(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a reason it is refused, with one it is armed and completed."""
    assert shell("cmd", "HEATER.EXPLODE", "charge=1") == 2
    assert "--confirm" in capsys.readouterr().err
    assert shell("cmd", "HEATER.EXPLODE", "charge=1", "--confirm", "separation") == 0
    assert "#2 completed after" in capsys.readouterr().out


def test_an_arming_without_answer_is_refused_on_ground(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hazardous command never left, so the exit code is that of a refusal."""
    console.loop.spacecraft.silent = True
    assert shell("cmd", "HEATER.EXPLODE", "charge=1", "--confirm", "separation") == 2
    assert "#1 refused on ground after 30.0 s: arming by command 2 timed_out" in capsys.readouterr().out


def test_waiting_ends_at_the_stage_asked_for(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Sent at once, accepted after a step, completed never: exit codes 0, 0 and 1."""
    assert shell("cmd", "HEATER.SURVEY", "--wait", "sent") == 0
    assert capsys.readouterr().out.splitlines() == ["#1 HEATER.SURVEY sent"]
    assert shell("cmd", "HEATER.SURVEY", "--wait", "accepted") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "#2 started"
    assert shell("cmd", "HEATER.SURVEY", "--timeout", "25") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "#3 started; completed not reached in 25 s, it goes on"


def test_a_silent_spacecraft_is_exit_code_1(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is timed out."""
    console.loop.spacecraft.silent = True
    assert shell("cmd", "HEATER.NOOP") == 1
    assert "#1 timed out after 30.0 s: no report at all within 30 s" in capsys.readouterr().out


def test_json_is_the_record_and_nothing_else(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: one object, completed or refused."""
    assert shell("cmd", "HEATER.NOOP", "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "completed"
    assert shell("cmd", "HEATER.NOOP", "x=1", "--json") == 2
    assert json.loads(capsys.readouterr().out)["verdict"] == "refused_on_ground"
    assert shell("cmd", "HEATER.SURVEY", "--json", "--timeout", "1") == 1
    assert json.loads(capsys.readouterr().out)["verdict"] is None


def test_arguments_may_be_arrays_and_may_hold_equals_signs(console: LoopbackConsole, parser: ArgumentParser) -> None:
    """JSON where it begins like JSON, text up to the end otherwise."""
    words = ["cmd", "X.Y", "a=[1, 2]", 'b={"c": 1}', "d=e=f", "g="]
    assert parser.parse_args(words).arguments == [("a", [1, 2]), ("b", {"c": 1}), ("d", "e=f"), ("g", "")]
    assert console.loop.ground.commands.newest() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cmd"], "the following arguments are required: NAME"),
        (["cmd", "X.Y", "line"], "'line' is not of the form NAME=VALUE"),
        (["cmd", "X.Y", "=3"], "'=3' is not of the form"),
        (["cmd", "X.Y", "a=[1"], "a is no JSON"),
        (["cmd", "X.Y", "a=" + "[" * 30_000], "a is no JSON"),
        (["cmd", "X.Y", "--wait", "soon"], "invalid choice: 'soon'"),
        (["cmd", "X.Y", "--timeout", "inf"], "'inf' is no time in seconds"),
        (["tlm", "--period", "x"], "'x' is no time in seconds"),
        (["events", "--severity", "loud"], "invalid choice: 'loud'"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    parser: ArgumentParser, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Argparse says what is wrong."""
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_an_argument_given_twice_is_refused(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows which one was meant."""
    assert shell("cmd", "HEATER.SET_HEATER", "line=1", "line=2") == 2
    assert "given twice" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cmd", "tlm", "events"])
def test_help_teaches_with_examples(parser: ArgumentParser, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Each command shows lines that can be typed."""
    with pytest.raises(SystemExit):
        parser.parse_args([command, "--help"])
    assert f"  flightsw {command} " in capsys.readouterr().out


def test_nobody_there_is_exit_code_2(parser: ArgumentParser, capsys: pytest.CaptureFixture[str]) -> None:
    """With the address that was tried, and what to do."""
    assert ground.run(parser.parse_args(["tlm", "--url", "http://127.0.0.1:1"])) == 2
    error = capsys.readouterr().err
    assert error.startswith("flightsw tlm: no console answers at http://127.0.0.1:1")
    assert "--url" in error


def test_a_body_that_the_server_refuses_is_exit_code_2(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal without a record is told as it is."""
    assert shell("cmd", "HEATER.NOOP", f"x={'y' * 70_000}") == 2
    assert "longer than" in capsys.readouterr().err
    assert console.loop.ground.commands.newest() == []


def test_packets_fields_and_their_age(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field is one line with unit, limit and age; a packet is all its fields."""
    console.loop.spacecraft.say("heater", console.loop.spacecraft.heater_status(board=50.0, note="hot \x1b[31m"))
    console.step()
    assert shell("tlm", "HEATER.board", "HEATER.pressure", "HEATER.count", "HEATER.HEATER_STATUS") == 0
    assert capsys.readouterr().out.splitlines() == [
        "HEATER.HEATER_STATUS.board  50 degC  YELLOW  0.0 s ago",
        "HEATER.HEATER_STATUS.pressure  1  GREEN  0.0 s ago",
        "HEATER.HEATER_EXTRA.count  -  never received",
        "HEATER.HEATER_STATUS  0.0 s ago",
        "  board     50",
        "  pressure  1",
        "  colour    BLUE",
        "  lines     [1, 2, 3]",
        "  cell      {voltage: 3.7}",
        "  note      hot ?[31m",
    ]


def test_without_a_name_every_packet_that_came_has_a_line(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """Name, how many came, and how long ago; the rest when it is asked for."""
    assert shell("tlm") == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "no packet so far\n")
    console.loop.spacecraft.say("heater", console.loop.spacecraft.heater_status())
    console.step()
    console.step(5)
    assert shell("tlm") == 0
    assert capsys.readouterr().out.splitlines() == ["HEATER.HEATER_STATUS  1 received  5.0 s ago (stale)"]
    assert shell("tlm", "--all") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "HEATER.HEATER_STATUS                1 received  5.0 s ago (stale)" in lines
    assert "HEATER.OCCASION                     0 received  never received" in lines
    assert shell("tlm", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == len(lines)


def test_the_name_of_an_app_lists_its_packets(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, beside whatever else is asked for; an app that there is not is refused."""
    assert shell("tlm", "heater", "HEATER.board") == 0
    assert capsys.readouterr().out.splitlines() == [
        "HEATER.VERIFICATION_REPORT  0 received  never received",
        "HEATER.HEATER_STATUS        0 received  never received",
        "HEATER.HEATER_EXTRA         0 received  never received",
        "HEATER.OCCASION             0 received  never received",
        "HEATER.HEATER_STATUS.board  -  never received",
    ]
    assert shell("tlm", "HEETER") == 2
    assert "no packet or field is called 'HEETER'" in capsys.readouterr().err


def test_history_stands_below_the_value(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """With spacecraft times; of a packet, all its fields."""
    for count in (1, 2):
        console.step()
        console.loop.spacecraft.say(
            "heater", console.loop.spacecraft.dictionary.packet("HEATER.HEATER_EXTRA").record(0, count)
        )
    console.step()
    assert shell("tlm", "HEATER.count", "HEATER.HEATER_EXTRA", "--history", "5") == 0
    assert capsys.readouterr().out.splitlines() == [
        "HEATER.HEATER_EXTRA.count  2  0.0 s ago",
        "  1.000 s  1",
        "  2.000 s  2",
        "HEATER.HEATER_EXTRA  0.0 s ago",
        "  colour  RED",
        "  count   2",
        "  1.000 s  {colour: RED, count: 1}",
        "  2.000 s  {colour: RED, count: 2}",
    ]


def test_watching_goes_on_until_interrupted(
    console: LoopbackConsole, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look, a pause, a look; an interrupt is a good end."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt
        console.step()

    assert shell("tlm", "HEATER.board", "--watch", "--period", "2", "--json", pause=pause) == 0
    assert pauses == [2.0, 2.0, 2.0]
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 3


def test_an_unknown_field_is_exit_code_2(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """With what may have been meant."""
    assert shell("tlm", "HEATER.bord") == 2
    assert "did you mean HEATER.board" in capsys.readouterr().err


def test_events_have_time_severity_and_text(
    console: LoopbackConsole, shell: Shell, tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of at least a severity; recorded ones are marked."""
    console.loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    console.loop.spacecraft.say("heater", tiny.HeaterOn(2, tiny.Colour.RED), channel=1)
    console.step(1.5)
    assert shell("events", "--severity", "error") == 0
    assert (
        capsys.readouterr().out == "                0.000 s  ERROR     HEATER.HEATER_STUCK  heater 1 does not answer\n"
    )
    assert shell("events", "--limit", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "                0.000 s  INFO      HEATER.HEATER_ON  heater 2 is RED (recorded)"
    assert shell("events", "--limit", "3") == 0
    assert capsys.readouterr().out.startswith("         ground 0.000 s  INFO      GROUND.ACQUISITION_OF_SIGNAL")
    assert shell("events", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["name"] == "GROUND.ACQUISITION_OF_SIGNAL"


def test_short_events_and_entries_of_the_log_on_board_are_marked(
    console: LoopbackConsole, shell: Shell, tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gap stands for a field that did not come; what was read out of a log says so."""
    segment = console.loop.ground
    payload = segment.dictionary.encode_short_event(tiny.HeaterStuck(1))
    packet = build_telemetry(segment.dictionary.apid_of("heater"), 0, 0, 0, payload)
    console.loop.spacecraft.sender.enqueue(0, packet)
    console.step(1.5)
    entry = OnboardEntry("HEATER.HEATER_STUCK", "heater", Severity.ERROR, "heater 4 does not answer", 0, short=False)
    segment.events.add_from_log(entry, 0)
    segment.events.add_from_log(msgspec.structs.replace(entry, short=True, time_ns=None), 1_500_000_000)
    assert shell("events", "--severity", "error") == 0
    assert capsys.readouterr().out.splitlines() == [
        "                0.000 s  ERROR     HEATER.HEATER_STUCK  heater … does not answer (short form)",
        "                0.000 s  ERROR     HEATER.HEATER_STUCK  heater 4 does not answer (log on board)",
        "         ground 1.500 s  ERROR     HEATER.HEATER_STUCK  heater 4 does not answer (short form, log on board)",
    ]


def test_spacecraft_time_is_shown_as_utc(
    console: LoopbackConsole, shell: Shell, tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the millisecond, leap seconds taken off."""
    console.loop.spacecraft.now_ns = LEAP_SECONDS.utc_to_tai(1_778_812_860 * 10**9)
    console.loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    console.step()
    assert shell("events", "--severity", "error") == 0
    assert capsys.readouterr().out.startswith("2026-05-15 02:41:00.000  ERROR     HEATER.HEATER_STUCK")


def test_following_shows_each_event_once(
    console: LoopbackConsole, shell: Shell, tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """New events only, until interrupted."""
    rounds: list[float] = []

    def pause(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            raise KeyboardInterrupt
        console.loop.spacecraft.say("heater", tiny.HeaterStuck(len(rounds)))
        console.step()

    assert shell("events", "--severity", "error", "--follow", pause=pause) == 0
    texts = [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()]
    assert texts == ["heater 1 does not answer", "heater 2 does not answer"]
