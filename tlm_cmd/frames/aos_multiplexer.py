"""The AOS frames of a spacecraft, of packets queued per virtual channel (CCSDS 732.0-B-4, 4.2)."""

from collections.abc import Mapping

from tlm_cmd.errors import LengthMismatchError, WrongValueError
from tlm_cmd.frames.aos import (
    COUNT_MODULO,
    EXTENDED_COUNT_MODULO,
    IDLE_CHANNEL,
    MAX_VIRTUAL_CHANNEL,
    OCF_OCTETS,
    AosFormat,
    AosFrame,
)
from tlm_cmd.frames.aos_data_units import DATA_UNIT_HEADER_OCTETS
from tlm_cmd.frames.multiplexer import PacketMultiplexer, SendingChannel
from tlm_cmd.frames.security import Protect
from tlm_cmd.packets.spacepacket import IDLE_OCTET


class AosMultiplexer(PacketMultiplexer):
    """Makes the frames of a spacecraft from packets queued per virtual channel, in M_PDUs.

    Whose turn it is, `tlm_cmd.frames.scheduler` decides. When no packet waits, a frame of only idle data goes out on
    virtual channel 63.

    Args:
        spacecraft_id: in every frame.
        shape: of all frames of the physical channel.
        channels: the virtual channels with packets, each 0 to 62.
        cycle: whether the channels use the frame count cycle, which makes their counts wrap 16 times later.

    Raises:
        FieldRangeError: a channel or a queue bound is out of range, or frames have no room for packets.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(
        self,
        spacecraft_id: int,
        shape: AosFormat,
        channels: Mapping[int, SendingChannel],
        *,
        cycle: bool = False,
    ) -> None:
        if IDLE_CHANNEL in channels:
            raise WrongValueError("virtual channel", IDLE_CHANNEL, f"0 to {IDLE_CHANNEL - 1} for packets")
        super().__init__(
            channels,
            zone_octets=lambda number, channel: (
                shape.max_data_octets(number, security_octets=channel.security_octets) - DATA_UNIT_HEADER_OCTETS
            ),
            idle_channel=IDLE_CHANNEL,
            max_channel=MAX_VIRTUAL_CHANNEL,
        )
        self.spacecraft_id = spacecraft_id
        self.shape = shape
        self.cycle = cycle
        self._idle_data = IDLE_OCTET * shape.max_data_octets(IDLE_CHANNEL)

    def next_frame(
        self, ocf: bytes = b"", *, insert_zone: bytes = b"", replay: bool = False, protect: Protect | None = None
    ) -> bytes:
        """Return the next frame; there always is one, for a link that never pauses.

        What ``protect`` raises passes through; the frame is not made then, and the next call tries its packets again.

        Args:
            ocf: the operational control field, for the frames of the channels that have it.
            insert_zone: what stands in the insert zone.
            replay: whether the packets come out of a store.
            protect: adds security header and trailer to the frames of the channels that have them.

        Raises:
            WrongValueError: ``ocf`` has not four octets although there are channels that need it, or ``protect`` is
                missing although there are protected channels. Nothing was taken then.
            LengthMismatchError: the insert zone has another length than it must have, and nothing was taken; or
                ``protect`` adds another number of octets than the channel's frames have room for.
        """
        if len(ocf) != OCF_OCTETS * bool(self.shape.ocf_channels):
            expected = "four octets" if self.shape.ocf_channels else "none"
            raise WrongValueError("operational control field", ocf, expected)
        if len(insert_zone) != self.shape.insert_zone_octets:
            raise LengthMismatchError("insert zone", self.shape.insert_zone_octets, len(insert_zone))
        self._check_protect(protect)
        content = self._next_content()
        channel, data = self.idle_channel, self._idle_data
        if content is not None:
            channel = content.virtual_channel
            data = content.first_header_pointer.to_bytes(DATA_UNIT_HEADER_OCTETS, "big") + content.packet_zone
        cycle, count = divmod(self._state.virtual_channel_counts[channel], COUNT_MODULO)
        frame = AosFrame(
            self.spacecraft_id,
            channel,
            count,
            data,
            cycle if self.cycle else None,
            replay,
            insert_zone,
            ocf if channel in self.shape.ocf_channels else b"",
        )
        security_octets = self._security_octets(channel)
        if security_octets:
            self._state.unprotected = content
            octets = frame.pack(self.shape, protect, security_octets=security_octets)
        else:
            octets = frame.pack(self.shape)
        self._count_frame(channel, EXTENDED_COUNT_MODULO if self.cycle else COUNT_MODULO, idle=content is None)
        return octets
