from __future__ import annotations

import msgspec
import pytest

from flightsw.mission_file_delivery import FileChecksum, FileDeliveryParameters
from tlm_cmd.cfdp.codes import ChecksumType
from tlm_cmd.errors import ProtocolError

PARAMETERS = FileDeliveryParameters(spacecraft_entity=423, ground_entity=1)


def test_both_ends_follow_from_the_same_parameters() -> None:
    """What one end says of itself is what the other knows of it."""
    local, remote = PARAMETERS.local(423), PARAMETERS.remote(423)
    assert (local.entity_id, local.entity_id_octets, local.sequence_octets) == (423, 2, 4)
    assert (remote.entity_id, remote.max_pdu_octets, remote.crc) == (423, 900, False)
    assert (remote.checksum_type, remote.ack_timeout_ns, remote.nak_limit) == (ChecksumType.MODULAR, 10**10, 20)


@pytest.mark.parametrize("name", list(FileChecksum))
def test_checksums_by_name(name: FileChecksum) -> None:
    """Every name of a mission file stands for one checksum of the protocol."""
    text = f'{{"spacecraft_entity": 2, "ground_entity": 1, "checksum": "{name.value}"}}'
    parameters = msgspec.json.decode(text, type=FileDeliveryParameters)
    assert parameters.remote(1).checksum_type is name.checksum_type


@pytest.mark.parametrize(
    "changes",
    [
        {"ground_entity": 423},
        {"spacecraft_entity": 70_000},
        {"ground_entity": -1},
        {"pdu_octets": 901},
        {"pdu_octets": 127},
        {"ack_timeout_s": 0},
        {"nak_timeout_s": 86_401},
        {"attempts": -1},
        {"entity_id_octets": 9},
        {"sequence_octets": 0},
    ],
)
def test_values_that_are_not_allowed(changes: dict[str, int]) -> None:
    """What cannot be is refused when the mission file is read."""
    with pytest.raises(ProtocolError):
        msgspec.structs.replace(PARAMETERS, **changes)
