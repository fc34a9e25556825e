from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.console import Console

from flightsw.clock import VirtualClock
from ops_tools.console.panels import met_text
from ops_tools.console.snapshot import (
    CommandLine,
    ConsoleSnapshot,
    EventLine,
    FlightFacts,
    PanelView,
    Reading,
    ReadingState,
)
from ops_tools.console.terminal import REFRESH_NS, Screen, TerminalView, progress_line
from ops_tools.ground.command_record import CommandStage, Verdict
from tlm_cmd.definition.message import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

TITLES = ("Power", "Thermal", "Attitude", "Compute", "Images", "Link")


def reading(label: str, text: str = "1.0", **values: object) -> Reading:
    """A reading with a trend."""
    return Reading(**({"label": label, "text": text, "unit": "degC", "trend": (1.0, 2.0, 3.0)} | values))  # type: ignore[arg-type]


@pytest.fixture
def snapshot() -> ConsoleSnapshot:
    """A busy flight."""
    panels = tuple(PanelView(title, tuple(reading(f"{title[:3]} {n}") for n in range(9))) for title in TITLES)
    charge = Reading("charge", "82.8", "%", ReadingState.GREEN, (0.8, 0.9), 0.828)
    panels = (PanelView("Power", (charge, *panels[0].readings)), *panels[1:])
    commands = (
        CommandLine(4, "CAMERA.ENABLE_TARGET", "target=3", CommandStage.SENT, None, "", 0, 0.5),
        CommandLine(3, "PAYLOAD.SURVEY", "", CommandStage.PROGRESS, None, "", 40, 9.0),
        CommandLine(2, "POWER.SWITCH_LINE", "line=3", CommandStage.FINISHED, Verdict.REJECTED, "not armed", 0, 1.0),
        CommandLine(1, "ATTITUDE.NOOP", "", CommandStage.FINISHED, Verdict.COMPLETED, "", 100, 1.25),
    )
    events = (
        EventLine("04:14:13", Severity.ERROR, "POWER.LINE_TRIPPED", "line 3 tripped"),
        EventLine("04:14:12", Severity.INFO, "CAMERA.IMAGE_STORED", "image 12 stored [bold] \N{DEGREE SIGN}"),
    )
    return ConsoleSnapshot(
        mission="urbanwatch",
        met_s=93_784.0,
        utc="2026-05-16 04:44:04",
        mode=Reading("mode", "nominal"),
        in_contact=True,
        contact="Beijing 34 deg, pass 3, 1:12 min",
        traffic="frames 289 down, 5 up",
        panels=panels,
        headline=(
            reading("charge", "82.8"),
            reading("images", "12", unit=""),
            Reading("jobs", "", state=ReadingState.MISSING),
        ),
        commands=commands,
        commands_open=2,
        verdicts={Verdict.COMPLETED: 1, Verdict.REJECTED: 1},
        events=events,
        event_counts={Severity.INFO: 1, Severity.ERROR: 1},
        alarms=(),
        warning="",
        flight=FlightFacts(progress=0.42, speed=1240.0, note="one orbit, seed 7", truth=(Reading("soc", "93.4", "%"),)),
    )


def draw(snapshot: ConsoleSnapshot, width: int, height: int, encoding: str = "utf-8") -> list[str]:
    """The screen as lines of text."""

    class Output(StringIO):
        pass

    output = Output()
    Output.encoding = property(lambda _self: encoding)  # type: ignore[assignment,misc]
    console = Console(
        file=output, width=width, height=height, force_terminal=True, color_system=None, legacy_windows=False
    )
    console.print(Screen(snapshot), end="")
    return output.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 32), (120, 50), (160, 50), (40, 12)])
def test_the_screen_fills_its_size_exactly(snapshot: ConsoleSnapshot, width: int, height: int) -> None:
    """No line is longer or shorter than the terminal, and there are as many as it has."""
    lines = draw(snapshot, width, height)
    assert [len(line) for line in lines] == [width] * height


def test_a_small_screen_shows_what_matters_most(snapshot: ConsoleSnapshot) -> None:
    """80 x 24: four panels, commands with verdicts, events, and the rest of the headline in the last line."""
    text = "\n".join(draw(snapshot, 80, 24))
    for part in (
        "URBANWATCH",
        "NOMINAL",
        "MET 1d 02:03:04",
        "2026-05-16 04:44:04",
        "Beijing 34 deg",
        "\N{MULTIPLICATION SIGN}1,240",
        "42 %",
    ):
        assert part in text
    for title in TITLES[:4]:
        assert f" {title} " in text
    assert " Link " not in text
    for part in ("charge", "82.8 %", "━", "rejected", "1.2 s", "40 %", "line 3 tripped", "images 12"):
        assert part in text
    assert "1.0 °C" in text


