"""FOP-1 in sequences of events, as they come about on a link."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cop1.fop import Fop
from tlm_cmd.cop1.fop_outputs import (
    AbortFrames,
    Alert,
    DirectiveAnswer,
    FopOutput,
    FrameDataUnit,
    Suspended,
    TransmitFrame,
    UnitAnswer,
)
from tlm_cmd.cop1.fop_variables import MAX_T1_INITIAL_NS, FopParameters, FopVariables
from tlm_cmd.cop1.fop_vocabulary import AlertCode, Answer, Directive, FopState, TimeoutType
from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import SET_VR, TcFrameType

MODEST = settings(max_examples=150, deadline=None)
T1 = 1000
PARAMETERS = FopParameters(virtual_channel=1, window=3, t1_initial_ns=T1, transmission_limit=3)


def unit(tag: int) -> FrameDataUnit:
    """Return a unit with a tag."""
    return FrameDataUnit(bytes([tag]), tag=tag)


def active(parameters: FopParameters = PARAMETERS, v_s: int = 0) -> Fop:
    """Return a FOP whose service is in use from a sequence number on."""
    fop = Fop(parameters)
    fop.directive(Directive.SET_V_S, 0, qualifier=v_s)
    fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, 0)
    assert fop.state.state is FopState.ACTIVE
    return fop


def sent(outputs: list[FopOutput]) -> list[tuple[str, int, bool]]:
    """Return type, number and repetition of the frames handed out."""
    return [
        (output.frame_type.name, output.sequence_number, output.is_retransmission)
        for output in outputs
        if isinstance(output, TransmitFrame)
    ]


def answers(outputs: list[FopOutput]) -> list[tuple[int, str]]:
    """Return the answers to units."""
    return [(output.tag, output.answer.value) for output in outputs if isinstance(output, UnitAnswer)]


def again(*numbers: int) -> list[tuple[str, int, bool]]:
    """Return AD frames that are repeated."""
    return [("AD", number, True) for number in numbers]


def clean(value: int) -> Clcw:
    """Return a report without flags."""
    return Clcw(1, value)


def test_units_leave_until_the_window_is_full() -> None:
    """K frames leave at once with their numbers, one unit waits, the next is rejected; an answer opens the window."""
    fop = active(v_s=254)
    outputs = [fop.request_ad(unit(tag), tag) for tag in range(5)]
    assert [sent(output) for output in outputs] == [
        [("AD", 254, False)],
        [("AD", 255, False)],
        [("AD", 0, False)],
        [],
        [],
    ]
    assert [answers(output) for output in outputs] == [
        [(0, "accepted")],
        [(1, "accepted")],
        [(2, "accepted")],
        [],
        [(4, "rejected")],
    ]
    assert not fop.takes_ad
    assert fop.deadline_ns == 2 + T1
    outputs = fop.on_clcw(clean(0), 10)
    assert answers(outputs) == [(0, "confirmed"), (1, "confirmed"), (3, "accepted")]
    assert sent(outputs) == [("AD", 1, False)]
    assert fop.takes_ad
    outputs = fop.on_clcw(clean(2), 20)
    assert answers(outputs) == [(2, "confirmed"), (3, "confirmed")]
    assert fop.deadline_ns is None


def test_first_frame_lost() -> None:
    """A report that asks for frames again has all that are outstanding repeated once, in order."""
    fop = active()
    for tag in range(3):
        fop.request_ad(unit(tag), 0)
    asks = Clcw(1, 0, retransmit=True)
    outputs = fop.on_clcw(asks, 10)
    assert outputs[0] == AbortFrames(TcFrameType.AD)
    assert sent(outputs) == again(0, 1, 2)
    assert fop.state.state is FopState.RETRANSMIT_WITHOUT_WAIT
    assert fop.on_clcw(asks, 20) == []
    assert fop.deadline_ns == 10 + T1
    assert answers(fop.on_clcw(clean(3), 30)) == [(0, "confirmed"), (1, "confirmed"), (2, "confirmed")]
    assert fop.state.state is FopState.ACTIVE
    assert (fop.state.counters.ad_frames, fop.state.counters.ad_retransmissions) == (3, 3)


def test_reports_lost() -> None:
    """Without reports everything is repeated when the timer expires, and the first report confirms it."""
    fop = active()
    fop.request_ad(unit(0), 0)
    fop.request_ad(unit(1), 1)
    assert fop.poll(T1) == []
    assert sent(fop.poll(1 + T1)) == again(0, 1)
    assert fop.state.state is FopState.ACTIVE
    assert answers(fop.on_clcw(clean(2), 1500)) == [(0, "confirmed"), (1, "confirmed")]
    assert fop.poll(10**9) == []


def test_the_limit_applies_to_the_first_frame_only() -> None:
    """Each frame that is acknowledged lets the others be sent as often again."""
    fop = active()
    for tag in range(3):
        fop.request_ad(unit(tag), 0)
    now = 0
    for number in range(1, 3):
        for _ in range(2):
            now += T1
            assert sent(fop.poll(now)) == again(*range(number - 1, 3))
        fop.on_clcw(clean(number), now)
    assert fop.state.counters.alerts.total == 0
    assert fop.state.counters.ad_retransmissions == 3 + 3 + 2 + 2


def test_limit_with_alert() -> None:
    """Timeout type 0: at the limit the service ends, and what is outstanding or waits is answered."""
    fop = active()
    for tag in range(4):
        fop.request_ad(unit(tag), 0)
    assert len(sent(fop.poll(T1))) == len(sent(fop.poll(2 * T1))) == 3
    outputs = fop.poll(3 * T1)
    assert sent(outputs) == []
    assert answers(outputs) == [
        (0, "not_confirmed"),
        (1, "not_confirmed"),
        (2, "not_confirmed"),
        (3, "rejected"),
    ]
    assert outputs[-1] == Alert(AlertCode.T1)
    assert fop.state.state is FopState.INITIAL
    assert answers(fop.request_ad(unit(9), 3 * T1)) == [(9, "rejected")]
    assert fop.on_clcw(clean(0), 3 * T1) == []


def test_limit_with_suspension_and_resumption() -> None:
    """Timeout type 1: at the limit the service stops with all it holds, and goes on when resumed."""
    fop = active(msgspec.structs.replace(PARAMETERS, timeout_type=TimeoutType.SUSPEND))
    for tag in range(4):
        fop.request_ad(unit(tag), 0)
    fop.poll(T1)
    fop.poll(2 * T1)
    assert fop.poll(3 * T1) == [Suspended(1)]
    assert (fop.state.state, fop.state.suspend_state, fop.deadline_ns) == (FopState.INITIAL, 1, None)
    assert fop.on_clcw(clean(3), 3 * T1) == []
    assert answers(fop.request_ad(unit(9), 3 * T1)) == [(9, "rejected")]
    refused = fop.directive(Directive.SET_V_S, 3 * T1, qualifier=9)
    assert refused == [DirectiveAnswer(Directive.SET_V_S, 0, Answer.REJECTED)]
    assert len(fop.directive(Directive.TERMINATE, 3 * T1)) == 2
    assert fop.state.suspend_state == 1
    fop.directive(Directive.RESUME, 4 * T1)
    assert (fop.state.state, fop.state.suspend_state, fop.deadline_ns) == (FopState.ACTIVE, 0, 5 * T1)
    outputs = fop.on_clcw(clean(2), 4 * T1)
    assert answers(outputs) == [(0, "confirmed"), (1, "confirmed"), (3, "accepted")]
    assert sent(outputs) == [("AD", 3, False)]


def test_initiating_again_ends_a_suspension() -> None:
    """A suspended service that is initiated anew gives up what it held, an initiation in progress too."""
    fop = Fop(msgspec.structs.replace(PARAMETERS, timeout_type=TimeoutType.SUSPEND))
    fop.directive(Directive.INITIATE_WITH_CLCW_CHECK, 0, tag=1)
    assert fop.poll(T1) == [Suspended(4)]
    assert fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, T1, tag=2) == [
        DirectiveAnswer(Directive.INITIATE_WITHOUT_CLCW_CHECK, 2, Answer.ACCEPTED),
        DirectiveAnswer(Directive.INITIATE_WITH_CLCW_CHECK, 1, Answer.NOT_CONFIRMED),
        DirectiveAnswer(Directive.INITIATE_WITHOUT_CLCW_CHECK, 2, Answer.CONFIRMED),
    ]
    assert fop.state.suspend_state == 0


def test_what_a_resumed_service_confirms_has_arrived() -> None:
    """A frame given up during a suspension is not confirmed for another one, and that one is not forgotten."""
    changes = {"timeout_type": TimeoutType.SUSPEND, "transmission_limit": 1, "accepted_at_once": False}
    fop = active(msgspec.structs.replace(PARAMETERS, **changes))
    fop.request_ad(unit(1), 0)
    assert fop.poll(T1) == [Suspended(1)]
    assert answers(fop.lower_rejects(TcFrameType.AD, T1)) == [(1, "not_confirmed")]
    assert fop.directive(Directive.RESUME, T1) == [DirectiveAnswer(Directive.RESUME, 0, Answer.REJECTED)]
    assert answers(fop.request_ad(unit(2), T1)) == [(2, "rejected")]
    fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, T1)
    assert sent(fop.request_ad(unit(3), T1)) == [("AD", 1, False)]
    assert answers(fop.on_clcw(clean(1), T1)) == []
    assert answers(fop.on_clcw(clean(2), T1)) == [(3, "confirmed")]


def test_lockout_and_unlock() -> None:
    """A report of lockout ends the service; Unlock is repeated until a clean report confirms it."""
    fop = active(v_s=7)
    fop.request_ad(unit(0), 0)
    outputs = fop.on_clcw(Clcw(1, 7, lockout=True), 10)
    assert (answers(outputs), outputs[-1]) == ([(0, "not_confirmed")], Alert(AlertCode.LOCKOUT))
    fop.directive(Directive.SET_V_S, 20, qualifier=7)
    outputs = fop.directive(Directive.INITIATE_WITH_UNLOCK, 20, tag=5)
    assert outputs[0] == DirectiveAnswer(Directive.INITIATE_WITH_UNLOCK, 5, Answer.ACCEPTED)
    assert sent(outputs) == [("BC", 0, False)]
    assert fop.on_clcw(Clcw(1, 7, lockout=True), 30) == []
    assert sent(fop.poll(20 + T1)) == [("BC", 0, True)]
    assert fop.on_clcw(clean(7), 1100) == [DirectiveAnswer(Directive.INITIATE_WITH_UNLOCK, 5, Answer.CONFIRMED)]
    assert sent(fop.request_ad(unit(1), 1100)) == [("AD", 7, False)]


def test_set_v_r_reaches_the_limit() -> None:
    """A control command that is never confirmed is sent as often as allowed and given up, whatever the timeout type."""
    fop = Fop(msgspec.structs.replace(PARAMETERS, timeout_type=TimeoutType.SUSPEND))
    outputs = fop.directive(Directive.INITIATE_WITH_SET_V_R, 0, qualifier=9, tag=5)
    assert outputs[-1] == TransmitFrame(TcFrameType.BC, 0, FrameDataUnit(SET_VR + b"\x09", tag=5))
    assert sent(fop.poll(T1)) == sent(fop.poll(2 * T1)) == [("BC", 0, True)]
    assert fop.poll(3 * T1) == [
        DirectiveAnswer(Directive.INITIATE_WITH_SET_V_R, 5, Answer.NOT_CONFIRMED),
        Alert(AlertCode.T1),
    ]
    assert (fop.state.counters.bc_frames, fop.state.counters.bc_retransmissions) == (1, 2)


def test_initiation_with_check_after_an_alert() -> None:
    """After an alert V(S) must be set to what the receiver reports, or the check fails by name."""
    fop = active(v_s=250)
    for tag in range(3):
        fop.request_ad(unit(tag), 0)
    fop.directive(Directive.TERMINATE, 0)
    fop.directive(Directive.INITIATE_WITH_CLCW_CHECK, 0, tag=5)
    outputs = fop.on_clcw(clean(251), 10)
    assert outputs == [
        DirectiveAnswer(Directive.INITIATE_WITH_CLCW_CHECK, 5, Answer.NOT_CONFIRMED),
        Alert(AlertCode.NN_R),
    ]
    fop.directive(Directive.SET_V_S, 20, qualifier=251)
    fop.directive(Directive.INITIATE_WITH_CLCW_CHECK, 20, tag=6)
    assert fop.on_clcw(clean(251), 30) == [DirectiveAnswer(Directive.INITIATE_WITH_CLCW_CHECK, 6, Answer.CONFIRMED)]
    assert fop.deadline_ns is None
    assert sent(fop.request_ad(unit(3), 40)) == [("AD", 251, False)]


def test_initiation_after_an_alert_without_check() -> None:
    """Frames given up by an alert take no room in the window of the next service, and no cell is met that is empty."""
    fop = active()
    for tag in range(3):
        fop.request_ad(unit(tag), 0)
    fop.directive(Directive.TERMINATE, 0)
    fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, 0)
    assert sent(fop.request_ad(unit(3), 0)) == [("AD", 3, False)]
    assert answers(fop.on_clcw(clean(4), 0)) == [(3, "confirmed")]
    assert fop.state.counters.not_applicable == 0


def test_wait() -> None:
    """While the receiver asks to wait nothing is sent, not even when the timer expires; then all is repeated."""
    fop = active()
    fop.request_ad(unit(0), 0)
    fop.request_ad(unit(1), 0)
    waits = Clcw(1, 1, wait=True, retransmit=True)
    assert answers(fop.on_clcw(waits, 10)) == [(0, "confirmed")]
    assert fop.state.state is FopState.RETRANSMIT_WITH_WAIT
    assert fop.request_ad(unit(2), 20) == []
    assert fop.on_clcw(waits, 30) == []
    assert fop.poll(T1) == []
    assert fop.deadline_ns == 2 * T1
    outputs = fop.on_clcw(Clcw(1, 1, retransmit=True), 2000)
    assert sent(outputs) == [*again(1), ("AD", 2, False)]
    assert fop.state.state is FopState.RETRANSMIT_WITHOUT_WAIT
    assert answers(fop.on_clcw(clean(3), 2010)) == [(1, "confirmed"), (2, "confirmed")]


def test_a_frame_accepted_during_a_wait() -> None:
    """When a wait ends because a frame under way was accepted, the timer has the others repeated."""
    fop = active()
    for tag in range(3):
        fop.request_ad(unit(tag), 0)
    fop.on_clcw(Clcw(1, 0, wait=True, retransmit=True), 10)
    assert fop.poll(T1) == []
    assert answers(fop.on_clcw(clean(1), T1 + 10)) == [(0, "confirmed")]
    assert fop.state.state is FopState.ACTIVE
    assert sent(fop.poll(2 * T1)) == again(1, 2)


def test_control_command_that_waits_below() -> None:
    """A control command is repeated when the lower procedures have accepted the last one, not before."""
    fop = Fop(msgspec.structs.replace(PARAMETERS, accepted_at_once=False))
    assert sent(fop.directive(Directive.INITIATE_WITH_UNLOCK, 0)) == [("BC", 0, False)]
    assert fop.poll(T1) == [AbortFrames(TcFrameType.BC)]
    assert sent(fop.lower_accepts(TcFrameType.BC, T1)) == [("BC", 0, True)]
    assert fop.lower_accepts(TcFrameType.BC, T1) == []
    refused = fop.lower_rejects(TcFrameType.BC, T1)
    assert refused[-1] == Alert(AlertCode.LLIF)


def test_terminate() -> None:
    """Terminating answers what is outstanding, then says so, then confirms."""
    fop = active()
    fop.request_ad(unit(0), 0)
    assert fop.directive(Directive.TERMINATE, 1, tag=8) == [
        DirectiveAnswer(Directive.TERMINATE, 8, Answer.ACCEPTED),
        UnitAnswer(0, Answer.NOT_CONFIRMED),
        Alert(AlertCode.TERM),
        DirectiveAnswer(Directive.TERMINATE, 8, Answer.CONFIRMED),
    ]
    assert fop.deadline_ns is None


def test_lower_procedures_that_answer_later() -> None:
    """A half-duplex caller gets one frame of each type at a time, and the next when it answers."""
    fop = active(msgspec.structs.replace(PARAMETERS, accepted_at_once=False))
    assert sent(fop.request_ad(unit(0), 0)) == [("AD", 0, False)]
    assert fop.request_ad(unit(1), 0) == []
    assert sent(fop.request_bd(unit(5), 0)) == [("BD", 0, False)]
    assert not fop.takes_bd
    assert answers(fop.request_bd(unit(6), 0)) == [(6, "rejected")]
    assert fop.lower_accepts(TcFrameType.BD, 1) == []
    assert fop.takes_bd
    assert sent(fop.lower_accepts(TcFrameType.AD, 1)) == [("AD", 1, False)]
    assert fop.lower_accepts(TcFrameType.AD, 2) == []
    assert sent(fop.poll(1 + T1)) == again(0)
    assert sent(fop.lower_accepts(TcFrameType.AD, 1100)) == again(1)
    outputs = fop.lower_rejects(TcFrameType.AD, 1200)
    assert (answers(outputs), outputs[-1]) == (
        [(0, "not_confirmed"), (1, "not_confirmed")],
        Alert(AlertCode.LLIF),
    )
    fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, 1300)
    assert sent(fop.request_ad(unit(2), 1300)) == [("AD", 2, False)]


def test_bypass_in_every_state() -> None:
    """BD units leave at once in any state, once each, and are never repeated."""
    fop = Fop(PARAMETERS)
    for tag in range(3):
        assert fop.request_bd(unit(tag), 0) == [
            UnitAnswer(tag, Answer.ACCEPTED),
            TransmitFrame(TcFrameType.BD, 0, unit(tag)),
        ]
    assert fop.poll(10**9) == []
    assert (fop.state.counters.bd_requests, fop.state.counters.bd_frames) == (3, 3)


def test_reports_of_other_channels_change_nothing() -> None:
    """A report on another virtual channel is only counted."""
    fop = active()
    assert fop.on_clcw(Clcw(2, 77, lockout=True), 0) == []
    assert fop.state.state is FopState.ACTIVE
    assert (fop.state.counters.other_channel, fop.state.counters.clcws) == (1, 0)


@pytest.mark.parametrize(
    ("directive", "wrong"),
    [
        (Directive.INITIATE_WITH_SET_V_R, (-1, 256)),
        (Directive.SET_V_S, (-1, 256)),
        (Directive.SET_WINDOW, (0, 11, 128)),
        (Directive.SET_T1_INITIAL, (0, MAX_T1_INITIAL_NS + 1)),
        (Directive.SET_TRANSMISSION_LIMIT, (0, 256)),
        (Directive.SET_TIMEOUT_TYPE, (-1, 2)),
    ],
)
def test_qualifiers_out_of_range(directive: Directive, wrong: tuple[int, ...]) -> None:
    """A directive with a qualifier out of its range is rejected and changes nothing."""
    fop = Fop(PARAMETERS)
    before = msgspec.msgpack.encode(fop.status())
    for qualifier in wrong:
        outputs = fop.directive(directive, 0, qualifier=qualifier, tag=3)
        assert outputs == [DirectiveAnswer(directive, 3, Answer.REJECTED)]
    assert msgspec.msgpack.encode(fop.status()) == before
    assert fop.state.counters.directives_rejected == fop.state.counters.directives == len(wrong)


@pytest.mark.parametrize("directive", Directive)
def test_every_directive_is_answered_finally(directive: Directive) -> None:
    """Each directive that is accepted is confirmed, at once or by a report, or rejected."""
    fop = Fop(PARAMETERS)
    outputs = fop.directive(directive, 0, qualifier=1, tag=3)
    outputs += fop.on_clcw(clean(fop.state.v_s), 1)
    found = [output.answer for output in outputs if isinstance(output, DirectiveAnswer)]
    assert found in ([Answer.ACCEPTED, Answer.CONFIRMED], [Answer.REJECTED])
    assert (found == [Answer.REJECTED]) == (directive is Directive.RESUME)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"window": 11}, FieldRangeError, "K is 11, allowed are 1 to 10, half of W"),
        ({"window": 0}, FieldRangeError, "K is 0"),
        ({"farm_window": 21}, WrongValueError, "W is 21, expected even"),
        ({"virtual_channel": 64}, FieldRangeError, "virtual channel"),
        ({"t1_initial_ns": 0}, FieldRangeError, "T1 initial is 0"),
        ({"transmission_limit": 256}, FieldRangeError, "transmission limit is 256"),
    ],
)
def test_parameters_are_checked(change: dict[str, int], error: type[Exception], words: str) -> None:
    """Parameters out of range are refused by name."""
    with pytest.raises(error, match=words):
        FopParameters(**change)


def test_status_shows_what_telemetry_needs() -> None:
    """The status is in plain words and numbers."""
    fop = active()
    for tag in range(4):
        fop.request_ad(unit(tag), 0)
    fop.on_clcw(clean(1), 5)
    fop.poll(5 + T1)
    assert msgspec.structs.asdict(fop.status()) == {
        "state": "active",
        "suspend_state": 0,
        "v_s": 4,
        "nn_r": 1,
        "window": 3,
        "wait_queue": 0,
        "sent_queue": 3,
        "timer_running": True,
        "transmission_count": 2,
        "transmission_limit": 3,
        "timeout_type": "alert",
        "ad_frames": 4,
        "ad_retransmissions": 3,
        "ad_confirmed": 1,
        "ad_not_confirmed": 0,
        "bc_frames": 0,
        "bd_frames": 0,
        "alerts": 0,
        "suspensions": 0,
    }


def test_state_can_be_saved_and_restored() -> None:
    """A sender goes on from a saved state as if it were the first."""
    first = active()
    for tag in range(4):
        first.request_ad(unit(tag), 0)
    second = Fop(PARAMETERS)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=FopVariables)
    assert second.state == first.state
    assert second.poll(T1) == first.poll(T1)
    assert second.on_clcw(clean(2), 1500) == first.on_clcw(clean(2), 1500) != []
    assert second.state == first.state


Step = Callable[[Fop, int], list[FopOutput]]
CLCWS = st.builds(
    Clcw,
    virtual_channel=st.sampled_from([1, 1, 1, 2]),
    report_value=st.one_of(st.integers(0, 8), st.integers(0, 255)),
    lockout=st.sampled_from([False, False, False, True]),
    wait=st.booleans(),
    retransmit=st.booleans(),
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.integers(0, 255).map(lambda tag: lambda fop, now: fop.request_ad(unit(tag), now)),
    st.integers(0, 255).map(lambda tag: lambda fop, now: fop.request_ad(unit(tag), now)),
    st.integers(0, 255).map(lambda tag: lambda fop, now: fop.request_bd(unit(tag), now)),
    CLCWS.map(lambda clcw: lambda fop, now: fop.on_clcw(clcw, now)),
    st.just(lambda fop, now: fop.on_clcw(clean((fop.state.nn_r + 1) % 256), now)),
    st.just(lambda fop, now: fop.on_clcw(Clcw(1, fop.state.nn_r, wait=True, retransmit=True), now)),
    st.just(lambda fop, now: fop.on_invalid_clcw(now)),
    st.just(lambda fop, now: fop.poll(now)),
    st.tuples(st.sampled_from(Directive), st.integers(-1, 12)).map(
        lambda pair: lambda fop, now: fop.directive(pair[0], now, qualifier=pair[1])
    ),
    st.just(lambda fop, now: fop.directive(Directive.INITIATE_WITHOUT_CLCW_CHECK, now)),
    st.sampled_from(TcFrameType).map(lambda kind: lambda fop, now: fop.lower_accepts(kind, now)),
    st.sampled_from(TcFrameType).map(lambda kind: lambda fop, now: fop.lower_rejects(kind, now)),
)


@MODEST
@given(st.lists(st.tuples(STEPS, st.integers(0, 2 * T1)), max_size=80), st.booleans())
def test_whatever_happens_the_books_close(steps: list[tuple[Step, int]], at_once: bool) -> None:  # noqa: FBT001
    """Any events in any order leave every request answered once, the queues bounded and nothing forgotten."""
    fop, now = Fop(msgspec.structs.replace(PARAMETERS, accepted_at_once=at_once)), 0
    for step, wait in steps:
        now += wait
        step(fop, now)
        state, counters = fop.state, fop.state.counters
        ad_sent = [item for item in state.sent_queue if item.frame_type is TcFrameType.AD]
        assert counters.ad_requests == counters.ad_accepted + counters.ad_rejected + (state.wait_queue is not None)
        assert counters.ad_accepted == counters.ad_confirmed + counters.ad_not_confirmed + len(ad_sent)
        assert counters.bd_requests == counters.bd_frames + counters.bd_rejected
        assert len(state.sent_queue) <= PARAMETERS.farm_window // 2
        assert [item.sequence_number for item in ad_sent] == [
            (state.nn_r + index) % 256 for index in range(state.outstanding)
        ]
        if state.state is FopState.INITIAL:
            assert state.timer_expires_ns is None
        else:
            assert state.suspend_state == 0
            assert state.timer_expires_ns is not None or not state.sent_queue
        assert (state.initiation is None) or state.state.value in (4, 5) or state.suspend_state == 4
        assert at_once <= (state.ad_out_ready and state.bc_out_ready and state.bd_out_ready)
        assert counters.not_applicable == 0
