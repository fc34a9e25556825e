import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.ends import (
    CMAC_KEY,
    CMAC_SPI,
    SECOND_TC_SPI,
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TC_SPI,
    TM_CHANNEL,
    TM_HEADER,
    TM_SPI,
    flipped,
    ground_associations,
    ready,
    restarted,
    ring,
    stored,
    tc_association,
    two_ends,
)
from tlm_cmd.errors import WrongValueError
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters, AssociationState
from tlm_cmd.sdls.authentication_mask import tc_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_use import RESERVATION
from tlm_cmd.sdls.refusals import ProcessRefusal, ProcessRefusalCounters, ProtectionRefusedError, ProtectRefusal
from tlm_cmd.sdls.security_log import EventCode

MODEST = settings(max_examples=60, deadline=None)
DATA = b"a command"
SHAPES = [
    tc_association(),
    tc_association(Algorithm.AES_256_GMAC),
    tc_association(Algorithm.AES_256_CMAC),
    tc_association(sequence_octets=4),
    tc_association(pad_length_octets=1, block_octets=16),
    tc_association(iv_prefix=0xC0FFEE01),
]


def sums_hold(security: FrameSecurity) -> bool:
    """Whether the counters add up."""
    counters = security.state.counters
    sent = counters.offered == counters.protected + counters.not_protected.total
    return sent and counters.received == counters.accepted + counters.refused.total


def refused(security: FrameSecurity, octets: bytes, header: bytes = TC_HEADER) -> ProcessRefusal | None:
    """Give a frame to a receiver that must refuse it and change nothing but counters; return the reason."""
    before = msgspec.msgpack.encode(security.state.table)
    result = security.process(TC_CHANNEL, header, octets)
    assert result.data == b""
    assert msgspec.msgpack.encode(security.state.table) == before
    assert result.refusal is not None
    assert security.state.counters.refused.of(result.refusal) > 0
    assert sums_hold(security)
    return result.refusal


@pytest.mark.parametrize("parameters", SHAPES)
@MODEST
@given(data=st.binary(min_size=1, max_size=300), header=st.binary(min_size=5, max_size=5))
def test_round_trip(parameters: AssociationParameters, data: bytes, header: bytes) -> None:
    """What one end protects the other takes, once, with the overhead that the association says."""
    near, far = two_ends(parameters)
    octets = near.protect(TC_CHANNEL, header, data)
    padding = -len(data) % parameters.block_octets
    assert len(octets) == len(data) + padding + parameters.overhead_octets
    result = far.process(TC_CHANNEL, header, octets)
    assert (result.data, result.spi, result.refusal) == (data, TC_SPI, None)
    assert far.process(TC_CHANNEL, header, octets).refusal is ProcessRefusal.REPLAYED
    assert sums_hold(near)
    assert sums_hold(far)


@pytest.mark.parametrize("parameters", SHAPES)
def test_any_changed_bit_is_refused(parameters: AssociationParameters) -> None:
    """A frame with any one bit inverted in security header, data or MAC is refused; then the genuine one is taken."""
    near, far = two_ends(parameters)
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    for bit in range(8 * len(octets)):
        reason = refused(far, flipped(octets, bit))
        assert reason in ({ProcessRefusal.UNKNOWN_SPI} if bit < 16 else {ProcessRefusal.BAD_MAC})
    assert far.process(TC_CHANNEL, TC_HEADER, octets).data == DATA


@pytest.mark.parametrize("parameters", SHAPES)
def test_changed_bits_of_the_header(parameters: AssociationParameters) -> None:
    """A changed bit of the frame's header is refused exactly if the mask covers it."""
    near, _ = two_ends(parameters)
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    mask = int.from_bytes(tc_mask(), "big")
    for bit in range(40):
        _, far = two_ends(parameters)
        result = far.process(TC_CHANNEL, flipped(TC_HEADER, bit), octets)
        assert result.refusal is (ProcessRefusal.BAD_MAC if mask >> 39 - bit & 1 else None)


def test_a_mask_of_the_mission() -> None:
    """Where the mission's mask covers the whole header, any changed bit of it is refused."""
    near, far = two_ends(tc_association(header_mask=b"\xff" * 5))
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    assert all(refused(far, octets, flipped(TC_HEADER, bit)) is ProcessRefusal.BAD_MAC for bit in range(40))
    assert far.process(TC_CHANNEL, TC_HEADER, octets).data == DATA


