"""Every cell of table 5-1: what is handed out, what changes, and the state after it.

The expected outcomes are written out here by hand. The situation of each state is in `situation`; each event is brought
about in `STIMULI` from outside, so that its recognition is tested too.
"""

from collections.abc import Callable
from typing import assert_never

import pytest

from tlm_cmd.cop1.fop import Fop
from tlm_cmd.cop1.fop_actions import PERFORM
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
from tlm_cmd.cop1.fop_table import FOP_TABLE
from tlm_cmd.cop1.fop_transmission import Occasion
from tlm_cmd.cop1.fop_variables import FopParameters, FopVariables, PendingInitiation, SentFrame
from tlm_cmd.cop1.fop_vocabulary import Directive, FopAction, FopEvent, FopState, TimeoutType
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import SET_VR, UNLOCK, TcFrameType

T1_NS, NOW_NS, EXPIRES_NS = 100, 500, 1000
DIRECTIVE, INITIATION, UNIT, WAITING = 60, 70, 91, 90
"""Tags: of the directive and the unit that are the event, and of what was there before. Sent frames: their N(S)."""

Stimulus = Callable[[Fop], list[FopOutput]]
Preparation = Callable[[FopVariables], None]


class Watched(Fop):
    """A FOP that remembers its events."""

    def __init__(self, parameters: FopParameters) -> None:
        super().__init__(parameters)
        self.events: list[FopEvent] = []

    def _perform(self, event: FopEvent, occasion: Occasion) -> None:
        self.events.append(event)
        super()._perform(event, occasion)


def unit(tag: int) -> FrameDataUnit:
    """Return a unit of this tag."""
    return FrameDataUnit(b"x", tag=tag)


def situation(state: FopState) -> Watched:
    """Return a FOP in a state, with V(S) = 8, Transmission_Count 3 and limit 5.

    S1 to S3: frames 5, 6, 7 are outstanding, K = 3 and a unit waits. S4, S5: being initiated, in S5 by Unlock.
    S6: as after an alert.
    """
    fop = Watched(FopParameters(window=3, t1_initial_ns=T1_NS, transmission_limit=5, accepted_at_once=False))
    variables = fop.state
    variables.state, variables.v_s, variables.nn_r, variables.transmission_count = state, 8, 8, 3
    counters = variables.counters
    match state:
        case FopState.ACTIVE | FopState.RETRANSMIT_WITHOUT_WAIT | FopState.RETRANSMIT_WITH_WAIT:
            variables.nn_r = 5
            variables.sent_queue = [SentFrame(TcFrameType.AD, number, unit(number)) for number in (5, 6, 7)]
            variables.wait_queue = unit(WAITING)
            counters.ad_requests, counters.ad_accepted, counters.ad_frames = 4, 3, 3
        case FopState.INITIALISING_WITHOUT_BC:
            variables.initiation = PendingInitiation(Directive.INITIATE_WITH_CLCW_CHECK, INITIATION)
        case FopState.INITIALISING_WITH_BC:
            variables.initiation = PendingInitiation(Directive.INITIATE_WITH_UNLOCK, INITIATION)
            variables.sent_queue = [SentFrame(TcFrameType.BC, 0, FrameDataUnit(UNLOCK))]
        case FopState.INITIAL:
            pass
        case _:
            assert_never(state)
    if state is not FopState.INITIAL:
        variables.timer_expires_ns = EXPIRES_NS
    return fop


def all_acknowledged(variables: FopVariables) -> None:
    """Nothing is outstanding."""
    variables.nn_r = variables.v_s
    if variables.initiation is None and variables.sent_queue:
        variables.sent_queue = []
        variables.counters.ad_confirmed += 3


def some_outstanding(variables: FopVariables) -> None:
    """NN(R) is behind V(S), in the states too where it cannot be."""
    variables.nn_r = 5


def at_limit(variables: FopVariables) -> None:
    """The oldest frame was sent as often as allowed."""
    some_outstanding(variables)
    variables.transmission_count = 5


def sent_once(variables: FopVariables) -> None:
    """Each frame may be sent once only."""
    some_outstanding(variables)
    variables.transmission_count = variables.transmission_limit = 1


def timer(timeout_type: TimeoutType, count: int) -> Callable[[FopVariables], None]:
    """Return what makes the timer run, with a timeout type and a Transmission_Count."""

    def prepare(variables: FopVariables) -> None:
        variables.timer_expires_ns = EXPIRES_NS
        variables.timeout_type, variables.transmission_count = timeout_type, count

    return prepare


