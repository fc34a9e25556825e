from __future__ import annotations

from typing import TYPE_CHECKING

from ops_tools.ground.passes import KEPT_PASSES, PassBook, SignalChange, Traffic

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


SECOND_NS = 1_000_000_000


def test_a_pass_begins_with_a_frame_and_ends_with_silence() -> None:
    """Silence of exactly the limit is still a pass, a nanosecond more is its end; it lasted until its last frame."""
    book = PassBook(silence_ns=10 * SECOND_NS)
    assert book.update(Traffic(frames_up=3), 0) is SignalChange.NONE
    assert book.update(Traffic(2, 3, 200, 5), 5 * SECOND_NS) is SignalChange.ACQUIRED
    assert book.update(Traffic(4, 4, 400, 9), 8 * SECOND_NS) is SignalChange.NONE
    assert book.update(Traffic(4, 6, 400, 9), 18 * SECOND_NS) is SignalChange.NONE
    assert book.current is not None
    assert book.update(Traffic(4, 6, 400, 9), 18 * SECOND_NS + 1) is SignalChange.LOST
    ended = book.passes[0]
    assert (ended.ended, ended.duration_ns, book.current) == (True, 3 * SECOND_NS, None)
    assert (ended.frames_down, ended.frames_up, ended.octets_down, ended.packets_down) == (4, 3, 400, 9)


def test_passes_are_counted_and_their_list_is_bounded() -> None:
    """Each contact is a pass of its own."""
    book = PassBook(silence_ns=1)
    for number in range(KEPT_PASSES + 3):
        book.update(Traffic(number + 1), 10 * number)
        book.update(Traffic(number + 1), 10 * number + 5)
    assert book.count == KEPT_PASSES + 3
    assert len(book.passes) == KEPT_PASSES
    assert book.passes[-1].number == book.count


def test_the_ground_notes_acquisition_and_loss(loop: Loop) -> None:
    """Both are events of the ground, with what the pass brought."""
    loop.spacecraft.transmitting = True
    for _ in range(3):
        loop.step()
    loop.spacecraft.transmitting = False
    for _ in range(11):
        loop.step()
    texts = [(event.name, event.text) for event in loop.ground.events.newest()]
    assert texts == [
        ("GROUND.ACQUISITION_OF_SIGNAL", "pass 1 begins"),
        ("GROUND.LOSS_OF_SIGNAL", "pass 1 ended: 2 s, 3 frames"),
    ]


def test_noise_is_no_contact(loop: Loop) -> None:
    """Frames that are refused begin no pass."""
    loop.spacecraft.noise = [b"noise" * 20]
    loop.step()
    assert loop.ground.passes.current is None
