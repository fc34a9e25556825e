"""A spacecraft around the payload app: power, heat, orbit, board, memory and worker, as simple as they can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import apps
from apps.attitude.messages import Navigation
from apps.camera.messages import ImageTaken
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.payload.inference_messages import InferenceResult
from apps.payload.jobs import Job
from apps.payload.messages import ComputeMode, ComputeModeChanged, JobReport, PayloadStatus
from apps.payload.state import PayloadState
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from apps.power.messages import LINES, PowerStatus, ShedLevel, SwitchLine
from apps.thermal.messages import ThermalStatus
from flightsw.app import WorkFailed
from flightsw.bus.inbox import InboxLimits
from flightsw.clock import VirtualClock
from flightsw.devices.compute_board import BoardState, BoardStatus, ComputeBoard, JobProgress, PowerMode
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MassMemory
from flightsw.testing import Bench
from tlm_cmd.definition.message import Quality
from tlm_cmd.products.image_file import ImageHeader, pack_image

TABLES = Path(apps.__file__).parent / "missions/urbanwatch/tables/payload"
WORK_S = {"166.0": "16.6", "41.0": "4.1", "12.8": "1.28"}
"""The mission's variants, and a tenth of their work: tests have less time."""
OTHERS = ("apps.power", "apps.thermal", "apps.mode_manager", "apps.attitude", "apps.camera")
LINE = 7
SPEEDS = {PowerMode.W7: 0.35, PowerMode.W15: 0.75, PowerMode.W25: 1.0}
SIDE = 8
START_NS = 50_000_000
"""Telemetry of others comes between the payload's control slots."""


class FakeBoard:
    """A compute board on a clock: boots 3 s after its line closes, works at the speed of its mode.

    Attributes:
        silent: no request is answered.
        stuck: work does not get on.
        boots: whether it comes up at all.
        throttled: works at half speed, and says so.
        started: runs begun, with their power mode and work.
        aborted: runs ended by command.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.silent = self.stuck = self.throttled = self.tripped = self.obstinate = False
        self.boots = True
        self.on_since_ns: int | None = None
        self.mode = PowerMode.W7
        self.job, self.work_s, self.done_s = 0, 0.0, 0.0
        self.running = False
        self.at_ns = 0
        self.started: list[tuple[int, PowerMode, float]] = []
        self.aborted: list[int] = []

    def switch(self, *, on: bool) -> None:
        """The line closes or opens."""
        if on and self.on_since_ns is None:
            self.on_since_ns = self.clock.now_ns()
        elif not on:
            self.on_since_ns, self.job, self.running, self.tripped = None, 0, False, False

    @property
    def state(self) -> BoardState:
        """What it does."""
        if self.on_since_ns is None or self.tripped:
            return BoardState.OFF
        if not self.boots or self.clock.now_ns() < self.on_since_ns + 3_000_000_000:
            return BoardState.BOOTING
        self._work()
        return BoardState.ACTIVE if self.running else BoardState.IDLE

    @property
    def power_w(self) -> float:
        """What it draws."""
        powers = {BoardState.OFF: 0.0, BoardState.BOOTING: 5.0, BoardState.IDLE: 1.5}
        return powers.get(self.state, float(self.mode))

    def status(self) -> BoardStatus:
        """As the driver."""
        self._hear()
        job = self.job if self.state is BoardState.ACTIVE else 0
        return BoardStatus(self.state, self.mode, self.throttled, self.tripped, 30.0, job, 0, 0, 0, 0, 0, 0)

    def set_power_mode(self, power_mode: PowerMode) -> None:
        """As the driver."""
        self._up()
        self._work()
        self.mode = power_mode

    def start(self, job: int, work_s: float) -> None:
        """As the driver."""
        self._up()
        assert not self.running
        assert work_s > 0.0
        self.job, self.work_s, self.done_s, self.running = job, work_s, 0.0, True
        self.at_ns = self.clock.now_ns()
        self.started.append((job, self.mode, work_s))

    def progress(self, job: int) -> JobProgress:
        """As the driver."""
        self._up()
        if job != self.job:
            raise RefusedError("board", 4, Status.NOT_FOUND)
        self._work()
        return JobProgress(self.done_s, self.work_s, self.running, self.done_s >= self.work_s)

    def abort(self, job: int) -> None:
        """As the driver."""
        self._up()
        if self.obstinate:
            raise NoReplyError("board", 5)
        self.aborted.append(job)
        self.running = False

    def _hear(self) -> None:
        if self.silent:
            raise NoReplyError("board", 1)

    def _up(self) -> None:
        self._hear()
        if self.state in (BoardState.OFF, BoardState.BOOTING):
            raise RefusedError("board", 1, Status.WRONG_STATE)

    def _work(self) -> None:
        now_ns = self.clock.now_ns()
        speed = 0.0 if self.stuck else SPEEDS[self.mode] * (0.5 if self.throttled else 1.0)
        if self.running:
            self.done_s = min(self.work_s, self.done_s + (now_ns - self.at_ns) / 1e9 * speed)
            self.running = self.done_s < self.work_s
        self.at_ns = now_ns


class FakeMemory:
    """Files by number; silent when told so, refusing to write when full."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.silent = self.full = False

    def size(self, file: int) -> int:
        """As the driver."""
        self._check(file)
        return len(self.files[file])

    def read(self, file: int, offset: int, octets: int) -> bytes:
        """As the driver."""
        self._check(file)
        return self.files[file][offset : offset + octets]

    def write(self, file: int, offset: int, data: bytes) -> None:
        """As the driver."""
        if self.full or self.silent:
            raise RefusedError("memory", 5, Status.FULL)
        self.files[file] = self.files.get(file, b"")[:offset] + data

    def delete(self, file: int) -> None:
        """As the driver."""
        self._check(file)
        del self.files[file]

    def _check(self, file: int) -> None:
        if self.silent:
            raise NoReplyError("memory", 1)
        if file not in self.files:
            raise RefusedError("memory", 1, Status.NOT_FOUND)


