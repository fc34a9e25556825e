"""Time codes: each is a P-field and a time field one behind the other, or text; what is accepted packs the same."""

from __future__ import annotations

from random import Random

from tests.fuzz.mutation import Field
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS
from tlm_cmd.packets.time_codes.ascii_codes import AsciiFormat
from tlm_cmd.packets.time_codes.ccs import CcsFormat
from tlm_cmd.packets.time_codes.cds import CdsEpoch, CdsFormat, CdsResolution
from tlm_cmd.packets.time_codes.cuc import CucEpoch, CucFormat
from tlm_cmd.packets.time_codes.utc import MAX_NS_OF_DAY, UtcTime

_FIRST_DAY, _LAST_DAY = 5200, 60_000
_EXACT_FINE_OCTETS = 3
_NS_DIGITS = 9


def draw_time(chance: Random) -> UtcTime:
    """A time since 1972, in a leap second now and then."""
    latest = MAX_NS_OF_DAY if chance.random() < 0.1 else 86_399_999_999_999
    return UtcTime(chance.randint(_FIRST_DAY, _LAST_DAY), chance.randint(0, latest))


def check_tai(time: UtcTime) -> str:
    """Convert a time to TAI and back, if there is such a time; returns the outcome."""
    try:
        tai_ns = time.to_tai(LEAP_SECONDS)
    except FieldRangeError:
        return "no TAI"
    promise(UtcTime.from_tai(tai_ns, LEAP_SECONDS) == time, what="TAI and back is another time")
    return ACCEPTED


class CucTarget(MutatedTarget):
    """`CucFormat`."""

    name = "time_code_cuc"
    reaches = frozenset({ACCEPTED, "TooShortError CUC time field", "WrongValueError time code identification"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(60):
            shape = CucFormat(chance.choice(list(CucEpoch)), chance.randint(1, 7), chance.randint(0, 10))
            corpus.append(shape.pack_p_field() + shape.pack(chance.randint(0, shape.max_ns)))
        super().__init__(chance, corpus, (Field(0, 1), Field(0, 1), Field(1, 1), Field(1, 4)))

    def run(self, case: bytes) -> str:
        """Read P-field and time field."""
        shape, used = CucFormat.unpack_p_field(case)
        time_ns = shape.unpack(case[used:])
        if shape.fine_octets <= _EXACT_FINE_OCTETS:
            promise(shape.pack(time_ns) == case[used : used + shape.octets], what="it packs to another time field")
        return ACCEPTED


class CdsTarget(MutatedTarget):
    """`CdsFormat`."""

    name = "time_code_cds"
    reaches = frozenset({ACCEPTED, "FieldRangeError milliseconds of the day", "TooShortError CDS time field"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(60):
            shape = CdsFormat(CdsEpoch.UTC_1958, chance.randint(2, 3), chance.choice(list(CdsResolution)))
            corpus.append(shape.pack_p_field() + shape.pack(draw_time(chance)))
        super().__init__(
            chance, corpus, (Field(0, 1), Field(0, 1), Field(1, 2), Field(3, 4), Field(7, 2), Field(-4, 4))
        )

    def run(self, case: bytes) -> str:
        """Read P-field and time field."""
        shape = CdsFormat.unpack_p_field(case, epoch_day=-100)
        time = shape.unpack(case[1:])
        if shape.resolution is not CdsResolution.PICOSECONDS:
            promise(shape.pack(time) == case[1 : 1 + shape.octets], what="it packs to another time field")
        return check_tai(time)


class CcsTarget(MutatedTarget):
    """`CcsFormat`."""

    name = "time_code_ccs"
    reaches = frozenset({ACCEPTED, "WrongValueError CCS time field", "FieldRangeError month", "FieldRangeError hour"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(60):
            shape = CcsFormat(day_of_year=chance.random() < 0.5, fraction_octets=chance.randint(0, 6))
            corpus.append(shape.pack_p_field() + shape.pack(draw_time(chance)))
        super().__init__(chance, corpus, [Field(0, 1), *(Field(at, 1) for at in range(1, 8))])

    def run(self, case: bytes) -> str:
        """Read P-field and time field."""
        shape = CcsFormat.unpack_p_field(case)
        time = shape.unpack(case[1:])
        if 2 * shape.fraction_octets < _NS_DIGITS:
            promise(shape.pack(time) == case[1 : 1 + shape.octets], what="it packs to another time field")
        return check_tai(time)


class AsciiTarget(MutatedTarget):
    """`AsciiFormat`."""

    name = "time_code_ascii"
    reaches = frozenset({ACCEPTED, "WrongValueError ASCII time code", "FieldRangeError month", "no TAI"})
    share = 5

    def __init__(self, chance: Random) -> None:
        corpus = []
        for _ in range(60):
            shape = AsciiFormat(
                day_of_year=chance.random() < 0.5,
                fraction_digits=chance.randint(0, 18),
                terminator=chance.random() < 0.5,
            )
            corpus.append(shape.pack(draw_time(chance)))
        super().__init__(chance, corpus)

    def case(self) -> bytes:
        """A code with a few other digits, or changed in any way."""
        octets = bytearray(self.mutator.pick(self.corpus))
        if self.chance.random() < 0.3:
            return self.changed(bytes(octets))
        for _ in range(1 + self.mutator.below(3)):
            octets[self.mutator.below(len(octets))] = b"0123456789012345678901234567890123456789-:TZ."[
                self.mutator.below(45)
            ]
        return bytes(octets)

    def run(self, case: bytes) -> str:
        """Read a code."""
        shape, time = AsciiFormat.unpack(case)
        if shape.fraction_digits <= _NS_DIGITS:
            promise(shape.pack(time) == case, what="it packs to another code")
        return check_tai(time)


TARGETS: tuple[type[Target], ...] = (CucTarget, CdsTarget, CcsTarget, AsciiTarget)
