"""A loop-back spacecraft of tiny apps, so that the ground is tested end to end without flight software."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from enum import IntEnum, unique
from types import SimpleNamespace
from typing import Annotated, Any
from urllib.parse import urlsplit

import pytest

from flightsw.clock import VirtualClock
from flightsw.hal.errors import PortClosedError, PortTimeoutError
from flightsw.hal.sim import MemoryNvm
from flightsw.mission_file_delivery import FileDeliveryParameters
from flightsw.mission_links import MissionLinks
from flightsw.services.key_safe import MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import Store
from ops_tools.console.server import build_application
from ops_tools.console.stepping import SteppedGround
from ops_tools.ground.contact_plan import ContactPlan, PlannedContact
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.station import GroundSegment
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import F32, I16, U8, U16, U32, Length, Limits, Linear, Range, Tail, Unit, UpTo
from tlm_cmd.definition.layout import FieldLayout, Kind, layout_of
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.packets.cfs_header import build_telemetry, parse_command, split_time
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

SECOND_NS = 1_000_000_000


@unique
class Colour(IntEnum):
    """Something to choose from."""

    RED = 0
    BLUE = 1


class Noop(Command, code=0):
    """Do nothing but answer."""


class SetHeater(Command, code=2):
    """Switch one heater."""

    line: Annotated[int, U8, Range(0, 7)]
    on: bool
    colour: Colour = Colour.RED


class Explode(Command, code=3, hazardous=True):
    """Fire the pyrotechnics."""

    charge: Annotated[int, U8, Range(0, 3)]


class Survey(Command, code=4):
    """Something that takes time."""


class TakeKey(Command, code=5, secret=True):
    """Something that nobody is to see."""

    unit: Annotated[bytes, Tail(8)]


class Cell(Record):
    """One battery cell."""

    voltage: Annotated[float, U16, Linear(0.001), Unit("V"), Limits(yellow=(3.0, 4.2), red=(2.5, 4.3))]


class HeaterStatus(Telemetry, period_s=1):
    """Heaters."""

    board: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(0, 40), red=(-10, 60)), "hottest sensor"]
    pressure: Annotated[float, F32, Limits(red=(0, 10))]
    colour: Colour
    lines: Annotated[tuple[Annotated[int, U8, Limits(yellow=(0, 100))], ...], UpTo(8)]
    cell: Cell
    note: Annotated[str, UpTo(20)]


class HeaterExtra(Telemetry, period_s=10):
    """More of it."""

    colour: Colour
    count: Annotated[int, U32]


class Occasion(Telemetry):
    """Sent when it pleases."""

    data: Annotated[bytes, Tail(32)]


class HeaterOn(Event, code=32, text="heater {line} is {colour}"):
    """A heater was switched on."""

    line: Annotated[int, U8]
    colour: Colour


class HeaterStuck(Event, code=33, severity=Severity.ERROR, text="heater {line} does not answer"):
    """A heater is stuck."""

    line: Annotated[int, U8]


class Arm(Command, code=2):
    """Arm one hazardous command."""

    apid: Annotated[int, U16]
    function: Annotated[int, U8]


class SystemStatus(Telemetry, period_s=10):
    """The vehicle at a glance."""

    dictionary: Annotated[bytes, Length(8)]


class FilePdu(Telemetry):
    """A PDU of the spacecraft's file delivery entity."""

    pdu: Annotated[bytes, Tail(900)]


class TakePdu(Command, code=2):
    """A PDU of the ground's."""

    pdu: Annotated[bytes, Tail(900)]


FILE_DELIVERY = FileDeliveryParameters(spacecraft_entity=2, ground_entity=1, pdu_octets=200)

MAX_WAITING_PDUS = 40
HEATER_APID, INGEST_APID = 0x20, 0x10

