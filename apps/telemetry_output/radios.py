"""All transmitters together: which virtual channel goes where, switched at once, counted as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from apps.telemetry_output.transmitter import Transmitter


class Totals(msgspec.Struct, frozen=True):
    """What the transmitters have counted, see `TransmitterState`; ``octets`` are those sent, coding included."""

    frames: int
    octets: int
    refused: int
    lost: int
    unprotected: int
    dropped: int
    resets: int
    errors: int


class Radios:
    """The transmitters by the name that events use."""

    def __init__(self, transmitters: Mapping[str, Transmitter]) -> None:
        self._transmitters = dict(transmitters)
        self._by_channel = {
            channel: transmitter for transmitter in self._transmitters.values() for channel in transmitter.channels
        }

    def on_channel(self, channel: int) -> Transmitter:
        """The transmitter of a virtual channel."""
        return self._by_channel[channel]

    def is_on(self, name: str) -> bool:
        """Whether a transmitter is on; there may be none of this name."""
        return name in self._transmitters and self._transmitters[name].state.on

    def spi(self, name: str) -> int:
        """The association that protects the frames of a transmitter now; 0 if there is none."""
        return self._transmitters[name].spi if name in self._transmitters else 0

    def switch(self, on: bool) -> tuple[list[str], list[str]]:  # noqa: FBT001 - the field's own term
        """Switch all transmitters; returns the names of those that changed, and of those that could not be switched."""
        changed, reluctant = [], []
        for name, transmitter in self._transmitters.items():
            before = transmitter.state.on
            transmitter.switch(on)
            if transmitter.state.on is not before:
                changed.append(name)
            elif before is not on:
                reluctant.append(name)
        return changed, reluctant

    def verify(self) -> None:
        """Ask those that should be on whether they are."""
        for transmitter in self._transmitters.values():
            transmitter.verify()

    def send(self, now_ns: int, seconds: float, control_words: Sequence[bytes]) -> None:
        """Send as many frames as ``seconds`` allow on each transmitter that is on, see `Transmitter.send`."""
        for transmitter in self._transmitters.values():
            if transmitter.state.on:
                transmitter.send(now_ns, seconds, control_words)

    def totals(self) -> Totals:
        """What all have counted."""
        states = [transmitter.state for transmitter in self._transmitters.values()]
        return Totals(
            frames=sum(state.frames for state in states),
            octets=sum(transmitter.octets for transmitter in self._transmitters.values()),
            refused=sum(state.refused for state in states),
            lost=sum(state.lost for state in states),
            unprotected=sum(state.unprotected for state in states),
            dropped=sum(state.dropped for state in states),
            resets=sum(state.resets for state in states),
            errors=sum(state.errors for state in states),
        )
