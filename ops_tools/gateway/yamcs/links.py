"""The data links of a Yamcs instance: the managed parameters of the mission's links in Yamcs's words."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from ops_tools.gateway.address import Address
from ops_tools.gateway.yamcs.security import Associations, CommandProtection
from ops_tools.ground.link import RECORDED_CHANNEL
from tlm_cmd.link.parameters import LinkParameters

Section: TypeAlias = dict[str, object]

REALTIME, DUMP, IDLE = "tm_realtime", "tm_dump", "tm_idle"
COMMANDS = "tc_realtime"
REPORTS = "clcw"
"""The stream of control words, from the link that receives them to the one that sends commands."""
TELEMETRY_LINK, COMMAND_LINK = "tm_{radio}", "tc_s_band"

_TIME_OFFSET = 6
"""Where a packet's time stands, behind the primary header: see `tlm_cmd.packets.cfs_header`."""
_CUC_4_2_TAI = 0x1E
"""P-field of that time: four octets of seconds since 1958 TAI, two of fraction (CCSDS 301.0-B-4, 3.2.2)."""
_FIRST_CLCW_WAIT_S = 3600
_MS_PER_S = 1000


def telemetry_link(
    radio: str, link: LinkParameters, port: int, associations: Associations, *, has_receiver: bool
) -> Section:
    """The link that takes the frames of one radio.

    Args:
        radio: its name.
        link: its managed parameters.
        port: UDP port where the frames come in.
        associations: says how frames are protected.
        has_receiver: whether the control words in the frames are those of the command receiver.
    """
    section: Section = {
        "name": TELEMETRY_LINK.format(radio=radio),
        "class": "org.yamcs.tctm.ccsds.UdpTmFrameLink",
        "port": port,
        "frameType": "TM",
        "spacecraftId": link.spacecraft_id,
        "frameLength": link.tm_frame_octets,
        "errorDetection": "CRC16",
    }
    if has_receiver:
        section["clcwStream"] = REPORTS
    spis: list[int] = []
    if link.telemetry_security is not None:
        section["encryption"] = [associations.receiver(link.telemetry_security)]
        spis = [link.telemetry_security.spi]
    channels = [
        _telemetry_channel(link, channel.number, DUMP if channel.name == RECORDED_CHANNEL else REALTIME, spis)
        for channel in link.virtual_channels
    ]
    if link.idle_virtual_channel not in {channel.number for channel in link.virtual_channels}:
        channels.append(_telemetry_channel(link, link.idle_virtual_channel, IDLE, []))
    return section | {"virtualChannels": channels}


def _telemetry_channel(link: LinkParameters, number: int, stream: str, spis: list[int]) -> Section:
    channel: Section = {
        "vcId": number,
        "ocfPresent": True,
        "service": "PACKET",
        "maxPacketLength": link.max_packet_octets,
        "stream": stream,
        "packetPreprocessorClassName": "org.yamcs.tctm.GenericPacketPreprocessor",
        "packetPreprocessorArgs": {
            "timestampOffset": _TIME_OFFSET,
            "seqCountOffset": 0,
            "errorDetection": {"type": "CRC-16-CCIIT"},
            "timeEncoding": {"type": "CUC", "epoch": "TAI", "implicitPField": _CUC_4_2_TAI},
        },
    }
    return channel | {"encryptionSpis": spis} if spis else channel


class SequenceControl(msgspec.Struct, frozen=True):
    """COP-1 on the command channel as Yamcs holds it.

    Attributes:
        window: K, frames that may be outstanding.
        t1_s: whole seconds of the host to wait for the report on a frame.
        transmission_limit: how often a frame may be sent.
    """

    window: int
    t1_s: int
    transmission_limit: int

    @classmethod
    def of_link(cls, link: LinkParameters, protection: CommandProtection) -> SequenceControl | None:
        """That of the mission; None if its link has none.

        Yamcs 5.12 protects a frame in place each time it is sent: what it repeats is encrypted twice, and no receiver
        can read it. So each frame is sent once where Yamcs protects; a lost one ends the service, and is said to be.
        """
        if link.cop1 is None:
            return None
        once = protection is CommandProtection.YAMCS
        t1_s = max(1, -(-link.cop1.t1_ms // _MS_PER_S))
        return cls(link.cop1.window, t1_s, 1 if once else link.cop1.transmission_limit)

    def section(self) -> Section:
        """In Yamcs's words."""
        return {
            "useCop1": True,
            "clcwStream": REPORTS,
            "initialClcwWait": _FIRST_CLCW_WAIT_S,
            "slidingWindowWidth": self.window,
            "cop1T1": self.t1_s,
            "cop1TxLimit": self.transmission_limit,
        }


def command_link(
    link: LinkParameters, gateway: Address, associations: Associations, protection: CommandProtection
) -> Section:
    """The link that sends commands.

    Args:
        link: the managed parameters of the command radio.
        gateway: where frames are taken.
        associations: says how frames are protected.
        protection: who protects the frames.
    """
    channel: Section = {
        "vcId": link.tc_virtual_channel,
        "service": "PACKET",
        "stream": COMMANDS,
        "commandPostprocessorClassName": "org.yamcs.tctm.cfs.CfsCommandPostprocessor",
    }
    control = SequenceControl.of_link(link, protection)
    if control is not None:
        channel |= control.section()
    if link.segment_header:
        channel["mapId"] = link.map_id
    section: Section = {
        "name": COMMAND_LINK,
        "class": "org.yamcs.tctm.ccsds.UdpTcFrameLink",
        "host": gateway.host,
        "port": gateway.port,
        "spacecraftId": link.spacecraft_id,
        "maxFrameLength": link.tc_frame_octets,
        "errorDetection": "CRC16",
    }
    match protection:
        case CommandProtection.NONE:
            pass
        case CommandProtection.GATEWAY:
            section["maxFrameLength"] = link.tc_frame_octets - link.telecommand_security_octets
        case CommandProtection.YAMCS:
            assert link.telecommand_security is not None  # noqa: S101 - who says so has looked
            section["encryption"] = [associations.sender(link.telecommand_security)]
            channel["encryptionSpi"] = link.telecommand_security.spi
        case _:
            assert_never(protection)
    return section | {"virtualChannels": [channel]}
