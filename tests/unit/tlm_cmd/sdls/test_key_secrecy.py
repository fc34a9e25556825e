"""No octet of a key leaves the ring: not by state, report, log, reply or error of either end."""

import logging

import msgspec
import pytest

from tests.security.ends import (
    MASTER,
    SPARE_KEY,
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TC_SPI,
    ground_associations,
    ready,
    ring,
)
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.management import SecurityManagement
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit

PIECE_OCTETS = 6
PIECES = [
    entry.secret.reveal()[at : at + PIECE_OCTETS]
    for entry in ring().entries
    if entry.secret is not None
    for at in range(len(entry.secret) - PIECE_OCTETS + 1)
]


def shows_a_key(octets: bytes) -> bool:
    """Whether octets hold 6 octets of any key in a row, as they are or as hexadecimal digits."""
    lower = octets.lower()
    return any(piece in octets or piece.hex().encode() in lower for piece in PIECES)


def test_a_key_is_found_where_it_is() -> None:
    """The search finds keys, raw and in digits: this test could fail."""
    assert shows_a_key(b"..." + PIECES[7] + b"...")
    assert shows_a_key(PIECES[100].hex().upper().encode())


def test_no_key_leaves_its_ring(caplog: pytest.LogCaptureFixture) -> None:
    """Everything that both ends keep, send, log and complain of in a busy life shows no part of any key."""
    parameters = ground_associations()
    near = ready(FrameSecurity(ring(), parameters))
    far = SecurityManagement(ready(FrameSecurity(ring(), [each.mirrored() for each in parameters])))
    seen: list[bytes] = []
    units = [
        requests.transport_keys(near.table.ring, MASTER, [SPARE_KEY], bytes(12)),
        requests.verify_keys([KeyChallenge(TC_KEY, bytes(16))]),
        requests.key_inventory(0, 65535),
        requests.dump_log(),
        requests.destroy_keys([TC_KEY]),
        *(ProcedureUnit(procedure, b"\0\x80" * 30).pack() for procedure in Procedure),
    ]
    for unit in units:
        octets = near.protect(TC_CHANNEL, TC_HEADER, unit)
        result = far.security.process(TC_CHANNEL, TC_HEADER, octets)
        far.security.process(TC_CHANNEL, TC_HEADER, octets[:-1])
        outcome = far.receive(result.data, TC_SPI)
        logging.getLogger("security").warning("%r %r %s", result, outcome, outcome.reason)
        seen += [unit, octets, outcome.reply, repr(outcome).encode()]
    for end in (near, far.security):
        logging.getLogger("security").warning("%r %r %r", end.state, end.table.ring.entries, vars(end.table))
        seen += [msgspec.msgpack.encode(end.state), repr(end.state).encode(), end.report().pack()]
    seen += [msgspec.json.encode(far.state), caplog.text.encode()]
    assert len(caplog.text) > 1000
    assert not any(shows_a_key(octets) for octets in seen)
