"""A spacecraft that does nothing but deliver files: both ends of its link, and an entity."""

from __future__ import annotations

import random
import select
import socket
import threading
import time

from mission_control.namespace import Namespace
from ops_tools.gateway.yamcs.file_transfers import FileTransfers
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.packets.cfs_header import build_telemetry, parse_command

TURN_S, PDUS_PER_TURN, MAX_DATAGRAM_OCTETS = 0.02, 20, 4096
SEED = 9
REPORT_NS, TIMEOUT_NS = 200_000_000, 1_000_000_000


class FileSpacecraft(threading.Thread):
    """Takes TC frames and sends TM frames until it is stopped.

    Args:
        namespace: where it is.
        link: its managed parameters.
        files: how its files are transferred.
        commands: port where frames come in.
        telemetry: port where frames go to.

    Attributes:
        filestore: its files.
        entity: for requests, under ``lock``.
        others: packets that were no command with a PDU.
        loss: share of PDUs, each way, that nobody gets.
        lost: how many those were.
    """

    def __init__(
        self, namespace: Namespace, link: LinkParameters, files: FileTransfers, commands: int, telemetry: int
    ) -> None:
        super().__init__(daemon=True)
        self.lock = threading.Lock()
        self.filestore = MemoryFilestore()
        remote = RemoteEntity(
            entity_id=files.ground_entity,
            max_segment_octets=files.pdu_octets - 32,
            max_pdu_octets=files.pdu_octets,
            ack_timeout_ns=TIMEOUT_NS,
            nak_timeout_ns=TIMEOUT_NS,
        )
        self.entity = Entity(LocalEntity(entity_id=files.spacecraft_entity), [remote], self.filestore, padded=True)
        self.others: list[bytes] = []
        self.loss, self.lost = 0.0, 0
        self._chance = random.Random(SEED)
        self._files, self._telemetry = files, telemetry
        self._uplink, self._downlink = UplinkReceiver(link), DownlinkSender(link)
        self._over = threading.Event()
        self._count = 0
        with namespace.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind(("127.0.0.1", commands))

    def run(self) -> None:
        """Take what comes, and send what is to be sent."""
        next_report_ns = 0
        while not self._over.is_set():
            arrived = select.select([self._socket], [], [], TURN_S)[0]
            now_ns = time.monotonic_ns()
            with self.lock:
                if arrived:
                    self._take(self._socket.recv(MAX_DATAGRAM_OCTETS), now_ns)
                self._enqueue(now_ns)
            while self._downlink.waiting or now_ns >= next_report_ns:
                frame = self._downlink.next_frame(self._uplink.clcw().pack())
                self._socket.sendto(frame, ("127.0.0.1", self._telemetry))
                next_report_ns = now_ns + REPORT_NS

    def _take(self, frame: bytes, now_ns: int) -> None:
        for packet in self._uplink.receive(frame).packets:
            command = parse_command(packet)
            if (command.apid, command.function_code) == (self._files.command_apid, self._files.command_function):
                if not self._is_lost():
                    self.entity.receive(command.payload, now_ns)
            else:
                self.others.append(packet)

    def _enqueue(self, now_ns: int) -> None:
        for _ in range(PDUS_PER_TURN):
            pdu = self.entity.next_pdu(now_ns)
            if pdu is None:
                return
            if self._is_lost():
                continue
            packet = build_telemetry(self._files.telemetry_apid, self._count, time.time_ns() // 1_000_000_000, 0, pdu)
            self._count = (self._count + 1) % 0x4000
            assert self._downlink.enqueue(self._downlink.parameters.virtual_channels[0].number, packet)

    def _is_lost(self) -> bool:
        lost = self._chance.random() < self.loss
        self.lost += lost
        return lost

    def stop(self) -> None:
        """Fly no more."""
        self._over.set()
        self.join()
        self._socket.close()
