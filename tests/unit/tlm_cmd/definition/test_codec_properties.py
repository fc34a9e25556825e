"""Round trips over message classes drawn at random: every kind of field, in every order and nesting."""

from __future__ import annotations

from contextlib import suppress
from enum import IntEnum
from itertools import count
from typing import Annotated, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlm_cmd.definition.codec import Codec
from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bits,
    Length,
    Linear,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
NUMBERS = count()


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7
    FAULT = 200


Drawn = tuple[Any, st.SearchStrategy[Any]]
"""An annotation, and the values that such a field comes back with as they were sent."""


def whole_numbers() -> st.SearchStrategy[Drawn]:
    """Integers of every width, with and without a range."""
    plain = [
        (Annotated[int, wire], int(wire.lowest), int(wire.highest)) for wire in (U8, U16, U32, U64, I8, I16, I32, I64)
    ]
    ranged = [(Annotated[int, wire, Range(3, 100)], 3, 100) for wire in (U8, U64, I8)]
    return st.sampled_from([(annotation, st.integers(low, high)) for annotation, low, high in plain + ranged])


def real_numbers() -> st.SearchStrategy[Drawn]:
    """Floats of both widths and calibrated integers."""
    return st.sampled_from(
        [
            (Annotated[float, F32], st.floats(width=32, allow_nan=False)),
            (Annotated[float, F64], st.floats(allow_nan=False)),
            (Annotated[float, F32, Range(0.1, 0.7)], st.floats(0.125, 0.625, width=32)),
            (Annotated[float, I16, Linear(0.01)], st.integers(-32_768, 32_767).map(lambda raw: 0.01 * raw)),
            (Annotated[float, U8, Linear(-0.5, 40)], st.integers(0, 255).map(lambda raw: 40 + -0.5 * raw)),
            (Annotated[float, U32, Linear(1e-6, -180)], st.integers(0, 2**32 - 1).map(lambda raw: -180 + 1e-6 * raw)),
            (
                Annotated[float, I16, Linear(0.1), Range(-3, 0.3)],
                st.integers(-30, 3).map(lambda raw: 0.1 * raw).filter(lambda value: -3 <= value <= 0.3),
            ),
            (
                Annotated[float, U16, Polynomial.of(1, 0.5, 0.25)],
                st.integers(0, 65_535).map(Polynomial.of(1, 0.5, 0.25).engineering),
            ),
        ]
    )


def names() -> st.SearchStrategy[Drawn]:
    """Booleans and enumerations."""
    return st.sampled_from(
        [
            (bool, st.booleans()),
            (Annotated[bool, U16], st.booleans()),
            (Mode, st.sampled_from(Mode)),
            (Annotated[Mode, U32], st.sampled_from(Mode)),
        ]
    )


@st.composite
def bit_fields(draw: st.DrawFn) -> Drawn:
    """Bit fields of integers, booleans and enumerations."""
    width = draw(st.integers(1, 32))
    if draw(st.booleans()):
        return Annotated[bool, Bits(width)], st.booleans()
    if width >= 8 and draw(st.booleans()):
        return Annotated[Mode, Bits(width)], st.sampled_from(Mode)
    return Annotated[int, Bits(width)], st.integers(0, 2**width - 1)


def short_text(octets: int, *, fixed: bool) -> st.SearchStrategy[str]:
    """Texts of at most ``octets`` octets as UTF-8, without the NUL that a fixed length would lose."""
    texts = st.text(st.characters(codec="utf-8"), max_size=octets)
    return texts.filter(lambda text: len(text.encode()) <= octets and not (fixed and text.endswith("\0")))


@st.composite
def octet_strings(draw: st.DrawFn, extent: Any) -> Drawn:  # noqa: ANN401 - any extent
    """Texts and octet strings."""
    fixed = isinstance(extent, Length)
    if draw(st.booleans()):
        return Annotated[str, extent], short_text(min(extent.count, 12), fixed=fixed)
    return Annotated[bytes, extent], st.binary(min_size=extent.count if fixed else 0, max_size=extent.count)


@st.composite
def arrays(draw: st.DrawFn, extent: Any, depth: int) -> Drawn:  # noqa: ANN401 - any extent
    """Arrays of everything that can be an item."""
    item, values = draw(
        st.one_of(whole_numbers(), real_numbers(), names(), inner_octet_strings(), records(depth=depth - 1, tail=False))
        if depth
        else st.one_of(whole_numbers(), real_numbers(), names(), inner_octet_strings())
    )
    fewest = extent.count if isinstance(extent, Length) else 0
    lists = st.lists(values, min_size=fewest, max_size=min(extent.count, max(fewest, 4)))
    return Annotated[tuple[item, ...], extent], lists.map(tuple)


