"""The words of FOP-1 (CCSDS 232.1-B-2, section 5): states, events, actions, directives, alerts and answers."""

from enum import IntEnum, StrEnum, unique


@unique
class FopState(IntEnum):
    """The states S1 to S6 (5.1.2)."""

    ACTIVE = 1
    RETRANSMIT_WITHOUT_WAIT = 2
    """The receiver asked for frames again and they are on their way."""
    RETRANSMIT_WITH_WAIT = 3
    """The receiver asked for frames again and has no room for them yet."""
    INITIALISING_WITHOUT_BC = 4
    """Waiting for a clean report."""
    INITIALISING_WITH_BC = 5
    """Waiting for a clean report after a control command."""
    INITIAL = 6
    """Nothing is sent in sequence; also while the service is suspended."""


@unique
class FopEvent(StrEnum):
    """The events E1 to E46 and E101 to E104; all comparisons of numbers are modulo 256."""

    E1 = "CLCW: all acknowledged, N(R) = NN(R)"
    E2 = "CLCW: all acknowledged, N(R) <> NN(R)"
    E3 = "CLCW: all acknowledged, Wait"
    E4 = "CLCW: all acknowledged, Retransmit"
    E5 = "CLCW: some outstanding, N(R) = NN(R)"
    E6 = "CLCW: some outstanding, N(R) <> NN(R)"
    E7 = "CLCW: some outstanding, Wait without Retransmit"
    E8 = "CLCW: Retransmit, N(R) <> NN(R)"
    E9 = "CLCW: Retransmit and Wait, N(R) <> NN(R)"
    E10 = "CLCW: Retransmit, N(R) = NN(R), below the limit"
    E11 = "CLCW: Retransmit and Wait, N(R) = NN(R), below the limit"
    E12 = "CLCW: Retransmit, N(R) = NN(R), at the limit"
    E13 = "CLCW: invalid N(R)"
    E14 = "CLCW: Lockout"
    E15 = "CLCW: invalid"
    E16 = "timer expired below the limit, timeout type 0"
    E17 = "timer expired at the limit, timeout type 0"
    E18 = "timer expired at the limit, timeout type 1"
    E19 = "AD unit to transfer, wait queue empty"
    E20 = "AD unit to transfer, wait queue not empty"
    E21 = "BD unit to transfer, BD out ready"
    E22 = "BD unit to transfer, BD out not ready"
    E23 = "initiate AD service without CLCW check"
    E24 = "initiate AD service with CLCW check"
    E25 = "initiate AD service with Unlock, BC out ready"
    E26 = "initiate AD service with Unlock, BC out not ready"
    E27 = "initiate AD service with Set V(R), BC out ready"
    E28 = "initiate AD service with Set V(R), BC out not ready"
    E29 = "terminate AD service"
    E30 = "resume AD service, SS = 0"
    E31 = "resume AD service, SS = 1"
    E32 = "resume AD service, SS = 2"
    E33 = "resume AD service, SS = 3"
    E34 = "resume AD service, SS = 4"
    E35 = "set V(S)"
    E36 = "set FOP sliding window width"
    E37 = "set T1 initial"
    E38 = "set transmission limit"
    E39 = "set timeout type"
    E40 = "invalid directive"
    E41 = "AD accepted below"
    E42 = "AD rejected below"
    E43 = "BC accepted below"
    E44 = "BC rejected below"
    E45 = "BD accepted below"
    E46 = "BD rejected below"
    E101 = "CLCW: Retransmit, N(R) <> NN(R), transmission limit 1"
    E102 = "CLCW: Retransmit, N(R) = NN(R), transmission limit 1"
    E103 = "CLCW: Retransmit and Wait, N(R) = NN(R), at the limit"
    E104 = "timer expired below the limit, timeout type 1"


