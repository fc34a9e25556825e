"""Why a request for an extended procedure is not executed (CCSDS 355.1-B-1), and how often."""

from enum import StrEnum, unique

from tlm_cmd.errors import ProtocolError
from tlm_cmd.reason_counters import ReasonCounters
from tlm_cmd.sdls.bound_association import AssociationProblem, AssociationRefusedError
from tlm_cmd.sdls.key_ring import KeyProblem, KeyRefusedError
from tlm_cmd.sdls.procedures import ReplyError, UnknownProcedureError, UserProcedureError


@unique
class ProcedureRefusal(StrEnum):
    """Reasons; each value is the name of its counter in `ProcedureRefusalCounters`."""

    MALFORMED = "malformed"
    """A length or a field that cannot be."""
    IS_REPLY = "is_reply"
    USER_DEFINED = "user_defined"
    UNKNOWN_PROCEDURE = "unknown_procedure"
    NOT_SUPPORTED = "not_supported"
    """Associations cannot be created or deleted over the link: they are managed parameters."""
    UNPROTECTED = "unprotected"
    """It did not come through an association that is in use."""
    OWN_CARRIER = "own_carrier"
    """It would stop the very association that it came through, and lock out whoever sent it."""
    BAD_MAC = "bad_mac"
    """Transported keys whose MAC is wrong."""
    UNKNOWN_KEY = "unknown_key"
    WRONG_KIND = "wrong_kind"
    """A master key where a session key is meant, or the other way round."""
    WRONG_KEY_STATE = "wrong_key_state"
    WRONG_KEY_SIZE = "wrong_key_size"
    DUPLICATE_KEY = "duplicate_key"
    """A key named twice, or one that is there already under another id."""
    TOO_MANY_KEYS = "too_many_keys"
    KEY_IN_USE = "key_in_use"
    """An operational association uses the key, or another association has used it."""
    UNKNOWN_SPI = "unknown_spi"
    WRONG_STATE = "wrong_state"
    BAD_CHANNEL = "bad_channel"
    NOT_FORWARD = "not_forward"
    """A sequence number that would be a step back."""


class ProcedureRefusalCounters(ReasonCounters[ProcedureRefusal]):
    """Requests not executed, by reason."""

    malformed: int = 0
    is_reply: int = 0
    user_defined: int = 0
    unknown_procedure: int = 0
    not_supported: int = 0
    unprotected: int = 0
    own_carrier: int = 0
    bad_mac: int = 0
    unknown_key: int = 0
    wrong_kind: int = 0
    wrong_key_state: int = 0
    wrong_key_size: int = 0
    duplicate_key: int = 0
    too_many_keys: int = 0
    key_in_use: int = 0
    unknown_spi: int = 0
    wrong_state: int = 0
    bad_channel: int = 0
    not_forward: int = 0


class ProcedureRefusedError(ProtocolError):
    """A request is not executed, for a reason that no other error has."""

    def __init__(self, refusal: ProcedureRefusal, detail: str) -> None:
        super().__init__(f"{refusal.value.replace('_', ' ')}: {detail}")
        self.refusal, self.detail = refusal, detail


_OF_KEYS = {
    KeyProblem.UNKNOWN: ProcedureRefusal.UNKNOWN_KEY,
    KeyProblem.IS_MASTER: ProcedureRefusal.WRONG_KIND,
    KeyProblem.IS_SESSION: ProcedureRefusal.WRONG_KIND,
    KeyProblem.WRONG_STATE: ProcedureRefusal.WRONG_KEY_STATE,
    KeyProblem.ALREADY_THERE: ProcedureRefusal.DUPLICATE_KEY,
    KeyProblem.RING_FULL: ProcedureRefusal.TOO_MANY_KEYS,
    KeyProblem.NAMED_TWICE: ProcedureRefusal.DUPLICATE_KEY,
}
_OF_ASSOCIATIONS = {
    AssociationProblem.UNKNOWN_SPI: ProcedureRefusal.UNKNOWN_SPI,
    AssociationProblem.WRONG_STATE: ProcedureRefusal.WRONG_STATE,
    AssociationProblem.BAD_CHANNEL: ProcedureRefusal.BAD_CHANNEL,
    AssociationProblem.UNKNOWN_KEY: ProcedureRefusal.UNKNOWN_KEY,
    AssociationProblem.KEY_NOT_ACTIVE: ProcedureRefusal.WRONG_KEY_STATE,
    AssociationProblem.WRONG_KEY_SIZE: ProcedureRefusal.WRONG_KEY_SIZE,
    AssociationProblem.KEY_OF_ANOTHER: ProcedureRefusal.KEY_IN_USE,
    AssociationProblem.TOO_MANY_KEYS: ProcedureRefusal.TOO_MANY_KEYS,
    AssociationProblem.NOT_FORWARD: ProcedureRefusal.NOT_FORWARD,
}


_OF_UNITS = {
    ReplyError: ProcedureRefusal.IS_REPLY,
    UserProcedureError: ProcedureRefusal.USER_DEFINED,
    UnknownProcedureError: ProcedureRefusal.UNKNOWN_PROCEDURE,
}


def procedure_refusal_of(error: ProtocolError) -> ProcedureRefusal:
    """Return the reason under which a request is counted that raised an error."""
    match error:
        case ProcedureRefusedError():
            return error.refusal
        case KeyRefusedError():
            return _OF_KEYS[error.problem]
        case AssociationRefusedError():
            return _OF_ASSOCIATIONS[error.problem]
        case ReplyError() | UserProcedureError() | UnknownProcedureError():
            return _OF_UNITS[type(error)]
        case _:
            return ProcedureRefusal.MALFORMED
