"""The TM frames of a spacecraft, of packets queued per virtual channel (CCSDS 132.0-B-3, 4.2)."""

from collections.abc import Mapping

from tlm_cmd.errors import LengthMismatchError, WrongValueError, check_range
from tlm_cmd.frames.multiplexer import PacketMultiplexer, SendingChannel
from tlm_cmd.frames.pointers import ONLY_IDLE_DATA
from tlm_cmd.frames.security import Protect
from tlm_cmd.frames.tm import (
    COUNT_MODULO,
    HEADER_OCTETS,
    MAX_FRAME_OCTETS,
    MAX_SECONDARY_HEADER_OCTETS,
    MAX_VIRTUAL_CHANNEL,
    TmFrame,
    max_data_octets,
)
from tlm_cmd.packets.spacepacket import IDLE_OCTET

DEFAULT_IDLE_CHANNEL = 7
"""The virtual channel of frames without packets unless said otherwise."""


class TmMultiplexer(PacketMultiplexer):
    """Makes the frames of a spacecraft, all of one length, from packets queued per virtual channel.

    Whose turn it is, `tlm_cmd.frames.scheduler` decides. When no packet waits, a frame of only idle data goes out on
    ``idle_channel``, which may also be one of ``channels``; its frames are protected only if it is.

    Args:
        spacecraft_id: in every frame.
        frame_octets: length of every frame, a managed parameter of the physical channel.
        channels: the virtual channels with packets.
        ocf: whether every frame has an operational control field.
        fecf: whether every frame has a frame error control field.
        secondary_header_octets: length of what the secondary header in every frame holds; 0 for none.
        idle_channel: the virtual channel of frames without packets.

    Raises:
        FieldRangeError: a channel, the frame length or a queue bound is out of range.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(
        self,
        spacecraft_id: int,
        frame_octets: int,
        channels: Mapping[int, SendingChannel],
        *,
        ocf: bool = True,
        fecf: bool = True,
        secondary_header_octets: int = 0,
        idle_channel: int = DEFAULT_IDLE_CHANNEL,
    ) -> None:
        check_range("secondary header octets", secondary_header_octets, 0, MAX_SECONDARY_HEADER_OCTETS)

        def room(security_octets: int) -> int:
            return max_data_octets(
                frame_octets,
                ocf=ocf,
                fecf=fecf,
                secondary_header_octets=secondary_header_octets,
                security_octets=security_octets,
            )

        most_security = max((channel.security_octets for channel in channels.values()), default=0)
        overhead = frame_octets - room(most_security)
        check_range("frame octets", frame_octets, max(HEADER_OCTETS, overhead) + 1, MAX_FRAME_OCTETS)
        super().__init__(
            channels,
            zone_octets=lambda _, channel: room(channel.security_octets),
            idle_channel=idle_channel,
            max_channel=MAX_VIRTUAL_CHANNEL,
        )
        self.spacecraft_id = spacecraft_id
        self.frame_octets = frame_octets
        self.ocf = ocf
        self.fecf = fecf
        self.secondary_header_octets = secondary_header_octets
        self._idle_data = IDLE_OCTET * room(channels[idle_channel].security_octets if idle_channel in channels else 0)

    def next_frame(self, ocf: bytes = b"", *, secondary_header: bytes = b"", protect: Protect | None = None) -> bytes:
        """Return the next frame; there always is one, for a link that never pauses.

        What ``protect`` raises passes through; the frame is not made then, and the next call tries its packets again.

        Args:
            ocf: the operational control field.
            secondary_header: what the secondary header holds.
            protect: adds security header and trailer to the frames of the channels that have them.

        Raises:
            WrongValueError: ``ocf`` has not four octets, or is given although frames have none; or ``protect`` is
                missing although there are protected channels. Nothing was taken then.
            LengthMismatchError: the secondary header has another length than it must have, and nothing was taken;
                or ``protect`` adds another number of octets than the channel's frames have room for.
        """
        if bool(ocf) != self.ocf:
            raise WrongValueError("operational control field", ocf, "four octets" if self.ocf else "none")
        if len(secondary_header) != self.secondary_header_octets:
            raise LengthMismatchError("secondary header", self.secondary_header_octets, len(secondary_header))
        self._check_protect(protect)
        state = self._state
        content = self._next_content()
        channel, pointer, data = self.idle_channel, ONLY_IDLE_DATA, self._idle_data
        if content is not None:
            channel, pointer, data = content.virtual_channel, content.first_header_pointer, content.packet_zone
        frame = TmFrame(
            self.spacecraft_id,
            channel,
            state.master_channel_count,
            state.virtual_channel_counts[channel],
            pointer,
            data,
            ocf,
            secondary_header,
        )
        security_octets = self._security_octets(channel)
        if security_octets:
            state.unprotected = content
            octets = frame.pack(protect, security_octets=security_octets, fecf=self.fecf)
        else:
            octets = frame.pack(fecf=self.fecf)
        self._count_frame(channel, COUNT_MODULO, idle=content is None)
        state.master_channel_count = (state.master_channel_count + 1) % COUNT_MODULO
        return octets
