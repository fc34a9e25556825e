"""The errors of this package, with the numbers that explain them as attributes."""


class ProtocolError(ValueError):
    """Bytes or values that a protocol of this package refuses; the base of all of them."""


class DefinitionError(ProtocolError):
    """A message class that cannot be laid out; names class and field and says what to change."""

    def __init__(self, owner: str, field: str, problem: str) -> None:
        super().__init__(f"{owner}.{field}: {problem}")
        self.owner, self.field, self.problem = owner, field, problem


class TooShortError(ProtocolError):
    """Fewer octets, ``found``, than the structure needs, ``needed``."""

    def __init__(self, structure: str, needed: int, found: int) -> None:
        super().__init__(f"{structure}: {needed} octets needed, {found} found")
        self.structure, self.needed, self.found = structure, needed, found


class FieldRangeError(ProtocolError):
    """A field's value lies outside what its definition allows."""

    def __init__(self, field: str, value: object, lowest: object, highest: object) -> None:
        super().__init__(f"{field} is {value!r}, allowed are {lowest} to {highest}")
        self.field, self.value, self.lowest, self.highest = field, value, lowest, highest


class ChecksumError(ProtocolError):
    """An error-detecting code does not match the octets it protects."""

    def __init__(self, structure: str, expected: int, found: int) -> None:
        super().__init__(f"{structure}: checksum 0x{found:04x} found, 0x{expected:04x} expected")
        self.structure, self.expected, self.found = structure, expected, found


class LengthMismatchError(ProtocolError):
    """A length field, or a managed length, ``declared``, differs from the octets that are there, ``found``."""

    def __init__(self, structure: str, declared: int, found: int) -> None:
        super().__init__(f"{structure}: {declared} octets declared, {found} found")
        self.structure, self.declared, self.found = structure, declared, found


class WrongValueError(ProtocolError):
    """A field holds a value other than the ones allowed here."""

    def __init__(self, field: str, found: object, expected: object) -> None:
        super().__init__(f"{field} is {found!r}, expected {expected}")
        self.field, self.found, self.expected = field, found, expected


class WrongVersionError(WrongValueError):
    """The version number belongs to another protocol."""


class WrongSpacecraftError(WrongValueError):
    """A frame is addressed to, or comes from, another spacecraft."""


def check_range(field: str, value: int, lowest: int, highest: int) -> None:
    """Make sure that ``lowest <= value <= highest``.

    Raises:
        FieldRangeError: it is not; the error names ``field``.
    """
    if not lowest <= value <= highest:
        raise FieldRangeError(field, value, lowest, highest)
