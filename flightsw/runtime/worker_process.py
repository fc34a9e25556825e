"""The flight side of long work: starts a worker process, feeds it, and ends it when it takes too long."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from typing import Any

import msgspec

from flightsw.app import Work, WorkFailed
from flightsw.runtime.worker import Answer, write_frame

MAX_WAITING = 64
READ_OCTETS = 1 << 20


class WorkerProcess:
    """One worker of one app: pieces of work are done in the order they were started.

    Attributes:
        restarts: worker processes started after the first.
    """

    def __init__(self, work: Work[Any, Any], settings: dict[str, Any]) -> None:
        self.work = work
        self.restarts = -1
        self._settings = msgspec.json.encode(settings).decode()
        self._process: subprocess.Popen[bytes] | None = None
        self._keys: deque[str] = deque()
        self._buffer = bytearray()

    @property
    def waiting(self) -> int:
        """Pieces of work started and not answered."""
        return len(self._keys)

    def submit(self, request: msgspec.Struct, key: str) -> WorkFailed | None:
        """Hand over a request; returns the failure when the worker cannot take it."""
        if len(self._keys) >= MAX_WAITING:
            return WorkFailed(self.work.name, key, f"{MAX_WAITING} pieces of work wait already")
        try:
            process = self._running()
            assert process.stdin is not None  # noqa: S101 - opened as a pipe
            write_frame(process.stdin, msgspec.msgpack.encode(request))  # type: ignore[arg-type]
        except OSError as error:
            self.close()
            return WorkFailed(self.work.name, key, f"worker cannot be reached: {error}")
        self._keys.append(key)
        return None

    def fileno(self) -> int | None:
        """What to wait on for answers; None while no process runs."""
        return None if self._process is None or self._process.stdout is None else self._process.stdout.fileno()

    def collect(self, timeout_s: float) -> list[msgspec.Struct]:
        """Results that have arrived within ``timeout_s`` host seconds; failures of a worker that ended included."""
        number = self.fileno()
        if number is None or not select.select([number], [], [], timeout_s)[0]:
            return []
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018 - fileno() said so
        data = self._process.stdout.raw.read(READ_OCTETS)  # type: ignore[attr-defined]
        if not data:
            return self.end("worker process ended")
        self._buffer += data
        return [self._result(frame) for frame in self._frames()]

    def collect_one(self) -> msgspec.Struct:
        """Wait for the oldest piece of work; one that stays silent for its time limit has failed."""
        while (number := self.fileno()) is not None and select.select([number], [], [], self.work.time_limit_s)[0]:
            results = self.collect(0)
            if results:
                return results[0]
        return self.end(f"no result within {self.work.time_limit_s} s")[0]

    def end(self, reason: str) -> list[msgspec.Struct]:
        """End the process; everything it had not answered fails with ``reason``."""
        keys = list(self._keys)
        self.close()
        return [WorkFailed(self.work.name, key, reason) for key in keys]

    def close(self) -> None:
        """End the process and forget what it was doing."""
        process, self._process = self._process, None
        self._keys.clear()
        self._buffer.clear()
        if process is not None:
            process.kill()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:
                        continue  # what was still buffered has nobody to read it
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self.restarts += 1
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "flightsw.runtime.worker", self.work.entry, self._settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        return self._process

    def _frames(self) -> list[bytes]:
        frames = []
        while len(self._buffer) >= 4:
            end = 4 + int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < end:
                break
            frames.append(bytes(self._buffer[4:end]))
            del self._buffer[:end]
        return frames

    def _result(self, frame: bytes) -> msgspec.Struct:
        key = self._keys.popleft()
        answer = msgspec.msgpack.decode(frame, type=Answer)
        if answer.failure:
            return WorkFailed(self.work.name, key, answer.failure)
        result: msgspec.Struct = msgspec.msgpack.decode(answer.result, type=self.work.result)
        return result
