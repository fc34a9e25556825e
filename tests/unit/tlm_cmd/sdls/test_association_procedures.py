import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.ends import TC_CHANNEL, TM_CHANNEL, tc_association
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, ProtocolError, TooShortError, WrongValueError
from tlm_cmd.sdls.association_procedures import (
    StartRequest,
    pack_counter,
    pack_rekey,
    pack_spi,
    pack_window,
    split_spi,
    unpack_counter,
    unpack_rekey,
    unpack_spi,
    unpack_window,
)
from tlm_cmd.sdls.channel import GlobalChannel

SHAPES = [
    tc_association(),
    tc_association(iv_prefix=0xC0FFEE01),
    *(tc_association(sequence_octets=n) for n in (1, 4, 8)),
]


@given(
    st.integers(0, 0xFFFF), st.lists(st.builds(GlobalChannel, st.integers(0, 1023), st.integers(0, 63)), max_size=64)
)
def test_starts_come_back(spi: int, channels: list[GlobalChannel]) -> None:
    """A start has an SPI and four octets for each channel, or none."""
    request = StartRequest(spi, tuple(channels))
    assert StartRequest.unpack(request.pack()) == request
    assert len(request.pack()) == 2 + 4 * len(channels)


@pytest.mark.parametrize("parameters", SHAPES)
@given(data=st.data())
def test_sequence_numbers_come_back(parameters: object, data: st.DataObject) -> None:
    """A sequence number has the length of its association's field, and a rekey and a reading have it behind the SPI."""
    assert isinstance(parameters, type(tc_association()))
    counter, key_id = data.draw(st.integers(0, parameters.last_counter)), data.draw(st.integers(0, 0xFFFF))
    octets = pack_counter(parameters, counter)
    assert len(octets) == parameters.arsn_octets
    assert unpack_counter(parameters, octets) == counter
    spi, rest = split_spi(pack_rekey(parameters, key_id, counter))
    assert (spi, unpack_rekey(parameters, rest)) == (parameters.spi, (key_id, counter))


def test_known_octets() -> None:
    """SPI, key id, sequence number and window stand in this order, and fill their fields."""
    assert pack_rekey(tc_association(sequence_octets=4), 0x102, 5).hex() == "0001" + "0102" + "00000005"
    assert pack_rekey(tc_association(iv_prefix=9), 0x102, 5).hex() == "0001" + "0102" + "000000090000000000000005"
    assert pack_window(3, 1000).hex() == "0003" + "000003e8"
    assert StartRequest(1, (TC_CHANNEL, TM_CHANNEL)).pack().hex() == "0001" + "00123040" + "00123080"


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_windows_come_back(spi: int, window: int) -> None:
    """A window has four octets behind its SPI."""
    assert unpack_window(pack_window(spi, window)) == (spi, window)
    assert unpack_spi(pack_spi(spi)) == spi


@pytest.mark.parametrize(
    ("read", "octets", "error"),
    [
        (unpack_spi, "00", TooShortError),
        (unpack_spi, "000100", LengthMismatchError),
        (unpack_window, "0001000000", LengthMismatchError),
        (unpack_window, "00010000000000", LengthMismatchError),
        (StartRequest.unpack, "00", TooShortError),
        (StartRequest.unpack, "0001001230", LengthMismatchError),
        (StartRequest.unpack, "0001" + "00123040" * 65, FieldRangeError),
        (lambda octets: unpack_rekey(SHAPES[0], octets), "", LengthMismatchError),
        (lambda octets: unpack_rekey(SHAPES[0], octets), "0080" + "00" * 11, LengthMismatchError),
        (lambda octets: unpack_counter(SHAPES[0], octets), "00000001" + "00" * 8, WrongValueError),
        (lambda octets: unpack_counter(SHAPES[1], octets), "00" * 12, WrongValueError),
    ],
)
def test_what_is_refused(read: object, octets: str, error: type[ProtocolError]) -> None:
    """Data of another length, and numbers that are not the association's, are refused by name."""
    assert callable(read)
    with pytest.raises(error):
        read(bytes.fromhex(octets))


def test_what_is_not_packed() -> None:
    """Values that do not fit their fields are refused."""
    for make in (
        lambda: pack_spi(65536),
        lambda: pack_window(1, 2**32),
        lambda: pack_rekey(tc_association(), 65536),
        lambda: pack_counter(tc_association(sequence_octets=1), 256),
        lambda: StartRequest(1, (TC_CHANNEL,) * 65),
    ):
        with pytest.raises(FieldRangeError):
            make()
