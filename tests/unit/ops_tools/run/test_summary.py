"""What a run came to, for machines and for people."""

from __future__ import annotations

from ops_tools.ground.command_record import CommandRecord, Verdict
from ops_tools.run.summary import closing_text, command_entries


def test_an_operators_commands_stand_beside_those_of_a_scenario() -> None:
    """Only the latter have a verdict that was expected; one that is still open has none."""
    first, second = CommandRecord(1, "POWER.NOOP", {}, 0), CommandRecord(2, "POWER.NOPE", {}, 0)
    second.verdict, second.reason = Verdict.REFUSED_ON_GROUND, "no command is called so"
    entries = command_entries([first, second], {2: Verdict.COMPLETED})
    assert [(each["name"], each["sequence"], each["verdict"], each["expected"]) for each in entries] == [
        ("POWER.NOOP", 1, "none", None),
        ("POWER.NOPE", 2, "refused_on_ground", "completed"),
    ]
    assert entries[1]["reason"] == "no command is called so"


def test_the_last_line_has_commands_and_slots() -> None:
    """Verdicts that never were are left out, and so are slots that nothing is known of."""
    verdicts = {Verdict.COMPLETED: 34, Verdict.FAILED: 0, Verdict.REFUSED_ON_GROUND: 2}
    assert closing_text(4335.4, 216.8, verdicts, 1, (84, 3474)) == (
        "flown 4335 s of vehicle time in 217 s; commands: 34 completed, 2 refused on ground, 1 without verdict; "
        "slots of the flight software: 84 skipped, 3474 times late"
    )
    assert closing_text(3.0, 3.0, {}, 0, None) == "flown 3 s of vehicle time in 3 s; commands: none"
