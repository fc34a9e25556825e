"""The telemetry of one spacecraft: the latest value and a bounded history, by packet and by field."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import islice
from typing import Any

import msgspec

from ops_tools.ground.decoder import Sample
from ops_tools.ground.errors import UnknownNameError
from ops_tools.ground.field_names import FieldNames, FieldReference
from ops_tools.ground.limits import LimitState, limit_state
from tlm_cmd.definition.dictionary import Dictionary

DEFAULT_HISTORY = 1024
"""Packets of one kind that are kept; the oldest is forgotten first."""
DEFAULT_STALE_PERIODS = 3.0
MAX_SLOWDOWN = 20
"""A packet that comes at up to so many times its declared period is taken to be sent more seldom by command."""

_NS_PER_S = 1_000_000_000


class PacketValue(msgspec.Struct, frozen=True):
    """The newest packet of one kind; ``sample`` is None before the first one."""

    name: str
    sample: Sample | None
    age_ns: int | None
    """Ground time since its arrival."""
    stale: bool
    """Never received, or silent for several of its periods, declared or as seen last; the longer one counts.

    A packet sent on occasion does not get stale.
    """
    received: int


class FieldValue(msgspec.Struct, frozen=True):
    """The newest value of one field; ``value`` is None before the first packet."""

    name: str
    value: Any
    unit: str
    limit: LimitState
    time_ns: int | None
    """Spacecraft time of the packet."""
    age_ns: int | None
    """Ground time since the packet's arrival."""
    stale: bool


class _PacketHistory:
    """The packets of one kind: those sent at once as they come, recorded ones put between them by their time."""

    def __init__(self, name: str, depth: int, period_ns: int | None, stale_periods: float) -> None:
        self.name = name
        self._period_ns = period_ns
        self._stale_periods = stale_periods
        self._interval_ns = 0
        self.samples: deque[Sample] = deque(maxlen=depth)
        self.received = 0
        self.newest: Sample | None = None

    def add(self, sample: Sample) -> None:
        self.received += 1
        samples, newest = self.samples, self.newest
        if not sample.recorded or newest is None or (newest.recorded and sample.time_ns >= newest.time_ns):
            self._interval_ns = 0 if newest is None else sample.received_ns - newest.received_ns
            self.newest = sample
            samples.append(sample)
            return
        if len(samples) == samples.maxlen:
            if sample.time_ns < samples[0].time_ns:
                return
            samples.popleft()
        samples.insert(bisect_right(samples, sample.time_ns, key=_time_ns), sample)

    def is_stale(self, now_ns: int) -> bool:
        newest = self.newest
        if newest is None:
            return True
        period_ns = self._period_ns
        if period_ns is None:
            return False
        if period_ns < self._interval_ns <= MAX_SLOWDOWN * period_ns:
            period_ns = self._interval_ns
        return now_ns - newest.received_ns > round(period_ns * self._stale_periods)


