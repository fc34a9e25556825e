"""Thermal noise on the way between two antennas."""

from __future__ import annotations

from random import Random

import pytest

from bus_sim.equipment.radio_channel import RadioChannel, RadioChannelState, bit_error_rate


@pytest.mark.parametrize(("eb_n0_db", "rate"), [(4.3, 1.0e-2), (6.8, 1.0e-3), (8.4, 1.0e-4), (9.6, 1.0e-5)])
def test_the_bit_error_rate_is_that_of_bpsk(eb_n0_db: float, rate: float) -> None:
    """The textbook's operating points, read to a tenth of a decibel."""
    assert bit_error_rate(eb_n0_db) == pytest.approx(rate, rel=0.15)


def test_without_noise_nothing_changes_and_nothing_is_drawn() -> None:
    """Octets arrive as they were sent, and the stream stays where it was."""
    stream, state = Random(1), RadioChannelState()
    assert RadioChannel(None, stream).carry(b"octets", 3000.0, state) == b"octets"
    assert RadioChannel(60.0, stream).carry(b"octets", 1000.0, state) == b"octets"
    assert stream.random() == Random(1).random()
    assert state == RadioChannelState(carried=2)


@pytest.mark.parametrize("range_km", [1000.0, 2000.0])
def test_as_many_bits_are_wrong_as_the_distance_says(range_km: float) -> None:
    """Over two million bits, the share of wrong ones is the rate at that distance; they are counted."""
    channel, state = RadioChannel(8.0, Random(2)), RadioChannelState()
    sent = bytes(1000)
    wrong = struck = 0
    for _ in range(250):
        arrived = channel.carry(sent, range_km, state)
        flipped = int.from_bytes(arrived, "big").bit_count()
        wrong, struck = wrong + flipped, struck + (flipped > 0)
    expected = bit_error_rate(8.0 if range_km == 1000.0 else 8.0 - 6.0206)
    assert wrong / (250 * 8000) == pytest.approx(expected, rel=0.1)
    assert state == RadioChannelState(carried=250, struck=struck, bit_errors=wrong)


def test_every_bit_can_be_struck_from_the_first_to_the_last() -> None:
    """Wrong bits are spread evenly over a transmission."""
    channel, state = RadioChannel(0.0, Random(3)), RadioChannelState()
    hits = [0] * 16
    for _ in range(2000):
        arrived = int.from_bytes(channel.carry(bytes(2), 1000.0, state), "big")
        for bit in range(16):
            hits[bit] += arrived >> bit & 1
    assert all(count == pytest.approx(2000 * bit_error_rate(0.0), rel=0.3) for count in hits)
