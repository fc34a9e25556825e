"""What both ends of a sequence-controlled telecommand channel agree on (CCSDS 232.1-B-2, section 7)."""

import msgspec

from tlm_cmd.cop1.farm_variables import FarmParameters
from tlm_cmd.cop1.fop_variables import FopParameters
from tlm_cmd.cop1.sender import DEFAULT_QUEUE_UNITS, MAX_QUEUE_UNITS
from tlm_cmd.errors import check_range

_MS = 1_000_000


class Cop1Parameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Window, timer and limits of COP-1 on the link's telecommand channel.

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: the receiver's window is odd.
    """

    window: int = 10
    """K, frames that may be outstanding, 1 to half of ``farm_window``."""
    farm_window: int = 20
    """W of the receiver, even, 2 to 254."""
    t1_ms: int = 10_000
    """T1: how long to wait for the report on a frame [ms], 1 to a week; more than the way and back, and one report."""
    transmission_limit: int = 5
    """How often a frame may be sent, 1 to 255."""
    queue_units: int = DEFAULT_QUEUE_UNITS
    """Frames that may wait in front of FOP-1."""

    def __post_init__(self) -> None:
        check_range("queue units", self.queue_units, 1, MAX_QUEUE_UNITS)
        self.fop(0)
        self.farm(0)

    def fop(self, virtual_channel: int) -> FopParameters:
        """The sender's parameters for a TC virtual channel, 0 to 63."""
        return FopParameters(
            virtual_channel=virtual_channel,
            window=self.window,
            farm_window=self.farm_window,
            t1_initial_ns=self.t1_ms * _MS,
            transmission_limit=self.transmission_limit,
        )

    def farm(self, virtual_channel: int) -> FarmParameters:
        """The receiver's parameters for a TC virtual channel, 0 to 63."""
        return FarmParameters(virtual_channel=virtual_channel, window=self.farm_window)
