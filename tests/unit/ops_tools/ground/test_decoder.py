from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.ground.decoder import KEPT_UNDECODED, Decoder, Undecodable
from tlm_cmd.definition.dictionary import Dictionary, DictionaryError
from tlm_cmd.definition.message import ShortEvent
from tlm_cmd.packets.cfs_header import build_command, build_telemetry

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


@pytest.fixture
def decoder(dictionary: Dictionary) -> Decoder:
    """A fresh decoder."""
    return Decoder(dictionary)


def test_a_packet_becomes_a_named_sample(decoder: Decoder, loop: Loop) -> None:
    """Name, app, times, count and content are those of the packet."""
    loop.spacecraft.now_ns = 7_500_000_000
    sample = decoder.decode(loop.spacecraft.packet("heater", loop.spacecraft.heater_status(board=21.5)), 8)
    assert (sample.name, sample.app, sample.apid) == ("HEATER.HEATER_STATUS", "heater", 0x22)
    assert (sample.time_ns, sample.received_ns, sample.sequence, sample.recorded) == (7_500_000_000, 8, 0, False)
    assert sample.message.board == pytest.approx(21.5)


def test_an_event_becomes_a_sample(decoder: Decoder, loop: Loop, tiny: SimpleNamespace) -> None:
    """Events are decoded by APID and code."""
    sample = decoder.decode(loop.spacecraft.packet("heater", tiny.HeaterStuck(3)), 0)
    assert sample.name == "HEATER.HEATER_STUCK"
    assert sample.message == tiny.HeaterStuck(3)


def test_an_event_in_the_short_form_becomes_a_sample(decoder: Decoder, tiny: SimpleNamespace) -> None:
    """It is the event without its fields."""
    payload = decoder.dictionary.encode_short_event(tiny.HeaterStuck(3))
    sample = decoder.decode(build_telemetry(decoder.dictionary.apid_of("heater"), 0, 5, 0, payload), 0)
    assert (sample.name, sample.message, sample.time_ns) == (
        "HEATER.HEATER_STUCK",
        ShortEvent(tiny.HeaterStuck),
        5_000_000_000,
    )


def test_gaps_are_reported_and_counted_per_apid(decoder: Decoder, loop: Loop, tiny: SimpleNamespace) -> None:
    """A missing packet shows in the sample behind it, and in the counts of its APID only."""
    packets = [loop.spacecraft.packet("heater", tiny.HeaterExtra(tiny.Colour.RED, n)) for n in range(4)]
    loop.spacecraft.now_ns = 40_000_000_000
    packets[3] = loop.spacecraft.packet("heater", tiny.HeaterExtra(tiny.Colour.RED, 3))
    assert [decoder.decode(packets[n], 0).sequence_gap for n in (0, 3)] == [0, 3]
    assert decoder.gaps == {0x23: 1}
    assert decoder.missing == 3
    assert decoder.sequence(0x23).gaps == 1
    with pytest.raises(DictionaryError, match="APID 0x7ee"):
        decoder.sequence(0x7EE)


def corrupt(packet: bytes) -> bytes:
    """The packet with one bit of its content flipped."""
    return packet[:-3] + bytes([packet[-3] ^ 1]) + packet[-2:]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda good: good[:10], Undecodable.TOO_SHORT),
        (lambda good: good[:-1], Undecodable.BAD_LENGTH),
        (lambda _good: build_command(0x20, 0, 0, bytes(12)), Undecodable.BAD_HEADER),
        (corrupt, Undecodable.BAD_CHECKSUM),
        (lambda _good: build_telemetry(0x123, 0, 0, 0, b"abc"), Undecodable.UNKNOWN),
        (lambda _good: build_telemetry(0x20, 0, 0, 0, b"\xfe\x02"), Undecodable.UNKNOWN),
        (lambda _good: build_telemetry(0x20, 0, 0, 0, b"\x20"), Undecodable.BAD_CONTENT),
        (lambda _good: build_telemetry(0x23, 0, 0, 0, b"\x01"), Undecodable.BAD_CONTENT),
        (lambda _good: build_telemetry(0x23, 0, 0, 0, b"\x09\x00\x00\x00\x01"), Undecodable.BAD_CONTENT),
    ],
)
def test_what_cannot_be_decoded_is_counted_by_reason_and_kept(
    decoder: Decoder, loop: Loop, tiny: SimpleNamespace, make: Callable[[bytes], bytes], reason: Undecodable
) -> None:
    """Each kind of damage has its reason, and the octets stay there for inspection."""
    packet = make(loop.spacecraft.packet("heater", tiny.HeaterExtra(tiny.Colour.RED, 1)))
    assert decoder.decode(packet, 5) is None
    assert [name for name, count in decoder.refused.items() if count] == [reason]
    kept = decoder.undecoded[0]
    assert (kept.reason, kept.octets, kept.received_ns) == (reason, packet, 5)
    assert kept.detail
    assert decoder.decoded == 0


def test_kept_packets_are_bounded(decoder: Decoder) -> None:
    """Only the newest packets without a sample are kept."""
    for number in range(KEPT_UNDECODED + 5):
        decoder.decode(bytes([number]), 0)
    assert len(decoder.undecoded) == KEPT_UNDECODED
    assert decoder.undecoded[0].octets == b"\x05"


@given(apid=st.sampled_from([0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x31, 0x41, 0x55]), payload=st.binary(max_size=80))
def test_no_content_can_make_it_raise(dictionary: Dictionary, apid: int, payload: bytes) -> None:
    """Whatever a packet with a right checksum holds, it gives a sample or is counted."""
    decoder = Decoder(dictionary)
    decoder.decode(build_telemetry(apid, 0, 0, 0, payload), 0)
    assert decoder.decoded + sum(decoder.refused.values()) == 1