@unique
class FopAction(StrEnum):
    """What a cell of the table does (5.2)."""

    REMOVE_ACKNOWLEDGED = "remove acknowledged frames from the sent queue"
    RELEASE_CONTROL_FRAME = "remove the BC frame from the sent queue"
    LOOK_FOR_UNIT = "look for FDU"
    LOOK_FOR_DIRECTIVE = "look for directive"
    RETRANSMIT_AD = "initiate AD retransmission"
    RETRANSMIT_BC = "initiate BC retransmission"
    START_TIMER = "start the timer"
    CANCEL_TIMER = "cancel the timer"
    ALERT_LIMIT = "alert [limit]"
    ALERT_T1 = "alert [T1]"
    ALERT_LOCKOUT = "alert [lockout]"
    ALERT_SYNCH = "alert [synch]"
    ALERT_NN_R = "alert [NN(R)]"
    ALERT_CLCW = "alert [CLCW]"
    ALERT_LLIF = "alert [LLIF]"
    ALERT_TERM = "alert [term]"
    SUSPEND = "SS = number of this state, suspend"
    RESUME = "resume"
    QUEUE_UNIT = "put the AD unit on the wait queue"
    ACCEPT_UNIT = "accept the unit"
    REJECT_UNIT = "reject the unit"
    TRANSMIT_BD = "transmit type-BD frame"
    ACCEPT_DIRECTIVE = "accept the directive"
    REJECT_DIRECTIVE = "reject the directive"
    CONFIRM_DIRECTIVE = "confirm the directive"
    CONFIRM_INITIATION = "confirm the initiate AD service directive in progress"
    BEGIN_INITIATION = "keep the directive to answer it later"
    INITIALISE = "initialise"
    TRANSMIT_UNLOCK = "transmit type-BC frame (Unlock)"
    TRANSMIT_SET_V_R = "V(S) and NN(R) = value, transmit type-BC frame (Set V(R))"
    SET_V_S = "V(S) and NN(R) = value if SS = 0, else reject"
    SET_WINDOW = "K = value"
    SET_T1_INITIAL = "T1_Initial = value"
    SET_TRANSMISSION_LIMIT = "Transmission_Limit = value"
    SET_TIMEOUT_TYPE = "Timeout_Type = value"
    AD_OUT_READY = "AD_Out_Flag = ready"
    BC_OUT_READY = "BC_Out_Flag = ready"
    BD_OUT_READY = "BD_Out_Flag = ready"
    NOT_APPLICABLE = "cannot occur: counted"


@unique
class Directive(StrEnum):
    """What the user may ask of FOP-1 (4.1, table 4-1); some take a qualifier."""

    INITIATE_WITHOUT_CLCW_CHECK = "initiate_without_clcw_check"
    """Trust that V(S) is right."""
    INITIATE_WITH_CLCW_CHECK = "initiate_with_clcw_check"
    """Begin when a report shows that V(S) is right: set it first, to the N(R) reported."""
    INITIATE_WITH_UNLOCK = "initiate_with_unlock"
    """End a lockout first; V(S) must be what the report says."""
    INITIATE_WITH_SET_V_R = "initiate_with_set_v_r"
    """Set V(R), V(S) and NN(R) first, to the qualifier, 0 to 255; it ends no lockout."""
    TERMINATE = "terminate"
    RESUME = "resume"
    """Go on where a suspension stopped."""
    SET_V_S = "set_v_s"
    """Qualifier 0 to 255; only while the service is neither in use nor suspended."""
    SET_WINDOW = "set_window"
    """Qualifier 1 to half the receiver's window."""
    SET_T1_INITIAL = "set_t1_initial"
    """Qualifier in nanoseconds."""
    SET_TRANSMISSION_LIMIT = "set_transmission_limit"
    """Qualifier 1 to 255."""
    SET_TIMEOUT_TYPE = "set_timeout_type"
    """Qualifier: a `TimeoutType`."""


@unique
class TimeoutType(IntEnum):
    """What happens when the timer expires and the frame has been sent as often as allowed (5.1.10.3)."""

    ALERT = 0
    SUSPEND = 1


@unique
class AlertCode(StrEnum):
    """Why the service ended (4.3.2); each value is the name of its counter in `AlertCounters`."""

    LIMIT = "limit"
    """A frame was asked for again that may be sent only once."""
    T1 = "t1"
    """No answer, and the frame has been sent as often as allowed."""
    LOCKOUT = "lockout"
    SYNCH = "synch"
    """A report that no receiver in step with this sender makes."""
    NN_R = "nn_r"
    """A report of a number outside what is outstanding."""
    CLCW = "clcw"
    """A report that contradicts itself, or is none."""
    LLIF = "llif"
    """The lower procedures rejected a frame."""
    TERM = "term"
    """The user terminated it."""


@unique
class Answer(StrEnum):
    """What becomes of a request (4.2 and 4.4)."""

    ACCEPTED = "accepted"
    """In hand: it will be confirmed, positively or negatively, if it is a directive or travels in sequence."""
    REJECTED = "rejected"
    """Not taken: nothing of it was sent."""
    CONFIRMED = "confirmed"
    """Done: the receiver has it."""
    NOT_CONFIRMED = "not_confirmed"
    """Given up: it may have arrived or not."""
