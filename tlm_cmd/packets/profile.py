"""The profile of a mission's packets: which headers they have, and how commands and reports travel in them.

The packets are Space Packets (CCSDS 133.0-B-2), whose secondary headers are the mission's choice.

A mission has one profile, and both ends use it for everything that crosses the link; whoever makes or reads packets
holds the profile, and knows nothing of headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Protocol

import msgspec

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.telemetry_packets import DecodePacket
from tlm_cmd.packets.verification import RequestId

RequestKey = tuple[int, int, int]
"""APID, sequence count and function code of a command of the ground, as far as reports name them."""


@unique
class ProfileName(StrEnum):
    """The profiles that there are."""

    CFS = "cfs"
    """Headers of NASA's core Flight System."""
    PUS = "pus"
    """The packet utilisation standard, PUS-C (ECSS-E-ST-70-41C)."""


class FunctionCall(msgspec.Struct, frozen=True):
    """A command of an app: one of its functions is called.

    Attributes:
        apid: the app's.
        function: function code.
        arguments: the command's payload.
    """

    apid: int
    function: int
    arguments: bytes


class ServiceRequest(msgspec.Struct, frozen=True):
    """A request to a standard service, other than to perform a function.

    Attributes:
        apid: of the app whose service is asked.
        body: what is asked.
    """

    apid: int
    body: PusBody


class ReadCommand(msgspec.Struct, frozen=True):
    """A command packet that passed every check of its headers.

    Attributes:
        request: how the bus and reports name it.
        call: what is to be done.
        acknowledge: the reports of success that are asked for.
    """

    request: RequestId
    call: FunctionCall | ServiceRequest
    acknowledge: Acknowledge = Acknowledge.ALL


class PacketProfile(Protocol):
    """Makes and reads the packets of one mission.

    Attributes:
        name: which profile it is.
        ordered: whether the packets of one APID take one way, and so arrive in the order of their counts.
        dictionary: the mission's words.
        decode: reads a telemetry packet and verifies all of it: header, error control, content. It raises
            DictionaryError when the dictionary has no such packet or event, and another ProtocolError for the rest.
    """

    name: ProfileName
    ordered: bool
    dictionary: Dictionary
    decode: DecodePacket

    def encode(
        self,
        apid: int,
        message: Telemetry | Event,
        sequence_count: int,
        time_seconds: int,
        time_subseconds: int,
        *,
        short_event: bool = False,
    ) -> bytes:
        """The packet of a message that the dictionary knows at an APID; in the short form an event has no fields.

        Its time is TAI since 1958-01-01: ``time_seconds``, 0 to 2^32 - 1, and ``time_subseconds`` of 1/65536 s.

        Raises:
            DictionaryError: no telemetry packet has this APID.
            ProtocolError: sequence count or time are out of range, or a field does not fit its definition.
        """
        ...

    def check_telemetry(self, packet: bytes) -> None:
        """Look at headers and error control alone, and raise the ProtocolError that says what is wrong with them."""
        ...

    def counting_apid(self, apid: int, message: Telemetry | Event) -> int:
        """The APID among whose packets a message is counted; ``apid`` is what the dictionary says of it."""
        ...

    def counting_apids(self) -> Mapping[int, float | None]:
        """All of them, each with the seconds between its packets if they are all of one periodic kind."""
        ...

    def build_command(self, apid: int, sequence_count: int, function: int, arguments: bytes) -> bytes:
        """The packet of a command of the ground to an app.

        Raises:
            FieldRangeError: a number or the length is out of range.
        """
        ...

    def read_command(self, packet: bytes) -> ReadCommand:
        """Read a command packet and verify it, its arguments aside.

        Raises:
            ProtocolError: it is no command, or a request that no service of any mission knows.
        """
        ...

    def unpack_time(self, field: bytes) -> int:
        """The TAI of a time field as packets carry it, in nanoseconds since 1958-01-01.

        Raises:
            ProtocolError: the field is too short, or there is no such time.
        """
        ...

    def request_of(self, octets: bytes) -> RequestId | None:
        """The request id that stands in the octets of a command, right or wrong; None if they are too few."""
        ...

    def request_key(self, request: RequestId) -> RequestKey:
        """By what the reports on a request can be told from those on others."""
        ...
