"""The worker's side of long work: a process that runs one entry point, request by request, until its input ends.

Started as ``python -m flightsw.runtime.worker ENTRY SETTINGS``. Requests and answers travel over standard input and
output as msgpack behind a length; whatever the work prints goes to standard error. A request that raises is answered
with the reason, and the worker goes on.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

NICENESS = 15  # flight processes come first
MAX_FRAME_OCTETS = 64 * 1024 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What comes back: the result's msgpack, or why there is none."""

    result: bytes = b""
    failure: str = ""


def write_frame(stream: BinaryIO, data: bytes) -> None:
    """Write ``data`` behind its length."""
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, None at the end of the input.

    Raises:
        ValueError: the length is beyond MAX_FRAME_OCTETS.
    """
    header = stream.read(4)
    if len(header) < 4:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_OCTETS:
        raise ValueError(f"frame of {length} octets, at most {MAX_FRAME_OCTETS} are allowed")
    data = stream.read(length)
    return data if len(data) == length else None


def resolve(entry: str) -> Callable[..., Any]:
    """The function that ``module:function`` names."""
    module, _, name = entry.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def serve(entry: str, settings: dict[str, Any], requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends.

    The entry point is called once with the settings, at the first request; it returns ``(request class, function)``.
    """
    opened: tuple[type[Any], Callable[[Any], Any]] | None = None
    while (data := read_frame(requests)) is not None:
        try:
            if opened is None:
                opened = resolve(entry)(settings)
            request_class, function = opened
            result = function(msgspec.msgpack.decode(data, type=request_class))
            answer = Answer(result=msgspec.msgpack.encode(result))
        except Exception as error:  # noqa: BLE001 - the reason goes back to the app
            answer = Answer(failure=f"{type(error).__name__}: {error}")
        write_frame(answers, msgspec.msgpack.encode(answer))


def main() -> None:
    """Run as a worker process."""
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printing must not corrupt the answers
    serve(sys.argv[1], msgspec.json.decode(sys.argv[2]), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
