"""Reed-Solomon code blocks, beside `reedsolo`, which codes one code word in the conventional basis at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from random import Random
from typing import Any

from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from tlm_cmd.coding.code_word import remainder_tables
from tlm_cmd.coding.reed_solomon import ReedSolomon

CODE = ReedSolomon(correctable=16, interleave=5, dual_basis=True)
ALONE = ReedSolomon(correctable=16, interleave=1, dual_basis=False)
BLOCKS = 300
DAMAGED_BLOCKS = 60
PEER_CODE_WORDS = 40
PEER_DAMAGED_CODE_WORDS = 8
MEGA = 1e6


def measure(effort: Effort) -> list[Figure]:
    """Encoding, decoding without errors, and with as many as can be corrected, per second of processor time."""
    encoded, decoded, corrected, made = [], [], [], []
    peers: dict[str, list[float]] = {"encoded": [], "decoded": [], "corrected": []}
    for run in range(effort.runs):
        source = Random(run)
        encoded.append(_encode_rate(CODE.encode, CODE, effort.count(BLOCKS), source) / MEGA)
        decoded.append(_decode_rate(_our_decode(CODE), CODE, effort.count(BLOCKS), 0, source) / MEGA)
        octets = _decode_rate(_our_decode(CODE), CODE, effort.count(DAMAGED_BLOCKS), CODE.correctable, source)
        corrected.append(octets * CODE.interleave / CODE.max_data_octets)
        made.append(_table_ms())
        _measure_peer(effort, source, peers)
    return [
        figure(
            ("rs", "RS(255,223), I = 5, dual basis, encode"),
            "MB/s",
            encoded,
            Better.HIGHER,
            must=2.5,
            aim=10,
            reference=_reference("reedsolo", peers["encoded"]),
        ),
        figure(
            ("rs", "decode without errors"),
            "MB/s",
            decoded,
            Better.HIGHER,
            must=2.5,
            aim=10,
            reference=_reference("reedsolo", peers["decoded"]),
        ),
        figure(
            ("rs", "code words decoded with 16 errors each"),
            "1/s",
            corrected,
            Better.HIGHER,
            must=1000,
            aim=5000,
            reference=_reference("reedsolo", peers["corrected"]),
        ),
        figure(("rs", "tables of a code made, once in a process"), "ms", made, Better.LOWER),
    ]


def _measure_peer(effort: Effort, source: Random, rates: dict[str, list[float]]) -> None:
    if find_spec("reedsolo") is None:
        return
    from reedsolo import RSCodec  # noqa: PLC0415 - only where it is installed

    peer: Any = RSCodec(32, nsize=255, fcr=112, prim=0x187, generator=0xAD, c_exp=8)

    def decode(block: bytes) -> bytes:
        return bytes(peer.decode(block)[0])

    words, damaged_words = effort.count(PEER_CODE_WORDS), effort.count(PEER_DAMAGED_CODE_WORDS)
    rates["encoded"].append(_encode_rate(peer.encode, ALONE, words, source) / MEGA)
    rates["decoded"].append(_decode_rate(decode, ALONE, words, 0, source) / MEGA)
    octets = _decode_rate(decode, ALONE, damaged_words, ALONE.correctable, source)
    rates["corrected"].append(octets / ALONE.max_data_octets)


def _reference(name: str, rates: list[float]) -> tuple[str, list[float]] | None:
    return (name, rates) if rates else None


def _our_decode(code: ReedSolomon) -> Callable[[bytes], bytes]:
    return lambda block: code.decode(block).data


def _encode_rate(encode: Callable[[bytes], bytes], code: ReedSolomon, count: int, source: Random) -> float:
    """Octets of data per second of processor time."""
    data = [source.randbytes(code.max_data_octets) for _ in range(count)]
    blocks: list[bytes] = []
    seconds = cpu_seconds(lambda: blocks.extend(map(encode, data)))
    if blocks[-1] != code.encode(data[-1]):
        raise AssertionError("the block is not the one expected")
    return count * code.max_data_octets / seconds


def _decode_rate(decode: Callable[[bytes], bytes], code: ReedSolomon, count: int, errors: int, source: Random) -> float:
    """Octets of data per second of processor time, with so many wrong symbols in each code word."""
    data = [source.randbytes(code.max_data_octets) for _ in range(count)]
    received = [_damaged(code.encode(each), code, errors, source) for each in data]
    found: list[bytes] = []
    seconds = cpu_seconds(lambda: found.extend(map(decode, received)))
    if found != data:
        raise AssertionError("the data are not those that were encoded")
    return count * code.max_data_octets / seconds


def _damaged(block: bytes, code: ReedSolomon, errors: int, source: Random) -> bytes:
    wrong = bytearray(block)
    for number in range(code.interleave):
        places: Sequence[int] = range(number, len(block), code.interleave)
        for place in source.sample(places, errors):
            wrong[place] ^= source.randrange(1, 256)
    return bytes(wrong)


def _table_ms() -> float:
    remainder_tables.cache_clear()
    return cpu_seconds(lambda: remainder_tables(CODE.correctable, dual_basis=CODE.dual_basis)) * 1e3