def inner_octet_strings() -> st.SearchStrategy[Drawn]:
    """Texts and octet strings that can stand anywhere."""
    return st.sampled_from([Length(5), UpTo(8), UpTo(300)]).flatmap(octet_strings)


def inner_arrays(depth: int) -> st.SearchStrategy[Drawn]:
    """Arrays that can stand anywhere."""
    return st.sampled_from([Length(1), Length(3), Length(12), UpTo(4), UpTo(300)]).flatmap(
        lambda extent: arrays(extent, depth)
    )


def tails(depth: int) -> st.SearchStrategy[Drawn]:
    """What can only stand at the end."""
    return st.one_of(octet_strings(Tail(20)), arrays(Tail(4), depth))


@st.composite
def records(draw: st.DrawFn, *, depth: int, tail: bool) -> Drawn:
    """Record classes with one to six fields, at most one of them a tail."""
    kinds = [whole_numbers(), real_numbers(), names(), bit_fields(), bit_fields(), inner_octet_strings()]
    if depth:
        kinds += [inner_arrays(depth - 1), records(depth=depth - 1, tail=False)]
    drawn = draw(st.lists(st.one_of(kinds), min_size=1, max_size=6))
    if tail and draw(st.booleans()):
        drawn.append(draw(tails(depth)))
    annotations = {f"f{index}": annotation for index, (annotation, _) in enumerate(drawn)}
    namespace = {"__annotations__": annotations, "__module__": __name__}
    record: Any = type(Record)(f"Drawn{next(NUMBERS)}", (Record,), namespace)
    return record, st.tuples(*(values for _, values in drawn)).map(lambda values: record(*values))


@SLOW
@given(st.data())
def test_messages_come_back_as_they_were_sent(data: st.DataObject) -> None:
    """Whatever the class, a message survives the wire, in any buffer, and has a size between the bounds."""
    record, values = data.draw(records(depth=2, tail=True))
    codec: Codec[Any] = Codec(record)
    message = data.draw(values)
    octets = codec.encode(message)
    fewest, most = codec.layout.octet_bounds
    assert codec.decode(octets) == message
    assert codec.decode(memoryview(b"abc" + octets + b"d"), 3, 3 + len(octets)) == message
    assert fewest <= len(octets) <= most
    assert codec.layout.fixed_octets == (fewest if fewest == most else None)


@SLOW
@given(st.data())
def test_damaged_payloads_give_protocol_errors_only(data: st.DataObject) -> None:
    """A payload that was cut, lengthened or changed decodes to something that can be sent, or is a ProtocolError."""
    record, values = data.draw(records(depth=2, tail=True))
    codec: Codec[Any] = Codec(record)
    octets = bytearray(codec.encode(data.draw(values)))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, max(len(octets) - 1, 0)), st.integers(0, 255)), max_size=4)
    ):
        octets[place : place + 1] = bytes([value])
    damaged = bytes(octets)[: data.draw(st.integers(0, len(octets)))] + data.draw(st.binary(max_size=3))
    try:
        message = codec.decode(damaged)
    except ProtocolError:
        return
    again = codec.encode(message)
    assert codec.encode(codec.decode(again)) == again


@SLOW
@given(st.data())
def test_random_octets_give_protocol_errors_only(data: st.DataObject) -> None:
    """Nothing that a wire could carry makes the decoder raise anything else."""
    record, _ = data.draw(records(depth=2, tail=True))
    codec: Codec[Any] = Codec(record)
    fewest, most = codec.layout.octet_bounds
    size = data.draw(st.integers(max(fewest - 2, 0), min(most, fewest + 50) + 2))
    octets = data.draw(st.binary(min_size=size, max_size=size))
    with suppress(ProtocolError):
        codec.decode(octets)


@SLOW
@given(st.data())
def test_every_cut_payload_without_tail_is_refused(data: st.DataObject) -> None:
    """A payload that ends early never decodes, whatever it was."""
    record, values = data.draw(records(depth=2, tail=False))
    codec: Codec[Any] = Codec(record)
    octets = codec.encode(data.draw(values))
    for length in range(len(octets)):
        try:
            codec.decode(octets[:length])
        except ProtocolError:
            continue
        raise AssertionError(f"{length} of {len(octets)} octets were decoded")
