"""The errors of the simulated spacecraft, with the values that explain them as attributes."""


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


class StepTooLongError(BusSimError):
    """Explicit Euler integration of the thermal network would not be safe at this step.

    Attributes:
        node: the node with the shortest time constant.
        step_s: the step asked for [s].
        limit_s: the longest step allowed [s].
    """

    def __init__(self, node: str, step_s: float, limit_s: float) -> None:
        super().__init__(f"thermal step of {step_s} s is longer than {limit_s:.3f} s, allowed by node {node!r}")
        self.node, self.step_s, self.limit_s = node, step_s, limit_s


class SnapshotError(BusSimError):
    """A snapshot belongs to another format, another mission file or is damaged; it was not restored."""
