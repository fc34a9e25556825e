"""The worker's side of long work: a process that runs one entry point, request by request, until its input ends.

Started as ``python -m flightsw.runtime.worker ENTRY SETTINGS PARENT``. Requests and answers travel over standard input
and output as msgpack behind a length; whatever the work prints goes to standard error. A request that raises is
answered with the reason, and the worker goes on.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

NICENESS = 15  # flight processes come first
MAX_FRAME_OCTETS = 64 * 1024 * 1024
"""Longest request or answer."""
LENGTH_OCTETS = 4
_PR_SET_PDEATHSIG = 1


class Answer(msgspec.Struct, frozen=True):
    """What comes back: the result's msgpack, or why there is none."""

    result: bytes = b""
    failure: str = ""


def frame(data: bytes) -> bytes:
    """``data`` behind its length."""
    return len(data).to_bytes(LENGTH_OCTETS, "big") + data


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, None at the end of the input.

    Raises:
        ValueError: the length is beyond MAX_FRAME_OCTETS.
    """
    header = stream.read(LENGTH_OCTETS)
    if len(header) < LENGTH_OCTETS:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_OCTETS:
        raise ValueError(f"frame of {length} octets, at most {MAX_FRAME_OCTETS} are allowed")
    data = stream.read(length)
    return data if len(data) == length else None


def resolve(entry: str) -> Callable[..., Any]:
    """The function that ``module:function`` names.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module has no such function.
    """
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
            answer = Answer(result=_bounded(msgspec.msgpack.encode(result)))
        except Exception as error:  # noqa: BLE001 - the reason goes back to the app
            answer = Answer(failure=f"{type(error).__name__}: {error}")
        answers.write(frame(msgspec.msgpack.encode(answer)))
        answers.flush()


def _bounded(result: bytes) -> bytes:
    most = MAX_FRAME_OCTETS - 64  # room for what the answer adds
    if len(result) > most:
        raise ValueError(f"result of {len(result)} octets, at most {most} are allowed")
    return result


def main() -> None:
    """Run as a worker process."""
    entry, settings, parent = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # even a hung worker ends with its flight process
    if os.getppid() != int(parent):  # it has ended already
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the flight process, which ends this one
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printing must not corrupt the answers
    serve(entry, msgspec.json.decode(settings), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