def test_a_large_screen_shows_everything(snapshot: ConsoleSnapshot) -> None:
    """160 x 50: all panels side by side, link, limits and the simulator's truth."""
    text = "\n".join(draw(snapshot, 160, 50))
    for part in (
        *TITLES,
        "Simulated truth",
        "93.4 %",
        "Limits",
        "all green",
        "frames 289 down",
        "target=3",
        "not armed",
    ):
        assert part in text


def test_a_medium_screen_tells_the_truth_in_its_last_line(snapshot: ConsoleSnapshot) -> None:
    """100 x 32 has no room for the truth's panel but out of contact, where the link is idle; 100 x 50 has."""
    assert "true soc 93.4 %" in draw(snapshot, 100, 32)[-1]
    assert "Simulated truth" in "\n".join(draw(snapshot, 100, 50))
    idle = "\n".join(draw(msgspec.structs.replace(snapshot, in_contact=False), 100, 32))
    assert "Simulated truth" in idle
    assert " Link " not in idle


def test_alarms_and_warnings_are_loud(snapshot: ConsoleSnapshot) -> None:
    """A value outside its limits is counted, named and red; a wrong dictionary takes the last line."""
    red = msgspec.structs.replace(
        snapshot,
        alarms=("POWER.state_of_charge RED at 0.6",),
        panels=(PanelView("Power", (reading("charge", "60", state=ReadingState.RED),)), *snapshot.panels[1:]),
    )
    lines = draw(red, 80, 24)
    assert "1 outside limits" in lines[1]
    assert "POWER.state_of_charge" in lines[-1]
    assert "RED at 0.6" in "\n".join(draw(red, 160, 50))
    warned = msgspec.structs.replace(snapshot, warning="dictionary mismatch: load the mission file")
    assert draw(warned, 80, 24)[-1].startswith(" dictionary mismatch")


def test_old_and_missing_values_are_marked(snapshot: ConsoleSnapshot) -> None:
    """An old value says so, a missing one is a dash; an unknown mode is named."""
    panel = PanelView(
        "Power", (reading("charge", "60", state=ReadingState.STALE), Reading("array", "", state=ReadingState.MISSING))
    )
    calm = msgspec.structs.replace(
        snapshot,
        panels=(panel,),
        mode=Reading("mode", "", state=ReadingState.MISSING),
        met_s=None,
        utc="",
        in_contact=False,
        contact="no contact yet",
        commands=(),
        events=(),
        flight=FlightFacts(),
    )
    text = "\n".join(draw(calm, 80, 24))
    for part in ("charge 60 °C", "array  \N{EN DASH}", "MODE UNKNOWN", "MET -", "○ no contact yet", "none yet"):
        assert part in text
    assert "60 °C old" not in text
    assert "60 °C old" in "\n".join(draw(msgspec.structs.replace(calm, in_contact=True), 80, 24))
    safe = msgspec.structs.replace(calm, mode=Reading("mode", "safe"), panels=())
    assert "SAFE" in draw(safe, 80, 24)[1]


def test_a_terminal_that_shows_ascii_only_gets_ascii_only(snapshot: ConsoleSnapshot) -> None:
    """Frames, marks and units fall back to what every terminal has."""
    lines = draw(snapshot, 80, 24, encoding="ascii")
    assert all(line.isascii() for line in lines)
    assert "1.0 degC" in "\n".join(lines)


def test_markup_in_texts_of_the_spacecraft_is_only_text(snapshot: ConsoleSnapshot) -> None:
    """Brackets in an event are shown, not obeyed."""
    assert "stored [bold]" in "\n".join(draw(snapshot, 160, 50))


def test_errors_stay_in_view_when_newer_events_have_come(snapshot: ConsoleSnapshot) -> None:
    """An error that the list has scrolled past stands above it, marked, and once; what is restarted is named below."""
    events = tuple(EventLine("04:15:00", Severity.INFO, "CAMERA.IMAGE_STORED", f"image {n}") for n in range(40))
    error = EventLine("04:14:13", Severity.ERROR, "POWER.LINE_TRIPPED", "line 3 tripped")
    busy = msgspec.structs.replace(snapshot, events=(*events, error), errors=(error,), restarts=(("camera", 2),))
    lines = draw(busy, 100, 32)
    assert next(line for line in lines if "line 3 tripped" in line).count("\N{BLACK UP-POINTING TRIANGLE}") == 1
    assert "\n".join(lines).count("line 3 tripped") == 1
    assert "restarted camera \N{MULTIPLICATION SIGN}2" in lines[-1]
    fresh = msgspec.structs.replace(busy, events=(error, *events))
    assert "\N{BLACK UP-POINTING TRIANGLE}" not in "\n".join(draw(fresh, 100, 32))


