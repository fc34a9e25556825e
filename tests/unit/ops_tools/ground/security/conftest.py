"""Both ends of a mission's link security without a link: requests are executed at once, and frames are exchanged."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest

from apps.command_ingest.messages import SecurityReply
from flightsw.hal.sim import MemoryNvm
from flightsw.mission_links import MissionLinks, key_plan
from flightsw.services.key_safe import MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.store import Store
from ops_tools.ground.command_record import CommandRecord, CommandStage, Verdict
from ops_tools.ground.decoder import Sample
from ops_tools.ground.security.control import SecurityControl
from ops_tools.ground.security.operation import Answer, Ask, Await, OperationRecord, Outcome
from ops_tools.ground.security.own_end import Direction, OwnEnd
from ops_tools.ground.station import ground_associations
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.association import MAX_WINDOW
from tlm_cmd.sdls.association_procedures import split_spi
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.management import Outcome as Executed
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.replies import unpack_reply
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

LINKS = MissionLinks(
    LinkParameters(
        spacecraft_id=1,
        telecommand_security=ChannelSecurity(spi=1, second_spi=17, key_id=128, window=MAX_WINDOW),
        telemetry_security=ChannelSecurity(spi=2, second_spi=18, key_id=129, window=MAX_WINDOW),
    ),
    LinkParameters(
        spacecraft_id=2,
        virtual_channels=(VirtualChannel(3, "products"),),
        telemetry_security=ChannelSecurity(spi=3, second_spi=19, key_id=130, window=MAX_WINDOW),
    ),
)
TELECOMMANDS = GlobalChannel(1, 0)
TELEMETRY = {Direction.S_BAND: GlobalChannel(1, 0), Direction.X_BAND: GlobalChannel(2, 3)}
TELEMETRY_SPIS = {2: Direction.S_BAND, 18: Direction.S_BAND, 3: Direction.X_BAND, 19: Direction.X_BAND}
HEADERS = {Direction.TELECOMMAND: bytes(5), Direction.S_BAND: bytes(6), Direction.X_BAND: bytes(6)}


class Ends:
    """A spacecraft with keys in one place and associations in three, and its ground.

    Attributes:
        own: the ground's end as operations see it.
        spacecraft_keys: where the spacecraft keeps its keys.
        asked: procedures that reached the spacecraft.
    """

    def __init__(self) -> None:
        plan = key_plan(LINKS)
        self.spacecraft_keys = MemoryKeySafe(derive_simulation_keys(1, plan.masters, plan.sessions))
        self.ground_keys = MemoryKeySafe(derive_simulation_keys(1, plan.masters, plan.sessions, plan.spares))
        self.spacecraft_store, self.ground_store = Store(MemoryNvm()), Store(MemoryNvm())
        self.asked: list[Procedure] = []
        self.now_ns = 0
        self.random_octets = random.Random(1).randbytes
        assert LINKS.x_band is not None
        self._associations = {
            "ingest": LINKS.s_band.telecommand_associations(flight=True),
            "s": LINKS.s_band.telemetry_associations(flight=True),
            "x": LINKS.x_band.telemetry_associations(flight=True),
        }
        self.restart()

    def restart(self) -> None:
        """Both ends begin anew with what they have stored."""
        self.ingest, self.s_band, self.x_band = (
            LinkSecurity(self.spacecraft_keys, associations, self.spacecraft_store, name)
            for name, associations in self._associations.items()
        )
        self.ground = LinkSecurity(self.ground_keys, ground_associations(LINKS), self.ground_store, "ground")
        self.own = OwnEnd(self.ground, LINKS, self.random_octets)
        self.carrier = 0

    def execute(self, unit: bytes) -> Answer:
        """What the spacecraft answers to a request that came with a telecommand."""
        executed = self.execute_raw(unit)
        if executed.refusal is not None:
            return Answer(Outcome.REFUSED, executed.reason)
        return Answer(Outcome.DONE, reply=unpack_reply(executed.reply)[1] if executed.reply else None)

    def execute_raw(self, unit: bytes) -> Executed:
        """What the spacecraft does with a request that came with a telecommand."""
        self.send_command()
        request = ProcedureUnit.unpack(unit, is_reply=False)
        self.asked.append(request.procedure)
        spi = split_spi(request.data)[0] if request.procedure & 0x30 == 0x10 else 0
        direction = TELEMETRY_SPIS.get(spi)
        if direction is None:
            return self.ingest.receive(unit, self.carrier, 0)
        security = self.telemetry(direction)
        security.follow_keys()
        return security.apply(unit, 0)

    def telemetry(self, direction: Direction) -> LinkSecurity:
        """What protects a radio's frames on board."""
        return {Direction.S_BAND: self.s_band, Direction.X_BAND: self.x_band}[direction]

    def send_command(self) -> None:
        """A telecommand goes up; it must be accepted."""
        header = HEADERS[Direction.TELECOMMAND]
        self.ground.prepare()
        frame = self.ground.frames.protect(TELECOMMANDS, header, b"command")
        result = self.ingest.frames.process(TELECOMMANDS, header, frame)
        assert (result.refusal, result.data) == (None, b"command")
        self.carrier = result.spi

    def send_telemetry(self, direction: Direction) -> bytes:
        """A telemetry frame comes down; it must be accepted. Returns it."""
        security, header = self.telemetry(direction), HEADERS[direction]
        security.prepare()
        frame = security.frames.protect(TELEMETRY[direction], header, b"telemetry")
        result = self.ground.frames.process(TELEMETRY[direction], header, frame)
        assert (result.refusal, result.data) == (None, b"telemetry")
        return frame

    def exchange(self) -> None:
        """A frame in each direction, none of which may be refused."""
        self.send_command()
        for direction in TELEMETRY:
            self.send_telemetry(direction)
        self.now_ns += 1
        self.own.hear(self.now_ns)

    def answer(self, wanted: Ask | Await) -> Answer:
        """What becomes of a step when nothing is lost; traffic goes on before and behind it."""
        self.exchange()
        answer = self.execute(wanted.unit) if isinstance(wanted, Ask) else Answer(Outcome.SILENT, "too late")
        self.exchange()
        if isinstance(wanted, Await) and wanted.condition():
            return Answer(Outcome.DONE)
        return answer


