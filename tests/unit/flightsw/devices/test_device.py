from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from flightsw.devices.device import MAX_RETRIES, MAX_STALE_REPLIES, Counters, Device
from flightsw.devices.errors import CorruptReplyError, DeviceError, NoReplyError, RefusedError
from flightsw.devices.framing import NOTHING, Nothing, Operation, Status, pack_reply
from flightsw.devices.wires import I2cWire, UartWire
from flightsw.errors import FlightSoftwareError
from flightsw.hal.errors import NakError, PortClosedError
from flightsw.hal.sim import SimUart
from tlm_cmd.definition.fields import F32, U8, U16, Range, UpTo
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError


class Question(Record):
    """A request."""

    number: Annotated[int, U8, Range(0, 100)]


class Answer(Record):
    """A reply."""

    value: Annotated[float, F32, Range(-1, 1)]
    text: Annotated[bytes, UpTo(20)]


def check_text(answer: Answer) -> None:
    """Refuse one text."""
    if answer.text == b"impossible":
        raise ProtocolError("impossible")


ASK = Operation(0x10, Question, Answer, check=check_text)
ASK_ONCE = Operation(0x11, Question, Answer, idempotent=False)
ANSWER = Answer(0.5, b"yes")
ATTEMPTS = 1 + MAX_RETRIES

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]
Spoil = Callable[[bytes], bytes | None]


def in_turn(*spoils: Spoil) -> Spoil:
    """Spoil one reply after the other, each in its own way."""
    waiting = list(spoils)

    def spoil(reply: bytes) -> bytes | None:
        return waiting.pop(0)(reply)

    return spoil


@pytest.fixture(params=["uart", "i2c"])
def attach(request: pytest.FixtureRequest) -> Callable[[Any], Device]:
    """Puts a device behind each kind of wire in turn."""
    if request.param == "uart":
        return lambda responder: Device("probe", UartWire(responder.uart()))
    return lambda responder: Device("probe", I2cWire(responder.i2c(), 0x30))


def counted(device: Device) -> dict[str, int]:
    """The counters that are not zero."""
    return {
        name: getattr(device.counters, name) for name in Counters.__struct_fields__ if getattr(device.counters, name)
    }


