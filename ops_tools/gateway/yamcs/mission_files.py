"""How a mission transfers files, in the form that Yamcs is to be told."""

from __future__ import annotations

from flightsw.mission_links import MissionLinks
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.yamcs.file_transfers import ENTITY_ID_OCTETS, SEQUENCE_OCTETS, FileTransfers
from ops_tools.ground.file_delivery import PDU_PACKET
from ops_tools.ground.pdu_uplink import PDU_COMMAND
from tlm_cmd.cfdp.codes import ChecksumType
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.packets.profile import ProfileName

PAUSE_MS = 100


def mission_files(links: MissionLinks, dictionary: Dictionary, packets: ProfileName) -> FileTransfers | None:
    """File transfers of a mission; None if it has none, or its packets are not the ones that Yamcs is told of here.

    Raises:
        GatewayError: the mission delivers files in a way that Yamcs does not know.
    """
    parameters = links.file_delivery
    command, telemetry = dictionary.commands.get(PDU_COMMAND), dictionary.telemetry.get(PDU_PACKET)
    if parameters is None or command is None or telemetry is None or packets is not ProfileName.CFS:
        return None
    remote = parameters.remote(parameters.spacecraft_entity)
    if (parameters.entity_id_octets, parameters.sequence_octets) != (ENTITY_ID_OCTETS, SEQUENCE_OCTETS):
        raise GatewayError(
            f"Yamcs is told entity ids of {ENTITY_ID_OCTETS} octets and sequence numbers of {SEQUENCE_OCTETS}; "
            "set entity_id_octets and sequence_octets in [links.file_delivery] so"
        )
    if remote.crc or remote.checksum_type not in (ChecksumType.MODULAR, ChecksumType.NULL):
        raise GatewayError('Yamcs knows no CRC in PDUs, and the checksums "modular" and "none" only')
    return FileTransfers(
        ground_entity=parameters.ground_entity,
        spacecraft_entity=parameters.spacecraft_entity,
        telemetry_apid=telemetry.apid,
        command_apid=command.apid,
        command_function=command.code,
        pdu_octets=parameters.pdu_octets,
        pause_ms=PAUSE_MS,
    )
