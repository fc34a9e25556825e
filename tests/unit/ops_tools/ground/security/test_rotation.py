from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import msgspec
import pytest

from ops_tools.ground.security.inquiries import inventory
from ops_tools.ground.security.operation import Answer, Ask, Await, Operation, OperationFailedError, Outcome
from ops_tools.ground.security.own_end import Direction
from ops_tools.ground.security.rotation import MAX_TRIES, RotationResult, rotate
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.procedures import Procedure

if TYPE_CHECKING:
    from tests.unit.ops_tools.ground.security.conftest import Answering, Ends

FIRST = {Direction.TELECOMMAND: (1, 128), Direction.S_BAND: (2, 129), Direction.X_BAND: (3, 130)}
STEPS_OF_A_ROTATION = 14


class Interrupted(Exception):  # noqa: N818 - of the test, not of the software
    """The operation is given up, as by a ground that ends."""


def run(operation: Operation, answer: Answering) -> msgspec.Struct | None:
    """Run an operation to its end."""
    try:
        wanted = next(operation)
        while True:
            wanted = operation.send(answer(wanted))
    except StopIteration as end:
        result: msgspec.Struct | None = end.value
        return result


@pytest.mark.parametrize("direction", Direction)
def test_a_key_is_changed_without_a_refused_frame(ends: Ends, direction: Direction) -> None:
    """Frames go both ways around every step; behind it the old key is destroyed at both ends, the new one protects."""
    spi, old = FIRST[direction]
    result = run(rotate(ends.own, direction), ends.answer)
    assert result == RotationResult(direction, spi + 16, 131)
    for keys in (ends.ground_keys, ends.spacecraft_keys):
        entries = {entry.key_id: entry for entry in keys.read().entries}
        assert (entries[old].state, entries[old].secret) == (KeyState.DESTROYED, None)
        assert entries[131].state is KeyState.ACTIVE
    views = {view.spi: view for view in ends.own.association_views()}
    assert (views[spi].state, views[spi + 16].state) == (AssociationState.UNKEYED, AssociationState.OPERATIONAL)
    assert ends.ground.frames.state.counters.refused.total == 0


def test_associations_take_their_turns(ends: Ends) -> None:
    """Two changes bring a direction back to its first association, with a third key; all survive a restart."""
    for number in range(5):
        for direction in Direction:
            result = run(rotate(ends.own, direction), ends.answer)
            assert isinstance(result, RotationResult)
            assert result.spi == FIRST[direction][0] + (16 if number % 2 == 0 else 0)
        ends.restart()
        ends.exchange()
    assert len({view.key_id for view in ends.own.key_views()}) == 1 + 3 + 15


def test_frames_of_before_are_refused(ends: Ends) -> None:
    """What was recorded under the old key is believed at neither end, also behind a restart."""
    header, channel = bytes(5), GlobalChannel(1, 0)
    ends.ground.prepare()
    recorded_up = ends.ground.frames.protect(channel, header, b"recorded")
    recorded_down = ends.send_telemetry(Direction.S_BAND)
    for direction in Direction:
        run(rotate(ends.own, direction), ends.answer)
    for _ in range(2):
        assert ends.ingest.frames.process(channel, header, recorded_up).refusal is not None
        assert ends.ground.frames.process(channel, bytes(6), recorded_down).refusal is not None
        ends.restart()


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("is_executed", [False, True])
def test_it_is_given_up_at_any_step_and_tried_again(ends: Ends, direction: Direction, *, is_executed: bool) -> None:
    """Whatever step the ground ends at, before or behind its execution, frames pass, and the next attempt succeeds."""
    for step in range(STEPS_OF_A_ROTATION):
        left = [step]

        def answer(wanted: Ask | Await, left: list[int] = left) -> Answer:
            left[0] -= 1
            if left[0] < 0:
                if is_executed:
                    ends.answer(wanted)
                raise Interrupted
            return ends.answer(wanted)

        with contextlib.suppress(Interrupted):
            run(rotate(ends.own, direction), answer)
        if step % 2:
            ends.restart()
        ends.exchange()
        assert isinstance(run(rotate(ends.own, direction), ends.answer), RotationResult)
        ends.exchange()
        on_board = {entry.key_id for entry in ends.spacecraft_keys.read().entries if entry.state is KeyState.ACTIVE}
        assert len(on_board) == 1 + 3, f"step {step}: keys left over: {sorted(on_board)}"


