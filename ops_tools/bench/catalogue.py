"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from flightsw.errors import FlightSoftwareError
from ops_tools.bench import (
    bus_inproc,
    bus_ipc,
    chains,
    checksums,
    file_delivery,
    flight,
    frames,
    reed_solomon,
    security,
    store,
    telemetry,
    xtce_decode,
)
from ops_tools.bench.effort import Effort
from ops_tools.bench.figures import Figure


class Benchmark(msgspec.Struct, frozen=True):
    """One benchmark.

    Attributes:
        name: on the command line.
        summary: what it measures.
        run: measures it.
    """

    name: str
    summary: str
    run: Callable[[Effort], list[Figure]]


BENCHMARKS = (
    Benchmark("bus.inproc", "messages per second within one process, beside a bare deque", bus_inproc.throughput),
    Benchmark("bus.rtt", "round trip within one process", bus_inproc.round_trip),
    Benchmark("bus.ipc", "messages per second, CPU and latency between processes, beside raw pyzmq", bus_ipc.measure),
    Benchmark("boot", "reference mission from nothing to operational, and after kill -9", flight.boot),
    Benchmark("memory", "proportional set size of all flight processes", flight.memory),
    Benchmark("tlm.decode", "telemetry packets to named objects and back, beside spacepackets", telemetry.scalar),
    Benchmark("tlm.bulk", "buffers of telemetry packets to columns, beside ccsdspy", telemetry.bulk),
    Benchmark("tlm.xtce", "decoding by an imported XTCE file, beside space-packet-parser", xtce_decode.measure),
    Benchmark("crc", "error-detecting codes, beside crcmod and loops in Python", checksums.measure),
    Benchmark("frames", "packets into TM and AOS frames and out again, beside spacepackets", frames.measure),
    Benchmark("rs", "Reed-Solomon code blocks, beside reedsolo", reed_solomon.measure),
    Benchmark("sdls", "frames protected and processed, beside the bare cipher", security.measure),
    Benchmark("chains", "TM and TC chains from packet to coded bits to packet, as they fly", chains.measure),
    Benchmark("store", "checkpoints stored and loaded, beside plain files", store.measure),
    Benchmark("cfdp", "files delivered, beside cfdp-py, and closure over a link with losses", file_delivery.measure),
)


def chosen(names: Iterable[str]) -> tuple[Benchmark, ...]:
    """The benchmarks that are named, in the order of the catalogue; all when none is.

    Raises:
        FlightSoftwareError: there is no such benchmark.
    """
    known = [benchmark.name for benchmark in BENCHMARKS]
    wanted = list(names) or known
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise FlightSoftwareError(f"no benchmark {', '.join(unknown)}; there is {', '.join(known)}")
    return tuple(benchmark for benchmark in BENCHMARKS if benchmark.name in wanted)
