import msgspec
import pytest

from tests.security.ends import tc_association
from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import MAX_COUNTER, AssociationParameters, Role


@pytest.mark.parametrize(
    ("changes", "header", "overhead", "most"),
    [
        ({}, 14, 30, 30),
        ({"sequence_octets": 4}, 18, 34, 34),
        ({"algorithm": Algorithm.AES_256_CMAC, "sequence_octets": 4}, 6, 22, 22),
        ({"algorithm": Algorithm.AES_128_CMAC, "sequence_octets": 2, "pad_length_octets": 1}, 5, 21, 21),
        ({"pad_length_octets": 1, "block_octets": 16}, 15, 31, 46),
    ],
)
def test_lengths(changes: dict[str, object], header: int, overhead: int, most: int) -> None:
    """Header, trailer and overhead are the sum of the fields: SPI, IV, sequence number, pad length, MAC, padding."""
    parameters = tc_association(**changes)
    assert (parameters.header_octets, parameters.trailer_octets) == (header, 16)
    assert (parameters.overhead_octets, parameters.max_overhead_octets) == (overhead, most)


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("spi", 1, 65534),
        ("key_id", 0, 65535),
        ("sequence_octets", 0, 8),
        ("pad_length_octets", 0, 2),
        ("iv_prefix", 0, 0xFFFFFFFE),
        ("window", 1, 0xFFFFFFFF),
    ],
)
def test_limits(field: str, lowest: int, highest: int) -> None:
    """Each parameter takes its lowest and highest value and refuses one beyond; SPIs 0 and 65535 are reserved."""
    for value in (lowest, highest):
        assert getattr(tc_association(**{field: value}), field) == value
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as error:
            tc_association(**{field: value})
        assert error.value.value == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"algorithm": Algorithm.AES_256_CMAC, "sequence_octets": 0}, "sequence octets"),
        ({"block_octets": 16}, "pad length octets"),
        ({"block_octets": 257}, "block octets"),
        ({"channels": ()}, "channels"),
        ({"header_mask": b""}, "header mask octets"),
    ],
)
def test_what_does_not_go_together(changes: dict[str, object], words: str) -> None:
    """A CMAC needs a sequence number, padding a pad length, and an association something to serve."""
    with pytest.raises((WrongValueError, FieldRangeError), match=words):
        tc_association(**changes)


def test_last_counters() -> None:
    """The last number is the highest of the field; of eight octets one less, so that the next one still can be kept."""
    assert [tc_association(sequence_octets=octets).last_counter for octets in (1, 2, 4)] == [255, 65535, 2**32 - 1]
    assert tc_association().last_counter == tc_association(sequence_octets=8).last_counter == MAX_COUNTER - 1


def test_other_end() -> None:
    """The other end differs in its role only, and its other end is this one."""
    near = tc_association()
    assert near.mirrored() == msgspec.structs.replace(near, role=Role.RECEIVER)
    assert near.mirrored().mirrored() == near


def test_parameters_come_from_a_file() -> None:
    """Parameters survive a file, and one with an unknown name is refused, not passed over."""
    document = msgspec.to_builtins(tc_association())
    assert msgspec.convert(document, AssociationParameters) == tc_association()
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        msgspec.convert(document | {"clear": True}, AssociationParameters)