def room(variables: FopVariables) -> None:
    """Nothing waits, and the window is open."""
    variables.window = 4
    if variables.wait_queue is not None:
        variables.counters.ad_requests -= 1
        variables.wait_queue = None


def something_waits(variables: FopVariables) -> None:
    """A unit waits, in the states too where none can."""
    if variables.wait_queue is None:
        variables.counters.ad_requests += 1
        variables.wait_queue = unit(WAITING)


def suspended(suspend_state: int) -> Callable[[FopVariables], None]:
    """Return what makes the service suspended."""

    def prepare(variables: FopVariables) -> None:
        variables.suspend_state = suspend_state

    return prepare


def ad_busy(variables: FopVariables) -> None:
    """An AD frame is with the lower procedures; frame 6 is to be repeated, where there is one."""
    variables.ad_out_ready = False
    if len(variables.sent_queue) > 1:
        variables.sent_queue[1].to_be_retransmitted = True


def bc_busy(variables: FopVariables) -> None:
    """A BC frame is with the lower procedures, and the control command is to be repeated, where there is one."""
    variables.bc_out_ready = False
    if variables.state is FopState.INITIALISING_WITH_BC:
        variables.sent_queue[0].to_be_retransmitted = True


def bd_busy(variables: FopVariables) -> None:
    """A BD frame is with the lower procedures."""
    variables.bd_out_ready = False


def unchanged(_variables: FopVariables) -> None:
    """Leave the situation as it is."""


def report(value: int, *, lockout: bool = False, wait: bool = False, retransmit: bool = False) -> Stimulus:
    """Return the arrival of a report."""
    clcw = Clcw(0, value, lockout=lockout, wait=wait, retransmit=retransmit)
    return lambda fop: fop.on_clcw(clcw, NOW_NS)


def ask(directive: Directive, qualifier: int = 0) -> Stimulus:
    """Return a directive."""
    return lambda fop: fop.directive(directive, NOW_NS, qualifier=qualifier, tag=DIRECTIVE)


def below(frame_type: TcFrameType, *, accepted: bool) -> Stimulus:
    """Return an answer of the lower procedures."""
    if accepted:
        return lambda fop: fop.lower_accepts(frame_type, NOW_NS)
    return lambda fop: fop.lower_rejects(frame_type, NOW_NS)


def expire(fop: Fop) -> list[FopOutput]:
    """Let the timer expire."""
    assert fop.poll(EXPIRES_NS - 1) == []
    return fop.poll(EXPIRES_NS)


def transfer_ad(fop: Fop) -> list[FopOutput]:
    """Ask to transfer a unit in sequence."""
    return fop.request_ad(unit(UNIT), NOW_NS)


def transfer_bd(fop: Fop) -> list[FopOutput]:
    """Ask to transfer a unit out of sequence."""
    return fop.request_bd(unit(UNIT), NOW_NS)


ALERT, SUSPEND = TimeoutType.ALERT, TimeoutType.SUSPEND

