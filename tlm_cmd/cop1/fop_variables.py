"""What FOP-1 is told and what it remembers (CCSDS 232.1-B-2, 5.1 and section 7)."""

import msgspec

from tlm_cmd.cop1.fop_outputs import FrameDataUnit
from tlm_cmd.cop1.fop_vocabulary import AlertCode, Directive, FopState, TimeoutType
from tlm_cmd.cop1.sequence import check_fop_window, distance
from tlm_cmd.errors import check_range
from tlm_cmd.frames.tc import MAX_VIRTUAL_CHANNEL, TcFrameType
from tlm_cmd.reason_counters import ReasonCounters

MAX_TRANSMISSION_LIMIT = 255
MAX_T1_INITIAL_NS = 7 * 86_400 * 10**9
"""A week: longer than light takes to any spacecraft and back."""
WAIT_QUEUE_UNITS = 1
"""Units that may wait for the window to open (5.1.4)."""


class FopParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The managed parameters of FOP-1 on one virtual channel; directives change K, T1, limit and type later.

    Raises:
        FieldRangeError: a parameter is out of range; K is also bound by the receiver's window.
        WrongValueError: the receiver's window is odd.
    """

    virtual_channel: int = 0
    window: int = 10
    """K, frames that may be outstanding, 1 to half of ``farm_window``."""
    farm_window: int = 20
    """W of the receiver."""
    t1_initial_ns: int = 10 * 10**9
    """How long to wait for the report on a frame: more than the way there and back and the time between reports."""
    transmission_limit: int = 3
    """How often a frame may be sent, 1 to 255."""
    timeout_type: TimeoutType = TimeoutType.ALERT
    accepted_at_once: bool = True
    """Whether each frame counts as accepted by the lower procedures as it is handed out.

    If not, the caller answers each by `Fop.lower_accepts` or `Fop.lower_rejects`, and gets the next one then.
    """

    def __post_init__(self) -> None:
        check_range("virtual channel", self.virtual_channel, 0, MAX_VIRTUAL_CHANNEL)
        check_fop_window(self.window, self.farm_window)
        check_range("T1 initial", self.t1_initial_ns, 1, MAX_T1_INITIAL_NS)
        check_range("transmission limit", self.transmission_limit, 1, MAX_TRANSMISSION_LIMIT)


class AlertCounters(ReasonCounters[AlertCode]):
    """Alerts, by code."""

    limit: int = 0
    t1: int = 0
    lockout: int = 0
    synch: int = 0
    nn_r: int = 0
    clcw: int = 0
    llif: int = 0
    term: int = 0


class FopCounters(msgspec.Struct):
    """What was asked, sent and answered.

    ``ad_requests = ad_accepted + ad_rejected + (1 if one waits)`` and
    ``ad_accepted = ad_confirmed + ad_not_confirmed + AD frames on the sent queue``;
    ``ad_frames = ad_accepted``, repeated ones count apart. ``bd_requests = bd_frames + bd_rejected``.
    """

    ad_requests: int = 0
    ad_accepted: int = 0
    ad_rejected: int = 0
    ad_confirmed: int = 0
    ad_not_confirmed: int = 0
    ad_frames: int = 0
    ad_retransmissions: int = 0
    bd_requests: int = 0
    bd_rejected: int = 0
    bd_frames: int = 0
    bc_frames: int = 0
    """First transmissions of control commands."""
    bc_retransmissions: int = 0
    directives: int = 0
    directives_rejected: int = 0
    clcws: int = 0
    """Reports on this channel, invalid ones among them."""
    other_channel: int = 0
    """Reports on other channels."""
    timeouts: int = 0
    suspensions: int = 0
    alerts: AlertCounters = msgspec.field(default_factory=AlertCounters)
    not_applicable: int = 0
    """Events in states where the table says they cannot occur."""


class SentFrame(msgspec.Struct):
    """The master copy of a frame that is not acknowledged yet (5.1.7)."""

    frame_type: TcFrameType
    sequence_number: int
    unit: FrameDataUnit
    to_be_retransmitted: bool = False


class PendingInitiation(msgspec.Struct, frozen=True, gc=False):
    """An initiate AD service directive that is accepted and not confirmed yet."""

    directive: Directive
    tag: int


class FopVariables(msgspec.Struct):
    """The memory of a `Fop`: the variables of 5.1, under their names there, and its counters."""

    window: int
    t1_initial_ns: int
    transmission_limit: int
    timeout_type: TimeoutType
    state: FopState = FopState.INITIAL
    v_s: int = 0
    """V(S), the number of the next new frame."""
    nn_r: int = 0
    """NN(R), the number of the oldest frame that is not acknowledged, or V(S) if there is none."""
    wait_queue: FrameDataUnit | None = None
    sent_queue: list[SentFrame] = []
    """At most K frames, or one control command."""
    ad_out_ready: bool = True
    bc_out_ready: bool = True
    bd_out_ready: bool = True
    timer_expires_ns: int | None = None
    """None while the timer does not run."""
    transmission_count: int = 1
    suspend_state: int = 0
    """SS: the state in which the service was suspended, 1 to 4, or 0."""
    initiation: PendingInitiation | None = None
    counters: FopCounters = msgspec.field(default_factory=FopCounters)

    @property
    def outstanding(self) -> int:
        """AD frames that are not acknowledged: V(S) - NN(R)."""
        return distance(self.nn_r, self.v_s)


class FopStatus(msgspec.Struct, frozen=True, gc=False):
    """The state of a sender for telemetry and displays."""

    state: str
    suspend_state: int
    v_s: int
    nn_r: int
    window: int
    wait_queue: int
    sent_queue: int
    timer_running: bool
    transmission_count: int
    transmission_limit: int
    timeout_type: str
    ad_frames: int
    ad_retransmissions: int
    ad_confirmed: int
    ad_not_confirmed: int
    bc_frames: int
    bd_frames: int
    alerts: int
    suspensions: int
