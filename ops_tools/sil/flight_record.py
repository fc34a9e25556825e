"""What a flight leaves behind for its judge and its report: the truth, sampled, and what the flight software said."""

from __future__ import annotations

import math

import msgspec

from apps.camera.messages import ImageTaken
from apps.file_transfer.messages import FilePdu
from apps.mode_manager.messages import ModeChanged
from apps.payload.messages import ComputeModeChanged, JobReport, PayloadStatus, ProductReady
from apps.products.messages import Alert
from bus_sim.truth import Truth
from ops_tools.sil.scenario import Limits
from tlm_cmd.definition.message import Event

NANOSECONDS = 1_000_000_000
MAX_SAMPLES = 9000
_NOTHING: tuple[float, None] = (-math.inf, None)


class Sample(msgspec.Struct, frozen=True):
    """The truth at one moment, as far as the report plots it."""

    time_s: int
    latitude_deg: float
    longitude_deg: float
    illumination: float
    array_power_w: float
    load_power_w: float
    battery_soc: float
    compute_power_w: float
    temperatures_c: tuple[float, ...]


class ModeEntry(msgspec.Struct, frozen=True):
    """A mode and when it was entered."""

    time_s: float
    mode: str


class Timed(msgspec.Struct, frozen=True):
    """A message and when it was sent."""

    time_s: float
    source: str
    message: object


class LimitCounts(msgspec.Struct):
    """Seconds outside limits, by the truth.

    Attributes:
        battery_floor_s: below the battery floor.
        node_s: above or below a temperature limit, by node.
        lowest_soc: lowest state of charge seen.
        hottest_c: highest temperature seen, by node.
    """

    battery_floor_s: int = 0
    node_s: dict[str, int] = {}
    lowest_soc: float = 1.0
    hottest_c: dict[str, float] = {}

    @property
    def violations(self) -> int:
        """Seconds in violation, each limit counted by itself."""
        total = self.battery_floor_s
        for seconds in self.node_s.values():
            total += seconds
        return total


