"""Both ends over a link that loses frames and reports: every packet arrives, once, in order.

``FLIGHTSW_SOAK=N`` multiplies the packets; ``make soak`` does.
"""

from __future__ import annotations

import os
import random
from collections import deque
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tlm_cmd.cop1.farm import Farm
from tlm_cmd.cop1.farm_table import FarmOutcome, FarmState
from tlm_cmd.cop1.farm_variables import FarmParameters
from tlm_cmd.cop1.fop_outputs import AbortFrames, Alert, FopOutput, FrameDataUnit, Suspended, TransmitFrame, UnitAnswer
from tlm_cmd.cop1.fop_variables import FopParameters
from tlm_cmd.cop1.fop_vocabulary import Answer, Directive
from tlm_cmd.cop1.sender import Cop1Sender
from tlm_cmd.cop1.sequence import distance
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrame

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
MODEST = settings(max_examples=100, deadline=None)
STEP_NS = 1_000_000
"""The radio sends one frame per step."""
SPACECRAFT_ID, CHANNEL = 0x123, 5


class Link:
    """A ground station and a spacecraft, some steps apart.

    Args:
        seed: of what is lost, and of when there is no room on board.
        loss: share of the frames lost on the way up, and of the reports on the way down.
        delay: steps from one end to the other.
        window: K; W is twice that.
        no_room: share of the frames for which there is no room on board, for a while.
        at_once: whether frames are accepted as they are handed out and then wait for the radio.
    """

    def __init__(
        self,
        seed: int,
        loss: float,
        *,
        delay: int = 3,
        window: int = 10,
        no_room: float = 0.0,
        at_once: bool = False,
        report_every: int = 1,
    ) -> None:
        self.chance, self.loss, self.delay, self.no_room = random.Random(seed), loss, delay, no_room
        self.report_every = report_every
        self.sender = Cop1Sender(
            FopParameters(
                virtual_channel=CHANNEL,
                window=window,
                farm_window=2 * window,
                t1_initial_ns=(2 * delay + report_every + 1) * STEP_NS,
                transmission_limit=255,
                accepted_at_once=at_once,
            ),
            queue_units=2 * window,
        )
        self.farm = Farm(FarmParameters(virtual_channel=CHANNEL, window=2 * window))
        self.step = 0
        self.radio: deque[TransmitFrame] = deque()
        self.up: deque[tuple[int, bytes]] = deque()
        self.down: deque[tuple[int, bytes]] = deque()
        self.room_at: int | None = None
        self.received: list[bytes] = []
        self.confirmed: list[int] = []
        self.directive(Directive.INITIATE_WITH_UNLOCK)

    @property
    def now_ns(self) -> int:
        """The time of this step."""
        return self.step * STEP_NS

    def directive(self, directive: Directive) -> None:
        """Give the sender a directive."""
        self.take(self.sender.directive(directive, self.now_ns))

    def take(self, outputs: list[FopOutput]) -> None:
        """Do what the sender says; nothing may be given up."""
        for output in outputs:
            match output:
                case TransmitFrame():
                    self.radio.append(output)
                case AbortFrames():
                    # What waits is repeated anyway; while the radio owes an answer it keeps its frame.
                    if self.sender.parameters.accepted_at_once:
                        self.radio.clear()
                case UnitAnswer():
                    assert output.answer in (Answer.ACCEPTED, Answer.CONFIRMED)
                    if output.answer is Answer.CONFIRMED:
                        self.confirmed.append(output.tag)
                case Alert() | Suspended():
                    pytest.fail(f"{output} in step {self.step}")

    def run(self, packets: list[bytes]) -> None:
        """Send packets until all are confirmed, a bounded time long."""
        sent, last = 0, 200 * len(packets) + 1000
        while len(self.confirmed) < len(packets):
            assert self.step < last, "the link is stuck"
            while sent < len(packets) and len(self.sender.state.queue) < self.sender.queue_units:
                self.take(self.sender.send(FrameDataUnit(packets[sent], tag=sent), self.now_ns))
                sent += 1
            self.step += 1
            self.fly_up()
            self.fly_down()
            self.take(self.sender.poll(self.now_ns))
            self.check()

    def fly_up(self) -> None:
        """Radiate one frame, and let one arrive."""
        if self.radio:
            request = self.radio.popleft()
            if self.chance.random() >= self.loss:
                octets = request.frame(SPACECRAFT_ID, CHANNEL).pack()
                self.up.append((self.step + self.delay, octets))
            if not self.sender.parameters.accepted_at_once:
                self.take(self.sender.lower_accepts(request.frame_type, self.now_ns))
        if self.room_at == self.step:
            self.room_at = None
            self.farm.buffer_released()
        if self.up and self.up[0][0] == self.step:
            frame = TcFrame.unpack(self.up.popleft()[1], spacecraft_id=SPACECRAFT_ID)
            free = self.room_at is None and self.chance.random() >= self.no_room
            verdict = self.farm.receive(frame, buffer_free=free)
            if verdict.accepted:
                self.received.append(frame.data)
            if verdict.outcome is FarmOutcome.NO_BUFFER:
                self.room_at = self.step + 5

    def fly_down(self) -> None:
        """Send one report, and let one arrive."""
        if self.step % self.report_every == 0 and self.chance.random() >= self.loss:
            self.down.append((self.step + self.delay, self.farm.clcw().pack()))
        if self.down and self.down[0][0] == self.step:
            self.take(self.sender.on_clcw(Clcw.unpack(self.down.popleft()[1]), self.now_ns))

    def check(self) -> None:
        """Assert what holds in every step: V(R) is between NN(R) and V(S), and nothing outstanding is forgotten."""
        fop = self.sender.state.fop
        assert not fop.sent_queue or fop.timer_expires_ns is not None
        assert fop.outstanding <= fop.window
        if self.farm.state.state is not FarmState.LOCKOUT:
            assert distance(fop.nn_r, self.farm.state.v_r) <= fop.outstanding
        # What waits for the radio: copies to be repeated, and new frames once those are acknowledged after all.
        assert len(self.radio) <= 2 * fop.window


