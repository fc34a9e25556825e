import msgspec
import pytest

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.link.security_parameters import ChannelSecurity

PARAMETERS = LinkParameters(spacecraft_id=0x123)
NAMED = tuple(VirtualChannel(number, name) for number, name in ((3, "files"), (0, "realtime"), (1, "events")))


def test_defaults() -> None:
    """The frame lengths are those of five interleaved code blocks and of the longest TC frame."""
    assert (PARAMETERS.tm_frame_octets, PARAMETERS.tc_frame_octets) == (1115, 1024)
    assert PARAMETERS.channels_by_priority == (0, 1)


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("spacecraft_id", 0, 1023),
        ("idle_virtual_channel", 0, 7),
        ("tm_frame_octets", 13, 2048),
        ("queue_packets", 1, 1_000_000),
        ("max_packet_octets", 7, 65_542),
        ("tc_frame_octets", 15, 1024),
        ("tc_virtual_channel", 0, 63),
        ("map_id", 0, 63),
    ],
)
def test_parameter_limits(field: str, lowest: int, highest: int) -> None:
    """Each parameter takes its lowest and highest value and refuses one beyond."""
    for value in (lowest, highest):
        assert getattr(msgspec.structs.replace(PARAMETERS, **{field: value}), field) == value
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(PARAMETERS, **{field: value})
        assert caught.value.value == value


def test_lower_numbers_go_first() -> None:
    """Without a priority the lowest channel number is the most urgent, in whatever order they are named."""
    assert LinkParameters(spacecraft_id=1, virtual_channels=NAMED).channels_by_priority == (0, 1, 3)


def test_priority_can_be_set() -> None:
    """A priority given is the order of the channels."""
    parameters = LinkParameters(spacecraft_id=1, virtual_channels=NAMED, priority=(3, 0, 1))
    assert parameters.channels_by_priority == (3, 0, 1)


@pytest.mark.parametrize("priority", [(0, 1), (0, 1, 2), (0, 1, 3, 3)])
def test_priority_names_each_channel_once(priority: tuple[int, ...]) -> None:
    """A priority that leaves a channel out, has one twice or an unknown one is refused."""
    with pytest.raises(WrongValueError, match="priority"):
        LinkParameters(spacecraft_id=1, virtual_channels=NAMED, priority=priority)


def test_names_and_numbers() -> None:
    """Channels are found by name and by number, and unknown ones are refused with what there is."""
    parameters = LinkParameters(spacecraft_id=1, virtual_channels=NAMED)
    for channel in NAMED:
        assert parameters.channel_number(channel.name) == channel.number
        assert parameters.channel_name(channel.number) == channel.name
    with pytest.raises(WrongValueError, match="files"):
        parameters.channel_number("nothing")
    with pytest.raises(WrongValueError, match=r"\[3, 0, 1\]"):
        parameters.channel_name(2)


@pytest.mark.parametrize("second", [VirtualChannel(0, "other"), VirtualChannel(1, "same")])
def test_channels_are_unique(second: VirtualChannel) -> None:
    """Two channels with one number or one name are refused."""
    with pytest.raises(WrongValueError, match="unique"):
        LinkParameters(spacecraft_id=1, virtual_channels=(VirtualChannel(0, "same"), second))


@pytest.mark.parametrize("number", [-1, 8])
def test_channel_number_limits(number: int) -> None:
    """A channel's number is 0 to 7."""
    with pytest.raises(FieldRangeError, match="virtual channel"):
        LinkParameters(spacecraft_id=1, virtual_channels=(VirtualChannel(number, "x"),))


def test_room_for_a_telecommand_packet() -> None:
    """A TC frame holds its length less header, segment header and error control."""
    assert PARAMETERS.max_tc_data_octets == 1017
    assert msgspec.structs.replace(PARAMETERS, segment_header=True, tc_frame_octets=100).max_tc_data_octets == 92


def test_parameters_come_from_a_file() -> None:
    """Parameters read from a table of plain values are checked like any others."""
    table = {"spacecraft_id": 5, "virtual_channels": [{"number": 2, "name": "all"}], "segment_header": True}
    parameters = msgspec.convert(table, LinkParameters)
    assert parameters.channel_number("all") == 2
    with pytest.raises(msgspec.ValidationError, match="spacecraft id is 1024"):
        msgspec.convert({"spacecraft_id": 1024}, LinkParameters)


SECURITY = ChannelSecurity(spi=1, second_spi=17, key_id=128)


def test_each_direction_may_have_a_second_association() -> None:
    """Of the same form, without a key at first; both ends hold the same."""
    parameters = msgspec.structs.replace(
        PARAMETERS,
        telecommand_security=SECURITY,
        telemetry_security=ChannelSecurity(spi=2, second_spi=18, key_id=129),
    )
    flight, ground = parameters.associations(flight=True), parameters.associations(flight=False)
    assert [(each.spi, each.key_id) for each in flight] == [(1, 128), (17, None), (2, 129), (18, None)]
    assert [each.mirrored() for each in flight] == list(ground)
    first, second = parameters.telecommand_associations(flight=True)
    assert msgspec.structs.replace(second, spi=1, key_id=128) == first
    only = msgspec.structs.replace(PARAMETERS, telecommand_security=ChannelSecurity(spi=1, key_id=128))
    assert [each.spi for each in only.associations(flight=True)] == [1]


@pytest.mark.parametrize("spis", [(17, 18), (1, 18), (2, 1), (2, 17)])
def test_directions_share_no_spi(spis: tuple[int, int]) -> None:
    """Neither the first nor the second of one direction is one of the other's."""
    with pytest.raises(WrongValueError, match="SPI of both directions"):
        msgspec.structs.replace(
            PARAMETERS,
            telecommand_security=SECURITY,
            telemetry_security=ChannelSecurity(spi=spis[0], second_spi=spis[1], key_id=129),
        )


def test_the_second_association_is_another_one() -> None:
    """With an SPI of its own, of those that there are."""
    with pytest.raises(WrongValueError, match="second SPI"):
        ChannelSecurity(spi=1, second_spi=1, key_id=128)
    for spi in (0, 0xFFFF):
        with pytest.raises(FieldRangeError, match="second SPI"):
            ChannelSecurity(spi=1, second_spi=spi, key_id=128)
