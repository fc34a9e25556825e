"""Which security associations protect which direction of a link (CCSDS 355.0-B-2, 4.2.2)."""

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
    """The associations of one direction: what both ends hold of them, but for the keys.

    A key is changed without a gap by a second association of the same form: it gets the new key and is started, and
    the first one is stopped behind it. At the next change they have their parts the other way round.

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: an authentication without sequence number, or the two associations have one SPI.
    """

    spi: int
    key_id: int
    """The session key that the first association begins with."""
    second_spi: int | None = None
    """The association that waits, without key, for the next change of keys; None if keys are not changed in use."""
    algorithm: Algorithm = Algorithm.AES_256_GCM
    sequence_octets: int = 0
    """Length of the sequence number field; with GCM the initialisation vector can be the sequence number, so 0."""
    window: int = DEFAULT_WINDOW
    """Frames that may be lost in a row."""
    iv_prefix: int = 0

    def __post_init__(self) -> None:
        check_range("SPI", self.spi, MIN_SPI, MAX_SPI)
        check_range("key id", self.key_id, 0, MAX_KEY_ID)
        if self.second_spi is not None:
            check_range("second SPI", self.second_spi, MIN_SPI, MAX_SPI)
            if self.second_spi == self.spi:
                raise WrongValueError("second SPI", self.second_spi, "another one than the first")
        self._associations(Role.SENDER, (GlobalChannel(0, 0),), tm_mask())

    @property
    def spis(self) -> tuple[int, ...]:
        """The associations, the one that has the key at first in front."""
        return (self.spi,) if self.second_spi is None else (self.spi, self.second_spi)

    @property
    def overhead_octets(self) -> int:
        """By how much either association makes a frame longer."""
        return self._associations(Role.SENDER, (GlobalChannel(0, 0),), tm_mask())[0].overhead_octets

    def telecommand(
        self, role: Role, channel: GlobalChannel, *, segment_header: bool
    ) -> tuple[AssociationParameters, ...]:
        """The associations of a telecommand channel at one end."""
        return self._associations(role, (channel,), tc_mask(segment_header=segment_header))

    def telemetry(self, role: Role, channels: Iterable[GlobalChannel]) -> tuple[AssociationParameters, ...]:
        """The associations of telemetry channels at one end."""
        return self._associations(role, tuple(channels), tm_mask())

    def _associations(
        self, role: Role, channels: tuple[GlobalChannel, ...], mask: bytes
    ) -> tuple[AssociationParameters, ...]:
        return tuple(
            AssociationParameters(
                spi=spi,
                role=role,
                algorithm=self.algorithm,
                channels=channels,
                header_mask=mask,
                key_id=self.key_id if spi == self.spi else None,
                sequence_octets=self.sequence_octets,
                iv_prefix=self.iv_prefix,
                window=self.window,
            )
            for spi in self.spis
        )


def check_security(wanted: ChannelSecurity | None, found: FrameSecurity | None) -> None:
    """Make sure that one end of a link has security exactly if its parameters say so: there is no way around it.

    Raises:
        WrongValueError: the link is protected and there is no security, or the other way round.
    """
    if (wanted is None) is not (found is None):
        expected = "none, on an open link" if wanted is None else f"one with association {wanted.spi}"
        raise WrongValueError("link security", "none" if found is None else "one", expected)
