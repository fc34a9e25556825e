import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.packet_run import split_run
from tlm_cmd.packets.spacepacket import idle_packet

A = build_command(0x0A, 1, 1, b"alpha")
B = build_command(0x0B, 2, 1, b"beta" * 3)


@pytest.mark.parametrize(
    ("octets", "packets", "idle", "malformed"),
    [
        (b"", (), 0, 0),
        (A, (A,), 0, 0),
        (A + B + A, (A, B, A), 0, 0),
        (idle_packet(7) + A + idle_packet(8), (A,), 15, 0),
        (A + B[:-1], (A,), 0, len(B) - 1),
        (A + B[:5], (A,), 0, 5),
        (A + b"\xff" * 9 + B, (A,), 0, 9 + len(B)),
    ],
    ids=["nothing", "one", "several", "idle", "cut", "cut header", "garbage"],
)
def test_contents(octets: bytes, packets: tuple[bytes, ...], idle: int, malformed: int) -> None:
    """Packets come out in order, idle ones are counted, and nothing behind a fault is believed."""
    run = split_run(octets)
    assert (run.packets, run.idle_octets, run.malformed_octets) == (packets, idle, malformed)


def test_longest_packet() -> None:
    """A packet longer than allowed is a fault."""
    assert split_run(A + B, len(A)).malformed_octets == len(B)


@given(st.lists(st.one_of(st.just(A), st.integers(7, 20).map(idle_packet), st.binary(max_size=20))).map(b"".join))
def test_every_octet_is_accounted_for(octets: bytes) -> None:
    """Whatever the octets are, they are packets, idle packets or malformed."""
    run = split_run(octets)
    assert run.packet_octets + run.idle_octets + run.malformed_octets == len(octets)
