"""Opens the ports of the mission's devices on the back end in use."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flightsw.hal.emu import EmuLink
from flightsw.hal.emu_ports import emu_i2c, emu_uart
from flightsw.hal.sim import ByteEndpoint, SimI2c, SimUart
from flightsw.mission import DeviceEntry, Mission, MissionError


def check_devices(mission: Mission, ports: Collection[str]) -> None:
    """See, before anything flies, that every device has a driver and hangs on a port that is there.

    Args:
        mission: what flies.
        ports: names of the ports that the back end has.

    Raises:
        MissionError: names the device and what is allowed.
    """
    for device, entry in mission.file.devices.items():
        mission.driver_class(device)
        if entry.port not in ports:
            raise MissionError(f"device {device!r}: no port is named {entry.port!r}; allowed are {', '.join(ports)}")


class SimPorts:
    """Devices simulated in this process.

    Args:
        endpoints: the simulator's ends of the wires, by port name.
    """

    def __init__(self, endpoints: Mapping[str, ByteEndpoint]) -> None:
        self._endpoints = endpoints

    def open(self, entry: DeviceEntry) -> object:
        """The port that a device hangs on.

        Raises:
            MissionError: the simulator has no such port.
        """
        endpoint = self._endpoints.get(entry.port)
        if endpoint is None:
            raise MissionError(f"no simulated port {entry.port!r}, there is {', '.join(self._endpoints)}")
        if entry.kind == "i2c":
            return SimI2c({entry.address: endpoint}, entry.port)
        return SimUart(endpoint, entry.port)


class EmuPorts:
    """Devices simulated in another process.

    Args:
        address: where the simulator listens.
    """

    def __init__(self, address: str) -> None:
        self._link = EmuLink(address)

    def open(self, entry: DeviceEntry) -> object:
        """The port that a device hangs on."""
        if entry.kind == "i2c":
            return emu_i2c(self._link, {entry.address: entry.port}, entry.port)
        return emu_uart(self._link, entry.port)

    def close(self) -> None:
        """Let go of the simulator."""
        self._link.close()
