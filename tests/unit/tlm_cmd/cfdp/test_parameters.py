from typing import Any

import pytest

from tlm_cmd.cfdp.codes import Direction, Mode
from tlm_cmd.cfdp.errors import UnknownEntityError
from tlm_cmd.cfdp.parameters import MIN_PDU_OCTETS, LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.pdu.directives import Nak
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.errors import FieldRangeError, WrongValueError


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("entity_id", 0, (1 << 64) - 1),
        ("max_segment_octets", 1, 65_525),
        ("max_pdu_octets", 64, 65_563),
        ("ack_timeout_ns", 1, 1 << 62),
        ("nak_timeout_ns", 1, 1 << 62),
        ("inactivity_timeout_ns", 1, 1 << 62),
        ("check_timeout_ns", 1, 1 << 62),
        ("keep_alive_interval_ns", 0, 1 << 62),
        ("ack_limit", 0, 1_000_000),
        ("nak_limit", 0, 1_000_000),
        ("check_limit", 0, 1_000_000),
        ("keep_alive_limit_octets", 0, (1 << 64) - 1),
    ],
)
def test_limits_of_another_entity(field: str, lowest: int, highest: int) -> None:
    """Each value takes its lowest and its highest and refuses one beyond."""
    for value in (lowest, highest):
        changed: dict[str, Any] = {"entity_id": 2} | {field: value}
        assert getattr(RemoteEntity(**changed), field) == value
    for value in (lowest - 1, highest + 1):
        changed = {"entity_id": 2} | {field: value}
        with pytest.raises(FieldRangeError) as caught:
            RemoteEntity(**changed)
        assert caught.value.value == value


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("entity_id", 0, 65_535),
        ("entity_id_octets", 1, 8),
        ("sequence_octets", 1, 8),
        ("max_transactions", 1, 100_000),
        ("max_closed", 1, 100_000),
        ("max_parts", 1, 100_000),
        ("max_indications", 1, 100_000),
        ("max_answers", 1, 100_000),
        ("max_listing_octets", 0, 1 << 30),
    ],
)
def test_limits_of_an_entity(field: str, lowest: int, highest: int) -> None:
    """Each value takes its lowest and its highest and refuses one beyond."""
    for value in (lowest, highest):
        changed: dict[str, Any] = {"entity_id": 2} | {field: value}
        assert getattr(LocalEntity(**changed), field) == value
    for value in (lowest - 1, highest + 1):
        changed = {"entity_id": 2} | {field: value}
        with pytest.raises(FieldRangeError):
            LocalEntity(**changed)


def test_the_shortest_pdu_has_room_for_a_request() -> None:
    """A NAK with one request fits, with everything at its longest."""
    header = PduHeader(Direction.TOWARD_SENDER, Mode.ACKNOWLEDGED, 1, 2, 3, 8, 8, crc=True, large_file=True)
    assert len(Pdu(header, Nak(0, 1, ((0, 1),))).pack()) <= MIN_PDU_OCTETS


def test_requests_have_both_names_or_none() -> None:
    """And a content only with names."""
    assert PutRequest(2, "a", "b").has_file
    assert not PutRequest(2).has_file
    for names in (("a", ""), ("", "b")):
        with pytest.raises(WrongValueError, match="file names"):
            PutRequest(2, *names)
    with pytest.raises(WrongValueError, match="content"):
        PutRequest(2, content=b"x")


def test_errors_carry_their_numbers() -> None:
    """An entity that is not known is named, with those that are."""
    error = UnknownEntityError(9, (1, 2))
    assert (error.entity_id, error.known, str(error)) == (9, (1, 2), "entity 9 is unknown, known are [1, 2]")
