"""File delivery in memory, both ends in one thread, beside cfdp-py; and what it takes over a bad link."""

from __future__ import annotations

import importlib.util
import random

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from ops_tools.bench.lossy_link import LinkQuality, LossyLink
from tlm_cmd.cfdp.codes import Mode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.requests import PutRequest

FILE_OCTETS = 10_000_000
PEER_FILE_OCTETS = 2_000_000
SEGMENT_OCTETS = 1024
MUST_MB_S, AIM_MB_S = 15.0, 30.0

LOSSY_FILE_OCTETS = 200_000
LOSSY_IDEAL_PDUS = -(-LOSSY_FILE_OCTETS // SEGMENT_OCTETS) + 5
"""The segments, metadata, EOF, Finished, and two acknowledgements."""
LOSSY_SEEDS = 200
BAD_LINK = LinkQuality(loss=0.2, repeats=0.05, reorders=0.1)
LONGEST_NS = 3600 * 1_000_000_000


def measure(effort: Effort) -> list[Figure]:
    """Megabytes per second without loss; share of deliveries that close, and PDUs that they take, with a fifth lost."""
    class_2, class_1, peer, closed, pdus = [], [], [], [], []
    for run in range(effort.runs):
        class_2.append(_speed(effort.count(FILE_OCTETS), Mode.ACKNOWLEDGED))
        class_1.append(_speed(effort.count(FILE_OCTETS), Mode.UNACKNOWLEDGED))
        if importlib.util.find_spec("cfdppy"):
            peer.append(_peer_speed(effort.count(PEER_FILE_OCTETS)))
        share, ratio = _closure(run * LOSSY_SEEDS, effort.count(LOSSY_SEEDS))
        closed.append(share)
        pdus.append(ratio)
    reference = ("cfdp-py, class 2", peer) if peer else None
    higher, lower = Better.HIGHER, Better.LOWER
    return [
        figure(
            ("cfdp", "class 2, 10 MB in 1 KiB segments"),
            "MB/s",
            class_2,
            higher,
            must=MUST_MB_S,
            aim=AIM_MB_S,
            reference=reference,
        ),
        figure(("cfdp", "class 1 with closure, 10 MB in 1 KiB segments"), "MB/s", class_1, higher),
        figure(("cfdp", "closed and intact, 200 kB, 20 % lost each way"), "%", closed, higher, must=100, aim=100),
        figure(("cfdp", "PDUs over the ideal number, most of any seed"), "ratio", pdus, lower, must=3, aim=3),
    ]


def _ends(content: bytes) -> tuple[Entity, Entity, MemoryFilestore]:
    """Two entities, of which the first has a file to send."""
    files = (MemoryFilestore(), MemoryFilestore())
    files[0].put("there", content)
    ends = [
        Entity(LocalEntity(entity_id=index + 1), [RemoteEntity(entity_id=2 - index)], files[index])
        for index in range(2)
    ]
    return ends[0], ends[1], files[1]


def _speed(octets: int, mode: Mode) -> float:
    """Megabytes per second, each PDU packed and parsed."""
    content = random.Random(1).randbytes(octets)
    sender, receiver, received = _ends(content)
    sender.put(PutRequest(2, "there", "here", mode=mode))

    def deliver() -> None:
        while sender.transactions or receiver.transactions:
            pdu = sender.next_pdu(0)
            if pdu is not None:
                receiver.receive(pdu, 0)
            answer = receiver.next_pdu(0)
            if answer is not None:
                sender.receive(answer, 0)

    seconds = cpu_seconds(deliver)
    if received.get("here") != content:
        raise AssertionError("the file arrived as something else")
    return octets / seconds / 1e6


def _peer_speed(octets: int) -> float:
    from spacepackets.cfdp import TransmissionMode  # noqa: PLC0415 - the peer need not be installed

    from ops_tools.bench.cfdppy_peer import CfdppyEnd  # noqa: PLC0415

    content = random.Random(1).randbytes(octets)
    sender, receiver = CfdppyEnd(1, 2, sends=True), CfdppyEnd(2, 1, sends=False)
    sender.vfs.files["there"] = bytearray(content)
    sender.put("there", "here", TransmissionMode.ACKNOWLEDGED)

    def deliver() -> None:
        while not (sender.idle and receiver.idle):
            pdu = sender.next_pdu()
            if pdu is not None:
                receiver.receive(pdu)
            answer = receiver.next_pdu()
            if answer is not None:
                sender.receive(answer)

    seconds = cpu_seconds(deliver)
    if receiver.vfs.files["here"] != content:
        raise AssertionError("the peer's file arrived as something else")
    return octets / seconds / 1e6


def _closure(first_seed: int, seeds: int) -> tuple[float, float]:
    """Percentage of deliveries that both ends closed with the file intact, and the most PDUs over the ideal number."""
    closed, most = 0, 0.0
    for seed in range(first_seed, first_seed + seeds):
        chance = random.Random(seed)
        content = chance.randbytes(LOSSY_FILE_OCTETS)
        sender, receiver, received = _ends(content)
        sender.put(PutRequest(2, "there", "here"))
        link = LossyLink((sender, receiver), BAD_LINK, chance)
        link.run(LONGEST_NS)
        closed += link.over and received.size("here") is not None and received.get("here") == content
        most = max(most, sum(link.sent) / LOSSY_IDEAL_PDUS)
    return 100 * closed / seeds, most
