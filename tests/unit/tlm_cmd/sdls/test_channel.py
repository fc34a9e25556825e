import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, TooShortError
from tlm_cmd.sdls.channel import GlobalChannel

CHANNELS = st.builds(GlobalChannel, st.integers(0, 0xFFFF), st.integers(0, 63), st.integers(0, 63), st.integers(0, 15))


@given(CHANNELS)
def test_round_trip(channel: GlobalChannel) -> None:
    """Every channel comes back from its four octets."""
    assert GlobalChannel.unpack(channel.pack()) == channel


def test_known_octets() -> None:
    """Version, spacecraft, virtual channel and MAP stand in this order in 4, 16, 6 and 6 bits."""
    assert GlobalChannel(0x123, 5, 9, 1).pack().hex() == "10123149"


@pytest.mark.parametrize(
    ("field", "highest"), [("spacecraft_id", 65535), ("virtual_channel", 63), ("map_id", 63), ("frame_version", 15)]
)
def test_limits(field: str, highest: int) -> None:
    """A field that does not fit its bits is refused."""
    for value in (-1, highest + 1):
        with pytest.raises(FieldRangeError) as error:
            GlobalChannel(**{"spacecraft_id": 1, "virtual_channel": 1, field: value})
        assert error.value.value == value


def test_too_short() -> None:
    """Three octets are no channel."""
    with pytest.raises(TooShortError):
        GlobalChannel.unpack(bytes(3))