STIMULI: dict[str, tuple[Preparation, Stimulus]] = {
    "E1": (all_acknowledged, report(8)),
    "E2": (some_outstanding, report(8)),
    "E3": (unchanged, report(8, wait=True)),
    "E4": (unchanged, report(8, retransmit=True)),
    "E5": (some_outstanding, report(5)),
    "E6": (some_outstanding, report(6)),
    "E7": (some_outstanding, report(6, wait=True)),
    "E101": (sent_once, report(6, retransmit=True, wait=True)),
    "E102": (sent_once, report(5, retransmit=True)),
    "E8": (some_outstanding, report(6, retransmit=True)),
    "E9": (some_outstanding, report(6, retransmit=True, wait=True)),
    "E10": (some_outstanding, report(5, retransmit=True)),
    "E11": (some_outstanding, report(5, retransmit=True, wait=True)),
    "E12": (at_limit, report(5, retransmit=True)),
    "E103": (at_limit, report(5, retransmit=True, wait=True)),
    "E13": (unchanged, report(9)),
    "E14": (unchanged, report(8, lockout=True, wait=True, retransmit=True)),
    "E15": (unchanged, lambda fop: fop.on_invalid_clcw(NOW_NS)),
    "E16": (timer(ALERT, 4), expire),
    "E104": (timer(SUSPEND, 4), expire),
    "E17": (timer(ALERT, 5), expire),
    "E18": (timer(SUSPEND, 5), expire),
    "E19": (room, transfer_ad),
    "E20": (something_waits, transfer_ad),
    "E21": (unchanged, transfer_bd),
    "E22": (bd_busy, transfer_bd),
    "E23": (unchanged, ask(Directive.INITIATE_WITHOUT_CLCW_CHECK)),
    "E24": (unchanged, ask(Directive.INITIATE_WITH_CLCW_CHECK)),
    "E25": (unchanged, ask(Directive.INITIATE_WITH_UNLOCK)),
    "E26": (bc_busy, ask(Directive.INITIATE_WITH_UNLOCK)),
    "E27": (unchanged, ask(Directive.INITIATE_WITH_SET_V_R, 200)),
    "E28": (bc_busy, ask(Directive.INITIATE_WITH_SET_V_R, 200)),
    "E29": (unchanged, ask(Directive.TERMINATE)),
    "E30": (unchanged, ask(Directive.RESUME)),
    "E31": (suspended(1), ask(Directive.RESUME)),
    "E32": (suspended(2), ask(Directive.RESUME)),
    "E33": (suspended(3), ask(Directive.RESUME)),
    "E34": (suspended(4), ask(Directive.RESUME)),
    "E35": (unchanged, ask(Directive.SET_V_S, 200)),
    "E36": (unchanged, ask(Directive.SET_WINDOW, 2)),
    "E37": (unchanged, ask(Directive.SET_T1_INITIAL, 77)),
    "E38": (unchanged, ask(Directive.SET_TRANSMISSION_LIMIT, 9)),
    "E39": (unchanged, ask(Directive.SET_TIMEOUT_TYPE, 1)),
    "E40": (unchanged, ask(Directive.SET_WINDOW, 0)),
    "E41": (ad_busy, below(TcFrameType.AD, accepted=True)),
    "E42": (ad_busy, below(TcFrameType.AD, accepted=False)),
    "E43": (bc_busy, below(TcFrameType.BC, accepted=True)),
    "E44": (bc_busy, below(TcFrameType.BC, accepted=False)),
    "E45": (bd_busy, below(TcFrameType.BD, accepted=True)),
    "E46": (bd_busy, below(TcFrameType.BD, accepted=False)),
}


def transmitted(output: TransmitFrame) -> str:
    """Return a frame in a word."""
    again, data = "r" if output.is_retransmission else "", output.unit.data
    match output.frame_type:
        case TcFrameType.AD:
            return f"AD{output.sequence_number}{again}"
        case TcFrameType.BD:
            return f"BD:{output.unit.tag}{again}"
        case TcFrameType.BC:
            return f"UNLOCK{again}" if data == UNLOCK else f"SETVR{data.removeprefix(SET_VR)[0]}{again}"
        case _:
            assert_never(output.frame_type)


def said(output: FopOutput) -> str:
    """Return an output in a word."""
    match output:
        case TransmitFrame():
            return transmitted(output)
        case AbortFrames():
            return f"abort{output.frame_type.name}"
        case UnitAnswer():
            return f"{output.tag}:{output.answer}"
        case DirectiveAnswer():
            return f"d{output.tag}:{output.answer}"
        case Alert():
            return f"ALERT:{output.code}"
        case Suspended():
            return f"SUSPEND:{output.suspend_state}"
        case _:
            assert_never(output)


def seen(variables: FopVariables) -> dict[str, str]:
    """Return the variables that cells change, in words."""

    def name(sent: SentFrame) -> str:
        return str(sent.sequence_number) if sent.frame_type is TcFrameType.AD else "BC"

    def ready(flag: bool) -> str:  # noqa: FBT001 - a flag of the variables
        return "ready" if flag else "busy"

    return {
        "n": str(variables.transmission_count),
        "vs": str(variables.v_s),
        "nn": str(variables.nn_r),
        "ss": str(variables.suspend_state),
        "T": {None: "-"}.get(variables.timer_expires_ns, str(variables.timer_expires_ns)),
        "sent": ",".join(map(name, variables.sent_queue)) or "-",
        "marked": ",".join(name(sent) for sent in variables.sent_queue if sent.to_be_retransmitted) or "-",
        "wait": "-" if variables.wait_queue is None else str(variables.wait_queue.tag),
        "init": "-" if variables.initiation is None else str(variables.initiation.tag),
        "ad": ready(variables.ad_out_ready),
        "bc": ready(variables.bc_out_ready),
        "bd": ready(variables.bd_out_ready),
        "k": str(variables.window),
        "t1": str(variables.t1_initial_ns),
        "limit": str(variables.transmission_limit),
        "tt": str(int(variables.timeout_type)),
        "na": str(variables.counters.not_applicable),
    }


