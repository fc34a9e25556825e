"""The links that are attacked: what both ends have agreed on, and an insider who holds the keys."""

from __future__ import annotations

import msgspec

from tlm_cmd.coding.reed_solomon import ReedSolomon
from tlm_cmd.frames.tc import HEADER_OCTETS, TcFrame
from tlm_cmd.link.coding_parameters import TelecommandCoding, TelemetryCoding
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.protection import FrameProtection
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

SPACECRAFT = 0x1A7
TC_SPI, TM_SPI = 1, 2
TC_KEY, TM_KEY = 11, 12
SEED = 4

ENCRYPTED = LinkParameters(
    spacecraft_id=SPACECRAFT,
    tc_virtual_channel=1,
    tc_frame_octets=256,
    segment_header=True,
    map_id=3,
    max_packet_octets=600,
    tm_frame_octets=128,
    telemetry_coding=TelemetryCoding(reed_solomon=ReedSolomon(16, 1)),
    telecommand_coding=TelecommandCoding(),
    cop1=Cop1Parameters(t1_ms=4000, transmission_limit=50),
    telemetry_security=ChannelSecurity(spi=TM_SPI, key_id=TM_KEY),
    telecommand_security=ChannelSecurity(spi=TC_SPI, key_id=TC_KEY, window=64),
)
"""Everything on, with AES-GCM both ways."""
AUTHENTICATED = msgspec.structs.replace(
    ENCRYPTED,
    segment_header=False,
    map_id=0,
    max_packet_octets=200,
    telecommand_security=ChannelSecurity(
        spi=TC_SPI, key_id=TC_KEY, algorithm=Algorithm.AES_256_CMAC, sequence_octets=4, window=64
    ),
)
"""Telecommands authenticated by AES-CMAC, without segment header."""
PLAIN = msgspec.structs.replace(ENCRYPTED, telemetry_security=None, telecommand_security=None)
"""The same link without security."""
BYPASSING = msgspec.structs.replace(PLAIN, cop1=None, segment_header=False, map_id=0, max_packet_octets=200)
"""Neither security nor sequence control."""


def security_of(parameters: LinkParameters, *, flight: bool, seed: int = SEED) -> FrameSecurity:
    """One end's security, ready to send; both ends of one seed hold the same keys."""
    made = FrameSecurity(derive_simulation_keys(seed, [1], [TC_KEY, TM_KEY]), parameters.associations(flight=flight))
    made.reserve()
    made.saved()
    return made


def keep_reserved(security: FrameSecurity) -> None:
    """Reserve numbers in time."""
    if security.reservation_due:
        security.reserve()
        security.saved()


def protection_of(security: FrameSecurity, spi: int) -> FrameProtection:
    """The cipher of an association: what an insider has who holds its key, and who obeys no rule."""
    bound = security.table.bound(spi)
    assert bound is not None
    return bound.protection


def protect_telecommand(protection: FrameProtection, frame: TcFrame, counter: int) -> bytes:
    """A TC frame with any sequence number, protected with the right key."""
    header_octets = HEADER_OCTETS + (frame.segment is not None)

    def protect(header: bytes, data: bytes) -> bytes:
        assert len(header) == header_octets
        return protection.seal(header, data, counter)

    added = len(protection.seal(bytes(header_octets), frame.data, 0)) - len(frame.data)
    return frame.pack(protect, security_octets=added)
