"""The parts of Yamcs's HTTP interface that the tests use."""

from __future__ import annotations

import base64
import collections
from dataclasses import dataclass
from typing import Any

from mission_control.processes import wait_until
from mission_control.rest import Rest
from ops_tools.gateway.yamcs.file_transfers import SERVICE

Json = dict[str, Any]
COMMAND_LINK = "tc_s_band.vc1"


@dataclass(frozen=True)
class History:
    """What has become of a command, as Yamcs tells it.

    Attributes:
        attributes: everything of it, by name.
    """

    attributes: dict[str, object]

    def stage(self, name: str) -> str:
        """State of one verifier or acknowledgement; empty before there is one."""
        return str(self.attributes.get(f"{name}_Status", ""))

    @property
    def completion(self) -> str:
        """OK, NOK, or empty while it goes on."""
        return self.stage("CommandComplete")

    @property
    def message(self) -> str:
        """Why it failed."""
        return str(self.attributes.get("CommandComplete_Message", ""))


class Yamcs:
    """One instance.

    Args:
        rest: the server.
        instance: its name, which is the mission's.

    Attributes:
        issued: how many commands have been sent, by name.
    """

    def __init__(self, rest: Rest, instance: str) -> None:
        self.rest = rest
        self.instance = instance
        self.issued: collections.Counter[str] = collections.Counter()
        self._processor = f"/api/processors/{instance}/realtime"
        self._cop1 = f"/api/cop1/{instance}/{COMMAND_LINK}"

    def parameters(self, *names: str) -> dict[str, Json]:
        """Newest values by name, relative to the mission's space system; those never received are left out."""
        ids = [{"name": f"/{self.instance}/{name}"} for name in names]
        found = self.rest.post(f"{self._processor}/parameters:batchGet", {"id": ids, "fromCache": True})
        values = [value for value in found.get("value", []) if "engValue" in value]
        return {_qualified(value["id"]).removeprefix(f"/{self.instance}/"): value for value in values}

    def wait_for(self, *names: str) -> None:
        """Wait until each of these parameters has been received."""
        wait_until(
            lambda: len(self.parameters(*names)) == len(names),
            lambda: f"not received: {set(names) - set(self.parameters(*names))}; links: {self.links()}",
        )

    def alarms(self) -> dict[str, str]:
        """Worst severity of each parameter in alarm, by qualified name."""
        found = self.rest.get(f"{self._processor}/alarms").get("alarms", [])
        return {_qualified(alarm["id"]): alarm["severity"] for alarm in found}

    def links(self) -> dict[str, Json]:
        """The data links by name."""
        return {link["name"]: link for link in self.rest.get(f"/api/links/{self.instance}")["links"]}

    def sequence_control(self) -> Json:
        """State of COP-1 on the command link."""
        return dict(self.rest.get(f"{self._cop1}/status"))

    def transmission_limit(self) -> int:
        """How often COP-1 may send a frame."""
        return int(self.rest.get(f"{self._cop1}/config")["txLimit"])

    def set_sequence_control(self, t1_ms: int, transmission_limit: int) -> None:
        """Set T1 of COP-1, in milliseconds of the host, and how often a frame may be sent."""
        self.rest.call("PATCH", f"{self._cop1}/config", {"t1": str(t1_ms), "txLimit": transmission_limit})

    def begin_sequence_control(self) -> None:
        """Begin COP-1 as an operator does: with an Unlock command if the receiver asks for it, else where it stands."""
        wait_until(lambda: "clcw" in self.sequence_control(), lambda: f"no report: {self.sequence_control()}")
        state = self.sequence_control()
        if state["state"] != "ACTIVE":
            if state["state"] == "SUSPENDED":
                self.rest.post(f"{self._cop1}:disable", {"setBypassAll": False})
            how = "UNLOCK" if state["clcw"]["lockout"] else "WITH_CLCW_CHECK"
            self.rest.post(f"{self._cop1}:initialize", {"type": how})
        wait_until(
            lambda: self.sequence_control()["state"] == "ACTIVE", lambda: f"not active: {self.sequence_control()}"
        )

    def skip_numbers(self, spi: int, numbers: int) -> None:
        """Leave out some numbers of the security association of commands."""
        path = f"/api/sdls/{self.instance}/{COMMAND_LINK.partition('.')[0]}/{spi}/seq"
        stored = base64.b64decode(self.rest.get(path)["seq"])
        ahead = (int.from_bytes(stored, "big") + numbers).to_bytes(len(stored), "big")
        self.rest.call("PUT", path, {"seq": base64.b64encode(ahead).decode()})

    def issue(self, name: str, **arguments: object) -> str:
        """Send a command; its number in the history."""
        path = f"{self._processor}/commands/{self.instance}/{name}"
        command = str(self.rest.post(path, {"args": arguments})["id"])
        self.issued[name] += 1
        return command

    def history(self, command: str) -> History:
        """What has become of a command."""
        entry = self.rest.get(f"/api/archive/{self.instance}/commands/{command}")
        return History({each["name"]: _plain(each["value"]) for each in entry["attr"]})

    def verdict(self, command: str) -> History:
        """Wait until a command has come to an end."""
        wait_until(lambda: bool(self.history(command).completion), lambda: f"no end: {self.history(command)}")
        return self.history(command)

    def upload(self, bucket: str, name: str, content: bytes) -> None:
        """Put a file into a bucket of the server."""
        self.rest.upload(f"/api/storage/buckets/{bucket}/objects/{name}", content)

    def stored(self, bucket: str, name: str) -> bytes:
        """The file in a bucket of the server; nothing if there is none of that name."""
        objects = f"/api/storage/buckets/{bucket}/objects"
        if name not in [each["name"] for each in self.rest.get(objects).get("objects", [])]:
            return b""
        return self.rest.octets(f"{objects}/{name}")

    def transfer(self, direction: str, bucket: str, name: str, on_board: str, *, reliable: bool = True) -> Json:
        """Have a file delivered, and wait until that has come to an end; what became of it.

        Args:
            direction: ``UPLOAD`` or ``DOWNLOAD``.
            bucket: where the file is on ground.
            name: its name there.
            on_board: its name on board.
            reliable: in acknowledged mode.
        """
        path = f"/api/filetransfer/{self.instance}/{SERVICE}/transfers"
        source, destination = ("ground", self.instance) if direction == "UPLOAD" else (self.instance, "ground")
        request = {
            "direction": direction,
            "bucket": bucket,
            "objectName": name,
            "remotePath": on_board,
            "source": source,
            "destination": destination,
            "options": {"reliable": reliable, "closureRequested": True},
        }
        started = self.rest.post(path, request)["id"]
        wait_until(
            lambda: self.rest.get(f"{path}/{started}")["state"] in {"COMPLETED", "FAILED"},
            lambda: f"{self.rest.get(f'{path}/{started}')}",
        )
        return dict(self.rest.get(f"{path}/{started}"))


def _qualified(name: Json) -> str:
    return f"{name['namespace']}/{name['name']}" if "namespace" in name else str(name["name"])


def _plain(value: Json) -> object:
    return next((content for key, content in value.items() if key != "type"), None)


def number(value: Json) -> float:
    """An engineering or raw value as a number."""
    return float(str(_plain(value)))