def outcome(event: str, state: FopState) -> str:
    """Bring an event about in a state, and return the state after it, the outputs and the changes, in words."""
    fop = situation(state)
    prepare, happen = STIMULI[event]
    prepare(fop.state)
    before = seen(fop.state)
    outputs = happen(fop)
    assert [happened.name for happened in fop.events] == [event]
    check_books(fop.state)
    after = seen(fop.state)
    changes = [f"{name}={after[name]}" for name in after if after[name] != before[name]]
    return " ".join([f">{fop.state.state.value}", *map(said, outputs), *changes])


def check_books(variables: FopVariables) -> None:
    """Assert that every request is accounted for."""
    counters = variables.counters
    on_queue = sum(sent.frame_type is TcFrameType.AD for sent in variables.sent_queue)
    assert counters.ad_requests == counters.ad_accepted + counters.ad_rejected + (variables.wait_queue is not None)
    assert counters.ad_accepted == counters.ad_confirmed + counters.ad_not_confirmed + on_queue == counters.ad_frames
    assert counters.bd_requests == counters.bd_frames + counters.bd_rejected


# What follows when the service ends: in S1 to S3, from the first frame not acknowledged; in S4; in S5.
ENDS_5 = "5:not_confirmed 6:not_confirmed 7:not_confirmed 90:rejected"
ENDS_6 = "6:not_confirmed 7:not_confirmed 90:rejected"
ENDS_I = "d70:not_confirmed"
ENDED_123, ENDED_4, ENDED_5 = "nn=8 T=- sent=- wait=-", "T=- init=-", "T=- sent=- init=-"


def alert(code: str) -> dict[str, str]:
    """Return the cells of S1 to S5 when an alert ends the service there."""
    return {
        "123": f">6 {ENDS_5} ALERT:{code} {ENDED_123}",
        "4": f">6 {ENDS_I} ALERT:{code} {ENDED_4}",
        "5": f">6 {ENDS_I} ALERT:{code} {ENDED_5}",
    }


def answered(change: str) -> dict[str, str]:
    """Return the cells of a set-up directive."""
    return {"123456": f">= d60:accepted d60:confirmed {change}"}


NONE = {"45": ">= na=1", "6": ">="}
"""S4 and S5 cannot meet the event; S6 ignores every report."""
ONLY_INITIAL = {"12345": ">= d60:rejected"}
REPEAT_5 = "abortAD AD5r n={n} T={t} marked=6,7 ad=busy"
LLIF = alert("llif")

