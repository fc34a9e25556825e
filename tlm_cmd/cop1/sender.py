"""The sending end as a whole: a queue in front of FOP-1, as the higher procedures keep it (CCSDS 232.1-B-2, 3.2)."""

import msgspec

from tlm_cmd.cop1.fop import Fop
from tlm_cmd.cop1.fop_outputs import Alert, FopOutput, FrameDataUnit, UnitAnswer
from tlm_cmd.cop1.fop_variables import FopParameters, FopStatus, FopVariables
from tlm_cmd.cop1.fop_vocabulary import Answer, Directive, FopState
from tlm_cmd.errors import check_range
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrameType

DEFAULT_QUEUE_UNITS = 256
MAX_QUEUE_UNITS = 65_536


class Cop1SenderCounters(msgspec.Struct):
    """What became of the units given to `Cop1Sender.send`.

    ``submitted = passed_on + refused_full + given_up + those in the queue``.
    """

    submitted: int = 0
    passed_on: int = 0
    """To FOP-1, which counts on."""
    refused_full: int = 0
    given_up: int = 0
    """Still in the queue when the service ended."""


class Cop1SenderState(msgspec.Struct):
    """The memory of a `Cop1Sender`."""

    fop: FopVariables
    queue: list[FrameDataUnit] = []
    counters: Cop1SenderCounters = msgspec.field(default_factory=Cop1SenderCounters)


class Cop1Sender:
    """Sends any number of units in sequence, as fast as the window lets them go.

    When the service ends with an alert, every unit still queued is rejected: what was meant to follow a command that
    may not have arrived is not sent by itself. While the service is suspended or being initiated, units wait.

    Args:
        parameters: of FOP-1.
        queue_units: how many units may wait in front of it, 1 to 65 536.

    Raises:
        FieldRangeError: ``queue_units`` is out of range.
    """

    def __init__(self, parameters: FopParameters, queue_units: int = DEFAULT_QUEUE_UNITS) -> None:
        check_range("queue units", queue_units, 1, MAX_QUEUE_UNITS)
        self.queue_units = queue_units
        self._fop = Fop(parameters)
        self._state = Cop1SenderState(fop=self._fop.state)

    @property
    def state(self) -> Cop1SenderState:
        """The memory of the sender; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: Cop1SenderState) -> None:
        self._fop.state = state.fop
        self._state = state

    @property
    def parameters(self) -> FopParameters:
        """The parameters of FOP-1."""
        return self._fop.parameters

    @property
    def deadline_ns(self) -> int | None:
        """When to call `poll` at the latest; None while the timer does not run."""
        return self._fop.deadline_ns

    def send(self, unit: FrameDataUnit, now_ns: int) -> list[FopOutput]:
        """Send a unit in sequence; rejected if the service is not in use, or the queue is full."""
        state = self._state
        state.counters.submitted += 1
        if state.fop.state is FopState.INITIAL and not state.fop.suspend_state:
            state.counters.passed_on += 1
            return self._fop.request_ad(unit, now_ns)
        if len(state.queue) >= self.queue_units:
            state.counters.refused_full += 1
            return [UnitAnswer(unit.tag, Answer.REJECTED)]
        state.queue.append(unit)
        return self._go_on([], now_ns)

    def send_bypass(self, unit: FrameDataUnit, now_ns: int) -> list[FopOutput]:
        """Send a unit once, out of sequence, before whatever is queued."""
        return self._fop.request_bd(unit, now_ns)

    def directive(self, directive: Directive, now_ns: int, *, qualifier: int = 0, tag: int = 0) -> list[FopOutput]:
        """Take a directive, with its qualifier and the tag of its answer as in `Fop.directive`."""
        return self._go_on(self._fop.directive(directive, now_ns, qualifier=qualifier, tag=tag), now_ns)

    def on_clcw(self, clcw: Clcw, now_ns: int) -> list[FopOutput]:
        """Take a report."""
        return self._go_on(self._fop.on_clcw(clcw, now_ns), now_ns)

    def on_invalid_clcw(self, now_ns: int) -> list[FopOutput]:
        """Learn that a report was no valid CLCW, as `Fop.on_invalid_clcw`."""
        return self._go_on(self._fop.on_invalid_clcw(now_ns), now_ns)

    def poll(self, now_ns: int) -> list[FopOutput]:
        """Take the time."""
        return self._go_on(self._fop.poll(now_ns), now_ns)

    def lower_accepts(self, frame_type: TcFrameType, now_ns: int) -> list[FopOutput]:
        """Learn that the last frame of this type was accepted below, as `Fop.lower_accepts`."""
        return self._go_on(self._fop.lower_accepts(frame_type, now_ns), now_ns)

    def lower_rejects(self, frame_type: TcFrameType, now_ns: int) -> list[FopOutput]:
        """Learn that the last frame of this type could not be sent, as `Fop.lower_rejects`."""
        return self._go_on(self._fop.lower_rejects(frame_type, now_ns), now_ns)

    def status(self) -> FopStatus:
        """Return the state of FOP-1 for telemetry and displays."""
        return self._fop.status()

    def _go_on(self, outputs: list[FopOutput], now_ns: int) -> list[FopOutput]:
        """Feed FOP-1 what it takes, or empty the queue if the service has ended."""
        state = self._state
        if any(isinstance(output, Alert) for output in outputs):
            outputs += [UnitAnswer(unit.tag, Answer.REJECTED) for unit in state.queue]
            state.counters.given_up += len(state.queue)
            state.queue.clear()
        taken = 0
        while taken < len(state.queue) and self._fop.takes_ad:
            outputs += self._fop.request_ad(state.queue[taken], now_ns)
            taken += 1
        del state.queue[:taken]
        state.counters.passed_on += taken
        return outputs
