"""What FARM-1 is told and what it remembers (CCSDS 232.1-B-2, 6.1 and section 7)."""

import msgspec

from tlm_cmd.cop1.farm_table import FarmOutcome, FarmState
from tlm_cmd.cop1.sequence import MODULUS, check_farm_window
from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames.tc import MAX_VIRTUAL_CHANNEL


class FarmParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The managed parameters of FARM-1 on one virtual channel (section 7).

    The standard does not say in which state a receiver wakes up. Lockout is the safe one, and what telecommand
    decoders in hardware do: what the sender believes of V(R) may be wrong after a reboot, and nothing sent in
    sequence is executed until the ground has opened the way with an Unlock command.

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: the window is odd, or the first state is WAIT, which needs a frame to lead to it.
    """

    virtual_channel: int = 0
    window: int = 20
    """W, even, 2 to 254: numbers around V(R) that do not lock the receiver out, half on either side."""
    initial_state: FarmState = FarmState.LOCKOUT
    initial_v_r: int = 0

    def __post_init__(self) -> None:
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_farm_window(self.window)
        check_range("initial V(R)", self.initial_v_r, 0, MODULUS - 1)
        if self.initial_state is FarmState.WAIT:
            raise WrongValueError("initial FARM state", self.initial_state.name, "OPEN or LOCKOUT")


class FarmCounters(msgspec.Struct):
    """What became of each frame.

    ``frames`` is the sum of all that follow, ``not_applicable`` and ``other_channel`` aside; frames of other
    channels are not counted in it.
    """

    frames: int = 0
    accepted_ad: int = 0
    accepted_bd: int = 0
    executed: int = 0
    not_executed: int = 0
    no_buffer: int = 0
    waiting: int = 0
    gap: int = 0
    repeated: int = 0
    out_of_window: int = 0
    locked_out: int = 0
    invalid: int = 0
    not_applicable: int = 0
    """Frames for which there was room while the receiver waited for room: somebody forgot to say so."""
    other_channel: int = 0

    @property
    def discarded(self) -> int:
        """Frames discarded for any reason."""
        for_number = self.gap + self.repeated + self.out_of_window
        return self.no_buffer + self.waiting + for_number + self.locked_out + self.invalid

    def count(self, outcome: FarmOutcome) -> None:
        """Count one more frame with this outcome."""
        self.frames += 1
        setattr(self, outcome.value, int(getattr(self, outcome.value)) + 1)


class FarmVariables(msgspec.Struct):
    """The memory of a `Farm`: the variables of 6.1."""

    state: FarmState
    v_r: int
    """V(R), the sequence number that is expected next."""
    lockout: bool = False
    wait: bool = False
    retransmit: bool = False
    farm_b_count: int = 0
    """Frames accepted out of sequence, modulo 256; the report carries its last two bits."""
    counters: FarmCounters = msgspec.field(default_factory=FarmCounters)


class FarmStatus(msgspec.Struct, frozen=True, gc=False):
    """The state of a receiver for telemetry and displays."""

    state: str
    v_r: int
    lockout: bool
    wait: bool
    retransmit: bool
    farm_b_count: int
    accepted_ad: int
    accepted_bd: int
    control_commands: int
    discarded: int