# Per event, the states and what follows there; ">=" stays in the state.
EXPECTED: dict[str, dict[str, str]] = {
    "E1": {
        "1": ">1",
        "2": ">6 90:rejected ALERT:synch T=- wait=-",
        "3": ">6 90:rejected ALERT:synch T=- wait=-",
        "4": ">1 d70:confirmed T=- init=-",
        "5": ">1 d70:confirmed T=- sent=- init=-",
        "6": ">6",
    },
    "E2": {
        "123": ">1 5:confirmed 6:confirmed 7:confirmed 90:accepted AD8 n=1 vs=9 nn=8 T=600 sent=8 wait=- ad=busy",
        **NONE,
    },
    "E3": {**alert("clcw"), "6": ">6"},
    "E4": {**alert("synch"), "5": ">5", "6": ">6"},
    "E5": {"1": ">1", "23": f">6 {ENDS_5} ALERT:synch {ENDED_123}", **NONE},
    "E6": {"123": ">1 5:confirmed 90:accepted AD8 n=1 vs=9 nn=6 T=600 sent=6,7,8 wait=- ad=busy", **NONE},
    "E7": {"123": f">6 {ENDS_5} ALERT:clcw {ENDED_123}", **NONE},
    "E101": {"123": f">6 5:confirmed {ENDS_6} ALERT:limit {ENDED_123}", **NONE},
    "E102": {"123": f">6 {ENDS_5} ALERT:limit {ENDED_123}", **NONE},
    "E8": {"123": ">2 5:confirmed abortAD AD6r n=2 nn=6 T=600 sent=6,7 marked=7 ad=busy", **NONE},
    "E9": {"123": ">3 5:confirmed n=1 nn=6 sent=6,7", **NONE},
    "E10": {"13": ">2 " + REPEAT_5.format(n=4, t=600), "2": ">2", **NONE},
    "E11": {"123": ">3", **NONE},
    "E12": {"123": ">2", **NONE},
    "E103": {"123": ">3", **NONE},
    "E13": {**alert("nn_r"), "5": ">5", "6": ">6"},
    "E14": {**alert("lockout"), "5": ">5", "6": ">6"},
    "E15": {**alert("clcw"), "6": ">6"},
    "E16": {
        "12": ">= " + REPEAT_5.format(n=5, t=1100),
        "3": ">3 T=1100",
        "4": f">6 {ENDS_I} ALERT:t1 {ENDED_4}",
        "5": ">5 abortBC UNLOCKr n=5 T=1100 bc=busy",
        "6": ">6 T=- na=1",
    },
    "E104": {
        "12": ">= " + REPEAT_5.format(n=5, t=1100),
        "3": ">3 T=1100",
        "4": ">6 SUSPEND:4 ss=4 T=-",
        "5": ">5 abortBC UNLOCKr n=5 T=1100 bc=busy",
        "6": ">6 T=- na=1",
    },
    "E17": {**alert("t1"), "6": ">6 T=- na=1"},
    "E18": {
        "1": ">6 SUSPEND:1 ss=1 T=-",
        "2": ">6 SUSPEND:2 ss=2 T=-",
        "3": ">6 SUSPEND:3 ss=3 T=-",
        "4": ">6 SUSPEND:4 ss=4 T=-",
        "5": f">6 {ENDS_I} ALERT:t1 {ENDED_5}",
        "6": ">6 T=- na=1",
    },
    "E19": {
        "12": ">= 91:accepted AD8 vs=9 T=600 sent=5,6,7,8 ad=busy",
        "3": ">3 wait=91",
        "456": ">= 91:rejected",
    },
    "E20": {"123456": ">= 91:rejected"},
    "E21": {"123456": ">= 91:accepted BD:91 bd=busy"},
    "E22": {"123456": ">= 91:rejected"},
    "E23": {**ONLY_INITIAL, "6": ">1 d60:accepted d60:confirmed n=1"},
    "E24": {**ONLY_INITIAL, "6": ">4 d60:accepted n=1 T=600 init=60"},
    "E25": {**ONLY_INITIAL, "6": ">5 d60:accepted UNLOCK n=1 T=600 sent=BC init=60 bc=busy"},
    "E26": {"123456": ">= d60:rejected"},
    "E27": {**ONLY_INITIAL, "6": ">5 d60:accepted SETVR200 n=1 vs=200 nn=200 T=600 sent=BC init=60 bc=busy"},
    "E28": {"123456": ">= d60:rejected"},
    "E29": {
        "123": f">6 d60:accepted {ENDS_5} ALERT:term d60:confirmed {ENDED_123}",
        "4": f">6 d60:accepted {ENDS_I} ALERT:term d60:confirmed {ENDED_4}",
        "5": f">6 d60:accepted {ENDS_I} ALERT:term d60:confirmed {ENDED_5}",
        "6": ">6 d60:accepted d60:confirmed",
    },
    "E30": {"123456": ">= d60:rejected"},
    "E31": {"12345": ">= na=1", "6": ">1 d60:accepted d60:confirmed ss=0 T=600"},
    "E32": {"12345": ">= na=1", "6": ">2 d60:accepted d60:confirmed ss=0 T=600"},
    "E33": {"12345": ">= na=1", "6": ">3 d60:accepted d60:confirmed ss=0 T=600"},
    "E34": {"12345": ">= na=1", "6": ">4 d60:accepted d60:confirmed ss=0 T=600"},
    "E35": {**ONLY_INITIAL, "6": ">6 d60:accepted d60:confirmed vs=200 nn=200"},
    "E36": answered("k=2"),
    "E37": answered("t1=77"),
    "E38": answered("limit=9"),
    "E39": answered("tt=1"),
    "E40": {"123456": ">= d60:rejected"},
    "E41": {"12": ">= AD6r marked=-", "3456": ">= ad=ready"},
    "E42": {
        "123": f">6 {ENDS_5} ALERT:llif nn=8 T=- sent=- marked=- wait=- ad=ready",
        "4": LLIF["4"] + " ad=ready",
        "5": LLIF["5"] + " ad=ready",
        "6": ">6 ALERT:llif ad=ready",
    },
    "E43": {"12346": ">= bc=ready", "5": ">5 UNLOCKr marked=-"},
    "E44": {
        "123": LLIF["123"] + " bc=ready",
        "4": LLIF["4"] + " bc=ready",
        "5": f">6 {ENDS_I} ALERT:llif T=- sent=- marked=- init=- bc=ready",
        "6": ">6 ALERT:llif bc=ready",
    },
    "E45": {"123456": ">= bd=ready"},
    "E46": {
        "123": LLIF["123"] + " bd=ready",
        "4": LLIF["4"] + " bd=ready",
        "5": LLIF["5"] + " bd=ready",
        "6": ">6 ALERT:llif bd=ready",
    },
}


