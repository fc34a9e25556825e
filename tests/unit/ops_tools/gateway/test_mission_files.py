from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flightsw.mission import Mission
from flightsw.mission_file_delivery import FileChecksum
from flightsw.mission_links import MissionLinks
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.yamcs.mission_files import mission_files
from ops_tools.reference_mission import reference_mission
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.packets.profile import ProfileName

MISSION = Mission.load(reference_mission() / "mission.toml")


def changed(**changes: Any) -> MissionLinks:  # noqa: ANN401 - whatever the parameters are
    """The mission's links with other parameters of file delivery."""
    assert MISSION.file.links.file_delivery is not None
    parameters = msgspec.structs.replace(MISSION.file.links.file_delivery, **changes)
    return msgspec.structs.replace(MISSION.file.links, file_delivery=parameters)


def test_the_reference_mission() -> None:
    """Yamcs is told the entities, packets and command of the mission."""
    files = mission_files(MISSION.file.links, MISSION.dictionary, MISSION.file.packets)
    assert files is not None
    assert (files.spacecraft_entity, files.ground_entity, files.pdu_octets) == (423, 1, 900)
    command = MISSION.dictionary.command("FILE_TRANSFER.TAKE_PDU")
    assert (files.command_apid, files.command_function) == (command.apid, 2)
    assert files.telemetry_apid == MISSION.dictionary.packet("FILE_TRANSFER.FILE_PDU").apid


@pytest.mark.parametrize(
    "changes",
    [{"entity_id_octets": 4}, {"sequence_octets": 2}, {"crc": True}, {"checksum": FileChecksum.CRC_32C}],
)
def test_what_yamcs_does_not_know(changes: dict[str, Any]) -> None:
    """A mission that Yamcs could not follow is refused, with the reason."""
    with pytest.raises(GatewayError, match="Yamcs"):
        mission_files(changed(**changes), MISSION.dictionary, MISSION.file.packets)


def test_missions_without_files() -> None:
    """Without parameters, without the app, or with other packets Yamcs is told of no file."""
    links = msgspec.structs.replace(MISSION.file.links, file_delivery=None)
    assert mission_files(links, MISSION.dictionary, ProfileName.CFS) is None
    assert mission_files(MISSION.file.links, Dictionary("none", []), ProfileName.CFS) is None
    assert mission_files(MISSION.file.links, MISSION.dictionary, ProfileName.PUS) is None
