from __future__ import annotations

from typing import cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.telemetry_output.transmitter import MAX_BURST_S, Transmitter, TransmitterState
from flightsw.devices.errors import DeviceError, NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.radio import Radio, RadioStatus, SendResult
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.downlink_receiver import DownlinkReceiver
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.packets.cfs_header import build_telemetry

MODEST = settings(max_examples=60, deadline=None)
LINK = LinkParameters(spacecraft_id=5, tm_frame_octets=100, queue_packets=50)
RATE = 400
TICK_NS = 500_000_000
CLCW = Clcw(virtual_channel=1)


class ScriptedRadio:
    """A radio that does what the test says.

    Attributes:
        taken: frames it took.
        room: frames it still takes.
        error: raised by every transaction.
        on: whether it transmits.
    """

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.room = 1_000_000
        self.error: DeviceError | None = None
        self.on = False

    def send(self, frame: bytes) -> SendResult:
        """Take a frame, if there is room."""
        self._fail()
        if self.room == 0:
            return SendResult.QUEUE_FULL
        self.room -= 1
        self.taken.append(frame)
        return SendResult.ACCEPTED

    def switch_transmitter(self, on: bool) -> None:  # noqa: FBT001 - as the driver has it
        """Switch."""
        self._fail()
        self.on = on

    def status(self) -> RadioStatus:
        """Whether it transmits."""
        self._fail()
        return RadioStatus(self.on, False, 0, 0, 0, 0, 0, 0, 0)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class Rig:
    """A transmitter that is on, its radio, and the ground that decodes."""

    def __init__(self, state: TransmitterState | None = None, link: LinkParameters = LINK) -> None:
        self.radio = ScriptedRadio()
        self.state = state or TransmitterState()
        self.transmitter = Transmitter(cast("Radio", self.radio), link, self.state)
        self.transmitter.octets_per_s = RATE
        self.transmitter.switch(on=True)
        self.ground = DownlinkReceiver(link)
        self.now_ns = 0
        self.given: list[bytes] = []

    def enqueue(self, octets: int = 10, channel: int = 0) -> bool:
        """Queue a packet that differs from all others."""
        packet = build_telemetry(7, len(self.given) % 16384, 0, 0, bytes(octets))
        taken = self.transmitter.enqueue(channel, packet)
        if taken:
            self.given.append(packet)
        return taken

    def tick(self, ticks: int = 1) -> None:
        """Let ticks of half a second pass."""
        for _ in range(ticks):
            self.now_ns += TICK_NS
            self.transmitter.send(self.now_ns, 0.5, [CLCW.pack()])

    def heard(self) -> list[bytes]:
        """Packets that the ground decodes from all frames taken, in order."""
        found: list[bytes] = []
        for frame in self.radio.taken:
            result = self.ground.receive(frame)
            assert result.refusal is None, result.reason
            assert result.clcw == CLCW
            found += [packet for _, packet in result.packets]
        self.radio.taken = []
        return found


def test_packets_arrive() -> None:
    """Packets reach the ground whole and in order, in frames that carry the receiver's report."""
    rig = Rig()
    for octets in (5, 40, 130, 0):
        assert rig.enqueue(octets)
    rig.tick(4)
    assert rig.heard() == rig.given
    assert rig.transmitter.octets == rig.state.frames * LINK.tm_frame_octets


def test_idle_frames_once_per_second() -> None:
    """With nothing to send one frame goes each second, and none in a second in which packets went."""
    rig = Rig()
    rig.tick(10)
    assert (rig.state.frames, rig.heard()) == (5, [])
    rig.enqueue()
    rig.tick(1)
    rig.tick(1)
    assert (rig.state.frames, rig.heard()) == (6, rig.given)


def test_idle_frames_when_the_clock_starts_again() -> None:
    """A last frame that lies in the future does not silence the link."""
    rig = Rig(TransmitterState(last_frame_ns=10**15))
    rig.tick(2)
    assert rig.state.frames == 1


def test_a_full_radio_is_offered_the_frame_again() -> None:
    """A frame that found no room is kept and goes first when there is room: none lost, none twice."""
    rig = Rig()
    for _ in range(20):
        rig.enqueue()
    rig.radio.room = 1
    rig.tick(4)
    assert (rig.state.frames, rig.state.refused) == (1, 4)
    rig.radio.room = 1000
    rig.tick(10)
    assert rig.heard() == rig.given
    assert (rig.state.lost, rig.ground.state.counters.lost_frames) == (0, 0)


def test_a_busy_radio_is_offered_the_frame_again() -> None:
    """A frame that was refused for a passing reason is kept as well, and counted as an error."""
    rig = Rig()
    rig.enqueue()
    rig.radio.error = RefusedError("s_band", 3, Status.BUSY)
    rig.tick(2)
    rig.radio.error = None
    rig.tick(2)
    assert rig.heard() == rig.given
    assert (rig.state.errors, rig.state.lost) == (2, 0)


