"""The gate: carries commands from a file onto the bus, and everything on the bus into a file, as a radio would."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from flight.gate.messages import AskFactor, FactorSeen
from flight.sink.messages import Rule
from flightsw.app import App, SharedTable, Table, every, handles
from flightsw.bus.requests import Request
from tlm_cmd.definition.dictionary import TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.fields import UpTo
from tlm_cmd.definition.message import Event, Record, Telemetry
from tlm_cmd.packets.cfs_header import build_telemetry, parse_command
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS, declared_packet_octets
from tlm_cmd.packets.verification import GROUND, RequestId


class Mailbox(Record):
    """Where the files are."""

    folder: Annotated[str, UpTo(200)]


class Gate(App):
    """Polls the file of commands ten times a second. What it has taken is gone, as with a radio, whatever is reset."""

    mailbox = Table(Mailbox, file="mailbox.toml")
    rule = SharedTable("sink", "rule", Rule)

    def subscriptions(self) -> Iterable[int]:
        """Everything that any app says."""
        return [TELEMETRY_MESSAGE_ID | apid for apid in self.container.surroundings.dictionary.known_apids()]

    @handles(AskFactor)
    def tell_factor(self, _: AskFactor) -> None:
        """Say what is seen of the sink's table."""
        self.send(FactorSeen(self.rule.factor if self.rule else 0))

    def received(self, message_id: int, message: object) -> None:
        """Write it down with the time."""
        assert isinstance(message, Telemetry | Event)
        payload = self.container.surroundings.dictionary.encode_payload(message)
        packet = build_telemetry(message_id & 0x7FF, 0, *divmod(self.now_ns // 1_000_000, 1000), payload)
        with (Path(self.mailbox.folder) / "down").open("ab") as file:
            file.write(packet)

    @every(seconds=0.1)
    def poll(self) -> None:
        """Put new commands on the bus; each is taken before it is handed on, so that none comes twice."""
        taken = Path(self.mailbox.folder) / "taken"
        position = taken.stat().st_size if taken.exists() else 0
        with (Path(self.mailbox.folder) / "up").open("rb") as file:
            file.seek(position)
            data = file.read()
        while len(data) >= PRIMARY_HEADER_OCTETS and declared_packet_octets(data) <= len(data):
            packet, data = data[: declared_packet_octets(data)], data[declared_packet_octets(data) :]
            parsed = parse_command(packet)
            entry = self.container.surroundings.dictionary.command_by_id(parsed.apid, parsed.function_code)
            assert entry is not None
            with taken.open("ab") as file:
                file.write(packet)
            request = RequestId(GROUND, parsed.apid, parsed.sequence_count, parsed.function_code)
            self.container.forward(Request(request, entry.codec.decode(parsed.payload)))
