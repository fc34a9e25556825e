"""How frames become bits and are found again: managed parameters of the physical channels of a link.

They are those of CCSDS 131.0-B-5 for telemetry and of 231.0-B-4 for telecommands.
"""

import msgspec

from tlm_cmd.coding.cltu import CltuParameters
from tlm_cmd.coding.randomizer import Randomizer
from tlm_cmd.coding.reed_solomon import ReedSolomon
from tlm_cmd.coding.synchroniser_parameters import SynchroniserParameters
from tlm_cmd.errors import WrongValueError

_TELEMETRY_RANDOMIZERS = (Randomizer.NONE, Randomizer.TM, Randomizer.TM_LONG)
_TELECOMMAND_RANDOMIZERS = (Randomizer.NONE, Randomizer.TC)


class TelemetryCoding(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The way of a TM or AOS frame to the antenna and back (CCSDS 131.0-B-5, sections 4, 9 and 10).

    Raises:
        WrongValueError: the randomiser is one for telecommands.
    """

    reed_solomon: ReedSolomon | None = ReedSolomon()
    randomizer: Randomizer = Randomizer.TM
    search_errors: int = 1
    """Bits of a sync marker that may be wrong when it is first found."""
    lock_errors: int = 3
    """The same where one is expected."""
    slip_bits: int = 1
    """How many bits earlier or later than expected a marker may stand."""
    flywheel_markers: int = 3
    """Markers in a row that may be missing before the search begins anew."""

    def __post_init__(self) -> None:
        if self.randomizer not in _TELEMETRY_RANDOMIZERS:
            raise WrongValueError("telemetry randomizer", self.randomizer.value, "none, tm or tm_long")

    def block_octets(self, frame_octets: int) -> int:
        """Length of what stands between two sync markers.

        Raises:
            WrongValueError: the code has no block for frames of this length.
        """
        code = self.reed_solomon
        if code is None:
            return frame_octets
        if frame_octets % code.interleave or not 0 < frame_octets <= code.max_data_octets:
            allowed = f"a multiple of {code.interleave} up to {code.max_data_octets}, for the Reed-Solomon code"
            raise WrongValueError("TM frame octets", frame_octets, allowed)
        return frame_octets + code.parity_octets

    def synchroniser_parameters(self, frame_octets: int) -> SynchroniserParameters:
        """How a receiver looks for the blocks of frames of this length."""
        return SynchroniserParameters(
            frame_octets=self.block_octets(frame_octets),
            search_errors=self.search_errors,
            lock_errors=self.lock_errors,
            slip_bits=self.slip_bits,
            flywheel_markers=self.flywheel_markers,
        )


class TelecommandCoding(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The way of a TC frame to the antenna and back (CCSDS 231.0-B-4).

    Frames are randomised before they are BCH encoded, as issue 4 of the standard has it.

    Raises:
        WrongValueError: the randomiser is one for telemetry.
    """

    cltu: CltuParameters = CltuParameters()
    randomizer: Randomizer = Randomizer.TC

    def __post_init__(self) -> None:
        if self.randomizer not in _TELECOMMAND_RANDOMIZERS:
            raise WrongValueError("telecommand randomizer", self.randomizer.value, "none or tc")
