"""The managed parameters of a spacecraft's links, the same at both ends (CCSDS 132.0-B-3 and 232.0-B-4, section 5)."""

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames import tc, tm
from tlm_cmd.frames.packet_builder import DEFAULT_QUEUE_PACKETS, MAX_QUEUE_PACKETS
from tlm_cmd.frames.tm_multiplexer import DEFAULT_IDLE_CHANNEL
from tlm_cmd.link.coding_parameters import TelecommandCoding, TelemetryCoding
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.packets.spacepacket import MAX_PACKET_OCTETS, MIN_PACKET_OCTETS
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.channel import GlobalChannel

_MIN_TC_FRAME_OCTETS = tc.HEADER_OCTETS + 1 + MIN_PACKET_OCTETS + CRC_OCTETS


class VirtualChannel(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A TM virtual channel: its number on the wire, 0 to 7, and what people call it."""

    number: int
    name: str


class LinkParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """What uplink and downlink must agree on, the managed parameters of CCSDS 132.0-B-3 and 232.0-B-4 (section 5).

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: a virtual channel's number or name is not unique, ``priority`` names other channels, frames
            have a length for which there is no code block, or both directions share an SPI or a key.
    """

    spacecraft_id: int
    virtual_channels: tuple[VirtualChannel, ...] = (VirtualChannel(0, "realtime"), VirtualChannel(1, "recorded"))
    priority: tuple[int, ...] = ()
    """Virtual channel numbers, the most urgent first; empty means in ascending order."""
    idle_virtual_channel: int = DEFAULT_IDLE_CHANNEL
    """Where frames without packets go."""
    tm_frame_octets: int = 1115
    """Length of every TM frame: five interleaved code blocks of RS(255,223)."""
    queue_packets: int = DEFAULT_QUEUE_PACKETS
    """Packets that may wait per virtual channel."""
    max_packet_octets: int = MAX_PACKET_OCTETS
    """Longest packet in either direction."""
    tc_frame_octets: int = tc.MAX_FRAME_OCTETS
    """Longest TC frame."""
    tc_virtual_channel: int = 0
    segment_header: bool = False
    """Whether TC frames carry a segment header, which lets a packet be longer than a frame."""
    map_id: int = 0
    """The multiplexer access point in the segment header."""
    telemetry_coding: TelemetryCoding | None = None
    """How TM frames become bits; None if the antenna takes them as they are, on a test bench."""
    telecommand_coding: TelecommandCoding | None = None
    """How TC frames become bits; None likewise."""
    cop1: Cop1Parameters | None = None
    """Sequence control of telecommands; None if all frames bypass it."""
    telemetry_security: ChannelSecurity | None = None
    """What protects the frames of all virtual channels with packets; None if nothing does."""
    telecommand_security: ChannelSecurity | None = None
    """What protects the frames of the telecommand channel, control frames aside; None if nothing does."""

    def __post_init__(self) -> None:
        check_range("spacecraft id", self.spacecraft_id, 0, tc.MAX_SPACECRAFT_ID)
        check_range("idle virtual channel", self.idle_virtual_channel, 0, tm.MAX_VIRTUAL_CHANNEL)
        check_range("TM frame octets", self.tm_frame_octets, tm.MIN_FRAME_OCTETS, tm.MAX_FRAME_OCTETS)
        check_range("queue packets", self.queue_packets, 1, MAX_QUEUE_PACKETS)
        check_range("max packet octets", self.max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        check_range("TC frame octets", self.tc_frame_octets, _MIN_TC_FRAME_OCTETS, tc.MAX_FRAME_OCTETS)
        check_range("TC virtual channel", self.tc_virtual_channel, 0, tc.MAX_VIRTUAL_CHANNEL)
        check_range("MAP id", self.map_id, 0, tc.MAX_MAP_ID)
        numbers = [channel.number for channel in self.virtual_channels]
        names = [channel.name for channel in self.virtual_channels]
        for number in numbers:
            check_range("virtual channel", number, 0, tm.MAX_VIRTUAL_CHANNEL)
        if len(set(numbers)) != len(numbers) or len(set(names)) != len(names):
            raise WrongValueError(
                "virtual channels", list(zip(numbers, names, strict=True)), "unique numbers and names"
            )
        if self.priority and sorted(self.priority) != sorted(numbers):
            raise WrongValueError("priority", self.priority, f"each of {sorted(numbers)} once")
        if self.telemetry_coding is not None:
            self.telemetry_coding.block_octets(self.tm_frame_octets)
        check_range("TC data octets", self.max_tc_data_octets, MIN_PACKET_OCTETS, tc.MAX_FRAME_OCTETS)
        self._check_security()

    def _check_security(self) -> None:
        down, up = self.telemetry_security, self.telecommand_security
        if down is None or up is None:
            return
        for spi in down.spis:
            if spi in up.spis:
                raise WrongValueError("SPI of both directions", spi, "one for each")
        if down.key_id == up.key_id:
            raise WrongValueError("key of both directions", down.key_id, "one for each")

    @property
    def channels_by_priority(self) -> tuple[int, ...]:
        """Virtual channel numbers, the most urgent first."""
        return self.priority or tuple(sorted(channel.number for channel in self.virtual_channels))

    @property
    def max_tc_data_octets(self) -> int:
        """Longest data of one TC frame: the longest packet if there is no segment header."""
        return tc.max_data_octets(
            self.tc_frame_octets,
            segment_header=self.segment_header,
            security_octets=self.telecommand_security_octets,
        )

    @property
    def telecommand_security_octets(self) -> int:
        """Length of security header and trailer in TC frames; 0 if they are not protected."""
        return 0 if self.telecommand_security is None else self.telecommand_security.overhead_octets

    @property
    def telemetry_security_octets(self) -> int:
        """Length of security header and trailer in TM frames; 0 if they are not protected."""
        return 0 if self.telemetry_security is None else self.telemetry_security.overhead_octets

    @property
    def telecommand_channel(self) -> GlobalChannel:
        """The telecommand channel as the security names it."""
        return GlobalChannel(self.spacecraft_id, self.tc_virtual_channel, self.map_id if self.segment_header else 0)

    def telemetry_channel(self, number: int) -> GlobalChannel:
        """The telemetry channel of this number, 0 to 7, as the security names it."""
        return GlobalChannel(self.spacecraft_id, number)

    def telecommand_associations(self, *, flight: bool) -> tuple[AssociationParameters, ...]:
        """The security associations of telecommands at the end of the spacecraft, or of the ground; at most two."""
        security = self.telecommand_security
        if security is None:
            return ()
        role = Role.RECEIVER if flight else Role.SENDER
        return security.telecommand(role, self.telecommand_channel, segment_header=self.segment_header)

    def telemetry_associations(self, *, flight: bool) -> tuple[AssociationParameters, ...]:
        """The security associations of telemetry at the end of the spacecraft, or of the ground; at most two."""
        security = self.telemetry_security
        if security is None:
            return ()
        channels = [self.telemetry_channel(channel.number) for channel in self.virtual_channels]
        return security.telemetry(Role.SENDER if flight else Role.RECEIVER, channels)

    def associations(self, *, flight: bool) -> tuple[AssociationParameters, ...]:
        """The security associations of both directions at one end."""
        return self.telecommand_associations(flight=flight) + self.telemetry_associations(flight=flight)

    def channel_number(self, name: str) -> int:
        """Return the number of the virtual channel called ``name``.

        Raises:
            WrongValueError: there is none.
        """
        for channel in self.virtual_channels:
            if channel.name == name:
                return channel.number
        raise WrongValueError("virtual channel", name, f"one of {[channel.name for channel in self.virtual_channels]}")

    def channel_name(self, number: int) -> str:
        """Return the name of a virtual channel.

        Raises:
            WrongValueError: there is none of this number.
        """
        for channel in self.virtual_channels:
            if channel.number == number:
                return channel.name
        numbers = [channel.number for channel in self.virtual_channels]
        raise WrongValueError("virtual channel", number, f"one of {numbers}")
