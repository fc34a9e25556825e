"""The parts of Yamcs's HTTP interface that the tests use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mission_control.processes import wait_until
from mission_control.rest import Rest

Json = dict[str, Any]
OPEN = ("PENDING", "NEW", "")


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
    """

    def __init__(self, rest: Rest, instance: str) -> None:
        self.rest = rest
        self.instance = instance
        self._processor = f"/api/processors/{instance}/realtime"

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

    def bypass_sequence_control(self, link: str) -> None:
        """Send all commands in frames that bypass the sequence check."""
        self.rest.post(f"/api/cop1/{self.instance}/{link}:disable", {"setBypassAll": True})

    def issue(self, name: str, **arguments: object) -> str:
        """Send a command; its number in the history."""
        path = f"{self._processor}/commands/{self.instance}/{name}"
        return str(self.rest.post(path, {"args": arguments})["id"])

    def history(self, command: str) -> History:
        """What has become of a command."""
        entry = self.rest.get(f"/api/archive/{self.instance}/commands/{command}")
        return History({each["name"]: _plain(each["value"]) for each in entry["attr"]})

    def verdict(self, command: str) -> History:
        """Wait until a command has come to an end."""
        wait_until(lambda: bool(self.history(command).completion), lambda: f"no end: {self.history(command)}")
        return self.history(command)


def _qualified(name: Json) -> str:
    return f"{name['namespace']}/{name['name']}" if "namespace" in name else str(name["name"])


def _plain(value: Json) -> object:
    return next((content for key, content in value.items() if key != "type"), None)


def number(value: Json) -> float:
    """An engineering or raw value as a number."""
    return float(str(_plain(value)))
