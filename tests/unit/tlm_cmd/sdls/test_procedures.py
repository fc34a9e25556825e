import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, TooShortError
from tlm_cmd.sdls.procedures import (
    MAX_UNIT_DATA_OCTETS,
    Procedure,
    ProcedureUnit,
    ReplyError,
    UnknownProcedureError,
    UserProcedureError,
)


@given(st.sampled_from(Procedure), st.binary(max_size=100), st.booleans())
def test_round_trip(procedure: Procedure, data: bytes, is_reply: bool) -> None:  # noqa: FBT001 - drawn
    """Every unit comes back as what it was, and never as the other of request and reply."""
    octets = ProcedureUnit(procedure, data, is_reply).pack()
    assert ProcedureUnit.unpack(octets, is_reply=is_reply) == ProcedureUnit(procedure, data, is_reply)
    with pytest.raises(ReplyError):
        ProcedureUnit.unpack(octets, is_reply=not is_reply)


@pytest.mark.parametrize(
    ("unit", "octets"),
    [
        (ProcedureUnit(Procedure.PING), "310000"),
        (ProcedureUnit(Procedure.PING, is_reply=True), "b10000"),
        (ProcedureUnit(Procedure.KEY_INVENTORY, bytes.fromhex("0004000b")), "0700200004000b"),
        (ProcedureUnit(Procedure.START_ASSOCIATION, b"\0\1"), "1b00100001"),
    ],
)
def test_known_octets(unit: ProcedureUnit, octets: str) -> None:
    """Tag, length in bits and data stand as other implementations of the standard have them."""
    assert unit.pack().hex() == octets


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("", TooShortError),
        ("3100", TooShortError),
        ("710000", UserProcedureError),
        ("300000", UnknownProcedureError),
        ("210000", UnknownProcedureError),
        ("050000", UnknownProcedureError),
        ("31000800", None),
        ("310001", LengthMismatchError),
        ("31000f00", LengthMismatchError),
        ("31001000", LengthMismatchError),
        ("310000ff", LengthMismatchError),
        ("31ffff00", LengthMismatchError),
    ],
)
def test_what_is_no_request(octets: str, error: type[ProtocolError] | None) -> None:
    """Short units, users' and unknown procedures, and lengths that do not fit or are no whole octets are refused."""
    if error is None:
        assert ProcedureUnit.unpack(bytes.fromhex(octets), is_reply=False).data == b"\0"
    else:
        with pytest.raises(error):
            ProcedureUnit.unpack(bytes.fromhex(octets), is_reply=False)


def test_longest_data() -> None:
    """The length field holds 8191 octets."""
    unit = ProcedureUnit(Procedure.OTAR, bytes(MAX_UNIT_DATA_OCTETS))
    assert ProcedureUnit.unpack(unit.pack(), is_reply=False) == unit
    with pytest.raises(FieldRangeError):
        ProcedureUnit(Procedure.OTAR, bytes(MAX_UNIT_DATA_OCTETS + 1))


@given(st.binary(max_size=12), st.booleans())
def test_any_octets_are_read_or_refused(octets: bytes, is_reply: bool) -> None:  # noqa: FBT001 - drawn
    """Any octets are a unit that packs to the same, or raise a declared error."""
    try:
        unit = ProcedureUnit.unpack(octets, is_reply=is_reply)
    except ProtocolError:
        return
    assert unit.pack() == octets
