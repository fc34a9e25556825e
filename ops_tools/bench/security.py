"""Protected frames, beside the bare cipher on the same data: what keys, numbers, masks and counters cost on top."""

from __future__ import annotations

from functools import partial

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.authentication_mask import tm_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_use import RESERVATION
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

FRAMES = 20_000
DATA_OCTETS = (256, 1024)
CHANNEL = GlobalChannel(0x123, 1)
FRAME_HEADER = bytes.fromhex("123307091800")
KEY_ID = 128


def measure(effort: Effort) -> list[Figure]:
    """Frames protected at one end and processed at the other, per second of processor time; and MB of data."""
    figures = []
    frames = effort.count(FRAMES)
    for octets in DATA_OCTETS:
        ours, bare = [], []
        for _ in range(effort.runs):
            ours.append(frames / cpu_seconds(partial(_Link(octets).carry, frames)))
            bare.append(frames / cpu_seconds(partial(_BareCipher(octets).carry, frames)))
        name, peer = f"AES-256-GCM, {octets} B protected and processed", "bare AESGCM, encrypt and decrypt"
        figures.append(figure(("sdls", name), "frames/s", ours, Better.HIGHER, reference=(peer, bare)))
        megabytes = [[rate * octets / 1e6 for rate in rates] for rates in (ours, bare)]
        figures.append(
            figure(("sdls", f"{name}, data"), "MB/s", megabytes[0], Better.HIGHER, reference=(peer, megabytes[1]))
        )
    return figures


class _Link:
    """Both ends of one association."""

    def __init__(self, octets: int) -> None:
        parameters = AssociationParameters(
            spi=1,
            role=Role.SENDER,
            algorithm=Algorithm.AES_256_GCM,
            channels=(CHANNEL,),
            header_mask=tm_mask(),
            key_id=KEY_ID,
        )
        self._near = FrameSecurity(derive_simulation_keys(1, (), (KEY_ID,)), [parameters])
        self._far = FrameSecurity(derive_simulation_keys(1, (), (KEY_ID,)), [parameters.mirrored()])
        self._data = bytes(octets)

    def carry(self, frames: int) -> None:
        """Protect and process so many frames; reserving numbers is part of it, saving them is not."""
        near, far, data = self._near, self._far, self._data
        for number in range(frames):
            if number % (RESERVATION // 2) == 0 and near.reserve():
                near.saved()
            far.process(CHANNEL, FRAME_HEADER, near.protect(CHANNEL, FRAME_HEADER, data))
        if far.state.counters.accepted != frames:
            raise AssertionError("a genuine frame was refused")


class _BareCipher:
    """The cipher without any protocol, with a new initialisation vector for each frame as it must be."""

    def __init__(self, octets: int) -> None:
        self._cipher = AESGCM(bytes(32))
        self._data = bytes(octets)

    def carry(self, frames: int) -> None:
        """Encrypt and decrypt so many frames."""
        cipher, data = self._cipher, self._data
        for number in range(frames):
            vector = number.to_bytes(12, "big")
            opened = cipher.decrypt(vector, cipher.encrypt(vector, data, FRAME_HEADER), FRAME_HEADER)
        if opened != data:
            raise AssertionError("the cipher gave back something else")
