"""A Yamcs server that holds the key of the commands protects them itself; what others make of its frames is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from mission_control.namespace import IP
from mission_control.processes import JAVA, wait_until
from mission_control.station import Station, operating

from tlm_cmd.frames.error_control import append_error_control
from tlm_cmd.frames.tc import HEADER_OCTETS, TcFrame, TcFrameType
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.crc import CRC_OCTETS

UPLINK = "COMMAND_INGEST.UPLINK_STATUS"
SPACECRAFT_ID, VIRTUAL_CHANNEL, POWER_APID = 0x1A7, 1, 0x030
SPI_OCTETS, IV_OCTETS = 2, 12
SPI, SKIPPED = 1, 100
T1_MS = 1500

pytestmark = [
    pytest.mark.longest,
    pytest.mark.xdist_group("yamcs"),
    pytest.mark.skipif(
        os.geteuid() != 0 or IP is None or JAVA is None, reason="needs root and iproute2 for a network, and Java"
    ),
]


@pytest.fixture(scope="module")
def contact() -> Iterator[Station]:
    """Telemetry coming down, and sequence control begun."""
    with operating() as station:
        station.yamcs.wait_for("power/POWER_STATUS_battery_voltage")
        station.yamcs.begin_sequence_control()
        yield station


def number(frame: bytes) -> int:
    """The number in the initialisation vector of a protected frame."""
    start = HEADER_OCTETS + SPI_OCTETS
    return int.from_bytes(frame[start : start + IV_OCTETS], "big")


def data_frames(station: Station) -> list[bytes]:
    """Frames with commands that Yamcs has sent, oldest first."""
    return [frame for frame in station.up.passed if not frame[0] & 0x10]


def executed(station: Station) -> int:
    """Commands that the spacecraft has given to its apps."""
    return station.spacecraft(UPLINK)["packets_accepted"]


def command(station: Station) -> None:
    """Send a command that is executed, and wait for it."""
    assert station.yamcs.verdict(station.yamcs.issue("power/NOOP")).completion == "OK"


def refused_after(station: Station, *frames: bytes) -> int:
    """Frames more that were not genuine once these have been sent to the spacecraft."""
    before = station.spacecraft(UPLINK)
    for frame in frames:
        station.hop.inject(station.up, frame)
    wait_until(
        lambda: station.spacecraft(UPLINK)["frames_rejected"] >= before["frames_rejected"] + len(frames),
        lambda: f"{station.spacecraft(UPLINK)} after {before}",
    )
    after = station.spacecraft(UPLINK)
    assert after["packets_accepted"] == before["packets_accepted"]
    assert after["frames_accepted"] == before["frames_accepted"]
    return after["frames_not_genuine"] - before["frames_not_genuine"]


def test_commands_that_yamcs_protects_are_executed(contact: Station) -> None:
    """In sequence, under numbers that begin with 0 and rise by one."""
    command(contact)
    command(contact)
    assert [number(frame) for frame in data_frames(contact)] == [0, 1]


def test_frames_of_yamcs_that_are_replayed_or_altered_are_refused_on_board(contact: Station) -> None:
    """As they were, with another sequence number, with another bit of their data, or with none of the protection."""
    command(contact)
    frame = data_frames(contact)[-1]
    other_number = append_error_control(frame[:4] + bytes([frame[4] + 1]) + frame[5:-CRC_OCTETS])
    other_data = append_error_control(frame[:-20] + bytes([frame[-20] ^ 1]) + frame[-19:-CRC_OCTETS])
    packet = build_command(POWER_APID, 0, 0)
    unprotected = TcFrame(TcFrameType.BD, SPACECRAFT_ID, VIRTUAL_CHANNEL, packet).pack()
    before = executed(contact)
    assert refused_after(contact, frame, other_number, other_data, unprotected) == 4
    command(contact)
    assert executed(contact) == before + 1


def test_a_frame_altered_on_the_way_does_not_hinder_the_genuine_one(contact: Station) -> None:
    """A forger is faster: the forged copy comes first, is refused, and moves no counter of either side."""
    before, refused = executed(contact), contact.spacecraft(UPLINK)["frames_not_genuine"]
    contact.up.change = lambda frame: [
        append_error_control(frame[:-CRC_OCTETS][:-1] + bytes([frame[-CRC_OCTETS - 1] ^ 0x80])),
        frame,
    ]
    command(contact)
    contact.up.change = lambda frame: [frame]
    assert executed(contact) == before + 1
    assert contact.spacecraft(UPLINK)["frames_not_genuine"] == refused + 1


def test_a_server_that_starts_again_is_put_ahead_of_the_numbers_that_it_has_used(contact: Station) -> None:
    """Of what it keeps with its data the newest may be missing, so numbers are left out; none comes twice."""
    last = number(data_frames(contact)[-1])
    contact.restart()
    contact.yamcs.skip_numbers(SPI, SKIPPED)
    contact.yamcs.wait_for("power/POWER_STATUS_battery_voltage")
    contact.yamcs.begin_sequence_control()
    command(contact)
    assert last < number(data_frames(contact)[-1]) <= last + 1 + SKIPPED


def test_a_lost_frame_stops_the_service_and_is_not_sent_again(contact: Station) -> None:
    """Yamcs would encrypt it twice; its command is never confirmed, and later ones are executed."""
    contact.yamcs.set_sequence_control(t1_ms=T1_MS, transmission_limit=contact.yamcs.transmission_limit())
    before, seen = executed(contact), len(contact.up.passed)
    contact.up.lose(1.0)
    lost = contact.yamcs.issue("power/NOOP")
    wait_until(
        lambda: contact.yamcs.sequence_control()["state"] == "SUSPENDED",
        lambda: f"not suspended: {contact.yamcs.sequence_control()}",
    )
    contact.up.lose(0.0)
    assert len(contact.up.passed) == seen + 1
    contact.yamcs.begin_sequence_control()
    command(contact)
    numbers = [number(frame) for frame in data_frames(contact)]
    assert numbers == sorted(set(numbers))
    assert executed(contact) == before + 1
    assert contact.yamcs.history(lost).stage("Acknowledge_Sent") != "OK"
