from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.command_ingest.messages import RequestOrigin
from apps.telemetry_output.request_book import MAX_OPEN_ORIGINS, Addressed, RequestBook, RequestBookState
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport

ON_BOARD = RequestId(0x60, 0x20, 5, 3)
ASKED = RequestId(GROUND, 0x40, 9, 0)
FLAGS = {
    Stage.ACCEPTED: Acknowledge.ACCEPTANCE,
    Stage.STARTED: Acknowledge.START,
    Stage.PROGRESS: Acknowledge.PROGRESS,
    Stage.COMPLETED: Acknowledge.COMPLETION,
}


def origin(acknowledge: int = Acknowledge.ALL, service: int = 3, on_board: RequestId = ON_BOARD) -> RequestOrigin:
    """Where a request comes from."""
    return RequestOrigin(on_board, ASKED, acknowledge, service, 1)


def report(stage: Stage, request: RequestId = ON_BOARD) -> VerificationReport:
    """A report of the app."""
    code = FailureCode.DEVICE_FAILED if stage in (Stage.REJECTED, Stage.FAILED) else FailureCode.NONE
    return VerificationReport(request, stage, code)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("acknowledge", range(16))
def test_flags(stage: Stage, acknowledge: int) -> None:
    """A success is reported if its flag is set, a failure always, to who has asked."""
    book = RequestBook(RequestBookState())
    book.note(origin(acknowledge))
    addressed = book.address(report(stage))
    wanted = stage not in FLAGS or acknowledge & FLAGS[stage]
    expected = msgspec.structs.replace(report(stage), request=ASKED) if wanted else None
    assert addressed == Addressed(expected, ASKED)
    assert book.state.withheld == (not wanted)
    assert len(book.state.origins) == (not stage.final)
    assert book.state.noted == len(book.state.origins) + book.state.closed


def test_what_nothing_was_said_of_is_reported_as_it_is() -> None:
    """So are reports behind the verdict, and on another request that differs in any part."""
    book = RequestBook(RequestBookState())
    book.note(origin())
    for field in ("source", "apid", "sequence", "function"):
        other = msgspec.structs.replace(ON_BOARD, **{field: 1})
        assert book.address(report(Stage.COMPLETED, other)) == Addressed(report(Stage.COMPLETED, other))
    book.address(report(Stage.COMPLETED))
    assert book.address(report(Stage.COMPLETED)) == Addressed(report(Stage.COMPLETED))


@pytest.mark.parametrize(("service", "stage", "answer"), [(17, 7, True), (17, 1, False), (17, 8, False), (3, 7, False)])
def test_connection_tests_are_answered_when_they_are_completed(service: int, stage: int, answer: bool) -> None:  # noqa: FBT001
    """Whatever reports are wanted, and only for connection tests."""
    book = RequestBook(RequestBookState())
    book.note(origin(Acknowledge.NONE, service))
    assert book.address(report(Stage(stage))).answer is answer


@given(st.lists(st.tuples(st.booleans(), st.integers(0, MAX_OPEN_ORIGINS + 40)), max_size=60), st.integers(0, 600))
def test_the_book_is_bounded_and_closes(steps: list[tuple[bool, int]], crowd: int) -> None:
    """Whatever is noted and reported, no more than the bound is kept, and every origin is accounted for."""
    book = RequestBook(RequestBookState())
    for number in range(crowd):
        book.note(origin(on_board=RequestId(1, 2, number, 3)))
    for noted, sequence in steps:
        request = RequestId(1, 2, sequence, 3)
        if noted:
            book.note(origin(on_board=request))
        else:
            book.address(report(Stage.COMPLETED, request))
        state = book.state
        assert len(state.origins) <= MAX_OPEN_ORIGINS
        assert state.noted == len(state.origins) + state.closed + state.given_up
    encoded = msgspec.msgpack.encode(book.state)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(encoded, type=RequestBookState)) == encoded
