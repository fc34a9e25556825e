"""Which security association protects which direction of a link (CCSDS 355.0-B-2, 4.2.2)."""

from collections.abc import Iterable

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import DEFAULT_WINDOW, MAX_SPI, MIN_SPI, AssociationParameters, Role
from tlm_cmd.sdls.authentication_mask import tc_mask, tm_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_ring import MAX_KEY_ID


class ChannelSecurity(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """One association: what both ends hold of it, but for the key itself.

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: an authentication without sequence number.
    """

    spi: int
    key_id: int
    """The session key that the association begins with."""
    algorithm: Algorithm = Algorithm.AES_256_GCM
    sequence_octets: int = 0
    """Length of the sequence number field; with GCM the initialisation vector can be the sequence number, so 0."""
    window: int = DEFAULT_WINDOW
    """Frames that may be lost in a row."""
    iv_prefix: int = 0

    def __post_init__(self) -> None:
        check_range("SPI", self.spi, MIN_SPI, MAX_SPI)
        check_range("key id", self.key_id, 0, MAX_KEY_ID)
        self._association(Role.SENDER, (GlobalChannel(0, 0),), tm_mask())

    @property
    def overhead_octets(self) -> int:
        """By how much the association makes a frame longer."""
        return self._association(Role.SENDER, (GlobalChannel(0, 0),), tm_mask()).overhead_octets

    def telecommand(self, role: Role, channel: GlobalChannel, *, segment_header: bool) -> AssociationParameters:
        """The association of a telecommand channel at one end."""
        return self._association(role, (channel,), tc_mask(segment_header=segment_header))

    def telemetry(self, role: Role, channels: Iterable[GlobalChannel]) -> AssociationParameters:
        """The association of telemetry channels at one end."""
        return self._association(role, tuple(channels), tm_mask())

    def _association(self, role: Role, channels: tuple[GlobalChannel, ...], mask: bytes) -> AssociationParameters:
        return AssociationParameters(
            spi=self.spi,
            role=role,
            algorithm=self.algorithm,
            channels=channels,
            header_mask=mask,
            key_id=self.key_id,
            sequence_octets=self.sequence_octets,
            iv_prefix=self.iv_prefix,
            window=self.window,
        )


def check_security(wanted: ChannelSecurity | None, found: FrameSecurity | None) -> None:
    """Make sure that one end of a link has security exactly if its parameters say so: there is no way around it.

    Raises:
        WrongValueError: the link is protected and there is no security, or the other way round.
    """
    if (wanted is None) is not (found is None):
        expected = "none, on an open link" if wanted is None else f"one with association {wanted.spi}"
        raise WrongValueError("link security", "none" if found is None else "one", expected)
