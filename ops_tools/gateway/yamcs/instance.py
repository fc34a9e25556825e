"""The configuration of a Yamcs server for a mission: what it must be told to stand at the other end of the gateway.

Everything in it follows from the mission: the links' managed parameters, and the dictionary as XTCE. Yamcs 5.12 reads
YAML, of which JSON is a part.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from flightsw.mission_links import MissionLinks
from ops_tools.gateway.address import LOOPBACK, Address
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.yamcs.file_transfers import FileTransfers
from ops_tools.gateway.yamcs.links import COMMANDS, DUMP, IDLE, REALTIME, Section, command_link, telemetry_link
from ops_tools.gateway.yamcs.security import (
    KEYS_FOLDER,
    Associations,
    CommandProtection,
    key_files,
    write_key_files,
)
from tlm_cmd.sdls.key_ring import KeyRing

_STREAMS = "etc/{name}_streams.sql"


class YamcsPorts(msgspec.Struct, frozen=True):
    """Where Yamcs listens, and where it sends commands to; all on this computer unless said otherwise.

    Attributes:
        s_band: UDP port for the frames of the command radio.
        x_band: UDP port for the frames of the second radio.
        commands: where the gateway takes frames.
        http: where Yamcs answers to browsers and programs.
    """

    s_band: int = 10_017
    x_band: int = 10_019
    commands: Address = Address(LOOPBACK, 10_018)
    http: Address = Address(LOOPBACK, 8090)


class YamcsInstance(msgspec.Struct, frozen=True):
    """A mission as Yamcs is to know it.

    Attributes:
        name: of the instance; the mission's.
        links: managed parameters of the mission's radio links.
        dictionary: the mission's, as XTCE.
        ports: where everything is.
        ring: the keys of protected links; None if no link is protected, or only commands are, by the gateway.
        gateway_protects: whether the gateway protects commands, so that Yamcs sends open frames.
        first_number: the number of the first command frame that Yamcs protects, see `Associations`.
        files: how files are transferred; None if the mission transfers none.
    """

    name: str
    links: MissionLinks
    dictionary: str
    ports: YamcsPorts = YamcsPorts()
    ring: KeyRing | None = None
    gateway_protects: bool = False
    first_number: int = 0
    files: FileTransfers | None = None

    @property
    def protection(self) -> CommandProtection:
        """Who protects commands.

        Raises:
            GatewayError: the gateway is to do it, and the mission does not want it.
        """
        is_protected = self.links.s_band.telecommand_security is not None
        if not is_protected:
            if self.gateway_protects:
                raise GatewayError("the mission's commands are not protected: there is nothing to do for the gateway")
            return CommandProtection.NONE
        return CommandProtection.GATEWAY if self.gateway_protects else CommandProtection.YAMCS

    def write(self, folder: Path) -> None:
        """Write the configuration into ``folder``, where Yamcs will keep its data too.

        Start it with ``org.yamcs.YamcsServer --etc-dir FOLDER/etc --data-dir FOLDER/data``. Keys are in a folder that
        only its owner can read; nothing else of what is written is secret.

        Raises:
            GatewayError: a link is protected in a way that Yamcs does not know, a key is missing, or one cannot be
                written.
        """
        keys = key_files(self.links, self.ring, self.protection)
        files = {
            "etc/yamcs.yaml": _yaml(self.server(folder)),
            f"etc/yamcs.{self.name}.yaml": _yaml(self.instance(folder)),
            "etc/processor.yaml": _yaml(self.processors()),
            f"mdb/{self.name}.xml": self.dictionary,
        }
        if self.files is not None:
            files[_STREAMS.format(name=self.name)] = self.files.streams(REALTIME, COMMANDS)
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        if keys or (folder / KEYS_FOLDER).exists():
            write_key_files(folder / KEYS_FOLDER, keys)

    def server(self, folder: Path) -> Section:
        """What concerns the server as a whole."""
        http = {"address": self.ports.http.host, "port": self.ports.http.port}
        return {
            "services": [{"class": "org.yamcs.http.HttpServer", "args": http}],
            "instances": [self.name],
            "dataDir": str(folder / "data"),
        }

    def instance(self, folder: Path) -> Section:
        """What concerns the mission."""
        ports, associations = self.ports, Associations(folder / KEYS_FOLDER, self.first_number)
        s_band, x_band = self.links.s_band, self.links.x_band
        links = [telemetry_link("s_band", s_band, ports.s_band, associations, has_receiver=True)]
        if x_band is not None:
            links.append(telemetry_link("x_band", x_band, ports.x_band, associations, has_receiver=False))
        links.append(command_link(s_band, ports.commands, associations, self.protection))
        more_services = [] if self.files is None else [self.files.service(self.name)]
        more_streams = {} if self.files is None else {"sqlFile": str(folder / _STREAMS.format(name=self.name))}
        return {
            "services": [
                {"class": "org.yamcs.archive.XtceTmRecorder"},
                {"class": "org.yamcs.archive.ParameterRecorder"},
                {"class": "org.yamcs.archive.AlarmRecorder"},
                {"class": "org.yamcs.archive.EventRecorder"},
                {"class": "org.yamcs.archive.CommandHistoryRecorder"},
                {"class": "org.yamcs.archive.ReplayServer"},
                {"class": "org.yamcs.ProcessorCreatorService", "args": {"name": "realtime", "type": "realtime"}},
                *more_services,
            ],
            "dataLinks": links,
            "mdb": [{"type": "xtce", "args": {"file": str(folder / "mdb" / f"{self.name}.xml")}}],
            "streamConfig": {
                "tm": [{"name": REALTIME, "processor": "realtime"}, {"name": DUMP}, {"name": IDLE}],
                "cmdHist": ["cmdhist_realtime", "cmdhist_dump"],
                "event": ["events_realtime", "events_dump"],
                "param": ["pp_realtime", "sys_param", "proc_param"],
                "parameterAlarm": ["alarms_realtime"],
                "eventAlarm": ["event_alarms_realtime"],
                "tc": [{"name": COMMANDS, "processor": "realtime"}],
                **more_streams,
            },
        }

    def processors(self) -> Section:
        """How telemetry is processed: everything is decoded and checked against its limits."""
        services = (
            "org.yamcs.StreamTmPacketProvider",
            "org.yamcs.StreamTcCommandReleaser",
            "org.yamcs.tctm.StreamParameterProvider",
            "org.yamcs.algorithms.AlgorithmManager",
            "org.yamcs.parameter.LocalParameterManager",
        )
        replay = {"services": [{"class": "org.yamcs.tctm.ReplayService"}, {"class": services[3]}]}
        realtime = {
            "services": [{"class": service} for service in services],
            "config": {
                "generateEvents": True,
                "subscribeAll": True,
                "alarm": {"parameterCheck": True, "parameterServer": "enabled", "eventServer": "enabled"},
            },
        }
        return {"realtime": realtime, "Archive": replay, "ArchiveRetrieval": replay}


def _yaml(section: Section) -> str:
    return json.dumps(section, indent=2) + "\n"