class FlightRecord:
    """Gathers one flight, within bounds.

    Args:
        limits: what must not be exceeded.
        node_names: of the thermal nodes, in the order of the truth.
        duration_s: of the flight; samples are spaced so that at most MAX_SAMPLES are kept.

    Attributes:
        samples: the truth, evenly spaced; see `history` for the extremes between them.
        limits: seconds outside limits.
        images, jobs, products, alerts: messages of these kinds.
        spacecraft_modes, compute_modes: modes entered.
        events: everything reported on board.
        raw_octets: of all images taken.
        file_octets: of all PDUs sent down: files, and what their delivery takes beside.
        contacts: stations that saw the spacecraft.
        payload: newest status of the compute payload, None before the first.
        highest_power_mode_w: highest power mode of the compute board so far.
    """

    def __init__(self, limits: Limits, node_names: tuple[str, ...], duration_s: int) -> None:
        self.samples: list[Sample] = []
        self.limits = LimitCounts()
        self.images: list[Timed] = []
        self.jobs: list[Timed] = []
        self.products: list[Timed] = []
        self.alerts: list[Timed] = []
        self.spacecraft_modes: list[ModeEntry] = [ModeEntry(0.0, "BOOT")]
        self.compute_modes: list[ModeEntry] = [ModeEntry(0.0, "OFF")]
        self.events: list[Timed] = []
        self.raw_octets = 0
        self.file_octets = 0
        self.contacts: list[Contact] = []
        self.payload: PayloadStatus | None = None
        self.highest_power_mode_w = 0
        self._extremes: dict[str, tuple[float, Sample]] = {}
        self._node_names = node_names
        self._spacing_s = max(10, -(-duration_s // MAX_SAMPLES))
        self._bounds = limits

    def observe_truth(self, truth: Truth) -> None:
        """Take the truth of one second."""
        second = truth.time_ns // NANOSECONDS
        self._judge(truth)
        self._follow_contact(truth, second)
        if second % self._spacing_s == 0:
            self.samples.append(_sample(truth))
        self._keep_extremes(truth)

    @property
    def history(self) -> list[Sample]:
        """The samples, and between them the seconds in which what is judged by limits was highest and lowest."""
        found = {sample.time_s: sample for sample in self.samples}
        found |= {sample.time_s: sample for _, sample in self._extremes.values()}
        return [found[time_s] for time_s in sorted(found)]

    def observe_event(self, app: str, event: Event, now_ns: int) -> None:
        """Take an event of the flight software."""
        timed = Timed(now_ns / NANOSECONDS, app, event)
        self.events.append(timed)
        if isinstance(event, ModeChanged):
            self.spacecraft_modes.append(ModeEntry(timed.time_s, event.mode.name))
        elif isinstance(event, ComputeModeChanged):
            self.compute_modes.append(ModeEntry(timed.time_s, event.mode.name))

    def observe_message(self, now_ns: int, _message_id: int, message: object) -> None:
        """Take a message of the bus."""
        if isinstance(message, FilePdu):
            self.file_octets += len(message.pdu)
        elif isinstance(message, PayloadStatus):
            self.payload = message
            self.highest_power_mode_w = max(self.highest_power_mode_w, message.board_power_mode)
        elif isinstance(message, ImageTaken):
            self.raw_octets += message.octets
            self.images.append(Timed(now_ns / NANOSECONDS, "camera", message))
        elif isinstance(message, JobReport):
            self.jobs.append(Timed(now_ns / NANOSECONDS, "payload", message))
        elif isinstance(message, ProductReady):
            self.products.append(Timed(now_ns / NANOSECONDS, "payload", message))
        elif isinstance(message, Alert):
            self.alerts.append(Timed(now_ns / NANOSECONDS, "products", message))

    def _keep_extremes(self, truth: Truth) -> None:
        if -truth.battery_soc > self._extremes.get("soc", _NOTHING)[0]:
            self._extremes["soc"] = (-truth.battery_soc, _sample(truth))
        for name, celsius in zip(self._node_names, truth.node_temperatures_c, strict=True):
            for key, value in ((f"{name} high", celsius), (f"{name} low", -celsius)):
                if value > self._extremes.get(key, _NOTHING)[0]:
                    self._extremes[key] = (value, _sample(truth))

    def _judge(self, truth: Truth) -> None:
        counts, bounds = self.limits, self._bounds
        counts.lowest_soc = min(counts.lowest_soc, truth.battery_soc)
        counts.battery_floor_s += truth.battery_soc < bounds.battery_floor
        for name, celsius in zip(self._node_names, truth.node_temperatures_c, strict=True):
            if celsius > counts.hottest_c.get(name, -273.15):
                counts.hottest_c[name] = celsius
            highest, lowest = bounds.node_highest_c.get(name), bounds.node_lowest_c.get(name)
            if (highest is not None and celsius > highest) or (lowest is not None and celsius < lowest):
                counts.node_s[name] = counts.node_s.get(name, 0) + 1

    def _follow_contact(self, truth: Truth, second: int) -> None:
        current = self.contacts[-1] if self.contacts and self.contacts[-1].end_s is None else None
        if current is not None and truth.station != current.station:
            current.end_s = second
            current = None
        if truth.station is not None and current is None:
            current = Contact(truth.station, second)
            self.contacts.append(current)
        if current is not None:
            current.highest_deg = max(current.highest_deg, truth.elevation_deg)


def _sample(truth: Truth) -> Sample:
    return Sample(
        truth.time_ns // NANOSECONDS,
        truth.latitude_deg,
        truth.longitude_deg,
        truth.illumination,
        truth.array_power_w,
        truth.load_power_w,
        truth.battery_soc,
        truth.compute_power_w,
        truth.node_temperatures_c,
    )


class Contact(msgspec.Struct):
    """A station saw the spacecraft; ``end_s`` is None while it does."""

    station: str
    begin_s: int
    end_s: int | None = None
    highest_deg: float = 0.0
