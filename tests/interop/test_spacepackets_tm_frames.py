"""TM transfer frames against spacepackets (us-irs)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.frames.multiplexer import channels_by_priority
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer
from tlm_cmd.packets.spacepacket import idle_packet

pytest.importorskip("spacepackets")

from spacepackets.ccsds import tm_frame as peer

MODEST = settings(max_examples=150, deadline=None)


def peer_frame(frame: TmFrame, length: int, error_control: bytes | None) -> peer.TmTransferFrame:
    """Return the peer's frame with the same fields."""
    status = peer.TransferFrameDataFieldStatus(
        secondary_header_flag=bool(frame.secondary_header),
        sync_flag=False,
        packet_order_flag=False,
        segment_len_id=3,
        first_header_pointer=frame.first_header_pointer,
    )
    header = peer.TmFramePrimaryHeader(
        peer.MasterChannelId(0, frame.spacecraft_id),
        frame.virtual_channel,
        bool(frame.ocf),
        frame.master_channel_count,
        frame.virtual_channel_count,
        status,
    )
    secondary = None
    if frame.secondary_header:
        secondary = peer.TransferFrameSecondaryHeader(0, len(frame.secondary_header), frame.secondary_header)
    return peer.TmTransferFrame(length, header, secondary, frame.data, frame.ocf or None, error_control)


@MODEST
@given(
    st.tuples(st.integers(0, 1023), st.integers(0, 7), st.integers(0, 255), st.integers(0, 255)),
    st.binary(min_size=1, max_size=60),
    st.sampled_from([b"", b"\1\4\0\5"]),
    st.binary(max_size=63),
    st.booleans(),
    st.data(),
)
def test_frames_agree_in_both_directions(
    numbers: tuple[int, int, int, int],
    data: bytes,
    ocf: bytes,
    secondary_header: bytes,
    fecf: bool,  # noqa: FBT001
    draw: st.DataObject,
) -> None:
    """Both write the same octets, with and without each optional field, and the peer reads and verifies ours."""
    pointer = draw.draw(st.one_of(st.integers(0, len(data) - 1), st.sampled_from([NO_PACKET_START, ONLY_IDLE_DATA])))
    frame = TmFrame(*numbers, pointer, data, ocf, secondary_header)
    octets = frame.pack(fecf=fecf)
    theirs = peer_frame(frame, len(octets), octets[-2:] if fecf else None)
    assert theirs.pack() == octets
    assert TmFrame.unpack(theirs.pack(), len(octets), fecf=fecf) == frame
    found = peer.TmTransferFrame.unpack(octets, len(octets), fecf)
    assert found.pack() == octets
    assert (found.data_field, found.op_ctrl_field or b"") == (data, ocf)


def test_a_wrong_error_control_is_found_there() -> None:
    """The peer's CRC refuses a frame of ours with one bit inverted."""
    octets = TmMultiplexer(9, 112, channels_by_priority([0])).next_frame(b"1234")
    with pytest.raises(peer.InvalidCrcCcitt16Error):
        peer.TmTransferFrame.unpack(
            octets[:-3] + bytes([octets[-3] ^ 1]) + octets[-2:], 112, has_error_control_field=True
        )


def test_the_longest_frame() -> None:
    """We write and read frames of 2048 octets, which the standard allows and spacepackets 0.32 refuses."""
    mux = TmMultiplexer(9, 2048, channels_by_priority([0]))
    mux.enqueue(0, idle_packet(100))
    octets = mux.next_frame(b"1234")
    assert TmFrame.unpack(octets, 2048).spacecraft_id == 9
    with pytest.raises(ValueError, match="exceeds maximum of 2048"):
        peer.TmTransferFrame.unpack(octets, 2048, has_error_control_field=True)
