"""A radio of the station that others use as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from flightsw.hal.errors import PortError
from ops_tools.gateway.datagrams import DatagramInlet, DatagramOutlet
from ops_tools.gateway.errors import CommandedElsewhereError
from ops_tools.gateway.frame_form import FrameForm
from ops_tools.gateway.streams import StreamServer
from ops_tools.ground.link import FramePort

Outlet: TypeAlias = DatagramOutlet | StreamServer
Inlet: TypeAlias = DatagramInlet | StreamServer


class RadiateCounters(msgspec.Struct):
    """What became of each frame that was handed in: ``frames = radiated + refused``."""

    frames: int = 0
    radiated: int = 0
    octets: int = 0
    refused: int = 0
    """Frames that the radio's port did not take."""


class GatewayRadio:
    """Stands between this project's ground and a radio: the ground hears what others hear, and commands nothing.

    Whenever the ground receives, what others have handed in is radiated, and what comes down is handed out. A
    spacecraft has one commander at a time: frames of a second one would make the sequence counts of the first wrong.

    Args:
        port: the radio.
        outlets: who gets what comes down.
        inlets: whose frames are radiated.
        form: how frames look outside.
        counters: of what was radiated.
    """

    def __init__(
        self,
        port: FramePort,
        outlets: Sequence[Outlet],
        inlets: Sequence[Inlet],
        form: FrameForm,
        counters: RadiateCounters,
    ) -> None:
        self._port = port
        self._outlets = tuple(outlets)
        self._inlets = tuple(inlets)
        self._form = form
        self._counters = counters

    def send(self, octets: bytes) -> None:
        """Refuse a frame of the ground that only listens.

        Raises:
            CommandedElsewhereError: always.
        """
        raise CommandedElsewhereError

    def receive(self) -> list[bytes]:
        """Radiate what was handed in; return and hand out the frames that have come down since the last call.

        Raises:
            PortError: the radio's port has failed.
        """
        for inlet in self._inlets:
            for unit in inlet.take():
                for frame in self._form.inward(unit):
                    self._radiate(frame)
        received = self._port.receive()
        for transmission in received:
            for unit in self._form.outward(transmission):
                for outlet in self._outlets:
                    outlet.offer(unit)
        return received

    def _radiate(self, frame: bytes) -> None:
        counters = self._counters
        counters.frames += 1
        try:
            self._port.send(frame)
        except PortError:
            counters.refused += 1
            return
        counters.radiated += 1
        counters.octets += len(frame)
