import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tlm_cmd.packets.pus.conftest import DATA, FORMATS, MESSAGES, bodies_of
from tlm_cmd.errors import LengthMismatchError, ProtocolError, TooShortError
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import REPORTS, REQUESTS, UnknownMessageError, unpack_report, unpack_request
from tlm_cmd.packets.pus.formats import DEFAULT_FORMATS, PusFormats
from tlm_cmd.packets.pus.service_20_parameters import Values

MODEST = settings(max_examples=12, deadline=None)


def unpack(body: type[PusBody], data: bytes, formats: PusFormats) -> PusBody:
    """Read a body as its type says."""
    chosen = unpack_request if REQUESTS.get((body.service, body.subtype)) is body else unpack_report
    return chosen(body.service, body.subtype, data, formats)


def refusal(body: type[PusBody], data: bytes, formats: PusFormats) -> ProtocolError | None:
    """Why octets are no body of this class, None if they are."""
    try:
        unpack(body, data, formats)
    except ProtocolError as error:
        return error
    return None


def test_the_services_are_there() -> None:
    """Requests and reports of services 1, 3, 5, 8, 9, 11, 17 and 20, each once."""
    assert sorted(REQUESTS) == [
        *((3, subtype) for subtype in (1, 5, 6, 27, 31)),
        *((5, subtype) for subtype in (5, 6, 7)),
        (8, 1),
        (9, 1),
        *((11, subtype) for subtype in (1, 2, 3, 4, 5, 7)),
        *((17, subtype) for subtype in (1, 3)),
        *((20, subtype) for subtype in (1, 3)),
    ]
    assert sorted(REPORTS) == [
        *((1, subtype) for subtype in (1, 2, 3, 4, 5, 6, 7, 8, 10)),
        (3, 25),
        *((5, subtype) for subtype in (1, 2, 3, 4, 8)),
        *((9, subtype) for subtype in (2, 3)),
        *((17, subtype) for subtype in (2, 4)),
        (20, 2),
    ]
    assert len(MESSAGES) == len({*MESSAGES})


@pytest.mark.parametrize("body", MESSAGES)
@MODEST
@given(st.data())
def test_round_trip(body: type[PusBody], data: st.DataObject) -> None:
    """Every body comes back from its octets, whatever the mission's lengths are."""
    formats = data.draw(FORMATS)
    message = data.draw(bodies_of(body, formats))
    octets = message.pack(formats)
    assert unpack(body, octets, formats) == message
    assert unpack(body, octets, formats).pack(formats) == octets


@pytest.mark.parametrize("body", MESSAGES)
@MODEST
@given(st.data(), FORMATS, DATA)
def test_any_octets(body: type[PusBody], data: st.DataObject, formats: PusFormats, octets: bytes) -> None:
    """Octets that are no such body raise nothing but ProtocolError; what is read packs to the same octets."""
    if data.draw(st.booleans()):
        octets = bytearray(data.draw(bodies_of(body, formats)).pack(formats))  # type: ignore[assignment]
        for _ in range(data.draw(st.integers(0, 3))):
            if octets:
                octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))  # type: ignore[index]
        octets = bytes(octets)
    with contextlib.suppress(ProtocolError):
        assert unpack(body, octets, formats).pack(formats) == octets


@pytest.mark.parametrize("body", MESSAGES)
@MODEST
@given(st.data(), FORMATS)
def test_lengths(body: type[PusBody], data: st.DataObject, formats: PusFormats) -> None:
    """A body that is cut off is too short, or another body of the same class; one too long is refused, if it may be."""
    message = data.draw(bodies_of(body, formats))
    octets = message.pack(formats)
    for end in range(len(octets)):
        error = refusal(body, octets[:end], formats)
        if error is None:
            assert unpack(body, octets[:end], formats) != message
        else:
            assert isinstance(error, TooShortError)
            assert error.needed > error.found == end
    error = refusal(body, octets + b"\0", formats)
    if error is None:
        assert unpack(body, octets + b"\0", formats).pack(formats) == octets + b"\0"
    else:
        assert isinstance(error, LengthMismatchError)
        assert (error.declared, error.found) == (len(octets), len(octets) + 1)


def test_unknown_messages() -> None:
    """A message that is not known is refused; the known ones of its service are named."""
    with pytest.raises(UnknownMessageError, match="no request 3,25 is known: subtypes 1, 5, 6, 27, 31"):
        unpack_request(3, 25, b"")
    with pytest.raises(UnknownMessageError, match="no such service"):
        unpack_report(99, 1, b"")


@MODEST
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 0)), max_size=9), DATA)
def test_parameter_values(chosen: list[tuple[int, int]], garbage: bytes) -> None:
    """Values are told apart by the lengths of their parameters; a wrong count or length raises ProtocolError."""
    values = [(parameter, bytes(range(parameter))) for parameter, _ in chosen]
    body = Values.of(values)
    assert body.values(lambda parameter: parameter) == tuple(values)
    with contextlib.suppress(ProtocolError):
        Values(3, garbage).values(lambda parameter: parameter)
    with pytest.raises(ProtocolError):
        Values(len(values) + 1, body.octets).values(lambda parameter: parameter)


def test_counts_are_bounded_before_anything_is_read() -> None:
    """A count of items that cannot be there is refused at once, naming how many octets it would need."""
    with pytest.raises(TooShortError) as caught:
        unpack_request(3, 5, b"\xff\0\1", DEFAULT_FORMATS)
    assert (caught.value.needed, caught.value.found) == (256, 3)