APPS = (
    AppInterface("command_ingest", INGEST_APID, (Noop, Arm), (VerificationReport,)),
    AppInterface(
        "heater",
        HEATER_APID,
        (Noop, SetHeater, Explode, Survey, TakeKey),
        (VerificationReport, HeaterStatus, HeaterExtra, Occasion),
        (HeaterOn, HeaterStuck),
    ),
    AppInterface("housekeeping", 0x30, telemetry=(SystemStatus,)),
    AppInterface("file_transfer", 0x40, (TakePdu,), (FilePdu,)),
)


def end_security(parameters: LinkParameters, *, flight: bool) -> LinkSecurity | None:
    """The security of one end; None on an open link."""
    associations = parameters.telecommand_associations(flight=flight)
    keys = MemoryKeySafe(derive_simulation_keys(1, (), [11]))
    return LinkSecurity(keys, associations, Store(MemoryNvm()), "end") if associations else None


class LoopbackSpacecraft:
    """Answers commands over real frames; a port of the ground at the same time.

    Attributes:
        now_ns: spacecraft time.
        silent: commands are heard but not answered.
        broken: the ground's port does not work.
        executed: names of the commands carried out.
        frames_up: what the ground radiated.
        noise: frames that come down before the next real one, as they are.
        open: deferred commands, by sequence count.
        files: of the spacecraft.
        entity: delivers them.
        loses: says of each PDU, either way, whether it is lost.
    """

    def __init__(self, dictionary: Dictionary, parameters: LinkParameters) -> None:
        self.dictionary = dictionary
        security = end_security(parameters, flight=True)
        self.uplink = UplinkReceiver(parameters, None if security is None else security.frames)
        self.sender = DownlinkSender(parameters)
        self.now_ns = 0
        self.silent = self.broken = self.closed = self.transmitting = False
        self.executed: list[str] = []
        self.frames_up: list[bytes] = []
        self.noise: list[bytes] = []
        self.open: dict[int, RequestId] = {}
        self.files = MemoryFilestore()
        self.entity = Entity(FILE_DELIVERY.local(2), [FILE_DELIVERY.remote(1)], self.files)
        self.loses: Callable[[bytes], bool] = lambda _pdu: False
        self._armed: set[tuple[int, int]] = set()
        self._sequences: dict[int, int] = {}

    # the ground's port

    def send(self, octets: bytes) -> None:
        """Take an uplink frame."""
        if self.broken:
            raise PortTimeoutError("loopback", 1.0)
        self.frames_up.append(octets)
        for packet in self.uplink.receive(octets).packets:
            self.take(packet)

    def receive(self) -> list[bytes]:
        """Give what has been framed, noise first."""
        if self.closed:
            raise PortClosedError("loopback")
        frames, self.noise = self.noise, []
        while self.sender.waiting < MAX_WAITING_PDUS and (pdu := self.entity.next_pdu(self.now_ns)) is not None:
            if not self.loses(pdu):
                self.say("file_transfer", FilePdu(pdu))
        while self.sender.waiting and len(frames) < 64:
            frames.append(self.sender.next_frame(self.uplink.clcw().pack()))
        if self.transmitting and not frames:
            frames.append(self.sender.next_frame(self.uplink.clcw().pack()))
        return frames

    # commands

    def take(self, packet: bytes) -> None:
        """Check a command and answer it."""
        if self.silent:
            return
        try:
            command = parse_command(packet)
        except ProtocolError as error:
            request = RequestId(GROUND, *_header_ids(packet))
            self.report(request, Stage.REJECTED, "command_ingest", FailureCode.BAD_CHECKSUM, str(error))
            return
        request = RequestId(GROUND, command.apid, command.sequence_count, command.function_code)
        entry = self.dictionary.command_by_id(command.apid, command.function_code)
        if entry is not None and entry.record is TakePdu:
            if not self.loses(command.payload):
                self.entity.receive(command.payload, self.now_ns)
            return
        if entry is None:
            self.report(request, Stage.REJECTED, "command_ingest", FailureCode.UNKNOWN_FUNCTION, "no such function")
            return
        if entry.record.hazardous and (command.apid, command.function_code) not in self._armed:
            self.report(request, Stage.REJECTED, "command_ingest", FailureCode.NOT_ARMED, "not armed")
            return
        self._execute(entry.app, request, entry.codec.decode(command.payload))

    def _execute(self, app: str, request: RequestId, command: Command) -> None:
        self.executed.append(type(command).__name__)
        self.report(request, Stage.ACCEPTED, app)
        if type(command).__name__ == "Arm":
            self._armed.add((command.apid, command.function))
        if isinstance(command, SetHeater) and command.line == 7:
            self.report(request, Stage.FAILED, app, FailureCode.DEVICE_FAILED, "line 7 is broken")
        elif isinstance(command, Survey):
            self.open[request.sequence] = request
            self.report(request, Stage.STARTED, app)
        else:
            self.report(request, Stage.COMPLETED, app, percent=100)

    def report(
        self,
        request: RequestId,
        stage: Stage,
        app: str = "heater",
        code: FailureCode = FailureCode.NONE,
        reason: str = "",
        percent: int = 0,
    ) -> None:
        """Send a verification report down."""
        self.say(app, VerificationReport(request, stage, code, percent, reason))

    # telemetry

    def packet(self, app: str, message: Telemetry | Event) -> bytes:
        """A telemetry or event packet with the next sequence count."""
        if isinstance(message, Event):
            apid = self.dictionary.apid_of(app)
        else:
            apid = self.dictionary.telemetry_of(app, type(message)).apid
        sequence = self._sequences.get(apid, 0)
        self._sequences[apid] = (sequence + 1) % 16_384
        return build_telemetry(apid, sequence, *split_time(self.now_ns), self.dictionary.encode_payload(message))

    def say(self, app: str, message: Telemetry | Event, channel: int = 0) -> None:
        """Send a packet down."""
        self.sender.enqueue(channel, self.packet(app, message))

    def heater_status(self, board: float = 20.0, **fields: object) -> HeaterStatus:
        """A status with everything inside its limits but what is given."""
        values: dict[str, object] = {
            "board": board,
            "pressure": 1.0,
            "colour": Colour.BLUE,
            "lines": (1, 2, 3),
            "cell": Cell(voltage=3.7),
            "note": "fine",
        }
        return HeaterStatus(**(values | fields))  # type: ignore[arg-type]


