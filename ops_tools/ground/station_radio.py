"""The baseband of a ground station: transfer frames on one side, the bits of a radio on the other."""

from __future__ import annotations

from typing import Protocol

import msgspec

from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.telecommand_coding import encode_telecommand
from tlm_cmd.link.telemetry_coding import TelemetryDecoder


class RadioPort(Protocol):
    """What the ground needs of a radio: the part of ``RadioFrequencyPort`` that it uses."""

    def send(self, octets: bytes) -> None:
        """Radiate one transmission."""
        ...

    def receive(self) -> list[bytes]:
        """What has come down since the last call, oldest first."""
        ...


class CodingFigures(msgspec.Struct, frozen=True):
    """What the code of a downlink has done.

    Attributes:
        uncorrectable: code blocks with too many errors; their frames are lost.
        corrected_frames: frames that had a wrong symbol.
        corrected_symbols: wrong symbols that were put right.
        skipped_bits: bits that belong to no frame.
    """

    uncorrectable: int = 0
    corrected_frames: int = 0
    corrected_symbols: int = 0
    skipped_bits: int = 0

    def __add__(self, other: CodingFigures) -> CodingFigures:
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return CodingFigures(*(one + two for one, two in pairs))


class StationRadio:
    """Codes TC frames and decodes TM frames of one link, as its parameters say; without coding they pass as they are.

    Args:
        port: the radio.
        parameters: of the link.
    """

    def __init__(self, port: RadioPort, parameters: LinkParameters) -> None:
        self._port = port
        self._telecommand_coding = parameters.telecommand_coding
        coding = parameters.telemetry_coding
        self._decoder = None if coding is None else TelemetryDecoder(coding, parameters.tm_frame_octets)

    @property
    def figures(self) -> CodingFigures:
        """What the code of the downlink has done."""
        if self._decoder is None:
            return CodingFigures()
        counters, synchroniser = self._decoder.state.counters, self._decoder.state.synchroniser.counters
        return CodingFigures(
            counters.uncorrectable,
            counters.corrected_frames,
            counters.corrected_symbols,
            synchroniser.skipped_bits,
        )

    def send(self, frame: bytes) -> None:
        """Radiate one frame.

        Raises:
            PortError: the radio did not take it.
        """
        coding = self._telecommand_coding
        self._port.send(frame if coding is None else encode_telecommand(frame, coding))

    def receive(self) -> list[bytes]:
        """The frames that have come down since the last call, oldest first.

        Raises:
            PortError: the radio does not answer.
        """
        received = self._port.receive()
        decoder = self._decoder
        return received if decoder is None else [frame for octets in received for frame in decoder.feed(octets)]
