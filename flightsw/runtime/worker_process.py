"""The flight side of long work: starts a worker process, feeds it, and ends it when it takes too long.

Nothing here waits unless it is told to: requests and answers pass through non-blocking pipes, a part at a time.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from typing import Any

import msgspec

from flightsw.app import Work, WorkFailed
from flightsw.clock import HostClock
from flightsw.runtime.worker import LENGTH_OCTETS, MAX_FRAME_OCTETS, Answer, frame

MAX_WAITING = 64
"""Pieces of work of one kind that may wait for one worker."""
WORKER_MODULE = "flightsw.runtime.worker"
READ_OCTETS = 1 << 20
"""Octets of an answer taken at once."""


class WorkRequest(msgspec.Struct, frozen=True):
    """A piece of work that was started.

    Attributes:
        key: what the app calls it.
        data: the request, packed.
    """

    key: str
    data: bytes


class WorkerProcess:
    """One worker of one app: pieces of work are done one after the other, in the order they were started.

    The process is handed one piece at a time, so that one that dies, hangs or talks nonsense loses no other piece; the
    next piece gets a fresh process.

    Args:
        work: what the worker does.
        settings: handed to its entry point.

    Attributes:
        restarts: worker processes started after the first.
    """

    def __init__(self, work: Work[Any, Any], settings: dict[str, Any]) -> None:
        self.work = work
        self.restarts = -1
        self._settings = msgspec.json.encode(settings).decode()
        self._clock = HostClock.starting_now()
        self._process: subprocess.Popen[bytes] | None = None
        self._pieces: deque[WorkRequest] = deque()
        self._begun_ns = 0
        self._unsent = memoryview(b"")
        self._received = bytearray()
        self._results: list[msgspec.Struct] = []

    @property
    def waiting(self) -> int:
        """Pieces of work started and not answered."""
        return len(self._pieces)

    @property
    def pid(self) -> int:
        """Of the process, 0 when none runs."""
        return 0 if self._process is None else self._process.pid

    def submit(self, request: msgspec.Struct, key: str) -> WorkFailed | None:
        """Take a request; returns the failure when there is no room for it.

        Raises:
            TypeError: the request holds what msgpack cannot.
        """
        if len(self._pieces) >= MAX_WAITING:
            return WorkFailed(self.work.name, key, f"{MAX_WAITING} pieces of work wait already")
        data = msgspec.msgpack.encode(request)
        if len(data) > MAX_FRAME_OCTETS:
            return WorkFailed(
                self.work.name, key, f"request of {len(data)} octets, at most {MAX_FRAME_OCTETS} are allowed"
            )
        self._pieces.append(WorkRequest(key, data))
        if len(self._pieces) == 1:
            self._begin()
        return None

    def to_read(self) -> int | None:
        """File number that becomes readable when there is something to collect; None while nothing is awaited."""
        return None if self._process is None or not self._pieces else _number(self._process.stdout)

    def to_write(self) -> int | None:
        """File number that becomes writable when more of a request can leave; None when none waits for that."""
        return None if self._process is None or not self._unsent else _number(self._process.stdin)

    def collect(self, timeout_s: float = 0.0) -> list[msgspec.Struct]:
        """Results that have arrived within ``timeout_s`` host seconds, oldest first.

        A piece of work that took too long, or whose process ended, is among them as WorkFailed.
        """
        if not self._results and self._pieces:
            self._wait(timeout_s)
            self._send()
            self._receive()
            self._check_time()
        results, self._results = self._results, []
        return results

    def await_results(self) -> list[msgspec.Struct]:
        """Wait for the oldest piece of work, at most until its time is up; empty when none waits."""
        results = self.collect()
        while not results and self._pieces:
            results = self.collect(self._time_left_s())
        return results

    def close(self) -> None:
        """End the process and forget what it was doing."""
        self._pieces.clear()
        self._results.clear()
        self._end_process()

    # ---------------------------------------------------------------- the piece at hand

    def _begin(self) -> None:
        """Hand the oldest piece to the process, which is started if none runs; until one can be."""
        while self._pieces:
            try:
                if self._process is not None and self._has_something():
                    self._end_process()  # it has ended, or talks without being asked
                if self._process is None:
                    self._process = self._start_process()
            except OSError as error:
                self._drop_piece(f"worker cannot be started: {error}")
                continue
            self._begun_ns = self._clock.now_ns()
            self._unsent = memoryview(frame(self._pieces[0].data))
            self._send()
            return

    def _drop_piece(self, reason: str) -> None:
        self._results.append(WorkFailed(self.work.name, self._pieces.popleft().key, reason))

    def _give_up(self, reason: str) -> None:
        """The piece at hand fails, its process ends, and the next piece begins with another."""
        self._end_process()
        self._drop_piece(reason)
        self._begin()

    def _time_left_s(self) -> float:
        return max(0.0, self.work.time_limit_s - (self._clock.now_ns() - self._begun_ns) / 1e9)

    def _check_time(self) -> None:
        if self._pieces and not self._results and self._time_left_s() <= 0:
            self._give_up(f"no result within {self.work.time_limit_s} s")

    def _answered(self, data: bytes) -> None:
        """The process has answered the piece at hand."""
        try:
            answer = msgspec.msgpack.decode(data, type=Answer)
            result = None if answer.failure else msgspec.msgpack.decode(answer.result, type=self.work.result)
        except msgspec.MsgspecError as error:
            self._give_up(f"the answer cannot be read: {error}")
            return
        if result is None:
            self._drop_piece(answer.failure)
        else:
            self._pieces.popleft()
            self._results.append(result)
        self._begin()

    # ---------------------------------------------------------------- octets

    def _has_something(self) -> bool:
        """Whether something comes from the process, be it its end, before it was asked anything."""
        poller = select.poll()
        number = self.to_read()
        if number is not None:
            poller.register(number, select.POLLIN)
        return bool(self._received or poller.poll(0))

    def _wait(self, timeout_s: float) -> None:
        poller = select.poll()
        for number, flags in ((self.to_read(), select.POLLIN), (self.to_write(), select.POLLOUT)):
            if number is not None:
                poller.register(number, flags)
        poller.poll(timeout_s * 1000)

    def _send(self) -> None:
        number = self.to_write()
        while number is not None and self._unsent:
            try:
                self._unsent = self._unsent[os.write(number, self._unsent) :]
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._unsent = memoryview(b"")  # the process has ended, which shows when its answer is read

    def _receive(self) -> None:
        number = self.to_read()
        if number is None:
            return
        try:
            data = os.read(number, READ_OCTETS)
        except BlockingIOError:
            return
        if not data:
            self._give_up("worker process ended")
            return
        self._received += data
        if len(self._received) < LENGTH_OCTETS:
            return
        end = LENGTH_OCTETS + int.from_bytes(self._received[:LENGTH_OCTETS], "big")
        if end - LENGTH_OCTETS > MAX_FRAME_OCTETS:
            octets = end - LENGTH_OCTETS
            self._give_up(f"answer of {octets} octets, at most {MAX_FRAME_OCTETS} are allowed")
        elif len(self._received) >= end:
            answer = bytes(self._received[LENGTH_OCTETS:end])
            del self._received[:end]
            self._answered(answer)

    # ---------------------------------------------------------------- the process

    def _start_process(self) -> subprocess.Popen[bytes]:
        self.restarts += 1
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-P", "-m", WORKER_MODULE, self.work.entry, self._settings, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for stream in (process.stdin, process.stdout):
            os.set_blocking(_number(stream), False)
        return process

    def _end_process(self) -> None:
        process, self._process = self._process, None
        self._unsent = memoryview(b"")
        self._received.clear()
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            process.wait()


def _number(stream: Any) -> int:  # noqa: ANN401 - one of Popen's pipes
    number: int = stream.fileno()
    return number