def _header_ids(packet: bytes) -> tuple[int, int, int]:
    return int.from_bytes(packet[0:2], "big") & 0x7FF, int.from_bytes(packet[2:4], "big") & 0x3FFF, packet[6] & 0x7F


class ListedContacts:
    """A contact plan that was written down: station, begin and end [s]."""

    def __init__(self, *contacts: tuple[str, float, float]) -> None:
        self._contacts = [
            PlannedContact(station, round(begin * SECOND_NS), round(end * SECOND_NS))
            for station, begin, end in contacts
        ]

    def current(self, now_ns: int) -> PlannedContact | None:
        """The contact that should go on."""
        return next((each for each in self._contacts if each.begin_ns <= now_ns < each.end_ns), None)

    def following(self, now_ns: int) -> PlannedContact | None:
        """The next contact."""
        return next((each for each in self._contacts if each.begin_ns > now_ns), None)


class Loop:
    """A ground segment and its spacecraft, stepped together."""

    def __init__(
        self,
        dictionary: Dictionary,
        parameters: LinkParameters,
        settings: GroundSettings | None,
        plan: ContactPlan | None = None,
    ) -> None:
        self.spacecraft = LoopbackSpacecraft(dictionary, parameters)
        security = end_security(parameters, flight=False)
        self.ground = GroundSegment(
            dictionary,
            parameters,
            self.spacecraft,
            settings,
            plan=plan,
            security=security,
            links=MissionLinks(parameters, file_delivery=FILE_DELIVERY),
        )
        self.now_ns = 0

    def step(self, seconds: float = 1.0) -> int:
        """Let time pass at both ends and return how many packets came down."""
        self.now_ns += round(seconds * SECOND_NS)
        self.spacecraft.now_ns = self.now_ns
        return self.ground.step(self.now_ns)


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    """The dictionary of the tiny apps."""
    return Dictionary("tiny", APPS)