def test_a_frame_of_unknown_fate_is_given_up() -> None:
    """When the radio does not say whether it took a frame, the frame is counted as lost and not sent twice."""
    rig = Rig()
    rig.enqueue()
    rig.radio.error = NoReplyError("s_band", 3)
    rig.tick()
    rig.radio.error = RefusedError("s_band", 3, Status.OUT_OF_RANGE)
    rig.enqueue()
    rig.tick()
    rig.radio.error = None
    rig.enqueue()
    rig.tick()
    assert rig.heard() == rig.given[2:]
    assert (rig.state.errors, rig.state.lost, rig.state.pending) == (2, 2, b"")


def test_a_full_channel_drops() -> None:
    """A packet that finds its channel full is counted as dropped."""
    rig = Rig()
    assert [rig.enqueue() for _ in range(52)] == [True] * 50 + [False] * 2
    assert (rig.state.dropped, rig.transmitter.waiting_on(0), rig.transmitter.waiting_on(1)) == (2, 50, 0)


def test_switching() -> None:
    """Switching asks the radio only for a change, and a radio that does not answer leaves things as they were."""
    rig = Rig()
    rig.radio.on = False
    rig.transmitter.switch(on=True)
    assert (rig.state.on, rig.radio.on) == (True, False)
    rig.radio.error = NoReplyError("s_band", 2)
    rig.transmitter.switch(on=False)
    assert (rig.state.on, rig.state.errors) == (True, 1)
    rig.radio.error = None
    rig.transmitter.switch(on=False)
    assert not rig.state.on


def test_verifying() -> None:
    """A radio found off although it was switched on is a reset; a silent one, or one that is off, is left alone."""
    rig = Rig()
    rig.transmitter.verify()
    assert (rig.state.on, rig.state.resets) == (True, 0)
    rig.radio.error = NoReplyError("s_band", 1)
    rig.transmitter.verify()
    assert (rig.state.on, rig.state.resets, rig.state.errors) == (True, 0, 1)
    rig.radio.error, rig.radio.on = None, False
    rig.transmitter.verify()
    assert (rig.state.on, rig.state.resets) == (False, 1)
    rig.transmitter.verify()
    assert rig.state.resets == 1


def test_memory_is_taken_up_again() -> None:
    """A transmitter with an earlier one's memory goes on where that stopped: same packets, frame counts unbroken."""
    rig = Rig()
    for _ in range(20):
        rig.enqueue()
    rig.radio.room = 2
    rig.tick(2)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(rig.state), type=TransmitterState)
    again = Rig(state)
    again.radio.taken, again.now_ns = rig.radio.taken, rig.now_ns
    again.tick(6)
    assert again.heard() == rig.given
    assert again.ground.state.counters.lost_frames == 0


def test_a_memory_of_another_link_is_not_used() -> None:
    """When the link's channels have changed since, the transmitter starts afresh instead of failing."""
    rig = Rig()
    rig.enqueue()
    other = msgspec.structs.replace(LINK, virtual_channels=(VirtualChannel(0, "only"),))
    again = Rig(rig.state, other)
    assert again.transmitter.waiting_on(0) == 0
    again.enqueue()
    again.tick(2)
    assert again.heard() == again.given


@MODEST
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("packets"), st.integers(1, 6)),
            st.tuples(st.just("room"), st.integers(0, 9)),
            st.tuples(st.just("tick"), st.integers(1, 6)),
            st.tuples(st.just("restart"), st.just(0)),
        ),
        max_size=40,
    )
)
def test_nothing_lost_nothing_twice_never_too_fast(steps: list[tuple[str, int]]) -> None:
    """However full the radio is, all packets arrive once and in order, and never faster than the rate allows."""
    rig = Rig()
    heard: list[bytes] = []
    frames: list[int] = []
    for step, count in steps:
        if step == "packets":
            for _ in range(count):
                rig.enqueue(15 * count)
        elif step == "room":
            rig.radio.room = count
        elif step == "restart":
            rig.transmitter = Transmitter(cast("Radio", rig.radio), LINK, rig.state)
            rig.transmitter.octets_per_s = RATE
        else:
            for _ in range(count):
                rig.tick()
                frames.append(rig.state.frames)
        heard += rig.heard()
        assert rig.transmitter.octets <= RATE * rig.now_ns / 1e9
    rig.radio.room = 1000
    for _ in range(60):
        rig.tick()
        frames.append(rig.state.frames)
    assert heard + rig.heard() == rig.given
    for first in range(0, len(frames), 7):
        for last in range(first, len(frames), 5):
            sent = (frames[last] - frames[first]) * LINK.tm_frame_octets
            assert sent <= RATE * (0.5 * (last - first) + MAX_BURST_S)