@pytest.mark.parametrize("seed", range(8))
def test_requests_and_answers_that_are_lost_are_asked_for_again(ends: Ends, seed: int) -> None:
    """With a fifth of all steps without answer, executed or not, every rotation ends well or says why and can go on."""
    stream, ended, problems = random.Random(seed), 0, list[str]()

    def answer(wanted: Ask | Await) -> Answer:
        fate = stream.random()
        if isinstance(wanted, Ask) and fate < 0.2:
            if fate < 0.1:
                ends.answer(wanted)
            return Answer(Outcome.SILENT, "no report")
        return ends.answer(wanted)

    for _ in range(6):
        for direction in Direction:
            try:
                run(rotate(ends.own, direction), answer)
                ended += 1
            except OperationFailedError as error:
                problems.append(str(error))
            ends.exchange()
    assert ended >= 12
    assert all("silent" in problem or "refused" in problem for problem in problems)
    for direction in Direction:
        assert isinstance(run(rotate(ends.own, direction), ends.answer), RotationResult)


def test_a_spacecraft_that_never_answers_is_asked_a_few_times(ends: Ends) -> None:
    """Then the operation fails, and says of what."""
    asked = 0

    def silent(_wanted: Ask | Await) -> Answer:
        nonlocal asked
        asked += 1
        return Answer(Outcome.SILENT, "no report at all")

    with pytest.raises(OperationFailedError, match="ASSOCIATION_STATUS association 17: silent: no report at all"):
        run(rotate(ends.own, Direction.TELECOMMAND), silent)
    assert asked == MAX_TRIES


def test_what_did_not_leave_the_ground_is_not_asked_again(ends: Ends) -> None:
    """Without contact there is no point in it."""
    asked = 0

    def no_contact(wanted: Ask | Await) -> Answer:
        nonlocal asked
        asked += 1
        is_change = isinstance(wanted, Ask) and wanted.procedure is Procedure.OTAR
        return Answer(Outcome.NOT_SENT, "no contact") if is_change else ends.answer(wanted)

    with pytest.raises(OperationFailedError, match=r"^OTAR key 131: not sent: no contact$"):
        run(rotate(ends.own, Direction.TELECOMMAND), no_contact)
    assert asked == 3


def test_a_question_about_nobody_in_particular_is_named_as_it_is(ends: Ends) -> None:
    """The problem begins with the procedure alone."""
    with pytest.raises(OperationFailedError, match=r"^KEY_INVENTORY: not sent: no contact$"):
        run(inventory(ends.own), lambda _wanted: Answer(Outcome.NOT_SENT, "no contact"))


def test_a_proof_with_another_key_ends_it(ends: Ends) -> None:
    """A spacecraft that holds another key under the number is not given an association with it."""

    def forged(wanted: Ask | Await) -> Answer:
        answer = ends.answer(wanted)
        if isinstance(wanted, Ask) and wanted.procedure is Procedure.VERIFY_KEYS and answer.reply is not None:
            other = msgspec.structs.replace(answer.reply.answers[0], sealed=bytes(32))  # type: ignore[union-attr]
            return Answer(Outcome.DONE, reply=msgspec.structs.replace(answer.reply, answers=(other,)))
        return answer

    with pytest.raises(OperationFailedError, match="has not proved that it holds key 131"):
        run(rotate(ends.own, Direction.S_BAND), forged)
    assert Procedure.ACTIVATE_KEYS not in ends.asked
    ends.exchange()


@pytest.mark.parametrize("direction", [Direction.S_BAND, Direction.X_BAND])
def test_the_old_association_stays_until_the_new_one_was_heard(ends: Ends, direction: Direction) -> None:
    """Frames that are still on their way under the old key would be refused."""
    spi, waited = FIRST[direction][0], []

    def answer(wanted: Ask | Await) -> Answer:
        if isinstance(wanted, Ask) and wanted.procedure is Procedure.START_ASSOCIATION:
            return ends.execute(wanted.unit)
        if isinstance(wanted, Await):
            waited.append(wanted.condition())
            assert ends.own.state(spi) is AssociationState.OPERATIONAL
            ends.exchange()
            waited.append(wanted.condition())
        return ends.answer(wanted)

    run(rotate(ends.own, direction), answer)
    assert waited == [False, True]


def test_a_new_association_that_is_never_heard_ends_it(ends: Ends) -> None:
    """The old one is not given up; the next attempt clears up and succeeds."""

    def deaf(wanted: Ask | Await) -> Answer:
        return Answer(Outcome.SILENT, "too late") if isinstance(wanted, Await) else ends.answer(wanted)

    with pytest.raises(OperationFailedError, match="no frame came through association 18: silent: too late"):
        run(rotate(ends.own, Direction.S_BAND), deaf)
    ends.exchange()
    assert isinstance(run(rotate(ends.own, Direction.S_BAND), ends.answer), RotationResult)
