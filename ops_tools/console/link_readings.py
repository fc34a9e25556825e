"""What the console says of the layers between packets and radio: sequence control, codes, and security."""

from __future__ import annotations

from ops_tools.console.snapshot import Reading, ReadingState
from ops_tools.ground.link import GroundLinkStatus
from ops_tools.ground.station_radio import CodingFigures
from tlm_cmd.cop1.fop_variables import FopStatus
from tlm_cmd.sdls.security_report import FrameSecurityReport


def layer_readings(link: GroundLinkStatus) -> list[Reading]:
    """One reading of each layer, from the radio up."""
    return [_codes(link.coding), _sequence(link.cop1), _commands(link)]


def _codes(coding: CodingFigures) -> Reading:
    """Symbols that the codes of the downlinks have put right, and blocks that they could not."""
    lost = f", {coding.uncorrectable:,} lost" if coding.uncorrectable else ""
    state = ReadingState.YELLOW if coding.uncorrectable else ReadingState.NOMINAL
    return Reading("corrected", f"{coding.corrected_symbols:,}{lost}", state=state)


def _sequence(cop1: FopStatus | None) -> Reading:
    """State of the sequence control, and how many frames it repeats or holds."""
    if cop1 is None:
        return Reading("sequence", "none")
    held = cop1.sent_queue + cop1.wait_queue
    text = f"{cop1.state.replace('_', ' ')}{f', {held} open' if held else ''}"
    return Reading("sequence", text, state=ReadingState.YELLOW if cop1.transmission_count > 1 else ReadingState.NOMINAL)


def _commands(link: GroundLinkStatus) -> Reading:
    """Whether commands are authenticated, and what the spacecraft's security says of the newest frame."""
    if not link.authenticated:
        return Reading("commands", "OPEN", state=ReadingState.YELLOW)
    report = link.security_report
    if report is None:
        return Reading("commands", "genuine")
    if report.alarm:
        return Reading("commands", f"ALARM{_cause(report)}", state=ReadingState.RED)
    return Reading("commands", f"SPI {report.last_spi}")


def _cause(report: FrameSecurityReport) -> str:
    """What was wrong with the newest frame; an alarm may be about an older one."""
    flags = {
        "MAC": report.bad_mac,
        "replay": report.bad_sequence_number,
        "association": report.bad_association,
    }
    return "".join(f", {name}" for name, is_bad in flags.items() if is_bad)
