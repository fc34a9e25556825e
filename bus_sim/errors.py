"""The errors of the simulated spacecraft, with the values that explain them as attributes."""

from __future__ import annotations

from pathlib import Path


class BusSimError(Exception):
    """Base of every error this package raises."""


class ParameterError(BusSimError):
    """A mission file or a parameter set is refused; correct it and load again.

    Attributes:
        path: dotted path of the offending entry, empty for the document itself.
        reason: what is wrong with it.
        allowed: names or values that would have been accepted, if they can be listed.
    """

    def __init__(self, path: str, reason: str, allowed: tuple[str, ...] = ()) -> None:
        where = path or "the document"
        hint = f"; allowed: {', '.join(allowed)}" if allowed else ""
        super().__init__(f"{where}: {reason}{hint}")
        self.path, self.reason, self.allowed = path, reason, allowed

    def in_file(self, file: Path) -> ParameterError:
        """The same error, saying in which file."""
        said = ParameterError(self.path, self.reason, self.allowed)
        said.args = (f"spacecraft file {file}: {self if self.path else self.reason}",)
        return said


class UnknownNameError(BusSimError):
    """A line, node, heater or station of this name does not exist."""

    def __init__(self, kind: str, name: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"no {kind} is named {name!r}; there are: {', '.join(allowed)}")
        self.kind, self.name, self.allowed = kind, name, allowed


class OrbitError(BusSimError):
    """SGP4 cannot propagate to this time (the orbit decayed or its elements left the model's range).

    Attributes:
        code: SGP4's error code, 1 to 6.
        now_ns: time asked for [ns since scenario start].
    """

    def __init__(self, code: int, meaning: str, now_ns: int) -> None:
        super().__init__(f"SGP4 error {code} at {now_ns} ns: {meaning}")
        self.code, self.meaning, self.now_ns = code, meaning, now_ns


class StepTooLongError(ParameterError):
    """Explicit Euler integration of the thermal network would not be safe at this step.

    Attributes:
        node: the node with the shortest time constant.
        step_s: the step asked for [s].
        limit_s: the longest step allowed [s].
    """

    def __init__(self, node: str, step_s: float, limit_s: float) -> None:
        reason = f"a thermal step of {step_s} s is too long; give it more heat capacity, or less area and conductance"
        super().__init__(f"thermal.nodes[{node}]", reason, (f"at most {limit_s:.3f} s",))
        self.node, self.step_s, self.limit_s = node, step_s, limit_s


class ModelRangeError(BusSimError):
    """The simulation has left what its models hold for; what it would compute from here on means nothing.

    Attributes:
        quantity: which, as people say it.
        value: what it has become.
        lowest: smallest value that the model holds for.
        highest: largest value that the model holds for.
        now_ns: when [ns since scenario start].
    """

    def __init__(self, quantity: str, value: float, lowest: float, highest: float, now_ns: int) -> None:
        super().__init__(
            f"{quantity} is {value:.6g} at {now_ns / 1e9:.0f} s; the model holds for {lowest:.6g} to {highest:.6g}; "
            "check what heats and turns the spacecraft"
        )
        self.quantity, self.value, self.lowest, self.highest, self.now_ns = quantity, value, lowest, highest, now_ns


class SnapshotError(BusSimError):
    """A snapshot belongs to another format, another mission file or is damaged; it was not restored."""