def test_a_flight_that_cannot_keep_its_pace_says_so(snapshot: ConsoleSnapshot) -> None:
    """The warning stands in the header, and in the line where there is no terminal."""
    late = msgspec.structs.replace(snapshot, flight=FlightFacts(speed=60.0, warning="simulator 45 s late"))
    assert "simulator 45 s late" in draw(late, 100, 32)[2]
    assert progress_line(late).endswith("WARNING simulator 45 s late")


@pytest.mark.parametrize(
    ("met_s", "text"), [(None, "-"), (0, "0d 00:00:00"), (93_784.9, "1d 02:03:04"), (-61, "-0d 00:01:01")]
)
def test_mission_time_is_days_and_clock(met_s: float | None, text: str) -> None:
    """Rounded down to the second."""
    assert met_text(met_s) == text


def test_a_progress_line_has_the_flight_in_short(snapshot: ConsoleSnapshot) -> None:
    """Progress, time, mode, contact, headline, commands and errors in one line."""
    assert progress_line(snapshot) == (
        " 42 %  MET 1d 02:03:04  nominal  Beijing 34 deg, pass 3, 1:12 min  charge 82.8 degC  images 12  "
        "commands 1/4 completed  errors 1"
    )
    alarmed = msgspec.structs.replace(snapshot, alarms=("a", "b", "c", "d"), warning="wrong", flight=FlightFacts())
    assert progress_line(alarmed).endswith("ALARM a  ALARM b  ALARM c  WARNING wrong")
    assert progress_line(alarmed).startswith("MET")


def with_progress(snapshot: ConsoleSnapshot, progress: float | None) -> ConsoleSnapshot:
    """The snapshot at another moment."""
    return msgspec.structs.replace(snapshot, flight=FlightFacts(progress=progress))


def test_without_a_terminal_there_is_a_line_every_tenth(snapshot: ConsoleSnapshot) -> None:
    """From 0 to 100 percent in steps of ten, however often it is asked."""
    output = StringIO()
    with TerminalView(Console(file=output, width=60), VirtualClock()) as view:
        assert not view.is_live
        for step in range(1001):
            if view.due(step / 1000):
                view.show(with_progress(snapshot, step / 1000))
        assert view.due(None)
        view.show(with_progress(snapshot, None))
    lines = output.getvalue().splitlines()
    assert [line[:5] for line in lines[:-1]] == [f"{percent:3d} %" for percent in range(0, 101, 10)]
    assert lines[-1].startswith("MET")


def test_a_big_step_of_progress_is_one_line(snapshot: ConsoleSnapshot) -> None:
    """Lines are not made up for what was skipped."""
    output = StringIO()
    view = TerminalView(Console(file=output, width=60), VirtualClock())
    for progress in (0.0, 0.55, 0.59, 0.6):
        if view.due(progress):
            view.show(with_progress(snapshot, progress))
    assert len(output.getvalue().splitlines()) == 3


def test_a_live_screen_is_drawn_by_the_clock_of_the_host(snapshot: ConsoleSnapshot) -> None:
    """The first snapshot is due at once, the next after the refresh time, not a nanosecond earlier."""
    clock = VirtualClock()
    output = StringIO()
    with TerminalView(Console(file=output, width=80, height=24, force_terminal=True), clock) as view:
        assert view.is_live
        assert view.due(0.0)
        view.show(snapshot)
        clock.advance_to(REFRESH_NS - 1)
        assert not view.due(0.5)
        clock.advance_to(REFRESH_NS)
        assert view.due(0.5)
    assert "URBANWATCH" in output.getvalue()
    assert output.getvalue().endswith("\x1b[?25h\x1b[?1049l")


def test_a_view_that_was_left_draws_no_more(snapshot: ConsoleSnapshot) -> None:
    """Leaving twice is harmless, and a late snapshot does not disturb the terminal."""
    output = StringIO()
    view = TerminalView(Console(file=output, width=80, height=24, force_terminal=True), VirtualClock())
    with view:
        pass
    written = output.getvalue()
    view.show(snapshot)
    view.__exit__(None, None, None)
    assert output.getvalue() == written


@pytest.mark.parametrize("change", [lambda text: text * 30, lambda _text: "", lambda _text: "\n\t\x1b[31m"])
def test_no_text_can_break_the_frame(snapshot: ConsoleSnapshot, change: Callable[[str], str]) -> None:
    """Long, empty and hostile texts stay inside their lines."""
    command = msgspec.structs.replace(snapshot.commands[2], reason=change("reason "), name=change("NAME"))
    event = msgspec.structs.replace(snapshot.events[0], text=change("text "), name=change("NAME"))
    panel = PanelView("Power", (reading("charge", change("12 ")), reading(change("label"), "1")))
    hostile = msgspec.structs.replace(
        snapshot, commands=(command,), events=(event,), panels=(panel,), contact=change("contact ")
    )
    lines = draw(hostile, 80, 24)
    assert [len(line) for line in lines] == [80] * 24
    assert "\x1b" not in "".join(lines)