@pytest.mark.parametrize("parameters", SHAPES)
def test_any_truncation_and_extension_is_refused(parameters: AssociationParameters) -> None:
    """A frame cut at any octet, or with more behind it, is refused."""
    near, far = two_ends(parameters)
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    for length in range(len(octets)):
        short = length < parameters.overhead_octets + 1
        assert refused(far, octets[:length]) is (ProcessRefusal.TOO_SHORT if short else ProcessRefusal.BAD_MAC)
    assert refused(far, octets + b"\0") is ProcessRefusal.BAD_MAC
    assert refused(far, octets + bytes(2048)) is ProcessRefusal.BAD_LENGTH
    assert refused(far, octets, TC_HEADER[:4]) is ProcessRefusal.BAD_LENGTH


@MODEST
@given(octets=st.binary(max_size=80), header=st.binary(max_size=8), spi=st.sampled_from([0, 1, 2, 3, 4, 65535]))
def test_no_octets_raise(octets: bytes, header: bytes, spi: int) -> None:
    """Whatever comes, with whatever SPI and header, is refused and counted."""
    _, far = two_ends()
    refused(far, octets, header)
    refused(far, spi.to_bytes(2, "big") + octets, header)
    assert far.state.counters.received == far.state.counters.refused.total == 2


def test_data_of_another_key_are_refused() -> None:
    """Frames under another key, another algorithm, or re-tagged with another association's SPI have a wrong MAC."""
    _, far = two_ends()
    stranger, _ = two_ends(seed=12)
    assert refused(far, stranger.protect(TC_CHANNEL, TC_HEADER, DATA)) is ProcessRefusal.BAD_MAC
    gmac, _ = two_ends(tc_association(Algorithm.AES_256_GMAC))
    assert refused(far, gmac.protect(TC_CHANNEL, TC_HEADER, DATA)) is ProcessRefusal.BAD_MAC
    near, _ = two_ends(*ground_associations()[:1])
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    assert refused(far, CMAC_SPI.to_bytes(2, "big") + octets[2:]) is ProcessRefusal.BAD_MAC
    assert refused(far, SECOND_TC_SPI.to_bytes(2, "big") + octets[2:]) is ProcessRefusal.NOT_OPERATIONAL
    assert refused(far, TM_SPI.to_bytes(2, "big") + octets[2:]) is ProcessRefusal.WRONG_ROLE


def test_a_frame_of_another_channel_is_refused() -> None:
    """An association takes frames only from the channels that it serves."""
    near, far = two_ends(tc_association(channels=(TC_CHANNEL, TM_CHANNEL)))
    octets = near.protect(TM_CHANNEL, TC_HEADER, DATA)
    for other in (GlobalChannel(0x123, 3), GlobalChannel(0x122, 1), GlobalChannel(0x123, 1, 1)):
        assert far.process(other, TC_HEADER, octets).refusal is ProcessRefusal.WRONG_CHANNEL
    assert far.process(TM_CHANNEL, TC_HEADER, octets).data == DATA


def test_what_an_end_has_sent_does_not_come_back() -> None:
    """A frame reflected to its sender is refused, though its MAC is right."""
    near, _ = two_ends()
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    assert refused(near, octets) is ProcessRefusal.WRONG_ROLE


@MODEST
@given(st.integers(1, 40), st.lists(st.integers(0, 120), min_size=1, max_size=60))
def test_only_numbers_ahead_within_the_window_are_taken(window: int, order: list[int]) -> None:
    """Of frames in any order, repeated or lost, those are taken whose number is ahead by at most the window."""
    near, far = two_ends(tc_association(window=window))
    frames = [near.protect(TC_CHANNEL, TC_HEADER, bytes([number])) for number in range(121)]
    newest = -1
    for number in order:
        result = far.process(TC_CHANNEL, TC_HEADER, frames[number])
        if number <= newest:
            assert result.refusal is ProcessRefusal.REPLAYED
        elif number > newest + window:
            assert result.refusal is ProcessRefusal.OUT_OF_WINDOW
        else:
            assert (result.data, result.refusal) == (bytes([number]), None)
            newest = number
    assert sums_hold(far)


def test_a_wrong_start_of_the_initialisation_vector() -> None:
    """A frame of the right key whose initialisation vector does not start as agreed is refused."""
    near, _ = two_ends(tc_association(iv_prefix=7))
    _, far = two_ends(tc_association(iv_prefix=8))
    assert refused(far, near.protect(TC_CHANNEL, TC_HEADER, DATA)) is ProcessRefusal.BAD_IV


@pytest.mark.parametrize("padding", range(16))
def test_padding_that_cannot_be(padding: int) -> None:
    """More padding than a block less one is refused, though the MAC is right."""
    near, _ = two_ends(tc_association(pad_length_octets=1, block_octets=16))
    _, far = two_ends(tc_association(pad_length_octets=1, block_octets=5))
    octets = near.protect(TC_CHANNEL, TC_HEADER, b"d" * (16 - padding))
    if padding < 5:
        assert far.process(TC_CHANNEL, TC_HEADER, octets).data == b"d" * (16 - padding)
    else:
        assert refused(far, octets) is ProcessRefusal.BAD_PAD