def test_a_transaction(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """A request reaches the device, its reply comes back, and one transaction is counted."""
    probe = responder({ASK: ANSWER})
    device = attach(probe)
    assert device.request(ASK, Question(7)) == ANSWER
    assert probe.requests == [Question(7)]
    assert counted(device) == {"transactions": 1}


def test_sequence_counts_attempts_modulo_256(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """Each attempt has the next sequence number, and 255 is followed by 0."""
    probe = responder({ASK: ANSWER})
    device = attach(probe)
    device.state.sequence = 253
    for _ in range(4):
        device.request(ASK, Question(1))
    assert [raw[1] for raw in probe.raw] == [254, 255, 0, 1]


def test_silence_is_asked_again(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """An idempotent request is repeated a bounded number of times, then NoReplyError says who stayed silent."""
    probe = responder({ASK: ANSWER})
    probe.spoil = lambda _reply: None
    device = attach(probe)
    with pytest.raises(NoReplyError) as error:
        device.request(ASK, Question(1))
    assert (error.value.device, error.value.opcode) == ("probe", 0x10)
    assert counted(device) == {"transactions": 1, "retries": MAX_RETRIES, "timeouts": ATTEMPTS, "failures": 1}


def test_one_lost_reply_is_made_up(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """After one lost and one damaged reply the third attempt succeeds; nothing has failed."""
    probe = responder({ASK: ANSWER})
    probe.spoil = in_turn(lambda _reply: None, lambda reply: reply[:-1] + b"\0", lambda reply: reply)
    device = attach(probe)
    assert device.request(ASK, Question(1)) == ANSWER
    assert counted(device) == {"transactions": 1, "retries": 2, "timeouts": 1, "corrupt": 1}


def test_corrupt_replies_are_asked_again(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """Replies that stay corrupt end in CorruptReplyError, which says what is wrong."""
    probe = responder({ASK: ANSWER})
    probe.spoil = lambda reply: reply[:-1] + bytes([reply[-1] ^ 1])
    device = attach(probe)
    with pytest.raises(CorruptReplyError, match="checksum") as error:
        device.request(ASK, Question(1))
    assert "checksum" in error.value.problem
    assert counted(device) == {"transactions": 1, "retries": MAX_RETRIES, "corrupt": ATTEMPTS, "failures": 1}


@pytest.mark.parametrize("spoil", [lambda _reply: None, lambda reply: reply[:-1] + bytes([reply[-1] ^ 1])])
def test_what_is_not_idempotent_is_asked_once(
    responder: MakeResponder, attach: Callable[[Any], Device], spoil: Spoil
) -> None:
    """A request that must not be done twice is not repeated, whatever came back."""
    probe = responder({ASK_ONCE: ANSWER})
    probe.spoil = spoil
    device = attach(probe)
    with pytest.raises((NoReplyError, CorruptReplyError)):
        device.request(ASK_ONCE, Question(1))
    assert len(probe.raw) == 1
    assert device.counters.retries == 0
    assert device.counters.failures == 1


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DONE])
def test_refusals_are_not_asked_again(
    responder: MakeResponder, attach: Callable[[Any], Device], status: Status
) -> None:
    """A refusal is final, is counted and says why."""
    device = attach(responder({ASK: status}))
    with pytest.raises(RefusedError, match=status.name) as error:
        device.request(ASK, Question(1))
    assert error.value.status is status
    assert counted(device) == {"transactions": 1, "refused": 1}


@pytest.mark.parametrize(("status", "payload"), [(200, b""), (Status.BUSY, b"more")])
def test_impossible_statuses_are_corrupt(
    responder: MakeResponder, attach: Callable[[Any], Device], status: int, payload: bytes
) -> None:
    """A status that does not exist, and a refusal with a payload, are corrupt replies."""
    probe = responder({ASK: ANSWER})
    probe.spoil = lambda reply: pack_reply(reply[0], reply[1], status, payload)
    device = attach(probe)
    with pytest.raises(CorruptReplyError, match="status"):
        device.request(ASK, Question(1))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes.fromhex("3f0000000379"),
        bytes.fromhex("3f000000017979"),
        bytes.fromhex("7fc0000000"),
        bytes.fromhex("7f80000000"),
        bytes.fromhex("4000000000"),
        bytes.fromhex("3f0000000a") + b"impossible",
    ],
    ids=["empty", "too short", "too long", "NaN", "infinite", "out of range", "refused by the check"],
)
def test_impossible_values_are_corrupt(
    responder: MakeResponder, attach: Callable[[Any], Device], payload: bytes
) -> None:
    """A whole reply whose values cannot be never leaves the driver."""
    probe = responder({ASK: ANSWER})
    probe.spoil = lambda reply: pack_reply(reply[0], reply[1], Status.DONE, payload)
    device = attach(probe)
    with pytest.raises(CorruptReplyError):
        device.request(ASK, Question(1))
    assert device.counters.corrupt == ATTEMPTS


def test_other_opcodes_and_sequences_are_not_taken_for_the_reply(
    responder: MakeResponder, attach: Callable[[Any], Device]
) -> None:
    """A valid reply to another request is skipped and counted, and does not answer this one."""
    probe = responder({ASK: ANSWER})
    device = attach(probe)
    for spoil in (
        lambda reply: pack_reply(reply[0] + 1, reply[1], 0, b""),
        lambda reply: pack_reply(reply[0], reply[1] ^ 1, 0, reply[5:-2]),
    ):
        probe.spoil = spoil
        with pytest.raises(NoReplyError):
            device.request(ASK, Question(1))
    assert counted(device) == {
        "transactions": 2,
        "retries": 2 * MAX_RETRIES,
        "timeouts": 2 * ATTEMPTS,
        "stale": 2 * ATTEMPTS,
        "failures": 2,
    }


def test_late_replies_are_skipped_on_a_serial_line(responder: MakeResponder) -> None:
    """Replies that come with a later request's reply are skipped up to a bound."""
    probe = responder({ASK: ANSWER})
    device = Device("probe", UartWire(probe.uart()))
    stale = pack_reply(0x10, 99, 0, b"")
    probe.spoil = lambda reply: stale * MAX_STALE_REPLIES + reply
    assert device.request(ASK, Question(1)) == ANSWER
    assert counted(device) == {"transactions": 1, "stale": MAX_STALE_REPLIES}
    probe.spoil = lambda reply: stale * (MAX_STALE_REPLIES + 1) + reply
    with pytest.raises(NoReplyError):
        device.request(ASK, Question(1))


def test_garbage_on_a_serial_line_is_flushed(responder: MakeResponder) -> None:
    """What is left of a corrupt reply does not spoil the next attempt."""
    probe = responder({ASK: ANSWER})
    probe.spoil = in_turn(lambda reply: b"\xff" * 40 + reply, lambda reply: reply)
    device = Device("probe", UartWire(probe.uart()))
    assert device.request(ASK, Question(1)) == ANSWER
    assert counted(device) == {"transactions": 1, "retries": 1, "corrupt": 1}


def test_part_of_a_header_is_corrupt_on_a_serial_line(responder: MakeResponder) -> None:
    """A reply that breaks off is corrupt, not missing."""
    probe = responder({ASK: ANSWER})
    probe.spoil = lambda reply: reply[:3]
    device = Device("probe", UartWire(probe.uart()))
    with pytest.raises(CorruptReplyError):
        device.request(ASK, Question(1))


def test_failing_ports_count_as_silence(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """A port that times out, or a missing acknowledgement, is no reply; the cause is kept."""
    probe = responder({ASK: ANSWER})
    device = attach(probe)
    probe.spoil = probe.time_out
    with pytest.raises(NoReplyError) as error:
        device.request(ASK, Question(1))
    assert error.value.__cause__ is not None

    def refuse(_reply: bytes) -> bytes:
        raise NakError("probe")

    probe.spoil = refuse
    with pytest.raises(NoReplyError):
        device.request(ASK, Question(1))
    assert device.counters.timeouts == 2 * ATTEMPTS


def test_closed_ports_are_no_matter_of_the_device(responder: MakeResponder) -> None:
    """A closed port is a mistake of its user and is passed on as it is."""
    port = responder({ASK: ANSWER}).uart()
    device = Device("probe", UartWire(port))
    port.close()
    with pytest.raises(PortClosedError):
        device.request(ASK, Question(1))


def test_impossible_requests_are_not_sent(responder: MakeResponder, attach: Callable[[Any], Device]) -> None:
    """A request that does not fit its definition is refused here, uncounted."""
    probe = responder({ASK: ANSWER})
    device = attach(probe)
    with pytest.raises(ProtocolError):
        device.request(ASK, Question(101))
    assert probe.raw == []
    assert counted(device) == {}


def test_errors_have_one_base() -> None:
    """Whoever catches DeviceError catches them all."""
    for error in (NoReplyError("d", 1), CorruptReplyError("d", 1, "x"), RefusedError("d", 1, Status.BUSY)):
        assert isinstance(error, DeviceError)
        assert isinstance(error, FlightSoftwareError)
        assert "d: request 0x01" in str(error)


def test_serial_line_waits_as_long_as_it_was_told() -> None:
    """The time-out of a reply reaches the port, and flushing does not wait."""
    waited: list[float] = []

    class Line(SimUart):
        """Notes how long it would wait."""

        def read(self, count: int, timeout_s: float) -> bytes:
            waited.append(timeout_s)
            return super().read(count, timeout_s)

    class Silent:
        """Never answers."""

        def receive(self, data: bytes) -> bytes:
            """Nothing."""
            del data
            return b""

    once = Operation(0x12, Nothing, Nothing, idempotent=False)
    with pytest.raises(NoReplyError):
        Device("probe", UartWire(Line(Silent()), timeout_s=3.5)).request(once, NOTHING)
    assert waited == [3.5, 0.0]


class Wide(Record):
    """A reply of fixed size."""

    value: Annotated[int, U16]


def test_i2c_reads_the_longest_reply_only(responder: MakeResponder) -> None:
    """The driver reads as many octets as the longest reply has, and a refusal shorter than that is understood."""
    wide = Operation(0x13, Nothing, Wide)
    probe = responder({wide: Status.BUSY})
    device = Device("probe", I2cWire(probe.i2c(), 0x30))
    with pytest.raises(RefusedError):
        device.request(wide, NOTHING)
    probe.answers = {0x13: (wide, Wide(513))}
    assert device.request(wide, NOTHING) == Wide(513)
