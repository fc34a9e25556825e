"""FARM-1, the receiving end of COP-1 (CCSDS 232.1-B-2, section 6): accepts TC frames in sequence and reports."""

from collections.abc import Callable, Mapping
from typing import assert_never

import msgspec

from tlm_cmd.cop1.farm_table import FARM_TABLE, FarmAction, FarmEvent, FarmOutcome, FarmState
from tlm_cmd.cop1.farm_variables import FarmParameters, FarmStatus, FarmVariables
from tlm_cmd.cop1.sequence import MODULUS, distance, following
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrame, TcFrameType, control_value

_FARM_B_REPORTED = 4
"""The report has room for the counter modulo 4 (6.1.6)."""


class FarmVerdict(msgspec.Struct, frozen=True, gc=False):
    """What became of one frame; ``event`` is None when it belongs to another virtual channel."""

    event: FarmEvent | None
    outcome: FarmOutcome

    @property
    def accepted(self) -> bool:
        """Whether the data of the frame is to be handed on."""
        return self.outcome in (FarmOutcome.ACCEPTED_AD, FarmOutcome.ACCEPTED_BD)


def _flag(name: str, *, raised: bool) -> Callable[[FarmVariables, int], None]:
    def change(state: FarmVariables, _value: int) -> None:
        setattr(state, name, raised)

    return change


def _step_v_r(state: FarmVariables, _value: int) -> None:
    state.v_r = following(state.v_r)


def _load_v_r(state: FarmVariables, value: int) -> None:
    state.v_r = value


def _count_farm_b(state: FarmVariables, _value: int) -> None:
    state.farm_b_count = following(state.farm_b_count)


def _count_not_applicable(state: FarmVariables, _value: int) -> None:
    state.counters.not_applicable += 1


_PERFORM: Mapping[FarmAction, Callable[[FarmVariables, int], None]] = {
    FarmAction.STEP_V_R: _step_v_r,
    FarmAction.LOAD_V_R: _load_v_r,
    FarmAction.COUNT_FARM_B: _count_farm_b,
    FarmAction.SET_RETRANSMIT: _flag("retransmit", raised=True),
    FarmAction.CLEAR_RETRANSMIT: _flag("retransmit", raised=False),
    FarmAction.SET_WAIT: _flag("wait", raised=True),
    FarmAction.CLEAR_WAIT: _flag("wait", raised=False),
    FarmAction.SET_LOCKOUT: _flag("lockout", raised=True),
    FarmAction.CLEAR_LOCKOUT: _flag("lockout", raised=False),
    FarmAction.NOT_APPLICABLE: _count_not_applicable,
}


class Farm:
    """Decides which TC frames of one virtual channel are accepted. It never raises on a frame.

    The caller has unpacked the frame, which verifies it; it says whether it has room for the data of another frame
    and calls `buffer_released` when there is room again.
    """

    def __init__(self, parameters: FarmParameters) -> None:
        self.parameters = parameters
        self.state = FarmVariables(
            state=parameters.initial_state,
            v_r=parameters.initial_v_r,
            lockout=parameters.initial_state is FarmState.LOCKOUT,
        )

    def receive(self, frame: TcFrame, *, buffer_free: bool = True) -> FarmVerdict:
        """Take a valid frame and return what became of it.

        Data of frames out of sequence (BD) is always accepted: a caller without room overwrites what it holds
        (6.2.2).
        """
        if frame.virtual_channel != self.parameters.virtual_channel:
            self.state.counters.other_channel += 1
            return FarmVerdict(None, FarmOutcome.NONE)
        match frame.frame_type:
            case TcFrameType.AD:
                return self._apply(self._event_of_number(frame.sequence_number, buffer_free=buffer_free))
            case TcFrameType.BD:
                return self._apply(FarmEvent.E6)
            case TcFrameType.BC:
                return self._control(frame)
            case _:
                assert_never(frame.frame_type)

    def invalid_frame(self) -> FarmVerdict:
        """Count a frame that could not be unpacked (E9)."""
        return self._apply(FarmEvent.E9)

    def buffer_released(self) -> None:
        """Learn that there is room for the data of one more frame, whatever its length (E10)."""
        self._apply(FarmEvent.E10)

    def clcw(self, *, no_rf_available: bool = False, no_bit_lock: bool = False, status: int = 0) -> Clcw:
        """Return the report (E11); the flags are what the radio says of the signal, ``status`` is the mission's.

        Raises:
            FieldRangeError: the status is not in 0 to 7.
        """
        self._apply(FarmEvent.E11)
        state = self.state
        return Clcw(
            virtual_channel=self.parameters.virtual_channel,
            report_value=state.v_r,
            farm_b_count=state.farm_b_count % _FARM_B_REPORTED,
            no_rf_available=no_rf_available,
            no_bit_lock=no_bit_lock,
            lockout=state.lockout,
            wait=state.wait,
            retransmit=state.retransmit,
            status=status,
        )

    def status(self) -> FarmStatus:
        """Return the state of the receiver for telemetry and displays."""
        state, counters = self.state, self.state.counters
        return FarmStatus(
            state=state.state.name.lower(),
            v_r=state.v_r,
            lockout=state.lockout,
            wait=state.wait,
            retransmit=state.retransmit,
            farm_b_count=state.farm_b_count,
            accepted_ad=counters.accepted_ad,
            accepted_bd=counters.accepted_bd,
            control_commands=counters.executed + counters.not_executed,
            discarded=counters.discarded,
        )

    def _event_of_number(self, number: int, *, buffer_free: bool) -> FarmEvent:
        ahead = distance(self.state.v_r, number)
        half = self.parameters.window // 2
        if ahead == 0:
            return FarmEvent.E1 if buffer_free else FarmEvent.E2
        if ahead < half:
            return FarmEvent.E3
        return FarmEvent.E4 if ahead >= MODULUS - half else FarmEvent.E5

    def _control(self, frame: TcFrame) -> FarmVerdict:
        try:
            value = control_value(frame)
        except ProtocolError:
            return self._apply(FarmEvent.E9)
        return self._apply(FarmEvent.E7) if value is None else self._apply(FarmEvent.E8, value)

    def _apply(self, event: FarmEvent, value: int = 0) -> FarmVerdict:
        cell = FARM_TABLE[event][self.state.state]
        for action in cell.actions:
            _PERFORM[action](self.state, value)
        self.state.state = cell.next_state
        if cell.outcome is not FarmOutcome.NONE:
            self.state.counters.count(cell.outcome)
        return FarmVerdict(event, cell.outcome)
