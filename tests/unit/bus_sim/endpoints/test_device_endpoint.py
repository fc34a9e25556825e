from __future__ import annotations

from math import inf, nan
from typing import Annotated

import pytest

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal, measured_encoder
from flightsw.devices.framing import NOTHING, Nothing, Operation, Status, pack_request, unpack_reply
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import F32, U8, Length, Range
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError


class Inner(Record):
    """A part of a reply."""

    value: Annotated[float, F32, Range(-1, 1)]


class Measured(Record):
    """A reply with ranges everywhere."""

    value: Annotated[float, F32, Range(-1, 1)]
    values: Annotated[tuple[Annotated[float, F32, Range(-1, 1)], ...], Length(2)]
    inner: Inner


class Asked(Record):
    """A request with a range."""

    number: Annotated[int, U8, Range(0, 10)]


READ = Operation(0x01, Asked, Measured)
FAIL = Operation(0x02, Nothing, Nothing)


class Probe(DeviceEndpoint):
    """A device that answers one request and refuses another."""

    def __init__(self) -> None:
        super().__init__(lambda: self.powered)
        self.powered = True
        self.measured = Measured(0.5, (0.25, -0.25), Inner(1.0))
        self.answer(READ, self._read)
        self.answer(FAIL, self._fail)

    def _read(self, request: Asked) -> Measured:
        assert request == Asked(3)
        return self.measured

    def _fail(self, _request: Nothing) -> Nothing:
        raise Refusal(Status.FAULT)


ASK = pack_request(0x01, 9, b"\x03")


def test_a_request_is_answered() -> None:
    """The reply repeats opcode and sequence and carries the answer."""
    probe = Probe()
    opcode, sequence, status, payload = unpack_reply(probe.receive(ASK))
    assert (opcode, sequence, status) == (0x01, 9, Status.DONE)
    assert codec_of(Measured).decode(payload) == probe.measured
    assert (probe.state.requests, probe.state.refused) == (1, 0)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (pack_request(0x02, 1, b""), Status.FAULT),
        (pack_request(0x02, 1, b"more"), Status.BAD_PAYLOAD),
        (pack_request(0x01, 1, b"\x0b"), Status.BAD_PAYLOAD),
        (pack_request(0x01, 1, b""), Status.BAD_PAYLOAD),
        (pack_request(0x03, 1, b""), Status.UNKNOWN_REQUEST),
    ],
)
def test_what_cannot_be_done_is_refused(request_: bytes, status: Status) -> None:
    """A refusal says why, has no payload and is counted."""
    probe = Probe()
    assert unpack_reply(probe.receive(request_)) == (request_[0], 1, status, b"")
    assert (probe.state.requests, probe.state.refused) == (1, 1)


def test_damaged_requests_are_not_answered() -> None:
    """Every request with a changed octet, and every shortened one, is met with silence and counted."""
    probe = Probe()
    for position in range(len(ASK)):
        damaged = bytearray(ASK)
        damaged[position] ^= 0x40
        assert probe.receive(bytes(damaged)) == b""
        assert probe.receive(ASK[:position]) == b""
    assert probe.state.damaged == 2 * len(ASK)
    assert probe.state.requests == 0


def test_without_power_nothing_is_answered() -> None:
    """A device without power is silent, and answers again when the power is back."""
    probe = Probe()
    probe.powered = False
    assert probe.receive(ASK) == b""
    assert probe.state.unpowered == 1
    probe.powered = True
    assert probe.receive(ASK) != b""


@pytest.mark.parametrize("impossible", [nan, inf, -5.0])
def test_impossible_measurements_reach_the_wire(impossible: float) -> None:
    """A broken sensor's value is sent as it is; the driver's codec is what refuses it."""
    probe = Probe()
    for measured in (
        Measured(impossible, (0.0, 0.0), Inner(0.0)),
        Measured(0.0, (0.0, impossible), Inner(0.0)),
        Measured(0.0, (0.0, 0.0), Inner(impossible)),
    ):
        probe.measured = measured
        *_, status, payload = unpack_reply(probe.receive(ASK))
        assert status == Status.DONE
        with pytest.raises(ProtocolError):
            codec_of(Measured).decode(payload)


def test_encoder_without_ranges_is_the_same_otherwise() -> None:
    """Allowed values have the same octets with and without their ranges."""
    measured = Measured(0.5, (0.25, -0.25), Inner(1.0))
    assert measured_encoder(Measured)(measured) == codec_of(Measured).encode(measured)
    assert measured_encoder(Nothing)(NOTHING) == b""


def test_mistakes_of_the_simulator_are_not_hidden() -> None:
    """An answer that fails for any other reason fails the simulation."""

    class Broken(DeviceEndpoint):
        """A device with a bug."""

        def __init__(self) -> None:
            super().__init__()
            self.answer(FAIL, self._fail)

        def _fail(self, _request: Nothing) -> Nothing:
            raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        Broken().receive(pack_request(0x02, 1, b""))
