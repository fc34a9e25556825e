"""Why the bytes of a product are refused."""

from tlm_cmd.errors import ProtocolError


class WrongMagicError(ProtocolError):
    """The first octets are not those of this kind of file."""

    def __init__(self, structure: str, expected: bytes, found: bytes) -> None:
        super().__init__(f"{structure}: begins with {found!r}, expected {expected!r}")
        self.structure, self.expected, self.found = structure, expected, found


class UnknownValueError(ProtocolError):
    """A field holds a code that its closed set does not have."""

    def __init__(self, field: str, value: int, allowed: tuple[int, ...]) -> None:
        super().__init__(f"{field} is {value}, allowed are {', '.join(map(str, allowed))}")
        self.field, self.value, self.allowed = field, value, allowed


class WrongSizeError(ProtocolError):
    """The number of octets, ``found``, is not what the declared shape needs, ``expected``."""

    def __init__(self, structure: str, expected: int, found: int) -> None:
        super().__init__(f"{structure}: {found} octets found, the declared shape needs {expected}")
        self.structure, self.expected, self.found = structure, expected, found


class InconsistentFieldError(ProtocolError):
    """A header field contradicts the content that it describes."""

    def __init__(self, field: str, expected: float, found: float) -> None:
        super().__init__(f"{field} is {found} in the header, the content gives {expected}")
        self.field, self.expected, self.found = field, expected, found


class CompressionError(ProtocolError):
    """A compressed stream cannot be expanded to what its header declares."""

    def __init__(self, structure: str, reason: str) -> None:
        super().__init__(f"{structure}: {reason}")
        self.structure, self.reason = structure, reason