class TelemetryStore:
    """Keeps what was received.

    Attributes:
        names: finds packets and fields by name.
        newest_time_ns: spacecraft time of the packet that arrived last, recorded ones aside; None before the first one.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        history: int = DEFAULT_HISTORY,
        stale_periods: float = DEFAULT_STALE_PERIODS,
    ) -> None:
        self.names = FieldNames(dictionary)
        self.newest_time_ns: int | None = None
        self._newest_received_ns = 0
        self._packets: dict[str, _PacketHistory] = {}
        for entry in dictionary.telemetry.values():
            period_s = entry.record.period_s
            period_ns = None if period_s is None else round(period_s * _NS_PER_S)
            self._packets[entry.name] = _PacketHistory(entry.name, history, period_ns, stale_periods)

    def record(self, sample: Sample) -> None:
        """Keep a telemetry packet.

        Raises:
            UnknownNameError: the dictionary has no telemetry packet of this name.
        """
        packet = self._packets.get(sample.name)
        if packet is None:
            raise UnknownNameError(sample.name, ())
        packet.add(sample)
        if not sample.recorded:
            self.newest_time_ns = sample.time_ns
            self._newest_received_ns = sample.received_ns

    def spacecraft_time_ns(self, now_ns: int) -> int | None:
        """Spacecraft time at a ground time, counted on from the newest packet; None before the first one."""
        return None if self.newest_time_ns is None else self.newest_time_ns + now_ns - self._newest_received_ns

    def packet(self, name: str, now_ns: int) -> PacketValue:
        """The newest packet of a kind.

        Raises:
            UnknownNameError: there is no such packet; names those that come close.
        """
        entry = self.names.packet(name)
        if entry is None:
            raise self.names.unknown(name)
        return self._packet_value(self._packets[entry.name], now_ns)

    def packets(self, now_ns: int) -> list[PacketValue]:
        """The newest packet of each kind, in the dictionary's order."""
        return [self._packet_value(packet, now_ns) for packet in self._packets.values()]

    def field(self, name: str, now_ns: int) -> FieldValue:
        """The newest value of a field, by full or short name.

        Raises:
            UnknownNameError: there is no such field; names those that come close.
            AmbiguousNameError: several packets of the app have a field of this short name; names them.
        """
        reference = self.names.field(name)
        packet = self._packets[reference.packet]
        sample = packet.newest
        value = None if sample is None else reference.value_of(sample.message)
        return FieldValue(
            name=reference.name,
            value=value,
            unit=reference.layout.unit,
            limit=_limit(reference, value),
            time_ns=None if sample is None else sample.time_ns,
            age_ns=None if sample is None else now_ns - sample.received_ns,
            stale=packet.is_stale(now_ns),
        )

    def history(self, name: str, count: int = DEFAULT_HISTORY) -> list[tuple[int, Any]]:
        """The last ``count`` values of a field with their spacecraft times, the oldest first.

        Raises:
            UnknownNameError: there is no such field; names those that come close.
            AmbiguousNameError: several packets of the app have a field of this short name; names them.
        """
        reference = self.names.field(name)
        samples = self._packets[reference.packet].samples
        newest = islice(samples, max(0, len(samples) - count), None)
        return [(sample.time_ns, reference.value_of(sample.message)) for sample in newest]

    def trend(self, name: str, until_ns: int, span_ns: int, points: int) -> list[float | None]:
        """The course of a number over ``span_ns`` up to ``until_ns`` spacecraft time: the last value of each interval.

        Returns:
            ``points`` values, the newest last; None where no packet falls into an interval.

        Raises:
            UnknownNameError: there is no such field; names those that come close.
            AmbiguousNameError: several packets of the app have a field of this short name; names them.
        """
        reference = self.names.field(name)
        course: list[float | None] = [None] * points
        interval_ns = max(1, span_ns // points)
        for sample in reversed(self._packets[reference.packet].samples):
            age = (until_ns - sample.time_ns) // interval_ns
            if 0 <= age < points and course[-1 - age] is None:
                value = reference.value_of(sample.message)
                course[-1 - age] = float(value) if isinstance(value, int | float) else None
        return course

    def samples(self, name: str) -> list[Sample]:
        """The packets of a kind that are kept, the oldest first.

        Raises:
            UnknownNameError: there is no such packet; names those that come close.
        """
        entry = self.names.packet(name)
        if entry is None:
            raise self.names.unknown(name)
        return list(self._packets[entry.name].samples)

    @staticmethod
    def _packet_value(packet: _PacketHistory, now_ns: int) -> PacketValue:
        sample = packet.newest
        age_ns = None if sample is None else now_ns - sample.received_ns
        return PacketValue(packet.name, sample, age_ns, packet.is_stale(now_ns), packet.received)


def _time_ns(sample: Sample) -> int:
    return sample.time_ns


def _limit(reference: FieldReference, value: object) -> LimitState:
    if reference.layout.limits is None or not isinstance(value, int | float):
        return LimitState.UNLIMITED
    return limit_state(reference.layout.limits, value)
