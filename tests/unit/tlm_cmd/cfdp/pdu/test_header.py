import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.codes import Direction, Mode, PduType
from tlm_cmd.cfdp.pdu.header import (
    HEADER_OCTETS_BY_LENGTHS,
    PduHeader,
    declared_pdu_octets,
    find_header,
)
from tlm_cmd.errors import FieldRangeError, LengthMismatchError, TooShortError, WrongVersionError

MODEST = settings(max_examples=100, deadline=None)
HEADER = PduHeader(Direction.TOWARD_RECEIVER, Mode.ACKNOWLEDGED, 1, 7, 2)


@st.composite
def headers(draw: st.DrawFn) -> PduHeader:
    """Draw a header with any lengths and flags."""
    ids, sequence = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    entity = st.integers(0, (1 << 8 * ids) - 1)
    return PduHeader(
        draw(st.sampled_from(Direction)),
        draw(st.sampled_from(Mode)),
        draw(entity),
        draw(st.integers(0, (1 << 8 * sequence) - 1)),
        draw(entity),
        ids,
        sequence,
        crc=draw(st.booleans()),
        large_file=draw(st.booleans()),
    )


def test_known_octets() -> None:
    """Flags, lengths and identifiers stand where the standard has them."""
    assert HEADER.pack(PduType.DIRECTIVE, 10).hex() == "20000a13" + "0001" + "00000007" + "0002"
    flags = PduHeader(
        Direction.TOWARD_SENDER,
        Mode.UNACKNOWLEDGED,
        1,
        2,
        3,
        entity_id_octets=1,
        sequence_octets=8,
        crc=True,
        large_file=True,
        segmentation_control=True,
        segment_metadata=True,
    )
    assert flags.pack(PduType.FILE_DATA, 0x1234).hex() == "3f12348f" + "01" + "0000000000000002" + "03"
    assert flags.pack(PduType.DIRECTIVE, 0)[3] == 0x07


@MODEST
@given(headers(), st.sampled_from(PduType), st.binary(min_size=2, max_size=20), st.booleans())
def test_round_trip(header: PduHeader, pdu_type: PduType, field: bytes, flag: bool) -> None:  # noqa: FBT001
    """Every header comes back, with the place of what follows it."""
    if pdu_type is PduType.FILE_DATA:
        header = msgspec.structs.replace(header, segmentation_control=flag, segment_metadata=not flag)
    octets = header.pack(pdu_type, len(field)) + field
    found = find_header(octets)
    assert (found.header, found.pdu_type) == (header, pdu_type)
    assert found.start == header.octets == HEADER_OCTETS_BY_LENGTHS[octets[3]]
    assert found.end == len(octets) - 2 * header.crc
    assert declared_pdu_octets(octets[:4]) == len(octets)


@pytest.mark.parametrize("octets", [0, 9])
def test_lengths_of_identifiers(octets: int) -> None:
    """Identifiers have one to eight octets."""
    with pytest.raises(FieldRangeError, match="entity id octets"):
        msgspec.structs.replace(HEADER, entity_id_octets=octets)
    with pytest.raises(FieldRangeError, match="sequence number octets"):
        msgspec.structs.replace(HEADER, sequence_octets=octets)


@pytest.mark.parametrize(
    ("field", "highest"), [("source_id", 255), ("sequence_number", 65_535), ("destination_id", 255)]
)
def test_identifiers_fit_their_octets(field: str, highest: int) -> None:
    """The highest value is taken, one more is refused with the range."""
    short = msgspec.structs.replace(HEADER, entity_id_octets=1, sequence_octets=2)
    assert find_header(msgspec.structs.replace(short, **{field: highest}).pack(PduType.DIRECTIVE, 0)).end == 8
    with pytest.raises(FieldRangeError) as caught:
        msgspec.structs.replace(short, **{field: highest + 1})
    assert (caught.value.value, caught.value.highest) == (highest + 1, highest)


def test_the_data_field_has_a_longest_length() -> None:
    """Its length field has two octets."""
    with pytest.raises(FieldRangeError, match="PDU data field octets"):
        HEADER.pack(PduType.DIRECTIVE, 65_536)


def test_lengths_are_checked() -> None:
    """A PDU that is cut, or goes on, is refused; padding is ignored where the link has it."""
    octets = HEADER.pack(PduType.DIRECTIVE, 2) + b"ab"
    for length in range(len(octets)):
        with pytest.raises(TooShortError if length < 12 else LengthMismatchError):
            find_header(octets[:length])
    with pytest.raises(LengthMismatchError, match="14 octets declared, 15 found"):
        find_header(octets + b"c")
    assert find_header(octets + b"c", padded=True).end == 14
    with pytest.raises(LengthMismatchError):
        find_header(octets[:-1], padded=True)


def test_a_crc_needs_its_octets() -> None:
    """A data field too short for the CRC that the header declares is refused."""
    octets = msgspec.structs.replace(HEADER, crc=True).pack(PduType.DIRECTIVE, 1) + b"a"
    with pytest.raises(TooShortError, match="with CRC"):
        find_header(octets)


@pytest.mark.parametrize("version", [0, 2, 7])
def test_other_versions(version: int) -> None:
    """A PDU of another version of the protocol is refused by its version."""
    octets = HEADER.pack(PduType.DIRECTIVE, 0)
    with pytest.raises(WrongVersionError) as caught:
        find_header(bytes([version << 5]) + octets[1:])
    assert caught.value.found == version


def test_the_other_way() -> None:
    """A header turned around differs in its direction only, and turned twice in nothing."""
    assert HEADER.turned() == msgspec.structs.replace(HEADER, direction=Direction.TOWARD_SENDER)
    assert HEADER.turned().turned() == HEADER
