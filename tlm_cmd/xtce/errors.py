"""What cannot be written as XTCE, or read from it; each error names the thing, its kind and, in a file, the line."""

from tlm_cmd.errors import ProtocolError


class XtceError(ProtocolError):
    """Something of a dictionary, or of a file, that this package cannot turn into the other.

    Attributes:
        element: kind of the element, such as ``IntegerParameterType``.
        name: its name, empty when it has none.
        line: where it stands in the file, 0 when it stands in none.
        problem: what is wrong with it.
    """

    def __init__(self, element: str, name: str, line: int, problem: str) -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{element}{f' {name!r}' if name else ''}: {problem}")
        self.element, self.name, self.line, self.problem = element, name, line, problem
