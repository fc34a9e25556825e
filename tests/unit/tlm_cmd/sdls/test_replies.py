import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, WrongValueError
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit, ReplyError
from tlm_cmd.sdls.replies import (
    CounterReply,
    InventoryReply,
    LogDump,
    LogStatus,
    PingReply,
    SelfTestReply,
    StatusReply,
    unpack_reply,
)
from tlm_cmd.sdls.security_log import EventCode, SecurityEvent

REPLIED_TO = {
    Procedure.VERIFY_KEYS,
    Procedure.KEY_INVENTORY,
    Procedure.READ_ARSN,
    Procedure.ASSOCIATION_STATUS,
    Procedure.PING,
    Procedure.LOG_STATUS,
    Procedure.DUMP_LOG,
    Procedure.ERASE_LOG,
    Procedure.SELF_TEST,
}


def reply(procedure: Procedure, data: str) -> bytes:
    """A reply unit."""
    return ProcedureUnit(procedure, bytes.fromhex(data), is_reply=True).pack()


@pytest.mark.parametrize(
    ("procedure", "data", "expected"),
    [
        (Procedure.PING, "", PingReply()),
        (Procedure.KEY_INVENTORY, "0001008001", InventoryReply(((128, KeyState.ACTIVE),))),
        (Procedure.READ_ARSN, "000100000005", CounterReply(1, b"\0\0\0\5")),
        (Procedure.ASSOCIATION_STATUS, "00011b", StatusReply(1, Procedure.START_ASSOCIATION)),
        (Procedure.LOG_STATUS, "0003003d", LogStatus(3, 61)),
        (Procedure.ERASE_LOG, "00000040", LogStatus(0, 64)),
        (Procedure.SELF_TEST, "00", SelfTestReply(passed=True)),
        (Procedure.SELF_TEST, "ff", SelfTestReply(passed=False)),
        (Procedure.DUMP_LOG, "", LogDump(())),
    ],
)
def test_known_replies(procedure: Procedure, data: str, expected: object) -> None:
    """Each reply is read as what it is."""
    assert unpack_reply(reply(procedure, data)) == (procedure, expected)


def test_dumped_events_come_back() -> None:
    """A dump is the events, one behind the other."""
    dump = LogDump(tuple(SecurityEvent(EventCode.BAD_MAC, number, number, number) for number in range(64)))
    assert unpack_reply(ProcedureUnit(Procedure.DUMP_LOG, dump.pack(), is_reply=True).pack())[1] == dump


@pytest.mark.parametrize("procedure", sorted(set(Procedure) - REPLIED_TO))
def test_procedures_without_reply(procedure: Procedure) -> None:
    """A reply to a procedure that is not replied to is refused."""
    with pytest.raises(WrongValueError, match="replying procedure"):
        unpack_reply(reply(procedure, ""))


@pytest.mark.parametrize(
    ("procedure", "data", "error"),
    [
        (Procedure.PING, "00", LengthMismatchError),
        (Procedure.READ_ARSN, "0001", LengthMismatchError),
        (Procedure.READ_ARSN, "0001" + "00" * 13, LengthMismatchError),
        (Procedure.ASSOCIATION_STATUS, "0001", LengthMismatchError),
        (Procedure.LOG_STATUS, "000000", LengthMismatchError),
        (Procedure.SELF_TEST, "", LengthMismatchError),
        (Procedure.SELF_TEST, "01", WrongValueError),
        (Procedure.DUMP_LOG, "08", LengthMismatchError),
    ],
)
def test_what_is_refused(procedure: Procedure, data: str, error: type[ProtocolError]) -> None:
    """Data that are not what a procedure replies are refused by name."""
    with pytest.raises(error):
        unpack_reply(reply(procedure, data))


def test_requests_are_no_replies() -> None:
    """A request is not read as a reply."""
    with pytest.raises(ReplyError):
        unpack_reply(ProcedureUnit(Procedure.PING).pack())
    with pytest.raises(FieldRangeError):
        LogStatus(65536, 0)


@given(st.sampled_from(Procedure), st.binary(max_size=100))
def test_any_data_are_read_or_refused(procedure: Procedure, data: bytes) -> None:
    """Any data of any procedure are a reply, or raise a declared error."""
    try:
        assert unpack_reply(ProcedureUnit(procedure, data, is_reply=True).pack())[0] is procedure
    except ProtocolError:
        return
