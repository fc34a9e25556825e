"""File delivery (CFDP) in a Yamcs instance: its entity, and the streams between it and the packets of the mission.

A PDU comes down as the payload of one telemetry packet and goes up as the payload of one command, each with the header
that all packets of the mission have. Yamcs 5.12 knows acknowledged and unacknowledged mode, the modular checksum, files
of less than 4 GiB, and no CRC in PDUs (CCSDS 727.0-B-5).
"""

from __future__ import annotations

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.packets.cfs_header import TELEMETRY_PAYLOAD_OFFSET
from tlm_cmd.packets.spacepacket import MAX_APID

SERVICE = "cfdp"
INCOMING_BUCKET = "received"
"""Where Yamcs puts files of the spacecraft."""
ENTITY_ID_OCTETS, SEQUENCE_OCTETS = 2, 4
MAX_FUNCTION = 0x7F
_PDUS_DOWN, _PDUS_UP = "cfdp_in", "cfdp_out"
_TELEMETRY, _COMMAND = 0x0800, 0x1800
"""First two octets of a packet with secondary header, without its APID (CCSDS 133.0-B-2, 4.1.3)."""
_UNSEGMENTED = "c000"
_FILLED_IN = "0000"
"""The length, which Yamcs fills in, as it does with the count and the checksum."""


class FileTransfers(msgspec.Struct, frozen=True, kw_only=True):
    """Files between Yamcs and the spacecraft.

    Attributes:
        ground_entity, spacecraft_entity: ids of two octets.
        telemetry_apid: of the packets that bring PDUs down.
        command_apid, command_function: of the command that takes a PDU up.
        pdu_octets: the longest PDU in either direction; its command must fit into one frame.
        pause_ms: between two PDUs that go up; no more than the uplink can carry.

    Raises:
        FieldRangeError: a number does not fit its field.
    """

    ground_entity: int
    spacecraft_entity: int
    telemetry_apid: int
    command_apid: int
    command_function: int
    pdu_octets: int = 512
    pause_ms: int = 100

    def __post_init__(self) -> None:
        for entity in (self.ground_entity, self.spacecraft_entity):
            check_range("entity id", entity, 0, (1 << 8 * ENTITY_ID_OCTETS) - 1)
        for apid in (self.telemetry_apid, self.command_apid):
            check_range("APID", apid, 0, MAX_APID)
        check_range("function code", self.command_function, 0, MAX_FUNCTION)
        check_range("PDU octets", self.pdu_octets, 64, 65_535)
        check_range("pause [ms]", self.pause_ms, 1, 60_000)

    def service(self, spacecraft: str) -> dict[str, object]:
        """The service; the spacecraft's entity has the mission's name."""
        return {
            "class": "org.yamcs.cfdp.CfdpService",
            "name": SERVICE,
            "args": {
                "inStream": _PDUS_DOWN,
                "outStream": _PDUS_UP,
                "incomingBucket": INCOMING_BUCKET,
                "entityIdLength": ENTITY_ID_OCTETS,
                "sequenceNrLength": SEQUENCE_OCTETS,
                "maxPduSize": self.pdu_octets,
                "sleepBetweenPdus": self.pause_ms,
                "localEntities": [{"name": "ground", "id": self.ground_entity}],
                "remoteEntities": [{"name": spacecraft, "id": self.spacecraft_entity}],
            },
        }

    def streams(self, telemetry: str, commands: str) -> str:
        """The streams, in Yamcs's SQL.

        Args:
            telemetry: the stream of packets that have come down.
            commands: the stream of packets that go up.
        """
        down, offset = _TELEMETRY | self.telemetry_apid, TELEMETRY_PAYLOAD_OFFSET
        header = f"{_COMMAND | self.command_apid:04x}{_UNSEGMENTED}{_FILLED_IN}{self.command_function:02x}00"
        arriving = f"create stream {_PDUS_DOWN} as select substring(packet, {offset}) as pdu from {telemetry}"  # noqa: S608
        leaving = f"insert into {commands} select gentime, '{SERVICE}' as origin, seqNum, '/{SERVICE}/PDU' as cmdName"
        return (  # names and numbers, which are checked
            f"{arriving} where extract_short(packet, 0) = {down}\n"
            f"create stream {_PDUS_UP} (gentime TIMESTAMP, entityId long, seqNum int, pdu binary)\n"
            f"{leaving}, unhex('{header}') + pdu as binary from {_PDUS_UP}\n"
        )