@pytest.fixture
def ends() -> Ends:
    """Both ends, before any key was changed."""
    return Ends()


Answering = Callable[[Ask | Await], Answer]


class Desk:
    """The controller's desk: operations whose commands are executed at once, unless the test says otherwise.

    Attributes:
        issued: the commands, by name.
        records: their records.
        replies: what came down and was not handed over yet.
        verdict: what becomes of the next commands; None executes them.
        mute: whether replies are lost.
    """

    def __init__(self) -> None:
        self.ends = Ends()
        self.issued: list[str] = []
        self.records: list[CommandRecord] = []
        self.replies: list[Sample] = []
        self.verdict: Verdict | None = None
        self.mute = False
        self.now_ns = 0
        self.control = SecurityControl(self.ends.own, self.issue, patience_s=60)

    def issue(self, name: str, arguments: Mapping[str, object], now_ns: int) -> CommandRecord:
        """Send a command."""
        self.issued.append(name)
        record = CommandRecord(len(self.issued), name, dict(arguments), now_ns, sequence=700 + len(self.issued))
        record.octets = b"packet"
        self.records.append(record)
        record.times[CommandStage.FINISHED] = now_ns
        if self.verdict is not None:
            record.verdict, record.reason = self.verdict, "so it is"
            return record
        self.ends.exchange()
        unit = bytes.fromhex(str(arguments["unit"]))
        executed = self.ends.execute_raw(unit)
        self.ends.exchange()
        if executed.refusal is not None:
            record.verdict, record.reason = Verdict.FAILED, executed.reason
            return record
        record.verdict = Verdict.COMPLETED
        if executed.reply and not self.mute:
            self.replies.append(self.sample(name.replace("PROCEDURE", "REPLY"), record.sequence, executed.reply))
        return record

    def sample(self, name: str, sequence: int, unit: bytes) -> Sample:
        """A packet that came down."""
        message = SecurityReply(sequence, unit)
        return Sample(name, name.partition(".")[0].lower(), 1, 1, 0, 0, 0, recorded=False, message=message)

    def step(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        self.now_ns += round(seconds * 1e9)
        for reply in self.replies:
            self.control.take(reply)
        self.replies.clear()
        self.control.step(self.now_ns)

    def do(self, name: str, confirm: str = "") -> OperationRecord:
        """Have an operation done."""
        record = self.control.request(name, confirm, now_ns=self.now_ns)
        for _ in range(200):
            if record.succeeded is not None:
                break
            self.step()
        return record


@pytest.fixture
def desk() -> Desk:
    """A desk."""
    return Desk()