def packet(number: int) -> bytes:
    """Return a packet that no other equals."""
    return number.to_bytes(4, "big")


@pytest.mark.untraced
@pytest.mark.soak
def test_a_hundred_thousand_packets_over_a_lossy_link() -> None:
    """With 10 % of the frames and of the reports lost, 100,000 packets arrive in order, once, and are confirmed."""
    packets = [packet(number) for number in range(100_000 * SOAK)]
    link = Link(seed=1, loss=0.1)
    link.run(packets)
    assert link.received == packets
    assert link.confirmed == list(range(len(packets)))
    counters = link.farm.state.counters
    assert counters.accepted_ad == link.sender.state.fop.counters.ad_confirmed == len(packets)
    assert counters.out_of_window == link.sender.state.fop.counters.not_applicable == counters.not_applicable == 0
    assert counters.gap > 1000
    assert counters.repeated > 100


LINKS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "loss": st.sampled_from([0.0, 0.1, 0.3]),
        "delay": st.integers(1, 9),
        "window": st.sampled_from([1, 2, 7, 127]),
        "no_room": st.sampled_from([0.0, 0.1]),
        "at_once": st.booleans(),
        "report_every": st.integers(1, 4),
    }
)
LAST_FRAMES_BEHIND_A_WAIT = {
    "seed": 3344109,
    "loss": 0.3,
    "delay": 1,
    "window": 127,
    "no_room": 0.1,
    "at_once": True,
    "report_every": 2,
}


@pytest.mark.untraced
@MODEST
@given(LINKS)
@example(LAST_FRAMES_BEHIND_A_WAIT)
def test_whatever_the_link(parameters: dict[str, Any]) -> None:
    """Any losses, delays, windows and lacks of room leave the packets in order, once each, all confirmed."""
    packets = [packet(number) for number in range(150)]
    link = Link(**parameters)
    link.run(packets)
    assert link.received == packets
    assert link.confirmed == list(range(len(packets)))
    assert link.sender.state.fop.counters.not_applicable == link.farm.state.counters.not_applicable == 0
