"""FOP-1 and the queue in front of it: any reports, units, directives, answers and times in any order."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.target import Target, promise, promise_sum
from tlm_cmd.cop1.fop_outputs import FrameDataUnit, TransmitFrame
from tlm_cmd.cop1.fop_variables import FopParameters
from tlm_cmd.cop1.fop_vocabulary import Directive, FopState, TimeoutType
from tlm_cmd.cop1.sender import Cop1Sender
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrameType

_SECOND = 10**9
_DIRECTIVES = tuple(Directive)
_FRAME_TYPES = tuple(TcFrameType)
_WEIGHTS = (40, 40, 3, 1, 10, 8, 1)
_INITIAL_WEIGHTS = (10, 5, 3, 30, 3, 5, 1)
"""Of reports, units, units that bypass, directives, time, and two kinds of answers from below."""
QUEUE_UNITS = 8


class FopTarget(Target):
    """`Cop1Sender`: an event is five octets; its number and its arguments."""

    name = "cop1_sender"
    declared = ()
    reaches = frozenset(
        {"initial", "active", "retransmit_without_wait", "retransmit_with_wait", "initialising_with_bc"}
    )
    share = 20
    most_state_octets = 6000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        parameters = FopParameters(
            window=chance.choice((1, 3, 10)),
            t1_initial_ns=5 * _SECOND,
            transmission_limit=chance.choice((1, 2, 5)),
            timeout_type=chance.choice(list(TimeoutType)),
            accepted_at_once=chance.random() < 0.7,
        )
        self.sender = Cop1Sender(parameters, QUEUE_UNITS)
        self.now_ns = 0
        self.submitted = self.clcws = self.bypassed = self.directives = 0

    def case(self) -> bytes:
        """An event, and its arguments: what a receiver might say, mostly."""
        chance, fop = self.chance, self.sender.state.fop
        event = chance.choices(range(7), _INITIAL_WEIGHTS if fop.state is FopState.INITIAL else _WEIGHTS)[0]
        outstanding = (fop.v_s - fop.nn_r) % 256
        number = fop.nn_r + chance.randint(0, outstanding)
        if chance.random() < 0.04:
            number = chance.choice((fop.nn_r - 1, fop.v_s + 1, chance.randrange(256)))
        flags = chance.choices((0, 4, 6, 1, chance.randrange(256)), (75, 15, 5, 1, 2))[0]
        if event == 3:
            flags = chance.choice((0, 1, 2, 3, 5)) if fop.state is FopState.INITIAL else chance.randrange(256)
        return bytes([event, number % 256, flags, chance.randrange(256)])

    def run(self, case: bytes) -> str:
        """Let an event happen."""
        event, number, flags, rest = [*case, 0, 0, 0, 0][:4]
        sender, now_ns = self.sender, self.now_ns
        match event:
            case 0:
                self.clcws += 1
                clcw = Clcw(0, number, lockout=bool(flags & 1), wait=bool(flags & 2), retransmit=bool(flags & 4))
                outputs = sender.on_clcw(clcw, now_ns)
            case 1:
                self.submitted += 1
                outputs = sender.send(FrameDataUnit(bytes([number]), tag=rest), now_ns)
            case 2:
                self.bypassed += 1
                outputs = sender.send_bypass(FrameDataUnit(bytes([number])), now_ns)
            case 3:
                self.directives += 1
                outputs = sender.directive(_DIRECTIVES[flags % len(_DIRECTIVES)], now_ns, qualifier=number)
            case 4:
                self.now_ns += rest * _SECOND // 20
                outputs = sender.poll(self.now_ns)
            case 5:
                outputs = sender.lower_accepts(_FRAME_TYPES[number % len(_FRAME_TYPES)], now_ns)
            case _:
                if flags & 1:
                    self.clcws += 1
                    outputs = sender.on_invalid_clcw(now_ns)
                else:
                    outputs = sender.lower_rejects(_FRAME_TYPES[number % len(_FRAME_TYPES)], now_ns)
        for output in outputs:
            if isinstance(output, TransmitFrame):
                output.frame(1, 0).pack()
        return sender.status().state

    def check(self) -> None:
        """Each unit, report and directive is accounted for."""
        state, fop = self.sender.state, self.sender.state.fop
        promise_sum("submitted", state.counters.submitted, self.submitted)
        known = state.counters.passed_on, state.counters.refused_full, state.counters.given_up
        promise_sum("submitted", state.counters.submitted, *known, len(state.queue))
        counters = fop.counters
        promise_sum("requests", counters.ad_requests, state.counters.passed_on)
        waits = int(fop.wait_queue is not None)
        promise_sum("requests", counters.ad_requests, counters.ad_accepted, counters.ad_rejected, waits)
        sent = sum(each.frame_type is TcFrameType.AD for each in fop.sent_queue)
        promise_sum("accepted", counters.ad_accepted, counters.ad_confirmed, counters.ad_not_confirmed, sent)
        promise_sum("AD frames", counters.ad_frames, counters.ad_accepted)
        promise_sum("bypassing", counters.bd_requests, self.bypassed)
        promise_sum("bypassing", counters.bd_requests, counters.bd_frames, counters.bd_rejected)
        promise_sum("reports", counters.clcws, self.clcws)
        promise_sum("directives", counters.directives, self.directives)
        promise(len(fop.sent_queue) <= max(fop.window, 10, 1), what="more frames outstanding than the window")
        promise(len(state.queue) <= QUEUE_UNITS, what="queue beyond its bound")

    def memory(self) -> msgspec.Struct:
        """The sender's."""
        return self.sender.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.sender.state))
        self.sender.state = state


TARGETS: tuple[type[Target], ...] = (FopTarget,)
