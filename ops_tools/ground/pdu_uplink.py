"""How PDUs of the ground go up: as commands, many in a frame, within what the window leaves free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from ops_tools.ground.errors import LinkDownError
from ops_tools.ground.transfers import TransferRefusedError
from tlm_cmd.cfdp.traffic import PduTraffic
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.profile import PacketProfile
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

PDU_COMMAND = "FILE_TRANSFER.TAKE_PDU"
"""The command in which they go up, as its argument ``pdu``; no reports about it are expected."""
FRAMES_FOR_COMMANDS = 2
"""Frames of the window that PDUs leave free, so that no command has to wait for an answer to them."""
FRAMES_WITHOUT_WINDOW = 8
"""Frames with PDUs at a time, where there is no sequence control."""


class CommandLink(Protocol):
    """What is needed of the link."""

    @property
    def free_frames(self) -> int | None:
        """Frames that would leave at once; None if nothing but the radio limits them."""
        ...

    @property
    def frame_data_octets(self) -> int:
        """Octets of packets in one frame."""
        ...

    def send_together(self, packets: list[bytes], now_ns: int, /) -> None:
        """Send packets up, as many as fit in each frame."""
        ...


class PduUplinkCounters(msgspec.Struct):
    """What went up."""

    pdus: PduTraffic = msgspec.field(default_factory=PduTraffic)
    frames_refused: int = 0
    """Times that the link took no frame; the PDUs in it are lost, and sent again in time."""


class PduUplink:
    """Carries PDUs up.

    Args:
        dictionary: with the command that carries PDUs.
        packets: the profile of the mission's packets.
        link: by which they go.
        pdu_octets: the longest PDU.

    Attributes:
        counters: what went up.

    Raises:
        TransferRefusedError: the longest PDU does not fit into a frame of the link.
    """

    def __init__(self, dictionary: Dictionary, packets: PacketProfile, link: CommandLink, pdu_octets: int) -> None:
        self.counters = PduUplinkCounters()
        self._command = dictionary.command(PDU_COMMAND)
        self._packets = packets
        self._link = link
        self._sequence = 0
        self._waiting: bytes | None = None
        longest = len(self._packet(bytes(pdu_octets)))
        if longest > link.frame_data_octets:
            raise TransferRefusedError(
                f"a PDU of {pdu_octets} octets needs {longest} in a frame, the link has {link.frame_data_octets}; "
                "set pdu_octets in [links.file_delivery] lower"
            )

    def send(self, next_pdu: Callable[[], bytes | None], now_ns: int) -> None:
        """Fill as many frames as may be sent; a packet that fits into none of them waits for the next time."""
        free = self._link.free_frames
        for _ in range(FRAMES_WITHOUT_WINDOW if free is None else free - FRAMES_FOR_COMMANDS):
            together: list[bytes] = []
            room = self._link.frame_data_octets
            while (packet := self._next_packet(next_pdu)) is not None:
                if len(packet) > room:
                    self._waiting = packet
                    break
                together.append(packet)
                room -= len(packet)
            if not together:
                return
            self._send_frame(together, now_ns)

    def _next_packet(self, next_pdu: Callable[[], bytes | None]) -> bytes | None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            return waiting
        pdu = next_pdu()
        if pdu is None:
            return None
        self.counters.pdus.count(pdu)
        return self._packet(pdu)

    def _send_frame(self, packets: list[bytes], now_ns: int) -> None:
        try:
            self._link.send_together(packets, now_ns)
        except (LinkDownError, ProtocolError):
            self.counters.frames_refused += 1

    def _packet(self, pdu: bytes) -> bytes:
        payload = self._command.codec.encode(self._command.record(pdu=pdu))
        sequence, self._sequence = self._sequence, (self._sequence + 1) % SEQUENCE_MODULO
        return self._packets.build_command(self._command.apid, sequence, self._command.code, payload)