@pytest.fixture
def parameters() -> LinkParameters:
    """A link with a realtime and a recorded channel, whose commands are authenticated."""
    return LinkParameters(
        spacecraft_id=0x2A,
        tm_frame_octets=256,
        telecommand_security=ChannelSecurity(spi=1, key_id=11, algorithm=Algorithm.AES_256_CMAC, sequence_octets=4),
    )


@pytest.fixture
def settings() -> GroundSettings | None:
    """The ground's settings; tests override it."""
    return None


@pytest.fixture
def plan() -> ContactPlan | None:
    """The ground's contact plan; tests override it."""
    return None


@pytest.fixture
def loop(
    dictionary: Dictionary, parameters: LinkParameters, settings: GroundSettings | None, plan: ContactPlan | None
) -> Loop:
    """Ground and spacecraft together."""
    return Loop(dictionary, parameters, settings, plan)


class LoopbackConsole:
    """The HTTP interface of a loop, asked in process; while a request waits, time passes at both ends.

    Attributes:
        loop: ground and spacecraft.
        clock: the ground's clock.
        application: the server's application.
        defects_expected: whether errors that the application has answered with 500 are passed over.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.clock = VirtualClock()
        self.stepped = SteppedGround(loop.ground, self.clock)
        self.application = build_application(self.stepped)
        self.defects_expected = False

    def begin_contact(self) -> None:
        """The spacecraft begins to transmit without a pause."""
        self.loop.spacecraft.transmitting = True
        self.step(0)

    def step(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock.now_ns() + round(seconds * SECOND_NS))
        self.loop.now_ns = self.loop.spacecraft.now_ns = self.clock.now_ns()
        self.stepped.step()

    def ask(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request: (status, body). Without headers, those that a client of this host sends."""
        if headers is None:
            headers = {"host": "127.0.0.1:8800", "content-type": "application/json"}
        return asyncio.run(self._ask(method, url, body, headers))

    def json(self, method: str, url: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """One request with JSON both ways."""
        status, answer = self.ask(method, url, None if body is None else json.dumps(body).encode())
        return status, json.loads(answer)

    async def _ask(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(url)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8800),
        }
        sent: list[dict[str, Any]] = []
        requests = [{"type": "http.request", "body": body or b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            return requests.pop(0) if requests else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        answering = asyncio.create_task(self.application(scope, receive, send))
        for _ in range(10):
            await asyncio.sleep(0)
        while not answering.done():
            self.step()
            await asyncio.sleep(0)
        (error,) = await asyncio.gather(answering, return_exceptions=True)
        if error is not None and not self.defects_expected:
            raise error
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
def console(loop: Loop) -> LoopbackConsole:
    """The console's interface on a loop."""
    return LoopbackConsole(loop)


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The message classes of the tiny apps, and what else tests need of this file."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})


def filled(record: type[Record], **values: object) -> Record:
    """A message with the fields given, and the simplest allowed value in every other one."""
    return layout_of(record).python_class(
        **{field.name: _simplest(field) for field in layout_of(record).fields} | values
    )


def _simplest(field: FieldLayout) -> object:  # noqa: PLR0911 - one return per kind
    if field.record is not None:
        return filled(field.record.python_class)
    match field.kind:
        case Kind.ARRAY if field.item is not None:
            return (_simplest(field.item),) * (field.extent.count if isinstance(field.extent, Length) else 0)
        case Kind.ENUMERATION if field.enumeration is not None:
            return next(iter(field.enumeration))
        case Kind.TEXT:
            return ""
        case Kind.OCTETS:
            return bytes(field.extent.count if isinstance(field.extent, Length) else 0)
        case Kind.BOOLEAN:
            return False
    low = max(0, field.allowed.lowest) if field.allowed else 0
    return float(low) if field.kind is Kind.FLOAT else int(low)
