"""A Yamcs server and our entity deliver files to each other, over TC frames with COP-1 and TM frames."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from mission_control.file_spacecraft import FileSpacecraft
from mission_control.namespace import IP, Namespace
from mission_control.processes import JAVA, start_yamcs, wait_until
from mission_control.rest import Rest
from mission_control.yamcs import Yamcs

from flightsw.mission import Mission
from flightsw.mission_links import MissionLinks
from ops_tools.gateway.yamcs.file_transfers import INCOMING_BUCKET, SERVICE, FileTransfers
from ops_tools.gateway.yamcs.instance import YamcsInstance, YamcsPorts
from ops_tools.reference_mission import reference_mission
from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode
from tlm_cmd.cfdp.indications import TransactionFinished
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.xtce.export import export

FILES = FileTransfers(
    ground_entity=10,
    spacecraft_entity=0x1A7,
    telemetry_apid=0x0A7,
    command_apid=0x0A0,
    command_function=9,
    pdu_octets=512,
    pause_ms=10,
)
OCTETS = 30_000
LOSS = 0.1
TRANSFERS = f"/api/filetransfer/urbanwatch/{SERVICE}/transfers"
BUCKET = "station"

pytestmark = [
    pytest.mark.longest,
    pytest.mark.xdist_group("yamcs"),
    pytest.mark.skipif(
        os.geteuid() != 0 or IP is None or JAVA is None, reason="needs root and iproute2 for a network, and Java"
    ),
]


@dataclass(frozen=True)
class FileLink:
    """A server and a spacecraft that deliver files."""

    yamcs: Yamcs
    spacecraft: FileSpacecraft

    def ended(self) -> list[TransactionFinished]:
        """The transactions that have ended on board since it was last asked."""
        with self.spacecraft.lock:
            found = self.spacecraft.entity.take_indications()
        return [each for each in found if isinstance(each, TransactionFinished)]


@pytest.fixture(scope="module")
def link() -> Iterator[FileLink]:
    """The links of the reference mission, open as on a bench: what protects them has tests of its own."""
    mission = Mission.load(reference_mission() / "mission.toml")
    s_band = msgspec.structs.replace(mission.file.links.s_band, telecommand_security=None, telemetry_security=None)
    folder, namespace = Path(tempfile.mkdtemp(prefix="fs")), Namespace(f"fs{os.getpid()}yamcs")
    ports = YamcsPorts()
    instance = YamcsInstance(mission.name, MissionLinks(s_band), export(mission.dictionary).text, ports, files=FILES)
    instance.write(folder)
    spacecraft = FileSpacecraft(namespace, s_band, FILES, ports.commands.port, ports.s_band)
    server = start_yamcs(namespace, folder)
    try:
        spacecraft.start()
        server.wait_for("Yamcs started")
        yamcs = Yamcs(Rest(namespace, ports.http.port), mission.name)
        yamcs.begin_sequence_control()
        yamcs.rest.post("/api/storage/buckets", {"name": BUCKET})
        yield FileLink(yamcs, spacecraft)
    finally:
        server.stop()
        spacecraft.stop()
        namespace.remove()
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("reliable", "loss"), [(True, 0.0), (True, LOSS), (False, 0.0)], ids=["acknowledged", "with loss", "unacknowledged"]
)
def test_yamcs_delivers_a_file_to_the_spacecraft(link: FileLink, *, reliable: bool, loss: float) -> None:
    """Its octets are those that were given, and both ends say that it is complete."""
    link.spacecraft.loss, lost = loss, link.spacecraft.lost
    name, content = f"model-{reliable}-{loss}.bin", random.Random(727).randbytes(OCTETS)
    link.yamcs.upload(BUCKET, "model.bin", content)
    done = link.yamcs.transfer("UPLOAD", BUCKET, "model.bin", name, reliable=reliable)
    assert (done["state"], done["reliable"]) == ("COMPLETED", reliable), done
    (ended,) = link.ended()
    assert (ended.condition, ended.delivery) == (ConditionCode.NO_ERROR, DeliveryCode.COMPLETE)
    assert link.spacecraft.filestore.get(name) == content
    assert (link.spacecraft.lost > lost) is (loss > 0)


@pytest.mark.parametrize("loss", [0.0, LOSS], ids=["no loss", "with loss"])
def test_the_spacecraft_delivers_a_file_to_yamcs(link: FileLink, loss: float) -> None:
    """It is in the bucket for files of the spacecraft, octet for octet, and both ends say that it is complete."""
    name, content = f"image-{loss}.bin", random.Random(728).randbytes(OCTETS)
    with link.spacecraft.lock:
        link.spacecraft.loss, lost = loss, link.spacecraft.lost
        link.spacecraft.filestore.put(name, content)
        link.spacecraft.entity.put(PutRequest(FILES.ground_entity, name, name))
    wait_until(lambda: link.yamcs.stored(INCOMING_BUCKET, name) == content, lambda: f"{link.yamcs.rest.get(TRANSFERS)}")
    ended: list[TransactionFinished] = []
    wait_until(lambda: bool(ended.extend(link.ended()) or ended), lambda: "no end on board")
    assert [(each.condition, each.delivery) for each in ended] == [(ConditionCode.NO_ERROR, DeliveryCode.COMPLETE)]
    assert (link.spacecraft.lost > lost) is (loss > 0)


def test_every_pdu_was_understood(link: FileLink) -> None:
    """At the end of it all: what Yamcs has sent were PDUs of files that go on or have ended, and nothing else."""
    with link.spacecraft.lock:
        counters = link.spacecraft.entity.state.counters
        assert counters.pdus == counters.accepted + counters.late
    assert link.spacecraft.others == []
