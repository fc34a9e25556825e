from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from ops_tools.console.link_readings import layer_readings
from ops_tools.console.snapshot import Reading, ReadingState
from ops_tools.ground.link import GroundLinkStatus
from ops_tools.ground.station_radio import CodingFigures
from tlm_cmd.cop1.fop_variables import FopStatus
from tlm_cmd.sdls.security_report import FrameSecurityReport

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop

FOP = FopStatus("active", 0, 5, 5, 10, 0, 0, False, 1, 5, "alert", 5, 0, 5, 0, 1, 0, 0, 0)


@pytest.fixture
def link(loop: Loop) -> GroundLinkStatus:
    """A link whose commands are authenticated, without codes and sequence control."""
    return loop.ground.link.status()


def readings(link: GroundLinkStatus, **changes: object) -> dict[str, Reading]:
    """The readings of a link, changed, by their label."""
    return {reading.label: reading for reading in layer_readings(msgspec.structs.replace(link, **changes))}


def test_what_the_codes_do(link: GroundLinkStatus) -> None:
    """Symbols put right; blocks that are lost are a warning."""
    assert readings(link, coding=CodingFigures(0, 2, 1234, 0))["corrected"] == Reading("corrected", "1,234")
    lost = readings(link, coding=CodingFigures(3, 2, 7, 0))["corrected"]
    assert (lost.text, lost.state) == ("7, 3 lost", ReadingState.YELLOW)


def test_what_the_sequence_control_does(link: GroundLinkStatus) -> None:
    """Its state, what is not confirmed, and a warning while frames are repeated."""
    assert readings(link)["sequence"].text == "none"
    assert readings(link, cop1=FOP)["sequence"] == Reading("sequence", "active")
    busy = msgspec.structs.replace(
        FOP, state="retransmit_without_wait", sent_queue=2, wait_queue=1, transmission_count=2
    )
    reading = readings(link, cop1=busy)["sequence"]
    assert (reading.text, reading.state) == ("retransmit without wait, 3 open", ReadingState.YELLOW)


@pytest.mark.parametrize(
    ("authenticated", "report", "text", "state"),
    [
        (False, None, "OPEN", ReadingState.YELLOW),
        (True, None, "genuine", ReadingState.NOMINAL),
        (True, FrameSecurityReport(last_spi=17), "SPI 17", ReadingState.NOMINAL),
        (True, FrameSecurityReport(last_spi=17, alarm=True), "ALARM", ReadingState.RED),
        (True, FrameSecurityReport(last_spi=17, alarm=True, bad_mac=True), "ALARM, MAC", ReadingState.RED),
        (True, FrameSecurityReport(alarm=True, bad_sequence_number=True), "ALARM, replay", ReadingState.RED),
        (True, FrameSecurityReport(alarm=True, bad_association=True), "ALARM, association", ReadingState.RED),
    ],
)
def test_whether_commands_are_authenticated(
    link: GroundLinkStatus, *, authenticated: bool, report: FrameSecurityReport | None, text: str, state: ReadingState
) -> None:
    """An open link is a warning; what the spacecraft's security has refused is an alarm until it is put out."""
    reading = readings(link, authenticated=authenticated, security_report=report)["commands"]
    assert (reading.text, reading.state) == (text, state)
