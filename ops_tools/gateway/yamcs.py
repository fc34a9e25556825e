"""The configuration of a Yamcs server for a mission: what it must be told to stand at the other end of the gateway.

Everything in it follows from the mission: the links' managed parameters, and the dictionary as XTCE. Yamcs 5.12 reads
YAML, of which JSON is a part.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import msgspec

from flightsw.mission_links import MissionLinks
from ops_tools.gateway.address import LOOPBACK, Address
from ops_tools.ground.link import RECORDED_CHANNEL
from tlm_cmd.link.parameters import LinkParameters

Section: TypeAlias = dict[str, object]

REALTIME, DUMP = "tm_realtime", "tm_dump"
COMMANDS = "tc_realtime"
REPORTS = "clcw"
"""The stream of control words, from the link that receives them to the one that sends commands."""
TELEMETRY_LINK, COMMAND_LINK = "tm_{radio}", "tc_s_band"

_TIME_OFFSET = 6
"""Where a packet's time stands, behind the primary header: see `tlm_cmd.packets.cfs_header`."""
_CUC_4_2_TAI = 0x1E
"""P-field of that time: four octets of seconds since 1958 TAI, two of fraction (CCSDS 301.0-B-4, 3.2.2)."""
_FIRST_CLCW_WAIT_S = 3600


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
    """

    name: str
    links: MissionLinks
    dictionary: str
    ports: YamcsPorts = YamcsPorts()

    def write(self, folder: Path) -> None:
        """Write the configuration into ``folder``, where Yamcs will keep its data too.

        Start it with ``org.yamcs.YamcsServer --etc-dir FOLDER/etc --data-dir FOLDER/data``.
        """
        files = {
            "etc/yamcs.yaml": _yaml(self.server(folder)),
            f"etc/yamcs.{self.name}.yaml": _yaml(self.instance(folder)),
            "etc/processor.yaml": _yaml(self.processors()),
            f"mdb/{self.name}.xml": self.dictionary,
        }
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

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
        links = [self._telemetry("s_band", self.links.s_band, self.ports.s_band)]
        if self.links.x_band is not None:
            links.append(self._telemetry("x_band", self.links.x_band, self.ports.x_band))
        links.append(self._commands())
        return {
            "services": [
                {"class": "org.yamcs.archive.XtceTmRecorder"},
                {"class": "org.yamcs.archive.ParameterRecorder"},
                {"class": "org.yamcs.archive.AlarmRecorder"},
                {"class": "org.yamcs.archive.EventRecorder"},
                {"class": "org.yamcs.archive.CommandHistoryRecorder"},
                {"class": "org.yamcs.archive.ReplayServer"},
                {"class": "org.yamcs.ProcessorCreatorService", "args": {"name": "realtime", "type": "realtime"}},
            ],
            "dataLinks": links,
            "mdb": [{"type": "xtce", "args": {"file": str(folder / "mdb" / f"{self.name}.xml")}}],
            "streamConfig": {
                "tm": [{"name": REALTIME, "processor": "realtime"}, {"name": DUMP}],
                "cmdHist": ["cmdhist_realtime", "cmdhist_dump"],
                "event": ["events_realtime", "events_dump"],
                "param": ["pp_realtime", "sys_param", "proc_param"],
                "parameterAlarm": ["alarms_realtime"],
                "eventAlarm": ["event_alarms_realtime"],
                "tc": [{"name": COMMANDS, "processor": "realtime"}],
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

    def _telemetry(self, radio: str, link: LinkParameters, port: int) -> Section:
        reports: Section = {"clcwStream": REPORTS} if link is self.links.s_band else {}
        return {
            "name": TELEMETRY_LINK.format(radio=radio),
            "class": "org.yamcs.tctm.ccsds.UdpTmFrameLink",
            "port": port,
            "frameType": "TM",
            "spacecraftId": link.spacecraft_id,
            "frameLength": link.tm_frame_octets,
            "errorDetection": "CRC16",
            **reports,
            "virtualChannels": [
                {
                    "vcId": channel.number,
                    "ocfPresent": True,
                    "service": "PACKET",
                    "maxPacketLength": link.max_packet_octets,
                    "stream": DUMP if channel.name == RECORDED_CHANNEL else REALTIME,
                    "packetPreprocessorClassName": "org.yamcs.tctm.GenericPacketPreprocessor",
                    "packetPreprocessorArgs": {
                        "timestampOffset": _TIME_OFFSET,
                        "seqCountOffset": 0,
                        "errorDetection": {"type": "CRC-16-CCIIT"},
                        "timeEncoding": {"type": "CUC", "epoch": "TAI", "implicitPField": _CUC_4_2_TAI},
                    },
                }
                for channel in link.virtual_channels
            ],
        }

    def _commands(self) -> Section:
        link, gateway = self.links.s_band, self.ports.commands
        channel: Section = {
            "vcId": link.tc_virtual_channel,
            "service": "PACKET",
            "stream": COMMANDS,
            "commandPostprocessorClassName": "org.yamcs.tctm.cfs.CfsCommandPostprocessor",
            "useCop1": True,
            "clcwStream": REPORTS,
            "initialClcwWait": _FIRST_CLCW_WAIT_S,
        }
        if link.segment_header:
            channel["mapId"] = link.map_id
        return {
            "name": COMMAND_LINK,
            "class": "org.yamcs.tctm.ccsds.UdpTcFrameLink",
            "host": gateway.host,
            "port": gateway.port,
            "spacecraftId": link.spacecraft_id,
            "maxFrameLength": link.tc_frame_octets,
            "errorDetection": "CRC16",
            "virtualChannels": [channel],
        }


def _yaml(section: Section) -> str:
    return json.dumps(section, indent=2) + "\n"
