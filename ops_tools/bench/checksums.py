"""Error-detecting codes, beside the compiled ones of `crcmod` and loops in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import crcmod.predefined

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.packets.crc import crc16, crc32, crc32c, xor8

SHORT_OCTETS, LONG_OCTETS, FRAME_OCTETS = 64, 1024, 1115
MEGABYTES = 40
"""What a compiled code is measured on, in each run."""
LOOP_MEGABYTES = 0.5
"""The same for a loop in Python."""
BUFFERS = 500
"""So many different ones, lest the octets always come from the nearest cache."""

Code = Callable[[bytes], int]


def measure(effort: Effort) -> list[Figure]:
    """Megabytes per second of processor time."""
    crcmod16, crcmod32 = _crcmod("crc-ccitt-false"), _crcmod("crc-32")
    return [
        _against(effort, f"CRC-16 of {LONG_OCTETS} B", crc16, LONG_OCTETS, ("crcmod, compiled", crcmod16)),
        _against(effort, f"CRC-16 of {SHORT_OCTETS} B", crc16, SHORT_OCTETS, ("crcmod, compiled", crcmod16)),
        _against(effort, f"CRC-16 of {FRAME_OCTETS} B", crc16, FRAME_OCTETS, ("table loop in Python", _table_loop())),
        _against(effort, f"CRC-32 of {LONG_OCTETS} B", crc32, LONG_OCTETS, ("crcmod, compiled", crcmod32)),
        _against(effort, f"CRC-32C of {LONG_OCTETS} B", crc32c, LONG_OCTETS, ("CRC-16 of crcmod, compiled", crcmod16)),
        _against(effort, f"cFS checksum of {SHORT_OCTETS} B", xor8, SHORT_OCTETS, ("loop in Python", _exclusive_or)),
    ]


def _crcmod(name: str) -> Code:
    code: Code = crcmod.predefined.mkPredefinedCrcFun(name)
    return code


def _against(effort: Effort, what: str, code: Code, octets: int, peer: tuple[str, Code]) -> Figure:
    source = Random(octets)
    buffers = [source.randbytes(octets) for _ in range(BUFFERS)]
    rates, peers = [], []
    for _ in range(effort.runs):
        rates.append(_rate(code, buffers, effort.count(round(MEGABYTES * 1e6 / octets))))
        megabytes = LOOP_MEGABYTES if "loop" in peer[0] else MEGABYTES
        peers.append(_rate(peer[1], buffers, effort.count(round(megabytes * 1e6 / octets))))
    return figure(("crc", what), "MB/s", rates, Better.HIGHER, reference=(peer[0], peers))


def _rate(code: Code, buffers: Sequence[bytes], count: int) -> float:
    rounds, rest = divmod(count, len(buffers))

    def work() -> None:
        for _ in range(rounds):
            for buffer in buffers:
                code(buffer)
        for buffer in buffers[:rest]:
            code(buffer)

    return count * len(buffers[0]) / cpu_seconds(work) / 1e6


def _table_loop() -> Code:
    """CRC-16 as a Python program without compiled code computes it."""
    table = []
    for value in range(256):
        register = value << 8
        for _ in range(8):
            register = register << 1 ^ (0x1021 if register & 0x8000 else 0)
        table.append(register & 0xFFFF)

    def code(data: bytes) -> int:
        register = 0xFFFF
        for octet in data:
            register = register << 8 & 0xFF00 ^ table[register >> 8 ^ octet]
        return register

    if code(b"123456789") != crc16(b"123456789"):
        raise AssertionError("the loop computes another code")
    return code


def _exclusive_or(data: bytes) -> int:
    value = 0xFF
    for octet in data:
        value ^= octet
    return value
