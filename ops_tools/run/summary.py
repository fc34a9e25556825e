"""What a run came to: its commands for machines, all of it in one line for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ops_tools.ground.command_record import CommandRecord, Verdict


def command_entries(records: Sequence[CommandRecord], expected: Mapping[int, Verdict]) -> list[dict[str, object]]:
    """All commands of a run, an operator's included.

    Args:
        records: of the ground, in the order in which they were issued.
        expected: verdicts that a scenario demands, by the numbers of its commands.
    """
    return [
        {
            "name": record.name,
            "sequence": record.number,
            "verdict": record.verdict.value if record.verdict else "none",
            "code": record.code.name,
            "reason": record.reason,
            "expected": expected[record.number].value if record.number in expected else None,
        }
        for record in records
    ]


def closing_text(
    simulated_s: float,
    wall_s: float,
    verdicts: Mapping[Verdict, int],
    open_commands: int,
    slots: tuple[int, int] | None,
) -> str:
    """The last line of a run.

    Args:
        simulated_s: vehicle time flown.
        wall_s: time of the host that it took.
        verdicts: commands by verdict.
        open_commands: commands without verdict.
        slots: how many were skipped and how often one was late, as the executive has last told; None before.
    """
    counts = [f"{count} {verdict.value.replace('_', ' ')}" for verdict, count in verdicts.items() if count]
    counts += [f"{open_commands} without verdict"] if open_commands else []
    parts = [f"flown {simulated_s:.0f} s of vehicle time in {wall_s:.0f} s", f"commands: {', '.join(counts) or 'none'}"]
    if slots is not None:
        parts.append(f"slots of the flight software: {slots[0]} skipped, {slots[1]} times late")
    return "; ".join(parts)