def test_the_number_behind_which_there_is_none() -> None:
    """The highest number of eight octets is refused, though its MAC is right: the next one could not be kept."""
    near, far = two_ends(tc_association())
    bound, receiver = near.table.bound(TC_SPI), far.table.bound(TC_SPI)
    assert bound is not None
    assert receiver is not None
    receiver.use.next_counter = bound.last_counter
    frames = [bound.protection.seal(TC_HEADER, DATA, number) for number in (bound.last_counter, bound.last_counter + 1)]
    assert refused(far, frames[1]) is ProcessRefusal.OUT_OF_WINDOW
    assert far.process(TC_CHANNEL, TC_HEADER, frames[0]).data == DATA
    assert refused(far, frames[1]) is ProcessRefusal.OUT_OF_WINDOW
    assert stored(far)


def test_padding_without_data() -> None:
    """Padding that leaves no data is refused: a frame is never empty."""
    near, _ = two_ends(tc_association(sequence_octets=1))
    _, far = two_ends(tc_association(pad_length_octets=1, block_octets=16))
    for _ in range(2):
        octets = near.protect(TC_CHANNEL, TC_HEADER, b"d")
    # One octet of data behind a pad length of 1: the sequence number of the sender stands where the pad length is.
    assert refused(far, octets) is ProcessRefusal.BAD_PAD


def test_nothing_is_sent_before_its_reservation_is_saved() -> None:
    """A sender refuses until numbers are reserved and saved, and again when those are used up."""
    near = FrameSecurity(ring(), [tc_association()])
    for steps in ((), (near.reserve,)):
        for step in steps:
            assert step()
        with pytest.raises(ProtectionRefusedError) as error:
            near.protect(TC_CHANNEL, TC_HEADER, DATA)
        assert error.value.refusal is ProtectRefusal.NOT_RESERVED
    near.saved()
    due = [near.reservation_due for _ in range(RESERVATION) if near.protect(TC_CHANNEL, TC_HEADER, DATA)]
    assert due.index(True) == RESERVATION - RESERVATION // 4
    with pytest.raises(ProtectionRefusedError, match="not reserved"):
        near.protect(TC_CHANNEL, TC_HEADER, DATA)
    assert ready(near).protect(TC_CHANNEL, TC_HEADER, DATA)
    assert near.state.counters.not_protected.not_reserved == 3
    assert sums_hold(near)
    assert not near.reserve()


def test_a_key_that_is_used_up_protects_no_more() -> None:
    """Behind the last number nothing wraps around: the association refuses, counts, logs once and raises the alarm."""
    near, far = two_ends(tc_association(sequence_octets=1))
    for number in range(256):
        assert far.process(TC_CHANNEL, TC_HEADER, near.protect(TC_CHANNEL, TC_HEADER, bytes([number]))).data
    for attempt in range(3):
        ready(near)
        with pytest.raises(ProtectionRefusedError) as error:
            near.protect(TC_CHANNEL, TC_HEADER, DATA, now_ns=attempt)
        assert error.value.refusal is ProtectRefusal.EXHAUSTED
    assert [(event.code, event.counter, event.time_ns) for event in near.state.log.events] == [
        (EventCode.COUNTER_EXHAUSTED, 256, 0)
    ]
    assert near.report().alarm
    assert not near.reservation_due
    again = ready(restarted(stored(near), [tc_association(sequence_octets=1)]))
    with pytest.raises(ProtectionRefusedError, match="exhausted"):
        again.protect(TC_CHANNEL, TC_HEADER, DATA)


@pytest.mark.parametrize(
    ("channel", "header", "data", "reason"),
    [
        (TM_CHANNEL, TC_HEADER, DATA, ProtectRefusal.NO_ASSOCIATION),
        (TC_CHANNEL, TC_HEADER[:4], DATA, ProtectRefusal.BAD_HEADER),
        (TC_CHANNEL, TC_HEADER + b"\0", DATA, ProtectRefusal.BAD_HEADER),
        (TC_CHANNEL, TC_HEADER, b"", ProtectRefusal.BAD_LENGTH),
        (TC_CHANNEL, TC_HEADER, bytes(2049), ProtectRefusal.BAD_LENGTH),
    ],
)
def test_what_is_not_protected(channel: GlobalChannel, header: bytes, data: bytes, reason: ProtectRefusal) -> None:
    """A channel without association, a header of another length than the mask, no data or too many are refused."""
    near, _ = two_ends(tc_association())
    with pytest.raises(ProtectionRefusedError) as error:
        near.protect(channel, header, data)
    assert error.value.refusal is reason
    assert sums_hold(near)
    assert near.state.table.key_uses[next(iter(near.state.table.key_uses))].next_counter == 0