def cells() -> dict[tuple[str, FopState], str]:
    """Return the expected outcome of each cell; the last word on a cell counts."""
    found = {}
    for event, row in EXPECTED.items():
        for states, text in row.items():
            for number in states:
                state = FopState(int(number))
                found[event, state] = text.replace(">=", f">{number}")
    return found


CELLS = cells()


@pytest.mark.parametrize(("event", "state"), CELLS, ids=lambda item: item if isinstance(item, str) else f"S{int(item)}")
def test_cell(event: str, state: FopState) -> None:
    """An event in a state does what the standard's table says, and nothing else."""
    assert outcome(event, state) == CELLS[event, state]


@pytest.mark.parametrize("state", [FopState(number) for number in (1, 2, 3)])
def test_all_acknowledged_and_nothing_waits(state: FopState) -> None:
    """When everything is acknowledged and nothing follows, the timer stops (E2)."""
    fop = situation(state)
    fop.state.wait_queue = None
    fop.on_clcw(Clcw(0, 8), NOW_NS)
    assert (fop.state.state, fop.state.timer_expires_ns, fop.state.sent_queue) == (FopState.ACTIVE, None, [])


@pytest.mark.parametrize("event", ["E23", "E24", "E25", "E27"])
def test_initiating_gives_up_what_a_suspension_kept(event: str) -> None:
    """Each way to initiate the service empties both queues of a suspended one first, and ends the suspension."""
    fop = situation(FopState.RETRANSMIT_WITH_WAIT)
    fop.state.state, fop.state.suspend_state = FopState.INITIAL, 3
    words = [said(output) for output in STIMULI[event][1](fop)]
    assert words[:5] == ["d60:accepted", *ENDS_5.split()]
    assert fop.state.suspend_state == 0
    assert fop.state.transmission_count == 1
    check_books(fop.state)


@pytest.mark.parametrize("event", ["E42", "E44", "E46"])
@pytest.mark.parametrize("suspend_state", [1, 2, 3, 4])
def test_an_alert_ends_a_suspension(event: str, suspend_state: int) -> None:
    """When the lower procedures end a suspended service, what it kept is given up, and it cannot be resumed."""
    fop = situation(FopState(suspend_state))
    fop.state.state, fop.state.suspend_state, fop.state.timer_expires_ns = FopState.INITIAL, suspend_state, None
    words = [said(output) for output in STIMULI[event][1](fop)]
    assert words == [*(ENDS_I if suspend_state == 4 else ENDS_5).split(), "ALERT:llif"]
    assert (fop.state.suspend_state, fop.state.outstanding, fop.state.sent_queue) == (0, 0, [])
    assert list(map(said, ask(Directive.RESUME)(fop))) == ["d60:rejected"]
    check_books(fop.state)


def test_no_cell_is_missing() -> None:
    """All fifty events have an expected outcome and a cell in all six states."""
    assert len(FopEvent) == 50
    everything = {(event.name, state) for event in FopEvent for state in FopState}
    assert set(CELLS) == everything
    assert {(event.name, state) for event, row in FOP_TABLE.items() for state in row} == everything


def test_every_action_is_performed_somewhere() -> None:
    """Each action has a function, and the table uses each of them."""
    assert set(PERFORM) == set(FopAction)
    assert {action for row in FOP_TABLE.values() for cell in row.values() for action in cell.actions} == set(FopAction)
