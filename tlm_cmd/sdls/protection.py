"""What the security protocol puts around data, and takes off again (CCSDS 355.0-B-2, 4.1, 4.2.3 and 4.2.4)."""

from typing import NamedTuple

from tlm_cmd.sdls.algorithms import MAC_OCTETS, Cipher
from tlm_cmd.sdls.association import COUNTER_OCTETS, SPI_OCTETS, AssociationParameters
from tlm_cmd.sdls.refusals import ProcessRefusal


class OpenedFrame(NamedTuple):
    """Data whose MAC is right, and the sequence number that they came with."""

    counter: int
    data: bytes


class FrameProtection:
    """The layout of one association with its cipher: everything about a frame that has no memory."""

    __slots__ = (
        "_block_octets",
        "_cipher",
        "_iv_end",
        "_iv_octets",
        "_iv_prefix",
        "_mask",
        "_masked_start",
        "_min_octets",
        "_pad_length_octets",
        "_sequence_end",
        "_sequence_octets",
        "_spi",
        "header_octets",
        "mask_octets",
    )

    def __init__(self, parameters: AssociationParameters, cipher: Cipher) -> None:
        self._cipher = cipher
        self._mask = int.from_bytes(parameters.header_mask, "big")
        self.mask_octets = len(parameters.header_mask)
        self.header_octets = parameters.header_octets
        self._spi = parameters.spi.to_bytes(SPI_OCTETS, "big")
        self._iv_octets = parameters.algorithm.iv_octets
        self._iv_prefix = (
            parameters.iv_prefix.to_bytes(self._iv_octets - COUNTER_OCTETS, "big") if self._iv_octets else b""
        )
        self._iv_end = SPI_OCTETS + self._iv_octets
        self._sequence_octets = parameters.sequence_octets
        self._sequence_end = self._iv_end + parameters.sequence_octets
        self._pad_length_octets = parameters.pad_length_octets
        self._block_octets = parameters.block_octets
        self._masked_start = self._spi + bytes(self._iv_octets)  # the MAC does not cover the IV: 4.2.2.6.2 h
        self._min_octets = self.header_octets + MAC_OCTETS + 1

    def seal(self, frame_header: bytes, data: bytes, counter: int) -> bytes:
        """Return security header, data and trailer of a frame whose header has the length of the mask.

        ``counter`` is its sequence number, 0 to the association's last: the caller has made sure that it is unused.
        """
        iv = self._iv_prefix + counter.to_bytes(COUNTER_OCTETS, "big") if self._iv_octets else b""
        behind_iv = counter.to_bytes(self._sequence_octets, "big") if self._sequence_octets else b""
        pad = -len(data) % self._block_octets
        if self._pad_length_octets:
            behind_iv += pad.to_bytes(self._pad_length_octets, "big")
        if pad:
            data += bytes(pad)
        sealed = self._cipher.seal(iv, self._masked(frame_header) + self._masked_start + behind_iv, data)
        return self._spi + iv + behind_iv + sealed

    def open(self, frame_header: bytes, octets: bytes) -> OpenedFrame | ProcessRefusal:
        """Return data and sequence number of a frame whose header has the length of the mask, or why not."""
        if len(octets) < self._min_octets:
            return ProcessRefusal.TOO_SHORT
        iv = octets[SPI_OCTETS : self._iv_end]
        behind_iv = octets[self._iv_end : self.header_octets]
        covered = self._masked(frame_header) + self._masked_start + behind_iv
        data = self._cipher.open(iv, covered, octets[self.header_octets :])
        if data is None:
            return ProcessRefusal.BAD_MAC
        if not self._sequence_octets and not iv.startswith(self._iv_prefix):
            return ProcessRefusal.BAD_IV
        if self._pad_length_octets:
            pad = int.from_bytes(octets[self._sequence_end : self.header_octets], "big")
            if pad >= self._block_octets or pad >= len(data):
                return ProcessRefusal.BAD_PAD
            data = data[: len(data) - pad]
        if self._sequence_octets:
            return OpenedFrame(int.from_bytes(octets[self._iv_end : self._sequence_end], "big"), data)
        return OpenedFrame(int.from_bytes(iv[-COUNTER_OCTETS:], "big"), data)

    def counter_of(self, octets: bytes) -> int:
        """Return the sequence number that a frame claims, 0 if it is too short for one; it proves nothing."""
        if self._sequence_octets:
            return int.from_bytes(octets[self._iv_end : self._sequence_end], "big")
        return int.from_bytes(octets[self._iv_end - COUNTER_OCTETS : self._iv_end], "big")

    def _masked(self, frame_header: bytes) -> bytes:
        return (int.from_bytes(frame_header, "big") & self._mask).to_bytes(self.mask_octets, "big")
