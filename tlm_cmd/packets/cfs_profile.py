"""The profile of Space Packets (CCSDS 133.0-B-2) with headers of NASA's cFS, see `tlm_cmd.packets.cfs_header`."""

from __future__ import annotations

from collections.abc import Mapping

from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.errors import TooShortError
from tlm_cmd.packets.cfs_header import MAX_FUNCTION_CODE, build_command, join_time, parse_command, parse_telemetry
from tlm_cmd.packets.profile import FunctionCall, ProfileName, ReadCommand, RequestKey
from tlm_cmd.packets.spacepacket import MIN_PACKET_OCTETS, SEQUENCE_MODULO
from tlm_cmd.packets.telemetry_packets import TelemetryPackets
from tlm_cmd.packets.verification import GROUND, RequestId

_TIME_OCTETS = 6


class CfsProfile(TelemetryPackets):
    """Commands with function code and checksum, telemetry with seconds and subseconds and a CRC.

    Each kind of packet has an APID of its own, as the dictionary says, and so a sequence count of its own. Every stage
    of a command is reported: the header has no room to ask for less.
    """

    name = ProfileName.CFS
    ordered = True

    def check_telemetry(self, packet: bytes) -> None:
        """See `PacketProfile.check_telemetry`."""
        parse_telemetry(packet)

    def counting_apid(self, apid: int, message: Telemetry | Event) -> int:
        """See `PacketProfile.counting_apid`."""
        return apid

    def counting_apids(self) -> Mapping[int, float | None]:
        """See `PacketProfile.counting_apids`."""
        entries = {apid: self.dictionary.telemetry_by_apid(apid) for apid in self.dictionary.known_apids()}
        return {apid: None if entry is None else entry.record.period_s for apid, entry in entries.items()}

    def build_command(self, apid: int, sequence_count: int, function: int, arguments: bytes) -> bytes:
        """See `PacketProfile.build_command`."""
        return build_command(apid, sequence_count, function, arguments)

    def read_command(self, packet: bytes) -> ReadCommand:
        """See `PacketProfile.read_command`."""
        parsed = parse_command(packet)
        return ReadCommand(
            RequestId(GROUND, parsed.apid, parsed.sequence_count, parsed.function_code),
            FunctionCall(parsed.apid, parsed.function_code, parsed.payload),
        )

    def unpack_time(self, field: bytes) -> int:
        """See `PacketProfile.unpack_time`: seconds in four octets, 1/65536 s in two.

        Raises:
            TooShortError: fewer than six octets.
        """
        if len(field) < _TIME_OCTETS:
            raise TooShortError("cFS time field", _TIME_OCTETS, len(field))
        return join_time(int.from_bytes(field[:4], "big"), int.from_bytes(field[4:_TIME_OCTETS], "big"))

    def request_of(self, octets: bytes) -> RequestId | None:
        """See `PacketProfile.request_of`."""
        if len(octets) < MIN_PACKET_OCTETS:
            return None
        apid = int.from_bytes(octets[0:2], "big") & 0x7FF
        sequence = int.from_bytes(octets[2:4], "big") & (SEQUENCE_MODULO - 1)
        return RequestId(GROUND, apid, sequence, octets[6] & MAX_FUNCTION_CODE)

    def request_key(self, request: RequestId) -> RequestKey:
        """See `PacketProfile.request_key`."""
        return request.apid, request.sequence, request.function & MAX_FUNCTION_CODE
