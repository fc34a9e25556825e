"""Ends of file deliveries by cfdp-py, with files in memory: a peer to measure and to test against.

Its timers read the wall clock through ``spacepackets.countdown.time_ms``, which tests may replace.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfdppy.filestore import NativeFilestore
from cfdppy.handler.dest import DestHandler
from cfdppy.handler.source import SourceHandler
from cfdppy.mib import (
    CheckTimerProvider,
    DefaultFaultHandlerBase,
    IndicationConfig,
    LocalEntityConfig,
    RemoteEntityConfig,
    RemoteEntityConfigTable,
)
from cfdppy.request import PutRequest
from cfdppy.user import CfdpUserBase
from spacepackets.cfdp import ChecksumType, TransmissionMode
from spacepackets.cfdp.pdu import PduFactory
from spacepackets.countdown import Countdown
from spacepackets.seqcount import SeqCountProvider
from spacepackets.util import ByteFieldU16

CHECK_SECONDS = 10.0


class MemoryVfs(NativeFilestore):  # type: ignore[misc]
    """Files in memory, as far as deliveries need them."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}

    def read_data(self, file: Path, offset: int | None, read_len: int) -> bytes:
        """Return a part of a file."""
        start = offset or 0
        return bytes(self.files[str(file)][start : start + read_len])

    def is_directory(self, path: Path) -> bool:
        """There are no directories."""
        del path
        return False

    def file_exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return str(path) in self.files

    def file_size(self, file: Path) -> int:
        """Return the octets of a file."""
        return len(self.files[str(file)])

    def truncate_file(self, file: Path) -> None:
        """Empty a file."""
        self.files[str(file)] = bytearray()

    def create_file(self, file: Path) -> None:
        """Make an empty file."""
        self.files[str(file)] = bytearray()

    def delete_file(self, file: Path) -> None:
        """Delete a file."""
        del self.files[str(file)]

    def write_data(self, file: Path, data: bytes, offset: int | None) -> None:
        """Write a part of a file."""
        content, start = self.files[str(file)], offset or 0
        if start > len(content):
            content.extend(bytes(start - len(content)))
        content[start : start + len(data)] = data

    def calculate_checksum(
        self, checksum_type: ChecksumType, file_path: Path, size_to_verify: int, segment_len: int = 4096
    ) -> bytes:
        """Return the checksum of a file: modular, IEEE CRC-32 or null."""
        del segment_len
        content = bytes(self.files[str(file_path)][:size_to_verify])
        if checksum_type == ChecksumType.NULL_CHECKSUM:
            return bytes(4)
        if checksum_type == ChecksumType.CRC_32:
            crc: int = zlib.crc32(content)
            return crc.to_bytes(4, "big")
        padded = content + bytes(-len(content) % 4)
        words: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
        return (words & 0xFFFFFFFF).to_bytes(4, "big")


class _Silent(CfdpUserBase):  # type: ignore[misc]
    """A user who notes how transactions finish and nothing else."""

    def __init__(self, vfs: MemoryVfs) -> None:
        super().__init__(vfs=vfs)
        self.finished: list[Any] = []
        self.metadata: list[Any] = []

    def transaction_finished_indication(self, params: Any) -> None:  # noqa: ANN401
        """Note it."""
        self.finished.append(params)

    def metadata_recv_indication(self, params: Any) -> None:  # noqa: ANN401
        """Note it."""
        self.metadata.append(params)

    def _nothing(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Hear of it."""

    transaction_indication = eof_sent_indication = file_segment_recv_indication = report_indication = _nothing
    suspended_indication = resumed_indication = fault_indication = abandoned_indication = _nothing
    eof_recv_indication = _nothing


class _Faults(DefaultFaultHandlerBase):  # type: ignore[misc]
    """Nobody is told of faults."""

    def _nothing(self, *args: Any) -> None:  # noqa: ANN401
        """Hear of it."""

    notice_of_suspension_cb = notice_of_cancellation_cb = abandoned_cb = ignore_cb = _nothing


class _Timers(CheckTimerProvider):  # type: ignore[misc]
    """Check timers of one length."""

    def provide_check_timer(self, **ids: Any) -> Countdown:  # noqa: ANN401
        """Return a timer."""
        del ids
        return Countdown.from_seconds(CHECK_SECONDS)


class CfdppyEnd:
    """One end of one transaction, the sender or the receiver.

    Args:
        own_id: entity id of this end, of two octets.
        other_id: of the other one.
        sends: whether it is the sender.
        remote: parameters of the other entity, by the names of cfdp-py.
    """

    def __init__(self, own_id: int, other_id: int, *, sends: bool, **remote: Any) -> None:  # noqa: ANN401
        self.vfs = MemoryVfs()
        self.user = _Silent(self.vfs)
        self._other = ByteFieldU16(other_id)
        local = LocalEntityConfig(ByteFieldU16(own_id), IndicationConfig(), _Faults())
        parameters: dict[str, Any] = {
            "max_file_segment_len": 1024,
            "max_packet_len": 2048,
            "closure_requested": True,
            "crc_on_transmission": False,
            "default_transmission_mode": TransmissionMode.ACKNOWLEDGED,
            "crc_type": ChecksumType.MODULAR,
        }
        table = RemoteEntityConfigTable([RemoteEntityConfig(entity_id=self._other, **(parameters | remote))])
        if sends:
            self._handler: Any = SourceHandler(
                cfg=local,
                user=self.user,
                remote_cfg_table=table,
                seq_num_provider=SeqCountProvider(16),
                check_timer_provider=_Timers(),
            )
        else:
            self._handler = DestHandler(
                cfg=local, user=self.user, remote_cfg_table=table, check_timer_provider=_Timers()
            )
        self._out: deque[bytes] = deque()
        self.refused: list[Exception] = []
        """What its handlers raised on PDUs, or on making an answer to them."""

    def put(self, source: str, destination: str, mode: TransmissionMode, **options: Any) -> None:  # noqa: ANN401
        """Begin to send a file."""
        request = PutRequest(
            destination_id=self._other,
            source_file=Path(source),
            dest_file=Path(destination),
            trans_mode=mode,
            closure_requested=True,
            **options,
        )
        self._handler.put_request(request)

    @property
    def idle(self) -> bool:
        """Whether it has closed."""
        return bool(self._handler.state.value == 0) and not self._out

    def receive(self, octets: bytes, now_ns: int = 0) -> None:
        """Take a PDU."""
        del now_ns
        self._step(PduFactory.from_raw(octets))

    def next_pdu(self, now_ns: int = 0) -> bytes | None:
        """Return the next PDU, None if there is none."""
        del now_ns
        if not self._out:
            self._step(None)
        return self._out.popleft() if self._out else None

    def _step(self, pdu: Any) -> None:  # noqa: ANN401
        try:
            self._handler.state_machine(pdu)
        except Exception as error:  # noqa: BLE001 - it raises for PDUs that it has no use for
            self.refused.append(error)
        self._out.extend(self._packed())

    def _packed(self) -> Iterator[bytes]:
        while (holder := self._handler.get_next_packet()) is not None:
            try:
                yield bytes(holder.pdu.pack())
            except ValueError as error:
                self.refused.append(error)