def test_a_deactivated_key_protects_and_opens_nothing() -> None:
    """When a key is no longer active, neither end uses it any more."""
    near, far = two_ends()
    octets = near.protect(TC_CHANNEL, TC_HEADER, DATA)
    for end in (near, far):
        end.table.ring.deactivate([TC_KEY, CMAC_KEY])
    assert refused(far, octets) is ProcessRefusal.KEY_NOT_ACTIVE
    with pytest.raises(ProtectionRefusedError, match="key not active"):
        near.protect(TC_CHANNEL, TC_HEADER, DATA)


def test_the_report_speaks_of_the_newest_frame() -> None:
    """The flags are of the newest frame, the sequence octet of the last good one; the alarm stays until it is reset."""
    near, far = two_ends(tc_association())
    frames = [near.protect(TC_CHANNEL, TC_HEADER, DATA) for _ in range(40)]
    assert far.report().pack().hex() == "c0000000"
    far.process(TC_CHANNEL, TC_HEADER, frames[3])
    assert far.report().pack().hex() == "c0000103"
    for octets, word in (
        (flipped(frames[4], 200), "ca000103"),
        (frames[2], "cc000103"),
        (frames[39], "cc000103"),
        (b"\x12\x34" + frames[4][2:], "c9123403"),
        (frames[4], "c8000104"),
    ):
        far.process(TC_CHANNEL, TC_HEADER, octets)
        assert far.report().pack().hex() == word
    far.reset_alarm()
    assert far.report().pack().hex() == "c0000104"


def test_every_refusal_is_logged_with_its_time() -> None:
    """The log tells when which association refused what number."""
    near, far = two_ends(tc_association())
    frames = [near.protect(TC_CHANNEL, TC_HEADER, DATA) for _ in range(8)]
    far.process(TC_CHANNEL, TC_HEADER, frames[7], 5)
    far.process(TC_CHANNEL, TC_HEADER, frames[6], 6)
    far.process(TC_CHANNEL, TC_HEADER, flipped(frames[7], 127), 7)
    far.process(TC_CHANNEL, TC_HEADER, b"", 8)
    assert [(event.code, event.spi, event.counter, event.time_ns) for event in far.state.log.events] == [
        (EventCode.REPLAYED, TC_SPI, 6, 6),
        (EventCode.BAD_MAC, TC_SPI, 7, 7),
        (EventCode.TOO_SHORT, 0, 0, 8),
    ]


def test_associations_are_checked() -> None:
    """Two associations of one SPI, or of one key, are refused: they would repeat each other's numbers."""
    for changes, words in (({"key_id": 129}, "SPIs"), ({"spi": 9}, "key ids")):
        with pytest.raises(WrongValueError, match=words):
            FrameSecurity(ring(), [tc_association(), tc_association(**changes)])


def test_an_association_without_its_key_does_not_begin() -> None:
    """Where the key is missing, a spare or of the wrong length, the association is there and takes nothing."""
    for key_id, algorithm, state in (
        (999, Algorithm.AES_256_GCM, AssociationState.UNKEYED),
        (TC_KEY, Algorithm.AES_128_CMAC, AssociationState.UNKEYED),
        (140, Algorithm.AES_256_GCM, AssociationState.KEYED),
        (TC_KEY, Algorithm.AES_256_GCM, AssociationState.OPERATIONAL),
    ):
        security = FrameSecurity(ring(), [tc_association(algorithm, key_id=key_id)])
        record = security.association(TC_SPI)
        assert record is not None
        assert record.state is state
    assert security.association(99) is None


def test_overhead_of_the_next_frame() -> None:
    """A sender tells which association, and so what overhead, the next frame of a channel has."""
    near, far = two_ends()
    parameters = near.sender_parameters(TC_CHANNEL)
    assert parameters is not None
    assert parameters.spi == CMAC_SPI
    assert far.sender_parameters(TC_CHANNEL) is None
    tm = far.sender_parameters(TM_CHANNEL)
    assert tm is not None
    assert len(far.protect(TM_CHANNEL, TM_HEADER, DATA)) == len(DATA) + tm.overhead_octets


def test_counters_have_one_field_for_each_reason() -> None:
    """Every reason for which a frame can be refused has its counter, and the total is their sum."""
    counters = ProcessRefusalCounters()
    for number, reason in enumerate(ProcessRefusal):
        counters.count(reason)
        assert (counters.of(reason), counters.total) == (1, number + 1)
    assert set(msgspec.structs.asdict(counters)) == {reason.value for reason in ProcessRefusal}
