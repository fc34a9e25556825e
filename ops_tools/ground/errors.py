"""What the ground segment refuses; the messages say what to do."""

from collections.abc import Sequence


class GroundError(Exception):
    """The base of all errors of the ground segment."""


class LinkDownError(GroundError):
    """The link did not take what was to be radiated."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the link did not take it: {problem}")
        self.problem = problem


class UnknownNameError(GroundError):
    """No packet or field of the dictionary has this name."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"no packet or field is called {name!r}{hint}")
        self.name, self.near = name, tuple(near)


class AmbiguousNameError(GroundError):
    """A short name that several fields have."""

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        super().__init__(f"{name!r} may be {' or '.join(candidates)}; say which")
        self.name, self.candidates = name, tuple(candidates)


class UnknownCommandRecordError(GroundError):
    """No command of this number was issued, or it is so old that its record was given up."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no record of command {number}; the newest ones are listed without a number")
        self.number = number


class CommandHasLeftError(GroundError):
    """A command that was to be withdrawn does not wait on the ground any more."""

    def __init__(self, number: int, stage: str) -> None:
        super().__init__(f"command {number} does not wait any more, it is {stage}; only what waits can be withdrawn")
        self.number, self.stage = number, stage


class RefusedOnGroundError(GroundError):
    """A command that the ground does not send; the message says what is missing."""
