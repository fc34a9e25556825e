"""Packets into transfer frames and out of them, beside spacepackets, or beside cutting and checking octets bare."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.frames.aos import COUNT_MODULO, AosFormat, AosFrame
from tlm_cmd.frames.aos_data_units import Mpdu
from tlm_cmd.frames.aos_multiplexer import AosMultiplexer
from tlm_cmd.frames.multiplexer import PacketMultiplexer, SendingChannel
from tlm_cmd.frames.packet_extractor import PacketExtractor
from tlm_cmd.frames.scheduler import ChannelShare
from tlm_cmd.frames.tm import TmFrame, max_data_octets
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer
from tlm_cmd.packets.cfs_header import build_telemetry

FRAME_OCTETS = 1115
"""Five interleaved code blocks of RS(255,223)."""
PACKET_OCTETS = (100, 1000)
PACKET_OVERHEAD_OCTETS = 18
STREAM_OCTETS = 1_000_000
CHANNELS = {number: SendingChannel(ChannelShare(number // 2, 10), queue_packets=100_000) for number in range(7)}
USED_CHANNEL = 3
APID = 5
OCF = b"\x01\x00\x00\x00"
AOS_FORMAT = AosFormat(frame_octets=FRAME_OCTETS)
MUST_MB_PER_S = 5
"""What the downlink as a whole must reach, of which this is only the first and the last step."""
AIM_MB_PER_S = 20
MB = 1_000_000


def measure(effort: Effort) -> list[Figure]:
    """Megabytes of packets per second of processor time, each way, with seven virtual channels to choose from."""
    figures = []
    for octets in PACKET_OCTETS:
        count = effort.count(STREAM_OCTETS // octets)
        packets = [build_telemetry(APID, mark, 0, 0, bytes(octets - PACKET_OVERHEAD_OCTETS)) for mark in range(count)]
        what = f"{octets} B packets in {FRAME_OCTETS} B frames, "
        figures += _tm(effort.runs, packets, "TM, " + what)
        figures += _aos(effort.runs, packets, "AOS, " + what)
    return figures


def _tm(runs: int, packets: list[bytes], what: str) -> list[Figure]:
    sent, received, cut, peer = [], [], [], []
    for _ in range(runs):
        mux = TmMultiplexer(1, FRAME_OCTETS, CHANNELS)
        frames: list[bytes] = []
        sent.append(_rate(packets, partial(_send, mux, packets, partial(mux.next_frame, OCF), frames)))
        found: list[bytes] = []
        received.append(_rate(packets, partial(_receive_tm, frames, found)))
        _check(packets, found)
        cut.append(_rate(packets, partial(_cut_and_check, packets)))
        if find_spec("spacepackets") is not None:
            peer.append(_rate(packets, partial(_receive_by_spacepackets, frames, len(packets))))
    bare = ("cutting and CRC alone", cut)
    return [
        _figure(what + "sending", sent, bare),
        _figure(what + "receiving", received, ("spacepackets", peer) if peer else bare),
    ]


def _aos(runs: int, packets: list[bytes], what: str) -> list[Figure]:
    sent, received, cut = [], [], []
    for _ in range(runs):
        mux = AosMultiplexer(1, AOS_FORMAT, CHANNELS)
        frames: list[bytes] = []
        sent.append(_rate(packets, partial(_send, mux, packets, mux.next_frame, frames)))
        found: list[bytes] = []
        received.append(_rate(packets, partial(_receive_aos, frames, found)))
        _check(packets, found)
        cut.append(_rate(packets, partial(_cut_and_check, packets)))
    bare = ("cutting and CRC alone", cut)
    return [_figure(what + "sending", sent, bare), _figure(what + "receiving", received, bare)]


def _figure(what: str, rates: list[float], reference: tuple[str, list[float]]) -> Figure:
    return figure(
        ("frames", what),
        "MB/s",
        rates,
        Better.HIGHER,
        must=MUST_MB_PER_S,
        aim=AIM_MB_PER_S,
        reference=reference,
    )


def _rate(packets: list[bytes], work: Callable[[], object]) -> float:
    return sum(map(len, packets)) / MB / cpu_seconds(work)


def _check(sent: list[bytes], found: list[bytes]) -> None:
    if found != sent:
        raise AssertionError("other packets came out than went in")


def _send(mux: PacketMultiplexer, packets: list[bytes], next_frame: Callable[[], bytes], frames: list[bytes]) -> None:
    """Queue packets as a busy spacecraft does, a frame or so ahead of what is sent."""
    together = FRAME_OCTETS // len(packets[0]) + 1
    for start in range(0, len(packets), together):
        for packet in packets[start : start + together]:
            mux.enqueue(USED_CHANNEL, packet)
        frames.append(next_frame())
    while mux.waiting:
        frames.append(next_frame())


def _receive_tm(frames: list[bytes], found: list[bytes]) -> None:
    extractor = PacketExtractor()
    for octets in frames:
        frame = TmFrame.unpack(octets, FRAME_OCTETS, spacecraft_id=1)
        found += extractor.extract(frame.virtual_channel_count, frame.first_header_pointer, frame.data)


def _receive_aos(frames: list[bytes], found: list[bytes]) -> None:
    extractor = PacketExtractor(count_modulo=COUNT_MODULO)
    for octets in frames:
        frame = AosFrame.unpack(octets, AOS_FORMAT, spacecraft_id=1)
        unit = Mpdu.unpack(frame.data)
        found += extractor.extract(frame.frame_count, unit.first_header_pointer, unit.packet_zone)


def _cut_and_check(packets: list[bytes]) -> None:
    """Do what cannot be left out: put octets together, cut them to frames, and compute each one's CRC."""
    octets = b"".join(packets)
    room = max_data_octets(FRAME_OCTETS, ocf=True)
    for start in range(0, len(octets), room):
        crc_hqx(octets[start : start + room], 0xFFFF)


def _receive_by_spacepackets(frames: list[bytes], count: int) -> None:
    """Read frames by the peer, which does not follow packets over frames: their data are put together here."""
    from spacepackets.ccsds import tm_frame  # noqa: PLC0415 - only where it is installed
    from spacepackets.ccsds.spacepacket import PacketId, PacketType, parse_space_packets  # noqa: PLC0415

    unpack = tm_frame.TmTransferFrame.unpack
    data = b"".join(unpack(octets, FRAME_OCTETS, has_error_control_field=True).data_field for octets in frames)
    found = parse_space_packets(data, [PacketId(PacketType.TM, sec_header_flag=True, apid=APID)])
    if len(found.tm_list) != count:
        raise AssertionError("the peer found another number of packets")