class World:
    """The app on its bench, and everything around it; the attributes are there to be changed.

    Attributes:
        answer: what the worker makes of a request; None to stay silent.
        telling: which packets are sent each second.
        worker_delay_s: how much longer than it should the worker takes over the model.
    """

    def __init__(self, tables: Path) -> None:
        self.board, self.memory = FakeBoard(), FakeMemory()
        self.bench = Bench(
            "apps.payload",
            others=OTHERS,
            devices={ComputeBoard: self.board, MassMemory: self.memory},
            tables=tables,
            start_ns=START_NS,
        )
        self.board.clock = self.bench.clock
        self.charge, self.voltage, self.shed = 0.95, 32.0, ShedLevel.NONE
        self.board_c, self.sink_c = 25.0, 10.0
        self.mode = SpacecraftMode.NOMINAL
        self.valid = True
        self.telling = {"power", "thermal", "mode", "navigation"}
        self.line_obeys = True
        self.answer: Callable[[WorkRequest], WorkResult | WorkFailed | None] = self.see
        self.cloud = 0.2
        self.worker_delay_s = 0
        self._works: list[tuple[int, WorkRequest]] = []
        self._seen_works = self._seen_commands = 0
        self.bench.bus.open_mailbox("power", InboxLimits(), lambda _id, _message: None)
        switch_id = self.bench.dictionary.command_of("power", SwitchLine).message_id
        self.bench.bus.subscribe("power", switch_id, Quality.COMMAND)
        self.bench.start()

    # ---------------------------------------------------------------- time

    def pass_time(self, seconds: int) -> None:
        """Let whole seconds pass: others tell, the app acts, line and worker obey."""
        for _ in range(seconds):
            self._tell()
            self.bench.advance(1)
            self._obey()
            self._work()

    def until(self, mode: ComputeMode, within_s: int = 120) -> None:
        """Let time pass until a compute mode is reached."""
        for _ in range(within_s):
            self.pass_time(1)
            if self.status.mode is mode:
                return
        raise AssertionError(f"{mode.name} not reached within {within_s} s, but {self.bench.logged}")

    def until_ended(self, jobs: int = 1, within_s: int = 400) -> JobReport:
        """Let time pass until so many jobs have ended; the last one's report."""
        for _ in range(within_s):
            if len(self.reports) >= jobs:
                return self.reports[-1]
            self.pass_time(1)
        raise AssertionError(f"{len(self.reports)} jobs ended within {within_s} s: {self.bench.logged}")

    def _tell(self) -> None:
        currents = [0.0] * LINES
        currents[LINE] = self.board.power_w / self.voltage
        on = 0 if self.board.on_since_ns is None else 1 << LINE
        packets = {
            "power": PowerStatus(
                battery_voltage=self.voltage,
                battery_current=1.0,
                state_of_charge=self.charge,
                battery_temperature=15.0,
                array_power=45.0,
                load_power=15.0,
                lines_on=on,
                lines_tripped=0,
                line_currents=tuple(currents),
                shed_level=self.shed,
                eps_errors=0,
            ),
            "thermal": ThermalStatus((0.0, self.sink_c, 0.0, self.board_c), 0, 0, 0, 10.0, 0),
            "mode": ModeStatus(self.mode, False, "", -10.0, 5, 1),
            "navigation": Navigation(
                self.valid, 0, (0.0, 6878.0, 0.0), (0.0, 0.0, 7.612), 0.0, 0.0, 500.0, (1.0, 0.0, 0.0), True
            ),
        }
        for name in ("power", "thermal", "mode", "navigation"):
            if name in self.telling:
                self.bench.deliver(packets[name])

    def _obey(self) -> None:
        for command in self.bench.commands[self._seen_commands :]:
            assert isinstance(command, SwitchLine)
            assert command.line == LINE
            if self.line_obeys:
                self.board.switch(on=command.on)
        self._seen_commands = len(self.bench.commands)

    def _work(self) -> None:
        now_ns = self.bench.clock.now_ns()
        for work in self.bench.works[self._seen_works :]:
            assert isinstance(work.request, WorkRequest)
            assert work.key == str(work.request.number)
            late_ns = 0 if work.request.image else self.worker_delay_s * 10**9
            self._works.append((now_ns + work.takes_ns + late_ns, work.request))
        self._seen_works = len(self.bench.works)
        due = [request for due_ns, request in self._works if due_ns <= now_ns]
        self._works = [(due_ns, request) for due_ns, request in self._works if due_ns > now_ns]
        for request in due:
            result = self.answer(request)
            if result is not None:
                self.bench.deliver_result(result)

    # ---------------------------------------------------------------- acting

    def take_image(self, file: int = 1, value: float = 2.0, *, damaged: bool = False) -> None:
        """An image comes into the mass memory."""
        header = ImageHeader(target_id=17, exposure_index=40 + file, bands=4, height=SIDE, width=SIDE)
        image = pack_image(header, bytes(header.pixel_octets))
        self.memory.files[file] = image[:-1] + b"\xff" if damaged else image
        self.bench.deliver(ImageTaken(100 + file, 17, "Beijing", file, len(image), value, 0, 0.0))

    def see(self, request: WorkRequest) -> WorkResult | WorkFailed | None:
        """A good worker: the model is verified, images show ``cloud``."""
        if not request.image:
            return WorkResult(request.number, WorkStatus.MODEL_VERIFIED)
        pixels = SIDE * SIDE
        cloudy = round(self.cloud * pixels)
        seen = InferenceResult(
            target_id=17,
            exposure_index=41,
            synthetic_clouds=True,
            model_id="cloud-mask-4b",
            model_version="1.0",
            model_sha256="00",
            variant=request.variant,
            height=SIDE,
            width=SIDE,
            classes=b"\x01" * cloudy + b"\x00" * (pixels - cloudy),
            cloud_fraction=cloudy / pixels,
            shadow_fraction=0.0,
            clear_fraction=1.0 - cloudy / pixels,
            green_fraction=0.25,
            water_fraction=None,
            cpu_ns=1,
            cached=False,
        )
        return WorkResult(request.number, WorkStatus.ANALYSED, "", seen)

    # ---------------------------------------------------------------- looking

    @property
    def status(self) -> PayloadStatus:
        """The newest status; the bench has checked that it can be sent."""
        status = self.bench.latest(PayloadStatus)
        assert math.isfinite(status.board_temperature)
        return status

    @property
    def state(self) -> PayloadState:
        """The app's memory."""
        state: PayloadState = self.bench.app.state
        return state

    @property
    def jobs(self) -> list[Job]:
        """The jobs in the queue."""
        return self.state.queue.jobs

    @property
    def reports(self) -> list[JobReport]:
        """Jobs that have ended."""
        return self.bench.sent(JobReport)

    @property
    def path(self) -> list[str]:
        """The compute modes entered."""
        return [event.mode.name for event in self.bench.sent(ComputeModeChanged)]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mission's tables with less work."""
    folder = tmp_path_factory.mktemp("tables")
    for path in TABLES.glob("*.toml"):
        text = path.read_text()
        for long, short in WORK_S.items() if path.name == "board.toml" else ():
            assert f"work_s = {long}" in text
            text = text.replace(f"work_s = {long}", f"work_s = {short}")
        (folder / path.name).write_text(text)
    return folder


@pytest.fixture
def world(tables: Path) -> World:
    """A good day in sunlight: full battery, cool board, nominal mode."""
    return World(tables)
