"""One stream of random numbers per model, so that adding a model never shifts another model's numbers.

A stream's seed is the first 64 bits of SHA-256 over the master seed and the model's name. The streams' positions belong
to a spacecraft's snapshot, because a restored run must draw what the original would have drawn.
"""

import hashlib
import random

import msgspec


class StreamState(msgspec.Struct):
    """Position of one Mersenne Twister stream, as ``random.Random.getstate`` gives it."""

    version: int
    internal: tuple[int, ...]
    gauss_next: float | None


def stream_seed(master_seed: int, name: str) -> int:
    """Seed of the stream ``name`` [0 .. 2**64 - 1]: first 64 bits of SHA-256 of ``"<master_seed>/<name>"``."""
    digest = hashlib.sha256(f"{master_seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


class RandomStreams:
    """All streams of one spacecraft, made on first use and known by the model's name."""

    def __init__(self, master_seed: int) -> None:
        self.master_seed = master_seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream of the model ``name``; asking again gives the same object."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = random.Random(stream_seed(self.master_seed, name))
        return stream

    def manifest(self) -> dict[str, int]:
        """Seed of every stream in use, by name, for the record kept beside a run's results."""
        return {name: stream_seed(self.master_seed, name) for name in sorted(self._streams)}

    def snapshot(self) -> dict[str, StreamState]:
        """Position of every stream in use."""
        return {name: StreamState(*stream.getstate()) for name, stream in sorted(self._streams.items())}

    def restore(self, states: dict[str, StreamState]) -> None:
        """Put every stream back to a recorded position; the stream objects held by models stay valid."""
        for name, state in states.items():
            self.stream(name).setstate((state.version, state.internal, state.gauss_next))
